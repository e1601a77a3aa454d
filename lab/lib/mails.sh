# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# What others do with the mails of the series: b4 applies them and takes the series
# over, get_maintainer.pl finds who gets them.

# as_mailed FILE...: a mailbox as git send-email would fill it: each header on one line,
# and each mail with a name, the first one's in all others.
as_mailed() {
	awk '
		FNR == 1 {
			head = 1
			held = $0 "\nMessage-ID: <" ++n "@lab.invalid>"
			if (n > 1)
				held = held "\nIn-Reply-To: <1@lab.invalid>"
			next
		}
		head && /^[ \t]/ { sub(/^[ \t]+/, " "); held = held $0; next }
		head { print held; held = $0; head = $0 != "" }
		!head { print }' "$@"
}

# Both b4 shazam of the mails and git am of what b4 prep makes of the series give its
# tree. b4 asks nobody, and keeps what it keeps in a directory that goes away.
try_b4() {
	trial=$BUILD/b4.tmp
	rm -rf "$trial"
	mkdir -p "$trial"
	cleanup="rm -rf \"\$BUILD/b4.tmp\""
	as_mailed "$BUILD"/series/*.patch >"$trial/mbox"
	# shellcheck disable=SC2016 # expanded by the inner shell
	logged b4 env HOME="$trial" XDG_CACHE_HOME="$trial" XDG_DATA_HOME="$trial" XDG_CONFIG_HOME="$trial" sh -euc '
		"$1/lab/lib/clone-touched" "$2" "$3/tree" "$4"
		cd "$3/tree"
		b4 --offline-mode shazam -m "$3/mbox"
		git diff --exit-code --stat HEAD "$4"
		git checkout -q -b prepared
		b4 --offline-mode prep -e base
		b4 --offline-mode prep -p "$3/prep"
		git checkout -q --detach base
		set -- "$4" "$3"/prep/*.patch
		tip=$1
		shift 2 # and the cover letter
		git am -q --no-3way "$@"
		git diff --exit-code --stat HEAD "$tip"
		' b4 "$ROOT" "$LINUX" "$trial" "$tip"
	rm -rf "$trial"
	cleanup=
	note "b4 shazam and b4 prep take them, and give the tree of the series"
}

# Files that the series brings and nobody maintains.
unmaintained() (
	cd "$LINUX" || exit 1
	lgit diff --name-only --diff-filter=A base "$tip" | while read -r f; do
		[ -n "$(scripts/get_maintainer.pl --no-git --no-git-fallback --no-l -f "$f")" ] || echo "$f"
	done
)
