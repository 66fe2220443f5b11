package org.biscotti.kernel.abi;

/** Layouts and flags of rseq(2) ({@code linux/rseq.h}). */
public final class Rseq {
  public static final int RSEQ_FLAG_UNREGISTER = 1;
  public static final int RSEQ_CPU_ID_UNINITIALIZED = -1;

  /** Bytes of the area without the fields that came later (ORIG_RSEQ_SIZE). */
  public static final int ORIGINAL_BYTES = 32;

  /** Bytes of it that mean something (AT_RSEQ_FEATURE_SIZE). */
  public static final int FEATURE_BYTES = 28;

  /** How it has to be aligned (AT_RSEQ_ALIGN). */
  public static final int ALIGNMENT = 32;

  // Offsets in struct rseq.
  public static final int CPU_ID_START = 0;
  public static final int CPU_ID = 4;
  public static final int RSEQ_CS = 8;
  public static final int NODE_ID = 20;
  public static final int MM_CID = 24;

  // Offsets in struct rseq_cs.
  public static final int CS_VERSION = 0;
  public static final int CS_START_IP = 8;
  public static final int CS_POST_COMMIT_OFFSET = 16;
  public static final int CS_ABORT_IP = 24;

  private Rseq() {}
}
