package org.biscotti.kvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.biscotti.devices.HostFiles;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a program reaches of the host: nothing but the files that it was shown, and what it may not
 * change stays as it is.
 */
@RequiresKvm
class EscapeIT {
  private static final String BUSYBOX = TestPrograms.busybox().toString();
  private static final String ABSENT = "No such file or directory";
  private static final String READ_ONLY = "Read-only file system";
  private static final String SECRET = "secret of the host\n";

  private Path base;

  /** Mounted in guests. */
  private Path shared;

  /** Beside it, and not mounted. */
  private Path secret;

  @BeforeEach
  void makeFiles() throws IOException {
    base = Files.createTempDirectory(Path.of("/dev/shm"), "biscotti-escape");
    shared = Files.createDirectory(base.resolve("shared"));
    Files.writeString(shared.resolve("file"), "shared\n");
    Files.createDirectory(shared.resolve("inner"));
    Files.writeString(shared.resolve("inner/leaf"), "leaf\n");
    secret = Files.writeString(base.resolve("secret"), SECRET);
  }

  @AfterEach
  void deleteFiles() throws IOException {
    TestPrograms.deleteTree(base);
  }

  private Guest withMount(boolean writable) throws IOException {
    Guest guest = Guest.empty();
    guest.show(TestPrograms.busybox());
    guest.mount("/mnt", shared, writable);
    return guest;
  }

  private static Outcome busybox(Guest guest, String... words) throws Exception {
    return busyboxIn(guest, "/tmp", words);
  }

  private static Outcome busyboxIn(Guest guest, String directory, String... words)
      throws Exception {
    String[] command = new String[words.length + 1];
    command[0] = BUSYBOX;
    System.arraycopy(words, 0, command, 1, words.length);
    return guest.start(directory, new byte[0], Map.of("A", "guest"), List.of(command)).await();
  }

  private static void assertOutput(Outcome outcome, String output) {
    assertThat(outcome).isEqualTo(new Outcome(0, output, ""));
  }

  private static void assertFails(Outcome outcome, String message) {
    assertThat(outcome.code()).isNotZero();
    assertThat(outcome.output()).isEmpty();
    assertThat(outcome.errors()).contains(message);
  }

  @Test
  void procIsTheGuests() throws Exception {
    try (Guest guest = Guest.over(Path.of("/"))) {
      assertOutput(busybox(guest, "cat", "/proc/1/cmdline"), BUSYBOX + "\0cat\0/proc/1/cmdline\0");
      assertOutput(busybox(guest, "cat", "/proc/self/environ"), "A=guest\0");
      Outcome list = busybox(guest, "ls", "/proc");
      assertThat(list.output().lines().filter(name -> name.matches("\\d+"))).hasSize(1);
      long jvm = ProcessHandle.current().pid();
      assumeTrue(jvm > 100, "the JVM's number is one that the guest may have used");
      assertFails(busybox(guest, "cat", "/proc/" + jvm + "/cmdline"), ABSENT);
      assertFails(busybox(guest, "ls", "/proc/" + jvm + "/root/"), ABSENT);
      for (String dangerous : List.of("sysrq-trigger", "kcore", "kmsg", "kallsyms", "keys")) {
        assertFails(busybox(guest, "cat", "/proc/" + dangerous), ABSENT);
      }
      Outcome mounts = busybox(guest, "cat", "/proc/self/mounts");
      assertThat(mounts.output().lines().map(line -> line.split(" ", -1)[1]))
          .containsExactlyInAnyOrder("/", "/dev", "/dev/pts", "/dev/shm", "/proc");
    }
  }

  @Test
  void sysIsEmptyAndDevHasOnlyDevicesOfTheGuest() throws Exception {
    try (Guest guest = Guest.over(Path.of("/"))) {
      Outcome sys = busybox(guest, "find", "/sys", "-mindepth", "1");
      assertThat(sys.output()).isEmpty();
      assertFails(busybox(guest, "ls", "/sys/kernel"), ABSENT);
      assertOutput(
          busybox(guest, "ls", "/dev"),
          """
          console
          fd
          full
          null
          ptmx
          pts
          random
          shm
          stderr
          stdin
          stdout
          tty
          urandom
          zero
          """);
      assertOutput(busybox(guest, "ls", "-A", "/dev/shm"), "");
      assertFails(busybox(guest, "cat", "/dev/kvm"), ABSENT);
      assertFails(busybox(guest, "cat", secret.toString()), ABSENT);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/proc", "/proc/self", "/sys", "/dev"})
  void liveFileSystemsAreNotMounted(String directory) throws Exception {
    try (HostFiles files = new HostFiles()) {
      assertThatThrownBy(() -> files.openDirectory(Path.of(directory), true))
          .isInstanceOf(IOException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/proc/version", "/proc/self/mem", "/sys/kernel/mm", "/dev/kvm"})
  void liveFilesAreNotShown(String file) throws Exception {
    try (HostFiles files = new HostFiles()) {
      assertThatThrownBy(() -> files.openFile(Path.of(file))).isInstanceOf(IOException.class);
    }
  }

  @Test
  void pipesSocketsAndDevicesAreNotThere() throws Exception {
    Path fifo = shared.resolve("fifo");
    make("mkfifo", fifo.toString());
    boolean device = tryMake("mknod", shared.resolve("null").toString(), "c", "1", "3");
    try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        Guest guest = withMount(true)) {
      socket.bind(UnixDomainSocketAddress.of(shared.resolve("socket")));
      assertOutput(busybox(guest, "ls", "-A", "/mnt"), "file\ninner\n");
      for (String name : device ? List.of("fifo", "socket", "null") : List.of("fifo", "socket")) {
        assertFails(busybox(guest, "cat", "/mnt/" + name), ABSENT);
        assertFails(busybox(guest, "stat", "/mnt/" + name), ABSENT);
        assertThat(busybox(guest, "sh", "-c", "echo x > /mnt/" + name).code()).isNotZero();
        assertThat(Files.exists(shared.resolve(name))).isTrue();
      }
      assertThat(Files.isRegularFile(fifo)).isFalse();
    }
  }

  private static void make(String... command) throws Exception {
    assertThat(tryMake(command)).as(String.join(" ", command)).isTrue();
  }

  private static boolean tryMake(String... command) throws Exception {
    String[] words = new String[command.length + 1];
    words[0] = BUSYBOX;
    System.arraycopy(command, 0, words, 1, command.length);
    Outcome outcome = Native.run(Path.of("/"), new byte[0], Map.of(), List.of(words));
    return outcome.code() == 0;
  }

  @Test
  void nodesThatTheGuestMakesAreNotMadeOnTheHost() throws Exception {
    SortedMap<String, String> before = TestFiles.describe(shared);
    try (Guest guest = withMount(true)) {
      assertThat(busybox(guest, "mknod", "/mnt/kvm", "c", "10", "232").code()).isNotZero();
      assertThat(busybox(guest, "mkfifo", "/mnt/fifo").code()).isNotZero();
    }
    assertThat(TestFiles.describe(shared)).isEqualTo(before);
  }

  @Test
  void linksLeadToWhereTheGuestSeesTheirTarget() throws Exception {
    Files.createSymbolicLink(shared.resolve("absolute"), secret);
    Files.createSymbolicLink(shared.resolve("up"), Path.of("../secret"));
    Files.createSymbolicLink(shared.resolve("inner/far"), Path.of("../".repeat(40) + secret));
    Files.createSymbolicLink(shared.resolve("folder"), base);
    Files.createSymbolicLink(shared.resolve("within"), Path.of("inner/leaf"));
    List<String> escapes =
        List.of("absolute", "up", "inner/far", "folder/secret", "../secret", "inner/../../secret");
    try (Guest guest = withMount(true)) {
      assertOutput(busybox(guest, "cat", "/mnt/within"), "leaf\n");
      for (String path : escapes) {
        assertFails(busybox(guest, "cat", "/mnt/" + path), ABSENT);
      }
      assertOutput(busybox(guest, "mkdir", "-p", base.toString()), "");
      assertOutput(busybox(guest, "cp", "/mnt/file", secret.toString()), "");
      assertOutput(busybox(guest, "cp", "/mnt/file", "/secret"), "");
      for (String path : escapes) {
        assertOutput(busybox(guest, "cat", "/mnt/" + path), "shared\n");
        assertOutput(busybox(guest, "sh", "-c", "echo changed >> /mnt/" + path), "");
        assertOutput(busybox(guest, "chmod", "777", "/mnt/" + path), "");
        assertOutput(busybox(guest, "cp", "/mnt/file", "/mnt/" + path), "");
      }
    }
    assertThat(secret).hasContent(SECRET);
    assertThat(Files.getPosixFilePermissions(secret).size()).isLessThan(9);
  }

  @Test
  void linksThatTheGuestMakesDoNotLeadItOut() throws Exception {
    try (Guest guest = withMount(true)) {
      assertOutput(busybox(guest, "ln", "-s", secret.toString(), "/mnt/mine"), "");
      assertOutput(busybox(guest, "ln", "-s", base.toString(), "/mnt/above"), "");
      assertThat(Files.readSymbolicLink(shared.resolve("mine"))).isEqualTo(secret);
      assertFails(busybox(guest, "cat", "/mnt/mine"), ABSENT);
      assertThat(busybox(guest, "sh", "-c", "echo x > /mnt/mine").code()).isNotZero();
      assertThat(busybox(guest, "touch", "/mnt/above/new").code()).isNotZero();
      assertThat(busybox(guest, "ln", "/mnt/above/secret", "/mnt/hard").code()).isNotZero();
      assertOutput(busybox(guest, "rm", "/mnt/mine"), "");
    }
    assertThat(secret).hasContent(SECRET);
    assertThat(base.resolve("new")).doesNotExist();
  }

  @Test
  void aDirectoryThatTheHostReplacesByALinkIsLost() throws Exception {
    try (Guest guest = withMount(true)) {
      assertOutput(busybox(guest, "cat", "/mnt/inner/leaf"), "leaf\n");
      Files.move(shared.resolve("inner"), base.resolve("moved"));
      Files.writeString(base.resolve("leaf"), SECRET);
      Files.createSymbolicLink(shared.resolve("inner"), Path.of(".."));
      assertFails(busybox(guest, "cat", "/mnt/inner/leaf"), ABSENT);
      assertFails(busyboxIn(guest, "/mnt/inner", "cat", "secret"), ABSENT);
    }
  }

  @Test
  void changesUnderARootStayInTheGuest() throws Exception {
    SortedMap<String, String> before = TestFiles.describe(base);
    try (Guest guest = Guest.over(base)) {
      guest.show(TestPrograms.busybox());
      assertOutput(busybox(guest, "sh", "-c", "echo more >> /shared/file; echo new > /new"), "");
      assertOutput(busybox(guest, "cat", "/shared/file", "/new"), "shared\nmore\nnew\n");
      assertOutput(busybox(guest, "sed", "-i", "s/secret/public/", "/secret"), "");
      assertOutput(busybox(guest, "cat", "/secret"), "public of the host\n");
      assertOutput(busybox(guest, "chmod", "000", "/secret", "/shared"), "");
      assertOutput(busybox(guest, "chown", "7:7", "/secret"), "");
      assertOutput(busybox(guest, "touch", "-d", "2001-01-01 00:00:00", "/secret", "/shared"), "");
      assertOutput(busybox(guest, "stat", "-c", "%a %u %g %Y", "/secret"), "0 7 7 978307200\n");
      assertOutput(busybox(guest, "ln", "/shared/inner/leaf", "/hard"), "");
      assertOutput(busybox(guest, "mv", "/shared/inner", "/moved"), "");
      assertOutput(busybox(guest, "truncate", "-s", "0", "/moved/leaf"), "");
      assertOutput(busybox(guest, "stat", "-c", "%s", "/hard"), "0\n");
      assertOutput(busybox(guest, "rm", "-r", "/shared"), "");
      assertOutput(busybox(guest, "mknod", "/device", "c", "1", "3"), "");
      assertFails(busybox(guest, "ls", "/shared"), ABSENT);
    }
    assertThat(TestFiles.describe(base)).isEqualTo(before);
  }

  @Test
  void aRootIsTheTopOfTheTree() throws Exception {
    Files.createSymbolicLink(shared.resolve("out"), Path.of("../".repeat(10) + secret));
    try (Guest guest = Guest.over(shared)) {
      guest.show(TestPrograms.busybox());
      assertFails(busybox(guest, "cat", "/out"), ABSENT);
      assertFails(busybox(guest, "cat", "/../secret"), ABSENT);
      assertFails(busybox(guest, "cat", "/proc/self/root/../secret"), ABSENT);
      assertFails(busybox(guest, "cat", "/proc/1/cwd/../../secret"), ABSENT);
    }
  }

  @Test
  void aReadOnlyMountIsNotChanged() throws Exception {
    SortedMap<String, String> before = TestFiles.describe(shared);
    try (Guest guest = withMount(false)) {
      assertOutput(busybox(guest, "cat", "/mnt/file", "/mnt/inner/leaf"), "shared\nleaf\n");
      List<String[]> changes =
          List.of(
              words("touch", "/mnt/new"),
              words("touch", "-d", "2001-01-01 00:00:00", "/mnt/file"),
              words("rm", "-f", "/mnt/file"),
              words("mkdir", "/mnt/new"),
              words("rmdir", "/mnt/inner"),
              words("chmod", "777", "/mnt/file"),
              words("chown", "1:1", "/mnt/file"),
              words("ln", "/mnt/file", "/mnt/hard"),
              words("ln", "-s", "file", "/mnt/soft"),
              words("truncate", "-s", "0", "/mnt/file"),
              words("dd", "if=/dev/zero", "of=/mnt/file", "count=1"),
              words("mknod", "/mnt/node", "p"),
              words("sh", "-c", "mv() { :; }; echo x > /mnt/file"));
      for (String[] change : changes) {
        assertThat(busybox(guest, change).errors()).as(change[0]).contains(READ_ONLY);
      }
      assertThat(busybox(guest, "mv", "/mnt/file", "/mnt/moved").errors()).contains(READ_ONLY);
    }
    assertThat(TestFiles.describe(shared)).isEqualTo(before);
  }

  private static String[] words(String... words) {
    return words;
  }

  @Test
  void magicLinksStayInside() throws Exception {
    try (Guest guest = withMount(true)) {
      assertOutput(busybox(guest, "readlink", "/proc/self/exe"), BUSYBOX + "\n");
      assertOutput(busybox(guest, "cmp", "/proc/self/exe", BUSYBOX), "");
      assertOutput(busybox(guest, "readlink", "/proc/self/root"), "/\n");
      assertOutput(busybox(guest, "ls", "/proc/self/root/mnt"), "file\ninner\n");
      assertOutput(busyboxIn(guest, "/mnt/inner", "readlink", "/proc/self/cwd"), "/mnt/inner\n");
      assertOutput(busyboxIn(guest, "/mnt/inner", "ls", "/proc/self/cwd/"), "leaf\n");
      assertFails(busyboxIn(guest, "/mnt/inner", "cat", "/proc/self/cwd/../../secret"), ABSENT);
      assertFails(busyboxIn(guest, "/mnt", "cat", "../secret"), ABSENT);
      assertOutput(busybox(guest, "ls", "/proc/self/fd"), "0\n1\n2\n3\n");
      for (String fd : List.of("0", "1", "2")) {
        assertThat(busybox(guest, "readlink", "/proc/self/fd/" + fd).output())
            .matches("pipe:\\[\\d+]\n");
        assertThat(busybox(guest, "ls", "/proc/self/fd/" + fd + "/..").code()).isNotZero();
      }
      assertOutput(
          busybox(guest, "sh", "-c", "exec 7< /mnt/file; read x < /proc/self/fd/7; echo $x"),
          "shared\n");
      assertOutput(
          busybox(guest, "sh", "-c", "exec 7< /mnt/file; read x < /dev/fd/7; echo $x"), "shared\n");
      assertFails(busybox(guest, "cat", "/dev/fd/9"), ABSENT);
    }
  }
}
