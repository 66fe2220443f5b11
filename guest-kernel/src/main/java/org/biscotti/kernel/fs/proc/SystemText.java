package org.biscotti.kernel.fs.proc;

import static org.biscotti.kernel.fs.proc.ProcessText.TICK_NANOS;
import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.biscotti.kernel.fs.ProcessDirectory;
import org.biscotti.kernel.fs.SystemView;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.port.HostRandom;

/** The system in the words of proc(5). */
final class SystemText {
  private static final long NANOS = TimeUnit.SECONDS.toNanos(1);

  private final SystemView system;
  private final FrameAllocator frames;
  private final Clock clock;
  private final ProcessDirectory processes;
  private final String bootId = HostRandom.SOURCE.nextUuid().toString();

  SystemText(SystemView system, FrameAllocator frames, Clock clock, ProcessDirectory processes) {
    this.system = system;
    this.frames = frames;
    this.clock = clock;
    this.processes = processes;
  }

  /** A text with a newline at its end. */
  static byte[] line(String text) {
    return ProcessText.bytes(text + "\n");
  }

  /**
   * /proc/meminfo. There is no page cache that could be given up and no swap: what is not free is
   * in use.
   */
  byte[] memory() {
    StringBuilder out = new StringBuilder(512);
    long total = frames.totalFrames() * PAGE_SIZE;
    long free = frames.freeFrames() * PAGE_SIZE;
    kilobytes(out, "MemTotal:", total);
    kilobytes(out, "MemFree:", free);
    kilobytes(out, "MemAvailable:", free);
    for (String nothing : new String[] {"Buffers:", "Cached:", "SwapCached:"}) {
      kilobytes(out, nothing, 0);
    }
    kilobytes(out, "Active:", total - free);
    kilobytes(out, "Inactive:", 0);
    for (String nothing : new String[] {"SwapTotal:", "SwapFree:", "Dirty:", "Writeback:"}) {
      kilobytes(out, nothing, 0);
    }
    kilobytes(out, "CommitLimit:", total);
    kilobytes(out, "VmallocTotal:", 0);
    kilobytes(out, "HugePages_Total:", 0);
    return ProcessText.bytes(out.toString());
  }

  private static void kilobytes(StringBuilder out, String name, long bytes) {
    out.append("%-15s %8d kB\n".formatted(name, bytes / 1024));
  }

  /** /proc/cpuinfo. */
  byte[] processors() {
    StringBuilder out = new StringBuilder(1024);
    for (int cpu = 0; cpu < system.cpus(); cpu++) {
      out.append("processor\t: ").append(cpu).append('\n');
      String rest = system.cpuDescription(cpu);
      out.append(rest).append(rest.endsWith("\n") || rest.isEmpty() ? "\n" : "\n\n");
    }
    return ProcessText.bytes(out.toString());
  }

  private long idleNanos() {
    long all = system.uptimeNanos() * system.cpus();
    return Math.max(0, all - system.userNanos() - system.systemNanos());
  }

  /** /proc/uptime: seconds since boot, and seconds that processors were idle. */
  byte[] uptime() {
    return line(hundredths(system.uptimeNanos()) + " " + hundredths(idleNanos()));
  }

  private static String hundredths(long nanos) {
    return String.format(Locale.ROOT, "%d.%02d", nanos / NANOS, nanos % NANOS / (NANOS / 100));
  }

  byte[] version() {
    return line("Linux version " + system.release() + " " + system.version());
  }

  byte[] release() {
    return line(system.release());
  }

  byte[] kernelVersion() {
    return line(system.version());
  }

  byte[] hostName() {
    return line(system.hostName());
  }

  byte[] commandLine() {
    return line(system.commandLine());
  }

  byte[] bootId() {
    return line(bootId);
  }

  static byte[] freshUuid() {
    return line(HostRandom.SOURCE.nextUuid().toString());
  }

  byte[] fileSystems() {
    return ProcessText.bytes("nodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\n");
  }

  /** /proc/sys/kernel/pid_max. */
  byte[] numbersMax() {
    return line(Integer.toString(processes.numbersMax()));
  }

  /** /proc/vmstat: what is known; nothing is ever swapped or written to a disk from here. */
  byte[] pages() {
    return ProcessText.bytes(
        "nr_free_pages %d\npgpgin 0\npgpgout 0\npswpin 0\npswpout 0\n"
            .formatted(frames.freeFrames()));
  }

  /** /proc/stat. All time that is not a program's or the kernel's is idle. */
  byte[] statistics() {
    StringBuilder out = new StringBuilder(512);
    long user = system.userNanos() / TICK_NANOS;
    long kernel = system.systemNanos() / TICK_NANOS;
    long idle = idleNanos() / TICK_NANOS;
    int cpus = system.cpus();
    out.append("cpu  ").append(user).append(" 0 ").append(kernel).append(' ');
    out.append(idle).append(" 0 0 0 0 0 0\n");
    for (int cpu = 0; cpu < cpus; cpu++) {
      out.append("cpu").append(cpu).append(' ').append(user / cpus).append(" 0 ");
      out.append(kernel / cpus).append(' ').append(idle / cpus).append(" 0 0 0 0 0 0\n");
    }
    long boot = clock.realtimeNanos() - system.uptimeNanos();
    out.append("intr 0\nctxt 0\nbtime ").append(boot / NANOS).append('\n');
    out.append("processes ").append(system.forks()).append('\n');
    out.append("procs_running ").append(system.runnable()).append('\n');
    out.append("procs_blocked 0\n");
    return ProcessText.bytes(out.toString());
  }

  /** /proc/loadavg. No averages are kept: what runs now stands for all three. */
  byte[] load() {
    int[] pids = processes.pids();
    String now = system.runnable() + ".00";
    int latest = pids.length == 0 ? 0 : pids[pids.length - 1];
    return line(
        "%s %s %s %d/%d %d".formatted(now, now, now, system.runnable(), pids.length, latest));
  }
}
