package org.biscotti.kernel.serve;

import static org.biscotti.kernel.port.CpuContext.*;

import java.util.Arrays;
import org.biscotti.kernel.port.CpuContext;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.port.KernelArea;
import org.biscotti.kernel.port.RegisterFile;
import org.biscotti.kernel.port.RingPages;

/**
 * The registers of a program that waits in the entry page for its call's answer: those of the call
 * as it has posted them, and then those that it is to go on with.
 *
 * <p>The vector state is in the vCPU until the program has been asked to save it. What is read here
 * may be forged, which is the program's own affair: it could as well have had such registers. What
 * it is answered with has to be valid, {@link #isLoadable}.
 */
final class PostedRegisters implements RegisterFile {
  private static final byte[] INITIAL_VECTOR = RegisterFile.initialVector();
  private static final int HEADER_BYTES = VECTOR_BYTES_MIN - VECTOR_HEADER;

  /** Flags that the entry page's code cannot load as it does the others: TF and RF. */
  private static final long EXTRAORDINARY_FLAGS = 1 << 8 | 1 << 16;

  /** The bits of MXCSR that every processor has, and the one that some have (AMD: MM). */
  private static final int MXCSR_MASK = 0xffff;

  private static final int MXCSR_MASK_MOST = MXCSR_MASK | 1 << 17;

  private final long[] registers = new long[COUNT];
  private final byte[] vector;
  private final long features;
  private long fsBase;
  private long gsBase;
  private boolean vectorKnown;
  private boolean vectorChanged;

  /** For a vector state of these features, which takes so many bytes. */
  PostedRegisters(long features, int vectorBytes) {
    this.features = features;
    vector = new byte[vectorBytes];
  }

  /** Takes the general registers from a request; the vector state is not known. */
  void copyFrom(GuestMemory memory, long request) {
    registers[RAX] = memory.getLong(request + RingPages.REQUEST_RAX);
    registers[RBX] = memory.getLong(request + RingPages.REQUEST_RBX);
    registers[RCX] = memory.getLong(request + RingPages.REQUEST_RCX);
    registers[RDX] = memory.getLong(request + RingPages.REQUEST_RDX);
    registers[RSI] = memory.getLong(request + RingPages.REQUEST_RSI);
    registers[RDI] = memory.getLong(request + RingPages.REQUEST_RDI);
    registers[RSP] = memory.getLong(request + RingPages.REQUEST_RSP);
    registers[RBP] = memory.getLong(request + RingPages.REQUEST_RBP);
    registers[R8] = memory.getLong(request + RingPages.REQUEST_R8);
    registers[R9] = memory.getLong(request + RingPages.REQUEST_R9);
    registers[R10] = memory.getLong(request + RingPages.REQUEST_R10);
    registers[R11] = memory.getLong(request + RingPages.REQUEST_R11);
    registers[R12] = memory.getLong(request + RingPages.REQUEST_R12);
    registers[R13] = memory.getLong(request + RingPages.REQUEST_R13);
    registers[R14] = memory.getLong(request + RingPages.REQUEST_R14);
    registers[R15] = memory.getLong(request + RingPages.REQUEST_R15);
    registers[RIP] = registers[RCX];
    registers[RFLAGS] = userFlags(registers[R11]);
    vectorKnown = false;
    vectorChanged = false;
  }

  /** Takes vector state and bases from a request. XSAVE writes one word of the header. */
  void copyVectorFrom(GuestMemory memory, long request) {
    memory.copyTo(request + RingPages.REQUEST_VECTOR, vector, 0, vector.length);
    int rest = VECTOR_HEADER + Long.BYTES;
    Arrays.fill(vector, rest, rest + HEADER_BYTES - Long.BYTES, (byte) 0);
    fsBase = memory.getLong(request + RingPages.REQUEST_FS_BASE);
    gsBase = memory.getLong(request + RingPages.REQUEST_GS_BASE);
    vectorKnown = true;
  }

  /**
   * Writes the registers into a reply, whose action is not set.
   *
   * @return the action: with vector state if that is another than in the processor
   */
  int copyTo(GuestMemory memory, long reply) {
    load(registers, memory, reply);
    if (!vectorChanged) {
      return RingPages.LOAD;
    }
    memory.copyFrom(vector, 0, reply + RingPages.REPLY_VECTOR, vector.length);
    return RingPages.LOAD_VECTOR;
  }

  private static void load(long[] registers, GuestMemory memory, long reply) {
    for (int i = 0; i <= R15; i++) {
      memory.setLong(reply + RingPages.REPLY_REGISTERS + (long) Long.BYTES * i, registers[i]);
    }
    memory.setLong(reply + RingPages.REPLY_RIP, registers[RIP]);
    memory.setLong(reply + RingPages.REPLY_RFLAGS, registers[RFLAGS]);
    memory.setLong(reply + RingPages.REPLY_RSP, registers[RSP]);
  }

  /** Writes all of a saved thread's registers, which are loadable, into a reply. */
  static void load(CpuContext from, GuestMemory memory, long reply, int vectorBytes) {
    load(from.registers, memory, reply);
    memory.setLong(reply + RingPages.REPLY_FS_BASE, from.fsBase);
    memory.setLong(reply + RingPages.REPLY_GS_BASE, from.gsBase);
    byte[] vector = from.vector.length == 0 ? INITIAL_VECTOR : from.vector;
    int bytes = Math.min(vector.length, vectorBytes);
    memory.copyFrom(vector, 0, reply + RingPages.REPLY_VECTOR, bytes);
    memory.zero(reply + RingPages.REPLY_VECTOR + bytes, vectorBytes - bytes);
  }

  /** True if the entry page's code can load all of a saved thread's registers. */
  static boolean isLoadable(CpuContext context) {
    return isLoadable(context.registers, context.vector.length != 0, context.vector);
  }

  /** True if all of it is a user's, with vector state and bases, as a thread can be saved. */
  boolean isComplete() {
    return vectorKnown && isUserAddress(fsBase) && isUserAddress(gsBase);
  }

  /** Saves all of it, which {@link #isComplete}, as those of a thread that leaves its vCPU. */
  void saveTo(CpuContext context) {
    vectorChanged = true;
    copyTo(context);
    context.fsBase = fsBase;
    context.gsBase = gsBase;
  }

  /** Puts the registers into those of a task that is on no vCPU, and has been saved. */
  void copyTo(CpuContext context) {
    System.arraycopy(registers, 0, context.registers, 0, COUNT);
    if (vectorChanged) {
      if (context.vector.length < vector.length) {
        context.vector = new byte[vector.length];
      }
      Arrays.fill(context.vector, (byte) 0);
      System.arraycopy(vector, 0, context.vector, 0, vector.length);
      context.vectorHolder = null;
    }
  }

  /**
   * Puts the registers into those of a vCPU.
   *
   * @return false if the processor does not accept the vector state
   */
  boolean copyTo(RegisterFile to) {
    for (int i = 0; i < COUNT; i++) {
      to.setRegister(i, registers[i]);
    }
    return !vectorChanged || to.writeVector(vector, vector.length);
  }

  /** True if the vector state is here, and not in the vCPU alone. */
  boolean isVectorKnown() {
    return vectorKnown;
  }

  /** True if the entry page's code can load all of it: it is a user's and nothing is unusual. */
  boolean isLoadable() {
    return isLoadable(registers, vectorChanged, vector);
  }

  private static boolean isLoadable(long[] registers, boolean withVector, byte[] vector) {
    return isUserAddress(registers[RIP])
        && isUserAddress(registers[RSP])
        && (registers[RFLAGS] & EXTRAORDINARY_FLAGS) == 0
        && (!withVector || (mxcsr(vector) & ~MXCSR_MASK) == 0);
  }

  static boolean isUserAddress(long address) {
    return Long.compareUnsigned(address, KernelArea.START) < 0;
  }

  private static int mxcsr(byte[] area) {
    int value = 0;
    for (int i = Integer.BYTES - 1; i >= 0; i--) {
      value = value << Byte.SIZE | (area[VECTOR_MXCSR + i] & 0xff);
    }
    return value;
  }

  @Override
  public long register(int register) {
    return registers[register];
  }

  @Override
  public void setRegister(int register, long value) {
    registers[register] = register == RFLAGS ? userFlags(value) : value;
  }

  /** Known with the vector state. */
  @Override
  public long fsBase() {
    return fsBase;
  }

  /** Known with the vector state. */
  @Override
  public long gsBase() {
    return gsBase;
  }

  @Override
  public int vectorBytes() {
    return vector.length;
  }

  @Override
  public long vectorFeatures() {
    return features;
  }

  @Override
  public void readVector(byte[] to, int bytes) {
    if (!vectorKnown) {
      throw new IllegalStateException("the vector state has not been saved");
    }
    System.arraycopy(vector, 0, to, 0, bytes);
  }

  /**
   * Takes what some processor accepts; whether this one does, {@link #copyTo(RegisterFile)} says.
   */
  @Override
  public boolean writeVector(byte[] from, int bytes) {
    if ((mxcsr(from) & ~MXCSR_MASK_MOST) != 0) {
      return false;
    }
    System.arraycopy(from, 0, vector, 0, bytes);
    Arrays.fill(vector, bytes, vector.length, (byte) 0);
    vectorKnown = true;
    vectorChanged = true;
    return true;
  }

  @Override
  public void clearVector() {
    writeVector(INITIAL_VECTOR, INITIAL_VECTOR.length);
  }
}
