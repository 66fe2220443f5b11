package org.biscotti.kvm;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;

/** A pipe with fixed contents to read, that keeps what is written to it. */
final class ByteStream extends TestPipe {
  private static final int OUTPUT_MAX = 64 << 20;

  private final byte[] input;
  private final int outputMax;
  private final int errnoWhenFull;
  private final ByteArrayOutputStream output = new ByteArrayOutputStream();
  private int position;

  ByteStream(byte[] input) {
    this(input, OUTPUT_MAX, Errno.ENOSPC);
  }

  private ByteStream(byte[] input, int outputMax, int errnoWhenFull) {
    this.input = input;
    this.outputMax = outputMax;
    this.errnoWhenFull = errnoWhenFull;
  }

  /** A pipe whose reader goes away rather than take more than so many bytes. */
  static ByteStream brokenAfter(int bytes) {
    return new ByteStream(new byte[0], bytes, Errno.EPIPE);
  }

  static ByteStream empty() {
    return new ByteStream(new byte[0]);
  }

  synchronized String text() {
    return output.toString(StandardCharsets.ISO_8859_1);
  }

  /**
   * Waits until a text has been written.
   *
   * @throws IllegalStateException if that does not happen in time
   */
  synchronized void awaitText(String text, Duration limit) throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    while (!text().contains(text)) {
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (left <= 0) {
        throw new IllegalStateException("never wrote \"" + text + "\" but: " + text());
      }
      wait(left);
    }
  }

  @Override
  public synchronized int read(MemorySegment to) {
    int count = (int) Math.min(to.byteSize(), input.length - position);
    MemorySegment.copy(input, position, to, ValueLayout.JAVA_BYTE, 0, count);
    position += count;
    return count;
  }

  @Override
  public synchronized int write(MemorySegment from) {
    if (output.size() + from.byteSize() > outputMax) {
      throw ErrnoException.of(errnoWhenFull);
    }
    byte[] bytes = from.toArray(ValueLayout.JAVA_BYTE);
    output.write(bytes, 0, bytes.length);
    notifyAll();
    return bytes.length;
  }

  @Override
  public int ready() {
    return POLLIN | POLLOUT;
  }

  @Override
  public void awaitReadable(Runnable then) {
    then.run();
  }

  @Override
  public void awaitWritable(Runnable then) {
    then.run();
  }
}
