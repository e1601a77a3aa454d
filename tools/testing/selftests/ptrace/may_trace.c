// SPDX-License-Identifier: GPL-2.0
/*
 * Who may trace whom, and what a tracer keeps a program from: credentials, user
 * namespaces, Yama, seccomp, PR_SET_DUMPABLE and set-id programs.
 *
 * Root forks a target, which becomes whoever it is to be, and says when it has; and
 * a tracer, which is no ancestor of it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../kselftest_harness.h"

#ifndef PR_SET_PTRACER
#define PR_SET_PTRACER		0x59616d61
#endif

#define USER		1000
#define OTHER		1001
#define SCOPE		"/proc/sys/kernel/yama/ptrace_scope"

/* What is left of the privileges of a program, as its exit code. */
#define IS_RUN		0x40	/* always */
#define IS_ROOT		0x01	/* effective uid */
#define HAS_CAP		0x02	/* CAP_SYS_ADMIN, effective */
#define IS_SECURE	0x04	/* AT_SECURE */

/* What cannot be done, in place of an errno. */
#define CANNOT		200

/* The target is the program itself, and this mark says so. */
#define MARK		"PTRACE_MAY_TRACE_EXECUTED"

static struct __user_cap_header_struct cap_header = {
	.version = _LINUX_CAPABILITY_VERSION_3,
};

#define NR_CAP_DATA	_LINUX_CAPABILITY_U32S_3

__attribute__((constructor)) static void executed(void)
{
	struct __user_cap_data_struct caps[NR_CAP_DATA] = { 0 };

	if (!getenv(MARK))
		return;
	syscall(SYS_capget, &cap_header, caps);
	_exit(IS_RUN | (geteuid() ? 0 : IS_ROOT) |
	      (caps[0].effective & 1 << CAP_SYS_ADMIN ? HAS_CAP : 0) |
	      (getauxval(AT_SECURE) ? IS_SECURE : 0));
}

/* The result, or the errno. */
static long trace(long request, pid_t pid, unsigned long addr,
		  unsigned long data)
{
	return syscall(SYS_ptrace, request, pid, addr, data) < 0 ? errno : 0;
}

/* Who somebody is, or becomes */

static void become(uid_t uid)
{
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid))
		_exit(CANNOT);
	/* As if it had begun so. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void be_root(void)
{
}

static void be_user(void)
{
	become(USER);
}

static void be_other(void)
{
	become(OTHER);
}

static void set_caps(uint32_t keep)
{
	struct __user_cap_data_struct caps[NR_CAP_DATA] = { 0 };

	syscall(SYS_capget, &cap_header, caps);
	caps[0].permitted &= keep;
	caps[0].effective = caps[0].permitted;
	if (syscall(SYS_capset, &cap_header, caps))
		_exit(CANNOT);
}

/* A user whose only capability of note is CAP_SYS_PTRACE. */
static void be_capable(void)
{
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	become(USER);
	set_caps(1 << CAP_SYS_PTRACE);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void drop_ptrace(void)
{
	set_caps(~(1 << CAP_SYS_PTRACE));
}

static void drop_admin(void)
{
	set_caps(~(1 << CAP_SYS_ADMIN));
}

static void be_private_user(void)
{
	become(USER);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(CANNOT);
	close(fd);
}

/* Root there is who one is here. */
static void enter_user_ns(void)
{
	char uid_map[32], gid_map[32];

	snprintf(uid_map, sizeof(uid_map), "0 %d 1", geteuid());
	snprintf(gid_map, sizeof(gid_map), "0 %d 1", getegid());
	if (unshare(CLONE_NEWUSER))
		_exit(CANNOT);
	write_to("/proc/self/setgroups", "deny");
	write_to("/proc/self/uid_map", uid_map);
	write_to("/proc/self/gid_map", gid_map);
}

/* All capabilities, but only in a namespace of its own. */
static void be_user_in_ns(void)
{
	become(USER);
	enter_user_ns();
}

static void filter(struct sock_filter *insns, unsigned short number)
{
	struct sock_fprog prog = { number, insns };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
		_exit(CANNOT);
}

/* From here on system call @nr fails with ENOTEMPTY, if it is one. */
static void forbid(int nr)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTEMPTY),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	filter(insns, ARRAY_SIZE(insns));
}

/* Run @body as somebody; its result. */
static int as(void (*who)(void), int (*body)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		who();
		_exit(body());
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return CANNOT;
	return WEXITSTATUS(status);
}

static bool have_user_ns(void)
{
	/* enter_user_ns() leaves with CANNOT. */
	return as(be_user_in_ns, getppid) != CANNOT;
}

/* Settings of Yama, if there is one */

static int read_scope(void)
{
	int fd = open(SCOPE, O_RDONLY);
	char digit = 0;

	if (fd < 0)
		return -1;
	if (read(fd, &digit, 1) != 1)
		digit = '0';
	close(fd);
	return digit - '0';
}

static bool set_scope(int scope)
{
	int fd = open(SCOPE, O_WRONLY);
	char digit = '0' + scope;
	bool set;

	if (fd < 0)
		return scope < 0;
	set = write(fd, &digit, 1) == 1;
	close(fd);
	return set;
}

/* The target */

static pid_t target;
static int to_target, from_target;

/* Wait for the test's word; leave if there is none. */
static void be_told(int in)
{
	char byte;

	if (read(in, &byte, 1) != 1)
		_exit(0);
}

static void tell(void)
{
	if (write(to_target, "", 1) != 1)
		abort();
}

static bool has_answered(void)
{
	char byte;

	return read(from_target, &byte, 1) == 1;
}

/* Fork the target: it is @who, waits, does @body when told to, and answers. */
static bool start(void (*who)(void), void (*body)(void))
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return false;
	target = fork();
	if (!target) {
		close(in[1]);
		close(out[0]);
		who();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (write(out[1], "", 1) != 1)
			_exit(CANNOT);
		be_told(in[0]);
		if (body)
			body();
		if (write(out[1], "", 1) != 1)
			_exit(CANNOT);
		be_told(in[0]);
		_exit(0);
	}
	close(in[0]);
	close(out[1]);
	to_target = in[1];
	from_target = out[0];
	return target > 0 && has_answered();
}

static void end(void)
{
	if (target <= 0)
		return;
	kill(target, SIGKILL);
	waitpid(target, NULL, __WALL);
	close(to_target);
	close(from_target);
	target = 0;
}

FIXTURE(may_trace) {
	int scope;
};

FIXTURE_SETUP(may_trace)
{
	if (getuid())
		SKIP(return, "needs root");
	self->scope = read_scope();
	if (self->scope >= 0 && !set_scope(0))
		SKIP(return, "ptrace_scope is %d and cannot be changed any more",
		     self->scope);
}

FIXTURE_TEARDOWN(may_trace)
{
	end();
	if (self->scope >= 0)
		set_scope(self->scope);
}

static int try_seize(void)
{
	return trace(PTRACE_SEIZE, target, 0, 0);
}

static int try_attach(void)
{
	int err = trace(PTRACE_ATTACH, target, 0, 0);

	if (!err)
		waitpid(target, NULL, __WALL);
	return err;
}

static int try_read(void)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", target);
	fd = open(path, O_RDONLY);
	return fd < 0 ? errno : 0;
}

/* As @who: all ways to come to the target, which are refused with @err or work. */
static void check(struct __test_metadata *_metadata, void (*who)(void), int err)
{
	EXPECT_EQ(err, as(who, try_seize));
	EXPECT_EQ(err, as(who, try_attach));
	/* One that is refused is not felt. */
	EXPECT_EQ(0, waitpid(target, NULL, WNOHANG | WUNTRACED));
}

#define CHECK(who, err)	check(_metadata, who, err)

/* Credentials */

TEST_F(may_trace, ones_own)
{
	ASSERT_TRUE(start(be_user, NULL));
	CHECK(be_user, 0);
	CHECK(be_root, 0);
	CHECK(be_capable, 0);
	CHECK(be_other, EPERM);
}

TEST_F(may_trace, not_roots)
{
	ASSERT_TRUE(start(be_root, NULL));
	CHECK(be_root, 0);
	CHECK(be_capable, 0);
	CHECK(be_user, EPERM);
}

TEST_F(may_trace, not_a_capable_ones)
{
	ASSERT_TRUE(start(be_capable, NULL));
	CHECK(be_user, EPERM);
	CHECK(be_capable, 0);
	CHECK(be_root, 0);
}

TEST_F(may_trace, root_needs_the_capability)
{
	ASSERT_TRUE(start(be_user, NULL));
	CHECK(drop_ptrace, EPERM);
}

/* PR_SET_DUMPABLE */

TEST_F(may_trace, not_the_undumpable)
{
	ASSERT_TRUE(start(be_private_user, NULL));
	CHECK(be_user, EPERM);
	CHECK(be_root, 0);
	EXPECT_EQ(EACCES, as(be_user, try_read));
	EXPECT_EQ(0, as(be_root, try_read));
}

static void become_private(void)
{
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* What the tracer becomes between attaching and asking. */
static void (*becomes)(void);

/* Can it read memory, and do all else, of a target that has become private? */
static int try_private(void)
{
	struct ptrace_syscall_info info;
	unsigned long word;
	int err;

	err = trace(PTRACE_SEIZE, target, 0, 0);
	if (err)
		return err;
	if (becomes)
		becomes();
	tell();
	if (!has_answered() || trace(PTRACE_INTERRUPT, target, 0, 0) ||
	    waitpid(target, NULL, __WALL) != target ||
	    trace(PTRACE_SETOPTIONS, target, 0, PTRACE_O_TRACEEXEC) ||
	    trace(PTRACE_GET_SYSCALL_INFO, target, sizeof(info),
		  (unsigned long)&info))
		return CANNOT;
	err = trace(PTRACE_PEEKDATA, target, (unsigned long)&target,
		    (unsigned long)&word);
	if (trace(PTRACE_DETACH, target, 0, 0))
		return CANNOT;
	return err;
}

TEST_F(may_trace, memory_of_what_becomes_undumpable)
{
	becomes = NULL;
	ASSERT_TRUE(start(be_user, become_private));
	EXPECT_EQ(EIO, as(be_user, try_private));
	end();
	ASSERT_TRUE(start(be_user, become_private));
	EXPECT_EQ(0, as(be_root, try_private));
	end();
	/* Who it was when it attached counts. */
	becomes = be_other;
	ASSERT_TRUE(start(be_user, become_private));
	EXPECT_EQ(0, as(be_root, try_private));
	end();
	becomes = drop_ptrace;
	ASSERT_TRUE(start(be_user, become_private));
	EXPECT_EQ(0, as(be_root, try_private));
	becomes = NULL;
}

/* A tracer that changes its credentials */

static int try_requests(void)
{
	struct ptrace_syscall_info info;
	unsigned long word;
	pid_t there;
	int status;

	if (trace(PTRACE_SEIZE, target, 0, 0))
		return 1;
	become(OTHER);
	if (kill(target, 0) != -1 || errno != EPERM)
		return 2;
	if (trace(PTRACE_INTERRUPT, target, 0, 0) ||
	    waitpid(target, &status, __WALL) != target ||
	    status >> 16 != PTRACE_EVENT_STOP)
		return 3;
	if (trace(PTRACE_PEEKDATA, target, (unsigned long)&target,
		  (unsigned long)&word))
		return 4;
	memcpy(&there, &word, sizeof(there));
	if (there != 0)
		return 4;
	if (trace(PTRACE_POKEDATA, target, (unsigned long)&target, word))
		return 5;
	if (trace(PTRACE_GET_SYSCALL_INFO, target, sizeof(info),
		  (unsigned long)&info))
		return 6;
	if (trace(PTRACE_SETOPTIONS, target, 0, PTRACE_O_TRACEEXIT))
		return 7;
	if (trace(PTRACE_CONT, target, 0, 0) ||
	    trace(PTRACE_INTERRUPT, target, 0, 0) ||
	    waitpid(target, &status, __WALL) != target ||
	    trace(PTRACE_DETACH, target, 0, 0))
		return 8;
	/* And once more it is asked who it is. */
	return trace(PTRACE_SEIZE, target, 0, 0) == EPERM ? 0 : 9;
}

TEST_F(may_trace, tracer_that_changes_its_credentials)
{
	ASSERT_TRUE(start(be_user, NULL));
	EXPECT_EQ(0, as(be_root, try_requests));
	end();
	ASSERT_TRUE(start(be_root, NULL));
	EXPECT_EQ(0, as(be_root, try_requests));
}

/* User namespaces */

static void enter_another_user_ns(void)
{
	be_user_in_ns();
	enter_user_ns();
}

TEST_F(may_trace, in_a_child_user_namespace)
{
	if (!have_user_ns())
		SKIP(return, "no user namespaces");
	ASSERT_TRUE(start(be_user_in_ns, NULL));
	CHECK(be_user, 0);	/* the namespace is this user's */
	CHECK(be_root, 0);
	CHECK(be_other, EPERM);
	CHECK(drop_ptrace, EPERM);
	/* From another such namespace, with all capabilities there. */
	CHECK(be_user_in_ns, EPERM);
	CHECK(enter_another_user_ns, EPERM);
}

TEST_F(may_trace, out_of_a_user_namespace)
{
	if (!have_user_ns())
		SKIP(return, "no user namespaces");
	ASSERT_TRUE(start(be_user, NULL));
	CHECK(be_user_in_ns, EPERM);
}

/* What it forks itself, in the same namespace or one below it. */
static int try_child_in_ns(void)
{
	int err;

	if (!start(be_root, NULL))
		return CANNOT;
	err = try_seize();
	end();
	if (err)
		return err;
	if (!start(enter_user_ns, NULL))
		return CANNOT;
	err = try_seize();
	end();
	return err;
}

/* Its memory is from before the namespace, where it has no capabilities. */
static int try_private_in_ns(void)
{
	int err;

	if (!start(become_private, NULL))
		return CANNOT;
	err = try_seize();
	end();
	return err;
}

TEST_F(may_trace, within_a_user_namespace)
{
	if (!have_user_ns())
		SKIP(return, "no user namespaces");
	EXPECT_EQ(0, as(be_user_in_ns, try_child_in_ns));
	EXPECT_EQ(EPERM, as(be_user_in_ns, try_private_in_ns));
}

/* Yama */

static int try_traceme(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(trace(PTRACE_TRACEME, 0, 0, 0));
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static int try_descendant(void)
{
	int err;

	if (!start(be_root, NULL))
		return CANNOT;
	err = try_seize();
	end();
	return err;
}

static void be_anyones_tracee(void)
{
	become(USER);
	prctl(PR_SET_PTRACER, -1, 0, 0, 0);
}

static void be_the_tests_tracee(void)
{
	become(USER);
	prctl(PR_SET_PTRACER, getppid(), 0, 0, 0);
}

FIXTURE(yama) {
	int scope;
};

FIXTURE_VARIANT(yama) {
	int scope;
	int users;	/* what an ordinary user gets for a task of theirs */
	int declared;	/* ... that has said that they may */
	int child;	/* ... and for what they have forked themselves */
	int traceme;	/* ... which asks for it */
};

FIXTURE_VARIANT_ADD(yama, 0) { 0, 0, 0, 0, 0 };
FIXTURE_VARIANT_ADD(yama, 1) { 1, EPERM, 0, 0, 0 };
FIXTURE_VARIANT_ADD(yama, 2) { 2, EPERM, EPERM, EPERM, EPERM };

FIXTURE_SETUP(yama)
{
	if (getuid())
		SKIP(return, "needs root");
	self->scope = read_scope();
	if (self->scope < 0)
		SKIP(return, "no " SCOPE ": needs CONFIG_SECURITY_YAMA");
	if (!set_scope(variant->scope))
		SKIP(return, "ptrace_scope is %d and cannot be changed any more",
		     self->scope);
}

FIXTURE_TEARDOWN(yama)
{
	end();
	if (self->scope >= 0)
		set_scope(self->scope);
}

TEST_F(yama, attach)
{
	ASSERT_TRUE(start(be_user, NULL));
	CHECK(be_user, variant->users);
	CHECK(be_other, EPERM);
	CHECK(be_capable, 0);
	CHECK(be_root, 0);
	end();
	EXPECT_EQ(variant->child, as(be_user, try_descendant));
	EXPECT_EQ(0, as(be_capable, try_descendant));
	EXPECT_EQ(0, as(be_root, try_descendant));
}

TEST_F(yama, declared)
{
	ASSERT_TRUE(start(be_anyones_tracee, NULL));
	CHECK(be_user, variant->declared);
	CHECK(be_other, EPERM);
	end();
	/* The test, and its descendants. */
	ASSERT_TRUE(start(be_the_tests_tracee, NULL));
	CHECK(be_user, variant->declared);
	CHECK(be_other, EPERM);
}

TEST_F(yama, traceme)
{
	EXPECT_EQ(variant->traceme, as(be_user, try_traceme));
	EXPECT_EQ(0, as(be_capable, try_traceme));
	EXPECT_EQ(0, as(be_root, try_traceme));
}

/* Who is attached already stays so. */
static int set_scope_of_tracer;

static int try_scope_later(void)
{
	int status, err;
	pid_t pid = fork();

	if (!pid) {
		trace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(7);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return CANNOT;
	set_scope_of_tracer = set_scope(2);
	become(USER);
	err = trace(PTRACE_CONT, pid, 0, 0);
	waitpid(pid, &status, 0);
	return err ?: status != 7 << 8;
}

TEST_F(yama, later)
{
	EXPECT_EQ(0, as(be_root, try_scope_later));
}

/* seccomp */

static void forbid_ptrace(void)
{
	forbid(SYS_ptrace);
}

static void forbid_nothing(void)
{
	forbid(-1);
}

TEST_F(may_trace, tracer_that_must_not_call_ptrace)
{
	ASSERT_TRUE(start(be_user, NULL));
	EXPECT_EQ(ENOTEMPTY, as(forbid_ptrace, try_seize));
	EXPECT_EQ(0, as(forbid_nothing, try_seize));
	EXPECT_EQ(0, waitpid(target, NULL, WNOHANG | WUNTRACED));
}

/* It attaches, and then confines itself: it can wait, and no more. */
static int try_confined(void)
{
	int status;

	if (trace(PTRACE_SEIZE, target, 0, 0) ||
	    trace(PTRACE_INTERRUPT, target, 0, 0))
		return 1;
	forbid(SYS_ptrace);
	if (waitpid(target, &status, __WALL) != target || !WIFSTOPPED(status))
		return 2;
	return trace(PTRACE_CONT, target, 0, 0);
}

static void leave(void)
{
	_exit(3);
}

TEST_F(may_trace, tracer_that_confines_itself)
{
	int status;

	ASSERT_TRUE(start(be_user, leave));
	EXPECT_EQ(ENOTEMPTY, as(be_user, try_confined));
	/* Its end lets the target go. */
	tell();
	ASSERT_EQ(target, waitpid(target, &status, 0));
	target = 0;
	EXPECT_EQ(3 << 8, status);
}

/* PTRACE_O_SUSPEND_SECCOMP */

static int try_suspend(void)
{
	return trace(PTRACE_SEIZE, target, 0, PTRACE_O_SUSPEND_SECCOMP);
}

static int try_suspend_later(void)
{
	int err;

	if (trace(PTRACE_SEIZE, target, 0, 0) ||
	    trace(PTRACE_INTERRUPT, target, 0, 0) ||
	    waitpid(target, NULL, __WALL) != target)
		return CANNOT;
	if (becomes)
		becomes();
	err = trace(PTRACE_SETOPTIONS, target, 0, PTRACE_O_SUSPEND_SECCOMP);
	trace(PTRACE_DETACH, target, 0, 0);
	return err;
}

static bool can_suspend(void)
{
	return as(be_root, try_suspend) != EINVAL;
}

#define NO_SUSPEND	"no PTRACE_O_SUSPEND_SECCOMP: needs CONFIG_SECCOMP " \
			"and CONFIG_CHECKPOINT_RESTORE"

TEST_F(may_trace, who_may_suspend_seccomp)
{
	ASSERT_TRUE(start(be_user, NULL));
	if (!can_suspend())
		SKIP(return, NO_SUSPEND);
	EXPECT_EQ(0, as(be_root, try_suspend));
	EXPECT_EQ(EPERM, as(be_user, try_suspend));
	EXPECT_EQ(EPERM, as(be_capable, try_suspend));
	EXPECT_EQ(EPERM, as(drop_admin, try_suspend));
	/* Not who is confined as well. */
	EXPECT_EQ(EPERM, as(forbid_nothing, try_suspend));
	becomes = NULL;
	EXPECT_EQ(0, as(be_root, try_suspend_later));
	EXPECT_EQ(EPERM, as(be_user, try_suspend_later));
	/* Who it is when it asks. */
	becomes = drop_admin;
	EXPECT_EQ(EPERM, as(be_root, try_suspend_later));
	becomes = forbid_nothing;
	EXPECT_EQ(EPERM, as(be_root, try_suspend_later));
	becomes = NULL;
}

TEST_F(may_trace, not_in_a_user_namespace)
{
	if (!have_user_ns())
		SKIP(return, "no user namespaces");
	ASSERT_TRUE(start(be_user, NULL));
	if (!can_suspend())
		SKIP(return, NO_SUSPEND);
	EXPECT_EQ(EPERM, as(enter_user_ns, try_suspend));
}

/* One whose own seccomp is suspended must not do it to others. */
static int try_while_suspended(void)
{
	int status, err;
	pid_t pid = fork();

	if (!pid) {
		trace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(try_suspend());
	}
	if (waitpid(pid, &status, 0) != pid ||
	    trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_SUSPEND_SECCOMP) ||
	    trace(PTRACE_CONT, pid, 0, 0))
		return CANNOT;
	err = waitpid(pid, &status, 0) == pid ? 0 : CANNOT;
	return err ?: WEXITSTATUS(status);
}

TEST_F(may_trace, suspended_one_may_not_suspend)
{
	ASSERT_TRUE(start(be_user, NULL));
	if (!can_suspend())
		SKIP(return, NO_SUSPEND);
	EXPECT_EQ(EPERM, as(be_root, try_while_suspended));
}

static void call_and_tell(long *results)
{
	int i;

	trace(PTRACE_TRACEME, 0, 0, 0);
	forbid(SYS_getppid);
	for (i = 0; i < 4; i++) {
		raise(SIGSTOP);
		results[i] = syscall(SYS_getppid) < 0 ? errno : 0;
	}
	_exit(0);
}

TEST_F(may_trace, filter_is_suspended_and_comes_back)
{
	static const int options[] = {
		0, PTRACE_O_SUSPEND_SECCOMP, 0, PTRACE_O_SUSPEND_SECCOMP,
	};
	static const long expected[] = { ENOTEMPTY, 0, ENOTEMPTY, ENOTEMPTY };
	int i, status;
	long *results;

	ASSERT_TRUE(start(be_user, NULL));
	if (!can_suspend())
		SKIP(return, NO_SUSPEND);
	end();
	results = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(results != MAP_FAILED);
	target = fork();
	ASSERT_LE(0, target);
	if (!target)
		call_and_tell(results);
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(target, waitpid(target, &status, 0));
		ASSERT_TRUE(WIFSTOPPED(status));
		EXPECT_EQ(0, trace(PTRACE_SETOPTIONS, target, 0, options[i]));
		/* In the end the tracer goes, and what it suspended is back. */
		EXPECT_EQ(0, trace(i < 3 ? PTRACE_CONT : PTRACE_DETACH, target,
				   0, 0));
	}
	ASSERT_EQ(target, waitpid(target, &status, 0));
	target = 0;
	EXPECT_EQ(0, status);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(expected[i], results[i]);
}

/* Programs with privileges */

static char program[64];

/* File capabilities: CAP_SYS_ADMIN, permitted and effective. */
static const struct vfs_cap_data admin = {
	.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
	.data[0].permitted = 1 << CAP_SYS_ADMIN,
};

static bool make_program(mode_t mode, bool capable)
{
	char buffer[65536];
	struct statvfs fs;
	int in, out;
	ssize_t n;

	snprintf(program, sizeof(program), "/tmp/may-trace-%d", getpid());
	in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	out = open(program, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (in < 0 || out < 0 || fstatvfs(out, &fs) || fs.f_flag & ST_NOSUID)
		return false;
	while ((n = read(in, buffer, sizeof(buffer))) > 0) {
		if (write(out, buffer, n) != n)
			return false;
	}
	close(in);
	close(out);
	return !chmod(program, mode) &&
	       (!capable || !setxattr(program, "security.capability", &admin,
				      sizeof(admin), 0));
}

static void execute(void)
{
	static char * const argv[] = { "executed", NULL };
	static char * const envp[] = { MARK "=1", NULL };

	execve(program, argv, envp);
	_exit(1);
}

/* In a child, which the tracer has got by the way. */
static void have_child_execute(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		execute();
	waitpid(pid, &status, 0);
	_exit(WEXITSTATUS(status));
}

/* Its tracer is whoever has forked it, and it asks for that itself. */
static void ask_and_execute(void)
{
	if (trace(PTRACE_TRACEME, 0, 0, 0))
		_exit(CANNOT);
	execute();
}

static void ask_drop_and_execute(void)
{
	if (trace(PTRACE_TRACEME, 0, 0, 0))
		_exit(CANNOT);
	become(USER);
	execute();
}

/* At the stop after an exec: can the new program's memory be read? */
static int peek_new(pid_t pid)
{
	struct ptrace_syscall_info info;
	unsigned long word;

	if (trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info),
		  (unsigned long)&info))
		return CANNOT;
	return trace(PTRACE_PEEKDATA, pid, info.stack_pointer & -sizeof(word),
		     (unsigned long)&word);
}

/* Let the tracees of the caller run to their ends: what peek_new() said. */
static int see_to_the_end(void)
{
	int status, err = CANNOT, sig;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status))
			continue;
		sig = WSTOPSIG(status);
		if (status >> 16 == PTRACE_EVENT_EXEC ||
		    (status >> 8 == SIGTRAP && err == CANNOT))
			err = peek_new(pid);
		if (sig == SIGTRAP || sig == SIGSTOP)
			sig = 0;
		trace(PTRACE_CONT, pid, 0, sig);
	}
	return err;
}

static int try_exec(void)
{
	if (trace(PTRACE_SEIZE, target, 0, PTRACE_O_TRACEEXEC |
		  PTRACE_O_TRACEFORK))
		return CANNOT;
	if (becomes)
		becomes();
	tell();
	return see_to_the_end();
}

/* What it traces is let go, before that is told to do anything. */
static void exit_early(void)
{
	_exit(0);
}

FIXTURE(privileged) {
	int scope;
};

FIXTURE_VARIANT(privileged) {
	mode_t mode;
	bool capable;		/* the program, by file capabilities */
	void (*tracer)(void);	/* or NULL: it is not traced */
	void (*becomes)(void);
	void (*body)(void);
	int expected;
	int peek;
};

#define SET_ID		04755
#define ALL		(IS_ROOT | HAS_CAP | IS_SECURE)

FIXTURE_VARIANT_ADD(privileged, set_id) {
	SET_ID, 0, NULL, NULL, execute, ALL
};

FIXTURE_VARIANT_ADD(privileged, set_id_by_user) {
	SET_ID, 0, be_user, NULL, execute, IS_SECURE, 0
};

FIXTURE_VARIANT_ADD(privileged, set_id_by_root) {
	SET_ID, 0, be_root, NULL, execute, ALL, 0
};

FIXTURE_VARIANT_ADD(privileged, set_id_by_capable) {
	SET_ID, 0, be_capable, NULL, execute, ALL, 0
};

/* Who the tracer was when it attached counts. */
FIXTURE_VARIANT_ADD(privileged, set_id_by_former_root) {
	SET_ID, 0, be_root, be_user, execute, ALL, 0
};

FIXTURE_VARIANT_ADD(privileged, set_id_by_former_capable) {
	SET_ID, 0, be_capable, drop_ptrace, execute, ALL, 0
};

FIXTURE_VARIANT_ADD(privileged, set_id_by_nobody_any_more) {
	SET_ID, 0, be_user, exit_early, execute, ALL, 0
};

/* A child has the tracer of its parent, as it was. */
FIXTURE_VARIANT_ADD(privileged, childs_set_id_by_user) {
	SET_ID, 0, be_user, NULL, have_child_execute, IS_SECURE, 0
};

FIXTURE_VARIANT_ADD(privileged, childs_set_id_by_root) {
	SET_ID, 0, be_root, NULL, have_child_execute, ALL, 0
};

FIXTURE_VARIANT_ADD(privileged, childs_set_id_by_former_root) {
	SET_ID, 0, be_root, be_user, have_child_execute, ALL, 0
};

/* Capabilities of a file. */
FIXTURE_VARIANT_ADD(privileged, caps) {
	0755, 1, NULL, NULL, execute, HAS_CAP | IS_SECURE
};

FIXTURE_VARIANT_ADD(privileged, caps_by_user) {
	0755, 1, be_user, NULL, execute, IS_SECURE, 0
};

FIXTURE_VARIANT_ADD(privileged, caps_by_root) {
	0755, 1, be_root, NULL, execute, HAS_CAP | IS_SECURE, 0
};

FIXTURE_VARIANT_ADD(privileged, caps_by_former_root) {
	0755, 1, be_root, be_user, execute, HAS_CAP | IS_SECURE, 0
};

/* What may be executed and not read. */
FIXTURE_VARIANT_ADD(privileged, unreadable_by_user) {
	0711, 0, be_user, NULL, execute, 0, EIO
};

FIXTURE_VARIANT_ADD(privileged, unreadable_by_root) {
	0711, 0, be_root, NULL, execute, 0, 0
};

FIXTURE_VARIANT_ADD(privileged, unreadable_by_former_root) {
	0711, 0, be_root, be_user, execute, 0, 0
};

/* And what is nothing special. */
FIXTURE_VARIANT_ADD(privileged, plain_by_user) {
	0755, 0, be_user, NULL, execute, 0, 0
};

FIXTURE_SETUP(privileged)
{
	if (getuid())
		SKIP(return, "needs root");
	self->scope = read_scope();
	if (self->scope >= 0 && !set_scope(0))
		SKIP(return, "ptrace_scope is %d and cannot be changed any more",
		     self->scope);
	program[0] = 0;
	if (!make_program(variant->mode, variant->capable)) {
		unlink(program);
		program[0] = 0;
		SKIP(return, "no set-id programs or file capabilities in /tmp");
	}
}

FIXTURE_TEARDOWN(privileged)
{
	end();
	if (program[0])
		unlink(program);
	becomes = NULL;
	if (self->scope >= 0)
		set_scope(self->scope);
}

TEST_F(privileged, exec)
{
	int status, peek = variant->peek;

	becomes = variant->becomes;
	ASSERT_TRUE(start(be_user, variant->body));
	if (variant->tracer)
		peek = as(variant->tracer, try_exec);
	if (!variant->tracer || variant->becomes == exit_early)
		tell();
	ASSERT_EQ(target, waitpid(target, &status, 0));
	target = 0;
	EXPECT_EQ((IS_RUN | variant->expected) << 8, status);
	EXPECT_EQ(variant->peek, peek);
}

/*
 * PTRACE_TRACEME: whoever asks vouches for its tracer. Here the tracer is the
 * test's child, and forks the target.
 */
static void (*asker)(void);
static void (*asks)(void);

static int try_asked(void)
{
	int status, code = CANNOT;
	pid_t pid;

	pid = fork();
	if (!pid) {
		asker();
		asks();
		_exit(CANNOT);
	}
	while (waitpid(pid, &status, 0) == pid) {
		if (!WIFSTOPPED(status)) {
			code = WEXITSTATUS(status);
			break;
		}
		trace(PTRACE_CONT, pid, 0, WSTOPSIG(status) == SIGTRAP ? 0 :
		      WSTOPSIG(status));
	}
	return code;
}

TEST_F(may_trace, set_id_that_asked_to_be_traced)
{
	if (!make_program(SET_ID, false)) {
		unlink(program);
		SKIP(return, "no set-id programs in /tmp");
	}
	asker = be_root;
	asks = ask_drop_and_execute;
	EXPECT_EQ(IS_RUN | ALL, as(be_root, try_asked));
	asker = be_user;
	asks = ask_and_execute;
	/* Even where the tracer is root. */
	EXPECT_EQ(IS_RUN | IS_SECURE, as(be_root, try_asked));
	asker = be_root;
	EXPECT_EQ(IS_RUN | IS_SECURE, as(be_user, try_asked));
	unlink(program);
}

TEST_HARNESS_MAIN
