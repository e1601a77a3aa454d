// SPDX-License-Identifier: GPL-2.0
/*
 * The programs that are traced.  Each does its preparations in setup() and
 * begins with an int3, where the tracer takes over: the next instruction is
 * mostly the one that the program is about.  What a program computes or is
 * told goes into the notes.
 */
#include "conform.h"
#include "insn.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __x86_64__
#define UC_IP		REG_RIP
#define UC_FLAGS	REG_EFL
#define SYS_WAITPID	SYS_wait4
#define POPF_OR		"pushfq\n\torq %[set], (%%rsp)\n\tpopfq\n\t"
#define POPF_AND	"pushfq\n\tandq %[clear], (%%rsp)\n\tpopfq\n\t"
#else
#define UC_IP		REG_EIP
#define UC_FLAGS	REG_EFL
#define SYS_WAITPID	SYS_waitpid
#define POPF_OR		"pushfl\n\torl %[set], (%%esp)\n\tpopfl\n\t"
#define POPF_AND	"pushfl\n\tandl %[clear], (%%esp)\n\tpopfl\n\t"
#endif

#define X86_TF		0x100

struct notes *notes;

/* Every note counts, a page of them at most. */
void note(u64 value)
{
	u32 nr = notes->nr;

	if (nr < MAX_NOTES)
		notes->note[nr] = value;
	notes->nr = nr + 1;
}

/*
 * All that programs change.  The memory may be the tracer's and that of the
 * next tracee, so it is cleared first.
 */
static struct {
	/* what a signal handler does: */
	int skip_insn;		/* bytes that it steps over */
	int set_tf;		/* it sets the trap flag, once */
	int stop_tf_after;	/* how many signals later the trap flag goes */
	/* of Syscall User Dispatch */
	volatile char selector;
	/* cleared by the kernel when the threads are gone */
	int thread_tid, sleeper_tid;
	int word;
	char buf[16];
	struct { int fd; short events, revents; } poll;
} my;

static long stack_a[2048] __attribute__((aligned(64)));
static long stack_b[2048] __attribute__((aligned(64)));

#define STACK_TOP(s)	((s) + ARRAY_SIZE(s) - 16)
#define THREAD_FLAGS	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | \
			 CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID | \
			 CLONE_CHILD_CLEARTID)

static void leave(int status)
{
	sys1(SYS_exit_group, status);
}

static void start(void)
{
	asm volatile(START : : : "memory");
}

/* ---- signal handlers ---- */

static void handler(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *regs = uc->uc_mcontext.gregs;

	note(0x5160000 | sig);
	note((u32)info->si_code);
	note(regs[UC_IP]);
	note(regs[UC_FLAGS]);
	if (sig == SIGSYS) {
		note(info->si_syscall);
		note(info->si_arch);
		my.selector = SYSCALL_DISPATCH_FILTER_ALLOW;
	}
	regs[UC_IP] += my.skip_insn;
	if (my.stop_tf_after && --my.stop_tf_after == 0)
		regs[UC_FLAGS] &= ~X86_TF;
	if (my.set_tf) {
		regs[UC_FLAGS] |= X86_TF;
		my.set_tf = 0;
	}
}

static void on(int sig, int flags)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO };

	sigaction(sig, &sa, NULL);
}

static void block(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void sys_unblock_all(void)
{
	static const u64 none;

	note(sys4(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8));
}

static void setup_usr1(void)
{
	on(SIGUSR1, SA_RESTART);
	on(SIGUSR2, 0);
}

static void setup_usr1_norestart(void)
{
	on(SIGUSR1, 0);
	on(SIGUSR2, 0);
}

/* ---- system calls, one after the other ---- */

static void body_call(void)
{
	note(start0(SYS_getpid));
	note(sys0(SYS_getppid));
	note(sys0(SYS_getuid));
}

#ifdef __x86_64__
static long int80(long nr, long first)
{
	long ret;

	asm volatile("int $0x80" : "=a"(ret) : "0"(nr), "b"(first) : "memory",
		     "r8", "r9", "r10", "r11");
	return ret;
}

static void body_int80(void)
{
	long ret;

	/* getpid, getppid, close of 32-bit programs */
	asm volatile(START "int $0x80" : "=a"(ret) : "0"(20) : "memory",
		     "r8", "r9", "r10", "r11");
	note(ret);
	note(int80(64, 0));
	note(int80(6, -1));
	note(sys0(SYS_getpid));
}

static void body_vsyscall(void)
{
	long ret;

	/* gettimeofday() and getcpu(), without a place to put what they tell */
	asm volatile(START "call *%1" : "=a"(ret)
		     : "r"(0xffffffffff600000UL), "D"(0), "S"(0)
		     : "rcx", "r11", "memory");
	note(ret);
	note(sys0(SYS_getpid));
	asm volatile("call *%1" : "=a"(ret)
		     : "r"(0xffffffffff600800UL), "D"(0), "S"(0), "d"(0)
		     : "rcx", "r11", "memory");
	note(ret);
}
#else
static long vdso_entry;

static void setup_vdso(void)
{
	vdso_entry = getauxval(AT_SYSINFO);
}

static void body_vdso(void)
{
	long ret;

	asm volatile(START "call *%2" : "=a"(ret) : "0"(SYS_getpid), "r"(vdso_entry) : "memory");
	note(ret);
	asm volatile("call *%2" : "=a"(ret) : "0"(SYS_getppid), "r"(vdso_entry) : "memory");
	note(ret);
	note(sys0(SYS_getuid));
}

/* The kernel returns to the vDSO, which pops what it would have pushed. */
#define SYSENTER(first)							\
	first "push $1f\n\tpush %%ecx\n\tpush %%edx\n\tpush %%ebp\n\t"	\
	"mov %%esp, %%ebp\n\tsysenter\n1:"

static void body_sysenter(void)
{
	long ret;

	asm volatile(SYSENTER(START) : "=a"(ret) : "0"(SYS_getpid) : "memory");
	note(ret);
	asm volatile(SYSENTER("") : "=a"(ret) : "0"(SYS_getppid) : "memory");
	note(ret);
	note(sys0(SYS_getuid));
}
#endif

static void body_badnr(void)
{
	note(start0(9999));
	note(sys0(-1));
	note(sys0(0x40000027));
	note(sys0(SYS_getpid));
}

static void body_args(void)
{
	note(start6(SYS_sendto, FD_SOCKET, (long)"six", 3, 0x40, 0, 0));
	note(sys6(SYS_recvfrom, FD_SOCKET_PEER, (long)my.buf, sizeof(my.buf), 0x40, 0, 0));
	note(my.buf[0] | my.buf[1] << 8 | my.buf[2] << 16);
}

static void body_write(void)
{
	note(start3(SYS_write, FD_DEVNULL, "abc", 3));
	note(sys3(SYS_write, -1, "abc", 3));
	note(sys3(SYS_write, FD_DEVNULL, "abc", 2));
}

/* ---- ordinary instructions ---- */

static void body_plain(void)
{
	unsigned long flags, x;

	asm volatile(START "nop\n\tmov $5, %0\n\tadd %0, %0\n\tpushf\n\tpop %1\n\tnop"
		     : "=&r"(x), "=&r"(flags));
	note(x);
	note(flags);
	note(sys0(SYS_getpid));
}

static void body_string(void)
{
	void *to = my.buf;
	unsigned long n = 5;

	asm volatile(START "rep stosb" : "+D"(to), "+c"(n) : "a"('x') : "memory");
	note(n);
	note(my.buf[4]);
	note(sys0(SYS_getpid));
}

static void body_branch(void)
{
	unsigned long n = 3;

	asm volatile(START "1:\tnop\n\tdec %0\n\tjnz 1b\n\tcall 2f\n\tjmp 3f\n2:\tnop\n\tret\n3:"
		     : "+r"(n) : : "memory");
	note(n);
	note(sys0(SYS_getpid));
}

static void setup_popf(void)
{
	on(SIGTRAP, 0);
	my.stop_tf_after = 4;
}

/* The program steps itself: over a nop, over a call. */
static void body_popf(void)
{
	long ret = SYS_getpid;

	asm volatile(START POPF_OR "nop\n\t" SYSCALL_INSN "\n\tnop\n\tnop\n\tnop"
		     : "+a"(ret) : [set] "i"(X86_TF) : SYSCALL_CLOBBER);
	note(ret);
	note(sys0(SYS_getpid));
}

static void setup_popf_call(void)
{
	on(SIGTRAP, 0);
}

/* The trap flag is set by one call's own instruction neighbour only. */
static void body_popf_call(void)
{
	long ret;

	asm volatile(START POPF_OR SYSCALL_INSN "\n\t" POPF_AND
		     : "=a"(ret) : [set] "i"(X86_TF), [clear] "i"(~X86_TF), "0"(SYS_getpid)
		     : SYSCALL_CLOBBER);
	note(ret);
	note(sys0(SYS_getpid));
}

static void setup_trap(void)
{
	on(SIGTRAP, 0);
}

static void body_trap(void)
{
	start();
	asm volatile("int3\n\tnop\n\tint3" : : : "memory");
	note(sys0(SYS_getpid));
	asm volatile(".byte 0xf1" : : : "memory");	/* icebp */
	note(sys0(SYS_getppid));
}

static void setup_trap_blocked(void)
{
	on(SIGTRAP, 0);
	block(SIGTRAP);
}

static void body_trap_blocked(void)
{
	note(start0(SYS_getpid));
	note(sys0(SYS_getppid));
	note(sys2(SYS_kill, sys0(SYS_getpid), SIGTRAP));
	sys_unblock_all();
}

static void setup_fault(void)
{
	on(SIGSEGV, 0);
	on(SIGILL, 0);
	on(SIGFPE, 0);
	my.skip_insn = 2;		/* so long is each of these */
}

static void body_fault(void)
{
	asm volatile(START "movb (%0), %%dl" : : "a"(8) : "memory", "edx");
	note(sys0(SYS_getpid));
	asm volatile("ud2" : : : "memory");
	asm volatile("divl %%ecx" : : "a"(1), "d"(0), "c"(0) : "memory");
	note(sys0(SYS_getppid));
}

static void body_segv(void)
{
	asm volatile(START "movb (%0), %%dl" : : "a"(8) : "memory", "edx");
}

/* ---- processes and threads ---- */

static void reap(long pid)
{
	int status = 0;

	note(sys4(SYS_WAITPID, pid, &status, __WALL, 0));
	note(status);
}

static void body_fork(void)
{
	long pid = start0(SYS_fork);

	note(pid);
	if (!pid) {
		note(sys0(SYS_getppid));
		leave(3);
	}
	reap(pid);
}

static void body_vfork(void)
{
	/* the child shares this stack: it must not return */
	long pid = start0(SYS_vfork);

	note(pid);
	if (!pid)
		leave(4);
	reap(pid);
}

static void child_leaves(void)
{
	note(sys0(SYS_getpid));
	leave(5);
}

static void clone_with(unsigned long flags)
{
	long pid = start_clone(flags, STACK_TOP(stack_a), NULL, child_leaves);

	note(pid);
	reap(pid);
}

static void body_clone_ptrace(void)
{
	clone_with(CLONE_PTRACE | SIGCHLD);
}

static void body_clone_untraced(void)
{
	clone_with(CLONE_UNTRACED | SIGCHLD);
}

static void body_clone_usr2(void)
{
	clone_with(CLONE_VM | SIGUSR2);
}

static void join(int *tid)
{
	int id = *(volatile int *)tid;

	if (id)
		note(sys4(SYS_futex, tid, FUTEX_WAIT, id, NULL));
	note(*(volatile int *)tid);
}

static void thread_leaves(void)
{
	note(sys0(SYS_getpid));
	note(sys0(SYS_gettid));
	sys1(SYS_exit, 0);
}

static void body_thread(void)
{
	note(start_clone(THREAD_FLAGS, STACK_TOP(stack_a), &my.thread_tid, thread_leaves));
	join(&my.thread_tid);
	note(sys0(SYS_getpid));
}

static void thread_sleeps(void)
{
	note(sys0(SYS_gettid));
	sys0(SYS_pause);
	note(sys0(SYS_gettid));
	sys1(SYS_exit, 0);
}

static void add_sleeper(void)
{
	sys_clone(THREAD_FLAGS, STACK_TOP(stack_b), &my.sleeper_tid, thread_sleeps);
}

/* A thread that is there, and asleep, when the sequence begins. */
static void body_sleeper(void)
{
	add_sleeper();
	note(start0(SYS_getpid));
	note(sys0(SYS_getppid));
	leave(6);
}

static void body_thread_stop(void)
{
	add_sleeper();
	note(start2(SYS_kill, sys0(SYS_getpid), SIGSTOP));
	note(sys0(SYS_getpid));
	leave(7);
}

static void thread_executes(void)
{
	static const char *const argv[] = { "target", NULL };
	static const char *const envp[] = { NULL };

	note(sys0(SYS_gettid));
	note(sys3(SYS_execve, TARGET, argv, envp));
	leave(8);
}

static void body_exec_thread(void)
{
	note(start_clone(THREAD_FLAGS, STACK_TOP(stack_a), &my.thread_tid, thread_executes));
	note(sys0(SYS_pause));
	leave(9);
}

static void body_leader_exits(void)
{
	add_sleeper();
	start_clone(THREAD_FLAGS, STACK_TOP(stack_a), &my.thread_tid, thread_leaves);
	sys1(SYS_exit, 10);
}

static const char *const exec_argv[] = { "target", NULL };
static const char *const exec_envp[] = { NULL };

static void body_exec(void)
{
	note(start3(SYS_execve, TARGET, exec_argv, exec_envp));
	leave(11);
}

static void body_exec_other(void)
{
	note(start3(SYS_execve, TARGET_OTHER, exec_argv, exec_envp));
	leave(12);
}

static void body_exec_fails(void)
{
	note(start3(SYS_execve, "/conform/nothing", exec_argv, exec_envp));
	note(sys0(SYS_getpid));
}

static void body_exit(void)
{
	start1(SYS_exit, 13);
}

static void body_exit_group(void)
{
	add_sleeper();
	start1(SYS_exit_group, 14);
}

static void body_orphan(void)
{
	long pid = start0(SYS_fork);

	note(pid);
	if (pid)
		leave(15);
	note(sys0(SYS_getppid));
	note(sys0(SYS_getpid));
	leave(16);
}

/* A child that stops, and a parent that waits for that, continues it, waits. */
static void body_wait(void)
{
	int status = 0;
	long pid = start0(SYS_fork);

	if (!pid) {
		sys2(SYS_kill, sys0(SYS_getpid), SIGSTOP);
		note(sys0(SYS_getpid));
		leave(17);
	}
	note(sys4(SYS_WAITPID, pid, &status, WUNTRACED | __WALL, 0));
	note(status);
	note(sys2(SYS_kill, pid, SIGCONT));
	reap(pid);
}

/* The tracee is a tracer itself. */
static void body_nested(void)
{
	int status = 0;
	long pid = start0(SYS_fork);

	if (!pid) {
		note(sys4(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0));
		sys2(SYS_kill, sys0(SYS_getpid), SIGSTOP);
		note(sys0(SYS_getppid));
		note(sys0(SYS_getuid));
		leave(18);
	}
	sys4(SYS_WAITPID, pid, &status, WUNTRACED | __WALL, 0);
	note(status);
	note(sys4(SYS_ptrace, PTRACE_SYSEMU, pid, 0, 0));
	sys4(SYS_WAITPID, pid, &status, WUNTRACED | __WALL, 0);
	note(status);
	note(sys4(SYS_ptrace, PTRACE_SYSCALL, pid, 0, 0));
	sys4(SYS_WAITPID, pid, &status, WUNTRACED | __WALL, 0);
	note(status);
	note(sys4(SYS_ptrace, PTRACE_CONT, pid, 0, SIGCONT));
	reap(pid);
}

static void body_traceme(void)
{
	note(start4(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0));
	note(sys0(SYS_getpid));
}

/* ---- signals ---- */

static void body_raise(void)
{
	long pid = sys0(SYS_getpid);

	note(start2(SYS_kill, pid, SIGUSR1));
	note(sys0(SYS_getpid));
}

static void setup_two(void)
{
	setup_usr1();
	block(SIGUSR1);
	block(SIGUSR2);
}

static void body_two(void)
{
	static const u64 none;
	long pid = sys0(SYS_getpid);

	sys2(SYS_kill, pid, SIGUSR1);
	sys2(SYS_kill, pid, SIGUSR2);
	note(start4(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8));
	note(sys0(SYS_getpid));
}

static void body_blocked(void)
{
	u64 pending = 0;

	note(start2(SYS_kill, sys0(SYS_getpid), SIGUSR1));
	note(sys2(SYS_rt_sigpending, &pending, 8));
	note(pending);
	sys_unblock_all();
}

static void setup_ignored(void)
{
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
}

static void body_term(void)
{
	note(start2(SYS_kill, sys0(SYS_getpid), SIGTERM));
	note(1);
}

static void body_quit(void)
{
	note(start2(SYS_kill, sys0(SYS_getpid), SIGQUIT));
	note(1);
}

static void body_kill(void)
{
	note(start2(SYS_kill, sys0(SYS_getpid), SIGKILL));
	note(1);
}

static void setup_queue(void)
{
	on(SIGRTMIN, 0);
	on(SIGRTMIN + 1, 0);
	block(SIGRTMIN);
	block(SIGRTMIN + 1);
}

static void body_queue(void)
{
	siginfo_t info = { .si_code = SI_QUEUE };
	static const u64 none;
	long pid = sys0(SYS_getpid);

	info.si_value.sival_int = 1;
	sys3(SYS_rt_sigqueueinfo, pid, SIGRTMIN, &info);
	info.si_value.sival_int = 2;
	sys3(SYS_rt_sigqueueinfo, pid, SIGRTMIN, &info);
	sys3(SYS_rt_sigqueueinfo, pid, SIGRTMIN + 1, &info);
	note(start4(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8));
	note(sys0(SYS_getpid));
}

static void body_stop(void)
{
	note(start2(SYS_kill, sys0(SYS_getpid), SIGSTOP));
	note(sys0(SYS_getpid));
}

static void body_tstp(void)
{
	note(start2(SYS_kill, sys0(SYS_getpid), SIGTSTP));
	note(sys0(SYS_getpid));
}

static void setup_tf_frame(void)
{
	on(SIGUSR1, 0);
	on(SIGTRAP, 0);
	my.set_tf = 1;
	my.stop_tf_after = 3;
}

/* Sigreturn to flags with the trap flag. */
static void body_tf_frame(void)
{
	note(start2(SYS_kill, sys0(SYS_getpid), SIGUSR1));
	note(sys0(SYS_getpid));
}

/* ---- calls that sleep ---- */

static void body_read(void)
{
	char c = 0;

	note(start3(SYS_read, FD_PIPE_READ, &c, 1));
	note(c);
	note(sys0(SYS_getpid));
}

static void body_pause(void)
{
	note(start0(SYS_pause));
	note(sys0(SYS_getpid));
}

static void body_sleep(void)
{
	static const struct { long sec, nsec; } century = { 1000000000, 0 };

	note(start2(SYS_nanosleep, &century, NULL));
	note(sys0(SYS_getpid));
}

/* poll() goes on by a restart block: restart_syscall */
static void body_poll(void)
{
	my.poll.fd = FD_PIPE_READ;
	my.poll.events = 1;
	note(start3(SYS_poll, &my.poll, 1, 1000000000));
	note(my.poll.revents);
	note(sys0(SYS_getpid));
}

static void body_futex(void)
{
	note(start4(SYS_futex, &my.word, FUTEX_WAIT, 0, NULL));
	note(sys0(SYS_getpid));
}

static void body_suspend(void)
{
	static const u64 none;

	note(start2(SYS_rt_sigsuspend, &none, 8));
	note(sys0(SYS_getpid));
}

/* ---- seccomp ---- */

static void filter(u32 action, unsigned int flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = ARRAY_SIZE(code), .filter = code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* all six: else the stack has what the last tracee left there */
	notes->notify_fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog, 0, 0, 0);
}

static void setup_seccomp_process(void)
{
	filter(SECCOMP_RET_KILL_PROCESS, 0);
}

static void setup_seccomp_thread(void)
{
	filter(SECCOMP_RET_KILL_THREAD, 0);
}

static void setup_seccomp_errno(void)
{
	filter(SECCOMP_RET_ERRNO | 77, 0);
}

static void setup_seccomp_trap(void)
{
	on(SIGSYS, 0);
	filter(SECCOMP_RET_TRAP | 78, 0);
}

static void setup_seccomp_trace(void)
{
	filter(SECCOMP_RET_TRACE | 79, 0);
}

static void setup_seccomp_notify(void)
{
	filter(SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

static void setup_seccomp_allow(void)
{
	filter(SECCOMP_RET_ALLOW, 0);
}

static void body_getppid(void)
{
	note(start0(SYS_getppid));
	note(sys0(SYS_getpid));
	note(sys0(SYS_getppid));
}

static void setup_seccomp_strict(void)
{
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0);
}

static void body_strict(void)
{
	note(start3(SYS_write, FD_DEVNULL, "ab", 2));
	note(sys0(SYS_getpid));
}

/* ---- Syscall User Dispatch ---- */

static void setup_dispatch(void)
{
	on(SIGSYS, 0);
	my.selector = SYSCALL_DISPATCH_FILTER_ALLOW;
	note(prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &my.selector));
}

static void body_dispatch(void)
{
	my.selector = SYSCALL_DISPATCH_FILTER_BLOCK;
	note(start0(SYS_getpid));
	note(sys0(SYS_getppid));
	my.selector = SYSCALL_DISPATCH_FILTER_BLOCK;
	note(sys0(SYS_getuid));
}

/* On, but letting all calls through. */
static void body_dispatch_allow(void)
{
	note(start0(SYS_getpid));
	note(sys0(SYS_getppid));
}

/* ---- what calls cost ---- */

#define NR_CALLS	32

static u64 ticks(void)
{
	u32 low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

/* The least of several times: an interrupt makes one of them longer. */
static u64 cost_of_calls(void)
{
	u64 least = ~0ULL, t;
	unsigned int i, j;

	for (i = 0; i < 8; i++) {
		t = ticks();
		for (j = 0; j < NR_CALLS; j++)
			sys0(SYS_getppid);
		t = ticks() - t;
		if (t < least)
			least = t;
	}
	return least / NR_CALLS;
}

/* Before the tracer comes, and when it should have gone: see cost.c. */
static void setup_cost(void)
{
	note(cost_of_calls());
}

static void body_cost(void)
{
	start0(SYS_getpid);
	sys0(SYS_getuid);
	sys0(SYS_getuid);
	note(cost_of_calls());
}

const struct program programs[] = {
	{ "call", NULL, body_call },
#ifdef __x86_64__
	{ "int80", NULL, body_int80 },
	{ "vsyscall", NULL, body_vsyscall },
#else
	{ "vdso", setup_vdso, body_vdso },
	{ "sysenter", NULL, body_sysenter },
#endif
	{ "badnr", NULL, body_badnr },
	{ "args", NULL, body_args },
	{ "write", NULL, body_write },
	{ "plain", NULL, body_plain },
	{ "string", NULL, body_string },
	{ "branch", NULL, body_branch },
	{ "popf", setup_popf, body_popf },
	{ "popf-call", setup_popf_call, body_popf_call },
	{ "trap", setup_trap, body_trap },
	{ "trap-blocked", setup_trap_blocked, body_trap_blocked },
	{ "fault", setup_fault, body_fault },
	{ "segv", NULL, body_segv, .once = true },
	{ "fork", NULL, body_fork, .tasks = true },
	{ "vfork", NULL, body_vfork, .tasks = true },
	{ "clone-ptrace", NULL, body_clone_ptrace, .tasks = true },
	{ "clone-untraced", NULL, body_clone_untraced, .tasks = true },
	{ "clone-usr2", setup_usr1, body_clone_usr2, .tasks = true },
	{ "thread", NULL, body_thread, .tasks = true },
	{ "sleeper", setup_usr1_norestart, body_sleeper, WAKE_USR1, .tasks = true },
	{ "thread-stop", setup_usr1_norestart, body_thread_stop, WAKE_CONT, .tasks = true },
	{ "exec-thread", setup_usr1, body_exec_thread, .tasks = true },
	{ "leader-exits", setup_usr1_norestart, body_leader_exits, WAKE_USR1, .tasks = true },
	{ "exec", NULL, body_exec },
	{ "exec-other", NULL, body_exec_other },
	{ "exec-fails", NULL, body_exec_fails },
	{ "exit", NULL, body_exit },
	{ "exit-group", setup_usr1, body_exit_group, .tasks = true },
	{ "orphan", NULL, body_orphan, .tasks = true },
	{ "wait", NULL, body_wait, .tasks = true },
	{ "nested", NULL, body_nested, .tasks = true },
	{ "traceme", NULL, body_traceme },
	{ "raise", setup_usr1, body_raise },
	{ "two", setup_two, body_two },
	{ "blocked", setup_two, body_blocked },
	{ "ignored", setup_ignored, body_raise },
	{ "term", NULL, body_term },
	{ "quit", NULL, body_quit, .once = true },
	{ "kill", NULL, body_kill, .once = true },
	{ "queue", setup_queue, body_queue },
	{ "stop", NULL, body_stop, WAKE_CONT },
	{ "tstp", NULL, body_tstp, WAKE_CONT },
	{ "tf-frame", setup_tf_frame, body_tf_frame },
	{ "read", setup_usr1, body_read, WAKE_USR1 | WAKE_PIPE },
	{ "read-intr", setup_usr1_norestart, body_read, WAKE_USR1 | WAKE_PIPE },
	{ "pause", setup_usr1, body_pause, WAKE_USR1 },
	{ "sleep", setup_usr1, body_sleep, WAKE_USR1 },
	{ "poll", setup_ignored, body_poll, WAKE_PIPE },
	{ "futex", setup_usr1, body_futex, WAKE_USR1 },
	{ "suspend", setup_two, body_suspend, WAKE_USR1 },
	{ "seccomp-process", setup_seccomp_process, body_getppid },
	{ "seccomp-thread", setup_seccomp_thread, body_getppid },
	{ "seccomp-errno", setup_seccomp_errno, body_getppid },
	{ "seccomp-trap", setup_seccomp_trap, body_getppid },
	{ "seccomp-trace", setup_seccomp_trace, body_getppid },
	{ "seccomp-notify", setup_seccomp_notify, body_getppid, WAKE_NOTIFY },
	{ "seccomp-allow", setup_seccomp_allow, body_getppid, .once = true },
	{ "seccomp-strict", setup_seccomp_strict, body_strict },
	{ "dispatch", setup_dispatch, body_dispatch },
	{ "dispatch-allow", setup_dispatch, body_dispatch_allow },
	/* not part of a plan, since costs differ */
	{ "cost", setup_cost, body_cost },
};

const unsigned int nr_programs = ARRAY_SIZE(programs) - 1;

int program_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(programs); i++) {
		if (!strcmp(programs[i].name, name))
			return i;
	}
	return -1;
}

/* With nothing left in the registers: it might depend on the command line. */
static __noreturn void enter(void (*body)(void))
{
#ifdef __x86_64__
	asm volatile("xor %%ebx, %%ebx\n\txor %%ebp, %%ebp\n\txor %%ecx, %%ecx\n\t"
		     "xor %%edx, %%edx\n\txor %%esi, %%esi\n\txor %%edi, %%edi\n\t"
		     "xor %%r8d, %%r8d\n\txor %%r9d, %%r9d\n\txor %%r10d, %%r10d\n\t"
		     "xor %%r11d, %%r11d\n\txor %%r12d, %%r12d\n\txor %%r13d, %%r13d\n\t"
		     "xor %%r14d, %%r14d\n\txor %%r15d, %%r15d\n\t"
		     "call *%0" : : "a"(body) : "memory");
#else
	asm volatile("xor %%ebx, %%ebx\n\txor %%ebp, %%ebp\n\txor %%ecx, %%ecx\n\t"
		     "xor %%edx, %%edx\n\txor %%esi, %%esi\n\txor %%edi, %%edi\n\t"
		     "call *%0" : : "a"(body) : "memory");
#endif
	leave(0);
	__builtin_unreachable();
}

/* The tracee's own life, in its own process. */
void tracee_run(unsigned int program, bool traceme)
{
	const struct program *p = &programs[program];
	char c;

	memset(&my, 0, sizeof(my));
	if (p->setup)
		p->setup();
	if (traceme)
		sys4(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
	else
		sys3(SYS_read, FD_GO_READ, &c, 1);
	enter(p->body);
}
