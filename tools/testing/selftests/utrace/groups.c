// SPDX-License-Identifier: GPL-2.0
/*
 * Engines on single threads of a group: an engine hears of its own thread, its
 * stop holds that thread alone, and what ends the group, or this thread for it,
 * breaks the stop.
 *
 * The group is a leader and two threads, each of which does what it is told.
 */
#include "engine.h"

#include <pthread.h>

#define NR_THREADS	3	/* 0 is the leader */

/* What a thread can be told to do. */
#define TO_CALL		'c'	/* TEST_NR, and to answer */
#define TO_EXEC		'e'	/* execute() */
#define TO_EXIT_GROUP	'x'	/* with 5 */
#define TO_ABORT	'a'	/* to dump core */
#define TO_END		't'	/* only this thread */

static int order[NR_THREADS][2];	/* pipes to each thread */
static int reply[2];			/* from all of them */

struct answer {
	int nr;
	pid_t tid;
};

static void *obey(void *arg)
{
	struct answer me = { (long)arg, syscall(SYS_gettid) };
	char what = TO_CALL;

	do {
		switch (what) {
		case TO_CALL:
			syscall(TEST_NR, 0);
			if (write(reply[1], &me, sizeof(me)) != sizeof(me))
				_exit(1);
			break;
		case TO_EXEC:
			execute();
			break;
		case TO_EXIT_GROUP:
			_exit(5);
		case TO_ABORT:
			kill(getpid(), SIGABRT);
			break;
		case TO_END:
			syscall(SYS_exit, 0);
		}
	} while (read(order[me.nr][0], &what, 1) == 1);
	_exit(2);
}

#define HANDLED	NR_THREADS	/* what answers is a handler */

static void on_signal(int signr)
{
	struct answer me = { HANDLED, syscall(SYS_gettid) };

	if (write(reply[1], &me, sizeof(me)) != sizeof(me))
		_exit(1);
}

static void lead(void)
{
	pthread_t thread;
	long nr;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGUSR1, on_signal);
	for (nr = 1; nr < NR_THREADS; nr++)
		pthread_create(&thread, NULL, obey, (void *)nr);
	obey(NULL);
}

static void tell(int nr, char what)
{
	if (write(order[nr][1], &what, 1) != 1)
		abort();
}

/* The thread that answers; -1: none does. */
static struct answer answer(int ms)
{
	struct pollfd fd = { .fd = reply[0], .events = POLLIN };
	struct answer answer = { -1 };

	if (poll(&fd, 1, ms) != 1 || read(reply[0], &answer, sizeof(answer)) !=
	    sizeof(answer))
		answer.nr = -1;
	return answer;
}

FIXTURE(group) {
	pid_t pid;
	pid_t tid[NR_THREADS];
	int engine[NR_THREADS];	/* one for each thread, not attached */
};

FIXTURE_SETUP(group)
{
	struct answer who;
	int i;

	if (!have_engines())
		SKIP(return, NO_ENGINES);
	for (i = 0; i < NR_THREADS; i++)
		ASSERT_EQ(0, pipe2(order[i], O_CLOEXEC));
	ASSERT_EQ(0, pipe2(reply, O_CLOEXEC));
	self->pid = fork();
	ASSERT_LE(0, self->pid);
	if (!self->pid)
		lead();
	for (i = 0; i < NR_THREADS; i++) {
		who = answer(WAIT_MS);
		ASSERT_LE(0, who.nr);
		self->tid[who.nr] = who.tid;
	}
	for (i = 0; i < NR_THREADS; i++) {
		/* All wait for their orders. */
		ASSERT_EQ(0, wait_for_state(self->tid[i], 'S'));
		self->engine[i] = open_engine();
		ASSERT_LE(0, self->engine[i]);
	}
}

FIXTURE_TEARDOWN(group)
{
	if (self->pid > 0) {
		kill(self->pid, SIGKILL);
		waitpid(self->pid, NULL, __WALL);
	}
}

static void attach(struct __test_metadata *_metadata,
		   FIXTURE_DATA(group) * const self, int nr, const char *events)
{
	ASSERT_EQ(0, attach_to(self->engine[nr], self->tid[nr]));
	ASSERT_EQ(0, command(self->engine[nr], events));
}

#define ATTACH(nr, events)	attach(_metadata, self, nr, "events " events)

/* Stop a thread that waits for orders: just before it would take one. */
static void hold(struct __test_metadata *_metadata,
		 FIXTURE_DATA(group) * const self, int nr)
{
	ASSERT_EQ(EINPROGRESS, command(self->engine[nr], "stop"));
	tell(nr, TO_CALL);
	ASSERT_EQ(0, wait_stopped(self->tid[nr]));
}

#define HOLD(nr)		hold(_metadata, self, nr)

static int ends_with(FIXTURE_DATA(group) * const self)
{
	int status = wait_for_status(self->pid, 0);

	if (status >= 0)
		self->pid = 0;
	return status;
}

TEST_F(group, an_engine_hears_of_its_own_thread)
{
	ATTACH(1, "syscall_entry");
	tell(0, TO_CALL);
	EXPECT_EQ(0, answer(WAIT_MS).nr);
	tell(2, TO_CALL);
	EXPECT_EQ(2, answer(WAIT_MS).nr);
	EXPECT_EQ(0, counter(self->engine[1], "syscall_entry"));
	tell(1, TO_CALL);
	EXPECT_EQ(1, answer(WAIT_MS).nr);
	EXPECT_TRUE(has_logged(self->engine[1], "syscall_entry", TEST_NR));
}

TEST_F(group, a_stop_holds_its_own_thread)
{
	ATTACH(1, "quiesce");
	HOLD(1);
	tell(0, TO_CALL);
	EXPECT_EQ(0, answer(WAIT_MS).nr);
	tell(2, TO_CALL);
	EXPECT_EQ(2, answer(WAIT_MS).nr);
	ASSERT_EQ(0, command(self->engine[1], "resume"));
	EXPECT_EQ(1, answer(WAIT_MS).nr);
}

TEST_F(group, a_signal_goes_to_a_thread_that_is_not_stopped)
{
	struct answer who;

	ATTACH(0, "quiesce");
	HOLD(0);
	ATTACH(2, "quiesce");
	HOLD(2);
	for (int i = 0; i < 3; i++) {
		kill(self->pid, SIGUSR1);
		who = answer(WAIT_MS);
		EXPECT_EQ(HANDLED, who.nr);
		EXPECT_EQ(self->tid[1], who.tid);
	}
}

TEST_F(group, a_stop_that_ends_leaves_no_mark)
{
	ATTACH(1, "quiesce");
	HOLD(1);
	ASSERT_EQ(0, command(self->engine[1], "resume"));
	EXPECT_EQ(1, answer(WAIT_MS).nr);
	/* It waits for orders again, and signals can go to it. */
	EXPECT_EQ(0, wait_for_state(self->tid[1], 'S'));
	EXPECT_TRUE(nothing_is_violated());
}

TEST_F(group, a_signal_waits_for_the_first_that_is_resumed)
{
	struct answer who;

	for (int i = 0; i < NR_THREADS; i++) {
		ATTACH(i, "quiesce");
		HOLD(i);
	}
	kill(self->pid, SIGUSR1);
	EXPECT_EQ(-1, answer(50).nr);
	ASSERT_EQ(0, command(self->engine[1], "resume"));
	who = answer(WAIT_MS);
	EXPECT_EQ(HANDLED, who.nr);
	EXPECT_EQ(self->tid[1], who.tid);
	EXPECT_EQ(1, answer(WAIT_MS).nr);
}

TEST_F(group, a_signal_kills_though_a_thread_is_stopped)
{
	ATTACH(0, "quiesce");
	HOLD(0);
	kill(self->pid, SIGQUIT);
	/* Whether there is a core to dump is not what this is about. */
	EXPECT_EQ(SIGQUIT, ends_with(self) & ~0x80);
}

TEST_F(group, a_signal_that_kills_waits_when_all_are_stopped)
{
	int status;

	for (int i = 0; i < NR_THREADS; i++) {
		ATTACH(i, "quiesce");
		HOLD(i);
	}
	kill(self->pid, SIGTERM);
	sleep_ms(50);
	EXPECT_EQ(0, waitpid(self->pid, &status, WNOHANG));
	for (int i = 0; i < NR_THREADS; i++)
		EXPECT_EQ(STOPPED, state_of(self->tid[i]));
	ASSERT_EQ(0, command(self->engine[1], "resume"));
	EXPECT_EQ(SIGTERM, ends_with(self));
}

TEST_F(group, a_signal_is_told_by_the_thread_that_takes_it)
{
	int i;

	for (i = 0; i < NR_THREADS; i++) {
		ATTACH(i, "signal");
		ASSERT_EQ(0, command(self->engine[i], "on signal answer ign"));
	}
	kill(self->pid, SIGQUIT);
	EXPECT_TRUE(wait_until(counter(self->engine[0], "signal") +
			       counter(self->engine[1], "signal") +
			       counter(self->engine[2], "signal") == 1));
	syscall(SYS_tgkill, self->pid, self->tid[2], SIGTRAP);
	EXPECT_TRUE(wait_until(logged(self->engine[2], "signal") % 256 ==
			       SIGTRAP));
	EXPECT_EQ(2, counter(self->engine[0], "signal") +
		  counter(self->engine[1], "signal") +
		  counter(self->engine[2], "signal"));
	tell(1, TO_CALL);
	EXPECT_EQ(1, answer(WAIT_MS).nr);
}

TEST_F(group, a_group_stop_waits_for_a_thread_that_is_held)
{
	int status;

	ATTACH(1, "quiesce");
	HOLD(1);
	kill(self->pid, SIGSTOP);
	ASSERT_EQ(0, wait_for_state(self->tid[0], 'T'));
	ASSERT_EQ(0, wait_for_state(self->tid[2], 'T'));
	EXPECT_EQ(0, waitpid(self->pid, &status, WUNTRACED | WNOHANG));
	ASSERT_EQ(0, command(self->engine[1], "resume"));
	status = wait_for_status(self->pid, WUNTRACED);
	EXPECT_TRUE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
}

TEST_F(group, the_last_to_die_says_so)
{
	ATTACH(0, "death reap");
	ATTACH(1, "death");
	ATTACH(2, "death");
	tell(0, TO_END);
	ASSERT_EQ(0, wait_for_count(self->engine[0], "death", 1));
	tell(1, TO_END);
	ASSERT_EQ(0, wait_for_count(self->engine[1], "death", 1));
	/* The leader is a zombie, and not reaped before its group is dead. */
	EXPECT_EQ(0, counter(self->engine[0], "reap"));
	tell(2, TO_END);
	EXPECT_EQ(0, ends_with(self));
	EXPECT_EQ(0, wait_for_count(self->engine[0], "reap", 1));
	EXPECT_TRUE(is_detached(self->engine[2]));
	EXPECT_EQ(0, logged(self->engine[0], "death"));
	EXPECT_EQ(0, logged(self->engine[1], "death"));
	EXPECT_EQ(1, logged(self->engine[2], "death"));
}

/*
 * Thread @held is stopped, and thread @nr does what ends it. That breaks the stop,
 * and there is none at its exit: the others wait for it to be gone.
 */
static void break_stop(struct __test_metadata *_metadata,
		       FIXTURE_DATA(group) * const self, int held, int nr,
		       char what, int status)
{
	ATTACH(held, "quiesce exit death reap");
	HOLD(held);
	ASSERT_EQ(0, command(self->engine[held], "on exit stop"));
	ASSERT_EQ(0, command(self->engine[held], "events exit death reap"));
	tell(nr, what);
	EXPECT_EQ(status, ends_with(self));
	EXPECT_TRUE(is_detached(self->engine[held]));
	EXPECT_EQ(1, counter(self->engine[held], "exit"));
	EXPECT_EQ(1, counter(self->engine[held], "death"));
	EXPECT_EQ(1, counter(self->engine[held], "reap"));
}

#define BREAK_STOP(held, nr, what, status)				\
	break_stop(_metadata, self, held, nr, what, status)

TEST_F(group, exec_breaks_the_leaders_stop)
{
	BREAK_STOP(0, 1, TO_EXEC, EXIT_CODE(EXECUTED));
	/* The program goes on, so it was not the last. */
	EXPECT_EQ(0, logged(self->engine[0], "death"));
}

TEST_F(group, exec_breaks_another_threads_stop)
{
	BREAK_STOP(1, 2, TO_EXEC, EXIT_CODE(EXECUTED));
}

TEST_F(group, exec_by_the_leader_breaks_a_stop)
{
	BREAK_STOP(1, 0, TO_EXEC, EXIT_CODE(EXECUTED));
}

TEST_F(group, exit_group_breaks_the_leaders_stop)
{
	BREAK_STOP(0, 1, TO_EXIT_GROUP, EXIT_CODE(5));
	EXPECT_EQ(EXIT_CODE(5), logged(self->engine[0], "exit"));
}

TEST_F(group, exit_group_by_the_leader_breaks_a_stop)
{
	BREAK_STOP(1, 0, TO_EXIT_GROUP, EXIT_CODE(5));
	EXPECT_EQ(EXIT_CODE(5), logged(self->engine[1], "exit"));
}

TEST_F(group, a_core_dump_breaks_a_stop)
{
	int status;

	ATTACH(1, "quiesce");
	HOLD(1);
	tell(0, TO_ABORT);
	status = ends_with(self);
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	EXPECT_TRUE(is_detached(self->engine[1]));
}

TEST_F(group, an_exec_keeps_the_engine_of_the_thread)
{
	ATTACH(1, "exec exit death reap");
	tell(1, TO_EXEC);
	EXPECT_EQ(EXIT_CODE(EXECUTED), ends_with(self));
	EXPECT_TRUE(is_detached(self->engine[1]));
	EXPECT_TRUE(logged_exactly(self->engine[1], "exec exit death reap"));
	/* It has the leader's pid now. */
	EXPECT_EQ(self->tid[0], logged(self->engine[1], "exec"));
	EXPECT_EQ(1, logged(self->engine[1], "death"));
}

TEST_HARNESS_MAIN
