// SPDX-License-Identifier: GPL-2.0
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

#include "internal.h"

/* Find the engine to call after @engine; after NULL comes the first one. */
static __always_inline struct utrace_engine *
find_next(struct utrace_report *report, struct utrace_engine *engine)
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

/* Put in force the resume action that a callback of @engine has answered. */
static void apply_resume_action(struct utrace_report *report,
			struct utrace_engine *engine,
			enum utrace_resume_action action)
{
	struct utrace *utrace = report->utrace;

	lockdep_assert_held(&utrace->lock);

	/*
	 * Detached while it ran: what it has said of the event stands, but it
	 * asks for nothing more.
	 */
	if (!engine->attached)
		return;

	switch (action) {
	case UTRACE_REPORT:
	case UTRACE_INTERRUPT:
		/* That is what is just happening; it would never end. */
		if (report->event != UTRACE_EVENT(QUIESCE))
			utrace_queue_quiesce(utrace, action == UTRACE_INTERRUPT ?
						  TWA_SIGNAL : TWA_RESUME);
		break;
	case UTRACE_STOP:
		engine->stop = true;
		break;
	case UTRACE_DETACH:
		/* It stays in the list as long as it is being called. */
		utrace_detach(engine);
		return;
	default:
		return;
	}
	if (action > utrace_resume_action(report->action))
		report->action = (report->action & ~UTRACE_RESUME_MASK) | action;
}

/**
 * utrace_end_call - a callback of an engine has returned
 * @engine: the engine
 *
 * Context: holds &utrace.lock.
 * Return: as utrace_unlink().
 */
bool utrace_end_call(struct utrace_engine *engine)
{
	struct utrace *utrace = engine->task->utrace;

	lockdep_assert_held(&utrace->lock);

	if (!--engine->calling)
		engine->idle++;
	/* Whoever waits has queued itself before it took the lock to look. */
	if (unlikely(waitqueue_active(&utrace->wait)))
		wake_up_all(&utrace->wait);
	return utrace_unlink(engine);
}

/**
 * utrace_first_engine - begin a report
 * @report: the report; the caller has set its event
 *
 * Context: current, which has a struct utrace, where it may sleep and stop; no
 * locks.
 * Return: the engine whose callback to call, or NULL if there is none.
 */
struct utrace_engine *utrace_first_engine(struct utrace_report *report)
{
	struct utrace *utrace = current->utrace;
	struct utrace_engine *engine;

	report->utrace = utrace;
	spin_lock_irq(&utrace->lock);
	report->last = utrace->attachments;
	engine = find_next(report, NULL);
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
struct utrace_engine *utrace_next_engine(struct utrace_report *report,
					 struct utrace_engine *engine,
					 u32 answer)
{
	enum utrace_resume_action action = utrace_resume_action(answer);
	struct utrace *utrace = report->utrace;
	struct utrace_engine *next;
	bool put;

	spin_lock_irq(&utrace->lock);
	if (unlikely(action))
		apply_resume_action(report, engine, action);
	next = find_next(report, engine);
	put = utrace_end_call(engine);
	spin_unlock_irq(&utrace->lock);

	if (unlikely(put))
		utrace_engine_put(engine);
	return next;
}
