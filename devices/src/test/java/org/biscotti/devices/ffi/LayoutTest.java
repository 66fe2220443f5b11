package org.biscotti.devices.ffi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemoryLayout.PathElement;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares every size, offset and constant of this package with what the C compiler says. */
class LayoutTest {
  private static final String HEADERS =
      """
      #define _GNU_SOURCE
      #include <dirent.h>
      #include <fcntl.h>
      #include <linux/openat2.h>
      #include <poll.h>
      #include <stddef.h>
      #include <stdio.h>
      #include <sys/eventfd.h>
      #include <sys/ioctl.h>
      #include <sys/resource.h>
      #include <sys/socket.h>
      #include <sys/stat.h>
      #include <sys/statfs.h>
      #include <sys/syscall.h>
      #include <sys/sysmacros.h>
      #include <time.h>
      #include <asm/termbits.h>
      #define P(e) printf("%llu\\n", (unsigned long long)(e));
      int main(void) {
      """;

  private static Map<String, Long> expectations() {
    Map<String, Long> all = new LinkedHashMap<>();
    opening(all);
    status(all);
    names(all);
    readiness(all);
    all.put("sizeof(struct termios)", (long) TerminalCalls.TERMIOS_BYTES);
    all.put("TCGETS", TerminalCalls.TCGETS);
    all.put("TIOCGWINSZ", TerminalCalls.TIOCGWINSZ);
    all.put("offsetof(struct winsize, ws_row)", TerminalCalls.ROWS);
    all.put("offsetof(struct winsize, ws_col)", TerminalCalls.COLUMNS);
    all.put("MSG_DONTWAIT", (long) SocketCalls.MSG_DONTWAIT);
    all.put("MSG_NOSIGNAL", (long) SocketCalls.MSG_NOSIGNAL);
    all.put("offsetof(struct timespec, tv_sec)", 0L);
    all.put("offsetof(struct timespec, tv_nsec)", 8L);
    all.put("sizeof(struct timespec)", 16L);
    all.put("RLIMIT_NOFILE", (long) LimitCalls.RLIMIT_NOFILE);
    all.put("offsetof(struct rlimit, rlim_cur)", 0L);
    return all;
  }

  private static void opening(Map<String, Long> all) {
    all.put("(unsigned)-AT_FDCWD", (long) -OpenCalls.AT_FDCWD);
    all.put("O_RDONLY", (long) OpenCalls.O_RDONLY);
    all.put("O_WRONLY", (long) OpenCalls.O_WRONLY);
    all.put("O_RDWR", (long) OpenCalls.O_RDWR);
    all.put("O_ACCMODE", (long) OpenCalls.O_ACCMODE);
    all.put("O_CREAT", (long) OpenCalls.O_CREAT);
    all.put("O_EXCL", (long) OpenCalls.O_EXCL);
    all.put("O_NOCTTY", (long) OpenCalls.O_NOCTTY);
    all.put("O_NONBLOCK", (long) OpenCalls.O_NONBLOCK);
    all.put("O_DIRECTORY", (long) OpenCalls.O_DIRECTORY);
    all.put("O_NOFOLLOW", (long) OpenCalls.O_NOFOLLOW);
    all.put("O_CLOEXEC", (long) OpenCalls.O_CLOEXEC);
    all.put("O_PATH", (long) OpenCalls.O_PATH);
    all.put("RESOLVE_BENEATH", (long) OpenCalls.RESOLVE_BENEATH);
    all.put("RESOLVE_NO_MAGICLINKS", (long) OpenCalls.RESOLVE_NO_MAGICLINKS);
    all.put("RESOLVE_NO_SYMLINKS", (long) OpenCalls.RESOLVE_NO_SYMLINKS);
    all.put("F_GETFL", (long) OpenCalls.F_GETFL);
    all.put("SYS_openat2", OpenCalls.SYS_OPENAT2);
    all.put("offsetof(struct open_how, flags)", OpenCalls.HOW_FLAGS);
    all.put("offsetof(struct open_how, mode)", OpenCalls.HOW_MODE);
    all.put("offsetof(struct open_how, resolve)", OpenCalls.HOW_RESOLVE);
    all.put("sizeof(struct open_how)", OpenCalls.HOW_BYTES);
  }

  private static void status(Map<String, Long> all) {
    all.put("AT_EMPTY_PATH", (long) StatCalls.AT_EMPTY_PATH);
    all.put("AT_SYMLINK_NOFOLLOW", (long) StatCalls.AT_SYMLINK_NOFOLLOW);
    all.put("AT_NO_AUTOMOUNT", (long) StatCalls.AT_NO_AUTOMOUNT);
    all.put("STATX_BASIC_STATS", (long) StatCalls.BASIC_STATS);
    all.put("sizeof(struct statx)", StatCalls.STATX_BYTES);
    all.put("offsetof(struct statx, stx_nlink)", StatCalls.NLINK);
    all.put("offsetof(struct statx, stx_uid)", StatCalls.UID);
    all.put("offsetof(struct statx, stx_gid)", StatCalls.GID);
    all.put("offsetof(struct statx, stx_mode)", StatCalls.MODE);
    all.put("offsetof(struct statx, stx_ino)", StatCalls.INO);
    all.put("offsetof(struct statx, stx_size)", StatCalls.SIZE);
    all.put("offsetof(struct statx, stx_blocks)", StatCalls.BLOCKS);
    all.put("offsetof(struct statx, stx_atime)", StatCalls.ATIME);
    all.put("offsetof(struct statx, stx_ctime)", StatCalls.CTIME);
    all.put("offsetof(struct statx, stx_mtime)", StatCalls.MTIME);
    all.put("offsetof(struct statx_timestamp, tv_nsec)", StatCalls.TIMESTAMP_NSEC);
    all.put("offsetof(struct statx, stx_rdev_major)", StatCalls.RDEV_MAJOR);
    all.put("offsetof(struct statx, stx_rdev_minor)", StatCalls.RDEV_MINOR);
    all.put("offsetof(struct statx, stx_dev_major)", StatCalls.DEV_MAJOR);
    all.put("offsetof(struct statx, stx_dev_minor)", StatCalls.DEV_MINOR);
    all.put("offsetof(struct statfs, f_type)", StatCalls.STATFS_TYPE);
    all.put("sizeof(struct statfs)", StatCalls.STATFS_BYTES);
    all.put("makedev(0x12345, 0x6789a)", StatCalls.device(0x12345, 0x6789a));
  }

  private static void names(Map<String, Long> all) {
    all.put("AT_REMOVEDIR", (long) DirectoryCalls.AT_REMOVEDIR);
    all.put("RENAME_NOREPLACE", (long) DirectoryCalls.RENAME_NOREPLACE);
    all.put("RENAME_EXCHANGE", (long) DirectoryCalls.RENAME_EXCHANGE);
    all.put("DT_UNKNOWN", (long) DirectoryCalls.DT_UNKNOWN);
    all.put("DT_DIR", (long) DirectoryCalls.DT_DIR);
    all.put("DT_REG", (long) DirectoryCalls.DT_REG);
    all.put("DT_LNK", (long) DirectoryCalls.DT_LNK);
    all.put("offsetof(struct dirent64, d_ino)", DirectoryCalls.DIRENT_INO);
    all.put("offsetof(struct dirent64, d_reclen)", DirectoryCalls.DIRENT_RECLEN);
    all.put("offsetof(struct dirent64, d_type)", DirectoryCalls.DIRENT_TYPE);
    all.put("offsetof(struct dirent64, d_name)", DirectoryCalls.DIRENT_NAME);
    all.put("UTIME_OMIT", AttributeCalls.UTIME_OMIT);
  }

  private static void readiness(Map<String, Long> all) {
    all.put("POLLIN", (long) PollCalls.POLLIN);
    all.put("POLLPRI", (long) PollCalls.POLLPRI);
    all.put("POLLOUT", (long) PollCalls.POLLOUT);
    all.put("POLLERR", (long) PollCalls.POLLERR);
    all.put("POLLHUP", (long) PollCalls.POLLHUP);
    all.put("POLLNVAL", (long) PollCalls.POLLNVAL);
    all.put("offsetof(struct pollfd, fd)", PollCalls.FD);
    all.put("offsetof(struct pollfd, events)", PollCalls.EVENTS);
    all.put("offsetof(struct pollfd, revents)", PollCalls.REVENTS);
    all.put("sizeof(struct pollfd)", PollCalls.POLLFD_BYTES);
    all.put("EFD_CLOEXEC", (long) PollCalls.EFD_CLOEXEC);
    all.put("EFD_NONBLOCK", (long) PollCalls.EFD_NONBLOCK);
  }

  @Test
  void agreesWithTheCompiler(@TempDir Path directory) throws Exception {
    requireCompiler();
    Map<String, Long> expected = expectations();
    StringBuilder source = new StringBuilder(HEADERS);
    expected.keySet().forEach(expression -> source.append("P(").append(expression).append(")\n"));
    Path file = directory.resolve("probe.c");
    Files.writeString(file, source.append("return 0; }\n"));
    run(directory, "gcc", "-o", "probe", "probe.c");
    String[] values = run(directory, directory.resolve("probe").toString()).split("\n", -1);
    Map<String, Long> actual = new LinkedHashMap<>();
    int i = 0;
    for (String expression : expected.keySet()) {
      actual.put(expression, Long.parseUnsignedLong(values[i++]));
    }
    assertThat(actual).isEqualTo(expected);
  }

  @Test
  void errnoIsWhereTheLinkerPutsIt() {
    assertThat(CLibrary.CAPTURED.byteOffset(PathElement.groupElement("errno")))
        .isEqualTo(CLibrary.ERRNO_OFFSET);
  }

  /** Where nothing may be skipped, as where KVM has to be there, neither is this. */
  private static void requireCompiler() {
    boolean there = Files.isExecutable(Path.of("/usr/bin/gcc"));
    assertThat(there || !Boolean.getBoolean("biscotti.requireKvm")).as("needs gcc").isTrue();
    assumeTrue(there, "needs gcc");
  }

  private static String run(Path directory, String... command) throws Exception {
    Process process =
        new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    return output;
  }
}
