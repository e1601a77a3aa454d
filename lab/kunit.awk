# SPDX-License-Identifier: GPL-2.0
# KUnit's results of the suites named utrace*, out of a guest's console, as
# lines "name <tab> state <tab> detail".

{
	sub(/\r$/, "")
	sub(/^\[[ 0-9.]+\] ?/, "")
}

/^ *# Subtest: / {
	suite = $3
	mine = suite ~ /^utrace/
	next
}

mine && /^ +(not )?ok [0-9]+/ {
	state = $0 ~ /^ *not / ? "fail" : "pass"
	name = $0
	sub(/^ *(not )?ok [0-9]+ *(- *)?/, "", name)
	detail = ""
	if (match(name, / *# *SKIP */)) {
		state = "skip"
		detail = substr(name, RSTART + RLENGTH)
		name = substr(name, 1, RSTART - 1)
	}
	print "kunit/" suite ": " name "\t" state "\t" detail
	next
}

# the suite's own line closes it
/^(not )?ok [0-9]+/ { mine = 0 }
