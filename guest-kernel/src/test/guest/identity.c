/*
 * Who may do what: another user's processes, files, names and programs (credentials(7), capabilities(7)). As root it forks children that are users; without
 * root there is nothing to fork to, and little is checked.
 */
#include "check.h"

#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { ALICE = 1000, BOB = 1001 };

static void become(uid_t uid) {
  CHECK_EQ(setgroups(0, NULL), 0);
  CHECK_EQ(setresgid(uid, uid, uid), 0);
  CHECK_EQ(setresuid(uid, uid, uid), 0);
}

/* Runs checks as a user, in a child, and takes over the sums. */
static void as(uid_t uid, void (*checks)(void)) {
  int sums[2];
  unsigned both[2] = {0, 0};
  CHECK_EQ(pipe(sums), 0);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    check_passed = check_failed = 0;
    become(uid);
    checks();
    fflush(stdout);
    both[0] = check_passed, both[1] = check_failed;
    _exit(write(sums[1], both, sizeof both) != sizeof both);
  }
  close(sums[1]);
  int status = -1;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
  CHECK_EQ(read(sums[0], both, sizeof both), sizeof both);
  check_passed += both[0];
  check_failed += both[1];
  close(sums[0]);
}

/* A process of a user that does nothing, for others to try on. */
static pid_t sleeper(uid_t uid) {
  int ready[2];
  CHECK_EQ(pipe(ready), 0);
  pid_t child = fork();
  if (child == 0) {
    setsid();
    become(uid);
    if (write(ready[1], "x", 1) == 1) pause();
    _exit(0);
  }
  char byte;
  CHECK_EQ(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  close(ready[1]);
  return child;
}

static pid_t victim;

/* ---- processes ---- */

static void another_users_process(void) {
  CHECK_ERRNO(kill(victim, SIGTERM), EPERM);
  CHECK_ERRNO(kill(victim, 0), EPERM);
  CHECK_ERRNO(kill(victim, SIGCONT), EPERM); /* another session */
  CHECK_ERRNO(kill(-victim, SIGTERM), EPERM);
  CHECK_ERRNO(kill(getppid(), SIGTERM), EPERM);
  CHECK_ERRNO(sigqueue(victim, SIGUSR1, (union sigval){0}), EPERM);
  CHECK_ERRNO(RAW(tgkill, victim, victim, SIGTERM), EPERM);
  CHECK_ERRNO(kill(victim, 1000), EINVAL);
  CHECK_ERRNO(setpriority(PRIO_PROCESS, (id_t)victim, 10), EPERM);
  CHECK_OK(getpriority(PRIO_PROCESS, (id_t)victim));
  struct rlimit limit;
  CHECK_ERRNO(prlimit(victim, RLIMIT_CORE, NULL, &limit), EPERM);
  limit.rlim_cur = limit.rlim_max = 0;
  CHECK_ERRNO(prlimit(victim, RLIMIT_CORE, &limit, NULL), EPERM);
  struct sched_param parameters = {0};
  CHECK_ERRNO(sched_setscheduler(victim, SCHED_OTHER, &parameters), EPERM);
  CHECK_ERRNO(sched_setparam(victim, &parameters), EPERM);
  CHECK_EQ(sched_getscheduler(victim), SCHED_OTHER);
  cpu_set_t cpus;
  CHECK_EQ(sched_getaffinity(victim, sizeof cpus, &cpus), 0);
  CHECK_ERRNO(sched_setaffinity(victim, sizeof cpus, &cpus), EPERM);
  CHECK_ERRNO(setpgid(victim, 0), ESRCH); /* no child of this one */
  CHECK_OK(getpgid(victim));
  CHECK_OK(getsid(victim));
}

static void own_process(void) {
  CHECK_EQ(kill(victim, 0), 0);
  CHECK_EQ(setpriority(PRIO_PROCESS, (id_t)victim, 5), 0);
  CHECK_EQ(getpriority(PRIO_PROCESS, (id_t)victim), 5);
  CHECK_ERRNO(setpriority(PRIO_PROCESS, (id_t)victim, 1), EACCES); /* up again is the superuser's */
  CHECK_ERRNO(setpriority(PRIO_PROCESS, (id_t)victim, -1), EACCES);
  struct rlimit limit = {10, 20};
  CHECK_EQ(prlimit(victim, RLIMIT_CORE, &limit, NULL), 0);
  limit.rlim_max = 21;
  CHECK_ERRNO(prlimit(victim, RLIMIT_CORE, &limit, NULL), EPERM);
  CHECK_EQ(kill(victim, SIGKILL), 0);
}

static void own_limits(void) {
  struct rlimit limit = {5, 10};
  CHECK_EQ(setrlimit(RLIMIT_CORE, &limit), 0);
  limit.rlim_cur = 11;
  CHECK_ERRNO(setrlimit(RLIMIT_CORE, &limit), EINVAL);
  limit.rlim_max = 11;
  CHECK_ERRNO(setrlimit(RLIMIT_CORE, &limit), EPERM);
  CHECK_ERRNO(setpriority(PRIO_PROCESS, 0, -5), EACCES);
  struct sched_param parameters = {.sched_priority = 10};
  CHECK_ERRNO(sched_setscheduler(0, SCHED_FIFO, &parameters), EPERM);
  CHECK_ERRNO(setgroups(0, NULL), EPERM);
  CHECK_ERRNO(setuid(0), EPERM);
  CHECK_ERRNO(setgid(0), EPERM);
  CHECK_ERRNO(setresuid(-1, 0, -1), EPERM);
  CHECK_ERRNO(setreuid(0, -1), EPERM);
  CHECK_ERRNO(chroot("."), EPERM);
  struct timeval now = {0, 0};
  CHECK_ERRNO(settimeofday(&now, NULL), EPERM);
}

/* What another user's process shows of itself in /proc. */
static void another_users_proc(void) {
  char path[64], text[64];
  struct stat status;
  static const char *const OPEN[] = {"stat", "status", "cmdline", "comm", "statm", "limits"};
  for (size_t i = 0; i < sizeof OPEN / sizeof *OPEN; i++) {
    snprintf(path, sizeof path, "/proc/%d/%s", victim, OPEN[i]);
    int fd = (int)CHECK_OK(open(path, O_RDONLY));
    CHECK_EQ(close(fd), 0);
  }
  static const char *const SHUT[] = {"environ", "auxv"};
  for (size_t i = 0; i < sizeof SHUT / sizeof *SHUT; i++) {
    snprintf(path, sizeof path, "/proc/%d/%s", victim, SHUT[i]);
    CHECK_ERRNO(open(path, O_RDONLY), EACCES);
  }
  static const char *const LINKS[] = {"cwd", "root", "exe"};
  for (size_t i = 0; i < sizeof LINKS / sizeof *LINKS; i++) {
    snprintf(path, sizeof path, "/proc/%d/%s", victim, LINKS[i]);
    CHECK_ERRNO(readlink(path, text, sizeof text), EACCES);
    CHECK_ERRNO(open(path, O_RDONLY), EACCES);
  }
  snprintf(path, sizeof path, "/proc/%d/fd", victim);
  CHECK_ERRNO(open(path, O_RDONLY | O_DIRECTORY), EACCES);
  snprintf(path, sizeof path, "/proc/%d/fd/0", victim);
  CHECK_ERRNO(readlink(path, text, sizeof text), EACCES);
  snprintf(path, sizeof path, "/proc/%d", victim);
  CHECK_EQ(stat(path, &status), 0);
  CHECK_EQ(status.st_uid, BOB);
  snprintf(path, sizeof path, "/proc/%d/maps", victim);
  int fd = open(path, O_RDONLY);
  CHECK(fd < 0 ? errno == EACCES || errno == EPERM : read(fd, text, sizeof text) <= 0);
  if (fd >= 0) close(fd);
}

/* ---- files ---- */

static void another_users_files(void) {
  CHECK_ERRNO(open("secret", O_RDONLY), EACCES);
  CHECK_ERRNO(open("public", O_WRONLY), EACCES);
  CHECK_ERRNO(truncate("public", 0), EACCES);
  CHECK_ERRNO(chmod("public", 0777), EPERM);
  CHECK_ERRNO(chown("public", ALICE, (gid_t)-1), EPERM);
  CHECK_ERRNO(chown("public", (uid_t)-1, ALICE), EPERM);
  CHECK_ERRNO(utimensat(AT_FDCWD, "public", (struct timespec[2]){{1, 0}, {1, 0}}, 0), EPERM);
  CHECK_ERRNO(utimensat(AT_FDCWD, "public", NULL, 0), EACCES);
  CHECK_ERRNO(access("secret", R_OK), EACCES);
  CHECK_ERRNO(execl("public", "public", NULL), EACCES);
  CHECK_ERRNO(open("closed/inside", O_RDONLY), EACCES);
  CHECK_ERRNO(chdir("closed"), EACCES);
  CHECK_ERRNO(mkdir("here", 0755), EACCES); /* the directory is root's */
  CHECK_ERRNO(unlink("public"), EACCES);
  CHECK_ERRNO(rename("public", "taken"), EACCES);
  CHECK_ERRNO(symlink("a", "b"), EACCES);
  CHECK_ERRNO(open("public", O_RDONLY | O_NOATIME), EPERM);
  CHECK_OK(open("public", O_RDONLY));
}

/* A directory that all may write to, in which everybody's files are his own. */
static void sticky_directory(void) {
  CHECK_ERRNO(unlink("shared/bobs"), EPERM);
  CHECK_ERRNO(rename("shared/bobs", "shared/mine"), EPERM);
  CHECK_ERRNO(rmdir("shared/bobsdir"), EPERM);
  int fd = (int)CHECK_OK(open("shared/mine", O_CREAT | O_WRONLY, 0644));
  CHECK_EQ(close(fd), 0);
  CHECK_ERRNO(rename("shared/mine", "shared/bobs"), EPERM);
  CHECK_EQ(rename("shared/mine", "shared/still"), 0);
  CHECK_EQ(unlink("shared/still"), 0);
}

static void own_files(void) {
  int fd = (int)CHECK_OK(open("shared/own", O_CREAT | O_WRONLY, 0644));
  CHECK_EQ(fchmod(fd, 06755), 0);
  struct stat status;
  CHECK_EQ(fstat(fd, &status), 0);
  CHECK_EQ(status.st_mode & 07777, 06755);
  CHECK_EQ(status.st_uid, ALICE);
  CHECK_EQ(write(fd, "x", 1), 1); /* takes set-user-id and set-group-id away */
  CHECK_EQ(fstat(fd, &status), 0);
  CHECK_EQ(status.st_mode & 07777, 0755);
  CHECK_ERRNO(fchown(fd, BOB, (gid_t)-1), EPERM); /* nothing can be given away */
  CHECK_ERRNO(fchown(fd, (uid_t)-1, BOB), EPERM);
  CHECK_EQ(fchown(fd, ALICE, ALICE), 0);
  CHECK_EQ(close(fd), 0);
  CHECK_ERRNO(mknod("shared/null", S_IFCHR | 0666, makedev(1, 3)), EPERM);
  CHECK_ERRNO(mknod("shared/disk", S_IFBLK | 0666, makedev(8, 0)), EPERM);
  CHECK_EQ(mknod("shared/fifo", S_IFIFO | 0666, 0), 0);
  CHECK_EQ(unlink("shared/fifo"), 0);
  CHECK_EQ(unlink("shared/own"), 0);
}

static int try_to_connect(const char *path) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  strcpy(name.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  int result = connect(fd, (struct sockaddr *)&name, sizeof name);
  int error = errno;
  close(fd);
  errno = error;
  return result;
}

static void another_users_socket(void) {
  CHECK_ERRNO(try_to_connect("shared/guarded"), EACCES);
  CHECK_EQ(try_to_connect("shared/open"), 0);
  CHECK_ERRNO(try_to_connect("closed/socket"), EACCES);
  struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "mine"};
  int fd = (int)CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
  CHECK_ERRNO(bind(fd, (struct sockaddr *)&name, sizeof name), EACCES);
  CHECK_EQ(close(fd), 0);
}

static int listener(const char *path, mode_t mode) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  strcpy(name.sun_path, path);
  int fd = (int)CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
  CHECK_EQ(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
  CHECK_EQ(listen(fd, 5), 0);
  CHECK_EQ(chmod(path, mode), 0);
  return fd;
}

/* Whoever becomes somebody else is not sent what he has asked his parent's end to send. */
static void parents_signal(void) {
  pid_t child = fork();
  if (child == 0) {
    int signal = -1, bad = prctl(PR_SET_PDEATHSIG, SIGUSR1) != 0;
    bad |= (setresuid(-1, ALICE, -1) != 0) << 1;
    bad |= (prctl(PR_GET_PDEATHSIG, &signal) != 0 || signal != 0) << 2;
    bad |= (prctl(PR_GET_DUMPABLE) == 1) << 3;
    _exit(bad);
  }
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(WEXITSTATUS(status), 0);
}

/* ---- programs ---- */

/* This program again, as `identity ids`: says who it is. */
static int print_ids(void) {
  uid_t real, effective, saved;
  gid_t group, effective_group, saved_group;
  getresuid(&real, &effective, &saved);
  getresgid(&group, &effective_group, &saved_group);
  printf("%u %u %u %u %u %u", real, effective, saved, group, effective_group, saved_group);
  return 0;
}

/* What a program of this file with these permissions says it is. */
static void ids_of(const char *path, char *text, size_t size) {
  int output[2];
  CHECK_EQ(pipe(output), 0);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    dup2(output[1], 1);
    execl(path, "identity", "ids", NULL);
    _exit(errno);
  }
  close(output[1]);
  size_t length = 0;
  for (ssize_t n; length < size - 1 && (n = read(output[0], text + length, size - 1 - length)) > 0;) length += (size_t)n;
  text[length] = 0;
  close(output[0]);
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
}

static void set_user_id_programs(void) {
  char text[128];
  ids_of("shared/plain", text, sizeof text);
  CHECK(!strcmp(text, "1000 1000 1000 1000 1000 1000"));
  ids_of("shared/setuid", text, sizeof text);
  CHECK(!strcmp(text, "1000 1001 1001 1000 1000 1000"));
  ids_of("shared/setgid", text, sizeof text);
  CHECK(!strcmp(text, "1000 1000 1000 1000 1001 1001"));
  ids_of("shared/setroot", text, sizeof text);
  CHECK(!strcmp(text, "1000 0 0 1000 1000 1000"));
  CHECK_ERRNO(execl("shared/forbidden", "identity", "ids", NULL), EACCES);
  CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  ids_of("shared/setroot", text, sizeof text);
  CHECK(!strcmp(text, "1000 1000 1000 1000 1000 1000"));
}

static void copy_program(const char *path, uid_t uid, gid_t gid, mode_t mode) {
  int from = (int)CHECK_OK(open("/proc/self/exe", O_RDONLY));
  int to = (int)CHECK_OK(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0700));
  static char block[1 << 16];
  for (ssize_t n; (n = read(from, block, sizeof block)) > 0;) CHECK_EQ(write(to, block, (size_t)n), n);
  CHECK_EQ(fchown(to, uid, gid), 0);
  CHECK_EQ(fchmod(to, mode), 0);
  CHECK_EQ(close(to), 0);
  CHECK_EQ(close(from), 0);
}

static bool honours_set_user_id(void) {
  FILE *mounts = fopen("/proc/self/mountinfo", "r");
  char line[1024];
  struct stat here;
  stat(".", &here);
  bool honours = true;
  while (mounts && fgets(line, sizeof line, mounts)) {
    unsigned major, minor;
    if (sscanf(line, "%*d %*d %u:%u", &major, &minor) == 2 && makedev(major, minor) == here.st_dev && strstr(line, "nosuid"))
      honours = false;
  }
  if (mounts) fclose(mounts);
  return honours;
}

/* A file of a user with content. */
static void make(const char *path, uid_t uid, mode_t mode) {
  write_file(path, "text", 4);
  CHECK_EQ(chown(path, uid, uid), 0);
  CHECK_EQ(chmod(path, mode), 0);
}

int main(int argc, char **argv) {
  if (argc == 2 && !strcmp(argv[1], "ids")) return print_ids();
  check_start("identity", argc, argv);
  if (geteuid() != 0) {
    check_skip("other users: this is not root");
    return check_report();
  }
  CHECK_EQ(fchmodat(check_parent_fd, check_scratch, 0755, 0), 0);
  as(ALICE, own_limits);
  parents_signal();

  victim = sleeper(BOB);
  as(ALICE, another_users_process);
  as(ALICE, another_users_proc);
  CHECK_EQ(kill(victim, SIGKILL), 0); /* the superuser may */
  CHECK_EQ(waitpid(victim, NULL, 0), victim);
  victim = sleeper(ALICE);
  as(ALICE, own_process);
  CHECK_EQ(waitpid(victim, NULL, 0), victim);

  make("secret", BOB, 0600);
  make("public", BOB, 0644);
  CHECK_EQ(mkdir("closed", 0700), 0);
  make("closed/inside", 0, 0644);
  CHECK_EQ(mkdir("shared", 0777), 0);
  CHECK_EQ(chmod("shared", 01777), 0);
  make("shared/bobs", BOB, 0666);
  CHECK_EQ(mkdir("shared/bobsdir", 0777), 0);
  CHECK_EQ(chown("shared/bobsdir", BOB, BOB), 0);
  as(ALICE, another_users_files);
  as(ALICE, sticky_directory);
  as(ALICE, own_files);

  int guarded = listener("shared/guarded", 0755), open = listener("shared/open", 0777), closed = listener("closed/socket", 0777);
  as(ALICE, another_users_socket);
  CHECK_EQ(close(guarded) | close(open) | close(closed), 0);

  copy_program("shared/plain", BOB, BOB, 0755);
  copy_program("shared/setuid", BOB, BOB, 04755);
  copy_program("shared/setgid", BOB, BOB, 02755);
  copy_program("shared/setroot", 0, 0, 04755);
  copy_program("shared/forbidden", BOB, BOB, 0700);
  if (honours_set_user_id()) as(ALICE, set_user_id_programs);
  else check_skip("set-user-id programs: mounted with nosuid");
  return check_report();
}
