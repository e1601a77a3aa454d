// SPDX-License-Identifier: GPL-2.0
/*
 * Engines that hear of system calls and skip them, several on one task, with and
 * without ptrace beside them.
 */
#include "caller.h"

#define SYSCALL_STOP	(SIGTRAP | 0x80)

/* Attach self->engine[i], which wants system calls. */
static void attach(struct __test_metadata *_metadata,
		   FIXTURE_DATA(caller) * const self, int i)
{
	ASSERT_EQ(0, attach_to(self->engine[i], self->pid));
	ASSERT_EQ(0, command(self->engine[i],
			     "events syscall_entry syscall_exit"));
}

#define ATTACH(i)	attach(_metadata, self, i)

TEST_F(caller, hears_of_entry_and_exit_of_each_system_call)
{
	long pgid = getpgid(0);
	int i;

	ATTACH(0);
	EXPECT_EQ(pgid, call(self));
	EXPECT_TRUE(logged_exactly(self->engine[0],
				   "syscall_entry syscall_exit"));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(pgid, call(self));
	EXPECT_EQ(3, counter(self->engine[0], "syscall_entry"));
	EXPECT_EQ(3, counter(self->engine[0], "syscall_exit"));
	EXPECT_EQ(3, has_logged(self->engine[0], "syscall_entry", TEST_NR));
	EXPECT_EQ(3, has_logged(self->engine[0], "syscall_exit", pgid));
}

TEST_F(caller, hears_of_what_it_wants)
{
	ATTACH(0);
	ASSERT_EQ(0, command(self->engine[0], "events syscall_exit"));
	EXPECT_LT(0, call(self));
	ASSERT_EQ(0, command(self->engine[0], "events syscall_entry"));
	EXPECT_LT(0, call(self));
	EXPECT_TRUE(logged_exactly(self->engine[0],
				   "syscall_exit syscall_entry"));
	ASSERT_EQ(0, command(self->engine[0], "events"));
	EXPECT_LT(0, call(self));
	EXPECT_EQ(1, counter(self->engine[0], "syscall_entry"));
	EXPECT_EQ(1, counter(self->engine[0], "syscall_exit"));
}

TEST_F(caller, one_is_told_after_the_other)
{
	ATTACH(0);
	ATTACH(1);
	ASSERT_EQ(0, command(self->engine[0], "on syscall_entry wait"));
	order_call(self);
	ASSERT_EQ(0, wait_for_count(self->engine[0], "syscall_entry", 1));
	/* In the order in which they were attached. */
	sleep_ms(20);
	EXPECT_EQ(0, counter(self->engine[1], "syscall_entry"));
	ASSERT_EQ(0, command(self->engine[0], "go"));
	EXPECT_LT(0, result_of(self));
	EXPECT_EQ(1, counter(self->engine[1], "syscall_entry"));

	/* The exit, too. */
	ASSERT_EQ(0, command(self->engine[0], "on syscall_exit wait"));
	order_call(self);
	ASSERT_EQ(0, wait_for_count(self->engine[0], "syscall_exit", 2));
	sleep_ms(20);
	EXPECT_EQ(1, counter(self->engine[1], "syscall_exit"));
	ASSERT_EQ(0, command(self->engine[0], "go"));
	EXPECT_LT(0, result_of(self));
}

TEST_F(caller, what_comes_during_a_report_is_not_called_for_it)
{
	ATTACH(0);
	ASSERT_EQ(0, command(self->engine[0], "on syscall_entry wait"));
	order_call(self);
	ASSERT_EQ(0, wait_for_count(self->engine[0], "syscall_entry", 1));
	ATTACH(1);
	ASSERT_EQ(0, command(self->engine[0], "go"));
	EXPECT_LT(0, result_of(self));
	EXPECT_TRUE(logged_exactly(self->engine[1], "syscall_exit"));
}

/* Two engines, of which the first one is called first. */
static long two_answers(struct __test_metadata *_metadata,
			FIXTURE_DATA(caller) * const self, const char *first,
			const char *second)
{
	ATTACH(0);
	ATTACH(1);
	ASSERT_EQ(0, command(self->engine[0], first));
	ASSERT_EQ(0, command(self->engine[1], second));
	return call(self);
}

#define TWO_ANSWERS(first, second)					\
	two_answers(_metadata, self, "on syscall_entry " first,		\
		    "on syscall_entry " second)

TEST_F(caller, all_run)
{
	EXPECT_LT(0, TWO_ANSWERS("run", "run"));
	EXPECT_EQ(0, counter(self->engine[0], "aborts_seen"));
	EXPECT_EQ(0, counter(self->engine[1], "aborts_seen"));
}

TEST_F(caller, abort_holds_when_a_later_engine_says_run)
{
	EXPECT_EQ(4321, TWO_ANSWERS("abort 4321", "run"));
	/* The later one is told, and sees what has been decided. */
	EXPECT_EQ(1, counter(self->engine[1], "aborts_seen"));
}

TEST_F(caller, abort_holds_after_an_earlier_engine_said_run)
{
	EXPECT_EQ(4321, TWO_ANSWERS("run", "abort 4321"));
	EXPECT_EQ(0, counter(self->engine[0], "aborts_seen"));
	EXPECT_EQ(0, counter(self->engine[1], "aborts_seen"));
}

TEST_F(caller, abort_without_a_result)
{
	EXPECT_EQ(UNSET_RESULT, TWO_ANSWERS("abort", "run"));
}

TEST_F(caller, a_skipped_call_has_its_exit_report)
{
	EXPECT_EQ(-5, TWO_ANSWERS("abort -5", "run"));
	EXPECT_EQ(-5, logged(self->engine[0], "syscall_exit"));
	EXPECT_EQ(-5, logged(self->engine[1], "syscall_exit"));
}

TEST_F(caller, detach_is_an_answer)
{
	EXPECT_EQ(4321, TWO_ANSWERS("detach", "abort 4321"));
	/* The first one is gone, and what it hears and controls with it. */
	EXPECT_EQ(ESRCH, command(self->engine[0], "events syscall_entry"));
	EXPECT_EQ(ESRCH, command(self->engine[0], "detach"));
	EXPECT_EQ(ESRCH, command(self->engine[0], "barrier"));
	EXPECT_EQ(0, command(self->engine[1], "barrier"));
	EXPECT_EQ(4321, call(self));
	EXPECT_TRUE(logged_exactly(self->engine[0], "syscall_entry"));
}

TEST_F(caller, a_detached_engine_hears_nothing)
{
	ATTACH(0);
	ASSERT_EQ(0, command(self->engine[0], "on syscall_entry abort"));
	ASSERT_EQ(0, command(self->engine[0], "detach"));
	EXPECT_LT(0, call(self));
	EXPECT_TRUE(logged_exactly(self->engine[0], ""));
	EXPECT_EQ(ESRCH, command(self->engine[0], "events syscall_entry"));
}

TEST_F(caller, closing_the_file_detaches)
{
	long left = engines_left();

	ATTACH(0);
	EXPECT_EQ(left + 1, engines_left());
	ASSERT_EQ(0, command(self->engine[0], "on syscall_entry abort"));
	EXPECT_EQ(UNSET_RESULT, call(self));
	close(self->engine[0]);
	EXPECT_LT(0, call(self));
	EXPECT_EQ(left, engines_left());
}

TEST_F(caller, errors)
{
	EXPECT_EQ(ENOENT, command(self->engine[0], "detach"));
	/* kthreadd */
	EXPECT_EQ(EPERM, attach_to(self->engine[0], 2));
	EXPECT_EQ(ESRCH, attach_to(self->engine[0], 0x3fffffff));
	ASSERT_EQ(0, attach_to(self->engine[0], self->pid));
	EXPECT_EQ(EBUSY, attach_to(self->engine[0], self->pid));
	EXPECT_EQ(EINVAL, command(self->engine[0], "events nothing"));
	EXPECT_EQ(0, command(self->engine[0], "detach"));
	EXPECT_EQ(ESRCH, command(self->engine[0], "detach"));

	/* A zombie takes no engines. */
	kill(self->pid, SIGKILL);
	ASSERT_EQ(0, wait_for_state(self->pid, 'Z'));
	EXPECT_EQ(ESRCH, attach_to(self->engine[1], self->pid));
}

TEST_F(caller, an_event_needs_a_callback)
{
	char text[64];

	snprintf(text, sizeof(text), "attach %d light", self->pid);
	ASSERT_EQ(0, command(self->engine[0], text));
	EXPECT_EQ(0, command(self->engine[0], "events syscall_entry"));
	EXPECT_EQ(EINVAL, command(self->engine[0],
				  "events syscall_entry syscall_exit"));
	EXPECT_LT(0, call(self));
}

/* A program must not take these for granted and find that nothing happens. */
TEST_F(caller, what_engines_cannot_do_is_refused)
{
	static const char * const commands[] = {
		"singlestep", "blockstep", "inject 10", "hold",
		"on syscall_entry singlestep", "on syscall_exit blockstep",
		"on exit code 5", "on signal answer hold",
		"on signal answer deliver 12",
		"events seccomp", "events jctl", "events clone_done",
		"events vfork_done", "events signal_ign", "events signal_core",
	};
	int i;

	ASSERT_EQ(0, attach_to(self->engine[0], self->pid));
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		EXPECT_EQ(EINVAL, command(self->engine[0], commands[i])) {
			TH_LOG("%s", commands[i]);
		}
	}
}

TEST_F(caller, fork_does_not_inherit)
{
	pid_t parent = fork();
	int status;

	ASSERT_LE(0, parent);
	if (!parent) {
		raise(SIGSTOP);
		if (!fork()) {
			syscall(TEST_NR, 0);
			_exit(0);
		}
		wait(NULL);
		_exit(0);
	}
	ASSERT_EQ(parent, waitpid(parent, &status, WUNTRACED));
	ASSERT_EQ(0, attach_to(self->engine[0], parent));
	ASSERT_EQ(0, command(self->engine[0], "events syscall_entry"));
	ASSERT_EQ(0, kill(parent, SIGCONT));
	ASSERT_EQ(parent, waitpid(parent, &status, 0));
	EXPECT_EQ(0, status);
	/* The parent's end is told, the child's call before it is not. */
	EXPECT_EQ(SYS_exit_group, logged(self->engine[0], "syscall_entry"));
	EXPECT_FALSE(has_logged(self->engine[0], "syscall_entry", TEST_NR));
	EXPECT_TRUE(is_detached(self->engine[0]));
	EXPECT_EQ(ESRCH, command(self->engine[0], "events"));
}

#define MANY	64

TEST_F(caller, many_on_one_task)
{
	long left = engines_left();
	int engine[MANY], i;

	for (i = 0; i < MANY; i++) {
		engine[i] = open_engine();
		ASSERT_LE(0, engine[i]);
		ASSERT_EQ(0, attach_to(engine[i], self->pid));
		ASSERT_EQ(0, command(engine[i], "events syscall_entry"));
	}
	ASSERT_EQ(0, command(engine[37], "on syscall_entry abort 4321"));
	EXPECT_EQ(4321, call(self));
	for (i = 0; i < MANY; i++) {
		EXPECT_EQ(TEST_NR, logged(engine[i], "syscall_entry"));
		EXPECT_EQ(1, counter(engine[i], "syscall_entry"));
		EXPECT_EQ(i > 37, counter(engine[i], "aborts_seen"));
	}

	/* Half of them leave in the callback, and the others hear all. */
	ASSERT_EQ(0, command(engine[37], "on syscall_entry run"));
	for (i = 0; i < MANY; i += 2)
		ASSERT_EQ(0, command(engine[i], "on syscall_entry detach"));
	EXPECT_LT(0, call(self));
	EXPECT_LT(0, call(self));
	for (i = 0; i < MANY; i++) {
		EXPECT_EQ(i % 2 ? 3 : 2, counter(engine[i], "syscall_entry"));
		EXPECT_EQ(i % 2 ? 0 : ESRCH, command(engine[i], "barrier"));
	}
	kill(self->pid, SIGKILL);
	EXPECT_EQ(SIGKILL, wait_for_status(self->pid, 0));
	self->pid = 0;
	for (i = 0; i < MANY; i++) {
		EXPECT_TRUE(is_detached(engine[i]));
		close(engine[i]);
	}
	EXPECT_EQ(left, engines_left());
}

/* ptrace beside other engines */

static void seize(struct __test_metadata *_metadata,
		  FIXTURE_DATA(caller) * const self)
{
	int status;

	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0,
			    PTRACE_O_TRACESYSGOOD));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
}

/* Resume the tracee: which signal it stops with next. */
static int stop_after(FIXTURE_DATA(caller) * const self, int request)
{
	int status;

	if (ptrace(request, self->pid, 0, 0) ||
	    waitpid(self->pid, &status, __WALL) != self->pid ||
	    !WIFSTOPPED(status))
		return -1;
	return WSTOPSIG(status);
}

TEST_F(caller, each_keeps_its_own_interest)
{
	ATTACH(0);
	seize(_metadata, self);
	/* A tracer that wants nothing leaves the engine its events. */
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	EXPECT_LT(0, call(self));
	EXPECT_EQ(1, counter(self->engine[0], "syscall_entry"));
	EXPECT_EQ(1, counter(self->engine[0], "syscall_exit"));

	/* An engine that goes leaves the tracer its stops. */
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
	ASSERT_NE(-1, wait_for_status(self->pid, __WALL));
	order_call(self);
	EXPECT_EQ(SYSCALL_STOP, stop_after(self, PTRACE_SYSCALL));
	ASSERT_EQ(0, command(self->engine[0], "detach"));
	EXPECT_EQ(SYSCALL_STOP, stop_after(self, PTRACE_SYSCALL));

	/* A tracer that goes leaves an engine its events. */
	ATTACH(1);
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, self->pid, 0, 0));
	EXPECT_LT(0, result_of(self));
	EXPECT_LT(0, call(self));
	EXPECT_TRUE(logged_exactly(self->engine[1],
				   "syscall_entry syscall_exit"));
}

TEST_F(caller, sysemu_skips_though_others_say_run)
{
	/* Before and after ptrace's own engine in the order of reports. */
	ATTACH(0);
	seize(_metadata, self);
	ATTACH(1);
	order_call(self);
	ASSERT_EQ(SYSCALL_STOP, stop_after(self, PTRACE_SYSEMU));
	/* ptrace has not answered yet. */
	EXPECT_EQ(1, counter(self->engine[0], "syscall_entry"));
	EXPECT_EQ(0, counter(self->engine[1], "syscall_entry"));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	EXPECT_EQ(UNSET_RESULT, result_of(self));
	EXPECT_EQ(0, counter(self->engine[0], "aborts_seen"));
	EXPECT_EQ(1, counter(self->engine[1], "aborts_seen"));
	/* Both hear of the exit, which ptrace does not want. */
	EXPECT_EQ(UNSET_RESULT, logged(self->engine[0], "syscall_exit"));
	EXPECT_EQ(UNSET_RESULT, logged(self->engine[1], "syscall_exit"));
}

TEST_F(caller, an_abort_leaves_a_tracer_its_stops)
{
	ATTACH(0);
	seize(_metadata, self);
	ASSERT_EQ(0, command(self->engine[0], "on syscall_entry abort -5"));
	order_call(self);
	EXPECT_EQ(SYSCALL_STOP, stop_after(self, PTRACE_SYSCALL));
	EXPECT_EQ(SYSCALL_STOP, stop_after(self, PTRACE_SYSCALL));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	EXPECT_EQ(-5, result_of(self));
}

TEST_F(caller, an_exit_that_is_stepped_says_so)
{
	int i;

	if (!can_step())
		SKIP(return, NO_STEP);
	ATTACH(0);
	seize(_metadata, self);
	order_call(self);
	for (i = 0; i < 1000 && !has_returned(self); i++)
		ASSERT_EQ(SIGTRAP, stop_after(self, PTRACE_SINGLESTEP));
	EXPECT_TRUE(has_returned(self));
	EXPECT_EQ(EXIT_IS_STEPPED, counter(self->engine[0], "steps"));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	EXPECT_LT(0, call(self));
	EXPECT_EQ(EXIT_IS_STEPPED, counter(self->engine[0], "steps"));
}

TEST_F(caller, a_dying_tracer_leaves_an_engine_alone)
{
	int pipefd[2], status;
	pid_t tracer;
	char byte;

	ATTACH(0);
	ASSERT_EQ(0, pipe(pipefd));
	order_call(self);
	ASSERT_LT(0, result_of(self));
	tracer = fork();
	ASSERT_LE(0, tracer);
	if (!tracer) {
		if (ptrace(PTRACE_SEIZE, self->pid, 0, PTRACE_O_TRACESYSGOOD) ||
		    ptrace(PTRACE_INTERRUPT, self->pid, 0, 0) ||
		    waitpid(self->pid, &status, __WALL) != self->pid)
			_exit(1);
		order_call(self);
		if (stop_after(self, PTRACE_SYSEMU) != SYSCALL_STOP ||
		    write(pipefd[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	close(pipefd[1]);
	ASSERT_EQ(1, read(pipefd[0], &byte, 1));
	EXPECT_EQ('t', state_of(self->pid));
	kill(tracer, SIGKILL);
	ASSERT_EQ(tracer, waitpid(tracer, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status));

	/* Its request holds for this call, which is told to the engine. */
	EXPECT_EQ(UNSET_RESULT, result_of(self));
	EXPECT_LT(0, call(self));
	EXPECT_EQ(3, counter(self->engine[0], "syscall_entry"));
	EXPECT_EQ(3, counter(self->engine[0], "syscall_exit"));
}

TEST_HARNESS_MAIN
