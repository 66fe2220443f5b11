package org.biscotti.kernel.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Compares the tree with Linux' tmpfs: the same random operations, as root and as others, on both,
 * and every result has to be the same: errors, link counts, sizes, blocks, modes, time stamps that
 * move, contents. Needs gcc, a tmpfs on /dev/shm, and root for chroot and changing users.
 */
class NativeTreeTest {
  private static final Path TMPFS = Path.of("/dev/shm");
  private static final int OPERATIONS = 6000;
  private static final long TIMEOUT_SECONDS = 60;

  @TempDir static Path work;
  private static Path program = Path.of("");

  @BeforeAll
  static void compile() throws IOException, InterruptedException {
    assumeTrue(Files.isDirectory(TMPFS), "no /dev/shm");
    assumeTrue("tmpfs".equals(Files.getFileStore(TMPFS).type()), "/dev/shm is no tmpfs");
    assumeTrue(
        Boolean.TRUE.equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0)),
        "not root");
    Path source = work.resolve("tree.c");
    try (InputStream in = NativeTreeTest.class.getResourceAsStream("tree.c")) {
      assertThat(in).isNotNull();
      Files.copy(in, source);
    }
    program = work.resolve("tree");
    Process gcc;
    try {
      gcc =
          new ProcessBuilder("gcc", "-O1", "-o", program.toString(), source.toString())
              .inheritIO()
              .start();
    } catch (IOException e) {
      assumeTrue(false, "no gcc: " + e.getMessage());
      return;
    }
    assertThat(gcc.waitFor()).as("gcc").isZero();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
  void sameAsLinux(long seed) throws IOException, InterruptedException {
    List<String> operations = new RandomOperations(seed).list(OPERATIONS);
    List<String> expected = runNatively(operations);
    try (TestTree tree = new TestTree(16384)) {
      TreeOperations ours = new TreeOperations(tree);
      for (int i = 0; i < operations.size(); i++) {
        String got = ours.run(operations.get(i));
        if (!got.equals(expected.get(i))) {
          fail(
              "seed %d, operation %d: %s%nLinux: %s%nours:  %s%nbefore:%n%s",
              seed,
              i,
              operations.get(i),
              expected.get(i),
              got,
              String.join("\n", operations.subList(Math.max(0, i - 40), i)));
        }
      }
    }
  }

  private List<String> runNatively(List<String> operations)
      throws IOException, InterruptedException {
    Path root = Files.createTempDirectory(TMPFS, "tree");
    try {
      Path script = work.resolve("operations");
      Files.write(script, operations, StandardCharsets.ISO_8859_1);
      Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
      Path output = work.resolve("output");
      Process run =
          new ProcessBuilder(program.toString(), root.toString())
              .redirectInput(script.toFile())
              .redirectOutput(output.toFile())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      assertThat(run.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)).isTrue();
      assertThat(run.exitValue()).isZero();
      List<String> lines = Files.readAllLines(output, StandardCharsets.ISO_8859_1);
      assertThat(lines).hasSameSizeAs(operations);
      return lines;
    } finally {
      deleteAll(root);
    }
  }

  private static void deleteAll(Path root) throws IOException {
    List<Path> all = new ArrayList<>();
    try (var walk = Files.walk(root)) {
      walk.forEach(all::add);
    }
    for (Path path : all.reversed()) {
      Files.delete(path);
    }
  }
}
