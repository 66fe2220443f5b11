package org.biscotti.devices;

/**
 * A directory that the user named, as far as everything beneath it needs to know.
 *
 * @param files what all mounts share
 * @param writable whether the guest may change anything
 * @param device {@code st_dev} of the named directory
 */
record HostMount(HostFiles files, boolean writable, long device) {
  // Two mounts are different even if they agree in everything: renames between them are EXDEV.
  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }
}
