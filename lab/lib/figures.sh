# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# Figures that README.md and the cover letters say, against what they are of: make
# pictures and make lint stop where they differ.

# costs_differ TEXT FILE...: rows of TEXT's tables of costs whose figures, which may be
# rounded, are those of no row of these files of make bench.
costs_differ() {
	text=$1
	shift
	awk -F '\t' '
		function known(unpatched, patched, ratio) {
			seen[unpatched, patched] = seen[unpatched, patched, ratio] = 1
		}
		function rounded(x) {
			return x == "-" ? x : int(x + 0.5)
		}
		FILENAME ~ /\.tsv$/ {
			known($3, $4, $5)
			known(rounded($3), rounded($4), $5)
			next
		}
		/ unpatched +patched( +ratio)?$/ { columns = /ratio$/ ? 3 : 2; next }
		/^$/ { columns = 0 }
		columns {
			rows++
			n = split($0, w, " ")
			if (columns == 3 ? !((w[n - 2], w[n - 1], w[n]) in seen) : !((w[n - 1], w[n]) in seen))
				print
		}
		END { if (!rows) print "there is no table" }' "$@" "$text"
}

# strange_costs: where a text says something else, "TEXT: ROW".
strange_costs() (
	cd "$ROOT/lab/pictures" || exit 1
	for text in README.md patches/cover-letter patches-7.3/cover-letter; do
		set -- bench.tsv
		# it has costs of both kernels
		[ "$text" != patches-7.3/cover-letter ] || set -- bench.tsv bench-7.3.tsv
		costs_differ "$ROOT/$text" "$@" | sed "s,^ *,$text: ,"
	done
)

# strange_counts: sequences, stops and runs that a text speaks of, and the table in
# lab/README.md does not, "TEXT: NUMBER".
strange_counts() {
	for text in README.md patches/cover-letter patches-7.3/cover-letter; do
		tr -s ' \n' ' ' <"$ROOT/$text" |
			grep -oE '[0-9]+(,[0-9]{3})+ (sequences|stops|runs|more under|with [0-9,]+ stops)' |
			grep -oE '^[0-9,]+|with [0-9,]+' | sed 's/with //' | while read -r number; do
			grep -qF -- "$number" "$ROOT/lab/README.md" || echo "$text: $number"
		done
	done
}

# lines_changed FROM TO: how many lines are added or removed in C files, headers and assembly
# that the kernel has, tools and samples aside.
lines_changed() {
	lgit diff --no-renames --numstat "$1" "$2" -- '*.[chS]' ':!tools' ':!samples' |
		while read -r added removed file; do
			[ -z "$(lgit ls-tree base -- "$file")" ] || echo $((added + removed))
		done | awk '{ n += $1 } END { print n + 0 }'
}

# core_lines: of the core with its headers, those that hold more than comment.
core_lines() {
	# shellcheck disable=SC2086 # patterns
	(cd "$LINUX" && cat -- $coverage_core) | awk '
		{
			code = ""
			rest = $0
			while (rest != "") {
				at = index(rest, comment ? "*/" : "/*")
				if (!comment)
					code = code (at ? substr(rest, 1, at - 1) : rest)
				if (!at)
					break
				rest = substr(rest, at + 2)
				comment = !comment
			}
			if (code ~ /[^ \t]/ && code !~ /^\/\//)
				n++
		}
		END { print n + 0 }'
}

# missing_counts TEXT...: what these should say of the lines of the series and do not,
# "TEXT: WORDS". What x86 needs goes from the tests of SYSEMU to its document; then come
# the other architectures; the last two patches stand alone.
missing_counts() {
	first=$(lgit log --diff-filter=A --format=%H "base..$tip" -- tools/testing/selftests/ptrace/sysemu.c)
	until=$(lgit log --diff-filter=A --format=%H "base..$tip" -- Documentation/userspace-api/ptrace-sysemu.rst)
	if [ -z "$first" ] || [ -z "$until" ]; then
		echo "the series: no patch brings the tests or the document of PTRACE_SYSEMU"
		return
	fi
	for text; do
		tr -s ' \n' ' ' <"$text" >"$BUILD/figures.tmp"
		while read -r words; do
			grep -qiF -- "$words" "$BUILD/figures.tmp" || echo "${text#"$ROOT/"}: $words"
		done <<-WORDS
			$(core_lines | sed 's/\(...\)$/,\1/') lines of code
			patches $(lgit rev-list --count "base..$first") to $(lgit rev-list --count "base..$until")
			$(lines_changed "$first^" "$until") lines of existing C files and headers
			$(lines_changed "$until" "$tip~2") more
			$(lines_changed "$tip~2" "$tip") the last two
		WORDS
		rm -f "$BUILD/figures.tmp"
	done
}
