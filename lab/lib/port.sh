# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# The series on another kernel than 6.12, which patches/ and the overlay are for.
#
# patches-VERSION/series names the patches in order, by what their files are called
# without number and ".patch". NAME.patch is there if it is only there, or quite another;
# NAME.diff if it is a little different from the one of patches/: what is to be done
# to that file. All others are those of patches/. "- NAME" is one that is left out.
# patches-VERSION/files.diff turns the new files, as they are in the end, into what
# they are there. From these the whole series is put together in build/VERSION:
# $PATCHES and $OVERLAY, which all else works on.

# name_of_patch FILE: $slug
name_of_patch() {
	slug=${1##*/}
	slug=${slug#[0-9][0-9][0-9][0-9]-}
	slug=${slug%.patch}
}

# list_series VERSION: "NAME" or "- NAME"
list_series() {
	sed 's/[[:space:]]*#.*//; /^$/d' "$ROOT/patches-$1/series"
}

# patch_called NAME: the file of patches/
patch_called() {
	find "$ROOT/patches" -name "[0-9][0-9][0-9][0-9]-$1.patch"
}

# apply_in DIR DIFF
apply_in() {
	(cd "$1" && GIT_CEILING_DIRECTORIES=${1%/*} git apply --whitespace=nowarn "$2") 2>"$new/err" ||
		die "${2#"$ROOT/"} does not apply: $(sed -n 's/^error: //p' "$new/err" | head -n 1)"
}

assemble() {
	[ "$version" != 6.12 ] || return 0
	differs=$ROOT/patches-$version
	[ -s "$differs/series" ] || die "patches-$version/series is missing: it names the patches in order"
	new=$BUILD/assemble.tmp
	rm -rf "$new"
	mkdir -p "$new/patches" "$new/overlay"
	list_series "$version" >"$new/series"
	twice=$(sed 's/^- //' "$new/series" | sort | uniq -d | head -n 1)
	[ -z "$twice" ] || die "patches-$version/series names $twice twice"
	for p in "$ROOT"/patches/[0-9][0-9][0-9][0-9]-*.patch; do
		name_of_patch "$p"
		grep -qxF -e "$slug" -e "- $slug" "$new/series" ||
			die "patches-$version/series does not name $slug, which is in patches/: add it, or \"- $slug\""
	done
	for p in "$differs"/*.patch "$differs"/*.diff; do
		name_of_patch "${p%.diff}"
		[ ! -e "$p" ] || [ "$slug" = files ] || grep -qxF -e "$slug" "$new/series" ||
			die "patches-$version/series does not name $slug, which is there"
	done
	n=0
	while read -r slug; do
		case $slug in "- "*) continue ;; esac
		n=$((n + 1))
		to=$new/patches/$(printf %04d $n)-$slug.patch
		from=$(patch_called "$slug")
		if [ -e "$differs/$slug.patch" ]; then
			cp "$differs/$slug.patch" "$to"
		elif [ -z "$from" ]; then
			die "patches-$version/series names $slug, which is neither there nor in patches/"
		else
			cp "$from" "$new/patches/$slug.patch"
			[ ! -e "$differs/$slug.diff" ] ||
				apply_in "$new/patches" "$differs/$slug.diff"
			mv "$new/patches/$slug.patch" "$to"
		fi
	done <"$new/series"
	p=$differs/cover-letter
	[ -e "$p" ] || p=$ROOT/patches/cover-letter
	[ ! -e "$p" ] || cp "$p" "$new/patches/"
	list_tracked | tar -C "$ROOT" -T - -cf - | tar -C "$new/overlay" -xf -
	[ ! -s "$differs/files.diff" ] || apply_in "$new/overlay" "$differs/files.diff"
	rm -rf "$PATCHES" "$OVERLAY"
	mv "$new/patches" "$PATCHES"
	mv "$new/overlay" "$OVERLAY"
	rm -rf "$new"
}

# with_places_of OTHER FILE: FILE, a patch, with OTHER's lines "@@" for all hunks
# that are the same there.
with_places_of() {
	awk '
		function done() {
			if (at != "") {
				# the same hunk may be there twice
				nth = ++seen[second, file, body]
				key = file SUBSEP body SUBSEP nth
				if (!second)
					places[key] = at
				else
					printf "%s\n%s", key in places ? places[key] : at, body
			}
			at = body = ""
		}
		FNR == 1 && NR != 1 { done(); second = 1 }
		/^diff --git / { done(); file = $0 }
		/^@@ / { done(); at = $0; next }
		at != "" { body = body $0 "\n"; next }
		second { print }
		END { done() }' "$1" "$2"
}

changed() {
	note "$*"
	changes=$((changes + 1))
}

# The other way: what differs of $PATCHES and $OVERLAY, to patches-VERSION/.
take_apart() {
	[ "$version" != 6.12 ] || return 0
	differs=$ROOT/patches-$version
	new=$BUILD/apart.tmp
	rm -rf "$new"
	mkdir -p "$new/own"
	for p in $(list_patches); do
		name_of_patch "$p"
		echo "$slug" >>"$new/names"
		there=$(patch_called "$slug")
		if [ -z "$there" ]; then
			cp "$PATCHES/$p" "$new/own/$slug.patch"
			continue
		fi
		mkdir -p "$new/a" "$new/b"
		cp "$there" "$new/a/$slug.patch"
		with_places_of "$there" "$PATCHES/$p" >"$new/b/$slug.patch"
		(cd "$new" && diff -U2 "a/$slug.patch" "b/$slug.patch") |
			sed -e '1,2s/\t.*//' >"$new/diff"
		if [ "$(wc -l <"$new/diff")" -gt "$(($(wc -l <"$there") / 2))" ]; then
			cp "$PATCHES/$p" "$new/own/$slug.patch"
		elif [ -s "$new/diff" ]; then
			cp "$new/diff" "$new/own/$slug.diff"
		fi
	done
	list_series "$version" >"$new/old"
	for p in "$ROOT"/patches/[0-9][0-9][0-9][0-9]-*.patch; do
		name_of_patch "$p"
		grep -qxF -e "$slug" "$new/names" || echo "- $slug"
	done >"$new/left"
	grep -v '^- ' "$new/old" >"$new/names.old" || :
	grep '^- ' "$new/old" >"$new/left.old" || :
	if ! cmp -s "$new/names" "$new/names.old" || ! cmp -s "$new/left" "$new/left.old"; then
		{
			sed -n '/^#/!q; p' "$differs/series"
			cat "$new/names"
			cat "$new/left"
		} >"$new/series"
		changed "write patches-$version/series"
		cp "$new/series" "$differs/series"
	fi
	list_tracked >"$new/files.ROOT"
	list_overlay >"$new/files.OVERLAY"
	export GIT_INDEX_FILE="$new/index"
	for dir in ROOT OVERLAY; do
		top=$ROOT
		[ "$dir" = ROOT ] || top=$OVERLAY
		lgit read-tree --empty
		while read -r f; do
			mode=100644
			[ ! -x "$top/$f" ] || mode=100755
			printf '%s %s\t%s\n' "$mode" "$(lgit hash-object -w --no-filters -- "$top/$f")" "$f"
		done <"$new/files.$dir" | lgit update-index --add --index-info
		lgit write-tree
	done >"$new/trees"
	unset GIT_INDEX_FILE
	canonical_diff "$(head -n 1 "$new/trees")" "$(tail -n 1 "$new/trees")" >"$new/files.diff"
	mkdir -p "$differs"
	mv "$new/files.diff" "$new/own/"
	for p in "$differs"/*.patch "$differs"/*.diff; do
		[ ! -e "$p" ] || [ -e "$new/own/${p##*/}" ] || {
			changed "remove patches-$version/${p##*/}"
			rm -f "$p"
		}
	done
	for p in "$new"/own/*; do
		cmp -s "$p" "$differs/${p##*/}" || {
			changed "write patches-$version/${p##*/}"
			cp "$p" "$differs/"
		}
	done
	rm -rf "$new"
}
