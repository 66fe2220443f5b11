package org.biscotti.bench;

import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.biscotti.devices.HostFiles;
import org.biscotti.kernel.Kernel;
import org.biscotti.kernel.KernelOptions;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.port.HostStream;
import org.biscotti.kernel.serve.Exitless;
import org.biscotti.kernel.serve.Policies;
import org.biscotti.kernel.task.Process;
import org.biscotti.kvm.Machine;
import org.biscotti.kvm.MachineOptions;
import org.jspecify.annotations.Nullable;

/**
 * {@code bell} in the guest of a machine of its own, or several of it that all do the same at once;
 * its files are in the tmpfs. With one vCPU its calls leave the guest; with a vCPU to spare, that
 * one may serve them.
 */
final class GuestSubject implements Subject {
  private static final String PATH = "/bell";

  private final HostFiles hostFiles;
  private final Machine machine;
  private final List<Bell> bells = new ArrayList<>();

  /** Boots a machine with so much memory and one vCPU, and starts the program. */
  GuestSubject(long memoryBytes) throws IOException {
    this(new MachineOptions(memoryBytes, 1, KernelOptions.DEFAULT), 1);
  }

  /** The same on two vCPUs, calls being served without an exit under a policy. */
  static GuestSubject served(long memoryBytes, Policies policy) throws IOException {
    return on(memoryBytes, 2, policy, Exitless.ON);
  }

  /** The same on several vCPUs. */
  static GuestSubject on(long memoryBytes, int vcpus, Policies policy, Exitless exitless)
      throws IOException {
    return on(memoryBytes, vcpus, 1, policy, exitless);
  }

  /** Several programs on several vCPUs. */
  static GuestSubject on(
      long memoryBytes, int vcpus, int programs, Policies policy, Exitless exitless)
      throws IOException {
    KernelOptions given = KernelOptions.DEFAULT;
    KernelOptions options =
        new KernelOptions(
            given.memoryPolicy(),
            null,
            null,
            null,
            policy,
            exitless,
            given.patching(),
            given.parallelism(),
            given.inodes(),
            false);
    return new GuestSubject(new MachineOptions(memoryBytes, vcpus, options), programs);
  }

  private GuestSubject(MachineOptions options, int programs) throws IOException {
    machine = new Machine(options);
    boolean complete = false;
    try {
      hostFiles = new HostFiles();
      machine.kernel().showFile(PATH, hostFiles.openFile(Subject.program("guest/bell")));
      for (int i = 0; i < programs; i++) {
        bells.add(new Bell(machine.kernel()));
      }
      complete = true;
    } finally {
      if (!complete) {
        machine.close();
      }
    }
  }

  /** Nanoseconds that the slowest of the programs took. */
  @Override
  public long run(Operation operation, long count, long size) throws IOException {
    for (Bell bell : bells) {
      bell.start(operation, count, size);
    }
    long longest = 0;
    for (Bell bell : bells) {
      longest = Math.max(longest, bell.finish(operation));
    }
    return longest;
  }

  @Override
  public void close() throws IOException {
    try {
      for (Bell bell : bells) {
        bell.end();
      }
    } finally {
      machine.close();
      hostFiles.close();
    }
  }

  /** One of the programs. */
  private static final class Bell {
    private final PipeStream commands = new PipeStream();
    private final PipeStream answers = new PipeStream();
    private final PipeStream errors = new PipeStream();
    private final Process process;

    Bell(Kernel kernel) throws IOException {
      List<@Nullable HostStream> streams = List.of(commands, answers, errors);
      process =
          kernel.spawn(
              new Kernel.Program(PATH, List.of("bell"), List.of(), "/", Credentials.ROOT, streams));
      var _ = process.exited().whenComplete((status, failure) -> endStreams());
    }

    private void endStreams() {
      commands.close();
      answers.close();
    }

    void start(Operation operation, long count, long size) throws IOException {
      try {
        commands.send(operation.command(count, size));
      } catch (IOException e) {
        throw failed(operation, e);
      }
    }

    long finish(Operation operation) throws IOException {
      byte[] answer = new byte[ANSWER_BYTES];
      try {
        answers.receive(answer);
      } catch (IOException e) {
        throw failed(operation, e);
      }
      return Operation.nanos(answer);
    }

    private IOException failed(Operation operation, IOException e) {
      return new IOException("%s fails in the guest: %s".formatted(operation, errors.text()), e);
    }

    void end() throws IOException {
      try {
        commands.send(Operation.EXIT.command(0, 0));
        process.exited().get(END_SECONDS, TimeUnit.SECONDS);
      } catch (EOFException e) {
        throw new IOException("the program in the guest has ended before it was told to", e);
      } catch (ExecutionException | TimeoutException e) {
        throw new IOException("the program in the guest does not end", e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
