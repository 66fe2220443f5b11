package org.biscotti.kvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

/**
 * A machine in a control group that gives it less memory than the machine has: a program that takes
 * too much is killed or refused, and the JVM goes on to say so. Skipped where this process may not
 * make a group with a memory limit (cgroups(7)).
 */
@RequiresKvm
class MemoryLimitIT {
  private static final Path GROUPS = Path.of("/sys/fs/cgroup");

  /** What a JVM with a small machine needs, and some 500 MiB for programs. */
  private static final long LIMIT_BYTES = 768L << 20;

  /** What the shell says when it cannot enter the group. */
  private static final int NOT_MOVED = 99;

  private static final int KILLED = 128 + 9;

  /** burn.c's exit code when mmap(2) gives it ENOMEM. */
  private static final int REFUSED = 12;

  @TempDir Path scratch;

  /** A control group of this test, without processes when it is closed. */
  private record Group(Path directory) implements AutoCloseable {
    static Group make() throws IOException {
      for (String line : Files.readAllLines(Path.of("/proc/self/cgroup"))) {
        List<String> fields = List.of(line.split(":", 3));
        String path = fields.get(2).substring(1);
        if (List.of(fields.get(1).split(",")).contains("memory")) {
          return make(GROUPS.resolve("memory").resolve(path), "memory.limit_in_bytes");
        }
        Path parent = fields.get(1).isEmpty() ? delegating(GROUPS.resolve(path)) : null;
        if (parent != null) {
          return make(parent, "memory.max");
        }
      }
      throw new TestAbortedException("no memory controller for groups of ours");
    }

    /** The nearest group of version 2 that limits the memory of those below it. */
    private static @Nullable Path delegating(Path group) throws IOException {
      for (Path at = group; at != null && at.startsWith(GROUPS); at = at.getParent()) {
        Path control = at.resolve("cgroup.subtree_control");
        if (Files.isReadable(control) && Files.readString(control).contains("memory")) {
          return at;
        }
      }
      return null;
    }

    private static Group make(Path parent, String limitFile) throws IOException {
      Path directory = parent.resolve("biscotti-test-" + ProcessHandle.current().pid());
      try {
        Files.createDirectory(directory);
      } catch (IOException e) {
        throw new TestAbortedException("cannot make a control group: " + e, e);
      }
      Group group = new Group(directory);
      try {
        Files.writeString(directory.resolve(limitFile), Long.toString(LIMIT_BYTES));
        return group;
      } catch (IOException e) {
        group.close();
        throw new TestAbortedException("cannot limit a control group: " + e, e);
      }
    }

    @Override
    public void close() throws IOException {
      Files.delete(directory);
    }
  }

  @Test
  void theJvmOutlivesAProgramThatTakesTooMuch() throws Exception {
    try (Group group = Group.make()) {
      Outcome small = runIn(group, "touch", "64");
      if (small.code() == NOT_MOVED) {
        abort("a process cannot be moved into the group: " + small.errors());
      }
      assertThat(small.code()).as(small.output() + small.errors()).isZero();
      Outcome large = runIn(group, "touch", "1024");
      assertThat(large.code()).as(large.output() + large.errors()).isIn(KILLED, REFUSED);
      // Whoever killed the JVM itself would leave no words of ours.
      assertThat(large.errors()).containsAnyOf("out of memory: process", "burn: mmap");
      assertThat(large.output() + large.errors())
          .doesNotContain("InternalError", "SIGBUS", "hs_err");
      try (Stream<Path> left = Files.list(scratch)) {
        assertThat(left).as("error reports of the JVM").isEmpty();
      }
    }
  }

  /** A JVM of its own, moved into the group by the shell that becomes it. */
  private Outcome runIn(Group group, String... arguments) throws Exception {
    List<String> command =
        Stream.concat(
                Stream.of(
                    "/bin/sh",
                    "-c",
                    "echo $$ > \"$0\" || exit " + NOT_MOVED + "; exec \"$@\"",
                    group.directory().resolve("cgroup.procs").toString(),
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:ErrorFile=" + scratch.resolve("hs_err"),
                    "-XX:-CreateCoredumpOnCrash",
                    "--enable-native-access=ALL-UNNAMED",
                    "--add-opens=java.base/java.lang=ALL-UNNAMED",
                    "-cp",
                    System.getProperty("java.class.path"),
                    "org.biscotti.kvm.cli.Main",
                    "exec",
                    "--memory",
                    "2G",
                    "--",
                    TestPrograms.guestTest("burn").toString()),
                Stream.of(arguments))
            .toList();
    return Native.run(scratch, new byte[0], Map.of(), command);
  }
}
