package org.biscotti.bench.layers;

import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.util.function.BiFunction;
import java.util.logging.Logger;

/** Does, once each, what LayersTest forbids; it is never run. */
public final class BreaksEveryRule {
  private BreaksEveryRule() {}

  static final Logger LOGGER = Logger.getLogger("breaks-every-rule");

  @SuppressWarnings("restricted")
  static final BiFunction<MemorySegment, Long, MemorySegment> WIDEN = MemorySegment::reinterpret;

  static final Linker LINKER = Linker.nativeLinker();

  static void print(Object value) {
    System.err.println(value);
  }
}
