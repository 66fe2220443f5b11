/* Memory: brk, mmap in its kinds, protection, remapping, advice, and user pointers that end badly. */
#include "check.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE, PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS };

static char *map(size_t length, int protection, int flags) {
  char *p = mmap(NULL, length, protection, flags, -1, 0);
  CHECK(p != MAP_FAILED);
  return p;
}

static bool all(const char *p, size_t length, char value) {
  for (size_t i = 0; i < length; i++)
    if (p[i] != value) return false;
  return true;
}

/* Whether the kernel can read here, asked without touching it: write a byte of it to a file. */
static bool readable(int probe, const void *p) { return pwrite(probe, p, 1, 0) == 1; }

static void program_break(void) {
  uintptr_t start = (uintptr_t)RAW(brk, 0L);
  CHECK(start > PAGE);
  CHECK_EQ(RAW(brk, 0L), start);
  uintptr_t base = (start + PAGE - 1) & -(uintptr_t)PAGE;
  CHECK_EQ(RAW(brk, base + 10 * PAGE), base + 10 * PAGE);
  char *heap = (char *)base;
  CHECK(all(heap, 10 * PAGE, 0));
  memset(heap, 7, 10 * PAGE);
  CHECK_EQ(RAW(brk, base + PAGE), base + PAGE);
  CHECK_EQ(RAW(brk, base + 10 * PAGE), base + 10 * PAGE);
  CHECK(all(heap, PAGE, 7));
  CHECK(all(heap + PAGE, 9 * PAGE, 0)); /* what was given back returns as zeroes */
  CHECK_EQ(RAW(brk, 1L), base + 10 * PAGE); /* failure is the old break, no errno */
  CHECK_EQ(RAW(brk, -1L), base + 10 * PAGE);
  CHECK_EQ(RAW(brk, 0x8000000000000000UL), base + 10 * PAGE);
  CHECK_EQ(RAW(brk, base + 5), base + 5);
  CHECK_EQ(RAW(brk, start), start);
}

static void anonymous(void) {
  char *p = map(8 * PAGE, RW, PRIVATE);
  CHECK_EQ((uintptr_t)p % PAGE, 0);
  CHECK(all(p, 8 * PAGE, 0));
  memset(p, 1, 8 * PAGE);
  CHECK_EQ(munmap(p + 2 * PAGE, 2 * PAGE), 0); /* a hole */
  CHECK_EQ(munmap(p + 2 * PAGE, 2 * PAGE), 0); /* nothing there is no error */
  CHECK(all(p, 2 * PAGE, 1) && all(p + 4 * PAGE, 4 * PAGE, 1));
  char *hole = mmap(p + 2 * PAGE, PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0);
  CHECK(hole == p + 2 * PAGE);
  CHECK(all(hole, PAGE, 0));
  CHECK_ERRNO(mmap(p, PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
  CHECK(p[0] == 1);
  CHECK(mmap(p, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0) == p);
  CHECK(all(p, 2 * PAGE, 0));
  CHECK(p[4 * PAGE] == 1);
  CHECK_EQ(munmap(p, 8 * PAGE), 0);

  char *hinted = mmap(p + 1, PAGE, RW, PRIVATE, -1, 0); /* a hint is rounded, not refused */
  CHECK(hinted != MAP_FAILED && (uintptr_t)hinted % PAGE == 0);
  CHECK_EQ(munmap(hinted, 1), 0);
  char *shared = map(PAGE, RW, MAP_SHARED | MAP_ANONYMOUS);
  CHECK(all(shared, PAGE, 0));
  shared[5] = 5;
  CHECK_EQ(munmap(shared, PAGE), 0);

  CHECK_ERRNO(mmap(NULL, 0, RW, PRIVATE, -1, 0), EINVAL);
  CHECK_ERRNO(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0), EINVAL);
  CHECK_ERRNO(RAW(mmap, NULL, (long)PAGE, RW, PRIVATE, -1, 1L), EINVAL);
  CHECK_ERRNO(RAW(mmap, NULL, -1L, RW, PRIVATE, -1, 0L), ENOMEM);
  CHECK_ERRNO(mmap(NULL, 1UL << 47, RW, PRIVATE | MAP_NORESERVE, -1, 0), ENOMEM);
  CHECK_ERRNO(mmap((void *)1, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), EINVAL);
  CHECK_ERRNO(mmap((void *)(1UL << 48), PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), ENOMEM);
  CHECK_ERRNO(mmap((void *)-(uintptr_t)PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), ENOMEM);
  CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
  CHECK_ERRNO(munmap(p + 1, PAGE), EINVAL);
  CHECK_ERRNO(munmap(p, 0), EINVAL);
  CHECK_ERRNO(RAW(munmap, p, -1L), EINVAL);
  CHECK_ERRNO(munmap((void *)(1UL << 60), PAGE), EINVAL);
}

static void protection(int probe) {
  char *p = map(4 * PAGE, RW, PRIVATE);
  memset(p, 'p', 4 * PAGE);
  CHECK_EQ(mprotect(p + PAGE, PAGE, PROT_NONE), 0);
  CHECK(readable(probe, p) && !readable(probe, p + PAGE) && readable(probe, p + 2 * PAGE));
  CHECK_EQ(mprotect(p + PAGE, PAGE, PROT_READ), 0);
  CHECK(p[PAGE] == 'p');
  int zero = (int)CHECK_OK(open("/dev/zero", O_RDONLY));
  CHECK_ERRNO(read(zero, p + PAGE, 1), EFAULT);
  CHECK_EQ(mprotect(p, 4 * PAGE, RW), 0);
  CHECK_EQ(read(zero, p + PAGE, 1), 1);
  CHECK(p[PAGE] == 0 && p[PAGE + 1] == 'p');
  CHECK_EQ(mprotect(p, 0, PROT_NONE), 0);
  CHECK_ERRNO(mprotect(p + 1, PAGE, RW), EINVAL);
  CHECK_ERRNO(mprotect(p, PAGE, 0x100), EINVAL);
  CHECK_EQ(munmap(p + 3 * PAGE, PAGE), 0);
  CHECK_ERRNO(mprotect(p, 4 * PAGE, PROT_READ), ENOMEM);
  CHECK_ERRNO(RAW(mprotect, p, -4096L, RW), ENOMEM);
  CHECK_EQ(mprotect(p, 3 * PAGE, RW), 0);
  /* Code that is written, made executable and run. */
  const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3}; /* mov $42,%eax; ret */
  memcpy(p, code, sizeof code);
  CHECK_EQ(mprotect(p, PAGE, PROT_READ | PROT_EXEC), 0);
  CHECK_EQ(((int (*)(void))p)(), 42);
  CHECK_EQ(mprotect(p, PAGE, RW), 0);
  p[1] = 43;
  CHECK_EQ(mprotect(p, PAGE, PROT_READ | PROT_EXEC), 0);
  CHECK_EQ(((int (*)(void))p)(), 43);
  close(zero);
  CHECK_EQ(munmap(p, 4 * PAGE), 0);
}

static void remapping(int probe) {
  char *p = map(16 * PAGE, RW, PRIVATE);
  memset(p, 'r', 4 * PAGE);
  CHECK_EQ(munmap(p + 4 * PAGE, 12 * PAGE), 0);
  CHECK(mremap(p, 4 * PAGE, 8 * PAGE, 0) == p); /* room behind it */
  CHECK(all(p, 4 * PAGE, 'r') && all(p + 4 * PAGE, 4 * PAGE, 0));
  CHECK(mremap(p, 8 * PAGE, 2 * PAGE, 0) == p);
  CHECK(!readable(probe, p + 2 * PAGE) && readable(probe, p + PAGE));
  char *wall = mmap(p + 2 * PAGE, PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0);
  CHECK(wall == p + 2 * PAGE);
  CHECK_ERRNO(mremap(p, 2 * PAGE, 600 * PAGE, 0), ENOMEM);
  char *moved = mremap(p, 2 * PAGE, 600 * PAGE, MREMAP_MAYMOVE);
  CHECK(moved != MAP_FAILED && moved != p);
  CHECK(all(moved, 2 * PAGE, 'r') && all(moved + 2 * PAGE, 598 * PAGE, 0));
  CHECK(!readable(probe, p));
  char *there = map(4 * PAGE, RW, PRIVATE);
  memset(there, 't', 4 * PAGE);
  CHECK(mremap(moved, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, there + PAGE) == there + PAGE);
  CHECK(all(there, PAGE, 't') && all(there + PAGE, 2 * PAGE, 'r') && all(there + 3 * PAGE, PAGE, 't'));
  CHECK(!readable(probe, moved) && readable(probe, moved + 2 * PAGE));
  CHECK_ERRNO(mremap(there + 1, PAGE, PAGE, 0), EINVAL);
  CHECK_ERRNO(mremap(there, PAGE, 0, 0), EINVAL);
  CHECK_ERRNO(mremap(there, PAGE, PAGE, 0x80), EINVAL);
  CHECK_ERRNO(mremap(there, PAGE, PAGE, MREMAP_FIXED, p), EINVAL);
  CHECK_ERRNO(mremap(there, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, there + PAGE), EINVAL);
  CHECK_ERRNO(mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
  CHECK_EQ(munmap(there, 4 * PAGE) | munmap(moved, 600 * PAGE) | munmap(wall, PAGE), 0);
}

static void advice(int probe) {
  char *p = map(8 * PAGE, RW, PRIVATE);
  memset(p, 'a', 8 * PAGE);
  CHECK_EQ(madvise(p + PAGE, 2 * PAGE, MADV_DONTNEED), 0);
  CHECK(all(p, PAGE, 'a') && all(p + PAGE, 2 * PAGE, 0) && all(p + 3 * PAGE, 5 * PAGE, 'a'));
  CHECK_EQ(madvise(p, 8 * PAGE, MADV_WILLNEED), 0);
  CHECK_EQ(madvise(p, 8 * PAGE, MADV_NORMAL), 0);
  CHECK_EQ(madvise(p, 0, MADV_DONTNEED), 0);
  CHECK_ERRNO(madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL);
  CHECK_ERRNO(madvise(p, PAGE, 9999), EINVAL);
  CHECK_ERRNO(RAW(madvise, p, -1L, MADV_DONTNEED), EINVAL);
  unsigned char core[8];
  CHECK_EQ(mincore(p, 8 * PAGE, core), 0);
  CHECK((core[0] & 1) && (core[7] & 1));
  CHECK_ERRNO(mincore(p + 1, PAGE, core), EINVAL);
  CHECK_ERRNO(RAW(mincore, p, (long)PAGE, NULL), EFAULT);
  CHECK_EQ(munmap(p + 4 * PAGE, PAGE), 0);
  CHECK_ERRNO(mincore(p, 8 * PAGE, core), ENOMEM);
  CHECK_ERRNO(madvise(p, 8 * PAGE, MADV_DONTNEED), ENOMEM);
  CHECK(p[0] == 0 && p[7 * PAGE] == 0); /* done for what is mapped all the same */
  CHECK_EQ(msync(p, PAGE, MS_SYNC), 0);
  CHECK_ERRNO(msync(p + 1, PAGE, MS_SYNC), EINVAL);
  CHECK_ERRNO(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
  CHECK_ERRNO(msync(p + 4 * PAGE, PAGE, MS_SYNC), ENOMEM);
  CHECK(!readable(probe, p + 4 * PAGE));
  CHECK_EQ(munmap(p, 8 * PAGE), 0);
}

static void file_mappings(int probe) {
  int fd = (int)CHECK_OK(open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0644));
  char block[3 * PAGE];
  memset(block, 'f', sizeof block);
  CHECK_EQ(write(fd, block, 2 * PAGE + 100), 2 * PAGE + 100);
  char *shared = mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0);
  char *private = mmap(NULL, 3 * PAGE, RW, MAP_PRIVATE, fd, 0);
  char *second = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
  CHECK(shared != MAP_FAILED && private != MAP_FAILED && second != MAP_FAILED);
  CHECK(all(shared, 2 * PAGE + 100, 'f'));
  CHECK(all(shared + 2 * PAGE + 100, PAGE - 100, 0)); /* the tail of the last page is zeroes */
  CHECK(all(private, 2 * PAGE + 100, 'f'));

  CHECK_EQ(pwrite(fd, "file", 4, PAGE), 4);
  CHECK(!memcmp(shared + PAGE, "file", 4));
  CHECK(!memcmp(second, "file", 4));
  memcpy(shared, "mapping", 7);
  CHECK_EQ(pread(fd, block, 7, 0), 7);
  CHECK(!memcmp(block, "mapping", 7));
  memcpy(shared + PAGE + 10, "both", 4);
  CHECK(!memcmp(second + 10, "both", 4));
  memcpy(private, "private", 7);
  memcpy(private + 2 * PAGE, "private", 7);
  CHECK(!memcmp(shared, "mapping", 7));
  CHECK_EQ(pread(fd, block, 7, 2 * PAGE), 7);
  CHECK(all(block, 7, 'f'));
  CHECK_EQ(pwrite(fd, "changed", 7, 0), 7);
  CHECK(!memcmp(private, "private", 7)); /* a page once copied stays its own */
  CHECK_EQ(msync(shared, 3 * PAGE, MS_SYNC), 0);
  CHECK_EQ(madvise(private, PAGE, MADV_DONTNEED), 0);
  CHECK(!memcmp(private, "changed", 7)); /* and is the file's again */

  /* A write through the mapping past the end of file, in its last page, is not in the file. */
  shared[2 * PAGE + 200] = 'x';
  struct stat st;
  CHECK_EQ(fstat(fd, &st), 0);
  CHECK_EQ(st.st_size, 2 * PAGE + 100);
  CHECK_EQ(ftruncate(fd, PAGE), 0);
  CHECK(!readable(probe, shared + PAGE)); /* beyond the end of file: EFAULT, SIGBUS if touched */
  CHECK(readable(probe, shared));
  CHECK_EQ(ftruncate(fd, 3 * PAGE), 0);
  CHECK(all(shared + PAGE, 2 * PAGE, 0));
  CHECK(all(second, PAGE, 0));
  CHECK_EQ(close(fd), 0);
  shared[PAGE] = 'k'; /* a mapping keeps the file */
  CHECK_EQ(unlink("mapped"), 0);
  CHECK(shared[PAGE] == 'k' && second[0] == 'k');
  CHECK_EQ(munmap(shared, 3 * PAGE) | munmap(private, 3 * PAGE) | munmap(second, PAGE), 0);

  write_file("readonly", "r", 1);
  fd = (int)CHECK_OK(open("readonly", O_RDONLY));
  CHECK_ERRNO(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0), EACCES);
  CHECK_ERRNO(RAW(mmap, NULL, (long)PAGE, PROT_READ, MAP_SHARED, fd, 5L), EINVAL);
  char *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
  CHECK(p != MAP_FAILED && p[0] == 'r');
  CHECK_ERRNO(mprotect(p, PAGE, RW), EACCES);
  CHECK_EQ(munmap(p, PAGE), 0);
  p = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
  CHECK(p != MAP_FAILED);
  p[0] = 'w';
  close(fd);
  CHECK_EQ(munmap(p, PAGE), 0);
  fd = (int)CHECK_OK(open("readonly", O_WRONLY));
  CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), EACCES);
  close(fd);
  fd = (int)CHECK_OK(open(".", O_RDONLY));
  CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), ENODEV);
  close(fd);
}

/* A buffer whose second half is not there: as much as fits, then EFAULT. */
static void half_buffers(void) {
  char *p = map(3 * PAGE, RW, PRIVATE);
  CHECK_EQ(mprotect(p + PAGE, PAGE, PROT_NONE) | munmap(p + 2 * PAGE, PAGE), 0);
  memset(p, 'h', PAGE);
  int fd = (int)CHECK_OK(open("half", O_RDWR | O_CREAT | O_TRUNC, 0644));
  CHECK_ERRNO(write(fd, p + PAGE, 10), EFAULT);
  CHECK_ERRNO(write(fd, p + 2 * PAGE, 10), EFAULT);
  ssize_t n = write(fd, p + PAGE - 10, 20);
  CHECK(n == 10);
  CHECK_EQ(lseek(fd, 0, SEEK_CUR), n);
  CHECK_EQ(ftruncate(fd, 2 * PAGE), 0);
  CHECK_EQ(pread(fd, p + PAGE - 100, 200, 10), 100);
  CHECK_ERRNO(pread(fd, p + PAGE, 200, 0), EFAULT);
  CHECK_EQ(pread(fd, p + PAGE, 0, 0), 0);
  struct iovec pieces[] = {{p, 50}, {p + PAGE, 50}, {p + 60, 50}};
  CHECK_EQ(preadv(fd, pieces, 3, 0), 50);
  CHECK_EQ(pwritev(fd, pieces, 3, 0), 50);
  CHECK_ERRNO(preadv(fd, (struct iovec *)(p + PAGE), 1, 0), EFAULT);
  struct iovec *across = (struct iovec *)(p + PAGE - sizeof(struct iovec));
  *across = (struct iovec){p, 10};
  CHECK_ERRNO(preadv(fd, across, 2, 0), EFAULT);
  CHECK_EQ(preadv(fd, across, 1, 0), 10);
  struct stat *st = (struct stat *)(p + PAGE - sizeof(struct stat) + 8);
  CHECK_ERRNO(RAW(fstat, fd, st), EFAULT);
  CHECK_EQ(RAW(fstat, fd, (char *)st - 8), 0);
  strcpy(p + PAGE - 5, "half");
  CHECK_EQ(access(p + PAGE - 5, F_OK), 0);
  memcpy(p + PAGE - 5, "halfs", 5); /* a string that runs off the page */
  CHECK_ERRNO(access(p + PAGE - 5, F_OK), EFAULT);
  long random = RAW(getrandom, p + PAGE - 8, 16L, 0);
  CHECK(random == 8 || (random == -1 && errno == EFAULT));
  close(fd);
  CHECK_EQ(munmap(p, 2 * PAGE), 0);
}

static void in_proc_maps(void) {
  char *p = map(3 * PAGE, RW, PRIVATE);
  CHECK_EQ(mprotect(p + PAGE, PAGE, PROT_READ), 0);
  static char text[1 << 16];
  CHECK(read_text("/proc/self/maps", text, sizeof text) > 0);
  bool found = false, ordered = true, own_stack = false;
  unsigned long last = 0;
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    unsigned long low, high;
    char mode[5];
    if (sscanf(line, "%lx-%lx %4s", &low, &high, mode) != 3 || low >= high) {
      CHECK_EQ(strlen(line), 0);
      break;
    }
    ordered &= low >= last || low > 1UL << 47;
    last = high;
    found |= low == (uintptr_t)p + PAGE && high == low + PAGE && !strcmp(mode, "r--p");
    own_stack |= low <= (uintptr_t)&last && (uintptr_t)&last < high && mode[1] == 'w';
  }
  CHECK(found);
  CHECK(ordered);
  CHECK(own_stack);
  CHECK_EQ(munmap(p, 3 * PAGE), 0);
}

/* Goes down the stack touching every page, then below the stack pointer's page by large frames. */
static __attribute__((noinline)) unsigned deep(unsigned levels) {
  volatile char frame[8192];
  frame[0] = (char)levels;
  frame[8191] = 1;
  unsigned below = levels ? deep(levels - 1) : 0;
  return below + (unsigned)frame[8191] * (frame[0] == (char)levels);
}

static __attribute__((noinline)) unsigned jump_down(void) {
  volatile char frame[3 << 20];
  frame[0] = 3; /* the first touch is 3 MiB below what was used: stack growth in one step */
  return (unsigned)frame[0];
}

static void stack_growth(void) {
  CHECK_EQ(jump_down(), 3);
  CHECK_EQ(deep(700), 701); /* 5.6 MiB of the usual 8 */
  struct rlimit limit;
  CHECK_EQ(getrlimit(RLIMIT_STACK, &limit), 0);
  CHECK(limit.rlim_cur >= 7 << 20);
}

static void sparse_gibibyte(void) {
  const size_t length = 1UL << 30, step = 4 << 20;
  char *p = map(length, RW, PRIVATE | MAP_NORESERVE);
  if (p == MAP_FAILED) return;
  for (size_t at = 0; at < length; at += step) p[at + at / step] = (char)(at / step + 1);
  bool right = true;
  for (size_t at = 0; at < length; at += step)
    right &= p[at + at / step] == (char)(at / step + 1) && p[at + PAGE] == 0;
  CHECK(right);
  unsigned char core[1];
  CHECK_EQ(mincore(p, PAGE, core), 0);
  CHECK(core[0] & 1);
  CHECK_EQ(munmap(p, length), 0);
}

/* Many small mappings side by side, every other one removed: the kernel's list must stay right. */
static void many_mappings(int probe) {
  enum { COUNT = 512 };
  char *p = map(COUNT * PAGE, RW, PRIVATE);
  for (int i = 0; i < COUNT; i++) p[i * PAGE] = (char)i;
  for (int i = 0; i < COUNT; i += 2)
    if (mprotect(p + i * PAGE, PAGE, PROT_READ)) CHECK_OK(-1);
  for (int i = 1; i < COUNT; i += 4)
    if (munmap(p + i * PAGE, PAGE)) CHECK_OK(-1);
  int right = 0;
  for (int i = 0; i < COUNT; i++)
    right += i % 4 == 1 ? !readable(probe, p + i * PAGE) : p[i * PAGE] == (char)i;
  CHECK_EQ(right, COUNT);
  CHECK_EQ(munmap(p, COUNT * PAGE), 0);
  CHECK(!readable(probe, p) && !readable(probe, p + (COUNT - 1) * PAGE));
}

int main(int argc, char **argv) {
  check_start("memory", argc, argv);
  int probe = (int)CHECK_OK(open("probe", O_RDWR | O_CREAT, 0600));
  program_break();
  anonymous();
  protection(probe);
  remapping(probe);
  advice(probe);
  file_mappings(probe);
  half_buffers();
  in_proc_maps();
  stack_growth();
  sparse_gibibyte();
  many_mappings(probe);
  close(probe);
  return check_report();
}
