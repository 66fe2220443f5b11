package org.biscotti.kernel.exec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/** Damages the headers of an ELF file, mostly where it matters and mostly with nasty numbers. */
final class ElfMutator {
  private static final long[] NASTY = {
    0,
    1,
    -1,
    2,
    0xfff,
    0x1000,
    0x1001,
    0xffff,
    0x10000,
    0x200000,
    1L << 30,
    1L << 32,
    1L << 40,
    0x7f7f_ffff_f000L,
    0x7f80_0000_0000L,
    0x7f80_0000_8000L,
    0x8000_0000_0000L,
    1L << 62,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    -4096,
    0x5555_5555_4000L,
    0x400000
  };

  private static final int[] TYPES = {0, 1, 1, 1, 2, 3, 4, 6, 7, 0x6474e551, 0x6474e553};

  private ElfMutator() {}

  /** A damaged copy: one to four changes, now and then cut off as well. */
  static byte[] mutate(byte[] file, Random random) {
    byte[] copy = file.clone();
    ByteBuffer out = ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN);
    int count = out.getShort(56) & 0xffff;
    for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
      int header = 64 + random.nextInt(count) * 56;
      switch (random.nextInt(8)) {
        case 0 -> copy[random.nextInt(64)] = (byte) random.nextInt();
        case 1 -> out.putLong(24 + 8 * random.nextInt(2), nasty(random));
        case 2 -> out.putInt(header, TYPES[random.nextInt(TYPES.length)]);
        case 3 -> out.putInt(header + 4, random.nextInt(8));
        case 4, 5 -> out.putLong(header + 8 * (1 + random.nextInt(6)), nasty(random));
        case 6 -> copy[header + random.nextInt(56)] ^= (byte) (1 << random.nextInt(8));
        default -> swap(out, header, 64 + random.nextInt(count) * 56);
      }
    }
    return random.nextInt(50) == 0 ? java.util.Arrays.copyOf(copy, random.nextInt(1200)) : copy;
  }

  private static long nasty(Random random) {
    long value = NASTY[random.nextInt(NASTY.length)];
    return random.nextInt(4) == 0 ? value + random.nextInt(8192) - 4096 : value;
  }

  private static void swap(ByteBuffer out, int a, int b) {
    for (int i = 0; i < 56; i += 8) {
      long kept = out.getLong(a + i);
      out.putLong(a + i, out.getLong(b + i));
      out.putLong(b + i, kept);
    }
  }
}
