// SPDX-License-Identifier: GPL-2.0
/*
 * What system calls cost a task that was traced and is no more: as much as
 * before.  Nothing else shows that an interest in its calls was left behind.
 *
 * This wants a guest whose time is a count of instructions (QEMU's -icount);
 * elsewhere a cost is a time, and chance.
 */
#include "conform.h"

#include <linux/ptrace.h>
#include <string.h>

static unsigned int nr_cases, nr_dearer;

/* One part in fifty is what a cache or an alternative may make of it. */
static void one_case(const struct sequence *seq, struct record *rec, FILE *to)
{
	u64 before, after;
	char text[1024];

	tracer_run(seq, rec);
	nr_cases++;
	before = notes->note[0];
	after = notes->note[1];
	if (notes->nr == 2 && after <= before + before / 50)
		return;
	nr_dearer++;
	sequence_format(seq, text, sizeof(text));
	if (notes->nr == 2)
		fprintf(to, "dearer: %llu instructions for a call, then %llu: %s\n",
			(unsigned long long)before, (unsigned long long)after, text);
	else
		fprintf(to, "no cost: %u notes: %s\n", notes->nr, text);
}

/* A tracer that dies while its tracee steps leaves a trap, which kills. */
static bool measurable(const struct sequence *seq)
{
	switch (seq->steps[1].what) {
	case DO_STEP:
	case DO_BLOCK:
	case DO_SYSEMUSTEP:
		return seq->end == END_DETACH;
	default:
		return true;
	}
}

/* The exit status: 0 if no call has become dearer. */
int cost_run(struct record *rec, FILE *to)
{
	static const u8 attaches[] = { BY_TRACEME, BY_ATTACH, BY_SEIZE };
	static const u8 ends[] = { END_DETACH, END_EXIT, END_DIE };
	int program = program_find("cost");
	unsigned int a, e, first, second;

	for (a = 0; a < ARRAY_SIZE(attaches); a++) {
		for (e = 0; e < ARRAY_SIZE(ends); e++) {
			for (first = 0; first < NR_RESUMES; first++) {
				for (second = 0; second < NR_RESUMES; second++) {
					struct sequence seq = {
						.program = program,
						.attach = attaches[a],
						.end = ends[e],
						.nr_steps = 2,
						.options = PTRACE_O_TRACESYSGOOD,
						.steps = {
							{ .what = first, .who = ALL_STOPPED },
							{ .what = second, .who = ALL_STOPPED },
						},
					};

					if (measurable(&seq))
						one_case(&seq, rec, to);
				}
			}
		}
	}
	fprintf(to, "cases %u dearer %u\n", nr_cases, nr_dearer);
	return nr_dearer != 0;
}
