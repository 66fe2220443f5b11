package org.biscotti.kvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.biscotti.kernel.event.Events;
import org.biscotti.kvm.Processor;
import org.biscotti.kvm.RequiresKvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The whole command line, in a JVM of its own as a user starts it: exit codes, standard streams,
 * signals. The program is Debian's static busybox.
 */
@RequiresKvm
class CommandLineIT {
  private static final long LIMIT_SECONDS = Processor.limitSeconds(60);

  /** Options that the whole run of tests may be made with, each by a property biscotti.OPTION. */
  private static final List<String> MACHINE_OPTIONS = List.of("syscalls", "exitless", "patching");

  private static final String BUSYBOX = "/bin/busybox";

  @TempDir private Path directory;

  /** What came of a run. */
  private record Result(int code, String out, String err) {}

  /** The words that start the command line in a JVM of its own. */
  static List<String> command(String... words) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "-Xshare:auto",
                "-Xlog:disable",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
    command.add(words[0]);
    for (String option : MACHINE_OPTIONS) {
      String value = System.getProperty("biscotti." + option);
      String prefix = "--" + option + "=";
      if (value != null && Stream.of(words).noneMatch(word -> word.startsWith(prefix))) {
        command.add(prefix + value.toLowerCase(Locale.ROOT));
      }
    }
    command.addAll(List.of(words).subList(1, words.length));
    return command;
  }

  private ProcessBuilder builder(String... words) {
    ProcessBuilder builder = new ProcessBuilder(command(words));
    builder.environment().remove("TERM");
    builder.redirectOutput(directory.resolve("out").toFile());
    builder.redirectError(directory.resolve("err").toFile());
    builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    return builder;
  }

  private Result finish(Process process) throws IOException, InterruptedException {
    if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("does not end: " + text("out") + text("err"));
    }
    return new Result(process.exitValue(), text("out"), text("err"));
  }

  private String text(String name) throws IOException {
    Path file = directory.resolve(name);
    return Files.exists(file) ? Files.readString(file, StandardCharsets.UTF_8) : "";
  }

  private Result run(String... words) throws IOException, InterruptedException {
    return finish(builder(words).start());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "exit 0|0|''",
        "exit 42|42|''",
        "kill -11 $$|139|Segmentation fault",
        "kill -9 $$|137|Killed",
        "kill -6 $$|134|Aborted",
        "kill -13 $$|141|''",
      },
      quoteCharacter = '\'')
  void exitsAsTheProgramDoes(String script, int code, String line) throws Exception {
    Result result = run("exec", "--", BUSYBOX, "sh", "-c", script);
    assertThat(result.code()).isEqualTo(code);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).isEqualTo(line.isEmpty() ? "" : line + "\n");
  }

  @Test
  void says126And127() throws Exception {
    assertThat(run("exec", "/no/such"))
        .isEqualTo(
            new Result(127, "", "biscotti: /no/such: no such file in the guest or on the host\n"));
    Path text = Files.writeString(directory.resolve("text"), "no program\n");
    assertThat(text.toFile().setExecutable(true)).isTrue();
    assertThat(run("exec", text.toString()))
        .isEqualTo(
            new Result(
                126,
                "",
                "biscotti: " + text + ": it is no program for x86-64 Linux, or a damaged one\n"));
  }

  @Test
  void saysThatAnInterpreterIsMissing() throws Exception {
    Path script = Files.writeString(directory.resolve("script"), "#!/no/such/shell\n");
    assertThat(script.toFile().setExecutable(true)).isTrue();
    assertThat(run("exec", script.toString()))
        .isEqualTo(
            new Result(
                127,
                "",
                "biscotti: %s: its interpreter is not in the guest: give it the host's with --root /\n"
                    .formatted(script)));
  }

  @Test
  void readsAFile() throws Exception {
    Path input = Files.writeString(directory.resolve("in"), "one\ntwo\n");
    ProcessBuilder builder = builder("exec", "--", BUSYBOX, "cat");
    builder.redirectInput(input.toFile());
    assertThat(finish(builder.start())).isEqualTo(new Result(0, "one\ntwo\n", ""));
  }

  @Test
  void readsAPipe() throws Exception {
    ProcessBuilder builder = builder("exec", "--", BUSYBOX, "tac");
    builder.redirectInput(ProcessBuilder.Redirect.PIPE);
    Process process = builder.start();
    try (var pipe = process.getOutputStream()) {
      pipe.write("one\ntwo\n".getBytes(StandardCharsets.UTF_8));
    }
    assertThat(finish(process)).isEqualTo(new Result(0, "two\none\n", ""));
  }

  @Test
  void endsWhenNobodyReadsOn() throws Exception {
    ProcessBuilder builder = builder("exec", "--", BUSYBOX, "yes");
    builder.redirectOutput(ProcessBuilder.Redirect.PIPE);
    Process process = builder.start();
    try (InputStream pipe = process.getInputStream()) {
      assertThat(pipe.readNBytes(4)).isEqualTo("y\ny\n".getBytes(StandardCharsets.UTF_8));
    }
    assertThat(finish(process)).isEqualTo(new Result(141, "", ""));
  }

  @ParameterizedTest
  @CsvSource({"INT, 130", "TERM, 143", "HUP, 129"})
  void endsTheProgramWhenItIsEnded(String signal, int code) throws Exception {
    Path recording = directory.resolve("a.jfr");
    String script = "echo up; while :; do :; done";
    ProcessBuilder builder =
        builder("exec", "--stats", "--jfr=" + recording, "--", BUSYBOX, "sh", "-c", script);
    // In the background of a script SIGINT is ignored, and the JVM would go on ignoring it.
    builder.command().addAll(0, List.of("env", "--default-signal=INT"));
    builder.redirectOutput(ProcessBuilder.Redirect.PIPE);
    Process process = builder.start();
    try (InputStream pipe = process.getInputStream()) {
      assertThat(pipe.readNBytes(3)).isEqualTo("up\n".getBytes(StandardCharsets.UTF_8));
      Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start();
      assertThat(kill.waitFor()).isZero();
      assertThat(pipe.readAllBytes()).isEmpty();
    }
    Result result = finish(process);
    assertThat(result.code()).isEqualTo(code);
    assertThat(result.err()).contains("exits:").doesNotContain("Killed", "biscotti:");
    assertThat(named(RecordingFile.readAllEvents(recording), "SystemCall"))
        .extracting(e -> e.getString("name"))
        .contains("write");
  }

  @Test
  void tracesAndCounts() throws Exception {
    Path trace = directory.resolve("trace");
    Result result =
        run("exec", "--stats", "--strace=" + trace, "--cpus", "1", "--", BUSYBOX, "echo", "hi");
    assertThat(result.code()).isZero();
    assertThat(result.out()).isEqualTo("hi\n");
    assertThat(result.err())
        .contains("to the program's first instruction", "exits:", "memory:", "write", "total");
    assertThat(Files.readString(trace))
        .startsWith("execve(\"/bin/busybox\", [\"/bin/busybox\", \"echo\", \"hi\"], 0x7f7f")
        .contains(" /* 2 vars */) = 0\n", "write(1, \"hi\\n\", 3)")
        .endsWith("+++ exited with 0 +++\n");
  }

  @Test
  void servesWhatIsMounted() throws Exception {
    Path shared = Files.createDirectory(directory.resolve("shared"));
    Files.writeString(shared.resolve("file"), "contents\n");
    String mount = shared + ":/mnt/a";
    assertThat(run("exec", "--mount", mount, "--cwd", "/mnt/a", "--", BUSYBOX, "cat", "file"))
        .isEqualTo(new Result(0, "contents\n", ""));
    assertThat(run("exec", "--mount", mount, "--", BUSYBOX, "touch", "/mnt/a/new").code())
        .isEqualTo(1);
    assertThat(run("exec", "--mount", mount + ":rw", "--", BUSYBOX, "touch", "/mnt/a/new"))
        .isEqualTo(new Result(0, "", ""));
    assertThat(shared.resolve("new")).isEmptyFile();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--root /no/such|--root /no/such: not on the host: check the path",
        "--root /etc/passwd|--root /etc/passwd: not a directory: name one",
        "--mount /no/such:/m|--mount /no/such: not on the host: check the path",
        "--mount /etc:/proc/x|"
            + "--mount /etc:/proc/x: no directory can be made there: choose another path",
        "--root /proc|--root /proc: on a file system of a type that is not served: "
            + "only directories and files of file systems that store files can be served",
        "--cwd /no|--cwd /no: no such directory in the guest: name one with --root or --mount",
      })
  void saysWhatIsWrong(String options, String message) throws Exception {
    List<String> words = new ArrayList<>(List.of("exec"));
    words.addAll(List.of(options.split(" ")));
    words.addAll(List.of(BUSYBOX, "true"));
    assertThat(run(words.toArray(String[]::new)))
        .isEqualTo(new Result(125, "", "biscotti: " + message + "\n"));
  }

  /** Each kind of event is in a recording, with fields that make sense. */
  @Test
  void recordsWhatTheKernelDoes() throws IOException, InterruptedException {
    Path file = directory.resolve("a.jfr");
    String script =
        "i=0; while [ $i -lt 300 ]; do [ -e /nothing ]; i=$((i+1)); done; busybox true; sleep 0.2";
    String[] command = {
      "exec",
      "--exitless=on",
      "--syscalls=adaptive",
      "--cpus=2",
      "--jfr",
      file.toString(),
      "--",
      BUSYBOX,
      "sh",
      "-c",
      script.replace("busybox", BUSYBOX)
    };
    assertThat(run(command).code()).isZero();
    List<RecordedEvent> events = RecordingFile.readAllEvents(file);
    assertThat(named(events, "Exit")).anyMatch(e -> e.getString("reason").equals("PageFault"));
    assertThat(named(events, "Exit")).allMatch(e -> e.getInt("vcpu") >= 0 && e.getInt("vcpu") < 2);
    assertThat(named(events, "SystemCall"))
        .anyMatch(e -> e.getBoolean("ring"))
        .anyMatch(e -> !e.getBoolean("ring"))
        .anyMatch(
            e -> String.valueOf(e.getString("name")).equals("execve") && e.getLong("result") == 0)
        .allMatch(e -> e.getInt("processId") > 0 && e.getInt("threadId") > 0);
    assertThat(named(events, "PageFault"))
        .anyMatch(e -> e.getString("outcome").equals("HANDLED") && e.getLong("address") > 0);
    assertThat(named(events, "Fork"))
        .anyMatch(e -> e.getInt("childId") > e.getInt("parentId") && e.getLong("pages") > 0);
    assertThat(named(events, "ContextSwitch")).anyMatch(e -> e.getBoolean("otherSpace"));
    assertThat(named(events, "HandOver"))
        .extracting(e -> e.getString("kind"))
        .contains("serving-begins", "serving-ends", "server-woken", "call-to-thread", "call-moved");
    assertThat(named(events, "SystemCall"))
        .filteredOn(e -> String.valueOf(e.getString("name")).equals("clock_nanosleep"))
        .singleElement()
        .matches(e -> e.getDuration().toMillis() >= 100);
    assertThat(named(events, "Park"))
        .anyMatch(e -> e.getString("who").equals("vcpu"))
        .anyMatch(e -> e.getString("who").equals("call") && e.getDuration().toMillis() >= 100);
  }

  /** Their classes are not in the AOT cache, so that a start would be slower with them. */
  @Test
  void loadsNoEventsUnlessTheyAreRecorded() throws IOException, InterruptedException {
    Path log = directory.resolve("classes");
    ProcessBuilder builder = builder("exec", "--", BUSYBOX, "true");
    int options = builder.command().indexOf("-Xlog:disable") + 1;
    builder.command().add(options, "-Xlog:class+load:file=" + log);
    assertThat(finish(builder.start()).code()).isZero();
    assertThat(Files.readAllLines(log))
        .anyMatch(line -> line.contains(Events.class.getName()))
        .noneMatch(line -> line.contains("org.biscotti.kernel.event.ExitEvent"))
        .noneMatch(line -> line.contains("jdk.jfr.Event "));
  }

  private static List<RecordedEvent> named(List<RecordedEvent> events, String name) {
    return events.stream()
        .filter(e -> e.getEventType().getName().equals("biscotti." + name))
        .toList();
  }

  /** Whether that is known before the program runs, or comes out when the file is written. */
  @ParameterizedTest
  @ValueSource(strings = {"/nowhere/a.jfr", "/dev", "/dev/full"})
  void saysThatARecordingCannotBeWritten(String file) throws IOException, InterruptedException {
    assertThat(run("exec", "--jfr", file, "--", BUSYBOX, "true"))
        .isEqualTo(
            new Result(
                125,
                "",
                "biscotti: --jfr %s: cannot be written: choose another file\n".formatted(file)));
  }
}
