package org.biscotti.kernel.fs;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.biscotti.kernel.abi.Fcntl;

/**
 * Random operations on a small tree, in the words of {@code tree.c}; the same for the same seed.
 */
final class RandomOperations {
  private static final String[] NAMES = {"a", "b", "c", "d", "e", "f"};
  private static final String LONG_NAME = "x".repeat(255);
  private static final String TOO_LONG_NAME = "y".repeat(256);
  private static final int[] MODES = {0777, 0755, 0700, 0644, 0600, 01777, 02775, 0, 04755, 0555};
  private static final int[] FLAGS = {
    Fcntl.O_RDONLY,
    Fcntl.O_WRONLY,
    Fcntl.O_RDWR,
    Fcntl.O_CREAT | Fcntl.O_RDWR,
    Fcntl.O_CREAT | Fcntl.O_WRONLY,
    Fcntl.O_CREAT | Fcntl.O_EXCL | Fcntl.O_RDWR,
    Fcntl.O_CREAT | Fcntl.O_TRUNC | Fcntl.O_RDWR,
    Fcntl.O_TRUNC | Fcntl.O_WRONLY,
    Fcntl.O_TRUNC,
    Fcntl.O_DIRECTORY,
    Fcntl.O_NOFOLLOW,
    Fcntl.O_NOFOLLOW | Fcntl.O_CREAT | Fcntl.O_RDWR,
    Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW,
    Fcntl.O_DIRECTORY | Fcntl.O_CREAT,
    Fcntl.O_APPEND | Fcntl.O_WRONLY,
    Fcntl.O_PATH,
    Fcntl.O_PATH | Fcntl.O_NOFOLLOW,
    Fcntl.O_TMPFILE | Fcntl.O_RDWR,
    Fcntl.O_TMPFILE,
    Fcntl.O_NOATIME,
    3,
  };
  private static final long[] OFFSETS = {
    0, 1, 100, 4095, 4096, 4097, 8192, 12000, 65536, 1 << 20, 1L << 33, (1L << 62) + 5
  };
  private static final int[] LENGTHS = {0, 1, 10, 4096, 5000, 20000};

  private final Random random;

  /**
   * Linux takes pages that fallocate(2) has provided for holes until they are written, we do not
   * (lseek(2) allows either); so a list has one of the two.
   */
  private final boolean provides;

  RandomOperations(long seed) {
    random = new Random(seed);
    provides = seed % 2 == 0;
  }

  List<String> list(int count) {
    List<String> all = new ArrayList<>();
    while (all.size() < count) {
      all.add(one());
    }
    return all;
  }

  private <T> T pick(T[] from) {
    return from[random.nextInt(from.length)];
  }

  private int pick(int[] from) {
    return from[random.nextInt(from.length)];
  }

  private long offset() {
    long offset = OFFSETS[random.nextInt(OFFSETS.length)];
    return random.nextInt(40) == 0 ? -1 : offset;
  }

  private String name() {
    return switch (random.nextInt(60)) {
      case 0 -> ".";
      case 1, 2 -> "..";
      case 3 -> LONG_NAME;
      case 4 -> TOO_LONG_NAME;
      default -> pick(NAMES);
    };
  }

  private String path() {
    StringBuilder path = new StringBuilder(random.nextInt(4) == 0 ? "/" : "");
    int depth = 1 + random.nextInt(3);
    for (int i = 0; i < depth; i++) {
      path.append(i == 0 ? "" : random.nextInt(30) == 0 ? "//" : "/").append(name());
    }
    if (random.nextInt(15) == 0) {
      path.append('/');
    }
    return random.nextInt(200) == 0 ? "/" : path.toString();
  }

  private String one() {
    return switch (random.nextInt(34)) {
      case 0, 1, 2, 3 -> "mkdir " + path() + " " + pick(MODES);
      case 4 -> "rmdir " + path();
      case 5, 6 -> "unlink " + path();
      case 7, 8, 9 -> "rename " + path() + " " + path() + " " + renameFlags();
      case 10 -> "link " + path() + " " + path() + " " + (random.nextBoolean() ? 0x400 : 0);
      case 11, 12 -> "symlink " + path() + " " + path();
      case 13 -> "readlink " + path();
      case 14, 15 -> "stat " + path();
      case 16, 17 -> "lstat " + path();
      case 18 -> "chmod " + path() + " " + pick(MODES);
      case 19 -> "lchown " + path() + " " + owner() + " " + owner();
      case 20 -> "old " + path();
      case 21 -> random.nextInt(3) == 0 ? "touch " + path() : "old " + path();
      case 22 -> "truncate " + path() + " " + offset();
      case 23 -> "access " + path() + " " + random.nextInt(8);
      case 24 -> "list " + path();
      case 25 -> random.nextInt(3) == 0 ? "chdir " + path() : "getcwd";
      case 26 -> "who " + (random.nextInt(3) == 0 ? "1000 1000" : "0 0");
      case 27 -> "mknod " + path() + " " + nodeMode();
      case 28 -> "open " + path() + " " + pick(FLAGS) + " " + pick(MODES);
      case 29, 30 -> file("write") + offset() + " " + pick(LENGTHS);
      case 31 -> file("read") + offset() + " " + pick(LENGTHS);
      case 32 ->
          random.nextBoolean()
              ? file("seek") + offset() + " " + random.nextInt(provides ? 3 : 5)
              : file("ftruncate") + offset();
      default -> file("fallocate") + smallOffset() + " " + pick(LENGTHS) + " " + allocationMode();
    };
  }

  private int allocationMode() {
    return provides ? random.nextInt(5) : 2 + random.nextInt(3);
  }

  private long smallOffset() {
    return OFFSETS[random.nextInt(8)];
  }

  private String file(String what) {
    return what + " " + path() + " " + pick(FLAGS) + " " + pick(MODES) + " ";
  }

  private int renameFlags() {
    return switch (random.nextInt(8)) {
      case 0 -> Fcntl.RENAME_NOREPLACE;
      case 1, 2 -> Fcntl.RENAME_EXCHANGE;
      case 3 -> Fcntl.RENAME_EXCHANGE | Fcntl.RENAME_NOREPLACE;
      default -> 0;
    };
  }

  private int owner() {
    return random.nextInt(3) == 0 ? 1000 : random.nextInt(2) - 1;
  }

  /** Regular files, sockets and character devices. */
  private int nodeMode() {
    int[] types = {0, 0100000, 0140000, 0020000, 0040000};
    return types[random.nextInt(types.length)] | pick(MODES);
  }
}
