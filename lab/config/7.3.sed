# SPDX-License-Identifier: GPL-2.0
#
# What these options are called in 7.3, where x86 has no voluntary preemption, and what
# one of them does not say any more.
s/^CONFIG_PROC_SYSCTL=/CONFIG_SYSCTL=/
s/^CONFIG_PREEMPT_VOLUNTARY=/CONFIG_PREEMPT_LAZY=/
s/^CONFIG_KUNIT=y$/&\nCONFIG_KUNIT_AUTORUN_ENABLED=y/
