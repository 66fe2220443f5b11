package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;
import static org.biscotti.kernel.abi.Socket.*;

import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.socket.Identity;
import org.biscotti.kernel.socket.Outgoing;
import org.biscotti.kernel.socket.Received;
import org.biscotti.kernel.socket.UnixAddress;
import org.biscotti.kernel.socket.UnixSocket;
import org.biscotti.kernel.task.Task;
import org.biscotti.kernel.wait.MustWait;
import org.jspecify.annotations.Nullable;

/** Messages with an address, several buffers and control data: sendmsg(2), recvmsg(2). */
final class MessageCalls {
  private static final int ALIGNMENT = 8;
  private static final int CONTROL_MAX = 1 << 16;
  private static final int MESSAGES_MAX = 1024;

  private MessageCalls() {}

  // ---- sending ----

  static long sendmsg(Task t, long fd, long message, long flags, long d, long e, long f) {
    return send(t, SocketCalls.socket(t, fd), message, (int) flags);
  }

  private static long send(Task t, UnixSocket socket, long message, int flags) {
    UserMemory memory = t.memory();
    UnixSocket to =
        SocketCalls.receiver(
            t, socket, memory.getLong(message + MSG_NAME), memory.getInt(message + MSG_NAMELEN));
    resetVector(t, message);
    long control = memory.getLong(message + MSG_CONTROL);
    long bytes = memory.getLong(message + MSG_CONTROLLEN);
    try (Control parsed = Control.read(t, control, control == 0 ? 0 : bytes);
        Outgoing out =
            new Outgoing(flags, to, parsed.identity, Outgoing.Sender.of(t), parsed.takeFiles())) {
      return socket.send(t.buffer(), out);
    }
  }

  private static void resetVector(Task t, long message) {
    UserMemory memory = t.memory();
    long count = memory.getLong(message + MSG_IOVLEN);
    if (Long.compareUnsigned(count, UserBuffer.RANGES_MAX) > 0) {
      throw ErrnoException.of(EMSGSIZE);
    }
    t.buffer().resetVector(memory, memory.getLong(message + MSG_IOV), count);
  }

  /** What a program sends beside bytes. */
  private static final class Control implements AutoCloseable {
    private Identity identity;
    private List<OpenFile> files = new ArrayList<>();

    private Control(Identity identity) {
      this.identity = identity;
    }

    List<OpenFile> takeFiles() {
      List<OpenFile> taken = files;
      files = List.of();
      return taken;
    }

    @Override
    public void close() {
      takeFiles().forEach(OpenFile::release);
    }

    /** Reads an array of {@code struct cmsghdr}: EINVAL, EBADF, EPERM, ENOBUFS. */
    static Control read(Task t, long gva, long bytes) {
      if (Long.compareUnsigned(bytes, CONTROL_MAX) > 0) {
        throw ErrnoException.of(ENOBUFS);
      }
      Control control = new Control(Identity.ofSender(t));
      try {
        long at = 0;
        while (bytes - at >= CMSG_HEADER) {
          long length = t.memory().getLong(gva + at);
          if (length < CMSG_HEADER || length > bytes - at) {
            throw ErrnoException.of(EINVAL);
          }
          if (t.memory().getInt(gva + at + 8) == SOL_SOCKET) {
            control.add(t, t.memory().getInt(gva + at + 12), gva + at + CMSG_HEADER, length);
          }
          at += aligned(length);
        }
        return control;
      } catch (ErrnoException bad) {
        control.close();
        throw bad;
      }
    }

    private void add(Task t, int type, long data, long length) {
      int bytes = (int) length - CMSG_HEADER;
      switch (type) {
        case SCM_RIGHTS -> {
          int count = bytes / Integer.BYTES;
          if (files.size() + count > SCM_RIGHTS_MAX) {
            throw ErrnoException.of(EINVAL);
          }
          for (int i = 0; i < count; i++) {
            int descriptor = t.memory().getInt(data + (long) i * Integer.BYTES);
            files.add(t.files().getAny(descriptor).retain());
          }
        }
        case SCM_CREDENTIALS -> {
          if (bytes != UCRED_SIZE) {
            throw ErrnoException.of(EINVAL);
          }
          identity = claimed(t, data);
        }
        default -> throw ErrnoException.of(EINVAL);
      }
    }

    /** Whom the sender says he is: himself, unless he is root. */
    private static Identity claimed(Task t, long data) {
      int pid = t.memory().getInt(data);
      int uid = t.memory().getInt(data + 4);
      int gid = t.memory().getInt(data + 8);
      Credentials own = t.credentials();
      boolean root = own.euid() == 0;
      boolean mine =
          pid == t.processId()
              && (uid == own.uid() || uid == own.euid() || uid == own.suid())
              && (gid == own.gid() || gid == own.egid() || gid == own.sgid());
      if (!mine && !root) {
        throw ErrnoException.of(EPERM);
      }
      if (t.kernel().processes().find(pid) == null) {
        throw ErrnoException.of(ESRCH);
      }
      return new Identity(pid, uid, gid);
    }
  }

  private static long aligned(long length) {
    return length + ALIGNMENT - 1 & -ALIGNMENT;
  }

  static long sendmmsg(Task t, long fd, long vector, long count, long flags, long e, long f) {
    UnixSocket socket = SocketCalls.socket(t, fd);
    int messages = (int) Math.min(count & 0xffff_ffffL, MESSAGES_MAX);
    if (messages > 1 && waits(socket, flags)) {
      MustWait.unlessVirtual();
    }
    int done = 0;
    try {
      for (; done < messages; done++) {
        long at = vector + (long) done * MMSGHDR_SIZE;
        t.memory().setInt(at + MMSG_LEN, (int) send(t, socket, at, (int) flags));
      }
    } catch (ErrnoException failure) {
      if (done == 0) {
        throw failure;
      }
    }
    return done;
  }

  private static boolean waits(UnixSocket socket, long flags) {
    return !socket.isNonBlocking() && (flags & MSG_DONTWAIT) == 0;
  }

  // ---- receiving ----

  static long recvmsg(Task t, long fd, long message, long flags, long d, long e, long f) {
    return receive(t, SocketCalls.socket(t, fd), message, (int) flags);
  }

  private static long receive(Task t, UnixSocket socket, long message, int flags) {
    UserMemory memory = t.memory();
    long name = memory.getLong(message + MSG_NAME);
    long control = memory.getLong(message + MSG_CONTROL);
    long room = control == 0 ? 0 : memory.getLong(message + MSG_CONTROLLEN);
    resetVector(t, message);
    try (Received with = new Received()) {
      long done = socket.receive(t.buffer(), flags, with);
      if (name != 0) {
        storeName(t, with.from(), name, message);
      }
      ControlWriter writer = new ControlWriter(memory, control, room);
      if (socket.options().passesCredentials() && with.identity() != null) {
        writer.credentials(with.identity());
      }
      boolean closeOnExec = (flags & MSG_CMSG_CLOEXEC) != 0;
      writer.files(t, with.files(), closeOnExec);
      memory.setLong(message + MSG_CONTROLLEN, writer.used());
      int kept = flags & MSG_CMSG_CLOEXEC;
      memory.setInt(message + MSG_FLAGS, kept | with.flags() | writer.flags());
      return done;
    }
  }

  private static void storeName(Task t, @Nullable UnixAddress from, long name, long message) {
    if (from == null) {
      t.memory().setInt(message + MSG_NAMELEN, 0);
    } else {
      SocketCalls.storeAddress(t, from, name, message + MSG_NAMELEN);
    }
  }

  /** Writes control data into a program's buffer, as much as fits. */
  private static final class ControlWriter {
    private final UserMemory memory;
    private final long start;
    private final long room;
    private long used;
    private int flags;

    ControlWriter(UserMemory memory, long start, long room) {
      this.memory = memory;
      this.start = start;
      this.room = room < 0 ? 0 : room;
    }

    long used() {
      return used;
    }

    int flags() {
      return flags;
    }

    void credentials(Identity identity) {
      if (room - used < CMSG_HEADER) {
        flags |= MSG_CTRUNC;
        return;
      }
      byte[] data = new byte[UCRED_SIZE];
      put(data, 0, identity.pid());
      put(data, 4, identity.uid());
      put(data, 8, identity.gid());
      int fits = (int) Math.min(UCRED_SIZE, room - used - CMSG_HEADER);
      flags |= fits < UCRED_SIZE ? MSG_CTRUNC : 0;
      long at = header(SCM_CREDENTIALS, fits);
      memory.copyOutFully(at, data, 0, fits);
    }

    private static void put(byte[] to, int at, int value) {
      for (int i = 0; i < Integer.BYTES; i++) {
        to[at + i] = (byte) (value >>> (8 * i));
      }
    }

    /** Gives the files descriptors, as many as there is room for; the others stay in the list. */
    void files(Task t, List<OpenFile> files, boolean closeOnExec) {
      long fit = Math.max(room - used - CMSG_HEADER, 0) / Integer.BYTES;
      if (fit > 0 && !files.isEmpty()) {
        try {
          storeFiles(t, files, fit, closeOnExec);
        } catch (ErrnoException badOrFull) {
          // What has been stored is told of; the others are closed.
        }
      }
      flags |= files.isEmpty() ? 0 : MSG_CTRUNC;
    }

    /** Whoever gets a descriptor learns of it: the header is there before, with their number. */
    private void storeFiles(Task t, List<OpenFile> files, long fit, boolean closeOnExec) {
      long data = writeHeader(SCM_RIGHTS, 0);
      int stored = 0;
      try {
        while (stored < fit && !files.isEmpty()) {
          storeFile(t, files, data + (long) stored * Integer.BYTES, closeOnExec);
          stored++;
        }
      } finally {
        if (stored > 0) {
          header(SCM_RIGHTS, stored * Integer.BYTES);
        }
      }
    }

    private void storeFile(Task t, List<OpenFile> files, long to, boolean closeOnExec) {
      OpenFile file = files.getFirst();
      int descriptor = t.files().install(file, closeOnExec);
      try {
        memory.setInt(to, descriptor);
      } catch (ErrnoException bad) {
        if (!t.files().takeBack(descriptor, file)) {
          files.removeFirst(); // another thread has closed what it could not know
        }
        throw bad;
      }
      files.removeFirst();
    }

    private long header(int type, int bytes) {
      long data = writeHeader(type, bytes);
      used += Math.min(aligned(CMSG_HEADER + (long) bytes), room - used);
      return data;
    }

    /** Writes a header behind what is there, and does not count it. */
    private long writeHeader(int type, int bytes) {
      long at = start + used;
      memory.setLong(at, CMSG_HEADER + (long) bytes);
      memory.setInt(at + 8, SOL_SOCKET);
      memory.setInt(at + 12, type);
      return at + CMSG_HEADER;
    }
  }

  /** The timeout is looked at after each message, as Linux does (recvmmsg(2), BUGS). */
  static long recvmmsg(Task t, long fd, long vector, long count, long flags, long timeout, long f) {
    UnixSocket socket = SocketCalls.socket(t, fd);
    long nanos = timeout == 0 ? Long.MAX_VALUE : TimeCalls.getTimespec(t.memory(), timeout);
    long deadline = nanos == Long.MAX_VALUE ? nanos : System.nanoTime() + nanos;
    int messages = (int) Math.min(count & 0xffff_ffffL, MESSAGES_MAX);
    if (messages > 1 && waits(socket, flags) && (flags & MSG_WAITFORONE) == 0) {
      MustWait.unlessVirtual();
    }
    int done = 0;
    try {
      while (done < messages) {
        boolean first = done == 0 || (flags & MSG_WAITFORONE) == 0;
        int how = ((int) flags & ~MSG_WAITFORONE) | (first ? 0 : MSG_DONTWAIT);
        long at = vector + (long) done * MMSGHDR_SIZE;
        t.memory().setInt(at + MMSG_LEN, (int) receive(t, socket, at, how));
        done++;
        if (deadline != Long.MAX_VALUE && deadline - System.nanoTime() <= 0) {
          break;
        }
      }
    } catch (ErrnoException failure) {
      if (done == 0) {
        throw failure;
      }
    }
    if (timeout != 0) {
      TimeCalls.putTimespec(t.memory(), timeout, Math.max(deadline - System.nanoTime(), 0));
    }
    return done;
  }
}
