package org.biscotti.kernel.port;

/**
 * The registers of a task whose program stands still, vector state included: in the vCPU that it is
 * on, or as it has posted them in a ring.
 */
public interface RegisterFile {
  /** The smallest XSAVE area: the legacy region and the header (SDM vol. 1, 13.4). */
  int VECTOR_BYTES_MIN = 576;

  /** Offset of MXCSR in an XSAVE area. */
  int VECTOR_MXCSR = 24;

  /** Offset of the header in an XSAVE area; it begins with XSTATE_BV. */
  int VECTOR_HEADER = 512;

  /**
   * A register.
   *
   * @param register one of the indices in {@link CpuContext}
   */
  long register(int register);

  /** Changes a register. RFLAGS is reduced to the bits a program may set. */
  void setRegister(int register, long value);

  /** Base of FS. */
  long fsBase();

  /** Base of GS. */
  long gsBase();

  /** Bytes that the vector state takes as XSAVE lays it out in standard form (SDM vol. 1, 13.4). */
  int vectorBytes();

  /** Features of the vector state that programs can use: XCR0 (SDM vol. 1, 13.3). */
  long vectorFeatures();

  /** Reads the first {@code bytes} of the vector state. */
  void readVector(byte[] to, int bytes);

  /**
   * Sets the vector state from the first {@code bytes} of an area; the rest is zero.
   *
   * @return false if the processor does not accept it (reserved bits); the state is as before then
   */
  boolean writeVector(byte[] from, int bytes);

  /** Sets the initial vector state (SDM vol. 1, 13.6). */
  void clearVector();

  /**
   * The initial vector state: FCW = 0x37f, MXCSR = 0x1f80, the rest zero (SDM vol. 1, 13.6). x87
   * and SSE are said to be in the area, since not every processor takes MXCSR from one that has no
   * SSE state in it.
   */
  static byte[] initialVector() {
    byte[] initial = new byte[VECTOR_BYTES_MIN];
    initial[0] = 0x7f;
    initial[1] = 3;
    initial[VECTOR_MXCSR] = (byte) 0x80;
    initial[VECTOR_MXCSR + 1] = 0x1f;
    initial[VECTOR_HEADER] = 3;
    return initial;
  }
}
