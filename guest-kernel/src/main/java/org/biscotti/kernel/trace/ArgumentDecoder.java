package org.biscotti.kernel.trace;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.biscotti.kernel.abi.SyscallNames;
import org.biscotti.kernel.syscall.Syscall;
import org.jspecify.annotations.Nullable;

/**
 * Decodes arguments and results by the descriptions in the table of system calls: one word for each
 * argument, and one with an equals sign if the result is not a decimal number.
 *
 * <pre>
 * int fd pid uint      numbers of 32 bits
 * long off ulong size  numbers of 64 bits
 * hex hex32            numbers in hexadecimal
 * ptr addr             a pointer that is not followed
 * octal mode           a file mode; mode has the file type in it
 * octal:create:N       a mode that counts if the flags in argument N create a file
 * dev:N                a device that counts if the mode in argument N is a device's
 * id                   a user or group, or -1
 * fd_or_cwd            a directory, or AT_FDCWD
 * path str strings     strings that a NUL ends; strings: an array that NULL ends
 * buf:in:N buf:out:ret a buffer, its length in argument N or in the result
 * bytes:out:ret        a buffer of bytes that are no text
 * path:out:ret         a path, its length with the NUL in the result
 * xattr:out:N          a buffer that the call fills unless argument N is zero
 * int:in size:out ...  a pointer to a number: int uint long off ulong size ptr signal;
 *                      inout shows it before and after
 * ints:in:N ints:out:ret, cpus:in:N cpus:out:ret, pages:out:N
 *                      arrays of ids, a set of CPUs, what mincore stores
 * flags:SET enum:SET   constants; the sets are in ConstantSets
 * struct:NAME:in       a structure that the program passes
 * struct:NAME:out      one that the call stores
 * struct:NAME:rem      one that the call stores if it is interrupted
 * struct:NAME:left     a timeout; what is left of it is said behind the result
 * struct:iovec:in:N struct:iovec:out:N struct:pollfd:N fdset:N struct:dirents:out
 *                      arrays, with the number of elements in argument N
 * struct:sigset:in:N struct:sigaction:out:N struct:open_how:N
 *                      structures whose size is in argument N
 * struct:epoll_event:ret  what epoll_wait stores, with the number of elements in the result
 * sockaddr:N           an address of a socket, its length in argument N
 * epoll_event:N        a structure that counts if the command in argument N takes it
 * fcntl:N ioctl:N mremap:N prctl futex arch_prctl sigmask6 protocol wstatus
 *                      arguments of one call (of pselect6, socket, wait4), the command in argument N
 * hidden               an argument that is not shown
 *
 * =ptr =octal =time =personality =enum:SET   how the result is shown
 * =ready               zero is a timeout
 * =?                   the call does not return
 * </pre>
 *
 * <p>Immutable but for a cache; any thread may use it.
 */
final class ArgumentDecoder {
  private final AtomicReferenceArray<@Nullable Signature> signatures =
      new AtomicReferenceArray<>(SyscallNames.count());

  /**
   * Starts tracing a call.
   *
   * @param number as in RAX
   * @param row the call's row, or null if it is not in the table
   * @param arguments its six arguments, which must not change any more
   */
  TracedCall start(long number, @Nullable Syscall row, TracedMemory memory, long[] arguments) {
    return row == null
        ? new TracedCall(nameOf(number), Signature.UNKNOWN, memory, arguments)
        : new TracedCall(row.name(), signatureOf(row), memory, arguments);
  }

  private static String nameOf(long number) {
    String name = SyscallNames.of(number);
    return name != null ? name : "syscall_0x" + Long.toHexString(number);
  }

  private Signature signatureOf(Syscall row) {
    if (row.number() >= signatures.length()) {
      return parse(row);
    }
    Signature signature = signatures.get(row.number());
    if (signature == null) {
      signature = parse(row);
      signatures.set(row.number(), signature);
    }
    return signature;
  }

  /** A trace does not fail because a description does: a test sees to it that none does. */
  private static Signature parse(Syscall row) {
    try {
      return Signature.parse(row.arguments());
    } catch (IllegalArgumentException e) {
      return Signature.UNKNOWN;
    }
  }
}
