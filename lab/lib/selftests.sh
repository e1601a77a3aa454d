# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Build the selftests of the patched tree for the guest, against the headers
# of that tree.

selftest_targets() {
	grep -v '^#' "$ROOT/lab/selftests.list" | while read -r target where only why; do
		case $where in
		both | patched) ;;
		*) continue ;;
		esac
		if [ -n "$only" ] && [ "$only" != "$version" ]; then
			[ -z "$why" ] || echo "$target/*: $why" >>"$tests/out"
			continue
		fi
		if [ -d "$LINUX/tools/testing/selftests/$target" ]; then
			echo "$target $where"
		elif [ "$where" != patched ]; then
			die "lab/selftests.list names $target, which $build/linux/tools/testing/selftests does not have"
		fi
	done
}

# list_programs TARGET: of the programs in the file "names", those that run,
# "TARGET PROGRAM ARGUMENT..."; the others go to the file "out", and those that run
# when all others have to the file "last".
list_programs() {
	awk -v target="$1" -v out="$tests/out" -v last="$tests/last" '
		{ rest = $0; sub(/^[^ \t]+[ \t]+[^ \t]+[ \t]*/, "", rest) }
		FNR != NR {
			name = target "/" $1
			if (name in why)
				print name ": " why[name] >>out
			else if (!(name in count) && !(name in late))
				print target, $1
			if (name in late)
				print target, $1, late[name] >>last
			for (i = 1; i <= count[name]; i++)
				print target, $1, args[name, i]
			next
		}
		$2 == "out" { why[$1] = rest }
		$2 == "with" { args[$1, ++count[$1]] = rest }
		$2 == "last" { late[$1] = rest }
	' "$ROOT/lab/selftests.list" "$tests/names"
}

# build_selftest TARGET: its programs, and what else they need, in $tests/TARGET,
# their names in $tests/names.
build_selftest() {
	target=$1
	set -- "$ROOT/lab/lib/make-selftest" "$LINUX/tools/testing/selftests/$target" \
		"$tests/$target" "$BUILD/obj/${kmake_obj:-linux$suffix}/usr/include"
	mkdir -p "$3"
	logged "selftests-$target" "$@" -k -j "$(nproc)" all
	! grep -qE '^(No 32-bit|Warning: you seem to have a broken 32-bit)' "$logfile" ||
		die "selftests/$target could not be built for 32 bit: apt-get install $(multilib)"
	test_names "$@"
	# scripts and data stay in the source
	"$@" -s lab-files | sed -n 's/^lab://p' | while read -r file; do
		[ -z "$file" ] || [ -e "$3/${file##*/}" ] || cp "$2/$file" "$3/"
	done
	find "$3" -name '*.[od]' -exec rm -f {} +
}

# test_names MAKE...: what this make of $target would install, in $tests/names.
test_names() {
	"$@" -s COLLECTION=lab emit_tests 2>/dev/null | sed -n 's/^lab://p' >"$tests/names"
	[ -s "$tests/names" ] || die "selftests/$target has no tests: see TEST_GEN_PROGS in its Makefile"
}

# need_selftests [NAME TARGET...]: those of the list in build/selftests, or some of
# them in build/NAME. The lists of /tests in the guest are list.base and
# list.linux, each line "TARGET PROGRAM ARGUMENT...".
need_selftests() {
	stage "build the selftests of $build/linux"
	kmake "headers$suffix" linux headers
	made=$BUILD/${1:-selftests}
	[ $# = 0 ] || shift
	tests=$made.tmp
	rm -rf "$tests"
	mkdir -p "$tests"
	: >"$tests/list.base"
	: >"$tests/list.linux"
	: >"$tests/out"
	: >"$tests/last"
	selftest_targets >"$tests/all"
	for target; do
		grep "^$target " "$tests/all" || die "$target is not in lab/selftests.list"
	done >"$tests/targets"
	[ $# != 0 ] || mv "$tests/all" "$tests/targets"
	[ -s "$tests/targets" ] || die "there is no selftest to run"
	while read -r target where; do
		build_selftest "$target"
		list_programs "$target" >>"$tests/list.linux"
		[ "$where" = patched ] ||
			grep "^$target " "$tests/list.linux" >>"$tests/list.base"
	done <"$tests/targets"
	cat "$tests/last" >>"$tests/list.linux"
	sed -n 's/ both$//p' "$tests/targets" | while read -r target; do
		grep "^$target " "$tests/last" >>"$tests/list.base" || :
	done
	rm -rf "${made:?}"
	mv "$tests" "$made"
	tests=$made
	note "$(wc -l <"$tests/list.base") programs for both kernels, $(($(wc -l <"$tests/list.linux") - $(wc -l <"$tests/list.base"))) for the patched one alone"
}
