package org.biscotti.kernel.fs.dev;

import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.Devices;
import org.biscotti.kernel.fs.Directory;
import org.biscotti.kernel.fs.InodeLocks;
import org.biscotti.kernel.fs.tmpfs.MemoryFileSystem;
import org.biscotti.kernel.fs.tty.Terminals;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.port.Clock;

/** Makes the file system below /dev, with the nodes and links that programs expect there. */
public final class DeviceTree {
  private static final int EVERYBODY = 0666;
  private static final int ROOT_ONLY = 0600;
  private static final int TERMINAL_GROUP = 5;

  private DeviceTree() {}

  /** Makes it; the caller mounts it. */
  public static MemoryFileSystem create(Clock clock, FrameAllocator frames, Devices devices) {
    int flags = Stat.ST_NOSUID | Stat.ST_RELATIME;
    MemoryFileSystem tree =
        new MemoryFileSystem(
            "devtmpfs", "devtmpfs", flags, 0755, clock, frames, devices, InodeLocks.POLICY);
    Directory root = (Directory) tree.root().inode();
    root.access().run(() -> fill(root));
    return tree;
  }

  private static void fill(Directory root) {
    device(root, "null", EVERYBODY, DeviceNumbers.NULL, 0);
    device(root, "zero", EVERYBODY, DeviceNumbers.ZERO, 0);
    device(root, "full", EVERYBODY, DeviceNumbers.FULL, 0);
    device(root, "random", EVERYBODY, DeviceNumbers.RANDOM, 0);
    device(root, "urandom", EVERYBODY, DeviceNumbers.URANDOM, 0);
    device(root, "tty", EVERYBODY, DeviceNumbers.TTY, TERMINAL_GROUP);
    device(root, "console", ROOT_ONLY, DeviceNumbers.CONSOLE, 0);
    device(root, "ptmx", EVERYBODY, Terminals.PTMX, TERMINAL_GROUP);
    root.makeDirectory("pts", 0755, 0, 0);
    root.makeSymlink("fd", "/proc/self/fd", 0, 0);
    root.makeSymlink("stdin", "/proc/self/fd/0", 0, 0);
    root.makeSymlink("stdout", "/proc/self/fd/1", 0, 0);
    root.makeSymlink("stderr", "/proc/self/fd/2", 0, 0);
    root.makeDirectory("shm", 01777, 0, 0);
  }

  private static Dentry device(Directory in, String name, int bits, long number, int group) {
    return in.makeNode(name, Stat.S_IFCHR | bits, number, 0, group);
  }
}
