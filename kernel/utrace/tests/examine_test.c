// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the utrace core: a look at a stopped task
 */

#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>

#include "helpers.h"

/* Let @a, an engine of the tracee, stop it. */
static struct probe *stop(struct tracee *t)
{
	struct probe *a = probe_attach(t, 0, &syscall_ops, 0);

	KUNIT_EXPECT_EQ(t->test, -EINPROGRESS, control(a, UTRACE_STOP));
	tracee_go(t, return_to_user);
	ASSERT_SOON(t, state_of(t) == 'I');
	return a;
}

static void expect_examine(struct tracee *t, int ret)
{
	struct utrace_examiner examiner;

	KUNIT_EXPECT_EQ(t->test, ret,
			utrace_prepare_examine(t->probe[0].engine, &examiner));
	if (!ret)
		KUNIT_EXPECT_EQ(t->test, 0,
				utrace_finish_examine(t->probe[0].engine,
						      &examiner));
}

static void stop_has_to_be_there(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = probe_attach(t, 0, &syscall_ops, 0);

	expect_examine(t, -EINVAL);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, control(a, UTRACE_STOP));
	expect_examine(t, -EAGAIN);
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
	expect_examine(t, -ESRCH);
}

static void stopped_task_is_examined(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	stop(t);
	expect_examine(t, 0);
	expect_examine(t, 0);
}

static void stop_has_to_be_its_own(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = stop(t);
	struct probe *b = probe_attach(t, 1, &syscall_ops, 0);
	struct utrace_examiner examiner;

	KUNIT_EXPECT_EQ(test, -EINVAL,
			utrace_prepare_examine(b->engine, &examiner));
	KUNIT_EXPECT_EQ(test, 0, control(b, UTRACE_STOP));
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_RESUME));
	expect_examine(t, -EINVAL);
}

/* What happens to the tracee between prepare and finish, and the result. */
static void expect_finish(struct tracee *t, struct probe *a, int ret,
			  void (*meanwhile)(struct probe *a))
{
	struct utrace_examiner examiner;

	KUNIT_ASSERT_EQ(t->test, 0,
			utrace_prepare_examine(a->engine, &examiner));
	meanwhile(a);
	KUNIT_EXPECT_EQ(t->test, ret,
			utrace_finish_examine(a->engine, &examiner));
}

static void let_go(struct probe *a)
{
	KUNIT_EXPECT_EQ(a->tracee->test, 0, control(a, UTRACE_RESUME));
}

static void stop_again(struct probe *a)
{
	let_go(a);
	tracee_await(a->tracee);
	KUNIT_EXPECT_EQ(a->tracee->test, -EINPROGRESS, control(a, UTRACE_STOP));
	tracee_go(a->tracee, return_to_user);
	ASSERT_SOON(a->tracee, state_of(a->tracee) == 'I');
}

static void leave(struct probe *a)
{
	KUNIT_EXPECT_EQ(a->tracee->test, 0, control(a, UTRACE_DETACH));
}

static void kill(struct probe *a)
{
	struct tracee *t = a->tracee;

	send_sig(SIGKILL, t->task, 1);
	ASSERT_SOON(t, READ_ONCE(t->task->exit_state));
}

static void task_has_been_let_go(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	expect_finish(t, stop(t), -EINVAL, let_go);
}

static void task_has_run_meanwhile(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	expect_finish(t, stop(t), -EAGAIN, stop_again);
}

static void engine_has_left_meanwhile(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	expect_finish(t, stop(t), -ESRCH, leave);
}

static void task_has_been_killed_meanwhile(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	expect_finish(t, stop(t), -EAGAIN, kill);
}

/* Elsewhere the stack lives as long as the task. */
#ifdef CONFIG_THREAD_INFO_IN_TASK
static void stack_is_held_and_given_back(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = stop(t);
	refcount_t *stack = &t->task->stack_refcount;
	struct utrace_examiner examiner;
	unsigned int held = refcount_read(stack);

	KUNIT_ASSERT_EQ(test, 0, utrace_prepare_examine(a->engine, &examiner));
	KUNIT_EXPECT_EQ(test, held + 1, refcount_read(stack));
	KUNIT_EXPECT_EQ(test, 0, utrace_finish_examine(a->engine, &examiner));
	KUNIT_EXPECT_EQ(test, held, refcount_read(stack));
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_RESUME));
	expect_examine(t, -EINVAL);
	tracee_await(t);
	KUNIT_EXPECT_EQ(test, held, refcount_read(stack));
}
#endif

static struct kunit_case utrace_examine_cases[] = {
	KUNIT_CASE(stop_has_to_be_there),
	KUNIT_CASE(stopped_task_is_examined),
	KUNIT_CASE(stop_has_to_be_its_own),
	KUNIT_CASE(task_has_been_let_go),
	KUNIT_CASE(task_has_run_meanwhile),
	KUNIT_CASE(engine_has_left_meanwhile),
	KUNIT_CASE(task_has_been_killed_meanwhile),
#ifdef CONFIG_THREAD_INFO_IN_TASK
	KUNIT_CASE(stack_is_held_and_given_back),
#endif
	{}
};

static struct kunit_suite utrace_examine_suite = {
	.name = "utrace_examine",
	.test_cases = utrace_examine_cases,
};

kunit_test_suite(utrace_examine_suite);
