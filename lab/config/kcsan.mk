# SPDX-License-Identifier: GPL-2.0
#
# Read by every make of a kernel build with KIND=kcsan, before the Makefile there.
# Of all objects KCSAN watches those in LAB_KCSAN_OBJECTS, and there are lines to
# go with their addresses. In the others it has to know of the barriers that locks
# and wake-ups are.
override KCSAN_SANITIZE = $(if $(filter $(LAB_KCSAN_OBJECTS),$@),y,n)
override KCSAN_INSTRUMENT_BARRIERS = \
	$(if $(filter kernel/locking/% kernel/sched/% kernel/rcu/%,$@),y,n)
$(foreach o,$(filter-out common.o,$(notdir $(LAB_KCSAN_OBJECTS))),\
	$(eval override CFLAGS_$o = -g))
# with what the entry code's Makefiles give it
override CFLAGS_common.o = -g -fno-stack-protector
