package org.biscotti.kernel.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.biscotti.kernel.fs.TestTree.assertErrno;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Ioctl;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.fs.tty.Terminals;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.wait.MustWait;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Modes of a pseudo-terminal, how reads wait in them, packets, and whose it is. */
@Timeout(60)
class TerminalModesTest {
  private static final int ICRNL_IXON = 0x500;
  private static final int BOTHER = 0x1000;
  private static final int CS8_CREAD = 0xb0;

  /** Where the modes have the two that a read without lines goes by, VTIME and VMIN. */
  private static final int VTIME_OFFSET = 17 + 5;

  private final TestTree tree = new TestTree();
  private final TestJobs jobs = new TestJobs();
  private final Terminals terminals = new Terminals(jobs, tree.files.clock(), tree.frames);
  private OpenFile master;
  private OpenFile slave;

  @BeforeEach
  void open() {
    tree.files.addTerminals(terminals);
    master = tree.open("/dev/ptmx", Fcntl.O_RDWR | Fcntl.O_NOCTTY);
    request(master, Ioctl.TIOCSPTLCK, 0);
    slave = tree.open("/dev/pts/0", Fcntl.O_RDWR | Fcntl.O_NOCTTY);
  }

  @AfterEach
  void close() {
    tree.close();
  }

  // ---- tools ----

  private void request(OpenFile file, int request, int value) {
    tree.user.setInt(tree.area, value);
    file.ioctl(request, tree.area, tree.user, tree);
  }

  private int answer(OpenFile file, int request) {
    file.ioctl(request, tree.area, tree.user, tree);
    return tree.user.getInt(tree.area);
  }

  /** Neither lines, signals nor echoes. */
  private void raw(int least, int tenths) {
    slave.ioctl(Ioctl.TCGETS, tree.area, tree.user, tree);
    tree.user.setInt(tree.area + 12, 0);
    byte[] controls = {(byte) tenths, (byte) least};
    tree.user.copyOutFully(tree.area + VTIME_OFFSET, controls, 0, 2);
    slave.ioctl(Ioctl.TCSETS, tree.area, tree.user, tree);
  }

  private UserBuffer buffer(byte[] bytes) {
    UserBuffer made = new UserBuffer();
    made.resetKernel(tree.user, bytes, bytes.length);
    return made;
  }

  private void write(OpenFile file, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    assertThat(file.write(buffer(bytes), tree)).isEqualTo(bytes.length);
  }

  private String read(OpenFile file, int most) {
    byte[] bytes = new byte[most];
    int got = (int) file.read(buffer(bytes), tree);
    return new String(Arrays.copyOf(bytes, got), StandardCharsets.ISO_8859_1);
  }

  /** Starts a read that may wait. */
  private Thread reader(String[] got) {
    return Thread.ofVirtual().start(() -> got[0] = read(slave, 100));
  }

  private void awaitTaken() {
    while (answer(slave, Ioctl.FIONREAD) != 0) {
      Thread.onSpinWait();
    }
  }

  // ---- modes ----

  @Test
  void speedsAreThoseOfTheNumberOrAnyOther() {
    slave.ioctl(Ioctl.TCGETS2, tree.area, tree.user, tree);
    assertThat(tree.user.getInt(tree.area + 36)).isEqualTo(38_400);
    assertThat(tree.user.getInt(tree.area + 40)).isEqualTo(38_400);
    tree.user.setInt(tree.area + 8, BOTHER);
    tree.user.setInt(tree.area + 36, 1);
    tree.user.setInt(tree.area + 40, 12_345);
    slave.ioctl(Ioctl.TCSETSW2, tree.area, tree.user, tree);
    slave.ioctl(Ioctl.TCGETS2, tree.area, tree.user, tree);
    assertThat(tree.user.getInt(tree.area + 8)).isEqualTo(BOTHER | CS8_CREAD);
    assertThat(tree.user.getInt(tree.area + 36)).isEqualTo(12_345);
    assertThat(tree.user.getInt(tree.area + 40)).isEqualTo(12_345);
    tree.user.setInt(tree.area + 8, BOTHER | 2 | 13 << 16);
    slave.ioctl(Ioctl.TCSETS, tree.area, tree.user, tree);
    slave.ioctl(Ioctl.TCGETS2, tree.area, tree.user, tree);
    assertThat(tree.user.getInt(tree.area + 36)).isEqualTo(9600);
    assertThat(tree.user.getInt(tree.area + 40)).isEqualTo(115_200);
  }

  @Test
  void everyNumberOfASpeedMeansOne() {
    for (int number = 0; number < 16; number++) {
      for (int control : new int[] {number, BOTHER | number, (BOTHER | number) << 16}) {
        slave.ioctl(Ioctl.TCGETS2, tree.area, tree.user, tree);
        tree.user.setInt(tree.area + 8, control);
        slave.ioctl(Ioctl.TCSETS2, tree.area, tree.user, tree);
      }
    }
    assertThat(answer(slave, Ioctl.TCGETS)).isEqualTo(ICRNL_IXON);
  }

  @Test
  void aLiteralLineFeedIsShown() {
    write(master, "\026\n.\n");
    assertThat(read(master, 100)).isEqualTo("^\b^J.\r\n");
    assertThat(read(slave, 100)).isEqualTo("\n.\n");
  }

  // ---- reads without lines ----

  @Test
  void whoDoesNotWaitGetsWhatThereIs() {
    raw(3, 0);
    write(master, "ab");
    assertThat(slave.readyEvents() & Poll.POLLIN).isZero();
    assertThatThrownBy(() -> read(slave, 100)).isSameAs(MustWait.INSTANCE);
    assertThat(read(slave, 2)).isEqualTo("ab");
    slave.setStatusFlags(Fcntl.O_NONBLOCK);
    write(master, "cd");
    assertThat(read(slave, 100)).isEqualTo("cd");
    assertErrno(Errno.EAGAIN, () -> read(slave, 100));
    raw(0, 0);
    assertThat(read(slave, 100)).isEmpty();
  }

  @Test
  void theTimeIsBetweenBytes() throws InterruptedException {
    raw(3, 1);
    String[] got = {null};
    Thread reader = reader(got);
    Thread.sleep(200);
    assertThat(reader.isAlive()).isTrue(); // no byte has come
    write(master, "a");
    reader.join();
    assertThat(got[0]).isEqualTo("a");
  }

  @Test
  void aReadWaitsForAllItsBytes() throws InterruptedException {
    raw(3, 0);
    String[] got = {null};
    Thread reader = reader(got);
    write(master, "a");
    awaitTaken();
    write(master, "bcd");
    reader.join();
    assertThat(got[0]).isEqualTo("abcd");
  }

  @Test
  void aSignalEndsAReadWithWhatThereIs() throws InterruptedException {
    raw(3, 0);
    String[] got = {null};
    Thread reader = reader(got);
    write(master, "ab");
    awaitTaken();
    reader.interrupt();
    reader.join();
    assertThat(got[0]).isEqualTo("ab");
  }

  @Test
  void withoutBytesAReadEndsInTime() throws InterruptedException {
    raw(0, 1);
    String[] got = {null};
    long start = System.nanoTime();
    reader(got).join();
    assertThat(got[0]).isEmpty();
    assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(100_000_000);
  }

  // ---- packets ----

  @Test
  void packetsSayWhatHasHappened() {
    request(master, Ioctl.TIOCPKT, 1);
    assertThat(answer(master, Ioctl.TIOCGPKT)).isOne();
    write(slave, "abc");
    assertThat(master.readyEvents() & Poll.POLLPRI).isZero();
    assertThat(read(master, 1)).isEqualTo("\0");
    assertThat(read(master, 2)).isEqualTo("\0a");
    assertThat(read(master, 100)).isEqualTo("\0bc");
    write(slave, "lost");
    slave.ioctl(Ioctl.TCFLSH, 2, tree.user, tree);
    assertThat(master.readyEvents() & (Poll.POLLPRI | Poll.POLLIN))
        .isEqualTo(Poll.POLLPRI | Poll.POLLIN);
    assertThat(read(master, 100)).isEqualTo("\3");
    write(master, "\023");
    assertThat(read(master, 100)).isEqualTo("\4");
    write(master, "abc\3");
    assertThat(read(master, 100)).isEqualTo("\13");
    assertThat(read(master, 100)).endsWith("^C");
    slave.ioctl(Ioctl.TCXONC, 2, tree.user, tree);
    assertThat(read(master, 100)).isEqualTo("\0\23");
    slave.ioctl(Ioctl.TCGETS, tree.area, tree.user, tree);
    request(slave, Ioctl.TCSETS, 0);
    assertThat(read(master, 100)).isEqualTo("\20");
    request(slave, Ioctl.TCSETS, ICRNL_IXON);
    request(master, Ioctl.TIOCPKT, 0);
    assertThat(master.readyEvents() & Poll.POLLIN).isZero();
    request(master, Ioctl.TIOCPKT, 1);
    assertThat(master.readyEvents() & Poll.POLLIN).isZero(); // what was not told is forgotten
  }

  @Test
  void noKeyStartsWhatAProgramHasStopped() {
    slave.setStatusFlags(Fcntl.O_NONBLOCK);
    slave.ioctl(Ioctl.TCXONC, 0, tree.user, tree);
    write(master, "\021");
    assertErrno(Errno.EAGAIN, () -> write(slave, "x"));
    slave.ioctl(Ioctl.TCXONC, 1, tree.user, tree);
    write(slave, "x");
    assertThat(read(master, 100)).isEqualTo("x");
  }

  // ---- whose it is ----

  private void control() {
    jobs.leads = true;
    jobs.sessions.put(1, 1);
    jobs.sessions.put(2, 1);
    jobs.sessions.put(3, 4);
    slave.ioctl(Ioctl.TIOCSCTTY, 0, tree.user, tree);
  }

  @Test
  void onlyGroupsOfTheSessionComeToTheForeground() {
    control();
    assertErrno(Errno.ESRCH, () -> request(slave, Ioctl.TIOCSPGRP, 77));
    assertErrno(Errno.EPERM, () -> request(slave, Ioctl.TIOCSPGRP, 3));
    assertErrno(Errno.EINVAL, () -> request(slave, Ioctl.TIOCSPGRP, -1));
    request(master, Ioctl.TIOCSPGRP, 2);
    assertThat(answer(slave, Ioctl.TIOCGPGRP)).isEqualTo(2);
    assertThat(answer(master, Ioctl.TIOCGSID)).isOne();
  }

  @Test
  void eachSignalOfWhatIsTypedIsSent() {
    control();
    write(master, "\003\034");
    assertThat(jobs.sent).containsExactlyInAnyOrder("group 1: 2", "group 1: 3");
  }

  @Test
  void aHangUpIsToldTheLeaderAndLaterTheForeground() {
    control();
    request(slave, Ioctl.TIOCSPGRP, 2);
    write(master, "unread\n");
    master.release();
    assertThat(jobs.sent)
        .containsExactly("leader 1: " + Signals.SIGHUP, "leader 1: " + Signals.SIGCONT);
    jobs.sent.clear();
    assertThat(read(slave, 100)).isEmpty();
    assertErrno(Errno.EIO, () -> write(slave, "x"));
    assertErrno(Errno.EIO, () -> answer(slave, Ioctl.TCGETS));
    assertErrno(Errno.EIO, () -> answer(slave, Ioctl.TIOCGPGRP));
    assertErrno(Errno.ENOTTY, () -> request(slave, Ioctl.TIOCSPGRP, 1));
    assertThat(slave.readyEvents())
        .isEqualTo(Poll.READABLE | Poll.WRITABLE | Poll.POLLHUP | Poll.POLLERR);
    terminals.sessionEnded(1);
    assertThat(jobs.sent)
        .containsExactly("group 2: " + Signals.SIGHUP, "group 2: " + Signals.SIGCONT);
    terminals.sessionEnded(1);
    assertThat(jobs.sent).hasSize(2);
  }

  @Test
  void theEndOfALeaderHangsUpItsForeground() {
    control();
    request(slave, Ioctl.TIOCSPGRP, 2);
    terminals.sessionEnded(1);
    assertThat(jobs.sent).containsExactly("group 2: " + Signals.SIGHUP);
    assertErrno(Errno.ENOTTY, () -> answer(slave, Ioctl.TIOCGPGRP));
    write(slave, "open");
    assertThat(read(master, 100)).isEqualTo("open");
  }
}
