package org.biscotti.kernel.fs.hostfs;

import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.port.HostDirectory.Attributes;

/** A symbolic link of a mounted host directory. */
final class MountedSymlink extends HostSymlink implements MountedNode {
  private final HostHandle.Identity identity;
  private final MountedPlace place = new MountedPlace();

  MountedSymlink(MountedFileSystem fileSystem, Attributes attributes, String target) {
    super(fileSystem, fileSystem.number(attributes), attributes, target);
    this.identity = HostHandle.Identity.of(attributes);
  }

  /** An inode number can be used again, and a link cannot be rewritten: so its times must agree. */
  @Override
  public boolean is(Attributes attributes) {
    return identity.equals(HostHandle.Identity.of(attributes))
        && attributes.size() == size()
        && attributes.mtimeNanos() == modifyNanos();
  }

  @Override
  public void update(Attributes attributes) {
    takeOver(attributes);
  }

  MountedPlace place() {
    return place;
  }

  @Override
  public void placed(Dentry entry, MountedDirectory in) {
    place.set(entry, in);
  }

  @Override
  public void lost() {}

  @Override
  public void setOwner(int newUid, int newGid) {
    place.host().setOwner(place.name(), newUid, newGid);
    super.setOwner(newUid, newGid);
  }

  @Override
  public void setTimes(long newAccessNanos, long newModifyNanos) {
    place.host().setTimes(place.name(), newAccessNanos, newModifyNanos);
    super.setTimes(newAccessNanos, newModifyNanos);
  }
}
