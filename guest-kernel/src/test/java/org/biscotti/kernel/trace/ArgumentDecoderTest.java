package org.biscotti.kernel.trace;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.Random;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.SyscallNames;
import org.biscotti.kernel.syscall.Syscall;
import org.biscotti.kernel.syscall.SyscallTable;
import org.junit.jupiter.api.Test;

/** Every row of the table decodes, whatever the program passes. */
class ArgumentDecoderTest {
  /** Two paths of 4,095 bytes with four characters each are the longest that a line can hold. */
  private static final int LINE_MAX = 40_000;

  private static final long SEED = 20250101;

  private static final long[] HOSTILE = {
    0,
    1,
    -1,
    2,
    8,
    77,
    4096,
    65536,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    0xffff_ffffL,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    0x7fff_ffff_fff8L,
    0x8000_0000_0000L,
    -8,
    -4096,
    1L << 40
  };

  /** How many arguments calls have, by their man pages; those that are not here have two. */
  private static final Map<String, Integer> ARGUMENTS =
      Map.ofEntries(
          entry("read", 3),
          entry("write", 3),
          entry("open", 3),
          entry("close", 1),
          entry("poll", 3),
          entry("lseek", 3),
          entry("mmap", 6),
          entry("mprotect", 3),
          entry("brk", 1),
          entry("rt_sigaction", 4),
          entry("rt_sigprocmask", 4),
          entry("rt_sigreturn", 0),
          entry("ioctl", 3),
          entry("pread64", 4),
          entry("pwrite64", 4),
          entry("readv", 3),
          entry("writev", 3),
          entry("pipe", 1),
          entry("select", 5),
          entry("sched_yield", 0),
          entry("mremap", 5),
          entry("msync", 3),
          entry("mincore", 3),
          entry("madvise", 3),
          entry("dup", 1),
          entry("pause", 0),
          entry("alarm", 1),
          entry("setitimer", 3),
          entry("getpid", 0),
          entry("sendfile", 4),
          entry("socket", 3),
          entry("clone", 5),
          entry("fork", 0),
          entry("vfork", 0),
          entry("execveat", 5),
          entry("execve", 3),
          entry("exit", 1),
          entry("wait4", 4),
          entry("waitid", 5),
          entry("uname", 1),
          entry("fcntl", 3),
          entry("fsync", 1),
          entry("fdatasync", 1),
          entry("getdents", 3),
          entry("chdir", 1),
          entry("fchdir", 1),
          entry("rmdir", 1),
          entry("unlink", 1),
          entry("readlink", 3),
          entry("chown", 3),
          entry("fchown", 3),
          entry("lchown", 3),
          entry("umask", 1),
          entry("sysinfo", 1),
          entry("times", 1),
          entry("getuid", 0),
          entry("getgid", 0),
          entry("setuid", 1),
          entry("setgid", 1),
          entry("geteuid", 0),
          entry("getegid", 0),
          entry("getppid", 0),
          entry("getpgrp", 0),
          entry("setsid", 0),
          entry("setresuid", 3),
          entry("getresuid", 3),
          entry("setresgid", 3),
          entry("getresgid", 3),
          entry("getpgid", 1),
          entry("setfsuid", 1),
          entry("setfsgid", 1),
          entry("getsid", 1),
          entry("rt_sigtimedwait", 4),
          entry("rt_sigqueueinfo", 3),
          entry("signalfd", 3),
          entry("signalfd4", 4),
          entry("rt_tgsigqueueinfo", 4),
          entry("timer_create", 3),
          entry("timer_settime", 4),
          entry("timer_getoverrun", 1),
          entry("timer_delete", 1),
          entry("mknod", 3),
          entry("personality", 1),
          entry("setpriority", 3),
          entry("sched_setscheduler", 3),
          entry("sched_getscheduler", 1),
          entry("sched_get_priority_max", 1),
          entry("sched_get_priority_min", 1),
          entry("mlockall", 1),
          entry("munlockall", 0),
          entry("prctl", 5),
          entry("ptrace", 4),
          entry("chroot", 1),
          entry("sync", 0),
          entry("gettid", 0),
          entry("readahead", 3),
          entry("setxattr", 5),
          entry("lsetxattr", 5),
          entry("fsetxattr", 5),
          entry("getxattr", 4),
          entry("lgetxattr", 4),
          entry("fgetxattr", 4),
          entry("listxattr", 3),
          entry("llistxattr", 3),
          entry("flistxattr", 3),
          entry("time", 1),
          entry("futex", 6),
          entry("sched_setaffinity", 3),
          entry("sched_getaffinity", 3),
          entry("getdents64", 3),
          entry("set_tid_address", 1),
          entry("fadvise64", 4),
          entry("clock_nanosleep", 4),
          entry("exit_group", 1),
          entry("tgkill", 3),
          entry("openat", 4),
          entry("mkdirat", 3),
          entry("mknodat", 4),
          entry("fchownat", 5),
          entry("futimesat", 3),
          entry("newfstatat", 4),
          entry("unlinkat", 3),
          entry("renameat", 4),
          entry("linkat", 5),
          entry("symlinkat", 3),
          entry("readlinkat", 4),
          entry("fchmodat", 3),
          entry("faccessat", 3),
          entry("pselect6", 6),
          entry("ppoll", 5),
          entry("get_robust_list", 3),
          entry("sync_file_range", 4),
          entry("utimensat", 4),
          entry("fallocate", 4),
          entry("dup3", 3),
          entry("preadv", 5),
          entry("pwritev", 5),
          entry("prlimit64", 4),
          entry("syncfs", 1),
          entry("getcpu", 3),
          entry("renameat2", 5),
          entry("getrandom", 3),
          entry("mlock2", 3),
          entry("copy_file_range", 6),
          entry("preadv2", 6),
          entry("pwritev2", 6),
          entry("eventfd", 1),
          entry("timerfd_settime", 4),
          entry("epoll_create", 1),
          entry("splice", 6),
          entry("tee", 4),
          entry("vmsplice", 4),
          entry("inotify_init", 0),
          entry("inotify_add_watch", 3),
          entry("inotify_init1", 1),
          entry("connect", 3),
          entry("accept", 3),
          entry("sendto", 6),
          entry("recvfrom", 6),
          entry("sendmsg", 3),
          entry("recvmsg", 3),
          entry("bind", 3),
          entry("getsockname", 3),
          entry("getpeername", 3),
          entry("socketpair", 4),
          entry("setsockopt", 5),
          entry("getsockopt", 5),
          entry("accept4", 4),
          entry("recvmmsg", 5),
          entry("sendmmsg", 4),
          entry("epoll_create1", 1),
          entry("epoll_ctl", 4),
          entry("epoll_wait", 4),
          entry("epoll_pwait", 6),
          entry("epoll_pwait2", 6),
          entry("pkey_mprotect", 4),
          entry("statx", 5),
          entry("rseq", 4),
          entry("close_range", 3),
          entry("openat2", 4),
          entry("faccessat2", 4),
          entry("fchmodat2", 4));

  private final SyscallTable table = new SyscallTable();
  private final ArgumentDecoder decoder = new ArgumentDecoder();

  @Test
  void everyRowHasKnownWordsForAllItsArguments() {
    assertThat(table.rows()).isNotEmpty();
    for (Syscall row : table.rows()) {
      Signature signature = Signature.parse(row.arguments());
      assertThat(signature.words())
          .as("words for %s: %s (how many there must be: ARGUMENTS)", row.name(), row.arguments())
          .hasSize(ARGUMENTS.getOrDefault(row.name(), 2));
    }
  }

  @Test
  void everyRowDecodesHostileArguments() {
    Random random = new Random(SEED);
    for (Syscall row : table.rows()) {
      for (int i = 0; i < 200; i++) {
        decode(row, hostile(random), random);
      }
    }
  }

  @Test
  void everyNumberDecodes() {
    Random random = new Random(SEED);
    FakeMemory memory = new FakeMemory();
    for (long number = -1; number <= SyscallNames.count(); number++) {
      TracedCall call = decoder.start(number, null, memory, hostile(random));
      call.decodeEntry();
      assertThat(finish(call, -Errno.ENOSYS)).endsWith("ENOSYS (Function not implemented)");
    }
  }

  private static long[] hostile(Random random) {
    long[] arguments = new long[6];
    for (int i = 0; i < arguments.length; i++) {
      arguments[i] =
          switch (random.nextInt(3)) {
            case 0 -> HOSTILE[random.nextInt(HOSTILE.length)];
            case 1 -> random.nextLong();
            default -> random.nextInt(300);
          };
    }
    return arguments;
  }

  /** With memory in which every address holds garbage, and with memory that ends here and there. */
  private void decode(Syscall row, long[] arguments, Random random) {
    byte[] garbage = new byte[64];
    random.nextBytes(garbage);
    int[] longest = {0};
    int holes = random.nextInt(3);
    TracedMemory memory =
        (gva, to, offset, length) -> {
          longest[0] = Math.max(longest[0], length);
          for (int i = 0; i < length; i++) {
            if (holes > 0 && ((gva + i) >>> 3) % 7 < holes) {
              return i;
            }
            to[offset + i] = garbage[(int) (gva + i) & 63];
          }
          return length;
        };
    long result =
        switch (random.nextInt(3)) {
          case 0 -> -Errno.EINTR;
          case 1 -> random.nextInt(100_000);
          default -> random.nextLong();
        };
    TracedCall call = decoder.start(row.number(), row, memory, arguments);
    call.decodeEntry();
    CallText unfinished = new CallText();
    Strace.unfinished(call, unfinished);
    String line = finish(call, result);
    assertThat(line).startsWith(row.name() + "(").hasSizeLessThan(LINE_MAX);
    assertThat(line.chars().allMatch(c -> c >= ' ' && c < 0x7f)).as(line).isTrue();
    assertThat(unfinished.length()).isLessThan(LINE_MAX);
    assertThat(longest[0]).isLessThanOrEqualTo(4096);
  }

  private static String finish(TracedCall call, long result) {
    call.decodeReturn(result);
    CallText line = new CallText();
    Strace.finished(call, line);
    return line.toString();
  }

  @Test
  void directoryEntriesOfNoLengthDoNotLoop() {
    Syscall getdents = table.find(217);
    TracedCall call =
        decoder.start(
            217, getdents, (gva, to, offset, length) -> length, new long[] {3, 4096, 99, 0, 0, 0});
    call.decodeEntry();
    assertThat(finish(call, Integer.MAX_VALUE)).contains("0x1000 /* 0 entries */");
  }

  @Test
  void anEndlessArrayOfStringsIsCut() {
    ByteBuffer pointers = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    while (pointers.hasRemaining()) {
      pointers.putLong(0x5000);
    }
    FakeMemory memory = new FakeMemory();
    memory.putAt(0x4000, pointers.array());
    memory.putAt(0x5000, new byte[] {'x', 0});
    CallText out = new CallText();
    TracedCall call =
        new TracedCall("execve", Signature.parse("strings"), memory, new long[] {0x4000});
    Sequences.strings(call, 0, out);
    assertThat(out.toString()).startsWith("[\"x\", \"x\",").endsWith(", ...]");
  }

  @Test
  void unknownWordsAreRefused() {
    for (String word :
        new String[] {
          "nonsense",
          "flags:nonsense",
          "enum:open",
          "struct:nonsense:in",
          "struct:iovec:in",
          "struct:stat:sideways",
          "buf:in",
          "int:9",
          "=nonsense",
          "=enum:nonsense"
        }) {
      assertThatThrownBy(() -> Signature.parse(word))
          .as(word)
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> Signature.parse("int int int int int int int"))
        .hasMessageContaining("more than six");
  }
}
