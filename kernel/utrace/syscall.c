// SPDX-License-Identifier: GPL-2.0
/*
 * utrace core: a task tells its engines of system calls
 */

#include <linux/ptrace.h>
#include <linux/sched/signal.h>

#include "walk.h"

/**
 * utrace_report_syscall_entry - current is about to make a system call
 * @regs: its user registers
 *
 * The engine that was attached last is told first, so that those attached
 * earlier see the registers as the later ones left them. Every engine is told,
 * also after one has answered %UTRACE_SYSCALL_ABORT, and no answer takes that
 * back.
 *
 * Whether the system call is skipped is settled when the callbacks have
 * returned. A stop that follows, for an engine or inside ptrace's callback,
 * does not change it.
 *
 * Context: no locks, just after entering the kernel. Sleeps if engines do.
 * Return: true if the system call must not happen: an engine has said so, or
 * the task is being killed.
 */
int utrace_report_syscall_entry(struct pt_regs *regs)
{
	struct utrace_report report = {
		.event = UTRACE_EVENT(SYSCALL_ENTRY),
	};
	struct utrace_engine *engine;
	u32 answer;

	if (!utrace_interest(UTRACE_EVENT(SYSCALL_ENTRY)))
		return 0;

	/* from the end of the list */
	utrace_for_each_engine_inline(engine, &report, true, answer) {
		answer = engine->ops->report_syscall_entry(report.action,
							   engine, regs);
		if (utrace_syscall_action(answer) == UTRACE_SYSCALL_ABORT)
			report.action |= UTRACE_SYSCALL_ABORT;
	}
	utrace_finish_report(&report);

	return utrace_syscall_action(report.action) == UTRACE_SYSCALL_ABORT ||
	       fatal_signal_pending(current);
}

/*
 * An engine that steps the task is told even if it does not want the event. If
 * the step is none of theirs, it is left over from a tracer that died; then the
 * task gets its trap, as it would after any other instruction.
 */
void __utrace_report_syscall_exit(struct pt_regs *regs, bool step)
{
	struct utrace_report report = {
		.event = UTRACE_EVENT(SYSCALL_EXIT),
		.step = step,
		.renew = step,
	};
	struct utrace_engine *engine;
	u32 action, answer;

	/*
	 * An engine that steps need not want the event, so then all are looked
	 * at. There may be none and never have been, where an architecture
	 * steps for others too. Pairs with the cmpxchg() in utrace_of_task().
	 */
	if (!smp_load_acquire(&current->utrace))
		goto out;

	utrace_for_each_engine(engine, &report, answer) {
		action = report.action;
		if (report.engine_steps)
			action |= UTRACE_SYSCALL_STEP;
		answer = engine->ops->report_syscall_exit(action, engine, regs);
	}
	utrace_finish_report(&report);
out:
	if (step && !report.step_told && !report.armed)
		user_single_step_report(regs);
}

/**
 * utrace_report_seccomp - a filter has answered %SECCOMP_RET_TRACE
 * @data: %SECCOMP_RET_DATA of the answer
 *
 * Context: current in its system-call entry, no locks, with an engine that
 * wants UTRACE_EVENT(SECCOMP). Sleeps if engines do.
 * Return: true if the system call must not happen.
 */
int utrace_report_seccomp(u16 data)
{
	struct utrace_report report = { .event = UTRACE_EVENT(SECCOMP) };
	struct utrace_engine *engine;
	u32 answer;

	utrace_for_each_engine(engine, &report, answer) {
		answer = engine->ops->report_seccomp(report.action, engine,
						     data);
		if (utrace_syscall_action(answer) == UTRACE_SYSCALL_ABORT)
			report.action |= UTRACE_SYSCALL_ABORT;
	}
	utrace_finish_report(&report);

	return utrace_syscall_action(report.action) == UTRACE_SYSCALL_ABORT;
}
