// SPDX-License-Identifier: GPL-2.0
/*
 * PTRACE_SYSEMU and PTRACE_SYSEMU_SINGLESTEP: stops, steps and registers, as
 * a tracer and its tracee see them.
 */
#include "sysemu.h"

#ifdef SYSEMU_ARCH_SUPPORTED

#include <linux/audit.h>

/* ---- The central promises, for each way of becoming a tracer ---- */

FIXTURE(sysemu)
{
	struct tracee t;
};

FIXTURE_VARIANT(sysemu)
{
	enum attach_how how;
	int request;		/* what leads to the first entry stop */
};

FIXTURE_VARIANT_ADD(sysemu, traceme)
{
	.how = BY_TRACEME,
	.request = PTRACE_SYSEMU,
};

FIXTURE_VARIANT_ADD(sysemu, attach)
{
	.how = BY_ATTACH,
	.request = PTRACE_SYSEMU,
};

FIXTURE_VARIANT_ADD(sysemu, seize)
{
	.how = BY_SEIZE,
	.request = PTRACE_SYSEMU,
};

FIXTURE_VARIANT_ADD(sysemu, traceme_stepping)
{
	.how = BY_TRACEME,
	.request = PTRACE_SYSEMU_SINGLESTEP,
};

FIXTURE_VARIANT_ADD(sysemu, seize_stepping)
{
	.how = BY_SEIZE,
	.request = PTRACE_SYSEMU_SINGLESTEP,
};

FIXTURE_SETUP(sysemu)
{
	tracee_init(&self->t);
	ASSERT_STREQ(first_stop(variant->how),
		     tracee_start(&self->t, variant->how, DEFAULT_OPTIONS,
				  four_calls));
}

FIXTURE_TEARDOWN(sysemu)
{
	tracee_end(&self->t);
}

/* The control: without SYSEMU the calls happen, each with two stops. */
TEST_F(sysemu, syscall_is_not_sysemu)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("abcd", happened(t));
	EXPECT_EQ(1, t->sh->result[0]);
}

TEST_F(sysemu, entry_then_cont_skips)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", to_entry(t, variant->request));
	ASSERT_STREQ("exited 0", go(t, PTRACE_CONT));
	EXPECT_STREQ("bcd", happened(t));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
	EXPECT_EQ(1, t->sh->result[1]);
}

TEST_F(sysemu, entry_then_syscall_gives_exit_stop)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", to_entry(t, variant->request));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	EXPECT_EQ(SKIPPED, result_of(t));
	EXPECT_EQ(__NR_write, nr_of(t));
	EXPECT_EQ(RETURN_IP, ip_of(t));
	EXPECT_STREQ("", happened(t));
	/* PTRACE_SYSCALL is in force now. */
	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	EXPECT_STREQ("b", happened(t));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("bcd", happened(t));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
}

TEST_F(sysemu, exit_stop_shows_what_the_tracer_put)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", to_entry(t, variant->request));
	ASSERT_EQ(0, set_result(t, 4711));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	EXPECT_EQ(4711, result_of(t));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("bcd", happened(t));
	EXPECT_EQ(4711, t->sh->result[0]);
}

TEST_F(sysemu, exit_stop_can_change_the_result_again)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", to_entry(t, variant->request));
	ASSERT_EQ(0, set_result(t, 1));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	ASSERT_EQ(0, set_result(t, 2));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_EQ(2, t->sh->result[0]);
	EXPECT_STREQ("cd", happened(t));
}

#define NO_TRAP_IN_PLACE	"one instruction is executed there"

TEST_F(sysemu, entry_then_singlestep_traps_in_place)
{
	struct tracee *t = &self->t;
	siginfo_t si;

	if (HAVE_STEP && !TRAP_IN_PLACE)
		SKIP(return, NO_TRAP_IN_PLACE);
	ASSERT_STREQ("entry", to_entry(t, variant->request));
	EXPECT_EQ(RETURN_IP, ip_of(t));
	/* Before the exit, so no instruction is executed. */
	ASSERT_STREQ("syscall step", go(t, PTRACE_SINGLESTEP));
	EXPECT_EQ(RETURN_IP, ip_of(t));
	EXPECT_EQ(SKIPPED, result_of(t));
	EXPECT_EQ(SIGTRAP << 8 | 0x7f, t->status);
	si = siginfo_of(t);
	EXPECT_EQ(SIGTRAP, si.si_signo);
	EXPECT_EQ(SYSCALL_STEP_CODE, si.si_code);
	EXPECT_EQ(0, si.si_errno);
#ifdef SYSEMU_X86
	EXPECT_EQ(RETURN_IP, (unsigned long)si.si_addr);
#endif
	ASSERT_STREQ("step", go(t, PTRACE_SINGLESTEP));
	if (SECOND_TRAP && variant->request == PTRACE_SYSEMU_SINGLESTEP) {
		EXPECT_EQ(RETURN_IP, ip_of(t));
		ASSERT_STREQ("step", go(t, PTRACE_SINGLESTEP));
	}
	EXPECT_EQ(RETURN_STEP_IP, ip_of(t));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("bcd", happened(t));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
}

/* From the entry stop @request executes one instruction. */
static void check_step_from_entry(struct __test_metadata *_metadata,
				  struct tracee *t, int request)
{
	siginfo_t si;

	EXPECT_EQ(RETURN_IP, ip_of(t));
	ASSERT_STREQ("step", go(t, request));
	EXPECT_EQ(RETURN_STEP_IP, ip_of(t));
	EXPECT_EQ(SKIPPED, result_of(t));
	EXPECT_EQ(SIGTRAP << 8 | 0x7f, t->status);
	si = siginfo_of(t);
	EXPECT_EQ(SIGTRAP, si.si_signo);
	EXPECT_EQ(STEP_CODE, si.si_code);
	EXPECT_EQ(RETURN_STEP_IP - STEP_ADDR_BACK, (unsigned long)si.si_addr);
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("bcd", happened(t));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
}

TEST_F(sysemu, entry_then_sysemu_singlestep_steps_one_instruction)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", to_entry(t, variant->request));
	check_step_from_entry(_metadata, t, PTRACE_SYSEMU_SINGLESTEP);
}

#if !TRAP_IN_PLACE
TEST_F(sysemu, entry_then_singlestep_steps_one_instruction)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", to_entry(t, variant->request));
	check_step_from_entry(_metadata, t, PTRACE_SINGLESTEP);
}

/* To the end of raw_syscall(), or to where it branches before. */
TEST_F(sysemu, entry_then_singleblock_steps_to_a_branch)
{
	struct tracee *t = &self->t;

	need_long_steps();
	ASSERT_STREQ("entry", to_entry(t, variant->request));
	if (trace(PTRACE_SINGLEBLOCK, t->pid, 0, 0) == -EIO)
		SKIP(return, "no PTRACE_SINGLEBLOCK on this machine");
	next_stop(t);
	if (is_due_trap(t))
		go(t, PTRACE_SINGLEBLOCK);
	ASSERT_STREQ("step", t->stop);
	EXPECT_LT(RETURN_STEP_IP - RETURN_IP, ip_of(t) - RETURN_IP);
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("bcd", happened(t));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
}
#endif

TEST_F(sysemu, entry_then_sysemu_stops_at_next_entry)
{
	struct tracee *t = &self->t;
	struct tracee_regs regs;
	int i;

	ASSERT_STREQ("entry", to_entry(t, variant->request));
	for (i = 0; i < 4; i++) {
		regs = regs_of(t);
		EXPECT_EQ(__NR_write, REG_NR(&regs));
		EXPECT_EQ((unsigned long)&mark_letters[i], REG_ARG1(&regs));
		ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	}
	EXPECT_EQ(__NR_exit_group, nr_of(t));
	EXPECT_STREQ("", happened(t));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(SKIPPED, t->sh->result[i]);
	/* This exit is skipped, the next one happens. */
	ASSERT_STREQ("exited 0", finish(t));
}

TEST_F(sysemu, entry_then_detach_skips)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", to_entry(t, variant->request));
	ASSERT_EQ(0, trace(PTRACE_DETACH, t->pid, 0, 0));
	/* The tracee is a child of the test: it is reaped as such. */
	ASSERT_STREQ("exited 0", next_stop(t));
	EXPECT_STREQ("bcd", happened(t));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
}

TEST_F(sysemu, detach_between_calls_ends_emulation)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", to_entry(t, variant->request));
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	ASSERT_EQ(0, trace(PTRACE_DETACH, t->pid, 0, 0));
	/* Neither emulation nor the trap flag outlives the detach. */
	ASSERT_STREQ("exited 0", next_stop(t));
	EXPECT_STREQ("bcd", happened(t));
}

TEST_F(sysemu, entry_then_singleblock_traps_in_place)
{
	struct tracee *t = &self->t;

	if (HAVE_STEP && !TRAP_IN_PLACE)
		SKIP(return, NO_TRAP_IN_PLACE);
	ASSERT_STREQ("entry", to_entry(t, variant->request));
	if (trace(PTRACE_SINGLEBLOCK, t->pid, 0, 0) == -EIO)
		SKIP(return, "no PTRACE_SINGLEBLOCK on this machine");
	ASSERT_STREQ("syscall step", next_stop(t));
	EXPECT_EQ(RETURN_IP, ip_of(t));
	EXPECT_EQ(SKIPPED, result_of(t));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("bcd", happened(t));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
}

TEST_F(sysemu, result_put_at_entry_reaches_tracee)
{
	static const long values[] = { 0, 4711, -EPERM, -4095 };
	struct tracee *t = &self->t;
	int i;

	ASSERT_STREQ("entry", to_entry(t, variant->request));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, set_result(t, values[i]));
		ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
		EXPECT_EQ(values[i], t->sh->result[i]);
	}
	EXPECT_STREQ("", happened(t));
	ASSERT_STREQ("exited 0", finish(t));
}

TEST_F(sysemu, changed_number_does_not_make_the_call_happen)
{
	struct tracee *t = &self->t;
	struct tracee_regs regs;
	int i;

	ASSERT_STREQ("entry", to_entry(t, variant->request));
	for (i = 0; i < 3; i++) {
		regs = regs_of(t);
		ASSERT_EQ(__NR_write, REG_NR(&regs));
		REG_NR(&regs) = __NR_exit_group;
		REG_ARG0(&regs) = 99;
		ASSERT_EQ(0, set_regs(t, &regs));
		if (i == 1) {
			ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
			if (!NR_IS_RESULT)
				EXPECT_EQ(__NR_exit_group, nr_of(t));
		}
		if (i == 2 && HAVE_STEP)
			ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
		ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
		EXPECT_EQ(NR_IS_RESULT ? __NR_exit_group : SKIPPED,
			  t->sh->result[i]);
	}
	ASSERT_EQ(0, set_nr(t, __NR_exit_group));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("", happened(t));
	EXPECT_EQ(NR_IS_RESULT ? __NR_exit_group : SKIPPED, t->sh->result[3]);
}

TEST_F(sysemu, number_minus_one_is_skipped_alike)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", to_entry(t, variant->request));
	ASSERT_EQ(0, set_nr(t, -1));
	ASSERT_EQ(0, set_result(t, 17));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(17, t->sh->result[0]);
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("cd", happened(t));
}

TEST_F(sysemu, syscall_entry_then_sysemu_lets_the_call_happen)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	/* No exit stop, and the next call is skipped. */
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_STREQ("a", happened(t));
	EXPECT_EQ(1, t->sh->result[0]);
	EXPECT_EQ(__NR_write, nr_of(t));
	EXPECT_EQ(SKIPPED, result_of(t));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("acd", happened(t));
}

TEST_F(sysemu, syscall_entry_then_sysemu_singlestep_lets_the_call_happen)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	/* Neither exit stop nor trap at the return: one instruction. */
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_EQ(RETURN_STEP_IP, ip_of(t));
	EXPECT_EQ(1, result_of(t));
	EXPECT_STREQ("a", happened(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("acd", happened(t));
}

TEST_F(sysemu, syscall_exit_then_sysemu)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("ad", happened(t));
}

TEST_F(sysemu, syscall_exit_then_sysemu_singlestep)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_EQ(RETURN_STEP_IP, ip_of(t));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("abcd", happened(t));
}

/* The control for the two before: what the other requests do there. */
TEST_F(sysemu, syscall_entry_then_other_requests)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ(TRAP_IN_PLACE ? "syscall step" : "step",
		     go(t, PTRACE_SINGLESTEP));
	EXPECT_EQ(TRAP_IN_PLACE ? RETURN_IP : RETURN_STEP_IP, ip_of(t));
	EXPECT_STREQ("a", happened(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("exited 0", go(t, PTRACE_CONT));
	EXPECT_STREQ("abcd", happened(t));
}

TEST_F(sysemu, skip_is_decided_call_by_call)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", to_entry(t, variant->request));	/* a: skip */
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));		/* b: happens */
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));		/* c: skip */
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));		/* d: happens */
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("bd", happened(t));
}

/* What the entry stop itself looks like. */
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
	const struct timespec limit = { .tv_sec = 10 };
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

/* Walk to the first instruction of raw_syscall(). */
static bool step_to_raw_syscall(struct tracee *t)
{
	int i;

	need_long_steps();
	for (i = 0; i < 300; i++) {
		if (strcmp("step", go(t, PTRACE_SINGLESTEP)) &&
		    strcmp("syscall step", t->stop))
			return false;
		if (ip_of(t) == raw_syscall_step(0))
			return true;
	}
	return false;
}

TEST_F(tracee, sysemu_singlestep_is_singlestep_before_and_after_a_call)
{
	struct tracee *t = &self->t;
	int i;

	START(four_calls);
	ASSERT_TRUE(step_to_raw_syscall(t));
	for (i = 1; i <= RAW_SYSCALL_LEAD; i++) {
		ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
		ASSERT_EQ(raw_syscall_step(i), ip_of(t));
		if (!STEP_ADDR_BACK)
			EXPECT_EQ(raw_syscall_step(i),
				  (unsigned long)siginfo_of(t).si_addr);
	}
	/* Into the call: exactly PTRACE_SYSEMU. */
	EXPECT_EQ(CALL_IP, ip_of(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_EQ((SIGTRAP | 0x80) << 8 | 0x7f, t->status);
	EXPECT_EQ(RETURN_IP, ip_of(t));
	EXPECT_EQ(SKIPPED, result_of(t));
	/* And out of it. */
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_EQ(RETURN_STEP_IP, ip_of(t));
	EXPECT_STREQ("", happened(t));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("bcd", happened(t));
}

/* Step through three calls; the number of steps, 0 if something else came. */
static int walk_three_calls(struct tracee *t, int request, const char *call,
			    unsigned long *path, int max)
{
	int steps, calls = 0;

	for (steps = 0; steps < max - 1 && calls < 3; steps++) {
		go(t, request);
		path[steps] = ip_of(t);
		/* Where it goes beyond, it has been there. */
		if (!STEP_OVER_CALL_STOPS && request == PTRACE_SINGLESTEP &&
		    path[steps] == RETURN_STEP_IP) {
			path[steps] = RETURN_IP;
			if (++calls < 3)
				path[++steps] = RETURN_STEP_IP;
		}
		if (SECOND_TRAP && request == PTRACE_SINGLESTEP && steps &&
		    path[steps] == path[steps - 1]) {
			steps--;
			continue;
		}
		if (!strcmp(t->stop, call) && path[steps] == RETURN_IP)
			calls++;
		else if (strcmp(t->stop, "step"))
			return 0;
	}
	return calls == 3 ? steps : 0;
}

/* Both requests walk the same path, instruction by instruction. */
TEST_F(tracee, sysemu_singlestep_walks_the_path_of_singlestep)
{
	unsigned long path[2][400];
	struct tracee *t = &self->t;
	int steps, i;

	START(four_calls);
	ASSERT_TRUE(step_to_raw_syscall(t));
	steps = walk_three_calls(t, PTRACE_SINGLESTEP,
				 STEPPED_CALL_TRAPS ? "step" : "syscall step",
				 path[0], 400);
	ASSERT_LT(3 * RAW_SYSCALL_LEAD, steps);
	EXPECT_STREQ("abc", happened(t));
	tracee_end(t);

	tracee_init(t);
	START(four_calls);
	ASSERT_TRUE(step_to_raw_syscall(t));
	ASSERT_EQ(steps, walk_three_calls(t, PTRACE_SYSEMU_SINGLESTEP, "entry",
					  path[1], 400));
	EXPECT_STREQ("", happened(t));
	for (i = 0; i < steps; i++)
		EXPECT_EQ(path[0][i], path[1][i]) {
			TH_LOG("instruction %d", i);
		}
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

/* ---- Errors ---- */

static const int all_requests[] = {
	PTRACE_CONT, PTRACE_SYSCALL, PTRACE_SINGLESTEP, PTRACE_SINGLEBLOCK,
	PTRACE_SYSEMU, PTRACE_SYSEMU_SINGLESTEP,
};

#define ALL_REQUESTS	((int)ARRAY_SIZE(all_requests))

TEST_F(tracee, invalid_signal_is_eio_and_changes_nothing)
{
	static const unsigned long bad[] = { _NSIG, 65, 1000, -1UL };
	struct tracee *t = &self->t;
	int i, j;

	START(four_calls);
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	for (i = 0; i < ALL_REQUESTS; i++)
		for (j = 0; j < (int)ARRAY_SIZE(bad); j++)
			EXPECT_EQ(-EIO, trace(all_requests[i], t->pid, 0,
					      bad[j])) {
				TH_LOG("request %d, signal %ld",
				       all_requests[i], (long)bad[j]);
			}
	EXPECT_EQ(-EIO, trace(PTRACE_DETACH, t->pid, 0, 65));
	EXPECT_STREQ("none", stop_pending(t));
	EXPECT_EQ('t', task_state(t->pid));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("bcd", happened(t));
}

TEST_F(tracee, unknown_request_is_eio_and_changes_nothing)
{
	static const long bad[] = { 34, 35, 100, 0x41ff, 0x4300, -1 };
	struct tracee *t = &self->t;
	int i;

	START(four_calls);
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	for (i = 0; i < (int)ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EIO, trace(bad[i], t->pid, 0, 0)) {
			TH_LOG("request %ld", bad[i]);
		}
	EXPECT_STREQ("none", stop_pending(t));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("bcd", happened(t));
}

TEST_F(tracee, address_argument_is_ignored)
{
	struct tracee *t = &self->t;

	START(four_calls);
	ASSERT_EQ(0, trace(PTRACE_SYSEMU, t->pid, -1UL, 0));
	ASSERT_STREQ("entry", next_stop(t));
	if (!HAVE_STEP)
		return;
	ASSERT_EQ(0, trace(PTRACE_SYSEMU_SINGLESTEP, t->pid, 1, 0));
	ASSERT_STREQ("step", next_stop(t));
	EXPECT_EQ(RETURN_STEP_IP, ip_of(t));
}

static void spin_then_four_calls(struct shared *sh)
{
	while (!sh->flag[0])
		;
	four_calls(sh);
}

TEST_F(tracee, running_tracee_is_esrch)
{
	struct tracee *t = &self->t;
	int i;

	START(spin_then_four_calls);
	ASSERT_EQ(0, trace(PTRACE_SYSEMU, t->pid, 0, 0));
	for (i = 0; i < ALL_REQUESTS; i++)
		EXPECT_EQ(-ESRCH, trace(all_requests[i], t->pid, 0, 0));
	EXPECT_EQ(-ESRCH, trace(PTRACE_SYSEMU, t->pid, 0, 65));
	t->sh->flag[0] = 1;
	ASSERT_STREQ("entry", next_stop(t));
	/* Once resumed, it is not stopped either. */
	t->sh->flag[0] = 0;
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("bcd", happened(t));
}

TEST_F(tracee, untraced_or_absent_task_is_esrch)
{
	struct tracee *t = &self->t;
	int i;

	ASSERT_STREQ("running", tracee_start(t, UNTRACED, 0, four_calls));
	for (i = 0; i < ALL_REQUESTS; i++) {
		EXPECT_EQ(-ESRCH, trace(all_requests[i], t->pid, 0, 0));
		EXPECT_EQ(-ESRCH, trace(all_requests[i], getpid(), 0, 0));
		EXPECT_EQ(-ESRCH, trace(all_requests[i], getppid(), 0, 0));
		EXPECT_EQ(-ESRCH, trace(all_requests[i], 0x3fffffff, 0, 0));
		EXPECT_EQ(-ESRCH, trace(all_requests[i], 0, 0, 0));
	}
	t->sh->go = 1;
	ASSERT_STREQ("exited 0", next_stop(t));
	EXPECT_STREQ("abcd", happened(t));
}

TEST_F(tracee, tracee_of_another_is_esrch)
{
	struct tracee *t = &self->t;
	pid_t other;
	int status;

	START(four_calls);
	other = fork();
	if (other == 0) {
		if (trace(PTRACE_SYSEMU, t->pid, 0, 0) != -ESRCH ||
		    trace(PTRACE_SYSEMU_SINGLESTEP, t->pid, 0, 0) != -ESRCH)
			_exit(1);
		_exit(0);
	}
	ASSERT_EQ(other, waitpid(other, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_STREQ("none", stop_pending(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_STREQ("", happened(t));
}

TEST_F(tracee, zombie_is_esrch)
{
	struct tracee *t = &self->t;
	int i;

	START(four_calls);
	ASSERT_EQ(0, trace(PTRACE_CONT, t->pid, 0, 0));
	await_state(t->pid, 'Z');
	for (i = 0; i < ALL_REQUESTS; i++)
		EXPECT_EQ(-ESRCH, trace(all_requests[i], t->pid, 0, 0));
	ASSERT_STREQ("exited 0", next_stop(t));
}

#endif /* SYSEMU_ARCH_SUPPORTED */

TEST_HARNESS_MAIN
