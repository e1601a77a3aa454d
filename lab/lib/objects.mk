# SPDX-License-Identifier: GPL-2.0
#
# make -f objects.mk srctree=TREE SRCARCH=ARCH dir=DIR, in a configured directory of
# objects: which objects kbuild makes in DIR there, and where it goes from it. Asked for
# by its name it would compile any file.
include include/config/auto.conf
include $(srctree)/scripts/Kbuild.include
obj := $(dir)
src := $(srctree)/$(dir)
include $(firstword $(wildcard $(src)/Kbuild) $(src)/Makefile)
include $(srctree)/scripts/Makefile.lib
.DEFAULT_GOAL := lab-objects
lab-objects: ; @printf '%s\n' $(real-obj-y) $(real-obj-m) $(lib-y) $(subdir-ym)
.PHONY: lab-objects
