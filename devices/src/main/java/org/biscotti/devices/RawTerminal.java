package org.biscotti.devices;

import java.lang.invoke.MethodHandles;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicBoolean;
import org.biscotti.devices.ffi.TerminalCalls;

/**
 * The caller's terminal while the guest's console has it: it passes on every key and shows every
 * byte as it is, until this is closed or the JVM ends, however it ends short of SIGKILL.
 */
public final class RawTerminal implements AutoCloseable {
  // struct termios of the kernel, and what cfmakeraw(3) does to it
  private static final int INPUT = 0;
  private static final int OUTPUT = 4;
  private static final int CONTROL = 8;
  private static final int LOCAL = 12;
  private static final int MIN = 17 + 6;
  private static final int TIME = 17 + 5;
  private static final int INPUT_OFF = 0x5eb;
  private static final int OUTPUT_OFF = 1;
  private static final int LOCAL_OFF = 0x804b;
  private static final int CONTROL_OFF = 0x130;
  private static final int EIGHT_BITS = 0x30;

  private final int fd;
  private final byte[] before = new byte[TerminalCalls.TERMIOS_BYTES];
  private final AtomicBoolean restored = new AtomicBoolean();
  private final Thread atExit = new Thread(this::restore, "biscotti-terminal");

  /**
   * Takes a terminal.
   *
   * @param fd the JVM's descriptor for it
   * @throws org.biscotti.kernel.abi.ErrnoException ENOTTY if it is none
   */
  public RawTerminal(int fd) {
    this.fd = fd;
    HostErrors.check(TerminalCalls.attributes(fd, before));
    Runtime.getRuntime().addShutdownHook(atExit);
    HostErrors.check(TerminalCalls.setAttributes(fd, raw(before)));
  }

  private static byte[] raw(byte[] cooked) {
    byte[] raw = cooked.clone();
    ByteBuffer modes = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
    modes.putInt(INPUT, modes.getInt(INPUT) & ~INPUT_OFF);
    modes.putInt(OUTPUT, modes.getInt(OUTPUT) & ~OUTPUT_OFF);
    modes.putInt(CONTROL, (modes.getInt(CONTROL) & ~CONTROL_OFF) | EIGHT_BITS);
    modes.putInt(LOCAL, modes.getInt(LOCAL) & ~LOCAL_OFF);
    raw[MIN] = 1;
    raw[TIME] = 0;
    return raw;
  }

  /** Runs something whenever the window's size has changed, and once now. */
  @SuppressWarnings("ReferenceEquality") // a proxy is equal to itself
  public void onResize(Runnable then) {
    then.run();
    try {
      // sun.misc.Signal, of which javac warns in a way that cannot be silenced.
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              handler.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, arguments) ->
                  switch (method.getName()) {
                    case "handle" -> {
                      then.run();
                      yield null;
                    }
                    case "equals" -> self == arguments[0];
                    case "hashCode" -> System.identityHashCode(self);
                    default -> "window size";
                  });
      Object which = signal.getConstructor(String.class).newInstance("WINCH");
      MethodHandles.publicLookup()
          .unreflect(signal.getMethod("handle", signal, handler))
          .invoke(which, proxy);
    } catch (Throwable notThere) {
      return; // the size stays what it was at the start
    }
  }

  private void restore() {
    if (restored.compareAndSet(false, true)) {
      TerminalCalls.setAttributes(fd, before);
    }
  }

  /** Gives the terminal back as it was. */
  @Override
  public void close() {
    restore();
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException alreadyExiting) {
      return; // the hook finds nothing left to do
    }
  }
}
