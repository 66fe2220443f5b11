package org.biscotti.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Where the programs are that tests run, and what they need of the host's files. */
final class TestPrograms {
  private static final Path HOME = Path.of(System.getProperty("biscotti.home", ".."));

  private TestPrograms() {}

  static Path home() {
    return HOME.toAbsolutePath().normalize();
  }

  /** A program that scripts/guests.sh compiled from guest-kernel/src/test/guest. */
  static Path guestTest(String name) {
    Path program = home().resolve("guest-kernel/target/guest").resolve(name);
    assertThat(program).as("compiled by scripts/guests.sh").isExecutable();
    return program;
  }

  /** An attack that scripts/guests.sh compiled from guest-kernel/src/test/guest/hostile. */
  static Path hostile(String name) {
    return guestTest("hostile/" + name);
  }

  /** The statically linked busybox of the host. */
  static Path busybox() {
    return Stream.of("/bin/busybox", "/usr/bin/busybox")
        .map(Path::of)
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow(() -> new AssertionError("install busybox-static"));
  }

  static void deleteTree(Path directory) throws IOException {
    List<Path> all;
    try (Stream<Path> walk = Files.walk(directory)) {
      all = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : all) {
      Files.delete(path);
    }
  }
}
