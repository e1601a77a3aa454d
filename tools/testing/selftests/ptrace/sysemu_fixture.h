/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A tracee of four calls, for the tests that hold for each way of becoming its tracer
 * and of coming to the first entry stop.
 */
#ifndef SYSEMU_FIXTURE_H
#define SYSEMU_FIXTURE_H

FIXTURE(sysemu)
{
	struct tracee t;
};

FIXTURE_VARIANT(sysemu)
{
	enum attach_how how;
	int request;		/* what leads to the first entry stop */
};

FIXTURE_VARIANT_ADD(sysemu, traceme)
{
	.how = BY_TRACEME,
	.request = PTRACE_SYSEMU,
};

FIXTURE_VARIANT_ADD(sysemu, attach)
{
	.how = BY_ATTACH,
	.request = PTRACE_SYSEMU,
};

FIXTURE_VARIANT_ADD(sysemu, seize)
{
	.how = BY_SEIZE,
	.request = PTRACE_SYSEMU,
};

FIXTURE_VARIANT_ADD(sysemu, traceme_stepping)
{
	.how = BY_TRACEME,
	.request = PTRACE_SYSEMU_SINGLESTEP,
};

FIXTURE_VARIANT_ADD(sysemu, seize_stepping)
{
	.how = BY_SEIZE,
	.request = PTRACE_SYSEMU_SINGLESTEP,
};

FIXTURE_SETUP(sysemu)
{
	tracee_init(&self->t);
	ASSERT_STREQ(first_stop(variant->how),
		     tracee_start(&self->t, variant->how, DEFAULT_OPTIONS,
				  four_calls));
}

FIXTURE_TEARDOWN(sysemu)
{
	tracee_end(&self->t);
}

#define NO_TRAP_IN_PLACE	"one instruction is executed there"

#endif /* SYSEMU_FIXTURE_H */
