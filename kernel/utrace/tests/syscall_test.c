// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the utrace core: engines and system calls
 */

#include <linux/string.h>

#include "helpers.h"

static struct probe *attach(struct tracee *t, int nr)
{
	return probe_attach(t, nr, &syscall_ops, ENTRY | EXIT);
}

static void passive_engine_changes_nothing(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0);

	memset(&t->regs, 0x5a, sizeof(t->regs));
	KUNIT_EXPECT_FALSE(test, tracee_skips(t));
	KUNIT_EXPECT_EQ(test, (unsigned long)&t->regs, a->arg);
	a->arg = 0;
	tracee_do(t, report_exit);
	KUNIT_EXPECT_EQ(test, (unsigned long)&t->regs, a->arg);
	KUNIT_EXPECT_NULL(test, memchr_inv(&t->regs, 0x5a, sizeof(t->regs)));
	EXPECT_LOG(t, "a:entry a:exit");
}

/* Whichever it is, and whatever the others answer before and after it. */
static void abort_by_any_engine_holds(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	int i;

	for (i = 0; i < 3; i++)
		attach(t, i);
	for (i = 0; i < 3; i++) {
		t->probe[i].answer = UTRACE_SYSCALL_ABORT;
		KUNIT_EXPECT_TRUE_MSG(test, tracee_skips(t), "abort by %d", i);
		EXPECT_LOG(t, "a:entry b:entry c:entry");
		t->probe[i].answer = UTRACE_SYSCALL_RUN;
	}
}

static void each_sees_what_was_decided(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	int i;

	for (i = 0; i < 4; i++)
		attach(t, i);
	t->probe[1].answer = UTRACE_SYSCALL_ABORT;
	tracee_do(t, report_entry);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ_MSG(test, i > 1 ? UTRACE_SYSCALL_ABORT :
						  UTRACE_SYSCALL_RUN,
				    t->probe[i].action, "engine %d", i);
}

static void next_system_call_begins_anew(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0);

	a->answer = UTRACE_SYSCALL_ABORT;
	KUNIT_EXPECT_TRUE(test, tracee_skips(t));
	a->answer = UTRACE_SYSCALL_RUN;
	KUNIT_EXPECT_FALSE(test, tracee_skips(t));
	KUNIT_EXPECT_EQ(test, UTRACE_SYSCALL_RUN, a->action);
}

static void abort_holds_with_detach(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0), *b = attach(t, 1);

	a->answer = UTRACE_SYSCALL_ABORT | UTRACE_DETACH;
	KUNIT_EXPECT_TRUE(test, tracee_skips(t));
	KUNIT_EXPECT_EQ(test, UTRACE_SYSCALL_ABORT, b->action);
	KUNIT_EXPECT_FALSE(test, tracee_skips(t));
	EXPECT_LOG(t, "a:entry b:entry b:entry");
}

static void abort_holds_of_one_detached(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0);

	a->hook = hook_detach;
	a->other = a;
	a->answer = UTRACE_SYSCALL_ABORT;
	KUNIT_EXPECT_TRUE(test, tracee_skips(t));
}

static void step_is_told_to_all(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0), *b = attach(t, 1);

	t->step = true;
	a->answer = UTRACE_DETACH;
	tracee_do(t, report_exit);
	KUNIT_EXPECT_EQ(test, UTRACE_SYSCALL_STEP, a->action);
	KUNIT_EXPECT_EQ(test, UTRACE_SYSCALL_STEP, b->action);
	t->step = false;
	tracee_do(t, report_exit);
	KUNIT_EXPECT_EQ(test, UTRACE_RESUME, b->action);
}

static struct kunit_case utrace_syscall_cases[] = {
	KUNIT_CASE(passive_engine_changes_nothing),
	KUNIT_CASE(abort_by_any_engine_holds),
	KUNIT_CASE(each_sees_what_was_decided),
	KUNIT_CASE(next_system_call_begins_anew),
	KUNIT_CASE(abort_holds_with_detach),
	KUNIT_CASE(abort_holds_of_one_detached),
	KUNIT_CASE(step_is_told_to_all),
	{}
};

static struct kunit_suite utrace_syscall_suite = {
	.name = "utrace_syscall",
	.test_cases = utrace_syscall_cases,
};

kunit_test_suite(utrace_syscall_suite);
