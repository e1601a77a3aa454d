/* SPDX-License-Identifier: GPL-2.0 */
/*
 * utrace - engines that watch and steer a user task
 *
 * An engine is attached to one task. It names the events that it wants to hear
 * of, and the task itself calls the engine back when one of them happens. What
 * the callback returns decides how the task goes on. Any number of engines can
 * be attached to a task; ptrace is one of them.
 */
#ifndef _LINUX_UTRACE_H
#define _LINUX_UTRACE_H

#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/gfp_types.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/types.h>

struct pid;
struct pt_regs;
struct utrace;
struct utrace_engine;

/**
 * enum utrace_events - the numbers of the events
 * @_UTRACE_EVENT_QUIESCE: the task is at a place where it can be examined
 * @_UTRACE_EVENT_SYSCALL_ENTRY: the task is about to make a system call
 * @_UTRACE_EVENT_SYSCALL_EXIT: the task has left a system call
 * @_UTRACE_NEVENTS: how many there are
 */
enum utrace_events {
	_UTRACE_EVENT_QUIESCE,
	_UTRACE_EVENT_SYSCALL_ENTRY,
	_UTRACE_EVENT_SYSCALL_EXIT,
	_UTRACE_NEVENTS
};

/* The bit of an event in an event mask, by name: UTRACE_EVENT(QUIESCE). */
#define UTRACE_EVENT(type)	BIT(_UTRACE_EVENT_##type)

#define UTRACE_EVENT_ALL	(BIT(_UTRACE_NEVENTS) - 1)

/* Both ends of a system call: what SYSCALL_WORK_SYSCALL_TRACE stands for. */
#define UTRACE_EVENT_SYSCALL	\
	(UTRACE_EVENT(SYSCALL_ENTRY) | UTRACE_EVENT(SYSCALL_EXIT))

/**
 * enum utrace_resume_action - how the task goes on, the strongest first
 * @UTRACE_STOP: stop the task until this engine resumes it
 * @UTRACE_INTERRUPT: end what the task waits for, then as %UTRACE_REPORT
 * @UTRACE_REPORT: call report_quiesce() before the task returns to user mode
 * @UTRACE_SINGLESTEP: trap after one instruction in user mode
 * @UTRACE_BLOCKSTEP: trap after the next branch taken in user mode
 * @UTRACE_RESUME: go on
 * @UTRACE_DETACH: detach this engine and go on
 *
 * Stop and step belong to the engine that asked for them. They stay in force
 * until the same engine takes them back with utrace_control() or is detached;
 * no other engine can. While the engines of a task differ, the strongest of
 * their actions is what the task does.
 *
 * Out of a callback, an action adds to what the engine has asked for already:
 * %UTRACE_RESUME asks for nothing more. If another task calls utrace_control()
 * while the callback runs, that counts, and a stop or step that the callback
 * answers does not.
 *
 * Note that 0 is %UTRACE_STOP: a callback with nothing to say has to return
 * %UTRACE_RESUME.
 */
enum utrace_resume_action {
	UTRACE_STOP,
	UTRACE_INTERRUPT,
	UTRACE_REPORT,
	UTRACE_SINGLESTEP,
	UTRACE_BLOCKSTEP,
	UTRACE_RESUME,
	UTRACE_DETACH,
};

#define UTRACE_RESUME_MASK	0x07

/**
 * enum utrace_syscall_action - what becomes of the system call being entered
 * @UTRACE_SYSCALL_RUN: no objection
 * @UTRACE_SYSCALL_ABORT: the system call does not happen
 *
 * Returned by report_syscall_entry() together with a resume action. The call is
 * skipped if any engine answers %UTRACE_SYSCALL_ABORT, whatever the engines
 * after it answer. Each of them still gets its report and sees in its @action
 * argument that the call has been skipped.
 */
enum utrace_syscall_action {
	UTRACE_SYSCALL_RUN = 0x00,
	UTRACE_SYSCALL_ABORT = 0x10,
};

#define UTRACE_SYSCALL_MASK	0xf0

/* In the @action argument of report_syscall_exit(): in place of a trap. */
#define UTRACE_SYSCALL_STEP	0x200

static inline enum utrace_resume_action utrace_resume_action(u32 action)
{
	return action & UTRACE_RESUME_MASK;
}

static inline enum utrace_syscall_action utrace_syscall_action(u32 action)
{
	return action & UTRACE_SYSCALL_MASK;
}

/* Flags for utrace_attach_task(). */
#define UTRACE_ATTACH_MATCH_OPS		0x0001	/* look for these ops */
#define UTRACE_ATTACH_MATCH_DATA	0x0002	/* look for this data */
#define UTRACE_ATTACH_MATCH_MASK	0x000f
#define UTRACE_ATTACH_CREATE		0x0010	/* attach a new engine */
#define UTRACE_ATTACH_EXCLUSIVE		0x0020	/* unless one matches */

/**
 * struct utrace_engine_ops - callbacks of an engine
 *
 * @report_quiesce: %UTRACE_EVENT(QUIESCE). @event is the event whose callback
 *	follows, or 0 for a look-in, which comes before the task returns to user
 *	mode because some engine asked for %UTRACE_REPORT, %UTRACE_INTERRUPT or
 *	a stop. A look-in is task work: it may also come just before a ptrace
 *	stop, and in the few system calls that run task work while they wait.
 *
 * @report_syscall_entry: %UTRACE_EVENT(SYSCALL_ENTRY). The task has entered the
 *	kernel for a system call, which has not begun. @regs may be changed,
 *	number and arguments included. Returns a &enum utrace_syscall_action
 *	or'ed to the resume action. %UTRACE_STOP stops the task here, before
 *	the system call. On architectures with generic entry code, an engine
 *	that answers %UTRACE_SYSCALL_ABORT may set the result with
 *	syscall_set_return_value(), otherwise it is -ENOSYS; and seccomp,
 *	tracepoint and audit do not see the entry. Other architectures skip the
 *	call, but some of them overwrite the result or go through seccomp.
 *
 * @report_syscall_exit: %UTRACE_EVENT(SYSCALL_EXIT). The task has left a system
 *	call that ran or was skipped; @regs hold the result and may be changed.
 *	Also called for an engine that steps the task, whether it wants the
 *	event or not: then %UTRACE_SYSCALL_STEP is in @action, and the report is
 *	in place of the trap that this engine's step would give.
 *
 * @release: the last reference to the engine is gone; @data is its
 *	&utrace_engine.data. Runs exactly once, in the context of whoever
 *	dropped the reference, possibly with interrupts off: it must not sleep.
 *
 * Context: the report callbacks run in the task that they report on, with
 * interrupts on and no spinlock held. They may sleep, allocate, touch the
 * task's memory and call any function of this interface. They are called one at
 * a time and never nest. @action holds the strongest resume action of the engines
 * that have answered already, plus the flags of the event. They return a &enum
 * utrace_resume_action.
 *
 * An engine must have the callback of every event that it asks for.
 */
struct utrace_engine_ops {
	u32 (*report_quiesce)(u32 action, struct utrace_engine *engine,
			      unsigned long event);
	u32 (*report_syscall_entry)(u32 action, struct utrace_engine *engine,
				    struct pt_regs *regs);
	u32 (*report_syscall_exit)(u32 action, struct utrace_engine *engine,
				   struct pt_regs *regs);
	void (*release)(void *data);
};

/**
 * struct utrace_engine - one tracer of one task
 * @ops: callbacks; never changes
 * @data: for the engine's own use
 * @flags: mask of the events that it wants, 0 once it is detached. Written
 *	under the lock of the task's &struct utrace; read it with READ_ONCE()
 *
 * An engine is attached until it is detached by utrace_control(), by a
 * callback's answer, or by the end of the task. References keep the structure,
 * not the attachment: every function below is safe with a reference to the
 * engine alone, even when the task is long gone.
 */
struct utrace_engine {
	const struct utrace_engine_ops *ops;
	void *data;
	unsigned long flags;

	/* private: */
	struct kref kref;
	struct utrace *utrace;		/* referenced; never changes */
	/* The rest is guarded by utrace->lock. */
	struct list_head entry;
	u64 attached_at;		/* utrace->report_nr then */
	u8 step;			/* UTRACE_*STEP or UTRACE_RESUME */
	bool attached;
	bool stop;
	bool overruled;			/* controlled while in a callback */
};

struct utrace_engine *utrace_attach_task(struct task_struct *task, int flags,
					 const struct utrace_engine_ops *ops,
					 void *data);
struct utrace_engine *utrace_attach_pid(struct pid *pid, int flags,
					const struct utrace_engine_ops *ops,
					void *data);
int utrace_set_events(struct task_struct *task, struct utrace_engine *engine,
		      unsigned long events);
int utrace_control(struct task_struct *task, struct utrace_engine *engine,
		   enum utrace_resume_action action);
int utrace_barrier(struct task_struct *task, struct utrace_engine *engine);

void utrace_engine_release(struct kref *kref);

/**
 * utrace_engine_get - take a reference to an engine
 * @engine: an engine that the caller already has a reference to
 */
static inline void utrace_engine_get(struct utrace_engine *engine)
{
	kref_get(&engine->kref);
}

/**
 * utrace_engine_put - drop a reference to an engine
 * @engine: the engine, or NULL
 *
 * Context: any. Runs &utrace_engine_ops.release with the last reference.
 */
static inline void utrace_engine_put(struct utrace_engine *engine)
{
	if (engine)
		kref_put(&engine->kref, utrace_engine_release);
}

DEFINE_FREE(utrace_engine_put, struct utrace_engine *, utrace_engine_put(_T))

/*
 * For ptrace, which must not fail to attach where it could not before, and
 * which attaches, detaches and resumes under locks of its own.
 */
struct utrace_engine *utrace_create_engine(struct task_struct *task,
					   const struct utrace_engine_ops *ops,
					   void *data, gfp_t gfp);
int utrace_attach_engine(struct utrace_engine *engine);
struct utrace_engine *utrace_find_engine(struct task_struct *task,
					 const struct utrace_engine_ops *ops);
void utrace_detach_held(struct utrace_engine *engine);
int utrace_resume_held(struct task_struct *task, struct utrace_engine *engine,
		       unsigned long events, enum utrace_resume_action action);

/* Hooks, called by the places where a task is born, dies and is told about. */

int utrace_report_syscall_entry(struct pt_regs *regs);
void utrace_report_syscall_exit(struct pt_regs *regs, bool step);
void __utrace_release_task(struct task_struct *task);
void __utrace_free_task(struct task_struct *task);

/**
 * utrace_init_task - a new task has no engines
 * @task: copy of current, not yet visible to anyone
 */
static inline void utrace_init_task(struct task_struct *task)
{
	task->utrace_flags = 0;
	task->utrace = NULL;
}

/**
 * utrace_release_task - detach all engines from a task that is being reaped
 * @task: task in %EXIT_DEAD state
 *
 * Context: process context, no locks. tasklist_lock was held for writing since
 * the task's exit_state was set, so that no engine can be attached any more and
 * all that were are visible here.
 */
static inline void utrace_release_task(struct task_struct *task)
{
	/* An attach that comes too late may just set it, and attach nothing. */
	if (unlikely(READ_ONCE(task->utrace)))
		__utrace_release_task(task);
}

/**
 * utrace_free_task - free what a task holds
 * @task: task with no reference left, or one that was never born
 *
 * Context: any.
 */
static inline void utrace_free_task(struct task_struct *task)
{
	if (unlikely(task->utrace))
		__utrace_free_task(task);
}

#endif /* _LINUX_UTRACE_H */
