# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034
# Paths, messages, logs, the lock and clean ends: what every script shares.
# Sourced by the scripts in lab/bin, which set ROOT first.

# What the caller may choose. Taken out of the environment, because the
# kernel's own Makefiles read some of these names too.
opt_tree=${KERNEL_TREE:-}
opt_tarball=${KERNEL_TARBALL:-}
opt_accel=${ACCEL:-}
opt_kind=${KIND:-}
opt_kernel_words=${KERNEL:-}
opt_verbose=${V:-}
opt_force=${FORCE:-}
unset KERNEL_TREE KERNEL_TARBALL ACCEL KIND KERNEL V FORCE
# 0 is no, here and where a script has taken its own
for o in verbose force full dry boot turns; do
	eval "[ \"\${opt_$o:-}\" != 0 ] || opt_$o="
done
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL GNUMAKEFLAGS MAKEFILES
unset ARCH CROSS_COMPILE LLVM CC CFLAGS CPPFLAGS LDFLAGS O OUTPUT TARGETS
unset KBUILD_OUTPUT KBUILD_VERBOSE KCFLAGS DEBUG W C GIT_DIR GIT_WORK_TREE
unset GIT_INDEX_FILE
# KERNEL is the kernel that the series is for, then which of the two: "7.3 base".
version=6.12
opt_kernel=
for word in $opt_kernel_words; do
	case $word in
	6.12 | 7.3) version=$word ;;
	*) opt_kernel="${opt_kernel:+$opt_kernel }$word" ;;
	esac
done
for_version=				# what a make in a message has to say
if [ "$version" = 6.12 ]; then
	BUILD=$ROOT/build
	PATCHES=$ROOT/patches
	OVERLAY=$ROOT
else
	for_version=" KERNEL=$version"
	BUILD=$ROOT/build/$version
	PATCHES=$BUILD/patches
	OVERLAY=$BUILD/overlay
fi
build=${BUILD#"$ROOT/"}			# what messages call them
patches=${PATCHES#"$ROOT/"}
LOG=$BUILD/log
RUN=$BUILD/run
LINUX=$BUILD/linux			# the kernel with the series, a git tree
BASE=$BUILD/base			# a worktree of it without the series

export LC_ALL=C TZ=UTC
# Only the git settings that are written here count; and build/ may have been
# made by another user of this checkout.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
# The compiler cache is the user's own, and what one checkout compiled is good
# for another.
export CCACHE_BASEDIR="$ROOT" CCACHE_NOHASHDIR=1
# For programs of the guest. With this directory gcc-VERSION-multilib compiles for
# 32 bit, without gcc-multilib, which conflicts with cross compilers.
export GUEST_CC="gcc -idirafter /usr/include/x86_64-linux-gnu"

tab=$(printf '\t')
T0=$(date +%s)
child=					# process group that runs for us
beat=					# shows how that is getting on
cleanup=				# commands to run at the end

stages=					# lines "SECONDS what began then"

# A stage of the work, with the time since the start.
stage() {
	s=$(($(date +%s) - T0))
	printf '[%3d:%02d] %s\n' $((s / 60)) $((s % 60)) "$*"
	stages="$stages$s $*
"
}

# What took longest of it.
tell_times() {
	echo "where the time went:"
	echo "$stages$(($(date +%s) - T0)) end" | awk '
		$1 - t >= 20 { printf "%5d:%02d %s\n", ($1 - t) / 60, ($1 - t) % 60, what }
		{ t = $1; $1 = ""; what = $0; sub(/ *[;(].*/, "", what) }'
}

note() {
	printf '         %s\n' "$*"
}

die() {
	printf 'lab: %s\n' "$*" >&2
	exit 1
}

# What it drops is not to be dropped by a target that only makes the tree on its way.
case $opt_force,${0##*/} in
,* | *,tree | *,refresh | *,clean) ;;
*) die "FORCE=$opt_force: it is for tree, refresh and distclean" ;;
esac
case $opt_accel in
'' | tcg | kvm) ;;
*) die "ACCEL=$opt_accel: it is tcg or kvm" ;;
esac

# Everything we start runs in a process group of its own, so that an
# interrupt ends all of it: compilers, QEMU, the lot.
stop_child() {
	[ -n "$child" ] || return 0
	kill -s TERM -- "-$child" 2>/dev/null || kill -s TERM "$child" 2>/dev/null || :
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		kill -s 0 -- "-$child" 2>/dev/null || break
		sleep 0.2
	done
	kill -s KILL -- "-$child" 2>/dev/null || :
	child=
}

# For the end of a shell.
stop_work() {
	if [ -n "$beat" ]; then
		kill "$beat" 2>/dev/null || :
		printf '\n'
	fi
	stop_child
}

at_exit() {
	rc=$?
	trap - EXIT
	trap '' INT TERM HUP PIPE
	stop_work
	eval "$cleanup"
	exit "$rc"
}

trap at_exit EXIT
# who reads what we print may be gone already, as with "| tee": then it is not said
trap 'trap "" PIPE; echo "lab: interrupted; the same command continues" >&2 || :; exit 130' INT
trap 'trap "" PIPE; echo "lab: terminated; the same command continues" >&2 || :; exit 143' TERM HUP
trap 'exit 141' PIPE

# Start a command in its own process group; $child is its id.
spawn() {
	setsid setpriv --pdeathsig KILL "$@" &
	child=$!
}

# logged NAME COMMAND...: run a command with its output in build/log/NAME.log;
# its last lines are shown if it fails.
try_logged() {
	logfile=$LOG/$1.log
	shift
	mkdir -p "$LOG"
	: >"$logfile"
	spawn "$@" >>"$logfile" 2>&1 </dev/null
	beat=
	if [ -n "$opt_verbose" ]; then
		tail -n +1 -f "$logfile" --pid="$child" &
		beat=$!
	elif [ -t 1 ]; then
		heartbeat "$logfile" &
		beat=$!
	fi
	logged_rc=0
	wait "$child" || logged_rc=$?
	child=
	if [ -n "$beat" ]; then
		[ -n "$opt_verbose" ] || kill "$beat" 2>/dev/null || :
		wait "$beat" 2>/dev/null || :
		[ -n "$opt_verbose" ] || printf '\r\033[K'
		beat=
	fi
	return "$logged_rc"
}

logged() {
	try_logged "$@" || show_failure "$1"
}

show_failure() {
	tail -n 15 "$logfile" | sed 's/^/    | /' >&2
	die "$1 failed; the whole log is ${logfile#"$ROOT/"}"
}

# On a terminal, one line that moves: how long, and what is done now; before that what
# $beat_says, a function of the log, has to say.
beat_says=
heartbeat() {
	trap - EXIT INT TERM HUP
	exec 9>&-
	h0=$(date +%s)
	while sleep 1 && kill -0 $$ 2>/dev/null; do
		s=$(($(date +%s) - h0))
		printf '\r\033[K         %d:%02d  %.60s' $((s / 60)) $((s % 60)) \
			"${beat_says:+$("$beat_says" "$1");  }$(tail -n 1 "$1" | tr -d '\r')"
	done
}

# One lab at a time in one checkout: they share build/. Every target comes by here.
lock() {
	# what no choose_kernel took
	[ -z "$opt_kernel" ] ||
		die "KERNEL=$opt_kernel: it is 6.12 (the default) or 7.3; for make shell, uml and kernel also base (unpatched)"
	mkdir -p "$BUILD" 2>/dev/null || die "cannot write to $BUILD: give this user a checkout of its own"
	if ! { : >>"$BUILD/.lock"; } 2>/dev/null; then
		die "cannot write to $build: it belongs to another user; use a checkout of your own"
	fi
	exec 9>>"$BUILD/.lock"
	command -v flock >/dev/null || die "missing: flock"
	flock -n 9 || die "another make is at work in this checkout: wait for it, or stop it"
}

unlock() {
	exec 9>&-
}

# need_gib GIB WHAT: so much must be free for WHAT. $have is what is.
need_gib() {
	have=$(df -Pk "$BUILD" | awk 'NR == 2 { print int($4 / 1048576) }')
	[ "$have" -ge "$1" ] ||
		die "no disk space: $2 needs $1 GiB, this file system has $have GiB free; free some, or clone elsewhere"
}

# A first build needs room; say so now, not after half an hour.
need_space() {
	want=6
	if [ -e "$BUILD/obj/linux/vmlinux" ]; then
		want=1
	elif [ -e "$LINUX/.git" ]; then
		want=4
	fi
	need_gib "$want" "$build"
}

sum() {
	sha256sum | cut -c 1-64
}
