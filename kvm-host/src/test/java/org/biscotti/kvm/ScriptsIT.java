package org.biscotti.kvm;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Shells, compilers and interpreters that make processes, pipelines and threads: what they print
 * and how they end is the same as natively, byte for byte. The machine's root shows the host's. A
 * program that is not installed is skipped.
 */
@RequiresKvm
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ScriptsIT {
  private static final Map<String, String> ENVIRONMENT =
      Map.of(
          "TZ", "UTC",
          "LC_ALL", "C",
          "PATH", "/usr/bin:/bin",
          "HOME", "/nonexistent",
          "GIT_CONFIG_NOSYSTEM", "1",
          "PYTHONDONTWRITEBYTECODE", "1",
          "PYTHONHASHSEED", "0");

  /** Programs that a script of that name calls. */
  private static final List<String> NEEDED = List.of("gcc", "make", "git", "sqlite3");

  /** What every POSIX shell can do. */
  private static final String SHELL =
      """
      echo one two three | tr ' ' '\\n' | sort -r | while read -r word; do echo "<$word>"; done
      cat <<EOF | sed 's/^/> /'
      here $(echo documents) and $((6 * 7))
      EOF
      cat <<'EOF'
      not $expanded
      EOF
      false; echo "false is $?"
      (exit 7); echo "subshell $?"
      sh -c 'kill -TERM $$'; echo "killed $?"
      nosuchprogram 2>/dev/null; echo "missing $?"
      true && echo yes || echo no
      f() { local x=$1; echo "f $x $#"; return 3; }
      f a b; echo "returned $?"
      i=0; while [ $i -lt 5 ]; do i=$((i + 1)); [ $i = 3 ] && continue; echo $i; done
      for x in a b c; do echo $x; done > list; wc -l < list; cat list list | uniq -c | head -2
      x=$(for n in 3 1 2; do echo $n; done | sort | tr '\\n' ' '); echo "[$x]"
      (sleep 0.05; echo background) & wait $!; echo "waited $?"
      (exit 5) & wait $!; echo "job $?"
      # dash says that it was terminated, or not, by when it sees it
      { sleep 30 & kill $!; wait $!; } 2> /dev/null; echo "killed job $?"
      trap 'echo caught' USR1; kill -USR1 $$; echo after
      trap '' TERM; sh -c 'kill -TERM $$; echo ignores'; trap - TERM
      set -- x 'y z' "$(printf 'a\\nb')"; for a in "$@"; do echo "arg: $a"; done
      echo to stderr >&2
      { echo out; echo err >&2; } 2>&1 | sort
      exec 3> three; echo through three >&3; exec 3>&-; cat three
      mkdir d; (cd d; touch z; ls); rm -r d
      case "$(uname -s)" in Lin*) echo linux;; *) echo other;; esac
      umask 027; touch masked; ls -l masked | cut -c1-10
      yes | head -n 1000 | wc -l
      seq 1 20000 | grep -c 7
      dd if=/dev/zero bs=1k count=300 2>/dev/null | cksum
      mkfifo pipe; (echo by fifo > pipe) & cat pipe; wait
      ulimit -n 64; ulimit -n
      trap 'echo bye; rm -f list three masked pipe' EXIT
      exit 42
      """;

  private static final String BASH =
      """
      set -o pipefail
      false | true; echo "${PIPESTATUS[*]} $?"
      diff <(printf '1\\n2\\n') <(printf '1\\n3\\n')
      mapfile -t lines < <(seq 5); echo "${#lines[@]} ${lines[2]}"
      declare -A m=([a]=1 [b]=2); for k in a b; do echo "$k=${m[$k]}"; done
      coproc CAT { cat; }; echo ping >&"${CAT[1]}"; read -r r <&"${CAT[0]}"; echo "co $r"
      eval "exec ${CAT[1]}>&-"; wait
      for i in 1 2 3; do (exit $i) & p[i]=$!; done; for i in 3 1 2; do wait ${p[i]}; echo "job $?"; done
      echo "$(< /etc/hostname)" | wc -l
      printf '%s\\n' {a..e}{1,2} | paste -sd,
      time_out=$( { sleep 0.01; echo done; } ); echo $time_out
      (ulimit -v 200000; echo limited)
      exec bash -c 'echo replaced $0 $1; exit 9' name arg
      """;

  private static final String COMPILE =
      """
      cat > main.c <<'X'
      #include <stdio.h>
      #include <math.h>
      int twice(int);
      int main(int argc, char **argv) { printf("%s %d %.3f\\n", argv[argc - 1], twice(21), sqrt(2)); return 3; }
      X
      echo 'int twice(int x) { return 2 * x; }' > twice.c
      gcc -O2 -Wall -o program main.c twice.c -lm && ./program from gcc; echo "exit $?"
      gcc -static -o fixed main.c twice.c -lm && ./fixed statically; echo "exit $?"
      echo 'int main(void) { return x; }' > bad.c; gcc bad.c -o bad 2>&1 | head -3; echo "${?}"
      rm -f main.c twice.c program fixed bad.c
      """;

  private static final String MAKE =
      """
      printf 'all: a b c d\\n\\tcat a b c d > all\\n%%:\\n\\techo making $@ > $@; sleep 0.05\\n.SUFFIXES:\\nMakefile: ;\\n' > Makefile
      make -s -j2 all && cat all; echo "exit $?"
      make -q all; echo "up to date $?"
      printf 'x:\\n\\tfalse\\n' > Bad; make -s -f Bad x 2>&1 | sed 's/make\\[[0-9]*\\]/make/'
      rm -f a b c d all Makefile Bad
      """;

  private static final String GIT =
      """
      export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=C
      export GIT_COMMITTER_EMAIL=c@example.org
      export GIT_AUTHOR_DATE='2024-01-01T00:00:00Z' GIT_COMMITTER_DATE='2024-01-02T00:00:00Z'
      git init -q -b main repository && cd repository
      for i in 1 2 3; do seq $i 100 > file$i; git add file$i; git commit -qm "change $i"; done
      git checkout -q -b side HEAD~1; echo side > side; git add side; git commit -qm side
      git checkout -q main; git merge -q -m merged side
      git log --graph --format='%H %an %ad %s' --date=iso
      echo more >> file1; git diff --stat; git status --short; git stash -q; git status --short
      git gc -q; git fsck 2>&1; git show --stat HEAD~1
      cd ..; git clone -q repository copy && ls copy; rm -rf repository copy
      """;

  private static final String ARCHIVE =
      """
      tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - -C TESTS guest | tee t.tar \\
        | gzip -n | tee t.gz | sha256sum
      gzip -dc t.gz | cmp - t.tar && tar tf t.tar | wc -l
      mkdir out && tar xf t.tar -C out && find out -type f | sort | xargs sha256sum | sha256sum
      xz -T2 -c t.tar 2>/dev/null | xz -dc | cmp - t.tar; rm -rf out t.tar t.gz
      """;

  private static final String SQLITE =
      """
      sqlite3 db 'create table t(a integer primary key, b text); begin;'
      seq 1 2000 | sed "s/.*/insert into t values(&, 'row &');/" | (echo 'begin;'; cat; echo 'commit;') \\
        | sqlite3 db
      sqlite3 db "select count(*), sum(a), max(b) from t; pragma integrity_check;"
      sqlite3 db "pragma journal_mode=wal; update t set b = 'x' where a % 3 = 0; select count(*) from t where b = 'x';"
      rm -f db db-wal db-shm
      """;

  private static final String PYTHON =
      """
      import multiprocessing, os, queue, signal, subprocess, sys, threading, time
      q, results = queue.Queue(), []
      def worker():
        while (n := q.get()) is not None:
          results.append(n * n)
          q.task_done()
      threads = [threading.Thread(target=worker) for _ in range(4)]
      for t in threads: t.start()
      for n in range(200): q.put(n)
      q.join()
      for t in threads: q.put(None)
      for t in threads: t.join()
      print(sum(results), len(results))
      with multiprocessing.Pool(2) as pool:
        print(pool.map(abs, range(-5, 5)), pool.apply(len, ([1, 2, 3],)))
      out = subprocess.run(['sort', '-r'], input=b'a\\nc\\nb\\n', capture_output=True)
      print(out.stdout, out.returncode)
      try:
        subprocess.run(['/no/such/program'])
      except FileNotFoundError as e:
        print(e.errno)
      p = subprocess.Popen(['sleep', '60'])
      p.terminate()
      print(p.wait())
      try:
        subprocess.run(['sleep', '60'], timeout=0.1)
      except subprocess.TimeoutExpired as e:
        print('timeout')
      r, w = os.pipe()
      if os.fork() == 0:
        os.write(w, b'child')
        os._exit(3)
      print(os.read(r, 10), os.WEXITSTATUS(os.wait()[1]))
      signal.signal(signal.SIGALRM, lambda *a: print('alarm'))
      signal.setitimer(signal.ITIMER_REAL, 0.05)
      signal.pause()
      lock, hits = threading.Condition(), []
      def wait():
        with lock:
          hits.append(lock.wait(5))
      ts = [threading.Thread(target=wait) for _ in range(3)]
      for t in ts: t.start()
      time.sleep(0.1)
      with lock: lock.notify_all()
      for t in ts: t.join()
      print(hits)
      """;

  private static final String PERL =
      """
      $| = 1;
      for my $n (1 .. 3) { my $pid = fork // die; if (!$pid) { exit $n } waitpid $pid, 0; print $? >> 8, "\\n" }
      open(my $p, '-|', 'seq', 1, 5) or die; print map { $_ * 2, ' ' } <$p>; close $p; print "\\n";
      open(my $s, '|-', 'sort -n') or die; print $s "10\\n9\\n"; close $s;
      print `echo quoted; exit 2`, $? >> 8, "\\n";
      local $SIG{ALRM} = sub { die "alarm\\n" }; eval { alarm 1; sleep 10 }; print $@;
      pipe(my $r, my $w); if (!fork) { close $r; print $w 'x' x 100_000; exit } close $w;
      local $/; print length(<$r>), "\\n"; wait; kill 'KILL', $$;
      """;

  /** A program with its arguments. */
  record Script(String name, List<String> words) {
    static Script of(String name, String... words) {
      return new Script(name, List.of(words));
    }

    @Override
    public String toString() {
      return name;
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

  static Stream<Script> scripts() {
    String guestTests = TestPrograms.home().resolve("guest-kernel/src/test").toString();
    String busybox = TestPrograms.busybox().toString();
    return Stream.of(
        Script.of("busybox sh", busybox, "sh", "-c", SHELL),
        Script.of("dash", "/bin/dash", "-c", SHELL),
        Script.of("bash as sh", "/bin/bash", "--norc", "-c", SHELL),
        Script.of("bash", "/bin/bash", "--norc", "-c", BASH),
        Script.of("gcc", "/bin/sh", "-c", COMPILE),
        Script.of("make", "/bin/sh", "-c", MAKE),
        Script.of("git", "/bin/sh", "-c", GIT),
        Script.of("archives", "/bin/sh", "-c", ARCHIVE.replace("TESTS", guestTests)),
        Script.of("sqlite3", "/bin/sh", "-c", SQLITE),
        Script.of("python3", "/usr/bin/python3", "-c", PYTHON),
        Script.of("perl", "/usr/bin/perl", "-e", PERL),
        Script.of("java", System.getProperty("java.home") + "/bin/java", "-Xmx64m", "-version"));
  }

  @ParameterizedTest
  @MethodSource("scripts")
  void doesWhatItDoesNatively(Script script) throws Exception {
    String program = script.name().replaceFirst(" .*", "");
    boolean installed =
        Files.exists(Path.of(script.words().getFirst()))
            && Stream.of("/usr/bin/", "/bin/")
                .anyMatch(d -> Files.exists(Path.of(d + program)) || !NEEDED.contains(program));
    assumeTrue(installed, program + " is not installed");
    Path directory = Files.createTempDirectory(Path.of("/dev/shm"), "biscotti-script");
    Outcome natively;
    try {
      natively = Native.run(directory, new byte[0], ENVIRONMENT, script.words());
    } finally {
      TestPrograms.deleteTree(directory);
    }
    String place = "/tmp/" + script.name().replace(' ', '-');
    assertThat(guest.run("/bin/mkdir", place).code()).isZero();
    Outcome inGuest =
        guest.start(place, new byte[0], ENVIRONMENT, new ArrayList<>(script.words())).await();
    assertThat(inGuest).isEqualTo(natively);
    assertThat(natively.output() + natively.errors()).isNotEmpty();
  }

  /** The input of a pipeline comes from outside, and its output goes there. */
  @ParameterizedTest
  @MethodSource("filters")
  void filtersItsInput(Script script) throws Exception {
    byte[] input = "some\nlines\nto\nfilter\n".repeat(5000).getBytes(ISO_8859_1);
    Outcome natively = Native.run(Path.of("/"), input, ENVIRONMENT, script.words());
    Outcome inGuest = guest.start("/", input, ENVIRONMENT, script.words()).await();
    assertThat(inGuest).isEqualTo(natively);
  }

  static Stream<Script> filters() {
    return Stream.of(
        Script.of("count", "/bin/sh", "-c", "sort | uniq -c | sort -rn | head -3"),
        Script.of("sum", "/bin/bash", "-c", "tee >(wc -c >&2) | md5sum; sleep 0.1"),
        Script.of("cut", "/bin/dash", "-c", "head -n 1; cat > /dev/null"));
  }
}
