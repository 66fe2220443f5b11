/*
 * epoll: level, edge and one shot, data, several files, nesting, closed files, waiting and being
 * interrupted, errors.
 */
#include "waits.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <sys/wait.h>

static struct epoll_event got[64];

static int control(int ep, int command, int fd, uint32_t events, uint64_t data) {
  struct epoll_event event = {.events = events, .data.u64 = data};
  return epoll_ctl(ep, command, fd, &event);
}

static int wait_for(int ep, int timeout) {
  memset(got, 0x55, sizeof got);
  return epoll_wait(ep, got, 64, timeout);
}

static void test_errors(void) {
  int p[2];
  CHECK_EQ(pipe(p), 0);
  CHECK_ERRNO(epoll_create(0), EINVAL);
  CHECK_ERRNO(epoll_create1(1), EINVAL);
  int ep = (int)CHECK_OK(epoll_create1(EPOLL_CLOEXEC));
  CHECK_EQ(fcntl(ep, F_GETFD), FD_CLOEXEC);
  int other = (int)CHECK_OK(epoll_create(1));
  CHECK_EQ(fcntl(other, F_GETFD), 0);
  char link[64], text[64] = "";
  snprintf(link, sizeof link, "/proc/self/fd/%d", ep);
  CHECK(readlink(link, text, sizeof text - 1) > 0);
  CHECK(!strcmp(text, "anon_inode:[eventpoll]"));
  int file = open("plain", O_RDWR | O_CREAT, 0600), dir = open(".", O_RDONLY);
  CHECK_ERRNO(control(ep, EPOLL_CTL_ADD, file, EPOLLIN, 0), EPERM);
  CHECK_ERRNO(control(ep, EPOLL_CTL_ADD, dir, EPOLLIN, 0), EPERM);
  CHECK_ERRNO(control(ep, EPOLL_CTL_ADD, 999, EPOLLIN, 0), EBADF);
  CHECK_ERRNO(control(999, EPOLL_CTL_ADD, p[0], EPOLLIN, 0), EBADF);
  CHECK_ERRNO(control(p[0], EPOLL_CTL_ADD, p[1], EPOLLIN, 0), EINVAL);
  CHECK_ERRNO(control(ep, EPOLL_CTL_ADD, ep, EPOLLIN, 0), EINVAL);
  CHECK_ERRNO(control(ep, 9, p[0], EPOLLIN, 0), EINVAL);
  CHECK_ERRNO(RAW(epoll_ctl, ep, (long)EPOLL_CTL_ADD, p[0], NULL), EFAULT);
  CHECK_ERRNO(control(ep, EPOLL_CTL_MOD, p[0], EPOLLIN, 0), ENOENT);
  CHECK_ERRNO(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL), ENOENT);
  CHECK_EQ(control(ep, EPOLL_CTL_ADD, p[0], EPOLLIN, 0), 0);
  CHECK_ERRNO(control(ep, EPOLL_CTL_ADD, p[0], EPOLLIN, 0), EEXIST);
  CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL), 0);
  CHECK_ERRNO(epoll_wait(ep, got, 0, 0), EINVAL);
  CHECK_ERRNO(RAW(epoll_wait, ep, got, -1, 0), EINVAL);
  CHECK_ERRNO(epoll_wait(p[0], got, 1, 0), EINVAL);
  CHECK_ERRNO(epoll_wait(999, got, 1, 0), EBADF);
  CHECK_EQ(write(p[1], "x", 1), 1);
  CHECK_EQ(control(ep, EPOLL_CTL_ADD, p[0], EPOLLIN, 7), 0);
  CHECK_ERRNO(RAW(epoll_wait, ep, 16L, 1, 0), EFAULT);
  CHECK_EQ(wait_for(ep, 0), 1);
  CHECK_EQ(control(ep, EPOLL_CTL_ADD, p[1], EPOLLIN | EPOLLEXCLUSIVE, 0), 0);
  CHECK_ERRNO(control(ep, EPOLL_CTL_MOD, p[1], EPOLLIN, 0), EINVAL);
  CHECK_ERRNO(control(ep, EPOLL_CTL_ADD, other, EPOLLIN | EPOLLEXCLUSIVE, 0), EINVAL);
  int more = dup(p[0]);
  CHECK_ERRNO(control(ep, EPOLL_CTL_ADD, more, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 0), EINVAL);
  CHECK_ERRNO(read(ep, text, 8), EINVAL);
  CHECK_ERRNO(write(ep, text, 8), EINVAL);
  close(more), close(file), close(dir), close(p[0]), close(p[1]), close(ep), close(other);
}

static void test_level(void) {
  int p[2], ep = epoll_create1(0);
  CHECK_EQ(pipe(p), 0);
  CHECK_EQ(control(ep, EPOLL_CTL_ADD, p[0], EPOLLIN, 0x1122334455667788), 0);
  CHECK_EQ(wait_for(ep, 0), 0);
  CHECK_EQ(wait_for(ep, 5), 0);
  CHECK_EQ(write(p[1], "ab", 2), 2);
  for (int i = 0; i < 3; i++) {
    CHECK_EQ(wait_for(ep, -1), 1);
    CHECK_EQ(got[0].events, EPOLLIN);
    CHECK(got[0].data.u64 == 0x1122334455667788);
  }
  char c[9];
  CHECK_EQ(read(p[0], c, 9), 2);
  CHECK_EQ(wait_for(ep, 0), 0);
  CHECK_EQ(control(ep, EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLIN, 2), 0);
  CHECK_EQ(wait_for(ep, 0), 1);
  CHECK_EQ(got[0].events, EPOLLOUT);
  CHECK_EQ(got[0].data.u64, 2);
  CHECK_EQ(write(p[1], "c", 1), 1);
  CHECK_EQ(wait_for(ep, 0), 2);
  CHECK_EQ(epoll_wait(ep, got, 1, 0), 1);
  uint64_t first = got[0].data.u64;
  CHECK_EQ(epoll_wait(ep, got, 1, 0), 1);
  CHECK(got[0].data.u64 != first); /* they take turns */
  CHECK_EQ(control(ep, EPOLL_CTL_MOD, p[1], 0, 3), 0);
  CHECK_EQ(wait_for(ep, 0), 1);
  close(p[0]); /* an error is always reported */
  CHECK_EQ(wait_for(ep, 0), 1);
  CHECK_EQ(got[0].events, EPOLLERR);
  CHECK_EQ(got[0].data.u64, 3);
  close(p[1]);
  CHECK_EQ(wait_for(ep, 0), 0);
  close(ep);
}

static void test_edge(void) {
  int p[2], ep = epoll_create1(0);
  char c[9];
  CHECK_EQ(pipe(p), 0);
  CHECK_EQ(control(ep, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLET, 1), 0);
  CHECK_EQ(wait_for(ep, 0), 0);
  CHECK_EQ(write(p[1], "a", 1), 1);
  CHECK_EQ(wait_for(ep, 0), 1);
  CHECK_EQ(wait_for(ep, 0), 0);
  CHECK_EQ(write(p[1], "b", 1), 1);
  CHECK_EQ(wait_for(ep, 0), 1); /* more has come, though nothing was read */
  CHECK_EQ(wait_for(ep, 0), 0);
  CHECK_EQ(read(p[0], c, 1), 1);
  CHECK_EQ(wait_for(ep, 0), 0);
  CHECK_EQ(control(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET, 2), 0);
  CHECK_EQ(wait_for(ep, 0), 1);
  CHECK_EQ(got[0].data.u64, 2);
  CHECK_EQ(read(p[0], c, 9), 1);
  CHECK_EQ(write(p[1], "c", 1), 1);
  CHECK_EQ(read(p[0], c, 9), 1);
  CHECK_EQ(wait_for(ep, 0), 0); /* gone before anybody asked */
  close(p[1]);
  CHECK_EQ(wait_for(ep, 0), 1);
  CHECK_EQ(got[0].events, EPOLLHUP);
  CHECK_EQ(wait_for(ep, 0), 0);
  close(p[0]), close(ep);
  int e = eventfd(0, EFD_NONBLOCK);
  ep = epoll_create1(0);
  CHECK_EQ(control(ep, EPOLL_CTL_ADD, e, EPOLLIN | EPOLLOUT | EPOLLET, 1), 0);
  CHECK_EQ(wait_for(ep, 0), 1);
  CHECK_EQ(got[0].events, EPOLLOUT);
  CHECK_EQ(put(e, 1), 8);
  CHECK_EQ(put(e, 1), 8);
  CHECK_EQ(wait_for(ep, 0), 1);
  CHECK_EQ(got[0].events, EPOLLIN | EPOLLOUT);
  CHECK_EQ(wait_for(ep, 0), 0);
  close(e), close(ep);
}

static void test_one_shot(void) {
  int e = eventfd(1, 0), ep = epoll_create1(0);
  CHECK_EQ(control(ep, EPOLL_CTL_ADD, e, EPOLLIN | EPOLLONESHOT, 1), 0);
  CHECK_EQ(wait_for(ep, 0), 1);
  CHECK_EQ(wait_for(ep, 0), 0);
  CHECK_EQ(put(e, 1), 8);
  CHECK_EQ(wait_for(ep, 0), 0);
  CHECK_EQ(control(ep, EPOLL_CTL_MOD, e, EPOLLIN | EPOLLONESHOT, 2), 0);
  CHECK_EQ(wait_for(ep, 0), 1);
  CHECK_EQ(got[0].data.u64, 2);
  CHECK_EQ(get(e), 2);
  CHECK_EQ(control(ep, EPOLL_CTL_MOD, e, EPOLLIN | EPOLLONESHOT | EPOLLET, 3), 0);
  CHECK_EQ(wait_for(ep, 0), 0);
  CHECK_EQ(put(e, 1), 8);
  CHECK_EQ(wait_for(ep, 0), 1);
  CHECK_EQ(put(e, 1), 8);
  CHECK_EQ(wait_for(ep, 0), 0);
  close(e), close(ep);
}

static void test_many(void) {
  int ep = epoll_create1(0), fds[40];
  for (int i = 0; i < 40; i++) {
    fds[i] = eventfd(0, 0);
    if (control(ep, EPOLL_CTL_ADD, fds[i], EPOLLIN, (uint64_t)i)) CHECK(!"add");
  }
  for (int i = 0; i < 40; i += 2) put(fds[i], 1);
  CHECK_EQ(wait_for(ep, -1), 20);
  uint64_t seen = 0;
  for (int i = 0; i < 20; i++) seen |= 1ULL << got[i].data.u64;
  CHECK(seen == 0x5555555555);
  /* a few at a time, everybody has his turn */
  seen = 0;
  for (int round = 0; round < 10; round++) {
    CHECK_EQ(epoll_wait(ep, got, 2, 0), 2);
    seen |= 1ULL << got[0].data.u64 | 1ULL << got[1].data.u64;
  }
  CHECK(seen == 0x5555555555);
  for (int i = 0; i < 40; i += 4) get(fds[i]);
  CHECK_EQ(wait_for(ep, 0), 10);
  for (int i = 0; i < 40; i++) close(fds[i]);
  CHECK_EQ(wait_for(ep, 0), 0);
  close(ep);
}

/* A file goes when its last descriptor does; a descriptor may then mean another file. */
static void test_closed(void) {
  int e = eventfd(1, 0), ep = epoll_create1(0);
  CHECK_EQ(control(ep, EPOLL_CTL_ADD, e, EPOLLIN, 1), 0);
  int copy = dup(e);
  close(e);
  CHECK_EQ(wait_for(ep, 0), 1);
  CHECK_EQ(dup2(copy, e), e);
  CHECK_ERRNO(control(ep, EPOLL_CTL_ADD, e, EPOLLIN, 1), EEXIST);
  CHECK_EQ(control(ep, EPOLL_CTL_ADD, copy, EPOLLIN, 2), 0);
  CHECK_EQ(wait_for(ep, 0), 2);
  close(e), close(copy);
  CHECK_EQ(wait_for(ep, 0), 0);
  int again = eventfd(1, 0);
  CHECK_EQ(again, e);
  CHECK_EQ(wait_for(ep, 0), 0);
  CHECK_EQ(control(ep, EPOLL_CTL_ADD, again, EPOLLIN, 3), 0);
  CHECK_EQ(wait_for(ep, 0), 1);
  CHECK_EQ(got[0].data.u64, 3);
  close(ep), close(again);
}

static void test_nested(void) {
  int e = eventfd(0, 0), inner = epoll_create1(0), outer = epoll_create1(0);
  CHECK_EQ(control(inner, EPOLL_CTL_ADD, e, EPOLLIN, 1), 0);
  CHECK_EQ(control(outer, EPOLL_CTL_ADD, inner, EPOLLIN, 2), 0);
  CHECK_EQ(wait_for(outer, 0), 0);
  struct pollfd p = {.fd = inner, .events = POLLIN};
  CHECK_EQ(poll(&p, 1, 0), 0);
  put(e, 1);
  CHECK_EQ(poll(&p, 1, 0), 1);
  CHECK_EQ(p.revents, POLLIN);
  CHECK_EQ(wait_for(outer, -1), 1);
  CHECK_EQ(got[0].data.u64, 2);
  CHECK_EQ(wait_for(inner, -1), 1);
  CHECK_EQ(got[0].data.u64, 1);
  get(e);
  CHECK_EQ(wait_for(outer, 0), 0);
  CHECK_ERRNO(control(inner, EPOLL_CTL_ADD, outer, EPOLLIN, 3), ELOOP);
  int third = epoll_create1(0);
  CHECK_EQ(control(third, EPOLL_CTL_ADD, outer, EPOLLIN, 3), 0);
  CHECK_ERRNO(control(inner, EPOLL_CTL_ADD, third, EPOLLIN, 3), ELOOP);
  close(third);
  CHECK_EQ(epoll_ctl(outer, EPOLL_CTL_DEL, inner, NULL), 0);
  CHECK_EQ(control(inner, EPOLL_CTL_ADD, outer, EPOLLIN, 3), 0);
  close(e), close(inner), close(outer);
  int chain[12], made = 1;
  for (int i = 0; i < 12; i++) chain[i] = epoll_create1(0);
  while (made < 12 && control(chain[made], EPOLL_CTL_ADD, chain[made - 1], EPOLLIN, 0) == 0) made++;
  CHECK_EQ(errno, ELOOP);
  CHECK(made == 5 || made == 6);
  for (int i = 0; i < 12; i++) close(chain[i]);
}

static void test_waiting(void) {
  int e = eventfd(0, 0), back = eventfd(0, 0), ep = epoll_create1(0);
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);
  CHECK_EQ(control(ep, EPOLL_CTL_ADD, e, EPOLLIN, 1), 0);
  alarms = 0;
  alarm_in(20000);
  CHECK_ERRNO(epoll_wait(ep, got, 1, -1), EINTR); /* never made again */
  CHECK_EQ(alarms, 1);
  sigset_t none, block, old;
  sigemptyset(&none);
  sigemptyset(&block);
  sigaddset(&block, SIGALRM);
  sigprocmask(SIG_BLOCK, &block, &old);
  raise(SIGALRM);
  CHECK_EQ(epoll_wait(ep, got, 1, 5), 0);
  CHECK_ERRNO(epoll_pwait(ep, got, 1, -1, &none), EINTR);
  CHECK_EQ(alarms, 2);
  sigprocmask(SIG_SETMASK, NULL, &none);
  CHECK(sigismember(&none, SIGALRM));
  sigprocmask(SIG_SETMASK, &old, NULL);
  struct timespec ts = {0, 3000000}, bad = {0, -1};
  CHECK_EQ(RAW(epoll_pwait2, ep, got, 1, &ts, NULL, 8L), 0);
  CHECK_ERRNO(RAW(epoll_pwait2, ep, got, 1, &bad, NULL, 8L), EINVAL);
  CHECK_ERRNO(RAW(epoll_pwait, ep, got, 1, 0, &block, 4L), EINVAL);
  pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 100; i++) {
      if (wait_for(ep, -1) != 1 || get(e) != 1) _exit(1);
      put(back, 1);
    }
    _exit(0);
  }
  int sum = 0;
  for (int i = 0; i < 100; i++) {
    put(e, 1);
    sum += (int)get(back);
  }
  CHECK_EQ(sum, 100);
  int status = -1;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
  close(e), close(back), close(ep);
}

/* Adding and removing for ever takes nothing. */
static void test_churn(void) {
  int ep = epoll_create1(0), p[2], failed = 0;
  CHECK_EQ(pipe(p), 0);
  for (int i = 0; i < 3000; i++) {
    failed += control(ep, EPOLL_CTL_ADD, p[0], EPOLLIN, 1) != 0;
    failed += control(ep, EPOLL_CTL_ADD, p[1], EPOLLOUT, 1) != 0;
    if (i % 3 == 0) failed += wait_for(ep, 0) != 1;
    failed += epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL) != 0;
    failed += epoll_ctl(ep, EPOLL_CTL_DEL, p[1], NULL) != 0;
  }
  CHECK_EQ(failed, 0);
  close(p[0]), close(p[1]), close(ep);
}

int main(int argc, char **argv) {
  check_start("epolls", argc, argv);
  test_errors();
  test_level();
  test_edge();
  test_one_shot();
  test_many();
  test_closed();
  test_nested();
  test_waiting();
  test_churn();
  return check_report();
}
