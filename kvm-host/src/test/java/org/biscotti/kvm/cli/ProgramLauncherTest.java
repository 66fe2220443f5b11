package org.biscotti.kvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.Stat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgramLauncherTest {
  private final FakeMachine machine = new FakeMachine();
  @TempDir private Path host;

  private GuestProgram launch(boolean hostRoot, String directory, String... words) {
    GuestEnvironment environment = new GuestEnvironment(List.of("PATH=/bin:/usr/bin:"), _ -> null);
    return new ProgramLauncher(machine, hostRoot, List.of(host.toString()))
        .launch(
            new ProgramLauncher.Command(
                List.of(words), environment, directory, Arrays.asList(null, null, null)));
  }

  private String startedPath(boolean hostRoot, String directory, String... words) {
    var _ = launch(hostRoot, directory, words);
    return machine.started.getLast().path();
  }

  private Path hostFile(String name, boolean executable) throws IOException {
    Path file = Files.writeString(host.resolve(name), "contents");
    assertThat(file.toFile().setExecutable(executable)).isTrue();
    return file;
  }

  private void assertFails(int code, String message, boolean hostRoot, String program) {
    assertThatThrownBy(() -> launch(hostRoot, "/", program))
        .isInstanceOfSatisfying(
            CommandException.class, e -> assertThat(e.exitCode()).isEqualTo(code))
        .hasMessage(message);
  }

  @Test
  void prefersWhatTheGuestHas() throws IOException {
    Path file = hostFile("tool", true);
    machine.files.put(file.toString(), FakeMachine.PROGRAM);
    assertThat(startedPath(false, "/", file.toString())).isEqualTo(file.toString());
    assertThat(machine.log).isEmpty();
  }

  @Test
  void resolvesAgainstTheWorkingDirectory() {
    machine.files.put("/home/user", Stat.S_IFDIR | 0755);
    machine.files.put("/home/user/./tool", FakeMachine.PROGRAM);
    assertThat(startedPath(false, "/home/user", "./tool", "x")).isEqualTo("/home/user/./tool");
    assertThat(machine.started.getFirst().arguments()).containsExactly("./tool", "x");
  }

  @Test
  void exposesOneFileOfTheHost() throws IOException {
    Path file = hostFile("tool", true);
    String path = file.toString();
    assertThat(startedPath(false, "/", path)).isEqualTo(path);
    assertThat(startedPath(true, "/", path)).isEqualTo(path);
    assertThat(machine.log).containsExactly("expose " + path + " " + path);
  }

  @Test
  void searchesTheGuestsPathInOrder() {
    machine.files.put("/bin/tool", Stat.S_IFREG | 0644);
    machine.files.put("/usr/bin/tool", FakeMachine.PROGRAM);
    assertThat(startedPath(false, "/", "tool")).isEqualTo("/usr/bin/tool");
    machine.files.put("/bin/tool", FakeMachine.PROGRAM);
    assertThat(startedPath(false, "/", "tool")).isEqualTo("/bin/tool");
    machine.files.put("/other", FakeMachine.PROGRAM);
    assertThat(startedPath(false, "/", "other")).isEqualTo("/other");
  }

  @Test
  void searchesTheHostsPathOnlyWithoutARoot() throws IOException {
    Path file = hostFile("tool", true);
    assertFails(
        127,
        "tool: not found in the guest's PATH: give its path, or set PATH with --env PATH=...",
        true,
        "tool");
    assertThat(startedPath(false, "/", "tool")).isEqualTo(file.toString());
  }

  @Test
  void saysWhatIsNotThere() throws IOException {
    assertFails(127, "/no/such: no such file in the guest or on the host", false, "/no/such");
    assertFails(
        127,
        "such: not found in the guest's PATH or the host's: give the program's path",
        false,
        "such");
    assertFails(
        127, "'': not found in the guest's PATH or the host's: give the program's path", false, "");
    var _ = hostFile("data", false);
    assertFails(
        127,
        "data: not found in the guest's PATH or the host's: give the program's path",
        false,
        "data");
  }

  @Test
  void saysWhatCannotBeExecuted() throws IOException {
    Path data = hostFile("data", false);
    assertFails(
        126, data + ": no permission to execute it: chmod +x sets it", false, data.toString());
    assertFails(126, host + ": it is a directory: name a program in it", false, host.toString());
    assertFails(126, "/dev/null: it is no regular file", false, "/dev/null");
    machine.files.put("/bin/tool", Stat.S_IFREG | 0644);
    assertFails(126, "tool: no permission to execute it: chmod +x sets it", false, "tool");
    machine.files.put("/d", Stat.S_IFDIR | 0755);
    assertFails(126, "/d: it is a directory: name a program in it", false, "/d");
    machine.files.put("/f", Stat.S_IFIFO | 0755);
    assertFails(126, "/f: it is no regular file", false, "/f");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2|127|its interpreter is not in the guest: give it the host's with --root /",
        "8|126|it is no program for x86-64 Linux, or a damaged one",
        "13|126|no permission to execute it or its interpreter",
        "40|126|its interpreters or links lead in a circle",
        "12|126|it does not fit into guest memory: give more with --memory",
        "7|126|its arguments and environment are too long",
        "80|126|its interpreter is no program",
        "5|126|cannot be started: EIO",
      })
  void translatesErrors(int errno, int code, String why) {
    machine.files.put("/p", FakeMachine.PROGRAM);
    machine.failWith(errno);
    assertFails(code, "/p: " + why, false, "/p");
  }

  @Test
  void knowsWhereAnInterpreterShouldBe() {
    machine.files.put("/p", FakeMachine.PROGRAM);
    machine.failWith(Errno.ENOENT);
    assertFails(
        127,
        "/p: its interpreter is not in the guest: the --root must have the one it names",
        true,
        "/p");
  }

  @Test
  void checksTheWorkingDirectory() {
    machine.files.put("/f", Stat.S_IFREG | 0644);
    assertThatThrownBy(() -> launch(false, "/no", "/p"))
        .hasMessage("--cwd /no: no such directory in the guest: name one with --root or --mount");
    assertThatThrownBy(() -> launch(false, "/f", "/p"))
        .hasMessage("--cwd /f: that is no directory in the guest: name one with --root or --mount");
  }
}
