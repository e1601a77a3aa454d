/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A first engine is attached while its task exits: utrace_of_task(),
 * utrace_attach_created(), do_exit(), utrace_report_death().
 *
 * Two CPUs attach: one makes the struct utrace, the other finds it. An engine
 * that was attached hears of the death, and nobody finds a struct utrace that
 * is not initialised.
 */
#include "memory.h"

#define MAKER	0
#define FINDER	1
#define TASK	2

#define INITIALISED	0	/* *task->utrace */
#define UTRACE		1	/* task->utrace is set */
#define EXITING		2	/* PF_EXITING in task->flags */

/* guarded by utrace->lock */
bool dead;
byte attached;

bool told_nobody;

inline attach_created(me)
{
	LOCK;
#ifndef NO_BARRIER_IN_ATTACH
	BARRIER(me);			/* smp_mb() */
#endif
	if
	/* utrace->state, task->flags; utrace_link() */
	:: !dead && READ(me, EXITING) == 0 -> attached++
	:: else				/* utrace_discard(), -ESRCH */
	fi;
	UNLOCK
}

active proctype maker()
{
	WRITE(MAKER, INITIALISED, 1);	/* utrace_of_task(): after kzalloc() */
#ifndef NO_ORDER_IN_CMPXCHG
	BARRIER(MAKER);			/* cmpxchg() is a full barrier before it */
#endif
	/* And after it, which nobody needs: attach_created() has one of its own. */
	WRITE(MAKER, UTRACE, 1);	/* task->utrace, utrace_publish() */
	attach_created(MAKER)
}

active proctype finder()
{
	READ(FINDER, UTRACE) == 1;	/* READ_ONCE(task->utrace) */
	/* The address dependency: this read comes after that one. */
	assert(READ(FINDER, INITIALISED) == 1);
	attach_created(FINDER)
}

active proctype task()
{
	WRITE(TASK, EXITING, 1);	/* exit_signals() */
#ifndef NO_BARRIER_IN_EXIT
	BARRIER(TASK);			/* atomic_dec_and_test(&signal->live) */
#endif
	if
	:: READ(TASK, UTRACE) == 1 ->	/* utrace_in_use() */
		assert(READ(TASK, INITIALISED) == 1);
		LOCK;
		dead = true;		/* enter_state(); what is attached is told */
		UNLOCK
	:: else ->
		told_nobody = true
	fi
}

active proctype check()
{
end:	atomic {
		told_nobody && attached > 0 ->
		assert(false)		/* an engine does not hear of the death */
	}
}
