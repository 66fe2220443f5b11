/*
 * Moving bytes into and out of pipes: splice, tee, vmsplice, sendfile; between files, pipes and
 * sockets; waiting, errors.
 */
#include "waits.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>

static char block[1 << 17], back[1 << 17];

static void test_files(void) {
  int p[2], file = open("file", O_RDWR | O_CREAT, 0600), out = open("out", O_RDWR | O_CREAT, 0600);
  CHECK_EQ(pipe(p), 0);
  for (int i = 0; i < (int)sizeof block; i++) block[i] = (char)(i * 7 + (i >> 9));
  CHECK_EQ(write(file, block, 100000), 100000);
  CHECK_EQ(lseek(file, 10, SEEK_SET), 10);
  CHECK_EQ(splice(file, NULL, p[1], NULL, 1000, 0), 1000);
  CHECK_EQ(lseek(file, 0, SEEK_CUR), 1010);
  CHECK_EQ(queued(p[0]), 1000);
  off_t at = 50000;
  CHECK_EQ(splice(file, &at, p[1], NULL, 500, 0), 500);
  CHECK_EQ(at, 50500);
  CHECK_EQ(lseek(file, 0, SEEK_CUR), 1010);
  CHECK_EQ(splice(p[0], NULL, out, NULL, 600, 0), 600);
  CHECK_EQ(lseek(out, 0, SEEK_CUR), 600);
  at = 5000;
  CHECK_EQ(splice(p[0], NULL, out, &at, 9000, SPLICE_F_NONBLOCK), 900);
  CHECK_EQ(at, 5900);
  CHECK_EQ(pread(out, back, 600, 0), 600);
  CHECK(!memcmp(back, block + 10, 600));
  CHECK_EQ(pread(out, back, 900, 5000), 900);
  CHECK(!memcmp(back, block + 610, 400) && !memcmp(back + 400, block + 50000, 500));
  /* no more than there is room for, and nothing at the end */
  at = 0;
  long put = CHECK_OK(splice(file, &at, p[1], NULL, 100000, SPLICE_F_NONBLOCK));
  CHECK(put >= 61440 && put <= 65536);
  CHECK_ERRNO(splice(file, &at, p[1], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
  CHECK_EQ(read(p[0], back, sizeof back), put);
  CHECK(!memcmp(back, block, (size_t)put));
  at = 100000;
  CHECK_EQ(splice(file, &at, p[1], NULL, 10, 0), 0);
  CHECK_EQ(splice(file, NULL, p[1], NULL, 0, 0), 0);
  CHECK_ERRNO(splice(file, NULL, out, NULL, 10, 0), EINVAL);
  CHECK_ERRNO(splice(file, NULL, p[1], &at, 10, 0), ESPIPE);
  CHECK_ERRNO(splice(p[0], &at, out, NULL, 10, 0), ESPIPE);
  CHECK_ERRNO(splice(file, NULL, p[0], NULL, 10, 0), EBADF);
  CHECK_ERRNO(splice(p[1], NULL, out, NULL, 10, 0), EBADF);
  CHECK_ERRNO(splice(999, NULL, p[1], NULL, 10, 0), EBADF);
  CHECK_ERRNO(splice(file, NULL, p[1], NULL, 10, 0x100), EINVAL);
  CHECK_ERRNO(splice(p[0], NULL, out, NULL, 10, SPLICE_F_NONBLOCK), EAGAIN);
  int append = open("out", O_WRONLY | O_APPEND);
  CHECK_EQ(write(p[1], "x", 1), 1);
  CHECK_ERRNO(splice(p[0], NULL, append, NULL, 1, 0), EINVAL);
  CHECK_EQ(queued(p[0]), 1);
  close(append), close(p[1]);
  CHECK_EQ(splice(p[0], NULL, out, NULL, 10, 0), 1);
  CHECK_EQ(splice(p[0], NULL, out, NULL, 10, 0), 0);
  close(p[0]), close(file), close(out);
}

static void test_pipes(void) {
  int p[2], q[2];
  CHECK_EQ(pipe(p), 0);
  CHECK_EQ(pipe(q), 0);
  CHECK_EQ(write(p[1], "hello world", 11), 11);
  CHECK_EQ(tee(p[0], q[1], 5, 0), 5);
  CHECK_EQ(queued(p[0]), 11);
  CHECK_EQ(read(q[0], back, 99), 5);
  CHECK(!memcmp(back, "hello", 5));
  CHECK_EQ(splice(p[0], NULL, q[1], NULL, 6, 0), 6);
  CHECK_EQ(queued(p[0]), 5);
  CHECK_EQ(read(q[0], back, 99), 6);
  CHECK(!memcmp(back, "hello ", 6));
  CHECK_EQ(read(p[0], back, 99), 5);
  CHECK(!memcmp(back, "world", 5));
  CHECK_ERRNO(tee(p[0], q[1], 5, SPLICE_F_NONBLOCK), EAGAIN);
  CHECK_ERRNO(tee(p[0], p[1], 5, 0), EINVAL);
  CHECK_ERRNO(splice(p[0], NULL, p[1], NULL, 5, 0), EINVAL);
  CHECK_ERRNO(tee(0, q[1], 5, 0x100), EINVAL);
  CHECK_ERRNO(tee(q[1], p[1], 5, 0), EBADF);
  CHECK_EQ(tee(p[0], q[1], 0, 0), 0);
  alarms = 0;
  alarm_in(20000);
  CHECK_ERRNO(splice(p[0], NULL, q[1], NULL, 5, 0), EINTR);
  CHECK_EQ(alarms, 1);
  fcntl(q[1], F_SETFL, O_NONBLOCK);
  while (write(q[1], block, 4096) > 0) {
  }
  fcntl(q[1], F_SETFL, 0);
  CHECK_EQ(write(p[1], "full", 4), 4);
  CHECK_ERRNO(splice(p[0], NULL, q[1], NULL, 4, SPLICE_F_NONBLOCK), EAGAIN);
  CHECK_EQ(queued(p[0]), 4);
  CHECK(read(q[0], back, sizeof back) > 60000);
  close(p[1]);
  CHECK_EQ(read(p[0], back, 99), 4);
  CHECK_EQ(tee(p[0], q[1], 5, 0), 0);
  CHECK_EQ(splice(p[0], NULL, q[1], NULL, 5, 0), 0);
  close(p[0]), close(q[0]), close(q[1]);
}

static void test_memory(void) {
  int p[2];
  CHECK_EQ(pipe(p), 0);
  struct iovec out[] = {{"gather", 6}, {"ed", 2}};
  CHECK_EQ(vmsplice(p[1], out, 2, 0), 8);
  char a[4], b[8];
  struct iovec in[] = {{a, 4}, {b, 8}};
  CHECK_EQ(vmsplice(p[0], in, 2, 0), 8);
  CHECK(!memcmp(a, "gath", 4) && !memcmp(b, "ered", 4));
  CHECK_ERRNO(vmsplice(p[0], in, 2, SPLICE_F_NONBLOCK), EAGAIN);
  CHECK_ERRNO(vmsplice(p[1], out, 1025, 0), EINVAL);
  CHECK_ERRNO(vmsplice(p[1], out, 1, 0x100), EINVAL);
  int file = open("file", O_RDWR);
  CHECK_ERRNO(vmsplice(file, out, 1, 0), EBADF);
  CHECK_EQ(vmsplice(p[1], out, 0, 0), 0);
  close(file), close(p[0]), close(p[1]);
}

/* From a socket through a pipe into a file, as proxies do it. */
static void test_sockets(void) {
  int s[2], p[2], out = open("through", O_RDWR | O_CREAT, 0600);
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
  CHECK_EQ(pipe(p), 0);
  pid_t child = fork();
  if (child == 0) {
    close(s[0]);
    _exit(write(s[1], block, 100000) != 100000);
  }
  close(s[1]);
  long total = 0, n;
  while ((n = splice(s[0], NULL, p[1], NULL, 30000, 0)) > 0)
    for (long left = n; left > 0;) {
      long put = splice(p[0], NULL, out, NULL, (size_t)left, 0);
      if (put <= 0) break;
      left -= put;
      total += put;
    }
  CHECK_EQ(n, 0);
  CHECK_EQ(total, 100000);
  CHECK_EQ(pread(out, back, 100000, 0), 100000);
  CHECK(!memcmp(back, block, 100000));
  int status = -1;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
  close(s[0]);
  /* and back: a file into a socket, more than it holds */
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
  child = fork();
  if (child == 0) {
    close(s[0]);
    long got = 0;
    while ((n = read(s[1], back + got, 5000)) > 0) got += n;
    _exit(got != 100000 || memcmp(back, block, 100000));
  }
  close(s[1]);
  off_t at = 0;
  CHECK_EQ(sendfile(s[0], out, &at, 100000), 100000);
  CHECK_EQ(at, 100000);
  close(s[0]);
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
  /* what the target does not take stays in the pipe */
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s), 0);
  while (write(s[0], block, 4096) > 0) {
  }
  CHECK_EQ(write(p[1], "stays", 5), 5);
  CHECK_ERRNO(splice(p[0], NULL, s[0], NULL, 5, SPLICE_F_NONBLOCK), EAGAIN);
  CHECK_EQ(read(p[0], back, 99), 5);
  CHECK(!memcmp(back, "stays", 5));
  close(s[0]), close(s[1]), close(p[0]), close(p[1]), close(out);
}

int main(int argc, char **argv) {
  check_start("splices", argc, argv);
  struct sigaction action = {.sa_handler = on_alarm};
  sigaction(SIGALRM, &action, NULL);
  test_files();
  test_pipes();
  test_memory();
  test_sockets();
  return check_report();
}
