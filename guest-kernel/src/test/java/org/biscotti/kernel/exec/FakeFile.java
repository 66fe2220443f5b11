package org.biscotti.kernel.exec;

import java.util.HashMap;
import java.util.Map;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.mem.MappingListener;
import org.biscotti.kernel.mem.PageSource;
import org.biscotti.kernel.port.GuestMemory;

/** A file with the given bytes and a page cache of its own, which counts what is done with it. */
final class FakeFile implements Executable, PageSource {
  private final FrameAllocator frames;
  private final String path;
  private final byte[] content;
  private final Map<Long, Long> cache = new HashMap<>();
  private int mode = 0100755;
  int openMappings;
  long bytesRead;

  FakeFile(FrameAllocator frames, String path, byte[] content) {
    this.frames = frames;
    this.path = path;
    this.content = content;
  }

  FakeFile mode(int mode) {
    this.mode = mode;
    return this;
  }

  /** Empties the page cache. */
  void drop() {
    cache.values().forEach(frames::release);
    cache.clear();
  }

  @Override
  public long size() {
    return content.length;
  }

  @Override
  public int read(long offset, byte[] to, int at, int length) {
    int count = ElfBuilder.read(content, offset, to, at, length);
    bytesRead += count;
    return count;
  }

  @Override
  public PageSource pages() {
    return this;
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public int uid() {
    return 77;
  }

  @Override
  public int gid() {
    return 88;
  }

  @Override
  public int mode() {
    return mode;
  }

  @Override
  public long page(long index, boolean forWrite) {
    long offset = index * GuestMemory.PAGE_SIZE;
    if (index < 0 || index > Integer.MAX_VALUE || offset >= content.length) {
      return 0;
    }
    long gpa = cache.computeIfAbsent(index, i -> fill(offset));
    frames.retain(gpa);
    return gpa;
  }

  private long fill(long offset) {
    long gpa = frames.allocate();
    int length = (int) Math.min(GuestMemory.PAGE_SIZE, content.length - offset);
    frames.memory().copyFrom(content, (int) offset, gpa, length);
    return gpa;
  }

  @Override
  public void opened(MappingListener mapping) {
    openMappings++;
  }

  @Override
  public void closed(MappingListener mapping) {
    openMappings--;
  }

  @Override
  public String pathForMaps() {
    return path;
  }

  @Override
  public long device() {
    return 0x15;
  }

  @Override
  public long inodeNumber() {
    return 4711;
  }
}
