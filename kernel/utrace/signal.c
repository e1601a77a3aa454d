// SPDX-License-Identifier: GPL-2.0
/*
 * utrace core: a task reports signals
 *
 * By then a tracer has had its signal-delivery stop, within one hold of siglock
 * from the dequeue on, as without utrace. siglock is dropped for the callbacks
 * after that, and only if an engine wants signals. What can happen in the gap:
 *
 *  - SIGCONT: cancels the stop that the signal is or may become, since
 *    JOBCTL_STOP_DEQUEUED is set before the lock is dropped. That is what it
 *    does in a tracer's stop for the signal, and in the gap that the kernel
 *    itself has to look for an orphaned process group.
 *  - SIGKILL, exec or exit of the thread group: stay pending. Unless an engine has
 *    decided, the signal is sent again, for the new program of an exec: then it is
 *    pending, as after the tracer's stop, or kills the process at once and ends
 *    the exec. Not so stop signals and SIGCONT. To send one would take back the
 *    other, if that has come since, and JOBCTL_STOP_DEQUEUED does not tell, because
 *    an exec clears it as well. An exec ends a group stop; where such a signal has
 *    a handler, it is lost as it is if the exec comes right after the dequeue.
 *    Nor is a timer's signal sent again. An exec drops it by its siginfo, which
 *    it would no longer have if the user may queue no more signals.
 *  - another thread's group stop, PTRACE_INTERRUPT: stay pending, and take effect
 *    when get_signal() goes on, as if they had come in the tracer's stop.
 *  - the freezer: as in the tracer's stop. A core dump that begins while the task
 *    is to be frozen is refused.
 *  - a tracer that attaches: counts as attached after the dequeue, as if it had
 *    waited for siglock.
 *  - another thread's sigaction(): the disposition is read again after the gap,
 *    so it counts as having come before the dequeue.
 */

#include <linux/sched/signal.h>
#include <linux/signal.h>

#include "report.h"

/* What the kernel does with a signal whose handler is SIG_DFL. */
static enum utrace_signal_action default_action(int signr)
{
	if (sig_kernel_ignore(signr))
		return UTRACE_SIGNAL_IGN;
	if (signr == SIGSTOP)
		return UTRACE_SIGNAL_STOP;
	if (sig_kernel_stop(signr))
		return UTRACE_SIGNAL_TSTP;
	if (sig_kernel_coredump(signr))
		return UTRACE_SIGNAL_CORE;
	return UTRACE_SIGNAL_TERM;
}

static enum utrace_signal_action disposition_of(int signr,
						const struct k_sigaction *ka)
{
	if (ka->sa.sa_handler == SIG_IGN)
		return UTRACE_SIGNAL_IGN;
	if (ka->sa.sa_handler != SIG_DFL)
		return UTRACE_SIGNAL_DELIVER;
	/* As get_signal() has it: init gets no signals that it does not want. */
	if (current->signal->flags & SIGNAL_UNKILLABLE && !sig_kernel_only(signr))
		return UTRACE_SIGNAL_IGN;
	return default_action(signr);
}

/* The signal that stands for an action, if the one at hand does not. */
static int signal_for(enum utrace_signal_action action)
{
	switch (action) {
	case UTRACE_SIGNAL_TERM:
		return SIGTERM;
	case UTRACE_SIGNAL_CORE:
		return SIGABRT;
	case UTRACE_SIGNAL_STOP:
		return SIGSTOP;
	case UTRACE_SIGNAL_TSTP:
		return SIGTSTP;
	default:
		return 0;
	}
}

/*
 * Make @ksig what an engine has answered, and act on it as if the task had no
 * handler. get_signal() does not check after this whether a signal is blocked.
 */
static struct k_sigaction *force_action(int signr, struct ksignal *ksig,
					struct k_sigaction *ka,
					enum utrace_signal_action action)
{
	struct signal_struct *signal = current->signal;
	int substitute = signal_for(action);

	if (action == UTRACE_SIGNAL_IGN)
		return NULL;
	/* No such action. */
	if (WARN_ON_ONCE(!substitute))
		return ka;

	/* get_signal() would drop it, and a fault would recur for ever. */
	if (signal->flags & SIGNAL_UNKILLABLE && !sig_kernel_only(substitute))
		return ka;

	if (default_action(signr) != action) {
		clear_siginfo(&ksig->info);
		ksig->info.si_signo = substitute;
		ksig->info.si_code = SI_KERNEL;
	}
	memset(&ksig->ka, 0, sizeof(ksig->ka));
	ksig->ka.sa.sa_handler = SIG_DFL;

	/*
	 * Begin the group exit under this hold of siglock, as complete_signal()
	 * does: otherwise another thread's exec would go on, and only this one
	 * would die. Not for a core dump: do_coredump() does this, or refuses.
	 */
	if (action == UTRACE_SIGNAL_TERM && !(signal->flags & SIGNAL_GROUP_EXIT)) {
		signal->flags = SIGNAL_GROUP_EXIT;
		signal->group_exit_code = ksig->info.si_signo;
		zap_other_threads(current);
	}

	/*
	 * get_signal() looks first whether the task is to die, and dequeues
	 * SIGKILL then. de_thread() gives up group_exec_task without siglock, but
	 * only when it was killed, after SIGNAL_GROUP_EXIT was set under it.
	 */
	if ((action == UTRACE_SIGNAL_TERM || action == UTRACE_SIGNAL_CORE) &&
	    (signal->flags & SIGNAL_GROUP_EXIT || signal->group_exec_task))
		return NULL;
	return &ksig->ka;
}

/**
 * utrace_report_signal - current has dequeued a signal and is about to act on it
 * @signr: the signal
 * @ksig: @ksig->info is the signal; @ksig->ka is scratch
 * @type: to whom it was sent
 *
 * Context: current in get_signal(), with a struct utrace. Holds siglock, which
 * is dropped and taken again if an engine wants signals. May sleep.
 * Return: what to do with the signal, or NULL if that is nothing: an engine has
 * taken it away, it is pending again, or the task is to die. If it is @ksig->ka,
 * an engine has decided, and the signal is now what @ksig->info says.
 */
struct k_sigaction *utrace_report_signal(int signr, struct ksignal *ksig,
					 enum pid_type type)
	__must_hold(&current->sighand->siglock)
{
	struct utrace_report report = { .event = UTRACE_EVENT(SIGNAL) };
	struct k_sigaction *ka = &current->sighand->action[signr - 1];
	spinlock_t *siglock = &current->sighand->siglock;
	enum utrace_signal_action disposition;
	struct k_sigaction *result = ka;
	struct utrace_engine *engine;
	u32 answer;

	/* A tracer may have made it one that is not to be reported. */
	if (!utrace_wants(report.event) || signr == SIGKILL ||
	    ka->sa.sa_flags & SA_IMMUTABLE)
		return ka;

	disposition = disposition_of(signr, ka);
	/*
	 * Whatever this becomes may be a stop. If it is one already, the flag
	 * was set when it was dequeued, and SIGCONT may have cleared it since.
	 * Without a stop to come the flag means nothing. wait() reads the flags
	 * beside it without siglock.
	 */
	if (!sig_kernel_stop(signr))
		WRITE_ONCE(current->jobctl,
			   current->jobctl | JOBCTL_STOP_DEQUEUED);
	spin_unlock_irq(siglock);

	utrace_for_each_engine(engine, &report, answer) {
		answer = engine->ops->report_signal(report.action, engine,
						    &ksig->info, disposition);
		/* The first one decides. */
		if (!utrace_signal_action(report.action))
			report.action |= utrace_signal_action(answer);
	}
	utrace_finish_report(&report);

	spin_lock_irq(siglock);
	if (utrace_signal_action(report.action))
		result = force_action(signr, ksig, ka,
				      utrace_signal_action(report.action));
	if (result != ka || !fatal_signal_pending(current))
		return result;

	/* The task is to die. What an exec's new program is to get waits for it. */
	if (!sig_kernel_stop(signr) && signr != SIGCONT &&
	    ksig->info.si_code != SI_TIMER)
		send_signal_locked(signr, &ksig->info, current, type);
	return NULL;
}
