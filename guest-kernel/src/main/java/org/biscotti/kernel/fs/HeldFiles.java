package org.biscotti.kernel.fs;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The open files that a call uses while it may wait: they stay open until it has returned, also if
 * another thread closes the descriptor meanwhile (close(2), "multithreaded processes").
 *
 * <p>Only a call with a virtual thread of its own may wait, so only such a thread holds files. All
 * others do without a reference, as they do not give a file away while they use it; what they could
 * leave behind in one that has just been closed they look for themselves.
 */
public final class HeldFiles implements AutoCloseable {
  private static final ThreadLocal<@Nullable HeldFiles> OF_THREAD = new ThreadLocal<>();

  private final List<OpenFile> files = new ArrayList<>(2);

  private HeldFiles() {}

  /** From now on the calling thread, a virtual one, holds the files it looks up. */
  public static HeldFiles begin() {
    HeldFiles held = new HeldFiles();
    OF_THREAD.set(held);
    return held;
  }

  /**
   * Holds a file, if the calling thread holds any.
   *
   * @return false if the file has been closed meanwhile
   */
  static boolean hold(OpenFile file) {
    if (!Thread.currentThread().isVirtual()) {
      return true;
    }
    HeldFiles held = OF_THREAD.get();
    return held == null || held.add(file);
  }

  private boolean add(OpenFile file) {
    if (!file.tryRetain()) {
      return false;
    }
    files.add(file);
    return true;
  }

  /** The call has returned. */
  @Override
  public void close() {
    OF_THREAD.remove();
    files.forEach(OpenFile::release);
  }
}
