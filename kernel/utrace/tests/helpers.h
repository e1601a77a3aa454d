/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit tests of the utrace core: what they share
 *
 * Each test has a tracee, which is a user task: it has been made like one, can
 * be attached to, signalled and killed, and dies and is reaped like any other.
 * But it never goes to user mode. It runs what the test gives it to do, such as
 * to report a system call, and its engines are called as part of that.
 *
 * The engines log what they hear. A test gives its tracee one thing at a time
 * to do, and waits for the end of it or for a callback that pauses, so the log
 * needs no lock.
 */
#ifndef _KERNEL_UTRACE_TESTS_HELPERS_H
#define _KERNEL_UTRACE_TESTS_HELPERS_H

#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/iopoll.h>
#include <linux/sched.h>
#include <linux/thread_info.h>

#include "../internal.h"

#define NR_PROBES	4

#define ENTRY		UTRACE_EVENT(SYSCALL_ENTRY)
#define EXIT		UTRACE_EVENT(SYSCALL_EXIT)

struct tracee;

/* An engine of a test. */
struct probe {
	struct tracee *tracee;
	char name;			/* for the log */
	struct utrace_engine *engine;	/* a reference of the test, or NULL */

	/* What its callbacks do: pause until told otherwise, call, answer. */
	bool pause;
	void (*hook)(struct probe *probe);
	u32 answer;

	/* What the last one was told. */
	u32 action;
	unsigned long arg;

	/* For the hook: whom to treat and with what, and what came of it. */
	struct probe *other;
	unsigned long events;
	int ret;

	struct completion paused;
	struct completion resume;
};

/* A task that does what a test tells it to. */
struct tracee {
	struct kunit *test;
	struct task_struct *task;
	pid_t pid;
	struct probe probe[NR_PROBES];	/* none is attached at first */
	char log[256];			/* as "a:entry b:entry" */

	/* For what it has to do. */
	struct pt_regs regs;
	bool step;
	void *priv;
	int ret;

	void (*todo)(struct tracee *t);
	struct completion ready;
	struct completion go;
	struct completion done;
};

/* Functions of the test: they end it when something fails. */
struct tracee *tracee_start(struct kunit *test);
void tracee_end(struct tracee *t);
DEFINE_FREE(tracee_end, struct tracee *, tracee_end(_T))

void tracee_go(struct tracee *t, void (*todo)(struct tracee *t));
void tracee_await(struct tracee *t);
void tracee_do(struct tracee *t, void (*todo)(struct tracee *t));
void tracee_pause(struct tracee *t, void (*todo)(struct tracee *t),
		  struct probe *probe);
void tracee_unpause(struct tracee *t, struct probe *probe);
bool tracee_skips(struct tracee *t);
void tracee_exit(struct tracee *t);
int tracee_reap(struct tracee *t);
struct probe *probe_attach(struct tracee *t, int nr,
			   const struct utrace_engine_ops *ops,
			   unsigned long events);
void expect_needs_callback(struct tracee *t,
			   const struct utrace_engine_ops *ops,
			   size_t callback, unsigned long events);

/* What a tracee can do. */
void report_entry(struct tracee *t);
void report_exit(struct tracee *t);
void return_to_user(struct tracee *t);
void do_nothing(struct tracee *t);

/* Callbacks, and what callbacks can do. */
u32 probe_hear(struct utrace_engine *engine, u32 action, unsigned long arg,
	       const char *what);
u32 probe_entry(u32 action, struct utrace_engine *engine, struct pt_regs *regs);
u32 probe_exit(u32 action, struct utrace_engine *engine, struct pt_regs *regs);
void probe_release(void *data);
void probe_try_attach(struct probe *probe, struct task_struct *task,
		      const struct utrace_engine_ops *ops,
		      unsigned long events);
void probe_put(struct probe *probe);
void hook_detach(struct probe *probe);
void hook_set_events(struct probe *probe);

/* What the ops of all tests begin with, and these end with. */
#define SYSCALL_OPS							\
	.report_syscall_entry = probe_entry,				\
	.report_syscall_exit = probe_exit,				\
	.release = probe_release

extern const struct utrace_engine_ops syscall_ops;

static inline int set_events(struct probe *probe, unsigned long events)
{
	return utrace_set_events(probe->engine, events);
}

static inline int control(struct probe *probe,
			  enum utrace_resume_action action)
{
	return utrace_control(probe->engine, action);
}

static inline char state_of(struct tracee *t)
{
	return task_state_to_char(t->task);
}

static inline bool syscalls_traced(struct task_struct *task)
{
	return test_task_syscall_work(task, SYSCALL_TRACE);
}

/* Compares the log and begins it anew. */
#define EXPECT_LOG(t, expected) do {					\
	struct tracee *__t = (t);					\
									\
	KUNIT_EXPECT_STREQ(__t->test, __t->log, expected);		\
	__t->log[0] = '\0';						\
} while (0)

/* @events cannot be had with @ops when @callback is missing. */
#define EXPECT_NEEDS_CALLBACK(t, ops, callback, events)			\
	expect_needs_callback(t, &(ops),				\
			      offsetof(struct utrace_engine_ops, callback), \
			      events)

/* Waits until @condition is true, but not for ever. */
#define ASSERT_SOON(t, condition) do {					\
	bool __met;							\
									\
	KUNIT_ASSERT_EQ_MSG((t)->test, 0,				\
			    read_poll_timeout(!!, __met, __met, 1000,	\
					      30 * USEC_PER_SEC, false,	\
					      condition),		\
			    "never: " #condition);			\
} while (0)

#endif /* _KERNEL_UTRACE_TESTS_HELPERS_H */
