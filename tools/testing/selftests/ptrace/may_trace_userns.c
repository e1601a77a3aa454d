// SPDX-License-Identifier: GPL-2.0
/*
 * Who may trace whom across user namespaces.
 */
#include "may_trace.h"
#include "may_trace_fixture.h"

static void enter_another_user_ns(void)
{
	be_user_in_ns();
	enter_user_ns();
}

TEST_F(may_trace, in_a_child_user_namespace)
{
	if (!have_user_ns())
		SKIP(return, "no user namespaces");
	ASSERT_TRUE(start(be_user_in_ns, NULL));
	CHECK(be_user, 0);	/* the namespace is this user's */
	CHECK(be_root, 0);
	CHECK(be_other, EPERM);
	CHECK(drop_ptrace, EPERM);
	/* From another such namespace, with all capabilities there. */
	CHECK(be_user_in_ns, EPERM);
	CHECK(enter_another_user_ns, EPERM);
}

TEST_F(may_trace, out_of_a_user_namespace)
{
	if (!have_user_ns())
		SKIP(return, "no user namespaces");
	ASSERT_TRUE(start(be_user, NULL));
	CHECK(be_user_in_ns, EPERM);
}

/* What it forks itself, in the same namespace or one below it. */
static int try_child_in_ns(void)
{
	int err;

	if (!start(be_root, NULL))
		return CANNOT;
	err = try_seize();
	end();
	if (err)
		return err;
	if (!start(enter_user_ns, NULL))
		return CANNOT;
	err = try_seize();
	end();
	return err;
}

/* Its memory is from before the namespace, where it has no capabilities. */
static int try_private_in_ns(void)
{
	int err;

	if (!start(become_private, NULL))
		return CANNOT;
	err = try_seize();
	end();
	return err;
}

TEST_F(may_trace, within_a_user_namespace)
{
	if (!have_user_ns())
		SKIP(return, "no user namespaces");
	EXPECT_EQ(0, as(be_user_in_ns, try_child_in_ns));
	EXPECT_EQ(EPERM, as(be_user_in_ns, try_private_in_ns));
}

TEST_HARNESS_MAIN
