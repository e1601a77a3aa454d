// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the utrace core: ptrace's engine
 *
 * The tracee is not traced: the test plays the part of its tracer.
 */

#include <linux/sched/task.h>
#include <linux/utrace_ptrace.h>

#include "helpers.h"

static struct probe *attach(struct tracee *t, int nr)
{
	return probe_attach(t, nr, &syscall_ops, ENTRY);
}

/* A tracer comes, and wants @events; &tracee.probe number @nr hears of them. */
static struct probe *trace(struct tracee *t, int nr, unsigned long events)
{
	struct probe *probe = &t->probe[nr];

	KUNIT_ASSERT_EQ(t->test, 0, utrace_prepare_ptrace(t->task));
	t->task->utrace->ptrace.data = probe;
	write_lock_irq(&tasklist_lock);
	utrace_attach_ptrace(t->task, &syscall_ops);
	write_unlock_irq(&tasklist_lock);
	KUNIT_EXPECT_EQ(t->test, 0, utrace_ptrace_events(t->task));
	utrace_set_ptrace_events(t->task, events);
	KUNIT_EXPECT_EQ(t->test, events, utrace_ptrace_events(t->task));
	return probe;
}

static void untrace(struct tracee *t)
{
	write_lock_irq(&tasklist_lock);
	utrace_detach_ptrace(t->task);
	write_unlock_irq(&tasklist_lock);
}

static void prepared_once_for_all(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct utrace *utrace;

	KUNIT_EXPECT_EQ(test, 0, utrace_prepare_ptrace(t->task));
	utrace = t->task->utrace;
	KUNIT_EXPECT_NOT_NULL(test, utrace);
	KUNIT_EXPECT_EQ(test, 0, utrace_prepare_ptrace(t->task));
	attach(t, 0);
	KUNIT_EXPECT_PTR_EQ(test, utrace, t->task->utrace);
}

/* Two come at the same time to a task that never had an engine. */
static void slower_one_is_freed(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct utrace *utrace = utrace_alloc(t->task, GFP_KERNEL);
	struct utrace *slower = utrace_alloc(t->task, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, utrace);
	KUNIT_ASSERT_NOT_NULL(test, slower);
	KUNIT_EXPECT_PTR_EQ(test, utrace, utrace_publish(utrace));
	KUNIT_EXPECT_PTR_EQ(test, utrace, utrace_publish(slower));
	KUNIT_EXPECT_PTR_EQ(test, utrace, t->task->utrace);
}

static void untraced_task_has_no_ptrace_events(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	KUNIT_EXPECT_EQ(test, 0, utrace_ptrace_events(t->task));
	utrace_prepare_ptrace(t->task);
	KUNIT_EXPECT_EQ(test, 0, utrace_ptrace_events(t->task));
	trace(t, 0, EXIT);
	untrace(t);
	KUNIT_EXPECT_EQ(test, 0, utrace_ptrace_events(t->task));
	tracee_do(t, report_exit);
	EXPECT_LOG(t, "");
}

static void flag_is_what_ptrace_and_others_want(struct kunit *test)
{
	static const unsigned long wanted[] = { ENTRY | EXIT, EXIT, 0, ENTRY };
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0);
	unsigned int i;

	set_events(a, 0);
	trace(t, 1, 0);
	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		utrace_set_ptrace_events(t->task, wanted[i]);
		KUNIT_EXPECT_EQ_MSG(test, wanted[i] != 0,
				    syscalls_traced(t->task), "%#lx", wanted[i]);
	}
	set_events(a, EXIT);
	utrace_set_ptrace_events(t->task, 0);
	KUNIT_EXPECT_TRUE(test, syscalls_traced(t->task));
	utrace_set_ptrace_events(t->task, ENTRY);
	set_events(a, 0);
	KUNIT_EXPECT_TRUE(test, syscalls_traced(t->task));
	untrace(t);
	KUNIT_EXPECT_FALSE(test, syscalls_traced(t->task));
}

static void ptrace_has_its_turn(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	attach(t, 1);
	trace(t, 0, ENTRY);
	attach(t, 2);
	tracee_do(t, report_entry);
	EXPECT_LOG(t, "b:entry a:entry c:entry");

	/* Another tracer comes after those that are there. */
	untrace(t);
	tracee_do(t, report_entry);
	EXPECT_LOG(t, "b:entry c:entry");
	trace(t, 0, ENTRY);
	tracee_do(t, report_entry);
	EXPECT_LOG(t, "b:entry c:entry a:entry");
	untrace(t);
}

static void tracer_goes_during_the_callback(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = trace(t, 0, ENTRY);

	attach(t, 1);
	tracee_pause(t, report_entry, a);
	untrace(t);
	tracee_unpause(t, a);
	EXPECT_LOG(t, "a:entry b:entry");
	tracee_do(t, report_entry);
	EXPECT_LOG(t, "b:entry");
}

static void tracer_changes_during_the_callback(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = trace(t, 0, ENTRY);

	attach(t, 1);
	tracee_pause(t, report_entry, a);
	untrace(t);
	trace(t, 0, ENTRY);
	tracee_unpause(t, a);
	/* The report goes on where it was, and the new tracer is not told. */
	EXPECT_LOG(t, "a:entry b:entry");
	tracee_do(t, report_entry);
	EXPECT_LOG(t, "a:entry b:entry");
	untrace(t);
}

static void tracer_changes_before_its_turn(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0);

	trace(t, 1, ENTRY);
	attach(t, 2);
	tracee_pause(t, report_entry, a);
	untrace(t);
	trace(t, 1, ENTRY);
	tracee_unpause(t, a);
	EXPECT_LOG(t, "a:entry c:entry");
	untrace(t);
}

static void ptrace_engine_is_never_released(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = trace(t, 0, ENTRY);
	struct kref *kref = &t->task->utrace->ptrace.kref;

	tracee_pause(t, report_entry, a);
	untrace(t);
	trace(t, 0, ENTRY);
	untrace(t);
	KUNIT_EXPECT_EQ(test, 2, kref_read(kref));
	tracee_unpause(t, a);
	KUNIT_EXPECT_EQ(test, 1, kref_read(kref));
	trace(t, 0, ENTRY);
	KUNIT_EXPECT_EQ(test, 2, kref_read(kref));
	untrace(t);
	KUNIT_EXPECT_EQ(test, 1, kref_read(kref));
	EXPECT_LOG(t, "a:entry");
}

static struct kunit_case utrace_ptrace_cases[] = {
	KUNIT_CASE(prepared_once_for_all),
	KUNIT_CASE(slower_one_is_freed),
	KUNIT_CASE(untraced_task_has_no_ptrace_events),
	KUNIT_CASE(flag_is_what_ptrace_and_others_want),
	KUNIT_CASE(ptrace_has_its_turn),
	KUNIT_CASE(tracer_goes_during_the_callback),
	KUNIT_CASE(tracer_changes_during_the_callback),
	KUNIT_CASE(tracer_changes_before_its_turn),
	KUNIT_CASE(ptrace_engine_is_never_released),
	{}
};

static struct kunit_suite utrace_ptrace_suite = {
	.name = "utrace_ptrace",
	.test_cases = utrace_ptrace_cases,
};

kunit_test_suite(utrace_ptrace_suite);
