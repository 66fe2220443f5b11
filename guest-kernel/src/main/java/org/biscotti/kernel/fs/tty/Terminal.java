package org.biscotti.kernel.fs.tty;

import static org.biscotti.kernel.fs.tty.Termios.*;

import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Ioctl;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.mem.KernelMemory;
import org.biscotti.kernel.mem.KernelMemory.Kind;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.wait.WaitQueue;

/**
 * A terminal: what is typed at its master side becomes lines and signals for the programs at its
 * other side, and what they write comes out at the master (termios(3), pty(7)).
 */
final class Terminal {
  /** A line is at most this long; more is dropped with a bell (termios(3)). */
  private static final int LINE_BYTES_MAX = 4095;

  /**
   * What waits for the programs, at most: Linux has 4096 bytes in the line discipline and 8192 of
   * the pseudo-terminal behind them. Then whoever types has to wait.
   */
  private static final int INPUT_BYTES_MAX = 12 << 10;

  private static final int OUTPUT_BYTES_MAX = 16 << 10;

  /** How far echoes may go beyond that; what has no room then is not shown. */
  private static final int ECHO_BYTES_MAX = 4096;

  /** What a terminal takes of the heap when its queues are full, about. */
  static final int HEAP_BYTES = 64 << 10;

  private static final int TAB = 8;
  private static final int BACKSPACE = 8;
  private static final int BELL = 7;
  private static final int DELETE = 0x7f;
  private static final int LINE_FEED = '\n';
  private static final int CARRIAGE_RETURN = '\r';

  final int index;
  final WaitQueue programs = new WaitQueue();
  final WaitQueue master = new WaitQueue();
  private final JobControl jobs;
  private final ReentrantLock lock = new ReentrantLock();

  private Termios modes = Termios.INITIAL;
  private int rows;
  private int columns;
  private int pixels;
  private int session;
  private int foreground;

  /** Finished lines, and in raw mode all that has come. */
  private final ByteQueue ready = new ByteQueue();

  /** Lengths of the finished lines; one that is ended by EOF has no byte for it. */
  private final ArrayDeque<Integer> lines = new ArrayDeque<>();

  /** The line that is being edited. */
  private final ByteQueue editing = new ByteQueue();

  private final ByteQueue output = new ByteQueue();
  private int column;
  private int lineColumn;
  private boolean literal;

  /** Nothing may be written for now; {@code held} if TCOOFF says so, which no key undoes. */
  private boolean stopped;

  private boolean held;
  private final PacketMode packets = new PacketMode();

  private int openPrograms;
  private boolean everOpened;
  private boolean masterOpen = true;
  private boolean locked;

  /** What has to be done once the lock is free. */
  private int wakePrograms;

  private int wakeMaster;
  private long signals;

  /** Makes a terminal, for which {@link #HEAP_BYTES} have been reserved. */
  Terminal(int index, JobControl jobs) {
    this.index = index;
    this.jobs = jobs;
  }

  private void unlock() {
    int programEvents = wakePrograms;
    int masterEvents = wakeMaster;
    long sent = signals;
    int group = foreground;
    wakePrograms = 0;
    wakeMaster = 0;
    signals = 0;
    lock.unlock();
    for (; sent != 0 && group != 0; sent &= sent - 1) {
      jobs.signalGroup(group, Long.numberOfTrailingZeros(sent) + 1);
    }
    if (programEvents != 0) {
      programs.wake(programEvents);
    }
    if (masterEvents != 0) {
      master.wake(masterEvents);
    }
  }

  // ---- the master side ----

  /**
   * Takes what is typed, as much as there is room for.
   *
   * @return how many bytes of it
   */
  int type(byte[] bytes, int from, int count) {
    lock.lock();
    try {
      int done = 0;
      while (done < count && takesInput()) {
        typed(bytes[from + done++] & 0xff);
      }
      return done;
    } finally {
      unlock();
    }
  }

  /** True if more can be typed. Of a line that is being edited the rest is dropped instead. */
  private boolean takesInput() {
    return ready.size() + editing.size() + lines.size() < INPUT_BYTES_MAX;
  }

  /** Bytes that can be typed without having to wait. */
  int inputRoom() {
    lock.lock();
    try {
      return INPUT_BYTES_MAX - ready.size() - editing.size() - lines.size();
    } finally {
      unlock();
    }
  }

  private void typed(int raw) {
    Termios m = modes;
    int c = m.in(ISTRIP) ? raw & 0x7f : raw;
    if (literal) {
      literal = false;
      store(c);
      return;
    }
    if (m.in(IXON) && flowControl(c)) {
      return;
    }
    if (m.has(ISIG) && signals(c)) {
      return;
    }
    if (c == CARRIAGE_RETURN) {
      if (m.in(IGNCR)) {
        return;
      }
      c = m.in(ICRNL) ? LINE_FEED : c;
    } else if (c == LINE_FEED && m.in(INLCR)) {
      c = CARRIAGE_RETURN;
    }
    if (m.in(IUCLC) && m.has(IEXTEN) && c >= 'A' && c <= 'Z') {
      c += 'a' - 'A';
    }
    if (m.has(ICANON)) {
      edit(c);
    } else {
      ready.add(c);
      wakePrograms |= Poll.READABLE;
      echo(c);
    }
  }

  private boolean flowControl(int c) {
    if (modes.is(VSTOP, c)) {
      stop();
      return true;
    }
    boolean starts = modes.is(VSTART, c);
    if (starts || modes.in(IXANY)) {
      start();
    }
    return starts;
  }

  private void stop() {
    if (!stopped) {
      stopped = true;
      note(Ioctl.TIOCPKT_STOP, Ioctl.TIOCPKT_START);
    }
  }

  private void start() {
    if (stopped && !held) {
      stopped = false;
      wakePrograms |= Poll.WRITABLE;
      note(Ioctl.TIOCPKT_START, Ioctl.TIOCPKT_STOP);
    }
  }

  /** Tells a master in packet mode. */
  private void note(int happened, int opposite) {
    if (packets.note(happened, opposite)) {
      wakeMaster |= Poll.READABLE | Poll.POLLPRI;
    }
  }

  private boolean signals(int c) {
    int which =
        modes.is(VINTR, c)
            ? Signals.SIGINT
            : modes.is(VQUIT, c) ? Signals.SIGQUIT : modes.is(VSUSP, c) ? Signals.SIGTSTP : 0;
    if (which == 0) {
      return false;
    }
    if (!modes.has(NOFLSH)) {
      flushInput();
      flushOutput();
    }
    signals |= Signals.bit(which);
    if (modes.in(IXON)) {
      start();
    }
    echo(c);
    return true;
  }

  private void edit(int c) {
    Termios m = modes;
    boolean extended = m.has(IEXTEN);
    if (m.is(VERASE, c)) {
      erase(1);
    } else if (extended && m.is(VWERASE, c)) {
      eraseWord();
    } else if (m.is(VKILL, c)) {
      kill(c);
    } else if (extended && m.is(VLNEXT, c)) {
      literal = true;
      if (m.has(ECHO) && m.has(ECHOCTL)) {
        put('^');
        put(BACKSPACE);
      }
    } else if (extended && m.is(VREPRINT, c) && m.has(ECHO)) {
      echo(c);
      put(LINE_FEED);
      lineColumn = column;
      for (byte b : editing.peek(Integer.MAX_VALUE)) {
        echoLiteral(b & 0xff);
      }
    } else if (m.is(VEOF, c)) {
      finishLine();
    } else {
      boolean ends = c == LINE_FEED || m.is(VEOL, c) || (extended && m.is(VEOL2, c));
      if (editing.size() == 0) {
        lineColumn = column;
      }
      if (ends) {
        if (m.has(ECHO) || (c == LINE_FEED && m.has(ECHONL))) {
          show(c);
        }
        editing.add(c);
        finishLine();
      } else {
        store(c);
      }
    }
  }

  private void store(int c) {
    if (!modes.has(ICANON)) {
      ready.add(c);
      wakePrograms |= Poll.READABLE;
    } else if (editing.size() >= LINE_BYTES_MAX) {
      if (modes.in(IMAXBEL)) {
        put(BELL);
      }
      return;
    } else {
      editing.add(c);
    }
    echoLiteral(c);
  }

  private void finishLine() {
    lines.add(editing.size());
    for (byte b : editing.take(Integer.MAX_VALUE)) {
      ready.add(b);
    }
    wakePrograms |= Poll.READABLE;
  }

  private void erase(int count) {
    for (int i = 0; i < count && editing.size() > 0; i++) {
      int gone = editing.last();
      editing.dropLast();
      while (modes.in(IUTF8) && isContinuation(gone) && editing.size() > 0) {
        gone = editing.last();
        editing.dropLast();
      }
      if (!modes.has(ECHO)) {
        continue;
      }
      if (!modes.has(ECHOE)) {
        echo(modes.control(VERASE));
      } else if (gone == '\t') {
        for (int left = Math.min(column - columnOfEdited(), TAB); left > 0; left--) {
          put(BACKSPACE);
        }
      } else {
        rub(isShownAsControl(gone) ? 2 : isControl(gone) ? 0 : 1);
      }
    }
  }

  private void rub(int columnsGone) {
    for (int i = 0; i < columnsGone; i++) {
      put(BACKSPACE);
      put(' ');
      put(BACKSPACE);
    }
  }

  private static boolean isContinuation(int c) {
    return (c & 0xc0) == 0x80;
  }

  private static boolean isControl(int c) {
    return c < ' ' || c == DELETE;
  }

  private boolean isShownAsControl(int c) {
    return isControl(c) && c != '\t' && modes.has(ECHOCTL);
  }

  /** Where the cursor is when all of the line has been echoed. */
  private int columnOfEdited() {
    int at = lineColumn;
    for (byte b : editing.peek(Integer.MAX_VALUE)) {
      int c = b & 0xff;
      if (c == '\t') {
        at = at / TAB * TAB + TAB;
      } else if (isControl(c)) {
        at += isShownAsControl(c) ? 2 : 0;
      } else if (!modes.in(IUTF8) || !isContinuation(c)) {
        at++;
      }
    }
    return at;
  }

  private void eraseWord() {
    while (editing.size() > 0 && !isWord(editing.last())) {
      erase(1);
    }
    while (editing.size() > 0 && isWord(editing.last())) {
      erase(1);
    }
  }

  private static boolean isWord(int c) {
    return Character.isLetterOrDigit(c) || c == '_' || c >= DELETE;
  }

  private void kill(int c) {
    if (modes.has(ECHO) && modes.has(ECHOK) && modes.has(ECHOKE) && modes.has(ECHOE)) {
      erase(Integer.MAX_VALUE);
      return;
    }
    editing.clear();
    echo(c);
    if (modes.has(ECHOK)) {
      put(LINE_FEED);
    }
  }

  private void echo(int c) {
    if (modes.has(ECHO)) {
      show(c);
    }
  }

  private void show(int c) {
    if (c == LINE_FEED) {
      put(c);
    } else {
      showLiteral(c);
    }
  }

  /** Echoes what is in a line: a line feed there is no end of it, and is shown. */
  private void echoLiteral(int c) {
    if (modes.has(ECHO)) {
      showLiteral(c);
    }
  }

  private void showLiteral(int c) {
    if (isShownAsControl(c)) {
      put('^');
      put(c ^ 0x40);
    } else {
      put(c);
    }
  }

  /** Output processing (termios(3), c_oflag). */
  private void put(int c) {
    if (output.size() >= OUTPUT_BYTES_MAX + ECHO_BYTES_MAX) {
      return;
    }
    wakeMaster |= Poll.READABLE;
    if (!modes.out(OPOST)) {
      output.add(c);
      return;
    }
    switch (c) {
      case LINE_FEED -> {
        if (modes.out(ONLCR)) {
          output.add(CARRIAGE_RETURN);
        }
        column = modes.out(ONLCR) || modes.out(ONLRET) ? 0 : column;
        output.add(LINE_FEED);
      }
      case CARRIAGE_RETURN -> {
        if (modes.out(OCRNL)) {
          output.add(LINE_FEED);
        } else if (!modes.out(ONOCR) || column > 0) {
          column = 0;
          output.add(CARRIAGE_RETURN);
        }
      }
      case '\t' -> {
        int next = column / TAB * TAB + TAB;
        if ((modes.output & XTABS) == XTABS) {
          while (column < next) {
            output.add(' ');
            column++;
          }
        } else {
          column = next;
          output.add('\t');
        }
      }
      case BACKSPACE -> {
        column = Math.max(column - 1, 0);
        output.add(BACKSPACE);
      }
      default -> {
        boolean upper = modes.out(OLCUC) && c >= 'a' && c <= 'z';
        if (!isControl(c) && (!modes.in(IUTF8) || !isContinuation(c))) {
          column++;
        }
        output.add(upper ? c - 'a' + 'A' : c);
      }
    }
  }

  /**
   * Takes what has been written.
   *
   * @return no bytes if there are none yet
   * @throws ErrnoException EIO once the programs' side is closed
   */
  byte[] takeOutput(int most) {
    lock.lock();
    try {
      requireOutput();
      return output.take(most);
    } finally {
      unlock();
    }
  }

  /**
   * Reads what has been written; in packet mode what has happened, or a byte in front.
   *
   * @return bytes, -1 if there are none yet
   * @throws ErrnoException EIO once the programs' side is closed
   */
  long readOutput(UserBuffer to, int most) {
    lock.lock();
    try {
      if (packets.hasStatus()) {
        putByte(to, packets.status());
        packets.told();
        return 1;
      }
      requireOutput();
      if (output.size() == 0) {
        return -1;
      }
      if (!packets.isOn()) {
        return give(output, to, most);
      }
      putByte(to, Ioctl.TIOCPKT_DATA);
      return 1 + move(output, to, most);
    } finally {
      unlock();
    }
  }

  private void requireOutput() {
    if (output.size() > 0) {
      wakePrograms |= Poll.WRITABLE;
    } else if (everOpened && openPrograms == 0) {
      throw ErrnoException.of(Errno.EIO);
    }
  }

  private static void putByte(UserBuffer to, int value) {
    if (to.put(new byte[] {(byte) value}, 0, 1) == 0) {
      throw ErrnoException.of(Errno.EFAULT);
    }
  }

  boolean hasPackets() {
    lock.lock();
    try {
      return packets.isOn();
    } finally {
      unlock();
    }
  }

  /** TIOCPKT. */
  void setPackets(boolean value) {
    lock.lock();
    try {
      packets.set(value);
    } finally {
      unlock();
    }
  }

  int outputBytes() {
    lock.lock();
    try {
      return output.size();
    } finally {
      unlock();
    }
  }

  int masterEvents() {
    lock.lock();
    try {
      int events = takesInput() ? Poll.WRITABLE : 0;
      if (output.size() > 0) {
        events |= Poll.READABLE;
      }
      if (packets.hasStatus()) {
        events |= Poll.READABLE | Poll.POLLPRI;
      }
      return everOpened && openPrograms == 0 ? events | Poll.POLLHUP : events;
    } finally {
      unlock();
    }
  }

  /**
   * The master side is gone: the programs' is hung up, which the session's leader is told. What it
   * ran in the foreground is told when the leader ends ({@link Terminals#sessionEnded}).
   */
  void closeMaster() {
    int leader;
    lock.lock();
    try {
      if (masterOpen && openPrograms == 0) {
        KernelMemory.HEAP.release(Kind.BYTE, HEAP_BYTES);
      }
      masterOpen = false;
      leader = session;
      session = 0;
      foreground = 0;
      wakePrograms |= Poll.POLLIN | Poll.POLLOUT | Poll.POLLHUP | Poll.POLLERR;
    } finally {
      unlock();
    }
    if (leader != 0) {
      jobs.signalLeader(leader, Signals.SIGHUP);
      jobs.signalLeader(leader, Signals.SIGCONT);
    }
  }

  // ---- the programs' side ----

  void opened() {
    lock.lock();
    try {
      if (locked || !masterOpen) {
        throw ErrnoException.of(Errno.EIO);
      }
      openPrograms++;
      everOpened = true;
    } finally {
      unlock();
    }
  }

  void closed() {
    lock.lock();
    try {
      openPrograms--;
      if (!masterOpen && openPrograms == 0) {
        KernelMemory.HEAP.release(Kind.BYTE, HEAP_BYTES);
      }
      wakeMaster |= Poll.POLLIN | Poll.POLLHUP;
    } finally {
      unlock();
    }
  }

  boolean isMasterOpen() {
    lock.lock();
    try {
      return masterOpen;
    } finally {
      unlock();
    }
  }

  /**
   * Reads a line, or without lines what there is.
   *
   * @param least with fewer bytes than this, unless they are a line, none is read
   * @return bytes, 0 at an end of file, -1 if there is not enough
   */
  long read(UserBuffer to, long least) {
    lock.lock();
    try {
      if (!masterOpen) {
        return 0;
      }
      if (modes.has(ICANON)) {
        return readLine(to);
      }
      return ready.size() < least ? -1 : giveInput(to, ready.size());
    } finally {
      unlock();
    }
  }

  /** True if a read need not wait for a first byte. */
  boolean hasInput() {
    lock.lock();
    try {
      return !masterOpen || (modes.has(ICANON) ? !lines.isEmpty() : ready.size() > 0);
    } finally {
      unlock();
    }
  }

  private long readLine(UserBuffer to) {
    Integer length = lines.peek();
    if (length == null) {
      return -1;
    }
    long given = giveInput(to, length);
    lines.poll();
    if (given < length) {
      lines.addFirst(length - (int) given);
    }
    return given;
  }

  private long giveInput(UserBuffer to, int most) {
    wakeMaster |= takesInput() ? 0 : Poll.WRITABLE;
    return give(ready, to, most);
  }

  /** Moves bytes to a program; what it cannot take stays. */
  private static long give(ByteQueue from, UserBuffer to, int most) {
    long given = move(from, to, most);
    if (given == 0 && to.faulted()) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    return given;
  }

  private static long move(ByteQueue from, UserBuffer to, int most) {
    byte[] bytes = from.peek((int) Math.min(most, to.remaining()));
    long given = to.put(bytes, 0, bytes.length);
    from.drop((int) given);
    return given;
  }

  /**
   * Writes what there is room for.
   *
   * @return how many bytes of it
   */
  int write(byte[] bytes, int from, int count) {
    lock.lock();
    try {
      if (!masterOpen) {
        throw ErrnoException.of(Errno.EIO);
      }
      int done = 0;
      while (done < count && !stopped && output.size() < OUTPUT_BYTES_MAX) {
        put(bytes[from + done++] & 0xff);
      }
      return done;
    } finally {
      unlock();
    }
  }

  int programEvents() {
    lock.lock();
    try {
      if (!masterOpen) {
        return Poll.READABLE | Poll.WRITABLE | Poll.POLLHUP | Poll.POLLERR;
      }
      int events = 0;
      boolean readable =
          modes.has(ICANON)
              ? !lines.isEmpty()
              : ready.size() >= Math.max(modes.control(VTIME) != 0 ? 1 : modes.control(VMIN), 1);
      if (readable) {
        events |= Poll.READABLE;
      }
      if (!stopped && output.size() < OUTPUT_BYTES_MAX) {
        events |= Poll.WRITABLE;
      }
      return events;
    } finally {
      unlock();
    }
  }

  /** FIONREAD. */
  int readableBytes() {
    lock.lock();
    try {
      return modes.has(ICANON) ? lines.stream().mapToInt(Integer::intValue).sum() : ready.size();
    } finally {
      unlock();
    }
  }

  private void flushInput() {
    wakeMaster |= takesInput() ? 0 : Poll.WRITABLE;
    ready.clear();
    lines.clear();
    editing.clear();
    note(Ioctl.TIOCPKT_FLUSHREAD, 0);
  }

  private void flushOutput() {
    output.clear();
    wakePrograms |= Poll.WRITABLE;
    note(Ioctl.TIOCPKT_FLUSHWRITE, 0);
  }

  /** TCFLSH: 0 input, 1 output, 2 both. */
  void flush(int which) {
    if (which < 0 || which > 2) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    lock.lock();
    try {
      if (which != 1) {
        flushInput();
      }
      if (which != 0) {
        flushOutput();
      }
    } finally {
      unlock();
    }
  }

  /** TCXONC: 0 stops output, 1 starts it again; 2 and 3 ask the other side to stop and start. */
  void flow(int action) {
    if (action < 0 || action > 3) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    lock.lock();
    try {
      if (action > 1) {
        send(modes.control(action == 2 ? VSTOP : VSTART));
      } else if (action == 0) {
        held = true;
        stop();
      } else if (held) {
        held = false;
        start();
      }
    } finally {
      unlock();
    }
  }

  /** Sends a control character as it is, unless it is switched off. */
  private void send(int c) {
    if (c != 0 && output.size() < OUTPUT_BYTES_MAX + ECHO_BYTES_MAX) {
      output.add(c);
      wakeMaster |= Poll.READABLE;
    }
  }

  // ---- modes and owners ----

  /** True if background processes may not write (TOSTOP). */
  boolean stopsBackgroundOutput() {
    lock.lock();
    try {
      return modes.has(TOSTOP);
    } finally {
      unlock();
    }
  }

  Termios modes() {
    lock.lock();
    try {
      return modes;
    } finally {
      unlock();
    }
  }

  /** From the bytes of TCSETS or TCSETS2. */
  void setModes(byte[] bytes, boolean flushes) {
    lock.lock();
    try {
      Termios before = modes;
      boolean lineWise = before.has(ICANON);
      modes = before.changed(bytes);
      if (flushes) {
        flushInput();
      }
      literal &= lineWise == modes.has(ICANON);
      if (lineWise && !modes.has(ICANON)) {
        wakeMaster |= Poll.WRITABLE;
        lines.clear();
        for (byte b : editing.take(Integer.MAX_VALUE)) {
          ready.add(b);
        }
      } else if (!lineWise && modes.has(ICANON) && ready.size() > 0) {
        lines.add(ready.size());
      }
      if (!modes.in(IXON)) {
        start();
      }
      noteFlowControl(before.hasUsualFlowControl(), modes.hasUsualFlowControl());
      wakePrograms |= Poll.POLLIN | Poll.POLLOUT;
    } finally {
      unlock();
    }
  }

  private void noteFlowControl(boolean before, boolean now) {
    if (now && !before) {
      note(Ioctl.TIOCPKT_DOSTOP, Ioctl.TIOCPKT_NOSTOP);
    } else if (before && !now) {
      note(Ioctl.TIOCPKT_NOSTOP, Ioctl.TIOCPKT_DOSTOP);
    }
  }

  /** Rows and columns in the upper and lower half, 16 bits each. */
  int size() {
    lock.lock();
    try {
      return rows << 16 | columns;
    } finally {
      unlock();
    }
  }

  int pixels() {
    return pixels;
  }

  /** Sets the window's size; SIGWINCH if that is another. */
  void setSize(int newRows, int newColumns, int newPixels) {
    lock.lock();
    try {
      if (rows != newRows || columns != newColumns || pixels != newPixels) {
        signals |= Signals.bit(Signals.SIGWINCH);
      }
      rows = newRows;
      columns = newColumns;
      pixels = newPixels;
    } finally {
      unlock();
    }
  }

  int session() {
    lock.lock();
    try {
      return session;
    } finally {
      unlock();
    }
  }

  int foreground() {
    lock.lock();
    try {
      return foreground;
    } finally {
      unlock();
    }
  }

  void setForeground(int group) {
    lock.lock();
    try {
      foreground = group;
    } finally {
      unlock();
    }
  }

  /** Makes this the controlling terminal of a session; 0 for none. */
  void setSession(int newSession, int group) {
    lock.lock();
    try {
      session = newSession;
      foreground = group;
    } finally {
      unlock();
    }
  }

  /**
   * The session's leader has ended, or gives the terminal up.
   *
   * @return the group that was in the foreground, 0 for none
   */
  int leave() {
    int group;
    lock.lock();
    try {
      group = foreground;
      session = 0;
      foreground = 0;
    } finally {
      unlock();
    }
    return group;
  }

  boolean isLocked() {
    lock.lock();
    try {
      return locked;
    } finally {
      unlock();
    }
  }

  void setLocked(boolean value) {
    lock.lock();
    try {
      locked = value;
    } finally {
      unlock();
    }
  }
}
