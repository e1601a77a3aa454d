// SPDX-License-Identifier: GPL-2.0
/*
 * One run. We are the parent of all, of the tracee too unless its tracer is to be
 * that, and end what does not end by itself.
 */
#include "races.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sys.h"
#include "tokens.h"

#define CGROUP		"/sys/fs/cgroup/races"
#define ENGINE		"/sys/kernel/debug/utrace/engine"
#define AMPLIFY		"/sys/module/kernel/parameters/amplify"
#define STACK_SIZE	32768

/* So long may a run take. */
#define LIMIT_MS	10000
#define MANY		1000	/* looks around: a tenth of a second, or more */

struct run run;
bool amplified, observed;
u64 ticks_per_us;
int cgroup_fd, freeze_fd;

static int tracee_cgroup_fd;

static int kill_fd, amplify_fd, engine_fd;
static char *stacks;

/* ---- what the parties use ---- */

__asm__(".globl clone_and_call\n"
	"clone_and_call:\n"
	"	mov	%rdx, %r8\n"
	"	mov	%rcx, %r9\n"
	"	mov	$435, %eax\n"
	"	syscall\n"
	"	test	%rax, %rax\n"
	"	jnz	1f\n"
	"	xor	%ebp, %ebp\n"
	"	mov	%r9, %rdi\n"
	"	call	*%r8\n"
	"	ud2\n"
	"1:	ret\n");
long clone_and_call(struct clone_args *args, size_t size, void (*main)(void *), void *arg);

long spawn(u64 flags, int exit_signal, int cgroup, int stack, void (*main)(void *),
	   void *arg)
{
	struct clone_args args = {
		.flags = flags | CLONE_VM | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
		.exit_signal = exit_signal,
		.stack = (u64)stacks + stack * STACK_SIZE,
		.stack_size = STACK_SIZE - 64,
		.cgroup = cgroup >= 0 ? cgroup : 0,
	};

	return clone_and_call(&args, sizeof(args), main, arg);
}

/* See amplify.h. */
void be_amplified(void)
{
	sys(__NR_personality, WHOLE_SECONDS);
}

void put_on_cpu(int pid, int cpu)
{
	unsigned long mask = cpu < 0 ? ~0ul : 1ul << cpu;

	sys(__NR_sched_setaffinity, pid, sizeof(mask), &mask);
}

void wait_flag(int *flag)
{
	while (!__atomic_load_n(flag, __ATOMIC_ACQUIRE))
		sys(__NR_futex, flag, FUTEX_WAIT_PRIVATE, 0, 0);
}

void set_flag(int *flag)
{
	__atomic_store_n(flag, 1, __ATOMIC_SEQ_CST);
	sys(__NR_futex, flag, FUTEX_WAKE_PRIVATE, INT_MAX);
}

/*
 * Whoever has to be woken to act says that it is awake. The last one sets the time
 * that the moments are counted from: on a busy host it can come late.
 */
void begin(void)
{
	wait_flag(&run.go);
	if (__atomic_add_fetch(&run.awake, 1, __ATOMIC_SEQ_CST) == run.parties)
		__atomic_store_n(&run.start, now() + 5 * ticks_per_us, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&run.start, __ATOMIC_ACQUIRE))
		sys(__NR_sched_yield);
}

/*
 * Until the moment of an act. Whoever may sleeps until shortly before: on a busy host
 * that lets the other CPU of the guest run.
 */
void wait_until(unsigned int act, bool may_sleep)
{
	u64 end = run.start + run.when[act], margin = 150 * ticks_per_us, t;
	struct timespec rest = { 0, 0 };

	t = now();
	if (may_sleep && t + 2 * margin < end) {
		rest.tv_nsec = (end - margin - t) / ticks_per_us * 1000;
		sys(__NR_nanosleep, &rest, 0);
	}
	while (now() < end)
		relax();
}

/*
 * Until the parent has heard what the tracee was up to: SIGCHLD does not queue, and
 * that it was stopped would get lost if it went on at once.
 */
void wait_for_parent(void)
{
	struct timespec shortly = { 0, 20000 };
	int ask = __atomic_add_fetch(&run.ask, 1, __ATOMIC_SEQ_CST);

	while (__atomic_load_n(&run.told, __ATOMIC_ACQUIRE) < ask)
		sys(__NR_nanosleep, &shortly, 0);
}

void acted(unsigned int act, long result)
{
	run.result[act] = result;
	__atomic_store_n(&run.acted[act], 1, __ATOMIC_RELEASE);
}

/* The next act of a kind, in the order of their times; @after -1: the first. */
int next_act(int from, int to, int after)
{
	u64 least = after < 0 ? 0 : run.when[after];
	int i, best = -1;

	for (i = 0; i < MAX_ACTS; i++) {
		int act = run.sc->acts[i];

		if (act < from || act >= to || act == NO_ACT || i == after)
			continue;
		if (run.when[i] < least || (run.when[i] == least && i < after))
			continue;
		if (best < 0 || run.when[i] < run.when[best])
			best = i;
	}
	return best;
}

static char *put_text(char *to, const char *end, const char *text)
{
	while (*text && to < end)
		*to++ = *text++;
	return to;
}

static char *put_number(char *to, const char *end, long number)
{
	char digits[24], *p = digits + sizeof(digits);
	bool minus = number < 0;

	*--p = 0;
	if (minus)
		number = -number;
	do {
		*--p = '0' + number % 10;
		number /= 10;
	} while (number);
	if (minus)
		*--p = '-';
	return put_text(to, end, p);
}

/* Is there nothing but tokens of a stream after this one, and it among them? */
static bool in_stream(const struct log *log, int who, const char *token)
{
	unsigned int i = log->nr;

	while (i--) {
		if (log->who[i] != who)
			continue;
		if (!log->stream[i])
			return false;
		if (!strcmp(log->token[i], token))
			return true;
	}
	return false;
}

/*
 * @stream: one of many stops that come as long as the task runs.  Between two others
 * each is told once; how many there were, and which came last, is chance.
 */
void log_token(struct log *log, int who, const char *name, long number, bool with,
	       bool stream)
{
	char *to, *end;

	if (log->nr == MAX_TOKENS) {
		log->full = true;
		return;
	}
	to = log->token[log->nr];
	end = to + TOKEN_SIZE - 1;
	to = put_text(to, end, name);
	if (with) {
		to = put_text(to, end, "=");
		to = put_number(to, end, number);
	}
	*to = 0;
	if (stream && in_stream(log, who, log->token[log->nr]))
		return;
	log->who[log->nr] = who;
	log->stream[log->nr] = stream;
	__atomic_store_n(&log->nr, log->nr + 1, __ATOMIC_RELEASE);
}

/* ---- the run ---- */

static u64 now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ull + t.tv_nsec / 1000;
}

static void sleep_us(long us)
{
	struct timespec t = { 0, us * 1000 };

	nanosleep(&t, NULL);
}

static void write_to(int fd, const char *text)
{
	if (pwrite(fd, text, strlen(text), 0) < 0 && errno != ENODEV) {
		perror("races: write");
		_exit(4);
	}
}

long start_tracee(void)
{
	long pid;

	pid = spawn(CLONE_FILES, SIGCHLD, tracee_cgroup_fd, STACK_TRACEE, tracee_main, NULL);
	if (pid > 0) {
		run.tracee.pid = pid;
		put_on_cpu(pid, run.tracee.cpu);
		wait_flag(&run.tracee.ready);
	}
	return pid;
}

/* What the state of a task is, a letter; 0 if there is no such task. */
static char state_of(int pid)
{
	char name[32], text[128], *p;
	ssize_t size;
	int fd;

	if (pid <= 0)
		return 0;
	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	fd = open(name, O_RDONLY);
	if (fd < 0)
		return 0;
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (size <= 0)
		return 0;
	text[size] = 0;
	p = strrchr(text, ')');
	return p && p[1] ? p[2] : 0;
}

/*
 * What the parent of the tracee is told, within a time: by SIGCHLD, or in other runs
 * by wait.  In one run both would be told of one stop, and one of them could take away
 * what the other tells.  That of the end only counts if it is not what wait says, as
 * it gets lost when the one before it is pending still.  Returns true if the tracee is
 * gone.
 */
static bool ask_parent(long us)
{
	static const char *const codes[] = {
		[CLD_EXITED] = "exited", [CLD_KILLED] = "killed", [CLD_DUMPED] = "dumped",
		[CLD_TRAPPED] = "trapped", [CLD_STOPPED] = "stopped",
		[CLD_CONTINUED] = "continued",
	};
	int status, flags = WNOHANG | __WALL, said = -1;
	struct timespec limit = { 0, us * 1000 };
	siginfo_t info;
	sigset_t set;

	if (run.parent_waits)
		flags |= WUNTRACED | WCONTINUED;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	while (sigtimedwait(&set, &info, &limit) == SIGCHLD) {
		limit.tv_nsec = 0;
		if (info.si_pid != run.tracee.pid || info.si_code <= 0 ||
		    info.si_code >= (int)ARRAY_SIZE(codes))
			continue;
		if (info.si_code == CLD_EXITED)
			said = info.si_status << 8;
		else if (info.si_code == CLD_KILLED)
			said = info.si_status;
		else if (!run.parent_waits)
			log_token(&run.parent, 0, codes[info.si_code], info.si_status, true, false);
	}
	while (wait4(run.tracee.pid, &status, flags, NULL) == run.tracee.pid) {
		if (WIFSTOPPED(status)) {
			log_token(&run.parent, 0, "w-stopped", WSTOPSIG(status), true, false);
		} else if (WIFCONTINUED(status)) {
			log_token(&run.parent, 0, "w-continued", 0, false, false);
		} else {
			if (WIFEXITED(status))
				log_token(&run.parent, 0, "exited", WEXITSTATUS(status), true, false);
			else
				log_token(&run.parent, 0, "killed", WTERMSIG(status), true, false);
			if (said >= 0 && said != status)
				log_token(&run.parent, 0, "told", said, true, false);
			return true;
		}
	}
	return false;
}

static bool tracee_gone;

static void look_around(long us)
{
	int ask = __atomic_load_n(&run.ask, __ATOMIC_ACQUIRE);

	if (!tracee_gone)
		tracee_gone = ask_parent(us);
	answer_notifications(6);
	__atomic_store_n(&run.told, ask, __ATOMIC_RELEASE);
}

static bool rests(char state)
{
	return !state || strchr("STtZXD", state);
}

static bool is_gone(int pid)
{
	char state = state_of(pid);

	return !state || state == 'Z' || state == 'X';
}

/* Who does an act? */
static const struct party *doer_of(enum act act)
{
	if (act < TRACER_ACTS)
		return run.by_actor ? &run.actor : &run.tracer[0];
	if (act < OTHER_ACTS)
		return &run.tracer[0];
	if (act < TRACEE_ACTS)
		return &run.tracer[1];
	return act < THREAD_ACTS ? &run.tracee : &run.thread;
}

/*
 * What they have told, if all rest; else 0. A tracee that @beats, which moves and
 * shows it, rests.
 */
static u64 at_rest(bool beats)
{
	char t = run.tracer[0].done ? 0 : state_of(run.tracer[0].pid);
	char t2 = run.tracer[1].done ? 0 : state_of(run.tracer[1].pid);
	char x;

	if (!rests(t) || !rests(t2))
		return 0;
	x = state_of(run.tracee.pid);
	if (!rests(x) && !beats)
		return 0;
	return run.tracer[0].log.nr + run.tracer[1].log.nr * 100 + run.parent.nr * 10000 +
	       ((u64)x << 32) + ((u64)run.token << 40) + 1;
}

/*
 * Wait until all have acted who can. A tracee that is frozen cannot, before the end;
 * nor can two who wait for each other, as PTRACE_ATTACH and an exec do.
 */
static void wait_for_acts(void)
{
	u64 begin = now_us(), end = begin + LIMIT_MS * 1000, end_frozen = begin + 30 * 1000;
	const struct party *doer;
	u64 sum, last = 0;
	int i = 0, quiet = 0;

	while (i < MAX_ACTS && now_us() < end) {
		if (!run.sc->acts[i] || __atomic_load_n(&run.acted[i], __ATOMIC_ACQUIRE)) {
			i++;
			quiet = 0;
			continue;
		}
		look_around(60);
		doer = doer_of(run.sc->acts[i]);
		if (is_gone(doer->pid) ||
		    (run.sc->freezes && run.sc->acts[i] >= TRACEE_ACTS && now_us() > end_frozen)) {
			i++;
			continue;
		}
		/* The longest that an act is put off is 16 ms. */
		if (now_us() - begin < 50 * 1000)
			continue;
		sum = rests(state_of(doer->pid)) ? at_rest(true) : 0;
		quiet = sum && sum == last ? quiet + 1 : 0;
		last = sum;
		if (quiet == MANY)
			break;
	}
}

/* Wait until nobody moves any more; some never rest. */
static void settle(void)
{
	u64 sum, last = 0, beat = 0, end;
	int quiet = 0;

	end = now_us() + (amplified ? 60000 : 15000);
	/* A tracee that has beaten twice since has run: it knows what was sent to it. */
	while (quiet < 2 && !tracee_gone && now_us() < end) {
		look_around(60);
		sum = at_rest(run.beat != beat);
		quiet = sum && sum == last ? quiet + 1 : 0;
		if (sum) {
			beat = run.beat;
			last = sum;
		}
	}
}

/* Where there is a stop after each call or instruction: until it has run some. */
static void stream(void)
{
	u64 beat = run.beat, end = now_us() + (amplified ? 20000 : 5000);

	while (!tracee_gone && run.beat < beat + 2 && now_us() < end)
		look_around(60);
}

static bool party_done(struct party *party)
{
	if (party->pid <= 0 || party->done)
		return true;
	if (wait4(party->pid, NULL, WNOHANG | __WALL, NULL) == 0)
		return false;
	party->done = 1;
	return true;
}

/* Let it come to its end. Returns false if it does not. */
static bool finish(void)
{
	int pid = run.tracee.pid;
	bool t, t2;

	u64 end;

	/* Streams come to an end. */
	run.calm = 1;
	run.rest = 1;
	if (run.streams)
		settle();
	if (run.sc->freezes)
		write_to(freeze_fd, "0");
	if (run.sc->stops && !tracee_gone) {
		kill(pid, SIGCONT);
		settle();
	}
	end = now_us() + LIMIT_MS * 1000;
	if (!tracee_gone)
		kill(pid, SIG_MARK);
	do {
		look_around(100);
		t = party_done(&run.tracer[0]);
		t2 = party_done(&run.tracer[1]) && party_done(&run.actor);
		if (tracee_gone && t && t2)
			return true;
		/* Whoever is its parent has reaped it. */
		if (t && t2 && kill(pid, 0) && errno == ESRCH) {
			look_around(0);
			return true;
		}
		if (tracee_gone)
			sleep_us(50);
	} while (now_us() < end);
	return false;
}

/* Nothing is left of it. */
static void clean_up(void)
{
	pid_t pid;

	for (;;) {
		pid = wait4(-1, NULL, WNOHANG | __WALL, NULL);
		if (pid > 0)
			continue;
		if (pid < 0 && errno == ECHILD)
			break;
		write_to(kill_fd, "1");
		wait4(-1, NULL, __WALL, NULL);
	}
	if (run.notify_fd >= 0)
		close(run.notify_fd);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static char *put_tokens(char *to, const char *end, const struct log *log, unsigned int who)
{
	char sorted[MAX_TOKENS][TOKEN_SIZE];
	unsigned int i, j, nr = 0;

	for (i = 0; i <= log->nr; i++) {
		if (i < log->nr && log->who[i] != who)
			continue;
		if (i < log->nr && log->stream[i]) {
			memcpy(sorted[nr++], log->token[i], TOKEN_SIZE);
			continue;
		}
		if (nr) {
			qsort(sorted, nr, TOKEN_SIZE, by_text);
			to = put_text(to, end, " [");
			for (j = 0; j < nr; j++) {
				to = put_text(to, end, j ? " " : "");
				to = put_text(to, end, sorted[j]);
			}
			to = put_text(to, end, "]");
			nr = 0;
		}
		if (i < log->nr) {
			to = put_text(to, end, " ");
			to = put_text(to, end, log->token[i]);
		}
	}
	return to;
}

static char *put_log(char *to, const char *end, const struct log *log, const char *name)
{
	unsigned int who, i;

	for (who = 0; who < 8; who++) {
		for (i = 0; i < log->nr && log->who[i] != who; i++)
			;
		if (i == log->nr)
			continue;
		to = put_text(to, end, " | ");
		to = put_text(to, end, name);
		if (who)
			to = put_number(to, end, who);
		to = put_text(to, end, ":");
		to = put_tokens(to, end, log, who);
	}
	if (log->full)
		to = put_text(to, end, " ...");
	return to;
}

static void put_outcome(char *text, size_t size, bool ended, const char *states)
{
	static const char *const names[] = TOKEN_NAMES;
	const char *end = text + size - 1;
	char *to = text;
	int i;

	if (!ended) {
		to = put_text(to, end, "TIMEOUT ");
		to = put_text(to, end, states);
		to = put_text(to, end, " ");
	}
	for (i = 0; i < MAX_ACTS && run.sc->acts[i]; i++) {
		if (!run.acted[i]) {
			to = put_text(to, end, act_names[run.sc->acts[i]]);
			to = put_text(to, end, "-not ");
		} else if (run.result[i]) {
			to = put_text(to, end, act_names[run.sc->acts[i]]);
			to = put_number(to, end, run.result[i]);
			to = put_text(to, end, " ");
		}
	}
	to = put_log(to, end, &run.tracer[0].log, "tracer");
	to = put_log(to, end, &run.tracer[1].log, "other");
	to = put_log(to, end, &run.parent, "parent");
	to = put_text(to, end, " | tracee:");
	for (i = 0; i < NR_TOKENS; i++) {
		if (run.token & 1u << i) {
			to = put_text(to, end, " ");
			to = put_text(to, end, names[i]);
		}
	}
	*to = 0;
}

static void observe(void)
{
	char command[64];
	int pid = run.tracee.pid;

	engine_fd = open(ENGINE, O_RDWR | O_CLOEXEC);
	if (engine_fd < 0) {
		perror("races: " ENGINE);
		_exit(4);
	}
	snprintf(command, sizeof(command), "attach %d", pid);
	write_to(engine_fd, command);
	write_to(engine_fd, "on clone follow");
	write_to(engine_fd,
		 "events syscall_entry syscall_exit quiesce clone exec exit death reap signal");
}

static bool has_act(const struct scenario *sc, enum act from, enum act to)
{
	int i;

	for (i = 0; i < MAX_ACTS; i++) {
		if (sc->acts[i] >= from && sc->acts[i] < to && sc->acts[i])
			return true;
	}
	return false;
}

/*
 * Who is where: whoever waits for its moment keeps a CPU busy, so two that are to act
 * at the same time need one each, and a tracee that is to react needs one, too.
 */
static const struct {
	signed char tracee, thread, tracer, other, actor;
	bool by_actor;
} places[NR_PLACEMENTS] = {
	/* the tracee alone; what others could do the tracer does */
	[TRACEE_ALONE]	= { 1, 1, 0, 0, 0, false },
	[ACTOR_ALONE]	= { 1, 1, 1, 0, 0, true },
	[TRACER_ALONE]	= { 1, 0, 0, 1, 1, true },
	[ANYWHERE]	= { -1, -1, -1, -1, -1, true },
};

/* @random: 0 to 9 */
unsigned int choose_placement(const struct scenario *sc, unsigned int random)
{
	static const u8 both[] = "0000111233", actor[] = "0111111233", tracer[] = "0000001233";
	const u8 *from = both;

	if (!has_act(sc, TRACER_ACTS, OTHER_ACTS))
		from = actor;
	else if (!has_act(sc, NO_ACT, TRACER_ACTS))
		from = tracer;
	return from[random] - '0';
}

static void place(unsigned int placement)
{
	run.tracee.cpu = places[placement].tracee;
	run.thread.cpu = places[placement].thread;
	run.tracer[0].cpu = places[placement].tracer;
	run.tracer[1].cpu = places[placement].other;
	run.actor.cpu = places[placement].actor;
	run.by_actor = has_act(run.sc, NO_ACT, TRACER_ACTS) &&
		       (places[placement].by_actor ||
			!has_act(run.sc, TRACER_ACTS, OTHER_ACTS));
	run.parties = run.by_actor + has_act(run.sc, OTHER_ACTS, TRACEE_ACTS) +
		      has_act(run.sc, run.by_actor ? TRACER_ACTS : NO_ACT, OTHER_ACTS);
}

static void start(struct party *party, int stack, void (*main)(void *), long arg)
{
	/* With the signal 0 it tells us nothing that could hide what the tracee does. */
	party->pid = spawn(CLONE_FILES, 0, cgroup_fd, stack, main, (void *)arg);
	if (party->pid <= 0) {
		party->pid = 0;
		fprintf(stderr, "races: cannot create a task\n");
		_exit(4);
	}
	put_on_cpu(party->pid, party->cpu);
	wait_flag(&party->ready);
}

/* @delays: of the acts, in ticks, from when all are ready. */
void run_one(const struct scenario *sc, const u64 *delays, unsigned int placement,
	     bool parent_waits, char *text, size_t size)
{
	/* How long the waits may be, in microseconds. */
	static const char *const levels[] = { "100", "1000", "4000" };
	char states[4] = "---";
	bool ended;
	int i;

	memset(&run, 0, offsetof(struct run, parent));
	run.parent.nr = 0;
	run.parent.full = false;
	run.token = 0;
	run.sc = sc;
	run.notify_fd = -1;
	tracee_gone = false;
	for (i = 0; i < MAX_ACTS; i++)
		run.when[i] = delays[i];
	run.parent_waits = parent_waits;
	place(placement);
	run.streams = sc->policy > DO_CONT && sc->policy < NR_RESUMES;
	if (sc->state == IN_NOTIFY || has_act(sc, ACT_X_TRACE, ACT_X_NOTIFY + 1))
		run.notify_fd = -2;

	engine_fd = -1;
	if (!sc->child) {
		start_tracee();
		if (observed)
			observe();
	}
	start(&run.tracer[0], STACK_TRACER, tracer_main, 0);
	if (sc->child && observed)
		observe();
	if (has_act(sc, OTHER_ACTS, TRACEE_ACTS))
		start(&run.tracer[1], STACK_TRACER_2, tracer_main, 1);
	if (run.by_actor)
		start(&run.actor, STACK_ACTOR, actor_main, 0);
	if (sc->state == IN_NOTIFY)
		answer_notifications(-1);
	if (sc->state == AT_STOPPED && !sc->child) {
		wait4(run.tracee.pid, NULL, WUNTRACED, NULL);
		ask_parent(0);
		run.parent.nr = 0;
	}
	if (sc->frozen)
		write_to(freeze_fd, "1");

	if (amplified)
		write_to(amplify_fd, levels[now() % ARRAY_SIZE(levels)]);
	if (!run.parties)
		run.start = now() + 20 * ticks_per_us;
	set_flag(&run.go);
	wait_for_acts();
	if (run.streams) {
		stream();
	} else {
		run.rest = 1;
		settle();
	}
	if (amplified)
		write_to(amplify_fd, "0");
	ended = finish();
	if (!ended) {
		states[0] = state_of(run.tracee.pid) ?: '-';
		states[1] = state_of(run.tracer[0].pid) ?: '-';
	}
	put_outcome(text, size, ended, states);
	if (engine_fd >= 0)
		close(engine_fd);
	clean_up();
}

static int open_or_die(const char *name, int flags)
{
	int fd = open(name, flags | O_CLOEXEC);

	if (fd < 0) {
		fprintf(stderr, "races: ");
		perror(name);
		exit(2);
	}
	return fd;
}

void run_init(void)
{
	struct timespec t = { 0, 20 * 1000 * 1000 };
	sigset_t set;
	u64 us, ticks;

	put_on_cpu(0, 0);
	prctl(PR_SET_TIMERSLACK, 1000);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	cgroup_fd = open_or_die(CGROUP "/run", O_DIRECTORY);
	tracee_cgroup_fd = open_or_die(CGROUP "/run/tracee", O_DIRECTORY);
	freeze_fd = open_or_die(CGROUP "/run/tracee/cgroup.freeze", O_WRONLY);
	kill_fd = open_or_die(CGROUP "/run/cgroup.kill", O_WRONLY);
	if (amplified)
		amplify_fd = open_or_die(AMPLIFY, O_WRONLY);
	stacks = mmap(NULL, NR_STACKS * STACK_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (stacks == MAP_FAILED) {
		perror("races: mmap");
		exit(2);
	}
	ticks = now();
	us = now_us();
	nanosleep(&t, NULL);
	ticks_per_us = (now() - ticks) / (now_us() - us);
}
