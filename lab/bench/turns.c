// SPDX-License-Identifier: GPL-2.0
/*
 * Tracers to whom it matters where the kernel lets their tracees run: two CPUs and
 * wall time.
 */
#include "bench.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define CROWD	16
#define STOPS	200
#define ROUNDS	15

static u64 per_us;		/* turns of a loop in a microsecond */
static bool pinned;		/* the tracee, to CPU 1 */

/* Not inlined: the same code for those who compute and for what is known of it. */
static __attribute__((noinline)) void turn(u64 times)
{
	while (times--)
		__asm__ volatile("" : : : "memory");
}

static void know_speed(void)
{
	u64 begin, took, best = ~0ull;
	int i;

	for (i = 0; i < 20; i++) {
		begin = now();
		turn(100000);
		took = now() - begin;
		if (took < best)
			best = took;
	}
	per_us = 100000 * 1000ull / best + 1;
}

static void compute(unsigned int us)
{
	turn(us * per_us);
}

static pid_t start(void (*work)(unsigned int us), unsigned int us)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		skip("fork: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (pinned)
			run_on(1);
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		work(us);
		_exit(0);
	}
	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD))
		skip("the tracee has status 0x%x", status);
	return pid;
}

static void begin(void)
{
	run_anywhere();
	know_speed();
}

/* The least of some rounds. */
static double least(double (*round)(unsigned int), unsigned int arg)
{
	double best = 0, took;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		took = round(arg);
		if (!i || took < best)
			best = took;
	}
	return best;
}

/* A debugger lets all go that it has stopped: how long until they have computed? */
static double crowd_round(unsigned int us)
{
	pid_t pids[CROWD];
	int i, status;
	u64 from;

	for (i = 0; i < CROWD; i++)
		pids[i] = start(compute, us);
	from = now();
	for (i = 0; i < CROWD; i++)
		ptrace(PTRACE_CONT, pids[i], 0, 0);
	for (i = 0; i < CROWD; i++)
		waitpid(pids[i], &status, __WALL);
	return now() - from;
}

static double crowd(unsigned int us)
{
	begin();
	return least(crowd_round, us);
}

static unsigned int tracer_us;
static unsigned int each = 1;	/* of so many stops is one that the tracer computes after */

static void calls(unsigned int us)
{
	for (;;) {
		compute(us);
		sys0(SYS_getppid);
	}
}

/* The tracer computes, too, while its tracee runs. */
static double after_round(unsigned int us)
{
	pid_t pid = start(calls, us);
	int i, status;
	u64 from, took;

	ptrace(PTRACE_SYSEMU, pid, 0, 0);
	waitpid(pid, &status, __WALL);
	from = now();
	for (i = 0; i < STOPS; i++) {
		ptrace(PTRACE_SYSEMU, pid, 0, 0);
		if (i % each == 0)
			compute(tracer_us);
		waitpid(pid, &status, __WALL);
	}
	took = now() - from;
	kill(pid, SIGKILL);
	waitpid(pid, &status, __WALL);
	return took / STOPS;
}

/* @us: of the tracee, and 10000 times that of the tracer */
static double after(unsigned int us)
{
	begin();
	tracer_us = us / 10000;
	return least(after_round, us % 10000);
}

static double after_pinned(unsigned int us)
{
	pinned = true;
	return after(us);
}

/* As a tracer that works after the exit from a call and not after the entry. */
static double after_each_second(unsigned int us)
{
	each = 2;
	return after(us);
}

/* As strace: several tracees, for each stop a look at it and a line written. */
static double strace_round(unsigned int us)
{
	char info[128], line[64] = "getppid() = 1\n";
	int i, status, null[2];
	pid_t pid, pids[4];
	u64 from, took;

	if (pipe(null))
		skip("no pipe");
	for (i = 0; i < 4; i++) {
		pids[i] = start(calls, us);
		ptrace(PTRACE_SYSCALL, pids[i], 0, 0);
	}
	from = now();
	for (i = 0; i < STOPS; i++) {
		pid = waitpid(-1, &status, __WALL);
		sys4(SYS_ptrace, PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), (long)info);
		sys4(SYS_write, null[1], (long)line, 14, 0);
		sys4(SYS_read, null[0], (long)line, 14, 0);
		ptrace(PTRACE_SYSCALL, pid, 0, 0);
	}
	took = now() - from;
	for (i = 0; i < 4; i++)
		kill(pids[i], SIGKILL);
	while (waitpid(-1, &status, __WALL) > 0)
		;
	close(null[0]);
	close(null[1]);
	return took / STOPS;
}

static double like_strace(unsigned int us)
{
	begin();
	return least(strace_round, us);
}

/* As gdb: it sleeps until SIGCHLD says that there is something, and steps. */
static double gdb_round(unsigned int us)
{
	struct user_regs_struct regs;
	struct pollfd poll_fd = { .events = POLLIN };
	struct signalfd_siginfo info;
	pid_t pid = start(calls, us);
	int i, status;
	sigset_t set;
	u64 from, took;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	poll_fd.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (poll_fd.fd < 0)
		skip("no signalfd");
	from = now();
	for (i = 0; i < STOPS; i++) {
		ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
		while (waitpid(pid, &status, __WALL | WNOHANG) != pid) {
			poll(&poll_fd, 1, -1);
			while (read(poll_fd.fd, &info, sizeof(info)) > 0)
				;
		}
		ptrace(PTRACE_GETREGS, pid, 0, &regs);
		errno = 0;
		ptrace(PTRACE_PEEKTEXT, pid, regs.rip, 0);
	}
	took = now() - from;
	kill(pid, SIGKILL);
	waitpid(pid, &status, __WALL);
	close(poll_fd.fd);
	return took / STOPS;
}

static double like_gdb(unsigned int us)
{
	begin();
	return least(gdb_round, us);
}

/* Microseconds of the tracee, and of the tracer after it has resumed it. */
#define AFTER(tracee, tracer)	((tracee) + 10000 * (tracer))

const struct bench_case turns_cases[] = {
	{ "turns/16 tracees compute 1 ms each", crowd, 1000, WALL },
	{ "turns/16 tracees compute 20 ms each", crowd, 20000, WALL },
	{ "turns/tracee 10 us, tracer 10 us", after, AFTER(10, 10), WALL },
	{ "turns/tracee 40 us, tracer 40 us", after, AFTER(40, 40), WALL },
	{ "turns/tracee 90 us, tracer 90 us", after, AFTER(90, 90), WALL },
	{ "turns/tracee 1000 us, tracer 10 us", after, AFTER(1000, 10), WALL },
	{ "turns/tracee 1000 us, pinned, tracer 500 us", after_pinned, AFTER(1000, 500), WALL },
	{ "turns/tracee 1000 us, tracer 500 us", after, AFTER(1000, 500), WALL },
	{ "turns/tracee 1000 us, tracer 1000 us", after, AFTER(1000, 1000), WALL },
	{ "turns/tracee 500 us, tracer 1000 us", after, AFTER(500, 1000), WALL },
	{ "turns/tracee 500 us, tracer 500 us after each second", after_each_second,
	  AFTER(500, 500), WALL },
	{ "turns/tracee 5000 us, tracer 5000 us", after, AFTER(5000, 5000), WALL },
	{ "turns/like strace, 4 tracees", like_strace, 0, WALL },
	{ "turns/like strace, 4 tracees compute 200 us", like_strace, 200, WALL },
	{ "turns/like gdb, steps", like_gdb, 0, WALL },
	{ }
};
