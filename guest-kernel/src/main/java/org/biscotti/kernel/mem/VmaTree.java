package org.biscotti.kernel.mem;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The areas of an address space by address, and the gaps between them.
 *
 * <p>A treap (Seidel and Aragon, "Randomized search trees", 1996) whose nodes are the areas
 * themselves: finding, adding and removing an area take logarithmic time and no allocation. Each
 * node knows the largest gap below it, so the placement of a new mapping is logarithmic too; over a
 * sorted array that search would be linear, and 65,530 mappings quadratic.
 */
final class VmaTree {
  /** No gap is large enough. */
  static final long NONE = -1;

  private @Nullable Vma root;
  private int size;
  private int seed = 0x9e3779b9;

  // What split leaves behind.
  private @Nullable Vma splitLow;
  private @Nullable Vma splitHigh;

  // What a gap search is for.
  private long gapLow;
  private long gapHigh;
  private long gapLength;

  /** Number of areas. */
  int size() {
    return size;
  }

  /** Adds an area that overlaps none of the others. */
  void insert(Vma vma) {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    vma.priority = seed;
    vma.left = null;
    vma.right = null;
    root = insert(root, vma);
    size++;
  }

  /** Removes an area that is there. */
  void remove(Vma vma) {
    root = remove(root, vma);
    vma.left = null;
    vma.right = null;
    size--;
  }

  /** Removes all. */
  void clear() {
    root = null;
    size = 0;
  }

  /** The area that contains an address, or else the next one above it. */
  @Nullable Vma endingAfter(long gva) {
    Vma best = null;
    Vma node = root;
    while (node != null) {
      if (node.end > gva) {
        best = node;
        node = node.left;
      } else {
        node = node.right;
      }
    }
    return best;
  }

  /** The highest area that starts below an address. */
  @Nullable Vma startingBelow(long gva) {
    Vma best = null;
    Vma node = root;
    while (node != null) {
      if (node.start < gva) {
        best = node;
        node = node.right;
      } else {
        node = node.left;
      }
    }
    return best;
  }

  /** The first area that overlaps a range, or null. */
  @Nullable Vma overlapping(long start, long end) {
    Vma vma = endingAfter(start);
    return vma != null && start < end && vma.start < end ? vma : null;
  }

  /** Visits all areas in the order of their addresses; the visitor must not change the tree. */
  void forEach(Consumer<Vma> visitor) {
    forEach(root, visitor);
  }

  /**
   * The highest place for a new area.
   *
   * @return start of {@code length} free bytes in [low, high), or {@link #NONE}
   */
  long highestGap(long length, long low, long high) {
    gapLength = length;
    gapLow = low;
    gapHigh = high;
    return highest(root, low, high);
  }

  /** The lowest place for a new area; see {@link #highestGap}. */
  long lowestGap(long length, long low, long high) {
    gapLength = length;
    gapLow = low;
    gapHigh = high;
    return lowest(root, low, high);
  }

  private long highest(@Nullable Vma node, long from, long to) {
    if (node == null) {
      return fits(from, to) ? Math.min(to, gapHigh) - gapLength : NONE;
    }
    if (largestGap(node, from, to) < gapLength) {
      return NONE;
    }
    if (node.end < gapHigh) {
      long found = highest(node.right, node.end, to);
      if (found != NONE) {
        return found;
      }
    }
    return node.gapStart() > gapLow ? highest(node.left, from, node.gapStart()) : NONE;
  }

  private long lowest(@Nullable Vma node, long from, long to) {
    if (node == null) {
      return fits(from, to) ? Math.max(from, gapLow) : NONE;
    }
    if (largestGap(node, from, to) < gapLength) {
      return NONE;
    }
    if (node.gapStart() > gapLow) {
      long found = lowest(node.left, from, node.gapStart());
      if (found != NONE) {
        return found;
      }
    }
    return node.end < gapHigh ? lowest(node.right, node.end, to) : NONE;
  }

  private boolean fits(long from, long to) {
    return Math.min(to, gapHigh) - Math.max(from, gapLow) >= gapLength;
  }

  /** The largest gap in a subtree and between it and its neighbours. */
  private static long largestGap(Vma node, long from, long to) {
    long outside = Math.max(node.subtreeStart - from, to - node.subtreeEnd);
    return Math.max(node.subtreeGap, outside);
  }

  private static void forEach(@Nullable Vma node, Consumer<Vma> visitor) {
    if (node != null) {
      forEach(node.left, visitor);
      visitor.accept(node);
      forEach(node.right, visitor);
    }
  }

  private Vma insert(@Nullable Vma node, Vma vma) {
    if (node == null) {
      update(vma);
      return vma;
    }
    if (vma.priority > node.priority) {
      split(node, vma.start);
      vma.left = splitLow;
      vma.right = splitHigh;
      update(vma);
      return vma;
    }
    if (vma.start < node.start) {
      node.left = insert(node.left, vma);
    } else {
      node.right = insert(node.right, vma);
    }
    update(node);
    return node;
  }

  private @Nullable Vma remove(@Nullable Vma node, Vma vma) {
    if (node == null) {
      throw new IllegalStateException("area is not in the tree");
    }
    if (node == vma) {
      return join(node.left, node.right);
    }
    if (vma.start < node.start) {
      node.left = remove(node.left, vma);
    } else {
      node.right = remove(node.right, vma);
    }
    update(node);
    return node;
  }

  private void split(@Nullable Vma node, long start) {
    if (node == null) {
      splitLow = null;
      splitHigh = null;
    } else if (node.start < start) {
      split(node.right, start);
      node.right = splitLow;
      update(node);
      splitLow = node;
    } else {
      split(node.left, start);
      node.left = splitHigh;
      update(node);
      splitHigh = node;
    }
  }

  private static @Nullable Vma join(@Nullable Vma low, @Nullable Vma high) {
    if (low == null) {
      return high;
    }
    if (high == null) {
      return low;
    }
    if (low.priority > high.priority) {
      low.right = join(low.right, high);
      update(low);
      return low;
    }
    high.left = join(low, high.left);
    update(high);
    return high;
  }

  private static void update(Vma node) {
    Vma left = node.left;
    Vma right = node.right;
    node.subtreeStart = node.gapStart();
    node.subtreeEnd = node.end;
    node.subtreeGap = 0;
    if (left != null) {
      node.subtreeGap = Math.max(left.subtreeGap, node.gapStart() - left.subtreeEnd);
      node.subtreeStart = left.subtreeStart;
    }
    if (right != null) {
      long gap = Math.max(right.subtreeGap, right.subtreeStart - node.end);
      node.subtreeGap = Math.max(node.subtreeGap, gap);
      node.subtreeEnd = right.subtreeEnd;
    }
  }
}
