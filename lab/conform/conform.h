/* SPDX-License-Identifier: GPL-2.0 */
/*
 * conform: drive tracees through sequences of ptrace requests and write down
 * everything that a tracer and its tracee can see.
 *
 *	sequence.c	what a sequence is: its words, all of them in order,
 *			random ones, shorter ones
 *	tracee.c	the programs that are traced
 *	tracer.c	carries a sequence out, observes every stop
 *	watch.c		tracepoints: calls that the kernel let through, and
 *			writes to the register that steps by branches
 *	audit.c		the audit log
 *	observer.c	another engine, which sees it all and does nothing
 *	cost.c		what system calls cost after a tracer has gone
 *	record.c	the transcript
 *	main.c		the command line
 *
 * Two runs of one sequence give the same transcript, because nothing is left
 * to chance:
 *  - There is one CPU.  Tracees and the tracer run under SCHED_FIFO, tracees with
 *    the higher priority: when the tracer runs, each tracee is stopped, asleep or
 *    dead.  Nothing waits for a time to pass.  The tracer must not be an ordinary
 *    task: when those have had to wait for a second, which on a busy host can be
 *    few instructions, the kernel's "fair server" lets them go first, and then
 *    the tracer sees what is not yet where it is going.
 *  - No tracee waits for the kernel's own tasks, see keep_quiet() in main.c, and
 *    these do not come between, see let_others_run() in tracer.c.
 *  - The guest's time is a count of instructions (QEMU's -icount), the same on
 *    a busy host and on an idle one.
 *  - Everything lives in a pid namespace where only we create processes, and
 *    the last pid is reset before each sequence, so that pids repeat.
 *  - No address is randomised, and the program is static.
 */
#ifndef CONFORM_H
#define CONFORM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef uint8_t u8;

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define __noreturn	__attribute__((noreturn))

/* ---- sequence.c ---- */

enum what {
	/* The requests that resume; the order is that of the plan. */
	DO_CONT, DO_SYSCALL, DO_STEP, DO_BLOCK, DO_SYSEMU, DO_SYSEMUSTEP,
	NR_RESUMES,
	DO_DETACH = NR_RESUMES,
	DO_REATTACH,		/* the way it was attached first */
	DO_INTERRUPT,
	DO_LISTEN,
	DO_SIGNAL,		/* a signal from outside */
	DO_OPTIONS,		/* PTRACE_SETOPTIONS */
	DO_WAKE,		/* whatever lets a sleeping tracee go on */
	DO_REFUSED,		/* requests that are wrong, or wrong now */
	DO_KILL,		/* PTRACE_KILL */
	NR_WHATS,
};

enum attach {
	BY_TRACEME,
	BY_ATTACH,
	BY_SEIZE,
	BY_FOREIGN_ATTACH,	/* the tracee has another parent */
	BY_FOREIGN_SEIZE,
	BY_OTHER_WIDTH,		/* TRACEME by a program of the other width */
	NR_ATTACHES,
};

enum end {
	END_DETACH,		/* let all tracees go */
	END_CONT,		/* PTRACE_CONT until nobody is left */
	END_SYSCALL,		/* PTRACE_SYSCALL until nobody is left */
	END_STEP,		/* PTRACE_SINGLESTEP, for a while, then CONT */
	END_KILL,		/* SIGKILL where the tracee is now */
	END_EXIT,		/* the tracer exits */
	END_DIE,		/* the tracer gets SIGKILL */
	END_EXEC,		/* the tracer executes another program, exits */
	NR_ENDS,
};

#define ALL_STOPPED	0xff

struct step {
	u8 what;		/* enum what */
	u8 who;			/* number of a tracee, or ALL_STOPPED */
	u8 sig;			/* signal given, 0 for none */
	u8 edit;		/* index into edits[], 0 for none */
	u32 options;		/* for DO_OPTIONS */
};

#define MAX_STEPS	24

struct sequence {
	u8 program;		/* index into programs[] */
	u8 attach;		/* enum attach */
	u8 end;			/* enum end */
	u8 nr_steps;
	u32 options;		/* PTRACE_O_* */
	struct step steps[MAX_STEPS];
};

/* What the tracer changes in a stopped tracee before it resumes it. */
struct edit {
	const char *name;
	int reg;		/* enum reg */
	long value;		/* of REG_IP and REG_BREAKPOINT: from the IP */
};

enum reg {
	REG_NONE, REG_NR, REG_AX, REG_DI, REG_IP, REG_FLAGS,
	REG_SIGINFO,		/* not a register: si_code of the signal */
	REG_SIGMASK,		/* not a register: block SIGUSR1 */
	REG_BREAKPOINT,		/* a debug register: break at IP + value */
};

extern const struct edit edits[];
extern const char *const whats[NR_WHATS];	/* their words */

/* A plan is a list of sequences that is always the same for its arguments. */
struct plan {
	u32 length;		/* exhaustive up to this many requests */
	u64 random;		/* number of random sequences after those */
	u64 seed;
	bool brief;		/* fewer ways to attach and to end */
};

void sequence_format(const struct sequence *seq, char *text, size_t size);
bool sequence_parse(struct sequence *seq, const char *text, const char **bad);
u64 plan_size(const struct plan *plan);
void plan_sequence(const struct plan *plan, u64 index, struct sequence *seq);
void sequence_shorter(const struct sequence *seq,
		      void (*tell)(const struct sequence *shorter));

struct record;

/* ---- tracee.c ---- */

/* How a tracee that sleeps for ever is made to go on. */
enum wake {
	WAKE_USR1	= 1 << 0,	/* SIGUSR1 */
	WAKE_PIPE	= 1 << 1,	/* a byte into the pipe it reads */
	WAKE_CONT	= 1 << 2,	/* SIGCONT */
	WAKE_NOTIFY	= 1 << 3,	/* answer a seccomp notification */
};

struct program {
	const char *name;
	void (*setup)(void);	/* before it is traced; may be NULL */
	void (*body)(void);	/* begins with int3, where a sequence begins */
	u8 wake;
	bool tasks;		/* there will be more than one */
	bool once;		/* no use in sequences of four requests */
};

extern const struct program programs[];
extern const unsigned int nr_programs;

/* What tracees leave for the transcript; shared between all processes. */
#define MAX_NOTES	512
struct notes {
	volatile u32 nr;
	volatile int notify_fd;		/* of the tracee, -1 if none */
	volatile u64 note[MAX_NOTES];
};

extern struct notes *notes;

/* What is mapped has its place: its address may be in a tracee's register. */
#define NOTES_AT	((void *)0x20000000)
#define RECORD_AT	((void *)0x30000000)

/* File descriptors that are the same in every process. */
enum {
	FD_NOTES = 200,
	FD_GO_READ, FD_GO_WRITE,	/* the tracer lets the tracee begin */
	FD_PIPE_READ, FD_PIPE_WRITE,	/* tracees read, the tracer writes */
	FD_SOCKET, FD_SOCKET_PEER,
	FD_DEVNULL,
	FD_OBSERVER,
	FD_OUT, FD_KEEP,
};

/* What tracees execute. */
#ifdef __x86_64__
#define TARGET		"/conform/target-64"
#define TARGET_OTHER	"/conform/target-32"
#define SELF_OTHER	"/conform/conform-32"
#else
#define TARGET		"/conform/target-32"
#define TARGET_OTHER	"/conform/target-64"
#define SELF_OTHER	"/conform/conform-64"
#endif

void note(u64 value);
int program_find(const char *name);
void tracee_run(unsigned int program, bool traceme) __noreturn;

/* ---- tracer.c ---- */

void tracer_init(void);
void tracer_run(const struct sequence *seq, struct record *rec);

void fatal(const char *what) __noreturn;

/* ---- observer.c ---- */

/* When it comes, seen from the tracer. */
extern enum observer {
	OBSERVER_NONE,
	OBSERVER_BEFORE,
	OBSERVER_AFTER,
} observer;

bool observer_open(void);
void observer_attach(pid_t pid);
void observer_close(void);

/* ---- watch.c ---- */

bool watch_start(const char **why);
void watch_leave(void);
void watch_collect(struct record *rec);

/* ---- audit.c ---- */

bool audit_open(void);
bool audit_start(pid_t tracer);
void audit_stop(pid_t tracer);
void audit_collect(struct record *rec);

/* ---- cost.c ---- */

int cost_run(struct record *rec, FILE *to);

/* ---- record.c ---- */

#define MAX_WORDS	(512 * 1024)

struct record {
	u32 nr_words;
	u32 nr_stops;
	bool full;
	u64 words[MAX_WORDS];
};

void record_reset(struct record *rec);
void record_words(struct record *rec, const char *tag, unsigned int nr, const u64 *words);
void record_text(struct record *rec, const char *tag, const char *text);
u64 record_hash(const struct record *rec);
void record_keep(const struct record *rec, u64 number, FILE *to);
bool record_kept(struct record *rec, u64 *number, FILE *from);
void record_print(const struct record *rec, FILE *to);

#define record(rec, tag, ...)						\
	record_words(rec, tag, sizeof((u64[]){ __VA_ARGS__ }) / sizeof(u64), \
		     (u64[]){ __VA_ARGS__ })

#endif /* CONFORM_H */
