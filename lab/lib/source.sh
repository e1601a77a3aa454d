# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# The pristine kernel: where it comes from, and how it becomes the first
# commit of build/linux.

DEB_PACKAGE=linux-source-$version
case $version in
6.12) DEB_TARBALL=/usr/src/$DEB_PACKAGE.tar.xz ;;
*) DEB_TARBALL=$BUILD/source/$DEB_PACKAGE.tar.xz ;;
esac
DEB_SUITE=trixie-backports		# which has the others

# Every commit of build/linux has a fixed date and a fixed hand, so that the
# same sources give the same ids.
EPOCH=1735689600

# git in build/linux
lgit() {
	git -C "$LINUX" -c core.quotePath=false -c advice.detachedHead=false \
		-c gc.auto=0 -c core.autocrlf=false -c commit.gpgSign=false \
		-c core.hooksPath=/dev/null "$@"
}

# Files of a directory that are sources: what git tracks or would track if
# it is a git tree, else everything that does not look built.
list_sources() (
	cd "$1" || exit 1
	top=$(git rev-parse --show-toplevel 2>/dev/null) || top=
	if [ -n "$top" ] && [ "$top" = "$(pwd -P)" ]; then
		# shellcheck disable=SC2016 # expanded by the inner shell
		git --no-optional-locks ls-files -z -co --exclude-standard |
			xargs -0 sh -c 'for f; do
				[ ! -L "$f" ] && [ ! -f "$f" ] || printf "%s\0" "$f"
			done' sh
	else
		find . -name .git -prune -o \( -type f -o -type l \) \
			! -name '*.o' ! -name '*.a' ! -name '*.ko' ! -name '.*.cmd' \
			! -name '.*.d' ! -name vmlinux ! -name bzImage -print0
	fi | sort -zu
)

# Say which kernel source is meant and what identifies it.
find_source() {
	[ -z "$opt_tree" ] || [ -z "$opt_tarball" ] ||
		die "KERNEL_TREE and KERNEL_TARBALL are both given: choose one"
	if [ -n "$opt_tree" ]; then
		[ -d "$opt_tree" ] || die "KERNEL_TREE=$opt_tree: no such directory"
		src=$(cd "$opt_tree" && pwd -P)
		[ "$src" != "$(readlink -f "$LINUX")" ] ||
			die "KERNEL_TREE=$opt_tree is what the lab itself makes: name a tree outside build/"
		check_tree "$src" "KERNEL_TREE=$opt_tree"
		src_kind=tree
		src_id=$(cd "$src" && list_sources . | xargs -0 stat -c '%n %s %Y' | sum)
	else
		src=${opt_tarball:-$DEB_TARBALL}
		[ "$version" = 6.12 ] || [ -n "$opt_tarball" ] || [ -f "$src" ] || fetch_source
		if [ -n "$opt_tarball" ]; then
			src_name=KERNEL_TARBALL=$opt_tarball
		else
			src_name=$src
		fi
		[ -f "$src" ] || die "$src_name: no such file"
		src=$(readlink -f "$src")
		src_kind=tarball
		src_id=$(stat -c '%s %Y' "$src")
	fi
	src_id="$src_kind $src $src_id"
}

# fetch_source: the tarball of a kernel that this machine's suite does not have, by
# an apt with lists of its own, so that the machine gets no other suite.
fetch_source() {
	apt_own=$BUILD/source/apt
	stage "fetch $DEB_PACKAGE from $DEB_SUITE, by an apt configuration of its own"
	command -v apt-get >/dev/null ||
		die "there is no apt-get to fetch $DEB_PACKAGE with: name a tree of Linux $version.y with KERNEL_TREE, or KERNEL_TARBALL"
	mkdir -p "$apt_own/lists/partial" "$apt_own/cache/archives/partial"
	# where this machine has Debian from
	# shellcheck disable=SC2016 # apt expands it
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Label: Debian' 2>/dev/null | head -n 1)
	[ -n "$mirror" ] || die "apt-get knows no mirror of Debian: apt-get update, or name a tree with KERNEL_TREE"
	printf 'deb [signed-by=%s] %s %s main\n' \
		/usr/share/keyrings/debian-archive-keyring.gpg "$mirror" "$DEB_SUITE" \
		>"$apt_own/sources.list"
	cat >"$apt_own/apt.conf" <<-CONF
		Dir::Etc::SourceList "$apt_own/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::State::Lists "$apt_own/lists";
		Dir::Cache "$apt_own/cache";
		APT::Sandbox::User "";
		Acquire::Retries "2";
	CONF
	# shellcheck disable=SC2016 # expanded by the inner shell
	APT_CONFIG=$apt_own/apt.conf logged fetch sh -euc '
		cd "$1"
		rm -f ./*.deb
		apt-get -q update
		apt-get -q download "$2"
		dpkg-deb --fsys-tarfile ./*.deb |
			tar -xf - -C apt --strip-components=3 "./usr/src/$2.tar.xz"
		mv "apt/$2.tar.xz" .
		rm -rf ./*.deb apt/lists apt/cache
		' fetch "$BUILD/source" "$DEB_PACKAGE"
}

# check_tree DIR NAME: is this a kernel we can work with?
check_tree() {
	if [ ! -f "$1/Makefile" ] || [ ! -f "$1/Kconfig" ] ||
	   [ ! -f "$1/kernel/ptrace.c" ] || [ ! -d "$1/arch/x86" ]; then
		die "$2 is no Linux kernel source tree: name one whose top has Makefile, Kconfig and kernel/"
	fi
	kver=$(kernel_version "$1")
	case $kver in
	6.12 | 6.12.*) other_version=6.12 ;;
	7.3 | 7.3.*) other_version=7.3 ;;
	*) other_version= ;;
	esac
	case $kver in
	"$version" | "$version".*) ;;
	*) die "$2 is Linux $kver: this series is for $version.y, name such a tree${other_version:+, or KERNEL=$other_version}" ;;
	esac
}

kernel_version() {
	awk -F ' *= *' '
		$1 == "VERSION" { v = $2 }
		$1 == "PATCHLEVEL" { p = $2 }
		$1 == "SUBLEVEL" { s = $2 }
		$1 == "EXTRAVERSION" { print v "." p "." s $2; exit }
	' "$1/Makefile"
}

# Make build/linux hold the selected source as its commit "base".
need_source() {
	find_source
	if [ -e "$BUILD/.source" ] && [ "$(cat "$BUILD/.source")" = "$src_id" ] &&
	   lgit rev-parse -q --verify 'refs/tags/base^{commit}' >/dev/null 2>&1; then
		return
	fi
	if [ -d "$LINUX/.git" ]; then
		tree_guard
	fi

	new=$BUILD/linux.new
	rm -rf "$new"
	cleanup="rm -rf \"\$BUILD/linux.new\""
	if [ "$src_kind" = tarball ]; then
		stage "unpack ${src##*/}"
		mkdir -p "$new"
		if ! try_logged unpack tar --no-same-owner -xf "$src" \
				-C "$new" --strip-components=1; then
			die "$src_name cannot be unpacked: $(head -n 1 "$logfile")"
		fi
		check_tree "$new" "$src_name"
	else
		stage "copy $opt_tree"
		mkdir -p "$new"
		list_sources "$src" >"$BUILD/linux.files"
		# shellcheck disable=SC2016 # expanded by the inner shell
		logged copy sh -c 'tar -C "$1" --null --no-recursion -T "$3" -cf - |
			tar -C "$2" --no-same-owner -xf -' sh "$src" "$new" "$BUILD/linux.files"
		rm -f "$BUILD/linux.files"
		check_tree "$new" "KERNEL_TREE=$opt_tree"
		# it may have been built in
		if [ -e "$new/.config" ] || [ -e "$new/include/generated" ]; then
			logged mrproper make -C "$new" mrproper
		fi
	fi

	stage "commit it as the base of $build/linux"
	rm -rf "$new/.git"
	logged import "$ROOT/lab/lib/import-base" "$new" "$kver" "$EPOCH"
	if [ -d "$LINUX/.git" ] &&
	   [ "$(git -C "$new" rev-parse base)" = "$(lgit rev-parse base)" ]; then
		# the same sources from another place: keep what is built
		rm -rf "$new"
	else
		rm -rf "$LINUX" "$BASE"
		mv "$new" "$LINUX"
	fi
	cleanup=
	printf '%s\n' "$src_id" >"$BUILD/.source.new"
	mv "$BUILD/.source.new" "$BUILD/.source"
}

# build/base: the same without the series, made when something needs it.
need_base_tree() {
	base_id=$(lgit rev-parse base)
	if [ -e "$BUILD/.base" ] && [ "$(cat "$BUILD/.base")" = "$base_id" ] &&
	   [ -e "$BASE/Makefile" ]; then
		return
	fi
	stage "check out $build/base, the kernel without the series"
	rm -rf "$BASE" "$BUILD/.base"
	lgit worktree prune
	logged base-tree git -C "$LINUX" worktree add --detach "$BASE" base
	printf '%s\n' "$base_id" >"$BUILD/.base"
}
