# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# KUnit's tests of the series in User Mode Linux, with the kernel's own
# kunit.py. The guest's kernel runs the same tests when it boots.

KUNIT=$BUILD/obj/kunit

# logged_kunit LOG VERB OPTION...: run kunit.py, its status is the result
logged_kunit() {
	kunit_log=$1
	kunit_verb=$2
	shift 2
	try_logged "$kunit_log" env -C "$LINUX" nice \
		python3 tools/testing/kunit/kunit.py "$kunit_verb" \
		--build_dir "$KUNIT" --kunitconfig kernel/utrace "$@"
}

need_kunit() {
	stage "build the KUnit tests for User Mode Linux (log: build/log/build-kunit.log)"
	mkdir -p "$KUNIT"
	logged_kunit config-kunit config || show_failure config-kunit
	logged_kunit build-kunit build --make_options "CC=ccache gcc" --jobs "$(nproc)" ||
		show_failure build-kunit
}

# For make check: results by "say_result FILE NAME STATE DETAIL".
check_kunit() {
	stage "KUnit in User Mode Linux"
	rm -f "$KUNIT/test.log"
	state=pass
	why=
	if ! logged_kunit kunit exec; then
		state=broken
		why="kunit.py failed: see build/log/kunit.log"
	elif ! grep -q '^ok .*utrace' "$KUNIT/test.log"; then
		state=broken
		why="the suite did not come to its end: see build/obj/kunit/test.log"
	fi
	say_result only "kunit/um: kunit.py" "$state" "$why"
	awk -f "$ROOT/lab/kunit.awk" "$KUNIT/test.log" |
		sed 's,^kunit/,kunit/um/,' >>"$tsv/only.tsv"
}
