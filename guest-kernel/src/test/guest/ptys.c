/*
 * Pseudo-terminals: opening, modes, the line discipline, sizes, controlling terminals and job
 * control, hanging up, packets. What is typed arrives when it likes: whatever is to be there is
 * waited for, and that something is not there is checked only after something that came behind it.
 */
#include "waits.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>

#define TCGETS2_NUMBER 0x802c542aUL
#define TCSETS2_NUMBER 0x402c542bUL
#define PATIENCE_MILLIS 20000

static int master, slave;
static char slave_name[64];

/* ---- tools ---- */

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Waits for one of these events; what there is then. */
static int ready(int fd, short events) {
  struct pollfd p = {.fd = fd, .events = events};
  return poll(&p, 1, PATIENCE_MILLIS) < 0 ? -1 : p.revents;
}

static bool same(const char *got, ssize_t length, const char *wanted, size_t wanted_length) {
  if (length == (ssize_t)wanted_length && !memcmp(got, wanted, wanted_length)) return true;
  printf("%s: read %zd bytes:", check_name, length);
  for (ssize_t i = 0; i < length && i < 64; i++) printf(" %02x", (unsigned char)got[i]);
  printf("\n");
  return false;
}

/* Reads until so many bytes have come, in as many pieces as they come in. */
static bool gives(int fd, const char *wanted, size_t length) {
  static char buffer[8192];
  size_t got = 0;
  while (got < length && ready(fd, POLLIN) & POLLIN) {
    ssize_t n = read(fd, buffer + got, length - got);
    if (n <= 0) break;
    got += (size_t)n;
  }
  return same(buffer, (ssize_t)got, wanted, length);
}

/* One read gives this and no more. */
static bool reads(int fd, const char *wanted, size_t length) {
  static char buffer[8192];
  ready(fd, POLLIN);
  return same(buffer, read(fd, buffer, sizeof buffer), wanted, length);
}

#define TYPE(text) CHECK_EQ(write(master, text, sizeof text - 1), sizeof text - 1)
#define SAY(text) CHECK_EQ(write(slave, text, sizeof text - 1), sizeof text - 1)
#define SHOWS(text) CHECK(gives(master, text, sizeof text - 1))
#define LINE(text) CHECK(reads(slave, text, sizeof text - 1))

/* Waits until so many bytes can be read. */
static bool holds(int fd, int bytes) {
  for (int64_t end = now_ms() + PATIENCE_MILLIS; queued(fd) != bytes; usleep(1000))
    if (now_ms() > end) return false;
  return true;
}

static int open_master(void) {
  int fd = (int)CHECK_OK(posix_openpt(O_RDWR | O_NOCTTY));
  CHECK_EQ(grantpt(fd), 0);
  CHECK_EQ(unlockpt(fd), 0);
  return fd;
}

static void open_pair(void) {
  master = open_master();
  CHECK_EQ(ptsname_r(master, slave_name, sizeof slave_name), 0);
  slave = (int)CHECK_OK(open(slave_name, O_RDWR | O_NOCTTY));
}

static void close_pair(void) {
  close(slave);
  close(master);
}

static struct termios modes_now(void) {
  struct termios modes;
  CHECK_EQ(tcgetattr(slave, &modes), 0);
  return modes;
}

/* Switches flags of the four words on and off. */
static void change(tcflag_t input, tcflag_t output, tcflag_t local, bool on) {
  struct termios modes = modes_now();
  modes.c_iflag = on ? modes.c_iflag | input : modes.c_iflag & ~input;
  modes.c_oflag = on ? modes.c_oflag | output : modes.c_oflag & ~output;
  modes.c_lflag = on ? modes.c_lflag | local : modes.c_lflag & ~local;
  CHECK_EQ(tcsetattr(slave, TCSANOW, &modes), 0);
}

static void raw(int least, int tenths) {
  struct termios modes = modes_now();
  cfmakeraw(&modes);
  modes.c_cc[VMIN] = (cc_t)least;
  modes.c_cc[VTIME] = (cc_t)tenths;
  CHECK_EQ(tcsetattr(slave, TCSANOW, &modes), 0);
}

static void nonblocking(int fd, bool on) {
  int flags = fcntl(fd, F_GETFL);
  CHECK_EQ(fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK), 0);
}

/* Runs checks in a child that leads a session of its own, without a terminal, and counts them. */
static void in_session(void (*body)(void)) {
  unsigned *counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pid_t child = fork();
  if (child == 0) {
    check_passed = check_failed = 0;
    alarm(60);
    CHECK_EQ(setsid(), getpid());
    signal(SIGTTOU, SIG_IGN);
    body();
    counts[0] = check_passed;
    counts[1] = check_failed;
    fflush(stdout);
    _exit(0);
  }
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
  check_passed += counts[0];
  check_failed += counts[1];
  munmap(counts, 4096);
}

/* As in_session, with the terminal opened and made the session's. */
static void take_terminal(void) {
  open_pair();
  CHECK_EQ(ioctl(slave, TIOCSCTTY, 0), 0);
}

static int gate[2];

/* A child in a group of its own, in the foreground or not, that does what it is told to. */
static pid_t job(int (*body)(void), bool foreground) {
  CHECK_EQ(pipe(gate), 0);
  pid_t child = fork();
  if (child == 0) {
    char go;
    alarm(60);
    signal(SIGTTOU, SIG_DFL);
    setpgid(0, 0);
    if (read(gate[0], &go, 1) != 1) _exit(99);
    close(gate[0]);
    close(gate[1]);
    _exit(body());
  }
  setpgid(child, child);
  if (foreground) CHECK_EQ(tcsetpgrp(slave, child), 0);
  CHECK_EQ(write(gate[1], "g", 1), 1);
  close(gate[0]);
  close(gate[1]);
  return child;
}

static int state_of(pid_t child, int options) {
  int status = -1;
  CHECK_EQ(waitpid(child, &status, options), child);
  return status;
}

#define EXITS(child, code) CHECK_EQ(state_of(child, 0), (code) << 8)
#define DIES(child, by) CHECK_EQ(state_of(child, 0) & 0x7f, by)
#define STOPS(child, by) CHECK_EQ(state_of(child, WUNTRACED), (by) << 8 | 0x7f)

static void finish(pid_t child) {
  CHECK_EQ(kill(child, SIGKILL), 0);
  DIES(child, SIGKILL);
}

/* ---- opening ---- */

static void test_open(void) {
  int fd = (int)CHECK_OK(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  unsigned number = 9999;
  int locked = -1;
  CHECK_EQ(ioctl(fd, TIOCGPTN, &number), 0);
  CHECK_EQ(ioctl(fd, TIOCGPTLCK, &locked), 0);
  CHECK_EQ(locked, 1);
  CHECK_EQ(grantpt(fd), 0);
  char name[64], wanted[64];
  snprintf(wanted, sizeof wanted, "/dev/pts/%u", number);
  CHECK_EQ(ptsname_r(fd, name, sizeof name), 0);
  CHECK(!strcmp(name, wanted));
  CHECK_EQ(ptsname_r(fd, name, 3), ERANGE);
  CHECK_ERRNO(open(wanted, O_RDWR | O_NOCTTY), EIO);
  CHECK_EQ(unlockpt(fd), 0);
  CHECK_EQ(ioctl(fd, TIOCGPTLCK, &locked), 0);
  CHECK_EQ(locked, 0);
  int other = (int)CHECK_OK(open(wanted, O_RDWR | O_NOCTTY));
  CHECK(isatty(fd) && isatty(other));
  struct stat st;
  CHECK_EQ(fstat(other, &st), 0);
  CHECK(S_ISCHR(st.st_mode));
  CHECK_EQ(st.st_rdev, makedev(136, number));
  CHECK_EQ(st.st_uid, geteuid());
  CHECK_EQ(ttyname_r(other, name, sizeof name), 0);
  CHECK(!strcmp(name, wanted));
  int second = open_master();
  unsigned next = number;
  CHECK_EQ(ioctl(second, TIOCGPTN, &next), 0);
  CHECK(next != number);
  int peer = (int)CHECK_OK(ioctl(second, TIOCGPTPEER, O_RDWR | O_NOCTTY));
  CHECK_EQ(fstat(peer, &st), 0);
  CHECK_EQ(st.st_rdev, makedev(136, next));
  CHECK_ERRNO(ioctl(other, TIOCGPTN, &number), ENOTTY);
  CHECK_ERRNO(lseek(other, 0, SEEK_CUR), ESPIPE);
  CHECK_ERRNO(lseek(fd, 0, SEEK_CUR), ESPIPE);
  CHECK_ERRNO(ioctl(other, 0x5400 | 0xee, 0), ENOTTY);
  close(second);
  close(peer);
  close(fd);
  CHECK_ERRNO(stat(wanted, &st), ENOENT);
  close(other);
}

static void test_attributes(void) {
  open_pair();
  struct termios first = modes_now(), seen;
  CHECK_EQ(first.c_iflag & (ICRNL | IXON | INLCR | IGNCR | ISTRIP), ICRNL | IXON);
  CHECK_EQ(first.c_oflag, OPOST | ONLCR);
  CHECK_EQ(first.c_cflag & (CSIZE | CREAD), CS8 | CREAD);
  CHECK_EQ(first.c_lflag,
           ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN);
  CHECK_EQ(cfgetospeed(&first), B38400);
  CHECK(first.c_cc[VINTR] == 3 && first.c_cc[VQUIT] == 034 && first.c_cc[VSUSP] == 032);
  CHECK(first.c_cc[VERASE] == 0177 && first.c_cc[VKILL] == 025 && first.c_cc[VWERASE] == 027);
  CHECK(first.c_cc[VEOF] == 4 && first.c_cc[VSTART] == 021 && first.c_cc[VSTOP] == 023);
  CHECK(first.c_cc[VLNEXT] == 026 && first.c_cc[VREPRINT] == 022 && first.c_cc[VMIN] == 1);
  struct termios changed = first;
  changed.c_iflag = IXANY | IMAXBEL | BRKINT | ISTRIP;
  changed.c_oflag = OPOST | OCRNL | ONLRET;
  changed.c_lflag = ISIG | NOFLSH | TOSTOP | ECHONL;
  for (int i = 0; i < 17; i++) changed.c_cc[i] = (cc_t)(i * 7 + 1);
  cfsetispeed(&changed, B9600);
  cfsetospeed(&changed, B9600);
  CHECK_EQ(tcsetattr(slave, TCSADRAIN, &changed), 0);
  seen = modes_now();
  CHECK(seen.c_iflag == changed.c_iflag && seen.c_oflag == changed.c_oflag);
  CHECK(seen.c_lflag == changed.c_lflag);
  CHECK(!memcmp(seen.c_cc, changed.c_cc, 17));
  CHECK_EQ(cfgetospeed(&seen), B9600);
  /* The master's are the same: it has none of its own. */
  struct termios masters;
  CHECK_EQ(tcgetattr(master, &masters), 0);
  CHECK(masters.c_lflag == changed.c_lflag && masters.c_cc[VEOF] == changed.c_cc[VEOF]);
  CHECK_EQ(tcsetattr(master, TCSAFLUSH, &first), 0);
  seen = modes_now();
  CHECK(seen.c_iflag == first.c_iflag && seen.c_lflag == first.c_lflag);
  CHECK(!memcmp(seen.c_cc, first.c_cc, 17));
  /* struct termios2: the flags' third word, and behind the characters the two speeds. */
  unsigned two[11];
  CHECK_EQ(ioctl(slave, TCGETS2_NUMBER, two), 0);
  CHECK(two[9] == 38400 && two[10] == 38400);
  two[2] = 010000; /* BOTHER */
  two[10] = 12345;
  CHECK_EQ(ioctl(slave, TCSETS2_NUMBER, two), 0);
  CHECK_EQ(ioctl(slave, TCGETS2_NUMBER, two), 0);
  CHECK(two[9] == 12345 && two[10] == 12345);
  CHECK_EQ(two[2], 010000 | CS8 | CREAD); /* these it always has */
  CHECK_ERRNO(ioctl(slave, TCGETS2_NUMBER, NULL), EFAULT);
  CHECK_ERRNO(ioctl(slave, TCGETS, NULL), EFAULT);
  CHECK_ERRNO(ioctl(slave, TCSETS, 16L), EFAULT);
  CHECK_ERRNO(ioctl(slave, TIOCGWINSZ, NULL), EFAULT);
  CHECK_EQ(tcdrain(slave), 0);
  CHECK_EQ(tcsendbreak(slave, 0), 0);
  CHECK_ERRNO(tcflush(slave, 77), EINVAL);
  CHECK_ERRNO(tcflow(slave, 77), EINVAL);
  close_pair();
  int p[2];
  CHECK_EQ(pipe(p), 0);
  CHECK_ERRNO(tcgetattr(p[0], &seen), ENOTTY);
  CHECK(!isatty(p[0]));
  CHECK_EQ(ttyname_r(p[0], slave_name, sizeof slave_name), ENOTTY);
  close(p[0]), close(p[1]);
}

/* ---- lines ---- */

static void test_editing(void) {
  open_pair();
  TYPE("hel");
  SHOWS("hel");
  CHECK_EQ(ready_of(slave, POLLIN), 0); /* not a line yet */
  CHECK_EQ(queued(slave), 0);
  TYPE("lo\n");
  SHOWS("lo\r\n");
  CHECK_EQ(ready(slave, POLLIN), POLLIN);
  CHECK_EQ(queued(slave), 6);
  LINE("hello\n");
  CHECK_EQ(ready_of(slave, POLLIN | POLLOUT), POLLOUT);
  TYPE("ab\177c\n"); /* VERASE */
  SHOWS("ab\b \bc\r\n");
  LINE("ac\n");
  TYPE("\177x\n"); /* of nothing */
  SHOWS("x\r\n");
  LINE("x\n");
  TYPE("abc\025d\n"); /* VKILL */
  SHOWS("abc\b \b\b \b\b \bd\r\n");
  LINE("d\n");
  TYPE("foo bar \027x\n"); /* VWERASE */
  SHOWS("foo bar \b \b\b \b\b \b\b \bx\r\n");
  LINE("foo x\n");
  TYPE("a\001\177b\n"); /* a control character is two columns */
  SHOWS("a^A\b \b\b \bb\r\n");
  LINE("ab\n");
  TYPE("a\t\177b\n"); /* a tab as many as it took */
  SHOWS("a\t\b\b\b\b\b\b\bb\r\n");
  LINE("ab\n");
  TYPE("\026\003\026\n.\n"); /* VLNEXT */
  SHOWS("^\b^C^\b^J.\r\n");
  LINE("\003\n.\n");
  TYPE("xy\022z\n"); /* VREPRINT */
  SHOWS("xy^R\r\nxyz\r\n");
  LINE("xyz\n");
  close_pair();
}

static void test_line_ends(void) {
  open_pair();
  TYPE("part\004"); /* VEOF ends a line without being in it */
  LINE("part");
  TYPE("\004");
  ready(slave, POLLIN);
  char byte;
  CHECK_EQ(read(slave, &byte, 1), 0);
  SHOWS("part");
  TYPE("one\ntwo\nthree");
  SHOWS("one\r\ntwo\r\nthree");
  CHECK_EQ(queued(slave), 8);
  CHECK_EQ(read(slave, slave_name, 2), 2); /* a line in pieces */
  CHECK_EQ(read(slave, slave_name, 40), 2);
  LINE("two\n");
  nonblocking(slave, true);
  CHECK_ERRNO(read(slave, &byte, 1), EAGAIN);
  nonblocking(slave, false);
  TYPE("\n");
  LINE("three\n");
  SHOWS("\r\n");
  TYPE("x\r"); /* ICRNL */
  SHOWS("x\r\n");
  LINE("x\n");
  change(ICRNL, 0, 0, false);
  TYPE("x\ry\n");
  SHOWS("x^My\r\n");
  LINE("x\ry\n");
  change(IGNCR, 0, 0, true);
  TYPE("x\ry\n");
  SHOWS("xy\r\n");
  LINE("xy\n");
  change(IGNCR, 0, 0, false);
  change(INLCR, 0, 0, true);
  TYPE("x\n\004");
  SHOWS("x^M");
  LINE("x\r");
  change(INLCR, 0, 0, false);
  struct termios modes = modes_now();
  modes.c_cc[VEOL] = ';';
  CHECK_EQ(tcsetattr(slave, TCSANOW, &modes), 0);
  TYPE("a;b\n");
  LINE("a;");
  LINE("b\n");
  SHOWS("a;b\r\n");
  close_pair();
}

static void test_echo(void) {
  open_pair();
  TYPE("\001\n");
  SHOWS("^A\r\n");
  LINE("\001\n");
  change(0, 0, ECHOCTL, false);
  TYPE("\001\n");
  SHOWS("\001\r\n");
  LINE("\001\n");
  change(0, 0, ECHOE, false);
  TYPE("ab\177\n");
  SHOWS("ab\177\r\n");
  LINE("a\n");
  change(0, 0, ECHO, false);
  TYPE("secret\n");
  LINE("secret\n");
  SAY(".");
  SHOWS(".");
  change(0, 0, ECHONL, true);
  TYPE("secret\n");
  LINE("secret\n");
  SHOWS("\r\n");
  change(0, 0, ECHO | ECHOE, true);
  change(0, 0, ECHOKE, false);
  TYPE("abc\025d\n"); /* with ECHOK the kill character and a new line */
  SHOWS("abc\025\r\nd\r\n");
  LINE("d\n");
  change(IUTF8, 0, 0, true);
  TYPE("a\xc3\xa9\177b\n"); /* one letter of two bytes */
  SHOWS("a\xc3\xa9\b \bb\r\n");
  LINE("ab\n");
  change(ISTRIP, 0, 0, true);
  change(IUTF8, 0, 0, false);
  TYPE("\xe1\n");
  SHOWS("a\r\n");
  LINE("a\n");
  close_pair();
}

/* A line has 4095 bytes and its end; what is more is lost, its end is not. */
static void test_long_line(void) {
  static char line[5000], got[8192];
  open_pair();
  change(IMAXBEL, 0, ECHO, false);
  memset(line, 'l', sizeof line);
  for (size_t at = 0; at < sizeof line; at += 500)
    CHECK_EQ(write(master, line + at, 500), 500);
  TYPE("\n");
  CHECK_EQ(ready(slave, POLLIN), POLLIN);
  CHECK_EQ(read(slave, got, sizeof got), 4096);
  CHECK(got[0] == 'l' && got[4094] == 'l' && got[4095] == '\n');
  TYPE("after\n");
  LINE("after\n");
  close_pair();
}

static void test_output(void) {
  open_pair();
  SAY("a\nb");
  SHOWS("a\r\nb");
  change(0, ONLCR, 0, false);
  SAY("a\nb");
  SHOWS("a\nb");
  change(0, OCRNL, 0, true);
  SAY("a\rb");
  SHOWS("a\nb");
  change(0, OCRNL, 0, false);
  change(0, ONLCR | XTABS, 0, true);
  SAY("\na\tb");
  SHOWS("\r\na       b");
  change(0, OLCUC, 0, true);
  SAY("loud");
  SHOWS("LOUD");
  change(0, OPOST, 0, false);
  SAY("a\n\tb");
  SHOWS("a\n\tb");
  struct iovec { void *base; size_t length; } parts[] = {{"ab", 2}, {"cde", 3}};
  CHECK_EQ(RAW(writev, slave, parts, 2L), 5);
  SHOWS("abcde");
  CHECK_ERRNO(RAW(write, slave, NULL, 1L), EFAULT);
  close_pair();
}

/* ---- without lines ---- */

static void test_raw(void) {
  char buffer[16];
  open_pair();
  raw(1, 0);
  TYPE("\003a\r\177\004");
  CHECK(gives(slave, "\003a\r\177\004", 5));
  raw(3, 0);
  TYPE("ab");
  CHECK(holds(slave, 2));
  CHECK_EQ(ready_of(slave, POLLIN), 0); /* not enough */
  nonblocking(slave, true);
  CHECK_EQ(read(slave, buffer, sizeof buffer), 2); /* but who does not wait gets it */
  CHECK_ERRNO(read(slave, buffer, sizeof buffer), EAGAIN);
  nonblocking(slave, false);
  CHECK_EQ(tcflush(slave, TCIFLUSH), 0);
  TYPE("abcd");
  CHECK_EQ(ready(slave, POLLIN), POLLIN);
  CHECK(holds(slave, 4));
  CHECK_EQ(read(slave, buffer, 2), 2); /* no more than fits */
  CHECK(holds(slave, 2));
  TYPE("e");
  CHECK_EQ(read(slave, buffer, sizeof buffer), 3);
  CHECK(!memcmp(buffer, "cde", 3));
  raw(0, 0);
  CHECK_EQ(read(slave, buffer, sizeof buffer), 0);
  TYPE("x");
  CHECK(holds(slave, 1));
  CHECK_EQ(read(slave, buffer, sizeof buffer), 1);
  raw(0, 2);
  int64_t start = now_ms();
  CHECK_EQ(read(slave, buffer, sizeof buffer), 0);
  CHECK(now_ms() - start >= 180);
  TYPE("x");
  CHECK_EQ(read(slave, buffer, sizeof buffer), 1);
  /* With both, the time is between bytes: it starts with the first. */
  raw(3, 2);
  TYPE("ab");
  CHECK(holds(slave, 2));
  start = now_ms();
  CHECK_EQ(read(slave, buffer, sizeof buffer), 2);
  CHECK(now_ms() - start >= 180);
  TYPE("abc");
  CHECK_EQ(read(slave, buffer, sizeof buffer), 3);
  /* A signal ends a read with what has come. */
  raw(3, 0);
  TYPE("ab");
  CHECK(holds(slave, 2));
  handle(SIGALRM, on_alarm, 0);
  alarm_in(100000);
  CHECK_EQ(read(slave, buffer, sizeof buffer), 2);
  alarm_in(100000);
  CHECK_ERRNO(read(slave, buffer, sizeof buffer), EINTR);
  handle(SIGALRM, SIG_DFL, 0);
  alarm(300);
  close_pair();
}

static void test_changing_modes(void) {
  open_pair();
  TYPE("part");
  SHOWS("part");
  struct termios lines = modes_now();
  raw(1, 0); /* what was being edited can be read */
  CHECK(gives(slave, "part", 4));
  TYPE("abc");
  CHECK(holds(slave, 3));
  CHECK_EQ(tcsetattr(slave, TCSAFLUSH, &lines), 0);
  CHECK_EQ(queued(slave), 0);
  TYPE("x\n");
  LINE("x\n");
  SHOWS("x\r\n");
  TYPE("y\nz");
  SHOWS("y\r\nz");
  CHECK_EQ(tcflush(slave, TCIFLUSH), 0);
  CHECK_EQ(ready_of(slave, POLLIN), 0);
  CHECK_EQ(queued(slave), 0);
  TYPE("w\n");
  LINE("w\n");
  SHOWS("w\r\n");
  SAY("12345");
  CHECK(ready(master, POLLIN) & POLLIN);
  CHECK(holds(master, 5));
  SHOWS("12345");
  close_pair();
}

static void test_flow(void) {
  open_pair();
  raw(1, 0);
  change(IXON, 0, 0, true);
  nonblocking(slave, true);
  TYPE("\023x"); /* VSTOP is not read */
  CHECK(holds(slave, 1));
  LINE("x");
  CHECK_EQ(ready_of(slave, POLLOUT), 0);
  CHECK_ERRNO(write(slave, "a", 1), EAGAIN);
  TYPE("\021");
  CHECK_EQ(ready(slave, POLLOUT), POLLOUT);
  SAY("b");
  SHOWS("b");
  CHECK_EQ(tcflow(slave, TCOOFF), 0);
  CHECK_ERRNO(write(slave, "a", 1), EAGAIN);
  CHECK_EQ(tcflow(slave, TCOON), 0);
  SAY("c");
  SHOWS("c");
  change(IXANY, 0, 0, true);
  TYPE("\023");
  for (int64_t end = now_ms() + PATIENCE_MILLIS; ready_of(slave, POLLOUT) && now_ms() < end;)
    usleep(1000);
  CHECK_EQ(ready_of(slave, POLLOUT), 0);
  TYPE("y"); /* any character starts it */
  CHECK_EQ(ready(slave, POLLOUT), POLLOUT);
  CHECK(holds(slave, 1));
  LINE("y");
  close_pair();
}

/* Much more than any buffer holds, both ways, and nothing lost. */
static void test_much(void) {
  enum { BYTES = 200000 };
  static unsigned char block[4096];
  for (int way = 0; way < 2; way++) {
    open_pair();
    raw(1, 0);
    int from = way ? slave : master, to = way ? master : slave;
    pid_t child = fork();
    if (child == 0) {
      alarm(60);
      for (int sent = 0; sent < BYTES;) {
        int length = BYTES - sent < 1000 ? BYTES - sent : 1000;
        for (int i = 0; i < length; i++) block[i] = (unsigned char)((sent + i) * 13 >> 2);
        ssize_t n = write(from, block, (size_t)length);
        if (n <= 0) _exit(1);
        sent += (int)n;
      }
      _exit(0);
    }
    int got = 0, wrong = 0;
    while (got < BYTES) {
      struct pollfd p = {.fd = to, .events = POLLIN};
      if (poll(&p, 1, 5000) != 1) break;
      ssize_t n = read(to, block, sizeof block);
      if (n <= 0) break;
      for (int i = 0; i < n; i++) wrong += block[i] != (unsigned char)((got + i) * 13 >> 2);
      got += (int)n;
    }
    CHECK_EQ(got, BYTES);
    CHECK_EQ(wrong, 0);
    EXITS(child, 0);
    close_pair();
  }
}

/* ---- sizes ---- */

static volatile int resized;

static void on_resize(int signal) {
  (void)signal;
  resized++;
}

static int counts_resizes(void) {
  sigset_t none;
  sigemptyset(&none);
  while (!resized) sigsuspend(&none);
  return resized;
}

static void test_size(void) {
  take_terminal();
  struct winsize size = {1, 1, 1, 1}, seen;
  CHECK_EQ(ioctl(slave, TIOCGWINSZ, &size), 0);
  CHECK(size.ws_row == 0 && size.ws_col == 0 && size.ws_xpixel == 0);
  handle(SIGWINCH, on_resize, 0);
  size = (struct winsize){25, 80, 640, 480};
  CHECK_EQ(ioctl(master, TIOCSWINSZ, &size), 0);
  CHECK_EQ(resized, 1);
  CHECK_EQ(ioctl(slave, TIOCGWINSZ, &seen), 0);
  CHECK(!memcmp(&seen, &size, sizeof size));
  CHECK_EQ(ioctl(master, TIOCSWINSZ, &size), 0); /* no change */
  CHECK_EQ(resized, 1);
  size.ws_row = 50;
  CHECK_EQ(ioctl(slave, TIOCSWINSZ, &size), 0);
  CHECK_EQ(resized, 2);
  CHECK_EQ(ioctl(master, TIOCGWINSZ, &seen), 0);
  CHECK_EQ(seen.ws_row, 50);
  /* To the foreground group and nobody else. */
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGWINCH);
  sigprocmask(SIG_BLOCK, &set, NULL);
  resized = 0;
  pid_t child = job(counts_resizes, true);
  size.ws_row = 51;
  CHECK_EQ(ioctl(master, TIOCSWINSZ, &size), 0);
  EXITS(child, 1);
  sigset_t pending;
  sigpending(&pending);
  CHECK(!sigismember(&pending, SIGWINCH));
}

/* ---- controlling terminals ---- */

/* A number of /proc/self/stat, counted as in proc(5). */
static long stat_field(int number) {
  char text[1024];
  if (read_text("/proc/self/stat", text, sizeof text) < 0) return -2;
  char *at = strrchr(text, ')') + 2;
  for (int i = 3; i < number; i++) at = strchr(at, ' ') + 1;
  return atol(at);
}

static int takes_terminal(void) {
  return ioctl(slave, TIOCSCTTY, 0) == 0 ? 0 : errno;
}

static int opens_tty(void) {
  int fd = open("/dev/tty", O_RDWR);
  return fd >= 0 && tcgetpgrp(fd) == getpgrp() ? 0 : 1;
}

static void test_controlling(void) {
  open_pair();
  CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
  CHECK_EQ(stat_field(7), 0);
  CHECK_EQ(stat_field(8), -1);
  CHECK_ERRNO(tcgetpgrp(slave), ENOTTY);
  CHECK_ERRNO(tcgetsid(slave), ENOTTY);
  CHECK_ERRNO(tcsetpgrp(slave, getpid()), ENOTTY);
  CHECK_ERRNO(ioctl(slave, TIOCNOTTY), ENOTTY);
  pid_t child = fork(); /* does not lead the session */
  if (child == 0) _exit(takes_terminal());
  EXITS(child, EPERM);
  CHECK_EQ(ioctl(slave, TIOCSCTTY, 0), 0);
  CHECK_EQ(ioctl(slave, TIOCSCTTY, 0), 0); /* it has it */
  CHECK_EQ(tcgetpgrp(slave), getpid());
  CHECK_EQ(tcgetsid(slave), getpid());
  struct stat st;
  CHECK_EQ(fstat(slave, &st), 0);
  CHECK_EQ(stat_field(7), (long)st.st_rdev);
  CHECK_EQ(stat_field(8), getpid());
  int tty = (int)CHECK_OK(open("/dev/tty", O_RDWR));
  CHECK(isatty(tty));
  CHECK_EQ(write(tty, "by name", 7), 7);
  SHOWS("by name");
  CHECK_EQ(fstat(tty, &st), 0);
  CHECK_EQ(st.st_rdev, makedev(5, 0));
  close(tty);
  int second = open_master();
  int other = (int)CHECK_OK(ioctl(second, TIOCGPTPEER, O_RDWR)); /* it is not taken */
  CHECK_ERRNO(ioctl(other, TIOCSCTTY, 0), EPERM);
  CHECK_ERRNO(tcgetpgrp(other), ENOTTY);
  close(other), close(second);
  EXITS(job(opens_tty, true), 0); /* children have it too */
  CHECK_EQ(tcsetpgrp(slave, getpid()), 0);
  CHECK_ERRNO(tcsetpgrp(slave, -1), EINVAL);
  CHECK_ERRNO(tcsetpgrp(slave, 0x3ffffff), ESRCH);
  CHECK_ERRNO(tcsetpgrp(slave, getppid() > 1 ? getpgid(getppid()) : 1), EPERM);
  CHECK_EQ(tcgetpgrp(slave), getpid());
  child = fork();
  if (child == 0) { /* a new session has no terminal */
    setsid();
    _exit(open("/dev/tty", O_RDWR) < 0 && errno == ENXIO && takes_terminal() == EPERM ? 0 : 1);
  }
  if (geteuid() != 0) EXITS(child, 0);
  else CHECK_EQ(state_of(child, 0) & 0x7f, 0);
}

static volatile int hangups, continues;

static void on_hangup(int signal) {
  if (signal == SIGHUP) hangups++;
  else continues++;
}

static void test_giving_up(void) {
  master = open_master();
  CHECK_EQ(ptsname_r(master, slave_name, sizeof slave_name), 0);
  slave = (int)CHECK_OK(open(slave_name, O_RDWR)); /* without O_NOCTTY it is taken */
  CHECK_EQ(tcgetsid(slave), getpid());
  handle(SIGHUP, on_hangup, 0);
  handle(SIGCONT, on_hangup, 0);
  CHECK_EQ(ioctl(slave, TIOCNOTTY), 0);
  CHECK(hangups == 1 && continues == 1);
  CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
  CHECK_ERRNO(tcgetpgrp(slave), ENOTTY);
  SAY("still there");
  SHOWS("still there");
  CHECK_EQ(ioctl(slave, TIOCSCTTY, 0), 0);
  CHECK_EQ(tcgetpgrp(slave), getpid());
}

/* ---- signals from the keyboard ---- */

static int waits_for_ever(void) {
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  while (true) pause();
  return 0;
}

static sigset_t keyboard_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  return set;
}

/* The signal comes from the kernel, not from a process. */
static int sees_interrupt(void) {
  sigset_t set = keyboard_signals();
  siginfo_t info;
  if (sigwaitinfo(&set, &info) != SIGINT) return 1;
  return info.si_code == SI_KERNEL && info.si_pid == 0 ? 0 : 2;
}

static void test_keyboard(void) {
  take_terminal();
  pid_t behind = job(waits_for_ever, false);
  pid_t child = job(waits_for_ever, true);
  TYPE("lost");
  SHOWS("lost");
  TYPE("\003");
  DIES(child, SIGINT);
  SHOWS("^C");
  CHECK_EQ(ready_of(slave, POLLIN), 0);
  child = job(waits_for_ever, true);
  TYPE("\034");
  DIES(child, SIGQUIT);
  SHOWS("^\\");
  child = job(waits_for_ever, true);
  TYPE("\032");
  STOPS(child, SIGTSTP);
  SHOWS("^Z");
  CHECK_EQ(waitpid(child, NULL, WNOHANG | WUNTRACED), 0); /* told once */
  CHECK_EQ(kill(-child, SIGCONT), 0);
  CHECK_EQ(state_of(child, WCONTINUED), 0xffff);
  TYPE("\032");
  STOPS(child, SIGTSTP);
  CHECK_EQ(kill(child, SIGINT), 0); /* waits until it runs again */
  CHECK_EQ(waitpid(child, NULL, WNOHANG | WUNTRACED), 0);
  CHECK_EQ(kill(child, SIGCONT), 0);
  DIES(child, SIGINT);
  SHOWS("^Z");
  CHECK_EQ(waitpid(behind, NULL, WNOHANG | WUNTRACED), 0); /* no signal came here */
  sigset_t set = keyboard_signals();
  sigprocmask(SIG_BLOCK, &set, NULL);
  child = job(sees_interrupt, true);
  TYPE("\003");
  EXITS(child, 0);
  SHOWS("^C");
  sigset_t pending;
  sigpending(&pending);
  CHECK(!sigismember(&pending, SIGINT)); /* nor here */
  CHECK_EQ(tcsetpgrp(slave, getpid()), 0);
  change(0, 0, NOFLSH, true);
  TYPE("kept\003\n");
  SHOWS("kept^C\r\n");
  LINE("kept\n");
  sigpending(&pending);
  CHECK(sigismember(&pending, SIGINT));
  signal(SIGINT, SIG_IGN);
  change(0, 0, ISIG, false);
  TYPE("\003\n");
  SHOWS("^C\r\n");
  LINE("\003\n");
  change(0, 0, ISIG, true);
  struct termios modes = modes_now();
  modes.c_cc[VINTR] = _POSIX_VDISABLE;
  modes.c_cc[VQUIT] = 'q';
  CHECK_EQ(tcsetattr(slave, TCSANOW, &modes), 0);
  TYPE("\003\n");
  LINE("\003\n");
  child = job(waits_for_ever, true);
  TYPE("q");
  DIES(child, SIGQUIT);
  CHECK_EQ(tcsetpgrp(slave, getpid()), 0);
  finish(behind);
}

/* ---- in the background ---- */

static int reads_line(void) {
  char line[16];
  return read(slave, line, sizeof line) == 3 && !memcmp(line, "in\n", 3) ? 0 : 1;
}

static int reads_with_signal_ignored(void) {
  char byte;
  signal(SIGTTIN, SIG_IGN);
  return read(slave, &byte, 1) < 0 && errno == EIO ? 0 : 1;
}

static int reads_with_signal_blocked(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTTIN);
  sigprocmask(SIG_BLOCK, &set, NULL);
  char byte;
  return read(slave, &byte, 1) < 0 && errno == EIO ? 0 : 1;
}

static volatile int interrupted;

static void on_ttin(int signal) {
  (void)signal;
  interrupted++;
}

static int reads_with_handler(void) {
  struct sigaction action = {.sa_handler = on_ttin};
  sigaction(SIGTTIN, &action, NULL);
  char byte;
  return read(slave, &byte, 1) < 0 && errno == EINTR && interrupted == 1 ? 0 : 1;
}

static int writes_out(void) { return write(slave, "out", 3) == 3 ? 0 : 1; }

static int writes_with_signal_ignored(void) {
  signal(SIGTTOU, SIG_IGN);
  return writes_out();
}

static int sets_modes(void) {
  struct termios modes;
  return tcgetattr(slave, &modes) == 0 && tcsetattr(slave, TCSANOW, &modes) == 0 ? 0 : 1;
}

static int sets_modes_with_signal_blocked(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTTOU);
  sigprocmask(SIG_BLOCK, &set, NULL);
  return sets_modes();
}

static int resizes(void) {
  struct winsize size = {3, 4, 0, 0};
  return ioctl(slave, TIOCSWINSZ, &size) == 0 ? 0 : 1;
}

static int restarts_output(void) { return tcflow(slave, TCOON) == 0 ? 0 : 1; }

static int takes_foreground(void) { return tcsetpgrp(slave, getpid()) == 0 ? 0 : 1; }

static void resume(pid_t child, bool foreground) {
  if (foreground) CHECK_EQ(tcsetpgrp(slave, child), 0);
  CHECK_EQ(kill(-child, SIGCONT), 0);
}

static void test_background(void) {
  take_terminal();
  pid_t child = job(reads_line, false);
  STOPS(child, SIGTTIN);
  resume(child, false); /* and again */
  STOPS(child, SIGTTIN);
  TYPE("in\n");
  resume(child, true);
  EXITS(child, 0);
  CHECK_EQ(tcsetpgrp(slave, getpid()), 0);
  SHOWS("in\r\n");
  EXITS(job(reads_with_signal_ignored, false), 0);
  EXITS(job(reads_with_signal_blocked, false), 0);
  EXITS(job(reads_with_handler, false), 0);
  EXITS(job(writes_out, false), 0); /* may write */
  SHOWS("out");
  change(0, 0, TOSTOP, true); /* may not any more */
  child = job(writes_out, false);
  STOPS(child, SIGTTOU);
  resume(child, true);
  EXITS(child, 0);
  SHOWS("out");
  CHECK_EQ(tcsetpgrp(slave, getpid()), 0);
  EXITS(job(writes_with_signal_ignored, false), 0);
  SHOWS("out");
  change(0, 0, TOSTOP, false);
  child = job(sets_modes, false);
  STOPS(child, SIGTTOU);
  resume(child, true);
  EXITS(child, 0);
  CHECK_EQ(tcsetpgrp(slave, getpid()), 0);
  EXITS(job(sets_modes_with_signal_blocked, false), 0);
  EXITS(job(resizes, false), 0); /* may do that */
  child = job(restarts_output, false);
  STOPS(child, SIGTTOU);
  resume(child, true);
  EXITS(child, 0);
  CHECK_EQ(tcsetpgrp(slave, getpid()), 0);
  child = job(takes_foreground, false);
  STOPS(child, SIGTTOU);
  resume(child, true);
  EXITS(child, 0);
  CHECK_EQ(tcsetpgrp(slave, getpid()), 0);
}

static int report_orphan[2];

/* Its child is left alone in a group whose every parent is elsewhere: nobody could continue it. */
static int leaves_orphan(void) {
  int gone[2];
  if (pipe(gone)) return 1;
  pid_t parent = getpid();
  if (fork() == 0) {
    char byte, answer[2];
    close(gone[1]);
    (void)!read(gone[0], &byte, 1); /* until the parent has ended */
    while (getppid() == parent) usleep(1000);
    answer[0] = read(slave, &byte, 1) < 0 ? (char)errno : 0;
    struct termios modes;
    tcgetattr(slave, &modes);
    answer[1] = tcsetattr(slave, TCSANOW, &modes) < 0 ? (char)errno : 0;
    _exit(write(report_orphan[1], answer, 2) != 2);
  }
  return 0;
}

static void test_orphan(void) {
  take_terminal();
  CHECK_EQ(pipe(report_orphan), 0);
  EXITS(job(leaves_orphan, false), 0);
  char answer[2] = "";
  CHECK_EQ(read(report_orphan[0], answer, 2), 2);
  CHECK_EQ(answer[0], EIO);
  CHECK_EQ(answer[1], EIO);
}

/* ---- the end ---- */

/* Who waits when it happens may get either: Linux closes the other side first, then hangs up. */
static int reads_until_end(void) {
  char byte;
  signal(SIGHUP, SIG_IGN);
  close(master);
  if (write(report_orphan[1], "r", 1) != 1) return 2;
  ssize_t n = read(slave, &byte, 1);
  return n == 0 || (n < 0 && errno == EIO) ? 0 : 1;
}

static int notes_hangup(void) {
  close(master);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  sigprocmask(SIG_BLOCK, &set, NULL);
  if (write(report_orphan[1], "r", 1) != 1) return 2;
  return sigwaitinfo(&set, NULL) == SIGHUP ? 0 : 1;
}

/* The last close of the master hangs the terminal up. */
static void test_hangup(void) {
  take_terminal();
  CHECK_EQ(pipe(report_orphan), 0);
  handle(SIGHUP, on_hangup, 0);
  handle(SIGCONT, on_hangup, 0);
  TYPE("unread\n");
  SHOWS("unread\r\n");
  LINE("unread\n");
  pid_t reader = job(reads_until_end, true);
  char byte;
  CHECK_EQ(read(report_orphan[0], &byte, 1), 1);
  struct termios modes = modes_now();
  CHECK_EQ(close(master), 0);
  EXITS(reader, 0);
  while (!hangups || !continues) usleep(1000);
  CHECK(hangups == 1 && continues == 1);
  CHECK_EQ(read(slave, &byte, 1), 0);
  CHECK_ERRNO(write(slave, "x", 1), EIO);
  CHECK_EQ(ready_of(slave, POLLIN | POLLOUT), POLLIN | POLLOUT | POLLHUP | POLLERR);
  CHECK_ERRNO(tcgetattr(slave, &modes), EIO);
  CHECK_ERRNO(tcsetattr(slave, TCSANOW, &modes), EIO);
  CHECK_ERRNO(tcgetpgrp(slave), EIO);
  CHECK_ERRNO(tcsetpgrp(slave, getpid()), ENOTTY);
  CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
  CHECK_ERRNO(open(slave_name, O_RDWR | O_NOCTTY), ENOENT);
  CHECK(!isatty(slave));
  CHECK_EQ(fcntl(slave, F_GETFL) & O_ACCMODE, O_RDWR);
}

/* Counts what it is sent while it waits. */
static int notes_late_hangup(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, SIGCONT);
  sigprocmask(SIG_BLOCK, &set, NULL);
  close(master);
  char byte = 'r';
  if (write(report_orphan[1], &byte, 1) != 1) return 2;
  struct timespec little = {0, 200000000}, long_time = {20, 0};
  byte = sigtimedwait(&set, NULL, &little) < 0 && errno == EAGAIN ? 'y' : 'n';
  if (write(report_orphan[1], &byte, 1) != 1) return 2;
  bool both = sigtimedwait(&set, NULL, &long_time) > 0 && sigtimedwait(&set, NULL, &long_time) > 0;
  byte = both ? 'y' : 'n';
  return write(report_orphan[1], &byte, 1) != 1;
}

/* A hang-up is told the leader; what it ran in the foreground is told when the leader ends. */
static void test_late_hangup(void) {
  CHECK_EQ(pipe(report_orphan), 0);
  master = open_master();
  CHECK_EQ(ptsname_r(master, slave_name, sizeof slave_name), 0);
  pid_t leader = fork();
  if (leader == 0) {
    alarm(60);
    setsid();
    signal(SIGTTOU, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    slave = open(slave_name, O_RDWR);
    job(notes_late_hangup, true);
    close(master);
    /* Until the others have read that the job was told nothing: they then end this one. */
    while (true) pause();
  }
  char byte = 0;
  CHECK_EQ(read(report_orphan[0], &byte, 1), 1);
  usleep(20000); /* until the leader has closed it */
  close(master);
  CHECK_EQ(read(report_orphan[0], &byte, 1), 1);
  CHECK_EQ(byte, 'y');
  finish(leader);
  CHECK_EQ(read(report_orphan[0], &byte, 1), 1);
  CHECK_EQ(byte, 'y');
}

/* The master's side can be asked, too. */
static void test_master_controls(void) {
  master = open_master();
  slave = (int)CHECK_OK(ioctl(master, TIOCGPTPEER, O_RDWR)); /* is taken as by open */
  CHECK_EQ(tcgetsid(slave), getpid());
  CHECK_EQ(tcgetsid(master), getpid());
  CHECK_EQ(tcgetpgrp(master), getpid());
  pid_t child = job(waits_for_ever, false);
  CHECK_EQ(tcsetpgrp(master, child), 0);
  CHECK_EQ(tcgetpgrp(slave), child);
  CHECK_EQ(tcsetpgrp(slave, getpid()), 0);
  finish(child);
}

/* The session's leader ends: its foreground group is told, and the terminal is nobody's. */
static void test_leader_ends(void) {
  open_pair();
  CHECK_EQ(pipe(report_orphan), 0);
  int done[2];
  CHECK_EQ(pipe(done), 0);
  pid_t leader = fork();
  if (leader == 0) {
    alarm(60);
    setsid();
    signal(SIGTTOU, SIG_IGN);
    if (ioctl(slave, TIOCSCTTY, 0)) _exit(1);
    if (fork() == 0) {
      setpgid(0, 0);
      tcsetpgrp(slave, getpid());
      int code = notes_hangup();
      _exit(write(done[1], code ? "n" : "y", 1) != 1);
    }
    char byte;
    _exit(read(report_orphan[0], &byte, 1) == 1 ? 0 : 1);
  }
  EXITS(leader, 0);
  char byte = 0;
  CHECK_EQ(read(done[0], &byte, 1), 1);
  CHECK_EQ(byte, 'y');
  SAY("open");
  SHOWS("open");
  pid_t next = fork();
  if (next == 0) {
    setsid();
    _exit(takes_terminal());
  }
  EXITS(next, 0);
  close_pair();
}

static void test_last_close(void) {
  char byte;
  master = open_master();
  CHECK_EQ(ptsname_r(master, slave_name, sizeof slave_name), 0);
  nonblocking(master, true);
  CHECK_EQ(ready_of(master, POLLIN | POLLOUT), POLLOUT); /* nobody has been there yet */
  CHECK_ERRNO(read(master, &byte, 1), EAGAIN);
  slave = (int)CHECK_OK(open(slave_name, O_RDWR | O_NOCTTY));
  int second = dup(slave);
  SAY("last words");
  close(slave);
  SHOWS("last words");
  CHECK_EQ(ready_of(master, POLLIN | POLLOUT), POLLOUT);
  CHECK_EQ(write(second, "!", 1), 1);
  close(second);
  SHOWS("!"); /* what was written can still be read */
  CHECK(ready(master, POLLIN) & POLLHUP);
  CHECK_ERRNO(read(master, &byte, 1), EIO);
  slave = (int)CHECK_OK(open(slave_name, O_RDWR | O_NOCTTY));
  CHECK_EQ(ready_of(master, POLLIN | POLLOUT), POLLOUT);
  CHECK_ERRNO(read(master, &byte, 1), EAGAIN);
  nonblocking(master, false);
  /* One who waits is told. */
  pid_t child = fork();
  if (child == 0) {
    close(slave);
    alarm(60);
    _exit(read(master, &byte, 1) < 0 && errno == EIO ? 0 : 1);
  }
  usleep(20000);
  close(slave);
  EXITS(child, 0);
  close(master);
}

/* ---- packets ---- */

static void test_packets(void) {
  open_pair();
  int on = 1, mode = -1;
  CHECK_ERRNO(ioctl(slave, TIOCPKT, &on), ENOTTY);
  CHECK_EQ(ioctl(master, TIOCGPKT, &mode), 0);
  CHECK_EQ(mode, 0);
  if (!CHECK_EQ(ioctl(master, TIOCPKT, &on), 0)) { /* or what follows waits for ever */
    close_pair();
    return;
  }
  CHECK_EQ(ioctl(master, TIOCGPKT, &mode), 0);
  CHECK_EQ(mode, 1);
  SAY("data");
  CHECK(ready(master, POLLIN) & POLLIN);
  CHECK(reads(master, "\0data", 5));
  CHECK_EQ(ready_of(master, POLLPRI), 0);
  CHECK_EQ(tcflush(slave, TCIFLUSH), 0);
  char status = 0;
  CHECK(ready(master, POLLPRI) & POLLPRI);
  CHECK_EQ(read(master, &status, 1), 1);
  CHECK_EQ(status, TIOCPKT_FLUSHREAD);
  CHECK_EQ(tcflow(slave, TCOOFF), 0);
  CHECK_EQ(ready(master, POLLPRI) & POLLPRI, POLLPRI);
  CHECK_EQ(read(master, &status, 1), 1);
  CHECK(status & TIOCPKT_STOP);
  CHECK_EQ(tcflow(slave, TCOON), 0);
  CHECK_EQ(ready(master, POLLPRI) & POLLPRI, POLLPRI);
  CHECK_EQ(read(master, &status, 1), 1);
  CHECK(status & TIOCPKT_START);
  change(IXON, 0, 0, false);
  CHECK_EQ(ready(master, POLLPRI) & POLLPRI, POLLPRI);
  CHECK_EQ(read(master, &status, 1), 1);
  CHECK(status & TIOCPKT_NOSTOP);
  change(IXON, 0, 0, true);
  CHECK_EQ(read(master, &status, 1), 1);
  CHECK_EQ(status, TIOCPKT_DOSTOP);
  /* One key does it all, and takes back that output was stopped. */
  TYPE("\023");
  CHECK_EQ(ready(master, POLLPRI) & POLLPRI, POLLPRI);
  TYPE("\003");
  CHECK(ready(master, POLLIN) & POLLIN);
  status = 0;
  while (!(status & TIOCPKT_START) && read(master, &status, 1) == 1) continue;
  CHECK_EQ(status, TIOCPKT_START | TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE);
  CHECK(reads(master, "\0^C", 3));
  SAY("abc"); /* the byte in front is in every read */
  CHECK(ready(master, POLLIN) & POLLIN);
  CHECK_EQ(read(master, &status, 1), 1);
  CHECK_EQ(status, TIOCPKT_DATA);
  CHECK(holds(master, 3));
  CHECK(reads(master, "\0abc", 4));
  on = 0;
  CHECK_EQ(ioctl(master, TIOCPKT, &on), 0);
  SAY("plain");
  SHOWS("plain");
  close_pair();
}

int main(int argc, char **argv) {
  check_start("ptys", argc, argv);
  alarm(300);
  test_open();
  test_attributes();
  test_editing();
  test_line_ends();
  test_echo();
  test_long_line();
  test_output();
  test_raw();
  test_changing_modes();
  test_flow();
  test_much();
  in_session(test_size);
  in_session(test_controlling);
  in_session(test_giving_up);
  in_session(test_keyboard);
  in_session(test_background);
  in_session(test_orphan);
  in_session(test_hangup);
  test_late_hangup();
  in_session(test_master_controls);
  test_leader_ends();
  test_last_close();
  test_packets();
  return check_report();
}
