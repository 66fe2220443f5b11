package org.biscotti.kvm.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * scripts/run.sh itself, in a copy of the tree with nothing to build and a JDK that prints what it
 * is started with. No JDK of the host is new enough for the copy.
 */
class RunScriptTest {
  private static final Path HOME = Path.of(System.getProperty("biscotti.home", ".."));
  private static final String MAIN = "org.biscotti.kvm/org.biscotti.kvm.cli.Main";
  private static final int NEWEST = 9000;
  private static final String NO_KVM =
      "no /dev/kvm: enable virtualization in the firmware and load kvm_intel or kvm_amd;"
          + " in a container, pass the device in";

  @TempDir private Path tree;

  /** What came of a start: the words that the JVM got, or why there was none. */
  private record Start(int code, List<String> words, String errors) {
    /** Words before the main class. */
    List<String> options() {
      return words.subList(0, words.indexOf("--module"));
    }

    /** Words after the main class. */
    List<String> arguments() {
      assertThat(words).contains(MAIN);
      return words.subList(words.indexOf(MAIN) + 1, words.size());
    }
  }

  @BeforeEach
  void makeTree() throws IOException {
    for (String module : List.of("guest-kernel", "devices", "kvm-host")) {
      Files.createDirectories(tree.resolve(module).resolve("src/main"));
      Files.createFile(tree.resolve(module).resolve("pom.xml"));
    }
    Files.createFile(tree.resolve("pom.xml"));
    Path scripts = Files.createDirectory(tree.resolve("scripts"));
    Files.copy(HOME.resolve("scripts/run.sh"), scripts.resolve("run.sh"));
    String environment = Files.readString(HOME.resolve("scripts/env.sh"));
    assertThat(environment).contains("readonly JDK_MIN=25\n");
    Files.writeString(
        scripts.resolve("env.sh"),
        environment.replace("readonly JDK_MIN=25\n", "readonly JDK_MIN=" + NEWEST + "\n"));
    program(scripts.resolve("run.sh"), Files.readString(scripts.resolve("run.sh")));
    program(scripts.resolve("aot.sh"), "#!/bin/sh\n");
    program(scripts.resolve("build.sh"), "#!/bin/sh\necho builds >&2\n");
    program(
        scripts.resolve("figures.sh"), "#!/bin/sh\nprintf 'figures\\n'; printf '%s\\n' \"$@\"\n");
    makeJdk(tree.resolve("jdk"), NEWEST + ".0.1");
    Path distribution = Files.createDirectories(tree.resolve("kvm-host/target/dist"));
    Files.createFile(distribution.resolve("stamp"));
  }

  private static void program(Path file, String text) throws IOException {
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static void makeJdk(Path home, String version) throws IOException {
    Files.createDirectories(home.resolve("bin"));
    program(home.resolve("bin/java"), "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
    program(home.resolve("bin/javac"), "#!/bin/sh\n");
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
  }

  private Start start(Path jdk, String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(tree.resolve("scripts/run.sh").toString()));
    command.addAll(List.of(words));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("JAVA_HOME", jdk.toString());
    builder.environment().put("PATH", jdk.resolve("bin") + ":" + System.getenv("PATH"));
    builder.environment().remove("BISCOTTI_JAVA_OPTS");
    Path errors = tree.resolve("errors");
    Process process = builder.redirectError(errors.toFile()).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Start(process.exitValue(), output.lines().toList(), Files.readString(errors));
  }

  private Start start(String... words) throws IOException, InterruptedException {
    Start start = start(tree.resolve("jdk"), words);
    assertThat(start.errors()).isEmpty();
    assertThat(start.code()).isZero();
    return start;
  }

  @ParameterizedTest
  @CsvSource({
    "exec /p, G1",
    "exec --gc zgc /p, Z",
    "exec --gc=zgc -- /p, Z",
    "exec --cpus 2 --stats --gc serial /p, Serial",
    "exec --mount /a:/b --env A=b --env C --gc parallel -- /p, Parallel",
    "exec --gc shenandoah -- /p --gc zgc, Shenandoah",
    "exec /p --gc zgc, G1",
    "exec -- /p --gc zgc, G1",
    "exec -- --gc zgc, G1",
    "exec --strace /p --gc=zgc, G1",
    "exec --strace=FILE --gc=zgc /p, Z",
    "exec --root --gc zgc --gc=serial, G1",
    "exec --gc nosuch /p, G1",
    "sh --gc=serial -- -c true, Serial",
    "sh -- --gc=serial, G1",
    "smallfile --files 3 --gc zgc --json FILE, Z",
    "smallfile --json --gc zgc, G1",
  })
  void takesTheCollectorFromTheOptionsOnly(String words, String collector) throws Exception {
    Start start = start(words.split(" ", -1));
    assertThat(start.options().getFirst()).isEqualTo("-XX:+Use" + collector + "GC");
    assertThat(start.arguments()).containsExactly(words.split(" ", -1));
  }

  @Test
  void takesTheHeapFromTheOptionsOnly() throws Exception {
    assertThat(start("exec", "--kernel-heap=256M", "/p").options()).contains("-Xmx268435456");
    assertThat(start("exec", "--kernel-heap", "1GiB", "/p").options()).contains("-Xmx1073741824");
    for (String refused : List.of("1M", "2T", "-5", "much", "")) {
      assertThat(start("exec", "--kernel-heap=" + refused, "/p").options())
          .noneMatch(option -> option.startsWith("-Xmx"));
    }
    assertThat(start("exec", "/p", "--kernel-heap", "1G").options())
        .noneMatch(option -> option.startsWith("-Xmx"));
  }

  @Test
  void givesTheJvmItsOptions() throws Exception {
    assertThat(start("exec", "--jvm=-Xlog:gc -Da=b", "/p").options()).endsWith("-Xlog:gc", "-Da=b");
    assertThat(start("sh", "--jvm", "-Da=b").options()).endsWith("-Da=b");
    assertThat(start("exec", "/p", "--jvm=-Da=b").options()).doesNotContain("-Da=b");
  }

  @Test
  void passesWordsOnAsTheyAre() throws Exception {
    assertThat(start("exec", "--", "/p", "", "a b", "*", "$HOME", "--").arguments())
        .containsExactly("exec", "--", "/p", "", "a b", "*", "$HOME", "--");
    assertThat(start().arguments()).isEmpty();
  }

  @Test
  void startsFiguresByItsOwnScript() throws Exception {
    assertThat(start("figures", "--quick", "fork").words())
        .containsExactly("figures", "--quick", "fork");
  }

  @Test
  void saysThatTheJdkIsTooOld() throws Exception {
    Path old = tree.resolve("old");
    makeJdk(old, "17.0.15");
    Start start = start(old, "exec", "/p");
    assertThat(start.code()).isEqualTo(125);
    assertThat(start.words()).isEmpty();
    assertThat(start.errors())
        .isEqualTo(
            "biscotti: no JDK %1$d or newer: install one (for example temurin-%1$d-jdk or"
                    .formatted(NEWEST)
                + " openjdk-%d-jdk) or point JAVA_HOME at it\n".formatted(NEWEST));
  }

  @Test
  void takesAnotherJdkThanAnOldOne() throws Exception {
    Path old = tree.resolve("old");
    makeJdk(old, "1.8.0_402");
    List<String> command =
        List.of(
            "env",
            "JAVA_HOME=" + old,
            "PATH=" + tree.resolve("jdk/bin") + ":" + System.getenv("PATH"),
            tree.resolve("scripts/run.sh").toString(),
            "exec",
            "/p");
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    assertThat(new String(process.getInputStream().readAllBytes(), UTF_8)).contains(MAIN);
    assertThat(process.waitFor()).isZero();
  }

  /** The script has to know which options have a value that may be the next word. */
  @Test
  void knowsTheOptionsThatHaveAValue() throws IOException {
    Set<String> wanted = new TreeSet<>();
    for (Subcommand command :
        List.of(
            new ExecCommand(_ -> new FakeMachine()),
            new ShCommand(_ -> new FakeMachine()),
            new SmallfileCommand(_ -> new FakeMachine(), HOME))) {
      wanted.addAll(optionsWithValue(command.spec()));
    }
    Set<String> known = new TreeSet<>();
    Pattern cases = Pattern.compile("(?m)^    (--[^=*)\\n]*)\\) \\(\\(i\\+\\+\\)\\)");
    Matcher matcher = cases.matcher(Files.readString(HOME.resolve("scripts/run.sh")));
    while (matcher.find()) {
      known.addAll(List.of(matcher.group(1).split(" \\| ", -1)));
    }
    assertThat(known).isEqualTo(wanted);
  }

  private static Set<String> optionsWithValue(CommandSpec spec) {
    Set<String> names = new TreeSet<>();
    for (OptionSpec option : spec.options()) {
      if (option.arity().min() > 0) {
        names.add(option.longestName());
      }
    }
    return names;
  }

  /** The real machine, where there is none. */
  @Test
  void saysThatThereIsNoKvm() {
    assumeFalse(Files.exists(Path.of("/dev/kvm")), "there is a /dev/kvm");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console =
        new Console(new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8), false);
    Main main = new Main(console, KvmGuestMachine::boot, HOME);
    assertThat(main.run(List.of("exec", "--", "/bin/true"))).isEqualTo(125);
    assertThat(out.toString(UTF_8)).isEmpty();
    assertThat(err.toString(UTF_8).lines()).singleElement(STRING).isEqualTo("biscotti: " + NO_KVM);
  }
}
