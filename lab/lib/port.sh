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

differs=$ROOT/patches-$version

# name_of_patch FILE: $slug
name_of_patch() {
	slug=${1##*/}
	slug=${slug#[0-9][0-9][0-9][0-9]-}
	slug=${slug%.patch}
}

# list_series: "NAME" or "- NAME"
list_series() {
	awk '{ sub(/[ \t]*#.*/, "") } $0 != ""' "$differs/series"
}

# patch_called NAME: the file of patches/
patch_called() {
	find "$ROOT/patches" -name "[0-9][0-9][0-9][0-9]-$1.patch"
}

# source_of PATCH: the file of the repository that one of $PATCHES comes from
source_of() (
	name_of_patch "$1"
	if [ "$version" = 6.12 ]; then
		echo "patches/$1"
	elif [ -e "$differs/$slug.patch" ]; then
		echo "patches-$version/$slug.patch"
	elif [ -e "$differs/$slug.diff" ]; then
		echo "patches-$version/$slug.diff"
	else
		from=$(patch_called "$slug")
		echo "${from#"$ROOT/"}"
	fi
)

# apply_in DIR DIFF
apply_in() {
	(cd "$1" && GIT_CEILING_DIRECTORIES=${1%/*} git apply --whitespace=nowarn "$2") 2>"$new/err" ||
		die "${2#"$ROOT/"} does not apply: $(sed -n 's/^error: //p' "$new/err" | head -n 1)"
}

# Each patch of patches/ is in the order or left out, each file here is for one in the
# order.
check_names() {
	twice=$(sed 's/^- //' "$new/series" | sort | uniq -d | head -n 1)
	[ -z "$twice" ] || die "patches-$version/series names $twice twice"
	for p in "$ROOT"/patches/[0-9][0-9][0-9][0-9]-*.patch; do
		name_of_patch "$p"
		grep -qxF -e "$slug" -e "- $slug" "$new/series" ||
			die "patches-$version/series does not name $slug, which is in patches/: add it, or \"- $slug\""
	done
	for p in "$differs"/*.patch "$differs"/*.diff; do
		name_of_patch "${p%.diff}"
		if [ ! -e "$p" ] || [ "$slug" = files ]; then
			continue
		fi
		grep -qxF -e "$slug" "$new/series" ||
			die "patches-$version/series does not name $slug, which is there"
		[ ! -e "$differs/$slug.patch" ] || [ ! -e "$differs/$slug.diff" ] ||
			die "patches-$version has both $slug.patch and $slug.diff: choose one"
	done
}

assemble() {
	[ "$version" != 6.12 ] || return 0
	[ -s "$differs/series" ] || die "patches-$version/series is missing: it names the patches in order"
	new=$BUILD/assemble.tmp
	rm -rf "$new"
	mkdir -p "$new/patches" "$new/overlay"
	list_series >"$new/series"
	check_names
	n=0
	while read -r slug; do
		case $slug in "- "*) continue ;; esac
		n=$((n + 1))
		to=$new/patches/$(printf %04d $n)-$slug.patch
		from=$(patch_called "$slug")
		if [ -e "$differs/$slug.patch" ]; then
			cp "$differs/$slug.patch" "$to"
		elif [ -z "$from" ]; then
			die "patches-$version/series names $slug, which is neither there nor in patches/ (has it another name now?)"
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
	list_tracked >"$new/files"
	tar -C "$ROOT" -T "$new/files" -cf "$new/files.tar"
	tar -C "$new/overlay" -xf "$new/files.tar"
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

# write_series: the order with "- NAME" after it, in the lines that the file has for
# them now, which may say why.
write_series() {
	for p in "$ROOT"/patches/[0-9][0-9][0-9][0-9]-*.patch; do
		name_of_patch "$p"
		grep -qxF -e "$slug" "$new/names" || echo "- $slug"
	done >"$new/left"
	{
		sed -n '/^#/!q; p' "$differs/series"
		cat "$new/names" "$new/left"
	} | awk '
		FNR == NR {
			line = name = $0
			sub(/[ \t]*#.*/, "", name)
			if (name != "")
				lines[name] = line
			next
		}
		{ print $0 in lines ? lines[$0] : $0 }' "$differs/series" - >"$new/series"
	cmp -s "$new/series" "$differs/series" || {
		changed "write patches-$version/series"
		cp "$new/series" "$differs/series"
	}
}

# The other way: what differs of $PATCHES and $OVERLAY, to patches-VERSION/.
take_apart() {
	[ "$version" != 6.12 ] || return 0
	new=$BUILD/apart.tmp
	rm -rf "$new"
	mkdir -p "$new/own" "$new/a" "$new/b"
	for p in $(list_patches); do
		name_of_patch "$p"
		echo "$slug" >>"$new/names"
		there=$(patch_called "$slug")
		if [ -z "$there" ]; then
			cp "$PATCHES/$p" "$new/own/$slug.patch"
			continue
		fi
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
	write_series
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
	canonical_diff "$(head -n 1 "$new/trees")" "$(tail -n 1 "$new/trees")" >"$new/own/files.diff"
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
