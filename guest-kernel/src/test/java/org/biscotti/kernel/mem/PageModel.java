package org.biscotti.kernel.mem;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.biscotti.kernel.abi.Mman;

/**
 * What an address space does, page by page and without any cleverness: each page is a Java object
 * with a protection and a cell that holds its first eight bytes.
 */
final class PageModel {
  /** The first eight bytes of a page. */
  static final class Cell {
    long value;
  }

  /** Something that can be mapped: a file, or shared memory. */
  static final class Store {
    final TestFile file;
    final Map<Long, Cell> cells = new HashMap<>();
    long pages;

    Store(TestFile file, long pages) {
      this.file = file;
      this.pages = pages;
    }

    /** The cell of a page, null beyond the end. */
    Cell cell(long index) {
      if (index >= pages) {
        return null;
      }
      return cells.computeIfAbsent(
          index,
          _ -> {
            Cell cell = new Cell();
            cell.value = file == null ? 0 : (index + 1) * 0x0101_0101_0101_0101L;
            return cell;
          });
    }
  }

  /** A page of address space. */
  static final class Page {
    int prot;
    final boolean shared;
    final Store store;
    final long index;

    /** The private contents, null while it is the store's or untouched. */
    Cell own;

    Page(int prot, boolean shared, Store store, long index) {
      this.prot = prot;
      this.shared = shared;
      this.store = store;
      this.index = index;
    }

    boolean continuesIn(Page next) {
      return prot == next.prot
          && shared == next.shared
          && store == next.store
          && (store == null || index + 1 == next.index);
    }
  }

  final TreeMap<Long, Page> pages = new TreeMap<>();

  void map(long page, long count, int prot, boolean shared, Store store, long index) {
    for (long i = 0; i < count; i++) {
      pages.put(page + i, new Page(prot, shared, store, index + i));
    }
  }

  void unmap(long page, long count) {
    pages.subMap(page, page + count).clear();
  }

  /** False if there was a hole, before which everything has been protected. */
  boolean protect(long page, long count, int prot) {
    for (long i = page; i < page + count; i++) {
      Page there = pages.get(i);
      if (there == null) {
        return false;
      }
      there.prot = prot;
    }
    return true;
  }

  void dontNeed(long page, long count) {
    pages.subMap(page, page + count).values().forEach(there -> there.own = null);
  }

  /** True if all of a range is one area. */
  boolean isOneArea(long page, long count) {
    for (long i = page; i < page + count; i++) {
      Page there = pages.get(i);
      if (there == null || (i > page && !pages.get(i - 1).continuesIn(there))) {
        return false;
      }
    }
    return true;
  }

  int areas() {
    int areas = 0;
    long previous = Long.MIN_VALUE;
    for (Map.Entry<Long, Page> entry : pages.entrySet()) {
      boolean continues =
          entry.getKey() == previous + 1 && pages.get(previous).continuesIn(entry.getValue());
      areas += continues ? 0 : 1;
      previous = entry.getKey();
    }
    return areas;
  }

  /** Moves pages that are one area; the rest of the new size is new. */
  void move(long from, long oldCount, long to, long newCount, boolean leave) {
    Page first = pages.get(from);
    Map<Long, Page> moved = new HashMap<>();
    for (long i = 0; i < newCount; i++) {
      Page page = i < oldCount ? pages.get(from + i) : null;
      if (page == null) {
        page = new Page(first.prot, first.shared, first.store, first.index + i);
      }
      moved.put(to + i, page);
    }
    for (long i = 0; i < oldCount; i++) {
      Page old = pages.remove(from + i);
      if (leave) {
        pages.put(from + i, new Page(old.prot, old.shared, old.store, old.index));
      }
    }
    unmap(to, newCount);
    pages.putAll(moved);
  }

  /** The cell that an access reaches, null if it faults. */
  Cell access(long page, boolean write) {
    Page there = pages.get(page);
    if (there == null || there.prot == 0 || (write && (there.prot & Mman.PROT_WRITE) == 0)) {
      return null;
    }
    if (there.store == null) {
      if (there.own == null) {
        there.own = new Cell();
      }
      return there.own;
    }
    Cell stored = there.store.cell(there.index);
    if (there.own != null || stored == null) {
      return there.own;
    }
    if (!write || there.shared) {
      return stored;
    }
    there.own = new Cell();
    there.own.value = stored.value;
    return there.own;
  }

  /** Cuts a file; private copies of what is cut go too. */
  void truncate(Store store, long count) {
    store.pages = count;
    store.cells.keySet().removeIf(index -> index >= count);
    for (Page page : pages.values()) {
      if (page.store == store && page.index >= count) {
        page.own = null;
      }
    }
  }
}
