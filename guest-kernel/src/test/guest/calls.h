/*
 * System calls that a program which calls at random may not make, each with the reason. The list is
 * for Linux as much as for the kernel under test: such a program is run natively first, and must be
 * harmless there. Numbers without a name in this machine's headers are given as such.
 */
#ifndef CALLS_H
#define CALLS_H

#include <stddef.h>
#include <sys/syscall.h>

struct forbidden_call {
  int number;
  const char *reason;
};

static const struct forbidden_call FORBIDDEN_CALLS[] = {
    /* It would be over. */
    {SYS_exit, "ends the program"},
    {SYS_exit_group, "ends the program"},
    {SYS_rt_sigreturn, "loads all registers from the stack"},
    {SYS_execve, "replaces the program"},
    {SYS_execveat, "replaces the program"},
    {SYS_seccomp, "strict mode kills at the next call"},
    {SYS_ptrace, "TRACEME stops at the next signal"},
    {335, "uretprobe: SIGILL outside of its trampoline"},
    {336, "uprobe: the same"},
    {SYS_rseq, "a wild area kills at the next preemption"},
    {SYS_alarm, "SIGALRM ends the program"},
    {SYS_setitimer, "SIGALRM ends the program"},
    {SYS_timer_create, "SIGALRM ends the program"},
    /* There would be two. */
    {SYS_fork, "a second process"},
    {SYS_vfork, "a second process"},
    {SYS_clone, "a second process"},
    {SYS_clone3, "a second process"},
    /* It might wait for ever. */
    {SYS_pause, "waits for a signal"},
    {SYS_rt_sigsuspend, "waits for a signal"},
    {SYS_eventfd, "a read of it waits"},
    {SYS_eventfd2, "a read of it waits"},
    {SYS_timerfd_create, "a read of it waits"},
    {SYS_signalfd, "a read of it waits"},
    {SYS_signalfd4, "a read of it waits"},
    {SYS_inotify_init, "a read of it waits"},
    {SYS_inotify_init1, "a read of it waits"},
    {SYS_fanotify_init, "a read of it waits"},
    {SYS_pipe, "a read of it waits"},
    {SYS_pipe2, "a read of it waits"},
    {SYS_socketpair, "a read of it waits"},
    {SYS_userfaultfd, "a fault in its range waits"},
    {SYS_io_uring_setup, "work in the background"},
    {SYS_io_uring_enter, "work in the background"},
    {SYS_io_uring_register, "work in the background"},
    {SYS_io_setup, "work in the background"},
    {SYS_io_submit, "work in the background"},
    {449, "futex_waitv: waits without a limit"},
    {455, "futex_wait: waits without a limit"},
    {SYS_epoll_create, "waits without a limit"},
    {SYS_epoll_create1, "waits without a limit"},
    /* Somebody else would notice. */
    {SYS_tkill, "signals"},
    {SYS_rt_sigqueueinfo, "signals"},
    {SYS_rt_tgsigqueueinfo, "signals"},
    {SYS_pidfd_open, "other processes"},
    {SYS_pidfd_send_signal, "signals"},
    {SYS_pidfd_getfd, "other processes' files"},
    {SYS_process_vm_readv, "other processes' memory, its own text"},
    {SYS_process_vm_writev, "other processes' memory, its own text"},
    {SYS_process_madvise, "other processes' memory"},
    {448, "process_mrelease: other processes' memory"},
    {SYS_migrate_pages, "other processes' memory"},
    {SYS_move_pages, "other processes' memory"},
    {SYS_setpgid, "job control of the caller's shell"},
    {SYS_setsid, "job control of the caller's shell"},
    {SYS_vhangup, "the terminal"},
    {SYS_setpriority, "the speed of other processes"},
    {SYS_ioprio_set, "the speed of other processes"},
    {SYS_sched_setscheduler, "the speed of other processes"},
    {SYS_sched_setparam, "the speed of other processes"},
    {SYS_sched_setattr, "the speed of other processes"},
    {SYS_reboot, "the machine"},
    {SYS_kexec_load, "the machine"},
    {SYS_kexec_file_load, "the machine"},
    {SYS_init_module, "the machine"},
    {SYS_finit_module, "the machine"},
    {SYS_delete_module, "the machine"},
    {SYS_iopl, "the machine"},
    {SYS_ioperm, "the machine"},
    {SYS_settimeofday, "the clock"},
    {SYS_clock_settime, "the clock"},
    {SYS_adjtimex, "the clock"},
    {SYS_clock_adjtime, "the clock"},
    {SYS_sethostname, "the name of the host"},
    {SYS_setdomainname, "the name of the host"},
    {SYS_acct, "accounting"},
    {SYS_syslog, "the log"},
    {SYS_quotactl, "quotas"},
    {443, "quotactl_fd: quotas"},
    {SYS_swapon, "swap"},
    {SYS_swapoff, "swap"},
    {SYS_sync, "writes out the host's disks"},
    {SYS_syncfs, "writes out the host's disks"},
    {SYS_mount, "mounts"},
    {SYS_umount2, "mounts"},
    {SYS_pivot_root, "mounts"},
    {SYS_chroot, "the root directory"},
    {SYS_unshare, "namespaces"},
    {SYS_setns, "namespaces"},
    {SYS_open_tree, "mounts"},
    {SYS_move_mount, "mounts"},
    {SYS_fsopen, "mounts"},
    {SYS_fsconfig, "mounts"},
    {SYS_fsmount, "mounts"},
    {SYS_fspick, "mounts"},
    {442, "mount_setattr: mounts"},
    {467, "open_tree_attr: mounts"},
    {SYS_fanotify_mark, "watches whole file systems"},
    {SYS_name_to_handle_at, "files outside of the directory"},
    {SYS_open_by_handle_at, "files outside of the directory"},
    {SYS_bpf, "programs in the kernel"},
    {SYS_perf_event_open, "counters of the machine"},
    {SYS_lookup_dcookie, "profiling"},
    {SYS_add_key, "keys stay behind"},
    {SYS_request_key, "keys stay behind, starts a program"},
    {SYS_keyctl, "keys stay behind"},
    {SYS_shmget, "stays behind when the program ends"},
    {SYS_shmat, "somebody else's"},
    {SYS_shmctl, "removes somebody else's"},
    {SYS_shmdt, "with shmat"},
    {SYS_semget, "stays behind when the program ends"},
    {SYS_semop, "somebody else's"},
    {SYS_semctl, "removes somebody else's"},
    {SYS_semtimedop, "somebody else's"},
    {SYS_msgget, "stays behind when the program ends"},
    {SYS_msgsnd, "somebody else's"},
    {SYS_msgrcv, "somebody else's"},
    {SYS_msgctl, "removes somebody else's"},
    {SYS_mq_open, "stays behind when the program ends"},
    {SYS_mq_unlink, "removes somebody else's"},
    /* It would wreck what the program itself stands on. */
    {SYS_personality, "changes how everything later is laid out"},
    {SYS_mlockall, "later mappings fail for its limit"},
    {444, "landlock_create_ruleset: no way back"},
    {445, "landlock_add_rule: no way back"},
    {446, "landlock_restrict_self: no way back"},
    {447, "memfd_secret: cannot be read by others"},
    {453, "map_shadow_stack: returns would fault"},
    {462, "mseal: no way back"},
    {SYS_modify_ldt, "descriptors of its own segments"},
    {SYS_vmsplice, "gives its own pages away"},
};

static inline const char *forbidden(long number) {
  for (size_t i = 0; i < sizeof FORBIDDEN_CALLS / sizeof FORBIDDEN_CALLS[0]; i++)
    if (FORBIDDEN_CALLS[i].number == number) return FORBIDDEN_CALLS[i].reason;
  return NULL;
}

/* A system call with six arguments and no C library in between; the result or -errno. */
static inline long bare_call(long number, const unsigned long a[6]) {
  register unsigned long r10 __asm__("r10") = a[3];
  register unsigned long r8 __asm__("r8") = a[4];
  register unsigned long r9 __asm__("r9") = a[5];
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

#endif
