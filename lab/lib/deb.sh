# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034
# Debian packages of the patched kernel, and a Debian that is booted from them.

# Configurations of Debian's; a later kernel takes them as well.
DEB_CONFIG_PACKAGE=linux-config-6.12
DEB_CLOUD_CONFIG=/usr/src/$DEB_CONFIG_PACKAGE/config.amd64_none_cloud-amd64.xz

# What bindeb-pkg and Debian's configuration need, and for BOOT=1 a Debian and QEMU.
deb_packages() {
	[ -n "$opt_deb_config" ] || echo "$DEB_CONFIG_PACKAGE $DEB_CLOUD_CONFIG"
	cat <<-'LIST'
	dpkg-dev dpkg-buildpackage
	debhelper dh_listpackages
	kmod /sbin/depmod
	rsync rsync
	libssl-dev /usr/include/openssl/ssl.h
	openssl openssl
	zstd zstd
	LIST
	[ -z "$opt_boot" ] || cat <<-'LIST'
	mmdebstrap mmdebstrap
	e2fsprogs /sbin/mke2fs
	qemu-system-x86 qemu-system-x86_64
	LIST
}

# Objects are in build/obj/$deb_name, packages in build/$deb_name. Another configuration
# has its own, or to try one would undo the work of hours.
deb_name=deb

# deb_configure FILE: .config from that file and lab/config/deb.config, of which every
# line must be in it. It is only written if one of them has changed.
deb_configure() {
	tree=linux
	kmake_obj=$deb_name
	obj=$BUILD/obj/$deb_name
	mkdir -p "$obj"
	: >"$obj/.lab-series"
	cp "$ROOT/lab/config/deb.config" "$obj/.lab-config"
	case $1 in
	*.xz) xz -dc "$1" ;;
	*) cat "$1" ;;
	esac >"$obj/.lab-given.new" || die "$1 cannot be read"
	# certificates that are in Debian's source package only
	grep -v '^CONFIG_[A-Z0-9_]*="debian/' "$obj/.lab-given.new" >"$obj/.lab-given" || :
	grep -q '^CONFIG_MODULES=y' "$obj/.lab-given" ||
		die "$1 is no configuration of a kernel with modules: it has no line CONFIG_MODULES=y"
	# Then every module is signed, with a key that the build makes.
	if grep -q '^CONFIG_MODULE_SIG=y' "$obj/.lab-given"; then
		printf '%s\n' CONFIG_MODULE_SIG=y CONFIG_MODULE_SIG_ALL=y \
			'CONFIG_MODULE_SIG_KEY="certs/signing_key.pem"' >>"$obj/.lab-config"
	fi
	cat "$obj/.lab-given" "$obj/.lab-config" >"$obj/.lab-wanted.new"
	if ! cmp -s "$obj/.lab-wanted.new" "$obj/.lab-wanted" || [ ! -e "$obj/.config" ]; then
		cp "$obj/.lab-wanted.new" "$obj/.config"
		mv "$obj/.lab-wanted.new" "$obj/.lab-wanted"
	fi
	kmake config-deb linux olddefconfig
	check_config
	kmake prepare-deb linux prepare
	deb_release=$(cat "$obj/include/config/kernel.release")
	note "$deb_release: $(grep -c '=y$' "$obj/.config") options are built in, $(grep -c '=m$' "$obj/.config") are modules"
	deb_differences
}

# What of the file given did not come into .config, beside what is wanted otherwise.
# An option that this kernel or compiler does not have is no fault; but one should see it.
deb_differences() {
	awk '
		/^CONFIG_/ { opt = val = $0; sub(/=.*/, "", opt); sub(/^[^=]*=/, "", val) }
		!/^CONFIG_/ { next }
		FILENAME ~ /lab-config$/ { mine[opt] = 1; next }
		FILENAME ~ /lab-given$/ { if (val != "n") want[opt] = val; next }
		{ got[opt] = val }
		END {
			for (opt in want)
				if (!(opt in mine) && got[opt] != want[opt] &&
				    opt !~ /_VERSION(_TEXT)?$|^CONFIG_(HAVE|CC_HAS|AS_HAS|LD_HAS|GCC_HAS|TOOLS_SUPPORT|RUSTC|PAHOLE|DEBUG_INFO|PROBE_EVENTS_BTF|MODULE_ALLOW_BTF)/)
					print opt "=" want[opt] (got[opt] != "" ? ", is " got[opt] : "")
		}' "$obj/.lab-config" "$obj/.lab-given" "$obj/.config" | sort >"$obj/.lab-lost"
	[ -s "$obj/.lab-lost" ] || return 0
	note "not as in the file given: $(wc -l <"$obj/.lab-lost") options, in $(inside "$obj/.lab-lost"):"
	head -n 5 "$obj/.lab-lost" | sed 's/^/           /'
}

# inside FILE: its name, from $ROOT on.
inside() {
	echo "${1#"$ROOT/"}"
}

# The objects that make would compile now, in .lab-objects, and their number.
deb_count() {
	kmake dry-deb linux -n KBUILD_MODULES=1 .
	sed -n "s/.*echo  *'  \(CC\|AS\) \( *\[M\]\)\{0,1\}  *\([^' ]*\.o\)'.*/\3/p" "$LOG/dry-deb.log" |
		sort -u >"$obj/.lab-objects"
	deb_left=$(wc -l <"$obj/.lab-objects")
}

# deb_try: compile some of $deb_left objects, chosen evenly, to know how long they take:
# eight at a time, until a minute is over. Those that ccache has
# are compiled as well, since this is to say how long it takes at most.
deb_try() {
	[ "$deb_left" -gt 0 ] || return 0
	# not where only the directory's own Makefile knows how
	grep -vE '/(vdso|vdso32|boot|rm|purgatory|libstub|compressed)/' "$obj/.lab-objects" |
		awk '{ line[NR] = $0 }
			END {
				for (turn = 0; turn < 8; turn++)
					for (i = 0; i < 8; i++)
						print line[1 + int((8 * i + turn) * NR / 64)]
			}' | awk '!seen[$0]++' >"$obj/.lab-try"
	tried=0
	took=0
	export CCACHE_RECACHE=1
	while [ "$took" -lt 60 ]; do
		# shellcheck disable=SC2046 # a list of words
		set -- $(sed -n "$((tried + 1)),$((tried + 8))p" "$obj/.lab-try")
		[ $# -gt 0 ] || break
		t1=$(date +%s)
		kmake try-deb linux "$@"
		t2=$(date +%s)
		tried=$((tried + $#))
		# once more with nothing to do: what make itself takes
		[ -n "${idle:-}" ] || {
			kmake try-deb linux "$@"
			idle=$(($(date +%s) - t2))
		}
		[ $((t2 - t1)) -le "$idle" ] || took=$((took + t2 - t1 - idle))
	done
	unset CCACHE_RECACHE
	[ "$tried" -gt 0 ] || return 0
	[ "$took" -gt 0 ] || took=1
	deb_seconds=$((deb_left * took / tried))
	note "$tried of them, chosen evenly, were compiled in $(clock "$took")"
}

# need_room: for each object some 400 KiB, with its command file, the modules and images
# that it is linked to; and the packages.
need_room() {
	want=$((deb_left * 400 / 1048576 + 1))
	need_gib "$want" "the rest of the build"
	note "disk: it needs $want GiB, $have GiB are free"
}

# clock SECONDS
clock() {
	if [ "$1" -lt 3600 ]; then
		printf '%d:%02d minutes\n' $(($1 / 60)) $(($1 % 60))
	else
		printf '%d:%02d hours\n' $(($1 / 3600)) $(($1 / 60 % 60))
	fi
}

# deb_line LOG: how many objects that log has, of how many, and how long the rest takes.
deb_line() {
	awk -v left="$deb_left" -v t="$(($(date +%s) - deb_start))" '
		($1 == "CC" || $1 == "AS") && !/\.mod\.o$/ { n++ }
		END {
			printf "%d of %d objects", n, left
			if (n >= 50 && n < left) {
				m = int(t / n * (left - n) / 60)
				printf ", %d:%02d hours left", m / 60, m % 60
			}
		}' "$1"
}

# deb_build: all that "make" makes. On a terminal the moving line has the number of
# objects, else a line says it now and then.
deb_build() {
	deb_start=$(date +%s)
	if [ ! -t 1 ] && [ -z "$opt_verbose" ]; then
		deb_tell &
		teller=$!
		cleanup="kill $teller 2>/dev/null || :"
	fi
	beat_says=deb_line
	kmake build-deb linux all
	beat_says=
	[ -z "$cleanup" ] || kill "$teller"
	cleanup=
}

deb_tell() {
	trap - EXIT INT TERM HUP
	turn=0
	# a sleep that outlives this is not to hold the lock or the output
	while sleep 10 >/dev/null 2>&1 9>&-; do
		kill -0 $$ 2>/dev/null || exit 0
		turn=$(((turn + 1) % 30))
		[ "$turn" != 0 ] ||
			note "$(clock $(($(date +%s) - deb_start))): $(deb_line "$LOG/build-deb.log")"
	done
}

# deb_pack: linux-{image,headers}-*.deb. linux-libc-dev, which bindeb-pkg
# makes too, is not kept: installed, it would take the place of the distribution's.
deb_pack() {
	mkdir -p "$BUILD/$deb_name"
	image=$BUILD/$deb_name/linux-image-${deb_release}_$kver-1_amd64.deb
	headers=$BUILD/$deb_name/linux-headers-${deb_release}_$kver-1_amd64.deb
	if [ -e "$image" ] && [ -e "$headers" ] && [ -z "$(find "$obj" \( -name '*.ko' -o \
		-name vmlinux -o -name .config \) -newer "$image" -print -quit)" ]; then
		stage "the packages, unchanged"
		return
	fi
	stage "make the packages: sign and compress modules, compress all of it (log: $build/log/pack-deb.log)"
	rm -f "$BUILD/$deb_name"/*
	export DEB_BUILD_OPTIONS=terse DEBFULLNAME="make deb" DEBEMAIL=root@localhost
	kmake_vars="KDEB_PKGVERSION=$kver-1 KDEB_CHANGELOG_DIST=unstable"
	kmake pack-deb linux bindeb-pkg
	kmake_vars=
	unset DEB_BUILD_OPTIONS
	# the image last, because it says that all is there
	for made in "$headers" "$image"; do
		[ -s "$BUILD/obj/${made##*/}" ] ||
			die "bindeb-pkg made no ${made##*/}: see $build/log/pack-deb.log"
		mv "$BUILD/obj/${made##*/}" "$made"
	done
	rm -f "$BUILD/obj"/linux-libc-dev_*.deb "$BUILD/obj"/linux-upstream_*
}

# need_root: $as_root is what a command begins with that needs root.
need_root() {
	if [ "$(id -u)" = 0 ]; then
		as_root=
	elif command -v sudo >/dev/null && sudo -v; then
		as_root=sudo
	else
		die "BOOT=1 installs the package into a Debian of its own, which needs root: run it as root, or with sudo installed"
	fi
}

# deb_root: a Debian with the package and UML in it, and what it boots from, in
# build/deb-boot.
deb_root() {
	boot=$BUILD/deb-boot
	mkdir -p "$boot"
	begin_root probe
	end_root "$boot/probe.gz"
	begin_root init uml
	uml_root=$BUILD/root.tmp/uml
	begin_busybox "$uml_root" "$ROOT/lab/guest/uml-init"
	pack "$uml_root" "$root/lab/uml-initramfs.gz"
	rm -rf "$boot/lab"
	mv "$root/lab" "$boot/lab"
	rm -rf "$BUILD/root.tmp"
	cleanup=
	# What this machine runs, from where it has it.
	sed -n 's/^VERSION_CODENAME=//p' /etc/os-release >"$boot/suite"
	# shellcheck disable=SC2016 # apt expands it
	apt-get indextargets --format 'deb $(REPO_URI) $(CODENAME) $(COMPONENT)' \
		'Created-By: Packages' 'Origin: Debian' | sort -u >"$boot/sources"
	[ -s "$boot/sources" ] || die "apt-get knows no mirror of Debian: run apt-get update as root"
	apt-config dump --no-empty Acquire | sed -n '/::[Pp]roxy/p' >"$boot/apt.conf"
	# Not in a session of its own: sudo may ask its terminal.
	mkdir -p "$LOG"
	logfile=$LOG/debian.log
	$as_root nice "$ROOT/lab/lib/make-debian" "$boot" "$image" "$deb_release" >"$logfile" 2>&1 ||
		show_failure debian
	note "$(tail -n 1 "$logfile")"
}
