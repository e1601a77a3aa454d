// SPDX-License-Identifier: GPL-2.0
/*
 * PTRACE_SYSEMU and more than one task: the children and threads that a tracee makes by
 * clone, fork and vfork, and two tracees side by side.
 */
#include "sysemu.h"

#ifdef SYSEMU_ARCH_SUPPORTED

static char child_stack[2][16384];

static struct shared *child_sh;

static void child_entry(void)
{
	child_sh->result[0] = mark(child_sh, 0);
	child_sh->result[1] = mark(child_sh, 1);
	child_sh->flag[0] = 1;
	for (;;)
		RAW_CALL(__NR_exit, 7);
}

static void clone_then_calls(struct shared *sh)
{
	void *stack = stack_into(child_stack[0], sizeof(child_stack[0]),
				 child_entry);

	child_sh = sh;
	sh->pid[0] = RAW_CLONE(sh->arg, stack);
	sh->result[2] = mark(sh, 2);
	sh->result[3] = mark(sh, 3);
	/* An exit would kill a thread that has not finished. */
	while (!sh->flag[1])
		;
	quit(0);
}

#define THREAD_FLAGS							\
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

/* A SIGCHLD of the child must not give stops of its own. */
static void block_sigchld(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/*
 * A clone under SYSEMU is possible only from a PTRACE_SYSCALL entry stop.
 * The child that is not traced must run as if there were no SYSEMU.
 */
FIXTURE(untraced_child)
{
	struct tracee t;
};

FIXTURE_VARIANT(untraced_child)
{
	enum attach_how how;
	int clone_flags;
};

FIXTURE_VARIANT_ADD(untraced_child, fork)
{
	.how = BY_TRACEME,
	.clone_flags = SIGCHLD,
};

FIXTURE_VARIANT_ADD(untraced_child, vfork)
{
	.how = BY_TRACEME,
	.clone_flags = SIGCHLD | CLONE_VM | CLONE_VFORK,
};

FIXTURE_VARIANT_ADD(untraced_child, thread)
{
	.how = BY_TRACEME,
	.clone_flags = THREAD_FLAGS,
};

FIXTURE_VARIANT_ADD(untraced_child, seized_fork)
{
	.how = BY_SEIZE,
	.clone_flags = SIGCHLD,
};

FIXTURE_SETUP(untraced_child)
{
	struct tracee *t = &self->t;

	/* The orphan comes here to be reaped. */
	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	block_sigchld();
	tracee_init(t);
	t->sh->arg = variant->clone_flags;
	ASSERT_STREQ(first_stop(variant->how),
		     tracee_start(t, variant->how, DEFAULT_OPTIONS,
				  clone_then_calls));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	ASSERT_EQ(__NR_clone, nr_of(t));
}

FIXTURE_TEARDOWN(untraced_child)
{
	tracee_end(&self->t);
}

/* The tracee is at the entry stop of its first call after the clone. */
static void check_untraced_child(struct __test_metadata *_metadata,
				 struct tracee *t, int clone_flags)
{
	int status;

	EXPECT_EQ(__NR_write, nr_of(t));
	while (!t->sh->flag[0])
		nap();
	EXPECT_STREQ("ab", happened(t));
	EXPECT_EQ(1, t->sh->result[0]);
	EXPECT_EQ(1, t->sh->result[1]);
	t->sh->flag[1] = 1;
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_EQ(SKIPPED, t->sh->result[2]);
	EXPECT_STREQ("abd", happened(t));
	if (!(clone_flags & CLONE_THREAD)) {
		ASSERT_EQ(t->sh->pid[0], waitpid(t->sh->pid[0], &status, 0));
		EXPECT_EQ(7 << 8, status);
	}
}

TEST_F(untraced_child, does_not_inherit_sysemu)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	check_untraced_child(_metadata, t, variant->clone_flags);
}

TEST_F(untraced_child, does_not_inherit_sysemu_singlestep)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_EQ(RETURN_STEP_IP, ip_of(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	check_untraced_child(_metadata, t, variant->clone_flags);
}

FIXTURE(traced_child)
{
	struct tracee t, c;
};

FIXTURE_VARIANT(traced_child)
{
	enum attach_how how;
	int clone_flags;
	unsigned long option;
	const char *event;
};

FIXTURE_VARIANT_ADD(traced_child, fork)
{
	.how = BY_TRACEME,
	.clone_flags = SIGCHLD,
	.option = PTRACE_O_TRACEFORK,
	.event = "event fork",
};

FIXTURE_VARIANT_ADD(traced_child, vfork)
{
	.how = BY_TRACEME,
	.clone_flags = SIGCHLD | CLONE_VM | CLONE_VFORK,
	.option = PTRACE_O_TRACEVFORK,
	.event = "event vfork",
};

FIXTURE_VARIANT_ADD(traced_child, thread)
{
	.how = BY_TRACEME,
	.clone_flags = THREAD_FLAGS,
	.option = PTRACE_O_TRACECLONE,
	.event = "event clone",
};

FIXTURE_VARIANT_ADD(traced_child, clone_without_signal)
{
	.how = BY_TRACEME,
	.clone_flags = 0,
	.option = PTRACE_O_TRACECLONE,
	.event = "event clone",
};

FIXTURE_VARIANT_ADD(traced_child, seized_fork)
{
	.how = BY_SEIZE,
	.clone_flags = SIGCHLD,
	.option = PTRACE_O_TRACEFORK,
	.event = "event fork",
};

FIXTURE_VARIANT_ADD(traced_child, seized_thread)
{
	.how = BY_SEIZE,
	.clone_flags = THREAD_FLAGS,
	.option = PTRACE_O_TRACECLONE,
	.event = "event clone",
};

FIXTURE_SETUP(traced_child)
{
	struct tracee *t = &self->t;

	block_sigchld();
	tracee_init(t);
	t->sh->arg = variant->clone_flags;
	ASSERT_STREQ(first_stop(variant->how),
		     tracee_start(t, variant->how,
				  DEFAULT_OPTIONS | variant->option,
				  clone_then_calls));
	self->c = *t;
	self->c.pid = 0;
}

FIXTURE_TEARDOWN(traced_child)
{
	if (self->c.pid && kill(self->c.pid, SIGKILL) == 0)
		waitpid(self->c.pid, NULL, __WALL | WNOHANG);
	tracee_end(&self->t);
}

/* Clone with @request in force; both stop. */
static void clone_under(struct __test_metadata *_metadata, struct tracee *t,
			struct tracee *c, enum attach_how how,
			const char *event, int request)
{
	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	ASSERT_EQ(__NR_clone, nr_of(t));
	ASSERT_STREQ(event, go(t, request));
	c->pid = eventmsg_of(t);
	ASSERT_STREQ(first_stop(how), next_stop(c));
}

TEST_F(traced_child, does_not_inherit_sysemu)
{
	struct tracee *t = &self->t, *c = &self->c;

	clone_under(_metadata, t, c, variant->how, variant->event,
		    PTRACE_SYSEMU);
	ASSERT_EQ(0, trace(PTRACE_SYSEMU, t->pid, 0, 0));
	ASSERT_STREQ("entry", go(c, PTRACE_SYSCALL));
	ASSERT_STREQ("exit", go(c, PTRACE_SYSCALL));
	EXPECT_STREQ("a", happened(t));
	ASSERT_STREQ("exited 7", go(c, PTRACE_CONT));
	c->pid = 0;
	EXPECT_STREQ("ab", happened(t));
	/* The parent is still being emulated. */
	ASSERT_STREQ("entry", next_stop(t));
	EXPECT_EQ(__NR_write, nr_of(t));
	t->sh->flag[1] = 1;
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("abd", happened(t));
}

TEST_F(traced_child, does_not_inherit_sysemu_singlestep)
{
	struct tracee *t = &self->t, *c = &self->c;

	clone_under(_metadata, t, c, variant->how, variant->event,
		    PTRACE_SYSEMU_SINGLESTEP);
	ASSERT_EQ(0, trace(PTRACE_SYSEMU_SINGLESTEP, t->pid, 0, 0));
	ASSERT_STREQ("exited 7", go(c, PTRACE_CONT));
	c->pid = 0;
	EXPECT_STREQ("ab", happened(t));
	ASSERT_STREQ("step", next_stop(t));
	EXPECT_EQ(RETURN_STEP_IP, ip_of(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	t->sh->flag[1] = 1;
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("abd", happened(t));
}

TEST_F(traced_child, detached_at_once_runs_its_calls)
{
	struct tracee *t = &self->t, *c = &self->c;

	clone_under(_metadata, t, c, variant->how, variant->event,
		    PTRACE_SYSEMU_SINGLESTEP);
	ASSERT_EQ(0, trace(PTRACE_DETACH, c->pid, 0, 0));
	c->pid = 0;
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	while (!t->sh->flag[0])
		nap();
	EXPECT_STREQ("ab", happened(t));
	t->sh->flag[1] = 1;
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("abd", happened(t));
}

TEST_F(traced_child, is_emulated_on_its_own)
{
	struct tracee *t = &self->t, *c = &self->c;

	clone_under(_metadata, t, c, variant->how, variant->event, PTRACE_CONT);
	ASSERT_EQ(0, trace(PTRACE_CONT, t->pid, 0, 0));
	/* The child's calls are skipped, the parent's happen. */
	ASSERT_STREQ("entry", go(c, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_write, nr_of(c));
	ASSERT_STREQ("entry", go(c, PTRACE_SYSEMU));
	ASSERT_STREQ("entry", go(c, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_exit, nr_of(c));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
	EXPECT_EQ(SKIPPED, t->sh->result[1]);
	ASSERT_STREQ("exited 7", go(c, PTRACE_CONT));
	c->pid = 0;
	t->sh->flag[1] = 1;
	ASSERT_STREQ("exited 0", next_stop(t));
	EXPECT_STREQ("cd", happened(t));
}

TEST_F(traced_child, skipped_clone_makes_no_child)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_EQ(__NR_clone, nr_of(t));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	EXPECT_EQ(SKIPPED, result_of(t));
	t->sh->flag[0] = 1;
	t->sh->flag[1] = 1;
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_EQ(SKIPPED, t->sh->pid[0]);
	EXPECT_STREQ("cd", happened(t));
	EXPECT_EQ(-1, waitpid(-1, NULL, __WALL));
	EXPECT_EQ(ECHILD, errno);
}

/* ---- More than one tracee ---- */

FIXTURE(two)
{
	struct tracee a, b;
};

FIXTURE_SETUP(two)
{
	tracee_init(&self->a);
	tracee_init(&self->b);
	ASSERT_STREQ("signal STOP", tracee_start(&self->a, BY_TRACEME,
						 DEFAULT_OPTIONS, four_calls));
	ASSERT_STREQ("event stop", tracee_start(&self->b, BY_SEIZE,
						DEFAULT_OPTIONS, four_calls));
}

FIXTURE_TEARDOWN(two)
{
	tracee_end(&self->a);
	tracee_end(&self->b);
}

TEST_F(two, tracees_are_emulated_independently)
{
	struct tracee *a = &self->a, *b = &self->b;

	ASSERT_STREQ("entry", go(a, PTRACE_SYSEMU));
	ASSERT_STREQ("entry", go(b, PTRACE_SYSCALL));
	ASSERT_STREQ("exit", go(b, PTRACE_SYSCALL));
	ASSERT_EQ(0, trace(PTRACE_SYSEMU, b->pid, 0, 0));
	ASSERT_EQ(0, trace(PTRACE_SYSCALL, a->pid, 0, 0));
	ASSERT_STREQ("entry", next_stop(b));
	ASSERT_STREQ("exit", next_stop(a));
	ASSERT_STREQ("exited 0", finish(a));
	ASSERT_STREQ("entry", go(b, PTRACE_SYSEMU));
	ASSERT_STREQ("exited 0", finish(b));
	EXPECT_STREQ("bcd", happened(a));
	EXPECT_STREQ("ad", happened(b));
}

#endif /* SYSEMU_ARCH_SUPPORTED */

TEST_HARNESS_MAIN
