/*
 * Code that makes the same system call over and over, in every shape that a kernel might replace
 * by something cheaper, and that is read, moved, protected, unmapped, traced and interrupted
 * meanwhile: the program must not be able to tell.
 */
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>

enum { MANY = 400, FLAG_CARRY = 1, FLAG_TRAP = 0x100 };

/*
 * Position-independent functions, to be copied as a whole. Each returns the result of getpid.
 * far_in is called at the syscall instruction itself, with the number in eax.
 */
__asm__(
    ".pushsection .text\n"
    ".balign 4096\n"
    "code_start:\n"
    "plain:\n  mov $39, %eax\n  syscall\n  ret\n"
    ".balign 16\n"
    "one_between:\n  mov $39, %eax\n  mov %rcx, %r10\n  syscall\n  ret\n"
    ".balign 16\n"
    "two_between:\n  mov $39, %eax\n  xor %edi, %edi\n  mov %rsi, %rdx\n  syscall\n  ret\n"
    ".balign 16\n"
    "from_the_stack:\n  mov $39, %eax\n  mov 8(%rsp), %r9\n  syscall\n  ret\n"
    ".balign 16\n"
    /* not the system call's number, though the bytes look like it */
    "another_register:\n  mov $39, %edi\n  mov %edi, %eax\n  mov $39, %r8d\n  syscall\n  ret\n"
    ".balign 16\n"
    "loop_over:\n  mov $39, %eax\n  syscall\n  dec %edi\n  jnz loop_over\n  ret\n"
    ".balign 16\n"
    /* read(edi, rsi, rdx), as C libraries have it */
    "read_zero:\n  xor %eax, %eax\n  syscall\n  cmp $-4096, %rax\n  ja 1f\n  ret\n"
    ".balign 16\n"
    "1:\n  mov $-1, %eax\n  ret\n"
    ".balign 16\n"
    "read_unpadded:\n  xor %eax, %eax\n  syscall\n  cmp $-4096, %rax\n  ja 1b\n  ret\n"
    "carry:\n  mov $39, %eax\n  stc\n  syscall\n  setc %al\n  movzx %al, %eax\n  ret\n"
    ".balign 4096\n"
    "across:\n"
    ".fill 4090, 1, 0x90\n"
    "across_entry:\n  mov $39, %eax\n  syscall\n  ret\n"
    ".balign 4096\n"
    "code_end:\n"
    ".popsection\n");
extern char code_start[], code_end[], plain[], one_between[], two_between[], from_the_stack[],
    another_register[], loop_over[], read_zero[], read_unpadded[], carry[], across_entry[];

typedef long function(long, long, long, long);

static size_t code_bytes(void) { return (size_t)(code_end - code_start); }

/* The same function in a copy of the code. */
static function *in(char *copy, const char *name) { return (function *)(copy + (name - code_start)); }

/* The code as it is in the file; what has been executed a lot may not be what it was. */
static char *pristine;

static char *copy_of_code(void) {
  char *copy = mmap(NULL, code_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(copy, pristine, code_bytes());
  CHECK_EQ(mprotect(copy, code_bytes(), PROT_READ | PROT_EXEC), 0);
  return copy;
}

/* How many of many calls give what they should. */
static int right(function *call, long wanted) {
  int count = 0;
  for (int i = 0; i < MANY; i++) count += call(1, 2, 3, 4) == wanted;
  return count;
}

static void all_shapes(char *code, long pid) {
  CHECK_EQ(right(in(code, plain), pid), MANY);
  CHECK_EQ(right(in(code, one_between), pid), MANY);
  CHECK_EQ(right(in(code, two_between), pid), MANY);
  CHECK_EQ(right(in(code, from_the_stack), pid), MANY);
  CHECK_EQ(right(in(code, another_register), pid), MANY);
  CHECK_EQ(right(in(code, loop_over), pid), MANY);
  CHECK_EQ(right(in(code, carry), 1), MANY);
  CHECK_EQ(right(in(code, across_entry), pid), MANY);
}

static int zero;

static void reads(char *code) {
  int whole = 0;
  char buffer[64];
  for (int i = 0; i < MANY; i++) {
    memset(buffer, 1, sizeof buffer);
    whole += in(code, read_zero)(zero, (long)buffer, sizeof buffer, 0) == sizeof buffer &&
             buffer[63] == 0;
    whole += in(code, read_unpadded)(zero, (long)buffer, 8, 0) == 8;
  }
  CHECK_EQ(whole, 2 * MANY);
  CHECK_EQ((int)in(code, read_zero)(-1, (long)buffer, 1, 0), -1);
}

/* A jump to the middle of what may have been replaced: the syscall instruction alone. */
static void straight_to_the_call(char *code, long pid) {
  long wrong = 0;
  for (int i = 0; i < MANY; i++) {
    long result;
    __asm__ volatile("sub $136, %%rsp\n call *%1\n add $136, %%rsp"
                     : "=a"(result)
                     : "r"(code + (plain - code_start) + 5), "0"((long)SYS_getpid)
                     : "rcx", "r11", "memory", "cc");
    wrong += result != pid;
  }
  CHECK_EQ(wrong, 0);
}

/* Memory that is copied, moved and changed while its calls are busy. */
static void moved(long pid) {
  char *code = copy_of_code();
  all_shapes(code, pid);
  char *other = mmap(NULL, code_bytes(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *there = mremap(code, code_bytes(), code_bytes(), MREMAP_MAYMOVE | MREMAP_FIXED, other);
  CHECK(there == other);
  all_shapes(there, pid);
  /* As code is patched: make it writable, look at it, change it. */
  CHECK_EQ(mprotect(there, code_bytes(), PROT_READ | PROT_WRITE), 0);
  CHECK_EQ(memcmp(there, pristine, code_bytes()), 0);
  there[plain - code_start + 1] = 110; /* getppid instead */
  CHECK_EQ(mprotect(there, code_bytes(), PROT_READ | PROT_EXEC), 0);
  CHECK_EQ(right(in(there, plain), getppid()), MANY);
  CHECK_EQ(right(in(there, one_between), pid), MANY);
  /* Half of it goes, then all. */
  CHECK_EQ(munmap(there + code_bytes() - 4096, 4096), 0);
  CHECK_EQ(right(in(there, one_between), pid), MANY);
  CHECK_EQ(munmap(there, code_bytes()), 0);
  /* Writable code is the program's own business. */
  char *both = mmap(NULL, code_bytes(), PROT_READ | PROT_WRITE | PROT_EXEC,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(both, pristine, code_bytes());
  all_shapes(both, pid);
  CHECK_EQ(memcmp(both, pristine, code_bytes()), 0);
  CHECK_EQ(munmap(both, code_bytes()), 0);
}

/* The end of the heap takes jumps with it: what comes to lie there is nobody else's business. */
static void in_the_heap(long pid) {
  char *old = sbrk(0);
  char *code = (char *)(((uintptr_t)old + 4095) & ~4095UL);
  CHECK_EQ(brk(code + code_bytes()), 0);
  memcpy(code, pristine, code_bytes());
  CHECK_EQ(mprotect(code, code_bytes(), PROT_READ | PROT_EXEC), 0);
  CHECK_EQ(right(in(code, plain), pid), MANY);
  CHECK_EQ(right(in(code, two_between), pid), MANY);
  CHECK_EQ(brk(old), 0);
  CHECK(mmap(code, code_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == code);
  memset(code, 0x90, code_bytes());
  CHECK_EQ(mprotect(code, code_bytes(), PROT_READ | PROT_EXEC), 0);
  CHECK_EQ(mprotect(code, code_bytes(), PROT_READ), 0);
  size_t changed = 0;
  for (size_t i = 0; i < code_bytes(); i++) changed += code[i] != (char)0x90;
  CHECK_EQ(changed, 0);
  CHECK_EQ(munmap(code, code_bytes()), 0);
}

/* Memory far from everything, below and above. */
static void far_away(long pid) {
  for (int i = 0; i < 2; i++) {
    char *at = (char *)(i ? 0x300000000000L : 0x10000000L);
    char *code = mmap(at, code_bytes(), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(code == at);
    memcpy(code, pristine, code_bytes());
    CHECK_EQ(mprotect(code, code_bytes(), PROT_READ | PROT_EXEC), 0);
    all_shapes(code, pid);
    CHECK_EQ(munmap(code, code_bytes()), 0);
  }
}

/* Whatever the kernel may have put beside the code is the program's to unmap or change. */
static void helpers_go(long pid, int how) {
  CHECK_EQ(right(in(code_start, plain), pid), MANY);
  FILE *maps = fopen("/proc/self/maps", "r");
  char line[256];
  uint64_t start, end, found[16][2];
  int count = 0;
  while (fgets(line, sizeof line, maps))
    if (strstr(line, "[syscalls]") && sscanf(line, "%lx-%lx", &start, &end) == 2 && count < 16) {
      found[count][0] = start;
      found[count++][1] = end;
    }
  fclose(maps);
  for (int i = 0; i < count; i++) {
    void *at = (void *)found[i][0];
    size_t bytes = found[i][1] - found[i][0];
    if (how == 0) CHECK_EQ(munmap(at, bytes), 0);
    if (how == 1) CHECK(mmap(at, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at);
    if (how == 2) CHECK_EQ(mprotect(at, bytes, PROT_NONE), 0);
    if (how == 3) CHECK_EQ(madvise(at, bytes, MADV_DONTNEED), 0);
    if (how == 4) CHECK(mremap(at, bytes, 2 * bytes, MREMAP_MAYMOVE) != MAP_FAILED);
  }
  CHECK_EQ(right(in(code_start, plain), pid), MANY);
  CHECK_EQ(right(in(code_start, one_between), pid), MANY);
  CHECK_EQ(getpid(), pid);
}

static volatile long strange, interruptions;

/* The interrupted program is in its own code, or the kernel's vDSO. */
static void interrupted(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info;
  extern char __executable_start[], etext[];
  uint64_t rip = (uint64_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
  bool own = rip >= (uint64_t)__executable_start && rip < (uint64_t)etext;
  strange += !own;
  interruptions++;
}

static void signals_in_between(long pid) {
  struct sigaction action = {.sa_sigaction = interrupted, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval fast = {{0, 500}, {0, 500}}, none = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &fast, NULL);
  long wrong = 0;
  for (int i = 0; i < 200000 && (interruptions < 100 || i < 20000); i++) {
    wrong += in(code_start, plain)(1, 2, 3, 4) != pid;
    wrong += in(code_start, carry)(1, 2, 3, 4) != 1;
  }
  setitimer(ITIMER_REAL, &none, NULL);
  CHECK_EQ(wrong, 0);
  CHECK_EQ(strange, 0);
  CHECK(interruptions > 0);
  signal(SIGALRM, SIG_DFL);
}

static volatile long steps, outside;

static void stepped(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info;
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  steps++;
  extern char __executable_start[], etext[];
  outside += registers[REG_RIP] < (greg_t)__executable_start || registers[REG_RIP] >= (greg_t)etext;
  if (steps > 1000) registers[REG_EFL] &= ~FLAG_TRAP;
}

static void traced(long pid) {
  struct sigaction action = {.sa_sigaction = stepped, .sa_flags = SA_SIGINFO};
  sigaction(SIGTRAP, &action, NULL);
  CHECK_EQ(right(in(code_start, plain), pid), MANY);
  long result;
  __asm__ volatile(
      "sub $136, %%rsp\n"
      "pushf\n orq $0x100, (%%rsp)\n popf\n"
      "call *%1\n"
      "pushf\n andq $~0x100, (%%rsp)\n popf\n"
      "add $136, %%rsp\n"
      : "=a"(result)
      : "r"(plain)
      : "rcx", "r11", "memory", "cc");
  CHECK_EQ(result, pid);
  CHECK(steps >= 6 && steps < 20);
  CHECK_EQ(outside, 0);
  signal(SIGTRAP, SIG_DFL);
}

static void forked(void) {
  char *code = copy_of_code();
  all_shapes(code, getpid());
  pid_t child = fork();
  if (child == 0) {
    unsigned failed = check_failed;
    all_shapes(code, getpid());
    char *another = copy_of_code();
    all_shapes(another, getpid());
    munmap(code, code_bytes());
    reads(another);
    fflush(stdout);
    _exit(check_failed == failed ? 7 : 8);
  }
  char *another = copy_of_code(); /* at the same address as the child's, with jumps elsewhere */
  CHECK_EQ(right(in(another, two_between), getpid()), MANY);
  all_shapes(code, getpid());
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
  munmap(another, code_bytes());
  munmap(code, code_bytes());
}

static char *shared_code;
static volatile bool over;

static void *caller(void *argument) {
  long wrong = 0, pid = getpid();
  function *calls[] = {in(shared_code, plain), in(shared_code, one_between),
                       in(shared_code, two_between), in(shared_code, from_the_stack),
                       in(shared_code, loop_over)};
  for (int i = 0; !over; i++) wrong += calls[(i + (long)argument) % 5](1, 2, 3, 4) != pid;
  return (void *)wrong;
}

/* Threads that make the calls while one of them takes the code's permissions away and back. */
static void threads(void) {
  shared_code = copy_of_code();
  pthread_t all[3];
  for (long i = 0; i < 3; i++) pthread_create(&all[i], NULL, caller, (void *)i);
  long pid = getpid();
  for (int round = 0; round < 30; round++) {
    usleep(2000);
    CHECK_EQ(mprotect(shared_code, code_bytes(), PROT_READ | PROT_WRITE | PROT_EXEC), 0);
    usleep(500);
    CHECK_EQ(mprotect(shared_code, code_bytes(), PROT_READ | PROT_EXEC), 0);
    CHECK_EQ(in(shared_code, plain)(1, 2, 3, 4), pid);
  }
  over = true;
  long wrong = 0;
  for (int i = 0; i < 3; i++) {
    void *result;
    pthread_join(all[i], &result);
    wrong += (long)result;
  }
  CHECK_EQ(wrong, 0);
  CHECK_EQ(munmap(shared_code, code_bytes()), 0);
}

/* Hundreds of copies, each busy: more than fit into one page of anything. */
static void crowd(long pid) {
  static char *copies[150];
  for (int i = 0; i < 150; i++) {
    copies[i] = copy_of_code();
    for (int call = 0; call < 40; call++)
      if (in(copies[i], plain)(1, 2, 3, 4) != pid || in(copies[i], loop_over)(2, 2, 3, 4) != pid)
        CHECK_EQ(i, -1);
  }
  for (int i = 0; i < 150; i += 2) CHECK_EQ(munmap(copies[i], code_bytes()), 0);
  for (int i = 1; i < 150; i += 2) CHECK_EQ(right(in(copies[i], plain), pid), MANY);
  for (int i = 1; i < 150; i += 2) CHECK_EQ(munmap(copies[i], code_bytes()), 0);
}

int main(int argc, char **argv) {
  check_start("jumps", argc, argv);
  zero = open("/dev/zero", O_RDONLY);
  long pid = getpid();
  pristine = malloc(code_bytes());
  memcpy(pristine, code_start, code_bytes());
  all_shapes(code_start, pid);
  reads(code_start);
  straight_to_the_call(code_start, pid);
  moved(pid);
  in_the_heap(pid);
  far_away(pid);
  signals_in_between(pid);
  forked();
  threads();
  crowd(pid);
  for (int how = 0; how < 5; how++) helpers_go(pid, how);
  traced(pid);
  all_shapes(code_start, pid);
  return check_report();
}
