/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of who may trace whom share.
 *
 * Root forks a target, which becomes whoever it is to be, and says when it has; and
 * a tracer, which is no ancestor of it.
 */
#ifndef MAY_TRACE_H
#define MAY_TRACE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/ptrace.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"

#define USER		1000
#define OTHER		1001
#define SCOPE		"/proc/sys/kernel/yama/ptrace_scope"

/* What cannot be done, in place of an errno. */
#define CANNOT		200

static struct __user_cap_header_struct cap_header = {
	.version = _LINUX_CAPABILITY_VERSION_3,
};

#define NR_CAP_DATA	_LINUX_CAPABILITY_U32S_3

/* The result, or the errno. */
static inline long trace(long request, pid_t pid, unsigned long addr,
			 unsigned long data)
{
	return syscall(SYS_ptrace, request, pid, addr, data) < 0 ? errno : 0;
}

/* Who somebody is, or becomes */

static inline void become(uid_t uid)
{
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid))
		_exit(CANNOT);
	/* As if it had begun so. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static inline void be_root(void)
{
}

static inline void be_user(void)
{
	become(USER);
}

static inline void be_other(void)
{
	become(OTHER);
}

static inline void set_caps(uint32_t keep)
{
	struct __user_cap_data_struct caps[NR_CAP_DATA] = { 0 };

	syscall(SYS_capget, &cap_header, caps);
	caps[0].permitted &= keep;
	caps[0].effective = caps[0].permitted;
	if (syscall(SYS_capset, &cap_header, caps))
		_exit(CANNOT);
}

/* A user whose only capability of note is CAP_SYS_PTRACE. */
static inline void be_capable(void)
{
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	become(USER);
	set_caps(1 << CAP_SYS_PTRACE);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static inline void drop_ptrace(void)
{
	set_caps(~(1 << CAP_SYS_PTRACE));
}

static inline void become_private(void)
{
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static inline void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(CANNOT);
	close(fd);
}

/* Root there is who one is here. */
static inline void enter_user_ns(void)
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
static inline void be_user_in_ns(void)
{
	become(USER);
	enter_user_ns();
}

/* Run @body as somebody; its result. */
static inline int as(void (*who)(void), int (*body)(void))
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

static inline bool have_user_ns(void)
{
	/* enter_user_ns() leaves with CANNOT. */
	return as(be_user_in_ns, getppid) != CANNOT;
}

/* Settings of Yama, if there is one */

static inline int read_scope(void)
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

static inline bool set_scope(int scope)
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
static inline void be_told(int in)
{
	char byte;

	if (read(in, &byte, 1) != 1)
		_exit(0);
}

static inline void tell(void)
{
	if (write(to_target, "", 1) != 1)
		abort();
}

static inline bool has_answered(void)
{
	char byte;

	return read(from_target, &byte, 1) == 1;
}

/* Fork the target: it is @who, waits, does @body when told to, and answers. */
static inline bool start(void (*who)(void), void (*body)(void))
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

static inline void end(void)
{
	if (target <= 0)
		return;
	kill(target, SIGKILL);
	waitpid(target, NULL, __WALL);
	close(to_target);
	close(from_target);
	target = 0;
}

static inline int try_seize(void)
{
	return trace(PTRACE_SEIZE, target, 0, 0);
}

static inline int try_attach(void)
{
	int err = trace(PTRACE_ATTACH, target, 0, 0);

	if (!err)
		waitpid(target, NULL, __WALL);
	return err;
}

/* As @who: all ways to come to the target, which are refused with @err or work. */
static inline void check(struct __test_metadata *_metadata, void (*who)(void),
			 int err)
{
	EXPECT_EQ(err, as(who, try_seize));
	EXPECT_EQ(err, as(who, try_attach));
	/* One that is refused is not felt. */
	EXPECT_EQ(0, waitpid(target, NULL, WNOHANG | WUNTRACED));
}

#define CHECK(who, err)	check(_metadata, who, err)

#endif /* MAY_TRACE_H */
