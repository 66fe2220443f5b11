package org.biscotti.kvm.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.biscotti.kvm.Processor;

/**
 * A command on a terminal of its own, by {@code src/test/c/onterminal.c}: keys are typed, and what
 * is shown is waited for.
 */
final class OnTerminal implements AutoCloseable {
  private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(Processor.limitSeconds(60));

  /** How a command ended, and whether the terminal's modes are what they were. */
  record End(int code, boolean terminalUnchanged) {}

  private final Process helper;
  private final BufferedReader remarks;
  private final long process;
  private final StringBuilder shown = new StringBuilder();
  private int seen;

  private OnTerminal(Process helper) throws IOException {
    this.helper = helper;
    remarks = helper.errorReader(ISO_8859_1);
    String first = String.valueOf(remarks.readLine());
    assertThat(first).matches("process \\d+");
    process = Long.parseLong(first.replaceAll("\\D", ""));
    Thread.ofPlatform().daemon().name("screen").start(this::watch);
  }

  /** Starts a command; its prompt, if it is a shell, is {@code ready>} and a space. */
  static OnTerminal start(List<String> command) throws IOException {
    List<String> words = new ArrayList<>(List.of(program().toString()));
    words.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.environment().put("PS1", "ready> ");
    builder.environment().put("TERM", "dumb");
    return new OnTerminal(builder.start());
  }

  private static Path program() {
    Path program =
        Path.of(System.getProperty("biscotti.home", ".."), "kvm-host/target/c/onterminal");
    assertThat(program).as("compiled by scripts/guests.sh").isExecutable();
    return program.toAbsolutePath();
  }

  private void watch() {
    try (InputStream screen = helper.getInputStream()) {
      byte[] bytes = new byte[4096];
      for (int n = screen.read(bytes); n > 0; n = screen.read(bytes)) {
        show(new String(bytes, 0, n, ISO_8859_1));
      }
    } catch (IOException e) {
      show("[" + e + "]");
    }
  }

  private synchronized void show(String more) {
    shown.append(more);
    notifyAll();
  }

  /** The command's number on the host. */
  long process() {
    return process;
  }

  void type(String keys) throws IOException {
    OutputStream keyboard = helper.getOutputStream();
    keyboard.write(keys.getBytes(ISO_8859_1));
    keyboard.flush();
  }

  /** Waits until a text has been shown, behind what has been waited for before. */
  synchronized void awaitShown(String text) throws InterruptedException {
    long end = System.nanoTime() + LIMIT_NANOS;
    int at = shown.indexOf(text, seen);
    while (at < 0) {
      long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      assertThat(left).as("waits for <%s>, has seen <%s>", text, shown).isPositive();
      wait(left);
      at = shown.indexOf(text, seen);
    }
    seen = at + text.length();
  }

  /** Waits until the command has ended. */
  End await() throws IOException, InterruptedException {
    boolean ended = helper.waitFor(LIMIT_NANOS, TimeUnit.NANOSECONDS);
    assertThat(ended).as("does not end: %s", shown).isTrue();
    String last = String.valueOf(remarks.readLine());
    assertThat(last).startsWith("terminal ");
    return new End(helper.exitValue(), last.equals("terminal unchanged"));
  }

  @Override
  public void close() {
    if (helper.isAlive()) {
      ProcessHandle.of(process).ifPresent(ProcessHandle::destroyForcibly);
      helper.destroyForcibly();
    }
  }

  /**
   * Speaks with an interactive shell of busybox's: lines and their echo, control keys, job control,
   * the window's size; ends it with 7.
   */
  void converseWithShell() throws IOException, InterruptedException {
    awaitShown("ready> ");
    type("echo one $((40+2))\r");
    awaitShown("echo one $((40+2))\r\n");
    awaitShown("one 42\r\n");
    awaitShown("ready> ");
    type("echo go; cat\r");
    awaitShown("go\r\n");
    type("abd\177c\r");
    awaitShown("abd\b \bc\r\n");
    awaitShown("abc\r\n");
    type("\032");
    awaitShown("^Z");
    awaitShown("Stopped");
    awaitShown("ready> ");
    type("fg\r");
    awaitShown("\ncat\r\n");
    type("again\r");
    awaitShown("again\r\nagain\r\n");
    type("\003");
    awaitShown("^C");
    awaitShown("ready> ");
    type("echo code $?\r");
    awaitShown("\ncode 130\r\n");
    awaitShown("ready> ");
    type("echo go; cat\r");
    awaitShown("\ngo\r\n");
    type("\004");
    awaitShown("ready> ");
    type("busybox stty size\r");
    awaitShown("\n24 80\r\n");
    awaitShown("ready> ");
    type("exit 7\r");
  }
}
