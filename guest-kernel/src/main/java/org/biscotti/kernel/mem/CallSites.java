package org.biscotti.kernel.mem;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Mman;
import org.biscotti.kernel.port.KernelArea;
import org.biscotti.kernel.wait.RankedLock;
import org.jspecify.annotations.Nullable;

/**
 * The places in a program's code that make system calls, and the jumps that have been put in front
 * of the busy ones.
 *
 * <p>On a host that emulates ring 0 it is the {@code syscall} instruction itself that is dear, 1 to
 * 5 µs for one that is answered at once: the host takes the exception and sends the program on to
 * the entry page. A program that jumps there saves that. So where the same instruction has made
 * {@link #BUSY} calls, a copy of its page with a jump in it takes the page's place ({@link
 * CallSite} says how), for this process and those it forks. The jump leads to a trampoline in a
 * page that is mapped near by, and that one to {@link KernelArea#ENTRY_JUMP}.
 *
 * <p>A program notices nothing unless it reads its own code, and a copy that it makes of code that
 * has been busy does not work: the jump in it is relative. Whatever it may want to do to that, or
 * to the trampolines (munmap, mprotect, mremap, madvise, MAP_FIXED), first finds the original bytes
 * restored. Only private code that the program cannot write is changed at all.
 *
 * <p>Guarded by the lock of the address space, but for {@link #isBusy}.
 */
public final class CallSites {
  /**
   * Calls after which an instruction is worth a jump. Putting it there takes an exit, two
   * page-table entries and a flush, some 50 to 100 µs; a call costs 1 to 5 µs less from then on.
   */
  static final int BUSY = 16;

  /** Entries of the table that counts calls, by a hash of their addresses; a power of two. */
  private static final int COUNTERS = 256;

  /** Where no jump fits the count starts again here: it will not be looked at for a long time. */
  private static final int NEVER = Integer.MIN_VALUE / 2;

  private static final int TRAMPOLINE_BYTES = 32;

  /** The last slot of a page holds the address of the entry page. */
  private static final int TRAMPOLINES = PAGE_SIZE / TRAMPOLINE_BYTES - 1;

  private static final int POINTER = TRAMPOLINES * TRAMPOLINE_BYTES;

  /** How far a page of trampolines may be from what jumps there; less than a jump's 2 GiB. */
  private static final long REACH = 0x7000_0000L;

  private static final int PROT_CODE = Mman.PROT_READ | Mman.PROT_EXEC;
  private static final byte INT3 = (byte) 0xcc;

  private final RankedLock lock;
  private final Areas areas;
  private final Pager pager;
  private final int[] counters = new int[COUNTERS];

  /** By the address of the first byte that was changed. */
  private final TreeMap<Long, Jump> jumps = new TreeMap<>();

  /** Pages of trampolines; replaced as a whole. */
  private volatile long[] pages = {};

  /** How many trampolines of the last one of them have been used. */
  private int used = TRAMPOLINES;

  /** A jump that is there. */
  private static final class Jump {
    /** Address of the first byte that was changed. */
    final long from;

    /** Address of the {@code syscall}. */
    final long call;

    /** Where it leads. */
    final long trampoline;

    /** So many bytes of the program's are executed there. */
    final int moved;

    /** What was there. */
    final byte[] original;

    Jump(long page, CallSite site, long trampoline, byte[] bytes) {
      from = page + site.from();
      call = page + site.call;
      this.trampoline = trampoline;
      moved = site.movedBytes();
      original = Arrays.copyOfRange(bytes, site.from(), site.to());
    }
  }

  CallSites(RankedLock lock, Areas areas, Pager pager) {
    this.lock = lock;
    this.areas = areas;
    this.pager = pager;
  }

  /**
   * Counts a system call that was made by the instruction; true if that has become busy, and the
   * vCPU's own thread should {@link #replace} it. From any thread, without a lock: a lost count
   * does no harm.
   *
   * @param next address after the {@code syscall}
   */
  public boolean isBusy(long next) {
    int index = index(next);
    return ++counters[index] >= BUSY;
  }

  private static int index(long next) {
    return (int) (next ^ next >>> 8 ^ next >>> 16) & (COUNTERS - 1);
  }

  /**
   * Puts a jump in front of a busy system call if that can be done.
   *
   * @param next address after the {@code syscall}
   * @param number the system call
   */
  public void replace(long next, long number) {
    lock.lock();
    try {
      counters[index(next)] = tryReplace(next - CallSite.SYSCALL_BYTES, number) ? 0 : NEVER;
    } catch (ErrnoException _) {
      counters[index(next)] = NEVER; // no memory for it, or no address space
    } finally {
      pager.flush();
      lock.unlock();
    }
  }

  private boolean tryReplace(long call, long number) {
    long page = call & -PAGE_SIZE;
    Vma code = codeAt(page);
    byte[] bytes = code == null ? null : pager.contents(page);
    if (code == null || bytes == null) {
      return false;
    }
    CallSite site = CallSite.find(bytes, (int) (call - page), number);
    if (site == null) {
      return false;
    }
    long trampoline = newTrampoline(page);
    write(trampoline, trampolineCode(bytes, site, page, trampoline));
    pager.rewrite(code, page, site.from(), site.jumping(bytes, trampoline - page));
    Jump jump = new Jump(page, site, trampoline, bytes);
    jumps.put(jump.from, jump);
    return true;
  }

  /** The area of a page of code that the program cannot write, null if it is no such page. */
  private @Nullable Vma codeAt(long page) {
    if (Long.compareUnsigned(page, Layout.USER_END) >= 0) {
      return null;
    }
    Vma vma = areas.at(page);
    boolean code = vma != null && vma.prot == PROT_CODE && !vma.shared && !vma.has(Vma.TRAMPOLINES);
    return code ? vma : null;
  }

  private static byte[] trampolineCode(byte[] page, CallSite site, long pageAddress, long at) {
    int moved = site.movedBytes();
    byte[] code = new byte[TRAMPOLINE_BYTES];
    Arrays.fill(code, INT3);
    System.arraycopy(page, site.start, code, 0, moved);
    // lea rcx, [next]
    code[moved] = 0x48;
    code[moved + 1] = (byte) 0x8d;
    code[moved + 2] = 0x0d;
    int leaEnd = moved + 7;
    putInt(code, moved + 3, pageAddress + site.call + CallSite.SYSCALL_BYTES - (at + leaEnd));
    // jmp [pointer]
    code[leaEnd] = (byte) 0xff;
    code[leaEnd + 1] = 0x25;
    int end = leaEnd + 6;
    putInt(code, leaEnd + 2, (at & -PAGE_SIZE) + POINTER - (at + end));
    return code;
  }

  private static void putInt(byte[] to, int at, long value) {
    for (int i = 0; i < Integer.BYTES; i++) {
      to[at + i] = (byte) (value >> (8 * i));
    }
  }

  private long newTrampoline(long near) {
    for (int i = pages.length - 1; i >= 0; i--) {
      boolean last = i == pages.length - 1;
      if (last && used < TRAMPOLINES && Math.abs(pages[i] - near) < REACH) {
        return pages[i] + (long) used++ * TRAMPOLINE_BYTES;
      }
    }
    long page = areas.placeNear(near, PAGE_SIZE, REACH);
    areas.requireGrowth(1, false, false);
    areas.requireRoom(1);
    Vma vma = new Vma(page, page + PAGE_SIZE, PROT_CODE, Vma.TRAMPOLINES, false, false, null, 0);
    areas.add(vma);
    if (pager.populate(vma, page, page + PAGE_SIZE, false) != FaultOutcome.HANDLED) {
      areas.unmap(page, page + PAGE_SIZE);
      throw ErrnoException.of(Errno.ENOMEM);
    }
    byte[] content = new byte[PAGE_SIZE];
    Arrays.fill(content, 0, POINTER, INT3);
    putInt(content, POINTER, KernelArea.ENTRY_JUMP);
    putInt(content, POINTER + Integer.BYTES, KernelArea.ENTRY_JUMP >> Integer.SIZE);
    pager.rewrite(vma, page, 0, content);
    long[] more = Arrays.copyOf(pages, pages.length + 1);
    more[pages.length] = page;
    pages = more;
    used = 1;
    return page;
  }

  private void write(long trampoline, byte[] code) {
    long page = trampoline & -PAGE_SIZE;
    Vma vma = areas.at(page);
    if (vma != null) {
      pager.rewrite(vma, page, (int) (trampoline - page), code);
    }
  }

  /**
   * Where the program would be without the jumps.
   *
   * @param rip where it is; in a trampoline, or not
   * @param traced true if it traps after each instruction: then the jump it has just taken goes
   */
  public long withoutJumps(long rip, boolean traced) {
    if (!inTrampolines(rip)) {
      return rip;
    }
    lock.lock();
    try {
      Jump jump = jumpTo(rip & -TRAMPOLINE_BYTES);
      if (jump == null) {
        return rip;
      }
      if (traced) {
        restore(jump);
        jumps.remove(jump.from);
      }
      long offset = rip - jump.trampoline;
      return offset <= jump.moved ? jump.from + offset : jump.call;
    } finally {
      pager.flush();
      lock.unlock();
    }
  }

  private @Nullable Jump jumpTo(long trampoline) {
    for (Jump jump : jumps.values()) {
      if (jump.trampoline == trampoline) {
        return jump;
      }
    }
    return null;
  }

  private boolean inTrampolines(long rip) {
    for (long page : pages) {
      if (rip >= page && rip < page + PAGE_SIZE) {
        return true;
      }
    }
    return false;
  }

  /** Puts the program's own code back wherever a range has to do with it. */
  void restore(long from, long to) {
    if (jumps.isEmpty()) {
      return;
    }
    boolean all = false;
    for (long page : pages) {
      all |= page < to && page + PAGE_SIZE > from;
    }
    long first = all ? Long.MIN_VALUE : from & -PAGE_SIZE;
    long last = all ? Long.MAX_VALUE : Math.max(first, to);
    for (Jump jump : List.copyOf(jumps.subMap(first, last).values())) {
      restore(jump);
      jumps.remove(jump.from);
    }
    if (all) {
      pages = new long[0];
      used = TRAMPOLINES;
    }
    pager.flush();
  }

  private void restore(Jump jump) {
    long page = jump.from & -PAGE_SIZE;
    Vma code = codeAt(page);
    byte[] bytes = code == null ? null : pager.contents(page);
    if (code != null && bytes != null) {
      pager.rewrite(code, page, (int) (jump.from - page), jump.original);
    }
  }

  /** Takes over what a parent has, whose pages have been copied. */
  void copyFrom(CallSites parent) {
    jumps.putAll(parent.jumps);
    pages = parent.pages;
    used = parent.used;
  }
}
