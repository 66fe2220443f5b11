/*
 * Runs the vDSO as an ordinary library on the build machine, over pages that the test shares with
 * it: vdso_harness VDSO PAGES. PAGES is a file of two pages, the vCPU page and the clock page; they
 * are mapped where the guest has them.
 *
 * Conversation with the test: each line "sample TSC HZ MONOTONIC REALTIME" on standard output is
 * answered by a line when the clock page has been updated. Failures go to standard output as lines
 * that begin with "FAIL"; the exit status is 0 if there were none.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define PAGES_ADDRESS ((void *)0x7f8000007000)
#define SECOND 1000000000LL

static int (*v_gettime)(clockid_t, struct timespec *);
static int (*v_getres)(clockid_t, struct timespec *);
static int (*v_timeofday)(struct timeval *, struct timezone *);
static time_t (*v_time)(time_t *);
static long (*v_getcpu)(unsigned *, unsigned *, void *);

static atomic_int failures;

#define CHECK(condition, ...)                                          \
	do {                                                           \
		if (!(condition)) {                                    \
			failures++;                                    \
			printf("FAIL %d %s: ", __LINE__, #condition);  \
			printf(__VA_ARGS__);                           \
			printf("\n");                                  \
			fflush(stdout);                                \
		}                                                      \
	} while (0)

static int64_t host(clockid_t clock)
{
	struct timespec t;

	syscall(SYS_clock_gettime, clock, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static int64_t vdso(clockid_t clock)
{
	struct timespec t = {-1, -1};
	int result = v_gettime(clock, &t);

	CHECK(result == 0, "clock %d: %d", clock, result);
	CHECK(t.tv_nsec >= 0 && t.tv_nsec < SECOND, "%ld", t.tv_nsec);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static uint64_t tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* The best of several readings of all clocks at one moment. */
static void sample(uint64_t hz)
{
	int64_t best = INT64_MAX, monotonic = 0, realtime = 0;
	uint64_t counter = 0;
	char line[64];

	for (int i = 0; i < 20; i++) {
		int64_t before = host(CLOCK_MONOTONIC);
		uint64_t c = tsc();
		int64_t real = host(CLOCK_REALTIME);
		int64_t after = host(CLOCK_MONOTONIC);
		if (after - before < best) {
			best = after - before;
			monotonic = before;
			realtime = real - (after - before) / 2;
			counter = c;
		}
	}
	printf("sample %lu %lu %ld %ld\n", counter, hz, monotonic, realtime);
	fflush(stdout);
	if (!fgets(line, sizeof line, stdin))
		exit(3);
}

static uint64_t measure_hz(void)
{
	int64_t start = host(CLOCK_MONOTONIC), end;
	uint64_t first = tsc(), last;

	do {
		end = host(CLOCK_MONOTONIC);
		last = tsc();
	} while (end - start < SECOND / 20);
	return (double)(last - first) * SECOND / (end - start);
}

/* With allowance for the error of a sample; 0 where the answer comes from the kernel. */
static void check_clock(clockid_t clock, clockid_t compared, int64_t allowance)
{
	int64_t before = host(compared), shown = vdso(clock), after = host(compared);

	CHECK(shown >= before - allowance && shown <= after + allowance,
	      "clock %d: %ld not in %ld .. %ld", clock, shown, before, after);
}

static void check_calendar(int64_t allowance)
{
	struct timeval now = {-1, -1};
	struct timezone zone = {77, 77};
	int64_t before = host(CLOCK_REALTIME) - allowance;
	time_t stored = -1, seconds;

	CHECK(v_timeofday(&now, &zone) == 0, "gettimeofday");
	CHECK(now.tv_usec >= 0 && now.tv_usec < 1000000, "%ld", now.tv_usec);
	int64_t shown = now.tv_sec * SECOND + now.tv_usec * 1000;
	CHECK(shown >= before - 1000 && shown <= host(CLOCK_REALTIME) + allowance, "%ld", shown);
	CHECK(zone.tz_minuteswest == 0 && zone.tz_dsttime == 0, "zone %d", zone.tz_minuteswest);
	CHECK(v_timeofday(NULL, NULL) == 0, "null pointers");
	seconds = v_time(&stored);
	CHECK(seconds == stored, "%ld %ld", seconds, stored);
	CHECK(seconds >= before / SECOND - 1 && seconds <= host(CLOCK_REALTIME) / SECOND + 1, "%ld", seconds);
	CHECK(v_time(NULL) >= seconds, "null pointer");
}

static void check_errors(void)
{
	struct timespec t;

	CHECK(v_gettime(12345, &t) == -EINVAL, "no such clock");
	CHECK(v_getres(12345, &t) == -EINVAL, "no such clock");
	CHECK(v_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0, "processor time");
	CHECK(v_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0, "processor time");
	CHECK(v_getres(CLOCK_THREAD_CPUTIME_ID, &t) == 0, "processor time");
}

static void check_resolutions(void)
{
	struct timespec t = {-1, -1};

	CHECK(v_getres(CLOCK_MONOTONIC, &t) == 0 && t.tv_sec == 0 && t.tv_nsec == 1, "%ld", t.tv_nsec);
	CHECK(v_getres(CLOCK_TAI, &t) == 0 && t.tv_sec == 0 && t.tv_nsec == 1, "%ld", t.tv_nsec);
	CHECK(v_getres(CLOCK_REALTIME_COARSE, &t) == 0 && t.tv_nsec == 4000000, "%ld", t.tv_nsec);
	CHECK(v_getres(CLOCK_MONOTONIC, NULL) == 0, "null pointer");
	CHECK(vdso(CLOCK_MONOTONIC_COARSE) % 4000000 == 0, "a coarse clock ticks");
}

static void check_cpu(void)
{
	unsigned cpu = 99, node = 99;

	CHECK(v_getcpu(&cpu, &node, NULL) == 0, "getcpu");
	CHECK(cpu == 5 && node == 3, "%u %u", cpu, node);
	CHECK(v_getcpu(NULL, NULL, NULL) == 0, "null pointers");
}

static atomic_bool stop;
static _Atomic int64_t latest;
static int counters_agree;	/* all cores have one TSC: readings can be compared across threads */

/* No thread sees a time before one that it has seen, or that another had already seen. */
static void *watch_time(void *calls)
{
	int64_t own = 0;

	while (!stop) {
		int64_t seen = counters_agree ? atomic_load(&latest) : own;
		int64_t now = vdso(CLOCK_MONOTONIC);
		CHECK(now >= seen, "time went back by %ld ns", seen - now);
		own = now;
		while (now > seen && !atomic_compare_exchange_weak(&latest, &seen, now))
			;
		++*(uint64_t *)calls;
	}
	return NULL;
}

static void watch_updates(uint64_t hz)
{
	pthread_t threads[2];
	uint64_t calls[2] = {0, 0};

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, watch_time, &calls[i]);
	for (int i = 0; i < 100; i++) {
		struct timespec pause = {0, 5000000};
		nanosleep(&pause, NULL);
		sample(hz);
	}
	stop = 1;
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		CHECK(calls[i] > 1000, "thread %d: %lu calls", i, calls[i]);
	}
}

static void *symbol(void *library, const char *name)
{
	void *address = dlvsym(library, name, "LINUX_2.6");

	CHECK(address != NULL, "%s", name);
	return address;
}

static void find_symbols(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		printf("FAIL %s\n", dlerror());
		exit(1);
	}
	v_gettime = symbol(library, "__vdso_clock_gettime");
	v_getres = symbol(library, "__vdso_clock_getres");
	v_timeofday = symbol(library, "__vdso_gettimeofday");
	v_time = symbol(library, "__vdso_time");
	v_getcpu = symbol(library, "__vdso_getcpu");
	CHECK(symbol(library, "clock_gettime") == v_gettime, "alias");
	CHECK(symbol(library, "clock_getres") == v_getres, "alias");
	CHECK(symbol(library, "gettimeofday") == v_timeofday, "alias");
	CHECK(symbol(library, "time") == v_time, "alias");
	CHECK(symbol(library, "getcpu") == v_getcpu, "alias");
	if (failures)
		exit(1);
}

static void map_pages(const char *path)
{
	int fd = open(path, O_RDONLY);
	void *pages = mmap(PAGES_ADDRESS, 2 * 4096, PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);

	if (pages != PAGES_ADDRESS) {
		printf("FAIL map %s: %s\n", path, strerror(errno));
		exit(1);
	}
}

static int one_counter(void)
{
	char name[16] = "";
	FILE *f = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "r");

	if (f && !fgets(name, sizeof name, f))
		name[0] = 0;
	return !strcmp(name, "tsc\n");
}

int main(int argc, char **argv)
{
	static const clockid_t clocks[] = {
		CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_MONOTONIC_RAW, CLOCK_TAI,
		CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE,
	};
	const int64_t allowance = 100000;

	if (argc != 3)
		return 2;
	counters_agree = one_counter();
	map_pages(argv[2]);
	find_symbols(argv[1]);

	/* The page is all zeroes: the kernel answers. */
	for (unsigned i = 0; i < sizeof clocks / sizeof *clocks; i++)
		check_clock(clocks[i], clocks[i], 0);
	check_calendar(0);
	check_errors();

	uint64_t hz = measure_hz();
	sample(hz);
	check_clock(CLOCK_REALTIME, CLOCK_REALTIME, allowance);
	check_clock(CLOCK_MONOTONIC, CLOCK_MONOTONIC, allowance);
	check_clock(CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC, allowance);
	check_clock(CLOCK_BOOTTIME, CLOCK_MONOTONIC, allowance);
	check_clock(CLOCK_TAI, CLOCK_REALTIME, allowance);
	check_clock(CLOCK_REALTIME_COARSE, CLOCK_REALTIME, 4000000 + allowance);
	check_clock(CLOCK_MONOTONIC_COARSE, CLOCK_MONOTONIC, 4000000 + allowance);
	check_calendar(allowance);
	check_errors();
	check_resolutions();
	check_cpu();

	watch_updates(hz);
	/* The test has pulled the clock to and fro meanwhile. */
	check_clock(CLOCK_MONOTONIC, CLOCK_MONOTONIC, SECOND / 8);
	printf("done\n");
	return failures ? 1 : 0;
}
