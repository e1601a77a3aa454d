// SPDX-License-Identifier: GPL-2.0
/*
 * The tracer: carry out a sequence, and after each request write down what
 * has come of it.
 *
 * The tracer runs only when no tracee can (conform.h tells why), so it never
 * waits: whatever a request leads to has happened when collect() looks.
 */
#include "conform.h"
#include "insn.h"

#include <asm/ptrace-abi.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The C library's ptrace() knows fewer requests and returns other values. */
static long ptrace(long request, pid_t pid, unsigned long addr, unsigned long data)
{
	long ret = syscall(SYS_ptrace, request, pid, addr, data);

	return ret < 0 ? -errno : ret;
}

#define MAX_TASKS	16

struct task {
	pid_t pid;
	bool alive, stopped, traced;
	int status;		/* of the last stop */
	int si_code;		/* 0 if there was no siginfo */
};

static struct task tasks[MAX_TASKS];
static unsigned int nr_tasks;
static const struct sequence *seq;
static struct record *rec;
static unsigned int looks;		/* into /proc, that are left */
static unsigned int nr_wakes;
static int last_pid_fd;

static const long requests[] = {
	[DO_CONT] = PTRACE_CONT, [DO_SYSCALL] = PTRACE_SYSCALL,
	[DO_STEP] = PTRACE_SINGLESTEP, [DO_BLOCK] = PTRACE_SINGLEBLOCK,
	[DO_SYSEMU] = PTRACE_SYSEMU, [DO_SYSEMUSTEP] = PTRACE_SYSEMU_SINGLESTEP,
	[DO_DETACH] = PTRACE_DETACH,
};

void fatal(const char *what)
{
	int error = errno;
	char text[1024] = "before any sequence";

	if (seq)
		sequence_format(seq, text, sizeof(text));
	fprintf(stderr, "conform: %s: %s, in: %s\n", what, strerror(error), text);
	if (rec)
		record_print(rec, stderr);
	_exit(99);
}

/* It has waited for ever, which no sequence should lead to: say which does. */
static void too_long(int sig)
{
	(void)sig;
	fatal("the tracer waits");
}

/* ---- what can be seen of a stopped tracee ---- */

static void observe_siginfo(struct task *task)
{
	/* signo, errno, code, and what they say; no times */
	u64 words[sizeof(long) == 8 ? 4 : 3];
	siginfo_t info;
	long ret;

	memset(&info, 0, sizeof(info));
	ret = ptrace(PTRACE_GETSIGINFO, task->pid, 0, (unsigned long)&info);
	task->si_code = ret ? 0 : info.si_code;
	if (ret) {
		record(rec, "  no siginfo", ret);
		return;
	}
	memcpy(words, &info, sizeof(words));
	record_words(rec, "  siginfo", ARRAY_SIZE(words), words);
}

static void observe_syscall_info(struct task *task)
{
	u64 words[sizeof(struct ptrace_syscall_info) / sizeof(u64)];
	long ret;

	memset(words, 0, sizeof(words));
	ret = ptrace(PTRACE_GET_SYSCALL_INFO, task->pid, sizeof(words), (unsigned long)words);
	record(rec, "  syscall info", ret);
	if (ret > 0)
		record_words(rec, "    is", (ret + 7) / 8, words);
}

static void observe_regs(struct task *task)
{
	u64 words[32];
	struct iovec iov = { words, sizeof(words) };
	long ret;

	memset(words, 0, sizeof(words));
	ret = ptrace(PTRACE_GETREGSET, task->pid, NT_PRSTATUS, (unsigned long)&iov);
	if (ret) {
		record(rec, "  no registers", ret);
		return;
	}
	if (iov.iov_len == 27 * sizeof(u64)) {
		record(rec, "  ax orig_ax ip flags sp", words[10], words[15], words[16],
		       words[18], words[19]);
		record_words(rec, "  regs", 27, words);
	} else {
		u32 *regs = (u32 *)words;

		record(rec, "  ax orig_ax ip flags sp", (int)regs[6], (int)regs[11], regs[12],
		       regs[14], regs[15]);
		record_words(rec, "  regs", (iov.iov_len + 7) / 8, words);
	}
	words[0] = 0;
	ret = ptrace(PTRACE_PEEKUSR, task->pid, offsetof(struct user, u_debugreg[6]),
		     (unsigned long)&words[0]);
	record(rec, "  dr6", ret, words[0]);
}

static void observe_queue(struct task *task, u32 flags)
{
	struct ptrace_peeksiginfo_args args = { .flags = flags, .nr = 4 };
	siginfo_t infos[4];
	long ret, i;

	memset(infos, 0, sizeof(infos));
	ret = ptrace(PTRACE_PEEKSIGINFO, task->pid, (unsigned long)&args, (unsigned long)infos);
	record(rec, flags ? "  queued, shared" : "  queued", ret);
	for (i = 0; i < ret; i++)
		record(rec, "    signal", infos[i].si_signo, infos[i].si_code, infos[i].si_pid);
}

/* The lines of a file in /proc that tell of tracing and of signals. */
static void observe_proc(struct task *task)
{
	static const char *const lines[] = {
		"State:", "Tgid:", "PPid:", "TracerPid:", "Threads:", "SigPnd:", "ShdPnd:",
		"SigBlk:", "SigIgn:", "SigCgt:", "Seccomp", "NoNewPrivs:",
	};
	char name[40], buf[4096], *line, *save;
	unsigned int i;
	ssize_t len;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/status", task->pid);
	fd = open(name, O_RDONLY);
	len = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	if (fd >= 0)
		close(fd);
	if (len < 0) {
		record(rec, "  no status", errno);
		return;
	}
	buf[len] = 0;
	for (line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		for (i = 0; i < ARRAY_SIZE(lines); i++) {
			if (!strncmp(line, lines[i], strlen(lines[i])))
				record_text(rec, "  ", line);
		}
	}
	snprintf(name, sizeof(name), "/proc/%d/syscall", task->pid);
	fd = open(name, O_RDONLY);
	len = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	if (fd >= 0)
		close(fd);
	if (len > 0 && buf[len - 1] == '\n')
		len--;
	buf[len < 0 ? 0 : len] = 0;
	record_text(rec, "  /proc syscall", buf);
}

static void observe(struct task *task)
{
	unsigned long message = 0;
	u64 mask = 0;
	long ret;

	rec->nr_stops++;
	observe_siginfo(task);
	ret = ptrace(PTRACE_GETEVENTMSG, task->pid, 0, (unsigned long)&message);
	record(rec, "  event message", ret, message);
	observe_syscall_info(task);
	observe_regs(task);
	ret = ptrace(PTRACE_GETSIGMASK, task->pid, sizeof(mask), (unsigned long)&mask);
	record(rec, "  signal mask", ret, mask);
	observe_queue(task, 0);
	observe_queue(task, PTRACE_PEEKSIGINFO_SHARED);
	if (!looks)
		return;
	looks--;
	observe_proc(task);
}

/* ---- what has happened ---- */

static struct task *find_task(pid_t pid)
{
	unsigned int i;

	for (i = 0; i < nr_tasks; i++) {
		if (tasks[i].pid == pid)
			return &tasks[i];
	}
	return NULL;
}

static struct task *add_task(pid_t pid)
{
	struct task *task = find_task(pid);

	if (!task) {
		if (nr_tasks == MAX_TASKS)
			return NULL;
		task = &tasks[nr_tasks++];
	}
	*task = (struct task){ .pid = pid, .alive = true, .traced = true };
	return task;
}

static void collect_sigchld(void)
{
	static const struct timespec now;
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	while (sigtimedwait(&set, &info, &now) == SIGCHLD)
		record(rec, "SIGCHLD code pid uid status", info.si_code, info.si_pid,
		       info.si_uid, info.si_status);
}

/* What waitid() tells, without taking it. */
static void peek_wait(void)
{
	siginfo_t info = { .si_pid = 0 };

	if (!waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL) &&
	    info.si_pid)
		record(rec, "waitid signo code pid uid status", info.si_signo, info.si_code,
		       info.si_pid, info.si_uid, info.si_status);
}

/* As /proc/PID/stat says: R, S, D, ...; 0 if it is gone. */
static char task_state(pid_t pid)
{
	char name[40], buf[256], *end;
	ssize_t len;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	fd = open(name, O_RDONLY);
	len = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	if (fd >= 0)
		close(fd);
	if (len <= 0)
		return 0;
	buf[len] = 0;
	/* behind the name, in which there may be anything */
	end = strrchr(buf, ')');
	return end && end[1] ? end[2] : 0;
}

/* True if there are children, or tracees, left. */
static bool collect(void)
{
	struct task *task;
	int status;
	pid_t pid;

	for (;;) {
		watch_collect(rec);
		collect_sigchld();
		if (looks)
			peek_wait();
		pid = wait4(-1, &status, __WALL | WNOHANG | WUNTRACED | WCONTINUED, NULL);
		if (pid <= 0)
			return !pid;
		task = find_task(pid);
		if (!WIFSTOPPED(status)) {
			record(rec, WIFCONTINUED(status) ? "continued pid status" :
			       "ended pid status", pid, status);
			if (task && !WIFCONTINUED(status))
				task->alive = task->stopped = task->traced = false;
			continue;
		}
		if (!task)
			task = add_task(pid);
		if (!task) {
			record(rec, "too many, let go pid", pid,
			       ptrace(PTRACE_DETACH, pid, 0, 0));
			continue;
		}
		record(rec, "stop pid status", pid, status);
		/* after exec by another thread even one that we let go */
		task->alive = task->traced = task->stopped = true;
		task->status = status;
		observe(task);
	}
}

/* ---- to make a sleeping tracee go on ---- */

/* From its own copy of the listening descriptor, if there is a question. */
static void answer_notification(pid_t pid)
{
	struct seccomp_notif ask = { 0 };
	struct seccomp_notif_resp answer = { 0 };
	struct pollfd poll_fd = { .events = POLLIN };
	int pidfd, fd;

	pidfd = syscall(SYS_pidfd_open, pid, 0);
	fd = pidfd < 0 ? -1 : syscall(SYS_pidfd_getfd, pidfd, notes->notify_fd, 0);
	if (pidfd >= 0)
		close(pidfd);
	if (fd < 0) {
		record(rec, "no listener", errno);
		return;
	}
	poll_fd.fd = fd;
	if (poll(&poll_fd, 1, 0) == 1 && poll_fd.revents == POLLIN &&
	    !ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &ask)) {
		answer.id = ask.id;
		answer.val = 55;
		record(rec, "notification nr", ask.data.nr, ask.pid,
		       ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer) ? errno : 0);
	}
	close(fd);
}

static void wake(void)
{
	u8 ways = programs[seq->program].wake, way = 0;
	pid_t pid = tasks[0].pid;
	unsigned int n, i;

	/* a stop that a signal of the sequence brought: every third time */
	if (!ways || nr_wakes % 3 == 2) {
		way = WAKE_CONT;
	} else {
		n = nr_wakes % 3 % __builtin_popcount(ways);
		for (i = 0; i < 8; i++) {
			if ((ways & (1 << i)) && !n--)
				way = 1 << i;
		}
	}
	nr_wakes++;
	record(rec, "wake", way);
	switch (way) {
	case WAKE_USR1:
		kill(pid, SIGUSR1);
		break;
	case WAKE_CONT:
		kill(pid, SIGCONT);
		break;
	case WAKE_PIPE:
		if (write(FD_PIPE_WRITE, "w", 1) != 1)
			fatal("pipe");
		break;
	case WAKE_NOTIFY:
		answer_notification(pid);
		break;
	}
}

/* ---- requests ---- */

static void change(struct task *task, const struct edit *edit)
{
	struct user_regs_struct regs;
	siginfo_t info;
	u64 mask;
	long ret;

	if (edit->reg == REG_SIGINFO) {
		ret = ptrace(PTRACE_GETSIGINFO, task->pid, 0, (unsigned long)&info);
		if (!ret) {
			info.si_code = SI_QUEUE;
			info.si_errno = 42;
			ret = ptrace(PTRACE_SETSIGINFO, task->pid, 0, (unsigned long)&info);
		}
		record(rec, "change siginfo", ret);
		return;
	}
	if (edit->reg == REG_SIGMASK) {
		mask = 1ULL << (SIGUSR1 - 1);
		ret = ptrace(PTRACE_SETSIGMASK, task->pid, sizeof(mask), (unsigned long)&mask);
		record(rec, "change signal mask", ret);
		return;
	}
	ret = ptrace(PTRACE_GETREGS, task->pid, 0, (unsigned long)&regs);
	if (ret) {
		record(rec, "no registers to change", ret);
		return;
	}
#ifdef __x86_64__
#define R(r)	regs.r
#define AX	R(rax)
#define ORIG_AX	R(orig_rax)
#define DI	R(rdi)
#define IP	R(rip)
#else
#define R(r)	regs.r
#define AX	R(eax)
#define ORIG_AX	R(orig_eax)
#define DI	R(ebx)
#define IP	R(eip)
#endif
	switch (edit->reg) {
	case REG_NR:
		ORIG_AX = edit->value == -2 ? SYS_getppid : edit->value;
		break;
	case REG_AX:
		AX = edit->value;
		break;
	case REG_DI:
		DI = edit->value;
		break;
	case REG_IP:
		IP += edit->value;
		break;
	case REG_FLAGS:
		R(eflags) = (R(eflags) & ~0x100) | edit->value;
		break;
	case REG_BREAKPOINT:
		/* one byte, when it is executed; enabled for this task */
		ret = ptrace(PTRACE_POKEUSR, task->pid, offsetof(struct user, u_debugreg[0]),
			     IP + edit->value);
		record(rec, "change dr0", ret);
		ret = ptrace(PTRACE_POKEUSR, task->pid, offsetof(struct user, u_debugreg[7]), 1);
		record(rec, "change dr7", ret);
		return;
	}
	ret = ptrace(PTRACE_SETREGS, task->pid, 0, (unsigned long)&regs);
	record(rec, "change", edit->reg, edit->value, ret);
}

static void set_options(struct task *task, u32 options)
{
	record(rec, "set options", task->pid, options,
	       ptrace(PTRACE_SETOPTIONS, task->pid, 0, options));
}

/* Any of the requests that resume, or PTRACE_DETACH. */
static void resume(struct task *task, unsigned int what, int sig)
{
	long ret = ptrace(requests[what], task->pid, 0, sig);

	record(rec, whats[what], task->pid, sig, ret);
	/* no such process: it has died, or exec has taken its id */
	if (!ret || ret == -ESRCH)
		task->stopped = false;
	if (!ret && what == DO_DETACH)
		task->traced = false;
	collect();
}

static bool by_seize(void)
{
	return seq->attach == BY_SEIZE || seq->attach == BY_FOREIGN_SEIZE;
}

/*
 * To attach takes a lock that exec holds while it waits for the other threads
 * to end, and one of them may be stopped until we let it: on both kernels we
 * would wait for ever.  (The selftest ptrace/vmaccess is about that.)
 */
static bool some_exec(void)
{
	struct dirent *entry;
	bool found = false;
	unsigned int i;
	char name[40];
	DIR *threads;

	for (i = 0; i < nr_tasks && !found; i++) {
		snprintf(name, sizeof(name), "/proc/%d/task", tasks[i].pid);
		threads = opendir(name);
		if (!threads)
			continue;
		while ((entry = readdir(threads)))
			found |= atoi(entry->d_name) && task_state(atoi(entry->d_name)) == 'D';
		closedir(threads);
	}
	return found;
}

static void reattach(struct task *task)
{
	long ret;

	if (some_exec()) {
		record(rec, "no reattach during exec", task->pid);
		return;
	}
	ret = by_seize() ? ptrace(PTRACE_SEIZE, task->pid, 0, seq->options) :
	      ptrace(PTRACE_ATTACH, task->pid, 0, 0);

	record(rec, whats[DO_REATTACH], task->pid, ret);
	if (!ret)
		task->traced = true;
	collect();
}

static void interrupt(struct task *task)
{
	record(rec, whats[DO_INTERRUPT], task->pid,
	       ptrace(PTRACE_INTERRUPT, task->pid, 0, 0));
	collect();
}

/* Each must be refused, and change nothing. */
static void refused(struct task *task)
{
	static const struct {
		long request;
		unsigned long addr, data;
	} wrong[] = {
		/* there is no such signal */
		{ PTRACE_CONT, 0, 65 }, { PTRACE_SYSCALL, 0, 65 }, { PTRACE_SINGLESTEP, 0, 65 },
		{ PTRACE_SINGLEBLOCK, 0, 65 }, { PTRACE_SYSEMU, 0, 65 },
		{ PTRACE_SYSEMU_SINGLESTEP, 0, 65 }, { PTRACE_DETACH, 0, 65 },
		/* nor such requests, options, addresses */
		{ 0x4321, 0, 0 }, { PTRACE_SETOPTIONS, 0, 0x80000000 },
		{ PTRACE_SEIZE, 1, 0 }, { PTRACE_SEIZE, 0, 0x80000000 },
		{ PTRACE_GETEVENTMSG, 0, 8 }, { PTRACE_GETSIGINFO, 0, 8 },
		{ PTRACE_PEEKDATA, 8, 8 }, { PTRACE_GETSIGMASK, 7, 0 },
		/* it is traced, mostly */
		{ PTRACE_ATTACH, 0, 0 }, { PTRACE_SEIZE, 0, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		/* the last two could succeed, or wait for ever */
		if (i >= ARRAY_SIZE(wrong) - 2 && (!task->traced || some_exec()))
			break;
		record(rec, "refused", i, ptrace(wrong[i].request, task->pid, wrong[i].addr,
						 wrong[i].data));
	}
	collect();
}

static void do_step(const struct step *step, struct task *task)
{
	if (step->edit)
		change(task, &edits[step->edit]);
	switch (step->what) {
	default:
		resume(task, step->what, step->sig);
		break;
	case DO_REATTACH:
		reattach(task);
		break;
	case DO_INTERRUPT:
		interrupt(task);
		break;
	case DO_LISTEN:
		record(rec, whats[DO_LISTEN], task->pid, ptrace(PTRACE_LISTEN, task->pid, 0, 0));
		collect();
		break;
	case DO_SIGNAL:
		record(rec, whats[DO_SIGNAL], task->pid, step->sig,
		       step->who == ALL_STOPPED ? kill(task->pid, step->sig) :
		       syscall(SYS_tkill, task->pid, step->sig));
		collect();
		break;
	case DO_OPTIONS:
		set_options(task, step->options);
		break;
	case DO_REFUSED:
		refused(task);
		break;
	case DO_KILL:
		record(rec, whats[DO_KILL], task->pid, ptrace(PTRACE_KILL, task->pid, 0, 0));
		collect();
		break;
	}
}

static bool some_task(bool stopped)
{
	unsigned int i;

	for (i = 0; i < nr_tasks; i++) {
		if (tasks[i].alive && tasks[i].traced && (!stopped || tasks[i].stopped))
			return true;
	}
	return false;
}

/* Which tasks a step for all is for. */
static bool is_meant(const struct step *step, const struct task *task)
{
	switch (step->what) {
	case DO_REATTACH:
		return task->alive && !task->traced;
	case DO_INTERRUPT:
	case DO_REFUSED:
		return task->alive;
	case DO_SIGNAL:
		return task == tasks;
	default:
		return task->stopped;
	}
}

static void take_step(const struct step *step)
{
	bool meant[MAX_TASKS];
	unsigned int nr, i, done = 0;

	if (step->what == DO_WAKE) {
		wake();
		collect();
		return;
	}
	if (step->what < NR_RESUMES && !some_task(true) && some_task(false)) {
		wake();
		collect();
	}
	if (step->who != ALL_STOPPED) {
		if (step->who < nr_tasks)
			do_step(step, &tasks[step->who]);
		else
			record(rec, "no such task", step->who);
		return;
	}
	/* those that are meant now, not what their steps bring */
	nr = nr_tasks;
	for (i = 0; i < nr; i++)
		meant[i] = is_meant(step, &tasks[i]);
	for (i = 0; i < nr; i++) {
		if (meant[i]) {
			do_step(step, &tasks[i]);
			done++;
		}
	}
	/* let the kernel say what is wrong with it */
	if (!done && nr_tasks)
		do_step(step, &tasks[0]);
}

/* ---- beginning ---- */

/*
 * Go before the tracer, which has priority 1.  A tracee does this itself, before
 * it makes others, and so does the tracer: by the kernel's return from this, it
 * has run and sleeps.
 */
static void let_run(pid_t pid)
{
	static const struct sched_param param = { .sched_priority = 2 };

	if (sched_setscheduler(pid, SCHED_FIFO, &param))
		fatal("sched_setscheduler");
}

static void let_begin(void)
{
	if (write(FD_GO_WRITE, "g", 1) != 1)
		fatal("pipe");
}

/* In microseconds. One that runs for ever is killed. */
static const struct rlimit time_limit = { 1000000, 1000000 };

/*
 * A tracee shares the tracer's memory, which makes it three times cheaper,
 * unless something might make it write where it should not.
 */
static char tracee_stack[16384] __attribute__((aligned(64)));
static char parent_stack[16384] __attribute__((aligned(64)));

static pid_t start(int (*fn)(void *), void *arg, char *stack, size_t size)
{
	int shared = CLONE_VM;
	unsigned int i;

	for (i = 0; i < seq->nr_steps; i++) {
		if (seq->steps[i].edit)
			shared = 0;
	}
	return clone(fn, stack + size, shared | SIGCHLD, arg);
}

static int child(void *traceme)
{
	char self[] = SELF_OTHER, name[] = "tracee";
	char *argv[] = { self, name, NULL, NULL }, *env[] = { NULL };

	sigset_t none;

	forget_caller();
	let_run(0);
	setrlimit(RLIMIT_RTTIME, &time_limit);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_NAME, "tracee");
	if (seq->attach == BY_OTHER_WIDTH) {
		argv[2] = (char *)programs[seq->program].name;
		execve(self, argv, env);
		fatal(self);
	}
	tracee_run(seq->program, traceme);
}

/* A parent that is not the tracer, and notes what it is told. */
static int foreign_parent(void *unused)
{
	siginfo_t info;

	(void)unused;
	forget_caller();
	let_run(0);
	prctl(PR_SET_NAME, "parent");
	if (start(child, NULL, tracee_stack, sizeof(tracee_stack)) < 0)
		_exit(1);
	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WCONTINUED | __WALL)) {
			if (errno == EINTR)
				continue;
			break;
		}
		note(0xf00000000ULL | info.si_pid);
		note((u64)info.si_code << 32 | (u32)info.si_status);
	}
	_exit(0);
}

static void begin(void)
{
	bool foreign = seq->attach == BY_FOREIGN_ATTACH || seq->attach == BY_FOREIGN_SEIZE;
	bool traceme = seq->attach == BY_TRACEME || seq->attach == BY_OTHER_WIDTH;
	struct task *task;
	pid_t pid;

	if (foreign)
		pid = start(foreign_parent, NULL, parent_stack, sizeof(parent_stack));
	else
		pid = start(child, traceme ? "traceme" : NULL, tracee_stack, sizeof(tracee_stack));
	if (pid < 0)
		fatal("clone");
	/* of a foreign parent it sees all, too: it goes on to the child */
	if (observer == OBSERVER_BEFORE)
		observer_attach(pid);
	/* the only child of its parent, which is the last who forked */
	task = add_task(foreign ? pid + 1 : pid);
	task->traced = traceme;
	let_run(pid);
	if (traceme)
		collect();
	else
		reattach(task);
	/* some are dead by now: a filter has killed them, or there is no such program */
	if (observer == OBSERVER_AFTER && task->alive && task->traced)
		observer_attach(task->pid);
	if (traceme) {
		set_options(task, seq->options);
	} else if (!by_seize()) {
		set_options(task, seq->options);
		let_begin();
		resume(task, DO_CONT, 0);
	} else {
		let_begin();
		collect();
	}
}

/* ---- end ---- */

static int signal_to_pass(const struct task *task)
{
	int sig = WSTOPSIG(task->status);

	/* event stops, system calls; a group stop has no siginfo */
	if (task->status >> 16 || sig & 0x80 || !task->si_code)
		return task->status >> 16 || sig & 0x80 || sig == SIGTRAP || sig == SIGSTOP ||
		       sig == SIGTSTP ? 0 : sig;
	/* a trap that is not the tracer's: int3 */
	return sig == SIGTRAP && task->si_code != SI_KERNEL ? 0 : sig;
}

/* Resume whoever stops, so and so many times, waking them when all sleep. */
static void run_through(unsigned int what, unsigned int times)
{
	unsigned int i, wakes = 0;

	while (times && some_task(false) && wakes < 6) {
		if (!some_task(true)) {
			wake();
			wakes++;
			collect();
			continue;
		}
		for (i = 0; i < nr_tasks && times; i++) {
			if (!tasks[i].stopped)
				continue;
			resume(&tasks[i], what, signal_to_pass(&tasks[i]));
			times--;
		}
	}
}

static void let_all_go(void)
{
	unsigned int i, tries;

	for (tries = 0; tries < 8 && some_task(false); tries++) {
		for (i = 0; i < nr_tasks; i++) {
			struct task *task = &tasks[i];

			if (!task->alive || !task->traced)
				continue;
			if (!task->stopped && by_seize()) {
				interrupt(task);
			} else if (!task->stopped) {
				record(rec, "stop it", syscall(SYS_tkill, task->pid, SIGSTOP));
				collect();
			}
			if (task->stopped)
				resume(task, DO_DETACH, 0);
		}
	}
}

static void end(void)
{
	static char *const none[] = { NULL };
	char name[] = "target", *argv[] = { name, NULL };

	switch (seq->end) {
	case END_DETACH:
		break;
	case END_CONT:
		run_through(DO_CONT, 200);
		break;
	case END_SYSCALL:
		run_through(DO_SYSCALL, 200);
		break;
	case END_STEP:
		run_through(DO_STEP, 60);
		run_through(DO_CONT, 200);
		break;
	case END_KILL:
		record(rec, "kill", kill(tasks[0].pid, SIGKILL));
		collect();
		break;
	case END_EXIT:
		_exit(0);
	case END_DIE:
		raise(SIGKILL);
		break;
	case END_EXEC:
		execve(TARGET, argv, none);
		fatal(TARGET);
	}
	let_all_go();
}

static void kill_all(bool first)
{
	if (first)
		record(rec, "kill all", 0);
	kill(-1, SIGKILL);
}

/* Nobody may be left for the next sequence. */
static void settle(void)
{
	static const struct timespec while_it_dies = { .tv_nsec = 1000000 };
	unsigned int tries = 0;

	for (; collect(); tries++) {
		if (tries > 1000)
			fatal("a tracee does not die");
		if (tries > 4)
			nanosleep(&while_it_dies, NULL);
		if (some_task(true))
			let_all_go();
		else if (tries < 4)
			wake();
		else
			kill_all(tries == 4);
	}
}

static void trace(void)
{
	unsigned int i;

	begin();
	for (i = 0; i < seq->nr_steps; i++)
		take_step(&seq->steps[i]);
	end();
}

/* What calls have left in a pipe or socket. */
static void empty(int fd)
{
	char buf[64];
	int left;

	while (!ioctl(fd, FIONREAD, &left) && left > 0) {
		record(rec, "left", fd, left);
		if (read(fd, buf, sizeof(buf)) <= 0)
			fatal("read");
	}
}

/*
 * The kernel's own tasks come after all of ours.  One that has waited for a
 * second is let run by the scheduler (its "fair server") wherever a tracee may
 * be, and that shows: to switch tasks is to write the register that steps by
 * branches.  So let them run, now and then, where there is no tracee.
 */
static void let_others_run(void)
{
	static const struct timespec a_while = { .tv_nsec = 1000000 };

	nanosleep(&a_while, NULL);
}

void tracer_run(const struct sequence *sequence, struct record *to)
{
	static unsigned int nr_runs;
	u64 words[MAX_NOTES];
	u32 i, nr;

	seq = sequence;
	rec = to;
	nr_tasks = nr_wakes = 0;
	/* this costs as much as all the rest: not in every sequence */
	looks = seq->nr_steps == 1 ? 4 : seq->nr_steps > 4 ? 3 : 0;
	record_reset(rec);
	if (!(nr_runs++ % 16))
		let_others_run();
	alarm(40);
	notes->nr = 0;
	notes->notify_fd = -1;
	if (pwrite(last_pid_fd, "1000", 4, 0) != 4)
		fatal("ns_last_pid");
	if (observer && !observer_open())
		observer = OBSERVER_NONE;
	if (seq->end < END_EXIT) {
		trace();
	} else {
		/* this tracer will not survive it */
		pid_t pid = fork();

		if (!pid) {
			watch_leave();
			trace();
			_exit(98);
		}
		tasks[nr_tasks++] = (struct task){ .pid = pid + 1, .alive = true };
		if (waitpid(pid, NULL, 0) != pid)
			fatal("waitpid");
	}
	settle();
	if (observer)
		observer_close();
	nr = notes->nr < MAX_NOTES ? notes->nr : MAX_NOTES;
	for (i = 0; i < nr; i++)
		words[i] = notes->note[i];
	record_words(rec, "notes", nr, words);
	audit_collect(rec);
	empty(FD_PIPE_READ);
	empty(FD_GO_READ);
	empty(FD_SOCKET_PEER);
	alarm(0);
}

/* Once, in the process that traces. */
void tracer_init(void)
{
	sigset_t set;
	int fds[2], fd;

	signal(SIGALRM, too_long);
	prctl(PR_SET_NAME, "tracer");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);

	last_pid_fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
	if (last_pid_fd < 0)
		fatal("/proc/sys/kernel/ns_last_pid");
	fd = memfd_create("notes", 0);
	if (fd < 0 || ftruncate(fd, sizeof(*notes)) || dup2(fd, FD_NOTES) < 0)
		fatal("memfd");
	close(fd);
	notes = mmap(NOTES_AT, sizeof(*notes), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED_NOREPLACE, FD_NOTES, 0);
	if (notes == MAP_FAILED)
		fatal("mmap");
	if (pipe(fds) || dup2(fds[0], FD_GO_READ) < 0 || dup2(fds[1], FD_GO_WRITE) < 0)
		fatal("pipe");
	close(fds[0]);
	close(fds[1]);
	if (pipe(fds) || dup2(fds[0], FD_PIPE_READ) < 0 || dup2(fds[1], FD_PIPE_WRITE) < 0)
		fatal("pipe");
	close(fds[0]);
	close(fds[1]);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) || dup2(fds[0], FD_SOCKET) < 0 ||
	    dup2(fds[1], FD_SOCKET_PEER) < 0)
		fatal("socketpair");
	close(fds[0]);
	close(fds[1]);
	fd = open("/dev/null", O_RDWR);
	if (fd < 0 || dup2(fd, FD_DEVNULL) < 0)
		fatal("/dev/null");
	close(fd);
	/* those that have started us, too: now they wait for us */
	let_others_run();
}
