// SPDX-License-Identifier: GPL-2.0
/* What tasks pay that nobody traces. */
#include "bench.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH	59
#define PR_SYS_DISPATCH_ON		1
#endif

#define CALLS	1000

static u64 getppid_body(unsigned int nr)
{
	unsigned int i;
	u64 start = now();

	for (i = 0; i < nr; i++)
		sys0(SYS_getppid);
	return now() - start;
}

static u64 getpid_body(unsigned int nr)
{
	unsigned int i;
	u64 start = now();

	for (i = 0; i < nr; i++)
		sys0(SYS_getpid);
	return now() - start;
}

static double null_call(unsigned int nr)
{
	return measure_in_loop(nr == SYS_getpid ? getpid_body : getppid_body, CALLS);
}

/* A filter that allows: of its number, or what it must look at each time. */
static double with_seccomp(unsigned int looks)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 looks ? offsetof(struct seccomp_data, args[0]) :
				 offsetof(struct seccomp_data, nr)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		skip("seccomp: %s", strerror(errno));
	return null_call(SYS_getppid);
}

static double with_dispatch(unsigned int arg)
{
	static volatile char selector;	/* SYSCALL_DISPATCH_FILTER_ALLOW */

	(void)arg;
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &selector))
		skip("Syscall User Dispatch: %s", strerror(errno));
	return null_call(SYS_getppid);
}

/* What the kernel says to a message about audit: 0 or an errno. */
static int audit_message(int sock, unsigned int type, const void *data, size_t len)
{
	struct {
		struct nlmsghdr header;
		char data[4096];
	} m = {
		.header = {
			.nlmsg_len = NLMSG_LENGTH(len),
			.nlmsg_type = type,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		},
	};
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };

	memcpy(m.data, data, len);
	if (sendto(sock, &m, m.header.nlmsg_len, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		return errno;
	while (recv(sock, &m, sizeof(m), 0) > 0) {
		if (m.header.nlmsg_type == NLMSG_ERROR)
			return -((struct nlmsgerr *)m.data)->error;
	}
	return errno;
}

/*
 * A rule that has to be looked at but is about another call.  Tasks that were
 * there before audit was on are not audited, so a new one measures.
 */
static double with_audit(unsigned int arg)
{
	struct audit_status status = { .mask = AUDIT_STATUS_ENABLED, .enabled = 1 };
	struct audit_rule_data rule = {
		.flags = AUDIT_FILTER_EXIT,
		.action = AUDIT_ALWAYS,
	};
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT), err;
	double *cost = mmap(NULL, sizeof(*cost), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	(void)arg;
	if (sock < 0 || cost == MAP_FAILED)
		skip("no audit socket: %s", strerror(errno));
	rule.mask[AUDIT_WORD(SYS_adjtimex)] |= AUDIT_BIT(SYS_adjtimex);
	err = audit_message(sock, AUDIT_SET, &status, sizeof(status)) ?:
	      audit_message(sock, AUDIT_ADD_RULE, &rule, sizeof(rule));
	if (err)
		skip("audit: %s", strerror(err));
	pid = fork();
	if (!pid) {
		*cost = null_call(SYS_getppid);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	audit_message(sock, AUDIT_DEL_RULE, &rule, sizeof(rule));
	status.enabled = 0;
	audit_message(sock, AUDIT_SET, &status, sizeof(status));
	return *cost;
}

static u64 fork_body(unsigned int nr)
{
	unsigned int i;
	u64 start = now();
	long pid;

	for (i = 0; i < nr; i++) {
		pid = sys0(SYS_fork);
		if (!pid)
			sys4(SYS_exit_group, 0, 0, 0, 0);
		sys4(SYS_wait4, pid, 0, 0, 0);
	}
	return now() - start;
}

static u64 exec_body(unsigned int nr)
{
	static char *const words[] = { "bench", "nothing", NULL };
	unsigned int i;
	u64 start = now();
	pid_t pid;

	for (i = 0; i < nr; i++) {
		pid = vfork();
		if (!pid) {
			execve(self, words, NULL);
			_exit(1);
		}
		sys4(SYS_wait4, pid, 0, 0, 0);
	}
	return now() - start;
}

static void *thread(void *arg)
{
	return arg;
}

static u64 thread_body(unsigned int nr)
{
	unsigned int i;
	u64 start = now();
	pthread_t id;

	for (i = 0; i < nr; i++) {
		if (pthread_create(&id, NULL, thread, NULL) || pthread_join(id, NULL))
			skip("no thread");
	}
	return now() - start;
}

static void handler(int sig)
{
	(void)sig;
}

static u64 signal_body(unsigned int nr)
{
	unsigned int i;
	u64 start;
	long pid = getpid();

	signal(SIGUSR1, handler);
	start = now();
	for (i = 0; i < nr; i++)
		sys4(SYS_kill, pid, SIGUSR1, 0, 0);
	return now() - start;
}

static u64 fault_body(unsigned int nr)
{
	static char *pages;
	unsigned int i;
	u64 took;

	if (!pages) {
		pages = mmap(NULL, nr * 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (pages == MAP_FAILED)
			skip("mmap: %s", strerror(errno));
		madvise(pages, nr * 4096, MADV_NOHUGEPAGE);
	}
	took = now();
	for (i = 0; i < nr; i++)
		((volatile char *)pages)[i * 4096] = 1;
	took = now() - took;
	madvise(pages, nr * 4096, MADV_DONTNEED);
	return took;
}

enum { FORK, FORK_ALL, EXEC, THREAD, SIGNAL, FAULT };

static double work(unsigned int what)
{
	switch (what) {
	case FORK:
		return measure_batches(fork_body, 4, 801);
	case FORK_ALL:
		return mean_of_batches(fork_body, 20, 201);
	case EXEC:
		return measure_batches(exec_body, 2, 201);
	case THREAD:
		return measure_batches(thread_body, 20, 1001);
	case SIGNAL:
		return measure(signal_body, 200);
	default:
		return measure(fault_body, 256);
	}
}

const struct bench_case untraced_cases[] = {
	{ "untraced/getppid", null_call, SYS_getppid },
	{ "untraced/getpid", null_call, SYS_getpid },
	{ "untraced/getppid, seccomp allows", with_seccomp, 0 },
	{ "untraced/getppid, seccomp looks and allows", with_seccomp, 1 },
	{ "untraced/getppid, user dispatch allows", with_dispatch },
	{ "untraced/fork, exit, wait", work, FORK },
	{ "untraced/fork, exit, wait, with ticks", work, FORK_ALL, ONE_CPU },
	{ "untraced/vfork, exec, wait", work, EXEC },
	{ "untraced/thread, join", work, THREAD },
	{ "untraced/signal, handler", work, SIGNAL },
	{ "untraced/page fault", work, FAULT },
	{ }
};

const struct bench_case untraced_last_cases[] = {
	{ "untraced/getppid, audit on", with_audit },
	{ }
};
