// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the utrace core: a task calls its engines
 */

#include "helpers.h"

static struct probe *attach(struct tracee *t, int nr)
{
	return probe_attach(t, nr, &syscall_ops, ENTRY | EXIT);
}

static void engines_are_called_in_order(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	attach(t, 2);
	attach(t, 0);
	attach(t, 1);
	tracee_do(t, report_entry);
	tracee_do(t, report_exit);
	EXPECT_LOG(t, "c:entry a:entry b:entry c:exit a:exit b:exit");
}

static void only_who_wants_is_called(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	set_events(attach(t, 0), 0);
	set_events(attach(t, 1), ENTRY);
	set_events(attach(t, 2), EXIT);
	attach(t, 3);
	tracee_do(t, report_entry);
	tracee_do(t, report_exit);
	EXPECT_LOG(t, "b:entry d:entry c:exit d:exit");
}

static void hook_attach(struct probe *probe)
{
	probe_try_attach(probe->other, current, &syscall_ops, ENTRY);
}

static void attached_in_the_middle_is_not_called(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0);

	a->hook = hook_attach;
	a->other = &t->probe[1];
	tracee_pause(t, report_entry, a);
	attach(t, 2);
	tracee_unpause(t, a);
	KUNIT_EXPECT_EQ(test, 0, t->probe[1].ret);
	EXPECT_LOG(t, "a:entry");
	a->hook = NULL;
	tracee_do(t, report_entry);
	EXPECT_LOG(t, "a:entry c:entry b:entry");
}

static void detached_by_its_answer(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0);
	struct probe *b = attach(t, 1);

	a->answer = UTRACE_DETACH;
	probe_put(a);
	tracee_do(t, report_entry);
	EXPECT_LOG(t, "a:entry a:release b:entry");
	/* That is nobody else's concern. */
	KUNIT_EXPECT_EQ(test, UTRACE_RESUME, b->action);

	b->answer = UTRACE_DETACH;
	tracee_do(t, report_exit);
	EXPECT_LOG(t, "b:exit");
	KUNIT_EXPECT_EQ(test, -ESRCH, set_events(b, ENTRY));
	KUNIT_EXPECT_FALSE(test, syscalls_traced(t->task));
}

static void callback_detaches_others(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0), *b = attach(t, 1);

	attach(t, 2);
	attach(t, 3);
	b->hook = hook_detach;
	b->other = a;
	tracee_do(t, report_entry);
	KUNIT_EXPECT_EQ(test, 0, b->ret);
	EXPECT_LOG(t, "a:entry b:entry a:release c:entry d:entry");
	b->other = &t->probe[2];
	tracee_do(t, report_entry);
	KUNIT_EXPECT_EQ(test, 0, b->ret);
	EXPECT_LOG(t, "b:entry c:release d:entry");
}

static void callback_detaches_its_engine(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0);

	attach(t, 1);
	a->hook = hook_detach;
	a->other = a;
	a->ret = -1;
	tracee_do(t, report_entry);
	/* It is the callback that may be running, and knows. */
	KUNIT_EXPECT_EQ(test, 0, a->ret);
	EXPECT_LOG(t, "a:entry a:release b:entry");
}

static void running_callback_is_in_progress(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0);

	attach(t, 1);
	tracee_pause(t, report_entry, a);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, control(a, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, -ESRCH, control(a, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, -ESRCH, set_events(a, ENTRY));
	probe_put(a);
	/* It is not released as long as the callback runs. */
	EXPECT_LOG(t, "a:entry");
	tracee_unpause(t, a);
	EXPECT_LOG(t, "a:release b:entry");
}

static void all_detached_during_a_callback(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0), *b = attach(t, 1), *c = attach(t, 2);

	tracee_pause(t, report_entry, b);
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, control(b, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, 0, control(c, UTRACE_DETACH));
	attach(t, 3);
	tracee_unpause(t, b);
	EXPECT_LOG(t, "a:entry b:entry");
	tracee_do(t, report_entry);
	EXPECT_LOG(t, "d:entry");
}

/* Reports the exit in the entry, and answers that with a->events. */
static void hook_nest(struct probe *probe)
{
	u32 answer = probe->answer;

	probe->hook = NULL;
	probe->answer = probe->events;
	utrace_report_syscall_exit(&probe->tracee->regs, false);
	probe->answer = answer;
}

static void reports_can_nest(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a;

	attach(t, 1);
	a = attach(t, 0);
	attach(t, 2);
	a->hook = hook_nest;
	tracee_do(t, report_entry);
	EXPECT_LOG(t, "b:entry a:entry b:exit a:exit c:exit c:entry");
}

static void detached_in_a_nested_report(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0);

	attach(t, 1);
	a->hook = hook_nest;
	a->events = UTRACE_DETACH;
	probe_put(a);
	tracee_do(t, report_entry);
	/* The outer callback still runs, and the report goes on after it. */
	EXPECT_LOG(t, "a:entry a:exit b:exit a:release b:entry");
}

static atomic_t nr_released;

static u32 stress_entry(u32 action, struct utrace_engine *engine,
			struct pt_regs *regs)
{
	return engine->data ? UTRACE_DETACH : UTRACE_RESUME;
}

static void stress_release(void *data)
{
	atomic_inc(&nr_released);
}

static const struct utrace_engine_ops stress_ops = {
	.report_syscall_entry = stress_entry,
	.release = stress_release,
};

static void report_until_told(struct tracee *t)
{
	while (!READ_ONCE(t->priv)) {
		utrace_report_syscall_entry(&t->regs);
		cond_resched();
	}
}

static void engines_come_and_go_during_reports(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct utrace_engine *engine;
	int i;

	atomic_set(&nr_released, 0);
	tracee_go(t, report_until_told);
	for (i = 0; i < 5000; i++) {
		/* Every other one detaches itself, if it comes to that. */
		engine = utrace_attach_task(t->task, &stress_ops,
					    i & 1 ? t : NULL);
		if (IS_ERR(engine))
			break;
		utrace_set_events(engine, ENTRY);
		if (i % 8 == 0)
			cond_resched();
		utrace_control(engine, UTRACE_DETACH);
		utrace_engine_put(engine);
	}
	WRITE_ONCE(t->priv, test);
	tracee_await(t);
	KUNIT_EXPECT_EQ(test, 5000, i);
	KUNIT_EXPECT_EQ(test, i, atomic_read(&nr_released));
	KUNIT_EXPECT_FALSE(test, syscalls_traced(t->task));
}

static struct kunit_case utrace_report_cases[] = {
	KUNIT_CASE(engines_are_called_in_order),
	KUNIT_CASE(only_who_wants_is_called),
	KUNIT_CASE(attached_in_the_middle_is_not_called),
	KUNIT_CASE(detached_by_its_answer),
	KUNIT_CASE(callback_detaches_others),
	KUNIT_CASE(callback_detaches_its_engine),
	KUNIT_CASE(running_callback_is_in_progress),
	KUNIT_CASE(all_detached_during_a_callback),
	KUNIT_CASE(reports_can_nest),
	KUNIT_CASE(detached_in_a_nested_report),
	KUNIT_CASE(engines_come_and_go_during_reports),
	{}
};

static struct kunit_suite utrace_report_suite = {
	.name = "utrace_report",
	.test_cases = utrace_report_cases,
};

kunit_test_suite(utrace_report_suite);
