package org.biscotti.kernel.fs.hostfs;

import org.biscotti.kernel.port.HostDirectory.Attributes;

/** A link of the host in an overlay. */
final class OverlaySymlink extends HostSymlink {
  private static final long HEAP_BYTES = 320;

  private final OverlayFileSystem overlay;
  private final long heapBytes;

  OverlaySymlink(OverlayFileSystem overlay, long number, Attributes attributes, String target) {
    super(overlay, number, attributes, target);
    this.overlay = overlay;
    this.heapBytes = heapBytes(target);
  }

  /** What a link takes of the heap, about. */
  static long heapBytes(String target) {
    return HEAP_BYTES + target.length();
  }

  @Override
  protected void lastLinkGone() {
    overlay.giveBack(heapBytes);
  }
}
