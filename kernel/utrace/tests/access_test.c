// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the utrace core: who may attach, and who may stay
 */

#include <linux/binfmts.h>
#include <linux/cred.h>
#include <linux/mman.h>
#include <linux/sched/coredump.h>
#include <linux/sched/signal.h>

#include "helpers.h"

#define EXEC		UTRACE_EVENT(EXEC)

static u32 probe_exec(u32 action, struct utrace_engine *engine,
		      struct linux_binprm *bprm)
{
	return probe_hear(engine, action, 0, "exec");
}

static const struct utrace_engine_ops exec_ops = {
	SYSCALL_OPS,
	.report_exec = probe_exec,
};

/* Attach as number @nr, if current may. */
static int attach_checked(struct tracee *t, int nr, struct task_struct *task)
{
	struct probe *probe = &t->probe[nr];
	struct utrace_engine *engine;

	engine = utrace_attach_checked(task, &exec_ops, probe);
	if (IS_ERR(engine))
		return PTR_ERR(engine);
	probe->engine = engine;
	return set_events(probe, EXEC);
}

/* As attach_checked(), by somebody with this uid and without capabilities. */
static int attach_as(struct tracee *t, int nr, uid_t uid)
{
	struct cred *cred = prepare_creds();
	const struct cred *old;
	int ret;

	KUNIT_ASSERT_NOT_NULL(t->test, cred);
	cred->uid = KUIDT_INIT(uid);
	cap_clear(cred->cap_effective);
	old = override_creds(cred);
	ret = attach_checked(t, nr, t->task);
	revert_creds(old);
	put_cred(cred);
	return ret;
}

/* Give this thread an mm, which the tracees that it starts share. */
static void give_mm(struct kunit *test)
{
	KUNIT_ASSERT_NE(test, 0,
			kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ,
				      MAP_PRIVATE | MAP_ANONYMOUS, 0));
	set_dumpable(current->mm, SUID_DUMP_USER);
}

static void attach_to_other(struct tracee *t)
{
	t->ret = attach_checked(t, 0, t->priv);
}

static void own_group_is_refused(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	t->priv = t->task;
	tracee_do(t, attach_to_other);
	KUNIT_EXPECT_EQ(test, -EPERM, t->ret);
	EXPECT_LOG(t, "");
}

static void refused_as_without_check(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	t->priv = current;
	tracee_do(t, attach_to_other);
	KUNIT_EXPECT_EQ(test, -EPERM, t->ret);
	tracee_exit(t);
	KUNIT_EXPECT_EQ(test, -ESRCH, attach_checked(t, 0, t->task));
	EXPECT_LOG(t, "");
}

static void attached_as_for_ptrace(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = NULL;
	int usage;

	give_mm(test);
	t = tracee_start(test);
	/* While it sleeps, nobody else takes or drops a reference. */
	ASSERT_SOON(t, state_of(t) == 'D');
	usage = refcount_read(&t->task->usage);
	KUNIT_EXPECT_EQ(test, -EPERM, attach_as(t, 0, 1000));
	KUNIT_EXPECT_EQ(test, usage, refcount_read(&t->task->usage));
	KUNIT_EXPECT_FALSE(test, utrace_in_use(t->task));
	KUNIT_EXPECT_EQ(test, 0, attach_as(t, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, attach_checked(t, 1, t->task));
	EXPECT_LOG(t, "");
}

/*
 * An exec would hold it until it has looked who traces the task. Memory is
 * allocated before.
 */
static void attaching_waits_for_exec(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct tracee *other __free(tracee_end) = tracee_start(test);
	struct tracee *killed __free(tracee_end) = tracee_start(test);
	struct mutex *mutex = &t->task->signal->cred_guard_mutex;

	other->priv = t->task;
	killed->priv = t->task;
	mutex_lock(mutex);
	tracee_go(other, attach_to_other);
	tracee_go(killed, attach_to_other);
	ASSERT_SOON(t, state_of(other) == 'S' && state_of(killed) == 'S');
	send_sig(SIGKILL, killed->task, 1);
	tracee_await(killed);
	KUNIT_EXPECT_EQ(test, -ERESTARTNOINTR, killed->ret);
	KUNIT_EXPECT_EQ(test, 'S', state_of(other));
	KUNIT_EXPECT_TRUE(test, utrace_in_use(t->task));
	mutex_unlock(mutex);
	tracee_await(other);
	KUNIT_EXPECT_EQ(test, 0, other->ret);
	EXPECT_LOG(killed, "");
}

static void execute(struct tracee *t)
{
	utrace_check_exec(t->priv);
	utrace_report_exec(t->priv);
}

/*
 * The tracee has engines of three kinds: attached without a check, by somebody
 * with CAP_SYS_PTRACE, and by somebody without it. It executes a program.
 */
static void expect_exec(struct kunit *test, bool secure, int dumpable,
			const char *log)
{
	struct tracee *t __free(tracee_end) = NULL;
	struct linux_binprm bprm = { .secureexec = secure };

	give_mm(test);
	t = tracee_start(test);
	probe_attach(t, 0, &exec_ops, EXEC);
	KUNIT_EXPECT_EQ(test, 0, attach_checked(t, 1, t->task));
	KUNIT_EXPECT_EQ(test, 0, attach_as(t, 2, 0));
	KUNIT_EXPECT_EQ(test, 0, attach_as(t, 3, 0));
	probe_put(&t->probe[3]);

	set_dumpable(current->mm, dumpable);
	t->priv = &bprm;
	tracee_do(t, execute);
	EXPECT_LOG(t, log);
}

static void all_hear_of_a_plain_exec(struct kunit *test)
{
	expect_exec(test, false, SUID_DUMP_USER, "a:exec b:exec c:exec d:exec");
}

static void intruders_miss_a_set_id_exec(struct kunit *test)
{
	expect_exec(test, true, SUID_DUMP_USER, "d:release a:exec b:exec");
}

static void intruders_miss_an_unreadable_program(struct kunit *test)
{
	expect_exec(test, false, SUID_DUMP_DISABLE, "d:release a:exec b:exec");
}

static void child_is_as_its_parent(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = NULL;
	struct tracee *child __free(tracee_end) = NULL;
	struct linux_binprm bprm = { .secureexec = true };
	int i;

	give_mm(test);
	t = tracee_start(test);
	child = tracee_start(test);
	KUNIT_EXPECT_EQ(test, 0, attach_checked(t, 0, t->task));
	KUNIT_EXPECT_EQ(test, 0, attach_as(t, 1, 0));
	for (i = 0; i < 2; i++) {
		struct probe *probe = &child->probe[i];

		probe->engine = utrace_attach_child(t->probe[i].engine,
						    child->task, probe);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, probe->engine);
		KUNIT_EXPECT_EQ(test, 0, probe->engine->events);
		KUNIT_EXPECT_EQ(test, 0, set_events(probe, EXEC));
	}
	child->priv = &bprm;
	tracee_do(child, execute);
	EXPECT_LOG(child, "a:exec");
	EXPECT_LOG(t, "");
}

static struct kunit_case utrace_access_cases[] = {
	KUNIT_CASE(own_group_is_refused),
	KUNIT_CASE(refused_as_without_check),
	KUNIT_CASE(attached_as_for_ptrace),
	KUNIT_CASE(attaching_waits_for_exec),
	KUNIT_CASE(all_hear_of_a_plain_exec),
	KUNIT_CASE(intruders_miss_a_set_id_exec),
	KUNIT_CASE(intruders_miss_an_unreadable_program),
	KUNIT_CASE(child_is_as_its_parent),
	{}
};

static struct kunit_suite utrace_access_suite = {
	.name = "utrace_access",
	.test_cases = utrace_access_cases,
};

kunit_test_suite(utrace_access_suite);
