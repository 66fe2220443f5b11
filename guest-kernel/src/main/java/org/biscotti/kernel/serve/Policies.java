package org.biscotti.kernel.serve;

/** The policies there are, by the names that the command line has for them. */
public enum Policies {
  INLINE,
  THREAD,
  POOL,
  ADAPTIVE;

  SyscallPolicy make() {
    return switch (this) {
      case INLINE -> new InlinePolicy();
      case THREAD -> new ThreadPolicy();
      case POOL -> new PoolPolicy();
      case ADAPTIVE -> new AdaptivePolicy();
    };
  }
}
