/*
 * Coherence of memory under stress: what one thread or process changes about a page, its contents,
 * its frame or the permission to use it, every other one must see, and from then on nothing else.
 * Frames and page tables that are given back must not show what they held.
 *
 * `coherence [DIRECTORY [SECONDS] [-v]]`: how long it takes altogether, 2 by default. Every part does a
 * few rounds however long they take, and then as many as there is time for. Threads and processes
 * count what they find wrong in shared memory; the number of checks is always the same.
 */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

enum {
  PAGE = 4096,
  RW = PROT_READ | PROT_WRITE,
  PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS,
  SHARED = MAP_SHARED | MAP_ANONYMOUS,
  MOST = 32,     /* workers */
  PAGES = 32,    /* of a region that all work on */
  LEAST = 3,     /* rounds of each part */
  PATIENCE = 60, /* seconds that something may take before it is said never to come */
  SAID = 6,      /* descriptions for each part; the rest is counted */
};

#define MIB (1UL << 20)
#define GIB (1UL << 30)

typedef _Atomic uint64_t word;

/* What all threads and processes share, whatever else is done to memory. */
static struct {
  atomic_uint wrong;                  /* findings of this part */
  atomic_bool abandoned;              /* nothing makes sense any more: all end */
  _Atomic long rounds;                /* of all that count theirs */
  atomic_bool go, stop;               /* all workers are there; the part is over */
  word generation, child_wrote, child_may_end;
  word order;                         /* the last one, its kind in the low bits */
  word fulfilled;                     /* the order whose effect is complete */
  word running[MOST], done[MOST];     /* the order that each worker is carrying out, or has */
  word mine[MOST][PAGES];             /* what each worker has written where */
  word where, moved;                  /* a region that moves, and how often it has */
  struct {
    word state, base, from, to, watched;
  } spans[MOST];
  word total;
} *control;

static const char *part;
static int crew_most, probe;
static double seconds = 2;
static bool verbose;
static long until;

static long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void nap(long micros) { nanosleep(&(struct timespec){0, micros * 1000}, NULL); }

/* A finding; at once and in one piece, also from children and handlers. */
__attribute__((format(printf, 3, 4))) static void wrong(int line, const char *text,
                                                         const char *format, ...) {
  if (control->wrong++ >= SAID) return;
  char buffer[512];
  int length = snprintf(buffer, sizeof buffer, "%s:%d: %s: %s: ", __FILE__, line, part, text);
  va_list arguments;
  va_start(arguments, format);
  length += vsnprintf(buffer + length, sizeof buffer - (size_t)length - 1, format, arguments);
  va_end(arguments);
  if (length > (int)sizeof buffer - 2) length = (int)sizeof buffer - 2;
  buffer[length++] = '\n';
  if (write(1, buffer, (size_t)length) < 0) control->abandoned = true;
}

#define EXPECT(condition, ...) \
  ((condition) || (wrong(__LINE__, #condition, __VA_ARGS__), false))

/* Whether there is another round to do. */
static bool more(long *round) {
  if (control->abandoned) return false;
  return (*round)++ < LEAST || now() < until;
}

struct patience {
  unsigned turns;
  long end;
};

/* Lets others run; false when it has taken too long. */
static bool relax(struct patience *patience) {
  unsigned turn = ++patience->turns;
  if (turn == 1) patience->end = now() + PATIENCE * 1000000000L;
  if (turn < 200)
    __builtin_ia32_pause();
  else if (turn < 400)
    sched_yield();
  else
    nap(turn < 800 ? 20 : 200);
  return !control->abandoned && (turn % 64 || now() < patience->end);
}

/* Waits for what must come. If it does not, all is over. */
#define AWAIT(condition, ...)                                                 \
  ({                                                                          \
    struct patience await_patience = {0};                                     \
    bool await_ok;                                                            \
    while (!(await_ok = (condition)) && relax(&await_patience)) {}            \
    if (!await_ok && !control->abandoned) {                                   \
      wrong(__LINE__, "never came: " #condition, __VA_ARGS__);                \
      control->abandoned = true;                                              \
    }                                                                         \
    await_ok;                                                                 \
  })

static uint64_t mix(uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

static unsigned roll(uint64_t *seed, unsigned below) {
  return (unsigned)(mix(*seed += 0x9e3779b97f4a7c15) >> 32) % below;
}

/* ---- accesses that may trap ---- */

static __thread struct {
  sigjmp_buf back;
  volatile bool armed;
  volatile int signal, code;
  char *volatile address;
} trap;

static void on_trap(int signal, siginfo_t *info, void *context) {
  (void)context;
  if (!trap.armed) {
    wrong(__LINE__, "a signal where none may come", "signal %d code %d address %p", signal,
          info->si_code, info->si_addr);
    control->abandoned = true;
    printf("%s: ended by signal %d\n", check_name, signal);
    fflush(stdout);
    _exit(3);
  }
  trap.armed = false;
  trap.signal = signal;
  trap.code = info->si_code;
  trap.address = info->si_addr;
  siglongjmp(trap.back, 1);
}

static void catch(int signal) {
  struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigemptyset(&action.sa_mask);
  CHECK_EQ(sigaction(signal, &action, NULL), 0);
}

/* Reads a word; 0, or the signal that this raised. */
__attribute__((noinline)) static int try_read(const volatile word *p, uint64_t *value) {
  trap.signal = 0;
  if (sigsetjmp(trap.back, 0) == 0) {
    trap.armed = true;
    *value = atomic_load_explicit(p, memory_order_acquire);
    trap.armed = false;
  }
  return trap.signal;
}

/* Writes a word; 0, or the signal that this raised. */
__attribute__((noinline)) static int try_write(volatile word *p, uint64_t value) {
  trap.signal = 0;
  if (sigsetjmp(trap.back, 0) == 0) {
    trap.armed = true;
    atomic_store_explicit(p, value, memory_order_release);
    trap.armed = false;
  }
  return trap.signal;
}

/* Reads a word as the kernel sees it; false for EFAULT. */
static bool kernel_read(const void *p, uint64_t *value, int index) {
  if (pwrite(probe, p, 8, 8 * index) != 8) return false;
  return pread(probe, value, 8, 8 * index) == 8;
}

/* ---- workers ---- */

struct worker {
  int index;
  uint64_t seed;
  void (*body)(struct worker *);
  pthread_t thread;
  pid_t process; /* or 0 for a thread */
};

static struct worker crew[MOST];

static void *work(void *worker) {
  struct worker *self = worker;
  if (AWAIT(control->go, "worker %d", self->index)) self->body(self);
  return NULL;
}

/* It begins when all may go: to start a thread maps memory, which may not be where holes have to be. */
static void start_worker(int index, void (*body)(struct worker *), bool process) {
  struct worker *self = &crew[index];
  *self = (struct worker){.index = index, .seed = mix((uint64_t)index + 1), .body = body};
  fflush(stdout);
  if (!process) {
    int error = pthread_create(&self->thread, NULL, work, self);
    if (!EXPECT(error == 0, "pthread_create: %d", error)) control->abandoned = true;
    return;
  }
  self->process = fork();
  if (self->process == 0) {
    work(self);
    _exit(0);
  }
  if (!EXPECT(self->process > 0, "fork: errno %d", errno)) control->abandoned = true;
}

/* Waits for a child, which must end well. */
static void reap(pid_t child) {
  int status = -1;
  pid_t reaped;
  while ((reaped = waitpid(child, &status, 0)) < 0 && errno == EINTR) {}
  EXPECT(reaped == child && status == 0, "child %d, waitpid %d, status 0x%x", child, reaped, status);
}

static void end_worker(int index) {
  struct worker *self = &crew[index];
  if (self->process > 0)
    reap(self->process);
  else if (self->process == 0 && self->thread)
    pthread_join(self->thread, NULL);
}

static void begin_part(const char *name, int parts) {
  part = name;
  memset(control, 0, sizeof *control);
  until = now() + (long)(seconds * 1e9 / parts);
}

/* Two checks: that it did what it had to, and found nothing wrong. */
static void end_part(long rounds) {
  CHECK(rounds >= LEAST);
  if (!CHECK_EQ(control->wrong, 0)) printf("%s: %u wrong\n", part, (unsigned)control->wrong);
  CHECK(!control->abandoned);
  if (verbose) printf("%s: %ld rounds\n", part, rounds);
  fflush(stdout);
}

static char *map(size_t length, int protection, int flags) {
  char *p = mmap(NULL, length, protection, flags, -1, 0);
  if (p == MAP_FAILED) {
    wrong(__LINE__, "mmap", "length %zu flags 0x%x errno %d", length, flags, errno);
    CHECK(p != MAP_FAILED);
    exit(1);
  }
  return p;
}

/* Maps again where a hole must be. */
static bool map_hole(char *at, size_t length, int flags) {
  char *p = mmap(at, length, RW, flags | MAP_FIXED_NOREPLACE, -1, 0);
  bool ok = EXPECT(p == at, "mmap at %p gives %p, errno %d", (void *)at, (void *)p, errno);
  if (!ok) control->abandoned = true;
  return ok;
}

/* The first word of a range that is not zero, or NULL. */
static const uint64_t *dirt(const char *p, size_t length) {
  const volatile uint64_t *words = (const volatile uint64_t *)p;
  for (size_t i = 0; i < length / 8; i++)
    if (words[i]) return (const uint64_t *)&words[i];
  return NULL;
}

static void expect_zero(const char *p, size_t length, const char *what) {
  const uint64_t *found = dirt(p, length);
  EXPECT(!found, "%s: at %p of %p + 0x%zx: 0x%lx", what, (const void *)found, (const void *)p, length,
         found ? *found : 0);
}

/* ---- 1: copy-on-write is broken while others read ---- */

enum {
  LARGE = 2 << 20,   /* a kernel copies it at a fork when it is written, and not in advance */
  BALLAST = 6 << 20, /* nor does it for a process with so much */
};

static char *region;

static word *word_of(int page, int offset) { return (word *)(region + page * PAGE) + offset; }

static uint64_t marker(uint64_t generation) { return generation | 1UL << 63; }

static void watch(struct worker *self) {
  uint64_t last[PAGES] = {0}, seen = 0;
  for (int turn = 0; !control->stop && !control->abandoned; turn++) {
    int page = turn % 4 ? turn % PAGES : 0;
    uint64_t generation = control->generation;
    uint64_t value = *word_of(page, 0);
    EXPECT(value >= generation && value >= last[page] && value < 1UL << 63,
           "page %d reads 0x%lx in generation %lu, before that %lu", page, value, generation, last[page]);
    last[page] = value;
    if (turn % 16 == 0 && self->index % 2) {
      uint64_t now_it_is = *word_of(page, 0);
      bool read = kernel_read(word_of(page, 0), &value, self->index);
      if (*word_of(page, 0) == now_it_is) /* and so was it in between */
        EXPECT(read && value == now_it_is, "page %d: the kernel reads 0x%lx, not %lu", page, value, now_it_is);
    }
    if (turn % 64 == 0) sched_yield();
    if (generation == seen) continue;
    for (page = 0; page < PAGES; page++)
      for (int offset = 0; offset < 2; offset++) {
        value = *word_of(page, offset);
        EXPECT(value == generation, "page %d word %d reads 0x%lx in generation %lu", page, offset,
               value, generation);
        bool read = kernel_read(word_of(page, offset), &value, self->index);
        EXPECT(read && value == generation, "page %d word %d: the kernel reads 0x%lx in generation %lu",
               page, offset, value, generation);
      }
    control->done[self->index] = seen = generation;
  }
}

enum { PARENT_FIRST, CHILD_FIRST, CHILD_ENDS_FIRST, WAYS };

static void child_of_break(uint64_t old, int way) {
  for (int turn = 0;; turn++) {
    bool last = control->child_may_end == old + 1 || control->abandoned || way == CHILD_ENDS_FIRST;
    for (int page = 0; page < PAGES; page++)
      for (int offset = 0; offset < 2; offset++) {
        uint64_t value = *word_of(page, offset), wanted = old;
        if (turn && way == CHILD_FIRST) wanted = marker(old);
        EXPECT(value == wanted, "child: page %d word %d reads 0x%lx, not 0x%lx", page, offset, value,
               wanted);
        if (turn == 0 && way == CHILD_FIRST) *word_of(page, offset) = marker(old);
        if (last && way != CHILD_FIRST) *word_of(page, offset) = marker(old + 1);
      }
    if (turn == 0) control->child_wrote = old + 1;
    if (last) break;
    sched_yield();
  }
}

static void breaks(int parts) {
  begin_part("copy-on-write under readers", parts);
  int readers = crew_most - 1;
  region = map(LARGE, RW, PRIVATE);
  for (size_t at = 0; at < LARGE; at += PAGE) region[at + PAGE - 1] = 1;
  for (int page = 0; page < PAGES; page++) *word_of(page, 0) = *word_of(page, 1) = 1;
  control->generation = 1;
  for (int i = 0; i < readers; i++) start_worker(i, watch, false);
  control->go = true;
  for (int i = 0; i < readers; i++) AWAIT(control->done[i] == 1, "reader %d", i);
  uint64_t seed = 1;
  long round = 0;
  while (more(&round)) {
    uint64_t old = control->generation, next = old + 1;
    int way = (int)roll(&seed, WAYS);
    pid_t child = fork();
    if (child == 0) {
      child_of_break(old, way);
      _exit(0);
    }
    if (!EXPECT(child > 0, "fork: errno %d", errno)) break;
    if (way == CHILD_FIRST) AWAIT(control->child_wrote == next, "generation %lu", next);
    if (way == CHILD_ENDS_FIRST) reap(child);
    EXPECT(pwrite(probe, &next, 8, 8 * MOST) == 8, "errno %d", errno);
    for (int page = 0; page < PAGES; page++) {
      bool kernel = roll(&seed, 4) == 0; /* the kernel is the one that writes the page first */
      if (kernel) EXPECT(pread(probe, word_of(page, 1), 8, 8 * MOST) == 8, "errno %d", errno);
      *word_of(page, 0) = next;
      if (!kernel) *word_of(page, 1) = next;
    }
    control->generation = next;
    for (int i = 0; i < readers; i++)
      AWAIT(control->done[i] == next, "reader %d saw generation %lu, not %lu", i, control->done[i], next);
    control->child_may_end = next;
    if (way != CHILD_ENDS_FIRST) reap(child);
    for (int page = 0; page < PAGES; page++) {
      uint64_t one = *word_of(page, 0), two = *word_of(page, 1);
      EXPECT(one == next && two == next, "page %d is 0x%lx 0x%lx, not %lu", page, one, two, next);
    }
  }
  control->stop = true;
  for (int i = 0; i < readers; i++) end_worker(i);
  EXPECT(munmap(region, LARGE) == 0, "errno %d", errno);
  end_part(round);
}

/* ---- orders: what workers do while permission is taken away from them ---- */

enum {
  WRITE = 1, /* own words, until this traps */
  READ,      /* own words, until this traps */
  FADE,      /* own words, which become zero */
  CHECK_ALL, /* everybody's words are what they wrote */
  ZERO,      /* all of the range is zero */
  DENIED,    /* all of the range traps */
  STOP,
  KINDS = 16,
};

/* Of the order: pages of the range and what must happen there. Written before the order is. */
static struct orders {
  int workers, from, to, signal, code;
  bool reads; /* are allowed, writing is not */
} *orders;

static word *slot(int index, int page) {
  return (word *)(region + page * PAGE + 64 * index + 8 * (page % 8));
}

static void expect_trap(int page, const char *what) {
  char *start = region + orders->from * PAGE, *end = region + orders->to * PAGE;
  EXPECT(trap.signal == orders->signal && trap.code == orders->code && trap.address >= start
             && trap.address < end,
         "%s page %d: signal %d code %d address %p, not signal %d code %d from %p to %p", what, page,
         trap.signal, trap.code, (void *)trap.address, orders->signal, orders->code, (void *)start,
         (void *)end);
}

static void write_until_trap(int self, uint64_t order) {
  uint64_t theirs[PAGES] = {0};
  int other = (self + 1) % orders->workers, sweeps = 0;
  while (!control->abandoned) {
    for (int page = 0; page < PAGES; page++) {
      uint64_t value, count = control->mine[self][page] + 1;
      if (try_write(slot(self, page), count)) {
        expect_trap(page, "writing");
        return;
      }
      control->mine[self][page] = count;
      if (try_read(slot(other, page), &value)) continue; /* its next turn to write finds out */
      EXPECT(value >= theirs[page], "page %d of worker %d went from %lu to 0x%lx", page, other,
             theirs[page], value);
      theirs[page] = value;
    }
    control->running[self] = order;
    if (++sweeps % 16 == 0) nap(1);
  }
}

static void read_until_trap(int self, uint64_t order) {
  int sweeps = 0;
  while (!control->abandoned) {
    for (int page = 0; page < PAGES; page++) {
      uint64_t value;
      if (try_read(slot(self, page), &value)) {
        expect_trap(page, "reading");
        return;
      }
      EXPECT(value == control->mine[self][page], "page %d reads 0x%lx, not %lu", page, value,
             control->mine[self][page]);
    }
    control->running[self] = order;
    if (++sweeps % 16 == 0) nap(1);
  }
}

static void read_until_zero(int self, uint64_t order) {
  for (bool last = false; !last && !control->abandoned; control->running[self] = order) {
    last = control->fulfilled == order;
    for (int page = 0; page < PAGES; page++) {
      bool fades = page >= orders->from && page < orders->to;
      uint64_t value = *slot(self, page), mine = control->mine[self][page];
      EXPECT((value == mine && !(last && fades)) || (value == 0 && fades),
             "page %d of %d to %d reads 0x%lx, was %lu%s", page, orders->from, orders->to, value, mine,
             last ? ", after the call" : "");
    }
  }
}

static void check_all(int self) {
  for (int index = 0; index < orders->workers; index++)
    for (int page = 0; page < PAGES; page++) {
      uint64_t value = *slot(index, page), wanted = control->mine[index][page];
      EXPECT(value == wanted, "page %d of worker %d reads 0x%lx, not %lu", page, index, value, wanted);
      if (page % 8 || index != self) continue;
      bool read = kernel_read(slot(index, page), &value, self);
      EXPECT(read && value == wanted, "page %d: the kernel reads 0x%lx, not %lu", page, value, wanted);
    }
}

static void check_denied(int self) {
  for (int page = orders->from; page < orders->to; page++) {
    uint64_t value = 0, mine = control->mine[self][page];
    int signal = try_read(slot(self, page), &value);
    if (orders->reads)
      EXPECT(signal == 0 && value == mine, "page %d: signal %d, 0x%lx, not %lu", page, signal, value, mine);
    else
      expect_trap(page, "probing");
    try_write(slot(self, page), mine);
    expect_trap(page, "storing to");
    if (page % 4) continue;
    bool read = kernel_read(slot(self, page), &value, self);
    EXPECT(read == orders->reads, "page %d: the kernel can%s read", page, read ? "" : "not");
  }
}

static void obey(struct worker *self) {
  int index = self->index;
  for (uint64_t order = 0;;) {
    if (!AWAIT(control->order != order, "worker %d after order 0x%lx", index, order)) return;
    order = control->order;
    switch (order % KINDS) {
      case WRITE: write_until_trap(index, order); break;
      case READ: read_until_trap(index, order); break;
      case FADE: read_until_zero(index, order); break;
      case CHECK_ALL: check_all(index); break;
      case DENIED: check_denied(index); break;
      case ZERO:
        expect_zero(region + orders->from * PAGE, (size_t)(orders->to - orders->from) * PAGE, "all");
        break;
      case STOP: return;
    }
    control->done[index] = order;
  }
}

/* Gives an order and waits until all are at it. */
static bool begin_order(int kind) {
  uint64_t order = (control->order / KINDS + 1) * KINDS + (uint64_t)kind;
  control->order = order;
  if (kind != WRITE && kind != READ && kind != FADE) return true;
  for (int i = 0; i < orders->workers; i++)
    if (!AWAIT(control->running[i] == order, "worker %d, order 0x%lx", i, order)) return false;
  return true;
}

/* Waits until all have carried it out. */
static bool end_order(void) {
  uint64_t order = control->fulfilled = control->order;
  for (int i = 0; i < orders->workers; i++)
    if (!AWAIT(control->done[i] == order, "worker %d, order 0x%lx, done 0x%lx", i, order, control->done[i]))
      return false;
  return true;
}

static bool carry_out(int kind) { return begin_order(kind) && end_order(); }

/* All of the range must be zero now, and nobody has written there. */
static bool all_zero(void) {
  if (!carry_out(ZERO)) return false;
  for (int i = 0; i < orders->workers; i++)
    for (int page = orders->from; page < orders->to; page++) control->mine[i][page] = 0;
  return carry_out(CHECK_ALL);
}

static void give_range(uint64_t *seed) {
  orders->from = (int)roll(seed, PAGES);
  orders->to = orders->from + 1 + (int)roll(seed, (unsigned)(PAGES - orders->from));
}

static void denies(int signal, int code, bool reads) {
  orders->signal = signal;
  orders->code = code;
  orders->reads = reads;
}

/* ---- 2: unmapping, protecting and emptying under others ---- */

enum { ARENA = 64 };

static char *churned[MOST];

/* Maps, fills, cuts and unmaps memory of its own, always at the same place. */
static void churn(struct worker *self) {
  char *arena = churned[self->index];
  while (!control->stop && !control->abandoned) {
    size_t pages = 1 + roll(&self->seed, ARENA), length = pages * PAGE;
    if (!map_hole(arena, length, roll(&self->seed, 4) ? PRIVATE : SHARED)) return;
    if (roll(&self->seed, 2)) expect_zero(arena, length, "mapped");
    uint64_t tag = mix(self->seed) | 1;
    for (size_t at = 0; at < length; at += 512) *(volatile uint64_t *)(arena + at) = tag + at;
    size_t from = roll(&self->seed, (unsigned)pages), count = 1 + roll(&self->seed, (unsigned)(pages - from));
    char *cut = arena + from * PAGE;
    switch (roll(&self->seed, 4)) {
      case 0:
        EXPECT(munmap(cut, count * PAGE) == 0, "errno %d", errno);
        if (!map_hole(cut, count * PAGE, PRIVATE)) return;
        expect_zero(cut, count * PAGE, "cut and mapped again");
        break;
      case 1:
        EXPECT(mmap(cut, count * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0) == cut, "errno %d", errno);
        expect_zero(cut, count * PAGE, "mapped over");
        break;
      case 2:
        EXPECT(mprotect(cut, count * PAGE, PROT_READ) == 0, "errno %d", errno);
        EXPECT(try_write((word *)cut, 1) == SIGSEGV, "signal %d", trap.signal);
        EXPECT(mprotect(cut, count * PAGE, RW) == 0, "errno %d", errno);
        count = 0;
        break;
      default: count = 0;
    }
    for (size_t at = 0; at < length; at += 512) {
      if (at >= from * PAGE && at < (from + count) * PAGE) continue;
      uint64_t value = *(volatile uint64_t *)(arena + at);
      EXPECT(value == tag + at, "at 0x%zx of %zu pages: 0x%lx, not 0x%lx", at, pages, value, tag + at);
    }
    EXPECT(munmap(arena, length) == 0, "errno %d", errno);
    if (roll(&self->seed, 4) == 0) nap(50); /* or whoever gives orders hardly ever runs */
  }
}

/* One of the ways in which the range loses its contents; true when it was lost. */
static bool lose(char *range, size_t length, int flags, uint64_t *seed) {
  switch (roll(seed, 5)) {
    case 0: /* nobody is at it */
      EXPECT(munmap(range, length) == 0, "errno %d", errno);
      denies(SIGSEGV, SEGV_MAPERR, false);
      return carry_out(DENIED) && map_hole(range, length, flags);
    case 1: /* at once */
      EXPECT(munmap(range, length) == 0, "errno %d", errno);
      return map_hole(range, length, flags);
    case 2: /* under writers */
      denies(SIGSEGV, SEGV_MAPERR, false);
      if (!begin_order(WRITE)) return false;
      EXPECT(munmap(range, length) == 0, "errno %d", errno);
      return end_order() && map_hole(range, length, flags);
    case 3: /* emptied under readers */
      if (flags == SHARED) return false;
      if (!begin_order(FADE)) return false;
      EXPECT(madvise(range, length, MADV_DONTNEED) == 0, "errno %d", errno);
      return end_order();
    default: /* replaced under readers */
      if (!begin_order(FADE)) return false;
      EXPECT(mmap(range, length, RW, flags | MAP_FIXED, -1, 0) == range, "errno %d", errno);
      return end_order();
  }
}

/* What a child has of the region is its own. */
static void stays(char *snapshot) {
  memcpy(snapshot, region, PAGES * PAGE);
  for (int turn = 0; turn < 3; turn++) {
    EXPECT(!memcmp(snapshot, region, PAGES * PAGE), "a child's pages have changed");
    sched_yield();
  }
}

static void permissions(int parts, const char *name, int flags) {
  begin_part(name, parts);
  static char snapshot[PAGES * PAGE];
  size_t size = (PAGES + 128) * PAGE; /* too large for a copy in advance when there is a fork */
  char *around = map(size, RW, flags);
  region = around + 64 * PAGE;
  *orders = (struct orders){.workers = crew_most / 2};
  for (int i = 0; i < crew_most; i++) {
    if (i >= orders->workers) churned[i] = map(ARENA * PAGE, PROT_NONE, PRIVATE);
    start_worker(i, i < orders->workers ? obey : churn, false);
  }
  for (int i = orders->workers; i < crew_most; i++)
    EXPECT(munmap(churned[i], ARENA * PAGE) == 0, "errno %d", errno);
  control->go = true;
  uint64_t seed = 2 + (uint64_t)flags;
  long round = 0;
  while (more(&round)) {
    give_range(&seed);
    char *range = region + orders->from * PAGE;
    size_t length = (size_t)(orders->to - orders->from) * PAGE;
    bool forks = roll(&seed, 4) == 0; /* then it is copied on write besides */
    pid_t child = forks ? fork() : -1;
    if (child == 0) {
      if (flags == PRIVATE) stays(snapshot);
      _exit(0);
    }

    denies(SIGSEGV, SEGV_ACCERR, true);
    if (!begin_order(WRITE)) break;
    EXPECT(mprotect(range, length, PROT_READ) == 0, "errno %d", errno);
    memcpy(snapshot, range, length);
    if (!end_order()) break;
    EXPECT(!memcmp(snapshot, range, length), "written after it was protected");
    if (!carry_out(CHECK_ALL) || !carry_out(DENIED)) break;

    denies(SIGSEGV, SEGV_ACCERR, false);
    if (!begin_order(READ)) break;
    EXPECT(mprotect(range, length, PROT_NONE) == 0, "errno %d", errno);
    if (!end_order() || !carry_out(DENIED)) break;

    EXPECT(mprotect(range, length, RW) == 0, "errno %d", errno);
    if (!carry_out(CHECK_ALL)) break;
    if (lose(range, length, flags, &seed) && !all_zero()) break;
    if (!carry_out(CHECK_ALL)) break;
    if (child > 0) reap(child);
  }
  control->stop = true;
  begin_order(STOP);
  for (int i = 0; i < crew_most; i++) end_worker(i);
  EXPECT(munmap(around, size) == 0, "errno %d", errno);
  end_part(round);
}

/* ---- 3: page tables and directories come and go ---- */

#define SPAN (3 * GIB)

enum { TOUCHED = 48, CHANGING = 0, LIVE = 1, GONE = 2, STATES = 4 };

static char *arenas[MOST][2];

/* Where the touched pages of a span are: at all boundaries, and some more. */
static size_t touched_at(int i) {
  size_t at;
  if (i == 0) return 0;
  if (i == 1) return SPAN - PAGE;
  if (i < 10)
    at = (size_t)(i / 2) * GIB / 2;
  else if (i < 24)
    at = (size_t)(i / 2) * 2 * MIB * 61;
  else
    at = mix((uint64_t)i / 2) % (SPAN / PAGE - 32) * PAGE + 16 * PAGE;
  /* Spans begin a few pages past a boundary: the page before it, or the first one after it. */
  return at - 8 * PAGE - (size_t)(i % 2) * PAGE;
}

static uint64_t content_of(const char *p, uint64_t state) { return mix((uintptr_t)p ^ mix(state)) | 1; }

/* Touches pages of a new span, which must be zero. */
static void touch_span(char *base, uint64_t state, bool all) {
  for (int i = 0; i < TOUCHED; i++) {
    char *p = base + touched_at(i);
    uint64_t value = *(volatile uint64_t *)p;
    EXPECT(value == 0 || value == content_of(p, state), "new page %d at %p reads 0x%lx", i, (void *)p, value);
    if (all && value == 0) expect_zero(p, PAGE, "new page");
    *(volatile uint64_t *)p = content_of(p, state);
  }
}

/* Maps, touches and unmaps large spans, here and there in turn. */
static void span_owner(struct worker *self) {
  int index = self->index;
  uint64_t state = 0;
  for (long round = 0; more(&round); control->rounds++) {
    char *base = arenas[index][round % 2];
    if (!map_hole(base, SPAN, PRIVATE | MAP_NORESERVE)) break;
    state += STATES;
    touch_span(base, state / STATES, round % 2);
    control->spans[index].base = (uintptr_t)base;
    control->spans[index].from = control->spans[index].to = 0;
    control->spans[index].state = state + LIVE;
    if (!AWAIT(control->spans[index].watched == state + LIVE, "span %lu", state)) break;
    control->spans[index].state = state + CHANGING;
    size_t from = 0, to = SPAN;
    switch (roll(&self->seed, 4)) {
      case 0: from = GIB - 8 * PAGE - roll(&self->seed, 3) * PAGE; break;
      case 1: to = GIB - 8 * PAGE + roll(&self->seed, 3) * PAGE + PAGE; break;
      case 2:
        from = 2 * MIB * (1 + roll(&self->seed, 400));
        to = SPAN - 2 * MIB * (1 + roll(&self->seed, 400)) - PAGE * roll(&self->seed, 512);
        break;
    }
    EXPECT(munmap(base + from, to - from) == 0, "errno %d", errno);
    control->spans[index].from = from;
    control->spans[index].to = to;
    control->spans[index].state = state + GONE;
    if (roll(&self->seed, 2)
        && !AWAIT(control->spans[index].watched == state + GONE, "span %lu", state)) break;
    for (int i = 0; i < TOUCHED; i++) {
      char *p = base + touched_at(i);
      uint64_t value;
      bool gone = touched_at(i) >= from && touched_at(i) < to;
      int signal = try_read((word *)p, &value);
      EXPECT(gone ? signal == SIGSEGV && trap.code == SEGV_MAPERR
                  : signal == 0 && value == content_of(p, state / STATES),
             "page %d at %p, unmapped 0x%zx to 0x%zx: signal %d value 0x%lx", i, (void *)p, from, to,
             signal, value);
    }
    control->spans[index].state = state + CHANGING;
    EXPECT(munmap(base, SPAN) == 0, "errno %d", errno);
  }
  control->spans[index].state = ~0UL;
}

/* Reads a span that another one maps and unmaps; writes the pages right before and after it. */
static void span_watcher(struct worker *self) {
  int owner = self->index - 1;
  uint64_t count = 0;
  for (uint64_t state; (state = control->spans[owner].state) != ~0UL && !control->abandoned;) {
    char *base = (char *)(uintptr_t)control->spans[owner].base;
    size_t from = control->spans[owner].from, to = control->spans[owner].to;
    for (int i = 0; i < TOUCHED && state % STATES != CHANGING; i++) {
      char *p = base + touched_at(i);
      uint64_t value = 0;
      int signal = try_read((word *)p, &value);
      if (control->spans[owner].state != state) break;
      bool gone = touched_at(i) >= from && touched_at(i) < to;
      EXPECT(gone ? signal == SIGSEGV && trap.code == SEGV_MAPERR
                  : signal == 0 && value == content_of(p, state / STATES),
             "watching page %d at %p, unmapped 0x%zx to 0x%zx: signal %d value 0x%lx", i, (void *)p,
             from, to, signal, value);
    }
    if (state % STATES != CHANGING) control->spans[owner].watched = state;
    for (int arena = 0; arena < 2; arena++)
      for (int side = 0; side < 2; side++) {
        word *p = (word *)(arenas[owner][arena] + (side ? SPAN : -(size_t)PAGE));
        EXPECT(p[0] == count && p[511] == count, "neighbour %d of %p: %lu %lu, not %lu", side,
               (void *)arenas[owner][arena], p[0], p[511], count);
        p[0] = p[511] = count + 1;
      }
    count++;
    if (count % 64 == 0) sched_yield();
  }
}

/* A process that maps and touches a span of its own, and ends with it or without. */
static void span_child(uint64_t seed) {
  char *base = mmap(NULL, SPAN, RW, PRIVATE | MAP_NORESERVE, -1, 0);
  if (!EXPECT(base != MAP_FAILED, "errno %d", errno)) return;
  touch_span(base, seed, true);
  for (int i = 0; i < TOUCHED; i++) {
    char *p = base + touched_at(i);
    uint64_t value = *(volatile uint64_t *)p;
    EXPECT(value == content_of(p, seed), "child: page %d at %p reads 0x%lx", i, (void *)p, value);
  }
  if (seed % 2) EXPECT(munmap(base, SPAN) == 0, "errno %d", errno);
}

static void directories(int parts) {
  begin_part("page tables that go and come", parts);
  int pairs = crew_most / 2;
  char *reserved[MOST];
  size_t size = 2 * SPAN + 3 * GIB;
  for (int i = 0; i < 2 * pairs; i++) start_worker(i, i % 2 ? span_watcher : span_owner, false);
  for (int i = 0; i < pairs; i++) {
    reserved[i] = map(size, PROT_NONE, PRIVATE | MAP_NORESERVE);
    char *aligned = (char *)(((uintptr_t)reserved[i] + GIB) & -GIB);
    for (int arena = 0; arena < 2; arena++) {
      char *base = aligned + (size_t)arena * (SPAN + GIB / 2) + 8 * PAGE;
      arenas[2 * i][arena] = base;
      EXPECT(mprotect(base - PAGE, PAGE, RW) == 0, "errno %d", errno);
      EXPECT(mprotect(base + SPAN, PAGE, RW) == 0, "errno %d", errno);
      EXPECT(munmap(base, SPAN) == 0, "errno %d", errno);
    }
  }
  control->go = true;
  long round = 0;
  while (more(&round)) {
    pid_t child = fork();
    if (child == 0) {
      span_child((uint64_t)round);
      _exit(0);
    }
    if (!EXPECT(child > 0, "fork: errno %d", errno)) break;
    reap(child);
  }
  for (int i = 0; i < 2 * pairs; i++) end_worker(i);
  for (int i = 0; i < pairs; i++) EXPECT(munmap(reserved[i], size) == 0, "errno %d", errno);
  CHECK(control->rounds >= LEAST * pairs);
  end_part(round);
}

/* ---- 4: forks while others write ---- */

/*
 * Two words of one page or two; the first is written first, and before it is written both are the
 * same. A child gets all memory as of one moment: whoever would write something that is in the
 * child no more waits until the fork is over.
 */
struct pair {
  word *first, *second;
};

enum { PAIRS = 12, OWN = 3, AT_ONCE = 16 };

static struct pair storm_pairs[MOST][PAIRS];
static char storm_static[MOST][PAGE] __attribute__((aligned(4096)));
static char *storm_small;
static word *storm_counter;

static void storm_writer(struct worker *self) {
  struct pair *pairs = storm_pairs[self->index];
  word on_stack[2] = {0};
  pairs[PAIRS - 1] = (struct pair){&on_stack[1], &on_stack[0]};
  control->running[self->index] = 1;
  uint64_t count = 0;
  while (!control->stop && !control->abandoned) {
    for (int i = 0; i < PAIRS; i++) {
      uint64_t first = *pairs[i].first, second = *pairs[i].second;
      EXPECT(first == count && second == count, "pair %d is 0x%lx 0x%lx, not %lu", i, first, second, count);
      for (uint64_t next = count + 1; next <= count + AT_ONCE; next++) {
        atomic_store_explicit(pairs[i].first, next, memory_order_release);
        atomic_store_explicit(pairs[i].second, next, memory_order_release);
      }
    }
    atomic_fetch_add(storm_counter, 1); /* of all writers, in a page that is copied on write */
    count += AT_ONCE;
    if (count % (AT_ONCE * 256) == 0) sched_yield();
  }
  control->total += count / AT_ONCE;
}

/* The words of all pairs, which no one else may change, are as they were, or a snapshot. */
static void storm_check(uint64_t mark, uint64_t before[MOST][PAIRS][2], const char *who) {
  for (int index = 0; index < crew_most; index++)
    for (int i = 0; i < PAIRS; i++) {
      uint64_t first = *storm_pairs[index][i].first, second = *storm_pairs[index][i].second;
      if (before)
        EXPECT(first == before[index][i][0] && second == before[index][i][1],
               "%s: pair %d of %d went from 0x%lx 0x%lx to 0x%lx 0x%lx", who, i, index,
               before[index][i][0], before[index][i][1], first, second);
      else if (mark)
        EXPECT(first == mark && second == mark, "%s: pair %d of %d is 0x%lx 0x%lx, not 0x%lx", who, i,
               index, first, second, mark);
      else
        EXPECT(first >= second && first - second <= 1 && first < 1UL << 63,
               "%s: pair %d of %d is 0x%lx 0x%lx", who, i, index, first, second);
    }
}

static void storm_mark(uint64_t mark) {
  for (int index = 0; index < crew_most; index++)
    for (int i = 0; i < PAIRS; i++)
      *storm_pairs[index][i].first = *storm_pairs[index][i].second = mark;
  *storm_counter = mark;
}

static void storm_child(uint64_t seed) {
  static uint64_t before[MOST][PAIRS][2];
  storm_check(0, NULL, "child");
  for (int index = 0; index < crew_most; index++)
    for (int i = 0; i < PAIRS; i++) {
      before[index][i][0] = *storm_pairs[index][i].first;
      before[index][i][1] = *storm_pairs[index][i].second;
    }
  uint64_t counter = *storm_counter;
  sched_yield();
  storm_check(0, before, "child, later");
  EXPECT(*storm_counter == counter, "counter went from %lu to %lu", counter, *storm_counter);
  if (seed % 2 == 0) return;
  pid_t grandchild = seed % 4 == 1 ? fork() : -1;
  if (grandchild == 0) {
    storm_check(0, before, "grandchild");
    storm_mark(marker(seed + 1));
    storm_check(marker(seed + 1), NULL, "grandchild");
    _exit(0);
  }
  storm_mark(marker(seed));
  storm_check(marker(seed), NULL, "child");
  if (grandchild > 0) reap(grandchild);
  storm_check(marker(seed), NULL, "child, in the end");
}

static void storms(int parts, const char *name) {
  begin_part(name, parts);
  char *large = map(LARGE, RW, PRIVATE);
  for (size_t at = 0; at < LARGE; at += PAGE) large[at + 2048] = 1;
  storm_counter = (word *)(large + LARGE - PAGE);
  /* An area by itself, small enough to be copied in advance. */
  size_t size = PAGE * (size_t)(crew_most + 2);
  storm_small = map(size, PROT_NONE, PRIVATE) + PAGE;
  EXPECT(mprotect(storm_small, size - 2 * PAGE, RW) == 0, "errno %d", errno);
  memset(storm_static, 0, sizeof storm_static);
  for (int i = 0; i < crew_most; i++) {
    char *own = large + i * OWN * PAGE, *small = storm_small + i * PAGE, *fixed = storm_static[i];
    struct pair pairs[PAIRS] = {
        {(word *)own, (word *)(own + PAGE - 8)},
        {(word *)(own + 2 * PAGE - 8), (word *)(own + PAGE)},
        {(word *)(own + 2 * PAGE + 8), (word *)(own + 2 * PAGE)},
        {(word *)small, (word *)(small + PAGE - 8)},
        {(word *)(small + PAGE - 16), (word *)(small + 8)},
        {(word *)fixed, (word *)(fixed + PAGE - 8)},
        {(word *)(fixed + PAGE - 16), (word *)(fixed + 8)},
        {(word *)(own + 2 * PAGE + 64), (word *)(fixed + 64)},
        {(word *)(fixed + 72), (word *)(own + 2 * PAGE + 72)},
        {(word *)(own + 2 * PAGE + 128), (word *)(small + 128)},
        {(word *)(small + 192), (word *)(own + 2 * PAGE + 192)},
    };
    memcpy(storm_pairs[i], pairs, sizeof pairs);
    start_worker(i, storm_writer, false);
  }
  control->go = true;
  for (int i = 0; i < crew_most; i++) AWAIT(control->running[i] == 1, "writer %d", i);
  long round = 0;
  while (more(&round)) {
    pid_t children[2];
    int count = 1 + (int)(round % 2);
    for (int i = 0; i < count; i++) {
      children[i] = fork();
      if (children[i] == 0) {
        storm_child((uint64_t)(2 * round + i) / 3);
        _exit(0);
      }
      if (!EXPECT(children[i] > 0, "fork: errno %d", errno)) count = i;
    }
    for (int i = 0; i < count; i++) reap(children[i]);
  }
  control->stop = true;
  for (int i = 0; i < crew_most; i++) end_worker(i);
  CHECK_EQ(*storm_counter, control->total);
  EXPECT(munmap(large, LARGE) == 0, "errno %d", errno);
  EXPECT(munmap(storm_small - PAGE, size) == 0, "errno %d", errno);
  end_part(round);
}

/* ---- 5: regions that move, files that shrink ---- */

enum { PLACES = 3, MOVING = 96 };

/* Writes and reads words of its own in a region that moves about. */
static void move_follower(struct worker *self) {
  uint64_t counts[PAGES] = {0};
  int index = self->index;
  for (unsigned turn = 0; !control->stop && !control->abandoned; turn++) {
    uint64_t moved = control->moved;
    char *at = (char *)(uintptr_t)control->where;
    for (int page = 0; page < PAGES; page++) {
      word *p = (word *)(at + page * 3 * PAGE + 64 * index);
      uint64_t value;
      int signal = try_read(p, &value);
      if (signal == 0) {
        /* A place that was left may be seen for as long as the move takes, never another's words. */
        EXPECT(value == counts[page], "page %d at %p reads 0x%lx, not %lu", page, (void *)p, value, counts[page]);
        signal = try_write(p, counts[page] + 1);
        if (signal == 0) counts[page]++;
      }
      if (signal == 0) continue;
      EXPECT(signal == SIGSEGV && trap.code == SEGV_MAPERR && trap.address == (char *)p,
             "page %d at %p: signal %d code %d address %p", page, (void *)p, signal, trap.code,
             (void *)trap.address);
      AWAIT(control->moved != moved, "follower %d after %lu moves", index, moved);
      break;
    }
    if (turn % 64 == 0) sched_yield();
    control->done[index] = moved;
  }
  for (int page = 0; page < PAGES; page++) control->mine[index][page] = counts[page];
}

static void moves(int parts, const char *name, int flags) {
  begin_part(name, parts);
  int followers = crew_most - 1;
  size_t length = MOVING * PAGE, hole = 2 * length;
  char *places[PLACES];
  for (int i = 0; i < followers; i++) start_worker(i, move_follower, false);
  for (int i = 0; i < PLACES; i++) places[i] = map(hole, PROT_NONE, PRIVATE);
  for (int i = 0; i < PLACES; i++) EXPECT(munmap(places[i], hole) == 0, "errno %d", errno);
  char *at = places[0];
  map_hole(at, length, flags);
  control->where = (uintptr_t)at;
  control->moved = 1;
  control->go = true;
  uint64_t seed = 5;
  long round = 0;
  while (more(&round)) {
    for (int i = 0; i < followers; i++)
      AWAIT(control->done[i] == control->moved, "follower %d saw %lu moves, not %lu", i, control->done[i],
            control->moved);
    char *to = places[round % PLACES] + roll(&seed, PAGES) * PAGE;
    if (roll(&seed, 3) == 0) { /* it grows and shrinks before it moves */
      char *grown = mremap(at, length, length + PAGE, 0);
      if (grown == at) {
        if (flags != SHARED) {
          expect_zero(at + length, PAGE, "grown");
          at[length] = 1;
        }
        EXPECT(mremap(at, length + PAGE, length, 0) == at, "errno %d", errno);
      }
      uint64_t value;
      EXPECT(try_read((word *)(at + length), &value) == SIGSEGV, "still there");
    }
    char *got = mremap(at, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, to);
    if (!EXPECT(got == to, "mremap gives %p, not %p, errno %d", (void *)got, (void *)to, errno)) break;
    for (int page = 0; page < MOVING; page++) {
      uint64_t value;
      EXPECT(try_read((word *)(at + page * PAGE), &value) == SIGSEGV, "page %d left behind", page);
    }
    at = to;
    control->where = (uintptr_t)to;
    control->moved++;
    pid_t child = roll(&seed, 4) ? -1 : fork();
    if (child == 0) _exit(0);
    if (child > 0) reap(child);
  }
  control->stop = true;
  for (int i = 0; i < followers; i++) end_worker(i);
  for (int i = 0; i < followers; i++)
    for (int page = 0; page < PAGES; page++) {
      uint64_t value = *(word *)(at + page * 3 * PAGE + 64 * i);
      EXPECT(value == control->mine[i][page], "page %d of %d ends as 0x%lx, not %lu", page, i, value,
             control->mine[i][page]);
    }
  EXPECT(munmap(at, length) == 0, "errno %d", errno);
  end_part(round);
}

/* A private mapping of the same file loses its copies too, and is looked at by one thread. */
static void private_view(const char *view, bool cut) {
  for (int page = 0; page < PAGES; page++) {
    uint64_t value = 0;
    int signal = try_read((word *)(view + page * PAGE), &value);
    bool gone = page >= orders->from && page < orders->to;
    if (!gone)
      EXPECT(signal == 0 && value == 77 + (uint64_t)page, "private page %d: signal %d, 0x%lx", page, signal, value);
    else if (cut)
      EXPECT(signal == SIGBUS, "private page %d beyond the end: signal %d, 0x%lx", page, signal, value);
    else
      EXPECT(signal == 0 && value == 0, "private page %d grown again: signal %d, 0x%lx", page, signal, value);
  }
}

static void truncation(int parts) {
  begin_part("files that shrink and grow", parts);
  size_t length = PAGES * PAGE;
  int fd = memfd_create("coherence", MFD_CLOEXEC);
  EXPECT(fd >= 0 && ftruncate(fd, (off_t)length) == 0, "errno %d", errno);
  region = mmap(NULL, length, RW, MAP_SHARED, fd, 0);
  char *view = mmap(NULL, length, RW, MAP_PRIVATE, fd, 0);
  if (!EXPECT(region != MAP_FAILED && view != MAP_FAILED, "errno %d", errno)) control->abandoned = true;
  *orders = (struct orders){.workers = crew_most};
  for (int i = 0; i < crew_most; i++) start_worker(i, obey, i % 2);
  control->go = true;
  uint64_t seed = 6;
  long round = 0;
  while (more(&round)) {
    orders->from = (int)roll(&seed, PAGES);
    orders->to = PAGES;
    for (int page = 0; page < PAGES; page++)
      *(volatile uint64_t *)(view + page * PAGE) = 77 + (uint64_t)page;
    denies(SIGBUS, BUS_ADRERR, false);
    if (!begin_order(roll(&seed, 3) ? WRITE : READ)) break;
    EXPECT(ftruncate(fd, (off_t)orders->from * PAGE) == 0, "errno %d", errno);
    if (!end_order() || !carry_out(DENIED)) break;
    private_view(view, true);
    EXPECT(ftruncate(fd, (off_t)length) == 0, "errno %d", errno);
    if (!all_zero()) break;
    private_view(view, false);
    if (roll(&seed, 2)) { /* at once, under nobody */
      if (orders->from > 0) orders->from = (int)roll(&seed, (unsigned)orders->from);
      EXPECT(ftruncate(fd, (off_t)orders->from * PAGE) == 0, "errno %d", errno);
      EXPECT(ftruncate(fd, (off_t)length) == 0, "errno %d", errno);
      if (!all_zero()) break;
      private_view(view, false);
    }
  }
  begin_order(STOP);
  for (int i = 0; i < crew_most; i++) end_worker(i);
  EXPECT(munmap(region, length) == 0 && munmap(view, length) == 0, "errno %d", errno);
  close(fd);
  end_part(round);
}

/* ---- 6: frames go from one process to the other ---- */

static void fill(char *p, size_t length, uint64_t tag) {
  volatile uint64_t *words = (volatile uint64_t *)p;
  for (size_t i = 0; i < length / 8; i++) words[i] = tag;
}

static void expect_tag(const char *p, size_t length, uint64_t tag, const char *what) {
  const volatile uint64_t *words = (const volatile uint64_t *)p;
  for (size_t i = 0; i < length / 8; i++) {
    uint64_t value = words[i];
    if (!EXPECT(value == tag, "%s: word %zu of %zu bytes is 0x%lx, not 0x%lx", what, i, length, value, tag)) return;
  }
}

static void frame_taker(struct worker *self) {
  uint64_t tag = 0x1d00000000000000 | (uint64_t)(self->index + 1) << 32;
  int fd = memfd_create("frames", MFD_CLOEXEC);
  for (long round = 0; more(&round); control->rounds++) {
    uint64_t this = tag + (uint64_t)round;
    size_t pages = 1 + roll(&self->seed, roll(&self->seed, 8) ? 64 : 512), length = pages * PAGE;
    bool private = roll(&self->seed, 3);
    char *p = mmap(NULL, length, RW, private ? PRIVATE : SHARED, -1, 0);
    if (!EXPECT(p != MAP_FAILED, "errno %d", errno)) break;
    expect_zero(p, length, "fresh");
    fill(p, length, this);
    expect_tag(p, length, this, "filled");
    switch (roll(&self->seed, 6)) {
      case 0: { /* a file's pages too, of which only a part is written */
        uint64_t value = this;
        off_t at = (off_t)(1 + roll(&self->seed, 16)) * PAGE - 8;
        char page[PAGE];
        EXPECT(pwrite(fd, &value, 8, at) == 8, "errno %d", errno);
        EXPECT(pread(fd, page, PAGE, at + 8 - PAGE) == PAGE, "errno %d", errno);
        expect_zero(page, PAGE - 8, "file");
        EXPECT(ftruncate(fd, 0) == 0, "errno %d", errno);
        break;
      }
      case 1: { /* the end of a process gives back */
        pid_t child = fork();
        if (child == 0) {
          expect_tag(p, length, this, "child");
          fill(p, length, this);
          _exit(0);
        }
        if (EXPECT(child > 0, "fork: errno %d", errno)) reap(child);
        expect_tag(p, length, this, "parent");
        break;
      }
      case 2: { /* the heap */
        char *old = sbrk(0);
        if (EXPECT(sbrk((intptr_t)length) == old, "errno %d", errno)) {
          char *whole = (char *)(((uintptr_t)old + PAGE - 1) & -(uintptr_t)PAGE);
          expect_zero(whole, length - PAGE, "heap");
          fill(whole, length - PAGE, this);
          EXPECT(brk(old) == 0, "errno %d", errno);
        }
        break;
      }
      case 3:
        EXPECT(madvise(p, length, MADV_DONTNEED) == 0, "errno %d", errno);
        if (private)
          expect_zero(p, length, "not needed");
        else
          expect_tag(p, length, this, "not needed, but shared");
        break;
    }
    EXPECT(munmap(p, length) == 0, "errno %d", errno);
  }
  close(fd);
}

static void frames(int parts) {
  begin_part("frames of other processes", parts);
  for (int i = 0; i < crew_most; i++) start_worker(i, frame_taker, true);
  control->go = true;
  for (int i = 0; i < crew_most; i++) end_worker(i);
  end_part(control->rounds / crew_most);
}

int main(int argc, char **argv) {
  check_start("coherence", argc, argv);
  for (int i = 2; i < argc; i++)
    if (!strcmp(argv[i], "-v"))
      verbose = true;
    else if (atof(argv[i]) > 0)
      seconds = atof(argv[i]);
  crew_most = (int)sysconf(_SC_NPROCESSORS_ONLN) + 2;
  if (crew_most > MOST) crew_most = MOST;
  control = (void *)map((sizeof *control + PAGE - 1) & -(size_t)PAGE, RW, SHARED);
  orders = (void *)map(PAGE, RW, SHARED);
  probe = (int)CHECK_OK(memfd_create("probe", MFD_CLOEXEC));
  char *ballast = memset(map(BALLAST, RW, PRIVATE), 1, BALLAST);
  alarm((unsigned)seconds + 5 * PATIENCE);
  catch(SIGSEGV);
  catch(SIGBUS);
  breaks(8);
  permissions(8, "private memory taken away", PRIVATE);
  permissions(8, "shared memory taken away", SHARED);
  directories(8);
  storms(16, "forks under writers");
  moves(16, "private memory that moves", PRIVATE);
  moves(16, "shared memory that moves", SHARED);
  truncation(8);
  frames(8);
  CHECK_EQ(munmap(ballast, BALLAST), 0);
  storms(16, "forks of a small process under writers");
  return check_report();
}
