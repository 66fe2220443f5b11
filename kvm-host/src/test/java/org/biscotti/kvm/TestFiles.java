package org.biscotti.kvm;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Files that programs under test work on: always the same bytes, permissions and times. */
final class TestFiles {
  /** Times before this are ones that somebody has set. */
  private static final Instant SET = Instant.parse("2020-01-01T00:00:00Z");

  private static final Instant FIRST = Instant.parse("2010-10-10T10:10:10Z");
  private static final String WORDS =
      "fig apple banana Apple cherry date banana banana egg fig grape apple mango fig orange pear "
          + "quince rose plum lime lemon kiwi olive nut melon apricot papaya guava currant fig fig";

  private TestFiles() {}

  /** Fills an empty directory. */
  static void make(Path directory) throws IOException {
    Files.createDirectories(directory.resolve("sub/deep"));
    Map<String, byte[]> files = contents();
    Instant time = FIRST;
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Path path = Files.write(directory.resolve(file.getKey()), file.getValue());
      permit(path, file.getKey().equals("script") ? "rwxr-xr-x" : "rw-r--r--");
      Files.setLastModifiedTime(path, FileTime.from(time));
      time = time.plusSeconds(3601);
    }
    for (String name : List.of("sub/deep", "sub", "")) {
      permit(directory.resolve(name), "rwxr-xr-x");
    }
  }

  private static void permit(Path path, String permissions) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
  }

  private static SortedMap<String, byte[]> contents() {
    byte[] binary = new byte[10_000];
    new Random(42).nextBytes(binary);
    String lines =
        IntStream.range(0, 5000)
            .mapToObj(i -> "line " + i + " of a file that is longer than most buffers\n")
            .collect(Collectors.joining());
    String first = WORDS.substring(0, WORDS.indexOf(' '));
    SortedMap<String, byte[]> files = new TreeMap<>();
    files.put("binary", binary);
    files.put("change", bytes("--- a\n+++ b\n@@ -1,2 +1,2 @@\n-" + first + "\n+FIG\n apple\n"));
    files.put("encoded", bytes(Base64.getMimeEncoder().encodeToString(binary) + "\n"));
    files.put("long", bytes(lines));
    files.put("numbers", bytes("10\n9\n-3\n100\n0\n007\n2.5\n1e3\n"));
    files.put("script", bytes("#!/bin/sh\necho run\n"));
    files.put("sub/deep/leaf", bytes("a leaf\nanother leaf\n"));
    files.put("sub/other", bytes("other 1\n"));
    files.put("sums", bytes("scale = 20\n1 / 3\n2 ^ 200\nsqrt(2)\n"));
    files.put("table", bytes("ada:36:x\ngrace:85:y\nalan:41:z\nedsger:72:x\nken:36:\tw\n"));
    files.put("words", bytes(WORDS.replace(' ', '\n') + "\n"));
    return files;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(ISO_8859_1);
  }

  /** The regular files in and below a directory. */
  static List<Path> regularFiles(Path directory) throws IOException {
    try (Stream<Path> walk = Files.walk(directory)) {
      return walk.filter(path -> Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)).toList();
    }
  }

  /** Empties a directory. */
  static void clear(Path directory) throws IOException {
    List<Path> entries;
    try (Stream<Path> list = Files.list(directory)) {
      entries = list.toList();
    }
    for (Path entry : entries) {
      TestPrograms.deleteTree(entry);
    }
  }

  /**
   * Everything about the files below a directory that is the same whenever they are made: kind,
   * permissions, links, contents, and times that have been set.
   */
  static SortedMap<String, String> describe(Path directory) throws IOException {
    List<Path> paths;
    try (Stream<Path> walk = Files.walk(directory)) {
      paths = walk.toList();
    }
    SortedMap<String, String> described = new TreeMap<>();
    for (Path path : paths) {
      described.put(directory.relativize(path).toString(), describeOne(path));
    }
    return described;
  }

  private static String describeOne(Path path) throws IOException {
    if (Files.isSymbolicLink(path)) {
      return "link to " + Files.readSymbolicLink(path);
    }
    Map<String, Object> attributes = Files.readAttributes(path, "unix:mode,nlink");
    String mode = Integer.toOctalString((Integer) attributes.get("mode"));
    if (Files.isDirectory(path)) {
      return mode;
    }
    Instant time = Files.getLastModifiedTime(path).toInstant();
    String shownTime = time.isBefore(SET) ? time.toString() : "now";
    return String.join(
        " ", mode, attributes.get("nlink").toString(), shownTime, digest(Files.readAllBytes(path)));
  }

  private static String digest(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
