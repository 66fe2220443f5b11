package org.biscotti.kernel.trace;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Dates beside the seconds since 1970, in UTC. */
final class Dates {
  private static final DateTimeFormatter FORMAT =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);

  private static final long EARLIEST = -62_167_219_200L; // start of the year 0
  private static final long LATEST = 253_402_300_799L; // end of the year 9999

  private Dates() {}

  /**
   * Prints a date, if it is one.
   *
   * @param fraction of the second, in units of ten to the minus {@code digits}
   * @param digits digits of the fraction that are shown; none of them if it is zero
   * @return false if nothing is printed
   */
  static boolean print(CallText out, long seconds, long fraction, int digits) {
    if (seconds < EARLIEST || seconds > LATEST) {
      return false;
    }
    out.add(FORMAT.format(Instant.ofEpochSecond(seconds)));
    if (fraction != 0) {
      String text = Long.toString(fraction);
      out.add('.').add("0".repeat(Math.max(0, digits - text.length()))).add(text);
    }
    out.add("+0000");
    return true;
  }

  /** Prints a date as a comment, if it is one; the start of 1970 is taken for none. */
  static void comment(CallText out, long seconds, long fraction, int digits) {
    CallText date = new CallText();
    if ((seconds != 0 || fraction != 0) && print(date, seconds, fraction, digits)) {
      out.add(" /* ").add(date).add(" */");
    }
  }
}
