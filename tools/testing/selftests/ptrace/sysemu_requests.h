/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a tracer does in the PTRACE_SYSEMU tests, and sees: requests, the stops that
 * they lead to, in words, and the registers there.
 */
#ifndef SYSEMU_REQUESTS_H
#define SYSEMU_REQUESTS_H

struct tracee {
	pid_t pid;
	struct shared *sh;
	int status;			/* as wait gave it */
	int marks_fd;
	char stop[64];
	char marks[256];
	unsigned long arg0;		/* of the last call that was entered */
	unsigned long trap_due;		/* see go_sig(): where, or 0 */
};

static inline long trace(long request, pid_t pid, unsigned long addr,
			 unsigned long data)
{
	long ret = syscall(__NR_ptrace, request, pid, addr, data);

	return ret == -1 ? -errno : ret;
}

static inline void nap(void)
{
	usleep(200);
}

/* State letter of /proc/PID/stat, '?' if there is no such task. */
static inline char task_state(pid_t pid)
{
	char path[64], buf[512], *p;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return '?';
	len = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (len <= 0)
		return '?';
	buf[len] = 0;
	p = strrchr(buf, ')');
	return p && p[1] ? p[2] : '?';
}

static inline void await_state(pid_t pid, char state)
{
	while (task_state(pid) != state)
		nap();
}

/* The number that /proc/PID/status has for @name, -1 if there is no such task. */
static inline long status_number(pid_t pid, const char *name)
{
	size_t len = strlen(name);
	char path[64], line[256];
	long number = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, name, len) && line[len] == ':')
			number = atol(line + len + 1);
	}
	fclose(f);
	return number;
}

static inline const char *signal_word(int sig)
{
	static char number[16];

	switch (sig) {
	case SIGTRAP:
		return "TRAP";
	case SIGKILL:
		return "KILL";
	case SIGSTOP:
		return "STOP";
	case SIGCONT:
		return "CONT";
	case SIGSEGV:
		return "SEGV";
	case SIGSYS:
		return "SYS";
	case SIGUSR1:
		return "USR1";
	case SIGUSR2:
		return "USR2";
	case SIGCHLD:
		return "CHLD";
	}
	snprintf(number, sizeof(number), "%d", sig);
	return number;
}

static inline const char *event_word(int event)
{
	switch (event) {
	case PTRACE_EVENT_FORK:
		return "fork";
	case PTRACE_EVENT_VFORK:
		return "vfork";
	case PTRACE_EVENT_CLONE:
		return "clone";
	case PTRACE_EVENT_EXEC:
		return "exec";
	case PTRACE_EVENT_VFORK_DONE:
		return "vfork done";
	case PTRACE_EVENT_EXIT:
		return "exit";
	case PTRACE_EVENT_SECCOMP:
		return "seccomp";
	case PTRACE_EVENT_STOP:
		return "stop";
	}
	return "?";
}

/*
 * Where the tracee is, in words:
 *
 *	entry, exit		system-call stop with PTRACE_O_TRACESYSGOOD
 *	plain entry, plain exit	the same without it
 *	step			step trap after an instruction
 *	syscall step		step trap in lieu of an exit stop
 *	handler step		step trap in lieu of a handler's first step
 *	breakpoint		breakpoint instruction
 *	signal USR1		signal-delivery stop
 *	group stop STOP		group stop of a tracee that was not seized
 *	event exec, ...		event stop
 *	exited 0, killed KILL	the end
 */
static inline const char *describe(struct tracee *t)
{
	int status = t->status, sig, event;
	unsigned long msg = 0;
	siginfo_t si = {};

	if (WIFEXITED(status)) {
		snprintf(t->stop, sizeof(t->stop), "exited %d",
			 WEXITSTATUS(status));
		return t->stop;
	}
	if (WIFSIGNALED(status)) {
		snprintf(t->stop, sizeof(t->stop), "killed %s",
			 signal_word(WTERMSIG(status)));
		return t->stop;
	}
	if (!WIFSTOPPED(status)) {
		snprintf(t->stop, sizeof(t->stop), "status %#x", status);
		return t->stop;
	}

	sig = WSTOPSIG(status);
	event = status >> 16;
	trace(PTRACE_GETEVENTMSG, t->pid, 0, (unsigned long)&msg);
	if (event == PTRACE_EVENT_STOP && sig != SIGTRAP)
		snprintf(t->stop, sizeof(t->stop), "event stop %s",
			 signal_word(sig));
	else if (event)
		snprintf(t->stop, sizeof(t->stop), "event %s",
			 event_word(event));
	else if (sig == (SIGTRAP | 0x80))
		snprintf(t->stop, sizeof(t->stop), "%s",
			 msg == PTRACE_EVENTMSG_SYSCALL_ENTRY ? "entry" :
			 msg == PTRACE_EVENTMSG_SYSCALL_EXIT ? "exit" : "?");
	else if (trace(PTRACE_GETSIGINFO, t->pid, 0, (unsigned long)&si))
		snprintf(t->stop, sizeof(t->stop), "group stop %s",
			 signal_word(sig));
	else if (sig == SIGTRAP && si.si_code == STEP_CODE)
		snprintf(t->stop, sizeof(t->stop), "step");
	else if (sig == SIGTRAP && si.si_code == SYSCALL_STEP_CODE &&
		 (si.si_code != SI_USER || si.si_pid == 0))
		snprintf(t->stop, sizeof(t->stop), "syscall step");
	else if (sig == SIGTRAP && si.si_code == BREAKPOINT_CODE)
		snprintf(t->stop, sizeof(t->stop), "breakpoint");
	else if (sig == SIGTRAP && si.si_code == SIGTRAP)
		snprintf(t->stop, sizeof(t->stop), "%s",
			 msg == PTRACE_EVENTMSG_SYSCALL_ENTRY ? "plain entry" :
			 msg == PTRACE_EVENTMSG_SYSCALL_EXIT ? "plain exit" :
			 "handler step");
	else
		snprintf(t->stop, sizeof(t->stop), "signal %s",
			 signal_word(sig));
#ifdef SYSEMU_SKIP_LEAVES_ARG0
	if (msg == PTRACE_EVENTMSG_SYSCALL_ENTRY && strstr(t->stop, "entry")) {
		struct tracee_regs regs = read_regs(t->pid);

		t->arg0 = REG_RESULT(&regs);
	}
#endif
	return t->stop;
}

static inline const char *next_stop(struct tracee *t)
{
	pid_t pid;

	do {
		pid = waitpid(t->pid, &t->status, __WALL);
	} while (pid == -1 && errno == EINTR);
	if (pid != t->pid) {
		snprintf(t->stop, sizeof(t->stop), "wait: %s", strerror(errno));
		return t->stop;
	}
	return describe(t);
}

/* Is there nothing to wait for now?  "none", or the stop. */
static inline const char *stop_pending(struct tracee *t)
{
	if (waitpid(t->pid, &t->status, __WALL | WNOHANG) == 0)
		return "none";
	return describe(t);
}

/* Ends the test that runs, which alone has a place for the reason. */
static inline void skip_test(const char *why)
{
	struct __fixture_metadata *f;
	struct __test_metadata *t;

	for (f = __fixture_list; f; f = f->next)
		for (t = f->tests; t; t = t->next)
			if (t->results)
				snprintf(t->results->reason,
					 sizeof(t->results->reason), "%s", why);
	_exit(KSFT_SKIP);
}

/* Before more is stepped than what lies behind a system call. */
static inline void need_long_steps(void)
{
	if (!HAVE_STEP)
		skip_test("this architecture has no single steps");
	if (!steps_over_branches())
		skip_test("this CPU does not step over branches, as QEMU 7.2 does not");
}

static inline unsigned long ip_of(struct tracee *t);

/*
 * Where the CPU tells of a step into a system call when that is over, a trap in
 * place comes once after an entry stop that was reached by a step, and after the
 * exit stop if there is one. Returns whether this stop is that trap; it has to be,
 * where nothing else may come before.
 */
static inline bool is_due_trap(struct tracee *t)
{
	char other[32];

	if (!t->trap_due || WIFSIGNALED(t->status) ||
	    !strcmp(t->stop, "exit") || !strcmp(t->stop, "plain exit") ||
	    !strncmp(t->stop, "signal", 6))
		return false;
	if (!strcmp("step", t->stop) && ip_of(t) == t->trap_due) {
		t->trap_due = 0;
		return true;
	}
	snprintf(other, sizeof(other), "%.31s", t->stop);
	snprintf(t->stop, sizeof(t->stop), "%s, no trap in place", other);
	return false;
}

static inline bool is_step(int request)
{
	return request == PTRACE_SINGLESTEP || request == PTRACE_SINGLEBLOCK ||
	       request == PTRACE_SYSEMU_SINGLESTEP;
}

static inline const char *go_sig(struct tracee *t, int request, int sig)
{
	long ret = trace(request, t->pid, 0, sig);

	if (!HAVE_STEP && ret == -EIO && is_step(request))
		skip_test("this architecture has no single steps");
	if (ret) {
		snprintf(t->stop, sizeof(t->stop), "ptrace: %s",
			 strerror(-ret));
		return t->stop;
	}
	next_stop(t);
	if (STEPPED_CALL_TRAPS) {
		if (is_due_trap(t)) {
			trace(request, t->pid, 0, 0);
			next_stop(t);
		}
		if (is_step(request) && strstr(t->stop, "entry"))
			t->trap_due = ip_of(t);
	}
	return t->stop;
}

static inline const char *go(struct tracee *t, int request)
{
	return go_sig(t, request, 0);
}

/* Let the tracee run to its end; any stop on the way is what is returned. */
static inline const char *finish(struct tracee *t)
{
	return go(t, PTRACE_CONT);
}

#ifdef SYSEMU_X86
static inline struct tracee_regs regs_of(struct tracee *t)
{
	struct tracee_regs regs;

	memset(&regs, 0xa5, sizeof(regs));
	trace(PTRACE_GETREGS, t->pid, 0, (unsigned long)&regs);
	return regs;
}

static inline long set_regs(struct tracee *t, struct tracee_regs *regs)
{
	return trace(PTRACE_SETREGS, t->pid, 0, (unsigned long)regs);
}

static inline long result_in(struct tracee *t, struct tracee_regs *regs)
{
	(void)t;
	return REG_RESULT(regs);
}

static inline void put_result(struct tracee_regs *regs, long value)
{
	REG_RESULT(regs) = value;
}

static inline void put_ip(struct tracee_regs *regs, unsigned long ip)
{
	REG_IP(regs) = ip;
}

/* For a tracee that goes on at a system-call instruction. */
static inline void put_call(struct tracee_regs *regs, long nr, long a, long b,
			    long c)
{
	REG_RESULT(regs) = nr;
	REG_NR(regs) = -1;
	REG_ARG0(regs) = a;
	REG_ARG1(regs) = b;
	REG_ARG2(regs) = c;
}
#else
static inline struct tracee_regs regs_of(struct tracee *t)
{
	return read_regs(t->pid);
}

static inline long set_regs(struct tracee *t, struct tracee_regs *regs)
{
	return write_regs(t->pid, regs);
}

/* What a skipped call is left with counts as SKIPPED, whatever it is. */
static inline long result_in(struct tracee *t, struct tracee_regs *regs)
{
	long value = native_result(regs);

#ifdef SYSEMU_SKIP_LEAVES_ARG0
	if (value == (long)t->arg0)
		return SKIPPED;
#endif
	(void)t;
	return value;
}
#endif

static inline unsigned long ip_of(struct tracee *t)
{
	struct tracee_regs regs = regs_of(t);

	return REG_IP(&regs);
}

static inline long result_of(struct tracee *t)
{
	struct tracee_regs regs = regs_of(t);

	return result_in(t, &regs);
}

static inline long nr_of(struct tracee *t)
{
	struct tracee_regs regs = regs_of(t);

	return REG_NR(&regs);
}

static inline long set_result(struct tracee *t, long value)
{
	struct tracee_regs regs = regs_of(t);

	put_result(&regs, value);
	return set_regs(t, &regs);
}

static inline long set_nr(struct tracee *t, long value)
{
	struct tracee_regs regs = regs_of(t);

	REG_NR(&regs) = value;
	return set_regs(t, &regs);
}

static inline siginfo_t siginfo_of(struct tracee *t)
{
	siginfo_t si;

	memset(&si, 0xa5, sizeof(si));
	trace(PTRACE_GETSIGINFO, t->pid, 0, (unsigned long)&si);
	return si;
}

static inline unsigned long eventmsg_of(struct tracee *t)
{
	unsigned long msg = ~0UL;

	trace(PTRACE_GETEVENTMSG, t->pid, 0, (unsigned long)&msg);
	return msg;
}

#endif /* SYSEMU_REQUESTS_H */
