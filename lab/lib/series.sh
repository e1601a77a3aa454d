# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# The mails of the series.

# The commit that the source is, if it is a checkout of one.
base_commit() {
	[ "$src_kind" = tree ] || return 0
	[ "$(git -C "$src" rev-parse -q --verify 'HEAD^{tree}' 2>/dev/null)" = \
		"$(lgit rev-parse 'base^{tree}')" ] || return 0
	git -C "$src" rev-parse HEAD
}

need_series() {
	[ "$tip" != "$(lgit rev-parse base)" ] ||
		die "the series is empty: there is no patch in patches/"
	cover=$PATCHES/cover-letter
	[ -s "$cover" ] ||
		die "${cover#"$ROOT/"} is missing: its first line is the subject, the rest the text of the cover letter"
	new=$BUILD/series.tmp
	rm -rf "$new" "$BUILD/am.tmp"
	mkdir -p "$new"
	cleanup="rm -rf \"\$BUILD/series.tmp\" \"\$BUILD/am.tmp\""

	# the cover letter is from whoever wrote the last patch
	GIT_COMMITTER_NAME=$(lgit show -s --format=%an "$tip") \
	GIT_COMMITTER_EMAIL=$(lgit show -s --format=%ae "$tip") \
	GIT_COMMITTER_DATE="$(lgit show -s --format=%ct "$tip") +0000" \
		lgit -c format.pretty=email -c diff.noprefix=false format-patch -q \
		-o "$new" --cover-letter --no-signature --zero-commit --no-renames \
		--numbered --no-base --diff-algorithm=histogram \
		--encode-email-headers "base..$tip" ||
		die "git format-patch failed"
	awk -v cover="$cover" -v kver="$kver" '
		/^Subject: / {
			getline title <cover
			sub(/\*\*\* SUBJECT HERE \*\*\*/, "")
			print $0 title
			next
		}
		/^\*\*\* BLURB HERE \*\*\*$/ {
			while ((getline line <cover) > 0)
				if (started || line != "") {
					started = 1
					print line
				}
			print "\nBased on v" kver "."
			next
		}
		{ print }' "$new/0000-cover-letter.patch" >"$new/cover"
	mv "$new/cover" "$new/0000-cover-letter.patch"
	commit=$(base_commit)
	[ -z "$commit" ] || printf 'base-commit: %s\n' "$commit" >>"$new/0000-cover-letter.patch"

	# The trial: a clone with only the files that the series touches, so
	# that it takes a moment and not a checkout of the whole kernel.
	trial=$BUILD/am.tmp
	# shellcheck disable=SC2016 # expanded by the inner shell
	logged am sh -euc '
		"$1/lab/lib/clone-touched" "$2" "$4" "$5"
		cd "$4"
		for f in "$3"/*.patch; do
			case $f in */0000-*) continue ;; esac
			git am -q --no-3way "$f"
		done
		' am "$ROOT" "$LINUX" "$new" "$trial" "$tip"
	[ "$(git -C "$trial" rev-parse 'HEAD^{tree}')" = "$(lgit rev-parse "$tip^{tree}")" ] || {
		cleanup=		# it is to be looked at
		die "git am of the mails gives another tree than $build/linux: $build/am.tmp differs"
	}
	rm -rf "$BUILD/series" "$trial"
	mv "$new" "$BUILD/series"
	cleanup=
}
