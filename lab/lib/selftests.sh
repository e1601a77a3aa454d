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
		# Static by the environment: on the command line it would
		# override what the Makefiles add.
		logged "selftests-$target" env LDFLAGS=-static \
			make -k -C "$tdir" OUTPUT="$tout" CC=gcc ARCH=x86_64 -j "$(nproc)" \
			KHDR_INCLUDES="-isystem $BUILD/obj/linux$suffix/usr/include" all
		make -s -C "$tdir" OUTPUT="$tout" CC=gcc ARCH=x86_64 COLLECTION=lab \
			emit_tests 2>/dev/null | sed -n 's/^lab://p' >"$tests/names"
		[ -s "$tests/names" ] || die "selftests/$target has no tests: see TEST_GEN_PROGS in its Makefile"
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
