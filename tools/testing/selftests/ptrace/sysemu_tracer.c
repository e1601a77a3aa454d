// SPDX-License-Identifier: GPL-2.0
/*
 * PTRACE_SYSEMU and the end of the tracer: what becomes of the tracee.
 */
#include "sysemu.h"

#ifdef SYSEMU_ARCH_SUPPORTED

/* Set by the tracer process, read by the test. */
struct tracer_report {
	atomic_int done;
	char stop[64];
};

FIXTURE(tracer_gone)
{
	struct tracee t;
	struct tracer_report *report;
	pid_t tracer;
};

FIXTURE_VARIANT(tracer_gone)
{
	bool seize;
	bool exits;		/* by itself; else it is killed */
};

FIXTURE_VARIANT_ADD(tracer_gone, attach_killed)
{
	.seize = false,
	.exits = false,
};

FIXTURE_VARIANT_ADD(tracer_gone, seize_killed)
{
	.seize = true,
	.exits = false,
};

FIXTURE_VARIANT_ADD(tracer_gone, attach_exits)
{
	.seize = false,
	.exits = true,
};

static void spin_then_four_calls(struct shared *sh)
{
	while (!sh->flag[0])
		;
	four_calls(sh);
}

FIXTURE_SETUP(tracer_gone)
{
	self->report = mmap(NULL, sizeof(*self->report), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->report != MAP_FAILED);
	tracee_init(&self->t);
	ASSERT_STREQ("running", tracee_start(&self->t, UNTRACED, 0,
					     spin_then_four_calls));
	self->t.sh->go = 1;
}

FIXTURE_TEARDOWN(tracer_gone)
{
	if (self->tracer > 0) {
		kill(self->tracer, SIGKILL);
		waitpid(self->tracer, NULL, 0);
	}
	tracee_end(&self->t);
}

/*
 * A process that traces @t with @options, resumes it with the requests up to
 * the 0, and goes away without another word.  It waits for all stops but the
 * last one, and for this too if @wait_last.  With @spin_on, the tracee does
 * not get beyond its spinning.  Returns the last stop.
 */
static const char *trace_and_go(struct tracee *t, struct tracer_report *report,
				bool seize, bool exits, pid_t *tracer,
				unsigned long options, const int *requests,
				bool wait_last, bool spin_on)
{
	pid_t parent = getpid();
	int status;

	*tracer = fork();
	if (*tracer == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		if (seize) {
			trace(PTRACE_SEIZE, t->pid, 0, options);
			trace(PTRACE_INTERRUPT, t->pid, 0, 0);
		} else {
			trace(PTRACE_ATTACH, t->pid, 0, 0);
		}
		next_stop(t);
		trace(PTRACE_SETOPTIONS, t->pid, 0, options);
		if (!spin_on)
			t->sh->flag[0] = 1;
		for (; *requests; requests++) {
			trace(*requests, t->pid, 0, 0);
			if (spin_on)
				break;
			if (requests[1] || wait_last)
				next_stop(t);
			else
				await_state(t->pid, 't');
			/* Step as far as the entry stop. */
			if (!strcmp(t->stop, "step") && !requests[1] &&
			    *requests == PTRACE_SYSEMU_SINGLESTEP &&
			    ip_of(t) != RETURN_STEP_IP)
				requests--;
		}
		snprintf(report->stop, sizeof(report->stop), "%s",
			 spin_on ? "running" : t->stop);
		report->done = 1;
		if (exits)
			_exit(0);
		for (;;)
			pause();
	}
	while (!report->done)
		nap();
	if (!exits)
		kill(*tracer, SIGKILL);
	if (waitpid(*tracer, &status, 0) != *tracer)
		return "no tracer";
	*tracer = 0;
	return report->stop;
}

#define TRACE_AND_GO(options, wait_last, spin_on, ...)			\
	trace_and_go(&self->t, self->report, variant->seize,		\
		     variant->exits, &self->tracer, options,		\
		     (const int[]) { __VA_ARGS__, 0 }, wait_last, spin_on)

TEST_F(tracer_gone, at_entry_stop)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", TRACE_AND_GO(PTRACE_O_TRACESYSGOOD, true, false,
					   PTRACE_SYSEMU));
	/* This call is skipped all the same, the next ones happen. */
	ASSERT_STREQ("exited 0", next_stop(t));
	EXPECT_STREQ("bcd", happened(t));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
}

TEST_F(tracer_gone, at_entry_stop_not_waited_for)
{
	struct tracee *t = &self->t;

	TRACE_AND_GO(PTRACE_O_TRACESYSGOOD, false, false, PTRACE_SYSEMU);
	ASSERT_STREQ("exited 0", next_stop(t));
	EXPECT_STREQ("bcd", happened(t));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
}

TEST_F(tracer_gone, at_plain_entry_stop)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("plain entry", TRACE_AND_GO(0, true, false,
						 PTRACE_SYSEMU));
	ASSERT_STREQ("exited 0", next_stop(t));
	EXPECT_STREQ("bcd", happened(t));
}

TEST_F(tracer_gone, at_plain_entry_stop_not_waited_for)
{
	struct tracee *t = &self->t;

	TRACE_AND_GO(0, false, false, PTRACE_SYSEMU);
	/* Nobody took the SIGTRAP of the stop, so the tracee gets it. */
	ASSERT_STREQ("killed TRAP", next_stop(t));
	EXPECT_STREQ("", happened(t));
}

TEST_F(tracer_gone, while_running)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("running", TRACE_AND_GO(PTRACE_O_TRACESYSGOOD, true, true,
					     PTRACE_SYSEMU));
	EXPECT_EQ(0, status_number(t->pid, "TracerPid"));
	t->sh->flag[0] = 1;
	ASSERT_STREQ("exited 0", next_stop(t));
	EXPECT_STREQ("abcd", happened(t));
	EXPECT_EQ(1, t->sh->result[0]);
}

TEST_F(tracer_gone, after_some_emulated_calls)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", TRACE_AND_GO(PTRACE_O_TRACESYSGOOD, true, false,
					   PTRACE_SYSEMU, PTRACE_SYSEMU,
					   PTRACE_SYSEMU));
	ASSERT_STREQ("exited 0", next_stop(t));
	EXPECT_STREQ("d", happened(t));
}

TEST_F(tracer_gone, at_exit_stop_after_sysemu)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("exit", TRACE_AND_GO(PTRACE_O_TRACESYSGOOD, true, false,
					  PTRACE_SYSEMU, PTRACE_SYSCALL));
	ASSERT_STREQ("exited 0", next_stop(t));
	EXPECT_STREQ("bcd", happened(t));
}

/*
 * Stepping is not undone when the tracer dies, as opposed to a detach: the
 * step trap kills.  Where the entry stop was reached by stepping, this trap
 * comes in place of the exit, before another instruction. On s390 there is no trap
 * for a task without a tracer, and on powerpc none after one that there was.
 */
static void check_step_left_behind(struct __test_metadata *_metadata,
				   struct tracee *t, bool lasts)
{
	if (!lasts) {
		ASSERT_STREQ("exited 0", next_stop(t));
		EXPECT_STREQ("bcd", happened(t));
		EXPECT_EQ(SKIPPED, t->sh->result[0]);
		return;
	}
	ASSERT_STREQ("killed TRAP", next_stop(t));
	EXPECT_STREQ("", happened(t));
	EXPECT_EQ(0, t->sh->result[0]);
}

TEST_F(tracer_gone, at_entry_stop_reached_by_stepping)
{
	struct tracee *t = &self->t;

	need_long_steps();
	ASSERT_STREQ("entry", TRACE_AND_GO(PTRACE_O_TRACESYSGOOD, true, false,
					   PTRACE_SYSEMU_SINGLESTEP));
	check_step_left_behind(_metadata, t, !STEP_NEEDS_TRACER);
}

TEST_F(tracer_gone, at_step_trap)
{
	struct tracee *t = &self->t;

	need_long_steps();
	ASSERT_STREQ("step", TRACE_AND_GO(PTRACE_O_TRACESYSGOOD, true, false,
					  PTRACE_SYSEMU,
					  PTRACE_SYSEMU_SINGLESTEP));
	check_step_left_behind(_metadata, t, !STEP_NEEDS_TRACER &&
			       !STEP_ENDS_WITH_TRAP);
}

TEST_F(tracer_gone, at_entry_stop_with_exitkill)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", TRACE_AND_GO(PTRACE_O_TRACESYSGOOD |
					   PTRACE_O_EXITKILL, true, false,
					   PTRACE_SYSEMU));
	ASSERT_STREQ("killed KILL", next_stop(t));
	EXPECT_STREQ("", happened(t));
}

TEST_F(tracer_gone, while_running_with_exitkill)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("running", TRACE_AND_GO(PTRACE_O_TRACESYSGOOD |
					     PTRACE_O_EXITKILL, true, true,
					     PTRACE_SYSEMU));
	ASSERT_STREQ("killed KILL", next_stop(t));
	EXPECT_STREQ("", happened(t));
}

/* Nothing of the first tracer is left for the second one. */
TEST_F(tracer_gone, next_tracer_starts_afresh)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("running", TRACE_AND_GO(PTRACE_O_TRACESYSGOOD, true, true,
					     PTRACE_SYSEMU));
	ASSERT_EQ(0, trace(PTRACE_SEIZE, t->pid, 0, DEFAULT_OPTIONS));
	t->sh->flag[0] = 1;
	/* Seized and never resumed with a request: no stops. */
	ASSERT_STREQ("exited 0", next_stop(t));
	EXPECT_STREQ("abcd", happened(t));
}

#endif /* SYSEMU_ARCH_SUPPORTED */

TEST_HARNESS_MAIN
