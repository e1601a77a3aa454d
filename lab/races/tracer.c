// SPDX-License-Identifier: GPL-2.0
/* One or two tracers: bring the tracee where it is to be, act, then answer. */
#include "races.h"

#include <errno.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <sys/wait.h>

#include "sys.h"

#define MAX_TASKS	8

/* Not in libc's headers, or in conflict with the kernel's. */
#define PTRACE_EVENT_STOP_	128
#define PTRACE_SYSEMU_		31
#define PTRACE_SYSEMU_STEP_	32
#define PTRACE_BLOCK_		33
#define PTRACE_STEP_		9
#define PTRACE_CONT_		7
#define PTRACE_ATTACH_		16
#define PTRACE_DETACH_		17

#define EVENT_OPTIONS	(PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
			 PTRACE_O_TRACEEXEC | PTRACE_O_TRACEVFORKDONE | PTRACE_O_TRACEEXIT | \
			 PTRACE_O_TRACESECCOMP)

struct tracer {
	struct party *party;
	int tasks[MAX_TASKS];	/* by who they are */
	unsigned int nr_tasks;
	u8 calls[MAX_TASKS];	/* entries without an exit */
	int signal;		/* what the stop at the beginning gives back */
	bool answered;		/* the first stop */
	bool marked;		/* the end has come: just let all go on */
};

static long ptrace(long request, int pid, long addr, long data)
{
	return sys(__NR_ptrace, request, pid, addr, data);
}

static const int requests[NR_RESUMES] = {
	[DO_CONT]	= PTRACE_CONT_,
	[DO_SYSCALL]	= PTRACE_SYSCALL,
	[DO_SYSEMU]	= PTRACE_SYSEMU_,
	[DO_SYSEMUSTEP]	= PTRACE_SYSEMU_STEP_,
	[DO_STEP]	= PTRACE_STEP_,
	[DO_BLOCK]	= PTRACE_BLOCK_,
};

static int who_is(struct tracer *t, int pid)
{
	unsigned int i;

	for (i = 0; i < t->nr_tasks; i++) {
		if (t->tasks[i] == pid)
			return i;
	}
	if (t->nr_tasks == MAX_TASKS)
		return MAX_TASKS - 1;
	t->tasks[t->nr_tasks] = pid;
	return t->nr_tasks++;
}

static void say(struct tracer *t, int pid, const char *name)
{
	log_token(&t->party->log, who_is(t, pid), name, 0, false, false);
}

static void say_number(struct tracer *t, int pid, const char *name, long number)
{
	log_token(&t->party->log, who_is(t, pid), name, number, true, false);
}

/* A stop that comes for each call or instruction. */
static void say_stream(struct tracer *t, int pid, const char *name, long number)
{
	log_token(&t->party->log, who_is(t, pid), name, number, true, true);
}

static long options(void)
{
	return PTRACE_O_TRACESYSGOOD | (run.sc->events ? EVENT_OPTIONS : 0) |
	       (run.sc->exitkill ? PTRACE_O_EXITKILL : 0);
}

static int next_stop(int pid)
{
	int status = 0;
	long ret;

	ret = sys(__NR_wait4, pid, &status, __WALL, 0);
	return ret == pid ? status : (int)ret;
}

/* Wait for the attach stop, too, and let the tracee go on from there. */
static void attach_whole(int pid, enum how how)
{
	if (how == BY_SEIZE) {
		ptrace(PTRACE_SEIZE, pid, 0, options());
		return;
	}
	ptrace(PTRACE_ATTACH_, pid, 0, 0);
	next_stop(pid);
	ptrace(PTRACE_SETOPTIONS, pid, 0, options());
	ptrace(PTRACE_CONT_, pid, 0, 0);
}

static long attach(int pid, enum how how)
{
	long ret;

	if (how == BY_SEIZE)
		return ptrace(PTRACE_SEIZE, pid, 0, options());
	ret = ptrace(PTRACE_ATTACH_, pid, 0, 0);
	/* Its stop may not have come yet, then it has no options. */
	if (!ret)
		ptrace(PTRACE_SETOPTIONS, pid, 0, options());
	return ret;
}

/* To where the tracee is when the race begins. */
static void prepare(struct tracer *t)
{
	const struct scenario *sc = run.sc;
	int pid;

	if (sc->child)
		start_tracee();
	pid = run.tracee.pid;
	who_is(t, pid);
	if (run.thread.pid)
		who_is(t, run.thread.pid);
	if (sc->how != BY_NOBODY) {
		attach_whole(pid, sc->how);
		if (run.thread.pid)
			attach_whole(run.thread.pid, sc->how);
	}
	set_flag(&run.tracee_go);
	if (sc->state == AT_FORK || sc->state == AT_EXEC) {
		next_stop(pid);
		return;
	}
	wait_flag(&run.tracee_ready);

	switch (sc->state) {
	case AT_SIGNAL:
	case AT_STOP:
		t->signal = sc->state == AT_STOP ? SIGSTOP : SIGUSR1;
		sys(__NR_tgkill, pid, pid, t->signal);
		next_stop(pid);
		return;
	case AT_ENTRY:
	case AT_EXIT:
		sys(__NR_tgkill, pid, pid, SIGUSR2);
		next_stop(pid);
		ptrace(PTRACE_SYSCALL, pid, 0, 0);
		next_stop(pid);
		if (sc->state == AT_EXIT) {
			ptrace(PTRACE_SYSCALL, pid, 0, 0);
			next_stop(pid);
		}
		return;
	case AT_GROUP:
	case AT_LISTEN:
		sys(__NR_tgkill, pid, pid, SIGSTOP);
		next_stop(pid);
		ptrace(PTRACE_CONT_, pid, 0, SIGSTOP);
		next_stop(pid);
		if (run.thread.pid)
			next_stop(run.thread.pid);
		if (sc->state == AT_LISTEN) {
			ptrace(PTRACE_LISTEN, pid, 0, 0);
			if (run.thread.pid)
				ptrace(PTRACE_LISTEN, run.thread.pid, 0, 0);
		}
		return;
	case AT_INTERRUPT:
		ptrace(PTRACE_INTERRUPT, pid, 0, 0);
		next_stop(pid);
		return;
	case AT_STOPPED:
		sys(__NR_kill, pid, SIGSTOP);
		if (sc->child)
			sys(__NR_wait4, pid, 0, WUNTRACED, 0);
		return;
	}
	/* A call that waits for its answer is not to stop before that. */
	if (sc->how != BY_NOBODY && sc->policy < NR_RESUMES &&
	    sc->policy != DO_CONT && sc->state != IN_NOTIFY) {
		sys(__NR_tgkill, pid, pid, SIGUSR2);
		next_stop(pid);
		ptrace(requests[sc->policy], pid, 0, 0);
	}
}

/* Say what a stop is. Returns the signal to give back, or -1 in a group stop. */
static int tell_stop(struct tracer *t, int pid, int status)
{
	static const char *const events[] = {
		[PTRACE_EVENT_FORK] = "fork", [PTRACE_EVENT_VFORK] = "vfork",
		[PTRACE_EVENT_CLONE] = "clone", [PTRACE_EVENT_EXEC] = "exec",
		[PTRACE_EVENT_VFORK_DONE] = "vfork-done", [PTRACE_EVENT_EXIT] = "exit-code",
		[PTRACE_EVENT_SECCOMP] = "seccomp",
	};
	struct ptrace_syscall_info call;
	int event = status >> 16, signr = status >> 8 & 0xff;
	unsigned long message = 0;
	siginfo_t info;
	long ret;

	if (event == PTRACE_EVENT_STOP_) {
		if (signr == SIGTRAP) {
			say(t, pid, "event-stop");
			return 0;
		}
		say_number(t, pid, "group", signr);
		return -1;
	}
	if (event && event < (int)ARRAY_SIZE(events) && events[event]) {
		ptrace(PTRACE_GETEVENTMSG, pid, 0, (long)&message);
		if (event == PTRACE_EVENT_EXIT || event == PTRACE_EVENT_SECCOMP)
			say_number(t, pid, events[event], message);
		else if (event == PTRACE_EVENT_VFORK_DONE)
			say(t, pid, events[event]);
		else
			say_number(t, pid, events[event], message ? who_is(t, message) : -1);
		return 0;
	}
	if (signr == (SIGTRAP | 0x80)) {
		call.op = PTRACE_SYSCALL_INFO_NONE;
		ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(call), (long)&call);
		switch (call.op) {
		case PTRACE_SYSCALL_INFO_ENTRY:
			if (t->calls[who_is(t, pid)]++ && run.sc->policy == DO_SYSCALL && !t->marked)
				say(t, pid, "entry-twice");
			say_stream(t, pid, "entry", call.entry.nr);
			break;
		case PTRACE_SYSCALL_INFO_EXIT:
			t->calls[who_is(t, pid)] = 0;
			say_stream(t, pid, "return", call.exit.rval < 0 ? call.exit.rval : 0);
			break;
		default:
			say_number(t, pid, "call", call.op);
		}
		return 0;
	}
	ret = ptrace(PTRACE_GETSIGINFO, pid, 0, (long)&info);
	if (ret == -EINVAL) {
		say_number(t, pid, "group", signr);
		return -1;
	}
	if (ret) {
		say_number(t, pid, "signal?", signr);
		return signr;
	}
	if (signr == SIGTRAP) {
		say_stream(t, pid, "trap", info.si_code);
		return 0;
	}
	say_number(t, pid, info.si_code == SI_TKILL ? "tsig" :
		   info.si_code == SI_USER ? "sig" : "ksig", signr);
	return signr;
}

static void quit(struct tracer *t)
{
	say(t, run.tracee.pid, "quit");
	for (;;)
		sys(__NR_exit_group, 0);
}

/* A task has stopped or ended: say what it is, and let it go on. */
static void react(struct tracer *t, int pid, int status)
{
	enum policy policy = run.sc->policy;
	int request = PTRACE_CONT_;
	bool first = !t->answered;
	bool reattach = false;
	int signr;
	long ret;

	if (WIFEXITED(status)) {
		say_number(t, pid, "exited", WEXITSTATUS(status));
		return;
	}
	if (WIFSIGNALED(status)) {
		say_number(t, pid, "killed", WTERMSIG(status));
		return;
	}
	signr = tell_stop(t, pid, status);
	t->answered = true;
	if (signr < 0 && !run.sc->child)
		wait_for_parent();
	if (signr == SIG_MARK)
		t->marked = true;
	if (t->marked || (run.calm && policy < NR_RESUMES)) {
		policy = DO_CONT;
	} else if (policy < NR_RESUMES) {
		request = requests[policy];
	} else if (policy == DO_LISTEN && signr < 0) {
		request = PTRACE_LISTEN;
	} else if (policy == DO_DROP) {
		signr = 0;
	} else if (first) {
		switch (policy) {
		case DO_STEP_ONCE:
			request = PTRACE_STEP_;
			break;
		case DO_REATTACH:
			reattach = true;
			/* fall through */
		case DO_DETACH:
			request = PTRACE_DETACH_;
			break;
		case DO_EXIT:
			quit(t);
		default:
			break;
		}
	} else if (policy == DO_STEP_ONCE && signr == SIGUSR1) {
		/* The step is to go into the handler. */
		request = PTRACE_STEP_;
	}
	ret = ptrace(request, pid, 0, signr > 0 ? signr : 0);
	if (ret)
		say_number(t, pid, "resume", ret);
	if (reattach)
		say_number(t, pid, "reattach",
			   attach(pid, run.sc->how == BY_NOBODY ? BY_SEIZE : run.sc->how));
}

static long tracer_act(struct tracer *t, enum act act)
{
	int pid = run.tracee.pid;
	siginfo_t info;
	long ret, cont;

	switch (act) {
	case ACT_INTERRUPT:
		return ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	case ACT_LISTEN:
		return ptrace(PTRACE_LISTEN, pid, 0, 0);
	case ACT_ATTACH:
	case ACT_ATTACH_2:
		return attach(pid, BY_ATTACH);
	case ACT_SEIZE:
	case ACT_SEIZE_2:
		return attach(pid, BY_SEIZE);
	case ACT_R_CONT ... ACT_R_BLOCK:
		return ptrace(requests[act - ACT_R_CONT], pid, 0, t->signal);
	case ACT_DETACH:
		return ptrace(PTRACE_DETACH_, pid, 0, t->signal);
	case ACT_REATTACH:
		ret = ptrace(PTRACE_DETACH_, pid, 0, t->signal);
		return ret ? ret : attach(pid, run.sc->how);
	case ACT_OPTIONS:
		ret = ptrace(PTRACE_SETOPTIONS, pid, 0, options());
		/* From the stop in which they were set, or it would never end. */
		cont = ptrace(PTRACE_CONT_, pid, 0, t->signal);
		return ret ? ret : cont;
	case ACT_LOOK:
		return ptrace(PTRACE_GETSIGINFO, pid, 0, (long)&info);
	default:
		return actor_act(act);
	}
}

/* One event, if there is one or we are to wait for it. */
static bool look(struct tracer *t, int flags)
{
	int status, pid;

	do {
		pid = sys(__NR_wait4, -1, &status, __WALL | flags, 0);
	} while (pid == -EINTR);
	if (pid > 0)
		react(t, pid, status);
	return pid >= 0;
}

/* Does it stop all the time, so that we cannot just wait for our moment? */
static bool is_busy(void)
{
	return run.sc->state < IN_NOTIFY && run.sc->how != BY_NOBODY &&
	       run.sc->policy > DO_CONT && run.sc->policy < NR_RESUMES;
}

static void do_acts(struct tracer *t, int from, int to)
{
	int i, last = -1;

	if (next_act(from, to, last) >= 0)
		begin();
	while ((i = next_act(from, to, last)) >= 0) {
		last = i;
		while (is_busy() && now() < run.start + run.when[i])
			look(t, WNOHANG);
		wait_until(i, true);
		if (run.sc->acts[i] == ACT_EXIT) {
			acted(i, 0);
			quit(t);
		}
		acted(i, tracer_act(t, run.sc->acts[i]));
	}
}

void tracer_main(void *arg)
{
	static struct tracer tracers[2];
	struct tracer *t = &tracers[(long)arg];

	*t = (struct tracer){ .party = &run.tracer[(long)arg] };
	be_amplified();
	if (!arg) {
		prepare(t);
	} else {
		who_is(t, run.tracee.pid);
		if (run.thread.pid)
			who_is(t, run.thread.pid);
	}
	set_flag(&t->party->ready);
	if (arg)
		do_acts(t, OTHER_ACTS, TRACEE_ACTS);
	else if (run.by_actor)
		do_acts(t, TRACER_ACTS, OTHER_ACTS);
	else
		do_acts(t, NO_ACT + 1, OTHER_ACTS);
	wait_flag(&run.go);
	while (look(t, 0))
		;
	set_flag(&t->party->done);
	for (;;)
		sys(__NR_exit_group, 0);
}
