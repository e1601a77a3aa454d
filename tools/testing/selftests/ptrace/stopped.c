// SPDX-License-Identifier: GPL-2.0
/*
 * What is seen of a task that has just stopped, maybe on another CPU: its
 * registers, which it saves as it leaves that CPU, and its uid.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../kselftest_harness.h"

#ifdef __x86_64__

#define SECONDS	3

static int pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

/* Stops for SIGTRAP again and again, with another number in XMM0 each time. */
static void count_in_register(void)
{
	unsigned long n;

	pin(1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	for (n = 1;; n++)
		__asm__ __volatile__("movq %0, %%xmm0; int3" : : "r" (n) :
				     "xmm0");
}

TEST(registers_are_those_at_the_stop)
{
	struct user_fpregs_struct regs;
	time_t end = time(NULL) + SECONDS;
	unsigned long n, wrong = 0;
	int status;
	pid_t pid;

	if (pin(1) || pin(0))
		SKIP(return, "needs two CPUs");
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		count_in_register();
	/* On a busy machine they may take longer. */
	for (n = 1; n <= 100 || time(NULL) < end; n++) {
		/* Not asleep: it is asked at once. */
		while (!waitpid(pid, &status, WNOHANG))
			;
		ASSERT_TRUE(WIFSTOPPED(status));
		ASSERT_EQ(SIGTRAP, WSTOPSIG(status));
		ASSERT_EQ(0, ptrace(PTRACE_GETFPREGS, pid, 0, &regs));
		wrong += regs.xmm_space[0] != (unsigned int)n;
		ASSERT_EQ(0, ptrace(PTRACE_CONT, pid, 0, 0));
	}
	EXPECT_EQ(0, wrong);
	TH_LOG("%lu stops", n);
	kill(pid, SIGKILL);
}

#endif

#define USER	1000

TEST(waitid_tells_whose_it_is)
{
	siginfo_t info = {};
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setresuid(USER, USER, USER))
			_exit(1);
		raise(SIGSTOP);
		_exit(0);
	}
	ASSERT_EQ(0, waitid(P_PID, pid, &info, WSTOPPED | WEXITED));
	if (info.si_code == CLD_EXITED)
		SKIP(return, "needs root");
	EXPECT_EQ(CLD_STOPPED, info.si_code);
	EXPECT_EQ(SIGSTOP, info.si_status);
	EXPECT_EQ(pid, info.si_pid);
	EXPECT_EQ(USER, info.si_uid);
	kill(pid, SIGKILL);
}

TEST_HARNESS_MAIN
