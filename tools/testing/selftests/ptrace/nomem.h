/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Make the first allocation of an operation fail, then the second, and so on until
 * it comes to its end without a failure: /proc/PID/fail-nth with failslab.
 */
#ifndef SELFTESTS_PTRACE_NOMEM_H
#define SELFTESTS_PTRACE_NOMEM_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../kselftest.h"

#define FAILSLAB	"/sys/kernel/debug/failslab/"
#define NO_FAILURES	"no /proc/PID/fail-nth or no " FAILSLAB		\
			": needs root, CONFIG_FAILSLAB and "		\
			"CONFIG_FAULT_INJECTION_DEBUG_FS"

/* More than any operation has allocations, and less than for ever. */
#define MAX_FAILURES	1000

/*
 * How many times in a row nothing has to fail for an operation to be done: some
 * have an allocation more or less, by what the kernel has put by.
 */
#define NR_CLEAN	3

/* What an operation can come to, beside 0 and -errno: death by a signal. */
#define KILLED_BY(signr)	(-10000L - (signr))

/* Write @text to a file. */
static inline int set_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -1 : 0;
}

static inline int get_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, text, size - 1);
	close(fd);
	text[n < 0 ? 0 : n] = 0;
	return n < 0 ? -1 : 0;
}

static const char * const failslab_files[][2] = {
	{ FAILSLAB "ignore-gfp-wait", "N" },
	{ FAILSLAB "cache-filter", "N" },
	{ FAILSLAB "verbose", "0" },
};

/* How failslab was set before. */
struct failslab {
	char was[ARRAY_SIZE(failslab_files)][16];
};

/* From here on fail-nth counts all allocations from slabs; or it cannot. */
static inline bool begin_failures(struct failslab *failslab)
{
	cpu_set_t set;
	unsigned int i;

	/* What is put by is so for each CPU. */
	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	sched_setaffinity(0, sizeof(set), &set);
	if (access("/proc/thread-self/fail-nth", W_OK))
		return false;
	if (access(FAILSLAB, F_OK))
		mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	for (i = 0; i < ARRAY_SIZE(failslab_files); i++) {
		if (get_file(failslab_files[i][0], failslab->was[i],
			     sizeof(failslab->was[i])) ||
		    set_file(failslab_files[i][0], failslab_files[i][1]))
			return false;
	}
	return true;
}

static inline void end_failures(const struct failslab *failslab)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(failslab_files); i++)
		set_file(failslab_files[i][0], failslab->was[i]);
}

/* The file of a thread, 0 for the caller, or -1; a write to it takes no memory. */
static inline int open_fail_nth(pid_t pid)
{
	char path[64] = "/proc/thread-self/fail-nth";

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/fail-nth", pid);
	return open(path, O_RDWR | O_CLOEXEC);
}

static inline void fail_nth(int fd, unsigned int nth)
{
	char text[16];
	int size = snprintf(text, sizeof(text), "%u", nth);

	if (fd >= 0 && pwrite(fd, text, size, 0) != size)
		abort();
}

/* Was there an allocation that failed since fail_nth()?  None fails from now on. */
static inline bool has_failed(int fd)
{
	char text[16] = "";

	if (fd < 0)
		return false;
	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		abort();
	fail_nth(fd, 0);
	return !strtoul(text, NULL, 10);
}

/*
 * What an operation came to, one time after the other, in words: "3 ENOMEM,
 * 2 ok, done". "done" is the time in which nothing failed.
 */
struct outcomes {
	char text[512];
	long last;
	unsigned int times;
	unsigned int errors;	/* how many there were that are not 0 */
};

static inline void print_outcomes(struct outcomes *outcomes, const char *more)
{
	size_t length = strlen(outcomes->text);
	char *end = outcomes->text + length;
	size_t size = sizeof(outcomes->text) - length;
	long last = outcomes->last;

	if (!outcomes->times)
		snprintf(end, size, "%s", more);
	else if (!last)
		snprintf(end, size, "%u ok, %s", outcomes->times, more);
	else if (last == -ENOMEM)
		snprintf(end, size, "%u ENOMEM, %s", outcomes->times, more);
	else if (last == -EAGAIN)
		snprintf(end, size, "%u EAGAIN, %s", outcomes->times, more);
	else if (last <= KILLED_BY(0))
		snprintf(end, size, "%u signal %ld, %s", outcomes->times,
			 KILLED_BY(0) - last, more);
	else
		snprintf(end, size, "%u errno %ld, %s", outcomes->times, -last,
			 more);
	outcomes->times = 0;
}

static inline void add_outcome(struct outcomes *outcomes, long result)
{
	if (outcomes->times && outcomes->last != result)
		print_outcomes(outcomes, "");
	outcomes->last = result;
	outcomes->times++;
	outcomes->errors += result != 0;
}

/* What an operation may come to when an allocation fails. */
enum may_fail {
	NO_ERROR,	/* it must not */
	NO_MEMORY,	/* ENOMEM, or EAGAIN for a clone */
	ANY_ERROR,	/* or whatever exec makes of it, or a fatal signal */
};

struct operation {
	const char *name;
	/*
	 * One try, in which allocation @nth fails: 0, -errno or KILLED_BY().
	 * Sets @failed if it came to that many allocations.
	 */
	long (*run)(const struct operation *op, unsigned int nth, bool *failed);
	enum may_fail may_fail;
	/* For the use of @run. */
	long request;
	unsigned long flags;
	unsigned long options;
};

static inline bool may_be(const struct operation *op, long result)
{
	if (!result)
		return true;
	/* The test itself found something wrong. */
	if (result == -EPROTO || result == -ECHILD)
		return false;
	return op->may_fail == ANY_ERROR ||
	       (op->may_fail == NO_MEMORY &&
		(result == -ENOMEM || result == -EAGAIN));
}

/*
 * Run an operation once for each allocation that it makes, with that failing, and
 * then without a failure. How often it came to an error; or -1: to one that may
 * not be, or to no end.
 */
static inline int fail_each(const struct operation *op)
{
	struct outcomes outcomes = { .text = "" };
	unsigned int nth, clean = 0;
	bool failed, bad = false;
	long result;

	for (nth = 1; nth <= MAX_FAILURES && clean < NR_CLEAN; nth++) {
		failed = false;
		result = op->run(op, nth, &failed);
		if (failed)
			add_outcome(&outcomes, result);
		clean = failed ? 0 : clean + 1;
		bad |= failed ? !may_be(op, result) : result != 0;
	}
	print_outcomes(&outcomes, clean < NR_CLEAN ? "and no end" : "done");
	printf("# nomem: %s: %s\n", op->name, outcomes.text);
	fflush(stdout);
	return bad || clean < NR_CLEAN ? -1 : (int)outcomes.errors;
}

#endif
