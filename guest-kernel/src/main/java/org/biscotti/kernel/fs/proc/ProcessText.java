package org.biscotti.kernel.fs.proc;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.fs.ProcessView;
import org.biscotti.kernel.fs.RunningView;
import org.biscotti.kernel.fs.SystemView;
import org.biscotti.kernel.fs.ThreadView;
import org.biscotti.kernel.port.Clock;
import org.jspecify.annotations.Nullable;

/** A process in the words of proc(5). Lines about what this kernel does not have are left out. */
final class ProcessText {
  private static final long PAGE = 4096;

  /** Nanoseconds in a clock tick as programs see it (sysconf(_SC_CLK_TCK) is 100). */
  static final long TICK_NANOS = TimeUnit.SECONDS.toNanos(1) / 100;

  private static final int EXIT_SIGNAL = 17;
  private static final int NAME_BYTES = 15;

  /** What /proc shows for a process whose niceness is 0. */
  private static final int NORMAL_PRIORITY = 20;

  /** Names and units in the order of the resource numbers (getrlimit(2)). */
  private static final String[][] LIMITS = {
    {"Max cpu time", "seconds"},
    {"Max file size", "bytes"},
    {"Max data size", "bytes"},
    {"Max stack size", "bytes"},
    {"Max core file size", "bytes"},
    {"Max resident set", "bytes"},
    {"Max processes", "processes"},
    {"Max open files", "files"},
    {"Max locked memory", "bytes"},
    {"Max address space", "bytes"},
    {"Max file locks", "locks"},
    {"Max pending signals", "signals"},
    {"Max msgqueue size", "bytes"},
    {"Max nice priority", ""},
    {"Max realtime priority", ""},
    {"Max realtime timeout", "us"},
  };

  private ProcessText() {}

  /** Text as bytes; names and paths hold one byte per char. */
  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** A name as prctl(2) cuts it off: up to a NUL, at most 15 bytes. */
  static String name(byte[] bytes) {
    int length = 0;
    while (length < Math.min(bytes.length, NAME_BYTES) && bytes[length] != 0) {
      length++;
    }
    return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
  }

  /** /proc/pid/status, or that of one thread if there is one. */
  static byte[] status(ProcessView process, @Nullable ThreadView thread) {
    StringBuilder out = new StringBuilder(1024);
    identity(out, process, thread);
    memoryLines(out, process.memory());
    signalLines(out, process, thread);
    capabilityLines(out, process);
    return bytes(out.toString());
  }

  private static void identity(
      StringBuilder out, ProcessView process, @Nullable ThreadView thread) {
    Credentials who = process.credentials();
    RunningView shown = thread == null ? process : thread;
    line(out, "Name", escape(shown.name()));
    line(out, "Umask", "%04o".formatted(process.fs().umask()));
    line(out, "State", stateName(shown.state()));
    line(out, "Tgid", process.pid());
    line(out, "Ngid", 0);
    line(out, "Pid", shown.number());
    line(out, "PPid", process.parentPid());
    line(out, "TracerPid", 0);
    line(out, "Uid", ids(who.uid(), who.euid(), who.suid(), who.fsuid()));
    line(out, "Gid", ids(who.gid(), who.egid(), who.sgid(), who.fsgid()));
    line(out, "FDSize", process.files().capacity());
    line(
        out,
        "Groups",
        who.groups().stream().mapToObj(Integer::toUnsignedString).collect(Collectors.joining(" "))
            + " ");
  }

  private static String ids(int... ids) {
    StringBuilder out = new StringBuilder();
    for (int id : ids) {
      out.append(out.isEmpty() ? "" : "\t").append(Integer.toUnsignedString(id));
    }
    return out.toString();
  }

  private static String stateName(char state) {
    return switch (state) {
      case 'R' -> "R (running)";
      case 'S' -> "S (sleeping)";
      case 'D' -> "D (disk sleep)";
      case 'T' -> "T (stopped)";
      case 'Z' -> "Z (zombie)";
      default -> Character.toString(state);
    };
  }

  private static void memoryLines(StringBuilder out, ProcessView.Memory memory) {
    kilobytes(out, "VmPeak", memory.vmPeak());
    kilobytes(out, "VmSize", memory.vmSize());
    kilobytes(out, "VmLck", memory.locked());
    kilobytes(out, "VmPin", 0);
    kilobytes(out, "VmHWM", memory.residentPeak());
    kilobytes(out, "VmRSS", memory.resident());
    kilobytes(out, "RssAnon", memory.resident() - memory.residentFile());
    kilobytes(out, "RssFile", memory.residentFile());
    kilobytes(out, "RssShmem", 0);
    kilobytes(out, "VmData", memory.data());
    kilobytes(out, "VmStk", memory.stack());
    kilobytes(out, "VmExe", memory.text());
    kilobytes(out, "VmPTE", memory.pageTables());
    kilobytes(out, "VmSwap", 0);
  }

  private static void signalLines(
      StringBuilder out, ProcessView process, @Nullable ThreadView thread) {
    ProcessView.SignalSets sets = signals(process, thread);
    line(out, "Threads", process.threads().size());
    line(out, "SigPnd", mask(sets.pending()));
    line(out, "ShdPnd", mask(sets.sharedPending()));
    line(out, "SigBlk", mask(sets.blocked()));
    line(out, "SigIgn", mask(sets.ignored()));
    line(out, "SigCgt", mask(sets.caught()));
  }

  private static ProcessView.SignalSets signals(ProcessView process, @Nullable ThreadView thread) {
    ProcessView.SignalSets sets = process.signals();
    return thread == null
        ? sets
        : new ProcessView.SignalSets(
            thread.pendingSignals(),
            sets.sharedPending(),
            thread.blockedSignals(),
            sets.ignored(),
            sets.caught());
  }

  private static void capabilityLines(StringBuilder out, ProcessView process) {
    Credentials who = process.credentials();
    line(out, "CapInh", mask(0));
    line(out, "CapPrm", mask(who.permittedCapabilities()));
    line(out, "CapEff", mask(who.effectiveCapabilities()));
    line(out, "CapBnd", mask(Credentials.boundingCapabilities()));
    line(out, "CapAmb", mask(0));
    line(out, "NoNewPrivs", process.hasNoNewPrivileges() ? 1 : 0);
    line(out, "Seccomp", 0);
  }

  private static String mask(long set) {
    return "%016x".formatted(set);
  }

  private static void line(StringBuilder out, String name, Object value) {
    out.append(name).append(":\t").append(value).append('\n');
  }

  private static void kilobytes(StringBuilder out, String name, long bytes) {
    line(out, name, "%8d kB".formatted(bytes / 1024));
  }

  /** Newlines and backslashes in a name would break the format. */
  private static String escape(String name) {
    return name.replace("\\", "\\\\").replace("\n", "\\n");
  }

  /** /proc/pid/stat, or that of one thread: 52 fields. What this kernel does not count is 0. */
  static byte[] statistics(
      ProcessView process, @Nullable ThreadView thread, SystemView system, Clock clock) {
    ProcessView.Memory memory = process.memory();
    ProcessView.SignalSets sets = signals(process, thread);
    RunningView shown = thread == null ? process : thread;
    long user = shown.userNanos();
    long kernel = shown.systemNanos();
    long age = clock.monotonicNanos() - process.startNanos();
    long start = Math.max(0, system.uptimeNanos() - age);
    int niceness = process.niceness();
    StringBuilder out = new StringBuilder(256);
    out.append(shown.number()).append(" (").append(shown.name()).append(") ");
    fields(out, shown.state());
    fields(out, process.parentPid(), process.processGroup(), process.session());
    fields(out, process.terminal(), process.foregroundGroup(), 0);
    fields(out, shown.minorFaults(), 0);
    fields(out, process.majorFaults(), 0, user / TICK_NANOS, kernel / TICK_NANOS);
    fields(out, process.childrenUserNanos() / TICK_NANOS);
    fields(out, process.childrenSystemNanos() / TICK_NANOS);
    fields(out, NORMAL_PRIORITY + niceness, niceness, process.threads().size(), 0);
    fields(out, start / TICK_NANOS);
    fields(out, memory.vmSize(), memory.resident() / PAGE, "18446744073709551615");
    fields(out, 0, 0, 0, 0, 0);
    fields(out, sets.pending(), sets.blocked(), sets.ignored(), sets.caught());
    fields(out, 0, 0, 0, EXIT_SIGNAL, 0, 0, 0, 0, 0, 0);
    fields(out, 0, 0, 0, 0, 0, 0, 0);
    return bytes(out.append("0\n").toString());
  }

  private static void fields(StringBuilder out, Object... values) {
    for (Object value : values) {
      out.append(value).append(' ');
    }
  }

  /** /proc/pid/statm: sizes in pages. */
  static byte[] memory(ProcessView process) {
    ProcessView.Memory memory = process.memory();
    return bytes(
        "%d %d %d %d 0 %d 0\n"
            .formatted(
                memory.vmSize() / PAGE,
                memory.resident() / PAGE,
                memory.residentFile() / PAGE,
                memory.text() / PAGE,
                (memory.data() + memory.stack()) / PAGE));
  }

  /** /proc/pid/limits. */
  static byte[] limits(ProcessView process) {
    StringBuilder out = new StringBuilder(1024);
    out.append("%-25s %-20s %-20s %-10s\n".formatted("Limit", "Soft Limit", "Hard Limit", "Units"));
    for (ProcessView.Limit limit : process.limits()) {
      String[] row = LIMITS[limit.resource()];
      out.append("%-25s %-20s %-20s ".formatted(row[0], shown(limit.soft()), shown(limit.hard())));
      out.append(row[1].isEmpty() ? "\n" : "%-10s\n".formatted(row[1]));
    }
    return bytes(out.toString());
  }

  private static String shown(long limit) {
    return limit == -1 ? "unlimited" : Long.toUnsignedString(limit);
  }
}
