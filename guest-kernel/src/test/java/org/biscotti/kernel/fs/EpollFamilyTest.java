package org.biscotti.kernel.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.biscotti.kernel.fs.TestTree.assertErrno;

import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.ipc.Budget;
import org.biscotti.kernel.ipc.EpollFile;
import org.biscotti.kernel.ipc.IpcFiles;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Epolls that watch epolls: however many ways there are from one to another. */
@Timeout(30)
class EpollFamilyTest {
  private static final int LEVELS = 6;
  private static final int WIDTH = 40;

  private final TestTree tree = new TestTree();
  private final Budget budget = new Budget(1 << 24);
  private final IpcFiles files = new IpcFiles(tree.files.clock(), tree.frames, budget);

  @AfterEach
  void close() {
    tree.close();
  }

  /** Levels of epolls, each of which watches all of the next: 40 to the fifth ways. */
  private List<List<EpollFile>> levels() {
    List<List<EpollFile>> levels = new ArrayList<>();
    for (int level = 0; level < LEVELS; level++) {
      List<EpollFile> made = new ArrayList<>();
      for (int i = 0; i < WIDTH; i++) {
        made.add(files.makeEpoll(tree));
      }
      levels.add(made);
    }
    for (int level = 0; level < LEVELS - 1; level++) {
      for (EpollFile watcher : levels.get(level)) {
        int fd = 0;
        for (EpollFile watched : levels.get(level + 1)) {
          watcher.add(watched, fd++, Poll.POLLIN, 0);
        }
      }
    }
    return levels;
  }

  @Test
  void manyWaysAreWalkedOnce() {
    List<List<EpollFile>> levels = levels();
    EpollFile first = levels.getFirst().getFirst();
    EpollFile last = levels.getLast().getFirst();
    assertErrno(Errno.ELOOP, () -> last.add(first, 0, Poll.POLLIN, 0));
    assertErrno(Errno.ELOOP, () -> last.add(files.makeEpoll(tree), 0, Poll.POLLIN, 0));
    OpenFile event = files.makeEvent(1, false, 0);
    for (EpollFile each : levels.getLast()) {
      each.add(event, 0, Poll.POLLIN, 0);
    }
    assertThat(first.readyEvents()).isEqualTo(Poll.READABLE);
    tree.buffer.reset(tree.user, tree.area, Long.BYTES);
    event.read(tree.buffer, tree);
    assertThat(first.readyEvents()).isZero();
    event.release();
    levels.forEach(level -> level.forEach(OpenFile::release));
    assertThat(budget.charged()).isZero();
  }

  /** What could not be charged leaves no trace in the family: a chain of six is still possible. */
  @Test
  void aWatcherThatFindsNoRoomIsForgotten() {
    IpcFiles full = new IpcFiles(tree.files.clock(), tree.frames, new Budget(100));
    EpollFile at = files.makeEpoll(tree);
    EpollFile watched = at;
    assertErrno(Errno.ENOSPC, () -> full.makeEpoll(tree).add(watched, 0, Poll.POLLIN, 0));
    for (int level = 1; level < LEVELS; level++) {
      EpollFile next = files.makeEpoll(tree);
      at.add(next, 0, Poll.POLLIN, 0);
      at = next;
    }
    EpollFile bottom = at;
    assertErrno(Errno.ELOOP, () -> bottom.add(files.makeEpoll(tree), 0, Poll.POLLIN, 0));
  }

  @Test
  void aClosedFileIsNotWatched() {
    EpollFile epoll = files.makeEpoll(tree);
    OpenFile event = files.makeEvent(1, false, 0);
    event.release();
    assertErrno(Errno.EBADF, () -> epoll.add(event, 0, Poll.POLLIN, 0));
    assertThat(budget.charged()).isZero();
    epoll.release();
  }
}
