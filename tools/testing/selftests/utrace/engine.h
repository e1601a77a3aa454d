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
#define TOTALS_FILE	DEBUGFS "/utrace/totals"
#define NO_ENGINES	"no " ENGINE_FILE ": needs root and CONFIG_UTRACE_TEST_ENGINE"

/* A wait status. */
#define EXIT_CODE(code)	((code) << 8)

/* The program that a test executes is itself, which then leaves with this. */
#define EXECUTED	7

__attribute__((constructor)) static void executed(void)
{
	if (getenv("UTRACE_EXECUTED"))
		_exit(EXECUTED);
}

static inline void execute(void)
{
	static char * const argv[] = { "executed", NULL };
	static char * const envp[] = { "UTRACE_EXECUTED=1", NULL };

	execve("/proc/self/exe", argv, envp);
	_exit(1);
}

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

/*
 * What a command gives: 0, or the errno that the write failed with. Not write(),
 * which would hold up others that share the file's position.
 */
static inline int command(int engine, const char *text)
{
	ssize_t size = strlen(text);

	return pwrite(engine, text, size, 0) == size ? 0 : errno;
}

/* How long to wait for what has to come. */
#define WAIT_MS		10000

static inline void sleep_ms(long ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

static inline long now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Wait until @condition is true; false if that does not come in time. */
#define wait_until(condition)						\
({									\
	long __end = now_ms() + WAIT_MS;				\
	int __came;							\
									\
	while (!(__came = !!(condition)) && now_ms() < __end)		\
		sleep_ms(1);						\
	__came;								\
})

/* The number behind @name in a line of @fd; -1: there is none. */
static inline long counter(int fd, const char *name)
{
	char text[4096], *line;
	ssize_t size = pread(fd, text, sizeof(text) - 1, 0);
	size_t length = strlen(name);

	if (size < 0)
		return -1;
	text[size] = 0;
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (!strncmp(line, name, length) && line[length] == ' ')
			return strtol(line + length + 1, NULL, 0);
	}
	return -1;
}

/* How many engines there are that were attached and not released. */
static inline long engines_left(void)
{
	int fd = open(TOTALS_FILE, O_RDONLY | O_CLOEXEC);
	long left = counter(fd, "attached") - counter(fd, "released");

	close(fd);
	return left;
}

/* The state letter in /proc/PID/stat. */
static inline char state_of(pid_t pid)
{
	char path[64], text[256], *end;
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (size <= 0)
		return 0;
	text[size] = 0;
	end = strrchr(text, ')');
	return end ? end[2] : 0;
}

/*
 * Is the engine detached? That comes when its task has told it of its death,
 * which may be a moment after its parent has reaped it.
 */
static inline int is_detached(int engine)
{
	return wait_until(command(engine, "barrier") == ESRCH);
}

/* Ask for a stop, and wait until it is there. */
static inline int stop_and_wait(int engine)
{
	int err;

	wait_until((err = command(engine, "stop")) != EINPROGRESS);
	return err;
}

/* Wait for a stop that was asked for: 0 if it is this engine's. */
static inline int wait_stopped(int engine)
{
	int err;

	/* A callback that has been counted may not have answered yet. */
	command(engine, "barrier");
	wait_until((err = command(engine, "prepare")) != EAGAIN);
	return err;
}

static inline int wait_for_count(int engine, const char *name, long least)
{
	return wait_until(counter(engine, name) >= least) ? 0 : -1;
}

static inline int wait_for_state(pid_t pid, char state)
{
	return wait_until(state_of(pid) == state) ? 0 : -1;
}

/* Wait for @pid to stop or end: its status; -1 if that does not come. */
static inline int wait_for_status(pid_t pid, int options)
{
	int status;

	if (!wait_until(waitpid(pid, &status, options | WNOHANG) == pid))
		return -1;
	return status;
}

static inline int attach_to(int engine, pid_t pid)
{
	char text[64];

	snprintf(text, sizeof(text), "attach %d", pid);
	return command(engine, text);
}

/* The number that an engine logged with the latest such event; -1: none. */
static inline long logged(int engine, const char *name)
{
	char text[4096], *line;
	ssize_t size = pread(engine, text, sizeof(text) - 1, 0);
	size_t length = strlen(name);
	long number = -1;

	if (size < 0)
		return -1;
	text[size] = 0;
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (!strncmp(line, "> ", 2) &&
		    !strncmp(line + 2, name, length) && line[length + 2] == ' ')
			number = strtol(line + length + 3, NULL, 0);
	}
	return number;
}

/* Did the engine log such an event with this number? */
static inline int has_logged(int engine, const char *name, long number)
{
	char text[4096], line[64];
	ssize_t size = pread(engine, text, sizeof(text) - 1, 0);

	if (size < 0)
		return 0;
	text[size] = 0;
	snprintf(line, sizeof(line), "\n> %s %ld\n", name, number);
	return !!strstr(text, line);
}

/* Did the engine log these events, and no others, in this order? */
static inline int logged_exactly(int engine, const char *names)
{
	char text[4096], seen[2048] = "", *line;
	ssize_t size = pread(engine, text, sizeof(text) - 1, 0);

	if (size < 0)
		return 0;
	text[size] = 0;
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, "> ", 2))
			continue;
		*strrchr(line, ' ') = 0;
		if (*seen)
			strcat(seen, " ");
		strcat(seen, line + 2);
	}
	if (!strcmp(seen, names))
		return 1;
	printf("# logged: %s\n", seen);
	return 0;
}

#endif
