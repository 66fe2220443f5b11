package org.biscotti.kernel.port;

/**
 * One virtual processor, as the kernel sees it: it holds at most one task's registers and runs them
 * in ring 3 until something traps.
 *
 * <p>All methods but {@link #kick} are called by the vCPU's own thread only.
 */
public interface GuestCpu extends RegisterFile {
  /** Number of this vCPU, from 0; also what the program sees as its CPU number. */
  int index();

  /** A register of the loaded task, valid after {@link #run} has returned. */
  @Override
  long register(int register);

  /** Sets the base of FS; the caller has checked that it is a user address. */
  void setFsBase(long address);

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
