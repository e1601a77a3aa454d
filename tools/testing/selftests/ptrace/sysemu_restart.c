// SPDX-License-Identifier: GPL-2.0
/*
 * PTRACE_SYSEMU and the restart of system calls.
 */
#include "sysemu.h"

#ifdef SYSEMU_ARCH_SUPPORTED

#include <sys/utsname.h>

/* What the kernel returns inside, and a tracer may put into the result. */
#define ERESTARTSYS		512
#define ERESTARTNOINTR		513
#define ERESTARTNOHAND		514
#define ERESTART_RESTARTBLOCK	516

/* ---- What a tracer makes the kernel restart ---- */

FIXTURE(restart)
{
	struct tracee t;
};

FIXTURE_VARIANT(restart)
{
	int error;
	bool with_handler;	/* restarts after a handler */
	bool with_sa_restart;	/* restarts after one with SA_RESTART */
	bool by_restart_syscall;
};

FIXTURE_VARIANT_ADD(restart, ERESTARTSYS)
{
	.error = ERESTARTSYS,
	.with_sa_restart = true,
};

FIXTURE_VARIANT_ADD(restart, ERESTARTNOINTR)
{
	.error = ERESTARTNOINTR,
	.with_handler = true,
	.with_sa_restart = true,
};

FIXTURE_VARIANT_ADD(restart, ERESTARTNOHAND)
{
	.error = ERESTARTNOHAND,
};

FIXTURE_VARIANT_ADD(restart, ERESTART_RESTARTBLOCK)
{
	.error = ERESTART_RESTARTBLOCK,
	.by_restart_syscall = true,
};

FIXTURE_SETUP(restart)
{
	struct tracee *t = &self->t;

	tracee_init(t);
	install_handler(t, SIGUSR1, 0);
	install_handler(t, SIGUSR2, SA_RESTART);
	START_TRACEE(t, four_calls);
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_EQ(0, set_result(t, -variant->error));
}

FIXTURE_TEARDOWN(restart)
{
	tracee_end(&self->t);
}

TEST_F(restart, put_at_entry_without_signal_is_a_result)
{
	struct tracee *t = &self->t;
	struct tracee_regs regs;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	regs = regs_of(t);
	EXPECT_EQ((unsigned long)&mark_letters[1],
		  (unsigned long)REG_ARG1(&regs));
	EXPECT_EQ(-variant->error, t->sh->result[0]);
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("cd", happened(t));
}

TEST_F(restart, put_at_exit_without_signal_is_a_result)
{
	struct tracee *t = &self->t;

	ASSERT_EQ(0, set_result(t, 0));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	ASSERT_EQ(0, set_result(t, -variant->error));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(-variant->error, t->sh->result[0]);
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("cd", happened(t));
}

/*
 * What a restarted call starts with, and when that is put in place, is up to the
 * architecture: the rest is about x86.
 */
#ifdef SYSEMU_X86

/*
 * A 64-bit kernel tells a 32-bit call that is to be restarted by what the
 * call left behind.  No such call has been made here, so the number is the
 * 64-bit one.
 */
static int restart_nr(void)
{
#ifdef SYSEMU_I386
	struct utsname name;

	if (!uname(&name) && !strcmp(name.machine, "x86_64"))
		return 219;
#endif
	return __NR_restart_syscall;
}

/* Restarted means: the same instruction again, so one more entry stop. */
static void check_restart(struct __test_metadata *_metadata, struct tracee *t,
			  bool by_restart_syscall)
{
	struct tracee_regs regs;

	ASSERT_STREQ("signal USR1", t->stop);
	EXPECT_EQ(RETURN_IP, ip_of(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	regs = regs_of(t);
	EXPECT_EQ(by_restart_syscall ? restart_nr() : __NR_write,
		  REG_NR(&regs));
	EXPECT_EQ((unsigned long)&mark_letters[0],
		  (unsigned long)REG_ARG1(&regs));
	EXPECT_EQ(RETURN_IP, REG_IP(&regs));
	EXPECT_EQ(0, t->sh->handled);
	/* Skipped, too. */
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
	EXPECT_STREQ("bcd", happened(t));
}

TEST_F(restart, put_at_entry_with_dropped_signal)
{
	struct tracee *t = &self->t;

	go_sig(t, PTRACE_SYSEMU, SIGUSR1);
	check_restart(_metadata, t, variant->by_restart_syscall);
}

TEST_F(restart, put_at_exit_with_dropped_signal)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	go_sig(t, PTRACE_SYSEMU, SIGUSR1);
	check_restart(_metadata, t, variant->by_restart_syscall);
}

TEST_F(restart, put_at_signal_stop)
{
	struct tracee *t = &self->t;

	ASSERT_EQ(0, set_result(t, 0));
	ASSERT_STREQ("signal USR1", go_sig(t, PTRACE_SYSEMU, SIGUSR1));
	ASSERT_EQ(0, set_result(t, -variant->error));
	check_restart(_metadata, t, variant->by_restart_syscall);
}

/* What UML does after each stop: no number, no restart. */
TEST_F(restart, no_restart_with_number_minus_one)
{
	struct tracee *t = &self->t;

	ASSERT_EQ(0, set_nr(t, -1));
	ASSERT_STREQ("signal USR1", go_sig(t, PTRACE_SYSEMU, SIGUSR1));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(-variant->error, t->sh->result[0]);
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("cd", happened(t));
}

/* After a handler, the restarted call happens: it is under CONT by then. */
TEST_F(restart, handler)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("signal USR1", go_sig(t, PTRACE_SYSEMU, SIGUSR1));
	ASSERT_STREQ("exited 0", go_sig(t, PTRACE_CONT, SIGUSR1));
	EXPECT_EQ(1, t->sh->handled);
	if (variant->with_handler) {
		EXPECT_EQ(1, t->sh->result[0]);
		EXPECT_STREQ("xabcd", happened(t));
	} else {
		EXPECT_EQ(-EINTR, t->sh->result[0]);
		EXPECT_STREQ("xbcd", happened(t));
	}
}

TEST_F(restart, handler_with_sa_restart)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("signal USR2", go_sig(t, PTRACE_SYSEMU, SIGUSR2));
	ASSERT_STREQ("exited 0", go_sig(t, PTRACE_CONT, SIGUSR2));
	EXPECT_EQ(1, t->sh->handled);
	if (variant->with_sa_restart) {
		EXPECT_EQ(1, t->sh->result[0]);
		EXPECT_STREQ("xabcd", happened(t));
	} else {
		EXPECT_EQ(-EINTR, t->sh->result[0]);
		EXPECT_STREQ("xbcd", happened(t));
	}
}

/* The restarted call is emulated, if SYSEMU is in force when it is made. */
TEST_F(restart, handler_then_sysemu)
{
	struct tracee *t = &self->t;
	struct tracee_regs regs;

	ASSERT_STREQ("signal USR2", go_sig(t, PTRACE_SYSEMU, SIGUSR2));
	ASSERT_STREQ("entry", go_sig(t, PTRACE_SYSCALL, SIGUSR2));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));	/* sigreturn */
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	regs = regs_of(t);
	EXPECT_EQ(__NR_write, REG_NR(&regs));
	EXPECT_EQ((unsigned long)&mark_letters[!variant->with_sa_restart],
		  (unsigned long)REG_ARG1(&regs));
	EXPECT_STREQ("x", happened(t));
}

#endif /* SYSEMU_X86 */

/* ---- A call that was interrupted before SYSEMU came ---- */

static void long_sleep(struct shared *sh)
{
	struct timespec ts = { .tv_sec = 1000 };

	sh->result[0] = RAW_CALL(__NR_nanosleep, &ts, NULL);
	sh->result[1] = mark(sh, 1);
	quit(0);
}

FIXTURE(sleeping)
{
	struct tracee t;
};

FIXTURE_SETUP(sleeping)
{
	struct tracee *t = &self->t;

	tracee_init(t);
	ASSERT_STREQ("event stop", tracee_start(t, BY_SEIZE, DEFAULT_OPTIONS,
						long_sleep));
}

FIXTURE_TEARDOWN(sleeping)
{
	tracee_end(&self->t);
}

static void interrupt_sleep(struct __test_metadata *_metadata,
			    struct tracee *t)
{
	await_state(t->pid, 'S');
	ASSERT_EQ(0, trace(PTRACE_INTERRUPT, t->pid, 0, 0));
}

/* It goes on by restart_syscall(), which is a call like any other. */
TEST_F(sleeping, restart_syscall_is_skipped)
{
	struct tracee *t = &self->t;

	ASSERT_EQ(0, trace(PTRACE_CONT, t->pid, 0, 0));
	interrupt_sleep(_metadata, t);
	ASSERT_STREQ("event stop", next_stop(t));
#ifdef SYSEMU_X86
	EXPECT_EQ(__NR_nanosleep, nr_of(t));
	EXPECT_EQ(-ERESTART_RESTARTBLOCK, result_of(t));
#endif
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_restart_syscall, nr_of(t));
	EXPECT_EQ(RETURN_IP, ip_of(t));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_EQ(RESTART_RESULT, t->sh->result[0]);
	EXPECT_STREQ("b", happened(t));
}

/* A call under way when SYSEMU comes from its entry stop ends as ever. */
TEST_F(sleeping, call_made_before_sysemu_is_restarted_and_then_skipped)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	ASSERT_EQ(0, trace(PTRACE_SYSEMU, t->pid, 0, 0));
	interrupt_sleep(_metadata, t);
	/* No exit stop. */
	ASSERT_STREQ("event stop", next_stop(t));
#ifdef SYSEMU_X86
	EXPECT_EQ(-ERESTART_RESTARTBLOCK, result_of(t));
#endif
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_restart_syscall, nr_of(t));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	EXPECT_EQ(SKIPPED, result_of(t));
}

TEST_F(sleeping, sigkill_in_a_call_made_before_sysemu)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	ASSERT_EQ(0, trace(PTRACE_SYSEMU, t->pid, 0, 0));
	await_state(t->pid, 'S');
	ASSERT_EQ(0, kill(t->pid, SIGKILL));
	ASSERT_STREQ("killed KILL", next_stop(t));
}

#endif /* SYSEMU_ARCH_SUPPORTED */

TEST_HARNESS_MAIN
