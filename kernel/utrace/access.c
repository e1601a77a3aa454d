// SPDX-License-Identifier: GPL-2.0
/*
 * utrace core: who may attach an engine, and at which exec it is detached
 */

#include <linux/audit.h>
#include <linux/binfmts.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/ptrace.h>
#include <linux/sched/coredump.h>
#include <linux/sched/signal.h>
#include <linux/security.h>

#include "internal.h"

/**
 * utrace_attach_checked - attach an engine to a task that current may trace
 * @task: the task; the caller holds a reference
 * @ops: callbacks of the engine
 * @data: data of the engine
 *
 * As utrace_attach_task(), but asks ptrace_may_access() and with it the LSM as
 * PTRACE_ATTACH does, and refuses what that refuses. When the task executes a
 * set-id program, one that it may not read, or one that has capabilities which
 * whoever attached the engine lacks, the engine is detached without a report,
 * unless its attacher has CAP_SYS_PTRACE in the user namespace of that program.
 * An LSM is not asked again then whether the attacher may trace the task:
 * security_ptrace_access_check() judges current and not stored credentials.
 *
 * Context: may sleep. Takes the task's cred_guard_mutex.
 * Return: the engine, with a reference for the caller, or an error as
 * utrace_attach_task() gives it, or
 *
 * * -EPERM: current may not trace @task, or is in its thread group
 * * -ERESTARTNOINTR: a signal came first
 */
struct utrace_engine *utrace_attach_checked(struct task_struct *task,
					    const struct utrace_engine_ops *ops,
					    void *data)
{
	struct utrace_engine *engine;
	int err;

	audit_ptrace(task);

	if (same_thread_group(task, current))
		return ERR_PTR(-EPERM);
	/* To be asked again below, but nothing is left of what is refused here. */
	if (!ptrace_may_access(task, PTRACE_MODE_ATTACH_REALCREDS))
		return ERR_PTR(-EPERM);
	/* Allocates, so before the mutex is taken. */
	engine = utrace_create(task, ops, data);
	if (IS_ERR(engine))
		return engine;
	engine->cred = get_current_cred();

	/* Not in the middle of an exec, which checks its engines under this. */
	err = mutex_lock_interruptible(&task->signal->cred_guard_mutex);
	if (err) {
		utrace_discard(engine);
		return ERR_PTR(-ERESTARTNOINTR);
	}
	if (ptrace_may_access(task, PTRACE_MODE_ATTACH_REALCREDS)) {
		err = utrace_attach_created(engine);
	} else {
		utrace_discard(engine);
		err = -EPERM;
	}
	mutex_unlock(&task->signal->cred_guard_mutex);
	return err ? ERR_PTR(err) : engine;
}

/**
 * utrace_attach_child - attach an engine to a child, as to its parent
 * @engine: engine of current, whose report_clone() calls this
 * @child: the child
 * @data: data of the new engine, whose callbacks are those of @engine
 *
 * The new engine is detached at the same programs as @engine.
 *
 * Context: may sleep.
 * Return: the engine, with a reference for the caller, or an error as
 * utrace_attach_task() gives it.
 */
struct utrace_engine *utrace_attach_child(struct utrace_engine *engine,
					  struct task_struct *child,
					  void *data)
{
	struct utrace_engine *new = utrace_create(child, engine->ops, data);
	int err;

	if (IS_ERR(new))
		return new;
	new->cred = get_cred(engine->cred);
	err = utrace_attach_created(new);
	return err ? ERR_PTR(err) : new;
}

/*
 * May whoever attached @engine not trace the program that current executes?
 * @privileged: the program is set-id, or not readable.
 */
static bool is_barred(const struct utrace_engine *engine, bool privileged)
{
	const struct cred *cred = engine->cred;

	if (!cred || !engine->attached)
		return false;
	/* With fs.suid_dumpable, what gains capabilities may be dumpable. */
	if (!privileged && cap_issubset(current_cred()->cap_permitted,
					cred->cap_permitted))
		return false;
	return security_capable(cred, current->mm->user_ns, CAP_SYS_PTRACE,
				CAP_OPT_NOAUDIT);
}

static struct utrace_engine *find_barred_engine(struct utrace *utrace,
						bool privileged)
{
	struct utrace_engine *engine;

	lockdep_assert_held(&utrace->lock);

	list_for_each_entry(engine, &utrace->engines, entry) {
		if (is_barred(engine, privileged))
			return engine;
	}
	return NULL;
}

/* See utrace_check_exec(). Nothing of the new program has been reported yet. */
void __utrace_check_exec(struct linux_binprm *bprm)
{
	struct utrace *utrace = current->utrace;
	bool privileged = bprm->secureexec ||
			  bprm->interp_flags & BINPRM_FLAGS_ENFORCE_NONDUMP ||
			  get_dumpable(current->mm) != SUID_DUMP_USER;
	struct utrace_engine *engine;
	bool put;

	spin_lock_irq(&utrace->lock);
	while ((engine = find_barred_engine(utrace, privileged))) {
		put = utrace_detach(engine);
		spin_unlock_irq(&utrace->lock);
		if (put)
			utrace_engine_put(engine);
		spin_lock_irq(&utrace->lock);
	}
	spin_unlock_irq(&utrace->lock);
}
