// SPDX-License-Identifier: GPL-2.0
/*
 * utrace test engine: engines driven through debugfs
 *
 * Each open file of utrace/engine is one engine, detached when the file is
 * closed. A write is one command:
 *
 *	attach PID [exclusive|light]	light: hears of system-call entries only,
 *					and does nothing, for measuring
 *	events [EVENT...]		quiesce, clone, signal_term, ...
 *	on EVENT ACTION			the resume action to answer: stop, ...
 *	on syscall_entry|seccomp abort [RESULT] | run
 *	on signal... answer deliver|ign|term|core|stop|tstp|hold [NUMBER]
 *	on exit code CODE
 *	on clone follow | alone		attach to the children as well?
 *	on EVENT wait [MILLISECONDS]	inside the callback, or until told to go
 *	go
 *	inject NUMBER			with the next report without a signal
 *	stop | interrupt | report | singlestep | blockstep | resume | detach
 *	barrier
 *	prepare | finish		a look at the stopped task
 *	examine				both at once: where is it?
 *
 * and fails with the error of the utrace function that it stands for. A read
 * at offset 0 gives what was counted, one "NAME NUMBER" on a line, and then the
 * latest events in their order, "> EVENT NUMBER": the number is what is most
 * telling of the event, for jctl the type and, times 256, what is notified.
 *
 * utrace/totals counts the engines that were attached and those released.
 */

#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/ptrace.h>
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

#define LOG_SIZE	64
#define TEXT_SIZE	4096

enum {
	STEPS = _UTRACE_NEVENTS,	/* exits in place of a step trap */
	TRAPS,				/* step traps */
	HANDLERS,			/* handlers set up while stepping */
	REPORTS,			/* reports without a signal */
	ABORTS_SEEN,			/* skipped before this engine was told */
	NCOUNTERS
};

/**
 * struct test_engine - what an open file holds
 * @kref: one for the file, one for each engine that has this as its data
 * @mutex: serialises the commands; guards @engine, @task and @examiner
 * @engine: the engine, NULL before the attach command
 * @task: its task; a reference, so that tests meet stale engines, not pids
 * @examiner: of the prepare command
 * @closed: the file is closed: engines on children go with their next event
 * @lock: guards what follows, which callbacks and commands share
 * @answers: what to answer to each event
 * @signals: to change a signal to, for each event, or 0
 * @inject: signal to make of the next report without one
 * @set_result: an abort sets @result
 * @result: result of an aborted system call
 * @set_code: exit with @code
 * @code: exit code
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
	struct mutex mutex;		/* guards the next three */
	struct utrace_engine *engine;
	struct task_struct *task;
	struct utrace_examiner examiner;
	bool closed;

	spinlock_t lock;		/* guards the rest */
	u32 answers[_UTRACE_NEVENTS];
	int signals[_UTRACE_NEVENTS];
	int inject;
	bool set_result;
	long result;
	bool set_code;
	long code;
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

static const char * const counter_names[NCOUNTERS] = {
	[_UTRACE_EVENT_QUIESCE]		= "quiesce",
	[_UTRACE_EVENT_REAP]		= "reap",
	[_UTRACE_EVENT_CLONE]		= "clone",
	[_UTRACE_EVENT_CLONE_DONE]	= "clone_done",
	[_UTRACE_EVENT_VFORK_DONE]	= "vfork_done",
	[_UTRACE_EVENT_EXEC]		= "exec",
	[_UTRACE_EVENT_EXIT]		= "exit",
	[_UTRACE_EVENT_DEATH]		= "death",
	[_UTRACE_EVENT_SYSCALL_ENTRY]	= "syscall_entry",
	[_UTRACE_EVENT_SYSCALL_EXIT]	= "syscall_exit",
	[_UTRACE_EVENT_SECCOMP]		= "seccomp",
	[_UTRACE_EVENT_SIGNAL]		= "signal",
	[_UTRACE_EVENT_SIGNAL_IGN]	= "signal_ign",
	[_UTRACE_EVENT_SIGNAL_STOP]	= "signal_stop",
	[_UTRACE_EVENT_SIGNAL_TERM]	= "signal_term",
	[_UTRACE_EVENT_SIGNAL_CORE]	= "signal_core",
	[_UTRACE_EVENT_JCTL]		= "jctl",
	[STEPS]				= "steps",
	[TRAPS]				= "traps",
	[HANDLERS]			= "handlers",
	[REPORTS]			= "reports",
	[ABORTS_SEEN]			= "aborts_seen",
};

static const char * const action_names[] = {
	[UTRACE_STOP]		= "stop",
	[UTRACE_INTERRUPT]	= "interrupt",
	[UTRACE_REPORT]		= "report",
	[UTRACE_SINGLESTEP]	= "singlestep",
	[UTRACE_BLOCKSTEP]	= "blockstep",
	[UTRACE_RESUME]		= "resume",
	[UTRACE_DETACH]		= "detach",
};

static const struct {
	const char *name;
	u32 action;
} signal_actions[] = {
	{ "deliver",	UTRACE_SIGNAL_DELIVER },
	{ "ign",	UTRACE_SIGNAL_IGN },
	{ "term",	UTRACE_SIGNAL_TERM },
	{ "core",	UTRACE_SIGNAL_CORE },
	{ "stop",	UTRACE_SIGNAL_STOP },
	{ "tstp",	UTRACE_SIGNAL_TSTP },
	{ "hold",	UTRACE_SIGNAL_HOLD },
};

static atomic_long_t attached = ATOMIC_LONG_INIT(0);
static atomic_long_t released = ATOMIC_LONG_INIT(0);

static void test_free(struct kref *kref)
{
	struct test_engine *test = container_of(kref, struct test_engine, kref);

	if (test->task)
		put_task_struct(test->task);
	kfree(test);
}

static void test_put(void *data)
{
	struct test_engine *test = data;

	kref_put(&test->kref, test_free);
}

/* The engine's own reference to @data, when the engine is gone. */
static void test_released(void *data)
{
	atomic_long_inc(&released);
	test_put(data);
}

/* Attach an engine with @test as its data, which it has a reference to. */
static struct utrace_engine *
test_attach(struct test_engine *test, struct pid *pid, int flags,
	    const struct utrace_engine_ops *ops)
{
	struct utrace_engine *engine;

	kref_get(&test->kref);
	atomic_long_inc(&attached);
	engine = utrace_attach_pid(pid, flags, ops, test);
	if (IS_ERR(engine)) {
		atomic_long_dec(&attached);
		test_put(test);
	}
	return engine;
}

static void log_event(struct test_engine *test, enum utrace_events event,
		      long number)
{
	guard(spinlock_irqsave)(&test->lock);
	test->counts[event]++;
	test->log[test->logged % LOG_SIZE].event = event;
	test->log[test->logged % LOG_SIZE].number = number;
	test->logged++;
}

/* Count and log an event: returns what to answer. */
static u32 note(struct test_engine *test, enum utrace_events event, long number)
{
	u32 answer;

	log_event(test, event, number);
	/* What interrupts this is fatal, and as good as "go". */
	wait_event_killable_timeout(test->wait,
				    !(READ_ONCE(test->waits) & BIT(event)),
				    msecs_to_jiffies(READ_ONCE(test->wait_ms)));

	guard(spinlock_irqsave)(&test->lock);
	answer = test->answers[event];
	/* Nobody could let a child go, since no file is its engine's. */
	if (current != test->task)
		answer = (answer & ~UTRACE_RESUME_MASK) | UTRACE_RESUME;
	if (test->closed)
		answer = UTRACE_DETACH;
	return answer;
}

static void count(struct test_engine *test, int counter)
{
	guard(spinlock_irqsave)(&test->lock);
	test->counts[counter]++;
}

static u32 test_quiesce(u32 action, struct utrace_engine *engine,
			unsigned long event)
{
	return note(engine->data, _UTRACE_EVENT_QUIESCE, event);
}

static const struct utrace_engine_ops test_engine_ops;

static u32 test_clone(u32 action, struct utrace_engine *engine,
		      u64 clone_flags, struct task_struct *child)
{
	struct test_engine *test = engine->data;
	struct utrace_engine *other;

	if (READ_ONCE(test->follow)) {
		other = test_attach(test, task_pid(child), UTRACE_ATTACH_CREATE,
				    &test_engine_ops);
		if (!IS_ERR(other)) {
			utrace_set_events(child, other, engine->flags);
			utrace_engine_put(other);
		}
	}
	return note(test, _UTRACE_EVENT_CLONE, task_pid_nr(child));
}

static u32 test_clone_done(u32 action, struct utrace_engine *engine,
			   u64 clone_flags, int trace, struct pid *child)
{
	return note(engine->data, _UTRACE_EVENT_CLONE_DONE, trace);
}

static u32 test_vfork_done(u32 action, struct utrace_engine *engine,
			   struct pid *child)
{
	return note(engine->data, _UTRACE_EVENT_VFORK_DONE, pid_nr(child));
}

static u32 test_exec(u32 action, struct utrace_engine *engine,
		     struct linux_binprm *bprm, pid_t old_pid)
{
	return note(engine->data, _UTRACE_EVENT_EXEC, old_pid);
}

static u32 test_exit(u32 action, struct utrace_engine *engine, long orig_code,
		     long *code)
{
	struct test_engine *test = engine->data;

	if (READ_ONCE(test->set_code))
		*code = READ_ONCE(test->code);
	return note(test, _UTRACE_EVENT_EXIT, orig_code);
}

static u32 test_death(u32 action, struct utrace_engine *engine, bool group_dead)
{
	return note(engine->data, _UTRACE_EVENT_DEATH, group_dead);
}

static void test_reap(struct utrace_engine *engine, struct task_struct *task)
{
	log_event(engine->data, _UTRACE_EVENT_REAP, current != task);
}

static u32 test_abort(struct test_engine *test, u32 action, u32 answer,
		      struct pt_regs *regs)
{
	if (utrace_syscall_action(action) == UTRACE_SYSCALL_ABORT)
		count(test, ABORTS_SEEN);
	if (utrace_syscall_action(answer) == UTRACE_SYSCALL_ABORT &&
	    READ_ONCE(test->set_result))
		syscall_set_return_value(current, regs, 0,
					 READ_ONCE(test->result));
	return answer;
}

static u32 test_syscall_entry(u32 action, struct utrace_engine *engine,
			      struct pt_regs *regs)
{
	struct test_engine *test = engine->data;
	long nr = syscall_get_nr(current, regs);

	WRITE_ONCE(test->last_nr, nr);
	return test_abort(test, action,
			  note(test, _UTRACE_EVENT_SYSCALL_ENTRY, nr), regs);
}

static u32 test_syscall_exit(u32 action, struct utrace_engine *engine,
			     struct pt_regs *regs)
{
	if (action & UTRACE_SYSCALL_STEP)
		count(engine->data, STEPS);
	return note(engine->data, _UTRACE_EVENT_SYSCALL_EXIT,
		    syscall_get_return_value(current, regs));
}

static u32 test_seccomp(u32 action, struct utrace_engine *engine, u16 data)
{
	return test_abort(engine->data, action,
			  note(engine->data, _UTRACE_EVENT_SECCOMP, data),
			  current_pt_regs());
}

static u32 test_signal(u32 action, struct utrace_engine *engine,
		       kernel_siginfo_t *info,
		       enum utrace_signal_action disposition)
{
	static const enum utrace_events events[] = {
		[UTRACE_SIGNAL_DELIVER >> 4]	= _UTRACE_EVENT_SIGNAL,
		[UTRACE_SIGNAL_IGN >> 4]	= _UTRACE_EVENT_SIGNAL_IGN,
		[UTRACE_SIGNAL_TERM >> 4]	= _UTRACE_EVENT_SIGNAL_TERM,
		[UTRACE_SIGNAL_CORE >> 4]	= _UTRACE_EVENT_SIGNAL_CORE,
		[UTRACE_SIGNAL_STOP >> 4]	= _UTRACE_EVENT_SIGNAL_STOP,
		[UTRACE_SIGNAL_TSTP >> 4]	= _UTRACE_EVENT_SIGNAL_STOP,
	};
	struct test_engine *test = engine->data;
	enum utrace_events event;
	int signr = 0;
	u32 answer;

	switch (disposition) {
	case UTRACE_SIGNAL_HANDLER:
		count(test, HANDLERS);
		return UTRACE_RESUME;
	case UTRACE_SIGNAL_REPORT:
		count(test, REPORTS);
		answer = UTRACE_RESUME;
		scoped_guard(spinlock_irqsave, &test->lock)
			swap(signr, test->inject);
		break;
	default:
		/* Its own step has done all it had to by being counted. */
		if (info->si_signo == SIGTRAP && info->si_code == TRAP_TRACE &&
		    disposition == UTRACE_SIGNAL_CORE) {
			count(test, TRAPS);
			return utrace_signal_action(action) | UTRACE_RESUME;
		}
		event = events[utrace_signal_action(action) >> 4];
		answer = note(test, event, info->si_signo);
		signr = READ_ONCE(test->signals[event]);
		break;
	}
	if (signr) {
		clear_siginfo(info);
		info->si_signo = signr;
		info->si_code = SI_KERNEL;
	}
	return answer;
}

static u32 test_jctl(u32 action, struct utrace_engine *engine, int type,
		     int notify)
{
	return note(engine->data, _UTRACE_EVENT_JCTL, type | notify << 8);
}

static const struct utrace_engine_ops test_engine_ops = {
	.report_quiesce		= test_quiesce,
	.report_clone		= test_clone,
	.report_clone_done	= test_clone_done,
	.report_vfork_done	= test_vfork_done,
	.report_exec		= test_exec,
	.report_exit		= test_exit,
	.report_death		= test_death,
	.report_reap		= test_reap,
	.report_syscall_entry	= test_syscall_entry,
	.report_syscall_exit	= test_syscall_exit,
	.report_seccomp		= test_seccomp,
	.report_signal		= test_signal,
	.report_jctl		= test_jctl,
	.release		= test_released,
};

static u32 light_syscall_entry(u32 action, struct utrace_engine *engine,
			       struct pt_regs *regs)
{
	return UTRACE_SYSCALL_RUN | UTRACE_RESUME;
}

static const struct utrace_engine_ops light_engine_ops = {
	.report_syscall_entry	= light_syscall_entry,
	.release		= test_released,
};

static int command_attach(struct test_engine *test, char *args)
{
	const struct utrace_engine_ops *ops = &test_engine_ops;
	char *number = strsep(&args, " ");
	int flags = UTRACE_ATTACH_CREATE;
	struct utrace_engine *engine;
	struct task_struct *task;
	struct pid *pid;
	int nr, err;

	if (test->engine)
		return -EBUSY;
	err = kstrtoint(number, 10, &nr);
	if (err)
		return err;
	if (args && !strcmp(args, "exclusive"))
		flags |= UTRACE_ATTACH_EXCLUSIVE | UTRACE_ATTACH_MATCH_OPS;
	else if (args && !strcmp(args, "light"))
		ops = &light_engine_ops;
	else if (args)
		return -EINVAL;

	pid = find_get_pid(nr);
	task = get_pid_task(pid, PIDTYPE_PID);
	engine = task ? test_attach(test, pid, flags, ops) : ERR_PTR(-ESRCH);
	put_pid(pid);
	if (IS_ERR(engine)) {
		if (task)
			put_task_struct(task);
		return PTR_ERR(engine);
	}
	test->task = task;
	test->engine = engine;
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
	return utrace_set_events(test->task, test->engine, events);
}

static int command_on_signal(struct test_engine *test, int event, char *args)
{
	char *name = strsep(&args, " ");
	int i, err, signr = 0;

	if (!name || !(BIT(event) & UTRACE_EVENT_SIGNAL_ALL))
		return -EINVAL;
	if (args) {
		err = kstrtoint(args, 10, &signr);
		if (err)
			return err;
	}
	for (i = 0; i < ARRAY_SIZE(signal_actions); i++) {
		if (strcmp(name, signal_actions[i].name))
			continue;
		guard(spinlock_irq)(&test->lock);
		test->signals[event] = signr;
		test->answers[event] &= UTRACE_RESUME_MASK;
		test->answers[event] |= signal_actions[i].action;
		return 0;
	}
	return -EINVAL;
}

static int command_on(struct test_engine *test, char *args)
{
	char *event_name = strsep(&args, " ");
	char *name = strsep(&args, " ");
	bool is_call, has_number = args;
	long number = 0;
	int event, action, err;

	event = match_string(counter_names, _UTRACE_NEVENTS, event_name);
	if (event < 0 || !name)
		return -EINVAL;
	is_call = event == _UTRACE_EVENT_SYSCALL_ENTRY ||
		  event == _UTRACE_EVENT_SECCOMP;

	if (!strcmp(name, "answer"))
		return command_on_signal(test, event, args);
	if (has_number) {
		err = kstrtol(args, 0, &number);
		if (err)
			return err;
	}

	guard(spinlock_irq)(&test->lock);
	if (event == _UTRACE_EVENT_EXIT && !strcmp(name, "code")) {
		test->code = number;
		test->set_code = true;
	} else if (event == _UTRACE_EVENT_CLONE && !strcmp(name, "follow")) {
		test->follow = true;
	} else if (event == _UTRACE_EVENT_CLONE && !strcmp(name, "alone")) {
		test->follow = false;
	} else if (!strcmp(name, "wait")) {
		test->waits |= BIT(event);
		test->wait_ms = has_number ? number : INT_MAX;
	} else if (is_call && !strcmp(name, "abort")) {
		test->result = number;
		test->set_result = has_number;
		test->answers[event] |= UTRACE_SYSCALL_ABORT;
	} else if (is_call && !strcmp(name, "run")) {
		test->answers[event] &= ~UTRACE_SYSCALL_ABORT;
	} else {
		action = match_string(action_names, ARRAY_SIZE(action_names),
				      name);
		if (action < 0)
			return action;
		test->answers[event] &= ~UTRACE_RESUME_MASK;
		test->answers[event] |= action;
	}
	return 0;
}

static int command_inject(struct test_engine *test, char *args)
{
	int signr, err;

	err = kstrtoint(args, 10, &signr);
	if (err)
		return err;
	scoped_guard(spinlock_irq, &test->lock)
		test->inject = signr;
	return 0;
}

static int command_prepare(struct test_engine *test)
{
	return utrace_prepare_examine(test->task, test->engine,
				      &test->examiner);
}

static int command_finish(struct test_engine *test)
{
	return utrace_finish_examine(test->task, test->engine, &test->examiner);
}

static int command_examine(struct test_engine *test)
{
	unsigned long ip;
	int err = command_prepare(test);

	if (err)
		return err;
	ip = instruction_pointer(task_pt_regs(test->task));
	err = command_finish(test);
	if (!err)
		WRITE_ONCE(test->ip, ip);
	return err;
}

static void go(struct test_engine *test)
{
	WRITE_ONCE(test->waits, 0);
	wake_up_all(&test->wait);
}

static int command(struct test_engine *test, char *args)
{
	char *name = strsep(&args, " ");
	int action;

	if (!strcmp(name, "attach"))
		return args ? command_attach(test, args) : -EINVAL;
	if (!test->engine)
		return -ENOENT;
	if (!strcmp(name, "events"))
		return command_events(test, args);
	if (!strcmp(name, "on"))
		return args ? command_on(test, args) : -EINVAL;
	if (!strcmp(name, "inject"))
		return args ? command_inject(test, args) : -EINVAL;
	if (args)
		return -EINVAL;
	if (!strcmp(name, "go")) {
		go(test);
		return 0;
	}
	if (!strcmp(name, "prepare"))
		return command_prepare(test);
	if (!strcmp(name, "finish"))
		return command_finish(test);
	if (!strcmp(name, "examine"))
		return command_examine(test);

	action = match_string(action_names, ARRAY_SIZE(action_names), name);
	if (action < 0)
		return action;
	return utrace_control(test->task, test->engine, action);
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
	return utrace_barrier(test->task, engine) ?: size;
}

static int test_print(struct test_engine *test, char *text)
{
	unsigned int i, len = 0;

	guard(spinlock_irq)(&test->lock);
	for (i = 0; i < NCOUNTERS; i++)
		len += scnprintf(text + len, TEXT_SIZE - len, "%s %lu\n",
				 counter_names[i], test->counts[i]);
	len += scnprintf(text + len, TEXT_SIZE - len,
			 "last_nr %ld\nip 0x%lx\n", test->last_nr, test->ip);
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
	struct test_engine *test;
	int event;

	test = kzalloc(sizeof(*test), GFP_KERNEL);
	if (!test)
		return -ENOMEM;
	kref_init(&test->kref);
	mutex_init(&test->mutex);
	spin_lock_init(&test->lock);
	init_waitqueue_head(&test->wait);
	for (event = 0; event < _UTRACE_NEVENTS; event++)
		test->answers[event] = UTRACE_RESUME;
	test->last_nr = -1;
	file->private_data = test;
	return 0;
}

static int test_release(struct inode *inode, struct file *file)
{
	struct test_engine *test = file->private_data;

	/* @test goes with the last reference, after any callback's return. */
	scoped_guard(spinlock_irq, &test->lock)
		test->closed = true;
	go(test);
	if (test->engine) {
		utrace_control(test->task, test->engine, UTRACE_DETACH);
		utrace_engine_put(test->engine);
	}
	test_put(test);
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

static int __init test_engine_init(void)
{
	struct dentry *dir = debugfs_create_dir("utrace", NULL);

	debugfs_create_file("engine", 0600, dir, NULL, &test_engine_fops);
	debugfs_create_file("totals", 0400, dir, NULL, &totals_fops);
	return 0;
}
late_initcall(test_engine_init);
