// SPDX-License-Identifier: GPL-2.0
/* How large things are. */
#include "bench.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <unistd.h>

#define TASKS	1000

static double task_struct(unsigned int arg)
{
	FILE *file = fopen("/sys/kernel/slab/task_struct/object_size", "r");
	unsigned int size;

	(void)arg;
	if (!file || fscanf(file, "%u", &size) != 1)
		skip("no /sys/kernel/slab/task_struct/object_size");
	return size;
}

/* Bytes of all objects that are in use. */
static long long slab_bytes(void)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	unsigned long active, size;
	long long sum = 0;
	char line[512];

	if (!file)
		skip("no /proc/slabinfo");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %lu %*u %lu", &active, &size) == 2)
			sum += (long long)active * size;
	}
	fclose(file);
	return sum;
}

static double traced_task(unsigned int arg)
{
	static pid_t pids[TASKS];
	long long before;
	unsigned int i;

	(void)arg;
	for (i = 0; i < TASKS; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			skip("fork: %s", strerror(errno));
		if (!pids[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
	}
	usleep(200000);
	slab_bytes();
	before = slab_bytes();
	for (i = 0; i < TASKS; i++) {
		if (ptrace(PTRACE_SEIZE, pids[i], 0, 0))
			skip("seize: %s", strerror(errno));
	}
	return (double)(slab_bytes() - before) / TASKS;
}

const struct bench_case memory_cases[] = {
	{ "size/task_struct", task_struct, 0, ONE_CPU },
	{ "size/slab for a traced task", traced_task, 0, ONE_CPU },
	{ }
};
