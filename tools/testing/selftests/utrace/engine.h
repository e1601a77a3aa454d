/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Engines of CONFIG_UTRACE_TEST_ENGINE: one for each open ENGINE_FILE.
 */
#ifndef SELFTESTS_UTRACE_ENGINE_H
#define SELFTESTS_UTRACE_ENGINE_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../kselftest_harness.h"

/* Not in the C library's header for every architecture. */
#ifndef PTRACE_SYSEMU
#define PTRACE_SYSEMU 31
#endif

#define DEBUGFS		"/sys/kernel/debug"
#define ENGINE_FILE	DEBUGFS "/utrace/engine"
#define NO_ENGINES	"no " ENGINE_FILE ": needs root and CONFIG_UTRACE_TEST_ENGINE"

static inline int have_engines(void)
{
	if (access(ENGINE_FILE, F_OK))
		mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
	return !access(ENGINE_FILE, W_OK);
}

static inline int open_engine(void)
{
	return open(ENGINE_FILE, O_RDWR | O_CLOEXEC);
}

/* What a command gives: 0, or the errno that the write failed with. */
static inline int command(int engine, const char *text)
{
	ssize_t size = strlen(text);

	return write(engine, text, size) == size ? 0 : errno;
}

#endif
