// SPDX-License-Identifier: GPL-2.0
/*
 * utrace core: a task reports system calls
 */

#include "report.h"

/**
 * utrace_report_syscall_entry - current is about to make a system call
 * @regs: its user registers
 *
 * The event is reported to every engine, even after one has answered
 * %UTRACE_SYSCALL_ABORT, and no answer takes that back.
 *
 * Context: current, no locks, just after entering the kernel. May sleep.
 * Return: true if the system call must not happen: an engine has said so, or
 * current was stopped here and is being killed.
 */
bool utrace_report_syscall_entry(struct pt_regs *regs)
{
	struct utrace_report report = {
		.event = UTRACE_EVENT(SYSCALL_ENTRY),
	};
	struct utrace_engine *engine;
	u32 answer;

	if (!utrace_wants(report.event))
		return false;

	utrace_for_each_engine(engine, &report, answer) {
		answer = engine->ops->report_syscall_entry(report.action,
							   engine, regs);
		report.action |= answer & UTRACE_SYSCALL_ABORT;
	}
	return !utrace_finish_report(&report) ||
	       utrace_syscall_action(report.action) == UTRACE_SYSCALL_ABORT;
}

/**
 * utrace_report_syscall_exit - current has made a system call or skipped it
 * @regs: its user registers
 * @step: it is being stepped, and the caller makes the single-step trap
 *
 * Context: current, no locks, before signals are dequeued. May sleep.
 */
void utrace_report_syscall_exit(struct pt_regs *regs, bool step)
{
	struct utrace_report report;
	struct utrace_engine *engine;
	u32 answer;

	if (!utrace_wants(UTRACE_EVENT(SYSCALL_EXIT)))
		return;

	report = (struct utrace_report) {
		.event = UTRACE_EVENT(SYSCALL_EXIT),
		.action = step ? UTRACE_SYSCALL_STEP : 0,
	};
	utrace_for_each_engine(engine, &report, answer)
		answer = engine->ops->report_syscall_exit(report.action, engine,
							  regs);
	utrace_finish_report(&report);
}
