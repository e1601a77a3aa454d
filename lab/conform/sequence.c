// SPDX-License-Identifier: GPL-2.0
/*
 * Sequences: as text, as numbered plans, and the shorter ones of one.
 *
 * As text a sequence is words between spaces:
 *
 *	PROGRAM ATTACH OPTIONS STEP... END
 *
 *	call traceme sysgood,fork sysemu:USR1 1.step@ip+2 interrupt then-detach
 *
 * A step is a request, for all stopped tracees or (N.) for one of them, with
 * a signal (:SIG) and with a change made first (@EDIT).
 */
#include "conform.h"

#include <linux/ptrace.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

const char *const whats[NR_WHATS] = {
	[DO_CONT] = "cont", [DO_SYSCALL] = "syscall", [DO_STEP] = "step",
	[DO_BLOCK] = "block", [DO_SYSEMU] = "sysemu", [DO_SYSEMUSTEP] = "sysemu-step",
	[DO_DETACH] = "detach", [DO_REATTACH] = "reattach",
	[DO_INTERRUPT] = "interrupt", [DO_LISTEN] = "listen",
	[DO_SIGNAL] = "signal", [DO_OPTIONS] = "options", [DO_WAKE] = "wake",
	[DO_REFUSED] = "refused", [DO_KILL] = "ptrace-kill",
};

static const char *const attaches[NR_ATTACHES] = {
	[BY_TRACEME] = "traceme", [BY_ATTACH] = "attach", [BY_SEIZE] = "seize",
	[BY_FOREIGN_ATTACH] = "foreign-attach", [BY_FOREIGN_SEIZE] = "foreign-seize",
	[BY_OTHER_WIDTH] = "other-width",
};

static const char *const ends[NR_ENDS] = {
	[END_DETACH] = "then-detach", [END_CONT] = "then-cont",
	[END_SYSCALL] = "then-syscall", [END_STEP] = "then-step",
	[END_KILL] = "then-kill", [END_EXIT] = "then-exit", [END_DIE] = "then-die",
	[END_EXEC] = "then-exec",
};

static const struct {
	const char *name;
	int sig;
} signals[] = {
	{ "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "STOP", SIGSTOP },
	{ "CONT", SIGCONT }, { "KILL", SIGKILL }, { "TRAP", SIGTRAP },
	{ "CHLD", SIGCHLD }, { "TERM", SIGTERM }, { "TSTP", SIGTSTP },
	{ "SEGV", SIGSEGV },
};

static const struct {
	const char *name;
	u32 option;
} options[] = {
	{ "sysgood", PTRACE_O_TRACESYSGOOD }, { "fork", PTRACE_O_TRACEFORK },
	{ "vfork", PTRACE_O_TRACEVFORK }, { "clone", PTRACE_O_TRACECLONE },
	{ "exec", PTRACE_O_TRACEEXEC }, { "vforkdone", PTRACE_O_TRACEVFORKDONE },
	{ "exit", PTRACE_O_TRACEEXIT }, { "seccomp", PTRACE_O_TRACESECCOMP },
	{ "exitkill", PTRACE_O_EXITKILL }, { "suspend", PTRACE_O_SUSPEND_SECCOMP },
};

#define ALL_EVENTS	(PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
			 PTRACE_O_TRACEEXEC | PTRACE_O_TRACEVFORKDONE | \
			 PTRACE_O_TRACEEXIT | PTRACE_O_TRACESECCOMP)
#define ALL_OPTIONS	(ALL_EVENTS | PTRACE_O_TRACESYSGOOD)

const struct edit edits[] = {
	{ "" },
	{ "nr=-1", REG_NR, -1 },
	{ "nr=9999", REG_NR, 9999 },
	{ "nr=getppid", REG_NR, -2 },	/* known only to the tracer's width */
	{ "ax=77", REG_AX, 77 },
	{ "ax=-ENOSYS", REG_AX, -38 },
	{ "ax=-ERESTARTSYS", REG_AX, -512 },
	{ "ax=-ERESTARTNOINTR", REG_AX, -513 },
	{ "ax=-ERESTARTNOHAND", REG_AX, -514 },
	{ "ax=-RESTARTBLOCK", REG_AX, -516 },
	{ "di=9999", REG_DI, 9999 },
	{ "ip+2", REG_IP, 2 },
	{ "ip-2", REG_IP, -2 },
	{ "tf=1", REG_FLAGS, 0x100 },
	{ "tf=0", REG_FLAGS, 0 },
	{ "siginfo", REG_SIGINFO },
	{ "sigmask", REG_SIGMASK },
	{ "breakpoint", REG_BREAKPOINT, 2 },
};

#define NR_EDITS	ARRAY_SIZE(edits)

/* ---- text ---- */

static int find(const char *const *names, unsigned int nr, const char *word, size_t len)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (strlen(names[i]) == len && !strncmp(names[i], word, len))
			return i;
	}
	return -1;
}

struct text {
	char *at;
	size_t left;
};

static void say(struct text *text, const char *word)
{
	size_t len = strlen(word);

	if (len >= text->left)
		len = text->left - 1;
	memcpy(text->at, word, len);
	text->at += len;
	text->left -= len;
	*text->at = 0;
}

static void say_options(struct text *text, u32 mask)
{
	const char *comma = "";
	unsigned int i;

	if (!mask)
		say(text, "-");
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		if (!(mask & options[i].option))
			continue;
		say(text, comma);
		say(text, options[i].name);
		comma = ",";
	}
}

static void say_step(struct text *text, const struct step *step)
{
	char number[8];
	unsigned int i;

	if (step->who != ALL_STOPPED) {
		snprintf(number, sizeof(number), "%u.", step->who);
		say(text, number);
	}
	say(text, whats[step->what]);
	for (i = 0; step->sig && i < ARRAY_SIZE(signals); i++) {
		if (signals[i].sig == step->sig) {
			say(text, ":");
			say(text, signals[i].name);
		}
	}
	if (step->edit) {
		say(text, "@");
		say(text, edits[step->edit].name);
	}
	if (step->what == DO_OPTIONS) {
		say(text, "%");
		say_options(text, step->options);
	}
}

void sequence_format(const struct sequence *seq, char *buf, size_t size)
{
	struct text text = { buf, size };
	unsigned int i;

	say(&text, programs[seq->program].name);
	say(&text, " ");
	say(&text, attaches[seq->attach]);
	say(&text, " ");
	say_options(&text, seq->options);
	for (i = 0; i < seq->nr_steps; i++) {
		say(&text, " ");
		say_step(&text, &seq->steps[i]);
	}
	say(&text, " ");
	say(&text, ends[seq->end]);
}

static bool parse_options(const char *word, u32 *mask)
{
	unsigned int i;
	size_t len;

	*mask = 0;
	if (!strcmp(word, "-"))
		return true;
	for (; *word; word += len + (word[len] == ',')) {
		len = strcspn(word, ",");
		for (i = 0; i < ARRAY_SIZE(options); i++) {
			if (strlen(options[i].name) == len &&
			    !strncmp(options[i].name, word, len))
				break;
		}
		if (i == ARRAY_SIZE(options))
			return false;
		*mask |= options[i].option;
	}
	return true;
}

static bool parse_step(const char *word, struct step *step)
{
	const char *dot = strchr(word, '.');
	unsigned int i;
	size_t len;
	int what;

	memset(step, 0, sizeof(*step));
	step->who = ALL_STOPPED;
	if (dot) {
		step->who = atoi(word);
		word = dot + 1;
	}
	len = strcspn(word, ":@%");
	what = find(whats, NR_WHATS, word, len);
	if (what < 0)
		return false;
	step->what = what;
	word += len;
	if (*word == ':') {
		len = strcspn(++word, "@%");
		for (i = 0; i < ARRAY_SIZE(signals); i++) {
			if (strlen(signals[i].name) == len &&
			    !strncmp(signals[i].name, word, len))
				step->sig = signals[i].sig;
		}
		if (!step->sig)
			return false;
		word += len;
	}
	if (*word == '@') {
		len = strcspn(++word, "%");
		for (i = 1; i < NR_EDITS; i++) {
			if (strlen(edits[i].name) == len &&
			    !strncmp(edits[i].name, word, len))
				step->edit = i;
		}
		if (!step->edit)
			return false;
		word += len;
	}
	if (*word == '%')
		return parse_options(word + 1, &step->options);
	return !*word;
}

/* On failure *bad is the word that is not understood, or NULL for the end. */
bool sequence_parse(struct sequence *seq, const char *text, const char **bad)
{
	static char buf[1024];
	char *word, *save;
	int nr = 0, i;

	memset(seq, 0, sizeof(*seq));
	*bad = NULL;
	snprintf(buf, sizeof(buf), "%s", text);
	for (word = strtok_r(buf, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
		*bad = word;
		switch (nr++) {
		case 0:
			i = program_find(word);
			if (i < 0)
				return false;
			seq->program = i;
			continue;
		case 1:
			i = find(attaches, NR_ATTACHES, word, strlen(word));
			if (i < 0)
				return false;
			seq->attach = i;
			continue;
		case 2:
			if (!parse_options(word, &seq->options))
				return false;
			continue;
		}
		i = find(ends, NR_ENDS, word, strlen(word));
		if (i >= 0) {
			seq->end = i;
			return !strtok_r(NULL, " \n", &save);
		}
		if (seq->nr_steps == MAX_STEPS || !parse_step(word, &seq->steps[seq->nr_steps++]))
			return false;
	}
	*bad = NULL;
	return false;
}

/* ---- plans ---- */

/* Ways to attach, with what they are combined. */
static const struct {
	u8 attach;
	u32 options;
} profiles[] = {
	{ BY_TRACEME, ALL_OPTIONS },
	{ BY_SEIZE, 0 },
	{ BY_ATTACH, PTRACE_O_TRACESYSGOOD },
	{ BY_FOREIGN_SEIZE, ALL_OPTIONS },
	{ BY_TRACEME, 0 },
	{ BY_OTHER_WIDTH, ALL_OPTIONS },
};

#define NR_PROFILES	ARRAY_SIZE(profiles)

static void use_profile(struct sequence *seq, unsigned int profile)
{
	seq->attach = profiles[profile].attach;
	seq->options = profiles[profile].options;
}

static u64 power(u64 base, unsigned int exponent)
{
	u64 n = 1;

	while (exponent--)
		n *= base;
	return n;
}

/*
 * Every sequence of the resuming requests, up to a length.  The short ones
 * come in all ways to attach and with two ends; the long ones, of which each
 * holds a short one as its beginning, in one or two.
 */
static unsigned int ways(const struct plan *plan, unsigned int length)
{
	if (plan->brief)
		return 1;
	return length <= 2 ? 2 * NR_PROFILES : length == 3 ? 2 : 1;
}

static u64 every_size(const struct plan *plan, unsigned int program)
{
	unsigned int longest = programs[program].once && plan->length > 2 ? 2 : plan->length;
	unsigned int length;
	u64 n = 0;

	for (length = 1; length <= longest; length++)
		n += power(NR_RESUMES, length) * ways(plan, length);
	return n;
}

static void every(const struct plan *plan, unsigned int program, u64 index, struct sequence *seq)
{
	unsigned int length = 1, way, i;
	u64 code;

	for (;; length++) {
		u64 n = power(NR_RESUMES, length) * ways(plan, length);

		if (index < n)
			break;
		index -= n;
	}
	way = index % ways(plan, length);
	code = index / ways(plan, length);
	seq->program = program;
	seq->nr_steps = length;
	seq->end = END_DETACH;
	if (length <= 2 && !plan->brief) {
		use_profile(seq, way % NR_PROFILES);
		seq->end = way / NR_PROFILES ? END_CONT : END_DETACH;
	} else if (way) {
		use_profile(seq, 1 + code % (NR_PROFILES - 1));
	} else {
		use_profile(seq, length == 4 && code & 1 ? 4 : 0);
	}
	for (i = 0; i < length; i++) {
		seq->steps[i].what = code % NR_RESUMES;
		seq->steps[i].who = ALL_STOPPED;
		code /= NR_RESUMES;
	}
}

/* One or two requests, one of them with a signal. */
static const u8 given[] = { SIGUSR1, SIGSTOP, SIGKILL, SIGTRAP, SIGCHLD };

#define NR_GIVEN	ARRAY_SIZE(given)

static u64 signals_size(const struct plan *plan)
{
	return plan->brief ? 0 : NR_GIVEN * (NR_RESUMES + 2 * NR_RESUMES * NR_RESUMES);
}

static void some_steps(struct sequence *seq, u64 index, u8 sig, u8 edit)
{
	unsigned int at = 0;

	if (index < NR_RESUMES) {
		seq->nr_steps = 1;
		seq->steps[0].what = index;
	} else {
		index -= NR_RESUMES;
		at = index & 1;
		index >>= 1;
		seq->nr_steps = 2;
		seq->steps[0].what = index % NR_RESUMES;
		seq->steps[1].what = index / NR_RESUMES;
	}
	seq->steps[0].who = ALL_STOPPED;
	seq->steps[1].who = ALL_STOPPED;
	seq->steps[at].sig = sig;
	seq->steps[at].edit = edit;
}

static void with_signal(unsigned int program, u64 index, struct sequence *seq)
{
	seq->program = program;
	seq->end = index % 3 ? END_DETACH : END_CONT;
	use_profile(seq, index % 4);
	some_steps(seq, index / NR_GIVEN, given[index % NR_GIVEN], 0);
}

/* The same with a change to a register, for programs of one task. */
static u64 edits_size(const struct plan *plan, unsigned int program)
{
	if (plan->brief || programs[program].tasks || programs[program].once)
		return 0;
	return (NR_EDITS - 1) * (NR_RESUMES + 2 * NR_RESUMES * NR_RESUMES) / 2;
}

static void with_edit(unsigned int program, u64 index, struct sequence *seq)
{
	/* every other one, and not the same ones for the next program */
	index = 2 * index + (program & 1);
	seq->program = program;
	seq->end = index % 3 ? END_DETACH : END_CONT;
	use_profile(seq, index % 4);
	some_steps(seq, index / (NR_EDITS - 1), 0, 1 + index % (NR_EDITS - 1));
}

/*
 * What only a seized tracee knows, and letting go and coming back: up to two
 * such steps, three where a tracee sleeps or stops by itself.
 */
static const struct step seized_steps[] = {
	{ DO_CONT }, { DO_SYSCALL }, { DO_SYSEMU }, { DO_LISTEN }, { DO_INTERRUPT },
	{ DO_DETACH }, { DO_REATTACH }, { DO_SIGNAL, 0, SIGSTOP }, { DO_SIGNAL, 0, SIGCONT },
	{ DO_REFUSED }, { DO_KILL },
};

#define NR_SEIZED	ARRAY_SIZE(seized_steps)

static u64 seized_size(const struct plan *plan, unsigned int program)
{
	if (plan->brief)
		return 0;
	return NR_SEIZED + NR_SEIZED * NR_SEIZED +
	       (programs[program].wake ? NR_SEIZED * NR_SEIZED * NR_SEIZED : 0);
}

static void seized(unsigned int program, u64 index, struct sequence *seq)
{
	unsigned int length = 1, i;

	for (; index >= power(NR_SEIZED, length); length++)
		index -= power(NR_SEIZED, length);
	seq->program = program;
	seq->end = index % 3 ? END_CONT : END_DETACH;
	use_profile(seq, index % 2 ? 1 : 3);
	seq->nr_steps = length;
	for (i = 0; i < length; i++) {
		seq->steps[i] = seized_steps[index % NR_SEIZED];
		seq->steps[i].who = ALL_STOPPED;
		index /= NR_SEIZED;
	}
}

/* No request or one, and each other end, with and without EXITKILL. */
static const u8 other_ends[] = {
	END_SYSCALL, END_STEP, END_KILL, END_EXIT, END_DIE, END_EXEC,
	END_EXIT, END_DIE,
};

static u64 ends_size(const struct plan *plan)
{
	return plan->brief ? 0 : ARRAY_SIZE(other_ends) * (NR_RESUMES + 1) * NR_PROFILES;
}

static void with_end(unsigned int program, u64 index, struct sequence *seq)
{
	unsigned int end = index % ARRAY_SIZE(other_ends);

	index /= ARRAY_SIZE(other_ends);
	seq->program = program;
	use_profile(seq, index % NR_PROFILES);
	index /= NR_PROFILES;
	seq->end = other_ends[end];
	if (end >= 6)
		seq->options |= PTRACE_O_EXITKILL;
	if (!index)
		return;
	seq->nr_steps = 1;
	seq->steps[0].what = index - 1;
	seq->steps[0].who = ALL_STOPPED;
}

/* splitmix64 */
static u64 next_random(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static unsigned int pick(u64 *state, unsigned int below)
{
	return (next_random(state) >> 32) % below;
}

static u32 random_options(u64 *state)
{
	u32 mask = 0;
	unsigned int i;

	switch (pick(state, 4)) {
	case 0:
		return ALL_OPTIONS;
	case 1:
		return PTRACE_O_TRACESYSGOOD;
	}
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		if (pick(state, 2))
			mask |= options[i].option;
	}
	/* a suspended filter lets all calls through: not too often */
	if (pick(state, 3))
		mask &= ~PTRACE_O_SUSPEND_SECCOMP;
	return mask;
}

static void random_step(u64 *state, struct step *step)
{
	static const u8 others[] = {
		DO_DETACH, DO_REATTACH, DO_REATTACH, DO_INTERRUPT, DO_INTERRUPT,
		DO_LISTEN, DO_SIGNAL, DO_SIGNAL, DO_OPTIONS, DO_WAKE, DO_REFUSED,
	};

	step->who = pick(state, 5) ? ALL_STOPPED : pick(state, 3);
	step->what = pick(state, 10) < 7 ? pick(state, NR_RESUMES) :
		     others[pick(state, ARRAY_SIZE(others))];
	if (step->what <= DO_DETACH && !pick(state, 5))
		step->edit = 1 + pick(state, NR_EDITS - 1);
	if (step->what == DO_SIGNAL || (step->what <= DO_DETACH && !pick(state, 5)))
		step->sig = signals[pick(state, ARRAY_SIZE(signals))].sig;
	/* death ends a sequence: rarely */
	if (step->sig == SIGKILL && pick(state, 4))
		step->sig = SIGUSR1;
	if (step->what == DO_OPTIONS)
		step->options = random_options(state);
}

static void random_sequence(const struct plan *plan, u64 index, struct sequence *seq)
{
	u64 state = plan->seed * 0x2545f4914f6cdd1dULL + index;
	unsigned int i;

	/* the first few numbers of neighbours are alike */
	next_random(&state);
	seq->program = pick(&state, nr_programs);
	seq->attach = pick(&state, NR_ATTACHES);
	seq->options = random_options(&state);
	seq->end = pick(&state, 3) ? END_DETACH + pick(&state, 2) : pick(&state, NR_ENDS);
	seq->nr_steps = 4 + pick(&state, 13);
	for (i = 0; i < seq->nr_steps; i++)
		random_step(&state, &seq->steps[i]);
}

static u64 program_size(const struct plan *plan, unsigned int program)
{
	return every_size(plan, program) + signals_size(plan) +
	       edits_size(plan, program) + seized_size(plan, program) + ends_size(plan);
}

u64 plan_size(const struct plan *plan)
{
	u64 n = plan->random;
	unsigned int i;

	for (i = 0; i < nr_programs; i++)
		n += program_size(plan, i);
	return n;
}

void plan_sequence(const struct plan *plan, u64 index, struct sequence *seq)
{
	unsigned int i;

	memset(seq, 0, sizeof(*seq));
	for (i = 0; i < nr_programs && index >= program_size(plan, i); i++)
		index -= program_size(plan, i);
	if (i == nr_programs)
		return random_sequence(plan, index, seq);
	if (index < every_size(plan, i))
		return every(plan, i, index, seq);
	index -= every_size(plan, i);
	if (index < signals_size(plan))
		return with_signal(i, index, seq);
	index -= signals_size(plan);
	if (index < edits_size(plan, i))
		return with_edit(i, index, seq);
	index -= edits_size(plan, i);
	if (index < seized_size(plan, i))
		return seized(i, index, seq);
	with_end(i, index - seized_size(plan, i), seq);
}

/* ---- shorter ones ---- */

void sequence_shorter(const struct sequence *seq, void (*tell)(const struct sequence *shorter))
{
	unsigned int from, to, i;
	struct sequence s;

	for (from = 0; from < seq->nr_steps; from++) {
		for (to = from + 1; to <= seq->nr_steps; to++) {
			s = *seq;
			s.nr_steps -= to - from;
			memmove(&s.steps[from], &s.steps[to],
				(seq->nr_steps - to) * sizeof(s.steps[0]));
			tell(&s);
		}
	}
	for (i = 0; i < seq->nr_steps; i++) {
		const struct step *step = &seq->steps[i];

		s = *seq;
		if (step->sig && step->what != DO_SIGNAL) {
			s.steps[i].sig = 0;
			tell(&s);
		}
		s = *seq;
		if (step->edit) {
			s.steps[i].edit = 0;
			tell(&s);
		}
		s = *seq;
		if (step->who != ALL_STOPPED) {
			s.steps[i].who = ALL_STOPPED;
			tell(&s);
		}
	}
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		s = *seq;
		if (s.options & options[i].option) {
			s.options &= ~options[i].option;
			tell(&s);
		}
	}
	s = *seq;
	if (s.options) {
		s.options = 0;
		tell(&s);
	}
	s = *seq;
	if (s.attach != BY_TRACEME) {
		s.attach = BY_TRACEME;
		tell(&s);
	}
	s = *seq;
	if (s.end != END_DETACH) {
		s.end = END_DETACH;
		tell(&s);
	}
}
