/*
 * Restartable sequences (rseq(2)): the area that names the processor, registration and its errors,
 * sequences that signals and other threads interrupt, what children inherit, and areas that lie.
 */
#include "waits.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define SIGNATURE 0x53053053

enum { UNREGISTER = 1, AREA_BYTES = 32 };

struct area {
  int32_t cpu_start, cpu;
  uint64_t sequence;
  uint32_t flags, node, concurrency, padding;
} __attribute__((aligned(32)));

/* How many turns of a loop no sequence lives to see, some seconds, and few enough to end in 1 ms. */
static const uint64_t FOR_EVER = 10000000000, SHORT = 100000;

static __thread struct area mine;
static volatile sig_atomic_t hits;

static long rseq(void *area, unsigned bytes, int flags, unsigned signature) {
  return RAW(rseq, area, bytes, flags, signature);
}

/*
 * A sequence that counts down; SIGN precedes its abort handler. True if it was aborted.
 */
#define DEFINE_SPIN(name, sign)                                                                    \
  static int name(struct area *area, uint64_t turns) {                                             \
    int aborted;                                                                                   \
    __asm__ volatile(".pushsection .data.rel.ro, \"aw\"\n\t"                                       \
                     ".balign 32\n"                                                                \
                     "7:\t.long 0, 0\n\t"                                                          \
                     ".quad 1f, 2f - 1f, 4f\n\t"                                                   \
                     ".popsection\n\t"                                                             \
                     "leaq 7b(%%rip), %%rax\n\t"                                                   \
                     "movq %%rax, 8(%[area])\n"                                                    \
                     "1:\tdecq %[turns]\n\t"                                                       \
                     "jnz 1b\n"                                                                    \
                     "2:\txorl %[aborted], %[aborted]\n\t"                                         \
                     "jmp 3f\n\t"                                                                  \
                     ".byte 0x0f, 0xb9, 0x3d\n\t"                                                  \
                     ".long " sign "\n"                                                            \
                     "4:\tmovl $1, %[aborted]\n"                                                   \
                     "3:\n"                                                                        \
                     : [aborted] "=&r"(aborted), [turns] "+&r"(turns)                              \
                     : [area] "r"(area)                                                            \
                     : "rax", "memory", "cc");                                                     \
    return aborted;                                                                                \
  }
DEFINE_SPIN(spin, "0x53053053")
DEFINE_SPIN(spin_unsigned, "0x53053054")

static void count(int signal) {
  (void)signal;
  hits++;
}

static int pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return sched_setaffinity(0, sizeof set, &set);
}

static int first_cpu(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set)) return 0;
  for (int i = 0; i < CPU_SETSIZE; i++)
    if (CPU_ISSET(i, &set)) return i;
  return 0;
}

/* Gives back what the C library has registered, if it has; sizes of other libraries are its own. */
static bool free_of_library(void) {
  extern const ptrdiff_t __rseq_offset __attribute__((weak));
  extern const unsigned __rseq_size __attribute__((weak));
  if (&__rseq_offset == NULL || __rseq_size == 0) return true;
  char *area = (char *)__builtin_thread_pointer() + __rseq_offset;
  return rseq(area, AREA_BYTES, UNREGISTER, SIGNATURE) == 0;
}

static void registration(void) {
  CHECK_ERRNO(rseq(&mine, AREA_BYTES, UNREGISTER, SIGNATURE), EINVAL); /* nothing is registered */
  CHECK_ERRNO(rseq(&mine, AREA_BYTES, 2, SIGNATURE), EINVAL);
  CHECK_ERRNO(rseq(&mine, AREA_BYTES, UNREGISTER | 2, SIGNATURE), EINVAL);
  CHECK_ERRNO(rseq(&mine, AREA_BYTES - 4, 0, SIGNATURE), EINVAL);
  CHECK_ERRNO(rseq((char *)&mine + 8, AREA_BYTES, 0, SIGNATURE), EINVAL);
  CHECK_ERRNO(rseq((void *)0xffff800000000000, AREA_BYTES, 0, SIGNATURE), EFAULT);
  mine.cpu = -1;
  CHECK_EQ(rseq(&mine, AREA_BYTES, 0, SIGNATURE), 0);
  CHECK_ERRNO(rseq(&mine, AREA_BYTES, 0, SIGNATURE), EBUSY);
  CHECK_ERRNO(rseq(&mine, AREA_BYTES, 0, SIGNATURE + 1), EPERM);
  CHECK_ERRNO(rseq(&mine, 2 * AREA_BYTES, 0, SIGNATURE), EINVAL);
  CHECK_ERRNO(rseq(&mine + 1, AREA_BYTES, 0, SIGNATURE), EINVAL);
  CHECK_ERRNO(rseq(&mine, AREA_BYTES, UNREGISTER, SIGNATURE + 1), EPERM);
  CHECK_ERRNO(rseq(&mine + 1, AREA_BYTES, UNREGISTER, SIGNATURE), EINVAL);
  CHECK(mine.cpu >= 0);
  CHECK_EQ(mine.cpu, mine.cpu_start);
  CHECK_EQ(rseq(&mine, AREA_BYTES, UNREGISTER, SIGNATURE), 0);
  CHECK_EQ(mine.cpu, -1);
  CHECK_EQ(mine.cpu_start, 0);
  CHECK_EQ(rseq(&mine, AREA_BYTES, 0, SIGNATURE), 0);
}

/* Wherever the thread is moved, the area says so. */
static void names_the_processor(void) {
  cpu_set_t all;
  CHECK_EQ(sched_getaffinity(0, sizeof all, &all), 0);
  for (int turn = 0; turn < 3; turn++) {
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
      if (!CPU_ISSET(cpu, &all)) continue;
      CHECK_EQ(pin(cpu), 0);
      CHECK_EQ(((volatile struct area *)&mine)->cpu, cpu);
      CHECK_EQ(mine.cpu_start, cpu);
      unsigned named = 1000;
      CHECK_EQ(RAW(getcpu, &named, NULL, NULL), 0);
      CHECK_EQ(named, cpu);
    }
  }
  CHECK_EQ(sched_setaffinity(0, sizeof all, &all), 0);
}

static void sequences_end(void) {
  CHECK_EQ(spin(&mine, 10), 0); /* too short to be interrupted, but for once in a while */
  bool ended = false;
  for (int i = 0; i < 100 && !ended; i++) ended = !spin(&mine, SHORT);
  CHECK(ended);
}

static void signals_abort(void) {
  handle(SIGALRM, count, 0);
  hits = 0;
  alarm_in(20000);
  CHECK_EQ(spin(&mine, FOR_EVER), 1);
  CHECK_EQ(mine.sequence, 0);
  while (hits == 0) usleep(1000); /* another thread's turn may have come before the signal */
  CHECK_EQ(hits, 1);
}

struct rival {
  int cpu, aborted;
};

static void *compete(void *argument) {
  struct rival *rival = argument;
  struct area area = {.cpu = -1};
  free_of_library(); /* it may not have registered any */
  bool own = rseq(&area, AREA_BYTES, 0, SIGNATURE) == 0 && pin(rival->cpu) == 0;
  rival->aborted = own ? spin(&area, FOR_EVER) : -1;
  if (own && ((rival->aborted && area.sequence) || area.cpu != rival->cpu)) rival->aborted = -2;
  rseq(&area, AREA_BYTES, UNREGISTER, SIGNATURE);
  return NULL;
}

/* On one processor each of two sequences ends when the other thread's turn comes. */
static void other_threads_abort(void) {
  struct rival rivals[2];
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) {
    rivals[i] = (struct rival){.cpu = first_cpu(), .aborted = 0};
    CHECK_EQ(pthread_create(&threads[i], NULL, compete, &rivals[i]), 0);
  }
  for (int i = 0; i < 2; i++) CHECK_EQ(pthread_join(threads[i], NULL), 0);
  /* Whoever is left has the processor to itself, and ends by counting. */
  CHECK(rivals[0].aborted >= 0);
  CHECK(rivals[1].aborted >= 0);
  CHECK(rivals[0].aborted + rivals[1].aborted >= 1);
}

static void children_inherit(void) {
  pid_t child = fork();
  if (child == 0) {
    errno = 0;
    bool busy = rseq(&mine, AREA_BYTES, 0, SIGNATURE) == -1 && errno == EBUSY;
    bool named = pin(first_cpu()) == 0 && ((volatile struct area *)&mine)->cpu == first_cpu();
    handle(SIGALRM, count, 0);
    alarm_in(10000);
    _exit(busy && named && spin(&mine, FOR_EVER) == 1 ? 0 : 1);
  }
  int status = -1;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
}

/* What a child with a wild area ends with. */
static int end_of(void (*wild)(void)) {
  pid_t child = fork();
  if (child == 0) {
    struct rlimit none = {0, 0}, seconds = {5, 5};
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_CPU, &seconds);
    handle(SIGALRM, count, 0);
    alarm_in(10000);
    wild();
    _exit(0);
  }
  int status = -1;
  CHECK_EQ(waitpid(child, &status, 0), child);
  return status;
}

static void without_signature(void) { spin_unsigned(&mine, FOR_EVER); }

static void to_nowhere(void) {
  for (;;) *(volatile uint64_t *)&mine.sequence = 8;
}

static void lies_kill(void) {
  CHECK_EQ(end_of(without_signature), SIGSEGV);
  CHECK_EQ(end_of(to_nowhere), SIGSEGV);
}

int main(int argc, char **argv) {
  check_start("sequences", argc, argv);
  if (!free_of_library() || (rseq(&mine, AREA_BYTES, 0, SIGNATURE) && errno == ENOSYS)) {
    check_skip("restartable sequences");
    return check_report();
  }
  rseq(&mine, AREA_BYTES, UNREGISTER, SIGNATURE);
  registration();
  names_the_processor();
  sequences_end();
  signals_abort();
  other_threads_abort();
  children_inherit();
  lies_kill();
  return check_report();
}
