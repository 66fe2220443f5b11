package org.biscotti.kernel.port;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * The host's generator of random bytes, for any number of threads: /dev/urandom (random(4)).
 *
 * <p>{@code SecureRandom} reads the same device, but takes 15 ms to come up, in a start that takes
 * 200.
 */
public final class HostRandom implements RandomGenerator {
  private static final String DEVICE = "/dev/urandom";

  /** The one there is, for as long as the JVM runs. */
  public static final HostRandom SOURCE = new HostRandom();

  private final InputStream device;

  private HostRandom() {
    try {
      device = new FileInputStream(DEVICE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void nextBytes(byte[] bytes) {
    nextBytes(bytes, bytes.length);
  }

  /** Puts random bytes into the first {@code count} of an array. */
  public void nextBytes(byte[] bytes, int count) {
    Objects.checkFromIndexSize(0, count, bytes.length);
    try {
      if (device.readNBytes(bytes, 0, count) < count) {
        throw new IOException(DEVICE + " has an end");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public long nextLong() {
    byte[] bytes = new byte[Long.BYTES];
    nextBytes(bytes);
    long value = 0;
    for (byte each : bytes) {
      value = value << Byte.SIZE | (each & 0xff);
    }
    return value;
  }

  /** A random UUID (RFC 9562, version 4). */
  public UUID nextUuid() {
    long high = (nextLong() & ~0xf000L) | 0x4000L;
    long low = (nextLong() & ~(0b11L << 62)) | 0b10L << 62;
    return new UUID(high, low);
  }
}
