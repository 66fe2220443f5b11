package org.biscotti.kvm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How much memory the host still has to give: what {@code MemAvailable} says (proc_meminfo(5)), and
 * what the limits of our control groups leave. The host would otherwise kill this process, all
 * programs in it included, before an allocation fails.
 *
 * <p>Reading that costs tens of microseconds, so half of what is left above the margin may be used
 * before it is read again.
 */
final class HostMemory {
  /** Never use the host's last bytes: what is kept for the host and for the JVM itself. */
  private static final long MARGIN_BYTES = 128L << 20;

  private static final long UNLIMITED = Long.MAX_VALUE;

  private final Path proc;
  private final Path cgroups;
  private long allowance;

  HostMemory() {
    this(Path.of("/proc"), Path.of("/sys/fs/cgroup"));
  }

  HostMemory(Path proc, Path cgroups) {
    this.proc = proc;
    this.cgroups = cgroups;
  }

  /** True if the host can give so many bytes more; then they count as given. */
  synchronized boolean allows(long bytes) {
    if (bytes > allowance) {
      long left = available() - MARGIN_BYTES;
      if (bytes > left) {
        return false;
      }
      allowance = Math.max(bytes, left / 2);
    }
    allowance -= bytes;
    return true;
  }

  /** Bytes that can still be allocated before somebody is killed for it. */
  long available() {
    return Math.min(memAvailable(), leftInControlGroups());
  }

  private long memAvailable() {
    try {
      for (String line : Files.readAllLines(proc.resolve("meminfo"))) {
        if (line.startsWith("MemAvailable:")) {
          return Long.parseLong(line.replaceAll("\\D", "")) << 10;
        }
      }
    } catch (IOException | NumberFormatException e) {
      return UNLIMITED;
    }
    return UNLIMITED;
  }

  /** cgroups(7): version 2 has one path, version 1 one for the memory controller. */
  private long leftInControlGroups() {
    long left = UNLIMITED;
    try {
      for (String line : Files.readAllLines(proc.resolve("self/cgroup"))) {
        List<String> fields = List.of(line.split(":", 3));
        if (fields.size() < 3) {
          continue;
        }
        if (fields.get(1).isEmpty()) {
          left = Math.min(left, leftBelow(cgroups, fields.get(2), "memory.max", "memory.current"));
        } else if (List.of(fields.get(1).split(",")).contains("memory")) {
          left =
              Math.min(
                  left,
                  leftBelow(
                      cgroups.resolve("memory"),
                      fields.get(2),
                      "memory.limit_in_bytes",
                      "memory.usage_in_bytes"));
        }
      }
    } catch (IOException e) {
      return left;
    }
    return left;
  }

  /** The tightest limit on the way from a group up to the root. */
  private static long leftBelow(Path mount, String group, String limitFile, String usageFile) {
    long left = UNLIMITED;
    Path directory = mount.resolve(group.substring(1)).normalize();
    while (directory != null && directory.startsWith(mount)) {
      long limit = number(directory.resolve(limitFile));
      long usage = number(directory.resolve(usageFile));
      if (limit != UNLIMITED && usage != UNLIMITED) {
        left = Math.min(left, limit - usage);
      }
      directory = directory.getParent();
    }
    return left;
  }

  private static long number(Path file) {
    try {
      return Long.parseLong(Files.readString(file).strip());
    } catch (IOException | NumberFormatException e) {
      return UNLIMITED; // no such file, or "max"
    }
  }
}
