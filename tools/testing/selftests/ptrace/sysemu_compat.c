// SPDX-License-Identifier: GPL-2.0
/*
 * PTRACE_SYSEMU and a 32-bit tracee of a 64-bit tracer.
 */
#include "sysemu.h"

#ifdef SYSEMU_ARCH_SUPPORTED

#include <linux/audit.h>

/*
 * What the test of x86 executes: the 32-bit build of this program, with this and the
 * descriptor of the pipe. It stops itself, and then makes marked calls.
 */
#define MARK_HELPER	"mark-helper"
#define EXEC_STATUS	23

#ifdef SYSEMU_X86_64

static char path_32[4096], fd_arg[16];

static void exec_32(struct shared *sh)
{
	static const char name[] = "sysemu_compat_32", arg[] = MARK_HELPER;
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

#elif defined(__AARCH64EL__)
/* ---- arm64: of these instructions no compiler has to know ---- */

#define NR_EXIT_32	1
#define NR_WRITE_32	4
#define CODE_ADDR	0x10000
#define FIRST_INSN	(CODE_ADDR + offsetof(struct program_32, code))

/* What NT_PRSTATUS has of a 32-bit task. */
struct regs_32 {
	uint32_t r[13], sp, lr, pc, cpsr, orig_r0;
};

struct program_32 {
	struct elf32_hdr ehdr;
	struct elf32_phdr phdr[2];
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
			.e_ehsize = sizeof(program.ehdr),
			.e_phentsize = sizeof(program.phdr[0]),
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

#else

TEST(compat)
{
	SKIP(return, "needs a 64-bit tracer on x86 or arm64");
}

#endif

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
	return test_harness_run(argc, argv);
}

#else /* !SYSEMU_ARCH_SUPPORTED */

TEST_HARNESS_MAIN

#endif
