/* SPDX-License-Identifier: GPL-2.0 */
/*
 * utrace - engines that watch and steer a user task
 *
 * An engine is attached to one task, with a mask of the events that it wants to
 * be reported and a callback for each. The task itself calls the callback when
 * the event happens, and what that returns decides how the task goes on. Any
 * number of engines can be attached to a task; ptrace is one of them.
 *
 * This is what the author of an engine needs. The places in the kernel where
 * the events happen include <linux/utrace_hooks.h>.
 */
#ifndef _LINUX_UTRACE_H
#define _LINUX_UTRACE_H

#include <linux/bits.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>

struct cred;
struct kernel_siginfo;
struct linux_binprm;
struct pt_regs;
struct task_struct;
struct utrace_engine;

/**
 * enum utrace_events - the numbers of the events
 * @_UTRACE_EVENT_SYSCALL_ENTRY: the task is about to make a system call
 * @_UTRACE_EVENT_SYSCALL_EXIT: the task has left a system call
 * @_UTRACE_EVENT_QUIESCE: the task is about to return to user mode, and an
 *	engine has asked for this report
 * @_UTRACE_EVENT_CLONE: the task has created another one, which has not run yet
 * @_UTRACE_EVENT_EXEC: the task executes a new program
 * @_UTRACE_EVENT_EXIT: the task is about to exit
 * @_UTRACE_EVENT_DEATH: the task has exited and is about to become a zombie
 * @_UTRACE_EVENT_REAP: the task is being released
 * @_UTRACE_EVENT_SIGNAL: the task has dequeued a signal and is about to act on it
 * @_UTRACE_NEVENTS: how many events there are
 */
enum utrace_events {
	_UTRACE_EVENT_SYSCALL_ENTRY,
	_UTRACE_EVENT_SYSCALL_EXIT,
	_UTRACE_EVENT_QUIESCE,
	_UTRACE_EVENT_CLONE,
	_UTRACE_EVENT_EXEC,
	_UTRACE_EVENT_EXIT,
	_UTRACE_EVENT_DEATH,
	_UTRACE_EVENT_REAP,
	_UTRACE_EVENT_SIGNAL,
	_UTRACE_NEVENTS
};

/* The bit of an event in an event mask, by name: UTRACE_EVENT(SYSCALL_ENTRY). */
#define UTRACE_EVENT(type)	BIT(_UTRACE_EVENT_##type)

/* Both ends of a system call: what SYSCALL_WORK_SYSCALL_TRACE stands for. */
#define UTRACE_EVENT_SYSCALL	\
	(UTRACE_EVENT(SYSCALL_ENTRY) | UTRACE_EVENT(SYSCALL_EXIT))

/**
 * enum utrace_resume_action - how the task goes on, the weakest first
 * @UTRACE_RESUME: the task goes on; as an answer, the engine asks for nothing
 * @UTRACE_REPORT: call report_quiesce() before the task returns to user mode
 * @UTRACE_INTERRUPT: end an interruptible wait in the kernel, then as
 *	%UTRACE_REPORT
 * @UTRACE_STOP: stop the task until this engine resumes it
 * @UTRACE_DETACH: detach this engine
 *
 * A callback returns one of these, and utrace_control() takes one.
 *
 * A stop belongs to the engine that asked for it. It ends when that engine
 * resumes the task with utrace_control() or is detached. Neither another engine
 * nor the answer of a callback ends it.
 */
enum utrace_resume_action {
	UTRACE_RESUME,
	UTRACE_REPORT,
	UTRACE_INTERRUPT,
	UTRACE_STOP,
	UTRACE_DETACH,
};

#define UTRACE_RESUME_MASK	0x0f

/**
 * enum utrace_syscall_action - what becomes of the system call being entered
 * @UTRACE_SYSCALL_RUN: no objection
 * @UTRACE_SYSCALL_ABORT: the system call does not happen
 *
 * Returned by report_syscall_entry(), ORed with the resume action. The call is
 * skipped if any engine answers %UTRACE_SYSCALL_ABORT, whatever the others
 * answer. Every engine still gets its report, and sees in @action that an engine
 * before it has skipped the call.
 */
enum utrace_syscall_action {
	UTRACE_SYSCALL_RUN = 0x00,
	UTRACE_SYSCALL_ABORT = 0x10,
};

#define UTRACE_SYSCALL_MASK	0xf0

/*
 * In the @action of report_syscall_exit(): the task is being stepped, and the
 * single-step trap for the system-call instruction follows, unless a tracer's
 * PTRACE_SYSEMU_SINGLESTEP suppresses it.
 */
#define UTRACE_SYSCALL_STEP	0x100

/**
 * enum utrace_signal_action - what becomes of a signal
 * @UTRACE_SIGNAL_DELIVER: the handler of the task runs; as an answer, the
 *	engine has no objection to what is going to happen
 * @UTRACE_SIGNAL_IGN: nothing happens
 * @UTRACE_SIGNAL_TERM: the thread group is killed
 * @UTRACE_SIGNAL_CORE: the thread group is killed and dumps core, if it can
 * @UTRACE_SIGNAL_STOP: the thread group stops
 * @UTRACE_SIGNAL_TSTP: the thread group stops, unless its process group is
 *	orphaned
 *
 * As the @disposition of report_signal(): what the task itself does with the
 * signal. In @action: what an engine before this one has answered. Returned by
 * report_signal(), ORed with the resume action: what is to happen instead.
 *
 * The first engine that answers something other than %UTRACE_SIGNAL_DELIVER
 * decides, and no later answer changes that. The answer takes effect whatever
 * the task blocks, ignores or handles. If it is not the default action of the
 * signal at hand, the signal becomes SIGTERM, SIGABRT, SIGSTOP or SIGTSTP. An
 * exec of another thread that begins before the core dump does goes on, and only
 * this thread dies, as with a fault.
 *
 * The one answer that is refused is to kill or TSTP an init that is immune to
 * its signals (%SIGNAL_UNKILLABLE): then the signal takes its usual course.
 */
enum utrace_signal_action {
	UTRACE_SIGNAL_DELIVER = 0x00,
	UTRACE_SIGNAL_IGN = 0x10,
	UTRACE_SIGNAL_TERM = 0x20,
	UTRACE_SIGNAL_CORE = 0x30,
	UTRACE_SIGNAL_STOP = 0x40,
	UTRACE_SIGNAL_TSTP = 0x50,
};

#define UTRACE_SIGNAL_MASK	0xf0

static inline enum utrace_resume_action utrace_resume_action(u32 action)
{
	return action & UTRACE_RESUME_MASK;
}

static inline enum utrace_syscall_action utrace_syscall_action(u32 action)
{
	return action & UTRACE_SYSCALL_MASK;
}

static inline enum utrace_signal_action utrace_signal_action(u32 action)
{
	return action & UTRACE_SIGNAL_MASK;
}

/**
 * struct utrace_engine_ops - callbacks of an engine
 *
 * The callbacks except @report_reap and @release run in the task that they
 * report on, with interrupts on and no spinlock held. They may sleep, allocate,
 * touch the task's memory (before @report_death) and call any function of this
 * interface.
 *
 * The engines of a task are called one after the other, in the order in which
 * they were attached. An engine that is attached in the middle of a report is
 * not called for it. @action is the strongest resume action but %UTRACE_DETACH
 * that earlier engines have answered, ORed with what they have answered about
 * the event. Except for @report_reap and @release, they return a
 * &enum utrace_resume_action; 0 is "go on" and leaves everything as it would be
 * without the engine.
 *
 * An engine must have the callback of every event that it asks for.
 */
struct utrace_engine_ops {
	/**
	 * @report_syscall_entry: UTRACE_EVENT(SYSCALL_ENTRY). The task has
	 * entered the kernel for a system call, which has not begun. @regs may
	 * be changed, number and arguments included. Returns a &enum
	 * utrace_syscall_action ORed with the resume action. %UTRACE_STOP stops
	 * the task here, before the system call; if a fatal signal ends the
	 * stop, the call is skipped.
	 *
	 * With generic entry code, and on arm64 and powerpc, an engine that
	 * answers %UTRACE_SYSCALL_ABORT may set the result with
	 * syscall_set_return_value(), and seccomp, tracepoints and audit do not
	 * see the entry. If it sets none, the result is -ENOSYS; but on arm64
	 * and powerpc it is the first argument, and on s390 what a tracer has
	 * written to that register at the entry, if it has. Most of the other
	 * architectures skip the call, but some of them overwrite the result or
	 * go through seccomp: see Documentation/core-api/utrace.rst.
	 */
	u32 (*report_syscall_entry)(u32 action, struct utrace_engine *engine,
				    struct pt_regs *regs);
	/**
	 * @report_syscall_exit: UTRACE_EVENT(SYSCALL_EXIT). The task has left a
	 * system call that ran or was skipped; @regs hold the result and may be
	 * changed. %UTRACE_SYSCALL_STEP in @action says that the task is being
	 * stepped.
	 */
	u32 (*report_syscall_exit)(u32 action, struct utrace_engine *engine,
				   struct pt_regs *regs);
	/**
	 * @report_quiesce: UTRACE_EVENT(QUIESCE). Some engine has asked for
	 * %UTRACE_REPORT, %UTRACE_INTERRUPT or a stop, and the task is about to
	 * return to user mode. This is task work, so it may also come just
	 * before a stop of a tracer or of another engine, at the entry of a
	 * system call for instance, and in the few system calls that run task
	 * work while they wait, with the mutexes that these hold. To answer
	 * %UTRACE_REPORT or %UTRACE_INTERRUPT here has no effect.
	 */
	u32 (*report_quiesce)(u32 action, struct utrace_engine *engine);
	/**
	 * @report_clone: UTRACE_EVENT(CLONE). The task has created @child,
	 * which others can see but which has not run: an engine that is
	 * attached to it here sees all that it does. Not called for a clone
	 * that fails, nor with %CLONE_UNTRACED. %UTRACE_STOP takes effect
	 * before the task returns to user mode, when @child has been started.
	 * Until the callback returns @child can be neither frozen nor killed.
	 */
	u32 (*report_clone)(u32 action, struct utrace_engine *engine,
			    u64 clone_flags, struct task_struct *child);
	/**
	 * @report_exec: UTRACE_EVENT(EXEC). The task has a new program, which
	 * has not run; all other threads of its group are dead, though their
	 * @report_reap may be running still, and it has the pid of the group's
	 * leader.
	 */
	u32 (*report_exec)(u32 action, struct utrace_engine *engine,
			   struct linux_binprm *bprm);
	/**
	 * @report_exit: UTRACE_EVENT(EXIT). The task is about to exit, with
	 * everything it owns still there. @code is the exit code in the form
	 * that wait() gives. From here on the task cannot be stopped, since
	 * SIGKILL may not reach it: of the resume actions only %UTRACE_DETACH
	 * has a meaning.
	 */
	u32 (*report_exit)(u32 action, struct utrace_engine *engine, long code);
	/**
	 * @report_death: UTRACE_EVENT(DEATH). The task has given up what it
	 * owned and becomes a zombie when the callbacks have returned.
	 * @group_dead: it is the last of its thread group. Of the resume
	 * actions only %UTRACE_DETACH has a meaning.
	 */
	u32 (*report_death)(u32 action, struct utrace_engine *engine,
			    bool group_dead);
	/**
	 * @report_reap: UTRACE_EVENT(REAP). The task is being released: the
	 * last report of the engine, which is detached when this returns. This
	 * runs in whoever releases the task: a parent or tracer that
	 * waits for it or exits, the last thread of its group, a thread that
	 * executes a new program and holds its cred_guard_mutex, or the task
	 * itself, which nobody finds any more. Each may be on its own way out.
	 * It must not wait for these, nor call utrace_barrier() for its own
	 * engine.
	 */
	void (*report_reap)(struct utrace_engine *engine);
	/**
	 * @report_signal: UTRACE_EVENT(SIGNAL). The task has dequeued the
	 * signal @info, a tracer has let it pass, and the task is about to do
	 * what @disposition says. Returns a &enum utrace_signal_action ORed with
	 * the resume action. %UTRACE_STOP stops the task before the signal has
	 * its effect.
	 *
	 * Not reported are signals that are not acted on here: those that are
	 * ignored when they are sent, and those that kill the thread group
	 * at once. That is what SIGKILL does, and, in a task that has no tracer
	 * and does not block it, every signal whose action is to terminate
	 * without a core dump. UTRACE_EVENT(EXIT) is reported then. Nor is a
	 * signal reported that the kernel forces with force_exit_sig(), or by
	 * which seccomp kills.
	 */
	u32 (*report_signal)(u32 action, struct utrace_engine *engine,
			     const struct kernel_siginfo *info,
			     enum utrace_signal_action disposition);
	/**
	 * @release: the last reference to the engine was dropped; @data is its
	 * &utrace_engine.data. Runs exactly once, in the context of whoever
	 * dropped the reference; it must not sleep.
	 */
	void (*release)(void *data);
};

/**
 * struct utrace_engine - what is attached to one task
 *
 * An engine is attached until it is detached by utrace_control(), by the answer
 * of a callback, or when its task is released. References keep the structure,
 * not the attachment: each function below is safe with a reference to the
 * engine alone, even when the task has been released.
 */
struct utrace_engine {
	/** @ops: its callbacks; never changes */
	const struct utrace_engine_ops *ops;
	/** @data: for the engine's own use */
	void *data;
	/**
	 * @task: its task; never changes. A reference is held, but for ptrace's
	 * engine, which is detached before its task is released
	 */
	struct task_struct *task;
	/**
	 * @events: mask of the events that it wants, 0 when it is detached.
	 * Written under the lock of the task's engines; others may read it with
	 * READ_ONCE().
	 */
	unsigned long events;

	/* private: guarded by the lock of the task's engines */
	struct list_head entry;		/* in utrace.engines */
	u64 number;			/* which attachment to the task it is */
	unsigned int calling;		/* how many callbacks are running */
	unsigned int idle;		/* how often @calling has fallen to 0 */
	bool attached;			/* and not detached since */
	bool stop;			/* has asked for a stop */
	/* private: */
	const struct cred *cred;	/* who attached it, if that was checked; never changes */
	struct kref kref;		/* the attachment holds one */
};

struct utrace_engine *utrace_attach_task(struct task_struct *task,
					 const struct utrace_engine_ops *ops,
					 void *data);
struct utrace_engine *utrace_attach_checked(struct task_struct *task,
					    const struct utrace_engine_ops *ops,
					    void *data);
struct utrace_engine *utrace_attach_child(struct utrace_engine *engine,
					  struct task_struct *child,
					  void *data);
int utrace_set_events(struct utrace_engine *engine, unsigned long events);
int utrace_control(struct utrace_engine *engine,
		   enum utrace_resume_action action);
int utrace_barrier(struct utrace_engine *engine);

/**
 * struct utrace_examiner - a look at a stopped task
 */
struct utrace_examiner {
	/* private: */
	unsigned long switches;		/* how often the task had slept */
};

int __must_check utrace_prepare_examine(struct utrace_engine *engine,
					struct utrace_examiner *examiner);
int __must_check utrace_finish_examine(struct utrace_engine *engine,
				       struct utrace_examiner *examiner);

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
 * Context: any but hard interrupt. Runs &utrace_engine_ops.release with the last
 * reference.
 */
static inline void utrace_engine_put(struct utrace_engine *engine)
{
	if (engine)
		kref_put(&engine->kref, utrace_engine_release);
}

#endif /* _LINUX_UTRACE_H */
