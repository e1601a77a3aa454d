// SPDX-License-Identifier: GPL-2.0
/*
 * PTRACE_SYSEMU and what else looks at a system call's entry: Syscall User
 * Dispatch comes before, seccomp after.  A skipped call reaches no seccomp
 * filter, which is what makes a kill filter and emulation go together.
 */
#include "sysemu.h"

#ifdef SYSEMU_ARCH_SUPPORTED

#include <linux/filter.h>
#include <linux/seccomp.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH	59
#define PR_SYS_DISPATCH_OFF		0
#define PR_SYS_DISPATCH_ON		1
#endif

#ifndef SYS_USER_DISPATCH
#define SYS_USER_DISPATCH		2
#endif

/* getppid() is what the filter is about; everything else is allowed. */
#define STRICT_MODE	1U	/* no filter, but SECCOMP_MODE_STRICT */

static void install_filter(struct shared *sh, unsigned int action)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {
		.len = ARRAY_SIZE(filter),
		.filter = filter,
	};

	RAW_CALL(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1);
	if (action == STRICT_MODE)
		sh->result[10] = RAW_CALL(__NR_prctl, PR_SET_SECCOMP,
					  SECCOMP_MODE_STRICT);
	else
		sh->result[10] = RAW_CALL(__NR_prctl, PR_SET_SECCOMP,
					  SECCOMP_MODE_FILTER, &prog);
}

static void pause_for_tracer(struct shared *sh)
{
	sh->flag[0] = 1;
	while (!sh->flag[1])
		;
}

static void filtered_calls(struct shared *sh)
{
	install_filter(sh, sh->arg);
	pause_for_tracer(sh);
	sh->result[0] = RAW_CALL(__NR_getppid);
	sh->result[1] = mark(sh, 0);
	sh->result[2] = RAW_CALL(__NR_getppid);
	/* The strict mode does not know exit_group. */
	for (;;)
		RAW_CALL(__NR_exit, 0);
}

/* Run to where the tracee is prepared, and stop it there. */
static const char *prepare(struct tracee *t)
{
	trace(PTRACE_CONT, t->pid, 0, 0);
	while (!t->sh->flag[0])
		nap();
	kill(t->pid, SIGSTOP);
	next_stop(t);
	t->sh->flag[1] = 1;
	return t->stop;
}

FIXTURE(seccomp)
{
	struct tracee t;
};

FIXTURE_VARIANT(seccomp)
{
	unsigned int action;
	const char *reached;	/* NULL: the call fails with EPERM */
};

FIXTURE_VARIANT_ADD(seccomp, kill_process)
{
	.action = SECCOMP_RET_KILL_PROCESS,
	.reached = "killed SYS",
};

FIXTURE_VARIANT_ADD(seccomp, kill_thread)
{
	.action = SECCOMP_RET_KILL_THREAD,
	.reached = "killed SYS",
};

FIXTURE_VARIANT_ADD(seccomp, strict)
{
	.action = STRICT_MODE,
	.reached = "killed KILL",
};

FIXTURE_VARIANT_ADD(seccomp, trap)
{
	.action = SECCOMP_RET_TRAP,
	.reached = "signal SYS",
};

FIXTURE_VARIANT_ADD(seccomp, trace)
{
	.action = SECCOMP_RET_TRACE | 77,
	.reached = "event seccomp",
};

FIXTURE_VARIANT_ADD(seccomp, errno)
{
	.action = SECCOMP_RET_ERRNO | EPERM,
	.reached = NULL,
};

FIXTURE_SETUP(seccomp)
{
	struct tracee *t = &self->t;

	tracee_init(t);
	t->sh->arg = variant->action;
	ASSERT_STREQ("signal STOP",
		     tracee_start(t, BY_TRACEME,
				  DEFAULT_OPTIONS | PTRACE_O_TRACESECCOMP,
				  filtered_calls));
	ASSERT_STREQ("signal STOP", prepare(t));
	if (t->sh->result[10] == -EINVAL)
		SKIP(return, "no seccomp filters in this kernel");
	ASSERT_EQ(0, t->sh->result[10]);
}

FIXTURE_TEARDOWN(seccomp)
{
	tracee_end(&self->t);
}

/* The control: what the filter does when it is reached. */
TEST_F(seccomp, is_reached_by_a_call_that_happens)
{
	struct tracee *t = &self->t;

	go(t, PTRACE_CONT);
	if (variant->reached) {
		EXPECT_STREQ(variant->reached, t->stop);
		EXPECT_STREQ("", happened(t));
	} else {
		EXPECT_STREQ("exited 0", t->stop);
		EXPECT_EQ(-EPERM, t->sh->result[0]);
	}
}

TEST_F(seccomp, is_not_reached_under_sysemu)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_getppid, nr_of(t));
	EXPECT_EQ(SKIPPED, result_of(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_write, nr_of(t));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
	/* The last of the skipped calls is the filtered one, then CONT. */
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_getppid, nr_of(t));
	ASSERT_STREQ("exited 0", go(t, PTRACE_CONT));
	EXPECT_EQ(SKIPPED, t->sh->result[2]);
	EXPECT_STREQ("", happened(t));
}

TEST_F(seccomp, is_not_reached_under_sysemu_singlestep)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", to_entry(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_EQ(__NR_getppid, nr_of(t));
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_EQ(RETURN_STEP_IP, ip_of(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_write, nr_of(t));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
}

/* It stays away however the entry stop ends. */
TEST_F(seccomp, is_not_reached_with_other_requests_after_the_stop)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	EXPECT_EQ(SKIPPED, result_of(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	EXPECT_EQ(__NR_write, nr_of(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_getppid, nr_of(t));
	EXPECT_STREQ("a", happened(t));
	if (HAVE_STEP) {
		/* By its code, such a trap cannot be told everywhere. */
		ASSERT_STREQ(TRAP_IN_PLACE ? "syscall step" : "step",
			     go(t, PTRACE_SINGLESTEP));
		EXPECT_EQ(SECCOMP_TRAP_IN_PLACE ? RETURN_IP : RETURN_STEP_IP,
			  ip_of(t));
		EXPECT_EQ(SKIPPED, result_of(t));
	}
	ASSERT_STREQ("exited 0", go(t, PTRACE_CONT));
}

TEST_F(seccomp, is_not_reached_by_a_changed_number)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_EQ(__NR_write, nr_of(t));
	ASSERT_EQ(0, set_nr(t, __NR_getppid));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(NR_IS_RESULT ? __NR_getppid : SKIPPED, t->sh->result[1]);
	ASSERT_STREQ("exited 0", go(t, PTRACE_CONT));
}

TEST_F(seccomp, is_not_reached_after_detach)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_EQ(__NR_getppid, nr_of(t));
	ASSERT_EQ(0, trace(PTRACE_DETACH, t->pid, 0, 0));
	ASSERT_STREQ("exited 0", next_stop(t));
	EXPECT_EQ(SKIPPED, t->sh->result[2]);
}

/* A call that is let through by PTRACE_SYSCALL, then SYSEMU, is filtered. */
TEST_F(seccomp, is_reached_after_syscall_entry_then_sysemu)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	EXPECT_EQ(__NR_getppid, nr_of(t));
	go(t, PTRACE_SYSEMU);
	if (variant->reached) {
		EXPECT_STREQ(variant->reached, t->stop);
		return;
	}
	ASSERT_STREQ("entry", t->stop);
	EXPECT_EQ(__NR_write, nr_of(t));
	EXPECT_EQ(-EPERM, t->sh->result[0]);
}

FIXTURE(seccomp_trace)
{
	struct tracee t;
};

FIXTURE_SETUP(seccomp_trace)
{
	struct tracee *t = &self->t;

	tracee_init(t);
	t->sh->arg = SECCOMP_RET_TRACE | 77;
	ASSERT_STREQ("signal STOP",
		     tracee_start(t, BY_TRACEME,
				  DEFAULT_OPTIONS | PTRACE_O_TRACESECCOMP,
				  filtered_calls));
	ASSERT_STREQ("signal STOP", prepare(t));
	if (t->sh->result[10] == -EINVAL)
		SKIP(return, "no seccomp filters in this kernel");
	ASSERT_EQ(0, t->sh->result[10]);
	ASSERT_STREQ("event seccomp", go(t, PTRACE_CONT));
	EXPECT_EQ(77, eventmsg_of(t));
}

FIXTURE_TEARDOWN(seccomp_trace)
{
	tracee_end(&self->t);
}

/* The entry was passed before the seccomp stop: too late to skip. */
TEST_F(seccomp_trace, stop_then_sysemu_lets_the_call_happen)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_write, nr_of(t));
	EXPECT_EQ(getpid(), t->sh->result[0]);
}

TEST_F(seccomp_trace, stop_then_sysemu_singlestep_lets_the_call_happen)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_EQ(RETURN_STEP_IP, ip_of(t));
	EXPECT_EQ(getpid(), result_of(t));
}

TEST_F(seccomp_trace, number_minus_one_there_skips)
{
	struct tracee *t = &self->t;

	/* Where the number is the result, it is that of no call. */
	long result = NR_IS_RESULT ? -1 : 4711;

	ASSERT_EQ(0, set_nr(t, -1));
	ASSERT_EQ(0, set_result(t, result));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(NR_IS_RESULT ? SKIPPED : result, t->sh->result[0]);
}

/* ---- Syscall User Dispatch ---- */

static void dispatched_calls(struct shared *sh)
{
	/* One byte, in memory that the tracer sees too. */
	atomic_char *selector = (atomic_char *)&sh->flag[7];

	*selector = SYSCALL_DISPATCH_FILTER_ALLOW;
	sh->result[10] = RAW_CALL(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH,
				  PR_SYS_DISPATCH_ON, 0, 0, selector);
	pause_for_tracer(sh);
	*selector = SYSCALL_DISPATCH_FILTER_BLOCK;
	sh->result[0] = mark(sh, 0);
	*selector = SYSCALL_DISPATCH_FILTER_ALLOW;
	sh->result[1] = mark(sh, 1);
	sh->result[2] = mark(sh, 2);
	quit(0);
}

FIXTURE(dispatch)
{
	struct tracee t;
};

FIXTURE_SETUP(dispatch)
{
	struct tracee *t = &self->t;

	tracee_init(t);
	START(dispatched_calls);
	ASSERT_STREQ("signal STOP", prepare(t));
	if (t->sh->result[10] == -EINVAL)
		SKIP(return, "no Syscall User Dispatch in this kernel");
	ASSERT_EQ(0, t->sh->result[10]);
}

FIXTURE_TEARDOWN(dispatch)
{
	tracee_end(&self->t);
}

/*
 * The call is rolled back: what it has begun with is in the register for the
 * result. That is the number on x86, else the first argument.
 */
static long rolled_back(struct tracee *t)
{
#ifdef SYSEMU_X86
	(void)t;
	return __NR_write;
#elif defined(__s390x__)
	/* Overwritten as after any call that is skipped. */
	(void)t;
	return SKIPPED;
#else
	return t->sh->mark_fd;
#endif
}

static void check_dispatched(struct __test_metadata *_metadata,
			     struct tracee *t)
{
	siginfo_t si;

	ASSERT_STREQ("signal SYS", t->stop);
	si = siginfo_of(t);
	EXPECT_EQ(SYS_USER_DISPATCH, si.si_code);
	EXPECT_EQ(__NR_write, si.si_syscall);
	EXPECT_EQ(rolled_back(t), result_of(t));
	EXPECT_EQ(RETURN_IP, ip_of(t));
}

TEST_F(dispatch, dispatched_call_gives_no_sysemu_stop)
{
	struct tracee *t = &self->t;

	go(t, PTRACE_SYSEMU);
	check_dispatched(_metadata, t);
	/* An allowed one does. */
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(rolled_back(t), t->sh->result[0]);
	EXPECT_EQ(__NR_write, nr_of(t));
	EXPECT_EQ(SKIPPED, result_of(t));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_EQ(SKIPPED, t->sh->result[1]);
	EXPECT_STREQ("c", happened(t));
}

TEST_F(dispatch, dispatched_call_gives_no_syscall_stop)
{
	struct tracee *t = &self->t;

	go(t, PTRACE_SYSCALL);
	check_dispatched(_metadata, t);
	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_STREQ("b", happened(t));
}

TEST_F(dispatch, dispatched_call_under_sysemu_singlestep)
{
	struct tracee *t = &self->t;

	to_entry(t, PTRACE_SYSEMU_SINGLESTEP);
	check_dispatched(_metadata, t);
	if (STEPPED_CALL_TRAPS) {
		ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
		EXPECT_EQ(RETURN_IP, ip_of(t));
	}
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_EQ(RETURN_STEP_IP, ip_of(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_STREQ("", happened(t));
}

#endif /* SYSEMU_ARCH_SUPPORTED */

TEST_HARNESS_MAIN
