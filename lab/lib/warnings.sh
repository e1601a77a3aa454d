# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# What compilers, sparse and checkpatch say: as lists that can be compared, and
# without what the tools get wrong.

# check_mail FILE: checkpatch --strict. True if it finds nothing, else it is in
# $logfile. Not asked of these patches, and why:
#   FILE_PATH_CHANGES  wants MAINTAINERS in the same patch as a new file; the
#                      series has its entry in one patch
#   ENOSYS             a skipped call returns it, so the tests name it
#   MACRO_ARG_REUSE    "for each" macros and RAW_CLONE use an argument more than once
#   GIT_COMMIT_ID      build/linux does not know the history of the kernel
#   DEFINE_ARCH_HAS    user_single_step_report() is asked for in this way
#   ARCH_DEFINES       tests of registers know architectures
#   DATA_RACE          it does not see a comment that lines are deleted after
#   BIT_MACRO          jobctl.h has all its bits as 1UL << BIT
check_mail() {
	# its stderr has only what its helper in Python misses, if anything
	# shellcheck disable=SC2016 # expanded by the inner shell
	try_logged checkpatch env -C "$LINUX" sh -c 'scripts/checkpatch.pl --strict --no-summary \
		--quiet --show-types --ignore FILE_PATH_CHANGES,ENOSYS,MACRO_ARG_REUSE,GIT_COMMIT_ID,DEFINE_ARCH_HAS,ARCH_DEFINES,DATA_RACE,BIT_MACRO \
		"$1" 2>/dev/null' sh "$1"
}

# warnings TREE LOG...: the warnings about build/TREE in these logs, sorted. Without
# line numbers, since those move.
warnings() {
	warnings_tree=$1
	shift
	# compilers and sparse; then all who do not know a line: ld, objtool, modpost, kconfig
	sed -n "s,^.*build/$warnings_tree/,,; s,^\(\.\./\)*,,; s,^$warnings_tree/,,; t 0
		: 0
		s/^\([^: ]*\):[0-9]*:\([0-9]*:\)* *\(warning\|error\)/\1: \3/p
		t
		s/+0x[0-9a-f]*//g
		/\(warning\|WARNING\): /p" \
		"$@" | sort
}

# new_warnings DIR OLD NEW: those in NEW and not in OLD that are the series' own. DIR
# holds the sources. Not asked of sparse, and why:
#   context imbalance  in files that use guard(), which sparse does not follow
#   address spaces     in files that use a task's ->sighand, which is __rcu and which
#                      nobody dereferences so: it says that of kernel/signal.c, too
new_warnings() {
	comm -13 "$2" "$3" | while read -r line; do
		file=$1/${line%%:*}
		case $line in
		*"context imbalance"*) ! grep -q 'guard(' "$file" || continue ;;
		*"address spaces"* | *noderef*) ! grep -q -e '->sighand' "$file" || continue ;;
		esac
		echo "$line"
	done
}

# coccicheck_right DIR: its reports on the files in DIR, on standard input, but for
#   preceded by free   in files that end a test by KUNIT_FAIL_AND_ABORT(), of which
#                      it does not know that it does not return
coccicheck_right() {
	while read -r line; do
		case $line in
		*"reference preceded by free"*)
			! grep -q 'KUNIT_FAIL_AND_ABORT(' "$1/${line%%:*}" || continue
			;;
		esac
		echo "$line"
	done
}
