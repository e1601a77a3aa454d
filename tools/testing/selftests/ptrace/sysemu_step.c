// SPDX-License-Identifier: GPL-2.0
/*
 * A tracer that steps its tracee reads the tracee's next instruction, to know
 * whether that sets the trap flag itself. That is an affair of the tracer: the
 * tracee does not wait for it, take a page fault for it, or live on because of it.
 */
#include "sysemu.h"

#ifdef SYSEMU_X86

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY	1
#endif

#ifndef __NR_pidfd_open
#define __NR_pidfd_open		434
#endif
#ifndef __NR_pidfd_getfd
#define __NR_pidfd_getfd	438
#endif

#define NOP		0x90
#define MAX_PAGE	65536

FIXTURE(missing)
{
	struct tracee t;
	unsigned long page;
	int uffd;	/* the tracee's, which has to fill the page */
};

FIXTURE_VARIANT(missing)
{
	int flags;
};

FIXTURE_VARIANT_ADD(missing, privileged)
{
	.flags = 0,
};

FIXTURE_VARIANT_ADD(missing, unprivileged)
{
	.flags = UFFD_USER_MODE_ONLY,
};

/* A page that is not there until a userfaultfd fills it. */
static void map_missing_page(struct shared *sh)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	long size = sysconf(_SC_PAGESIZE);
	int fd = syscall(__NR_userfaultfd, O_CLOEXEC | sh->arg);

	sh->arg = -1;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
		return;
	sh->ptr = mmap(NULL, size, PROT_READ | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range.start = (unsigned long)sh->ptr;
	range.range.len = size;
	if (sh->ptr != MAP_FAILED && !ioctl(fd, UFFDIO_REGISTER, &range))
		sh->arg = fd;
}

static void stop_and_exit(struct shared *sh)
{
	map_missing_page(sh);
	RAW_CALL(__NR_kill, getpid(), SIGSTOP);
	quit(3);
}

/* The tracee is in its stop for SIGSTOP, and has the page. */
FIXTURE_SETUP(missing)
{
	struct tracee *t = &self->t;
	int pidfd;

	tracee_init(t);
	install_handler(t, SIGUSR1, 0);
	t->sh->arg = variant->flags;
	ASSERT_STREQ("event stop",
		     tracee_start(t, BY_SEIZE, DEFAULT_OPTIONS |
				  PTRACE_O_TRACEEXIT, stop_and_exit));
	ASSERT_STREQ("signal STOP", go(t, PTRACE_CONT));
	if (t->sh->arg < 0)
		SKIP(return, "no userfaultfd: needs CONFIG_USERFAULTFD");
	self->page = (unsigned long)t->sh->ptr;
	pidfd = syscall(__NR_pidfd_open, t->pid, 0);
	self->uffd = syscall(__NR_pidfd_getfd, pidfd, t->sh->arg, 0);
	ASSERT_LE(0, self->uffd);
	close(pidfd);
}

FIXTURE_TEARDOWN(missing)
{
	tracee_end(&self->t);
}

static void jump(struct tracee *t, unsigned long ip)
{
	struct tracee_regs regs = regs_of(t);

	REG_IP(&regs) = ip;
	/* No system call to start again from there. */
	REG_NR(&regs) = -1;
	set_regs(t, &regs);
}

/* Fill the page: now the step is over its first instruction. */
static int fill(int uffd, unsigned long page)
{
	static unsigned char nops[MAX_PAGE];
	struct uffdio_copy copy = {
		.dst = page,
		.src = (unsigned long)nops,
		.len = sysconf(_SC_PAGESIZE),
	};

	memset(nops, NOP, sizeof(nops));
	return ioctl(uffd, UFFDIO_COPY, &copy);
}

/* How often it has slept. */
static long switches_of(pid_t pid)
{
	return status_number(pid, "voluntary_ctxt_switches");
}

/* Let it step onto the page, for which it waits itself. */
static void step_onto(struct tracee *t, unsigned long page, int request)
{
	jump(t, page);
	trace(request, t->pid, 0, 0);
	await_state(t->pid, 'S');
}

TEST_F(missing, step_waits_for_the_page)
{
	struct tracee *t = &self->t;
	long switches;

	step_onto(t, self->page, PTRACE_SINGLESTEP);
	/* It sleeps until then. */
	usleep(20000);
	switches = switches_of(t->pid);
	usleep(50000);
	EXPECT_EQ('S', task_state(t->pid));
	EXPECT_EQ(switches, switches_of(t->pid));
	EXPECT_STREQ("none", stop_pending(t));
	ASSERT_EQ(0, fill(self->uffd, self->page));
	EXPECT_STREQ("step", next_stop(t));
	EXPECT_EQ(self->page + 1, ip_of(t));
}

TEST_F(missing, sysemu_step_waits_for_the_page)
{
	struct tracee *t = &self->t;

	step_onto(t, self->page, PTRACE_SYSEMU_SINGLESTEP);
	ASSERT_EQ(0, fill(self->uffd, self->page));
	EXPECT_STREQ("step", next_stop(t));
	EXPECT_EQ(self->page + 1, ip_of(t));
}

TEST_F(missing, interrupt_ends_the_wait)
{
	struct tracee *t = &self->t;

	step_onto(t, self->page, PTRACE_SINGLESTEP);
	ASSERT_EQ(0, trace(PTRACE_INTERRUPT, t->pid, 0, 0));
	EXPECT_STREQ("event stop", next_stop(t));
	EXPECT_EQ(self->page, ip_of(t));
	ASSERT_EQ(0, fill(self->uffd, self->page));
	EXPECT_STREQ("step", go(t, PTRACE_SINGLESTEP));
	EXPECT_EQ(self->page + 1, ip_of(t));
}

TEST_F(missing, a_signal_ends_the_wait)
{
	struct tracee *t = &self->t;

	step_onto(t, self->page, PTRACE_SINGLESTEP);
	kill(t->pid, SIGUSR1);
	EXPECT_STREQ("signal USR1", next_stop(t));
	EXPECT_EQ(self->page, ip_of(t));
	EXPECT_STREQ("handler step", go_sig(t, PTRACE_SINGLESTEP, SIGUSR1));
	EXPECT_EQ((unsigned long)count_signal, ip_of(t));
}

TEST_F(missing, sigkill_ends_the_wait)
{
	struct tracee *t = &self->t;

	step_onto(t, self->page, PTRACE_SINGLESTEP);
	kill(t->pid, SIGKILL);
	EXPECT_STREQ("event exit", next_stop(t));
	EXPECT_STREQ("killed KILL", finish(t));
}

static void step_at_exit(struct __test_metadata *_metadata, struct tracee *t,
			 unsigned long page, int request)
{
	ASSERT_STREQ("event exit", go(t, PTRACE_CONT));
	jump(t, page);
	if (trace(request, t->pid, 0, 0) == -EIO)
		SKIP(return, "no such request on this machine");
	EXPECT_STREQ("exited 3", next_stop(t));
}

TEST_F(missing, step_at_exit)
{
	step_at_exit(_metadata, &self->t, self->page, PTRACE_SINGLESTEP);
}

TEST_F(missing, block_step_at_exit)
{
	step_at_exit(_metadata, &self->t, self->page, PTRACE_SINGLEBLOCK);
}

TEST_F(missing, sysemu_step_at_exit)
{
	step_at_exit(_metadata, &self->t, self->page, PTRACE_SYSEMU_SINGLESTEP);
}

/* A fatal signal's stop at exit is the same. */
TEST_F(missing, step_at_exit_by_a_signal)
{
	struct tracee *t = &self->t;

	ASSERT_STREQ("event exit", go_sig(t, PTRACE_CONT, SIGTERM));
	jump(t, self->page);
	EXPECT_STREQ("killed 15", go(t, PTRACE_SINGLESTEP));
}

/* Page faults */

#define NR_PAGES	8
#define STRIDE		0x20000UL	/* no page is mapped along with another */

static long faults_of(pid_t pid)
{
	char path[64], buf[512], *p;
	long faults = -1;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	len = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (len <= 0)
		return -1;
	buf[len] = 0;
	p = strrchr(buf, ')');
	if (p)
		sscanf(p, ") %*c %*d %*d %*d %*d %*d %*u %ld", &faults);
	return faults;
}

static long own_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

static void stop_only(struct shared *sh)
{
	RAW_CALL(__NR_kill, getpid(), SIGSTOP);
	quit(3);
}

static void step_over_new_pages(struct __test_metadata *_metadata, int request)
{
	long own, faults, taken = 0;
	unsigned char *pages;
	struct tracee t;
	char nop = NOP;
	int fd, i;

	/* Text that is in memory, but not yet mapped. */
	fd = syscall(__NR_memfd_create, "text", 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, NR_PAGES * STRIDE));
	for (i = 0; i < NR_PAGES; i++)
		ASSERT_EQ(1, pwrite(fd, &nop, 1, i * STRIDE));
	pages = mmap(NULL, NR_PAGES * STRIDE, PROT_READ | PROT_EXEC, MAP_PRIVATE,
		     fd, 0);
	ASSERT_TRUE(pages != MAP_FAILED);

	tracee_init(&t);
	START_TRACEE(&t, stop_only);
	ASSERT_STREQ("signal STOP", go(&t, PTRACE_CONT));
	for (i = 0; i < NR_PAGES; i++) {
		jump(&t, (unsigned long)pages + i * STRIDE);
		faults = faults_of(t.pid);
		own = own_faults();
		EXPECT_STREQ("step", go(&t, request));
		taken += own_faults() - own;
		EXPECT_EQ((unsigned long)pages + i * STRIDE + 1, ip_of(&t));
		EXPECT_EQ(faults, faults_of(t.pid));
	}
	EXPECT_LE(NR_PAGES, taken);
	tracee_end(&t);
}

TEST(step_faults_in_the_tracer)
{
	step_over_new_pages(_metadata, PTRACE_SINGLESTEP);
}

TEST(sysemu_step_faults_in_the_tracer)
{
	step_over_new_pages(_metadata, PTRACE_SYSEMU_SINGLESTEP);
}

#elif defined(SYSEMU_ARCH_SUPPORTED)

TEST(step)
{
	SKIP(return, "only x86 reads the instruction that is stepped");
}

#endif

TEST_HARNESS_MAIN
