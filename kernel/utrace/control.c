// SPDX-License-Identifier: GPL-2.0
/*
 * utrace core: what an engine wants of its task
 */

#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "internal.h"

/* Find out what the engines want, now that one of them has changed its mind. */
void utrace_update_interest(struct utrace *utrace)
{
	struct utrace_engine *engine;
	unsigned long events = 0;

	lockdep_assert_held(&utrace->lock);

	/* So that a trap by stepping does not go to the task. */
	if (utrace->armed)
		events |= UTRACE_EVENT(SIGNAL);
	list_for_each_entry(engine, &utrace->engines, entry) {
		events |= engine->flags;
		if (engine->step != UTRACE_RESUME)
			events |= UTRACE_EVENT(SIGNAL);
	}
	utrace_set_interest(utrace, events);
}

void utrace_set_stop(struct utrace_engine *engine, bool stop)
{
	struct utrace *utrace = engine->utrace;

	lockdep_assert_held(&utrace->lock);

	if (engine->stop == stop)
		return;
	engine->stop = stop;

	/* Pairs with the lockless look in utrace_stop(). */
	WRITE_ONCE(utrace->nr_stops, utrace->nr_stops + (stop ? 1 : -1));
	if (!utrace->nr_stops)
		wake_up_all(&utrace->wait);
}

void utrace_set_step(struct utrace_engine *engine,
		     enum utrace_resume_action step)
{
	lockdep_assert_held(&engine->utrace->lock);

	engine->renews = true;
	if (engine->step == step)
		return;
	WRITE_ONCE(engine->step, step);
	WRITE_ONCE(engine->utrace->step_changed, true);
	utrace_update_interest(engine->utrace);
}

/* Put @engine at the end of the list, complete for whoever finds it there. */
void utrace_link(struct utrace_engine *engine)
{
	struct list_head *head = &engine->utrace->engines;
	struct list_head *prev = head->prev;

	lockdep_assert_held(&engine->utrace->lock);

	engine->linked = true;
	engine->entry.next = head;
	engine->entry.prev = prev;
	/* Pairs with utrace_announce() going forward. */
	smp_store_release(&prev->next, &engine->entry);
	/* Pairs with utrace_announce() going backward. */
	smp_store_release(&head->prev, &engine->entry);
}

/*
 * Take @engine off the list, but let it point there still, in case the task is
 * just looking at it. Returns true if that was not done before: then the caller
 * has to drop the reference that the attachment held.
 */
bool utrace_unlink(struct utrace_engine *engine)
{
	lockdep_assert_held(&engine->utrace->lock);

	if (!engine->linked)
		return false;
	engine->linked = false;
	WRITE_ONCE(engine->entry.prev->next, engine->entry.next);
	WRITE_ONCE(engine->entry.next->prev, engine->entry.prev);
	/*
	 * Pairs with utrace_begin_report(): if the task is not in a report, it
	 * will not find the engine in the next. What it takes off the list
	 * itself it has done with.
	 */
	smp_mb();
	engine->watched = READ_ONCE(engine->utrace->reporting) &&
			  engine->utrace->task != current;
	return true;
}

/*
 * May the callback of @engine be running? If not, it will not be called for
 * anything that the caller has taken away from it before.
 */
static bool utrace_is_announced(struct utrace_engine *engine)
{
	/* Pairs with utrace_announce(): see walk.h. */
	smp_mb();
	/* Pairs with utrace_announce(), too: what the callback did is done. */
	return smp_load_acquire(&engine->utrace->reporting) == engine;
}

/*
 * From here on @engine wants nothing, and its step is not its own any more. The
 * caller sees to the task's interest.
 */
static void end_attachment(struct utrace_engine *engine)
{
	engine->attached = false;
	WRITE_ONCE(engine->flags, 0);
	WRITE_ONCE(engine->step, UTRACE_RESUME);
}

/*
 * Detach @engine. Returns true if the caller has to drop the reference that
 * the attachment held, after it has let go of the lock. Otherwise the engine's
 * callback is running, and the task drops it when that has returned.
 */
bool utrace_detach(struct utrace_engine *engine)
{
	struct utrace *utrace = engine->utrace;

	lockdep_assert_held(&utrace->lock);

	end_attachment(engine);
	utrace_update_interest(utrace);
	utrace_set_stop(engine, false);

	/* In case the task has to take it off the list. */
	WRITE_ONCE(utrace->attention, true);
	return !utrace_is_announced(engine) && utrace_unlink(engine);
}

/* May a callback of @engine be running, other than one that is asking? */
static bool utrace_is_reporting(struct utrace_engine *engine)
{
	struct utrace *utrace = engine->utrace;

	lockdep_assert_held(&utrace->lock);

	return utrace->task != current && utrace_is_announced(engine);
}

/*
 * Compare before use: @task may be stale, and is the engine's task only while
 * the engine is attached.
 */
static bool utrace_is_attached(struct task_struct *task,
			       struct utrace_engine *engine)
{
	lockdep_assert_held(&engine->utrace->lock);

	return engine->attached && engine->utrace->task == task;
}

/* Are all of @events events, and has @ops a callback for each? */
static bool utrace_has_callbacks(const struct utrace_engine_ops *ops,
				 unsigned long events)
{
	unsigned long can = 0;

	if (ops->report_quiesce)
		can |= UTRACE_EVENT(QUIESCE);
	if (ops->report_reap)
		can |= UTRACE_EVENT(REAP);
	if (ops->report_clone)
		can |= UTRACE_EVENT(CLONE);
	if (ops->report_clone_done)
		can |= UTRACE_EVENT(CLONE_DONE);
	if (ops->report_vfork_done)
		can |= UTRACE_EVENT(VFORK_DONE);
	if (ops->report_exec)
		can |= UTRACE_EVENT(EXEC);
	if (ops->report_exit)
		can |= UTRACE_EVENT(EXIT);
	if (ops->report_death)
		can |= UTRACE_EVENT(DEATH);
	if (ops->report_syscall_entry)
		can |= UTRACE_EVENT(SYSCALL_ENTRY);
	if (ops->report_syscall_exit)
		can |= UTRACE_EVENT(SYSCALL_EXIT);
	if (ops->report_seccomp)
		can |= UTRACE_EVENT(SECCOMP);
	if (ops->report_signal)
		can |= UTRACE_EVENT_SIGNAL_ALL;
	if (ops->report_jctl)
		can |= UTRACE_EVENT(JCTL);
	return !(events & ~can);
}

/**
 * utrace_set_events - choose which events an engine hears of
 * @task: the engine's task; not looked into if the engine is detached
 * @engine: engine that the caller has a reference to
 * @events: mask of UTRACE_EVENT() bits
 *
 * Context: process context, locks or not. Does not sleep.
 * Return: 0, or
 *
 * * -EINVAL: @events has a bit that is no event, or no callback
 * * -ESRCH: the engine is not attached to @task
 * * -EALREADY: too late to choose or give up UTRACE_EVENT(DEATH) or
 *   UTRACE_EVENT(REAP), which is being reported or has been; nothing is done
 * * -EINPROGRESS: done, but an event was taken away and a callback for it may
 *   be running still; utrace_barrier() waits for its end
 *
 * If 0 is returned, no callback of an event that was taken away is running or
 * will be, unless the caller is such a callback.
 */
int utrace_set_events(struct task_struct *task, struct utrace_engine *engine,
		      unsigned long events)
{
	struct utrace *utrace = engine->utrace;
	unsigned long irq, changed, lost;
	int ret;

	if (!utrace_has_callbacks(engine->ops, events))
		return -EINVAL;

	spin_lock_irqsave(&utrace->lock, irq);
	changed = engine->flags ^ events;
	if (!utrace_is_attached(task, engine)) {
		ret = -ESRCH;
	} else if ((utrace->dead && changed & UTRACE_EVENT(DEATH)) ||
		   (utrace->reaping && changed & UTRACE_EVENT(REAP))) {
		ret = -EALREADY;
	} else {
		lost = engine->flags & ~events;
		WRITE_ONCE(engine->flags, events);
		utrace_update_interest(utrace);
		ret = lost && utrace_is_reporting(engine) ? -EINPROGRESS : 0;
	}
	spin_unlock_irqrestore(&utrace->lock, irq);
	return ret;
}

/* A resume action other than to detach, for an attached engine. */
static int utrace_choose(struct utrace_engine *engine,
			 enum utrace_resume_action action)
{
	enum task_work_notify_mode how = TWA_RESUME;
	struct utrace *utrace = engine->utrace;

	lockdep_assert_held(&utrace->lock);

	/* Whatever its callback is about to answer. */
	if (utrace_is_reporting(engine))
		WRITE_ONCE(engine->overruled_at, READ_ONCE(utrace->report_nr));

	switch (action) {
	case UTRACE_STOP:
		utrace_set_stop(engine, true);
		if (utrace->stopped)
			return 0;
		break;
	case UTRACE_INTERRUPT:
		how = TWA_SIGNAL;
		utrace->interrupted = true;
		fallthrough;
	case UTRACE_REPORT:
		utrace_set_stop(engine, false);
		break;
	default:
		utrace_set_step(engine, action);
		/* A signal handler may have ended the step meanwhile. */
		if (action != UTRACE_RESUME)
			WRITE_ONCE(utrace->step_changed, true);
		utrace_set_stop(engine, false);
		if (!utrace->step_changed)
			return 0;
		break;
	}

	/* The flag may be set any moment; then the task passes over the work. */
	if (data_race(utrace->task->flags) & PF_EXITING ||
	    utrace_queue_work(utrace, how)) {
		utrace_set_stop(engine, false);
		return -EALREADY;
	}
	return action == UTRACE_STOP ? -EINPROGRESS : 0;
}

/* %UTRACE_DETACH */
static int utrace_leave(struct task_struct *task, struct utrace_engine *engine)
{
	struct utrace *utrace = engine->utrace;
	unsigned long irq;
	bool put = false;
	int ret = -ESRCH;

	spin_lock_irqsave(&utrace->lock, irq);
	if (utrace_is_attached(task, engine) && utrace->reaping) {
		ret = -EALREADY;
	} else if (utrace_is_attached(task, engine)) {
		utrace_set_step(engine, UTRACE_RESUME);
		if (utrace->step_changed)
			utrace_queue_work(utrace, TWA_RESUME);
		put = utrace_detach(engine);
		ret = utrace_is_reporting(engine) ? -EINPROGRESS : 0;
	}
	spin_unlock_irqrestore(&utrace->lock, irq);
	if (put)
		utrace_engine_put(engine);
	return ret;
}

static bool needs_quiesce(enum utrace_resume_action action)
{
	return action == UTRACE_REPORT || action == UTRACE_SINGLESTEP ||
	       action == UTRACE_BLOCKSTEP;
}

/**
 * utrace_control - let an engine stop, resume, step or leave its task
 * @task: the engine's task; not looked into if the engine is detached
 * @engine: engine that the caller has a reference to
 * @action: what is to happen
 *
 * * %UTRACE_STOP: stop the task before it returns to user mode, or at the end
 *   of the report that it is in. A task that waits in the kernel is not
 *   disturbed. The stop lasts until this engine chooses another action; only a
 *   fatal signal, which exec and exit of the thread group send too, breaks it.
 *   A group stop or a freeze of the task's cgroup waits for its end.
 * * %UTRACE_INTERRUPT, %UTRACE_REPORT: end this engine's stop, and bring a
 *   report_quiesce() to every engine that wants it before the task returns to
 *   user mode. %UTRACE_INTERRUPT also ends an interruptible wait, and if no
 *   signal is pending then, brings a report_signal() as well.
 * * %UTRACE_SINGLESTEP, %UTRACE_BLOCKSTEP: end this engine's stop; the task
 *   traps after each instruction or branch. After a system call this is a
 *   report_syscall_exit(), when a signal handler has been set up a
 *   report_signal() without a signal, elsewhere one of SIGTRAP.
 * * %UTRACE_RESUME: end this engine's stop and step.
 * * %UTRACE_DETACH: detach the engine.
 *
 * Context: process context, locks or not. Does not sleep.
 * Return: 0, or
 *
 * * -EINVAL: no such action, or %UTRACE_REPORT or a step for an engine that
 *   does not want UTRACE_EVENT(QUIESCE)
 * * -EOPNOTSUPP: this machine cannot step like that
 * * -ESRCH: the engine is not attached to @task
 * * -EALREADY: the task is exiting, it will not come to this any more; after
 *   %UTRACE_DETACH, it is being reaped, and the engine is as good as detached
 * * -EINPROGRESS: after %UTRACE_STOP, the task has not stopped yet, and to ask
 *   again tells when it has; after %UTRACE_DETACH, a callback of the engine may
 *   be running still, and utrace_barrier() waits for its end
 *
 * If %UTRACE_STOP returns 0, the task is stopped or being killed. If
 * %UTRACE_DETACH does, no callback of the engine is running or will be, unless
 * the caller is one.
 */
int utrace_control(struct task_struct *task, struct utrace_engine *engine,
		   enum utrace_resume_action action)
{
	unsigned long irq;
	int ret;

	if (action > UTRACE_DETACH)
		return -EINVAL;
	if (!utrace_can_step(action))
		return -EOPNOTSUPP;
	if (action == UTRACE_DETACH)
		return utrace_leave(task, engine);

	spin_lock_irqsave(&engine->utrace->lock, irq);
	if (!utrace_is_attached(task, engine))
		ret = -ESRCH;
	else if (needs_quiesce(action) &&
		 !(engine->flags & UTRACE_EVENT(QUIESCE)))
		ret = -EINVAL;
	else
		ret = utrace_choose(engine, action);
	spin_unlock_irqrestore(&engine->utrace->lock, irq);
	return ret;
}

/**
 * utrace_detach_held - detach ptrace's engine
 * @task: task that it is attached to
 *
 * Unlike %UTRACE_DETACH this leaves the task's stepping to the caller: a tracer
 * that detaches has ended its step, and one that dies leaves it behind, as it
 * always did, also if the task has not come to set it up. But if another engine
 * steps the task, the task will see to it.
 *
 * A callback of the engine may be running still; it looks whether the task is
 * traced.
 *
 * Context: tasklist_lock held for writing, so interrupts are off.
 */
void utrace_detach_held(struct task_struct *task)
{
	struct utrace *utrace = READ_ONCE(task->utrace);
	struct utrace_engine *engine = &utrace->held;

	lockdep_assert_held_write(&tasklist_lock);

	spin_lock(&utrace->lock);
	/* If this tracer did not step, it has detached or taken back what was left. */
	if (utrace->step_changed && !engine->renews)
		utrace->left_step = engine->step;
	end_attachment(engine);
	if (list_is_singular(&utrace->engines) && !utrace->armed) {
		/* Mostly it is the only one. */
		utrace_set_interest(utrace, 0);
	} else {
		utrace_update_interest(utrace);
		if (utrace_strongest_step(utrace) != UTRACE_RESUME) {
			WRITE_ONCE(utrace->step_changed, true);
			utrace_queue_work(utrace, TWA_RESUME);
		}
	}
	spin_unlock(&utrace->lock);
}

/*
 * Is the callback that was running during report @nr done? A later report may
 * have called the engine again meanwhile.
 */
static bool callback_done(struct utrace_engine *engine, unsigned long nr,
			  bool *attached)
{
	struct utrace *utrace = engine->utrace;
	bool done;

	spin_lock_irq(&utrace->lock);
	*attached = engine->attached;
	/* See walk.h. */
	WRITE_ONCE(utrace->attention, true);
	/* Pairs with utrace_begin_report(). */
	done = smp_load_acquire(&utrace->report_nr) != nr ||
	       !utrace_is_reporting(engine);
	spin_unlock_irq(&utrace->lock);
	return done;
}

/**
 * utrace_barrier - wait until no callback of an engine is running
 * @task: the engine's task; not looked into
 * @engine: engine that the caller has a reference to, attached or detached
 *
 * Called from a callback of the engine itself, returns 0 at once.
 *
 * Context: may sleep.
 * Return: 0, or
 *
 * * -ESRCH: the engine is detached and no callback of it is running
 * * -ERESTARTSYS: a signal came first
 *
 * Unless interrupted, every callback of the engine that was running has
 * returned, and what it answered is in force.
 */
int utrace_barrier(struct task_struct *task, struct utrace_engine *engine)
{
	struct utrace *utrace = engine->utrace;
	unsigned long nr = READ_ONCE(utrace->report_nr);
	bool attached;

	/* Sleeps on utrace->wait until utrace_wake(), mostly by utrace_attend(). */
	if (wait_event_interruptible(utrace->wait,
				     callback_done(engine, nr, &attached)))
		return -ERESTARTSYS;
	return attached ? 0 : -ESRCH;
}

/*
 * Get hold of the task that @engine keeps stopped. The caller's pointer will
 * not do: it may be stale, and the engine's task be reaped any moment.
 */
static struct task_struct *get_stopped_task(struct task_struct *task,
					    struct utrace_engine *engine)
{
	struct utrace *utrace = engine->utrace;

	scoped_guard(spinlock_irq, &utrace->lock) {
		if (!utrace_is_attached(task, engine))
			task = ERR_PTR(-ESRCH);
		else if (!engine->stop)
			task = ERR_PTR(-EINVAL);
		else if (!utrace->stopped)
			task = ERR_PTR(-EAGAIN);
		else
			get_task_struct(task);
	}
	return task;
}

/**
 * utrace_prepare_examine - begin to look at a stopped task
 * @task: the engine's task; not looked into if the engine is detached
 * @engine: engine that stops it, which the caller has a reference to
 * @examiner: to be given to utrace_finish_examine()
 *
 * Waits until the task is off its CPU, so that its registers and its thread
 * structure can be read. SIGKILL may set it going again any moment: what has
 * been read is good only if utrace_finish_examine() says so.
 *
 * Context: may sleep. Not from a callback of the task itself.
 * Return: 0, or
 *
 * * -EINVAL: the engine does not stop the task
 * * -ESRCH: the engine is not attached to @task
 * * -EAGAIN: the task has not stopped yet, or is being killed
 */
int utrace_prepare_examine(struct task_struct *task,
			   struct utrace_engine *engine,
			   struct utrace_examiner *examiner)
{
	task = get_stopped_task(task, engine);
	if (IS_ERR(task))
		return PTR_ERR(task);
	/*
	 * Waits until it is off its CPU; 0 if it is not asleep in its stop,
	 * or frozen there.
	 */
	examiner->switches = wait_task_inactive(task, TASK_WAKEKILL |
						      TASK_FROZEN);
	put_task_struct(task);
	return examiner->switches ? 0 : -EAGAIN;
}

/**
 * utrace_finish_examine - was that a look at a stopped task?
 * @task: as for utrace_prepare_examine()
 * @engine: as for utrace_prepare_examine()
 * @examiner: what utrace_prepare_examine() has filled in
 *
 * Context: may sleep. Not from a callback of the task itself.
 * Return: 0, or
 *
 * * -EINVAL: the engine does not stop the task any more
 * * -ESRCH: the engine is not attached to @task any more
 * * -EAGAIN: the task has run meanwhile. Throw away what was read
 */
int utrace_finish_examine(struct task_struct *task,
			  struct utrace_engine *engine,
			  struct utrace_examiner *examiner)
{
	struct utrace_examiner now;
	int err = utrace_prepare_examine(task, engine, &now);

	if (err)
		return err;
	return now.switches == examiner->switches ? 0 : -EAGAIN;
}
