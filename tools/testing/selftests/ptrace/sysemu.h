/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the PTRACE_SYSEMU tests share: a tracee whose system calls leave
 * marks, and a tracer that names the stops it sees.
 *
 * A tracee makes its calls through raw_syscall(), so that the address of the
 * system-call instruction is known and no library adds calls of its own.
 * A call that happens writes its letter into a pipe; happened() tells which
 * did.  go() resumes the tracee and says in words where it stopped next, so
 * that a failing test prints "Expected 'exit' == 'entry'".
 */
#ifndef SYSEMU_H
#define SYSEMU_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "../kselftest_harness.h"

#ifdef __x86_64__
#define SYSEMU_X86_64
#define SYSEMU_ARCH_SUPPORTED
#elif defined(__i386__)
#define SYSEMU_I386
#define SYSEMU_ARCH_SUPPORTED
#elif defined(__aarch64__) || defined(__s390x__)
#define SYSEMU_ARCH_SUPPORTED
#elif defined(__powerpc64__) && _CALL_ELF == 2
#define SYSEMU_ARCH_SUPPORTED
#elif defined(__riscv) && __riscv_xlen == 64
#define SYSEMU_ARCH_SUPPORTED
#endif

#if defined(SYSEMU_X86_64) || defined(SYSEMU_I386)
#define SYSEMU_X86
#endif

#ifdef SYSEMU_ARCH_SUPPORTED

/* Of an _Atomic variable, clang's __auto_type is one as well. */
#undef is_signed_type
#define is_signed_type(var)						\
	(!!((__typeof__((var) + 0))(-1) < (__typeof__((var) + 0))1))

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
/* Not <sys/ptrace.h>: the C libraries differ in what they know of SYSEMU. */
#include <linux/ptrace.h>
#ifdef SYSEMU_X86
#include <sys/user.h>
#include <asm/ptrace-abi.h>
#else
#include "sysemu_regs.h"
#endif

/* ---- Everything that knows the architecture ---- */

/* The result that a skipped call is left with: -ENOSYS. */
#define SKIPPED			(-38)

#ifdef SYSEMU_X86
#define tracee_regs		user_regs_struct
#define SYSCALL_INSN_SIZE	2	/* syscall, int $0x80, sysenter */

/* What si_code says of a SIGTRAP, and how far a breakpoint gets. */
#define STEP_CODE		TRAP_TRACE
#define SYSCALL_STEP_CODE	TRAP_BRKPT
#define BREAKPOINT_CODE		SI_KERNEL
#define BREAKPOINT_PASSED	1
#define STEP_ADDR_BACK		0

/*
 * Which traps a tracer gets that steps: PTRACE_SINGLESTEP from an entry stop traps
 * in its place, with a seccomp filter too; the CPU makes a second trap there; it
 * tells of a call that was stepped into when that is over, whatever the request;
 * PTRACE_SINGLESTEP over a call stops behind it; a step goes on into a new program;
 * without a tracer it has no effect; it ends with its trap, even if the tracer dies.
 */
#define TRAP_IN_PLACE		1
#define SECCOMP_TRAP_IN_PLACE	1
#define SECOND_TRAP		0
#define STEPPED_CALL_TRAPS	0
#define STEP_OVER_CALL_STOPS	1
#define STEP_INTO_EXEC		0
#define STEP_NEEDS_TRACER	0
#define STEP_ENDS_WITH_TRAP	0
#define HAVE_STEP		1

/* The number is where the result is; what is put at an entry stop holds. */
#define NR_IS_RESULT		0
#define ENTRY_REGS_HOLD		1
#define CLONE_STACK_FIRST	0	/* the order of its arguments */
#define HANDLER_BY_VDSO		0	/* which branches to it */
#define RESTART_RESULT		SKIPPED	/* if restart_syscall() is skipped */
#define steps_over_branches()	true
#endif

#ifdef SYSEMU_X86_64
#define NATIVE_AUDIT_ARCH	AUDIT_ARCH_X86_64
#elif defined(SYSEMU_I386)
#define NATIVE_AUDIT_ARCH	AUDIT_ARCH_I386
#endif

/*
 * raw_syscall() is the code that the tests step through: each of its
 * instructions has its offset in raw_syscall_steps[], up to and including
 * the nop that follows the system-call instruction.
 */
#ifdef SYSEMU_X86_64

#define REG_IP(r)	((r)->rip)
#define REG_SP(r)	((r)->rsp)
#define REG_NR(r)	((r)->orig_rax)
#define REG_RESULT(r)	((r)->rax)
#define REG_ARG0(r)	((r)->rdi)
#define REG_ARG1(r)	((r)->rsi)
#define REG_ARG2(r)	((r)->rdx)
#define REG_FLAGS(r)	((r)->eflags)

/* What raw_syscall() pops after the system-call instruction before its ret. */
#define RAW_SYSCALL_POPS	0
#define RAW_SYSCALL_LEAD	7	/* instructions before the system call */

__asm__(".pushsection .text\n"
	"raw_syscall:\n"
	"10:	mov %rdi, %rax\n"
	"11:	mov %rsi, %rdi\n"
	"12:	mov %rdx, %rsi\n"
	"13:	mov %rcx, %rdx\n"
	"14:	mov %r8, %r10\n"
	"15:	mov %r9, %r8\n"
	"16:	mov 8(%rsp), %r9\n"
	"17:	syscall\n"
	"18:	nop\n"
	"19:	ret\n"
	"raw_syscall_steps:\n"
	"	.long 10b - raw_syscall, 11b - raw_syscall, 12b - raw_syscall\n"
	"	.long 13b - raw_syscall, 14b - raw_syscall, 15b - raw_syscall\n"
	"	.long 16b - raw_syscall, 17b - raw_syscall, 18b - raw_syscall\n"
	"	.long 19b - raw_syscall\n"
	".popsection\n");

#elif defined(SYSEMU_I386)

#define REG_IP(r)	((r)->eip)
#define REG_SP(r)	((r)->esp)
#define REG_NR(r)	((r)->orig_eax)
#define REG_RESULT(r)	((r)->eax)
#define REG_ARG0(r)	((r)->ebx)
#define REG_ARG1(r)	((r)->ecx)
#define REG_ARG2(r)	((r)->edx)
#define REG_FLAGS(r)	((r)->eflags)

#define RAW_SYSCALL_POPS	4
#define RAW_SYSCALL_LEAD	11

__asm__(".pushsection .text\n"
	"raw_syscall:\n"
	"10:	push %ebp\n"
	"11:	push %ebx\n"
	"12:	push %esi\n"
	"13:	push %edi\n"
	"14:	mov 20(%esp), %eax\n"
	"15:	mov 24(%esp), %ebx\n"
	"16:	mov 28(%esp), %ecx\n"
	"17:	mov 32(%esp), %edx\n"
	"18:	mov 36(%esp), %esi\n"
	"19:	mov 40(%esp), %edi\n"
	"20:	mov 44(%esp), %ebp\n"
	"21:	int $0x80\n"
	"22:	nop\n"
	"23:	pop %edi\n"
	"	pop %esi\n"
	"	pop %ebx\n"
	"	pop %ebp\n"
	"	ret\n"
	"raw_syscall_steps:\n"
	"	.long 10b - raw_syscall, 11b - raw_syscall, 12b - raw_syscall\n"
	"	.long 13b - raw_syscall, 14b - raw_syscall, 15b - raw_syscall\n"
	"	.long 16b - raw_syscall, 17b - raw_syscall, 18b - raw_syscall\n"
	"	.long 19b - raw_syscall, 20b - raw_syscall, 21b - raw_syscall\n"
	"	.long 22b - raw_syscall, 23b - raw_syscall\n"
	".popsection\n");

#endif

__attribute__((visibility("hidden")))
long raw_syscall(long nr, ...);

__attribute__((visibility("hidden")))
extern const unsigned int raw_syscall_steps[];

/* Every argument register gets a defined value. */
#define RAW_CALL(nr, ...)	RAW_CALL_(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define RAW_CALL_(nr, a, b, c, d, e, f, ...)				\
	raw_syscall((long)(nr), (long)(a), (long)(b), (long)(c),	\
		    (long)(d), (long)(e), (long)(f))

#define RAW_CLONE(flags, stack)						\
	(CLONE_STACK_FIRST ? RAW_CALL(__NR_clone, stack, flags) :	\
			     RAW_CALL(__NR_clone, flags, stack))

static inline unsigned long raw_syscall_step(int i)
{
	return (unsigned long)raw_syscall + raw_syscall_steps[i];
}

/* The system-call instruction, the one after it, and the one after that. */
#define CALL_IP		raw_syscall_step(RAW_SYSCALL_LEAD)
#define RETURN_IP	raw_syscall_step(RAW_SYSCALL_LEAD + 1)
#define RETURN_STEP_IP	raw_syscall_step(RAW_SYSCALL_LEAD + 2)

/* ---- The tracee ---- */

enum attach_how { BY_TRACEME, BY_ATTACH, BY_SEIZE, UNTRACED };

#define DEFAULT_OPTIONS	(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)

/* Seen by tracer and tracee alike. */
struct shared {
	atomic_int ready;		/* the tracee spins, waiting for go */
	atomic_int go;
	atomic_int flag[8];		/* free for the test */
	atomic_int pid[4];		/* free for the test */
	atomic_long result[32];	/* what the tracee's calls returned */
	atomic_int handled;		/* signals its handler has seen */
	int mark_fd;
	int arg;			/* free for the test */
	void *ptr;			/* free for the test */
};

struct tracee {
	pid_t pid;
	struct shared *sh;
	int status;			/* as wait gave it */
	int marks_fd;
	char stop[64];
	char marks[256];
	unsigned long arg0;		/* of the last call that was entered */
	unsigned long trap_due;		/* see go_sig(): where, or 0 */
};

static const char mark_letters[] = "abcdefghijklmnopqrstuvwxyz";

/* One system call whose happening can be seen: letter @i is written. */
static inline long mark(struct shared *sh, int i)
{
	return RAW_CALL(__NR_write, sh->mark_fd, &mark_letters[i], 1);
}

static inline void marked_calls(struct shared *sh, int from, int to)
{
	int i;

	for (i = from; i < to; i++)
		sh->result[i] = mark(sh, i);
}

static inline void quit(int code)
{
	for (;;)
		RAW_CALL(__NR_exit_group, code);
}

/* The usual tracee: four marked calls, each recording its result. */
static inline void four_calls(struct shared *sh)
{
	marked_calls(sh, 0, 4);
	quit(0);
}

static inline long trace(long request, pid_t pid, unsigned long addr,
			 unsigned long data)
{
	long ret = syscall(__NR_ptrace, request, pid, addr, data);

	return ret == -1 ? -errno : ret;
}

static inline void nap(void)
{
	usleep(200);
}

/* State letter of /proc/PID/stat, '?' if there is no such task. */
static inline char task_state(pid_t pid)
{
	char path[64], buf[512], *p;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return '?';
	len = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (len <= 0)
		return '?';
	buf[len] = 0;
	p = strrchr(buf, ')');
	return p && p[1] ? p[2] : '?';
}

static inline void await_state(pid_t pid, char state)
{
	while (task_state(pid) != state)
		nap();
}

/* TracerPid of /proc/PID/status, -1 if there is no such task. */
static inline int tracer_of(pid_t pid)
{
	char path[64], line[256];
	int tracer = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "TracerPid: %d", &tracer) == 1)
			break;
	fclose(f);
	return tracer;
}

static inline const char *signal_word(int sig)
{
	static char number[16];

	switch (sig) {
	case SIGTRAP:
		return "TRAP";
	case SIGKILL:
		return "KILL";
	case SIGSTOP:
		return "STOP";
	case SIGCONT:
		return "CONT";
	case SIGSEGV:
		return "SEGV";
	case SIGSYS:
		return "SYS";
	case SIGUSR1:
		return "USR1";
	case SIGUSR2:
		return "USR2";
	case SIGCHLD:
		return "CHLD";
	}
	snprintf(number, sizeof(number), "%d", sig);
	return number;
}

static inline const char *event_word(int event)
{
	switch (event) {
	case PTRACE_EVENT_FORK:
		return "fork";
	case PTRACE_EVENT_VFORK:
		return "vfork";
	case PTRACE_EVENT_CLONE:
		return "clone";
	case PTRACE_EVENT_EXEC:
		return "exec";
	case PTRACE_EVENT_VFORK_DONE:
		return "vfork done";
	case PTRACE_EVENT_EXIT:
		return "exit";
	case PTRACE_EVENT_SECCOMP:
		return "seccomp";
	case PTRACE_EVENT_STOP:
		return "stop";
	}
	return "?";
}

/*
 * Where the tracee is, in words:
 *
 *	entry, exit		system-call stop with PTRACE_O_TRACESYSGOOD
 *	plain entry, plain exit	the same without it
 *	step			step trap after an instruction
 *	syscall step		step trap in lieu of an exit stop
 *	handler step		step trap in lieu of a handler's first step
 *	breakpoint		breakpoint instruction
 *	signal USR1		signal-delivery stop
 *	group stop STOP		group stop of a tracee that was not seized
 *	event exec, ...		event stop
 *	exited 0, killed KILL	the end
 */
static inline const char *describe(struct tracee *t)
{
	int status = t->status, sig, event;
	unsigned long msg = 0;
	siginfo_t si = {};

	if (WIFEXITED(status)) {
		snprintf(t->stop, sizeof(t->stop), "exited %d",
			 WEXITSTATUS(status));
		return t->stop;
	}
	if (WIFSIGNALED(status)) {
		snprintf(t->stop, sizeof(t->stop), "killed %s",
			 signal_word(WTERMSIG(status)));
		return t->stop;
	}
	if (!WIFSTOPPED(status)) {
		snprintf(t->stop, sizeof(t->stop), "status %#x", status);
		return t->stop;
	}

	sig = WSTOPSIG(status);
	event = status >> 16;
	trace(PTRACE_GETEVENTMSG, t->pid, 0, (unsigned long)&msg);
	if (event == PTRACE_EVENT_STOP && sig != SIGTRAP)
		snprintf(t->stop, sizeof(t->stop), "event stop %s",
			 signal_word(sig));
	else if (event)
		snprintf(t->stop, sizeof(t->stop), "event %s",
			 event_word(event));
	else if (sig == (SIGTRAP | 0x80))
		snprintf(t->stop, sizeof(t->stop), "%s",
			 msg == PTRACE_EVENTMSG_SYSCALL_ENTRY ? "entry" :
			 msg == PTRACE_EVENTMSG_SYSCALL_EXIT ? "exit" : "?");
	else if (trace(PTRACE_GETSIGINFO, t->pid, 0, (unsigned long)&si))
		snprintf(t->stop, sizeof(t->stop), "group stop %s",
			 signal_word(sig));
	else if (sig == SIGTRAP && si.si_code == STEP_CODE)
		snprintf(t->stop, sizeof(t->stop), "step");
	else if (sig == SIGTRAP && si.si_code == SYSCALL_STEP_CODE &&
		 (si.si_code != SI_USER || si.si_pid == 0))
		snprintf(t->stop, sizeof(t->stop), "syscall step");
	else if (sig == SIGTRAP && si.si_code == BREAKPOINT_CODE)
		snprintf(t->stop, sizeof(t->stop), "breakpoint");
	else if (sig == SIGTRAP && si.si_code == SIGTRAP)
		snprintf(t->stop, sizeof(t->stop), "%s",
			 msg == PTRACE_EVENTMSG_SYSCALL_ENTRY ? "plain entry" :
			 msg == PTRACE_EVENTMSG_SYSCALL_EXIT ? "plain exit" :
			 "handler step");
	else
		snprintf(t->stop, sizeof(t->stop), "signal %s",
			 signal_word(sig));
#ifdef SYSEMU_SKIP_LEAVES_ARG0
	if (msg == PTRACE_EVENTMSG_SYSCALL_ENTRY && strstr(t->stop, "entry")) {
		struct tracee_regs regs = read_regs(t->pid);

		t->arg0 = REG_RESULT(&regs);
	}
#endif
	return t->stop;
}

static inline const char *next_stop(struct tracee *t)
{
	pid_t pid;

	do {
		pid = waitpid(t->pid, &t->status, __WALL);
	} while (pid == -1 && errno == EINTR);
	if (pid != t->pid) {
		snprintf(t->stop, sizeof(t->stop), "wait: %s", strerror(errno));
		return t->stop;
	}
	return describe(t);
}

/* Is there nothing to wait for now?  "none", or the stop. */
static inline const char *stop_pending(struct tracee *t)
{
	if (waitpid(t->pid, &t->status, __WALL | WNOHANG) == 0)
		return "none";
	return describe(t);
}

/* Ends the test that runs, which alone has a place for the reason. */
static inline void skip_test(const char *why)
{
	struct __fixture_metadata *f;
	struct __test_metadata *t;

	for (f = __fixture_list; f; f = f->next)
		for (t = f->tests; t; t = t->next)
			if (t->results)
				snprintf(t->results->reason,
					 sizeof(t->results->reason), "%s", why);
	_exit(KSFT_SKIP);
}

/* Before more is stepped than what lies behind a system call. */
static inline void need_long_steps(void)
{
	if (!HAVE_STEP)
		skip_test("this architecture has no single steps");
	if (!steps_over_branches())
		skip_test("this CPU does not step over branches, as QEMU 7.2 does not");
}

static inline unsigned long ip_of(struct tracee *t);

/*
 * Where the CPU tells of a step into a system call when that is over, a trap in
 * place comes once after an entry stop that was reached by a step, and after the
 * exit stop if there is one. Returns whether this stop is that trap; it has to be,
 * where nothing else may come before.
 */
static inline bool is_due_trap(struct tracee *t)
{
	char other[32];

	if (!t->trap_due || WIFSIGNALED(t->status) ||
	    !strcmp(t->stop, "exit") || !strcmp(t->stop, "plain exit") ||
	    !strncmp(t->stop, "signal", 6))
		return false;
	if (!strcmp("step", t->stop) && ip_of(t) == t->trap_due) {
		t->trap_due = 0;
		return true;
	}
	snprintf(other, sizeof(other), "%.31s", t->stop);
	snprintf(t->stop, sizeof(t->stop), "%s, no trap in place", other);
	return false;
}

static inline bool is_step(int request)
{
	return request == PTRACE_SINGLESTEP || request == PTRACE_SINGLEBLOCK ||
	       request == PTRACE_SYSEMU_SINGLESTEP;
}

static inline const char *go_sig(struct tracee *t, int request, int sig)
{
	long ret = trace(request, t->pid, 0, sig);

	if (!HAVE_STEP && ret == -EIO && is_step(request))
		skip_test("this architecture has no single steps");
	if (ret) {
		snprintf(t->stop, sizeof(t->stop), "ptrace: %s",
			 strerror(-ret));
		return t->stop;
	}
	next_stop(t);
	if (STEPPED_CALL_TRAPS) {
		if (is_due_trap(t)) {
			trace(request, t->pid, 0, 0);
			next_stop(t);
		}
		if (is_step(request) && strstr(t->stop, "entry"))
			t->trap_due = ip_of(t);
	}
	return t->stop;
}

static inline const char *go(struct tracee *t, int request)
{
	return go_sig(t, request, 0);
}

/* Let the tracee run to its end; any stop on the way is what is returned. */
static inline const char *finish(struct tracee *t)
{
	return go(t, PTRACE_CONT);
}

/* The letters of all calls that happened until now. */
static inline const char *happened(struct tracee *t)
{
	size_t len = strlen(t->marks);
	ssize_t got;

	got = read(t->marks_fd, t->marks + len, sizeof(t->marks) - 1 - len);
	if (got > 0)
		t->marks[len + got] = 0;
	return t->marks;
}

#ifdef SYSEMU_X86
static inline struct tracee_regs regs_of(struct tracee *t)
{
	struct tracee_regs regs;

	memset(&regs, 0xa5, sizeof(regs));
	trace(PTRACE_GETREGS, t->pid, 0, (unsigned long)&regs);
	return regs;
}

static inline long set_regs(struct tracee *t, struct tracee_regs *regs)
{
	return trace(PTRACE_SETREGS, t->pid, 0, (unsigned long)regs);
}

static inline long result_in(struct tracee *t, struct tracee_regs *regs)
{
	(void)t;
	return REG_RESULT(regs);
}

static inline void put_result(struct tracee_regs *regs, long value)
{
	REG_RESULT(regs) = value;
}

static inline void put_ip(struct tracee_regs *regs, unsigned long ip)
{
	REG_IP(regs) = ip;
}

/* For a tracee that goes on at a system-call instruction. */
static inline void put_call(struct tracee_regs *regs, long nr, long a, long b,
			    long c)
{
	REG_RESULT(regs) = nr;
	REG_NR(regs) = -1;
	REG_ARG0(regs) = a;
	REG_ARG1(regs) = b;
	REG_ARG2(regs) = c;
}
#else
static inline struct tracee_regs regs_of(struct tracee *t)
{
	return read_regs(t->pid);
}

static inline long set_regs(struct tracee *t, struct tracee_regs *regs)
{
	return write_regs(t->pid, regs);
}

/* What a skipped call is left with counts as SKIPPED, whatever it is. */
static inline long result_in(struct tracee *t, struct tracee_regs *regs)
{
	long value = native_result(regs);

#ifdef SYSEMU_SKIP_LEAVES_ARG0
	if (value == (long)t->arg0)
		return SKIPPED;
#endif
	(void)t;
	return value;
}
#endif

static inline unsigned long ip_of(struct tracee *t)
{
	struct tracee_regs regs = regs_of(t);

	return REG_IP(&regs);
}

static inline long result_of(struct tracee *t)
{
	struct tracee_regs regs = regs_of(t);

	return result_in(t, &regs);
}

static inline long nr_of(struct tracee *t)
{
	struct tracee_regs regs = regs_of(t);

	return REG_NR(&regs);
}

static inline long set_result(struct tracee *t, long value)
{
	struct tracee_regs regs = regs_of(t);

	put_result(&regs, value);
	return set_regs(t, &regs);
}

static inline long set_nr(struct tracee *t, long value)
{
	struct tracee_regs regs = regs_of(t);

	REG_NR(&regs) = value;
	return set_regs(t, &regs);
}

static inline siginfo_t siginfo_of(struct tracee *t)
{
	siginfo_t si;

	memset(&si, 0xa5, sizeof(si));
	trace(PTRACE_GETSIGINFO, t->pid, 0, (unsigned long)&si);
	return si;
}

static inline unsigned long eventmsg_of(struct tracee *t)
{
	unsigned long msg = ~0UL;

	trace(PTRACE_GETEVENTMSG, t->pid, 0, (unsigned long)&msg);
	return msg;
}

static inline void tracee_init(struct tracee *t)
{
	int fds[2];

	/* A wait that never ends is a failure: sooner than by the harness. */
	alarm(15);
	memset(t, 0, sizeof(*t));
	t->sh = mmap(NULL, sizeof(*t->sh), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (t->sh == MAP_FAILED || pipe2(fds, O_NONBLOCK)) {
		perror("no tracee");
		_exit(KSFT_FAIL);
	}
	t->marks_fd = fds[0];
	t->sh->mark_fd = fds[1];
}

/* What a signal handler of the tracee does: count, and one marked call. */
static struct shared *handler_sh;

static inline void count_signal(int sig)
{
	(void)sig;
	handler_sh->handled++;
	mark(handler_sh, 23);
}

/* Handlers are inherited, so the tracee needs no call for this. */
static inline void install_handler(struct tracee *t, int sig, int flags)
{
	struct sigaction sa = {
		.sa_handler = count_signal,
		.sa_flags = flags,
	};

	handler_sh = t->sh;
	sigaction(sig, &sa, NULL);
}

/* Wait in user mode: a tracee that is attached to here is in no call. */
static inline void wait_for_go(struct shared *sh)
{
	sh->ready = 1;
	while (!sh->go)
		;
}

/*
 * Start a tracee that will run @body, and trace it.  It is left stopped, and
 * its next system call is the first one of @body.  Returns the stop.
 */
static inline const char *tracee_start(struct tracee *t, enum attach_how how,
				       unsigned long options,
				       void (*body)(struct shared *sh))
{
	pid_t parent = getpid();
	const char *stop;
	long ret;

	t->pid = fork();
	if (t->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Yama: any process may attach. */
		prctl(PR_SET_PTRACER, -1, 0, 0, 0);
		if (getppid() != parent)
			_exit(KSFT_FAIL);
		if (how == BY_TRACEME) {
			trace(PTRACE_TRACEME, 0, 0, 0);
			RAW_CALL(__NR_kill, getpid(), SIGSTOP);
		} else {
			wait_for_go(t->sh);
		}
		body(t->sh);
		_exit(KSFT_FAIL);
	}
	if (t->pid < 0)
		return "no fork";

	if (how == BY_TRACEME) {
		stop = next_stop(t);
		ret = trace(PTRACE_SETOPTIONS, t->pid, 0, options);
		if (ret)
			return "no PTRACE_SETOPTIONS";
		return stop;
	}

	while (!t->sh->ready)
		nap();
	if (how == UNTRACED)
		return "running";

	if (how == BY_ATTACH) {
		ret = trace(PTRACE_ATTACH, t->pid, 0, 0);
		if (ret)
			return "no PTRACE_ATTACH";
		stop = next_stop(t);
		ret = trace(PTRACE_SETOPTIONS, t->pid, 0, options);
	} else {
		ret = trace(PTRACE_SEIZE, t->pid, 0, options);
		if (ret)
			return "no PTRACE_SEIZE";
		ret = trace(PTRACE_INTERRUPT, t->pid, 0, 0);
		stop = next_stop(t);
	}
	t->sh->go = 1;
	return ret ? "no options" : stop;
}

static inline const char *first_stop(enum attach_how how)
{
	return how == BY_SEIZE ? "event stop" : "signal STOP";
}

/* Most tests need no more than this. */
#define START_TRACEE(t, body)						\
	ASSERT_STREQ("signal STOP", tracee_start(t, BY_TRACEME,		\
						 DEFAULT_OPTIONS, body))
#define START(body)	START_TRACEE(&self->t, body)

/* To the first entry stop, one instruction at a time if so requested. */
static inline const char *to_entry(struct tracee *t, int request)
{
	const char *stop;
	int i;

	if (is_step(request))
		need_long_steps();
	for (i = 0; i < 200; i++) {
		stop = go(t, request);
		if (strcmp(stop, "step"))
			break;
	}
	return stop;
}

/* Nothing stays behind, however the test ended. */
static inline void tracee_end(struct tracee *t)
{
	if (t->pid > 0) {
		kill(t->pid, SIGKILL);
		/* With PTRACE_O_TRACEEXIT, there may be one more stop. */
		while (waitpid(t->pid, &t->status, __WALL) == t->pid) {
			if (!WIFSTOPPED(t->status))
				break;
			trace(PTRACE_CONT, t->pid, 0, 0);
		}
	}
	t->pid = 0;
}

/*
 * The stack of a child that clone() starts inside raw_syscall(): returning
 * from there leads into @entry.
 */
static inline void *stack_into(void *stack, size_t size, void (*entry)(void))
{
	uintptr_t slot = ((uintptr_t)stack + size - 256) & ~63UL;
	unsigned long *ret = (unsigned long *)slot;

	ret[0] = (unsigned long)entry;
	return ret - RAW_SYSCALL_POPS;
}

#else /* !SYSEMU_ARCH_SUPPORTED */

TEST(sysemu)
{
	SKIP(return, "these tests know no registers of this architecture");
}

#endif
#endif /* SYSEMU_H */
