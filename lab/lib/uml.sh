# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# The main scenario: UML on the guest's SYSEMU, and what must come out of it.

# build_uml NAME TREE FILE...: User Mode Linux of build/TREE with the options of
# these files, $BUILD/obj/NAME/linux.
build_uml() {
	kmake_obj=$1
	kmake_arch=um
	tree=$2
	obj=$BUILD/obj/$1
	shift 2
	mkdir -p "$obj"
	options_of "$@" >"$obj/.lab-config"
	: >"$obj/.lab-series"
	kmake "config-$kmake_obj" "$tree" KCONFIG_ALLCONFIG="$obj/.lab-config" allnoconfig
	check_config
	kmake "build-$kmake_obj" "$tree" linux
	[ -s "$obj/linux" ] || die "the build ended without a UML: see $build/log/build-$kmake_obj.log"
	kmake_obj=
	kmake_arch=
}

# The UML of the unpatched tree: linux-own in the directory $uml_more.
need_own_uml() {
	need_base_tree
	stage "build User Mode Linux $version from the unpatched tree (log: $build/log/build-uml.log)"
	build_uml uml base "$ROOT/lab/config/uml.config"
	uml_more=$BUILD/uml
	mkdir -p "$uml_more"
	strip -o "$uml_more/linux-own" "$obj/linux"
}

# $uml is the UML that people have, Debian's, and $whose_uml says so. Where nothing
# brings it, it is the unpatched tree's.
# shellcheck disable=SC2034 # for what says how it went
choose_uml() {
	whose_uml="Debian's"
	uml=$(command -v linux.uml) && return
	note "there is no linux.uml here, which is Debian's: the lab builds one"
	whose_uml="the unpatched tree's"
	[ -n "${uml_more:-}" ] || need_own_uml
	uml=$uml_more/linux-own
}

# That UML as well, and what runs inside of it: the directory $uml_more.
need_uml() {
	need_own_uml
	# no endbr64, so that there is one count of steps
	# shellcheck disable=SC2086 # a list of words
	logged stepped $GUEST_CC -O1 -Wall -Wextra -static -fno-pie -no-pie -fcf-protection=none \
		-o "$uml_more/stepped" "$ROOT/lab/guest/stepped.c"
}

# The UML that is a host itself: $uml_host, a program of this machine.
need_uml_host() {
	uml_host=$BUILD/obj/uml-host/linux
	if [ -e "$uml_host" ]; then
		stage "build User Mode Linux of the patched tree, what has changed of it"
	else
		stage "build User Mode Linux of the patched tree; from nothing this takes minutes (log: $build/log/build-uml-host.log)"
	fi
	build_uml uml-host linux "$ROOT/lab/config/uml.config" "$ROOT/lab/config/uml-host.config"
}

# Two numbers that nobody knows before this run. UML's userland lists all
# numbers between them in reverse and takes the list's md5; so does the host.
choose_pair() {
	n=$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')
	pair=$n:$((n + 100 + n % 900))
	expected=$(seq "${pair%:*}" "${pair#*:}" | tac | md5sum | cut -d ' ' -f 1)
}

show_uml() {
	sed -n -e 's/^| /    /p' -e 's/^@kernel /    guest: /p'
}

# What the Nth pair comes to; the guest chooses it in the same way.
nth_expected() {
	seq "$((${pair%:*} + $1))" "$((${pair#*:} + 3 * $1))" | tac | md5sum | cut -d ' ' -f 1
}

# uml_section NAME: what the UML of that name printed, from $results.
uml_section() {
	awk -v name="$1" '
		/^@uml / { on = $2 == name }
		/^@exit / && on { print; on = 0 }
		on && sub(/^\| /, "")' "$results"
}

# uml_watched NAME: the engine beside ptrace saw what that UML and its processes
# did; else $uml_why.
uml_watched() {
	for counter in syscall_entry syscall_exit clone signal exit death; do
		n=$(sed -n "s/^@watched $counter //p" "$RUN/$guest_name.$1")
		if [ "${n:-0}" -lt 1 ]; then
			uml_why="the engine saw no $counter"
			return 1
		fi
	done
	note "the engine beside a UML saw $(sed -n 's/^@watched syscall_entry //p' "$RUN/$guest_name.$1") system calls and $(sed -n 's/^@watched clone //p' "$RUN/$guest_name.$1") clones"
}

# uml_good NAME VALUE: true if the UML of that name ran well and computed
# VALUE, else $uml_why.
uml_good() {
	section=$RUN/$guest_name.$1
	uml_section "$1" >"$section"
	got=$(sed -n 's/^uml: value  *//p' "$section" | tail -n 1)
	sysemu=$(sed -n 's/^uml: sysemu  *\([0-9]*\).*/\1/p' "$section" | tail -n 1)
	status=$(sed -n 's/^@exit //p' "$section")
	if ! grep -q '^Checking .*syscall emulation.*OK' "$section"; then
		uml_why="UML did not say that syscall emulation is OK"
	elif [ "$sysemu" != 2 ] && ! grep -qE '^uml: uname  *Linux (6\.12|7\.3)\.' "$section"; then
		uml_why="UML ran, but without PTRACE_SYSEMU and PTRACE_SYSEMU_SINGLESTEP (/proc/sysemu: ${sysemu:-no answer})"
	elif [ -z "$got" ]; then
		uml_why="UML's userland gave no value"
	elif [ "$got" != "$2" ]; then
		uml_why="UML's userland computed $got, right is $2"
	elif [ "$status" != 0 ]; then
		uml_why="UML ended with status $status"
	else
		return 0
	fi
	return 1
}

# run_uml KERNEL one|several OPTION...: boot it, run UML in it, or several; true
# if all ended and Debian's is well, else $guest_why. The lines are in $results.
run_uml() {
	uml_kernel=$1
	uml_number=$2
	shift 2
	boot --kernel "$uml_kernel" --name "uml-$uml_kernel" --total $((1800 * slow)) --idle $((300 * slow)) \
		"$@" uml lab.pair="$pair" lab.uml="$uml_number" || return 1
	if ! uml_good debian "$expected"; then
		guest_why=$uml_why
		return 1
	fi
	[ "$guest_status" = 0 ] || guest_why="UML ended with status $guest_status"
	[ "$guest_status" = 0 ]
}

# uml_said NAME: the UML of that name must have printed every line of standard
# input, which are basic regular expressions; else $uml_why.
uml_said() {
	while read -r line; do
		if ! grep -qx -- "uml: $line" "$RUN/$guest_name.$1"; then
			uml_why=$(grep -m 1 "^uml: ${line%%  *} .*FAIL" "$RUN/$guest_name.$1") ||
				uml_why="it did not print \"uml: $line\""
			return 1
		fi
	done
}

# What the shell's work comes to, which uml-init only prints.
uml_worked() {
	uml_said "$1" <<-LINES
	fork        50 children, each gave its exit status
	exec        20 programs, each gave its output
	file        2000 lines written and read back
	signal      a child ended with status 143
	handler     ran 10 times for 10 signals
	files       $(seq 1 300 | grep -vx '1[0-9]' | md5sum | cut -d ' ' -f 1), 293 names
	long pipe   ONEONEONEONE
	LINES
}

# The programs that trace. stepped says itself what is wrong; this is so that
# its silence counts, too.
uml_stepped() {
	uml_said "$1" <<-'LINES'
	stepped     [1-9][0-9]* steps, [1-9][0-9]* of them at system calls, digest .*
	stepped     [1-9][0-9]* system-call stops
	stepped     signals, by steps: [1-9][0-9]* stops, 2 signals, .*
	stepped     signals, by calls: [1-9][0-9]* stops, 2 signals, .*
	stepped     PTRACE_SYSEMU: errno 5
	LINES
}

uml_strace() {
	uml_said "$1" <<-'LINES'
	strace      status 140: 1 2 3 4 User defined signal 2 *
	strace      PID1:execve("/bin/sh", .*) = 0
	strace      PID1:kill(PID1, SIGUSR2) .*
	strace      PID1:+++ killed by SIGUSR2 +++
	strace      PID2:write(1, "1\\n2\\n3\\n", 6) .* = 6
	strace      PID3:+++ exited with 3 +++
	strace      PID4:execve("/bin/busybox", .*) = 0
	strace      PID4:+++ exited with 0 +++
	LINES
}

# uml_same NAME: true if both kernels' UMLs of that name printed the same up to
# what lab/uml.awk takes away, else $uml_why.
uml_same() {
	for k in base linux; do
		awk -f "$ROOT/lab/uml.awk" "$RUN/uml-$k.$1" >"$RUN/uml-$k.$1.same" || return 1
	done
	if ! grep -q 'Run /init as init process' "$RUN/uml-base.$1.same"; then
		uml_why="no boot log on the unpatched kernel"
	elif cmp -s "$RUN/uml-base.$1.same" "$RUN/uml-linux.$1.same"; then
		return 0
	else
		uml_why=$(diff "$RUN/uml-base.$1.same" "$RUN/uml-linux.$1.same" |
			grep '^[<>]' | head -n 4 | tr '\n' ' ')
	fi
	return 1
}
