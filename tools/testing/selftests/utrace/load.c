// SPDX-License-Identifier: GPL-2.0
/*
 * What an engine's stop costs: it is no load, and takes no CPU time.
 */
#include "engine.h"

#include <sys/resource.h>

#define NR_STOPPED	16

static double load(void)
{
	double load = -1;
	FILE *file = fopen("/proc/loadavg", "r");

	if (file && fscanf(file, "%lf", &load) != 1)
		load = -1;
	if (file)
		fclose(file);
	return load;
}

TEST(a_stop_is_no_load)
{
	double before = load();
	int engine[NR_STOPPED];
	pid_t pid;
	int i;

	if (!have_engines())
		SKIP(return, NO_ENGINES);
	for (i = 0; i < NR_STOPPED; i++) {
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				sleep_ms(1);
		}
		engine[i] = open_engine();
		ASSERT_LE(0, engine[i]);
		ASSERT_EQ(0, attach_to(engine[i], pid));
		ASSERT_EQ(0, stop_and_wait(engine[i]));
	}
	/* It is counted every five seconds, and these would make it 2.4. */
	sleep_ms(11000);
	/* And of what was there before, less than 0.85 is left. */
	ASSERT_LE(0, before);
	EXPECT_LT(load(), before * 0.85 + 1);
}

/* The ticks of CPU time that a task has had. */
static long cpu_time(pid_t pid)
{
	struct text text = proc_text(pid, "stat");
	char *end = strrchr(text.text, ')');
	long user, system;

	if (!end || sscanf(end + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld",
			   &user, &system) != 2)
		return -1;
	return user + system;
}

/* As much as its parent is told in the end, and none for the time in the stop. */
TEST(a_stop_takes_no_time)
{
	long ticks = sysconf(_SC_CLK_TCK), before, told;
	struct rusage usage;
	int engine, status;
	pid_t pid;

	if (!have_engines())
		SKIP(return, NO_ENGINES);
	engine = open_engine();
	ASSERT_LE(0, engine);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			;
	}
	ASSERT_EQ(0, attach_to(engine, pid));
	ASSERT_TRUE(wait_until(cpu_time(pid) > 0));
	ASSERT_EQ(0, stop_and_wait(engine));
	ASSERT_EQ(0, wait_stopped(pid));
	before = cpu_time(pid);
	sleep_ms(2000);
	EXPECT_EQ(before, cpu_time(pid));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, wait4(pid, &status, 0, &usage));
	told = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec;
	told = told * ticks + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) *
	       ticks / 1000000;
	EXPECT_LE(before, told + 1);
	/* Where a guest's CPU has to wait for one, its task has run meanwhile. */
	EXPECT_LT(told, before + ticks);
}

TEST_HARNESS_MAIN
