package org.biscotti.kernel.trace;

/** Prints a number as the names of constants. */
@FunctionalInterface
interface ConstantPrinter {
  void print(CallText out, long value);
}
