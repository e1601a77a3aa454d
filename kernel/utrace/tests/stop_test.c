// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the utrace core: engines stop a task
 */

#include <linux/sched/signal.h>
#include <linux/uprobes.h>

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

/* The letter of a stop that is no load: a tracer's would be a "t". */
static void await_stop(struct tracee *t)
{
	ASSERT_SOON(t, state_of(t) == 'I');
}

static void expect_stopped(struct tracee *t)
{
	msleep(20);
	KUNIT_EXPECT_EQ(t->test, 'I', state_of(t));
	KUNIT_EXPECT_FALSE(t->test, completion_done(&t->done));
}

/* Let @a stop the tracee, which it does on its way to user mode. */
static void stop(struct probe *a)
{
	KUNIT_EXPECT_EQ(a->tracee->test, -EINPROGRESS, control(a, UTRACE_STOP));
	tracee_go(a->tracee, return_to_user);
	await_stop(a->tracee);
}

/* That ends the last stop. */
static void resume(struct probe *a)
{
	KUNIT_EXPECT_EQ(a->tracee->test, 0, control(a, UTRACE_RESUME));
	tracee_await(a->tracee);
}

static void stops_on_the_way_to_user_mode(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, 0);

	attach(t, 1, ENTRY);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, control(a, UTRACE_STOP));
	/* Not before, nor at the end of a report if no engine answers so. */
	tracee_do(t, report_entry);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, control(a, UTRACE_STOP));
	tracee_go(t, return_to_user);
	await_stop(t);
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_STOP));
	expect_stopped(t);
	resume(a);
}

static void stop_is_taken_back_in_time(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, 0);

	KUNIT_EXPECT_EQ(test, -EINPROGRESS, control(a, UTRACE_STOP));
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_RESUME));
	tracee_do(t, return_to_user);
}

static const enum utrace_resume_action ends[] = {
	UTRACE_RESUME, UTRACE_REPORT, UTRACE_INTERRUPT, UTRACE_DETACH,
};

static void its_engine_ends_a_stop(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		stop(a);
		KUNIT_EXPECT_EQ_MSG(test, 0, control(a, ends[i]), "action %d",
				    ends[i]);
		tracee_await(t);
	}
}

static void no_other_engine_ends_a_stop(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, 0);
	struct probe *b = attach(t, 1, QUIESCE);
	unsigned int i;

	stop(a);
	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		KUNIT_EXPECT_EQ_MSG(test, 0, control(b, ends[i]), "action %d",
				    ends[i]);
		expect_stopped(t);
	}
	resume(a);
}

static void signal_ends_no_stop(struct kunit *test)
{
	static const int signals[] = { SIGSTOP, SIGCONT, SIGQUIT };
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, 0);
	unsigned int i;

	/* Pending when it begins, */
	send_sig(SIGABRT, t->task, 1);
	stop(a);
	/* or sent to a task that has stopped. */
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		send_sig(signals[i], t->task, 1);
	expect_stopped(t);
	resume(a);
}

static void each_engine_has_its_own_stop(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, 0);
	struct probe *b = attach(t, 1, 0);

	stop(a);
	KUNIT_EXPECT_EQ(test, 0, control(b, UTRACE_STOP));
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_RESUME));
	expect_stopped(t);
	resume(b);
}

static void stop_as_an_answer(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, ENTRY);
	struct probe *b = attach(t, 1, ENTRY);

	a->answer = UTRACE_STOP;
	tracee_go(t, report_entry);
	await_stop(t);
	/* All are told before that. */
	EXPECT_LOG(t, "a:entry b:entry");
	KUNIT_EXPECT_EQ(test, UTRACE_STOP, b->action);
	resume(a);
	/* To stop a task is not to skip its system call. */
	KUNIT_EXPECT_EQ(test, 0, t->ret);
}

static void no_action_takes_back_an_abort(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *c, *d;

	attach(t, 0, ENTRY)->answer = UTRACE_SYSCALL_ABORT | UTRACE_REPORT;
	attach(t, 1, ENTRY)->answer = UTRACE_INTERRUPT;
	c = attach(t, 2, ENTRY);
	c->answer = UTRACE_STOP;
	d = attach(t, 3, ENTRY);
	tracee_go(t, report_entry);
	await_stop(t);
	resume(c);
	KUNIT_EXPECT_EQ(test, UTRACE_SYSCALL_ABORT | UTRACE_STOP, d->action);
	KUNIT_EXPECT_EQ(test, 1, t->ret);
}

static void answer_replaces_what_control_said(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, ENTRY);

	a->answer = UTRACE_STOP;
	tracee_pause(t, report_entry, a);
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_RESUME));
	complete(&a->resume);
	await_stop(t);
	expect_stopped(t);
	resume(a);
}

static void resume_as_an_answer_says_nothing(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, ENTRY);

	tracee_pause(t, report_entry, a);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, control(a, UTRACE_STOP));
	tracee_unpause(t, a);
	tracee_go(t, return_to_user);
	await_stop(t);
	resume(a);
}

static void detached_engine_asks_for_nothing(struct kunit *test)
{
	static const u32 answers[] = { UTRACE_STOP, UTRACE_REPORT };
	struct tracee *t __free(tracee_end) = tracee_start(test);
	unsigned int i;

	attach(t, 1, QUIESCE);
	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		struct probe *a = attach(t, 0, ENTRY);

		a->hook = hook_detach;
		a->other = a;
		a->answer = answers[i];
		tracee_do(t, report_entry);
		tracee_do(t, return_to_user);
		EXPECT_LOG(t, "a:entry a:release");
	}
}

static void hook_look(struct probe *probe)
{
	probe->hook = NULL;
	probe->ret = control(probe->other, UTRACE_STOP);
	return_to_user(probe->tracee);
}

/* As in a callback of ptrace's engine, whose stop runs task work. */
static void stop_in_the_middle_of_a_report(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, ENTRY);
	struct probe *b = attach(t, 1, ENTRY | QUIESCE);

	a->hook = hook_look;
	a->other = b;
	tracee_go(t, report_entry);
	await_stop(t);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, a->ret);
	EXPECT_LOG(t, "a:entry b:quiesce");
	resume(b);
	EXPECT_LOG(t, "b:entry");
}

/* Task work can run in the middle of an exec, which holds cred_guard_mutex. */
static void execute(struct tracee *t)
{
	current->in_execve = 1;
	return_to_user(t);
	current->in_execve = 0;
	utrace_allow_stop();
}

/* And between a uprobe's breakpoint and its step. */
static void step_out_of_line(struct tracee *t)
{
#ifdef CONFIG_UPROBES
	struct uprobe_task utask = { .active_uprobe = (void *)t };

	current->utask = &utask;
	return_to_user(t);
	current->utask = NULL;
	utrace_allow_stop();
#endif
}

static void stop_waits_where_there_can_be_none(struct kunit *test)
{
	static void (* const todo[])(struct tracee *t) = {
		execute, IS_ENABLED(CONFIG_UPROBES) ? step_out_of_line : NULL,
	};
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, QUIESCE);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(todo) && todo[i]; i++) {
		KUNIT_EXPECT_EQ(test, -EINPROGRESS, control(a, UTRACE_STOP));
		tracee_do(t, todo[i]);
		EXPECT_LOG(t, "");
		/* It has not been asked again. */
		tracee_go(t, return_to_user);
		await_stop(t);
		EXPECT_LOG(t, "a:quiesce");
		resume(a);
	}
}

static void death_in_a_stop_skips_the_call(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	attach(t, 0, ENTRY)->answer = UTRACE_STOP;
	tracee_go(t, report_entry);
	await_stop(t);
	send_sig(SIGKILL, t->task, 1);
	tracee_await(t);
	KUNIT_EXPECT_EQ(test, 1, t->ret);
}

static void death_before_a_stop_skips_the_call(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, ENTRY);

	a->answer = UTRACE_STOP;
	tracee_pause(t, report_entry, a);
	send_sig(SIGKILL, t->task, 1);
	tracee_unpause(t, a);
	KUNIT_EXPECT_EQ(test, 1, t->ret);
}

/* In do_exit(), but engines have not been told, because there were none. */
static void begin_to_exit(struct tracee *t)
{
	current->flags |= PF_POSTCOREDUMP;
	return_to_user(t);
	current->flags &= ~PF_POSTCOREDUMP;
}

static void does_not_stop_in_exit(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, QUIESCE);

	KUNIT_EXPECT_EQ(test, -EINPROGRESS, control(a, UTRACE_STOP));
	tracee_do(t, begin_to_exit);
	EXPECT_LOG(t, "");
}

static void dying_task_does_not_look(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, ENTRY | QUIESCE);

	tracee_pause(t, report_entry, a);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, control(a, UTRACE_STOP));
	send_sig(SIGKILL, t->task, 1);
	tracee_unpause(t, a);
	tracee_reap(t);
	EXPECT_LOG(t, "a:entry");
}

/*
 * exec by another thread ends this one. SIGKILL is sent with the lock that this is
 * marked with, and here does not come at all: the mark alone has to do.
 */
static void thread_that_exec_ends_does_not_stop(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, 0);

	KUNIT_EXPECT_EQ(test, -EINPROGRESS, control(a, UTRACE_STOP));
	WRITE_ONCE(t->task->signal->group_exec_task, current);
	tracee_do(t, return_to_user);
	/* But the thread that executes does. */
	WRITE_ONCE(t->task->signal->group_exec_task, t->task);
	stop(a);
	WRITE_ONCE(t->task->signal->group_exec_task, NULL);
	expect_stopped(t);
	resume(a);
}

static struct kunit_case utrace_stop_cases[] = {
	KUNIT_CASE(stops_on_the_way_to_user_mode),
	KUNIT_CASE(stop_is_taken_back_in_time),
	KUNIT_CASE(its_engine_ends_a_stop),
	KUNIT_CASE(no_other_engine_ends_a_stop),
	KUNIT_CASE(signal_ends_no_stop),
	KUNIT_CASE(each_engine_has_its_own_stop),
	KUNIT_CASE(stop_as_an_answer),
	KUNIT_CASE(no_action_takes_back_an_abort),
	KUNIT_CASE(answer_replaces_what_control_said),
	KUNIT_CASE(resume_as_an_answer_says_nothing),
	KUNIT_CASE(detached_engine_asks_for_nothing),
	KUNIT_CASE(stop_in_the_middle_of_a_report),
	KUNIT_CASE(stop_waits_where_there_can_be_none),
	KUNIT_CASE(death_in_a_stop_skips_the_call),
	KUNIT_CASE(death_before_a_stop_skips_the_call),
	KUNIT_CASE(does_not_stop_in_exit),
	KUNIT_CASE(dying_task_does_not_look),
	KUNIT_CASE(thread_that_exec_ends_does_not_stop),
	{}
};

static struct kunit_suite utrace_stop_suite = {
	.name = "utrace_stop",
	.test_cases = utrace_stop_cases,
};

kunit_test_suite(utrace_stop_suite);
