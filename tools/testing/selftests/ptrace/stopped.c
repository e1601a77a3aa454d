// SPDX-License-Identifier: GPL-2.0
/*
 * What is seen of a task that has just stopped, maybe on another CPU: its
 * registers, which it saves as it leaves that CPU, and its uid.  Who is told of
 * the stop, and what becomes of a tracee that is killed during a request.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
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

#define XMM0_OFFSET	160

/* Stops with one number in XMM0, and exits with the one that it is given. */
static void stop_and_exit_with_register(void)
{
	unsigned long n = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	__asm__ __volatile__("movq %0, %%xmm0; int3; movq %%xmm0, %0"
			     : "+r" (n) : : "xmm0");
	_exit(n);
}

TEST(extended_registers_are_written)
{
	static unsigned char area[65536];
	struct iovec iov = { area, sizeof(area) };
	struct iovec bad;
	int status;
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		stop_and_exit_with_register();
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	if (ptrace(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &iov)) {
		int err = errno;

		kill(pid, SIGKILL);
		ASSERT_EQ(ENODEV, err);
		SKIP(return, "this CPU has no XSAVE");
	}
	EXPECT_EQ(1, area[XMM0_OFFSET]);
	area[XMM0_OFFSET] = 42;
	/* All of it, or nothing. */
	bad = (struct iovec){ area, iov.iov_len - 8 };
	EXPECT_EQ(-1, ptrace(PTRACE_SETREGSET, pid, NT_X86_XSTATE, &bad));
	EXPECT_EQ(EFAULT, errno);
	bad = (struct iovec){ (void *)8, iov.iov_len };
	EXPECT_EQ(-1, ptrace(PTRACE_SETREGSET, pid, NT_X86_XSTATE, &bad));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, ptrace(PTRACE_SETREGSET, pid, NT_X86_XSTATE, &iov));
	EXPECT_EQ(0, ptrace(PTRACE_CONT, pid, 0, 0));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(42, WEXITSTATUS(status));
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

static sig_atomic_t told;

static void count(int signr)
{
	told++;
}

/* How many signals the parent gets for a child's stop, and for its end. */
static void count_signals(struct __test_metadata *_metadata, int flags,
			  int for_stop)
{
	struct sigaction action = { .sa_handler = count, .sa_flags = flags };
	int status, i;
	pid_t pid;

	told = 0;
	ASSERT_EQ(0, sigaction(SIGCHLD, &action, NULL));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		raise(SIGSTOP);
		_exit(0);
	}
	while (waitpid(pid, &status, WUNTRACED) < 0)
		ASSERT_EQ(EINTR, errno);
	EXPECT_TRUE(WIFSTOPPED(status));
	/* It is seen to have stopped a moment before its parent is told. */
	for (i = 0; i < 10000 && told < for_stop; i++)
		usleep(1000);
	EXPECT_EQ(for_stop, told);
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		ASSERT_EQ(EINTR, errno);
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(for_stop + 1, told);
}

TEST(a_parent_gets_a_signal_for_a_stop)
{
	count_signals(_metadata, 0, 1);
}

TEST(a_parent_gets_none_that_wants_none)
{
	count_signals(_metadata, SA_NOCLDSTOP, 0);
}

/* A page of the tracer's that is not there, and what is done meanwhile. */
struct missing {
	int uffd;
	struct uffdio_range range;
	pid_t tracee;
	char state;	/* the tracee's, after it has been killed */
	int err;
};

static char state_of(pid_t pid)
{
	char text[256] = "", *end;
	int fd;

	snprintf(text, sizeof(text), "/proc/%d/stat", pid);
	fd = open(text, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return '?';
	close(fd);
	end = strrchr(text, ')');
	return end ? end[2] : '?';
}

static void *kill_and_fill(void *data)
{
	struct missing *missing = data;
	struct uffdio_zeropage zero = { .range = missing->range };
	struct uffd_msg msg;

	/* Until the tracer is in the middle of its request. */
	if (read(missing->uffd, &msg, sizeof(msg)) != sizeof(msg)) {
		missing->err = errno;
		return NULL;
	}
	kill(missing->tracee, SIGKILL);
	usleep(50000);
	missing->state = state_of(missing->tracee);
	if (ioctl(missing->uffd, UFFDIO_ZEROPAGE, &zero))
		missing->err = errno;
	return NULL;
}

/* The request is done with a tracee that stays where it is. */
TEST(who_is_killed_during_a_request_dies_after_it)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register page = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct missing missing = {};
	pthread_t thread;
	siginfo_t info;
	void *ptr;
	int status;

	missing.uffd = syscall(__NR_userfaultfd, O_CLOEXEC);
	if (missing.uffd < 0)
		SKIP(return, "no userfaultfd: needs CONFIG_USERFAULTFD, root");
	ASSERT_EQ(0, ioctl(missing.uffd, UFFDIO_API, &api));
	page.range.len = sysconf(_SC_PAGESIZE);
	ptr = mmap(NULL, page.range.len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
		   -1, 0);
	ASSERT_NE(MAP_FAILED, ptr);
	page.range.start = (unsigned long)ptr;
	ASSERT_EQ(0, ioctl(missing.uffd, UFFDIO_REGISTER, &page));
	missing.range = page.range;

	missing.tracee = fork();
	ASSERT_LE(0, missing.tracee);
	if (!missing.tracee) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(0);
	}
	ASSERT_EQ(missing.tracee, waitpid(missing.tracee, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	ASSERT_EQ(0, pthread_create(&thread, NULL, kill_and_fill, &missing));
	EXPECT_EQ(0, ptrace(PTRACE_SETSIGINFO, missing.tracee, 0, ptr));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, missing.err);
	EXPECT_EQ('t', missing.state);
	EXPECT_EQ(missing.tracee, waitpid(missing.tracee, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
	EXPECT_EQ(-1, ptrace(PTRACE_GETSIGINFO, missing.tracee, 0, &info));
	EXPECT_EQ(ESRCH, errno);
}

TEST_HARNESS_MAIN
