// SPDX-License-Identifier: GPL-2.0
/*
 * utrace_control(): an engine stops its task, resumes it, interrupts it, and asks
 * for a report; and its answers that do the same.
 */
#include "stop.h"

#include <sys/socket.h>

static void call_once(int in, int out)
{
	be_told(in);
	syscall(TEST_NR, 0);
}

FIXTURE_VARIANT_ADD(stop, syscall_entry) { "syscall_entry", call_once };
FIXTURE_VARIANT_ADD(stop, syscall_exit) { "syscall_exit", call_once };
FIXTURE_VARIANT_ADD(stop, quiesce) { "quiesce", call_once };

TEST_F(task, stop_lasts_until_each_engine_lets_go)
{
	START(serve);
	ASSERT_EQ(0, attach_to(self->other, self->pid));
	/* Waiting in read(), it is not disturbed: stopped when it returns. */
	EXPECT_EQ(EINPROGRESS, command(self->engine, "stop"));
	sleep_ms(50);
	EXPECT_EQ(EINPROGRESS, command(self->engine, "stop"));
	EXPECT_EQ('S', state_of(self->pid));
	tell(self);
	ASSERT_EQ(0, stop_and_wait(self->engine));
	EXPECT_EQ(STOPPED, state_of(self->pid));
	/* It is stopped already, so the second stop is at once. */
	EXPECT_EQ(0, command(self->other, "stop"));

	EXPECT_EQ(0, command(self->engine, "resume"));
	EXPECT_EQ(NO_ANSWER, answer_in(self, 50));
	EXPECT_EQ(0, command(self->other, "detach"));
	EXPECT_LT(0, answer(self));
}

#define MANY	64

TEST_F(task, many_stop_one_task)
{
	int engine[MANY], i;

	START(serve);
	for (i = 0; i < MANY; i++) {
		engine[i] = open_engine();
		ASSERT_LE(0, engine[i]);
		ASSERT_EQ(0, attach_to(engine[i], self->pid));
		ASSERT_EQ(EINPROGRESS, command(engine[i], "stop"));
	}
	tell(self);
	/* It goes on when the last lets go, in whatever way. */
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, stop_and_wait(engine[i]));
		EXPECT_EQ(NO_ANSWER, answer_in(self, 0));
		ASSERT_EQ(0, command(engine[i], i % 3 == 0 ? "detach" :
					i % 3 == 1 ? "resume" : "report"));
	}
	EXPECT_LT(0, answer(self));
}

TEST_F(task, closing_the_file_ends_a_stop)
{
	START(serve);
	EXPECT_EQ(EINPROGRESS, command(self->engine, "stop"));
	tell(self);
	ASSERT_EQ(0, stop_and_wait(self->engine));
	EXPECT_EQ(NO_ANSWER, answer_in(self, 20));
	ASSERT_EQ(0, close(self->engine));
	EXPECT_LT(0, answer(self));
}

TEST_F(task, detach_as_an_answer_ends_a_stop)
{
	START(serve);
	ASSERT_EQ(0, command(self->engine, "events quiesce"));
	ASSERT_EQ(0, command(self->engine, "on quiesce detach"));
	/* The look at what it wants comes first, and then there is none. */
	EXPECT_EQ(EINPROGRESS, command(self->engine, "stop"));
	tell(self);
	EXPECT_LT(0, answer(self));
	EXPECT_EQ(ESRCH, command(self->engine, "stop"));
}

TEST_F(task, interrupt_brings_a_report_from_a_wait)
{
	START(serve);
	ASSERT_EQ(0, command(self->engine, "events quiesce"));
	ASSERT_EQ(0, command(self->engine, "on quiesce stop"));
	ASSERT_EQ(0, command(self->engine, "interrupt"));
	ASSERT_EQ(0, wait_for_count(self->engine, "quiesce", 1));
	ASSERT_EQ(0, wait_stopped(self->pid));

	/* The interrupted read() starts again as if nothing had been. */
	ASSERT_EQ(0, command(self->engine, "on quiesce resume"));
	ASSERT_EQ(0, command(self->engine, "resume"));
	tell(self);
	EXPECT_LT(0, answer(self));
	EXPECT_EQ(1, counter(self->engine, "quiesce"));
}

TEST_F(task, report_does_not_disturb_a_wait)
{
	START(serve);
	ASSERT_EQ(0, command(self->engine, "events quiesce"));
	ASSERT_EQ(0, command(self->engine, "report"));
	sleep_ms(50);
	EXPECT_EQ(0, counter(self->engine, "quiesce"));
	tell(self);
	EXPECT_LT(0, answer(self));
	EXPECT_EQ(1, counter(self->engine, "quiesce"));
}

TEST_F(task, interrupt_after_report_ends_a_wait)
{
	START(serve);
	ASSERT_EQ(0, command(self->engine, "events quiesce"));
	ASSERT_EQ(0, command(self->engine, "report"));
	ASSERT_EQ(0, command(self->engine, "interrupt"));
	/* One look at both. */
	EXPECT_EQ(0, wait_for_count(self->engine, "quiesce", 1));
	tell(self);
	EXPECT_LT(0, answer(self));
	EXPECT_EQ(1, counter(self->engine, "quiesce"));
}

TEST_F(task, a_report_is_for_all_who_want_it)
{
	START(serve);
	ASSERT_EQ(0, attach_to(self->other, self->pid));
	ASSERT_EQ(0, command(self->other, "events quiesce"));
	ASSERT_EQ(0, command(self->engine, "interrupt"));
	EXPECT_EQ(0, wait_for_count(self->other, "quiesce", 1));
	tell(self);
	EXPECT_LT(0, answer(self));
	EXPECT_TRUE(logged_exactly(self->engine, ""));
}

TEST_F(task, a_report_answered_comes_before_user_mode)
{
	START(serve);
	ASSERT_EQ(0, command(self->engine, "events syscall_exit quiesce"));
	ASSERT_EQ(0, command(self->engine, "on syscall_exit report"));
	tell(self);
	EXPECT_LT(0, answer(self));
	/* After the read(), the call, and the write(). */
	EXPECT_EQ(0, wait_for_count(self->engine, "quiesce", 3));
	EXPECT_EQ(3, counter(self->engine, "syscall_exit"));
	EXPECT_EQ(3, counter(self->engine, "quiesce"));
}

TEST_F(task, a_report_answered_to_a_report_has_no_effect)
{
	START(serve);
	ASSERT_EQ(0, command(self->engine, "events quiesce"));
	ASSERT_EQ(0, command(self->engine, "on quiesce report"));
	ASSERT_EQ(0, command(self->engine, "interrupt"));
	ASSERT_EQ(0, wait_for_count(self->engine, "quiesce", 1));
	ASSERT_EQ(0, command(self->engine, "on quiesce interrupt"));
	ASSERT_EQ(0, command(self->engine, "interrupt"));
	ASSERT_EQ(0, wait_for_count(self->engine, "quiesce", 2));
	tell(self);
	EXPECT_LT(0, answer(self));
	EXPECT_EQ(2, counter(self->engine, "quiesce"));
}

/* What a callback answers comes after what was said while it ran. */

TEST_F(task, a_stop_answered_comes_after_a_resume)
{
	START(serve);
	ASSERT_EQ(0, command(self->engine, "events syscall_exit"));
	ASSERT_EQ(0, command(self->engine, "on syscall_exit wait"));
	ASSERT_EQ(0, command(self->engine, "on syscall_exit stop"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "syscall_exit", 1));
	ASSERT_EQ(0, command(self->engine, "resume"));
	ASSERT_EQ(0, command(self->engine, "go"));
	EXPECT_EQ(0, wait_stopped(self->pid));
	ASSERT_EQ(0, command(self->engine, "on syscall_exit resume"));
	ASSERT_EQ(0, command(self->engine, "resume"));
	EXPECT_LT(0, answer(self));
}

TEST_F(task, resume_answered_does_not_end_a_stop)
{
	START(serve);
	ASSERT_EQ(0, command(self->engine, "events syscall_exit"));
	ASSERT_EQ(0, command(self->engine, "on syscall_exit wait"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "syscall_exit", 1));
	ASSERT_EQ(EINPROGRESS, command(self->engine, "stop"));
	ASSERT_EQ(0, command(self->engine, "go"));
	EXPECT_EQ(0, wait_stopped(self->pid));
	ASSERT_EQ(0, command(self->engine, "resume"));
	EXPECT_LT(0, answer(self));
}

TEST_F(task, no_answer_undoes_the_skip_of_a_call)
{
	START(serve);
	ASSERT_EQ(0, attach_to(self->other, self->pid));
	ASSERT_EQ(0, command(self->engine, "on syscall_exit stop"));
	ASSERT_EQ(0, command(self->engine, "events syscall_exit"));
	tell(self);
	ASSERT_EQ(0, wait_stopped(self->pid));
	/* Before the call. One skips it, the other stops there. */
	ASSERT_EQ(0, command(self->engine, "on syscall_entry abort 4321"));
	ASSERT_EQ(0, command(self->other, "on syscall_entry stop"));
	ASSERT_EQ(0, command(self->other, "events syscall_entry"));
	ASSERT_EQ(0, command(self->engine, "events syscall_entry"));
	ASSERT_EQ(0, command(self->engine, "resume"));
	ASSERT_EQ(0, wait_for_count(self->other, "syscall_entry", 1));
	ASSERT_EQ(0, wait_stopped(self->pid));
	/* It is skipped, though nobody would skip it now. */
	ASSERT_EQ(0, command(self->engine, "detach"));
	ASSERT_EQ(0, command(self->other, "detach"));
	EXPECT_EQ(4321, answer(self));
}

/* Before it stops, the task ends what it owes. */

static int closed_fd;

static void close_by_dup2(int in, int out)
{
	be_told(in);
	dup2(in, closed_fd);
}

static void close_by_close_range(int in, int out)
{
	be_told(in);
	syscall(SYS_close_range, closed_fd, closed_fd, 0);
}

/* The file is in a message to this socket, and is closed with it. */
static int closed_socket;

static void close_in_flight(int in, int out)
{
	close(closed_fd);
	be_told(in);
	dup2(in, closed_socket);
}

static bool send_away(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = {};
	struct iovec data = { .iov_base = "", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *rights = CMSG_FIRSTHDR(&msg);

	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
	return sendmsg(socket, &msg, 0) == 1;
}

FIXTURE(closing) {
	FIXTURE_DATA(task) task;
	int peer;	/* reads from a pipe, whose other end the task closes */
};

FIXTURE_VARIANT(closing) {
	void (*body)(int in, int out);
};

FIXTURE_VARIANT_ADD(closing, dup2) { close_by_dup2 };
FIXTURE_VARIANT_ADD(closing, close_range) { close_by_close_range };
FIXTURE_VARIANT_ADD(closing, in_flight) { close_in_flight };

FIXTURE_SETUP(closing)
{
	FIXTURE_DATA(task) * const task = &self->task;
	int fds[2], sockets[2];

	if (!have_engines())
		SKIP(return, NO_ENGINES);
	open_engines(_metadata, task);
	ASSERT_EQ(0, pipe(fds));
	self->peer = fds[0];
	closed_fd = fds[1];
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	closed_socket = sockets[1];
	if (variant->body == close_in_flight)
		ASSERT_TRUE(send_away(sockets[0], closed_fd));
	start(_metadata, task, variant->body);
	close(closed_fd);
	close(closed_socket);
	ASSERT_EQ(0, attach_to(task->other, task->pid));

	/* To the entry of the call that closes it. */
	ASSERT_EQ(0, command(task->engine, "on syscall_entry stop"));
	ASSERT_EQ(0, command(task->engine, "events syscall_entry"));
	tell(task);
	ASSERT_EQ(0, wait_for_count(task->engine, "syscall_entry", 1));
	ASSERT_EQ(0, wait_stopped(task->pid));
	ASSERT_FALSE(is_hung_up(self->peer));
}

FIXTURE_TEARDOWN(closing)
{
	if (self->task.pid > 0) {
		kill(self->task.pid, SIGKILL);
		waitpid(self->task.pid, NULL, __WALL);
	}
}

TEST_F(closing, is_done_before_a_stop_that_is_answered)
{
	FIXTURE_DATA(task) * const task = &self->task;

	ASSERT_EQ(0, command(task->engine, "on syscall_exit stop"));
	ASSERT_EQ(0, command(task->engine, "events syscall_exit"));
	ASSERT_EQ(0, command(task->engine, "resume"));
	ASSERT_EQ(0, wait_for_count(task->engine, "syscall_exit", 1));
	ASSERT_EQ(0, wait_stopped(task->pid));
	EXPECT_TRUE(is_hung_up(self->peer));
}

TEST_F(closing, is_done_before_a_stop_from_outside)
{
	FIXTURE_DATA(task) * const task = &self->task;

	ASSERT_EQ(0, command(task->engine, "on syscall_exit wait"));
	ASSERT_EQ(0, command(task->engine, "events syscall_exit"));
	ASSERT_EQ(0, command(task->engine, "resume"));
	ASSERT_EQ(0, wait_for_count(task->engine, "syscall_exit", 1));
	/* This comes after the file was closed, and would be done first. */
	ASSERT_EQ(EINPROGRESS, command(task->other, "stop"));
	ASSERT_EQ(0, command(task->engine, "go"));
	ASSERT_EQ(0, stop_and_wait(task->other));
	EXPECT_TRUE(is_hung_up(self->peer));
}

/* Here the work of the engine is older than that of closing. */
TEST_F(closing, is_done_before_a_stop_that_was_asked_for_earlier)
{
	FIXTURE_DATA(task) * const task = &self->task;

	ASSERT_EQ(0, command(task->other, "on quiesce stop"));
	ASSERT_EQ(0, command(task->other, "events quiesce"));
	ASSERT_EQ(0, command(task->other, "report"));
	ASSERT_EQ(0, command(task->engine, "detach"));
	ASSERT_EQ(0, wait_for_count(task->other, "quiesce", 1));
	ASSERT_EQ(0, wait_stopped(task->pid));
	EXPECT_TRUE(is_hung_up(self->peer));
}

/* What breaks a stop */

TEST_F(task, nothing_is_left_of_a_killed_task)
{
	START(serve);
	EXPECT_EQ(EINPROGRESS, command(self->engine, "stop"));
	tell(self);
	ASSERT_EQ(0, stop_and_wait(self->engine));
	kill(self->pid, SIGKILL);
	EXPECT_EQ(SIGKILL, end(self));
	/* The engine is detached, and what it is asked for is still safe. */
	EXPECT_EQ(ESRCH, command(self->engine, "stop"));
	EXPECT_EQ(ESRCH, command(self->engine, "resume"));
	EXPECT_EQ(ESRCH, command(self->engine, "events"));
	EXPECT_EQ(ESRCH, command(self->engine, "detach"));
}

static void write_once(int in, int out)
{
	be_told(in);
	reply(out, 1);
}

TEST_F(task, killed_at_the_entry_does_not_make_the_call)
{
	START(write_once);
	ASSERT_EQ(0, command(self->engine, "on syscall_entry stop"));
	ASSERT_EQ(0, command(self->engine, "events syscall_entry"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "syscall_entry", 1));
	EXPECT_EQ(SYS_write, logged(self->engine, "syscall_entry"));
	ASSERT_EQ(0, wait_stopped(self->pid));
	kill(self->pid, SIGKILL);
	EXPECT_EQ(SIGKILL, end(self));
	EXPECT_EQ(NO_ANSWER, answer_in(self, 0));
}

TEST_F(task, too_late_for_a_zombie)
{
	START(call_once);
	tell(self);
	ASSERT_EQ(0, wait_for_state(self->pid, 'Z'));
	EXPECT_EQ(EALREADY, command(self->engine, "stop"));
	EXPECT_EQ(EALREADY, command(self->engine, "interrupt"));
	EXPECT_EQ(EALREADY, command(self->engine, "report"));
	EXPECT_EQ(0, command(self->engine, "resume"));
	EXPECT_EQ(0, end(self));
}

/* ptrace beside an engine */

TEST_F(task, a_tracer_does_not_see_an_engines_stop)
{
	int status;

	START(serve);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
	EXPECT_EQ(EINPROGRESS, command(self->engine, "stop"));
	tell(self);
	ASSERT_EQ(0, stop_and_wait(self->engine));
	EXPECT_EQ(STOPPED, state_of(self->pid));
	sleep_ms(50);
	EXPECT_EQ(0, waitpid(self->pid, &status, WNOHANG | __WALL));
	/* Not stopped for ptrace: no requests. */
	EXPECT_EQ(-1, ptrace(PTRACE_CONT, self->pid, 0, 0));
	EXPECT_EQ(ESRCH, errno);

	/* An interrupt has to wait for the engine. */
	EXPECT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
	sleep_ms(50);
	EXPECT_EQ(0, waitpid(self->pid, &status, WNOHANG | __WALL));
	EXPECT_EQ(0, command(self->engine, "resume"));
	EXPECT_EQ(SIGTRAP | PTRACE_EVENT_STOP << 8,
		  wait_for_status(self->pid, __WALL) >> 8);
	EXPECT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	EXPECT_LT(0, answer(self));
}

TEST_F(task, an_engine_does_not_resume_a_tracers_stop)
{
	START(serve);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
	ASSERT_LT(0, wait_for_status(self->pid, __WALL));
	EXPECT_EQ(0, command(self->engine, "interrupt"));
	EXPECT_EQ(0, command(self->engine, "resume"));
	sleep_ms(50);
	EXPECT_EQ('t', state_of(self->pid));
	/* Nor is it this engine's: it stops when the tracer lets go. */
	EXPECT_EQ(EINPROGRESS, command(self->engine, "stop"));
	tell(self);
	EXPECT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	EXPECT_EQ(0, stop_and_wait(self->engine));
	EXPECT_EQ(STOPPED, state_of(self->pid));
	EXPECT_EQ(0, command(self->engine, "resume"));
	EXPECT_LT(0, answer(self));
}

/*
 * A tracer's stop inside the report of a system call runs task work first. So it
 * comes after what engines have asked for, though that is not in the order of
 * the reports.
 */
TEST_F(task, an_engines_stop_comes_before_a_tracers)
{
	int status;

	START(serve);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0,
			    PTRACE_O_TRACESYSGOOD));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
	ASSERT_LT(0, wait_for_status(self->pid, __WALL));
	/* To the entry of the read() that starts again, and into that. */
	ASSERT_EQ(0, ptrace(PTRACE_SYSCALL, self->pid, 0, 0));
	ASSERT_LT(0, wait_for_status(self->pid, __WALL));
	ASSERT_EQ(0, ptrace(PTRACE_SYSCALL, self->pid, 0, 0));
	ASSERT_EQ(0, wait_for_state(self->pid, 'S'));

	ASSERT_EQ(0, command(self->engine, "events quiesce"));
	ASSERT_EQ(EINPROGRESS, command(self->engine, "stop"));
	tell(self);
	ASSERT_EQ(0, stop_and_wait(self->engine));
	EXPECT_EQ(1, counter(self->engine, "quiesce"));
	EXPECT_EQ(0, waitpid(self->pid, &status, WNOHANG | __WALL));
	ASSERT_EQ(0, command(self->engine, "resume"));
	EXPECT_EQ(SIGTRAP | 0x80,
		  WSTOPSIG(wait_for_status(self->pid, __WALL)));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	EXPECT_LT(0, answer(self));
	EXPECT_EQ(1, counter(self->engine, "quiesce"));
}

/*
 * As above, by a tracer whose stops are plain SIGTRAPs. It tells @fd when @pid sleeps
 * in the read(), goes on with @request from the exit of that, if there is one, and
 * waits to be killed.
 */
static void trace_the_read(pid_t pid, int fd, int request)
{
	int status;

	if (ptrace(PTRACE_SEIZE, pid, 0, 0) ||
	    ptrace(PTRACE_INTERRUPT, pid, 0, 0) ||
	    waitpid(pid, &status, __WALL) != pid ||
	    ptrace(PTRACE_SYSCALL, pid, 0, 0) ||
	    waitpid(pid, &status, __WALL) != pid ||
	    ptrace(PTRACE_SYSCALL, pid, 0, 0) ||
	    wait_for_state(pid, 'S') || write(fd, "", 1) != 1)
		_exit(1);
	if (request && (waitpid(pid, &status, __WALL) != pid ||
			ptrace(request, pid, 0, 0)))
		_exit(1);
	pause();
	_exit(1);
}

/* Its request does not outlive it, not even in the report of a system call. */
TEST_F(task, a_tracer_that_dies_in_an_engines_stop_leaves_no_signal)
{
	int pipefd[2], status;
	pid_t tracer;
	char byte;

	START(serve);
	ASSERT_EQ(0, pipe(pipefd));
	tracer = fork();
	ASSERT_LE(0, tracer);
	if (!tracer)
		trace_the_read(self->pid, pipefd[1], 0);
	close(pipefd[1]);
	ASSERT_EQ(1, read(pipefd[0], &byte, 1));
	ASSERT_EQ(EINPROGRESS, command(self->engine, "stop"));
	tell(self);
	ASSERT_EQ(0, stop_and_wait(self->engine));
	kill(tracer, SIGKILL);
	ASSERT_EQ(tracer, waitpid(tracer, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status));
	ASSERT_EQ(0, command(self->engine, "resume"));
	EXPECT_LT(0, answer(self));
}

#ifdef PTRACE_SYSEMU
/* The call that was entered is skipped, the next one happens. */
TEST_F(task, a_tracer_that_dies_in_an_engines_stop_skips_one_call)
{
	int pipefd[2], status;
	pid_t tracer;
	long result;
	char byte;

	START(serve);
	ASSERT_EQ(0, pipe(pipefd));
	tracer = fork();
	ASSERT_LE(0, tracer);
	if (!tracer)
		trace_the_read(self->pid, pipefd[1], PTRACE_SYSEMU);
	close(pipefd[1]);
	ASSERT_EQ(1, read(pipefd[0], &byte, 1));
	/* The stop is made by task work that the report itself has queued. */
	ASSERT_EQ(0, command(self->engine, "on syscall_entry report"));
	ASSERT_EQ(0, command(self->engine, "on quiesce stop"));
	ASSERT_EQ(0, command(self->engine, "events syscall_entry quiesce"));
	tell(self);
	ASSERT_EQ(0, wait_stopped(self->pid));
	kill(tracer, SIGKILL);
	ASSERT_EQ(tracer, waitpid(tracer, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status));
	ASSERT_EQ(0, command(self->engine, "events"));
	ASSERT_EQ(0, command(self->engine, "resume"));
	result = answer(self);
	EXPECT_NE(NO_ANSWER, result);
	EXPECT_GE(0, result);
	tell(self);
	EXPECT_LT(0, answer(self));
}
#endif

TEST_HARNESS_MAIN
