/* SPDX-License-Identifier: GPL-2.0 */
/*
 * utrace core: what its files share
 */
#ifndef _KERNEL_UTRACE_INTERNAL_H
#define _KERNEL_UTRACE_INTERNAL_H

#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/task_work.h>
#include <linux/utrace.h>
#include <linux/utrace_hooks.h>
#include <linux/wait.h>

/**
 * enum utrace_state - where a task is between its creation and its release
 * @UTRACE_ALIVE: engines can be attached and can stop it
 * @UTRACE_EXITING: UTRACE_EVENT(EXIT) is being reported, or has been
 * @UTRACE_DEAD: UTRACE_EVENT(DEATH) is being reported, or has been
 * @UTRACE_REAPED: UTRACE_EVENT(REAP) is being reported, or has been
 */
enum utrace_state {
	UTRACE_ALIVE,
	UTRACE_EXITING,
	UTRACE_DEAD,
	UTRACE_REAPED,
};

/**
 * struct utrace - the engines of a task
 *
 * Allocated before the first engine is attached, and freed with the task:
 * whoever holds the task can use task_struct::utrace once it is set, by a plain
 * load after one that found it.
 */
struct utrace {
	/**
	 * @lock: guards all below but @task and @wait, the private part of each
	 * engine in @engines, and SYSCALL_WORK_SYSCALL_TRACE of the task. Taken
	 * with interrupts off, inside tasklist_lock and siglock; task_work_add()
	 * and wake-ups happen inside it. Never held while a callback runs.
	 */
	spinlock_t lock;
	/** @task: whose engines these are */
	struct task_struct *task;
	/**
	 * @engines: in the order in which they were attached. An engine that is
	 * detached while a callback of it runs stays in the list until that
	 * returns, so that the report can go on from there.
	 */
	struct list_head engines;
	/**
	 * @events: the union of what @engines want. Others read it without the
	 * lock, and may find an old value: then it is as if the engine had
	 * called utrace_set_events() a moment later.
	 */
	unsigned long events;
	/** @attachments: how many there have been; numbers the engines */
	u64 attachments;
	/** @state: where the task is on its way to its release; it only grows */
	enum utrace_state state;
	/**
	 * @stopped: the task waits in stay_stopped(), and checks under @lock what
	 * its engines want before it goes on
	 */
	bool stopped;
	/** @work_queued: @work is queued, and has not begun */
	bool work_queued;
	/** @work_put_off: @work ran where the task cannot stop; it has to run again */
	bool work_put_off;
	/** @work: runs utrace_quiesce_work() before the task is in user mode */
	struct callback_head work;
	/** @wait: where utrace_barrier() waits for the end of a callback */
	wait_queue_head_t wait;
	/** @ptrace: ptrace's engine. Nobody drops its first reference */
	struct utrace_engine ptrace;
};

/* Does an engine of current want @event? */
static inline bool utrace_wants(unsigned long event)
{
	/*
	 * Pairs with the cmpxchg() in utrace_publish(): the address dependency
	 * shows us an initialised structure. The events may be old, see above.
	 */
	const struct utrace *utrace = READ_ONCE(current->utrace);

	return utrace && READ_ONCE(utrace->events) & event;
}

/* engine.c */
struct utrace *utrace_of_task(struct task_struct *task, gfp_t gfp);
struct utrace_engine *utrace_create(struct task_struct *task,
				    const struct utrace_engine_ops *ops,
				    void *data);
void utrace_discard(struct utrace_engine *engine);
int utrace_attach_created(struct utrace_engine *engine);
void utrace_link(struct utrace_engine *engine);
bool utrace_unlink(struct utrace_engine *engine);
bool utrace_detach(struct utrace_engine *engine);
void utrace_update_events(struct utrace *utrace);

/* control.c */
void utrace_quiesce_work(struct callback_head *work);
int utrace_queue_quiesce(struct utrace *utrace, enum task_work_notify_mode how);
void utrace_wake(struct utrace *utrace);
bool utrace_stop(struct utrace *utrace);

#endif /* _KERNEL_UTRACE_INTERNAL_H */
