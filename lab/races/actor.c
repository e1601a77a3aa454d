// SPDX-License-Identifier: GPL-2.0
/* Whoever may act and is no tracer. */
#include "races.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>

#include "sys.h"

/* The notification that the tracee waits for. */
static struct seccomp_notif received;

static long answer(u64 id, long value)
{
	struct seccomp_notif_resp answer = { .id = id, .val = value };

	return sys(__NR_ioctl, run.notify_fd, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

static bool receive(struct seccomp_notif *notif)
{
	struct pollfd poll = { .fd = run.notify_fd, .events = POLLIN };
	struct timespec zero = { 0, 0 };

	if (run.notify_fd < 0 || sys(__NR_ppoll, &poll, 1, &zero, 0, 8) != 1 ||
	    !(poll.revents & POLLIN))
		return false;
	*notif = (struct seccomp_notif){ 0 };
	return !sys(__NR_ioctl, run.notify_fd, SECCOMP_IOCTL_NOTIF_RECV, notif);
}

/* Before the race: wait for the one that is to be answered, if @value is -1. */
void answer_notifications(long value)
{
	struct seccomp_notif notif;

	if (value < 0) {
		while (!receive(&received))
			sys(__NR_sched_yield);
		return;
	}
	while (receive(&notif))
		answer(notif.id, value);
}

long actor_act(enum act act)
{
	int pid = run.tracee.pid;

	switch (act) {
	case ACT_USR1:
		return sys(__NR_kill, pid, SIGUSR1);
	case ACT_STOP:
		return sys(__NR_kill, pid, SIGSTOP);
	case ACT_TSTP:
		return sys(__NR_kill, pid, SIGTSTP);
	case ACT_CONT:
		return sys(__NR_kill, pid, SIGCONT);
	case ACT_KILL:
		return sys(__NR_kill, pid, SIGKILL);
	case ACT_FREEZE:
		return sys(__NR_pwrite64, freeze_fd, "1", 1, 0) < 0 ? -EIO : 0;
	case ACT_THAW:
		return sys(__NR_pwrite64, freeze_fd, "0", 1, 0) < 0 ? -EIO : 0;
	case ACT_ANSWER:
		return answer(received.id, 5);
	case ACT_KILL_TRACER:
		return sys(__NR_kill, run.tracer[0].pid, SIGKILL);
	default:
		return -EINVAL;
	}
}

void actor_main(void *arg)
{
	int i, last = -1;

	be_amplified();
	set_flag(&run.actor.ready);
	begin();
	while ((i = next_act(NO_ACT + 1, TRACER_ACTS, last)) >= 0) {
		last = i;
		wait_until(i, true);
		acted(i, actor_act(run.sc->acts[i]));
	}
	set_flag(&run.actor.done);
	for (;;)
		sys(__NR_exit_group, 0);
}
