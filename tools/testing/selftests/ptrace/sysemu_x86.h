/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The PTRACE_SYSEMU tests on x86: registers and the system-call instruction.
 */
#ifndef SYSEMU_X86_H
#define SYSEMU_X86_H

#include <sys/user.h>
#include <asm/ptrace-abi.h>

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

#ifdef SYSEMU_X86_64

#define NATIVE_AUDIT_ARCH	AUDIT_ARCH_X86_64

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

#else /* SYSEMU_I386 */

#define NATIVE_AUDIT_ARCH	AUDIT_ARCH_I386

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

#endif /* SYSEMU_X86_H */
