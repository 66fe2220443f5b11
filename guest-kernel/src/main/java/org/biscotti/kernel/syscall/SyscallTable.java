package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.syscall.Syscall.Support.FULL;
import static org.biscotti.kernel.syscall.Syscall.Support.PARTIAL;
import static org.biscotti.kernel.syscall.Syscall.Support.REFUSED;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.function.LongPredicate;
import org.biscotti.kernel.abi.SyscallNames;
import org.biscotti.kernel.task.Interruption;
import org.jspecify.annotations.Nullable;

/**
 * The one table of system calls, in the order of their numbers. docs/syscalls.md is generated from
 * it, tracing decodes arguments by it, and a number that is not in it gets ENOSYS.
 *
 * <p>The fifth column says what the arguments are, for tracing: see {@code trace.ArgumentDecoder}.
 */
public final class SyscallTable {
  /**
   * Calls that read or change the caller's registers, or decide what its vCPU runs: they are served
   * by the vCPU's own thread, after an exit. Those that make a thread need not be ({@link
   * CloneCalls#makesThread}).
   */
  private static final Set<String> ON_VCPU =
      Set.of(
          "arch_prctl",
          "clone",
          "clone3",
          "execve",
          "execveat",
          "exit_group",
          "fork",
          "sched_setaffinity",
          "sched_yield",
          "sigaltstack",
          "vfork");

  /** The call that ends a thread: its vCPU may go on as another. */
  private static final int EXIT = SyscallNames.numberOf("exit");

  /** Calls that set all registers, which a program that waits in the entry page can load. */
  private static final Set<String> LOADING = Set.of("rt_sigreturn");

  private final List<Syscall> rows = new ArrayList<>();
  private final @Nullable Syscall[] byNumber;
  private final boolean[] onVcpu;
  private final boolean[] loading;

  /** The table of all calls that Linux has too. */
  public SyscallTable() {
    this(null);
  }

  /**
   * A table.
   *
   * @param serveBy to have the calls of {@link ResearchCalls} too: has system calls served by the
   *     policy of a number, false if there is none
   */
  public SyscallTable(@Nullable LongPredicate serveBy) {
    files();
    directories();
    metadata();
    readiness();
    pipes();
    splices();
    events();
    epolls();
    sockets();
    memory();
    time();
    processes();
    signals();
    timers();
    if (serveBy != null) {
      research(new ResearchCalls(serveBy));
    }
    rows.sort((x, y) -> Integer.compare(x.number(), y.number()));
    byNumber = new Syscall[rows.getLast().number() + 1];
    onVcpu = new boolean[byNumber.length];
    loading = new boolean[byNumber.length];
    for (Syscall row : rows) {
      if (byNumber[row.number()] != null) {
        throw new IllegalStateException("two rows for " + row.name());
      }
      byNumber[row.number()] = row;
      onVcpu[row.number()] = ON_VCPU.contains(row.name());
      loading[row.number()] = LOADING.contains(row.name());
    }
  }

  /** The row of a call, or null; the number is the lower half of RAX (syscall(2)). */
  public @Nullable Syscall find(long number) {
    int index = (int) number;
    return Integer.compareUnsigned(index, byNumber.length) < 0 ? byNumber[index] : null;
  }

  /** True if only the thread of the caller's vCPU can serve the call. */
  boolean needsVcpu(long number) {
    int index = (int) number;
    return Integer.compareUnsigned(index, onVcpu.length) < 0 && onVcpu[index];
  }

  /** True if the call ends its caller, and nobody else. */
  static boolean endsThread(long number) {
    return (int) number == EXIT;
  }

  /** True if the call sets all registers of its caller. */
  boolean loadsRegisters(long number) {
    int index = (int) number;
    return Integer.compareUnsigned(index, loading.length) < 0 && loading[index];
  }

  /** All rows by number. */
  public List<Syscall> rows() {
    return Collections.unmodifiableList(rows);
  }

  private void row(
      int number,
      String name,
      SyscallHandler handler,
      Syscall.Support support,
      String arguments,
      String note) {
    rows.add(new Syscall(number, name, handler, arguments, support, note, interruption(number)));
  }

  /** Which calls are not made again after a handler that has SA_RESTART (signal(7)). */
  private static Interruption interruption(int number) {
    return switch (number) {
      // poll, select, nanosleep, clock_nanosleep, pause, rt_sigsuspend, pselect6, ppoll
      case 7, 23, 35, 230, 34, 130, 270, 271 -> Interruption.RESTARTS_WITHOUT_HANDLER;
      // semop, rt_sigtimedwait, io_getevents, semtimedop, epoll_wait, epoll_pwait, epoll_pwait2
      case 65, 128, 208, 220, 232, 281, 441 -> Interruption.FAILS;
      default -> Interruption.RESTARTS;
    };
  }

  private void row(
      int number, String name, SyscallHandler handler, Syscall.Support support, String arguments) {
    row(number, name, handler, support, arguments, "");
  }

  private void memory() {
    row(9, "mmap", MemoryCalls::mmap, FULL, "addr size flags:prot flags:map fd hex =ptr");
    row(10, "mprotect", MemoryCalls::mprotect, FULL, "addr size flags:prot");
    row(11, "munmap", MemoryCalls::munmap, FULL, "addr size");
    row(12, "brk", MemoryCalls::brk, FULL, "ptr =ptr");
    row(25, "mremap", MemoryCalls::mremap, FULL, "addr size size flags:mremap mremap:3 =ptr");
    row(26, "msync", MemoryCalls::msync, FULL, "addr size flags:msync");
    row(27, "mincore", MemoryCalls::mincore, FULL, "addr size pages:out:1");
    row(
        28,
        "madvise",
        MemoryCalls::madvise,
        PARTIAL,
        "addr size enum:madvice",
        "no swap, huge pages, page merging: such advice is accepted without effect");
    row(149, "mlock", MemoryCalls::mlock, FULL, "addr size");
    row(150, "munlock", MemoryCalls::munlock, FULL, "addr size");
    row(151, "mlockall", MemoryCalls::mlockall, FULL, "flags:mlockall");
    row(152, "munlockall", MemoryCalls::munlockall, FULL, "");
    row(325, "mlock2", MemoryCalls::mlock2, FULL, "addr size flags:mlock2");
    row(
        329,
        "pkey_mprotect",
        MemoryCalls::pkeyMprotect,
        PARTIAL,
        "addr size flags:prot int",
        "no protection keys: EINVAL for any but -1");
  }

  private void files() {
    row(0, "read", FileCalls::read, FULL, "fd buf:out:ret size");
    row(1, "write", FileCalls::write, FULL, "fd buf:in:2 size");
    row(2, "open", FileCalls::open, FULL, "path flags:open octal:create:1");
    row(3, "close", FileCalls::close, FULL, "fd");
    row(8, "lseek", FileCalls::lseek, FULL, "fd off enum:whence");
    row(
        16,
        "ioctl",
        FileCalls::ioctl,
        PARTIAL,
        "fd enum:ioctl ioctl:1",
        "FIONREAD, FIOCLEX, FIONCLEX, FIONBIO; of terminals all but TCGETA, TIOCEXCL, TIOCSIG and"
            + " their like; ENOTTY for the rest");
    row(17, "pread64", FileCalls::pread64, FULL, "fd buf:out:ret size off");
    row(18, "pwrite64", FileCalls::pwrite64, FULL, "fd buf:in:2 size off");
    row(19, "readv", FileCalls::readv, FULL, "fd struct:iovec:out:2 ulong");
    row(20, "writev", FileCalls::writev, FULL, "fd struct:iovec:in:2 ulong");
    row(32, "dup", FileCalls::dup, FULL, "fd");
    row(33, "dup2", FileCalls::dup2, FULL, "fd fd");
    row(40, "sendfile", FileCalls::sendfile, FULL, "fd fd off:inout size");
    row(
        72,
        "fcntl",
        FileCalls::fcntl,
        PARTIAL,
        "fd enum:fcntl fcntl:1",
        "no leases, no F_NOTIFY, no signals of readiness");
    row(73, "flock", FileCalls::flock, FULL, "fd flags:flock");
    row(74, "fsync", FileCalls::fsync, FULL, "fd");
    row(75, "fdatasync", FileCalls::fsync, FULL, "fd");
    row(76, "truncate", FileCalls::truncate, FULL, "path off");
    row(77, "ftruncate", FileCalls::ftruncate, FULL, "fd off");
    row(85, "creat", FileCalls::creat, FULL, "path octal");
    row(162, "sync", FileCalls::sync, FULL, "");
    row(187, "readahead", FileCalls::readahead, FULL, "fd off size");
    row(221, "fadvise64", FileCalls::fadvise64, FULL, "fd off size enum:fadvice");
    row(257, "openat", FileCalls::openat, FULL, "fd_or_cwd path flags:open octal:create:2");
    row(277, "sync_file_range", FileCalls::syncFileRange, FULL, "fd off off flags:sync_file_range");
    row(
        285,
        "fallocate",
        FileCalls::fallocate,
        PARTIAL,
        "fd flags:fallocate off off",
        "the default mode, KEEP_SIZE and PUNCH_HOLE");
    row(292, "dup3", FileCalls::dup3, FULL, "fd fd flags:newfd");
    row(295, "preadv", FileCalls::preadv, FULL, "fd struct:iovec:out:2 ulong off hidden");
    row(296, "pwritev", FileCalls::pwritev, FULL, "fd struct:iovec:in:2 ulong off hidden");
    row(306, "syncfs", FileCalls::syncfs, FULL, "fd");
    row(326, "copy_file_range", FileCalls::copyFileRange, FULL, "fd off:in fd off:in size uint");
    row(
        327,
        "preadv2",
        FileCalls::preadv2,
        PARTIAL,
        "fd struct:iovec:out:2 ulong off hidden flags:rwf",
        "the flags are hints");
    row(
        328,
        "pwritev2",
        FileCalls::pwritev2,
        PARTIAL,
        "fd struct:iovec:in:2 ulong off hidden flags:rwf",
        "EOPNOTSUPP for RWF_APPEND");
    String shared = "EINVAL for CLOSE_RANGE_UNSHARE if the table is shared";
    row(436, "close_range", FileCalls::closeRange, PARTIAL, "uint uint flags:close_range", shared);
    row(437, "openat2", FileCalls::openat2, FULL, "fd_or_cwd path struct:open_how:3 size");
  }

  private void directories() {
    row(78, "getdents", DirectoryCalls::getdents, FULL, "fd struct:dirents:out uint");
    row(79, "getcwd", DirectoryCalls::getcwd, FULL, "path:out:ret size");
    row(80, "chdir", DirectoryCalls::chdir, FULL, "path");
    row(81, "fchdir", DirectoryCalls::fchdir, FULL, "fd");
    row(82, "rename", DirectoryCalls::rename, FULL, "path path");
    row(83, "mkdir", DirectoryCalls::mkdir, FULL, "path octal");
    row(84, "rmdir", DirectoryCalls::rmdir, FULL, "path");
    row(86, "link", DirectoryCalls::link, FULL, "path path");
    row(87, "unlink", DirectoryCalls::unlink, FULL, "path");
    row(88, "symlink", DirectoryCalls::symlink, FULL, "str path");
    row(89, "readlink", DirectoryCalls::readlink, FULL, "path buf:out:ret size");
    row(133, "mknod", DirectoryCalls::mknod, FULL, "path mode dev:1");
    row(161, "chroot", DirectoryCalls::chroot, FULL, "path");
    row(217, "getdents64", DirectoryCalls::getdents64, FULL, "fd struct:dirents:out uint");
    row(258, "mkdirat", DirectoryCalls::mkdirat, FULL, "fd_or_cwd path octal");
    row(259, "mknodat", DirectoryCalls::mknodat, FULL, "fd_or_cwd path mode dev:2");
    row(263, "unlinkat", DirectoryCalls::unlinkat, FULL, "fd_or_cwd path flags:at");
    row(264, "renameat", DirectoryCalls::renameat, FULL, "fd_or_cwd path fd_or_cwd path");
    row(265, "linkat", DirectoryCalls::linkat, FULL, "fd_or_cwd path fd_or_cwd path flags:at");
    row(266, "symlinkat", DirectoryCalls::symlinkat, FULL, "str fd_or_cwd path");
    row(267, "readlinkat", DirectoryCalls::readlinkat, FULL, "fd_or_cwd path buf:out:ret size");
    row(
        316,
        "renameat2",
        DirectoryCalls::renameat2,
        PARTIAL,
        "fd_or_cwd path fd_or_cwd path flags:rename",
        "EINVAL for RENAME_WHITEOUT");
  }

  private void metadata() {
    row(4, "stat", MetadataCalls::stat, FULL, "path struct:stat:out");
    row(5, "fstat", MetadataCalls::fstat, FULL, "fd struct:stat:out");
    row(6, "lstat", MetadataCalls::lstat, FULL, "path struct:stat:out");
    row(21, "access", MetadataCalls::access, FULL, "path flags:access");
    row(90, "chmod", MetadataCalls::chmod, FULL, "path octal");
    row(91, "fchmod", MetadataCalls::fchmod, FULL, "fd octal");
    row(92, "chown", MetadataCalls::chown, FULL, "path id id");
    row(93, "fchown", MetadataCalls::fchown, FULL, "fd id id");
    row(94, "lchown", MetadataCalls::lchown, FULL, "path id id");
    row(95, "umask", MetadataCalls::umask, FULL, "octal =octal");
    row(132, "utime", MetadataCalls::utime, FULL, "path struct:utimbuf:in");
    row(137, "statfs", MetadataCalls::statfs, FULL, "path struct:statfs:out");
    row(138, "fstatfs", MetadataCalls::fstatfs, FULL, "fd struct:statfs:out");
    row(
        188,
        "setxattr",
        MetadataCalls::setxattr,
        REFUSED,
        "path str buf:in:3 size flags:xattr",
        "EOPNOTSUPP: no file system here has extended attributes");
    row(
        189,
        "lsetxattr",
        MetadataCalls::lsetxattr,
        REFUSED,
        "path str buf:in:3 size flags:xattr",
        "EOPNOTSUPP: no file system here has extended attributes");
    row(
        190,
        "fsetxattr",
        MetadataCalls::fsetxattr,
        REFUSED,
        "fd str buf:in:3 size flags:xattr",
        "EOPNOTSUPP: no file system here has extended attributes");
    row(
        191,
        "getxattr",
        MetadataCalls::getxattr,
        REFUSED,
        "path str xattr:out:3 size",
        "EOPNOTSUPP: no file system here has extended attributes");
    row(
        192,
        "lgetxattr",
        MetadataCalls::lgetxattr,
        REFUSED,
        "path str xattr:out:3 size",
        "EOPNOTSUPP: no file system here has extended attributes");
    row(
        193,
        "fgetxattr",
        MetadataCalls::fgetxattr,
        REFUSED,
        "fd str xattr:out:3 size",
        "EOPNOTSUPP: no file system here has extended attributes");
    row(
        194,
        "listxattr",
        MetadataCalls::listxattr,
        REFUSED,
        "path xattr:out:2 size",
        "EOPNOTSUPP: no file system here has extended attributes");
    row(
        195,
        "llistxattr",
        MetadataCalls::llistxattr,
        REFUSED,
        "path xattr:out:2 size",
        "EOPNOTSUPP: no file system here has extended attributes");
    row(
        196,
        "flistxattr",
        MetadataCalls::flistxattr,
        REFUSED,
        "fd xattr:out:2 size",
        "EOPNOTSUPP: no file system here has extended attributes");
    row(
        197,
        "removexattr",
        MetadataCalls::removexattr,
        REFUSED,
        "path str",
        "EOPNOTSUPP: no file system here has extended attributes");
    row(
        198,
        "lremovexattr",
        MetadataCalls::lremovexattr,
        REFUSED,
        "path str",
        "EOPNOTSUPP: no file system here has extended attributes");
    row(
        199,
        "fremovexattr",
        MetadataCalls::fremovexattr,
        REFUSED,
        "fd str",
        "EOPNOTSUPP: no file system here has extended attributes");
    row(235, "utimes", MetadataCalls::utimes, FULL, "path struct:utimes:in");
    row(260, "fchownat", MetadataCalls::fchownat, FULL, "fd_or_cwd path id id flags:at");
    row(261, "futimesat", MetadataCalls::futimesat, FULL, "fd_or_cwd path struct:utimes:in");
    row(
        262,
        "newfstatat",
        MetadataCalls::newfstatat,
        FULL,
        "fd_or_cwd path struct:stat:out flags:at");
    row(268, "fchmodat", MetadataCalls::fchmodat, FULL, "fd_or_cwd path octal");
    row(269, "faccessat", MetadataCalls::faccessat, FULL, "fd_or_cwd path flags:access");
    row(
        280,
        "utimensat",
        MetadataCalls::utimensat,
        FULL,
        "fd_or_cwd path struct:utimens:in flags:at");
    row(
        332,
        "statx",
        MetadataCalls::statx,
        FULL,
        "fd_or_cwd path flags:statx flags:statx_mask struct:statx:out");
    row(
        439,
        "faccessat2",
        MetadataCalls::faccessat2,
        FULL,
        "fd_or_cwd path flags:access flags:faccessat");
    row(452, "fchmodat2", MetadataCalls::fchmodat2, FULL, "fd_or_cwd path octal flags:at");
  }

  private void readiness() {
    row(7, "poll", PollCalls::poll, FULL, "struct:pollfd:1 uint int =ready");
    row(
        23,
        "select",
        PollCalls::select,
        FULL,
        "int fdset:0 fdset:0 fdset:0 struct:timeval:left =ready");
    row(
        270,
        "pselect6",
        PollCalls::pselect6,
        FULL,
        "int fdset:0 fdset:0 fdset:0 struct:timespec:left sigmask6 =ready");
    row(
        271,
        "ppoll",
        PollCalls::ppoll,
        FULL,
        "struct:pollfd:1 uint struct:timespec:left struct:sigset:in:4 size =ready");
  }

  private void pipes() {
    String packets = "EINVAL for O_DIRECT: no packet mode";
    row(22, "pipe", PipeCalls::pipe, FULL, "struct:fd_pair:out");
    row(293, "pipe2", PipeCalls::pipe2, PARTIAL, "struct:fd_pair:out flags:newfd", packets);
  }

  private void splices() {
    String copied = "bytes are copied, pages are not moved";
    row(
        275,
        "splice",
        SpliceCalls::splice,
        PARTIAL,
        "fd off:in fd off:in size flags:splice",
        copied);
    row(276, "tee", SpliceCalls::tee, PARTIAL, "fd fd size flags:splice", copied);
    row(
        278,
        "vmsplice",
        SpliceCalls::vmsplice,
        PARTIAL,
        "fd struct:iovec:in:2 ulong flags:splice",
        copied);
    String unwatched = "ENOSYS: file systems are not watched; programs fall back to polling";
    row(253, "inotify_init", ProcessCalls::refuse, REFUSED, "", unwatched);
    row(254, "inotify_add_watch", ProcessCalls::refuse, REFUSED, "fd path hex32", unwatched);
    row(255, "inotify_rm_watch", ProcessCalls::refuse, REFUSED, "fd int", unwatched);
    row(294, "inotify_init1", ProcessCalls::refuse, REFUSED, "flags:newfd", unwatched);
  }

  private void events() {
    row(284, "eventfd", EventCalls::eventfd, FULL, "uint");
    row(290, "eventfd2", EventCalls::eventfd2, FULL, "uint flags:eventfd");
    row(283, "timerfd_create", EventCalls::timerfdCreate, FULL, "enum:clock flags:newfd");
    row(
        286,
        "timerfd_settime",
        EventCalls::timerfdSettime,
        FULL,
        "fd flags:timerfd struct:itimerspec:in struct:itimerspec:out");
    row(287, "timerfd_gettime", EventCalls::timerfdGettime, FULL, "fd struct:itimerspec:out");
    row(
        319,
        "memfd_create",
        EventCalls::memfdCreate,
        PARTIAL,
        "str flags:memfd",
        "no huge pages; F_SEAL_WRITE is EBUSY while the file is mapped in any way");
  }

  private void epolls() {
    String exclusive = "EPOLLEXCLUSIVE wakes everybody; terminals of the host report edges late";
    row(213, "epoll_create", EpollCalls::epollCreate, FULL, "int");
    row(232, "epoll_wait", EpollCalls::epollWait, FULL, "fd struct:epoll_event:ret int int");
    row(
        233,
        "epoll_ctl",
        EpollCalls::epollCtl,
        PARTIAL,
        "fd enum:epoll_ctl fd epoll_event:1",
        exclusive);
    row(
        281,
        "epoll_pwait",
        EpollCalls::epollPwait,
        FULL,
        "fd struct:epoll_event:ret int int struct:sigset:in:5 size");
    row(291, "epoll_create1", EpollCalls::epollCreate1, FULL, "flags:epoll_create");
    row(
        441,
        "epoll_pwait2",
        EpollCalls::epollPwait2,
        FULL,
        "fd struct:epoll_event:ret int struct:timespec:in struct:sigset:in:5 size");
  }

  private void sockets() {
    String family = "the local family; EAFNOSUPPORT for all others";
    String messages = "no out-of-band data; sockets that wait in their own queues are never closed";
    row(
        41,
        "socket",
        SocketCalls::socket,
        PARTIAL,
        "enum:socket_family flags:socket protocol",
        family);
    row(42, "connect", SocketCalls::connect, FULL, "fd sockaddr:2 int");
    row(43, "accept", SocketCalls::accept, FULL, "fd ptr int:inout");
    row(
        44,
        "sendto",
        SocketCalls::sendto,
        PARTIAL,
        "fd buf:in:2 size flags:msg sockaddr:5 int",
        messages);
    row(
        45,
        "recvfrom",
        SocketCalls::recvfrom,
        PARTIAL,
        "fd buf:out:ret size flags:msg ptr int:inout",
        messages);
    row(46, "sendmsg", MessageCalls::sendmsg, PARTIAL, "fd ptr flags:msg", messages);
    row(47, "recvmsg", MessageCalls::recvmsg, PARTIAL, "fd ptr flags:msg", messages);
    row(48, "shutdown", SocketCalls::shutdown, FULL, "fd enum:shutdown");
    row(49, "bind", SocketCalls::bind, FULL, "fd sockaddr:2 int");
    row(50, "listen", SocketCalls::listen, FULL, "fd int");
    row(51, "getsockname", SocketCalls::getsockname, FULL, "fd ptr int:inout");
    row(52, "getpeername", SocketCalls::getpeername, FULL, "fd ptr int:inout");
    row(
        53,
        "socketpair",
        SocketCalls::socketpair,
        PARTIAL,
        "enum:socket_family flags:socket protocol struct:fd_pair:out",
        family);
    String options = "the options of socket(7) that mean something to the local family";
    row(
        54,
        "setsockopt",
        SocketOptionCalls::setsockopt,
        PARTIAL,
        "fd enum:socket_level enum:socket_option ptr int",
        options);
    row(
        55,
        "getsockopt",
        SocketOptionCalls::getsockopt,
        PARTIAL,
        "fd enum:socket_level enum:socket_option ptr int:inout",
        options);
    row(288, "accept4", SocketCalls::accept4, FULL, "fd ptr int:inout flags:socket_flags");
    row(
        299,
        "recvmmsg",
        MessageCalls::recvmmsg,
        PARTIAL,
        "fd ptr uint flags:msg struct:timespec:in",
        messages);
    row(307, "sendmmsg", MessageCalls::sendmmsg, PARTIAL, "fd ptr uint flags:msg", messages);
  }

  private void time() {
    row(35, "nanosleep", TimeCalls::nanosleep, FULL, "struct:timespec:in struct:timespec:rem");
    row(
        96,
        "gettimeofday",
        TimeCalls::gettimeofday,
        FULL,
        "struct:timeval:out struct:timezone:out");
    row(98, "getrusage", TimeCalls::getrusage, FULL, "enum:rusage struct:rusage:out");
    row(100, "times", TimeCalls::times, FULL, "struct:tms:out");
    row(
        164,
        "settimeofday",
        TimeCalls::settimeofday,
        REFUSED,
        "struct:timeval:in struct:timezone:in",
        "EPERM: the guest has its host's clock");
    row(201, "time", TimeCalls::time, FULL, "struct:time:out =time");
    row(
        227,
        "clock_settime",
        TimeCalls::clockSettime,
        REFUSED,
        "enum:clock struct:timespec:in",
        "EPERM: the guest has its host's clock");
    row(228, "clock_gettime", TimeCalls::clockGettime, FULL, "enum:clock struct:timespec:out");
    row(229, "clock_getres", TimeCalls::clockGetres, FULL, "enum:clock struct:timespec:out");
    row(
        230,
        "clock_nanosleep",
        TimeCalls::clockNanosleep,
        FULL,
        "enum:clock flags:timer struct:timespec:in struct:timespec:rem");
  }

  private void processes() {
    row(24, "sched_yield", SchedulingCalls::schedYield, FULL, "");
    row(39, "getpid", ProcessCalls::getpid, FULL, "");
    String processesOnly = "EINVAL for namespaces, pidfds, and handlers shared by processes";
    row(56, "clone", CloneCalls::clone, PARTIAL, "hex ptr ptr ptr ptr", processesOnly);
    row(57, "fork", CloneCalls::fork, FULL, "");
    row(58, "vfork", CloneCalls::vfork, FULL, "");
    row(59, "execve", ExecCalls::execve, FULL, "path ptr ptr");
    row(60, "exit", ProcessCalls::exit, FULL, "int =?");
    row(
        61,
        "wait4",
        WaitCalls::wait4,
        PARTIAL,
        "pid wstatus flags:wait struct:rusage:out",
        "no core is ever written; children are the process's, not a thread's");
    row(63, "uname", ProcessCalls::uname, FULL, "struct:utsname:out");
    row(97, "getrlimit", ProcessCalls::getrlimit, FULL, "enum:rlimit struct:rlimit:out");
    row(99, "sysinfo", ProcessCalls::sysinfo, FULL, "struct:sysinfo:out");
    row(
        101,
        "ptrace",
        PrctlCalls::ptrace,
        REFUSED,
        "enum:ptrace pid ptr ptr",
        "EPERM: nobody can be traced");
    row(102, "getuid", IdentityCalls::getuid, FULL, "");
    row(104, "getgid", IdentityCalls::getgid, FULL, "");
    row(105, "setuid", IdentityCalls::setuid, FULL, "id");
    row(106, "setgid", IdentityCalls::setgid, FULL, "id");
    row(107, "geteuid", IdentityCalls::geteuid, FULL, "");
    row(108, "getegid", IdentityCalls::getegid, FULL, "");
    row(109, "setpgid", ProcessCalls::setpgid, FULL, "int int");
    row(110, "getppid", ProcessCalls::getppid, FULL, "");
    row(111, "getpgrp", ProcessCalls::getpgrp, FULL, "");
    row(112, "setsid", ProcessCalls::setsid, FULL, "");
    row(113, "setreuid", IdentityCalls::setreuid, FULL, "id id");
    row(114, "setregid", IdentityCalls::setregid, FULL, "id id");
    row(115, "getgroups", IdentityCalls::getgroups, FULL, "int ints:out:ret");
    row(116, "setgroups", IdentityCalls::setgroups, FULL, "int ints:in:0");
    row(117, "setresuid", IdentityCalls::setresuid, FULL, "id id id");
    row(118, "getresuid", IdentityCalls::getresuid, FULL, "uint:out uint:out uint:out");
    row(119, "setresgid", IdentityCalls::setresgid, FULL, "id id id");
    row(120, "getresgid", IdentityCalls::getresgid, FULL, "uint:out uint:out uint:out");
    row(121, "getpgid", ProcessCalls::getpgid, FULL, "int");
    row(122, "setfsuid", IdentityCalls::setfsuid, FULL, "id");
    row(123, "setfsgid", IdentityCalls::setfsgid, FULL, "id");
    row(124, "getsid", ProcessCalls::getsid, FULL, "int");
    row(125, "capget", IdentityCalls::capget, FULL, "int:in ptr");
    row(
        126,
        "capset",
        IdentityCalls::capset,
        PARTIAL,
        "int:in ptr",
        "EPERM for fewer than the process has: they come with user 0, all or none");
    row(
        135,
        "personality",
        PrctlCalls::personality,
        PARTIAL,
        "flags:personality =personality",
        "bits that change nothing here; EINVAL for the rest");
    row(140, "getpriority", SchedulingCalls::getpriority, FULL, "enum:priority int");
    row(
        141,
        "setpriority",
        SchedulingCalls::setpriority,
        PARTIAL,
        "enum:priority int int",
        "a thread's niceness is that of its process");
    row(142, "sched_setparam", SchedulingCalls::schedSetparam, FULL, "pid int:in");
    row(143, "sched_getparam", SchedulingCalls::schedGetparam, FULL, "pid int:out");
    row(
        144,
        "sched_setscheduler",
        SchedulingCalls::schedSetscheduler,
        PARTIAL,
        "pid enum:sched int:in",
        "EPERM for the real-time policies");
    row(145, "sched_getscheduler", SchedulingCalls::schedGetscheduler, FULL, "pid =enum:sched");
    row(146, "sched_get_priority_max", SchedulingCalls::schedPriorityMax, FULL, "enum:sched");
    row(147, "sched_get_priority_min", SchedulingCalls::schedPriorityMin, FULL, "enum:sched");
    row(
        148,
        "sched_rr_get_interval",
        SchedulingCalls::schedRrInterval,
        FULL,
        "pid struct:timespec:out");
    row(
        157,
        "prctl",
        PrctlCalls::prctl,
        PARTIAL,
        "enum:prctl prctl prctl prctl prctl",
        "slack of timers and kept capabilities without effect; EINVAL for what is not there");
    row(158, "arch_prctl", ProcessCalls::archPrctl, FULL, "enum:arch_prctl arch_prctl");
    row(160, "setrlimit", ProcessCalls::setrlimit, FULL, "enum:rlimit struct:rlimit:in");
    row(186, "gettid", ProcessCalls::gettid, FULL, "");
    row(
        202,
        "futex",
        FutexCalls::futex,
        PARTIAL,
        "ptr flags:futex futex futex futex futex",
        "ENOSYS for the priority-inheriting operations");
    row(203, "sched_setaffinity", SchedulingCalls::schedSetaffinity, FULL, "pid size cpus:in:1");
    row(204, "sched_getaffinity", SchedulingCalls::schedGetaffinity, FULL, "pid size cpus:out:ret");
    row(218, "set_tid_address", ProcessCalls::setTidAddress, FULL, "ptr");
    row(231, "exit_group", ProcessCalls::exitGroup, FULL, "int =?");
    row(
        247,
        "waitid",
        WaitCalls::waitid,
        PARTIAL,
        "enum:idtype pid struct:siginfo:out flags:wait struct:rusage:out",
        "no pidfds; children are the process's, not a thread's");
    row(273, "set_robust_list", ProcessCalls::setRobustList, FULL, "ptr size");
    row(274, "get_robust_list", ProcessCalls::getRobustList, FULL, "pid ptr:out size:out");
    row(
        302,
        "prlimit64",
        ProcessCalls::prlimit,
        FULL,
        "pid enum:rlimit struct:rlimit:in struct:rlimit:out");
    row(309, "getcpu", SchedulingCalls::getcpu, FULL, "uint:out uint:out ptr");
    row(318, "getrandom", ProcessCalls::getrandom, FULL, "bytes:out:ret size flags:grnd");
    row(322, "execveat", ExecCalls::execveat, FULL, "fd_or_cwd path ptr ptr flags:at");
    row(
        334,
        "rseq",
        ProcessCalls::rseq,
        FULL,
        "ptr hex32 hex32 hex32",
        "EFAULT at once for an area that is not there");
    row(
        324,
        "membarrier",
        PrctlCalls::membarrier,
        PARTIAL,
        "enum:membarrier hex32",
        "EINVAL for code that changes and for restartable sequences");
    row(435, "clone3", CloneCalls::clone3, PARTIAL, "ptr size", processesOnly);
  }

  private void signals() {
    row(
        13,
        "rt_sigaction",
        SignalCalls::rtSigaction,
        FULL,
        "enum:signal struct:sigaction:in:3 struct:sigaction:out:3 size");
    row(
        14,
        "rt_sigprocmask",
        SignalCalls::rtSigprocmask,
        FULL,
        "enum:sigmask struct:sigset:in:3 struct:sigset:out:3 size");
    row(15, "rt_sigreturn", SignalCalls::rtSigreturn, FULL, "");
    row(34, "pause", SignalCalls::pause, FULL, "");
    row(62, "kill", KillCalls::kill, FULL, "pid enum:signal");
    row(127, "rt_sigpending", SignalCalls::rtSigpending, FULL, "struct:sigset:out:1 size");
    row(
        128,
        "rt_sigtimedwait",
        SignalCalls::rtSigtimedwait,
        FULL,
        "struct:sigset:in:3 struct:siginfo:out struct:timespec:in size =enum:signal");
    row(
        129,
        "rt_sigqueueinfo",
        KillCalls::rtSigqueueinfo,
        FULL,
        "pid enum:signal struct:siginfo:in");
    row(130, "rt_sigsuspend", SignalCalls::rtSigsuspend, FULL, "struct:sigset:in:1 size");
    row(
        131,
        "sigaltstack",
        SignalCalls::sigaltstack,
        FULL,
        "struct:sigstack:in struct:sigstack:out");
    row(200, "tkill", KillCalls::tkill, FULL, "pid enum:signal");
    row(234, "tgkill", KillCalls::tgkill, FULL, "pid pid enum:signal");
    String polled = "poll(2) tells of the signals of the task that made it";
    row(282, "signalfd", SignalCalls::signalfd, PARTIAL, "int struct:sigset:in:2 size", polled);
    row(
        289,
        "signalfd4",
        SignalCalls::signalfd4,
        PARTIAL,
        "int struct:sigset:in:2 size flags:newfd",
        polled);
    row(
        297,
        "rt_tgsigqueueinfo",
        KillCalls::rtTgsigqueueinfo,
        FULL,
        "pid pid enum:signal struct:siginfo:in");
  }

  private void research(ResearchCalls calls) {
    String note = "not of Linux: docs/experiments.md";
    row(ResearchCalls.FILL, "research_fill", calls::fill, FULL, "size", note);
    row(ResearchCalls.ALLOCATE, "research_allocate", calls::allocate, FULL, "size size", note);
    row(ResearchCalls.COLLECTIONS, "research_collections", calls::collections, FULL, "", note);
    row(ResearchCalls.PARALLELISM, "research_parallelism", calls::parallelism, FULL, "int", note);
    row(ResearchCalls.SYSCALLS, "research_syscalls", calls::syscalls, FULL, "int", note);
  }

  private void timers() {
    row(36, "getitimer", TimerCalls::getitimer, FULL, "int struct:itimerval:out");
    row(37, "alarm", TimerCalls::alarm, FULL, "uint");
    row(
        38,
        "setitimer",
        TimerCalls::setitimer,
        FULL,
        "int struct:itimerval:in struct:itimerval:out");
    row(
        222,
        "timer_create",
        TimerCalls::timerCreate,
        PARTIAL,
        "enum:clock ptr int:out",
        "EOPNOTSUPP for clocks of alarms, and of another process's CPU time");
    row(
        223,
        "timer_settime",
        TimerCalls::timerSettime,
        FULL,
        "int flags:timer struct:itimerspec:in struct:itimerspec:out");
    row(224, "timer_gettime", TimerCalls::timerGettime, FULL, "int struct:itimerspec:out");
    row(225, "timer_getoverrun", TimerCalls::timerGetoverrun, FULL, "int");
    row(226, "timer_delete", TimerCalls::timerDelete, FULL, "int");
  }
}
