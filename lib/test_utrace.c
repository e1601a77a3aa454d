// SPDX-License-Identifier: GPL-2.0
/*
 * utrace test engine: engines driven through debugfs
 *
 * Each open file of utrace/engine is one engine, detached when the file is
 * closed. A write is one command:
 *
 *	attach PID [exclusive]
 *	events [quiesce] [syscall_entry] [syscall_exit]
 *	on EVENT ACTION		what to answer to the event
 *	on syscall_entry abort [RESULT]
 *	on syscall_entry run
 *	stop | interrupt | report | singlestep | blockstep | resume | detach
 *	barrier
 *
 * and fails with the error of the utrace function that it stands for. A read
 * at offset 0 tells how often each event was reported and what was seen.
 */

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/utrace.h>

#include <asm/syscall.h>

/**
 * struct test_engine - what an open file holds
 * @lock: serialises the commands; guards @engine and @task
 * @engine: the engine, NULL before the attach command
 * @task: its task; a reference, so that tests meet stale engines, not pids
 * @answers: what to answer to each event
 * @set_result: an abort sets @result
 * @result: result of an aborted system call
 * @counts: how often each event was reported
 * @steps: how many exits stood for a step trap
 * @aborts_seen: how many entries were skipped before this engine was asked
 * @last_nr: number of the system call entered last
 *
 * The fields from @answers on are written by one side and read by the other
 * without a lock; each is complete in itself.
 */
struct test_engine {
	struct mutex lock;		/* guards engine and task */
	struct utrace_engine *engine;
	struct task_struct *task;
	u32 answers[_UTRACE_NEVENTS];
	bool set_result;
	long result;
	unsigned long counts[_UTRACE_NEVENTS];
	unsigned long steps;
	unsigned long aborts_seen;
	long last_nr;
};

static const char * const event_names[_UTRACE_NEVENTS] = {
	[_UTRACE_EVENT_QUIESCE]		= "quiesce",
	[_UTRACE_EVENT_SYSCALL_ENTRY]	= "syscall_entry",
	[_UTRACE_EVENT_SYSCALL_EXIT]	= "syscall_exit",
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

/* Only the task that is reporting counts, so there is one writer. */
static u32 count(struct test_engine *test, enum utrace_events event)
{
	WRITE_ONCE(test->counts[event], test->counts[event] + 1);
	return READ_ONCE(test->answers[event]);
}

static u32 test_quiesce(u32 action, struct utrace_engine *engine,
			unsigned long event)
{
	return count(engine->data, _UTRACE_EVENT_QUIESCE);
}

static u32 test_syscall_entry(u32 action, struct utrace_engine *engine,
			      struct pt_regs *regs)
{
	struct test_engine *test = engine->data;
	u32 answer = count(test, _UTRACE_EVENT_SYSCALL_ENTRY);

	WRITE_ONCE(test->last_nr, syscall_get_nr(current, regs));
	if (utrace_syscall_action(action) == UTRACE_SYSCALL_ABORT)
		WRITE_ONCE(test->aborts_seen, test->aborts_seen + 1);
	if (utrace_syscall_action(answer) == UTRACE_SYSCALL_ABORT &&
	    READ_ONCE(test->set_result))
		syscall_set_return_value(current, regs, 0,
					 READ_ONCE(test->result));
	return answer;
}

static u32 test_syscall_exit(u32 action, struct utrace_engine *engine,
			     struct pt_regs *regs)
{
	struct test_engine *test = engine->data;

	if (action & UTRACE_SYSCALL_STEP)
		WRITE_ONCE(test->steps, test->steps + 1);
	return count(test, _UTRACE_EVENT_SYSCALL_EXIT);
}

static void test_free(void *data)
{
	struct test_engine *test = data;

	if (test->task)
		put_task_struct(test->task);
	kfree(test);
}

static const struct utrace_engine_ops test_engine_ops = {
	.report_quiesce		= test_quiesce,
	.report_syscall_entry	= test_syscall_entry,
	.report_syscall_exit	= test_syscall_exit,
	.release		= test_free,
};

static int command_attach(struct test_engine *test, char *args)
{
	char *pid = strsep(&args, " ");
	int flags = UTRACE_ATTACH_CREATE;
	struct utrace_engine *engine;
	int nr, err;

	if (test->engine)
		return -EBUSY;
	err = kstrtoint(pid, 10, &nr);
	if (err)
		return err;
	if (args && !strcmp(args, "exclusive"))
		flags |= UTRACE_ATTACH_EXCLUSIVE | UTRACE_ATTACH_MATCH_OPS;
	else if (args)
		return -EINVAL;

	if (!test->task)
		test->task = find_get_task_by_vpid(nr);
	if (!test->task)
		return -ESRCH;
	engine = utrace_attach_task(test->task, flags, &test_engine_ops, test);
	if (IS_ERR(engine)) {
		put_task_struct(test->task);
		test->task = NULL;
		return PTR_ERR(engine);
	}
	test->engine = engine;
	return 0;
}

static int command_events(struct test_engine *test, char *args)
{
	unsigned long events = 0;
	char *name;
	int event;

	while ((name = strsep(&args, " "))) {
		event = match_string(event_names, _UTRACE_NEVENTS, name);
		if (event < 0)
			return event;
		events |= BIT(event);
	}
	return utrace_set_events(test->task, test->engine, events);
}

static int command_on(struct test_engine *test, char *args)
{
	char *event_name = strsep(&args, " ");
	char *action_name = strsep(&args, " ");
	int event, action, err;

	event = match_string(event_names, _UTRACE_NEVENTS, event_name);
	if (event < 0 || !action_name)
		return -EINVAL;

	if (event == _UTRACE_EVENT_SYSCALL_ENTRY &&
	    !strcmp(action_name, "abort")) {
		long result = 0;

		if (args) {
			err = kstrtol(args, 0, &result);
			if (err)
				return err;
		}
		WRITE_ONCE(test->result, result);
		WRITE_ONCE(test->set_result, args);
		action = UTRACE_SYSCALL_ABORT | UTRACE_RESUME;
	} else if (event == _UTRACE_EVENT_SYSCALL_ENTRY &&
		   !strcmp(action_name, "run")) {
		action = UTRACE_SYSCALL_RUN | UTRACE_RESUME;
	} else {
		action = match_string(action_names, ARRAY_SIZE(action_names),
				      action_name);
		if (action < 0)
			return action;
	}
	WRITE_ONCE(test->answers[event], action);
	return 0;
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
	if (args)
		return -EINVAL;
	if (!strcmp(name, "barrier"))
		return utrace_barrier(test->task, test->engine);

	action = match_string(action_names, ARRAY_SIZE(action_names), name);
	if (action < 0)
		return action;
	return utrace_control(test->task, test->engine, action);
}

static ssize_t test_write(struct file *file, const char __user *buf,
			  size_t size, loff_t *ppos)
{
	struct test_engine *test = file->private_data;
	char line[128];
	int err;

	if (!size || size >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, buf, size))
		return -EFAULT;
	line[size] = 0;

	scoped_cond_guard(mutex_intr, return -EINTR, &test->lock)
		err = command(test, strim(line));
	return err ?: size;
}

static ssize_t test_read(struct file *file, char __user *buf, size_t size,
			 loff_t *ppos)
{
	struct test_engine *test = file->private_data;
	char text[256];
	int len = 0;
	int event;

	for (event = 0; event < _UTRACE_NEVENTS; event++)
		len += scnprintf(text + len, sizeof(text) - len, "%s %lu\n",
				 event_names[event],
				 READ_ONCE(test->counts[event]));
	len += scnprintf(text + len, sizeof(text) - len,
			 "steps %lu\naborts_seen %lu\nlast_nr %ld\n",
			 READ_ONCE(test->steps), READ_ONCE(test->aborts_seen),
			 READ_ONCE(test->last_nr));
	return simple_read_from_buffer(buf, size, ppos, text, len);
}

static int test_open(struct inode *inode, struct file *file)
{
	struct test_engine *test;
	int event;

	test = kzalloc(sizeof(*test), GFP_KERNEL);
	if (!test)
		return -ENOMEM;
	mutex_init(&test->lock);
	for (event = 0; event < _UTRACE_NEVENTS; event++)
		test->answers[event] = UTRACE_RESUME;
	test->last_nr = -1;
	file->private_data = test;
	return 0;
}

static int test_release(struct inode *inode, struct file *file)
{
	struct test_engine *test = file->private_data;
	struct utrace_engine *engine = test->engine;

	if (!engine) {
		test_free(test);
		return 0;
	}
	/* @test goes with the last reference, after any callback's return. */
	utrace_control(test->task, engine, UTRACE_DETACH);
	utrace_engine_put(engine);
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

static int __init test_engine_init(void)
{
	struct dentry *dir = debugfs_create_dir("utrace", NULL);

	debugfs_create_file("engine", 0600, dir, NULL, &test_engine_fops);
	return 0;
}
late_initcall(test_engine_init);
