// SPDX-License-Identifier: GPL-2.0
/*
 * utrace core: engines, and how they come to a task and go with it
 */

#include <kunit/static_stub.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "internal.h"

static void utrace_destroy(struct kref *kref)
{
	kfree(container_of(kref, struct utrace, kref));
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
	kref_put(&engine->utrace->kref, utrace_destroy);
	if (engine->watched)
		kfree_rcu(engine, rcu);
	else
		kfree(engine);
}

/* Get the task's struct utrace, making it first if there is none. */
static struct utrace *utrace_of_task(struct task_struct *task, gfp_t gfp)
{
	/* Pairs with the cmpxchg() below: see it initialised. */
	struct utrace *utrace = smp_load_acquire(&task->utrace);
	struct utrace *other;

	if (utrace)
		return utrace;

	utrace = kzalloc(sizeof(*utrace), gfp);
	if (!utrace)
		return NULL;
	spin_lock_init(&utrace->lock);
	kref_init(&utrace->kref);
	utrace->task = task;
	INIT_LIST_HEAD(&utrace->engines);
	init_task_work(&utrace->work, utrace_work);
	init_waitqueue_head(&utrace->wait);
	utrace->left_step = UTRACE_RESUME;
	utrace->held.utrace = utrace;
	utrace->held.step = UTRACE_RESUME;

	/*
	 * Whoever comes first wins; the full barrier pairs with the acquire
	 * above. Readers that do not come through here are ordered behind us
	 * by tasklist_lock, which engines are attached under, or are the task
	 * itself after it saw its utrace_flags set.
	 */
	other = cmpxchg(&task->utrace, NULL, utrace);
	if (!other)
		return utrace;
	kfree(utrace);
	return other;
}

/**
 * utrace_create_engine - make an engine for a task, not attached yet
 * @task: task that the caller holds a reference to
 * @ops: its callbacks
 * @data: its data
 * @gfp: how to allocate
 *
 * Context: may sleep if @gfp says so.
 * Return: the engine, with a reference for the caller; NULL if there is no
 * memory.
 */
struct utrace_engine *utrace_create_engine(struct task_struct *task,
					   const struct utrace_engine_ops *ops,
					   void *data, gfp_t gfp)
{
	struct utrace_engine *engine;
	struct utrace *utrace;

	KUNIT_STATIC_STUB_REDIRECT(utrace_create_engine, task, ops, data, gfp);

	utrace = utrace_of_task(task, gfp);
	if (!utrace)
		return NULL;
	engine = kzalloc(sizeof(*engine), gfp);
	if (!engine)
		return NULL;

	engine->ops = ops;
	engine->data = data;
	kref_init(&engine->kref);
	kref_get(&utrace->kref);
	engine->utrace = utrace;
	engine->step = UTRACE_RESUME;
	engine->overruled_at = READ_ONCE(utrace->report_nr) - 1;
	return engine;
}

static struct utrace_engine *utrace_match(struct utrace *utrace, int flags,
					  const struct utrace_engine_ops *ops,
					  const void *data)
{
	struct utrace_engine *engine;

	lockdep_assert_held(&utrace->lock);

	list_for_each_entry(engine, &utrace->engines, entry) {
		if (!engine->attached)
			continue;
		/* ptrace's is there, but is not to be found. */
		if ((flags & UTRACE_ATTACH_MATCH_MASK) &&
		    engine == &utrace->held)
			continue;
		if ((flags & UTRACE_ATTACH_MATCH_OPS) && engine->ops != ops)
			continue;
		if ((flags & UTRACE_ATTACH_MATCH_DATA) && engine->data != data)
			continue;
		return engine;
	}
	return NULL;
}

/* Let @engine, which is in the list or put there next, want @events. */
static __always_inline void begin_attachment(struct utrace_engine *engine,
					     unsigned long events)
{
	struct utrace *utrace = engine->utrace;

	lockdep_assert_held(&utrace->lock);

	WRITE_ONCE(engine->attached_at, READ_ONCE(utrace->report_nr));
	engine->attached = true;
	/* Pairs with utrace_announce(), which looks at attached_at behind it. */
	smp_store_release(&engine->flags, events);
	if (!engine->linked)
		utrace_link(engine);
	utrace_set_interest(utrace, utrace->task->utrace_flags | events);
}

/**
 * utrace_attach_engine - attach an engine that utrace_create_engine() made
 * @engine: the engine; the attachment gets a reference of its own
 * @flags: %UTRACE_ATTACH_EXCLUSIVE and what is to match, or 0
 * @events: mask of UTRACE_EVENT() bits; the engine has the callbacks
 *
 * The engine does not see the event in progress.
 *
 * Context: any. The caller holds tasklist_lock.
 * Return: 0, -ESRCH if the task is dead, or -EEXIST if another engine matches.
 */
int utrace_attach_engine(struct utrace_engine *engine, int flags,
			 unsigned long events)
{
	struct utrace *utrace = engine->utrace;
	unsigned long irq;
	int err = 0;

	spin_lock_irqsave(&utrace->lock, irq);
	/* Stable: the caller holds tasklist_lock, see utrace_release_task(). */
	if (!utrace->task || READ_ONCE(utrace->task->exit_state)) {
		err = -ESRCH;
	} else if ((flags & UTRACE_ATTACH_EXCLUSIVE) &&
		   utrace_match(utrace, flags, engine->ops, engine->data)) {
		err = -EEXIST;
	} else {
		utrace_engine_get(engine);
		begin_attachment(engine, events);
	}
	spin_unlock_irqrestore(&utrace->lock, irq);
	return err;
}

/* See utrace_prepare_task(). */
int __utrace_prepare_task(struct task_struct *task, gfp_t gfp)
{
	return utrace_of_task(task, GFP_KERNEL_ACCOUNT | gfp) ? 0 : -ENOMEM;
}

/**
 * utrace_attach_held - attach ptrace's engine
 * @task: task that utrace_prepare_task() has been called for
 * @ops: its callbacks, the same each time
 * @events: mask of UTRACE_EVENT() bits; the engine has the callbacks
 *
 * This cannot fail. The engine does not see the event in progress.
 *
 * A tracer may come while the task is still in a callback for one that has
 * gone. The resume action which that answers changes nothing: ptrace's engine
 * asks for nothing that way.
 *
 * Context: tasklist_lock held for writing, so interrupts are off. The task is
 * not dead, and the engine is not attached.
 */
void utrace_attach_held(struct task_struct *task,
			const struct utrace_engine_ops *ops,
			unsigned long events)
{
	struct utrace *utrace = READ_ONCE(task->utrace);
	struct utrace_engine *engine = &utrace->held;

	lockdep_assert_held_write(&tasklist_lock);

	spin_lock(&utrace->lock);
	/* The task may be looking at it, if it is in the list. */
	if (!engine->linked)
		engine->ops = ops;
	engine->renews = false;
	engine->resumed = false;
	begin_attachment(engine, events);
	spin_unlock(&utrace->lock);
}

/**
 * utrace_held_engine - ptrace's engine of a task
 * @task: task that it is attached to
 *
 * Context: any. The caller is the one who attaches and detaches it, or keeps
 * that from happening. So no reference is needed.
 * Return: the engine.
 */
struct utrace_engine *utrace_held_engine(struct task_struct *task)
{
	return &READ_ONCE(task->utrace)->held;
}

static struct utrace_engine *utrace_lookup(struct task_struct *task, int flags,
					   const struct utrace_engine_ops *ops,
					   const void *data)
{
	/* Pairs with the cmpxchg() in utrace_of_task(). */
	struct utrace *utrace = smp_load_acquire(&task->utrace);
	struct utrace_engine *engine;

	if (!utrace)
		return ERR_PTR(-ENOENT);

	spin_lock_irq(&utrace->lock);
	engine = utrace_match(utrace, flags, ops, data);
	if (engine)
		utrace_engine_get(engine);
	spin_unlock_irq(&utrace->lock);
	return engine ?: ERR_PTR(-ENOENT);
}

/**
 * utrace_attach_task - attach an engine to a task, or look one up
 * @task: the task; the caller holds a reference or is the task
 * @flags: UTRACE_ATTACH_* flags
 * @ops: callbacks of the new engine, or to match
 * @data: data of the new engine, or to match
 *
 * Without %UTRACE_ATTACH_CREATE, finds the first engine that matches in all of
 * %UTRACE_ATTACH_MATCH_OPS and %UTRACE_ATTACH_MATCH_DATA that are in @flags.
 * With it, attaches a new one; if %UTRACE_ATTACH_EXCLUSIVE is there too, only
 * if no engine matches (with no MATCH flag: only if there is no engine). ptrace's
 * engine counts as one, but matches nothing.
 *
 * A new engine wants no events until utrace_set_events(), and does not see the
 * event that the task is just reporting.
 *
 * Context: may sleep. Takes tasklist_lock for reading.
 * Return: the engine, with a reference for the caller, or
 *
 * * -EINVAL: @flags or @ops make no sense
 * * -ENOENT: no engine matches (look-up)
 * * -EEXIST: an engine matches (%UTRACE_ATTACH_EXCLUSIVE)
 * * -EPERM: @task is a kernel thread, or a worker that the kernel has made for
 *   a user's
 * * -ESRCH: @task is dead
 * * -ENOMEM: no memory
 *
 * On failure &utrace_engine_ops.release is not called.
 */
struct utrace_engine *utrace_attach_task(struct task_struct *task, int flags,
					 const struct utrace_engine_ops *ops,
					 void *data)
{
	struct utrace_engine *engine;
	int err;

	if (flags & ~(UTRACE_ATTACH_MATCH_OPS | UTRACE_ATTACH_MATCH_DATA |
		      UTRACE_ATTACH_CREATE | UTRACE_ATTACH_EXCLUSIVE))
		return ERR_PTR(-EINVAL);
	if ((flags & (UTRACE_ATTACH_CREATE | UTRACE_ATTACH_MATCH_OPS)) && !ops)
		return ERR_PTR(-EINVAL);

	if (!(flags & UTRACE_ATTACH_CREATE)) {
		if (!(flags & UTRACE_ATTACH_MATCH_MASK))
			return ERR_PTR(-EINVAL);
		return utrace_lookup(task, flags, ops, data);
	}

	/* A worker never returns to user mode, and may hold locks of others. */
	if (task->flags & (PF_KTHREAD | PF_USER_WORKER))
		return ERR_PTR(-EPERM);
	engine = utrace_create_engine(task, ops, data, GFP_KERNEL_ACCOUNT);
	if (!engine)
		return ERR_PTR(-ENOMEM);

	scoped_guard(read_lock, &tasklist_lock)
		err = utrace_attach_engine(engine, flags, 0);
	if (!err)
		return engine;

	kref_put(&engine->utrace->kref, utrace_destroy);
	kfree(engine);
	return ERR_PTR(err);
}

/**
 * utrace_attach_pid - attach an engine to a task, or look one up
 * @pid: the task's pid
 * @flags: UTRACE_ATTACH_* flags
 * @ops: callbacks of the new engine, or to match
 * @data: data of the new engine, or to match
 *
 * Context: may sleep.
 * Return: as utrace_attach_task(); -ESRCH also if @pid is nobody's.
 */
struct utrace_engine *utrace_attach_pid(struct pid *pid, int flags,
					const struct utrace_engine_ops *ops,
					void *data)
{
	struct task_struct *task = get_pid_task(pid, PIDTYPE_PID);
	struct utrace_engine *engine;

	if (!task)
		return ERR_PTR(-ESRCH);
	engine = utrace_attach_task(task, flags, ops, data);
	put_task_struct(task);
	return engine;
}

/*
 * Tell the engines that their task is being reaped, if they want to know, and
 * detach them. Nobody can attach any more.
 */
static void utrace_detach_all(struct utrace *utrace, struct task_struct *task)
{
	struct utrace_engine *engine;
	unsigned long flags;
	bool put;

	spin_lock_irqsave(&utrace->lock, flags);
	/* ptrace's engine does not want to hear of it, and is detached. */
	utrace_unlink(&utrace->held);
	while ((engine = list_first_entry_or_null(&utrace->engines,
						  struct utrace_engine,
						  entry))) {
		if (utrace->reaping && engine->flags & UTRACE_EVENT(REAP)) {
			utrace->reporting = engine;
			spin_unlock_irqrestore(&utrace->lock, flags);
			engine->ops->report_reap(engine, task);
			spin_lock_irqsave(&utrace->lock, flags);
		}
		utrace->reporting = NULL;
		utrace_wake(utrace);
		if (engine->attached)
			put = utrace_detach(engine);
		else
			put = utrace_unlink(engine);
		spin_unlock_irqrestore(&utrace->lock, flags);
		if (put)
			utrace_engine_put(engine);
		spin_lock_irqsave(&utrace->lock, flags);
	}
	WRITE_ONCE(utrace->task, NULL);
	spin_unlock_irqrestore(&utrace->lock, flags);
}

/* Is there no engine, but for ptrace's, which has been detached? */
static bool utrace_is_left_alone(const struct utrace *utrace)
{
	lockdep_assert_held(&utrace->lock);

	return list_empty(&utrace->engines) ||
	       (list_is_singular(&utrace->engines) && utrace->held.linked &&
		!utrace->held.attached);
}

/*
 * A parent may release a task as soon as it is a zombie, and a task that nobody
 * waits for releases itself: both before it has told its engines of its death.
 * Then it tells them of both. If it has an engine, it does come to that, as the
 * engine was attached before its exit_state was set.
 */
void __utrace_release_task(struct task_struct *task)
{
	/* Pairs with the cmpxchg() in utrace_of_task(). */
	struct utrace *utrace = smp_load_acquire(&task->utrace);
	bool now;

	/* Nobody was there to be told when it died. */
	if (!READ_ONCE(utrace->task))
		return;

	scoped_guard(spinlock_irq, &utrace->lock) {
		utrace->released = true;
		now = utrace->death_over || list_empty(&utrace->engines);
		utrace->reaping = now;
	}
	if (now)
		utrace_detach_all(utrace, task);
}

static noinline void report_death(bool group_dead)
{
	struct utrace_report report = { .event = UTRACE_EVENT(DEATH) };
	struct utrace_engine *engine;
	u32 answer;

	utrace_for_each_engine(engine, &report, answer) {
		answer = engine->ops->report_death(report.action, engine,
						   group_dead);
		/* There is nothing left to stop. */
		if (utrace_resume_action(answer) != UTRACE_DETACH)
			answer = UTRACE_RESUME;
	}
}

void __utrace_report_death(bool group_dead)
{
	/* Pairs with the cmpxchg() in utrace_of_task(). */
	struct utrace *utrace = smp_load_acquire(&current->utrace);
	bool reap;

	spin_lock_irq(&utrace->lock);
	/* From here on it is settled who wants to hear of it. */
	utrace->dead = true;
	/* Still set if the task died of an oops in a callback. */
	utrace->reporting = NULL;
	utrace_wake(utrace);
	/* Nobody can attach any more. */
	if (utrace_is_left_alone(utrace))
		WRITE_ONCE(utrace->task, NULL);
	if (utrace_wants(current, UTRACE_EVENT(DEATH))) {
		spin_unlock_irq(&utrace->lock);
		report_death(group_dead);
		spin_lock_irq(&utrace->lock);
	}
	utrace->death_over = true;
	reap = utrace->released;
	utrace->reaping = reap;
	spin_unlock_irq(&utrace->lock);
	if (reap)
		utrace_detach_all(utrace, current);
}

void __utrace_free_task(struct task_struct *task)
{
	struct utrace *utrace = task->utrace;

	/* Of a fork that failed, or made when the task was dead. */
	if (utrace->task)
		utrace_detach_all(utrace, task);
	kref_put(&utrace->kref, utrace_destroy);
}
