package org.biscotti.kernel.trace;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.SignalInfo;
import org.biscotti.kernel.syscall.Syscall;
import org.biscotti.kernel.syscall.SyscallTable;
import org.biscotti.kernel.task.Process.ExitStatus;
import org.junit.jupiter.api.Test;

/**
 * Lines of the trace. What is expected is what strace 6.1 printed for C programs that make the same
 * calls with the same arguments; where a line differs on purpose, the test says so.
 */
class StraceFormatTest {
  private static final int AT_FDCWD = -100;
  private static final long BAD = 0xdead0000L;
  private static final SyscallTable TABLE = new SyscallTable();

  private final ArgumentDecoder decoder = new ArgumentDecoder();
  private final FakeMemory memory = new FakeMemory();

  private TracedCall start(String name, long... arguments) {
    Syscall row =
        TABLE.rows().stream().filter(r -> r.name().equals(name)).findFirst().orElseThrow();
    TracedCall call = decoder.start(row.number(), row, memory, Arrays.copyOf(arguments, 6));
    call.decodeEntry();
    return call;
  }

  private static String end(TracedCall call, long result) {
    call.decodeReturn(result);
    CallText line = new CallText();
    Strace.finished(call, line);
    return line.toString();
  }

  /** The line of a call; runs of blanks before the equals sign are one blank. */
  private String line(String name, long result, long... arguments) {
    return end(start(name, arguments), result).replaceFirst("\\) +=", ") =");
  }

  @Test
  void resultsStandInColumn40() {
    assertThat(end(start("close", 3), 0)).isEqualTo("close(3)" + " ".repeat(32) + "= 0");
    assertThat(end(start("getpid"), 42)).isEqualTo("getpid()" + " ".repeat(32) + "= 42");
    assertThat(end(start("mprotect", 0x4a4000, 16384, 1), 0))
        .isEqualTo("mprotect(0x4a4000, 16384, PROT_READ)    = 0");
  }

  @Test
  void errorsHaveNameAndText() {
    long path = memory.string("/nonexist");
    assertThat(line("open", -Errno.ENOENT, path, 3))
        .isEqualTo("open(\"/nonexist\", O_ACCMODE) = -1 ENOENT (No such file or directory)");
    assertThat(line("close", -Errno.EBADF, 999))
        .isEqualTo("close(999) = -1 EBADF (Bad file descriptor)");
    assertThat(line("close", -1000, 999)).isEqualTo("close(999) = -1 (errno 1000)");
  }

  @Test
  void openFlags() {
    long path = memory.string("/tmp/x");
    assertThat(line("openat", 3, AT_FDCWD, path, 01102, 0644))
        .isEqualTo("openat(AT_FDCWD, \"/tmp/x\", O_RDWR|O_CREAT|O_TRUNC, 0644) = 3");
    assertThat(line("openat", 3, AT_FDCWD, path, 02000000, 0777))
        .isEqualTo("openat(AT_FDCWD, \"/tmp/x\", O_RDONLY|O_CLOEXEC) = 3");
    assertThat(line("openat", 5, 3, path, 020200002, 0600))
        .isEqualTo("openat(3, \"/tmp/x\", O_RDWR|O_TMPFILE, 0600) = 5");
    assertThat(line("openat", -2, AT_FDCWD, path, 0x80000000L | 014616000))
        .isEqualTo(
            "openat(AT_FDCWD, \"/tmp/x\", O_RDONLY|O_APPEND|O_NONBLOCK|O_SYNC|O_NOFOLLOW|O_PATH"
                + "|O_DIRECTORY|0x80000000) = -1 ENOENT (No such file or directory)");
    assertThat(line("creat", -2, path, 07777)).startsWith("creat(\"/tmp/x\", 07777) = -1");
    assertThat(line("dup3", 21, 3, 21, 02000000)).isEqualTo("dup3(3, 21, O_CLOEXEC) = 21");
    assertThat(line("dup3", -22, 3, 3, 0)).startsWith("dup3(3, 3, 0) = -1 EINVAL");
  }

  @Test
  void stringsAreEscapedAsC() {
    long text = memory.text("hello\n\t\1\0022\33[0m\"\\\177\377\200abc\r\13\f\0\0\0\0\0");
    assertThat(line("write", 30, 3, text, 30))
        .isEqualTo(
            "write(3, \"hello\\n\\t\\1\\0022\\33[0m\\\"\\\\\\177\\377\\200abc\\r\\v\\f\\0\\0\\0\\0\\0\", 30)"
                + " = 30");
    long digits = memory.text("\0018\0017\0019\377a\0\0");
    assertThat(line("write", -9, 99, digits, 10))
        .startsWith("write(99, \"\\18\\0017\\19\\377a\\0\\0\", 10)");
  }

  @Test
  void buffersAreCutAt32Bytes() {
    long text = memory.text("012345678901234567890123456789012");
    assertThat(line("write", 32, 3, text, 32))
        .isEqualTo("write(3, \"01234567890123456789012345678901\", 32) = 32");
    assertThat(line("write", 33, 3, text, 33))
        .isEqualTo("write(3, \"01234567890123456789012345678901\"..., 33) = 33");
    assertThat(line("write", -14, 3, text, -1))
        .startsWith("write(3, \"01234567890123456789012345678901\"..., 18446744073709551615) = -1");
    assertThat(line("write", 0, 3, text, 0)).isEqualTo("write(3, \"\", 0) = 0");
    assertThat(line("read", 32, 3, text, 4096))
        .isEqualTo("read(3, \"01234567890123456789012345678901\", 4096) = 32");
    assertThat(line("read", 0, 3, text, 10)).isEqualTo("read(3, \"\", 10) = 0");
  }

  @Test
  void whatCannotBeReadIsAnAddress() {
    assertThat(line("write", 0, 3, 0, 0)).isEqualTo("write(3, NULL, 0) = 0");
    assertThat(line("write", -14, 3, BAD, 10))
        .isEqualTo("write(3, 0xdead0000, 10) = -1 EFAULT (Bad address)");
    long six = memory.text("abcdef");
    assertThat(line("write", 10, 3, six, 10)).isEqualTo("write(3, " + hex(six) + ", 10) = 10");
    assertThat(line("access", -14, six, 0)).startsWith("access(" + hex(six) + ", F_OK) = -1");
    assertThat(line("stat", -14, BAD, BAD)).startsWith("stat(0xdead0000, 0xdead0000) = -1");
    assertThat(line("stat", -14, 0, 0)).startsWith("stat(NULL, NULL) = -1 EFAULT");
    assertThat(line("read", -9, 99, BAD, 10)).startsWith("read(99, 0xdead0000, 10) = -1 EBADF");
  }

  private static String hex(long value) {
    return "0x" + Long.toHexString(value);
  }

  @Test
  void pathsAreWhole() {
    String path = "/0123456789".repeat(30);
    assertThat(line("access", 0, memory.string(path), 6))
        .isEqualTo("access(\"" + path + "\", R_OK|W_OK) = 0");
    assertThat(line("access", -36, memory.string("a".repeat(5000)), 0))
        .isEqualTo(
            "access(\"" + "a".repeat(4095) + "\"..., F_OK) = -1 ENAMETOOLONG (File name too long)");
    long cwd = memory.string("/tmp/tr");
    assertThat(line("getcwd", 8, cwd, 4096)).isEqualTo("getcwd(\"/tmp/tr\", 4096) = 8");
    assertThat(line("getcwd", -34, cwd, 1)).startsWith("getcwd(" + hex(cwd) + ", 1) = -1 ERANGE");
    assertThat(line("readlink", 3, memory.string("l"), memory.text("/tm"), 3))
        .isEqualTo("readlink(\"l\", \"/tm\", 3) = 3");
    String name = "n".repeat(33);
    assertThat(line("removexattr", -95, memory.string("f"), memory.string(name)))
        .startsWith("removexattr(\"f\", \"" + "n".repeat(32) + "\"...) = -1 EOPNOTSUPP");
  }

  @Test
  void numbersAndConstants() {
    assertThat(line("lseek", 5, 3, -5, 1)).isEqualTo("lseek(3, -5, SEEK_CUR) = 5");
    assertThat(line("lseek", -22, 3, 0, 77))
        .isEqualTo("lseek(3, 0, 0x4d /* SEEK_??? */) = -1 EINVAL (Invalid argument)");
    assertThat(line("access", -22, memory.string("/x"), 077))
        .startsWith("access(\"/x\", R_OK|W_OK|X_OK|0x38) = -1");
    assertThat(line("umask", 0, 022)).isEqualTo("umask(022) = 000");
    assertThat(line("fchmod", 0, 3, 5)).isEqualTo("fchmod(3, 005) = 0");
    assertThat(line("fchown", 0, 3, -1, 100)).isEqualTo("fchown(3, -1, 100) = 0");
    assertThat(line("flock", 0, 3, 6)).isEqualTo("flock(3, LOCK_EX|LOCK_NB) = 0");
    assertThat(line("close_range", 0, 50, 0xffffffffL, 4))
        .isEqualTo("close_range(50, 4294967295, CLOSE_RANGE_CLOEXEC) = 0");
    assertThat(line("mknod", 0, memory.string("f"), 010644, 0))
        .isEqualTo("mknod(\"f\", S_IFIFO|0644) = 0");
    assertThat(line("mknod", 0, memory.string("c"), 020644, 0x103))
        .isEqualTo("mknod(\"c\", S_IFCHR|0644, makedev(0x1, 0x3)) = 0");
    assertThat(line("mknod", 0, memory.string("r"), 0644, 0)).isEqualTo("mknod(\"r\", 0644) = 0");
  }

  @Test
  void memoryCalls() {
    assertThat(line("mmap", 0x7f304e887000L, 0, 8192, 3, 0x22, -1, 0))
        .isEqualTo(
            "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)"
                + " = 0x7f304e887000");
    assertThat(line("mmap", 0x7f304e886000L, 0, 4096, 1, 0x8001, 3, 4096))
        .isEqualTo(
            "mmap(NULL, 4096, PROT_READ, MAP_SHARED|MAP_POPULATE, 3, 0x1000) = 0x7f304e886000");
    assertThat(line("mmap", -9, 0x1000, 0, 0, 0, -1, 0))
        .startsWith("mmap(0x1000, 0, PROT_NONE, MAP_FILE, -1, 0) = -1 EBADF");
    assertThat(line("mmap", -9, 1, 1, 0, 4, -1, 0))
        .startsWith("mmap(0x1, 1, PROT_NONE, 0x4 /* MAP_??? */, -1, 0) = -1");
    assertThat(line("mmap", -12, 0, 1 << 20, 7, 0x40022 | 21 << 26, -1, 0))
        .startsWith(
            "mmap(NULL, 1048576, PROT_READ|PROT_WRITE|PROT_EXEC,"
                + " MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|21<<MAP_HUGE_SHIFT, -1, 0) = -1");
    assertThat(line("mmap", -22, 1, 1, 0xffffffffL, 0xffffffffL, -1, 0))
        .startsWith(
            "mmap(0x1, 1, PROT_READ|PROT_WRITE|PROT_EXEC|PROT_SEM|PROT_GROWSDOWN|PROT_GROWSUP"
                + "|0xfcfffff0, 0xf /* MAP_??? */|MAP_FIXED|MAP_ANONYMOUS|MAP_32BIT|MAP_NORESERVE"
                + "|MAP_POPULATE|MAP_NONBLOCK|MAP_GROWSDOWN|MAP_DENYWRITE|MAP_EXECUTABLE"
                + "|MAP_LOCKED|MAP_STACK|MAP_HUGETLB|MAP_SYNC|MAP_FIXED_NOREPLACE|0x3e00680"
                + "|63<<MAP_HUGE_SHIFT, -1, 0) = -1 EINVAL");
    assertThat(line("brk", 0x11380000, 0)).isEqualTo("brk(NULL) = 0x11380000");
    assertThat(line("brk", 0x11380d00, 0x11380d00)).isEqualTo("brk(0x11380d00) = 0x11380d00");
    assertThat(line("mremap", 0x5000, 0x4000, 8192, 16384, 1, 0x99))
        .isEqualTo("mremap(0x4000, 8192, 16384, MREMAP_MAYMOVE) = 0x5000");
    assertThat(line("mremap", -14, 0x4000, 8192, 16384, 3, 0x70000000))
        .startsWith("mremap(0x4000, 8192, 16384, MREMAP_MAYMOVE|MREMAP_FIXED, 0x70000000) = -1");
    assertThat(line("mremap", -22, 0x4000, 1, 2, 0x70))
        .startsWith("mremap(0x4000, 1, 2, 0x70 /* MREMAP_??? */) = -1");
    assertThat(line("madvise", -22, 1, 1, 999))
        .startsWith("madvise(0x1, 1, 0x3e7 /* MADV_??? */) = -1");
    assertThat(line("msync", 0, 0x1000, 4096, 6))
        .isEqualTo("msync(0x1000, 4096, MS_SYNC|MS_INVALIDATE) = 0");
    long residency = memory.text("\1\1\0\1");
    assertThat(line("mincore", 0, 0x7000, 4 * 4096, residency))
        .isEqualTo("mincore(0x7000, 16384, [1, 1, 0, 1]) = 0");
  }

  @Test
  void vectors() {
    long abc = memory.text("abc");
    long vector = memory.longs(abc, 3, abc, 0, BAD, 7);
    assertThat(line("writev", 3, 3, vector, 2))
        .isEqualTo("writev(3, [{iov_base=\"abc\", iov_len=3}, {iov_base=\"\", iov_len=0}], 2) = 3");
    assertThat(line("writev", -14, 3, vector, 3))
        .startsWith(
            "writev(3, [{iov_base=\"abc\", iov_len=3}, {iov_base=\"\", iov_len=0},"
                + " {iov_base=0xdead0000, iov_len=7}], 3) = -1");
    assertThat(line("writev", -14, 3, vector, 4))
        .contains("iov_len=7}, ... /* " + hex(vector + 48) + " */], 4) = -1");
    assertThat(line("writev", -14, 3, 0, 3)).startsWith("writev(3, NULL, 3) = -1");
    assertThat(line("writev", 0, 3, vector, 0)).isEqualTo("writev(3, [], 0) = 0");
    assertThat(line("writev", -14, 3, BAD, 2)).startsWith("writev(3, 0xdead0000, 2) = -1");
    long ten = memory.longs(memory.text("abcdefghij"), 10, memory.text("klmn"), 10, abc, 3);
    assertThat(line("readv", 14, 4, ten, 3))
        .isEqualTo(
            "readv(4, [{iov_base=\"abcdefghij\", iov_len=10}, {iov_base=\"klmn\", iov_len=10},"
                + " {iov_base=\"\", iov_len=3}], 3) = 14");
    assertThat(line("readv", -9, 99, memory.longs(0, 123, 3, 1000), 2))
        .startsWith("readv(99, [{iov_base=NULL, iov_len=123}, {iov_base=0x3, iov_len=1000}], 2) =");
    assertThat(line("preadv2", 3, 3, vector, 1, 5, 0, 1))
        .isEqualTo("preadv2(3, [{iov_base=\"abc\", iov_len=3}], 1, 5, RWF_HIPRI) = 3");
  }

  @Test
  void longArraysAreCutAt32Elements() {
    int[] groups = new int[40];
    Arrays.setAll(groups, i -> i);
    String line = line("setgroups", 0, 40, memory.ints(groups));
    assertThat(line).startsWith("setgroups(40, [0, 1, 2,").endsWith(", 30, 31, ...]) = 0");
    assertThat(line("setgroups", -14, 3, memory.ints(7)))
        .matches("setgroups\\(3, \\[7, ... /\\* 0x[0-9a-f]+ \\*/\\]\\) = -1 EFAULT .*");
    assertThat(line("setgroups", 0, 0, 0)).isEqualTo("setgroups(0, NULL) = 0");
    assertThat(line("getgroups", 4, 100, memory.ints(0, 1, 2, 3)))
        .isEqualTo("getgroups(100, [0, 1, 2, 3]) = 4");
    assertThat(line("getgroups", -22, -1, 0x4aa300))
        .startsWith("getgroups(-1, 0x4aa300) = -1 EINVAL");
  }

  @Test
  void fileStatus() {
    long regular = memory.struct(144, 24, 0100644, 48, 1221);
    long device = memory.struct(144, 24, 020666, 40, 0x103);
    long directory = memory.struct(144, 24, 041777, 48, 4096);
    assertThat(line("fstat", 0, 3, regular))
        .isEqualTo("fstat(3, {st_mode=S_IFREG|0644, st_size=1221, ...}) = 0");
    assertThat(line("stat", 0, memory.string("/dev/null"), device))
        .isEqualTo(
            "stat(\"/dev/null\", {st_mode=S_IFCHR|0666, st_rdev=makedev(0x1, 0x3), ...}) = 0");
    assertThat(line("lstat", 0, memory.string("/tmp"), directory))
        .isEqualTo("lstat(\"/tmp\", {st_mode=S_IFDIR|S_ISVTX|0777, st_size=4096, ...}) = 0");
    assertThat(line("newfstatat", 0, 3, memory.string(""), regular, 0x1000))
        .isEqualTo(
            "newfstatat(3, \"\", {st_mode=S_IFREG|0644, st_size=1221, ...}, AT_EMPTY_PATH) = 0");
    assertThat(line("newfstatat", -22, AT_FDCWD, memory.string("a"), 0x7ff0, 0x40000800))
        .startsWith("newfstatat(AT_FDCWD, \"a\", 0x7ff0, AT_NO_AUTOMOUNT|0x40000000) = -1");
    long statx = memory.struct(256, 0, 0x1fff, 28, 0100644, 40, 1221);
    assertThat(line("statx", 0, AT_FDCWD, memory.string("/etc/passwd"), 0, 0xfff, statx))
        .isEqualTo(
            "statx(AT_FDCWD, \"/etc/passwd\", AT_STATX_SYNC_AS_STAT, STATX_ALL,"
                + " {stx_mask=STATX_ALL|STATX_MNT_ID, stx_attributes=0, stx_mode=S_IFREG|0644,"
                + " stx_size=1221, ...}) = 0");
    assertThat(line("statx", -9, -1, memory.string("x"), 0x4100, 0x80000002L, 0))
        .startsWith(
            "statx(-1, \"x\", AT_STATX_DONT_SYNC|AT_SYMLINK_NOFOLLOW, STATX_MODE|0x80000000, NULL)");
  }

  @Test
  void fileSystemStatus() {
    long statfs =
        memory.longs(
            0x01021994,
            4096,
            617,
            616,
            615,
            308,
            307,
            0xda45cefdae344405L,
            255,
            4096,
            0x1020,
            0,
            0,
            0,
            0);
    assertThat(line("fstatfs", 0, 3, statfs))
        .isEqualTo(
            "fstatfs(3, {f_type=TMPFS_MAGIC, f_bsize=4096, f_blocks=617, f_bfree=616, f_bavail=615,"
                + " f_files=308, f_ffree=307, f_fsid={val=[0xae344405, 0xda45cefd]},"
                + " f_namelen=255, f_frsize=4096, f_flags=ST_VALID|ST_RELATIME}) = 0");
  }

  @Test
  void directoryEntriesAreCounted() {
    byte[] entries = new byte[24 + 32];
    entries[16] = 24;
    entries[24 + 16] = 32;
    long gva = memory.put(entries);
    assertThat(line("getdents64", 56, 3, gva, 32768))
        .isEqualTo("getdents64(3, " + hex(gva) + " /* 2 entries */, 32768) = 56");
    assertThat(line("getdents64", 0, 3, gva, 32768))
        .isEqualTo("getdents64(3, " + hex(gva) + " /* 0 entries */, 32768) = 0");
    assertThat(line("getdents64", -20, 3, gva, 1)).startsWith("getdents64(3, " + hex(gva) + ", 1)");
  }

  @Test
  void fileTimes() {
    long path = memory.string("x");
    long now = (1L << 30) - 1;
    long omit = (1L << 30) - 2;
    assertThat(line("utimensat", 0, AT_FDCWD, path, memory.longs(1, now, 2, omit), 0))
        .isEqualTo("utimensat(AT_FDCWD, \"x\", [UTIME_NOW, UTIME_OMIT], 0) = 0");
    assertThat(line("utimensat", 0, 3, 0, memory.longs(1700000000L, 123456789, 0, 0), 0x100))
        .isEqualTo(
            "utimensat(3, NULL, [{tv_sec=1700000000, tv_nsec=123456789}"
                + " /* 2023-11-14T22:13:20.123456789+0000 */, {tv_sec=0, tv_nsec=0}],"
                + " AT_SYMLINK_NOFOLLOW) = 0");
    assertThat(line("utimensat", -9, -1, path, memory.longs(-5, 0, 1L << 60, 0), 0))
        .startsWith(
            "utimensat(-1, \"x\", [{tv_sec=-5, tv_nsec=0} /* 1969-12-31T23:59:55+0000 */,"
                + " {tv_sec=1152921504606846976, tv_nsec=0}], 0) = -1");
    assertThat(line("utime", 0, path, memory.longs(1700000000L, 2)))
        .isEqualTo(
            "utime(\"x\", {actime=1700000000 /* 2023-11-14T22:13:20+0000 */,"
                + " modtime=2 /* 1970-01-01T00:00:02+0000 */}) = 0");
    assertThat(line("utimes", 0, path, memory.longs(1700000000L, 2, 3, 4)))
        .isEqualTo(
            "utimes(\"x\", [{tv_sec=1700000000, tv_usec=2} /* 2023-11-14T22:13:20.000002+0000 */,"
                + " {tv_sec=3, tv_usec=4} /* 1970-01-01T00:00:03.000004+0000 */]) = 0");
  }

  @Test
  void fcntlByCommand() {
    assertThat(line("fcntl", 1, 3, 1, 77)).isEqualTo("fcntl(3, F_GETFD) = 0x1 (flags FD_CLOEXEC)");
    assertThat(line("fcntl", 0, 3, 1)).isEqualTo("fcntl(3, F_GETFD) = 0");
    assertThat(line("fcntl", 0x8802, 3, 3))
        .isEqualTo("fcntl(3, F_GETFL) = 0x8802 (flags O_RDWR|O_NONBLOCK|O_LARGEFILE)");
    assertThat(line("fcntl", 0, 3, 4, 02002)).isEqualTo("fcntl(3, F_SETFL, O_RDWR|O_APPEND) = 0");
    assertThat(line("fcntl", 30, 3, 0, 30)).isEqualTo("fcntl(3, F_DUPFD, 30) = 30");
    long lock = memory.struct(32, 0, 1, 16, 10, 24, 5);
    assertThat(line("fcntl", 0, 3, 6, lock))
        .isEqualTo(
            "fcntl(3, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=10}) = 0");
    assertThat(line("fcntl", 0, 3, 5, lock)).endsWith("l_start=0, l_len=10, l_pid=5}) = 0");
    assertThat(line("fcntl", -9, -1, 5, 1)).startsWith("fcntl(-1, F_GETLK, 0x1) = -1");
    assertThat(line("fcntl", -22, 3, 999, 1))
        .startsWith("fcntl(3, 0x3e7 /* F_??? */, 0x1) = -1 EINVAL");
    assertThat(line("fcntl", 0, 3, 10, 29)).isEqualTo("fcntl(3, F_SETSIG, SIGIO) = 0");
  }

  @Test
  void ioctlByRequest() {
    long settings = memory.struct(36, 0, 02400, 4, 5, 8, 0277, 12, 0105073);
    assertThat(line("ioctl", 0, 12, 0x5401, settings))
        .isEqualTo(
            "ioctl(12, TCGETS, {c_iflag=ICRNL|IXON, c_oflag=NL0|CR0|TAB0|BS0|VT0|FF0|OPOST|ONLCR,"
                + " c_cflag=B38400|CS8|CREAD,"
                + " c_lflag=ISIG|ICANON|ECHO|ECHOE|ECHOK|IEXTEN|ECHOCTL|ECHOKE, ...}) = 0");
    long ones = memory.struct(36, 0, -1, 4, -1, 8, -1, 12, -1);
    assertThat(line("ioctl", -9, -1, 0x5402, ones))
        .contains("c_oflag=NL1|CR3|XTABS|BS1|VT1|FF1|OPOST|OLCUC|ONLCR|OCRNL|ONOCR|ONLRET|OFILL|")
        .contains(
            "c_cflag=B4000000|B4000000<<IBSHIFT|CS8|CSTOPB|CREAD|PARENB|PARODD|HUPCL|CLOCAL|");
    assertThat(line("ioctl", -25, 0, 0x5401, 0x4aa2e0))
        .isEqualTo("ioctl(0, TCGETS, 0x4aa2e0) = -1 ENOTTY (Inappropriate ioctl for device)");
    assertThat(line("ioctl", 0, 1, 0x5413, memory.struct(8, 0, 80 << 16 | 25)))
        .isEqualTo("ioctl(1, TIOCGWINSZ, {ws_row=25, ws_col=80, ws_xpixel=0, ws_ypixel=0}) = 0");
    assertThat(line("ioctl", 0, 3, 0x541b, memory.ints(-29)))
        .isEqualTo("ioctl(3, FIONREAD, [-29]) = 0");
    assertThat(line("ioctl", 0, 3, 0x5451, 7)).isEqualTo("ioctl(3, FIOCLEX) = 0");
    assertThat(line("ioctl", -25, 3, 0x12345678, 0x4aa2e0))
        .startsWith("ioctl(3, _IOC(_IOC_NONE, 0x56, 0x78, 0x1234), 0x4aa2e0) = -1");
    assertThat(line("ioctl", -25, 3, 0xc0045430L, 0x4aa2e0))
        .startsWith("ioctl(3, _IOC(_IOC_READ|_IOC_WRITE, 0x54, 0x30, 0x4), 0x4aa2e0) = -1");
  }

  @Test
  void pollAndSelect() {
    long polled = memory.ints(0, 3 | 1 << 16, 3, 4 | 4 << 16, -1, 1);
    assertThat(line("poll", 2, polled, 3, 0))
        .isEqualTo(
            "poll([{fd=0, events=POLLIN|POLLPRI}, {fd=3, events=POLLOUT}, {fd=-1}], 3, 0) = 2"
                + " ([{fd=0, revents=POLLIN}, {fd=3, revents=POLLOUT}])");
    assertThat(line("poll", 0, 0, 0, 1)).isEqualTo("poll(NULL, 0, 1) = 0 (Timeout)");
    assertThat(line("poll", -14, BAD, 3, 1)).startsWith("poll(0xdead0000, 3, 1) = -1 EFAULT");
    long second = memory.longs(0, 1000000);
    assertThat(
            line("ppoll", 1, memory.ints(3, 4 | 4 << 16), 1, second, memory.longs(0x200000202L), 8))
        .isEqualTo(
            "ppoll([{fd=3, events=POLLOUT}], 1, {tv_sec=0, tv_nsec=1000000}, [INT USR1 RT_2], 8)"
                + " = 1 ([{fd=3, revents=POLLOUT}], left {tv_sec=0, tv_nsec=1000000})");
    assertThat(line("ppoll", -22, 0, 0, 0, 0x7ff8, 7))
        .startsWith("ppoll(NULL, 0, NULL, 0x7ff8, 7) = -1 EINVAL");
    long in = memory.longs(9);
    long out = memory.longs(8);
    long timeout = memory.longs(0, 1000);
    assertThat(line("select", 3, 4, in, out, 0, timeout))
        .isEqualTo(
            "select(4, [0 3], [3], NULL, {tv_sec=0, tv_usec=1000}) = 3"
                + " (in [0 3], out [3], left {tv_sec=0, tv_usec=1000})");
    assertThat(line("select", 0, 0, 0, 0, 0, timeout))
        .isEqualTo("select(0, NULL, NULL, NULL, {tv_sec=0, tv_usec=1000}) = 0 (Timeout)");
    assertThat(line("select", -22, -1, in, 0, 0, 0))
        .startsWith("select(-1, " + hex(in) + ", NULL, NULL, NULL) = -1");
    long mask = memory.longs(memory.longs(0x202), 8);
    assertThat(line("pselect6", 0, 1, memory.longs(0), 0, 0, second, mask))
        .isEqualTo(
            "pselect6(1, [], NULL, NULL, {tv_sec=0, tv_nsec=1000000},"
                + " {sigmask=[INT USR1], sigsetsize=8}) = 0 (Timeout)");
  }

  @Test
  void timeCalls() {
    long half = memory.longs(0, 500000000);
    long rest = memory.longs(0, 77);
    assertThat(line("nanosleep", 0, half, 0x7ff0))
        .isEqualTo("nanosleep({tv_sec=0, tv_nsec=500000000}, 0x7ff0) = 0");
    assertThat(line("nanosleep", -Errno.EINTR, half, rest))
        .isEqualTo(
            "nanosleep({tv_sec=0, tv_nsec=500000000}, {tv_sec=0, tv_nsec=77}) = -1 EINTR"
                + " (Interrupted system call)");
    assertThat(line("nanosleep", -22, memory.longs(0, -5), 0x7ff0))
        .startsWith("nanosleep({tv_sec=0, tv_nsec=18446744073709551611}, 0x7ff0) = -1");
    assertThat(line("clock_nanosleep", 0, 1, 5, half, 0))
        .isEqualTo(
            "clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME|0x4, {tv_sec=0, tv_nsec=500000000},"
                + " NULL) = 0");
    assertThat(line("clock_gettime", 0, 0xfffffffaL, half))
        .startsWith("clock_gettime(0xfffffffa /* CLOCK_??? */, {tv_sec=0,");
    assertThat(line("gettimeofday", 0, half, memory.ints(0, 0)))
        .isEqualTo(
            "gettimeofday({tv_sec=0, tv_usec=500000000}, {tz_minuteswest=0, tz_dsttime=0}) = 0");
    assertThat(line("time", 1700000000L, 0))
        .isEqualTo("time(NULL) = 1700000000 (2023-11-14T22:13:20+0000)");
    assertThat(line("time", 1700000000L, memory.longs(1700000000L)))
        .startsWith("time([1700000000 /* 2023-11-14T22:13:20+0000 */]) = 1700000000 (2023");
    assertThat(line("times", 99, memory.longs(1, 2, 3, 4)))
        .isEqualTo("times({tms_utime=1, tms_stime=2, tms_cutime=3, tms_cstime=4}) = 99");
    long usage = memory.longs(0, 768, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    assertThat(line("getrusage", 0, 0xffffffffL, usage))
        .isEqualTo(
            "getrusage(RUSAGE_CHILDREN, {ru_utime={tv_sec=0, tv_usec=768},"
                + " ru_stime={tv_sec=0, tv_usec=9}, ...}) = 0");
  }

  @Test
  void processCalls() {
    assertThat(line("exit_group", 0, 300)).isEqualTo("exit_group(300) = ?");
    long limits = memory.longs(8192 * 1024, -1);
    assertThat(line("prlimit64", 0, 0, 3, 0, limits))
        .isEqualTo(
            "prlimit64(0, RLIMIT_STACK, NULL,"
                + " {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0");
    assertThat(line("setrlimit", 0, 4, memory.longs(1025, 1024)))
        .isEqualTo("setrlimit(RLIMIT_CORE, {rlim_cur=1025, rlim_max=1024}) = 0");
    assertThat(line("getrlimit", -22, 16, 0x7ff0))
        .startsWith("getrlimit(0x10 /* RLIMIT_??? */, 0x7ff0) = -1");
    byte[] names = new byte[390];
    System.arraycopy("Linux".getBytes(US_ASCII), 0, names, 0, 5);
    System.arraycopy("vm".getBytes(US_ASCII), 0, names, 65, 2);
    assertThat(line("uname", 0, memory.put(names)))
        .isEqualTo("uname({sysname=\"Linux\", nodename=\"vm\", ...}) = 0");
    assertThat(line("sysinfo", 0, memory.struct(112, 0, 3429, 32, 1024, 80, 106, 104, 1)))
        .isEqualTo(
            "sysinfo({uptime=3429, loads=[0, 0, 0], totalram=1024, freeram=0, sharedram=0,"
                + " bufferram=0, totalswap=0, freeswap=0, procs=106, totalhigh=0, freehigh=0,"
                + " mem_unit=1}) = 0");
    assertThat(line("arch_prctl", 0, 0x1002, 0x11380380))
        .isEqualTo("arch_prctl(ARCH_SET_FS, 0x11380380) = 0");
    assertThat(line("arch_prctl", 0, 0x1003, memory.longs(0x2f2cc380)))
        .isEqualTo("arch_prctl(ARCH_GET_FS, [0x2f2cc380]) = 0");
    assertThat(line("arch_prctl", -22, 0x3001, 0))
        .startsWith("arch_prctl(0x3001 /* ARCH_??? */, 0) = -1");
    assertThat(line("rseq", -38, 0x2f2ccca0, 0x20, 0, 0x53053053))
        .isEqualTo("rseq(0x2f2ccca0, 0x20, 0, 0x53053053) = -1 ENOSYS (Function not implemented)");
    assertThat(line("getrandom", 8, memory.text("\364\2qG\267\64\227\205"), 8, 1))
        .isEqualTo("getrandom(\"\\xf4\\x02\\x71\\x47\\xb7\\x34\\x97\\x85\", 8, GRND_NONBLOCK) = 8");
    assertThat(line("sched_getaffinity", 8, 0, 128, memory.longs(3)))
        .isEqualTo("sched_getaffinity(0, 128, [0 1]) = 8");
    assertThat(line("get_robust_list", 0, 0, memory.longs(0x4a82e0), memory.longs(24)))
        .isEqualTo("get_robust_list(0, [0x4a82e0], [24]) = 0");
    assertThat(line("setresuid", 0, -1, 0, -1)).isEqualTo("setresuid(-1, 0, -1) = 0");
    assertThat(line("getresuid", 0, memory.ints(0), memory.ints(1), memory.ints(2)))
        .isEqualTo("getresuid([0], [1], [2]) = 0");
    assertThat(line("personality", 0x40000, 0xffffffffL))
        .isEqualTo("personality(0xffffffff) = 0x40000 (PER_LINUX|ADDR_NO_RANDOMIZE)");
    assertThat(line("sched_getscheduler", 1, 0))
        .isEqualTo("sched_getscheduler(0) = 1 (SCHED_FIFO)");
    assertThat(line("sched_getparam", 0, 0, memory.ints(0)))
        .isEqualTo("sched_getparam(0, [0]) = 0");
  }

  @Test
  void waitAndSocket() {
    assertThat(line("wait4", 14086, -1, memory.ints(0), 0, 0))
        .isEqualTo("wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 14086");
    assertThat(line("wait4", 7, -1, memory.ints(9 | 0x80), 11, 0))
        .isEqualTo(
            "wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL && WCOREDUMP(s)}],"
                + " WNOHANG|WSTOPPED|WCONTINUED, NULL) = 7");
    assertThat(line("wait4", 7, -1, memory.ints(0x137f), 0, 0))
        .startsWith("wait4(-1, [{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}], 0, NULL)");
    assertThat(line("wait4", -10, -1, 0x4aa300, 1, 0))
        .startsWith("wait4(-1, 0x4aa300, WNOHANG, NULL) = -1 ECHILD");
    assertThat(line("socket", -97, 2, 02000001, 0))
        .startsWith("socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = -1 EAFNOSUPPORT");
    assertThat(line("socket", -97, 10, 04002, 17))
        .startsWith("socket(AF_INET6, SOCK_DGRAM|SOCK_NONBLOCK, IPPROTO_UDP) = -1");
    assertThat(line("socket", -22, 99, 77, 88))
        .startsWith("socket(0x63 /* AF_??? */, 0x4d /* SOCK_??? */, 88) = -1");
    assertThat(line("socket", -97, 1, 2, 0)).startsWith("socket(AF_UNIX, SOCK_DGRAM, 0) = -1");
  }

  @Test
  void prctlByOption() {
    long name = memory.string("hello");
    assertThat(line("prctl", 0, 15, name)).isEqualTo("prctl(PR_SET_NAME, \"hello\") = 0");
    assertThat(line("prctl", 0, 15, memory.string("01234567890123456789")))
        .isEqualTo("prctl(PR_SET_NAME, \"012345678901234\"...) = 0");
    assertThat(line("prctl", 0, 16, name)).isEqualTo("prctl(PR_GET_NAME, \"hello\") = 0");
    assertThat(line("prctl", -14, 16, 0x10)).startsWith("prctl(PR_GET_NAME, 0x10) = -1");
    assertThat(line("prctl", 1, 3, 9)).isEqualTo("prctl(PR_GET_DUMPABLE) = 1 (SUID_DUMP_USER)");
    assertThat(line("prctl", 1, 23, 5)).isEqualTo("prctl(PR_CAPBSET_READ, CAP_KILL) = 1");
    assertThat(line("prctl", 0, 39)).isEqualTo("prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) = 0");
    assertThat(line("prctl", 0, 38, 1)).isEqualTo("prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) = 0");
    assertThat(line("prctl", 0, 1, 9)).isEqualTo("prctl(PR_SET_PDEATHSIG, SIGKILL) = 0");
    assertThat(line("prctl", 0, 2, memory.ints(9)))
        .isEqualTo("prctl(PR_GET_PDEATHSIG, [SIGKILL]) = 0");
    assertThat(line("prctl", -22, 999, 1, 2, 3, 4))
        .startsWith("prctl(0x3e7 /* PR_??? */, 0x1, 0x2, 0x3, 0x4) = -1");
    assertThat(line("prctl", -22, 0x53564d41, 0, 0x4a82e0, 4096, memory.string("name")))
        .startsWith("prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x4a82e0, 4096, \"name\") = -1");
  }

  @Test
  void futexByCommand() {
    long micro = memory.longs(0, 1000);
    assertThat(line("futex", -11, 0x7ff8, 0, 1, 0))
        .isEqualTo(
            "futex(0x7ff8, FUTEX_WAIT, 1, NULL) = -1 EAGAIN (Resource temporarily unavailable)");
    assertThat(line("futex", 0, 0x7ff8, 129, 1, 9, 9, 9))
        .isEqualTo("futex(0x7ff8, FUTEX_WAKE_PRIVATE, 1) = 0");
    assertThat(line("futex", -110, 0x7ff8, 137 | 256, 0, micro, 0, 0xffffffffL))
        .startsWith(
            "futex(0x7ff8, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0,"
                + " {tv_sec=0, tv_nsec=1000}, FUTEX_BITSET_MATCH_ANY) = -1 ETIMEDOUT");
    assertThat(line("futex", 0, 0x7ff8, 138, 1, 9, 9, 5))
        .isEqualTo("futex(0x7ff8, FUTEX_WAKE_BITSET_PRIVATE, 1, 0x5) = 0");
    assertThat(line("futex", -38, 0x7ff8, 99, 1, 2, 3, 4))
        .startsWith("futex(0x7ff8, 0x63 /* FUTEX_??? */, 1, 0x2, 0x3, 0x4) = -1 ENOSYS");
    assertThat(line("futex", -11, 0x7ff8, 132, 1, 2, 0x7000, 4))
        .startsWith("futex(0x7ff8, FUTEX_CMP_REQUEUE_PRIVATE, 1, 2, 0x7000, 4) = -1");
  }

  @Test
  void signals() {
    long ignore = memory.longs(1, 0, 0, 0);
    long handler = memory.longs(0x401000, 0x14000104, 0x402000, 0x201);
    assertThat(line("rt_sigaction", 0, 2, ignore, 0, 8))
        .isEqualTo(
            "rt_sigaction(SIGINT, {sa_handler=SIG_IGN, sa_mask=[], sa_flags=0}, NULL, 8) = 0");
    assertThat(line("rt_sigaction", 0, 10, 0, handler, 8))
        .isEqualTo(
            "rt_sigaction(SIGUSR1, NULL, {sa_handler=0x401000, sa_mask=[HUP USR1],"
                + " sa_flags=SA_RESTORER|SA_RESTART|SA_SIGINFO|0x100, sa_restorer=0x402000}, 8)"
                + " = 0");
    assertThat(line("rt_sigaction", -22, 99, ignore, 0, 7))
        .startsWith("rt_sigaction(99, " + hex(ignore) + ", NULL, 7) = -1");
    long set = memory.longs(1L << 1 | 1L << 13 | 1L << 31 | 1L << 33);
    assertThat(line("rt_sigprocmask", 0, 0, set, memory.longs(~(1L << 4)), 8))
        .isEqualTo("rt_sigprocmask(SIG_BLOCK, [INT ALRM RTMIN RT_2], ~[TRAP], 8) = 0");
    assertThat(line("rt_sigprocmask", 0, 2, memory.longs(-1), 0, 8))
        .isEqualTo("rt_sigprocmask(SIG_SETMASK, ~[], NULL, 8) = 0");
    assertThat(line("kill", -3, 99999, 15)).startsWith("kill(99999, SIGTERM) = -1 ESRCH");
    assertThat(line("kill", 0, 0, 0)).isEqualTo("kill(0, 0) = 0");
    assertThat(line("sigaltstack", 0, memory.longs(0x4a82e0, 2, 4096), 0))
        .isEqualTo("sigaltstack({ss_sp=0x4a82e0, ss_flags=SS_DISABLE, ss_size=4096}, NULL) = 0");
    long info = memory.struct(128, 0, 10, 8, -6, 16, 15178);
    assertThat(line("rt_sigtimedwait", 10, memory.longs(0x200), info, 0, 8))
        .isEqualTo(
            "rt_sigtimedwait([USR1], {si_signo=SIGUSR1, si_code=SI_TKILL, si_pid=15178,"
                + " si_uid=0}, NULL, 8) = 10 (SIGUSR1)");
  }

  @Test
  void offsetsThatChange() {
    long offset = memory.longs(3);
    TracedCall call = start("sendfile", 6, 8, offset, 10);
    memory.putAt(offset, new byte[] {13});
    assertThat(end(call, 10)).startsWith("sendfile(6, 8, [3] => [13], 10)").endsWith("= 10");
    assertThat(line("sendfile", -22, 3, 3, offset, 10)).startsWith("sendfile(3, 3, [13], 10) = -1");
    assertThat(line("copy_file_range", -9, 3, offset, 3, 0, 10, 0))
        .startsWith("copy_file_range(3, [13], 3, NULL, 10, 0) = -1 EBADF");
    long how = memory.longs(02000100, 0600, 0xc);
    assertThat(line("openat2", 15, AT_FDCWD, memory.string("f"), how, 24))
        .isEqualTo(
            "openat2(AT_FDCWD, \"f\", {flags=O_RDONLY|O_CREAT|O_CLOEXEC, mode=0600,"
                + " resolve=RESOLVE_NO_SYMLINKS|RESOLVE_BENEATH}, 24) = 15");
    assertThat(line("openat2", -22, AT_FDCWD, memory.string("f"), how, 10))
        .startsWith("openat2(AT_FDCWD, \"f\", " + hex(how) + ", 10) = -1");
  }

  @Test
  void extendedAttributes() {
    assertThat(
            line(
                "getxattr",
                3,
                memory.string("x"),
                memory.string("user.a"),
                memory.text("val"),
                100))
        .isEqualTo("getxattr(\"x\", \"user.a\", \"val\", 100) = 3");
    assertThat(line("flistxattr", 7, 3, 0, 0)).isEqualTo("flistxattr(3, NULL, 0) = 7");
    assertThat(line("setxattr", -95, memory.string("x"), memory.string("y"), 0, 0, 3))
        .startsWith("setxattr(\"x\", \"y\", NULL, 0, XATTR_CREATE|XATTR_REPLACE) = -1");
  }

  @Test
  void callsThatAreNotServed() {
    TracedCall named = decoder.start(57, null, memory, new long[6]);
    named.decodeEntry();
    assertThat(end(named, -38)).startsWith("fork(0, 0, 0, 0, 0, 0) ").contains("= -1 ENOSYS");
    TracedCall unknown = decoder.start(5000, null, memory, new long[] {1, 2, 3, 4, 5, 6});
    unknown.decodeEntry();
    assertThat(end(unknown, -38))
        .isEqualTo(
            "syscall_0x1388(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS (Function not implemented)");
  }

  @Test
  void callsThatNeverReturn() {
    CallText line = new CallText();
    Strace.unfinished(start("clock_nanosleep", 0, 0, memory.longs(5, 0), 0x7ff0), line);
    assertThat(line)
        .hasToString(
            "clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=5, tv_nsec=0},  <unfinished ...>) = ?");
    line = new CallText();
    Strace.unfinished(start("read", 0, 0x7ff0, 4096), line);
    assertThat(line).hasToString("read(0,  <unfinished ...>)              = ?");
    line = new CallText();
    Strace.unfinished(start("pause"), line);
    assertThat(line).hasToString("pause( <unfinished ...>)                = ?");
  }

  @Test
  void signalsThatAreTaken() {
    assertThat(signal(SignalInfo.fault(11, SignalInfo.SEGV_MAPERR, 0x8)))
        .isEqualTo("--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x8} ---");
    assertThat(signal(SignalInfo.sent(15, SignalInfo.SI_USER, 12, 1000)))
        .isEqualTo("--- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=12, si_uid=1000} ---");
    assertThat(signal(SignalInfo.child(SignalInfo.CLD_EXITED, 7, 0, 3, 1, 2)))
        .isEqualTo(
            "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=7, si_uid=0, si_status=3,"
                + " si_utime=1, si_stime=2} ---");
    assertThat(signal(SignalInfo.child(SignalInfo.CLD_KILLED, 7, 0, 9, 0, 0)))
        .contains("si_code=CLD_KILLED")
        .contains("si_status=SIGKILL");
    assertThat(signal(SignalInfo.kernel(14)))
        .isEqualTo("--- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---");
    assertThat(signal(SignalInfo.timer(10, 4, 1, 0x20)))
        .isEqualTo(
            "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_TIMER, si_timerid=0x4, si_overrun=1,"
                + " si_value={sival_int=32, sival_ptr=0x20}} ---");
    assertThat(signal(SignalInfo.sent(11, 77, 1, 2)))
        .isEqualTo("--- SIGSEGV {si_signo=SIGSEGV, si_code=77, si_addr=0x200000001} ---");
  }

  private static String signal(SignalInfo info) {
    return Strace.signal(info, new CallText()).toString();
  }

  @Test
  void lastLines() {
    assertThat(Strace.epitaph(new ExitStatus(44, 0), new CallText()))
        .hasToString("+++ exited with 44 +++");
    assertThat(Strace.epitaph(new ExitStatus(0, 11), new CallText()))
        .hasToString("+++ killed by SIGSEGV +++");
  }
}
