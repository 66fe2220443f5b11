package org.biscotti.kernel.exec;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.jspecify.annotations.Nullable;

/**
 * The first line of a script: {@code #!interpreter [argument]} (execve(2), "Interpreter scripts").
 *
 * <p>As Linux reads it: it looks at {@value #LINE_MAX} bytes, with zeroes after the end of a short
 * file. All that follows the interpreter's name and the blanks after it is one argument, inner
 * blanks included. Name and argument end at a NUL too. A longer line is cut off, unless that cuts
 * the interpreter's name.
 *
 * @param interpreter path of the interpreter, bytes as ISO 8859-1, not empty
 * @param argument its argument, or null if there is none
 */
public record Script(String interpreter, @Nullable String argument) {
  /** How many bytes of a file decide what it is. */
  public static final int LINE_MAX = 256;

  /**
   * Reads the line.
   *
   * @param head the first bytes of the file
   * @param length how many there are
   * @return null if the file is no script
   * @throws ErrnoException ENOEXEC if the line names no interpreter or only the start of one;
   *     EACCES, as Linux has it, if there is a NUL in the place of the name
   */
  static @Nullable Script parse(byte[] head, int length) {
    if (length < 2 || head[0] != '#' || head[1] != '!') {
      return null;
    }
    byte[] line = Arrays.copyOf(Arrays.copyOf(head, Math.min(length, LINE_MAX)), LINE_MAX);
    int newline = indexOfNewline(line);
    int end = newline < 0 ? LINE_MAX - 1 : newline;
    int name = skipBlanks(line, 2, end);
    int nameEnd = skipWord(line, name);
    if (name == end || nameEnd == LINE_MAX) {
      throw ErrnoException.of(Errno.ENOEXEC);
    }
    if (name == nameEnd) {
      throw ErrnoException.of(Errno.EACCES);
    }
    String interpreter = text(line, name, nameEnd);
    while (end > nameEnd && isBlank(line[end - 1])) {
      end--;
    }
    int argument = skipBlanks(line, nameEnd, end);
    int argumentEnd = argument;
    while (argumentEnd < end && line[argumentEnd] != 0) {
      argumentEnd++;
    }
    return new Script(
        interpreter, argument < argumentEnd ? text(line, argument, argumentEnd) : null);
  }

  private static int indexOfNewline(byte[] line) {
    for (int i = 2; i < line.length; i++) {
      if (line[i] == '\n') {
        return i;
      }
    }
    return -1;
  }

  private static int skipBlanks(byte[] line, int from, int end) {
    int i = from;
    while (i < end && isBlank(line[i])) {
      i++;
    }
    return i;
  }

  private static int skipWord(byte[] line, int from) {
    int i = from;
    while (i < line.length && !isBlank(line[i]) && line[i] != 0 && line[i] != '\n') {
      i++;
    }
    return i;
  }

  private static boolean isBlank(byte b) {
    return b == ' ' || b == '\t';
  }

  private static String text(byte[] bytes, int from, int to) {
    return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
  }
}
