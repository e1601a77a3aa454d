/* SPDX-License-Identifier: GPL-2.0 */
/* System calls that return what the kernel returns, and use nothing of libc. */
#ifndef SYS_H
#define SYS_H

#include <sys/syscall.h>

static inline long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ __volatile__("syscall"
			     : "=a" (ret)
			     : "a" (nr), "D" (a), "S" (b), "d" (c), "r" (r10), "r" (r8), "r" (r9)
			     : "rcx", "r11", "memory");
	return ret;
}

#define sys_(nr, a, b, c, d, e, f, ...)					\
	sys6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define sys(...)	sys_(__VA_ARGS__, 0, 0, 0, 0, 0, 0)

static inline unsigned long now(void)
{
	unsigned int low, high;

	__asm__ __volatile__("rdtsc" : "=a" (low), "=d" (high));
	return low | (unsigned long)high << 32;
}

static inline void relax(void)
{
	__asm__ __volatile__("pause" ::: "memory");
}

#endif /* SYS_H */
