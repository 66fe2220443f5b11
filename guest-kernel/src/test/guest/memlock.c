/* Locked memory: mlock and its kin, RLIMIT_MEMLOCK, and what may not be done to what is locked. */
#include "check.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE, PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS };
enum { LIMIT = 16 * PAGE, USER = 12345 };

static char *map(size_t pages, int protection, int flags) {
  char *p = mmap(NULL, pages * PAGE, protection, flags, -1, 0);
  CHECK(p != MAP_FAILED);
  return p;
}

/* A line of a file of /proc/self, in pages; -1 if there is none. */
static long pages_of(const char *path, const char *name) {
  char line[256];
  long kilobytes = -4;
  FILE *file = fopen(path, "r");
  if (!file) return -1;
  while (fgets(line, sizeof line, file))
    if (strncmp(line, name, strlen(name)) == 0) kilobytes = atol(line + strlen(name));
  fclose(file);
  return kilobytes / 4;
}

static long locked(void) { return pages_of("/proc/self/status", "VmLck:"); }

static long resident(char *p, size_t pages) {
  unsigned char vector[64];
  long sum = 0;
  CHECK_EQ(mincore(p, pages * PAGE, vector), 0);
  for (size_t i = 0; i < pages; i++) sum += vector[i] & 1;
  return sum;
}

static void ranges(void) {
  CHECK_EQ(locked(), 0);
  char *p = map(8, RW, PRIVATE);
  CHECK_EQ(resident(p, 8), 0);
  CHECK_EQ(mlock(p + PAGE + 5, PAGE), 0); /* both pages that it touches */
  CHECK_EQ(locked(), 2);
  CHECK_EQ(resident(p + PAGE, 2), 2);
  CHECK_EQ(mlock(p, 0), 0);
  CHECK_EQ(locked(), 2);
  CHECK_EQ(mlock(p, 4 * PAGE), 0);
  CHECK_EQ(locked(), 4);
  CHECK_EQ(munlock(p + PAGE, PAGE), 0);
  CHECK_EQ(locked(), 3);
  CHECK_EQ(munmap(p + 2 * PAGE, PAGE), 0);
  CHECK_EQ(locked(), 2);
  CHECK_ERRNO(mlock(p, 4 * PAGE), ENOMEM); /* the hole; what is before it is locked */
  CHECK_EQ(locked(), 3);
  CHECK_ERRNO(munlock(p, 4 * PAGE), ENOMEM);
  CHECK_EQ(locked(), 1);
  CHECK_EQ(munlock(p + 3 * PAGE, PAGE), 0);
  CHECK_EQ(locked(), 0);
  CHECK_ERRNO(mlock((void *)-PAGE, 3 * PAGE), EINVAL); /* it wraps */
  CHECK_ERRNO(mlock((void *)(1UL << 62), PAGE), ENOMEM);
  CHECK_ERRNO(munlock((void *)(1UL << 62), PAGE), ENOMEM);
  CHECK_EQ(munmap(p, 8 * PAGE), 0);

  p = map(4, RW, PRIVATE);
  CHECK_EQ(RAW(mlock2, p, 4 * PAGE, 1), 0); /* MLOCK_ONFAULT */
  CHECK_EQ(locked(), 4);
  CHECK_EQ(resident(p, 4), 0);
  p[PAGE] = 1;
  CHECK_EQ(mlock(p, 4 * PAGE), 0);
  CHECK_EQ(locked(), 4);
  CHECK_EQ(resident(p, 4), 4);
  CHECK_ERRNO(RAW(mlock2, p, PAGE, 2), EINVAL);
  CHECK_EQ(munmap(p, 4 * PAGE), 0);
  CHECK_EQ(locked(), 0);

  p = map(2, PROT_NONE, PRIVATE);
  CHECK_ERRNO(mlock(p, 2 * PAGE), ENOMEM); /* it cannot be brought in, but is locked */
  CHECK_EQ(locked(), 2);
  CHECK_EQ(munmap(p, 2 * PAGE), 0);
}

static void what_is_locked_stays(int file) {
  char *p = map(4, RW, PRIVATE);
  memset(p, 7, 4 * PAGE);
  CHECK_EQ(mlock(p, PAGE), 0);
  CHECK_ERRNO(madvise(p, PAGE, MADV_DONTNEED), EINVAL);
  CHECK_ERRNO(madvise(p, PAGE, MADV_FREE), EINVAL);
  CHECK_EQ(p[0], 7);
  CHECK_EQ(madvise(p + PAGE, PAGE, MADV_DONTNEED), 0);
  CHECK_EQ(p[PAGE], 0);
  CHECK_EQ(madvise(p, PAGE, MADV_WILLNEED), 0);
  CHECK_EQ(munlock(p, PAGE), 0);
  CHECK_EQ(madvise(p, PAGE, MADV_DONTNEED), 0);
  CHECK_EQ(p[0], 0);
  CHECK_EQ(munmap(p, 4 * PAGE), 0);

  char *shared = mmap(NULL, PAGE, RW, MAP_SHARED, file, 0);
  CHECK(shared != MAP_FAILED);
  CHECK_EQ(msync(shared, PAGE, MS_SYNC | MS_INVALIDATE), 0);
  CHECK_EQ(mlock(shared, PAGE), 0);
  CHECK_ERRNO(msync(shared, PAGE, MS_SYNC | MS_INVALIDATE), EBUSY);
  CHECK_EQ(msync(shared, PAGE, MS_SYNC), 0);
  CHECK_ERRNO(madvise(shared, PAGE, MADV_REMOVE), EINVAL);
  CHECK_EQ(munmap(shared, PAGE), 0);
  CHECK_EQ(locked(), 0);
}

static void children_and_moves(void) {
  char *p = map(4, RW, PRIVATE | MAP_LOCKED);
  CHECK_EQ(locked(), 4);
  CHECK_EQ(resident(p, 4), 4);
  CHECK_EQ(pages_of("/proc/self/smaps_rollup", "Locked:"), 4);
  pid_t child = fork();
  if (child == 0) _exit(locked() == 0 ? 0 : 1); /* locks are not inherited */
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
  CHECK_EQ(locked(), 4);
  p = mremap(p, 4 * PAGE, 6 * PAGE, MREMAP_MAYMOVE);
  CHECK(p != MAP_FAILED);
  CHECK_EQ(locked(), 6);
  CHECK_EQ(resident(p, 6), 6);
  p = mremap(p, 6 * PAGE, 2 * PAGE, 0);
  CHECK(p != MAP_FAILED);
  CHECK_EQ(locked(), 2);
  CHECK_EQ(mprotect(p, PAGE, PROT_READ), 0);
  CHECK_EQ(locked(), 2);
  CHECK_EQ(munmap(p, 2 * PAGE), 0);
  CHECK_EQ(locked(), 0);
}

static void everything(void) {
  CHECK_ERRNO(mlockall(0), EINVAL);
  CHECK_ERRNO(mlockall(MCL_ONFAULT), EINVAL);
  CHECK_ERRNO(mlockall(64), EINVAL);
  char *before = map(2, RW, PRIVATE);
  CHECK_EQ(mlockall(MCL_FUTURE), 0);
  CHECK_EQ(locked(), 0);
  char *p = map(3, RW, PRIVATE);
  CHECK_EQ(locked(), 3);
  CHECK_EQ(resident(p, 3), 3);
  CHECK_EQ(mlockall(MCL_FUTURE | MCL_ONFAULT), 0);
  char *q = map(2, RW, PRIVATE);
  CHECK_EQ(locked(), 5);
  CHECK_EQ(resident(q, 2), 0);
  CHECK_EQ(munlockall(), 0);
  CHECK_EQ(locked(), 0);
  char *r = map(2, RW, PRIVATE);
  CHECK_EQ(locked(), 0);
  CHECK_EQ(resident(r, 2), 0);
  CHECK_EQ(resident(before, 2), 0);
  munmap(before, 2 * PAGE), munmap(p, 3 * PAGE), munmap(q, 2 * PAGE), munmap(r, 2 * PAGE);
}

static void set_limit(rlim_t bytes) {
  struct rlimit limit;
  CHECK_EQ(getrlimit(RLIMIT_MEMLOCK, &limit), 0);
  limit.rlim_cur = bytes;
  CHECK_EQ(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
}

static void limits(void) {
  set_limit(LIMIT);
  char *p = map(32, RW, PRIVATE);
  CHECK_ERRNO(mlock(p, LIMIT + 1), ENOMEM);
  CHECK_EQ(locked(), 0);
  CHECK_EQ(mlock(p, LIMIT), 0);
  CHECK_EQ(mlock(p, LIMIT), 0); /* what is locked counts once */
  CHECK_ERRNO(mlock(p + PAGE, LIMIT), ENOMEM);
  CHECK_EQ(locked(), 16);
  CHECK_ERRNO(mlockall(MCL_CURRENT), ENOMEM);
  CHECK_ERRNO(mmap(NULL, PAGE, RW, PRIVATE | MAP_LOCKED, -1, 0) == MAP_FAILED ? -1 : 0, EAGAIN);
  CHECK_EQ(munlock(p, PAGE), 0);
  char *q = map(1, RW, PRIVATE | MAP_LOCKED);
  CHECK_EQ(locked(), 16);
  CHECK_ERRNO(mremap(q, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0, EAGAIN);
  CHECK_EQ(munmap(q, PAGE), 0);
  CHECK_EQ(munlock(p, LIMIT), 0);
  CHECK_EQ(mlockall(MCL_FUTURE), 0);
  CHECK_ERRNO(mmap(NULL, LIMIT + PAGE, RW, PRIVATE, -1, 0) == MAP_FAILED ? -1 : 0, EAGAIN);
  uintptr_t end = (uintptr_t)RAW(brk, 0L);
  CHECK_EQ(RAW(brk, end + LIMIT + PAGE), end);
  CHECK_EQ(RAW(brk, end + PAGE), end + PAGE);
  CHECK(locked() >= 1);
  CHECK_EQ(munlockall(), 0);
  CHECK_EQ(munmap(p, 32 * PAGE), 0);
  set_limit(0);
  p = map(1, RW, PRIVATE);
  CHECK_ERRNO(mlock(p, PAGE), EPERM);
  CHECK_ERRNO(mlockall(MCL_FUTURE), EPERM);
  CHECK_ERRNO(mmap(NULL, PAGE, RW, PRIVATE | MAP_LOCKED, -1, 0) == MAP_FAILED ? -1 : 0, EPERM);
  CHECK_EQ(munlock(p, PAGE), 0);
  CHECK_EQ(munlockall(), 0);
}

int main(int argc, char **argv) {
  check_start("memlock", argc, argv);
  int file = (int)CHECK_OK(open("mapped", O_RDWR | O_CREAT, 0600));
  CHECK_EQ(ftruncate(file, PAGE), 0);
  ranges();
  what_is_locked_stays(file);
  children_and_moves();
  everything();
  /* Who may lock as much as he likes has no limit to be checked. */
  bool root = geteuid() == 0;
  if (root) CHECK_EQ(seteuid(USER), 0);
  limits();
  if (root) CHECK_EQ(seteuid(0), 0);
  return check_report();
}
