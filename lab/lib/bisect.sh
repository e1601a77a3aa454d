# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
# Every step of the series by itself: does it build, boot and pass the tests that are
# there by then, and does it add no warning. Step 0 is the unpatched kernel.
#
# A check that was seen to pass leaves a file that is named after what it looked at:
# the sources that count for it, the options, the tools and this edition of the checks,
# a number to be raised when one of them looks at more. Where that is the same, in a
# second run or at another step, it is not done again.
bisect_edition=1

BISECT=$BUILD/bisect			# a worktree that goes from step to step
BISECT_RUN=$RUN/bisect
bisect_passed=$BISECT_RUN/passed
bisect_work=$BISECT_RUN/work
bisect_all="checkpatch kernel-doc coccicheck x86 boot um arm64"

# bisect_commit STEP
bisect_commit() {
	sed -n "$(($1 + 1))p" "$BISECT_RUN/commits"
}

need_bisect() {
	mkdir -p "$bisect_passed" "$bisect_work"
	{
		lgit rev-parse base
		lgit rev-list --reverse "base..$tip"
	} >"$BISECT_RUN/commits"
	bisect_last=$(($(wc -l <"$BISECT_RUN/commits") - 1))
	[ "$bisect_last" -gt 0 ] || die "the series is empty: there is no patch in patches/"
	bisect_rules=$({
		echo "$bisect_edition"
		cat "$ROOT"/lab/config/* "$ROOT/lab/selftests.list"
		gcc --version
		clang-19 --version
		sparse --version
		spatch --version
	} | sum)
}

# bisect_sources STEP ARCH...: what of a step a kernel is made of that is made of these
# directories of arch. Of arch/x86/ that is all but User Mode Linux's.
bisect_sources() {
	sources_of=$(bisect_commit "$1")
	shift
	lgit ls-tree "$sources_of" | grep -vE '	(Documentation|MAINTAINERS|arch|tools)$'
	lgit ls-tree "$sources_of" tools/ | grep -v '	tools/testing$'
	for a in Kconfig "$@"; do
		lgit ls-tree "$sources_of" "arch/$a"
	done | grep -v '	arch/x86/um$'
}

# bisect_inputs CHECK STEP: all that its result depends on.
bisect_inputs() {
	echo "$1 $bisect_rules"
	case $1 in
	checkpatch | kernel-doc | coccicheck)
		inputs_of=$(bisect_commit "$2")
		lgit show -s --format=%B "$inputs_of"
		lgit diff-tree -r --no-commit-id "$inputs_of"
		;;
	x86)
		bisect_sources "$2" x86/
		;;
	boot)
		bisect_sources "$2" x86/
		lgit ls-tree "$(bisect_commit "$2")" tools/testing/
		;;
	um)
		bisect_sources "$2" um x86
		;;
	arm64)
		# the vDSO for 32 bit is arm's
		bisect_sources "$2" arm64 arm
		;;
	esac
	case $1 in
	x86 | boot | um | arm64)
		# compared with the unpatched kernel, in all that the series touches
		[ "$2" = 0 ] || bisect_inputs "$1" 0
		bisect_objects base "$tip"
		;;
	esac
}

# bisect_file CHECK STEP: where it leaves that it has passed.
bisect_file() {
	echo "$bisect_passed/$1-$(bisect_inputs "$1" "$2" | sum)"
}

# The worktree at $commit. An earlier move may have been interrupted.
bisect_move() {
	bisect_git=$(git -C "$BISECT" rev-parse --absolute-git-dir 2>/dev/null) || bisect_git=
	if [ "$bisect_git" != "$LINUX/.git/worktrees/${BISECT##*/}" ]; then
		rm -rf "$BISECT"
		lgit worktree prune
		logged bisect-tree git -C "$LINUX" worktree add --no-checkout --detach "$BISECT" base
		bisect_git=$(git -C "$BISECT" rev-parse --absolute-git-dir)
	fi
	rm -f "$bisect_git/index.lock"
	lgit -C "$BISECT" checkout -q -f --detach "$commit" ||
		die "$build/${BISECT##*/} could not be moved to a step: remove it, and run this again"
	LINUX=$BISECT
	tree=${BISECT##*/}
}

# bisect_objects FROM TO: of the C files that were touched between them, what kernels
# make of them.
bisect_objects() {
	lgit diff --name-only --no-renames "$1" "$2" -- '*.c' |
		sed -n -e '/^\(tools\|scripts\|Documentation\)\//d' -e 's/\.c$/.o/p'
}

# bisect_kbuild DIR: what kbuild makes there, a line each, in the file $kbuild_list. It is
# empty where it does not go to.
bisect_kbuild() {
	kbuild_list=$bisect_work/kbuild/$(echo "$1" | tr / +)
	[ ! -e "$kbuild_list" ] || return 0
	case $1 in
	arch/*) ;;
	*/*)
		# kbuild goes from one to the next
		(
			bisect_kbuild "${1%/*}"
			grep -qxF "$1" "$kbuild_list"
		) || {
			: >"$kbuild_list"
			return 0
		}
		;;
	esac
	case $arch_kernel in
	x86_64 | i386) set -- "$1" x86 ;;
	esac
	make -s -C "$obj" -f "$ROOT/lab/lib/objects.mk" srctree="$BUILD/$tree" \
		SRCARCH="${2:-$arch_kernel}" dir="$1" >"$kbuild_list" 2>"$bisect_work/kbuild.err" ||
		die "kbuild does not say what it makes in $1: $(head -n 1 "$bisect_work/kbuild.err")"
}

# bisect_includer FILE OBJECT: the object of the C file beside it that includes FILE;
# OBJECT if there is none.
bisect_includer() {
	includer=$(grep -lF "#include \"${1##*/}\"" "${1%/*}"/*.c | head -n 1) || includer=
	includer=${includer#"$BUILD/$tree/"}
	echo "${includer:+${includer%.c}.o}" | sed "s,^\$,$2,"
}

# bisect_configured: of such objects on standard input those that $arch's configuration
# makes of $tree. The others that are there are left in $bisect_work/not-made.
bisect_configured() {
	rm -rf "$bisect_work/kbuild"
	mkdir "$bisect_work/kbuild"
	while read -r o; do
		c=$BUILD/$tree/${o%.o}.c
		[ -e "$c" ] || continue
		case $arch_kernel/$o in
		um/arch/um/* | um/arch/x86/um/*) ;;
		*/arch/x86/um/*) continue ;;
		x86_64/arch/x86/* | i386/arch/x86/*) ;;
		*/arch/*) [ "${o#"arch/$arch_kernel/"}" != "$o" ] || continue ;;
		esac
		bisect_kbuild "${o%/*}"
		# it may be a part of another
		grep -qxF "$o" "$kbuild_list" ||
			o=$(bisect_includer "$c" "$o")
		if grep -qxF "$o" "$kbuild_list"; then
			echo "$o"
		else
			echo "$o" >&3
		fi
	done 3>"$bisect_work/not-made" | sort -u
}

# bisect_use ARCH: how it is compiled.
bisect_use() {
	arch=$1
	arch_kernel=$arch
	bisect_by=clang
	bisect_cc=gcc
	case $arch in
	x86)
		arch_kernel=x86_64
		bisect_by=gcc
		arch_image=bzImage
		arch_file=arch/x86/boot/bzImage
		bisect_fragments=guest.config
		;;
	um | um-32)
		arch_kernel=um
		bisect_by=gcc
		# what is for the host includes its headers
		[ "$arch" = um ] || bisect_cc=$GUEST_CC
		arch_image=linux
		arch_file=linux
		bisect_fragments="uml.config uml-host.config"
		;;
	i386)
		bisect_by=gcc
		bisect_fragments=guest.config
		;;
	x86-clang)
		arch_kernel=x86_64
		bisect_fragments=guest.config
		;;
	arm64 | riscv64)
		use_arch "$arch"
		bisect_fragments="arch.config arch-$arch_kernel.config"
		;;
	*)
		bisect_fragments=arch.config
		;;
	esac
	suffix=
}

# bisect_make LOG TARGET...: in $tree, with the objects in $kmake_obj.
bisect_make() {
	bisect_log=$1
	shift
	if [ "$bisect_by" = gcc ]; then
		kmake_arch=$arch_kernel
		kmake "$bisect_log" "$tree" CC="ccache $bisect_cc" "$@"
	else
		arch_make "$bisect_log" "$tree" "$@"
	fi
}

# Of the options that only the series knows, and those that these hang on, the ones
# that $tree has by now.
bisect_options() {
	{
		printf 'CONFIG_%s=y\n' KUNIT DEBUG_KERNEL RUNTIME_TESTING_MENU DEBUG_FS
		series_options
	} | sort -u | while read -r line; do
		case $line in CONFIG_*=*) ;; *) continue ;; esac
		name=${line#CONFIG_}
		! git -C "$BUILD/$tree" grep -qE "^[[:space:]]*(menu)?config ${name%%=*}\$" -- '*Kconfig*' ||
			echo "$line"
	done
}

# bisect_configure [OPTION...]: of $arch, with these options on top. Each that is
# asked for has to be there.
bisect_configure() {
	obj=$BUILD/obj/$kmake_obj
	mkdir -p "$obj"
	bisect_options >"$obj/.lab-config"
	# shellcheck disable=SC2086 # a list of words
	(cd "$ROOT/lab/config" && options_of $bisect_fragments "$obj/.lab-config") >"$obj/.lab-all"
	if [ $# = 0 ]; then
		cp "$obj/.lab-all" "$obj/.lab-config"
	else
		# what hangs on an option that goes may go, too
		printf '%s\n' "$@" >"$obj/.lab-odd"
		options_of "$obj/.lab-odd" >"$obj/.lab-config"
		cat "$obj/.lab-config" >>"$obj/.lab-all"
	fi
	: >"$obj/.lab-series"
	bisect_make "config-$kmake_obj" KCONFIG_ALLCONFIG="$obj/.lab-all" allnoconfig
	check_config
}

# A compiler warns but once. What was compiled by a build that did not pass is
# compiled again, so that it warns again; ccache has it.
bisect_begin() {
	[ ! -e "$obj/.lab-begun" ] ||
		find "$obj" -name '*.o' -newer "$obj/.lab-begun" -exec rm -f {} +
	: >"$obj/.lab-begun"
}

bisect_end() {
	rm -f "$obj/.lab-begun"
}

# bisect_broke WHAT [FILE]: the end of a check, with the lines of FILE.
bisect_broke() {
	echo "$1" >"$bisect_said"
	[ -z "${2:-}" ] || head -n 12 "$2" >>"$bisect_said"
	exit 1
}

# What the compiler, the linker or make did not like, in $logfile. What sparse calls an
# error is none; its paths are absolute, and those of compilers are not.
bisect_errors() {
	awk '
		/^\// { n = 0; next }
		/error: |undefined reference|^ERROR: |No rule to make target|multiple definition/ { n = 4 }
		n-- > 0' "$logfile" >"$bisect_work/errors"
	[ -s "$bisect_work/errors" ] || grep -B 4 -A 2 -m 1 '\*\*\*' "$logfile" >"$bisect_work/errors" ||
		tail -n 8 "$logfile" >"$bisect_work/errors"
}

# bisect_compile LOG [VARIABLE...]: the objects that the series touches, as far as this
# configuration makes them; $bisect_made is their number.
bisect_compile() {
	compile_log=$1
	shift
	bisect_make "prepare-$kmake_obj" prepare
	bisect_objects base "$tip" | bisect_configured >"$bisect_work/objects"
	bisect_made=$(wc -l <"$bisect_work/objects")
	[ "$bisect_made" != 0 ] || bisect_broke "no object is built of those that the series touches"
	bisect_begin
	kmake_run=try_logged
	# shellcheck disable=SC2046 # a list of words
	if ! bisect_make "$compile_log" -k "$@" $(cat "$bisect_work/objects"); then
		o=$(sed -n 's/.*\*\*\* \[.*: \(.*\.o\)\] Error.*/\1/p' "$logfile" | head -n 1)
		[ -n "$o" ] || o="what the series touches"
		bisect_errors
		bisect_broke "$o is not built ($build/log/${logfile##*/})" "$bisect_work/errors"
	fi
	kmake_run=
}

# bisect_compare KIND WHAT: the warnings in $logfile with those of the unpatched
# kernel in $bisect_base.KIND, which step 0 makes.
bisect_compare() {
	warnings "$tree" "$LOG/config-$kmake_obj.log" "$logfile" >"$bisect_work/$1"
	if [ "$step" = 0 ]; then
		cp "$bisect_work/$1" "$bisect_base.$1"
		return
	fi
	new_warnings "$BISECT" "$bisect_base.$1" "$bisect_work/$1" >"$bisect_work/new"
	[ ! -s "$bisect_work/new" ] ||
		bisect_broke "$2 warns, and not of the unpatched kernel ($build/log/${logfile##*/}):" "$bisect_work/new"
}

# What the series touches, with W=1 and by sparse; then the whole kernel. Only what a
# step changes is compiled.
bisect_arch() {
	bisect_use "$1"
	bisect_move
	bisect_base=$(bisect_file "$arch" 0)
	kmake_obj=bisect-$arch-lint
	# all of its warnings are wanted
	[ "$step" != 0 ] || rm -rf "$BUILD/obj/$kmake_obj" "$BUILD/obj/bisect-$arch"
	bisect_configure
	bisect_compile "bisect-$step-$arch-lint" C=1 W=1
	bisect_compare lint "W=1 or sparse"
	bisect_end

	kmake_obj=bisect-$arch
	bisect_configure
	bisect_begin
	kmake_run=try_logged
	if ! bisect_make "bisect-$step-$arch" "$arch_image"; then
		bisect_errors
		bisect_broke "it does not build ($build/log/${logfile##*/})" "$bisect_work/errors"
	fi
	kmake_run=
	[ -s "$obj/$arch_file" ] || bisect_broke "the build ended without a kernel ($build/log/${logfile##*/})"
	bisect_compare whole "the build"
	bisect_end
	echo "builds; $bisect_made objects that the series touches, W=1, sparse: nothing new" >"$bisect_said"
}

# bisect_run LIST NAME: boot, run the programs of this list; results in
# $bisect_work/NAME.tsv. False if the guest itself was not well.
bisect_run() {
	count=$(wc -l <"$tests/list.$1")
	rc=0
	boot --kernel "$obj/$arch_file" --root "$BUILD/initramfs-bisect.gz" --name "bisect-$step" \
		--total $((300 + count * 30)) --idle 240 tests lab.list="$1" lab.seconds=120 || rc=1
	{
		awk -f "$ROOT/lab/tap.awk" "$results"
		awk -f "$ROOT/lab/kunit.awk" "$console"
	} >"$bisect_work/$2.tsv"
	if [ "$rc" = 0 ] && [ "$guest_status" != 0 ]; then
		guest_why="what ran in the guest ended with status $guest_status"
		rc=1
	fi
	return "$rc"
}

# bisect_judge FILE...: of the tests in these results, against those of the unpatched
# kernel, the bad ones. Bad is one that fails, unless it fails there too, and one that
# passes there and does not pass here.
bisect_judge() {
	awk -F '\t' '
		FNR == 1 { file++ }
		file == 1 { base[$1] = $2; next }
		{
			seen[$1] = 1
			bad = $2 == "fail" || $2 == "broken"
			if ((bad && base[$1] != "fail") || ($2 == "skip" && base[$1] == "pass"))
				print $1 ": " $2 ($3 != "" ? ": " $3 : "")
		}
		END {
			for (name in base)
				if (base[name] == "pass" && !(name in seen))
					print name ": no result, it passes on the unpatched kernel"
		}' "$@"
}

# Two CPUs; the selftests that this step has of ptrace and utrace, and KUnit's.
bisect_boot() {
	bisect_use x86
	bisect_move
	bisect_base=$(bisect_file boot 0)
	kmake_obj=bisect-x86
	bisect_configure
	bisect_make "bisect-$step-boot" bzImage headers
	tests=$BISECT_RUN/tests
	rm -rf "$tests"
	mkdir -p "$tests"
	: >"$tests/out"
	: >"$tests/last"
	for target in ptrace utrace; do
		[ -d "$BISECT/tools/testing/selftests/$target" ] || continue
		build_selftest "$target"
		# vmaccess waits half a minute for what Linux does not do; what utrace's
		# test in 64 bit is the same in 32
		list_programs "$target" | grep -v -e '^ptrace vmaccess' -e '^utrace .*_32'
	done >"$tests/list.bisect"
	grep -v '^utrace .*_32' "$tests/last" >>"$tests/list.bisect" || :
	begin_root probe tests
	add_tests "$tests"
	end_root "$BUILD/initramfs-bisect.gz"
	choose_accel --kernel "$obj/$arch_file" --root "$BUILD/initramfs-bisect.gz" >/dev/null
	if ! bisect_run bisect boot; then
		console_tail >"$bisect_work/tail"
		bisect_broke "$guest_why" "$bisect_work/tail"
	fi
	if [ "$step" = 0 ]; then
		cp "$bisect_work/boot.tsv" "$bisect_base.boot"
	else
		bisect_judge "$bisect_base.boot" "$bisect_work/boot.tsv" >"$bisect_work/bad"
		[ ! -s "$bisect_work/bad" ] || bisect_again
	fi
	if [ -d "$BISECT/kernel/utrace/tests" ] && ! grep -q '^kunit/.*	pass	' "$bisect_work/boot.tsv"; then
		bisect_broke "there are KUnit tests, and none passed"
	fi
	grep -q '	pass	' "$bisect_work/boot.tsv" || bisect_broke "no test passed"
	awk -F '\t' '
		{ n[$2]++ }
		/^kunit/ && $2 == "pass" { k++ }
		END { printf "boots; %d tests passed, %d of them KUnit'\''s; %d failed as unpatched, %d skipped\n",
			n["pass"], k, n["fail"], n["skip"] }' "$bisect_work/boot.tsv" >"$bisect_said"
}

# Chance may have it: programs with a bad test run three times more. One that is bad
# again in any of them is broken.
bisect_again() {
	cp "$bisect_work/bad" "$bisect_work/bad-first"
	! grep -q '^kunit/' "$bisect_work/bad" || bisect_broke "tests fail:" "$bisect_work/bad"
	sed 's/: .*//' "$bisect_work/bad" | sort -u | while read -r program; do
		grep "^${program%%/*} ${program#*/}\$" "$tests/list.bisect" || echo "${program%%/*} ${program#*/}"
	done >"$tests/list.once"
	cat "$tests/list.once" "$tests/list.once" "$tests/list.once" >"$tests/list.again"
	begin_root probe tests
	add_tests "$tests"
	end_root "$BUILD/initramfs-bisect.gz"
	bisect_run again again || bisect_broke "$guest_why"
	bisect_judge "$bisect_base.boot" "$bisect_work/again.tsv" | grep -v ': no result, ' >"$bisect_work/bad" || :
	[ ! -s "$bisect_work/bad" ] || bisect_broke "tests fail:" "$bisect_work/bad-first"
}

bisect_checkpatch() {
	mail=$(echo "$BUILD/series/$(printf %04d "$step")"-*.patch)
	check_mail "$mail" || bisect_broke "checkpatch --strict:" "$logfile"
	echo nothing >"$bisect_said"
}

# bisect_files DIR: the C files and headers that the step changes, as they are after it.
# There may be none.
bisect_files() {
	rm -rf "$1"
	mkdir -p "$1"
	lgit diff-tree -r --no-commit-id --name-only --diff-filter=d "$commit" -- '*.[ch]' >"$bisect_work/list"
	[ -s "$bisect_work/list" ] || return 0
	# shellcheck disable=SC2046 # a list of words
	lgit archive "$commit" -- $(cat "$bisect_work/list") | tar -C "$1" -xf -
}

# bisect_files_before DIR REPORTS: of these files that have reports, those that are there
# before the step, as they are then.
bisect_files_before() {
	rm -rf "$1"
	mkdir -p "$1"
	sed -n 's/:[0-9].*//p' "$2" | sort -u | while read -r f; do
		lgit ls-tree -r --name-only "$commit^" -- "$f"
	done >"$bisect_work/list"
	[ -s "$bisect_work/list" ] || return 0
	# shellcheck disable=SC2046 # a list of words
	lgit archive "$commit^" -- $(cat "$bisect_work/list") | tar -C "$1" -xf -
}

# bisect_reports BEFORE AFTER WHAT: none may be new in AFTER. Line numbers move.
bisect_reports() {
	for f in "$1" "$2"; do
		sed 's/:[0-9][-:0-9]*/:/; s/ line [0-9]*/ line/' "$f" | sort >"$f.sorted"
	done
	comm -13 "$1.sorted" "$2.sorted" >"$bisect_work/new"
	[ ! -s "$bisect_work/new" ] || bisect_broke "$3:" "$bisect_work/new"
	echo "nothing new in $(lgit diff-tree -r --no-commit-id --name-only "$commit" -- '*.[ch]' | wc -l) files" >"$bisect_said"
}

bisect_kernel_doc() {
	for f in after before; do
		: >"$bisect_work/doc.$f"
	done
	bisect_files "$bisect_work/doc"
	kernel_doc_on "$bisect_work/doc" >"$bisect_work/doc.after"
	bisect_files_before "$bisect_work/doc" "$bisect_work/doc.after"
	kernel_doc_on "$bisect_work/doc" >"$bisect_work/doc.before"
	bisect_reports "$bisect_work/doc.before" "$bisect_work/doc.after" "kernel-doc -Wall"
}

# kernel_doc_on DIR. Its status is the number of warnings, and it knows no empty list.
kernel_doc_on() {
	(
		cd "$1" || exit 1
		find . -type f | sed 's,^\./,,' | sort | xargs -r "$LINUX/scripts/kernel-doc" -none -Wall 2>&1
	) | grep -v '^[0-9]* warnings as ' || :
}

# bisect_cocci STEP...: all semantic patches on the files of all these steps at once, as
# the start of each takes longer than what it does. DIR has a directory for each step,
# first of the files as they are after it, then of those with reports as they are before.
bisect_cocci() {
	cocci=$BISECT_RUN/cocci-$(for step; do bisect_inputs coccicheck "$step"; done | sum)
	[ ! -e "$cocci/done" ] || return 0
	[ -e "$cocci" ] || rm -rf "$BISECT_RUN"/cocci-*
	for f in after before; do
		rm -rf "${cocci:?}/$f"
		for step; do
			commit=$(bisect_commit "$step")
			if [ "$f" = after ]; then
				bisect_files "$cocci/$f/$step"
			else
				sed -n "s,^$step/,,p" "$cocci/after.said" >"$cocci/some"
				bisect_files_before "$cocci/$f/$step" "$cocci/some"
			fi
		done
		logged "coccicheck-$f" "$ROOT/lab/lib/coccicheck" "$LINUX/scripts/coccinelle" "$cocci/$f" "$cocci/$f.out"
		cat "$cocci/$f.out"/*.out >"$cocci/all"
		sed -n "s,^$cocci/$f/,,p; /^does not run: /p" "$cocci/all" >"$cocci/$f.said"
	done
	sed -n '/^left out: /p' "$cocci/all"
	! grep '^does not run: ' "$cocci/after.said" || die "see $build/log/coccicheck-after.log"
	: >"$cocci/done"
}

bisect_coccicheck() {
	for f in before after; do
		sed -n "s,^$step/,,p" "$cocci/$f.said" | coccicheck_right "$cocci/$f/$step" >"$bisect_work/cocci.$f"
	done
	bisect_reports "$bisect_work/cocci.before" "$bisect_work/cocci.after" coccicheck
}

# The odd configurations, of the whole series: what it touches has to compile.

# Those of this kernel, "NAME ARCH OPTION...".
bisect_odd_list() {
	awk -v version="$version" '
		/^#/ { next }
		$3 ~ /^[0-9]+\.[0-9]+$/ {
			if ($3 != version)
				next
			$3 = ""
		}
		{ $0 = $0; $1 = $1; print }' "$ROOT/lab/odd.list"
}

# bisect_odd_file NAME ARCH OPTION...: where it leaves that it has passed.
bisect_odd_file() {
	echo "$bisect_passed/odd-$({
		echo "$* $bisect_rules"
		# of which architecture does not matter here
		lgit ls-tree "$tip" | grep -vE '	(Documentation|MAINTAINERS|tools)$'
		bisect_objects base "$tip"
	} | sum)"
}

# bisect_odd NAME ARCH OPTION...
bisect_odd() {
	odd_name=$1
	bisect_use "$2"
	shift 2
	tree=linux
	kmake_obj=odd-$odd_name-$arch
	case $odd_name in
	allmodconfig)
		obj=$BUILD/obj/$kmake_obj
		bisect_make "config-$kmake_obj" allmodconfig
		;;
	*)
		bisect_configure "$@"
		;;
	esac
	bisect_compile "$kmake_obj"
	warnings "$tree" "$logfile" >"$bisect_work/all"
	lgit diff --name-only base "$tip" >"$bisect_work/touched"
	awk -F : 'NR == FNR { touched[$0]; next } $1 in touched' "$bisect_work/touched" \
		"$bisect_work/all" >"$bisect_work/new"
	others=$(($(wc -l <"$bisect_work/all") - $(wc -l <"$bisect_work/new")))
	[ ! -s "$bisect_work/new" ] || bisect_broke "warnings ($build/log/${logfile##*/}):" "$bisect_work/new"
	bisect_end
	not=$(tr '\n' ' ' <"$bisect_work/not-made")
	[ "$others" != 0 ] || others=
	echo "$bisect_made objects compile${others:+; $others warnings, all in files that are not touched}${not:+; not in this configuration: ${not% }}" >"$bisect_said"
}
