# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# The guest's root: busybox, the scripts of lab/guest, and what a job puts in.

# pack DIR FILE: DIR as a compressed cpio archive.
pack() {
	(
		cd "$1" || exit 1
		find . -mindepth 1 | sort | cpio --quiet -o -H newc -R 0:0
	) | gzip -1 -n >"$2.new"
	mv "$2.new" "$2"
}

# bring_libraries: what the programs in $root need to be run, at the same places
# as here: interpreters and libraries, for 64 and 32 bit.
bring_libraries() {
	find "$root" -type f -exec readelf -Wdl {} + 2>/dev/null | awk '
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
			[ -z "$(find "$root/tests" -name "$so")" ] || continue
			name=$so
			so=$(gcc "$mode" -print-file-name="$name")
			[ "$so" != "$name" ] || die "$name is missing, which a selftest needs"
			so=$(cd "${so%/*}" && pwd -P)/$name
		fi
		mkdir -p "$root${so%/*}"
		cp -L "$so" "$root$so"
	done
}

# libraries_of PROGRAM ROOT: its interpreter and libraries, at the paths that
# ldd prints. A static one has none, which ldd tells as an error.
libraries_of() {
	ldd "$1" 2>/dev/null | grep -o '/[^ ]*' | while read -r so; do
		mkdir -p "$2${so%/*}"
		cp -L "$so" "$2$so"
	done
}

# begin_root SCRIPT...: begin a guest's root in $root, with busybox, init and
# these scripts of lab/guest. Then it is filled, and end_root packs it.
begin_root() {
	rm -rf "$BUILD/root.tmp"
	cleanup="rm -rf \"\$BUILD/root.tmp\""
	root=$BUILD/root.tmp/guest
	begin_busybox "$root" "$ROOT/lab/guest/init"
	mkdir "$root/lab"
	for script; do
		cp "$ROOT/lab/guest/$script" "$root/lab/"
	done
}

# begin_busybox DIR INIT
begin_busybox() {
	for d in bin usr/bin proc sys dev tmp root; do
		mkdir -p "$1/$d"
	done
	busybox=$(command -v busybox) || die "busybox is missing"
	cp "$busybox" "$1/bin/busybox"
	ln -s busybox "$1/bin/sh"
	# where the first line of a script looks for it
	ln -s ../../bin/busybox "$1/usr/bin/env"
	cp "$2" "$1/init"
}

# add_uml DIR: the User Mode Linux that choose_uml chose, and a root for it. DIR is
# what need_uml made: another UML, and programs for its root. Or it is empty.
add_uml() {
	uml_root=$BUILD/root.tmp/uml
	begin_busybox "$uml_root" "$ROOT/lab/guest/uml-init"
	if [ -n "$1" ]; then
		cp "$1/linux-own" "$root/usr/bin/linux-own"
		cp "$1/stepped" "$uml_root/bin/stepped"
		cp "$(command -v strace)" "$uml_root/usr/bin/strace"
		libraries_of "$uml_root/usr/bin/strace" "$uml_root"
	fi
	chmod -R a+rX "$uml_root"
	pack "$uml_root" "$root/lab/uml-initramfs.gz"
	cp "$uml" "$root/usr/bin/linux.uml"
	libraries_of "$uml" "$root"
}

# add_tests DIR: it becomes /tests.
add_tests() {
	cp -a "$1" "$root/tests"
	# for the scripts among the tests
	cp "$(command -v bash)" "$root/bin/bash"
	bring_libraries
}

# end_root FILE
end_root() {
	chmod -R a+rX "$root"
	pack "$root" "$1"
	rm -rf "$BUILD/root.tmp"
	cleanup=
}
