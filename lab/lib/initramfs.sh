# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# The guest's root: busybox, the scripts of lab/guest, UML with a root of its
# own, and the test programs where there are any.

# pack DIR FILE: DIR as a compressed cpio archive.
pack() {
	(
		cd "$1" || exit 1
		find . -mindepth 1 | sort | cpio --quiet -o -H newc -R 0:0
	) | gzip -1 -n >"$2.new"
	mv "$2.new" "$2"
}

# bring_libraries ROOT: what the programs below ROOT need to be run, at the
# same places as here: interpreters and libraries, for 64 and 32 bit.
bring_libraries() {
	find "$1" -type f -exec readelf -Wdl {} + 2>/dev/null | awk '
		/^File: / { mode = "" }
		/Requesting program interpreter:/ {
			sub(/\]$/, "", $NF)
			mode = $NF ~ /ld-linux\.so/ ? "-m32" : "-m64"
			print "interpreter", $NF
			# wanted by those that end threads
			print mode, "libgcc_s.so.1"
		}
		/\(NEEDED\)/ && mode != "" {
			gsub(/[][]/, "", $NF)
			print mode, $NF
		}' | sort -u | while read -r mode so; do
		if [ "$mode" != interpreter ]; then
			# a library that a suite built stays beside its programs
			[ -z "$(find "$1/tests" -name "$so")" ] || continue
			name=$so
			so=$(gcc "$mode" -print-file-name="$name")
			[ "$so" != "$name" ] || die "$name is missing, which a selftest needs"
			so=$(cd "${so%/*}" && pwd -P)/$name
		fi
		mkdir -p "$root/guest${so%/*}"
		cp -L "$so" "$root/guest$so"
	done
}

# libraries_of PROGRAM ROOT: its interpreter and libraries, at the paths that
# ldd prints.
libraries_of() {
	ldd "$1" | grep -o '/[^ ]*' | while read -r so; do
		mkdir -p "$2${so%/*}"
		cp -L "$so" "$2$so"
	done
}

# need_initramfs FILE [TESTS [UML]]: make $initramfs; TESTS is a directory that
# becomes /tests. UML is what need_uml made: another UML, and programs for its
# root.
need_initramfs() {
	initramfs=$1
	root=$BUILD/initramfs.tmp
	rm -rf "$root"
	cleanup="rm -rf \"\$BUILD/initramfs.tmp\""
	busybox=$(command -v busybox) || die "busybox is missing: apt-get install busybox-static"
	uml=$(command -v linux.uml) || die "linux.uml is missing: apt-get install user-mode-linux"

	for d in bin usr/bin proc sys dev tmp root; do
		mkdir -p "$root/uml/$d" "$root/guest/$d"
	done
	cp "$busybox" "$root/uml/bin/busybox"
	cp "$ROOT/lab/guest/uml-init" "$root/uml/init"
	ln -s busybox "$root/uml/bin/sh"

	cp "$busybox" "$root/guest/bin/busybox"
	ln -s busybox "$root/guest/bin/sh"
	mkdir "$root/guest/lab"
	cp "$ROOT/lab/guest/init" "$root/guest/init"
	for f in uml probe tests; do
		cp "$ROOT/lab/guest/$f" "$root/guest/lab/$f"
	done
	if [ -n "${3:-}" ]; then
		cp "$3/linux-own" "$root/guest/usr/bin/linux-own"
		cp "$3/stepped" "$root/uml/bin/stepped"
		cp "$(command -v strace)" "$root/uml/usr/bin/strace"
		libraries_of "$root/uml/usr/bin/strace" "$root/uml"
	fi
	pack "$root/uml" "$root/guest/lab/uml-initramfs.gz"
	cp "$uml" "$root/guest/usr/bin/linux.uml"
	libraries_of "$uml" "$root/guest"
	chmod -R a+rX "$root"
	if [ -n "${2:-}" ]; then
		cp -a "$2" "$root/guest/tests"
		# for the scripts among the tests
		cp "$(command -v bash)" "$root/guest/bin/bash"
		bring_libraries "$root/guest"
	fi
	pack "$root/guest" "$initramfs"
	rm -rf "$root"
	cleanup=
}
