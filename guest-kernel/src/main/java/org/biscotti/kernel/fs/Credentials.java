package org.biscotti.kernel.fs;

/**
 * Who a task is (credentials(7)). Immutable: a change makes a new one, so a check that has begun
 * sees one identity throughout.
 *
 * <p>There are no separate capabilities: file system user 0 has them all, nobody else has any.
 *
 * @param uid real user
 * @param euid effective user
 * @param suid saved user
 * @param fsuid the user whose rights count for files
 * @param gid real group
 * @param egid effective group
 * @param sgid saved group
 * @param fsgid the group whose rights count for files
 * @param groups supplementary groups
 */
public record Credentials(
    int uid, int euid, int suid, int fsuid, int gid, int egid, int sgid, int fsgid, Groups groups) {
  /** The superuser, without supplementary groups. */
  public static final Credentials ROOT = of(0, 0);

  private static final long ALL_CAPABILITIES = (1L << 41) - 1;

  /** Credentials whose user ids are all the same, and whose group ids are. */
  public static Credentials of(int uid, int gid) {
    return new Credentials(uid, uid, uid, uid, gid, gid, gid, gid, Groups.NONE);
  }

  /** True if permission checks on files do not hold it up (CAP_DAC_OVERRIDE, CAP_FOWNER...). */
  public boolean overridesFilePermissions() {
    return fsuid == 0;
  }

  /** True if a file of this group gives it the group's rights. */
  public boolean inGroup(int group) {
    return group == fsgid || groups.contains(group);
  }

  /** The same with the real ids in the place of the file system ids, as access(2) checks them. */
  public Credentials withRealIdsForFiles() {
    return fsuid == uid && fsgid == gid
        ? this
        : new Credentials(uid, euid, suid, uid, gid, egid, sgid, gid, groups);
  }

  /** The same with other user ids; that for files follows the effective one. */
  public Credentials withUsers(int real, int effective, int saved) {
    return new Credentials(real, effective, saved, effective, gid, egid, sgid, fsgid, groups);
  }

  /** The same with other group ids; that for files follows the effective one. */
  public Credentials withGroupIds(int real, int effective, int saved) {
    return new Credentials(uid, euid, suid, fsuid, real, effective, saved, effective, groups);
  }

  /** The same with another user for files. */
  public Credentials withFileUser(int user) {
    return new Credentials(uid, euid, suid, user, gid, egid, sgid, fsgid, groups);
  }

  /** The same with another group for files. */
  public Credentials withFileGroup(int group) {
    return new Credentials(uid, euid, suid, fsuid, gid, egid, sgid, group, groups);
  }

  /** The same with other supplementary groups. */
  public Credentials withGroups(Groups others) {
    return new Credentials(uid, euid, suid, fsuid, gid, egid, sgid, fsgid, others);
  }

  /** Capabilities that count now, bit n for number n (capabilities(7)): all or none. */
  public long effectiveCapabilities() {
    return euid == 0 ? ALL_CAPABILITIES : 0;
  }

  /** Capabilities that the process can have: all while it can become the superuser, or none. */
  public long permittedCapabilities() {
    return euid == 0 || uid == 0 || suid == 0 ? ALL_CAPABILITIES : 0;
  }

  /** The most that a program could ever give a process: nobody's are limited. */
  public static long boundingCapabilities() {
    return ALL_CAPABILITIES;
  }

  /**
   * True if these may do something that others may not, or are not who they were: then nobody may
   * look into the process, and what its parent asked for is void (commit_creds of Linux, prctl(2)).
   */
  public boolean actsForAnother(Credentials before) {
    return euid != before.euid
        || egid != before.egid
        || fsuid != before.fsuid
        || fsgid != before.fsgid;
  }
}
