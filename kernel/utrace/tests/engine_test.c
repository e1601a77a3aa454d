// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the utrace core: engines come to a task and leave it
 */

#include <linux/sched/task.h>

#include "helpers.h"

static void expect_refusal(struct tracee *t, int err, struct task_struct *task)
{
	struct probe *a = &t->probe[0];
	int usage = refcount_read(&task->usage);

	probe_try_attach(a, task, &syscall_ops, 0);
	KUNIT_EXPECT_EQ(t->test, err, a->ret);
	KUNIT_EXPECT_EQ(t->test, usage, refcount_read(&task->usage));
	/* What was not attached is not released. */
	EXPECT_LOG(t, "");
}

static void flip_worker(struct tracee *t)
{
	current->flags ^= PF_USER_WORKER;
}

static void kernel_work_is_refused(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	expect_refusal(t, -EPERM, current);
	tracee_do(t, flip_worker);
	expect_refusal(t, -EPERM, t->task);
	tracee_do(t, flip_worker);
}

static void exited_task_is_refused(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	tracee_exit(t);
	expect_refusal(t, -ESRCH, t->task);
	tracee_reap(t);
	/* RCU drops the task's own reference, some time after its last switch. */
	ASSERT_SOON(t, refcount_read(&t->task->usage) == 1);
	expect_refusal(t, -ESRCH, t->task);
}

static void new_engine_wants_nothing(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = &t->probe[0];

	a->engine = utrace_attach_task(t->task, &syscall_ops, a);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, a->engine);
	KUNIT_EXPECT_EQ(test, 0, a->engine->events);
	KUNIT_EXPECT_FALSE(test, syscalls_traced(t->task));
	tracee_do(t, report_entry);
	EXPECT_LOG(t, "");
}

static void attachment_keeps_engine(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = probe_attach(t, 0, &syscall_ops, ENTRY);
	struct utrace_engine *engine = a->engine;

	probe_put(a);
	tracee_do(t, report_entry);
	EXPECT_LOG(t, "a:entry");
	KUNIT_EXPECT_EQ(test, 0, utrace_control(engine, UTRACE_DETACH));
	EXPECT_LOG(t, "a:release");
}

static void reference_keeps_engine(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = probe_attach(t, 0, &syscall_ops, 0);

	utrace_engine_get(a->engine);
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
	utrace_engine_put(a->engine);
	EXPECT_LOG(t, "");
	probe_put(a);
	EXPECT_LOG(t, "a:release");
	utrace_engine_put(NULL);
}

static void engine_holds_its_task(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a;
	int usage;

	/* While it sleeps, nobody else takes or drops a reference. */
	ASSERT_SOON(t, state_of(t) == 'D');
	usage = refcount_read(&t->task->usage);
	a = probe_attach(t, 0, &syscall_ops, 0);
	KUNIT_EXPECT_PTR_EQ(test, t->task, a->engine->task);
	KUNIT_EXPECT_EQ(test, usage + 1, refcount_read(&t->task->usage));
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, usage + 1, refcount_read(&t->task->usage));
	probe_put(a);
	KUNIT_EXPECT_EQ(test, usage, refcount_read(&t->task->usage));
}

static void expect_detached(struct kunit *test, struct probe *a)
{
	KUNIT_EXPECT_EQ(test, -ESRCH, control(a, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, -ESRCH, set_events(a, 0));
	KUNIT_EXPECT_EQ(test, -ESRCH, set_events(a, ENTRY));
	KUNIT_EXPECT_EQ(test, -ESRCH, utrace_barrier(a->engine));
	KUNIT_EXPECT_EQ(test, 0, a->engine->events);
}

static void detached_engine_is_out_of_it(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = probe_attach(t, 0, &syscall_ops, ENTRY);

	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
	expect_detached(test, a);
	tracee_do(t, report_entry);
	EXPECT_LOG(t, "");

	/* The reference is good for these even when the task is gone. */
	tracee_exit(t);
	tracee_reap(t);
	expect_detached(test, a);
}

static int look_at_child(void *data)
{
	struct tracee *t = data;

	t->ret = current->utrace || syscalls_traced(current);
	do_exit(0);
}

static void make_child(struct tracee *t)
{
	int status;

	t->ret = -1;
	kernel_wait(user_mode_thread(look_at_child, t, SIGCHLD), &status);
}

static void child_has_no_engines(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	probe_attach(t, 0, &syscall_ops, ENTRY | EXIT);
	tracee_do(t, make_child);
	KUNIT_EXPECT_EQ(test, 0, t->ret);
}

static struct kunit_case utrace_engine_cases[] = {
	KUNIT_CASE(kernel_work_is_refused),
	KUNIT_CASE(exited_task_is_refused),
	KUNIT_CASE(new_engine_wants_nothing),
	KUNIT_CASE(attachment_keeps_engine),
	KUNIT_CASE(reference_keeps_engine),
	KUNIT_CASE(engine_holds_its_task),
	KUNIT_CASE(detached_engine_is_out_of_it),
	KUNIT_CASE(child_has_no_engines),
	{}
};

static struct kunit_suite utrace_engine_suite = {
	.name = "utrace_engine",
	.test_cases = utrace_engine_cases,
};

kunit_test_suite(utrace_engine_suite);
