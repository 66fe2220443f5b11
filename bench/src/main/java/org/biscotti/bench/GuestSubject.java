package org.biscotti.bench;

import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.biscotti.devices.HostFiles;
import org.biscotti.kernel.Kernel;
import org.biscotti.kernel.KernelOptions;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.serve.Exitless;
import org.biscotti.kernel.serve.Policies;
import org.biscotti.kernel.task.Process;
import org.biscotti.kvm.Machine;
import org.biscotti.kvm.MachineOptions;

/**
 * {@code bell} in the guest of a machine of its own; its files are in the tmpfs. With one vCPU its
 * calls leave the guest; with two, the other one serves them.
 */
final class GuestSubject implements Subject {
  private static final String PATH = "/bell";

  private final PipeStream commands = new PipeStream();
  private final PipeStream answers = new PipeStream();
  private final PipeStream errors = new PipeStream();
  private final HostFiles hostFiles;
  private final Machine machine;
  private final Process process;

  /** Boots a machine with so much memory and starts the program. */
  GuestSubject(long memoryBytes) throws IOException {
    this(new MachineOptions(memoryBytes, 1, KernelOptions.DEFAULT));
  }

  /** The same on two vCPUs, calls being served without an exit under a policy. */
  static GuestSubject served(long memoryBytes, Policies policy) throws IOException {
    KernelOptions given = KernelOptions.DEFAULT;
    return new GuestSubject(
        new MachineOptions(
            memoryBytes,
            2,
            new KernelOptions(
                given.memoryPolicy(), null, null, null, policy, Exitless.ON, given.patching())));
  }

  private GuestSubject(MachineOptions options) throws IOException {
    machine = new Machine(options);
    boolean complete = false;
    try {
      hostFiles = new HostFiles();
      process = start(machine.kernel());
      complete = true;
    } finally {
      if (!complete) {
        machine.close();
      }
    }
    var _ = process.exited().whenComplete((status, failure) -> endStreams());
  }

  private Process start(Kernel kernel) throws IOException {
    kernel.showFile(PATH, hostFiles.openFile(Subject.program("guest/bell")));
    return kernel.spawn(
        new Kernel.Program(
            PATH,
            List.of("bell"),
            List.of(),
            "/",
            Credentials.ROOT,
            List.of(commands, answers, errors)));
  }

  private void endStreams() {
    commands.close();
    answers.close();
  }

  @Override
  public long run(Operation operation, long count, long size) throws IOException {
    try {
      commands.send(operation.command(count, size));
      byte[] answer = new byte[ANSWER_BYTES];
      answers.receive(answer);
      return Operation.nanos(answer);
    } catch (IOException e) {
      throw new IOException("%s fails in the guest: %s".formatted(operation, errors.text()), e);
    }
  }

  @Override
  public void close() throws IOException {
    try {
      commands.send(Operation.EXIT.command(0, 0));
      process.exited().get(END_SECONDS, TimeUnit.SECONDS);
    } catch (EOFException e) {
      throw new IOException("the program in the guest has ended before it was told to", e);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("the program in the guest does not end", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      machine.close();
      hostFiles.close();
    }
  }
}
