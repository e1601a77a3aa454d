// SPDX-License-Identifier: GPL-2.0
/* Other ways from one process to another and back, for scale. */
#include "bench.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH	59
#define PR_SYS_DISPATCH_ON		1
#endif

#define TRIPS	100

static volatile u32 *turn;

static inline void give(u32 whose)
{
	*turn = whose;
	sys4(SYS_futex, (long)turn, FUTEX_WAKE, 1, 0);
	while (*turn == whose)
		sys4(SYS_futex, (long)turn, FUTEX_WAIT, whose, 0);
}

static u64 futex_body(unsigned int nr)
{
	unsigned int i;
	u64 start = now();

	for (i = 0; i < nr; i++)
		give(1);
	return now() - start;
}

static double futex(unsigned int arg)
{
	(void)arg;
	turn = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (turn == MAP_FAILED)
		skip("mmap: %s", strerror(errno));
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (*turn == 0)
			sys4(SYS_futex, (long)turn, FUTEX_WAIT, 0, 0);
		for (;;)
			give(0);
	}
	return measure(futex_body, TRIPS);
}

static int there[2], back[2];

static u64 pipe_body(unsigned int nr)
{
	unsigned int i;
	char c = 0;
	u64 start = now();

	for (i = 0; i < nr; i++) {
		sys4(SYS_write, there[1], (long)&c, 1, 0);
		sys4(SYS_read, back[0], (long)&c, 1, 0);
	}
	return now() - start;
}

static double pipes(unsigned int arg)
{
	char c;

	(void)arg;
	if (pipe(there) || pipe(back))
		skip("pipe: %s", strerror(errno));
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (sys4(SYS_read, there[0], (long)&c, 1, 0) == 1)
			sys4(SYS_write, back[1], (long)&c, 1, 0);
		_exit(0);
	}
	return measure(pipe_body, TRIPS);
}

/* A call that is dispatched is in a page above all the rest of the program. */
#define STUB		0x20000000UL

static const unsigned char stub[] = { 0x0f, 0x05, 0xc3 };	/* syscall; ret */

static volatile char selector;

static void on_sigsys(int sig, siginfo_t *info, void *ucontext)
{
	ucontext_t *context = ucontext;

	(void)sig;
	(void)info;
	context->uc_mcontext.gregs[REG_RAX] = 1;
}

static inline long dispatched(long nr)
{
	long ret;

	__asm__ volatile("call *%2"
			 : "=a" (ret) : "a" (nr), "b" (STUB)
			 : "rcx", "r11", "memory");
	return ret;
}

static u64 sigsys_body(unsigned int nr)
{
	unsigned int i;
	u64 start = now();

	for (i = 0; i < nr; i++)
		dispatched(SYS_getppid);
	return now() - start;
}

static double sigsys(unsigned int arg)
{
	struct sigaction action = {
		.sa_sigaction = on_sigsys,
		.sa_flags = SA_SIGINFO,
	};
	char *page = mmap((void *)STUB, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	(void)arg;
	if (page == MAP_FAILED || sigaction(SIGSYS, &action, NULL))
		skip("mmap: %s", strerror(errno));
	memcpy(page, stub, sizeof(stub));
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 4096, STUB - 4096,
		  &selector))
		skip("Syscall User Dispatch: %s", strerror(errno));
	selector = 1;	/* SYSCALL_DISPATCH_FILTER_BLOCK */
	if (dispatched(SYS_getppid) != 1)
		skip("a call was not dispatched");
	return measure(sigsys_body, 200);
}

static double futex_pinned(unsigned int arg)
{
	run_on(1);
	return futex(arg);
}

const struct bench_case other_cases[] = {
	{ "others/futex round trip", futex },
	{ "others/pipe round trip", pipes },
	{ "others/user dispatch, SIGSYS handler", sigsys },
	{ "two/futex round trip", futex, 0, TWO_CPUS },
	{ "two/futex round trip, pinned to one", futex_pinned, 0, TWO_CPUS },
	{ }
};
