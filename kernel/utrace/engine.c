// SPDX-License-Identifier: GPL-2.0
/*
 * utrace core: engines are allocated, attached and detached
 */

#include <linux/cred.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/thread_info.h>
#include <linux/utrace_ptrace.h>

#include "internal.h"

/**
 * utrace_alloc - allocate what holds the engines of a task
 * @task: the task, which does not have it yet
 * @gfp: how to allocate it
 *
 * Context: may sleep if @gfp says so.
 * Return: what utrace_publish() takes, or kfree(); NULL if there is no memory.
 */
struct utrace *utrace_alloc(struct task_struct *task, gfp_t gfp)
{
	struct utrace *utrace = kzalloc(sizeof(*utrace), gfp);

	if (!utrace)
		return NULL;
	spin_lock_init(&utrace->lock);
	utrace->task = task;
	INIT_LIST_HEAD(&utrace->engines);
	init_task_work(&utrace->work, utrace_quiesce_work);
	init_waitqueue_head(&utrace->wait);
	utrace->ptrace.task = task;
	INIT_LIST_HEAD(&utrace->ptrace.entry);
	kref_init(&utrace->ptrace.kref);
	return utrace;
}

/**
 * utrace_publish - give a task what holds its engines
 * @utrace: what utrace_alloc() has returned; freed if another one came first
 *
 * Context: any.
 * Return: what the task has now.
 */
struct utrace *utrace_publish(struct utrace *utrace)
{
	struct utrace *other;

	/*
	 * Publishes what has been initialised. If it fails it writes nothing:
	 * no race with those who know that there is one, and just read it.
	 */
	other = data_race(cmpxchg(&utrace->task->utrace, NULL, utrace));
	if (!other)
		return utrace;
	kfree(utrace);
	return other;
}

/**
 * utrace_of_task - get the engines of a task
 * @task: task that the caller holds a reference to, or that is not visible yet
 * @gfp: how to allocate what holds them, if the task never had an engine
 *
 * Context: may sleep if @gfp says so.
 * Return: the engines, or NULL if there is no memory.
 */
struct utrace *utrace_of_task(struct task_struct *task, gfp_t gfp)
{
	/* Pairs with the cmpxchg() in utrace_publish(): it is initialised. */
	struct utrace *utrace = READ_ONCE(task->utrace);

	if (utrace)
		return utrace;
	utrace = utrace_alloc(task, gfp);
	return utrace ? utrace_publish(utrace) : NULL;
}

/**
 * utrace_update_events - find out what the engines of a task want
 * @utrace: the engines, of which one has changed its mind
 *
 * Keeps the flag of the entry code equal to what the engines want. The task
 * reads that without the lock, see &utrace.events.
 *
 * Context: holds &utrace.lock.
 */
void utrace_update_events(struct utrace *utrace)
{
	struct utrace_engine *engine;
	unsigned long events = 0;
	unsigned long changed;

	lockdep_assert_held(&utrace->lock);

	list_for_each_entry(engine, &utrace->engines, entry)
		events |= engine->events;
	changed = events ^ utrace->events;
	WRITE_ONCE(utrace->events, events);

	if (!(changed & UTRACE_EVENT_SYSCALL))
		return;
	if (events & UTRACE_EVENT_SYSCALL)
		set_task_syscall_work(utrace->task, SYSCALL_TRACE);
	else
		clear_task_syscall_work(utrace->task, SYSCALL_TRACE);
}

/**
 * utrace_link - attach an engine that is not attached, and wants nothing yet
 * @engine: the engine; the attachment gets a reference of its own
 *
 * Context: holds &utrace.lock.
 */
void utrace_link(struct utrace_engine *engine)
{
	struct utrace *utrace = engine->task->utrace;

	lockdep_assert_held(&utrace->lock);

	engine->number = ++utrace->attachments;
	engine->attached = true;
	/* ptrace's may still be in the list: see utrace_attach_ptrace(). */
	if (list_empty(&engine->entry)) {
		utrace_engine_get(engine);
		list_add_tail(&engine->entry, &utrace->engines);
	}
}

/**
 * utrace_unlink - take an engine off the list, if nothing keeps it there
 * @engine: engine in the list
 *
 * Context: holds &utrace.lock.
 * Return: true if the caller has to drop the reference of the attachment, once
 * it has dropped the lock.
 */
bool utrace_unlink(struct utrace_engine *engine)
{
	lockdep_assert_held(&engine->task->utrace->lock);

	if (engine->attached || engine->calling)
		return false;
	list_del_init(&engine->entry);
	return true;
}

/**
 * utrace_detach - detach an engine
 * @engine: engine that is attached
 *
 * Context: holds &utrace.lock.
 * Return: as utrace_unlink(). If a callback of the engine is running, the task
 * takes it off the list when that returns.
 */
bool utrace_detach(struct utrace_engine *engine)
{
	struct utrace *utrace = engine->task->utrace;

	lockdep_assert_held(&utrace->lock);

	engine->attached = false;
	engine->stop = false;
	WRITE_ONCE(engine->events, 0);
	utrace_update_events(utrace);
	utrace_wake(utrace);
	return utrace_unlink(engine);
}

/**
 * utrace_create - make an engine for a task, not attached yet
 * @task: task that the caller holds a reference to, or current
 * @ops: its callbacks
 * @data: its data
 *
 * Context: may sleep.
 * Return: the engine, with a reference for the caller, or an error as
 * utrace_attach_task() gives it.
 */
struct utrace_engine *utrace_create(struct task_struct *task,
				    const struct utrace_engine_ops *ops,
				    void *data)
{
	struct utrace_engine *engine;

	/*
	 * An io worker never returns to user mode, and may hold locks. Racy: the
	 * task changes its flags at any moment, but not these.
	 */
	if (data_race(task->flags) & (PF_KTHREAD | PF_USER_WORKER))
		return ERR_PTR(-EPERM);
	if (!utrace_of_task(task, GFP_KERNEL_ACCOUNT))
		return ERR_PTR(-ENOMEM);
	engine = kzalloc(sizeof(*engine), GFP_KERNEL_ACCOUNT);
	if (!engine)
		return ERR_PTR(-ENOMEM);

	engine->ops = ops;
	engine->data = data;
	engine->task = get_task_struct(task);
	INIT_LIST_HEAD(&engine->entry);
	kref_init(&engine->kref);
	return engine;
}

/**
 * utrace_discard - free an engine that was never attached
 * @engine: what utrace_create() has returned
 *
 * Context: any.
 */
void utrace_discard(struct utrace_engine *engine)
{
	put_cred(engine->cred);
	put_task_struct(engine->task);
	kfree(engine);
}

/**
 * utrace_engine_release - free an engine that nobody refers to any more
 * @kref: &utrace_engine.kref
 *
 * Context: that of the last utrace_engine_put().
 */
void utrace_engine_release(struct kref *kref)
{
	struct utrace_engine *engine =
		container_of(kref, struct utrace_engine, kref);

	if (engine->ops->release)
		engine->ops->release(engine->data);
	utrace_discard(engine);
}

/**
 * utrace_attach_created - attach an engine that utrace_create() has made
 * @engine: the engine; freed if this fails
 *
 * Context: may sleep.
 * Return: 0, or -ESRCH if the task is exiting.
 */
int utrace_attach_created(struct utrace_engine *engine)
{
	struct task_struct *task = engine->task;
	struct utrace *utrace = task->utrace;

	scoped_guard(spinlock_irq, &utrace->lock) {
		/*
		 * utrace_report_death() sets the state only if it finds that
		 * the task has a struct utrace, and may have missed one that was
		 * allocated just now. This barrier orders the publication of
		 * task_struct::utrace before the load of PF_EXITING. It pairs
		 * with the full barrier that do_exit() has between setting
		 * PF_EXITING and utrace_report_death(),
		 * atomic_dec_and_test(&signal->live): either we see the flag, or
		 * the task sees its struct utrace, and takes the lock.
		 */
		smp_mb();
		if (utrace->state == UTRACE_ALIVE &&
		    /* Racy: the task itself sets PF_EXITING, at any moment. */
		    !(data_race(task->flags) & PF_EXITING)) {
			utrace_link(engine);
			return 0;
		}
	}
	utrace_discard(engine);
	return -ESRCH;
}

/**
 * utrace_attach_task - attach an engine to a task
 * @task: the task; the caller holds a reference or is the task
 * @ops: callbacks of the engine
 * @data: data of the engine
 *
 * The engine wants no events until utrace_set_events(), and does not see the
 * event that the task is just reporting.
 *
 * This checks nothing: whoever calls it has to know that it may trace the task.
 * utrace_attach_checked() asks whether current may.
 *
 * Context: may sleep.
 * Return: the engine, with a reference for the caller, or
 *
 * * -EPERM: @task is a kernel thread, or one that works for a user task in the
 *   kernel
 * * -ESRCH: @task is exiting
 * * -ENOMEM: no memory
 *
 * On failure &utrace_engine_ops.release is not called.
 */
struct utrace_engine *utrace_attach_task(struct task_struct *task,
					 const struct utrace_engine_ops *ops,
					 void *data)
{
	struct utrace_engine *engine = utrace_create(task, ops, data);
	int err;

	if (IS_ERR(engine))
		return engine;
	err = utrace_attach_created(engine);
	return err ? ERR_PTR(err) : engine;
}

/*
 * See utrace_free_task(). No engine is attached: each would hold the task, but for
 * ptrace's, which was detached when the task was released.
 */
void __utrace_free_task(struct task_struct *task)
{
	kfree(task->utrace);
}
