// SPDX-License-Identifier: GPL-2.0
/*
 * PTRACE_SYSEMU and signals: given with a resume request, sent from outside,
 * stopping, killing; and what only a seized tracee has.
 */
#include "sysemu.h"

#ifdef SYSEMU_ARCH_SUPPORTED

FIXTURE(signals)
{
	struct tracee t;
};

FIXTURE_VARIANT(signals)
{
	enum attach_how how;
};

FIXTURE_VARIANT_ADD(signals, traceme)
{
	.how = BY_TRACEME,
};

FIXTURE_VARIANT_ADD(signals, attach)
{
	.how = BY_ATTACH,
};

FIXTURE_VARIANT_ADD(signals, seize)
{
	.how = BY_SEIZE,
};

/* The tracee is at the entry stop of its first call. */
FIXTURE_SETUP(signals)
{
	struct tracee *t = &self->t;

	tracee_init(t);
	install_handler(t, SIGUSR1, 0);
	ASSERT_STREQ(first_stop(variant->how),
		     tracee_start(t, variant->how, DEFAULT_OPTIONS,
				  four_calls));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
}

FIXTURE_TEARDOWN(signals)
{
	tracee_end(&self->t);
}

TEST_F(signals, given_with_cont)
{
	struct tracee *t = &self->t;
	siginfo_t si;

	ASSERT_STREQ("signal USR1", go_sig(t, PTRACE_CONT, SIGUSR1));
	si = siginfo_of(t);
	EXPECT_EQ(SIGUSR1, si.si_signo);
	EXPECT_EQ(SI_KERNEL, si.si_code);
	EXPECT_EQ(RETURN_IP, ip_of(t));
	EXPECT_EQ(SKIPPED, result_of(t));
	ASSERT_STREQ("exited 0", go_sig(t, PTRACE_CONT, SIGUSR1));
	EXPECT_EQ(1, t->sh->handled);
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
	EXPECT_STREQ("xbcd", happened(t));
}

TEST_F(signals, given_with_sysemu)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("signal USR1", go_sig(t, PTRACE_SYSEMU, SIGUSR1));
	EXPECT_EQ(RETURN_IP, ip_of(t));
	/* The handler is emulated: its call is a stop, and so is sigreturn. */
	ASSERT_STREQ("entry", go_sig(t, PTRACE_SYSEMU, SIGUSR1));
	EXPECT_EQ(__NR_write, nr_of(t));
	EXPECT_EQ(1, t->sh->handled);
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_NE(__NR_write, nr_of(t));
	EXPECT_STREQ("", happened(t));
}

TEST_F(signals, given_with_sysemu_singlestep)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("signal USR1",
		     go_sig(t, PTRACE_SYSEMU_SINGLESTEP, SIGUSR1));
	EXPECT_EQ(RETURN_IP, ip_of(t));
	/* Stepping into a handler stops before its first instruction. */
	ASSERT_STREQ("handler step",
		     go_sig(t, PTRACE_SYSEMU_SINGLESTEP, SIGUSR1));
	if (HANDLER_BY_VDSO)
		ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_EQ((unsigned long)count_signal, ip_of(t));
	EXPECT_EQ(0, t->sh->handled);
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(1, t->sh->handled);
	EXPECT_STREQ("", happened(t));
}

TEST_F(signals, given_with_syscall_comes_after_the_exit_stop)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("exit", go_sig(t, PTRACE_SYSCALL, SIGUSR1));
	EXPECT_EQ(SKIPPED, result_of(t));
	ASSERT_STREQ("signal USR1", go(t, PTRACE_SYSEMU));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(0, t->sh->handled);
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("cd", happened(t));
}

TEST_F(signals, given_at_the_exit_stop)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("signal USR1", go_sig(t, PTRACE_SYSEMU, SIGUSR1));
	ASSERT_STREQ("entry", go_sig(t, PTRACE_SYSEMU, SIGUSR1));
	EXPECT_EQ(1, t->sh->handled);
	EXPECT_STREQ("", happened(t));
}

#if TRAP_IN_PLACE || !HAVE_STEP
TEST_F(signals, given_with_singlestep_comes_after_the_trap)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("syscall step", go_sig(t, PTRACE_SINGLESTEP, SIGUSR1));
	EXPECT_EQ(RETURN_IP, ip_of(t));
	ASSERT_STREQ("signal USR1", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(RETURN_IP, ip_of(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(0, t->sh->handled);
	EXPECT_STREQ("", happened(t));
}
#else
TEST_F(signals, given_with_singlestep_comes_before_the_step)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("signal USR1", go_sig(t, PTRACE_SINGLESTEP, SIGUSR1));
	EXPECT_EQ(RETURN_IP, ip_of(t));
	ASSERT_STREQ("step", go(t, PTRACE_SINGLESTEP));
	EXPECT_EQ(RETURN_STEP_IP, ip_of(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(0, t->sh->handled);
	EXPECT_STREQ("", happened(t));
}
#endif

TEST_F(signals, given_with_detach)
{
	struct tracee *t = &self->t;

	ASSERT_EQ(0, trace(PTRACE_DETACH, t->pid, 0, SIGUSR1));
	ASSERT_STREQ("exited 0", next_stop(t));
	EXPECT_EQ(1, t->sh->handled);
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
	EXPECT_STREQ("xbcd", happened(t));
}

TEST_F(signals, given_at_a_step_trap)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	/* Here it replaces the SIGTRAP, so there is no further stop. */
	ASSERT_STREQ("entry", go_sig(t, PTRACE_SYSEMU, SIGUSR1));
	EXPECT_EQ(1, t->sh->handled);
	EXPECT_EQ(__NR_write, nr_of(t));
	EXPECT_STREQ("", happened(t));
}

TEST_F(signals, given_but_then_dropped)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("signal USR1", go_sig(t, PTRACE_SYSEMU, SIGUSR1));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(0, t->sh->handled);
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("cd", happened(t));
}

TEST_F(signals, fatal_signal_given)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("signal USR2", go_sig(t, PTRACE_SYSEMU, SIGUSR2));
	ASSERT_STREQ("killed USR2", go_sig(t, PTRACE_SYSEMU, SIGUSR2));
	EXPECT_STREQ("", happened(t));
}

TEST_F(signals, sent_from_outside_at_the_stop)
{
	struct tracee *t = &self->t;
	siginfo_t si;

	ASSERT_EQ(0, kill(t->pid, SIGUSR1));
	EXPECT_STREQ("none", stop_pending(t));
	ASSERT_STREQ("signal USR1", go(t, PTRACE_SYSEMU));
	si = siginfo_of(t);
	EXPECT_EQ(SI_USER, si.si_code);
	EXPECT_EQ(getpid(), si.si_pid);
	ASSERT_STREQ("entry", go_sig(t, PTRACE_SYSEMU, SIGUSR1));
	EXPECT_EQ(1, t->sh->handled);
	EXPECT_STREQ("", happened(t));
}

TEST_F(signals, sent_from_outside_then_detach)
{
	struct tracee *t = &self->t;

	ASSERT_EQ(0, kill(t->pid, SIGUSR1));
	ASSERT_EQ(0, trace(PTRACE_DETACH, t->pid, 0, 0));
	ASSERT_STREQ("exited 0", next_stop(t));
	EXPECT_EQ(1, t->sh->handled);
	EXPECT_STREQ("xbcd", happened(t));
}

TEST_F(signals, sigkill_from_outside)
{
	struct tracee *t = &self->t;

	ASSERT_EQ(0, kill(t->pid, SIGKILL));
	ASSERT_STREQ("killed KILL", next_stop(t));
	EXPECT_STREQ("", happened(t));
}

TEST_F(signals, sigkill_by_ptrace_kill)
{
	struct tracee *t = &self->t;

	ASSERT_EQ(0, trace(PTRACE_KILL, t->pid, 0, 0));
	ASSERT_STREQ("killed KILL", next_stop(t));
	EXPECT_STREQ("", happened(t));
}

TEST_F(signals, sigkill_given_with_sysemu)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("killed KILL", go_sig(t, PTRACE_SYSEMU, SIGKILL));
	EXPECT_STREQ("", happened(t));
}

TEST_F(signals, sigkill_given_with_syscall_gives_no_exit_stop)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("killed KILL", go_sig(t, PTRACE_SYSCALL, SIGKILL));
	EXPECT_STREQ("", happened(t));
}

TEST_F(signals, sigkill_given_with_sysemu_singlestep)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("killed KILL",
		     go_sig(t, PTRACE_SYSEMU_SINGLESTEP, SIGKILL));
	EXPECT_STREQ("", happened(t));
}

TEST_F(signals, group_stop)
{
	struct tracee *t = &self->t;

	ASSERT_EQ(0, kill(t->pid, SIGSTOP));
	ASSERT_STREQ("signal STOP", go(t, PTRACE_SYSEMU));
	ASSERT_STREQ(variant->how == BY_SEIZE ? "event stop STOP" :
						"group stop STOP",
		     go_sig(t, PTRACE_SYSEMU, SIGSTOP));
	EXPECT_EQ(RETURN_IP, ip_of(t));
	/* Out of the group stop, and still emulated. */
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_write, nr_of(t));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
	EXPECT_STREQ("", happened(t));
}

TEST_F(signals, sigstop_dropped)
{
	struct tracee *t = &self->t;

	ASSERT_EQ(0, kill(t->pid, SIGSTOP));
	ASSERT_STREQ("signal STOP", go(t, PTRACE_SYSEMU));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("cd", happened(t));
}

/* ---- While the tracee runs in user mode ---- */

FIXTURE(running)
{
	struct tracee t;
};

FIXTURE_VARIANT(running)
{
	enum attach_how how;
};

FIXTURE_VARIANT_ADD(running, traceme)
{
	.how = BY_TRACEME,
};

FIXTURE_VARIANT_ADD(running, seize)
{
	.how = BY_SEIZE,
};

static void spin_then_four_calls(struct shared *sh)
{
	sh->flag[1] = 1;
	while (!sh->flag[0])
		;
	four_calls(sh);
}

FIXTURE_SETUP(running)
{
	struct tracee *t = &self->t;

	tracee_init(t);
	install_handler(t, SIGUSR1, 0);
	ASSERT_STREQ(first_stop(variant->how),
		     tracee_start(t, variant->how, DEFAULT_OPTIONS,
				  spin_then_four_calls));
	ASSERT_EQ(0, trace(PTRACE_SYSEMU, t->pid, 0, 0));
	while (!t->sh->flag[1])
		nap();
}

FIXTURE_TEARDOWN(running)
{
	tracee_end(&self->t);
}

TEST_F(running, signal_stops_and_emulation_goes_on)
{
	struct tracee *t = &self->t;

	ASSERT_EQ(0, kill(t->pid, SIGUSR1));
	ASSERT_STREQ("signal USR1", next_stop(t));
	t->sh->flag[0] = 1;
	ASSERT_STREQ("entry", go_sig(t, PTRACE_SYSEMU, SIGUSR1));
	EXPECT_EQ(1, t->sh->handled);
	EXPECT_STREQ("", happened(t));
}

TEST_F(running, sigkill)
{
	struct tracee *t = &self->t;

	ASSERT_EQ(0, kill(t->pid, SIGKILL));
	ASSERT_STREQ("killed KILL", next_stop(t));
}

TEST_F(running, ptrace_kill)
{
	struct tracee *t = &self->t;

	ASSERT_EQ(0, trace(PTRACE_KILL, t->pid, 0, 0));
	ASSERT_STREQ("killed KILL", next_stop(t));
}

TEST_F(running, interrupt)
{
	struct tracee *t = &self->t;

	if (variant->how != BY_SEIZE) {
		EXPECT_EQ(-EIO, trace(PTRACE_INTERRUPT, t->pid, 0, 0));
		return;
	}
	ASSERT_EQ(0, trace(PTRACE_INTERRUPT, t->pid, 0, 0));
	ASSERT_STREQ("event stop", next_stop(t));
	t->sh->flag[0] = 1;
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("bcd", happened(t));
}

/* ---- What only a seized tracee has ---- */

FIXTURE(seized)
{
	struct tracee t;
};

FIXTURE_SETUP(seized)
{
	struct tracee *t = &self->t;

	tracee_init(t);
	ASSERT_STREQ("event stop", tracee_start(t, BY_SEIZE, DEFAULT_OPTIONS,
						four_calls));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
}

FIXTURE_TEARDOWN(seized)
{
	tracee_end(&self->t);
}

TEST_F(seized, interrupt_at_entry_stop_comes_after_the_skip)
{
	struct tracee *t = &self->t;

	ASSERT_EQ(0, trace(PTRACE_INTERRUPT, t->pid, 0, 0));
	EXPECT_STREQ("none", stop_pending(t));
	ASSERT_STREQ("event stop", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(RETURN_IP, ip_of(t));
	EXPECT_EQ(SKIPPED, result_of(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
	EXPECT_STREQ("", happened(t));
}

/* Any stop will do: the exit stop is the one that INTERRUPT asked for. */
TEST_F(seized, interrupt_at_entry_stop_is_used_up_by_the_exit_stop)
{
	struct tracee *t = &self->t;

	ASSERT_EQ(0, trace(PTRACE_INTERRUPT, t->pid, 0, 0));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
	EXPECT_STREQ("", happened(t));
}

TEST_F(seized, listen_in_group_stop_then_emulated_on)
{
	struct tracee *t = &self->t;

	ASSERT_EQ(0, kill(t->pid, SIGSTOP));
	ASSERT_STREQ("signal STOP", go(t, PTRACE_SYSEMU));
	ASSERT_STREQ("event stop STOP", go_sig(t, PTRACE_SYSEMU, SIGSTOP));
	ASSERT_EQ(0, trace(PTRACE_LISTEN, t->pid, 0, 0));
	EXPECT_STREQ("none", stop_pending(t));
	EXPECT_EQ(-ESRCH, trace(PTRACE_SYSEMU, t->pid, 0, 0));
	ASSERT_EQ(0, kill(t->pid, SIGCONT));
	ASSERT_STREQ("event stop", next_stop(t));
	ASSERT_STREQ("signal CONT", go(t, PTRACE_SYSEMU));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
	EXPECT_STREQ("", happened(t));
}

TEST_F(seized, listen_at_entry_stop_is_refused)
{
	struct tracee *t = &self->t;

	EXPECT_EQ(-EIO, trace(PTRACE_LISTEN, t->pid, 0, 0));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
}

#endif /* SYSEMU_ARCH_SUPPORTED */

TEST_HARNESS_MAIN
