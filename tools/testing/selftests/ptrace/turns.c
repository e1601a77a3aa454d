// SPDX-License-Identifier: GPL-2.0
/*
 * A stop and a request may hand their CPU over to the task that they wake. That
 * is a hint to the scheduler and no more: whoever waits is woken.
 */
#include "sysemu.h"
#include <pthread.h>

/* Until it sleeps, which it does after the last thing that it has said. */
static void until_asleep(pid_t pid)
{
	int asleep = 0;

	for (int i = 0; i < 1000 && asleep < 20; i++) {
		usleep(2000);
		asleep = task_state(pid) == 'S' ? asleep + 1 : 0;
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
	int tracee_says[2], tracer_says[2], status;
	pid_t tracee, tracer;
	char c;

	ASSERT_EQ(0, pipe(tracee_says));
	ASSERT_EQ(0, pipe(tracer_says));

	tracee = fork();
	ASSERT_LE(0, tracee);
	if (!tracee) {
		pthread_t thread;

		close(tracer_says[1]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
		if (pthread_create(&thread, NULL, rest, NULL))
			_exit(1);
		if (write(tracee_says[1], "t", 1) != 1)
			_exit(1);
		rest(NULL);
	}
	close(tracee_says[1]);
	ASSERT_EQ(1, read(tracee_says[0], &c, 1));

	tracer = fork();
	ASSERT_LE(0, tracer);
	if (!tracer) {
		alarm(25);
		if (trace(PTRACE_SEIZE, tracee, 0, 0)) {
			perror("PTRACE_SEIZE");
			_exit(2);
		}
		if (write(tracer_says[1], "s", 1) != 1)
			_exit(3);
		/* the leader may be the one that takes the signal */
		if (waitpid(tracee, &status, __WALL) != tracee)
			_exit(4);
		if (status >> 8 == SIGSTOP &&
		    (trace(PTRACE_CONT, tracee, 0, SIGSTOP) ||
		     waitpid(tracee, &status, __WALL) != tracee))
			_exit(4);
		if (status >> 8 != (SIGSTOP | PTRACE_EVENT_STOP << 8))
			_exit(4);
		if (write(tracer_says[1], "w", 1) != 1)
			_exit(5);
		if (waitpid(tracee, &status, __WALL | WCONTINUED) != tracee)
			_exit(6);
		_exit(WIFCONTINUED(status) ? 0 : 7);
	}
	close(tracer_says[1]);
	ASSERT_EQ(1, read(tracer_says[0], &c, 1));
	ASSERT_EQ('s', c);
	ASSERT_EQ(0, kill(tracee, SIGSTOP));
	ASSERT_EQ(1, read(tracer_says[0], &c, 1));
	ASSERT_EQ('w', c);

	until_asleep(tracer);
	EXPECT_EQ('t', task_state(tracee));
	ASSERT_EQ(0, kill(tracee, SIGCONT));

	ASSERT_EQ(tracer, waitpid(tracer, &status, 0));
	EXPECT_TRUE(WIFEXITED(status)) {
		TH_LOG("the tracer was not woken");
	}
	EXPECT_EQ(0, WEXITSTATUS(status));
	kill(tracee, SIGKILL);
	ASSERT_EQ(tracee, waitpid(tracee, &status, 0));
}

TEST_HARNESS_MAIN
