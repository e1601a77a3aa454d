/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A task that waits in read() for a byte, and then does what the test is about.
 */
#ifndef SELFTESTS_UTRACE_TASK_H
#define SELFTESTS_UTRACE_TASK_H

#include "engine.h"

FIXTURE(task) {
	pid_t pid;
	int in;		/* to the task */
	int out;	/* from the task */
	int engine;	/* attached to it by START(); or -1 */
	int other;	/* another engine, not attached */
};

static inline void open_engines(struct __test_metadata *_metadata,
				FIXTURE_DATA(task) * const self)
{
	self->engine = open_engine();
	ASSERT_LE(0, self->engine);
	self->other = open_engine();
	ASSERT_LE(0, self->other);
}

FIXTURE_SETUP(task)
{
	if (!have_engines())
		SKIP(return, NO_ENGINES);
	open_engines(_metadata, self);
}

FIXTURE_TEARDOWN(task)
{
	if (self->pid > 0) {
		kill(self->pid, SIGKILL);
		waitpid(self->pid, NULL, __WALL);
	}
}

/* The task has this one blocked. */
#define BLOCKED_SIGNAL	SIGXCPU

static inline void block(int signr)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signr);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* In the task: wait for a byte. When there is none to come, it leaves. */
static inline char be_told(int in)
{
	char byte;

	if (read(in, &byte, 1) != 1)
		_exit(0);
	return byte;
}

/* A fault that cannot be mended. */
static inline void fault(void)
{
	char *page = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0);

	*page = 1;
}

static inline void reply(int out, long result)
{
	if (write(out, &result, sizeof(result)) != sizeof(result))
		_exit(1);
}

/* A body for the task: it makes a system call each time. */
static inline void serve(int in, int out)
{
	long result;

	for (;;) {
		be_told(in);
		result = syscall(TEST_NR, 0);
		reply(out, result < 0 ? -errno : result);
	}
}

/* Fork the task, and wait until it waits. */
static inline void start(struct __test_metadata *_metadata,
			 FIXTURE_DATA(task) * const self,
			 void (*body)(int in, int out))
{
	int in[2], out[2];

	ASSERT_EQ(0, pipe2(in, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(out, O_CLOEXEC));
	self->pid = fork();
	ASSERT_LE(0, self->pid);
	if (!self->pid) {
		close(in[1]);
		close(out[0]);
		/* The engines are to go when the test closes them. */
		close(self->engine);
		close(self->other);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		block(BLOCKED_SIGNAL);
		body(in[0], out[1]);
		_exit(0);
	}
	close(in[0]);
	close(out[1]);
	self->in = in[1];
	self->out = out[0];
	ASSERT_EQ(0, wait_for_state(self->pid, 'S'));
	if (self->engine >= 0)
		ASSERT_EQ(0, attach_to(self->engine, self->pid));
}

#define START(body)	start(_metadata, self, body)

static inline void tell_what(FIXTURE_DATA(task) * const self, char what)
{
	if (write(self->in, &what, 1) != 1)
		abort();
}

static inline void tell(FIXTURE_DATA(task) * const self)
{
	tell_what(self, 0);
}

#define NO_ANSWER	(-4096L)

static inline long answer_in(FIXTURE_DATA(task) * const self, int ms)
{
	struct pollfd fd = { .fd = self->out, .events = POLLIN };
	long result;

	if (poll(&fd, 1, ms) != 1 || read(self->out, &result, sizeof(result)) !=
	    sizeof(result))
		return NO_ANSWER;
	return result;
}

static inline long answer(FIXTURE_DATA(task) * const self)
{
	return answer_in(self, WAIT_MS);
}

/* The wait status with which the task ends; its engine goes with it. */
static inline int end(FIXTURE_DATA(task) * const self)
{
	int status = wait_for_status(self->pid, __WALL);

	if (status < 0)
		return status;
	self->pid = 0;
	return self->engine < 0 || is_detached(self->engine) ? status : -2;
}

#endif
