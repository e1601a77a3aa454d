# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# What a job needs. On Debian what is missing is installed; elsewhere it is named.

# Each line: Debian's package, then how to see that what it brings is here: the name
# of a command, a file (with a slash), <a header>, Python's module (python3:NAME), or
# a word that is_here knows.
packages_for() {
	if [ "$1" = model ]; then
		echo "spin spin"
		echo "gcc gcc"
		echo "libc6-dev static-libc"
		return
	fi
	if [ "$1" = pictures ]; then
		echo "graphviz dot"
		echo "gnuplot-nox gnuplot"
		echo "fonts-dejavu-core dejavu"
		return
	fi
	cat <<-'LIST'
	make make
	gcc gcc
	libc6-dev static-libc
	flex flex
	bison bison
	bc bc
	libelf-dev <gelf.h>
	git git
	ccache ccache
	cpio cpio
	xz-utils xz
	busybox-static busybox-static
	LIST
	# what every Debian has; Debian's UML, which only Debian has: see choose_uml
	if ! has_apt; then
		for program in $OF_EVERY_DEBIAN; do
			echo "$program $program"
		done
	else
		case $1 in
		check-um | deb | docs | lint | check-arch) ;;
		*) echo "user-mode-linux linux.uml" ;;
		esac
	fi
	case $1 in
	check-um | nested | deb | docs | lint | check-arch) ;;
	*) echo "qemu-system-x86 qemu-system-x86_64" ;;
	esac
	case $1 in
	check-um)
		echo "libcap-dev <sys/capability.h>"
		echo "bash bash"
		;;
	check)
		echo "$(multilib) m32"
		echo "libcap-dev <sys/capability.h>"
		echo "bash bash"
		echo "strace strace"
		echo "python3 python3"
		;;
	coverage)
		echo "$(multilib) m32"
		echo "libcap-dev <sys/capability.h>"
		echo "bash bash"
		echo "lcov lcov"
		;;
	bench)
		echo "gnuplot-nox gnuplot"
		echo "fonts-dejavu-core dejavu"
		;;
	nomem)
		echo "bash bash"
		;;
	lint)
		echo "shellcheck shellcheck"
		echo "sparse sparse"
		echo "b4 b4"
		echo "perl perl"
		;;
	bisect)
		echo "$(multilib) m32"
		echo "libcap-dev <sys/capability.h>"
		echo "bash bash"
		echo "clang-19 clang-19"
		echo "lld-19 ld.lld-19"
		echo "llvm-19 llvm-objcopy-19"
		echo "sparse sparse"
		echo "coccinelle spatch"
		echo "perl perl"
		;;
	docs)
		echo "python3 python3"
		echo "python3-sphinx sphinx-build"
		echo "python3-yaml python3:yaml"
		echo "perl perl"
		;;
	stress)
		echo "$(multilib) m32"
		echo "libcap-dev <sys/capability.h>"
		echo "bash bash"
		echo "stress-ng stress-ng"
		echo "trinity trinity"
		;;
	check-arch)
		arch_packages
		;;
	deb)
		deb_packages
		;;
	esac
}

OF_EVERY_DEBIAN="awk bash cmp diff find flock gzip ld md5sum od readelf sed setarch setpriv setsid strip tac tar xargs"

has_apt() {
	command -v apt-get >/dev/null
}

# The package for -m32, by the version of gcc that is here or Debian 12's. Not
# gcc-multilib: that conflicts with all of Debian's cross compilers.
multilib() {
	echo "gcc-$(gcc -dumpversion 2>/dev/null || echo 12)-multilib"
}

# compiles TEXT OPTION...: gcc takes this as a program in C.
compiles() {
	text=$1
	shift
	command -v gcc >/dev/null &&
		printf '%b' "$text" | $GUEST_CC "$@" -x c -o /dev/null - 2>/dev/null
}

A_PROGRAM='#include <errno.h>\nint main(void) { return 0; }\n'

is_here() {
	case $1 in
	m32)
		compiles "$A_PROGRAM" -m32 -static
		;;
	static-libc)
		compiles "$A_PROGRAM" -static
		;;
	"<"*)
		# shellcheck disable=SC2046 # a list of words
		compiles "#include $1\n" -E $(pkg-config --cflags libelf 2>/dev/null)
		;;
	busybox-static)
		# a dynamic busybox would not run in the guest
		bb=$(command -v busybox) && command -v readelf >/dev/null &&
			! readelf -Wl "$bb" | grep -q 'program interpreter'
		;;
	python3:*)
		# the machine's own may be another than the first of PATH
		python3 -c "import ${1#*:}" 2>/dev/null ||
			/usr/bin/python3 -c "import ${1#*:}" 2>/dev/null
		;;
	dejavu)
		# by its widths boxes are drawn
		command -v fc-match >/dev/null && fc-match 'DejaVu Sans' | grep -q DejaVu
		;;
	/*)
		[ -e "$1" ]
		;;
	*)
		command -v "$1" >/dev/null
		;;
	esac
}

# say_missing JOB PACKAGE...: what these bring, for who has no such packages.
say_missing() {
	job=$1
	shift
	for pkg; do
		test=$(packages_for "$job" | awk -v p="$pkg" '$1 == p { print $2 }')
		case $test in
		m32) what="a static C library for 32 bit, for gcc -m32 -static" ;;
		static-libc) what="a static C library, for gcc -static" ;;
		busybox-static) what="a static busybox" ;;
		"<"*">") what="${pkg%-dev}'s header ${test#<}" what=${what%>} ;;
		dejavu) what="the font DejaVu Sans" ;;
		python3:*) what="Python's module ${test#*:}" ;;
		'') what="a kernel source (KERNEL_TREE=dir or KERNEL_TARBALL=file)" ;;
		*) what=$test ;;
		esac
		printf '%s' "${sep:-}$what"
		sep=", "
	done
	is_here gcc || printf ' (headers and libraries cannot be seen without gcc)'
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
	if [ "$1" != model ] && [ "$1" != pictures ] &&
	   [ -z "$opt_tree$opt_tarball" ] && [ ! -e "$DEB_TARBALL" ]; then
		# another's is fetched later, unless this comes to its end here
		if [ "$version" = 6.12 ] || { [ -n "$missing" ] && ! has_apt; }; then
			missing="$missing $DEB_PACKAGE"
		fi
	fi
	[ -n "$missing" ] || return 0

	# shellcheck disable=SC2086 # a list of words
	has_apt || die "missing, and there is no apt-get to install it: $(say_missing "$1" $missing)"
	stage "install:$missing"
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
		die "could not install$missing: is there a network for packages? (log: $build/log/apt.log)"
	fi
}
