package org.biscotti.kernel.exec;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.biscotti.kernel.abi.Mman;
import org.biscotti.kernel.mem.AddressSpace;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.mem.MappingListener;
import org.biscotti.kernel.mem.PageSource;
import org.biscotti.kernel.port.GuestMemory;

/**
 * The vDSO (vdso(7)): a small shared library that every program gets, so that the time of day does
 * not cost a system call. Its sources are in {@code src/main/vdso}.
 *
 * <p>It is in memory once, and mapped privately: a debugger that writes a breakpoint into it gets a
 * copy of its own.
 */
public final class Vdso {
  private static final String RESOURCE = "vdso.so";

  private final Pages pages;
  private final long size;

  /**
   * Loads the vDSO into frames that are never given back.
   *
   * @throws org.biscotti.kernel.abi.ErrnoException ENOMEM if there is no memory for it
   */
  public Vdso(FrameAllocator frames) {
    byte[] image = image();
    int count = Math.ceilDiv(image.length, GuestMemory.PAGE_SIZE);
    long[] gpas = new long[count];
    for (int i = 0; i < count; i++) {
      int from = i * GuestMemory.PAGE_SIZE;
      gpas[i] = frames.allocate();
      int length = Math.min(image.length - from, GuestMemory.PAGE_SIZE);
      frames.memory().copyFrom(image, from, gpas[i], length);
    }
    pages = new Pages(frames, gpas);
    size = (long) count * GuestMemory.PAGE_SIZE;
  }

  /** The library as a file. */
  static byte[] image() {
    try (InputStream in = Vdso.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("the vDSO is missing from the class path");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Maps the vDSO where there is room; it is there at once, as the C library reads it at its start.
   *
   * @return its address, for AT_SYSINFO_EHDR
   * @throws org.biscotti.kernel.abi.ErrnoException ENOMEM
   */
  long mapInto(AddressSpace space) {
    int prot = Mman.PROT_READ | Mman.PROT_EXEC;
    int flags = Mman.MAP_PRIVATE | Mman.MAP_POPULATE;
    return space.mmap(0, size, prot, flags, pages, 0, false);
  }

  private static final class Pages implements PageSource {
    private final FrameAllocator frames;
    private final long[] gpas;

    Pages(FrameAllocator frames, long[] gpas) {
      this.frames = frames;
      this.gpas = gpas;
    }

    @Override
    public long page(long index, boolean forWrite) {
      if (index < 0 || index >= gpas.length) {
        return 0;
      }
      long gpa = gpas[(int) index];
      frames.retain(gpa);
      return gpa;
    }

    @Override
    public long cachedPage(long index) {
      return page(index, false);
    }

    @Override
    public boolean tracksWrites() {
      return false;
    }

    @Override
    public void opened(MappingListener mapping) {}

    @Override
    public void closed(MappingListener mapping) {}

    @Override
    public String pathForMaps() {
      return "[vdso]";
    }

    @Override
    public long device() {
      return 0;
    }

    @Override
    public long inodeNumber() {
      return 0;
    }
  }
}
