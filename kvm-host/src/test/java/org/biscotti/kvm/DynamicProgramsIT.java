package org.biscotti.kvm;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The host's own dynamically linked programs in a machine whose root shows the host's: the same
 * bytes and exit codes as natively. A program that is not installed is skipped.
 */
@RequiresKvm
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DynamicProgramsIT {
  private static final Map<String, String> ENVIRONMENT =
      Map.of(
          "TZ",
          "UTC",
          "LC_ALL",
          "C",
          "PATH",
          "/usr/bin:/bin",
          "HOME",
          "/tmp",
          "A",
          "of the caller",
          "PYTHONDONTWRITEBYTECODE",
          "1",
          "PYTHONHASHSEED",
          "0");

  private static final byte[] INPUT = "pear\nfig\napple\nfig\n".getBytes(ISO_8859_1);

  private static final String PYTHON_LIBRARIES =
      """
      import collections, datetime, decimal, hashlib, itertools, json, re, struct, sys, zlib
      text = json.dumps({'a': [1, 2.5, None, True], 'b': {'c': 'caf\\u00e9'}}, sort_keys=True)
      assert json.loads(text)['b']['c'] == 'caf\\u00e9'
      print(text, hashlib.sha256(text.encode()).hexdigest(), hashlib.md5(b'x' * 10**6).hexdigest())
      print(re.sub(r'(\\w+) (\\w+)', r'\\2 \\1', 'hello guest'), zlib.crc32(b'biscotti'))
      print(decimal.Decimal(2).sqrt(), datetime.datetime(2024, 2, 29).isoformat(), 2 ** 300)
      print(collections.Counter(map(len, itertools.permutations('abcd', 3))))
      print(struct.pack('<dI', 3.14, 7).hex(), sys.stdin.read().split())
      """;

  private static final String PYTHON_FILES =
      """
      import mmap, os, shutil, tempfile
      with tempfile.TemporaryDirectory(dir='/tmp') as top:
        os.makedirs(os.path.join(top, 'a/b/c'))
        for i in range(50):
          with open(os.path.join(top, 'a', 'f%02d' % i), 'w') as f:
            f.write('x' * i)
        path = os.path.join(top, 'a/b/mapped')
        with open(path, 'wb') as f:
          f.truncate(20000)
        with open(path, 'r+b') as f, mmap.mmap(f.fileno(), 0) as m:
          m[12345:12350] = b'mmaps'
          m.flush()
          print(m.find(b'mmaps'), len(m))
        with open(path, 'rb') as f:
          f.seek(12340)
          print(f.read(12))
        os.symlink('b/mapped', os.path.join(top, 'a', 'link'))
        os.rename(os.path.join(top, 'a/f07'), os.path.join(top, 'a/b/c/moved'))
        for where, folders, files in sorted(os.walk(top)):
          print(os.path.relpath(where, top), sorted(folders), sorted(files))
        print(sum(e.stat().st_size for e in os.scandir(top + '/a') if e.is_file()))
        shutil.copytree(os.path.join(top, 'a'), os.path.join(top, 'z'), symlinks=True)
        print(os.readlink(os.path.join(top, 'z/link')), len(os.listdir(os.path.join(top, 'z'))))
        kept = top
      print(os.path.exists(kept))
      try:
        open('/nowhere/at/all')
      except OSError as e:
        print(e.errno, e.strerror)
      raise SystemExit(5)
      """;

  private static final String PERL_FILES =
      """
      use strict; use warnings; use File::Temp qw(tempdir); use POSIX qw(floor strftime);
      my $dir = tempdir('/tmp/perlXXXXXX', CLEANUP => 1);
      open(my $out, '>', "$dir/data") or die $!;
      print $out "$_ ", $_ ** 2, "\\n" for 1 .. 1000;
      close $out;
      open(my $in, '<', "$dir/data") or die $!;
      my ($sum, %last) = (0);
      while (<$in>) { if (/^(\\d+) (\\d*5)$/) { $sum += $2; $last{substr($1, -1)}++ } }
      close $in;
      print "$sum @{[map { qq($_=$last{$_}) } sort keys %last]}\\n";
      rename "$dir/data", "$dir/moved" or die $!;
      print join(',', map { s{.*/}{}r } glob "$dir/*"), ' ', -s "$dir/moved", "\\n";
      print strftime('%Y-%m-%d', gmtime(86400 * 365)), ' ', floor(-2.5), "\\n";
      print "$ENV{A}\\n"; unlink '/nowhere' or print "$!\\n"; exit 3;
      """;

  /** A program with its arguments. */
  record Command(List<String> words) {
    static Command of(String... words) {
      return new Command(Arrays.asList(words));
    }

    @Override
    public String toString() {
      String all = String.join(" ", words);
      return all.lines()
          .findFirst()
          .orElse("")
          .transform(s -> s.substring(0, Math.min(60, s.length())));
    }
  }

  private Guest guest;

  @BeforeAll
  void boot() throws IOException {
    guest = Guest.over(Path.of("/"));
  }

  @AfterAll
  void stop() throws IOException {
    guest.close();
  }

  static Stream<Command> commands() {
    return Stream.of(
        Command.of("/bin/true"),
        Command.of("/bin/false"),
        Command.of("/bin/echo", "from", "the", "guest"),
        Command.of("/usr/bin/env", "-i", "B=1"),
        Command.of("/bin/date", "-u", "-d", "@0"),
        Command.of("/bin/date", "-d", "2024-02-29 12:00 +1 year", "+%A %s"),
        Command.of("/bin/cat", "/etc/passwd", "-", "/etc/absent"),
        Command.of("/bin/ls", "-lA", "/usr"),
        Command.of("/bin/ls", "-lL", "/bin/"),
        Command.of("/bin/ls", "-1R", "/etc/apt", "/etc/default"),
        Command.of("/usr/bin/stat", "-c", "%n %s %a %u %g %h %F %y", "/etc/passwd", "/usr", "/bin"),
        Command.of("/usr/bin/sort"),
        Command.of("/usr/bin/sort", "-t:", "-k3,3nr", "/etc/passwd"),
        Command.of("/usr/bin/uniq", "-c"),
        Command.of("/usr/bin/wc", "/etc/passwd", "/etc/services"),
        Command.of("/usr/bin/head", "-n", "2", "/etc/passwd"),
        Command.of("/usr/bin/tail", "-n", "2", "/etc/passwd"),
        Command.of("/usr/bin/cut", "-d:", "-f1", "/etc/passwd"),
        Command.of("/usr/bin/tr", "a-z", "A-Z"),
        Command.of("/usr/bin/od", "-A", "d", "-t", "x1z", "-N", "4096", "/bin/ls"),
        Command.of("/usr/bin/seq", "-s,", "1", "3", "100"),
        Command.of("/usr/bin/md5sum", "/bin/ls", "/bin/cat"),
        Command.of("/usr/bin/sha256sum", "/bin/bash"),
        Command.of("/usr/bin/base64", "/etc/passwd"),
        Command.of("/bin/grep", "-rn", "root", "/etc/passwd", "/etc/group"),
        Command.of("/bin/grep", "-E", "^(root|daemon):[^:]*:[0-9]+", "/etc/passwd"),
        Command.of("/bin/grep", "-c", "no such line", "/etc/passwd"),
        Command.of("/bin/sed", "-n", "s/^\\([^:]*\\):.*:\\([^:]*\\)$/\\2 \\1/p", "/etc/passwd"),
        Command.of(
            "/usr/bin/awk", "-F:", "{ n[$7]++; s += $3 } END { print s; print NR }", "/etc/passwd"),
        Command.of("/bin/gzip", "-nc", "/etc/passwd"),
        Command.of("/bin/readlink", "-f", "/bin/sh"),
        Command.of("/usr/bin/realpath", "/bin/../lib/."),
        Command.of("/usr/bin/diff", "/etc/passwd", "/etc/group"),
        Command.of("/usr/bin/cmp", "/bin/ls", "/bin/cat"),
        Command.of("/usr/bin/file", "-b", "/etc/passwd"),
        Command.of(
            "/bin/bash",
            "-c",
            "x=(a b c); echo ${#x[@]} ${x[1]^^} $((2**40)); [[ ab =~ a(.) ]]; echo ${BASH_REMATCH[1]}"),
        Command.of("/bin/bash", "-c", "while read -r l; do printf '<%s>' \"$l\"; done; exit 9"),
        Command.of("/usr/bin/perl", "-e", "print 6*7"),
        Command.of("/usr/bin/perl", "-e", PERL_FILES),
        Command.of("/usr/bin/python3", "-c", "print(sum(range(10**6)))"),
        Command.of("/usr/bin/python3", "-S", "-c", PYTHON_LIBRARIES),
        Command.of("/usr/bin/python3", "-c", PYTHON_FILES),
        Command.of("/usr/bin/python3", "-c", "1/0"));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void printsWhatItPrintsNatively(Command command) throws Exception {
    assertThat(inGuest(command)).isEqualTo(natively(command));
  }

  /** Lines come in the order of directories, or of the caller's environment. */
  @ParameterizedTest
  @MethodSource("unordered")
  void printsTheSameLines(Command command) throws Exception {
    Outcome natively = natively(command);
    Outcome inGuest = inGuest(command);
    assertThat(sorted(inGuest)).isEqualTo(sorted(natively));
    assertThat(inGuest.code()).isEqualTo(natively.code());
  }

  static Stream<Command> unordered() {
    return Stream.of(
        Command.of("/usr/bin/env"),
        Command.of("/usr/bin/find", "/usr/share/doc", "-maxdepth", "1"),
        Command.of("/usr/bin/find", "/usr/bin", "-printf", "%p %m %s %T@ %y %l\n"),
        Command.of("/usr/bin/find", "/etc", "-xdev", "-type", "l", "-printf", "%p %l\n"));
  }

  private static List<String> sorted(Outcome outcome) {
    return outcome.output().lines().sorted().toList();
  }

  /**
   * What is in /etc, but for the files that a container's own mounts replace, and for the root,
   * which has one link where it is an overlay.
   */
  @ParameterizedTest
  @MethodSource("listings")
  void listsTheSameDirectory(Command command) throws Exception {
    assertThat(withoutMounts(inGuest(command))).isEqualTo(withoutMounts(natively(command)));
  }

  static Stream<Command> listings() {
    return Stream.of(Command.of("/bin/ls", "-la", "/etc"), Command.of("/bin/ls", "-lan", "/etc"));
  }

  private static String withoutMounts(Outcome outcome) {
    assertThat(outcome.code()).as(outcome.errors()).isZero();
    return outcome
        .output()
        .lines()
        .filter(line -> !line.matches(".* (mtab|hosts|hostname|resolv.conf)( -> .*)?"))
        .filter(line -> !line.endsWith(" .."))
        .collect(Collectors.joining("\n"));
  }

  private Outcome inGuest(Command command) throws Exception {
    assumeTrue(
        Files.isExecutable(Path.of(command.words().getFirst())),
        () -> command.words().getFirst() + " is not installed");
    return guest.start("/tmp", INPUT, ENVIRONMENT, command.words()).await();
  }

  private static Outcome natively(Command command) throws Exception {
    assumeTrue(
        Files.isExecutable(Path.of(command.words().getFirst())),
        () -> command.words().getFirst() + " is not installed");
    return Native.run(Path.of("/tmp"), INPUT, ENVIRONMENT, command.words());
  }
}
