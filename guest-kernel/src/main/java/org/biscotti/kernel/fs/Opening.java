package org.biscotti.kernel.fs;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Stat;

/** open(2): finding or making a file, and opening it. One instance does one open. */
public final class Opening {
  private static final int PATH_FLAGS =
      Fcntl.O_PATH | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;

  private final Caller caller;
  private final PathWalker walker;
  private final int flags;
  private final int mode;
  private boolean created;

  private Opening(Caller caller, Dentry start, String path, int flags, int mode, int resolve) {
    this.caller = caller;
    this.flags = flags;
    this.mode = mode;
    walker = new PathWalker(caller, start, path, resolve);
  }

  /**
   * Opens a file.
   *
   * @param start directory that a relative path starts from
   * @param flags O_ flags; unknown ones are ignored
   * @param mode permission bits of a new file, before the umask
   * @param resolve RESOLVE_ flags of openat2(2)
   */
  public static OpenFile open(
      Caller caller, Dentry start, String path, int flags, int mode, int resolve) {
    int known = flags & Fcntl.O_ALL;
    if ((known & Fcntl.O_PATH) != 0) {
      known &= PATH_FLAGS;
    }
    boolean unnamed = (known & Fcntl.O_TMPFILE_BIT) != 0;
    if (unnamed
        && ((known & Fcntl.O_DIRECTORY) == 0
            || (known & Fcntl.O_CREAT) != 0
            || (known & Fcntl.O_ACCMODE) == Fcntl.O_RDONLY)) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if ((known & (Fcntl.O_CREAT | Fcntl.O_DIRECTORY)) == (Fcntl.O_CREAT | Fcntl.O_DIRECTORY)) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    Opening opening = new Opening(caller, start, path, known, mode, resolve);
    return unnamed ? opening.openUnnamed() : opening.open();
  }

  /**
   * Opens a file that has been found already, as if by its path: for the kernel's own use.
   *
   * @param flags O_ flags without O_CREAT
   */
  public static OpenFile open(Caller caller, Dentry dentry, int flags) {
    Opening opening = new Opening(caller, dentry, "", flags & Fcntl.O_ALL, 0, 0);
    return opening.openFound(dentry);
  }

  private OpenFile open() {
    walker.walkToParent();
    while (true) {
      Dentry dentry = find();
      try {
        return openFound(dentry);
      } catch (ErrnoException e) {
        if (e.errno() != Errno.ENOENT || !has(Fcntl.O_CREAT) || !hasDied(dentry.inode())) {
          throw e;
        }
        // Somebody has removed it since it was found: another one is made.
      }
    }
  }

  private static boolean hasDied(Inode inode) {
    return inode.isRegular() && inode.links() == 0;
  }

  private boolean has(int flag) {
    return (flags & flag) != 0;
  }

  private Dentry find() {
    boolean exclusive = (flags & (Fcntl.O_CREAT | Fcntl.O_EXCL)) == (Fcntl.O_CREAT | Fcntl.O_EXCL);
    boolean follow = !exclusive && !has(Fcntl.O_NOFOLLOW);
    if (!has(Fcntl.O_CREAT)) {
      return walker.finish(follow);
    }
    while (true) {
      if (walker.kind() != PathWalker.Kind.NAME) {
        return walker.finish(false);
      }
      if (walker.hasTrailingSlash()) {
        throw ErrnoException.of(Errno.EISDIR);
      }
      Dentry found = findOrCreate();
      if (!(found.inode() instanceof Symlink link) || !follow) {
        return found;
      }
      if (walker.followLink(link)) {
        return walker.directory();
      }
    }
  }

  private Dentry findOrCreate() {
    Dentry found = walker.lookup(walker.last());
    if (found != null) {
      return found;
    }
    Directory directory = (Directory) walker.directory().inode();
    InodeAccess access = directory.access();
    if (!access.enter()) {
      return access.call(() -> findOrCreate());
    }
    try {
      found = walker.lookup(walker.last());
      return found != null ? found : create(directory);
    } finally {
      access.leave();
    }
  }

  private Dentry create(Directory directory) {
    Credentials who = caller.credentials();
    Permissions.checkCreate(walker.directory(), who);
    int bits = Permissions.modeFor(directory, mode, caller.fs().umask(), false, who);
    Dentry made =
        directory.create(walker.last(), bits, who.fsuid(), Permissions.groupFor(directory, who));
    created = true;
    return made;
  }

  private OpenFile openFound(Dentry dentry) {
    Inode inode = dentry.inode();
    if (has(Fcntl.O_CREAT)) {
      if (has(Fcntl.O_EXCL) && !created) {
        throw ErrnoException.of(Errno.EEXIST);
      }
      if (inode.isDirectory()) {
        throw ErrnoException.of(Errno.EISDIR);
      }
      if (!created) {
        checkSticky(inode);
      }
    }
    if (has(Fcntl.O_DIRECTORY) && !inode.isDirectory()) {
      throw ErrnoException.of(Errno.ENOTDIR);
    }
    if (has(Fcntl.O_PATH)) {
      return new OpenPath(dentry, flags);
    }
    if (!created) {
      checkAccess(inode);
    }
    OpenFile file = inode.open(dentry, flags, caller);
    if (has(Fcntl.O_TRUNC) && !created && inode.isRegular()) {
      truncate(file, inode);
    }
    return file;
  }

  /**
   * In a sticky directory that everybody writes to, O_CREAT does not open somebody else's special
   * file: it may have been put there as a trap. (For regular files and FIFOs Linux lets the
   * administrator choose, and does so only when told.)
   */
  private void checkSticky(Inode inode) {
    Inode directory = walker.directory().inode();
    int trap = Stat.S_ISVTX | Stat.S_IWOTH;
    if ((directory.mode() & trap) == trap
        && !inode.isRegular()
        && inode.type() != Stat.S_IFIFO
        && inode.uid() != directory.uid()
        && inode.uid() != caller.credentials().fsuid()) {
      throw ErrnoException.of(Errno.EACCES);
    }
  }

  private void truncate(OpenFile file, Inode inode) {
    try {
      empty(inode);
    } catch (RuntimeException e) {
      file.release();
      throw e;
    }
  }

  private void empty(Inode inode) {
    InodeAccess access = inode.access();
    if (!access.enter()) {
      access.run(() -> empty(inode));
      return;
    }
    try {
      inode.dropPrivilegeBits(caller.credentials());
      inode.truncate(0, Long.MAX_VALUE);
      inode.touchModified(inode.fileSystem().now());
    } finally {
      access.leave();
    }
  }

  private void checkAccess(Inode inode) {
    int wanted = wantedAccess();
    if (inode.isSymlink()) {
      throw ErrnoException.of(Errno.ELOOP);
    }
    if (inode.isDirectory() && (wanted & Stat.W_OK) != 0) {
      throw ErrnoException.of(Errno.EISDIR);
    }
    boolean device = inode.type() == Stat.S_IFCHR || inode.type() == Stat.S_IFBLK;
    if (device && (inode.fileSystem().mountFlags() & Stat.ST_NODEV) != 0) {
      throw ErrnoException.of(Errno.EACCES);
    }
    Permissions.check(inode, caller.credentials(), wanted);
    if (has(Fcntl.O_NOATIME) && !Permissions.ownerOrCapable(inode, caller.credentials())) {
      throw ErrnoException.of(Errno.EPERM);
    }
  }

  /** Access mode 3 is checked as reading and writing and then allows neither (open(2), NOTES). */
  private int wantedAccess() {
    int wanted =
        switch (flags & Fcntl.O_ACCMODE) {
          case Fcntl.O_RDONLY -> Stat.R_OK;
          case Fcntl.O_WRONLY -> Stat.W_OK;
          default -> Stat.R_OK | Stat.W_OK;
        };
    return has(Fcntl.O_TRUNC) ? wanted | Stat.W_OK : wanted;
  }

  private OpenFile openUnnamed() {
    walker.walkToParent();
    Dentry parent = walker.finish(!has(Fcntl.O_NOFOLLOW));
    if (!(parent.inode() instanceof Directory directory)) {
      throw ErrnoException.of(Errno.ENOTDIR);
    }
    Credentials who = caller.credentials();
    return directory
        .access()
        .call(() -> {
          Permissions.checkCreate(parent, who);
          int bits = Permissions.modeFor(directory, mode, caller.fs().umask(), false, who);
          int group = Permissions.groupFor(directory, who);
          return openMade(directory.createUnnamed(bits, who.fsuid(), group));
        });
  }

  private OpenFile openMade(Dentry made) {
    Inode inode = made.inode();
    try {
      inode.setLinkable(!has(Fcntl.O_EXCL));
      return inode.open(made, flags, caller);
    } finally {
      inode.letGo();
    }
  }
}
