// SPDX-License-Identifier: GPL-2.0
/*
 * utrace core: ptrace's engine
 *
 * It is part of struct utrace, so that attaching cannot fail. The tracer alone
 * chooses its events, while it keeps the task stopped.
 */

#include <linux/sched/task.h>
#include <linux/utrace_ptrace.h>

#include "internal.h"

/**
 * utrace_prepare_ptrace - allocate what utrace_attach_ptrace() needs
 * @task: task that the caller holds a reference to, or that is not visible yet
 *
 * What is allocated is kept for the task's life.
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int utrace_prepare_ptrace(struct task_struct *task)
{
	return utrace_of_task(task, GFP_KERNEL_ACCOUNT) ? 0 : -ENOMEM;
}

/**
 * utrace_attach_ptrace - attach ptrace's engine, which then wants nothing
 * @task: task that has a struct utrace
 * @ops: its callbacks, the same each time
 *
 * This cannot fail. If a callback is still running for a tracer that has been
 * detached, the engine keeps the place in the list that it had.
 *
 * Context: holds tasklist_lock for writing. The engine is not attached.
 */
void utrace_attach_ptrace(struct task_struct *task,
			  const struct utrace_engine_ops *ops)
{
	struct utrace *utrace = task->utrace;

	lockdep_assert_held_write(&tasklist_lock);

	guard(spinlock_irqsave)(&utrace->lock);
	/* Racy: a report for the last tracer may read it. It is what it was. */
	data_race(utrace->ptrace.ops = ops);
	utrace_link(&utrace->ptrace);
}

/**
 * utrace_detach_ptrace - detach ptrace's engine
 * @task: task that it is attached to
 *
 * A callback may be running still. ptrace's callbacks look, under siglock, whether
 * the engine still wants the event, and do not stop if it does not.
 *
 * Context: holds tasklist_lock for writing.
 */
void utrace_detach_ptrace(struct task_struct *task)
{
	struct utrace *utrace = task->utrace;

	lockdep_assert_held_write(&tasklist_lock);

	guard(spinlock_irqsave)(&utrace->lock);
	if (utrace_detach(&utrace->ptrace))
		utrace_engine_put(&utrace->ptrace);
}

/**
 * utrace_set_ptrace_events - choose the events of ptrace's engine
 * @task: tracee of current, stopped
 * @events: mask of UTRACE_EVENT() bits
 *
 * Most requests ask for the events that the one before did. Only the tracer
 * changes them, so it can compare them without &utrace.lock.
 *
 * Context: any. Does not sleep.
 */
void utrace_set_ptrace_events(struct task_struct *task, unsigned long events)
{
	struct utrace *utrace = task->utrace;

	if (READ_ONCE(utrace->ptrace.events) == events)
		return;

	guard(spinlock_irqsave)(&utrace->lock);
	WRITE_ONCE(utrace->ptrace.events, events);
	utrace_update_events(utrace);
}

/**
 * utrace_ptrace_events - what does ptrace's engine want?
 * @task: the task
 *
 * Context: any. The tracer may be changing it, unless it is the caller or the
 * task is stopped for it.
 * Return: mask of UTRACE_EVENT() bits, 0 if the task is not traced.
 */
unsigned long utrace_ptrace_events(const struct task_struct *task)
{
	const struct utrace *utrace = READ_ONCE(task->utrace);

	return utrace ? READ_ONCE(utrace->ptrace.events) : 0;
}
