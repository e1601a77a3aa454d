# SPDX-License-Identifier: GPL-2.0
# What cases of make bench cost on both kernels, one below the other. Variables:
#	data	lines as of build/run/bench.tsv, all with a ratio
#	out	the SVG
#	unit	of the costs
#	ratio	1: one bar for each case, the ratio; 0: two bars, the costs
set datafile separator tab
set encoding utf8
stats data skip 1 using 5 nooutput
rows = int(STATS_records)
most = ratio ? STATS_max : 0
if (!ratio) { stats data skip 1 using 3 nooutput; most = STATS_max }

set terminal svg size 840, 100 + rows * (ratio ? 18 : 34) noenhanced font "DejaVu Sans,sans-serif,12" background "white"
set output out
set lmargin at screen 0.36
set rmargin at screen 0.97
set style fill solid noborder
set border 1 linecolor "#555555"
set tics nomirror scale 0.5 textcolor "#111111"
set grid xtics linecolor "#dddddd" linetype 1
set yrange [rows - 0.4:-0.6]
# room for the figures at the end of a bar
set xrange [0:most * (ratio ? 1.5 : 1.25)]
set key outside top center horizontal reverse Left samplen 1 textcolor "#111111"
set xlabel (ratio ? "patched kernel / unpatched kernel, " : "") . unit textcolor "#111111"

name(group, case) = (group eq "two" ? "two CPUs: " : group eq "traced" ? "one CPU: " : group . ": ") . case
if (ratio) {
	set arrow from 1, graph 0 to 1, graph 1 nohead front linecolor "#111111"
	plot data skip 1 using 5:($0):(0):5:($0 - 0.35):($0 + 0.35):yticlabels(name(strcol(1), strcol(2))) \
			with boxxyerror linecolor "#3a78b5" title "patched", \
		'' skip 1 using ($5 > 1 ? $5 : 1):($0):(sprintf("%s  (%s, %s)", strcol(5), strcol(3), strcol(4))) \
			with labels left offset 0.5, 0 font ",10" textcolor "#111111" notitle
} else {
	plot data skip 1 using 3:($0 - 0.2):(0):3:($0 - 0.37):($0 - 0.02):yticlabels(name(strcol(1), strcol(2))) \
			with boxxyerror linecolor "#9a9a9a" title "unpatched", \
		'' skip 1 using 4:($0 + 0.2):(0):4:($0 + 0.02):($0 + 0.37) \
			with boxxyerror linecolor "#3a78b5" title "patched", \
		'' skip 1 using 3:($0 - 0.2):(strcol(3)) \
			with labels left offset 0.5, 0 font ",10" textcolor "#111111" notitle, \
		'' skip 1 using 4:($0 + 0.2):(sprintf("%s  (%s)", strcol(4), strcol(5))) \
			with labels left offset 0.5, 0 font ",10" textcolor "#111111" notitle
}
