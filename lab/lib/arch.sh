# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Kernels of other architectures. Those that are booted are built by one compiler: clang
# and lld, which conflict with nothing. The programs are linked with Debian's C
# libraries for cross compilers, and do without these compilers.

BOOTED="arm64 powerpc64le riscv64 s390x"

# Those that are only compiled: the kernel's name of each, its compiler, its file that
# reports system calls, and options without which it is not that. On alpha and hexagon the
# test engine cannot be had in 6.12: no syscall_set_return_value().
COMPILED="\
alpha alpha-linux-gnu-gcc-12 kernel/ptrace.o CONFIG_UTRACE_TEST_ENGINE=n
arc arc-linux-gnu-gcc-12 kernel/ptrace.o
arm clang kernel/ptrace.o CONFIG_MMU=y
hexagon clang kernel/traps.o CONFIG_UTRACE_TEST_ENGINE=n
loongarch clang kernel/syscall.o
m68k m68k-linux-gnu-gcc-12 kernel/ptrace.o CONFIG_MMU=y CONFIG_ATARI=y CONFIG_M68040=y
mips clang kernel/ptrace.o
openrisc or1k-elf-gcc kernel/ptrace.o
parisc hppa-linux-gnu-gcc-12 kernel/ptrace.o
sh sh4-linux-gnu-gcc-12 kernel/ptrace_32.o CONFIG_CPU_SUBTYPE_SH7750=y
sparc sparc64-linux-gnu-gcc-12 kernel/ptrace_64.o CONFIG_64BIT=y"
# What is the same everywhere; what of it only the series has, and with its test engine.
COMPILED_TOO="fs/exec.o kernel/ptrace.o kernel/fork.o kernel/exit.o kernel/signal.o
	kernel/sched/core.o kernel/sched/build_utility.o"
COMPILED_NEW="kernel/utrace/"
COMPILED_TEST="lib/test_utrace.o"
NO_COMPILER="csky microblaze nios2 xtensa"

# use_arch NAME: what is to be known of it.
use_arch() {
	arch=$1
	case $arch in
	arm64)
		arch_kernel=arm64 arch_triple=aarch64 arch_deb=arm64
		arch_image=Image arch_file=arch/arm64/boot/Image
		arch_tty=ttyAMA0 arch_bus=device
		arch_qemu="qemu-system-aarch64 -machine virt -cpu max,pauth=off"
		;;
	powerpc64le)
		arch_kernel=powerpc arch_triple=powerpc64le arch_deb=ppc64el
		arch_image=vmlinux arch_file=vmlinux
		arch_tty=hvc0 arch_bus=pci
		arch_qemu="qemu-system-ppc64 -machine pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off -cpu power9 -vga none"
		;;
	riscv64)
		arch_kernel=riscv arch_triple=riscv64 arch_deb=riscv64
		arch_image=Image arch_file=arch/riscv/boot/Image
		arch_tty=ttyS0 arch_bus=device
		arch_qemu="qemu-system-riscv64 -machine virt -cpu rv64"
		;;
	s390x)
		arch_kernel=s390 arch_triple=s390x arch_deb=s390x
		arch_image=bzImage arch_file=arch/s390/boot/bzImage
		arch_tty=ttysclp0 arch_bus=ccw
		arch_qemu="qemu-system-s390x -machine s390-ccw-virtio -cpu max"
		;;
	esac
	# -nodefaults leaves the board's own serial line to be given
	arch_serial="-serial chardev:console"
	[ "$arch" != s390x ] || arch_serial="-device sclpconsole,chardev=console"
	suffix=-$arch
	tests=$BUILD/tests$suffix
}

# The packages of those that are booted, as packages_for prints them.
arch_packages() {
	echo "clang-19 clang-19"
	echo "lld-19 ld.lld-19"
	echo "llvm-19 llvm-objcopy-19"
	echo "qemu-system-arm qemu-system-aarch64"
	echo "qemu-system-ppc qemu-system-ppc64"
	echo "qemu-system-misc qemu-system-riscv64"
	for a in $BOOTED; do
		use_arch "$a"
		echo "libc6-dev-$arch_deb-cross /usr/$arch_triple-linux-gnu/lib/libc.a"
		echo "libgcc-12-dev-$arch_deb-cross /usr/lib/gcc-cross/$arch_triple-linux-gnu/12/libgcc.a"
	done
	suffix=
	echo "$COMPILED" | while read -r _ compiler _; do
		[ "$compiler" = clang ] || [ -n "$(why_no_gcc "$compiler")" ] ||
			echo "$(package_of_gcc "$compiler") $compiler"
	done
}

# package_of_gcc NAME: Debian's package of PREFIX-gcc or PREFIX-gcc-VERSION.
package_of_gcc() {
	gcc_version=${1##*-gcc}
	echo "gcc$gcc_version-${1%"-gcc$gcc_version"}"
}

# why_no_gcc NAME: why it is not here and is not installed, if that is so. To install
# one for Linux takes gcc-multilib away, which only its owner may do.
why_no_gcc() {
	command -v "$1" >/dev/null && return
	if ! has_apt; then
		echo "there is no $1"
	else
		case $1 in
		*-linux-gnu-*)
			[ "$(dpkg-query -W -f '${db:Status-Status}' gcc-multilib 2>/dev/null)" != installed ] ||
				echo "$(package_of_gcc "$1") conflicts with gcc-multilib, which is here: apt-get remove gcc-multilib ($(multilib) does for all of the lab)"
			;;
		esac
	fi
}

arch_gcc=				# the compiler, if it is not clang

# arch_make LOG TREE TARGET...: kmake for $arch_kernel, by clang or $arch_gcc.
arch_make() {
	arch_log=$1
	arch_tree=$2
	shift 2
	kmake_arch=$arch_kernel
	if [ -n "$arch_gcc" ]; then
		kmake "$arch_log" "$arch_tree" CROSS_COMPILE="${arch_gcc%gcc*}" \
			CC="ccache $arch_gcc" CROSS32CC="$arch_gcc" "$@"
	else
		kmake "$arch_log" "$arch_tree" LLVM=-19 CC="ccache clang-19" \
			HOSTCXX=g++ HOSTLD=ld HOSTAR=ar "$@"
	fi
	kmake_arch=
}

# build_arch_kernel base|linux: configure and build that of $arch.
build_arch_kernel() {
	tree=$1
	obj=$BUILD/obj/$tree$suffix
	mkdir -p "$obj"
	grep -v KUNIT "$ROOT/lab/config/series.config" >"$obj/.lab-series"
	options_of "$ROOT/lab/config/arch.config" "$ROOT/lab/config/arch-$arch_kernel.config" \
		"$obj/.lab-series" >"$obj/.lab-config"
	arch_make "config-$tree$suffix" "$tree" KCONFIG_ALLCONFIG="$obj/.lab-config" allnoconfig
	check_config
	arch_make "build-$tree$suffix" "$tree" "$arch_image"
	[ -s "$obj/$arch_file" ] || die "the build ended without a kernel: see $build/log/build-$tree$suffix.log"
}

# The compiler of programs for $arch. Headers come first from the series.
arch_cc() {
	lib=/usr/$arch_triple-linux-gnu/lib
	gcc_lib=/usr/lib/gcc-cross/$arch_triple-linux-gnu/12
	echo "clang-19 --target=$arch_triple-linux-gnu --sysroot=/" \
		"-isystem $BUILD/obj/linux$suffix/usr/include" \
		"-isystem /usr/$arch_triple-linux-gnu/include" \
		"-B$lib -L$lib -B$gcc_lib -L$gcc_lib -fuse-ld=lld -static" \
		"-Wno-unused-command-line-argument"
}

# Directories of selftests, and on which kernels. seccomp's need a libcap for $arch.
ARCH_SELFTESTS="ptrace:both utrace:patched"

# The programs of $arch in $tests, with list.base and list.linux.
build_arch_tests() {
	arch_make "headers$suffix" linux headers
	cc=$(arch_cc)
	rm -rf "$tests"
	mkdir -p "$tests"
	: >"$tests/list.base"
	: >"$tests/list.linux"
	: >"$tests/out"
	: >"$tests/last"
	for word in $ARCH_SELFTESTS; do
		target=${word%:*}
		mkdir -p "$tests/$target"
		set -- make -C "$LINUX/tools/testing/selftests/$target" \
			OUTPUT="$tests/$target" CC="$cc" ARCH="$arch_kernel" KHDR_INCLUDES=
		logged "selftests-$target$suffix" "$@" -k -j "$(nproc)" all
		test_names "$@"
		list_programs "$target" >"$tests/some"
		cat "$tests/some" >>"$tests/list.linux"
		[ "${word#*:}" = patched ] || cat "$tests/some" >>"$tests/list.base"
	done
	# powerpc's own, of a kernel that the series gives it to
	if [ -e "$LINUX/tools/testing/selftests/$arch_kernel/ptrace/ptrace-sysemu.c" ]; then
		own=$arch_kernel/ptrace
		mkdir -p "$tests/$own"
		# its assembler includes a header that gcc has and clang has not
		logged "selftests-$arch_kernel" make -C "$LINUX/tools/testing/selftests/$own" \
			OUTPUT="$tests/$own" CC="$cc -idirafter /usr/lib/gcc-cross/$arch_triple-linux-gnu/12/include" \
			ARCH="$arch_kernel" KHDR_INCLUDES= \
			"$tests/$own/ptrace-sysemu"
		# the unpatched kernel has SYSEMU there, and what the patch mends
		echo "$own ptrace-sysemu" | tee -a "$tests/list.base" >>"$tests/list.linux"
	fi
	cat "$tests/last" >>"$tests/list.linux"
	grep '^ptrace ' "$tests/last" >>"$tests/list.base" || :
	logged "init$suffix" sh -c "$cc -O2 -Wall -o \"\$1\" \"\$2\"" sh "$tests/init" "$ROOT/lab/guest/arch-init.c"
}

# The root for base or linux: init, the programs, and which of them run.
pack_arch_root() {
	root=$BUILD/root.tmp/$arch
	rm -rf "$root"
	mkdir -p "$root/tests" "$root/bin"
	cleanup="rm -rf \"\$BUILD/root.tmp\""
	cp "$tests/init" "$root/init"
	ln -s ../init "$root/bin/true"
	for word in $ARCH_SELFTESTS; do
		cp -a "$tests/${word%:*}" "$root/tests/"
	done
	[ ! -d "$tests/$arch_kernel" ] || cp -a "$tests/$arch_kernel" "$root/tests/"
	find "$root" -name '*.[od]' -exec rm -f {} +
	sed 's| | ./|' "$tests/list.$1" >"$root/tests/list"
	chmod -R a+rX "$root"
	pack "$root" "$BUILD/initramfs-$arch-$1.gz"
	rm -rf "$BUILD/root.tmp"
	cleanup=
}

# arch_machine: the command line for $arch. Paths are relative to $ROOT, as nothing
# quotes them.
arch_machine() {
	echo "$arch_qemu -m 512 -smp 2 -accel tcg -no-reboot -nodefaults -display none" \
		"-kernel $build/obj/$guest_kernel$suffix/$arch_file -initrd ${guest_root#"$ROOT/"}" \
		"$arch_serial -chardev file,id=console,path=${console#"$ROOT/"}" \
		"-device virtio-serial-$arch_bus -chardev file,id=results,path=${results#"$ROOT/"}" \
		"-device virtserialport,chardev=results,name=results"
}

# Compile for the others what the series touches. One line each goes to the table,
# and the patched tree has to compile, whatever the unpatched one does.
compile_archs() {
	while read -r arch arch_gcc file options; do
		arch_kernel=$arch
		suffix=-$arch
		if [ "$arch_gcc" = clang ]; then
			arch_gcc=
		else
			why=$(why_no_gcc "$arch_gcc")
			if [ -n "$why" ]; then
				stage "$arch is not compiled: $why"
				not_compiled "$why"
				continue
			fi
		fi
		stage "$arch: compile what the series touches"
		for tree in base linux; do
			obj=$BUILD/obj/$tree$suffix
			mkdir -p "$obj"
			echo CONFIG_UTRACE_TEST_ENGINE=y >"$obj/.lab-series"
			# shellcheck disable=SC2086 # a list of words
			printf '%s\n' CONFIG_EXPERT=y CONFIG_PROC_FS=y \
				CONFIG_MULTIUSER=y CONFIG_NET=y CONFIG_DEBUG_KERNEL=y \
				CONFIG_DEBUG_FS=y CONFIG_RUNTIME_TESTING_MENU=y \
				CONFIG_UTRACE_TEST_ENGINE=y $options >"$obj/.lab-config"
			built=yes
			attempt compile_arch "arch/$arch/$file" || built=no
			case $tree in
			base) who=unpatched ;;
			*) who=patched ;;
			esac
			printf '%-12s %-10s %-6s %s\n' "$arch" "$who" "$built" \
				"-       objects of what the series touches, by ${arch_gcc:-clang}" \
				>>"$RUN/check-arch/lines"
		done
		[ "$built" = yes ] || failed="$failed $arch"
	done <<-LIST
	$COMPILED
	LIST
	arch_gcc=
	for arch in $NO_COMPILER; do
		not_compiled "no compiler is packaged that compiles this kernel for it"
	done
}

# not_compiled WHY: the line of $arch in the table.
not_compiled() {
	printf '%-12s %-10s %-6s %s\n' "$arch" both no "-       $1" >>"$RUN/check-arch/lines"
}

# compile_arch FILE: configure $tree, and compile that and what is the same everywhere.
compile_arch() {
	arch_make "config-$tree$suffix" "$tree" KCONFIG_ALLCONFIG="$obj/.lab-config" allnoconfig
	check_config
	objects="$COMPILED_TOO $1"
	[ "$tree" = base ] || objects="$objects $COMPILED_NEW"
	! grep -q '^CONFIG_UTRACE_TEST_ENGINE=y' "$obj/.config" || objects="$objects $COMPILED_TEST"
	# shellcheck disable=SC2086 # a list of words
	arch_make "objects-$tree$suffix" "$tree" $objects
}

# attempt FUNCTION [WORD...]: in a shell of its own, so that a failure, which it tells
# itself, does not end the rest.
attempt() {
	(
		# traps are not inherited
		child=
		# shellcheck disable=SC2030 # it is meant for here
		beat=
		trap stop_work EXIT
		trap 'exit 130' INT
		trap 'exit 143' TERM HUP
		"$@"
	)
}
