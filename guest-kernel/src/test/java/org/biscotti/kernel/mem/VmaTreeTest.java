package org.biscotti.kernel.mem;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class VmaTreeTest {
  private static final long UNIT = 0x100000;
  private static final long LOW = 10 * UNIT;
  private static final long HIGH = 200 * UNIT;

  private final VmaTree tree = new VmaTree();
  private final TreeMap<Long, Vma> model = new TreeMap<>();

  @Test
  void randomChangesAgreeWithAMap() {
    Random random = new Random(42);
    for (int step = 0; step < 30_000; step++) {
      long start = random.nextInt(210) * UNIT;
      Vma there = model.get(start);
      if (there != null) {
        model.remove(start);
        tree.remove(there);
      } else {
        long end = start + (1 + random.nextInt(4)) * UNIT;
        if (modelOverlap(start, end) == null) {
          int flags = random.nextInt(8) == 0 ? Vma.GROWS_DOWN : 0;
          Vma vma = new Vma(start, end, 3, flags, false, true, null, 0);
          model.put(start, vma);
          tree.insert(vma);
        }
      }
      compare(random);
    }
  }

  @Test
  void manyAreasMakeAShallowTree() {
    int areas = 65_530;
    long top = 0x7000_0000_0000L;
    for (int i = 0; i < areas; i++) {
      long start = top - 2L * i * UNIT;
      tree.insert(new Vma(start, start + UNIT, i & 1, 0, false, true, null, 0));
    }
    assertThat(tree.size()).isEqualTo(areas);
    assertThat(tree.highestGap(2 * UNIT, UNIT, top))
        .isEqualTo(top - 2L * (areas - 1) * UNIT - 2 * UNIT);
    assertThat(tree.highestGap(UNIT, UNIT, top)).isEqualTo(top - UNIT);
    assertThat(height(root())).isLessThan(64);
  }

  /** The one area that is no other's child. */
  private Vma root() {
    List<Vma> all = new ArrayList<>();
    tree.forEach(all::add);
    Set<Vma> children = new HashSet<>();
    for (Vma vma : all) {
      children.add(vma.left);
      children.add(vma.right);
    }
    all.removeAll(children);
    assertThat(all).hasSize(1);
    return all.get(0);
  }

  private static int height(Vma node) {
    return node == null ? 0 : 1 + Math.max(height(node.left), height(node.right));
  }

  private Vma modelOverlap(long start, long end) {
    Map.Entry<Long, Vma> below = model.lowerEntry(end);
    return below != null && below.getValue().end > start ? below.getValue() : null;
  }

  private void compare(Random random) {
    assertThat(tree.size()).isEqualTo(model.size());
    long at = random.nextInt(220) * UNIT + random.nextInt(2);
    assertThat(tree.endingAfter(at)).isSameAs(modelEndingAfter(at));
    Map.Entry<Long, Vma> below = model.lowerEntry(at);
    assertThat(tree.startingBelow(at)).isSameAs(below == null ? null : below.getValue());
    long length = (1 + random.nextInt(12)) * UNIT / 2;
    long low = LOW + random.nextInt(50) * UNIT / 2;
    long high = HIGH - random.nextInt(50) * UNIT / 2;
    assertThat(tree.highestGap(length, low, high)).isEqualTo(modelHighest(length, low, high));
    assertThat(tree.lowestGap(length, low, high)).isEqualTo(modelLowest(length, low, high));
  }

  private Vma modelEndingAfter(long at) {
    for (Vma vma : model.values()) {
      if (vma.end > at) {
        return vma;
      }
    }
    return null;
  }

  private long modelHighest(long length, long low, long high) {
    long to = high;
    for (Vma vma : model.descendingMap().values()) {
      if (to - Math.max(vma.end, low) >= length) {
        return to - length;
      }
      to = Math.min(to, vma.gapStart());
    }
    return to - low >= length ? to - length : VmaTree.NONE;
  }

  private long modelLowest(long length, long low, long high) {
    long from = low;
    for (Vma vma : model.values()) {
      if (Math.min(vma.gapStart(), high) - from >= length) {
        return from;
      }
      from = Math.max(from, vma.end);
    }
    return high - from >= length ? from : VmaTree.NONE;
  }
}
