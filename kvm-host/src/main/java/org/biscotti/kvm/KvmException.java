package org.biscotti.kvm;

/** The host cannot give us a machine; the message is one line that says what to do about it. */
public final class KvmException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public KvmException(String message) {
    super(message);
  }
}
