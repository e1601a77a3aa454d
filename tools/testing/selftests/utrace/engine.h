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
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
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

/* Not in the C library's header for every architecture; for powerpc, not a macro. */
#if !defined(PTRACE_SYSEMU) && !defined(__powerpc__)
#define PTRACE_SYSEMU 31
#endif

/* Is there a trap at the exit from a call that is stepped? */
#if defined(__x86_64__) || defined(__i386__) || defined(__aarch64__)
#define EXIT_IS_STEPPED	1
#else
#define EXIT_IS_STEPPED	0
#endif

#ifdef __riscv
#define HAVE_STEP	0
#else
#define HAVE_STEP	1
#endif
#define NO_STEP		"no single steps, or not over branches, as in QEMU 7.2"

#define DEBUGFS		"/sys/kernel/debug"
#define ENGINE_FILE	DEBUGFS "/utrace/engine"
#define TOTALS_FILE	DEBUGFS "/utrace/totals"
#define VIOLATIONS_FILE	DEBUGFS "/utrace/violations"
#define NO_ENGINES	"no " ENGINE_FILE ": needs root and CONFIG_UTRACE_TEST_ENGINE"

/* A system call that nothing but the tests makes. */
#define TEST_NR		SYS_getpgid

/* A wait status. */
#define EXIT_CODE(code)	((code) << 8)

/* The program that a test executes is itself, which then leaves with this. */
#define EXECUTED	7

__attribute__((constructor)) static void executed(void)
{
	if (getenv("UTRACE_EXECUTED"))
		_exit(EXECUTED);
}

static inline void execute_file(const char *path)
{
	static char * const argv[] = { "executed", NULL };
	static char * const envp[] = { "UTRACE_EXECUTED=1", NULL };

	execve(path, argv, envp);
	_exit(1);
}

static inline void execute(void)
{
	execute_file("/proc/self/exe");
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

/* In a process of its own, since it sleeps: exits with what it comes to. */
static inline pid_t command_apart(int engine, const char *text)
{
	pid_t pid = fork();

	if (!pid)
		_exit(command(engine, text));
	return pid;
}

static inline int attach_to(int engine, pid_t pid)
{
	char text[64];

	snprintf(text, sizeof(text), "attach %d", pid);
	return command(engine, text);
}

/* How long to wait for what has to come. */
#define WAIT_MS		25000

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

/* What a read of a file of debugfs or /proc gives, as a string. */
struct text {
	char text[4096];
};

static inline struct text text_of(int fd)
{
	struct text text;
	ssize_t size = pread(fd, text.text, sizeof(text.text) - 1, 0);

	text.text[size < 0 ? 0 : size] = 0;
	return text;
}

/* The number behind @name in a line of @fd; -1: there is none. */
static inline long counter(int fd, const char *name)
{
	struct text text = text_of(fd);
	size_t length = strlen(name);
	char *line;

	for (line = strtok(text.text, "\n"); line; line = strtok(NULL, "\n")) {
		if (!strncmp(line, name, length) && line[length] == ' ')
			/* not strtol(), for addresses of a 32-bit program */
			return strtoll(line + length + 1, NULL, 0);
	}
	return -1;
}

static inline int wait_for_count(int engine, const char *name, long least)
{
	return wait_until(counter(engine, name) >= least) ? 0 : -1;
}

/* How many engines there are that were attached and not released. */
static inline long engines_left(void)
{
	int fd = open(TOTALS_FILE, O_RDONLY | O_CLOEXEC);
	long left = counter(fd, "attached") - counter(fd, "released");

	close(fd);
	return left;
}

/* Has the core lost track of no task? If of one, that is printed. */
static inline int nothing_is_violated(void)
{
	int fd = open(VIOLATIONS_FILE, O_RDONLY | O_CLOEXEC);
	char text[4096];
	ssize_t size = read(fd, text, sizeof(text));

	close(fd);
	if (size > 0)
		ksft_print_msg("violation: %.*s", (int)size, text);
	return size == 0;
}

/*
 * The number that an engine logged with the latest such event; -1: none. Adds to
 * @times how many of them there were with @number.
 */
static inline long look_up(int engine, const char *name, long number,
			   int *times)
{
	struct text text = text_of(engine);
	size_t length = strlen(name);
	long latest = -1;
	char *line;

	for (line = strtok(text.text, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, "> ", 2) ||
		    strncmp(line + 2, name, length) || line[length + 2] != ' ')
			continue;
		latest = strtol(line + length + 3, NULL, 0);
		*times += latest == number;
	}
	return latest;
}

static inline long logged(int engine, const char *name)
{
	int times = 0;

	return look_up(engine, name, 0, &times);
}

/* How often did the engine log such an event with this number? */
static inline int has_logged(int engine, const char *name, long number)
{
	int times = 0;

	look_up(engine, name, number, &times);
	return times;
}

/* Did the engine log these events, and no others, in this order? */
static inline int logged_exactly(int engine, const char *names)
{
	struct text text = text_of(engine);
	char seen[2048] = "", *line;

	for (line = strtok(text.text, "\n"); line; line = strtok(NULL, "\n")) {
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

/* A file of /proc/PID; empty if there is no such task. */
static inline struct text proc_text(pid_t pid, const char *name)
{
	struct text text = { "" };
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		text = text_of(fd);
		close(fd);
	}
	return text;
}

/* The state letter in /proc/PID/stat. */
static inline char state_of(pid_t pid)
{
	struct text text = proc_text(pid, "stat");
	char *end = strrchr(text.text, ')');

	return end ? end[2] : 0;
}

static inline int wait_for_state(pid_t pid, char state)
{
	return wait_until(state_of(pid) == state) ? 0 : -1;
}

/* What is behind @name in /proc/PID/status; -1: it has no such line. */
static inline long long status_of(pid_t pid, const char *name, int base)
{
	struct text text = proc_text(pid, "status");
	char *line;

	for (line = strtok(text.text, "\n"); line; line = strtok(NULL, "\n")) {
		if (!strncmp(line, name, strlen(name)))
			return strtoull(line + strlen(name), NULL, base);
	}
	return -1;
}

/* How often it has slept: more each time that it went on. */
static inline long switches_of(pid_t pid)
{
	return status_of(pid, "voluntary_ctxt_switches:", 10);
}

static inline unsigned long long signals_of(pid_t pid, const char *name)
{
	return status_of(pid, name, 16);
}

#define SIGNAL_BIT(signr)	(1ULL << ((signr) - 1))

/* Wait for @pid to stop or end: its status; -1 if that does not come. */
static inline int wait_for_status(pid_t pid, int options)
{
	int status;

	if (!wait_until(waitpid(pid, &status, options | WNOHANG) == pid))
		return -1;
	return status;
}

/*
 * Is the engine detached? That comes when its task is released, which may be a
 * moment after its parent has got its status.
 */
static inline int is_detached(int engine)
{
	return wait_until(command(engine, "barrier") == ESRCH);
}

/* Is the other end of this pipe closed? */
static inline bool is_hung_up(int fd)
{
	struct pollfd pollfd = { .fd = fd };

	return poll(&pollfd, 1, 0) == 1 && pollfd.revents & POLLHUP;
}

/* What a task is that engines stop: idle, as it is no load. */
#define STOPPED		'I'

/* Ask for a stop, and wait until it is there. */
static inline int stop_and_wait(int engine)
{
	int err;

	wait_until((err = command(engine, "stop")) != EINPROGRESS);
	return err;
}

/* Wait until a task has that state, and is off its CPU. */
static inline int wait_off_cpu(pid_t pid, char state)
{
	int err = wait_for_state(pid, state);

	/* This waits for the latter. */
	proc_text(pid, "syscall");
	return err;
}

/* Until an engine has stopped it. */
static inline int wait_stopped(pid_t pid)
{
	return wait_off_cpu(pid, STOPPED);
}

static inline int wait_asleep(pid_t pid)
{
	return wait_off_cpu(pid, 'S');
}

/* The instruction pointer of a task that does not run, as the kernel knows it. */
static inline unsigned long ip_of(pid_t pid)
{
	struct text text = proc_text(pid, "syscall");
	char *last = strrchr(text.text, ' ');

	return last ? strtoul(last, NULL, 0) : 0;
}

/* Can a program be stepped? On QEMU's s390 it loses its way. */
static inline int can_step(void)
{
#ifdef __s390__
	int status, i;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(EXECUTED);
	}
	waitpid(pid, &status, 0);
	for (i = 0; i < 1000 && !ptrace(PTRACE_SINGLESTEP, pid, 0, 0); i++) {
		waitpid(pid, &status, 0);
		if (!WIFSTOPPED(status))
			return status == EXIT_CODE(EXECUTED);
		if (WSTOPSIG(status) != SIGTRAP)
			break;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return 0;
#else
	return HAVE_STEP;
#endif
}

/* Run on this CPU only; fails if there is no such. */
static inline int pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

#endif
