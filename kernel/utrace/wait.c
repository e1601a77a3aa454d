// SPDX-License-Identifier: GPL-2.0
/*
 * utrace core: waiting for the task: barrier and examination
 */

#include <linux/sched/task_stack.h>

#include "internal.h"

/*
 * Have the callbacks returned that were running when &utrace_engine.idle was
 * @idle? It counts how often &utrace_engine.calling has fallen to 0. Another
 * callback may run by now, unless @engine is detached. Also sets @attached, under
 * the same lock.
 */
static bool callbacks_are_done(struct utrace_engine *engine, unsigned int idle,
			       bool *attached)
{
	guard(spinlock_irq)(&engine->task->utrace->lock);
	*attached = engine->attached;
	/* None begins once it is detached, but the one that runs has to end. */
	return !engine->calling || (engine->attached && engine->idle != idle) ||
	       engine->task == current;
}

/**
 * utrace_barrier - wait until no callback of an engine is running
 * @engine: engine that the caller has a reference to, attached or detached
 *
 * Called from a callback of the engine itself, this does not wait.
 *
 * Context: may sleep. Not from report_reap() of the engine.
 * Return: 0, or
 *
 * * -ESRCH: the engine is detached, no callback of it runs or will be called,
 *   but for the one that calls this
 * * -ERESTARTSYS: a signal came first
 *
 * Unless interrupted, every callback of the engine that was running has
 * returned, and what it answered is in force.
 */
int utrace_barrier(struct utrace_engine *engine)
{
	struct utrace *utrace = engine->task->utrace;
	unsigned int idle;
	bool attached;

	scoped_guard(spinlock_irq, &utrace->lock)
		idle = engine->idle;
	/* utrace_end_call() wakes us. */
	if (wait_event_interruptible(utrace->wait,
				     callbacks_are_done(engine, idle, &attached)))
		return -ERESTARTSYS;
	return attached ? 0 : -ESRCH;
}

/* 0 if @engine keeps its task stopped. */
static int check_stopped(struct utrace_engine *engine)
{
	struct utrace *utrace = engine->task->utrace;

	lockdep_assert_held(&utrace->lock);

	if (!engine->attached)
		return -ESRCH;
	if (!engine->stop)
		return -EINVAL;
	return utrace->stopped ? 0 : -EAGAIN;
}

/* Wait until the task is off its CPU; 0 if it does not sleep in its stop. */
static unsigned long wait_off_cpu(struct utrace_engine *engine)
{
	return wait_task_inactive(engine->task, TASK_WAKEKILL | TASK_FROZEN);
}

/**
 * utrace_prepare_examine - begin to look at a stopped task
 * @engine: engine that stops it, which the caller has a reference to
 * @examiner: to be given to utrace_finish_examine()
 *
 * Waits until the task is off its CPU, so that its registers and its thread
 * structure can be read. Its kernel stack is held until utrace_finish_examine(),
 * which has to follow. But SIGKILL may set the task going any moment: what has
 * been read is good only if utrace_finish_examine() returns 0.
 *
 * Context: may sleep. Not from a callback of the task itself.
 * Return: 0, or
 *
 * * -EINVAL: the engine does not stop the task
 * * -ESRCH: the engine is not attached
 * * -EAGAIN: the task has not stopped yet, or is being killed
 */
int utrace_prepare_examine(struct utrace_engine *engine,
			   struct utrace_examiner *examiner)
{
	int err;

	scoped_guard(spinlock_irq, &engine->task->utrace->lock) {
		err = check_stopped(engine);
		/* It is stopped, so it has a stack: hold that. */
		if (!err && !try_get_task_stack(engine->task))
			err = -EAGAIN;
	}
	if (err)
		return err;
	examiner->switches = wait_off_cpu(engine);
	if (examiner->switches)
		return 0;
	put_task_stack(engine->task);
	return -EAGAIN;
}

/**
 * utrace_finish_examine - check that the task was stopped all the time
 * @engine: as for utrace_prepare_examine(), which has returned 0
 * @examiner: what utrace_prepare_examine() has filled in
 *
 * Context: may sleep. Not from a callback of the task itself.
 * Return: 0, or
 *
 * * -EINVAL: the engine does not stop the task any more
 * * -ESRCH: the engine is not attached any more
 * * -EAGAIN: the task has run meanwhile
 *
 * If it is not 0, throw away what was read.
 */
int utrace_finish_examine(struct utrace_engine *engine,
			  struct utrace_examiner *examiner)
{
	int err;

	scoped_guard(spinlock_irq, &engine->task->utrace->lock)
		err = check_stopped(engine);
	if (!err && wait_off_cpu(engine) != examiner->switches)
		err = -EAGAIN;
	put_task_stack(engine->task);
	return err;
}
