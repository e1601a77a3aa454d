# SPDX-License-Identifier: GPL-2.0
# races.awk side=base FILE... side=linux FILE...: what lab/races told on each kernel,
# compared. A file is a job; lines are "@races RUNS SCENARIO" and "@outcome FREQUENCY
# TEXT", and "@at BIN PLACEMENT" of the latter. Writes "SCENARIO <tab> TEXT" of what
# only the patched kernel has shown to the file "suspects", and "SCENARIO <tab> BIN
# PLACEMENT", where it did, to "moments-plain" and "moments-amplified", if "moments" is
# the beginning of such names.
#
# With -v quiet=1 no table; with -v only=1 only those outcomes, with frequencies.
#
# The parent is told by SIGCHLD in some runs and by wait in others ("w-"), as the program
# has chosen. An outcome that the unpatched kernel has shown with the other of them is
# none of its own: rare ones would have to be seen twice.
#
# What made an outcome suspect does not also prove it. So the patched kernel is asked
# again: runs of a hunt only count how often a suspect comes again. What does not come
# in "enough" times as many looks as it was first seen in, on either kernel, is as rare
# on both as can be told, and is left out of "suspects" (with -v again=1 it is listed).
# Runs with the amplifier and without it are counted apart. Half of the runs of a hunt
# are where suspects were seen, a third of these just there: so of a scenario with one
# suspect every sixth run looks for it, while it was one of 40 or so before (four
# placements, and ten bins in which something changes). Such a run counts as "aim" runs,
# with two suspects as half of that, and with "aim" or more as one.
#
# A short run does not decide more than that, but one thing is no chance: what has come
# again "enough_again" times, and on the unpatched kernel never in at least as many runs.
# "SCENARIO <tab> TEXT" of it goes to the file "certain", if that has a name.

FNR == 1 {
	job = FILENAME
	n = split(FILENAME, part, "/")
	job = part[n]
	amplified = part[n - 1] ~ /^amplified/
	kind = amplified ? "amplified" : "plain"
	hunt = part[n - 2] ~ /^hunt/
}

/^@races / {
	name = $3
	if (!(name in known)) {
		known[name] = 1
		order[++names] = name
	}
	anew = hunt && side == "linux"
	if (anew) {
		runs_anew[name] += $2
	}
	if (hunt)
		looks[side, name, kind] += $2
	else if (side == "linux")
		runs_first[name, kind] += $2
	if (anew)
		next
	runs[side, name] += $2
	total[side] += $2
	# like is compared with like
	like = !hunt && !amplified && job == "alone"
	if (like)
		alone[side, name] += $2
	next
}

/^@outcome / {
	frequency = $2
	text = $0
	sub(/^@outcome [0-9]+ */, "", text)
	key = name SUBSEP text
	if (anew) {
		came_again[key] += frequency
		next
	}
	if (!(key in texts)) {
		texts[key] = 1
		list[name, ++outcomes[name]] = text
	}
	seen[side, key] += frequency
	if (side == "base") {
		n = split(text, part, "|")
		for (i = 1; i <= n; i++)
			parts[name, part[i]] = 1
		told[name, either(text)] = 1
		if (!hunt)
			told_first[name, either(text)] = 1
	} else {
		first[key, kind] = 1
	}
	how[side, key, job (amplified ? ", amplified" : "")] += frequency
	if (like)
		often[side, key] += frequency
	if (text ~ /^(TIMEOUT|STUCK)/)
		timeouts[side] += frequency
}

/^@at / && side == "linux" && !anew {
	at[key, kind] = $2 " " $3
}

/^@dropped / && !anew {
	dropped[name] += $2
}

# An outcome, however the parent was told.
function either(text) {
	gsub(/w-stopped=/, "stopped=", text)
	gsub(/w-continued/, "continued=18", text)
	return text
}

# Which parts of an outcome has the unpatched kernel not shown, even with others?
function news(name, text,   i, n, part, all) {
	n = split(text, part, "|")
	for (i = 1; i <= n; i++) {
		if (!((name, part[i]) in parts))
			all = all " |" part[i]
	}
	return all ? "new are:" all : "each part of it, but not all together"
}

function ways(side, key,   w, all, i, way) {
	split("alone;observed;alone, amplified;observed, amplified", w, ";")
	for (i = 1; i <= 4; i++) {
		way = w[i]
		if ((side, key, way) in how)
			all = all (all ? "; " : "") how[side, key, way] " " way
	}
	return all
}

# How many outcomes of a scenario were to be hunted?
function nr_hunted(name, kind,   j, n, key) {
	for (j = 1; j <= outcomes[name]; j++) {
		key = name SUBSEP list[name, j]
		n += (key, kind) in first && !((name, either(list[name, j])) in told_first)
	}
	return n
}

# Has neither kernel shown it since, in many more looks?
function never_again(name, key,   i, kind, n, want) {
	if (key in came_again)
		return 0
	for (i = 1; i <= 2; i++) {
		kind = i == 1 ? "plain" : "amplified"
		if (!((key, kind) in first))
			continue
		n = nr_hunted(name, kind)
		want = enough * runs_first[name, kind] * (n < aim ? n / aim : 1)
		if (looks["linux", name, kind] < want || looks["base", name, kind] < want)
			return 0
	}
	return 1
}

# For the hunt: where has the patched kernel shown it?
function write_moments(name, key,   i, kind) {
	for (i = 1; moments && i <= 2; i++) {
		kind = i == 1 ? "plain" : "amplified"
		if ((key, kind) in first)
			print name ((key, kind) in at ? "\t" at[key, kind] : "") >(moments "-" kind)
	}
}

END {
	enough = 4
	enough_again = 15
	aim = 6
	printf "" >suspects
	if (moments) {
		printf "" >(moments "-plain")
		printf "" >(moments "-amplified")
	}
	if (certain)
		printf "" >certain
	if (!quiet && !only)
		printf "%-44s %8s %8s %6s %6s %6s %6s\n", "scenario", "runs", "patched",
			"out-", "out-", "only", "only"
	if (!quiet && !only)
		printf "%-44s %8s %8s %6s %6s %6s %6s\n", "", "unpatch.", "", "comes",
			"comes", "unp.", "pat."
	for (i = 1; i <= names; i++) {
		name = order[i]
		b = l = ob = ol = 0
		for (j = 1; j <= outcomes[name]; j++) {
			key = name SUBSEP list[name, j]
			on_b = ("base", key) in seen
			on_l = ("linux", key) in seen
			b += on_b
			l += on_l
			ob += on_b && !on_l
			ol += on_l && !on_b
			if (!on_l || on_b || (name, either(list[name, j])) in told)
				continue
			rare = never_again(name, key)
			if (!rare) {
				print name "\t" list[name, j] >suspects
				write_moments(name, key)
			}
			if (certain && came_again[key] >= enough_again && runs["base", name] >= runs_anew[name])
				print name "\t" list[name, j] >certain
			if (only && rare == !!again)
				printf "           %s: %d of %d runs (%s), %d of %d when asked again; unpatched: 0 of %d\n             %s\n             %s\n",
					name, seen["linux", key], runs["linux", name],
					ways("linux", key), came_again[key], runs_anew[name],
					runs["base", name], list[name, j], news(name, list[name, j])
		}
		all_b += b
		all_l += l
		all_ob += ob
		all_ol += ol
		if (quiet || only)
			continue
		printf "%-44s %8d %8d %6d %6d %6d %6d\n", name, runs["base", name],
			runs["linux", name], b, l, ob, ol
		if (name in dropped)
			printf "    %d runs were not counted: too many outcomes\n", dropped[name]
		nb = alone["base", name]
		nl = alone["linux", name]
		if (nb < 30 || nl < 30)
			continue
		for (j = 1; j <= outcomes[name]; j++) {
			key = name SUBSEP list[name, j]
			p = often["base", key] / nb
			q = often["linux", key] / nl
			m = (often["base", key] + often["linux", key]) / (nb + nl)
			d = p > q ? p - q : q - p
			if (d > 0.2 && d * d > 25 * m * (1 - m) * (1 / nb + 1 / nl))
				printf "    often: %2d %% unpatched, %2d %% patched: %s\n",
					100 * p, 100 * q, list[name, j]
		}
	}
	if (!quiet && !only) {
		printf "%-44s %8d %8d %6d %6d %6d %6d\n", names " scenarios", total["base"],
			total["linux"], all_b, all_l, all_ob, all_ol
		printf "timeouts: %d unpatched, %d patched\n", timeouts["base"], timeouts["linux"]
	}
}
