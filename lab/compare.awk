# SPDX-License-Identifier: GPL-2.0
# compare.awk base.tsv linux.tsv only.tsv base-again.tsv linux-again.tsv: the
# table of what each kernel said, and the closing line. Lines are "name <tab>
# state <tab> detail"; those of only.tsv are about the patched kernel alone,
# those of *-again.tsv come from programs that were run again, each several
# times, because the kernels differed. Exit status 1 if anything failed.
#
# With -v again=1: only the programs worth another run, one a line.
# With -v out=FILE: the programs left out, to be told as well.

BEGIN { FS = "\t" }

FNR == 1 || FILENAME != file {
	file = FILENAME
	kind = file
	sub(/.*\//, "", kind)
	side = kind ~ /^base/ ? "base" : "linux"
}

kind != "only.tsv" {
	seen[side, $1, $2]++
	if (program($1) == $1)
		runs[side, $1]++
}

kind ~ /-again/ { next }

{
	if (!($1 in known)) {
		known[$1] = 1
		order[++n] = $1
	}
	if (kind == "base.tsv") {
		base[$1] = $2
		said_base[$1] = $3
	} else {
		linux[$1] = $2
		said_linux[$1] = $3
		if (kind == "only.tsv")
			only[$1] = 1
	}
	if ($1 ~ /^guest: / && $2 != "pass")
		guest_broken = 1
}

# "x86/sigreturn_64" of "x86/sigreturn_64: what"
function program(name) {
	sub(/: .*/, "", name)
	return name
}

function because(name) {
	return said_linux[name] != "" ? said_linux[name] : said_base[name]
}

# Sets verdict and note.
function judge(name, b, l) {
	verdict = "FAIL"
	note = because(name)
	if (b == "broken" || l == "broken")
		return
	if (l == "-") {
		note = "no result on the patched kernel"
	} else if (b == "-" && !(name in only)) {
		note = "no result on the unpatched kernel"
	} else if ((name in only) && l != "pass") {
		# new with the series, so nothing excuses it
		note = l (note != "" ? ": " note : "")
	} else if (l == "pass") {
		verdict = "pass"
		note = ""
		if (b == "fail")
			note = "fails unpatched: " said_base[name]
		else if (b == "skip")
			note = "skipped unpatched: " said_base[name]
	} else if (l == "skip" && b != "pass") {
		verdict = "skip"
	} else if (l == "fail" && b == "fail") {
		verdict = "skip"
		note = "fails on both" (note != "" ? ": " note : "")
	} else if (l == "skip") {
		note = "passes unpatched, skipped patched: " note
	}
}

# In how many runs was it as good as it ever was without the series?
function good(side, name) {
	return seen[side, name, "pass"] + (seen["base", name, "pass"] ? 0 : seen[side, name, "skip"])
}

# The kernels differed in a test, and its program ran again on both. Chance
# has it if the test also failed without the series, or failed but once in all
# the runs with it. A test that is never good with the series fails, unless it was
# good without it in less than half of seven runs, the first of which is the one by
# which it came here: some judge by wall time, and the machine may be busy. Chance has
# three of seven here and none there once in ten times.
function judge_again(name, b, l, bn, ln, bg, lg) {
	bn = runs["base", program(name)]
	ln = runs["linux", program(name)]
	bg = good("base", name)
	lg = good("linux", name)
	if (b == l || (name in only) || bn < 2 || ln < 2 || !bg)
		return
	note = "passed " bg " of " bn " times unpatched, " lg " of " ln " patched" \
		(because(name) != "" ? ": " because(name) : "")
	if ((lg && (bg < bn || lg >= ln - 1)) || (!lg && bn >= 7 && ln >= 7 && 2 * bg < bn)) {
		verdict = "skip"
		note = "not deterministic: " note
		unsteady[++u] = name ": " note
	} else {
		verdict = "FAIL"
	}
}

END {
	for (i = 1; i <= n; i++)
		if (length(order[i]) > width)
			width = length(order[i])
	if (width > 72)
		width = 72
	if (!again)
		printf "%-" width "s  %-9s  %-9s  %s\n", "test", "unpatched", "patched", "verdict"
	for (i = 1; i <= n; i++) {
		name = order[i]
		b = name in base ? base[name] : "-"
		l = name in linux ? linux[name] : "-"
		judge(name, b, l)
		judge_again(name, b, l)
		if (again) {
			prog = program(name)
			if (b != l && !(name in only) && !guest_broken && !told[prog] &&
			    runs["base", prog] && runs["linux", prog] &&
			    (runs["linux", prog] == 1 || verdict == "FAIL")) {
				told[prog] = 1
				print prog
			}
			continue
		}
		count[verdict]++
		printf "%-" width "s  %-9s  %-9s  %s%s\n", name, b, l, verdict, note != "" ? ": " note : ""
		if (verdict == "FAIL")
			failed[++f] = name (note != "" ? ": " note : "")
	}
	if (again)
		exit 0
	if (out != "" && (getline line <out) > 0) {
		print "\nleft out, see lab/selftests.list:"
		do
			print "  " line
		while ((getline line <out) > 0)
	}
	if (u) {
		print "\nnot deterministic:"
		for (i = 1; i <= u; i++)
			print "  " unsteady[i]
	}
	if (f) {
		print "\nfailed:"
		for (i = 1; i <= f; i++)
			print "  " failed[i]
	}
	printf "\n%d passed, %d failed, %d skipped\n", count["pass"], count["FAIL"], count["skip"]
	exit (count["FAIL"] > 0 || count["pass"] == 0)
}
