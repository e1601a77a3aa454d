/* SPDX-License-Identifier: GPL-2.0 */
/*
 * utrace core: what its files share
 */
#ifndef _KERNEL_UTRACE_INTERNAL_H
#define _KERNEL_UTRACE_INTERNAL_H

#include <linux/spinlock.h>
#include <linux/task_work.h>
#include <linux/thread_info.h>
#include <linux/utrace.h>
#include <linux/wait.h>

/**
 * struct utrace - the engines of a task
 * @lock: guards all that follows and the private part of each engine, as well
 *	as task_struct::utrace_flags and SYSCALL_WORK_SYSCALL_TRACE. Taken with
 *	interrupts off, inside tasklist_lock and siglock; task_work_add() and
 *	wake-ups happen inside it. Never held while an engine's code runs. The
 *	task reads the list and some more without it, see walk.h.
 * @kref: one reference for the task, one for each engine but @held
 * @task: whose engines these are; NULL once it has been reaped, or is dead and
 *	has none
 * @engines: in the order in which they were attached. An engine that is being
 *	reported to stays in the list until its callback returns, even if it is
 *	detached meanwhile, so that the report can go on from there.
 * @held: ptrace's engine. In the list since it was first attached until the
 *	task is reaped: while detached it wants nothing. It has no references
 * @reporting: the engine whose callback is running; written by the task only,
 *	without the lock
 * @report_nr: number of the report under way or, between reports, of the last;
 *	likewise
 * @nr_stops: how many engines have &utrace_engine.stop set
 * @attention: tells the task to look who is waiting when it has announced the
 *	next engine, and whether the last one has been detached
 * @stopped: the task waits in utrace_stop() and will not get out of it, but for
 *	a fatal signal, while @nr_stops is not 0
 * @step_changed: the task has to look what its engines want it to step
 * @trapped: the trap of a step is being reported, so no step is set up; written
 *	by the task only, without the lock
 * @left_step: asked for by a tracer that has gone before the task saw to it
 * @armed: the task has been set to step for an engine other than ptrace's, so a
 *	trap by stepping is not to reach it, even if that engine has let go since
 * @interrupted: the next utrace_work() is for %UTRACE_INTERRUPT
 * @work_queued: @work is queued, or has run and was put off
 * @work_put_off: @work ran in the middle of a report and has to run again
 * @dead: %UTRACE_EVENT(DEATH) is being reported or has been
 * @death_over: it has been; until then it is too early to reap
 * @released: the task has been released; not set if @task was NULL by then
 * @reaping: %UTRACE_EVENT(REAP) is being reported
 * @work: brings the task to look at all of this before it returns to user mode
 * @wait: the task waits here for @nr_stops to become 0, utrace_barrier() for
 *	@reporting to change
 *
 * Allocated when the first engine is attached, or may be, and kept for the task's
 * life, so that task_struct::utrace, once set, can be used by whoever holds the
 * task.
 */
struct utrace {
	spinlock_t lock;		/* guards all of this, see above */
	struct kref kref;
	struct task_struct *task;
	struct list_head engines;
	struct utrace_engine held;
	struct utrace_engine *reporting;
	unsigned long report_nr;
	unsigned int nr_stops;
	bool attention;
	bool stopped;
	bool step_changed;
	bool trapped;
	u8 left_step;			/* UTRACE_*STEP or UTRACE_RESUME */
	bool armed;
	bool interrupted;
	bool work_queued;
	bool work_put_off;
	bool dead;
	bool death_over;
	bool released;
	bool reaping;
	struct callback_head work;
	wait_queue_head_t wait;
};

/**
 * struct utrace_report - one event being reported to the engines of current
 * @utrace: the engines
 * @event: bit of the event; all signal events if any of them will do
 * @action: the strongest resume action answered so far, with the system-call
 *	or signal action: what the callbacks get as @action
 * @step: the report is in place of a step's trap
 * @trap: it is of a step's trap: only for engines that step
 * @renew: a step is over; those who go on stepping have to set it up again
 * @armed: a trap by stepping is some engine's affair, not the task's
 * @engine_steps: the engine whose turn it is steps the task
 * @step_told: an engine that steps the task has had the report
 */
struct utrace_report {
	struct utrace *utrace;
	unsigned long event;
	u32 action;
	bool step;
	bool trap;
	bool renew;
	bool armed;
	bool engine_steps;
	bool step_told;
};

/* Call each engine that @report is for: @answer is what its callback returned. */
#define utrace_for_each_engine(engine, report, answer)			\
	for (engine = utrace_first_engine(report); engine;		\
	     engine = utrace_next_engine(report, answer))

/* report.c */
struct utrace_engine *utrace_first_engine(struct utrace_report *report);
struct utrace_engine *utrace_next_engine(struct utrace_report *report,
					 u32 answer);
void __utrace_finish_report(struct utrace *utrace);
void utrace_queue_again(struct utrace *utrace);
void utrace_take_answer(struct utrace_report *report, u32 answer);
void utrace_attend(struct utrace *utrace);
bool utrace_quiesce(struct utrace_report *report, struct utrace_engine *engine);

/* Wake those who wait for the end of a callback. */
static inline void utrace_wake(struct utrace *utrace)
{
	lockdep_assert_held(&utrace->lock);

	/* Whoever waits has queued itself before it took the lock to look. */
	if (waitqueue_active(&utrace->wait))
		wake_up_all(&utrace->wait);
}

/* Is there a stop or a step to see to, or work that was put off? */
static inline bool utrace_is_unsettled(const struct utrace *utrace)
{
	return READ_ONCE(utrace->nr_stops) ||
	       READ_ONCE(utrace->step_changed) || utrace->work_put_off;
}

/**
 * utrace_finish_report - do what the engines have asked for
 * @report: the report; all engines have answered
 *
 * Stops here if an engine wants that. A stop or step that is asked for just
 * now from outside brings the task to utrace_work() as well.
 *
 * Context: as utrace_first_engine().
 */
static inline void utrace_finish_report(struct utrace_report *report)
{
	if (unlikely(utrace_is_unsettled(report->utrace)))
		__utrace_finish_report(report->utrace);
}

/* engine.c */
struct utrace_engine *utrace_create_engine(struct task_struct *task,
					   const struct utrace_engine_ops *ops,
					   void *data, gfp_t gfp);
int utrace_attach_engine(struct utrace_engine *engine, int flags,
			 unsigned long events);

/* control.c; the caller holds utrace->lock */
void utrace_update_interest(struct utrace *utrace);
void utrace_set_stop(struct utrace_engine *engine, bool stop);
void utrace_set_step(struct utrace_engine *engine,
		     enum utrace_resume_action step);
void utrace_link(struct utrace_engine *engine);
bool utrace_unlink(struct utrace_engine *engine);
bool utrace_detach(struct utrace_engine *engine);

/*
 * Let the task report @events, the union of what its engines want, and keep the
 * entry code's flag equal to that.
 *
 * The task reads both without the lock. It may see one of them change before
 * the other, or too late for the event that it is just at; either is as if the
 * change had come a moment earlier or later.
 */
static inline void utrace_set_interest(struct utrace *utrace,
				       unsigned long events)
{
	struct task_struct *task = utrace->task;
	unsigned long changed = events ^ task->utrace_flags;

	lockdep_assert_held(&utrace->lock);

	if (!changed)
		return;

	/* Pairs with utrace_interest(): whoever sees them can use task->utrace. */
	smp_store_release(&task->utrace_flags, events);
	if (!(changed & UTRACE_EVENT_SYSCALL))
		return;
	if (events & UTRACE_EVENT_SYSCALL)
		set_task_syscall_work(task, SYSCALL_TRACE);
	else
		clear_task_syscall_work(task, SYSCALL_TRACE);
}

/* resume.c */
void utrace_stop(struct utrace *utrace);
bool utrace_can_step(enum utrace_resume_action action);
enum utrace_resume_action utrace_strongest_step(struct utrace *utrace);
bool utrace_renew_step(struct utrace *utrace);
void utrace_update_armed(struct utrace *utrace);
int utrace_queue_work(struct utrace *utrace, enum task_work_notify_mode how);
void utrace_work(struct callback_head *work);

/* signal.c */
void utrace_report_interrupt(void);

#endif /* _KERNEL_UTRACE_INTERNAL_H */
