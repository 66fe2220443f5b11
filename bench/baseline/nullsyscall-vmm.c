/*
 * The least that a virtual machine monitor can spend on a system call that leaves the guest: the
 * bar for the one in Java.
 *
 *   nullsyscall-vmm [CALLS_PER_BATCH=20000] [CPU=0] [BATCHES=11]
 *   nullsyscall-vmm exit_ns=N
 *
 *   nullsyscall-vmm serve|floor|ring [CPU=0]
 *
 * `serve` takes commands on standard input as ../guest/bell does (../command.h), of which
 * it knows the null call; a benchmark drives both alike. `floor` and `ring` do the same with calls
 * that stay in the guest: the entry page of the one returns at once, that of the other posts the
 * call in shared memory and waits for a thread of ours on the next CPU to answer there.
 *
 * The guest is a loop of `syscall` in ring 3. The entry page does `out`; KVM_RUN returns; registers
 * and segments have come through the synced area of kvm_run (KVM_CAP_SYNC_REGS), the answer goes
 * back the same way, and KVM_RUN again. The guest checks that it got the answer. Printed is the
 * median of the batches, in nanoseconds per call. Works on hosts where the entry page runs in ring
 * 0 (it then ends in `sysretq`) and where it stays in ring 3 (the monitor then does what `sysretq`
 * would). The exit code is 1 with a line on standard error when something is missing or unexpected.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "../command.h"

/* Guest-physical and, by an identity map, guest-virtual addresses. */
enum {
  ROOT_TABLE = 0x10000, LEVEL3_TABLE = 0x11000, LEVEL2_TABLE = 0x12000,
  DESCRIPTORS = 0x13000, TASK_STATE = 0x14000, /* three pages with the I/O bitmap */
  ENTRY_PAGE = 0x20000, REQUEST = 0x22000, REPLY = 0x23000, PROGRAM = 0x30000, MEMORY_BYTES = 2 << 20,
};
enum { KERNEL_CODE = 0x10, KERNEL_DATA = 0x18, USER_DATA = 0x2b, USER_CODE = 0x33, TASK = 0x40 };
enum { CALL_PORT = 0xe0, WRONG_PORT = 0xe1, DONE_PORT = 0xe2, CALL_NUMBER = 110, ANSWER = 0x5a5a };
enum { TASK_STATE_BYTES = 0x68, BITMAP_BYTES = 8192 + 1 };
enum { MSR_STAR = 0xc0000081U, MSR_LSTAR = 0xc0000082U, MSR_SFMASK = 0xc0000084U };
enum { SYNCED = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS, BATCHES_MAX = 1001 };

static int vcpu;
static struct kvm_run *run;
static uint8_t *memory;

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("nullsyscall-vmm: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  exit(1);
}

static int must(int result, const char *what) {
  if (result < 0) die("%s: %s", what, strerror(errno));
  return result;
}

static void put(uint32_t at, uint64_t value) { memcpy(memory + at, &value, sizeof value); }

/* One 2 MiB page, present, writable, user, accessed and dirty, identity-mapped. */
static void build_tables(void) {
  put(ROOT_TABLE, LEVEL3_TABLE | 0x27);
  put(LEVEL3_TABLE, LEVEL2_TABLE | 0x27);
  put(LEVEL2_TABLE, 0xe7);
}

static void build_descriptors(void) {
  put(DESCRIPTORS + KERNEL_CODE, 0x00af9b000000ffffULL);
  put(DESCRIPTORS + KERNEL_DATA, 0x00cf93000000ffffULL);
  put(DESCRIPTORS + (USER_DATA & ~7), 0x00cff3000000ffffULL);
  put(DESCRIPTORS + (USER_CODE & ~7), 0x00affb000000ffffULL);
  uint64_t limit = TASK_STATE_BYTES + BITMAP_BYTES - 1;
  put(DESCRIPTORS + TASK, limit | (uint64_t)TASK_STATE << 16 | 0x8bULL << 40);
  put(DESCRIPTORS + TASK + 8, 0);
  uint8_t *state = memory + TASK_STATE, *bitmap = state + TASK_STATE_BYTES;
  uint16_t bitmap_at = TASK_STATE_BYTES;
  memcpy(state + 0x66, &bitmap_at, sizeof bitmap_at);
  memset(bitmap, 0xff, BITMAP_BYTES);
  bitmap[CALL_PORT / 8] &= (uint8_t)~(1 << CALL_PORT % 8 | 1 << WRONG_PORT % 8 | 1 << DONE_PORT % 8);
}

static void build_code(void) {
  const uint8_t entry[] = {0xe6, CALL_PORT, /* out %al,$CALL_PORT */ 0x48, 0x0f, 0x07 /* sysretq */};
  const uint8_t program[] = {
      0xb8, CALL_NUMBER, 0, 0, 0,                      /* again: mov $CALL_NUMBER,%eax */
      0x0f, 0x05,                                      /* syscall */
      0x3d, ANSWER & 0xff, ANSWER >> 8, 0, 0,          /* cmp $ANSWER,%eax */
      0x74, 0xf2,                                      /* je again */
      0xe6, WRONG_PORT,                                /* out %al,$WRONG_PORT */
  };
  memcpy(memory + ENTRY_PAGE, entry, sizeof entry);
  memcpy(memory + PROGRAM, program, sizeof program);
}

static void set_model_registers(void) {
  struct {
    struct kvm_msrs head;
    struct kvm_msr_entry entries[3];
  } msrs = {{.nmsrs = 3},
            {{.index = MSR_STAR, .data = (0x23ULL << 48) | ((uint64_t)KERNEL_CODE << 32)},
             {.index = MSR_LSTAR, .data = ENTRY_PAGE},
             {.index = MSR_SFMASK, .data = 0x47700}}};
  if (must(ioctl(vcpu, KVM_SET_MSRS, &msrs), "KVM_SET_MSRS") != 3) die("KVM_SET_MSRS: not all set");
}

/* Starts the vCPU in ring 3, 64-bit mode, at the program. */
static void set_registers(void) {
  struct kvm_sregs s;
  must(ioctl(vcpu, KVM_GET_SREGS, &s), "KVM_GET_SREGS");
  s.cr0 = 0x80050033;
  s.cr3 = ROOT_TABLE;
  s.cr4 = 0x620; /* PAE, OSFXSR, OSXMMEXCPT */
  s.efer = 0xd01; /* SCE, LME, LMA, NXE */
  s.gdt = (struct kvm_dtable){.base = DESCRIPTORS, .limit = TASK + 15};
  s.idt = (struct kvm_dtable){.base = 0, .limit = 0};
  s.cs = (struct kvm_segment){.limit = ~0U, .selector = USER_CODE, .type = 11, .present = 1,
                              .dpl = 3, .s = 1, .l = 1, .g = 1};
  s.ss = (struct kvm_segment){.limit = ~0U, .selector = USER_DATA, .type = 3, .present = 1,
                              .dpl = 3, .db = 1, .s = 1, .g = 1};
  s.ds = s.es = s.ss;
  s.tr = (struct kvm_segment){.base = TASK_STATE, .limit = TASK_STATE_BYTES + BITMAP_BYTES - 1,
                              .selector = TASK, .type = 11, .present = 1};
  must(ioctl(vcpu, KVM_SET_SREGS, &s), "KVM_SET_SREGS");
  struct kvm_regs r = {.rip = PROGRAM, .rflags = 2};
  must(ioctl(vcpu, KVM_SET_REGS, &r), "KVM_SET_REGS");
}

static void set_cpuid(int kvm) {
  static struct {
    struct kvm_cpuid2 head;
    struct kvm_cpuid_entry2 entries[256];
  } cpuid = {.head = {.nent = 256}};
  must(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &cpuid), "KVM_GET_SUPPORTED_CPUID");
  must(ioctl(vcpu, KVM_SET_CPUID2, &cpuid), "KVM_SET_CPUID2");
}

static void create_machine(void) {
  int kvm = must(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
  int synced = must(ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_REGS), "KVM_CAP_SYNC_REGS");
  if ((synced & SYNCED) != SYNCED) die("this KVM does not synchronise registers");
  int vm = must(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
  int fd = must(memfd_create("guest-memory", MFD_CLOEXEC), "memfd_create");
  must(ftruncate(fd, MEMORY_BYTES), "ftruncate");
  memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) die("mmap: %s", strerror(errno));
  struct kvm_userspace_memory_region slot = {.memory_size = MEMORY_BYTES,
                                             .userspace_addr = (uintptr_t)memory};
  must(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot), "KVM_SET_USER_MEMORY_REGION");
  vcpu = must(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
  int size = must(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
  run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
  if (run == MAP_FAILED) die("mmap of the vCPU: %s", strerror(errno));
  set_cpuid(kvm);
  build_tables();
  build_descriptors();
  build_code();
  set_registers();
  set_model_registers();
  run->kvm_valid_regs = SYNCED;
}

/* Runs the guest to its next system call and answers it. */
static void serve_one(void) {
  if (ioctl(vcpu, KVM_RUN, 0) < 0) die("KVM_RUN: %s", strerror(errno));
  struct kvm_regs *r = &run->s.regs.regs;
  if (run->exit_reason != KVM_EXIT_IO) die("unexpected exit %u", run->exit_reason);
  if (run->io.port != CALL_PORT) die("the guest did not get its answer, rax=0x%llx", r->rax);
  /* Hosts differ in whether RIP is at the `out` or past it. */
  if (r->rip - ENTRY_PAGE > 2 || r->rax != CALL_NUMBER)
    die("no system call: rip=0x%llx rax=0x%llx", r->rip, r->rax);
  if ((run->s.regs.sregs.cs.selector & 3) == 3) {
    r->rip = r->rcx;
    r->rflags = r->r11 | 2;
  }
  r->rax = ANSWER;
  run->kvm_dirty_regs = KVM_SYNC_X86_REGS;
}

static uint64_t run_calls(uint64_t calls) {
  uint64_t start = now_ns();
  for (uint64_t i = 0; i < calls; i++) serve_one();
  return now_ns() - start;
}

static double batch_ns(long calls) { return (double)run_calls((uint64_t)calls) / (double)calls; }

static int serve_commands(void) {
  struct command command;
  while (next_command(&command)) {
    if (command.operation != COMMAND_NULL) die("no such command: %lu", command.operation);
    if (!answer(run_calls(command.count))) break;
  }
  return 0;
}

/* ---- calls that do not leave the guest ---- */

static uint32_t emit(uint32_t at, const uint8_t *code, size_t bytes) {
  memcpy(memory + at, code, bytes);
  return at + (uint32_t)bytes;
}

/* An instruction with an absolute address, which takes four bytes. */
static uint32_t emit_at(uint32_t at, const uint8_t *code, size_t bytes, uint32_t address) {
  at = emit(at, code, bytes);
  memcpy(memory + at, &address, sizeof address);
  return at + (uint32_t)sizeof address;
}

#define EMIT(...) (at = emit(at, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})))
#define EMIT_AT(address, ...)                        \
  (at = emit_at(at, (const uint8_t[]){__VA_ARGS__}, \
                sizeof((const uint8_t[]){__VA_ARGS__}), (address)))

/* The way back, wherever `syscall` has led to. */
static void emit_return(uint32_t at, int ring0) {
  if (ring0) EMIT(0x48, 0x0f, 0x07); /* sysretq */
  else EMIT(0xff, 0xe1);             /* jmp *%rcx */
}

static void build_floor(int ring0) {
  uint32_t at = ENTRY_PAGE;
  EMIT(0xb8, ANSWER & 0xff, ANSWER >> 8, 0, 0); /* mov $ANSWER,%eax */
  emit_return(at, ring0);
}

static void build_ring(int ring0) {
  uint32_t at = ENTRY_PAGE;
  EMIT_AT(REQUEST + 8, 0x48, 0x89, 0x04, 0x25); /* mov %rax,REQUEST+8 */
  EMIT_AT(REQUEST, 0x8b, 0x04, 0x25);           /* mov REQUEST,%eax */
  EMIT(0xff, 0xc0);                             /* inc %eax */
  EMIT_AT(REQUEST, 0x89, 0x04, 0x25);           /* mov %eax,REQUEST */
  EMIT(0xf3, 0x90);                             /* again: pause */
  EMIT_AT(REPLY, 0x39, 0x04, 0x25);             /* cmp %eax,REPLY */
  EMIT(0x75, 0xf5);                             /* jne again */
  EMIT_AT(REPLY + 8, 0x48, 0x8b, 0x04, 0x25);   /* mov REPLY+8,%rax */
  emit_return(at, ring0);
}

/* As many calls as RBX says, then the port that says so. */
static void build_counted_program(void) {
  const uint8_t program[] = {
      0xb8, CALL_NUMBER, 0, 0, 0,             /* again: mov $CALL_NUMBER,%eax */
      0x0f, 0x05,                             /* syscall */
      0x3d, ANSWER & 0xff, ANSWER >> 8, 0, 0, /* cmp $ANSWER,%eax */
      0x75, 0x07,                             /* jne wrong */
      0x48, 0xff, 0xcb,                       /* dec %rbx */
      0x75, 0xed,                             /* jne again */
      0xe6, DONE_PORT,                        /* out %al,$DONE_PORT */
      0xe6, WRONG_PORT,                       /* wrong: out %al,$WRONG_PORT */
  };
  memcpy(memory + PROGRAM, program, sizeof program);
}

static uint64_t run_counted(uint64_t calls) {
  struct kvm_regs *r = &run->s.regs.regs;
  r->rip = PROGRAM;
  r->rbx = calls;
  run->kvm_dirty_regs = KVM_SYNC_X86_REGS;
  uint64_t start = now_ns();
  if (ioctl(vcpu, KVM_RUN, 0) < 0) die("KVM_RUN: %s", strerror(errno));
  uint64_t spent = now_ns() - start;
  if (run->exit_reason != KVM_EXIT_IO || run->io.port != DONE_PORT)
    die("unexpected exit %u at 0x%llx", run->exit_reason, r->rip);
  return spent;
}

static void bind_to(long cpu);

/* Answers what is posted; RBX and the loop around it are the guest's. */
static void *answer_ring(void *cpu) {
  bind_to(*(long *)cpu);
  _Atomic uint32_t *request = (_Atomic uint32_t *)(memory + REQUEST);
  _Atomic uint32_t *reply = (_Atomic uint32_t *)(memory + REPLY);
  uint32_t seen = 0;
  while (1) {
    uint32_t posted = atomic_load_explicit(request, memory_order_acquire);
    if (posted == seen) {
      __builtin_ia32_pause();
      continue;
    }
    seen = posted;
    uint64_t result = *(uint64_t *)(memory + REQUEST + 8) == CALL_NUMBER ? ANSWER : 0;
    *(uint64_t *)(memory + REPLY + 8) = result;
    atomic_store_explicit(reply, posted, memory_order_release);
  }
  return NULL;
}

/* The first call leaves the guest, and shows in which ring `syscall` arrives. */
static int serve_in_guest(int ring, long cpu) {
  serve_one();
  if (ioctl(vcpu, KVM_RUN, 0) < 0) die("KVM_RUN: %s", strerror(errno));
  struct kvm_sregs *s = &run->s.regs.sregs;
  int ring0 = (s->cs.selector & 3) == 0;
  (ring ? build_ring : build_floor)(ring0);
  build_counted_program();
  if (ring0) { /* back to ring 3, as sysretq would */
    set_registers();
    if (ioctl(vcpu, KVM_GET_REGS, &run->s.regs.regs) < 0) die("KVM_GET_REGS");
  }
  static long server_cpu;
  server_cpu = (cpu + 1) % sysconf(_SC_NPROCESSORS_ONLN);
  pthread_t thread;
  if (ring && pthread_create(&thread, NULL, answer_ring, &server_cpu)) die("pthread_create");
  struct command command;
  while (next_command(&command)) {
    if (command.operation != COMMAND_NULL) die("no such command: %lu", command.operation);
    if (!answer(run_counted(command.count))) break;
  }
  return 0;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static long argument(int argc, char **argv, int index, long fallback, long minimum, long maximum) {
  if (argc <= index) return fallback;
  char *end;
  long value = strtol(argv[index], &end, 10);
  if (end == argv[index] || *end || value < minimum || value > maximum)
    die("usage: nullsyscall-vmm [CALLS_PER_BATCH] [CPU] [BATCHES, at most %d] | serve|floor|ring [CPU]",
        BATCHES_MAX);
  return value;
}

static void bind_to(long cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET((size_t)cpu, &set);
  must(sched_setaffinity(0, sizeof set, &set), "sched_setaffinity");
}

int main(int argc, char **argv) {
  int ring = argc > 1 && !strcmp(argv[1], "ring"), floor = argc > 1 && !strcmp(argv[1], "floor");
  int serving = ring || floor || (argc > 1 && !strcmp(argv[1], "serve"));
  long calls = serving ? 0 : argument(argc, argv, 1, 20000, 1, 1000000000);
  long cpu = argument(argc, argv, 2, 0, 0, CPU_SETSIZE - 1);
  long batches = argument(argc, argv, 3, 11, 1, BATCHES_MAX);
  bind_to(cpu);
  create_machine();
  if (ring || floor) return serve_in_guest(ring, cpu);
  if (serving) return serve_commands();
  batch_ns(calls < 1000 ? calls : 1000); /* shadow tables and caches fill */
  static double ns[BATCHES_MAX];
  for (long i = 0; i < batches; i++) ns[i] = batch_ns(calls);
  qsort(ns, (size_t)batches, sizeof ns[0], by_value);
  printf("nullsyscall-vmm exit_ns=%.0f\n", ns[batches / 2]);
  return 0;
}
