# SPDX-License-Identifier: GPL-2.0
# build/run/bench.tsv as a chart: for each case with a ratio a bar from 1.0, to
# the left where the patched kernel needs less. -v unit=...: of the costs.

function escape(s) {
	gsub(/&/, "\\&amp;", s)
	gsub(/</, "\\&lt;", s)
	gsub(/>/, "\\&gt;", s)
	return s
}

function x_of(r) {
	return left + (r - low) / (high - low) * width
}

function text(x, y, anchor, class, s) {
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">%s</text>\n",
		x, y, anchor, class, escape(s)
}

BEGIN {
	FS = "\t"
	left = 300
	width = 480
	row = 20
	top = 74
}

NR > 1 && $5 != "-" {
	n++
	group[n] = $1
	name[n] = $2
	base[n] = $3
	linux[n] = $4
	ratio[n] = $5 + 0
	if ($1 != group[n - 1])
		heads++
}

END {
	# as far from 1.0 as is needed, in steps that can be labelled
	far = 0.02
	for (i = 1; i <= n; i++) {
		d = ratio[i] > 1 ? ratio[i] - 1 : 1 - ratio[i]
		if (d > far)
			far = d
	}
	if (far > 0.5)
		far = 0.5
	step = far > 0.25 ? 0.1 : far > 0.1 ? 0.05 : far > 0.04 ? 0.02 : 0.01
	steps = int(far / step + 0.999)
	low = 1 - steps * step
	high = 1 + steps * step
	height = top + n * row + heads * 26 + 20
	total = left + width + 210

	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n",
		total, height, total, height
	print "<style>"
	print "text { font: 13px sans-serif; fill: #222 }"
	print ".title { font-size: 16px; font-weight: bold }"
	print ".group { font-weight: bold }"
	print ".small { font-size: 11px; fill: #666 }"
	print ".less { fill: #2a7f62 } .more { fill: #c0504d } .same { fill: #888 }"
	print ".grid { stroke: #ddd } .one { stroke: #222; stroke-width: 1.5 }"
	print "</style>"
	print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
	text(12, 26, "start", "title", "patched kernel / unpatched kernel, " unit)
	text(12, 44, "start", "small", "left of 1.0: the patched kernel needs less; numbers: unpatched, patched")
	for (i = -steps; i <= steps; i++) {
		x = x_of(1 + i * step)
		printf "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" class=\"grid\"/>\n",
			x, top - 6, x, height - 14
		text(x, top - 10, "middle", "small", sprintf("%.2f", 1 + i * step))
	}
	y = top
	for (i = 1; i <= n; i++) {
		if (group[i] != group[i - 1]) {
			y += 26
			text(12, y - 7, "start", "group", group[i])
		}
		r = ratio[i]
		cut = r < low ? low : r > high ? high : r
		a = x_of(cut < 1 ? cut : 1)
		b = x_of(cut < 1 ? 1 : cut)
		class = r > 1.0005 ? "more" : r < 0.9995 ? "less" : "same"
		printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"12\" class=\"%s\"/>\n",
			a - (b - a < 2 ? 1 : 0), y + 3, b - a < 2 ? 2 : b - a, class
		text(left - 10, y + 13, "end", "", name[i])
		text(left + width + 12, y + 13, "start", "", sprintf("%.3f", r))
		text(left + width + 60, y + 13, "start", "small", base[i] ", " linux[i])
		y += row
	}
	printf "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" class=\"one\"/>\n",
		x_of(1), top - 6, x_of(1), height - 14
	print "</svg>"
}
