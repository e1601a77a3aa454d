# SPDX-License-Identifier: GPL-2.0
# The one door. A target is a script in lab/bin and a line in lab/help; all it
# makes is in build/.

.NOTPARALLEL:
MAKEFLAGS += --no-print-directory
TARGETS := $(notdir $(wildcard lab/bin/*))

help:
	@grep -v "^#" lab/help

$(TARGETS):
	@lab/bin/$@

uml:
	@lab/bin/shell uml
distclean:
	@lab/bin/clean all

.PHONY: help $(TARGETS) uml distclean
