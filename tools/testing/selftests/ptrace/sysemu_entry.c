// SPDX-License-Identifier: GPL-2.0
/*
 * PTRACE_SYSEMU and PTRACE_SYSEMU_SINGLESTEP: whatever the number of the call, and
 * whichever way it comes into the kernel.
 */
#include "sysemu.h"

#ifdef SYSEMU_ARCH_SUPPORTED

#include <linux/audit.h>

FIXTURE(tracee)
{
	struct tracee t;
};

FIXTURE_SETUP(tracee)
{
	tracee_init(&self->t);
}

FIXTURE_TEARDOWN(tracee)
{
	tracee_end(&self->t);
}

/* ---- Calls that would end or derail the tracee, if they happened ---- */

static void deadly_calls(struct shared *sh)
{
	sh->result[0] = RAW_CALL(__NR_exit_group, 11);
	sh->result[1] = RAW_CALL(__NR_exit, 12);
	sh->result[2] = RAW_CALL(__NR_rt_sigreturn);
	sh->result[3] = RAW_CALL(__NR_kill, sh->pid[0], SIGKILL);
	sh->result[4] = RAW_CALL(__NR_munmap, (long)sh & ~4095L, 4096);
	quit(0);
}

TEST_F(tracee, exit_sigreturn_kill_munmap_are_skipped)
{
	static const long calls[] = {
		__NR_exit_group, __NR_exit, __NR_rt_sigreturn, __NR_kill,
		__NR_munmap,
	};
	struct tracee *t = &self->t;
	int i;

	START(deadly_calls);
	t->sh->pid[0] = t->pid;
	for (i = 0; i < (int)ARRAY_SIZE(calls); i++) {
		ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
		EXPECT_EQ(calls[i], nr_of(t));
	}
	/* The last one is skipped under another request. */
	ASSERT_STREQ("exited 0", finish(t));
	for (i = 0; i < (int)ARRAY_SIZE(calls); i++)
		EXPECT_EQ(SKIPPED, t->sh->result[i]);
}

static void restart_syscall_call(struct shared *sh)
{
	sh->result[0] = RAW_CALL(__NR_restart_syscall);
	sh->result[1] = RAW_CALL(__NR_restart_syscall);
	quit(0);
}

TEST_F(tracee, restart_syscall_is_skipped)
{
	struct tracee *t = &self->t;

#ifdef __s390x__
	SKIP(return, "s390 goes on where the last call was interrupted");
#endif
	START(restart_syscall_call);
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_restart_syscall, nr_of(t));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
	/* The control: with nothing to restart, it answers so. */
	EXPECT_EQ(-EINTR, t->sh->result[1]);
}

/* ---- Numbers that no system call has ---- */

static const long odd_numbers[] = {
#ifdef __s390x__
	/* The kernel looks at 16 bits. */
	1000, 5000, 0x7fff, 0x8000, 0xffff,
#else
	-1, -2, -4096, 5000, 100000, 0x40000000, 0x7fffffff, INT32_MIN,
#endif
};

#define ODD_NUMBERS	((int)ARRAY_SIZE(odd_numbers))

static void odd_calls(struct shared *sh)
{
	int i;

	for (i = 0; i < ODD_NUMBERS; i++)
		sh->result[i] = RAW_CALL(odd_numbers[i]);
	quit(0);
}

TEST_F(tracee, invalid_numbers_stop_alike)
{
	struct tracee *t = &self->t;
	int i;

	START(odd_calls);
	for (i = 0; i < ODD_NUMBERS; i++) {
		ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
		EXPECT_EQ(odd_numbers[i], nr_of(t));
		EXPECT_EQ(SKIPPED, result_of(t));
		EXPECT_EQ(RETURN_IP, ip_of(t));
		ASSERT_EQ(0, set_result(t, 100 + i));
	}
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_exit_group, nr_of(t));
	for (i = 0; i < ODD_NUMBERS; i++)
		EXPECT_EQ(100 + i, t->sh->result[i]);
}

#ifdef SYSEMU_X86
/* ---- Other ways into the kernel ---- */

static void close_by_int80(struct shared *sh)
{
	long ret;

	/* close() is 6 in the 32-bit table, and its argument fits. */
#ifdef SYSEMU_X86_64
	__asm__ volatile("int $0x80" : "=a" (ret)
			 : "0" (6L), "b" ((long)sh->mark_fd)
			 : "memory", "r8", "r9", "r10", "r11");
#else
	__asm__ volatile("int $0x80" : "=a" (ret)
			 : "0" (6L), "b" ((long)sh->mark_fd) : "memory");
#endif
	sh->result[0] = (int)ret;
	sh->result[1] = mark(sh, 0);
	quit(0);
}

TEST_F(tracee, int80_without_sysemu)
{
	struct tracee *t = &self->t;

	START(close_by_int80);
	finish(t);
	if (WIFSIGNALED(t->status) || WIFSTOPPED(t->status))
		SKIP(return, "no int $0x80 in this kernel: %s", t->stop);
	EXPECT_EQ(0, t->sh->result[0]);
	EXPECT_EQ(-EBADF, t->sh->result[1]);
	EXPECT_STREQ("", happened(t));
}

TEST_F(tracee, int80)
{
	struct ptrace_syscall_info info = {};
	struct tracee *t = &self->t;

	START(close_by_int80);
	go(t, PTRACE_SYSEMU);
	if (!strcmp(t->stop, "signal SEGV"))
		SKIP(return, "no int $0x80 in this kernel");
	ASSERT_STREQ("entry", t->stop);
	EXPECT_EQ(6, nr_of(t));
	EXPECT_EQ(SKIPPED, result_of(t));
	trace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(info),
	      (unsigned long)&info);
	EXPECT_EQ(PTRACE_SYSCALL_INFO_ENTRY, info.op);
	EXPECT_EQ(AUDIT_ARCH_I386, info.arch);
	EXPECT_EQ(6, info.entry.nr);
	EXPECT_EQ(t->sh->mark_fd, info.entry.args[0]);
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	EXPECT_EQ(SKIPPED, result_of(t));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
	EXPECT_STREQ("a", happened(t));
}

TEST_F(tracee, int80_stepped)
{
	struct tracee *t = &self->t;
	unsigned long ip;

	START(close_by_int80);
	go(t, PTRACE_SYSEMU);
	if (!strcmp(t->stop, "signal SEGV"))
		SKIP(return, "no int $0x80 in this kernel");
	ASSERT_STREQ("entry", t->stop);
	ip = ip_of(t);
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	EXPECT_NE(ip, ip_of(t));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
	EXPECT_STREQ("a", happened(t));
}

#ifdef SYSEMU_I386
#include <sys/auxv.h>

static unsigned long kernel_vsyscall;

static void call_by_kernel_vsyscall(struct shared *sh)
{
	long ret;

	__asm__ volatile("call *%1" : "=a" (ret)
			 : "m" (kernel_vsyscall), "0" ((long)__NR_close),
			   "b" ((long)sh->mark_fd) : "memory");
	sh->result[0] = ret;
	sh->result[1] = mark(sh, 0);
	quit(0);
}

TEST_F(tracee, kernel_vsyscall)
{
	struct tracee *t = &self->t;

	kernel_vsyscall = getauxval(AT_SYSINFO);
	if (!kernel_vsyscall)
		SKIP(return, "the kernel offers no __kernel_vsyscall");
	START(call_by_kernel_vsyscall);
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_close, nr_of(t));
	EXPECT_EQ(SKIPPED, result_of(t));
	ASSERT_STREQ("exit", go(t, PTRACE_SYSCALL));
	EXPECT_EQ(SKIPPED, result_of(t));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
	EXPECT_STREQ("a", happened(t));
}

TEST_F(tracee, kernel_vsyscall_stepped)
{
	struct tracee *t = &self->t;
	unsigned long ip;

	kernel_vsyscall = getauxval(AT_SYSINFO);
	if (!kernel_vsyscall)
		SKIP(return, "the kernel offers no __kernel_vsyscall");
	START(call_by_kernel_vsyscall);
	do {
		go(t, PTRACE_SYSEMU_SINGLESTEP);
	} while (!strcmp(t->stop, "step"));
	ASSERT_STREQ("entry", t->stop);
	EXPECT_EQ(__NR_close, nr_of(t));
	ip = ip_of(t);
	ASSERT_STREQ("syscall step", go(t, PTRACE_SINGLESTEP));
	EXPECT_EQ(ip, ip_of(t));
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_EQ(SKIPPED, t->sh->result[0]);
	EXPECT_STREQ("a", happened(t));
}

TEST_F(tracee, kernel_vsyscall_happens_after_syscall_entry)
{
	struct tracee *t = &self->t;

	kernel_vsyscall = getauxval(AT_SYSINFO);
	if (!kernel_vsyscall)
		SKIP(return, "the kernel offers no __kernel_vsyscall");
	START(call_by_kernel_vsyscall);
	ASSERT_STREQ("entry", go(t, PTRACE_SYSCALL));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(0, t->sh->result[0]);
	EXPECT_EQ(__NR_write, nr_of(t));
	ASSERT_STREQ("exited 0", finish(t));
}
#endif /* SYSEMU_I386 */

#ifdef SYSEMU_X86_64
#define VSYSCALL_GETCPU	0xffffffffff600800UL

static bool have_vsyscall_page(void)
{
	char line[256];
	bool found = false;
	FILE *f;

	f = fopen("/proc/self/maps", "r");
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f))
		if (strstr(line, "[vsyscall]"))
			found = true;
	fclose(f);
	return found;
}

/* In a function of its own, to know the two instructions after the call. */
__attribute__((visibility("hidden")))
long call_vsyscall(unsigned int *cpu, unsigned int *node);
__attribute__((visibility("hidden")))
extern const char call_vsyscall_return[];

__asm__(".pushsection .text\n"
	"call_vsyscall:\n"
	"	mov $0xffffffffff600800, %rax\n"
	"	call *%rax\n"
	"call_vsyscall_return:\n"
	"	nop\n"
	"	nop\n"
	"	ret\n"
	".popsection\n");

static void vsyscall_getcpu(struct shared *sh)
{
	unsigned int cpu = 12345;

	sh->result[0] = call_vsyscall(&cpu, NULL);
	sh->result[1] = cpu;
	sh->result[2] = mark(sh, 0);
	quit(0);
}

/* The page is entered by a fault: no system call for ptrace, no skip. */
TEST_F(tracee, vsyscall_page_is_not_emulated)
{
	struct tracee *t = &self->t;

	if (!have_vsyscall_page())
		SKIP(return, "no vsyscall page (vsyscall=none)");
	START(vsyscall_getcpu);
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_write, nr_of(t));
	EXPECT_EQ(0, t->sh->result[0]);
	EXPECT_NE(12345, t->sh->result[1]);
	ASSERT_STREQ("exited 0", finish(t));
	EXPECT_STREQ("", happened(t));
}

TEST_F(tracee, vsyscall_page_stepped)
{
	struct tracee *t = &self->t;
	bool inside = false;
	int i;

	if (!have_vsyscall_page())
		SKIP(return, "no vsyscall page (vsyscall=none)");
	START(vsyscall_getcpu);
	for (i = 0; i < 100 && !inside; i++) {
		ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
		inside = ip_of(t) == VSYSCALL_GETCPU;
	}
	ASSERT_TRUE(inside);
	ASSERT_STREQ("step", go(t, PTRACE_SYSEMU_SINGLESTEP));
	/* The fault emulates the call; the trap comes one instruction on. */
	EXPECT_EQ((unsigned long)call_vsyscall_return + 1, ip_of(t));
	EXPECT_EQ(0, result_of(t));
	ASSERT_STREQ("entry", go(t, PTRACE_SYSEMU));
	EXPECT_EQ(__NR_write, nr_of(t));
}
#endif /* SYSEMU_X86_64 */
#endif /* SYSEMU_X86 */

#endif /* SYSEMU_ARCH_SUPPORTED */

TEST_HARNESS_MAIN
