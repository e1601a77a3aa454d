// SPDX-License-Identifier: GPL-2.0
/*
 * PTRACE_SYSEMU and PTRACE_SYSEMU_SINGLESTEP: which call is skipped, and what the
 * next request makes of it.
 */
#include "sysemu.h"

#ifdef SYSEMU_ARCH_SUPPORTED

#include "sysemu_fixture.h"

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

#endif /* SYSEMU_ARCH_SUPPORTED */

TEST_HARNESS_MAIN
