package org.biscotti.kernel.abi;

/** Events, flags and commands of epoll(7) ({@code linux/eventpoll.h}). */
public final class Epoll {
  public static final int EPOLL_CTL_ADD = 1;
  public static final int EPOLL_CTL_DEL = 2;
  public static final int EPOLL_CTL_MOD = 3;

  public static final int EPOLLEXCLUSIVE = 1 << 28;
  public static final int EPOLLWAKEUP = 1 << 29;
  public static final int EPOLLONESHOT = 1 << 30;
  public static final int EPOLLET = 1 << 31;

  /** What is no event but says how it is reported. */
  public static final int BEHAVIOUR = EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET;

  /** {@code sizeof(struct epoll_event)} in bytes; it is packed: events, then data. */
  public static final int EVENT_SIZE = 12;

  private Epoll() {}
}
