// SPDX-License-Identifier: GPL-2.0
/*
 * utrace core: a task tells its engines of an event
 *
 *	utrace_for_each_engine(engine, &report, answer)
 *		answer = engine->ops->report_...(report.action, engine, ...);
 *	utrace_finish_report(&report);
 *
 * Only the task itself walks the list like this, without the lock: see
 * utrace_announce() in walk.h. This file has what is seldom needed.
 */

#include "walk.h"

/* Put in force what a callback of utrace->reporting has answered. */
static void __take_answer(struct utrace_report *report, u32 answer)
{
	enum utrace_resume_action action = utrace_resume_action(answer);
	struct utrace *utrace = report->utrace;
	struct utrace_engine *engine = utrace->reporting;
	u32 flags = report->action & ~UTRACE_RESUME_MASK;
	/* By what another task has asked for since the callback began? */
	bool overruled = engine->overruled_at == utrace->report_nr;

	lockdep_assert_held(&utrace->lock);

	/*
	 * Detached while the callback ran: it has no say in how the task goes
	 * on. What it said of the system call stands.
	 */
	if (!engine->attached)
		return;

	switch (action) {
	case UTRACE_STOP:
		if (!overruled)
			utrace_set_stop(engine, true);
		break;
	case UTRACE_INTERRUPT:
	case UTRACE_REPORT:
		/* At a look-in this is what is happening already. */
		if (report->event == UTRACE_EVENT(QUIESCE))
			break;
		if (action == UTRACE_INTERRUPT)
			utrace->interrupted = true;
		utrace_queue_work(utrace, action == UTRACE_INTERRUPT ?
					  TWA_SIGNAL : TWA_RESUME);
		break;
	case UTRACE_SINGLESTEP:
	case UTRACE_BLOCKSTEP:
		if (!overruled && utrace_can_step(action))
			utrace_set_step(engine, action);
		break;
	case UTRACE_RESUME:
		break;
	case UTRACE_DETACH:
		utrace_set_step(engine, UTRACE_RESUME);
		utrace_detach(engine);
		return;
	}

	report->action = flags |
		min(utrace_resume_action(report->action), action);
}

void utrace_take_answer(struct utrace_report *report, u32 answer)
{
	scoped_guard(spinlock_irq, &report->utrace->lock)
		__take_answer(report, answer);
}

/*
 * There is somebody to wake, or the engine that was announced before has been
 * detached meanwhile: then it is for us to take it off the list. There can be
 * only one such, and we must not look at it before we know that it is there.
 */
void utrace_attend(struct utrace *utrace)
{
	struct utrace_engine *engine, *next, *gone = NULL;

	spin_lock_irq(&utrace->lock);
	WRITE_ONCE(utrace->attention, false);
	list_for_each_entry_safe(engine, next, &utrace->engines, entry) {
		if (engine->attached || engine == &utrace->held)
			continue;
		if (engine == utrace->reporting) {
			/* Just announced, and our place: with the next one. */
			WRITE_ONCE(utrace->attention, true);
		} else {
			WARN_ON_ONCE(gone);
			utrace_unlink(engine);
			gone = engine;
		}
	}
	utrace_wake(utrace);
	spin_unlock_irq(&utrace->lock);
	utrace_engine_put(gone);
}

/*
 * @engine, which is announced, wants a report_quiesce() before the report.
 * Returns true if it still wants that afterwards.
 */
bool utrace_quiesce(struct utrace_report *report, struct utrace_engine *engine)
{
	struct utrace *utrace = report->utrace;
	u32 answer = engine->ops->report_quiesce(report->action, engine,
						 report->event);

	if (utrace_resume_action(answer) != UTRACE_RESUME)
		utrace_take_answer(report, answer);
	/*
	 * What overruled this does not overrule the callback that follows. Racy:
	 * what comes just now does.
	 */
	if (READ_ONCE(engine->overruled_at) == utrace->report_nr) {
		scoped_guard(spinlock_irq, &utrace->lock)
			WRITE_ONCE(engine->overruled_at, utrace->report_nr - 1);
	}
	return utrace_wants_report(utrace, report, engine,
				   READ_ONCE(engine->flags), true);
}

/* What is to be done under the lock before a report begins. */
static noinline void begin_report(struct utrace_report *report)
{
	scoped_guard(spinlock_irq, &report->utrace->lock)
		report->armed = utrace_renew_step(report->utrace);
}

/* The report has to do with a step. */
static noinline struct utrace_engine *announce_rare(struct utrace_report *report,
						    struct utrace_engine *last)
{
	struct utrace_engine *engine;

	engine = utrace_announce(report, last, false, true);
	if (report->step && engine) {
		report->engine_steps = utrace_stands_for_trap(report, engine);
		report->step_told |= report->engine_steps;
	}
	return engine;
}

static __always_inline struct utrace_engine *
announce(struct utrace_report *report, struct utrace_engine *last)
{
	if (unlikely(report->step || report->trap))
		return announce_rare(report, last);
	return utrace_announce(report, last, false, false);
}

/**
 * utrace_first_engine - begin a report
 * @report: the report; the caller has set its event
 *
 * Context: where current may sleep and stop, without locks. It has a struct
 * utrace: the caller has seen utrace_interest(), or has looked.
 * Return: the engine whose callback to call, or NULL if there is none.
 */
struct utrace_engine *utrace_first_engine(struct utrace_report *report)
{
	utrace_begin_report(report);
	if (report->renew)
		begin_report(report);
	return announce(report, NULL);
}

/**
 * utrace_next_engine - go on with a report
 * @report: the report
 * @answer: what the callback of the last engine has returned
 *
 * Context: as utrace_first_engine().
 * Return: the engine whose callback to call next, or NULL if all have answered.
 */
struct utrace_engine *utrace_next_engine(struct utrace_report *report,
					 u32 answer)
{
	/* Only the task writes it. */
	struct utrace_engine *engine = report->utrace->reporting;

	/* Mostly it is the only one. */
	if (READ_ONCE(engine->entry.next) == &report->utrace->engines) {
		utrace_end_report(report, answer);
		return NULL;
	}
	if (utrace_resume_action(answer) != UTRACE_RESUME)
		utrace_take_answer(report, answer);
	return announce(report, engine);
}

/* Queue what was put off because it came in the middle of a report. */
void utrace_queue_again(struct utrace *utrace)
{
	spin_lock_irq(&utrace->lock);
	if (utrace->work_put_off) {
		utrace->work_put_off = false;
		utrace->work_queued = false;
	}
	utrace_queue_work(utrace, utrace->interrupted ? TWA_SIGNAL :
							TWA_RESUME);
	spin_unlock_irq(&utrace->lock);
}

/* Do what engines have asked for during the report. */
void __utrace_finish_report(struct utrace *utrace)
{
	if (utrace->work_put_off)
		utrace_queue_again(utrace);
	utrace_stop(utrace);
}
