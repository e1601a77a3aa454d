// SPDX-License-Identifier: GPL-2.0
/*
 * utrace core: a task stops, steps and goes on as its engines want
 */

#include <linux/ptrace.h>
#include <linux/sched/signal.h>

#include "internal.h"

/* Ask the task to run utrace_work(). Fails if it is exiting. */
int utrace_queue_work(struct utrace *utrace, enum task_work_notify_mode how)
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

bool utrace_can_step(enum utrace_resume_action action)
{
	switch (action) {
	case UTRACE_SINGLESTEP:
		return arch_has_single_step();
	case UTRACE_BLOCKSTEP:
		return arch_has_block_step();
	default:
		return true;
	}
}

/* What the task is to step, by the smaller stride if its engines differ. */
enum utrace_resume_action utrace_strongest_step(struct utrace *utrace)
{
	enum utrace_resume_action step = UTRACE_RESUME;
	struct utrace_engine *engine;

	lockdep_assert_held(&utrace->lock);

	list_for_each_entry(engine, &utrace->engines, entry)
		step = min(step, engine->step);
	return step;
}

/* Does an engine step the task by itself, without a tracer's request for each? */
static bool engine_renews(struct utrace *utrace)
{
	struct utrace_engine *engine;

	lockdep_assert_held(&utrace->lock);

	list_for_each_entry(engine, &utrace->engines, entry) {
		if (engine->renews && engine->step != UTRACE_RESUME)
			return true;
	}
	return false;
}

/*
 * Is a trap by stepping made for an engine that steps by itself? One of a step
 * that is not wanted any more may be in the queue already. No other can come, as
 * the task is in the kernel or held; and a trap is always private to the thread.
 */
void utrace_update_armed(struct utrace *utrace)
{
	bool pending, armed;

	lockdep_assert_held(&utrace->lock);

	/* Others put other signals there: the task itself puts its traps. */
	pending = data_race(sigismember(&utrace->task->pending.signal, SIGTRAP));
	armed = engine_renews(utrace) || (utrace->armed && pending);
	if (armed == utrace->armed)
		return;
	utrace->armed = armed;
	utrace_update_interest(utrace);
}

/*
 * A step has ended in a trap, in a system call or in a signal handler that was
 * set up. What it was made of may have gone with it: flags that the instruction
 * loads, or a frame that sigreturn takes them from. A tracer asks for each step
 * anew; for engines that go on stepping the task has to see to it.
 *
 * Returns true if the step was made for such an engine.
 */
bool utrace_renew_step(struct utrace *utrace)
{
	bool renews = engine_renews(utrace);

	if (renews)
		WRITE_ONCE(utrace->step_changed, true);
	return renews || utrace->armed;
}

static void apply_step(struct task_struct *task, enum utrace_resume_action step)
{
	if (step == UTRACE_SINGLESTEP)
		user_enable_single_step(task);
	else if (step == UTRACE_BLOCKSTEP)
		user_enable_block_step(task);
	else
		user_disable_single_step(task);
}

/*
 * Is current on its way out? A fatal signal need not be pending any more: it
 * has been taken in exit, and in a thread that exec or exit of another thread
 * ends. Those would wait for us for ever. Once asleep, each of them wakes us,
 * since each sends SIGKILL first.
 */
static bool is_dying(void)
{
	struct signal_struct *signal = current->signal;

	return fatal_signal_pending(current) || current->flags & PF_EXITING ||
	       READ_ONCE(signal->flags) & SIGNAL_GROUP_EXIT ||
	       (READ_ONCE(signal->group_exec_task) &&
		READ_ONCE(signal->group_exec_task) != current);
}

/**
 * utrace_stop - stop while an engine wants it, then see to the step
 * @utrace: the engines of current
 *
 * The wait ends when the last engine that stops the task lets go, or with a
 * fatal signal. @stopped is set and cleared under the lock, with the task asleep
 * or as good as asleep, and the loop looks again under the lock before it ends:
 * so when utrace_control() finds it set, there is no way out of here past the
 * stop that it has just asked for.
 *
 * Only the task changes its own stepping here, after the stop, so that it
 * cannot be woken by SIGKILL while somebody else changes its registers.
 *
 * Context: may sleep.
 */
void utrace_stop(struct utrace *utrace)
{
	enum utrace_resume_action step = UTRACE_RESUME;
	bool step_changed;
	DEFINE_WAIT(wait);

	spin_lock_irq(&utrace->lock);
	while (utrace->nr_stops && !is_dying()) {
		prepare_to_wait(&utrace->wait, &wait,
				TASK_KILLABLE | TASK_FREEZABLE);
		utrace->stopped = true;
		spin_unlock_irq(&utrace->lock);
		schedule();
		spin_lock_irq(&utrace->lock);
		utrace->stopped = false;
	}
	finish_wait(&utrace->wait, &wait);
	step_changed = utrace->step_changed;
	WRITE_ONCE(utrace->step_changed, false);
	if (step_changed) {
		step = min(utrace_strongest_step(utrace), utrace->left_step);
		utrace->left_step = UTRACE_RESUME;
		utrace_update_armed(utrace);
	}
	spin_unlock_irq(&utrace->lock);

	if (step_changed)
		apply_step(current, step);
}

/**
 * utrace_work - look at what engines have asked for from outside
 * @work: &utrace.work of current
 *
 * Context: task work, which runs before return to user mode, before a signal
 * is taken, before and after a ptrace stop, and in some waits. May sleep.
 *
 * While a uprobe steps the task over a copied instruction, task work may run
 * too. A step that an engine changes just then can cost the uprobe its trap;
 * ptrace does not come here, since its stops wait for the uprobe.
 */
void utrace_work(struct callback_head *work)
{
	struct utrace *utrace = container_of(work, struct utrace, work);
	struct utrace_report report = { .event = UTRACE_EVENT(QUIESCE) };
	struct utrace_engine *engine;
	bool interrupted;
	u32 answer;

	scoped_guard(spinlock_irq, &utrace->lock) {
		/*
		 * Inside a callback of ptrace's engine, whose stop runs task
		 * work. Reports do not nest, so wait until this one is over.
		 */
		if (utrace->reporting) {
			utrace->work_put_off = true;
			return;
		}
		/* From here on whoever asks has to queue it again. */
		utrace->work_queued = false;
		interrupted = utrace->interrupted;
		utrace->interrupted = false;
	}

	if (is_dying())
		return;

	utrace_for_each_engine(engine, &report, answer)
		answer = engine->ops->report_quiesce(report.action, engine, 0);
	utrace_finish_report(&report);

	if (!interrupted)
		return;

	/* If there is a signal, the report of it will do: look for one. */
	spin_lock_irq(&current->sighand->siglock);
	recalc_sigpending();
	spin_unlock_irq(&current->sighand->siglock);
	if (!task_sigpending(current))
		utrace_report_interrupt();
}

/* utrace_resume_held() where something changes, or may. */
static noinline void resume_held(struct task_struct *task,
				 struct utrace_engine *engine,
				 unsigned long events,
				 enum utrace_resume_action action)
{
	struct utrace *utrace = engine->utrace;
	enum utrace_resume_action step;
	bool leave;

	scoped_guard(spinlock_irq, &utrace->lock) {
		/*
		 * What is set up for a block step is loaded with the switch to
		 * the task, so if it is still, we had better change it here.
		 * The task is stopped: what it wrote without the lock before,
		 * siglock has made visible to us.
		 */
		leave = arch_has_simple_step() && action != UTRACE_RESUME &&
			(utrace->trapped ||
			 engine->step != UTRACE_BLOCKSTEP) &&
			READ_ONCE(utrace->reporting) == engine;
		WRITE_ONCE(engine->flags, events);
		WRITE_ONCE(engine->step, action);
		engine->renews = false;
		engine->resumed = true;
		/* A tracer before this one may have left a step to be set up. */
		utrace->left_step = UTRACE_RESUME;
		utrace_update_interest(utrace);
		step = utrace_strongest_step(utrace);
		WRITE_ONCE(utrace->step_changed, leave);
		if (!leave)
			utrace_update_armed(utrace);
	}
	if (!leave)
		apply_step(task, step);
}

/**
 * utrace_resume_held - choose events and resume action of a task held by ptrace
 * @task: current's tracee, which ptrace_freeze_traced() keeps from running
 * @engine: ptrace's engine
 * @events: mask of UTRACE_EVENT() bits
 * @action: %UTRACE_RESUME, %UTRACE_SINGLESTEP or %UTRACE_BLOCKSTEP
 *
 * What utrace_set_events() and utrace_control() do, at once and for a task that
 * stands in ptrace's stop. Nobody, not even SIGKILL, can wake the task meanwhile,
 * so the tracer sets up its step. Another engine's step is not cancelled by it.
 *
 * Where stepping is simple, there is less to do. Most requests ask for what the
 * one before did; only the tracer changes any of it, so it knows without the
 * lock. And a step, which has to be set up each time, is left to the task at the
 * end of the report that it has stopped in: it reads its next instruction in its
 * own memory, at a fraction of what that costs the tracer.
 *
 * Context: may sleep.
 * Return: 0, or -EOPNOTSUPP if this machine cannot step like that.
 */
int utrace_resume_held(struct task_struct *task, struct utrace_engine *engine,
		       unsigned long events, enum utrace_resume_action action)
{
	if (arch_has_simple_step() && engine->resumed &&
	    events == engine->flags && action == UTRACE_RESUME &&
	    engine->step == UTRACE_RESUME)
		return 0;
	if (!utrace_can_step(action))
		return -EOPNOTSUPP;
	resume_held(task, engine, events, action);
	return 0;
}
