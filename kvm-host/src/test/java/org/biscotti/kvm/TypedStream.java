package org.biscotti.kvm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.port.HostStream;

/** A pipe that a test writes to while a program reads from it. */
final class TypedStream implements HostStream {
  private static final int MODE_FIFO = 0010600;
  private static final int POLLIN = 1;

  private byte[] typed = new byte[0];
  private boolean ended;
  private final List<Runnable> waiting = new ArrayList<>();

  /** Gives the program more to read. */
  void type(String text) {
    byte[] more = text.getBytes(StandardCharsets.ISO_8859_1);
    change(() -> {
      byte[] all = new byte[typed.length + more.length];
      System.arraycopy(typed, 0, all, 0, typed.length);
      System.arraycopy(more, 0, all, typed.length, more.length);
      typed = all;
    });
  }

  /** Nothing more comes. */
  void end() {
    change(() -> ended = true);
  }

  private void change(Runnable how) {
    List<Runnable> woken;
    synchronized (this) {
      how.run();
      woken = List.copyOf(waiting);
      waiting.clear();
    }
    woken.forEach(Runnable::run);
  }

  @Override
  public synchronized int read(MemorySegment to) {
    if (typed.length == 0) {
      return ended ? 0 : -1;
    }
    int count = (int) Math.min(to.byteSize(), typed.length);
    MemorySegment.copy(typed, 0, to, ValueLayout.JAVA_BYTE, 0, count);
    byte[] rest = new byte[typed.length - count];
    System.arraycopy(typed, count, rest, 0, rest.length);
    typed = rest;
    return count;
  }

  @Override
  public void awaitReadable(Runnable then) {
    synchronized (this) {
      if (typed.length == 0 && !ended) {
        waiting.add(then);
        return;
      }
    }
    then.run();
  }

  @Override
  public synchronized int ready() {
    return typed.length > 0 || ended ? POLLIN : 0;
  }

  @Override
  public int mode() {
    return MODE_FIFO;
  }

  @Override
  public boolean isTerminal() {
    return false;
  }

  @Override
  public long size() {
    return 0;
  }

  @Override
  public int write(MemorySegment from) {
    throw ErrnoException.of(Errno.EBADF);
  }

  @Override
  public void awaitWritable(Runnable then) {
    then.run();
  }

  @Override
  public int readAt(MemorySegment to, long offset) {
    throw ErrnoException.of(Errno.ESPIPE);
  }

  @Override
  public long seek(long offset, int whence) {
    throw ErrnoException.of(Errno.ESPIPE);
  }

  @Override
  public byte[] terminalAttributes() {
    throw ErrnoException.of(Errno.ENOTTY);
  }

  @Override
  public int windowSize() {
    throw ErrnoException.of(Errno.ENOTTY);
  }
}
