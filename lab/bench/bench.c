// SPDX-License-Identifier: GPL-2.0
/*
 * bench [-2 | -w] [PATTERN]: run the cases whose names match, print a line for each:
 *
 *	GROUP/CASE<tab>INSTRUCTIONS
 *
 * or "-" where there is no number.  A line "# CASE: text" says more about it.
 * -2: there are two CPUs, whose instructions are counted together.
 * -w: by wall time, in nanoseconds, and only what that can say something about;
 * for this there are two CPUs, of which a case has the second.
 */
#include "bench.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define MAX_BATCHES	1001
/* Seconds of the guest: under icount, so many thousand million instructions. */
#define PATIENCE	60

enum mode mode = ONE_CPU;
const char *self;

/* Shared with the process that runs the case. */
static struct {
	bool told;
	char name[128];
	double value;
} *result;

int uml_init(void);

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * The next case is not to pay for sending this: out with all of it now.
 */
static void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
}

static void vremark(const char *format, va_list args)
{
	char text[256];

	vsnprintf(text, sizeof(text), format, args);
	say("# %s: %s\n", result->name, text);
}

void remark(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vremark(format, args);
	va_end(args);
}

void skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vremark(format, args);
	va_end(args);
	_exit(0);
}

void tell(const char *name, double value)
{
	if (isnan(value))
		say("%s\t-\n", name);
	else
		say("%s\t%.2f\n", name, value);
}

void run_on(int cpu)
{
	cpu_set_t cpus;

	if (mode == ONE_CPU)
		return;
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		skip("not on CPU %d alone: %s", cpu, strerror(errno));
}

void run_anywhere(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	CPU_SET(1, &cpus);
	if (mode != ONE_CPU && sched_setaffinity(0, sizeof(cpus), &cpus))
		skip("not on two CPUs: %s", strerror(errno));
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median(double *values, unsigned int nr)
{
	qsort(values, nr, sizeof(*values), compare);
	return nr % 2 ? values[nr / 2] : (values[nr / 2 - 1] + values[nr / 2]) / 2;
}

static double times[MAX_BATCHES];

static void take_times(body_fn *body, unsigned int nr, unsigned int batches)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		body(nr);
	for (i = 0; i < batches; i++)
		times[i] = body(nr);
}

double measure_batches(body_fn *body, unsigned int nr, unsigned int batches)
{
	double middle;

	/* as little of the host's other work in each as can be */
	if (mode == WALL) {
		nr = (nr + 3) / 4;
		batches = 101;
	}
	take_times(body, nr, batches);
	middle = median(times, batches);
	return (mode == WALL ? times[0] : middle) / nr;
}

double mean_of_batches(body_fn *body, unsigned int nr, unsigned int batches)
{
	double sum = 0;
	unsigned int i;

	take_times(body, nr, batches);
	for (i = 0; i < batches; i++)
		sum += times[i];
	return sum / batches / nr;
}

double measure(body_fn *body, unsigned int nr)
{
	return measure_batches(body, nr, 31);
}

static u64 empty_body(unsigned int nr)
{
	unsigned int i;
	u64 start = now();

	for (i = 0; i < nr; i++)
		__asm__ volatile("" : : : "memory");
	return now() - start;
}

double measure_in_loop(body_fn *body, unsigned int nr)
{
	return measure(body, nr) - measure(empty_body, nr);
}

static void run_case(const struct bench_case *c)
{
	int status;
	pid_t pid;

	memset(result, 0, sizeof(*result));
	snprintf(result->name, sizeof(result->name), "%s", c->name);
	result->value = NAN;
	if (!((c->modes ?: ONE_CPU | WALL) & mode))
		return;
	/* What the last case left to be freed goes now. */
	usleep(50000);
	pid = fork();
	if (pid < 0) {
		say("# %s: fork: %s\n", c->name, strerror(errno));
	} else if (!pid) {
		setpgid(0, 0);
		alarm(PATIENCE);
		if (mode == WALL)
			run_on(1);
		result->value = c->run(c->arg);
		result->told = result->value == TOLD;
		_exit(0);
	}
	if (pid > 0) {
		waitpid(pid, &status, __WALL);
		kill(-pid, SIGKILL);
		if (WIFSIGNALED(status))
			say("# %s: killed by %s\n", result->name,
			    WTERMSIG(status) == SIGALRM ? "the clock" :
			    strsignal(WTERMSIG(status)));
	}
	/* Orphans are ours, see main(). */
	while (waitpid(-1, NULL, __WALL) > 0)
		;
	if (!result->told)
		tell(result->name, result->value);
}

static bool matches(const char *name, const char *pattern)
{
	char text[256];

	snprintf(text, sizeof(text), "*%s*", pattern);
	return !fnmatch(text, name, 0);
}

int main(int argc, char **argv)
{
	static const struct bench_case *const tables[] = {
		untraced_cases, traced_cases, turns_cases, other_cases, engine_cases,
		memory_cases, uml_cases,
		/* audit, once on, is never quite off again */
		untraced_last_cases,
	};
	const char *pattern = "";
	unsigned int i;
	int arg;

	self = "/proc/self/exe";
	if (argc == 2 && !strcmp(argv[1], "nothing"))
		_exit(0);
	if (argc == 2 && !strcmp(argv[1], "again")) {
		execve(self, argv, NULL);
		_exit(1);
	}
	/* Nothing else in a UML: this is its init. */
	if (getpid() == 1)
		return uml_init();

	for (arg = 1; arg < argc; arg++) {
		if (!strcmp(argv[arg], "-w"))
			mode = WALL;
		else if (!strcmp(argv[arg], "-2"))
			mode = TWO_CPUS;
		else
			pattern = argv[arg];
	}
	result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (result == MAP_FAILED || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) {
		perror("bench");
		return 1;
	}
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		const struct bench_case *c;

		for (c = tables[i]; c->name; c++) {
			if (matches(c->name, pattern))
				run_case(c);
		}
	}
	return 0;
}
