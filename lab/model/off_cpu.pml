/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracer sees without the runqueue lock that its tracee has left its CPU:
 * task_is_off_cpu(), __schedule(), finish_task().
 *
 * The tracee was preempted between setting TASK_TRACED and schedule(): it is
 * queued and on no CPU, comes to a CPU once more, and leaves it for good. If the
 * tracer says that it is off its CPU, it is, and what it has saved can be read.
 */
#include "memory.h"

#define TRACEE	0
#define TRACER	1

#define SWITCHES	0	/* ->on_cpu: odd if it is on a CPU */
#define DEQUEUED	1	/* !->on_rq */
#define SAVED		2	/* thread_struct, fpu, stack */

active proctype tracee()
{
	WRITE(TRACEE, SWITCHES, 1);	/* prepare_task() */
#ifndef NO_ORDER_IN_SCHEDULE
	BARRIER(TRACEE);		/* rq lock, and the barrier after it */
#endif
	WRITE(TRACEE, DEQUEUED, 1);	/* __block_task() */
	WRITE(TRACEE, SAVED, 1);	/* switch_to() */
#ifndef NO_RELEASE_IN_FINISH_TASK
	BARRIER(TRACEE);		/* smp_store_release() */
#endif
	WRITE(TRACEE, SWITCHES, 2)	/* finish_task() */
}

active proctype tracer()
{
	bool dequeued, running, saved;

#ifdef NO_READ_BARRIER
	if
	:: running = READ(TRACER, SWITCHES) % 2;
	   dequeued = READ(TRACER, DEQUEUED)
	:: dequeued = READ(TRACER, DEQUEUED);
	   running = READ(TRACER, SWITCHES) % 2
	fi;
	saved = READ(TRACER, SAVED);
#elif defined(NO_ACQUIRE)
	dequeued = READ(TRACER, DEQUEUED);
	if
	:: saved = READ(TRACER, SAVED);
	   running = READ(TRACER, SWITCHES) % 2
	:: running = READ(TRACER, SWITCHES) % 2;
	   saved = READ(TRACER, SAVED)
	fi;
#else
	dequeued = READ(TRACER, DEQUEUED);	/* READ_ONCE(->on_rq) */
						/* smp_rmb() */
	running = READ(TRACER, SWITCHES) % 2;	/* smp_load_acquire(->on_cpu) */
	saved = READ(TRACER, SAVED);		/* the request */
#endif
	if
	:: dequeued && !running ->
		assert(READ(TRACEE, SWITCHES) == 2);
		assert(saved)
	:: else				/* wait_task_inactive() */
	fi
}
