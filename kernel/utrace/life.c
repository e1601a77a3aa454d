// SPDX-License-Identifier: GPL-2.0
/*
 * utrace core: a task reports clone, exec, exit, death and reap
 */

#include "report.h"

/* See utrace_report_clone(). */
void __utrace_report_clone(u64 clone_flags, struct task_struct *child)
{
	struct utrace_report report = { .event = UTRACE_EVENT(CLONE) };
	struct utrace_engine *engine;
	u32 answer;

	if (clone_flags & CLONE_UNTRACED)
		return;

	utrace_for_each_engine(engine, &report, answer)
		answer = engine->ops->report_clone(report.action, engine,
						   clone_flags, child);
	/*
	 * The child is started after this, and cannot be killed before. A stop
	 * has to wait until then.
	 */
	if (utrace_resume_action(report.action) == UTRACE_STOP) {
		scoped_guard(spinlock_irq, &report.utrace->lock)
			utrace_queue_quiesce(report.utrace, TWA_RESUME);
	}
}

/* See utrace_report_exec(). */
void __utrace_report_exec(struct linux_binprm *bprm)
{
	struct utrace_report report = { .event = UTRACE_EVENT(EXEC) };
	struct utrace_engine *engine;
	u32 answer;

	utrace_for_each_engine(engine, &report, answer)
		answer = engine->ops->report_exec(report.action, engine, bprm);
	utrace_finish_report(&report);
}

/* Of the resume actions only UTRACE_DETACH has a meaning for a dying task. */
static u32 detach_only(u32 answer)
{
	return utrace_resume_action(answer) == UTRACE_DETACH ? UTRACE_DETACH :
							       UTRACE_RESUME;
}

/* Returns false if the task is in @state already, or past it. */
static bool enter_state(struct utrace *utrace, enum utrace_state state)
{
	guard(spinlock_irq)(&utrace->lock);
	if (utrace->state >= state)
		return false;
	utrace->state = state;
	return true;
}

/* See utrace_report_exit(). */
void __utrace_report_exit(long code)
{
	struct utrace_report report = { .event = UTRACE_EVENT(EXIT) };
	struct utrace_engine *engine;
	u32 answer;

	/* A callback that crashes brings the task here again. */
	if (!enter_state(current->utrace, UTRACE_EXITING))
		return;
	utrace_for_each_engine(engine, &report, answer)
		answer = detach_only(engine->ops->report_exit(report.action,
							      engine, code));
}

/* See utrace_report_death(). */
void __utrace_report_death(bool group_dead)
{
	struct utrace_report report = { .event = UTRACE_EVENT(DEATH) };
	struct utrace_engine *engine;
	u32 answer;

	/* From here on utrace_set_events() adds this event no more. */
	enter_state(current->utrace, UTRACE_DEAD);
	utrace_for_each_engine(engine, &report, answer)
		answer = detach_only(engine->ops->report_death(report.action,
							       engine,
							       group_dead));
}

/* See utrace_release_task(). */
void __utrace_release_task(struct task_struct *task)
{
	struct utrace *utrace = task->utrace;
	struct utrace_engine *engine;

	spin_lock_irq(&utrace->lock);
	utrace->state = UTRACE_REAPED;
	while ((engine = list_first_entry_or_null(&utrace->engines,
						  struct utrace_engine,
						  entry))) {
		/*
		 * Keeps the engine in the list if it is detached while the lock
		 * is dropped. Not an increment: if the task died of an oops in a
		 * callback, that is still counted and will never return.
		 */
		engine->calling = 1;
		if (engine->events & UTRACE_EVENT(REAP)) {
			spin_unlock_irq(&utrace->lock);
			engine->ops->report_reap(engine);
			spin_lock_irq(&utrace->lock);
		}
		if (engine->attached)
			utrace_detach(engine);
		utrace_end_call(utrace, engine);
		spin_unlock_irq(&utrace->lock);
		utrace_engine_put(engine);
		spin_lock_irq(&utrace->lock);
	}
	spin_unlock_irq(&utrace->lock);
}
