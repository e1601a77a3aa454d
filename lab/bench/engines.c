// SPDX-License-Identifier: GPL-2.0
/* What utrace engines cost; only where there are such. */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER	"/sys/kernel/debug/utrace-answer/attach"
#define ENGINE	"/sys/kernel/debug/utrace/engine"

static u64 getppid_body(unsigned int nr)
{
	unsigned int i;
	u64 start = now();

	for (i = 0; i < nr; i++)
		sys0(SYS_getppid);
	return now() - start;
}

/* 0, or what the write failed with. */
static int command(int fd, const char *text)
{
	ssize_t size = strlen(text);

	return write(fd, text, size) == size ? 0 : errno;
}

static double answer(unsigned int arg)
{
	int fd = open(ANSWER, O_WRONLY), err;
	char text[32];
	int status;
	pid_t pid;

	(void)arg;
	if (fd < 0)
		skip("no " ANSWER);
	snprintf(text, sizeof(text), "%d", getpid());
	/* by another process: nobody traces themselves */
	pid = fork();
	if (!pid)
		_exit(command(fd, text));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		skip("fork: %s", strerror(errno));
	err = WEXITSTATUS(status);
	if (err)
		skip("attach: %s", strerror(err));
	if (sys0(SYS_getppid) != 1)
		skip("the engine does not answer");
	return measure_in_loop(getppid_body, 1000);
}

/* @nr engines on this task, which want events or not. */
static double engines(unsigned int nr, bool want)
{
	char text[64];
	unsigned int i;
	int fd, err;

	if (access(ENGINE, W_OK))
		skip("no " ENGINE);
	for (i = 0; i < nr; i++) {
		fd = open(ENGINE, O_RDWR);
		if (fd < 0)
			skip("open: %s", strerror(errno));
		snprintf(text, sizeof(text), "attach %d light", getpid());
		err = command(fd, text);
		if (!err && want)
			err = command(fd, "events syscall_entry");
		if (err)
			skip("engine %u: %s", i, strerror(err));
	}
	return measure_in_loop(getppid_body, nr > 4 && want ? 200 : 1000);
}

static double wanting(unsigned int nr)
{
	return engines(nr, true);
}

static double idle(unsigned int nr)
{
	return engines(nr, false);
}

const struct bench_case engine_cases[] = {
	{ "answer/by an engine", answer, 0, ONE_CPU },
	{ "engines/01 want entry", wanting, 1, ONE_CPU },
	{ "engines/02 want entry", wanting, 2, ONE_CPU },
	{ "engines/04 want entry", wanting, 4, ONE_CPU },
	{ "engines/16 want entry", wanting, 16, ONE_CPU },
	{ "engines/64 want entry", wanting, 64, ONE_CPU },
	{ "engines/01 want nothing", idle, 1, ONE_CPU },
	{ "engines/02 want nothing", idle, 2, ONE_CPU },
	{ "engines/04 want nothing", idle, 4, ONE_CPU },
	{ "engines/16 want nothing", idle, 16, ONE_CPU },
	{ "engines/64 want nothing", idle, 64, ONE_CPU },
	{ }
};
