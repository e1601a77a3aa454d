// SPDX-License-Identifier: GPL-2.0
/*
 * utrace core: a task tells its engines of an event
 *
 *	utrace_for_each_engine(engine, &report, answer)
 *		answer = engine->ops->report_...(report.action, engine, ...);
 *	utrace_finish_report(&report);
 *
 * Only the task itself walks the list like this, and it holds the lock only
 * between callbacks. Meanwhile others may attach engines at the end, which are
 * passed over until the next report, and detach any: all but the one in
 * utrace->reporting leave the list at once. That one is the walker's place in
 * the list and stays until its callback has returned.
 */

#include "internal.h"

/* Is the report in place of the trap that this engine's step would give? */
static bool stands_for_trap(const struct utrace_report *report,
			    const struct utrace_engine *engine)
{
	return report->step && engine->step != UTRACE_RESUME &&
	       engine->ops->report_syscall_exit;
}

static bool wants_report(const struct utrace_report *report,
			 const struct utrace_engine *engine)
{
	if (!engine->attached ||
	    engine->attached_at == report->utrace->report_nr)
		return false;
	if (report->trap && engine->step == UTRACE_RESUME)
		return false;
	return engine->flags & report->event ||
	       stands_for_trap(report, engine);
}

/* The first engine behind @pos that the report is for. */
static struct utrace_engine *find_engine(const struct utrace_report *report,
					 const struct list_head *pos)
{
	const struct list_head *head = &report->utrace->engines;
	struct utrace_engine *engine;

	while (!report->over) {
		pos = report->reverse ? pos->prev : pos->next;
		if (pos == head)
			return NULL;
		engine = list_entry(pos, struct utrace_engine, entry);
		if (wants_report(report, engine))
			return engine;
	}
	return NULL;
}

/* Put in force what a callback of utrace->reporting has answered. */
static void take_answer(struct utrace_report *report, u32 answer)
{
	enum utrace_resume_action action = utrace_resume_action(answer);
	struct utrace *utrace = report->utrace;
	struct utrace_engine *engine = utrace->reporting;
	u32 flags = report->action & ~UTRACE_RESUME_MASK;
	bool overruled = engine->overruled;

	/*
	 * Detached while the callback ran: it has no say in how the task goes
	 * on. What it said of the system call stands.
	 */
	if (!engine->attached)
		return;

	engine->overruled = false;

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

/*
 * Done with utrace->reporting: its callbacks have returned. If it was detached
 * meanwhile, move it to @gone. Returns the place in the list to go on from.
 */
static struct list_head *leave_engine(struct utrace_report *report,
				      struct list_head *gone)
{
	struct utrace *utrace = report->utrace;
	struct utrace_engine *engine = utrace->reporting;
	struct list_head *pos = &engine->entry;

	utrace->reporting = NULL;
	/* Whoever waits has queued before it looked under the lock. */
	if (waitqueue_active(&utrace->wait))
		wake_up_all(&utrace->wait);

	if (!engine->attached) {
		pos = report->reverse ? pos->next : pos->prev;
		list_move(&engine->entry, gone);
	}
	return pos;
}

/* Drop the lock, and what the attachments of the @gone engines held. */
static void unlock_and_put(struct utrace *utrace, struct list_head *gone)
	__releases(&utrace->lock)
{
	struct utrace_engine *engine, *next;

	spin_unlock_irq(&utrace->lock);
	list_for_each_entry_safe(engine, next, gone, entry) {
		list_del_init(&engine->entry);
		utrace_engine_put(engine);
	}
}

/*
 * Go to the first engine behind @pos that wants the report, after it has had
 * its report_quiesce() if it wants that. Called with the lock, which has been
 * held since @pos was found, and returns without.
 */
static struct utrace_engine *goto_engine(struct utrace_report *report,
					 struct list_head *pos,
					 struct list_head *gone)
	__releases(&report->utrace->lock)
{
	struct utrace *utrace = report->utrace;
	struct utrace_engine *engine;
	u32 answer;

	while ((engine = find_engine(report, pos))) {
		utrace->reporting = engine;
		if (report->event == UTRACE_EVENT(QUIESCE) ||
		    !(engine->flags & UTRACE_EVENT(QUIESCE)))
			break;

		unlock_and_put(utrace, gone);
		answer = engine->ops->report_quiesce(report->action, engine,
						     report->event);
		spin_lock_irq(&utrace->lock);
		take_answer(report, answer);
		if (wants_report(report, engine))
			break;
		pos = leave_engine(report, gone);
	}

	if (engine) {
		report->engine_steps = stands_for_trap(report, engine);
		report->step_told |= report->engine_steps;
	} else {
		report->unsettled = utrace->nr_stops || utrace->step_changed;
		if (utrace->work_put_off) {
			utrace->work_put_off = false;
			utrace->work_queued = false;
			utrace_queue_work(utrace, TWA_RESUME);
		}
	}
	unlock_and_put(utrace, gone);
	return engine;
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
	struct utrace *utrace = READ_ONCE(current->utrace);
	LIST_HEAD(gone);

	report->utrace = utrace;
	report->action |= UTRACE_RESUME;

	spin_lock_irq(&utrace->lock);
	utrace->report_nr++;
	if (report->renew)
		utrace_renew_step(utrace);
	return goto_engine(report, &utrace->engines, &gone);
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
	LIST_HEAD(gone);

	spin_lock_irq(&report->utrace->lock);
	take_answer(report, answer);
	return goto_engine(report, leave_engine(report, &gone), &gone);
}

/**
 * utrace_finish_report - do what the engines have asked for
 * @report: the report; all engines have answered
 *
 * Stops here if an engine wants that. A stop or step that is asked for just
 * after the last answer was taken brings the task to utrace_work() instead.
 *
 * Context: as utrace_first_engine().
 */
void utrace_finish_report(struct utrace_report *report)
{
	if (report->unsettled)
		utrace_stop(report->utrace);
}
