// SPDX-License-Identifier: GPL-2.0
/*
 * What a program that would gain privileges gets when it is traced: set-id programs,
 * file capabilities, and what may not be read.
 */
#include "may_trace.h"
#include "may_trace_fixture.h"

#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

/* What is left of the privileges of a program, as its exit code. */
#define IS_RUN		0x40	/* always */
#define IS_ROOT		0x01	/* effective uid */
#define HAS_CAP		0x02	/* CAP_SYS_ADMIN, effective */
#define IS_SECURE	0x04	/* AT_SECURE */

/* The target is the program itself, and this mark says so. */
#define MARK		"PTRACE_MAY_TRACE_EXECUTED"

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

/* What the tracer becomes between attaching and asking. */
static void (*becomes)(void);

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
	program[0] = 0;
	if (!make_program(variant->mode, variant->capable)) {
		unlink(program);
		program[0] = 0;
		SKIP(return, "no set-id programs or file capabilities in /tmp");
	}
	self->scope = read_scope();
	if (self->scope >= 0 && !set_scope(0)) {
		unlink(program);
		SKIP(return, "ptrace_scope is %d and cannot be changed any more",
		     self->scope);
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
