/*
 * Counters, timers and memory behind descriptors: eventfd, timerfd, memfd and its seals, and the
 * tmpfs at /dev/shm.
 */
#include "waits.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

static int events_of(int fd) { return ready_of(fd, POLLIN | POLLOUT); }

static int64_t now_ns(int clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void link_of(int fd, char *text, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, text, size - 1);
  text[n < 0 ? 0 : n] = 0;
}

static void test_eventfd(void) {
  char text[64];
  CHECK_ERRNO(eventfd(0, 0x10), EINVAL);
  int fd = (int)CHECK_OK(eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC));
  CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR | O_NONBLOCK);
  link_of(fd, text, sizeof text);
  CHECK(!strncmp(text, "anon_inode:[eventfd", 19));
  CHECK_EQ(events_of(fd), POLLIN | POLLOUT);
  CHECK_EQ(get(fd), 3);
  CHECK_EQ(events_of(fd), POLLOUT);
  CHECK_ERRNO(get(fd), EAGAIN);
  CHECK_EQ(put(fd, 5), 8);
  CHECK_EQ(put(fd, 6), 8);
  CHECK_EQ(put(fd, 0), 8);
  CHECK_EQ(get(fd), 11);
  CHECK_ERRNO(put(fd, UINT64_MAX), EINVAL);
  CHECK_EQ(put(fd, UINT64_MAX - 1), 8);
  CHECK_EQ(events_of(fd), POLLIN);
  CHECK_ERRNO(put(fd, 1), EAGAIN);
  CHECK_EQ(put(fd, 0), 8);
  CHECK_EQ((uint64_t)get(fd), UINT64_MAX - 1);
  CHECK_ERRNO(read(fd, text, 7), EINVAL);
  CHECK_ERRNO(write(fd, text, 7), EINVAL);
  CHECK_ERRNO(RAW(write, fd, NULL, 8L), EFAULT);
  CHECK_EQ(lseek(fd, 5, SEEK_SET), 0);
  CHECK_ERRNO(pread(fd, text, 8, 0), ESPIPE);
  close(fd);
  fd = (int)CHECK_OK(eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK));
  CHECK_EQ(get(fd), 1);
  CHECK_EQ(put(fd, 1), 8);
  CHECK_EQ(get(fd), 1);
  CHECK_EQ(get(fd), 1);
  CHECK_ERRNO(get(fd), EAGAIN);
  close(fd);
  fd = (int)CHECK_OK(eventfd(0, 0));
  alarms = 0;
  alarm_in(20000);
  CHECK_ERRNO(get(fd), EINTR);
  CHECK_EQ(put(fd, UINT64_MAX - 1), 8);
  alarm_in(20000);
  CHECK_ERRNO(put(fd, 1), EINTR);
  CHECK_EQ(alarms, 2);
  close(fd);
}

/* A parent and a child wake each other. */
static void test_eventfd_pair(void) {
  int to = eventfd(0, 0), from = eventfd(0, 0), sum = 0;
  pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 200; i++) put(from, (uint64_t)(get(to) + 1));
    _exit(0);
  }
  for (int i = 0; i < 200; i++) {
    put(to, 1);
    sum += (int)get(from);
  }
  CHECK_EQ(sum, 400);
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
  close(to), close(from);
}

static struct itimerspec spec(long value_ns, long interval_ns) {
  struct itimerspec s = {{interval_ns / 1000000000, interval_ns % 1000000000},
                         {value_ns / 1000000000, value_ns % 1000000000}};
  return s;
}

static void test_timerfd(void) {
  char text[64];
  struct itimerspec s, old;
  CHECK_ERRNO(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL);
  CHECK_ERRNO(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL);
  int fd = (int)CHECK_OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  link_of(fd, text, sizeof text);
  CHECK(!strcmp(text, "anon_inode:[timerfd]"));
  CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  CHECK_EQ(timerfd_gettime(fd, &old), 0);
  CHECK(old.it_value.tv_sec == 0 && old.it_value.tv_nsec == 0);
  CHECK_ERRNO(get(fd), EAGAIN);
  CHECK_ERRNO(read(fd, text, 7), EINVAL);
  CHECK_ERRNO(write(fd, text, 8), EINVAL);
  s = spec(100000000000L, 7000000000L);
  CHECK_EQ(timerfd_settime(fd, 0, &s, NULL), 0);
  CHECK_EQ(timerfd_gettime(fd, &old), 0);
  CHECK(old.it_value.tv_sec == 99 && old.it_interval.tv_sec == 7);
  CHECK_EQ(events_of(fd), 0);
  s = spec(5000000, 0);
  CHECK_EQ(timerfd_settime(fd, 0, &s, &old), 0);
  CHECK_EQ(old.it_value.tv_sec, 99);
  struct pollfd p = {.fd = fd, .events = POLLIN};
  CHECK_EQ(poll(&p, 1, -1), 1);
  CHECK_EQ(p.revents, POLLIN);
  CHECK_EQ(get(fd), 1);
  CHECK_ERRNO(get(fd), EAGAIN);
  CHECK_EQ(timerfd_gettime(fd, &old), 0);
  CHECK(old.it_value.tv_sec == 0 && old.it_value.tv_nsec == 0);
  s = spec(1000000, 1000000);
  CHECK_EQ(timerfd_settime(fd, 0, &s, NULL), 0);
  usleep(20000);
  CHECK(get(fd) >= 19);
  usleep(2000);
  CHECK(get(fd) >= 1);
  s = spec(0, 0);
  CHECK_EQ(timerfd_settime(fd, 0, &s, &old), 0);
  CHECK_EQ(old.it_interval.tv_nsec, 1000000);
  CHECK_ERRNO(get(fd), EAGAIN);
  s = spec(1, 1);
  CHECK_EQ(timerfd_settime(fd, 0, &s, NULL), 0);
  usleep(1000);
  CHECK(get(fd) >= 1000000);
  s.it_value.tv_nsec = 1000000000;
  CHECK_ERRNO(timerfd_settime(fd, 0, &s, NULL), EINVAL);
  s = spec(1, 0);
  CHECK_ERRNO(timerfd_settime(fd, 8, &s, NULL), EINVAL);
  CHECK_ERRNO(RAW(timerfd_settime, fd, 0L, NULL, NULL), EFAULT);
  CHECK_ERRNO(timerfd_settime(0, 0, &s, NULL), EINVAL);
  CHECK_ERRNO(timerfd_settime(-1, 0, &s, NULL), EBADF);
  CHECK_ERRNO(timerfd_gettime(0, &s), EINVAL);
  close(fd);
  int clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME};
  for (int i = 0; i < 3; i++) {
    fd = (int)CHECK_OK(timerfd_create(clocks[i], 0));
    int64_t at = now_ns(clocks[i]) + 10000000;
    s = spec(at, 0);
    CHECK_EQ(timerfd_settime(fd, TFD_TIMER_ABSTIME, &s, NULL), 0);
    CHECK_EQ(get(fd), 1);
    CHECK(now_ns(clocks[i]) >= at);
    s = spec(1, 0);
    CHECK_EQ(timerfd_settime(fd, TFD_TIMER_ABSTIME, &s, NULL), 0);
    CHECK_EQ(get(fd), 1);
    alarm_in(20000);
    CHECK_ERRNO(get(fd), EINTR);
    close(fd);
  }
}

static void test_memfd(void) {
  char text[64], long_name[300];
  struct stat st;
  struct statfs fs;
  int fd = (int)CHECK_OK(memfd_create("thing", MFD_CLOEXEC));
  CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  link_of(fd, text, sizeof text);
  CHECK(!strcmp(text, "/memfd:thing (deleted)"));
  CHECK_EQ(fstat(fd, &st), 0);
  CHECK(S_ISREG(st.st_mode));
  CHECK_EQ(st.st_mode & 0777, 0777);
  CHECK_EQ(st.st_nlink, 0);
  CHECK_EQ(st.st_size, 0);
  CHECK_EQ(fstatfs(fd, &fs), 0);
  CHECK_EQ(fs.f_type, 0x01021994);
  CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL);
  CHECK_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EPERM);
  CHECK_EQ(ftruncate(fd, 10000), 0);
  CHECK_EQ(pwrite(fd, "hello", 5, 5000), 5);
  char *map = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  CHECK(map != MAP_FAILED);
  CHECK(!memcmp(map + 5000, "hello", 5));
  map[0] = 'x';
  CHECK_EQ(pread(fd, text, 1, 0), 1);
  CHECK_EQ(text[0], 'x');
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  int again = (int)CHECK_OK(open(link, O_RDONLY));
  CHECK_EQ(pread(again, text, 5, 5000), 5);
  CHECK_ERRNO(write(again, "a", 1), EBADF);
  close(again), close(fd);
  CHECK(!memcmp(map + 5000, "hello", 5));
  pid_t child = fork();
  if (child == 0) {
    map[1] = 'y';
    _exit(0);
  }
  CHECK_EQ(waitpid(child, NULL, 0), child);
  CHECK_EQ(map[1], 'y');
  CHECK_EQ(munmap(map, 10000), 0);
  memset(long_name, 'n', sizeof long_name);
  long_name[250] = 0;
  CHECK_ERRNO(memfd_create(long_name, 0), EINVAL);
  long_name[249] = 0;
  fd = (int)CHECK_OK(memfd_create(long_name, 0));
  close(fd);
  CHECK_ERRNO(memfd_create("x", 0x40), EINVAL);
  CHECK_ERRNO(RAW(memfd_create, NULL, 0L), EFAULT);
}

static void test_seals(void) {
  int fd = (int)CHECK_OK(memfd_create("seals", MFD_ALLOW_SEALING));
  CHECK_EQ(fcntl(fd, F_GET_SEALS), 0);
  CHECK_EQ(ftruncate(fd, 8192), 0);
  CHECK_ERRNO(fcntl(fd, F_ADD_SEALS, 0x1000), EINVAL);
  CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
  CHECK_ERRNO(ftruncate(fd, 4096), EPERM);
  CHECK_EQ(ftruncate(fd, 8192), 0);
  CHECK_EQ(ftruncate(fd, 12288), 0);
  CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), 0);
  CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW);
  CHECK_ERRNO(ftruncate(fd, 16384), EPERM);
  CHECK_ERRNO(pwrite(fd, "x", 1, 12288), EPERM);
  CHECK_ERRNO(posix_fallocate(fd, 0, 16384) ? (errno = EPERM, -1) : 0, EPERM);
  CHECK_EQ(pwrite(fd, "x", 1, 12287), 1);
  char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  CHECK(map != MAP_FAILED);
  CHECK_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
  CHECK_EQ(munmap(map, 4096), 0);
  CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
  CHECK_ERRNO(pwrite(fd, "x", 1, 0), EPERM);
  CHECK_ERRNO(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), EPERM);
  CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
  CHECK_EQ(errno, EPERM);
  map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  CHECK(map != MAP_FAILED);
  map[0] = 'p';
  CHECK_EQ(munmap(map, 4096), 0);
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  int again = (int)CHECK_OK(open(link, O_RDWR));
  CHECK_ERRNO(pwrite(again, "x", 1, 0), EPERM);
  CHECK_EQ(fcntl(again, F_ADD_SEALS, F_SEAL_SEAL), 0);
  CHECK_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
  close(again);
  again = (int)CHECK_OK(open(link, O_RDONLY));
  CHECK_ERRNO(fcntl(again, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
  close(again), close(fd);
  int plain = open("plain", O_RDWR | O_CREAT, 0600), p[2];
  CHECK_EQ(pipe(p), 0);
  CHECK_ERRNO(fcntl(p[0], F_GET_SEALS), EINVAL);
  close(p[0]), close(p[1]), close(plain);
}

static void test_shm(void) {
  struct stat s;
  struct statfs fs;
  CHECK_EQ(stat("/dev/shm", &s), 0);
  CHECK_EQ(s.st_mode & 07777, 01777);
  CHECK_EQ(statfs("/dev/shm", &fs), 0);
  CHECK_EQ(fs.f_type, 0x01021994);
  char name[64];
  snprintf(name, sizeof name, "/shm-events-%d", getpid());
  int fd = (int)CHECK_OK(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
  CHECK_EQ(ftruncate(fd, 4096), 0);
  int *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  CHECK(map != MAP_FAILED);
  map[0] = 42;
  int other = (int)CHECK_OK(shm_open(name, O_RDONLY, 0));
  int value = 0;
  CHECK_EQ(read(other, &value, 4), 4);
  CHECK_EQ(value, 42);
  CHECK_EQ(shm_unlink(name), 0);
  CHECK_ERRNO(shm_open(name, O_RDONLY, 0), ENOENT);
  close(fd), close(other), munmap(map, 4096);
}

int main(int argc, char **argv) {
  check_start("events", argc, argv);
  struct sigaction action = {.sa_handler = on_alarm};
  sigaction(SIGALRM, &action, NULL);
  test_eventfd();
  test_eventfd_pair();
  test_timerfd();
  test_memfd();
  test_seals();
  test_shm();
  return check_report();
}
