package org.biscotti.kernel.socket;

/** What a program has set of a socket (socket(7)). Read by any thread. */
public final class SocketOptions {
  /** net.core.wmem_default and rmem_default, in bytes. */
  private static final int DEFAULT_BYTES = 212_992;

  /** A program may ask for so much; what counts is twice that (socket(7)). */
  private static final int BYTES_MAX = 212_992;

  private static final int SEND_MIN = 4608;
  private static final int RECEIVE_MIN = 2304;
  private static final int FLAGS = 64;

  private volatile int sendBytes = DEFAULT_BYTES;
  private volatile int receiveBytes = DEFAULT_BYTES;
  private volatile boolean passesCredentials;
  private volatile long sendNanos;
  private volatile long receiveNanos;
  private final int[] plain = new int[FLAGS];

  SocketOptions() {}

  /** What may be on the way, in bytes. */
  public int sendBytes() {
    return sendBytes;
  }

  /** Sets SO_SNDBUF. */
  public void setSendBytes(int wanted, boolean force) {
    sendBytes = bytes(wanted, force, SEND_MIN);
  }

  /** SO_RCVBUF; without effect, because what is received counts to the sender. */
  public int receiveBytes() {
    return receiveBytes;
  }

  /** Sets SO_RCVBUF. */
  public void setReceiveBytes(int wanted, boolean force) {
    receiveBytes = bytes(wanted, force, RECEIVE_MIN);
  }

  private static int bytes(int wanted, boolean force, int min) {
    int limited = force ? Math.min(wanted, Integer.MAX_VALUE / 2) : Math.min(wanted, BYTES_MAX);
    return Math.max(2 * Math.max(limited, 0), min);
  }

  /** SO_PASSCRED: whether who sent a message is told. */
  public boolean passesCredentials() {
    return passesCredentials;
  }

  public void setPassesCredentials(boolean value) {
    passesCredentials = value;
  }

  /** SO_SNDTIMEO in nanoseconds, 0 for none. */
  public long sendNanos() {
    return sendNanos;
  }

  public void setSendNanos(long nanos) {
    sendNanos = nanos;
  }

  /** SO_RCVTIMEO in nanoseconds, 0 for none. */
  public long receiveNanos() {
    return receiveNanos;
  }

  public void setReceiveNanos(long nanos) {
    receiveNanos = nanos;
  }

  /** An option that is kept and has no effect here. */
  public int plain(int option) {
    return plain[option];
  }

  public void setPlain(int option, int value) {
    plain[option] = value;
  }

  void copyTo(SocketOptions other) {
    other.sendBytes = sendBytes;
    other.receiveBytes = receiveBytes;
    other.passesCredentials = passesCredentials;
  }
}
