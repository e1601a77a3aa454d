# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Build the selftests of the patched tree for the guest: static, since the
# guest has no C library, and against the headers of that tree.

selftest_targets() {
	grep -v '^#' "$ROOT/lab/selftests.list" | while read -r target where; do
		if [ -d "$LINUX/tools/testing/selftests/$target" ]; then
			echo "$target $where"
		elif [ "$where" != patched ]; then
			die "lab/selftests.list names $target, which build/linux/tools/testing/selftests does not have"
		fi
	done
}

# The list of /tests in the guest is list.base and list.linux, each line
# "TARGET PROGRAM".
need_selftests() {
	stage "build the selftests of build/linux"
	kmake "headers$suffix" linux headers
	tests=$BUILD/selftests.tmp
	rm -rf "$tests"
	mkdir -p "$tests"
	: >"$tests/list.base"
	: >"$tests/list.linux"
	selftest_targets >"$tests/targets"
	[ -s "$tests/targets" ] || die "there is no selftest to run"
	while read -r target where; do
		tdir=$LINUX/tools/testing/selftests/$target
		tout=$tests/$target
		mkdir -p "$tout"
		logged "selftests-$target" "$ROOT/lab/lib/make-selftest" \
			"$tdir" "$tout" "$BUILD/obj/linux$suffix/usr/include" \
			-k -j "$(nproc)" all
		"$ROOT/lab/lib/make-selftest" \
			"$tdir" "$tout" "$BUILD/obj/linux$suffix/usr/include" \
			-s COLLECTION=lab emit_tests 2>/dev/null |
			sed -n 's/^lab://p' >"$tests/names"
		[ -s "$tests/names" ] || die "selftests/$target has no tests: see TEST_GEN_PROGS in its Makefile"
		! grep -q '^No 32-bit' "$logfile" ||
			die "selftests/$target could not be built for 32 bit: apt-get install gcc-multilib"
		while read -r prog; do
			# scripts stay in the source
			[ -e "$tout/$prog" ] || cp "$tdir/$prog" "$tout/$prog"
			echo "$target $prog" >>"$tests/list.linux"
			[ "$where" = patched ] || echo "$target $prog" >>"$tests/list.base"
		done <"$tests/names"
	done <"$tests/targets"
	find "$tests" -name '*.[od]' -exec rm -f {} +
	rm -rf "$BUILD/selftests"
	mv "$tests" "$BUILD/selftests"
	tests=$BUILD/selftests
	note "$(wc -l <"$tests/list.base") programs for both kernels, $(($(wc -l <"$tests/list.linux") - $(wc -l <"$tests/list.base"))) for the patched one alone"
}
