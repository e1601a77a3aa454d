// SPDX-License-Identifier: GPL-2.0
/*
 * An engine that answers a system call
 *
 * Tasks that it is attached to are told that init is their parent: getppid()
 * never happens, and no other task has to run to say what it returns. A tracer
 * that does the same with PTRACE_SYSEMU needs two context switches for each
 * system call, those included that it lets pass.
 *
 *	# cd /sys/kernel/debug/utrace-answer
 *	# sh -c "echo $$ > attach"	# this shell, and all that it starts
 *	# sh -c 'echo $PPID'
 *	1
 *	# cat calls
 *	answered 1
 *	passed 52
 *	# echo > detach			# everybody
 */

#include <linux/compat.h>
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/pid.h>
#include <linux/sched/task.h>
#include <linux/unistd.h>
#include <linux/utrace.h>

#include <asm/syscall.h>

static atomic_long_t answered;
static atomic_long_t passed;

/* Engines leave by themselves when this has changed since they came. */
static unsigned long generation;

static u32 answer_syscall_entry(u32 action, struct utrace_engine *engine,
				struct pt_regs *regs)
{
	if ((unsigned long)engine->data != READ_ONCE(generation))
		return UTRACE_SYSCALL_RUN | UTRACE_DETACH;

	/* Somebody before us has answered, and that is not ours to change. */
	if (utrace_syscall_action(action) == UTRACE_SYSCALL_ABORT)
		return UTRACE_SYSCALL_RUN | UTRACE_RESUME;

	/* In a 32-bit program, that is the number of another call. */
	if (syscall_get_nr(current, regs) != __NR_getppid ||
	    in_compat_syscall()) {
		atomic_long_inc(&passed);
		return UTRACE_SYSCALL_RUN | UTRACE_RESUME;
	}
	atomic_long_inc(&answered);
	syscall_set_return_value(current, regs, 0, 1);
	return UTRACE_SYSCALL_ABORT | UTRACE_RESUME;
}

/* The task keeps the engine; there is nothing to control it for. */
static int answer_begin(struct utrace_engine *engine)
{
	int err;

	if (IS_ERR(engine))
		return PTR_ERR(engine);
	err = utrace_set_events(engine, UTRACE_EVENT(SYSCALL_ENTRY) |
				UTRACE_EVENT(CLONE));
	utrace_engine_put(engine);
	return err;
}

static u32 answer_clone(u32 action, struct utrace_engine *engine,
			u64 clone_flags, struct task_struct *child)
{
	/* If there is no memory for it, the child goes without. */
	answer_begin(utrace_attach_child(engine, child, engine->data));
	return UTRACE_RESUME;
}

static const struct utrace_engine_ops answer_ops = {
	.report_syscall_entry	= answer_syscall_entry,
	.report_clone		= answer_clone,
};

/*
 * Refused where the writer may not trace the task, and for the writer itself. A task
 * that is written twice has two engines, of which the first one answers.
 */
static ssize_t attach_write(struct file *file, const char __user *buf,
			    size_t size, loff_t *ppos)
{
	struct task_struct *task;
	int pid, err;

	err = kstrtoint_from_user(buf, size, 10, &pid);
	if (err)
		return err;
	task = find_get_task_by_vpid(pid);
	if (!task)
		return -ESRCH;
	err = answer_begin(utrace_attach_checked(task, &answer_ops,
						 (void *)READ_ONCE(generation)));
	put_task_struct(task);
	return err ?: size;
}

static ssize_t detach_write(struct file *file, const char __user *buf,
			    size_t size, loff_t *ppos)
{
	WRITE_ONCE(generation, generation + 1);
	return size;
}

static ssize_t calls_read(struct file *file, char __user *buf, size_t size,
			  loff_t *ppos)
{
	char text[64];
	int len = scnprintf(text, sizeof(text), "answered %ld\npassed %ld\n",
			    atomic_long_read(&answered),
			    atomic_long_read(&passed));

	return simple_read_from_buffer(buf, size, ppos, text, len);
}

static const struct file_operations attach_fops = { .write = attach_write };
static const struct file_operations detach_fops = { .write = detach_write };
static const struct file_operations calls_fops = { .read = calls_read };

static int __init answer_init(void)
{
	struct dentry *dir = debugfs_create_dir("utrace-answer", NULL);

	debugfs_create_file("attach", 0200, dir, NULL, &attach_fops);
	debugfs_create_file("detach", 0200, dir, NULL, &detach_fops);
	debugfs_create_file("calls", 0400, dir, NULL, &calls_fops);
	return 0;
}
late_initcall(answer_init);
