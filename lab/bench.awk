# SPDX-License-Identifier: GPL-2.0
# The table of make bench. Files base.N and linux.N (N: a round, or "size") hold
# lines "GROUP/CASE<tab>COST", where a cost may be "-". For each case: the median
# of the rounds on both kernels, their ratio, and the spread: largest less
# smallest in percent of the median, of the kernel where that is more.
# -v tsv=FILE: the same for programs. -v wall=1: costs are times.

function median(k, c,    n, i, j, t, v) {
	n = count[k, c]
	for (i = 1; i <= n; i++) {
		t = value[k, c, i]
		for (j = i - 1; j > 0 && v[j] > t; j--)
			v[j + 1] = v[j]
		v[j + 1] = t
	}
	least = v[1]
	most = v[n]
	return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}

# Integers where nothing is lost by it.
function number(x) {
	return x >= 10000 || x == int(x) ? sprintf("%.0f", x) : sprintf("%.1f", x)
}

function target(text, good, how) {
	printf "    %-6s  %s%s\n", good ? "met" : "missed", text, how == "" ? "" : ": " how
}

# All cases of a list must have a ratio of at most, and at least.
function bounded(text, list, low, high,    n, i, c, names, bad, worst, seen) {
	n = split(list, names, "\n")
	bad = ""
	worst = 0
	seen = 0
	for (i = 1; i <= n; i++) {
		c = names[i]
		if (!(c in ratio))
			continue
		seen++
		if (ratio[c] > worst)
			worst = ratio[c]
		if (ratio[c] > high || ratio[c] < low)
			bad = bad (bad == "" ? "" : "; ") short(c) sprintf(" %.3f", ratio[c])
	}
	if (seen)
		target(text, bad == "", bad == "" ? sprintf("at most %.3f", worst) : bad)
}

# On two CPUs: what is not pinned is to cost what it does where it is pinned to one.
function unpinned(    c, p, text, how, bad, seen) {
	for (c in cost) {
		p = c ", pinned to one"
		if (c ~ /registers/)
			p = "two/the same, pinned to one"
		if (c ~ /^two\/in UML: /) {
			p = c
			sub(/UML: /, "UML, pinned to one: ", p)
		}
		if (c !~ /^two\// || c ~ /futex/ || !(p in cost))
			continue
		seen++
		if (cost[c] > cost[p] * (c ~ /UML/ ? 1.1 : 1.03))
			bad = bad (bad == "" ? "" : "; ") short(c) sprintf(" %.3f", cost[c] / cost[p])
	}
	if (seen)
		target("two CPUs: at most 1.03 of one (UML: 1.1)", bad == "", bad)
}

function short(c) {
	sub(/^[^\/]*\//, "", c)
	return c
}

BEGIN {
	FS = "\t"
	titles["untraced"] = "not traced"
	titles["traced"] = "traced, for each stop: request, stop, wait"
	titles["answer"] = "getppid() answered by somebody else"
	titles["others"] = "for scale"
	titles["engines"] = "getppid() with engines attached"
	titles["uml"] = "User Mode Linux"
	titles["two"] = "on two CPUs"
	titles["turns"] = "tracers to whom places matter"
	titles["size"] = "size in bytes"
	order = "untraced traced answer two turns engines uml others size"
}

FNR == 1 {
	kernel = FILENAME
	sub(/.*\//, "", kernel)
	sub(/\..*/, "", kernel)
}

{
	# engines that do more than answer
	if (sub(/ \(not light\)$/, "", $1))
		heavy[$1] = 1
	if (!($1 in known)) {
		known[$1] = 1
		group = $1
		sub(/\/.*/, "", group)
		cases[group] = cases[group] (cases[group] == "" ? "" : "\n") $1
	}
	if ($2 != "-")
		value[kernel, $1, ++count[kernel, $1]] = $2
}

END {
	nr_groups = split(order, groups, " ")
	if (tsv != "")
		print "group\tcase\tunpatched\tpatched\tratio\tspread" >tsv
	for (g = 1; g <= nr_groups; g++) {
		group = groups[g]
		if (cases[group] == "")
			continue
		any = 1
		printf "%-44s %11s %11s %7s %7s\n", titles[group], "unpatched", "patched",
			"ratio", "spread"
		n = split(cases[group], names, "\n")
		for (i = 1; i <= n; i++) {
			c = names[i]
			name = short(c) (c in heavy ? " (not light)" : "")
			spread = -1
			for (k in med)
				delete med[k]
			for (j = 1; j <= 2; j++) {
				k = j == 1 ? "base" : "linux"
				if (!count[k, c])
					continue
				med[k] = median(k, c)
				s = med[k] ? 100 * (most - least) / med[k] : 0
				if (s > spread)
					spread = s
			}
			a = "base" in med ? number(med["base"]) : "-"
			b = "linux" in med ? number(med["linux"]) : "-"
			r = "-"
			if ("linux" in med)
				cost[c] = med["linux"]
			if (a != "-" && b != "-" && med["base"] > 0) {
				ratio[c] = med["linux"] / med["base"]
				r = sprintf("%.3f", ratio[c])
			}
			s = spread < 0 ? "-" : sprintf("%.2f", spread)
			printf "  %-42s %11s %11s %7s %7s\n", name, a, b, r,
				s == "-" ? s : s "%"
			if (tsv != "")
				printf "%s\t%s\t%s\t%s\t%s\t%s\n", group, name, a, b, r, s >tsv
		}
		print ""
	}
	if (!any)
		exit 1
	# they are about instructions
	if (wall)
		exit 0
	print "targets"
	bounded("not traced: 1.000 or less", cases["untraced"], 0, 1.0005)
	sysemu = "traced/sysemu\ntraced/sysemu_singlestep, call"
	bounded("SYSEMU and SYSEMU_SINGLESTEP: 0.970 or less", sysemu, 0, 0.97)
	bounded("SYSEMU: 0.950 or less", "traced/sysemu", 0, 0.95)
	bounded("with what UML does between two stops: 0.930 or less",
		"traced/sysemu, registers read and written", 0, 0.93)
	unpinned()
	rest = ""
	n = split(cases["traced"], names, "\n")
	for (i = 1; i <= n; i++) {
		if (index("\n" sysemu "\n", "\n" names[i] "\n") == 0)
			rest = rest (rest == "" ? "" : "\n") names[i]
	}
	bounded("other stops: 1.000 or less", rest, 0, 1.0005)
	bounded("User Mode Linux: 1.000 or less", cases["uml"], 0, 1.0005)

	c = "answer/by an engine"
	stop = "traced/sysemu"
	if (c in cost && stop in cost)
		target("an engine's answer: 1/15 of a SYSEMU stop or less",
			cost[c] * 15 <= cost[stop],
			sprintf("1/%.1f", cost[stop] / cost[c]))

	plain = cost["untraced/getppid"]
	if (plain) {
		seen = 0
		worst = 0
		n = split(cases["engines"], names, "\n")
		for (i = 1; i <= n; i++) {
			c = names[i]
			if (c in cost && c ~ /want nothing/) {
				seen = 1
				if (cost[c] - plain > worst)
					worst = cost[c] - plain
			}
			if (c in heavy)
				not_light = " (not light)"
			if (c in cost && c ~ /want entry/)
				with[substr(short(c), 1, 2) + 0] = cost[c]
		}
		if (seen)
			target("engines that want nothing cost nothing", worst < 0.5,
				sprintf("at most %.1f instructions", worst))
	}
	if (4 in with && 16 in with && 64 in with) {
		one = (with[16] - with[4]) / 12
		other = (with[64] - with[16]) / 48
		more = with[64] > with[4] ? (with[64] - with[4]) / 60 : 0
		target("engines that want calls" not_light ": 70 instructions each or less", more <= 70,
			sprintf("%.1f", more))
		target("and linear", more && one / more < 1.02 && other / more < 1.02 &&
			one / more > 0.98 && other / more > 0.98,
			sprintf("%.1f each from 4 to 16, %.1f from 16 to 64", one, other))
	}
	print ""
}
