// SPDX-License-Identifier: GPL-2.0
/*
 * utrace core: engines choose their events, stop and resume their task
 */

#include <linux/sched/signal.h>
#include <linux/uprobes.h>

#include "report.h"

/* Are all of @events known, and has @ops a callback for each? */
static bool has_callbacks(const struct utrace_engine_ops *ops,
			  unsigned long events)
{
	unsigned long can = 0;

	if (ops->report_syscall_entry)
		can |= UTRACE_EVENT(SYSCALL_ENTRY);
	if (ops->report_syscall_exit)
		can |= UTRACE_EVENT(SYSCALL_EXIT);
	if (ops->report_quiesce)
		can |= UTRACE_EVENT(QUIESCE);
	if (ops->report_clone)
		can |= UTRACE_EVENT(CLONE);
	if (ops->report_exec)
		can |= UTRACE_EVENT(EXEC);
	if (ops->report_exit)
		can |= UTRACE_EVENT(EXIT);
	if (ops->report_death)
		can |= UTRACE_EVENT(DEATH);
	if (ops->report_reap)
		can |= UTRACE_EVENT(REAP);
	if (ops->report_signal)
		can |= UTRACE_EVENT(SIGNAL);
	return !(events & ~can);
}

/* The events that it is too late to ask for. */
static unsigned long past_events(const struct utrace *utrace)
{
	switch (utrace->state) {
	case UTRACE_DEAD:
		return UTRACE_EVENT(DEATH);
	case UTRACE_REAPED:
		return UTRACE_EVENT(DEATH) | UTRACE_EVENT(REAP);
	default:
		return 0;
	}
}

/* Is a callback of @engine running, other than one that is asking? */
static bool callback_is_running(const struct utrace_engine *engine)
{
	return engine->calling &&
	       (engine->task != current || in_serving_softirq());
}

/**
 * utrace_set_events - choose which events are reported to an engine
 * @engine: engine that the caller has a reference to
 * @events: mask of UTRACE_EVENT() bits
 *
 * Context: any but hard interrupt, with any locks but raw spinlocks. Does not
 * sleep.
 * Return: 0, or
 *
 * * -EINVAL: @events has a bit that is no event, or no callback
 * * -ESRCH: the engine is not attached
 * * -EALREADY: too late to choose UTRACE_EVENT(DEATH) or UTRACE_EVENT(REAP),
 *   which is being reported or has been; nothing is done
 * * -EINPROGRESS: done, but an event was taken away and a callback may be
 *   running still; utrace_barrier() waits for its end
 *
 * If 0 is returned, no callback of an event that this call has taken away is
 * running or will be called, unless the caller is such a callback.
 */
int utrace_set_events(struct utrace_engine *engine, unsigned long events)
{
	struct utrace *utrace = engine->task->utrace;
	unsigned long lost;

	if (!has_callbacks(engine->ops, events))
		return -EINVAL;

	guard(spinlock_irqsave)(&utrace->lock);
	if (!engine->attached)
		return -ESRCH;
	if (events & ~engine->events & past_events(utrace))
		return -EALREADY;
	lost = engine->events & ~events;
	WRITE_ONCE(engine->events, events);
	utrace_update_events(utrace);
	return lost && callback_is_running(engine) ? -EINPROGRESS : 0;
}

/*
 * What engines have asked for, and how far that has come. All of it changes under
 * &utrace.lock; "stop" is that of any engine of the task:
 *
 *	stop  stopped  work_queued
 *	no    no       no		nobody asks for anything, or the task has
 *					begun with utrace_quiesce_work()
 *	no    no       yes		a report_quiesce() is due, or a stop was
 *					asked for and taken back
 *	yes   no       yes		the task stops in utrace_quiesce_work() if
 *					not before, unless it is killed
 *	yes   no       no		the task is in a report, an engine has
 *					answered %UTRACE_STOP; or it is in
 *					utrace_quiesce_work(); or it is dying and
 *					does not stop
 *	yes   yes      any		the task is stopped, or was killed and is
 *					about to leave its stop
 *	no    yes      any		the task was woken, and is about to leave
 *					its stop; a stop that is asked for now
 *					keeps it there
 *
 * Where the task cannot stop, utrace_quiesce_work() makes work_put_off of
 * work_queued, and __utrace_allow_stop() makes work_queued of that. Meanwhile the
 * task can stop for an answer to report_exec(), and work can be queued again.
 */

/**
 * utrace_queue_quiesce - bring a task to utrace_quiesce_work() before it returns to user mode
 * @utrace: the engines of the task
 * @how: %TWA_RESUME, or %TWA_SIGNAL to end an interruptible wait
 *
 * Context: holds &utrace.lock.
 * Return: 0, or -ESRCH if the task does not run task work any more.
 */
int utrace_queue_quiesce(struct utrace *utrace, enum task_work_notify_mode how)
{
	int err;

	lockdep_assert_held(&utrace->lock);

	if (utrace->work_queued) {
		if (how == TWA_SIGNAL)
			set_notify_signal(utrace->task);
		return 0;
	}
	err = task_work_add(utrace->task, &utrace->work, how);
	utrace->work_queued = !err;
	return err;
}

static bool wants_stop(const struct utrace *utrace)
{
	const struct utrace_engine *engine;

	lockdep_assert_held(&utrace->lock);

	list_for_each_entry(engine, &utrace->engines, entry) {
		if (engine->stop)
			return true;
	}
	return false;
}

/**
 * utrace_wake - wake a task that no engine stops any more
 * @utrace: the engines of the task
 *
 * Context: holds &utrace.lock.
 */
void utrace_wake(struct utrace *utrace)
{
	lockdep_assert_held(&utrace->lock);

	if (utrace->stopped && !wants_stop(utrace))
		wake_up_state(utrace->task, TASK_UNINTERRUPTIBLE);
}

/*
 * Is current being killed, or exiting? Any of these says so:
 *
 *  - SIGKILL is pending. A task that exits has dequeued it, hence the others.
 *  - The thread group exits.
 *  - The task exits. PF_POSTCOREDUMP is the first thing that it sets.
 *  - Another thread executes a new program. It would wait for ever if we stopped.
 *
 * None of this is read under siglock: stay_stopped() says why that is enough.
 */
static bool is_dying(void)
{
	struct signal_struct *signal = current->signal;
	struct task_struct *exec_task;

	/* Read once, as the thread that executes clears it in the end. */
	exec_task = data_race(READ_ONCE(signal->group_exec_task));
	/* Racy, as all of this: see above. */
	return data_race(fatal_signal_pending(current) ||
			 signal->flags & SIGNAL_GROUP_EXIT) ||
	       current->flags & (PF_EXITING | PF_POSTCOREDUMP) ||
	       (exec_task && exec_task != current);
}

/*
 * Wait until the last engine that stops current resumes it or is detached, or for a
 * fatal signal, which exec and exit of the thread group send too: then return false.
 * This is no load, and neither a tracer nor the parent is notified. A task that has
 * begun to exit is not stopped.
 *
 * &utrace.stopped is set under &utrace.lock before the task sleeps, and what the
 * engines want is checked under that lock before the task goes on. So when
 * utrace_control() finds it set, the task cannot leave past the new stop.
 *
 * Whoever kills the task first makes is_dying() true, which includes that
 * SIGKILL is sent, and then wakes the task. We set the state and then call
 * is_dying(). The barrier in set_current_state() pairs with the one in
 * try_to_wake_up(): either we see that we are being killed, or we are woken.
 */
static bool stay_stopped(struct utrace *utrace)
{
	bool dying;

	scoped_guard(spinlock_irq, &utrace->lock)
		if (!wants_stop(utrace))
			return !is_dying();
	/* As in a tracer's stop, signals are for other threads: wants_signal(). */
	scoped_guard(spinlock_irq, &current->sighand->siglock)
		WRITE_ONCE(current->jobctl,
			   current->jobctl | JOBCTL_ENGINE_STOPPED);
	spin_lock_irq(&utrace->lock);
	for (;;) {
		/* Unsafe: where task work runs, a mutex may be held. */
		set_current_state(TASK_KILLABLE | TASK_NOLOAD |
				  TASK_FREEZABLE_UNSAFE);
		dying = is_dying();
		if (dying || !wants_stop(utrace))
			break;
		utrace->stopped = true;
		spin_unlock_irq(&utrace->lock);
		schedule();
		spin_lock_irq(&utrace->lock);
		utrace->stopped = false;
	}
	__set_current_state(TASK_RUNNING);
	spin_unlock_irq(&utrace->lock);
	guard(spinlock_irq)(&current->sighand->siglock);
	WRITE_ONCE(current->jobctl, current->jobctl & ~JOBCTL_ENGINE_STOPPED);
	/* Look for what nobody took. A set flag stays: a restart may rely on it. */
	if (!task_sigpending(current))
		recalc_sigpending();
	return !dying;
}

/**
 * utrace_stop - finish task work such as a close(), then stop as an engine answered
 * @utrace: the engines of current
 *
 * Context: current, at the end of a report, no locks. May sleep.
 * Return: false if current is being killed.
 */
bool utrace_stop(struct utrace *utrace)
{
	if (task_work_pending(current))
		task_work_run();
	return stay_stopped(utrace);
}

/**
 * utrace_quiesce_work - do what engines have asked for from outside
 * @work: &utrace.work of current
 *
 * Context: task work, which also runs before a signal is dequeued, before a stop
 * of an engine or a tracer, and in some waits. May sleep.
 */
void utrace_quiesce_work(struct callback_head *work)
{
	struct utrace *utrace = container_of(work, struct utrace, work);
	struct utrace_report report = { .event = UTRACE_EVENT(QUIESCE) };
	struct utrace_engine *engine;
	u32 answer;

	scoped_guard(spinlock_irq, &utrace->lock) {
		/* From here on whoever asks has to queue it again. */
		utrace->work_queued = false;
		if (is_dying())
			return;
		/*
		 * Task work also runs where exec waits for io_uring, which it
		 * does with cred_guard_mutex held; and before a uprobe's step
		 * out of line, when the registers are not the program's, and
		 * others may need the slot.
		 */
		if (current->in_execve || uprobe_is_stepping()) {
			utrace->work_put_off = true;
			return;
		}
		/*
		 * What is queued last is done first. A stop must not hold up
		 * what was queued before, such as the end of a close(), nor
		 * what that has queued in turn.
		 */
		if (work->next || task_work_pending(current)) {
			utrace_queue_quiesce(utrace, TWA_RESUME);
			return;
		}
	}

	utrace_for_each_engine(engine, &report, answer)
		answer = engine->ops->report_quiesce(report.action, engine);
	stay_stopped(utrace);
}

/* See utrace_allow_stop(). */
void __utrace_allow_stop(void)
{
	struct utrace *utrace = current->utrace;

	guard(spinlock_irq)(&utrace->lock);
	if (utrace->work_put_off)
		utrace_queue_quiesce(utrace, TWA_RESUME);
	utrace->work_put_off = false;
}

static int set_action(struct utrace_engine *engine,
		      enum utrace_resume_action action, bool *put)
{
	struct utrace *utrace = engine->task->utrace;

	lockdep_assert_held(&utrace->lock);

	if (!engine->attached)
		return -ESRCH;
	if (action == UTRACE_DETACH) {
		*put = utrace_detach(engine);
		return callback_is_running(engine) ? -EINPROGRESS : 0;
	}

	engine->stop = action == UTRACE_STOP;
	if (engine->stop && utrace->stopped)
		return 0;
	utrace_wake(utrace);
	if (action == UTRACE_RESUME)
		return 0;

	if (utrace->state != UTRACE_ALIVE ||
	    (action == UTRACE_INTERRUPT &&
	     /* Racy, as the kill is. An interrupt would end a core dump to a pipe. */
	     data_race(utrace->task->signal->flags & SIGNAL_GROUP_EXIT)) ||
	    utrace_queue_quiesce(utrace, action == UTRACE_INTERRUPT ?
					 TWA_SIGNAL : TWA_RESUME)) {
		engine->stop = false;
		return -EALREADY;
	}
	return engine->stop ? -EINPROGRESS : 0;
}

/**
 * utrace_control - stop or resume the task of an engine, or detach the engine
 * @engine: engine that the caller has a reference to
 * @action: what is to happen
 *
 * * %UTRACE_STOP: stop the task before it returns to user mode, or at the end
 *   of a report in which an engine has answered %UTRACE_STOP. A task that waits
 *   in the kernel is not disturbed. An exec, and a uprobe's step out of line,
 *   come to their end first. The stop lasts until this engine chooses another
 *   action; only a fatal signal, which exec and exit of the thread group send
 *   too, breaks it. A group stop and a cgroup.freeze wait for its end.
 * * %UTRACE_INTERRUPT, %UTRACE_REPORT: end this engine's stop, and bring a
 *   report_quiesce() to every engine that wants it before the task returns to
 *   user mode. %UTRACE_INTERRUPT also ends an interruptible wait.
 * * %UTRACE_RESUME: end this engine's stop.
 * * %UTRACE_DETACH: detach the engine.
 *
 * If a callback of the engine is running, its answer takes effect after this and
 * can ask for a stop again. utrace_barrier() waits until it has returned.
 *
 * Context: any but hard interrupt, with any locks but raw spinlocks. Does not
 * sleep.
 * Return: 0, or
 *
 * * -EINVAL: no such action
 * * -ESRCH: the engine is not attached
 * * -EALREADY: the task is exiting, and neither stops nor calls report_quiesce()
 *   any more; after %UTRACE_INTERRUPT, it is being killed
 * * -EINPROGRESS: after %UTRACE_STOP, the task has not stopped yet; ask again to
 *   learn whether it has; after %UTRACE_DETACH, a callback of the engine may
 *   be running still, and utrace_barrier() waits for its end
 *
 * If %UTRACE_STOP returns 0, the task is stopped or being killed. If
 * %UTRACE_DETACH does, no callback of the engine is running or will be called,
 * unless the caller is one.
 */
int utrace_control(struct utrace_engine *engine,
		   enum utrace_resume_action action)
{
	bool put = false;
	int ret;

	if (action > UTRACE_DETACH)
		return -EINVAL;

	scoped_guard(spinlock_irqsave, &engine->task->utrace->lock)
		ret = set_action(engine, action, &put);
	if (put)
		utrace_engine_put(engine);
	return ret;
}
