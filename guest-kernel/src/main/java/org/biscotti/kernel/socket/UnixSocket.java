package org.biscotti.kernel.socket;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Ioctl;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.abi.Socket;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.wait.MustWait;
import org.biscotti.kernel.wait.WaitQueue;
import org.jspecify.annotations.Nullable;

/** A socket of the local family (unix(7)). */
public final class UnixSocket extends OpenFile {
  /** net.core.somaxconn: connections that wait to be accepted, at most. */
  private static final int BACKLOG_MAX = 4096;

  private static final int IN = Poll.READABLE;
  private static final int OUT = Poll.WRITABLE | Poll.POLLWRBAND;
  private static final int EVERYTHING = IN | OUT | Poll.POLLERR | Poll.POLLHUP | Poll.POLLRDHUP;

  private static final int SHUT_READING = 1;
  private static final int SHUT_WRITING = 2;

  /** A stream is cut into pieces of so many bytes. */
  private static final int PIECE_BYTES = 32 << 10;

  /** What of a buffer a datagram cannot fill. */
  private static final int DATAGRAM_RESERVE = 32;

  // What /proc/net/unix shows (Linux' include/linux/net.h and include/uapi/linux/net.h).
  private static final int ACCEPTS_CONNECTIONS = 1 << 16;
  private static final int SHOWN_UNCONNECTED = 1;
  private static final int SHOWN_CONNECTED = 3;

  private enum State {
    FREE,
    LISTENING,
    CONNECTED,
    CLOSED
  }

  private final Sockets sockets;
  private final int type;

  /** To whom its messages count. */
  private final int owner;

  private final WaitQueue queue = new WaitQueue();
  private final ReceiveQueue incoming;
  private final SocketOptions options = new SocketOptions();

  /** Bytes of this socket's messages that nobody has received, and their overhead. */
  private final AtomicInteger sent = new AtomicInteger();

  private final AtomicInteger error = new AtomicInteger();

  // Written under the lock of all sockets, read without.
  private volatile State state = State.FREE;
  private volatile @Nullable UnixSocket peer;
  private volatile Sockets.@Nullable Binding binding;
  private volatile Identity peerIdentity = Identity.NOBODY;
  private volatile int shut;
  private volatile int waiting;
  private volatile int backlogMax;

  /** Its name is that of the socket it was accepted from, and not its own to give up. */
  private volatile boolean isServer;

  @GuardedBy("sockets.lock()")
  private boolean accepted = true;

  /** Of a listening socket: who listens. */
  private volatile Identity identity = Identity.NOBODY;

  private final ArrayDeque<UnixSocket> backlog = new ArrayDeque<>();

  UnixSocket(Sockets sockets, Dentry dentry, int type, int flags, int owner) {
    super(dentry, flags);
    this.owner = owner;
    this.sockets = sockets;
    this.type = type;
    incoming = new ReceiveQueue(sockets);
  }

  /** SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET. */
  public int type() {
    return type;
  }

  public SocketOptions options() {
    return options;
  }

  /** Its name, or null. */
  public @Nullable UnixAddress address() {
    Sockets.Binding now = binding;
    return now == null ? null : now.address();
  }

  /**
   * Its peer's name, or null if that has none.
   *
   * @throws ErrnoException ENOTCONN
   */
  public @Nullable UnixAddress peerAddress() {
    UnixSocket other = peer;
    if (other == null) {
      throw ErrnoException.of(Errno.ENOTCONN);
    }
    return other.address();
  }

  /** Who is at the other end (SO_PEERCRED). */
  public Identity peerIdentity() {
    return peerIdentity;
  }

  public boolean isListening() {
    return state == State.LISTENING;
  }

  /** True if an address given with a message is wrong; of a stream. */
  public boolean isConnected() {
    return state == State.CONNECTED;
  }

  /** The error that waits, once (SO_ERROR). */
  public int takeError() {
    return error.getAndSet(0);
  }

  private boolean hasConnections() {
    return type != Socket.SOCK_DGRAM;
  }

  private boolean isShut(int direction) {
    return (shut & direction) != 0;
  }

  /**
   * Adds its line of {@code /proc/net/unix}: address of the object (never shown), references,
   * protocol, flags (__SO_ACCEPTCON), type, state (SS_UNCONNECTED or SS_CONNECTED), inode, name.
   */
  void describe(StringBuilder text) {
    boolean connected = peer != null;
    text.append(
        "%016x: %08X %08X %08X %04X %02X %5d"
            .formatted(
                0,
                connected ? 3 : 2,
                0,
                isListening() ? ACCEPTS_CONNECTIONS : 0,
                type,
                connected ? SHOWN_CONNECTED : SHOWN_UNCONNECTED,
                inode().number()));
    UnixAddress name = address();
    if (name != null) {
      text.append(name.isAbstract() ? " @" : " ").append(name.name().replace('\0', '@'));
    }
    text.append('\n');
  }

  boolean isGone() {
    return state == State.CLOSED;
  }

  WaitQueue queue() {
    return queue;
  }

  // ---- names and connections ----

  /** Gives it a name (bind(2)). */
  public void bind(UnixAddress address, Caller caller) {
    sockets.lock().lock();
    try {
      requireOpen();
      if (binding != null) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      binding = sockets.bind(this, address, caller);
    } finally {
      sockets.lock().unlock();
    }
  }

  /** Fails if it has been closed meanwhile: what it were given now nobody would take away. */
  private void requireOpen() {
    if (state == State.CLOSED) {
      throw ErrnoException.of(Errno.EBADF);
    }
  }

  /** Waits for connections (listen(2)). */
  public void listen(int connections, Caller caller) {
    if (!hasConnections()) {
      throw ErrnoException.of(Errno.EOPNOTSUPP);
    }
    sockets.lock().lock();
    try {
      requireOpen();
      if (binding == null || state == State.CONNECTED) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      backlogMax = connections < 0 ? BACKLOG_MAX : Math.min(connections, BACKLOG_MAX);
      identity = Identity.ofPeer(caller);
      state = State.LISTENING;
    } finally {
      sockets.lock().unlock();
    }
    queue.wake(OUT);
  }

  /** Has a peer from now on. With the lock of all sockets. */
  void connected(UnixSocket other, Identity who) {
    peer = other;
    peerIdentity = who;
    state = State.CONNECTED;
  }

  /** Takes the peer of datagrams away (connect(2) with AF_UNSPEC). */
  public void disconnect() {
    if (hasConnections()) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    setPeer(null);
  }

  private void setPeer(@Nullable UnixSocket other) {
    sockets.lock().lock();
    try {
      requireOpen();
      peer = other;
      state = other == null ? State.FREE : State.CONNECTED;
    } finally {
      sockets.lock().unlock();
    }
  }

  /**
   * Connects to a socket (connect(2)); waits while that has too many connections to accept.
   *
   * @throws ErrnoException ECONNREFUSED, EISCONN, EINVAL, EAGAIN
   */
  public void connect(UnixSocket other, Caller caller) {
    if (!hasConnections()) {
      if (!other.maySend(this)) {
        throw ErrnoException.of(Errno.EPERM);
      }
      setPeer(other);
      return;
    }
    long deadline = deadline(options.sendNanos());
    while (!tryConnect(other, caller)) {
      checkMayWait(0);
      BooleanSupplier ready = () -> !other.isFull() || !other.isListening();
      if (!other.queue.await(OUT, ready, deadline)) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
    }
    other.queue.wake(IN);
  }

  private boolean isFull() {
    return waiting > backlogMax;
  }

  private boolean tryConnect(UnixSocket listener, Caller caller) {
    sockets.lock().lock();
    try {
      if (!listener.isListening() || listener.isShut(SHUT_READING)) {
        throw ErrnoException.of(Errno.ECONNREFUSED);
      }
      if (listener.isFull()) {
        return false;
      }
      if (state != State.FREE) {
        throw ErrnoException.of(isConnected() ? Errno.EISCONN : Errno.EINVAL);
      }
      UnixSocket server = listener.makeServer();
      server.connected(this, Identity.ofPeer(caller));
      connected(server, listener.identity);
      listener.backlog.add(server);
      listener.waiting = listener.backlog.size();
      return true;
    } finally {
      sockets.lock().unlock();
    }
  }

  @SuppressWarnings("GuardedBy") // the caller holds the lock, which is the same for all sockets
  private UnixSocket makeServer() {
    UnixSocket server = sockets.make(inode().uid(), inode().gid(), type, 0);
    server.accepted = false;
    server.binding = binding == null ? null : new Sockets.Binding(binding.address(), null);
    server.isServer = true;
    options.copyTo(server.options);
    return server;
  }

  /**
   * Takes a connection (accept(2)); waits for one.
   *
   * @return an open file with a reference for the caller
   * @throws ErrnoException EINVAL if it does not listen, EAGAIN, EOPNOTSUPP
   */
  public UnixSocket accept() {
    if (!hasConnections()) {
      throw ErrnoException.of(Errno.EOPNOTSUPP);
    }
    long deadline = deadline(options.receiveNanos());
    while (true) {
      UnixSocket server = tryAccept();
      if (server != null) {
        queue.wake(OUT);
        return server;
      }
      checkMayWait(0);
      BooleanSupplier ready = () -> waiting > 0 || isShut(SHUT_READING);
      if (!queue.await(IN, ready, deadline)) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
    }
  }

  @SuppressWarnings("GuardedBy") // one lock for all sockets
  private @Nullable UnixSocket tryAccept() {
    sockets.lock().lock();
    try {
      if (!isListening()) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      UnixSocket server = backlog.poll();
      if (server == null && isShut(SHUT_READING)) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      if (server != null) {
        waiting = backlog.size();
        server.accepted = true;
      }
      return server;
    } finally {
      sockets.lock().unlock();
    }
  }

  /** Ends reading, writing or both (shutdown(2)). */
  @SuppressWarnings("NonAtomicVolatileUpdate") // under the lock
  public void shutdown(int how) {
    if (how < Socket.SHUT_RD || how > Socket.SHUT_RDWR) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    int mine = how + 1;
    int theirs = (mine & SHUT_READING) << 1 | (mine & SHUT_WRITING) >> 1;
    UnixSocket other;
    sockets.lock().lock();
    try {
      shut |= mine;
      other = hasConnections() ? peer : null;
      if (other != null) {
        other.shut |= theirs;
      }
    } finally {
      sockets.lock().unlock();
    }
    queue.wake(EVERYTHING);
    if (other != null) {
      other.queue.wake(EVERYTHING);
    }
  }

  @Override
  protected void closed() {
    UnixSocket other;
    List<UnixSocket> never;
    sockets.lock().lock();
    try {
      state = State.CLOSED;
      Sockets.Binding name = binding;
      if (name != null && !isServer) {
        sockets.unbind(this, name);
      }
      never = List.copyOf(backlog);
      backlog.clear();
      waiting = 0;
      other = hasConnections() ? peer : null;
      if (other != null) {
        leave(other);
      }
    } finally {
      sockets.lock().unlock();
    }
    sockets.forget(this);
    incoming.close();
    queue.wake(EVERYTHING);
    if (other != null) {
      other.queue.wake(EVERYTHING);
    }
    never.forEach(OpenFile::release);
  }

  /** The peer is told, and that there was something that nobody has read. */
  @GuardedBy("sockets.lock()")
  private void leave(UnixSocket other) {
    other.shut = SHUT_READING | SHUT_WRITING;
    if (!other.isGone() && (incoming.count() > 0 || !accepted)) {
      other.error.set(Errno.ECONNRESET);
    }
  }

  // ---- waiting ----

  private static long deadline(long nanos) {
    return nanos == 0 ? Long.MAX_VALUE : System.nanoTime() + nanos;
  }

  private void checkMayWait(int flags) {
    if (isNonBlocking() || (flags & Socket.MSG_DONTWAIT) != 0) {
      throw ErrnoException.of(Errno.EAGAIN);
    }
    MustWait.unlessVirtual();
  }

  // ---- sending ----

  @Override
  public long write(UserBuffer from, Caller caller) {
    try (Outgoing plain = Outgoing.plain(caller)) {
      return send(from, plain);
    }
  }

  /**
   * Sends (sendmsg(2)).
   *
   * @return bytes sent
   * @throws ErrnoException ENOTCONN, EPIPE (without a signal except for streams), EMSGSIZE, EAGAIN,
   *     ECONNREFUSED, EPERM, ENOBUFS
   */
  public long send(UserBuffer from, Outgoing what) {
    if (what.has(Socket.MSG_OOB)) {
      throw ErrnoException.of(Errno.EOPNOTSUPP);
    }
    return type == Socket.SOCK_STREAM ? sendStream(from, what) : sendDatagram(from, what);
  }

  private static ErrnoException broken(boolean signals) {
    return signals ? ErrnoException.of(Errno.EPIPE) : ErrnoException.EPIPE_WITHOUT_SIGNAL;
  }

  private long sendStream(UserBuffer from, Outgoing what) {
    UnixSocket to = peer;
    if (to == null) {
      throw ErrnoException.of(Errno.ENOTCONN);
    }
    boolean waits = !isNonBlocking() && !what.has(Socket.MSG_DONTWAIT);
    boolean whole = waits && !Thread.currentThread().isVirtual();
    long deadline = deadline(options.sendNanos());
    long done = 0;
    try {
      checkConnection(to, what);
      if (whole && from.remaining() > 0 && !fits(from.remaining())) {
        throw MustWait.INSTANCE;
      }
      while (from.remaining() > 0 && !from.faulted()) {
        checkConnection(to, what);
        if (whole || hasRoom()) {
          done += sendPiece(from, to, what);
        } else if (done > 0 && !waits) {
          break;
        } else {
          awaitRoom(to, what.has(Socket.MSG_DONTWAIT) ? Socket.MSG_DONTWAIT : 0, deadline);
        }
      }
    } catch (ErrnoException failure) {
      if (done == 0) {
        throw failure;
      }
    }
    if (done == 0 && from.faulted()) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    return done;
  }

  private void checkConnection(UnixSocket to, Outgoing what) {
    if (isShut(SHUT_WRITING) || to.isGone() || to.isShut(SHUT_READING)) {
      throw broken(!what.has(Socket.MSG_NOSIGNAL));
    }
  }

  private boolean hasRoom() {
    return sent.get() < options.sendBytes();
  }

  private boolean fits(long bytes) {
    long pieces = (bytes + PIECE_BYTES - 1) / PIECE_BYTES;
    return sent.get() + bytes + pieces * Message.OVERHEAD_BYTES <= options.sendBytes();
  }

  private void awaitRoom(UnixSocket to, int flags, long deadline) {
    checkMayWait(flags);
    BooleanSupplier ready =
        () -> hasRoom() || isShut(SHUT_WRITING) || to.isGone() || to.isShut(SHUT_READING);
    if (!queue.await(OUT, ready, deadline)) {
      throw ErrnoException.of(Errno.EAGAIN);
    }
  }

  private int sendPiece(UserBuffer from, UnixSocket to, Outgoing what) {
    long room = Math.max(options.sendBytes() - sent.get(), 1);
    byte[] bytes = new byte[(int) Math.min(Math.min(from.remaining(), room), PIECE_BYTES)];
    int taken = (int) from.take(bytes, 0, bytes.length);
    if (taken > 0) {
      byte[] exact = taken == bytes.length ? bytes : Arrays.copyOf(bytes, taken);
      if (!deliver(exact, to, what)) {
        throw broken(!what.has(Socket.MSG_NOSIGNAL));
      }
    }
    return taken;
  }

  /** Puts a message into a socket's queue; false if that takes none any more. */
  private boolean deliver(byte[] bytes, UnixSocket to, Outgoing what) {
    sockets.budget().charge(Message.charge(bytes.length), owner, Errno.ENOBUFS);
    return deliverCharged(bytes, to, what);
  }

  /** The same for a whole datagram, which takes no heap before there is room for it. */
  private boolean deliver(UserBuffer from, int length, UnixSocket to, Outgoing what) {
    int charge = Message.charge(length);
    sockets.budget().charge(charge, owner, Errno.ENOBUFS);
    byte[] bytes = new byte[length];
    if (from.take(bytes, 0, length) < length) {
      sockets.budget().release(charge, owner);
      throw ErrnoException.of(Errno.EFAULT);
    }
    return deliverCharged(bytes, to, what);
  }

  private boolean deliverCharged(byte[] bytes, UnixSocket to, Outgoing what) {
    try {
      sockets.sending(what.fileCount(), what.sender());
    } catch (ErrnoException tooMany) {
      sockets.budget().release(Message.charge(bytes.length), owner);
      throw tooMany;
    }
    Message message = new Message(bytes, this, what);
    sent.addAndGet(message.charge());
    boolean taken = to.incoming.add(message);
    if (taken) {
      to.queue.wake(IN);
    } else {
      returned(message);
      sockets.close(message.files, message.sender);
    }
    return taken;
  }

  /** A message of this socket has been received, or nobody will; it is told if it may send. */
  void returned(Message message) {
    sockets.budget().release(message.charge(), owner);
    sent.addAndGet(-message.charge());
    if (hasSpace()) {
      queue.wake(OUT);
    }
  }

  /** As Linux has it: not before three quarters have been received. */
  private boolean hasSpace() {
    return sent.get() <= options.sendBytes() / 4;
  }

  private long sendDatagram(UserBuffer from, Outgoing what) {
    UnixSocket given = hasConnections() ? null : what.to();
    if (hasConnections() && !isConnected()) {
      throw ErrnoException.of(Errno.ENOTCONN);
    }
    if (from.remaining() > options.sendBytes() - DATAGRAM_RESERVE) {
      throw ErrnoException.of(Errno.EMSGSIZE);
    }
    int length = (int) from.remaining();
    UnixSocket to = given != null ? given : peer;
    if (to == null) {
      throw ErrnoException.of(Errno.ENOTCONN);
    }
    long deadline = deadline(options.sendNanos());
    int flags = what.has(Socket.MSG_DONTWAIT) ? Socket.MSG_DONTWAIT : 0;
    checkReceiver(to);
    while (!hasRoomFor(length) || !takesDatagram(to)) {
      checkMayWait(flags);
      awaitRoomFor(length, to, deadline);
      checkReceiver(to);
    }
    if (!deliver(from, length, to, what)) {
      checkReceiver(to); // which has been closed this very moment
    }
    return length;
  }

  private void checkReceiver(UnixSocket to) {
    if (isShut(SHUT_WRITING)) {
      throw ErrnoException.EPIPE_WITHOUT_SIGNAL;
    }
    if (to.isGone()) {
      if (hasConnections()) {
        throw ErrnoException.EPIPE_WITHOUT_SIGNAL;
      }
      if (to.equals(peer)) {
        setPeer(null);
      }
      throw ErrnoException.of(Errno.ECONNREFUSED);
    }
    if (!hasConnections() && !to.maySend(this)) {
      throw ErrnoException.of(Errno.EPERM);
    }
    if (to.isShut(SHUT_READING)) {
      throw ErrnoException.EPIPE_WITHOUT_SIGNAL;
    }
  }

  /** Who has a peer takes datagrams from that alone. */
  private boolean maySend(UnixSocket sender) {
    UnixSocket mine = peer;
    return mine == null || mine.equals(sender);
  }

  private boolean hasRoomFor(int bytes) {
    int now = sent.get();
    return now == 0 || now + bytes + Message.OVERHEAD_BYTES <= options.sendBytes();
  }

  private boolean takesDatagram(UnixSocket to) {
    return hasConnections() || to.equals(this) || !to.incoming.isFull();
  }

  private void awaitRoomFor(int bytes, UnixSocket to, long deadline) {
    BooleanSupplier over = () -> isShut(SHUT_WRITING) || to.isGone() || to.isShut(SHUT_READING);
    boolean ready =
        hasRoomFor(bytes)
            ? to.queue.await(OUT, () -> takesDatagram(to) || over.getAsBoolean(), deadline)
            : queue.await(OUT, () -> hasRoomFor(bytes) || over.getAsBoolean(), deadline);
    if (!ready) {
      throw ErrnoException.of(Errno.EAGAIN);
    }
  }

  // ---- receiving ----

  @Override
  public long read(UserBuffer to, Caller caller) {
    if (to.remaining() == 0) {
      return 0;
    }
    try (Received ignored = new Received()) {
      return receive(to, 0, ignored);
    }
  }

  /**
   * Receives (recvmsg(2)).
   *
   * @param flags MSG_ flags
   * @param with what came with the bytes
   * @return bytes received; of a datagram with MSG_TRUNC its length
   * @throws ErrnoException EINVAL, ENOTCONN, EAGAIN, ECONNRESET, EFAULT
   */
  public long receive(UserBuffer to, int flags, Received with) {
    if ((flags & Socket.MSG_OOB) != 0) {
      throw ErrnoException.of(Errno.EOPNOTSUPP);
    }
    if (type == Socket.SOCK_STREAM) {
      if (!isConnected()) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      return receiveStream(to, flags, with);
    }
    if (type == Socket.SOCK_SEQPACKET && !isConnected()) {
      throw ErrnoException.of(Errno.ENOTCONN);
    }
    return receiveDatagram(to, flags, with);
  }

  private long receiveStream(UserBuffer to, int flags, Received with) {
    boolean peeks = (flags & Socket.MSG_PEEK) != 0;
    boolean all = (flags & Socket.MSG_WAITALL) != 0 && !peeks && !isNonBlocking();
    if (all && incoming.bytes() < to.remaining() && !isShut(SHUT_READING)) {
      MustWait.unlessVirtual();
    }
    long deadline = deadline(options.receiveNanos());
    long done = 0;
    try {
      while (true) {
        done += incoming.readStream(to, peeks, with);
        if (to.faulted() && done == 0) {
          throw ErrnoException.of(Errno.EFAULT);
        }
        boolean more = all && to.remaining() > 0 && !to.faulted() && with.files().isEmpty();
        boolean enough = done > 0 || (to.remaining() == 0 && incoming.count() > 0);
        if ((enough && !more) || isAtEnd()) {
          return done;
        }
        if (done > 0 && !Thread.currentThread().isVirtual()) {
          // Somebody else has taken the rest. What has been moved cannot be asked for again.
          return done;
        }
        awaitMessage(flags, deadline);
      }
    } catch (ErrnoException failure) {
      if (done == 0) {
        throw failure;
      }
      return done;
    }
  }

  /** True if nothing will come any more; throws the error that ended it, once. */
  private boolean isAtEnd() {
    if (incoming.count() > 0) {
      return false;
    }
    int why = takeError();
    if (why != 0) {
      throw ErrnoException.of(why);
    }
    return isShut(SHUT_READING) && incoming.count() == 0;
  }

  private void awaitMessage(int flags, long deadline) {
    if (incoming.count() > 0) {
      return;
    }
    checkMayWait(flags);
    BooleanSupplier ready = () -> incoming.count() > 0 || isShut(SHUT_READING) || error.get() != 0;
    if (!queue.await(IN, ready, deadline)) {
      throw ErrnoException.of(Errno.EAGAIN);
    }
  }

  private long receiveDatagram(UserBuffer to, int flags, Received with) {
    long deadline = deadline(options.receiveNanos());
    while (true) {
      boolean wasFull = incoming.isFull();
      long length = incoming.readDatagram(to, (flags & Socket.MSG_PEEK) != 0, with);
      if (length >= 0) {
        if (wasFull) {
          queue.wake(OUT);
        }
        return (flags & Socket.MSG_TRUNC) != 0 ? length : to.position();
      }
      if (isAtEnd() && (hasConnections() || waitsFor(flags))) {
        return 0;
      }
      awaitMessage(flags, deadline);
    }
  }

  private boolean waitsFor(int flags) {
    return !isNonBlocking() && (flags & Socket.MSG_DONTWAIT) == 0;
  }

  // ---- as a file ----

  @Override
  public int readyEvents() {
    int how = shut;
    int events = error.get() != 0 ? Poll.POLLERR : 0;
    if (how == (SHUT_READING | SHUT_WRITING)) {
      events |= Poll.POLLHUP;
    }
    if ((how & SHUT_READING) != 0) {
      events |= Poll.POLLRDHUP | IN;
    }
    if (incoming.count() > 0 || waiting > 0) {
      events |= IN;
    }
    if (hasConnections() && state == State.FREE) {
      events |= Poll.POLLHUP;
    }
    UnixSocket other = peer;
    boolean takes = hasConnections() || other == null || takesDatagram(other);
    return !isListening() && hasSpace() && takes ? events | OUT : events;
  }

  @Override
  public WaitQueue waitQueue() {
    return queue;
  }

  @Override
  public long ioctl(int request, long argument, UserMemory memory) {
    int value =
        switch (request) {
          case Ioctl.FIONREAD -> {
            if (isListening()) {
              throw ErrnoException.of(Errno.EINVAL);
            }
            yield type == Socket.SOCK_DGRAM ? incoming.firstBytes() : incoming.bytes();
          }
          case Ioctl.TIOCOUTQ -> sent.get();
          default -> throw ErrnoException.of(Errno.ENOTTY);
        };
    memory.setInt(argument, value);
    return 0;
  }

  /** Makes it non-blocking as accept4(2) is asked to. */
  public void setNonBlocking(boolean value) {
    setStatusFlags(value ? flags() | Fcntl.O_NONBLOCK : flags() & ~Fcntl.O_NONBLOCK);
  }
}
