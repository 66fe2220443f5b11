package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;

import java.nio.charset.StandardCharsets;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.task.MemoryBarrier;
import org.biscotti.kernel.task.ProcessAttributes;
import org.biscotti.kernel.task.Task;

/** What a process says about itself: prctl(2), personality(2), membarrier(2); and ptrace(2). */
final class PrctlCalls {
  private static final int PR_SET_PDEATHSIG = 1;
  private static final int PR_GET_PDEATHSIG = 2;
  private static final int PR_GET_DUMPABLE = 3;
  private static final int PR_SET_DUMPABLE = 4;
  private static final int PR_GET_KEEPCAPS = 7;
  private static final int PR_SET_KEEPCAPS = 8;
  private static final int PR_SET_NAME = 15;
  private static final int PR_GET_NAME = 16;
  private static final int PR_GET_SECCOMP = 21;
  private static final int PR_CAPBSET_READ = 23;
  private static final int PR_CAPBSET_DROP = 24;
  private static final int PR_GET_SECUREBITS = 27;
  private static final int PR_SET_SECUREBITS = 28;
  private static final int PR_SET_TIMERSLACK = 29;
  private static final int PR_GET_TIMERSLACK = 30;
  private static final int PR_SET_CHILD_SUBREAPER = 36;
  private static final int PR_GET_CHILD_SUBREAPER = 37;
  private static final int PR_SET_NO_NEW_PRIVS = 38;
  private static final int PR_GET_NO_NEW_PRIVS = 39;
  private static final int PR_CAP_AMBIENT = 47;
  private static final int PR_CAP_AMBIENT_IS_SET = 1;
  private static final int PR_CAP_AMBIENT_RAISE = 2;
  private static final int PR_CAP_AMBIENT_LOWER = 3;
  private static final int PR_CAP_AMBIENT_CLEAR_ALL = 4;
  private static final int NAME_BYTES = 16;
  private static final int LAST_CAPABILITY = 40;

  private static final long PERSONALITY_QUERY = 0xffff_ffffL;

  /**
   * Bits that ask for what is so anyway, or mean nothing on x86-64: FDPIC_FUNCPTRS,
   * ADDR_NO_RANDOMIZE, ADDR_COMPAT_LAYOUT, SHORT_INODE, WHOLE_SECONDS.
   */
  private static final int PERSONALITY_BITS = 0x32c_0000;

  private static final int MEMBARRIER_QUERY = 0;
  private static final int MEMBARRIER_GLOBAL = 1;
  private static final int MEMBARRIER_GLOBAL_EXPEDITED = 2;
  private static final int MEMBARRIER_REGISTER_GLOBAL = 4;
  private static final int MEMBARRIER_PRIVATE_EXPEDITED = 8;
  private static final int MEMBARRIER_REGISTER_PRIVATE = 16;
  private static final int MEMBARRIER_ALL = 31;

  private PrctlCalls() {}

  static long prctl(Task t, long option, long a, long b, long c, long d, long f) {
    ProcessAttributes own = t.process().attributes();
    return switch ((int) option) {
      case PR_SET_NAME -> setName(t, a);
      case PR_GET_NAME -> getName(t, a);
      case PR_GET_DUMPABLE -> bit(own.isDumpable());
      case PR_SET_DUMPABLE -> {
        own.setDumpable(flag(a));
        yield 0;
      }
      case PR_SET_CHILD_SUBREAPER -> {
        t.kernel().processes().kinship().setSubreaper(t.process(), a != 0);
        yield 0;
      }
      case PR_GET_CHILD_SUBREAPER -> {
        t.memory().setInt(a, bit(t.kernel().processes().kinship().isSubreaper(t.process())));
        yield 0;
      }
      case PR_GET_SECCOMP -> 0;
      case PR_SET_PDEATHSIG -> {
        require(a >= 0 && a <= Signals.MAX, EINVAL);
        t.setParentDeathSignal((int) a);
        yield 0;
      }
      case PR_GET_PDEATHSIG -> {
        t.memory().setInt(a, t.parentDeathSignal());
        yield 0;
      }
      case PR_SET_NO_NEW_PRIVS -> {
        require(a == 1 && (b | c | d) == 0, EINVAL);
        own.setNoNewPrivileges();
        yield 0;
      }
      case PR_GET_NO_NEW_PRIVS -> {
        require((a | b | c | d) == 0, EINVAL);
        yield bit(own.hasNoNewPrivileges());
      }
      case PR_SET_TIMERSLACK -> {
        own.setTimerSlack(a);
        yield 0;
      }
      case PR_GET_TIMERSLACK -> own.timerSlack();
      default -> capabilities(t, (int) option, a, b, c, d);
    };
  }

  /** What there is to say of capabilities, which are all or none: see {@link IdentityCalls}. */
  private static long capabilities(Task t, int option, long a, long b, long c, long d) {
    ProcessAttributes own = t.process().attributes();
    return switch (option) {
      case PR_GET_KEEPCAPS -> bit(own.keepsCapabilities());
      case PR_SET_KEEPCAPS -> {
        own.setKeepsCapabilities(flag(a));
        yield 0;
      }
      case PR_CAPBSET_READ -> {
        require(isCapability(a), EINVAL);
        yield Credentials.boundingCapabilities() >>> a & 1;
      }
      case PR_CAPBSET_DROP -> {
        require(t.credentials().euid() != 0 || isCapability(a), EINVAL);
        throw ErrnoException.of(EPERM);
      }
      case PR_GET_SECUREBITS -> 0;
      case PR_SET_SECUREBITS -> {
        require(a == 0 && t.credentials().euid() == 0, EPERM);
        yield 0;
      }
      case PR_CAP_AMBIENT -> ambient((int) a, b, c | d);
      default -> throw ErrnoException.of(EINVAL);
    };
  }

  /** None is ever ambient: it would have to be inheritable. */
  private static long ambient(int operation, long capability, long rest) {
    require(rest == 0, EINVAL);
    if (operation == PR_CAP_AMBIENT_CLEAR_ALL) {
      require(capability == 0, EINVAL);
      return 0;
    }
    require(isCapability(capability), EINVAL);
    return switch (operation) {
      case PR_CAP_AMBIENT_IS_SET, PR_CAP_AMBIENT_LOWER -> 0;
      case PR_CAP_AMBIENT_RAISE -> throw ErrnoException.of(EPERM);
      default -> throw ErrnoException.of(EINVAL);
    };
  }

  private static boolean isCapability(long number) {
    return number >= 0 && number <= LAST_CAPABILITY;
  }

  private static int bit(boolean value) {
    return value ? 1 : 0;
  }

  private static boolean flag(long value) {
    require(value == 0 || value == 1, EINVAL);
    return value == 1;
  }

  private static void require(boolean condition, int errno) {
    if (!condition) {
      throw ErrnoException.of(errno);
    }
  }

  private static long setName(Task t, long from) {
    byte[] name = new byte[NAME_BYTES];
    int length = 0;
    while (length < NAME_BYTES - 1 && (name[length] = t.memory().getByte(from + length)) != 0) {
      length++;
    }
    t.setName(new String(name, 0, length, StandardCharsets.ISO_8859_1));
    return 0;
  }

  private static long getName(Task t, long to) {
    byte[] name = new byte[NAME_BYTES];
    byte[] set = t.name().getBytes(StandardCharsets.ISO_8859_1);
    System.arraycopy(set, 0, name, 0, set.length);
    t.memory().copyOutFully(to, name, 0, NAME_BYTES);
    return 0;
  }

  /** personality(2): Linux's own, with bits that change nothing here. */
  static long personality(Task t, long persona, long b, long c, long d, long e, long f) {
    ProcessAttributes own = t.process().attributes();
    int old = own.personality();
    if ((persona & PERSONALITY_QUERY) != PERSONALITY_QUERY) {
      require(((int) persona & ~PERSONALITY_BITS) == 0, EINVAL);
      own.setPersonality((int) persona);
    }
    return old;
  }

  /** membarrier(2), but for restartable sequences and for code that is written while it runs. */
  static long membarrier(Task t, long command, long flags, long c, long d, long e, long f) {
    require((int) flags == 0, EINVAL);
    ProcessAttributes own = t.process().attributes();
    switch ((int) command) {
      case MEMBARRIER_QUERY -> {
        return MEMBARRIER_ALL;
      }
      case MEMBARRIER_GLOBAL -> MemoryBarrier.await(t, task -> true);
      case MEMBARRIER_GLOBAL_EXPEDITED ->
          MemoryBarrier.await(
              t,
              task -> (task.process().attributes().barriers() & MEMBARRIER_REGISTER_GLOBAL) != 0);
      case MEMBARRIER_REGISTER_GLOBAL, MEMBARRIER_REGISTER_PRIVATE ->
          own.registerBarrier((int) command);
      case MEMBARRIER_PRIVATE_EXPEDITED -> {
        require((own.barriers() & MEMBARRIER_REGISTER_PRIVATE) != 0, EPERM);
        MemoryBarrier.await(t, task -> task.isSiblingOf(t));
      }
      default -> throw ErrnoException.of(EINVAL);
    }
    return 0;
  }

  /** ptrace(2): nobody can be traced, as where a security module forbids it. */
  static long ptrace(Task t, long a, long b, long c, long d, long e, long f) {
    throw ErrnoException.of(EPERM);
  }
}
