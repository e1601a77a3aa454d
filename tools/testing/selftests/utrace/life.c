// SPDX-License-Identifier: GPL-2.0
/*
 * What an engine hears of the life of a task: clones, programs, and its end.
 */
#include "stop.h"

#include <linux/sched.h>
#include <pthread.h>

static void fork_one(int in, int out)
{
	pid_t pid;

	be_told(in);
	pid = fork();
	if (!pid) {
		syscall(TEST_NR, 0);
		_exit(0);
	}
	reply(out, pid);
	waitpid(pid, NULL, 0);
}

static void exec_one(int in, int out)
{
	be_told(in);
	execute();
}

FIXTURE_VARIANT_ADD(stop, clone) { "clone", fork_one };
FIXTURE_VARIANT_ADD(stop, exec) {
	"exec", exec_one, 0, EXIT_CODE(EXECUTED)
};

/* Clones */

TEST_F(task, clone_is_told_once)
{
	long child;

	START(fork_one);
	ASSERT_EQ(0, command(self->engine, "events clone"));
	tell(self);
	child = answer(self);
	EXPECT_EQ(0, end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "clone"));
	EXPECT_EQ(child, logged(self->engine, "clone"));
}

TEST_F(task, clone_child_has_not_run)
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
	EXPECT_EQ(1, has_logged(self->engine, "syscall_entry", TEST_NR));
}

static long raw_clone(unsigned long flags, void *parent_tid)
{
#ifdef __s390x__
	return syscall(SYS_clone, 0, flags, parent_tid, 0, 0);
#else
	return syscall(SYS_clone, flags, 0, parent_tid, 0, 0);
#endif
}

static void fork_failing(int in, int out)
{
	be_told(in);
	if (raw_clone(CLONE_THREAD, NULL) != -1)
		_exit(1);
	/* A file descriptor that has nowhere to go, late in the copying. */
	if (raw_clone(CLONE_PIDFD | SIGCHLD, (void *)8) != -1)
		_exit(2);
}

TEST_F(task, clone_that_fails_is_not_told)
{
	START(fork_failing);
	ASSERT_EQ(0, command(self->engine, "events clone"));
	tell(self);
	EXPECT_EQ(0, end(self));
	EXPECT_TRUE(logged_exactly(self->engine, ""));
}

static void fork_untraced(int in, int out)
{
	be_told(in);
	if (!raw_clone(CLONE_UNTRACED | SIGCHLD, NULL))
		_exit(0);
	wait(NULL);
}

TEST_F(task, clone_untraced_is_not_told)
{
	START(fork_untraced);
	ASSERT_EQ(0, command(self->engine, "events clone"));
	tell(self);
	EXPECT_EQ(0, end(self));
	EXPECT_TRUE(logged_exactly(self->engine, ""));
}

static void vfork_one(int in, int out)
{
	be_told(in);
	if (!vfork())
		_exit(0);
	wait(NULL);
}

TEST_F(task, clone_is_told_of_vfork)
{
	START(vfork_one);
	ASSERT_EQ(0, command(self->engine, "events clone"));
	tell(self);
	EXPECT_EQ(0, end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "clone"));
}

TEST_F(task, clone_follow_hears_of_the_child_to_its_end)
{
	START(fork_one);
	ASSERT_EQ(0, command(self->engine, "events clone exit death reap"));
	ASSERT_EQ(0, command(self->engine, "on clone follow"));
	tell(self);
	EXPECT_EQ(0, end(self));
	EXPECT_TRUE(logged_exactly(self->engine,
				   "clone exit death reap exit death reap"));
}

TEST_F(task, clone_stop_lets_the_child_run)
{
	START(fork_one);
	ASSERT_EQ(0, command(self->engine, "events clone syscall_entry"));
	ASSERT_EQ(0, command(self->engine, "on clone follow"));
	ASSERT_EQ(0, command(self->engine, "on clone stop"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "clone", 1));
	ASSERT_EQ(0, wait_stopped(self->pid));
	/* The child's calls, up to its end: getpgid and exit_group. */
	EXPECT_TRUE(wait_until(counter(self->engine, "last_nr") ==
			       SYS_exit_group));
	EXPECT_EQ(STOPPED, state_of(self->pid));
	ASSERT_EQ(0, command(self->engine, "resume"));
	EXPECT_EQ(0, end(self));
}

/* Programs */

TEST_F(task, exec_is_told)
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

TEST_F(task, what_an_exec_closes_is_closed_at_its_stop)
{
	int fds[2];

	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	START(exec_one);
	close(fds[1]);
	ASSERT_EQ(0, command(self->engine, "on exec stop"));
	ASSERT_EQ(0, command(self->engine, "events exec"));
	ASSERT_FALSE(is_hung_up(fds[0]));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "exec", 1));
	ASSERT_EQ(0, wait_stopped(self->pid));
	EXPECT_TRUE(is_hung_up(fds[0]));
	ASSERT_EQ(0, command(self->engine, "resume"));
	EXPECT_EQ(EXIT_CODE(EXECUTED), end(self));
}

static void exec_failing(int in, int out)
{
	static char * const none[] = { NULL };
	int writer = memfd_create("nothing", MFD_CLOEXEC), reader;
	char path[64];

	be_told(in);
	execve("/proc/self/exe/nothing", none, none);
	/* This fails late: there is a file, but of no format that is known. */
	if (write(writer, "nothing", 7) != 7)
		_exit(1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", writer);
	reader = open(path, O_RDONLY | O_CLOEXEC);
	close(writer);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", reader);
	execve(path, none, none);
	_exit(errno == ENOEXEC ? 0 : 2);
}

TEST_F(task, exec_that_fails_is_not_told)
{
	START(exec_failing);
	ASSERT_EQ(0, command(self->engine, "events exec"));
	tell(self);
	EXPECT_EQ(0, end(self));
	EXPECT_TRUE(logged_exactly(self->engine, ""));
}

/* Ends */

static void exit_three(int in, int out)
{
	be_told(in);
	_exit(3);
}

TEST_F(task, exit_death_and_reap_in_order)
{
	START(exit_three);
	ASSERT_EQ(0, command(self->engine, "events exit death reap"));
	tell(self);
	ASSERT_EQ(0, wait_for_state(self->pid, 'Z'));
	EXPECT_TRUE(logged_exactly(self->engine, "exit death"));
	EXPECT_EQ(EXIT_CODE(3), end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "exit death reap"));
	EXPECT_EQ(EXIT_CODE(3), logged(self->engine, "exit"));
	EXPECT_EQ(1, logged(self->engine, "death"));
	/* By the parent. */
	EXPECT_EQ(1, logged(self->engine, "reap"));
}

TEST_F(task, a_killed_task_tells_of_its_end)
{
	START(exit_three);
	ASSERT_EQ(0, command(self->engine, "events exit death reap"));
	kill(self->pid, SIGKILL);
	EXPECT_EQ(SIGKILL, end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "exit death reap"));
	EXPECT_EQ(SIGKILL, logged(self->engine, "exit"));
}

static void exit_thread_three(int in, int out)
{
	be_told(in);
	syscall(SYS_exit, 3);
}

/* SIGKILL may not reach it any more, so it must not stop. */
static void no_stop_at_the_end(struct __test_metadata *_metadata,
			       FIXTURE_DATA(task) * const self)
{
	ASSERT_EQ(0, command(self->engine, "on exit stop"));
	ASSERT_EQ(0, command(self->engine, "on death stop"));
	ASSERT_EQ(0, command(self->engine, "events exit death"));
	tell(self);
	EXPECT_EQ(EXIT_CODE(3), end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "exit death"));
}

TEST_F(task, no_stop_of_the_last_thread)
{
	START(exit_thread_three);
	no_stop_at_the_end(_metadata, self);
}

TEST_F(task, no_stop_if_the_group_ends)
{
	START(exit_three);
	no_stop_at_the_end(_metadata, self);
}

TEST_F(task, too_late_to_stop_it)
{
	START(exit_three);
	ASSERT_EQ(0, command(self->engine, "on exit wait"));
	ASSERT_EQ(0, command(self->engine, "events exit"));
	/* It has not come to that yet. */
	EXPECT_EQ(EINPROGRESS, command(self->engine, "stop"));
	EXPECT_EQ(0, command(self->engine, "resume"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "exit", 1));
	EXPECT_EQ(EALREADY, command(self->engine, "stop"));
	EXPECT_EQ(EALREADY, command(self->engine, "report"));
	EXPECT_EQ(0, command(self->engine, "resume"));
	ASSERT_EQ(0, command(self->engine, "go"));
	EXPECT_EQ(EXIT_CODE(3), end(self));
}

TEST_F(task, detached_at_exit_hears_no_more)
{
	START(exit_three);
	ASSERT_EQ(0, command(self->engine, "events exit death reap"));
	ASSERT_EQ(0, command(self->engine, "on exit detach"));
	tell(self);
	EXPECT_EQ(EXIT_CODE(3), end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "exit"));
}

TEST_F(task, detached_at_death_hears_no_reap)
{
	START(exit_three);
	ASSERT_EQ(0, command(self->engine, "events death reap"));
	ASSERT_EQ(0, command(self->engine, "on death detach"));
	tell(self);
	EXPECT_EQ(EXIT_CODE(3), end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "death"));
}

TEST_F(task, what_a_zombie_can_still_choose)
{
	START(exit_three);
	ASSERT_EQ(0, command(self->engine, "events quiesce death"));
	tell(self);
	ASSERT_EQ(0, wait_for_state(self->pid, 'Z'));
	EXPECT_EQ(0, command(self->engine, "events quiesce"));
	EXPECT_EQ(EALREADY, command(self->engine, "events death"));
	/* But not too late for the reaping. */
	EXPECT_EQ(0, command(self->engine, "events quiesce reap"));
	EXPECT_EQ(EXIT_CODE(3), end(self));
	EXPECT_EQ(1, counter(self->engine, "reap"));
	EXPECT_EQ(ESRCH, command(self->engine, "events"));
}

TEST_F(task, detaching_from_a_zombie_suppresses_the_reap)
{
	START(exit_three);
	ASSERT_EQ(0, command(self->engine, "events death reap"));
	tell(self);
	ASSERT_EQ(0, wait_for_state(self->pid, 'Z'));
	EXPECT_EQ(0, command(self->engine, "detach"));
	EXPECT_EQ(EXIT_CODE(3), end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "death"));
}

TEST_F(task, death_is_told_before_it_is_a_zombie)
{
	int status;

	START(exit_three);
	ASSERT_EQ(0, command(self->engine, "events death reap"));
	ASSERT_EQ(0, command(self->engine, "on death wait"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->engine, "death", 1));
	/* Its parent has to wait, and it takes no engines any more. */
	sleep_ms(20);
	EXPECT_NE('Z', state_of(self->pid));
	EXPECT_EQ(0, waitpid(self->pid, &status, WNOHANG));
	EXPECT_EQ(ESRCH, attach_to(self->other, self->pid));
	/* It can be given up, and not be chosen again. */
	EXPECT_EQ(EINPROGRESS, command(self->engine, "events reap"));
	EXPECT_EQ(EALREADY, command(self->engine, "events death reap"));
	EXPECT_EQ(EALREADY, command(self->engine, "stop"));
	ASSERT_EQ(0, command(self->engine, "go"));
	EXPECT_EQ(EXIT_CODE(3), end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "death reap"));
}

TEST_F(task, reap_of_a_task_that_nobody_waits_for)
{
	START(exit_three);
	ASSERT_EQ(0, command(self->engine, "events death reap"));
	signal(SIGCHLD, SIG_IGN);
	tell(self);
	EXPECT_EQ(0, wait_for_count(self->engine, "reap", 1));
	signal(SIGCHLD, SIG_DFL);
	EXPECT_TRUE(logged_exactly(self->engine, "death reap"));
	/* By itself. */
	EXPECT_EQ(0, logged(self->engine, "reap"));
	self->pid = 0;
}

static int thread_in, thread_out;

static void *thread_ends(void *unused)
{
	reply(thread_out, syscall(SYS_gettid));
	be_told(thread_in);
	return NULL;
}

static void thread_one(int in, int out)
{
	pthread_t thread;

	be_told(in);
	thread_in = in;
	thread_out = out;
	pthread_create(&thread, NULL, thread_ends, NULL);
	pthread_join(thread, NULL);
	be_told(in);
}

TEST_F(task, a_threads_end_is_not_its_groups)
{
	pid_t tid;

	START(thread_one);
	tell(self);
	tid = answer(self);
	ASSERT_LT(0, tid);
	ASSERT_EQ(0, attach_to(self->other, tid));
	ASSERT_EQ(0, command(self->other, "events exit death reap"));
	ASSERT_EQ(0, command(self->other, "on exit stop"));
	tell(self);
	ASSERT_EQ(0, wait_for_count(self->other, "reap", 1));
	EXPECT_TRUE(logged_exactly(self->other, "exit death reap"));
	EXPECT_EQ(0, logged(self->other, "death"));
	tell(self);
	EXPECT_EQ(0, end(self));
}

TEST_HARNESS_MAIN
