package org.biscotti.devices;

import java.util.Set;
import org.biscotti.devices.ffi.StatCalls;
import org.jspecify.annotations.Nullable;

/**
 * Which file systems of the host are served to a guest: those that store files. procfs, sysfs,
 * devtmpfs and their like are live: reading or even opening a file there acts on the host or on
 * this very process.
 *
 * <p>The list names what is allowed, so a type that nobody thought of is refused. Numbers are those
 * of statfs(2) and {@code linux/magic.h}.
 */
final class FileSystemTypes {
  private static final long TMPFS = 0x0102_1994L;
  private static final long RAMFS = 0x8584_58F6L;
  private static final long FUSE = 0x6573_5546L;

  /** Types that one look at the magic number decides. */
  private static final Set<Long> STORES_FILES =
      Set.of(
          0xEF53L, // ext2, ext3, ext4
          0x5846_5342L, // xfs
          0x9123_683EL, // btrfs
          0xCA45_1A4EL, // bcachefs
          0xF2F5_2010L, // f2fs
          0x2FC1_2FC1L, // zfs
          0x5265_4973L, // reiserfs
          0x3153_464AL, // jfs
          0x3434L, // nilfs2
          0x0116_1970L, // gfs2
          0x7461_636FL, // ocfs2
          0x794C_7630L, // overlayfs
          0x7371_7368L, // squashfs
          0xE0F5_E1E2L, // erofs
          0x28CD_3D45L, // cramfs
          0x7275L, // romfs
          0x9660L, // iso9660
          0x1501_3346L, // udf
          0x4D44L, // vfat
          0x2011_BAB0L, // exfat
          0x7366_746EL, // ntfs3
          0x482BL, // hfsplus
          0x2405_1905L, // ubifs
          0x72B6L, // jffs2
          0x6969L, // nfs
          0xFF53_4D42L, // cifs
          0xFE53_4D42L, // smb2
          0x0102_1997L, // 9p
          0x00C3_6400L, // ceph
          0x5346_414FL, // afs
          0x0BD0_0BD0L, // lustre
          0x786F_4256L, // vboxsf
          0xBACB_ACBCL); // vmhgfs

  /** Types with the magic number of tmpfs or ramfs that are plain memory; devtmpfs is not. */
  private static final Set<String> MEMORY_TYPES = Set.of("tmpfs", "ramfs", "rootfs");

  /** FUSE file systems that are a disk or a directory of a machine further out. */
  private static final Set<String> FUSE_TYPES = Set.of("fuseblk", "virtiofs");

  private FileSystemTypes() {}

  /**
   * True if the file system an open descriptor is on may be served.
   *
   * @param fd a descriptor, possibly opened with O_PATH
   * @param device its {@code st_dev}
   * @param named the {@code st_dev} of the directory that the user named: if that is on a FUSE file
   *     system, it was chosen knowingly
   */
  static boolean served(int fd, long device, long named, MountTable mounts) {
    long magic = StatCalls.fileSystemType(fd);
    if (STORES_FILES.contains(magic)) {
      return true;
    }
    if (magic == FUSE) {
      return device == named || isOneOf(FUSE_TYPES, mounts.typeOf(device));
    }
    return (magic == TMPFS || magic == RAMFS) && isOneOf(MEMORY_TYPES, mounts.typeOf(device));
  }

  private static boolean isOneOf(Set<String> types, @Nullable String type) {
    return type != null && types.contains(type);
  }
}
