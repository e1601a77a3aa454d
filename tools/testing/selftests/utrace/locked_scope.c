// SPDX-License-Identifier: GPL-2.0
/*
 * utrace_attach_checked() where Yama's ptrace_scope is 3 and nobody may trace: not
 * even root.  selftests/ptrace/locked_scope makes it so, until the next boot.
 */
#include "task.h"

#define SCOPE	"/proc/sys/kernel/yama/ptrace_scope"

TEST_F(task, not_root_where_nobody_may)
{
	int fd = open(SCOPE, O_RDONLY);
	char text[64];
	pid_t pid;

	if (fd < 0 || text_of(fd).text[0] != '3')
		SKIP(return, SCOPE " is not 3");
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	self->pid = pid;
	snprintf(text, sizeof(text), "attach %d checked", pid);
	EXPECT_EQ(EPERM, command(self->engine, text));
	EXPECT_EQ(-1, ptrace(PTRACE_SEIZE, pid, 0, 0));
	EXPECT_EQ(EPERM, errno);
	/* What is not checked asks nobody. */
	EXPECT_EQ(0, attach_to(self->engine, pid));
}

TEST_HARNESS_MAIN
