// SPDX-License-Identifier: GPL-2.0
/*
 * PTRACE_SYSEMU and the life of processes: clone, exec and threads.
 */
#include "sysemu.h"

#ifdef SYSEMU_ARCH_SUPPORTED

#include <linux/audit.h>

/* What the exec tests execute: this program, with this one argument. */
#define EXEC_HELPER	"exec-helper"
#define EXEC_STATUS	23
/* The same with the pipe's descriptor behind it: stop, then marked calls. */
#define MARK_HELPER	"mark-helper"

static char child_stack[2][16384];

static unsigned long exec_args[3];

static void exec_self(struct shared *sh)
{
	static const char path[] = "/proc/self/exe";
	static const char name[] = "sysemu_process", arg[] = EXEC_HELPER;

	exec_args[0] = (unsigned long)name;
	exec_args[1] = (unsigned long)arg;
	exec_args[2] = 0;
	sh->result[20] = RAW_CALL(__NR_execve, path, exec_args, &exec_args[2]);
}

/* ---- clone, fork and vfork ---- */

static struct shared *child_sh;

static void child_entry(void)
{
	child_sh->result[0] = mark(child_sh, 0);
	child_sh->result[1] = mark(child_sh, 1);
	child_sh->flag[0] = 1;
	for (;;)
		RAW_CALL(__NR_exit, 7);
}

static void clone_then_calls(struct shared *sh)
{
	void *stack = stack_into(child_stack[0], sizeof(child_stack[0]),
				 child_entry);

	child_sh = sh;
	sh->pid[0] = RAW_CLONE(sh->arg, stack);
	sh->result[2] = mark(sh, 2);
	sh->result[3] = mark(sh, 3);
	/* An exit would kill a thread that has not finished. */
	while (!sh->flag[1])
		;
	quit(0);
}

#define THREAD_FLAGS							\
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

/* A SIGCHLD of the child must not give stops of its own. */
static void block_sigchld(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/*
 * A clone under SYSEMU is possible only from a PTRACE_SYSCALL entry stop.
 * The child that is not traced must run as if there were no SYSEMU.
 */
FIXTURE(untraced_child)
{
	struct tracee t;
};

FIXTURE_VARIANT(untraced_child)
{
	enum attach_how how;
	int clone_flags;
};

FIXTURE_VARIANT_ADD(untraced_child, fork)
{
	.how = BY_TRACEME,
	.clone_flags = SIGCHLD,
};

FIXTURE_VARIANT_ADD(untraced_child, vfork)
{
	.how = BY_TRACEME,
	.clone_flags = SIGCHLD | CLONE_VM | CLONE_VFORK,
};

FIXTURE_VARIANT_ADD(untraced_child, thread)
{
	.how = BY_TRACEME,
	.clone_flags = THREAD_FLAGS,
};

FIXTURE_VARIANT_ADD(untraced_child, seized_fork)
{
	.how = BY_SEIZE,
	.clone_flags = SIGCHLD,
};

FIXTURE_SETUP(untraced_child)
{
	struct tracee *t = &self->t;

	/* The orphan comes here to be reaped. */
	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	block_sigchld();
	tracee_init(t);
	t->sh->arg = variant->clone_flags;
	ASSERT_STREQ(first_stop(variant->how),
		     tracee_start(t, variant->how, DEFAULT_OPTIONS,
				  clone_then_calls));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	ASSERT_EQ(__NR_clone, nr_of(t));
}

FIXTURE_TEARDOWN(untraced_child)
{
	tracee_end(&self->t);
}

/* The tracee is at the entry stop of its first call after the clone. */
static void check_untraced_child(struct __test_metadata *_metadata,
				 struct tracee *t, int clone_flags)
{
	int status;

	EXPECT_EQ(__NR_write, nr_of(t));
	while (!t->sh->flag[0])
		nap();
	EXPECT_STREQ("ab", happened(t));
	EXPECT_EQ(1, t->sh->result[0]);
	EXPECT_EQ(1, t->sh->result[1]);
	t->sh->flag[1] = 1;
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_EQ(SKIPPED, t->sh->result[2]);
	EXPECT_STREQ("abd", happened(t));
	if (!(clone_flags & CLONE_THREAD)) {
		ASSERT_EQ(t->sh->pid[0], waitpid(t->sh->pid[0], &status, 0));
		EXPECT_EQ(7 << 8, status);
	}
}

TEST_F(untraced_child, does_not_inherit_sysemu)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	check_untraced_child(_metadata, t, variant->clone_flags);
}

TEST_F(untraced_child, does_not_inherit_sysemu_singlestep)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_EQ(RETURN_STEP_IP, ip_of(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	check_untraced_child(_metadata, t, variant->clone_flags);
}

FIXTURE(traced_child)
{
	struct tracee t, c;
};

FIXTURE_VARIANT(traced_child)
{
	enum attach_how how;
	int clone_flags;
	unsigned long option;
	const char *event;
};

FIXTURE_VARIANT_ADD(traced_child, fork)
{
	.how = BY_TRACEME,
	.clone_flags = SIGCHLD,
	.option = PTRACE_O_TRACEFORK,
	.event = "event fork",
};

FIXTURE_VARIANT_ADD(traced_child, vfork)
{
	.how = BY_TRACEME,
	.clone_flags = SIGCHLD | CLONE_VM | CLONE_VFORK,
	.option = PTRACE_O_TRACEVFORK,
	.event = "event vfork",
};

FIXTURE_VARIANT_ADD(traced_child, thread)
{
	.how = BY_TRACEME,
	.clone_flags = THREAD_FLAGS,
	.option = PTRACE_O_TRACECLONE,
	.event = "event clone",
};

FIXTURE_VARIANT_ADD(traced_child, clone_without_signal)
{
	.how = BY_TRACEME,
	.clone_flags = 0,
	.option = PTRACE_O_TRACECLONE,
	.event = "event clone",
};

FIXTURE_VARIANT_ADD(traced_child, seized_fork)
{
	.how = BY_SEIZE,
	.clone_flags = SIGCHLD,
	.option = PTRACE_O_TRACEFORK,
	.event = "event fork",
};

FIXTURE_VARIANT_ADD(traced_child, seized_thread)
{
	.how = BY_SEIZE,
	.clone_flags = THREAD_FLAGS,
	.option = PTRACE_O_TRACECLONE,
	.event = "event clone",
};

FIXTURE_SETUP(traced_child)
{
	struct tracee *t = &self->t;

	block_sigchld();
	tracee_init(t);
	t->sh->arg = variant->clone_flags;
	ASSERT_STREQ(first_stop(variant->how),
		     tracee_start(t, variant->how,
				  DEFAULT_OPTIONS | variant->option,
				  clone_then_calls));
	self->c = *t;
	self->c.pid = 0;
}

FIXTURE_TEARDOWN(traced_child)
{
	if (self->c.pid && kill(self->c.pid, SIGKILL) == 0)
		waitpid(self->c.pid, NULL, __WALL | WNOHANG);
	tracee_end(&self->t);
}

/* Clone with @request in force; both stop. */
static void clone_under(struct __test_metadata *_metadata, struct tracee *t,
			struct tracee *c, enum attach_how how,
			const char *event, int request)
{
	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	ASSERT_EQ(__NR_clone, nr_of(t));
	ASSERT_STREQ(event, go(t, request));
	c->pid = eventmsg_of(t);
	ASSERT_STREQ(first_stop(how), next_stop(c));
}

TEST_F(traced_child, does_not_inherit_sysemu)
{
	struct tracee *t = &self->t, *c = &self->c;

	clone_under(_metadata, t, c, variant->how, variant->event,
		    PTRACE_SYSEMU);
	ASSERT_EQ(0, trace(PTRACE_SYSEMU, t->pid, 0, 0));
	ASSERT_STREQ("entry", go(c, PTRACE_SYSCALL));
	ASSERT_STREQ("exit", go(c, PTRACE_SYSCALL));
	EXPECT_STREQ("a", happened(t));
	ASSERT_STREQ("exited 7", go(c, PTRACE_CONT));
	c->pid = 0;
	EXPECT_STREQ("ab", happened(t));
	/* The parent is still being emulated. */
	ASSERT_STREQ("entry", next_stop(t));
	EXPECT_EQ(__NR_write, nr_of(t));
	t->sh->flag[1] = 1;
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("abd", happened(t));
}

TEST_F(traced_child, does_not_inherit_sysemu_singlestep)
{
	struct tracee *t = &self->t, *c = &self->c;

	clone_under(_metadata, t, c, variant->how, variant->event,
		    PTRACE_SYSEMU_SINGLESTEP);
	ASSERT_EQ(0, trace(PTRACE_SYSEMU_SINGLESTEP, t->pid, 0, 0));
	ASSERT_STREQ("exited 7", go(c, PTRACE_CONT));
	c->pid = 0;
	EXPECT_STREQ("ab", happened(t));
	ASSERT_STREQ("step", next_stop(t));
	EXPECT_EQ(RETURN_STEP_IP, ip_of(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	t->sh->flag[1] = 1;
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("abd", happened(t));
}

TEST_F(traced_child, detached_at_once_runs_its_calls)
{
	struct tracee *t = &self->t, *c = &self->c;

	clone_under(_metadata, t, c, variant->how, variant->event,
		    PTRACE_SYSEMU_SINGLESTEP);
	ASSERT_EQ(0, trace(PTRACE_DETACH, c->pid, 0, 0));
	c->pid = 0;
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	while (!t->sh->flag[0])
		nap();
	EXPECT_STREQ("ab", happened(t));
	t->sh->flag[1] = 1;
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("abd", happened(t));
}

TEST_F(traced_child, is_emulated_on_its_own)
{
	struct tracee *t = &self->t, *c = &self->c;

	clone_under(_metadata, t, c, variant->how, variant->event, PTRACE_CONT);
	ASSERT_EQ(0, trace(PTRACE_CONT, t->pid, 0, 0));
	/* The child's calls are skipped, the parent's happen. */
	ASSERT_STREQ("entry", go(c, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_write, nr_of(c));
	ASSERT_STREQ("entry", go(c, PTRACE_SYSEMU));
	ASSERT_STREQ("entry", go(c, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_exit, nr_of(c));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
	EXPECT_EQ(SKIPPED, t->sh->result[1]);
	ASSERT_STREQ("exited 7", go(c, PTRACE_CONT));
	c->pid = 0;
	t->sh->flag[1] = 1;
	ASSERT_STREQ("exited 0", next_stop(t));
	EXPECT_STREQ("cd", happened(t));
}

TEST_F(traced_child, skipped_clone_makes_no_child)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_EQ(__NR_clone, nr_of(t));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	EXPECT_EQ(SKIPPED, result_of(t));
	t->sh->flag[0] = 1;
	t->sh->flag[1] = 1;
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_EQ(SKIPPED, t->sh->pid[0]);
	EXPECT_STREQ("cd", happened(t));
	EXPECT_EQ(-1, waitpid(-1, NULL, __WALL));
	EXPECT_EQ(ECHILD, errno);
}

/* ---- exec ---- */

FIXTURE(exec)
{
	struct tracee t;
};

FIXTURE_VARIANT(exec)
{
	enum attach_how how;
	unsigned long option;
	const char *stop;		/* after the exec, NULL if there is none */
};

FIXTURE_VARIANT_ADD(exec, sigtrap)
{
	.how = BY_TRACEME,
	.stop = "signal TRAP",
};

FIXTURE_VARIANT_ADD(exec, event)
{
	.how = BY_TRACEME,
	.option = PTRACE_O_TRACEEXEC,
	.stop = "event exec",
};

FIXTURE_VARIANT_ADD(exec, seized_silent)
{
	.how = BY_SEIZE,
};

FIXTURE_VARIANT_ADD(exec, seized_event)
{
	.how = BY_SEIZE,
	.option = PTRACE_O_TRACEEXEC,
	.stop = "event exec",
};

static void exec_body(struct shared *sh)
{
	exec_self(sh);
	sh->result[0] = mark(sh, 0);
	quit(5);
}

FIXTURE_SETUP(exec)
{
	tracee_init(&self->t);
	ASSERT_STREQ(first_stop(variant->how),
		     tracee_start(&self->t, variant->how,
				  DEFAULT_OPTIONS | variant->option,
				  exec_body));
}

FIXTURE_TEARDOWN(exec)
{
	tracee_end(&self->t);
}

TEST_F(exec, skipped_exec_does_not_happen)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_EQ(__NR_execve, nr_of(t));
	ASSERT_STREQ("exited 5", finish(t));
	EXPECT_EQ(SKIPPED, t->sh->result[20]);
	EXPECT_STREQ("a", happened(t));
}

TEST_F(exec, emulation_goes_on_after_exec)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	ASSERT_EQ(__NR_execve, nr_of(t));
	go(t, PTRACE_SYSEMU);
	if (variant->stop) {
		ASSERT_STREQ(variant->stop, t->stop);
		go(t, PTRACE_SYSEMU);
	}
	/* No exit stop of execve; the new program's first call is skipped. */
	ASSERT_STREQ("entry", t->stop);
	EXPECT_NE(__NR_execve, nr_of(t));
	EXPECT_EQ(SKIPPED, result_of(t));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	EXPECT_EQ(SKIPPED, result_of(t));
}

TEST_F(exec, program_runs_when_emulation_ends_at_exec)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	if (variant->stop)
		ASSERT_STREQ(variant->stop, go(t, PTRACE_SYSEMU));
	ASSERT_STREQ("exited 23", go(t, PTRACE_CONT));
}

TEST_F(exec, sysemu_singlestep_over_exec)
{
	struct tracee *t = &self->t;
	unsigned long ip;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	go(t, PTRACE_SYSEMU_SINGLESTEP);
	if (!variant->stop) {
		/* Only where it starts with the trap flag. */
		if (STEP_INTO_EXEC) {
			ASSERT_STREQ("step", t->stop);
			go(t, PTRACE_SYSEMU);
		}
		ASSERT_STREQ("entry", t->stop);
		EXPECT_EQ(SKIPPED, result_of(t));
		return;
	}
	ASSERT_STREQ(variant->stop, t->stop);
	ip = ip_of(t);
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_NE(ip, ip_of(t));
	ASSERT_STREQ("exited 23", finish(t));
}

TEST_F(exec, syscall_exit_stop_after_exec_then_sysemu)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	if (!strcmp("event exec", go(t, PTRACE_SYSCALL)))
		go(t, PTRACE_SYSCALL);
	ASSERT_STREQ("exit", t->stop);
	EXPECT_EQ(0, result_of(t));
	/* A SIGTRAP in place of the event comes after the exit. */
	if (!strcmp("signal TRAP", go(t, PTRACE_SYSEMU)))
		go(t, PTRACE_SYSEMU);
	ASSERT_STREQ("entry", t->stop);
	EXPECT_EQ(SKIPPED, result_of(t));
}

#ifdef SYSEMU_X86_64
/* ---- A 32-bit tracee of a 64-bit tracer ---- */

static char path_32[4096], fd_arg[16];

static void exec_32(struct shared *sh)
{
	static const char name[] = "sysemu_process_32", arg[] = MARK_HELPER;
	unsigned long args[] = {
		(unsigned long)name, (unsigned long)arg,
		(unsigned long)fd_arg, 0,
	};

	RAW_CALL(__NR_execve, path_32, args, &args[3]);
	quit(9);
}

FIXTURE(compat)
{
	struct tracee t;
};

/* It stops itself before the first of its calls. */
FIXTURE_SETUP(compat)
{
	struct tracee *t = &self->t;
	ssize_t len;

	tracee_init(t);
	len = readlink("/proc/self/exe", path_32, sizeof(path_32) - 4);
	ASSERT_LT(0, len);
	snprintf(path_32 + len, 4, "_32");
	snprintf(fd_arg, sizeof(fd_arg), "%d", t->sh->mark_fd);
	if (access(path_32, X_OK))
		SKIP(return, "no 32-bit build of this test beside it");
	ASSERT_STREQ("signal STOP", tracee_start(t, BY_TRACEME,
						 DEFAULT_OPTIONS |
						 PTRACE_O_TRACEEXEC, exec_32));
	go(t, PTRACE_CONT);
	if (!strcmp(t->stop, "exited 9"))
		SKIP(return, "this kernel runs no 32-bit programs");
	ASSERT_STREQ("event exec", t->stop);
	ASSERT_STREQ("signal STOP", go(t, PTRACE_CONT));
}

FIXTURE_TEARDOWN(compat)
{
	tracee_end(&self->t);
}

#define NR_WRITE_32	4

TEST_F(compat, calls_are_skipped)
{
	struct ptrace_syscall_info info = {};
	struct tracee *t = &self->t;
	unsigned long ip;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(NR_WRITE_32, nr_of(t));
	EXPECT_EQ(SKIPPED, result_of(t));
	trace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(info),
	      (unsigned long)&info);
	EXPECT_EQ(PTRACE_SYSCALL_INFO_ENTRY, info.op);
	EXPECT_EQ(AUDIT_ARCH_I386, info.arch);
	EXPECT_EQ(NR_WRITE_32, info.entry.nr);
	EXPECT_EQ(t->sh->mark_fd, info.entry.args[0]);
	EXPECT_EQ(1, info.entry.args[2]);
	ip = ip_of(t);
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	EXPECT_EQ(SKIPPED, result_of(t));
	EXPECT_EQ(ip, ip_of(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_EQ(ip + 1, ip_of(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_STREQ("syscall step", go(t, PTRACE_SINGLESTEP));
	EXPECT_EQ(ip, ip_of(t));
	ASSERT_STREQ("exited 23", finish(t));
	EXPECT_STREQ("d", happened(t));
}

TEST_F(compat, syscall_entry_then_sysemu_lets_the_call_happen)
{
	struct tracee *t = &self->t;

	/* The exit of the kill() that stopped it comes first. */
	if (!strcmp("exit", go(t, PTRACE_SYSCALL)))
		go(t, PTRACE_SYSCALL);
	ASSERT_STREQ("entry", t->stop);
	EXPECT_EQ(NR_WRITE_32, nr_of(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_STREQ("a", happened(t));
	ASSERT_STREQ("exited 23", finish(t));
	EXPECT_STREQ("acd", happened(t));
}
#endif /* SYSEMU_X86_64 */

#ifdef __AARCH64EL__
/* ---- A 32-bit tracee, of whose instructions no compiler has to know ---- */

#define NR_EXIT_32	1
#define NR_WRITE_32	4
#define CODE_ADDR	0x10000
#define FIRST_INSN	(CODE_ADDR + offsetof(struct program_32, code))

/* What NT_PRSTATUS has of a 32-bit task. */
struct regs_32 {
	uint32_t r[13], sp, lr, pc, cpsr, orig_r0;
};

struct program_32 {
	Elf32_Ehdr ehdr;
	Elf32_Phdr phdr[2];
	unsigned char code[56];
	int32_t fd;
	char letters[4];
};

/* Four calls of write(), and exit() with what the last has returned. */
static const uint32_t arm_code[14] = {
	0xe28f5030,	/*	adr r5, fd */
	0xe5954000,	/*	ldr r4, [r5] */
	0xe2955004,	/*	adds r5, r5, #4 */
	0xe3b06004,	/*	movs r6, #4 */
	0xe3b02001,	/*	movs r2, #1 */
	0xe3b07004,	/*	movs r7, #4 */
	0xe1a00004,	/* 1:	mov r0, r4 */
	0xe1a01005,	/*	mov r1, r5 */
	0xef000000,	/*	svc #0 */
	0xe2955001,	/*	adds r5, r5, #1 */
	0xe2566001,	/*	subs r6, r6, #1 */
	0x1afffff9,	/*	bne 1b */
	0xe3b07001,	/*	movs r7, #1 */
	0xef000000,	/*	svc #0 */
};

/* The same; but for the offset of fd these are the instructions' shorter forms. */
static const uint16_t thumb_code[14] = {
	0xa50d, 0x682c, 0x1d2d, 0x2604, 0x2201, 0x2704,
	0x4620, 0x4629, 0xdf00, 0x1c6d, 0x1e76, 0xd1f9, 0x2701, 0xdf00,
};

static int program_fd;

static void exec_32(struct shared *sh)
{
	static const char name[] = "sysemu_32";
	unsigned long args[] = { (unsigned long)name, 0 };

	RAW_CALL(__NR_execveat, program_fd, &name[sizeof(name) - 1], args,
		 &args[1], AT_EMPTY_PATH);
	quit(9);
}

FIXTURE(compat)
{
	struct tracee t;
	unsigned long return_ip;
};

FIXTURE_VARIANT(compat)
{
	unsigned int insn_size;
};

FIXTURE_VARIANT_ADD(compat, arm) { .insn_size = 4 };
FIXTURE_VARIANT_ADD(compat, thumb) { .insn_size = 2 };

/* It stops before its first instruction. */
FIXTURE_SETUP(compat)
{
	struct program_32 program = {
		.ehdr = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32,
				     ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_ARM,
			.e_version = EV_CURRENT,
			.e_entry = FIRST_INSN,
			.e_phoff = offsetof(struct program_32, phdr),
			.e_flags = 0x05000000,	/* EABI, version 5 */
			.e_ehsize = sizeof(Elf32_Ehdr),
			.e_phentsize = sizeof(Elf32_Phdr),
			.e_phnum = 2,
		},
		.phdr[0] = {
			.p_type = PT_LOAD,
			.p_vaddr = CODE_ADDR,
			.p_filesz = sizeof(program),
			.p_memsz = sizeof(program),
			.p_flags = PF_R | PF_X,
			.p_align = 0x10000,
		},
		.phdr[1] = {
			.p_type = PT_GNU_STACK,
			.p_flags = PF_R | PF_W,
		},
		.letters = { 'a', 'b', 'c', 'd' },
	};
	struct tracee *t = &self->t;

	tracee_init(t);
	program.fd = t->sh->mark_fd;
	if (variant->insn_size == 2) {
		program.ehdr.e_entry |= 1;
		memcpy(program.code, thumb_code, sizeof(thumb_code));
	} else {
		memcpy(program.code, arm_code, sizeof(arm_code));
	}
	self->return_ip = FIRST_INSN + 9 * variant->insn_size;
	program_fd = syscall(__NR_memfd_create, "sysemu_32", 0);
	ASSERT_LE(0, program_fd);
	ASSERT_EQ((ssize_t)sizeof(program),
		  write(program_fd, &program, sizeof(program)));
	ASSERT_STREQ("signal STOP", tracee_start(t, BY_TRACEME,
						 DEFAULT_OPTIONS |
						 PTRACE_O_TRACEEXEC, exec_32));
	go(t, PTRACE_CONT);
	if (!strcmp(t->stop, "exited 9"))
		SKIP(return, "this kernel or CPU runs no 32-bit programs");
	ASSERT_STREQ("event exec", t->stop);
}

FIXTURE_TEARDOWN(compat)
{
	tracee_end(&self->t);
	close(program_fd);
}

static struct regs_32 regs_32_of(struct tracee *t)
{
	struct regs_32 regs;

	memset(&regs, 0xa5, sizeof(regs));
	regset(t->pid, PTRACE_GETREGSET, NT_PRSTATUS, &regs, sizeof(regs));
	return regs;
}

static long set_r0(struct tracee *t, uint32_t value)
{
	struct regs_32 regs = regs_32_of(t);

	regs.r[0] = value;
	return regset(t->pid, PTRACE_SETREGSET, NT_PRSTATUS, &regs,
		      sizeof(regs));
}

TEST_F(compat, calls_are_skipped)
{
	struct ptrace_syscall_info info = {};
	struct tracee *t = &self->t;
	struct regs_32 regs;

	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	trace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(info),
	      (unsigned long)&info);
	EXPECT_EQ(PTRACE_SYSCALL_INFO_ENTRY, info.op);
	EXPECT_EQ(AUDIT_ARCH_ARM, info.arch);
	EXPECT_EQ(NR_WRITE_32, info.entry.nr);
	EXPECT_EQ(t->sh->mark_fd, info.entry.args[0]);
	EXPECT_EQ(1, info.entry.args[2]);
	regs = regs_32_of(t);
	EXPECT_EQ(t->sh->mark_fd, regs.r[0]);
	EXPECT_EQ(NR_WRITE_32, regs.r[7]);
	EXPECT_EQ(0, regs.r[12]);
	EXPECT_EQ(self->return_ip, regs.pc);
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	regs = regs_32_of(t);
	EXPECT_EQ(t->sh->mark_fd, regs.r[0]);
	EXPECT_EQ(1, regs.r[12]);
	EXPECT_EQ(self->return_ip, regs.pc);
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_EQ(self->return_ip + variant->insn_size, regs_32_of(t).pc);
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_STREQ("syscall step", go(t, PTRACE_SINGLESTEP));
	EXPECT_EQ(self->return_ip, regs_32_of(t).pc);
	ASSERT_STREQ("exited 1", finish(t));
	EXPECT_STREQ("d", happened(t));
}

TEST_F(compat, result_put_at_entry_reaches_the_tracee)
{
	struct ptrace_syscall_info info = {};
	struct tracee *t = &self->t;
	int i;

	for (i = 0; i < 4; i++) {
		ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
		ASSERT_EQ(0, set_r0(t, 40 + i));
	}
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	EXPECT_EQ(43, regs_32_of(t).r[0]);
	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	trace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(info),
	      (unsigned long)&info);
	EXPECT_EQ(NR_EXIT_32, info.entry.nr);
	EXPECT_EQ(43, info.entry.args[0]);
	ASSERT_STREQ("exited 43", finish(t));
	EXPECT_STREQ("", happened(t));
}

TEST_F(compat, syscall_entry_then_sysemu_lets_the_call_happen)
{
	struct tracee *t = &self->t;

	/* The exit of execveat() comes first. */
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	EXPECT_EQ(NR_WRITE_32, regs_32_of(t).r[7]);
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_STREQ("a", happened(t));
	ASSERT_STREQ("exited 1", finish(t));
	EXPECT_STREQ("acd", happened(t));
}
#endif /* __AARCH64EL__ */

/* ---- exec by a thread, with the leader at a stop ---- */

static void exec_thread(void)
{
	exec_self(child_sh);
	for (;;)
		RAW_CALL(__NR_exit, 8);
}

static void leader_of_exec_thread(struct shared *sh)
{
	void *stack = stack_into(child_stack[0], sizeof(child_stack[0]),
				 exec_thread);

	child_sh = sh;
	RAW_CLONE(THREAD_FLAGS, stack);
	four_calls(sh);
}

FIXTURE(thread_exec)
{
	struct tracee t, c;
};

FIXTURE_VARIANT(thread_exec)
{
	unsigned long option;
};

FIXTURE_VARIANT_ADD(thread_exec, silent)
{
	.option = 0,
};

FIXTURE_VARIANT_ADD(thread_exec, event)
{
	.option = PTRACE_O_TRACEEXEC,
};

/* The leader is at a SYSEMU entry stop, the thread at the entry of execve. */
FIXTURE_SETUP(thread_exec)
{
	struct tracee *t = &self->t, *c = &self->c;

	tracee_init(t);
	ASSERT_STREQ("event stop",
		     tracee_start(t, BY_SEIZE,
				  DEFAULT_OPTIONS | PTRACE_O_TRACECLONE |
				  variant->option, leader_of_exec_thread));
	ASSERT_STREQ("event clone", go(t, PTRACE_CONT));
	*c = *t;
	c->pid = eventmsg_of(t);
	ASSERT_STREQ("event stop", next_stop(c));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	ASSERT_EQ(__NR_write, nr_of(t));
	ASSERT_STREQ("entry", go(c, PTRACE_SYSCALL));
	ASSERT_EQ(__NR_execve, nr_of(c));
}

FIXTURE_TEARDOWN(thread_exec)
{
	tracee_end(&self->t);
}

/* The program takes the leader's pid, and the request of the thread. */
TEST_F(thread_exec, thread_not_emulated)
{
	struct tracee *t = &self->t, *c = &self->c;

	ASSERT_EQ(0, trace(PTRACE_CONT, c->pid, 0, 0));
	next_stop(t);
	if (variant->option) {
		ASSERT_STREQ("event exec", t->stop);
		EXPECT_EQ((unsigned long)c->pid, eventmsg_of(t));
		go(t, PTRACE_CONT);
	}
	ASSERT_STREQ("exited 23", t->stop);
	EXPECT_STREQ("", happened(t));
}

TEST_F(thread_exec, thread_emulated)
{
	struct tracee *t = &self->t, *c = &self->c;

	ASSERT_EQ(0, trace(PTRACE_SYSEMU, c->pid, 0, 0));
	next_stop(t);
	if (variant->option) {
		ASSERT_STREQ("event exec", t->stop);
		go(t, PTRACE_SYSEMU);
	}
	ASSERT_STREQ("entry", t->stop);
	EXPECT_EQ(SKIPPED, result_of(t));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	EXPECT_EQ(SKIPPED, result_of(t));
	EXPECT_STREQ("", happened(t));
}

/* ---- More than one tracee ---- */

FIXTURE(two)
{
	struct tracee a, b;
};

FIXTURE_SETUP(two)
{
	tracee_init(&self->a);
	tracee_init(&self->b);
	ASSERT_STREQ("signal STOP", tracee_start(&self->a, BY_TRACEME,
						 DEFAULT_OPTIONS, four_calls));
	ASSERT_STREQ("event stop", tracee_start(&self->b, BY_SEIZE,
						DEFAULT_OPTIONS, four_calls));
}

FIXTURE_TEARDOWN(two)
{
	tracee_end(&self->a);
	tracee_end(&self->b);
}

TEST_F(two, tracees_are_emulated_independently)
{
	struct tracee *a = &self->a, *b = &self->b;

	ASSERT_STREQ("entry", go(a, PTRACE_SYSEMU));
	ASSERT_STREQ("entry", go(b, PTRACE_SYSCALL));
	ASSERT_STREQ("exit", go(b, PTRACE_SYSCALL));
	ASSERT_EQ(0, trace(PTRACE_SYSEMU, b->pid, 0, 0));
	ASSERT_EQ(0, trace(PTRACE_SYSCALL, a->pid, 0, 0));
	ASSERT_STREQ("entry", next_stop(b));
	ASSERT_STREQ("exit", next_stop(a));
	ASSERT_STREQ("exited 0", finish(a));
	ASSERT_STREQ("entry", go(b, PTRACE_SYSEMU));
	ASSERT_STREQ("exited 0", finish(b));
	EXPECT_STREQ("bcd", happened(a));
	EXPECT_STREQ("ad", happened(b));
}

/* A program to be traced from its second life on. */
static int mark_helper(int fd)
{
	struct shared sh = { .mark_fd = fd };

	RAW_CALL(__NR_kill, getpid(), SIGSTOP);
	marked_calls(&sh, 0, 4);
	_exit(EXEC_STATUS);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], MARK_HELPER))
		return mark_helper(atoi(argv[2]));
	if (argc == 2 && !strcmp(argv[1], EXEC_HELPER))
		return EXEC_STATUS;
	return test_harness_run(argc, argv);
}

#else /* !SYSEMU_ARCH_SUPPORTED */

TEST_HARNESS_MAIN

#endif
