/*
 * Pipes and FIFOs: capacity, atomic writes, ends that are closed, readiness, waiting and being
 * interrupted, opening by name.
 */
#include "waits.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/uio.h>

static volatile int broken;
static char block[1 << 17];

static int self_pipe;

static void write_one(int signal) {
  (void)signal;
  if (++alarms == 6) (void)!write(self_pipe, "r", 1);
}

static void on_pipe(int signal) {
  (void)signal;
  broken++;
}

static void test_flags(void) {
  int p[2], q[2];
  CHECK_EQ(pipe(p), 0);
  CHECK_EQ(fcntl(p[0], F_GETFD), 0);
  CHECK_EQ(fcntl(p[0], F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY);
  CHECK_EQ(fcntl(p[1], F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_WRONLY);
  CHECK_EQ(pipe2(q, O_CLOEXEC | O_NONBLOCK), 0);
  CHECK_EQ(fcntl(q[0], F_GETFD), FD_CLOEXEC);
  CHECK_EQ(fcntl(q[1], F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_WRONLY | O_NONBLOCK);
  CHECK_ERRNO(pipe2(q, O_APPEND), EINVAL);
  CHECK_ERRNO(RAW(pipe, NULL), EFAULT);
  CHECK_ERRNO(RAW(pipe2, 16L, 0L), EFAULT);
  int next = dup(p[0]);
  CHECK_EQ(next, q[1] + 1);
  close(next);
  struct stat a, b;
  CHECK_EQ(fstat(p[0], &a), 0);
  CHECK_EQ(fstat(p[1], &b), 0);
  CHECK(S_ISFIFO(a.st_mode));
  CHECK_EQ(a.st_mode & 07777, 0600);
  CHECK_EQ(a.st_ino, b.st_ino);
  CHECK_EQ(a.st_uid, geteuid());
  CHECK_EQ(a.st_size, 0);
  struct statfs fs;
  CHECK_EQ(fstatfs(p[0], &fs), 0);
  CHECK_EQ(fs.f_type, 0x50495045);
  char link[64], text[64] = "", wanted[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", p[0]);
  CHECK(readlink(link, text, sizeof text - 1) > 0);
  snprintf(wanted, sizeof wanted, "pipe:[%lu]", (unsigned long)a.st_ino);
  CHECK(!strcmp(text, wanted));
  int again = (int)CHECK_OK(open(link, O_RDWR));
  CHECK_EQ(write(again, "x", 1), 1);
  CHECK_EQ(read(p[0], text, 9), 1);
  close(again);
  CHECK_ERRNO(lseek(p[0], 0, SEEK_CUR), ESPIPE);
  CHECK_ERRNO(pread(p[0], text, 1, 0), ESPIPE);
  CHECK_ERRNO(pwrite(p[1], text, 1, 0), ESPIPE);
  CHECK_ERRNO(ftruncate(p[1], 0), EINVAL);
  CHECK_ERRNO(fsync(p[1]), EINVAL);
  CHECK_ERRNO(read(p[1], text, 1), EBADF);
  CHECK_ERRNO(write(p[0], text, 1), EBADF);
  close(p[0]), close(p[1]), close(q[0]), close(q[1]);
}

static void test_bytes(void) {
  int p[2];
  char text[32];
  CHECK_EQ(pipe(p), 0);
  CHECK_EQ(write(p[1], "hello", 5), 5);
  CHECK_EQ(write(p[1], " world", 6), 6);
  CHECK_EQ(queued(p[0]), 11);
  CHECK_EQ(queued(p[1]), 11);
  CHECK_EQ(read(p[0], text, 0), 0);
  CHECK_EQ(read(p[0], text, 3), 3);
  CHECK_EQ(read(p[0], text + 3, sizeof text - 3), 8);
  CHECK(!memcmp(text, "hello world", 11));
  struct iovec out[] = {{"ab", 2}, {"", 0}, {"cde", 3}};
  CHECK_EQ(writev(p[1], out, 3), 5);
  char one[2], two[9];
  struct iovec in[] = {{one, 2}, {two, 9}};
  CHECK_EQ(readv(p[0], in, 2), 5);
  CHECK(!memcmp(one, "ab", 2) && !memcmp(two, "cde", 3));
  CHECK_ERRNO(RAW(write, p[1], NULL, 1L), EFAULT);
  CHECK_EQ(write(p[1], "z", 1), 1);
  CHECK_ERRNO(RAW(read, p[0], NULL, 1L), EFAULT);
  CHECK_EQ(queued(p[0]), 1);
  CHECK_EQ(write(p[1], NULL, 0), 0);
  close(p[1]);
  CHECK_EQ(read(p[0], text, 9), 1);
  CHECK_EQ(read(p[0], text, 9), 0);
  close(p[0]);
}

/* Bytes come out as they went in, however the ring turns. */
static void test_order(void) {
  int p[2];
  CHECK_EQ(pipe2(p, O_NONBLOCK), 0);
  unsigned seed = 12345, in = 0, out = 0, wrong = 0;
  for (int i = 0; i < 2000; i++) {
    seed = seed * 1103515245 + 12345;
    unsigned length = 1 + (seed >> 8) % 9000;
    for (unsigned j = 0; j < length; j++) block[j] = (char)((in + j) * 7);
    long put = write(p[1], block, length);
    if (put > 0) in += (unsigned)put;
    seed = seed * 1103515245 + 12345;
    long got = read(p[0], block, 1 + (seed >> 8) % 9000);
    for (long j = 0; j < got; j++) wrong += block[j] != (char)((out + (unsigned)j) * 7);
    if (got > 0) out += (unsigned)got;
  }
  CHECK_EQ(wrong, 0);
  CHECK(in > 100000);
  CHECK_EQ(queued(p[0]), in - out);
  close(p[0]), close(p[1]);
}

static void test_capacity(void) {
  int p[2];
  CHECK_EQ(pipe2(p, O_NONBLOCK), 0);
  CHECK_EQ(fcntl(p[0], F_GETPIPE_SZ), 65536);
  CHECK_EQ(ready_of(p[1], POLLOUT), POLLOUT);
  CHECK_EQ(write(p[1], block, 65536), 65536);
  CHECK_EQ(ready_of(p[1], POLLOUT), 0);
  CHECK_ERRNO(write(p[1], block, 1), EAGAIN);
  CHECK_EQ(read(p[0], block, 4096), 4096);
  CHECK_EQ(ready_of(p[1], POLLOUT), POLLOUT);
  CHECK_EQ(write(p[1], block, 4096), 4096);
  CHECK_EQ(read(p[0], block, 8192), 8192);
  CHECK_EQ(write(p[1], block, 65536), 8192);
  CHECK_EQ(read(p[0], block, sizeof block), 65536);
  CHECK_ERRNO(read(p[0], block, 1), EAGAIN);
  /* PIPE_BUF bytes go at once or not at all */
  CHECK_EQ(write(p[1], block, 65536 - 4000), 65536 - 4000);
  CHECK_ERRNO(write(p[1], block, PIPE_BUF), EAGAIN);
  CHECK_EQ(queued(p[0]), 65536 - 4000);
  CHECK_EQ(fcntl(p[1], F_SETPIPE_SZ, 100000), 131072);
  CHECK_EQ(fcntl(p[0], F_GETPIPE_SZ), 131072);
  CHECK_EQ(write(p[1], block, PIPE_BUF), PIPE_BUF);
  CHECK_ERRNO(fcntl(p[1], F_SETPIPE_SZ, 4096), EBUSY);
  CHECK_EQ(read(p[0], block, sizeof block), 65536 - 4000 + PIPE_BUF);
  CHECK_EQ(fcntl(p[1], F_SETPIPE_SZ, 1), 4096);
  CHECK_EQ(write(p[1], block, 8192), 4096);
  CHECK_EQ(fcntl(p[1], F_SETPIPE_SZ, 1 << 20), 1 << 20);
  if (geteuid() != 0) CHECK_ERRNO(fcntl(p[1], F_SETPIPE_SZ, 1 << 21), EPERM);
  CHECK_ERRNO(fcntl(p[1], F_SETPIPE_SZ, -1), EINVAL);
  CHECK_EQ(read(p[0], block, 8192), 4096);
  int file = open("plain", O_RDWR | O_CREAT, 0600);
  CHECK_ERRNO(fcntl(file, F_GETPIPE_SZ), EBADF);
  CHECK_ERRNO(fcntl(file, F_SETPIPE_SZ, 4096), EBADF);
  CHECK_EQ(write(file, "0123456789", 10), 10);
  off_t from = 2;
  CHECK_EQ(sendfile(p[1], file, &from, 5), 5);
  CHECK_EQ(from, 7);
  CHECK_EQ(read(p[0], block, 99), 5);
  CHECK(!memcmp(block, "23456", 5));
  close(file), close(p[0]), close(p[1]);
}

static void test_closed_ends(void) {
  int p[2];
  CHECK_EQ(pipe(p), 0);
  handle(SIGPIPE, on_pipe, 0);
  CHECK_EQ(ready_of(p[0], POLLIN), 0);
  CHECK_EQ(write(p[1], "q", 1), 1);
  CHECK_EQ(ready_of(p[0], POLLIN | POLLRDNORM), POLLIN | POLLRDNORM);
  int other = dup(p[1]);
  close(p[1]);
  CHECK_EQ(ready_of(p[0], POLLIN), POLLIN);
  close(other);
  CHECK_EQ(ready_of(p[0], POLLIN), POLLIN | POLLHUP);
  CHECK_EQ(read(p[0], block, 9), 1);
  CHECK_EQ(ready_of(p[0], POLLIN), POLLHUP);
  CHECK_EQ(ready_of(p[0], 0), POLLHUP);
  fd_set in;
  FD_ZERO(&in);
  FD_SET(p[0], &in);
  struct timeval zero = {0, 0};
  CHECK_EQ(select(p[0] + 1, &in, NULL, NULL, &zero), 1);
  CHECK_EQ(read(p[0], block, 9), 0);
  close(p[0]);
  CHECK_EQ(pipe(p), 0);
  close(p[0]);
  CHECK_EQ(ready_of(p[1], POLLOUT), POLLOUT | POLLERR);
  CHECK_EQ(write(p[1], NULL, 0), 0);
  CHECK_EQ(broken, 0);
  CHECK_ERRNO(write(p[1], "q", 1), EPIPE);
  CHECK_EQ(broken, 1);
  handle(SIGPIPE, SIG_IGN, 0);
  CHECK_ERRNO(write(p[1], "q", 1), EPIPE);
  CHECK_EQ(broken, 1);
  close(p[1]);
}

static void test_waiting(void) {
  int p[2];
  CHECK_EQ(pipe(p), 0);
  handle(SIGALRM, on_alarm, 0);
  alarms = 0;
  alarm_in(20000);
  CHECK_ERRNO(read(p[0], block, 1), EINTR);
  CHECK_EQ(alarms, 1);
  CHECK_EQ(write(p[1], block, 65536), 65536);
  alarm_in(20000);
  CHECK_ERRNO(write(p[1], block, 1), EINTR);
  CHECK_EQ(alarms, 2);
  CHECK_EQ(queued(p[0]), 65536);
  /* what a blocking write has written counts when a signal ends it */
  CHECK_EQ(read(p[0], block, 8192), 8192);
  alarm_in(20000);
  CHECK_EQ(write(p[1], block, 20000), 8192);
  CHECK_EQ(alarms, 3);
  CHECK_EQ(read(p[0], block, sizeof block), 65536);
  struct pollfd both[] = {{.fd = p[0], .events = POLLIN}, {.fd = p[1], .events = POLLOUT}};
  CHECK_EQ(poll(both, 2, -1), 1);
  CHECK_EQ(both[1].revents, POLLOUT);
  CHECK_EQ(poll(both, 1, 20), 0);
  alarm_in(20000);
  CHECK_ERRNO(poll(both, 1, -1), EINTR);
  CHECK_EQ(alarms, 4);
  /* a read is made again after a handler with SA_RESTART, also when a poll had a timeout before */
  handle(SIGALRM, on_alarm, SA_RESTART);
  CHECK_EQ(poll(both, 1, 1), 0);
  self_pipe = p[1];
  handle(SIGALRM, write_one, SA_RESTART);
  struct itimerval twice = {{0, 10000}, {0, 10000}};
  setitimer(ITIMER_REAL, &twice, NULL);
  CHECK_EQ(read(p[0], block, 9), 1);
  alarm_in(0);
  CHECK_EQ(block[0], 'r');
  CHECK(alarms >= 6);
  close(p[0]), close(p[1]);
}

static void test_fifo(void) {
  CHECK_EQ(mkfifo("fifo", 0640), 0);
  struct stat s;
  CHECK_EQ(stat("fifo", &s), 0);
  CHECK(S_ISFIFO(s.st_mode));
  CHECK_EQ(s.st_mode & 07777, 0640);
  CHECK_ERRNO(mkfifo("fifo", 0600), EEXIST);
  CHECK_ERRNO(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
  CHECK_ERRNO(open("fifo", O_ACCMODE), EINVAL);
  CHECK_ERRNO(open("fifo", O_RDONLY | O_DIRECTORY), ENOTDIR);
  int in = (int)CHECK_OK(open("fifo", O_RDONLY | O_NONBLOCK));
  CHECK_EQ(ready_of(in, POLLIN), 0);
  CHECK_EQ(read(in, block, 9), 0);
  int out = (int)CHECK_OK(open("fifo", O_WRONLY));
  CHECK_ERRNO(read(in, block, 9), EAGAIN);
  CHECK_EQ(write(out, "abc", 3), 3);
  CHECK_EQ(ready_of(in, POLLIN), POLLIN);
  CHECK_EQ(queued(in), 3);
  int both = (int)CHECK_OK(open("fifo", O_RDWR));
  close(out);
  CHECK_EQ(ready_of(in, POLLIN), POLLIN);
  close(both);
  CHECK_EQ(ready_of(in, POLLIN), POLLIN | POLLHUP);
  CHECK_EQ(read(in, block, 9), 3);
  CHECK_EQ(read(in, block, 9), 0);
  CHECK_EQ(ready_of(in, POLLIN), POLLHUP);
  close(in);
  /* what nobody has open any more is empty */
  both = (int)CHECK_OK(open("fifo", O_RDWR));
  CHECK_EQ(write(both, "gone", 4), 4);
  close(both);
  both = (int)CHECK_OK(open("fifo", O_RDWR | O_NONBLOCK));
  CHECK_ERRNO(read(both, block, 9), EAGAIN);
  CHECK_EQ(unlink("fifo"), 0);
  CHECK_EQ(write(both, "kept", 4), 4);
  CHECK_EQ(read(both, block, 9), 4);
  close(both);
  CHECK_EQ(mknod("node", S_IFIFO | 0600, 0), 0);
  handle(SIGALRM, on_alarm, 0);
  alarms = 0;
  alarm_in(20000);
  CHECK_ERRNO(open("node", O_RDONLY), EINTR);
  alarm_in(20000);
  CHECK_ERRNO(open("node", O_WRONLY), EINTR);
  CHECK_EQ(alarms, 2);
  CHECK_ERRNO(open("node", O_WRONLY | O_NONBLOCK), ENXIO);
  int path = (int)CHECK_OK(open("node", O_PATH));
  CHECK_EQ(fstat(path, &s), 0);
  CHECK(S_ISFIFO(s.st_mode));
  close(path);
  if (geteuid() != 0) {
    CHECK_EQ(chmod("node", 0400), 0);
    CHECK_ERRNO(open("node", O_RDWR), EACCES);
  }
  CHECK_ERRNO(truncate("node", 0), EINVAL);
}

static int far_end;

static void *read_far_end(void *bytes) {
  return (void *)read(far_end, bytes, 9);
}

/* Who waits in read keeps the pipe open, though another thread closes the descriptor. */
static void test_closed_while_reading(void) {
  int p[2];
  char bytes[9] = "";
  pthread_t reader;
  void *got = NULL;
  handle(SIGPIPE, SIG_IGN, 0);
  CHECK_EQ(pipe(p), 0);
  far_end = p[0];
  CHECK_EQ(pthread_create(&reader, NULL, read_far_end, bytes), 0);
  usleep(50000);
  CHECK_EQ(close(p[0]), 0);
  usleep(10000);
  CHECK_EQ(ready_of(p[1], POLLOUT), POLLOUT);
  CHECK_EQ(write(p[1], "kept", 4), 4);
  CHECK_EQ(pthread_join(reader, &got), 0);
  CHECK_EQ((long)got, 4);
  CHECK_EQ(memcmp(bytes, "kept", 4), 0);
  usleep(10000);
  CHECK_ERRNO(write(p[1], "gone", 4), EPIPE);
  close(p[1]);
  handle(SIGPIPE, SIG_DFL, 0);
}

/* Every descriptor that a pipe had is free again. */
static void test_many(void) {
  int p[2], first = -1, failed = 0;
  for (int i = 0; i < 2000; i++) {
    failed += pipe(p) != 0;
    failed += write(p[1], block, 5000) != 5000;
    if (first < 0) first = p[0];
    failed += p[0] != first;
    close(p[0]), close(p[1]);
  }
  CHECK_EQ(failed, 0);
}

int main(int argc, char **argv) {
  check_start("pipes", argc, argv);
  test_flags();
  test_bytes();
  test_order();
  test_capacity();
  test_closed_ends();
  test_waiting();
  test_fifo();
  test_closed_while_reading();
  test_many();
  return check_report();
}
