/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A task stops for an engine, which lets it go and stops it again, while SIGKILL
 * comes: stay_stopped(), set_action(), utrace_wake(), signal_wake_up(),
 * try_to_wake_up().
 *
 * No wake-up is lost: a task that sleeps for ever is an invalid end state. And
 * when utrace_control(UTRACE_STOP) has found the task stopped and said so, the
 * task does not go on unless it dies.
 */
#include "memory.h"

#define TASK	0
#define KILLER	1
#define ENGINE	2

#define SLEEPS	0	/* ->__state: odd if it is TASK_KILLABLE */
/*
 * What is_dying() reads: that SIGKILL is pending, or a flag that whoever ends the
 * group sets before. Each is set before the wake-up, and any one of them is enough.
 */
#define KILLED	1

/* guarded by utrace->lock */
bool stop = true;
bool stopped;
bool said_so;

/* written by try_to_wake_up() under the task's pi_lock */
bool woken;

/* How it ends: at least one of them. */
bool kills, lets_go;

active proctype choose()
{
	if
	:: kills = true
	:: lets_go = true
	fi
}

/* try_to_wake_up(), its smp_mb__after_spinlock() first */
inline wake_up(me)
{
#ifndef NO_BARRIER_IN_WAKE_UP
	BARRIER(me);
#endif
	atomic {
		if
		:: READ(me, SLEEPS) % 2 == 1 -> woken = true
		:: else
		fi
	}
}

active proctype task()
{
	bool dying;

	LOCK;				/* in stay_stopped() */
	do
	:: true ->
		atomic {		/* set_current_state() */
			woken = false;
			WRITE(TASK, SLEEPS, READ(TASK, SLEEPS) + 1)
		};
#ifndef NO_BARRIER_IN_SET_CURRENT_STATE
		BARRIER(TASK);
#endif
		dying = READ(TASK, KILLED);	/* is_dying() */
		if
		:: dying || !stop -> break	/* wants_stop() */
		:: else
		fi;
		stopped = true;		/* utrace->stopped */
		UNLOCK;			/* spin_unlock_irq() in the loop */
		woken;			/* schedule() */
		/* TASK_RUNNING, from try_to_wake_up() */
		WRITE(TASK, SLEEPS, READ(TASK, SLEEPS) + 1);
#ifdef NO_LOOK_AGAIN
		LOCK;
		stopped = false;
		dying = READ(TASK, KILLED);
		break
#else
		LOCK;
		stopped = false
#endif
	od;
	assert(dying || !said_so);
	UNLOCK
}

active proctype killer()
{
	if
	:: kills ->
		WRITE(KILLER, KILLED, 1);	/* sigaddset() */
		wake_up(KILLER)			/* signal_wake_up() */
	:: lets_go
	fi
}

active proctype engine()
{
	lets_go || kills;
	if
	:: kills -> goto leave		/* and leave it stopped */
	:: true
	fi;

	LOCK;				/* utrace_control(UTRACE_RESUME) */
	stop = false;			/* set_action() */
	if
	:: stopped -> wake_up(ENGINE)	/* utrace_wake() */
	:: else
	fi;
	UNLOCK;

	LOCK;				/* utrace_control(UTRACE_STOP) */
	stop = true;			/* set_action() */
	said_so = stopped;		/* 0, else -EINPROGRESS */
	UNLOCK;

	LOCK;				/* UTRACE_RESUME, or utrace_detach() */
	stop = false;
	said_so = false;
#ifndef NO_WAKE_UP
	if
	:: stopped -> wake_up(ENGINE)	/* utrace_wake() */
	:: else
	fi;
#endif
	UNLOCK;
leave:	skip
}
