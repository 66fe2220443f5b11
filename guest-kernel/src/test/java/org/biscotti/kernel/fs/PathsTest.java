package org.biscotti.kernel.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.biscotti.kernel.fs.TestTree.assertErrno;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Stat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Where paths lead: scopes of openat2(2), mounts, removed and moved directories, O_PATH. */
class PathsTest {
  private final TestTree tree = new TestTree();

  @BeforeEach
  void fill() {
    tree.mkdir("/a");
    tree.mkdir("/a/b");
    tree.write(tree.create("/a/b/f"), "inside");
    tree.write(tree.create("/f"), "outside");
    tree.symlink("../../f", "/a/b/up");
    tree.symlink("/f", "/a/b/absolute");
    tree.symlink("b/f", "/a/down");
  }

  @AfterEach
  void close() {
    tree.close();
  }

  private String read(String start, String path, int resolve) {
    OpenFile file = Opening.open(tree, tree.find(start), path, Fcntl.O_RDONLY, 0, resolve);
    try {
      return tree.read(file);
    } finally {
      file.release();
    }
  }

  @Test
  void beneathNeverLeavesItsStart() {
    int beneath = Fcntl.RESOLVE_BENEATH;
    assertThat(read("/a", "b/f", beneath)).isEqualTo("inside");
    assertThat(read("/a", "down", beneath)).isEqualTo("inside");
    assertThat(read("/a", "b/../b/f", beneath)).isEqualTo("inside");
    assertErrno(Errno.EXDEV, () -> read("/a", "../f", beneath));
    assertErrno(Errno.EXDEV, () -> read("/a", "b/../../f", beneath));
    assertErrno(Errno.EXDEV, () -> read("/a", "b/up", beneath));
    assertErrno(Errno.EXDEV, () -> read("/a", "b/absolute", beneath));
    assertErrno(Errno.EXDEV, () -> read("/a", "/a/b/f", beneath));
    assertErrno(Errno.EXDEV, () -> read("/a", "b/../..", beneath));
  }

  @Test
  void inRootTakesItsStartForTheRoot() {
    int inRoot = Fcntl.RESOLVE_IN_ROOT;
    tree.write(tree.create("/a/f"), "the other");
    assertThat(read("/a", "b/up", inRoot)).isEqualTo("the other");
    assertThat(read("/a", "b/absolute", inRoot)).isEqualTo("the other");
    assertThat(read("/a", "/../../../f", inRoot)).isEqualTo("the other");
  }

  @Test
  void linksAndMountsCanBeForbidden() {
    assertErrno(Errno.ELOOP, () -> read("/a", "down", Fcntl.RESOLVE_NO_SYMLINKS));
    assertThat(read("/a", "b/f", Fcntl.RESOLVE_NO_SYMLINKS)).isEqualTo("inside");
    assertErrno(Errno.EXDEV, () -> read("/", "proc/version", Fcntl.RESOLVE_NO_XDEV));
    assertErrno(Errno.EXDEV, () -> read("/proc", "../f", Fcntl.RESOLVE_NO_XDEV));
    assertThat(read("/proc", "version", Fcntl.RESOLVE_NO_XDEV)).startsWith("Linux version");
  }

  @Test
  void linksUpToFortyAreFollowed() {
    tree.symlink("/f", "/l0");
    for (int i = 1; i <= 40; i++) {
      tree.symlink("l" + (i - 1), "/l" + i);
    }
    assertThat(tree.contents("/l39")).isEqualTo("outside");
    assertErrno(Errno.ELOOP, () -> tree.contents("/l40"));
    tree.symlink("self", "/self");
    assertErrno(Errno.ELOOP, () -> tree.contents("/self"));
    assertErrno(Errno.ELOOP, () -> tree.open("/l0", Fcntl.O_NOFOLLOW));
    assertErrno(Errno.ENOTDIR, () -> tree.open("/l0", Fcntl.O_NOFOLLOW | Fcntl.O_DIRECTORY));
  }

  @Test
  void chrootIsTheTop() {
    tree.context.setRoot(tree.find("/a"));
    assertThat(tree.find("/..").inode()).isSameAs(tree.find("/").inode());
    assertThat(tree.contents("/b/f")).isEqualTo("inside");
    assertErrno(Errno.ENOENT, () -> tree.contents("/b/absolute"));
    assertThat(tree.context.workingDirectory().pathFrom(tree.context.root())).isNull();
  }

  @Test
  void openFilesKnowTheirPresentPath() {
    OpenFile file = tree.open("/a/b/f", Fcntl.O_RDONLY);
    Dentry root = tree.context.root();
    tree.rename("/a", "/z", 0);
    assertThat(file.dentry().path(root)).isEqualTo("/z/b/f");
    tree.rename("/z/b/f", "/g", 0);
    assertThat(file.dentry().path(root)).isEqualTo("/g");
    tree.unlink("/g");
    assertThat(file.dentry().path(root)).isEqualTo("/g (deleted)");
    assertThat(tree.find("/proc/version").path(root)).isEqualTo("/proc/version");
    file.release();
  }

  @Test
  void mountsCannotBeRemovedOrMoved() {
    assertErrno(Errno.EBUSY, () -> tree.rmdir("/proc"));
    assertErrno(Errno.EBUSY, () -> tree.rename("/proc", "/q", 0));
    assertErrno(Errno.EXDEV, () -> tree.rename("/f", "/dev/f", 0));
    assertErrno(Errno.EXDEV, () -> tree.link("/f", "/dev/f"));
    assertErrno(Errno.EBUSY, () -> tree.rmdir("/"));
  }

  @Test
  void pathDescriptorOnlyNames() {
    OpenFile file = tree.open("/f", Fcntl.O_PATH | Fcntl.O_RDWR | Fcntl.O_TRUNC);
    int fd = tree.table.install(file, false);
    assertErrno(Errno.EBADF, () -> tree.table.get(fd));
    assertThat(tree.table.getAny(fd)).isSameAs(file);
    assertThat(file.isReadable()).isFalse();
    assertThat(tree.contents("/f")).isEqualTo("outside");
    tree.table.close(fd);
  }

  @Test
  void unnamedFileGetsANameThroughItsDescriptor() {
    OpenFile file = tree.open("/a", Fcntl.O_TMPFILE | Fcntl.O_RDWR);
    tree.write(file, "made");
    assertThat(file.inode().links()).isZero();
    Namespace.link(tree, file.dentry(), tree.context.root(), "/named");
    assertThat(tree.contents("/named")).isEqualTo("made");
    file.release();
    assertThat(tree.contents("/named")).isEqualTo("made");
    OpenFile never = tree.open("/a", Fcntl.O_TMPFILE | Fcntl.O_RDWR | Fcntl.O_EXCL);
    assertErrno(
        Errno.ENOENT, () -> Namespace.link(tree, never.dentry(), tree.context.root(), "/other"));
    long free = tree.frames.freeFrames();
    tree.write(never, "gone");
    never.release();
    assertThat(tree.frames.freeFrames()).isEqualTo(free);
    assertErrno(Errno.EINVAL, () -> tree.open("/a", Fcntl.O_TMPFILE_BIT | Fcntl.O_RDWR));
  }

  @Test
  void groupOfADirectoryIsInherited() {
    tree.mkdir("/shared");
    Attributes.setOwner(tree.find("/shared"), 0, 50, tree.who);
    Attributes.setPermissions(tree.find("/shared"), 02777, tree.who);
    tree.who = Credentials.of(1000, 1000);
    tree.mkdir("/shared/d");
    tree.open("/shared/f", Fcntl.O_CREAT | Fcntl.O_RDWR, 02755).release();
    assertThat(tree.status("/shared/d").gid).isEqualTo(50);
    assertThat(tree.status("/shared/d").mode & Stat.S_ISGID).isNotZero();
    assertThat(tree.status("/shared/f").gid).isEqualTo(50);
    assertThat(tree.status("/shared/f").mode & Stat.S_ISGID).isZero();
  }

  @Test
  void limitOfInodesIsNoSpace() {
    int made = 0;
    int most = (int) tree.files.root().inode().fileSystem().status().freeFiles();
    try {
      for (; made <= most; made++) {
        tree.create("/n" + made).release();
      }
    } catch (ErrnoException e) {
      assertThat(e.errno()).isEqualTo(Errno.ENOSPC);
    }
    assertThat(made).isEqualTo(most);
    tree.unlink("/n0");
    tree.create("/again").release();
    assertErrno(Errno.ENOSPC, () -> tree.mkdir("/more"));
  }
}
