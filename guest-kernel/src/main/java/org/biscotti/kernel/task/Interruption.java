package org.biscotti.kernel.task;

/** What becomes of a call that a signal has interrupted (signal(7)). */
public enum Interruption {
  /** It is made again, unless a handler without SA_RESTART runs (ERESTARTSYS in Linux). */
  RESTARTS,
  /** It is made again only if no handler runs (ERESTARTNOHAND, ERESTART_RESTARTBLOCK). */
  RESTARTS_WITHOUT_HANDLER,
  /** It fails with EINTR. */
  FAILS
}
