# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# Which lines of the series run in the tests: the patched kernel with gcov.

COVERAGE=$RUN/coverage

# Existing files that the series changes and x86's kernel is made of: of them its own
# lines count. Of kernel/ptrace.c all lines are shown.
coverage_changed="arch/x86/kernel/fpu/regset.c fs/exec.c include/linux/entry-common.h
include/linux/ptrace.h include/linux/sched.h include/linux/sched/jobctl.h
include/linux/sched/signal.h include/linux/thread_info.h include/linux/uprobes.h include/linux/wait.h
kernel/entry/common.c kernel/events/uprobes.c kernel/exit.c kernel/fork.c kernel/ptrace.c
kernel/sched/core.c kernel/sched/wait.c kernel/signal.c"

# What is the series' as a whole, as patterns.
coverage_core="kernel/utrace/*.c kernel/utrace/*.h include/linux/utrace*.h"

# The directories of selftests that run.
coverage_selftests="ptrace utrace seccomp breakpoints"

# The variables of make that profile the core and these files, whatever their
# Makefiles say; build_utility.c includes wait.c. They go by the name of the object
# alone, so some others are profiled too, which are not looked at.
coverage_vars() {
	(
		cd "$ROOT/kernel/utrace" && ls -- *.c
		echo "$coverage_changed build_utility.c" | tr ' ' '\n' | grep '\.c$'
	) | sed 's,.*/,,; s,\(.*\)\.c$,GCOV_PROFILE_\1.o=y,' | sort -u | tr '\n' ' '
}

# Is a file that the series changes not in the list?
coverage_unlisted() {
	lgit diff --name-only --diff-filter=M base "$tip" -- 'kernel/*.[ch]' 'fs/*.[ch]' 'lib/*.[ch]' \
		'include/linux/*.h' 'arch/x86/kernel/*.[ch]' | while read -r f; do
		echo "$coverage_changed" | tr ' ' '\n' | grep -qxF "$f" || echo "$f"
	done
}

# A guest's root with the selftests and the comparer.
need_coverage() {
	stage "build the selftests of $coverage_selftests"
	kmake "headers$suffix" linux headers
	tests=$COVERAGE/tests
	rm -rf "$COVERAGE"
	mkdir -p "$tests"
	: >"$tests/out"
	: >"$tests/last"
	for target in $coverage_selftests; do
		build_selftest "$target"
		list_programs "$target"
	done >"$tests/list.coverage"
	# this kernel lets allocations fail
	printf '%s\n' "ptrace nomem" "utrace nomem" >>"$tests/list.coverage"
	cat "$tests/last" >>"$tests/list.coverage"
	need_conform
	coverage_root=$BUILD/initramfs-coverage.gz
	begin_root coverage tests conform
	add_tests "$tests"
	mkdir "$root/conform"
	cp "$BUILD"/conform/conform-* "$BUILD"/conform/target-* "$root/conform"
	end_root "$coverage_root"
}

# For "each": SHARE. Boot, run what SHARE says, and take what gcov has counted.
coverage_guest() {
	case $1 in
	tests) set -- "$1" --total 7200 --idle 1200 coverage lab.run=tests lab.list=coverage lab.seconds=1000 ;;
	*) set -- "$1" --smp 1 --icount --total 7200 --idle 1800 coverage lab.run=conform kunit.enable=0 ;;
	esac
	coverage_share=$COVERAGE/$1
	coverage_name=coverage-$1
	shift
	mkdir -p "$coverage_share"
	if boot --name "$coverage_name" --root "$coverage_root" --share "$coverage_share" "$@" &&
	   [ "$guest_status" = 0 ] && grep -aq '^@gcov [1-9]' "$results"; then
		return 0
	fi
	keep_why "$coverage_share.why" \
		"what ran in the guest ended with status $guest_status, or gcov counted nothing"
	return 1
}

# Both guests: the selftests with KUnit's tests, which run when it boots; and the
# comparer's sequences, alone and with another engine.
coverage_run() {
	mkdir -p "$COVERAGE/conform"
	{
		conform_jobs quick
		conform_jobs quick | sed 's/^\([^ ]*\)\(.*\)/observed-\1\2 -oh/'
	} >"$COVERAGE/conform/jobs"
	each "tests conform" coverage_guest && return
	tell_why "$COVERAGE"
	return 1
}

# The tests' own results must be good, or lines would count that nothing checks.
coverage_results() {
	{
		awk -f "$ROOT/lab/tap.awk" "$RUN/coverage-tests.results"
		awk -f "$ROOT/lab/kunit.awk" "$RUN/coverage-tests.console"
	} >"$COVERAGE/results.tsv"
	note "$(grep -c '	pass	' "$COVERAGE/results.tsv") tests passed, $(grep -c '	skip	' "$COVERAGE/results.tsv") skipped"
	grep -E '^(ptrace|utrace|kunit)/' "$COVERAGE/results.tsv" | grep -vE '	(pass|skip)	' |
		grep -v '^ptrace/vmaccess' >"$COVERAGE/bad" || :
	[ ! -s "$COVERAGE/bad" ] && return
	sed 's/^/    /' "$COVERAGE/bad"
	return 1
}

# capture GUEST: from what it has counted to $COVERAGE/GUEST.info. gcov wants the
# counts beside what the compiler has left.
coverage_capture() {
	find "$obj" -name '*.gcda' -exec rm -f {} +
	cp -r "$COVERAGE/$1/gcov$obj/." "$obj/"
	logged "lcov-$1" lcov --quiet --capture --directory "$obj/kernel" --directory "$obj/fs" --directory "$obj/arch/x86/kernel/fpu" \
		--base-directory "$obj" --gcov-tool "gcov-$(gcc -dumpversion)" \
		--rc lcov_branch_coverage=1 --output-file "$COVERAGE/$1.info"
	find "$obj" -name '*.gcda' -exec rm -f {} +
}

# Lines of the series in files that it changes, as "FILE:NUMBER".
coverage_own_lines() {
	for f in $coverage_changed; do
		lgit diff -U0 base series -- "$f" | awk -v f="$f" '
			/^@@/ {
				split(substr($3, 2), at, ",")
				n = (2 in at) ? at[2] : 1
				for (i = 0; i < n; i++)
					print f ":" at[1] + i
				delete at
			}'
	done
}

coverage_lcov() {
	obj=$BUILD/obj/linux$suffix
	for g in tests conform; do
		coverage_capture "$g"
	done
	# shellcheck disable=SC2086 # patterns for lcov
	(
		set -f
		set -- --quiet --rc lcov_branch_coverage=1
		for p in $coverage_core $coverage_changed; do
			wanted="${wanted:-} $LINUX/$p"
		done
		lcov "$@" -a "$COVERAGE/tests.info" -a "$COVERAGE/conform.info" -o "$COVERAGE/all.info" &&
			lcov "$@" --extract "$COVERAGE/all.info" $wanted -o "$COVERAGE/series.info" &&
			genhtml "$@" --branch-coverage --legend --title "utrace for Linux" --prefix "$LINUX" \
				-o "$COVERAGE/html" "$COVERAGE/series.info"
	) >"$LOG/lcov.log" 2>&1 || {
		logfile=$LOG/lcov.log
		show_failure lcov
	}
	sed "s,^SF:$LINUX/,SF:," "$COVERAGE/series.info" >"$COVERAGE/relative.info"
}

# The table, the lines that nothing reaches, and whether lab/coverage.unreached
# knows each of those that must be reached.
coverage_tell() {
	coverage_own_lines >"$COVERAGE/own"
	# shellcheck disable=SC2086 # patterns
	(cd "$ROOT" && ls -- $coverage_core) >"$COVERAGE/core"
	awk -v tree="$LINUX" -f "$ROOT/lab/coverage.awk" "$COVERAGE/core" "$COVERAGE/own" \
		"$ROOT/lab/coverage.unreached" "$COVERAGE/relative.info"
}
