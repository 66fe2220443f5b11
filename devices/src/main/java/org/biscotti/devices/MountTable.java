package org.biscotti.devices;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.devices.ffi.OpenCalls;
import org.biscotti.devices.ffi.PollCalls;
import org.biscotti.devices.ffi.StatCalls;
import org.jspecify.annotations.Nullable;

/**
 * The host's mounts, from {@code /proc/self/mountinfo} (proc_pid_mountinfo(5)), read again whenever
 * poll(2) says that they changed.
 *
 * <p>It answers two questions that statfs(2) cannot: devtmpfs has the magic number of tmpfs, and
 * every FUSE file system has the same one.
 */
final class MountTable {
  private static final Path MOUNTINFO = Path.of("/proc/self/mountinfo");
  private static final int CHANGED = PollCalls.POLLPRI | PollCalls.POLLERR;

  /** Fields of a line, and those after its " - ". */
  private static final int DEVICE_FIELD = 2;

  private static final int MOUNT_POINT_FIELD = 4;

  private final ReentrantLock lock = new ReentrantLock();
  private final Descriptor changes;

  @GuardedBy("lock")
  private boolean stale = true;

  @GuardedBy("lock")
  private Map<Long, String> typesByDevice = Map.of();

  @GuardedBy("lock")
  private Set<String> lastComponents = Set.of();

  /** Starts watching the table. */
  MountTable() {
    int fd = OpenCalls.open(OpenCalls.AT_FDCWD, MOUNTINFO.toString(), OpenCalls.O_RDONLY, 0, 0);
    changes = new Descriptor((int) HostErrors.check(fd));
  }

  /**
   * Name of the type of the file system on a device, as in {@code /proc/filesystems}.
   *
   * @param device a {@code dev_t}
   * @return null if it is not mounted where this process can see it
   */
  @Nullable String typeOf(long device) {
    lock.lock();
    try {
      refresh();
      return typesByDevice.get(device);
    } finally {
      lock.unlock();
    }
  }

  /** False if nothing is mounted on any directory entry of that name. */
  boolean mayBeMountPoint(String name) {
    lock.lock();
    try {
      refresh();
      return lastComponents.contains(name);
    } finally {
      lock.unlock();
    }
  }

  void close() {
    changes.close();
  }

  @GuardedBy("lock")
  private void refresh() {
    try (Descriptor.Use use = changes.use()) {
      int ready = PollCalls.readyNow(use.fd(), PollCalls.POLLPRI);
      stale |= ready < 0 || (ready & CHANGED) != 0;
    }
    if (!stale) {
      return;
    }
    try {
      parse(new String(Files.readAllBytes(MOUNTINFO), StandardCharsets.ISO_8859_1));
      stale = false;
    } catch (IOException unreadable) {
      // Nothing is known then: file systems whose type depends on the table are refused.
      typesByDevice = Map.of();
      lastComponents = Set.of();
    }
  }

  @GuardedBy("lock")
  private void parse(String table) {
    Map<Long, String> types = new HashMap<>();
    Set<String> names = new HashSet<>();
    for (String line : table.lines().toList()) {
      String[] fields = line.split(" ", -1);
      int separator = line.indexOf(" - ");
      if (fields.length <= MOUNT_POINT_FIELD || separator < 0) {
        continue;
      }
      String type = line.substring(separator + 3).split(" ", 2)[0];
      types.put(device(fields[DEVICE_FIELD]), type);
      String mountPoint = fields[MOUNT_POINT_FIELD];
      names.add(unescape(mountPoint.substring(mountPoint.lastIndexOf('/') + 1)));
    }
    typesByDevice = types;
    lastComponents = names;
  }

  private static long device(String majorAndMinor) {
    int colon = majorAndMinor.indexOf(':');
    return StatCalls.device(
        Long.parseLong(majorAndMinor.substring(0, colon)),
        Long.parseLong(majorAndMinor.substring(colon + 1)));
  }

  /** Undoes the table's octal escapes of space, tab, newline and backslash. */
  static String unescape(String escaped) {
    StringBuilder plain = new StringBuilder(escaped.length());
    for (int i = 0; i < escaped.length(); i++) {
      char c = escaped.charAt(i);
      if (c == '\\' && i + 3 < escaped.length()) {
        plain.append((char) Integer.parseInt(escaped.substring(i + 1, i + 4), 8));
        i += 3;
      } else {
        plain.append(c);
      }
    }
    return plain.toString();
  }
}
