package org.biscotti.kvm.cli;

import org.biscotti.kvm.Machine;

/**
 * What a machine has counted, for {@code --stats}.
 *
 * @param host what kind of host this is
 * @param exits of all vCPUs by reason
 * @param ringCalls system calls that were answered without an exit
 * @param inodeRequests operations that were done by threads of inodes
 * @param inodeThreadsPeak the most threads of inodes that there were at once
 * @param pagesPeak the most pages that the first program had at once
 * @param pagesTotal pages of guest memory
 * @param firstInstructionNanos when the first program was started on a vCPU, by System.nanoTime; 0
 *     if there was none
 */
record MachineCounts(
    Machine.HostKind host,
    Machine.ExitTotals exits,
    long ringCalls,
    long inodeRequests,
    int inodeThreadsPeak,
    long pagesPeak,
    long pagesTotal,
    long firstInstructionNanos) {}
