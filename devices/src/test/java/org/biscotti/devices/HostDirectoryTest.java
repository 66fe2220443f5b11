package org.biscotti.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.entry;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.port.HostDirectory;
import org.biscotti.kernel.port.HostDirectory.Attributes;
import org.biscotti.kernel.port.HostDirectory.Entry;
import org.biscotti.kernel.port.HostDirectory.HostFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a mounted directory shows, and what it must never show or do. */
@Timeout(60)
class HostDirectoryTest {
  private static final String SECRET = "outside the mount";

  @TempDir Path temporary;
  private Path outside;
  private Path inside;
  private HostFiles files;
  private HostDirectory readOnly;
  private HostDirectory writable;

  @BeforeEach
  void mount() throws IOException {
    outside = Files.writeString(temporary.resolve("secret"), SECRET);
    inside = Files.createDirectory(temporary.resolve("mount"));
    files = new HostFiles();
    readOnly = files.openDirectory(inside, false);
    writable = files.openDirectory(inside, true);
  }

  @AfterEach
  void unmount() throws IOException {
    readOnly.close();
    writable.close();
    files.close();
    assertThat(HostCommands.openDescriptors(temporary.toString())).isZero();
  }

  private static void assertErrno(int errno, ThrowingCallable call) {
    assertThatExceptionOfType(ErrnoException.class)
        .isThrownBy(call)
        .satisfies(e -> assertThat(Errno.name(e.errno())).isEqualTo(Errno.name(errno)));
  }

  private static Map<String, Integer> types(HostDirectory directory) {
    return directory.list().stream().collect(Collectors.toMap(Entry::name, Entry::type));
  }

  private static String contents(HostFile file) {
    try (file) {
      byte[] bytes = new byte[64];
      int read = file.read(0, MemorySegment.ofArray(bytes));
      return new String(bytes, 0, read, StandardCharsets.ISO_8859_1);
    }
  }

  // ---- what is shown ----

  @Test
  void showsFilesDirectoriesAndLinks() throws IOException {
    Files.writeString(inside.resolve("file"), "hello");
    Files.createDirectory(inside.resolve("directory"));
    Files.createSymbolicLink(inside.resolve("link"), Path.of("any/where"));
    assertThat(types(readOnly))
        .containsOnly(
            entry("file", PathEntry.S_IFREG),
            entry("directory", PathEntry.S_IFDIR),
            entry("link", PathEntry.S_IFLNK));
    for (Entry entry : readOnly.list()) {
      assertThat(readOnly.lookup(entry.name()).inode()).isEqualTo(entry.inode());
    }
    assertThat(readOnly.readLink("link")).isEqualTo("any/where");
    assertThat(contents(readOnly.openFile("file", false))).isEqualTo("hello");
    assertThat(readOnly.lookup("absent")).isNull();
    assertThat(PathEntry.type(readOnly.attributes().mode())).isEqualTo(PathEntry.S_IFDIR);
  }

  @Test
  void reportsAttributes() throws IOException {
    Path file = Files.writeString(inside.resolve("file"), "hello");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-x--x"));
    Files.createLink(inside.resolve("second"), file);
    Attributes attributes = readOnly.lookup("file");
    assertThat(attributes).isEqualTo(readOnly.lookup("second"));
    assertThat(attributes.mode()).isEqualTo(0100651);
    assertThat(attributes.links()).isEqualTo(2);
    assertThat(attributes.size()).isEqualTo(5);
    assertThat(attributes.inode()).isEqualTo(Files.getAttribute(file, "unix:ino"));
    assertThat(attributes.uid()).isEqualTo(Files.getAttribute(file, "unix:uid"));
    long seconds = Files.getLastModifiedTime(file).toInstant().getEpochSecond();
    assertThat(attributes.mtimeNanos() / 1_000_000_000).isEqualTo(seconds);
  }

  @Test
  void keepsNamesThatAreNotUtf8() throws IOException {
    HostCommands.run(inside, "bash", "-c", "echo -n raw > $'\\xff\\xfe\\x80name\\n'");
    String name = "\u00ff\u00fe\u0080name\n";
    assertThat(types(readOnly)).containsOnly(entry(name, PathEntry.S_IFREG));
    assertThat(contents(readOnly.openFile(name, false))).isEqualTo("raw");
    writable.rename(name, writable, "\u00e9\u0001", 0);
    assertThat(HostCommands.run(inside, "bash", "-c", "echo *")).isEqualTo("\u00e9\u0001\n");
  }

  @Test
  void refusesNamesThatAreNotOneComponent() {
    for (String name : List.of("..", ".", "a/b", "/", "/etc", "nul\0", "wide\u0100")) {
      assertErrno(Errno.EINVAL, () -> readOnly.lookup(name));
      assertErrno(Errno.EINVAL, () -> readOnly.openDirectory(name));
      assertErrno(Errno.EINVAL, () -> readOnly.openFile(name, false));
      assertErrno(Errno.EINVAL, () -> readOnly.readLink(name));
      assertErrno(Errno.EINVAL, () -> writable.create(name, 0644));
      assertErrno(Errno.EINVAL, () -> writable.makeDirectory(name, 0755));
      assertErrno(Errno.EINVAL, () -> writable.makeSymlink(name, "x"));
      assertErrno(Errno.EINVAL, () -> writable.link(writable, name, "x"));
      assertErrno(Errno.EINVAL, () -> writable.link(writable, "x", name));
      assertErrno(Errno.EINVAL, () -> writable.unlink(name, true));
      assertErrno(Errno.EINVAL, () -> writable.rename(name, writable, "x", 0));
      assertErrno(Errno.EINVAL, () -> writable.rename("x", writable, name, 0));
      assertErrno(Errno.EINVAL, () -> writable.setPermissions(name, 0));
      assertErrno(Errno.EINVAL, () -> writable.setOwner(name, 0, 0));
      assertErrno(Errno.EINVAL, () -> writable.setTimes(name, 0, 0));
    }
    assertErrno(Errno.ENOENT, () -> readOnly.lookup(""));
    assertErrno(Errno.ENAMETOOLONG, () -> readOnly.lookup("x".repeat(256)));
    assertThat(readOnly.lookup("x".repeat(255))).isNull();
  }

  // ---- ways out ----

  @Test
  void followsNoLink() throws IOException {
    List<String> targets =
        List.of(
            outside.toString(),
            "../secret",
            "/etc/passwd",
            "/proc/self/root/etc/passwd",
            "/proc/self/fd/0",
            "/proc/self/exe");
    for (String target : targets) {
      Path link = Files.createSymbolicLink(inside.resolve("link"), Path.of(target));
      assertErrno(Errno.ELOOP, () -> readOnly.openFile("link", false));
      assertErrno(Errno.ELOOP, () -> writable.openFile("link", true));
      assertErrno(Errno.ENOTDIR, () -> readOnly.openDirectory("link"));
      assertErrno(Errno.EEXIST, () -> writable.create("link", 0644));
      assertErrno(Errno.EOPNOTSUPP, () -> writable.setPermissions("link", 0777));
      assertThat(readOnly.lookup("link").mode()).isEqualTo(0120777);
      assertThat(readOnly.readLink("link")).isEqualTo(target);
      Files.delete(link);
    }
    Files.createSymbolicLink(inside.resolve("link"), temporary);
    assertErrno(Errno.ENOTDIR, () -> readOnly.openDirectory("link"));
    assertThat(Files.readString(outside)).isEqualTo(SECRET);
  }

  @Test
  void changesTheLinkAndNotItsTarget() throws IOException {
    Files.createSymbolicLink(inside.resolve("link"), outside);
    writable.setTimes("link", 1_000_000_000L, 2_000_000_000L);
    assertThat(readOnly.lookup("link").mtimeNanos()).isEqualTo(2_000_000_000L);
    assertThat(Files.getLastModifiedTime(outside).toMillis()).isGreaterThan(2_000);
    writable.link(writable, "link", "second");
    assertThat(readOnly.readLink("second")).isEqualTo(outside.toString());
    writable.unlink("link", false);
    assertThat(Files.readString(outside)).isEqualTo(SECRET);
  }

  @Test
  void neitherShowsNorOpensFifosSocketsAndDevices() throws IOException {
    HostCommands.run(inside, "mkfifo", "fifo");
    if (HostCommands.isRoot()) {
      HostCommands.run(inside, "mknod", "null", "c", "1", "3");
      HostCommands.run(inside, "mknod", "disk", "b", "7", "0");
      HostCommands.run(inside, "mknod", "terminal", "c", "5", "0");
    }
    Files.writeString(inside.resolve("file"), "x");
    assertThat(types(readOnly)).containsOnly(entry("file", PathEntry.S_IFREG));
    for (String name : List.of("fifo", "null", "disk", "terminal")) {
      assertThat(readOnly.lookup(name)).isNull();
      assertErrno(Errno.ENOENT, () -> readOnly.openFile(name, false));
      assertErrno(Errno.ENOENT, () -> writable.openFile(name, true));
      assertErrno(Errno.ENOENT, () -> readOnly.openDirectory(name));
      assertErrno(Errno.ENOENT, () -> writable.unlink(name, false));
      assertErrno(Errno.ENOENT, () -> writable.rename(name, writable, "x", 0));
      assertErrno(Errno.ENOENT, () -> writable.link(writable, name, "x"));
      assertErrno(Errno.ENOENT, () -> writable.setPermissions(name, 0777));
      assertErrno(Errno.ENOENT, () -> writable.setOwner(name, 1, 1));
    }
    assertErrno(Errno.EPERM, () -> writable.rename("file", writable, "fifo", 0));
    assertErrno(Errno.EEXIST, () -> writable.create("fifo", 0644));
  }

  @Test
  void refusesLiveFileSystemsByName() {
    for (String path : List.of("/proc", "/proc/self", "/proc/self/fd", "/sys", "/dev")) {
      assumeTrue(Files.isDirectory(Path.of(path)));
      assertThatExceptionOfType(FileSystemException.class)
          .isThrownBy(() -> files.openDirectory(Path.of(path), false))
          .withMessageContaining("not served");
    }
    assertThatExceptionOfType(FileSystemException.class)
        .isThrownBy(() -> files.openFile(Path.of("/proc/self/maps")))
        .withMessageContaining("not served");
    assertThatExceptionOfType(FileSystemException.class)
        .isThrownBy(() -> files.openFile(Path.of("/dev/null")));
  }

  @Test
  void showsLiveFileSystemsUnderTheRootAsEmptyDirectories() throws IOException {
    try (HostDirectory root = files.openDirectory(Path.of("/"), true)) {
      for (String name : List.of("proc", "sys", "dev")) {
        assertThat(types(root)).contains(entry(name, PathEntry.S_IFDIR));
        assertThat(root.lookup(name).mode()).isEqualTo(040555);
        HostDirectory empty = root.openDirectory(name);
        assertThat(empty.attributes()).isEqualTo(root.lookup(name));
        assertThat(empty.list()).isEmpty();
        assertThat(empty.lookup("self")).isNull();
        assertThat(empty.lookup("null")).isNull();
        assertErrno(Errno.ENOENT, () -> empty.openDirectory("self"));
        assertErrno(Errno.ENOENT, () -> empty.openFile("null", false));
        assertErrno(Errno.ENOENT, () -> empty.readLink("self"));
        assertErrno(Errno.EROFS, () -> empty.create("x", 0644));
        assertErrno(Errno.EROFS, () -> root.setPermissions(name, 0777));
        assertErrno(Errno.EXDEV, () -> root.link(empty, "kmsg", "x"));
      }
    }
  }

  @Test
  void servesMemoryFileSystems() throws IOException {
    Path shm = Path.of("/dev/shm");
    assumeTrue(Files.isDirectory(shm) && Files.isWritable(shm));
    Path directory = Files.createTempDirectory(shm, "biscotti");
    try (HostDirectory mounted = files.openDirectory(directory, true)) {
      mounted.create("file", 0600).close();
      assertThat(types(mounted)).containsOnly(entry("file", PathEntry.S_IFREG));
      mounted.unlink("file", false);
    } finally {
      Files.delete(directory);
    }
  }

  @Test
  void tellsTypesOfNestedMountsApart() throws IOException {
    // Each type of live file system that this host has mounted anywhere must be refused.
    for (String line : Files.readAllLines(Path.of("/proc/self/mountinfo"))) {
      String[] fields = line.split(" ", -1);
      Path point = Path.of(MountTable.unescape(fields[4]));
      String type = line.substring(line.indexOf(" - ") + 3).split(" ", -1)[0];
      boolean live = !List.of("ext4", "xfs", "btrfs", "overlay", "tmpfs", "rootfs").contains(type);
      if (live && isTopmost(fields[2], point)) {
        assertThatExceptionOfType(IOException.class)
            .as(line)
            .isThrownBy(() -> files.openDirectory(point, false));
      }
    }
  }

  /** True if what is seen at a mount point is that mount and none on top of it. */
  private static boolean isTopmost(String device, Path point) throws IOException {
    if (!Files.isDirectory(point) || !device.startsWith("0:")) {
      return false;
    }
    long seen = (long) Files.getAttribute(point, "unix:dev");
    return ((seen & 0xff) | (seen >> 12 & 0xfff00)) == Long.parseLong(device.substring(2));
  }

  // ---- single files ----

  @Test
  void servesOneFileAndNothingBesideIt() throws IOException {
    Path file = Files.writeString(inside.resolve("program"), "bytes");
    Files.createSymbolicLink(inside.resolve("link"), file);
    assertThat(contents(files.openFile(inside.resolve("link")))).isEqualTo("bytes");
    HostFile single = files.openFile(file);
    assertErrno(Errno.EBADF, () -> single.write(0, MemorySegment.ofArray(new byte[1])));
    single.close();
    assertThatExceptionOfType(FileSystemException.class).isThrownBy(() -> files.openFile(inside));
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() -> files.openFile(inside.resolve("absent")));
    assertThatExceptionOfType(NotDirectoryException.class)
        .isThrownBy(() -> files.openDirectory(file, false));
  }

  @Test
  void opensNoFifoByName() throws IOException {
    HostCommands.run(inside, "mkfifo", "fifo");
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> files.openFile(inside.resolve("fifo")));
  }

  // ---- reading and writing ----

  @Test
  void readsAndWritesFiles() throws IOException {
    try (HostFile file = writable.create("file", 0640);
        Arena arena = Arena.ofConfined()) {
      MemorySegment nativeBytes = arena.allocateFrom("native");
      assertThat(file.write(0, nativeBytes)).isEqualTo(7);
      assertThat(file.write(3, MemorySegment.ofArray(new byte[] {'X'}))).isEqualTo(1);
      MemorySegment back = arena.allocate(100);
      assertThat(file.read(0, back)).isEqualTo(7);
      assertThat(back.getString(0)).isEqualTo("natXve");
      assertThat(file.read(7, back)).isZero();
      assertThat(file.read(1L << 60, back)).isZero();
      assertErrno(Errno.EINVAL, () -> file.read(-1, back));
      file.truncate(2);
      assertThat(file.attributes().size()).isEqualTo(2);
      assertThat(file.read(1, back)).isEqualTo(1);
      file.sync();
    }
    assertThat(Files.readString(inside.resolve("file"))).isEqualTo("na");
  }

  @Test
  void survivesAFileThatShrinksWhileItIsRead() throws IOException {
    Files.write(inside.resolve("file"), new byte[100_000]);
    try (HostFile file = readOnly.openFile("file", false);
        Arena arena = Arena.ofConfined()) {
      MemorySegment page = arena.allocate(4096);
      assertThat(file.read(98_304, page)).isEqualTo(1696);
      Files.write(inside.resolve("file"), new byte[10]);
      assertThat(file.read(98_304, page)).isZero();
      assertThat(file.read(0, page)).isEqualTo(10);
    }
  }

  @Test
  void keepsAReadOnlyMountAsItIs() throws IOException {
    Files.writeString(inside.resolve("file"), "x");
    assertThat(readOnly.writable()).isFalse();
    assertErrno(Errno.EROFS, () -> readOnly.openFile("file", true));
    assertErrno(Errno.EROFS, () -> readOnly.create("new", 0644));
    assertErrno(Errno.EROFS, () -> readOnly.makeDirectory("new", 0755));
    assertErrno(Errno.EROFS, () -> readOnly.makeSymlink("new", "x"));
    assertErrno(Errno.EROFS, () -> readOnly.link(readOnly, "file", "new"));
    assertErrno(Errno.EROFS, () -> readOnly.unlink("file", false));
    assertErrno(Errno.EROFS, () -> readOnly.rename("file", readOnly, "new", 0));
    assertErrno(Errno.EROFS, () -> readOnly.setPermissions("file", 0));
    assertErrno(Errno.EROFS, () -> readOnly.setOwner("file", 0, 0));
    assertErrno(Errno.EROFS, () -> readOnly.setTimes("file", 0, 0));
    assertErrno(Errno.EXDEV, () -> writable.rename("file", readOnly, "new", 0));
    assertErrno(Errno.EXDEV, () -> writable.link(readOnly, "file", "new"));
  }

  @Test
  void changesNamesAndAttributes() throws IOException {
    writable.makeDirectory("directory", 02751);
    assertThat(readOnly.lookup("directory").mode() & 07777).isIn(02751, 0751);
    writable.create("file", 0666).close();
    assertThat(readOnly.lookup("file").mode()).isEqualTo(0100666);
    writable.setPermissions("file", 0604);
    assertThat(readOnly.lookup("file").mode()).isEqualTo(0100604);
    writable.setTimes("file", 1_500_000_000L, -1);
    assertThat(readOnly.lookup("file").atimeNanos()).isEqualTo(1_500_000_000L);
    assertThat(readOnly.lookup("file").mtimeNanos()).isEqualTo(-1);
    writable.setTimes("file", Long.MIN_VALUE, 5);
    assertThat(readOnly.lookup("file").atimeNanos()).isEqualTo(1_500_000_000L);
    assertThat(readOnly.lookup("file").mtimeNanos()).isEqualTo(5);
    writable.makeSymlink("link", "file");
    assertThat(Files.readSymbolicLink(inside.resolve("link"))).isEqualTo(Path.of("file"));
    assertErrno(Errno.EISDIR, () -> writable.unlink("directory", false));
    assertErrno(Errno.ENOTDIR, () -> writable.unlink("file", true));
    try (HostDirectory directory = writable.openDirectory("directory")) {
      writable.rename("file", directory, "moved", 0);
      assertThat(directory.lookup("moved").size()).isZero();
    }
    assertErrno(Errno.ENOTEMPTY, () -> writable.unlink("directory", true));
    writable.rename("link", writable, "directory", 2);
    assertThat(readOnly.readLink("directory")).isEqualTo("file");
  }

  @Test
  void makesNoPrivilegedPrograms() {
    writable.create("created", 06755).close();
    assertThat(readOnly.lookup("created").mode()).isEqualTo(0100755);
    writable.setPermissions("created", 07711);
    assertThat(readOnly.lookup("created").mode()).isEqualTo(0101711);
  }

  @Test
  void changesOwners() throws IOException {
    assumeTrue(HostCommands.isRoot(), "needs root");
    writable.create("file", 0644).close();
    writable.setOwner("file", 1234, 5678);
    assertThat(readOnly.lookup("file").uid()).isEqualTo(1234);
    assertThat(readOnly.lookup("file").gid()).isEqualTo(5678);
  }

  // ---- descriptors ----

  @Test
  void walksMoreDirectoriesThanItMayOpen() throws IOException {
    StringBuilder script = new StringBuilder("mkdir");
    for (int i = 0; i < 40; i++) {
      script.append(" -p d").append(i).append("/a/b/c/d/e");
    }
    HostCommands.run(inside, "sh", "-c", script.toString());
    try (HostFiles few = new HostFiles(64);
        HostDirectory root = few.openDirectory(inside, true)) {
      HostDirectory[] deepest = new HostDirectory[40];
      for (int i = 0; i < deepest.length; i++) {
        HostDirectory at = root.openDirectory("d" + i);
        for (String name : List.of("a", "b", "c", "d")) {
          at = at.openDirectory(name);
        }
        deepest[i] = at;
      }
      assertThat(few.directories().size()).isEqualTo(8);
      assertThat(HostCommands.openDescriptors(inside.toString())).isLessThan(16);
      for (HostDirectory directory : deepest) {
        assertThat(types(directory)).containsOnly(entry("e", PathEntry.S_IFDIR));
        assertThat(directory.lookup("e")).isNotNull();
      }
      // Evicted directories are found again after the guest has renamed one above them.
      root.rename("d0", root, "renamed", 0);
      assertThat(deepest[0].lookup("e")).isNotNull();
      // When somebody else has put another in their place they are not.
      deepest[1].close();
      HostCommands.run(inside, "sh", "-c", "mv d1/a d1/gone && mkdir -p d1/a/b/c/d/e");
      few.directories().evictAll();
      assertErrno(Errno.ESTALE, () -> deepest[1].lookup("e"));
    }
  }

  @Test
  void swapsDirectoriesThatAreInUse() {
    writable.makeDirectory("one", 0755);
    writable.makeDirectory("two", 0755);
    try (HostDirectory one = writable.openDirectory("one");
        HostDirectory two = writable.openDirectory("two")) {
      one.create("in-one", 0644).close();
      two.create("in-two", 0644).close();
      writable.rename("one", writable, "two", 2);
      files.directories().evictAll();
      assertThat(one.lookup("in-one")).isNotNull();
      assertThat(two.lookup("in-two")).isNotNull();
      try (HostDirectory same = writable.openDirectory("two")) {
        assertThat(same.lookup("in-one")).isNotNull();
      }
    }
  }

  @Test
  void limitsOpenFiles() throws IOException {
    Files.writeString(inside.resolve("file"), "x");
    try (HostFiles few = new HostFiles(64);
        HostDirectory root = few.openDirectory(inside, false)) {
      HostFile[] open = new HostFile[32];
      for (int i = 0; i < open.length; i++) {
        open[i] = root.openFile("file", false);
      }
      assertErrno(Errno.ENFILE, () -> root.openFile("file", false));
      open[0].close();
      open[0].close();
      HostFile again = root.openFile("file", false);
      assertErrno(Errno.ENFILE, () -> root.openFile("file", false));
      again.close();
      for (HostFile file : open) {
        file.close();
      }
    }
  }

  @Test
  void closesFilesThatWereLost() throws Exception {
    Files.writeString(inside.resolve("lost"), "x");
    loseAFile();
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (HostCommands.openDescriptors("/mount/lost") > 0) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      System.gc();
      Thread.onSpinWait();
    }
  }

  private void loseAFile() throws IOException {
    HostFile lost = readOnly.openFile("lost", false);
    assertThat(contentsWithoutClosing(lost)).isEqualTo("x");
    assertThat(HostCommands.openDescriptors("/mount/lost")).isEqualTo(1);
  }

  private static String contentsWithoutClosing(HostFile file) {
    byte[] bytes = new byte[1];
    MemorySegment segment = MemorySegment.ofArray(bytes);
    assertThat(file.read(0, segment)).isEqualTo(1);
    return String.valueOf((char) segment.get(ValueLayout.JAVA_BYTE, 0));
  }

  @Test
  void leaksNoDescriptorWhenCallsFail() throws IOException {
    Files.writeString(inside.resolve("file"), "x");
    Files.createSymbolicLink(inside.resolve("link"), outside);
    HostCommands.run(inside, "mkfifo", "fifo");
    for (int i = 0; i < 200; i++) {
      assertErrno(Errno.ELOOP, () -> readOnly.openFile("link", false));
      assertErrno(Errno.ENOENT, () -> readOnly.openFile("fifo", false));
      assertErrno(Errno.ENOTDIR, () -> readOnly.openDirectory("file"));
      assertErrno(Errno.EINVAL, () -> readOnly.readLink("file"));
      assertErrno(Errno.EEXIST, () -> writable.create("file", 0644));
      assertErrno(Errno.EOPNOTSUPP, () -> writable.setPermissions("link", 0));
      assertThat(readOnly.list()).hasSize(2);
    }
    // The two mounts themselves, and the one directory that listing leaves to be closed here.
    assertThat(HostCommands.openDescriptors(temporary.toString())).isEqualTo(2);
  }
}
