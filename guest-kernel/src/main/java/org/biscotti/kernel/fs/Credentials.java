package org.biscotti.kernel.fs;

import java.util.List;

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
    int uid,
    int euid,
    int suid,
    int fsuid,
    int gid,
    int egid,
    int sgid,
    int fsgid,
    List<Integer> groups) {
  /** The superuser, without supplementary groups. */
  public static final Credentials ROOT = of(0, 0);

  public Credentials {
    groups = List.copyOf(groups);
  }

  /** Credentials whose user ids are all the same, and whose group ids are. */
  public static Credentials of(int uid, int gid) {
    return new Credentials(uid, uid, uid, uid, gid, gid, gid, gid, List.of());
  }

  /** True if permission checks on files do not hold it up (CAP_DAC_OVERRIDE, CAP_FOWNER...). */
  public boolean overridesFilePermissions() {
    return fsuid == 0;
  }

  /** True if a file of this group gives it the group's rights. */
  public boolean inGroup(int group) {
    return group == fsgid || (!groups.isEmpty() && groups.contains(group));
  }

  /** The same with the real ids in the place of the file system ids, as access(2) checks them. */
  public Credentials withRealIdsForFiles() {
    return fsuid == uid && fsgid == gid
        ? this
        : new Credentials(uid, euid, suid, uid, gid, egid, sgid, gid, groups);
  }
}
