package org.biscotti.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Mman;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Attributes;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.FileStatus;
import org.biscotti.kernel.fs.Namespace;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.mem.FaultOutcome;
import org.biscotti.kernel.port.HostDirectory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A mounted host directory: what the host has now, and what the guest does is there at once. */
@Timeout(60)
class MountedFileSystemTest {
  private static final long MEMORY_BYTES = 16 << 20;

  @TempDir Path temporary;
  private Path host;
  private HostFiles files;
  private HostDirectory directory;
  private Guest guest;

  @BeforeEach
  void boot() throws IOException {
    host = Files.createDirectory(temporary.resolve("mount"));
    files = new HostFiles();
    directory = files.openDirectory(host, true);
    guest = Guest.on(directory, MEMORY_BYTES);
  }

  @AfterEach
  void shutDown() throws IOException {
    guest.close();
    directory.close();
    files.close();
    assertThat(HostCommands.openDescriptors(temporary.toString())).isZero();
  }

  private static void assertErrno(int errno, ThrowingCallable call) {
    assertThatExceptionOfType(ErrnoException.class)
        .isThrownBy(call)
        .satisfies(e -> assertThat(Errno.name(e.errno())).isEqualTo(Errno.name(errno)));
  }

  private Path hostFile(String name, String contents) throws IOException {
    return Files.writeString(host.resolve(name), contents);
  }

  // ---- what the host changes ----

  @Test
  void seesWhatTheHostChanges() throws IOException {
    assertErrno(Errno.ENOENT, () -> guest.find("/file"));
    hostFile("file", "one");
    assertThat(guest.contents("/file")).isEqualTo("one");
    hostFile("file", "second");
    assertThat(guest.contents("/file")).isEqualTo("second");
    assertThat(guest.status("/file").size).isEqualTo(6);
    Files.delete(host.resolve("file"));
    assertErrno(Errno.ENOENT, () -> guest.find("/file"));
    Files.createDirectory(host.resolve("file"));
    assertThat(guest.status("/file").mode & Stat.S_IFMT).isEqualTo(Stat.S_IFDIR);
    Files.createFile(host.resolve("file/inner"));
    assertThat(guest.list("/file", 5)).containsOnlyKeys("inner");
  }

  @Test
  void followsAGrowingFile() throws IOException {
    Path log = hostFile("log", "a");
    OpenFile file = guest.open("/log", Fcntl.O_RDONLY);
    assertThat(guest.read(file, 0, 10)).isEqualTo("a");
    assertThat(guest.read(file, 1, 10)).isEmpty();
    Files.writeString(log, "bc", StandardOpenOption.APPEND);
    assertThat(guest.read(file, 1, 10)).isEqualTo("bc");
    assertThat(file.seek(0, Fcntl.SEEK_END)).isEqualTo(3);
    file.release();
  }

  @Test
  void givesShortReadsWhenAFileShrinksThatNobodyHasMapped() throws IOException {
    Path shrinking = host.resolve("file");
    Files.write(shrinking, new byte[50_000]);
    OpenFile file = guest.open("/file", Fcntl.O_RDONLY);
    assertThat(guest.read(file, 0, 20_000)).hasSize(20_000);
    Files.write(shrinking, new byte[9_000]);
    assertThat(guest.read(file, 0, 20_000)).hasSize(9_000);
    file.release();
  }

  @Test
  void readsWhatTheHostHasThoughOtherContentsAreMapped() throws IOException {
    Path changing = hostFile("file", "before".repeat(3_000));
    OpenFile file = guest.open("/file", Fcntl.O_RDONLY);
    long at = guest.mapPrivate(file);
    assertThat(guest.user().getByte(at)).isEqualTo((byte) 'b');
    Files.writeString(changing, "AFTERW".repeat(3_000));
    Files.setLastModifiedTime(changing, FileTime.from(Instant.EPOCH));
    assertThat(guest.read(file, 0, 6)).isEqualTo("AFTERW");
    guest.space().munmap(at, 1 << 16);
    file.release();
  }

  @Test
  void givesShortReadsWhenAFileShrinks() throws IOException {
    Path shrinking = host.resolve("file");
    Files.write(shrinking, new byte[50_000]);
    OpenFile file = guest.open("/file", Fcntl.O_RDONLY);
    long at = guest.mapPrivate(file);
    assertThat(guest.user().getByte(at)).isZero();
    assertThat(guest.read(file, 0, 20_000)).hasSize(20_000);
    Files.write(shrinking, new byte[9_000]);
    assertThat(guest.read(file, 0, 20_000)).hasSize(9_000);
    assertThat(guest.read(file, 40_000, 10)).isEmpty();
    assertThat(guest.space().fault(at + 40_960, false, false)).isEqualTo(FaultOutcome.BUS_ADRERR);
    guest.space().munmap(at, 1 << 16);
    file.release();
  }

  @Test
  void keepsTheFileThatIsOpenWhenItsNameIsReused() throws IOException {
    hostFile("file", "old contents");
    OpenFile file = guest.open("/file", Fcntl.O_RDONLY);
    Files.delete(host.resolve("file"));
    hostFile("file", "new");
    assertThat(guest.contents("/file")).isEqualTo("new");
    assertThat(guest.read(file, 0, 20)).isEqualTo("old contents");
    file.release();
  }

  @Test
  void forgetsMappedPagesThatTheHostChanged() throws IOException {
    Path changing = hostFile("file", "before");
    OpenFile file = guest.open("/file", Fcntl.O_RDONLY);
    long at = guest.map(file, Mman.PROT_READ, Mman.MAP_SHARED);
    assertThat(guest.user().readCString(at, 20)).isEqualTo("before");
    Files.writeString(changing, "afterwards");
    assertThat(guest.contents("/file")).isEqualTo("afterwards");
    assertThat(guest.user().readCString(at, 20)).isEqualTo("afterwards");
    guest.space().munmap(at, 1 << 16);
    file.release();
  }

  // ---- what the guest changes ----

  @Test
  void writesThrough() throws IOException {
    OpenFile file = guest.open("/file", Fcntl.O_CREAT | Fcntl.O_RDWR);
    assertThat(guest.write(file, 0, "hello")).isEqualTo(5);
    assertThat(Files.readString(host.resolve("file"))).isEqualTo("hello");
    assertThat(guest.write(file, 10_000, "far")).isEqualTo(3);
    assertThat(Files.size(host.resolve("file"))).isEqualTo(10_003);
    assertThat(guest.read(file, 4, 3)).isEqualTo("o\0\0");
    assertThat(guest.read(file, 10_000, 9)).isEqualTo("far");
    file.truncate(3, guest);
    assertThat(Files.readString(host.resolve("file"))).isEqualTo("hel");
    file.sync();
    file.release();
    guest.write("/file", Fcntl.O_APPEND, "p!");
    assertThat(Files.readString(host.resolve("file"))).isEqualTo("help!");
    guest.write("/file", Fcntl.O_TRUNC, "x");
    assertThat(Files.readString(host.resolve("file"))).isEqualTo("x");
    Attributes.truncate(guest.find("/file"), 0, guest);
    assertThat(Files.size(host.resolve("file"))).isZero();
    assertThat(HostCommands.openDescriptors("/mount/file")).isZero();
  }

  @Test
  void appendsBehindWhatTheHostAppended() throws IOException {
    Path log = hostFile("log", "a");
    OpenFile file = guest.open("/log", Fcntl.O_WRONLY | Fcntl.O_APPEND);
    Files.writeString(log, "b", StandardOpenOption.APPEND);
    assertThat(guest.write(file, 0, "c")).isEqualTo(1);
    file.release();
    assertThat(Files.readString(log)).isEqualTo("abc");
  }

  @Test
  void writesMoreThanFitsIntoMemory() throws IOException {
    OpenFile file = guest.open("/big", Fcntl.O_CREAT | Fcntl.O_RDWR);
    long freeBefore = guest.frames().freeFrames();
    String piece = "x".repeat(1 << 20);
    for (long at = 0; at < 32 << 20; at += 1 << 20) {
      assertThat(guest.write(file, at, piece)).isEqualTo(1 << 20);
    }
    assertThat(guest.frames().freeFrames()).isEqualTo(freeBefore);
    assertThat(guest.read(file, 31 << 20, 1 << 20)).isEqualTo(piece);
    file.release();
    assertThat(Files.size(host.resolve("big"))).isEqualTo(32 << 20);
  }

  @Test
  void changesNames() throws IOException {
    Namespace.makeDirectory(guest, guest.root(), "/directory", 0751);
    Namespace.makeSymlink(guest, "directory/file", guest.root(), "/link");
    guest.write("/directory/file", Fcntl.O_CREAT, "text");
    assertThat(Files.readString(host.resolve("link"))).isEqualTo("text");
    Namespace.link(guest, guest.find("/directory/file"), guest.root(), "/second");
    assertThat(guest.status("/second").links).isEqualTo(2);
    assertThat(guest.status("/second").inode).isEqualTo(guest.status("/directory/file").inode);
    Namespace.rename(guest, guest.root(), "/second", guest.root(), "/directory/second", 0);
    assertThat(host.resolve("directory/second")).hasContent("text");
    Dentry held = guest.find("/directory/second");
    Namespace.rename(guest, guest.root(), "/directory", guest.root(), "/moved", 0);
    assertThat(held.path(guest.root())).isEqualTo("/moved/second");
    assertThat(guest.contents("/moved/second")).isEqualTo("text");
    files.directories().evictAll();
    assertThat(guest.contents("/moved/file")).isEqualTo("text");
    guest.write("/other", Fcntl.O_CREAT, "replacement");
    Namespace.rename(guest, guest.root(), "/other", guest.root(), "/moved/file", 0);
    assertThat(host.resolve("moved/file")).hasContent("replacement");
    assertThat(guest.contents("/moved/second")).isEqualTo("text");
    Namespace.rename(guest, guest.root(), "/link", guest.root(), "/moved", Fcntl.RENAME_EXCHANGE);
    assertThat(Files.isSymbolicLink(host.resolve("moved"))).isTrue();
    assertThat(guest.contents("/link/file")).isEqualTo("replacement");
    assertErrno(Errno.ENOTEMPTY, () -> Namespace.removeDirectory(guest, guest.root(), "/link"));
    Namespace.unlink(guest, guest.root(), "/link/file");
    Namespace.unlink(guest, guest.root(), "/link/second");
    Namespace.removeDirectory(guest, guest.root(), "/link");
    Namespace.unlink(guest, guest.root(), "/moved");
    assertThat(host).isEmptyDirectory();
  }

  @Test
  void keepsAnUnlinkedFileWhileItIsOpen() {
    OpenFile file = guest.open("/file", Fcntl.O_CREAT | Fcntl.O_RDWR);
    Namespace.unlink(guest, guest.root(), "/file");
    assertThat(guest.write(file, 0, "still here")).isEqualTo(10);
    assertThat(guest.read(file, 6, 10)).isEqualTo("here");
    FileStatus status = new FileStatus();
    file.inode().status(status);
    assertThat(status.links).isZero();
    assertThat(status.size).isEqualTo(10);
    file.release();
    assertThat(host).isEmptyDirectory();
  }

  @Test
  void changesAttributes() throws IOException {
    guest.write("/file", Fcntl.O_CREAT, "x");
    Attributes.setPermissions(guest.find("/file"), 0604, guest.credentials());
    assertThat(Files.getAttribute(host.resolve("file"), "unix:mode")).isEqualTo(0100604);
    Attributes.setTimes(guest.find("/file"), 1_000_000_000L, 2_000_000_000L, guest.credentials());
    assertThat(Files.getLastModifiedTime(host.resolve("file")).toMillis()).isEqualTo(2000);
    assertThat(guest.status("/file").modifyNanos).isEqualTo(2_000_000_000L);
    Namespace.makeSymlink(guest, "file", guest.root(), "/link");
    Attributes.setTimes(guest.find("/link"), 3_000_000_000L, 4_000_000_000L, guest.credentials());
    assertThat(
            Files.getLastModifiedTime(host.resolve("link"), LinkOption.NOFOLLOW_LINKS).toMillis())
        .isEqualTo(4000);
    Namespace.makeDirectory(guest, guest.root(), "/directory", 0755);
    Attributes.setPermissions(guest.find("/directory"), 0700, guest.credentials());
    assertThat(Files.getAttribute(host.resolve("directory"), "unix:mode")).isEqualTo(040700);
    assertErrno(
        Errno.EPERM, () -> Attributes.setPermissions(guest.root(), 0777, guest.credentials()));
    assumeTrue(HostCommands.isRoot(), "needs root");
    Attributes.setOwner(guest.find("/file"), 12, 34, guest.credentials());
    assertThat(Files.getAttribute(host.resolve("file"), "unix:uid")).isEqualTo(12);
    assertThat(guest.status("/file").gid).isEqualTo(34);
  }

  @Test
  void refusesSharedMappingsThatCanBeWritten() throws IOException {
    hostFile("file", "text");
    OpenFile file = guest.open("/file", Fcntl.O_RDWR);
    int both = Mman.PROT_READ | Mman.PROT_WRITE;
    assertErrno(Errno.ENODEV, () -> guest.map(file, both, Mman.MAP_SHARED));
    long shared = guest.map(file, Mman.PROT_READ, Mman.MAP_SHARED);
    assertErrno(Errno.EACCES, () -> guest.space().mprotect(shared, 4096, both));
    long own = guest.map(file, both, Mman.MAP_PRIVATE);
    guest.user().setByte(own, (byte) 'T');
    assertThat(guest.user().readCString(shared, 10)).isEqualTo("text");
    assertThat(guest.user().readCString(own, 10)).isEqualTo("Text");
    guest.write(file, 0, "next");
    assertThat(guest.user().readCString(shared, 10)).isEqualTo("next");
    guest.space().munmap(shared, 1 << 16);
    guest.space().munmap(own, 1 << 16);
    assertErrno(Errno.EOPNOTSUPP, () -> file.allocate(0, 0, 100, guest));
    file.release();
    assertThat(host.resolve("file")).hasContent("next");
  }

  @Test
  void listsEachNameOnceWhileTheDirectoryChanges() throws IOException {
    for (int i = 0; i < 60; i++) {
      hostFile("f" + i, "");
    }
    Set<String> seen = new HashSet<>();
    guest.listing(
        "/",
        4,
        (name, _) -> {
          assertThat(seen.add(name)).isTrue();
          Namespace.unlink(guest, guest.root(), "/" + name);
          return null;
        });
    assertThat(seen).hasSize(60);
    assertThat(host).isEmptyDirectory();
  }

  @Test
  void hasNoWayOut() throws IOException {
    Files.writeString(temporary.resolve("secret"), "outside");
    Files.createSymbolicLink(host.resolve("out"), Path.of("../secret"));
    Files.createSymbolicLink(host.resolve("absolute"), Path.of("/etc/passwd"));
    HostCommands.run(host, "mkfifo", "fifo");
    assertErrno(Errno.ENOENT, () -> guest.contents("/out"));
    assertErrno(Errno.ENOENT, () -> guest.contents("/absolute"));
    assertErrno(Errno.ENOENT, () -> guest.contents("/../secret"));
    assertErrno(Errno.ENOENT, () -> guest.contents("/fifo"));
    assertErrno(Errno.EEXIST, () -> guest.write("/fifo", Fcntl.O_CREAT | Fcntl.O_EXCL, "x"));
    assertErrno(
        Errno.EPERM, () -> Namespace.makeNode(guest, guest.root(), "/n", Stat.S_IFCHR | 0666, 259));
    assertThat(guest.list("/", 5)).containsOnlyKeys("out", "absolute");
  }

  @Test
  void changesNothingUnlessAllowed() throws IOException {
    hostFile("file", "text");
    try (HostDirectory readOnly = files.openDirectory(host, false);
        Guest other = Guest.on(readOnly, MEMORY_BYTES)) {
      assertThat(other.contents("/file")).isEqualTo("text");
      assertErrno(Errno.EROFS, () -> other.open("/file", Fcntl.O_RDWR));
      assertErrno(Errno.EROFS, () -> other.open("/new", Fcntl.O_CREAT | Fcntl.O_WRONLY));
      assertErrno(Errno.EROFS, () -> other.open("/file", Fcntl.O_TRUNC));
      assertErrno(Errno.EROFS, () -> Namespace.unlink(other, other.root(), "/file"));
      assertErrno(Errno.EROFS, () -> Namespace.makeDirectory(other, other.root(), "/d", 0755));
      assertErrno(
          Errno.EROFS,
          () -> Attributes.setPermissions(other.find("/file"), 0, other.credentials()));
      assertErrno(Errno.EROFS, () -> Attributes.truncate(other.find("/file"), 0, other));
      assertErrno(
          Errno.EROFS, () -> Namespace.rename(other, other.root(), "/file", other.root(), "/x", 0));
    }
  }

  @Test
  void takesBackWhatTheHostDoesNotTake() throws IOException {

    hostFile("file", "text");
    OpenFile file = guest.open("/file", Fcntl.O_RDWR);
    // The largest size that any file system here allows is below this.
    assertThatExceptionOfType(ErrnoException.class)
        .isThrownBy(() -> guest.write(file, Long.MAX_VALUE - 10_000, "x"));
    assertThat(guest.status("/file").size).isEqualTo(4);
    assertThat(guest.read(file, 0, 10)).isEqualTo("text");
    file.release();
  }
}
