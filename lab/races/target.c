// SPDX-License-Identifier: GPL-2.0
/* What tracees execute: a few system calls, then the exit status 7. */
#include "sys.h"

void _start(void)
{
	int i;

	for (i = 0; i < 3; i++)
		sys(__NR_getppid);
	for (;;)
		sys(__NR_exit_group, 7);
}
