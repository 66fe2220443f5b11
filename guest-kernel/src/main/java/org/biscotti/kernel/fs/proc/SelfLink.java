package org.biscotti.kernel.fs.proc;

import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.Symlink;

/** /proc/self and /proc/thread-self: links that lead everybody to himself. */
final class SelfLink extends Symlink {
  private final boolean thread;

  SelfLink(FileSystem fileSystem, long number, boolean thread) {
    super(fileSystem, number, 0777, 0, 0);
    this.thread = thread;
  }

  @Override
  public String target(Caller caller) {
    String process = Integer.toString(caller.processId());
    return thread ? process + "/task/" + caller.threadId() : process;
  }
}
