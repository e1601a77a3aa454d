// SPDX-License-Identifier: GPL-2.0
/*
 * The scenarios: "STATE HOW POLICY ACT...", in their names with colons, where words between bars are
 * alternatives, each of which makes a scenario of its own. HOW may go on with
 * letters: c the tracer is the parent, e it wants all events, k PTRACE_O_EXITKILL,
 * t the tracee has two threads, f it is frozen at the beginning.
 */
#include "races.h"

#include <stdlib.h>
#include <string.h>

static const char *const state_names[NR_STATES] = {
	[IN_LOOP] = "loop", [IN_CALLS] = "calls", [IN_SLEEP] = "sleep",
	[IN_NANOSLEEP] = "nanosleep", [IN_NOTIFY] = "notify", [AT_SIGNAL] = "@signal", [AT_STOP] = "@stop",
	[AT_ENTRY] = "@entry", [AT_EXIT] = "@exit", [AT_GROUP] = "@group",
	[AT_LISTEN] = "@listen", [AT_INTERRUPT] = "@interrupt", [AT_FORK] = "@fork",
	[AT_EXEC] = "@exec", [AT_STOPPED] = "stopped",
};

static const char *const how_names[NR_HOWS] = {
	[BY_SEIZE] = "seize", [BY_ATTACH] = "attach", [BY_NOBODY] = "free",
};

static const char *const policy_names[NR_POLICIES] = {
	[DO_CONT] = "cont", [DO_SYSCALL] = "syscall", [DO_SYSEMU] = "sysemu",
	[DO_SYSEMUSTEP] = "sysemustep", [DO_STEP] = "step", [DO_BLOCK] = "block",
	[DO_STEP_ONCE] = "into", [DO_LISTEN] = "listen", [DO_DROP] = "drop",
	[DO_DETACH] = "detach", [DO_REATTACH] = "reattach", [DO_EXIT] = "exit",
};

const char *const act_names[NR_ACTS] = {
	[NO_ACT] = "none",
	[ACT_USR1] = "usr1", [ACT_STOP] = "stop", [ACT_TSTP] = "tstp", [ACT_CONT] = "CONT",
	[ACT_KILL] = "kill", [ACT_FREEZE] = "freeze", [ACT_THAW] = "thaw",
	[ACT_ANSWER] = "answer", [ACT_KILL_TRACER] = "kill-tracer",
	[ACT_INTERRUPT] = "interrupt", [ACT_LISTEN] = "Listen", [ACT_EXIT] = "Exit",
	[ACT_ATTACH] = "Attach", [ACT_SEIZE] = "Seize",
	[ACT_R_CONT] = "r-cont", [ACT_R_SYSCALL] = "r-syscall", [ACT_R_SYSEMU] = "r-sysemu",
	[ACT_R_SYSEMUSTEP] = "r-sysemustep", [ACT_R_STEP] = "r-step",
	[ACT_R_BLOCK] = "r-block", [ACT_DETACH] = "Detach", [ACT_REATTACH] = "Reattach",
	[ACT_OPTIONS] = "options", [ACT_LOOK] = "look",
	[ACT_ATTACH_2] = "Attach2", [ACT_SEIZE_2] = "Seize2",
	[ACT_X_USR1] = "x-usr1", [ACT_X_STOP] = "x-stop", [ACT_X_EXIT] = "x-exit",
	[ACT_X_GROUP_EXIT] = "x-group-exit", [ACT_X_EXEC] = "x-exec",
	[ACT_X_FORK] = "x-fork", [ACT_X_VFORK] = "x-vfork", [ACT_X_CLONE] = "x-clone",
	[ACT_X_TRACE] = "x-trace", [ACT_X_NOTIFY] = "x-notify",
	[ACT_H_EXIT] = "h-exit", [ACT_H_GROUP_EXIT] = "h-group-exit", [ACT_H_EXEC] = "h-exec",
	[ACT_H_FORK] = "h-fork", [ACT_H_STOP] = "h-stop",
};

#define RESUMES	"r-cont|r-syscall|r-sysemu|r-sysemustep|r-step|r-block"

static const char *const patterns[] = {
	/* Signals, job control, interrupts */
	"loop|sleep seize cont usr1 interrupt|stop|kill",
	"loop seize into usr1|x-usr1 interrupt",
	"loop|sleep seize drop usr1 interrupt",
	"loop|sleep|nanosleep attach cont usr1 stop|kill",
	"loop|sleep seize cont|listen stop|tstp CONT",
	"loop|sleep|nanosleep attach cont stop|tstp CONT",
	"loop|sleep seize cont|listen stop interrupt|kill|usr1",
	"loop attach cont stop kill|usr1|tstp",
	"loop|sleep seize cont interrupt CONT|kill|look",
	"loop seizec cont|listen stop CONT|interrupt|kill",
	"loop|sleep attachc cont stop CONT",
	"loop|sleep free cont stop CONT|kill|usr1",
	"loop seize cont x-usr1|x-stop interrupt|CONT|kill",
	"loop attach cont x-stop|x-usr1 CONT|stop|kill",
	"loop|sleep seize listen usr1 stop CONT",
	"loop|sleep attach cont usr1 stop CONT",
	"loop seize cont|into|listen usr1 interrupt stop",
	"loop seize listen stop CONT interrupt|kill",
	"loop attach cont stop CONT kill|usr1",
	"loop seize cont usr1 interrupt kill",
	/* Resuming requests, one after the other */
	"calls seize syscall|sysemu|sysemustep|step|block usr1 interrupt|kill|stop",
	"calls attach syscall|sysemu|sysemustep|step usr1 kill|stop",
	"calls seize syscall|sysemu interrupt kill|stop|CONT",
	"loop seize step|block usr1 interrupt|stop",
	"sleep|nanosleep seize syscall usr1 interrupt|stop",
	/* A stop is left, and meanwhile */
	"@signal seize cont " RESUMES "|Detach|Reattach kill|stop|CONT",
	"@signal attach cont r-cont|r-step|Detach|Reattach usr1|stop|kill",
	"@stop seize|attach|attachc cont r-cont|r-syscall|r-step|Detach CONT|kill",
	"@stop seize listen r-cont CONT|kill|interrupt",
	"@stop attach cont r-cont usr1|tstp",
	"@entry seize cont " RESUMES "|Detach kill|usr1",
	"@entry attach syscall r-syscall|r-sysemu|Detach stop|kill",
	"@exit seize cont r-cont|r-step|r-syscall|Detach|Reattach kill|usr1",
	"@group seize|attach cont r-cont|Detach|Reattach CONT|kill",
	"@group seize listen Listen CONT|kill|stop",
	"@listen seize listen interrupt CONT|kill|stop",
	"@listen seize cont Detach|look|r-cont CONT",
	"@listen seize listen CONT stop|kill|usr1",
	"@interrupt seize cont r-cont|Detach|Reattach|Listen stop|kill|usr1",
	"@signal|@entry|@interrupt seize cont look kill",
	"@signal|@group seizee|attache cont options kill|CONT",
	"@fork seizee|attache cont r-cont|Detach kill|stop",
	"@exec seizee|attache cont r-cont|Detach|Reattach kill|usr1",
	/* Attaching, detaching, attaching again */
	"loop|sleep|stopped free cont Attach|Seize usr1|stop|CONT|kill",
	"loop|calls free cont Attach|Seize x-exit|x-exec|x-fork",
	"loop|stopped free cont Attach Seize2|Attach2",
	"loop freec cont Attach|Seize stop|kill",
	"loop seize|attach detach|reattach usr1 stop|kill",
	"loop seize detach|reattach interrupt usr1|stop|kill",
	"loop attach detach|reattach stop CONT",
	"@signal|@group seize cont Detach Seize2",
	"@interrupt seize cont Detach Attach2 stop",
	/* The tracer dies */
	"loop|sleep|@signal|@group|@listen|@entry|@interrupt seize|seizek cont Exit kill|CONT|usr1",
	"loop|@group attach|attachk cont Exit stop|CONT",
	"loop|sleep|@signal seize|seizek cont kill-tracer stop|usr1",
	"loop|@signal seizec|seizeck cont Exit stop|kill",
	"loop seize exit usr1 stop|CONT",
	"loop seizee|seizeek cont Exit x-fork|x-vfork|x-clone|x-exec|x-exit",
	/* exec */
	"loop seize|seizee|attach cont x-exec interrupt|kill|stop",
	"loop seizet|seizeet|attachet cont h-exec kill|x-exit|stop",
	"loop seizet|seizeet cont h-exec interrupt|x-exec|usr1",
	"loop freet cont h-exec Seize|Attach",
	/* exit */
	"loop seizee|attache cont x-exit|x-group-exit kill|stop|usr1",
	"loop seizee cont x-exit interrupt",
	"loop seizet|seizeet cont x-group-exit h-exit|h-exec|h-group-exit|interrupt",
	"loop seizet|seizeet cont x-exit h-exit|h-group-exit|interrupt|stop",
	"loop freet cont x-exit Seize|Attach h-exit",
	/* Children */
	"loop seizee|attache cont x-fork|x-vfork|x-clone kill|stop|usr1",
	"loop seizee cont x-fork|x-vfork|x-clone interrupt",
	"loop seizeet cont h-fork x-exit|kill|x-group-exit",
	/* Two threads stop */
	"loop seizet cont|listen stop CONT|interrupt|kill",
	"loop attacht cont stop CONT|kill",
	"loop seizet cont h-exit|h-stop stop|CONT",
	"@listen seizet listen CONT stop|kill",
	"@group seizet listen Listen CONT|kill",
	/* seccomp */
	"loop seizee|attache cont x-trace usr1|kill|stop",
	"loop seizee cont x-trace interrupt|Exit",
	"loop seize syscall x-trace interrupt|kill",
	"loop seizee cont x-notify interrupt|kill|freeze",
	"notify seize|attach cont answer usr1|kill|stop",
	"notify seize cont answer interrupt|Exit|freeze",
	"notify seize syscall answer usr1|interrupt",
	/* The freezer */
	"loop|sleep seize cont|listen freeze stop|interrupt|usr1",
	"loop|sleep seize cont freeze kill|thaw",
	"loop|sleep attach cont freeze stop|usr1",
	"@signal|@interrupt|@entry seize cont r-cont|Detach freeze",
	"loop free cont Attach|Seize freeze",
	"@listen seize listen CONT freeze|thaw",
	"loop|sleep seizef cont thaw usr1|interrupt|stop|kill",
	"loop freef cont thaw Attach|Seize",
	"loop seizee cont x-fork|x-exec|x-exit freeze",
	"loop seize cont stop CONT freeze",
};

struct scenario *scenarios;
unsigned int nr_scenarios;

static int find(const char *const *names, int nr, const char *name, size_t size)
{
	int i;

	for (i = 0; i < nr; i++) {
		if (names[i] && strlen(names[i]) == size && !strncmp(names[i], name, size))
			return i;
	}
	fprintf(stderr, "races: what is \"%.*s\"?\n", (int)size, name);
	exit(2);
}

static bool has(const struct scenario *sc, enum act act)
{
	return sc->acts[0] == act || sc->acts[1] == act || sc->acts[2] == act;
}

static void add(const char *text)
{
	struct scenario *sc, *other;
	const char *word = text;
	int nr = 0, act;

	scenarios = realloc(scenarios, (nr_scenarios + 1) * sizeof(*scenarios));
	if (!scenarios)
		exit(2);
	sc = &scenarios[nr_scenarios];
	memset(sc, 0, sizeof(*sc));
	snprintf(sc->name, sizeof(sc->name), "%s", text);
	while (*word) {
		size_t size = strcspn(word, ":"), name;

		switch (nr) {
		case 0:
			sc->state = find(state_names, NR_STATES, word, size);
			break;
		case 1:
			for (sc->how = 0; sc->how < NR_HOWS; sc->how++) {
				name = strlen(how_names[sc->how]);
				if (!strncmp(how_names[sc->how], word, name))
					break;
			}
			if (sc->how == NR_HOWS)
				find(how_names, 0, word, size);
			for (; name < size; name++) {
				sc->child |= word[name] == 'c';
				sc->events |= word[name] == 'e';
				sc->exitkill |= word[name] == 'k';
				sc->threads |= word[name] == 't';
				sc->frozen |= word[name] == 'f';
			}
			break;
		case 2:
			sc->policy = find(policy_names, NR_POLICIES, word, size);
			break;
		default:
			act = find(act_names, NR_ACTS, word, size);
			sc->acts[nr - 3] = act;
		}
		nr++;
		word += size;
		word += strspn(word, ":");
	}
	sc->freezes = sc->frozen || has(sc, ACT_FREEZE) || has(sc, ACT_THAW);
	sc->stops = has(sc, ACT_STOP) || has(sc, ACT_TSTP) || has(sc, ACT_X_STOP) ||
		    has(sc, ACT_H_STOP) || has(sc, ACT_ATTACH) || has(sc, ACT_ATTACH_2) ||
		    has(sc, ACT_LISTEN) ||
		    sc->state == AT_STOP || sc->state == AT_GROUP || sc->state == AT_LISTEN ||
		    sc->state == AT_STOPPED ||
		    (sc->how == BY_ATTACH && (sc->events || sc->policy == DO_REATTACH ||
					      has(sc, ACT_REATTACH)));
	for (other = scenarios; other < sc; other++) {
		if (!strcmp(other->name, sc->name))
			return;
	}
	nr_scenarios++;
}

/* @done: the words that are chosen; @rest: of the pattern. */
static void expand(const char *done, const char *rest)
{
	char text[128];
	size_t word = strcspn(rest, " "), size;
	const char *choice = rest;

	if (!*rest) {
		add(done);
		return;
	}
	while (choice < rest + word) {
		size = strcspn(choice, "| ");
		snprintf(text, sizeof(text), "%s%s%.*s", done, *done ? ":" : "", (int)size,
			 choice);
		expand(text, rest + word + strspn(rest + word, " "));
		choice += size + 1;
	}
}

void table_make(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(patterns); i++)
		expand("", patterns[i]);
}
