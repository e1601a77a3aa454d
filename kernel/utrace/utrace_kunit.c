// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the utrace core
 *
 * They need no second process. What does not depend on who runs it is tested
 * with a task that has been made up: it never runs, so what is queued for it
 * stays queued. Reports come from current, the kernel thread of the test. It
 * cannot be attached to with utrace_attach_task(), but with what is behind it.
 */

#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/pid.h>
#include <linux/ptrace.h>
#include <linux/sched/jobctl.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/task_work.h>
#include <linux/thread_info.h>
#include <linux/utrace.h>
#include <linux/workqueue.h>
#include <uapi/linux/sched.h>

#include "internal.h"

#define NR_PROBES	4

struct utrace_test;

/**
 * struct probe - an engine of a test: what it answers and what it has seen
 * @ut: the test
 * @name: one letter, for the log
 * @task: the task that it is attached to
 * @engine: the engine; the test holds a reference unless it is NULL
 * @answer: of all callbacks but report_quiesce()
 * @quiesce_answer: of report_quiesce()
 * @hook: called by all callbacks but report_quiesce()
 * @quiesce_hook: called by report_quiesce()
 * @outside: another thread runs the hooks, and the callback waits for it
 * @other: whom the hook is to treat
 * @events: for the hook
 * @new_code: exit code that report_exit() sets, or 0
 * @ret: what the hook was answered
 * @ret2: likewise, if it asked twice
 * @action: @action of the last callback other than report_quiesce()
 * @quiesce_action: @action of the last report_quiesce()
 * @quiesce_event: @event of the last report_quiesce()
 * @args: what else the last callback was told
 * @calls: how many callbacks there were, report_quiesce() not counted
 * @releases: how many times it has been released
 */
struct probe {
	struct utrace_test *ut;
	char name;
	struct task_struct *task;
	struct utrace_engine *engine;
	u32 answer;
	u32 quiesce_answer;
	void (*hook)(struct probe *probe);
	void (*quiesce_hook)(struct probe *probe);
	bool outside;
	struct probe *other;
	unsigned long events;
	long new_code;
	int ret;
	int ret2;
	u32 action;
	u32 quiesce_action;
	unsigned long quiesce_event;
	unsigned long args[3];
	int calls;
	int releases;
};

/**
 * struct utrace_test - what each case starts with
 * @task: a task made up
 * @regs: for the reports that take registers
 * @ksig: for utrace_report_signal()
 * @probe: engines, none attached
 * @log: callbacks in the order in which they came, as "a:exec b:exec"
 */
struct utrace_test {
	struct task_struct *task;
	struct pt_regs regs;
	struct ksignal ksig;
	struct probe probe[NR_PROBES];
	char log[512];
};

#define expect_log(_test, _expected) do {				\
	struct kunit *__test = (_test);					\
	struct utrace_test *__ut = __test->priv;			\
									\
	KUNIT_EXPECT_STREQ(__test, __ut->log, _expected);		\
	__ut->log[0] = '\0';						\
} while (0)

static void note(struct probe *probe, const char *what)
{
	struct utrace_test *ut = probe->ut;
	size_t len = strlen(ut->log);

	snprintf(ut->log + len, sizeof(ut->log) - len, "%s%c:%s",
		 len ? " " : "", probe->name, what);
}

struct visit {
	struct work_struct work;
	struct probe *probe;
	void (*hook)(struct probe *probe);
};

static void pay_visit(struct work_struct *work)
{
	struct visit *visit = container_of(work, struct visit, work);

	visit->hook(visit->probe);
}

/* In the middle of a callback: by itself or by another thread. */
static void run_hook(struct probe *probe, void (*hook)(struct probe *probe))
{
	struct visit visit = { .probe = probe, .hook = hook };

	if (!hook)
		return;
	if (!probe->outside) {
		hook(probe);
		return;
	}
	INIT_WORK_ONSTACK(&visit.work, pay_visit);
	schedule_work(&visit.work);
	flush_work(&visit.work);
	destroy_work_on_stack(&visit.work);
}

/* What all callbacks but report_quiesce() do. */
static u32 hear(u32 action, struct utrace_engine *engine, const char *what)
{
	struct probe *probe = engine->data;

	note(probe, what);
	probe->calls++;
	probe->action = action;
	run_hook(probe, probe->hook);
	return probe->answer;
}

static void set_args(struct utrace_engine *engine, unsigned long arg0,
		     unsigned long arg1, unsigned long arg2)
{
	struct probe *probe = engine->data;

	probe->args[0] = arg0;
	probe->args[1] = arg1;
	probe->args[2] = arg2;
}

static u32 probe_quiesce(u32 action, struct utrace_engine *engine,
			 unsigned long event)
{
	struct probe *probe = engine->data;

	note(probe, "quiesce");
	probe->quiesce_action = action;
	probe->quiesce_event = event;
	run_hook(probe, probe->quiesce_hook);
	return probe->quiesce_answer;
}

static u32 probe_clone(u32 action, struct utrace_engine *engine,
		       u64 clone_flags, struct task_struct *child)
{
	set_args(engine, clone_flags, (unsigned long)child, 0);
	return hear(action, engine, "clone");
}

static u32 probe_clone_done(u32 action, struct utrace_engine *engine,
			    u64 clone_flags, int trace, struct pid *child)
{
	set_args(engine, clone_flags, trace, (unsigned long)child);
	return hear(action, engine, "clone_done");
}

static u32 probe_vfork_done(u32 action, struct utrace_engine *engine,
			    struct pid *child)
{
	set_args(engine, (unsigned long)child, 0, 0);
	return hear(action, engine, "vfork_done");
}

static u32 probe_exec(u32 action, struct utrace_engine *engine,
		      struct linux_binprm *bprm, pid_t old_pid)
{
	set_args(engine, (unsigned long)bprm, old_pid, 0);
	return hear(action, engine, "exec");
}

static u32 probe_exit(u32 action, struct utrace_engine *engine,
		      long orig_code, long *code)
{
	struct probe *probe = engine->data;

	set_args(engine, orig_code, *code, 0);
	if (probe->new_code)
		*code = probe->new_code;
	return hear(action, engine, "exit");
}

static u32 probe_death(u32 action, struct utrace_engine *engine,
		       bool group_dead)
{
	return hear(action, engine, "death");
}

static void probe_reap(struct utrace_engine *engine, struct task_struct *task)
{
	set_args(engine, (unsigned long)task, 0, 0);
	hear(0, engine, "reap");
}

static u32 probe_syscall_entry(u32 action, struct utrace_engine *engine,
			       struct pt_regs *regs)
{
	set_args(engine, (unsigned long)regs, 0, 0);
	return hear(action, engine, "syscall_entry");
}

static u32 probe_syscall_exit(u32 action, struct utrace_engine *engine,
			      struct pt_regs *regs)
{
	set_args(engine, (unsigned long)regs, 0, 0);
	return hear(action, engine, "syscall_exit");
}

static u32 probe_seccomp(u32 action, struct utrace_engine *engine, u16 data)
{
	set_args(engine, data, 0, 0);
	return hear(action, engine, "seccomp");
}

static u32 probe_signal(u32 action, struct utrace_engine *engine,
			struct kernel_siginfo *info,
			enum utrace_signal_action disposition)
{
	set_args(engine, info->si_signo, disposition, info->si_code);
	return hear(action, engine, "signal");
}

static u32 probe_jctl(u32 action, struct utrace_engine *engine, int type,
		      int notify)
{
	set_args(engine, type, notify, 0);
	return hear(action, engine, "jctl");
}

static void probe_release(void *data)
{
	struct probe *probe = data;

	note(probe, "release");
	probe->releases++;
}

#define PROBE_OPS {							\
	.report_quiesce = probe_quiesce,				\
	.report_clone = probe_clone,					\
	.report_clone_done = probe_clone_done,				\
	.report_vfork_done = probe_vfork_done,				\
	.report_exec = probe_exec,					\
	.report_exit = probe_exit,					\
	.report_death = probe_death,					\
	.report_reap = probe_reap,					\
	.report_syscall_entry = probe_syscall_entry,			\
	.report_syscall_exit = probe_syscall_exit,			\
	.report_seccomp = probe_seccomp,				\
	.report_signal = probe_signal,					\
	.report_jctl = probe_jctl,					\
	.release = probe_release,					\
}

static const struct utrace_engine_ops probe_ops = PROBE_OPS;
/* The same, but for those who match by address. */
static const struct utrace_engine_ops other_ops = PROBE_OPS;

static const struct utrace_engine_ops bare_ops = {};

/* Attach or look up without keeping a reference. */
static int drop(struct utrace_engine *engine)
{
	if (IS_ERR(engine))
		return PTR_ERR(engine);
	utrace_engine_put(engine);
	return 0;
}

static int try_attach(struct task_struct *task, int flags,
		      const struct utrace_engine_ops *ops, void *data)
{
	return drop(utrace_attach_task(task, flags, ops, data));
}

static int try_attach_pid(struct pid *pid, int flags, void *data)
{
	return drop(utrace_attach_pid(pid, flags, &probe_ops, data));
}

/* Attach @probe to the task that is made up. */
static void attach_ops(struct kunit *test, struct probe *probe,
		       const struct utrace_engine_ops *ops,
		       unsigned long events)
{
	struct utrace_test *ut = test->priv;
	struct utrace_engine *engine;

	engine = utrace_attach_task(ut->task, UTRACE_ATTACH_CREATE, ops, probe);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, engine);
	probe->task = ut->task;
	probe->engine = engine;
	KUNIT_ASSERT_EQ(test, 0, utrace_set_events(ut->task, engine, events));
}

static void attach(struct kunit *test, struct probe *probe,
		   unsigned long events)
{
	attach_ops(test, probe, &probe_ops, events);
}

/* Attach @probe to current; for callbacks, too. */
static int __attach_self(struct probe *probe, unsigned long events)
{
	struct utrace_engine *engine;

	engine = utrace_create_engine(current, &probe_ops, probe, GFP_KERNEL);
	if (!engine)
		return -ENOMEM;
	probe->task = current;
	probe->engine = engine;
	/* What it is to be called under. */
	guard(read_lock)(&tasklist_lock);
	return utrace_attach_engine(engine, 0, events);
}

static void attach_self(struct kunit *test, struct probe *probe,
			unsigned long events)
{
	KUNIT_ASSERT_EQ(test, 0, __attach_self(probe, events));
}

static int set_events(struct probe *probe, unsigned long events)
{
	return utrace_set_events(probe->task, probe->engine, events);
}

static int control(struct probe *probe, enum utrace_resume_action action)
{
	return utrace_control(probe->task, probe->engine, action);
}

static void put(struct probe *probe)
{
	utrace_engine_put(probe->engine);
	probe->engine = NULL;
}

/* Detach the engines that are left, before they can hear of anything more. */
static void leave_all(struct utrace_test *ut)
{
	struct probe *probe;

	for (probe = ut->probe; probe < ut->probe + NR_PROBES; probe++) {
		if (!probe->engine)
			continue;
		control(probe, UTRACE_DETACH);
		put(probe);
	}
}

/* What a kernel thread never does, since it does not return to user mode. */
static void run_task_work(void)
{
	clear_notify_signal();
	clear_thread_flag(TIF_NOTIFY_RESUME);
	task_work_run();
}

/* The events that are used most. */
static int syscall_entry(struct utrace_test *ut)
{
	return utrace_report_syscall_entry(&ut->regs);
}

static void syscall_exit(struct utrace_test *ut)
{
	utrace_report_syscall_exit(&ut->regs, false);
}

static void exec(void)
{
	utrace_report_exec(NULL, 0);
}

static bool syscalls_traced(struct task_struct *task)
{
	return test_task_syscall_work(task, SYSCALL_TRACE);
}

/* What reports have left to do, and nobody asks how. */
static void settle(struct utrace_test *ut)
{
	run_task_work();
	ut->log[0] = '\0';
}

/* Attaching and looking up */

static void attach_bad_arguments(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct task_struct *task = ut->task;
	int flag;

	for (flag = 1; flag < 0x10000; flag <<= 1) {
		if (flag & (UTRACE_ATTACH_MATCH_OPS | UTRACE_ATTACH_MATCH_DATA |
			    UTRACE_ATTACH_CREATE | UTRACE_ATTACH_EXCLUSIVE))
			continue;
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    try_attach(task, UTRACE_ATTACH_CREATE | flag,
					       &probe_ops, ut->probe),
				    "flag %#x", flag);
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    try_attach(task,
					       UTRACE_ATTACH_MATCH_OPS | flag,
					       &probe_ops, ut->probe),
				    "flag %#x", flag);
	}

	KUNIT_EXPECT_EQ(test, -EINVAL,
			try_attach(task, UTRACE_ATTACH_CREATE, NULL,
				   ut->probe));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			try_attach(task, UTRACE_ATTACH_MATCH_OPS, NULL,
				   ut->probe));

	/* Neither a look-up nor a new engine. */
	KUNIT_EXPECT_EQ(test, -EINVAL,
			try_attach(task, 0, &probe_ops, ut->probe));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			try_attach(task, UTRACE_ATTACH_EXCLUSIVE, &probe_ops,
				   ut->probe));

	expect_log(test, "");
	KUNIT_EXPECT_PTR_EQ(test, task->utrace, NULL);
}

static void attach_kernel_thread(struct kunit *test)
{
	struct utrace_test *ut = test->priv;

	KUNIT_EXPECT_EQ(test, -EPERM,
			try_attach(current, UTRACE_ATTACH_CREATE, &probe_ops,
				   ut->probe));

	ut->task->flags = PF_KTHREAD;
	KUNIT_EXPECT_EQ(test, -EPERM,
			try_attach(ut->task, UTRACE_ATTACH_CREATE, &probe_ops,
				   ut->probe));
	ut->task->flags = PF_USER_WORKER;
	KUNIT_EXPECT_EQ(test, -EPERM,
			try_attach(ut->task, UTRACE_ATTACH_CREATE, &probe_ops,
				   ut->probe));
	expect_log(test, "");
}

static struct utrace_engine *
no_memory(struct task_struct *task, const struct utrace_engine_ops *ops,
	  void *data, gfp_t gfp)
{
	return NULL;
}

static void attach_without_memory(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	int flags = UTRACE_ATTACH_CREATE | UTRACE_ATTACH_EXCLUSIVE |
		    UTRACE_ATTACH_MATCH_OPS;

	kunit_activate_static_stub(test, utrace_create_engine, no_memory);
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			try_attach(ut->task, flags, &probe_ops, ut->probe));
	kunit_deactivate_static_stub(test, utrace_create_engine);
	/* Nothing is left of it, nor was it released. */
	KUNIT_EXPECT_EQ(test, -ENOENT,
			try_attach(ut->task, UTRACE_ATTACH_MATCH_OPS,
				   &probe_ops, NULL));
	expect_log(test, "");
}

static void attach_dead_task(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct task_struct *task = ut->task;

	task->exit_state = EXIT_ZOMBIE;
	KUNIT_EXPECT_EQ(test, -ESRCH,
			try_attach(task, UTRACE_ATTACH_CREATE, &probe_ops,
				   ut->probe));
	task->exit_state = EXIT_DEAD;
	KUNIT_EXPECT_EQ(test, -ESRCH,
			try_attach(task, UTRACE_ATTACH_CREATE, &probe_ops,
				   ut->probe));

	/* Not even when it looks alive, once it has been released. */
	utrace_release_task(task);
	task->exit_state = 0;
	KUNIT_EXPECT_EQ(test, -ESRCH,
			try_attach(task, UTRACE_ATTACH_CREATE, &probe_ops,
				   ut->probe));

	/* What was not attached is not released. */
	expect_log(test, "");
}

static void look_up(struct kunit *test)
{
	const int both = UTRACE_ATTACH_MATCH_OPS | UTRACE_ATTACH_MATCH_DATA;
	struct utrace_test *ut = test->priv;
	struct task_struct *task = ut->task;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	struct utrace_engine *engine;

	KUNIT_EXPECT_EQ(test, -ENOENT,
			try_attach(task, UTRACE_ATTACH_MATCH_OPS, &probe_ops,
				   a));
	KUNIT_EXPECT_PTR_EQ(test, task->utrace, NULL);

	attach(test, a, 0);
	attach(test, b, 0);

	KUNIT_EXPECT_EQ(test, -ENOENT,
			try_attach(task, UTRACE_ATTACH_MATCH_OPS, &other_ops,
				   a));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			try_attach(task, UTRACE_ATTACH_MATCH_DATA, &probe_ops,
				   ut));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			try_attach(task, both, &other_ops, a));
	KUNIT_EXPECT_EQ(test, -ENOENT, try_attach(task, both, &probe_ops, ut));

	engine = utrace_attach_task(task, UTRACE_ATTACH_MATCH_DATA, NULL, b);
	KUNIT_EXPECT_PTR_EQ(test, engine, b->engine);
	if (!IS_ERR(engine))
		utrace_engine_put(engine);
	engine = utrace_attach_task(task, both, &probe_ops, b);
	KUNIT_EXPECT_PTR_EQ(test, engine, b->engine);
	if (!IS_ERR(engine))
		utrace_engine_put(engine);

	/* The first of those that match. */
	engine = utrace_attach_task(task, UTRACE_ATTACH_MATCH_OPS, &probe_ops,
				    NULL);
	KUNIT_ASSERT_PTR_EQ(test, engine, a->engine);

	/* The look-up has given a reference, which outlives all others. */
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
	put(a);
	expect_log(test, "");
	utrace_engine_put(engine);
	expect_log(test, "a:release");

	engine = utrace_attach_task(task, UTRACE_ATTACH_MATCH_OPS, &probe_ops,
				    NULL);
	KUNIT_EXPECT_PTR_EQ(test, engine, b->engine);
	if (!IS_ERR(engine))
		utrace_engine_put(engine);
}

static void attach_exclusive(struct kunit *test)
{
	const int excl = UTRACE_ATTACH_CREATE | UTRACE_ATTACH_EXCLUSIVE;
	const int ops = UTRACE_ATTACH_MATCH_OPS;
	const int data = UTRACE_ATTACH_MATCH_DATA;
	struct utrace_test *ut = test->priv;
	struct task_struct *task = ut->task;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];

	attach(test, a, 0);

	KUNIT_EXPECT_EQ(test, -EEXIST,
			try_attach(task, excl | ops, &probe_ops, b));
	KUNIT_EXPECT_EQ(test, -EEXIST,
			try_attach(task, excl | data, &other_ops, a));
	KUNIT_EXPECT_EQ(test, -EEXIST,
			try_attach(task, excl | ops | data, &probe_ops, a));
	KUNIT_EXPECT_EQ(test, -EEXIST, try_attach(task, excl, &other_ops, b));
	/* What was not attached is not released. */
	expect_log(test, "");

	/* Without EXCLUSIVE there can be two of the same. */
	KUNIT_EXPECT_EQ(test, 0,
			try_attach(task, UTRACE_ATTACH_CREATE | ops | data,
				   &probe_ops, a));

	/* Half a match is none. */
	KUNIT_EXPECT_EQ(test, 0,
			try_attach(task, excl | ops | data, &probe_ops, b));
	KUNIT_EXPECT_EQ(test, 0,
			try_attach(task, excl | ops | data, &other_ops, a));
	KUNIT_EXPECT_EQ(test, -EEXIST,
			try_attach(task, excl | ops | data, &probe_ops, b));
}

static void attach_exclusive_alone(struct kunit *test)
{
	const int excl = UTRACE_ATTACH_CREATE | UTRACE_ATTACH_EXCLUSIVE;
	struct utrace_test *ut = test->priv;
	struct task_struct *task = ut->task;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];

	KUNIT_EXPECT_EQ(test, 0,
			try_attach(task, excl | UTRACE_ATTACH_MATCH_OPS,
				   &other_ops, b));
	KUNIT_EXPECT_EQ(test, 0,
			try_attach(task, excl | UTRACE_ATTACH_MATCH_DATA,
				   &probe_ops, a));

	/* An engine that is detached is in nobody's way. */
	b->engine = utrace_attach_task(task, UTRACE_ATTACH_MATCH_DATA, NULL, b);
	a->engine = utrace_attach_task(task, UTRACE_ATTACH_MATCH_DATA, NULL, a);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, a->engine);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, b->engine);
	a->task = task;
	b->task = task;
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, -EEXIST, try_attach(task, excl, &probe_ops, a));
	KUNIT_EXPECT_EQ(test, 0, control(b, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, 0, try_attach(task, excl, &probe_ops, a));
}

static void attach_by_pid(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0];
	struct utrace_engine *engine;

	KUNIT_EXPECT_EQ(test, -EPERM,
			try_attach_pid(task_pid(current), UTRACE_ATTACH_CREATE,
				       a));

	attach_self(test, a, 0);
	engine = utrace_attach_pid(task_pid(current), UTRACE_ATTACH_MATCH_DATA,
				   NULL, a);
	KUNIT_EXPECT_PTR_EQ(test, engine, a->engine);
	if (!IS_ERR(engine))
		utrace_engine_put(engine);
	leave_all(ut);
	expect_log(test, "a:release");
}

/* Attach to @pid, whose task is made up and is to be left as it was. */
static void expect_attach_pid(struct kunit *test, int expected, struct pid *pid,
			      int flags)
{
	struct utrace_test *ut = test->priv;

	KUNIT_EXPECT_EQ(test, expected,
			try_attach_pid(pid, UTRACE_ATTACH_CREATE | flags,
				       ut->probe));
	KUNIT_EXPECT_EQ(test, 1, refcount_read(&ut->task->usage));
}

static void attach_by_pid_keeps_no_task(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct task_struct *task = ut->task;
	struct pid *pid;

	/* Nothing but its list of tasks is looked at. */
	pid = kunit_kzalloc(test, sizeof(*pid), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pid);
	refcount_set(&task->usage, 1);
	expect_attach_pid(test, -ESRCH, pid, 0);

	hlist_add_head_rcu(&task->pid_links[PIDTYPE_PID],
			   &pid->tasks[PIDTYPE_PID]);
	expect_attach_pid(test, 0, pid, 0);
	expect_attach_pid(test, -EEXIST, pid, UTRACE_ATTACH_EXCLUSIVE);

	task->exit_state = EXIT_ZOMBIE;
	expect_attach_pid(test, -ESRCH, pid, 0);
	task->exit_state = 0;
	task->flags |= PF_KTHREAD;
	expect_attach_pid(test, -EPERM, pid, 0);

	/* Only the first one has been attached. */
	expect_log(test, "");
	utrace_free_task(task);
	task->utrace = NULL;
	expect_log(test, "a:release");
}

/* Event masks */

static void set_events_errors(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0];
	const unsigned long events = UTRACE_EVENT(EXEC);
	unsigned int bit;

	attach(test, a, events);
	for (bit = _UTRACE_NEVENTS; bit < BITS_PER_LONG; bit++) {
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL, set_events(a, BIT(bit)),
				    "bit %u", bit);
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    set_events(a, BIT(bit) | UTRACE_EVENT_ALL),
				    "bit %u", bit);
	}
	KUNIT_EXPECT_EQ(test, -ESRCH,
			utrace_set_events(current, a->engine, 0));
	KUNIT_EXPECT_EQ(test, -ESRCH, utrace_set_events(NULL, a->engine, 0));

	/* All these have changed nothing. */
	KUNIT_EXPECT_EQ(test, events, a->engine->flags);
	KUNIT_EXPECT_EQ(test, events, ut->task->utrace_flags);

	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, -ESRCH, set_events(a, events));
	KUNIT_EXPECT_EQ(test, -ESRCH, set_events(a, 0));
	KUNIT_EXPECT_EQ(test, 0, a->engine->flags);
	KUNIT_EXPECT_EQ(test, 0, ut->task->utrace_flags);
}

#define CALLBACK(member, event_mask) {					\
	.name = #member,						\
	.offset = offsetof(struct utrace_engine_ops, member),		\
	.events = event_mask,						\
}

static const struct {
	const char *name;
	size_t offset;
	unsigned long events;
} callbacks[] = {
	CALLBACK(report_quiesce, UTRACE_EVENT(QUIESCE)),
	CALLBACK(report_reap, UTRACE_EVENT(REAP)),
	CALLBACK(report_clone, UTRACE_EVENT(CLONE)),
	CALLBACK(report_clone_done, UTRACE_EVENT(CLONE_DONE)),
	CALLBACK(report_vfork_done, UTRACE_EVENT(VFORK_DONE)),
	CALLBACK(report_exec, UTRACE_EVENT(EXEC)),
	CALLBACK(report_exit, UTRACE_EVENT(EXIT)),
	CALLBACK(report_death, UTRACE_EVENT(DEATH)),
	CALLBACK(report_syscall_entry, UTRACE_EVENT(SYSCALL_ENTRY)),
	CALLBACK(report_syscall_exit, UTRACE_EVENT(SYSCALL_EXIT)),
	CALLBACK(report_seccomp, UTRACE_EVENT(SECCOMP)),
	CALLBACK(report_signal, UTRACE_EVENT_SIGNAL_ALL),
	CALLBACK(report_jctl, UTRACE_EVENT(JCTL)),
};

static void set_events_needs_callback(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0];
	struct utrace_engine_ops *ops;
	unsigned long covered = 0;
	unsigned int i, bit;

	ops = kunit_kzalloc(test, sizeof(*ops), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ops);

	for (i = 0; i < ARRAY_SIZE(callbacks); i++) {
		const unsigned long events = callbacks[i].events;
		const char *name = callbacks[i].name;

		*ops = probe_ops;
		memset((void *)ops + callbacks[i].offset, 0, sizeof(void *));
		attach_ops(test, a, ops, 0);

		for (bit = 0; bit < _UTRACE_NEVENTS; bit++)
			KUNIT_EXPECT_EQ_MSG(test,
					    events & BIT(bit) ? -EINVAL : 0,
					    set_events(a, BIT(bit)),
					    "no %s, event %u", name, bit);
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    set_events(a, UTRACE_EVENT_ALL),
				    "no %s", name);
		KUNIT_EXPECT_EQ_MSG(test, 0,
				    set_events(a, UTRACE_EVENT_ALL & ~events),
				    "no %s", name);

		KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
		put(a);
		covered |= events;
	}
	/* There is no event that has been forgotten here. */
	KUNIT_EXPECT_EQ(test, covered, UTRACE_EVENT_ALL);

	attach_ops(test, a, &bare_ops, 0);
	for (bit = 0; bit < _UTRACE_NEVENTS; bit++)
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL, set_events(a, BIT(bit)),
				    "event %u", bit);
}

static void events_are_united(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct task_struct *task = ut->task;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	const unsigned long exec = UTRACE_EVENT(EXEC);
	const unsigned long exit = UTRACE_EVENT(EXIT);
	const unsigned long jctl = UTRACE_EVENT(JCTL);

	attach(test, a, 0);
	KUNIT_EXPECT_EQ(test, task->utrace_flags, 0);
	KUNIT_EXPECT_FALSE(test, utrace_wants(task, UTRACE_EVENT_ALL));

	KUNIT_EXPECT_EQ(test, 0, set_events(a, exec | exit));
	KUNIT_EXPECT_EQ(test, a->engine->flags, exec | exit);
	KUNIT_EXPECT_EQ(test, task->utrace_flags, exec | exit);

	attach(test, b, 0);
	KUNIT_EXPECT_EQ(test, b->engine->flags, 0);
	KUNIT_EXPECT_EQ(test, task->utrace_flags, exec | exit);
	KUNIT_EXPECT_EQ(test, 0, set_events(b, exec | jctl));
	KUNIT_EXPECT_EQ(test, task->utrace_flags, exec | exit | jctl);
	KUNIT_EXPECT_TRUE(test, utrace_wants(task, jctl));
	KUNIT_EXPECT_FALSE(test, utrace_wants(task, UTRACE_EVENT(REAP)));

	/* What both want stays when one gives it up. */
	KUNIT_EXPECT_EQ(test, 0, set_events(a, exit));
	KUNIT_EXPECT_EQ(test, task->utrace_flags, exec | exit | jctl);
	KUNIT_EXPECT_EQ(test, 0, set_events(b, jctl));
	KUNIT_EXPECT_EQ(test, task->utrace_flags, exit | jctl);

	KUNIT_EXPECT_EQ(test, 0, control(b, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, b->engine->flags, 0);
	KUNIT_EXPECT_EQ(test, task->utrace_flags, exit);
	KUNIT_EXPECT_EQ(test, 0, set_events(a, 0));
	KUNIT_EXPECT_EQ(test, task->utrace_flags, 0);

	/* An engine may come with its events. */
	attach_self(test, &ut->probe[2], exec);
	attach_self(test, &ut->probe[3], jctl);
	KUNIT_EXPECT_EQ(test, current->utrace_flags, exec | jctl);
	KUNIT_EXPECT_EQ(test, 0, control(&ut->probe[2], UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, current->utrace_flags, jctl);
	leave_all(ut);
	KUNIT_EXPECT_EQ(test, current->utrace_flags, 0);
}

static void syscall_trace_flag(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct task_struct *task = ut->task;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	const unsigned long entry = UTRACE_EVENT(SYSCALL_ENTRY);
	const unsigned long exit = UTRACE_EVENT(SYSCALL_EXIT);

	attach(test, a, 0);
	attach(test, b, UTRACE_EVENT_ALL & ~UTRACE_EVENT_SYSCALL);
	KUNIT_EXPECT_FALSE(test, syscalls_traced(task));

	KUNIT_EXPECT_EQ(test, 0, set_events(a, entry));
	KUNIT_EXPECT_TRUE(test, syscalls_traced(task));
	KUNIT_EXPECT_EQ(test, 0, set_events(a, exit));
	KUNIT_EXPECT_TRUE(test, syscalls_traced(task));
	KUNIT_EXPECT_EQ(test, 0, set_events(a, UTRACE_EVENT(EXEC)));
	KUNIT_EXPECT_FALSE(test, syscalls_traced(task));

	KUNIT_EXPECT_EQ(test, 0, set_events(a, entry));
	KUNIT_EXPECT_EQ(test, 0, set_events(b, exit));
	KUNIT_EXPECT_EQ(test, 0, set_events(a, 0));
	KUNIT_EXPECT_TRUE(test, syscalls_traced(task));
	KUNIT_EXPECT_EQ(test, 0, set_events(a, exit));
	KUNIT_EXPECT_EQ(test, 0, control(b, UTRACE_DETACH));
	KUNIT_EXPECT_TRUE(test, syscalls_traced(task));
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
	KUNIT_EXPECT_FALSE(test, syscalls_traced(task));
}

/* utrace_control() and its like */

static void control_errors(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0];
	const int no_single = arch_has_single_step() ? 0 : -EOPNOTSUPP;
	const int no_block = arch_has_block_step() ? 0 : -EOPNOTSUPP;
	int action;

	attach(test, a, UTRACE_EVENT_ALL & ~UTRACE_EVENT(QUIESCE));
	KUNIT_EXPECT_EQ(test, -EINVAL, control(a, UTRACE_DETACH + 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, control(a, UTRACE_RESUME_MASK + 1));

	KUNIT_EXPECT_EQ(test, -EINVAL, control(a, UTRACE_REPORT));
	KUNIT_EXPECT_EQ(test, no_single ?: -EINVAL,
			control(a, UTRACE_SINGLESTEP));
	KUNIT_EXPECT_EQ(test, no_block ?: -EINVAL,
			control(a, UTRACE_BLOCKSTEP));
	KUNIT_EXPECT_FALSE(test, task_work_pending(ut->task));

	/* Another task than its own. */
	KUNIT_EXPECT_EQ(test, -ESRCH,
			utrace_control(current, a->engine, UTRACE_RESUME));
	KUNIT_EXPECT_EQ(test, -ESRCH,
			utrace_control(current, a->engine, UTRACE_DETACH));
	KUNIT_EXPECT_NE(test, 0, a->engine->flags);

	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, -EINVAL, control(a, UTRACE_DETACH + 1));
	for (action = UTRACE_STOP; action <= UTRACE_DETACH; action++) {
		int err = -ESRCH;

		if (action == UTRACE_SINGLESTEP)
			err = no_single ?: err;
		if (action == UTRACE_BLOCKSTEP)
			err = no_block ?: err;
		KUNIT_EXPECT_EQ_MSG(test, err, control(a, action),
				    "action %d", action);
	}
	KUNIT_EXPECT_FALSE(test, task_work_pending(ut->task));
}

static void control_exiting(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0];

	attach(test, a, UTRACE_EVENT(QUIESCE));
	ut->task->flags |= PF_EXITING;

	KUNIT_EXPECT_EQ(test, -EALREADY, control(a, UTRACE_STOP));
	/* What is refused is not kept for later either. */
	KUNIT_EXPECT_EQ(test, 0, ut->task->utrace->nr_stops);
	KUNIT_EXPECT_EQ(test, -EALREADY, control(a, UTRACE_INTERRUPT));
	KUNIT_EXPECT_EQ(test, -EALREADY, control(a, UTRACE_REPORT));
	if (arch_has_single_step())
		KUNIT_EXPECT_EQ(test, -EALREADY, control(a, UTRACE_SINGLESTEP));
	if (arch_has_block_step())
		KUNIT_EXPECT_EQ(test, -EALREADY, control(a, UTRACE_BLOCKSTEP));
	KUNIT_EXPECT_FALSE(test, task_work_pending(ut->task));

	/* It can still leave. */
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
}

static void control_queues_work(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct task_struct *task = ut->task;
	struct probe *a = &ut->probe[0];

	attach(test, a, UTRACE_EVENT(QUIESCE));

	/* Nothing to do for the task. */
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_RESUME));
	KUNIT_EXPECT_FALSE(test, task_work_pending(task));
	KUNIT_EXPECT_FALSE(test, test_tsk_thread_flag(task, TIF_NOTIFY_RESUME));

	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_REPORT));
	KUNIT_EXPECT_TRUE(test, task_work_pending(task));
	KUNIT_EXPECT_TRUE(test, test_tsk_thread_flag(task, TIF_NOTIFY_RESUME));
	KUNIT_EXPECT_FALSE(test, test_tsk_thread_flag(task, TIF_NOTIFY_SIGNAL));

	/* The work is there already, but has to be done sooner. */
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_INTERRUPT));
	KUNIT_EXPECT_TRUE(test, test_tsk_thread_flag(task, TIF_NOTIFY_SIGNAL));
	KUNIT_EXPECT_PTR_EQ(test, task->task_works, &task->utrace->work);
	KUNIT_EXPECT_PTR_EQ(test, task->task_works->next, NULL);
}

static void control_step(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct task_struct *task = ut->task;
	struct probe *a = &ut->probe[0];

	if (!arch_has_single_step())
		kunit_skip(test, "no single step");

	attach(test, a, UTRACE_EVENT(QUIESCE));
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_SINGLESTEP));
	KUNIT_EXPECT_TRUE(test, task_work_pending(task));

	/* Only the task itself steps, which this one never comes to. */
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_RESUME));
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
}

static enum utrace_resume_action strongest_step(struct task_struct *task)
{
	guard(spinlock_irq)(&task->utrace->lock);
	return utrace_strongest_step(task->utrace);
}

static void steps_are_independent(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct task_struct *task = ut->task;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	/* Without block step, two that step alike will do. */
	const enum utrace_resume_action stride =
		arch_has_block_step() ? UTRACE_BLOCKSTEP : UTRACE_SINGLESTEP;

	if (!arch_has_single_step())
		kunit_skip(test, "no single step");

	attach(test, a, UTRACE_EVENT(QUIESCE));
	attach(test, b, UTRACE_EVENT(QUIESCE));
	KUNIT_EXPECT_EQ(test, UTRACE_RESUME, strongest_step(task));
	KUNIT_EXPECT_EQ(test, 0, control(a, stride));
	KUNIT_EXPECT_EQ(test, stride, strongest_step(task));
	KUNIT_EXPECT_EQ(test, 0, control(b, UTRACE_SINGLESTEP));
	KUNIT_EXPECT_EQ(test, UTRACE_SINGLESTEP, strongest_step(task));

	/* Each takes back its own. */
	KUNIT_EXPECT_EQ(test, 0, control(b, UTRACE_RESUME));
	KUNIT_EXPECT_EQ(test, stride, strongest_step(task));
	KUNIT_EXPECT_EQ(test, 0, control(b, UTRACE_SINGLESTEP));
	KUNIT_EXPECT_EQ(test, 0, control(b, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, stride, strongest_step(task));
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, UTRACE_RESUME, strongest_step(task));
}

static void barrier_idle(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0];

	attach(test, a, UTRACE_EVENT_ALL);
	KUNIT_EXPECT_EQ(test, 0, utrace_barrier(ut->task, a->engine));
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, -ESRCH, utrace_barrier(ut->task, a->engine));
}

static void examine(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct task_struct *task = ut->task;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	struct utrace_examiner examiner = {};

	attach(test, a, 0);
	attach(test, b, 0);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			utrace_prepare_examine(task, a->engine, &examiner));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			utrace_finish_examine(task, a->engine, &examiner));
	KUNIT_EXPECT_EQ(test, -ESRCH,
			utrace_prepare_examine(current, a->engine, &examiner));

	/* It never runs, so it does not come to the stop either. */
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, control(a, UTRACE_STOP));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, control(a, UTRACE_STOP));
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			utrace_prepare_examine(task, a->engine, &examiner));
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			utrace_finish_examine(task, a->engine, &examiner));

	/* The stop is not the other engine's, which cannot end it either. */
	KUNIT_EXPECT_EQ(test, -EINVAL,
			utrace_prepare_examine(task, b->engine, &examiner));
	KUNIT_EXPECT_EQ(test, 0, control(b, UTRACE_RESUME));
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			utrace_prepare_examine(task, a->engine, &examiner));

	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_RESUME));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			utrace_prepare_examine(task, a->engine, &examiner));
	KUNIT_EXPECT_EQ(test, 0, task->utrace->nr_stops);

	KUNIT_EXPECT_EQ(test, -EINPROGRESS, control(a, UTRACE_STOP));
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, -ESRCH,
			utrace_prepare_examine(task, a->engine, &examiner));
	KUNIT_EXPECT_EQ(test, -ESRCH,
			utrace_finish_examine(task, a->engine, &examiner));
	/* The stop has gone with the engine. */
	KUNIT_EXPECT_EQ(test, 0, task->utrace->nr_stops);
}

static void own_stop_ends(struct kunit *test)
{
	static const enum utrace_resume_action actions[] = {
		UTRACE_INTERRUPT, UTRACE_REPORT, UTRACE_SINGLESTEP,
		UTRACE_BLOCKSTEP, UTRACE_RESUME,
	};
	struct utrace_test *ut = test->priv;
	struct task_struct *task = ut->task;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	struct utrace_examiner examiner;
	unsigned int i;

	attach(test, a, UTRACE_EVENT(QUIESCE));
	attach(test, b, UTRACE_EVENT(QUIESCE));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, control(b, UTRACE_STOP));
	for (i = 0; i < ARRAY_SIZE(actions); i++) {
		const int action = actions[i];

		if (!utrace_can_step(action))
			continue;
		KUNIT_EXPECT_EQ(test, -EINPROGRESS, control(a, UTRACE_STOP));
		KUNIT_EXPECT_EQ(test, 2, task->utrace->nr_stops);
		KUNIT_EXPECT_EQ_MSG(test, 0, control(a, action), "action %d",
				    action);
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    utrace_prepare_examine(task, a->engine,
							   &examiner),
				    "action %d", action);

		/* The stop of the other one goes on. */
		KUNIT_EXPECT_EQ_MSG(test, 1, task->utrace->nr_stops,
				    "action %d", action);
		KUNIT_EXPECT_EQ_MSG(test, -EAGAIN,
				    utrace_prepare_examine(task, b->engine,
							   &examiner),
				    "action %d", action);
	}
	KUNIT_EXPECT_EQ(test, 0, control(b, UTRACE_RESUME));
	KUNIT_EXPECT_EQ(test, 0, task->utrace->nr_stops);
}

/* The life of an engine */

static void release_once(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];

	/* The attachment holds a reference of its own. */
	attach(test, a, 0);
	put(a);
	expect_log(test, "");
	a->engine = utrace_attach_task(ut->task, UTRACE_ATTACH_MATCH_DATA, NULL,
				       a);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, a->engine);
	utrace_engine_get(a->engine);

	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, -ESRCH, control(a, UTRACE_DETACH));
	expect_log(test, "");
	utrace_engine_put(a->engine);
	expect_log(test, "");
	put(a);
	expect_log(test, "a:release");

	/* One that was never attached. */
	b->engine = utrace_create_engine(ut->task, &probe_ops, b, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, b->engine);
	b->task = ut->task;
	KUNIT_EXPECT_EQ(test, -ESRCH, control(b, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, -ESRCH, set_events(b, 0));
	put(b);
	expect_log(test, "b:release");
	utrace_engine_put(NULL);
}

static void free_with_engines(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct task_struct *task = ut->task;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	struct probe *c = &ut->probe[2];
	struct utrace_examiner examiner = {};

	attach(test, a, UTRACE_EVENT_ALL);
	attach(test, b, UTRACE_EVENT_ALL);
	attach(test, c, UTRACE_EVENT_ALL);
	put(a);
	put(c);
	utrace_free_task(task);
	task->utrace = NULL;

	/* Nobody has reaped it. */
	expect_log(test, "a:release c:release");

	/*
	 * A reference keeps the engine, long after the task, whose pointer then
	 * leads nowhere.
	 */
	b->task = (void *)1;
	KUNIT_EXPECT_EQ(test, -ESRCH, control(b, UTRACE_STOP));
	KUNIT_EXPECT_EQ(test, -ESRCH, control(b, UTRACE_REPORT));
	KUNIT_EXPECT_EQ(test, -ESRCH, control(b, UTRACE_RESUME));
	KUNIT_EXPECT_EQ(test, -ESRCH, control(b, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, -ESRCH, set_events(b, 0));
	KUNIT_EXPECT_EQ(test, -ESRCH, utrace_barrier(b->task, b->engine));
	KUNIT_EXPECT_EQ(test, -ESRCH,
			utrace_prepare_examine(b->task, b->engine, &examiner));
	KUNIT_EXPECT_EQ(test, -ESRCH,
			utrace_finish_examine(b->task, b->engine, &examiner));
	put(b);
	expect_log(test, "b:release");
	KUNIT_EXPECT_EQ(test, 1, a->releases);
	KUNIT_EXPECT_EQ(test, 1, b->releases);
	KUNIT_EXPECT_EQ(test, 1, c->releases);
}

/*
 * A task reports its death itself, which this one cannot do, and this is what
 * is left of it afterwards.
 */
static void die(struct utrace_test *ut)
{
	ut->task->flags |= PF_EXITING;
	ut->task->exit_state = EXIT_ZOMBIE;
	ut->task->utrace->dead = true;
	ut->task->utrace->death_over = true;
}

static void reap_order(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct task_struct *task = ut->task;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	struct probe *c = &ut->probe[2], *d = &ut->probe[3];

	attach(test, a, UTRACE_EVENT(REAP));
	attach(test, b, UTRACE_EVENT_ALL & ~UTRACE_EVENT(REAP));
	attach(test, c, UTRACE_EVENT_ALL);
	attach(test, d, UTRACE_EVENT(REAP));
	put(a);
	put(b);
	put(d);

	die(ut);
	utrace_release_task(task);
	expect_log(test, "a:reap a:release b:release c:reap d:reap d:release");
	KUNIT_EXPECT_EQ(test, (unsigned long)task, a->args[0]);
	KUNIT_EXPECT_EQ(test, 0, task->utrace_flags);

	KUNIT_EXPECT_EQ(test, -ESRCH, control(c, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, -ESRCH, set_events(c, 0));
	put(c);
	expect_log(test, "c:release");

	/* No second time. */
	utrace_free_task(task);
	task->utrace = NULL;
	expect_log(test, "");
}

static void reap_after_detach(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];

	attach(test, a, UTRACE_EVENT(REAP) | UTRACE_EVENT(DEATH));
	attach(test, b, UTRACE_EVENT(REAP) | UTRACE_EVENT(DEATH));
	put(b);
	die(ut);
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_DETACH));
	put(a);
	expect_log(test, "a:release");
	utrace_release_task(ut->task);
	expect_log(test, "b:reap b:release");
}

static void reap_waits_for_death(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0];
	const unsigned long events = UTRACE_EVENT(REAP) | UTRACE_EVENT(DEATH);

	attach(test, a, events);
	put(a);
	die(ut);
	/* Its parent was faster. */
	ut->task->utrace->death_over = false;
	utrace_release_task(ut->task);
	expect_log(test, "");
	KUNIT_EXPECT_EQ(test, events, ut->task->utrace_flags);
}

static void hook_reap(struct probe *probe)
{
	probe->ret = set_events(probe, 0);
	probe->ret2 = control(probe, UTRACE_DETACH);
}

static void reap_is_too_late(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	struct probe *c = &ut->probe[2];

	attach(test, a, UTRACE_EVENT(REAP));
	attach(test, b, UTRACE_EVENT(REAP));
	attach(test, c, 0);
	a->hook = hook_reap;
	b->hook = hook_reap;

	die(ut);
	utrace_release_task(ut->task);
	expect_log(test, "a:reap b:reap");
	KUNIT_EXPECT_EQ(test, -EALREADY, a->ret);
	KUNIT_EXPECT_EQ(test, -EALREADY, a->ret2);
	KUNIT_EXPECT_EQ(test, -EALREADY, b->ret);
	KUNIT_EXPECT_EQ(test, -EALREADY, b->ret2);
	KUNIT_EXPECT_EQ(test, -ESRCH, control(a, UTRACE_DETACH));
	KUNIT_EXPECT_EQ(test, -ESRCH, control(c, UTRACE_DETACH));
}

static void events_after_death(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	const unsigned long death = UTRACE_EVENT(DEATH);
	const unsigned long reap = UTRACE_EVENT(REAP);

	attach(test, a, death | reap);
	attach(test, b, 0);
	die(ut);
	KUNIT_EXPECT_EQ(test, -EALREADY, set_events(a, 0));
	KUNIT_EXPECT_EQ(test, -EALREADY, set_events(a, reap));
	KUNIT_EXPECT_EQ(test, death | reap, a->engine->flags);
	KUNIT_EXPECT_EQ(test, -EALREADY, set_events(b, death | reap));
	KUNIT_EXPECT_EQ(test, 0, b->engine->flags);

	/* For reaping it is early enough. */
	KUNIT_EXPECT_EQ(test, 0, set_events(a, death));
	KUNIT_EXPECT_EQ(test, 0, set_events(b, reap));
	utrace_release_task(ut->task);
	expect_log(test, "b:reap");
}

/* Reports: who is told, and when */

/* Let @event happen to current. */
static void happen(struct utrace_test *ut, unsigned int event)
{
	switch (event) {
	case _UTRACE_EVENT_CLONE:
		utrace_report_clone(CLONE_FS, ut->task);
		break;
	case _UTRACE_EVENT_CLONE_DONE:
		utrace_report_clone_done(CLONE_FS, PTRACE_EVENT_CLONE,
					 task_pid(current));
		break;
	case _UTRACE_EVENT_VFORK_DONE:
		utrace_report_vfork_done(task_pid(current));
		break;
	case _UTRACE_EVENT_EXEC:
		utrace_report_exec((struct linux_binprm *)ut, 12);
		break;
	case _UTRACE_EVENT_EXIT:
		utrace_report_exit(34);
		break;
	case _UTRACE_EVENT_SYSCALL_ENTRY:
		utrace_report_syscall_entry(&ut->regs);
		break;
	case _UTRACE_EVENT_SYSCALL_EXIT:
		utrace_report_syscall_exit(&ut->regs, false);
		break;
	case _UTRACE_EVENT_SECCOMP:
		utrace_report_seccomp(56);
		break;
	case _UTRACE_EVENT_JCTL:
		utrace_report_jctl(CLD_STOPPED, CLD_CONTINUED);
		break;
	}
}

static void each_event(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	const unsigned long pid = (unsigned long)task_pid(current);
	const struct {
		unsigned int event;
		const char *log;
		unsigned long args[3];
	} events[] = {
		{ _UTRACE_EVENT_CLONE, "b:clone",
		  { CLONE_FS, (unsigned long)ut->task } },
		{ _UTRACE_EVENT_CLONE_DONE, "b:clone_done",
		  { CLONE_FS, PTRACE_EVENT_CLONE, pid } },
		{ _UTRACE_EVENT_VFORK_DONE, "b:vfork_done", { pid } },
		{ _UTRACE_EVENT_EXEC, "b:exec", { (unsigned long)ut, 12 } },
		{ _UTRACE_EVENT_EXIT, "b:exit", { 34, 34 } },
		{ _UTRACE_EVENT_SYSCALL_ENTRY, "b:syscall_entry",
		  { (unsigned long)&ut->regs } },
		{ _UTRACE_EVENT_SYSCALL_EXIT, "b:syscall_exit",
		  { (unsigned long)&ut->regs } },
		{ _UTRACE_EVENT_SECCOMP, "b:seccomp", { 56 } },
		{ _UTRACE_EVENT_JCTL, "b:jctl",
		  { CLD_STOPPED, CLD_CONTINUED } },
	};
	unsigned int i, j;

	attach_self(test, a, 0);
	attach_self(test, b, 0);
	for (i = 0; i < ARRAY_SIZE(events); i++) {
		const unsigned long event = BIT(events[i].event);

		/* One wants this event, the other anything but this. */
		set_events(a, UTRACE_EVENT_ALL & ~event);
		set_events(b, event);
		happen(ut, events[i].event);
		expect_log(test, events[i].log);
		for (j = 0; j < ARRAY_SIZE(b->args); j++)
			KUNIT_EXPECT_EQ_MSG(test, events[i].args[j], b->args[j],
					    "%s", events[i].log);
		KUNIT_EXPECT_EQ(test, UTRACE_RESUME, b->action);

		/* Nobody wants it. */
		set_events(b, 0);
		happen(ut, events[i].event);
		expect_log(test, "");
	}
	leave_all(ut);
}

static void kernel_clone_is_silent(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0];

	attach_self(test, a, UTRACE_EVENT(CLONE) | UTRACE_EVENT(CLONE_DONE));
	utrace_report_clone(CLONE_UNTRACED, ut->task);
	utrace_report_clone_done(CLONE_UNTRACED, 0, NULL);
	expect_log(test, "");
	leave_all(ut);
}

static void order(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	unsigned int i;

	for (i = 0; i < 3; i++)
		attach_self(test, &ut->probe[i],
			    UTRACE_EVENT_SYSCALL | UTRACE_EVENT(EXEC));

	KUNIT_EXPECT_EQ(test, 0, syscall_entry(ut));
	expect_log(test, "c:syscall_entry b:syscall_entry a:syscall_entry");
	syscall_exit(ut);
	expect_log(test, "a:syscall_exit b:syscall_exit c:syscall_exit");
	exec();
	expect_log(test, "a:exec b:exec c:exec");
	leave_all(ut);
}

static void abort_holds(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *p = ut->probe;
	unsigned int i, j;

	for (i = 0; i < 3; i++)
		attach_self(test, &p[i], UTRACE_EVENT(SYSCALL_ENTRY));
	KUNIT_EXPECT_EQ(test, 0, syscall_entry(ut));
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, UTRACE_SYSCALL_RUN | UTRACE_RESUME,
				p[i].action);

	for (i = 0; i < 3; i++) {
		p[i].answer = UTRACE_SYSCALL_ABORT | UTRACE_RESUME;
		KUNIT_EXPECT_NE_MSG(test, 0, syscall_entry(ut), "abort by %u",
				    i);
		/* The one that was attached last is asked first. */
		for (j = 0; j < 3; j++)
			KUNIT_EXPECT_EQ_MSG(test, utrace_syscall_action(p[j].action),
					    j < i ? UTRACE_SYSCALL_ABORT :
						    UTRACE_SYSCALL_RUN,
					    "abort by %u, %u is told", i, j);
		for (j = 0; j < 3; j++)
			KUNIT_EXPECT_EQ(test, i + 2, p[j].calls);
		p[i].answer = UTRACE_RESUME;
	}

	/* The next system call begins anew. */
	KUNIT_EXPECT_EQ(test, 0, syscall_entry(ut));
	leave_all(ut);
}

static void abort_and_detach(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];

	attach_self(test, a, UTRACE_EVENT(SYSCALL_ENTRY));
	attach_self(test, b, UTRACE_EVENT(SYSCALL_ENTRY));
	b->answer = UTRACE_SYSCALL_ABORT | UTRACE_DETACH;
	KUNIT_EXPECT_NE(test, 0, syscall_entry(ut));
	KUNIT_EXPECT_EQ(test, UTRACE_SYSCALL_ABORT | UTRACE_RESUME, a->action);
	KUNIT_EXPECT_EQ(test, 0, syscall_entry(ut));
	expect_log(test, "b:syscall_entry a:syscall_entry a:syscall_entry");
	leave_all(ut);
}

/* Neither stop nor step. The last one can be answered once only. */
static const enum utrace_resume_action mild_actions[] = {
	UTRACE_INTERRUPT, UTRACE_REPORT, UTRACE_RESUME, UTRACE_DETACH,
};

/* c, which is told first, aborts, then b answers: a still sees the abort. */
static void expect_abort(struct kunit *test, const char *log)
{
	struct utrace_test *ut = test->priv;
	struct probe *p = ut->probe;

	p[2].answer = UTRACE_SYSCALL_ABORT | UTRACE_RESUME;
	p[0].action = 0;
	KUNIT_EXPECT_NE_MSG(test, 0, syscall_entry(ut), "%#x, %#x",
			    p[1].answer, p[1].quiesce_answer);
	KUNIT_EXPECT_EQ_MSG(test, UTRACE_SYSCALL_ABORT,
			    utrace_syscall_action(p[0].action), "%#x, %#x",
			    p[1].answer, p[1].quiesce_answer);
	expect_log(test, log);
}

static void abort_outlasts_answers(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *p = ut->probe;
	unsigned int i;

	for (i = 0; i < 3; i++)
		attach_self(test, &p[i], UTRACE_EVENT(SYSCALL_ENTRY));
	for (i = 0; i < ARRAY_SIZE(mild_actions); i++) {
		p[1].answer = UTRACE_SYSCALL_RUN | mild_actions[i];
		expect_abort(test,
			     "c:syscall_entry b:syscall_entry a:syscall_entry");
		settle(ut);
	}
	leave_all(ut);
}

static void abort_outlasts_quiesce(struct kunit *test)
{
	static const struct {
		enum utrace_resume_action answer;
		const char *log;
	} answers[] = {
		{ UTRACE_INTERRUPT,
		  "c:syscall_entry b:quiesce b:syscall_entry a:syscall_entry" },
		{ UTRACE_REPORT,
		  "c:syscall_entry b:quiesce b:syscall_entry a:syscall_entry" },
		{ UTRACE_DETACH, "c:syscall_entry b:quiesce a:syscall_entry" },
	};
	struct utrace_test *ut = test->priv;
	struct probe *p = ut->probe;
	unsigned int i;

	for (i = 0; i < 3; i++)
		attach_self(test, &p[i], UTRACE_EVENT(SYSCALL_ENTRY));
	set_events(&p[1], UTRACE_EVENT(SYSCALL_ENTRY) | UTRACE_EVENT(QUIESCE));
	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		p[1].quiesce_answer = answers[i].answer;
		expect_abort(test, answers[i].log);
		KUNIT_EXPECT_EQ(test, UTRACE_SYSCALL_ABORT | UTRACE_RESUME,
				p[1].quiesce_action);
		settle(ut);
	}
	leave_all(ut);
}

static void quiesce_cannot_abort(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	unsigned int i;

	attach_self(test, a, UTRACE_EVENT(SYSCALL_ENTRY));
	attach_self(test, b,
		    UTRACE_EVENT(SYSCALL_ENTRY) | UTRACE_EVENT(QUIESCE));
	for (i = 0; i < ARRAY_SIZE(mild_actions); i++) {
		b->quiesce_answer = UTRACE_SYSCALL_ABORT | mild_actions[i];
		KUNIT_EXPECT_EQ_MSG(test, 0, syscall_entry(ut), "%#x",
				    b->quiesce_answer);
		KUNIT_EXPECT_EQ_MSG(test, UTRACE_SYSCALL_RUN,
				    utrace_syscall_action(a->action), "%#x",
				    b->quiesce_answer);
		settle(ut);
	}
	leave_all(ut);
}

static void seccomp_abort(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];

	attach_self(test, a, UTRACE_EVENT(SECCOMP));
	attach_self(test, b, UTRACE_EVENT(SECCOMP));
	KUNIT_EXPECT_EQ(test, 0, utrace_report_seccomp(1));
	a->answer = UTRACE_SYSCALL_ABORT | UTRACE_RESUME;
	KUNIT_EXPECT_NE(test, 0, utrace_report_seccomp(1));
	KUNIT_EXPECT_EQ(test, UTRACE_SYSCALL_ABORT | UTRACE_RESUME, b->action);
	leave_all(ut);
}

static void strongest_action(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *p = ut->probe;
	unsigned int i;

	for (i = 0; i < 4; i++)
		attach_self(test, &p[i], UTRACE_EVENT(EXEC));
	p[0].answer = UTRACE_REPORT;
	p[1].answer = UTRACE_INTERRUPT;
	p[2].answer = UTRACE_REPORT;
	exec();
	KUNIT_EXPECT_EQ(test, UTRACE_RESUME, p[0].action);
	KUNIT_EXPECT_EQ(test, UTRACE_REPORT, p[1].action);
	KUNIT_EXPECT_EQ(test, UTRACE_INTERRUPT, p[2].action);
	KUNIT_EXPECT_EQ(test, UTRACE_INTERRUPT, p[3].action);
	run_task_work();

	/* Nobody else is concerned when an engine goes. */
	p[0].answer = UTRACE_DETACH;
	p[1].answer = UTRACE_RESUME;
	p[2].answer = UTRACE_RESUME;
	exec();
	KUNIT_EXPECT_EQ(test, UTRACE_RESUME, p[1].action);
	KUNIT_EXPECT_EQ(test, UTRACE_RESUME, p[3].action);
	KUNIT_EXPECT_FALSE(test, task_work_pending(current));
	leave_all(ut);
}

static void look_in(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	struct probe *c = &ut->probe[2];

	attach_self(test, a, UTRACE_EVENT(QUIESCE));
	attach_self(test, b, UTRACE_EVENT(EXEC));
	attach_self(test, c, UTRACE_EVENT(QUIESCE));

	/* All who want it are told, and once. */
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_REPORT));
	KUNIT_EXPECT_EQ(test, 0, control(c, UTRACE_REPORT));
	expect_log(test, "");
	a->quiesce_event = ~0UL;
	run_task_work();
	expect_log(test, "a:quiesce c:quiesce");
	KUNIT_EXPECT_EQ(test, 0, a->quiesce_event);

	/* Asked for by an answer, even by one that does not want it itself. */
	b->answer = UTRACE_REPORT;
	exec();
	expect_log(test, "b:exec");
	run_task_work();
	expect_log(test, "a:quiesce c:quiesce");

	/* The look-in does not ask for itself again. */
	a->quiesce_answer = UTRACE_REPORT;
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_REPORT));
	run_task_work();
	expect_log(test, "a:quiesce c:quiesce");
	KUNIT_EXPECT_EQ(test, UTRACE_REPORT, c->quiesce_action);
	KUNIT_EXPECT_FALSE(test, task_work_pending(current));

	a->quiesce_answer = UTRACE_DETACH;
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_REPORT));
	run_task_work();
	expect_log(test, "a:quiesce c:quiesce");
	KUNIT_EXPECT_EQ(test, -ESRCH, control(a, UTRACE_REPORT));
	leave_all(ut);
}

static void look_in_interrupt(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];

	attach_self(test, a, UTRACE_EVENT(QUIESCE) | UTRACE_EVENT(EXEC));
	attach_self(test, b, UTRACE_EVENT(SIGNAL_TERM));
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_INTERRUPT));
	/* An interruptible wait ends. */
	KUNIT_EXPECT_TRUE(test, signal_pending(current));
	run_task_work();
	expect_log(test, "a:quiesce b:signal");
	KUNIT_EXPECT_EQ(test, UTRACE_SIGNAL_REPORT,
			utrace_signal_action(b->action));

	/* That was once. */
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_REPORT));
	run_task_work();
	expect_log(test, "a:quiesce");

	a->answer = UTRACE_INTERRUPT;
	exec();
	expect_log(test, "a:quiesce a:exec");
	run_task_work();
	expect_log(test, "a:quiesce b:signal");
	leave_all(ut);
}

static void hook_run_work(struct probe *probe)
{
	probe->hook = NULL;
	probe->ret = control(probe, UTRACE_REPORT);
	run_task_work();
}

static void look_in_waits(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];

	attach_self(test, a, UTRACE_EVENT(QUIESCE) | UTRACE_EVENT(EXEC));
	attach_self(test, b, UTRACE_EVENT(EXEC));

	/* Reports do not nest, not even if task work runs in a callback. */
	a->hook = hook_run_work;
	exec();
	KUNIT_EXPECT_EQ(test, 0, a->ret);
	expect_log(test, "a:quiesce a:exec b:exec");
	KUNIT_EXPECT_EQ(test, UTRACE_EVENT(EXEC), a->quiesce_event);
	run_task_work();
	expect_log(test, "a:quiesce");
	KUNIT_EXPECT_EQ(test, 0, a->quiesce_event);
	run_task_work();
	expect_log(test, "");
	leave_all(ut);
}

static void quiesce_first(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	struct probe *c = &ut->probe[2], *d = &ut->probe[3];

	attach_self(test, a, UTRACE_EVENT(EXEC) | UTRACE_EVENT(QUIESCE));
	attach_self(test, b, UTRACE_EVENT(EXEC));
	attach_self(test, c, UTRACE_EVENT(QUIESCE));
	attach_self(test, d, UTRACE_EVENT(EXEC) | UTRACE_EVENT(QUIESCE));
	exec();
	expect_log(test, "a:quiesce a:exec b:exec d:quiesce d:exec");
	KUNIT_EXPECT_EQ(test, UTRACE_EVENT(EXEC), a->quiesce_event);
	KUNIT_EXPECT_EQ(test, UTRACE_EVENT(EXEC), d->quiesce_event);

	/* An answer to one is seen by the other. */
	a->quiesce_answer = UTRACE_REPORT;
	exec();
	expect_log(test, "a:quiesce a:exec b:exec d:quiesce d:exec");
	KUNIT_EXPECT_EQ(test, UTRACE_REPORT, a->action);
	KUNIT_EXPECT_EQ(test, UTRACE_REPORT, b->action);
	KUNIT_EXPECT_EQ(test, UTRACE_REPORT, d->quiesce_action);
	a->quiesce_answer = UTRACE_RESUME;
	run_task_work();
	expect_log(test, "a:quiesce c:quiesce d:quiesce");

	a->quiesce_answer = UTRACE_DETACH;
	put(a);
	exec();
	expect_log(test, "a:quiesce a:release b:exec d:quiesce d:exec");
	leave_all(ut);
}

static void hook_set_events(struct probe *probe)
{
	probe->ret = set_events(probe->other, probe->events);
}

static void quiesce_gives_up_event(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];

	attach_self(test, a, UTRACE_EVENT(EXEC) | UTRACE_EVENT(QUIESCE));
	attach_self(test, b, UTRACE_EVENT(EXEC));
	a->quiesce_hook = hook_set_events;
	a->other = a;
	a->events = UTRACE_EVENT(QUIESCE);
	exec();
	expect_log(test, "a:quiesce b:exec");
	KUNIT_EXPECT_EQ(test, 0, a->ret);
	leave_all(ut);
}

/* Reports: what callbacks do to engines */

static void hook_attach(struct probe *probe)
{
	probe->hook = NULL;
	probe->ret = __attach_self(probe->other, probe->events);
}

static void attach_in_callback(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];

	attach_self(test, a, UTRACE_EVENT(EXEC));
	a->hook = hook_attach;
	a->other = b;
	a->events = UTRACE_EVENT(EXEC) | UTRACE_EVENT(QUIESCE);
	exec();
	KUNIT_EXPECT_EQ(test, 0, a->ret);
	expect_log(test, "a:exec");
	exec();
	expect_log(test, "a:exec b:quiesce b:exec");
	leave_all(ut);
}

static void detach_by_answer(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *p = ut->probe;
	unsigned int i;

	for (i = 0; i < 3; i++)
		attach_self(test, &p[i], UTRACE_EVENT(EXEC));
	set_events(&p[1], UTRACE_EVENT(EXEC) | UTRACE_EVENT_SYSCALL);
	p[1].answer = UTRACE_DETACH;
	exec();
	expect_log(test, "a:exec b:exec c:exec");
	KUNIT_EXPECT_EQ(test, 0, p[1].engine->flags);
	KUNIT_EXPECT_EQ(test, UTRACE_EVENT(EXEC), current->utrace_flags);
	KUNIT_EXPECT_FALSE(test, syscalls_traced(current));
	KUNIT_EXPECT_EQ(test, -ESRCH, set_events(&p[1], UTRACE_EVENT(EXEC)));
	KUNIT_EXPECT_EQ(test, -ESRCH, utrace_barrier(current, p[1].engine));
	put(&p[1]);
	expect_log(test, "b:release");
	exec();
	expect_log(test, "a:exec c:exec");

	/* The other way round, and with nobody left. */
	for (i = 0; i < 3; i += 2) {
		set_events(&p[i], UTRACE_EVENT(SYSCALL_ENTRY));
		p[i].answer = UTRACE_DETACH;
		put(&p[i]);
	}
	syscall_entry(ut);
	expect_log(test, "c:syscall_entry c:release a:syscall_entry a:release");
	KUNIT_EXPECT_EQ(test, 0, current->utrace_flags);
	KUNIT_EXPECT_EQ(test, 0, syscall_entry(ut));
	expect_log(test, "");
	leave_all(ut);
}

/* Also drops the reference that the test had. */
static void hook_detach(struct probe *probe)
{
	struct probe *other = probe->other;

	probe->ret = control(other, UTRACE_DETACH);
	put(other);
	probe->ret2 = other->releases;
}

static void __detach_another(struct kunit *test, bool outside)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	struct probe *c = &ut->probe[2];

	attach_self(test, a, UTRACE_EVENT(EXEC));
	attach_self(test, b, UTRACE_EVENT(EXEC) | UTRACE_EVENT(QUIESCE));
	attach_self(test, c, UTRACE_EVENT(EXEC));
	a->hook = hook_detach;
	a->outside = outside;
	a->other = b;
	exec();
	KUNIT_EXPECT_EQ(test, 0, a->ret);
	expect_log(test, "a:exec b:release c:exec");

	/* One that has been told already. */
	a->hook = NULL;
	c->hook = hook_detach;
	c->outside = outside;
	c->other = a;
	exec();
	KUNIT_EXPECT_EQ(test, 0, c->ret);
	expect_log(test, "a:exec c:exec a:release");
	KUNIT_EXPECT_EQ(test, UTRACE_EVENT(EXEC), current->utrace_flags);

	/* They hear nothing more. */
	c->hook = NULL;
	exec();
	expect_log(test, "c:exec");
	KUNIT_EXPECT_EQ(test, 1, a->releases);
	KUNIT_EXPECT_EQ(test, 1, b->releases);
	leave_all(ut);
}

static void detach_another(struct kunit *test)
{
	__detach_another(test, false);
}

static void detach_another_from_outside(struct kunit *test)
{
	__detach_another(test, true);
}

/* What is said to one who takes away the callback that is running. */
static int running_result(bool outside)
{
	/* If the caller is the callback, there is nothing to wait for. */
	return outside ? -EINPROGRESS : 0;
}

static void detach_running(struct kunit *test, bool outside)
{
	struct utrace_test *ut = test->priv;
	struct probe *p = ut->probe;
	unsigned int i;

	for (i = 0; i < 3; i++)
		attach_self(test, &p[i], UTRACE_EVENT_SYSCALL);

	p[1].hook = hook_detach;
	p[1].outside = outside;
	p[1].other = &p[1];
	/* It has no say any more. */
	p[1].answer = UTRACE_REPORT;
	syscall_exit(ut);
	KUNIT_EXPECT_EQ(test, running_result(outside), p[1].ret);
	expect_log(test, "a:syscall_exit b:syscall_exit b:release c:syscall_exit");
	/* Not as long as its callback ran. */
	KUNIT_EXPECT_EQ(test, 0, p[1].ret2);
	KUNIT_EXPECT_EQ(test, 1, p[1].releases);
	KUNIT_EXPECT_EQ(test, UTRACE_RESUME, p[2].action);
	KUNIT_EXPECT_FALSE(test, task_work_pending(current));

	/* Likewise in the other direction, but what is skipped is skipped. */
	p[2].hook = hook_detach;
	p[2].outside = outside;
	p[2].other = &p[2];
	p[2].answer = UTRACE_SYSCALL_ABORT | UTRACE_REPORT;
	KUNIT_EXPECT_NE(test, 0, syscall_entry(ut));
	KUNIT_EXPECT_EQ(test, running_result(outside), p[2].ret);
	expect_log(test, "c:syscall_entry c:release a:syscall_entry");
	KUNIT_EXPECT_EQ(test, UTRACE_SYSCALL_ABORT | UTRACE_RESUME,
			p[0].action);
	KUNIT_EXPECT_FALSE(test, task_work_pending(current));
	KUNIT_EXPECT_EQ(test, 0, p[2].ret2);
	syscall_exit(ut);
	expect_log(test, "a:syscall_exit");
	KUNIT_EXPECT_EQ(test, 1, p[1].releases);
	KUNIT_EXPECT_EQ(test, 1, p[2].releases);
	leave_all(ut);
}

static void detach_within(struct kunit *test)
{
	detach_running(test, false);
}

static void detach_from_outside(struct kunit *test)
{
	detach_running(test, true);
}

static void hook_look_up(struct probe *probe)
{
	probe->ret = control(probe, UTRACE_DETACH);
	probe->ret2 = try_attach(current, UTRACE_ATTACH_MATCH_DATA, NULL,
				 probe);
}

static void look_up_within(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0];

	/* A detached engine is not found, even while its callback runs. */
	attach_self(test, a, UTRACE_EVENT(EXEC));
	a->hook = hook_look_up;
	exec();
	KUNIT_EXPECT_EQ(test, 0, a->ret);
	KUNIT_EXPECT_EQ(test, -ENOENT, a->ret2);
	leave_all(ut);
}

static void detach_within_quiesce(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];

	attach_self(test, a, UTRACE_EVENT(EXEC) | UTRACE_EVENT(QUIESCE));
	attach_self(test, b, UTRACE_EVENT(EXEC));
	a->quiesce_hook = hook_detach;
	a->other = a;
	exec();
	KUNIT_EXPECT_EQ(test, 0, a->ret);
	expect_log(test, "a:quiesce a:release b:exec");
	leave_all(ut);
}

static void give_up_during_callback(struct kunit *test, bool outside)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	struct probe *c = &ut->probe[2];

	attach_self(test, a, UTRACE_EVENT(EXEC));
	attach_self(test, b, UTRACE_EVENT(EXEC) | UTRACE_EVENT(QUIESCE));
	attach_self(test, c, UTRACE_EVENT(EXEC));
	a->hook = hook_set_events;
	a->outside = outside;
	a->other = b;
	a->events = 0;
	exec();
	KUNIT_EXPECT_EQ(test, 0, a->ret);
	expect_log(test, "a:exec c:exec");

	/* It can be given the event as well, if its turn has not been. */
	a->events = UTRACE_EVENT(EXEC);
	exec();
	expect_log(test, "a:exec b:exec c:exec");

	/* Nothing is taken away. */
	a->other = a;
	a->events = UTRACE_EVENT(EXEC) | UTRACE_EVENT(JCTL);
	exec();
	KUNIT_EXPECT_EQ(test, 0, a->ret);
	expect_log(test, "a:exec b:exec c:exec");

	/* Its own event, while its own callback runs. */
	a->events = UTRACE_EVENT(JCTL);
	exec();
	KUNIT_EXPECT_EQ(test, running_result(outside), a->ret);
	expect_log(test, "a:exec b:exec c:exec");
	exec();
	expect_log(test, "b:exec c:exec");
	leave_all(ut);
}

static void give_up_in_callback(struct kunit *test)
{
	give_up_during_callback(test, false);
}

static void give_up_from_outside(struct kunit *test)
{
	give_up_during_callback(test, true);
}

static void hook_control(struct probe *probe)
{
	probe->ret = control(probe->other, probe->events);
}

/* See what is in force, and end it: nobody else would if it is a stop. */
static void hook_let_go(struct probe *probe)
{
	probe->ret = current->utrace->nr_stops;
	probe->ret2 = probe->other->engine->step;
	control(probe->other, UTRACE_RESUME);
}

/* a is the one that is controlled while its callback runs, b looks on. */
static void attach_and_watch(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];

	attach_self(test, a, UTRACE_EVENT(EXEC) | UTRACE_EVENT(QUIESCE));
	attach_self(test, b, UTRACE_EVENT(EXEC));
	a->hook = hook_control;
	a->outside = true;
	a->other = a;
	b->hook = hook_let_go;
	b->other = a;
}

/* a is controlled with @asked, then answers @answer. What is in force? */
static void expect_in_force(struct kunit *test,
			    enum utrace_resume_action asked,
			    enum utrace_resume_action answer, int nr_stops,
			    enum utrace_resume_action step)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];

	a->events = asked;
	a->answer = answer;
	b->ret = -1;
	exec();
	KUNIT_EXPECT_EQ(test, asked == UTRACE_STOP ? -EINPROGRESS : 0, a->ret);
	KUNIT_EXPECT_EQ_MSG(test, nr_stops, b->ret, "asked %d, answer %d",
			    asked, answer);
	KUNIT_EXPECT_EQ_MSG(test, step, b->ret2, "asked %d, answer %d",
			    asked, answer);
	settle(ut);
}

static void overruled_stop(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0];

	attach_and_watch(test);
	expect_in_force(test, UTRACE_INTERRUPT, UTRACE_STOP, 0, UTRACE_RESUME);
	expect_in_force(test, UTRACE_REPORT, UTRACE_STOP, 0, UTRACE_RESUME);
	expect_in_force(test, UTRACE_RESUME, UTRACE_STOP, 0, UTRACE_RESUME);
	if (arch_has_single_step())
		expect_in_force(test, UTRACE_SINGLESTEP, UTRACE_STOP, 0,
				UTRACE_SINGLESTEP);

	/* And the other way round. */
	expect_in_force(test, UTRACE_STOP, UTRACE_RESUME, 1, UTRACE_RESUME);

	/* Not by what was asked of another engine. */
	a->other = &ut->probe[1];
	expect_in_force(test, UTRACE_RESUME, UTRACE_STOP, 1, UTRACE_RESUME);

	/* Not by what the callback itself asked for before it answered. */
	a->other = a;
	a->outside = false;
	expect_in_force(test, UTRACE_RESUME, UTRACE_STOP, 1, UTRACE_RESUME);

	/* Not by what was asked for during an earlier report. */
	a->outside = true;
	expect_in_force(test, UTRACE_RESUME, UTRACE_STOP, 0, UTRACE_RESUME);
	a->hook = NULL;
	expect_in_force(test, UTRACE_RESUME, UTRACE_STOP, 1, UTRACE_RESUME);
	leave_all(ut);
}

static void overruled_quiesce(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];

	attach_and_watch(test);
	a->hook = NULL;
	a->quiesce_hook = hook_control;
	a->quiesce_answer = UTRACE_STOP;
	a->events = UTRACE_RESUME;
	exec();
	KUNIT_EXPECT_EQ(test, 0, b->ret);

	/* The callback that follows is another one. */
	a->quiesce_answer = UTRACE_RESUME;
	a->answer = UTRACE_STOP;
	exec();
	KUNIT_EXPECT_EQ(test, 1, b->ret);
	leave_all(ut);
}

static void overruled_step(struct kunit *test)
{
	struct utrace_test *ut = test->priv;

	if (!arch_has_single_step())
		kunit_skip(test, "no single step");

	attach_and_watch(test);
	expect_in_force(test, UTRACE_RESUME, UTRACE_SINGLESTEP, 0,
			UTRACE_RESUME);
	expect_in_force(test, UTRACE_STOP, UTRACE_SINGLESTEP, 1, UTRACE_RESUME);

	/* Not by what the callback itself asked for before it answered. */
	ut->probe[0].outside = false;
	expect_in_force(test, UTRACE_RESUME, UTRACE_SINGLESTEP, 0,
			UTRACE_SINGLESTEP);
	leave_all(ut);
}

static void hook_barrier(struct probe *probe)
{
	probe->ret = utrace_barrier(probe->task, probe->engine);
	probe->ret2 = utrace_barrier(probe->task, probe->other->engine);
}

static void barrier_in_callback(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];

	attach_self(test, a, UTRACE_EVENT(EXEC));
	attach_self(test, b, UTRACE_EVENT(EXEC));
	a->hook = hook_barrier;
	a->other = b;
	a->ret = -1;
	a->ret2 = -1;
	exec();
	KUNIT_EXPECT_EQ(test, 0, a->ret);
	KUNIT_EXPECT_EQ(test, 0, a->ret2);
	leave_all(ut);
}

static void exit_code(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	struct probe *c = &ut->probe[2];

	attach_self(test, a, UTRACE_EVENT(EXIT));
	attach_self(test, b, UTRACE_EVENT(EXIT));
	attach_self(test, c, UTRACE_EVENT(EXIT));
	KUNIT_EXPECT_EQ(test, 0x100, utrace_report_exit(0x100));

	a->new_code = 0x200;
	KUNIT_EXPECT_EQ(test, 0x200, utrace_report_exit(0x100));
	KUNIT_EXPECT_EQ(test, 0x100, a->args[0]);
	KUNIT_EXPECT_EQ(test, 0x100, a->args[1]);
	KUNIT_EXPECT_EQ(test, 0x100, b->args[0]);
	KUNIT_EXPECT_EQ(test, 0x200, b->args[1]);

	b->new_code = 0x300;
	KUNIT_EXPECT_EQ(test, 0x300, utrace_report_exit(0x100));
	KUNIT_EXPECT_EQ(test, 0x100, c->args[0]);
	KUNIT_EXPECT_EQ(test, 0x300, c->args[1]);
	leave_all(ut);
	KUNIT_EXPECT_EQ(test, 0x100, utrace_report_exit(0x100));
}

/* As if by utrace_control(), but without the machine. */
static void set_step(struct probe *probe, enum utrace_resume_action step)
{
	probe->engine->step = step;
}

static void syscall_exit_for_step(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	struct probe *c = &ut->probe[2];

	attach_self(test, a, UTRACE_EVENT(SYSCALL_EXIT));
	attach_self(test, b, 0);
	attach_self(test, c, 0);
	set_step(b, UTRACE_SINGLESTEP);
	utrace_report_syscall_exit(&ut->regs, true);
	expect_log(test, "a:syscall_exit b:syscall_exit");
	KUNIT_EXPECT_EQ(test, UTRACE_RESUME, a->action);
	KUNIT_EXPECT_EQ(test, UTRACE_SYSCALL_STEP | UTRACE_RESUME, b->action);

	/* The machine has not stepped, so there is no trap to replace. */
	utrace_report_syscall_exit(&ut->regs, false);
	expect_log(test, "a:syscall_exit");
	set_step(b, UTRACE_RESUME);
	leave_all(ut);
}

/* Signals */

static void interrupt_report(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	unsigned int bit;

	attach_self(test, a, UTRACE_EVENT_ALL & ~UTRACE_EVENT_SIGNAL_ALL);
	attach_self(test, b, 0);
	for (bit = 0; bit < _UTRACE_NEVENTS; bit++) {
		if (!(BIT(bit) & UTRACE_EVENT_SIGNAL_ALL))
			continue;
		set_events(b, BIT(bit));
		utrace_report_interrupt();
		expect_log(test, "b:signal");
		KUNIT_EXPECT_EQ(test, UTRACE_SIGNAL_REPORT | UTRACE_RESUME,
				b->action);
		/* There is no signal. */
		KUNIT_EXPECT_EQ(test, 0, b->args[0]);
		KUNIT_EXPECT_EQ(test, UTRACE_SIGNAL_REPORT, b->args[1]);
	}

	set_events(a, UTRACE_EVENT(SIGNAL));
	utrace_report_interrupt();
	expect_log(test, "a:signal b:signal");
	leave_all(ut);
}

/*
 * Report @sig as get_signal() does. What the thread would do with it is changed
 * for that long; threads of the kernel do not share it.
 */
static struct k_sigaction *__take_signal(struct utrace_test *ut, int sig,
					 int code, __sighandler_t handler)
{
	struct k_sigaction *ka;

	clear_siginfo(&ut->ksig.info);
	ut->ksig.info.si_signo = sig;
	ut->ksig.info.si_code = code;

	kernel_sigaction(sig, handler);
	spin_lock_irq(&current->sighand->siglock);
	ka = utrace_report_signal(&ut->ksig, PIDTYPE_PID);
	current->jobctl &= ~JOBCTL_STOP_DEQUEUED;
	spin_unlock_irq(&current->sighand->siglock);
	return ka;
}

static struct k_sigaction *take_signal(struct utrace_test *ut, int sig,
				       __sighandler_t handler)
{
	return __take_signal(ut, sig, SI_KERNEL, handler);
}

/* The trap of a step. */
static struct k_sigaction *take_trap(struct utrace_test *ut)
{
	return __take_signal(ut, SIGTRAP, TRAP_TRACE, SIG_DFL);
}

static void ignore_signals_again(void)
{
	flush_signals(current);
	disallow_signal(SIGUSR1);
	disallow_signal(SIGTERM);
	disallow_signal(SIGTRAP);
	disallow_signal(SIGQUIT);
	disallow_signal(SIGSTOP);
	disallow_signal(SIGTSTP);
	disallow_signal(SIGCHLD);
}

static void signal_events(struct kunit *test)
{
	static const struct {
		int sig;
		__sighandler_t handler;
		unsigned long event;
		enum utrace_signal_action disposition;
	} signals[] = {
		{ SIGUSR1, SIG_KTHREAD,
		  UTRACE_EVENT(SIGNAL), UTRACE_SIGNAL_DELIVER },
		{ SIGUSR1, SIG_IGN,
		  UTRACE_EVENT(SIGNAL_IGN), UTRACE_SIGNAL_IGN },
		{ SIGCHLD, SIG_DFL,
		  UTRACE_EVENT(SIGNAL_IGN), UTRACE_SIGNAL_IGN },
		{ SIGSTOP, SIG_DFL,
		  UTRACE_EVENT(SIGNAL_STOP), UTRACE_SIGNAL_STOP },
		{ SIGTSTP, SIG_DFL,
		  UTRACE_EVENT(SIGNAL_STOP), UTRACE_SIGNAL_TSTP },
		{ SIGTERM, SIG_DFL,
		  UTRACE_EVENT(SIGNAL_TERM), UTRACE_SIGNAL_TERM },
		{ SIGQUIT, SIG_DFL,
		  UTRACE_EVENT(SIGNAL_CORE), UTRACE_SIGNAL_CORE },
	};
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	struct k_sigaction *ka;
	unsigned int i;

	attach_self(test, a, 0);
	attach_self(test, b, 0);
	for (i = 0; i < ARRAY_SIZE(signals); i++) {
		const int sig = signals[i].sig;
		const __sighandler_t handler = signals[i].handler;

		set_events(a, UTRACE_EVENT_SIGNAL_ALL & ~signals[i].event);
		set_events(b, signals[i].event);
		ka = take_signal(ut, sig, handler);
		expect_log(test, "b:signal");
		KUNIT_EXPECT_EQ(test, sig, b->args[0]);
		KUNIT_EXPECT_EQ(test, signals[i].disposition, b->args[1]);
		KUNIT_EXPECT_EQ(test, signals[i].disposition | UTRACE_RESUME,
				b->action);
		/* It goes its way. */
		KUNIT_EXPECT_PTR_EQ(test, ka,
				    &current->sighand->action[sig - 1]);
		KUNIT_EXPECT_EQ(test, sig, ut->ksig.info.si_signo);

		set_events(b, 0);
		ka = take_signal(ut, sig, handler);
		expect_log(test, "");
		KUNIT_EXPECT_PTR_EQ(test, ka,
				    &current->sighand->action[sig - 1]);
	}
	leave_all(ut);
	ignore_signals_again();
}

static void interrupt_makes_signal(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];

	attach_self(test, a, UTRACE_EVENT(SIGNAL));
	attach_self(test, b, UTRACE_EVENT(SIGNAL));
	allow_signal(SIGTERM);
	a->answer = UTRACE_SIGNAL_TERM | UTRACE_RESUME;
	utrace_report_interrupt();

	/* It is sent, and not put in the place of what others are told. */
	expect_log(test, "a:signal b:signal");
	KUNIT_EXPECT_EQ(test, 0, b->args[0]);
	KUNIT_EXPECT_EQ(test, UTRACE_SIGNAL_REPORT | UTRACE_RESUME, b->action);
	KUNIT_EXPECT_TRUE(test, sigismember(&current->pending.signal, SIGTERM));
	leave_all(ut);
	ignore_signals_again();
}

static void signal_taken_away(struct kunit *test)
{
	const __sighandler_t handler = SIG_KTHREAD;
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];

	attach_self(test, a, UTRACE_EVENT_SIGNAL_ALL);
	attach_self(test, b, UTRACE_EVENT_SIGNAL_ALL);

	a->answer = UTRACE_SIGNAL_IGN | UTRACE_RESUME;
	KUNIT_EXPECT_PTR_EQ(test, take_signal(ut, SIGUSR1, handler), NULL);
	expect_log(test, "a:signal");
	KUNIT_EXPECT_FALSE(test, signal_pending(current));

	/* To agree that it is ignored is not to take it away. */
	KUNIT_EXPECT_PTR_NE(test, take_signal(ut, SIGUSR1, SIG_IGN), NULL);
	expect_log(test, "a:signal b:signal");

	/* Back to the queue. */
	a->answer = UTRACE_SIGNAL_HOLD | UTRACE_RESUME;
	KUNIT_EXPECT_PTR_EQ(test, take_signal(ut, SIGUSR1, handler), NULL);
	expect_log(test, "a:signal");
	KUNIT_EXPECT_TRUE(test, sigismember(&current->pending.signal, SIGUSR1));
	leave_all(ut);
	ignore_signals_again();
}

static void signal_replaced(struct kunit *test)
{
	const __sighandler_t handler = SIG_KTHREAD;
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	struct probe *c = &ut->probe[2];
	struct k_sigaction *ka;

	attach_self(test, a, UTRACE_EVENT(SIGNAL));
	attach_self(test, b, UTRACE_EVENT(SIGNAL));
	attach_self(test, c, UTRACE_EVENT(SIGNAL_TERM));
	a->answer = UTRACE_SIGNAL_TERM | UTRACE_RESUME;

	/* SIGCHLD kills nobody, so it becomes one that does. */
	ka = take_signal(ut, SIGCHLD, handler);
	/* From then on it is another event. */
	expect_log(test, "a:signal c:signal");
	KUNIT_EXPECT_EQ(test, SIGTERM, c->args[0]);
	KUNIT_EXPECT_EQ(test, UTRACE_SIGNAL_TERM | UTRACE_RESUME, c->action);
	KUNIT_EXPECT_EQ(test, SIGTERM, ut->ksig.info.si_signo);
	KUNIT_ASSERT_PTR_EQ(test, ka, &ut->ksig.ka);
	KUNIT_EXPECT_TRUE(test, ka->sa.sa_handler == SIG_DFL);

	/* SIGUSR1 does as it is. */
	ka = take_signal(ut, SIGUSR1, handler);
	expect_log(test, "a:signal c:signal");
	KUNIT_EXPECT_EQ(test, SIGUSR1, c->args[0]);
	KUNIT_EXPECT_EQ(test, UTRACE_SIGNAL_TERM | UTRACE_RESUME, c->action);
	KUNIT_ASSERT_PTR_EQ(test, ka, &ut->ksig.ka);
	KUNIT_EXPECT_TRUE(test, ka->sa.sa_handler == SIG_DFL);

	/* The engines after the one that has chosen may choose again. */
	c->answer = UTRACE_SIGNAL_IGN | UTRACE_RESUME;
	KUNIT_EXPECT_PTR_EQ(test, take_signal(ut, SIGUSR1, handler), NULL);
	leave_all(ut);
	ignore_signals_again();
}

static void hook_rewrite_signal(struct probe *probe)
{
	probe->ut->ksig.info.si_signo = probe->events;
	probe->ut->ksig.info.si_code = SI_USER;
}

static void signal_rewritten(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	struct probe *c = &ut->probe[2];
	struct k_sigaction *ka;

	attach_self(test, a, UTRACE_EVENT(SIGNAL));
	attach_self(test, b, UTRACE_EVENT(SIGNAL));
	attach_self(test, c, UTRACE_EVENT(SIGNAL_IGN));

	/* Another signal, which kernel threads ignore. */
	a->hook = hook_rewrite_signal;
	a->events = SIGTERM;
	ka = take_signal(ut, SIGUSR1, SIG_KTHREAD);
	expect_log(test, "a:signal c:signal");
	KUNIT_EXPECT_EQ(test, SIGTERM, c->args[0]);
	KUNIT_EXPECT_EQ(test, UTRACE_SIGNAL_IGN, c->args[1]);
	KUNIT_EXPECT_EQ(test, UTRACE_SIGNAL_IGN | UTRACE_RESUME, c->action);
	KUNIT_EXPECT_PTR_EQ(test, ka, &current->sighand->action[SIGTERM - 1]);

	/* None at all. */
	a->events = 0;
	ka = take_signal(ut, SIGUSR1, SIG_KTHREAD);
	expect_log(test, "a:signal");
	KUNIT_EXPECT_PTR_EQ(test, ka, NULL);
	leave_all(ut);
	ignore_signals_again();
}

static void expect_trap(struct kunit *test, const struct probe *probe)
{
	KUNIT_EXPECT_EQ(test, SIGTRAP, probe->args[0]);
	KUNIT_EXPECT_EQ(test, UTRACE_SIGNAL_CORE, probe->args[1]);
	KUNIT_EXPECT_EQ(test, TRAP_TRACE, probe->args[2]);
	KUNIT_EXPECT_EQ(test, UTRACE_SIGNAL_IGN | UTRACE_RESUME, probe->action);
}

static void step_trap_for_steppers(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	struct k_sigaction *trap = &current->sighand->action[SIGTRAP - 1];

	attach_self(test, a, UTRACE_EVENT_SIGNAL_ALL);
	attach_self(test, b, UTRACE_EVENT(SIGNAL));
	/* This one does not want to hear of signals. */
	attach_self(test, &ut->probe[2], 0);

	/* Nobody steps, so it is a signal like any other. */
	KUNIT_EXPECT_PTR_EQ(test, take_trap(ut), trap);
	expect_log(test, "a:signal");

	set_step(b, UTRACE_SINGLESTEP);
	set_step(&ut->probe[2], UTRACE_SINGLESTEP);
	b->answer = UTRACE_SIGNAL_IGN | UTRACE_RESUME;
	KUNIT_EXPECT_PTR_EQ(test, take_trap(ut), NULL);
	expect_log(test, "b:signal");
	expect_trap(test, b);

	b->answer = UTRACE_SIGNAL_DELIVER | UTRACE_RESUME;
	KUNIT_EXPECT_PTR_EQ(test, take_trap(ut), trap);
	expect_log(test, "b:signal");
	KUNIT_EXPECT_EQ(test, SIGTRAP, ut->ksig.info.si_signo);
	KUNIT_EXPECT_EQ(test, TRAP_TRACE, ut->ksig.info.si_code);

	/* The task's own SIGTRAP is not taken for one. */
	KUNIT_EXPECT_PTR_EQ(test, take_signal(ut, SIGTRAP, SIG_DFL), trap);
	expect_log(test, "a:signal");

	/* The engine that it was for has let go. */
	set_step(b, UTRACE_RESUME);
	set_step(&ut->probe[2], UTRACE_RESUME);
	current->utrace->armed = true;
	KUNIT_EXPECT_PTR_EQ(test, take_trap(ut), NULL);
	expect_log(test, "");
	leave_all(ut);
	ignore_signals_again();
}

static void step_trap_for_each(struct kunit *test)
{
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	struct k_sigaction *action = current->sighand->action;

	attach_self(test, a, UTRACE_EVENT_SIGNAL_ALL);
	attach_self(test, b, UTRACE_EVENT_SIGNAL_ALL);
	set_step(a, UTRACE_SINGLESTEP);
	set_step(b, UTRACE_SINGLESTEP);

	/* Whatever the first makes of it, the second gets it as it was. */
	a->hook = hook_rewrite_signal;
	a->events = SIGTERM;
	a->answer = UTRACE_SIGNAL_IGN | UTRACE_RESUME;
	b->answer = UTRACE_SIGNAL_IGN | UTRACE_RESUME;
	KUNIT_EXPECT_PTR_EQ(test, take_trap(ut), NULL);
	expect_log(test, "a:signal b:signal");
	expect_trap(test, a);
	expect_trap(test, b);

	/* It is a signal if one of them wants that. */
	b->answer = UTRACE_SIGNAL_DELIVER | UTRACE_RESUME;
	KUNIT_EXPECT_PTR_EQ(test, take_trap(ut), &action[SIGTRAP - 1]);
	KUNIT_EXPECT_EQ(test, TRAP_TRACE, ut->ksig.info.si_code);

	a->answer = UTRACE_SIGNAL_DELIVER | UTRACE_RESUME;
	b->answer = UTRACE_SIGNAL_IGN | UTRACE_RESUME;
	KUNIT_EXPECT_PTR_EQ(test, take_trap(ut), &action[SIGTERM - 1]);
	expect_trap(test, b);
	KUNIT_EXPECT_EQ(test, SIGTERM, ut->ksig.info.si_signo);
	KUNIT_EXPECT_EQ(test, SI_USER, ut->ksig.info.si_code);

	/* Of two signals, the last. */
	b->answer = UTRACE_SIGNAL_DELIVER | UTRACE_RESUME;
	KUNIT_EXPECT_PTR_EQ(test, take_trap(ut), &action[SIGTRAP - 1]);

	/* Made deadly, it is that whatever the task would do with it. */
	a->answer = UTRACE_SIGNAL_IGN | UTRACE_RESUME;
	b->answer = UTRACE_SIGNAL_TERM | UTRACE_RESUME;
	KUNIT_EXPECT_PTR_EQ(test, take_trap(ut), &ut->ksig.ka);
	KUNIT_EXPECT_EQ(test, SIGTERM, ut->ksig.info.si_signo);
	set_step(a, UTRACE_RESUME);
	set_step(b, UTRACE_RESUME);
	leave_all(ut);
	ignore_signals_again();
}

/* ptrace's engine */

static void attach_held(struct probe *probe, struct task_struct *task,
			unsigned long events)
{
	write_lock_irq(&tasklist_lock);
	utrace_attach_held(task, &probe_ops, events);
	write_unlock_irq(&tasklist_lock);
	utrace_held_engine(task)->data = probe;
}

static void detach_held(struct task_struct *task)
{
	write_lock_irq(&tasklist_lock);
	utrace_detach_held(task);
	write_unlock_irq(&tasklist_lock);
}

static void held_is_nobody_elses(struct kunit *test)
{
	const int excl = UTRACE_ATTACH_CREATE | UTRACE_ATTACH_EXCLUSIVE;
	const unsigned long exec = UTRACE_EVENT(EXEC);
	struct utrace_test *ut = test->priv;
	struct task_struct *task = ut->task;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	struct utrace *utrace;

	KUNIT_ASSERT_EQ(test, 0, utrace_prepare_task(task, 0));
	utrace = task->utrace;
	KUNIT_ASSERT_NOT_NULL(test, utrace);
	KUNIT_EXPECT_EQ(test, 0, utrace_prepare_task(task, __GFP_NOFAIL));
	KUNIT_EXPECT_PTR_EQ(test, task->utrace, utrace);
	KUNIT_EXPECT_EQ(test, task->utrace_flags, 0);

	attach_held(a, task, exec);
	KUNIT_EXPECT_EQ(test, task->utrace_flags, exec);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			try_attach(task, UTRACE_ATTACH_MATCH_OPS, &probe_ops,
				   NULL));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			try_attach(task, UTRACE_ATTACH_MATCH_DATA, NULL, a));
	KUNIT_EXPECT_EQ(test, -EEXIST, try_attach(task, excl, &probe_ops, b));

	detach_held(task);
	KUNIT_EXPECT_EQ(test, task->utrace_flags, 0);
	KUNIT_EXPECT_EQ(test, 0, try_attach(task, excl, &probe_ops, b));

	attach_held(a, task, exec);
	KUNIT_EXPECT_EQ(test, task->utrace_flags, exec);
	detach_held(task);
	KUNIT_EXPECT_EQ(test, task->utrace_flags, 0);

	/* Only what can be referred to is released. */
	utrace_free_task(task);
	task->utrace = NULL;
	expect_log(test, "b:release");
}

static void held_keeps_its_place(struct kunit *test)
{
	const unsigned long events = UTRACE_EVENT(EXEC) |
				     UTRACE_EVENT(SYSCALL_ENTRY);
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];

	KUNIT_ASSERT_EQ(test, 0, utrace_prepare_task(current, 0));
	attach_held(a, current, events);
	attach_self(test, b, events);
	exec();
	expect_log(test, "a:exec b:exec");
	syscall_entry(ut);
	expect_log(test, "b:syscall_entry a:syscall_entry");

	detach_held(current);
	exec();
	expect_log(test, "b:exec");

	attach_held(a, current, events);
	exec();
	expect_log(test, "a:exec b:exec");
	syscall_entry(ut);
	expect_log(test, "b:syscall_entry a:syscall_entry");
	detach_held(current);
}

/* Another tracer takes the place of the one that was there. */
static void hook_change_hands(struct probe *probe)
{
	detach_held(probe->other->task);
	attach_held(probe->other, probe->other->task, probe->events);
}

static void held_changes_hands(struct kunit *test, bool outside)
{
	const unsigned long events = UTRACE_EVENT(EXEC);
	struct utrace_test *ut = test->priv;
	struct probe *a = &ut->probe[0], *b = &ut->probe[1];
	struct probe *c = &ut->probe[2];

	attach_self(test, a, events);
	attach_held(b, current, events);
	b->task = current;
	attach_self(test, c, events);

	/* While it is called: the report goes on from its place. */
	b->hook = hook_change_hands;
	b->outside = outside;
	b->other = b;
	b->events = events;
	exec();
	expect_log(test, "a:exec b:exec c:exec");
	b->hook = NULL;

	/* Before its turn: it has come in the middle of the report. */
	a->hook = hook_change_hands;
	a->outside = outside;
	a->other = b;
	a->events = events;
	exec();
	expect_log(test, "a:exec c:exec");
	a->hook = NULL;

	exec();
	expect_log(test, "a:exec b:exec c:exec");
	KUNIT_EXPECT_EQ(test, current->utrace_flags, events);
	detach_held(current);
	leave_all(ut);
	KUNIT_EXPECT_EQ(test, current->utrace_flags, 0);
}

static void held_changes_hands_within(struct kunit *test)
{
	held_changes_hands(test, false);
}

static void held_changes_hands_from_outside(struct kunit *test)
{
	held_changes_hands(test, true);
}

static int utrace_test_init(struct kunit *test)
{
	struct utrace_test *ut;
	struct task_struct *task;
	unsigned int i;

	ut = kunit_kzalloc(test, sizeof(*ut), GFP_KERNEL);
	task = kunit_kzalloc(test, sizeof(*task), GFP_KERNEL);
	if (!ut || !task)
		return -ENOMEM;

#ifndef CONFIG_THREAD_INFO_IN_TASK
	task->stack = kunit_kzalloc(test, THREAD_SIZE, GFP_KERNEL);
	if (!task->stack)
		return -ENOMEM;
#endif
	/* For a wake-up, which finds it running. */
	raw_spin_lock_init(&task->pi_lock);
	ut->task = task;

	for (i = 0; i < NR_PROBES; i++) {
		ut->probe[i].ut = ut;
		ut->probe[i].name = 'a' + i;
		/* 0 would be a stop, which nobody ends. */
		ut->probe[i].answer = UTRACE_RESUME;
		ut->probe[i].quiesce_answer = UTRACE_RESUME;
	}
	test->priv = ut;
	return 0;
}

/* May run in another thread than the case. */
static void utrace_test_exit(struct kunit *test)
{
	struct utrace_test *ut = test->priv;

	if (!ut)
		return;
	leave_all(ut);
	utrace_free_task(ut->task);
}

static struct kunit_case utrace_test_cases[] = {
	KUNIT_CASE(attach_bad_arguments),
	KUNIT_CASE(attach_kernel_thread),
	KUNIT_CASE(attach_without_memory),
	KUNIT_CASE(attach_dead_task),
	KUNIT_CASE(look_up),
	KUNIT_CASE(attach_exclusive),
	KUNIT_CASE(attach_exclusive_alone),
	KUNIT_CASE(attach_by_pid),
	KUNIT_CASE(attach_by_pid_keeps_no_task),
	KUNIT_CASE(set_events_errors),
	KUNIT_CASE(set_events_needs_callback),
	KUNIT_CASE(events_are_united),
	KUNIT_CASE(syscall_trace_flag),
	KUNIT_CASE(control_errors),
	KUNIT_CASE(control_exiting),
	KUNIT_CASE(control_queues_work),
	KUNIT_CASE(control_step),
	KUNIT_CASE(steps_are_independent),
	KUNIT_CASE(barrier_idle),
	KUNIT_CASE(examine),
	KUNIT_CASE(own_stop_ends),
	KUNIT_CASE(release_once),
	KUNIT_CASE(free_with_engines),
	KUNIT_CASE(reap_order),
	KUNIT_CASE(reap_after_detach),
	KUNIT_CASE(reap_waits_for_death),
	KUNIT_CASE(reap_is_too_late),
	KUNIT_CASE(events_after_death),
	KUNIT_CASE(each_event),
	KUNIT_CASE(kernel_clone_is_silent),
	KUNIT_CASE(order),
	KUNIT_CASE(abort_holds),
	KUNIT_CASE(abort_outlasts_answers),
	KUNIT_CASE(abort_outlasts_quiesce),
	KUNIT_CASE(quiesce_cannot_abort),
	KUNIT_CASE(abort_and_detach),
	KUNIT_CASE(seccomp_abort),
	KUNIT_CASE(strongest_action),
	KUNIT_CASE(look_in),
	KUNIT_CASE(look_in_interrupt),
	KUNIT_CASE(look_in_waits),
	KUNIT_CASE(quiesce_first),
	KUNIT_CASE(quiesce_gives_up_event),
	KUNIT_CASE(attach_in_callback),
	KUNIT_CASE(detach_by_answer),
	KUNIT_CASE(detach_another),
	KUNIT_CASE(detach_another_from_outside),
	KUNIT_CASE(detach_within),
	KUNIT_CASE(detach_from_outside),
	KUNIT_CASE(look_up_within),
	KUNIT_CASE(detach_within_quiesce),
	KUNIT_CASE(give_up_in_callback),
	KUNIT_CASE(give_up_from_outside),
	KUNIT_CASE(overruled_stop),
	KUNIT_CASE(overruled_quiesce),
	KUNIT_CASE(overruled_step),
	KUNIT_CASE(barrier_in_callback),
	KUNIT_CASE(exit_code),
	KUNIT_CASE(syscall_exit_for_step),
	KUNIT_CASE(interrupt_report),
	KUNIT_CASE(interrupt_makes_signal),
	KUNIT_CASE(signal_events),
	KUNIT_CASE(signal_taken_away),
	KUNIT_CASE(signal_replaced),
	KUNIT_CASE(signal_rewritten),
	KUNIT_CASE(step_trap_for_steppers),
	KUNIT_CASE(step_trap_for_each),
	KUNIT_CASE(held_is_nobody_elses),
	KUNIT_CASE(held_keeps_its_place),
	KUNIT_CASE(held_changes_hands_within),
	KUNIT_CASE(held_changes_hands_from_outside),
	{}
};

static struct kunit_suite utrace_test_suite = {
	.name = "utrace",
	.init = utrace_test_init,
	.exit = utrace_test_exit,
	.test_cases = utrace_test_cases,
};

kunit_test_suite(utrace_test_suite);
