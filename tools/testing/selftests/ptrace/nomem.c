// SPDX-License-Identifier: GPL-2.0
/*
 * What ptrace does when there is no memory: each allocation fails in turn.
 *
 * To attach and to make a request fails for want of memory only where the request
 * itself hands out a copy of something. A task that is traced forks and executes as
 * any other, which may fail; then nothing is left of it.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <linux/ptrace.h>

#include "../kselftest_harness.h"
#include "nomem.h"

#ifndef CLONE_PIDFD
#define CLONE_PIDFD	0x00001000
#endif
#ifndef PTRACE_SYSEMU
#define PTRACE_SYSEMU	31
#endif

#define EXECUTED	7
#define USER		1000
#define MARK		"PTRACE_NOMEM_EXECUTED"

__attribute__((constructor)) static void executed(void)
{
	if (getenv(MARK))
		_exit(EXECUTED);
}

/* Not the C library's, which has a prototype that depends on the request. */
static long trace(long request, pid_t pid, unsigned long addr,
		  unsigned long data)
{
	return syscall(SYS_ptrace, request, pid, addr, data) < 0 ? -errno : 0;
}

/* What a tracee tells of itself. */
static struct told {
	long result;
	bool failed;
	bool left;	/* it failed, and left something */
} *told;

FIXTURE(nomem) {
	struct failslab failslab;
};

static bool have_told(void)
{
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return told != MAP_FAILED;
}

FIXTURE_SETUP(nomem)
{
	if (!begin_failures(&self->failslab))
		SKIP(return, NO_FAILURES);
	ASSERT_TRUE(have_told());
}

FIXTURE_TEARDOWN(nomem)
{
	end_failures(&self->failslab);
}

static void end(pid_t pid)
{
	/* If there was no memory for it. */
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
}

/* A child that waits. */
static pid_t fork_idle(void)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

/* A tracee of the caller that has stopped for SIGSTOP, and goes on with @body. */
static pid_t fork_tracee(void (*body)(const struct operation *op,
				      unsigned int nth),
			 const struct operation *op, unsigned int nth)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		trace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		body(op, nth);
		_exit(0);
	}
	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		abort();
	return pid;
}

/* To become a tracer, and to become a tracee */

static long run_attach(const struct operation *op, unsigned int nth,
		       bool *failed)
{
	int fd = open_fail_nth(0), status;
	pid_t pid = fork_idle();
	long result;

	fail_nth(fd, nth);
	result = trace(op->request, pid, 0, op->options);
	*failed = has_failed(fd);
	close(fd);
	if (!result && op->request == PTRACE_SEIZE)
		result = trace(PTRACE_INTERRUPT, pid, 0, 0);
	if (!result && (waitpid(pid, &status, __WALL) != pid ||
			!WIFSTOPPED(status)))
		result = -ECHILD;
	end(pid);
	return result;
}

static long run_traceme(const struct operation *op, unsigned int nth,
			bool *failed)
{
	pid_t pid = fork();
	int status, fd;

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fd = open_fail_nth(0);
		fail_nth(fd, nth);
		told->result = trace(PTRACE_TRACEME, 0, 0, 0);
		told->failed = has_failed(fd);
		raise(SIGUSR1);
		_exit(0);
	}
	/* That it stops shows that it is traced. */
	if (waitpid(pid, &status, __WALL) != pid)
		abort();
	if (!WIFSTOPPED(status) && !told->result)
		told->result = -ECHILD;
	end(pid);
	*failed = told->failed;
	return told->result;
}

TEST_F(nomem, attach_never_fails)
{
	static const struct operation ops[] = {
		{ "attach", run_attach, .request = PTRACE_ATTACH },
		{ "seize", run_attach, .request = PTRACE_SEIZE },
		{ "seize with options", run_attach, .request = PTRACE_SEIZE,
		  .options = PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL },
		{ "traceme", run_traceme },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		EXPECT_EQ(0, fail_each(&ops[i]));
}

/* Requests */

static void loop(const struct operation *op, unsigned int nth)
{
	for (;;)
		syscall(SYS_getppid);
}

static unsigned long long memory[1024];
static struct iovec vector = { memory, sizeof(memory) };

static long run_request(const struct operation *op, unsigned int nth,
			bool *failed)
{
	pid_t pid = fork_tracee(loop, op, nth);
	unsigned long addr = op->flags, data = op->options;
	int fd = open_fail_nth(0), status;
	long result;

	vector.iov_len = sizeof(memory);
	fail_nth(fd, nth);
	result = trace(op->request, pid, addr, data);
	*failed = has_failed(fd);
	close(fd);
	/* Not every architecture has every request. */
	if (result == -EIO && !*failed) {
		end(pid);
		return 0;
	}
	/* Those that resume come to a next stop. */
	if (!result && (op->request == PTRACE_SYSCALL ||
			op->request == PTRACE_SINGLESTEP ||
			op->request == PTRACE_SYSEMU) &&
	    (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status)))
		result = -ECHILD;
	end(pid);
	return result;
}

#define REQUEST(name, request, ...) \
	{ name, run_request, NO_ERROR, request, __VA_ARGS__ }
#define ADDRESS(what)	((unsigned long)(what))

TEST_F(nomem, requests_do_not_fail)
{
	const struct operation ops[] = {
		REQUEST("cont", PTRACE_CONT, 0, 0),
		REQUEST("syscall", PTRACE_SYSCALL, 0, 0),
		REQUEST("detach", PTRACE_DETACH, 0, 0),
		REQUEST("setoptions", PTRACE_SETOPTIONS, 0,
			PTRACE_O_TRACEFORK | PTRACE_O_TRACESYSGOOD),
		REQUEST("peekdata", PTRACE_PEEKDATA, ADDRESS(memory),
			ADDRESS(memory)),
		REQUEST("getsiginfo", PTRACE_GETSIGINFO, 0, ADDRESS(memory)),
		REQUEST("getsigmask", PTRACE_GETSIGMASK, 8, ADDRESS(memory)),
		REQUEST("get_syscall_info", PTRACE_GET_SYSCALL_INFO, 88,
			ADDRESS(memory)),
		REQUEST("singlestep", PTRACE_SINGLESTEP, 0, 0),
		REQUEST("sysemu", PTRACE_SYSEMU, 0, 0),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		EXPECT_EQ(0, fail_each(&ops[i]));
}

/* This one copies, and says so when it cannot. */
TEST_F(nomem, registers_or_an_error)
{
	const struct operation op = {
		"getregset", run_request, NO_MEMORY, PTRACE_GETREGSET, NT_PRSTATUS,
		ADDRESS(&vector),
	};

	EXPECT_LE(0, fail_each(&op));
}

/* Tasks that a tracee creates */

static int pidfd;
static long double stack[4096];	/* aligned as a stack has to be */

static int has_run;

static int leave(void *arg)
{
	__atomic_store_n(&has_run, 1, __ATOMIC_RELEASE);
	syscall(SYS_exit, 0);
	return 0;
}

static int lowest_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* How often a clone that fails is tried. */
static unsigned int rounds = 1;

static void create(const struct operation *op, unsigned int nth)
{
	int fd = open_fail_nth(0), lowest = lowest_fd();
	unsigned int i;
	pid_t pid = 0;

	for (i = 0; i < rounds; i++) {
		fail_nth(fd, nth);
		pid = clone(leave, stack + ARRAY_SIZE(stack), op->flags, NULL,
			    &pidfd, NULL, NULL);
		told->result = pid < 0 ? -errno : 0;
		told->failed = has_failed(fd);
		if (pid > 0)
			break;
	}
	told->left = pid < 0 && lowest_fd() != lowest;
	if (pid > 0 && !(op->flags & CLONE_THREAD))
		waitpid(pid, NULL, __WALL);
	/* It must not be killed before it has stopped for its tracer. */
	while (pid > 0 && op->flags & CLONE_THREAD &&
	       !__atomic_load_n(&has_run, __ATOMIC_ACQUIRE))
		sched_yield();
}

#define EVENTS	(PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE)

static long run_create(const struct operation *op, unsigned int nth,
		       bool *failed)
{
	int status, events = 0, traced = 0, auto_attach, event;
	pid_t pid, w, child = 0;

	pid = fork_tracee(create, op, nth);
	trace(PTRACE_SETOPTIONS, pid, 0, op->options);
	/* If it dies instead. */
	told->result = -EPROTO;
	trace(PTRACE_CONT, pid, 0, 0);
	while ((w = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status))
			continue;
		event = status >> 16;
		if (w == pid && event && event != PTRACE_EVENT_STOP) {
			events++;
		} else if (w != pid && w != child) {
			child = w;
			traced++;
		}
		status = WSTOPSIG(status);
		if (status == SIGSTOP || status == SIGTRAP)
			status = 0;
		trace(PTRACE_CONT, w, 0, status);
	}
	*failed = told->failed;
	auto_attach = op->options || op->flags & CLONE_PTRACE;
	/* A child that is as it has to be, or nothing of it. */
	if (told->result ? events || traced || told->left :
			   events != !!(op->options & EVENTS) ||
			   traced != auto_attach)
		return -EPROTO;
	return told->result;
}

#define THREAD	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

static const struct operation creations[] = {
	{ "fork", run_create, NO_MEMORY, 0, SIGCHLD, 0 },
	{ "clone, thread", run_create, NO_MEMORY, 0, THREAD, 0 },
	{ "auto-attach: fork", run_create, NO_MEMORY, 0, SIGCHLD,
	  PTRACE_O_TRACEFORK },
	{ "auto-attach: vfork", run_create, NO_MEMORY, 0,
	  CLONE_VFORK | CLONE_VM | SIGCHLD, PTRACE_O_TRACEVFORK },
	/* No signal tells of the end of this one. */
	{ "auto-attach: clone", run_create, NO_MEMORY, 0, 0, PTRACE_O_TRACECLONE },
	{ "auto-attach: clone, thread", run_create, NO_MEMORY, 0, THREAD,
	  PTRACE_O_TRACECLONE },
	{ "auto-attach: fork, pidfd", run_create, NO_MEMORY, 0,
	  CLONE_PIDFD | SIGCHLD, PTRACE_O_TRACEFORK },
	{ "auto-attach: CLONE_PTRACE", run_create, NO_MEMORY, 0,
	  CLONE_PTRACE | SIGCHLD, 0 },
};

TEST_F_TIMEOUT(nomem, clone_fails_or_the_child_is_traced, 300)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(creations); i++)
		EXPECT_LT(0, fail_each(&creations[i]));
}

/* Programs that a tracee executes */

static void execute(const struct operation *op, unsigned int nth)
{
	static char * const argv[] = { "executed", NULL };
	static char * const envp[] = { MARK "=1", NULL };
	int fd = open_fail_nth(0);

	fail_nth(fd, nth);
	execve("/proc/self/exe", argv, envp);
	told->result = -errno;
	told->failed = has_failed(fd);
}

static long run_exec(const struct operation *op, unsigned int nth,
		     bool *failed)
{
	pid_t pid = fork_tracee(execute, op, nth);
	int status, fd = open_fail_nth(pid);
	bool stopped = false;

	told->result = 0;
	/* If it does not live to say otherwise. */
	told->failed = true;
	trace(PTRACE_SETOPTIONS, pid, 0, op->options);
	trace(PTRACE_CONT, pid, 0, 0);
	while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) {
		if (status >> 16 == PTRACE_EVENT_EXEC ||
		    (!op->options && WSTOPSIG(status) == SIGTRAP)) {
			stopped = true;
			told->failed = has_failed(fd);
			trace(PTRACE_CONT, pid, 0, 0);
		} else {
			trace(PTRACE_CONT, pid, 0, WSTOPSIG(status));
		}
	}
	close(fd);
	*failed = told->failed;
	if (WIFSIGNALED(status))
		return KILLED_BY(WTERMSIG(status));
	/* It runs the program, and its tracer knows, or it does not. */
	if (WEXITSTATUS(status) != (told->result ? 0 : EXECUTED) ||
	    stopped != !told->result)
		return -EPROTO;
	return told->result;
}

TEST_F_TIMEOUT(nomem, exec_fails_or_its_tracer_is_told, 120)
{
	static const struct operation ops[] = {
		{ "exec", run_exec, ANY_ERROR },
		{ "exec, event", run_exec, ANY_ERROR,
		  .options = PTRACE_O_TRACEEXEC },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		EXPECT_LT(0, fail_each(&ops[i]));
}

/* What is left */

#define MANY		300
#define FEW		(MANY / 2)

/* A line of /proc/slabinfo. */
struct cache {
	char name[64];
	long active;
};

static int read_caches(struct cache *caches, int size)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	char line[512];
	int n = 0;

	while (file && n < size && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63s %ld", caches[n].name,
			   &caches[n].active) == 2)
			n++;
	}
	if (file)
		fclose(file);
	return n;
}

/* The cache that has grown most since it was read into @old. */
static long growth(const struct cache *old, int nr_old, struct cache *most)
{
	static struct cache now[512];
	int i, j, n = read_caches(now, 512);
	long max = -1;

	for (i = 0; i < n; i++) {
		for (j = 0; j < nr_old; j++) {
			if (strcmp(now[i].name, old[j].name) ||
			    now[i].active - old[j].active <= max)
				continue;
			max = now[i].active - old[j].active;
			*most = now[i];
		}
	}
	return max;
}

static struct cache before[512];
static int nr_before;

static bool remember_caches(void)
{
	nr_before = read_caches(before, ARRAY_SIZE(before));
	return nr_before > 0;
}

/* Has something been left each time? Some of it is freed later. */
static bool has_grown(struct __test_metadata *_metadata,
		      const struct operation *op, unsigned int nth)
{
	struct timespec ms = { 0, 50000000 };
	struct cache most = { .name = "" };
	long grown = 0;
	int i;

	for (i = 0; i < 200; i++) {
		grown = growth(before, nr_before, &most);
		if (grown < FEW)
			return false;
		nanosleep(&ms, NULL);
	}
	TH_LOG("%s, allocation %u: %ld more in %s", op->name, nth, grown,
	       most.name);
	return true;
}

#define NO_CACHES	"no /proc/slabinfo: needs CONFIG_SLUB_DEBUG"

TEST_F_TIMEOUT(nomem, clone_that_fails_leaves_nothing, 300)
{
	const struct operation *op;
	unsigned int i, nth;
	bool failed = true;

	if (!remember_caches())
		SKIP(return, NO_CACHES);
	for (i = 0; i < ARRAY_SIZE(creations); i++) {
		op = &creations[i];
		/* The others are like these, and it takes long. */
		if (!(op->flags & (CLONE_PIDFD | CLONE_THREAD | CLONE_VFORK)))
			continue;
		for (nth = 1; nth < MAX_FAILURES; nth++) {
			/* Once, so that what is made once is made. */
			rounds = 1;
			op->run(op, nth, &failed);
			if (!failed)
				break;
			if (!told->result)
				continue;
			remember_caches();
			rounds = MANY;
			op->run(op, nth, &failed);
			EXPECT_FALSE(has_grown(_metadata, op, nth));
		}
		EXPECT_LT(1, nth);
	}
	rounds = 1;
}

/* The same for what does not fail, which any kernel can show. */
FIXTURE(whole) {
};

FIXTURE_SETUP(whole)
{
	ASSERT_TRUE(have_told());
}

FIXTURE_TEARDOWN(whole)
{
	munmap(told, sizeof(*told));
}

TEST_F_TIMEOUT(whole, what_comes_and_goes_leaves_nothing, 300)
{
	static const struct operation ops[] = {
		{ "attach", run_attach, .request = PTRACE_ATTACH },
		{ "traceme", run_traceme },
		{ "auto-attach: fork", run_create, .flags = SIGCHLD,
		  .options = PTRACE_O_TRACEFORK },
		{ "auto-attach: clone, thread", run_create, .flags = THREAD,
		  .options = PTRACE_O_TRACECLONE },
	};
	const struct operation *op;
	unsigned int i, round;
	bool failed;

	if (!remember_caches())
		SKIP(return, NO_CACHES);
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		op = &ops[i];
		for (round = 0; round < MANY + FEW; round++) {
			if (round == FEW)
				remember_caches();
			EXPECT_EQ(0, op->run(op, MAX_FAILURES, &failed));
			EXPECT_FALSE(failed);
		}
		ASSERT_FALSE(has_grown(_metadata, op, 0));
	}
}

/* As somebody who may not: all that is attempted on each of @pids is refused. */
static bool is_refused(const pid_t *pids)
{
	int i, status;
	pid_t pid = fork();

	if (!pid) {
		if (setresuid(USER, USER, USER))
			_exit(1);
		for (i = 0; i < MANY; i++) {
			if (trace(PTRACE_ATTACH, pids[i], 0, 0) != -EPERM ||
			    trace(PTRACE_SEIZE, pids[i], 0, 0) != -EPERM)
				_exit(1);
		}
		_exit(0);
	}
	return waitpid(pid, &status, 0) == pid && !status;
}

/* Nor does a task have anything of a tracer that it could not get. */
TEST_F_TIMEOUT(whole, attach_that_is_refused_leaves_nothing, 120)
{
	static const struct operation op = { "refused attach" };
	pid_t pids[MANY];
	bool grown;
	int i;

	if (getuid())
		SKIP(return, "needs root");
	if (!remember_caches())
		SKIP(return, NO_CACHES);
	for (i = 0; i < MANY; i++)
		pids[i] = fork_idle();
	/* What earlier tests have left is freed by now. */
	sleep(1);
	remember_caches();
	EXPECT_TRUE(is_refused(pids));
	grown = has_grown(_metadata, &op, 0);
	for (i = 0; i < MANY; i++)
		end(pids[i]);
	EXPECT_FALSE(grown);
}

struct refusal {
	pid_t pid;
	long result;
};

/* A parent that may not trace its children: they keep what it has given up. */
static void be_no_tracer(int go, int told_fd)
{
	struct refusal refusal;
	char byte = 0;
	int i;

	/* Nobody waits for them. */
	signal(SIGCHLD, SIG_IGN);
	for (i = 0; i < MANY; i++) {
		if (fork())
			continue;
		if (read(go, &byte, 1) != 1)
			_exit(1);
		refusal.pid = getpid();
		refusal.result = trace(PTRACE_TRACEME, 0, 0, 0);
		if (write(told_fd, &refusal, sizeof(refusal)) !=
		    sizeof(refusal))
			_exit(1);
		for (;;)
			pause();
	}
	if (setresuid(USER, USER, USER) || write(told_fd, &byte, 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

TEST_F_TIMEOUT(whole, traceme_that_is_refused_leaves_nothing, 120)
{
	static const struct operation op = { "refused traceme" };
	struct refusal refusals[MANY];
	int go[2], answers[2], i;
	bool grown;
	pid_t pid;
	char byte;

	if (getuid())
		SKIP(return, "needs root");
	if (!remember_caches())
		SKIP(return, NO_CACHES);
	ASSERT_EQ(0, pipe(go));
	ASSERT_EQ(0, pipe(answers));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		be_no_tracer(go[0], answers[1]);
	ASSERT_EQ(1, read(answers[0], &byte, 1));
	/* What earlier tests have left is freed by now. */
	sleep(1);
	remember_caches();
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(1, write(go[1], "", 1));
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(sizeof(refusals[i]), read(answers[0], &refusals[i],
						    sizeof(refusals[i])));
		EXPECT_EQ(-EPERM, refusals[i].result);
	}
	grown = has_grown(_metadata, &op, 0);
	for (i = 0; i < MANY; i++)
		kill(refusals[i].pid, SIGKILL);
	end(pid);
	EXPECT_FALSE(grown);
}

TEST_HARNESS_MAIN
