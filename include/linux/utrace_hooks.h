/* SPDX-License-Identifier: GPL-2.0 */
/*
 * utrace: the reports of a task to its engines
 *
 * For the places in the kernel where the events happen. Each hook costs a task
 * that never had an engine the test of one word of its task_struct.
 */
#ifndef _LINUX_UTRACE_HOOKS_H
#define _LINUX_UTRACE_HOOKS_H

#include <linux/compiler.h>
#include <linux/sched.h>
#include <linux/types.h>

struct ksignal;
struct linux_binprm;
struct pt_regs;

bool utrace_report_syscall_entry(struct pt_regs *regs);
void utrace_report_syscall_exit(struct pt_regs *regs, bool step);
struct k_sigaction *utrace_report_signal(int signr, struct ksignal *ksig,
					 enum pid_type type);
void __utrace_report_clone(u64 clone_flags, struct task_struct *child);
void __utrace_check_exec(struct linux_binprm *bprm);
void __utrace_report_exec(struct linux_binprm *bprm);
void __utrace_allow_stop(void);
void __utrace_report_exit(long code);
void __utrace_report_death(bool group_dead);
void __utrace_release_task(struct task_struct *task);
void __utrace_free_task(struct task_struct *task);

/**
 * utrace_in_use - does a task have engines, or has it had some?
 * @task: the task; the caller holds a reference or is the task
 *
 * Racy: others may attach the first engine at any moment. If that is missed, it
 * is as if the engine had been attached a moment later.
 *
 * Return: true if it has, or had.
 */
static inline bool utrace_in_use(const struct task_struct *task)
{
	return unlikely(READ_ONCE(task->utrace));
}

/**
 * utrace_report_clone - current has created a task that has not run
 * @clone_flags: CLONE_* flags; with %CLONE_UNTRACED nothing is reported
 * @child: the new task, already visible
 *
 * Context: current, the parent of @child; no locks. May sleep.
 */
static inline void utrace_report_clone(u64 clone_flags,
				       struct task_struct *child)
{
	if (utrace_in_use(current))
		__utrace_report_clone(clone_flags, child);
}

/**
 * utrace_check_exec - current has got the credentials of a new program
 * @bprm: what is executed
 *
 * Context: current, past the point of no return; holds cred_guard_mutex.
 */
static inline void utrace_check_exec(struct linux_binprm *bprm)
{
	if (utrace_in_use(current))
		__utrace_check_exec(bprm);
}

/**
 * utrace_report_exec - current has a new program
 * @bprm: what was executed
 *
 * Context: current, past the point of no return; no locks. May sleep.
 */
static inline void utrace_report_exec(struct linux_binprm *bprm)
{
	if (utrace_in_use(current))
		__utrace_report_exec(bprm);
}

/**
 * utrace_report_exit - current is about to exit
 * @code: its exit code
 *
 * From here on current is not stopped any more.
 *
 * Context: current, no locks, before %PF_EXITING is set. May sleep.
 */
static inline void utrace_report_exit(long code)
{
	if (utrace_in_use(current))
		__utrace_report_exit(code);
}

/**
 * utrace_report_death - current has exited and is about to become a zombie
 * @group_dead: it is the last of its thread group
 *
 * No engine but ptrace's can be attached any more.
 *
 * Context: current, no locks, %PF_EXITING is set, and a full memory barrier
 * after that. May sleep.
 */
static inline void utrace_report_death(bool group_dead)
{
	/*
	 * atomic_dec_and_test(&signal->live) in do_exit() pairs with smp_mb() in
	 * utrace_attach_created(): either that sees PF_EXITING, or we see the
	 * struct utrace here.
	 */
	if (utrace_in_use(current))
		__utrace_report_death(group_dead);
}

/**
 * utrace_allow_stop - what was put off because current could not stop is due now
 *
 * Called at the end of an exec, whether that failed or not, and of a uprobe's
 * step out of line.
 *
 * Context: current, no locks.
 */
static inline void utrace_allow_stop(void)
{
	if (utrace_in_use(current))
		__utrace_allow_stop();
}

/**
 * utrace_init_task - a new task has no engines
 * @task: copy of current, not visible to anybody else yet
 */
static inline void utrace_init_task(struct task_struct *task)
{
	task->utrace = NULL;
}

/**
 * utrace_release_task - report to the engines of a task that it is released
 * @task: task in %EXIT_DEAD state
 *
 * Context: process context, no spinlocks.
 */
static inline void utrace_release_task(struct task_struct *task)
{
	if (utrace_in_use(task))
		__utrace_release_task(task);
}

/**
 * utrace_free_task - free what utrace has allocated for a task
 * @task: task with no reference left, or one that was never started
 *
 * Context: any.
 */
static inline void utrace_free_task(struct task_struct *task)
{
	if (unlikely(task->utrace))
		__utrace_free_task(task);
}

#endif /* _LINUX_UTRACE_HOOKS_H */
