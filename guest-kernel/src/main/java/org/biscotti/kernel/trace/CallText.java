package org.biscotti.kernel.trace;

/** Text in the ways of strace: numbers, addresses, and strings with escapes. */
final class CallText {
  private static final char[] HEX = "0123456789abcdef".toCharArray();
  private static final int OCTAL_DIGITS_MIN = 3;

  private final StringBuilder text = new StringBuilder();

  boolean isEmpty() {
    return text.isEmpty();
  }

  int length() {
    return text.length();
  }

  CallText add(String more) {
    text.append(more);
    return this;
  }

  CallText add(char more) {
    text.append(more);
    return this;
  }

  CallText add(CallText more) {
    text.append(more.text);
    return this;
  }

  CallText decimal(long value) {
    text.append(value);
    return this;
  }

  /** The lower half of a register, with its sign. */
  CallText decimal32(long value) {
    text.append((int) value);
    return this;
  }

  CallText unsigned(long value) {
    text.append(Long.toUnsignedString(value));
    return this;
  }

  /** As {@code %#lx}: zero has no prefix. */
  CallText hex(long value) {
    if (value != 0) {
      text.append("0x");
    }
    text.append(Long.toHexString(value));
    return this;
  }

  /** A pointer that is not followed. */
  CallText address(long gva) {
    return gva == 0 ? add("NULL") : hex(gva);
  }

  /** A file mode: as {@code %#03o}. */
  CallText octal(long value) {
    String digits = value == 0 ? "0" : "0" + Long.toOctalString(value);
    for (int i = digits.length(); i < OCTAL_DIGITS_MIN; i++) {
      text.append('0');
    }
    text.append(digits);
    return this;
  }

  /** Blanks up to a column of the line. */
  CallText padTo(int column) {
    while (text.length() < column) {
      text.append(' ');
    }
    return this;
  }

  /** A string in quotes, as C would have it. */
  CallText quoted(byte[] bytes, int offset, int length) {
    text.append('"');
    for (int i = offset; i < offset + length; i++) {
      boolean digitFollows = i + 1 < offset + length && bytes[i + 1] >= '0' && bytes[i + 1] <= '7';
      escape(bytes[i], digitFollows);
    }
    text.append('"');
    return this;
  }

  /** Bytes that are no text: each in hexadecimal, in quotes. */
  CallText quotedHex(byte[] bytes, int length) {
    text.append('"');
    for (int i = 0; i < length; i++) {
      text.append("\\x").append(HEX[(bytes[i] >> 4) & 0xf]).append(HEX[bytes[i] & 0xf]);
    }
    text.append('"');
    return this;
  }

  private void escape(byte value, boolean digitFollows) {
    switch (value) {
      case '"' -> text.append("\\\"");
      case '\\' -> text.append("\\\\");
      case '\n' -> text.append("\\n");
      case '\r' -> text.append("\\r");
      case '\t' -> text.append("\\t");
      case '\f' -> text.append("\\f");
      case 0x0b -> text.append("\\v");
      default -> {
        if (value >= ' ' && value < 0x7f) {
          text.append((char) value);
        } else {
          octalEscape(value & 0xff, digitFollows);
        }
      }
    }
  }

  /** As few digits as will do: all three if a digit follows that would be taken for one of them. */
  private void octalEscape(int value, boolean digitFollows) {
    String digits = Integer.toOctalString(value);
    text.append('\\');
    for (int i = digits.length(); digitFollows && i < OCTAL_DIGITS_MIN; i++) {
      text.append('0');
    }
    text.append(digits);
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
