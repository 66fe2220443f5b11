/* One instruction that only a kernel may run, that is undefined, or that raises an exception. */
#include "hostile.h"

static unsigned char space[64] __attribute__((aligned(64)));

#define ATTACK(name, text)                                                              \
  static void attack_##name(void) {                                                     \
    __asm__ volatile(text ::"a"(0L), "c"(0L), "d"(0L), "D"(space), "b"(0L) : "memory", "cc"); \
  }

ATTACK(hlt, "hlt")
ATTACK(cli, "cli")
ATTACK(sti, "sti")
ATTACK(mov_to_cr0, "mov %%rax, %%cr0")
ATTACK(mov_from_cr0, "mov %%cr0, %%rax")
ATTACK(mov_to_cr3, "mov %%rax, %%cr3")
ATTACK(mov_from_cr3, "mov %%cr3, %%rax")
ATTACK(mov_to_cr4, "mov %%rax, %%cr4")
ATTACK(mov_to_cr8, "mov %%rax, %%cr8")
ATTACK(mov_to_dr7, "mov %%rax, %%db7")
ATTACK(mov_from_dr0, "mov %%db0, %%rax")
ATTACK(wrmsr, "mov $0xc0000082, %%ecx\nwrmsr")
ATTACK(rdmsr, "mov $0xc0000082, %%ecx\nrdmsr")
ATTACK(lgdt, "lgdt (%%rdi)")
ATTACK(lidt, "lidt (%%rdi)")
ATTACK(lldt, "lldt %%ax")
ATTACK(ltr, "ltr %%ax")
ATTACK(lmsw, "lmsw %%ax")
ATTACK(clts, "clts")
ATTACK(invlpg, "invlpg (%%rdi)")
ATTACK(invd, "invd")
ATTACK(wbinvd, "wbinvd")
ATTACK(invpcid, "invpcid (%%rdi), %%rax")
ATTACK(swapgs, "swapgs")
ATTACK(sysretq, "sysretq")
ATTACK(sysretl, "sysretl")
ATTACK(sysexit, "sysexitl")
ATTACK(sysenter, "mov %%rsp, %%rbp\nxor %%eax, %%eax\nsysenter")
ATTACK(xsetbv, "xsetbv")
ATTACK(rdpmc, "rdpmc")
ATTACK(monitor, "lea space(%%rip), %%rax\nmonitor")
ATTACK(mwait, "mwait")
ATTACK(vmcall, "vmcall")
ATTACK(vmmcall, "vmmcall")
ATTACK(vmrun, "vmrun")
ATTACK(vmload, "vmload")
ATTACK(stgi, "stgi")
ATTACK(clgi, "clgi")
ATTACK(skinit, "skinit")
ATTACK(vmxoff, "vmxoff")
ATTACK(rsm, "rsm")
ATTACK(getsec, "getsec")
ATTACK(encls, ".byte 0x0f, 0x01, 0xcf")
ATTACK(sgdt, "sgdt (%%rdi)")
ATTACK(sidt, "sidt (%%rdi)")
ATTACK(sldt, "sldt %%eax")
ATTACK(str, "str %%eax")
ATTACK(smsw, "smsw %%eax")
ATTACK(ud0, ".byte 0x0f, 0xff, 0xc0")
ATTACK(ud1, ".byte 0x0f, 0xb9, 0xc0")
ATTACK(ud2, "ud2")
ATTACK(bad_opcode, ".byte 0x06") /* push es: not in 64-bit code */
ATTACK(bad_lock, ".byte 0xf0, 0x90") /* lock nop */
ATTACK(too_long, ".fill 15, 1, 0x66\nnop") /* 16 bytes with the prefixes */
ATTACK(int3, "int3")
ATTACK(int1, ".byte 0xf1")
ATTACK(into, ".byte 0xce")
ATTACK(mov_to_cs, ".byte 0x8e, 0xc8")
ATTACK(load_ss_null, "mov %%eax, %%ss")
ATTACK(load_ds_kernel, "mov $0x10, %%eax\nmov %%eax, %%ds")
ATTACK(load_ds_tss, "mov $0x40, %%eax\nmov %%eax, %%ds")
ATTACK(load_fs_wild, "mov $0xfff8, %%eax\nmov %%eax, %%gs")
ATTACK(load_ds_null, "mov %%eax, %%ds\nmov %%eax, %%es")
ATTACK(far_jump_kernel,
       "pushq $0x10\npushq $0x400000\n.byte 0x48, 0xff, 0x2c, 0x24") /* ljmp *(%rsp) */
ATTACK(divide_by_zero, "div %%ecx")
ATTACK(divide_overflow, "mov $-1, %%edx\nmov $1, %%ecx\ndiv %%ecx")
ATTACK(x87, "fninit\nmovw $0x33b, (%%rdi)\nfldcw (%%rdi)\nfld1\nfldz\nfdivrp\nfwait")
ATTACK(sse, "movl $0x1d80, (%%rdi)\nldmxcsr (%%rdi)\npxor %%xmm1, %%xmm1\nmov $1, %%eax\n"
            "cvtsi2sd %%eax, %%xmm0\ndivsd %%xmm1, %%xmm0")
ATTACK(bad_mxcsr, "movl $0xffff0000, (%%rdi)\nldmxcsr (%%rdi)")
ATTACK(bad_xrstor, "movq $-1, space(%%rip)\nmov $-1, %%eax\nmov $-1, %%edx\nxrstor 1(%%rdi)")
ATTACK(misaligned_sse, "movaps 1(%%rdi), %%xmm0")
ATTACK(non_canonical_read, "mov $0x8000000000000000, %%rax\nmov (%%rax), %%rax")
ATTACK(non_canonical_stack, "mov $0x8000000000000000, %%rsp\npush %%rax")
ATTACK(wild_stack_push, "xor %%esp, %%esp\npush %%rax")
ATTACK(wild_stack_fault, "mov $0x7f8000000800, %%rsp\nud2")
ATTACK(bad_fs_base, "mov $0x8000000000000000, %%rax\nwrfsbase %%rax")
ATTACK(rdtsc, "rdtsc\nrdtscp")
ATTACK(cpuid, "cpuid")

#define ENTRY(name) {#name, attack_##name}
static const struct {
  const char *name;
  void (*run)(void);
} ATTACKS[] = {
    ENTRY(hlt), ENTRY(cli), ENTRY(sti), ENTRY(mov_to_cr0), ENTRY(mov_from_cr0), ENTRY(mov_to_cr3),
    ENTRY(mov_from_cr3), ENTRY(mov_to_cr4), ENTRY(mov_to_cr8), ENTRY(mov_to_dr7),
    ENTRY(mov_from_dr0), ENTRY(wrmsr), ENTRY(rdmsr), ENTRY(lgdt), ENTRY(lidt), ENTRY(lldt),
    ENTRY(ltr), ENTRY(lmsw), ENTRY(clts), ENTRY(invlpg), ENTRY(invd), ENTRY(wbinvd),
    ENTRY(invpcid), ENTRY(swapgs), ENTRY(sysretq), ENTRY(sysretl), ENTRY(sysexit), ENTRY(sysenter),
    ENTRY(xsetbv), ENTRY(rdpmc), ENTRY(monitor), ENTRY(mwait), ENTRY(vmcall), ENTRY(vmmcall),
    ENTRY(vmrun), ENTRY(vmload), ENTRY(stgi), ENTRY(clgi), ENTRY(skinit), ENTRY(vmxoff), ENTRY(rsm),
    ENTRY(getsec), ENTRY(encls), ENTRY(sgdt), ENTRY(sidt), ENTRY(sldt), ENTRY(str), ENTRY(smsw),
    ENTRY(ud0), ENTRY(ud1), ENTRY(ud2), ENTRY(bad_opcode), ENTRY(bad_lock), ENTRY(too_long),
    ENTRY(int3), ENTRY(int1), ENTRY(into), ENTRY(mov_to_cs), ENTRY(load_ss_null),
    ENTRY(load_ds_kernel), ENTRY(load_ds_tss), ENTRY(load_fs_wild), ENTRY(load_ds_null),
    ENTRY(far_jump_kernel), ENTRY(divide_by_zero), ENTRY(divide_overflow), ENTRY(x87), ENTRY(sse),
    ENTRY(bad_mxcsr), ENTRY(bad_xrstor), ENTRY(misaligned_sse), ENTRY(non_canonical_read),
    ENTRY(non_canonical_stack), ENTRY(wild_stack_push), ENTRY(wild_stack_fault), ENTRY(bad_fs_base),
    ENTRY(rdtsc), ENTRY(cpuid),
};

int main(int argc, char **argv) {
  for (size_t i = 0; argc > 1 && i < sizeof ATTACKS / sizeof ATTACKS[0]; i++) {
    if (strcmp(argv[1], ATTACKS[i].name)) continue;
    ANNOUNCE("%s", ATTACKS[i].name);
    ATTACKS[i].run();
    syscall(SYS_getppid); /* what the instruction may have spoilt shows at the next call */
    return survived();
  }
  usage("instruction NAME, one of the list in the source");
}
