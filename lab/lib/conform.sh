# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# The comparer, lab/conform: the same sequences of requests on both kernels,
# what comes out compared, and a difference made as short as it can be.

CONFORM=$RUN/conform
SEED=${SEED:-1}
case $SEED in
*[!0-9]*) die "SEED=$SEED: it is a number" ;;
esac

# The jobs of a plan: NAME WIDTH OPTION...; conform without arguments tells
# what the options are. Each is for both widths.
#	check	every sequence of up to three requests, half of those of four, a part
#		of the other ways
#	watch	a part of that
#	all	every sequence of up to four requests, more of the other ways
#	full	everything, and so many random ones that it is a million
#	quick	what finds a mutant
conform_jobs() {
	case $1 in
	watch)
		both_widths every -b -l 3 -p 0/4
		both_widths longer -b -l 4 -p 0/16
		both_widths ways -l 2 -p 0/32
		both_widths random -b -l 0 -r 4000 -s "$SEED" -p 0/4
		both_widths tracepoints -w -b -l 2 -r 500 -s "$SEED" -p 0/4
		both_widths calls -w -l 0 -p 0/240
		both_widths audit -a -b -l 1 -r 300 -s "$SEED" -p 0/2
		;;
	check)
		both_widths every -b -l 3
		both_widths longer -b -l 4 -p 0/2
		both_widths ways -l 2 -p 0/8
		both_widths random -b -l 0 -r 4000 -s "$SEED"
		both_widths tracepoints -w -b -l 2 -r 500 -s "$SEED"
		both_widths calls -w -l 0 -p 0/60
		both_widths audit -a -b -l 1 -r 300 -s "$SEED"
		;;
	all)
		both_widths every -b -l 4
		both_widths ways -l 2 -p 0/4
		both_widths random -b -l 0 -r 8000 -s "$SEED"
		both_widths tracepoints -w -b -l 2 -r 2000 -s "$SEED"
		both_widths calls -w -l 0 -p 0/30
		both_widths audit -a -b -l 2 -r 300 -s "$SEED"
		;;
	full)
		both_widths every -l 4
		both_widths random -b -l 0 -r 290000 -s "$SEED"
		both_widths tracepoints -w -b -l 3 -r 5000 -s "$SEED"
		both_widths calls -w -l 0 -p 0/4
		both_widths audit -a -b -l 2 -r 2000 -s "$SEED"
		;;
	quick)
		both_widths tracepoints -w -b -l 2 -r 300 -s "$SEED"
		both_widths calls -w -l 0 -p 0/60
		both_widths audit -a -b -l 1 -r 100 -s "$SEED"
		both_widths ways -l 2 -p 0/42
		both_widths every -b -l 4 -p 0/32
		both_widths random -b -l 0 -r 1500 -s "$SEED"
		;;
	esac
}

both_widths() {
	bw_name=$1
	shift
	echo "$bw_name-64 64 $*"
	echo "$bw_name-32 32 $*"
}

# The programs, and a guest's root with nothing else in it.
need_conform() {
	stage "build the comparer"
	mkdir -p "$BUILD/conform"
	logged conform make -C "$ROOT/lab/conform" OUT="$BUILD/conform" CC="$GUEST_CC"
	conform_root=$BUILD/initramfs-conform.gz
	begin_root probe conform
	mkdir "$root/conform"
	cp "$BUILD"/conform/conform-* "$BUILD"/conform/target-* "$root/conform"
	end_root "$conform_root"
}

# conform_boot KERNEL NAME SHARE SECONDS: boot it and do the jobs in the directory
# SHARE. What the guest does must not depend on how busy this machine is, so its
# time is a count of instructions.
conform_boot() {
	conform_rc=0
	boot --kernel "$1" --name "$2" --root "$conform_root" --share "$3" --smp 1 --icount \
		--total $(($4 * slow)) --idle $((300 * slow)) conform kunit.enable=0 || conform_rc=1
	if [ "$conform_rc" = 0 ] && grep -aq '^@exit [1-9]' "$results"; then
		guest_why="a job failed: $(grep -a -B 1 -m 1 '^@exit [1-9]' "$results" | head -n 1)"
		conform_rc=1
	elif [ "$conform_rc" = 0 ] && [ "$1" != base ] && grep -q ' -oh$' "$3/jobs" &&
	     grep -aq '^sequences .* observed 0' "$results"; then
		guest_why="the kernel has no engine to observe with"
		conform_rc=1
	fi
	return "$conform_rc"
}

# conform_guest KERNEL SHARE SECONDS: with what it said in SHARE.results, or why it
# failed in SHARE.why.
conform_guest() {
	rm -f "$2.why"
	if ! conform_boot "$1" "$(echo "${2#"$RUN/"}" | tr / -)" "$2" "$3"; then
		keep_why "$2.why"
		return 1
	fi
	cp "$results" "$2.results"
}

# For "both": KERNEL DIRECTORY SECONDS.
conform_kernel() {
	conform_guest "$1" "$2/$1" "$3"
}

# For "each": WIDTH DIRECTORY SECONDS.
conform_observed() {
	conform_guest linux "$2/observed-$1" "$3"
}

# conform_both DIRECTORY SECONDS: the jobs in DIRECTORY/jobs, with all other files
# there, on both kernels.
conform_both() {
	for k in base linux; do
		rm -rf "${1:?}/$k" "$1/$k.why"
		mkdir -p "$1/$k"
		for f in "$1"/*; do
			[ ! -f "$f" ] || cp "$f" "$1/$k"
		done
	done
	both conform_kernel "$@" && return
	tell_why "$1"
	return 1
}

# conform_observe PLAN DIRECTORY SECONDS WHEN: its jobs on the patched kernel, under
# another engine; what they write goes to DIRECTORY/observed. WHEN the engine comes:
# b, before the tracer; a, after it; h, half of them so and half so.
conform_observe() {
	rm -rf "$2"/observed*
	mkdir -p "$2/observed"
	conform_jobs "$1" | sed "s/$/ -o$4/" >"$2/observed/jobs"
	for width in 64 32; do
		mkdir -p "$2/observed-$width"
		grep "^[^ ]* $width " "$2/observed/jobs" >"$2/observed-$width/jobs"
	done
	each "64 32" conform_observed "$2" "$3" || {
		tell_why "$2"
		return 1
	}
	for width in 64 32; do
		rm "$2/observed-$width/jobs"
		mv "$2/observed-$width"/* "$2/observed"
	done
}

# conform_differences DIRECTORY OTHER: the sequences that differ on DIRECTORY/base
# and DIRECTORY/OTHER, of those that were run there, as lines "JOB NUMBER".
conform_differences() {
	while read -r name _; do
		cmp -s "$1/base/$name" "$1/$2/$name" && continue
		awk -v job="$name" '
			NR == FNR { seen[$0] = 1; next }
			!($0 in seen) { print job, $1 }
		' "$1/base/$name" "$1/$2/$name"
	done <"$1/$2/jobs"
}

# conform_names DIRECTORY OTHER: from these lines to "WIDTH FLAG SEQUENCE".
conform_names() {
	while read -r name width options; do
		sed -n "s/^$name //p" "$1/$2.differences" >"$1/numbers"
		# shellcheck disable=SC2086 # a list of words
		"$BUILD/conform/conform-$width" $options name <"$1/numbers"
	done <"$1/$2/jobs"
}

# conform_keep DIRECTORY OTHER: both transcripts of what differs, since it may not
# come again; in build/log/conform, as JOB-NUMBER.base and JOB-NUMBER.OTHER.
conform_keep() {
	mkdir -p "$LOG/conform"
	while read -r name width options; do
		for number in $(sed -n "s/^$name //p" "$1/$2.differences" | head -n 50); do
			for k in base "$2"; do
				# shellcheck disable=SC2086 # a list of words
				"$BUILD/conform/conform-$width" $options kept "$1/$k/kept-$name" "$number" \
					>"$LOG/conform/$name-$number.$k" || :
			done
		done
	done <"$1/$2/jobs"
}

# conform_list DIRECTORY FILE ROUNDS: run the lines "WIDTH FLAG SEQUENCE" of
# FILE that many times on both kernels. DIRECTORY/verdicts gets a line for
# each: how many different transcripts there were on the unpatched kernel, how
# often the patched one's was none of them, and the line.
conform_list() {
	rm -rf "${1:?}"
	mkdir -p "$1"
	cut -d ' ' -f 1,2 "$2" | sort -u >"$1.kinds"
	while read -r width flag; do
		sed -n "s/^$width $flag //p" "$2" >"$1/some"
		round=1
		while [ "$round" -le "$3" ]; do
			name=list$width$flag$round
			[ "$flag" = - ] && echo "$name $width" || echo "$name $width $flag"
			cp "$1/some" "$1/sequences-$name"
			round=$((round + 1))
		done
	done <"$1.kinds" >"$1.jobs"
	mv "$1.jobs" "$1/jobs"
	rm -f "$1/some"
	conform_both "$1" $((600 + $(wc -l <"$2") * $3)) || return 1
	: >"$1/verdicts"
	while read -r width flag; do
		awk -v text="$1/sequences-list$width${flag}1" -v kind="$width $flag" -v n=0 '
			FILENAME ~ /base\/list[^\/]*$/ {
				if (!(($1, $2) in seen))
					kinds[$1]++
				seen[$1, $2] = 1
				next
			}
			!(($1, $2) in seen) { strange[$1]++ }
			END {
				while ((getline line <text) > 0) {
					print kinds[n] + 0, strange[n] + 0, kind, line
					n++
				}
			}
		' "$1/base/list$width$flag"[0-9] "$1/linux/list$width$flag"[0-9] >>"$1/verdicts"
	done <"$1.kinds"
}

# The first line of standard input with the fewest words.
shortest() {
	awk '!best || NF < best { best = NF; line = $0 } END { if (best) print line }'
}

# conform_shrink WIDTH FLAG SEQUENCE: $shrunk, the shortest that still differs.
conform_shrink() {
	shrunk="$*"
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
		"$BUILD/conform/conform-$1" shorter "${shrunk#* * }" |
			sort -u | sed "s/^/$1 $2 /" >"$RUN/conform-shorter"
		[ -s "$RUN/conform-shorter" ] || break
		conform_list "$RUN/conform-shrink" "$RUN/conform-shorter" 1 || break
		next=$(sed -n 's/^1 [1-9][0-9]* //p' "$RUN/conform-shrink/verdicts" | shortest)
		[ -n "$next" ] || break
		shrunk=$next
	done
}

# conform_show WIDTH FLAG SEQUENCE: both transcripts, from a little before
# where they part. 0 if they are the same, 1 if not, 2 if a guest failed.
conform_show() {
	dir=$RUN/conform-show
	rm -rf "$dir"
	mkdir -p "$dir"
	flag=$2
	[ "$flag" != - ] || flag=
	echo "show $1 $flag" >"$dir/jobs"
	width=$1
	shift 2
	echo "$*" >"$dir/sequence-show"
	conform_both "$dir" 600 || return 2
	if cmp -s "$dir/base/show" "$dir/linux/show"; then
		return 0
	fi
	line=$(cmp "$dir/base/show" "$dir/linux/show" | sed 's/.*line //')
	from=$((line > 12 ? line - 12 : 1))
	for k in base linux; do
		sed -n "$from,$((line + 24))p" "$dir/$k/show" >"$dir/$k/part"
	done
	printf '      %-76s %s\n' unpatched patched
	diff --side-by-side --width=156 --expand-tabs "$dir/base/part" "$dir/linux/part" |
		sed 's/^/      /'
	note "whole: ${dir#"$ROOT/"}/base/show, ${dir#"$ROOT/"}/linux/show"
	return 1
}

# What system calls cost after tracing, on both; prints what is dearer.
conform_cost() {
	cost_cases=0
	dir=$RUN/conform-cost
	mkdir -p "$dir"
	printf '%s\n' "cost-64 64" "cost-32 32" >"$dir/jobs"
	conform_both "$dir" 600 || return 1
	cost_cases=$(sed -n 's/^cases \([0-9]*\) dearer 0$/\1/p' "$dir/linux.results" |
		awk '{ n += $1 } END { print n + 0 }')
}

# conform_judge OTHER: what differs on $CONFORM/base and $CONFORM/OTHER, run again.
# Adds to $differences, and to $vary those that are not the same from run to run
# on the unpatched kernel; all of these are in $CONFORM/vary, once and true.
conform_judge() {
	conform_differences "$CONFORM" "$1" >"$CONFORM/$1.differences"
	nr=$(wc -l <"$CONFORM/$1.differences")
	[ "$nr" != 0 ] || return 0
	differences=$((differences + nr))
	conform_keep "$CONFORM" "$1"
	stage "$nr sequences differ: run them again, three times on each"
	conform_names "$CONFORM" "$1" | head -n 3000 >"$CONFORM/names"
	conform_list "$RUN/conform-again" "$CONFORM/names" 3 || return 1
	sed 's/^[0-9]* [0-9]* //' "$RUN/conform-again/verdicts" >"$CONFORM/again"
	vary=$((vary + $(grep -vc '^1 ' "$RUN/conform-again/verdicts" || :)))
	sed -n '/^1 /!s/^[0-9]* [0-9]* //p' "$RUN/conform-again/verdicts" >>"$CONFORM/vary"
	# the same in all three runs: then it was the run before that differed
	sed -n 's/^1 0 //p' "$RUN/conform-again/verdicts" >>"$CONFORM/once"
	sed -n 's/^1 [1-9][0-9]* //p' "$RUN/conform-again/verdicts" >>"$CONFORM/true"
}

# conform_total WHAT FILE...: the sum of what the jobs say.
conform_total() {
	total_of=$1
	shift
	cat "$@" | sed -n "/^sequences /s/.*$total_of \([0-9]*\).*/\1/p" |
		awk '{ n += $1 } END { print n + 0 }'
}

observer_comes() {
	case $1 in
	b) echo "which comes before the tracer" ;;
	a) echo "which comes after the tracer" ;;
	h) echo "which comes before or after the tracer" ;;
	esac
}

# conform_run PLAN OBSERVED SECONDS WHEN...: all of it, and under an observer the
# plan OBSERVED, which is a part of PLAN, once for each WHEN (see conform_observe).
# Sets $sequences, $stops (on each kernel), $observed, and what conform_judge does.
conform_run() {
	rm -rf "$CONFORM"
	# of what has differed and may not come again the last is kept
	if [ -d "$LOG/conform" ]; then
		rm -rf "$LOG/conform.old"
		mv "$LOG/conform" "$LOG/conform.old"
	fi
	mkdir -p "$CONFORM"
	differences=0
	vary=0
	: >"$CONFORM/vary"
	: >"$CONFORM/once"
	: >"$CONFORM/true"
	conform_jobs "$1" >"$CONFORM/jobs"
	conform_both "$CONFORM" "$3" || return 1
	sequences=$(conform_total sequences "$CONFORM/linux.results")
	stops=$(conform_total stops "$CONFORM/linux.results")
	# so many are promised of every plan that is run here
	if [ "$sequences" -lt 100000 ] ||
	   [ "$(conform_total sequences "$CONFORM/base.results")" != "$sequences" ]; then
		echo "    only $sequences sequences were run"
		return 1
	fi
	conform_judge linux || return 1
	observed_plan=$2
	seconds=$3
	shift 3
	observed=0
	for when; do
		stage "the patched kernel under another engine that hears of everything, $(observer_comes "$when")"
		conform_observe "$observed_plan" "$CONFORM" "$seconds" "$when" || return 1
		observed=$((observed + $(conform_total observed "$CONFORM"/observed-*.results)))
		conform_judge observed || return 1
	done
	rm -f "$CONFORM"/*/kept-*
}

# What conform_run found, for people.
conform_tell() {
	if [ "$vary" -gt 0 ]; then
		note "$vary not the same from run to run on the unpatched kernel:"
		head -n 20 "$CONFORM/vary" | sed 's/^/           /'
	fi
	if [ -s "$CONFORM/once" ]; then
		note "differed, but not when run again alone:"
		head -n 20 "$CONFORM/once" | sed 's/^/           /'
	fi
	[ "$differences" = 0 ] || note "transcripts of what has differed: ${LOG#"$ROOT/"}/conform"
	[ -s "$CONFORM/true" ] || return 0
	note "different on the patched kernel, for example:"
	for _ in 1 2 3; do
		shrunk=$(shortest <"$CONFORM/true")
		[ -n "$shrunk" ] || break
		# shellcheck disable=SC2086 # a list of words
		conform_shrink $shrunk
		note "$shrunk"
		# shellcheck disable=SC2086
		conform_show $shrunk || :
		note "again: make conformance ONLY='$shrunk'"
		# the next of another program
		program=$(echo "$shrunk" | cut -d ' ' -f 3)
		grep -v "^[0-9]* [^ ]* $program " "$CONFORM/true" >"$CONFORM/rest" || :
		mv "$CONFORM/rest" "$CONFORM/true"
	done
}

# What the quick plan says of the unpatched kernel, in $quick/base.
need_quick() {
	quick=$RUN/conform-quick
	conform_jobs quick >"$RUN/conform-quick.jobs"
	quick_key=$(cat "$(bzimage_of base)" "$BUILD"/conform/* "$RUN/conform-quick.jobs" | sum)
	if [ -e "$quick/key" ] && [ "$(cat "$quick/key")" = "$quick_key" ]; then
		return 0
	fi
	stage "unpatched kernel: what the mutants are compared with"
	rm -rf "$quick"
	mkdir -p "$quick/base"
	cp "$RUN/conform-quick.jobs" "$quick/base/jobs"
	conform_boot base quick-base "$quick/base" 3600 || die "the unpatched kernel: $guest_why"
	echo "$quick_key" >"$quick/key"
}

# conform_mutant KERNEL NAME MEANS: true if it is caught by comparing transcripts
# (MEANS conform; or observer, under one), or by what calls cost (cost). One line
# says how.
# 1 if it is not caught, 2 if nothing can be said: the comparer failed, or a
# busy host did not come to the end.
conform_mutant() {
	share=$RUN/mutant-$2
	rm -rf "$share"
	mkdir -p "$share"
	if [ "$3" = cost ]; then
		echo "cost-64 64" >"$share/jobs"
	else
		cp "$quick/base/jobs" "$share/jobs"
		cp -r "$quick/base" "$share/expect"
		[ "$3" = conform ] || sed -i 's/$/ -oh/' "$share/jobs"
	fi
	mutant_rc=0
	conform_boot "$1" "mutant-$2" "$share" 3600 || mutant_rc=1
	rm -rf "$share"
	job=$(sed -n 's/^@job //p' "$results" | tail -n 1)
	# 0, 3 and 99 are what comparing ends with, 1 what costs do
	strange=$(sed -n '/^@exit/!d; /^@exit \([013]\|99\)$/!p' "$results")
	if [ -n "$strange" ] || { [ "$3" != cost ] && grep -aq '^@exit 1$' "$results"; }; then
		echo "$job: the comparer itself failed: $guest_why"
		return 2
	elif grep -aq '^first difference: ' "$results"; then
		echo "$job: $(sed -n 's/^first difference: //p' "$results")"
	elif grep -aq '^dearer: ' "$results"; then
		echo "$job: $(sed -n 's/^dearer: //p' "$results" | head -n 1)"
	elif [ "$mutant_rc" != 0 ]; then
		echo "$job: $guest_why"
		case $guest_why in
		"the guest was not done after"*) return 2 ;;
		esac
	else
		return 1
	fi
}

# For make check: results by "say_result FILE NAME STATE DETAIL".
conform_check() {
	state=pass
	why=
	if ! conform_run check watch 7200 h; then
		state=broken
		why="the comparison did not come to its end"
	else
		note "$sequences sequences, $stops stops, $observed once more under an observer: $differences differences"
		conform_tell
		if [ "$differences" != 0 ]; then
			state=fail
			why="$differences of $((sequences + observed)) sequences differ; transcripts: $build/log/conform"
		fi
	fi
	say_result base "conform: what tracers and tracees see" pass ""
	say_result linux "conform: what tracers and tracees see" "$state" "$why"
	state=pass
	why=
	cost_cases=0
	if conform_cost && [ "$cost_cases" != 0 ]; then
		:
	elif grep -aqs '^dearer: ' "$RUN/conform-cost/linux.results"; then
		state=fail
		why="a system call costs more after a tracer has gone: $build/run/conform-cost/linux.results"
	else
		state=broken
		why="what system calls cost was not measured to the end"
	fi
	say_result base "conform: calls cost no more after a tracer" pass ""
	say_result linux "conform: calls cost no more after a tracer" "$state" "$why"
}
