package org.biscotti.kernel.fs.hostfs;

import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.Symlink;
import org.biscotti.kernel.port.HostDirectory.Attributes;

/**
 * A symbolic link of the host. Its target never changes; it is resolved by the guest's path walk.
 */
class HostSymlink extends Symlink {
  private final String target;
  private final long blocks;

  HostSymlink(FileSystem fileSystem, long number, Attributes attributes, String target) {
    super(fileSystem, number, attributes.mode(), attributes.uid(), attributes.gid());
    this.target = target;
    this.blocks = attributes.blocks();
    takeOver(attributes);
  }

  /** Takes the host's attributes over. */
  final void takeOver(Attributes attributes) {
    assign(
        attributes.mode(),
        attributes.uid(),
        attributes.gid(),
        attributes.links(),
        attributes.atimeNanos(),
        attributes.mtimeNanos(),
        attributes.ctimeNanos());
  }

  @Override
  public final String target(Caller caller) {
    return target;
  }

  @Override
  public final long size() {
    return target.length();
  }

  @Override
  public final long blocks() {
    return blocks;
  }
}
