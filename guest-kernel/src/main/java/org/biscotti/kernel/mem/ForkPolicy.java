package org.biscotti.kernel.mem;

import java.util.List;
import org.biscotti.kernel.parallel.Parallel;

/**
 * How the pages of a large process get to its child: those that are not copied at once. A class
 * each; {@link ForkPolicies} has their names.
 */
interface ForkPolicy {
  /**
   * Makes the pages of some areas the child's too, private ones read-only in both. The child's
   * areas are there already, and some of its tables. The caller flushes downgrades afterwards.
   *
   * @param from the parent's pages
   * @param to the child's
   * @param areas of the parent
   * @param all all areas of the parent
   * @param alone true if no vCPU runs in the parent's address space meanwhile
   * @param parallel who may help
   * @throws org.biscotti.kernel.abi.ErrnoException ENOMEM, with some of it done
   */
  void share(Pager from, Pager to, List<Vma> areas, Areas all, boolean alone, Parallel parallel);
}
