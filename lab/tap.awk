# SPDX-License-Identifier: GPL-2.0
# What the test programs said, as lines "name <tab> state <tab> detail": one
# for each program and one for each of its tests. Input: the results of the
# guest's "tests". States: pass, fail, skip, and broken where the lab is at
# fault: a program that cannot be run, a guest that does not last.
#
# Three ways to report a test are known: TAP; the lines of the x86 suite, "[RUN] what",
# then "[OK] how" or "[FAIL] how"; and those of powerpc's, "test: what", then for
# each complaint "[FAIL] how", and in the end "success: what" or "failure: what".

# A name is the same in every run.
function clean(name) {
	gsub(/\t/, " ", name)
	sub(/ip = 0x[0-9a-f]+/, "ip = ADDRESS", name)
	if (length(name) > 150)
		name = substr(name, 1, 150) "..."
	sub(/[ .]+$/, "", name)
	return name
}

# What a program says of a test. It may say it twice, and a child that ends
# says again what its parent had not yet written out: the worst counts.
function result(name, state, what) {
	name = prog ": " clean(name)
	if (!(name in states))
		names[++n] = name
	else if (rank[state] <= rank[states[name]])
		return
	states[name] = state
	gsub(/\t/, " ", what)
	details[name] = what
}

# What is to be said of the program as a whole, and before it its tests.
function whole(state, what, i) {
	for (i = 1; i <= n; i++)
		print names[i] "\t" states[names[i]] "\t" details[names[i]]
	gsub(/\t/, " ", what)
	print prog "\t" state "\t" what
	prog = ""
}

BEGIN {
	rank["skip"] = 0
	rank["pass"] = 1
	rank["fail"] = 2
}

# A program that is over: did it do all that it promised?
function finish(rc, took) {
	# a test of powerpc's that complained and did not come to its end
	if (tested != "" && why != "")
		result(tested, "fail", why)
	if (rc == "timeout")
		whole("fail", "no end after " took " seconds")
	else if (rc >= 128)
		whole("fail", "killed by signal " (rc - 128) (last != "" ? ": " last : ""))
	else if (rc == 126 || rc == 127)
		whole("broken", "could not be run: " last)
	else if (plan != "" && seen < plan)
		whole("fail", "ended after " seen " of " plan " tests, exit status " rc)
	else if (rc == 4)
		whole("skip", skipped != "" ? skipped : last)
	else if (rc != 0)
		whole("fail", "exit status " rc (last != "" ? ": " last : ""))
	else
		whole("pass", "")
}

/^@test / {
	prog = substr($0, 7)
	seen = 0
	plan = why = last = run = tested = skipped = ""
	n = 0
	split("", states)
	next
}

/^@exit / { finish($2, $3); next }

prog == "" || !/^\| / { next }

{
	line = substr($0, 3)
	sub(/\r$/, "", line)
}

# after the beginning of a line that was not ended
line !~ /^#/ { sub(/^.*[^ ]not ok /, "not ok ", line) }

line ~ /^1\.\.[0-9]+/ {
	plan = substr(line, 4) + 0
	if (plan == 0 && line ~ /# *SKIP/) {
		skipped = line
		sub(/.*# *SKIP */, "", skipped)
	}
	next
}

# Some only count. What they counted fulfils the plan, too.
line ~ /^# Totals: / {
	sum = 0
	for (i = split(line, total, /[a-z]+:/); i > 1; i--)
		sum += total[i]
	if (sum > seen)
		seen = sum
}

line ~ /^(not )?ok [0-9]+/ {
	seen++
	state = line ~ /^not / ? "fail" : "pass"
	name = line
	sub(/^(not )?ok [0-9]+ *(- *)?/, "", name)
	detail = ""
	if (match(name, / *# *(SKIP|XFAIL)/)) {
		if (state == "pass")
			state = "skip"
		detail = substr(name, RSTART + RLENGTH)
		sub(/^[: ]+/, "", detail)
		name = substr(name, 1, RSTART - 1)
	} else {
		sub(/ *# .*$/, "", name)
	}
	if (name == "")
		name = seen
	if (state == "fail")
		detail = why
	result(name, state, detail)
	why = ""
	next
}

line ~ /^test: / {
	tested = substr(line, 7)
	last = line
	next
}

tested != "" && line ~ /^(success|skip|failure): / {
	state = line ~ /^success/ ? "pass" : line ~ /^skip/ ? "skip" : "fail"
	result(tested, state, state == "fail" ? why : "")
	tested = why = ""
	last = line
	next
}

tested != "" && line ~ /^\[FAIL\]/ {
	if (why == "")
		why = substr(line, 8)
	next
}

line ~ /^\[RUN\]/ {
	run = line
	sub(/^\[RUN\][ \t]*/, "", run)
	last = line
	next
}

line ~ /^[ \t]*\[(OK|FAIL|SKIP)\]/ {
	how = line
	sub(/^[ \t]*\[[A-Z]*\][ \t]*/, "", how)
	state = line ~ /\[OK\]/ ? "pass" : line ~ /\[SKIP\]/ ? "skip" : "fail"
	result(run != "" ? run : "result", state, state == "pass" ? "" : how)
	last = line
	next
}

# The first complaint of a test tells most.
line ~ /Expected|terminated|timed out|FAIL|rror/ && why == "" && line ~ /^#/ {
	why = line
	sub(/^# */, "", why)
}

line != "" { last = line }

END {
	if (prog != "")
		whole("broken", "the guest ended while it ran")
}
