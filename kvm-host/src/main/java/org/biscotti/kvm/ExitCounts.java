package org.biscotti.kvm;

/**
 * Exits of one vCPU by reason. Written by its thread alone; a reader may see slightly old values.
 */
final class ExitCounts {
  long systemCalls;
  long postedCalls;
  long pageFaults;
  long faults;
  long kicks;
  long others;
}
