package org.biscotti.kernel.fs;

/**
 * What statfs(2) tells of a file system.
 *
 * @param magic {@code f_type}
 * @param blockSize bytes in a block
 * @param blocks size in blocks
 * @param freeBlocks blocks nobody uses
 * @param files inodes there can be, 0 if that means nothing
 * @param freeFiles inodes that can still be made
 */
public record FileSystemStatus(
    long magic, long blockSize, long blocks, long freeBlocks, long files, long freeFiles) {}
