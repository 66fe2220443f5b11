package org.biscotti.kernel.trace;

/**
 * How one argument is decoded: what is printed when the call is entered, and what is added when it
 * has returned. An argument for which nothing is printed is left out.
 *
 * @param entered decodes what the program passes
 * @param returned decodes what the call has stored
 */
record Word(Printer entered, Printer returned) {
  /** Decodes an argument. */
  @FunctionalInterface
  interface Printer {
    /** Prints the argument with the number {@code index} of {@code call}. */
    void print(TracedCall call, int index, CallText out);
  }

  private static final Printer NOTHING = (call, index, out) -> {};

  /** An argument that is never shown. */
  static final Word HIDDEN = new Word(NOTHING, NOTHING);

  /** True if the return adds something. */
  @SuppressWarnings("ReferenceEquality") // the one printer that prints nothing
  boolean isDecodedAtReturn() {
    return returned != NOTHING;
  }

  /** An argument that the program passes. */
  static Word in(Printer printer) {
    return new Word(printer, NOTHING);
  }

  /** A pointer to what the call stores; after a failure the pointer itself is shown. */
  static Word out(Printer printer) {
    return new Word(
        NOTHING,
        (call, index, out) -> {
          if (call.failed()) {
            out.address(call.argument(index));
          } else {
            printer.print(call, index, out);
          }
        });
  }
}
