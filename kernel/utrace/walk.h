/* SPDX-License-Identifier: GPL-2.0 */
/*
 * utrace core: the task walks the list of its engines
 *
 * Only the task itself does, and without the lock. Meanwhile others may attach
 * engines at the end, which are passed over until the next report, and detach
 * any. (ptrace's comes and goes as its flags do: it keeps its place.) The task
 * announces in utrace->reporting whom it is going to call:
 *
 *	the task				others, with the lock
 *
 *	reporting = engine			engine->flags lose a bit, or all
 *						of them if it is detached
 *	smp_mb()				smp_mb()
 *	does it still want it?			reporting == engine?
 *
 * At least one of them sees what the other has written. So either the task
 * passes the engine over, or the others know that its callback may be running.
 * Then they leave a detached engine in the list, since it is the task's place
 * there, and set utrace->attention:
 *
 *	the task				others, with the lock
 *
 *	reporting = next engine			attention = true
 *	smp_mb()				smp_mb()
 *	attention?				reporting == engine?
 *
 * Again, at least one of them sees it, and takes the engine off the list.
 * utrace_barrier() sets attention before it waits in the same way.
 *
 * An engine that has been taken off the list still points into it. If that may
 * have been under the task's eyes, its memory is freed by RCU. So from one place
 * in the list that is certain to the next, the task is in one RCU read-side
 * section: what it comes across on the way may be detached, but is there.
 */
#ifndef _KERNEL_UTRACE_WALK_H
#define _KERNEL_UTRACE_WALK_H

#include <linux/rcupdate.h>

#include "internal.h"

/* In utrace->reporting: the task is looking for the first engine to call. */
#define UTRACE_LOOKING	((struct utrace_engine *)ERR_PTR(-EINPROGRESS))

/* Is the report in place of the trap that this engine's step would give? */
static inline bool utrace_stands_for_trap(const struct utrace_report *report,
					  const struct utrace_engine *engine)
{
	return report->step && READ_ONCE(engine->step) != UTRACE_RESUME &&
	       engine->ops->report_syscall_exit;
}

/*
 * Does @engine, which wants the events @flags, want the report? A detached one
 * wants nothing. @rare: the report may be one of those that only some engines
 * get, or all that step.
 */
static __always_inline bool
utrace_wants_report(const struct utrace *utrace,
		    const struct utrace_report *report,
		    const struct utrace_engine *engine, unsigned long flags,
		    bool rare)
{
	if (!(flags & report->event) &&
	    !(rare && utrace_stands_for_trap(report, engine)))
		return false;
	if (rare && report->trap && READ_ONCE(engine->step) == UTRACE_RESUME)
		return false;
	return READ_ONCE(engine->attached_at) != utrace->report_nr;
}

static __always_inline void utrace_begin_report(struct utrace_report *report)
{
	struct utrace *utrace = READ_ONCE(current->utrace);

	report->utrace = utrace;
	report->action |= UTRACE_RESUME;
	/* A waiter takes a new number as the end of the callback before. */
	smp_store_release(&utrace->report_nr, utrace->report_nr + 1);
	WRITE_ONCE(utrace->reporting, UTRACE_LOOKING);
	/* Pairs with utrace_unlink(): from here on we look at the list. */
	smp_mb();
}

/* The report has come to its end: announce that nobody is called any more. */
static __always_inline void utrace_announce_nobody(struct utrace *utrace)
{
	/* What the last callback did comes before utrace_barrier(). */
	smp_store_release(&utrace->reporting, NULL);
	/* Pairs with utrace_is_announced(): see above. */
	smp_mb();
	if (unlikely(READ_ONCE(utrace->attention)))
		utrace_attend(utrace);
}

/*
 * Announce the first engine behind @last that wants the report, after it has had
 * its report_quiesce() if it wants that; or nobody. @last is the one called
 * before, NULL at the beginning. With @reverse, the list is walked from its end.
 */
static __always_inline struct utrace_engine *
utrace_announce(struct utrace_report *report, struct utrace_engine *last,
		bool reverse, bool rare)
{
	struct utrace *utrace = report->utrace;
	struct list_head *head = &utrace->engines;
	struct list_head *pos = last ? &last->entry : head;
	struct utrace_engine *engine;
	unsigned long flags;

	rcu_read_lock();
	for (;;) {
		do {
			if (reverse)
				/* Pairs with utrace_link(). */
				pos = smp_load_acquire(&pos->prev);
			else
				/* Pairs with utrace_link(). */
				pos = smp_load_acquire(&pos->next);
			if (pos == head) {
				rcu_read_unlock();
				utrace_announce_nobody(utrace);
				return NULL;
			}
			engine = list_entry(pos, struct utrace_engine, entry);
		} while (!(READ_ONCE(engine->flags) & report->event) &&
			 !(rare && utrace_stands_for_trap(report, engine)));

		/* What the last callback did comes before utrace_barrier(). */
		smp_store_release(&utrace->reporting, engine);
		/* Pairs with utrace_is_announced(): see above. */
		smp_mb();
		if (unlikely(READ_ONCE(utrace->attention)))
			utrace_attend(utrace);

		/*
		 * If it was detached before that, only RCU keeps it for us. If
		 * ptrace's has been attached again, we see when: pairs with
		 * begin_attachment().
		 */
		flags = smp_load_acquire(&engine->flags);
		if (unlikely(!utrace_wants_report(utrace, report, engine, flags,
						  rare)))
			continue;

		/* From here on it keeps its place in the list. */
		rcu_read_unlock();
		if (likely(!(flags & UTRACE_EVENT(QUIESCE))) ||
		    report->event == UTRACE_EVENT(QUIESCE) ||
		    utrace_quiesce(report, engine))
			return engine;
		rcu_read_lock();
	}
}

/* End a report, though some engines may not have been told. */
static __always_inline void utrace_end_report(struct utrace_report *report,
					      u32 answer)
{
	if (unlikely(utrace_resume_action(answer) != UTRACE_RESUME))
		utrace_take_answer(report, answer);
	utrace_announce_nobody(report->utrace);
}

static __always_inline struct utrace_engine *
utrace_proceed(struct utrace_report *report, struct utrace_engine *engine,
	       u32 answer, bool reverse)
{
	if (unlikely(utrace_resume_action(answer) != UTRACE_RESUME))
		utrace_take_answer(report, answer);
	return utrace_announce(report, engine, reverse, false);
}

/*
 * utrace_for_each_engine() without function calls, for reports that come often
 * and are not of a step.
 */
#define utrace_for_each_engine_inline(engine, report, reverse, answer)	\
	for (utrace_begin_report(report),				\
	     engine = utrace_announce(report, NULL, reverse, false);	\
	     engine;							\
	     engine = utrace_proceed(report, engine, answer, reverse))

#endif /* _KERNEL_UTRACE_WALK_H */
