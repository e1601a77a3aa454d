// SPDX-License-Identifier: GPL-2.0
/*
 * A stop and a request may hand their CPU over to the task that they wake. That
 * is a hint to the scheduler and no more: whoever waits is woken, and each task
 * stays on the CPUs that it may use.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/ptrace.h>
#include "../kselftest_harness.h"

#define NR_CALLS 200

/* The state that /proc shows of a task. */
static char state_of(pid_t pid)
{
	char path[64], text[256], *end;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return 0;
	text[len] = 0;
	end = strrchr(text, ')');
	return end && end[1] ? end[2] : 0;
}

/* Until it sleeps, which the last thing that it has said is followed by. */
static void until_asleep(pid_t pid)
{
	int seen = 0;

	while (seen < 20) {
		usleep(2000);
		seen = state_of(pid) == 'S' ? seen + 1 : 0;
	}
}

static void *rest(void *arg)
{
	for (;;)
		pause();
	return NULL;
}

/*
 * A tracer that is not the parent waits for its tracee to be continued. The
 * tracee is a leader that stays in its stop, so it is another thread that takes
 * SIGCONT and tells the tracer of the leader.
 */
TEST(leader_continued_by_another_thread)
{
	int up[2], status;
	pid_t tracee, tracer;
	char c;

	ASSERT_EQ(0, pipe(up));

	tracee = fork();
	ASSERT_LE(0, tracee);
	if (!tracee) {
		pthread_t thread;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
		if (pthread_create(&thread, NULL, rest, NULL))
			_exit(1);
		if (write(up[1], "t", 1) != 1)
			_exit(1);
		close(up[1]);
		rest(NULL);
	}
	ASSERT_EQ(1, read(up[0], &c, 1));

	tracer = fork();
	ASSERT_LE(0, tracer);
	if (!tracer) {
		alarm(10);
		if (ptrace(PTRACE_SEIZE, tracee, 0, 0)) {
			perror("PTRACE_SEIZE");
			_exit(2);
		}
		if (write(up[1], "s", 1) != 1)
			_exit(3);
		/* the leader may be the one that takes the signal */
		if (waitpid(tracee, &status, __WALL) != tracee)
			_exit(4);
		if (status >> 8 == SIGSTOP &&
		    (ptrace(PTRACE_CONT, tracee, 0, SIGSTOP) ||
		     waitpid(tracee, &status, __WALL) != tracee))
			_exit(4);
		if (status >> 8 != (SIGSTOP | PTRACE_EVENT_STOP << 8))
			_exit(4);
		if (write(up[1], "w", 1) != 1)
			_exit(5);
		if (waitpid(tracee, &status, __WALL | WCONTINUED) != tracee)
			_exit(6);
		_exit(WIFCONTINUED(status) ? 0 : 7);
	}
	close(up[1]);
	ASSERT_EQ(1, read(up[0], &c, 1));
	ASSERT_EQ('s', c);
	ASSERT_EQ(0, kill(tracee, SIGSTOP));
	ASSERT_EQ(1, read(up[0], &c, 1));
	ASSERT_EQ('w', c);

	until_asleep(tracer);
	EXPECT_EQ('t', state_of(tracee));
	ASSERT_EQ(0, kill(tracee, SIGCONT));

	ASSERT_EQ(tracer, waitpid(tracer, &status, 0));
	EXPECT_TRUE(WIFEXITED(status)) {
		TH_LOG("the tracer was not woken");
	}
	EXPECT_EQ(0, WEXITSTATUS(status));
	kill(tracee, SIGKILL);
	ASSERT_EQ(tracee, waitpid(tracee, &status, 0));
}

/* This task to the CPU that is the nth of those in @allowed. */
static int stay_on(const cpu_set_t *allowed, int nth)
{
	cpu_set_t one;
	int cpu;

	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, allowed) || nth--)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		return sched_setaffinity(0, sizeof(one), &one) ? -1 : cpu;
	}
	return -1;
}

FIXTURE(places)
{
	cpu_set_t allowed;
};

FIXTURE_VARIANT(places)
{
	int request;
	int tracer;	/* number of its CPU among those that are allowed, -1: any */
	int tracee;
};

FIXTURE_VARIANT_ADD(places, apart)
{
	.request = PTRACE_SYSCALL, .tracer = 0, .tracee = 1,
};

FIXTURE_VARIANT_ADD(places, tracer_stays)
{
	.request = PTRACE_SYSCALL, .tracer = 1, .tracee = -1,
};

FIXTURE_VARIANT_ADD(places, tracee_stays)
{
	.request = PTRACE_SYSCALL, .tracer = -1, .tracee = 1,
};

FIXTURE_VARIANT_ADD(places, apart_stepping)
{
	.request = PTRACE_SINGLESTEP, .tracer = 1, .tracee = 0,
};

FIXTURE_SETUP(places)
{
	ASSERT_EQ(0, sched_getaffinity(0, sizeof(self->allowed), &self->allowed));
	if (CPU_COUNT(&self->allowed) < 2)
		SKIP(return, "needs two CPUs");
}

FIXTURE_TEARDOWN(places)
{
}

TEST_F(places, each_stays_where_it_may_be)
{
	int cpu, status, stops = 0;
	pid_t tracee;

	tracee = fork();
	ASSERT_LE(0, tracee);
	if (!tracee) {
		cpu = -1;
		if (variant->tracee >= 0) {
			cpu = stay_on(&self->allowed, variant->tracee);
			if (cpu < 0)
				_exit(1);
		}
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) || raise(SIGSTOP))
			_exit(2);
		for (int i = 0; i < NR_CALLS; i++) {
			unsigned int now = 0;

			if (syscall(__NR_getcpu, &now, NULL, NULL))
				_exit(3);
			if (cpu >= 0 && now != (unsigned int)cpu)
				_exit(4);
		}
		_exit(0);
	}
	cpu = -1;
	if (variant->tracer >= 0) {
		cpu = stay_on(&self->allowed, variant->tracer);
		ASSERT_LE(0, cpu);
	}
	ASSERT_EQ(tracee, waitpid(tracee, &status, 0));
	while (WIFSTOPPED(status)) {
		if (cpu >= 0)
			ASSERT_EQ(cpu, sched_getcpu());
		ASSERT_EQ(0, ptrace(variant->request, tracee, 0, 0));
		ASSERT_EQ(tracee, waitpid(tracee, &status, 0));
		stops++;
	}
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_LT(NR_CALLS, stops);
}

TEST_HARNESS_MAIN
