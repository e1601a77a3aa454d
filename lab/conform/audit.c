// SPDX-License-Identifier: GPL-2.0
/*
 * The audit log.  We are the audit daemon: the kernel sends us its records,
 * in order.  A record of our own marks where a sequence begins and ends.
 *
 * Records are compared as text, without time and serial number; pids, which
 * are those of the first namespace, are numbered as they come.
 */
#include "conform.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int sock = -1;
static u32 sequence;

struct message {
	struct nlmsghdr header;
	char data[9000];
};

static struct message message;

static bool send_message(unsigned int type, const void *data, size_t len, unsigned int flags)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	static struct message out;

	memset(&out.header, 0, sizeof(out.header));
	out.header.nlmsg_len = NLMSG_LENGTH(len);
	out.header.nlmsg_type = type;
	out.header.nlmsg_flags = NLM_F_REQUEST | flags;
	out.header.nlmsg_seq = ++sequence;
	memcpy(out.data, data, len);
	return sendto(sock, &out, out.header.nlmsg_len, 0, (struct sockaddr *)&to,
		      sizeof(to)) == (ssize_t)out.header.nlmsg_len;
}

static bool receive(void)
{
	ssize_t len;

	do {
		len = recv(sock, &message, sizeof(message) - 1, 0);
	} while (len < 0 && errno == EINTR);
	if (len < (ssize_t)sizeof(message.header))
		return false;
	((char *)&message)[len] = 0;
	return true;
}

/* Send, and wait for the kernel to say yes. */
static bool command(unsigned int type, const void *data, size_t len)
{
	if (!send_message(type, data, len, NLM_F_ACK))
		return false;
	while (receive()) {
		if (message.header.nlmsg_type == NLMSG_ERROR &&
		    message.header.nlmsg_seq == sequence) {
			errno = -((struct nlmsgerr *)message.data)->error;
			return !errno;
		}
	}
	return false;
}

/* Add or delete: every system call when it exits, but for those of one task. */
static bool rules(unsigned int type, pid_t but)
{
	struct audit_rule_data rule = {
		.flags = AUDIT_FILTER_EXIT,
		.action = AUDIT_NEVER,
		.field_count = 1,
		.fields = { AUDIT_PID },
		.fieldflags = { AUDIT_EQUAL },
		.values = { but },
	};
	unsigned int i;

	for (i = 0; i < AUDIT_BITMASK_SIZE; i++)
		rule.mask[i] = ~0U;
	if (!command(type, &rule, sizeof(rule)))
		return false;
	rule.action = AUDIT_ALWAYS;
	rule.field_count = 0;
	return command(type, &rule, sizeof(rule));
}

/*
 * Only a process of the first pid namespace may turn the log on.  So that
 * the tracer inherits it, the socket is opened before the tracer is forked.
 */
bool audit_open(void)
{
	int size = 8 << 20;

	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
	if (sock < 0)
		return false;
	return !setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
}

bool audit_start(pid_t tracer)
{
	struct audit_status status = {
		.mask = AUDIT_STATUS_ENABLED | AUDIT_STATUS_PID |
			AUDIT_STATUS_BACKLOG_LIMIT | AUDIT_STATUS_FAILURE,
		.enabled = 1,
		.pid = getpid(),
		.backlog_limit = 8192,
		.failure = AUDIT_FAIL_PANIC,	/* rather than lose one */
	};

	return command(AUDIT_SET, &status, sizeof(status)) &&
	       rules(AUDIT_ADD_RULE, tracer);
}

/* "audit(1.2:3): text" without its stamp, and with pids that repeat. */
#define MAX_PIDS	32

static void tell(struct record *rec, unsigned int type, const char *text, long *pids,
		 unsigned int *nr_pids)
{
	static const char *const names[] = { " ppid=", " pid=", " opid=" };
	static char line[sizeof(message.data) + 64];
	const char *from = strstr(text, "): ");
	char *to = line;
	unsigned int i, j;
	long pid;

	from = from ? from + 2 : text;
	while (*from && to < line + sizeof(line) - 64) {
		for (i = 0; i < ARRAY_SIZE(names); i++) {
			if (!strncmp(from, names[i], strlen(names[i])))
				break;
		}
		if (i < ARRAY_SIZE(names)) {
			pid = strtol(from + strlen(names[i]), (char **)&from, 10);
			for (j = 0; j < *nr_pids && pids[j] != pid; j++)
				;
			if (j == *nr_pids && j < MAX_PIDS)
				pids[(*nr_pids)++] = pid;
			to += sprintf(to, "%sP%u", names[i], j);
		} else if (!strncmp(from, " inode=", 7)) {
			/* given out in the order of the boot */
			from += 7 + strspn(from + 7, "0123456789");
			to += sprintf(to, " inode=N");
		} else {
			*to++ = *from++;
		}
	}
	*to = 0;
	record(rec, "audit", type);
	record_text(rec, " ", line);
}

/*
 * All records up to now: the kernel keeps them in order, so those before one
 * that we write ourselves.
 */
void audit_collect(struct record *rec)
{
	static const char mark[] = "conform: end";
	unsigned int nr_pids = 0;
	long pids[MAX_PIDS];

	if (sock < 0)
		return;
	if (!send_message(AUDIT_USER, mark, sizeof(mark), 0)) {
		record(rec, "audit: no mark", errno);
		return;
	}
	while (receive()) {
		switch (message.header.nlmsg_type) {
		case NLMSG_ERROR:
			continue;
		case AUDIT_USER:
			if (strstr(message.data, mark))
				return;
			break;
		}
		tell(rec, message.header.nlmsg_type, message.data, pids, &nr_pids);
	}
	record(rec, "audit: no answer", errno);
}

void audit_stop(pid_t tracer)
{
	struct audit_status status = {
		.mask = AUDIT_STATUS_ENABLED | AUDIT_STATUS_FAILURE,
	};

	rules(AUDIT_DEL_RULE, tracer);
	command(AUDIT_SET, &status, sizeof(status));
	status.mask = AUDIT_STATUS_PID;
	command(AUDIT_SET, &status, sizeof(status));
}
