// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the utrace core: what they share
 */

#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/task_work.h>

#include "helpers.h"

const struct utrace_engine_ops syscall_ops = { SYSCALL_OPS };

static int tracee_main(void *data)
{
	struct tracee *t = data;

	/* Kernel threads ignore all signals, and a child inherits that. */
	scoped_guard(spinlock_irq, &current->sighand->siglock)
		flush_signal_handlers(current, 1);
	t->task = get_task_struct(current);
	complete(&t->ready);

	while (!wait_for_completion_killable(&t->go)) {
		t->todo(t);
		complete(&t->done);
	}
	do_exit(0);
}

/*
 * Detaches the engines that are left, kills the tracee and frees it. Runs in
 * the thread of the test, whose child the tracee is, or after a failed
 * assertion in one that clears up after it, while init inherits the tracee.
 */
static void tracee_destroy(void *data)
{
	struct tracee *t = data;
	struct probe *probe;
	int status;

	for (probe = t->probe; probe < t->probe + NR_PROBES; probe++) {
		if (!probe->engine)
			continue;
		control(probe, UTRACE_DETACH);
		probe_put(probe);
		/* SIGKILL does not wake one that pauses at its death. */
		probe->pause = false;
		complete_all(&probe->resume);
	}
	do_send_sig_info(SIGKILL, SEND_SIG_PRIV, t->task, PIDTYPE_TGID);
	kernel_wait(t->pid, &status);
	while (!READ_ONCE(t->task->exit_state))
		fsleep(1000);
	put_task_struct(t->task);
	kfree(t);
}

struct tracee *tracee_start(struct kunit *test)
{
	struct tracee *t = kzalloc(sizeof(*t), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->test = test;
	init_completion(&t->ready);
	init_completion(&t->go);
	init_completion(&t->done);
	for (i = 0; i < NR_PROBES; i++) {
		t->probe[i].tracee = t;
		t->probe[i].name = 'a' + i;
		init_completion(&t->probe[i].paused);
		init_completion(&t->probe[i].resume);
	}

	/* Do not ignore it: the tracee is to be a zombie until tracee_reap(). */
	kernel_sigaction(SIGCHLD, SIG_DFL);
	t->pid = user_mode_thread(tracee_main, t,
				  CLONE_FS | CLONE_FILES | SIGCHLD);
	if (t->pid < 0) {
		kfree(t);
		KUNIT_FAIL_AND_ABORT(test, "no tracee");
	}
	wait_for_completion(&t->ready);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, tracee_destroy, t));
	return t;
}

void tracee_end(struct tracee *t)
{
	if (t)
		kunit_release_action(t->test, tracee_destroy, t);
}

static void await(struct tracee *t, struct completion *completion)
{
	KUNIT_ASSERT_NE_MSG(t->test, 0,
			    wait_for_completion_timeout(completion, 30 * HZ),
			    "the tracee hangs");
}

/* Give the tracee something to do. It has done what it was given before. */
void tracee_go(struct tracee *t, void (*todo)(struct tracee *t))
{
	t->todo = todo;
	complete(&t->go);
}

void tracee_await(struct tracee *t)
{
	await(t, &t->done);
}

void tracee_do(struct tracee *t, void (*todo)(struct tracee *t))
{
	tracee_go(t, todo);
	tracee_await(t);
}

/* Give the tracee something to do, and wait until a callback of @probe runs. */
void tracee_pause(struct tracee *t, void (*todo)(struct tracee *t),
		  struct probe *probe)
{
	probe->pause = true;
	tracee_go(t, todo);
	await(t, &probe->paused);
}

void tracee_unpause(struct tracee *t, struct probe *probe)
{
	probe->pause = false;
	complete(&probe->resume);
	tracee_await(t);
}

/* Let the tracee make a system call. Does an engine skip it? */
bool tracee_skips(struct tracee *t)
{
	tracee_do(t, report_entry);
	return t->ret;
}

static void exit_now(struct tracee *t)
{
	do_exit(0);
}

/* Let the tracee become a zombie. */
void tracee_exit(struct tracee *t)
{
	tracee_go(t, exit_now);
	ASSERT_SOON(t, READ_ONCE(t->task->exit_state) == EXIT_ZOMBIE);
}

/* Release the tracee, which exits. Returns what wait() gives. */
int tracee_reap(struct tracee *t)
{
	int status = -1;

	ASSERT_SOON(t, READ_ONCE(t->task->exit_state));
	KUNIT_EXPECT_EQ(t->test, t->pid, kernel_wait(t->pid, &status));
	return status;
}

void report_entry(struct tracee *t)
{
	t->ret = utrace_report_syscall_entry(&t->regs);
}

void report_exit(struct tracee *t)
{
	utrace_report_syscall_exit(&t->regs, t->step);
}

/* All that a task does for us on its way to user mode. */
void return_to_user(struct tracee *t)
{
	clear_notify_signal();
	clear_thread_flag(TIF_NOTIFY_RESUME);
	task_work_run();
}

void do_nothing(struct tracee *t)
{
}

static void note(struct probe *probe, const char *what)
{
	char *log = probe->tracee->log;
	size_t len = strlen(log);

	snprintf(log + len, sizeof(probe->tracee->log) - len, "%s%c:%s",
		 len ? " " : "", probe->name, what);
}

/* What all callbacks do. */
u32 probe_hear(struct utrace_engine *engine, u32 action, unsigned long arg,
	       const char *what)
{
	struct probe *probe = engine->data;

	note(probe, what);
	probe->action = action;
	probe->arg = arg;
	if (probe->pause) {
		complete(&probe->paused);
		wait_for_completion_killable(&probe->resume);
	}
	if (probe->hook)
		probe->hook(probe);
	return probe->answer;
}

u32 probe_entry(u32 action, struct utrace_engine *engine, struct pt_regs *regs)
{
	return probe_hear(engine, action, (unsigned long)regs, "entry");
}

u32 probe_exit(u32 action, struct utrace_engine *engine, struct pt_regs *regs)
{
	return probe_hear(engine, action, (unsigned long)regs, "exit");
}

void probe_release(void *data)
{
	note(data, "release");
}

/* Attach an engine. What comes of it is in @probe->ret. */
void probe_try_attach(struct probe *probe, struct task_struct *task,
		      const struct utrace_engine_ops *ops, unsigned long events)
{
	struct utrace_engine *engine = utrace_attach_task(task, ops, probe);

	if (IS_ERR(engine)) {
		probe->ret = PTR_ERR(engine);
		return;
	}
	probe->engine = engine;
	probe->ret = utrace_set_events(engine, events);
}

/* Attach an engine to the tracee, as number @nr in &tracee.probe. */
struct probe *probe_attach(struct tracee *t, int nr,
			   const struct utrace_engine_ops *ops,
			   unsigned long events)
{
	struct probe *probe = &t->probe[nr];

	probe_try_attach(probe, t->task, ops, events);
	KUNIT_ASSERT_EQ(t->test, 0, probe->ret);
	return probe;
}

/* Drop the reference that the test has. */
void probe_put(struct probe *probe)
{
	struct utrace_engine *engine = probe->engine;

	probe->engine = NULL;
	utrace_engine_put(engine);
}

/* See EXPECT_NEEDS_CALLBACK(). */
void expect_needs_callback(struct tracee *t,
			   const struct utrace_engine_ops *ops,
			   size_t callback, unsigned long events)
{
	struct utrace_engine_ops without = *ops;
	struct utrace_engine *engine;

	memset((void *)&without + callback, 0, sizeof(void *));
	without.release = NULL;
	engine = utrace_attach_task(t->task, &without, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(t->test, engine);
	KUNIT_EXPECT_EQ_MSG(t->test, -EINVAL, utrace_set_events(engine, events),
			    "events %#lx", events);
	KUNIT_EXPECT_EQ_MSG(t->test, 0, engine->events, "events %#lx", events);
	utrace_control(engine, UTRACE_DETACH);
	utrace_engine_put(engine);
}

/* Also drops the reference that the test has. */
void hook_detach(struct probe *probe)
{
	probe->ret = control(probe->other, UTRACE_DETACH);
	probe_put(probe->other);
}

void hook_set_events(struct probe *probe)
{
	probe->ret = set_events(probe->other, probe->events);
}
