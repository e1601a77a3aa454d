// SPDX-License-Identifier: GPL-2.0
/*
 * PTRACE_SYSEMU and PTRACE_SYSEMU_SINGLESTEP that cannot be carried out: the error, and
 * that nothing changes.
 */
#include "sysemu.h"

#ifdef SYSEMU_ARCH_SUPPORTED

FIXTURE(tracee)
{
	struct tracee t;
};

FIXTURE_SETUP(tracee)
{
	tracee_init(&self->t);
}

FIXTURE_TEARDOWN(tracee)
{
	tracee_end(&self->t);
}

static const int all_requests[] = {
	PTRACE_CONT, PTRACE_SYSCALL, PTRACE_SINGLESTEP, PTRACE_SINGLEBLOCK,
	PTRACE_SYSEMU, PTRACE_SYSEMU_SINGLESTEP,
};

#define ALL_REQUESTS	((int)ARRAY_SIZE(all_requests))

TEST_F(tracee, invalid_signal_is_eio_and_changes_nothing)
{
	static const unsigned long bad[] = { _NSIG, 65, 1000, -1UL };
	struct tracee *t = &self->t;
	int i, j;

	START(four_calls);
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	for (i = 0; i < ALL_REQUESTS; i++)
		for (j = 0; j < (int)ARRAY_SIZE(bad); j++)
			EXPECT_EQ(-EIO, trace(all_requests[i], t->pid, 0,
					      bad[j])) {
				TH_LOG("request %d, signal %ld",
				       all_requests[i], (long)bad[j]);
			}
	EXPECT_EQ(-EIO, trace(PTRACE_DETACH, t->pid, 0, 65));
	EXPECT_STREQ("none", stop_pending(t));
	EXPECT_EQ('t', task_state(t->pid));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("bcd", happened(t));
}

TEST_F(tracee, unknown_request_is_eio_and_changes_nothing)
{
	static const long bad[] = { 34, 35, 100, 0x41ff, 0x4300, -1 };
	struct tracee *t = &self->t;
	int i;

	START(four_calls);
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	for (i = 0; i < (int)ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EIO, trace(bad[i], t->pid, 0, 0)) {
			TH_LOG("request %ld", bad[i]);
		}
	EXPECT_STREQ("none", stop_pending(t));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("bcd", happened(t));
}

TEST_F(tracee, address_argument_is_ignored)
{
	struct tracee *t = &self->t;

	START(four_calls);
	ASSERT_EQ(0, trace(PTRACE_SYSEMU, t->pid, -1UL, 0));
	ASSERT_STREQ("entry", next_stop(t));
	if (!HAVE_STEP)
		return;
	ASSERT_EQ(0, trace(PTRACE_SYSEMU_SINGLESTEP, t->pid, 1, 0));
	ASSERT_STREQ("step", next_stop(t));
	EXPECT_EQ(RETURN_STEP_IP, ip_of(t));
}

static void spin_then_four_calls(struct shared *sh)
{
	while (!sh->flag[0])
		;
	four_calls(sh);
}

TEST_F(tracee, running_tracee_is_esrch)
{
	struct tracee *t = &self->t;
	int i;

	START(spin_then_four_calls);
	ASSERT_EQ(0, trace(PTRACE_SYSEMU, t->pid, 0, 0));
	for (i = 0; i < ALL_REQUESTS; i++)
		EXPECT_EQ(-ESRCH, trace(all_requests[i], t->pid, 0, 0));
	EXPECT_EQ(-ESRCH, trace(PTRACE_SYSEMU, t->pid, 0, 65));
	t->sh->flag[0] = 1;
	ASSERT_STREQ("entry", next_stop(t));
	/* Once resumed, it is not stopped either. */
	t->sh->flag[0] = 0;
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("bcd", happened(t));
}

TEST_F(tracee, untraced_or_absent_task_is_esrch)
{
	struct tracee *t = &self->t;
	int i;

	ASSERT_STREQ("running", tracee_start(t, UNTRACED, 0, four_calls));
	for (i = 0; i < ALL_REQUESTS; i++) {
		EXPECT_EQ(-ESRCH, trace(all_requests[i], t->pid, 0, 0));
		EXPECT_EQ(-ESRCH, trace(all_requests[i], getpid(), 0, 0));
		EXPECT_EQ(-ESRCH, trace(all_requests[i], getppid(), 0, 0));
		EXPECT_EQ(-ESRCH, trace(all_requests[i], 0x3fffffff, 0, 0));
		EXPECT_EQ(-ESRCH, trace(all_requests[i], 0, 0, 0));
	}
	t->sh->go = 1;
	ASSERT_STREQ("exited 0", next_stop(t));
	EXPECT_STREQ("abcd", happened(t));
}

TEST_F(tracee, tracee_of_another_is_esrch)
{
	struct tracee *t = &self->t;
	pid_t other;
	int status;

	START(four_calls);
	other = fork();
	if (other == 0) {
		if (trace(PTRACE_SYSEMU, t->pid, 0, 0) != -ESRCH ||
		    trace(PTRACE_SYSEMU_SINGLESTEP, t->pid, 0, 0) != -ESRCH)
			_exit(1);
		_exit(0);
	}
	ASSERT_EQ(other, waitpid(other, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_STREQ("none", stop_pending(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_STREQ("", happened(t));
}

TEST_F(tracee, zombie_is_esrch)
{
	struct tracee *t = &self->t;
	int i;

	START(four_calls);
	ASSERT_EQ(0, trace(PTRACE_CONT, t->pid, 0, 0));
	await_state(t->pid, 'Z');
	for (i = 0; i < ALL_REQUESTS; i++)
		EXPECT_EQ(-ESRCH, trace(all_requests[i], t->pid, 0, 0));
	ASSERT_STREQ("exited 0", next_stop(t));
}

#endif /* SYSEMU_ARCH_SUPPORTED */

TEST_HARNESS_MAIN
