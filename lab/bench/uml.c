// SPDX-License-Identifier: GPL-2.0
/*
 * User Mode Linux on this kernel.  Its init is this same program and says when
 * it begins and ends a thing; time is taken out here, when its lines come.
 */
#include "bench.h"

#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#define UML		"/bench/linux-own"
#define INITRAMFS	"/bench/uml-initramfs.gz"
#define BATCHES		11
#define BOOTS		41

static int there[2], back[2];

static void do_getppid(unsigned int nr)
{
	while (nr--)
		sys0(SYS_getppid);
}

static void do_pipe(unsigned int nr)
{
	char c = 0;

	while (nr--) {
		sys4(SYS_write, there[1], (long)&c, 1, 0);
		sys4(SYS_read, back[0], (long)&c, 1, 0);
	}
}

static void do_fork(unsigned int nr)
{
	static char *const words[] = { "bench", "nothing", NULL };
	pid_t pid;

	while (nr--) {
		pid = fork();
		if (!pid) {
			execve("/init", words, NULL);
			_exit(1);
		}
		waitpid(pid, NULL, 0);
	}
}

static const struct {
	const char *name;
	void (*work)(unsigned int nr);
	unsigned int nr;
} works[] = {
	{ "getppid", do_getppid, 500 },
	{ "pipe round trip", do_pipe, 100 },
	{ "fork, exec, wait", do_fork, 10 },
};

/* Inside. */
int uml_init(void)
{
	unsigned int i, batch;
	char c;

	printf("@up\n");
	fflush(stdout);
	/* what UML does not know is in its init's environment */
	if (getenv("bench"))
		reboot(RB_POWER_OFF);
	if (pipe(there) || pipe(back))
		return 1;
	if (!fork()) {
		while (read(there[0], &c, 1) == 1)
			write(back[1], &c, 1);
		_exit(0);
	}
	for (i = 0; i < ARRAY_SIZE(works); i++) {
		works[i].work(works[i].nr);
		for (batch = 0; batch < BATCHES; batch++) {
			printf("@begin %u\n", i);
			fflush(stdout);
			works[i].work(works[i].nr);
			printf("@end\n");
			fflush(stdout);
		}
	}
	reboot(RB_POWER_OFF);
	return 1;
}

static void start_uml(int to, bool boot_only)
{
	/* No rseq: see lab/guest/uml. */
	static char *const environment[] = {
		"GLIBC_TUNABLES=glibc.pthread.rseq=0", "TMPDIR=/dev/shm",
		"PATH=/bin:/usr/bin", "HOME=/root", NULL
	};
	/*
	 * lpj: measured, it takes half of the time, now more, now less.  Random
	 * addresses would make page faults of one run that the next has not.
	 */
	char *const words[] = {
		"linux", "mem=64M", "initrd=" INITRAMFS, "init=/init",
		"initramfs_async=0", "lpj=6000000", "con=null", "con0=null,fd:1",
		"ssl=null", "norandmaps", boot_only ? "bench=boot" : NULL, NULL
	};
	struct sched_param normal = { 0 };

	sched_setscheduler(0, SCHED_OTHER, &normal);
	dup2(to, STDOUT_FILENO);
	dup2(to, STDERR_FILENO);
	execve(UML, words, environment);
	_exit(1);
}

/* Outside: a whole UML, or only up to its init. */
static double boots[BOOTS], sum[ARRAY_SIZE(works)];
static unsigned int nr_boots, nr[ARRAY_SIZE(works)];

static void run_uml(bool boot_only)
{
	unsigned int i, at = 0;
	char line[512], last[512] = "";
	u64 exec, start = 0, time;
	bool up = false;
	int fds[2];
	FILE *from;
	pid_t pid;

	if (pipe(fds))
		skip("no pipe");
	exec = now();
	pid = fork();
	if (!pid) {
		close(fds[0]);
		start_uml(fds[1], boot_only);
	}
	close(fds[1]);
	from = fdopen(fds[0], "r");
	while (fgets(line, sizeof(line), from)) {
		time = now();
		if (*line != '@') {
			if (strlen(line) > 2)
				strcpy(last, line);
		} else if (!strncmp(line, "@up", 3)) {
			boots[nr_boots++] = time - exec;
			up = true;
		} else if (sscanf(line, "@begin %u", &i) == 1) {
			at = i;
			start = time;
		} else if (!strncmp(line, "@end", 4) && at < ARRAY_SIZE(works)) {
			sum[at] += time - start;
			nr[at] += works[at].nr;
		}
	}
	fclose(from);
	waitpid(pid, NULL, 0);
	if (!up)
		remark("UML did not start: %s", strtok(last, "\r\n"));
}

static double uml(unsigned int pinned)
{
	/* before UML, whenever a line is there */
	struct sched_param first = { .sched_priority = 1 };
	const char *group = mode == ONE_CPU ? "uml" : "two";
	const char *how = mode == ONE_CPU ? "" : pinned ? "in UML, pinned to one: " : "in UML: ";
	unsigned int i, times = mode == WALL ? 5 : BOOTS;
	char name[64];

	if (pinned)
		run_on(1);
	else
		run_anywhere();
	if (access(UML, X_OK))
		skip("no " UML);
	if (sched_setscheduler(0, SCHED_FIFO, &first))
		skip("no priority");
	for (i = 0; i < times; i++)
		run_uml(i < times - 1);
	snprintf(name, sizeof(name), "%s/%sboot", group, how);
	tell(name, nr_boots ? median(boots, nr_boots) : NAN);
	for (i = 0; i < ARRAY_SIZE(works); i++) {
		snprintf(name, sizeof(name), "%s/%s%s", group, how, works[i].name);
		/* timer interrupts, its own too, are part of its work */
		tell(name, nr[i] ? sum[i] / nr[i] : NAN);
	}
	return TOLD;
}

const struct bench_case uml_cases[] = {
	{ "uml/all", uml, false, ONE_CPU },
	{ "two/UML", uml, false, TWO_CPUS | WALL },
	{ "two/UML, pinned", uml, true, TWO_CPUS | WALL },
	{ }
};
