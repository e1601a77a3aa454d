// SPDX-License-Identifier: GPL-2.0
/*
 * utrace_attach_checked(): who may attach an engine, where the answer is that of
 * ptrace; and whose engines stay when the task executes another program.
 *
 * Root opens the file of the engine, and somebody else writes to it.
 */
#include "task.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/ptrace.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#define USER	1000
#define OTHER	1001
#define POOR_ROOT	((uid_t)-1)	/* root without capabilities */

#ifndef PR_SET_PTRACER
#define PR_SET_PTRACER 0x59616d61
#endif

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { };

	if (syscall(SYS_capset, &header, none))
		_exit(100);
}

static void become(uid_t uid)
{
	if (uid == POOR_ROOT)
		drop_capabilities();
	else if (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
		 setresuid(uid, uid, uid))
		_exit(100);
}

/* The tasks: what Yama would ask for besides is not what these are about. */

static void be_root(int in, int out)
{
	prctl(PR_SET_PTRACER, -1, 0, 0, 0);
	be_told(in);
}

static void be_user(int in, int out)
{
	become(USER);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	be_root(in, out);
}

static void be_private(int in, int out)
{
	become(USER);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	be_root(in, out);
}

static void be_no_ones_tracee(int in, int out)
{
	become(USER);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	be_told(in);
}

/* As @uid: attach an engine to @pid, @how; what that comes to. */
static int attach_as(uid_t uid, int engine, pid_t pid, const char *how)
{
	char text[64];
	int status;
	pid_t as;

	snprintf(text, sizeof(text), "attach %d%s", pid, how);
	as = fork();
	if (!as) {
		if (uid)
			become(uid);
		_exit(command(engine, text));
	}
	waitpid(as, &status, 0);
	return WEXITSTATUS(status);
}

/* The same for a tracer. */
static int seize_as(uid_t uid, pid_t pid)
{
	int status;
	pid_t as = fork();

	if (!as) {
		if (uid)
			become(uid);
		_exit(ptrace(PTRACE_SEIZE, pid, 0, 0) ? errno : 0);
	}
	waitpid(as, &status, 0);
	return WEXITSTATUS(status);
}

/* Fork the task; START() would attach an engine by root. */
static void start_alone(struct __test_metadata *_metadata,
			FIXTURE_DATA(task) * const self,
			void (*body)(int in, int out))
{
	int engine = self->engine;

	self->engine = -1;
	start(_metadata, self, body);
	self->engine = engine;
}

#define START_ALONE(body)	start_alone(_metadata, self, body)

/* Who comes to a task with utrace_attach_checked(), and with ptrace? */
static void check(struct __test_metadata *_metadata,
		  FIXTURE_DATA(task) * const self, uid_t uid, int expected)
{
	EXPECT_EQ(expected, seize_as(uid, self->pid));
	EXPECT_EQ(expected, attach_as(uid, self->engine, self->pid,
				      " checked"));
}

#define CHECK(uid, expected)	check(_metadata, self, uid, expected)

TEST_F(task, a_user_may_attach_to_a_task_of_theirs)
{
	START_ALONE(be_user);
	CHECK(USER, 0);
	ASSERT_EQ(0, command(self->engine, "events exit"));
	tell(self);
	EXPECT_EQ(0, end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "exit"));
}

TEST_F(task, not_to_a_task_of_another_user)
{
	START_ALONE(be_user);
	CHECK(OTHER, EPERM);
}

TEST_F(task, not_to_a_task_of_root)
{
	START_ALONE(be_root);
	CHECK(USER, EPERM);
}

TEST_F(task, not_to_a_task_that_is_not_dumpable)
{
	START_ALONE(be_private);
	CHECK(USER, EPERM);
}

TEST_F(task, root_may_attach_to_a_task_that_is_not_dumpable)
{
	START_ALONE(be_private);
	CHECK(0, 0);
}

#define YAMA	"/proc/sys/kernel/yama/ptrace_scope"

TEST_F(task, not_where_a_security_module_says_no)
{
	int fd = open(YAMA, O_RDWR);
	char was;

	if (fd < 0)
		SKIP(return, "no " YAMA ": needs CONFIG_SECURITY_YAMA");
	was = text_of(fd).text[0];
	if (was == '3')
		SKIP(return, "ptrace_scope is 3 and cannot be changed any more");
	START_ALONE(be_no_ones_tracee);
	/* Not to a task that is no descendant. */
	EXPECT_EQ(1, pwrite(fd, "1", 1, 0));
	CHECK(USER, EPERM);
	/* Nor without the capability. */
	EXPECT_EQ(1, pwrite(fd, "2", 1, 0));
	CHECK(USER, EPERM);
	CHECK(0, 0);
	EXPECT_EQ(1, pwrite(fd, &was, 1, 0));
}

static void be_user_in_ns(int in, int out)
{
	become(USER);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (unshare(CLONE_NEWUSER))
		_exit(100);
	be_root(in, out);
}

static bool have_user_namespaces(void)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		become(USER);
		_exit(unshare(CLONE_NEWUSER) ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	return !status;
}

TEST_F(task, a_user_may_attach_in_a_namespace_of_theirs)
{
	if (!have_user_namespaces())
		SKIP(return, "no user namespaces");
	START_ALONE(be_user_in_ns);
	CHECK(OTHER, EPERM);
	CHECK(USER, 0);
}

TEST_F(task, not_out_of_a_user_namespace)
{
	char text[64];
	int status;
	pid_t as;

	START_ALONE(be_user);
	snprintf(text, sizeof(text), "attach %d checked", self->pid);
	as = fork();
	if (!as) {
		become(USER);
		if (unshare(CLONE_NEWUSER))
			_exit(100);
		_exit(command(self->engine, text));
	}
	waitpid(as, &status, 0);
	if (status == EXIT_CODE(100))
		SKIP(return, "no user namespaces");
	EXPECT_EQ(EXIT_CODE(EPERM), status);
}

TEST_F(task, a_kernel_thread_takes_no_engine)
{
	/* kthreadd */
	EXPECT_EQ(EPERM, attach_as(0, self->engine, 2, " checked"));
	EXPECT_EQ(EPERM, attach_as(0, self->engine, 2, ""));
}

static int in_thread[2];

static void *wait_in_thread(void *tid)
{
	char byte;

	__atomic_store_n((pid_t *)tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	read(in_thread[0], &byte, 1);
	return NULL;
}

TEST_F(task, not_to_a_thread_of_the_own_group)
{
	pthread_t thread;
	char text[64];
	pid_t tid = 0;

	ASSERT_EQ(0, pipe(in_thread));
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_in_thread, &tid));
	ASSERT_TRUE(wait_until(__atomic_load_n(&tid, __ATOMIC_ACQUIRE)));
	snprintf(text, sizeof(text), "attach %d checked", tid);
	EXPECT_EQ(EPERM, command(self->engine, text));
	EXPECT_EQ(-1, ptrace(PTRACE_SEIZE, tid, 0, 0));
	EXPECT_EQ(EPERM, errno);
	snprintf(text, sizeof(text), "attach %d checked", getpid());
	EXPECT_EQ(EPERM, command(self->engine, text));
	close(in_thread[1]);
	pthread_join(thread, NULL);
}

/* Where the program is, and what its mode is; it is root's. */
static char program[64];

static int make_program(mode_t mode)
{
	char buffer[65536];
	struct statvfs fs;
	int in, out;
	ssize_t n;

	snprintf(program, sizeof(program), "/tmp/utrace-access-%d", getpid());
	in = open("/proc/self/exe", O_RDONLY);
	out = open(program, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (in < 0 || out < 0 || fstatvfs(out, &fs) || fs.f_flag & ST_NOSUID)
		return -1;
	while ((n = read(in, buffer, sizeof(buffer))) > 0) {
		if (write(out, buffer, n) != n)
			return -1;
	}
	close(in);
	close(out);
	return chmod(program, mode);
}

static void execute_beside_a_thread(int in, int out)
{
	pthread_t thread;
	pid_t tid = 0;

	if (pipe(in_thread) ||
	    pthread_create(&thread, NULL, wait_in_thread, &tid))
		_exit(100);
	while (!__atomic_load_n(&tid, __ATOMIC_ACQUIRE))
		usleep(1000);
	reply(out, tid);
	be_told(in);
	execute_file(program);
}

static void execute_beside_a_thread_as_root(int in, int out)
{
	prctl(PR_SET_PTRACER, -1, 0, 0, 0);
	snprintf(program, sizeof(program), "/proc/self/exe");
	execute_beside_a_thread(in, out);
}

static void execute_beside_a_thread_as_user(int in, int out)
{
	become(USER);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	prctl(PR_SET_PTRACER, -1, 0, 0, 0);
	execute_beside_a_thread(in, out);
}

static int handled[2];

static void handle(int signr)
{
	write(handled[1], "", 1);
}

/* Attach to @pid in a process of @uid's, which sleeps in that now. */
static pid_t attach_apart(uid_t uid, int engine, pid_t pid)
{
	char text[64];
	pid_t as;

	snprintf(text, sizeof(text), "attach %d checked", pid);
	as = fork();
	if (!as) {
		if (uid)
			become(uid);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGUSR1, handle);
		_exit(command(engine, text));
	}
	return wait_asleep(as) ? -1 : as;
}

/*
 * Begin an exec of a task that is traced with @options, or is not if these are -1.
 * It holds the mutex and waits for the thread that is returned, which waits for
 * its tracer.
 */
static pid_t begin_exec(struct __test_metadata *_metadata,
			FIXTURE_DATA(task) * const self,
			void (*body)(int in, int out), long options)
{
	pid_t tid;

	START_ALONE(body);
	tid = answer(self);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, tid, 0, PTRACE_O_TRACEEXIT));
	if (options != -1)
		ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, options));
	tell(self);
	ASSERT_EQ(SIGTRAP | PTRACE_EVENT_EXIT << 8,
		  wait_for_status(tid, __WALL) >> 8);
	return tid;
}

TEST_F(task, a_signal_comes_while_it_waits_for_an_exec)
{
	int status;
	pid_t tid, as;
	char byte;

	ASSERT_EQ(0, pipe(handled));
	tid = begin_exec(_metadata, self, execute_beside_a_thread_as_root,
			 PTRACE_O_TRACEEXEC);
	/* One that kills: it is not attached. */
	as = attach_apart(0, self->engine, self->pid);
	ASSERT_LT(0, as);
	kill(as, SIGKILL);
	EXPECT_EQ(SIGKILL, wait_for_status(as, 0));
	EXPECT_EQ(ENOENT, command(self->engine, "barrier"));

	/* One with a handler: it begins again. */
	as = attach_apart(0, self->engine, self->pid);
	ASSERT_LT(0, as);
	kill(as, SIGUSR1);
	EXPECT_EQ(1, read(handled[0], &byte, 1));
	EXPECT_EQ(0, wait_asleep(as));
	EXPECT_EQ(0, waitpid(as, &status, WNOHANG));

	EXPECT_EQ(0, ptrace(PTRACE_CONT, tid, 0, 0));
	EXPECT_EQ(0, wait_for_status(tid, __WALL));
	EXPECT_EQ(SIGTRAP | PTRACE_EVENT_EXEC << 8,
		  wait_for_status(self->pid, __WALL) >> 8);
	EXPECT_EQ(0, wait_for_status(as, 0));
	EXPECT_EQ(0, command(self->engine, "events exit"));
	EXPECT_EQ(0, ptrace(PTRACE_DETACH, self->pid, 0, 0));
	EXPECT_EQ(EXIT_CODE(EXECUTED), end(self));
	EXPECT_TRUE(logged_exactly(self->engine, "exit"));
}

/* The same, by a user who may not any more when the exec has been done. */
TEST_F(task, it_is_refused_after_a_set_id_exec)
{
	pid_t tid, as;

	if (make_program(04755)) {
		unlink(program);
		SKIP(return, "no set-id programs in /tmp");
	}
	tid = begin_exec(_metadata, self, execute_beside_a_thread_as_user, 0);
	as = attach_apart(USER, self->engine, self->pid);
	ASSERT_LT(0, as);
	EXPECT_EQ(0, ptrace(PTRACE_CONT, tid, 0, 0));
	EXPECT_EQ(0, wait_for_status(tid, __WALL));
	EXPECT_EQ(EXIT_CODE(EPERM), wait_for_status(as, 0));
	EXPECT_EQ(ENOENT, command(self->engine, "barrier"));
	EXPECT_EQ(EXIT_CODE(EXECUTED), wait_for_status(self->pid, __WALL));
	self->pid = 0;
	unlink(program);
}

#define TRACING		"/sys/kernel/tracing/"
#define ALLOCATIONS	TRACING "events/kmem/kmalloc/"

static int write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == strlen(text);

	close(fd);
	return done ? 0 : -1;
}

/* Trace what @pid allocates. */
static int trace_allocations(pid_t pid)
{
	char filter[64];

	snprintf(filter, sizeof(filter), "common_pid == %d", pid);
	return write_to(TRACING "trace", "\n") ||
	       write_to(ALLOCATIONS "filter", filter) ||
	       write_to(ALLOCATIONS "enable", "1");
}

/* Has it allocated what engines are attached to? */
static bool trace_has_allocated(void)
{
	FILE *trace = fopen(TRACING "trace", "r");
	char line[512];
	bool found = false;

	while (!found && fgets(line, sizeof(line), trace))
		found = strstr(line, "call_site=utrace_alloc+");
	fclose(trace);
	write_to(ALLOCATIONS "enable", "0");
	write_to(ALLOCATIONS "filter", "0");
	return found;
}

/* So does utrace_attach_checked(), which KUnit tests. */
TEST_F(task, ptrace_allocates_before_it_waits_for_an_exec)
{
	pid_t tid, as;

	if (access(TRACING "trace", F_OK))
		mount("tracefs", TRACING, "tracefs", 0, NULL);
	if (access(ALLOCATIONS "enable", W_OK))
		SKIP(return, "needs CONFIG_EVENT_TRACING");

	tid = begin_exec(_metadata, self, execute_beside_a_thread_as_root, -1);
	as = fork();
	if (!as) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		raise(SIGSTOP);
		ptrace(PTRACE_SEIZE, self->pid, 0, 0);
		_exit(0);
	}
	ASSERT_EQ(SIGSTOP, WSTOPSIG(wait_for_status(as, WUNTRACED)));
	ASSERT_EQ(0, trace_allocations(as));
	kill(as, SIGCONT);
	EXPECT_EQ(0, wait_asleep(as));
	EXPECT_TRUE(trace_has_allocated());
	EXPECT_EQ(0, ptrace(PTRACE_CONT, tid, 0, 0));
	EXPECT_EQ(0, wait_for_status(tid, __WALL));
	/* It attaches, or the new program has ended already. */
	EXPECT_TRUE(WIFEXITED(wait_for_status(as, 0)));
	EXPECT_EQ(EXIT_CODE(EXECUTED), wait_for_status(self->pid, __WALL));
	self->pid = 0;
}

TEST_F(task, what_is_not_checked_is_not_refused)
{
	START_ALONE(be_root);
	EXPECT_EQ(0, attach_as(USER, self->engine, self->pid, ""));
	EXPECT_EQ(0, attach_to(self->other, getpid()));
}

/* Who stays at an exec */

static void execute_as_user(int in, int out)
{
	be_user(in, out);
	execute_file(program);
}

/* Instead of a mode: capabilities of the file. */
#define CAPABLE	0

static int make_capable(void)
{
	const struct vfs_cap_data caps = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data[0].permitted = 1 << CAP_SYS_ADMIN,
	};

	return make_program(0755) ?: setxattr(program, "security.capability",
					      &caps, sizeof(caps), 0);
}

/* What is told of an exec to an engine that was attached by @uid, @how. */
static void told_of_exec(struct __test_metadata *_metadata,
			 FIXTURE_DATA(task) * const self, mode_t mode,
			 uid_t uid, const char *how, const char *told)
{
	if (mode == CAPABLE ? make_capable() : make_program(mode)) {
		unlink(program);
		SKIP(return, "no set-id programs or file capabilities in /tmp");
	}
	START_ALONE(execute_as_user);
	EXPECT_EQ(0, attach_as(uid, self->engine, self->pid, how));
	EXPECT_EQ(0, command(self->engine, "events exec exit death reap"));
	tell(self);
	EXPECT_EQ(EXIT_CODE(EXECUTED), end(self));
	EXPECT_TRUE(logged_exactly(self->engine, told));
	unlink(program);
}

#define TOLD_OF_EXEC(mode, uid, how, told)				\
	told_of_exec(_metadata, self, mode, uid, how, told)
#define ALL	"exec exit death reap"

TEST_F(task, stays_at_an_exec)
{
	TOLD_OF_EXEC(0755, USER, " checked", ALL);
}

TEST_F(task, goes_at_a_set_id_exec)
{
	TOLD_OF_EXEC(04755, USER, " checked", "");
}

TEST_F(task, goes_at_an_exec_of_a_capable_file)
{
	TOLD_OF_EXEC(CAPABLE, USER, " checked", "");
}

TEST_F(task, roots_stays_at_an_exec_of_a_capable_file)
{
	TOLD_OF_EXEC(CAPABLE, 0, " checked", ALL);
}

/* An engine on a child is as good as that on its parent. */

static void have_child_execute_as_user(int in, int out)
{
	int status;
	pid_t pid;

	be_user(in, out);
	pid = fork();
	if (!pid)
		execute_file(program);
	waitpid(pid, &status, 0);
	_exit(WEXITSTATUS(status));
}

static void told_by_child(struct __test_metadata *_metadata,
			  FIXTURE_DATA(task) * const self, mode_t mode,
			  int execs)
{
	if (make_program(mode)) {
		unlink(program);
		SKIP(return, "no set-id programs in /tmp");
	}
	START_ALONE(have_child_execute_as_user);
	EXPECT_EQ(0, attach_as(USER, self->engine, self->pid, " checked"));
	EXPECT_EQ(0, command(self->engine, "on clone follow"));
	EXPECT_EQ(0, command(self->engine, "events clone exec exit"));
	tell(self);
	EXPECT_EQ(EXIT_CODE(EXECUTED), end(self));
	EXPECT_EQ(execs, counter(self->engine, "exec"));
	EXPECT_EQ(execs + 1, counter(self->engine, "exit"));
	unlink(program);
}

TEST_F(task, a_childs_stays_at_an_exec)
{
	told_by_child(_metadata, self, 0755, 1);
}

TEST_F(task, a_childs_goes_at_a_set_id_exec)
{
	told_by_child(_metadata, self, 04755, 0);
}

TEST_F(task, roots_stays_at_a_set_id_exec)
{
	TOLD_OF_EXEC(04755, 0, " checked", ALL);
}

TEST_F(task, what_was_not_checked_stays_at_a_set_id_exec)
{
	TOLD_OF_EXEC(04755, USER, "", ALL);
}

TEST_F(task, goes_at_an_exec_of_what_cannot_be_read)
{
	TOLD_OF_EXEC(0711, USER, " checked", "");
}

#define SUID_DUMPABLE	"/proc/sys/fs/suid_dumpable"

/* Root gets its capabilities back, and is not set-id, nor undumpable by that. */
static void execute_as_poor_root(int in, int out)
{
	prctl(PR_SET_PTRACER, -1, 0, 0, 0);
	become(POOR_ROOT);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	be_told(in);
	execute();
}

static void told_of_rich_program(struct __test_metadata *_metadata,
				 FIXTURE_DATA(task) * const self, uid_t uid,
				 const char *told)
{
	int fd = open(SUID_DUMPABLE, O_RDWR);
	char was;

	ASSERT_LE(0, fd);
	was = text_of(fd).text[0];
	START_ALONE(execute_as_poor_root);
	EXPECT_EQ(1, pwrite(fd, "1", 1, 0));
	EXPECT_EQ(0, attach_as(uid, self->engine, self->pid, " checked"));
	EXPECT_EQ(0, command(self->engine, "events exec exit death reap"));
	tell(self);
	EXPECT_EQ(EXIT_CODE(EXECUTED), end(self));
	EXPECT_TRUE(logged_exactly(self->engine, told));
	EXPECT_EQ(1, pwrite(fd, &was, 1, 0));
	close(fd);
}

TEST_F(task, goes_at_an_exec_that_gains_capabilities)
{
	told_of_rich_program(_metadata, self, POOR_ROOT, "");
}

TEST_F(task, stays_where_the_program_has_no_more_than_who_attached_it)
{
	told_of_rich_program(_metadata, self, 0, ALL);
}

TEST_F(task, roots_stays_at_an_exec_of_what_cannot_be_read)
{
	TOLD_OF_EXEC(0711, 0, " checked", ALL);
}

TEST_HARNESS_MAIN
