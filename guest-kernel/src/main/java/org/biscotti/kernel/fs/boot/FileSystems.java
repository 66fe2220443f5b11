package org.biscotti.kernel.fs.boot;

import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.AnonymousFileSystem;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.Directory;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.FileTable;
import org.biscotti.kernel.fs.FsContext;
import org.biscotti.kernel.fs.InodePolicy;
import org.biscotti.kernel.fs.MountTable;
import org.biscotti.kernel.fs.Namespace;
import org.biscotti.kernel.fs.PathWalker;
import org.biscotti.kernel.fs.ProcessDirectory;
import org.biscotti.kernel.fs.SystemView;
import org.biscotti.kernel.fs.dev.DeviceDrivers;
import org.biscotti.kernel.fs.dev.DeviceTree;
import org.biscotti.kernel.fs.dev.OpenStream;
import org.biscotti.kernel.fs.dev.StreamFile;
import org.biscotti.kernel.fs.proc.ProcFileSystem;
import org.biscotti.kernel.fs.tmpfs.MemoryFileSystem;
import org.biscotti.kernel.fs.tty.Terminals;
import org.biscotti.kernel.ipc.IpcFiles;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.port.HostStream;
import org.biscotti.kernel.socket.Sockets;
import org.jspecify.annotations.Nullable;

/**
 * The tree of files of one machine. A tmpfs is the root; /dev and /proc are mounted in it, /tmp,
 * /root and /etc are there and empty. Whoever boots may mount more before the first process starts.
 */
public final class FileSystems {
  private static final long PIPEFS_MAGIC = 0x50495045L;
  private static final int SHM_FLAGS = Stat.ST_NOSUID | Stat.ST_NODEV | Stat.ST_RELATIME;
  private static final int TERMINAL_GROUP = 5;
  private static final long TERMINAL_DEVICE = Stat.device(136, 0);

  private final Clock clock;
  private final MountTable mounts = new MountTable();
  private final FileSystem root;
  private final DeviceDrivers drivers;
  private final AnonymousFileSystem streams;
  private final IpcFiles ipc;
  private final Sockets sockets;
  private final Caller kernel;

  private FileSystems(Clock clock, FrameAllocator frames, FileSystem root, DeviceDrivers drivers) {
    this.clock = clock;
    this.root = root;
    this.drivers = drivers;
    streams = new AnonymousFileSystem("pipefs", PIPEFS_MAGIC, clock);
    sockets = new Sockets(clock, drivers.budget());
    ipc = new IpcFiles(clock, frames, drivers.budget());
    kernel = new KernelCaller(new FsContext(root.root()));
    mounts.add(root);
  }

  /**
   * Boots the tree with an empty tmpfs as its root.
   *
   * @param processes whom /proc shows
   * @param system what /proc shows of the machine
   * @param terminal what /dev/tty and /dev/console are, or null if there is no terminal
   * @param inodes how calls get at an inode of a tmpfs
   */
  public static FileSystems boot(
      Clock clock,
      FrameAllocator frames,
      ProcessDirectory processes,
      SystemView system,
      @Nullable HostStream terminal,
      InodePolicy inodes) {
    DeviceDrivers drivers = new DeviceDrivers(terminal);
    FileSystem root =
        new MemoryFileSystem(
            "tmpfs", "tmpfs", Stat.ST_RELATIME, 0755, clock, frames, drivers, inodes);
    return boot(clock, frames, processes, system, drivers, root, inodes);
  }

  /**
   * Boots the tree on a given root file system, for example one that shows a directory of the host.
   *
   * @param root the root file system; what is missing of /dev, /proc, /tmp, /root and /etc is made
   * @param inodes how calls get at an inode of a tmpfs
   */
  public static FileSystems boot(
      Clock clock,
      FrameAllocator frames,
      ProcessDirectory processes,
      SystemView system,
      DeviceDrivers drivers,
      FileSystem root,
      InodePolicy inodes) {
    FileSystems tree = new FileSystems(clock, frames, root, drivers);
    tree.directory("/tmp", 01777);
    tree.directory("/root", 0700);
    tree.directory("/etc", 0755);
    tree.mount(DeviceTree.create(clock, frames, drivers), "/dev");
    tree.mount(
        new MemoryFileSystem("tmpfs", "tmpfs", SHM_FLAGS, 01777, clock, frames, drivers, inodes),
        "/dev/shm");
    ProcFileSystem proc = new ProcFileSystem(clock, frames, processes, system, tree.mounts);
    proc.addNet("unix", tree.sockets::listing);
    tree.mount(proc, "/proc");
    return tree;
  }

  /** The root directory. */
  public Dentry root() {
    return root.root();
  }

  /** A context for the first process: root and working directory are "/". */
  public FsContext newContext() {
    return new FsContext(root.root());
  }

  /** What is mounted. */
  public MountTable mounts() {
    return mounts;
  }

  /** Has terminals opened by these, and shows their names at /dev/pts. */
  public void addTerminals(Terminals terminals) {
    drivers.setTerminals(terminals);
    mount(terminals.names(), "/dev/pts");
  }

  /** Who opens device nodes. */
  public DeviceDrivers drivers() {
    return drivers;
  }

  /** Makes files that have no path. */
  public IpcFiles ipc() {
    return ipc;
  }

  /** Makes sockets. */
  public Sockets sockets() {
    return sockets;
  }

  /** On whose behalf the kernel itself works with files: root, no process. */
  public Caller kernelCaller() {
    return kernel;
  }

  /**
   * Mounts a file system and makes the directories that lead there, if they are missing.
   *
   * @param path absolute path
   * @throws IllegalStateException if something is mounted there already
   * @throws org.biscotti.kernel.abi.ErrnoException ENOTDIR, ENAMETOOLONG and so on
   */
  public void mount(FileSystem fileSystem, String path) {
    fileSystem.mountOn(directory(path, 0755));
    mounts.add(fileSystem);
  }

  /**
   * The directory with a path; made, with those above it, where missing.
   *
   * @param permissions of those that are made
   */
  public Dentry directory(String path, int permissions) {
    Dentry at = root.root();
    for (String name : path.split("/", -1)) {
      if (!name.isEmpty()) {
        if (((Directory) at.inode()).lookup(name, kernel) == null) {
          Namespace.makeDirectory(kernel, at, name, permissions);
        }
        at = PathWalker.resolve(kernel, at, name, true);
      }
    }
    return at;
  }

  /**
   * Gives a process the three standard descriptors.
   *
   * @param in descriptor 0; out and err may be the same object as it and as each other
   */
  public void openStandardStreams(FileTable files, HostStream in, HostStream out, HostStream err) {
    files.installAt(openStream(in, Fcntl.O_RDWR), 0, false);
    files.installAt(openStream(out, Fcntl.O_RDWR), 1, false);
    files.installAt(openStream(err, Fcntl.O_RDWR), 2, false);
  }

  /**
   * Opens a stream of the host.
   *
   * @param flags access mode and status flags
   */
  public OpenStream openStream(HostStream stream, int flags) {
    int group = stream.isTerminal() ? TERMINAL_GROUP : 0;
    long device = stream.isTerminal() ? TERMINAL_DEVICE : 0;
    StreamFile file = new StreamFile(streams, stream, device, 0, group);
    return new OpenStream(new Dentry(file, null, nameOf(file, stream)), flags, stream);
  }

  /** What /proc/self/fd shows. */
  private static String nameOf(StreamFile file, HostStream stream) {
    return switch (Stat.type(stream.mode())) {
      case Stat.S_IFIFO -> "pipe:[" + file.number() + "]";
      case Stat.S_IFSOCK -> "socket:[" + file.number() + "]";
      case Stat.S_IFCHR -> stream.isTerminal() ? "/dev/tty" : "/dev/null";
      default -> "/host/stream/" + file.number();
    };
  }

  /** The host's clocks, as the file systems use them. */
  public Clock clock() {
    return clock;
  }

  /** The kernel as a caller: everything is allowed, and there are no descriptors. */
  private static final class KernelCaller implements Caller {
    private final FsContext context;
    private final FileTable files = new FileTable(0);

    private KernelCaller(FsContext context) {
      this.context = context;
      context.setUmask(0);
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
      return 0;
    }

    @Override
    public int threadId() {
      return 0;
    }

    @Override
    public long fileSizeLimit() {
      return Long.MAX_VALUE;
    }
  }
}
