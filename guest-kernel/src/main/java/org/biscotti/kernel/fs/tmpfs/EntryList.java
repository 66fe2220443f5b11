package org.biscotti.kernel.fs.tmpfs;

import java.util.Arrays;
import org.biscotti.kernel.fs.Dentry;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a directory in the order in which they were made, each with a position that never
 * changes and is never used again. So a listing that stops and goes on misses no entry that was
 * there all the time and shows none twice, whatever is made or removed meanwhile.
 *
 * <p>Not thread-safe: the directory's lock guards it.
 */
final class EntryList {
  private static final int SMALL = 16;

  private long[] positions = new long[4];
  private @Nullable Dentry[] entries = new @Nullable Dentry[4];
  private int used;
  private int live;
  private long nextPosition;

  /** Makes an empty list whose first entry has the given position. */
  EntryList(long firstPosition) {
    nextPosition = firstPosition;
  }

  /** Number of entries. */
  int size() {
    return live;
  }

  /** Adds an entry behind all others and gives it its position. */
  void add(Dentry entry) {
    if (used == positions.length) {
      makeRoom();
    }
    entry.setCookie(nextPosition++);
    positions[used] = entry.cookie();
    entries[used] = entry;
    used++;
    live++;
  }

  /** Takes an entry out. */
  void remove(Dentry entry) {
    int slot = Arrays.binarySearch(positions, 0, used, entry.cookie());
    if (slot < 0 || entries[slot] == null) {
      throw new IllegalStateException("entry is not in its directory");
    }
    entries[slot] = null;
    live--;
    if (live == 0) {
      used = 0;
    }
  }

  /**
   * The first entry behind a position.
   *
   * @return the entry, or null if there is none
   */
  @Nullable Dentry after(long position) {
    int slot = Arrays.binarySearch(positions, 0, used, position);
    for (slot = slot < 0 ? -slot - 1 : slot + 1; slot < used; slot++) {
      Dentry entry = entries[slot];
      if (entry != null) {
        return entry;
      }
    }
    return null;
  }

  /** Closes the gaps if they are worth it, else doubles the arrays. */
  private void makeRoom() {
    if (used - live < Math.max(used / 2, SMALL)) {
      positions = Arrays.copyOf(positions, used * 2);
      entries = Arrays.copyOf(entries, used * 2);
      return;
    }
    int to = 0;
    for (int from = 0; from < used; from++) {
      if (entries[from] != null) {
        positions[to] = positions[from];
        entries[to++] = entries[from];
      }
    }
    Arrays.fill(entries, to, used, null);
    used = to;
  }
}
