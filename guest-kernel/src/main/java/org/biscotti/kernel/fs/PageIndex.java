package org.biscotti.kernel.fs;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Frame addresses of a file's cached pages, by page number.
 *
 * <p>The heap it takes is bounded by the number of pages it holds, wherever in the file they are: a
 * program that writes one byte every terabyte costs half a kilobyte for each. Pages are kept in
 * chunks of 64; chunks near the start of the file, or in a file that is dense, are found through an
 * array, the others through a tree.
 *
 * <p>Not thread-safe: the file's page cache lock guards it.
 */
final class PageIndex {
  private static final int CHUNK_SHIFT = 6;
  private static final int CHUNK_PAGES = 1 << CHUNK_SHIFT;

  /** Chunks always kept in the array: 64 MiB of file, at most 4 KiB of array. */
  private static final int ALWAYS_NEAR = 1024;

  private static final long NONE = -1;

  /** Pages of the first chunk while it is the only one; grows with it, so small files are cheap. */
  private long[] first = new long[1];

  private long[] @Nullable [] near = new long[0][];
  private @Nullable TreeMap<Long, long[]> far;
  private int nearChunks;
  private long count;

  /** Number of pages there are. */
  long count() {
    return count;
  }

  /** The frame of a page, 0 if there is none. */
  long get(long page) {
    if (page < CHUNK_PAGES) {
      return page < first.length ? first[(int) page] : 0;
    }
    long[] chunk = chunk(page >>> CHUNK_SHIFT);
    return chunk == null ? 0 : chunk[(int) page & (CHUNK_PAGES - 1)];
  }

  /** Sets the frame of a page that has none. */
  void put(long page, long frame) {
    if (page < CHUNK_PAGES) {
      if (page >= first.length) {
        int length = Math.max((int) page + 1, Math.min(first.length * 4, CHUNK_PAGES));
        first = Arrays.copyOf(first, length);
      }
      first[(int) page] = frame;
    } else {
      chunkFor(page >>> CHUNK_SHIFT)[(int) page & (CHUNK_PAGES - 1)] = frame;
    }
    count++;
  }

  /** Takes all pages from {@code from} (included) to {@code to} (excluded) out. */
  void remove(long from, long to, LongConsumer taken) {
    long page = next(from, to);
    while (page != NONE) {
      taken.accept(clear(page));
      count--;
      long following = next(page + 1, to);
      if (following == NONE || following >>> CHUNK_SHIFT != page >>> CHUNK_SHIFT) {
        dropIfEmpty(page >>> CHUNK_SHIFT);
      }
      page = following;
    }
    if (from == 0 && count == 0) {
      first = new long[1];
      near = new long[0][];
      far = null;
      nearChunks = 0;
    }
  }

  /**
   * The first page there is in a range.
   *
   * @return its number, or -1 if there is none
   */
  long next(long from, long to) {
    long page = from;
    while (page < to && page < CHUNK_PAGES) {
      if (page >= first.length) {
        page = CHUNK_PAGES;
      } else if (first[(int) page] != 0) {
        return page;
      } else {
        page++;
      }
    }
    while (page < to) {
      long chunkNumber = nextChunk(page >>> CHUNK_SHIFT);
      if (chunkNumber < 0) {
        return NONE;
      }
      page = Math.max(page, chunkNumber << CHUNK_SHIFT);
      long[] chunk = chunk(chunkNumber);
      long end = (chunkNumber + 1) << CHUNK_SHIFT;
      while (chunk != null && page < end && page < to) {
        if (chunk[(int) page & (CHUNK_PAGES - 1)] != 0) {
          return page;
        }
        page++;
      }
      page = Math.min(end, to);
    }
    return NONE;
  }

  /** The first page in a range that is not there; {@code to} if all are. */
  long nextAbsent(long from, long to) {
    long page = from;
    while (page < to && get(page) != 0) {
      page++;
    }
    return page;
  }

  private long clear(long page) {
    long[] chunk = page < CHUNK_PAGES ? first : chunk(page >>> CHUNK_SHIFT);
    if (chunk == null) {
      return 0;
    }
    int slot = (int) page & (CHUNK_PAGES - 1);
    long frame = chunk[slot];
    chunk[slot] = 0;
    return frame;
  }

  private void dropIfEmpty(long number) {
    long[] chunk = number == 0 ? null : chunk(number);
    if (chunk == null) {
      return;
    }
    for (long frame : chunk) {
      if (frame != 0) {
        return;
      }
    }
    if (number < near.length && near[(int) number] != null) {
      near[(int) number] = null;
      nearChunks--;
    } else if (far != null) {
      far.remove(number);
    }
  }

  private long @Nullable [] chunk(long number) {
    if (number < near.length) {
      long[] chunk = near[(int) number];
      if (chunk != null) {
        return chunk;
      }
    }
    return far == null ? null : far.get(number);
  }

  private long nextChunk(long from) {
    long found = NONE;
    for (long number = from; number < near.length; number++) {
      if (near[(int) number] != null) {
        found = number;
        break;
      }
    }
    if (far != null) {
      Map.Entry<Long, long[]> entry = far.ceilingEntry(from);
      if (entry != null && (found < 0 || entry.getKey() < found)) {
        found = entry.getKey();
      }
    }
    return found;
  }

  private long[] chunkFor(long number) {
    long[] chunk = chunk(number);
    if (chunk != null) {
      return chunk;
    }
    chunk = new long[CHUNK_PAGES];
    if (number < ALWAYS_NEAR || number < 2L * nearChunks) {
      if (number >= near.length) {
        int length = (int) Math.max(number + 1, near.length * 2L);
        near = Arrays.copyOf(near, length);
      }
      near[(int) number] = chunk;
      nearChunks++;
    } else {
      if (far == null) {
        far = new TreeMap<>();
      }
      far.put(number, chunk);
    }
    return chunk;
  }
}
