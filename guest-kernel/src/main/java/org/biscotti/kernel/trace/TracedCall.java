package org.biscotti.kernel.trace;

import org.biscotti.kernel.abi.Errno;
import org.jspecify.annotations.Nullable;

/** A call that is being traced: what is known of it, and the text of its arguments so far. */
final class TracedCall {
  /** Most bytes of a string that are shown, and most elements of an array; as strace's -s. */
  static final int SHOWN_MAX = 32;

  private final String name;
  private final Signature signature;
  private final TracedMemory memory;
  private final long[] arguments;
  private final CallText[] texts;
  private final CallText remark = new CallText();
  private long result;
  private @Nullable Boolean hexResult;

  /** A call with these arguments; nothing of it is decoded yet. */
  TracedCall(String name, Signature signature, TracedMemory memory, long[] arguments) {
    this.name = name;
    this.signature = signature;
    this.memory = memory;
    this.arguments = arguments;
    texts = new CallText[signature.words().size()];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = new CallText();
    }
  }

  TracedMemory memory() {
    return memory;
  }

  /** An argument by its index. */
  long argument(int index) {
    return arguments[index];
  }

  /** The result; meaningful once the call has returned. */
  long result() {
    return result;
  }

  boolean failed() {
    return result < 0 && result >= -Errno.MAX_ERRNO;
  }

  /** What stands in brackets after the result. */
  CallText remark() {
    return remark;
  }

  /** Starts another part of {@link #remark}. */
  CallText addRemark() {
    return remark.isEmpty() ? remark : remark.add(", ");
  }

  /** Says that the result is to be shown in hexadecimal, whatever the signature has. */
  void showResultInHex() {
    hexResult = true;
  }

  boolean isResultInHex() {
    return hexResult != null;
  }

  /** Decodes what the program passes. */
  void decodeEntry() {
    for (int i = 0; i < texts.length; i++) {
      signature.words().get(i).entered().print(this, i, texts[i]);
    }
  }

  /** Decodes what the call has stored. */
  void decodeReturn(long callResult) {
    result = callResult;
    for (int i = 0; i < texts.length; i++) {
      signature.words().get(i).returned().print(this, i, texts[i]);
    }
  }

  /** Name and arguments, without the closing bracket. */
  void printCall(CallText out) {
    out.add(name).add('(');
    boolean first = true;
    for (CallText text : texts) {
      if (!text.isEmpty()) {
        out.add(first ? "" : ", ").add(text);
        first = false;
      }
    }
  }

  /** Name and arguments up to the first that only the return would have shown. */
  void printStartedCall(CallText out) {
    out.add(name).add('(');
    for (int i = 0; i < texts.length; i++) {
      boolean missing = texts[i].isEmpty() && signature.words().get(i).isDecodedAtReturn();
      if (i > 0 && (missing || !texts[i].isEmpty())) {
        out.add(", ");
      }
      if (missing) {
        return;
      }
      out.add(texts[i]);
    }
  }

  /** What the call has returned, with what there is to say about it. */
  void printResult(CallText out) {
    signature.result().print(this, out);
    if (!remark.isEmpty()) {
      out.add(" (").add(remark).add(')');
    }
  }
}
