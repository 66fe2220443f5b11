package org.biscotti.devices;

import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.port.HostStream;
import org.jspecify.annotations.Nullable;

/**
 * The standard input, output and error that the JVM was started with, for the guest's first
 * program. The caller's shell goes on using them, so their flags are left alone and nothing is read
 * ahead.
 */
public final class StandardStreams implements AutoCloseable {
  private static final int COUNT = 3;

  private final ReadinessThread readiness = new ReadinessThread();
  private final List<@Nullable StandardStream> streams = new ArrayList<>(COUNT);

  /** Looks at the three descriptors. */
  public StandardStreams() {
    for (int fd = 0; fd < COUNT; fd++) {
      streams.add(open(fd));
    }
  }

  private @Nullable StandardStream open(int fd) {
    try {
      return new StandardStream(fd, readiness);
    } catch (ErrnoException closed) {
      return null;
    }
  }

  /**
   * A stream.
   *
   * @param fd 0, 1 or 2
   * @return null if the JVM was started without it
   */
  public @Nullable HostStream stream(int fd) {
    return streams.get(fd);
  }

  /** Closes what was opened besides the three descriptors, which stay open. */
  @Override
  public void close() {
    for (StandardStream stream : streams) {
      if (stream != null) {
        stream.close();
      }
    }
  }
}
