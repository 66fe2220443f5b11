package org.biscotti.kernel.fs;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Stat;

/** Carries out the operations of {@code tree.c} in a {@link TestTree}, with the same output. */
final class TreeOperations {
  private static final long OLD_NANOS = 1000L * 1_000_000_000L;

  private final TestTree tree;

  TreeOperations(TestTree tree) {
    this.tree = tree;
    // The native run starts with an empty root; this one gets a directory of its own as root.
    tree.mkdir("/tree");
    tree.context.setRoot(tree.follow("/tree"));
    tree.context.setWorkingDirectory(tree.context.root());
  }

  String run(String line) {
    String[] a = line.split(" ", -1);
    try {
      return run(a);
    } catch (ErrnoException e) {
      return Integer.toString(-e.errno());
    }
  }

  private Dentry cwd() {
    return tree.context.workingDirectory();
  }

  private static int number(String text) {
    return Integer.parseInt(text);
  }

  private String run(String[] a) {
    String path = a.length > 1 ? a[1] : "";
    switch (a[0]) {
      case "mkdir" -> Namespace.makeDirectory(tree, cwd(), path, number(a[2]));
      case "rmdir" -> Namespace.removeDirectory(tree, cwd(), path);
      case "unlink" -> Namespace.unlink(tree, cwd(), path);
      case "rename" -> Namespace.rename(tree, cwd(), path, cwd(), a[2], number(a[3]));
      case "link" ->
          Namespace.link(
              tree, PathWalker.resolve(tree, cwd(), path, number(a[3]) != 0), cwd(), a[2]);
      case "symlink" -> Namespace.makeSymlink(tree, path, cwd(), a[2]);
      case "mknod" -> Namespace.makeNode(tree, cwd(), path, number(a[2]), 0x103);
      case "readlink" -> {
        return readlink(path);
      }
      case "stat" -> {
        return show(tree.follow(path).inode());
      }
      case "lstat" -> {
        return show(tree.find(path).inode());
      }
      case "chmod" -> Attributes.setPermissions(tree.follow(path), number(a[2]), tree.who);
      case "lchown" -> Attributes.setOwner(tree.find(path), number(a[2]), number(a[3]), tree.who);
      case "old" -> Attributes.setTimes(tree.find(path), OLD_NANOS, OLD_NANOS, tree.who);
      case "touch" ->
          Attributes.setTimes(tree.follow(path), Attributes.NOW, Attributes.NOW, tree.who);
      case "truncate" -> truncate(path, Long.parseLong(a[2]));
      case "access" -> Attributes.checkAccess(tree.follow(path), number(a[2]), tree.who);
      case "list" -> {
        return list(path);
      }
      case "chdir" -> chdir(path);
      case "getcwd" -> {
        return getcwd();
      }
      case "who" -> tree.who = Credentials.of(number(a[1]), number(a[2]));
      default -> {
        return withFile(a);
      }
    }
    return "0";
  }

  private void truncate(String path, long size) {
    if (size < 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    Attributes.truncate(tree.follow(path), size, tree);
  }

  private String readlink(String path) {
    if (tree.find(path).inode() instanceof Symlink link) {
      return link.read(tree);
    }
    throw ErrnoException.of(Errno.EINVAL);
  }

  private static String show(Inode inode) {
    FileStatus s = new FileStatus();
    inode.status(s);
    return "%o %d %d %d %d %d %s%s"
        .formatted(
            s.mode,
            s.links,
            s.uid,
            s.gid,
            s.size,
            s.blocks,
            s.accessNanos == OLD_NANOS ? "a" : "A",
            s.modifyNanos == OLD_NANOS ? "m" : "M");
  }

  private String list(String path) {
    OpenFile dir = Opening.open(tree, cwd(), path, Fcntl.O_DIRECTORY | Fcntl.O_RDONLY, 0, 0);
    try {
      List<String> names = new ArrayList<>();
      if (!dir.dentry().isUnlinked()) {
        dir.readDirectory(
            (name, inode, mode, at) -> names.add(name + ":" + Stat.directoryEntryType(mode)), tree);
      }
      names.sort(null);
      return names.isEmpty() ? "" : String.join(" ", names) + " ";
    } finally {
      dir.release();
    }
  }

  private void chdir(String path) {
    Dentry to = tree.follow(path);
    if (!to.inode().isDirectory()) {
      throw ErrnoException.of(Errno.ENOTDIR);
    }
    Permissions.check(to.inode(), tree.who, Stat.X_OK);
    tree.context.setWorkingDirectory(to);
  }

  private String getcwd() {
    if (cwd().isUnlinked()) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    return String.valueOf(cwd().pathFrom(tree.context.root()));
  }

  private String withFile(String[] a) {
    OpenFile file = tree.open(a[1], number(a[2]), number(a[3]));
    try {
      if (a[0].equals("read") || a[0].equals("write") || a[0].equals("ftruncate")) {
        checkPosition(Long.parseLong(a[4]));
      }
      if (file.isPathOnly() && !a[0].equals("open")) {
        throw ErrnoException.of(Errno.EBADF);
      }
      return switch (a[0]) {
        case "open" -> show(file.inode());
        case "write" -> write(file, a[1], Long.parseLong(a[4]), number(a[5]));
        case "read" -> read(file, Long.parseLong(a[4]), number(a[5]));
        case "seek" -> Long.toString(file.seek(Long.parseLong(a[4]), number(a[5])));
        case "ftruncate" -> ftruncate(file, Long.parseLong(a[4]));
        case "fallocate" ->
            fallocate(file, Long.parseLong(a[4]), Long.parseLong(a[5]), number(a[6]));
        default -> throw new IllegalArgumentException(a[0]);
      };
    } finally {
      file.release();
    }
  }

  private String write(OpenFile file, String path, long at, int length) {
    byte[] data = new byte[length];
    Arrays.fill(data, (byte) (path.charAt(0) | 1));
    if (!file.isWritable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    return Long.toString(file.writeAt(tree.from(data), at, tree));
  }

  private String read(OpenFile file, long at, int length) {
    if (!file.isReadable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    tree.buffer.reset(tree.user, tree.area, length);
    int got = (int) file.readAt(tree.buffer, at, tree);
    byte[] data = new byte[got];
    tree.user.copyInFully(tree.area, data, 0, got);
    long sum = 0;
    for (byte b : data) {
      sum = (sum * 31 + (b & 0xff)) % 1000003;
    }
    return sum + " " + got;
  }

  private static void checkPosition(long at) {
    if (at < 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
  }

  private String ftruncate(OpenFile file, long size) {
    if (!file.isWritable()) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    file.truncate(size, tree);
    return "0";
  }

  private String fallocate(OpenFile file, long offset, long length, int mode) {
    if (offset < 0 || length <= 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if ((mode & ~3) != 0 || mode == Fcntl.FALLOC_FL_PUNCH_HOLE) {
      throw ErrnoException.of(Errno.EOPNOTSUPP);
    }
    if (!file.isWritable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    file.allocate(mode, offset, length, tree);
    return "0";
  }
}
