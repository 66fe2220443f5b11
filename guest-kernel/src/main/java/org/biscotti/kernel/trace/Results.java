package org.biscotti.kernel.trace;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoText;

/** How results are shown: the words that start with an equals sign. */
final class Results {
  static final Signature.Result DECIMAL = orError((call, out) -> number(call, out));

  private Results() {}

  static Signature.Result parse(String word) {
    return switch (word) {
      case "=int", "=long" -> DECIMAL;
      case "=ptr", "=addr", "=hex" -> orError((call, out) -> out.hex(call.result()));
      case "=octal" -> orError((call, out) -> out.octal(call.result()));
      case "=?" -> (call, out) -> out.add('?');
      case "=ready" -> orError(Results::ready);
      case "=time" -> orError(Results::time);
      case "=personality" -> orError(Results::personality);
      case "=enum:signal" -> orError(Results::signal);
      default -> {
        String[] parts = word.split(":", -1);
        if (parts.length != 2 || !parts[0].equals("=enum")) {
          throw new IllegalArgumentException("no such word: " + word);
        }
        yield named(ConstantSets.one(parts[1]));
      }
    };
  }

  private static Signature.Result orError(Signature.Result success) {
    return (call, out) -> {
      if (call.failed()) {
        error((int) -call.result(), out);
      } else {
        success.print(call, out);
      }
    };
  }

  private static void error(int errno, CallText out) {
    String text = ErrnoText.of(errno);
    out.add("-1 ");
    if (text == null) {
      out.add("(errno ").decimal(errno).add(')');
    } else {
      out.add(Errno.name(errno)).add(" (").add(text).add(')');
    }
  }

  private static void number(TracedCall call, CallText out) {
    if (call.isResultInHex()) {
      out.hex(call.result());
    } else {
      out.decimal(call.result());
    }
  }

  /** poll(2), select(2): nothing became ready in time. */
  private static void ready(TracedCall call, CallText out) {
    out.decimal(call.result());
    if (call.result() == 0) {
      call.addRemark().add("Timeout");
    }
  }

  private static void time(TracedCall call, CallText out) {
    out.decimal(call.result());
    Dates.print(call.addRemark(), call.result(), 0, 0);
  }

  private static void personality(TracedCall call, CallText out) {
    out.hex(call.result());
    ConstantSets.personality(call.addRemark(), call.result());
  }

  private static void signal(TracedCall call, CallText out) {
    out.decimal(call.result());
    ConstantSets.signal(call.addRemark(), call.result());
  }

  private static Signature.Result named(ConstantSet set) {
    return orError((call, out) -> {
      out.decimal(call.result());
      String name = set.nameOf(call.result());
      if (!name.isEmpty()) {
        call.addRemark().add(name);
      }
    });
  }
}
