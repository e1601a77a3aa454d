# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# The main scenario: UML on the guest's SYSEMU, and what must come out of it.

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

# run_uml NAME: boot $bzimage, UML in it; true if all is well, else
# $guest_why. The lines are in $results.
run_uml() {
	boot_name=uml-$1
	slow=1
	[ -z "$suffix" ] || slow=5
	boot uml $((300 * slow)) $((90 * slow)) lab.pair="$pair" || return 1
	got=$(sed -n 's/^| uml: value  *//p' "$results" | tail -n 1)
	sysemu=$(sed -n 's/^| uml: sysemu  *\([0-9]*\).*/\1/p' "$results" | tail -n 1)
	if ! grep -q '^| Checking .*syscall emulation.*OK' "$results"; then
		guest_why="UML did not say that syscall emulation is OK"
	elif [ "$sysemu" != 2 ]; then
		guest_why="UML ran, but without PTRACE_SYSEMU and PTRACE_SYSEMU_SINGLESTEP (/proc/sysemu: ${sysemu:-no answer})"
	elif [ -z "$got" ]; then
		guest_why="UML's userland gave no value"
	elif [ "$got" != "$expected" ]; then
		guest_why="UML's userland computed $got, right is $expected"
	elif [ "$guest_status" != 0 ]; then
		guest_why="UML ended with status $guest_status"
	else
		return 0
	fi
	return 1
}
