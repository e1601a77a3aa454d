/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The PTRACE_SYSEMU tests on arm64, powerpc64, riscv64 and s390x: registers
 * and the system-call instruction. What x86 has is in sysemu_x86.h.
 *
 * They differ in what a skipped call leaves in the result register if the tracer
 * puts nothing there: -ENOSYS on riscv and s390, the first argument on arm64 and
 * powerpc. There, raw_syscall() and result_of() make -ENOSYS of it.
 */
#ifndef SYSEMU_REGS_H
#define SYSEMU_REGS_H

#include <linux/elf.h>
#include <linux/ptrace.h>
#include <sys/uio.h>

/* Not all know it: a request that is none. */
#ifndef PTRACE_SINGLEBLOCK
#define PTRACE_SINGLEBLOCK	0x42ff
#endif

#define RAW_SYSCALL_POPS	0	/* see stack_into() */

/* Where all instructions have four bytes. */
#define RAW_SYSCALL_STEPS						\
	"	.balign 4\n"						\
	"raw_syscall_steps:\n"						\
	"	.long 0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52\n"

#ifdef __aarch64__

#define NATIVE_AUDIT_ARCH	AUDIT_ARCH_AARCH64
#define SYSEMU_SKIP_LEAVES_ARG0
#define TRAP_IN_PLACE		1
#define SECOND_TRAP		1	/* of the CPU, after a syscall step */
#define STEP_INTO_EXEC		1

struct native_regs {
	unsigned long regs[31];
	unsigned long sp;
	unsigned long pc;
	unsigned long pstate;
};

#define REG_IP(r)	((r)->native.pc)
#define REG_SP(r)	((r)->native.sp)
#define REG_RESULT(r)	((r)->native.regs[0])
#define REG_ARG1(r)	((r)->native.regs[1])
#define REG_ARG2(r)	((r)->native.regs[2])

#define RAW_SYSCALL_LEAD	9
#define SYSTEM_CALL_INSN	"svc #0"
#define BREAKPOINT_INSN		"brk #0"

__asm__(".pushsection .text\n"
	"raw_syscall:\n"
	"	str x30, [sp, #-16]!\n"
	"	mov x8, x0\n"
	"	mov x0, x1\n"
	"	mov x1, x2\n"
	"	mov x2, x3\n"
	"	mov x3, x4\n"
	"	mov x4, x5\n"
	"	mov x5, x6\n"
	"	mov x9, x0\n"
	"	svc #0\n"
	"	nop\n"
	"	ldr x30, [sp], #16\n"
	"	cmp x0, x9\n"
	"	mov x9, #-38\n"
	"	csel x0, x9, x0, eq\n"
	"	ret\n"
	RAW_SYSCALL_STEPS
	".popsection\n");

#elif defined(__powerpc64__)

#define NATIVE_AUDIT_ARCH	AUDIT_ARCH_PPC64LE
#define SYSEMU_SKIP_LEAVES_ARG0
#define SECCOMP_TRAP_IN_PLACE	1	/* it makes entry code look at the exit */
#define STEP_OVER_CALL_STOPS	0
#define ENTRY_REGS_HOLD		0
#define STEP_ENDS_WITH_TRAP	1	/* unless a tracer asks for the next */
#define HANDLER_BY_VDSO		1
#define RESTART_RESULT		516	/* the first argument of the call */

struct native_regs {
	unsigned long gpr[32];
	unsigned long nip;
	unsigned long msr;
	unsigned long orig_gpr3;
	unsigned long ctr;
	unsigned long link;
	unsigned long xer;
	unsigned long ccr;
	unsigned long softe;
	unsigned long trap;
	unsigned long dar;
	unsigned long dsisr;
	unsigned long result;
};

#define REG_IP(r)	((r)->native.nip)
#define REG_SP(r)	((r)->native.gpr[1])
#define REG_RESULT(r)	((r)->native.gpr[3])
#define REG_ARG1(r)	((r)->native.gpr[4])
#define REG_ARG2(r)	((r)->native.gpr[5])

#define SUMMARY_OVERFLOW	0x10000000UL	/* of CR0: the call failed */

#define RAW_SYSCALL_LEAD	11
#define SYSTEM_CALL_INSN	"sc"
#define BREAKPOINT_INSN		"trap"

/* A function that is entered by an address finds this in r12. */
__asm__(".pushsection .text\n"
	"raw_syscall:\n"
	"	mflr 0\n"
	"	std 0, -16(1)\n"
	"	addi 1, 1, -16\n"
	"	mr 0, 3\n"
	"	mr 3, 4\n"
	"	mr 4, 5\n"
	"	mr 5, 6\n"
	"	mr 6, 7\n"
	"	mr 7, 8\n"
	"	mr 8, 9\n"
	"	std 3, 8(1)\n"
	"	sc\n"
	"	nop\n"
	"	bns+ 1f\n"
	"	neg 3, 3\n"
	"	b 2f\n"
	"1:	ld 11, 8(1)\n"
	"	li 12, -38\n"
	"	cmpd 3, 11\n"
	"	isel 3, 12, 3, 2\n"
	"2:	ld 12, 0(1)\n"
	"	mtlr 12\n"
	"	addi 1, 1, 16\n"
	"	blr\n"
	RAW_SYSCALL_STEPS
	".popsection\n");

#elif defined(__riscv)

#define NATIVE_AUDIT_ARCH	AUDIT_ARCH_RISCV64
#define HAVE_STEP		0

struct native_regs {
	unsigned long pc, ra, sp, gp, tp;
	unsigned long t0, t1, t2, s0, s1;
	unsigned long a0, a1, a2, a3, a4, a5, a6, a7;
	unsigned long s2, s3, s4, s5, s6, s7, s8, s9, s10, s11;
	unsigned long t3, t4, t5, t6;
};

#undef REG_SP			/* the C library's index into a ucontext */
#define REG_IP(r)	((r)->native.pc)
#define REG_SP(r)	((r)->native.sp)
#define REG_RESULT(r)	((r)->native.a0)
#define REG_ARG1(r)	((r)->native.a1)
#define REG_ARG2(r)	((r)->native.a2)

#define RAW_SYSCALL_LEAD	9
#define SYSTEM_CALL_INSN	"ecall"
#define BREAKPOINT_INSN		"ebreak"

__asm__(".pushsection .text\n"
	"	.option push\n"
	"	.option norvc\n"
	"	.balign 4\n"
	"raw_syscall:\n"
	"	addi sp, sp, -16\n"
	"	sd ra, 0(sp)\n"
	"	mv a7, a0\n"
	"	mv a0, a1\n"
	"	mv a1, a2\n"
	"	mv a2, a3\n"
	"	mv a3, a4\n"
	"	mv a4, a5\n"
	"	mv a5, a6\n"
	"	ecall\n"
	"	nop\n"
	"	ld ra, 0(sp)\n"
	"	addi sp, sp, 16\n"
	"	ret\n"
	"	.option pop\n"
	RAW_SYSCALL_STEPS
	".popsection\n");

#elif defined(__s390x__)

#define NATIVE_AUDIT_ARCH	AUDIT_ARCH_S390X
#define SYSCALL_INSN_SIZE	2
#define STEP_CODE		TRAP_HWBKPT
#define BREAKPOINT_PASSED	2
#define STEP_ADDR_BACK		2	/* the instruction that was stepped */
#define NR_IS_RESULT		1	/* one register, until the exit */
#define STEPPED_CALL_TRAPS	1
#define STEP_NEEDS_TRACER	1
#define CLONE_STACK_FIRST	1

struct native_regs {
	unsigned long mask, addr;
	unsigned long gprs[16];
	unsigned int acrs[16];
	unsigned long orig_gpr2;
};

#define REG_IP(r)	((r)->native.addr)
#define REG_SP(r)	((r)->native.gprs[15])
#define REG_RESULT(r)	((r)->native.gprs[2])
#define REG_ARG1(r)	((r)->native.gprs[3])
#define REG_ARG2(r)	((r)->native.gprs[4])

#define RAW_SYSCALL_LEAD	10
#define SYSTEM_CALL_INSN	"svc 0"
#define BREAKPOINT_INSN		".short 1"

/* r6 and r7 belong to the caller, which has a place for them. */
__asm__(".pushsection .text\n"
	"raw_syscall:\n"
	"10:	stmg %r6, %r7, 48(%r15)\n"
	"11:	lay %r15, -16(%r15)\n"
	"12:	stg %r14, 0(%r15)\n"
	"13:	lgr %r1, %r2\n"
	"14:	lgr %r2, %r3\n"
	"15:	lgr %r3, %r4\n"
	"16:	lgr %r4, %r5\n"
	"17:	lgr %r5, %r6\n"
	"18:	lg %r6, 176(%r15)\n"
	"19:	lg %r7, 184(%r15)\n"
	"20:	svc 0\n"
	"21:	nopr %r0\n"
	"22:	lg %r14, 0(%r15)\n"
	"	la %r15, 16(%r15)\n"
	"	lmg %r6, %r7, 48(%r15)\n"
	"	br %r14\n"
	"	.balign 4\n"
	"raw_syscall_steps:\n"
	"	.long 10b - raw_syscall, 11b - raw_syscall, 12b - raw_syscall\n"
	"	.long 13b - raw_syscall, 14b - raw_syscall, 15b - raw_syscall\n"
	"	.long 16b - raw_syscall, 17b - raw_syscall, 18b - raw_syscall\n"
	"	.long 19b - raw_syscall, 20b - raw_syscall, 21b - raw_syscall\n"
	"	.long 22b - raw_syscall\n"
	".popsection\n");

#endif

/* What most of them have in common; sysemu_x86.h says what it is. */
#ifndef SYSCALL_INSN_SIZE
#define SYSCALL_INSN_SIZE	4
#endif
#ifndef STEP_CODE
#define STEP_CODE		TRAP_TRACE
#endif
#define SYSCALL_STEP_CODE	SI_USER
#define BREAKPOINT_CODE		TRAP_BRKPT
#ifndef BREAKPOINT_PASSED
#define BREAKPOINT_PASSED	0
#endif
#ifndef STEP_ADDR_BACK
#define STEP_ADDR_BACK		0
#endif
#ifndef TRAP_IN_PLACE
#define TRAP_IN_PLACE		0
#endif
#ifndef SECCOMP_TRAP_IN_PLACE
#define SECCOMP_TRAP_IN_PLACE	TRAP_IN_PLACE
#endif
#ifndef SECOND_TRAP
#define SECOND_TRAP		0
#endif
#ifndef STEPPED_CALL_TRAPS
#define STEPPED_CALL_TRAPS	0
#endif
#ifndef STEP_OVER_CALL_STOPS
#define STEP_OVER_CALL_STOPS	1
#endif
#ifndef STEP_INTO_EXEC
#define STEP_INTO_EXEC		0
#endif
#ifndef STEP_NEEDS_TRACER
#define STEP_NEEDS_TRACER	0
#endif
#ifndef STEP_ENDS_WITH_TRAP
#define STEP_ENDS_WITH_TRAP	0
#endif
#ifndef HANDLER_BY_VDSO
#define HANDLER_BY_VDSO		0
#endif
#ifndef RESTART_RESULT
#define RESTART_RESULT		SKIPPED
#endif
#ifndef NR_IS_RESULT
#define NR_IS_RESULT		0
#endif
#ifndef ENTRY_REGS_HOLD
#define ENTRY_REGS_HOLD		1
#endif
#ifndef CLONE_STACK_FIRST
#define CLONE_STACK_FIRST	0
#endif
#ifndef HAVE_STEP
#define HAVE_STEP		1
#endif

struct tracee_regs {
	struct native_regs native;
	long nr;		/* of the system call */
	unsigned long arg0;	/* its first argument; set_regs() ignores it */
	long had_nr;
	bool in_entry;		/* at the entry to a system call */
};

#define REG_NR(r)	((r)->nr)
#define REG_ARG0(r)	((r)->arg0)

static inline long regset(pid_t pid, int request, int type, void *data,
			  size_t size)
{
	struct iovec iov = { .iov_base = data, .iov_len = size };
	long ret = syscall(__NR_ptrace, request, pid, type, &iov);

	return ret == -1 ? -errno : ret;
}

/* The number, where no system call is being entered. */
static inline long native_nr(pid_t pid, struct tracee_regs *regs)
{
#if defined(__aarch64__)
	int nr = -1;

	regset(pid, PTRACE_GETREGSET, NT_ARM_SYSTEM_CALL, &nr, sizeof(nr));
	return nr;
#elif defined(__powerpc64__)
	return regs->native.trap ? (long)regs->native.gpr[0] : -1;
#elif defined(__riscv)
	return regs->native.a7;
#else
	return regs->native.gprs[1];
#endif
}

static inline long put_native_nr(pid_t pid, struct tracee_regs *regs)
{
#if defined(__aarch64__)
	int nr = regs->nr;

	return regset(pid, PTRACE_SETREGSET, NT_ARM_SYSTEM_CALL, &nr,
		      sizeof(nr));
#elif defined(__powerpc64__)
	/* Without the trap, there is no system call to be restarted. */
	if (regs->nr == -1)
		regs->native.trap = 0;
	if (regs->in_entry)
		regs->native.gpr[0] = regs->nr;
#elif defined(__riscv)
	regs->native.a7 = regs->nr;
#else
	/* Not over a result: -1 would be one. */
	if (regs->in_entry && regs->nr != -1)
		regs->native.gprs[2] = regs->nr;
#endif
	return 0;
}

static inline long native_result(struct tracee_regs *regs)
{
	long value = REG_RESULT(regs);

#ifdef __powerpc64__
	if (regs->native.ccr & SUMMARY_OVERFLOW)
		value = -value;
#endif
	/* At the entry it is the number; if it stays, it becomes -ENOSYS. */
	if (NR_IS_RESULT && regs->in_entry && value == regs->nr)
		value = -38;
	return value;
}

static inline void put_result(struct tracee_regs *regs, long value)
{
#ifdef __powerpc64__
	regs->native.ccr &= ~SUMMARY_OVERFLOW;
	if (value < 0 && value >= -4095) {
		regs->native.ccr |= SUMMARY_OVERFLOW;
		value = -value;
	}
#endif
	REG_RESULT(regs) = value;
}

static inline struct tracee_regs read_regs(pid_t pid)
{
	struct ptrace_syscall_info info = {};
	struct tracee_regs regs;

	memset(&regs, 0xa5, sizeof(regs));
	regset(pid, PTRACE_GETREGSET, NT_PRSTATUS, &regs.native,
	       sizeof(regs.native));
	regs.nr = native_nr(pid, &regs);
	regs.arg0 = REG_RESULT(&regs);
	syscall(__NR_ptrace, PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
	regs.in_entry = info.op == PTRACE_SYSCALL_INFO_ENTRY ||
			info.op == PTRACE_SYSCALL_INFO_SECCOMP;
	if (regs.in_entry) {
		regs.nr = info.entry.nr;
		regs.arg0 = info.entry.args[0];
	}
	regs.had_nr = regs.nr;
	return regs;
}

static inline long write_regs(pid_t pid, struct tracee_regs *regs)
{
	long ret = 0;

	if (regs->nr != regs->had_nr)
		ret = put_native_nr(pid, regs);
	return ret ?: regset(pid, PTRACE_SETREGSET, NT_PRSTATUS, &regs->native,
			     sizeof(regs->native));
}

/*
 * On powerpc a function begins with two instructions that make r2 of r12, where
 * its address has to be. r2 is right already, and r12 may not hold.
 */
static inline void put_ip(struct tracee_regs *regs, unsigned long ip)
{
#ifdef __powerpc64__
	unsigned int insn = *(unsigned int *)ip >> 16;

	if (insn == 0x3c4c || insn == 0x3c40)	/* addis r2,r12,N or lis r2,N */
		ip += 8;
#endif
	REG_IP(regs) = ip;
}

#ifdef __s390x__
/* Emulators have gone on behind a branch that is stepped, whether it is taken or not. */
__attribute__((visibility("hidden"))) extern const char branch[], branch_target[];

__asm__(".pushsection .text\n"
	"branch:\n"
	"	j branch_target\n"
	"	nopr %r0\n"
	"branch_target:\n"
	"	nopr %r0\n"
	".popsection\n");

static inline bool steps_over_branches(void)
{
	struct tracee_regs regs;
	pid_t pid = fork();
	int status;

	if (!pid) {
		syscall(__NR_ptrace, PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	regs = read_regs(pid);
	REG_IP(&regs) = (unsigned long)branch;
	write_regs(pid, &regs);
	syscall(__NR_ptrace, PTRACE_SINGLESTEP, pid, 0, 0);
	waitpid(pid, &status, 0);
	regs = read_regs(pid);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return REG_IP(&regs) == (unsigned long)branch_target;
}
#else
#define steps_over_branches()	true
#endif

/* For a tracee that goes on at a system-call instruction. */
static inline void put_call(struct tracee_regs *regs, long nr, long a, long b,
			    long c)
{
#if defined(__aarch64__)
	regs->native.regs[8] = nr;
#elif defined(__powerpc64__)
	regs->native.gpr[0] = nr;
#elif defined(__riscv)
	regs->native.a7 = nr;
#else
	regs->native.gprs[1] = nr;
#endif
	REG_RESULT(regs) = a;
	REG_ARG1(regs) = b;
	REG_ARG2(regs) = c;
}

#endif /* SYSEMU_REGS_H */
