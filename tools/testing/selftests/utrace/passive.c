// SPDX-License-Identifier: GPL-2.0
/*
 * An engine that wants all events and answers nothing changes nothing. Each test
 * runs without an engine, where it says what the kernel does, and with one.
 */
#include "task.h"
#include "probe.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/epoll.h>

#ifndef ALL_EVENTS
#define ALL_EVENTS	"syscall_entry syscall_exit quiesce clone exec exit " \
			"death reap signal"
#endif

FIXTURE(passive) {
	FIXTURE_DATA(task) task;
};

FIXTURE_VARIANT(passive) {
	bool observed;
};

FIXTURE_VARIANT_ADD(passive, without_an_engine) { false };
FIXTURE_VARIANT_ADD(passive, observed) { true };

FIXTURE_SETUP(passive)
{
	self->task.engine = -1;
	self->task.other = -1;
	if (!variant->observed)
		return;
	if (!have_engines())
		SKIP(return, NO_ENGINES);
	self->task.engine = open_engine();
	ASSERT_LE(0, self->task.engine);
}

FIXTURE_TEARDOWN(passive)
{
	if (self->task.pid > 0) {
		kill(self->task.pid, SIGKILL);
		waitpid(self->task.pid, NULL, __WALL);
	}
}

static void observe(struct __test_metadata *_metadata,
		    FIXTURE_DATA(task) * const task,
		    void (*body)(int in, int out))
{
	start(_metadata, task, body);
	if (task->engine < 0)
		return;
	ASSERT_EQ(0, command(task->engine, "on clone follow"));
	ASSERT_EQ(0, command(task->engine, "events " ALL_EVENTS));
}

#define OBSERVE(body)	observe(_metadata, &self->task, body)

/* What the task tells of, and that it has been seen doing it. */
#define EXPECT_SEEN(name)						\
do {									\
	if (variant->observed)						\
		EXPECT_LT(0, counter(self->task.engine, name));		\
} while (0)

static void on_signal(int signr)
{
}

/* System calls */

static void ask_seccomp(int in, int out)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TEST_NR, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(1);
	serve(in, out);
}

TEST_F(passive, seccomp_that_asks_a_tracer_finds_none)
{
	OBSERVE(ask_seccomp);
	tell(&self->task);
	EXPECT_EQ(-ENOSYS, answer(&self->task));
	EXPECT_SEEN("syscall_entry");
}

static void write_once(int in, int out)
{
	be_told(in);
	reply(out, 1);
}

TEST_F(passive, killed_at_the_entry_does_not_make_the_call)
{
	FIXTURE_DATA(task) * const task = &self->task;

	OBSERVE(write_once);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, task->pid, 0,
			    PTRACE_O_TRACESYSGOOD));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, task->pid, 0, 0));
	ASSERT_LT(0, wait_for_status(task->pid, __WALL));
	tell(task);
	/* The entry and the exit of read(), and the entry of write(). */
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, ptrace(PTRACE_SYSCALL, task->pid, 0, 0));
		ASSERT_LT(0, wait_for_status(task->pid, __WALL));
	}
	kill(task->pid, SIGKILL);
	EXPECT_EQ(SIGKILL, end(task));
	EXPECT_EQ(NO_ANSWER, answer_in(task, 0));
	EXPECT_SEEN("syscall_entry");
}

/* How many steps from one answer of the tracee to the next; -1: it has ended. */
static long steps_to_answer(FIXTURE_DATA(task) * const task)
{
	long steps = 0;

	tell(task);
	do {
		if (ptrace(PTRACE_SINGLESTEP, task->pid, 0, 0) ||
		    wait_for_status(task->pid, __WALL) >> 8 != SIGTRAP)
			return -1;
		steps++;
	} while (answer_in(task, 0) == NO_ANSWER);
	return steps;
}

TEST_F(passive, a_tracer_that_steps_gets_the_same_traps)
{
	FIXTURE_DATA(task) * const task = &self->task;
	static const char * const events[] = {
		"syscall_exit", "syscall_entry", ALL_EVENTS,
	};
	long steps;

	if (!can_step())
		SKIP(return, NO_STEP);
	OBSERVE(serve);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, task->pid, 0, 0));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, task->pid, 0, 0));
	ASSERT_LT(0, wait_for_status(task->pid, __WALL));
	/* The first time, it comes from somewhere else. */
	ASSERT_LT(0, steps_to_answer(task));
	if (variant->observed)
		ASSERT_EQ(0, command(task->engine, "events"));
	steps = steps_to_answer(task);
	EXPECT_LT(0, steps);
	for (int i = 0; i < ARRAY_SIZE(events); i++) {
		char text[128];

		snprintf(text, sizeof(text), "events %s", events[i]);
		if (variant->observed)
			ASSERT_EQ(0, command(task->engine, text));
		EXPECT_EQ(steps, steps_to_answer(task));
	}
	EXPECT_SEEN("syscall_exit");
}

/* The init of a namespace */

static void fault_when_told(int in, int out)
{
	be_told(in);
	fault();
}

TEST_F(passive, an_init_dies_of_its_own_fault)
{
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	OBSERVE(fault_when_told);
	tell(&self->task);
	EXPECT_EQ(SIGSEGV, end(&self->task) & ~0x80);
	EXPECT_SEEN("signal");
}

static void handle_and_serve(int in, int out)
{
	struct sigaction action = {
		.sa_handler = on_signal,
		.sa_flags = SA_RESTART,
	};

	sigaction(SIGUSR1, &action, NULL);
	serve(in, out);
}

TEST_F(passive, an_init_is_immune_to_signals)
{
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	OBSERVE(handle_and_serve);
	kill(self->task.pid, SIGTERM);
	kill(self->task.pid, SIGQUIT);
	kill(self->task.pid, SIGTSTP);
	kill(self->task.pid, SIGUSR1);
	tell(&self->task);
	/* Its process group is out of its sight. */
	EXPECT_EQ(0, answer(&self->task));
	EXPECT_SEEN("signal");
}

/* Signals */

static void block_all(int in, int out)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t set;

	sigaction(SIGTRAP, &action, NULL);
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	serve(in, out);
}

TEST_F(passive, a_blocked_sigtrap_and_its_handler_are_kept)
{
	FIXTURE_DATA(task) * const task = &self->task;
	unsigned long long trap = SIGNAL_BIT(SIGTRAP);

	OBSERVE(block_all);
	kill(task->pid, SIGTRAP);
	for (int i = 0; i < 20; i++) {
		if (variant->observed) {
			ASSERT_EQ(0, command(task->engine, "interrupt"));
			/* No way to step: it would have to be made of that. */
			ASSERT_EQ(EINVAL, command(task->engine, "singlestep"));
		}
		tell(task);
		ASSERT_LT(0, answer(task));
	}
	EXPECT_TRUE(signals_of(task->pid, "SigBlk:") & trap);
	EXPECT_TRUE(signals_of(task->pid, "SigCgt:") & trap);
	EXPECT_TRUE(signals_of(task->pid, "ShdPnd:") & trap);
	EXPECT_SEEN("quiesce");
}

static void wait_for_vfork(int in, int out)
{
	be_told(in);
	if (!vfork()) {
		be_told(in);
		_exit(0);
	}
}

TEST_F(passive, the_first_fatal_signal_decides)
{
	FIXTURE_DATA(task) * const task = &self->task;

	OBSERVE(wait_for_vfork);
	tell(task);
	/* Now it takes no signal, but one that kills it at once. */
	ASSERT_EQ(0, wait_for_state(task->pid, 'D'));
	kill(task->pid, SIGTERM);
	kill(task->pid, SIGINT);
	tell(task);
	EXPECT_EQ(SIGTERM, end(task));
	EXPECT_SEEN("exit");
}

static void wait_for_events(int in, int out)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = epoll_create1(0);

	signal(SIGHUP, SIG_IGN);
	be_told(in);
	if (epoll_ctl(fd, EPOLL_CTL_ADD, in, &event))
		_exit(1);
	/* Unlike read(), this does not start again. */
	reply(out, epoll_wait(fd, &event, 1, -1) == 1 ? 1 : -errno);
	be_told(in);
	be_told(in);
}

TEST_F(passive, ignored_signals_do_not_end_a_wait)
{
	FIXTURE_DATA(task) * const task = &self->task;
	static const int signals[] = { SIGHUP, SIGWINCH, SIGCHLD, SIGCONT };
	long slept;

	OBSERVE(wait_for_events);
	tell(task);
	sleep_ms(50);
	ASSERT_EQ(0, wait_asleep(task->pid));
	slept = switches_of(task->pid);
	for (int i = 0; i < ARRAY_SIZE(signals); i++)
		kill(task->pid, signals[i]);
	sleep_ms(20);
	EXPECT_EQ(slept, switches_of(task->pid));
	tell(task);
	EXPECT_EQ(1, answer(task));
	EXPECT_SEEN("syscall_entry");
}

static void wait_for_signal(int in, int out)
{
	sigset_t set;

	block(SIGUSR1);
	be_told(in);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	reply(out, sigwaitinfo(&set, NULL));
}

TEST_F(passive, who_waits_for_a_signal_gets_it)
{
	FIXTURE_DATA(task) * const task = &self->task;

	OBSERVE(wait_for_signal);
	tell(task);
	sleep_ms(20);
	kill(task->pid, SIGUSR1);
	EXPECT_EQ(SIGUSR1, answer(task));
	EXPECT_EQ(0, end(task));
	/* It was not taken to act on it. */
	if (variant->observed)
		EXPECT_EQ(0, counter(task->engine, "signal"));
}

/* Job control */

static int signal_code(int signr, int *status)
{
	struct timespec limit = { WAIT_MS / 1000 };
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signr);
	if (sigtimedwait(&set, &info, &limit) != signr)
		return -1;
	*status = info.si_status;
	return info.si_code;
}

TEST_F(passive, a_parent_sees_stop_and_continue)
{
	FIXTURE_DATA(task) * const task = &self->task;
	int status;

	OBSERVE(serve);
	block(SIGCHLD);
	for (int i = 0; i < 5; i++) {
		kill(task->pid, SIGSTOP);
		ASSERT_EQ(CLD_STOPPED, signal_code(SIGCHLD, &status));
		EXPECT_EQ(SIGSTOP, status);
		EXPECT_EQ('T', state_of(task->pid));
		status = wait_for_status(task->pid, WUNTRACED | WCONTINUED);
		EXPECT_EQ(SIGSTOP << 8 | 0x7f, status);
		kill(task->pid, SIGCONT);
		ASSERT_EQ(CLD_CONTINUED, signal_code(SIGCHLD, &status));
		EXPECT_EQ(SIGCONT, status);
		status = wait_for_status(task->pid, WUNTRACED | WCONTINUED);
		EXPECT_TRUE(WIFCONTINUED(status));
		tell(task);
		EXPECT_LT(0, answer(task));
	}
	EXPECT_SEEN("signal");
}

static void be_orphaned(int in, int out)
{
	setsid();
	serve(in, out);
}

TEST_F(passive, an_orphaned_group_is_not_stopped_by_its_terminal)
{
	FIXTURE_DATA(task) * const task = &self->task;
	int status;

	OBSERVE(be_orphaned);
	kill(task->pid, SIGTSTP);
	tell(task);
	EXPECT_LT(0, answer(task));
	EXPECT_EQ(0, waitpid(task->pid, &status, WUNTRACED | WNOHANG));
	EXPECT_SEEN("signal");
}

/* ptrace */

static void live(int in, int out)
{
	pid_t pid;

	signal(SIGUSR1, on_signal);
	be_told(in);
	raise(SIGUSR1);
	pid = fork();
	if (!pid)
		_exit(3);
	waitpid(pid, NULL, 0);
	execute();
}

TEST_F(passive, a_tracer_sees_what_it_always_saw)
{
	static const int stops[] = {
		SIGUSR1,
		SIGTRAP | PTRACE_EVENT_FORK << 8,
		SIGCHLD,
		SIGTRAP | PTRACE_EVENT_EXEC << 8,
		SIGTRAP | PTRACE_EVENT_EXIT << 8,
	};
	FIXTURE_DATA(task) * const task = &self->task;
	unsigned long child = 0;
	int status;

	OBSERVE(live);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, task->pid, 0, PTRACE_O_TRACEFORK |
			    PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT));
	tell(task);
	for (int i = 0; i < ARRAY_SIZE(stops); i++) {
		status = wait_for_status(task->pid, __WALL);
		ASSERT_TRUE(WIFSTOPPED(status));
		ASSERT_EQ(stops[i], status >> 8);
		if (status >> 16 == PTRACE_EVENT_FORK) {
			/* It stops, is traced as its parent, and exits. */
			ASSERT_EQ(0, ptrace(PTRACE_GETEVENTMSG, task->pid, 0,
					    &child));
			ASSERT_EQ(SIGTRAP | PTRACE_EVENT_STOP << 8,
				  wait_for_status(child, __WALL) >> 8);
			ASSERT_EQ(0, ptrace(PTRACE_DETACH, child, 0, 0));
		}
		ASSERT_EQ(0, ptrace(PTRACE_CONT, task->pid, 0,
				    status >> 16 ? 0 : WSTOPSIG(status)));
	}
	EXPECT_EQ(EXIT_CODE(EXECUTED), end(task));
	EXPECT_SEEN("exec");
}

/* A probe in the text of the task: in its handler */

static void handle_some(int in, int out)
{
	signal(SIGUSR1, on_signal);
	for (;;) {
		be_told(in);
		for (int i = 0; i < 20; i++)
			raise(SIGUSR1);
		reply(out, 1);
	}
}

TEST_F(passive, a_probed_task_lives)
{
	FIXTURE_DATA(task) * const task = &self->task;
	uint64_t hits = 0;
	int event;

	if (!have_probes())
		SKIP(return, NO_PROBES);
	OBSERVE(handle_some);
	event = probe(task->pid, on_signal);
	ASSERT_LE(0, event);
	for (int i = 0; i < 5; i++) {
		if (variant->observed)
			ASSERT_EQ(0, command(task->engine, "interrupt"));
		tell(task);
		EXPECT_EQ(1, answer(task));
	}
	EXPECT_EQ(sizeof(hits), read(event, &hits, sizeof(hits)));
	EXPECT_EQ(100, hits);
	EXPECT_SEEN("quiesce");
}

TEST_HARNESS_MAIN
