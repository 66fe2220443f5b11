package org.biscotti.kvm.cli;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Arguments and environment variables as the bytes they are, each byte one character (ISO 8859-1).
 *
 * <p>To Linux they are bytes; the JVM decodes them by the locale, and in the POSIX locale that
 * loses every byte above 127. So whatever is not ASCII is taken from {@code /proc/self} instead,
 * where the bytes still are (proc_pid_cmdline(5), proc_pid_environ(5)).
 */
final class HostText {
  private static final Charset JVM_CHARSET = jvmCharset();

  private HostText() {}

  private static Charset jvmCharset() {
    String name = System.getProperty("sun.jnu.encoding", "UTF-8");
    return Charset.isSupported(name) ? Charset.forName(name) : StandardCharsets.UTF_8;
  }

  /** The bytes of {@code main}'s arguments. */
  static List<String> arguments(String[] decoded) {
    List<String> arguments = List.of(decoded);
    if (arguments.stream().allMatch(HostText::isAscii)) {
      return arguments;
    }
    List<String> all = commandLine();
    int others = all.size() - decoded.length; // the JVM's own come first
    return others >= 0
        ? all.subList(others, all.size())
        : arguments.stream().map(HostText::encode).toList();
  }

  /** The bytes of everything that the JVM was started with; empty if that cannot be read. */
  static List<String> commandLine() {
    return entries(Path.of("/proc/self/cmdline"));
  }

  /** The bytes of an environment variable of ours, or null. */
  static @Nullable String variable(String name) {
    String decoded = System.getenv(name);
    if (decoded == null || isAscii(decoded)) {
      return decoded;
    }
    String prefix = name + "=";
    for (String entry : entries(Path.of("/proc/self/environ"))) {
      if (entry.startsWith(prefix)) {
        return entry.substring(prefix.length());
      }
    }
    return encode(decoded);
  }

  /** The strings of a file in which each ends with a NUL; none if it cannot be read. */
  private static List<String> entries(Path file) {
    String text;
    try {
      text = Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return List.of();
    }
    List<String> entries = new ArrayList<>();
    int start = 0;
    for (int end; (end = text.indexOf('\0', start)) >= 0; start = end + 1) {
      entries.add(text.substring(start, end));
    }
    return entries;
  }

  private static boolean isAscii(String text) {
    return text.chars().allMatch(c -> c < 128);
  }

  /** From the JVM's characters to bytes. */
  static String encode(String characters) {
    return isAscii(characters)
        ? characters
        : new String(characters.getBytes(JVM_CHARSET), StandardCharsets.ISO_8859_1);
  }

  /** From bytes to the JVM's characters, for messages and paths of the host. */
  static String decode(String bytes) {
    return isAscii(bytes)
        ? bytes
        : new String(bytes.getBytes(StandardCharsets.ISO_8859_1), JVM_CHARSET);
  }

  /**
   * A path of the host.
   *
   * @throws CommandException if the JVM cannot have such a path in this locale
   */
  static Path path(String bytes) {
    String characters = decode(bytes);
    try {
      if (encode(characters).equals(bytes)) {
        return Path.of(characters);
      }
    } catch (InvalidPathException e) {
      // Said below.
    }
    throw new CommandException(
        characters + ": not a path in this locale's character set: set LC_ALL=C.UTF-8");
  }
}
