# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Configure and build a kernel.

suffix=					# of the directories of objects

# For a target that KIND is not for.
no_kind() {
	[ -z "$opt_kind" ] ||
		die "KIND=$opt_kind is not for this target: its kernels have a configuration of their own"
}

# own_flavour NAME FRAGMENT...: for a script that needs kernels of its own, before
# "ready".
own_flavour() {
	no_kind
	suffix=-$1
	shift
	fragments="guest.config $*"
	slow=2
}

# The flavour of this run: a suffix of the object directories and the config
# fragments that make it, and how many times as long all may take.
flavour() {
	[ -z "$suffix" ] || return 0
	fragments="guest.config"
	slow=1
	case $opt_kind in
	'')
		return
		;;
	kasan | lockdep | kcsan | rt)
		fragments="$fragments watch.config $opt_kind.config"
		suffix=-$opt_kind
		slow=8
		;;
	*)
		die "KIND=$opt_kind: it is kasan, lockdep, kcsan or rt; lab/config says what these are"
		;;
	esac
}

# ready JOB [KERNEL...]: what a script begins with. The packages of JOB, the
# tree, and these kernels built, base or linux or both.
ready() {
	lock
	flavour
	need_space
	need_packages "$1"
	need_tree
	shift
	for k; do
		[ "$k" != base ] || need_base_tree
		need_kernel "$k"
	done
	[ "$*" != "base linux" ] || compare_configs
}

# $kernel is what KERNEL says, for a target that has one or the other; see lock().
choose_kernel() {
	kernel=${opt_kernel:-linux}
	case $kernel in
	base | linux) opt_kernel= ;;
	esac
}

# bzimage_of base|linux: where it is built. A path stays what it is.
bzimage_of() {
	case $1 in
	base | linux) echo "$BUILD/obj/$1$suffix/arch/x86/boot/bzImage" ;;
	*) echo "$1" ;;
	esac
}

kmake_vars=				# variables of make, for all that is built

# The objects that KCSAN watches: those of the series, and their neighbours.
kcsan_objects() {
	# wait.c is a part of build_utility.c
	lgit diff --name-only --diff-filter=d base "$tip" -- 'kernel/*.c' 'fs/*.c' 'lib/*.c' \
		'arch/x86/*.c' 'samples/*.c' | sed 's/\.c$/.o/; s,sched/wait\.o,sched/build_utility.o,'
	echo kernel/task_work.o kernel/seccomp.o kernel/pid.o
	echo arch/x86/kernel/ptrace.o arch/x86/kernel/signal.o arch/x86/kernel/step.o
}

# kmake LOG TREE TARGET...: make in build/TREE with its objects in build/obj.
# Name and date in the kernel are fixed, so that nothing is built again
# only because time has passed; the host name tells the two kernels apart.
kmake() {
	kmake_log=$1
	kmake_tree=$2
	shift 2
	case $kmake_tree in
	base) host=unpatched ;;
	*) host=patched ;;
	esac
	makefiles=
	objects=
	if [ "$suffix" = -kcsan ] && [ -z "${kmake_arch:-}" ]; then
		makefiles=$ROOT/lab/config/kcsan.mk
		objects=$(kcsan_objects | tr '\n' ' ')
	fi
	# shellcheck disable=SC2086 # a list of words
	"${kmake_run:-logged}" "$kmake_log" env MAKEFILES="$makefiles" LAB_KCSAN_OBJECTS="$objects" \
		make -C "$BUILD/$kmake_tree" \
		O="$BUILD/obj/${kmake_obj:-$kmake_tree$suffix}" ARCH="${kmake_arch:-x86_64}" \
		CC="ccache gcc" HOSTCC="ccache gcc" LOCALVERSION= \
		KBUILD_BUILD_TIMESTAMP="Wed Jan  1 00:00:00 UTC 2025" \
		KBUILD_BUILD_USER=lab KBUILD_BUILD_HOST="$host" \
		KBUILD_BUILD_VERSION=1 -j "$(nproc)" $kmake_vars "$@"
}

# copy_objects FROM TO TREE: objects of TREE in another directory, where only what is
# different there is compiled. objtool is built again for its new place, and all the
# rest would be because it is newer.
copy_objects() {
	rm -rf "$BUILD/obj/$2"
	cp -a "$BUILD/obj/$1" "$BUILD/obj/$2"
	kmake_obj=$2
	kmake "prepare-$2" "$3" prepare
	kmake_obj=
	find "$BUILD/obj/$2/tools" -type f -exec touch -r "$BUILD/obj/$1/tools/objtool/objtool" {} +
}

# Options that only the series knows: series.config, and what the selftests
# that it brings ask for in their "config" files.
series_options() {
	cat "$ROOT/lab/config/series.config"
	sed -n 's/^\([a-z0-9_]*\)[[:space:]]*patched$/\1/p' "$ROOT/lab/selftests.list" |
	while read -r target; do
		f=$LINUX/tools/testing/selftests/$target/config
		[ ! -e "$f" ] || cat "$f"
	done
}

# options_of FILE...: the options in them, by the names that this kernel has for them
options_of() {
	if [ -e "$ROOT/lab/config/$version.sed" ]; then
		sed -f "$ROOT/lab/config/$version.sed" "$@"
	else
		cat "$@"
	fi
}

configure() {
	tree=$1
	obj=$BUILD/obj/$tree$suffix
	mkdir -p "$obj"
	series_options >"$obj/.lab-series"
	# shellcheck disable=SC2086 # a list of words
	(cd "$ROOT/lab/config" && options_of $fragments "$obj/.lab-series") >"$obj/.lab-config"
	kmake "config-$tree$suffix" "$tree" KCONFIG_ALLCONFIG="$obj/.lab-config" allnoconfig
	check_config
}

# Everything that was asked for must be in the .config; of two lines about
# one option the later counts. Only the series' own options may be absent,
# and only without the series.
check_config() {
	unset_opts=$(awk -v base="$([ "$tree" != base ] || echo 1)" '
		!/^CONFIG_/ { next }
		{ opt = val = $0; sub(/=.*/, "", opt); sub(/^[^=]*=/, "", val) }
		FILENAME ~ /lab-series$/ { series[opt] = 1; next }
		FILENAME ~ /lab-config$/ { want[opt] = val; next }
		{ got[opt] = val }
		END {
			for (opt in want) {
				val = opt in got ? got[opt] : "n"
				if (val != want[opt] && !(base && opt in series))
					printf " %s=%s", opt, want[opt]
			}
		}' "$obj/.lab-series" "$obj/.lab-config" "$obj/.config")
	[ -z "$unset_opts" ] ||
		die "$build/$tree does not take these options:$unset_opts; a dependency is missing in lab/config/, or this kernel has no such option"
}

# need_kernel base|linux: build it.
need_kernel() {
	tree=$1
	case $tree in
	base) what=unpatched ;;
	*) what=patched ;;
	esac
	obj=$BUILD/obj/$tree$suffix
	image=$(bzimage_of "$tree")
	if [ -e "$image" ]; then
		stage "build the $what kernel${suffix:+ ($suffix)}, what has changed of it"
	else
		stage "build the $what kernel${suffix:+ ($suffix)}; from nothing this takes minutes (log: $build/log/build-$tree$suffix.log)"
	fi
	configure "$tree"
	kmake "build-$tree$suffix" "$tree" bzImage
	[ -s "$image" ] || die "the build ended without a kernel: see $build/log/build-$tree$suffix.log"
}

# Same options on both sides, but for those that the series brings.
compare_configs() {
	diff "$BUILD/obj/base$suffix/.config" "$BUILD/obj/linux$suffix/.config" \
		>"$BUILD/config.diff" || :
	# a symbol that base has no Kconfig entry for is the series' own
	strange=$(sed -n 's/^[<>] .*\(CONFIG_[A-Za-z0-9_]*\).*/\1/p' "$BUILD/config.diff" |
		sort -u | while read -r sym; do
		grep -rqE --include='Kconfig*' "^[[:space:]]*(menu)?config ${sym#CONFIG_}$" "$BASE" &&
			printf ' %s' "$sym"
	done) || :
	if [ -n "$strange" ]; then
		die "the two kernels are configured differently:$strange ($build/config.diff)"
	fi
	n=$(grep -c '^>' "$BUILD/config.diff") || :
	if [ "$n" = 0 ]; then
		note "both kernels have the same configuration"
	else
		note "both kernels have the same configuration but for $n lines that the series adds:"
		sed -n 's/^> /           /p' "$BUILD/config.diff"
	fi
}
