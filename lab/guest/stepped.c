// SPDX-License-Identifier: GPL-2.0
/*
 * stepped: trace a child over a fixed stretch of instructions, for the inside
 * of User Mode Linux. A step of its child makes UML use the host's
 * PTRACE_SYSEMU_SINGLESTEP. All that is printed is the same on every right
 * kernel.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* Under a name of its own: what glibc calls it, and whether, varies. */
#define REQUEST_SYSEMU 31

#define ROUNDS	40
#define LIMIT	20000

/*
 * What the stretch comes to: its additions, two unknown calls, and the one
 * byte that it wrote.
 */
#define SUM	(ROUNDS * (ROUNDS + 1) / 2 - 2 * ENOSYS + (1 << 20))
#define STEPS	(2 + 3 * ROUNDS + 3 + 5 + 10)
#define CALLS	4

extern const char stretch_begin[], stretch_end[];

/*
 * rbx is the sum, r12 what getpid() returned. The second unknown call follows
 * the first with no instruction between them, and its number is -ENOSYS.
 */
static __attribute__((noinline, noclone)) void stretch(long fd)
{
	asm volatile("	mov	%[fd], %%r13\n"
		     "	.globl	stretch_begin, stretch_end\n"
		     "stretch_begin:\n"
		     "	xor	%%ebx, %%ebx\n"
		     "	mov	%[rounds], %%ecx\n"
		     "1:	add	%%rcx, %%rbx\n"
		     "	dec	%%ecx\n"
		     "	jnz	1b\n"

		     "	mov	%[getpid], %%eax\n"
		     "	syscall\n"
		     "	mov	%%rax, %%r12\n"

		     "	mov	$9999, %%eax\n"
		     "	syscall\n"
		     "	syscall\n"
		     "	add	%%rax, %%rbx\n"
		     "	add	%%rax, %%rbx\n"

		     "	push	$'x'\n"
		     "	mov	%%r13, %%rdi\n"
		     "	mov	%%rsp, %%rsi\n"
		     "	mov	$1, %%edx\n"
		     "	mov	%[write], %%eax\n"
		     "	syscall\n"
		     "	pop	%%rcx\n"
		     "	shl	$20, %%rax\n"
		     "	add	%%rax, %%rbx\n"
		     "	nop\n"
		     "stretch_end:\n"
		     "	nop\n"
		     :
		     : [fd] "a" (fd), [rounds] "i" (ROUNDS),
		       [getpid] "i" (SYS_getpid), [write] "i" (SYS_write)
		     : "rbx", "rcx", "rdx", "rsi", "rdi", "r11", "r12", "r13",
		       "memory", "cc");
}

static pid_t child;
static int fds[2];

static void __attribute__((noreturn)) fail(const char *what, long a, long b)
{
	printf("stepped: FAIL: %s: %ld, expected %ld\n", what, a, b);
	fflush(stdout);
	if (child > 0)
		kill(child, SIGKILL);
	exit(1);
}

static void start(void)
{
	int status;

	fflush(stdout);
	if (pipe(fds) < 0)
		fail("pipe", errno, 0);
	child = fork();
	if (child < 0)
		fail("fork", errno, 0);
	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		stretch(fds[1]);
		_exit(7);
	}
	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status) ||
	    WSTOPSIG(status) != SIGSTOP)
		fail("status of the child at its start", status, SIGSTOP << 8 | 0x7f);
	if (ptrace(PTRACE_SETOPTIONS, child, NULL,
		   PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) < 0)
		fail("PTRACE_SETOPTIONS", errno, 0);
}

/* What stands in the child at its next stop, which must be for @stop. */
static void resume(int request, int stop, struct user_regs_struct *regs)
{
	int status;

	if (ptrace(request, child, NULL, NULL) < 0)
		fail("errno of the request", errno, 0);
	if (waitpid(child, &status, 0) != child)
		fail("errno of waitpid", errno, 0);
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != stop)
		fail("wait status", status, stop << 8 | 0x7f);
	if (ptrace(PTRACE_GETREGS, child, NULL, regs) < 0)
		fail("errno of PTRACE_GETREGS", errno, 0);
}

static int inside(const struct user_regs_struct *regs)
{
	return regs->rip >= (unsigned long)stretch_begin &&
	       regs->rip < (unsigned long)stretch_end;
}

static void check_result(const struct user_regs_struct *regs, long sum)
{
	char c = 0;

	if ((long)regs->rbx != sum)
		fail("the child's sum", regs->rbx, sum);
	if ((long)regs->r12 != child)
		fail("the child's getpid()", regs->r12, child);
	if (read(fds[0], &c, 1) != 1 || c != 'x')
		fail("what the child wrote", c, 'x');
}

static void finish(void)
{
	int status;

	if (ptrace(PTRACE_CONT, child, NULL, NULL) < 0)
		fail("errno of PTRACE_CONT", errno, 0);
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 7)
		fail("status of the child at its end", status, 7 << 8);
	child = 0;
	close(fds[0]);
	close(fds[1]);
}

/* Step by step; where each began, and whether that was a system call. */
static void by_steps(void)
{
	unsigned int digest = 5381, steps = 0, calls = 0, before = 0, word;
	struct user_regs_struct regs;

	start();
	do {
		resume(PTRACE_SINGLESTEP, SIGTRAP, &regs);
		if (++before > LIMIT)
			fail("steps before the stretch", before, LIMIT);
	} while (regs.rip != (unsigned long)stretch_begin);
	while (inside(&regs)) {
		errno = 0;
		word = ptrace(PTRACE_PEEKTEXT, child, (void *)regs.rip, NULL);
		if (errno)
			fail("errno of PTRACE_PEEKTEXT", errno, 0);
		if ((word & 0xffff) == 0x050f)
			calls++;
		digest = digest * 33 + (regs.rip - (unsigned long)stretch_begin);
		if (++steps > LIMIT)
			fail("steps in the stretch", steps, STEPS);
		resume(PTRACE_SINGLESTEP, SIGTRAP, &regs);
	}
	if (regs.rip != (unsigned long)stretch_end)
		fail("where the stretch ended", regs.rip, (long)stretch_end);
	check_result(&regs, SUM);
	finish();
	printf("stepped: %u steps, %u of them at system calls, digest %08x\n",
	       steps, calls, digest);
	if (steps != STEPS)
		fail("steps", steps, STEPS);
	if (calls != CALLS)
		fail("steps at system calls", calls, CALLS);
}

static void by_calls(void)
{
	unsigned int stops = 0, all = 0;
	struct user_regs_struct regs, last;

	start();
	/* up to exit_group(); the last stop inside is the end of write() */
	for (;;) {
		resume(PTRACE_SYSCALL, SIGTRAP | 0x80, &regs);
		if (inside(&regs)) {
			stops++;
			last = regs;
		} else if (stops) {
			break;
		}
		if (++all > LIMIT)
			fail("system-call stops", all, 2 * CALLS);
	}
	if (regs.orig_rax != SYS_exit_group)
		fail("the call after the stretch", regs.orig_rax, SYS_exit_group);
	if (last.rax != 1)
		fail("what write() returned", last.rax, 1);
	/* rbx of before the call */
	check_result(&last, SUM - (1 << 20));
	finish();
	printf("stepped: %u system-call stops\n", stops);
	if (stops != 2 * CALLS)
		fail("system-call stops", stops, 2 * CALLS);
}

/* UML stands on it, but does not have it. */
static void sysemu(void)
{
	int status;

	start();
	errno = 0;
	ptrace(REQUEST_SYSEMU, child, NULL, NULL);
	printf("stepped: PTRACE_SYSEMU: errno %d\n", errno);
	kill(child, SIGKILL);
	while (waitpid(child, &status, 0) == child && !WIFSIGNALED(status) &&
	       !WIFEXITED(status))
		;
	child = 0;
}

int main(void)
{
	by_steps();
	by_calls();
	sysemu();
	return 0;
}
