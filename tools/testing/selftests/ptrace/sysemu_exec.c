// SPDX-License-Identifier: GPL-2.0
/*
 * PTRACE_SYSEMU and exec, by the only thread and by another one than the leader.
 */
#include "sysemu.h"

#ifdef SYSEMU_ARCH_SUPPORTED

/* What the exec tests execute: this program, with this one argument. */
#define EXEC_HELPER	"exec-helper"
#define EXEC_STATUS	23

static unsigned long exec_args[3];

static void exec_self(struct shared *sh)
{
	static const char path[] = "/proc/self/exe";
	static const char name[] = "sysemu_exec", arg[] = EXEC_HELPER;

	exec_args[0] = (unsigned long)name;
	exec_args[1] = (unsigned long)arg;
	exec_args[2] = 0;
	sh->result[20] = RAW_CALL(__NR_execve, path, exec_args, &exec_args[2]);
}

FIXTURE(exec)
{
	struct tracee t;
};

FIXTURE_VARIANT(exec)
{
	enum attach_how how;
	unsigned long option;
	const char *stop;		/* after the exec, NULL if there is none */
};

FIXTURE_VARIANT_ADD(exec, sigtrap)
{
	.how = BY_TRACEME,
	.stop = "signal TRAP",
};

FIXTURE_VARIANT_ADD(exec, event)
{
	.how = BY_TRACEME,
	.option = PTRACE_O_TRACEEXEC,
	.stop = "event exec",
};

FIXTURE_VARIANT_ADD(exec, seized_silent)
{
	.how = BY_SEIZE,
};

FIXTURE_VARIANT_ADD(exec, seized_event)
{
	.how = BY_SEIZE,
	.option = PTRACE_O_TRACEEXEC,
	.stop = "event exec",
};

static void exec_body(struct shared *sh)
{
	exec_self(sh);
	sh->result[0] = mark(sh, 0);
	quit(5);
}

FIXTURE_SETUP(exec)
{
	tracee_init(&self->t);
	ASSERT_STREQ(first_stop(variant->how),
		     tracee_start(&self->t, variant->how,
				  DEFAULT_OPTIONS | variant->option,
				  exec_body));
}

FIXTURE_TEARDOWN(exec)
{
	tracee_end(&self->t);
}

TEST_F(exec, skipped_exec_does_not_happen)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_EQ(__NR_execve, nr_of(t));
	ASSERT_STREQ("exited 5", finish(t));
	EXPECT_EQ(SKIPPED, t->sh->result[20]);
	EXPECT_STREQ("a", happened(t));
}

TEST_F(exec, emulation_goes_on_after_exec)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	ASSERT_EQ(__NR_execve, nr_of(t));
	go(t, PTRACE_SYSEMU);
	if (variant->stop) {
		ASSERT_STREQ(variant->stop, t->stop);
		go(t, PTRACE_SYSEMU);
	}
	/* No exit stop of execve; the new program's first call is skipped. */
	ASSERT_STREQ("entry", t->stop);
	EXPECT_NE(__NR_execve, nr_of(t));
	EXPECT_EQ(SKIPPED, result_of(t));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	EXPECT_EQ(SKIPPED, result_of(t));
}

TEST_F(exec, program_runs_when_emulation_ends_at_exec)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	if (variant->stop)
		ASSERT_STREQ(variant->stop, go(t, PTRACE_SYSEMU));
	ASSERT_STREQ("exited 23", go(t, PTRACE_CONT));
}

TEST_F(exec, sysemu_singlestep_over_exec)
{
	struct tracee *t = &self->t;
	unsigned long ip;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	go(t, PTRACE_SYSEMU_SINGLESTEP);
	if (!variant->stop) {
		/* Only where it starts with the trap flag. */
		if (STEP_INTO_EXEC) {
			ASSERT_STREQ("step", t->stop);
			go(t, PTRACE_SYSEMU);
		}
		ASSERT_STREQ("entry", t->stop);
		EXPECT_EQ(SKIPPED, result_of(t));
		return;
	}
	ASSERT_STREQ(variant->stop, t->stop);
	ip = ip_of(t);
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_NE(ip, ip_of(t));
	ASSERT_STREQ("exited 23", finish(t));
}

TEST_F(exec, syscall_exit_stop_after_exec_then_sysemu)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	if (!strcmp("event exec", go(t, PTRACE_SYSCALL)))
		go(t, PTRACE_SYSCALL);
	ASSERT_STREQ("exit", t->stop);
	EXPECT_EQ(0, result_of(t));
	/* A SIGTRAP in place of the event comes after the exit. */
	if (!strcmp("signal TRAP", go(t, PTRACE_SYSEMU)))
		go(t, PTRACE_SYSEMU);
	ASSERT_STREQ("entry", t->stop);
	EXPECT_EQ(SKIPPED, result_of(t));
}

/* ---- exec by a thread, with the leader at a stop ---- */

static char child_stack[2][16384];

static struct shared *child_sh;

#define THREAD_FLAGS							\
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

static void exec_thread(void)
{
	exec_self(child_sh);
	for (;;)
		RAW_CALL(__NR_exit, 8);
}

static void leader_of_exec_thread(struct shared *sh)
{
	void *stack = stack_into(child_stack[0], sizeof(child_stack[0]),
				 exec_thread);

	child_sh = sh;
	RAW_CLONE(THREAD_FLAGS, stack);
	four_calls(sh);
}

FIXTURE(thread_exec)
{
	struct tracee t, c;
};

FIXTURE_VARIANT(thread_exec)
{
	unsigned long option;
};

FIXTURE_VARIANT_ADD(thread_exec, silent)
{
	.option = 0,
};

FIXTURE_VARIANT_ADD(thread_exec, event)
{
	.option = PTRACE_O_TRACEEXEC,
};

/* The leader is at a SYSEMU entry stop, the thread at the entry of execve. */
FIXTURE_SETUP(thread_exec)
{
	struct tracee *t = &self->t, *c = &self->c;

	tracee_init(t);
	ASSERT_STREQ("event stop",
		     tracee_start(t, BY_SEIZE,
				  DEFAULT_OPTIONS | PTRACE_O_TRACECLONE |
				  variant->option, leader_of_exec_thread));
	ASSERT_STREQ("event clone", go(t, PTRACE_CONT));
	*c = *t;
	c->pid = eventmsg_of(t);
	ASSERT_STREQ("event stop", next_stop(c));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_EQ(__NR_write, nr_of(t));
	ASSERT_STREQ("entry", go(c, PTRACE_SYSCALL));
	ASSERT_EQ(__NR_execve, nr_of(c));
}

FIXTURE_TEARDOWN(thread_exec)
{
	tracee_end(&self->t);
}

/* The program takes the leader's pid, and the request of the thread. */
TEST_F(thread_exec, thread_not_emulated)
{
	struct tracee *t = &self->t, *c = &self->c;

	ASSERT_EQ(0, trace(PTRACE_CONT, c->pid, 0, 0));
	next_stop(t);
	if (variant->option) {
		ASSERT_STREQ("event exec", t->stop);
		EXPECT_EQ((unsigned long)c->pid, eventmsg_of(t));
		go(t, PTRACE_CONT);
	}
	ASSERT_STREQ("exited 23", t->stop);
	EXPECT_STREQ("", happened(t));
}

TEST_F(thread_exec, thread_emulated)
{
	struct tracee *t = &self->t, *c = &self->c;

	ASSERT_EQ(0, trace(PTRACE_SYSEMU, c->pid, 0, 0));
	next_stop(t);
	if (variant->option) {
		ASSERT_STREQ("event exec", t->stop);
		go(t, PTRACE_SYSEMU);
	}
	ASSERT_STREQ("entry", t->stop);
	EXPECT_EQ(SKIPPED, result_of(t));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	EXPECT_EQ(SKIPPED, result_of(t));
	EXPECT_STREQ("", happened(t));
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], EXEC_HELPER))
		return EXEC_STATUS;
	return test_harness_run(argc, argv);
}

#else /* !SYSEMU_ARCH_SUPPORTED */

TEST_HARNESS_MAIN

#endif
