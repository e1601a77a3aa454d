/* SPDX-License-Identifier: GPL-2.0 */
/*
 * utrace core: a task calls its engines, one after the other
 *
 *	struct utrace_report report = { .event = UTRACE_EVENT(...) };
 *
 *	utrace_for_each_engine(engine, &report, answer)
 *		answer = engine->ops->report_...(report.action, engine, ...);
 *	utrace_finish_report(&report);
 *
 * The list is walked under the lock, which is dropped for each callback. The
 * engine whose callback runs keeps its place in the list, so that is where the
 * walk goes on.
 *
 * Reports can nest: a callback of ptrace's engine stops the task, and before that
 * runs task work, which may be utrace_quiesce_work(). So all that belongs to one
 * report is in its struct utrace_report, and engines count their callbacks.
 */
#ifndef _KERNEL_UTRACE_REPORT_H
#define _KERNEL_UTRACE_REPORT_H

#include "internal.h"

/**
 * struct utrace_report - one event, being reported to the engines of current
 */
struct utrace_report {
	/** @utrace: the engines */
	struct utrace *utrace;
	/** @event: bit of the event */
	unsigned long event;
	/**
	 * @action: the strongest resume action but %UTRACE_DETACH that has been
	 * answered so far, and what has been answered about the event: the
	 * @action of the callbacks
	 */
	u32 action;
	/** @last: number of the last attachment that gets this report */
	u64 last;
};

/* report.c */
void utrace_apply_resume_action(struct utrace_report *report,
				struct utrace_engine *engine,
				enum utrace_resume_action action);

/* Find the engine to call after @engine; after NULL comes the first one. */
static __always_inline struct utrace_engine *
utrace_find_engine(struct utrace_report *report, struct utrace_engine *engine)
{
	struct list_head *engines = &report->utrace->engines;

	lockdep_assert_held(&report->utrace->lock);

	engine = list_prepare_entry(engine, engines, entry);
	list_for_each_entry_continue(engine, engines, entry) {
		/* What is attached in the middle of a report is not called. */
		if (engine->events & report->event &&
		    engine->number <= report->last) {
			engine->calling++;
			return engine;
		}
	}
	return NULL;
}

/**
 * utrace_end_call - a callback of an engine has returned
 * @utrace: the engines of its task
 * @engine: the engine
 *
 * Context: holds &utrace.lock.
 * Return: as utrace_unlink().
 */
static __always_inline bool utrace_end_call(struct utrace *utrace,
					    struct utrace_engine *engine)
{
	lockdep_assert_held(&utrace->lock);

	if (!--engine->calling)
		engine->idle++;
	/*
	 * utrace_barrier() queues itself before it takes the lock to check its
	 * condition. If it is not on the queue yet, it will see what was set
	 * above under that lock. So no barrier is needed here.
	 */
	if (unlikely(waitqueue_active(&utrace->wait)))
		wake_up_all(&utrace->wait);
	return unlikely(!engine->attached) && utrace_unlink(engine);
}

/**
 * utrace_first_engine - begin a report
 * @report: the report; the caller has set its event
 *
 * Context: current, which has a struct utrace, where it may sleep and stop; no
 * locks.
 * Return: the engine whose callback to call, or NULL if there is none.
 */
static __always_inline struct utrace_engine *
utrace_first_engine(struct utrace_report *report)
{
	struct utrace *utrace = current->utrace;
	struct utrace_engine *engine;

	report->utrace = utrace;
	spin_lock_irq(&utrace->lock);
	report->last = utrace->attachments;
	engine = utrace_find_engine(report, NULL);
	spin_unlock_irq(&utrace->lock);
	return engine;
}

/**
 * utrace_next_engine - go on with a report
 * @report: the report
 * @engine: the engine that has been called
 * @answer: what its callback has returned
 *
 * Context: as utrace_first_engine().
 * Return: the engine whose callback to call next, or NULL if all have answered.
 */
static __always_inline struct utrace_engine *
utrace_next_engine(struct utrace_report *report, struct utrace_engine *engine,
		   u32 answer)
{
	enum utrace_resume_action action = utrace_resume_action(answer);
	struct utrace *utrace = report->utrace;
	struct utrace_engine *next;
	bool put;

	spin_lock_irq(&utrace->lock);
	if (unlikely(action))
		utrace_apply_resume_action(report, engine, action);
	next = utrace_find_engine(report, engine);
	put = utrace_end_call(utrace, engine);
	spin_unlock_irq(&utrace->lock);

	if (unlikely(put))
		utrace_engine_put(engine);
	return next;
}

/*
 * Call each engine of current that wants the event of @report: the body calls
 * the callback of @engine and sets @answer to what that has returned.
 */
#define utrace_for_each_engine(engine, report, answer)			\
	for (engine = utrace_first_engine(report); engine;		\
	     engine = utrace_next_engine(report, engine, answer))

/**
 * utrace_finish_report - stop if an engine has answered %UTRACE_STOP
 * @report: the report; all engines have answered
 *
 * Context: current, no locks. May sleep.
 * Return: false if current has not stopped, or stops no longer, because it is
 * being killed.
 */
static inline bool utrace_finish_report(struct utrace_report *report)
{
	return likely(utrace_resume_action(report->action) != UTRACE_STOP) ||
	       utrace_stop(report->utrace);
}

#endif /* _KERNEL_UTRACE_REPORT_H */
