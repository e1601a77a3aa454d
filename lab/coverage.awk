# SPDX-License-Identifier: GPL-2.0
# make coverage: which lines run. Input, in this order: files of the core, one a
# line; lines of the series in other files, "FILE:NUMBER"; lab/coverage.unreached;
# lcov's tracefile, with file names relative to the kernel tree (-v tree).
#
# lab/coverage.unreached names lines that no test reaches: "FILE: TEXT", TEXT as in
# the source without its blanks at both ends, then an indented line or more that
# say why. Each such line must be in the source.

FNR == 1 { input++ }

input == 1 { core[$0] = 1; next }
input == 2 { own[$0] = 1; next }

input == 3 && (/^#/ || /^$/) { next }
input == 3 && /^[ \t]/ { why[entry] = 1; next }
input == 3 {
	entry = $0
	entries[entry] = 1
	next
}

/^SF:/ {
	file = substr($0, 4)
	files[++nr_files] = file
	split("", text)
	n = 0
	while ((getline line <(tree "/" file)) > 0) {
		sub(/^[ \t]+/, "", line)
		sub(/[ \t]+$/, "", line)
		text[++n] = line
		if ((file ": " line) in entries)
			found[file ": " line] = 1
	}
	close(tree "/" file)
	next
}

# Must this line be reached?
function counts(line) {
	return file in core || (file ":" line) in own
}

/^DA:/ {
	split(substr($0, 4), at, ",")
	mine = counts(at[1])
	lines[file]++
	own_lines[file] += mine
	if (at[2] > 0) {
		hit[file]++
		own_hit[file] += mine
		next
	}
	entry = file ": " text[at[1]]
	if (!mine) {
		others[file] = others[file] " " at[1]
	} else if (entry in entries) {
		named[++nr_named] = sprintf("%s:%d: %s", file, at[1], text[at[1]])
		used[entry] = 1
	} else {
		bad[++nr_bad] = sprintf("%s:%d: %s", file, at[1], text[at[1]])
	}
	next
}

/^BRDA:/ {
	split(substr($0, 6), at, ",")
	branches[file]++
	if (at[4] != "-" && at[4] > 0)
		branches_hit[file]++
	next
}

function share(some, all) {
	return sprintf("%5d of %5d%7s", some, all, all ? sprintf("%.1f%%", 100 * some / all) : "-")
}

function ranges(list, i, n, number, out, from, to) {
	n = split(list, number, " ")
	for (i = 1; i <= n; i = to + 1) {
		from = to = i
		while (to < n && number[to + 1] == number[to] + 1)
			to++
		out = out " " number[from] (to > from ? "-" number[to] : "")
	}
	return out
}

END {
	printf "\n%-34s %-24s %-24s %s\n", "file", "lines", "branches", "the series' own lines"
	for (i = 1; i <= nr_files; i++) {
		f = files[i]
		printf "%-34s %-24s %-24s %s\n", f, share(hit[f], lines[f]),
			share(branches_hit[f], branches[f]),
			f in core ? "all" : share(own_hit[f], own_lines[f])
		if (f in core) {
			core_lines += lines[f]
			core_hit += hit[f]
			core_branches += branches[f]
			core_branches_hit += branches_hit[f]
		}
	}
	printf "%-34s %-24s %-24s\n\n", "the core", share(core_hit, core_lines),
		share(core_branches_hit, core_branches)

	f = "kernel/ptrace.c"
	if (others[f] != "")
		print "lines of " f " that are not the series' and are not reached:\n   " ranges(others[f]) "\n"
	if (nr_named) {
		print "not reached, and lab/coverage.unreached says why:"
		for (i = 1; i <= nr_named; i++)
			print "    " named[i]
		print ""
	}
	if (nr_bad) {
		print "NOT REACHED, and nothing says why:"
		for (i = 1; i <= nr_bad; i++)
			print "    " bad[i]
		print ""
	}
	for (entry in entries) {
		if (!(entry in found)) {
			print "lab/coverage.unreached names a line that is not in the source: " entry
			nr_stale++
		} else if (!(entry in why)) {
			print "lab/coverage.unreached does not say why: " entry
			nr_stale++
		} else if (!(entry in used)) {
			print "reached this time, though lab/coverage.unreached has it: " entry
		}
	}
	if (!core_lines) {
		print "nothing was counted"
		exit 1
	}
	printf "%s: %d of %d lines of the core reached; of the series not reached: %d lines with a reason, %d without\n",
		nr_bad + nr_stale ? "FAIL" : "OK", core_hit, core_lines, nr_named, nr_bad
	exit nr_bad + nr_stale > 0
}
