// SPDX-License-Identifier: GPL-2.0
/*
 * Which numbers the kernel knows: system calls beyond those of this kernel, ptrace
 * requests and prctl options, and what each says to arguments that mean nothing.
 * Every one is tried in a process of its own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The last one of this version is mseal. */
#define FIRST_UNKNOWN_CALL	463
#define LAST_CALL		1100

static void say(const char *what, long number, int status)
{
	if (WIFSIGNALED(status))
		printf("%s %ld: signal %d\n", what, number, WTERMSIG(status));
	else
		printf("%s %ld: errno %d\n", what, number, WEXITSTATUS(status));
}

/* In a process of its own: its result as an errno. */
static int try_apart(long nr, long number)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		alarm(2);
		if (nr < 0)
			_exit(syscall(number, 0, 0, 0, 0, 0, 0) < 0 ? errno : 0);
		_exit(syscall(nr, number, 0, 0, 0, 0, 0) < 0 ? errno : 0);
	}
	waitpid(pid, &status, 0);
	return status;
}

/* A request of ptrace, for a tracee that has stopped. */
static int try_request(long request)
{
	int status, err;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		for (;;)
			pause();
	}
	waitpid(pid, &status, 0);
	err = syscall(SYS_ptrace, request, pid, 0, 0) < 0 ? errno : 0;
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return err << 8;
}

int main(void)
{
	long n;

	for (n = FIRST_UNKNOWN_CALL; n <= LAST_CALL; n++)
		say("call", n, try_apart(-1, n));
	for (n = 0; n < 256; n++)
		say("prctl", n, try_apart(SYS_prctl, n));
	for (n = 0; n < 128; n++)
		say("arch_prctl", n, try_apart(SYS_arch_prctl, n + 0x1000));
	/* 0 is PTRACE_TRACEME, and would be about this process. */
	for (n = 1; n < 128; n++)
		say("ptrace", n, try_request(n));
	for (n = 0x4200; n < 0x4280; n++)
		say("ptrace", n, try_request(n));
	return 0;
}
