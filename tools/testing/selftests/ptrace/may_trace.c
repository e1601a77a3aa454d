// SPDX-License-Identifier: GPL-2.0
/*
 * Who may trace whom by credentials and by PR_SET_DUMPABLE, and what becomes of a
 * tracer that changes its credentials.
 */
#include "may_trace.h"
#include "may_trace_fixture.h"

/* Credentials */

TEST_F(may_trace, ones_own)
{
	ASSERT_TRUE(start(be_user, NULL));
	CHECK(be_user, 0);
	CHECK(be_root, 0);
	CHECK(be_capable, 0);
	CHECK(be_other, EPERM);
}

TEST_F(may_trace, not_roots)
{
	ASSERT_TRUE(start(be_root, NULL));
	CHECK(be_root, 0);
	CHECK(be_capable, 0);
	CHECK(be_user, EPERM);
}

TEST_F(may_trace, not_a_capable_ones)
{
	ASSERT_TRUE(start(be_capable, NULL));
	CHECK(be_user, EPERM);
	CHECK(be_capable, 0);
	CHECK(be_root, 0);
}

TEST_F(may_trace, root_needs_the_capability)
{
	ASSERT_TRUE(start(be_user, NULL));
	CHECK(drop_ptrace, EPERM);
}

/* PR_SET_DUMPABLE */

static void be_private_user(void)
{
	become(USER);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static int try_read(void)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", target);
	fd = open(path, O_RDONLY);
	return fd < 0 ? errno : 0;
}

TEST_F(may_trace, not_the_undumpable)
{
	ASSERT_TRUE(start(be_private_user, NULL));
	CHECK(be_user, EPERM);
	CHECK(be_root, 0);
	EXPECT_EQ(EACCES, as(be_user, try_read));
	EXPECT_EQ(0, as(be_root, try_read));
}

/* What the tracer becomes between attaching and asking. */
static void (*becomes)(void);

/* Can it read memory, and do all else, of a target that has become private? */
static int try_private(void)
{
	struct ptrace_syscall_info info;
	unsigned long word;
	int err;

	err = trace(PTRACE_SEIZE, target, 0, 0);
	if (err)
		return err;
	if (becomes)
		becomes();
	tell();
	if (!has_answered() || trace(PTRACE_INTERRUPT, target, 0, 0) ||
	    waitpid(target, NULL, __WALL) != target ||
	    trace(PTRACE_SETOPTIONS, target, 0, PTRACE_O_TRACEEXEC) ||
	    trace(PTRACE_GET_SYSCALL_INFO, target, sizeof(info),
		  (unsigned long)&info))
		return CANNOT;
	err = trace(PTRACE_PEEKDATA, target, (unsigned long)&target,
		    (unsigned long)&word);
	if (trace(PTRACE_DETACH, target, 0, 0))
		return CANNOT;
	return err;
}

TEST_F(may_trace, memory_of_what_becomes_undumpable)
{
	becomes = NULL;
	ASSERT_TRUE(start(be_user, become_private));
	EXPECT_EQ(EIO, as(be_user, try_private));
	end();
	ASSERT_TRUE(start(be_user, become_private));
	EXPECT_EQ(0, as(be_root, try_private));
	end();
	/* Who it was when it attached counts. */
	becomes = be_other;
	ASSERT_TRUE(start(be_user, become_private));
	EXPECT_EQ(0, as(be_root, try_private));
	end();
	becomes = drop_ptrace;
	ASSERT_TRUE(start(be_user, become_private));
	EXPECT_EQ(0, as(be_root, try_private));
	becomes = NULL;
}

/* A tracer that changes its credentials */

static int try_requests(void)
{
	struct ptrace_syscall_info info;
	unsigned long word;
	pid_t there;
	int status;

	if (trace(PTRACE_SEIZE, target, 0, 0))
		return 1;
	become(OTHER);
	if (kill(target, 0) != -1 || errno != EPERM)
		return 2;
	if (trace(PTRACE_INTERRUPT, target, 0, 0) ||
	    waitpid(target, &status, __WALL) != target ||
	    status >> 16 != PTRACE_EVENT_STOP)
		return 3;
	if (trace(PTRACE_PEEKDATA, target, (unsigned long)&target,
		  (unsigned long)&word))
		return 4;
	memcpy(&there, &word, sizeof(there));
	if (there != 0)
		return 4;
	if (trace(PTRACE_POKEDATA, target, (unsigned long)&target, word))
		return 5;
	if (trace(PTRACE_GET_SYSCALL_INFO, target, sizeof(info),
		  (unsigned long)&info))
		return 6;
	if (trace(PTRACE_SETOPTIONS, target, 0, PTRACE_O_TRACEEXIT))
		return 7;
	if (trace(PTRACE_CONT, target, 0, 0) ||
	    trace(PTRACE_INTERRUPT, target, 0, 0) ||
	    waitpid(target, &status, __WALL) != target ||
	    trace(PTRACE_DETACH, target, 0, 0))
		return 8;
	/* And once more it is asked who it is. */
	return trace(PTRACE_SEIZE, target, 0, 0) == EPERM ? 0 : 9;
}

TEST_F(may_trace, tracer_that_changes_its_credentials)
{
	ASSERT_TRUE(start(be_user, NULL));
	EXPECT_EQ(0, as(be_root, try_requests));
	end();
	ASSERT_TRUE(start(be_root, NULL));
	EXPECT_EQ(0, as(be_root, try_requests));
}

TEST_HARNESS_MAIN
