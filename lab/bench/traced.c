// SPDX-License-Identifier: GPL-2.0
/* What a tracer pays for a stop: its request, its wait, the tracee's part. */
#include "bench.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOPS	100

/*
 * What tracees do, for ever: calls one after the other, without an instruction
 * between them.  umask(95), which is call 95, returns what it was given before.
 */
__asm__(
	".text\n"
	"calls:	mov	$95, %edi\n"
	"	mov	$95, %eax\n"
	"1:	.rept	8192\n"
	"	syscall\n"
	"	.endr\n"
	"	jmp	1b\n"
	"nops:	.rept	8192\n"
	"	nop\n"
	"	.endr\n"
	"	jmp	nops\n"
);
void calls(void);
void nops(void);

static void getppids(void)
{
	for (;;)
		sys0(SYS_getppid);
}

static void kills(void)
{
	long pid = getpid();

	for (;;)
		sys4(SYS_kill, pid, SIGUSR1, 0, 0);
}

static void execs(void)
{
	static char *const words[] = { "bench", "again", NULL };

	execve(self, words, NULL);
}

/* Its SIGCHLDs would be stops, too. */
static void forks(void)
{
	sigset_t set;
	long pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (;;) {
		pid = sys0(SYS_fork);
		if (!pid)
			sys4(SYS_exit_group, 0, 0, 0, 0);
		sys4(SYS_wait4, pid, 0, 0, 0);
	}
}

static void pauses(void)
{
	for (;;)
		sys0(SYS_pause);
}

static pid_t tracee;
static enum {
	UNPINNED,		/* where the kernel wants them; in WALL mode on CPU 1 */
	PINNED,			/* tracer and tracee on one of two CPUs */
	APART,			/* on both */
} places;
static int request;
static int status;

static inline long trace(long what, long pid, long data)
{
	return sys4(SYS_ptrace, what, pid, 0, data);
}

static inline void wait_for(long pid)
{
	sys4(SYS_wait4, pid, (long)&status, __WALL, 0);
}

static void need(bool good)
{
	if (!good)
		skip("the tracee has status 0x%x", status);
}

/* A tracee in a stop, from where it goes on to @program. */
static void start(void (*program)(void), long options)
{
	if (places == PINNED)
		run_on(1);
	tracee = fork();
	if (tracee < 0)
		skip("fork: %s", strerror(errno));
	if (!tracee) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (places == APART)
			run_on(0);
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		sys4(SYS_kill, getpid(), SIGSTOP, 0, 0);
		program();
		_exit(1);
	}
	wait_for(tracee);
	need(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	if (ptrace(PTRACE_SETOPTIONS, tracee, 0, options))
		skip("options: %s", strerror(errno));
}

static u64 stops_body(unsigned int nr)
{
	unsigned int i;
	u64 begin = now();

	for (i = 0; i < nr; i++) {
		trace(request, tracee, 0);
		wait_for(tracee);
	}
	return now() - begin;
}

static double stops(int what, int expected)
{
	double cost;

	request = what;
	cost = measure(stops_body, STOPS);
	need(WIFSTOPPED(status) && status >> 8 == expected);
	return cost;
}

#define TRAP		SIGTRAP
#define CALL_TRAP	(SIGTRAP | 0x80)

static double stop_calls(unsigned int what)
{
	start(what == PTRACE_SYSEMU_SINGLESTEP ? calls : getppids, PTRACE_O_TRACESYSGOOD);
	return stops(what, CALL_TRAP);
}

static double stop_calls_apart(unsigned int what)
{
	places = APART;
	return stop_calls(what);
}

static double stop_calls_pinned(unsigned int what)
{
	places = PINNED;
	return stop_calls(what);
}

static double stop_calls_anywhere(unsigned int what)
{
	run_anywhere();
	return stop_calls(what);
}

static long ip(void)
{
	return ptrace(PTRACE_PEEKUSER, tracee, offsetof(struct user_regs_struct, rip), 0);
}

static double step_calls(unsigned int what)
{
	double cost;
	long from;

	start(calls, PTRACE_O_TRACESYSGOOD);
	cost = stops(what, TRAP);
	from = ip();
	stops_body(1);
	if (ip() != from + 2)
		remark("one stop is 0x%lx bytes of code", ip() - from);
	return cost;
}

static double step_calls_pinned(unsigned int what)
{
	places = PINNED;
	return step_calls(what);
}

static double step_nops(unsigned int what)
{
	double cost;
	long from;

	start(nops, PTRACE_O_TRACESYSGOOD);
	cost = stops(what, TRAP);
	from = ip();
	stops_body(1);
	if (what == PTRACE_SINGLEBLOCK && ip() == from + 1)
		remark("this CPU steps one instruction, not a block");
	return cost;
}

static double stop_signals(unsigned int arg)
{
	(void)arg;
	start(kills, 0);
	return stops(PTRACE_CONT, SIGUSR1);
}

static double stop_execs(unsigned int arg)
{
	double cost;

	(void)arg;
	start(execs, PTRACE_O_TRACEEXEC);
	request = PTRACE_CONT;
	cost = measure_batches(stops_body, 2, 201);
	need(status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8));
	return cost;
}

static u64 forks_body(unsigned int nr)
{
	unsigned int i;
	unsigned long child;
	u64 begin = now();

	for (i = 0; i < nr; i++) {
		trace(PTRACE_CONT, tracee, 0);
		wait_for(tracee);
		trace(PTRACE_GETEVENTMSG, tracee, (long)&child);
		wait_for(child);
		trace(PTRACE_DETACH, child, 0);
	}
	return now() - begin;
}

static double stop_forks(unsigned int arg)
{
	double cost;

	(void)arg;
	start(forks, PTRACE_O_TRACEFORK);
	cost = measure_batches(forks_body, 4, 801);
	need(status >> 8 == SIGSTOP);
	trace(PTRACE_CONT, tracee, 0);
	wait_for(tracee);
	need(status >> 8 == (SIGTRAP | PTRACE_EVENT_FORK << 8));
	return cost;
}

static u64 attach_body(unsigned int nr)
{
	unsigned int i;
	u64 begin = now();

	for (i = 0; i < nr; i++) {
		trace(PTRACE_ATTACH, tracee, 0);
		wait_for(tracee);
		trace(PTRACE_DETACH, tracee, 0);
	}
	return now() - begin;
}

static u64 seize_body(unsigned int nr)
{
	unsigned int i;
	u64 begin = now();

	for (i = 0; i < nr; i++) {
		trace(PTRACE_SEIZE, tracee, 0);
		trace(PTRACE_INTERRUPT, tracee, 0);
		wait_for(tracee);
		trace(PTRACE_DETACH, tracee, 0);
	}
	return now() - begin;
}

static double attach(unsigned int what)
{
	double cost;

	start(pauses, 0);
	trace(PTRACE_DETACH, tracee, 0);
	if (what == PTRACE_SEIZE) {
		cost = measure(seize_body, STOPS);
		need(status >> 8 == (SIGTRAP | PTRACE_EVENT_STOP << 8));
	} else {
		cost = measure(attach_body, STOPS);
		need(status >> 8 == SIGSTOP);
	}
	return cost;
}

/* Each getppid() of the tracee is answered by its tracer. */
static u64 answer_body(unsigned int nr)
{
	const long ax = offsetof(struct user_regs_struct, rax);
	unsigned int i;
	u64 begin = now();

	for (i = 0; i < nr; i++) {
		trace(PTRACE_SYSEMU, tracee, 0);
		wait_for(tracee);
		sys4(SYS_ptrace, PTRACE_POKEUSER, tracee, ax, 1);
	}
	return now() - begin;
}

static double answer(unsigned int arg)
{
	double cost;

	(void)arg;
	start(getppids, PTRACE_O_TRACESYSGOOD);
	cost = measure(answer_body, STOPS);
	need(status >> 8 == CALL_TRAP);
	return cost;
}

/*
 * What User Mode Linux does between two stops of a process: it looks at all of its
 * registers and writes them.
 */
static u64 cycle_body(unsigned int nr)
{
	static struct user_regs_struct regs;
	static char extended[16384] __attribute__((aligned(64)));
	struct iovec all = { extended, sizeof(extended) };
	unsigned int i;
	u64 begin = now();

	for (i = 0; i < nr; i++) {
		trace(PTRACE_SYSEMU, tracee, 0);
		wait_for(tracee);
		trace(PTRACE_GETREGS, tracee, (long)&regs);
		all.iov_len = sizeof(extended);
		sys4(SYS_ptrace, PTRACE_GETREGSET, tracee, NT_X86_XSTATE, (long)&all);
		regs.rax = 1;
		sys4(SYS_ptrace, PTRACE_SETREGSET, tracee, NT_X86_XSTATE, (long)&all);
		trace(PTRACE_SETREGS, tracee, (long)&regs);
	}
	return now() - begin;
}

static double cycle(unsigned int pinned)
{
	double cost;

	places = pinned ? PINNED : UNPINNED;
	start(getppids, PTRACE_O_TRACESYSGOOD);
	cost = measure(cycle_body, STOPS / 2);
	need(status >> 8 == CALL_TRAP);
	if (ptrace(PTRACE_PEEKUSER, tracee, offsetof(struct user_regs_struct, orig_rax), 0) !=
	    SYS_getppid)
		skip("this is not the call");
	return cost;
}

const struct bench_case traced_cases[] = {
	{ "traced/syscall", stop_calls, PTRACE_SYSCALL },
	{ "traced/sysemu", stop_calls, PTRACE_SYSEMU },
	{ "traced/sysemu_singlestep, call", stop_calls, PTRACE_SYSEMU_SINGLESTEP },
	{ "traced/sysemu, registers read and written", cycle },
	{ "traced/singlestep, call", step_calls, PTRACE_SINGLESTEP },
	{ "traced/singlestep, nop", step_nops, PTRACE_SINGLESTEP },
	{ "traced/singleblock", step_nops, PTRACE_SINGLEBLOCK },
	{ "traced/signal", stop_signals },
	{ "traced/exec", stop_execs },
	{ "traced/fork", stop_forks },
	{ "traced/attach, detach", attach, PTRACE_ATTACH },
	{ "traced/seize, interrupt, detach", attach, PTRACE_SEIZE },
	{ "answer/by a SYSEMU tracer", answer },
	{ "two/syscall", stop_calls, PTRACE_SYSCALL, TWO_CPUS },
	{ "two/syscall, pinned to one", stop_calls_pinned, PTRACE_SYSCALL, TWO_CPUS },
	{ "two/sysemu", stop_calls, PTRACE_SYSEMU, TWO_CPUS },
	{ "two/sysemu, pinned to one", stop_calls_pinned, PTRACE_SYSEMU, TWO_CPUS },
	{ "two/singlestep", step_calls, PTRACE_SINGLESTEP, TWO_CPUS },
	{ "two/singlestep, pinned to one", step_calls_pinned, PTRACE_SINGLESTEP, TWO_CPUS },
	{ "two/sysemu, registers read and written", cycle, false, TWO_CPUS },
	{ "two/the same, pinned to one", cycle, true, TWO_CPUS },
	{ "two/sysemu", stop_calls_anywhere, PTRACE_SYSEMU, WALL },
	{ "two/sysemu, pinned to one", stop_calls_pinned, PTRACE_SYSEMU, WALL },
	{ "two/sysemu, pinned to two", stop_calls_apart, PTRACE_SYSEMU, WALL },
	{ }
};
