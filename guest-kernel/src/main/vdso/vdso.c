/*
 * The vDSO: functions that the kernel puts into every program, so that asking for the time does
 * not leave the guest (vdso(7)).
 *
 * It reads two pages of the kernel's area, which programs can only read: the clock page, one per
 * machine, and the vCPU page, one per vCPU. Their addresses are the same in every process, so
 * there is nothing to relocate. Whatever cannot be answered from them becomes a system call.
 *
 * The clock is the later of two lines: nanoseconds = base + (TSC - base_tsc) * mult / 2^shift. The
 * kernel replaces them from time to time, under a sequence counter; org.biscotti.kernel.exec.Vvar
 * writes them and explains why no reader ever sees the time step back.
 */
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <sys/time.h>

/* The clock page; the offsets are those of org.biscotti.kernel.exec.Vvar. */
struct clock_page {
	uint32_t sequence;		/* odd while the kernel is writing */
	uint32_t mode;			/* 0: every question is a system call */
	uint64_t base_tsc;
	int64_t mult;
	uint32_t shift;			/* below 64 */
	uint32_t coarse_tick;		/* nanoseconds */
	int64_t base;			/* nanoseconds of CLOCK_MONOTONIC at base_tsc */
	int64_t realtime_offset;	/* to be added to CLOCK_MONOTONIC, nanoseconds */
	int64_t boottime_offset;
	int64_t tai_offset;
	int64_t bridge;			/* the second line, also from base_tsc */
	int64_t bridge_mult;
};

struct vcpu_page {
	uint64_t cpu_and_node;		/* CPU number in the low half, node in the high one */
};

#define CLOCK_PAGE ((const volatile struct clock_page *)0x7f8000008000)
#define VCPU_PAGE ((const volatile struct vcpu_page *)0x7f8000007000)

/*
 * How often a reader looks again while the kernel is writing, before it makes a system call: a
 * good part of a second. The writer takes a microsecond, but it may lose its core or stand at a
 * safepoint in the middle; and the kernel's own clock is not bent as this one is, so to change over
 * to it can be a small step back.
 */
#define PATIENCE (1 << 24)

#define NANOS_PER_SECOND 1000000000

enum answer { ANSWERED, ASK_KERNEL };

static inline long system_call(long number, long first, long second, long third)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(first), "S"(second), "d"(third)
			 : "rcx", "r11", "memory");
	return result;
}

/* The fence keeps the TSC from being read before the sequence counter (SDM vol. 2, RDTSC). */
static inline uint64_t read_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline int64_t on_line(int64_t base, int64_t delta, int64_t mult, uint32_t shift)
{
	return base + (int64_t)((__int128)delta * mult >> (shift & 63));
}

/* What the named clock shows, in nanoseconds. */
static inline enum answer read_clock(clockid_t clock, int64_t *nanos)
{
	const volatile struct clock_page *page = CLOCK_PAGE;

	for (int tries = 0; tries < PATIENCE; tries++) {
		uint32_t sequence = page->sequence;
		if (sequence & 1) {
			__builtin_ia32_pause();
			continue;
		}
		if (page->mode == 0)
			return ASK_KERNEL;

		int64_t delta = (int64_t)(read_tsc() - page->base_tsc);
		int64_t now = on_line(page->base, delta, page->mult, page->shift);
		int64_t least = on_line(page->bridge, delta, page->bridge_mult, page->shift);
		int64_t offset = 0;

		if (now < least)
			now = least;
		switch (clock) {
		case CLOCK_REALTIME_COARSE:
			now -= (uint64_t)now % page->coarse_tick;
			offset = page->realtime_offset;
			break;
		case CLOCK_MONOTONIC_COARSE:
			now -= (uint64_t)now % page->coarse_tick;
			break;
		case CLOCK_REALTIME:
			offset = page->realtime_offset;
			break;
		case CLOCK_MONOTONIC:
		case CLOCK_MONOTONIC_RAW:
			break;
		case CLOCK_BOOTTIME:
			offset = page->boottime_offset;
			break;
		case CLOCK_TAI:
			offset = page->tai_offset;
			break;
		default:
			return ASK_KERNEL;
		}
		if (page->sequence == sequence) {
			*nanos = now + offset;
			return ANSWERED;
		}
	}
	return ASK_KERNEL;
}

int __vdso_clock_gettime(clockid_t clock, struct timespec *time)
{
	int64_t nanos;

	if (read_clock(clock, &nanos) == ASK_KERNEL)
		return system_call(SYS_clock_gettime, clock, (long)time, 0);
	time->tv_sec = (uint64_t)nanos / NANOS_PER_SECOND;
	time->tv_nsec = (uint64_t)nanos % NANOS_PER_SECOND;
	return 0;
}

int __vdso_gettimeofday(struct timeval *time, struct timezone *zone)
{
	int64_t nanos;

	if (read_clock(CLOCK_REALTIME, &nanos) == ASK_KERNEL)
		return system_call(SYS_gettimeofday, (long)time, (long)zone, 0);
	if (time) {
		time->tv_sec = (uint64_t)nanos / NANOS_PER_SECOND;
		time->tv_usec = (uint64_t)nanos % NANOS_PER_SECOND / 1000;
	}
	if (zone) {
		zone->tz_minuteswest = 0;
		zone->tz_dsttime = 0;
	}
	return 0;
}

time_t __vdso_time(time_t *time)
{
	int64_t nanos;

	if (read_clock(CLOCK_REALTIME, &nanos) == ASK_KERNEL)
		return system_call(SYS_time, (long)time, 0, 0);

	time_t seconds = (uint64_t)nanos / NANOS_PER_SECOND;
	if (time)
		*time = seconds;
	return seconds;
}

int __vdso_clock_getres(clockid_t clock, struct timespec *resolution)
{
	long nanos;

	if (CLOCK_PAGE->mode == 0)
		return system_call(SYS_clock_getres, clock, (long)resolution, 0);
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		nanos = 1;
		break;
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		nanos = CLOCK_PAGE->coarse_tick;
		break;
	default:
		return system_call(SYS_clock_getres, clock, (long)resolution, 0);
	}
	if (resolution) {
		resolution->tv_sec = 0;
		resolution->tv_nsec = nanos;
	}
	return 0;
}

/* The third argument is a cache that the kernel has not used since Linux 2.6.24 (getcpu(2)). */
long __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
	uint64_t both = VCPU_PAGE->cpu_and_node;

	(void)unused;
	if (cpu)
		*cpu = (unsigned)both;
	if (node)
		*node = (unsigned)(both >> 32);
	return 0;
}

int clock_gettime(clockid_t clock, struct timespec *time)
	__attribute__((weak, alias("__vdso_clock_gettime")));
int clock_getres(clockid_t clock, struct timespec *resolution)
	__attribute__((weak, alias("__vdso_clock_getres")));
time_t time(time_t *time) __attribute__((weak, alias("__vdso_time")));
long getcpu(unsigned *cpu, unsigned *node, void *unused)
	__attribute__((weak, alias("__vdso_getcpu")));

/* glibc declares its own with a pointer to void, so the alias is made without the header. */
__asm__(".weak gettimeofday\n.set gettimeofday, __vdso_gettimeofday");
