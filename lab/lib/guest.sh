# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Boot a kernel in QEMU, or a UML on this machine, watch it, and say truly how it
# ended.

# What a healthy kernel never says. User programs that fault are reported
# as "traps: ... general protection fault", so that alone is none of these.
SPLAT='Kernel panic|Oops|BUG: |WARNING: |INFO: task .* blocked|INFO: rcu_|rcu: INFO|INFO: possible|INFO: trying to register|possible (recursive|circular|irq)|suspicious RCU usage|soft lockup|hard LOCKUP|double fault|kernel stack overflow|kernel BUG at|BUG kmalloc|ODEBUG: |unable to handle|list_(add|del) corruption|refcount_t: |UBSAN: |cut here'

accel=tcg

# guest_options [OPTION...] MODE [WORD...]: what "boot" and "interactive" take.
# /lab/MODE runs in the guest; each WORD is one of its kernel's command line.
#	--kernel KERNEL	base, linux (the default) or the path of a bzImage
#	--uml PROGRAM	no QEMU: this UML, as a program of this machine
#	--root FILE	its root, see root.sh
#	--name NAME	of its files in build/run (default: MODE)
#	--smp NUMBER	of CPUs (default: 2)
#	--icount	its time is a count of instructions, which only TCG can do
#	--share DIR	a directory below $ROOT that it can mount
#	--disk FILE	a disk with its root; what is written to it is lost
#	--total SECONDS	so long it may run at most ...
#	--idle SECONDS	... and so long without a word
#	--show FUNCTION	gets the lines of results as they come
#	--machine FUNCTION	prints QEMU's command line, if it is not for a PC
guest_options() {
	guest_machine=
	guest_tty=ttyS0
	guest_kernel=linux
	guest_uml=
	guest_name=
	guest_smp=2
	guest_accel=$accel
	guest_extra=
	guest_disk=
	guest_show=
	while :; do
		case $1 in
		--kernel) guest_kernel=$2 ;;
		--uml) guest_uml=$2 ;;
		--root) guest_root=$2 ;;
		--name) guest_name=$2 ;;
		--smp) guest_smp=$2 ;;
		# relative: QEMU's option has no quoting
		--share) guest_extra="$guest_extra -virtfs local,path=${2#"$ROOT/"},mount_tag=lab,security_model=none" ;;
		--disk)
			guest_extra="$guest_extra -drive file=${2#"$ROOT/"},format=raw,if=virtio,snapshot=on"
			guest_disk="root=/dev/vda rw"
			;;
		--total) guest_total=$2 ;;
		--idle) guest_idle=$2 ;;
		--show) guest_show=$2 ;;
		--machine) guest_machine=$2 ;;
		--icount)
			guest_accel=tcg
			guest_extra="$guest_extra -icount shift=0,sleep=off"
			shift
			continue
			;;
		*) break ;;
		esac
		shift 2
	done
	guest_mode=$1
	shift
	guest_words=$*
	[ -n "$guest_name" ] || guest_name=$guest_mode
}

qemu_args() {
	memory=1G
	[ -z "$suffix" ] || memory=2G
	# no SMAP: QEMU 7.2's TCG faults on far returns with it, whatever the
	# kernel; no reboot: a guest that panics or is done ends QEMU
	echo "-accel $guest_accel -cpu max,-smap -m $memory -smp $guest_smp -no-reboot -nodefaults -display none $guest_extra"
}

# choose_accel OPTION...: $accel is TCG, unless KVM is there and truly boots the
# guest of these options.
choose_accel() {
	if [ -n "$opt_accel" ]; then
		accel=$opt_accel
		note "QEMU runs with $accel, because ACCEL says so"
		return
	fi
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
		if boot "$@" --total 10 --idle 10 probe && [ "$guest_status" = 0 ]; then
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

# no_timer_check: x86 tries its timer, which on a busy host may be late.
start_qemu() {
	# shellcheck disable=SC2046 # lists of words
	if [ -n "$guest_machine" ]; then
		set -- $("$guest_machine")
		guest_tty=$arch_tty
	else
		set -- qemu-system-x86_64 $(qemu_args) \
			-kernel "$(bzimage_of "$guest_kernel")" -initrd "$guest_root" \
			-serial "file:$console" -serial "file:$results"
	fi
	spawn env -C "$ROOT" "$@" \
		-append "console=$guest_tty panic=-1 no_timer_check rcupdate.rcu_cpu_stall_timeout=60 kunit.enable=1 $guest_disk lab.mode=$guest_mode $guest_words" \
		>"$qemu_log" 2>&1 </dev/null
}

# Without rseq and with its brk beside its image: lab/guest/uml says why. One that
# is asked to reboot ends.
start_uml() {
	# shellcheck disable=SC2086 # a list of words
	spawn setarch "$(uname -m)" -R env GLIBC_TUNABLES=glibc.pthread.rseq=0 "$guest_uml" mem=1G \
		initrd="$guest_root" noreboot con=null con0=null,fd:2 ssl=null ssl1=null,fd:1 \
		lab.mode="$guest_mode" $guest_words >>"$results" 2>>"$console" </dev/null
}

# Under load QEMU's TCG rarely lets a guest of two CPUs hang before its first process,
# or a CPU wait so long that the kernel says it has stalled. Of the unpatched kernel
# this says nothing about the series.
may_boot_again() {
	case $guest_kernel in
	base | "$BUILD"/obj/*base*) [ -n "$guest_uml" ] || echo 1 ;;
	esac
}

# why_boot_again: what is wrong with such a guest that another one would not have.
why_boot_again() {
	case $splat in
	*detected*stall* | *'soft lockup'*) echo "stalled" ;;
	*)
		[ -s "$results" ] || [ $((now - boot_last)) -lt 100 ] ||
			echo "got stuck before its first process"
		;;
	esac
}

# boot [OPTION...] MODE [WORD...]: boot a guest, see guest_options, and watch
# it. The two serial lines are $console and $results. True if the guest came to
# its end by itself and without a splat; then $guest_status is its status. Else
# $guest_why says what happened.
boot() {
	guest_options "$@"
	mkdir -p "$RUN" "$LOG"
	console=$RUN/$guest_name.console
	results=$RUN/$guest_name.results
	qemu_log=$LOG/qemu-$guest_name.log
	: >"$console"
	: >"$results"
	guest_status=
	guest_why=
	if [ -n "$guest_uml" ]; then
		start_uml
	else
		start_qemu
	fi
	boot_again=$(may_boot_again)
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
		[ -z "$guest_show" ] || show_new
		now=$(date +%s)
		size=$(stat -c %s "$console" "$results" | awk '{ n += $1 } END { print n }')
		if [ "$size" != "$boot_size" ]; then
			boot_size=$size
			boot_last=$now
		fi
		splat=$(grep -aE -m 1 "$SPLAT" "$console") || :
		boot_why=
		[ -z "$boot_again" ] || boot_why=$(why_boot_again)
		if [ -n "$boot_why" ]; then
			boot_again=
			stop_child
			cp "$console" "$console.stuck"
			: >"$console"
			: >"$results"
			note "$guest_name: the unpatched kernel $boot_why, in QEMU: once more (its console: ${console#"$ROOT/"}.stuck)"
			start_qemu
			boot_start=$(date +%s)
			boot_last=$boot_start
			ended=
			shown=0
			continue
		fi
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
		elif [ $((now - boot_start)) -ge "$guest_total" ]; then
			guest_why="the guest was not done after $guest_total seconds"
			break
		elif [ $((now - boot_last)) -ge "$guest_idle" ]; then
			guest_why="the guest hangs: no output for $guest_idle seconds"
			break
		fi
		sleep 0.3
	done
	stop_child
	[ -z "$guest_show" ] || show_new
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

# beside FUNCTION [WORD...]: in a shell of its own; what it finds out it leaves in
# files. Its process is added to $twins, which begins empty with $cleanup set to
# stop_twins.
beside() {
	(
		# traps are not inherited
		child=
		trap stop_child EXIT
		trap 'exit 143' TERM HUP
		"$@"
	) &
	twins="$twins $!"
}

# both FUNCTION [WORD...]: "FUNCTION base WORD..." and "FUNCTION linux WORD..."
# at the same time. Fails if one of them does.
both() {
	each "base linux" "$@"
}

# each "TWIN..." FUNCTION [WORD...]: "FUNCTION TWIN WORD..." for each, likewise.
each() {
	each_twin=$1
	each_function=$2
	shift 2
	twins=
	cleanup=stop_twins
	for k in $each_twin; do
		beside "$each_function" "$k" "$@"
	done
	each_rc=0
	for twin in $twins; do
		wait "$twin" || each_rc=$?
	done
	cleanup=
	return "$each_rc"
}

# A background job does not get the interrupt of the terminal.
stop_twins() {
	for twin in $twins; do
		kill -s TERM "$twin" 2>/dev/null || :
	done
	for twin in $twins; do
		wait "$twin" 2>/dev/null || :
	done
}

# Hand the complete lines that are new in $results to $guest_show.
show_new() {
	lines=$(wc -l <"$results")
	[ "$lines" -gt "$shown" ] || return 0
	sed -n "$((shown + 1)),${lines}p" "$results" | "$guest_show"
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

# keep_why FILE [WHY]: why a guest failed, for who shows it; WHY if $guest_why does not say.
keep_why() {
	{
		echo "${guest_why:-${2:-}}"
		console_tail
	} >"$1"
}

# tell_why DIRECTORY: what keep_why has left there in files NAME.why.
tell_why() {
	for f in "$1"/*.why; do
		[ ! -e "$f" ] || sed "s/^/    $(basename "$f" .why): /" "$f"
	done
}

# guest_failed WHY: the end of a script whose guest did.
guest_failed() {
	console_tail
	stage "FAILED: $1"
	note "logs: ${console#"$ROOT/"}, ${results#"$ROOT/"}"
	exit 1
}

# interactive [OPTION...] MODE: the guest's console on this terminal.
interactive() {
	guest_options "$@"
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
	qemu-system-x86_64 $(qemu_args) -kernel "$(bzimage_of "$guest_kernel")" -initrd "$guest_root" \
		-chardev stdio,mux=on,id=tty,signal=off -serial chardev:tty -mon chardev=tty \
		-append "console=ttyS0 quiet panic=-1 no_timer_check lab.mode=$guest_mode lab.rows=${size% *} lab.cols=${size#* }" ||
		die "QEMU ended with an error"
}
