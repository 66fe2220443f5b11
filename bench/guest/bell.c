/*
 * The program under measurement: does what it is told on standard input and says how long that
 * took, so that the same binary can be driven natively and in the guest.
 *
 *   bell [CPU]
 *
 * With a CPU it first binds itself to that one. The commands (../command.h):
 *
 *   null   count times getppid, by the bare instruction
 *   read   count times pread of size bytes at offset 0 of a file, one call each
 *   write  likewise pwrite
 *   open   count times open and close of a file that is there
 *   stat   count times stat of it
 *   small  count times the three phases of smallfile, with 100 files of one byte in 4 directories
 *   phase  how long the phase with the number size took, of the last "small"
 *   thread count times getppid in each of size threads at once, from the first begin to the last end
 *
 * Everything is made in a directory of its own in the current one. The file that is read and written
 * has no name there. Before the first transfer of a size, and outside the time, the file is filled and read back, and what comes back is
 * compared; so the file's pages and those of the buffer are there when time counts. The exit code
 * is 1 with a line on standard error when something fails.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "../command.h"
#include "phases.h"

static const char *const NAME = "bell.data";
static int file = -1;
static char *buffer;
static size_t buffer_bytes, checked_bytes;

static void __attribute__((noreturn)) fail(const char *call) {
  fprintf(stderr, "bell: %s: %s\n", call, strerror(errno));
  exit(1);
}

static long getppid_bare(void) {
  long result;
  __asm__ volatile("mov %1, %%eax\n syscall" : "=&a"(result) : "i"(SYS_getppid) : "rcx", "r11", "memory");
  return result;
}

static uint64_t null_calls(uint64_t count) {
  long parent = getppid_bare(), different = 0;
  uint64_t start = now_ns();
  for (uint64_t i = 0; i < count; i++) different += getppid_bare() != parent;
  uint64_t spent = now_ns() - start;
  if (different) {
    errno = EILSEQ;
    fail("getppid");
  }
  return spent;
}

static void transfer(int writing, size_t size) {
  ssize_t n = writing ? pwrite(file, buffer, size, 0) : pread(file, buffer, size, 0);
  if (n == (ssize_t)size) return;
  if (n >= 0) errno = EIO;
  fail(writing ? "pwrite" : "pread");
}

/* A value for each 8 bytes that says where it belongs. */
static uint64_t mark(size_t at) { return at * 0x9e3779b97f4a7c15ULL; }

static void check_round_trip(size_t size) {
  size_t count = size / sizeof(uint64_t);
  uint64_t *words = (uint64_t *)buffer;
  for (size_t i = 0; i < count; i++) words[i] = mark(i);
  transfer(1, size);
  memset(buffer, 0xff, size);
  transfer(0, size);
  for (size_t i = 0; i < count; i++) {
    if (words[i] == mark(i)) continue;
    errno = EILSEQ;
    fail("read back something else than was written");
  }
}

/* Makes file and buffer fit for transfers of a size. */
static void prepare(size_t size) {
  if (size == checked_bytes) return;
  if (file < 0) {
    file = open(NAME, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (file < 0) fail(NAME);
    if (unlink(NAME)) fail("unlink");
  }
  if (size > buffer_bytes) {
    if (buffer && munmap(buffer, buffer_bytes)) fail("munmap");
    buffer = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (buffer == MAP_FAILED) fail("mmap");
    buffer_bytes = size;
  }
  check_round_trip(size);
  checked_bytes = size;
}

static uint64_t transfers(int writing, uint64_t count, size_t size) {
  prepare(size);
  uint64_t start = now_ns();
  for (uint64_t i = 0; i < count; i++) transfer(writing, size);
  return now_ns() - start;
}

static const char *const NAMED = "named";
static char directory[] = "bell.XXXXXX";

/* Goes to a directory of its own, so that nothing is left in the way of the next one. */
static void enter_directory(void) {
  if (!mkdtemp(directory) || chdir(directory)) fail(directory);
}

static void leave_directory(void) {
  unlink(NAMED);
  if (!chdir("..")) rmdir(directory);
}

/* Makes a file with a name if it is not there yet, outside the time. */
static void prepare_named(void) {
  int fd = open(NAMED, O_RDWR | O_CREAT, 0600);
  if (fd < 0 || close(fd)) fail(NAMED);
}

static uint64_t opens(uint64_t count) {
  prepare_named();
  uint64_t start = now_ns();
  for (uint64_t i = 0; i < count; i++) {
    int fd = open(NAMED, O_RDONLY);
    if (fd < 0 || close(fd)) fail("open");
  }
  return now_ns() - start;
}

static uint64_t stats(uint64_t count) {
  prepare_named();
  struct stat status;
  uint64_t start = now_ns();
  for (uint64_t i = 0; i < count; i++)
    if (stat(NAMED, &status)) fail("stat");
  return now_ns() - start;
}

enum { SMALL_FILES = 100, SMALL_DIRECTORIES = 4 };

static uint64_t phase_ns[PHASES];

static uint64_t small_files(uint64_t count) {
  if (!phase_paths) phases_prepare(SMALL_FILES, SMALL_DIRECTORIES, 1);
  memset(phase_ns, 0, sizeof phase_ns);
  uint64_t total = 0;
  for (uint64_t i = 0; i < count; i++) {
    make_directories();
    for (int phase = 0; phase < PHASES; phase++) {
      uint64_t start = now_ns();
      PHASE_RUNS[phase]();
      uint64_t spent = now_ns() - start;
      phase_ns[phase] += spent;
      total += spent;
    }
    remove_directories();
  }
  return total;
}

enum { THREADS_MAX = 256 };

static pthread_barrier_t together;

struct span {
  uint64_t count, start, end;
};

static void *call_in_thread(void *argument) {
  struct span *span = argument;
  pthread_barrier_wait(&together);
  span->start = now_ns();
  null_calls(span->count);
  span->end = now_ns();
  return NULL;
}

/* From when the first of the threads begins until the last is done. */
static uint64_t threads_call(uint64_t count, size_t threads) {
  pthread_t all[THREADS_MAX];
  struct span spans[THREADS_MAX];
  if (threads == 0 || threads > THREADS_MAX) {
    errno = EINVAL;
    fail("threads");
  }
  if (pthread_barrier_init(&together, NULL, (unsigned)threads)) fail("barrier");
  for (size_t i = 0; i < threads; i++) {
    spans[i].count = count;
    if ((errno = pthread_create(&all[i], NULL, call_in_thread, &spans[i]))) fail("thread");
  }
  uint64_t first = UINT64_MAX, last = 0;
  for (size_t i = 0; i < threads; i++) {
    if ((errno = pthread_join(all[i], NULL))) fail("join");
    if (spans[i].start < first) first = spans[i].start;
    if (spans[i].end > last) last = spans[i].end;
  }
  pthread_barrier_destroy(&together);
  return last - first;
}

static uint64_t execute(const struct command *command) {
  switch (command->operation) {
    case COMMAND_NULL: return null_calls(command->count);
    case COMMAND_READ: return transfers(0, command->count, command->size);
    case COMMAND_WRITE: return transfers(1, command->count, command->size);
    case COMMAND_OPEN_CLOSE: return opens(command->count);
    case COMMAND_STAT: return stats(command->count);
    case COMMAND_SMALLFILE: return small_files(command->count);
    case COMMAND_PHASE: return command->size < PHASES ? phase_ns[command->size] : 0;
    case COMMAND_THREADS: return threads_call(command->count, command->size);
    default: errno = EINVAL; fail("command");
  }
}

static void bind_to(const char *text) {
  char *end;
  long cpu = strtol(text, &end, 10);
  if (end == text || *end || cpu < 0 || cpu >= CPU_SETSIZE) {
    fprintf(stderr, "usage: bell [CPU]\n");
    exit(2);
  }
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET((size_t)cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set)) fail("sched_setaffinity");
}

int main(int argc, char **argv) {
  if (argc > 1) bind_to(argv[1]);
  enter_directory();
  atexit(leave_directory);
  struct command command;
  while (next_command(&command) && answer(execute(&command))) continue;
  return 0;
}
