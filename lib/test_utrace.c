// SPDX-License-Identifier: GPL-2.0
/*
 * utrace test engine: engines driven through debugfs
 *
 * Each open file of utrace/engine is one engine, detached when the file is
 * closed. A write is one command:
 *
 *	attach PID [light]	light: only hears of system-call entries, and does
 *				nothing, for measuring
 *	attach PID checked	by utrace_attach_checked()
 *	events [EVENT...]	syscall_entry, quiesce, ...
 *	on EVENT ACTION		the resume action to answer: stop, ...
 *	on EVENT wait [MS]	inside the callback, so long or until told to go
 *	on syscall_entry abort [RESULT] | run
 *	on clone follow | alone	attach to the children as well?
 *	on signal answer deliver | ign | term | core | stop | tstp
 *	go
 *	stop | interrupt | report | resume | detach
 *	barrier
 *	prepare | finish	a look at the stopped task: where is it?
 *	examine			both at once
 *
 * and fails with the error of the utrace function that it stands for. A read
 * at offset 0 gives what was counted, one "NAME NUMBER" on a line, and then the
 * latest events in their order, "> EVENT NUMBER": the number is what is most
 * telling of the event, for a signal its number and, times 256, which enum
 * utrace_signal_action is its disposition.
 *
 * utrace/totals counts the engines that were attached and those released.
 * utrace/violations says of which tasks the core has lost track: after whatever
 * has happened it is empty.
 */

#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/pid_namespace.h>
#include <linux/ptrace.h>
#include <linux/sched/jobctl.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/utrace.h>
#include <linux/wait.h>

#include <asm/syscall.h>

/* For utrace/violations. */
#include "../kernel/utrace/internal.h"

#define LOG_SIZE	64
#define TEXT_SIZE	4096

/* Counted beside the events. */
enum {
	ABORTS_SEEN = _UTRACE_NEVENTS,	/* skipped before this engine was told */
	STEPS,				/* exits with a step trap to come */
	NCOUNTERS
};

static const char * const counter_names[NCOUNTERS] = {
	[_UTRACE_EVENT_SYSCALL_ENTRY]	= "syscall_entry",
	[_UTRACE_EVENT_SYSCALL_EXIT]	= "syscall_exit",
	[_UTRACE_EVENT_QUIESCE]		= "quiesce",
	[_UTRACE_EVENT_CLONE]		= "clone",
	[_UTRACE_EVENT_EXEC]		= "exec",
	[_UTRACE_EVENT_EXIT]		= "exit",
	[_UTRACE_EVENT_DEATH]		= "death",
	[_UTRACE_EVENT_REAP]		= "reap",
	[_UTRACE_EVENT_SIGNAL]		= "signal",
	[ABORTS_SEEN]			= "aborts_seen",
	[STEPS]				= "steps",
};

static const char * const action_names[] = {
	[UTRACE_RESUME]		= "resume",
	[UTRACE_REPORT]		= "report",
	[UTRACE_INTERRUPT]	= "interrupt",
	[UTRACE_STOP]		= "stop",
	[UTRACE_DETACH]		= "detach",
};

/**
 * struct test_engine - what an open file holds
 * @kref: one for the file, one for each engine that has this as its data
 * @ns: pid namespace of whoever opened the file: pids are given as seen there
 * @mutex: serialises the commands; guards the members up to @lock
 * @engine: the engine, NULL before the attach command
 * @examiner: of the prepare command
 * @examining: between prepare and finish
 * @lock: guards what follows, which callbacks and commands share
 * @closed: the file is closed: engines on children go with their next event
 * @answers: what to answer to each event
 * @set_result: an abort sets @result
 * @result: result of an aborted system call
 * @follow: attach to children
 * @waits: mask of events whose callbacks wait on @wait
 * @wait_ms: and for how long at most
 * @wait: for @waits to lose a bit
 * @counts: how often each thing happened
 * @last_nr: number of the system call entered last
 * @ip: where the task was examined
 * @log: the latest events, as a ring
 * @logged: how many there were
 */
struct test_engine {
	struct kref kref;
	struct pid_namespace *ns;
	struct mutex mutex;		/* see above */
	struct utrace_engine *engine;
	struct utrace_examiner examiner;
	bool examining;

	spinlock_t lock;		/* see above */
	bool closed;
	u32 answers[_UTRACE_NEVENTS];
	bool set_result;
	long result;
	bool follow;
	unsigned long waits;
	unsigned int wait_ms;
	wait_queue_head_t wait;
	unsigned long counts[NCOUNTERS];
	long last_nr;
	unsigned long ip;
	struct {
		int event;
		long number;
	} log[LOG_SIZE];
	unsigned int logged;
};

static atomic_long_t attached = ATOMIC_LONG_INIT(0);
static atomic_long_t released = ATOMIC_LONG_INIT(0);

static void test_free(struct kref *kref)
{
	struct test_engine *test = container_of(kref, struct test_engine, kref);

	put_pid_ns(test->ns);
	kfree(test);
}

/* An engine is gone that had @data as its data. */
static void test_released(void *data)
{
	struct test_engine *test = data;

	atomic_long_inc(&released);
	kref_put(&test->kref, test_free);
}

/* What test_released() takes back, before the engine may be gone again. */
static void begin_attach(struct test_engine *test)
{
	kref_get(&test->kref);
	atomic_long_inc(&attached);
}

static struct utrace_engine *end_attach(struct test_engine *test,
					struct utrace_engine *engine)
{
	if (IS_ERR(engine)) {
		atomic_long_dec(&attached);
		kref_put(&test->kref, test_free);
	}
	return engine;
}

static void log_event(struct test_engine *test, enum utrace_events event,
		      long number)
{
	guard(spinlock)(&test->lock);
	test->counts[event]++;
	test->log[test->logged % LOG_SIZE].event = event;
	test->log[test->logged % LOG_SIZE].number = number;
	test->logged++;
}

/* Count and log an event: returns what to answer. */
static u32 note(struct utrace_engine *engine, enum utrace_events event,
		long number)
{
	struct test_engine *test = engine->data;
	u32 answer;

	log_event(test, event, number);
	/* What interrupts this is fatal, and as good as "go". */
	wait_event_killable_timeout(test->wait,
				    !(READ_ONCE(test->waits) & BIT(event)),
				    msecs_to_jiffies(READ_ONCE(test->wait_ms)));

	guard(spinlock)(&test->lock);
	if (test->closed)
		return UTRACE_DETACH;
	answer = test->answers[event];
	/* No file controls the engine of a child: nobody could end its stop. */
	if (engine != READ_ONCE(test->engine))
		answer &= ~UTRACE_RESUME_MASK;
	return answer;
}

static void count(struct test_engine *test, int counter)
{
	guard(spinlock)(&test->lock);
	test->counts[counter]++;
}

static u32 test_syscall_entry(u32 action, struct utrace_engine *engine,
			      struct pt_regs *regs)
{
	struct test_engine *test = engine->data;
	long nr = syscall_get_nr(current, regs);
	u32 answer;

	WRITE_ONCE(test->last_nr, nr);
	answer = note(engine, _UTRACE_EVENT_SYSCALL_ENTRY, nr);
	if (utrace_syscall_action(action) == UTRACE_SYSCALL_ABORT)
		count(test, ABORTS_SEEN);
	if (utrace_syscall_action(answer) == UTRACE_SYSCALL_ABORT &&
	    READ_ONCE(test->set_result))
		syscall_set_return_value(current, regs, 0,
					 READ_ONCE(test->result));
	return answer;
}

static u32 test_syscall_exit(u32 action, struct utrace_engine *engine,
			     struct pt_regs *regs)
{
	if (action & UTRACE_SYSCALL_STEP)
		count(engine->data, STEPS);
	return note(engine, _UTRACE_EVENT_SYSCALL_EXIT,
		    syscall_get_return_value(current, regs));
}

static u32 test_quiesce(u32 action, struct utrace_engine *engine)
{
	return note(engine, _UTRACE_EVENT_QUIESCE, 0);
}

static u32 test_clone(u32 action, struct utrace_engine *engine,
		      u64 clone_flags, struct task_struct *child)
{
	struct test_engine *test = engine->data;
	struct utrace_engine *other;

	if (READ_ONCE(test->follow)) {
		begin_attach(test);
		other = end_attach(test,
				   utrace_attach_child(engine, child, test));
		if (!IS_ERR(other)) {
			utrace_set_events(other, READ_ONCE(engine->events));
			utrace_engine_put(other);
		}
	}
	return note(engine, _UTRACE_EVENT_CLONE,
		    task_pid_nr_ns(child, test->ns));
}

static u32 test_exec(u32 action, struct utrace_engine *engine,
		     struct linux_binprm *bprm)
{
	struct test_engine *test = engine->data;

	return note(engine, _UTRACE_EVENT_EXEC,
		    task_pid_nr_ns(current, test->ns));
}

static u32 test_exit(u32 action, struct utrace_engine *engine, long code)
{
	return note(engine, _UTRACE_EVENT_EXIT, code);
}

static u32 test_death(u32 action, struct utrace_engine *engine, bool group_dead)
{
	return note(engine, _UTRACE_EVENT_DEATH, group_dead);
}

static void test_reap(struct utrace_engine *engine)
{
	log_event(engine->data, _UTRACE_EVENT_REAP, current != engine->task);
}

static u32 test_signal(u32 action, struct utrace_engine *engine,
		       const kernel_siginfo_t *info,
		       enum utrace_signal_action disposition)
{
	return note(engine, _UTRACE_EVENT_SIGNAL,
		    info->si_signo | disposition << 4);
}

static const struct utrace_engine_ops test_ops = {
	.report_syscall_entry	= test_syscall_entry,
	.report_syscall_exit	= test_syscall_exit,
	.report_quiesce		= test_quiesce,
	.report_clone		= test_clone,
	.report_exec		= test_exec,
	.report_exit		= test_exit,
	.report_death		= test_death,
	.report_reap		= test_reap,
	.report_signal		= test_signal,
	.release		= test_released,
};

static u32 light_syscall_entry(u32 action, struct utrace_engine *engine,
			       struct pt_regs *regs)
{
	return UTRACE_SYSCALL_RUN | UTRACE_RESUME;
}

static const struct utrace_engine_ops light_ops = {
	.report_syscall_entry	= light_syscall_entry,
	.release		= test_released,
};

/* Attach an engine with @test as its data; @how: light, checked, or NULL. */
static struct utrace_engine *test_attach(struct test_engine *test,
					 struct task_struct *task,
					 const char *how)
{
	struct utrace_engine *engine = ERR_PTR(-EINVAL);

	begin_attach(test);
	if (!how)
		engine = utrace_attach_task(task, &test_ops, test);
	else if (!strcmp(how, "light"))
		engine = utrace_attach_task(task, &light_ops, test);
	else if (!strcmp(how, "checked"))
		engine = utrace_attach_checked(task, &test_ops, test);
	return end_attach(test, engine);
}

static int command_attach(struct test_engine *test, char *args)
{
	char *number = strsep(&args, " ");
	struct utrace_engine *engine;
	struct task_struct *task;
	int nr, err;

	if (test->engine)
		return -EBUSY;
	err = kstrtoint(number, 10, &nr);
	if (err)
		return err;
	task = find_get_task_by_vpid(nr);
	if (!task)
		return -ESRCH;
	engine = test_attach(test, task, args);
	put_task_struct(task);
	if (IS_ERR(engine))
		return PTR_ERR(engine);
	WRITE_ONCE(test->engine, engine);
	return 0;
}

static int command_events(struct test_engine *test, char *args)
{
	unsigned long events = 0;
	char *name;
	int event;

	while ((name = strsep(&args, " "))) {
		event = match_string(counter_names, _UTRACE_NEVENTS, name);
		if (event < 0)
			return event;
		events |= BIT(event);
	}
	return utrace_set_events(test->engine, events);
}

/* What to answer about the system call. */
static int on_syscall(struct test_engine *test, const char *name, char *number)
{
	u32 *answer = &test->answers[_UTRACE_EVENT_SYSCALL_ENTRY];
	long result = 0;
	int err;

	if (!strcmp(name, "run")) {
		*answer &= ~UTRACE_SYSCALL_MASK;
		return 0;
	}
	if (strcmp(name, "abort"))
		return -EINVAL;
	err = number ? kstrtol(number, 0, &result) : 0;
	if (err)
		return err;
	WRITE_ONCE(test->result, result);
	WRITE_ONCE(test->set_result, number);
	*answer |= UTRACE_SYSCALL_ABORT;
	return 0;
}

/* Whether to attach to children. */
static int on_clone(struct test_engine *test, const char *name)
{
	static const char * const names[] = { "alone", "follow" };
	int follow = match_string(names, ARRAY_SIZE(names), name);

	if (follow < 0)
		return follow;
	WRITE_ONCE(test->follow, follow);
	return 0;
}

/* What to answer about the signal. */
static int on_signal(struct test_engine *test, const char *name,
		     const char *answer_name)
{
	static const char * const names[] = {
		[UTRACE_SIGNAL_DELIVER >> 4]	= "deliver",
		[UTRACE_SIGNAL_IGN >> 4]	= "ign",
		[UTRACE_SIGNAL_TERM >> 4]	= "term",
		[UTRACE_SIGNAL_CORE >> 4]	= "core",
		[UTRACE_SIGNAL_STOP >> 4]	= "stop",
		[UTRACE_SIGNAL_TSTP >> 4]	= "tstp",
	};
	u32 *answer = &test->answers[_UTRACE_EVENT_SIGNAL];
	int action;

	if (strcmp(name, "answer") || !answer_name)
		return -EINVAL;
	action = match_string(names, ARRAY_SIZE(names), answer_name);
	if (action < 0)
		return action;
	*answer = (*answer & ~UTRACE_SIGNAL_MASK) | action << 4;
	return 0;
}

static int command_on(struct test_engine *test, char *args)
{
	int event = match_string(counter_names, _UTRACE_NEVENTS,
				 strsep(&args, " "));
	char *name = strsep(&args, " ");
	unsigned int wait_ms = INT_MAX;
	int action, err;

	if (event < 0 || !name)
		return -EINVAL;

	guard(spinlock)(&test->lock);
	if (!strcmp(name, "wait")) {
		err = args ? kstrtouint(args, 10, &wait_ms) : 0;
		if (err)
			return err;
		WRITE_ONCE(test->wait_ms, wait_ms);
		WRITE_ONCE(test->waits, test->waits | BIT(event));
		return 0;
	}
	action = match_string(action_names, ARRAY_SIZE(action_names), name);
	if (action >= 0 && !args) {
		test->answers[event] &= ~UTRACE_RESUME_MASK;
		test->answers[event] |= action;
		return 0;
	}
	switch (event) {
	case _UTRACE_EVENT_SYSCALL_ENTRY:
		return on_syscall(test, name, args);
	case _UTRACE_EVENT_CLONE:
		return on_clone(test, name);
	case _UTRACE_EVENT_SIGNAL:
		return on_signal(test, name, args);
	default:
		return -EINVAL;
	}
}

static void go(struct test_engine *test)
{
	/* Without @lock: who sets bits holds @mutex as well. */
	WRITE_ONCE(test->waits, 0);
	wake_up_all(&test->wait);
}

static int command_go(struct test_engine *test)
{
	go(test);
	return 0;
}

static int command_prepare(struct test_engine *test)
{
	int err;

	if (test->examining)
		return -EBUSY;
	err = utrace_prepare_examine(test->engine, &test->examiner);
	test->examining = !err;
	return err;
}

static int command_finish(struct test_engine *test)
{
	unsigned long ip;
	int err;

	if (!test->examining)
		return -EINVAL;
	test->examining = false;
	/*
	 * Not sooner, so that a test can find out what is held until now. If the
	 * task runs, it is nonsense, and utrace_finish_examine() says so.
	 */
	ip = data_race(instruction_pointer(task_pt_regs(test->engine->task)));
	err = utrace_finish_examine(test->engine, &test->examiner);
	if (!err)
		WRITE_ONCE(test->ip, ip);
	return err;
}

static int command_examine(struct test_engine *test)
{
	return command_prepare(test) ?: command_finish(test);
}

/* Those without arguments. */
static const struct {
	const char *name;
	int (*run)(struct test_engine *test);
} commands[] = {
	{ "go",		command_go },
	{ "prepare",	command_prepare },
	{ "finish",	command_finish },
	{ "examine",	command_examine },
};

static int command(struct test_engine *test, char *args)
{
	char *name = strsep(&args, " ");
	int action, i;

	if (!strcmp(name, "attach"))
		return args ? command_attach(test, args) : -EINVAL;
	if (!test->engine)
		return -ENOENT;
	if (!strcmp(name, "events"))
		return command_events(test, args);
	if (!strcmp(name, "on"))
		return args ? command_on(test, args) : -EINVAL;
	if (args)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(name, commands[i].name))
			return commands[i].run(test);
	}
	action = match_string(action_names, ARRAY_SIZE(action_names), name);
	return action < 0 ? action : utrace_control(test->engine, action);
}

static ssize_t test_write(struct file *file, const char __user *buf,
			  size_t size, loff_t *ppos)
{
	struct test_engine *test = file->private_data;
	struct utrace_engine *engine;
	char line[192], *text;

	if (!size || size >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, buf, size))
		return -EFAULT;
	line[size] = 0;

	text = strim(line);
	scoped_cond_guard(mutex_intr, return -EINTR, &test->mutex) {
		/* Once there is an engine, it stays. */
		engine = test->engine;
		if (!engine || strcmp(text, "barrier"))
			return command(test, text) ?: size;
	}
	/* Not with the mutex, so that "go" can end what it waits for. */
	return utrace_barrier(engine) ?: size;
}

static int test_print(struct test_engine *test, char *text)
{
	unsigned int i, len = 0;

	guard(spinlock)(&test->lock);
	for (i = 0; i < NCOUNTERS; i++)
		len += scnprintf(text + len, TEXT_SIZE - len, "%s %lu\n",
				 counter_names[i], test->counts[i]);
	len += scnprintf(text + len, TEXT_SIZE - len,
			 "last_nr %ld\nip 0x%lx\n",
			 READ_ONCE(test->last_nr), READ_ONCE(test->ip));
	i = test->logged > LOG_SIZE ? test->logged - LOG_SIZE : 0;
	for (; i < test->logged; i++)
		len += scnprintf(text + len, TEXT_SIZE - len, "> %s %ld\n",
				 counter_names[test->log[i % LOG_SIZE].event],
				 test->log[i % LOG_SIZE].number);
	return len;
}

static ssize_t test_read(struct file *file, char __user *buf, size_t size,
			 loff_t *ppos)
{
	char *text __free(kfree) = kmalloc(TEXT_SIZE, GFP_KERNEL);

	if (!text)
		return -ENOMEM;
	return simple_read_from_buffer(buf, size, ppos, text,
				       test_print(file->private_data, text));
}

static int test_open(struct inode *inode, struct file *file)
{
	struct test_engine *test = kzalloc(sizeof(*test), GFP_KERNEL);

	if (!test)
		return -ENOMEM;
	kref_init(&test->kref);
	mutex_init(&test->mutex);
	spin_lock_init(&test->lock);
	init_waitqueue_head(&test->wait);
	test->last_nr = -1;
	test->ns = get_pid_ns(task_active_pid_ns(current));
	file->private_data = test;
	return 0;
}

static int test_release(struct inode *inode, struct file *file)
{
	struct test_engine *test = file->private_data;

	scoped_guard(spinlock, &test->lock)
		test->closed = true;
	go(test);
	if (test->engine) {
		/* A look that was begun has to be finished. */
		command_finish(test);
		utrace_control(test->engine, UTRACE_DETACH);
		utrace_engine_put(test->engine);
	}
	/* Callbacks that are running have references of their own. */
	kref_put(&test->kref, test_free);
	return 0;
}

static const struct file_operations test_engine_fops = {
	.owner		= THIS_MODULE,
	.open		= test_open,
	.release	= test_release,
	.read		= test_read,
	.write		= test_write,
	.llseek		= default_llseek,
};

static int totals_show(struct seq_file *seq, void *unused)
{
	/* In this order there are never more released than attached. */
	seq_printf(seq, "released %ld\n", atomic_long_read(&released));
	seq_printf(seq, "attached %ld\n", atomic_long_read(&attached));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(totals);

/* What is wrong with the engines of a task, or NULL. */
static const char *engines_violation(struct utrace *utrace)
{
	struct task_struct *task = utrace->task;
	struct utrace_engine *engine;
	unsigned long events = 0;
	bool stop = false;

	guard(spinlock_irq)(&utrace->lock);
	list_for_each_entry(engine, &utrace->engines, entry) {
		if (!engine->attached && !engine->calling)
			return "a detached engine is in the list";
		events |= engine->events;
		stop |= engine->stop;
	}
	/* What has been woken has not run yet. */
	if (utrace->stopped && !stop &&
	    READ_ONCE(task->__state) & TASK_UNINTERRUPTIBLE)
		return "a stop without an engine that wants it";
	if (utrace->events != events)
		return "events are not those of its engines";
	if (!test_task_syscall_work(task, SYSCALL_TRACE) !=
	    !(events & UTRACE_EVENT_SYSCALL))
		return "reports of system calls are not what its engines want";
	if (utrace->state != UTRACE_REAPED &&
	    !utrace->ptrace.attached != !task->ptrace)
		return "ptrace's engine without a tracer, or the reverse";
	return NULL;
}

static const char *task_violation(struct task_struct *task)
{
	bool reports = test_task_syscall_work(task, SYSCALL_TRACE);
	struct utrace *utrace;

	/*
	 * Whoever sets the flag has seen task_struct::utrace. Pairs with the
	 * cmpxchg() in utrace_publish(), which comes before that.
	 */
	smp_rmb();
	utrace = READ_ONCE(task->utrace);
	if (utrace)
		return engines_violation(utrace);
	if (reports)
		return "reports of system calls without an engine";
	return task->ptrace ? "a tracer without an engine" : NULL;
}

/*
 * Does a task that waits for something else have the mark of an engine's stop?
 * Between setting and clearing it the task is in no such state. siglock guards the
 * mark, and tasklist_lock keeps ->sighand.
 */
static bool is_marked_in_vain(struct task_struct *task)
{
	guard(spinlock_irq)(&task->sighand->siglock);
	return task->jobctl & JOBCTL_ENGINE_STOPPED &&
	       READ_ONCE(task->__state) &
	       (TASK_INTERRUPTIBLE | __TASK_STOPPED | __TASK_TRACED);
}

static int violations_show(struct seq_file *seq, void *unused)
{
	struct task_struct *process, *task;
	const char *why;

	/* Keeps tracers from coming and going, and tasks from being released. */
	guard(read_lock)(&tasklist_lock);
	for_each_process_thread(process, task) {
		why = task_violation(task);
		if (!why && !task->ptrace &&
		    READ_ONCE(task->jobctl) & JOBCTL_TRACED)
			why = "a tracer's stop without a tracer";
		if (!why && is_marked_in_vain(task))
			why = "the mark of an engine's stop without a stop";
		if (why)
			seq_printf(seq, "%d %s: %s\n", task_pid_vnr(task),
				   task->comm, why);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(violations);

static int __init test_engine_init(void)
{
	struct dentry *dir = debugfs_create_dir("utrace", NULL);

	debugfs_create_file("engine", 0600, dir, NULL, &test_engine_fops);
	debugfs_create_file("totals", 0400, dir, NULL, &totals_fops);
	debugfs_create_file("violations", 0400, dir, NULL, &violations_fops);
	return 0;
}
late_initcall(test_engine_init);
