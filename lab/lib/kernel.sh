# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Configure and build a kernel.

# The flavour of this run: a suffix of the object directories and the config
# fragments that make it.
flavour() {
	[ -z "$opt_debug" ] || [ -z "$opt_kcsan" ] ||
		die "DEBUG=1 and KCSAN=1 are both given: KASAN and KCSAN exclude each other, choose one"
	fragments="guest.config"
	suffix=
	if [ -n "$opt_debug" ]; then
		fragments="$fragments debug.config"
		suffix=-debug
	elif [ -n "$opt_kcsan" ]; then
		fragments="$fragments kcsan.config"
		suffix=-kcsan
	fi
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
	logged "$kmake_log" nice make -C "$BUILD/$kmake_tree" \
		O="$BUILD/obj/$kmake_tree$suffix" ARCH=x86_64 \
		CC="ccache gcc" HOSTCC="ccache gcc" LOCALVERSION= \
		KBUILD_BUILD_TIMESTAMP="Wed Jan  1 00:00:00 UTC 2025" \
		KBUILD_BUILD_USER=lab KBUILD_BUILD_HOST="$host" \
		KBUILD_BUILD_VERSION=1 -j "$(nproc)" "$@"
}

configure() {
	tree=$1
	obj=$BUILD/obj/$tree$suffix
	mkdir -p "$obj"
	want=$obj/.lab-config
	for f in $fragments series.config; do
		cat "$ROOT/lab/config/$f"
	done >"$want"
	kmake "config-$tree$suffix" "$tree" KCONFIG_ALLCONFIG="$want" allnoconfig
	check_config "$tree" "$want" "$obj/.config"
}

# Everything that was asked for must be in the .config. Only options of
# series.config may be absent, and only without the series.
check_config() {
	unset_opts=
	while IFS= read -r line; do
		case $line in
		CONFIG_*=n) grep -q "^${line%n}" "$3" || continue ;;
		CONFIG_*=*) ! grep -qxF -- "$line" "$3" || continue ;;
		*) continue ;;
		esac
		if [ "$1" = base ] &&
		   grep -qxF -- "$line" "$ROOT/lab/config/series.config"; then
			continue
		fi
		unset_opts="$unset_opts ${line}"
	done <"$2"
	[ -z "$unset_opts" ] ||
		die "build/$1 does not take these options:$unset_opts; a dependency is missing in lab/config/, or the option is not in this kernel"
}

# need_kernel base|linux: build it; $bzimage is the result.
need_kernel() {
	tree=$1
	case $tree in
	base) what=unpatched ;;
	*) what=patched ;;
	esac
	obj=$BUILD/obj/$tree$suffix
	bzimage=$obj/arch/x86/boot/bzImage
	if [ -e "$bzimage" ]; then
		stage "build the $what kernel${suffix:+ ($suffix)}, what has changed of it"
	else
		stage "build the $what kernel${suffix:+ ($suffix)}; from nothing this takes minutes (log: build/log/build-$tree$suffix.log)"
	fi
	command -v ccache >/dev/null || die "ccache is missing: apt-get install ccache"
	configure "$tree"
	kmake "build-$tree$suffix" "$tree" bzImage
	[ -s "$bzimage" ] || die "the build ended without a kernel: see build/log/build-$tree$suffix.log"
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
		die "the two kernels are configured differently:$strange (build/config.diff)"
	fi
	n=$(grep -c '^>' "$BUILD/config.diff") || :
	if [ "$n" = 0 ]; then
		note "both kernels have the same configuration"
	else
		note "both kernels have the same configuration but for $n lines that the series adds:"
		sed -n 's/^> /           /p' "$BUILD/config.diff"
	fi
}
