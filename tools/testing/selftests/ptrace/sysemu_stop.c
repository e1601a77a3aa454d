// SPDX-License-Identifier: GPL-2.0
/*
 * The entry stop of PTRACE_SYSEMU: what wait, siginfo, registers and
 * PTRACE_GET_SYSCALL_INFO tell of it, that there is one for each call, and that what a
 * tracer puts into registers there reaches the tracee.
 */
#include "sysemu.h"

#ifdef SYSEMU_ARCH_SUPPORTED

#include <linux/audit.h>

#include "sysemu_fixture.h"

TEST_F(sysemu, entry_stop_as_wait_and_siginfo_tell_it)
{
	struct tracee *t = &self->t;
	siginfo_t si;

	ASSERT_STREQ("entry", to_entry(t, variant->request));
	EXPECT_EQ((SIGTRAP | 0x80) << 8 | 0x7f, t->status);
	si = siginfo_of(t);
	EXPECT_EQ(SIGTRAP, si.si_signo);
	EXPECT_EQ(SIGTRAP | 0x80, si.si_code);
	EXPECT_EQ(0, si.si_errno);
	EXPECT_EQ(t->pid, si.si_pid);
	EXPECT_EQ(getuid(), si.si_uid);
	EXPECT_EQ(PTRACE_EVENTMSG_SYSCALL_ENTRY, eventmsg_of(t));
	/* The status is reported once. */
	EXPECT_STREQ("none", stop_pending(t));

	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	EXPECT_EQ((SIGTRAP | 0x80) << 8 | 0x7f, t->status);
	si = siginfo_of(t);
	EXPECT_EQ(SIGTRAP | 0x80, si.si_code);
	EXPECT_EQ(PTRACE_EVENTMSG_SYSCALL_EXIT, eventmsg_of(t));
}

TEST_F(sysemu, entry_stop_registers)
{
	struct tracee *t = &self->t;
	struct tracee_regs regs;

	ASSERT_STREQ("entry", to_entry(t, variant->request));
	regs = regs_of(t);
	EXPECT_EQ(SKIPPED, result_in(t, &regs));
	EXPECT_EQ(__NR_write, REG_NR(&regs));
	EXPECT_EQ(RETURN_IP, REG_IP(&regs));
	EXPECT_EQ(t->sh->mark_fd, REG_ARG0(&regs));
	EXPECT_EQ((unsigned long)mark_letters, REG_ARG1(&regs));
	EXPECT_EQ(1, REG_ARG2(&regs));
}

TEST_F(sysemu, get_syscall_info)
{
	struct tracee *t = &self->t;
	struct ptrace_syscall_info info = {};
	struct tracee_regs regs;
	long size;

	ASSERT_STREQ("entry", to_entry(t, variant->request));
	size = trace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(info),
		     (unsigned long)&info);
	EXPECT_EQ((long)offsetof(struct ptrace_syscall_info, entry.args) +
		  (long)sizeof(info.entry.args), size);
	regs = regs_of(t);
	EXPECT_EQ(PTRACE_SYSCALL_INFO_ENTRY, info.op);
	EXPECT_EQ(NATIVE_AUDIT_ARCH, info.arch);
	EXPECT_EQ(RETURN_IP, info.instruction_pointer);
	EXPECT_EQ((unsigned long)REG_SP(&regs), info.stack_pointer);
	EXPECT_EQ(__NR_write, info.entry.nr);
	EXPECT_EQ(t->sh->mark_fd, info.entry.args[0]);
	EXPECT_EQ((unsigned long)mark_letters, info.entry.args[1]);
	EXPECT_EQ(1, info.entry.args[2]);

	ASSERT_EQ(0, set_result(t, SKIPPED));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	size = trace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(info),
		     (unsigned long)&info);
	EXPECT_EQ((long)offsetof(struct ptrace_syscall_info, exit.is_error) +
		  (long)sizeof(info.exit.is_error), size);
	EXPECT_EQ(PTRACE_SYSCALL_INFO_EXIT, info.op);
	EXPECT_EQ(SKIPPED, info.exit.rval);
	EXPECT_EQ(1, info.exit.is_error);

	/* A step trap is no system-call stop. */
	if (!HAVE_STEP)
		return;
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	trace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(info),
	      (unsigned long)&info);
	EXPECT_EQ(PTRACE_SYSCALL_INFO_NONE, info.op);
}

TEST_F(sysemu, get_syscall_info_of_a_trap_in_place)
{
	struct tracee *t = &self->t;
	struct ptrace_syscall_info info = {};

	if (HAVE_STEP && !TRAP_IN_PLACE)
		SKIP(return, NO_TRAP_IN_PLACE);
	ASSERT_STREQ("entry", to_entry(t, variant->request));
	ASSERT_STREQ("syscall step", go(t, PTRACE_SINGLESTEP));
	trace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(info),
	      (unsigned long)&info);
	EXPECT_EQ(PTRACE_SYSCALL_INFO_NONE, info.op);
	EXPECT_EQ(RETURN_IP, info.instruction_pointer);
}

TEST_F(sysemu, without_tracesysgood)
{
	struct tracee *t = &self->t;
	struct ptrace_syscall_info info = {};

	ASSERT_EQ(0, trace(PTRACE_SETOPTIONS, t->pid, 0, PTRACE_O_EXITKILL));
	ASSERT_STREQ("plain entry", to_entry(t, variant->request));
	EXPECT_EQ(SIGTRAP << 8 | 0x7f, t->status);
	EXPECT_EQ(SIGTRAP, siginfo_of(t).si_code);
	EXPECT_EQ(PTRACE_EVENTMSG_SYSCALL_ENTRY, eventmsg_of(t));
	EXPECT_EQ((long)offsetof(struct ptrace_syscall_info, entry),
		  trace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(info),
			(unsigned long)&info));
	EXPECT_EQ(PTRACE_SYSCALL_INFO_NONE, info.op);
	EXPECT_EQ(RETURN_IP, info.instruction_pointer);
	ASSERT_STREQ("plain exit", go(t, PTRACE_SYSCALL));
	EXPECT_EQ(PTRACE_EVENTMSG_SYSCALL_EXIT, eventmsg_of(t));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("bcd", happened(t));
}

TEST_F(sysemu, sigchld_as_the_tracer_gets_it)
{
	const struct timespec limit = { .tv_sec = 25 };
	struct tracee *t = &self->t;
	siginfo_t si = {};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	ASSERT_STREQ("entry", to_entry(t, variant->request));
	/* Those of the steps, if any, have merged into one. */
	ASSERT_EQ(SIGCHLD, sigtimedwait(&set, &si, &limit));

	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	memset(&si, 0xa5, sizeof(si));
	ASSERT_EQ(SIGCHLD, sigtimedwait(&set, &si, &limit));
	EXPECT_EQ(SIGCHLD, si.si_signo);
	EXPECT_EQ(CLD_TRAPPED, si.si_code);
	EXPECT_EQ(SIGTRAP, si.si_status);
	EXPECT_EQ(t->pid, si.si_pid);
	EXPECT_EQ(getuid(), si.si_uid);
}

TEST_F(sysemu, waitid_tells_the_same)
{
	struct tracee *t = &self->t;
	siginfo_t si = {};

	ASSERT_STREQ("entry", to_entry(t, variant->request));
	/* Nothing of the steps is left. */
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_EQ(0, trace(PTRACE_SYSEMU, t->pid, 0, 0));
	ASSERT_EQ(0, waitid(P_PID, t->pid, &si, WSTOPPED | WNOWAIT | __WALL));
	EXPECT_EQ(CLD_TRAPPED, si.si_code);
	EXPECT_EQ(SIGTRAP | 0x80, si.si_status);
	EXPECT_EQ(t->pid, si.si_pid);
	ASSERT_STREQ("entry", next_stop(t));
}

/* ---- Tracees with a program of their own ---- */

FIXTURE(tracee)
{
	struct tracee t;
};

FIXTURE_SETUP(tracee)
{
	tracee_init(&self->t);
}

FIXTURE_TEARDOWN(tracee)
{
	tracee_end(&self->t);
}

#define MANY	100

static void many_calls(struct shared *sh)
{
	int i;

	for (i = 0; i < MANY; i++) {
		RAW_CALL(__NR_getppid);
		sh->flag[0] = i + 1;
	}
	quit(0);
}

TEST_F(tracee, one_stop_per_call)
{
	struct tracee *t = &self->t;
	int i;

	START(many_calls);
	for (i = 0; i < MANY; i++) {
		ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
		ASSERT_EQ(__NR_getppid, nr_of(t));
		ASSERT_EQ(i, t->sh->flag[0]);
	}
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_exit_group, nr_of(t));
	EXPECT_EQ(MANY, t->sh->flag[0]);
}

static struct shared *elsewhere_sh;

static void elsewhere(void)
{
	mark(elsewhere_sh, 25);
	quit(3);
}

static void four_calls_or_elsewhere(struct shared *sh)
{
	elsewhere_sh = sh;
	four_calls(sh);
}

TEST_F(tracee, instruction_pointer_put_at_entry_is_where_it_goes_on)
{
	struct tracee *t = &self->t;
	struct tracee_regs regs;

	START(four_calls_or_elsewhere);
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	regs = regs_of(t);
	put_ip(&regs, (unsigned long)elsewhere);
	REG_SP(&regs) += RAW_SYSCALL_POPS * sizeof(long);
	ASSERT_EQ(0, set_regs(t, &regs));
	ASSERT_STREQ("exited 3", go(t, PTRACE_CONT));
	EXPECT_STREQ("z", happened(t));
}

TEST_F(tracee, argument_registers_put_at_entry_reach_the_tracee)
{
	struct tracee *t = &self->t;
	struct tracee_regs regs;

	START(four_calls);
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	regs = regs_of(t);
	REG_RESULT(&regs) = 0x1111;
#ifdef SYSEMU_X86
	REG_ARG0(&regs) = 0x2222;
#endif
	REG_ARG1(&regs) = 0x3333;
	REG_ARG2(&regs) = 0x4444;
	ASSERT_EQ(0, set_regs(t, &regs));
	/* The nop changes nothing, so these are the tracee's own. */
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	regs = regs_of(t);
	EXPECT_EQ(0x1111, REG_RESULT(&regs));
	EXPECT_EQ(0x3333, REG_ARG1(&regs));
	EXPECT_EQ(0x4444, REG_ARG2(&regs));
#ifdef SYSEMU_X86
	EXPECT_EQ(0x2222, REG_ARG0(&regs));
	EXPECT_EQ(-1, (long)REG_NR(&regs));
#endif
}

#endif /* SYSEMU_ARCH_SUPPORTED */

TEST_HARNESS_MAIN
