# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
# make stress: load of many kinds on a kernel that watches itself, what it
# complains of, and what is left behind.

STRESS=$RUN/stress

# What of the selftests is about tasks, signals and tracing.
stress_tests="ptrace utrace seccomp sigaltstack clone3 pidfd"

# stress-ng's stressors of the same, two of each.
stress_stressors="ptrace,clone,fork,vfork,vforkmany,spawn,daemon,exec,exit-group,\
pthread,kill,wait,zombie,session,pidfd,seccomp,set,signal,sigabrt,sigchld,sigfd,sigfpe,sigio,\
signest,sigpending,sigpipe,sigq,sigrt,sigsegv,sigsuspend,sigtrap,itimer,timer,usersyscall,\
unshare,context"

# All that runs, in this order: what finds the series' own faults first, since
# lockdep falls silent with its first report.
stress_all="tests,conform,races,stress-ng,trinity,fuzz"

# What runs in the guest, and its root.
need_stress() {
	# shellcheck disable=SC2086 # a list of words
	need_selftests selftests-stress $stress_tests
	need_conform
	pack_stress
}

pack_stress() {
	stage "pack the guest's root: selftests, comparer, stress-ng, trinity"
	stress_list
	begin_root probe tests stress
	add_tests "$tests"
	mkdir "$root/conform" "$root/etc"
	cp "$BUILD"/conform/conform-* "$BUILD"/conform/target-* "$root/conform"
	# shellcheck disable=SC2086 # a list of words
	logged fuzz $GUEST_CC -O1 -Wall -Wextra -Wno-unused-parameter -static \
		-o "$root/lab/fuzz" "$ROOT/lab/guest/fuzz.c"
	for program in stress-ng trinity; do
		cp "$(command -v "$program")" "$root/usr/bin/$program"
		libraries_of "$root/usr/bin/$program" "$root"
	done
	build_races
	add_races
	stress_root=$BUILD/initramfs-stress.gz
	end_root "$stress_root"
}

# Without those that fail here with and without the series: ptrace/vmaccess, after
# half a minute, and one that wants a capability which libcap does not know. Where
# allocations can fail, with all of those that let them, but not those that look at
# the caches: KASAN keeps there what is freed, and kmemleak finds what is left. And
# without those after which nobody can trace any more.
stress_list() {
	out='ptrace vmaccess|clone3 clone3_cap_checkpoint_restore|[a-z]* locked_scope.*'
	[ "$opt_kind" != kasan ] || out="$out|ptrace nomem .*"
	for k in base linux; do
		{
			[ "$opt_kind" != kasan ] ||
				echo "ptrace nomem -T clone_that_fails_leaves_nothing -F whole"
			[ "$opt_kind$k" != kasanlinux ] || echo "utrace nomem"
			grep -vE "^($out)\$" "$tests/list.$k"
		} >"$tests/list.stress-$k"
	done
}

# For "boot": what happens in the guest, as it happens.
stress_show() {
	sed -n 's/^@part \(.*\)/         part \1/p
		s/^@\(left\|leak\) /           LEFT BEHIND: /p
		s/^@done \(.*\), status 0\( 0\)*$/           \1/p; t
		s/^@done /           /p
		s/^@took \(.*\)/           \1 seconds/p'
}

# stress_run KERNEL SECONDS: boot it with all the load. True if it came to its
# end. What is found is in $STRESS/KERNEL.found, see stress_found.
stress_run() {
	stress_rc=0
	boot --kernel "$1" --name "stress$suffix-$1" --root "$stress_root" \
		--total "$2" --idle "$((600 + stress_fuzz + 8 * stress_each))" --show stress_show \
		stress lab.parts="$stress_parts" lab.list="stress-$1" \
		lab.seconds="$((120 * slow))" lab.sequences="$stress_sequences" lab.seed="$SEED" \
		lab.stressors="$stress_stressors" lab.each="$stress_each" lab.fuzz="$stress_fuzz" ||
		stress_rc=1
	[ "$stress_rc" != 0 ] || [ "$guest_status" = 0 ] || {
		guest_why="what ran in the guest ended with status $guest_status"
		stress_rc=1
	}
	cp "$console" "$STRESS/$1.console"
	cp "$results" "$STRESS/$1.results"
	stress_found "$1" >"$STRESS/$1.all"
	[ "$stress_rc" = 0 ] || printf 'guest\t%s\t\n' "$guest_why" >>"$STRESS/$1.all"
	# once each, with how often; races by where they are
	awk -F '\t' -v OFS='\t' '
		{
			where = $2 ~ /KCSAN/ ? $3 : ""
			sub(/^[0-9]+/, "", where)
		}
		!n[$1, $2, where]++ {
			what[++m] = $1 OFS $2
			detail[m] = $3
			key[m] = $1 SUBSEP $2 SUBSEP where
		}
		END {
			for (i = 1; i <= m; i++)
				print what[i], n[key[i]], detail[i]
		}' "$STRESS/$1.all" >"$STRESS/$1.found"
	return "$stress_rc"
}

# Lines "CLASS <tab> WHAT <tab> DETAIL" of a run: report (of the kernel), left,
# leak, test (that failed), idle (what should have run has not), status (it ended with
# another than 0), guest (it did not come to its end).
stress_found() {
	awk -v splat="$stress_splat" -f "$ROOT/lab/reports.awk" "$STRESS/$1.console"
	sed -n 's/^@left \(violation: \)[0-9]* \([^:]*\): /left	\1\2: /p; t
		s/^@left process [0-9]* /left	process /p; t
		s/^@left /left	/p
		s/^@leak /leak	/p
		s/^@done \(.*\): 0* *operations.*/idle	\1 did nothing/p; t
		s/^@done .*, status 0\( 0\)*$//; t
		s/^@done \(.*\): .*, status \(.*\)/status	\1 ended with status \2/p' "$STRESS/$1.results" |
		sed 's/$/	/'
	for part in $(echo "$stress_parts" | tr , ' '); do
		case $part in
		tests) grep -q '^@exit 0' "$STRESS/$1.results" ;;
		stress-ng) grep -q "^@done ${stress_stressors##*,}: " "$STRESS/$1.results" ;;
		*) grep -q "^@done $part" "$STRESS/$1.results" ;;
		esac || printf 'idle\tpart %s did nothing, or did not come to its end\t\n' "$part"
	done
	{
		# of each program the last round counts
		for round in 3 2 1; do
			sed '/^@part [^t]/,$d; /^@part/d' "$STRESS/$1.results" |
				awk -v want="$round" '
					BEGIN { round = 1 }
					/^@round / { round = $2; next }
					round == want' | awk -f "$ROOT/lab/tap.awk"
		done | awk -F '\t' '
			{ program = $1; sub(/: .*/, "", program) }
			# the results of one program come together
			program != last { skip = program in seen; seen[program] = 1; last = program }
			!skip'
		awk -f "$ROOT/lab/kunit.awk" "$STRESS/$1.console"
	} >"$STRESS/$1.tests"
	awk -F '\t' '$2 == "fail" || $2 == "broken" { print "test\t" $1 "\t" $3 }' "$STRESS/$1.tests"
}

# The lines that the series adds, "FILE:LINE".
series_lines() {
	lgit diff -U0 base "$tip" | awk '
		/^\+\+\+ b\// { file = substr($2, 3) }
		/^@@/ {
			split(substr($3, 2), at, ",")
			for (i = 0; i < (at[2] == "" ? 1 : at[2]); i++)
				print file ":" at[1] + i
		}'
}

# Where the accesses of KCSAN's reports are: the innermost line that is in no other
# header. Those in the series have the class "series", the others "elsewhere".
stress_locate() {
	if ! grep -q '^report	BUG: KCSAN' "$STRESS/linux.found"; then
		return
	fi
	series_lines >"$STRESS/lines"
	while IFS="$tab" read -r class what count detail; do
		case $what in
		"BUG: KCSAN: "*)
			# shellcheck disable=SC2086 # a list of words
			set -- $detail
			line=$1
			shift
			for access; do
				"$LINUX/scripts/faddr2line" "$BUILD/obj/linux$suffix/vmlinux" "$access" 2>/dev/null |
					sed -nE 's,^.* at .*/linux/((kernel|include|lib|fs|arch|mm|samples)/.*:[0-9]+)$,\1,p' |
					awk '{ print } !/^include/ || /^include.linux.utrace/ { exit }'
			done | sort -u >"$STRESS/where"
			if grep -qE '^(kernel/utrace/|include/linux/utrace|lib/test_utrace|samples/utrace)' "$STRESS/where" ||
			   grep -qxFf "$STRESS/lines" "$STRESS/where"; then
				class=series
			elif [ ! -s "$STRESS/where" ]; then
				# without a line nobody knows that it is not
				class=series
			else
				class=elsewhere
			fi
			detail="$line $(tr '\n' ' ' <"$STRESS/where")"
			;;
		esac
		printf '%s\t%s\t%s\t%s\n' "$class" "$what" "$count" "$detail"
	done <"$STRESS/linux.found" >"$STRESS/linux.located"
	mv "$STRESS/linux.located" "$STRESS/linux.found"
}

# Is there anything that the unpatched kernel should be asked about?
stress_asks() {
	[ -s "$STRESS/linux.found" ]
}

# A table of all that was found, in $STRESS/table: VERDICT, then how often on the
# unpatched and on the patched kernel, and what. FAIL: it is not seen on the
# unpatched kernel, or that was not asked; or it is a race in the series.
stress_judge() {
	[ -e "$STRESS/base.found" ] || : >"$STRESS/base.found"
	awk -F '\t' -v OFS='\t' -v asked="$1" '
		function key() { return ($1 ~ /^(elsewhere|series)$/ ? "report" : $1) OFS $2 }
		FILENAME ~ /base.found$/ { base[key()] += $3; next }
		{
			n = base[key()] + 0
			seen[key()] = 1
			verdict = n && $1 != "series" ? "both" : "FAIL"
			if ($1 == "elsewhere")
				verdict = "beside"
			print verdict, asked ? n : "-", $3, $1, $2, $4
		}
		END {
			for (k in base)
				if (!(k in seen))
					print "beside", base[k], 0, k, ""
		}' "$STRESS/base.found" "$STRESS/linux.found" | sort -t "$tab" -k 1,1r >"$STRESS/table"
}

# The first report of each kind that counts, whole.
stress_reports() {
	awk -F '\t' '$1 == "FAIL" && $4 ~ /^(report|series)$/ { print $6 + 0 }' "$STRESS/table" |
	while read -r line; do
		echo
		echo "  the guest's console, ${STRESS#"$ROOT/"}/linux.console, from line $line:"
		tail -n "+$((line > 1 ? line - 1 : line))" "$STRESS/linux.console" | tr -d '\r' | head -n 70 |
			awk '{ print "    | " $0 } NR > 4 && /=====|end trace|<\/TASK>/ { exit }'
	done
}

# stress_sum NAMES: how many operations these, a regular expression, have done.
stress_sum() {
	sed -nE "s/^@done ($1): ([0-9]*) operations.*/\2/p" "$STRESS/linux.results" |
		awk '{ n += $1 } END { print n + 0, NR }'
}

# What ran, for people.
stress_tell() {
	echo "tests:       $(awk -F '\t' '$2 == "pass"' "$STRESS/linux.tests" | wc -l) passed, $(awk -F '\t' '$2 == "fail" || $2 == "broken"' "$STRESS/linux.tests" | wc -l) failed, $(awk -F '\t' '$2 == "skip"' "$STRESS/linux.tests" | wc -l) skipped, of these KUnit $(grep -c '^kunit/' "$STRESS/linux.tests")"
	echo "comparer:    $(stress_sum 'conform [^:]*' | cut -d ' ' -f 1) sequences on two CPUs"
	stress_sum '[a-z0-9-]+' | {
		read -r sum n
		read -r others m <<-E
			$(stress_sum 'trinity|fuzz')
		E
		echo "stress-ng:   $((sum - others)) operations of $((n - m)) stressors"
	}
	echo "races:       $(stress_sum 'races [^:]*' | cut -d ' ' -f 1) runs of scenarios"
	echo "fuzzed:      $(stress_sum trinity | cut -d ' ' -f 1) calls by trinity, $(stress_sum fuzz | cut -d ' ' -f 1) by fuzz"
	echo "found:       $(awk -F '\t' '$1 == "FAIL"' "$STRESS/table" | wc -l) on the patched kernel alone, $(awk -F '\t' '$1 == "both"' "$STRESS/table" | wc -l) on both, $(awk -F '\t' '$1 == "beside"' "$STRESS/table" | wc -l) beside"
}
