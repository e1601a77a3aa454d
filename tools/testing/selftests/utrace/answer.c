// SPDX-License-Identifier: GPL-2.0
/*
 * The engine of samples/utrace, which answers getppid().
 */
#include "engine.h"

#define ANSWER_DIR	DEBUGFS "/utrace-answer"

static int put(const char *name, const char *text)
{
	char path[64];
	int fd, err;

	snprintf(path, sizeof(path), "%s/%s", ANSWER_DIR, name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return errno;
	err = command(fd, text);
	close(fd);
	return err;
}

static int get(long *answered, long *passed)
{
	FILE *file = fopen(ANSWER_DIR "/calls", "r");
	int n;

	if (!file)
		return -1;
	n = fscanf(file, "answered %ld passed %ld", answered, passed);
	fclose(file);
	return n == 2 ? 0 : -1;
}

static int child_of_init(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(getppid() == 1);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WEXITSTATUS(status);
}

TEST(answers_a_system_call)
{
	long answered[2], passed[2];
	char pid[16];

	have_engines();
	if (access(ANSWER_DIR "/attach", W_OK))
		SKIP(return, "no " ANSWER_DIR ": needs root and CONFIG_SAMPLE_UTRACE");

	ASSERT_NE(1, getppid());
	ASSERT_EQ(0, get(&answered[0], &passed[0]));
	snprintf(pid, sizeof(pid), "%d", getpid());
	ASSERT_EQ(0, put("attach", pid));
	EXPECT_EQ(EEXIST, put("attach", pid));
	EXPECT_EQ(1, getppid());
	/* Children have it, too. */
	EXPECT_EQ(1, child_of_init());
	ASSERT_EQ(0, get(&answered[1], &passed[1]));
	EXPECT_EQ(answered[0] + 2, answered[1]);
	EXPECT_LT(passed[0] + 2, passed[1]);

	ASSERT_EQ(0, put("detach", "all"));
	EXPECT_NE(1, getppid());
	EXPECT_EQ(0, child_of_init());
	EXPECT_EQ(ESRCH, put("attach", "1073741823"));
}

TEST_HARNESS_MAIN
