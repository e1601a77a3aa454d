// SPDX-License-Identifier: GPL-2.0
#include "conform.h"
int cost_run(FILE *to)
{
	return !to;
}
