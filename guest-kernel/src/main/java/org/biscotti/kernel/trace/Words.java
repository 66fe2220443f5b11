package org.biscotti.kernel.trace;

import java.util.Arrays;
import java.util.List;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Mman;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.trace.Word.Printer;

/** The words that describe arguments; {@link ArgumentDecoder} lists them. */
final class Words {
  private static final List<String> DIRECTIONS =
      List.of("in", "out", "inout", "ret", "left", "rem");

  private Words() {}

  /**
   * The decoder that a word stands for.
   *
   * @throws IllegalArgumentException if there is no such word
   */
  static Word parse(String text) {
    List<String> parts = Arrays.asList(text.split(":", -1));
    return switch (parts.getFirst()) {
      case "flags" -> constant(ConstantSets.flagsPrinter(name(parts)));
      case "enum" -> constant(ConstantSets.enumPrinter(name(parts)));
      case "struct" -> struct(name(parts), direction(parts, 2), number(parts, 2));
      case "buf" -> buffer(parts, direction(parts, 1), number(parts, 1));
      default -> parts.size() == 1 ? simple(text) : sized(parts);
    };
  }

  private static IllegalArgumentException unknown(Object word) {
    return new IllegalArgumentException("no such word: " + word);
  }

  private static String name(List<String> parts) {
    if (parts.size() < 2) {
      throw unknown(parts);
    }
    return parts.get(1);
  }

  /** The first direction among the parts from {@code start} on; {@code in} if there is none. */
  private static String direction(List<String> parts, int start) {
    for (String part : parts.subList(start, parts.size())) {
      if (DIRECTIONS.contains(part)) {
        return part;
      }
      if (!isNumber(part)) {
        throw unknown(parts);
      }
    }
    return "in";
  }

  private static boolean isNumber(String part) {
    return part.length() == 1 && part.charAt(0) >= '0' && part.charAt(0) <= '5';
  }

  /** The first number of an argument among the parts from {@code start} on, or -1. */
  private static int number(List<String> parts, int start) {
    for (String part : parts.subList(start, parts.size())) {
      if (isNumber(part)) {
        return Integer.parseInt(part);
      }
    }
    return -1;
  }

  private static Word constant(ConstantPrinter printer) {
    return Word.in((call, index, out) -> printer.print(out, call.argument(index)));
  }

  private static Word simple(String word) {
    return switch (word) {
      case "fd", "int", "pid" -> number((value, out) -> out.decimal32(value));
      case "uint" -> number((value, out) -> out.unsigned(value & 0xffff_ffffL));
      case "long", "off" -> number((value, out) -> out.decimal(value));
      case "ulong", "size" -> number((value, out) -> out.unsigned(value));
      case "hex" -> number((value, out) -> out.hex(value));
      case "hex32" -> number((value, out) -> out.hex(value & 0xffff_ffffL));
      case "ptr", "addr" -> number((value, out) -> out.address(value));
      case "octal" -> number((value, out) -> out.octal(value & 0xffff_ffffL));
      case "mode" -> number((value, out) -> Structs.mode(value & 0xffff_ffffL, out));
      case "id" -> number((value, out) -> identity((int) value, out));
      case "fd_or_cwd" -> number(Words::directory);
      case "hidden" -> Word.HIDDEN;
      case "path" -> Word.in(Strings::path);
      case "str" -> Word.in(Strings::string);
      case "strings" -> Word.in(Sequences::strings);
      case "arch_prctl" -> CommandWords.archPrctl();
      case "prctl" -> CommandWords.prctl();
      case "futex" -> CommandWords.futex();
      case "protocol" -> CommandWords.protocol();
      case "wstatus" -> CommandWords.waitStatus();
      case "sigmask6" -> Word.in(Words::sigmaskOfPselect);
      default -> throw unknown(word);
    };
  }

  /** Prints a number that is an argument. */
  @FunctionalInterface
  private interface NumberPrinter {
    void print(long value, CallText out);
  }

  private static Word number(NumberPrinter printer) {
    return Word.in((call, index, out) -> printer.print(call.argument(index), out));
  }

  /** A user or group; -1 is none. */
  static void identity(int id, CallText out) {
    if (id == -1) {
      out.add("-1");
    } else {
      out.unsigned(id & 0xffff_ffffL);
    }
  }

  private static void directory(long fd, CallText out) {
    if ((int) fd == Fcntl.AT_FDCWD) {
      out.add("AT_FDCWD");
    } else {
      out.decimal32(fd);
    }
  }

  /** Words that have a direction or the number of another argument. */
  private static Word sized(List<String> parts) {
    if (parts.getFirst().equals("octal") && parts.size() == 3 && parts.get(1).equals("create")) {
      return createMode(number(parts, 2));
    }
    String direction = direction(parts, 1);
    int other = number(parts, 1);
    return switch (parts.getFirst()) {
      case "int", "uint", "long", "off", "size", "ptr", "signal" ->
          struct(parts.getFirst(), direction, other);
      case "ulong" -> struct("size", direction, other);
      case "bytes" -> buffer(direction, other, Strings::bytes);
      case "path" -> Word.out(Strings::returnedPath);
      case "ints" -> sequence(direction, other, Sequences::numbers);
      case "pages" -> sequence(direction, other, Sequences::residency);
      case "cpus" -> sequence(direction, other, Sequences::cpus);
      case "xattr" -> extendedAttribute(other);
      case "dev" -> device(other);
      case "mremap" -> newAddress(other);
      case "fdset" -> descriptorSet(other);
      case "sockaddr" ->
          Word.in((call, index, out) -> Structs.socketAddress(call, index, other, out));
      case "epoll_event" -> CommandWords.epollEvent(other);
      case "fcntl" -> CommandWords.fcntl(other);
      case "ioctl" -> CommandWords.ioctl(other);
      default -> throw unknown(parts);
    };
  }

  private static Word buffer(List<String> parts, String direction, int other) {
    if (parts.size() < 2) {
      throw unknown(parts);
    }
    return buffer(direction, other, Strings::buffer);
  }

  /** Prints so many bytes at an address. */
  @FunctionalInterface
  private interface BufferPrinter {
    void print(TracedMemory memory, long gva, long length, CallText out);
  }

  private static Word buffer(String direction, int other, BufferPrinter printer) {
    if (direction.equals("in")) {
      require(other >= 0);
      return Word.in((call, index, out) ->
          printer.print(call.memory(), call.argument(index), call.argument(other), out));
    }
    return Word.out((call, index, out) ->
        printer.print(call.memory(), call.argument(index), call.result(), out));
  }

  private static void require(boolean holds) {
    if (!holds) {
      throw new IllegalArgumentException("the number of an argument is missing");
    }
  }

  /** Prints an array of so many elements or bytes. */
  @FunctionalInterface
  private interface SequencePrinter {
    void print(TracedCall call, int index, long size, CallText out);
  }

  /** An array whose size is an argument or, for an output without one, the result. */
  private static Word sequence(String direction, int other, SequencePrinter printer) {
    if (direction.equals("in")) {
      require(other >= 0);
      return Word.in((call, index, out) -> printer.print(call, index, call.argument(other), out));
    }
    return Word.out((call, index, out) ->
        printer.print(call, index, other >= 0 ? call.argument(other) : call.result(), out));
  }

  private static Word struct(String name, String direction, int other) {
    return switch (name) {
      case "iovec" -> iovec(direction, other);
      case "pollfd" -> pollfd(other);
      case "epoll_event" -> Word.out(Sequences::epollEvents);
      case "dirents" -> Word.out(Sequences::directoryEntries);
      case "sigset", "sigaction" -> signalStruct(Structs.find(name), direction, other);
      case "open_how" -> openHow(Structs.find(name), other);
      default -> struct(Structs.find(name), direction);
    };
  }

  private static Word struct(Struct struct, String direction) {
    Printer printer = (call, index, out) -> struct.print(call.memory(), call.argument(index), out);
    return switch (direction) {
      case "in" -> Word.in(printer);
      case "out", "ret" -> Word.out(printer);
      case "inout" -> new Word(printer, (call, index, out) -> changed(struct, call, index, out));
      case "rem" -> remainder(printer);
      default -> new Word(printer, (call, index, out) -> left(struct, call, index));
    };
  }

  /** Something that is stored only if the call is interrupted (nanosleep(2)). */
  private static Word remainder(Printer printer) {
    return new Word(
        Word.HIDDEN.entered(),
        (call, index, out) -> {
          if (call.result() == -Errno.EINTR) {
            printer.print(call, index, out);
          } else {
            out.address(call.argument(index));
          }
        });
  }

  /** What the call has made of a value that the program has passed. */
  private static void changed(Struct struct, TracedCall call, int index, CallText out) {
    if (!call.failed() && call.argument(index) != 0) {
      out.add(" => ");
      struct.print(call.memory(), call.argument(index), out);
    }
  }

  /** The rest of a timeout, as a remark on the result. */
  private static void left(Struct struct, TracedCall call, int index) {
    if (call.result() > 0 && call.argument(index) != 0) {
      struct.print(call.memory(), call.argument(index), call.addRemark().add("left "));
    }
  }

  private static Word iovec(String direction, int count) {
    require(count >= 0);
    if (direction.equals("in")) {
      return Word.in(
          (call, index, out) -> Sequences.gather(call, index, call.argument(count), out));
    }
    return new Word(
        Word.HIDDEN.entered(),
        (call, index, out) -> Sequences.scatter(call, index, call.argument(count), out));
  }

  private static Word pollfd(int count) {
    require(count >= 0);
    return new Word(
        (call, index, out) ->
            Sequences.pollRequests(call, index, call.argument(count) & 0xffff_ffffL, out),
        (call, index, out) ->
            Sequences.pollAnswers(call, index, call.argument(count) & 0xffff_ffffL));
  }

  private static Word descriptorSet(int count) {
    require(count >= 0);
    return new Word(
        (call, index, out) -> Sequences.descriptors(call, index, call.argument(count), out),
        (call, index, out) -> Sequences.ready(call, index, call.argument(count)));
  }

  /** Structures with signal sets: a call that has another idea of their size is refused. */
  private static Word signalStruct(Struct struct, String direction, int size) {
    Printer printer =
        (call, index, out) -> {
          if (size >= 0 && call.argument(size) != Signals.SIGSET_BYTES) {
            out.address(call.argument(index));
          } else {
            struct.print(call.memory(), call.argument(index), out);
          }
        };
    return direction.equals("in") ? Word.in(printer) : Word.out(printer);
  }

  /** The last argument of pselect6(2): a pointer to a pointer to a set, and the set's size. */
  private static void sigmaskOfPselect(TracedCall call, int index, CallText out) {
    Struct pair =
        new Struct(
            2 * Long.BYTES,
            (s, to) -> {
              long size = s.getLong(Long.BYTES);
              to.add("{sigmask=");
              if (size == Signals.SIGSET_BYTES) {
                Structs.find("sigset").print(call.memory(), s.getLong(0), to);
              } else {
                to.address(s.getLong(0));
              }
              to.add(", sigsetsize=").unsigned(size).add('}');
            });
    pair.print(call.memory(), call.argument(index), out);
  }

  private static Word openHow(Struct struct, int size) {
    require(size >= 0);
    return Word.in((call, index, out) -> {
      if (Long.compareUnsigned(call.argument(size), struct.bytes()) < 0) {
        out.address(call.argument(index));
      } else {
        struct.print(call.memory(), call.argument(index), out);
      }
    });
  }

  /** True for flags of open(2) with which the mode counts. */
  static boolean createsFile(long flags) {
    return (flags & (Fcntl.O_CREAT | Fcntl.O_TMPFILE_BIT)) != 0;
  }

  private static Word createMode(int flags) {
    require(flags >= 0);
    return Word.in((call, index, out) -> {
      if (createsFile(call.argument(flags))) {
        out.octal(call.argument(index) & 0xffff_ffffL);
      }
    });
  }

  private static Word device(int mode) {
    require(mode >= 0);
    return Word.in((call, index, out) -> {
      if (Structs.isDevice(call.argument(mode))) {
        Structs.device(call.argument(index) & 0xffff_ffffL, out);
      }
    });
  }

  /** The fifth argument of mremap(2) counts with MREMAP_FIXED alone. */
  private static Word newAddress(int flags) {
    require(flags >= 0);
    return Word.in((call, index, out) -> {
      if ((call.argument(flags) & Mman.MREMAP_FIXED) != 0) {
        out.address(call.argument(index));
      }
    });
  }

  /** An extended attribute's value or a list of names; size 0 asks for the length alone. */
  private static Word extendedAttribute(int size) {
    require(size >= 0);
    return Word.out((call, index, out) -> {
      if (call.argument(size) == 0) {
        out.address(call.argument(index));
      } else {
        Strings.buffer(call.memory(), call.argument(index), call.result(), out);
      }
    });
  }
}
