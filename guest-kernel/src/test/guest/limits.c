/*
 * Limits of a process and of a user: what is refused, with which errno, and that all of it is there again afterwards (getrlimit(2), proc(5), unix(7)).
 *
 * Every limit is set in a child of its own, which gives up being root where that matters, so that the machine this runs on comes to no harm.
 */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <grp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

#define UID 1000

/* Sets both limits of a resource. */
static void limit(int resource, rlim_t value) {
  struct rlimit both = {value, value};
  CHECK_EQ(setrlimit(resource, &both), 0);
}

/* Stops being root for good, if this is root. */
static void become_user(void) {
  if (geteuid() != 0) return;
  CHECK_EQ(setgroups(0, NULL), 0);
  CHECK_EQ(setresgid(UID, UID, UID), 0);
  CHECK_EQ(setresuid(UID, UID, UID), 0);
}

/* Runs checks in a child and takes over its sums. */
static void apart(void (*checks)(void)) {
  int sums[2];
  CHECK_EQ(pipe(sums), 0);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    check_passed = check_failed = 0;
    checks();
    unsigned both[2] = {check_passed, check_failed};
    ssize_t written = write(sums[1], both, sizeof both);
    fflush(stdout);
    _exit(written != sizeof both);
  }
  close(sums[1]);
  int status = -1;
  unsigned both[2] = {0, 0};
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
  CHECK_EQ(read(sums[0], both, sizeof both), sizeof both);
  check_passed += both[0];
  check_failed += both[1];
  close(sums[0]);
}

/* ---- processes and threads ---- */

static void processes(void) {
  enum { MAX = 100 };
  limit(RLIMIT_NPROC, MAX);
  become_user();
  static pid_t children[MAX + 1];
  for (int round = 0; round < 3; round++) {
    int made = 0;
    errno = 0;
    while (made <= MAX) {
      pid_t child = fork();
      if (child == 0) {
        pause();
        _exit(0);
      }
      if (child < 0) break;
      children[made++] = child;
    }
    CHECK_EQ(errno, EAGAIN);
    CHECK(made < MAX); /* this process counts too */
    for (int i = 0; i < made; i++) kill(children[i], SIGKILL);
    int gone = 0;
    while (waitpid(-1, NULL, 0) > 0) gone++;
    CHECK_EQ(gone, made);
  }
}

/* Who has ended counts until somebody has asked how. */
static void zombies(void) {
  enum { MAX = 100 };
  limit(RLIMIT_NPROC, MAX);
  become_user();
  int made = 0;
  for (; made <= MAX; made++) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    if (child < 0) break;
  }
  CHECK_EQ(errno, EAGAIN);
  CHECK(made < MAX);
  while (waitpid(-1, NULL, 0) > 0) made--;
  CHECK_EQ(made, 0);
  pid_t child = (pid_t)CHECK_OK(fork());
  if (child == 0) _exit(0);
  CHECK_EQ(waitpid(child, NULL, 0), child);
}

static void *wait_for_end(void *mutex) {
  pthread_mutex_lock(mutex);
  pthread_mutex_unlock(mutex);
  return NULL;
}

/* Makes threads until there are enough or it fails, and has all of them end; says how many. */
static int crowd(int wanted, int *error) {
  pthread_t *threads = malloc((size_t)wanted * sizeof *threads);
  static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 1 << 16);
  pthread_attr_setguardsize(&attributes, 0);
  pthread_mutex_lock(&gate);
  int made = 0;
  *error = 0;
  while (made < wanted && (*error = pthread_create(&threads[made], &attributes, wait_for_end, &gate)) == 0) made++;
  pthread_mutex_unlock(&gate);
  for (int i = 0; i < made; i++) CHECK_EQ(pthread_join(threads[i], NULL), 0);
  free(threads);
  return made;
}

static void threads(void) {
  int error;
  limit(RLIMIT_NPROC, 100);
  become_user();
  for (int round = 0; round < 3; round++) {
    CHECK(crowd(200, &error) < 100);
    CHECK_EQ(error, EAGAIN);
  }
}

/* All of them wait for one futex. */
static void ten_thousand_threads(void) {
  int error;
  CHECK_EQ(crowd(10000, &error), 10000);
  CHECK_EQ(error, 0);
}

/* ---- descriptors ---- */

static void descriptors(void) {
  enum { MAX = 64 };
  limit(RLIMIT_NOFILE, MAX);
  int null = (int)CHECK_OK(open("/dev/null", O_RDWR));
  int sockets[2];
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
  CHECK_ERRNO(dup2(null, MAX), EBADF);
  CHECK_ERRNO(fcntl(null, F_DUPFD, MAX), EINVAL);
  int last;
  while ((last = dup(null)) >= 0) CHECK(last < MAX);
  CHECK_EQ(errno, EMFILE);
  int pair[2];
  CHECK_ERRNO(open("/dev/null", O_RDONLY), EMFILE);
  CHECK_ERRNO(open("new", O_CREAT | O_WRONLY, 0644), EMFILE);
  CHECK_ERRNO(access("new", F_OK), ENOENT); /* refused before it had an effect */
  CHECK_ERRNO(pipe(pair), EMFILE);
  CHECK_ERRNO(socket(AF_UNIX, SOCK_STREAM, 0), EMFILE);
  CHECK_ERRNO(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), EMFILE);
  CHECK_ERRNO(eventfd(0, 0), EMFILE);
  CHECK_ERRNO(epoll_create1(0), EMFILE);
  CHECK_ERRNO(memfd_create("m", 0), EMFILE);
  CHECK_ERRNO(fcntl(null, F_DUPFD, 0), EMFILE);
  CHECK_EQ(dup2(null, MAX - 1), MAX - 1);
  CHECK_EQ(close(MAX - 1), 0);
  CHECK_ERRNO(pipe(pair), EMFILE); /* one is not enough */
  CHECK_EQ(dup(null), MAX - 1);
  limit(RLIMIT_NOFILE, 8); /* what is open stays open */
  CHECK_EQ(fcntl(MAX - 1, F_GETFD), 0);
  CHECK_ERRNO(dup(null), EMFILE);
}

/* Sends a descriptor, without waiting. */
static int send_descriptor(int to, int descriptor) {
  char byte = 'x', control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec data = {&byte, 1};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  return sendmsg(to, &message, MSG_DONTWAIT) == 1 ? 0 : -1;
}

/* A user's files in flight are limited by the sender's RLIMIT_NOFILE. */
static void files_in_flight(void) {
  enum { MAX = 32 };
  limit(RLIMIT_NOFILE, MAX);
  become_user();
  int null = (int)CHECK_OK(open("/dev/null", O_RDWR));
  for (int round = 0; round < 3; round++) {
    int pair[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    int sent = 0;
    while (sent <= 4 * MAX && send_descriptor(pair[0], null) == 0) sent++;
    CHECK_EQ(errno, ETOOMANYREFS);
    CHECK(sent >= MAX && sent <= MAX + 1);
    char byte;
    CHECK_EQ(read(pair[1], &byte, 1), 1); /* the message's file is closed with it */
    CHECK_EQ(send_descriptor(pair[0], null), 0);
    CHECK_EQ(close(pair[0]), 0);
    CHECK_EQ(close(pair[1]), 0);
  }
}

/* A receiver without room for a descriptor loses it, and hears of that. */
static void files_without_room(void) {
  int pair[2];
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  CHECK_EQ(send_descriptor(pair[0], pair[0]), 0);
  limit(RLIMIT_NOFILE, 3);
  char byte, control[CMSG_SPACE(sizeof(int))];
  struct iovec data = {&byte, 1};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  CHECK_EQ(recvmsg(pair[1], &message, 0), 1);
  CHECK(message.msg_flags & MSG_CTRUNC);
}

/* ---- memory ---- */

static long number_in(const char *path) {
  char text[32];
  return read_text(path, text, sizeof text) > 0 ? strtol(text, NULL, 10) : -1;
}

static void mappings(void) {
  long max = number_in("/proc/sys/vm/max_map_count");
  if (max < 1000 || max > 200000) {
    check_skip("the number of mappings: vm.max_map_count is unusual");
    return;
  }
  size_t page = 4096, pages = (size_t)max + 100;
  for (int round = 0; round < 2; round++) {
    char *area = mmap(NULL, pages * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(area != MAP_FAILED);
    size_t i = 0;
    while (i < pages && mprotect(area + i * page, page, PROT_READ) == 0) i += 2;
    CHECK_EQ(errno, ENOMEM);
    CHECK(i > (size_t)max - 200 && i < pages);
    CHECK_ERRNO(munmap(area + (i + 20) * page, page), ENOMEM); /* it would cut one in two */
    void *last[3]; /* there may be room for one more, which does not cut anything */
    int more = 0;
    while (more < 3 && (last[more] = mmap(NULL, page, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) != MAP_FAILED) more++;
    CHECK(more < 3 && errno == ENOMEM);
    CHECK_EQ(area[0], 0);
    CHECK_EQ(munmap(area, pages * page), 0);
    while (more > 0) CHECK_EQ(munmap(last[--more], page), 0);
    CHECK_OK(mmap(NULL, page, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  }
}

static void address_space(void) {
  limit(RLIMIT_AS, 64 << 20);
  CHECK_EQ(mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0, ENOMEM);
  void *small = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(small != MAP_FAILED);
  CHECK_EQ(mremap(small, 1 << 20, 65 << 20, MREMAP_MAYMOVE) == MAP_FAILED ? errno : 0, ENOMEM);
  CHECK_EQ(sbrk(64 << 20) == (void *)-1 ? errno : 0, ENOMEM);
  CHECK_EQ(munmap(small, 1 << 20), 0);
}

static void data(void) {
  limit(RLIMIT_DATA, 16 << 20);
  CHECK_EQ(mmap(NULL, 32 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0, ENOMEM);
  CHECK(mmap(NULL, 32 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
  CHECK(mmap(NULL, 32 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

/* A page in each of many places far apart: a page table for each. */
static void scattered(void) {
  size_t places = 5000, apart_by = 2 << 20;
  char *area = mmap(NULL, places * apart_by, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK(area != MAP_FAILED);
  for (size_t i = 0; i < places; i++) area[i * apart_by + i % 512 * 4096] = (char)i;
  size_t wrong = 0;
  for (size_t i = 0; i < places; i++) wrong += area[i * apart_by + i % 512 * 4096] != (char)i;
  CHECK_EQ(wrong, 0);
  CHECK_EQ(munmap(area, places * apart_by), 0);
}

/* ---- signals, timers, time ---- */

static void queued_signals(void) {
  enum { MAX = 50 };
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGRTMIN);
  sigaddset(&blocked, SIGRTMIN + 1);
  sigaddset(&blocked, SIGUSR1);
  CHECK_EQ(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
  limit(RLIMIT_SIGPENDING, MAX);
  become_user();
  for (int round = 0; round < 2; round++) {
    int sent = 0;
    while (sent <= MAX && sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = sent}) == 0) sent++;
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(sent, MAX);
    CHECK_EQ(kill(getpid(), SIGRTMIN + 1), 0); /* waits, but nothing is known of it */
    CHECK_EQ(kill(getpid(), SIGUSR1), 0);
    struct timespec now = {0, 0};
    siginfo_t info;
    for (int i = 0; i < sent; i++) {
      sigset_t one;
      sigemptyset(&one);
      sigaddset(&one, SIGRTMIN);
      CHECK_EQ(sigtimedwait(&one, &info, &now), SIGRTMIN);
      CHECK_EQ(info.si_value.sival_int, i);
    }
    CHECK_EQ(sigtimedwait(&blocked, &info, &now), SIGUSR1);
    CHECK_EQ(sigtimedwait(&blocked, &info, &now), SIGRTMIN + 1);
    CHECK_ERRNO(sigtimedwait(&blocked, &info, &now), EAGAIN);
  }
}

/* The limit is the user's: what one process has queued, another one cannot. */
static void signals_of_a_user(void) {
  enum { MAX = 20 };
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGRTMIN);
  CHECK_EQ(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
  limit(RLIMIT_SIGPENDING, MAX);
  become_user();
  for (int i = 0; i < MAX / 2; i++) CHECK_EQ(sigqueue(getpid(), SIGRTMIN, (union sigval){0}), 0);
  pid_t child = fork();
  if (child == 0) {
    int sent = 0;
    while (sent <= MAX && sigqueue(getpid(), SIGRTMIN, (union sigval){0}) == 0) sent++;
    _exit(sent);
  }
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(WEXITSTATUS(status), MAX / 2);
  for (int i = 0; i < MAX / 2; i++) CHECK_EQ(sigqueue(getpid(), SIGRTMIN, (union sigval){0}), 0);
  CHECK_ERRNO(sigqueue(getpid(), SIGRTMIN, (union sigval){0}), EAGAIN);
}

static void timers(void) {
  enum { MAX = 50 };
  limit(RLIMIT_SIGPENDING, MAX);
  become_user();
  for (int round = 0; round < 2; round++) {
    timer_t made[MAX + 1];
    int count = 0;
    while (count <= MAX && timer_create(CLOCK_MONOTONIC, NULL, &made[count]) == 0) count++;
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(count, MAX);
    for (int i = 0; i < count; i++) CHECK_EQ(timer_delete(made[i]), 0);
  }
}

static volatile sig_atomic_t warned;

static void on_warning(int signal) {
  (void)signal;
  warned++;
}

static void file_size(void) {
  signal(SIGXFSZ, on_warning);
  limit(RLIMIT_FSIZE, 10000);
  int fd = (int)CHECK_OK(open("limited", O_CREAT | O_RDWR, 0644));
  char block[8192] = {0};
  CHECK_EQ(write(fd, block, sizeof block), sizeof block);
  CHECK_EQ(write(fd, block, sizeof block), 10000 - sizeof block);
  CHECK_EQ(warned, 0);
  CHECK_ERRNO(write(fd, block, 1), EFBIG);
  CHECK_EQ(warned, 1);
  CHECK_ERRNO(ftruncate(fd, 10001), EFBIG);
  CHECK_EQ(warned, 2);
  CHECK_EQ(pwrite(fd, block, 4096, 0), 4096);
  CHECK_EQ(close(fd), 0);
}

/* A warning at the soft limit of processor time, and death at the hard one. */
static void processor_time(void) {
  pid_t child = fork();
  if (child == 0) {
    struct rlimit seconds = {1, 2};
    signal(SIGXCPU, on_warning);
    setrlimit(RLIMIT_CPU, &seconds);
    while (!warned) continue;
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    long seconds_used = used.ru_utime.tv_sec + used.ru_stime.tv_sec;
    long micros = seconds_used * 1000000 + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
    /* Linux counts ticks for the limit, also those that its own host did not give it. */
    if (micros < 300000) _exit(1);
    for (;;) continue;
  }
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* ---- files ---- */

static void deep_directories(void) {
  enum { DEPTH = 3000 };
  CHECK_EQ(mkdir("deep", 0755), 0);
  CHECK_EQ(chdir("deep"), 0);
  int made = 0;
  while (made < DEPTH && mkdir("d", 0755) == 0 && chdir("d") == 0) made++;
  CHECK_EQ(made, DEPTH);
  char path[4096];
  CHECK_EQ(RAW(getcwd, path, sizeof path) < 0 ? errno : 0, ENAMETOOLONG);
  struct stat here;
  CHECK_EQ(stat(".", &here), 0);
  int left = 0;
  while (left < made && chdir("..") == 0 && rmdir("d") == 0) left++;
  CHECK_EQ(left, made);
  CHECK_EQ(chdir(".."), 0);
  CHECK_EQ(rmdir("deep"), 0);
}

static void many_locks(void) {
  enum { LOCKS = 2000 };
  int fd = (int)CHECK_OK(open("locked", O_CREAT | O_RDWR, 0644));
  for (int round = 0; round < 2; round++) {
    int taken = 0;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    for (; taken < LOCKS; taken++) {
      lock.l_start = 2 * taken;
      if (fcntl(fd, F_SETLK, &lock)) break;
    }
    CHECK_EQ(taken, LOCKS);
    lock.l_type = F_UNLCK;
    lock.l_start = lock.l_len = 0;
    CHECK_EQ(fcntl(fd, F_SETLK, &lock), 0);
  }
  CHECK_EQ(close(fd), 0);
}

static void full_backlog(void) {
  struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "listener"};
  int listener = (int)CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
  CHECK_EQ(bind(listener, (struct sockaddr *)&name, sizeof name), 0);
  CHECK_EQ(listen(listener, 4), 0);
  int clients[16], made = 0;
  while (made < 16) {
    clients[made] = (int)CHECK_OK(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    if (connect(clients[made++], (struct sockaddr *)&name, sizeof name)) break;
  }
  CHECK_EQ(errno, EAGAIN);
  CHECK_EQ(made, 6); /* one more than the backlog wait, the next is refused */
  for (int i = 0; i < made; i++) CHECK_EQ(close(clients[i]), 0);
  CHECK_EQ(close(listener), 0);
  CHECK_EQ(unlink("listener"), 0);
}

int main(int argc, char **argv) {
  check_start("limits", argc, argv);
  apart(processes);
  apart(zombies);
  apart(threads);
  apart(ten_thousand_threads);
  apart(descriptors);
  apart(files_in_flight);
  apart(files_without_room);
  apart(mappings);
  apart(address_space);
  apart(data);
  apart(scattered);
  apart(queued_signals);
  apart(signals_of_a_user);
  apart(timers);
  apart(file_size);
  apart(processor_time);
  apart(deep_directories);
  apart(many_locks);
  apart(full_backlog);
  return check_report();
}
