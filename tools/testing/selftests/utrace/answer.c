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

/* Attach to this process, which it must not do by itself. */
static int attach_from_a_child(void)
{
	char text[16];
	int status;
	pid_t pid;

	snprintf(text, sizeof(text), "%d", getpid());
	pid = fork();
	if (!pid)
		_exit(put("attach", text));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WEXITSTATUS(status);
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

FIXTURE(answer) {
	long answered;
	long passed;
};

FIXTURE_SETUP(answer)
{
	have_engines();
	if (access(ANSWER_DIR "/attach", W_OK))
		SKIP(return, "no " ANSWER_DIR ": needs root and CONFIG_SAMPLE_UTRACE");
	ASSERT_NE(1, getppid());
	ASSERT_EQ(0, get(&self->answered, &self->passed));
}

FIXTURE_TEARDOWN(answer)
{
	put("detach", "all");
}

TEST_F(answer, answers_a_system_call)
{
	long answered, passed;

	ASSERT_EQ(0, attach_from_a_child());
	EXPECT_EQ(1, getppid());
	/* Children have it, too. */
	EXPECT_EQ(1, child_of_init());
	ASSERT_EQ(0, get(&answered, &passed));
	EXPECT_EQ(self->answered + 2, answered);
	EXPECT_LT(self->passed + 2, passed);

	ASSERT_EQ(0, put("detach", "all"));
	EXPECT_NE(1, getppid());
	EXPECT_EQ(0, child_of_init());
}

TEST_F(answer, is_not_for_oneself_or_nobody)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	EXPECT_EQ(EPERM, put("attach", pid));
	EXPECT_EQ(ESRCH, put("attach", "1073741823"));
	EXPECT_EQ(EINVAL, put("attach", "me"));
	EXPECT_NE(1, getppid());
}

TEST_F(answer, twice_is_as_good_as_once)
{
	long answered, passed;

	ASSERT_EQ(0, attach_from_a_child());
	ASSERT_EQ(0, attach_from_a_child());
	EXPECT_EQ(1, getppid());
	EXPECT_EQ(1, child_of_init());
	ASSERT_EQ(0, get(&answered, &passed));
	EXPECT_EQ(self->answered + 2, answered);
	ASSERT_EQ(0, put("detach", "all"));
	EXPECT_NE(1, getppid());
	EXPECT_EQ(0, child_of_init());
}

TEST_HARNESS_MAIN
