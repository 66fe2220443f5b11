package org.biscotti.kernel.fs.tty;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntSupplier;
import org.biscotti.kernel.wait.WaitQueue;
import org.jspecify.annotations.Nullable;

/** Runs something once, when a file is ready for one of some events. */
final class OnceListener implements WaitQueue.Listener {
  private final WaitQueue queue;
  private final Runnable then;
  private final AtomicBoolean done = new AtomicBoolean();
  private volatile WaitQueue.@Nullable Entry entry;

  private OnceListener(WaitQueue queue, Runnable then) {
    this.queue = queue;
    this.then = then;
  }

  static void add(WaitQueue queue, int events, IntSupplier ready, Runnable then) {
    OnceListener listener = new OnceListener(queue, then);
    listener.entry = queue.add(events, listener);
    if ((ready.getAsInt() & events) != 0) {
      listener.woken(events);
    }
  }

  @Override
  public void woken(int events) {
    WaitQueue.Entry place = entry;
    if (place != null) {
      queue.remove(place);
    }
    if (done.compareAndSet(false, true)) {
      then.run();
    }
  }
}
