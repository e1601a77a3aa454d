// SPDX-License-Identifier: GPL-2.0
/*
 * Between the dequeue of a signal and its effect the kernel holds siglock, but for
 * a tracer's stop, and for an engine that wants signals.
 * What comes in such a gap has the effect that it could have had before or in a
 * tracer's stop, and no other.
 *
 * The first tests look for a gap as a race on two CPUs: without an engine, with
 * one that listens, and with one that stays in its callback. The others are about
 * what comes while that runs.
 */
#include "task.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/resource.h>

/* How long the tests race, and how often an engine waits for that. */
#define SECONDS		3
#define ROUNDS		5
#define ENGINE_WAITS_MS	60

FIXTURE(window) {
	pid_t parent;	/* of the tracee */
	int ask;	/* it, how long to wait */
	int told;	/* by it */
	pid_t pid;
	long rounds;
	long end;
	long delay;	/* until the second of two things, in turns of a loop */
	long began;	/* when it went on with the signal */
};

FIXTURE_VARIANT(window) {
	const char *command;	/* for an engine that wants signals, or none */
	bool waits;
};

FIXTURE_VARIANT_ADD(window, no_engine) { NULL };
FIXTURE_VARIANT_ADD(window, engine) { "on signal resume" };
FIXTURE_VARIANT_ADD(window, engine_that_waits) { "on signal wait 60", true };

static void on_signal(int signr)
{
}

/*
 * The parent of a tracee that it does not trace: whenever it is asked, it says
 * what it is told by SIGCHLD within that time, CLD_*, or 0 for nothing.
 */
static void be_parent(int ask, int tell)
{
	struct timespec limit;
	siginfo_t info;
	sigset_t set;
	int number;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	block(SIGCHLD);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	number = fork();
	if (!number) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pin(1);
		signal(SIGUSR1, on_signal);
		for (;;)
			;
	}
	while (write(tell, &number, sizeof(number)) == sizeof(number) &&
	       read(ask, &number, sizeof(number)) == sizeof(number)) {
		limit.tv_sec = number / 1000;
		limit.tv_nsec = number % 1000 * 1000000;
		number = 0;
		if (sigtimedwait(&set, &info, &limit) == SIGCHLD)
			number = info.si_code;
	}
	_exit(1);
}

static int parent_is_told(FIXTURE_DATA(window) * const self, int ms)
{
	int code;

	if (write(self->ask, &ms, sizeof(ms)) != sizeof(ms) ||
	    read(self->told, &code, sizeof(code)) != sizeof(code))
		return -1;
	return code;
}

/* The next stop of the tracee: its status without what says that it is one. */
static int next_stop(FIXTURE_DATA(window) * const self)
{
	int status;

	if (waitpid(self->pid, &status, __WALL) != self->pid ||
	    !WIFSTOPPED(status))
		return -1;
	return status >> 8;
}

static int go_on(FIXTURE_DATA(window) * const self, int request, int signr)
{
	return ptrace(request, self->pid, 0, signr) ? -1 : next_stop(self);
}

FIXTURE_SETUP(window)
{
	int ask[2], told[2], engine;

	self->pid = 0;
	if (pin(1) || pin(0))
		SKIP(return, "needs two CPUs");
	if (variant->command && !have_engines())
		SKIP(return, NO_ENGINES);
	ASSERT_EQ(0, pipe2(ask, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(told, O_CLOEXEC));
	self->ask = ask[1];
	self->told = told[0];
	self->parent = fork();
	ASSERT_LE(0, self->parent);
	if (!self->parent)
		be_parent(ask[0], told[1]);
	ASSERT_EQ(sizeof(self->pid), read(self->told, &self->pid,
					  sizeof(self->pid)));
	/* Until it spins in its loop, and has its handler. */
	ASSERT_TRUE(wait_until(signals_of(self->pid, "SigCgt:") &
			       SIGNAL_BIT(SIGUSR1)));

	if (variant->command) {
		engine = open_engine();
		ASSERT_LE(0, engine);
		ASSERT_EQ(0, attach_to(engine, self->pid));
		ASSERT_EQ(0, command(engine, variant->command));
		ASSERT_EQ(0, command(engine, "events signal"));
	}
	self->rounds = 0;
	self->delay = 500;
	self->end = now_ms() + SECONDS * 1000;
}

FIXTURE_TEARDOWN(window)
{
	if (self->pid > 0)
		kill(self->pid, SIGKILL);
}

/* Is there time for another round? */
static bool another(FIXTURE_DATA(window) * const self, bool waits)
{
	self->rounds++;
	return self->rounds <= (waits ? ROUNDS : 100) ||
	       (!waits && now_ms() < self->end);
}

/*
 * Wait, for about as long as it takes to meet the gap: shorter if the tracee was
 * through it the last time, else longer.
 */
static void wait_for_gap(FIXTURE_DATA(window) * const self, bool waits)
{
	long turns;

	if (waits)
		sleep_ms(ENGINE_WAITS_MS / 3);
	for (turns = self->delay; turns > 0; turns--)
		__asm__ __volatile__("");
}

static void was_through(FIXTURE_DATA(window) * const self, bool through)
{
	long by = random() % (self->delay / 4 + 20);

	self->delay += through ? -by : by;
	if (self->delay < 0)
		self->delay = 0;
}

/*
 * If an engine waits: is its callback over, or could it be? On a busy machine it may
 * be, before we come to act. Then this is not one of the rounds.
 */
static bool is_late(FIXTURE_DATA(window) * const self, bool waits)
{
	if (!waits || now_ms() - self->began < ENGINE_WAITS_MS)
		return false;
	self->rounds--;
	return true;
}

#define EVENT_STOP	(SIGTRAP | PTRACE_EVENT_STOP << 8)

/*
 * PTRACE_INTERRUPT comes before the signal is dequeued, then its stop is the
 * first; or after that, then the stop for the handler is its stop, too.
 */
TEST_F(window, interrupt_does_not_come_twice)
{
	long first = 0;
	int stop;

	if (!HAVE_STEP)
		SKIP(return, NO_STEP);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
	while (another(self, variant->waits)) {
		kill(self->pid, SIGUSR1);
		wait_for_gap(self, variant->waits);
		ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
		stop = next_stop(self);
		was_through(self, stop == SIGUSR1);
		if (stop == EVENT_STOP) {
			first++;
			ASSERT_EQ(SIGUSR1, go_on(self, PTRACE_CONT, 0));
			ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
			continue;
		}
		ASSERT_EQ(SIGUSR1, stop);
		/* The trap before the first instruction of the handler. */
		ASSERT_EQ(SIGTRAP, go_on(self, PTRACE_SINGLESTEP, SIGUSR1));
		/* This one has its stop, though no other is to come. */
		kill(self->pid, SIGUSR2);
		ASSERT_EQ(SIGUSR2, go_on(self, PTRACE_CONT, 0));
		ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	}
	TH_LOG("%ld rounds, %ld times the interrupt came first", self->rounds,
	       first);
}

/*
 * Without a step, its stop comes after that for the signal. It would be lost if it
 * came when the signal has been dequeued and the tracee is not stopped yet.
 */
TEST_F(window, interrupt_has_a_stop_of_its_own)
{
	long first = 0;
	int stop;

	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
	while (another(self, variant->waits)) {
		kill(self->pid, SIGUSR1);
		wait_for_gap(self, variant->waits);
		ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
		stop = next_stop(self);
		was_through(self, stop == SIGUSR1);
		if (stop == EVENT_STOP) {
			first++;
			ASSERT_EQ(SIGUSR1, go_on(self, PTRACE_CONT, 0));
		} else {
			ASSERT_EQ(SIGUSR1, stop);
			ASSERT_EQ(EVENT_STOP,
				  go_on(self, PTRACE_CONT, SIGUSR1));
		}
		ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	}
	TH_LOG("%ld rounds, %ld times the interrupt came first", self->rounds,
	       first);
}

/*
 * The same, but the interrupt comes behind the tracer's stop for the signal: it
 * is taken before the handler is set up, or is what comes next.
 */
TEST_F(window, interrupt_does_not_get_lost)
{
	long first = 0;
	int stop;

	if (!HAVE_STEP)
		SKIP(return, NO_STEP);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
	while (another(self, variant->waits)) {
		kill(self->pid, SIGUSR1);
		ASSERT_EQ(SIGUSR1, next_stop(self));
		self->began = now_ms();
		ASSERT_EQ(0, ptrace(PTRACE_SINGLESTEP, self->pid, 0, SIGUSR1));
		wait_for_gap(self, variant->waits);
		ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
		is_late(self, variant->waits);
		ASSERT_EQ(SIGTRAP, next_stop(self));
		kill(self->pid, SIGUSR2);
		stop = go_on(self, PTRACE_CONT, 0);
		was_through(self, stop == EVENT_STOP);
		if (stop == EVENT_STOP)
			stop = go_on(self, PTRACE_CONT, 0);
		else
			first++;
		ASSERT_EQ(SIGUSR2, stop);
		ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	}
	/* In its callback there is no stop for the handler yet. */
	if (variant->waits)
		EXPECT_LE(ROUNDS, first);
	TH_LOG("%ld rounds, %ld times the interrupt came first", self->rounds,
	       first);
}

/*
 * SIGCONT comes before the group stop of a single thread is complete, then there
 * is none; or after that, then there is one that is continued. The parent is told
 * just that.
 */
TEST_F(window, a_parent_is_told_of_both_stop_and_continue)
{
	long stops = 0, late = 0;
	siginfo_t info;
	int stop;

	ASSERT_EQ(0, ptrace(PTRACE_ATTACH, self->pid, 0, 0));
	ASSERT_EQ(SIGSTOP, next_stop(self));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	while (another(self, variant->waits)) {
		kill(self->pid, SIGSTOP);
		ASSERT_EQ(SIGSTOP, next_stop(self));
		self->began = now_ms();
		ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, SIGSTOP));
		wait_for_gap(self, variant->waits);
		kill(self->pid, SIGCONT);
		late += is_late(self, variant->waits);
		stop = next_stop(self);
		was_through(self, stop != SIGCONT);
		if (stop != SIGCONT) {
			/* In a group stop there is no siginfo. */
			ASSERT_EQ(SIGSTOP, stop);
			ASSERT_EQ(-1, ptrace(PTRACE_GETSIGINFO, self->pid, 0,
					     &info));
			stops++;
			ASSERT_EQ(CLD_STOPPED, parent_is_told(self, WAIT_MS));
			ASSERT_EQ(SIGCONT, go_on(self, PTRACE_CONT, 0));
			ASSERT_EQ(CLD_CONTINUED, parent_is_told(self, WAIT_MS));
		}
		ASSERT_EQ(0, parent_is_told(self, 0));
		ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	}
	/* In its callback it has not stopped yet. */
	if (variant->waits)
		EXPECT_LE(stops, late);
	TH_LOG("%ld rounds, %ld stops", self->rounds, stops);
}

/* What comes while an engine is told of a signal */

static int handled, handled_later;
static bool later_runs;
static void (*sigcont_handler)(int signr) = SIG_DFL;
static int *handle_later;	/* in shared memory; or one of these */

#define HAVE_IT_EXECUTE		2
#define RESET_AND_EXECUTE	3

static void count_signal(int signr)
{
	handled++;
}

static void count_later(int signr)
{
	handled_later++;
}

static void *set_handler_later(void *unused)
{
	__atomic_store_n(&later_runs, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(handle_later, __ATOMIC_ACQUIRE))
		sleep_ms(1);
	if (*handle_later == RESET_AND_EXECUTE)
		signal(SIGUSR1, SIG_DFL);
	if (*handle_later != 1)
		execute();
	signal(SIGQUIT, count_later);
	return NULL;
}

#define SET_TIMER	1

static void set_timer(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGUSR1 };
	struct itimerspec soon = { .it_value.tv_nsec = 1000000 };
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &event, &timer) ||
	    timer_settime(timer, 0, &soon, NULL))
		_exit(1);
}

static void take_signals(int in, int out)
{
	pthread_t thread;

	signal(SIGUSR1, count_signal);
	signal(SIGTSTP, count_signal);
	signal(SIGCONT, sigcont_handler);
	pthread_create(&thread, NULL, set_handler_later, NULL);
	/* A new thread may take signals when it begins to run. */
	while (!__atomic_load_n(&later_runs, __ATOMIC_ACQUIRE))
		sched_yield();
	for (;;) {
		if (be_told(in) == SET_TIMER)
			set_timer();
		reply(out, handled + 10 * handled_later);
	}
}

/* How many handlers have run; those set later count tenfold. */
static long handlers(FIXTURE_DATA(task) * const self)
{
	tell(self);
	return answer(self);
}

enum origin { TO_THREAD, TO_PROCESS, BY_TIMER };

/* The task has dequeued a signal, and the engine stays in its callback. */
static void hold_signal(struct __test_metadata *_metadata,
			FIXTURE_DATA(task) * const self, int signr,
			const char *answer, enum origin origin)
{
	handle_later = mmap(NULL, sizeof(*handle_later), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(handle_later != MAP_FAILED);
	START(take_signals);
	ASSERT_EQ(0, command(self->engine, answer));
	ASSERT_EQ(0, command(self->engine, "on signal wait"));
	ASSERT_EQ(0, command(self->engine, "events signal"));
	if (origin == BY_TIMER)
		tell_what(self, SET_TIMER);
	else if (origin == TO_PROCESS)
		kill(self->pid, signr);
	else
		syscall(SYS_tgkill, self->pid, self->pid, signr);
	ASSERT_EQ(0, wait_for_count(self->engine, "signal", 1));
}

#define HOLD_SIGNAL(signr, answer)					\
	hold_signal(_metadata, self, signr, "on signal answer " answer, TO_THREAD)
#define HOLD_SIGNAL_OF_PROCESS(signr, answer)				\
	hold_signal(_metadata, self, signr, "on signal answer " answer, TO_PROCESS)

#define GO()	ASSERT_EQ(0, command(self->engine, "go"))

TEST_F(task, sigcont_cancels_a_stop)
{
	int status;

	HOLD_SIGNAL(SIGSTOP, "deliver");
	kill(self->pid, SIGCONT);
	GO();
	EXPECT_EQ(0, handlers(self));
	EXPECT_EQ(0, waitpid(self->pid, &status, WUNTRACED | WNOHANG));
}

TEST_F(task, sigcont_cancels_a_stop_that_is_an_answer)
{
	int status;

	HOLD_SIGNAL(SIGUSR1, "stop");
	kill(self->pid, SIGCONT);
	GO();
	EXPECT_EQ(0, handlers(self));
	EXPECT_EQ(0, waitpid(self->pid, &status, WUNTRACED | WNOHANG));
}

/*
 * Have another thread execute while the engine stays in its callback, which that
 * ends.  What becomes of the new program.
 */
static int execute_in_the_gap(FIXTURE_DATA(task) * const self, int how)
{
	int status;

	__atomic_store_n(handle_later, how, __ATOMIC_RELEASE);
	status = wait_for_status(self->pid, __WALL | WUNTRACED);
	if (WIFEXITED(status) || WIFSIGNALED(status))
		self->pid = 0;
	return status;
}

/* Either the program dies of it, or the next one. */
TEST_F(task, a_fatal_signal_survives_an_exec)
{
	HOLD_SIGNAL_OF_PROCESS(SIGQUIT, "deliver");
	EXPECT_EQ(SIGQUIT, WTERMSIG(execute_in_the_gap(self, HAVE_IT_EXECUTE)));
}

/* It waits for the next one, which has no handler. */
TEST_F(task, a_handled_signal_survives_an_exec)
{
	HOLD_SIGNAL_OF_PROCESS(SIGUSR1, "deliver");
	EXPECT_EQ(SIGUSR1, WTERMSIG(execute_in_the_gap(self, HAVE_IT_EXECUTE)));
}

/* The process dies of it at once, or the next program does. */
TEST_F(task, a_fatal_signal_ends_an_exec)
{
	HOLD_SIGNAL_OF_PROCESS(SIGUSR1, "deliver");
	EXPECT_EQ(SIGUSR1, WTERMSIG(execute_in_the_gap(self, RESET_AND_EXECUTE)));
}

/* The thread of @pid that is not the leader. */
static pid_t other_thread(pid_t pid)
{
	struct dirent *entry;
	char path[32];
	pid_t tid = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && atoi(entry->d_name) != pid)
			tid = atoi(entry->d_name);
	if (dir)
		closedir(dir);
	return tid;
}

/* An answer that is refused, as for the init of a namespace, is none. */
TEST_F(task, a_signal_with_a_refused_answer_survives_an_exec)
{
	pid_t tid;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	HOLD_SIGNAL_OF_PROCESS(SIGUSR1, "term");
	tid = other_thread(self->pid);
	ASSERT_LT(0, tid);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, tid, 0, PTRACE_O_TRACEEXEC));
	EXPECT_EQ(SIGTRAP | PTRACE_EVENT_EXEC << 8,
		  execute_in_the_gap(self, HAVE_IT_EXECUTE) >> 8);
	EXPECT_TRUE(signals_of(self->pid, "ShdPnd:") & SIGNAL_BIT(SIGUSR1));
}

/* An exec drops it, which it could not if this were all that is known of it. */
TEST_F(task, a_timers_signal_does_not_survive_an_exec)
{
	struct rlimit none = { 0, 0 };

	hold_signal(_metadata, self, SIGUSR1, "on signal answer deliver",
		    BY_TIMER);
	ASSERT_EQ(0, prlimit(self->pid, RLIMIT_SIGPENDING, &none, NULL));
	EXPECT_EQ(EXIT_CODE(EXECUTED),
		  execute_in_the_gap(self, HAVE_IT_EXECUTE));
}

/* As an exec ends a group stop. */
TEST_F(task, a_stop_does_not_survive_an_exec)
{
	HOLD_SIGNAL_OF_PROCESS(SIGSTOP, "deliver");
	EXPECT_EQ(EXIT_CODE(EXECUTED),
		  execute_in_the_gap(self, HAVE_IT_EXECUTE));
}

/* It came later, so the next program does not stop. */
TEST_F(task, sigcont_holds_when_an_exec_follows)
{
	HOLD_SIGNAL_OF_PROCESS(SIGTSTP, "deliver");
	/* Or the process group would be orphaned, and could not stop. */
	ASSERT_EQ(0, setpgid(self->pid, self->pid));
	kill(self->pid, SIGCONT);
	EXPECT_EQ(EXIT_CODE(EXECUTED),
		  execute_in_the_gap(self, HAVE_IT_EXECUTE));
}

/* And it does where the stop came later. */
TEST_F(task, a_stop_holds_when_an_exec_follows)
{
	int status;

	sigcont_handler = count_signal;
	HOLD_SIGNAL_OF_PROCESS(SIGCONT, "deliver");
	kill(self->pid, SIGSTOP);
	status = execute_in_the_gap(self, HAVE_IT_EXECUTE);
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(SIGSTOP, WSTOPSIG(status));
	/* Such a program has no handler. */
	kill(self->pid, SIGCONT);
	EXPECT_EQ(EXIT_CODE(EXECUTED), wait_for_status(self->pid, __WALL));
	self->pid = 0;
}

TEST_F(task, an_answer_that_kills_ends_an_exec)
{
	HOLD_SIGNAL_OF_PROCESS(SIGQUIT, "term");
	EXPECT_EQ(SIGTERM, WTERMSIG(execute_in_the_gap(self, HAVE_IT_EXECUTE)));
}

TEST_F(task, an_answer_that_kills_leaves_a_killed_task_its_exit_stop)
{
	HOLD_SIGNAL(SIGQUIT, "term");
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, PTRACE_O_TRACEEXIT));
	kill(self->pid, SIGKILL);
	EXPECT_EQ(SIGTRAP | PTRACE_EVENT_EXIT << 8,
		  wait_for_status(self->pid, __WALL) >> 8);
	ptrace(PTRACE_CONT, self->pid, 0, 0);
	EXPECT_EQ(SIGKILL, end(self));
}

/* It is cancelled before the engine is told of the signal. */
TEST_F(task, sigcont_at_a_tracers_stop_cancels_a_stop)
{
	START(serve);
	ASSERT_EQ(0, command(self->engine, "events signal"));
	ASSERT_EQ(0, ptrace(PTRACE_ATTACH, self->pid, 0, 0));
	ASSERT_EQ(SIGSTOP, wait_for_status(self->pid, __WALL) >> 8);
	kill(self->pid, SIGCONT);
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, SIGSTOP));
	ASSERT_EQ(SIGCONT, wait_for_status(self->pid, __WALL) >> 8);
	EXPECT_EQ(1, counter(self->engine, "signal"));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	tell(self);
	EXPECT_LT(0, answer(self));
}

TEST_F(task, a_stop_comes_after)
{
	HOLD_SIGNAL(SIGUSR1, "deliver");
	kill(self->pid, SIGSTOP);
	GO();
	EXPECT_EQ(SIGSTOP, WSTOPSIG(wait_for_status(self->pid, WUNTRACED)));
	kill(self->pid, SIGCONT);
	EXPECT_EQ(1, handlers(self));
}

TEST_F(task, sigkill_kills)
{
	HOLD_SIGNAL(SIGUSR1, "ign");
	kill(self->pid, SIGKILL);
	EXPECT_EQ(SIGKILL, end(self));
}

TEST_F(task, another_fatal_signal_kills)
{
	HOLD_SIGNAL(SIGQUIT, "ign");
	kill(self->pid, SIGTERM);
	EXPECT_EQ(SIGTERM, end(self));
}

TEST_F(task, a_handler_of_another_thread_runs)
{
	HOLD_SIGNAL(SIGQUIT, "deliver");
	__atomic_store_n(handle_later, 1, __ATOMIC_RELEASE);
	ASSERT_TRUE(wait_until(signals_of(self->pid, "SigCgt:") &
			       SIGNAL_BIT(SIGQUIT)));
	GO();
	EXPECT_EQ(10, handlers(self));
}

TEST_F(task, a_tracer_has_come_too_late)
{
	int status;

	HOLD_SIGNAL(SIGUSR1, "deliver");
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
	GO();
	EXPECT_EQ(1, handlers(self));
	EXPECT_EQ(0, waitpid(self->pid, &status, WNOHANG | __WALL));
}

TEST_F(task, a_tracers_interrupt_comes_after)
{
	int status;

	HOLD_SIGNAL(SIGUSR1, "deliver");
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, 0, 0));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->pid, 0, 0));
	GO();
	EXPECT_EQ(EVENT_STOP, wait_for_status(self->pid, __WALL) >> 8);
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->pid, 0, 0));
	EXPECT_EQ(1, handlers(self));
	EXPECT_EQ(0, waitpid(self->pid, &status, WNOHANG | __WALL));
}

TEST_HARNESS_MAIN
