// SPDX-License-Identifier: GPL-2.0
/*
 * What tracees execute: a program of a few instructions and no library, which
 * makes two system calls and exits with 40.
 */
#include "insn.h"

void _start(void);

void _start(void)
{
	sys0(SYS_getpid);
	asm volatile("nop");
	sys0(SYS_getppid);
	sys1(SYS_exit_group, 40);
	__builtin_unreachable();
}
