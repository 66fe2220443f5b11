package org.biscotti.kvm.cli;

import java.util.List;
import java.util.function.IntSupplier;
import org.biscotti.kernel.fs.InodePolicies;
import org.biscotti.kernel.mem.ForkPolicies;
import org.biscotti.kernel.parallel.Parallelism;
import org.biscotti.kernel.serve.Exitless;
import org.biscotti.kernel.serve.Patching;
import org.biscotti.kernel.serve.Policies;
import org.biscotti.kvm.HostCpus;
import org.biscotti.kvm.MachineOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/**
 * The options that say what machine to make, the same for every command that makes one.
 *
 * @param memoryBytes guest memory
 * @param cpus number of vCPUs
 * @param collector the JVM's garbage collector as {@code --gc} names it
 * @param syscalls on which thread a system call runs
 * @param exitless whether calls may be answered without leaving the guest
 * @param patching whether busy calls may become jumps
 * @param fork how page tables get to a child
 * @param parallelism who does the parts of large work
 * @param inodes whether an inode has a lock or a thread
 * @param researchCalls whether there are calls that Linux does not have
 * @param recording file for the Flight Recorder, or null
 */
record MachineFlags(
    long memoryBytes,
    int cpus,
    Collector collector,
    Policies syscalls,
    Exitless exitless,
    Patching patching,
    ForkPolicies fork,
    Parallelism parallelism,
    InodePolicies inodes,
    boolean researchCalls,
    @Nullable String recording) {
  static final long MEMORY_DEFAULT = 1L << 30;
  private static final String CPUS = "--cpus";
  private static final String MEMORY = "--memory";
  private static final String KERNEL_HEAP = "--kernel-heap";
  private static final String GC = "--gc";
  private static final String JVM = "--jvm";

  /** With less the kernel does not come up in peace, and with more collectors change their ways. */
  private static final long HEAP_MIN = 64L << 20;

  private static final long HEAP_MAX = 1L << 40;
  private static final String SYSCALLS = "--syscalls";
  private static final String EXITLESS = "--exitless";
  private static final String PATCHING = "--patching";
  private static final String FORK = "--fork";
  private static final String PARALLEL = "--parallel";
  private static final String INODES = "--inodes";
  private static final String RESEARCH_CALLS = "--research-calls";
  private static final String JFR = "--jfr";

  /** Adds the options. */
  static void addTo(CommandSpec spec) {
    spec.addOption(
        Arguments.value(CPUS, "N", "Number of vCPUs, 1 to 64 (default: all host cores).").build());
    spec.addOption(
        Arguments.value(
                MEMORY,
                "SIZE",
                "Guest memory, for example 512M or 16G (default: 1G). The host gives it piece by "
                    + "piece, as it is used.")
            .build());
    spec.addOption(
        Arguments.value(
                KERNEL_HEAP,
                "SIZE",
                "Heap of the kernel, 64M to 1T (default: a quarter of the host's memory). What "
                    + "programs make the kernel keep is refused beyond half of it.")
            .build());
    spec.addOption(
        Arguments.value(
                GC,
                "NAME",
                "Garbage collector of the JVM: " + Collector.choices(", ") + " (default: g1).")
            .completionCandidates(List.of(Collector.choices(" ").split(" ", -1)))
            .build());
    spec.addOption(
        Arguments.value(
                JVM,
                "OPTIONS",
                "Options for the JVM, for example --jvm='-XX:MaxGCPauseMillis=5 -Xlog:gc:stderr'.")
            .build());
    spec.addOption(
        Arguments.choice(
                SYSCALLS,
                Policies.class,
                "What a system call runs on: the thread that took it, a new virtual thread, a pool, "
                    + "or the best of these (default: adaptive).")
            .build());
    spec.addOption(
        Arguments.choice(
                EXITLESS,
                Exitless.class,
                "Whether idle cores answer the system calls of busy ones without an exit: when it "
                    + "pays, whenever one is idle, never (default: auto).")
            .build());
    spec.addOption(
        Arguments.choice(
                PATCHING,
                Patching.class,
                "Whether system call instructions that are used much are replaced by jumps in the "
                    + "program's memory: where the host makes them dear, never (default: auto).")
            .build());
    spec.addOption(
        Arguments.choice(
                FORK,
                ForkPolicies.class,
                "How a large process gets its parent's page tables: copied by one thread, by "
                    + "several, or each when it is first changed (default: parallel).")
            .build());
    spec.addOption(
        Arguments.choice(
                PARALLEL,
                Parallelism.class,
                "Who does the parts of large work: the thread of the call, a new virtual thread for "
                    + "each, one for each page or page table, idle cores always or when it pays "
                    + "(default: adaptive).")
            .build());
    spec.addOption(
        Arguments.choice(
                INODES,
                InodePolicies.class,
                "Who changes a file in memory: whoever makes the call, under a lock, or a virtual "
                    + "thread of the file's own (default: lock).")
            .build());
    spec.addOption(
        Arguments.flag(
            RESEARCH_CALLS,
            "Offer system calls that Linux does not have, for experiments with the kernel's heap "
                + "(docs/experiments.md)."));
    spec.addOption(
        Arguments.value(
                JFR,
                "FILE",
                "Record what kernel and JVM do, for JDK Mission Control or 'jfr print' (docs/events.md).")
            .build());
  }

  /**
   * Reads the options.
   *
   * @throws CommandException for a value that is none
   */
  static MachineFlags of(ParseResult arguments) {
    return of(arguments, MachineFlags::hostCores);
  }

  static MachineFlags of(ParseResult arguments, IntSupplier hostCores) {
    long memory = memory(Arguments.valueOf(arguments, MEMORY));
    checkHeap(Arguments.valueOf(arguments, KERNEL_HEAP));
    Collector collector = collector(Arguments.valueOf(arguments, GC));
    int cpus = Arguments.numberOf(arguments, CPUS, 1, MachineOptions.CPUS_MAX, 0);
    return new MachineFlags(
        memory,
        cpus != 0 ? cpus : hostCores.getAsInt(),
        collector,
        Arguments.chosen(arguments, SYSCALLS, Policies.ADAPTIVE),
        Arguments.chosen(arguments, EXITLESS, Exitless.AUTO),
        Arguments.chosen(arguments, PATCHING, Patching.AUTO),
        Arguments.chosen(arguments, FORK, ForkPolicies.PARALLEL),
        Arguments.chosen(arguments, PARALLEL, Parallelism.ADAPTIVE),
        Arguments.chosen(arguments, INODES, InodePolicies.LOCK),
        arguments.hasMatchedOption(RESEARCH_CALLS),
        Arguments.valueOf(arguments, JFR));
  }

  private static int hostCores() {
    return Math.min(HostCpus.allowed().length, MachineOptions.CPUS_MAX);
  }

  private static long memory(@Nullable String text) {
    if (text == null) {
      return MEMORY_DEFAULT;
    }
    try {
      return MemorySize.parse(HostText.decode(text));
    } catch (IllegalArgumentException e) {
      throw new CommandException(MEMORY + ": " + e.getMessage());
    }
  }

  /** The JVM has its heap already, as run.sh read the option: here it is only checked. */
  private static void checkHeap(@Nullable String text) {
    if (text == null) {
      return;
    }
    try {
      long _ = MemorySize.parse(HostText.decode(text), HEAP_MIN, HEAP_MAX);
    } catch (IllegalArgumentException e) {
      throw new CommandException(KERNEL_HEAP + ": " + e.getMessage());
    }
  }

  private static Collector collector(@Nullable String name) {
    if (name == null) {
      return Collector.G1;
    }
    Collector collector = Collector.find(name);
    if (collector == null) {
      throw new CommandException(
          "%s %s: there is no such collector: choose one of %s"
              .formatted(GC, HostText.decode(name), Collector.choices(", ")));
    }
    return collector;
  }
}
