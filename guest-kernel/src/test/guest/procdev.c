/* /dev and /proc: the character devices and the files that programs read about the system. */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>

static char text[1 << 16];

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000L + t.tv_nsec;
}

static bool zeroes(const char *p, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (p[i]) return false;
  return true;
}

/* A character device with these numbers, and opened. */
static int device(const char *path, unsigned major, unsigned minor) {
  struct stat st = {0};
  CHECK_EQ(stat(path, &st), 0);
  CHECK(S_ISCHR(st.st_mode));
  CHECK_EQ(st.st_rdev, makedev(major, minor));
  CHECK_ERRNO(open(path, O_RDONLY | O_DIRECTORY), ENOTDIR);
  return (int)CHECK_OK(open(path, O_RDWR | O_CLOEXEC));
}

static void null_device(void) {
  int fd = device("/dev/null", 1, 3);
  char buffer[16] = "kept";
  CHECK_EQ(read(fd, buffer, sizeof buffer), 0);
  CHECK(!strcmp(buffer, "kept"));
  CHECK_EQ(write(fd, buffer, sizeof buffer), sizeof buffer);
  CHECK_EQ(RAW(write, fd, 8L, 100L), 100); /* never looked at */
  CHECK_EQ(lseek(fd, 1000, SEEK_SET), 0);
  CHECK_EQ(pread(fd, buffer, 1, 5), 0);
  CHECK_EQ(pwrite(fd, buffer, 1, 5), 1);
  CHECK_EQ(close(fd), 0);
  fd = (int)CHECK_OK(open("/dev/null", O_WRONLY | O_TRUNC | O_CREAT | O_APPEND, 0644));
  CHECK_ERRNO(read(fd, buffer, 1), EBADF);
  CHECK_ERRNO(ftruncate(fd, 0), EINVAL);
  close(fd);
}

static void zero_device(void) {
  int fd = device("/dev/zero", 1, 5);
  memset(text, 1, 10000);
  CHECK_EQ(read(fd, text, 10000), 10000);
  CHECK(zeroes(text, 10000));
  CHECK_EQ(write(fd, text, 10), 10);
  CHECK_ERRNO(RAW(read, fd, 8L, 10L), EFAULT);
  struct iovec pieces[] = {{text, 10}, {text + 20, 10}};
  memset(text, 1, 30);
  CHECK_EQ(readv(fd, pieces, 2), 20);
  CHECK(zeroes(text, 10) && text[10] == 1 && zeroes(text + 20, 10));
  char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  CHECK(p != MAP_FAILED);
  if (p != MAP_FAILED) {
    CHECK(zeroes(p, 8192));
    p[4096] = 1;
    CHECK_EQ(munmap(p, 8192), 0);
  }
  close(fd);
}

static void full_device(void) {
  int fd = device("/dev/full", 1, 7);
  memset(text, 1, 100);
  CHECK_EQ(read(fd, text, 100), 100);
  CHECK(zeroes(text, 100));
  CHECK_ERRNO(write(fd, text, 1), ENOSPC);
  close(fd);
}

static void random_devices(void) {
  const char *paths[] = {"/dev/urandom", "/dev/random"};
  for (unsigned i = 0; i < 2; i++) {
    int fd = device(paths[i], 1, i ? 8 : 9);
    unsigned char a[256] = {0}, b[256] = {0};
    CHECK_EQ(read(fd, a, sizeof a), sizeof a);
    CHECK_EQ(read(fd, b, sizeof b), sizeof b);
    CHECK(memcmp(a, b, sizeof a) != 0);
    CHECK_EQ(write(fd, "seed", 4), 4);
    CHECK_ERRNO(RAW(read, fd, 8L, 10L), EFAULT);
    close(fd);
  }
}

static void directories(void) {
  DIR *devices = opendir("/dev");
  CHECK(devices != NULL);
  int found = 0;
  for (struct dirent *entry; devices && (entry = readdir(devices));)
    found += !strcmp(entry->d_name, "null") || !strcmp(entry->d_name, "zero") ||
             !strcmp(entry->d_name, "full") || !strcmp(entry->d_name, "urandom");
  CHECK_EQ(found, 4);
  if (devices) closedir(devices);
  struct stat st, pid;
  CHECK_EQ(stat("/proc/self", &st), 0);
  CHECK(S_ISDIR(st.st_mode));
  char path[64];
  snprintf(path, sizeof path, "/proc/%d", (int)getpid());
  CHECK_EQ(stat(path, &pid), 0);
  CHECK_EQ(st.st_ino, pid.st_ino);
  char target[64] = {0};
  CHECK_OK(readlink("/proc/self", target, sizeof target - 1));
  CHECK_EQ(atoi(target), getpid());
  CHECK_ERRNO(open("/proc/absent", O_RDONLY), ENOENT);
  CHECK_ERRNO(open("/proc/99999999/maps", O_RDONLY), ENOENT);
  CHECK(open("/proc/made", O_CREAT | O_WRONLY, 0644) == -1);
  CHECK(mkdir("/proc/made", 0755) == -1);
}

/* The number that follows `name` at the start of a line of text, or -1. */
static long field(const char *name) {
  char line[64];
  snprintf(line, sizeof line, "\n%s", name);
  const char *at = !strncmp(text, name, strlen(name)) ? text : strstr(text, line);
  if (!at) return -1;
  at += strcspn(at, ":") + 1;
  return strtol(at, NULL, 10);
}

static void self_status(void) {
  CHECK(read_text("/proc/self/status", text, sizeof text) > 0);
  CHECK(!strncmp(text, "Name:\tprocdev\n", 14));
  CHECK_EQ(field("Pid:"), getpid());
  CHECK_EQ(field("Tgid:"), getpid());
  CHECK_EQ(field("PPid:"), getppid());
  CHECK_EQ(field("Uid:"), getuid());
  CHECK_EQ(field("Gid:"), getgid());
  CHECK_EQ(field("Threads:"), 1);
  CHECK(field("VmSize:") > 0 && field("VmRSS:") > 0 && field("VmRSS:") <= field("VmSize:"));
  CHECK(strstr(text, "\nState:\tR") != NULL);
}

static void self_exe(char *program) {
  char target[PATH_MAX] = {0};
  ssize_t n = CHECK_OK(readlink("/proc/self/exe", target, sizeof target - 1));
  CHECK(n > 0 && target[0] == '/');
  const char *base = strrchr(program, '/') ? strrchr(program, '/') + 1 : program;
  CHECK(n > 0 && !strcmp(strrchr(target, '/') + 1, base));
  struct stat st;
  CHECK_EQ(lstat("/proc/self/exe", &st), 0);
  CHECK(S_ISLNK(st.st_mode));
  int fd = (int)CHECK_OK(open("/proc/self/exe", O_RDONLY));
  CHECK_EQ(read(fd, text, 4), 4);
  CHECK(!memcmp(text, "\177ELF", 4));
  close(fd);
  CHECK_ERRNO(unlink("/proc/self/exe"), EPERM);
}

static void self_fd(void) {
  write_file("opened", "through", 7);
  int fd = (int)CHECK_OK(open("opened", O_RDONLY));
  char path[64], target[PATH_MAX] = {0}, here[PATH_MAX];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  ssize_t n = CHECK_OK(readlink(path, target, sizeof target - 1));
  CHECK(getcwd(here, sizeof here - 8) != NULL);
  strcat(here, "/opened");
  CHECK(n > 0 && !strcmp(target, here));
  int again = (int)CHECK_OK(open(path, O_RDONLY));
  char content[8] = {0};
  CHECK_EQ(read(again, content, 7), 7);
  CHECK(!strcmp(content, "through"));
  CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0); /* opened anew, not duplicated */
  struct stat a, b;
  CHECK_EQ(stat(path, &a) | fstat(fd, &b), 0);
  CHECK_EQ(a.st_ino, b.st_ino);
  CHECK_EQ(lstat(path, &a), 0);
  CHECK(S_ISLNK(a.st_mode));
  DIR *directory = opendir("/proc/self/fd");
  CHECK(directory != NULL);
  int seen = 0;
  for (struct dirent *entry; directory && (entry = readdir(directory));)
    seen += atoi(entry->d_name) == fd || atoi(entry->d_name) == again;
  CHECK_EQ(seen, 2);
  if (directory) closedir(directory);
  close(again);
  close(fd);
  CHECK_ERRNO(readlink(path, target, sizeof target), ENOENT);
  CHECK_ERRNO(open("/proc/self/fd/9999", O_RDONLY), ENOENT);
}

static void *named_thread(void *stop) {
  prctl(PR_SET_NAME, "a-thread");
  __atomic_store_n(&((pid_t *)stop)[1], (pid_t)RAW(gettid), __ATOMIC_SEQ_CST);
  while (!__atomic_load_n((pid_t *)stop, __ATOMIC_SEQ_CST)) usleep(1000);
  return NULL;
}

/* A thread has its own name, number and times; any thread of the process may change the name. */
static void self_task(void) {
  pid_t stop[2] = {0, 0};
  pthread_t thread;
  CHECK_EQ(pthread_create(&thread, NULL, named_thread, stop), 0);
  while (!__atomic_load_n(&stop[1], __ATOMIC_SEQ_CST)) usleep(1000);
  char path[64], wanted[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/comm", stop[1]);
  CHECK(read_text(path, text, sizeof text) > 0 && !strcmp(text, "a-thread\n"));
  int fd = (int)CHECK_OK(open(path, O_WRONLY));
  CHECK_EQ(write(fd, "renamed-by-another", 18), 18);
  CHECK_EQ(close(fd), 0);
  CHECK(read_text(path, text, sizeof text) > 0 && !strcmp(text, "renamed-by-anot\n"));
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", stop[1]);
  CHECK(read_text(path, text, sizeof text) > 0);
  snprintf(wanted, sizeof wanted, "%d (renamed-by-anot) ", stop[1]);
  CHECK(!strncmp(text, wanted, strlen(wanted)));
  snprintf(path, sizeof path, "/proc/self/task/%d/status", stop[1]);
  CHECK(read_text(path, text, sizeof text) > 0);
  CHECK_EQ(field("Pid:"), stop[1]);
  CHECK_EQ(field("Tgid:"), getpid());
  CHECK_EQ(field("Threads:"), 2);
  CHECK(read_text("/proc/self/comm", text, sizeof text) > 0 && !strcmp(text, "procdev\n"));
  __atomic_store_n(&stop[0], 1, __ATOMIC_SEQ_CST);
  CHECK_EQ(pthread_join(thread, NULL), 0);
  CHECK_ERRNO(open("/proc/self/task/99999/comm", O_RDONLY), ENOENT);
}

static void self_fdinfo(void) {
  write_file("described", "0123456789", 10);
  int fd = (int)CHECK_OK(open("described", O_RDWR | O_APPEND | O_CLOEXEC));
  CHECK_EQ(lseek(fd, 7, SEEK_SET), 7);
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
  CHECK(read_text(path, text, sizeof text) > 0);
  CHECK_EQ(field("pos:"), 7);
  const char *flags = strstr(text, "\nflags:\t");
  CHECK(flags != NULL);
  if (flags) CHECK_EQ(strtol(flags + 8, NULL, 8) & ~O_LARGEFILE & ~0100000, O_RDWR | O_APPEND | O_CLOEXEC);
  CHECK(field("mnt_id:") > 0);
  CHECK_EQ(close(fd), 0);
  CHECK_ERRNO(open(path, O_RDONLY), ENOENT);
}

/* The numbers of /proc/self/stat from the fourth on. */
static void self_stat(void) {
  CHECK(read_text("/proc/self/stat", text, sizeof text) > 0);
  const char *at = strrchr(text, ')');
  CHECK(at != NULL);
  if (!at) return;
  long ppid, group, session, tty, foreground, priority, nice;
  int got = sscanf(at + 4, "%ld %ld %ld %ld %ld %*u %*u %*u %*u %*u %*u %*u %*d %*d %ld %ld", &ppid, &group, &session, &tty,
                   &foreground, &priority, &nice);
  CHECK_EQ(got, 7);
  CHECK_EQ(ppid, getppid());
  CHECK_EQ(group, getpgrp());
  CHECK_EQ(session, getsid(0));
  CHECK_EQ(nice, getpriority(PRIO_PROCESS, 0));
  CHECK_EQ(priority, 20 + nice);
  CHECK_EQ(tty == 0, foreground == -1);
}

static void self_maps(void) {
  CHECK(read_text("/proc/self/maps", text, sizeof text) > 0);
  CHECK(strstr(text, "[stack]") != NULL);
  CHECK(strstr(text, "[vdso]") != NULL);
  CHECK(strstr(text, "procdev\n") != NULL); /* the program's own file */
  CHECK(strstr(text, "r-xp") != NULL && strstr(text, "rw-p") != NULL);
  /* Read a few bytes at a time, it is the same text. */
  static char pieces[1 << 16];
  int fd = (int)CHECK_OK(open("/proc/self/maps", O_RDONLY));
  size_t length = 0;
  for (ssize_t n; length < sizeof pieces - 64 && (n = read(fd, pieces + length, 61)) > 0;) length += (size_t)n;
  CHECK(length > 0 && !memcmp(text, pieces, 100));
  CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
  CHECK_ERRNO(write(fd, "x", 1), EBADF);
  close(fd);
}

/* The kilobytes of a line of smaps after some address's; -1 if there is none. */
static long detail_of(const char *from, const char *name) {
  const char *line = from ? strstr(from, name) : NULL;
  long value = -1;
  if (line) sscanf(line + strlen(name), ": %ld kB", &value);
  return value;
}

static void detailed_maps(void) {
  enum { PAGES = 64, TOUCHED = 24 };
  char *memory = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  CHECK_EQ(mprotect(memory, 4096, PROT_READ), 0); /* an area of its own, whatever is beside it */
  CHECK_EQ(madvise(memory, PAGES * 4096, MADV_NOHUGEPAGE) && errno != EINVAL, 0);
  for (int i = PAGES - TOUCHED; i < PAGES; i++) memory[i * 4096] = 1;
  static char maps[1 << 17];
  CHECK(read_text("/proc/self/smaps", maps, sizeof maps) > 0);
  char start[32];
  snprintf(start, sizeof start, "%lx-", (unsigned long)memory + 4096);
  const char *area = strstr(maps, start);
  CHECK(area != NULL);
  CHECK(detail_of(area, "Size") >= (PAGES - 1) * 4);
  CHECK_EQ(detail_of(area, "KernelPageSize"), 4);
  CHECK(detail_of(area, "Rss") >= TOUCHED * 4 && detail_of(area, "Rss") <= detail_of(area, "Size"));
  CHECK_EQ(detail_of(area, "Private_Dirty"), detail_of(area, "Rss"));
  CHECK_EQ(detail_of(area, "Anonymous"), detail_of(area, "Rss"));
  CHECK_EQ(detail_of(area, "Pss"), detail_of(area, "Rss"));
  CHECK_EQ(detail_of(area, "Shared_Clean"), 0);
  const char *flags = strstr(area, "VmFlags: rd wr");
  CHECK(flags != NULL);
  pid_t child = fork();
  if (child == 0) {
    /* Half of each page that the parent has, too. */
    bool shared = read_text("/proc/self/smaps", maps, sizeof maps) > 0;
    area = strstr(maps, start);
    shared = shared && detail_of(area, "Rss") >= detail_of(area, "Pss");
    _exit(shared ? 0 : 1);
  }
  int status = -1;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
  CHECK(read_text("/proc/self/smaps_rollup", maps, sizeof maps) > 0);
  CHECK(strstr(maps, "[rollup]\nRss:") != NULL);
  CHECK(detail_of(maps, "Rss") > TOUCHED * 4);
  CHECK(detail_of(maps, "Pss") > 0 && detail_of(maps, "Pss") <= detail_of(maps, "Rss"));
  munmap(memory, PAGES * 4096);
}

static void system_files(void) {
  CHECK(read_text("/proc/meminfo", text, sizeof text) > 0);
  CHECK(!strncmp(text, "MemTotal:", 9));
  CHECK(field("MemTotal:") >= 16 << 10);
  CHECK(field("MemFree:") >= 0 && field("MemFree:") <= field("MemTotal:"));
  CHECK(field("MemAvailable:") >= 0 && field("MemAvailable:") <= field("MemTotal:"));
  CHECK(field("SwapTotal:") >= 0);

  CHECK(read_text("/proc/cpuinfo", text, sizeof text) > 0);
  CHECK_EQ(field("processor"), 0);
  CHECK(strstr(text, "vendor_id\t:") != NULL && strstr(text, "model name\t:") != NULL);
  const char *flags = strstr(text, "\nflags\t\t:");
  CHECK(flags && strstr(flags, " sse2") != NULL && strstr(flags, " fpu") != NULL);

  double uptime = -1, idle = -1, later = -1;
  CHECK(read_text("/proc/uptime", text, sizeof text) > 0);
  CHECK_EQ(sscanf(text, "%lf %lf\n", &uptime, &idle), 2);
  CHECK(uptime >= 0 && idle >= 0);
  nanosleep(&(struct timespec){0, 50000000}, NULL);
  CHECK(read_text("/proc/uptime", text, sizeof text) > 0);
  CHECK(sscanf(text, "%lf", &later) == 1 && later > uptime && later < uptime + 30);

  CHECK(read_text("/proc/version", text, sizeof text) > 0);
  CHECK(!strncmp(text, "Linux version ", 14) && text[strlen(text) - 1] == '\n');

  CHECK(read_text("/proc/filesystems", text, sizeof text) > 0);
  CHECK(strstr(text, "nodev\ttmpfs\n") != NULL && strstr(text, "nodev\tproc\n") != NULL);

  ssize_t length = read_text("/proc/mounts", text, sizeof text);
  CHECK(length > 0 && strstr(text, " / ") != NULL && strstr(text, " /proc proc ") != NULL);
  int lines = 0, right = 0;
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    int used = 0, a = -1, b = -1;
    lines++;
    sscanf(line, "%*s %*s %*s %*s %d %d%n", &a, &b, &used);
    right += used == (int)strlen(line) && a >= 0 && b >= 0;
  }
  CHECK_EQ(right, lines);

  int fd = (int)CHECK_OK(open("/proc/version", O_RDONLY));
  struct stat st;
  CHECK_EQ(fstat(fd, &st), 0);
  CHECK(S_ISREG(st.st_mode) && st.st_size == 0); /* made when read, so of no size */
  char first[6] = {0}, second[6] = {0};
  CHECK_EQ(pread(fd, first, 5, 6), 5);
  CHECK(!strcmp(first, "versi"));
  CHECK_EQ(lseek(fd, 6, SEEK_SET), 6);
  CHECK_EQ(read(fd, second, 5), 5);
  CHECK(!strcmp(first, second));
  CHECK_EQ(pread(fd, first, 5, 100000), 0);
  CHECK_ERRNO(RAW(pread64, fd, 8L, 5L, 0L), EFAULT);
  CHECK_ERRNO(open("/proc/version/x", O_RDONLY), ENOTDIR);
  close(fd);
}

/* Whoever types more than anybody reads has to wait. */
static void full_terminal(void) {
  int master = (int)CHECK_OK(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK));
  int unlocked = 0, number = -1, typed = 0;
  char name[32], newlines[1000], line[100];
  CHECK_EQ(ioctl(master, TIOCSPTLCK, &unlocked), 0);
  CHECK_EQ(ioctl(master, TIOCGPTN, &number), 0);
  snprintf(name, sizeof name, "/dev/pts/%d", number);
  int slave = (int)CHECK_OK(open(name, O_RDWR | O_NOCTTY | O_NONBLOCK));
  memset(newlines, '\n', sizeof newlines);
  ssize_t more;
  for (int tries = 0; tries < 20000 && typed < 1 << 20; tries++) {
    more = write(master, newlines, sizeof newlines);
    if (more > 0) typed += (int)more;
    if (more < 0 && errno == EAGAIN) break;
  }
  CHECK(typed >= 4096 && typed < 1 << 17);
  struct pollfd p = {master, POLLOUT, 0};
  CHECK_EQ(poll(&p, 1, 0), 0);
  CHECK_EQ(read(slave, line, sizeof line), 1);
  for (int i = 0; i < 4095; i++) CHECK_EQ(read(slave, line, sizeof line), 1);
  CHECK_EQ(poll(&p, 1, 1000), 1);
  CHECK_EQ(p.revents, POLLOUT);
  close(slave), close(master);
}

/* A read that is long because of its many ranges ends when its process is killed. */
static void killed_while_reading(const char *path) {
  size_t bytes = 2 << 20;
  pid_t child = fork();
  if (child == 0) {
    int fd = open(path, O_RDONLY);
    struct iovec ranges[1024];
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 1024; i++) ranges[i] = (struct iovec){memory, bytes};
    for (;;)
      if (readv(fd, ranges, 1024) <= 0) _exit(1);
  }
  usleep(50000);
  int64_t start = now_ns();
  int status = 0;
  CHECK_EQ(kill(child, SIGKILL), 0);
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(now_ns() - start < 2000000000);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

int main(int argc, char **argv) {
  check_start("procdev", argc, argv);
  null_device();
  zero_device();
  full_device();
  random_devices();
  directories();
  self_status();
  self_exe(argv[0]);
  self_fd();
  self_task();
  self_fdinfo();
  self_stat();
  self_maps();
  detailed_maps();
  system_files();
  full_terminal();
  killed_while_reading("/dev/urandom");
  killed_while_reading("/dev/zero");
  return check_report();
}
