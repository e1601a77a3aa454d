# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Boot a kernel in QEMU, watch it, and say truly how it ended.

# What a healthy kernel never says. User programs that fault are reported
# as "traps: ... general protection fault", so that alone is none of these.
SPLAT='Kernel panic|Oops|BUG: |WARNING: |INFO: task .* blocked|INFO: rcu_|rcu: INFO|INFO: possible|INFO: trying to register|possible (recursive|circular|irq)|suspicious RCU usage|soft lockup|hard LOCKUP|double fault|kernel stack overflow|kernel BUG at|BUG kmalloc|ODEBUG: |unable to handle|list_(add|del) corruption|refcount_t: |UBSAN: |cut here'

# $guest_smp: how many CPUs, if not two; $guest_extra: more words for QEMU.
qemu_args() {
	memory=1G
	[ -z "$suffix" ] || memory=2G
	# no SMAP: QEMU 7.2's TCG faults on far returns with it, whatever the
	# kernel; no reboot: a guest that panics or is done ends QEMU
	echo "-accel $accel -cpu max,-smap -m $memory -smp ${guest_smp:-2} -no-reboot -nodefaults -display none ${guest_extra:-}"
}

# Which accelerator: TCG, unless KVM is there and truly boots this kernel.
# Needs a built kernel ($bzimage) and $initramfs.
choose_accel() {
	case $opt_accel in
	tcg | kvm)
		accel=$opt_accel
		note "QEMU runs with $accel, because ACCEL says so"
		return
		;;
	'') ;;
	*) die "ACCEL=$opt_accel: it is tcg or kvm" ;;
	esac
	key="$(cat /proc/sys/kernel/random/boot_id) $(qemu-system-x86_64 --version | head -n 1) $(id -u)"
	if [ -e "$BUILD/.accel" ] && [ "$(head -n 1 "$BUILD/.accel")" = "$key" ]; then
		accel=$(sed -n 2p "$BUILD/.accel")
		note "$(sed -n 3p "$BUILD/.accel")"
		return
	fi
	accel=tcg
	if [ ! -e /dev/kvm ]; then
		why="QEMU runs with TCG: there is no /dev/kvm"
	elif [ ! -r /dev/kvm ] || [ ! -w /dev/kvm ]; then
		why="QEMU runs with TCG: this user may not open /dev/kvm"
	else
		accel=kvm
		if boot probe 10 10 && [ "$guest_status" = 0 ]; then
			why="QEMU runs with KVM: a probe booted the kernel with it"
		else
			accel=tcg
			why="QEMU runs with TCG: there is /dev/kvm, but a probe did not boot the kernel with it"
		fi
	fi
	printf '%s\n' "$key" "$accel" "$why" >"$BUILD/.accel.new"
	mv "$BUILD/.accel.new" "$BUILD/.accel"
	note "$why"
}

# boot MODE TOTAL IDLE [WORD...]: boot $bzimage with $initramfs, let
# /lab/MODE run, at most TOTAL seconds and at most IDLE without any output.
# The two serial lines are $console and $results. If $show is set it is the
# name of a function that gets the results, line by line, as they come.
# True if the guest came to its end by itself and without a splat; then
# $guest_status is its status. Else $guest_why says what happened.
boot() {
	boot_mode=$1
	boot_total=$2
	boot_idle=$3
	shift 3
	mkdir -p "$RUN" "$LOG"
	console=$RUN/${boot_name:-$boot_mode}.console
	results=$RUN/${boot_name:-$boot_mode}.results
	qemu_log=$LOG/qemu-${boot_name:-$boot_mode}.log
	: >"$console"
	: >"$results"
	guest_status=
	guest_why=
	# shellcheck disable=SC2046 # a list of words
	spawn qemu-system-x86_64 $(qemu_args) \
		-kernel "$bzimage" -initrd "$initramfs" \
		-serial "file:$console" -serial "file:$results" \
		-append "console=ttyS0 panic=-1 rcupdate.rcu_cpu_stall_timeout=60 kunit.enable=1 lab.mode=$boot_mode $*" \
		>"$qemu_log" 2>&1 </dev/null
	boot_start=$(date +%s)
	boot_last=$boot_start
	boot_size=0
	shown=0
	ended=
	while :; do
		# of "both", when the shell above is gone
		kill -0 $$ 2>/dev/null || exit 1
		alive=1
		kill -0 "$child" 2>/dev/null || alive=
		[ -z "${show:-}" ] || show_new
		now=$(date +%s)
		size=$(stat -c %s "$console" "$results" | awk '{ n += $1 } END { print n }')
		if [ "$size" != "$boot_size" ]; then
			boot_size=$size
			boot_last=$now
		fi
		splat=$(grep -aE -m 1 "$SPLAT" "$console") || :
		if grep -aq '^@end [0-9]' "$results"; then
			# a splat may still follow on the way down
			[ -n "$ended" ] || ended=$now
			if [ -z "$alive" ] || [ $((now - ended)) -ge 10 ]; then
				break
			fi
		elif [ -z "$alive" ]; then
			guest_why="the guest ended without a result"
			break
		fi
		if [ -n "$splat" ]; then
			guest_why="the kernel complained"
			# let it finish the story
			sleep 3
			break
		elif [ $((now - boot_start)) -ge "$boot_total" ]; then
			guest_why="the guest was not done after $boot_total seconds"
			break
		elif [ $((now - boot_last)) -ge "$boot_idle" ]; then
			guest_why="the guest hangs: no output for $boot_idle seconds"
			break
		fi
		sleep 0.3
	done
	stop_child
	[ -z "${show:-}" ] || show_new
	splat=$(grep -aE -m 1 "$SPLAT" "$console") || :
	if [ -n "$splat" ]; then
		guest_why="the kernel said: $(printf '%s' "$splat" | tr -d '\r')"
	fi
	if [ -n "$guest_why" ]; then
		[ -s "$qemu_log" ] && [ ! -s "$console" ] &&
			guest_why="$guest_why; QEMU said: $(tail -n 1 "$qemu_log")"
		return 1
	fi
	guest_status=$(sed -n 's/^@end \([0-9]*\).*/\1/p' "$results" | tail -n 1)
	return 0
}

# both FUNCTION [WORD...]: "FUNCTION base WORD..." and "FUNCTION linux WORD..."
# at the same time, each in a shell of its own; what they find out they leave
# in files. Fails if one of them does.
both() {
	both_function=$1
	shift
	twins=
	cleanup=stop_both
	for k in base linux; do
		(
			# traps are not inherited
			child=
			trap stop_child EXIT
			trap 'exit 143' TERM HUP
			"$both_function" "$k" "$@"
		) &
		twins="$twins $!"
	done
	both_rc=0
	for twin in $twins; do
		wait "$twin" || both_rc=$?
	done
	cleanup=
	return "$both_rc"
}

# A background job does not get the interrupt of the terminal.
stop_both() {
	for twin in $twins; do
		kill -s TERM "$twin" 2>/dev/null || :
	done
	for twin in $twins; do
		wait "$twin" 2>/dev/null || :
	done
}

# Hand the complete lines that are new in $results to $show.
show_new() {
	lines=$(wc -l <"$results")
	[ "$lines" -gt "$shown" ] || return 0
	sed -n "$((shown + 1)),${lines}p" "$results" | "$show"
	shown=$lines
}

# The end of the console, and around the first splat if there is one.
console_tail() {
	echo "  the guest's console, ${console#"$ROOT/"}:"
	if grep -aqE "$SPLAT" "$console"; then
		grep -aE -m 1 -A 60 -B 2 "$SPLAT" "$console"
	else
		tail -n 20 "$console"
	fi | tr -d '\r' | sed 's/^/    | /'
}

# interactive MODE: the guest's console on this terminal.
interactive() {
	[ -t 0 ] || note "standard input is no terminal: what it holds is typed into the guest"
	size=$(stty size 2>/dev/null) || size=
	case $size in
	'' | "0 "* | *" 0") size="24 80" ;;
	esac
	note "Ctrl-A x ends the guest at once."
	unlock
	# QEMU gets Ctrl-C itself, as a character for the guest.
	trap '' INT
	# shellcheck disable=SC2046 # a list of words
	qemu-system-x86_64 $(qemu_args) -kernel "$bzimage" -initrd "$initramfs" \
		-chardev stdio,mux=on,id=tty,signal=off -serial chardev:tty -mon chardev=tty \
		-append "console=ttyS0 quiet panic=-1 lab.mode=$1 lab.rows=${size% *} lab.cols=${size#* }" ||
		die "QEMU ended with an error"
}
