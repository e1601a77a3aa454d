// SPDX-License-Identifier: GPL-2.0
/*
 * A look at a stopped task: utrace_prepare_examine(), utrace_finish_examine(),
 * and what lies between them.
 */
#include "task.h"

/* Stop the task, which makes a system call when it is told to. */
static void start_and_stop(struct __test_metadata *_metadata,
			   FIXTURE_DATA(task) * const self)
{
	START(serve);
	EXPECT_EQ(EINPROGRESS, command(self->engine, "stop"));
	tell(self);
	ASSERT_EQ(0, stop_and_wait(self->engine));
}

#define START_AND_STOP()	start_and_stop(_metadata, self)

TEST_F(task, examine_a_stopped_task)
{
	START_AND_STOP();
	ASSERT_EQ(0, command(self->engine, "examine"));
	EXPECT_NE(0, ip_of(self->pid));
	EXPECT_EQ(ip_of(self->pid), counter(self->engine, "ip"));
	EXPECT_EQ(0, command(self->engine, "resume"));
	EXPECT_LT(0, answer(self));
}

TEST_F(task, examine_needs_a_stop)
{
	START(serve);
	EXPECT_EQ(EINVAL, command(self->engine, "examine"));
	/* It sleeps, but that is no stop. */
	EXPECT_EQ(EINPROGRESS, command(self->engine, "stop"));
	EXPECT_EQ(EAGAIN, command(self->engine, "examine"));
	tell(self);
	ASSERT_EQ(0, wait_stopped(self->pid));
	EXPECT_EQ(0, command(self->engine, "examine"));

	/* It is not this one that stops it. */
	ASSERT_EQ(0, attach_to(self->other, self->pid));
	EXPECT_EQ(EINVAL, command(self->other, "examine"));
	EXPECT_EQ(0, command(self->other, "stop"));
	EXPECT_EQ(0, command(self->other, "examine"));
	EXPECT_EQ(0, command(self->other, "detach"));
	EXPECT_EQ(ESRCH, command(self->other, "examine"));

	kill(self->pid, SIGKILL);
	EXPECT_EQ(SIGKILL, end(self));
	EXPECT_EQ(ESRCH, command(self->engine, "examine"));
}

TEST_F(task, one_look_at_a_time)
{
	START_AND_STOP();
	EXPECT_EQ(EINVAL, command(self->engine, "finish"));
	EXPECT_EQ(0, command(self->engine, "prepare"));
	EXPECT_EQ(EBUSY, command(self->engine, "prepare"));
	EXPECT_EQ(EBUSY, command(self->engine, "examine"));
	EXPECT_EQ(0, command(self->engine, "finish"));
	EXPECT_EQ(EINVAL, command(self->engine, "finish"));
	EXPECT_EQ(0, command(self->engine, "examine"));
}

TEST_F(task, a_look_is_no_good_when_it_has_been_resumed)
{
	START_AND_STOP();
	ASSERT_EQ(0, command(self->engine, "prepare"));
	ASSERT_EQ(0, command(self->engine, "resume"));
	EXPECT_EQ(EINVAL, command(self->engine, "finish"));
}

TEST_F(task, a_look_is_no_good_when_it_has_run)
{
	START_AND_STOP();
	ASSERT_EQ(0, command(self->engine, "prepare"));
	ASSERT_EQ(0, command(self->engine, "resume"));
	EXPECT_LT(0, answer(self));
	/* Stopped again: not the stop that the look began in. */
	command(self->engine, "stop");
	tell(self);
	ASSERT_EQ(0, stop_and_wait(self->engine));
	EXPECT_EQ(EAGAIN, command(self->engine, "finish"));
	EXPECT_EQ(0, command(self->engine, "examine"));
}

TEST_F(task, a_look_is_no_good_when_the_engine_has_gone)
{
	START_AND_STOP();
	ASSERT_EQ(0, command(self->engine, "prepare"));
	ASSERT_EQ(0, command(self->engine, "detach"));
	EXPECT_EQ(ESRCH, command(self->engine, "finish"));
}

TEST_F(task, a_look_that_is_left_open_is_finished)
{
	START_AND_STOP();
	ASSERT_EQ(0, command(self->engine, "prepare"));
	close(self->engine);
	EXPECT_LT(0, answer(self));
	kill(self->pid, SIGKILL);
	EXPECT_EQ(SIGKILL, wait_for_status(self->pid, 0));
	self->pid = 0;
}

/*
 * The test engine reads the registers of the task when it finishes the look. They
 * have to be there, though the task has been killed and reaped.
 */
TEST_F(task, what_is_looked_at_is_held)
{
	int i;

	START_AND_STOP();
	ASSERT_EQ(0, command(self->engine, "prepare"));
	kill(self->pid, SIGKILL);
	EXPECT_EQ(SIGKILL, end(self));
	/* Its stack would be another task's now. */
	for (i = 0; i < 20; i++)
		EXPECT_EQ(0, wait_for_status(command_apart(self->engine, "go"),
					     0));
	EXPECT_EQ(ESRCH, command(self->engine, "finish"));
	EXPECT_EQ(0, counter(self->engine, "ip"));
}

#define NR_LOOKERS	4
#define SECONDS		5

/* The same as a race. What goes wrong here is an oops, or KASAN complains. */
TEST_F(task, looks_at_a_task_that_is_killed)
{
	long end_ms = now_ms() + SECONDS * 1000, rounds;
	pid_t looker[NR_LOOKERS];
	int engine, err, i;

	for (rounds = 0; rounds < 5 || now_ms() < end_ms; rounds++) {
		engine = open_engine();
		ASSERT_LE(0, engine);
		self->pid = fork();
		ASSERT_LE(0, self->pid);
		if (!self->pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				;
		}
		ASSERT_EQ(0, attach_to(engine, self->pid));
		ASSERT_EQ(0, stop_and_wait(engine));
		for (i = 0; i < NR_LOOKERS; i++) {
			looker[i] = fork();
			ASSERT_LE(0, looker[i]);
			if (looker[i])
				continue;
			do {
				err = command(engine, "examine");
			} while (err != ESRCH);
			_exit(0);
		}
		sleep_ms(1 + rounds % 5);
		kill(self->pid, SIGKILL);
		EXPECT_EQ(SIGKILL, wait_for_status(self->pid, 0));
		self->pid = 0;
		for (i = 0; i < NR_LOOKERS; i++)
			EXPECT_EQ(0, wait_for_status(looker[i], 0));
		close(engine);
	}
}

TEST_HARNESS_MAIN
