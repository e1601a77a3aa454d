// SPDX-License-Identifier: GPL-2.0
/*
 * utrace core: the resume actions that callbacks answer
 */

#include "report.h"

/**
 * utrace_apply_resume_action - put in force what a callback has answered
 * @report: the report
 * @engine: the engine, which counts as being called still
 * @action: the resume action that it has answered
 *
 * Context: current, holds &utrace.lock.
 */
void utrace_apply_resume_action(struct utrace_report *report,
				struct utrace_engine *engine,
				enum utrace_resume_action action)
{
	struct utrace *utrace = report->utrace;

	lockdep_assert_held(&utrace->lock);

	/*
	 * The engine was detached while its callback ran: the answer about the
	 * event stands, but the resume action has no effect any more.
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
