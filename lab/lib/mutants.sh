# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
# Mutants: the patched kernel with one fault each, which a test must find.
# A patch in lab/mutants begins with a sentence that says what is wrong and a
# line "Caught-by:" that names what is to find it.

MUTANTS=$BUILD/mutants

list_mutants() {
	(cd "$ROOT/lab/mutants" && ls -- *.patch) | sed 's/\.patch$//'
}

mutant_says() {
	head -n 1 "$ROOT/lab/mutants/$1.patch"
}

mutant_means() {
	sed -n 's/^Caught-by: //p' "$ROOT/lab/mutants/$1.patch"
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
		die "lab/mutants/$1.patch does not apply to build/linux: fit it to the series"
}

# Also when the lab was killed in the middle: saved/ tells.
restore_mutated() {
	saved=$MUTANTS/saved
	[ -d "$saved" ] || return 0
	(cd "$saved" && find . -type f) | while read -r f; do
		# only the date would say so, and that is the old one
		rm -f "$BUILD/obj/mutant/${f%.c}.o"
		[ ! -d "$LINUX" ] || cp -p "$saved/$f" "$LINUX/$f"
	done
	rm -rf "$saved"
	cleanup=
}

# Objects of the true kernel, so that only what a mutant changes is compiled.
need_mutant_objects() {
	want=$(cat "$BUILD/obj/linux$suffix/.config" "$BUILD/obj/linux$suffix/vmlinux" | sum)
	if [ "$(cat "$BUILD/obj/mutant.key" 2>/dev/null)" = "$want" ]; then
		return 0
	fi
	rm -rf "$BUILD/obj/mutant" "$BUILD/obj/mutant.key"
	cp -a "$BUILD/obj/linux$suffix" "$BUILD/obj/mutant"
	echo "$want" >"$BUILD/obj/mutant.key"
}

# need_mutant NAME: build its kernel, $bzimage.
need_mutant() {
	bzimage=$MUTANTS/$1.bzImage
	key=$(cat "$ROOT/lab/mutants/$1.patch" "$BUILD/obj/linux$suffix/vmlinux" \
		"$BUILD/obj/linux$suffix/.config" | sum)
	if [ -e "$bzimage" ] && [ "$(cat "$MUTANTS/$1.key" 2>/dev/null)" = "$key" ]; then
		return 0
	fi
	[ -z "$(lgit status --porcelain)" ] ||
		die "build/linux has changes that are not committed: commit or drop them before make mutants"
	stage "build the mutant $1"
	need_mutant_objects
	mutate "$1"
	kmake_obj=mutant
	kmake "mutant-$1" linux bzImage
	kmake_obj=
	restore_mutated
	cp "$BUILD/obj/mutant/arch/x86/boot/bzImage" "$bzimage.new"
	mv "$bzimage.new" "$bzimage"
	echo "$key" >"$MUTANTS/$1.key"
}

build_mutants() {
	nr_mutants=$(list_mutants | wc -l)
	stage "build $nr_mutants mutants, what is not built"
	for mutant in $(list_mutants); do
		case $(mutant_means "$mutant") in
		conform | cost | engines) ;;
		*) die "lab/mutants/$mutant.patch: its line \"Caught-by:\" is conform, cost or engines" ;;
		esac
		need_mutant "$mutant"
	done
}

# Tests of several engines on one task: the first that fails.
engines_mutant() {
	other_initramfs=$initramfs
	initramfs=$BUILD/initramfs-engines.gz
	boot_name=mutant-$1
	show=
	slow=1
	[ -z "$suffix" ] || slow=4
	boot tests $((300 * slow)) $((90 * slow + 30)) lab.list=engines lab.seconds=$((90 * slow)) || :
	initramfs=$other_initramfs
	awk -f "$ROOT/lab/tap.awk" "$results" >"$RUN/mutant-$1.tsv"
	failed_test=$(awk -F '\t' '$2 != "pass" { print $1; exit }' "$RUN/mutant-$1.tsv")
	if [ -n "$failed_test" ]; then
		echo "selftest $failed_test"
	elif [ -n "$guest_why" ]; then
		echo "selftests utrace/engines: $guest_why"
	else
		return 1
	fi
}

# The guest's root for that: only this program, on a list of its own.
need_engines() {
	list_mutants | while read -r m; do mutant_means "$m"; done | grep -q engines || return 0
	rm -rf "$RUN/engines"
	mkdir -p "$RUN/engines/utrace"
	logged selftests-utrace "$ROOT/lab/lib/make-selftest" \
		"$LINUX/tools/testing/selftests/utrace" "$RUN/engines/utrace" \
		"$BUILD/obj/linux$suffix/usr/include" all
	printf 'utrace %s\n' engines events groups >"$RUN/engines/list.engines"
	need_initramfs "$BUILD/initramfs-engines.gz" "$RUN/engines"
	initramfs=$conform_initramfs
}

run_mutant() {
	bzimage=$MUTANTS/$1.bzImage
	if how=$(case $(mutant_means "$1") in
		 engines) engines_mutant "$1" ;;
		 *) conform_mutant "$1" "$(mutant_means "$1")" ;;
		 esac); then
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
	bzimage=$bzimage_linux
	for means in conform cost engines; do
		control_rc=0
		case $means in
		engines) how=$(engines_mutant none) || control_rc=$? ;;
		*) how=$(conform_mutant none "$means") || control_rc=$? ;;
		esac
		[ "$control_rc" != 1 ] || continue
		note "without any fault, by $means: $how"
		return 1
	done
}

# All that were built, two at a time: one CPU for each.
run_mutants() {
	nr_caught=0
	need_quick
	need_engines
	run_no_mutant || return 1
	stage "run the mutants, two at a time"
	twins=
	cleanup=stop_both
	for mutant in $(list_mutants); do
		rm -f "$MUTANTS/$mutant.verdict"
		(
			child=
			trap stop_child EXIT
			trap 'exit 143' TERM HUP
			run_mutant "$mutant"
		) &
		twins="$twins $!"
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
