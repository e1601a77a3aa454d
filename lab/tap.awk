# SPDX-License-Identifier: GPL-2.0
# What the test programs said, as lines "name <tab> state <tab> detail".
# Input: the results of the guest's "tests". States: pass, fail, skip, and
# broken for what gave no result of its own.

function result(name, state, detail) {
	gsub(/\t/, " ", detail)
	print name "\t" state "\t" detail
}

# A program that is over: was it all that it promised?
function finish(rc, took) {
	if (rc == "timeout")
		result(prog, "broken", "no end after " took " seconds")
	else if (rc >= 128)
		result(prog, "broken", "killed by signal " (rc - 128) (last != "" ? ": " last : ""))
	else if (!tap && rc == 0)
		result(prog, "pass", "")
	else if (!tap && rc == 4)
		result(prog, "skip", last)
	else if (!tap && (rc == 126 || rc == 127))
		result(prog, "broken", "could not be run: " last)
	else if (!tap)
		result(prog, "fail", "exit status " rc (last != "" ? ": " last : ""))
	else if (plan != "" && seen < plan)
		result(prog, "broken", "ended after " seen " of " plan " tests, exit status " rc)
	else if (rc != 0 && rc != 4 && !bad)
		result(prog, "fail", "every test passed, but exit status " rc)
	prog = ""
}

/^@test / {
	prog = $2
	tap = seen = bad = 0
	plan = why = last = ""
	next
}

/^@exit / { finish($2, $3); next }

prog == "" || !/^\| / { next }

{
	line = substr($0, 3)
	sub(/\r$/, "", line)
}

line ~ /^TAP version/ { tap = 1; next }

line ~ /^1\.\.[0-9]+/ {
	plan = substr(line, 4) + 0
	tap = 1
	if (plan == 0 && line ~ /# *SKIP/) {
		sub(/.*# *SKIP */, "", line)
		result(prog, "skip", line)
	}
	next
}

line ~ /^(not )?ok [0-9]+/ {
	tap = 1
	seen++
	state = line ~ /^not / ? "fail" : "pass"
	name = line
	sub(/^(not )?ok [0-9]+ *(- *)?/, "", name)
	detail = ""
	if (match(name, / *# *(SKIP|XFAIL|TODO)/)) {
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
	if (state == "fail") {
		bad = 1
		detail = why
	}
	result(prog ": " name, state, detail)
	why = ""
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
		result(prog, "broken", "the guest ended while it ran")
}
