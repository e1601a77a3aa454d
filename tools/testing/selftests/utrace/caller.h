/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A task that makes one system call when it is told to, and tells what came of
 * it. All that goes through shared memory, so it makes no other system call, and
 * needs none to happen.
 */
#ifndef SELFTESTS_UTRACE_CALLER_H
#define SELFTESTS_UTRACE_CALLER_H

#include "engine.h"

/* Of a call that is skipped, when nobody has set one. */
#if defined(__aarch64__) || defined(__powerpc__)
#define UNSET_RESULT	0	/* the first argument */
#else
#define UNSET_RESULT	(-ENOSYS)
#endif

/* What the task and the test share. */
struct shared {
	long ordered;		/* how many calls */
	long made;
	long result;
};

static void make_calls(struct shared *shared)
{
	long result, made;

	for (made = 1;; made++) {
		while (__atomic_load_n(&shared->ordered, __ATOMIC_ACQUIRE) <
		       made)
			;
		result = syscall(TEST_NR, 0);
		shared->result = result < 0 ? -errno : result;
		__atomic_store_n(&shared->made, made, __ATOMIC_RELEASE);
	}
}

FIXTURE(caller) {
	pid_t pid;
	struct shared *shared;
	int engine[2];		/* not attached */
};

static void order_call(FIXTURE_DATA(caller) * const self)
{
	__atomic_fetch_add(&self->shared->ordered, 1, __ATOMIC_RELEASE);
}

static int has_returned(FIXTURE_DATA(caller) * const self)
{
	return __atomic_load_n(&self->shared->made, __ATOMIC_ACQUIRE) ==
	       self->shared->ordered;
}

#define NO_RESULT	(-4096L)

static long result_of(FIXTURE_DATA(caller) * const self)
{
	return wait_until(has_returned(self)) ? self->shared->result :
						NO_RESULT;
}

static long call(FIXTURE_DATA(caller) * const self)
{
	order_call(self);
	return result_of(self);
}

FIXTURE_SETUP(caller)
{
	int i;

	if (!have_engines())
		SKIP(return, NO_ENGINES);
	self->shared = mmap(NULL, sizeof(*self->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->shared != MAP_FAILED);
	self->pid = fork();
	ASSERT_LE(0, self->pid);
	if (!self->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		make_calls(self->shared);
	}
	/* Nothing of its beginning is left to come. */
	ASSERT_EQ(getpgid(0), call(self));
	for (i = 0; i < 2; i++) {
		self->engine[i] = open_engine();
		ASSERT_LE(0, self->engine[i]);
	}
}

FIXTURE_TEARDOWN(caller)
{
	if (self->pid > 0) {
		kill(self->pid, SIGKILL);
		waitpid(self->pid, NULL, __WALL);
	}
}

#endif
