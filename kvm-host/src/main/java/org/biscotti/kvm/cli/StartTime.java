package org.biscotti.kvm.cli;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * When all this began, to tell how long a start takes. Looked at only for {@code --stats}.
 *
 * @param name what began: the script, or the JVM if that was started without it
 * @param nanoTime the moment by System.nanoTime
 */
record StartTime(String name, long nanoTime) {
  /** Set by scripts/run.sh: seconds since 1970 with six decimals, as bash has them. */
  static final String PROPERTY = "biscotti.started";

  private static final int MICROS_DIGITS = 6;

  /** Asks the script, else the host. */
  static StartTime find() {
    Instant script = parse(System.getProperty(PROPERTY));
    return script != null
        ? at("run.sh", script)
        : at("the JVM", ProcessHandle.current().info().startInstant().orElseGet(Instant::now));
  }

  /** Bash has the decimal separator of the locale. Null if there is no such time. */
  static @Nullable Instant parse(@Nullable String text) {
    if (text == null || !text.matches("\\d{1,12}[.,]\\d{" + MICROS_DIGITS + "}")) {
      return null;
    }
    int point = text.length() - MICROS_DIGITS - 1;
    long micros = Long.parseLong(text.substring(point + 1));
    return Instant.ofEpochSecond(Long.parseLong(text.substring(0, point)), micros * 1000);
  }

  private static StartTime at(String name, Instant instant) {
    long ago = Duration.between(instant, Instant.now()).toNanos();
    return new StartTime(name, System.nanoTime() - ago);
  }
}
