// SPDX-License-Identifier: GPL-2.0
/*
 * utrace core: a task tells its engines of signals
 */

#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/signal.h>

#include "walk.h"

/* What the kernel does with a signal that the task has said nothing about. */
static inline enum utrace_signal_action default_action(int signr)
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

static enum utrace_signal_action disposition_of(int signr)
{
	const struct k_sigaction *ka = &current->sighand->action[signr - 1];

	lockdep_assert_held(&current->sighand->siglock);

	if (ka->sa.sa_handler == SIG_IGN)
		return UTRACE_SIGNAL_IGN;
	if (ka->sa.sa_handler != SIG_DFL)
		return UTRACE_SIGNAL_DELIVER;
	return default_action(signr);
}

/* Of a signal: %UTRACE_SIGNAL_REPORT and HANDLER, which are none, do not come. */
static unsigned long event_of(enum utrace_signal_action disposition)
{
	static const unsigned long events[] = {
		[UTRACE_SIGNAL_DELIVER >> 4] = UTRACE_EVENT(SIGNAL),
		[UTRACE_SIGNAL_IGN >> 4] = UTRACE_EVENT(SIGNAL_IGN),
		[UTRACE_SIGNAL_TERM >> 4] = UTRACE_EVENT(SIGNAL_TERM),
		[UTRACE_SIGNAL_CORE >> 4] = UTRACE_EVENT(SIGNAL_CORE),
		[UTRACE_SIGNAL_STOP >> 4] = UTRACE_EVENT(SIGNAL_STOP),
		[UTRACE_SIGNAL_TSTP >> 4] = UTRACE_EVENT(SIGNAL_STOP),
	};

	return events[disposition >> 4];
}

/* Make @info a signal whose default action is @wanted. */
static void force_action(kernel_siginfo_t *info,
			 enum utrace_signal_action wanted)
{
	int signr = info->si_signo;

	if (signr && default_action(signr) == wanted)
		return;

	switch (wanted) {
	case UTRACE_SIGNAL_TERM:
		signr = SIGTERM;
		break;
	case UTRACE_SIGNAL_CORE:
		signr = SIGABRT;
		break;
	case UTRACE_SIGNAL_STOP:
		signr = SIGSTOP;
		break;
	default:
		signr = SIGTSTP;
		break;
	}
	clear_siginfo(info);
	info->si_signo = signr;
	info->si_code = SI_KERNEL;
}

/**
 * struct signal_report - a signal being reported
 * @report: to whom
 * @info: the signal, as the engines have left it
 * @signr: its number as it was before the last answer
 * @disposition: what the task would do with it
 * @forced: an engine has chosen the default action of @info
 * @gone: an engine has taken the signal away
 * @held: it is to go back to the queue
 */
struct signal_report {
	struct utrace_report report;
	kernel_siginfo_t *info;
	int signr;
	u8 disposition;		/* enum utrace_signal_action */
	bool forced;
	bool gone;
	bool held;
};

static void set_signal_action(struct signal_report *sig,
			      enum utrace_signal_action action)
{
	sig->report.action &= ~UTRACE_SIGNAL_MASK;
	sig->report.action |= action;
}

/* The signal is another one than it was: begin anew with that. */
static void signal_changed(struct signal_report *sig)
{
	sig->signr = sig->info->si_signo;
	sig->forced = false;
	if (!valid_signal(sig->signr) || !sig->signr) {
		sig->gone = true;
		return;
	}

	spin_lock_irq(&current->sighand->siglock);
	sig->disposition = disposition_of(sig->signr);
	spin_unlock_irq(&current->sighand->siglock);
	sig->report.event = event_of(sig->disposition);
	set_signal_action(sig, sig->disposition);
}

static void force_signal(struct signal_report *sig,
			 enum utrace_signal_action wanted)
{
	force_action(sig->info, wanted);
	sig->signr = sig->info->si_signo;
	sig->forced = true;
	sig->report.event = event_of(wanted);
	set_signal_action(sig, wanted);
}

/* Returns true if no further engine is to hear of it. */
static bool take_signal_answer(struct signal_report *sig, u32 answer)
{
	enum utrace_signal_action wanted = utrace_signal_action(answer);

	if (sig->info->si_signo != sig->signr)
		signal_changed(sig);
	else if (wanted == UTRACE_SIGNAL_DELIVER &&
		 !(answer & UTRACE_SIGNAL_HOLD))
		return false;
	if (sig->gone)
		return true;

	if (answer & UTRACE_SIGNAL_HOLD)
		sig->held = true;

	switch (wanted) {
	case UTRACE_SIGNAL_IGN:
		if (utrace_signal_action(sig->report.action) != wanted)
			sig->gone = true;
		break;
	case UTRACE_SIGNAL_TERM:
	case UTRACE_SIGNAL_CORE:
	case UTRACE_SIGNAL_STOP:
	case UTRACE_SIGNAL_TSTP:
		if (utrace_signal_action(sig->report.action) != wanted)
			force_signal(sig, wanted);
		break;
	default:
		break;
	}
	/* Nobody has a say in SIGKILL, which a tracer may have made of it. */
	return sig->gone || sig->held || sig->signr == SIGKILL;
}

/*
 * A trap by stepping is nothing that the engines could take from each other.
 * Each gets it as it was, and it becomes a signal if one of them wants that;
 * the last one decides which.
 */
static void take_trap_answer(struct signal_report *sig, u32 answer,
			     kernel_siginfo_t *becomes)
{
	enum utrace_signal_action wanted = utrace_signal_action(answer);

	switch (wanted) {
	case UTRACE_SIGNAL_DELIVER:
		if (!sig->info->si_signo)
			break;
		copy_siginfo(becomes, sig->info);
		sig->forced = false;
		break;
	case UTRACE_SIGNAL_TERM:
	case UTRACE_SIGNAL_CORE:
	case UTRACE_SIGNAL_STOP:
	case UTRACE_SIGNAL_TSTP:
		force_action(sig->info, wanted);
		copy_siginfo(becomes, sig->info);
		sig->forced = true;
		break;
	default:
		break;
	}
}

/* Is the signal the trap of a step that was made for an engine? */
static bool is_step_trap(struct signal_report *sig)
{
	struct utrace *utrace = current->utrace;
	const kernel_siginfo_t *info = sig->info;
	bool stepped;

	if (info->si_signo != SIGTRAP ||
	    (info->si_code != TRAP_TRACE && info->si_code != TRAP_BRANCH))
		return false;

	/* siglock is held, so interrupts are off. */
	scoped_guard(spinlock, &utrace->lock) {
		stepped = utrace->armed ||
			  utrace_strongest_step(utrace) != UTRACE_RESUME;
		if (stepped) {
			sig->report.armed = utrace_renew_step(utrace);
			/* It is out of the queue now. */
			utrace_update_armed(utrace);
		}
	}
	return stepped;
}

/*
 * Tell the engines of @sig, which is the trap of a step. Returns false if it is
 * the task's own after all, as the tracer that made it has gone just now.
 */
static bool report_trap(struct signal_report *sig)
{
	struct utrace_report *report = &sig->report;
	struct utrace_engine *engine;
	kernel_siginfo_t trap, becomes;
	bool told = false, forced;
	u32 answer;

	copy_siginfo(&trap, sig->info);
	clear_siginfo(&becomes);
	report->trap = true;
	report->event = UTRACE_EVENT_SIGNAL_ALL;
	report->action = UTRACE_SIGNAL_IGN;
	current->utrace->trapped = true;

	utrace_for_each_engine(engine, report, answer) {
		answer = engine->ops->report_signal(report->action, engine,
						    sig->info,
						    sig->disposition);
		take_trap_answer(sig, answer, &becomes);
		copy_siginfo(sig->info, &trap);
		told = true;
	}
	report->utrace->trapped = false;
	if (!told && !report->armed) {
		report->trap = false;
		report->event = event_of(sig->disposition);
		return false;
	}
	copy_siginfo(sig->info, &becomes);
	forced = sig->forced;
	if (sig->info->si_signo != sig->signr)
		signal_changed(sig);
	sig->forced = forced;
	return true;
}

static void report_signal(struct signal_report *sig, enum pid_type type)
{
	struct utrace_report *report = &sig->report;
	struct utrace_engine *engine;
	u32 answer;

	report->action = sig->disposition;

	utrace_for_each_engine_inline(engine, report, false, answer) {
		answer = engine->ops->report_signal(report->action, engine,
						    sig->info,
						    sig->disposition);
		if (take_signal_answer(sig, answer)) {
			utrace_end_report(report, answer);
			break;
		}
	}
	if (!sig->held)
		return;

	spin_lock_irq(&current->sighand->siglock);
	/* A stop that SIGCONT has cancelled meanwhile is not to come again. */
	if (!sig_kernel_stop(sig->signr) ||
	    current->jobctl & JOBCTL_STOP_DEQUEUED)
		send_signal_locked(sig->signr, sig->info, current, type);
	spin_unlock_irq(&current->sighand->siglock);
}

/**
 * utrace_report_signal - current has taken a signal from its queue
 * @ksig: @ksig->info is the signal; @ksig->ka is scratch
 * @type: which queue it comes from
 *
 * Context: current in get_signal(), with an engine that wants signals. Holds
 * siglock, which is dropped and taken again. Sleeps if engines do.
 * Return: the action to take for the signal that is now in @ksig->info, or NULL
 * if there is none.
 */
struct k_sigaction *utrace_report_signal(struct ksignal *ksig,
					 enum pid_type type)
	__must_hold(&current->sighand->siglock)
{
	spinlock_t *siglock = &current->sighand->siglock;
	enum utrace_signal_action disposition =
		disposition_of(ksig->info.si_signo);
	struct signal_report sig = {
		.report.event = event_of(disposition),
		.info = &ksig->info,
		.signr = ksig->info.si_signo,
		.disposition = disposition,
	};
	bool trap = is_step_trap(&sig);

	if (!trap && !utrace_interest(sig.report.event))
		return &current->sighand->action[sig.signr - 1];

	/*
	 * Whatever it becomes may be a stop. Then SIGCONT has to be able to
	 * cancel it from here on, while the lock is dropped: see
	 * do_signal_stop() and dequeue_signal().
	 */
	current->jobctl |= JOBCTL_STOP_DEQUEUED;
	spin_unlock_irq(siglock);

	if (!trap || !report_trap(&sig))
		report_signal(&sig, type);
	utrace_finish_report(&sig.report);

	spin_lock_irq(siglock);
	if (sig.gone || sig.held)
		return NULL;

	/* What is blocked by now, or not needed any more, waits in the queue. */
	if (sigismember(&current->blocked, sig.signr) ||
	    fatal_signal_pending(current)) {
		send_signal_locked(sig.signr, sig.info, current, type);
		return NULL;
	}

	if (!sig.forced)
		return &current->sighand->action[sig.signr - 1];
	memset(&ksig->ka, 0, sizeof(ksig->ka));
	ksig->ka.sa.sa_handler = SIG_DFL;
	return &ksig->ka;
}

/**
 * utrace_report_handler - a signal handler has been set up while stepping
 *
 * The architecture has ended the step, so that the handler's first instruction
 * does not run before anybody has been told.
 *
 * Context: current, no locks. Sleeps if engines do.
 */
void utrace_report_handler(void)
{
	struct utrace_report report = {
		.event = UTRACE_EVENT_SIGNAL_ALL,
		.action = UTRACE_SIGNAL_HANDLER,
		.renew = true,
	};
	/* Pairs with the cmpxchg() in utrace_of_task(). */
	struct utrace *utrace = smp_load_acquire(&current->utrace);
	struct utrace_engine *engine;
	kernel_siginfo_t info;
	u32 answer;

	if (!utrace)
		return;

	/*
	 * If the step is some engine's, it is not for the others. If not, it
	 * is left over from a tracer that died, and one that has come since
	 * is told of it.
	 */
	scoped_guard(spinlock_irq, &utrace->lock)
		report.trap = utrace->armed ||
			      utrace_strongest_step(utrace) != UTRACE_RESUME;

	clear_siginfo(&info);
	utrace_for_each_engine(engine, &report, answer)
		answer = engine->ops->report_signal(report.action, engine,
						    &info,
						    UTRACE_SIGNAL_HANDLER);
	utrace_finish_report(&report);
}

/**
 * utrace_report_interrupt - an engine wants a report, and there is no signal
 *
 * A signal that an engine makes here is sent, so that the others hear of it as
 * of any other.
 *
 * Context: current, no locks, with a struct utrace. Sleeps if engines do.
 */
void utrace_report_interrupt(void)
{
	struct utrace_report report = {
		.event = UTRACE_EVENT_SIGNAL_ALL,
		.action = UTRACE_SIGNAL_REPORT,
	};
	struct utrace_engine *engine;
	kernel_siginfo_t info;
	u32 answer;

	clear_siginfo(&info);
	utrace_for_each_engine(engine, &report, answer) {
		answer = engine->ops->report_signal(report.action, engine,
						    &info,
						    UTRACE_SIGNAL_REPORT);
		switch (utrace_signal_action(answer)) {
		case UTRACE_SIGNAL_TERM:
		case UTRACE_SIGNAL_CORE:
		case UTRACE_SIGNAL_STOP:
		case UTRACE_SIGNAL_TSTP:
			force_action(&info, utrace_signal_action(answer));
			break;
		default:
			break;
		}
		if (info.si_signo) {
			send_sig_info(info.si_signo, &info, current);
			clear_siginfo(&info);
		}
	}
	utrace_finish_report(&report);
}
