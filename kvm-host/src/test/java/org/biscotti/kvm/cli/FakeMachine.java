package org.biscotti.kvm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.port.HostStream;
import org.biscotti.kvm.Machine.ExitTotals;
import org.biscotti.kvm.Machine.HostKind;

/** A machine without KVM: remembers what it was told, and ends programs as a test wants it. */
final class FakeMachine implements GuestMachine {
  static final int PROGRAM = Stat.S_IFREG | 0755;

  final List<String> log = new ArrayList<>();
  final Map<String, Integer> files = new HashMap<>(Map.of("/", Stat.S_IFDIR | 0755));
  final List<Request> started = new ArrayList<>();
  final List<Integer> kills = new ArrayList<>();
  boolean closed;
  Function<Request, CompletableFuture<GuestProgram.Outcome>> behaviour =
      _ -> CompletableFuture.completedFuture(new GuestProgram.Outcome(0, 0));

  /** Programs end with this. */
  void endWith(int code, int signal) {
    behaviour = _ -> CompletableFuture.completedFuture(new GuestProgram.Outcome(code, signal));
  }

  /** Programs cannot be started. */
  void failWith(int errno) {
    behaviour =
        _ -> {
          throw ErrnoException.of(errno);
        };
  }

  @Override
  public void mount(MountSpec mount) {
    log.add("mount " + mount.host() + " " + mount.guest() + (mount.writable() ? " rw" : " ro"));
  }

  @Override
  public void expose(Path file, String guestPath) {
    log.add("expose " + file + " " + guestPath);
    files.put(guestPath, file.toFile().canExecute() ? PROGRAM : Stat.S_IFREG | 0644);
  }

  @Override
  public void useConsole(HostStream keyboard, HostStream screen) {
    log.add("console");
  }

  @Override
  public void endConsole() {
    log.add("end of console");
  }

  @Override
  public void resizeConsole(int size) {
    log.add("resize " + (size >>> 16) + " " + (size & 0xffff));
  }

  @Override
  public int fileMode(String path) {
    return files.getOrDefault(path, 0);
  }

  @Override
  public GuestProgram start(Request request) {
    started.add(request);
    CompletableFuture<GuestProgram.Outcome> end = behaviour.apply(request);
    return new GuestProgram() {
      @Override
      public Outcome await() {
        return end.join();
      }

      @Override
      public void kill(int signal) {
        kills.add(signal);
        end.complete(new Outcome(0, signal));
      }
    };
  }

  @Override
  public MachineCounts counts() {
    return new MachineCounts(
        new HostKind(false, true, true),
        new ExitTotals(1234, 0, 56, 7, 8, 9),
        4321,
        0,
        0,
        100,
        262_144,
        0);
  }

  @Override
  public void close() {
    closed = true;
  }
}
