// SPDX-License-Identifier: GPL-2.0
/*
 * PTRACE_SYSEMU as the programs that live on it use it: User Mode Linux,
 * gVisor's ptrace platform, and rr's replay.
 */
#include "sysemu.h"

#ifdef SYSEMU_X86_64
#include <asm/prctl.h>
#include <asm/ptrace-abi.h>
#endif

#ifdef SYSEMU_ARCH_SUPPORTED

#ifdef SYSEMU_X86_64
#define RESULT_OFFSET	offsetof(struct user, regs.rax)
#define NR_OFFSET	offsetof(struct user, regs.orig_rax)
#elif defined(SYSEMU_I386)
#define RESULT_OFFSET	offsetof(struct user, regs.eax)
#define NR_OFFSET	offsetof(struct user, regs.orig_eax)
#endif

#ifdef SYSEMU_X86
#define SYSTEM_CALL_INSN	"int $0x80"
#define BREAKPOINT_INSN		"int3"
#endif

/* A system call with a breakpoint behind it, for calls that are injected. */
__attribute__((visibility("hidden"))) extern const char inject_site[];

__asm__(".pushsection .text\n"
	"	.balign 4\n"
	"inject_site:\n"
#ifdef SYSEMU_X86_64
	"	syscall\n"
#else
	"	" SYSTEM_CALL_INSN "\n"
#endif
	"	" BREAKPOINT_INSN "\n"
	".popsection\n");

FIXTURE(users)
{
	struct tracee t;
};

FIXTURE_SETUP(users)
{
	tracee_init(&self->t);
}

FIXTURE_TEARDOWN(users)
{
	tracee_end(&self->t);
}

/* ---- User Mode Linux at its start ---- */

/*
 * The child asks for its pid.  It exits with 0 if the answer is its parent's,
 * which is what a tracer makes of it, and with 1 if it is its own.
 */
static pid_t uml_child(void)
{
	pid_t parent = getpid(), pid = fork();
	long self, answer;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	self = getpid();
	trace(PTRACE_TRACEME, 0, 0, 0);
	RAW_CALL(__NR_kill, self, SIGSTOP);
	answer = RAW_CALL(__NR_getpid);
	quit(answer == parent ? 0 : answer == self ? 1 : 2);
	return 0;
}

/* UML waits without __WALL, but with WUNTRACED. */
static int uml_wait(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, WUNTRACED);
	return status;
}

/* As UML does, a register at a time, where there is a request for that. */
static long uml_put_result(struct tracee *t, long value)
{
#ifdef SYSEMU_X86
	return trace(PTRACE_POKEUSR, t->pid, RESULT_OFFSET, value);
#else
	return set_result(t, value);
#endif
}

static int stopped_by(int sig)
{
	return sig << 8 | 0x7f;
}

/* The control: the child notices that nobody emulates. */
TEST_F(users, uml_child_without_emulation)
{
	struct tracee *t = &self->t;

	t->pid = uml_child();
	ASSERT_EQ(stopped_by(SIGSTOP), uml_wait(t->pid));
	ASSERT_EQ(0, trace(PTRACE_CONT, t->pid, 0, 0));
	EXPECT_EQ(1 << 8, uml_wait(t->pid));
	t->pid = 0;
}

TEST_F(users, uml_check_sysemu)
{
	struct tracee *t = &self->t;

	t->pid = uml_child();
	ASSERT_EQ(stopped_by(SIGSTOP), uml_wait(t->pid));
	ASSERT_EQ(0, trace(PTRACE_SYSEMU, t->pid, 0, 0));
	/* The first check sets no options, so it is a plain SIGTRAP. */
	ASSERT_EQ(stopped_by(SIGTRAP), uml_wait(t->pid));
	ASSERT_EQ(0, uml_put_result(t, getpid()));
	ASSERT_EQ(0, trace(PTRACE_CONT, t->pid, 0, 0));
	EXPECT_EQ(0, uml_wait(t->pid));
	t->pid = 0;
}

/* The older UML sets the option by its old request number. */
TEST_F(users, uml_check_sysemu_singlestep)
{
	static const long setoptions[] = {
#ifdef PTRACE_OLDSETOPTIONS
		PTRACE_OLDSETOPTIONS,
#endif
		PTRACE_SETOPTIONS,
	};
	struct tracee *t = &self->t;
	int i, status, steps;

	need_long_steps();
	for (i = 0; i < (int)ARRAY_SIZE(setoptions); i++) {
		t->pid = uml_child();
		ASSERT_EQ(stopped_by(SIGSTOP), uml_wait(t->pid));
		ASSERT_EQ(0, trace(setoptions[i], t->pid, 0,
				   PTRACE_O_TRACESYSGOOD));
		for (steps = 0; steps < 300; steps++) {
			ASSERT_EQ(0, trace(PTRACE_SYSEMU_SINGLESTEP, t->pid,
					   0, 0));
			status = uml_wait(t->pid);
			if (status != stopped_by(SIGTRAP))
				break;
		}
		ASSERT_EQ(stopped_by(SIGTRAP | 0x80), status);
		EXPECT_LT(RAW_SYSCALL_LEAD, steps);
		ASSERT_EQ(0, uml_put_result(t, getpid()));
		ASSERT_EQ(0, trace(PTRACE_CONT, t->pid, 0, 0));
		EXPECT_EQ(0, uml_wait(t->pid));
		t->pid = 0;
	}
}

/* This one is about PTRACE_SYSCALL: a changed number is what happens. */
TEST_F(users, uml_check_ptrace)
{
	struct tracee *t = &self->t;
	unsigned long nr = 0;
	int i;

	t->pid = uml_child();
	ASSERT_EQ(stopped_by(SIGSTOP), uml_wait(t->pid));
	ASSERT_EQ(0, trace(PTRACE_SETOPTIONS, t->pid, 0,
			   PTRACE_O_TRACESYSGOOD));
	for (i = 0; i < 10 && nr != __NR_getpid; i++) {
		ASSERT_EQ(0, trace(PTRACE_SYSCALL, t->pid, 0, 0));
		ASSERT_EQ(stopped_by(SIGTRAP | 0x80), uml_wait(t->pid));
#ifdef SYSEMU_X86
		ASSERT_EQ(0, trace(PTRACE_PEEKUSR, t->pid, NR_OFFSET,
				   (unsigned long)&nr));
#else
		nr = nr_of(t);
#endif
	}
	ASSERT_EQ(__NR_getpid, nr);
#ifdef SYSEMU_X86
	ASSERT_EQ(0, trace(PTRACE_POKEUSR, t->pid, NR_OFFSET, __NR_getppid));
#else
	ASSERT_EQ(0, set_nr(t, __NR_getppid));
#endif
	ASSERT_EQ(0, trace(PTRACE_CONT, t->pid, 0, 0));
	EXPECT_EQ(0, uml_wait(t->pid));
	t->pid = 0;
}

/* ---- User Mode Linux running a process ---- */

#ifdef SYSEMU_X86_64
/*
 * It has set the thread pointer of its processes by a request of its own, and must
 * keep its own. Here it is the other base, which nobody uses.
 */
TEST_F(users, uml_sets_a_segment_base)
{
	struct tracee *t = &self->t;
	unsigned long mine = 1, its = 1;

	t->pid = uml_child();
	ASSERT_EQ(stopped_by(SIGSTOP), uml_wait(t->pid));
	ASSERT_EQ(0, trace(PTRACE_ARCH_PRCTL, t->pid, 0x5000, ARCH_SET_GS));
	ASSERT_EQ(0, trace(PTRACE_ARCH_PRCTL, t->pid, (unsigned long)&its,
			   ARCH_GET_GS));
	EXPECT_EQ(0x5000, its);
	EXPECT_EQ(0x5000, regs_of(t).gs_base);
	ASSERT_EQ(0, syscall(__NR_arch_prctl, ARCH_GET_GS, &mine));
	EXPECT_EQ(0, mine);
	ASSERT_EQ(0, trace(PTRACE_CONT, t->pid, 0, 0));
	EXPECT_EQ(1 << 8, uml_wait(t->pid));
	t->pid = 0;
}
#endif

static void uml_process(struct shared *sh)
{
	int i;

	for (i = 0; i < 8; i++)
		sh->result[i] = mark(sh, i);
	quit(sh->result[7]);
}

/*
 * All registers are set before every resume, the number being -1 by then; the
 * tracer does the writes of the tracee into a buffer of its own.
 */
static void run_as_uml_does(struct __test_metadata *_metadata,
			    struct tracee *t, int request)
{
	struct tracee_regs regs;
	char written[16] = "";
	int i, calls = 0;
	union {
		unsigned long word;
		char letter;
	} data;

	START_TRACEE(t, uml_process);
	regs = regs_of(t);
	for (i = 0; i < 2000; i++) {
		ASSERT_EQ(0, set_regs(t, &regs));
		go(t, request);
		regs = regs_of(t);
		if (!strcmp(t->stop, "step")) {
			REG_NR(&regs) = -1;
			continue;
		}
		ASSERT_STREQ("entry", t->stop);
		ASSERT_EQ(SKIPPED, result_in(t, &regs));
		if (REG_NR(&regs) == __NR_exit_group)
			break;
		ASSERT_EQ(__NR_write, REG_NR(&regs));
		ASSERT_LT(calls, 8);
		ASSERT_EQ(0, trace(PTRACE_PEEKDATA, t->pid, REG_ARG1(&regs),
				   (unsigned long)&data.word));
		written[calls] = data.letter;
		REG_NR(&regs) = -1;
		put_result(&regs, 100 + calls++);
	}
	EXPECT_EQ(107, REG_ARG0(&regs));
	EXPECT_STREQ("abcdefgh", written);
	EXPECT_STREQ("", happened(t));
	for (i = 0; i < 8; i++)
		EXPECT_EQ(100 + i, t->sh->result[i]);
}

TEST_F(users, uml_process_under_sysemu)
{
	run_as_uml_does(_metadata, &self->t, PTRACE_SYSEMU);
}

TEST_F(users, uml_process_under_sysemu_singlestep)
{
	need_long_steps();
	run_as_uml_does(_metadata, &self->t, PTRACE_SYSEMU_SINGLESTEP);
}

/* ---- gVisor ---- */

#define GVISOR_OPTIONS							\
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL)

static const char *inject(struct tracee *t, long nr, long a, long b, long c)
{
	struct tracee_regs regs;

	/* Else the arguments would be lost. */
	if (!ENTRY_REGS_HOLD && !strcmp("entry", t->stop))
		go(t, PTRACE_SYSCALL);
	regs = regs_of(t);
	put_ip(&regs, (unsigned long)inject_site);
	put_call(&regs, nr, a, b, c);
	set_regs(t, &regs);
	return go(t, PTRACE_CONT);
}

TEST_F(users, gvisor_injects_calls)
{
	struct tracee *t = &self->t;
	struct tracee_regs saved;

	ASSERT_STREQ("signal STOP", tracee_start(t, BY_TRACEME, GVISOR_OPTIONS,
						 four_calls));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	saved = regs_of(t);
	EXPECT_EQ(SKIPPED, result_in(t, &saved));

	ASSERT_STREQ("breakpoint", inject(t, __NR_getppid, 0, 0, 0));
	EXPECT_EQ(getpid(), result_of(t));
	EXPECT_EQ((unsigned long)inject_site + SYSCALL_INSN_SIZE +
		  BREAKPOINT_PASSED, ip_of(t));
	ASSERT_STREQ("breakpoint", inject(t, __NR_write, t->sh->mark_fd,
					  (long)&mark_letters[24], 1));
	EXPECT_EQ(1, result_of(t));
	EXPECT_STREQ("y", happened(t));

	/* Back to the emulated call, with its result. */
	put_result(&saved, 42);
	ASSERT_EQ(0, set_regs(t, &saved));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(42, t->sh->result[0]);
	EXPECT_EQ(__NR_write, nr_of(t));
	EXPECT_STREQ("y", happened(t));

	ASSERT_STREQ("event exit", inject(t, __NR_exit_group, 9, 0, 0));
	EXPECT_EQ(9 << 8, eventmsg_of(t));
	ASSERT_STREQ("exited 9", go(t, PTRACE_CONT));
	EXPECT_STREQ("y", happened(t));
}

#ifdef SYSEMU_X86
/*
 * An emulated program that has set the trap flag itself: it is told so by
 * a step trap after the first instruction, whichever request is used.
 */
TEST_F(users, gvisor_program_with_trap_flag)
{
	struct tracee *t = &self->t;
	struct tracee_regs regs;

	ASSERT_STREQ("signal STOP", tracee_start(t, BY_TRACEME, GVISOR_OPTIONS,
						 four_calls));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	regs = regs_of(t);
	REG_FLAGS(&regs) |= 0x100;
	ASSERT_EQ(0, set_regs(t, &regs));
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_EQ(RETURN_STEP_IP, ip_of(t));
	regs = regs_of(t);
	EXPECT_EQ(0x100, REG_FLAGS(&regs) & 0x100);
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU));
	regs = regs_of(t);
	EXPECT_EQ(0x100, REG_FLAGS(&regs) & 0x100);
	REG_FLAGS(&regs) &= ~0x100;
	ASSERT_EQ(0, set_regs(t, &regs));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_STREQ("", happened(t));
}
#endif

/* ---- rr ---- */

TEST_F(users, rr_replays_calls_and_signals)
{
	struct tracee *t = &self->t;
	struct tracee_regs saved;
	int i;

	install_handler(t, SIGUSR1, SA_RESTART);
	START_TRACEE(t, four_calls);
	for (i = 0; i < 2; i++) {
		ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
		saved = regs_of(t);
		ASSERT_EQ(__NR_write, REG_NR(&saved));
		ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
		EXPECT_EQ(SKIPPED, result_of(t));
		put_result(&saved, 50 + i);
		ASSERT_EQ(0, set_regs(t, &saved));
	}

	/* The recorded signal comes here; its handler is replayed as well. */
	ASSERT_STREQ("signal USR1", go_sig(t, PTRACE_SYSEMU, SIGUSR1));
	saved = regs_of(t);
	EXPECT_EQ(51, result_in(t, &saved));
	ASSERT_STREQ("entry", go_sig(t, PTRACE_SYSEMU, SIGUSR1));
	EXPECT_EQ(1, t->sh->handled);
	EXPECT_EQ(__NR_write, nr_of(t));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	/* sigreturn does not happen either: the registers are put back. */
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_NE(__NR_write, nr_of(t));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	ASSERT_EQ(0, set_regs(t, &saved));

	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_write, nr_of(t));
	EXPECT_EQ(50, t->sh->result[0]);
	EXPECT_EQ(51, t->sh->result[1]);
	/* The replay ends; the program runs on by itself. */
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("d", happened(t));
}

/* rr knows: SYSEMU to the stop, then SYSEMU_SINGLESTEP, is one insn more. */
TEST_F(users, rr_extra_instruction_after_sysemu)
{
	struct tracee *t = &self->t;

	START_TRACEE(t, four_calls);
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(RETURN_IP, ip_of(t));
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_EQ(RETURN_STEP_IP, ip_of(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	/* With PTRACE_SYSCALL first, the single step starts at the return. */
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	EXPECT_EQ(RETURN_IP, ip_of(t));
	ASSERT_STREQ("step", go(t, PTRACE_SINGLESTEP));
	EXPECT_EQ(RETURN_STEP_IP, ip_of(t));
}

#ifdef __aarch64__
/* ---- gVisor and rr on arm64 ---- */

static unsigned long thread_pointer(void)
{
	unsigned long tp;

	__asm__ volatile("mrs %0, tpidr_el0" : "=r" (tp));
	return tp;
}

static void calls_and_thread_pointers(struct shared *sh)
{
	int i;

	for (i = 0; i < 2; i++) {
		sh->result[i] = mark(sh, i);
		sh->result[2 + i] = thread_pointer();
	}
	quit(0);
}

/*
 * systrap takes the number from x8 and the arguments from x0 on, and has a thread
 * pointer and floating-point registers for each switch to the process.
 */
TEST_F(users, systrap_sets_all_registers_at_a_stop)
{
	static __uint128_t fpregs[33];
	struct tracee *t = &self->t;
	struct native_regs regs;
	unsigned long tls;
	int i;

	START_TRACEE(t, calls_and_thread_pointers);
	for (i = 0; i < 2; i++) {
		ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
		ASSERT_EQ(0, regset(t->pid, PTRACE_GETREGSET, NT_PRSTATUS, &regs,
				    sizeof(regs)));
		ASSERT_EQ(0, regset(t->pid, PTRACE_GETREGSET, NT_PRFPREG, fpregs,
				    sizeof(fpregs)));
		ASSERT_EQ(__NR_write, regs.regs[8]);
		EXPECT_EQ(t->sh->mark_fd, regs.regs[0]);
		EXPECT_EQ((unsigned long)&mark_letters[i], regs.regs[1]);
		regs.regs[0] = 42 + i;
		tls = 0x1000 * (i + 1);
		ASSERT_EQ(0, regset(t->pid, PTRACE_SETREGSET, NT_PRSTATUS, &regs,
				    sizeof(regs)));
		ASSERT_EQ(0, regset(t->pid, PTRACE_SETREGSET, NT_ARM_TLS, &tls,
				    sizeof(tls)));
		ASSERT_EQ(0, regset(t->pid, PTRACE_SETREGSET, NT_PRFPREG, fpregs,
				    sizeof(fpregs)));
	}
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_exit_group, nr_of(t));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(42 + i, t->sh->result[i]);
		EXPECT_EQ(0x1000 * (i + 1), t->sh->result[2 + i]);
	}
	EXPECT_STREQ("", happened(t));
}

static long put_number(struct tracee *t, int nr)
{
	return regset(t->pid, PTRACE_SETREGSET, NT_ARM_SYSTEM_CALL, &nr,
		      sizeof(nr));
}

/* rr writes the number at the stop, and goes on by either request. */
TEST_F(users, rr_rewrites_the_number_at_a_stop)
{
	struct tracee *t = &self->t;
	struct tracee_regs saved;

	need_long_steps();
	START_TRACEE(t, four_calls);
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	saved = regs_of(t);
	ASSERT_EQ(0, put_number(t, __NR_getppid));
	EXPECT_EQ(__NR_getppid, nr_of(t));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	EXPECT_EQ(SKIPPED, result_of(t));
	put_result(&saved, 50);
	ASSERT_EQ(0, set_regs(t, &saved));

	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_EQ(0, set_result(t, 51));
	ASSERT_EQ(0, put_number(t, -1));
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_EQ(RETURN_STEP_IP, ip_of(t));

	ASSERT_STREQ("entry", to_entry(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_EQ(__NR_write, nr_of(t));
	EXPECT_EQ(50, t->sh->result[0]);
	EXPECT_EQ(51, t->sh->result[1]);
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("d", happened(t));
}
#endif /* __aarch64__ */

#endif /* SYSEMU_ARCH_SUPPORTED */

TEST_HARNESS_MAIN
