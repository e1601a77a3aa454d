// SPDX-License-Identifier: GPL-2.0
/*
 * On the patched kernel, another engine beside ptrace's: it hears of all that a
 * tracee and its children do, and answers nothing.  No transcript may show it.
 *
 * It is an open file of the kernel's test engine, which creates no task, so that
 * pids stay what they are.  It is open before anything is forked: its number is
 * one that no tracee gets to see, and it is there when the tracer has gone.
 */
#include "conform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ENGINE	"/sys/kernel/debug/utrace/engine"

enum observer observer;

static bool say(const char *command)
{
	return write(FD_OBSERVER, command, strlen(command)) == (ssize_t)strlen(command);
}

/* False on a kernel without engines. */
bool observer_open(void)
{
	int fd = open(ENGINE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (dup3(fd, FD_OBSERVER, O_CLOEXEC) < 0)
		fatal("dup3");
	close(fd);
	return true;
}

void observer_attach(pid_t pid)
{
	char command[32];

	snprintf(command, sizeof(command), "attach %d", pid);
	if (!say(command) || !say("on clone follow") ||
	    !say("events syscall_entry syscall_exit quiesce clone exec exit death reap signal"))
		fatal(ENGINE);
}

void observer_close(void)
{
	close(FD_OBSERVER);
}
