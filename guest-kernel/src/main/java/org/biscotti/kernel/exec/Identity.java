package org.biscotti.kernel.exec;

/**
 * The ids that a program runs under (credentials(7)), as far as loading it goes.
 *
 * @param uid real user id
 * @param euid effective user id
 * @param gid real group id
 * @param egid effective group id
 */
public record Identity(int uid, int euid, int gid, int egid) {
  private static final int S_ISUID = 04000;
  private static final int S_ISGID = 02000;
  private static final int S_IXGRP = 010;

  /**
   * The ids after execve(2) of a file. A set-group-id bit without the group's execute permission
   * means something else and is ignored.
   */
  Identity executing(Executable file) {
    int mode = file.mode();
    boolean setGroup = (mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
    return new Identity(
        uid, (mode & S_ISUID) != 0 ? file.uid() : euid, gid, setGroup ? file.gid() : egid);
  }

  /** AT_SECURE: the program acts for somebody else, so it must not trust its environment. */
  public boolean isSecure() {
    return uid != euid || gid != egid;
  }
}
