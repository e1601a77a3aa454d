// SPDX-License-Identifier: GPL-2.0
/*
 * races [OPTION...]: run scenarios in turns, count their outcomes.
 *
 *	-l		list the scenarios
 *	-n NUMBER	runs of each scenario
 *	-t SECONDS	or as long as that
 *	-s SEED		of the moments
 *	-m NUMBER	acts are at most so many powers of two of a microsecond apart (14)
 *	-o		under another engine, which only listens
 *	-a		with the amplifier
 *	-i NAME		only this scenario
 *	-f FILE		only those that are lines of this file; with "<tab>BIN PLACEMENT"
 *			behind its name, half of the runs of one are there
 *	-v		tell each run
 *
 * In the end, for each scenario, "@races RUNS NAME" and its outcomes as "@outcome
 * FREQUENCY TEXT", each with "@at BIN PLACEMENT", where it was seen last.
 *
 * The moments: the time between the acts of two parties is divided into bins, from a
 * microsecond to many milliseconds: on a busy host the guest's CPUs take turns. A third
 * of all runs is anywhere; a third is where more than one outcome has been seen in a
 * bin, or the next one shows another; a third is where an outcome has been seen last,
 * and one that is rare counts as much for that as one that is not.
 */
#include "races.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sys.h"

#define TEXT_SIZE	1024
#define MAX_OUTCOMES	250
#define NR_BINS		28	/* by a power of two each: to -8 ms, from -1 us, from 1 us, ... */
#define TURN		40	/* runs of a scenario in a turn, at most */
#define MAX_HINTS	32

struct outcome {
	unsigned int count;
	u32 text;		/* where in "texts" */
	u8 bin, placement;	/* where it was seen last */
};

/* In shared memory: if a run hangs, only its process is lost. */
struct count {
	unsigned int runs, nr, dropped, stuck;
	struct outcome outcomes[MAX_OUTCOMES];
	u8 bin[NR_PLACEMENTS][NR_BINS];	/* the outcome seen there last, plus 1 */
	bool mixed[NR_PLACEMENTS][NR_BINS];
	unsigned int nr_hints;
	u8 hint_bin[MAX_HINTS], hint_placement[MAX_HINTS];	/* of -f */
};

struct shared {
	unsigned long progress;
	unsigned int scenario, turn;
	u32 text_end;
	bool complete;
};

#define TEXTS_SIZE	(64u << 20)

static struct shared *shared;
static struct count *counts;
static char *texts;
static unsigned long nr_runs = 100;
static unsigned int seconds;
static u64 seed = 1, random_state;
static unsigned int reach = NR_BINS / 2;
static bool verbose;

static u64 next_random(void)
{
	u64 x = random_state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	random_state = x;
	return x * 0x2545f4914f6cdd1dull >> 16;
}

static void *share(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("races: mmap");
		exit(2);
	}
	return p;
}

/* Returns the number of the outcome, or -1. */
static int count_outcome(struct count *count, const char *text)
{
	unsigned int i;
	size_t size = strlen(text) + 1;

	for (i = 0; i < count->nr; i++) {
		if (!strcmp(texts + count->outcomes[i].text, text)) {
			count->outcomes[i].count++;
			return i;
		}
	}
	if (i == MAX_OUTCOMES || shared->text_end + size > TEXTS_SIZE) {
		count->dropped++;
		return -1;
	}
	memcpy(texts + shared->text_end, text, size);
	count->outcomes[i].text = shared->text_end;
	count->outcomes[i].count = 1;
	shared->text_end += size;
	count->nr++;
	return i;
}

static bool is_interesting(const struct count *count, unsigned int placement,
			   unsigned int bin)
{
	const u8 *seen = count->bin[placement];

	return count->mixed[placement][bin] ||
	       (bin && seen[bin - 1] && seen[bin - 1] != seen[bin]) ||
	       (bin + 1 < NR_BINS && seen[bin + 1] && seen[bin + 1] != seen[bin]);
}

/* This one, or one beside it. */
static unsigned int bin_near(unsigned int bin)
{
	unsigned int near = bin + next_random() % 3 - 1;

	return near < NR_BINS ? near : bin;
}

static unsigned int choose_bin(const struct count *count, unsigned int *placement)
{
	unsigned int bin = NR_BINS / 2 - reach + next_random() % (2 * reach), i;
	const struct outcome *outcome;

	if (count->nr_hints && next_random() % 2) {
		i = next_random() % count->nr_hints;
		*placement = count->hint_placement[i];
		return bin_near(count->hint_bin[i]);
	}
	switch (next_random() % 3) {
	case 0:
		for (i = 0; i < NR_BINS; i++) {
			if (is_interesting(count, *placement, (bin + i) % NR_BINS))
				return (bin + i) % NR_BINS;
		}
		return bin;
	case 1:
		if (!count->nr)
			return bin;
		outcome = &count->outcomes[next_random() % count->nr];
		*placement = outcome->placement;
		return bin_near(outcome->bin);
	default:
		return bin;
	}
}

/* So many ticks: from 2^n to 2^(n + 1) microseconds. */
static long octave(unsigned int n)
{
	u64 least = ticks_per_us << n;

	return least + next_random() % least;
}

static void do_run(unsigned int nr)
{
	static char text[TEXT_SIZE];
	struct count *count = &counts[nr];
	u64 delays[MAX_ACTS];
	unsigned int bin, placement;
	int outcome;
	long between;

	placement = choose_placement(&scenarios[nr], next_random() % 10);
	bin = choose_bin(count, &placement);
	between = bin < NR_BINS / 2 ? -octave(NR_BINS / 2 - 1 - bin) : octave(bin - NR_BINS / 2);
	delays[0] = between < 0 ? -between : 0;
	delays[1] = between > 0 ? between : 0;
	delays[2] = octave(next_random() % reach);

	run_one(&scenarios[nr], delays, placement, next_random() % 3 == 0,
		text, sizeof(text));
	outcome = count_outcome(count, text);
	count->runs++;
	shared->progress++;
	if (outcome >= 0) {
		u8 *seen = &count->bin[placement][bin];

		if (*seen && *seen != outcome + 1)
			count->mixed[placement][bin] = true;
		*seen = outcome + 1;
		count->outcomes[outcome].bin = bin;
		count->outcomes[outcome].placement = placement;
	}
	if (verbose)
		printf("%ld.%02ld us, on CPUs %u: %s\n", between / (long)ticks_per_us,
		       labs(between) * 100 / (long)ticks_per_us % 100, placement, text);
}

/* In which order the scenarios have their turns. The same seed, the same order. */
static unsigned int *order;

static void make_order(void)
{
	unsigned int i, j, other;

	random_state = seed * 0x9e3779b97f4a7c15ull + 1;
	order = calloc(nr_scenarios, sizeof(*order));
	for (i = 0; i < nr_scenarios; i++) {
		j = next_random() % (i + 1);
		other = order[j];
		order[j] = i;
		if (j != i)
			order[i] = other;
	}
}

/*
 * How many runs a scenario has in this turn: each is to have some, however short the
 * time, and then many, since few say little.
 */
static unsigned int runs_of_turn(void)
{
	return shared->turn > 5 ? TURN : 1 << shared->turn;
}

/* The process that is the parent of all runs. */
static void work(const bool *chosen, time_t end)
{
	unsigned int i;
	bool more;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	run_init();
	do {
		more = false;
		for (; shared->scenario < nr_scenarios; shared->scenario++) {
			unsigned int nr = order[shared->scenario];

			if (!chosen[nr])
				continue;
			for (i = 0; i < runs_of_turn(); i++) {
				if (counts[nr].runs >= nr_runs)
					break;
				do_run(nr);
				/* On a busy host a run may take seconds. */
				if (seconds && time(NULL) >= end)
					goto out;
			}
			more |= counts[nr].runs < nr_runs;
		}
		shared->scenario = 0;
		shared->turn++;
	} while (more);
out:
	shared->complete = true;
	exit(0);
}

static void kill_run(void)
{
	FILE *f = fopen("/sys/fs/cgroup/races/run/tracee/cgroup.freeze", "w");

	if (f) {
		fputs("0", f);
		fclose(f);
	}
	f = fopen("/sys/fs/cgroup/races/run/cgroup.kill", "w");
	if (f) {
		fputs("1", f);
		fclose(f);
	}
}

/* See that it gets on. Returns 0, or how it failed. */
static int supervise(const bool *chosen)
{
	unsigned long last = 0;
	time_t moved = time(NULL), tell = moved, end = moved + seconds;
	int status;
	pid_t pid;

again:
	fflush(stdout);
	random_state = seed * 0x9e3779b97f4a7c15ull + shared->progress + 1;
	pid = fork();
	if (pid < 0) {
		perror("races: fork");
		return 2;
	}
	if (!pid)
		work(chosen, end);
	for (;;) {
		usleep(100000);
		if (waitpid(pid, &status, WNOHANG) == pid) {
			if (shared->complete && !status)
				return 0;
			if (WIFEXITED(status))
				return WEXITSTATUS(status);
			fprintf(stderr, "races: ended by signal %d in \"%s\"\n",
				WTERMSIG(status), scenarios[order[shared->scenario]].name);
			return 3;
		}
		if (shared->progress != last) {
			last = shared->progress;
			moved = time(NULL);
		}
		if (time(NULL) - tell >= 10) {
			tell = time(NULL);
			printf("@progress %lu runs\n", last);
			fflush(stdout);
		}
		if (time(NULL) - moved < 30)
			continue;
		/* Its own limit did not help. */
		counts[order[shared->scenario]].stuck++;
		counts[order[shared->scenario]].runs++;
		shared->progress++;
		printf("@stuck %s\n", scenarios[order[shared->scenario]].name);
		kill(pid, SIGKILL);
		kill_run();
		waitpid(pid, NULL, 0);
		while (waitpid(-1, NULL, __WALL) > 0)
			;
		shared->scenario++;
		moved = time(NULL);
		goto again;
	}
}

static int by_count(const void *a, const void *b)
{
	unsigned int x = ((const struct outcome *)a)->count;
	unsigned int y = ((const struct outcome *)b)->count;

	return x < y ? 1 : x > y ? -1 : 0;
}

static void tell(const bool *chosen)
{
	unsigned int nr, i;

	for (nr = 0; nr < nr_scenarios; nr++) {
		struct count *count = &counts[nr];

		if (!chosen[nr])
			continue;
		printf("@races %u %s\n", count->runs, scenarios[nr].name);
		qsort(count->outcomes, count->nr, sizeof(*count->outcomes), by_count);
		for (i = 0; i < count->nr; i++)
			printf("@outcome %u %s\n@at %u %u\n", count->outcomes[i].count,
			       texts + count->outcomes[i].text,
			       count->outcomes[i].bin, count->outcomes[i].placement);
		if (count->stuck)
			printf("@outcome %u STUCK\n", count->stuck);
		if (count->dropped)
			printf("@dropped %u\n", count->dropped);
	}
}

/* Returns its number, or -1. */
static int choose(bool *chosen, const char *name)
{
	unsigned int i;

	for (i = 0; i < nr_scenarios; i++) {
		if (!strcmp(scenarios[i].name, name)) {
			chosen[i] = true;
			return i;
		}
	}
	fprintf(stderr, "races: there is no scenario \"%s\"\n", name);
	return -1;
}

static void add_hint(struct count *count, unsigned int bin, unsigned int placement)
{
	if (count->nr_hints == MAX_HINTS || bin >= NR_BINS || placement >= NR_PLACEMENTS)
		return;
	count->hint_bin[count->nr_hints] = bin;
	count->hint_placement[count->nr_hints++] = placement;
}

static bool choose_from(bool *chosen, const char *file)
{
	FILE *f = fopen(file, "r");
	unsigned int bin, placement;
	char line[128], *hint;
	bool good = true;
	int nr;

	if (!f) {
		perror(file);
		return false;
	}
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		hint = strchr(line, '\t');
		if (hint)
			*hint++ = 0;
		nr = choose(chosen, line);
		good &= nr >= 0;
		if (nr >= 0 && hint && sscanf(hint, "%u %u", &bin, &placement) == 2)
			add_hint(&counts[nr], bin, placement);
	}
	fclose(f);
	return good;
}

int main(int argc, char **argv)
{
	bool list = false, *chosen, some = false;
	unsigned int i;
	int c, rc;

	table_make();
	chosen = calloc(nr_scenarios, sizeof(*chosen));
	counts = share(nr_scenarios * sizeof(*counts));
	while ((c = getopt(argc, argv, "ln:t:s:m:oai:f:v")) != -1) {
		switch (c) {
		case 'l':
			list = true;
			break;
		case 'n':
			nr_runs = strtoul(optarg, NULL, 0);
			break;
		case 't':
			seconds = strtoul(optarg, NULL, 0);
			break;
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'm':
			reach = strtoul(optarg, NULL, 0);
			if (!reach || reach > NR_BINS / 2)
				return 2;
			break;
		case 'o':
			observed = true;
			break;
		case 'a':
			amplified = true;
			break;
		case 'v':
			verbose = true;
			break;
		case 'i':
		case 'f':
			some = true;
			if (!(c == 'i' ? choose(chosen, optarg) >= 0 : choose_from(chosen, optarg)))
				return 2;
			break;
		default:
			return 2;
		}
	}
	if (list) {
		for (i = 0; i < nr_scenarios; i++)
			printf("%s\n", scenarios[i].name);
		return 0;
	}
	if (!some)
		memset(chosen, true, nr_scenarios);
	shared = share(sizeof(*shared));
	texts = share(TEXTS_SIZE);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	make_order();
	printf("@seed %llu\n", (unsigned long long)seed);
	rc = supervise(chosen);
	tell(chosen);
	return rc;
}
