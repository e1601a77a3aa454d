// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the utrace core: engines and signals
 */

#include <linux/sched/signal.h>
#include <linux/signal.h>

#include "helpers.h"

#define SIGNAL		UTRACE_EVENT(SIGNAL)
#define HANDLER		((__sighandler_t)0x1000)	/* never called */

/* A signal that the tracee takes, and what comes of it: nothing if @ka is NULL. */
struct taking {
	struct ksignal ksig;
	struct k_sigaction *ka;
	int exit_code;	/* of the group exit, if that has begun */
};

static u32 probe_signal(u32 action, struct utrace_engine *engine,
			const struct kernel_siginfo *info,
			enum utrace_signal_action disposition)
{
	return probe_hear(engine, action, info->si_signo | disposition << 8,
			  "signal");
}

static const struct utrace_engine_ops signal_ops = {
	SYSCALL_OPS,
	.report_signal = probe_signal,
};

static struct probe *attach(struct tracee *t, int nr)
{
	return probe_attach(t, nr, &signal_ops, SIGNAL);
}

static void event_needs_callback(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	EXPECT_NEEDS_CALLBACK(t, signal_ops, report_signal, SIGNAL);
}

static void set_handler(struct tracee *t, int sig, __sighandler_t handler)
{
	struct sighand_struct *sighand = t->task->sighand;

	guard(spinlock_irq)(&sighand->siglock);
	sighand->action[sig - 1].sa.sa_handler = handler;
}

/* What get_signal() does when it has dequeued a signal. */
static void report_signal(struct tracee *t)
{
	struct sighand_struct *sighand = current->sighand;
	struct taking *taking = t->priv;

	guard(spinlock_irq)(&sighand->siglock);
	taking->ka = utrace_report_signal(taking->ksig.info.si_signo,
					  &taking->ksig, PIDTYPE_PID);
	/* The tracee lives on. */
	taking->exit_code = current->signal->group_exit_code;
	current->signal->flags &= ~SIGNAL_GROUP_EXIT;
	current->signal->group_exit_code = 0;
}

/* Let the tracee take a signal, which it treats with @handler. */
static void take(struct tracee *t, struct taking *taking, int sig,
		 __sighandler_t handler)
{
	set_handler(t, sig, handler);
	memset(taking, 0, sizeof(*taking));
	taking->ksig.info.si_signo = sig;
	taking->ksig.info.si_code = SI_USER;
	t->priv = taking;
	tracee_do(t, report_signal);
}

static void expect_usual_course(struct tracee *t, struct taking *taking,
				int sig)
{
	KUNIT_EXPECT_PTR_EQ_MSG(t->test, &t->task->sighand->action[sig - 1],
				taking->ka, "signal %d", sig);
	KUNIT_EXPECT_EQ(t->test, sig, taking->ksig.info.si_signo);
	KUNIT_EXPECT_EQ(t->test, SI_USER, taking->ksig.info.si_code);
}

static void expect_becomes(struct tracee *t, struct taking *taking, int sig)
{
	KUNIT_EXPECT_EQ(t->test, sig,
			taking->ka ? taking->ksig.info.si_signo : 0);
}

static void disposition_is_told(struct kunit *test)
{
	static const struct {
		int sig;
		__sighandler_t handler;
		enum utrace_signal_action disposition;
	} signals[] = {
		{ SIGUSR1, HANDLER, UTRACE_SIGNAL_DELIVER },
		{ SIGUSR1, SIG_IGN, UTRACE_SIGNAL_IGN },
		{ SIGUSR1, SIG_DFL, UTRACE_SIGNAL_TERM },
		{ SIGCHLD, SIG_DFL, UTRACE_SIGNAL_IGN },
		{ SIGQUIT, SIG_DFL, UTRACE_SIGNAL_CORE },
		{ SIGSTOP, SIG_DFL, UTRACE_SIGNAL_STOP },
		{ SIGTTIN, SIG_DFL, UTRACE_SIGNAL_TSTP },
	};
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0);
	struct taking taking;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(signals); i++) {
		const int sig = signals[i].sig;

		take(t, &taking, sig, signals[i].handler);
		EXPECT_LOG(t, "a:signal");
		KUNIT_EXPECT_EQ(test, sig | signals[i].disposition << 8, a->arg);
		/* An engine that says nothing changes nothing. */
		expect_usual_course(t, &taking, sig);
	}
}

static void forced_signals_are_not_told(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct k_sigaction *ka = &t->task->sighand->action[SIGSYS - 1];
	struct taking taking;

	attach(t, 0);
	take(t, &taking, SIGKILL, SIG_DFL);
	expect_usual_course(t, &taking, SIGKILL);
	ka->sa.sa_flags |= SA_IMMUTABLE;
	take(t, &taking, SIGSYS, SIG_DFL);
	expect_usual_course(t, &taking, SIGSYS);
	EXPECT_LOG(t, "");
}

static const struct {
	int sig;
	enum utrace_signal_action answer;
	int becomes;
} answers[] = {
	{ SIGUSR1, UTRACE_SIGNAL_IGN, 0 },
	{ SIGUSR1, UTRACE_SIGNAL_TERM, SIGUSR1 },
	{ SIGCHLD, UTRACE_SIGNAL_TERM, SIGTERM },
	{ SIGQUIT, UTRACE_SIGNAL_CORE, SIGQUIT },
	{ SIGUSR1, UTRACE_SIGNAL_CORE, SIGABRT },
	{ SIGTSTP, UTRACE_SIGNAL_STOP, SIGSTOP },
	{ SIGTTIN, UTRACE_SIGNAL_TSTP, SIGTTIN },
	{ SIGUSR1, UTRACE_SIGNAL_TSTP, SIGTSTP },
};

static void signal_becomes_what_is_answered(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0);
	struct taking taking;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		const int sig = answers[i].sig, becomes = answers[i].becomes;

		a->answer = answers[i].answer;
		take(t, &taking, sig, HANDLER);
		if (a->answer == UTRACE_SIGNAL_TERM) {
			/* Nothing more is done with the signal. */
			expect_becomes(t, &taking, 0);
			KUNIT_EXPECT_EQ(test, becomes, taking.exit_code);
			continue;
		}
		KUNIT_EXPECT_EQ(test, 0, taking.exit_code);
		expect_becomes(t, &taking, becomes);
		if (!becomes)
			continue;
		KUNIT_EXPECT_EQ(test, becomes == sig ? SI_USER : SI_KERNEL,
				taking.ksig.info.si_code);
		/* It has its effect for once, whatever the handler. */
		KUNIT_EXPECT_TRUE(test, taking.ka->sa.sa_handler == SIG_DFL);
		KUNIT_EXPECT_TRUE(test,
				  t->task->sighand->action[sig - 1].sa.sa_handler ==
				  HANDLER);
	}
}

static void first_answer_decides(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *c;
	struct taking taking;

	attach(t, 0);
	attach(t, 1)->answer = UTRACE_SIGNAL_IGN;
	c = attach(t, 2);
	c->answer = UTRACE_SIGNAL_TERM;
	take(t, &taking, SIGUSR1, HANDLER);
	expect_becomes(t, &taking, 0);
	KUNIT_EXPECT_EQ(test, 0, taking.exit_code);
	KUNIT_EXPECT_EQ(test, UTRACE_SIGNAL_IGN, c->action);
	EXPECT_LOG(t, "a:signal b:signal c:signal");
}

static void immune_init_takes_its_course(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct signal_struct *signal = t->task->signal;
	struct probe *a = attach(t, 0);
	struct taking taking;
	unsigned int i;

	signal->flags |= SIGNAL_UNKILLABLE;
	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		a->answer = answers[i].answer;
		take(t, &taking, answers[i].sig, HANDLER);
		if (a->answer == UTRACE_SIGNAL_IGN ||
		    a->answer == UTRACE_SIGNAL_STOP)
			expect_becomes(t, &taking, answers[i].becomes);
		else
			expect_usual_course(t, &taking, answers[i].sig);
	}
	signal->flags &= ~SIGNAL_UNKILLABLE;
}

/* From here on with all of get_signal(). */
static void get_signals(struct tracee *t)
{
	struct ksignal ksig = {};

	t->ret = get_signal(&ksig) ? ksig.sig : 0;
}

static void send(struct tracee *t, int sig, __sighandler_t handler)
{
	set_handler(t, sig, handler);
	send_sig(sig, t->task, 1);
}

static void passive_engine_lets_the_handler_run(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	attach(t, 0);
	send(t, SIGUSR1, HANDLER);
	tracee_do(t, get_signals);
	KUNIT_EXPECT_EQ(test, SIGUSR1, t->ret);
	EXPECT_LOG(t, "a:signal");
}

static void block_term(struct tracee *t)
{
	sigset_t set;

	siginitset(&set, sigmask(SIGTERM));
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void death_comes_whatever_is_blocked(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	attach(t, 0)->answer = UTRACE_SIGNAL_TERM;
	tracee_do(t, block_term);
	send(t, SIGCHLD, HANDLER);
	tracee_go(t, get_signals);
	KUNIT_EXPECT_EQ(test, SIGTERM, tracee_reap(t));
}

static void group_stop_comes(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);

	attach(t, 0)->answer = UTRACE_SIGNAL_STOP;
	send(t, SIGUSR1, HANDLER);
	tracee_go(t, get_signals);
	ASSERT_SOON(t, state_of(t) == 'T');
	set_events(&t->probe[0], 0);
	send_sig(SIGCONT, t->task, 1);
	tracee_await(t);
	KUNIT_EXPECT_EQ(test, 0, t->ret);
}

static void continued_during_the_callback(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0);

	a->answer = UTRACE_SIGNAL_STOP;
	send(t, SIGUSR1, HANDLER);
	tracee_pause(t, get_signals, a);
	send(t, SIGCONT, SIG_DFL);
	/* The stop is not there yet, but that is before it. */
	set_events(a, 0);
	tracee_unpause(t, a);
	KUNIT_EXPECT_EQ(test, 0, t->ret);
}

static void killed_during_the_callback(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0);

	a->answer = UTRACE_SIGNAL_IGN;
	send(t, SIGUSR1, HANDLER);
	tracee_pause(t, get_signals, a);
	send_sig(SIGKILL, t->task, 1);
	KUNIT_EXPECT_EQ(test, SIGKILL, tracee_reap(t));
}

static void handler_is_changed_during_the_callback(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0);

	send(t, SIGUSR1, HANDLER);
	tracee_pause(t, get_signals, a);
	set_handler(t, SIGUSR1, SIG_IGN);
	tracee_unpause(t, a);
	KUNIT_EXPECT_EQ(test, 0, t->ret);
}

static void task_is_stopped_before_the_signal(struct kunit *test)
{
	struct tracee *t __free(tracee_end) = tracee_start(test);
	struct probe *a = attach(t, 0);

	a->answer = UTRACE_STOP;
	send(t, SIGUSR1, HANDLER);
	tracee_go(t, get_signals);
	ASSERT_SOON(t, state_of(t) == 'I');
	KUNIT_EXPECT_EQ(test, 0, control(a, UTRACE_RESUME));
	tracee_await(t);
	KUNIT_EXPECT_EQ(test, SIGUSR1, t->ret);
}

static struct kunit_case utrace_signal_cases[] = {
	KUNIT_CASE(event_needs_callback),
	KUNIT_CASE(disposition_is_told),
	KUNIT_CASE(forced_signals_are_not_told),
	KUNIT_CASE(signal_becomes_what_is_answered),
	KUNIT_CASE(first_answer_decides),
	KUNIT_CASE(immune_init_takes_its_course),
	KUNIT_CASE(passive_engine_lets_the_handler_run),
	KUNIT_CASE(death_comes_whatever_is_blocked),
	KUNIT_CASE(group_stop_comes),
	KUNIT_CASE(continued_during_the_callback),
	KUNIT_CASE(killed_during_the_callback),
	KUNIT_CASE(handler_is_changed_during_the_callback),
	KUNIT_CASE(task_is_stopped_before_the_signal),
	{}
};

static struct kunit_suite utrace_signal_suite = {
	.name = "utrace_signal",
	.test_cases = utrace_signal_cases,
};

kunit_test_suite(utrace_signal_suite);
