package org.biscotti.kernel.task;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.mem.UserMemory;

/**
 * What a task leaves in its program's memory when it ends: robust futexes that it held are marked
 * (get_robust_list(2)), and the word of set_tid_address(2) is cleared.
 *
 * <p>All of it lies where the program says, so any address may come up, and lists without end.
 */
final class TaskEnd {
  private static final int ROBUST_ENTRIES_MAX = 2048;
  private static final int OFFSET = 8;
  private static final int PENDING = 16;

  private static final int OWNER_MASK = 0x3fff_ffff;
  private static final int OWNER_DIED = 0x4000_0000;
  private static final int WAITERS = 0x8000_0000;

  private TaskEnd() {}

  static void leaveTraces(Task task) {
    boolean seen = task.process().hasSeveralTasks() || task.space().isShared();
    try {
      if (task.robustListHead() != 0) {
        walkRobustList(task);
      }
    } catch (ErrnoException _) {
      // A list that cannot be read has ended there.
    }
    if (seen && task.clearChildTid() != 0) {
      clearWord(task, task.clearChildTid());
    }
    task.setRobustList(0, 0);
    task.setClearChildTid(0);
  }

  private static void clearWord(Task task, long address) {
    try {
      task.memory().setInt(address, 0);
      task.kernel().futexes().wake(task.space().futexWord(address, true), 1, -1);
    } catch (ErrnoException _) {
      // The word has been unmapped: nobody waits for it.
    }
  }

  private static void walkRobustList(Task task) {
    UserMemory memory = task.memory();
    long head = task.robustListHead();
    long offset = memory.getLong(head + OFFSET);
    long pending = memory.getLong(head + PENDING) & ~1L;
    long entry = memory.getLong(head) & ~1L;
    for (int i = 0; i < ROBUST_ENTRIES_MAX && entry != head; i++) {
      long next = memory.getLong(entry) & ~1L;
      if (entry != pending) {
        markDead(task, entry + offset);
      }
      entry = next;
    }
    if (pending != 0) {
      markDead(task, pending + offset);
    }
  }

  private static void markDead(Task task, long address) {
    UserMemory memory = task.memory();
    while (true) {
      int word = memory.getIntVolatile(address);
      if ((word & OWNER_MASK) != task.threadId()) {
        return;
      }
      if (memory.compareAndSetInt(address, word, (word & WAITERS) | OWNER_DIED)) {
        if ((word & WAITERS) != 0) {
          task.kernel().futexes().wake(task.space().futexWord(address, true), 1, -1);
        }
        return;
      }
    }
  }
}
