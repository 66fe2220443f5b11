package org.biscotti.kernel.port;

/**
 * One virtual processor, as the kernel sees it: it holds at most one task's registers and runs them
 * in ring 3 until something traps.
 *
 * <p>All methods but {@link #kick} are called by the vCPU's own thread only.
 */
public interface GuestCpu {
  /** Number of this vCPU, from 0; also what the program sees as its CPU number. */
  int index();

  /**
   * A register of the loaded task, valid after {@link #run} has returned.
   *
   * @param register one of the indices in {@link CpuContext}
   */
  long register(int register);

  /** Changes a register of the loaded task. RFLAGS is reduced to the bits a program may set. */
  void setRegister(int register, long value);

  long fsBase();

  /** Sets the base of FS; the caller has checked that it is a user address. */
  void setFsBase(long address);

  long gsBase();

  /** Sets the base of GS; the caller has checked that it is a user address. */
  void setGsBase(long address);

  /**
   * Loads a task: its registers, and the address space it runs in.
   *
   * @param context registers; not kept
   * @param root guest-physical address of the page table root made for this vCPU
   */
  void load(CpuContext context, long root);

  /** Saves the loaded task's registers, vector state included. */
  void save(CpuContext context);

  /** Bytes that the vector state takes as XSAVE lays it out in standard form (SDM vol. 1, 13.4). */
  int vectorBytes();

  /** Features of the vector state that programs can use: XCR0 (SDM vol. 1, 13.3). */
  long vectorFeatures();

  /** Reads the first {@code bytes} of the loaded task's vector state. */
  void readVector(byte[] to, int bytes);

  /**
   * Sets the loaded task's vector state from the first {@code bytes} of an area; the rest is zero.
   *
   * @return false if the processor does not accept it (reserved bits); the state is as before then
   */
  boolean writeVector(byte[] from, int bytes);

  /** Gives the loaded task the initial vector state (SDM vol. 1, 13.6). */
  void clearVector();

  /**
   * Runs the loaded task until it traps.
   *
   * @return why it stopped; the RIP is always the program's own, never inside the kernel's entry
   *     page
   */
  Trap run();

  /** What a program on this vCPU would read from the time-stamp counter now (RDTSC). */
  long timestampCounter();

  /** Frequency of the time-stamp counter in Hz, or 0 if programs cannot tell time by it. */
  long timestampFrequency();

  /** Makes a {@link #run} that is under way, or else the next one, return; from any thread. */
  void kick();
}
