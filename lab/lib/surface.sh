# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# What user space can reach on both kernels, compared by name.

SURFACE=$RUN/surface

# What the series brings, as an extended regular expression: files of the test engine
# and of the sample, which a kernel for use does not have.
surface_allowed='^file /sys/kernel/debug/(utrace|utrace-answer)(/.*)?$'

# A guest's root with nothing else in it.
need_surface() {
	mkdir -p "$BUILD/surface"
	# shellcheck disable=SC2086 # a list of words
	logged surface $GUEST_CC -O1 -Wall -Wextra -static -o "$BUILD/surface/surface" "$ROOT/lab/guest/surface.c"
	surface_root=$BUILD/initramfs-surface.gz
	begin_root surface
	cp "$BUILD/surface/surface" "$root/bin/surface"
	end_root "$surface_root"
}

# For "both": KERNEL.
surface_guest() {
	mkdir -p "$SURFACE/$1"
	if boot --kernel "$1" --name "surface-$1" --root "$surface_root" --share "$SURFACE/$1" \
			--total $((300 * slow)) --idle $((120 * slow)) surface &&
	   [ "$guest_status" = 0 ] && [ -s "$SURFACE/$1/surface" ]; then
		# what modules can use
		nm "$BUILD/obj/$1$suffix/vmlinux" | sed -n 's/.* __ksymtab_/export /p' |
			sort >>"$SURFACE/$1/surface"
		return 0
	fi
	keep_why "$SURFACE/why.$1" "the guest listed nothing"
	return 1
}

# For make check: results by "say_result FILE NAME STATE DETAIL".
check_surface() {
	rm -rf "$SURFACE"
	mkdir -p "$SURFACE"
	state=pass
	why=
	if ! both surface_guest; then
		state=broken
		why="the list was not made: $(cat "$SURFACE"/why.* | head -n 1)"
	else
		diff "$SURFACE/base/surface" "$SURFACE/linux/surface" >"$SURFACE/diff" || :
		sed -n 's/^> //p' "$SURFACE/diff" >"$SURFACE/new"
		sed -n 's/^< //p' "$SURFACE/diff" >"$SURFACE/gone"
		grep -vE "$surface_allowed" "$SURFACE/new" >"$SURFACE/strange" || :
		cat "$SURFACE/gone" >>"$SURFACE/strange"
		if [ -s "$SURFACE/strange" ]; then
			state=fail
			why="$(wc -l <"$SURFACE/strange") differences, the first: $(head -n 1 "$SURFACE/strange")"
		elif ! grep -qE "$surface_allowed" "$SURFACE/new"; then
			state=broken
			why="the test engine was not seen, so a difference would not be"
		else
			note "$(wc -l <"$SURFACE/base/surface") names are the same, $(wc -l <"$SURFACE/new") are the test engine's and the sample's"
		fi
	fi
	say_result only "surface: nothing new can be reached from user space" "$state" "$why"
}
