# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# From patches/ and the overlay to commits in build/linux.
#
# A new file stands in the overlay as it is in the end. The patch that brings it
# lists its name; patches that change it later hold hunks, as for any other file.
# What it was in between is its end with those hunks taken back.
#
# Refs in build/linux beside "base" and "series":
#   refs/lab/generated  the tip that these scripts made last
#   refs/lab/moving     set while the worktree goes to a new tip
# and .git/lab-patches is a copy of patches/ as that tip was made from.

# canonical_diff FROM TO: without "index" lines, hashes are noise here
canonical_diff() {
	lgit diff-tree --no-commit-id --no-renames -r -p -U3 \
		--diff-algorithm=histogram --no-color \
		--no-ext-diff --no-textconv --indent-heuristic \
		--src-prefix=a/ --dst-prefix=b/ "$@" |
		sed '/^index [0-9a-f]*\.\.[0-9a-f]*/d'
}

# Files of the repository that are no kernel files of the lab's own.
list_tracked() (
	cd "$ROOT" || exit 1
	if [ -e .git ]; then
		git -c core.quotePath=false ls-files | while read -r f; do
			[ ! -e "$f" ] || echo "$f"
		done
	else
		find . -type f ! -path './build/*' | sed 's|^\./||'
	fi | grep -vE '^(Makefile|README\.md|COPYING|\.gitignore|(\.ci|lab|patches(-[0-9.]+)?)/.*)$' |
		sort
)

# The files of the overlay: all new files of the series.
list_overlay() (
	if [ "$version" = 6.12 ]; then
		list_tracked
	else
		cd "$OVERLAY" && find . -type f | sed 's|^\./||' | sort
	fi
)

list_patches() (
	cd "$PATCHES" 2>/dev/null || exit 0
	for f in [0-9][0-9][0-9][0-9]-*.patch; do
		[ ! -e "$f" ] || echo "$f"
	done
)

# The "New files:" list of a patch: between the first line "---" and the
# first "diff --git".
new_files_of() {
	awk '
		/^diff --git / { exit }
		/^---$/ { comment = 1; next }
		comment && /^New files:/ { list = 1; next }
		list && /^ / { sub(/^ +/, ""); sub(/ +$/, ""); print; next }
		list { list = 0 }
	' "$1"
}

# Stop if build/linux holds work that exists nowhere else.
tree_guard() {
	[ -d "$LINUX/.git" ] || return 0
	[ -z "$opt_force" ] || return 0
	if [ "$(lgit symbolic-ref -q HEAD)" != refs/heads/series ]; then
		die "$build/linux is not on its branch series (a rebase under way?): finish that, then make refresh$for_version; or make tree$for_version FORCE=1 to drop it"
	fi
	if tree_dirty; then
		die "$build/linux has edits that are not committed: commit them and make refresh$for_version, or make tree$for_version FORCE=1 to drop them ($dirt)"
	fi
	if [ "$(lgit rev-parse HEAD)" != "$(lgit rev-parse -q --verify refs/lab/generated)" ]; then
		die "$build/linux has commits that are not in patches/: make refresh$for_version to carry them back, or make tree$for_version FORCE=1 to drop them"
	fi
}

# Edits of tracked files, or new files that a kernel tree could want.
tree_dirty() {
	dirt=$(
		lgit -c status.relativePaths=false status --porcelain -uno | cut -c 4-
		lgit ls-files -o -x '*~' -x '.*.sw?' -x '*.orig' -x '*.rej' \
			-x '*.o' -x '*.a' -x '.*.cmd' -x '*.d' -x tags -x TAGS \
			-x 'cscope.*' -x '__pycache__' -x '.checkpatch-*' -x '.cache' -x compile_commands.json
	)
	dirt=$(printf '%s\n' "$dirt" | head -n 3 | tr '\n' ' ')
	dirt=${dirt% }
	[ -n "${dirt% }" ]
}

# The patch that lists a file.
brought_by() {
	awk -F '\t' -v f="$1" '$1 == f { print $2 }' "$listed"
}

# Each new file listed in exactly one patch, each listed file there. The lines
# "FILE<tab>PATCH" stay in build/tree.listed.
check_overlay() {
	listed=$BUILD/tree.listed
	: >"$listed"
	for p in $(list_patches); do
		new_files_of "$PATCHES/$p" | sed "s|\$|	$p|" >>"$listed"
	done
	while IFS=$tab read -r f p; do
		[ -f "$OVERLAY/$f" ] ||
			die "$(source_of "$p") lists the new file $f, which does not exist: add it or take it off the list"
		[ -z "$(lgit ls-tree base -- "$f")" ] ||
			die "$(source_of "$p") lists $f as new, but the kernel has it: make it a hunk of the patch"
	done <"$listed"
	twice=$(cut -f 1 "$listed" | sort | uniq -d | head -n 1)
	[ -z "$twice" ] ||
		die "$twice is listed in more than one patch: $(brought_by "$twice" | tr '\n' ' ')"
	cut -f 1 "$listed" >"$listed.files"
	orphan=$(list_overlay | grep -vxFf "$listed.files" | head -n 1)
	[ -z "$orphan" ] ||
		die "$orphan is in no patch: name it under \"New files:\" in one of patches/*.patch"
}

# split_patches: of each patch, PATCH.msg, PATCH.diff and PATCH.info in $work.
split_patches() {
	for p in $(list_patches); do
		git mailinfo -b --encoding=UTF-8 "$work/$p.msg" "$work/$p.diff" \
			<"$PATCHES/$p" >"$work/$p.info" 2>/dev/null ||
			die "$(source_of "$p") is not in mail form: it must begin with From: and Subject: lines"
		# only comments, like the list of new files, or the diff as well?
		grep -q '^diff --git ' "$work/$p.diff" || : >"$work/$p.diff"
	done
}

# What "git apply" said it failed at: file and line, or its reason.
apply_failed_at() {
	at=$(sed -n 's/^error: patch failed: //p' "$work/err" | head -n 1)
	[ -n "$at" ] || at=$(sed -n 's/^error: //p' "$work/err" | head -n 1)
	echo "$at"
}

# The new files as the patches bring them: PATCH.new in $work, with lines for
# "git update-index --index-info". Newest first: what a patch brings is there
# when the hunks of all later ones are taken back. What all files are in the
# end is $work/final.
take_back() {
	while read -r f; do
		mode=100644
		[ ! -x "$OVERLAY/$f" ] || mode=100755
		blob=$(lgit hash-object -w --no-filters -- "$OVERLAY/$f")
		printf '%s %s\t%s\n' "$mode" "$blob" "$f"
	done <"$listed.files" | sort -t "$tab" -k 2 >"$work/final"
	export GIT_INDEX_FILE="$work/back"
	lgit read-tree --empty
	lgit update-index --index-info <"$work/final"
	for p in $(list_patches | sort -r); do
		new_files_of "$PATCHES/$p" >"$work/list"
		: >"$work/$p.new"
		while read -r f; do
			lgit ls-files -s -- "$f" | sed 's/ 0\t/\t/' >>"$work/$p.new"
			lgit update-index --force-remove -- "$f"
		done <"$work/list"
		[ -s "$work/$p.diff" ] || continue
		set --
		lgit apply --numstat "$work/$p.diff" | cut -f 3 |
			grep -xFf "$listed.files" >"$work/grown" || :
		while read -r f; do
			lgit ls-files --error-unmatch -- "$f" >/dev/null 2>&1 ||
				die "$(source_of "$p") has hunks for $f, which is not there before $(source_of "$(brought_by "$f")") brings it: make them part of the file, or list it in an earlier patch"
			set -- "$@" "--include=$f"
		done <"$work/grown"
		[ $# = 0 ] || lgit apply -R --cached --whitespace=nowarn "$@" "$work/$p.diff" 2>"$work/err" ||
			die "$(source_of "$p") cannot be taken back from the new files at $(apply_failed_at): fit its hunks to the file, or the file to them"
	done
	unset GIT_INDEX_FILE
}

# In another release of the same kernel a neighbouring line may be another one. One
# line of context has to do then.
apply_nearby() {
	lgit apply --cached --whitespace=nowarn -C1 "$work/$p.diff" 2>/dev/null || return 1
	note "$(source_of "$p"): lines beside it are other ones in Linux $kver"
}

# Build one commit a patch, without touching the worktree. $tip is the last.
make_commits() {
	work=$BUILD/tree.tmp
	rm -rf "$work"
	mkdir -p "$work"
	cleanup="rm -rf \"\$BUILD/tree.tmp\""
	split_patches
	take_back
	tip=$(lgit rev-parse base)
	when=$EPOCH
	export GIT_INDEX_FILE="$work/index"
	lgit read-tree base
	for p in $(list_patches); do
		when=$((when + 60))
		name=$(sed -n 's/^Author: //p' "$work/$p.info")
		mail=$(sed -n 's/^Email: //p' "$work/$p.info")
		subject=$(sed -n 's/^Subject: //p' "$work/$p.info")
		if [ -z "$name" ] || [ -z "$mail" ] || [ -z "$subject" ]; then
			die "$(source_of "$p") needs a From: line with name and mail, and a Subject: line"
		fi
		[ ! -s "$work/$p.diff" ] ||
			lgit apply --cached --whitespace=nowarn "$work/$p.diff" 2>"$work/err" ||
			apply_nearby ||
			die "$(source_of "$p") does not apply to Linux $kver at $(apply_failed_at): fit the patch to this source, or choose another with KERNEL_TREE"
		lgit update-index --add --index-info <"$work/$p.new"
		{
			echo "$subject"
			echo
			cat "$work/$p.msg"
		} | git stripspace >"$work/message"
		tip=$(GIT_AUTHOR_NAME=$name GIT_AUTHOR_EMAIL=$mail \
			GIT_COMMITTER_NAME=$name GIT_COMMITTER_EMAIL=$mail \
			GIT_AUTHOR_DATE="$when +0000" GIT_COMMITTER_DATE="$when +0000" \
			lgit commit-tree -p "$tip" -F "$work/message" "$(lgit write-tree)")
	done
	# Hunks that fit at two places may have come off at one and gone on at
	# the other, and a hunk may have made a file.
	lgit diff-index --cached --no-renames --diff-filter=A base |
		sed 's/^:000000 \([0-9]*\) 0* \([0-9a-f]*\) A/\1 \2/' |
		sort -t "$tab" -k 2 >"$work/made"
	strange=$(diff "$work/final" "$work/made" | sed -n 's/^[<>].*\t//p' | head -n 1)
	if [ -z "$strange" ]; then
		:
	elif grep -qxF -- "$strange" "$listed.files"; then
		die "$strange: the patches do not come to what is here: fit their hunks for it to the file"
	else
		die "$strange is made by a hunk: put the file whole at its place here, and name it under \"New files:\" in the patch"
	fi
	unset GIT_INDEX_FILE
	rm -rf "$work" "$listed" "$listed.files"
	cleanup=
}

# Take the worktree to $tip; only files that differ are written, so that a
# rebuild stays small.
move_tree() {
	old=$(lgit rev-parse HEAD)
	if [ "$old" != "$tip" ] || [ -n "$opt_force" ]; then
		lgit update-ref refs/lab/moving "$tip"
		if [ -n "$opt_force" ]; then
			lgit rebase --abort >/dev/null 2>&1 || :
			lgit symbolic-ref HEAD refs/heads/series
			lgit reset -q --hard "$tip"
			lgit clean -q -fdx
		else
			lgit read-tree -m -u HEAD "$tip" ||
				die "$build/linux could not be moved to the new series: make tree$for_version FORCE=1"
			lgit update-ref refs/heads/series "$tip"
		fi
	fi
	save_generated
}

# What patches/ holds is what build/linux is compared with.
save_patches() {
	rm -rf "$LINUX/.git/lab-patches"
	mkdir -p "$PATCHES" "$LINUX/.git/lab-patches"
	for p in $(list_patches); do
		cp "$PATCHES/$p" "$LINUX/.git/lab-patches/"
	done
}

save_generated() {
	save_patches
	lgit update-ref refs/lab/generated "$tip"
	lgit update-ref -d refs/lab/moving
}

# A move that was interrupted: the worktree was clean before, so finish it.
finish_move() {
	moving=$(lgit rev-parse -q --verify refs/lab/moving) || return 0
	stage "finish an interrupted update of $build/linux"
	rm -f "$LINUX/.git/index.lock"
	lgit symbolic-ref HEAD refs/heads/series
	lgit reset -q --hard "$moving"
	lgit update-ref refs/lab/generated "$moving"
	lgit update-ref -d refs/lab/moving
}

# The whole way: source, commits, worktree.
need_tree() {
	restore_mutated
	need_source
	kver=$(kernel_version "$LINUX")
	finish_move
	assemble
	check_overlay
	tree_guard
	make_commits
	count=$(lgit rev-list --count "base..$tip")
	if [ "$(lgit rev-parse HEAD)" = "$tip" ] && [ -z "$opt_force" ]; then
		save_generated
		stage "$build/linux: Linux $kver and $count patches, unchanged"
	else
		stage "$build/linux: Linux $kver and $count patches"
		move_tree
	fi
}
