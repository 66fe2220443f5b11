package org.biscotti.kernel.socket;

import java.nio.charset.StandardCharsets;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Socket;

/**
 * The name of a socket: a path, or an abstract name, which no file system knows.
 *
 * @param name bytes as ISO 8859-1; of an abstract name without the NUL before it
 */
public record UnixAddress(String name, boolean isAbstract) {
  /** An address without a name, as a program passes it to get one (bind(2), autobind). */
  public static final UnixAddress UNNAMED = new UnixAddress("", false);

  /**
   * Decodes {@code struct sockaddr_un} without its family.
   *
   * @param path {@code sun_path}, as long as the program says
   */
  public static UnixAddress decode(byte[] path) {
    if (path.length == 0) {
      return UNNAMED;
    }
    if (path[0] == 0) {
      return new UnixAddress(
          new String(path, 1, path.length - 1, StandardCharsets.ISO_8859_1), true);
    }
    int length = 0;
    while (length < path.length && path[length] != 0) {
      length++;
    }
    return new UnixAddress(new String(path, 0, length, StandardCharsets.ISO_8859_1), false);
  }

  /** {@code struct sockaddr_un}, as long as it is: a path with its NUL. */
  public byte[] encode() {
    int length = name.length() + (isUnnamed() ? 0 : 1);
    byte[] bytes = new byte[Socket.SUN_PATH + length];
    bytes[0] = Socket.AF_UNIX;
    byte[] text = name.getBytes(StandardCharsets.ISO_8859_1);
    System.arraycopy(text, 0, bytes, Socket.SUN_PATH + (isAbstract ? 1 : 0), text.length);
    return bytes;
  }

  /** True if there is no name at all. */
  public boolean isUnnamed() {
    return !isAbstract && name.isEmpty();
  }

  /** The length that a program gave for an address; EINVAL if there is no such. */
  public static int checkLength(long length) {
    if ((int) length < Socket.SUN_PATH || (int) length > Socket.SOCKADDR_UN_SIZE) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    return (int) length;
  }
}
