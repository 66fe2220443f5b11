package org.biscotti.kernel.trace;

import org.biscotti.kernel.abi.Epoll;
import org.biscotti.kernel.abi.Fcntl;

/** Arguments that mean something else for each command of a call. */
final class CommandWords {
  private static final int PR_GET_DUMPABLE = 3;
  private static final int PR_GET_NAME = 16;
  private static final int PR_SET_VMA = 0x53564d41;
  private static final int NAME_BYTES = 16;

  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;

  private static final int FUTEX_COMMAND = 127;
  private static final long FUTEX_BITSET_MATCH_ANY = 0xffff_ffffL;
  private static final int VALUE = 2;
  private static final int TIMEOUT = 3;
  private static final int ADDRESS = 4;
  private static final int THIRD_VALUE = 5;

  private CommandWords() {}

  private static void struct(String name, TracedCall call, int index, CallText out) {
    Structs.find(name).print(call.memory(), call.argument(index), out);
  }

  /** The third argument of fcntl(2). */
  static Word fcntl(int command) {
    return new Word(
        (call, index, out) -> fcntlEntry(call, (int) call.argument(command), index, out),
        (call, index, out) -> fcntlReturn(call, (int) call.argument(command), index, out));
  }

  private static void fcntlEntry(TracedCall call, int command, int index, CallText out) {
    long value = call.argument(index);
    switch (command) {
      case Fcntl.F_GETFD, Fcntl.F_GETFL, Fcntl.F_GETOWN, Fcntl.F_GETSIG -> {}
      case Fcntl.F_GETLEASE, Fcntl.F_GETPIPE_SZ, Fcntl.F_GET_SEALS -> {}
      case Fcntl.F_GETLK, Fcntl.F_OFD_GETLK -> {}
      case Fcntl.F_DUPFD, Fcntl.F_DUPFD_CLOEXEC, Fcntl.F_SETOWN, Fcntl.F_SETPIPE_SZ ->
          out.decimal32(value);
      case Fcntl.F_SETFD -> ConstantSets.flags("fd").printFlags(out, value & 0xffff_ffffL);
      case Fcntl.F_SETFL -> ConstantSets.open(out, value & 0xffff_ffffL);
      case Fcntl.F_SETLK, Fcntl.F_SETLKW, Fcntl.F_OFD_SETLK, Fcntl.F_OFD_SETLKW ->
          struct("flock", call, index, out);
      case Fcntl.F_SETSIG -> ConstantSets.signal(out, value);
      case Fcntl.F_SETLEASE -> ConstantSets.one("lock").printOne(out, value);
      case Fcntl.F_ADD_SEALS -> ConstantSets.flags("seals").printFlags(out, value & 0xffff_ffffL);
      default -> out.hex(value);
    }
  }

  private static void fcntlReturn(TracedCall call, int command, int index, CallText out) {
    boolean asksForLock = command == Fcntl.F_GETLK || command == Fcntl.F_OFD_GETLK;
    if (call.failed()) {
      if (asksForLock) {
        out.address(call.argument(index));
      }
    } else if (asksForLock) {
      struct("flock_owner", call, index, out);
    } else if (command == Fcntl.F_GETFL) {
      call.showResultInHex();
      ConstantSets.open(call.addRemark().add("flags "), call.result());
    } else if (command == Fcntl.F_GETFD && call.result() != 0) {
      call.showResultInHex();
      ConstantSets.flags("fd").printFlags(call.addRemark().add("flags "), call.result());
    } else if (command == Fcntl.F_GET_SEALS && call.result() != 0) {
      call.showResultInHex();
      ConstantSets.flags("seals").printFlags(call.addRemark().add("seals "), call.result());
    } else if (command == Fcntl.F_GETLEASE) {
      call.showResultInHex();
      ConstantSets.one("lock").printOne(call.addRemark(), call.result());
    }
  }

  /** The fourth argument of epoll_ctl(2). */
  static Word epollEvent(int command) {
    return Word.in((call, index, out) -> {
      if ((int) call.argument(command) == Epoll.EPOLL_CTL_DEL) {
        out.address(call.argument(index));
      } else {
        struct("epoll_event", call, index, out);
      }
    });
  }

  /** The third argument of ioctl(2). */
  static Word ioctl(int request) {
    return new Word(
        (call, index, out) -> ioctlEntry(call, (int) call.argument(request), index, out),
        (call, index, out) -> {
          String stored = storedByIoctl((int) call.argument(request));
          if (!stored.isEmpty()) {
            Word.out((c, i, to) -> struct(stored, c, i, to)).returned().print(call, index, out);
          }
        });
  }

  /** The structure that an ioctl stores, or an empty string. */
  private static String storedByIoctl(int request) {
    return switch (ConstantSets.one("ioctl").nameOf(request)) {
      case "TCGETS", "TCGETS2" -> "termios";
      case "TIOCGWINSZ" -> "winsize";
      case "FIONREAD",
          "TIOCOUTQ",
          "TIOCGPGRP",
          "TIOCGSID",
          "TIOCGPTN",
          "TIOCMGET",
          "TIOCGETD",
          "TIOCGPKT",
          "TIOCGPTLCK" ->
          "int";
      default -> "";
    };
  }

  private static void ioctlEntry(TracedCall call, int request, int index, CallText out) {
    if (!storedByIoctl(request).isEmpty()) {
      return; // printed when it has been stored
    }
    switch (ConstantSets.one("ioctl").nameOf(request)) {
      case "FIOCLEX", "FIONCLEX", "TIOCNOTTY", "TIOCEXCL", "TIOCNXCL" -> {}
      case "TCSETS", "TCSETSW", "TCSETSF", "TCSETS2", "TCSETSW2", "TCSETSF2" ->
          struct("termios", call, index, out);
      case "TIOCSWINSZ" -> struct("winsize", call, index, out);
      case "FIONBIO", "FIOASYNC", "TIOCSPGRP", "TIOCSPTLCK", "TIOCPKT" ->
          struct("int", call, index, out);
      case "TCFLSH" -> ConstantSets.one("tcflush").printOne(out, call.argument(index));
      case "TCXONC" -> ConstantSets.one("tcflow").printOne(out, call.argument(index));
      case "TCSBRK", "TCSBRKP", "TIOCSCTTY" -> out.decimal32(call.argument(index));
      default -> out.hex(call.argument(index));
    }
  }

  /** The second argument of arch_prctl(2). */
  static Word archPrctl() {
    return new Word(
        (call, index, out) -> {
          if (!asksForBase(call)) {
            out.hex(call.argument(index));
          }
        },
        (call, index, out) -> {
          if (asksForBase(call)) {
            Word.out((c, i, to) -> struct("ptr", c, i, to)).returned().print(call, index, out);
          }
        });
  }

  private static boolean asksForBase(TracedCall call) {
    String command = ConstantSets.one("arch_prctl").nameOf(call.argument(0));
    return command.equals("ARCH_GET_FS") || command.equals("ARCH_GET_GS");
  }

  /** The second to fifth arguments of prctl(2). */
  static Word prctl() {
    return new Word(
        (call, index, out) -> prctlEntry(call, (int) call.argument(0), index, out),
        (call, index, out) -> prctlReturn(call, (int) call.argument(0), index, out));
  }

  private static void prctlEntry(TracedCall call, int option, int index, CallText out) {
    if (index == 1) {
      prctlSecond(call, option, out);
    } else if (option == PR_SET_VMA) {
      switch (index) {
        case 2 -> out.address(call.argument(index));
        case 3 -> out.unsigned(call.argument(index));
        default -> Strings.string(call, index, out);
      }
    } else if (takesFour(option)) {
      out.hex(call.argument(index));
    }
  }

  /** Options of which nothing is known here, and those whose other arguments have to be zero. */
  private static boolean takesFour(int option) {
    return switch (ConstantSets.one("prctl").nameOf(option)) {
      case "PR_GET_DUMPABLE", "PR_SET_DUMPABLE", "PR_GET_KEEPCAPS", "PR_SET_KEEPCAPS" -> false;
      case "PR_SET_NAME", "PR_GET_NAME", "PR_SET_PDEATHSIG", "PR_GET_PDEATHSIG" -> false;
      case "PR_GET_TIMING", "PR_SET_TIMING", "PR_GET_SECCOMP" -> false;
      case "PR_CAPBSET_READ", "PR_CAPBSET_DROP" -> false;
      case "PR_GET_SECUREBITS", "PR_GET_TIMERSLACK", "PR_SET_TIMERSLACK" -> false;
      case "PR_TASK_PERF_EVENTS_DISABLE", "PR_TASK_PERF_EVENTS_ENABLE" -> false;
      case "PR_SET_CHILD_SUBREAPER", "PR_GET_CHILD_SUBREAPER", "PR_GET_TID_ADDRESS" -> false;
      default -> true;
    };
  }

  private static void prctlSecond(TracedCall call, int option, CallText out) {
    long value = call.argument(1);
    switch (ConstantSets.one("prctl").nameOf(option)) {
      case "PR_GET_DUMPABLE", "PR_GET_KEEPCAPS", "PR_GET_TIMING", "PR_GET_SECCOMP" -> {}
      case "PR_GET_SECUREBITS", "PR_GET_TIMERSLACK" -> {}
      case "PR_TASK_PERF_EVENTS_DISABLE", "PR_TASK_PERF_EVENTS_ENABLE" -> {}
      case "PR_GET_NAME", "PR_GET_PDEATHSIG" -> {}
      case "PR_GET_CHILD_SUBREAPER", "PR_GET_TID_ADDRESS" -> {}
      case "PR_SET_NAME" -> Strings.terminated(call.memory(), value, NAME_BYTES, out);
      case "PR_SET_PDEATHSIG" -> ConstantSets.signal(out, value);
      case "PR_SET_DUMPABLE" -> ConstantSets.one("dumpable").printOne(out, value);
      case "PR_CAPBSET_READ", "PR_CAPBSET_DROP" ->
          ConstantSets.one("capability").printOne(out, value);
      case "PR_SET_KEEPCAPS", "PR_SET_TIMING", "PR_SET_TIMERSLACK" -> out.unsigned(value);
      case "PR_SET_CHILD_SUBREAPER", "PR_SET_NO_NEW_PRIVS", "PR_SET_THP_DISABLE" ->
          out.unsigned(value);
      case "PR_SET_VMA" -> out.add(value == 0 ? "PR_SET_VMA_ANON_NAME" : Long.toString(value));
      default -> out.hex(value);
    }
  }

  private static void prctlReturn(TracedCall call, int option, int index, CallText out) {
    if (index != 1) {
      return;
    }
    String stored =
        switch (ConstantSets.one("prctl").nameOf(option)) {
          case "PR_GET_PDEATHSIG" -> "signal";
          case "PR_GET_CHILD_SUBREAPER" -> "int";
          case "PR_GET_TID_ADDRESS" -> "ptr";
          default -> "";
        };
    if (!stored.isEmpty()) {
      Word.out((c, i, to) -> struct(stored, c, i, to)).returned().print(call, index, out);
    } else if (option == PR_GET_DUMPABLE && !call.failed()) {
      ConstantSets.one("dumpable").printOne(call.addRemark(), call.result());
    } else if (option == PR_GET_NAME) {
      Word.out((c, i, to) -> Strings.terminated(c.memory(), c.argument(i), NAME_BYTES, to))
          .returned()
          .print(call, index, out);
    }
  }

  /** The third to sixth arguments of futex(2). */
  static Word futex() {
    return Word.in((call, index, out) -> {
      int command = (int) call.argument(1) & FUTEX_COMMAND;
      switch (index) {
        case VALUE -> futexValue(call, command, out);
        case TIMEOUT -> futexTimeout(call, command, out);
        case ADDRESS -> futexAddress(call, command, out);
        default -> futexThirdValue(call, command, out);
      }
    });
  }

  /** The third argument of socket(2). */
  static Word protocol() {
    return Word.in((call, index, out) -> {
      String name =
          switch ((int) call.argument(0)) {
            case AF_INET, AF_INET6 -> ConstantSets.one("protocol").nameOf(call.argument(index));
            default -> "";
          };
      if (name.isEmpty()) {
        out.decimal32(call.argument(index));
      } else {
        out.add(name);
      }
    });
  }

  /** The second argument of wait4(2): how a child has changed, if one has. */
  static Word waitStatus() {
    return Word.out((call, index, out) -> {
      if (call.result() == 0) {
        out.address(call.argument(index));
      } else {
        struct("wait_status", call, index, out);
      }
    });
  }

  private static String futexName(int command) {
    return ConstantSets.one("futex").nameOf(command);
  }

  private static void futexValue(TracedCall call, int command, CallText out) {
    switch (futexName(command)) {
      case "FUTEX_LOCK_PI", "FUTEX_LOCK_PI2", "FUTEX_UNLOCK_PI", "FUTEX_TRYLOCK_PI" -> {}
      default -> out.unsigned(call.argument(VALUE) & 0xffff_ffffL);
    }
  }

  private static void futexTimeout(TracedCall call, int command, CallText out) {
    switch (futexName(command)) {
      case "FUTEX_WAIT", "FUTEX_WAIT_BITSET", "FUTEX_WAIT_REQUEUE_PI" ->
          struct("timespec", call, TIMEOUT, out);
      case "FUTEX_LOCK_PI", "FUTEX_LOCK_PI2" -> struct("timespec", call, TIMEOUT, out);
      case "FUTEX_WAKE", "FUTEX_WAKE_BITSET", "FUTEX_FD" -> {}
      case "FUTEX_UNLOCK_PI", "FUTEX_TRYLOCK_PI" -> {}
      case "" -> out.hex(call.argument(TIMEOUT));
      default -> out.unsigned(call.argument(TIMEOUT) & 0xffff_ffffL);
    }
  }

  private static void futexAddress(TracedCall call, int command, CallText out) {
    switch (futexName(command)) {
      case "FUTEX_REQUEUE", "FUTEX_CMP_REQUEUE", "FUTEX_CMP_REQUEUE_PI" ->
          out.address(call.argument(ADDRESS));
      case "FUTEX_WAKE_OP", "FUTEX_WAIT_REQUEUE_PI" -> out.address(call.argument(ADDRESS));
      case "" -> out.hex(call.argument(ADDRESS));
      default -> {}
    }
  }

  private static void futexThirdValue(TracedCall call, int command, CallText out) {
    long value = call.argument(THIRD_VALUE) & 0xffff_ffffL;
    switch (futexName(command)) {
      case "FUTEX_WAIT_BITSET", "FUTEX_WAKE_BITSET" -> {
        if (value == FUTEX_BITSET_MATCH_ANY) {
          out.add("FUTEX_BITSET_MATCH_ANY");
        } else {
          out.hex(value);
        }
      }
      case "FUTEX_CMP_REQUEUE", "FUTEX_CMP_REQUEUE_PI" -> out.unsigned(value);
      case "FUTEX_WAKE_OP" -> out.hex(value);
      case "" -> out.hex(call.argument(THIRD_VALUE));
      default -> {}
    }
  }
}
