package org.biscotti.kernel.trace;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Named constants of one kind, in the order in which strace looks at them: a constant with several
 * bits stands before those that are part of it.
 */
final class ConstantSet {
  private final String unknown;
  private final String[] names;
  private final long[] values;

  /**
   * A set of constants.
   *
   * @param unknown what to call a value without a name, for example {@code "SEEK_???"}
   * @param constants {@code NAME=VALUE}, separated by white space; values as in C
   */
  ConstantSet(String unknown, String constants) {
    this.unknown = unknown;
    String[] words = constants.strip().split("\\s+", -1);
    names = new String[words.length];
    values = new long[words.length];
    for (int i = 0; i < words.length; i++) {
      int equals = words[i].indexOf('=');
      names[i] = words[i].substring(0, equals);
      values[i] = Long.decode(words[i].substring(equals + 1));
    }
  }

  /** All names and values. */
  Map<String, Long> constants() {
    Map<String, Long> all = new LinkedHashMap<>();
    for (int i = 0; i < names.length; i++) {
      all.put(names[i], values[i]);
    }
    return all;
  }

  /** A value that is one of the constants; only its lower half counts. */
  void printOne(CallText out, long value) {
    String name = nameOf(value);
    if (name.isEmpty()) {
      printUnknown(out, value & 0xffff_ffffL);
    } else {
      out.add(name);
    }
  }

  /** The name of a value, or an empty string; only its lower half counts. */
  String nameOf(long value) {
    for (int i = 0; i < names.length; i++) {
      if ((int) values[i] == (int) value) {
        return names[i];
      }
    }
    return "";
  }

  /** A value that is an OR of the constants. */
  void printFlags(CallText out, long value) {
    if (value == 0) {
      String zero = nameOf(0);
      out.add(zero.isEmpty() ? "0" : zero);
      return;
    }
    long rest = printKnown(out, value);
    if (rest == value) {
      printUnknown(out, value);
    } else if (rest != 0) {
      out.add('|').hex(rest);
    }
  }

  /**
   * The names of the bits that have one, separated by bars.
   *
   * @return the bits that have none
   */
  long printKnown(CallText out, long value) {
    long rest = value;
    for (int i = 0; i < names.length; i++) {
      if (values[i] != 0 && (rest & values[i]) == values[i]) {
        out.add(rest == value ? "" : "|").add(names[i]);
        rest &= ~values[i];
      }
    }
    return rest;
  }

  private void printUnknown(CallText out, long value) {
    out.hex(value).add(unknown.isEmpty() ? "" : " /* " + unknown + " */");
  }
}
