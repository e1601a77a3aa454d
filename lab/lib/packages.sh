# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# The Debian packages that a job needs; only what is missing is installed.

# Each line: package, then how to see that it is already here: the name of
# a command, or (with a slash) a file, or "m32" for a 32-bit C compiler.
packages_for() {
	if [ "$1" = model ]; then
		echo "spin spin"
		echo "gcc gcc"
		echo "libc6-dev /usr/include/stdio.h"
		return
	fi
	cat <<-'LIST'
	make make
	gcc gcc
	libc6-dev /usr/include/stdio.h
	flex flex
	bison bison
	bc bc
	libelf-dev /usr/include/gelf.h
	git git
	ccache ccache
	cpio cpio
	xz-utils xz
	busybox-static busybox-static
	LIST
	case $1 in
	check-um) ;;
	nested)
		echo "user-mode-linux linux.uml"
		;;
	*)
		echo "user-mode-linux linux.uml"
		echo "qemu-system-x86 qemu-system-x86_64"
		;;
	esac
	case $1 in
	check-um)
		echo "libcap-dev /usr/include/sys/capability.h"
		echo "bash bash"
		;;
	check)
		echo "$(multilib) m32"
		echo "libcap-dev /usr/include/sys/capability.h"
		echo "bash bash"
		echo "strace strace"
		echo "python3 python3"
		;;
	coverage)
		echo "$(multilib) m32"
		echo "libcap-dev /usr/include/sys/capability.h"
		echo "bash bash"
		echo "lcov lcov"
		;;
	nomem)
		echo "bash bash"
		;;
	lint)
		echo "shellcheck shellcheck"
		echo "sparse sparse"
		echo "perl perl"
		;;
	docs)
		echo "python3 python3"
		echo "python3-sphinx sphinx-build"
		echo "python3-yaml /usr/lib/python3/dist-packages/yaml"
		echo "perl perl"
		;;
	stress)
		echo "$(multilib) m32"
		echo "libcap-dev /usr/include/sys/capability.h"
		echo "bash bash"
		echo "stress-ng stress-ng"
		echo "trinity trinity"
		;;
	check-arch)
		arch_packages
		;;
	tree)
		;;
	esac
}

# The package for -m32, by the version of gcc that is here or Debian 12's. Not
# gcc-multilib: that conflicts with all of Debian's cross compilers.
multilib() {
	echo "gcc-$(gcc -dumpversion 2>/dev/null || echo 12)-multilib"
}

is_here() {
	case $1 in
	m32)
		command -v gcc >/dev/null &&
			printf '%s\n' '#include <errno.h>' 'int main(void) { return 0; }' |
			$GUEST_CC -m32 -static -x c -o /dev/null - 2>/dev/null
		;;
	busybox-static)
		# a dynamic busybox would not run in the guest
		bb=$(command -v busybox) &&
			! ldd "$bb" >/dev/null 2>&1
		;;
	/*)
		[ -e "$1" ]
		;;
	*)
		command -v "$1" >/dev/null
		;;
	esac
}

# need_packages JOB
need_packages() {
	missing=
	if [ "$1" = tree ]; then
		is_here git || missing="$missing git"
		is_here xz || missing="$missing xz-utils"
	else
		missing=$(packages_for "$1" | while read -r pkg test; do
			is_here "$test" || printf ' %s' "$pkg"
		done)
	fi
	if [ "$1" != model ] && [ "$version" = 6.12 ] && [ -z "$opt_tree$opt_tarball" ] && [ ! -e "$DEB_TARBALL" ]; then
		missing="$missing $DEB_PACKAGE"
	fi
	[ -n "$missing" ] || return 0

	stage "install:$missing"
	command -v apt-get >/dev/null ||
		die "missing, and this is no Debian (no apt-get): install by hand:$missing"
	if [ "$(id -u)" = 0 ]; then
		apt=
	elif command -v sudo >/dev/null && sudo -v; then
		apt=sudo
	else
		die "missing:$missing; installing needs root: run 'apt-get install$missing' as root once, then this again"
	fi
	apt="$apt env DEBIAN_FRONTEND=noninteractive apt-get -q -y"
	apt="$apt -o Acquire::Retries=2 -o DPkg::Lock::Timeout=120"
	mkdir -p "$LOG"
	# Not in a session of its own: sudo may ask its terminal.
	# shellcheck disable=SC2086 # both are lists of words
	if ! {
		$apt update && $apt install --no-install-recommends $missing
	} >"$LOG/apt.log" 2>&1; then
		tail -n 5 "$LOG/apt.log" | sed 's/^/    | /' >&2
		die "could not install$missing: is there a network for packages? (log: build/log/apt.log)"
	fi
}
