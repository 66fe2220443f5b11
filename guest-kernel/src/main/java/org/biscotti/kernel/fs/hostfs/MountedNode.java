package org.biscotti.kernel.fs.hostfs;

import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.port.HostDirectory.Attributes;

/** What all files of a mounted host directory have in common, whatever their type. */
interface MountedNode {
  /** True if this is the file that has the given attributes. */
  boolean is(Attributes attributes);

  /** Takes over what the host says of the file. */
  void update(Attributes attributes);

  /** It was found under a name, or renamed; {@code in} is where. */
  void placed(Dentry entry, MountedDirectory in);

  /** The host no longer has it under that name, or this kernel forgets that it has. */
  void lost();
}
