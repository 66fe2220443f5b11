package org.biscotti.kernel.fs;

/** Takes the entries of a directory one by one. */
@FunctionalInterface
public interface DirectoryVisitor {
  /**
   * Takes an entry.
   *
   * @param name its name
   * @param inode inode number
   * @param mode type bits as in {@code st_mode}; permissions are ignored
   * @param position position of this entry; a listing that starts after it goes on behind it
   * @return false if there was no room for it; nothing more is then wanted
   */
  boolean entry(String name, long inode, int mode, long position);
}
