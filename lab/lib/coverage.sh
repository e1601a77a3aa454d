# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
# Which lines of the series run in the tests: the patched kernel with gcov.

COVERAGE=$RUN/coverage

# Existing files that the series changes, other than kernel/ptrace.c: of them its
# own lines count.
coverage_changed="kernel/exit.c kernel/fork.c kernel/signal.c fs/exec.c kernel/entry/common.c"

# The variables of make that profile the core and these files, whatever their
# Makefiles say. They go by the name of the object alone, so some others are
# profiled too, which are not looked at.
coverage_vars() {
	(
		cd "$ROOT/kernel/utrace" && ls -- *.c
		echo "ptrace.c $coverage_changed" | tr ' ' '\n'
	) | sed 's,.*/,,; s,\(.*\)\.c$,GCOV_PROFILE_\1.o=y,' | sort -u | tr '\n' ' '
}
