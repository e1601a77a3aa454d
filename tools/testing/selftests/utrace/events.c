// SPDX-License-Identifier: GPL-2.0
/*
 * Every event of an engine: when it comes, what it tells, and what the engine's
 * answer makes of it.
 *
 * The engines are those of CONFIG_UTRACE_TEST_ENGINE. They watch a child that
 * waits in read() for a byte, then does what the test is about.
 */
#include "engine.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/time.h>

/* A system call that nothing but the tests makes. */
#define TEST_NR		SYS_getpgid

/* What "ping" has the child of a signals test tell. */
struct pong {
	int usr1;
	int usr2;
	int term;
};

static struct pong handled;

static void on_signal(int signr)
{
	if (signr == SIGUSR1)
		handled.usr1++;
	else if (signr == SIGUSR2)
		handled.usr2++;
	else
		handled.term++;
}

FIXTURE(events) {
	pid_t pid;
	int in;		/* to the child */
	int out;	/* from the child */
	int engine;
	int other;	/* another engine */
};

FIXTURE_SETUP(events)
{
	if (!have_engines())
		SKIP(return, NO_ENGINES);
	self->engine = open_engine();
	ASSERT_LE(0, self->engine);
	self->other = open_engine();
	ASSERT_LE(0, self->other);
}

FIXTURE_TEARDOWN(events)
{
	if (self->pid > 0) {
		kill(self->pid, SIGKILL);
		waitpid(self->pid, NULL, __WALL);
	}
}

/* The child has this one blocked. */
#define BLOCKED_SIGNAL	SIGXCPU

static void block_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, BLOCKED_SIGNAL);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Fork the child, and wait until it waits; it runs @body when it is told to. */
static void start(struct __test_metadata *_metadata,
		  FIXTURE_DATA(events) * const self,
		  void (*body)(int in, int out))
{
	int in[2], out[2];
	char byte;

	ASSERT_EQ(0, pipe2(in, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(out, O_CLOEXEC));
	self->pid = fork();
	ASSERT_LE(0, self->pid);
	if (!self->pid) {
		close(in[1]);
		close(out[0]);
		/* The engines are to go when the test closes them. */
		close(self->engine);
		close(self->other);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		block_signal();
		if (read(in[0], &byte, 1) == 1)
			body(in[0], out[1]);
		_exit(0);
	}
	close(in[0]);
	close(out[1]);
	self->in = in[1];
	self->out = out[0];
	ASSERT_EQ(0, wait_for_state(self->pid, 'S'));
	ASSERT_EQ(0, attach_to(self->engine, self->pid));
}

#define START(body)	start(_metadata, self, body)

static void tell(FIXTURE_DATA(events) * const self)
{
	if (write(self->in, "", 1) != 1)
		abort();
}

/* The wait status with which the child ends; its engine goes with it. */
static int end(FIXTURE_DATA(events) * const self)
{
	int status = wait_for_status(self->pid, __WALL);

	if (status < 0)
		return status;
	self->pid = 0;
	/* What its engines were told last may come a moment later. */
	return is_detached(self->engine) ? status : -2;
}

/* Clones */

static void fork_one(int in, int out)
{
	pid_t pid = fork();

	if (!pid) {
		syscall(TEST_NR, 0);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

TEST_F(events, clone_before_and_after_the_child_runs)
{
	pid_t pid;

	START(fork_one);
	pid = self->pid;
	ASSERT_EQ(0, command(self->engine,
			     "events clone clone_done vfork_done"));
	tell(self);
	EXPECT_EQ(0, end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "clone clone_done"));
	EXPECT_LT(pid, logged(self->engine, "clone"));
}

TEST_F(events, clone_child_has_not_run)
{
	START(fork_one);
	ASSERT_EQ(0, command(self->engine, "events clone syscall_entry"));
	ASSERT_EQ(0, command(self->engine, "on clone follow"));
	ASSERT_EQ(0, command(self->engine, "on clone wait"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "clone", 1));
	/* While the parent is told, the child does nothing. */
	sleep_ms(50);
	EXPECT_EQ(SYS_clone, counter(self->engine, "last_nr"));
	ASSERT_EQ(0, command(self->engine, "go"));
	EXPECT_EQ(0, end(self));
	/* Only the child makes this call, and ends first. */
	EXPECT_TRUE(has_logged(self->engine, "syscall_entry", TEST_NR));
	/* clone, wait4 and exit_group of the parent; two calls of the child. */
	EXPECT_LE(5, counter(self->engine, "syscall_entry"));
}

static void fork_failing(int in, int out)
{
	/* CLONE_THREAD without CLONE_SIGHAND */
	if (syscall(SYS_clone, 0x00010000, 0, 0, 0, 0) != -1)
		_exit(1);
	/* A namespace that does not come to be, late in the copying. */
	if (syscall(SYS_clone, 0x00001000 | SIGCHLD, 0, (void *)8, 0, 0) != -1)
		_exit(2);
}

TEST_F(events, clone_that_fails_reports_nothing)
{
	START(fork_failing);
	ASSERT_EQ(0, command(self->engine, "events clone clone_done"));
	tell(self);
	EXPECT_EQ(0, end(self));
	EXPECT_TRUE(logged_exactly(self->engine, ""));
}

static void vfork_one(int in, int out)
{
	if (!vfork())
		_exit(0);
	wait(NULL);
}

TEST_F(events, vfork_done_is_the_last_of_three)
{
	START(vfork_one);
	ASSERT_EQ(0, command(self->engine,
			     "events clone clone_done vfork_done"));
	tell(self);
	EXPECT_EQ(0, end(self));
	EXPECT_TRUE(logged_exactly(self->engine,
				   "clone clone_done vfork_done"));
}

TEST_F(events, clone_follow_hears_of_the_child_to_its_end)
{
	START(fork_one);
	ASSERT_EQ(0, command(self->engine, "events clone exit death reap"));
	ASSERT_EQ(0, command(self->engine, "on clone follow"));
	tell(self);
	EXPECT_EQ(0, end(self));
	/* The child may be reaped before it has told of its death. */
	EXPECT_EQ(0, wait_for_count(self->engine, "reap", 2));
	EXPECT_EQ(2, counter(self->engine, "exit"));
	EXPECT_EQ(2, counter(self->engine, "death"));
	EXPECT_EQ(2, counter(self->engine, "reap"));
}

TEST_F(events, clone_stop_lets_the_child_run)
{
	START(fork_one);
	ASSERT_EQ(0, command(self->engine, "events clone syscall_entry"));
	ASSERT_EQ(0, command(self->engine, "on clone follow"));
	ASSERT_EQ(0, command(self->engine, "on clone stop"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "clone", 1));
	ASSERT_EQ(0, wait_stopped(self->engine));
	/* The child's calls, up to its end: getpgid and exit_group. */
	EXPECT_TRUE(wait_until(counter(self->engine, "last_nr") ==
			       SYS_exit_group));
	EXPECT_EQ(0, command(self->engine, "finish"));
	ASSERT_EQ(0, command(self->engine, "resume"));
	EXPECT_EQ(0, end(self));
}

/* Programs */

static void exec_one(int in, int out)
{
	execute();
}

TEST_F(events, exec_is_told_with_the_old_pid)
{
	pid_t pid;

	START(exec_one);
	pid = self->pid;
	ASSERT_EQ(0, command(self->engine, "events exec exit"));
	tell(self);
	EXPECT_EQ(EXIT_CODE(EXECUTED), end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "exec exit"));
	EXPECT_EQ(pid, logged(self->engine, "exec"));
}

static void exec_failing(int in, int out)
{
	static char * const none[] = { NULL };

	execve("/proc/self/exe/nothing", none, none);
}

TEST_F(events, exec_that_fails_reports_nothing)
{
	START(exec_failing);
	ASSERT_EQ(0, command(self->engine, "events exec"));
	tell(self);
	EXPECT_EQ(0, end(self));
	EXPECT_TRUE(logged_exactly(self->engine, ""));
}

static int thread_tid_fd;

static void *exec_in_thread(void *in)
{
	pid_t tid = syscall(SYS_gettid);
	char byte;

	if (write(thread_tid_fd, &tid, sizeof(tid)) != sizeof(tid) ||
	    read((long)in, &byte, 1) != 1)
		_exit(1);
	execute();
	return NULL;
}

static void exec_by_thread(int in, int out)
{
	pthread_t thread;

	thread_tid_fd = out;
	pthread_create(&thread, NULL, exec_in_thread, (void *)(long)in);
	pause();
}

TEST_F(events, exec_by_a_thread_keeps_the_engine)
{
	pid_t tid = 0;

	START(exec_by_thread);
	ASSERT_EQ(0, command(self->engine, "events death reap"));
	tell(self);
	ASSERT_EQ(sizeof(tid), read(self->out, &tid, sizeof(tid)));
	ASSERT_EQ(0, attach_to(self->other, tid));
	ASSERT_EQ(0, command(self->other, "events exec exit death"));
	tell(self);
	EXPECT_EQ(EXIT_CODE(EXECUTED), end(self));

	/* The leader dies for it, and is not the last of the group. */
	EXPECT_TRUE(logged_exactly(self->engine, "death reap"));
	EXPECT_EQ(0, logged(self->engine, "death"));
	/* The thread goes on in its place. */
	EXPECT_TRUE(is_detached(self->other));
	EXPECT_TRUE(logged_exactly(self->other, "exec exit death"));
	EXPECT_EQ(tid, logged(self->other, "exec"));
	EXPECT_EQ(1, logged(self->other, "death"));
}

/* Ends */

static void exit_three(int in, int out)
{
	_exit(3);
}

TEST_F(events, exit_death_and_reap_in_order)
{
	START(exit_three);
	ASSERT_EQ(0, command(self->engine, "events exit death reap"));
	tell(self);
	ASSERT_EQ(0, wait_for_state(self->pid, 'Z'));
	ASSERT_EQ(0, wait_for_count(self->engine, "death", 1));
	EXPECT_TRUE(logged_exactly(self->engine, "exit death"));
	EXPECT_EQ(EXIT_CODE(3), end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "exit death reap"));
	EXPECT_EQ(EXIT_CODE(3), logged(self->engine, "exit"));
	EXPECT_EQ(1, logged(self->engine, "death"));
	/* By the parent. */
	EXPECT_EQ(1, logged(self->engine, "reap"));
}

TEST_F(events, exit_code_can_be_changed)
{
	START(exit_three);
	ASSERT_EQ(0, command(self->engine, "events exit"));
	ASSERT_EQ(0, command(self->engine, "on exit code 0x500"));
	tell(self);
	EXPECT_EQ(EXIT_CODE(5), end(self));
}

static void exit_thread_three(int in, int out)
{
	syscall(SYS_exit, 3);
}

/*
 * SIGKILL does not reach the last threads of a group, so they must not stop. That
 * others do is in a_threads_end_is_not_its_groups.
 */
TEST_F(events, no_exit_stop_of_the_last_thread)
{
	START(exit_thread_three);
	ASSERT_EQ(0, command(self->engine, "events exit"));
	ASSERT_EQ(0, command(self->engine, "on exit stop"));
	tell(self);
	EXPECT_EQ(EXIT_CODE(3), end(self));
	EXPECT_EQ(1, counter(self->engine, "exit"));
}

TEST_F(events, no_exit_stop_if_the_group_ends)
{
	START(exit_three);
	ASSERT_EQ(0, command(self->engine, "events exit death"));
	ASSERT_EQ(0, command(self->engine, "on exit stop"));
	ASSERT_EQ(0, command(self->engine, "on death stop"));
	tell(self);
	EXPECT_EQ(EXIT_CODE(3), end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "exit death"));
}

TEST_F(events, no_exit_stop_if_a_signal_ends_it)
{
	START(exit_three);
	ASSERT_EQ(0, command(self->engine, "events exit"));
	ASSERT_EQ(0, command(self->engine, "on exit stop"));
	kill(self->pid, SIGTERM);
	EXPECT_EQ(SIGTERM, end(self));
	EXPECT_EQ(1, counter(self->engine, "exit"));
}

TEST_F(events, exit_code_of_a_killed_task_can_be_changed)
{
	START(exit_three);
	ASSERT_EQ(0, command(self->engine, "events exit"));
	ASSERT_EQ(0, command(self->engine, "on exit code 0x500"));
	kill(self->pid, SIGKILL);
	EXPECT_EQ(EXIT_CODE(5), end(self));
	EXPECT_EQ(SIGKILL, logged(self->engine, "exit"));
}

TEST_F(events, detached_at_death_hears_no_reap)
{
	START(exit_three);
	ASSERT_EQ(0, command(self->engine, "events death reap"));
	ASSERT_EQ(0, command(self->engine, "on death detach"));
	tell(self);
	EXPECT_EQ(EXIT_CODE(3), end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "death"));
}

TEST_F(events, too_late_for_a_zombie)
{
	START(exit_three);
	ASSERT_EQ(0, command(self->engine, "events quiesce death"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "death", 1));
	EXPECT_EQ(EALREADY, command(self->engine, "events quiesce"));
	EXPECT_EQ(EALREADY, command(self->engine, "stop"));
	EXPECT_EQ(EALREADY, command(self->engine, "interrupt"));
	/* But not for the reaping. */
	EXPECT_EQ(0, command(self->engine, "events quiesce death reap"));
	EXPECT_EQ(EXIT_CODE(3), end(self));
	EXPECT_TRUE(is_detached(self->engine));
	EXPECT_EQ(1, counter(self->engine, "reap"));
	EXPECT_EQ(ESRCH, command(self->engine, "events"));
}

TEST_F(events, detaching_a_zombie_suppresses_the_reap)
{
	START(exit_three);
	ASSERT_EQ(0, command(self->engine, "events death reap"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "death", 1));
	EXPECT_EQ(0, command(self->engine, "barrier"));
	EXPECT_EQ(0, command(self->engine, "detach"));
	EXPECT_EQ(EXIT_CODE(3), end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "death"));
}

/* Its parent may reap a task before that has told its engines of its death. */
TEST_F(events, reap_waits_for_death)
{
	int status;

	START(exit_three);
	ASSERT_EQ(0, command(self->engine, "events death reap"));
	ASSERT_EQ(0, command(self->engine, "on death wait"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "death", 1));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	self->pid = 0;
	EXPECT_EQ(EXIT_CODE(3), status);
	EXPECT_TRUE(logged_exactly(self->engine, "death"));
	/* It is being told, so it is too late already. */
	EXPECT_EQ(EALREADY, command(self->engine, "events reap"));
	EXPECT_EQ(EALREADY, command(self->engine, "stop"));
	ASSERT_EQ(0, command(self->engine, "go"));
	ASSERT_EQ(0, wait_for_count(self->engine, "reap", 1));
	EXPECT_TRUE(logged_exactly(self->engine, "death reap"));
	/* By itself, since the parent was here before. */
	EXPECT_EQ(0, logged(self->engine, "reap"));
}

TEST_F(events, reap_of_a_task_that_nobody_waits_for)
{
	START(exit_three);
	ASSERT_EQ(0, command(self->engine, "events death reap"));
	signal(SIGCHLD, SIG_IGN);
	tell(self);
	EXPECT_EQ(0, wait_for_count(self->engine, "reap", 1));
	signal(SIGCHLD, SIG_DFL);
	EXPECT_TRUE(logged_exactly(self->engine, "death reap"));
	EXPECT_EQ(0, logged(self->engine, "reap"));
	self->pid = 0;
}

static void *thread_ends(void *in)
{
	pid_t tid = syscall(SYS_gettid);
	char byte;

	if (write(thread_tid_fd, &tid, sizeof(tid)) != sizeof(tid) ||
	    read((long)in, &byte, 1) != 1)
		_exit(1);
	return NULL;
}

static void thread_one(int in, int out)
{
	pthread_t thread;
	char byte;

	thread_tid_fd = out;
	pthread_create(&thread, NULL, thread_ends, (void *)(long)in);
	pthread_join(thread, NULL);
	if (read(in, &byte, 1) != 1)
		_exit(1);
}

TEST_F(events, a_threads_end_is_not_its_groups)
{
	pid_t tid = 0;

	START(thread_one);
	tell(self);
	ASSERT_EQ(sizeof(tid), read(self->out, &tid, sizeof(tid)));
	ASSERT_EQ(0, attach_to(self->other, tid));
	ASSERT_EQ(0, command(self->other, "events exit death reap"));
	/* It leaves a group that lives on, so it can be stopped. */
	ASSERT_EQ(0, command(self->other, "on exit stop"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->other, "exit", 1));
	ASSERT_EQ(0, stop_and_wait(self->other));
	ASSERT_EQ(0, command(self->other, "resume"));
	ASSERT_EQ(0, wait_for_count(self->other, "reap", 1));
	EXPECT_TRUE(logged_exactly(self->other, "exit death reap"));
	EXPECT_EQ(0, logged(self->other, "death"));
	tell(self);
	EXPECT_EQ(0, end(self));
}

/* seccomp */

static void ask_seccomp(int in, int out)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TEST_NR, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | 99),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };
	long result;
	char byte;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(1);
	do {
		result = syscall(TEST_NR, 0);
		if (result < 0)
			result = -errno;
		if (write(out, &result, sizeof(result)) != sizeof(result))
			_exit(2);
	} while (read(in, &byte, 1) == 1);
}

TEST_F(events, seccomp_asks_an_engine)
{
	long result = 0;

	START(ask_seccomp);
	/* Nobody is there to be asked. */
	tell(self);
	ASSERT_EQ(sizeof(result), read(self->out, &result, sizeof(result)));
	EXPECT_EQ(-ENOSYS, result);

	ASSERT_EQ(0, command(self->engine, "events seccomp"));
	tell(self);
	ASSERT_EQ(sizeof(result), read(self->out, &result, sizeof(result)));
	EXPECT_LT(0, result);
	EXPECT_EQ(99, logged(self->engine, "seccomp"));

	ASSERT_EQ(0, command(self->engine, "on seccomp abort 4321"));
	tell(self);
	ASSERT_EQ(sizeof(result), read(self->out, &result, sizeof(result)));
	EXPECT_EQ(4321, result);
	EXPECT_EQ(2, counter(self->engine, "seccomp"));
}

/* Signals */

static void take_signals(int in, int out)
{
	struct sigaction action = {
		.sa_handler = on_signal,
		.sa_flags = SA_RESTART,
	};
	char byte;

	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	signal(SIGHUP, SIG_IGN);
	do {
		struct pong pong = handled;

		if (write(out, &pong, sizeof(pong)) != sizeof(pong))
			_exit(1);
	} while (read(in, &byte, 1) == 1);
}

static struct pong ping(FIXTURE_DATA(events) * const self)
{
	struct pollfd fd = { .fd = self->out, .events = POLLIN };
	struct pong pong = { -1, -1, -1 };

	tell(self);
	if (poll(&fd, 1, WAIT_MS) != 1 ||
	    read(self->out, &pong, sizeof(pong)) != sizeof(pong))
		pong.usr1 = -1;
	return pong;
}

#define START_SIGNALS()							\
do {									\
	START(take_signals);						\
	EXPECT_EQ(0, ping(self).usr1);					\
	ASSERT_EQ(0, command(self->engine,				\
		"events quiesce signal signal_ign signal_stop signal_term signal_core")); \
} while (0)

TEST_F(events, signal_event_is_the_disposition)
{
	START_SIGNALS();
	ASSERT_EQ(0, command(self->engine,
			     "events signal signal_ign signal_stop signal_term signal_core"));
	ASSERT_EQ(0, command(self->engine, "on signal_stop answer ign"));
	ASSERT_EQ(0, command(self->engine, "on signal_term answer ign"));
	ASSERT_EQ(0, command(self->engine, "on signal_core answer ign"));

	kill(self->pid, SIGUSR1);
	ASSERT_EQ(0, wait_for_count(self->engine, "signal", 1));
	EXPECT_EQ(SIGUSR1, logged(self->engine, "signal"));
	kill(self->pid, SIGHUP);
	ASSERT_EQ(0, wait_for_count(self->engine, "signal_ign", 1));
	EXPECT_EQ(SIGHUP, logged(self->engine, "signal_ign"));
	kill(self->pid, SIGTSTP);
	ASSERT_EQ(0, wait_for_count(self->engine, "signal_stop", 1));
	EXPECT_EQ(SIGTSTP, logged(self->engine, "signal_stop"));
	kill(self->pid, SIGTERM);
	ASSERT_EQ(0, wait_for_count(self->engine, "signal_term", 1));
	EXPECT_EQ(SIGTERM, logged(self->engine, "signal_term"));
	kill(self->pid, SIGQUIT);
	ASSERT_EQ(0, wait_for_count(self->engine, "signal_core", 1));
	EXPECT_EQ(SIGQUIT, logged(self->engine, "signal_core"));

	/* It lives, and the handler ran once. */
	EXPECT_EQ(1, ping(self).usr1);
	EXPECT_TRUE(logged_exactly(self->engine,
				   "signal signal_ign signal_stop signal_term signal_core"));
}

TEST_F(events, signal_of_no_interest_is_not_reported)
{
	START_SIGNALS();
	ASSERT_EQ(0, command(self->engine, "events signal_term"));
	kill(self->pid, SIGUSR1);
	kill(self->pid, SIGHUP);
	EXPECT_EQ(1, ping(self).usr1);
	EXPECT_TRUE(logged_exactly(self->engine, ""));
}

TEST_F(events, signal_can_be_changed)
{
	struct pong pong;

	START_SIGNALS();
	ASSERT_EQ(0, command(self->engine, "on signal answer deliver 12"));
	ASSERT_EQ(12, SIGUSR2);
	kill(self->pid, SIGUSR1);
	pong = ping(self);
	EXPECT_EQ(0, pong.usr1);
	EXPECT_EQ(1, pong.usr2);
}

TEST_F(events, signal_held_comes_again)
{
	START_SIGNALS();
	ASSERT_EQ(0, command(self->engine, "on signal answer hold"));
	ASSERT_EQ(0, command(self->engine, "on signal stop"));
	kill(self->pid, SIGUSR1);
	ASSERT_EQ(0, wait_for_count(self->engine, "signal", 1));
	ASSERT_EQ(0, wait_stopped(self->engine));
	ASSERT_EQ(0, command(self->engine, "on signal answer deliver"));
	ASSERT_EQ(0, command(self->engine, "on signal resume"));
	EXPECT_EQ(1, counter(self->engine, "signal"));
	ASSERT_EQ(0, command(self->engine, "resume"));
	EXPECT_EQ(1, ping(self).usr1);
	EXPECT_EQ(2, counter(self->engine, "signal"));
}

TEST_F(events, signal_stop_is_before_its_effect)
{
	START_SIGNALS();
	ASSERT_EQ(0, command(self->engine, "on signal_term stop"));
	kill(self->pid, SIGTERM);
	ASSERT_EQ(0, wait_for_count(self->engine, "signal_term", 1));
	ASSERT_EQ(0, wait_stopped(self->engine));
	EXPECT_EQ('D', state_of(self->pid));
	ASSERT_EQ(0, command(self->engine, "resume"));
	EXPECT_EQ(SIGTERM, end(self));
}

TEST_F(events, signal_made_deadly)
{
	START_SIGNALS();
	ASSERT_EQ(0, command(self->engine, "on signal answer term"));
	kill(self->pid, SIGUSR1);
	/* Its default action is just that, so it keeps its number. */
	EXPECT_EQ(SIGUSR1, end(self));
}

TEST_F(events, signal_made_to_dump_core)
{
	int status;

	START_SIGNALS();
	ASSERT_EQ(0, command(self->engine, "on signal_ign answer core"));
	kill(self->pid, SIGHUP);
	status = end(self);
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGABRT, WTERMSIG(status));
}

TEST_F(events, signal_made_to_stop)
{
	int status;

	START_SIGNALS();
	ASSERT_EQ(0, command(self->engine, "on signal answer stop"));
	kill(self->pid, SIGUSR1);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(SIGSTOP, WSTOPSIG(status));
	ASSERT_EQ(0, command(self->engine, "on signal answer deliver"));
	kill(self->pid, SIGCONT);
	EXPECT_EQ(0, ping(self).usr1);
	kill(self->pid, SIGUSR1);
	EXPECT_EQ(1, ping(self).usr1);
}

TEST_F(events, signal_made_to_stop_like_a_terminals)
{
	int status;

	/* Not with an orphaned process group: give it one of its own. */
	START_SIGNALS();
	ASSERT_EQ(0, setpgid(self->pid, self->pid));
	ASSERT_EQ(0, command(self->engine, "on signal answer tstp"));
	kill(self->pid, SIGUSR1);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(SIGTSTP, WSTOPSIG(status));
}

TEST_F(events, signal_taken_away_is_gone_for_those_behind)
{
	START_SIGNALS();
	ASSERT_EQ(0, attach_to(self->other, self->pid));
	ASSERT_EQ(0, command(self->other, "events signal signal_term"));
	ASSERT_EQ(0, command(self->engine, "on signal answer ign"));
	kill(self->pid, SIGUSR1);
	EXPECT_EQ(0, ping(self).usr1);
	EXPECT_EQ(1, counter(self->engine, "signal"));
	EXPECT_EQ(0, counter(self->other, "signal"));

	/* Nor does one behind undo what one before has made of it. */
	ASSERT_EQ(0, command(self->engine, "on signal answer term"));
	kill(self->pid, SIGUSR1);
	EXPECT_EQ(SIGUSR1, end(self));
	EXPECT_EQ(1, counter(self->other, "signal_term"));
}

TEST_F(events, signal_kill_is_not_reported)
{
	START_SIGNALS();
	kill(self->pid, SIGKILL);
	EXPECT_EQ(SIGKILL, end(self));
	EXPECT_TRUE(logged_exactly(self->engine, ""));
}

TEST_F(events, interrupt_without_a_signal_is_a_report)
{
	START_SIGNALS();
	ASSERT_EQ(0, wait_for_state(self->pid, 'S'));
	ASSERT_EQ(0, command(self->engine, "interrupt"));
	ASSERT_EQ(0, wait_for_count(self->engine, "reports", 1));
	EXPECT_EQ(0, ping(self).usr1);
	EXPECT_EQ(1, counter(self->engine, "reports"));
	EXPECT_EQ(0, counter(self->engine, "signal"));
	/* One for the look-in, and one before report_signal(). */
	EXPECT_EQ(2, counter(self->engine, "quiesce"));
}

TEST_F(events, interrupt_with_a_signal_pending_is_no_report)
{
	START_SIGNALS();
	ASSERT_EQ(EINPROGRESS, command(self->engine, "stop"));
	tell(self);
	ASSERT_EQ(0, wait_stopped(self->engine));
	kill(self->pid, SIGUSR1);
	ASSERT_EQ(0, command(self->engine, "interrupt"));
	EXPECT_EQ(0, wait_for_count(self->engine, "signal", 1));
	/* The handler runs before the child goes on to tell. */
	EXPECT_EQ(1, ping(self).usr1);
	EXPECT_EQ(1, counter(self->engine, "signal"));
	EXPECT_EQ(0, counter(self->engine, "reports"));
}

TEST_F(events, interrupt_can_inject_a_signal)
{
	START_SIGNALS();
	ASSERT_EQ(0, command(self->engine, "inject 10"));
	ASSERT_EQ(10, SIGUSR1);
	ASSERT_EQ(0, command(self->engine, "interrupt"));
	ASSERT_EQ(0, wait_for_count(self->engine, "signal", 1));
	EXPECT_EQ(1, ping(self).usr1);
}

TEST_F(events, report_does_not_ask_for_signals)
{
	START_SIGNALS();
	ASSERT_EQ(0, command(self->engine, "report"));
	EXPECT_EQ(0, ping(self).usr1);
	EXPECT_EQ(1, counter(self->engine, "quiesce"));
	EXPECT_EQ(0, counter(self->engine, "reports"));
}

/* Signals beside a tracer */

TEST_F(events, a_tracer_does_not_see_what_is_taken_away)
{
	int status;

	START_SIGNALS();
	ASSERT_EQ(0, command(self->engine, "on signal answer ign"));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
	kill(self->pid, SIGUSR1);
	ASSERT_EQ(0, wait_for_count(self->engine, "signal", 1));
	EXPECT_EQ(0, ping(self).usr1);
	EXPECT_EQ(0, waitpid(self->pid, &status, WNOHANG | __WALL));

	/* What it does see is what it was changed to. */
	ASSERT_EQ(0, command(self->engine, "on signal answer deliver 12"));
	kill(self->pid, SIGUSR1);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	EXPECT_EQ(SIGUSR2, WSTOPSIG(status));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, SIGUSR2));
	EXPECT_EQ(1, ping(self).usr2);
}

TEST_F(events, an_engine_behind_sees_what_a_tracer_left)
{
	int status;

	START(take_signals);
	EXPECT_EQ(0, ping(self).usr1);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
	ASSERT_EQ(0, attach_to(self->other, self->pid));
	ASSERT_EQ(0, command(self->other, "events signal signal_term"));
	kill(self->pid, SIGUSR1);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, SIGUSR2));
	EXPECT_EQ(1, ping(self).usr2);
	EXPECT_EQ(SIGUSR2, logged(self->other, "signal"));

	kill(self->pid, SIGTERM);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	EXPECT_EQ(1, ping(self).usr2);
	EXPECT_EQ(0, counter(self->other, "signal_term"));
}

/* Job control */

/* As the test engine logs what happens and what is notified. */
#define JCTL(cld)	((cld) | (cld) << 8)

TEST_F(events, jctl_stop_and_continue)
{
	int status;

	START(take_signals);
	EXPECT_EQ(0, ping(self).usr1);
	ASSERT_EQ(0, command(self->engine, "events jctl"));
	kill(self->pid, SIGSTOP);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, WUNTRACED));
	EXPECT_TRUE(logged_exactly(self->engine, "jctl"));
	/* Its parent is told the same, as it has no other threads. */
	EXPECT_EQ(JCTL(CLD_STOPPED), logged(self->engine, "jctl"));
	kill(self->pid, SIGCONT);
	EXPECT_EQ(0, ping(self).usr1);
	EXPECT_TRUE(logged_exactly(self->engine, "jctl jctl"));
	EXPECT_EQ(JCTL(CLD_CONTINUED), logged(self->engine, "jctl"));
}

TEST_F(events, jctl_continued_while_it_is_told)
{
	int status;

	START(take_signals);
	EXPECT_EQ(0, ping(self).usr1);
	ASSERT_EQ(0, command(self->engine, "events jctl"));
	ASSERT_EQ(0, command(self->engine, "on jctl wait"));
	kill(self->pid, SIGSTOP);
	ASSERT_EQ(0, wait_for_count(self->engine, "jctl", 1));
	kill(self->pid, SIGCONT);
	ASSERT_EQ(0, command(self->engine, "go"));
	/* It has not stopped. */
	EXPECT_EQ(0, ping(self).usr1);
	EXPECT_EQ(0, waitpid(self->pid, &status, WUNTRACED | WNOHANG));
}

TEST_F(events, jctl_trap_for_a_tracer)
{
	int status;

	START(take_signals);
	EXPECT_EQ(0, ping(self).usr1);
	ASSERT_EQ(0, command(self->engine, "events jctl"));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	EXPECT_EQ(PTRACE_EVENT_STOP, status >> 16);
	EXPECT_EQ(JCTL(CLD_TRAPPED), logged(self->engine, "jctl"));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	EXPECT_EQ(0, ping(self).usr1);

	/* A group stop, too, after the stop for its signal. */
	kill(self->pid, SIGSTOP);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	EXPECT_EQ(1, counter(self->engine, "jctl"));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, SIGSTOP));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	EXPECT_EQ(PTRACE_EVENT_STOP, status >> 16);
	EXPECT_EQ(2, counter(self->engine, "jctl"));
	EXPECT_EQ(JCTL(CLD_TRAPPED), logged(self->engine, "jctl"));
}

TEST_F(events, jctl_killed_in_its_stop_does_not_continue)
{
	int status;

	START(take_signals);
	EXPECT_EQ(0, ping(self).usr1);
	ASSERT_EQ(0, command(self->engine, "events jctl"));
	kill(self->pid, SIGSTOP);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, WUNTRACED));
	kill(self->pid, SIGKILL);
	EXPECT_EQ(SIGKILL, end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "jctl"));
}

/* Steps */

static void compute(int in, int out)
{
	for (;;)
		getpid();
}

static void check_child(pid_t pid)
{
	int status;

	_exit(waitpid(pid, &status, 0) == pid && !status ? 4 : 5);
}

static void fork_and_check(int in, int out)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	check_child(pid);
}

static void vfork_and_check(int in, int out)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(0);
	check_child(pid);
}

/* Does @counter_name stand still, once what is under way is over? */
static int no_more(int engine, const char *counter_name)
{
	long before;

	command(engine, "barrier");
	sleep_ms(20);
	before = counter(engine, counter_name);
	sleep_ms(50);
	return counter(engine, counter_name) == before;
}

TEST_F(events, steps_are_told_to_the_engine_that_steps)
{
	int status;

	START(compute);
	ASSERT_EQ(0, attach_to(self->other, self->pid));
	ASSERT_EQ(0, command(self->engine, "events quiesce signal_core"));
	ASSERT_EQ(0, command(self->other, "events quiesce signal_core"));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
	ASSERT_EQ(0, command(self->engine, "singlestep"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "traps", 100));

	/* Not to another engine, a tracer, or the task. */
	EXPECT_EQ(0, counter(self->other, "signal_core"));
	EXPECT_EQ(0, waitpid(self->pid, &status, WNOHANG | __WALL));

	/* No other engine's resume ends it. */
	ASSERT_EQ(0, command(self->other, "resume"));
	ASSERT_EQ(0, wait_for_count(self->engine, "traps",
				    counter(self->engine, "traps") + 100));

	/* Its own does, and no trap is left over for the task. */
	ASSERT_EQ(0, command(self->engine, "resume"));
	EXPECT_TRUE(no_more(self->engine, "traps"));
	EXPECT_EQ('R', state_of(self->pid));
	EXPECT_EQ(0, waitpid(self->pid, &status, WNOHANG | __WALL));
}

static void compute_a_while(int in, int out)
{
	for (int i = 0; i < 20000; i++)
		getpid();
	_exit(6);
}

TEST_F(events, steps_end_when_their_engine_detaches)
{
	int err;

	START(compute_a_while);
	ASSERT_EQ(0, command(self->engine, "events quiesce signal_core"));
	ASSERT_EQ(0, command(self->engine, "singlestep"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "traps", 100));
	err = command(self->engine, "detach");
	EXPECT_TRUE(err == 0 || err == EINPROGRESS);
	/* The task lives on, with no trap in its way. */
	EXPECT_EQ(EXIT_CODE(6), end(self));
}

TEST_F(events, steps_end_when_the_file_is_closed)
{
	START(compute_a_while);
	ASSERT_EQ(0, command(self->engine, "events quiesce signal_core"));
	ASSERT_EQ(0, command(self->engine, "singlestep"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "traps", 100));
	close(self->engine);
	EXPECT_EQ(EXIT_CODE(6), wait_for_status(self->pid, __WALL));
	self->pid = 0;
}

TEST_F(events, steps_as_an_answer)
{
	START(exec_one);
	ASSERT_EQ(0, command(self->engine, "events quiesce exec signal_core"));
	ASSERT_EQ(0, command(self->engine, "on exec singlestep"));
	tell(self);
	/* From the first instruction of the new program. */
	EXPECT_EQ(0, wait_for_count(self->engine, "traps", 100));
	/* To its end it would take long where a kernel checks itself. */
	EXPECT_EQ(0, command(self->engine, "resume"));
	EXPECT_EQ(EXIT_CODE(EXECUTED), end(self));
}

static void step_through(struct __test_metadata *_metadata,
			 FIXTURE_DATA(events) * const self,
			 void (*body)(int in, int out), int status)
{
	START(body);
	ASSERT_EQ(0, command(self->engine, "events quiesce signal_core"));
	ASSERT_EQ(0, command(self->engine, "singlestep"));
	tell(self);
	EXPECT_EQ(status, end(self));
	EXPECT_LT(10, counter(self->engine, "traps"));
}

TEST_F(events, steps_through_fork_do_not_trap_the_child)
{
	step_through(_metadata, self, fork_and_check, EXIT_CODE(4));
}

TEST_F(events, steps_through_vfork_do_not_trap_the_child)
{
	step_through(_metadata, self, vfork_and_check, EXIT_CODE(4));
}

TEST_F(events, steps_through_exec_go_on_in_the_program)
{
	long traps;

	START(exec_one);
	ASSERT_EQ(0, command(self->engine, "events quiesce exec signal_core"));
	ASSERT_EQ(0, command(self->engine, "singlestep"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "exec", 1));
	traps = counter(self->engine, "traps");
	EXPECT_LT(0, traps);
	EXPECT_EQ(0, wait_for_count(self->engine, "traps", traps + 100));
	EXPECT_EQ(0, command(self->engine, "resume"));
	EXPECT_EQ(EXIT_CODE(EXECUTED), end(self));
}

TEST_F(events, steps_go_on_when_a_tracer_goes)
{
	int status, i;

	START(compute);
	ASSERT_EQ(0, command(self->engine, "events quiesce signal_core"));
	ASSERT_EQ(0, command(self->engine, "singlestep"));
	tell(self);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
		ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
		ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
		if (i) {
			ASSERT_EQ(0, ptrace(PTRACE_SINGLESTEP, self->pid, 0, 0));
			ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
		}
		ASSERT_EQ(0, ptrace(PTRACE_DETACH, self->pid, 0, 0));
		EXPECT_EQ(0, wait_for_count(self->engine, "traps",
					    counter(self->engine, "traps") + 50));
	}
	EXPECT_EQ('R', state_of(self->pid));
}

TEST_F(events, a_tracer_that_detaches_leaves_no_step_beside_an_engine)
{
	int status;

	START(compute);
	ASSERT_EQ(0, command(self->engine, "events quiesce"));
	tell(self);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	ASSERT_EQ(0, ptrace(PTRACE_SINGLESTEP, self->pid, 0, 0));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	ASSERT_EQ(SIGTRAP, WSTOPSIG(status));
	/* The engine changes its mind while the tracer holds the task. */
	ASSERT_EQ(0, command(self->engine, "singlestep"));
	ASSERT_EQ(0, command(self->engine, "resume"));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, self->pid, 0, 0));
	sleep_ms(50);
	EXPECT_EQ(0, waitpid(self->pid, &status, WNOHANG | __WALL));
	EXPECT_EQ('R', state_of(self->pid));
}

TEST_F(events, steps_over_system_calls_are_reports)
{
	START(compute);
	ASSERT_EQ(0, command(self->engine, "events quiesce signal_core"));
	ASSERT_EQ(0, command(self->engine, "singlestep"));
	tell(self);
	/* In place of the trap, whether it wants the event or not. */
	EXPECT_EQ(0, wait_for_count(self->engine, "steps", 10));
}

TEST_F(events, a_step_without_interest_in_signals_is_no_signal)
{
	START(compute);
	ASSERT_EQ(0, command(self->engine, "events quiesce"));
	ASSERT_EQ(0, command(self->engine, "singlestep"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "steps", 10));
	EXPECT_EQ(0, counter(self->engine, "traps"));
	kill(self->pid, SIGKILL);
	EXPECT_EQ(SIGKILL, end(self));
}

TEST_F(events, a_step_goes_on_into_a_handler)
{
	START_SIGNALS();
	ASSERT_EQ(0, command(self->engine, "singlestep"));
	kill(self->pid, SIGUSR1);
	EXPECT_EQ(1, ping(self).usr1);
	EXPECT_EQ(1, counter(self->engine, "handlers"));
	/* The handler has more instructions than this. */
	EXPECT_LT(10, counter(self->engine, "traps"));
}

TEST_F(events, both_step_and_each_has_its_trap)
{
	int status, i;
	long traps;

	START(compute);
	ASSERT_EQ(0, command(self->engine, "events quiesce signal_core"));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	ASSERT_EQ(0, command(self->engine, "singlestep"));
	tell(self);
	for (i = 0; i < 50; i++) {
		ASSERT_EQ(0, ptrace(PTRACE_SINGLESTEP, self->pid, 0, 0));
		ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
		ASSERT_EQ(SIGTRAP, WSTOPSIG(status));
	}
	traps = counter(self->engine, "traps");
	EXPECT_LE(40, traps);

	/* The tracer goes on without steps, the engine with them. */
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	ASSERT_EQ(0, wait_for_count(self->engine, "traps", traps + 100));
	EXPECT_EQ(0, waitpid(self->pid, &status, WNOHANG | __WALL));

	/* The other way round. */
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	ASSERT_EQ(0, command(self->engine, "resume"));
	ASSERT_EQ(0, ptrace(PTRACE_SINGLESTEP, self->pid, 0, 0));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	traps = counter(self->engine, "traps");
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, ptrace(PTRACE_SINGLESTEP, self->pid, 0, 0));
		ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
		ASSERT_EQ(SIGTRAP, WSTOPSIG(status));
	}
	EXPECT_EQ(traps, counter(self->engine, "traps"));
}

/* Functions that wait for callbacks, and looks at a stopped task */

/* In a process of its own, since it sleeps: what a command comes to. */
static pid_t command_apart(int engine, const char *text)
{
	pid_t pid = fork();

	if (!pid)
		_exit(command(engine, text));
	return pid;
}

/* The voluntary switches of @pid: more each time it was asleep. */
static long switches(pid_t pid)
{
	char path[64];
	long number;
	FILE *file;
	char line[128];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "r");
	if (!file)
		return -1;
	number = -1;
	while (fgets(line, sizeof(line), file))
		sscanf(line, "voluntary_ctxt_switches: %ld", &number);
	fclose(file);
	return number;
}

TEST_F(events, barrier_waits_for_the_callback)
{
	pid_t waiter;
	long slept;

	START(fork_one);
	ASSERT_EQ(0, command(self->engine, "events clone"));
	ASSERT_EQ(0, command(self->engine, "on clone wait"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "clone", 1));

	/* It is running, so it cannot be known not to be. */
	EXPECT_EQ(EINPROGRESS, command(self->engine, "events"));
	EXPECT_EQ(0, command(self->engine, "events clone"));

	waiter = command_apart(self->engine, "barrier");
	ASSERT_LT(0, waiter);
	ASSERT_EQ(0, wait_for_state(waiter, 'S'));
	slept = switches(waiter);
	sleep_ms(200);
	/* It sleeps until it is woken, and does not look now and then. */
	EXPECT_EQ('S', state_of(waiter));
	EXPECT_EQ(slept, switches(waiter));
	ASSERT_EQ(0, command(self->engine, "go"));
	EXPECT_EQ(0, wait_for_status(waiter, 0));
	EXPECT_EQ(0, end(self));
}

TEST_F(events, barrier_is_behind_what_the_callback_answers)
{
	pid_t waiter;

	START(exec_one);
	ASSERT_EQ(0, command(self->engine, "events exec"));
	ASSERT_EQ(0, command(self->engine, "on exec wait"));
	ASSERT_EQ(0, command(self->engine, "on exec detach"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "exec", 1));
	waiter = command_apart(self->engine, "barrier");
	ASSERT_EQ(0, wait_for_state(waiter, 'S'));
	ASSERT_EQ(0, command(self->engine, "go"));
	EXPECT_EQ(EXIT_CODE(ESRCH), wait_for_status(waiter, 0));
	EXPECT_EQ(EXIT_CODE(EXECUTED), end(self));
}

TEST_F(events, barrier_is_not_prolonged_by_later_reports)
{
	int i;

	START(compute);
	ASSERT_EQ(0, command(self->engine, "events syscall_entry"));
	ASSERT_EQ(0, command(self->engine, "on syscall_entry wait 1"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "syscall_entry", 1));
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, command(self->engine, "barrier"));
}

TEST_F(events, detach_and_barrier_in_the_middle_of_a_callback)
{
	pid_t waiter;
	long left;

	START(fork_one);
	left = engines_left();
	ASSERT_EQ(0, command(self->engine, "events clone clone_done"));
	ASSERT_EQ(0, command(self->engine, "on clone wait"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "clone", 1));
	EXPECT_EQ(EINPROGRESS, command(self->engine, "detach"));
	EXPECT_EQ(ESRCH, command(self->engine, "detach"));
	waiter = command_apart(self->engine, "barrier");
	ASSERT_EQ(0, wait_for_state(waiter, 'S'));
	EXPECT_EQ(left, engines_left());
	ASSERT_EQ(0, command(self->engine, "go"));
	/* Detached, and nothing of it is running any more. */
	EXPECT_EQ(EXIT_CODE(ESRCH), wait_for_status(waiter, 0));
	EXPECT_EQ(0, end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "clone"));
	/* Released with the last reference, which is the file's. */
	EXPECT_EQ(left, engines_left());
	close(self->engine);
	EXPECT_TRUE(wait_until(engines_left() == left - 1));
}

TEST_F(events, released_once_when_the_file_is_closed_in_a_callback)
{
	long left;

	START(fork_one);
	left = engines_left();
	ASSERT_EQ(0, command(self->engine, "events clone"));
	ASSERT_EQ(0, command(self->engine, "on clone wait"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "clone", 1));
	/* This also lets the callback return. */
	close(self->engine);
	EXPECT_EQ(0, wait_for_status(self->pid, 0));
	self->pid = 0;
	EXPECT_TRUE(wait_until(engines_left() == left - 1));
}

/* utrace_control() by another task while the callback runs overrules it. */

TEST_F(events, a_stop_answered_is_overruled_by_resume)
{
	START(fork_one);
	ASSERT_EQ(0, command(self->engine, "events clone_done"));
	ASSERT_EQ(0, command(self->engine, "on clone_done wait"));
	ASSERT_EQ(0, command(self->engine, "on clone_done stop"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "clone_done", 1));
	ASSERT_EQ(0, command(self->engine, "resume"));
	ASSERT_EQ(0, command(self->engine, "go"));
	EXPECT_EQ(0, end(self));
}

TEST_F(events, a_stop_from_outside_is_not_undone_by_resume_answered)
{
	START(fork_one);
	ASSERT_EQ(0, command(self->engine, "events clone_done"));
	ASSERT_EQ(0, command(self->engine, "on clone_done wait"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "clone_done", 1));
	ASSERT_EQ(EINPROGRESS, command(self->engine, "stop"));
	ASSERT_EQ(0, command(self->engine, "go"));
	EXPECT_EQ(0, wait_stopped(self->engine));
	ASSERT_EQ(0, command(self->engine, "resume"));
	EXPECT_EQ(0, end(self));
}

/* 0 from "events" is a promise, on another CPU as well. */
TEST_F(events, no_callback_of_an_event_that_was_given_up)
{
	unsigned long busy = 0, free = 0;
	long before;
	int i, err;

	START(compute);
	tell(self);
	for (i = 0; i < 3000; i++) {
		ASSERT_EQ(0, command(self->engine, "events syscall_entry"));
		err = command(self->engine, "events");
		if (err) {
			busy++;
			ASSERT_EQ(EINPROGRESS, err);
			ASSERT_EQ(0, command(self->engine, "barrier"));
		} else {
			free++;
		}
		before = counter(self->engine, "syscall_entry");
		sched_yield();
		ASSERT_EQ(before, counter(self->engine, "syscall_entry"));
	}
	TH_LOG("%lu times while it was called, %lu times not", busy, free);
}

static void on_alarm(int signr)
{
}

TEST_F(events, barrier_can_be_interrupted)
{
	struct sigaction action = { .sa_handler = on_alarm };
	/* Again and again: the first may come before the write. */
	struct itimerval timer = {
		.it_value = { .tv_usec = 100000 },
		.it_interval = { .tv_usec = 100000 },
	};

	START(fork_one);
	ASSERT_EQ(0, command(self->engine, "events clone"));
	ASSERT_EQ(0, command(self->engine, "on clone wait"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "clone", 1));
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	/* -ERESTARTSYS, which without SA_RESTART is this. */
	EXPECT_EQ(EINTR, command(self->engine, "barrier"));
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);
	ASSERT_EQ(0, command(self->engine, "go"));
	EXPECT_EQ(0, end(self));
}

TEST_F(events, examine_a_stopped_task)
{
	START(take_signals);
	EXPECT_EQ(0, ping(self).usr1);
	ASSERT_EQ(0, wait_for_state(self->pid, 'S'));
	ASSERT_EQ(0, attach_to(self->other, self->pid));
	ASSERT_EQ(0, command(self->engine, "events quiesce"));
	/* Not while it may run. */
	EXPECT_EQ(EINVAL, command(self->engine, "prepare"));
	EXPECT_EQ(EINPROGRESS, command(self->engine, "stop"));
	EXPECT_EQ(EAGAIN, command(self->engine, "prepare"));
	tell(self);
	ASSERT_EQ(0, wait_stopped(self->engine));
	EXPECT_EQ(0, command(self->engine, "finish"));
	ASSERT_EQ(0, command(self->engine, "examine"));
	EXPECT_NE(0, counter(self->engine, "ip"));
	/* It is not this one that stops it. */
	EXPECT_EQ(EINVAL, command(self->other, "examine"));

	/* A killed task runs. */
	kill(self->pid, SIGKILL);
	EXPECT_EQ(SIGKILL, end(self));
	EXPECT_EQ(ESRCH, command(self->engine, "prepare"));
	EXPECT_EQ(ESRCH, command(self->engine, "finish"));
}

TEST_F(events, examine_tells_that_the_task_has_run)
{
	int err;

	START(take_signals);
	EXPECT_EQ(0, ping(self).usr1);
	ASSERT_EQ(0, command(self->engine, "events quiesce"));
	command(self->engine, "stop");
	tell(self);
	ASSERT_EQ(0, wait_stopped(self->engine));
	ASSERT_EQ(0, command(self->engine, "resume"));
	EXPECT_EQ(EINVAL, command(self->engine, "finish"));

	/* Stopped again: not the stop that the look began in. */
	EXPECT_EQ(0, ping(self).usr1);
	err = command(self->engine, "stop");
	EXPECT_TRUE(err == 0 || err == EINPROGRESS);
	tell(self);
	ASSERT_TRUE(wait_until(command(self->engine, "stop") == 0));
	EXPECT_EQ(EAGAIN, command(self->engine, "finish"));

	ASSERT_EQ(0, wait_stopped(self->engine));
	ASSERT_EQ(0, command(self->engine, "detach"));
	EXPECT_EQ(ESRCH, command(self->engine, "finish"));
}

/* Stops in each event, and what breaks them */

FIXTURE(stop) {
	pid_t pid;
	int in;
	int out;
	int engine;
	int other;
};

FIXTURE_VARIANT(stop) {
	const char *event;
	void (*body)(int in, int out);
	int signr;
};

FIXTURE_VARIANT_ADD(stop, clone) { "clone", fork_one };
FIXTURE_VARIANT_ADD(stop, clone_done) { "clone_done", fork_one };
FIXTURE_VARIANT_ADD(stop, vfork_done) { "vfork_done", vfork_one };
FIXTURE_VARIANT_ADD(stop, exec) { "exec", exec_one };
FIXTURE_VARIANT_ADD(stop, syscall_entry) { "syscall_entry", fork_one };
FIXTURE_VARIANT_ADD(stop, syscall_exit) { "syscall_exit", fork_one };
FIXTURE_VARIANT_ADD(stop, seccomp) { "seccomp", ask_seccomp };
FIXTURE_VARIANT_ADD(stop, signal_term) { "signal_term", fork_one, SIGTERM };
FIXTURE_VARIANT_ADD(stop, signal_core) { "signal_core", fork_one, SIGQUIT };
FIXTURE_VARIANT_ADD(stop, signal_stop) { "signal_stop", fork_one, SIGSTOP };
FIXTURE_VARIANT_ADD(stop, signal_ign) { "signal_ign", fork_one, SIGCHLD };
FIXTURE_VARIANT_ADD(stop, jctl) { "jctl", fork_one, SIGSTOP };
FIXTURE_VARIANT_ADD(stop, quiesce) { "quiesce", fork_one };

FIXTURE_SETUP(stop)
{
	char text[64];

	if (!have_engines())
		SKIP(return, NO_ENGINES);
	self->engine = open_engine();
	ASSERT_LE(0, self->engine);
	self->other = -1;
	/* The fixtures have the same layout. */
	start(_metadata, (FIXTURE_DATA(events) *)self, variant->body);
	snprintf(text, sizeof(text), "on %s stop", variant->event);
	ASSERT_EQ(0, command(self->engine, text));
	snprintf(text, sizeof(text), "events %s", variant->event);
	ASSERT_EQ(0, command(self->engine, text));
	if (!strcmp(variant->event, "quiesce"))
		ASSERT_EQ(0, command(self->engine, "report"));

	if (variant->signr)
		kill(self->pid, variant->signr);
	else
		tell((FIXTURE_DATA(events) *)self);
	ASSERT_EQ(0, wait_for_count(self->engine, variant->event, 1));
	/* By its answer: nothing else has asked for it. */
	ASSERT_EQ(0, wait_stopped(self->engine));
	ASSERT_EQ('D', state_of(self->pid));
}

FIXTURE_TEARDOWN(stop)
{
	if (self->pid > 0) {
		kill(self->pid, SIGKILL);
		waitpid(self->pid, NULL, __WALL);
	}
}

/* It has not run since wait_stopped(), whatever was done to it. */
#define expect_not_run()	EXPECT_EQ(0, command(self->engine, "finish"))

/* A tracer that dies while the engine stops its tracee. */
static void seize_and_die(pid_t pid)
{
	pid_t tracer = fork();

	if (!tracer) {
		ptrace(PTRACE_SEIZE, pid, 0, 0);
		ptrace(PTRACE_INTERRUPT, pid, 0, 0);
		_exit(0);
	}
	waitpid(tracer, NULL, 0);
}

TEST_F(stop, is_not_broken_by_others)
{
	static const char * const commands[] = {
		"events quiesce", "resume", "report", "interrupt", "stop",
		"singlestep", "resume", "detach",
	};
	int other = open_engine(), i;

	ASSERT_EQ(0, attach_to(other, self->pid));
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		EXPECT_EQ(0, command(other, commands[i]));
		expect_not_run();
	}
	close(other);
	seize_and_die(self->pid);
	expect_not_run();
	/* Signals that do not kill; these stop and continue the group. */
	if (variant->signr != SIGSTOP) {
		kill(self->pid, SIGSTOP);
		expect_not_run();
		kill(self->pid, SIGCONT);
		expect_not_run();
	}
	kill(self->pid, SIGCHLD);
	kill(self->pid, BLOCKED_SIGNAL);
	sleep_ms(20);
	expect_not_run();
	EXPECT_EQ('D', state_of(self->pid));
}

TEST_F(stop, lasts_until_resumed)
{
	int status;

	sleep_ms(20);
	EXPECT_EQ('D', state_of(self->pid));
	EXPECT_EQ(0, command(self->engine, "stop"));
	expect_not_run();

	ASSERT_EQ(0, command(self->engine, "detach"));
	if (variant->signr == SIGSTOP) {
		ASSERT_EQ(self->pid, waitpid(self->pid, &status, WUNTRACED));
		EXPECT_TRUE(WIFSTOPPED(status));
		return;
	}
	if (variant->signr == SIGCHLD || variant->body == ask_seccomp) {
		/* It waits for a byte now. */
		ASSERT_EQ(0, wait_for_state(self->pid, 'S'));
		return;
	}
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	self->pid = 0;
	if (variant->body == exec_one)
		status -= EXIT_CODE(EXECUTED);
	EXPECT_EQ(variant->signr, variant->signr ? WTERMSIG(status) : status);
}

TEST_F(stop, is_broken_by_sigkill)
{
	int status;

	kill(self->pid, SIGKILL);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	self->pid = 0;
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
}

TEST_F(stop, makes_a_tracer_wait)
{
	int status;

	/* It can attach, and has to wait as for any task that sleeps. */
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
	sleep_ms(20);
	EXPECT_EQ(0, waitpid(self->pid, &status, WNOHANG | __WALL));
	expect_not_run();
	ASSERT_EQ(0, command(self->engine, "detach"));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, __WALL));
	if (variant->signr == SIGTERM || variant->signr == SIGQUIT) {
		/* That had been taken from its queue before. */
		EXPECT_EQ(variant->signr, WTERMSIG(status));
		self->pid = 0;
	} else {
		EXPECT_TRUE(WIFSTOPPED(status));
	}
}

TEST_HARNESS_MAIN
