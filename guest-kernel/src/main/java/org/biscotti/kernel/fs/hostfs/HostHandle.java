package org.biscotti.kernel.fs.hostfs;

import java.lang.foreign.MemorySegment;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.port.HostDirectory;
import org.biscotti.kernel.port.HostDirectory.Attributes;
import org.biscotti.kernel.port.HostDirectory.HostFile;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.RankedLock;
import org.jspecify.annotations.Nullable;

/**
 * The way to the contents of one host file: where it is, and while somebody uses it, an open file
 * of the host. Whatever the name stands for by then, only the very file that was looked up is ever
 * used (device and inode number).
 *
 * <p>Thread-safe. The lock guards all mutable fields and is held while the host opens the file, but
 * not while it is read.
 */
final class HostHandle {
  private final RankedLock lock = new RankedLock(LockRank.LEAF);
  private final Identity identity;
  private HostDirectory directory;
  private String name;
  private @Nullable HostFile reading;
  private @Nullable HostFile writing;

  /** Which file of the host. */
  record Identity(long device, long inode) {
    static Identity of(Attributes attributes) {
      return new Identity(attributes.device(), attributes.inode());
    }
  }

  /** A file that is not open yet. */
  HostHandle(HostDirectory directory, String name, Attributes attributes) {
    this.directory = directory;
    this.name = name;
    this.identity = Identity.of(attributes);
  }

  Identity identity() {
    return identity;
  }

  /** True if this is the file that has the given attributes. */
  boolean is(Attributes attributes) {
    return identity.equals(Identity.of(attributes));
  }

  /** The file has another name now. */
  void moved(HostDirectory to, String toName) {
    lock.lock();
    try {
      directory = to;
      name = toName;
    } finally {
      lock.unlock();
    }
  }

  /** Takes over a file that was created, and so opened for writing, just now. */
  void opened(HostFile file) {
    lock.lock();
    try {
      writing = file;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Opens the file unless it is open.
   *
   * @throws ErrnoException what the host says; ESTALE if the name stands for another file
   */
  void open(boolean write) {
    var _ = file(write);
  }

  private HostFile file(boolean write) {
    lock.lock();
    try {
      HostFile usable = write ? writing : firstOf(reading, writing);
      if (usable != null) {
        return usable;
      }
      HostFile file = directory.openFile(name, write);
      checkIdentity(file);
      if (write) {
        writing = file;
      } else {
        reading = file;
      }
      return file;
    } finally {
      lock.unlock();
    }
  }

  private static @Nullable HostFile firstOf(@Nullable HostFile one, @Nullable HostFile other) {
    return one != null ? one : other;
  }

  private void checkIdentity(HostFile file) {
    if (!is(file.attributes())) {
      file.close();
      throw ErrnoException.of(Errno.ESTALE);
    }
  }

  /** True if the file is open here and has no name left on the host. */
  boolean isUnlinked() {
    HostFile open;
    lock.lock();
    try {
      open = firstOf(reading, writing);
    } finally {
      lock.unlock();
    }
    try {
      return open != null && open.attributes().links() == 0;
    } catch (ErrnoException closed) {
      return false;
    }
  }

  /** What the host says of the file now; null if it is not open and no longer has its name. */
  @Nullable Attributes attributes() {
    HostFile open;
    HostDirectory in;
    String called;
    lock.lock();
    try {
      open = firstOf(reading, writing);
      in = directory;
      called = name;
    } finally {
      lock.unlock();
    }
    try {
      Attributes found = open != null ? open.attributes() : in.lookup(called);
      return found != null && is(found) ? found : null;
    } catch (ErrnoException unreachable) {
      return null;
    }
  }

  /** Reads until the segment is full or the file ends; returns the bytes read. */
  int read(long offset, MemorySegment to) {
    int done = 0;
    while (done < to.byteSize()) {
      MemorySegment rest = to.asSlice(done);
      int read = readOnce(offset + done, rest);
      if (read == 0) {
        break;
      }
      done += read;
    }
    return done;
  }

  private int readOnce(long offset, MemorySegment to) {
    try {
      return file(false).read(offset, to);
    } catch (ErrnoException e) {
      if (e.errno() != Errno.EBADF) {
        throw e;
      }
      // It was closed by the last user while a new one came; that one opens it again.
      return file(false).read(offset, to);
    }
  }

  /** Writes all of the segment. */
  void write(long offset, MemorySegment from) {
    long done = 0;
    while (done < from.byteSize()) {
      int written = file(true).write(offset + done, from.asSlice(done));
      if (written == 0) {
        throw ErrnoException.of(Errno.EIO);
      }
      done += written;
    }
  }

  void truncate(long size) {
    file(true).truncate(size);
  }

  /** Waits until what was written is on the host's medium. */
  void sync() {
    HostFile open;
    lock.lock();
    try {
      open = firstOf(writing, reading);
    } finally {
      lock.unlock();
    }
    if (open != null) {
      open.sync();
    }
  }

  /** Closes what is open; it is opened again when needed. */
  void close() {
    HostFile first;
    HostFile second;
    lock.lock();
    try {
      first = reading;
      second = writing;
      reading = null;
      writing = null;
    } finally {
      lock.unlock();
    }
    if (first != null) {
      first.close();
    }
    if (second != null) {
      second.close();
    }
  }
}
