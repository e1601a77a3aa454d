// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the utrace core: engines control a task from outside
 */

#include <linux/interrupt.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "helpers.h"

#define QUIESCE		UTRACE_EVENT(QUIESCE)

static u32 probe_quiesce(u32 action, struct utrace_engine *engine)
{
	return probe_hear(engine, action, 0, "quiesce");
}

static const struct utrace_engine_ops quiesce_ops = {
	SYSCALL_OPS,
	.report_quiesce = probe_quiesce,
};

static struct probe *attach(struct tracee *t, int nr, unsigned long events)
{
	return probe_attach(t, nr, &quiesce_ops, events);
}

static void event_needs_callback(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	EXPECT_NEEDS_CALLBACK(t, quiesce_ops, report_quiesce, QUIESCE);
}

static void other_actions_are_invalid(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, ENTRY);

	KUNIT_EXPECT_EQ(test, -EINVAL, control(a, UTRACE_DETACH + 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, control(a, UTRACE_RESUME_MASK + 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, control(a, -1));
	KUNIT_EXPECT_EQ(test, ENTRY, a->engine->events);
}

static void detached_engine_controls_nothing(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, 0);
	int action;

	attach(t, 1, QUIESCE);
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
	for (action = UTRACE_RESUME; action <= UTRACE_DETACH; action++)
		KUNIT_EXPECT_EQ_MSG(test, -ESRCH, control(a, action),
				    "action %d", action);
	tracee_do(t, return_to_user);
	EXPECT_LOG(t, "");
}

static void exited_task_is_past_control(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, QUIESCE);

	tracee_exit(t);
	KUNIT_EXPECT_EQ(test, -EALREADY, control(a, UTRACE_REPORT));
	KUNIT_EXPECT_EQ(test, -EALREADY, control(a, UTRACE_INTERRUPT));
	KUNIT_EXPECT_EQ(test, -EALREADY, control(a, UTRACE_STOP));
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_RESUME));
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
}

struct softirq {
	struct tasklet_struct tasklet;
	struct probe *probe;
};

static void detach_in_softirq(struct tasklet_struct *tasklet)
{
	struct softirq *softirq = from_tasklet(softirq, tasklet, tasklet);

	softirq->probe->ret = control(softirq->probe, UTRACE_DETACH);
}

static void hook_softirq(struct probe *probe)
{
	struct softirq softirq = { .probe = probe };

	tasklet_setup(&softirq.tasklet, detach_in_softirq);
	local_bh_disable();
	tasklet_schedule(&softirq.tasklet);
	local_bh_enable();
	tasklet_kill(&softirq.tasklet);
}

/* What interrupts a callback is not the callback. */
static void detached_by_a_softirq(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, ENTRY);

	a->hook = hook_softirq;
	tracee_do(t, report_entry);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, a->ret);
	EXPECT_LOG(t, "a:entry");
}

static void report_is_for_all_who_want_it(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *b;

	attach(t, 0, QUIESCE);
	b = attach(t, 1, ENTRY);
	attach(t, 2, QUIESCE);
	KUNIT_EXPECT_EQ(test, 0, control(b, UTRACE_REPORT));
	tracee_do(t, do_nothing);
	EXPECT_LOG(t, "");
	tracee_do(t, return_to_user);
	EXPECT_LOG(t, "a:quiesce c:quiesce");
}

static void report_comes_once(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, QUIESCE);
	struct probe *b = attach(t, 1, 0);

	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_REPORT));
	KUNIT_EXPECT_EQ(test, 0, control(b, UTRACE_REPORT));
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_INTERRUPT));
	tracee_do(t, return_to_user);
	tracee_do(t, return_to_user);
	EXPECT_LOG(t, "a:quiesce");
}

static void hook_ask_again(struct probe *probe)
{
	probe->hook = NULL;
	probe->ret = control(probe, UTRACE_REPORT);
}

static void asked_for_during_the_report(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, QUIESCE);

	a->hook = hook_ask_again;
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_REPORT));
	tracee_do(t, return_to_user);
	KUNIT_EXPECT_EQ(test, 0, a->ret);
	EXPECT_LOG(t, "a:quiesce a:quiesce");
}

static void asked_for_by_an_answer(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	attach(t, 0, QUIESCE);
	attach(t, 1, ENTRY)->answer = UTRACE_REPORT;
	tracee_do(t, report_entry);
	EXPECT_LOG(t, "b:entry");
	tracee_do(t, return_to_user);
	EXPECT_LOG(t, "a:quiesce");
}

static void report_does_not_ask_for_itself(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, QUIESCE);

	attach(t, 1, QUIESCE)->answer = UTRACE_REPORT;
	a->answer = UTRACE_INTERRUPT;
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_REPORT));
	tracee_do(t, return_to_user);
	EXPECT_LOG(t, "a:quiesce b:quiesce");
}

/* An interruptible wait in the kernel for what does not come. */
static void wait_for_ever(struct tracee *t)
{
	DECLARE_WAIT_QUEUE_HEAD_ONSTACK(wait);

	t->ret = wait_event_interruptible(wait, READ_ONCE(t->priv));
	return_to_user(t);
}

static void interrupt_ends_a_wait(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, QUIESCE);

	tracee_go(t, wait_for_ever);
	ASSERT_SOON(t, state_of(t) == 'S');
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_INTERRUPT));
	tracee_await(t);
	KUNIT_EXPECT_EQ(test, -ERESTARTSYS, t->ret);
	EXPECT_LOG(t, "a:quiesce");
}

static void report_ends_no_wait(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, QUIESCE);

	tracee_go(t, wait_for_ever);
	ASSERT_SOON(t, state_of(t) == 'S');
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_REPORT));
	msleep(20);
	KUNIT_EXPECT_EQ(test, 'S', state_of(t));
	EXPECT_LOG(t, "");

	/* The report is on its way already, and has to hurry now. */
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_INTERRUPT));
	tracee_await(t);
	EXPECT_LOG(t, "a:quiesce");
}

static void interrupt_as_an_answer(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	attach(t, 0, ENTRY | QUIESCE)->answer = UTRACE_INTERRUPT;
	tracee_do(t, report_entry);
	tracee_do(t, wait_for_ever);
	KUNIT_EXPECT_EQ(test, -ERESTARTSYS, t->ret);
	EXPECT_LOG(t, "a:entry a:quiesce");
}

static void strongest_action_is_passed_on(struct kunit *test)
{
	static const u32 answers[] = {
		UTRACE_REPORT, UTRACE_INTERRUPT, UTRACE_REPORT, UTRACE_RESUME,
	};
	static const u32 actions[] = {
		UTRACE_RESUME, UTRACE_REPORT, UTRACE_INTERRUPT, UTRACE_INTERRUPT,
	};
	struct tracee *t __free(tracee_end) = tracee_start(test);
	int i;

	for (i = 0; i < 4; i++)
		attach(t, i, ENTRY)->answer = answers[i];
	tracee_do(t, report_entry);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ_MSG(test, actions[i], t->probe[i].action,
				    "engine %d", i);
}

static struct kunit_case utrace_control_cases[] = {
	KUNIT_CASE(event_needs_callback),
	KUNIT_CASE(other_actions_are_invalid),
	KUNIT_CASE(detached_engine_controls_nothing),
	KUNIT_CASE(exited_task_is_past_control),
	KUNIT_CASE(detached_by_a_softirq),
	KUNIT_CASE(report_is_for_all_who_want_it),
	KUNIT_CASE(report_comes_once),
	KUNIT_CASE(asked_for_during_the_report),
	KUNIT_CASE(asked_for_by_an_answer),
	KUNIT_CASE(report_does_not_ask_for_itself),
	KUNIT_CASE(interrupt_ends_a_wait),
	KUNIT_CASE(report_ends_no_wait),
	KUNIT_CASE(interrupt_as_an_answer),
	KUNIT_CASE(strongest_action_is_passed_on),
	{}
};

static struct kunit_suite utrace_control_suite = {
	.name = "utrace_control",
	.test_cases = utrace_control_cases,
};

kunit_test_suite(utrace_control_suite);
