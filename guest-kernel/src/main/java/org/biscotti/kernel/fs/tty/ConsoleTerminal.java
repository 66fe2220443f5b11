package org.biscotti.kernel.fs.tty;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.port.HostStream;

/**
 * The console: moves bytes between a terminal of the host, which does nothing with them, and the
 * master side of one of ours, which does everything.
 */
public final class ConsoleTerminal implements AutoCloseable {
  private static final int CHUNK_BYTES = 4096;

  private final Terminals all;
  private final Terminal terminal;
  private final HostStream keyboard;
  private final HostStream screen;
  private final byte[] shown = new byte[CHUNK_BYTES];
  private int shownCount;

  /** What has been typed and had no room. Whoever moves it owns it: one thread at a time. */
  private final byte[] typed = new byte[CHUNK_BYTES];

  private int typedFrom;
  private int typedCount;
  private final AtomicBoolean waitsForRoom = new AtomicBoolean();
  private boolean waitsForScreen;
  private volatile boolean closed;

  ConsoleTerminal(Terminals all, Terminal terminal, HostStream keyboard, HostStream screen) {
    this.all = all;
    this.terminal = terminal;
    this.keyboard = keyboard;
    this.screen = screen;
    terminal.master.add(Poll.POLLIN, events -> show());
    terminal.master.add(Poll.POLLOUT, events -> typeRest());
    keyboard.awaitReadable(this::type);
  }

  /** Opens it for a program; the description is the program's. */
  public OpenFile open() {
    return all.openPeer(terminal, Fcntl.O_RDWR);
  }

  /** Makes it the controlling terminal of a session, whose leader's group is in the foreground. */
  public void control(int session) {
    terminal.setSession(session, session);
  }

  /** The host's window has this size now: rows in the upper, columns in the lower 16 bits. */
  public void resize(int size) {
    terminal.setSize(size >>> 16, size & 0xffff, 0);
  }

  /**
   * Moves what has been typed; on whatever thread the host says that there is something, or when
   * there is room.
   */
  private void type() {
    while (!closed) {
      if (typedFrom == typedCount && !fetch()) {
        return;
      }
      typedFrom += terminal.type(typed, typedFrom, typedCount - typedFrom);
      if (typedFrom < typedCount) {
        waitsForRoom.set(true);
        if (!mayType()) {
          return;
        }
      }
    }
  }

  /** True if there is room again and no other thread has seen it. */
  private boolean mayType() {
    return terminal.inputRoom() > 0 && waitsForRoom.compareAndSet(true, false);
  }

  private void typeRest() {
    if (waitsForRoom.get() && mayType()) {
      type();
    }
  }

  /** Gets what has been typed; false if there is nothing, and somebody will call when there is. */
  private boolean fetch() {
    int count;
    try {
      count = keyboard.read(MemorySegment.ofArray(typed));
    } catch (ErrnoException gone) {
      count = 0;
    }
    typedFrom = 0;
    typedCount = Math.max(count, 0);
    if (count < 0) {
      keyboard.awaitReadable(this::type);
    } else if (count == 0) {
      close(); // nobody types any more: the programs' side hangs up
    }
    return count > 0;
  }

  /** Moves what has been written; on the thread that has written it, or when there is room. */
  private synchronized void show() {
    while (!closed && !waitsForScreen) {
      if (shownCount == 0 && !fill()) {
        return;
      }
      int count;
      try {
        count = screen.write(MemorySegment.ofArray(shown).asSlice(0, shownCount));
      } catch (ErrnoException gone) {
        count = shownCount; // nobody looks any more
      }
      if (count < 0) {
        waitsForScreen = true;
        screen.awaitWritable(this::screenReady);
        return;
      }
      System.arraycopy(shown, count, shown, 0, shownCount - count);
      shownCount -= count;
    }
  }

  private boolean fill() {
    try {
      byte[] more = terminal.takeOutput(CHUNK_BYTES);
      System.arraycopy(more, 0, shown, 0, more.length);
      shownCount = more.length;
    } catch (ErrnoException closedByPrograms) {
      shownCount = 0;
    }
    return shownCount > 0;
  }

  private void screenReady() {
    synchronized (this) {
      waitsForScreen = false;
    }
    show();
  }

  /** Shows what is left, and hangs up. */
  @Override
  public void close() {
    show();
    if (!closed) {
      closed = true;
      all.remove(terminal);
    }
  }
}
