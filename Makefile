# SPDX-License-Identifier: GPL-2.0
# The one door. Everything it does is in lab/bin; all it makes is in build/.

.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

help:
	@grep -v "^#" lab/help

run:
	@lab/bin/run
check:
	@lab/bin/check
conformance:
	@lab/bin/conformance
bench:
	@lab/bin/bench
mutants:
	@lab/bin/mutants
shell:
	@lab/bin/shell
uml:
	@lab/bin/shell uml
tree:
	@lab/bin/tree
kernel:
	@lab/bin/kernel
refresh:
	@lab/bin/refresh
series:
	@lab/bin/series
docs:
	@lab/bin/docs
lint:
	@lab/bin/lint
clean:
	@lab/bin/clean
distclean:
	@lab/bin/clean all

.PHONY: help run check conformance bench mutants shell uml tree kernel refresh series docs lint clean distclean
