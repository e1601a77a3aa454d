// SPDX-License-Identifier: GPL-2.0
/*
 * What is promised of callbacks that are running: utrace_barrier(), and the
 * return values of utrace_set_events() and utrace_control().
 */
#include "caller.h"

#include <sys/time.h>

/* Attach an engine, and wait until the task is in its callback, and stays. */
static void hold_in_callback(struct __test_metadata *_metadata,
			     FIXTURE_DATA(caller) * const self)
{
	int engine = self->engine[0];

	ASSERT_EQ(0, attach_to(engine, self->pid));
	ASSERT_EQ(0, command(engine, "on syscall_entry wait"));
	ASSERT_EQ(0, command(engine, "events syscall_entry syscall_exit"));
	order_call(self);
	ASSERT_EQ(0, wait_for_count(engine, "syscall_entry", 1));
}

#define HOLD_IN_CALLBACK()	hold_in_callback(_metadata, self)

TEST_F(caller, barrier_waits_for_the_callback)
{
	pid_t waiter;
	long slept;

	HOLD_IN_CALLBACK();
	waiter = command_apart(self->engine[0], "barrier");
	ASSERT_LT(0, waiter);
	ASSERT_EQ(0, wait_asleep(waiter));
	slept = switches_of(waiter);
	sleep_ms(200);
	/* It sleeps until it is woken, and does not look now and then. */
	EXPECT_EQ('S', state_of(waiter));
	EXPECT_EQ(slept, switches_of(waiter));
	ASSERT_EQ(0, command(self->engine[0], "go"));
	EXPECT_EQ(0, wait_for_status(waiter, 0));
	EXPECT_LT(0, result_of(self));
}

TEST_F(caller, barrier_does_not_wait_for_another_engine)
{
	ASSERT_EQ(0, attach_to(self->engine[1], self->pid));
	ASSERT_EQ(0, command(self->engine[1], "events syscall_entry"));
	HOLD_IN_CALLBACK();
	EXPECT_EQ(0, command(self->engine[1], "barrier"));
}

TEST_F(caller, barrier_is_behind_what_the_callback_answers)
{
	pid_t waiter;

	HOLD_IN_CALLBACK();
	ASSERT_EQ(0, command(self->engine[0], "on syscall_entry detach"));
	waiter = command_apart(self->engine[0], "barrier");
	ASSERT_EQ(0, wait_for_state(waiter, 'S'));
	ASSERT_EQ(0, command(self->engine[0], "go"));
	EXPECT_EQ(EXIT_CODE(ESRCH), wait_for_status(waiter, 0));
	EXPECT_LT(0, result_of(self));
}

TEST_F(caller, barrier_is_not_prolonged_by_later_reports)
{
	int i;

	ASSERT_EQ(0, attach_to(self->engine[0], self->pid));
	ASSERT_EQ(0, command(self->engine[0], "on syscall_entry wait 1"));
	ASSERT_EQ(0, command(self->engine[0], "events syscall_entry"));
	/* It calls all the time now. */
	self->shared->ordered = 1L << 30;
	ASSERT_EQ(0, wait_for_count(self->engine[0], "syscall_entry", 1));
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, command(self->engine[0], "barrier"));
}

TEST_F(caller, detach_and_barrier_in_the_middle_of_a_callback)
{
	long left = engines_left();
	pid_t waiter;

	HOLD_IN_CALLBACK();
	EXPECT_EQ(EINPROGRESS, command(self->engine[0], "detach"));
	EXPECT_EQ(ESRCH, command(self->engine[0], "detach"));
	waiter = command_apart(self->engine[0], "barrier");
	ASSERT_EQ(0, wait_for_state(waiter, 'S'));
	ASSERT_EQ(0, command(self->engine[0], "go"));
	/* Detached, and nothing of it is running any more. */
	EXPECT_EQ(EXIT_CODE(ESRCH), wait_for_status(waiter, 0));
	EXPECT_LT(0, result_of(self));
	EXPECT_TRUE(logged_exactly(self->engine[0], "syscall_entry"));
	/* Released with the last reference, which is the file's. */
	EXPECT_EQ(left + 1, engines_left());
	close(self->engine[0]);
	EXPECT_EQ(left, engines_left());
}

TEST_F(caller, released_once_when_the_file_is_closed_in_a_callback)
{
	long left = engines_left();

	HOLD_IN_CALLBACK();
	/* This also lets the callback return. */
	close(self->engine[0]);
	EXPECT_LT(0, result_of(self));
	EXPECT_TRUE(wait_until(engines_left() == left));
}

TEST_F(caller, an_event_given_up_while_it_is_told)
{
	HOLD_IN_CALLBACK();
	/* It is running, so it cannot be known not to be. */
	EXPECT_EQ(EINPROGRESS, command(self->engine[0], "events syscall_entry"));
	EXPECT_EQ(EINPROGRESS, command(self->engine[0], "events"));
	/* Nothing is given up here. */
	EXPECT_EQ(0, command(self->engine[0], "events syscall_exit"));
	ASSERT_EQ(0, command(self->engine[0], "go"));
	EXPECT_LT(0, result_of(self));
	EXPECT_TRUE(logged_exactly(self->engine[0],
				   "syscall_entry syscall_exit"));
}

/* 0 from "events" is a promise, on another CPU as well. */
TEST_F(caller, no_callback_of_an_event_that_was_given_up)
{
	unsigned long busy = 0, free = 0;
	long before = 0, end = now_ms() + WAIT_MS;
	cpu_set_t other;
	int i, turns, err;

	if (pin(1) || pin(0))
		SKIP(return, "needs two CPUs");
	CPU_ZERO(&other);
	CPU_SET(1, &other);
	ASSERT_EQ(0, sched_setaffinity(self->pid, sizeof(other), &other));
	ASSERT_EQ(0, attach_to(self->engine[0], self->pid));
	self->shared->ordered = 1L << 30;
	/* On a busy machine the other CPU may take its time. */
	for (i = 0; i < 3000 || (!before && now_ms() < end); i++) {
		ASSERT_EQ(0, command(self->engine[0], "events syscall_entry"));
		for (turns = i % 100 * 50; turns > 0; turns--)
			asm volatile("" : "+r" (turns));
		err = command(self->engine[0], "events");
		if (err) {
			busy++;
			ASSERT_EQ(EINPROGRESS, err);
			ASSERT_EQ(0, command(self->engine[0], "barrier"));
		} else {
			free++;
		}
		before = counter(self->engine[0], "syscall_entry");
		sched_yield();
		ASSERT_EQ(before, counter(self->engine[0], "syscall_entry"));
	}
	EXPECT_LT(0, counter(self->engine[0], "syscall_entry"));
	TH_LOG("%lu times while it was called, %lu times not, %ld calls", busy,
	       free, counter(self->engine[0], "syscall_entry"));
}

static void on_alarm(int signr)
{
}

TEST_F(caller, barrier_can_be_interrupted)
{
	struct sigaction action = { .sa_handler = on_alarm };
	/* Again and again: the first may come before the write. */
	struct itimerval timer = {
		.it_value = { .tv_usec = 100000 },
		.it_interval = { .tv_usec = 100000 },
	};

	HOLD_IN_CALLBACK();
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	/* -ERESTARTSYS, which without SA_RESTART is this. */
	EXPECT_EQ(EINTR, command(self->engine[0], "barrier"));
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);
	ASSERT_EQ(0, command(self->engine[0], "go"));
	EXPECT_LT(0, result_of(self));
}

TEST_HARNESS_MAIN
