// SPDX-License-Identifier: GPL-2.0
/*
 * Random calls of what trinity leaves out (it has ptrace, kill, clone and fork
 * marked as too dangerous to be fuzzed): a family of processes that trace, signal,
 * clone and wait for each other with arguments by chance, as a user without
 * privileges.
 *
 *	fuzz SECONDS SEED
 *
 * Prints how many calls were made. Only processes of the family are aimed at; who
 * has begun it cannot be traced by them and lives in another process group, with
 * signals blocked.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef uint64_t u64;

#define NR_SLOTS	8
#define STACK_SIZE	16384
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* What the family shares. */
static struct {
	pid_t pids[NR_SLOTS];
	unsigned long calls, good;
} *shared;

static u64 state;

static unsigned int chance(unsigned int below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 16) % below;
}

static pid_t anyone(void)
{
	pid_t pid = __atomic_load_n(&shared->pids[chance(NR_SLOTS)],
				    __ATOMIC_RELAXED);

	/* never 0 or -1, which are more than the family */
	return pid > 1 ? pid : getpid();
}

static int any_signal(void)
{
	static const int often[] = {
		0, SIGSTOP, SIGCONT, SIGTSTP, SIGTRAP, SIGCHLD, SIGUSR1, SIGSEGV,
	};

	return chance(3) ? often[chance(ARRAY_SIZE(often))] : (int)chance(65);
}

static void count(long result)
{
	__atomic_fetch_add(&shared->calls, 1, __ATOMIC_RELAXED);
	if (result >= 0)
		__atomic_fetch_add(&shared->good, 1, __ATOMIC_RELAXED);
}

static void fuzz_ptrace(void)
{
	static const int often[] = {
		PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_SEIZE, PTRACE_SEIZE,
		PTRACE_INTERRUPT, PTRACE_LISTEN, PTRACE_CONT, PTRACE_SYSCALL,
		PTRACE_SINGLESTEP, 31 /* SYSEMU */, 32 /* SYSEMU_SINGLESTEP */,
		33 /* SINGLEBLOCK */, PTRACE_DETACH, PTRACE_KILL,
		PTRACE_SETOPTIONS, PTRACE_GETREGS, PTRACE_SETREGS,
		PTRACE_GETSIGINFO, PTRACE_GETEVENTMSG, PTRACE_PEEKSIGINFO,
		PTRACE_GETSIGMASK, PTRACE_GET_SYSCALL_INFO,
	};
	static char buffer[4096];
	unsigned long addr = 0, data = 0;
	int request;

	request = chance(8) ? often[chance(ARRAY_SIZE(often))] :
			      (int)(chance(2) ? chance(40) : 0x4200 + chance(24));
	switch (chance(4)) {
	case 0:
		addr = (unsigned long)buffer;
		data = addr;
		break;
	case 1:
		addr = sizeof(buffer);
		data = any_signal();
		break;
	case 2:
		data = chance(0x100) | chance(8) << 20;
		break;
	}
	count(ptrace(request, anyone(), addr, data));
}

static void fuzz_kill(void)
{
	pid_t pid = anyone();

	switch (chance(3)) {
	case 0:
		count(kill(pid, any_signal()));
		break;
	case 1:
		count(syscall(SYS_tkill, pid, any_signal()));
		break;
	default:
		count(syscall(SYS_tgkill, anyone(), pid, any_signal()));
	}
}

static int thread(void *unused)
{
	int i;

	for (i = 0; i < 20; i++)
		syscall(SYS_getpgid, 0);
	syscall(SYS_exit, 0);
	return 0;
}

/* Children end soon, so that there are never many. */
static void fuzz_clone(void)
{
	static const int bits[] = {
		CLONE_PTRACE, CLONE_UNTRACED, CLONE_VFORK, CLONE_PARENT,
		CLONE_SIGHAND | CLONE_VM, CLONE_FS, CLONE_FILES,
		CLONE_THREAD | CLONE_SIGHAND | CLONE_VM,
	};
	int i, flags = chance(2) ? SIGCHLD : (int)chance(65);
	static int turn;
	char *stack;
	long pid;

	for (i = chance(4); i; i--)
		flags |= bits[chance(ARRAY_SIZE(bits))];
	if (flags & CLONE_VM) {
		/* Whoever has had it is gone, or it crashes: that is welcome, too. */
		static char stacks[8][STACK_SIZE];

		stack = stacks[turn++ % 8] + STACK_SIZE;
		count(clone(thread, stack, flags & ~CLONE_VFORK, NULL));
		return;
	}
	pid = syscall(SYS_clone, flags, 0, 0, 0, 0);
	if (!pid)
		_exit(thread(NULL));
	count(pid);
}

static void fuzz_wait(void)
{
	static const int bits[] = {
		WUNTRACED, WCONTINUED, __WALL, __WNOTHREAD, __WCLONE, WEXITED,
		WNOWAIT,
	};
	int i, options = WNOHANG, status;
	siginfo_t info;

	for (i = chance(4); i; i--)
		options |= bits[chance(ARRAY_SIZE(bits))];
	if (chance(2))
		count(waitpid(chance(2) ? -1 : anyone(), &status, options));
	else
		count(waitid(chance(4), anyone(), &info, options));
}

static void handler(int signr)
{
}

static void fuzz_signals(void)
{
	struct sigaction action = { .sa_handler = handler };
	sigset_t set;

	if (chance(2))
		action.sa_handler = chance(2) ? SIG_IGN : SIG_DFL;
	action.sa_flags = chance(2) ? SA_RESTART : SA_NOCLDSTOP;
	count(sigaction(1 + chance(64), &action, NULL));
	if (chance(8))
		return;
	sigemptyset(&set);
	for (int i = 0; i < 4; i++)
		sigaddset(&set, 1 + chance(31));
	count(sigprocmask(chance(3), &set, NULL));
}

static void fuzz_exec(const char *self)
{
	if (!chance(50))
		count(execl(self, "fuzz", "exec", NULL));
}

/* One of the family has made us its tracer. */
static void let_go(pid_t pid)
{
	static const int requests[] = {
		PTRACE_CONT, PTRACE_SYSCALL, 31 /* SYSEMU */, PTRACE_DETACH,
	};

	count(ptrace(requests[chance(ARRAY_SIZE(requests))], pid, 0, 0));
}

static void member(u64 seed, const char *self)
{
	state = seed | 1;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		switch (chance(16)) {
		case 0 ... 7:
			fuzz_ptrace();
			break;
		case 8 ... 10:
			fuzz_kill();
			break;
		case 11:
			fuzz_clone();
			break;
		case 12:
			fuzz_signals();
			break;
		case 13:
			fuzz_exec(self);
			break;
		default:
			fuzz_wait();
		}
	}
}

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

int main(int argc, char **argv)
{
	static const struct timespec moment = { .tv_nsec = 20000000 };
	unsigned long members = 0;
	u64 seed;
	int i, status;
	sigset_t all;
	pid_t pid;
	long end;

	/* one of the family has executed it: the place is for another */
	if (argc == 2 && !strcmp(argv[1], "exec"))
		return 0;
	if (argc != 3) {
		fprintf(stderr, "fuzz SECONDS SEED\n");
		return 2;
	}
	end = now() + atol(argv[1]);
	seed = strtoull(argv[2], NULL, 10);
	state = seed | 1;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	prctl(PR_SET_DUMPABLE, 0);
	/* what loses its parent comes to us */
	prctl(PR_SET_CHILD_SUBREAPER, 1);

	while (now() < end) {
		while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
			if (WIFSTOPPED(status)) {
				let_go(pid);
				continue;
			}
			for (i = 0; i < NR_SLOTS; i++)
				if (shared->pids[i] == pid)
					shared->pids[i] = 0;
		}
		for (i = 0; i < NR_SLOTS; i++) {
			if (shared->pids[i])
				continue;
			pid = fork();
			if (pid < 0)
				break;
			if (!pid) {
				prctl(PR_SET_DUMPABLE, 1);
				sigprocmask(SIG_UNBLOCK, &all, NULL);
				setpgid(0, 0);
				member(seed + ++members * 0x9e3779b97f4a7c15ULL,
				       "/proc/self/exe");
			}
			members++;
			shared->pids[i] = pid;
		}
		nanosleep(&moment, NULL);
		/* whoever they have stopped for good makes room */
		pid = shared->pids[seed++ % NR_SLOTS];
		if (pid && !(seed % 4))
			kill(pid, SIGKILL);
	}
	for (i = 0; i < NR_SLOTS; i++)
		if (shared->pids[i])
			kill(shared->pids[i], SIGKILL);
	printf("%lu calls, %lu of them good, %lu processes\n", shared->calls,
	       shared->good, members);
	return 0;
}
