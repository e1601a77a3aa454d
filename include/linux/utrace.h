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
#include <linux/pid_types.h>
#include <linux/sched.h>
#include <linux/types.h>

struct kernel_siginfo;
struct k_sigaction;
struct ksignal;
struct linux_binprm;
struct pid;
struct pt_regs;
struct utrace;
struct utrace_engine;

/**
 * enum utrace_events - the numbers of the events
 * @_UTRACE_EVENT_QUIESCE: the task is at a place where it can be examined
 * @_UTRACE_EVENT_REAP: the task is being released, which is the last of it
 * @_UTRACE_EVENT_CLONE: the task has made another, which has not run yet
 * @_UTRACE_EVENT_CLONE_DONE: the other task has been started
 * @_UTRACE_EVENT_VFORK_DONE: a child of vfork() has given the memory back
 * @_UTRACE_EVENT_EXEC: the task has a new program
 * @_UTRACE_EVENT_EXIT: the task is about to exit
 * @_UTRACE_EVENT_DEATH: the task is dead
 * @_UTRACE_EVENT_SYSCALL_ENTRY: the task is about to make a system call
 * @_UTRACE_EVENT_SYSCALL_EXIT: the task has left a system call
 * @_UTRACE_EVENT_SECCOMP: a seccomp filter wants a tracer to look at a call
 * @_UTRACE_EVENT_SIGNAL: a signal that the task has a handler for
 * @_UTRACE_EVENT_SIGNAL_IGN: a signal that the task ignores
 * @_UTRACE_EVENT_SIGNAL_STOP: a signal that stops the task
 * @_UTRACE_EVENT_SIGNAL_TERM: a signal that kills the task
 * @_UTRACE_EVENT_SIGNAL_CORE: a signal that kills the task and dumps core
 * @_UTRACE_EVENT_JCTL: the task stops or continues for job control
 * @_UTRACE_NEVENTS: how many there are
 */
enum utrace_events {
	_UTRACE_EVENT_QUIESCE,
	_UTRACE_EVENT_REAP,
	_UTRACE_EVENT_CLONE,
	_UTRACE_EVENT_CLONE_DONE,
	_UTRACE_EVENT_VFORK_DONE,
	_UTRACE_EVENT_EXEC,
	_UTRACE_EVENT_EXIT,
	_UTRACE_EVENT_DEATH,
	_UTRACE_EVENT_SYSCALL_ENTRY,
	_UTRACE_EVENT_SYSCALL_EXIT,
	_UTRACE_EVENT_SECCOMP,
	_UTRACE_EVENT_SIGNAL,
	_UTRACE_EVENT_SIGNAL_IGN,
	_UTRACE_EVENT_SIGNAL_STOP,
	_UTRACE_EVENT_SIGNAL_TERM,
	_UTRACE_EVENT_SIGNAL_CORE,
	_UTRACE_EVENT_JCTL,
	_UTRACE_NEVENTS
};

/* The bit of an event in an event mask, by name: UTRACE_EVENT(QUIESCE). */
#define UTRACE_EVENT(type)	BIT(_UTRACE_EVENT_##type)

#define UTRACE_EVENT_ALL	(BIT(_UTRACE_NEVENTS) - 1)

/* Both ends of a system call: what SYSCALL_WORK_SYSCALL_TRACE stands for. */
#define UTRACE_EVENT_SYSCALL	\
	(UTRACE_EVENT(SYSCALL_ENTRY) | UTRACE_EVENT(SYSCALL_EXIT))

/* All that report_signal() is called for. */
#define UTRACE_EVENT_SIGNAL_ALL	\
	(UTRACE_EVENT(SIGNAL) | UTRACE_EVENT(SIGNAL_IGN) | \
	 UTRACE_EVENT(SIGNAL_STOP) | UTRACE_EVENT(SIGNAL_TERM) | \
	 UTRACE_EVENT(SIGNAL_CORE))

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
 * while the callback runs or is just about to, that counts, and a stop or step
 * that the callback answers does not. Call utrace_barrier() to be before the
 * next.
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

/**
 * enum utrace_signal_action - what becomes of a signal
 * @UTRACE_SIGNAL_DELIVER: the task's handler for the signal runs. As an answer:
 *	no objection to what is going to happen
 * @UTRACE_SIGNAL_IGN: nothing
 * @UTRACE_SIGNAL_TERM: the thread group is killed
 * @UTRACE_SIGNAL_CORE: the thread group is killed and dumps core
 * @UTRACE_SIGNAL_STOP: the thread group stops
 * @UTRACE_SIGNAL_TSTP: the thread group stops, unless its process group is
 *	orphaned
 * @UTRACE_SIGNAL_REPORT: there is no signal, an engine has asked for a report
 *	with %UTRACE_INTERRUPT
 * @UTRACE_SIGNAL_HANDLER: there is no signal, but a handler has just been set up
 *	while the task was stepping, and the step ends before its first instruction
 *
 * In the @action argument of report_signal(), what is going to happen; or'ed to
 * the resume action that it returns, what shall happen. What is in @action, or
 * %UTRACE_SIGNAL_DELIVER, changes nothing. %UTRACE_SIGNAL_IGN and
 * %UTRACE_SIGNAL_HOLD take the signal away: the engines after this one do not
 * hear of it any more.
 *
 * %UTRACE_SIGNAL_TERM, CORE, STOP and TSTP are the default action of a signal.
 * If it is not that of the signal at hand, the signal becomes SIGTERM, SIGABRT,
 * SIGSTOP or SIGTSTP. Init still dies of no signal, and only SIGSTOP stops it.
 */
enum utrace_signal_action {
	UTRACE_SIGNAL_DELIVER = 0x00,
	UTRACE_SIGNAL_IGN = 0x10,
	UTRACE_SIGNAL_TERM = 0x20,
	UTRACE_SIGNAL_CORE = 0x30,
	UTRACE_SIGNAL_STOP = 0x40,
	UTRACE_SIGNAL_TSTP = 0x50,
	UTRACE_SIGNAL_REPORT = 0x60,
	UTRACE_SIGNAL_HANDLER = 0x70,
};

#define UTRACE_SIGNAL_MASK	0xf0

/*
 * Returned by report_signal(): back to the queue with it, for another time. It
 * comes again as soon as the task runs, so this goes with UTRACE_STOP.
 */
#define UTRACE_SIGNAL_HOLD	0x100

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

/* Flags for utrace_attach_task(). */
#define UTRACE_ATTACH_MATCH_OPS		0x0001	/* look for these ops */
#define UTRACE_ATTACH_MATCH_DATA	0x0002	/* look for this data */
#define UTRACE_ATTACH_MATCH_MASK	0x000f
#define UTRACE_ATTACH_CREATE		0x0010	/* attach a new engine */
#define UTRACE_ATTACH_EXCLUSIVE		0x0020	/* unless one matches */

/**
 * struct utrace_engine_ops - callbacks of an engine
 *
 * @report_quiesce: UTRACE_EVENT(QUIESCE). @event is the event whose callback
 *	follows, or all signal events if it is of no particular one, or 0 for a
 *	look-in, which comes before the task returns to user mode because some
 *	engine asked for %UTRACE_REPORT, %UTRACE_INTERRUPT or a stop. A look-in
 *	is task work: it may also come just before a ptrace stop, and in the few
 *	system calls that run task work while they wait.
 *
 * @report_clone: UTRACE_EVENT(CLONE). The task has made @child, which can be
 *	seen by all but has not run; an engine attached to it here sees all that
 *	it does. Not called for a clone that fails, nor for one that the kernel
 *	makes for itself. %UTRACE_STOP takes effect when @child has been started,
 *	since a task that cannot run could not be killed.
 *
 * @report_clone_done: UTRACE_EVENT(CLONE_DONE). @child has been started and may
 *	be gone. @trace is the %PTRACE_EVENT_* that ptrace settled on when the
 *	clone began, or 0. Not called if nobody wanted this or CLONE before @child
 *	was started.
 *
 * @report_vfork_done: UTRACE_EVENT(VFORK_DONE). @child has executed another
 *	program or died, and the task goes on. Not called if a signal killed the
 *	task first.
 *
 * @report_exec: UTRACE_EVENT(EXEC). The task has a new program, all other threads
 *	of its group are gone, and it has the leader's pid; before, its pid was
 *	@old_pid for its parent, that is its tracer if it has one. The new
 *	program has not run.
 *
 * @report_exit: UTRACE_EVENT(EXIT). The task is about to exit, with all it owns
 *	still there. @code is the exit code as wait() gives it, and may be
 *	changed; if the thread group is exiting, this changes the group's too.
 *	@orig_code is what it was at first. %UTRACE_STOP stops the task here only
 *	if its thread group lives on.
 *
 * @report_death: UTRACE_EVENT(DEATH). The task is a zombie, or less if nobody
 *	waits for it. @group_dead: it was the last of its thread group. Of the
 *	resume actions only %UTRACE_DETACH has a meaning.
 *
 * @report_reap: UTRACE_EVENT(REAP). @task is being released: the last that an
 *	engine hears, after report_death(). It cannot change its events or
 *	detach any more; @release follows.
 *
 * @report_syscall_entry: UTRACE_EVENT(SYSCALL_ENTRY). The task has entered the
 *	kernel for a system call, which has not begun. @regs may be changed,
 *	number and arguments included. Returns a &enum utrace_syscall_action
 *	or'ed to the resume action. %UTRACE_STOP stops the task here, before
 *	the system call. On architectures with generic entry code, an engine
 *	that answers %UTRACE_SYSCALL_ABORT may set the result with
 *	syscall_set_return_value(), otherwise it is -ENOSYS; and seccomp,
 *	tracepoint and audit do not see the entry. Other architectures skip the
 *	call, but some of them overwrite the result or go through seccomp.
 *
 * @report_syscall_exit: UTRACE_EVENT(SYSCALL_EXIT). The task has left a system
 *	call that ran or was skipped; @regs hold the result and may be changed.
 *	Also called for an engine that steps the task, whether it wants the
 *	event or not: then %UTRACE_SYSCALL_STEP is in @action, and the report is
 *	in place of the trap that this engine's step would give.
 *
 * @report_seccomp: UTRACE_EVENT(SECCOMP). A seccomp filter has answered
 *	%SECCOMP_RET_TRACE with @data to the system call at hand, which fails
 *	with -ENOSYS if no engine wants the event. Registers may be changed. The
 *	call is skipped if an engine answers %UTRACE_SYSCALL_ABORT or its number
 *	is negative then; or else the filters see it again.
 *
 * @report_signal: %UTRACE_EVENT_SIGNAL_ALL. The task has taken @info from its
 *	queue, or there is no signal (%UTRACE_SIGNAL_REPORT,
 *	%UTRACE_SIGNAL_HANDLER), then @info is empty. It may be changed; si_signo
 *	says which signal it is, and with one put into an empty @info
 *	%UTRACE_SIGNAL_REPORT sends it to the task. @disposition is what the
 *	task itself would do with the signal, and @action also holds a &enum
 *	utrace_signal_action, which is what the engines before have made of that.
 *	Returns one of these or'ed to the resume action. %UTRACE_STOP stops the
 *	task before the signal has its effect.
 *	Which event it is depends on what is going to happen; for no signal any
 *	will do.
 *	SIGKILL is not reported, nor a signal that the kernel forces on the task
 *	against its will.
 *	A trap by stepping is not the task's own. It is reported to each engine
 *	that steps and wants any signal, and to no other. It starts as
 *	%UTRACE_SIGNAL_IGN, which takes it away from no other engine, and
 *	%UTRACE_SIGNAL_DELIVER makes it a signal. It cannot be held.
 *
 * @report_jctl: UTRACE_EVENT(JCTL). @type is %CLD_STOPPED: the task is about to
 *	stop with its thread group; %CLD_CONTINUED: it has been, and goes on;
 *	%CLD_TRAPPED: it is about to trap for ptrace, because its group stops,
 *	or because the tracer asked for it. @notify is what the parent is going to
 *	be told as things stand, or 0 if it looks as if another thread will see
 *	to that: threads that come to it at the same time may all find so.
 *
 * @release: the last reference to the engine is gone; @data is its
 *	&utrace_engine.data. Runs exactly once, in the context of whoever
 *	dropped the reference, possibly with interrupts off: it must not sleep.
 *
 * Context: the report callbacks run in the task that they report on, with
 * interrupts on and no spinlock held. They may sleep, allocate, touch the
 * task's memory and call any function of this interface. They are called one at
 * a time and never nest. @report_reap is the exception: it may run in the parent
 * or in another thread, and must neither sleep nor wait for itself.
 *
 * @action holds the strongest resume action of the engines that have answered
 * already, plus the flags of the event. They return a &enum
 * utrace_resume_action.
 *
 * Engines are told in the order in which they were attached, but for
 * @report_syscall_entry: there the last one comes first. ptrace's engine keeps
 * the place that it got when the task was traced for the first time.
 *
 * An engine must have the callback of every event that it asks for.
 */
struct utrace_engine_ops {
	u32 (*report_quiesce)(u32 action, struct utrace_engine *engine,
			      unsigned long event);
	u32 (*report_clone)(u32 action, struct utrace_engine *engine,
			    u64 clone_flags, struct task_struct *child);
	u32 (*report_clone_done)(u32 action, struct utrace_engine *engine,
				 u64 clone_flags, int trace, struct pid *child);
	u32 (*report_vfork_done)(u32 action, struct utrace_engine *engine,
				 struct pid *child);
	u32 (*report_exec)(u32 action, struct utrace_engine *engine,
			   struct linux_binprm *bprm, pid_t old_pid);
	u32 (*report_exit)(u32 action, struct utrace_engine *engine,
			   long orig_code, long *code);
	u32 (*report_death)(u32 action, struct utrace_engine *engine,
			    bool group_dead);
	void (*report_reap)(struct utrace_engine *engine,
			    struct task_struct *task);
	u32 (*report_syscall_entry)(u32 action, struct utrace_engine *engine,
				    struct pt_regs *regs);
	u32 (*report_syscall_exit)(u32 action, struct utrace_engine *engine,
				   struct pt_regs *regs);
	u32 (*report_seccomp)(u32 action, struct utrace_engine *engine,
			      u16 data);
	u32 (*report_signal)(u32 action, struct utrace_engine *engine,
			     struct kernel_siginfo *info,
			     enum utrace_signal_action disposition);
	u32 (*report_jctl)(u32 action, struct utrace_engine *engine, int type,
			   int notify);
	void (*release)(void *data);
};

/**
 * struct utrace_engine - one tracer of one task
 * @ops: callbacks; never changes once the engine is attached
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
	struct rcu_head rcu;
	struct utrace *utrace;		/* referenced; never changes */
	/* The rest is written under utrace->lock, and read by the task too. */
	struct list_head entry;
	unsigned long attached_at;	/* utrace->report_nr then */
	u8 step;			/* UTRACE_*STEP or UTRACE_RESUME */
	bool renews;			/* goes on stepping until told not to */
	bool resumed;			/* ptrace's: step is what the task does */
	bool attached;
	bool linked;			/* in the list */
	bool watched;			/* the task may look at it still */
	bool stop;
	unsigned long overruled_at;	/* controlled during this report */
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

/**
 * struct utrace_examiner - tells whether a task stood still
 * @switches: for utrace_prepare_examine() and utrace_finish_examine()
 */
struct utrace_examiner {
	unsigned long switches;
};

int __must_check utrace_prepare_examine(struct task_struct *task,
					struct utrace_engine *engine,
					struct utrace_examiner *examiner);
int __must_check utrace_finish_examine(struct task_struct *task,
				       struct utrace_engine *engine,
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
int __utrace_prepare_task(struct task_struct *task, gfp_t gfp);
void utrace_attach_held(struct task_struct *task,
			const struct utrace_engine_ops *ops,
			unsigned long events);
void utrace_detach_held(struct task_struct *task);
struct utrace_engine *utrace_held_engine(struct task_struct *task);
int utrace_resume_held(struct task_struct *task, struct utrace_engine *engine,
		       unsigned long events, enum utrace_resume_action action);

/**
 * utrace_prepare_task - allocate what utrace_attach_held() needs
 * @task: task that the caller holds a reference to, or that is not visible yet
 * @gfp: %__GFP_NOFAIL if this must not fail, or 0
 *
 * What is allocated is kept for the task's life.
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
static inline int utrace_prepare_task(struct task_struct *task, gfp_t gfp)
{
	/* Set once. It is used after its address is read again. */
	return READ_ONCE(task->utrace) ? 0 : __utrace_prepare_task(task, gfp);
}

/* Does ptrace's engine step? Only its tracer, who asks, changes that. */
static inline bool utrace_held_steps(const struct utrace_engine *engine)
{
	return engine->step != UTRACE_RESUME;
}

/*
 * Hooks, called by the places where these things happen. Each costs a task that
 * has no engine the test of one word of its task_struct.
 */

int utrace_report_syscall_entry(struct pt_regs *regs);
void __utrace_report_syscall_exit(struct pt_regs *regs, bool step);
int utrace_report_seccomp(u16 data);
struct k_sigaction *utrace_report_signal(struct ksignal *ksig,
					 enum pid_type type);
void utrace_report_handler(void);
void __utrace_report_clone(u64 clone_flags, struct task_struct *child);
void utrace_report_clone_done(u64 clone_flags, int trace, struct pid *child);
void __utrace_report_vfork_done(struct pid *child);
void __utrace_report_exec(struct linux_binprm *bprm, pid_t old_pid);
long __utrace_report_exit(long code);
void __utrace_report_death(bool group_dead);
void __utrace_report_jctl(int type, int notify);
void __utrace_release_task(struct task_struct *task);
void __utrace_free_task(struct task_struct *task);

/**
 * utrace_interest - which of these events does an engine of current want?
 * @events: mask of UTRACE_EVENT() bits
 *
 * Return: those of @events that are wanted.
 */
static inline unsigned long utrace_interest(unsigned long events)
{
	/*
	 * Pairs with utrace_set_interest(): if there is any interest,
	 * current->utrace can be used.
	 */
	return smp_load_acquire(&current->utrace_flags) & events;
}

/**
 * utrace_wants - does an engine of some task want one of these events?
 * @task: the task, which may be running
 * @events: mask of UTRACE_EVENT() bits
 *
 * Context: any. Unless the caller is the task, the answer may be old: a change
 * that comes at the same time is as good as one that comes later.
 */
static inline bool utrace_wants(const struct task_struct *task,
				unsigned long events)
{
	return READ_ONCE(task->utrace_flags) & events;
}

/**
 * utrace_report_syscall_exit - current has made a system call or skipped it
 * @regs: its user registers
 * @step: the task is set to step, and this is in place of the trap
 *
 * Context: no locks, before signals are looked for. Sleeps if engines do.
 */
static inline void utrace_report_syscall_exit(struct pt_regs *regs, bool step)
{
	if (step || utrace_interest(UTRACE_EVENT(SYSCALL_EXIT)))
		__utrace_report_syscall_exit(regs, step);
}

/**
 * utrace_report_clone - a clone has been made and has not run
 * @clone_flags: CLONE_* flags; with %CLONE_UNTRACED it is not reported
 * @child: the new task, visible
 *
 * Context: current, its parent; no locks.
 * Return: utrace_report_clone_done() has to follow when @child has been started.
 */
static inline bool utrace_report_clone(u64 clone_flags,
				       struct task_struct *child)
{
	unsigned long wanted = utrace_interest(UTRACE_EVENT(CLONE) |
					       UTRACE_EVENT(CLONE_DONE));

	if (unlikely(wanted & UTRACE_EVENT(CLONE)))
		__utrace_report_clone(clone_flags, child);
	return wanted;
}

/**
 * utrace_report_vfork_done - a child of vfork() has given the memory back
 * @child: pid of the child
 *
 * Context: current, its parent; no locks.
 */
static inline void utrace_report_vfork_done(struct pid *child)
{
	if (unlikely(utrace_interest(UTRACE_EVENT(VFORK_DONE))))
		__utrace_report_vfork_done(child);
}

/**
 * utrace_report_exec - current has a new program
 * @bprm: what was executed
 * @old_pid: pid of current before, as its parent saw it
 *
 * Context: current, past the point of no return; no locks.
 */
static inline void utrace_report_exec(struct linux_binprm *bprm, pid_t old_pid)
{
	if (unlikely(utrace_interest(UTRACE_EVENT(EXEC))))
		__utrace_report_exec(bprm, old_pid);
}

/**
 * utrace_report_exit - current is about to exit
 * @code: its exit code
 *
 * Context: current, no locks, before %PF_EXITING is set.
 * Return: the exit code.
 */
static inline long utrace_report_exit(long code)
{
	if (unlikely(utrace_interest(UTRACE_EVENT(EXIT))))
		code = __utrace_report_exit(code);
	return code;
}

/**
 * utrace_report_death - current is dead
 * @group_dead: it was the last of its thread group
 *
 * Context: current, no locks, with its exit_state set. It may have been
 * released; then this is what reports that, too.
 */
static inline void utrace_report_death(bool group_dead)
{
	/*
	 * An attach that was in time did its part under tasklist_lock, which
	 * has been held since. One that comes too late attaches nothing.
	 */
	if (unlikely(data_race(current->utrace)))
		__utrace_report_death(group_dead);
}

/**
 * utrace_report_jctl - current stops or continues for job control
 * @type: %CLD_STOPPED, %CLD_CONTINUED or %CLD_TRAPPED
 * @notify: what its parent is told, or 0
 *
 * Context: current, no locks.
 */
static inline void utrace_report_jctl(int type, int notify)
{
	if (unlikely(utrace_interest(UTRACE_EVENT(JCTL))))
		__utrace_report_jctl(type, notify);
}

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
 * utrace_release_task - tell the engines of a task that it is being reaped
 * @task: task in %EXIT_DEAD state
 *
 * Context: process context, no locks. tasklist_lock was held for writing since
 * the task's exit_state was set, so that no engine can be attached any more and
 * all that were are visible here.
 */
static inline void utrace_release_task(struct task_struct *task)
{
	/* An attach that comes too late may just set it, and attach nothing. */
	if (unlikely(data_race(task->utrace)))
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
