package org.biscotti.devices;

import java.util.List;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.port.HostDirectory;
import org.jspecify.annotations.Nullable;

/**
 * What a guest sees of a host file system that is not served, procfs for one: a directory with
 * nothing in it, in which nothing can be made. Holds nothing of the host.
 */
final class EmptyDirectory implements HostDirectory {
  private final Attributes attributes;

  EmptyDirectory(Attributes attributes) {
    this.attributes = attributes;
  }

  @Override
  public Attributes attributes() {
    return attributes;
  }

  @Override
  public @Nullable Attributes lookup(String name) {
    return null;
  }

  @Override
  public List<Entry> list() {
    return List.of();
  }

  @Override
  public HostDirectory openDirectory(String name) {
    throw ErrnoException.of(Errno.ENOENT);
  }

  @Override
  public HostFile openFile(String name, boolean write) {
    throw ErrnoException.of(Errno.ENOENT);
  }

  @Override
  public String readLink(String name) {
    throw ErrnoException.of(Errno.ENOENT);
  }

  @Override
  public boolean writable() {
    return false;
  }

  @Override
  public HostFile create(String name, int permissions) {
    throw ErrnoException.of(Errno.EROFS);
  }

  @Override
  public void makeDirectory(String name, int permissions) {
    throw ErrnoException.of(Errno.EROFS);
  }

  @Override
  public void makeSymlink(String name, String target) {
    throw ErrnoException.of(Errno.EROFS);
  }

  @Override
  public void link(HostDirectory from, String fromName, String name) {
    throw ErrnoException.of(Errno.EROFS);
  }

  @Override
  public void unlink(String name, boolean directory) {
    throw ErrnoException.of(Errno.EROFS);
  }

  @Override
  public void rename(String name, HostDirectory to, String toName, int flags) {
    throw ErrnoException.of(Errno.EROFS);
  }

  @Override
  public void setPermissions(String name, int permissions) {
    throw ErrnoException.of(Errno.EROFS);
  }

  @Override
  public void setOwner(String name, int uid, int gid) {
    throw ErrnoException.of(Errno.EROFS);
  }

  @Override
  public void setTimes(String name, long atimeNanos, long mtimeNanos) {
    throw ErrnoException.of(Errno.EROFS);
  }

  @Override
  public void close() {}
}
