package org.biscotti.kernel.port;

/**
 * What the host can do for guest-physical memory. Implemented by the machine; a plain in-memory
 * implementation serves the unit tests.
 */
public interface MemoryBacking {
  /**
   * Makes the host provide memory for a range, so that no later access can fail for want of it.
   *
   * @param gpa start, page-aligned
   * @param bytes length, a multiple of the page size
   * @return false if the host has no memory to give; the range must then not be touched
   */
  boolean commit(long gpa, long bytes);

  /**
   * Makes every translation to the given frames that was downgraded (made absent, made read-only,
   * given another frame) unusable on every vCPU before it returns. The page-table entries have
   * already been stored.
   *
   * <p>Under nested paging that is a TLB flush; under shadow paging KVM keeps translations of its
   * own, which a store by the VMM does not invalidate.
   *
   * @param gpas frame addresses that the changed entries used to translate to; each is a
   *     page-aligned address of a run of {@code runs[i]} frames
   * @param runs length of each run in frames
   * @param count how many elements of the arrays are valid
   * @param cpus bit set of the vCPUs that have the address space loaded; the others discard what
   *     they know of it when they load it again
   */
  void downgraded(long[] gpas, int[] runs, int count, long cpus);

  /**
   * The same for every translation of an address space, also those that went through a directory
   * entry that has changed.
   *
   * @param cpus bit set of the vCPUs that have the address space loaded
   */
  default void allDowngraded(long cpus) {
    tablesReleased();
  }

  /**
   * Makes it safe to reuse frames that served as page tables: when this returns, no vCPU holds
   * anything that was derived from any of them. The caller has unlinked them and runs on none of
   * them.
   */
  void tablesReleased();
}
