// SPDX-License-Identifier: GPL-2.0
/*
 * What seccomp keeps a tracer from, and whom it lets suspend it: a tracer under a
 * filter, and PTRACE_O_SUSPEND_SECCOMP.
 */
#include "may_trace.h"
#include "may_trace_fixture.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>

static void drop_admin(void)
{
	set_caps(~(1 << CAP_SYS_ADMIN));
}

static void filter(struct sock_filter *insns, unsigned short number)
{
	struct sock_fprog prog = { number, insns };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
		_exit(CANNOT);
}

/* From here on system call @nr fails with ENOTEMPTY, if it is one. */
static void forbid(int nr)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTEMPTY),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	filter(insns, ARRAY_SIZE(insns));
}

/* What the tracer becomes between attaching and asking. */
static void (*becomes)(void);

/* A tracer with a filter */

static void forbid_ptrace(void)
{
	forbid(SYS_ptrace);
}

static void forbid_nothing(void)
{
	forbid(-1);
}

TEST_F(may_trace, tracer_that_must_not_call_ptrace)
{
	ASSERT_TRUE(start(be_user, NULL));
	EXPECT_EQ(ENOTEMPTY, as(forbid_ptrace, try_seize));
	EXPECT_EQ(0, as(forbid_nothing, try_seize));
	EXPECT_EQ(0, waitpid(target, NULL, WNOHANG | WUNTRACED));
}

/* It attaches, and then confines itself: it can wait, and no more. */
static int try_confined(void)
{
	int status;

	if (trace(PTRACE_SEIZE, target, 0, 0) ||
	    trace(PTRACE_INTERRUPT, target, 0, 0))
		return 1;
	forbid(SYS_ptrace);
	if (waitpid(target, &status, __WALL) != target || !WIFSTOPPED(status))
		return 2;
	return trace(PTRACE_CONT, target, 0, 0);
}

static void leave(void)
{
	_exit(3);
}

TEST_F(may_trace, tracer_that_confines_itself)
{
	int status;

	ASSERT_TRUE(start(be_user, leave));
	EXPECT_EQ(ENOTEMPTY, as(be_user, try_confined));
	/* Its end lets the target go. */
	tell();
	ASSERT_EQ(target, waitpid(target, &status, 0));
	target = 0;
	EXPECT_EQ(3 << 8, status);
}

/* PTRACE_O_SUSPEND_SECCOMP */

static int try_suspend(void)
{
	return trace(PTRACE_SEIZE, target, 0, PTRACE_O_SUSPEND_SECCOMP);
}

static int try_suspend_later(void)
{
	int err;

	if (trace(PTRACE_SEIZE, target, 0, 0) ||
	    trace(PTRACE_INTERRUPT, target, 0, 0) ||
	    waitpid(target, NULL, __WALL) != target)
		return CANNOT;
	if (becomes)
		becomes();
	err = trace(PTRACE_SETOPTIONS, target, 0, PTRACE_O_SUSPEND_SECCOMP);
	trace(PTRACE_DETACH, target, 0, 0);
	return err;
}

static bool can_suspend(void)
{
	return as(be_root, try_suspend) != EINVAL;
}

#define NO_SUSPEND	"no PTRACE_O_SUSPEND_SECCOMP: needs CONFIG_SECCOMP " \
			"and CONFIG_CHECKPOINT_RESTORE"

TEST_F(may_trace, who_may_suspend_seccomp)
{
	ASSERT_TRUE(start(be_user, NULL));
	if (!can_suspend())
		SKIP(return, NO_SUSPEND);
	EXPECT_EQ(0, as(be_root, try_suspend));
	EXPECT_EQ(EPERM, as(be_user, try_suspend));
	EXPECT_EQ(EPERM, as(be_capable, try_suspend));
	EXPECT_EQ(EPERM, as(drop_admin, try_suspend));
	/* Not who is confined as well. */
	EXPECT_EQ(EPERM, as(forbid_nothing, try_suspend));
	becomes = NULL;
	EXPECT_EQ(0, as(be_root, try_suspend_later));
	EXPECT_EQ(EPERM, as(be_user, try_suspend_later));
	/* Who it is when it asks. */
	becomes = drop_admin;
	EXPECT_EQ(EPERM, as(be_root, try_suspend_later));
	becomes = forbid_nothing;
	EXPECT_EQ(EPERM, as(be_root, try_suspend_later));
	becomes = NULL;
}

TEST_F(may_trace, not_in_a_user_namespace)
{
	if (!have_user_ns())
		SKIP(return, "no user namespaces");
	ASSERT_TRUE(start(be_user, NULL));
	if (!can_suspend())
		SKIP(return, NO_SUSPEND);
	EXPECT_EQ(EPERM, as(enter_user_ns, try_suspend));
}

/* One whose own seccomp is suspended must not do it to others. */
static int try_while_suspended(void)
{
	int status, err;
	pid_t pid = fork();

	if (!pid) {
		trace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(try_suspend());
	}
	if (waitpid(pid, &status, 0) != pid ||
	    trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_SUSPEND_SECCOMP) ||
	    trace(PTRACE_CONT, pid, 0, 0))
		return CANNOT;
	err = waitpid(pid, &status, 0) == pid ? 0 : CANNOT;
	return err ?: WEXITSTATUS(status);
}

TEST_F(may_trace, suspended_one_may_not_suspend)
{
	ASSERT_TRUE(start(be_user, NULL));
	if (!can_suspend())
		SKIP(return, NO_SUSPEND);
	EXPECT_EQ(EPERM, as(be_root, try_while_suspended));
}

static void call_and_tell(long *results)
{
	int i;

	trace(PTRACE_TRACEME, 0, 0, 0);
	forbid(SYS_getppid);
	for (i = 0; i < 4; i++) {
		raise(SIGSTOP);
		results[i] = syscall(SYS_getppid) < 0 ? errno : 0;
	}
	_exit(0);
}

TEST_F(may_trace, filter_is_suspended_and_comes_back)
{
	static const int options[] = {
		0, PTRACE_O_SUSPEND_SECCOMP, 0, PTRACE_O_SUSPEND_SECCOMP,
	};
	static const long expected[] = { ENOTEMPTY, 0, ENOTEMPTY, ENOTEMPTY };
	int i, status;
	long *results;

	ASSERT_TRUE(start(be_user, NULL));
	if (!can_suspend())
		SKIP(return, NO_SUSPEND);
	end();
	results = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(results != MAP_FAILED);
	target = fork();
	ASSERT_LE(0, target);
	if (!target)
		call_and_tell(results);
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(target, waitpid(target, &status, 0));
		ASSERT_TRUE(WIFSTOPPED(status));
		EXPECT_EQ(0, trace(PTRACE_SETOPTIONS, target, 0, options[i]));
		/* In the end the tracer goes, and what it suspended is back. */
		EXPECT_EQ(0, trace(i < 3 ? PTRACE_CONT : PTRACE_DETACH, target,
				   0, 0));
	}
	ASSERT_EQ(target, waitpid(target, &status, 0));
	target = 0;
	EXPECT_EQ(0, status);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(expected[i], results[i]);
}

TEST_HARNESS_MAIN
