/*
 * Locks of parts of files: of processes and of open file descriptions, what they conflict with,
 * splitting and joining, waiting, deadlock, and when they end; locks of whole files between
 * processes.
 */
#include "waits.h"

#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/time.h>
#include <sys/wait.h>

static struct flock range(int type, off_t start, off_t length) {
  struct flock l = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  return l;
}

static int lock(int fd, int command, int type, off_t start, off_t length) {
  struct flock l = range(type, start, length);
  return fcntl(fd, command, &l);
}

/* A child that does what it is told, one byte at a time, and answers with an errno or a value. */
static int to_child[2], from_child[2];
static pid_t child;

struct order {
  int command, type, close_fd;
  off_t start, length;
};

static int file, other;

static void serve(void) {
  struct order o;
  close(to_child[1]), close(from_child[0]);
  while (read(to_child[0], &o, sizeof o) == sizeof o) {
    int answer;
    if (o.close_fd >= 0) {
      answer = close(o.close_fd) ? errno : 0;
    } else {
      struct flock l = range(o.type, o.start, o.length);
      answer = fcntl(o.command >= 1000 ? other : file, o.command % 1000, &l) ? errno : 0;
      if (!answer && o.command % 1000 == F_GETLK)
        answer = l.l_type == F_UNLCK ? 0 : 1000 + (int)l.l_start + (l.l_type == F_WRLCK ? 500 : 0);
    }
    if (write(from_child[1], &answer, sizeof answer) != sizeof answer) break;
  }
  _exit(0);
}

static void start_child(void) {
  CHECK_EQ(pipe(to_child), 0);
  CHECK_EQ(pipe(from_child), 0);
  child = fork();
  if (child == 0) serve();
  close(to_child[0]), close(from_child[1]);
}

static void order(int command, int type, off_t start, off_t length) {
  struct order o = {command, type, -1, start, length};
  CHECK_EQ(write(to_child[1], &o, sizeof o), sizeof o);
}

static int answer(void) {
  int value = -1;
  return read(from_child[0], &value, sizeof value) == sizeof value ? value : -1;
}

static int ask(int command, int type, off_t start, off_t length) {
  order(command, type, start, length);
  return answer();
}

static void end_child(void) {
  close(to_child[1]);
  CHECK_EQ(waitpid(child, NULL, 0), child);
  close(from_child[0]);
}

static void test_errors(void) {
  struct flock l = range(F_RDLCK, 0, 0);
  CHECK_ERRNO(fcntl(999, F_GETLK, &l), EBADF);
  CHECK_ERRNO(RAW(fcntl, file, F_GETLK, NULL), EFAULT);
  CHECK_ERRNO(lock(file, F_SETLK, 7, 0, 1), EINVAL);
  CHECK_ERRNO(lock(file, F_GETLK, F_UNLCK, 0, 1), EINVAL);
  CHECK_ERRNO(lock(file, F_SETLK, F_RDLCK, -1, 1), EINVAL);
  CHECK_ERRNO(lock(file, F_SETLK, F_RDLCK, 5, -6), EINVAL);
  CHECK_ERRNO(lock(file, F_SETLK, F_RDLCK, INT64_MAX, 2), EOVERFLOW);
  l = range(F_RDLCK, 0, 1);
  l.l_whence = 9;
  CHECK_ERRNO(fcntl(file, F_SETLK, &l), EINVAL);
  l = range(F_RDLCK, 0, 1);
  l.l_pid = 1;
  CHECK_ERRNO(fcntl(file, F_OFD_SETLK, &l), EINVAL);
  int read_only = open("file", O_RDONLY), write_only = open("file", O_WRONLY);
  CHECK_ERRNO(lock(read_only, F_SETLK, F_WRLCK, 0, 1), EBADF);
  CHECK_ERRNO(lock(write_only, F_SETLK, F_RDLCK, 0, 1), EBADF);
  CHECK_EQ(lock(read_only, F_SETLK, F_RDLCK, 0, 1), 0);
  CHECK_EQ(lock(read_only, F_SETLK, F_UNLCK, 0, 1), 0);
  close(read_only), close(write_only);
}

static void test_conflicts(void) {
  struct flock l;
  CHECK_EQ(lock(file, F_SETLK, F_WRLCK, 100, 50), 0);
  CHECK_EQ(lock(file, F_SETLK, F_WRLCK, 120, 5), 0); /* one's own never conflicts */
  l = range(F_WRLCK, 0, 0);
  CHECK_EQ(fcntl(file, F_GETLK, &l), 0);
  CHECK_EQ(l.l_type, F_UNLCK);
  CHECK_EQ(ask(F_GETLK, F_RDLCK, 0, 0), 1000 + 100 + 500);
  CHECK_EQ(ask(F_SETLK, F_RDLCK, 149, 1), EAGAIN);
  CHECK_EQ(ask(F_SETLK, F_RDLCK, 99, 2), EAGAIN);
  CHECK_EQ(ask(F_SETLK, F_WRLCK, 150, 10), 0);
  CHECK_EQ(ask(F_SETLK, F_WRLCK, 90, 10), 0);
  l = range(F_RDLCK, 0, 0);
  CHECK_EQ(fcntl(file, F_GETLK, &l), 0);
  CHECK_EQ(l.l_type, F_WRLCK);
  CHECK_EQ(l.l_pid, child);
  CHECK(l.l_start == 150 || l.l_start == 90);
  CHECK_EQ(l.l_len, 10);
  CHECK_EQ(l.l_whence, SEEK_SET);
  CHECK_EQ(lock(file, F_SETLK, F_RDLCK, 100, 50), 0);
  CHECK_EQ(ask(F_SETLK, F_RDLCK, 120, 5), 0);
  CHECK_ERRNO(lock(file, F_SETLK, F_WRLCK, 122, 1), EAGAIN);
  CHECK_EQ(lock(file, F_SETLK, F_WRLCK, 110, 5), 0);
  /* a hole in the middle */
  CHECK_EQ(lock(file, F_SETLK, F_UNLCK, 112, 1), 0);
  CHECK_EQ(ask(F_GETLK, F_WRLCK, 112, 1), 0);
  CHECK_EQ(ask(F_GETLK, F_WRLCK, 111, 1), 1000 + 110 + 500);
  CHECK_EQ(ask(F_GETLK, F_WRLCK, 113, 1), 1000 + 113 + 500);
  CHECK_EQ(ask(F_GETLK, F_WRLCK, 105, 1), 1000 + 100);
  /* joined again */
  CHECK_EQ(lock(file, F_SETLK, F_WRLCK, 100, 15), 0);
  CHECK_EQ(ask(F_GETLK, F_WRLCK, 114, 1), 1000 + 100 + 500);
  CHECK_EQ(ask(F_SETLK, F_UNLCK, 0, 0), 0);
  CHECK_EQ(lock(file, F_SETLK, F_UNLCK, 0, 0), 0);
  CHECK_EQ(ask(F_GETLK, F_WRLCK, 0, 0), 0);
  /* negative lengths, and places counted from elsewhere */
  l = range(F_WRLCK, 50, -20);
  CHECK_EQ(fcntl(file, F_SETLK, &l), 0);
  CHECK_EQ(ask(F_GETLK, F_WRLCK, 49, 1), 1000 + 30 + 500);
  CHECK_EQ(ask(F_GETLK, F_WRLCK, 50, 1), 0);
  CHECK_EQ(lock(file, F_SETLK, F_UNLCK, 0, 0), 0);
  CHECK_EQ(ftruncate(file, 200), 0);
  l = range(F_WRLCK, -50, 10);
  l.l_whence = SEEK_END;
  CHECK_EQ(fcntl(file, F_SETLK, &l), 0);
  CHECK_EQ(ask(F_GETLK, F_WRLCK, 0, 0), 1000 + 150 + 500);
  CHECK_EQ(lseek(file, 30, SEEK_SET), 30);
  l = range(F_WRLCK, 5, 5);
  l.l_whence = SEEK_CUR;
  CHECK_EQ(fcntl(file, F_SETLK, &l), 0);
  CHECK_EQ(ask(F_GETLK, F_WRLCK, 0, 100), 1000 + 35 + 500);
  CHECK_EQ(lock(file, F_SETLK, F_UNLCK, 0, 0), 0);
}

static void test_closing(void) {
  CHECK_EQ(lock(file, F_SETLK, F_WRLCK, 0, 10), 0);
  CHECK_EQ(ask(F_SETLK, F_WRLCK, 0, 1), EAGAIN);
  close(dup(file)); /* any descriptor of it */
  CHECK_EQ(ask(F_SETLK, F_WRLCK, 0, 1), 0);
  CHECK_EQ(ask(F_SETLK, F_UNLCK, 0, 0), 0);
  CHECK_EQ(lock(file, F_SETLK, F_WRLCK, 0, 10), 0);
  close(open("file", O_RDONLY)); /* or of its inode */
  CHECK_EQ(ask(F_SETLK, F_WRLCK, 0, 1), 0);
  CHECK_EQ(ask(F_SETLK, F_UNLCK, 0, 0), 0);
  /* a child does not inherit them */
  CHECK_EQ(lock(file, F_SETLK, F_WRLCK, 0, 10), 0);
  pid_t grandchild = fork();
  if (grandchild == 0) _exit(lock(file, F_SETLK, F_RDLCK, 0, 1) == 0 || errno != EAGAIN);
  int status = -1;
  CHECK_EQ(waitpid(grandchild, &status, 0), grandchild);
  CHECK_EQ(status, 0);
  CHECK_EQ(ask(F_SETLK, F_WRLCK, 0, 1), EAGAIN);
  CHECK_EQ(lock(file, F_SETLK, F_UNLCK, 0, 0), 0);
}

static void test_waiting(void) {
  alarms = 0;
  CHECK_EQ(ask(F_SETLK, F_WRLCK, 0, 10), 0);
  alarm_in(20000);
  CHECK_ERRNO(lock(file, F_SETLKW, F_WRLCK, 5, 1), EINTR);
  CHECK_EQ(alarms, 1);
  CHECK_EQ(lock(file, F_SETLK, F_WRLCK, 20, 10), 0);
  order(F_SETLKW, F_WRLCK, 25, 1); /* the child waits for us */
  usleep(long_enough(20000));
  CHECK_ERRNO(lock(file, F_SETLKW, F_RDLCK, 0, 1), EDEADLK);
  CHECK_EQ(lock(file, F_SETLK, F_UNLCK, 20, 10), 0);
  CHECK_EQ(answer(), 0);
  CHECK_ERRNO(lock(file, F_SETLK, F_WRLCK, 25, 1), EAGAIN);
  /* and gets it when the holder ends */
  pid_t holder = fork();
  if (holder == 0) {
    if (lock(file, F_SETLK, F_WRLCK, 50, 1)) _exit(1);
    usleep(long_enough(20000));
    _exit(0);
  }
  usleep(long_enough(5000));
  CHECK_EQ(lock(file, F_SETLKW, F_WRLCK, 50, 1), 0);
  int status = -1;
  CHECK_EQ(waitpid(holder, &status, 0), holder);
  CHECK_EQ(status, 0);
  CHECK_EQ(ask(F_SETLK, F_UNLCK, 0, 0), 0);
  CHECK_EQ(lock(file, F_SETLK, F_UNLCK, 0, 0), 0);
}

static void test_descriptions(void) {
  int one = open("file", O_RDWR), two = open("file", O_RDWR);
  struct flock l;
  CHECK_EQ(lock(one, F_OFD_SETLK, F_WRLCK, 0, 10), 0);
  CHECK_ERRNO(lock(two, F_OFD_SETLK, F_RDLCK, 5, 1), EAGAIN);
  CHECK_ERRNO(lock(one, F_SETLK, F_RDLCK, 5, 1), EAGAIN); /* nor the process itself */
  l = range(F_RDLCK, 0, 0);
  CHECK_EQ(fcntl(two, F_OFD_GETLK, &l), 0);
  CHECK_EQ(l.l_type, F_WRLCK);
  CHECK_EQ(l.l_pid, -1);
  CHECK_EQ(l.l_len, 10);
  close(dup(one));
  CHECK_ERRNO(lock(two, F_OFD_SETLK, F_RDLCK, 5, 1), EAGAIN);
  alarms = 0;
  alarm_in(20000);
  CHECK_ERRNO(lock(two, F_OFD_SETLKW, F_RDLCK, 5, 1), EINTR);
  close(one);
  CHECK_EQ(lock(two, F_OFD_SETLK, F_RDLCK, 5, 1), 0);
  /* shared with a child */
  pid_t sharer = fork();
  if (sharer == 0) _exit(lock(two, F_OFD_SETLK, F_WRLCK, 5, 1) != 0);
  int status = -1;
  CHECK_EQ(waitpid(sharer, &status, 0), sharer);
  CHECK_EQ(status, 0);
  CHECK_ERRNO(lock(file, F_OFD_SETLK, F_RDLCK, 5, 1), EAGAIN);
  close(two);
}

static void test_flock(void) {
  int one = open("file", O_RDWR);
  CHECK_EQ(flock(one, LOCK_EX), 0);
  pid_t waiter = fork();
  if (waiter == 0) {
    int two = open("file", O_RDWR);
    if (flock(two, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) _exit(1);
    close(one);
    _exit(flock(two, LOCK_SH) != 0);
  }
  usleep(long_enough(20000));
  CHECK_EQ(flock(one, LOCK_UN), 0);
  int status = -1;
  CHECK_EQ(waitpid(waiter, &status, 0), waiter);
  CHECK_EQ(status, 0);
  CHECK_EQ(flock(one, LOCK_EX | LOCK_NB), 0);
  close(one);
}

static int locked_by_thread;

static void *lock_whole(void *unused) {
  (void)unused;
  return (void *)(long)flock(locked_by_thread, LOCK_EX);
}

static void *lock_part(void *unused) {
  (void)unused;
  return (void *)(long)lock(locked_by_thread, F_OFD_SETLKW, F_WRLCK, 0, 1);
}

/* Who waits for a lock of a description that is closed meanwhile gets it, and then it is gone. */
static void test_closed_while_waiting(void *(*wait)(void *)) {
  int one = open("file", O_RDWR), third = open("file", O_RDWR);
  pthread_t waiter;
  void *result = NULL;
  locked_by_thread = open("file", O_RDWR);
  CHECK_EQ(flock(one, LOCK_EX), 0);
  CHECK_EQ(lock(one, F_OFD_SETLK, F_WRLCK, 0, 1), 0);
  CHECK_EQ(pthread_create(&waiter, NULL, wait, NULL), 0);
  usleep(long_enough(50000));
  CHECK_EQ(close(locked_by_thread), 0);
  CHECK_EQ(close(one), 0);
  CHECK_EQ(pthread_join(waiter, &result), 0);
  CHECK_EQ((long)result, 0);
  usleep(long_enough(10000));
  CHECK_EQ(flock(third, LOCK_EX | LOCK_NB), 0);
  CHECK_EQ(lock(third, F_OFD_SETLK, F_WRLCK, 0, 1), 0);
  close(third);
}

int main(int argc, char **argv) {
  check_start("locks", argc, argv);
  struct sigaction action = {.sa_handler = on_alarm};
  sigaction(SIGALRM, &action, NULL);
  file = open("file", O_RDWR | O_CREAT, 0600);
  other = dup(file);
  start_child();
  test_errors();
  test_conflicts();
  test_closing();
  test_waiting();
  test_descriptions();
  test_flock();
  test_closed_while_waiting(lock_whole);
  test_closed_while_waiting(lock_part);
  end_child();
  return check_report();
}
