# SPDX-License-Identifier: GPL-2.0
# What a kernel complained of: from a guest's console to lines "report <tab> what
# <tab> details". What: the first line of a report without what differs from run to
# run. Details: the line of the console, and for KCSAN where the accesses are, as
# "FUNCTION+OFFSET/SIZE".
# -v splat='REGEX': what a report begins with.

function flush() {
	if (what != "")
		print "report\t" what "\t" line frames
	what = frames = ""
	access = open = 0
}

function normal(text) {
	gsub(/0x[0-9a-f]+|\+0x[0-9a-f]+\/0x[0-9a-f]+/, "", text)
	sub(/CPU: [0-9]+ (UID: [0-9]+ )?PID: [0-9]+ (Comm: [^ ]+ )?(at )?/, "", text)
	gsub(/[0-9]+/, "N", text)
	sub(/^-+\[ cut here \]-+$/, "cut here", text)
	gsub(/\t/, " ", text)
	return substr(text, 1, 150)
}

{
	sub(/\r$/, "")
	sub(/^\[[ 0-9.]+\](\[ *[TC][0-9]+\])? ?/, "")
}

$0 ~ splat {
	# "cut here", and what it is about, are one
	if (open && NR - line <= 4) {
		what = (what == "cut here" ? "" : what ": ") normal($0)
		open = /kernel BUG at|corruption|refcount_t:/
		next
	}
	flush()
	what = normal($0)
	line = NR
	open = /cut here|ODEBUG: |corruption|refcount_t: |kernel BUG at/
	kcsan = /KCSAN/
	next
}

/Call Trace:/ { open = 0 }

# the frame after this line is the access
kcsan && what != "" && / by (task|interrupt)/ {
	access = 1
	next
}

access && /^ [a-zA-Z_][a-zA-Z0-9_.]*\+0x/ {
	frames = frames " " $1
	access = 0
}

END { flush() }
