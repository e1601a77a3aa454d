// SPDX-License-Identifier: GPL-2.0
/*
 * PTRACE_SYSEMU_SINGLESTEP, instruction by instruction: before a call, into it, and out
 * of it.
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

/* Walk to the first instruction of raw_syscall(). */
static bool step_to_raw_syscall(struct tracee *t)
{
	int i;

	need_long_steps();
	for (i = 0; i < 300; i++) {
		if (strcmp("step", go(t, PTRACE_SINGLESTEP)) &&
		    strcmp("syscall step", t->stop))
			return false;
		if (ip_of(t) == raw_syscall_step(0))
			return true;
	}
	return false;
}

TEST_F(tracee, sysemu_singlestep_is_singlestep_before_and_after_a_call)
{
	struct tracee *t = &self->t;
	int i;

	START(four_calls);
	ASSERT_TRUE(step_to_raw_syscall(t));
	for (i = 1; i <= RAW_SYSCALL_LEAD; i++) {
		ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
		ASSERT_EQ(raw_syscall_step(i), ip_of(t));
		if (!STEP_ADDR_BACK)
			EXPECT_EQ(raw_syscall_step(i),
				  (unsigned long)siginfo_of(t).si_addr);
	}
	/* Into the call: exactly PTRACE_SYSEMU. */
	EXPECT_EQ(CALL_IP, ip_of(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_EQ((SIGTRAP | 0x80) << 8 | 0x7f, t->status);
	EXPECT_EQ(RETURN_IP, ip_of(t));
	EXPECT_EQ(SKIPPED, result_of(t));
	/* And out of it. */
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_EQ(RETURN_STEP_IP, ip_of(t));
	EXPECT_STREQ("", happened(t));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("bcd", happened(t));
}

/* Step through three calls; the number of steps, 0 if something else came. */
static int walk_three_calls(struct tracee *t, int request, const char *call,
			    unsigned long *path, int max)
{
	int steps, calls = 0;

	for (steps = 0; steps < max - 1 && calls < 3; steps++) {
		go(t, request);
		path[steps] = ip_of(t);
		/* Where it goes beyond, it has been there. */
		if (!STEP_OVER_CALL_STOPS && request == PTRACE_SINGLESTEP &&
		    path[steps] == RETURN_STEP_IP) {
			path[steps] = RETURN_IP;
			if (++calls < 3)
				path[++steps] = RETURN_STEP_IP;
		}
		if (SECOND_TRAP && request == PTRACE_SINGLESTEP && steps &&
		    path[steps] == path[steps - 1]) {
			steps--;
			continue;
		}
		if (!strcmp(t->stop, call) && path[steps] == RETURN_IP)
			calls++;
		else if (strcmp(t->stop, "step"))
			return 0;
	}
	return calls == 3 ? steps : 0;
}

/* Both requests walk the same path, instruction by instruction. */
TEST_F(tracee, sysemu_singlestep_walks_the_path_of_singlestep)
{
	unsigned long path[2][400];
	struct tracee *t = &self->t;
	int steps, i;

	START(four_calls);
	ASSERT_TRUE(step_to_raw_syscall(t));
	steps = walk_three_calls(t, PTRACE_SINGLESTEP,
				 STEPPED_CALL_TRAPS ? "step" : "syscall step",
				 path[0], 400);
	ASSERT_LT(3 * RAW_SYSCALL_LEAD, steps);
	EXPECT_STREQ("abc", happened(t));
	tracee_end(t);

	tracee_init(t);
	START(four_calls);
	ASSERT_TRUE(step_to_raw_syscall(t));
	ASSERT_EQ(steps, walk_three_calls(t, PTRACE_SYSEMU_SINGLESTEP, "entry",
					  path[1], 400));
	EXPECT_STREQ("", happened(t));
	for (i = 0; i < steps; i++)
		EXPECT_EQ(path[0][i], path[1][i]) {
			TH_LOG("instruction %d", i);
		}
}

#endif /* SYSEMU_ARCH_SUPPORTED */

TEST_HARNESS_MAIN
