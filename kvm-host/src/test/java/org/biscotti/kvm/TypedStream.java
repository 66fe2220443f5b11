package org.biscotti.kvm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;

/** A pipe that a test writes to while a program reads from it. */
final class TypedStream extends TestPipe {
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
  public int write(MemorySegment from) {
    throw ErrnoException.of(Errno.EBADF);
  }

  @Override
  public void awaitWritable(Runnable then) {
    then.run();
  }
}
