// SPDX-License-Identifier: GPL-2.0
/*
 * Engines that come, stop the task, let it go and leave, from several processes
 * at once, while tracers seize the same task, resume it in every way, and die.
 * Whatever happens between them, in the end the task must be free and whole, and
 * no engine be left. And engines that come to tasks which are about to go: none
 * of them may miss the end.
 *
 * What goes wrong here mostly shows as a hang, or as a complaint of a kernel
 * built with lockdep, KASAN or KCSAN.
 */
#include "engine.h"

#define NR_CONTROLLERS	3
#define NR_TRACERS	2
#define SECONDS		6

/* What the processes of a test share. */
struct shared {
	int stop;
	unsigned long calls;	/* made by the tracee */
	unsigned long attached;	/* engines */
	unsigned long seized;	/* times */
};

static int stopped(struct shared *shared)
{
	return __atomic_load_n(&shared->stop, __ATOMIC_RELAXED);
}

static void count(unsigned long *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static unsigned long counted(unsigned long *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* Every call of it may be skipped, so it must not need any of them. */
static void tracee(struct shared *shared)
{
	for (;;) {
		syscall(SYS_getpgid, 0);
		count(&shared->calls);
	}
}

static void controller(struct shared *shared, pid_t pid, unsigned int seed)
{
	static const char * const commands[] = {
		"events syscall_entry syscall_exit",
		"events quiesce syscall_entry",
		"events quiesce",
		"on syscall_entry stop",
		"on syscall_entry abort 1",
		"on syscall_entry detach",
		"on syscall_exit report", "on syscall_exit interrupt",
		"on signal stop",
		"on signal answer ign",
		"events quiesce signal",
		"on quiesce detach",
		"on quiesce resume",
		"stop", "stop", "resume", "report", "interrupt", "barrier",
		"detach",
	};
	char attach[32];
	int i, engine;

	snprintf(attach, sizeof(attach), "attach %d", pid);
	/* Every error is right at some time here. */
	while (!stopped(shared)) {
		engine = open_engine();
		if (engine < 0)
			_exit(1);
		if (!command(engine, attach))
			count(&shared->attached);
		for (i = rand_r(&seed) % 12; i >= 0; i--)
			command(engine, commands[rand_r(&seed) %
						 ARRAY_SIZE(commands)]);
		close(engine);
	}
	_exit(0);
}

/* Seizes the tracee and dies, over and over, in a child of its own. */
static void tracer(struct shared *shared, pid_t pid, unsigned int seed)
{
	static const int requests[] = {
		PTRACE_CONT, PTRACE_SYSCALL, PTRACE_SYSEMU, PTRACE_SYSCALL,
		PTRACE_SYSEMU,
	};
	int i, request, status;
	pid_t child;

	while (!stopped(shared)) {
		child = fork();
		if (child < 0)
			_exit(1);
		if (child) {
			waitpid(child, &status, 0);
			rand_r(&seed);
			continue;
		}
		/* An engine that holds the tracee would hold its tracer too. */
		alarm(1);
		if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD))
			_exit(0);
		count(&shared->seized);
		ptrace(PTRACE_INTERRUPT, pid, 0, 0);
		for (i = rand_r(&seed) % 16; i >= 0; i--) {
			if (waitpid(pid, &status, __WALL) != pid ||
			    !WIFSTOPPED(status))
				_exit(0);
			request = requests[rand_r(&seed) %
					   ARRAY_SIZE(requests)];
			if (ptrace(request, pid, 0, 0))
				_exit(0);
			if (request == PTRACE_CONT)
				ptrace(PTRACE_INTERRUPT, pid, 0, 0);
		}
		if (rand_r(&seed) % 2)
			ptrace(PTRACE_DETACH, pid, 0, 0);
		_exit(0);
	}
	_exit(0);
}

TEST(come_and_go)
{
	pid_t pid, worker[NR_CONTROLLERS + NR_TRACERS];
	struct shared *shared;
	unsigned long calls;
	long left;
	int i, status;

	if (!have_engines())
		SKIP(return, NO_ENGINES);

	left = engines_left();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(shared != MAP_FAILED);

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		tracee(shared);
	}
	for (i = 0; i < NR_CONTROLLERS + NR_TRACERS; i++) {
		worker[i] = fork();
		ASSERT_LE(0, worker[i]);
		if (worker[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (i < NR_CONTROLLERS)
			controller(shared, pid, i + 1);
		tracer(shared, pid, i + 1);
	}

	sleep(SECONDS);
	/* On a busy machine it may take longer. */
	EXPECT_TRUE(wait_until(counted(&shared->attached) > 100 &&
			       counted(&shared->seized) > 10 &&
			       counted(&shared->calls) > 100));
	__atomic_store_n(&shared->stop, 1, __ATOMIC_RELAXED);
	for (i = 0; i < NR_CONTROLLERS + NR_TRACERS; i++) {
		ASSERT_EQ(worker[i], waitpid(worker[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	TH_LOG("%lu engines, %lu tracers, %lu system calls", shared->attached,
	       shared->seized, shared->calls);

	/* Nobody holds it now. */
	calls = __atomic_load_n(&shared->calls, __ATOMIC_RELAXED);
	EXPECT_TRUE(wait_until(counted(&shared->calls) > calls));

	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	EXPECT_TRUE(wait_until(engines_left() == left));
	EXPECT_TRUE(nothing_is_violated());
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* What a task does that is not there for long. */
static void ephemeral(unsigned int what)
{
	pid_t pid;

	switch (what % 3) {
	case 0:
		pid = fork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
		break;
	case 1:
		execute();
	}
	_exit(0);
}

/* What a friend of the task finds. */
enum { GOOD, BAD, LATE };

/*
 * Attach an engine to @pid, in the same moment as others: is it told of death
 * and reaping, once each, or has it come too late?
 */
static int attend(pid_t pid, int go)
{
	int engine = open_engine(), err, late;
	char byte;

	read(go, &byte, 1);
	err = attach_to(engine, pid);
	if (err)
		return err == ESRCH ? LATE : BAD;
	late = command(engine, "events death reap");
	if (!is_detached(engine))
		return BAD;
	/* If it could not choose both, it may hear of the reaping alone. */
	if (late)
		return late == ESRCH || late == EALREADY ? GOOD : BAD;
	return counter(engine, "death") == 1 &&
	       counter(engine, "reap") == 1 ? GOOD : BAD;
}

#define NR_FRIENDS	4

/* How many have come in time. */
static int attend_all(struct __test_metadata *_metadata, unsigned int what)
{
	int start[2], status, i, sum = 0;
	pid_t pid, friend[NR_FRIENDS];
	char byte;

	ASSERT_EQ(0, pipe2(start, O_CLOEXEC));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		close(start[1]);
		read(start[0], &byte, 1);
		ephemeral(what);
	}
	for (i = 0; i < NR_FRIENDS; i++) {
		friend[i] = fork();
		ASSERT_LE(0, friend[i]);
		if (friend[i])
			continue;
		close(start[1]);
		_exit(attend(pid, start[0]));
	}
	/* The end of the pipe sets all of them going. */
	close(start[1]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(what % 3 == 1 ? EXIT_CODE(EXECUTED) : 0, status);
	for (i = 0; i < NR_FRIENDS; i++) {
		ASSERT_EQ(friend[i], waitpid(friend[i], &status, 0));
		ASSERT_TRUE(WIFEXITED(status));
		EXPECT_NE(BAD, WEXITSTATUS(status));
		sum += WEXITSTATUS(status) == GOOD;
	}
	close(start[0]);
	return sum;
}

TEST(no_end_is_missed)
{
	long left, begun = now_ms();
	int i, came = 0;

	if (!have_engines())
		SKIP(return, NO_ENGINES);
	left = engines_left();
	for (i = 0; i < 200 && now_ms() < begun + SECONDS * 1000; i++)
		came += attend_all(_metadata, i);
	EXPECT_TRUE(wait_until(engines_left() == left));
	EXPECT_TRUE(nothing_is_violated());
	EXPECT_LT(0, came);
	TH_LOG("%d tasks; %d of %d engines came in time", i, came,
	       i * NR_FRIENDS);
}

/* What two that come at once share. */
struct meeting {
	int round;		/* the task of this one is there; -1: no more */
	int arrived;		/* how many want to attach to it */
	int done;		/* how many have, and have left */
	pid_t pid;
	int errors;
};

static void meet(struct meeting *meeting, int cpu)
{
	int round, now, engine, err;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		_exit(1);
	for (round = 1;; round++) {
		engine = open_engine();
		do {
			now = __atomic_load_n(&meeting->round,
					      __ATOMIC_ACQUIRE);
			if (now < 0)
				_exit(0);
		} while (now < round);
		__atomic_fetch_add(&meeting->arrived, 1, __ATOMIC_ACQ_REL);
		while (__atomic_load_n(&meeting->arrived, __ATOMIC_ACQUIRE) <
		       2 * round)
			;
		err = attach_to(engine, meeting->pid) ?:
		      command(engine, "events syscall_entry") ?:
		      command(engine, "detach");
		/* It may just be telling of its pause(). */
		if (err && err != EINPROGRESS)
			__atomic_fetch_add(&meeting->errors, 1,
					   __ATOMIC_RELAXED);
		close(engine);
		__atomic_fetch_add(&meeting->done, 1, __ATOMIC_ACQ_REL);
	}
}

/* Both allocate what holds the engines of the task, and one of them in vain. */
TEST(first_engines_at_once)
{
	struct meeting *meeting;
	int i, round, status;
	pid_t pid, other[2];
	long left, end;

	if (!have_engines())
		SKIP(return, NO_ENGINES);
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "needs two CPUs");
	left = engines_left();
	meeting = mmap(NULL, sizeof(*meeting), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(meeting != MAP_FAILED);
	for (i = 0; i < 2; i++) {
		other[i] = fork();
		ASSERT_LE(0, other[i]);
		if (!other[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			meet(meeting, i);
		}
	}
	end = now_ms() + SECONDS * 1000;
	for (round = 1; round <= 10 || now_ms() < end; round++) {
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
		meeting->pid = pid;
		__atomic_store_n(&meeting->round, round, __ATOMIC_RELEASE);
		ASSERT_TRUE(wait_until(__atomic_load_n(&meeting->done,
						       __ATOMIC_ACQUIRE) ==
				       2 * round));
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	}
	__atomic_store_n(&meeting->round, -1, __ATOMIC_RELEASE);
	TH_LOG("%d tasks", round - 1);
	EXPECT_LT(10, round);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(other[i], waitpid(other[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	EXPECT_EQ(0, meeting->errors);
	EXPECT_TRUE(wait_until(engines_left() == left));
}

TEST_HARNESS_MAIN
