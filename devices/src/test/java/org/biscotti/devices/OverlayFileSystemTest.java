package org.biscotti.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.entry;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Mman;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Attributes;
import org.biscotti.kernel.fs.FileStatus;
import org.biscotti.kernel.fs.Namespace;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.fs.hostfs.SingleFile;
import org.biscotti.kernel.mem.FaultOutcome;
import org.biscotti.kernel.port.HostDirectory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A root directory from the host: all of it is there, and nothing of it is ever changed. */
@Timeout(60)
class OverlayFileSystemTest {
  private static final long MEMORY_BYTES = 64 << 20;

  @TempDir Path temporary;
  private Path host;
  private HostFiles files;
  private HostDirectory directory;
  private Guest guest;

  @BeforeEach
  void boot() throws IOException {
    Files.writeString(temporary.resolve("secret"), "outside");
    host = Files.createDirectory(temporary.resolve("root"));
    Files.createDirectories(host.resolve("etc/deep/er"));
    Files.writeString(host.resolve("etc/hosts"), "localhost\n");
    Files.writeString(host.resolve("etc/deep/er/file"), "bottom");
    Files.createSymbolicLink(host.resolve("link"), Path.of("etc/hosts"));
    Files.createSymbolicLink(host.resolve("absolute"), Path.of("/etc/hosts"));
    Files.createSymbolicLink(host.resolve("out"), Path.of("../secret"));
    Files.createSymbolicLink(host.resolve("passwd"), Path.of("/etc/passwd"));
    files = new HostFiles();
    directory = files.openDirectory(host, false);
    guest = Guest.over(directory, MEMORY_BYTES);
  }

  @AfterEach
  void shutDown() throws IOException {
    String before = snapshot;
    if (before != null) {
      assertThat(hostState()).isEqualTo(before);
    }
    assertThat(HostCommands.openDescriptors("/root/etc/hosts")).isZero();
    guest.close();
    directory.close();
    files.close();
    assertThat(HostCommands.openDescriptors(temporary.toString())).isZero();
  }

  private String snapshot;

  /** Has {@link #shutDown} check that the host is then as it is now. */
  private void hostMustNotChange() throws IOException {
    snapshot = hostState();
  }

  private String hostState() throws IOException {
    return HostCommands.run(
        host,
        "sh",
        "-c",
        "find . -printf '%p %y %m %s %T@ %n %l\\n' | sort; cat etc/* 2>&1 || true");
  }

  private static void assertErrno(int errno, ThrowingCallable call) {
    assertThatExceptionOfType(ErrnoException.class)
        .isThrownBy(call)
        .satisfies(e -> assertThat(Errno.name(e.errno())).isEqualTo(Errno.name(errno)));
  }

  // ---- what is there ----

  @Test
  void showsTheHostsTree() {
    assertThat(guest.contents("/etc/hosts")).isEqualTo("localhost\n");
    assertThat(guest.contents("/etc/deep/er/file")).isEqualTo("bottom");
    assertThat(guest.list("/", 2))
        .containsOnly(
            entry("etc", Stat.S_IFDIR),
            entry("link", Stat.S_IFLNK),
            entry("absolute", Stat.S_IFLNK),
            entry("out", Stat.S_IFLNK),
            entry("passwd", Stat.S_IFLNK));
    assertErrno(Errno.ENOENT, () -> guest.find("/nothing"));
    assertErrno(Errno.ENOTDIR, () -> guest.find("/etc/hosts/x"));
  }

  @Test
  void resolvesLinksWithinTheGuest() {
    assertThat(guest.contents("/link")).isEqualTo("localhost\n");
    assertThat(guest.contents("/absolute")).isEqualTo("localhost\n");
    assertErrno(Errno.ENOENT, () -> guest.contents("/out"));
    assertErrno(Errno.ENOENT, () -> guest.contents("/passwd"));
    assertErrno(Errno.ENOENT, () -> guest.contents("/../secret"));
    assertErrno(Errno.ENOENT, () -> guest.contents("/etc/../../secret"));
  }

  @Test
  void takesAttributesFromTheHost() throws IOException {
    Path hosts = host.resolve("etc/hosts");
    Files.setPosixFilePermissions(hosts, PosixFilePermissions.fromString("rw-r----x"));
    FileStatus status = guest.status("/etc/hosts");
    assertThat(status.mode).isEqualTo(Stat.S_IFREG | 0641);
    assertThat(status.size).isEqualTo(10);
    for (String name : List.of("etc/hosts", "etc", "link")) {
      String blocks = HostCommands.run(host, "stat", "-c", "%b", name).strip();
      assertThat(guest.status("/" + name).blocks).isEqualTo(Long.parseLong(blocks));
    }
    assertThat(status.links).isEqualTo(1);
    assertThat(status.uid).isEqualTo(Files.getAttribute(hosts, "unix:uid"));
    long seconds = Files.getLastModifiedTime(hosts).toInstant().getEpochSecond();
    assertThat(status.modifyNanos / 1_000_000_000).isEqualTo(seconds);
    assertThat(guest.status("/").links).isEqualTo(3);
    assertThat(guest.status("/etc").links).isEqualTo(3);
  }

  @Test
  void listsAndLooksUpTheSameInodeNumbers() {
    Map<String, Long> listed = new TreeMap<>();
    OpenFile root = guest.open("/", Fcntl.O_RDONLY);
    root.readDirectory(
        (name, inode, _, _) -> {
          listed.put(name, inode);
          return true;
        },
        guest);
    root.release();
    assertThat(listed).containsKeys("etc", "link", ".", "..");
    for (String name : List.of("etc", "link", "out")) {
      assertThat(guest.status("/" + name).inode).isEqualTo(listed.get(name));
    }
  }

  @Test
  void makesOneFileOfHardLinks() throws IOException {
    Files.createLink(host.resolve("second"), host.resolve("etc/hosts"));
    hostMustNotChange();
    assertThat(guest.find("/second").inode()).isSameAs(guest.find("/etc/hosts").inode());
    assertThat(guest.status("/second").links).isEqualTo(2);
    guest.write("/second", 0, "LOCAL");
    assertThat(guest.contents("/etc/hosts")).isEqualTo("LOCALhost\n");
    Namespace.unlink(guest, guest.root(), "/second");
    assertThat(guest.status("/etc/hosts").links).isEqualTo(1);
    Namespace.unlink(guest, guest.root(), "/etc/hosts");
    assertErrno(Errno.ENOENT, () -> guest.contents("/etc/hosts"));
  }

  @Test
  void showsEmptyDirectoriesForLiveFileSystems() throws IOException {
    try (HostDirectory hostRoot = files.openDirectory(Path.of("/"), false);
        Guest whole = Guest.over(hostRoot, MEMORY_BYTES)) {
      for (String path : List.of("/proc", "/sys", "/dev")) {
        assertThat(whole.list(path, 10)).isEmpty();
      }
      assertErrno(Errno.ENOENT, () -> whole.contents("/proc/self/maps"));
      assertErrno(Errno.ENOENT, () -> whole.contents("/proc/self/root/etc/passwd"));
      assertErrno(Errno.ENOENT, () -> whole.find("/dev/null"));
      assertErrno(Errno.ENOENT, () -> whole.find("/proc/1/fd/0"));
      assertThat(whole.contents("/etc/passwd")).contains("root:");
      // Where the guest has its own, new names are in memory.
      Namespace.makeDirectory(whole, whole.root(), "/dev/mine", 0755);
      assertThat(whole.list("/dev", 10)).containsOnlyKeys("mine");
    }
  }

  // ---- changes stay in memory ----

  @Test
  void keepsWrittenPagesInMemory() throws IOException {
    Files.writeString(host.resolve("etc/big"), "0123456789".repeat(2000));
    hostMustNotChange();
    guest.write("/etc/big", 0, "head");
    OpenFile file = guest.open("/etc/big", Fcntl.O_RDWR);
    assertThat(guest.write(file, 10_000, "MIDDLE")).isEqualTo(6);
    assertThat(guest.write(file, 30_000, "beyond")).isEqualTo(6);
    assertThat(guest.read(file, 0, 12)).isEqualTo("head45678901");
    assertThat(guest.read(file, 9_998, 10)).isEqualTo("89MIDDLE67");
    assertThat(guest.read(file, 19_998, 4)).isEqualTo("89\0\0");
    assertThat(guest.read(file, 29_999, 100)).isEqualTo("\0beyond");
    assertThat(guest.status("/etc/big").size).isEqualTo(30_006);
    file.truncate(5, guest);
    file.truncate(20_000, guest);
    assertThat(guest.read(file, 0, 8)).isEqualTo("head4\0\0\0");
    assertThat(guest.read(file, 12_000, 3)).isEqualTo("\0\0\0");
    file.release();
    assertThat(guest.contents("/etc/big")).startsWith("head4\0");
  }

  @Test
  void truncatesWithoutReading() throws IOException {
    hostMustNotChange();
    guest.write("/etc/hosts", Fcntl.O_TRUNC, "new");
    assertThat(guest.contents("/etc/hosts")).isEqualTo("new");
  }

  @Test
  void removesNamesForGood() throws IOException {
    hostMustNotChange();
    Namespace.unlink(guest, guest.root(), "/etc/hosts");
    assertErrno(Errno.ENOENT, () -> guest.find("/etc/hosts"));
    assertThat(guest.list("/etc", 10)).containsOnlyKeys("deep");
    assertErrno(Errno.ENOTEMPTY, () -> Namespace.removeDirectory(guest, guest.root(), "/etc"));
    Namespace.unlink(guest, guest.root(), "/etc/deep/er/file");
    Namespace.removeDirectory(guest, guest.root(), "/etc/deep/er");
    Namespace.removeDirectory(guest, guest.root(), "/etc/deep");
    Namespace.removeDirectory(guest, guest.root(), "/etc");
    assertErrno(Errno.ENOENT, () -> guest.find("/etc"));
    Namespace.makeDirectory(guest, guest.root(), "/etc", 0700);
    assertThat(guest.list("/etc", 10)).isEmpty();
    guest.write("/etc/hosts", Fcntl.O_CREAT, "mine");
    assertThat(guest.contents("/etc/hosts")).isEqualTo("mine");
    assertThat(guest.status("/").links).isEqualTo(3);
  }

  @Test
  void renamesWithinMemory() throws IOException {
    hostMustNotChange();
    Namespace.rename(guest, guest.root(), "/etc", guest.root(), "/moved", 0);
    assertErrno(Errno.ENOENT, () -> guest.find("/etc"));
    assertThat(guest.contents("/moved/deep/er/file")).isEqualTo("bottom");
    guest.write("/fresh", Fcntl.O_CREAT, "fresh");
    Namespace.rename(guest, guest.root(), "/fresh", guest.root(), "/moved/hosts", 0);
    assertThat(guest.contents("/moved/hosts")).isEqualTo("fresh");
    Namespace.unlink(guest, guest.root(), "/moved/hosts");
    assertErrno(Errno.ENOENT, () -> guest.find("/moved/hosts"));
    Namespace.rename(guest, guest.root(), "/link", guest.root(), "/moved", 2);
    assertThat(guest.contents("/link/deep/er/file")).isEqualTo("bottom");
    assertThat(guest.list("/", 3)).containsOnlyKeys("absolute", "link", "moved", "out", "passwd");
  }

  @Test
  void changesAttributesInMemory() throws IOException {
    hostMustNotChange();
    Attributes.setPermissions(guest.find("/etc/hosts"), 0400, guest.credentials());
    Attributes.setOwner(guest.find("/etc/hosts"), 7, 8, guest.credentials());
    Attributes.setTimes(guest.find("/etc/hosts"), 1, 2, guest.credentials());
    FileStatus status = guest.status("/etc/hosts");
    assertThat(status.mode).isEqualTo(Stat.S_IFREG | 0400);
    assertThat(status.uid).isEqualTo(7);
    assertThat(status.gid).isEqualTo(8);
    assertThat(status.modifyNanos).isEqualTo(2);
  }

  @Test
  void listsEachNameOnceWhileTheDirectoryChanges() throws IOException {
    for (int i = 0; i < 50; i++) {
      Files.createFile(host.resolve("etc/deep/f" + i));
    }
    hostMustNotChange();
    Set<String> seen = new HashSet<>();
    guest.listing(
        "/etc/deep",
        3,
        (name, _) -> {
          if (name.startsWith("f")) {
            assertThat(seen.add(name)).isTrue();
            Namespace.unlink(guest, guest.root(), "/etc/deep/" + name);
            guest.write("/etc/deep/new" + name, Fcntl.O_CREAT, "x");
          }
          return null;
        });
    assertThat(seen).hasSize(50);
    assertThat(guest.list("/etc/deep", 7)).hasSize(51).containsKeys("er", "newf0", "newf49");
  }

  // ---- pages ----

  @Test
  void mapsFiles() {
    OpenFile file = guest.open("/etc/hosts", Fcntl.O_RDONLY);
    long at = guest.mapPrivate(file);
    file.release();
    assertThat(guest.user().readCString(at, 100)).isEqualTo("localhost\n");
    assertThat(guest.space().fault(at + 4096, false, false)).isEqualTo(FaultOutcome.BUS_ADRERR);
    guest.space().munmap(at, 1 << 16);
  }

  @Test
  void writesThroughSharedMappingsIntoMemory() throws IOException {
    hostMustNotChange();
    OpenFile file = guest.open("/etc/hosts", Fcntl.O_RDWR);
    long at = guest.map(file, Mman.PROT_READ | Mman.PROT_WRITE, Mman.MAP_SHARED);
    guest.user().setByte(at, (byte) 'L');
    assertThat(guest.read(file, 0, 5)).isEqualTo("Local");
    guest.space().munmap(at, 1 << 16);
    file.release();
    assertThat(guest.contents("/etc/hosts")).isEqualTo("Localhost\n");
  }

  @Test
  void readsMoreThanFitsIntoMemory() throws IOException {
    Path big = host.resolve("etc/big");
    HostCommands.run(host, "truncate", "-s", "100M", "etc/big");
    long freeBefore = guest.frames().freeFrames();
    OpenFile file = guest.open("/etc/big", Fcntl.O_RDONLY);
    for (long at = 0; at < 100 << 20; at += 1 << 20) {
      assertThat(guest.read(file, at, 1 << 20)).hasSize(1 << 20);
    }
    file.release();
    assertThat(guest.frames().freeFrames()).isEqualTo(freeBefore);
    Files.delete(big);
  }

  @Test
  void givesAnErrorWhenTheHostsFileShrinks() throws IOException {
    Files.write(host.resolve("etc/shrinks"), new byte[40_000]);
    OpenFile file = guest.open("/etc/shrinks", Fcntl.O_RDONLY);
    long at = guest.mapPrivate(file);
    assertThat(guest.read(file, 30_000, 10)).hasSize(10);
    Files.write(host.resolve("etc/shrinks"), new byte[10]);
    assertErrno(Errno.EIO, () -> guest.read(file, 30_000, 10));
    assertErrno(Errno.EFAULT, () -> guest.user().getByte(at + 32_768));
    assertThat(guest.space().fault(at + 32_768, false, false)).isEqualTo(FaultOutcome.BUS_ADRERR);
    guest.space().munmap(at, 1 << 16);
    file.release();
  }

  @Test
  void refusesAFileThatWasReplaced() throws IOException {
    assertThat(guest.status("/etc/hosts").size).isEqualTo(10);
    HostCommands.run(host, "sh", "-c", "echo other > etc/new && mv etc/new etc/hosts");
    assertErrno(Errno.ESTALE, () -> guest.open("/etc/hosts", Fcntl.O_RDONLY));
    HostCommands.run(host, "sh", "-c", "rm etc/hosts && mkfifo etc/hosts");
    assertErrno(Errno.ENOENT, () -> guest.open("/etc/hosts", Fcntl.O_RDONLY));
  }

  // ---- single files ----

  @Test
  void showsASingleFile() throws IOException {
    Path program = Files.writeString(temporary.resolve("program"), "#!/bin/true\n");
    Namespace.makeSymlink(guest, "/etc/deep", guest.root(), "/way");
    SingleFile.show(
        guest, guest.root(), "/opt/bin/program", files.openFile(program), guest.frames());
    SingleFile.show(guest, guest.root(), "/way/program", files.openFile(program), guest.frames());
    assertThat(guest.contents("/etc/deep/program")).isEqualTo("#!/bin/true\n");
    Namespace.unlink(guest, guest.root(), "/etc/deep/program");
    assertErrno(
        Errno.EEXIST,
        () ->
            SingleFile.show(
                guest, guest.root(), "/etc/hosts", files.openFile(program), guest.frames()));
    assertThat(guest.contents("/opt/bin/program")).isEqualTo("#!/bin/true\n");
    assertThat(guest.list("/opt/bin", 5)).containsOnlyKeys("program");
    assertErrno(Errno.ENOENT, () -> guest.find("/opt/bin/secret"));
    Files.writeString(temporary.resolve("other"), "replaced");
    Files.move(temporary.resolve("program"), temporary.resolve("gone"));
    assertThat(guest.contents("/opt/bin/program")).isEqualTo("#!/bin/true\n");
    guest.write("/opt/bin/program", 0, "##");
    assertThat(guest.contents("/opt/bin/program")).startsWith("##/bin");
    assertThat(Files.readString(temporary.resolve("gone"), StandardCharsets.US_ASCII))
        .isEqualTo("#!/bin/true\n");
    Namespace.unlink(guest, guest.root(), "/opt/bin/program");
    assertThat(HostCommands.openDescriptors("/gone")).isZero();
  }
}
