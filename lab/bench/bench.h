/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What things cost on a kernel.
 *
 * In a guest whose time is a count of instructions (QEMU's -icount shift=0)
 * the time stamp counter is that count, so a cost is a number of instructions
 * and the same each time.  Elsewhere (wall) it is a time in nanoseconds.
 */
#ifndef LAB_BENCH_H
#define LAB_BENCH_H

#define _GNU_SOURCE
#include <stdbool.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>

typedef uint32_t u32;
typedef uint64_t u64;

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/*
 * One case.  It runs in a process of its own, and all that it starts is gone
 * before the next.  @run gives the cost; a case of several numbers prints them
 * itself and gives TOLD.
 */
struct bench_case {
	const char *name;
	double (*run)(unsigned int arg);
	unsigned int arg;
	unsigned int modes;	/* in which of them; 0: ONE_CPU and WALL */
};

enum mode {
	ONE_CPU = 1,	/* instructions are counted, of one CPU */
	TWO_CPUS = 2,	/* of two, which run in turn, so that it is the sum of both */
	WALL = 4,	/* by wall time, with two CPUs */
};

#define TOLD	(-1.0)

extern const struct bench_case untraced_cases[], untraced_last_cases[],
	traced_cases[], turns_cases[], other_cases[], engine_cases[], uml_cases[],
	memory_cases[];

extern enum mode mode;
extern const char *self;

/* Ends the case: no number, and why. */
void skip(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Something to know about the number; the case goes on. */
void remark(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A line of result, for cases that give TOLD. */
void tell(const char *name, double value);

/*
 * @body does a thing @nr times and says how long that took.  The cost of one:
 * the median of many such batches, after some to warm up.  A batch is short
 * when compared with the time from one timer interrupt to the next, so that the
 * median is that of batches without one.  What the kernel only does later, as
 * freeing after a grace period, is in the mean.  By wall time there is much that
 * makes a batch longer and nothing that makes it shorter: there it is the least.
 */
typedef u64 body_fn(unsigned int nr);
double measure(body_fn *body, unsigned int nr);
double measure_batches(body_fn *body, unsigned int nr, unsigned int batches);
double mean_of_batches(body_fn *body, unsigned int nr, unsigned int batches);
double median(double *values, unsigned int nr);

/* From now on this process and its children run there, where there are two CPUs. */
void run_on(int cpu);
void run_anywhere(void);

/* What @body costs beyond the loop around it. */
double measure_in_loop(body_fn *body, unsigned int nr);

static inline u64 now(void)
{
	struct timespec time;

	if (mode != WALL)
		return __builtin_ia32_rdtsc();
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/* System calls without the C library around them. */
static inline long sys4(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("syscall"
			 : "=a" (ret)
			 : "a" (nr), "D" (a), "S" (b), "d" (c), "r" (r10)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long sys0(long nr)
{
	long ret;

	__asm__ volatile("syscall" : "=a" (ret) : "a" (nr) : "rcx", "r11", "memory");
	return ret;
}

#endif
