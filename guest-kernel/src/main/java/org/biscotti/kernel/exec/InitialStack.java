package org.biscotti.kernel.exec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.abi.Auxv;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Rseq;

/**
 * The stack as a new program finds it (System V ABI for x86-64, 3.4.1): from the stack pointer up
 * argc, argv, envp and the auxiliary vector, then what they point to.
 *
 * <p>It is laid out here as bytes; somebody else puts them into memory. From the top down: eight
 * zero bytes, the file name, the environment, the arguments, the platform's name, random bytes, the
 * vectors. A debugger and {@code /proc/self/cmdline} rely on the strings being one block each.
 */
final class InitialStack {
  /** Limit of one string, its NUL included (execve(2), MAX_ARG_STRLEN): 32 pages. */
  static final int STRING_MAX = 32 * 4096;

  /** Strings and pointers may always have this much (ARG_MAX) ... */
  private static final long TOTAL_MIN = 131072;

  /** ... and never more than three quarters of the usual stack. */
  private static final long TOTAL_MAX = 6L << 20;

  private static final String PLATFORM = "x86_64";
  private static final int RANDOM_SIZE = 16;
  private static final int CLOCK_TICKS_PER_SECOND = 100;
  private static final int PAGE_SIZE = 4096;

  private final long stackPointer;
  private final byte[] bytes;
  private final long argumentsStart;
  private final long argumentsEnd;
  private final long environmentEnd;
  private final long auxiliaryStart;
  private final long auxiliaryEnd;

  private InitialStack(
      long stackPointer,
      byte[] bytes,
      long argumentsStart,
      long argumentsEnd,
      long environmentEnd,
      long auxiliaryStart,
      long auxiliaryEnd) {
    this.stackPointer = stackPointer;
    this.bytes = bytes;
    this.argumentsStart = argumentsStart;
    this.argumentsEnd = argumentsEnd;
    this.environmentEnd = environmentEnd;
    this.auxiliaryStart = auxiliaryStart;
    this.auxiliaryEnd = auxiliaryEnd;
  }

  /** Address of the first byte, a multiple of 16. */
  long stackPointer() {
    return stackPointer;
  }

  /** Where the auxiliary vector starts. */
  long auxiliaryStart() {
    return auxiliaryStart;
  }

  /** Where it ends, AT_NULL included. */
  long auxiliaryEnd() {
    return auxiliaryEnd;
  }

  /** All bytes from the stack pointer to the top of the stack; not a copy. */
  byte[] bytes() {
    return bytes;
  }

  /** Address of the first argument string. */
  long argumentsStart() {
    return argumentsStart;
  }

  /** Address after the last argument string; the environment starts there. */
  long argumentsEnd() {
    return argumentsEnd;
  }

  /** Address after the last environment string. */
  long environmentEnd() {
    return environmentEnd;
  }

  /**
   * What the auxiliary vector says of the program.
   *
   * @param entry AT_ENTRY
   * @param headers AT_PHDR
   * @param headerCount AT_PHNUM
   * @param interpreterBase AT_BASE, 0 without a dynamic linker
   * @param vdso AT_SYSINFO_EHDR
   */
  record Image(long entry, long headers, int headerCount, long interpreterBase, long vdso) {}

  /**
   * Checks the limits of execve(2).
   *
   * @param stackLimit RLIMIT_STACK in bytes, unsigned
   * @throws ErrnoException E2BIG if a string, or all together with their pointers, are too long
   */
  static void checkLimits(
      String fileName, List<String> arguments, List<String> environment, long stackLimit) {
    long quarter = stackLimit >>> 2;
    long limit = Math.max(Math.min(quarter, TOTAL_MAX), TOTAL_MIN);
    long total = 8L * arguments.size() + 8L * environment.size() + length(fileName);
    for (String argument : arguments) {
      total += length(argument);
    }
    for (String variable : environment) {
      total += length(variable);
    }
    if (total > limit) {
      throw ErrnoException.of(Errno.E2BIG);
    }
  }

  private static int length(String string) {
    if (string.length() >= STRING_MAX) {
      throw ErrnoException.of(Errno.E2BIG);
    }
    return string.length() + 1;
  }

  /**
   * Lays out a stack. The limits have been checked.
   *
   * @param top address after the last byte, a multiple of 16
   * @param fileName AT_EXECFN: the path that was executed, a script's own
   * @param random 16 random bytes for AT_RANDOM
   */
  static InitialStack build(
      long top,
      String fileName,
      List<String> arguments,
      List<String> environment,
      Image image,
      Identity identity,
      MachineFeatures machine,
      byte[] random) {
    long fileNameAddress = top - 8 - length(fileName);
    long environmentStart = fileNameAddress - totalLength(environment);
    long argumentsStart = environmentStart - totalLength(arguments);
    long platform = (argumentsStart & -16) - length(PLATFORM);
    long randomAddress = (platform - RANDOM_SIZE) & -16;
    List<Long> auxv =
        auxiliaryVector(image, identity, machine, fileNameAddress, platform, randomAddress);
    long words = 1L + arguments.size() + 1 + environment.size() + 1 + auxv.size();
    long stackPointer = (randomAddress - 8 * words) & -16;

    byte[] bytes = new byte[Math.toIntExact(top - stackPointer)];
    ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(arguments.size());
    putPointers(out, arguments, argumentsStart);
    putPointers(out, environment, environmentStart);
    long auxiliaryStart = stackPointer + out.position();
    auxv.forEach(out::putLong);
    long auxiliaryEnd = stackPointer + out.position();
    out.position((int) (randomAddress - stackPointer)).put(random, 0, RANDOM_SIZE);
    out.position((int) (platform - stackPointer));
    putString(out, PLATFORM);
    out.position((int) (argumentsStart - stackPointer));
    arguments.forEach(argument -> putString(out, argument));
    environment.forEach(variable -> putString(out, variable));
    putString(out, fileName);
    return new InitialStack(
        stackPointer,
        bytes,
        argumentsStart,
        environmentStart,
        fileNameAddress,
        auxiliaryStart,
        auxiliaryEnd);
  }

  private static List<Long> auxiliaryVector(
      Image image,
      Identity identity,
      MachineFeatures machine,
      long fileName,
      long platform,
      long random) {
    List<Long> auxv = new ArrayList<>();
    add(auxv, Auxv.AT_SYSINFO_EHDR, image.vdso());
    add(auxv, Auxv.AT_MINSIGSTKSZ, machine.minimumSignalStack());
    add(auxv, Auxv.AT_HWCAP, machine.hwcap());
    add(auxv, Auxv.AT_PAGESZ, PAGE_SIZE);
    add(auxv, Auxv.AT_CLKTCK, CLOCK_TICKS_PER_SECOND);
    add(auxv, Auxv.AT_PHDR, image.headers());
    add(auxv, Auxv.AT_PHENT, ElfFile.PROGRAM_HEADER_SIZE);
    add(auxv, Auxv.AT_PHNUM, image.headerCount());
    add(auxv, Auxv.AT_BASE, image.interpreterBase());
    add(auxv, Auxv.AT_FLAGS, 0);
    add(auxv, Auxv.AT_ENTRY, image.entry());
    add(auxv, Auxv.AT_UID, Integer.toUnsignedLong(identity.uid()));
    add(auxv, Auxv.AT_EUID, Integer.toUnsignedLong(identity.euid()));
    add(auxv, Auxv.AT_GID, Integer.toUnsignedLong(identity.gid()));
    add(auxv, Auxv.AT_EGID, Integer.toUnsignedLong(identity.egid()));
    add(auxv, Auxv.AT_SECURE, identity.isSecure() ? 1 : 0);
    add(auxv, Auxv.AT_RANDOM, random);
    add(auxv, Auxv.AT_HWCAP2, machine.hwcap2());
    add(auxv, Auxv.AT_RSEQ_FEATURE_SIZE, Rseq.FEATURE_BYTES);
    add(auxv, Auxv.AT_RSEQ_ALIGN, Rseq.ALIGNMENT);
    add(auxv, Auxv.AT_EXECFN, fileName);
    add(auxv, Auxv.AT_PLATFORM, platform);
    add(auxv, Auxv.AT_NULL, 0);
    return auxv;
  }

  private static void add(List<Long> auxv, int type, long value) {
    auxv.add((long) type);
    auxv.add(value);
  }

  private static long totalLength(List<String> strings) {
    long total = 0;
    for (String string : strings) {
      total += length(string);
    }
    return total;
  }

  /** A vector of pointers to strings that lie one after the other, ended by a null pointer. */
  private static void putPointers(ByteBuffer out, List<String> strings, long address) {
    long next = address;
    for (String string : strings) {
      out.putLong(next);
      next += length(string);
    }
    out.putLong(0);
  }

  private static void putString(ByteBuffer out, String string) {
    out.put(string.getBytes(StandardCharsets.ISO_8859_1)).put((byte) 0);
  }
}
