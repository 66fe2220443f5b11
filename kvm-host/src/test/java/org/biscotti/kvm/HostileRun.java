package org.biscotti.kvm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.biscotti.kernel.abi.Signals;

/**
 * One run of a hostile program, as hostile/expect.txt describes them; the format is described
 * there.
 *
 * @param words program and arguments, as the list writes them
 * @param ends exit codes as a shell gives them, of which one has to come
 */
record HostileRun(String words, Set<Integer> ends) {
  private static final int KILLED = 128;
  private static final Pattern RANGE =
      Pattern.compile(
          "\\{(0x)?(\\p{XDigit}+)\\.\\.(0x)?(\\p{XDigit}+)(?:\\.\\.(0x)?(\\p{XDigit}+))?\\}");
  private static final Pattern LINE =
      Pattern.compile("(.+?) => (.+?)(?: native: (.+?))?(?: emulated: (.+?))?");

  /** All runs of the list that this kind of processor can do. */
  static List<HostileRun> all() throws IOException {
    Path list = TestPrograms.home().resolve("guest-kernel/src/test/guest/hostile/expect.txt");
    List<HostileRun> runs = new ArrayList<>();
    for (String line : Files.readAllLines(list)) {
      if (!line.isEmpty() && !line.startsWith("#")) {
        addRuns(line, Processor.EMULATED, runs);
      }
    }
    return runs;
  }

  static void addRuns(String line, boolean emulated, List<HostileRun> to) {
    Matcher parts = LINE.matcher(line);
    if (!parts.matches()) {
      throw new IllegalArgumentException("not a line of the list: " + line);
    }
    String wanted = emulated && parts.group(4) != null ? parts.group(4) : parts.group(2);
    if (wanted.equals("skip")) {
      return;
    }
    Set<Integer> ends = new LinkedHashSet<>();
    for (String end : wanted.split("\\|", -1)) {
      ends.add(shellCode(end));
    }
    expand(parts.group(1)).forEach(words -> to.add(new HostileRun(words, ends)));
  }

  private static int shellCode(String end) {
    if (end.startsWith("exit ")) {
      return Integer.parseInt(end.substring("exit ".length()));
    }
    for (int signal = 1; signal <= Signals.MAX; signal++) {
      if (end.equals(Signals.name(signal)) || end.equals("SIG" + signal)) {
        return KILLED + signal;
      }
    }
    throw new IllegalArgumentException("not an end: " + end);
  }

  /** {@code {low..high}} or {@code {low..high..step}} stands for one run per number. */
  private static List<String> expand(String words) {
    Matcher range = RANGE.matcher(words);
    if (!range.find()) {
      return List.of(words);
    }
    long high = number(range.group(3), range.group(4));
    long step = range.group(6) == null ? 1 : number(range.group(5), range.group(6));
    List<String> all = new ArrayList<>();
    for (long i = number(range.group(1), range.group(2)); i <= high; i += step) {
      all.add(words.replace(range.group(), "0x" + Long.toHexString(i)));
    }
    return all;
  }

  private static long number(String prefix, String digits) {
    return Long.parseLong(digits, prefix == null ? 10 : 16);
  }

  String program() {
    return words.substring(0, (words + " ").indexOf(' '));
  }

  List<String> arguments() {
    List<String> all = List.of(words.split(" ", -1));
    return all.subList(1, all.size());
  }

  boolean mayEndWith(int code) {
    return ends.contains(code);
  }
}
