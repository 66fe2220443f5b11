package org.biscotti.kernel.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Mman;
import org.biscotti.kernel.fs.boot.FileSystems;
import org.biscotti.kernel.mem.AddressSpace;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.mem.MemoryPolicy;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.port.NoBacking;
import org.jspecify.annotations.Nullable;

/** A booted tree, one process to work in it, and a piece of that process's memory. */
final class TestTree implements Caller, AutoCloseable {
  static final int PAGE = GuestMemory.PAGE_SIZE;
  static final int USER_PAGES = 32;

  private final Arena arena = Arena.ofShared();
  final AtomicLong time = new AtomicLong(1_700_000_000_000_000_000L);
  final FrameAllocator frames;
  final AddressSpace space;
  final UserMemory user;
  final UserBuffer buffer = new UserBuffer();

  /** Start of {@link #USER_PAGES} mapped pages; the page behind them is not mapped. */
  final long area;

  final FileSystems files;
  final FsContext context;
  final FileTable table = new FileTable(1024);
  Credentials who = Credentials.ROOT;
  long fileSizeLimit = Long.MAX_VALUE;
  @Nullable ProcessView process;

  TestTree() {
    this(4096);
  }

  TestTree(int frameCount) {
    this(frameCount, InodeLocks.POLICY);
  }

  TestTree(int frameCount, InodePolicy inodes) {
    GuestMemory memory =
        new GuestMemory(arena.allocate((frameCount + 1L) * PAGE, PAGE), new NoBacking());
    frames = new FrameAllocator(memory, PAGE, MemoryPolicy.EXACT);
    space = new AddressSpace(frames, memory, new long[] {0x1003}, MemoryPolicy.EXACT);
    user = new UserMemory(space);
    area = map(USER_PAGES + 1, null, 0, 0);
    space.munmap(area + USER_PAGES * (long) PAGE, PAGE);
    files =
        FileSystems.boot(new Ticking(time), frames, new OneProcess(), new Machine(), null, inodes);
    context = files.newContext();
  }

  long map(long pages, org.biscotti.kernel.mem.@Nullable PageSource source, int extra, long page) {
    int flags = source == null ? Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS : extra;
    return space.mmap(
        0, pages * PAGE, Mman.PROT_READ | Mman.PROT_WRITE, flags, source, page * PAGE, true);
  }

  // ---- calls ----

  OpenFile open(String path, int flags, int mode) {
    return Opening.open(this, context.workingDirectory(), path, flags, mode, 0);
  }

  OpenFile open(String path, int flags) {
    return open(path, flags, 0644);
  }

  /** Makes a file and gives what it is open as. */
  OpenFile create(String path) {
    return open(path, Fcntl.O_CREAT | Fcntl.O_RDWR);
  }

  void mkdir(String path) {
    Namespace.makeDirectory(this, context.workingDirectory(), path, 0755);
  }

  void unlink(String path) {
    Namespace.unlink(this, context.workingDirectory(), path);
  }

  void rmdir(String path) {
    Namespace.removeDirectory(this, context.workingDirectory(), path);
  }

  void rename(String from, String to, int flags) {
    Dentry at = context.workingDirectory();
    Namespace.rename(this, at, from, at, to, flags);
  }

  void symlink(String target, String path) {
    Namespace.makeSymlink(this, target, context.workingDirectory(), path);
  }

  void link(String old, String path) {
    Namespace.link(this, find(old), context.workingDirectory(), path);
  }

  /** The file at a path; links are not followed in the last place. */
  Dentry find(String path) {
    return PathWalker.resolve(this, context.workingDirectory(), path, false);
  }

  Dentry follow(String path) {
    return PathWalker.resolve(this, context.workingDirectory(), path, true);
  }

  FileStatus status(String path) {
    FileStatus status = new FileStatus();
    find(path).inode().status(status);
    return status;
  }

  void write(OpenFile file, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    assertThat(file.write(from(bytes), this)).isEqualTo(bytes.length);
  }

  /** All that follows the file's position, up to the size of the area. */
  String read(OpenFile file) {
    int room = USER_PAGES * PAGE;
    buffer.reset(user, area, room);
    int got = (int) file.read(buffer, this);
    byte[] bytes = new byte[got];
    user.copyInFully(area, bytes, 0, got);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  String contents(String path) {
    OpenFile file = open(path, Fcntl.O_RDONLY);
    try {
      return read(file);
    } finally {
      file.release();
    }
  }

  /** A buffer over the area, filled with the bytes. */
  UserBuffer from(byte[] bytes) {
    user.copyOutFully(area, bytes, 0, bytes.length);
    buffer.reset(user, area, bytes.length);
    return buffer;
  }

  static void assertErrno(int errno, Runnable call) {
    Throwable thrown = catchThrowable(call::run);
    assertThat(thrown).as("thrown").isInstanceOf(ErrnoException.class);
    assertThat(Errno.name(((ErrnoException) thrown).errno())).isEqualTo(Errno.name(errno));
  }

  // ---- the caller ----

  @Override
  public Credentials credentials() {
    return who;
  }

  @Override
  public FsContext fs() {
    return context;
  }

  @Override
  public FileTable files() {
    return table;
  }

  @Override
  public int processId() {
    return 1;
  }

  @Override
  public int threadId() {
    return 1;
  }

  @Override
  public long fileSizeLimit() {
    return fileSizeLimit;
  }

  @Override
  public void close() {
    user.close();
    space.close();
    arena.close();
  }

  // ---- what it stands on ----

  private record Ticking(AtomicLong time) implements Clock {
    @Override
    public long realtimeNanos() {
      return time.incrementAndGet();
    }

    @Override
    public long monotonicNanos() {
      return time.incrementAndGet();
    }
  }

  private final class OneProcess implements ProcessDirectory {
    @Override
    public @Nullable ProcessView find(int pid) {
      return process != null && process.pid() == pid ? process : null;
    }

    @Override
    public int[] pids() {
      return process == null ? new int[0] : new int[] {process.pid()};
    }

    @Override
    public int numbersMax() {
      return 4096;
    }
  }

  private static final class Machine implements SystemView {
    @Override
    public String release() {
      return "6.1.0";
    }

    @Override
    public String version() {
      return "#1 SMP";
    }

    @Override
    public String hostName() {
      return "host";
    }

    @Override
    public String commandLine() {
      return "quiet";
    }

    @Override
    public int cpus() {
      return 2;
    }

    @Override
    public String cpuDescription(int cpu) {
      return "vendor_id\t: Test\n";
    }

    @Override
    public long uptimeNanos() {
      return 12_340_000_000L;
    }

    @Override
    public long userNanos() {
      return 1_000_000_000L;
    }

    @Override
    public long systemNanos() {
      return 2_000_000_000L;
    }

    @Override
    public long forks() {
      return 7;
    }

    @Override
    public int runnable() {
      return 1;
    }
  }
}
