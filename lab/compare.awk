# SPDX-License-Identifier: GPL-2.0
# compare.awk base.tsv linux.tsv only.tsv: the table of what each kernel
# said, and the closing line. Lines are "name <tab> state <tab> detail";
# those of only.tsv are about the patched kernel alone. Exit status 1 if
# anything failed.

BEGIN { FS = "\t" }

FNR == 1 || FILENAME != file { file = FILENAME; kind = file; sub(/.*\//, "", kind) }

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

END {
	for (i = 1; i <= n; i++)
		if (length(order[i]) > width)
			width = length(order[i])
	if (width > 72)
		width = 72
	printf "%-" width "s  %-9s  %-9s  %s\n", "test", "unpatched", "patched", "verdict"
	for (i = 1; i <= n; i++) {
		name = order[i]
		b = name in base ? base[name] : "-"
		l = name in linux ? linux[name] : "-"
		judge(name, b, l)
		count[verdict]++
		printf "%-" width "s  %-9s  %-9s  %s%s\n", name, b, l, verdict, note != "" ? ": " note : ""
		if (verdict == "FAIL")
			failed[++f] = name (note != "" ? ": " note : "")
	}
	if (f) {
		print "\nfailed:"
		for (i = 1; i <= f; i++)
			print "  " failed[i]
	}
	printf "\n%d passed, %d failed, %d skipped\n", count["pass"], count["FAIL"], count["skip"]
	exit (count["FAIL"] > 0 || count["pass"] == 0)
}
