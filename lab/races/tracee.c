// SPDX-License-Identifier: GPL-2.0
/*
 * The tracee. While it waits for its moment it makes no system calls, since these
 * could be traced.
 */
#include "races.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "sys.h"
#include "tokens.h"

/* As the kernel has it. */
struct kernel_sigaction {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	u64 mask;
};

#define KERNEL_SA_RESTORER	0x04000000

/* Again and again: rt_sigreturn() may be skipped, as any call. */
__asm__(".globl restorer\n"
	"restorer:\n"
	"	mov	$15, %eax\n"
	"	syscall\n"
	"	jmp	restorer\n");
void restorer(void);

static void say(enum token token)
{
	__atomic_fetch_or(&run.token, 1u << token, __ATOMIC_SEQ_CST);
}

static void handler(int signr)
{
	switch (signr) {
	case SIG_MARK:
		for (;;)
			sys(__NR_exit_group, STATUS_MARK);
	case SIGUSR1:
		say(run.token & 1u << HANDLED ? HANDLED_AGAIN : HANDLED);
		break;
	default:
		say(HANDLED_OTHER);
	}
}

static void handle(int signr)
{
	struct kernel_sigaction action = {
		handler, KERNEL_SA_RESTORER, restorer, 0
	};

	sys(__NR_rt_sigaction, signr, &action, 0, 8);
}

/* getpgid() asks the tracer, getsid() whoever has the notifications. */
static void filter(void)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_getpgid, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_getsid, 2, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | 9),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	};
	static struct sock_fprog program = { ARRAY_SIZE(code), code };

	run.notify_fd = sys(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
			    SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static void say_result(long result)
{
	if (result == -EINTR)
		say(INTERRUPTED);
	else if (result == -ENOSYS)
		say(NO_SUCH_CALL);
	else if (result >= 0)
		say(RETURNED);
	else
		say(RETURNED_ERROR);
}

static void child_main(void *arg)
{
	say(CHILD_RAN);
	sys(__NR_getppid);
	for (;;)
		sys(__NR_exit_group, STATUS_CHILD);
}

static void thread_child_main(void *arg)
{
	say(CHILD_RAN);
	sys(__NR_getppid);
	for (;;)
		sys(__NR_exit, 0);
}

#define THREAD_FLAGS	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | \
			 CLONE_SYSVSEM)

static long make_child(u64 flags, int exit_signal)
{
	return spawn(CLONE_VM | CLONE_FILES | flags, exit_signal, -1, STACK_CHILD,
		     flags & CLONE_THREAD ? thread_child_main : child_main, NULL);
}

static long do_act(enum act act)
{
	static char *const argv[] = { TARGET, NULL };
	static char *const envp[] = { NULL };
	int pid = run.tracee.pid;

	switch (act) {
	case ACT_X_USR1:
		return sys(__NR_tgkill, pid, pid, SIGUSR1);
	case ACT_X_STOP:
		return sys(__NR_kill, pid, SIGSTOP);
	case ACT_H_STOP:
		return sys(__NR_tgkill, pid, run.thread.pid, SIGSTOP);
	case ACT_X_EXIT:
	case ACT_H_EXIT:
		return sys(__NR_exit, STATUS_EXIT);
	case ACT_X_GROUP_EXIT:
	case ACT_H_GROUP_EXIT:
		return sys(__NR_exit_group, STATUS_EXIT);
	case ACT_X_EXEC:
	case ACT_H_EXEC:
		return sys(__NR_execve, TARGET, argv, envp);
	case ACT_X_FORK:
	case ACT_H_FORK:
		return make_child(0, SIGCHLD);
	case ACT_X_VFORK:
		return make_child(CLONE_VFORK, SIGCHLD);
	case ACT_X_CLONE:
		return make_child(THREAD_FLAGS, 0);
	case ACT_X_TRACE:
		return sys(__NR_getpgid, 0);
	case ACT_X_NOTIFY:
		return sys(__NR_getsid, 0);
	default:
		return -EINVAL;
	}
}

static bool may_return(enum act act)
{
	switch (act) {
	case ACT_X_EXIT: case ACT_X_GROUP_EXIT: case ACT_X_EXEC:
	case ACT_H_EXIT: case ACT_H_GROUP_EXIT: case ACT_H_EXEC:
		return false;
	default:
		return true;
	}
}

static void act(enum act from, enum act to)
{
	unsigned int i;
	long result;

	for (i = 0; i < MAX_ACTS; i++) {
		enum act act = run.sc->acts[i];

		if (act < from || act >= to)
			continue;
		while (!__atomic_load_n(&run.start, __ATOMIC_ACQUIRE))
			relax();
		wait_until(i, false);
		/* Whoever is killed in it does not say that it has acted. */
		if (!may_return(act))
			acted(i, 0);
		result = do_act(act);
		if (act == ACT_X_TRACE || act == ACT_X_NOTIFY)
			say_result(result);
		else if (result < 0)
			say(ACT_FAILED);
		acted(i, 0);
	}
}

/*
 * In user mode, as long as it matters: on a busy host a CPU of the guest that does
 * nothing but that takes its time from the other one.
 */
static void loop_once(void)
{
	if (__atomic_load_n(&run.rest, __ATOMIC_ACQUIRE))
		sys(__NR_ppoll, 0, 0, 0, 0, 8);
	relax();
}

static void thread_main(void *arg)
{
	if (!run.streams)
		wait_flag(&run.go);
	act(THREAD_ACTS, NR_ACTS);
	for (;;) {
		loop_once();
		run.beat++;
	}
}

/* Where the stops for events begin. */
static void event(void)
{
	if (run.sc->state == AT_FORK)
		do_act(ACT_X_FORK);
	else if (run.sc->state == AT_EXEC)
		do_act(ACT_X_EXEC);
}

void tracee_main(void *arg)
{
	struct timespec long_time = { 1000, 0 };
	enum state state = run.sc->state;

	be_amplified();
	handle(SIGUSR1);
	handle(SIGUSR2);
	handle(SIG_MARK);
	if (run.notify_fd == -2)
		filter();
	if (run.sc->threads) {
		run.thread.pid = spawn(THREAD_FLAGS | CLONE_VM, 0, -1, STACK_THREAD,
				       thread_main, NULL);
		put_on_cpu(run.thread.pid, run.thread.cpu);
	}
	set_flag(&run.tracee.ready);
	wait_flag(&run.tracee_go);
	event();
	set_flag(&run.tracee_ready);
	if (state == IN_LOOP && !run.streams)
		wait_flag(&run.go);
	act(TRACEE_ACTS, THREAD_ACTS);
	for (;;) {
		switch (state) {
		case IN_CALLS:
		case AT_ENTRY:
		case AT_EXIT:
			sys(__NR_getppid);
			break;
		case IN_SLEEP:
			say_result(sys(__NR_ppoll, 0, 0, 0, 0, 8));
			break;
		case IN_NANOSLEEP:
			say_result(sys(__NR_clock_nanosleep, CLOCK_MONOTONIC, 0,
				       &long_time, 0));
			break;
		case IN_NOTIFY:
			say_result(sys(__NR_getsid, 0));
			state = IN_LOOP;
			break;
		default:
			loop_once();
		}
		run.beat++;
	}
}
