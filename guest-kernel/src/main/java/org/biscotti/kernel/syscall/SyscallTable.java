package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.syscall.Syscall.Support.FULL;
import static org.biscotti.kernel.syscall.Syscall.Support.PARTIAL;
import static org.biscotti.kernel.syscall.Syscall.Support.REFUSED;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The one table of system calls, in the order of their numbers. docs/syscalls.md is generated from
 * it, tracing decodes arguments by it, and a number that is not in it gets ENOSYS.
 *
 * <p>The fifth column says what the arguments are, for tracing: see {@code trace.ArgumentDecoder}.
 */
public final class SyscallTable {
  private final List<Syscall> rows = new ArrayList<>();
  private final @Nullable Syscall[] byNumber;

  /** The table of all calls. */
  public SyscallTable() {
    memory();
    time();
    processes();
    signals();
    rows.sort((x, y) -> Integer.compare(x.number(), y.number()));
    byNumber = new Syscall[rows.getLast().number() + 1];
    for (Syscall row : rows) {
      if (byNumber[row.number()] != null) {
        throw new IllegalStateException("two rows for " + row.name());
      }
      byNumber[row.number()] = row;
    }
  }

  /** The row of a call, or null; the number is the lower half of RAX (syscall(2)). */
  public @Nullable Syscall find(long number) {
    int index = (int) number;
    return Integer.compareUnsigned(index, byNumber.length) < 0 ? byNumber[index] : null;
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
    rows.add(new Syscall(number, name, handler, arguments, support, note));
  }

  private void row(
      int number, String name, SyscallHandler handler, Syscall.Support support, String arguments) {
    row(number, name, handler, support, arguments, "");
  }

  private void memory() {
    row(9, "mmap", MemoryCalls::mmap, FULL, "=addr size flags:prot flags:map fd off");
    row(10, "mprotect", MemoryCalls::mprotect, FULL, "addr size flags:prot");
    row(11, "munmap", MemoryCalls::munmap, FULL, "addr size");
    row(12, "brk", MemoryCalls::brk, FULL, "=addr");
    row(25, "mremap", MemoryCalls::mremap, FULL, "=addr size size flags:mremap addr");
    row(26, "msync", MemoryCalls::msync, FULL, "addr size flags:msync");
    row(27, "mincore", MemoryCalls::mincore, FULL, "addr size ptr");
    row(
        28,
        "madvise",
        MemoryCalls::madvise,
        PARTIAL,
        "addr size enum:madvice",
        "no swap, huge pages, page merging: such advice is accepted without effect");
    String unswapped = "nothing is ever swapped out";
    row(149, "mlock", MemoryCalls::mlock, PARTIAL, "addr size", unswapped);
    row(150, "munlock", MemoryCalls::munlock, PARTIAL, "addr size", unswapped);
    row(151, "mlockall", MemoryCalls::mlockall, PARTIAL, "flags:mlockall", unswapped);
    row(152, "munlockall", MemoryCalls::munlockall, PARTIAL, "", unswapped);
    row(325, "mlock2", MemoryCalls::mlock2, PARTIAL, "addr size uint", unswapped);
    row(
        329,
        "pkey_mprotect",
        MemoryCalls::pkeyMprotect,
        PARTIAL,
        "addr size flags:prot int",
        "no protection keys: EINVAL for any but -1");
  }

  private void time() {
    row(35, "nanosleep", TimeCalls::nanosleep, FULL, "struct:timespec:in struct:timespec:out");
    row(96, "gettimeofday", TimeCalls::gettimeofday, FULL, "struct:timeval:out ptr");
    row(98, "getrusage", TimeCalls::getrusage, FULL, "enum:rusage struct:rusage:out");
    row(100, "times", TimeCalls::times, FULL, "ptr");
    row(
        164,
        "settimeofday",
        TimeCalls::settimeofday,
        REFUSED,
        "struct:timeval:in ptr",
        "EPERM: the guest has its host's clock");
    row(201, "time", TimeCalls::time, FULL, "ptr");
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
        "enum:clock flags:timer struct:timespec:in struct:timespec:out");
  }

  private void processes() {
    row(24, "sched_yield", ProcessCalls::schedYield, FULL, "");
    row(39, "getpid", ProcessCalls::getpid, FULL, "");
    row(41, "socket", ProcessCalls::socket, REFUSED, "int int int", "EAFNOSUPPORT: no network yet");
    row(60, "exit", ProcessCalls::exit, FULL, "int");
    row(63, "uname", ProcessCalls::uname, FULL, "struct:utsname:out");
    row(97, "getrlimit", ProcessCalls::getrlimit, FULL, "enum:rlimit struct:rlimit:out");
    row(99, "sysinfo", ProcessCalls::sysinfo, FULL, "struct:sysinfo:out");
    row(102, "getuid", ProcessCalls::getuid, FULL, "");
    row(104, "getgid", ProcessCalls::getgid, FULL, "");
    row(105, "setuid", ProcessCalls::setuid, FULL, "uint");
    row(106, "setgid", ProcessCalls::setgid, FULL, "uint");
    row(107, "geteuid", ProcessCalls::geteuid, FULL, "");
    row(108, "getegid", ProcessCalls::getegid, FULL, "");
    row(
        109,
        "setpgid",
        ProcessCalls::setpgid,
        PARTIAL,
        "int int",
        "every process leads its session");
    row(110, "getppid", ProcessCalls::getppid, FULL, "");
    row(111, "getpgrp", ProcessCalls::getpgrp, FULL, "");
    row(112, "setsid", ProcessCalls::setsid, PARTIAL, "", "every process leads its session");
    row(113, "setreuid", ProcessCalls::setreuid, FULL, "int int");
    row(114, "setregid", ProcessCalls::setregid, FULL, "int int");
    row(115, "getgroups", ProcessCalls::getgroups, FULL, "int ptr");
    row(116, "setgroups", ProcessCalls::setgroups, FULL, "int ptr");
    row(117, "setresuid", ProcessCalls::setresuid, FULL, "int int int");
    row(118, "getresuid", ProcessCalls::getresuid, FULL, "ptr ptr ptr");
    row(119, "setresgid", ProcessCalls::setresgid, FULL, "int int int");
    row(120, "getresgid", ProcessCalls::getresgid, FULL, "ptr ptr ptr");
    row(121, "getpgid", ProcessCalls::getpgid, FULL, "int");
    row(122, "setfsuid", ProcessCalls::setfsuid, FULL, "uint");
    row(123, "setfsgid", ProcessCalls::setfsgid, FULL, "uint");
    row(124, "getsid", ProcessCalls::getsid, FULL, "int");
    row(
        135,
        "personality",
        ProcessCalls::personality,
        PARTIAL,
        "=ulong",
        "EINVAL for any but the default");
    row(140, "getpriority", ProcessCalls::getpriority, FULL, "int int");
    row(
        141,
        "setpriority",
        ProcessCalls::setpriority,
        PARTIAL,
        "int int int",
        "kept, without effect on scheduling");
    row(143, "sched_getparam", ProcessCalls::schedGetparam, FULL, "int ptr");
    row(
        144,
        "sched_setscheduler",
        ProcessCalls::schedSetscheduler,
        PARTIAL,
        "int int ptr",
        "EPERM for the real-time policies");
    row(145, "sched_getscheduler", ProcessCalls::schedGetscheduler, FULL, "int");
    row(146, "sched_get_priority_max", ProcessCalls::schedPriorityMax, FULL, "int");
    row(147, "sched_get_priority_min", ProcessCalls::schedPriorityMin, FULL, "int");
    row(
        148,
        "sched_rr_get_interval",
        ProcessCalls::schedRrInterval,
        FULL,
        "int struct:timespec:out");
    row(
        157,
        "prctl",
        ProcessCalls::prctl,
        PARTIAL,
        "int ptr ptr ptr ptr",
        "names and questions; EINVAL for the rest");
    row(158, "arch_prctl", ProcessCalls::archPrctl, FULL, "enum:arch_prctl ptr");
    row(160, "setrlimit", ProcessCalls::setrlimit, FULL, "enum:rlimit struct:rlimit:in");
    row(186, "gettid", ProcessCalls::gettid, FULL, "");
    row(
        202,
        "futex",
        FutexCalls::futex,
        PARTIAL,
        "ptr flags:futex int ptr ptr int",
        "WAIT, WAKE and their BITSET forms");
    row(203, "sched_setaffinity", ProcessCalls::schedSetaffinity, FULL, "int size ptr");
    row(204, "sched_getaffinity", ProcessCalls::schedGetaffinity, FULL, "int size ptr");
    row(218, "set_tid_address", ProcessCalls::setTidAddress, FULL, "ptr");
    row(231, "exit_group", ProcessCalls::exit, FULL, "int");
    row(273, "set_robust_list", ProcessCalls::setRobustList, FULL, "ptr size");
    row(274, "get_robust_list", ProcessCalls::getRobustList, FULL, "int ptr ptr");
    row(
        302,
        "prlimit64",
        ProcessCalls::prlimit,
        FULL,
        "int enum:rlimit struct:rlimit:in struct:rlimit:out");
    row(309, "getcpu", ProcessCalls::getcpu, FULL, "ptr ptr ptr");
    row(318, "getrandom", ProcessCalls::getrandom, FULL, "buf:out:ret size flags:grnd");
    row(
        334,
        "rseq",
        ProcessCalls::refuse,
        REFUSED,
        "ptr uint int uint",
        "ENOSYS, as without CONFIG_RSEQ; libraries do without");
  }

  private void signals() {
    row(
        13,
        "rt_sigaction",
        SignalCalls::rtSigaction,
        PARTIAL,
        "enum:signal struct:sigaction:in struct:sigaction:out size",
        "kept; handlers are not run yet");
    row(
        14,
        "rt_sigprocmask",
        SignalCalls::rtSigprocmask,
        FULL,
        "enum:sigmask struct:sigset:in struct:sigset:out size");
    row(15, "rt_sigreturn", SignalCalls::rtSigreturn, PARTIAL, "", "handlers are not run yet");
    row(34, "pause", SignalCalls::pause, FULL, "");
    row(
        62,
        "kill",
        SignalCalls::kill,
        PARTIAL,
        "int enum:signal",
        "ENOSYS if the signal is caught or stops the process");
    row(127, "rt_sigpending", SignalCalls::rtSigpending, FULL, "struct:sigset:out size");
    row(
        128,
        "rt_sigtimedwait",
        SignalCalls::rtSigtimedwait,
        PARTIAL,
        "struct:sigset:in ptr struct:timespec:in size",
        "siginfo has the signal number only");
    row(130, "rt_sigsuspend", SignalCalls::rtSigsuspend, FULL, "struct:sigset:in size");
    row(131, "sigaltstack", SignalCalls::sigaltstack, FULL, "ptr ptr");
    row(
        200,
        "tkill",
        SignalCalls::tkill,
        PARTIAL,
        "int enum:signal",
        "ENOSYS if the signal is caught or stops the process");
    row(
        234,
        "tgkill",
        SignalCalls::tgkill,
        PARTIAL,
        "int int enum:signal",
        "ENOSYS if the signal is caught or stops the process");
  }
}
