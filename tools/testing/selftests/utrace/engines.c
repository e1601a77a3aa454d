// SPDX-License-Identifier: GPL-2.0
/*
 * Several engines on one task, with and without ptrace beside them.
 *
 * The engines are those of CONFIG_UTRACE_TEST_ENGINE, one for each open file of
 * utrace/engine in debugfs. They watch a child that makes a system call when
 * it is told to, and tells what came of it.
 */
#include "engine.h"

/* A system call that nothing but the tests makes. */
#define TEST_NR		SYS_getpgid
#define SYSCALL_STOP	(SIGTRAP | 0x80)

/* The child: a byte in on one pipe, the result of a system call out. */
static void serve(int in, int out)
{
	char byte;
	long result;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(in, &byte, 1) == 1) {
		result = syscall(TEST_NR, 0);
		if (result < 0)
			result = -errno;
		if (write(out, &result, sizeof(result)) != sizeof(result))
			break;
	}
	_exit(0);
}

FIXTURE(engines) {
	pid_t pid;
	int in;
	int out;
	int engine[2];
};

FIXTURE_SETUP(engines)
{
	int in[2], out[2], i;

	if (!have_engines())
		SKIP(return, NO_ENGINES);

	ASSERT_EQ(0, pipe2(in, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(out, O_CLOEXEC));
	self->pid = fork();
	ASSERT_LE(0, self->pid);
	if (!self->pid) {
		close(in[1]);
		close(out[0]);
		serve(in[0], out[1]);
	}
	close(in[0]);
	close(out[1]);
	self->in = in[1];
	self->out = out[0];
	/* It waits in read() now, or the counts would not be exact. */
	ASSERT_EQ(0, wait_for_state(self->pid, 'S'));
	for (i = 0; i < 2; i++) {
		self->engine[i] = open_engine();
		ASSERT_LE(0, self->engine[i]);
	}
}

FIXTURE_TEARDOWN(engines)
{
	if (self->pid > 0) {
		kill(self->pid, SIGKILL);
		waitpid(self->pid, NULL, __WALL);
	}
}

static void ask(int in)
{
	if (write(in, "", 1) != 1)
		abort();
}

#define NO_ANSWER	(-4096L)

static long answer(int out, int ms)
{
	struct pollfd fd = { .fd = out, .events = POLLIN };
	long result;

	if (poll(&fd, 1, ms) != 1 || read(out, &result, sizeof(result)) !=
	    sizeof(result))
		return NO_ANSWER;
	return result;
}

TEST_F(engines, hears_of_each_system_call)
{
	ASSERT_EQ(0, attach_to(self->engine[0], self->pid));
	ASSERT_EQ(0, command(self->engine[0],
			     "events syscall_entry syscall_exit"));
	ask(self->in);
	EXPECT_LT(0, answer(self->out, WAIT_MS));
	/* What the child does: (read's exit), getpgid, write, read's entry. */
	ASSERT_EQ(0, wait_for_count(self->engine[0], "syscall_entry", 3));
	EXPECT_EQ(3, counter(self->engine[0], "syscall_entry"));
	EXPECT_EQ(SYS_read, counter(self->engine[0], "last_nr"));

	/* Nothing more once it wants nothing; it may be in the last one. */
	ASSERT_TRUE(wait_until(command(self->engine[0], "events") == 0));
	ask(self->in);
	EXPECT_LT(0, answer(self->out, WAIT_MS));
	EXPECT_EQ(3, counter(self->engine[0], "syscall_entry"));
}

static void check_abort(struct __test_metadata *_metadata,
			FIXTURE_DATA(engines) * const self, const char *first,
			const char *second, long expected)
{
	int gate = open_engine();
	int i;

	/* Attached last, so told first: holds the child at the entry. */
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, attach_to(self->engine[i], self->pid));
	ASSERT_LE(0, gate);
	ASSERT_EQ(0, attach_to(gate, self->pid));
	ASSERT_EQ(0, command(gate, "events quiesce"));

	/* Reach the wait in read(), then arm for exactly the next entry. */
	ASSERT_EQ(0, wait_for_state(self->pid, 'S'));
	ASSERT_EQ(0, command(self->engine[1], first));
	ASSERT_EQ(0, command(self->engine[0], second));
	ASSERT_EQ(0, command(self->engine[1], "events syscall_entry"));
	ASSERT_EQ(0, command(self->engine[0], "events syscall_entry"));
	ASSERT_EQ(0, command(gate, "events quiesce syscall_exit"));
	ASSERT_EQ(EINPROGRESS, command(gate, "stop"));
	ask(self->in);
	/* read() returns, and its exit report ends in the stop. */
	ASSERT_EQ(0, stop_and_wait(gate));
	ASSERT_EQ(0, counter(self->engine[0], "syscall_entry"));

	/* One entry, that of the test's call: stop at its exit. */
	ASSERT_EQ(0, command(gate, "on syscall_exit stop"));
	ASSERT_EQ(0, command(gate, "resume"));
	ASSERT_EQ(0, wait_for_count(gate, "syscall_exit", 2));
	ASSERT_EQ(0, stop_and_wait(gate));
	EXPECT_EQ(TEST_NR, counter(self->engine[0], "last_nr"));
	EXPECT_EQ(1, counter(self->engine[0], "syscall_entry"));
	EXPECT_EQ(1, counter(self->engine[1], "syscall_entry"));
	ASSERT_EQ(0, command(self->engine[0], "events"));
	/* This one may have detached itself. */
	command(self->engine[1], "events");
	ASSERT_EQ(0, command(gate, "detach"));

	EXPECT_EQ(expected ?: getpgid(0), answer(self->out, WAIT_MS));
	close(gate);
}

TEST_F(engines, all_run)
{
	check_abort(_metadata, self, "on syscall_entry run",
		    "on syscall_entry run", 0);
	EXPECT_EQ(0, counter(self->engine[0], "aborts_seen"));
}

TEST_F(engines, abort_holds_when_a_later_engine_says_run)
{
	check_abort(_metadata, self, "on syscall_entry abort 4321",
		    "on syscall_entry run", 4321);
	/* The later one is told, and sees what has been decided. */
	EXPECT_EQ(1, counter(self->engine[0], "aborts_seen"));
}

TEST_F(engines, abort_holds_after_an_earlier_engine_said_run)
{
	check_abort(_metadata, self, "on syscall_entry run",
		    "on syscall_entry abort 4321", 4321);
	EXPECT_EQ(0, counter(self->engine[0], "aborts_seen"));
	EXPECT_EQ(0, counter(self->engine[1], "aborts_seen"));
}

TEST_F(engines, abort_without_a_result_is_enosys)
{
	check_abort(_metadata, self, "on syscall_entry abort",
		    "on syscall_entry run", -ENOSYS);
}

TEST_F(engines, detach_in_the_callback_that_runs)
{
	check_abort(_metadata, self, "on syscall_entry detach",
		    "on syscall_entry abort 4321", 4321);
	/* The first one is gone, and what it hears and controls with it. */
	EXPECT_EQ(ESRCH, command(self->engine[1], "events syscall_entry"));
	EXPECT_EQ(ESRCH, command(self->engine[1], "stop"));
	EXPECT_EQ(ESRCH, command(self->engine[1], "barrier"));
	EXPECT_EQ(0, command(self->engine[0], "barrier"));
}

TEST_F(engines, stop_lasts_until_each_engine_lets_go)
{
	int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, attach_to(self->engine[i], self->pid));
		ASSERT_EQ(0, command(self->engine[i], "events quiesce"));
	}
	/* Waiting in read(), it is not disturbed: stopped when it returns. */
	EXPECT_EQ(EINPROGRESS, command(self->engine[0], "stop"));
	sleep_ms(50);
	EXPECT_EQ(EINPROGRESS, command(self->engine[0], "stop"));
	EXPECT_EQ('S', state_of(self->pid));
	ask(self->in);
	ASSERT_EQ(0, stop_and_wait(self->engine[0]));
	EXPECT_EQ('D', state_of(self->pid));
	/* It is stopped already, so the second stop is at once. */
	EXPECT_EQ(0, command(self->engine[1], "stop"));

	EXPECT_EQ(0, command(self->engine[0], "resume"));
	EXPECT_EQ(NO_ANSWER, answer(self->out, 50));
	EXPECT_EQ(0, command(self->engine[1], "detach"));
	EXPECT_LT(0, answer(self->out, WAIT_MS));
}

TEST_F(engines, interrupt_brings_a_report_from_a_wait)
{
	ASSERT_EQ(0, attach_to(self->engine[0], self->pid));
	ASSERT_EQ(0, command(self->engine[0], "events quiesce"));
	ASSERT_EQ(0, wait_for_state(self->pid, 'S'));
	ASSERT_EQ(0, command(self->engine[0], "on quiesce stop"));
	ASSERT_EQ(0, command(self->engine[0], "interrupt"));
	ASSERT_EQ(0, wait_for_count(self->engine[0], "quiesce", 1));
	ASSERT_EQ(0, stop_and_wait(self->engine[0]));

	/* The interrupted read() starts again as if nothing had been. */
	ASSERT_EQ(0, command(self->engine[0], "on quiesce resume"));
	ASSERT_EQ(0, command(self->engine[0], "resume"));
	ask(self->in);
	EXPECT_LT(0, answer(self->out, WAIT_MS));
}

TEST_F(engines, report_does_not_disturb_a_wait)
{
	ASSERT_EQ(0, attach_to(self->engine[0], self->pid));
	ASSERT_EQ(0, command(self->engine[0], "events quiesce"));
	ASSERT_EQ(0, wait_for_state(self->pid, 'S'));
	ASSERT_EQ(0, command(self->engine[0], "report"));
	sleep_ms(50);
	EXPECT_EQ(0, counter(self->engine[0], "quiesce"));
	ask(self->in);
	EXPECT_LT(0, answer(self->out, WAIT_MS));
	EXPECT_EQ(1, counter(self->engine[0], "quiesce"));
}

TEST_F(engines, sigkill_breaks_a_stop)
{
	int status;

	ASSERT_EQ(0, attach_to(self->engine[0], self->pid));
	ASSERT_EQ(0, command(self->engine[0], "events quiesce"));
	EXPECT_EQ(EINPROGRESS, command(self->engine[0], "stop"));
	ask(self->in);
	ASSERT_EQ(0, stop_and_wait(self->engine[0]));
	ASSERT_EQ(0, kill(self->pid, SIGKILL));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	self->pid = 0;

	/* Reaped: the engine is detached, its calls are still safe. */
	EXPECT_TRUE(is_detached(self->engine[0]));
	EXPECT_EQ(ESRCH, command(self->engine[0], "resume"));
	EXPECT_EQ(ESRCH, command(self->engine[0], "events"));
	EXPECT_EQ(ESRCH, command(self->engine[0], "barrier"));
}

TEST_F(engines, errors)
{
	char exclusive[64];

	EXPECT_EQ(ENOENT, command(self->engine[0], "stop"));
	/* kthreadd */
	EXPECT_EQ(EPERM, attach_to(self->engine[0], 2));
	EXPECT_EQ(ESRCH, attach_to(self->engine[0], 0x3fffffff));
	ASSERT_EQ(0, attach_to(self->engine[0], self->pid));

	/* A report or a step needs an ear for it. */
	EXPECT_EQ(EINVAL, command(self->engine[0], "report"));
	EXPECT_EQ(EINVAL, command(self->engine[0], "singlestep"));

	/* Exclusive: not beside another engine with the same callbacks. */
	snprintf(exclusive, sizeof(exclusive), "attach %d exclusive",
		 self->pid);
	EXPECT_EQ(EEXIST, command(self->engine[1], exclusive));
	EXPECT_EQ(0, command(self->engine[0], "detach"));
	EXPECT_EQ(ESRCH, command(self->engine[0], "detach"));

	/* A zombie takes no engines. */
	kill(self->pid, SIGKILL);
	ASSERT_EQ(0, wait_for_state(self->pid, 'Z'));
	EXPECT_EQ(ESRCH, attach_to(self->engine[1], self->pid));
}

TEST_F(engines, fork_does_not_inherit)
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
	/* The parent's wait is told, the child's call before it is not. */
	EXPECT_TRUE(has_logged(self->engine[0], "syscall_entry", SYS_wait4));
	EXPECT_FALSE(has_logged(self->engine[0], "syscall_entry", TEST_NR));
	EXPECT_TRUE(is_detached(self->engine[0]));
	EXPECT_EQ(ESRCH, command(self->engine[0], "events"));
}

#define MANY	64

TEST_F(engines, many_on_one_task)
{
	long left = engines_left();
	int engine[MANY], i;

	for (i = 0; i < MANY; i++) {
		engine[i] = open_engine();
		ASSERT_LE(0, engine[i]);
		ASSERT_EQ(0, attach_to(engine[i], self->pid));
	}
	/* One skips the call. The one that is told first stops it there. */
	ASSERT_EQ(0, command(engine[37], "on syscall_entry abort 4321"));
	ASSERT_EQ(0, command(engine[MANY - 1], "on syscall_entry stop"));
	/* What others answer besides does not take it back. */
	ASSERT_EQ(0, command(engine[10], "on syscall_entry report"));
	ASSERT_EQ(0, command(engine[20], "on syscall_entry interrupt"));
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, command(engine[i],
				     "events quiesce syscall_entry"));
	ask(self->in);
	ASSERT_EQ(0, wait_for_count(engine[0], "syscall_entry", 1));
	ASSERT_EQ(0, wait_stopped(engine[MANY - 1]));
	for (i = 0; i < MANY; i++) {
		EXPECT_EQ(TEST_NR, logged(engine[i], "syscall_entry"));
		EXPECT_EQ(1, counter(engine[i], "syscall_entry"));
		EXPECT_EQ(i < 37, counter(engine[i], "aborts_seen"));
	}
	/* It is skipped, though nobody would skip it now. */
	ASSERT_EQ(0, command(engine[37], "on syscall_entry run"));
	ASSERT_EQ(0, command(engine[MANY - 1], "on syscall_entry resume"));
	ASSERT_EQ(0, command(engine[MANY - 1], "resume"));
	EXPECT_EQ(4321, answer(self->out, WAIT_MS));

	/* Half of them leave in the callback, and the others hear all. */
	for (i = 0; i < MANY; i += 2)
		ASSERT_EQ(0, command(engine[i], "on syscall_entry detach"));
	ask(self->in);
	EXPECT_LT(0, answer(self->out, WAIT_MS));
	for (i = 0; i < MANY; i++) {
		EXPECT_TRUE(i % 2 ? counter(engine[i], "syscall_entry") >= 2 :
				    is_detached(engine[i]));
	}
	kill(self->pid, SIGKILL);
	EXPECT_EQ(SIGKILL, wait_for_status(self->pid, 0));
	self->pid = 0;
	for (i = 0; i < MANY; i++) {
		EXPECT_TRUE(is_detached(engine[i]));
		close(engine[i]);
	}
	EXPECT_TRUE(wait_until(engines_left() == left));
}

TEST_F(engines, many_stop_one_task)
{
	int engine[MANY], i;

	for (i = 0; i < MANY; i++) {
		engine[i] = open_engine();
		ASSERT_LE(0, engine[i]);
		ASSERT_EQ(0, attach_to(engine[i], self->pid));
		ASSERT_EQ(0, command(engine[i], "events quiesce"));
		ASSERT_EQ(EINPROGRESS, command(engine[i], "stop"));
	}
	ask(self->in);
	/* It goes on when the last lets go, in whatever way. */
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, wait_stopped(engine[i]));
		EXPECT_EQ(NO_ANSWER, answer(self->out, 0));
		ASSERT_EQ(0, command(engine[i], i % 3 == 0 ? "detach" :
					i % 3 == 1 ? "resume" : "report"));
	}
	EXPECT_LT(0, answer(self->out, WAIT_MS));
	for (i = 0; i < MANY; i++)
		close(engine[i]);
}

/* ptrace beside another engine */

TEST_F(engines, a_tracer_does_not_see_an_engines_stop)
{
	int status;

	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0,
			    PTRACE_O_TRACESYSGOOD));
	ASSERT_EQ(0, attach_to(self->engine[0], self->pid));
	ASSERT_EQ(0, command(self->engine[0], "events quiesce"));
	EXPECT_EQ(EINPROGRESS, command(self->engine[0], "stop"));
	ask(self->in);
	ASSERT_EQ(0, stop_and_wait(self->engine[0]));

	EXPECT_EQ('D', state_of(self->pid));
	sleep_ms(50);
	EXPECT_EQ(0, waitpid(self->pid, &status, WNOHANG | __WALL));
	/* Not stopped for ptrace: no requests. */
	EXPECT_EQ(-1, ptrace(PTRACE_CONT, self->pid, 0, 0));
	EXPECT_EQ(ESRCH, errno);

	/* An interrupt has to wait for the engine. */
	EXPECT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
	sleep_ms(50);
	EXPECT_EQ(0, waitpid(self->pid, &status, WNOHANG | __WALL));
	EXPECT_EQ(0, command(self->engine[0], "resume"));
	EXPECT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	EXPECT_EQ(SIGTRAP | PTRACE_EVENT_STOP << 8, status >> 8);
	EXPECT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	EXPECT_LT(0, answer(self->out, WAIT_MS));
}

TEST_F(engines, an_engine_does_not_resume_a_tracers_stop)
{
	int status;

	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
	ASSERT_EQ(0, attach_to(self->engine[0], self->pid));
	ASSERT_EQ(0, command(self->engine[0], "events quiesce"));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	EXPECT_EQ(0, command(self->engine[0], "interrupt"));
	EXPECT_EQ(0, command(self->engine[0], "resume"));
	sleep_ms(50);
	EXPECT_EQ('t', state_of(self->pid));
	/* Nor is it this engine's: it stops when the tracer lets go. */
	EXPECT_EQ(EINPROGRESS, command(self->engine[0], "stop"));
	ask(self->in);
	EXPECT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	EXPECT_EQ(0, stop_and_wait(self->engine[0]));
	EXPECT_EQ('D', state_of(self->pid));
	EXPECT_EQ(0, command(self->engine[0], "resume"));
	EXPECT_LT(0, answer(self->out, WAIT_MS));
}

/*
 * ptrace's stop inside its callback runs task work, and with it what other
 * engines have asked for; that has to wait until the report is over.
 */
TEST_F(engines, a_report_does_not_nest_in_a_tracers_stop)
{
	int status;

	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0,
			    PTRACE_O_TRACESYSGOOD));
	ASSERT_EQ(0, attach_to(self->engine[0], self->pid));
	ASSERT_EQ(0, command(self->engine[0], "events quiesce"));
	ASSERT_EQ(0, wait_for_state(self->pid, 'S'));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	ASSERT_EQ(0, ptrace(PTRACE_SYSCALL, self->pid, 0, 0));
	/* The entry stop of the read() that starts again. */
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	ASSERT_EQ(SYSCALL_STOP, WSTOPSIG(status));
	ASSERT_EQ(0, ptrace(PTRACE_SYSCALL, self->pid, 0, 0));
	ASSERT_EQ(0, wait_for_state(self->pid, 'S'));

	/* It comes out of read() with the work pending, to the exit stop. */
	ASSERT_EQ(0, command(self->engine[0], "interrupt"));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	ASSERT_EQ(SYSCALL_STOP, WSTOPSIG(status));
	EXPECT_EQ(0, counter(self->engine[0], "quiesce"));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	ASSERT_EQ(0, wait_for_count(self->engine[0], "quiesce", 1));
	ask(self->in);
	EXPECT_LT(0, answer(self->out, WAIT_MS));
}

TEST_F(engines, each_keeps_its_own_interest)
{
	int status, i;
	long before;

	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0,
			    PTRACE_O_TRACESYSGOOD));
	ASSERT_EQ(0, attach_to(self->engine[0], self->pid));
	ASSERT_EQ(0, command(self->engine[0],
			     "events syscall_entry syscall_exit"));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));

	/* A tracer that wants nothing leaves the engine its events. */
	before = counter(self->engine[0], "syscall_entry");
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	ask(self->in);
	EXPECT_LT(0, answer(self->out, WAIT_MS));
	EXPECT_LE(before + 2, counter(self->engine[0], "syscall_entry"));

	/* An engine that goes leaves the tracer its stops. */
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	ASSERT_EQ(0, ptrace(PTRACE_SYSCALL, self->pid, 0, 0));
	/* It may be just in the callback for the read() that starts again. */
	status = command(self->engine[0], "detach");
	ASSERT_TRUE(status == 0 || status == EINPROGRESS);
	ask(self->in);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
		EXPECT_EQ(SYSCALL_STOP, WSTOPSIG(status));
		ASSERT_EQ(0, ptrace(PTRACE_SYSCALL, self->pid, 0, 0));
	}

	/* A tracer that goes leaves an engine its events too. */
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	ASSERT_EQ(0, attach_to(self->engine[1], self->pid));
	ASSERT_EQ(0, command(self->engine[1], "events syscall_entry"));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, self->pid, 0, 0));
	ask(self->in);
	EXPECT_LT(0, answer(self->out, WAIT_MS));
	EXPECT_LT(0, answer(self->out, WAIT_MS));
	EXPECT_LE(2, counter(self->engine[1], "syscall_entry"));
}

TEST_F(engines, sysemu_and_an_engine_that_says_run)
{
	int status;

	/* Before and after ptrace's own engine in the order of reports. */
	ASSERT_EQ(0, attach_to(self->engine[0], self->pid));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0,
			    PTRACE_O_TRACESYSGOOD));
	ASSERT_EQ(0, attach_to(self->engine[1], self->pid));
	ASSERT_EQ(0, command(self->engine[0],
			     "events syscall_entry syscall_exit"));
	ASSERT_EQ(0, command(self->engine[1],
			     "events syscall_entry syscall_exit"));

	ASSERT_EQ(0, wait_for_state(self->pid, 'S'));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	/* The interrupted read() is restarted: emulate it as end of file. */
	ASSERT_EQ(0, ptrace(PTRACE_SYSEMU, self->pid, 0, 0));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	ASSERT_EQ(SYSCALL_STOP, WSTOPSIG(status));
	EXPECT_EQ(SYS_read, counter(self->engine[1], "last_nr"));
	ask(self->in);
	ASSERT_EQ(0, ptrace(PTRACE_SYSEMU, self->pid, 0, 0));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	/* -ENOSYS from read(): the child exits, and even that is skipped. */
	ASSERT_EQ(SYSCALL_STOP, WSTOPSIG(status));
	EXPECT_EQ(SYS_exit_group, counter(self->engine[1], "last_nr"));
	/* Told last, the engine attached first has seen the first skip. */
	EXPECT_EQ(1, counter(self->engine[0], "aborts_seen"));
	EXPECT_EQ(0, counter(self->engine[1], "aborts_seen"));
}

TEST_F(engines, an_abort_under_a_tracer)
{
	int status;

	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0,
			    PTRACE_O_TRACESYSGOOD));
	ASSERT_EQ(0, attach_to(self->engine[0], self->pid));
	ASSERT_EQ(0, wait_for_state(self->pid, 'S'));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	ASSERT_EQ(0, command(self->engine[0], "on syscall_entry abort -5"));
	ASSERT_EQ(0, command(self->engine[0], "events syscall_entry"));

	/* Entry stop and exit stop as ever, though the call does not happen. */
	ask(self->in);
	ASSERT_EQ(0, ptrace(PTRACE_SYSCALL, self->pid, 0, 0));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	EXPECT_EQ(SYSCALL_STOP, WSTOPSIG(status));
	ASSERT_EQ(0, ptrace(PTRACE_SYSCALL, self->pid, 0, 0));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	EXPECT_EQ(SYSCALL_STOP, WSTOPSIG(status));
	EXPECT_EQ(1, counter(self->engine[0], "syscall_entry"));
	/* read() has failed: the child leaves. */
	ASSERT_EQ(0, command(self->engine[0], "detach"));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	EXPECT_TRUE(WIFEXITED(status));
	self->pid = 0;
}

TEST_F(engines, a_dying_tracer_leaves_an_engine_alone)
{
	int pipefd[2], status;
	pid_t tracer;
	char byte;

	ASSERT_EQ(0, attach_to(self->engine[0], self->pid));
	ASSERT_EQ(0, command(self->engine[0], "events syscall_entry"));
	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_EQ(0, wait_for_state(self->pid, 'S'));
	tracer = fork();
	ASSERT_LE(0, tracer);
	if (!tracer) {
		if (ptrace(PTRACE_SEIZE, self->pid, 0, 0) ||
		    ptrace(PTRACE_INTERRUPT, self->pid, 0, 0) ||
		    waitpid(self->pid, &status, __WALL) != self->pid ||
		    ptrace(PTRACE_SYSEMU, self->pid, 0, 0) ||
		    waitpid(self->pid, &status, __WALL) != self->pid ||
		    ptrace(PTRACE_SYSCALL, self->pid, 0, 0) ||
		    waitpid(self->pid, &status, __WALL) != self->pid ||
		    write(pipefd[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	ASSERT_EQ(1, read(pipefd[0], &byte, 1));
	EXPECT_EQ('t', state_of(self->pid));
	kill(tracer, SIGKILL);
	ASSERT_EQ(tracer, waitpid(tracer, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status));

	/* Its read() was skipped, so it leaves: one entry more, untraced. */
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(SYS_exit_group, counter(self->engine[0], "last_nr"));
	self->pid = 0;
}

TEST_F(engines, closing_the_file_detaches)
{
	ASSERT_EQ(0, attach_to(self->engine[0], self->pid));
	ASSERT_EQ(0, command(self->engine[0], "events quiesce"));
	EXPECT_EQ(EINPROGRESS, command(self->engine[0], "stop"));
	ask(self->in);
	ASSERT_EQ(0, stop_and_wait(self->engine[0]));
	EXPECT_EQ(NO_ANSWER, answer(self->out, 20));
	ASSERT_EQ(0, close(self->engine[0]));
	EXPECT_LT(0, answer(self->out, WAIT_MS));
}

TEST_HARNESS_MAIN
