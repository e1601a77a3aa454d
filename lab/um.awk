# SPDX-License-Identifier: GPL-2.0
# um.awk um.list check-um.tsv: what the tests said inside UML that did not pass,
# one line each, and the closing line. What um.list names counts as skipped if it
# fails, with the reason there. Exit status 1 if anything failed, nothing passed, or
# what um.list names did not fail.

BEGIN { FS = "\t+" }

FNR == NR {
	if ($0 !~ /^#/ && NF == 2)
		why[$1] = $2
	else if ($0 !~ /^#/ && NF)
		bad[++b] = "lab/um.list: not NAME <tab> WHY: " $0
	next
}

# "ptrace/sysemu" of "ptrace/sysemu: what"
function program(name) {
	sub(/: .*/, "", name)
	return name
}

{
	name = $1
	sub(/^ptrace\//, "", name)
	state[++n] = $2
	names[n] = name
	detail[n] = $3
	if ((name in why) && $2 != "pass")
		used[name] = 1
	if ($2 == "fail" && (name in why)) {
		state[n] = "skip"
		detail[n] = why[name]
		excused[program(name)] = 1
	} else if ($2 == "fail" && name ~ /: /) {
		guilty[program(name)] = 1
	}
}

END {
	for (i = 1; i <= n; i++) {
		# a program fails if a test of it does
		if (state[i] == "fail" && names[i] !~ /: / && excused[names[i]] && !guilty[names[i]] &&
		    detail[i] ~ /^exit status 1/) {
			state[i] = "skip"
			detail[i] = "all that fails in it is known"
		}
		count[state[i]]++
		if (state[i] == "skip")
			print "  skipped  " names[i] ": " detail[i]
		else if (state[i] != "pass")
			bad[++b] = names[i] (detail[i] != "" ? ": " detail[i] : "")
	}
	for (name in why)
		if (!(name in used))
			bad[++b] = name ": did not fail; take it off lab/um.list"
	for (i = 1; i <= b; i++)
		print "  FAILED   " bad[i]
	printf "\n%d passed, %d failed, %d skipped\n", count["pass"], b, count["skip"]
	exit (b > 0 || !count["pass"])
}
