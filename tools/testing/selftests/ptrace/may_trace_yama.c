// SPDX-License-Identifier: GPL-2.0
/*
 * Whom Yama lets trace, by its ptrace_scope.
 */
#include "may_trace.h"

#ifndef PR_SET_PTRACER
#define PR_SET_PTRACER		0x59616d61
#endif

static int try_traceme(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(trace(PTRACE_TRACEME, 0, 0, 0));
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static int try_descendant(void)
{
	int err;

	if (!start(be_root, NULL))
		return CANNOT;
	err = try_seize();
	end();
	return err;
}

static void be_anyones_tracee(void)
{
	become(USER);
	prctl(PR_SET_PTRACER, -1, 0, 0, 0);
}

static void be_the_tests_tracee(void)
{
	become(USER);
	prctl(PR_SET_PTRACER, getppid(), 0, 0, 0);
}

FIXTURE(yama) {
	int scope;
};

FIXTURE_VARIANT(yama) {
	int scope;
	int users;	/* what an ordinary user gets for a task of theirs */
	int declared;	/* ... that has said that they may */
	int child;	/* ... and for what they have forked themselves */
	int traceme;	/* ... which asks for it */
};

FIXTURE_VARIANT_ADD(yama, 0) { 0, 0, 0, 0, 0 };
FIXTURE_VARIANT_ADD(yama, 1) { 1, EPERM, 0, 0, 0 };
FIXTURE_VARIANT_ADD(yama, 2) { 2, EPERM, EPERM, EPERM, EPERM };

FIXTURE_SETUP(yama)
{
	if (getuid())
		SKIP(return, "needs root");
	self->scope = read_scope();
	if (self->scope < 0)
		SKIP(return, "no " SCOPE ": needs CONFIG_SECURITY_YAMA");
	if (!set_scope(variant->scope))
		SKIP(return, "ptrace_scope is %d and cannot be changed any more",
		     self->scope);
}

FIXTURE_TEARDOWN(yama)
{
	end();
	if (self->scope >= 0)
		set_scope(self->scope);
}

TEST_F(yama, attach)
{
	ASSERT_TRUE(start(be_user, NULL));
	CHECK(be_user, variant->users);
	CHECK(be_other, EPERM);
	CHECK(be_capable, 0);
	CHECK(be_root, 0);
	end();
	EXPECT_EQ(variant->child, as(be_user, try_descendant));
	EXPECT_EQ(0, as(be_capable, try_descendant));
	EXPECT_EQ(0, as(be_root, try_descendant));
}

TEST_F(yama, declared)
{
	ASSERT_TRUE(start(be_anyones_tracee, NULL));
	CHECK(be_user, variant->declared);
	CHECK(be_other, EPERM);
	end();
	/* The test, and its descendants. */
	ASSERT_TRUE(start(be_the_tests_tracee, NULL));
	CHECK(be_user, variant->declared);
	CHECK(be_other, EPERM);
}

TEST_F(yama, traceme)
{
	EXPECT_EQ(variant->traceme, as(be_user, try_traceme));
	EXPECT_EQ(0, as(be_capable, try_traceme));
	EXPECT_EQ(0, as(be_root, try_traceme));
}

/* Who is attached already stays so. */
static int try_scope_later(void)
{
	int status, err;
	pid_t pid = fork();

	if (!pid) {
		trace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(7);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return CANNOT;
	if (!set_scope(2))
		return CANNOT;
	become(USER);
	err = trace(PTRACE_CONT, pid, 0, 0);
	waitpid(pid, &status, 0);
	return err ?: status != 7 << 8;
}

TEST_F(yama, later)
{
	EXPECT_EQ(0, as(be_root, try_scope_later));
}

TEST_HARNESS_MAIN
