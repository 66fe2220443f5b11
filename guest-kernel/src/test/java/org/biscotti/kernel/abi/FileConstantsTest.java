package org.biscotti.kernel.abi;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares the constants that files need with what the C compiler says of the headers. */
class FileConstantsTest {
  private static final String HEADERS =
      """
      #define _GNU_SOURCE
      #include <stddef.h>
      #include <stdio.h>
      #include <fcntl.h>
      #include <limits.h>
      #include <poll.h>
      #include <sys/file.h>
      #include <asm/termbits.h>
      #include <sys/ioctl.h>
      #include <sys/stat.h>
      #include <sys/statfs.h>
      #include <sys/sysmacros.h>
      #include <sys/uio.h>
      #include <unistd.h>
      #include <linux/falloc.h>
      #include <linux/openat2.h>
      #include <linux/fs.h>
      """;

  /** Names of ours for which the header has another, or none but an expression. */
  private static final Map<String, String> EXPRESSIONS =
      Map.ofEntries(
          Map.entry("O_LARGEFILE", "0100000"),
          Map.entry("O_TMPFILE_BIT", "(O_TMPFILE & ~O_DIRECTORY)"),
          Map.entry("STATX_MNT_ID", "0x1000"),
          Map.entry("PERMISSIONS", "07777"),
          Map.entry("STAT_SIZE", "sizeof(struct stat)"),
          Map.entry("STATX_STRUCT_SIZE", "sizeof(struct statx)"),
          Map.entry("STATFS_SIZE", "sizeof(struct statfs)"),
          Map.entry("POLLFD_SIZE", "sizeof(struct pollfd)"),
          Map.entry("TERMIOS2_SIZE", "sizeof(struct termios2)"),
          Map.entry("WINSIZE_SIZE", "sizeof(struct winsize)"));

  /** Offsets, which are compared by themselves, and sets of our own making. */
  private static final String NOT_IN_HEADERS =
      "STAT_ST_.*|STATX_(MASK|BLKSIZE|ATTRIBUTES.*|.*_FIELD|R?DEV_.*)|STATFS_(?!SIZE).*"
          + "|O_ALL|SELECT_.*|ALWAYS";

  private final List<String> wanted = new ArrayList<>();
  private final StringBuilder source = new StringBuilder(HEADERS).append("int main(void) {\n");

  @Test
  void constantsAreThoseOfTheHeaders(@TempDir Path directory) throws Exception {
    for (Class<?> topic : List.of(Fcntl.class, Stat.class, Poll.class, Ioctl.class)) {
      for (Field field : topic.getFields()) {
        if (Modifier.isStatic(field.getModifiers())) {
          String expression = expression(field.getName());
          add(field.getName(), field.getType() == int.class ? field.getInt(null) : -1, expression);
        }
      }
    }
    offsets();
    source.append("return 0; }\n");
    List<String> got = CProbe.run(directory, source.toString());
    assertThat(got).containsAll(wanted).hasSizeGreaterThan(120);
  }

  private static String expression(String name) {
    return EXPRESSIONS.getOrDefault(name, name);
  }

  /** A name that the installed headers do not know prints nothing and is not compared. */
  private void add(String name, int value, String expression) {
    boolean ours = !EXPRESSIONS.containsKey(name);
    if (value == -1 || name.matches(NOT_IN_HEADERS)) {
      return;
    }
    if (ours) {
      source.append("#ifdef ").append(expression).append('\n');
    }
    source.append("printf(\"%s=%%d\\n\", (int) (%s));\n".formatted(name, expression));
    if (ours) {
      source.append("#else\nprintf(\"%s=%d\\n\");\n#endif\n".formatted(name, value));
    }
    wanted.add(name + "=" + value);
  }

  private void offsets() {
    offset("stat", "st_dev", Stat.STAT_ST_DEV);
    offset("stat", "st_ino", Stat.STAT_ST_INO);
    offset("stat", "st_nlink", Stat.STAT_ST_NLINK);
    offset("stat", "st_mode", Stat.STAT_ST_MODE);
    offset("stat", "st_uid", Stat.STAT_ST_UID);
    offset("stat", "st_gid", Stat.STAT_ST_GID);
    offset("stat", "st_rdev", Stat.STAT_ST_RDEV);
    offset("stat", "st_size", Stat.STAT_ST_SIZE);
    offset("stat", "st_blksize", Stat.STAT_ST_BLKSIZE);
    offset("stat", "st_blocks", Stat.STAT_ST_BLOCKS);
    offset("stat", "st_atim", Stat.STAT_ST_ATIM);
    offset("stat", "st_mtim", Stat.STAT_ST_MTIM);
    offset("stat", "st_ctim", Stat.STAT_ST_CTIM);
    offset("statx", "stx_mask", Stat.STATX_MASK);
    offset("statx", "stx_blksize", Stat.STATX_BLKSIZE);
    offset("statx", "stx_attributes", Stat.STATX_ATTRIBUTES);
    offset("statx", "stx_nlink", Stat.STATX_NLINK_FIELD);
    offset("statx", "stx_mode", Stat.STATX_MODE_FIELD);
    offset("statx", "stx_ino", Stat.STATX_INO_FIELD);
    offset("statx", "stx_size", Stat.STATX_SIZE_FIELD);
    offset("statx", "stx_blocks", Stat.STATX_BLOCKS_FIELD);
    offset("statx", "stx_attributes_mask", Stat.STATX_ATTRIBUTES_MASK);
    offset("statx", "stx_atime", Stat.STATX_ATIME_FIELD);
    offset("statx", "stx_btime", Stat.STATX_BTIME_FIELD);
    offset("statx", "stx_ctime", Stat.STATX_CTIME_FIELD);
    offset("statx", "stx_mtime", Stat.STATX_MTIME_FIELD);
    offset("statx", "stx_rdev_major", Stat.STATX_RDEV_MAJOR);
    offset("statx", "stx_dev_minor", Stat.STATX_DEV_MINOR);
    offset("statx", "stx_mnt_id", Stat.STATX_MNT_ID_FIELD);
    offset("statfs", "f_type", Stat.STATFS_TYPE);
    offset("statfs", "f_bsize", Stat.STATFS_BSIZE);
    offset("statfs", "f_blocks", Stat.STATFS_BLOCKS);
    offset("statfs", "f_bfree", Stat.STATFS_BFREE);
    offset("statfs", "f_bavail", Stat.STATFS_BAVAIL);
    offset("statfs", "f_files", Stat.STATFS_FILES);
    offset("statfs", "f_ffree", Stat.STATFS_FFREE);
    offset("statfs", "f_fsid", Stat.STATFS_FSID);
    offset("statfs", "f_namelen", Stat.STATFS_NAMELEN);
    offset("statfs", "f_frsize", Stat.STATFS_FRSIZE);
    offset("statfs", "f_flags", Stat.STATFS_FLAGS);
  }

  private void offset(String struct, String field, int value) {
    String name = struct + "." + field;
    source.append(
        "printf(\"%s=%%d\\n\", (int) offsetof(struct %s, %s));\n".formatted(name, struct, field));
    wanted.add(name + "=" + value);
  }

  @Test
  void deviceNumbersAreMadeAsMakedevMakesThem() {
    assertThat(Stat.device(1, 3)).isEqualTo(0x103);
    assertThat(Stat.device(0x12345, 0x6789a)).isEqualTo(makedev());
    assertThat(Stat.major(Stat.device(0xfffff, 0xabcde))).isEqualTo(0xfffff);
    assertThat(Stat.minor(Stat.device(0xfffff, 0xabcde))).isEqualTo(0xabcde);
  }

  /** makedev(0x12345, 0x6789a), as glibc has it. */
  private static long makedev() {
    return 0x12000L << 32 | 0x67800L << 12 | 0x345L << 8 | 0x9aL;
  }
}
