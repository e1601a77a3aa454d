# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# What things cost on both kernels: lab/bench in a guest that counts
# instructions, or by wall time.

BENCH=$RUN/bench

# The program, UML with a root of its own, and a guest's root with nothing
# else in it. Needs $uml_more, see need_uml.
need_bench() {
	stage "build the benchmark"
	mkdir -p "$BUILD/bench"
	logged bench make -C "$ROOT/lab/bench" OUT="$BUILD/bench" CC="$GUEST_CC"
	bench_root=$BUILD/initramfs-bench.gz
	begin_root probe bench
	mkdir -p "$root/bench" "$BUILD/root.tmp/uml/dev"
	cp "$BUILD/bench/bench" "$uml_more/linux-own" "$root/bench/"
	cp "$BUILD/bench/bench" "$BUILD/root.tmp/uml/init"
	pack "$BUILD/root.tmp/uml" "$root/bench/uml-initramfs.gz"
	end_root "$bench_root"
}

# For "both": KERNEL ROUND CPUS. What the cases cost goes to $BENCH/KERNEL.ROUND-CPUS,
# what went wrong to $BENCH/why.KERNEL.
bench_guest() {
	bench_kernel=$1
	bench_round=$2-$3
	bench_cpus=$3
	bench_file=$BENCH/$1.$bench_round
	# without KUnit's tests, so that both kernels have done the same before
	set -- bench kunit.enable=0 ${bench_only:+"lab.only=$bench_only"}
	if [ -n "$opt_smp" ]; then
		set -- "$@" lab.wall=1
	else
		[ "$bench_cpus" = 1 ] || set -- "$@" lab.two=1
		set -- --smp "$bench_cpus" --icount "$@"
	fi
	bench_rc=0
	boot --kernel "$bench_kernel" --name "bench-$bench_kernel-$bench_round" --root "$bench_root" \
		--total $((900 * slow)) --idle $((300 * slow)) "$@" || bench_rc=1
	tr -d '\r' <"$results" | grep "$(printf '\t')" >"$bench_file" || :
	tr -d '\r' <"$results" | sed -n 's/^# //p' >"$BENCH/remarks.$bench_kernel.$bench_round"
	if [ "$bench_rc" = 0 ] && [ "$guest_status" != 0 ]; then
		guest_why="the benchmark ended with status $guest_status"
		bench_rc=1
	fi
	[ "$bench_rc" = 0 ] || keep_why "$BENCH/$bench_kernel.why"
	return "$bench_rc"
}

# bench_boots ROUND CPUS: both kernels; at the same time, where that cannot change
# what is measured.
bench_boots() {
	if [ -z "$opt_smp$opt_turns" ]; then
		both bench_guest "$1" "$2" && return
	else
		bench_guest base "$1" "$2" && bench_guest linux "$1" "$2" && return
	fi
	tell_why "$BENCH"
	return 1
}

# Numbers in hexadecimal, one a line, as a case called NAME.
sum_hex() {
	awk -v name="$1" '
		{
			v = 0
			for (i = 1; i <= length($1); i++)
				v = v * 16 + index("123456789abcdef", substr($1, i, 1))
			sum += v
		}
		END { printf "%s\t%.0f\n", name, sum }'
}

# Sizes of the two kernels, as cases. The text section ends at a multiple of two
# megabytes, so there is also the sum of all functions. The patched kernel has the
# test engine, the KUnit tests and the sample in it, so there is the core alone.
bench_sizes() {
	for k in base linux; do
		size "$BUILD/obj/$k$suffix/vmlinux" | awk '
			NR == 2 {
				print "size/vmlinux text\t" $1
				print "size/vmlinux data\t" $2
				print "size/vmlinux bss\t" $3
			}' >"$BENCH/$k.size"
		nm -S "$BUILD/obj/$k$suffix/vmlinux" | awk '$3 ~ /^[tT]$/ && NF == 4 { print $2 }' |
			sum_hex "size/vmlinux functions" >>"$BENCH/$k.size"
	done
	# the objects of what is there now: not the tests', which are linked to one, and not
	# those of files that are gone
	(cd "$LINUX/kernel/utrace" && ls -- *.c) | sed 's/c$/o/' |
		(cd "$BUILD/obj/linux$suffix/kernel/utrace" && xargs size) |
		awk '$1 ~ /^[0-9]/ { text += $1; data += $2 + $3 }
			END {
				print "size/utrace core text\t" text
				print "size/utrace core data and bss\t" data
			}' >>"$BENCH/linux.size"
}

# All rounds.
bench_run() {
	rm -rf "$BENCH"
	mkdir -p "$BENCH"
	round=1
	while [ "$round" -le "$opt_runs" ]; do
		for cpus in $bench_cpus_list; do
			[ "$cpus" = 1 ] && how="one CPU" || how="two CPUs"
			stage "$how, $bench_how: round $round of $opt_runs"
			bench_boots "$round" "$cpus" || return 1
		done
		round=$((round + 1))
	done
	[ -n "$opt_smp$opt_only" ] || bench_sizes
}

# For make check: what a stop costs, as far as there is a target for it. Instructions
# are the same whatever else the machine does.
check_bench() {
	opt_smp=
	opt_turns=
	opt_runs=1
	opt_only=sysemu
	bench_only=$opt_only
	bench_cpus_list="1 2"
	bench_how="instructions counted"
	BENCH=$RUN/check-bench
	need_bench
	if ! bench_run; then
		say_result only "cost: of a stop under PTRACE_SYSEMU" broken "$(head -n 1 "$BENCH/why.linux" 2>/dev/null)"
		return
	fi
	awk -f "$ROOT/lab/bench.awk" "$BENCH"/base.* "$BENCH"/linux.* >"$BENCH/table" || :
	sed -n 's/^ *\(met\|missed\)  */\1 /p' "$BENCH/table" >"$BENCH/targets"
	# this one is 6.12's: 7.3 preempts lazily, which costs both kernels more
	[ "$version" = 6.12 ] || sed -i '/ SYSEMU: 0.950 /d' "$BENCH/targets"
	grep -q "two CPUs" "$BENCH/targets" || echo "missed two CPUs: not measured" >>"$BENCH/targets"
	while read -r state target; do
		if [ "$state" = met ]; then
			say_result only "cost: ${target%: at most*}" pass ""
		else
			say_result only "cost: ${target%: at most*}" fail "$target"
		fi
	done <"$BENCH/targets"
}

# The table, the targets, and what is worth knowing about single cases.
bench_tell() {
	awk -v tsv="$RUN/bench.tsv" -v wall="${opt_smp:+1}" -f "$ROOT/lab/bench.awk" \
		"$BENCH"/base.* "$BENCH"/linux.* || return 1
	for k in base linux; do
		sort -u "$BENCH/remarks.$k".* | awk -v kernel="$k" '
			{
				c = $0
				sub(/: .*/, "", c)
				sub(/^[^:]*: /, "")
				if (!n[$0]++)
					first[$0] = c
			}
			END {
				for (what in n)
					printf "  %s: %s%s: %s\n",
						(kernel == "base" ? "unpatched" : "patched"), first[what],
						(n[what] > 1 ? " and " n[what] - 1 " more" : ""), what
			}' | sort
	done
	awk -F '\t' 'NR == 1 || $5 != "-"' "$RUN/bench.tsv" >"$RUN/bench.ratios"
	[ "$(wc -l <"$RUN/bench.ratios")" = 1 ] ||
		draw_costs "$RUN/bench.ratios" "$RUN/bench.svg" "$bench_unit" 1
}

# draw_costs DATA FILE UNIT RATIO: see lab/pictures/cost.gp.
draw_costs() {
	logged gnuplot gnuplot -e "data='$1'; out='$2.new'; unit='$3'; ratio=$4" \
		"$ROOT/lab/pictures/cost.gp"
	plain_svg "$2.new" "$2"
}

# plain_svg DRAWN FILE: without the name and version of who drew it, so that the same
# source is the same file everywhere.
plain_svg() {
	sed -e '/^<!-- Generated by/,/-->/d' -e '/^<desc>/d' -e '/^<title>Gnuplot/d' "$1" >"$2"
	rm -f "$1"
}
