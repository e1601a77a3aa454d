// SPDX-License-Identifier: GPL-2.0
/*
 * utrace core: a task tells its engines how it fares, from clone to exit
 *
 * The end of it, death and reaping, is in engine.c.
 */

#include <linux/sched/signal.h>
#include <uapi/linux/sched.h>

#include "walk.h"

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
	 * A stop or step has to wait until the child runs, which is a report,
	 * too; but the engine may not want that any more.
	 */
	if (utrace_is_unsettled(report.utrace))
		utrace_queue_again(report.utrace);
}

/**
 * utrace_report_clone_done - a clone has been started
 * @clone_flags: CLONE_* flags; with %CLONE_UNTRACED it is not reported
 * @trace: %PTRACE_EVENT_* that the tracer asked for when it began, or 0
 * @child: pid of the new task, which may be dead by now
 *
 * Context: current, its parent; no locks. utrace_report_clone() has said that
 * this has to follow.
 */
void utrace_report_clone_done(u64 clone_flags, int trace, struct pid *child)
{
	struct utrace_report report = { .event = UTRACE_EVENT(CLONE_DONE) };
	struct utrace_engine *engine;
	u32 answer;

	if (clone_flags & CLONE_UNTRACED)
		return;

	utrace_for_each_engine_inline(engine, &report, false, answer)
		answer = engine->ops->report_clone_done(report.action, engine,
							clone_flags, trace,
							child);
	utrace_finish_report(&report);
}

void __utrace_report_vfork_done(struct pid *child)
{
	struct utrace_report report = { .event = UTRACE_EVENT(VFORK_DONE) };
	struct utrace_engine *engine;
	u32 answer;

	utrace_for_each_engine(engine, &report, answer)
		answer = engine->ops->report_vfork_done(report.action, engine,
							child);
	utrace_finish_report(&report);
}

void __utrace_report_exec(struct linux_binprm *bprm, pid_t old_pid)
{
	struct utrace_report report = { .event = UTRACE_EVENT(EXEC) };
	struct utrace_engine *engine;
	u32 answer;

	utrace_for_each_engine(engine, &report, answer)
		answer = engine->ops->report_exec(report.action, engine, bprm,
						  old_pid);
	utrace_finish_report(&report);
}

long __utrace_report_exit(long code)
{
	struct utrace_report report = { .event = UTRACE_EVENT(EXIT) };
	struct signal_struct *signal = current->signal;
	struct utrace_engine *engine;
	long orig_code = code;
	u32 answer;

	/* An oops in a callback ends the task: none is called again. */
	if (current->utrace->reporting)
		return code;

	utrace_for_each_engine(engine, &report, answer)
		answer = engine->ops->report_exit(report.action, engine,
						  orig_code, &code);
	utrace_finish_report(&report);

	if (code == orig_code)
		return code;

	/* If the group has its code already, that is what wait() will see. */
	spin_lock_irq(&current->sighand->siglock);
	if (signal->flags & SIGNAL_GROUP_EXIT)
		signal->group_exit_code = code;
	spin_unlock_irq(&current->sighand->siglock);
	return code;
}

void __utrace_report_jctl(int type, int notify)
{
	struct utrace_report report = { .event = UTRACE_EVENT(JCTL) };
	struct utrace_engine *engine;
	u32 answer;

	utrace_for_each_engine_inline(engine, &report, false, answer)
		answer = engine->ops->report_jctl(report.action, engine, type,
						  notify);
	utrace_finish_report(&report);
}
