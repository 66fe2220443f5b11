package org.biscotti.kernel.mem;

import static org.biscotti.kernel.mem.TestMachine.PAGE;

import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;

/** A file with a page cache; page n is full of the byte n + 1. */
final class TestFile implements PageSource {
  private final FrameAllocator frames;
  private final boolean tracksWrites;
  final Mappings mappings = new Mappings();
  final List<Long> writtenPages = new ArrayList<>();
  final List<String> synced = new ArrayList<>();
  int open;
  int failWith;
  private long[] cache;

  TestFile(FrameAllocator frames, int pages, boolean tracksWrites) {
    this.frames = frames;
    this.tracksWrites = tracksWrites;
    this.cache = new long[pages];
  }

  @Override
  public long page(long index, boolean forWrite) {
    if (failWith != 0) {
      throw ErrnoException.of(failWith);
    }
    if (index >= cache.length) {
      return 0;
    }
    if (forWrite) {
      writtenPages.add(index);
    }
    int i = (int) index;
    if (cache[i] == 0) {
      cache[i] = frames.allocate();
      for (int at = 0; at < PAGE; at++) {
        frames.memory().setByte(cache[i] + at, (byte) (index + 1));
      }
    }
    frames.retain(cache[i]);
    return cache[i];
  }

  @Override
  public long cachedPage(long index) {
    if (index >= cache.length || cache[(int) index] == 0) {
      return 0;
    }
    frames.retain(cache[(int) index]);
    return cache[(int) index];
  }

  /** The cache's frame for a page, 0 if it is not there. */
  long frame(int index) {
    return cache[index];
  }

  /** Cuts the file, in the order that {@link PageSource} asks for. */
  void truncate(int pages) {
    long[] gone = cache;
    cache = java.util.Arrays.copyOf(cache, pages);
    mappings.unmapRange(this, pages, Long.MAX_VALUE, true);
    for (int i = pages; i < gone.length; i++) {
      if (gone[i] != 0) {
        frames.release(gone[i]);
      }
    }
  }

  @Override
  public boolean tracksWrites() {
    return tracksWrites;
  }

  @Override
  public void opened(MappingListener mapping) {
    open++;
    mappings.add(mapping);
  }

  @Override
  public void closed(MappingListener mapping) {
    open--;
    mappings.remove(mapping);
  }

  @Override
  public void sync(long firstPage, long pageCount) {
    synced.add(firstPage + "+" + pageCount);
  }

  @Override
  public void punchHole(long firstPage, long pageCount) {
    if (firstPage > cache.length) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    mappings.unmapRange(this, firstPage, pageCount, false);
    for (long i = firstPage; i < Math.min(cache.length, firstPage + pageCount); i++) {
      long gone = cache[(int) i];
      cache[(int) i] = frames.allocate();
      if (gone != 0) {
        frames.release(gone);
      }
    }
  }

  @Override
  public String pathForMaps() {
    return "/tmp/a file\nwith a line break";
  }

  @Override
  public long device() {
    return 0xfe01;
  }

  @Override
  public long inodeNumber() {
    return 4711;
  }
}
