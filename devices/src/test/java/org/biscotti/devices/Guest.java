package org.biscotti.devices;

import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Mman;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.Devices;
import org.biscotti.kernel.fs.FileStatus;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.FileTable;
import org.biscotti.kernel.fs.FsContext;
import org.biscotti.kernel.fs.InodeLocks;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.fs.Opening;
import org.biscotti.kernel.fs.PathWalker;
import org.biscotti.kernel.fs.hostfs.MountedFileSystem;
import org.biscotti.kernel.fs.hostfs.OverlayFileSystem;
import org.biscotti.kernel.mem.AddressSpace;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.port.HostDirectory;
import org.biscotti.kernel.port.MemoryBacking;

/** A kernel's memory and files with one caller, without a processor: what system calls work on. */
final class Guest implements Caller, AutoCloseable {
  private static final long FIRST_FRAME = 1 << 20;

  private final Arena arena = Arena.ofShared();
  private final GuestMemory memory;
  private final FrameAllocator frames;
  private final AddressSpace space;
  private final UserMemory user;
  private final FileSystem fileSystem;
  private final FsContext context;
  private final FileTable files = new FileTable(1024);

  /** A host that always has memory, and no processor that could keep a translation. */
  private static final MemoryBacking BACKING =
      new MemoryBacking() {
        @Override
        public boolean commit(long gpa, long bytes) {
          return true;
        }

        @Override
        public void downgraded(long[] gpas, int[] runs, int count, long cpus) {}

        @Override
        public void tablesReleased() {}
      };

  private Guest(HostDirectory directory, boolean overlay, long bytes) {
    memory = new GuestMemory(arena.allocate(bytes, GuestMemory.PAGE_SIZE), BACKING);
    frames = new FrameAllocator(memory, FIRST_FRAME);
    space = new AddressSpace(frames, memory, new long[1]);
    user = new UserMemory(space);
    fileSystem =
        overlay
            ? new OverlayFileSystem(
                "test", 0, directory, new HostClock(), frames, Devices.NONE, InodeLocks.POLICY)
            : new MountedFileSystem("test", directory, new HostClock(), frames);
    context = new FsContext(fileSystem.root());
    context.setUmask(0);
  }

  /** A guest whose root is an overlay over a host directory. */
  static Guest over(HostDirectory directory, long bytes) {
    return new Guest(directory, true, bytes);
  }

  /** A guest whose root is a host directory. */
  static Guest on(HostDirectory directory, long bytes) {
    return new Guest(directory, false, bytes);
  }

  FrameAllocator frames() {
    return frames;
  }

  Dentry root() {
    return fileSystem.root();
  }

  AddressSpace space() {
    return space;
  }

  UserMemory user() {
    return user;
  }

  /** Resolves a path, the last link not followed. */
  Dentry find(String path) {
    return PathWalker.resolve(this, root(), path, false);
  }

  FileStatus status(String path) {
    FileStatus status = new FileStatus();
    find(path).inode().status(status);
    return status;
  }

  OpenFile open(String path, int flags) {
    return Opening.open(this, root(), path, flags, 0644, 0);
  }

  /** Reads at a position, at most so many bytes. */
  String read(OpenFile file, long position, int most) {
    byte[] bytes = new byte[most];
    UserBuffer buffer = new UserBuffer();
    buffer.resetKernel(user, bytes, most);
    long read = file.readAt(buffer, position, this);
    return new String(bytes, 0, (int) read, StandardCharsets.ISO_8859_1);
  }

  long write(OpenFile file, long position, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    UserBuffer buffer = new UserBuffer();
    buffer.resetKernel(user, bytes, bytes.length);
    return file.writeAt(buffer, position, this);
  }

  String contents(String path) {
    OpenFile file = open(path, Fcntl.O_RDONLY);
    try {
      return read(file, 0, 1 << 16);
    } finally {
      file.release();
    }
  }

  void write(String path, int flags, String text) {
    OpenFile file = open(path, flags | Fcntl.O_WRONLY);
    try {
      long written = write(file, 0, text);
      if (written != text.length()) {
        throw new AssertionError("written " + written);
      }
    } finally {
      file.release();
    }
  }

  /** Maps a whole file and returns where. */
  long map(OpenFile file, int prot, int flags) {
    boolean writable = file.isWritable();
    return space.mmap(0, 1 << 16, prot, flags, file.pageSource(), 0, writable);
  }

  long mapPrivate(OpenFile file) {
    return map(file, Mman.PROT_READ, Mman.MAP_PRIVATE);
  }

  /** Names and types of a directory, "." and ".." left out; so many entries for each call. */
  Map<String, Integer> list(String path, int perCall) {
    Map<String, Integer> all = new TreeMap<>();
    listing(path, perCall, all::put);
    return all;
  }

  /** Takes a name and a type; returns what was there before, which should be nothing. */
  interface Taker {
    Integer take(String name, int type);
  }

  /** Lists a directory; {@code taker} may change it meanwhile. */
  void listing(String path, int perCall, Taker taker) {
    OpenFile directory = open(path, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY);
    try {
      List<String> batch = new ArrayList<>();
      List<Integer> types = new ArrayList<>();
      int taken;
      do {
        batch.clear();
        types.clear();
        taken =
            directory.readDirectory(
                (name, _, mode, _) -> {
                  if (batch.size() == perCall) {
                    return false;
                  }
                  batch.add(name);
                  types.add(mode & 0170000);
                  return true;
                },
                this);
        for (int i = 0; i < batch.size(); i++) {
          String name = batch.get(i);
          boolean dots = name.equals(".") || name.equals("..");
          if (!dots && taker.take(name, types.get(i)) != null) {
            throw new AssertionError("listed twice: " + name);
          }
        }
      } while (taken > 0);
    } finally {
      directory.release();
    }
  }

  @Override
  public Credentials credentials() {
    return Credentials.ROOT;
  }

  @Override
  public FsContext fs() {
    return context;
  }

  @Override
  public FileTable files() {
    return files;
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
    return Long.MAX_VALUE;
  }

  @Override
  public void close() {
    space.close();
    arena.close();
  }
}
