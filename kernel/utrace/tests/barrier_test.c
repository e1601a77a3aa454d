// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the utrace core: waiting for the end of a callback
 */

#include <linux/delay.h>
#include <linux/sched/signal.h>

#include "helpers.h"

static struct probe *attach(struct tracee *t, int nr)
{
	return probe_attach(t, nr, &syscall_ops, ENTRY);
}

static void barrier_with_no_callback(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0), *b = attach(t, 1);

	KUNIT_EXPECT_EQ(test, 0, utrace_barrier(a->engine));
	/* It is not for the callbacks of other engines. */
	tracee_pause(t, report_entry, b);
	KUNIT_EXPECT_EQ(test, 0, utrace_barrier(a->engine));
	tracee_unpause(t, b);
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, -ESRCH, utrace_barrier(a->engine));
}

static void hook_barrier(struct probe *probe)
{
	probe->ret = utrace_barrier(probe->engine);
}

static void barrier_in_its_callback(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0);

	a->hook = hook_barrier;
	a->ret = -1;
	tracee_do(t, report_entry);
	KUNIT_EXPECT_EQ(test, 0, a->ret);
}

static void wait_in_barrier(struct tracee *waiter)
{
	waiter->ret = utrace_barrier(waiter->priv);
}

/* Let another task wait for the callback of @a that is running. */
static struct tracee *start_waiter(struct probe *a)
{
	struct tracee *waiter = tracee_start(a->tracee->test);

	waiter->priv = a->engine;
	tracee_go(waiter, wait_in_barrier);
	ASSERT_SOON(waiter, state_of(waiter) == 'S');
	return waiter;
}

static void answer_is_in_force_after_a_barrier(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct tracee *waiter __free(tracee_end) = NULL;
	struct probe *a = attach(t, 0);

	a->answer = UTRACE_DETACH;
	tracee_pause(t, report_entry, a);
	waiter = start_waiter(a);
	tracee_unpause(t, a);
	tracee_await(waiter);
	KUNIT_EXPECT_EQ(test, -ESRCH, waiter->ret);
}

static void barrier_waits_for_a_detached_engine(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct tracee *waiter __free(tracee_end) = NULL;
	struct probe *a = attach(t, 0);

	tracee_pause(t, report_entry, a);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, control(a, UTRACE_DETACH));
	waiter = start_waiter(a);
	tracee_unpause(t, a);
	tracee_await(waiter);
	KUNIT_EXPECT_EQ(test, -ESRCH, waiter->ret);
}

static void report_twice(struct tracee *t)
{
	report_entry(t);
	report_entry(t);
}

static void barrier_waits_for_no_other_callback(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0);
	int i;

	/* Whoever waited for no callback at all would have luck now and then. */
	for (i = 0; i < 5; i++) {
		struct tracee *waiter __free(tracee_end) = NULL;

		tracee_pause(t, report_twice, a);
		waiter = start_waiter(a);
		/* It pauses again at once, in the next callback. */
		complete(&a->resume);
		KUNIT_ASSERT_NE(test, 0,
				wait_for_completion_timeout(&a->paused,
							    30 * HZ));
		tracee_await(waiter);
		KUNIT_EXPECT_EQ(test, 0, waiter->ret);
		tracee_unpause(t, a);
	}
}

/* Its second callback detaches the engine, and does not return at once. */
static void hook_detach_and_work(struct probe *probe)
{
	if (probe->ret) {
		utrace_control(probe->engine, UTRACE_DETACH);
		msleep(20);
	}
	WRITE_ONCE(probe->ret, probe->ret + 1);
}

static void wait_until_both_are_done(struct tracee *waiter)
{
	struct probe *a = waiter->priv;

	waiter->ret = utrace_barrier(a->engine);
	/* Detached, but a callback is running. */
	if (waiter->ret == -ESRCH && READ_ONCE(a->ret) != 2)
		waiter->ret = -EBUSY;
}

static void barrier_waits_for_the_last_callback(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct tracee *waiter __free(tracee_end) = tracee_start(test);
	const struct cpumask *cpu = cpumask_of(raw_smp_processor_id());
	struct probe *a = attach(t, 0);

	/*
	 * The end of the first callback wakes the waiter. It is to look when the
	 * second one has detached the engine, so it has to wait for the CPU.
	 */
	set_cpus_allowed_ptr(t->task, cpu);
	set_cpus_allowed_ptr(waiter->task, cpu);
	sched_set_fifo(t->task);
	a->hook = hook_detach_and_work;
	a->ret = 0;
	tracee_pause(t, report_twice, a);
	waiter->priv = a;
	tracee_go(waiter, wait_until_both_are_done);
	ASSERT_SOON(waiter, state_of(waiter) == 'S');
	tracee_unpause(t, a);
	tracee_await(waiter);
	KUNIT_EXPECT_EQ(test, -ESRCH, waiter->ret);
	KUNIT_EXPECT_EQ(test, 2, a->ret);
}

static void signal_ends_a_barrier(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct tracee *waiter __free(tracee_end) = NULL;
	struct probe *a = attach(t, 0);

	tracee_pause(t, report_entry, a);
	waiter = start_waiter(a);
	send_sig(SIGKILL, waiter->task, 1);
	tracee_await(waiter);
	KUNIT_EXPECT_EQ(test, -ERESTARTSYS, waiter->ret);
	tracee_unpause(t, a);
}

static struct kunit_case utrace_barrier_cases[] = {
	KUNIT_CASE(barrier_with_no_callback),
	KUNIT_CASE(barrier_in_its_callback),
	KUNIT_CASE(answer_is_in_force_after_a_barrier),
	KUNIT_CASE(barrier_waits_for_a_detached_engine),
	KUNIT_CASE(barrier_waits_for_no_other_callback),
	KUNIT_CASE(barrier_waits_for_the_last_callback),
	KUNIT_CASE(signal_ends_a_barrier),
	{}
};

static struct kunit_suite utrace_barrier_suite = {
	.name = "utrace_barrier",
	.test_cases = utrace_barrier_cases,
};

kunit_test_suite(utrace_barrier_suite);
