// SPDX-License-Identifier: GPL-2.0
/*
 * Yama's ptrace_scope 3: nobody attaches to anybody, and there is no way back but
 * to boot.  So this does nothing unless it is told to: "locked_scope lock".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest.h"

#define SCOPE	"/proc/sys/kernel/yama/ptrace_scope"

#ifndef PR_SET_PTRACER
#define PR_SET_PTRACER	0x59616d61
#endif

static int set_scope(char digit)
{
	int fd = open(SCOPE, O_WRONLY);
	int err = write(fd, &digit, 1) == 1 ? 0 : errno;

	close(fd);
	return err;
}

/* A child that anybody may trace, and that waits. */
static pid_t fork_target(bool traced)
{
	pid_t pid = fork();
	int status;

	if (pid) {
		if (traced)
			waitpid(pid, &status, 0);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_PTRACER, -1, 0, 0, 0);
	if (traced) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(5);
	}
	for (;;)
		pause();
}

static int try(int request, pid_t pid)
{
	return ptrace(request, pid, 0, 0) ? errno : 0;
}

static int try_traceme(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(try(PTRACE_TRACEME, 0));
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static bool goes_on(pid_t tracee)
{
	int status;

	return !try(PTRACE_CONT, tracee) &&
	       waitpid(tracee, &status, 0) == tracee && status == 5 << 8;
}

int main(int argc, char **argv)
{
	pid_t target, tracee;

	ksft_print_header();
	if (argc != 2 || strcmp(argv[1], "lock"))
		ksft_exit_skip("there is no way back: say \"%s lock\"\n",
			       argv[0]);
	if (geteuid() || access(SCOPE, W_OK))
		ksft_exit_skip("needs root and " SCOPE
			       ": CONFIG_SECURITY_YAMA\n");

	ksft_set_plan(7);
	target = fork_target(false);
	tracee = fork_target(true);
	ksft_test_result(!set_scope('3'), "the scope can be locked\n");
	ksft_test_result(try(PTRACE_ATTACH, target) == EPERM,
			 "root does not attach\n");
	ksft_test_result(try(PTRACE_SEIZE, target) == EPERM,
			 "root does not seize\n");
	ksft_test_result(try_traceme() == EPERM, "nobody is traced by root\n");
	ksft_test_result(goes_on(tracee), "who is traced already stays so\n");
	ksft_test_result(set_scope('0') == EINVAL, "it is not opened again\n");
	ksft_test_result(try(PTRACE_SEIZE, target) == EPERM,
			 "nor does it look so\n");
	kill(target, SIGKILL);
	ksft_finished();
}
