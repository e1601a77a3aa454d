# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
# Mutants: the patched kernel with one fault each, which a test must find.
# A patch in lab/mutants begins with a sentence that says what is wrong and a
# line "Caught-by:" that names what has to find it:
#	conform		the comparer: a transcript differs
#	observer	the same, under another engine
#	cost		the comparer: a call costs more after tracing
#	kunit SUITE.TEST
#	selftest DIRECTORY/PROGRAM TEST
#	races SCENARIO	with the amplifier, outcomes that the unpatched kernel has not

MUTANTS=$BUILD/mutants

mutants_like='*'				# which: patterns of their names

# Their lines are 6.12's. On another kernel there are only those that fit it.
list_mutants() {
	(cd "$ROOT/lab/mutants" && ls -- *.patch) | while read -r f; do
		[ "$version" = 6.12 ] ||
			lgit apply --check "$ROOT/lab/mutants/$f" 2>/dev/null || continue
		f=${f%.patch}
		set -f
		for like in $mutants_like; do
			# shellcheck disable=SC2254 # a pattern
			case $f in
			$like) echo "$f" && break ;;
			esac
		done
		set +f
	done
}

mutant_says() {
	head -n 1 "$ROOT/lab/mutants/$1.patch"
}

mutant_means() {
	sed -n 's/^Caught-by: //p' "$ROOT/lab/mutants/$1.patch"
}

# all_mean: what all of them have to be found by.
all_mean() {
	list_mutants | while read -r m; do mutant_means "$m"; done
}

# The source is changed where it stands, since at another place all of it
# would have to be compiled. Saved copies come back with their old dates, so
# that nothing of the true kernel is compiled again. They are whole before
# anything is changed: a copy that was cut short must not come back.
mutate() {
	saved=$MUTANTS/saved
	rm -rf "$saved.new"
	mkdir -p "$saved.new"
	sed -n 's|^--- a/||p' "$ROOT/lab/mutants/$1.patch" >"$MUTANTS/files"
	while read -r f; do
		mkdir -p "$saved.new/${f%/*}"
		cp -p "$LINUX/$f" "$saved.new/$f"
	done <"$MUTANTS/files"
	cleanup=restore_mutated
	mv "$saved.new" "$saved"
	lgit apply "$ROOT/lab/mutants/$1.patch" ||
		die "lab/mutants/$1.patch does not apply to $build/linux: fit it to the series"
}

# Also when the lab was killed in the middle: saved/ tells.
restore_mutated() {
	saved=$MUTANTS/saved
	[ -d "$saved" ] || return 0
	(cd "$saved" && find . -type f) | while read -r f; do
		case $f in
		# what includes it has to be compiled again
		*.h) date= ;;
		*) date=-p ;;
		esac
		# only the date would say so, and that is the old one
		rm -f "$BUILD/obj/mutant/${f%.c}.o" "$BUILD/obj/mutant-amplified/${f%.c}.o"
		[ ! -d "$LINUX" ] || cp $date "$saved/$f" "$LINUX/$f"
	done
	rm -rf "$saved"
	cleanup=
}

# need_mutant_objects FROM TO: objects of the true kernel, so that only what a
# mutant changes is compiled.
need_mutant_objects() {
	want=$(cat "$BUILD/obj/$1/.config" "$BUILD/obj/$1/vmlinux" | sum)
	if [ "$(cat "$BUILD/obj/$2.key" 2>/dev/null)" = "$want" ]; then
		return 0
	fi
	rm -f "$BUILD/obj/$2.key"
	copy_objects "$1" "$2" linux
	echo "$want" >"$BUILD/obj/$2.key"
}

mutant_image() {
	echo "$MUTANTS/$1.bzImage"
}

# need_mutant NAME: build its kernel.
need_mutant() {
	image=$(mutant_image "$1")
	key=$(cat "$ROOT/lab/mutants/$1.patch" "$BUILD/obj/linux$suffix/vmlinux" \
		"$BUILD/obj/linux$suffix/.config" | sum)
	if [ -e "$image" ] && [ "$(cat "$MUTANTS/$1.key" 2>/dev/null)" = "$key" ]; then
		return 0
	fi
	[ -z "$(lgit status --porcelain)" ] ||
		die "$build/linux has changes that are not committed: commit or drop them before make mutants"
	stage "build the mutant $1"
	mutant_obj=mutant
	case $(mutant_means "$1") in
	"races "*)
		mutant_obj="mutant-amplified"
		need_amplified linux
		need_mutant_objects "amplified-linux$suffix" "$mutant_obj"
		mutate "$1"
		kmake_amplified "mutant-$1" linux "$mutant_obj"
		;;
	*)
		need_mutant_objects "linux$suffix" "$mutant_obj"
		mutate "$1"
		kmake_obj=$mutant_obj
		kmake "mutant-$1" linux bzImage
		kmake_obj=
		;;
	esac
	restore_mutated
	cp "$BUILD/obj/$mutant_obj/arch/x86/boot/bzImage" "$image.new"
	mv "$image.new" "$image"
	echo "$key" >"$MUTANTS/$1.key"
}

build_mutants() {
	nr_mutants=$(list_mutants | wc -l)
	stage "build $nr_mutants mutants, what is not built"
	for mutant in $(list_mutants); do
		case $(mutant_means "$mutant") in
		conform | observer | cost | "kunit utrace_"*.* | "selftest "*/*" "*.* | "races "*:*:*) ;;
		*) die "lab/mutants/$mutant.patch: nothing is called what its line \"Caught-by:\" names" ;;
		esac
		need_mutant "$mutant"
	done
}

# The tests that are named, as in "Caught-by:".
named_tests() {
	all_mean | grep -E '^(kunit|selftest) ' | sort -u
}

# From lines of "Caught-by:" to what lab/guest/tests reads.
selftest_lines() {
	sed -n 's,^selftest \([^/]*\)/\([^ ]*\) ,\1 \2 -r ,p'
}

# The guest's root for them, with a list for each mutant, and one of all.
need_named() {
	kmake "headers$suffix" linux headers
	tests=$RUN/named
	rm -rf "$tests"
	mkdir -p "$tests"
	for target in $(named_tests | selftest_lines | cut -d ' ' -f 1 | uniq); do
		build_selftest "$target"
	done
	for mutant in $(list_mutants); do
		mutant_means "$mutant" | selftest_lines >"$tests/list.$mutant"
	done
	named_tests | selftest_lines >"$tests/list.none"
	begin_root tests
	add_tests "$tests"
	end_root "$BUILD/initramfs-named.gz"
}

# run_named KERNEL NAME [WORD...]: run KUnit's tests and those of list.NAME;
# their states are lines of build/run/mutant-NAME.tests, "MEANS STATE".
run_named() {
	named_kernel=$1
	named=$2
	shift 2
	boot --kernel "$named_kernel" --name "mutant-$named" --root "$BUILD/initramfs-named.gz" \
		--total $((600 * slow)) --idle $((120 * slow)) \
		tests lab.list="$named" lab.seconds=$((90 * slow)) "$@" || :
	{
		awk -f "$ROOT/lab/kunit.awk" "$console" |
			awk -F '[/:\t]' '{ print "kunit", $2 "." substr($3, 2), $4 }'
		awk -f "$ROOT/lab/tap.awk" "$results" |
			sed -n 's/^\([^ ]*\) -r [^:]*: \([^\t]*\)\t\([a-z]*\).*/selftest \1 \2 \3/p'
	} >"$RUN/mutant-$named.tests"
}

# named_mutant KERNEL NAME MEANS: true if the test that is named fails.
named_mutant() {
	case $3 in
	kunit*)
		begun="# Subtest: ${3#* }"
		begun=${begun%.*}
		run_named "$1" "$2" kunit.filter_glob="${3#* }"
		;;
	*)
		begun="@test"
		run_named "$1" "$2" kunit.enable=0
		;;
	esac
	case $(sed -n "s,^$3 ,,p" "$RUN/mutant-$2.tests") in
	pass) return 1 ;;
	skip) echo "$3: skipped" && return 2 ;;
	fail) echo "$3" ;;
	*)
		echo "$3: ${guest_why:-it did not come to its end}"
		# not what came before it
		cat "$console" "$results" | grep -aqF "$begun" || return 2
		;;
	esac
}

# by_means KERNEL NAME MEANS
by_means() {
	case $3 in
	"races "*) races_mutant "$@" ;;
	*" "*) named_mutant "$@" ;;
	*) conform_mutant "$@" ;;
	esac
}

run_mutant() {
	if how=$(by_means "$(mutant_image "$1")" "$1" "$(mutant_means "$1")"); then
		echo "caught      $1: $(mutant_says "$1")
            by $how" >"$MUTANTS/$1.verdict"
	else
		echo "NOT CAUGHT  $1: $(mutant_says "$1")${how:+
            $how}" >"$MUTANTS/$1.verdict"
	fi
}

# The kernel without a fault must pass where mutants are caught.
run_no_mutant() {
	stage "the patched kernel itself, as if it were a mutant"
	for means in conform observer cost; do
		all_mean | grep -qx "$means" || continue
		control_rc=0
		how=$(conform_mutant linux none "$means") || control_rc=$?
		[ "$control_rc" != 1 ] || continue
		note "without any fault, by $means: $how"
		return 1
	done
	for scenario in $(raced_scenarios); do
		for turn in 2 3 4; do
			control_rc=0
			how=$(races_mutant amplified-linux none "races $scenario") || control_rc=$?
			[ "$control_rc" != 1 ] || break
			note "without any fault, by $how"
			# what is rare on the unpatched kernel it may not have shown yet
			[ "$control_rc" = 0 ] && [ "$turn" != 4 ] || return 1
			know_races "$turn"
		done
	done
	run_named linux none
	if named_tests | sed 's/$/ pass/' | grep -vxF -f "$RUN/mutant-none.tests" >"$RUN/mutant-none.bad" ||
	   [ -n "$guest_why" ]; then
		note "without any fault these do not pass: $guest_why"
		sed 's/ pass$//; s/^/           /' "$RUN/mutant-none.bad"
		return 1
	fi
}

# All that were built, two at a time: one CPU for each.
run_mutants() {
	nr_caught=0
	need_quick
	need_named
	[ -z "$(raced_scenarios)" ] || need_known_races
	run_no_mutant || return 1
	stage "run the mutants, two at a time"
	twins=
	cleanup=stop_twins
	for mutant in $(list_mutants); do
		rm -f "$MUTANTS/$mutant.verdict"
		beside run_mutant "$mutant"
		# shellcheck disable=SC2086 # a list of words
		set -- $twins
		if [ $# -eq 2 ]; then
			wait "$1" || :
			shift
			twins=$*
		fi
	done
	# shellcheck disable=SC2086
	wait $twins || :
	cleanup=
	for mutant in $(list_mutants); do
		sed 's/^/         /' "$MUTANTS/$mutant.verdict" 2>/dev/null ||
			note "NOT CAUGHT  $mutant: it was not run to its end"
		! grep -q '^caught' "$MUTANTS/$mutant.verdict" 2>/dev/null ||
			nr_caught=$((nr_caught + 1))
	done
	[ "$nr_caught" = "$nr_mutants" ]
}
