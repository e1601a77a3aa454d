# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# KUnit's tests of the series in User Mode Linux, with the kernel's own
# kunit.py. The guest's kernel runs the same tests when it boots.

KUNIT=$BUILD/obj/kunit

need_kunit() {
	stage "build the KUnit tests for User Mode Linux (log: $build/log/build-kunit.log)"
	build_uml kunit linux "$ROOT/lab/config/uml.config" "$ROOT/lab/config/kunit.config" \
		"$LINUX/kernel/utrace/.kunitconfig"
}

# For make check: results by "say_result FILE NAME STATE DETAIL".
check_kunit() {
	stage "KUnit in User Mode Linux"
	rm -f "$KUNIT/test.log"
	state=pass
	why=
	if ! try_logged kunit env -C "$LINUX" python3 tools/testing/kunit/kunit.py exec --build_dir "$KUNIT"; then
		state=broken
		why="kunit.py failed: see $build/log/kunit.log"
	elif ! grep -qE '^(\[[ 0-9.]+\] )?ok [0-9]+ utrace' "$KUNIT/test.log"; then
		state=broken
		why="the suite did not come to its end: see $build/obj/kunit/test.log"
	fi
	say_result only "kunit/um: kunit.py" "$state" "$why"
	awk -f "$ROOT/lab/kunit.awk" "$KUNIT/test.log" |
		sed 's,^kunit/,kunit/um/,' >>"$tsv/only.tsv"
}
