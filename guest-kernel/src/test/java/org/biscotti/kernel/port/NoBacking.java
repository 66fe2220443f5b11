package org.biscotti.kernel.port;

/** Behind memory that is all there from the start, and that no processor translates to. */
public final class NoBacking implements MemoryBacking {
  @Override
  public boolean commit(long gpa, long bytes) {
    return true;
  }

  @Override
  public void downgraded(long[] gpas, int[] runs, int count, long root) {}

  @Override
  public void tablesReleased() {}
}
