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
#include "sysemu_x86.h"
#else
#include "sysemu_regs.h"
#endif

/* ---- Everything that knows the architecture ---- */

/* The result that a skipped call is left with: -ENOSYS. */
#define SKIPPED			(-38)

/*
 * raw_syscall() is the code that the tests step through: each of its
 * instructions has its offset in raw_syscall_steps[], up to and including
 * the nop that follows the system-call instruction.
 */
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

#include "sysemu_requests.h"

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

static inline void tracee_init(struct tracee *t)
{
	int fds[2];

	/* A wait that never ends is a failure: sooner than by the harness. */
	alarm(28);
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
