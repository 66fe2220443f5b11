package org.biscotti.kvm;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.biscotti.devices.HostFiles;
import org.biscotti.kernel.Kernel;
import org.biscotti.kernel.KernelOptions;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.fs.InodePolicies;
import org.biscotti.kernel.mem.ForkPolicies;
import org.biscotti.kernel.mem.MemoryPolicy;
import org.biscotti.kernel.parallel.Parallelism;
import org.biscotti.kernel.port.HostStream;
import org.biscotti.kernel.serve.Exitless;
import org.biscotti.kernel.serve.Patching;
import org.biscotti.kernel.serve.Policies;
import org.biscotti.kernel.task.Process;
import org.jspecify.annotations.Nullable;

/** A machine for tests, and programs in it with their output caught. */
final class Guest implements AutoCloseable {
  private static final long LIMIT_SECONDS = Processor.limitSeconds(120);

  private final HostFiles hostFiles;
  private final Machine machine;

  private Guest(@Nullable Path root, long memoryBytes, int cpus) throws IOException {
    this(root, memoryBytes, cpus, policy(), exitless(), inodes());
  }

  private Guest(
      @Nullable Path root,
      long memoryBytes,
      int cpus,
      Policies policy,
      Exitless exitless,
      InodePolicies inodes)
      throws IOException {
    hostFiles = new HostFiles();
    machine =
        new Machine(
            new MachineOptions(
                memoryBytes,
                cpus,
                new KernelOptions(
                    MemoryPolicy.DEFAULT.withFork(
                        ForkPolicies.valueOf(
                            System.getProperty("biscotti.fork", ForkPolicies.PARALLEL.name()))),
                    null,
                    root == null ? null : hostFiles.openDirectory(root, false),
                    null,
                    policy,
                    exitless,
                    Patching.valueOf(System.getProperty("biscotti.patching", Patching.AUTO.name())),
                    Parallelism.ADAPTIVE,
                    inodes,
                    true)));
  }

  /** The tests run once for each policy: the property says which. */
  static Policies policy() {
    return Policies.valueOf(System.getProperty("biscotti.syscalls", Policies.ADAPTIVE.name()));
  }

  static Exitless exitless() {
    return Exitless.valueOf(System.getProperty("biscotti.exitless", Exitless.AUTO.name()));
  }

  static InodePolicies inodes() {
    return InodePolicies.valueOf(System.getProperty("biscotti.inodes", InodePolicies.LOCK.name()));
  }

  /** A machine with an empty root, 512 MiB and two vCPUs. */
  static Guest empty() throws IOException {
    return new Guest(null, 512L << 20, 2);
  }

  static Guest empty(long memoryBytes, int cpus) throws IOException {
    return new Guest(null, memoryBytes, cpus);
  }

  /** A machine with an empty root and 512 MiB whose system calls are served in one way. */
  static Guest serving(int cpus, Policies policy, Exitless exitless, InodePolicies inodes)
      throws IOException {
    return new Guest(null, 512L << 20, cpus, policy, exitless, inodes);
  }

  /** A machine whose root shows a directory of the host. */
  static Guest over(Path root) throws IOException {
    return new Guest(root, 1L << 30, 2);
  }

  Machine machine() {
    return machine;
  }

  /** Makes a host file visible in the guest at the same path; returns that path. */
  String show(Path file) throws IOException {
    String path = file.toAbsolutePath().toString();
    if (!machine.kernel().exists(path)) {
      machine.kernel().showFile(path, hostFiles.openFile(file));
    }
    return path;
  }

  /** Mounts a host directory at an absolute path of the guest. */
  void mount(String at, Path directory, boolean writable) throws IOException {
    machine.kernel().mount(at, hostFiles.openDirectory(directory, writable));
  }

  /** A program that has been started. */
  record Running(Process process, ByteStream output, ByteStream errors) {
    Outcome await() throws Exception {
      int code = process.exited().get(LIMIT_SECONDS, TimeUnit.SECONDS).shellCode();
      return new Outcome(code, output.text(), errors.text());
    }
  }

  Running start(byte[] input, Map<String, String> environment, List<String> command) {
    return start("/tmp", input, environment, command);
  }

  /** Starts a program in a working directory. */
  Running start(
      String directory, byte[] input, Map<String, String> environment, List<String> command) {
    return start(directory, input, ByteStream.empty(), environment, command);
  }

  /** Starts a program that reads from a given stream. */
  Running start(HostStream input, Map<String, String> environment, List<String> command) {
    return start("/tmp", input, ByteStream.empty(), environment, command);
  }

  /** Starts a program that writes to a given stream. */
  Running start(
      String directory,
      byte[] input,
      ByteStream output,
      Map<String, String> environment,
      List<String> command) {
    return start(directory, new ByteStream(input), output, environment, command);
  }

  private Running start(
      String directory,
      HostStream input,
      ByteStream output,
      Map<String, String> environment,
      List<String> command) {
    ByteStream errors = ByteStream.empty();
    List<String> variables = new ArrayList<>();
    environment.forEach((name, value) -> variables.add(name + "=" + value));
    Process process =
        machine
            .kernel()
            .spawn(
                new Kernel.Program(
                    command.getFirst(),
                    command,
                    variables,
                    directory,
                    Credentials.ROOT,
                    Arrays.asList(input, output, errors)));
    return new Running(process, output, errors);
  }

  Outcome run(String... command) throws Exception {
    return start(new byte[0], Map.of(), List.of(command)).await();
  }

  @Override
  public void close() throws IOException {
    machine.close();
    hostFiles.close();
  }
}
