package org.biscotti.kvm;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * What {@link BusyboxIT} has busybox do: commands that make no processes, on the files of {@link
 * TestFiles}.
 */
final class BusyboxCases {
  private static final String BUSYBOX = TestPrograms.busybox().toString();
  private static final String DATE = "2001-02-03 04:05:06";

  private BusyboxCases() {}

  /** Commands one after another in one directory; the first word names a command of busybox. */
  record Case(String name, boolean ordered, List<List<String>> commands) {
    static Case of(String name, String[]... commands) {
      return new Case(name, true, Arrays.stream(commands).map(List::of).toList());
    }

    /** One whose lines come in the order of directories, which is not the same everywhere. */
    static Case unordered(String name, String[]... commands) {
      return new Case(name, false, Arrays.stream(commands).map(List::of).toList());
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** A command line; no shell looks at its words. */
  private static String[] run(String... words) {
    return words;
  }

  static Stream<Case> all() {
    return Stream.of(text(), patterns(), files(), trees(), attributes(), data(), numbers(), shell())
        .flatMap(part -> part);
  }

  private static Stream<Case> text() {
    return Stream.of(
        Case.of(
            "cat",
            run("cat"),
            run("cat", "words", "-", "table"),
            run("cat", "-n", "words"),
            run("cat", "-A", "binary"),
            run("cat", "absent", "words")),
        Case.of(
            "sort",
            run("sort", "words"),
            run("sort", "-r", "-u", "words"),
            run("sort", "-n", "numbers"),
            run("sort", "-t:", "-k2,2n", "-k1,1", "table"),
            run("sort", "-c", "words"),
            run("sort", "-o", "sorted", "words", "numbers"),
            run("cat", "sorted")),
        Case.of(
            "wc",
            run("wc", "words", "numbers", "binary", "long"),
            run("wc", "-l", "words"),
            run("wc", "-c"),
            run("wc", "-L", "table"),
            run("wc", "absent")),
        Case.of(
            "head",
            run("head", "words"),
            run("head", "-n", "3", "words"),
            run("head", "-n", "-3", "words"),
            run("head", "-c", "100", "binary"),
            run("head", "-n", "1", "words", "numbers")),
        Case.of(
            "tail",
            run("tail", "words"),
            run("tail", "-n", "3", "long"),
            run("tail", "-n", "+30", "words"),
            run("tail", "-c", "100", "binary"),
            run("tail", "-n", "2")),
        Case.of(
            "cut",
            run("cut", "-d:", "-f1,3", "table"),
            run("cut", "-c2-4", "words"),
            run("cut", "-b", "1-2", "binary")),
        Case.of(
            "tr",
            run("tr", "a-z", "A-Z"),
            run("tr", "-d", "aeiou"),
            run("tr", "-s", "[:space:]", "_"),
            run("tr", "-cd", "[:digit:]")),
        Case.of("uniq", run("uniq", "words"), run("uniq", "-c"), run("uniq", "-d", "words", "out")),
        Case.of("tac", run("tac", "words"), run("tac")),
        Case.of("rev", run("rev", "words")),
        Case.of("nl", run("nl", "words")),
        Case.of("fold", run("fold", "-w", "7", "table"), run("fold", "-s", "-w", "9", "table")),
        Case.of("paste", run("paste", "words", "numbers"), run("paste", "-s", "-d,", "words")),
        Case.of("expand", run("expand"), run("unexpand", "-a", "table")),
        Case.of("tee", run("tee", "copy"), run("tee", "-a", "copy"), run("cat", "copy")),
        Case.of("strings", run("strings", "-n", "5", "binary")));
  }

  private static Stream<Case> patterns() {
    return Stream.of(
        Case.of(
            "grep",
            run("grep", "an", "words"),
            run("grep", "-c", "a", "words", "table"),
            run("grep", "-n", "-i", "^A.*E$", "words"),
            run("grep", "-v", "-E", "a|e", "words"),
            run("grep", "-o", "[0-9]\\+", "table"),
            run("grep", "-F", "-x", "fig", "words"),
            run("grep", "nothing", "words"),
            run("grep", "a", "absent"),
            run("grep", "-q", "apple"),
            run("grep", "ELF", BUSYBOX)),
        Case.unordered("grep-r", run("grep", "-r", "leaf", "."), run("grep", "-rl", "1", ".")),
        Case.of(
            "sed",
            run("sed", "s/a/[&]/g", "words"),
            run("sed", "-n", "2,4p;$p", "words"),
            run("sed", "-E", "s/([a-z]+):([0-9]+)/\\2:\\1/", "table"),
            run("sed", "/an/d;y/abc/xyz/", "words"),
            run("sed", "-i", "s/e/E/g", "words"),
            run("cat", "words"),
            run("sed", "-n", "w out", "table"),
            run("cat", "out"),
            run("sed", "bad")),
        Case.of(
            "awk",
            run("awk", "{ n += $2 } END { print n, NR }"),
            run("awk", "-F:", "$2 > 20 { printf \"%-8s|%5.2f\\n\", $1, $2 / 3 }", "table"),
            run("awk", "{ c[$1]++ } END { print c[\"apple\"], length(c) }", "words"),
            run("awk", "BEGIN { print substr(\"biscotti\", 2, 3), toupper(\"x\"), sin(0), 2^10 }"),
            run("awk", "BEGIN { print ENVIRON[\"TZ\"]; exit 3 }"),
            run(
                "awk",
                "{ print > \"out\" } END { close(\"out\"); while ((getline < \"out\") > 0) n++; print n }",
                "words"),
            run("awk", "{")),
        Case.of(
            "cmp",
            run("cmp", "words", "words"),
            run("cmp", "words", "numbers"),
            run("cmp", "-l", "words", "table"),
            run("cmp", "-s", "words", "absent")),
        Case.of(
            "diff",
            run("sort", "-o", "sorted", "words"),
            run("diff", "words", "words"),
            run("diff", "-L", "a", "-L", "b", "words", "sorted"),
            run("diff", "-q", "words", "sorted"),
            run("diff", "words", "absent")),
        Case.of(
            "patch",
            run("sort", "-o", "sorted", "words"),
            run("cp", "words", "target"),
            run("patch", "target", "change"),
            run("cat", "target")));
  }

  private static Stream<Case> files() {
    return Stream.of(
        Case.of(
            "cp",
            run("cp", "words", "copy"),
            run("cat", "copy"),
            run("cp", "-p", "script", "preserved"),
            run("stat", "-c", "%a %s %Y %F", "preserved"),
            run("cp", "-r", "sub", "tree"),
            run("cat", "tree/deep/leaf"),
            run("cp", "long", "binary", "tree"),
            run("md5sum", "tree/long", "tree/binary"),
            run("cp", "words", "words"),
            run("cp", "absent", "copy"),
            run("cp", "sub", "other")),
        Case.of(
            "mv",
            run("mv", "words", "moved"),
            run("ls"),
            run("mv", "moved", "numbers", "sub"),
            run("mv", "sub", "tree"),
            run("cat", "tree/moved"),
            run("mv", "-n", "table", "tree/moved"),
            run("mv", "table", "binary"),
            run("cat", "binary"),
            run("mv", "absent", "tree"),
            run("mv", "tree", "tree/deep"),
            run("ls", "tree")),
        Case.of(
            "rm",
            run("rm", "words"),
            run("rm", "words"),
            run("rm", "-f", "words"),
            run("rm", "sub"),
            run("rm", "-r", "sub"),
            run("ls")),
        Case.of(
            "ln",
            run("ln", "-s", "words", "soft"),
            run("ln", "words", "hard"),
            run("stat", "-c", "%h %F", "words", "hard", "soft"),
            run("readlink", "soft"),
            run("readlink", "-f", "soft"),
            run("readlink", "hard"),
            run("cat", "soft"),
            run("ln", "-s", "loop", "loop"),
            run("cat", "loop"),
            run("ln", "-s", "/nowhere/at/all", "dangling"),
            run("cat", "dangling"),
            run("ln", "words", "hard"),
            run("ln", "-sf", "numbers", "soft"),
            run("cat", "soft"),
            run("rm", "words"),
            run("cat", "hard"),
            run("test", "-L", "dangling"),
            run("test", "-e", "dangling")),
        Case.of(
            "realpath",
            run("ln", "-s", "sub/deep", "short"),
            run("realpath", "short/leaf"),
            run("realpath", "short/../other"),
            run("realpath", "absent/x")),
        Case.of(
            "mkdir",
            run("mkdir", "new"),
            run("mkdir", "new"),
            run("mkdir", "-p", "new/a/b/c", "new/d"),
            run("mkdir", "-m", "700", "new/private"),
            run("stat", "-c", "%a %F", "new/private"),
            run("mkdir", "gone/x"),
            run("mkdir", "words/x"),
            run("ls", "new"),
            run("rmdir", "new"),
            run("rmdir", "new/d"),
            run("rmdir", "-p", "new/a/b/c"),
            run("rmdir", "words"),
            run("ls", "new")),
        Case.of(
            "dd",
            run("dd", "if=binary", "of=part", "bs=512", "skip=3", "count=4", "status=none"),
            run("md5sum", "part"),
            run("dd", "if=words", "of=part", "bs=1", "seek=100", "conv=notrunc", "status=none"),
            run("md5sum", "part"),
            run("dd", "if=/dev/zero", "of=sparse", "bs=4096", "seek=5", "count=1", "status=none"),
            run("stat", "-c", "%s", "sparse"),
            run("md5sum", "sparse"),
            run("dd", "bs=4", "count=2", "status=none"),
            run("dd", "if=absent", "status=none")),
        Case.of(
            "truncate",
            run("truncate", "-s", "10", "words"),
            run("cat", "words"),
            run("truncate", "-s", "5000", "words"),
            run("md5sum", "words"),
            run("truncate", "-c", "-s", "5", "absent"),
            run("test", "-e", "absent")),
        Case.of(
            "split",
            run("split", "-l", "10", "words", "piece"),
            run("ls"),
            run("wc", "-l", "pieceaa", "pieceab"),
            run("split", "-b", "4k", "binary", "b."),
            run("md5sum", "b.aa", "b.ab", "b.ac")));
  }

  private static Stream<Case> trees() {
    return Stream.of(
        Case.of(
            "ls",
            run("ls"),
            run("ls", "-1", "sub", "words"),
            run("ls", "-r"),
            run("ls", "-S", "words", "numbers", "long", "binary"),
            run("ls", "-p"),
            run("ls", "-ln", "--full-time", "words", "numbers", "script", "long"),
            run("ls", "-ln", "words", "script"),
            run("ls", "-d", "sub"),
            run("ls", "absent", "words")),
        Case.of("ls-R", run("ls", "-R", ".")),
        Case.unordered(
            "find",
            run("find", "."),
            run("find", ".", "-type", "f", "-name", "*e*"),
            run("find", "sub", "-maxdepth", "1"),
            run("find", ".", "-size", "+8k", "-type", "f"),
            run("find", ".", "-perm", "755", "-type", "f"),
            run("find", ".", "-newer", "words", "-name", "numbers"),
            run("find", ".", "-depth", "-path", "./sub/*"),
            run("find", ".", "-type", "f", "-mtime", "+1000"),
            run("find", "absent"),
            run("find", "sub", "-type", "f", "-delete"),
            run("find", "sub")),
        Case.of(
            "tar",
            run("tar", "cf", "one.tar", "words", "script", "sub/other", "long"),
            run("md5sum", "one.tar"),
            run("tar", "tf", "one.tar"),
            run("tar", "tvf", "one.tar", "words"),
            run("mkdir", "unpacked"),
            run("tar", "xf", "one.tar", "-C", "unpacked"),
            run("cmp", "long", "unpacked/long"),
            run("stat", "-c", "%n %a %s %Y", "unpacked/words", "unpacked/script"),
            run("tar", "tf", "words")),
        Case.of("cpio", run("cpio", "-t", "-F", "absent"), run("cpio", "-t", "-F", "words")),
        Case.of(
            "gzip",
            run("gzip", "-n", "-k", "long"),
            run("md5sum", "long.gz"),
            run("gunzip", "-c", "long.gz"),
            run("gunzip", "-t", "long.gz"),
            run("gunzip", "long.gz"),
            run("gunzip", "-f", "long.gz"),
            run("md5sum", "long"),
            run("ls"),
            run("gzip", "-c", "-9"),
            run("gunzip", "-c", "words")),
        Case.of(
            "bzip2",
            run("bzip2", "-k", "binary"),
            run("md5sum", "binary.bz2"),
            run("rm", "binary"),
            run("bunzip2", "binary.bz2"),
            run("md5sum", "binary")));
  }

  private static Stream<Case> attributes() {
    return Stream.of(
        Case.of(
            "stat",
            run("stat", "-c", "%n %s %a %A %F %h %Y %y", "words"),
            run("stat", "-c", "%n %a %F", "sub", "script", "/dev/null"),
            run("stat", "-c", "%t %T", "/dev/null", "/dev/zero", "/dev/urandom"),
            run("stat", "-c", "%s", "absent")),
        Case.of(
            "touch",
            run("touch", "empty"),
            run("stat", "-c", "%n %s %F", "empty"),
            run("touch", "-d", DATE, "words"),
            run("stat", "-c", "%n %Y %x", "words"),
            run("touch", "-r", "words", "empty"),
            run("ls", "-ln", "--full-time", "empty"),
            run("touch", "-c", "absent"),
            run("test", "-e", "absent"),
            run("touch", "gone/absent"),
            run("touch", "-d", "nonsense", "words")),
        Case.of(
            "chmod",
            run("chmod", "600", "words"),
            run("chmod", "u+x,g=r,o-r", "numbers"),
            run("chmod", "-R", "go-rwx", "sub"),
            run("chmod", "+t", "sub"),
            run("stat", "-c", "%n %a %A", "words", "numbers", "sub", "sub/deep", "sub/deep/leaf"),
            run("chmod", "644", "absent"),
            run("chmod", "999", "words")),
        Case.of(
            "test",
            run("test", "-f", "words"),
            run("test", "-d", "words"),
            run("test", "words", "-nt", "numbers"),
            run("test", "words", "-ot", "numbers"),
            run("test", "-x", "script"),
            run("test", "-s", "words"),
            run("test", "-c", "/dev/null"),
            run("test", "5", "-gt", "x")),
        Case.of("basename", run("basename", "/a/b/c.txt", ".txt"), run("basename", "/")),
        Case.of("dirname", run("dirname", "/a/b/c"), run("dirname", "c"), run("dirname", "/")),
        Case.of("pwd", run("pwd")));
  }

  private static Stream<Case> data() {
    return Stream.of(
        Case.of(
            "sums",
            run("md5sum", "words", "binary", "long"),
            run("sha1sum", "words", "binary", "long"),
            run("sha256sum", "words", "binary", "long", BUSYBOX),
            run("sha512sum", "words", "binary", "long"),
            run("sha3sum", "words", "binary"),
            run("crc32", "words", "binary"),
            run("cksum", "words"),
            run("md5sum"),
            run("md5sum", "absent", "words"),
            run("sha256sum", "-c", "words")),
        Case.of(
            "od",
            run("od", "words"),
            run("od", "-A", "x", "-t", "x1z", "binary"),
            run("od", "-c"),
            run("od", "-t", "d4", "-N", "32", "binary"),
            run("hexdump", "-C", "binary"),
            run("hexdump", "words"),
            run("xxd", "words"),
            run("xxd", "-p"),
            run("xxd", "-s", "4000", "-l", "40", "binary")),
        Case.of(
            "base64",
            run("base64", "binary"),
            run("base64"),
            run("base64", "-d", "encoded"),
            run("base64", "-d", "table")),
        Case.of(
            "uuencode",
            run("uuencode", "words"),
            run("uudecode", "-o", "decoded", "words"),
            run("uuencode", "-m", "words", "name")),
        Case.of("shred", run("shred", "-n", "1", "-u", "words"), run("test", "-e", "words")),
        Case.of("shuf", run("shuf", "-n", "0", "words"), run("shuf", "-i", "7-7")));
  }

  private static Stream<Case> numbers() {
    return Stream.of(
        Case.of(
            "seq",
            run("seq", "5"),
            run("seq", "-w", "8", "11"),
            run("seq", "1", "0.5", "3"),
            run("seq", "10", "-3", "0"),
            run("seq", "1", "20000"),
            run("seq", "x")),
        Case.of(
            "expr",
            run("expr", "6", "*", "7"),
            run("expr", "abcdef", ":", "ab\\(.*\\)f"),
            run("expr", "length", "biscotti"),
            run("expr", "1", "-", "1"),
            run("expr", "1", "/", "0"),
            run("expr", "3", "<", "20")),
        Case.of(
            "factor",
            run("factor", "1234567890", "97", "18446744073709551557"),
            run("factor", "x")),
        Case.of(
            "bc", run("dc", "-e", "2 100 ^ p"), run("bc", "-q", "sums"), run("bc", "-l", "sums")),
        Case.of(
            "date",
            run("date", "-u", "-d", DATE),
            run("date", "-u", "-d", "@0", "+%Y-%m-%dT%H:%M:%S %j %u %a %b"),
            run("date", "-d", "@1700000000", "+%s %Z"),
            run("date", "-u", "-r", "words"),
            run("date", "-d", "nonsense")),
        Case.of("cal", run("cal", "2", "2024"), run("cal", "9", "1752")),
        Case.of(
            "printf",
            run("printf", "%s|%5d|%-5s|%x|%c\\n", "a", "42", "b", "255", "z"),
            run("printf", "\\101\\t\\x42\\n"),
            run("printf", "%d\\n", "x"),
            run("printf", "%.3f %e\\n", "3.14159", "12345.678")),
        Case.of(
            "echo",
            run("echo"),
            run("echo", "hello", "guest"),
            run("echo", "-n", "no newline"),
            run("echo", "-e", "tab\\there\\0101\\0351")),
        Case.of("true", run("true"), run("false")),
        Case.of(
            "cryptpw", run("mkpasswd", "-m", "sha512", "-S", "saltsalt", "secret"), run("ascii")),
        Case.of("which", run("which", "absent"), run("usage-of-nothing"), run("sleep", "x")));
  }

  private static Stream<Case> shell() {
    return Stream.of(
        Case.unordered(
            "env", run("env"), run("env", "-i", "A=1", "B=2"), run("env", "-u", "TZ", "C=3")),
        Case.of(
            "sh",
            run("sh", "-c", "echo $((6 * 7)) ${TZ:-none} $0 \"$@\"", "name", "a b", "c"),
            run("sh", "-c", "i=0; while [ $i -lt 1000 ]; do i=$((i + 1)); done; echo $i"),
            run("sh", "-c", "echo one > out; echo two >> out; read x < out; echo $x; cd sub; pwd"),
            run("sh", "-c", "while read a b; do echo \"$b-$a\"; done"),
            run("sh", "-c", "cd /nowhere; echo $?; exit 7"),
            run("sh", "-c", "for f in *o*; do echo $f; done; case abc in a*) echo yes;; esac"),
            run("sh", "-c", "set -e; false; echo not here"),
            run("sh", "-c", "umask; umask 077; echo x > private; ulimit -n 50; ulimit -n"),
            run("sh", "-c", "f() { local x=$1; [ $x -le 1 ] && return 1; f $((x - 1)); }; f 50"),
            run("sh", "-c", "kill -9 $$"),
            run("sh", "-c", "kill -TERM $$"),
            run("stat", "-c", "%a", "private"),
            run("sh", "-c", "echo (")));
  }
}
