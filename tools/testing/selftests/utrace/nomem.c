// SPDX-License-Identifier: GPL-2.0
/*
 * Engines when there is no memory: each allocation fails in turn. To attach fails
 * with -ENOMEM, and leaves nothing; all else needs no memory.
 */
#include "task.h"
#include "../ptrace/nomem.h"

FIXTURE(nomem) {
	FIXTURE_DATA(task) task;

	struct failslab failslab;
	int fail;
	long engines;
};

FIXTURE_SETUP(nomem)
{
	if (!have_engines())
		SKIP(return, NO_ENGINES);
	if (!begin_failures(&self->failslab))
		SKIP(return, NO_FAILURES);
	self->fail = open_fail_nth(0);
	ASSERT_LE(0, self->fail);
	self->engines = engines_left();
}

static void end_task(FIXTURE_DATA(task) * const task)
{
	if (task->pid > 0) {
		kill(task->pid, SIGKILL);
		waitpid(task->pid, NULL, __WALL);
		close(task->in);
		close(task->out);
	}
	if (task->engine >= 0)
		close(task->engine);
	task->engine = -1;
	task->pid = 0;
}

FIXTURE_TEARDOWN(nomem)
{
	/* All are gone that have come. */
	EXPECT_TRUE(wait_until(engines_left() == self->engines));
	end_failures(&self->failslab);
}

/* A task, with an engine that is not attached to it. */
static void start_alone(struct __test_metadata *_metadata,
			FIXTURE_DATA(task) * const task,
			void (*body)(int in, int out))
{
	task->engine = -1;
	task->other = -1;
	start(_metadata, task, body);
	task->engine = open_engine();
	ASSERT_LE(0, task->engine);
}

static void idle(int in, int out)
{
	be_told(in);
}

/* A command for an engine, with the Nth allocation failing. */
static int fail_command(FIXTURE_DATA(nomem) * const self, int engine,
			const char *text, unsigned int nth, bool *failed)
{
	int err;

	fail_nth(self->fail, nth);
	err = command(engine, text);
	*failed = has_failed(self->fail);
	return err;
}

/*
 * Attach to a task with the Nth allocation failing, for each N; to one that had
 * no engine before, or one that had.  Gives how often it failed.
 */
static int fail_attach(struct __test_metadata *_metadata,
		       FIXTURE_DATA(nomem) * const self, const char *how,
		       bool had_one)
{
	FIXTURE_DATA(task) * const task = &self->task;
	struct outcomes outcomes = { .text = "" };
	unsigned int nth;
	char text[64];
	bool failed;
	int other, err;

	for (nth = 1; nth < MAX_FAILURES; nth++) {
		start_alone(_metadata, task, idle);
		if (had_one) {
			other = open_engine();
			EXPECT_EQ(0, attach_to(other, task->pid));
			close(other);
		}
		snprintf(text, sizeof(text), "attach %d%s", task->pid, how);
		err = fail_command(self, task->engine, text, nth, &failed);
		if (failed)
			add_outcome(&outcomes, -err);
		if (err) {
			EXPECT_EQ(ENOMEM, err);
			EXPECT_TRUE(failed);
			EXPECT_EQ(self->engines, engines_left());
			/* The same engine can try again. */
			EXPECT_EQ(0, command(task->engine, text));
		}
		EXPECT_EQ(self->engines + 1, engines_left());
		/* It is attached as any other. */
		EXPECT_EQ(0, command(task->engine, "events syscall_entry"));
		end_task(task);
		EXPECT_TRUE(wait_until(engines_left() == self->engines));
		if (!failed)
			break;
	}
	EXPECT_EQ(0, err);
	EXPECT_FALSE(failed);
	print_outcomes(&outcomes, "done");
	printf("# nomem: engine, attach%s%s: %s\n", how,
	       had_one ? ", again" : "", outcomes.text);
	return outcomes.errors;
}

TEST_F_TIMEOUT(nomem, attach_says_so, 120)
{
	static const char * const hows[] = { "", " light", " checked" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hows); i++) {
		/* What holds the engines, and the engine. */
		EXPECT_LE(2, fail_attach(_metadata, self, hows[i], false));
		EXPECT_LE(1, fail_attach(_metadata, self, hows[i], true));
	}
}

/* Nor has the engine of these tests an allocation that must not fail. */
TEST_F(nomem, engine_file_says_so)
{
	unsigned int nth, open_errors = 0, read_errors = 0;
	bool failed;
	ssize_t n;
	char byte;
	int fd;

	for (nth = 1; nth < MAX_FAILURES; nth++) {
		fail_nth(self->fail, nth);
		fd = open(ENGINE_FILE, O_RDWR | O_CLOEXEC);
		failed = has_failed(self->fail);
		if (!failed)
			break;
		if (fd < 0) {
			EXPECT_EQ(ENOMEM, errno);
			open_errors++;
		}
		close(fd);
	}
	ASSERT_LE(0, fd);
	/* The file, and the engine. */
	EXPECT_LE(2, open_errors);
	for (nth = 1; nth < MAX_FAILURES; nth++) {
		fail_nth(self->fail, nth);
		n = pread(fd, &byte, 1, 0);
		failed = has_failed(self->fail);
		if (!failed)
			break;
		if (n != 1) {
			EXPECT_EQ(ENOMEM, errno);
			read_errors++;
		}
	}
	EXPECT_EQ(1, n);
	EXPECT_LE(1, read_errors);
	close(fd);
}

/*
 * A tracer has come, and cannot have failed: then there is what holds the engines.
 */
TEST_F(nomem, attach_to_a_tracee_says_so)
{
	FIXTURE_DATA(task) * const task = &self->task;
	unsigned int nth, errors = 0;
	char text[64];
	bool failed;
	int err;

	for (nth = 1; nth < MAX_FAILURES; nth++) {
		start_alone(_metadata, task, idle);
		fail_nth(self->fail, 1);
		EXPECT_EQ(0, ptrace(PTRACE_SEIZE, task->pid, 0, 0));
		has_failed(self->fail);
		snprintf(text, sizeof(text), "attach %d", task->pid);
		err = fail_command(self, task->engine, text, nth, &failed);
		if (err) {
			EXPECT_EQ(ENOMEM, err);
			EXPECT_TRUE(failed);
			errors++;
		}
		EXPECT_EQ(0, ptrace(PTRACE_INTERRUPT, task->pid, 0, 0));
		EXPECT_TRUE(WIFSTOPPED(wait_for_status(task->pid, __WALL)));
		end_task(task);
		if (!failed)
			break;
	}
	EXPECT_LE(1, errors);
}

/* What an engine does once it is attached takes no memory. */
TEST_F(nomem, commands_need_none)
{
	static const struct {
		const char *text;
		int err;	/* or 0 */
	} commands[] = {
		{ "events syscall_entry syscall_exit quiesce clone exec exit death reap signal" },
		{ "events quiesce" },
		{ "report" },
		{ "interrupt" },
		{ "stop", EINPROGRESS },
		{ "resume" },
		{ "barrier" },
		{ "events" },
		{ "detach" },
	};
	FIXTURE_DATA(task) * const task = &self->task;
	unsigned int i;
	bool failed;
	int err;

	start_alone(_metadata, task, idle);
	ASSERT_EQ(0, attach_to(task->engine, task->pid));
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		err = fail_command(self, task->engine, commands[i].text, 1,
				   &failed);
		EXPECT_FALSE(failed);
		/* Whether it has come to that yet is not what this is about. */
		if (err != EINPROGRESS)
			EXPECT_EQ(commands[i].err, err);
	}
	end_task(task);
}

static void spin(int in, int out)
{
	for (;;)
		syscall(TEST_NR, 0);
}

TEST_F(nomem, stop_and_examination_need_none)
{
	FIXTURE_DATA(task) * const task = &self->task;
	bool failed;
	char text[64];

	task->engine = -1;
	task->other = -1;
	task->pid = fork();
	ASSERT_LE(0, task->pid);
	if (!task->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		spin(-1, -1);
	}
	task->in = open("/dev/null", O_RDONLY);
	task->out = open("/dev/null", O_RDONLY);
	task->engine = open_engine();
	snprintf(text, sizeof(text), "attach %d", task->pid);
	ASSERT_EQ(0, command(task->engine, text));
	fail_command(self, task->engine, "stop", 1, &failed);
	EXPECT_FALSE(failed);
	EXPECT_TRUE(wait_until(!command(task->engine, "stop")));
	EXPECT_EQ(0, fail_command(self, task->engine, "examine", 1, &failed));
	EXPECT_FALSE(failed);
	EXPECT_EQ(0, fail_command(self, task->engine, "resume", 1, &failed));
	EXPECT_FALSE(failed);
	end_task(task);
}

/* What the task comes to */
struct told {
	int errors;
	bool over;
};

/* Forks with the Nth allocation failing, for each N. */
static void fork_without_memory(int in, int out)
{
	struct outcomes outcomes = { .text = "" };
	unsigned int nth, clean = 0;
	int fd = open_fail_nth(0);
	bool failed;
	pid_t pid;

	be_told(in);
	for (nth = 1; nth < MAX_FAILURES && clean < NR_CLEAN; nth++) {
		fail_nth(fd, nth);
		pid = fork();
		if (!pid)
			_exit(0);
		failed = has_failed(fd);
		if (failed)
			add_outcome(&outcomes, pid < 0 ? -errno : 0);
		clean = failed ? 0 : clean + 1;
		if (pid > 0)
			waitpid(pid, NULL, 0);
		else if (!failed || (errno != ENOMEM && errno != EAGAIN))
			break;
	}
	print_outcomes(&outcomes, clean < NR_CLEAN ? "and no end" : "done");
	printf("# nomem: engine, fork: %s\n", outcomes.text);
	fflush(stdout);
	reply(out, clean == NR_CLEAN ? outcomes.errors : -1);
}

/*
 * An engine that follows is attached to the child in the middle of its creation,
 * or is not; what it sees is a clone that did not fail.
 */
TEST_F_TIMEOUT(nomem, child_has_an_engine_or_none, 60)
{
	FIXTURE_DATA(task) * const task = &self->task;
	long clones, exits;

	start_alone(_metadata, task, fork_without_memory);
	ASSERT_EQ(0, attach_to(task->engine, task->pid));
	ASSERT_EQ(0, command(task->engine, "on clone follow"));
	ASSERT_EQ(0, command(task->engine, "events clone exit"));
	tell(task);
	EXPECT_LT(0, answer(task));
	EXPECT_TRUE(wait_until(engines_left() == self->engines + 1 ||
			       engines_left() == self->engines));
	clones = counter(task->engine, "clone");
	exits = counter(task->engine, "exit");
	/* The task's own, and one of each child that has an engine: not all. */
	EXPECT_LE(3, clones);
	EXPECT_LE(2, exits);
	EXPECT_GT(clones, exits - 1);
	end_task(task);
}

/* A traced fork with an engine on the tracee: neither is left with half a child. */
TEST_F_TIMEOUT(nomem, traced_fork_with_an_engine, 60)
{
	FIXTURE_DATA(task) * const task = &self->task;
	int status = 0, events = 0, children = 0;
	pid_t pid;

	start_alone(_metadata, task, fork_without_memory);
	ASSERT_EQ(0, attach_to(task->engine, task->pid));
	ASSERT_EQ(0, command(task->engine, "events clone"));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, task->pid, 0, PTRACE_O_TRACEFORK));
	tell(task);
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status)) {
			if (pid == task->pid)
				break;
			children++;
			continue;
		}
		events += pid == task->pid &&
			  status >> 16 == PTRACE_EVENT_FORK;
		status = WSTOPSIG(status);
		if (status == SIGTRAP || status == SIGSTOP)
			status = 0;
		ptrace(PTRACE_CONT, pid, 0, status);
	}
	EXPECT_EQ(task->pid, pid);
	EXPECT_EQ(0, status);
	EXPECT_LE(1, events);
	EXPECT_EQ(events, children);
	EXPECT_EQ(events, counter(task->engine, "clone"));
	EXPECT_LT(0, answer(task));
	task->pid = 0;
	end_task(task);
}

static void execute_without_memory(int in, int out)
{
	int fd = open_fail_nth(0);

	fail_nth(fd, be_told(in));
	/* It leaves with EXECUTED, or it comes back and leaves with 1. */
	execute();
}

/* An exec that fails is not told; the engine goes with its task in any case. */
TEST_F_TIMEOUT(nomem, exec_is_told_or_fails, 120)
{
	FIXTURE_DATA(task) * const task = &self->task;
	struct outcomes outcomes = { .text = "" };
	int status = 0, fd, nth;
	bool told, failed;

	for (nth = 1; nth < 127; nth++) {
		start_alone(_metadata, task, execute_without_memory);
		ASSERT_EQ(0, attach_to(task->engine, task->pid));
		ASSERT_EQ(0, command(task->engine, "on exec stop"));
		ASSERT_EQ(0, command(task->engine, "events exec exit"));
		fd = open_fail_nth(task->pid);
		ASSERT_LE(0, fd);
		tell_what(task, nth);
		EXPECT_TRUE(wait_until(counter(task->engine, "exec") ||
				       counter(task->engine, "exit")));
		told = counter(task->engine, "exec");
		failed = true;
		if (told) {
			/* Not in the program. */
			failed = has_failed(fd);
			/* Not before it has stopped. */
			EXPECT_TRUE(wait_until(!command(task->engine, "stop")));
			EXPECT_EQ(0, command(task->engine, "resume"));
		}
		close(fd);
		status = end(task);
		EXPECT_EQ(1, counter(task->engine, "exit"));
		if (!WIFSIGNALED(status))
			EXPECT_EQ(EXIT_CODE(told ? EXECUTED : 1), status);
		close(task->in);
		close(task->out);
		end_task(task);
		if (!failed)
			break;
		add_outcome(&outcomes, WIFSIGNALED(status) ?
			    KILLED_BY(WTERMSIG(status)) : told ? 0 : -ENOMEM);
	}
	EXPECT_EQ(EXIT_CODE(EXECUTED), status);
	EXPECT_LE(1, outcomes.errors);
	print_outcomes(&outcomes, "done");
	printf("# nomem: engine, exec: %s\n", outcomes.text);
}

TEST_HARNESS_MAIN
