/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of who may trace whom run with: no tracer is refused by Yama.
 */
#ifndef MAY_TRACE_FIXTURE_H
#define MAY_TRACE_FIXTURE_H

FIXTURE(may_trace) {
	int scope;
};

FIXTURE_SETUP(may_trace)
{
	if (getuid())
		SKIP(return, "needs root");
	self->scope = read_scope();
	if (self->scope >= 0 && !set_scope(0))
		SKIP(return, "ptrace_scope is %d and cannot be changed any more",
		     self->scope);
}

FIXTURE_TEARDOWN(may_trace)
{
	end();
	if (self->scope >= 0)
		set_scope(self->scope);
}

#endif /* MAY_TRACE_FIXTURE_H */
