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

#define noinline	__attribute__((noinline, noclone))

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
static noinline void stretch(long fd)
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

/*
 * A signal to itself, twice, with a handler that counts in memory, since
 * rt_sigreturn() brings the registers back as they were; then brk(), which
 * refuses the address 1 and says where it is.
 */
#define SIGNALS		2
/* The fewest: what stands there, both handlers, both ways back. */
#define SIGNAL_STEPS	(SIGNALS * (5 + 3 + 2) + 5)

extern const char signals_begin[], signals_end[];
extern void handler(int sig);
long handled;

asm(".globl	handler\n\t"
	"handler:\n\t"
	"movslq	%edi, %rax\n\t"
	"add	%rax, handled(%rip)\n\t"
	"ret");

static noinline void with_signals(long pid)
{
	asm volatile("	mov	%[pid], %%r13\n"
		     "	.globl	signals_begin, signals_end\n"
		     "signals_begin:\n"
		     "	mov	%[rounds], %%ebx\n"
		     "1:	mov	%%r13, %%rdi\n"
		     "	mov	%[sig], %%esi\n"
		     "	mov	%[kill], %%eax\n"
		     "	syscall\n"
		     "	dec	%%ebx\n"
		     "	jnz	1b\n"

		     "	mov	$1, %%edi\n"
		     "	mov	%[brk], %%eax\n"
		     "	syscall\n"
		     "	mov	%%rax, %%r12\n"
		     "	nop\n"
		     "signals_end:\n"
		     "	nop\n"
		     :
		     : [pid] "a" (pid), [sig] "i" (SIGUSR1),
		       [rounds] "i" (SIGNALS), [kill] "i" (SYS_kill), [brk] "i" (SYS_brk)
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

/* A child that stops, then does @what. */
static void start(void (*what)(long arg))
{
	int status;

	fflush(stdout);
	if (pipe(fds) < 0)
		fail("pipe", errno, 0);
	child = fork();
	if (child < 0)
		fail("fork", errno, 0);
	if (!child) {
		signal(SIGUSR1, handler);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		what(what == stretch ? fds[1] : getpid());
		_exit(7);
	}
	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status) ||
	    WSTOPSIG(status) != SIGSTOP)
		fail("status of the child at its start", status, SIGSTOP << 8 | 0x7f);
	if (ptrace(PTRACE_SETOPTIONS, child, NULL,
		   PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) < 0)
		fail("PTRACE_SETOPTIONS", errno, 0);
}

/* The signal that the child stops for next, and its registers then. */
static int next_stop(int request, int sig, struct user_regs_struct *regs)
{
	int status;

	if (ptrace(request, child, NULL, (long)sig) < 0)
		fail("errno of the request", errno, 0);
	if (waitpid(child, &status, 0) != child)
		fail("errno of waitpid", errno, 0);
	if (!WIFSTOPPED(status))
		fail("wait status", status, SIGTRAP << 8 | 0x7f);
	if (ptrace(PTRACE_GETREGS, child, NULL, regs) < 0)
		fail("errno of PTRACE_GETREGS", errno, 0);
	return WSTOPSIG(status);
}

/* The next stop must be for @stop. */
static void resume(int request, int stop, struct user_regs_struct *regs)
{
	int sig = next_stop(request, 0, regs);

	if (sig != stop)
		fail("what the child stops for", sig, stop);
}

static void step_to(const char *where, struct user_regs_struct *regs)
{
	unsigned int before = 0;

	do {
		resume(PTRACE_SINGLESTEP, SIGTRAP, regs);
		if (++before > LIMIT)
			fail("steps before the stretch", before, LIMIT);
	} while (regs->rip != (unsigned long)where);
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
	unsigned int digest = 5381, steps = 0, calls = 0, word;
	struct user_regs_struct regs;

	start(stretch);
	step_to(stretch_begin, &regs);
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

	start(stretch);
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

/*
 * With @request from the first to the last instruction of with_signals(): the
 * stops, in which order and where.
 */
static void by_signals(int request, const char *name, unsigned int least)
{
	unsigned int digest = 5381, stops = 0, signals = 0, entered = 0, brk_stops = 0;
	int sig = 0, by_calls = request == PTRACE_SYSCALL;
	struct user_regs_struct regs;
	long sum;

	start(with_signals);
	step_to(signals_begin, &regs);
	/* the last that one can see of system calls is the end of brk() */
	while (by_calls ? brk_stops < 2 : regs.rip != (unsigned long)signals_end) {
		sig = next_stop(request, sig, &regs);
		digest = digest * 33 + (regs.rip - (unsigned long)signals_begin);
		digest = digest * 33 + sig;
		if (regs.rip == (unsigned long)handler)
			entered++;
		if (sig == SIGUSR1) {
			signals++;
			continue;
		}
		if (sig != (by_calls ? SIGTRAP | 0x80 : SIGTRAP))
			fail("what the child stops for", sig, SIGTRAP);
		sig = 0;
		if (regs.orig_rax == SYS_brk)
			brk_stops++;
		if (++stops > LIMIT)
			fail("stops", stops, least);
	}
	errno = 0;
	sum = ptrace(PTRACE_PEEKDATA, child, &handled, NULL);
	if (errno || sum != SIGNALS * SIGUSR1)
		fail("what the handler added up", sum, SIGNALS * SIGUSR1);
	/* inherited and not changed since */
	if ((by_calls ? regs.rax : regs.r12) != (unsigned long)sbrk(0))
		fail("the child's brk()", regs.r12, (long)sbrk(0));
	finish();
	printf("stepped: signals, %s: %u stops, %u signals, %u stops at the handler, digest %08x\n",
	       name, stops, signals, entered, digest);
	if (signals != SIGNALS)
		fail("signals", signals, SIGNALS);
	if (stops < least)
		fail("stops", stops, least);
}

/* UML stands on it, but does not have it. */
static void sysemu(void)
{
	int status;

	start(stretch);
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
	by_signals(PTRACE_SINGLESTEP, "by steps", SIGNAL_STEPS);
	by_signals(PTRACE_SYSCALL, "by calls", 2 * (2 * SIGNALS + 1));
	sysemu();
	return 0;
}
