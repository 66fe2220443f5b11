package org.biscotti.kernel.mem;

/**
 * What paging may do beyond the page that was asked for. A fault costs tens of microseconds where
 * the guest exits for it, a page mapped along with another about one.
 *
 * @param faultAroundPages pages mapped around a first fault in an area, a power of two; 1 turns
 *     mapping around faults off
 * @param fileAroundPages the same where what is mapped are a file's own pages, which takes no
 *     memory and no copying
 * @param copyAroundPages the same where pages are copied on write after a fork
 * @param populateMaxPages limit to which that doubles while the faults of an area are sequential, a
 *     power of two up to 512, which is one page table
 * @param prepopulatePages pages of a new private anonymous writable mapping that are there from the
 *     start; visible to mincore(2)
 * @param heapPages the same of an extension of the heap
 * @param programPages pages, at most, of a part of a program that is mapped whole from the start,
 *     as far as its file is in memory already
 * @param quarantineFrames frames of ended address spaces that may wait for the one dear operation
 *     that makes them fit for use again; it is done earlier when memory runs short
 * @param fork how page tables get to a child
 */
public record MemoryPolicy(
    int faultAroundPages,
    int fileAroundPages,
    int copyAroundPages,
    int populateMaxPages,
    int prepopulatePages,
    int heapPages,
    int programPages,
    int quarantineFrames,
    ForkPolicies fork) {
  /** Measured on shadow paging: a fault of 40 microseconds, a further page 1 to 5. */
  public static final MemoryPolicy DEFAULT =
      new MemoryPolicy(16, 64, 1, 512, 0, 4, 256, 4096, ForkPolicies.PARALLEL);

  /** One page at a time and nothing kept back; what the unit tests reason about. */
  public static final MemoryPolicy EXACT =
      new MemoryPolicy(1, 1, 1, 1, 0, 0, 0, 0, ForkPolicies.SEQUENTIAL);

  /** The same with another way to fork. */
  public MemoryPolicy withFork(ForkPolicies other) {
    return new MemoryPolicy(
        faultAroundPages,
        fileAroundPages,
        copyAroundPages,
        populateMaxPages,
        prepopulatePages,
        heapPages,
        programPages,
        quarantineFrames,
        other);
  }

  /** Checks the ranges. */
  public MemoryPolicy {
    for (int pages : new int[] {faultAroundPages, fileAroundPages, copyAroundPages}) {
      if (Integer.bitCount(pages) != 1 || pages < 1 || pages > populateMaxPages) {
        throw new IllegalArgumentException("not a power of two from 1 to the most: " + pages);
      }
    }
    if (Integer.bitCount(populateMaxPages) != 1 || populateMaxPages > 512) {
      throw new IllegalArgumentException("not a power of two from 1 to 512: " + populateMaxPages);
    }
    for (int pages : new int[] {prepopulatePages, heapPages, programPages, quarantineFrames}) {
      if (pages < 0) {
        throw new IllegalArgumentException("negative number of pages");
      }
    }
  }
}
