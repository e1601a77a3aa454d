// SPDX-License-Identifier: GPL-2.0
/*
 * What an engine hears of signals, and what its answers make of them.
 */
#include "stop.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

/* As the test engine logs a signal: with what the task would do about it. */
enum { DELIVER, IGN, TERM, CORE, STOP, TSTP };

#define HEARD(signr, disposition)	((signr) | (disposition) << 8)

static int handled;

static void on_signal(int signr)
{
	handled++;
}

static void set_handler(int signr)
{
	struct sigaction action = {
		.sa_handler = on_signal,
		.sa_flags = SA_RESTART,
	};

	sigaction(signr, &action, NULL);
}

#define UNBLOCK		'u'	/* all signals */
#define FAULT		'f'

/* Tells each time how many handlers have run. */
static void obey(int in, int out)
{
	sigset_t none;

	for (;;) {
		switch (be_told(in)) {
		case UNBLOCK:
			sigemptyset(&none);
			sigprocmask(SIG_SETMASK, &none, NULL);
			break;
		case FAULT:
			fault();
			break;
		}
		reply(out, handled);
	}
}

static void take_signals(int in, int out)
{
	set_handler(SIGUSR1);
	set_handler(SIGUSR2);
	signal(SIGHUP, SIG_IGN);
	obey(in, out);
}

static void block_them(int in, int out)
{
	block(SIGTERM);
	block(SIGABRT);
	block(SIGTSTP);
	/* Nor do these see anything. */
	set_handler(SIGTERM);
	set_handler(SIGABRT);
	set_handler(SIGTSTP);
	take_signals(in, out);
}

static void block_some(int in, int out)
{
	block(SIGTERM);
	block(SIGHUP);
	take_signals(in, out);
}

static long ask(FIXTURE_DATA(task) * const self, char what)
{
	tell_what(self, what);
	return answer(self);
}

/* How many handlers have run, what was sent before included. */
static long handlers(FIXTURE_DATA(task) * const self)
{
	return ask(self, 0);
}

static void start_signals(struct __test_metadata *_metadata,
			  FIXTURE_DATA(task) * const self,
			  void (*body)(int in, int out), const char *answer)
{
	char text[64];

	start(_metadata, self, body);
	snprintf(text, sizeof(text), "on signal answer %s", answer);
	ASSERT_EQ(0, command(self->engine, text));
	ASSERT_EQ(0, command(self->engine, "events signal exit"));
}

#define START_SIGNALS(body, answer)					\
	start_signals(_metadata, self, body, answer)

/* Send a signal that is told to the engine: what that has heard. */
static long send_and_hear(FIXTURE_DATA(task) * const self, int signr)
{
	long before = counter(self->engine, "signal");

	kill(self->pid, signr);
	if (wait_for_count(self->engine, "signal", before + 1))
		return -1;
	return logged(self->engine, "signal");
}

/* What it hears */

TEST_F(task, hears_what_the_task_would_do)
{
	START_SIGNALS(take_signals, "ign");
	EXPECT_EQ(HEARD(SIGUSR1, DELIVER), send_and_hear(self, SIGUSR1));
	EXPECT_EQ(HEARD(SIGQUIT, CORE), send_and_hear(self, SIGQUIT));
	EXPECT_EQ(HEARD(SIGSTOP, STOP), send_and_hear(self, SIGSTOP));
	EXPECT_EQ(HEARD(SIGTSTP, TSTP), send_and_hear(self, SIGTSTP));
	EXPECT_EQ(0, handlers(self));
	EXPECT_EQ(4, counter(self->engine, "signal"));
}

TEST_F(task, hears_of_what_was_blocked)
{
	START_SIGNALS(block_some, "ign");
	kill(self->pid, SIGTERM);
	kill(self->pid, SIGHUP);
	EXPECT_EQ(0, handlers(self));
	EXPECT_EQ(0, counter(self->engine, "signal"));
	EXPECT_EQ(0, ask(self, UNBLOCK));
	EXPECT_TRUE(logged_exactly(self->engine, "signal signal"));
	EXPECT_EQ(1, has_logged(self->engine, "signal", HEARD(SIGTERM, TERM)));
	EXPECT_EQ(1, has_logged(self->engine, "signal", HEARD(SIGHUP, IGN)));
}

TEST_F(task, does_not_hear_of_what_is_ignored_when_it_is_sent)
{
	START_SIGNALS(take_signals, "deliver");
	kill(self->pid, SIGHUP);
	kill(self->pid, SIGWINCH);
	EXPECT_EQ(0, handlers(self));
	EXPECT_TRUE(logged_exactly(self->engine, ""));
}

TEST_F(task, does_not_hear_of_what_kills_at_once)
{
	START_SIGNALS(take_signals, "ign");
	kill(self->pid, SIGTERM);
	EXPECT_EQ(SIGTERM, end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "exit"));
}

TEST_F(task, does_not_hear_of_sigkill)
{
	START_SIGNALS(take_signals, "ign");
	kill(self->pid, SIGKILL);
	EXPECT_EQ(SIGKILL, end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "exit"));
}

static void kill_by_seccomp(int in, int out)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TEST_NR, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(1);
	be_told(in);
	syscall(TEST_NR, 0);
	_exit(2);
}

TEST_F(task, does_not_hear_of_what_the_kernel_forces)
{
	START_SIGNALS(kill_by_seccomp, "ign");
	tell(self);
	EXPECT_EQ(SIGSYS, end(self) & ~0x80);
	EXPECT_TRUE(logged_exactly(self->engine, "exit"));
}

TEST_F(task, hears_of_faults)
{
	START_SIGNALS(take_signals, "deliver");
	tell_what(self, FAULT);
	EXPECT_EQ(SIGSEGV, end(self) & ~0x80);
	EXPECT_TRUE(logged_exactly(self->engine, "signal exit"));
	EXPECT_EQ(HEARD(SIGSEGV, CORE), logged(self->engine, "signal"));
}

/* What it answers */

TEST_F(task, deliver_changes_nothing)
{
	START_SIGNALS(take_signals, "deliver");
	EXPECT_EQ(HEARD(SIGUSR1, DELIVER), send_and_hear(self, SIGUSR1));
	EXPECT_EQ(1, handlers(self));
	kill(self->pid, SIGQUIT);
	EXPECT_EQ(SIGQUIT, end(self) & ~0x80);
}

TEST_F(task, ign_makes_nothing_of_it)
{
	int err;

	START_SIGNALS(take_signals, "ign");
	tell_what(self, FAULT);
	/* It faults again and again, and may do so just now. */
	EXPECT_EQ(0, wait_for_count(self->engine, "signal", 3));
	err = command(self->engine, "detach");
	EXPECT_TRUE(err == 0 || err == EINPROGRESS);
	EXPECT_EQ(SIGSEGV, end(self) & ~0x80);
}

TEST_F(task, term_kills)
{
	START_SIGNALS(take_signals, "term");
	kill(self->pid, SIGUSR1);
	/* Its default action is just that, so it keeps its number. */
	EXPECT_EQ(SIGUSR1, end(self));
	EXPECT_EQ(SIGUSR1, logged(self->engine, "exit"));
}

TEST_F(task, core_dumps_core)
{
	START_SIGNALS(take_signals, "core");
	kill(self->pid, SIGUSR1);
	EXPECT_EQ(SIGABRT, end(self) & ~0x80);
}

TEST_F(task, stop_stops_the_group)
{
	int status;

	START_SIGNALS(take_signals, "stop");
	kill(self->pid, SIGUSR1);
	status = wait_for_status(self->pid, WUNTRACED);
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(SIGSTOP, WSTOPSIG(status));
	ASSERT_EQ(0, command(self->engine, "on signal answer deliver"));
	kill(self->pid, SIGCONT);
	/* It has become that stop, and is gone. */
	EXPECT_EQ(0, handlers(self));
	kill(self->pid, SIGUSR1);
	EXPECT_EQ(1, handlers(self));
}

TEST_F(task, tstp_stops_the_group)
{
	int status;

	/* Not with an orphaned process group: give it one of its own. */
	START_SIGNALS(take_signals, "tstp");
	ASSERT_EQ(0, setpgid(self->pid, self->pid));
	kill(self->pid, SIGUSR1);
	status = wait_for_status(self->pid, WUNTRACED);
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(SIGTSTP, WSTOPSIG(status));
}

static void be_orphaned(int in, int out)
{
	setsid();
	take_signals(in, out);
}

TEST_F(task, tstp_does_not_stop_an_orphaned_group)
{
	int status;

	START_SIGNALS(be_orphaned, "tstp");
	EXPECT_EQ(HEARD(SIGUSR1, DELIVER), send_and_hear(self, SIGUSR1));
	EXPECT_EQ(0, handlers(self));
	EXPECT_EQ(0, waitpid(self->pid, &status, WUNTRACED | WNOHANG));
}

/* An answer acts whatever is blocked, and no handler sees the substitute. */

TEST_F(task, term_kills_though_that_is_blocked)
{
	START_SIGNALS(block_them, "term");
	kill(self->pid, SIGQUIT);
	EXPECT_EQ(SIGTERM, end(self));
	EXPECT_EQ(1, counter(self->engine, "signal"));
}

TEST_F(task, term_kills_for_a_fault_though_that_is_blocked)
{
	START_SIGNALS(block_them, "term");
	tell_what(self, FAULT);
	EXPECT_EQ(SIGTERM, end(self));
	EXPECT_EQ(1, counter(self->engine, "signal"));
}

TEST_F(task, core_dumps_core_though_that_is_blocked)
{
	START_SIGNALS(block_them, "core");
	kill(self->pid, SIGUSR1);
	EXPECT_EQ(SIGABRT, end(self) & ~0x80);
	EXPECT_EQ(1, counter(self->engine, "signal"));
}

TEST_F(task, tstp_stops_though_that_is_blocked)
{
	int status;

	START_SIGNALS(block_them, "tstp");
	ASSERT_EQ(0, setpgid(self->pid, self->pid));
	kill(self->pid, SIGUSR1);
	status = wait_for_status(self->pid, WUNTRACED);
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(SIGTSTP, WSTOPSIG(status));
	/* And the task blocks it as before. */
	EXPECT_TRUE(signals_of(self->pid, "SigBlk:") & SIGNAL_BIT(SIGTSTP));
	EXPECT_TRUE(signals_of(self->pid, "SigCgt:") & SIGNAL_BIT(SIGTSTP));
	EXPECT_EQ(1, counter(self->engine, "signal"));
}

/* The init of a namespace; its signals are those that it has a handler for. */

TEST_F(task, term_is_refused_for_an_init)
{
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	START_SIGNALS(take_signals, "term");
	EXPECT_EQ(HEARD(SIGUSR1, DELIVER), send_and_hear(self, SIGUSR1));
	EXPECT_EQ(1, handlers(self));
}

TEST_F(task, tstp_is_refused_for_an_init)
{
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	START_SIGNALS(take_signals, "tstp");
	EXPECT_EQ(HEARD(SIGUSR1, DELIVER), send_and_hear(self, SIGUSR1));
	EXPECT_EQ(1, handlers(self));
}

TEST_F(task, hears_that_an_init_ignores_it)
{
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	START_SIGNALS(block_some, "deliver");
	kill(self->pid, SIGTERM);
	EXPECT_EQ(0, ask(self, UNBLOCK));
	EXPECT_EQ(HEARD(SIGTERM, IGN), logged(self->engine, "signal"));
}

TEST_F(task, stop_stops_an_init)
{
	int status;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	START_SIGNALS(take_signals, "stop");
	kill(self->pid, SIGUSR1);
	status = wait_for_status(self->pid, WUNTRACED);
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(SIGSTOP, WSTOPSIG(status));
}

/* Several engines */

static void answers_of_two(struct __test_metadata *_metadata,
			   FIXTURE_DATA(task) * const self, const char *first,
			   const char *second)
{
	char text[64];

	START_SIGNALS(take_signals, first);
	ASSERT_EQ(0, attach_to(self->other, self->pid));
	snprintf(text, sizeof(text), "on signal answer %s", second);
	ASSERT_EQ(0, command(self->other, text));
	ASSERT_EQ(0, command(self->other, "events signal"));
}

#define ANSWERS_OF_TWO(first, second)					\
	answers_of_two(_metadata, self, first, second)

TEST_F(task, the_first_that_answers_decides)
{
	ANSWERS_OF_TWO("ign", "term");
	EXPECT_EQ(HEARD(SIGUSR1, DELIVER), send_and_hear(self, SIGUSR1));
	EXPECT_EQ(0, handlers(self));
	/* The other one is told, and told the same. */
	EXPECT_EQ(HEARD(SIGUSR1, DELIVER), logged(self->other, "signal"));
}

TEST_F(task, deliver_leaves_it_to_the_next)
{
	ANSWERS_OF_TWO("deliver", "term");
	kill(self->pid, SIGUSR1);
	EXPECT_EQ(SIGUSR1, end(self));
}

TEST_F(task, what_is_answered_with_detach_holds)
{
	ANSWERS_OF_TWO("ign", "deliver");
	ASSERT_EQ(0, command(self->engine, "on signal detach"));
	kill(self->pid, SIGUSR1);
	EXPECT_EQ(0, handlers(self));
	kill(self->pid, SIGUSR1);
	EXPECT_EQ(1, handlers(self));
	EXPECT_TRUE(logged_exactly(self->engine, "signal"));
	EXPECT_TRUE(logged_exactly(self->other, "signal signal"));
}

/* Stops before the effect of a signal */

static void exit_on_signal(int signr)
{
	_exit(4);
}

static void exit_when_told(int in, int out)
{
	signal(SIGUSR1, exit_on_signal);
	be_told(in);
	_exit(5);
}

static void fault_when_told(int in, int out)
{
	be_told(in);
	fault();
}

#define STOP_STATUS	(SIGSTOP << 8 | 0x7f)

FIXTURE_VARIANT_ADD(stop, handler) {
	"signal", exit_when_told, SIGUSR1, EXIT_CODE(4)
};

FIXTURE_VARIANT_ADD(stop, core) {
	"signal", exit_when_told, SIGQUIT, SIGQUIT
};

FIXTURE_VARIANT_ADD(stop, stop) {
	"signal", exit_when_told, SIGSTOP, STOP_STATUS
};

FIXTURE_VARIANT_ADD(stop, fault) {
	"signal", fault_when_told, 0, SIGSEGV
};

/* Beside a tracer */

/* The next stop of a tracee, for which signal. */
static int stop_signal(FIXTURE_DATA(task) * const self)
{
	int status = wait_for_status(self->pid, __WALL);

	return WIFSTOPPED(status) ? status >> 8 : -1;
}

TEST_F(task, hears_what_a_tracer_lets_pass)
{
	START_SIGNALS(take_signals, "deliver");
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
	kill(self->pid, SIGUSR1);
	ASSERT_EQ(SIGUSR1, stop_signal(self));
	/* The tracer comes first. */
	EXPECT_EQ(0, counter(self->engine, "signal"));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, SIGUSR1));
	EXPECT_EQ(1, handlers(self));
	EXPECT_EQ(HEARD(SIGUSR1, DELIVER), logged(self->engine, "signal"));

	/* Not what that has suppressed. */
	kill(self->pid, SIGUSR1);
	ASSERT_EQ(SIGUSR1, stop_signal(self));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	EXPECT_EQ(1, handlers(self));
	EXPECT_EQ(1, counter(self->engine, "signal"));

	/* What it has put in its place. */
	kill(self->pid, SIGUSR1);
	ASSERT_EQ(SIGUSR1, stop_signal(self));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, SIGUSR2));
	EXPECT_EQ(2, handlers(self));
	EXPECT_EQ(HEARD(SIGUSR2, DELIVER), logged(self->engine, "signal"));
}

TEST_F(task, hears_of_a_fatal_signal_that_a_tracer_lets_pass)
{
	START_SIGNALS(take_signals, "ign");
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
	kill(self->pid, SIGTERM);
	ASSERT_EQ(SIGTERM, stop_signal(self));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, SIGTERM));
	EXPECT_EQ(0, handlers(self));
	EXPECT_EQ(HEARD(SIGTERM, TERM), logged(self->engine, "signal"));
}

TEST_F(task, a_tracer_sees_what_an_engine_takes_away)
{
	START_SIGNALS(take_signals, "ign");
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
	kill(self->pid, SIGUSR1);
	EXPECT_EQ(SIGUSR1, stop_signal(self));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, SIGUSR1));
	EXPECT_EQ(0, handlers(self));
	EXPECT_EQ(1, counter(self->engine, "signal"));
}

TEST_F(task, a_tracer_sees_the_group_stop_that_an_engine_makes)
{
	START_SIGNALS(take_signals, "stop");
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
	kill(self->pid, SIGUSR1);
	ASSERT_EQ(SIGUSR1, stop_signal(self));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, SIGUSR1));
	EXPECT_EQ(SIGSTOP | PTRACE_EVENT_STOP << 8, stop_signal(self));
}

TEST_HARNESS_MAIN
