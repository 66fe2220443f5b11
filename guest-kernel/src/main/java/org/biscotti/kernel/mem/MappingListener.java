package org.biscotti.kernel.mem;

/** Somebody who maps pages of a {@link PageSource} and can be told to let go of them. */
public interface MappingListener {
  /**
   * Takes away every translation to some pages of an object. When this returns, no program can
   * reach the frames through a mapping that existed before, and the mapping's references to them
   * are released. The caller holds no lock of the object.
   *
   * @param source the object
   * @param firstPage number of its first page concerned
   * @param pageCount how many pages; {@link Long#MAX_VALUE} for all that follow
   * @param privateCopies true to drop the private copies of these pages too, as truncation does;
   *     false for a punched hole
   */
  void unmapRange(PageSource source, long firstPage, long pageCount, boolean privateCopies);
}
