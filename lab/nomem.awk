# SPDX-License-Identifier: GPL-2.0
# make nomem: what operations came to on the unpatched and the patched kernel when
# each of their allocations failed in turn: lines "NAME: NUMBER RESULT, ..., done".
#
# Both must have failed equally often, in the same ways and the same order. Where a
# child is attached automatically, the patched kernel makes one allocation more,
# early in the clone, and -ENOMEM is what becomes of that.
#
# Each operation was tried several times, and of these the one counts that had the
# fewest allocations: now and then one of them needs a new slab, which is one more.

# The errors alone: what is allocated and not needed varies.
function errors(sequence, i, n, part, word, out, last, sum) {
	n = split(sequence, part, ", ")
	for (i = 1; i <= n; i++) {
		if (part[i] == "done" || part[i] ~ / ok$/)
			continue
		word = part[i]
		sub(/^[0-9]+ /, "", word)
		if (word != last && sum) {
			out = out ", " sum " " last
			sum = 0
		}
		last = word
		sum += part[i]
	}
	if (sum)
		out = out ", " sum " " last
	return out == "" ? "no error" : substr(out, 3)
}

{
	at = match($0, /: ([0-9]+ |done$|and no end)/)
	name = substr($0, 1, at - 1)
	if (!(name in seen))
		names[++nr] = name
	seen[name] = 1
	n = split($0, part, /, |: /)
	sum = 0
	for (i = 1; i <= n; i++)
		if (part[i] ~ /^[0-9]+ /)
			sum += part[i]
	failed[FILENAME] += sum
	if ((FILENAME, name) in least && least[FILENAME, name] <= sum)
		next
	least[FILENAME, name] = sum
	if (FNR == NR)
		base[name] = errors(substr($0, at + 2))
	else
		patched[name] = errors(substr($0, at + 2))
}

END {
	printf "%-30s %-38s %-38s %s\n", "operation", "unpatched", "patched", "verdict"
	for (i = 1; i <= nr; i++) {
		name = names[i]
		b = name in base ? base[name] : "-"
		p = name in patched ? patched[name] : "-"
		one_more = b
		if (match(b, /[0-9]+ ENOMEM$/))
			one_more = substr(b, 1, RSTART - 1) substr(b, RSTART) + 1 " ENOMEM"
		if (name ~ /^engine, /)
			verdict = b == "-" && p != "-" ? "only there" : "FAIL"
		else if (name ~ /^auto-attach: /)
			verdict = p == one_more ? "one more, as documented" : "FAIL"
		else
			verdict = b == p ? "same" : "FAIL"
		bad += verdict == "FAIL"
		# exec has many ways to fail
		if (b == p && length(b) > 38)
			p = "the same"
		printf "%-30s %-38s %-38s %s\n", name, b, p, verdict
	}
	for (f in failed) {
		k = f
		sub(/.*\//, "", k)
		printf "%d allocations failed on %s\n", failed[f], k == "base" ? "the unpatched kernel" : "the patched one"
	}
	if (!nr)
		bad = 1
	print (bad ? "FAIL: " bad " operations differ" : "OK: " nr " operations")
	exit bad > 0
}
