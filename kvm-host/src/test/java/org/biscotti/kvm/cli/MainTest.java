package org.biscotti.kvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.InodePolicies;
import org.biscotti.kernel.mem.ForkPolicies;
import org.biscotti.kernel.parallel.Parallelism;
import org.biscotti.kernel.serve.Exitless;
import org.biscotti.kernel.serve.Patching;
import org.biscotti.kernel.serve.Policies;
import org.biscotti.kvm.KvmException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** From words to exit codes and lines on the two streams, with a machine that is not there. */
class MainTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final FakeMachine machine = new FakeMachine();
  private GuestMachine.Factory factory = _ -> machine;
  private boolean debug;
  private GuestMachine.Setup setup;
  @TempDir private Path directory;

  private int run(String... words) {
    Console console =
        new Console(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            debug);
    GuestMachine.Factory remembering =
        asked -> {
          setup = asked;
          return factory.boot(asked);
        };
    return new Main(console, remembering, directory).run(List.of(words));
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "|no command given: see ./scripts/run.sh --help",
        "run|there is no command run; see ./scripts/run.sh --help",
        "--frob|there is no option --frob; see ./scripts/run.sh --help",
        "exec|no program given: ./scripts/run.sh exec [OPTION...] -- PROGRAM [ARG...]",
        "exec --|no program given: ./scripts/run.sh exec [OPTION...] -- PROGRAM [ARG...]",
        "exec --frob /p|there is no option --frob; see ./scripts/run.sh exec --help",
        "exec -x /p|there is no option -x; see ./scripts/run.sh exec --help",
        "exec --cpus|--cpus needs a value: --cpus N; see ./scripts/run.sh exec --help",
        "exec --root --stats /p|--root needs a value: --root DIR; see ./scripts/run.sh exec --help",
        "exec --cpus 1 --cpus 2 /p"
            + "|--cpus can be given only once; see ./scripts/run.sh exec --help",
        "exec --stats=3 /p|--stats takes no value; see ./scripts/run.sh exec --help",
        "exec --cpus 0 /p|--cpus 0: give a whole number from 1 to 64",
        "exec --cpus 65 /p|--cpus 65: give a whole number from 1 to 64",
        "exec --cpus two /p|--cpus two: give a whole number from 1 to 64",
        "exec --cpus= /p|--cpus '': give a whole number from 1 to 64",
        "exec --memory 3 /p|--memory: 3 is too little: at least 16 MiB",
        "exec --memory lots /p|--memory: 'lots' is not a size: write 512M, 1G or 16GiB",
        "exec --kernel-heap 1M /p|--kernel-heap: 1M is too little: at least 64 MiB",
        "exec --kernel-heap 2T /p|--kernel-heap: 2T is too much: at most 1 TiB",
        "exec --kernel-heap much /p|--kernel-heap: 'much' is not a size: write 512M, 1G or 16GiB",
        "exec --gc cms /p|--gc cms: there is no such collector: "
            + "choose one of g1, zgc, shenandoah, parallel, serial",
        "exec --mount /a /p|--mount /a: write HOST:GUEST or HOST:GUEST:rw",
        "exec --env =x /p|--env '=x' has no name: write NAME=VALUE or NAME",
        "exec --root= /p|--root '': name a directory, or leave the option out",
        "exec --cwd tmp /p|--cwd tmp: give a path in the guest that starts with /",
        "exec --cwd= /p|--cwd '': give a path in the guest that starts with /",
        "smallfile --files 0|--files 0: give a whole number from 1 to 1000000",
        "smallfile --dirs x|--dirs x: give a whole number from 1 to 1000000",
        "smallfile --size 9999999|--size 9999999: give a whole number from 1 to 1048576",
        "smallfile --repeat -1|--repeat -1: give a whole number from 1 to 10000",
        "smallfile --json=|--json '': cannot be written: "
            + "name a file in a directory that is there and writable",
        "smallfile --json /no/such/f|--json /no/such/f: cannot be written: "
            + "name a file in a directory that is there and writable",
        "smallfile now|now is one word too many; see ./scripts/run.sh smallfile --help",
        "completion zsh|zsh is one word too many; see ./scripts/run.sh completion --help",
      })
  void saysWhatIsWrongInOneLine(String line, String message) {
    String[] words = line == null ? new String[0] : line.split(" ");
    assertThat(run(words)).isEqualTo(125);
    assertThat(err()).isEqualTo("biscotti: " + message + "\n");
    assertThat(out()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"--help", "-h", "exec --help", "exec -h", "smallfile --help", "completion --help"})
  void explainsItself(String line) {
    assertThat(run(line.split(" "))).isZero();
    assertThat(out()).startsWith("Usage: ").contains("./scripts/run.sh");
    assertThat(out().lines()).allMatch(text -> text.length() <= Main.HELP_WIDTH);
    assertThat(err()).isEmpty();
  }

  @Test
  void namesItsVersion() {
    assertThat(run("--version")).isZero();
    assertThat(out()).startsWith("biscotti ").contains(System.getProperty("java.vm.version"));
  }

  @Test
  void printsACompletionScriptThatBashAccepts() throws Exception {
    assertThat(run("completion")).isZero();
    assertThat(out()).contains("--strace", "smallfile", "shenandoah", "run.sh", "figures", "bmgc");
    Path script = Files.writeString(directory.resolve("completion"), out());
    Process bash = new ProcessBuilder("bash", "-n", script.toString()).inheritIO().start();
    assertThat(bash.waitFor()).isZero();
  }

  @Test
  void runsAProgramOfTheGuest() {
    machine.files.put("/bin/p", FakeMachine.PROGRAM);
    machine.endWith(42, 0);
    assertThat(run("exec", "--", "/bin/p", "-x", "--", "--cpus", "@y")).isEqualTo(42);
    GuestMachine.Request request = machine.started.getFirst();
    assertThat(request.path()).isEqualTo("/bin/p");
    assertThat(request.arguments()).containsExactly("/bin/p", "-x", "--", "--cpus", "@y");
    assertThat(request.workingDirectory()).isEqualTo("/");
    assertThat(request.streams()).hasSize(3);
    assertThat(machine.closed).isTrue();
    assertThat(err()).isEmpty();
    assertThat(out()).isEmpty();
  }

  @Test
  void optionsEndAtTheProgram() {
    machine.files.put("/p", FakeMachine.PROGRAM);
    assertThat(run("exec", "--cpus", "1", "/p", "--cpus", "2")).isZero();
    assertThat(machine.started.getFirst().arguments()).containsExactly("/p", "--cpus", "2");
    assertThat(setup.flags().cpus()).isEqualTo(1);
  }

  @Test
  void passesEverythingOn() {
    machine.files.put("/p", FakeMachine.PROGRAM);
    machine.files.put("/tmp", Stat.S_IFDIR | 0777);
    int code =
        run(
            "exec",
            "--root",
            "/r",
            "--mount",
            "/a:/b",
            "--mount=/c:/d:rw",
            "--env",
            "A=1",
            "--env=B=2",
            "--cwd",
            "/tmp",
            "--cpus=3",
            "--memory",
            "64M",
            "--gc",
            "zgc",
            "/p");
    assertThat(code).isZero();
    assertThat(machine.log).containsExactly("mount /a /b ro", "mount /c /d rw");
    assertThat(setup.root()).isEqualTo(Path.of("/r"));
    assertThat(setup.flags())
        .isEqualTo(
            new MachineFlags(
                64 << 20,
                3,
                Collector.ZGC,
                Policies.ADAPTIVE,
                Exitless.AUTO,
                Patching.AUTO,
                ForkPolicies.PARALLEL,
                Parallelism.ADAPTIVE,
                InodePolicies.LOCK,
                false,
                null));
    GuestMachine.Request request = machine.started.getFirst();
    assertThat(request.environment()).contains("A=1", "B=2");
    assertThat(request.workingDirectory()).isEqualTo("/tmp");
  }

  @ParameterizedTest
  @CsvSource({
    "11, 139, Segmentation fault",
    "6, 134, Aborted",
    "4, 132, Illegal instruction",
    "8, 136, Floating point exception",
    "9, 137, Killed",
    "7, 135, Bus error",
    "40, 168, Killed by SIGRT_8",
  })
  void reportsASignalAsAShellDoes(int signal, int code, String line) {
    machine.files.put("/p", FakeMachine.PROGRAM);
    machine.endWith(0, signal);
    assertThat(run("exec", "/p")).isEqualTo(code);
    assertThat(err()).isEqualTo(line + "\n");
  }

  @ParameterizedTest
  @ValueSource(ints = {Signals.SIGINT, Signals.SIGPIPE})
  void keepsQuietWhereAShellDoes(int signal) {
    machine.files.put("/p", FakeMachine.PROGRAM);
    machine.endWith(0, signal);
    assertThat(run("exec", "/p")).isEqualTo(128 + signal);
    assertThat(err()).isEmpty();
  }

  @Test
  void distinguishesNotThereFromNotExecutable() {
    machine.files.put("/p", FakeMachine.PROGRAM);
    assertThat(run("exec", "/no/such/program")).isEqualTo(127);
    machine.failWith(Errno.ENOEXEC);
    assertThat(run("exec", "/p")).isEqualTo(126);
    assertThat(err().lines())
        .containsExactly(
            "biscotti: /no/such/program: no such file in the guest or on the host",
            "biscotti: /p: it is no program for x86-64 Linux, or a damaged one");
  }

  @Test
  void saysWhyThereIsNoMachine() {
    factory =
        _ -> {
          throw new KvmException("no /dev/kvm: get one");
        };
    assertThat(run("exec", "/p")).isEqualTo(125);
    assertThat(err()).isEqualTo("biscotti: no /dev/kvm: get one\n");
  }

  @Test
  void saysThatTheHeapIsFull() {
    factory =
        _ -> {
          throw new OutOfMemoryError("Java heap space");
        };
    assertThat(run("exec", "/p")).isEqualTo(125);
    assertThat(err())
        .isEqualTo("biscotti: the kernel's heap is full: allow more with --kernel-heap\n");
  }

  @Test
  void leavesFiguresToItsScript() {
    assertThat(run("figures", "--quick", "fork")).isEqualTo(125);
    assertThat(err())
        .isEqualTo(
            "biscotti: figures is a program of its own: start it with ./scripts/run.sh figures\n");
    assertThat(run("--help")).isZero();
    assertThat(out()).contains("figures", "paper's experiments");
  }

  @Test
  void hidesStackTracesUnlessAskedForThem() {
    factory =
        _ -> {
          throw new IllegalStateException("two\nlines");
        };
    assertThat(run("exec", "/p")).isEqualTo(125);
    assertThat(err())
        .isEqualTo(
            "biscotti: internal error: java.lang.IllegalStateException: two lines"
                + " (BISCOTTI_DEBUG=1 shows where)\n");
    debug = true;
    assertThat(run("exec", "/p")).isEqualTo(125);
    assertThat(err()).contains("\tat org.biscotti.kvm.cli.MainTest");
  }

  @Test
  void comparesSmallfileWithItsNativeRun() throws Exception {
    String output =
        """
        smallfile rep=0 files=2 create_ns=4000 create_cycles=9000000 read_ns=2000 \
        read_cycles=5000000 unlink_ns=2000 unlink_cycles=5000000 total_ns=8000 total_cycles=19000000
        """;
    Path program = directory.resolve("bench/target/guest/smallfile");
    Files.createDirectories(program.getParent());
    Files.writeString(program, "#!/bin/sh\ncat <<'E'\n" + output + "E\n");
    assertThat(program.toFile().setExecutable(true)).isTrue();
    machine.behaviour =
        request -> {
          var stream = java.util.Objects.requireNonNull(request.streams().get(1));
          byte[] bytes = output.getBytes(StandardCharsets.UTF_8);
          stream.write(java.lang.foreign.MemorySegment.ofArray(bytes));
          return java.util.concurrent.CompletableFuture.completedFuture(
              new GuestProgram.Outcome(0, 0));
        };
    Path json = directory.resolve("out.json");
    assertThat(run("smallfile", "--files", "2", "--repeat", "1", "--cpus=1", "--json", "" + json))
        .isZero();
    assertThat(machine.started.getFirst().arguments())
        .isEqualTo(Arrays.asList((program + " --files 2 --dirs 4 --size 1 --repeat 1").split(" ")));
    assertThat(out()).contains("2 files of 1 byte each", "total", "2,066");
    assertThat(Files.readString(json)).contains("\"nanos\" : 4000");
    assertThat(err()).isEmpty();
  }

  @Test
  void saysWhatSmallfileSaidWhenItFails() throws Exception {
    Path program = directory.resolve("bench/target/guest/smallfile");
    Files.createDirectories(program.getParent());
    Files.writeString(program, "#!/bin/sh\n");
    assertThat(program.toFile().setExecutable(true)).isTrue();
    machine.endWith(1, 0);
    assertThat(run("smallfile")).isEqualTo(125);
    assertThat(err()).startsWith("biscotti: smallfile fails in the guest with exit code 1");
  }

  @Test
  void saysThatSmallfileIsNotBuilt() {
    assertThat(run("smallfile")).isEqualTo(125);
    assertThat(err())
        .isEqualTo(
            "biscotti: %s/bench/target/guest/smallfile is not there: 'make guests' builds it\n"
                .formatted(directory));
  }
}
