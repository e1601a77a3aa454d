// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the utrace core: the life of a task
 */

#include <linux/binfmts.h>
#include <linux/sched/task.h>

#include "helpers.h"

#define QUIESCE		UTRACE_EVENT(QUIESCE)
#define CLONE		UTRACE_EVENT(CLONE)
#define EXEC		UTRACE_EVENT(EXEC)
#define END		UTRACE_EVENT(EXIT)
#define DEATH		UTRACE_EVENT(DEATH)
#define REAP		UTRACE_EVENT(REAP)

/* What a tracee does that clones, and what comes of it. */
struct family {
	u64 flags;
	struct task_struct *child;
	bool child_has_run;
};

static u32 life_clone(u32 action, struct utrace_engine *engine,
		      u64 clone_flags, struct task_struct *child)
{
	struct probe *probe = engine->data;
	struct family *family = probe->tracee->priv;

	family->child = child;
	return probe_hear(engine, action, clone_flags, "clone");
}

static u32 life_exec(u32 action, struct utrace_engine *engine,
		     struct linux_binprm *bprm)
{
	return probe_hear(engine, action, (unsigned long)bprm, "exec");
}

static u32 life_exit(u32 action, struct utrace_engine *engine, long code)
{
	return probe_hear(engine, action, code, "end");
}

static u32 life_death(u32 action, struct utrace_engine *engine, bool group_dead)
{
	return probe_hear(engine, action, group_dead, "death");
}

static void life_reap(struct utrace_engine *engine)
{
	probe_hear(engine, 0, 0, "reap");
}

static u32 life_quiesce(u32 action, struct utrace_engine *engine)
{
	return probe_hear(engine, action, 0, "quiesce");
}

static const struct utrace_engine_ops life_ops = {
	SYSCALL_OPS,
	.report_quiesce = life_quiesce,
	.report_clone = life_clone,
	.report_exec = life_exec,
	.report_exit = life_exit,
	.report_death = life_death,
	.report_reap = life_reap,
};

static struct probe *attach(struct tracee *t, int nr, unsigned long events)
{
	return probe_attach(t, nr, &life_ops, events);
}

static void events_need_callbacks(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	EXPECT_NEEDS_CALLBACK(t, life_ops, report_clone, CLONE);
	EXPECT_NEEDS_CALLBACK(t, life_ops, report_exec, EXEC);
	EXPECT_NEEDS_CALLBACK(t, life_ops, report_exit, END);
	EXPECT_NEEDS_CALLBACK(t, life_ops, report_death, DEATH);
	EXPECT_NEEDS_CALLBACK(t, life_ops, report_reap, REAP);
}

static int child_main(void *data)
{
	struct family *family = data;

	WRITE_ONCE(family->child_has_run, true);
	do_exit(0);
}

static void clone(struct tracee *t)
{
	struct family *family = t->priv;
	struct kernel_clone_args args = {
		.flags = family->flags,
		.exit_signal = SIGCHLD,
		.fn = child_main,
		.fn_arg = family,
	};
	int status;
	pid_t pid;

	pid = kernel_clone(&args);
	return_to_user(t);
	kernel_wait(pid, &status);
}

static void clone_is_reported(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, CLONE);
	struct family family = { .flags = CLONE_FS | CLONE_FILES };

	t->priv = &family;
	tracee_do(t, clone);
	KUNIT_EXPECT_EQ(test, CLONE_FS | CLONE_FILES, a->arg);
	EXPECT_LOG(t, "a:clone");

	family.flags = CLONE_UNTRACED;
	tracee_do(t, clone);
	EXPECT_LOG(t, "");
}

static void hook_attach_to_child(struct probe *probe)
{
	struct family *family = probe->tracee->priv;

	msleep(20);
	probe->ret = READ_ONCE(family->child_has_run);
	probe_try_attach(probe->other, family->child, &life_ops,
			 END | DEATH | REAP);
}

static void child_has_not_run_at_clone(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, CLONE);
	struct family family = {};

	t->priv = &family;
	a->hook = hook_attach_to_child;
	a->other = &t->probe[1];
	tracee_do(t, clone);
	KUNIT_EXPECT_FALSE(test, a->ret);
	EXPECT_LOG(t, "a:clone b:end b:death b:reap");
}

static void stop_at_clone_lets_the_child_run(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, CLONE);
	struct family family = {};

	t->priv = &family;
	a->answer = UTRACE_STOP;
	tracee_go(t, clone);
	ASSERT_SOON(t, READ_ONCE(family.child_has_run));
	ASSERT_SOON(t, state_of(t) == 'I');
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_RESUME));
	tracee_await(t);
}

/* Task work can run in the middle of an exec, which holds cred_guard_mutex. */
static void execute(struct tracee *t)
{
	current->in_execve = 1;
	return_to_user(t);
	utrace_report_exec(t->priv);
	/* As for a tracer's stop. */
	return_to_user(t);
	current->in_execve = 0;
	utrace_allow_stop();
}

static void exec_is_reported(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct linux_binprm bprm = {};
	struct probe *a = attach(t, 0, EXEC);

	t->priv = &bprm;
	tracee_do(t, execute);
	KUNIT_EXPECT_EQ(test, (unsigned long)&bprm, a->arg);
	EXPECT_LOG(t, "a:exec");
}

static void quiesce_waits_for_the_end_of_an_exec(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, EXEC | QUIESCE);

	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_REPORT));
	tracee_do(t, execute);
	EXPECT_LOG(t, "a:exec");
	tracee_do(t, return_to_user);
	tracee_do(t, return_to_user);
	EXPECT_LOG(t, "a:quiesce");
}

static void exit_with_code(struct tracee *t)
{
	do_exit(0x1200);
}

static void hook_attach(struct probe *probe)
{
	probe_try_attach(probe->other, current, &life_ops, DEATH);
}

static void exiting_task_is_refused(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, END | DEATH);

	a->hook = hook_attach;
	a->other = &t->probe[1];
	tracee_pause(t, exit_with_code, a);
	KUNIT_EXPECT_EQ(test, 0x1200, a->arg);
	complete(&a->resume);
	/* That was the exit, this is the death. */
	KUNIT_ASSERT_NE(test, 0,
			wait_for_completion_timeout(&a->paused, 30 * HZ));
	KUNIT_EXPECT_EQ(test, -ESRCH, t->probe[1].ret);
	t->probe[1].ret = 0;
	complete(&a->resume);
	KUNIT_EXPECT_EQ(test, 0x1200, tracee_reap(t));
	KUNIT_EXPECT_EQ(test, -ESRCH, t->probe[1].ret);
	EXPECT_LOG(t, "a:end a:death");
}

/* As if the callback had crashed: that brings the task to do_exit() again. */
static void exit_twice(struct tracee *t)
{
	utrace_report_exit(0);
	do_exit(0);
}

static void exit_is_reported_once(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	attach(t, 0, END | DEATH);
	tracee_go(t, exit_twice);
	tracee_reap(t);
	EXPECT_LOG(t, "a:end a:death");
}

static int thread_main(void *data)
{
	struct tracee *t = data;

	wait_for_completion_killable(&t->go);
	do_exit(0);
}

/* Exit while another thread lives. */
static void leave_group(struct tracee *t)
{
	struct kernel_clone_args args = {
		.flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD |
			 CLONE_UNTRACED,
		.fn = thread_main,
		.fn_arg = t,
	};

	kernel_clone(&args);
	do_exit(0);
}

static void exiting_task_is_not_stopped(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, END | DEATH);
	struct probe *b = attach(t, 1, END | DEATH);

	a->answer = UTRACE_STOP;
	tracee_pause(t, leave_group, a);
	KUNIT_EXPECT_EQ(test, -EALREADY, control(b, UTRACE_STOP));
	KUNIT_EXPECT_EQ(test, -EALREADY, control(b, UTRACE_REPORT));
	a->pause = false;
	complete(&a->resume);
	ASSERT_SOON(t, READ_ONCE(t->task->exit_state));
	EXPECT_LOG(t, "a:end b:end a:death b:death");
	/* What has no meaning is not passed on. */
	KUNIT_EXPECT_EQ(test, UTRACE_RESUME, b->action);
	/* Another thread is left. */
	KUNIT_EXPECT_FALSE(test, b->arg);
}

static void detached_from_the_dead(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, DEATH | REAP);
	struct probe *b = attach(t, 1, DEATH | REAP);

	a->answer = UTRACE_DETACH;
	probe_put(a);
	tracee_exit(t);
	EXPECT_LOG(t, "a:death a:release b:death");
	KUNIT_EXPECT_EQ(test, 0, control(b, UTRACE_DETACH));
	tracee_reap(t);
	EXPECT_LOG(t, "");
}

static void too_late_to_choose_death(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, DEATH);
	struct probe *b = attach(t, 1, DEATH);
	struct probe *c = attach(t, 2, 0);

	tracee_pause(t, exit_with_code, a);
	/* It is no zombie yet, which others could reap. */
	KUNIT_EXPECT_EQ(test, 0, READ_ONCE(t->task->exit_state));
	KUNIT_EXPECT_EQ(test, -EALREADY, set_events(c, DEATH | REAP));
	KUNIT_EXPECT_EQ(test, 0, c->engine->events);
	/* Not for reaping it, nor for giving up. */
	KUNIT_EXPECT_EQ(test, 0, set_events(c, REAP));
	KUNIT_EXPECT_EQ(test, 0, set_events(b, 0));
	complete(&a->resume);
	tracee_reap(t);
	EXPECT_LOG(t, "a:death c:reap");
}

static void reap_is_the_end(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, REAP);

	probe_put(attach(t, 1, DEATH | REAP));
	probe_put(attach(t, 2, EXEC));
	tracee_exit(t);
	EXPECT_LOG(t, "b:death");
	tracee_reap(t);
	EXPECT_LOG(t, "a:reap b:reap b:release c:release");
	KUNIT_EXPECT_EQ(test, -ESRCH, set_events(a, 0));
	KUNIT_EXPECT_EQ(test, -ESRCH, control(a, UTRACE_DETACH));
}

static void hook_choose_reap(struct probe *probe)
{
	probe->ret = set_events(probe->other, REAP);
}

static void too_late_to_choose_reap(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, REAP);

	a->hook = hook_choose_reap;
	a->other = attach(t, 1, 0);
	tracee_exit(t);
	tracee_reap(t);
	KUNIT_EXPECT_EQ(test, -EALREADY, a->ret);
	EXPECT_LOG(t, "a:reap");
}

static void detached_while_it_is_reaped(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, REAP), *b = attach(t, 1, REAP);

	attach(t, 2, REAP);
	a->hook = hook_detach;
	a->other = b;
	tracee_exit(t);
	tracee_reap(t);
	KUNIT_EXPECT_EQ(test, 0, a->ret);
	EXPECT_LOG(t, "a:reap b:release c:reap");
}

static void hook_die(struct probe *probe)
{
	probe->hook = NULL;
	do_exit(SIGSEGV);
}

/* As with an oops: the callback never returns. */
static void death_in_a_callback(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0, ENTRY | DEATH | REAP);

	a->hook = hook_die;
	tracee_go(t, report_entry);
	tracee_reap(t);
	KUNIT_EXPECT_EQ(test, -ESRCH, utrace_barrier(a->engine));
	probe_put(a);
	EXPECT_LOG(t, "a:entry a:death a:reap a:release");
}

static struct kunit_case utrace_life_cases[] = {
	KUNIT_CASE(events_need_callbacks),
	KUNIT_CASE(clone_is_reported),
	KUNIT_CASE(child_has_not_run_at_clone),
	KUNIT_CASE(stop_at_clone_lets_the_child_run),
	KUNIT_CASE(exec_is_reported),
	KUNIT_CASE(quiesce_waits_for_the_end_of_an_exec),
	KUNIT_CASE(exiting_task_is_refused),
	KUNIT_CASE(exit_is_reported_once),
	KUNIT_CASE(exiting_task_is_not_stopped),
	KUNIT_CASE(detached_from_the_dead),
	KUNIT_CASE(too_late_to_choose_death),
	KUNIT_CASE(reap_is_the_end),
	KUNIT_CASE(too_late_to_choose_reap),
	KUNIT_CASE(detached_while_it_is_reaped),
	KUNIT_CASE(death_in_a_callback),
	{}
};

static struct kunit_suite utrace_life_suite = {
	.name = "utrace_life",
	.test_cases = utrace_life_cases,
};

kunit_test_suite(utrace_life_suite);
