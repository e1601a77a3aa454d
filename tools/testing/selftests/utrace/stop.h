/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A stop that an engine answers to an event, and what breaks it. Whoever includes
 * this says which events, as variants.
 */
#ifndef SELFTESTS_UTRACE_STOP_H
#define SELFTESTS_UTRACE_STOP_H

#include "task.h"

FIXTURE(stop) {
	FIXTURE_DATA(task) task;
	long slept;
};

FIXTURE_VARIANT(stop) {
	const char *event;
	void (*body)(int in, int out);
	int signr;	/* sent to the task; 0: it is told to go on */
	int status;	/* what it comes to, when it has been resumed */
};

FIXTURE_SETUP(stop)
{
	FIXTURE_DATA(task) * const task = &self->task;
	char text[64];

	if (!have_engines())
		SKIP(return, NO_ENGINES);
	task->engine = open_engine();
	ASSERT_LE(0, task->engine);
	task->other = -1;
	start(_metadata, task, variant->body);
	snprintf(text, sizeof(text), "on %s stop", variant->event);
	ASSERT_EQ(0, command(task->engine, text));
	snprintf(text, sizeof(text), "events %s", variant->event);
	ASSERT_EQ(0, command(task->engine, text));
	if (!strcmp(variant->event, "quiesce"))
		ASSERT_EQ(0, command(task->engine, "report"));

	if (variant->signr)
		kill(task->pid, variant->signr);
	else
		tell(task);
	ASSERT_EQ(0, wait_for_count(task->engine, variant->event, 1));
	/* By its answer: nothing else has asked for it. */
	ASSERT_EQ(0, wait_stopped(task->pid));
	self->slept = switches_of(task->pid);
}

FIXTURE_TEARDOWN(stop)
{
	if (self->task.pid > 0) {
		kill(self->task.pid, SIGKILL);
		waitpid(self->task.pid, NULL, __WALL);
	}
}

#define EXPECT_NOT_RUN()						\
do {									\
	EXPECT_EQ(STOPPED, state_of(self->task.pid));			\
	EXPECT_EQ(self->slept, switches_of(self->task.pid));		\
} while (0)

/* A tracer that dies while the engine stops its tracee. */
static bool seize_and_die(pid_t pid)
{
	pid_t tracer = fork();
	int status;

	if (!tracer) {
		_exit(ptrace(PTRACE_SEIZE, pid, 0, 0) ||
		      ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	}
	return waitpid(tracer, &status, 0) == tracer && !status;
}

TEST_F(stop, is_not_broken_by_others)
{
	static const char * const commands[] = {
		"events quiesce", "resume", "report", "interrupt", "stop",
		"resume", "detach",
	};
	int other = open_engine(), i;
	pid_t pid = self->task.pid;

	ASSERT_EQ(0, attach_to(other, pid));
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		EXPECT_EQ(0, command(other, commands[i]));
		EXPECT_NOT_RUN();
	}
	close(other);
	EXPECT_TRUE(seize_and_die(pid));
	EXPECT_NOT_RUN();
	/* Signals that do not kill; these stop and continue the group. */
	if (variant->signr != SIGSTOP) {
		kill(pid, SIGSTOP);
		EXPECT_NOT_RUN();
		kill(pid, SIGCONT);
		EXPECT_NOT_RUN();
	}
	kill(pid, SIGCHLD);
	kill(pid, BLOCKED_SIGNAL);
	sleep_ms(20);
	EXPECT_NOT_RUN();
}

TEST_F(stop, lasts_until_resumed)
{
	int status;

	sleep_ms(20);
	/* It is this engine's. */
	EXPECT_EQ(0, command(self->task.engine, "stop"));
	EXPECT_NOT_RUN();

	ASSERT_EQ(0, command(self->task.engine, "detach"));
	status = wait_for_status(self->task.pid, WUNTRACED);
	if (!WIFSTOPPED(status))
		self->task.pid = 0;
	/* Whether there is a core to dump is not what this is about. */
	EXPECT_EQ(variant->status, status & ~0x80);
}

TEST_F(stop, is_broken_by_sigkill)
{
	kill(self->task.pid, SIGKILL);
	EXPECT_EQ(SIGKILL, end(&self->task));
}

TEST_F(stop, makes_a_tracer_wait)
{
	pid_t pid = self->task.pid;
	int status;

	/* It can attach, and has to wait as for any task that sleeps. */
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, 0, 0));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	sleep_ms(20);
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG | __WALL));
	EXPECT_NOT_RUN();
	ASSERT_EQ(0, command(self->task.engine, "detach"));
	status = wait_for_status(pid, __WALL);
	if (WIFSIGNALED(variant->status)) {
		/* It had been taken from its queue before. */
		EXPECT_EQ(variant->status, status & ~0x80);
		self->task.pid = 0;
	} else {
		EXPECT_TRUE(WIFSTOPPED(status));
	}
}

#endif
