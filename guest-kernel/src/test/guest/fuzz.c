/*
 * A seeded fuzzer of the system call interface: N random calls with hostile arguments.
 *
 *   fuzz SEED COUNT [-v]
 *   fuzz: seed=S calls=N succeeded=N errno_checksum=XXXXXXXX
 *
 * Works in the current directory, which should be empty, with relative names of its own only; what
 * it makes there it removes. Calls in the table get arguments of the right kind most of the time, so
 * that they come past the first check; one call in six has any number up to 600, or an absurd one,
 * with anything as arguments, unless calls.h forbids it. -v prints each call before it is made.
 *
 * What it may not wreck: its own text, stack, data and thread pointer. So pointers to write through
 * come from an arena, which alone is unmapped, protected, remapped and advised at random; names
 * come from pages that no call can write; and time-outs from a fixed list. Nothing that it opens
 * waits: pipes, sockets and counters are made so. Natively it is for an
 * ordinary user: root's calls change the mode of /dev/null and /dev/zero for everybody.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"

enum {
  PAGE = 4096,
  ARENA_PAGES = 64,
  CONSTANT_PAGES = 16, /* read-only after the start; the page behind them is not there */
  FD_LIMIT = 48,       /* descriptors 3 to 47 are closed and reopened at random */
  OPENED = 14,         /* of those, 3 to 13 are open after housekeeping */
  ROOT_FD = 200,       /* the directory it started in */
  ERRNO_COUNT = 4096,
  HOUSEKEEPING = 512,  /* calls between cleaning up */
};

/* What an argument of a call is; the letters are those of the table below. */
enum kind {
  FD = 'd', DIRECTORY = 'D', PATH = 'p', BUFFER = 'b', LENGTH = 'l', SMALL = 's', INT = 'i',
  FLAGS = 'f', OFFSET = 'o', OPEN_FLAGS = 'O', MODE = 'm', VECTOR = 'v', VECTOR_COUNT = 'n',
  WHENCE = 'w', TIMEOUT = 't', CLOCK = 'c', ARENA = 'A', ARENA_LENGTH = 'L', PROTECTION = 'P',
  MAP_FLAGS = 'M', ADVICE = 'a', REMAP_FLAGS = 'R', FCNTL = 'F', FUTEX = 'x', SIGNAL = 'g',
  INVALID = 'X', MILLISECONDS = 'T', SELF = 'S', PRCTL = 'r', ARCH = 'C', LOCK = 'k', IOCTL = 'I',
  KEEP_ID = 'u', RESERVE = 'V', RESERVE_LENGTH = 'e', BREAK = 'B', NODE_MODE = 'N', NULL_OR_BAD = '0',
  PROBE_SIGNAL = 'G', AT_FLAGS = '@', FREE_FD = 'q', DOMAIN = 'y', SLEEP_CLOCK = 'h', MICROSECONDS = 'W', OPEN_HOW = 'H',
  HOW_SIZE = 'E', NULL_OR_BUFFER = 'j', NOT_WAITING = 'K', SOCKET_KIND = 'Y', LOCAL = 'U', SET_SIZE = 'z',
  NEW_OR_FD = 'Z', EPOLL_OPERATION = 'J',
};

struct call {
  short number;
  const char *name, *arguments;
};

#define CALL(name, arguments) {SYS_##name, #name, arguments}
static const struct call CALLS[] = {
    CALL(read, "dbl"), CALL(write, "dbl"), CALL(pread64, "dblo"), CALL(pwrite64, "dblo"),
    CALL(readv, "dvn"), CALL(writev, "dvn"), CALL(preadv, "dvno"), CALL(pwritev, "dvno"),
    CALL(preadv2, "dvnoif"), CALL(pwritev2, "dvnoif"), CALL(lseek, "dow"),
    CALL(open, "pOm"), CALL(open, "pOm"), CALL(openat, "DpOm"), CALL(openat, "DpOm"),
    CALL(openat2, "DpHs"), CALL(openat2, "DpHE"), CALL(creat, "pm"), CALL(close, "d"), CALL(dup, "d"), CALL(dup2, "dq"),
    CALL(dup3, "dqf"), CALL(fcntl, "dFi"), CALL(ioctl, "dIb"), CALL(flock, "dk"),
    CALL(close_range, "Iii"), CALL(memfd_create, "pf"),
    CALL(stat, "pb"), CALL(lstat, "pb"), CALL(fstat, "db"), CALL(newfstatat, "Dpb@"),
    CALL(statx, "Dp@fb"), CALL(statfs, "pb"), CALL(fstatfs, "db"), CALL(access, "pi"),
    CALL(faccessat, "Dpi"), CALL(faccessat2, "Dpi@"), CALL(readlink, "pbl"), CALL(readlinkat, "Dpbl"),
    CALL(getdents64, "dbl"), CALL(getdents, "dbl"), CALL(getcwd, "bl"), CALL(chdir, "p"),
    CALL(fchdir, "d"), CALL(mkdir, "pm"), CALL(mkdirat, "Dpm"), CALL(rmdir, "p"), CALL(unlink, "p"),
    CALL(unlinkat, "Dp@"), CALL(rename, "pp"), CALL(renameat, "DpDp"), CALL(renameat2, "DpDpf"),
    CALL(link, "pp"), CALL(linkat, "DpDp@"), CALL(symlink, "pp"), CALL(symlinkat, "pDp"),
    CALL(mknod, "pNi"), CALL(mknodat, "DpNi"), CALL(truncate, "po"), CALL(ftruncate, "do"),
    CALL(fallocate, "dfVe"), CALL(chmod, "pm"), CALL(fchmod, "dm"), CALL(fchmodat, "Dpm"),
    {452, "fchmodat2", "Dpm@"}, CALL(chown, "puu"), CALL(lchown, "puu"), CALL(fchown, "duu"),
    CALL(fchownat, "Dpuu@"), CALL(utimensat, "Dpb@"), CALL(utime, "pb"), CALL(utimes, "pb"),
    CALL(futimesat, "Dpb"), CALL(umask, "m"), CALL(fsync, "d"), CALL(fdatasync, "d"),
    CALL(sync_file_range, "dVsf"), CALL(fadvise64, "dolf"), CALL(readahead, "dos"),
    CALL(sendfile, "ddjs"), CALL(copy_file_range, "djdjsf"), CALL(splice, "djdjsf"),
    CALL(tee, "ddsf"), CALL(setxattr, "ppbsf"), CALL(lsetxattr, "ppbsf"), CALL(fsetxattr, "dpbsf"),
    CALL(getxattr, "ppbl"), CALL(lgetxattr, "ppbl"), CALL(fgetxattr, "dpbl"),
    CALL(listxattr, "pbl"), CALL(llistxattr, "pbl"), CALL(flistxattr, "dbl"),
    CALL(removexattr, "pp"), CALL(lremovexattr, "pp"), CALL(fremovexattr, "dp"),
    {463, "setxattrat", "Dp@pXs"}, {464, "getxattrat", "Dp@pXs"}, {465, "listxattrat", "Dp@bl"},
    {466, "removexattrat", "Dp@p"}, {468, "file_getattr", "DpXs@"}, {469, "file_setattr", "DpXs@"},
    CALL(inotify_add_watch, "dpf"), CALL(inotify_rm_watch, "di"), {451, "cachestat", "dXbf"},
    CALL(mmap, "ALPMdo"), CALL(mmap, "ALPMdo"), CALL(munmap, "AL"), CALL(mprotect, "ALP"),
    CALL(mremap, "ALLRA"), CALL(madvise, "ALa"), CALL(msync, "ALf"), CALL(mincore, "ALb"),
    CALL(mlock, "AL"), CALL(mlock2, "ALf"), CALL(munlock, "AL"), CALL(munlockall, ""),
    CALL(remap_file_pages, "ALiii"), CALL(pkey_mprotect, "ALPi"), CALL(pkey_alloc, "ii"),
    CALL(pkey_free, "i"), CALL(mbind, "ALiXif"), CALL(get_mempolicy, "bXiXf"),
    CALL(set_mempolicy, "iXi"), {450, "set_mempolicy_home_node", "ALif"}, CALL(brk, "B"),
    CALL(clock_gettime, "cb"), CALL(clock_getres, "cb"), CALL(gettimeofday, "bb"), CALL(time, "b"),
    CALL(nanosleep, "tb"), CALL(clock_nanosleep, "hftb"), CALL(getcpu, "bbb"), CALL(times, "b"),
    CALL(getrusage, "ib"), CALL(uname, "b"), CALL(sysinfo, "b"), CALL(getrandom, "blf"),
    CALL(getrlimit, "ib"), CALL(setrlimit, "i0"), CALL(prlimit64, "Si0b"),
    CALL(getpid, ""), CALL(gettid, ""), CALL(getppid, ""), CALL(getuid, ""), CALL(geteuid, ""),
    CALL(getgid, ""), CALL(getegid, ""), CALL(getpgrp, ""), CALL(getpgid, "S"), CALL(getsid, "S"),
    CALL(getresuid, "bbb"), CALL(getresgid, "bbb"), CALL(getgroups, "sb"), CALL(setuid, "u"),
    CALL(setgid, "u"), CALL(setreuid, "uu"), CALL(setregid, "uu"), CALL(setresuid, "uuu"),
    CALL(setresgid, "uuu"), CALL(setfsuid, "u"), CALL(setfsgid, "u"), CALL(setgroups, "iX"),
    CALL(capget, "bb"), CALL(capset, "XX"), CALL(getpriority, "ii"), CALL(ioprio_get, "ii"),
    CALL(sched_yield, ""), CALL(sched_getaffinity, "Slb"), CALL(sched_setaffinity, "SlX"),
    CALL(sched_getscheduler, "S"), CALL(sched_getparam, "Sb"), CALL(sched_getattr, "Sblf"),
    CALL(sched_get_priority_max, "i"), CALL(sched_get_priority_min, "i"),
    CALL(sched_rr_get_interval, "Sb"), CALL(rt_sigaction, "g0bs"), CALL(rt_sigprocmask, "ibbs"),
    CALL(rt_sigpending, "bs"), CALL(rt_sigtimedwait, "bbts"), CALL(sigaltstack, "bb"),
    CALL(kill, "SG"), CALL(tgkill, "SSG"), CALL(futex, "AxitAi"), CALL(set_tid_address, "A"),
    CALL(set_robust_list, "Xl"), CALL(get_robust_list, "Sbb"), CALL(membarrier, "if"),
    CALL(prctl, "rbiii"), CALL(arch_prctl, "Cb"), CALL(kcmp, "SSiii"), CALL(wait4, "SbGb"),
    CALL(waitid, "iSbGb"), CALL(poll, "bsT"), CALL(ppoll, "bstbs"), CALL(select, "sbbbW"),
    CALL(pselect6, "sbbbtX"), CALL(epoll_ctl, "dJdb"), CALL(epoll_wait, "dbiT"),
    CALL(epoll_pwait, "dbiTXs"), {441, "epoll_pwait2", "dbitXs"}, CALL(epoll_create, "i"),
    CALL(epoll_create1, "f"), CALL(pipe2, "bK"), CALL(pipe2, "bK"), CALL(eventfd2, "sK"),
    CALL(timerfd_create, "cK"), CALL(timerfd_settime, "dfbb"), CALL(timerfd_gettime, "db"),
    CALL(signalfd4, "ZbzK"), CALL(socketpair, "UYib"), CALL(socketpair, "UYib"),
    CALL(socket, "yii"), CALL(bind, "dbl"), CALL(connect, "dbl"),
    CALL(listen, "di"), CALL(accept, "dbb"), CALL(accept4, "dbbf"), CALL(sendto, "dblfbl"),
    CALL(recvfrom, "dblfbb"), CALL(sendmsg, "dbf"), CALL(recvmsg, "dbf"), CALL(sendmmsg, "dbif"),
    CALL(recvmmsg, "dbift"), CALL(shutdown, "di"), CALL(getsockname, "dbb"), CALL(getpeername, "dbb"),
    CALL(getsockopt, "diibb"), CALL(setsockopt, "diibl"), CALL(getitimer, "ib"),
    CALL(mq_notify, "dX"), CALL(mq_getsetattr, "dXb"), CALL(sysfs, "iXb"), CALL(uselib, "X"),
    CALL(ustat, "ib"), CALL(restart_syscall, ""), CALL(set_thread_area, "X"),
    CALL(get_thread_area, "X"),
};

static uint64_t state;
static int verbose;
static unsigned char *arena, *constants, *constants_end, *no_access;
static uintptr_t first_break;
static pid_t self;
static uid_t user;
static unsigned long histogram[ERRNO_COUNT], succeeded;

/* Where in the constants things are. */
enum { NAME_BYTES = 512, NAME_COUNT = 32, HOWS_AT = 9 * PAGE, TIMEOUTS_AT = 10 * PAGE, VECTORS_AT = 11 * PAGE };

/* xorshift64*: any seed but 0 gives the same calls on every machine. */
static uint64_t next_random(void) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545f4914f6cdd1dUL;
}

static unsigned below(unsigned limit) { return (unsigned)((next_random() >> 33) % limit); }
static int chance(unsigned one_in) { return below(one_in) == 0; }

#define PICK(...)                                                    \
  ({                                                                 \
    static const unsigned long choices[] = {__VA_ARGS__};            \
    choices[below(sizeof choices / sizeof choices[0])];              \
  })

/* An address where a program has nothing: every one must be EFAULT or EINVAL, nothing else. */
static unsigned long bad_pointer(void) {
  switch (below(8)) {
    case 0: return 0;
    case 1: return 1 + below(4095);
    case 2: return 0x7f8000000000 + (unsigned long)below(0x20) * PAGE + below(2) * below(PAGE);
    case 3: return PICK(0x8000000000000000, 0x800000000000, 0xffff800000000000, 0xffff7fffffffffff,
                        0xffffffffff600000, -1UL, -8UL, -4096UL, 0x7fffffffffff, 0x7fffffffeff8);
    case 4: return (unsigned long)constants_end + below(PAGE);
    case 5: return (unsigned long)no_access + below(PAGE);
    case 6: return (unsigned long)constants_end - 1 - below(3); /* begins well, ends in nothing */
    default: return PICK(0x7f8000006000, 0x7f7ffffffffe, 0x7f7fffffffff, 0x10000);
  }
}

/* Somewhere in the arena; near the end of a page a third of the time. */
static unsigned long arena_pointer(void) {
  unsigned long page = (unsigned long)arena + (unsigned long)below(ARENA_PAGES) * PAGE;
  switch (below(3)) {
    case 0: return page;
    case 1: return page + PAGE - 1 - below(32);
    default: return page + (below(PAGE) & ~(chance(4) ? 0U : 7U));
  }
}

static unsigned long buffer(void) {
  if (chance(4)) return bad_pointer();
  return chance(10) ? (unsigned long)constants + below(CONSTANT_PAGES * PAGE) : arena_pointer();
}

static unsigned long name(void) {
  if (chance(12)) return bad_pointer();
  return (unsigned long)constants + (unsigned long)below(NAME_COUNT) * NAME_BYTES;
}

static unsigned long any_integer(void) {
  unsigned long value = PICK(0, 1, 2, 3, 7, 8, 0x10, 0x40, 0x7f, 0xff, 0x100, 0xfff, 0x1000, 0x7fffffff,
                             0x80000000, 0xffffffff, -1UL, -2UL, 0x7fffffffffffffff, 0x8000000000000000);
  if (chance(3)) value = next_random() >> below(64);
  /* Never by chance an address of the program's own text, data, heap or stack. */
  return value >= 0x400000 && value < 0x7f8000000000 && value > 0xffffffff ? value | 1UL << 62
         : value >= 0x400000 && value < 0x7fffffff                         ? value | 1UL << 62
                                                                           : value;
}

static unsigned long any_value(void) {
  switch (below(4)) {
    case 0: return bad_pointer();
    case 1: return arena_pointer();
    default: return any_integer();
  }
}

static unsigned long descriptor(void) {
  if (chance(12)) return PICK(-1UL, 0x7fffffff, 0x80000000, 1000, 0xffffffff00000003, -100UL);
  return chance(8) ? below(3) : 3 + below(chance(3) ? FD_LIMIT - 3 : OPENED - 3);
}

static unsigned long length(void) {
  return chance(3) ? PICK(-1UL, 0x7fffffff, 0x7ffff000, 0x80000000, 0x7fffffffffffffff, 0x100000000)
                   : below(chance(2) ? 64 : 3 * PAGE);
}

static unsigned long break_address(void) {
  switch (below(4)) {
    case 0: return 0;
    case 1: return first_break;
    case 2: return PICK(1, -1UL, 0x7f8000000000, 0x7f7ffffff000, 0x8000000000000000);
    default: return first_break + below(1 << 20);
  }
}

static unsigned long argument(char kind) {
  switch ((enum kind)kind) {
    case FD: return descriptor();
    case FREE_FD: return chance(6) ? PICK(-1UL, 0x7fffffff, 0x80000000, 1UL << 20) : 3 + below(FD_LIMIT - 3);
    case DIRECTORY: return chance(2) ? (unsigned long)AT_FDCWD : descriptor();
    case PATH: return name();
    case BUFFER: return buffer();
    case LENGTH: return length();
    case SMALL: return below(chance(2) ? 16 : 8192);
    case INT: return any_integer();
    case FLAGS: return chance(2) ? 0 : chance(2) ? 1UL << below(32) : any_integer();
    case OFFSET: return chance(4) ? any_integer() : below(1 << 20);
    case OPEN_FLAGS:
      return below(4) | (chance(2) ? O_CREAT : 0) | (chance(6) ? O_TRUNC : 0) | (chance(8) ? O_APPEND : 0) |
             (chance(8) ? O_EXCL : 0) | (chance(8) ? O_DIRECTORY : 0) | (chance(8) ? O_NOFOLLOW : 0) |
             (chance(10) ? O_PATH : 0) | (chance(10) ? O_TMPFILE : 0) | (chance(20) ? 1U << below(31) : 0) |
             O_NONBLOCK;
    case MODE: return chance(2) ? 0755 : next_random() & 07777;
    case NODE_MODE: return S_IFREG | below(01000);
    case VECTOR: return chance(4) ? buffer() : (unsigned long)constants + VECTORS_AT + 16 * below(256);
    case VECTOR_COUNT: return chance(6) ? PICK(0, 1024, 1025, -1UL, 0x7fffffff, 0x10000000) : below(9);
    case WHENCE: return chance(8) ? any_integer() : below(5);
    case TIMEOUT:
      return chance(4) ? (bad_pointer() | 1) : (unsigned long)constants + TIMEOUTS_AT + 16 * below(8);
    case MILLISECONDS: return below(2);
    case CLOCK: return chance(6) ? any_integer() : below(12);
    case ARENA:
      return chance(8) ? PICK(0x7f8000000000, 0x7f7ffffff000, 0x8000000000000000, -4096UL, 0x1000, 1)
                       : arena_pointer() & ~(chance(8) ? 0UL : 4095UL);
    case ARENA_LENGTH:
      return chance(8) ? PICK(0, -1UL, 1UL << 47, 1UL << 48, 0x7fffffffffffffff, -4096UL)
                       : 1 + below(chance(2) ? PAGE : 8 * PAGE);
    case PROTECTION: return chance(8) ? any_integer() : below(8);
    case MAP_FLAGS: return chance(3) ? MAP_SHARED : MAP_PRIVATE | (chance(2) ? MAP_ANONYMOUS : 0);
    case REMAP_FLAGS: return chance(8) ? any_integer() : below(4);
    case ADVICE: return chance(3) ? 4 : PICK(0, 1, 2, 3, 4, 5, 8, 10, 11, 14, 15, 20, 21, 22, 23, 26, 77, -1UL);
    case FCNTL: /* without F_SETLKW, F_OFD_SETLKW, F_SETSIG, F_SETLEASE, F_NOTIFY: they wait or signal */
      return PICK(F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_GETLK, F_SETLK, F_GETOWN, 1032,
                  1034, 0x7777, -1UL);
    case FUTEX:
      return PICK(FUTEX_WAIT, FUTEX_WAIT_PRIVATE, FUTEX_WAKE, FUTEX_WAKE_PRIVATE, FUTEX_REQUEUE,
                  FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP, FUTEX_WAKE_BITSET, 99, 0x80000000, -1UL);
    case SIGNAL: return chance(4) ? any_integer() : below(70);
    case PROBE_SIGNAL: return PICK(0, 1 | 0x1000, 65, 1000, -1UL, 0x80000000); /* none is delivered; WNOHANG */
    case INVALID: return bad_pointer();
    case NULL_OR_BAD: /* never readable: a limit or a handler that is set would be the end */
      return chance(2) ? 0 : PICK(1, 8, 0x7f8000000000, 0x7f8000006000, 0x8000000000000000, -8UL);
    case SELF: return chance(2) ? (unsigned long)self : PICK(0x3fffffff, 0x7fffffff, 0x7ffffff0);
    case PRCTL: /* PR_GET_*, PR_SET_NAME, and none at all */
      return PICK(2, 3, 5, 7, 11, 13, 15, 16, 19, 21, 23, 25, 27, 30, 37, 39, 40, 42, 0x7777777, -1UL);
    case ARCH: return PICK(0x1003, 0x1004, 0x1011, 0x1021, 0x1022, 0x7777777, -1UL); /* get only */
    case LOCK: return PICK(1 | 4, 2 | 4, 8 | 4, 4, 0x100 | 4);
    case IOCTL: /* of terminals, FIONREAD, FIOCLEX, FIONBIO, and none */
      return PICK(0x5401, 0x5402, 0x5413, 0x541b, 0x5451, 0x5421, 0x540f, 0xdeadbeef, 0xffffffff, 0x80000000);
    case KEEP_ID: return chance(2) ? -1UL : user;
    case RESERVE: return chance(4) ? PICK(-1UL, 1UL << 62, 0x7fffffffffffffff) : below(1 << 20);
    case RESERVE_LENGTH: return chance(4) ? PICK(0, -1UL, 0x7fffffffffffffff) : 1 + below(1 << 18);
    case BREAK: return break_address();
    case AT_FLAGS:
      return chance(2) ? 0 : PICK(AT_SYMLINK_NOFOLLOW, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH, 0x8000, -1UL);
    case DOMAIN: return 100 + below(1000); /* no such protocol family */
    case OPEN_HOW: return chance(4) ? bad_pointer() : (unsigned long)constants + HOWS_AT + 24 * below(8);
    case HOW_SIZE: return 24;
    case NULL_OR_BUFFER: return chance(2) ? 0 : buffer();
    case SLEEP_CLOCK: return PICK(0, 1, 7, 11, 99, 100); /* no CPU-time clock: it stands still asleep */
    case NOT_WAITING: /* the bit that O_, EFD_, TFD_ and SFD_NONBLOCK are */
      return O_NONBLOCK | (chance(3) ? O_CLOEXEC : 0) | (chance(12) ? 1UL << below(64) : 0);
    case SOCKET_KIND: return SOCK_NONBLOCK | PICK(SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, 9);
    case LOCAL: return chance(8) ? any_integer() : AF_UNIX;
    case SET_SIZE: return chance(8) ? any_integer() : 8;
    case NEW_OR_FD: return chance(2) ? -1UL : descriptor();
    case EPOLL_OPERATION: return chance(8) ? any_integer() : 1 + below(3);
    case MICROSECONDS: /* a struct timeval, in which a large second word is a long time */
      return (unsigned long)constants + TIMEOUTS_AT + 16 * PICK(0, 1, 2, 4, 6, 7);
  }
  abort(); /* a letter in the table that is no kind */
}

static void fill_constants(void) {
  static const char *const names[] = {
      "a", "b", "c", "d", "d/a", "d/b", "d/d", "d/d/a", "e", "e/x", "l", "l/a", "d/", "a/", ".", "./a",
      "d//a", "./d/./d", "", "user.x", "user.", "absent/x", "a/b/c", "n", "n/n/n", "e/", "f", "g", "h",
  };
  char *p = (char *)constants;
  for (int i = 0; i < NAME_COUNT; i++, p += NAME_BYTES) {
    if (i < (int)(sizeof names / sizeof names[0])) strcpy(p, names[i]);
    else memset(p, 'n', i == NAME_COUNT - 1 ? 255 : 256); /* the longest name, and one too long */
  }
  const struct timespec times[8] = {{0, 0}, {0, 1}, {0, 1000}, {0, 100000}, {0, -1}, {0, 1000000000}, {-1, 0}, {0, 50}};
  memcpy(constants + TIMEOUTS_AT, times, sizeof times);
  const uint64_t hows[8][3] = {/* flags, mode, resolve: openat2(2) */
      {O_RDWR, 0, 0}, {O_RDWR | O_CREAT, 0644, 8}, {O_RDONLY, 0, 4}, {O_PATH, 0, 16},
      {O_RDONLY, 0644, 0}, {-1UL, 0, 0}, {O_RDWR, 0, 0x8000}, {O_CREAT | O_RDWR, 0600, 1 | 2}};
  memcpy(constants + HOWS_AT, hows, sizeof hows);
  struct iovec *vectors = (struct iovec *)(constants + VECTORS_AT);
  for (int i = 0; i < 256 + 16; i++)
    vectors[i] = (struct iovec){(void *)buffer(), chance(16) ? -1UL : below(2 * PAGE)};
  memset(constants_end - 64, 'z', 64);
}

static void *map_at(void *address, size_t bytes, int protection) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | (address ? MAP_FIXED : 0);
  void *p = mmap(address, bytes, protection, flags, -1, 0);
  if (p == MAP_FAILED) {
    perror("fuzz: mmap");
    exit(1);
  }
  return p;
}

/* The arena: readable and writable, with read-only, inaccessible and missing pages in it. */
static void reset_arena(void) {
  map_at(arena, ARENA_PAGES * PAGE, PROT_READ | PROT_WRITE);
  mprotect(arena + 10 * PAGE, PAGE, PROT_READ);
  mprotect(arena + 20 * PAGE, PAGE, PROT_NONE);
  munmap(arena + 30 * PAGE, 2 * PAGE);
}

static void set_up_memory(void) {
  arena = map_at(NULL, (ARENA_PAGES + 32) * PAGE, PROT_NONE);
  arena += 16 * PAGE; /* what a call reaches beyond its ends is nobody's */
  constants = map_at(NULL, (CONSTANT_PAGES + 1) * PAGE, PROT_READ | PROT_WRITE);
  constants_end = constants + CONSTANT_PAGES * PAGE;
  munmap(constants_end, PAGE);
  no_access = map_at(NULL, 3 * PAGE, PROT_NONE) + PAGE;
  first_break = (uintptr_t)syscall(SYS_brk, 0);
  reset_arena();
  fill_constants();
  mprotect(constants, CONSTANT_PAGES * PAGE, PROT_READ);
}

static void remove_beneath(int directory, int depth) {
  char entries[8192];
  fchmod(directory, 0700);
  lseek(directory, 0, SEEK_SET);
  for (long n; (n = syscall(SYS_getdents64, directory, entries, sizeof entries)) > 0;) {
    for (long at = 0; at < n; at += *(unsigned short *)(entries + at + 16)) {
      const char *entry = entries + at + 19;
      if (!strcmp(entry, ".") || !strcmp(entry, "..") || unlinkat(directory, entry, 0) == 0) continue;
      fchmodat(directory, entry, 0700, 0);
      int child = openat(directory, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (child >= 0 && depth < 1000) remove_beneath(child, depth + 1);
      if (child >= 0) close(child);
      unlinkat(directory, entry, AT_REMOVEDIR);
    }
  }
}

/* Files, descriptors, memory and break as at the start, so that nothing grows without bound. */
static void housekeeping(void) {
  umask(022);
  fchmod(ROOT_FD, 0700);
  syscall(SYS_close_range, 3U, (unsigned)ROOT_FD - 1, 0U);
  syscall(SYS_close_range, (unsigned)ROOT_FD + 3, ~0U, 0U);
  for (int fd = 3; fd < FD_LIMIT; fd++) close(fd);
  (void)!fchdir(ROOT_FD);
  remove_beneath(ROOT_FD, 0);
  reset_arena();
  syscall(SYS_brk, first_break);
  mkdir("d", 0755);
  mkdir("d/d", 0755);
  (void)!symlink("d", "l");
  static const struct {
    const char *name;
    int flags;
  } opened[OPENED - 3] = {
      {"/dev/null", O_RDWR}, {"/dev/zero", O_RDWR}, {"a", O_RDWR | O_CREAT}, {"b", O_RDWR | O_CREAT},
      {"a", O_RDONLY}, {"b", O_WRONLY | O_APPEND}, {"d", O_RDONLY | O_DIRECTORY},
      {".", O_RDONLY | O_DIRECTORY}, {"d", O_PATH}, {"d/a", O_RDWR | O_CREAT}, {"c", O_RDWR | O_CREAT},
  };
  for (int i = 0; i < OPENED - 3; i++) {
    int fd = open(opened[i].name, opened[i].flags, 0644);
    if (fd >= 0 && fd != i + 3 && dup2(fd, i + 3) >= 0) close(fd);
    if (i == 0)
      for (int standard = 0; standard < 3; standard++) dup2(3, standard);
  }
  (void)!pwrite(5, constants, 3 * PAGE, 0);
  (void)!pwrite(6, constants, PAGE / 2, PAGE);
}

static void say(const char *name, long number, const unsigned long a[6]) {
  char line[256];
  int n = snprintf(line, sizeof line, "%s(%ld) 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx\n", name, number, a[0],
                   a[1], a[2], a[3], a[4], a[5]);
  if (n > 0) (void)!write(ROOT_FD + 2, line, (size_t)n);
}

/* Memory that a call gave at an address of its own choice goes at once. */
static void undo(long number, const unsigned long a[6], long result) {
  int maps = number == SYS_mmap || number == SYS_mremap;
  if (!maps || result < 0) return;
  unsigned long start = (unsigned long)result, bytes = number == SYS_mmap ? a[1] : a[2];
  if (start >= (unsigned long)arena - 16 * PAGE && start < (unsigned long)arena + (ARENA_PAGES + 16) * PAGE)
    return;
  munmap((void *)start, bytes);
}

/* Calls that change every mapping in a range, and some do it across holes: the stack lies above. */
static int ranges(long number) {
  switch (number) {
    case SYS_munmap:
    case SYS_mprotect:
    case SYS_mremap:
    case SYS_madvise:
    case SYS_mlock:
    case SYS_mlock2:
    case SYS_munlock:
    case SYS_mbind:
    case SYS_pkey_mprotect:
    case SYS_remap_file_pages:
    case 450:
      return 1;
    default:
      return 0;
  }
}

/* Keeps calls that take addresses to map at inside the arena, whatever was drawn. */
static void confine(long number, unsigned long a[6]) {
  unsigned long end = (unsigned long)arena + ARENA_PAGES * PAGE;
  if (number == SYS_mmap && a[0] >= (unsigned long)arena && a[0] < end && a[1] < 16 * PAGE && chance(2))
    a[3] |= MAP_FIXED;
  if (ranges(number) && a[1] > 16 * PAGE) a[1] = chance(2) ? -1UL : -4096UL;
  if (number == SYS_mmap && a[1] >= 16 * PAGE && a[1] <= 1UL << 46) a[1] = -1UL;
  if (number == SYS_mremap && (a[3] & MREMAP_FIXED) && !(a[4] >= (unsigned long)arena && a[4] < end)) a[4] = 1;
  /* What does not wait goes on not waiting: pipes and the like are made so, and have to stay so. */
  if (number == SYS_ioctl && (unsigned)a[1] == FIONBIO) a[2] = (unsigned long)constants_end - 64;
  if (number == SYS_splice) a[5] |= SPLICE_F_NONBLOCK;
  if (number == SYS_tee) a[3] |= SPLICE_F_NONBLOCK;
  if (number == SYS_close_range && (a[0] & 0xffffffff) < 1000) a[0] = 1000;
}

/* Calls in the table get arguments of their own kinds only. */
static int known(int number) {
  for (size_t i = 0; i < sizeof CALLS / sizeof CALLS[0]; i++)
    if (CALLS[i].number == number) return 1;
  return 0;
}

static void one_call(void) {
  unsigned long a[6];
  long number;
  const char *name = "?";
  if (chance(6)) {
    do number = (long)(chance(20) ? any_integer() : below(601));
    while (forbidden((int)number) || known((int)number));
    for (int i = 0; i < 6; i++) a[i] = any_value();
  } else {
    const struct call *call = &CALLS[below(sizeof CALLS / sizeof CALLS[0])];
    number = call->number;
    name = call->name;
    size_t count = strlen(call->arguments);
    for (size_t i = 0; i < 6; i++) a[i] = i < count ? argument(call->arguments[i]) : any_value();
  }
  confine(number, a);
  if (verbose) say(name, number, a);
  long result = bare_call(number, a);
  undo(number, a, result);
  if (result < 0 && result > -ERRNO_COUNT) histogram[-result]++;
  else succeeded++;
}

static uint32_t checksum(void) {
  uint32_t sum = 2166136261; /* FNV-1a over the counts */
  for (int i = 0; i < ERRNO_COUNT; i++)
    for (unsigned shift = 0; shift < 64; shift += 8)
      sum = (sum ^ ((histogram[i] >> shift) & 0xff)) * 16777619;
  return sum;
}

int main(int argc, char **argv) {
  if (argc < 3 || argc > 4 || (argc == 4 && strcmp(argv[3], "-v"))) {
    fprintf(stderr, "usage: fuzz SEED COUNT [-v], in an empty directory\n");
    return 2;
  }
  unsigned long seed = strtoul(argv[1], NULL, 0), count = strtoul(argv[2], NULL, 0);
  verbose = argc == 4;
  self = getpid();
  user = geteuid();
  state = seed * 2654435761 + 1;
  int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (here < 0 || dup2(here, ROOT_FD) < 0 || dup2(1, ROOT_FD + 1) < 0 || dup2(2, ROOT_FD + 2) < 0) {
    perror("fuzz");
    return 1;
  }
  close(here);
  signal(SIGXFSZ, SIG_IGN); /* a file beyond its limit is EFBIG then */
  signal(SIGPIPE, SIG_IGN); /* and a pipe that nobody reads EPIPE */
  set_up_memory();
  for (unsigned long i = 0; i < count; i++) {
    if (i % HOUSEKEEPING == 0) housekeeping();
    one_call();
  }
  housekeeping();
  remove_beneath(ROOT_FD, 0);
  dup2(ROOT_FD + 1, 1);
  printf("fuzz: seed=%lu calls=%lu succeeded=%lu errno_checksum=%08x\n", seed, count, succeeded, checksum());
  return 0;
}
