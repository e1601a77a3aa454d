# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# Races compared: lab/races on both kernels, on two CPUs, and which outcomes there
# are on each. And the amplifier, lab/races/amplify.h.

RACES=$RUN/races

# The objects that are compiled anew with the amplifier, in whatever directory.
AMPLIFIED="signal ptrace exit fork exec seccomp freezer cgroup engine report control syscall life wait access"

# kmake_amplified LOG TREE OBJECTS: the objects in build/obj/OBJECTS, a copy of the
# tree's own, become those of an amplified kernel.
kmake_amplified() {
	amplify_log=$1
	amplify_tree=$2
	kmake_obj=$3
	set --
	for o in $AMPLIFIED; do
		home=
		[ "$o" != fork ] || home=" -DAMPLIFY_HOME"
		set -- "$@" "CFLAGS_$o.o=-include $ROOT/lab/races/amplify.h$home"
	done
	kmake "$amplify_log" "$amplify_tree" "$@" bzImage
	kmake_obj=
}

amplified_image() {
	echo "$BUILD/obj/amplified-$1$suffix/arch/x86/boot/bzImage"
}

# need_amplified KERNEL: build it, if it is not what it is to be.
need_amplified() {
	amplified=$BUILD/obj/amplified-$1$suffix
	key="$AMPLIFIED $(cat "$BUILD/obj/$1$suffix/.config" "$BUILD/obj/$1$suffix/vmlinux" \
		"$ROOT/lab/races/amplify.h" | sum)"
	if [ -e "$amplified.key" ] && [ "$(cat "$amplified.key")" = "$key" ]; then
		return 0
	fi
	stage "build the amplified kernel: $1 (log: $build/log/amplified-$1.log)"
	rm -f "$amplified.key"
	copy_objects "$1$suffix" "amplified-$1$suffix" "$1"
	kmake_amplified "amplified-$1" "$1" "amplified-$1$suffix"
	nm "$amplified/vmlinux" | grep -q ' amplify_us$' ||
		die "the amplified kernel is not amplified: see $build/log/amplified-$1.log"
	echo "$key" >"$amplified.key"
}

build_races() {
	mkdir -p "$BUILD/races"
	logged races make -C "$ROOT/lab/races" OUT="$BUILD/races" CC="$GUEST_CC"
}

# Into the guest's root that is being made.
add_races() {
	mkdir "$root/races"
	cp "$BUILD/races/races" "$BUILD/races/target" "$root/races"
}

# The program, and a guest's root with nothing else in it.
need_races() {
	stage "build what races"
	build_races
	nr_scenarios=$("$BUILD/races/races" -l | wc -l)
	races_root=$BUILD/initramfs-races.gz
	begin_root probe races
	add_races
	end_root "$races_root"
	need_amplified base
	need_amplified linux
}

# races_image base|linux|amplified-base|amplified-linux|mutant: also with a number, as
# in base.2, which is one more guest.
races_image() {
	set -- "${1%.[0-9]}"
	case $1 in
	mutant) races_image "$mutant_kernel" ;;
	amplified-*) amplified_image "${1#amplified-}" ;;
	*) bzimage_of "$1" ;;
	esac
}

# For "each": KERNEL DIRECTORY SECONDS. The jobs of DIRECTORY/KERNEL, and why it
# failed in KERNEL.why.
races_guest() {
	share=$2/$1
	rm -f "$share.why"
	races_rc=0
	boot --kernel "$(races_image "$1")" --name "$(echo "${share#"$RUN/"}" | tr / -)" \
		--root "$races_root" --share "$share" --smp 2 --total $(($3 * slow)) \
		--idle $(($3 * slow)) races kunit.enable=0 || races_rc=1
	if [ "$races_rc" = 0 ] && [ "$guest_status" != 0 ]; then
		guest_why="a job failed: $(cat "$share"/* | grep -a -m 1 '^races: ')"
		races_rc=1
	fi
	[ "$races_rc" = 0 ] || keep_why "$share.why"
	return "$races_rc"
}

# races_jobs DIRECTORY KERNEL JOB: one more of them, "NAME OPTION...".
races_jobs() {
	mkdir -p "$1/$2"
	echo "$3" >>"$1/$2/jobs"
}

# races_boot DIRECTORY SECONDS KERNEL...: these at the same time; with $races_in_turn
# one after the other.
races_boot() {
	boot_dir=$1
	boot_seconds=$2
	shift 2
	if [ -n "${races_in_turn:-}" ] && [ $# -gt 1 ]; then
		for k; do
			races_boot "$boot_dir" "$boot_seconds" "$k" || return 1
		done
		return
	fi
	each "$*" races_guest "$boot_dir" "$boot_seconds" && return
	tell_why "$boot_dir"
	return 1
}

# What was seen on each kernel: all that the jobs of this run told.
races_seen() {
	find "$RACES" \( -path "$RACES/*/$1/*" -o -path "$RACES/*/$1.[0-9]/*" \) -type f ! -name jobs ! -name list | sort
}

# races_compare [-v NAME=VALUE]...: the table, and files of what is only on the
# patched kernel ("suspects", and of these the "certain": SCENARIO <tab> OUTCOME;
# "moments-plain" and "moments-amplified": SCENARIO <tab> where).
races_compare() {
	# shellcheck disable=SC2046 # lists of files
	awk "$@" -v suspects="$RACES/suspects" -v moments="$RACES/moments" \
		-v certain="$RACES/certain" -f "$ROOT/lab/races.awk" \
		side=base $(races_seen base) $(races_seen amplified-base) \
		side=linux $(races_seen linux) $(races_seen amplified-linux)
}

# races_round DIRECTORY SEED SECONDS EACH: all kernels at the same time; EACH runs of a
# scenario at most. The patched kernel has each scenario once more under an engine.
# With $races_in_turn one guest at a time, which makes more than twice as many runs as
# four at once, and a seventh of EACH with the amplifier, where a run takes twice as long.
races_round() {
	set -- "$1" "$2" "$3" "$4" ""
	for kind in $races_kinds; do
		a=
		prefix=
		n=$4
		if [ "$kind" = amplified ]; then
			a=-a
			prefix=amplified-
			[ -z "${races_in_turn:-}" ] || n=$((n / 7 + 1))
		fi
		a="$a ${races_apart:-}"
		races_jobs "$1" "${prefix}base" "alone $a -s $2 -n $((n * 2)) -t $3 $races_only"
		races_jobs "$1" "${prefix}linux" "alone $a -s $2 -n $n -t $(($3 / 2)) $races_only"
		races_jobs "$1" "${prefix}linux" "observed $a -o -s $2 -n $n -t $(($3 / 2)) $races_only"
		set -- "$1" "$2" "$3" "$4" "$5 ${prefix}base ${prefix}linux"
	done
	# shellcheck disable=SC2086 # a list
	races_boot "$1" $(($3 + 300)) $5
}

# How many runs DIRECTORY has.
races_count() {
	cat "$1"/*/alone "$1"/*/observed 2>/dev/null | awk '$1 == "@races" { n += $2 } END { print n + 0 }'
}

# races_run SECONDS: for so long. Without SECONDS so many rounds as races_rounds says,
# of races_each runs a scenario; rounds of these kernels that an earlier call came to
# the end of are not run again.
races_run() {
	told="$nr_chosen scenarios, $(echo "$races_kinds" | sed 's/ / and /')"
	if [ -n "$1" ]; then
		rm -rf "${RACES:?}"
		stage "both kernels at the same time, $1 s: $told, seed $SEED"
		races_round "$RACES/round1" "$SEED" "$1" 1000000 || return 1
		races_compare -v quiet=1
		return
	fi
	key="$SEED $races_kinds $races_only $races_rounds $races_each $(for kind in base linux; do
		cat "$(races_image "$kind")" "$(races_image "amplified-$kind")"
	done | cat - "$BUILD"/races/* | sum)"
	if [ ! -e "$RACES/key" ] || [ "$(cat "$RACES/key")" != "$key" ]; then
		rm -rf "${RACES:?}"
		mkdir -p "$RACES"
		echo "$key" >"$RACES/key"
	fi
	round=0
	while [ "$round" -lt "$races_rounds" ]; do
		round=$((round + 1))
		dir=$RACES/round$round
		if [ ! -e "$dir/done" ]; then
			rm -rf "$dir"
			stage "one kernel after the other, round $round of $races_rounds: $told, seed $((SEED + 1000 * (round - 1)))"
			races_round "$dir" $((SEED + 1000 * (round - 1))) "$races_limit" "$races_each" || return 1
			: >"$dir/done"
		fi
		races_compare -v quiet=1
		note "round $round: $(races_count "$dir") runs; outcomes seen only on the patched kernel until now: $(nr_suspects)"
	done
}

nr_suspects() {
	wc -l <"$RACES/suspects"
}

# races_hunt SECONDS: look for what is only on the patched kernel on the unpatched
# one, in rounds; in all but the first on the patched kernel, too, to see whether it comes
# again. Amplified guests look for what was seen amplified. What is left is in "suspects".
# Rounds of an earlier call that are here still count.
races_hunt() {
	[ -e "$RACES/suspects.first" ] || cp "$RACES/suspects" "$RACES/suspects.first"
	hunt_end=$(($(date +%s) + $1))
	round=$(find "$RACES" -name 'hunt*' -prune | wc -l)
	while [ -s "$RACES/suspects" ]; do
		round=$((round + 1))
		left=$((hunt_end - $(date +%s)))
		[ "$left" -ge 20 ] || return 0
		dir=$RACES/hunt$round
		if [ "$round" = 1 ]; then
			where="unpatched kernel"
			set -- base base.2 amplified-base amplified-base.2
		else
			where="unpatched kernel, and again on the patched one"
			set -- base linux amplified-base amplified-linux
		fi
		if [ -n "${races_in_turn:-}" ]; then
			span=$((20 + $(nr_suspects)))
			[ "$span" -le 180 ] || span=180
			left=$((left / 4))
		else
			span=$((30 * round * round))
		fi
		[ "$span" -le "$left" ] || span=$left
		n=0
		guests=
		for k; do
			n=$((n + 1))
			how="-s $((SEED + 10 * round + n)) -n 1000000 -f /share/list ${races_apart:-}"
			moments=$RACES/moments-plain
			other=$RACES/moments-amplified
			t=$span
			if [ "$k" != "${k#amplified}" ]; then
				how="-a $how"
				other=$moments
				moments=$RACES/moments-amplified
				# they are few runs in such a round, too
				[ -z "${races_in_turn:-}" ] || t=$((span / 3))
			fi
			if [ -n "${races_in_turn:-}" ]; then
				if [ ! -s "$moments" ] || [ "$k" != "${k%.2}" ]; then
					continue
				fi
			elif [ ! -s "$moments" ]; then
				# as many guests as before: how busy they are makes a difference
				moments=$other
			fi
			mkdir -p "$dir/$k"
			sort -u "$moments" >"$dir/$k/list"
			case $k in
			*linux)
				races_jobs "$dir" "$k" "alone $how -t $((t / 2))"
				races_jobs "$dir" "$k" "observed -o $how -t $((t / 2))"
				;;
			*) races_jobs "$dir" "$k" "alone $how -t $t" ;;
			esac
			guests="$guests $k"
		done
		stage "$(nr_suspects) outcomes seen only on the patched kernel, in $(cut -f 1 "$RACES/suspects" | sort -u | wc -l) scenarios: hunt them on the $where, $span s"
		# shellcheck disable=SC2086 # a list
		races_boot "$dir" $((span + 300)) $guests || return 1
		races_compare -v quiet=1
	done
}

# races_tell: what came out, for people; without the table if $races_quiet.
races_tell() {
	races_compare ${races_quiet:+-v quiet=1}
	sort -u "$RACES/suspects" >"$RACES/left"
	races_compare -v only=1 -v again=1 >"$RACES/once"
	grep -c '^           [^ ]' "$RACES/once" >"$RACES/once.nr" || :
	sort -u "$RACES/suspects.first" | comm -23 - "$RACES/left" >"$RACES/rare"
	if [ -s "$RACES/rare" ]; then
		note "$(wc -l <"$RACES/rare") outcomes were seen on the patched kernel first. They are rare on the unpatched kernel, too; $(cat "$RACES/once.nr") of them so rare that neither kernel showed them again:"
		awk -F '\t' '{ printf "           %s\n             %s\n", $1, $2 }' "$RACES/rare"
	fi
	if [ -s "$RACES/once" ]; then
		note "those that neither kernel showed again:"
		cat "$RACES/once"
	fi
	faults=$(wc -l <"$RACES/left")
	if [ "$faults" != 0 ]; then
		note "FAULT: $faults outcomes that the unpatched kernel never showed:"
		races_compare -v only=1
		note "again: make races ONLY=SCENARIO SEED=$SEED"
	fi
}

# run_races SHARE [HUNT]: the whole of it within about SHARE seconds, and HUNT more
# if something is to be hunted. True if nothing is left that only the patched kernel
# shows; else $races_why.
run_races() {
	races_kinds=${races_kinds:-plain amplified}
	races_only=${races_only:-}
	nr_chosen=${nr_chosen:-$nr_scenarios}
	races_why="the races did not come to their end"
	faults=0
	races_run "$1" || return 1
	races_hunt "$2" || return 1
	races_tell
	races_why="$faults outcomes that the unpatched kernel never showed: ${RACES#"$ROOT/"}/left"
	[ "$faults" = 0 ]
}

# For make check: SECONDS. Results by "say_result FILE NAME STATE DETAIL". So short
# a share does not decide what is rare on the unpatched kernel: that is named, and
# left to "make races". What is certain even so fails.
check_races() {
	state=pass
	races_quiet=1
	if run_races "$1" "$1"; then
		races_why=
	elif [ "$faults" = 0 ]; then
		state=broken
	elif [ -s "$RACES/certain" ]; then
		state=fail
		races_why="$(wc -l <"$RACES/certain") outcomes came again and again on the patched kernel alone: ${RACES#"$ROOT/"}/certain"
	else
		state=skip
		races_why="not decided: $faults outcomes were seen on the patched kernel alone: make races"
	fi
	base_state=pass
	[ "$state" != skip ] || base_state=skip
	say_result base "races: outcomes of two and three parties on two CPUs" "$base_state" ""
	say_result linux "races: outcomes of two and three parties on two CPUs" "$state" "$races_why"
}

# Scenarios that mutants name.
raced_scenarios() {
	all_mean | sed -n 's/^races //p' | sort -u
}

# What the unpatched kernel shows of these with the amplifier, in $known. It gets more
# time than a mutant does.
need_known_races() {
	known=$RUN/races-known
	raced_scenarios >"$RUN/races-known.list"
	need_races
	known_key=$(cat "$(races_image amplified-base)" "$BUILD"/races/* "$RUN/races-known.list" | sum)
	if [ -e "$known/key" ] && [ "$(cat "$known/key")" = "$known_key" ]; then
		return 0
	fi
	rm -rf "$known"
	know_races 1
	echo "$known_key" >"$known/key"
}

# know_races TURN: the unpatched kernel once more, from other seeds.
know_races() {
	stage "unpatched kernel: the races that mutants are compared with"
	dir=$known/turn$1
	rm -rf "$dir"
	mkdir -p "$dir/amplified-base"
	cp "$RUN/races-known.list" "$dir/amplified-base/list"
	n=$(wc -l <"$dir/amplified-base/list")
	races_jobs "$dir" amplified-base "alone -a -s $((SEED + $1)) -n 1000000 -t $((n * 120)) -f /share/list"
	races_boot "$dir" $((n * 120 + 300)) amplified-base || die "the unpatched kernel does not race to the end"
}

# races_mutant KERNEL NAME MEANS: true if two runs of this one within a minute have
# outcomes that the unpatched kernel never had. One line says which.
# 1 if it is not caught, 2 if nothing can be said.
races_mutant() {
	dir=$RUN/mutant-races-$2
	rm -rf "$dir"
	mkdir -p "$dir"
	# races_guest takes a name, an image is a path
	races_jobs "$dir" mutant "alone -a -n 1000000 -t 60 -i ${3#races }"
	mutant_kernel=$1
	if ! races_guest mutant "$dir" 360; then
		echo "$guest_why"
		return 2
	fi
	awk -v suspects="$dir/suspects" -v quiet=1 -f "$ROOT/lab/races.awk" \
		side=base "$known"/turn*/amplified-base/alone side=linux "$dir/mutant/alone"
	grep "^${3#races }$tab" "$dir/suspects" >"$dir/only" || return 1
	cut -f 2 "$dir/only" | sed 's/^/@ /' | awk '
		NR == FNR { only[substr($0, 3)] = 1; next }
		sub(/^@outcome /, "") { n = $1; sub(/^[0-9]+ */, ""); if ($0 in only) sum += n }
		END { exit sum < 2 }' - "$dir/mutant/alone" || return 1
	echo "$3: $(head -n 1 "$dir/only" | cut -f 2)"
}
