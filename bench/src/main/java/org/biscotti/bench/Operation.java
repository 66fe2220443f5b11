package org.biscotti.bench;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** What a {@link Subject} can be told; the numbers are those of {@code bench/command.h}. */
enum Operation {
  /** To end. */
  EXIT(0),
  /** getppid(2). */
  NULL(1),
  /** pread(2) at offset 0 of a file in memory. */
  READ(2),
  /** pwrite(2) at offset 0 of a file in memory, over what is there. */
  WRITE(3),
  /** open(2) and close(2) of a file that is there. */
  OPEN_CLOSE(4),
  /** stat(2) of it. */
  STAT(5),
  /** The three phases of smallfile: 100 files of one byte in 4 directories. */
  SMALLFILE(6),
  /** Nothing: asks how long a phase of the last SMALLFILE took; size is its number from 0. */
  PHASE(7),
  /** getppid(2) in several threads at once; size is how many. */
  THREADS(8);

  private static final int COMMAND_BYTES = 3 * Long.BYTES;

  private final long number;

  Operation(long number) {
    this.number = number;
  }

  /**
   * The command as it goes over the pipe.
   *
   * @param count how often
   * @param size bytes of each transfer; 0 for what transfers nothing
   */
  byte[] command(long count, long size) {
    return ByteBuffer.allocate(COMMAND_BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(number)
        .putLong(count)
        .putLong(size)
        .array();
  }

  /** The subject's answer: nanoseconds. */
  static long nanos(byte[] answer) {
    return ByteBuffer.wrap(answer).order(ByteOrder.LITTLE_ENDIAN).getLong();
  }
}
