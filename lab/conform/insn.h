/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System calls of the tracees, in line and without the C library, so that
 * single steps go over few instructions and always the same ones.
 */
#ifndef INSN_H
#define INSN_H

#include <sys/syscall.h>

/*
 * Where a sequence begins: at the int3, which stops the tracee.  Two bytes back,
 * where a tracer may set it, has to be an instruction, too: in the middle of
 * another one, poll() was sysinfo(), which tells the load average.
 */
#define START		"nop\n\tint3\n\t"

#ifdef __x86_64__
#define SYSCALL_INSN	"syscall"
#define SYSCALL_CLOBBER	"rcx", "r11", "memory"
#define SYS6(first)							\
	register long r10 asm("r10") = d;				\
	register long r8 asm("r8") = e;					\
	register long r9 asm("r9") = f;					\
	long ret;							\
									\
	asm volatile(first SYSCALL_INSN					\
		     : "=a"(ret)					\
		     : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) \
		     : SYSCALL_CLOBBER);				\
	return ret
#else
#define SYSCALL_INSN	"int $0x80"
#define SYSCALL_CLOBBER	"memory"
/*
 * ebp, the sixth argument, cannot be named in a constraint; and where it comes
 * from may be found by esp, so that is read first.
 */
#define SYS6(first)							\
	long ret;							\
									\
	asm volatile("push %7\n\tpush %%ebp\n\tmov 4(%%esp), %%ebp\n\t"	\
		     first SYSCALL_INSN "\n\tpop %%ebp\n\tadd $4, %%esp"	\
		     : "=a"(ret)					\
		     : "0"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), "m"(f) \
		     : SYSCALL_CLOBBER);				\
	return ret
#endif

#define INSN_INLINE	static inline __attribute__((always_inline))

INSN_INLINE long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	SYS6("");
}

/* The same, where a sequence begins. */
INSN_INLINE long start6(long nr, long a, long b, long c, long d, long e, long f)
{
	SYS6(START);
}

/*
 * Leave nothing of the caller in registers: what it had there may depend on the
 * command line, and a tracer sees it, or the audit log.
 */
INSN_INLINE void forget_caller(void)
{
#ifdef __x86_64__
	asm volatile("xor %%ebx, %%ebx\n\txor %%ebp, %%ebp\n\txor %%r12d, %%r12d\n\t"
		     "xor %%r13d, %%r13d\n\txor %%r14d, %%r14d\n\txor %%r15d, %%r15d\n\t"
		     "xor %%r8d, %%r8d\n\txor %%r9d, %%r9d\n\txor %%r10d, %%r10d"
		     : : : "rbx", "rbp", "r8", "r9", "r10", "r12", "r13", "r14", "r15");
#else
	asm volatile("xor %%ebx, %%ebx\n\txor %%ebp, %%ebp\n\t"
		     "xor %%esi, %%esi\n\txor %%edi, %%edi"
		     : : : "ebx", "ebp", "esi", "edi");
#endif
}

#define sys0(nr)		sys6(nr, 0, 0, 0, 0, 0, 0)
#define sys1(nr, a)		sys6(nr, (long)(a), 0, 0, 0, 0, 0)
#define sys2(nr, a, b)		sys6(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define sys3(nr, a, b, c)	sys6(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define sys4(nr, a, b, c, d)	sys6(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define start0(nr)		start6(nr, 0, 0, 0, 0, 0, 0)
#define start1(nr, a)		start6(nr, (long)(a), 0, 0, 0, 0, 0)
#define start2(nr, a, b)	start6(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define start3(nr, a, b, c)	start6(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define start4(nr, a, b, c, d)	start6(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

/*
 * Two of clone(), with a stack for the child, which calls fn and must not
 * return.  The parent gets the child's id.
 */
#ifdef __x86_64__
#define CLONE_FN(first)							\
	register long r10 asm("r10") = (long)tid;			\
	register long r8 asm("r8") = 0;					\
	long ret;							\
									\
	*--stack = (long)fn;						\
	asm volatile(first SYSCALL_INSN "\n\t"				\
		     "test %%rax, %%rax\n\tjnz 1f\n\t"			\
		     "xor %%ebp, %%ebp\n\tpop %%rax\n\tcall *%%rax\n\tud2\n1:"	\
		     : "=a"(ret)					\
		     : "0"(SYS_clone), "D"(flags), "S"(stack), "d"(tid), "r"(r10), "r"(r8) \
		     : SYSCALL_CLOBBER);				\
	return ret
#else
#define CLONE_FN(first)							\
	long ret;							\
									\
	*--stack = (long)fn;						\
	asm volatile(first SYSCALL_INSN "\n\t"				\
		     "test %%eax, %%eax\n\tjnz 1f\n\t"			\
		     "xor %%ebp, %%ebp\n\tpop %%eax\n\tcall *%%eax\n\tud2\n1:"	\
		     : "=a"(ret)					\
		     : "0"(SYS_clone), "b"(flags), "c"(stack), "d"(tid), "S"(0), "D"(tid) \
		     : SYSCALL_CLOBBER);				\
	return ret
#endif

INSN_INLINE long start_clone(unsigned long flags, long *stack, int *tid, void (*fn)(void))
{
	CLONE_FN(START);
}

INSN_INLINE long sys_clone(unsigned long flags, long *stack, int *tid, void (*fn)(void))
{
	CLONE_FN("");
}

#endif /* INSN_H */
