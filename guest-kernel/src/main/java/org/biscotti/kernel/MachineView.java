package org.biscotti.kernel;

import org.biscotti.kernel.fs.SystemView;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.task.Process;
import org.biscotti.kernel.task.ProcessTable;
import org.biscotti.kernel.task.SystemName;

/** What /proc shows of the whole machine. */
final class MachineView implements SystemView {
  private final Kernel.Hardware hardware;
  private final ProcessTable processes;
  private final Clock clock;
  private final long bootNanos;

  MachineView(Kernel.Hardware hardware, ProcessTable processes, long bootNanos) {
    this.hardware = hardware;
    this.processes = processes;
    this.clock = hardware.clock();
    this.bootNanos = bootNanos;
  }

  @Override
  public String release() {
    return SystemName.RELEASE;
  }

  @Override
  public String version() {
    return SystemName.VERSION;
  }

  @Override
  public String hostName() {
    return SystemName.HOST;
  }

  @Override
  public String commandLine() {
    return "";
  }

  @Override
  public int cpus() {
    return hardware.cpus();
  }

  @Override
  public String cpuDescription(int cpu) {
    return hardware.cpuDescription().get();
  }

  @Override
  public long uptimeNanos() {
    return clock.monotonicNanos() - bootNanos;
  }

  @Override
  public long userNanos() {
    long sum = 0;
    for (Process process : processes.all()) {
      sum += process.userNanos();
    }
    return sum;
  }

  @Override
  public long systemNanos() {
    long sum = 0;
    for (Process process : processes.all()) {
      sum += process.systemNanos();
    }
    return sum;
  }

  @Override
  public long forks() {
    return processes.created();
  }

  @Override
  public int runnable() {
    return processes.size();
  }
}
