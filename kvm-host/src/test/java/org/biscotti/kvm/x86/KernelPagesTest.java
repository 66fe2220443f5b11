package org.biscotti.kvm.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;
import static org.biscotti.kernel.port.KernelArea.*;
import static org.biscotti.kvm.x86.X86.*;

import java.lang.foreign.Arena;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.port.MemoryBacking;
import org.junit.jupiter.api.Test;

/** What programs may do with each page of the kernel's area, as the processor would find it out. */
class KernelPagesTest {
  private static final int VCPUS = 3;
  private static final long FIRST = 16L * PAGE_SIZE;
  private static final int ENTRIES = 512;

  /** Bits 12 to 51 of an entry (SDM vol. 3, 4.5). */
  private static final long ADDRESS = 0x000f_ffff_ffff_f000L;

  private static final Set<Long> REQUESTS = pages(RING_REQUEST, RING_REQUEST + PAGE_SIZE);
  private static final Set<Long> REPLIES = pages(RING_REPLY, RING_REPLY + PAGE_SIZE);
  private static final Set<Long> FOR_READING = pages(VCPU_PAGE, VVAR_PAGE);

  private final GuestMemory memory =
      new GuestMemory(
          Arena.ofAuto().allocate(FIRST + KernelPages.bytes(VCPUS), PAGE_SIZE), new NoBacking());
  private final KernelPages pages = new KernelPages(memory, FIRST, VCPUS);

  /** Memory that is there from the start, with nothing that could hold translations. */
  private static final class NoBacking implements MemoryBacking {
    @Override
    public boolean commit(long gpa, long length) {
      return true;
    }

    @Override
    public void downgraded(long[] gpas, int[] runs, int count, long loadedOn) {}

    @Override
    public void allDowngraded(long loadedOn) {}

    @Override
    public void tablesReleased() {}
  }

  /**
   * A page as a vCPU's tables have it; a right counts if every level gives it (SDM vol. 3, 4.6).
   */
  private record Page(long gpa, boolean user, boolean writable, boolean executable) {}

  private static Set<Long> pages(Long... gvas) {
    return new TreeSet<>(List.of(gvas));
  }

  /** All pages of the area that are there, by address. */
  private Map<Long, Page> walk(int vcpu) {
    Map<Long, Page> found = new TreeMap<>();
    long top = pages.pml4Entry(vcpu);
    for (int i = 0; i < ENTRIES; i++) {
      long pdpte = entry(top, i);
      for (int j = 0; j < ENTRIES && present(pdpte); j++) {
        long pde = entry(pdpte, j);
        for (int k = 0; k < ENTRIES && present(pde); k++) {
          long pte = entry(pde, k);
          if (present(pte)) {
            long all = top & pdpte & pde & pte;
            long any = top | pdpte | pde | pte;
            long gva = START + ((long) i << 30) + ((long) j << 21) + ((long) k << 12);
            found.put(
                gva,
                new Page(
                    pte & ADDRESS,
                    (all & PTE_USER) != 0,
                    (all & PTE_WRITABLE) != 0,
                    (any & PTE_NO_EXECUTE) == 0));
          }
        }
      }
    }
    return found;
  }

  private long entry(long parent, int index) {
    return memory.getLong((parent & ADDRESS) + 8L * index);
  }

  private static boolean present(long entry) {
    return (entry & PTE_PRESENT) != 0;
  }

  private Set<Long> readable(int vcpu) {
    Set<Long> gvas = new TreeSet<>();
    walk(vcpu).forEach((gva, page) -> addIf(page.user(), gva, gvas));
    return gvas;
  }

  private Set<Long> writable(int vcpu) {
    Set<Long> gvas = new TreeSet<>();
    walk(vcpu).forEach((gva, page) -> addIf(page.user() && page.writable(), gva, gvas));
    return gvas;
  }

  private Set<Long> executable(int vcpu) {
    Set<Long> gvas = new TreeSet<>();
    walk(vcpu).forEach((gva, page) -> addIf(page.user() && page.executable(), gva, gvas));
    return gvas;
  }

  private static void addIf(boolean condition, Long gva, Set<Long> gvas) {
    if (condition) {
      gvas.add(gva);
    }
  }

  @Test
  void areaHasThesePages() {
    for (int vcpu = 0; vcpu < VCPUS; vcpu++) {
      Set<Long> all =
          pages(GDT, IDT, TSS, STUBS, STACK, DOUBLE_FAULT_STACK, ENTRY, VCPU_PAGE, VVAR_PAGE);
      all.addAll(REQUESTS);
      all.addAll(REPLIES);
      assertThat(walk(vcpu).keySet()).isEqualTo(all);
    }
  }

  @Test
  void programsReadTwoPagesWhereTheEntryIsInRing0() {
    for (int vcpu = 0; vcpu < VCPUS; vcpu++) {
      assertThat(readable(vcpu)).isEqualTo(FOR_READING);
      assertThat(writable(vcpu)).isEmpty();
      assertThat(executable(vcpu)).isEmpty();
    }
  }

  @Test
  void programsWriteRequestsOnlyWhereTheEntryIsInRing3() {
    pages.openEntryToRing3();
    for (int vcpu = 0; vcpu < VCPUS; vcpu++) {
      Set<Long> readable = new TreeSet<>(FOR_READING);
      readable.add(ENTRY);
      readable.addAll(REQUESTS);
      readable.addAll(REPLIES);
      assertThat(readable(vcpu)).isEqualTo(readable);
      assertThat(writable(vcpu)).isEqualTo(REQUESTS);
      assertThat(executable(vcpu)).isEqualTo(pages(ENTRY));
    }
  }

  /** No other address, of this or of another vCPU, leads to what programs may write. */
  @Test
  void whatProgramsMayWriteIsNothingElse() {
    pages.openEntryToRing3();
    Set<Long> written = new HashSet<>();
    Set<Long> others = new HashSet<>();
    int count = 0;
    for (int vcpu = 0; vcpu < VCPUS; vcpu++) {
      for (Map.Entry<Long, Page> page : walk(vcpu).entrySet()) {
        if (REQUESTS.contains(page.getKey())) {
          written.add(page.getValue().gpa());
          count++;
        } else {
          others.add(page.getValue().gpa());
        }
      }
    }
    assertThat(written).hasSize(count).doesNotContainAnyElementsOf(others);
    assertThat(written).doesNotContainAnyElementsOf(tables());
    assertThat(others).doesNotContainAnyElementsOf(tables());
  }

  /** Frames of page tables, which no page may be. */
  private Collection<Long> tables() {
    Set<Long> frames = new HashSet<>();
    for (int vcpu = 0; vcpu < VCPUS; vcpu++) {
      long top = pages.pml4Entry(vcpu);
      frames.add(top & ADDRESS);
      for (int i = 0; i < ENTRIES; i++) {
        long pdpte = entry(top, i);
        for (int j = 0; j < ENTRIES && present(pdpte); j++) {
          frames.add(pdpte & ADDRESS);
          if (present(entry(pdpte, j))) {
            frames.add(entry(pdpte, j) & ADDRESS);
          }
        }
      }
    }
    return frames;
  }
}
