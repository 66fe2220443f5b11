package org.biscotti.kernel.socket;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Socket;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.RankedLock;

/** Messages that wait to be received by one socket. */
@SuppressWarnings("NonAtomicVolatileUpdate") // the lock makes it atomic
final class ReceiveQueue {
  /** Datagrams that a socket holds before others have to wait (net.unix.max_dgram_qlen). */
  private static final int DATAGRAMS_MAX = 512;

  private final Sockets sockets;
  private final RankedLock lock = new RankedLock(LockRank.STREAM);

  @GuardedBy("lock")
  private final ArrayDeque<Message> messages = new ArrayDeque<>();

  @GuardedBy("lock")
  private boolean closed;

  // Written under the lock, read without it for readiness.
  private volatile int count;
  private volatile int bytes;

  ReceiveQueue(Sockets sockets) {
    this.sockets = sockets;
  }

  /** Messages in it. */
  int count() {
    return count;
  }

  /** Bytes in it that have not been received. */
  int bytes() {
    return bytes;
  }

  boolean isFull() {
    return count > DATAGRAMS_MAX;
  }

  /** Bytes of the first message. */
  int firstBytes() {
    lock.lock();
    try {
      Message first = messages.peek();
      return first == null ? 0 : first.left();
    } finally {
      lock.unlock();
    }
  }

  /** Adds a message; false if it is closed. */
  boolean add(Message message) {
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      messages.add(message);
      count++;
      bytes += message.left();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Takes no message any more, and drops those that are there. */
  void close() {
    List<Message> left;
    lock.lock();
    try {
      closed = true;
      left = List.copyOf(messages);
      messages.clear();
      count = 0;
      bytes = 0;
    } finally {
      lock.unlock();
    }
    for (Message message : left) {
      message.from.returned(message);
      sockets.close(message.files, message.sender);
    }
  }

  /**
   * Receives bytes of a stream, as many as there are and fit; not beyond a message with files, nor
   * from one sender to another.
   */
  long readStream(UserBuffer to, boolean peeks, Received with) {
    List<Message> finished = new ArrayList<>();
    long done;
    lock.lock();
    try {
      done = readStream(to, peeks, with, finished);
    } finally {
      lock.unlock();
    }
    for (Message message : finished) {
      message.from.returned(message);
    }
    return done;
  }

  @GuardedBy("lock")
  private long readStream(UserBuffer to, boolean peeks, Received with, List<Message> finished) {
    Identity sender = with.identity();
    long done = 0;
    Iterator<Message> all = messages.iterator();
    while (all.hasNext() && to.remaining() > 0 && !to.faulted()) {
      Message message = all.next();
      if (sender != null && !sender.equals(message.identity)) {
        break;
      }
      int moved = (int) to.put(message.bytes, message.offset, message.left());
      if (moved == 0) {
        break;
      }
      sender = message.identity;
      done += moved;
      with.note(message);
      boolean hadFiles = hand(message, peeks, with);
      if (!peeks) {
        message.offset += moved;
        bytes -= moved;
        if (message.left() == 0) {
          all.remove();
          count--;
          finished.add(message);
        }
      }
      if (hadFiles) {
        break;
      }
    }
    return done;
  }

  /** Hands the message's files over, or copies of them; true if there are any. */
  private boolean hand(Message message, boolean peeks, Received with) {
    if (message.files.isEmpty()) {
      return false;
    }
    if (peeks) {
      with.files().addAll(Sockets.copy(message.files));
    } else {
      with.files().addAll(message.files);
      sockets.arrived(message.files.size(), message.sender);
      message.files = List.of();
    }
    return true;
  }

  /**
   * Receives one message, cut to what fits.
   *
   * @return its length, -1 if there is none
   * @throws ErrnoException EFAULT
   */
  long readDatagram(UserBuffer to, boolean peeks, Received with) {
    Message message;
    lock.lock();
    try {
      message = messages.peek();
      if (message == null) {
        return -1;
      }
      int wanted = (int) Math.min(message.bytes.length, to.remaining());
      if (to.put(message.bytes, 0, wanted) < wanted) {
        throw ErrnoException.of(Errno.EFAULT);
      }
      with.note(message);
      hand(message, peeks, with);
      if (wanted < message.bytes.length) {
        with.addFlags(Socket.MSG_TRUNC);
      }
      if (peeks) {
        return message.bytes.length;
      }
      messages.remove();
      count--;
      bytes -= message.bytes.length;
    } finally {
      lock.unlock();
    }
    message.from.returned(message);
    return message.bytes.length;
  }
}
