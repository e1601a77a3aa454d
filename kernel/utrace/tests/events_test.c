// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the utrace core: engines choose their events
 */

#include "helpers.h"

static void other_bits_are_invalid(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = probe_attach(t, 0, &syscall_ops, ENTRY);
	unsigned int bit;

	for (bit = _UTRACE_NEVENTS; bit < BITS_PER_LONG; bit++)
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    set_events(a, BIT(bit) | EXIT),
				    "bit %u", bit);
	KUNIT_EXPECT_EQ(test, ENTRY, a->engine->events);
}

static void events_need_callbacks(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	EXPECT_NEEDS_CALLBACK(t, syscall_ops, report_syscall_entry, ENTRY);
	EXPECT_NEEDS_CALLBACK(t, syscall_ops, report_syscall_exit, EXIT);
	EXPECT_NEEDS_CALLBACK(t, syscall_ops, report_syscall_exit,
			      ENTRY | EXIT);
}

static void flag_is_what_engines_want(struct kunit *test)
{
	static const unsigned long wanted[] = { 0, ENTRY, EXIT, ENTRY | EXIT };
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = probe_attach(t, 0, &syscall_ops, 0);
	struct probe *b = probe_attach(t, 1, &syscall_ops, 0);
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		for (j = 0; j < ARRAY_SIZE(wanted); j++) {
			KUNIT_EXPECT_EQ(test, 0, set_events(a, wanted[i]));
			KUNIT_EXPECT_EQ(test, 0, set_events(b, wanted[j]));
			KUNIT_EXPECT_EQ_MSG(test, wanted[i] || wanted[j],
					    syscalls_traced(t->task),
					    "%#lx, %#lx", wanted[i], wanted[j]);
		}
	}
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
	KUNIT_EXPECT_TRUE(test, syscalls_traced(t->task));
	KUNIT_EXPECT_EQ(test, 0, control(b, UTRACE_DETACH));
	KUNIT_EXPECT_FALSE(test, syscalls_traced(t->task));
}

static void callback_chooses_for_itself(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = probe_attach(t, 0, &syscall_ops, ENTRY);

	a->hook = hook_set_events;
	a->other = a;
	a->events = EXIT;
	a->ret = -1;
	tracee_do(t, report_entry);
	/* It is the callback that may be running, and knows. */
	KUNIT_EXPECT_EQ(test, 0, a->ret);
	tracee_do(t, report_entry);
	tracee_do(t, report_exit);
	EXPECT_LOG(t, "a:entry a:exit");
}

static void choice_takes_effect_at_once(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = probe_attach(t, 0, &syscall_ops, ENTRY);
	struct probe *b = probe_attach(t, 1, &syscall_ops, ENTRY);

	tracee_pause(t, report_entry, a);
	KUNIT_EXPECT_EQ(test, 0, set_events(b, 0));
	tracee_unpause(t, a);
	EXPECT_LOG(t, "a:entry");

	tracee_pause(t, report_entry, a);
	KUNIT_EXPECT_EQ(test, 0, set_events(b, ENTRY));
	tracee_unpause(t, a);
	EXPECT_LOG(t, "a:entry b:entry");
}

static void running_callback_is_in_progress(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = probe_attach(t, 0, &syscall_ops, ENTRY);

	tracee_pause(t, report_entry, a);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, set_events(a, EXIT));
	/* That is done. These take nothing away. */
	KUNIT_EXPECT_EQ(test, 0, set_events(a, EXIT));
	KUNIT_EXPECT_EQ(test, 0, set_events(a, EXIT | ENTRY));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, set_events(a, 0));
	tracee_unpause(t, a);
	tracee_do(t, report_entry);
	tracee_do(t, report_exit);
	EXPECT_LOG(t, "a:entry");
}

static struct kunit_case utrace_events_cases[] = {
	KUNIT_CASE(other_bits_are_invalid),
	KUNIT_CASE(events_need_callbacks),
	KUNIT_CASE(flag_is_what_engines_want),
	KUNIT_CASE(callback_chooses_for_itself),
	KUNIT_CASE(choice_takes_effect_at_once),
	KUNIT_CASE(running_callback_is_in_progress),
	{}
};

static struct kunit_suite utrace_events_suite = {
	.name = "utrace_events",
	.test_cases = utrace_events_cases,
};

kunit_test_suite(utrace_events_suite);
