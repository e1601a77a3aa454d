/* SPDX-License-Identifier: GPL-2.0 */
/*
 * races: two or three parties act on a tracee at the same time, at random moments,
 * again and again; what comes of it is written down and counted.
 *
 *	table.c		the scenarios, made of words
 *	tracee.c	the task that is traced, its second thread, its children
 *	tracer.c	one or two tracers
 *	actor.c		whoever sends signals, freezes and so on
 *	run.c		one run: who is where, when they act, how it ends
 *	main.c		many runs, and which outcomes there were
 *	sys.h		system calls, without errno: see below
 *
 * All parties of a run are tasks of their own that share one address space, since
 * that is cheap to create. So they share what libc keeps for a thread, too, and
 * must not call what uses that: they make their system calls themselves.
 *
 * An outcome is a text: what the acts returned, what the tracer was told at each
 * stop, what the real parent was told, what the tracee's handlers and system calls
 * came to. Without pids, times, and how often something is repeated: those vary,
 * and mean nothing.
 *
 * A run ends by itself: when nobody moves any more, the tracee gets a signal of the
 * highest number, and its handler exits. All that came before is delivered before.
 */
#ifndef RACES_H
#define RACES_H

#define _GNU_SOURCE
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

#define SIG_MARK	64		/* ends a run */
#define TARGET		"/races/target"	/* what tracees execute */
#define STATUS_MARK	33		/* of a tracee that was ended by the mark */
#define STATUS_EXIT	3		/* of one that has exited by itself */
#define STATUS_CHILD	5		/* of a child of it */

/* ---- table.c ---- */

/* Where the tracee is when the others begin to act. */
enum state {
	IN_LOOP,		/* in user mode */
	IN_CALLS,		/* makes one system call after the other */
	IN_SLEEP,		/* in ppoll() */
	IN_NANOSLEEP,		/* in a call that is restarted with what is left */
	IN_NOTIFY,		/* waits for the answer to a seccomp notification */
	AT_SIGNAL,		/* in the stop for SIGUSR1 */
	AT_STOP,		/* in the stop for SIGSTOP, before that has stopped it */
	AT_ENTRY, AT_EXIT,	/* in the stop for a system call */
	AT_GROUP,		/* in a group stop */
	AT_LISTEN,		/* in a group stop, after PTRACE_LISTEN */
	AT_INTERRUPT,		/* in the stop of PTRACE_INTERRUPT */
	AT_FORK, AT_EXEC,	/* in the stop for that event */
	AT_STOPPED,		/* stopped by SIGSTOP, not traced */
	NR_STATES,
};

enum how {
	BY_SEIZE, BY_ATTACH, BY_NOBODY,
	NR_HOWS,
};

/* How the tracer answers to what it is told. */
enum policy {
	DO_CONT, DO_SYSCALL, DO_SYSEMU, DO_SYSEMUSTEP, DO_STEP, DO_BLOCK,
	NR_RESUMES,
	DO_STEP_ONCE = NR_RESUMES,	/* PTRACE_SINGLESTEP, then PTRACE_CONT */
	DO_LISTEN,			/* PTRACE_CONT, but listen to a group stop */
	DO_DROP,			/* PTRACE_CONT without the signal */
	DO_DETACH,			/* from the first stop */
	DO_REATTACH,			/* at the first stop, then PTRACE_CONT */
	DO_EXIT,			/* at the first stop */
	NR_POLICIES,
};

enum act {
	NO_ACT,
	/* Acts of anybody. */
	ACT_USR1, ACT_STOP, ACT_TSTP, ACT_CONT, ACT_KILL, ACT_FREEZE, ACT_THAW,
	ACT_ANSWER, ACT_KILL_TRACER,
	/* Acts of the tracer. */
	TRACER_ACTS,
	ACT_INTERRUPT = TRACER_ACTS, ACT_LISTEN, ACT_EXIT, ACT_ATTACH, ACT_SEIZE,
	ACT_R_CONT, ACT_R_SYSCALL, ACT_R_SYSEMU, ACT_R_SYSEMUSTEP, ACT_R_STEP,
	ACT_R_BLOCK, ACT_DETACH, ACT_REATTACH, ACT_OPTIONS, ACT_LOOK,
	/* Acts of another tracer. */
	OTHER_ACTS,
	ACT_ATTACH_2 = OTHER_ACTS, ACT_SEIZE_2,
	/* Acts of the tracee. */
	TRACEE_ACTS,
	ACT_X_USR1 = TRACEE_ACTS, ACT_X_STOP, ACT_X_EXIT, ACT_X_GROUP_EXIT,
	ACT_X_EXEC, ACT_X_FORK, ACT_X_VFORK, ACT_X_CLONE, ACT_X_TRACE, ACT_X_NOTIFY,
	/* Acts of its second thread. */
	THREAD_ACTS,
	ACT_H_EXIT = THREAD_ACTS, ACT_H_GROUP_EXIT, ACT_H_EXEC, ACT_H_FORK,
	ACT_H_STOP,
	NR_ACTS,
};

#define MAX_ACTS	3

struct scenario {
	char name[64];
	u8 state, how, policy;
	u8 acts[MAX_ACTS];
	bool child;		/* the tracer is the parent */
	bool events;		/* PTRACE_O_TRACE* */
	bool exitkill;
	bool threads;		/* the tracee has two */
	bool frozen;		/* already, when the others begin */
	bool freezes;
	bool stops;		/* there may be a group stop in the end */
};

extern struct scenario *scenarios;
extern unsigned int nr_scenarios;
extern const char *const act_names[NR_ACTS];

void table_make(void);

/* ---- run.c ---- */

#define MAX_TOKENS	96
#define TOKEN_SIZE	16

/* Who a token is about: tasks in the order in which they were heard of. */
enum { WHO_LEADER, WHO_THREAD, WHO_CHILD };

struct log {
	unsigned int nr;
	bool full;
	u8 who[MAX_TOKENS];
	bool stream[MAX_TOKENS];
	char token[MAX_TOKENS][TOKEN_SIZE];
};

struct party {
	int pid;
	int ready;		/* futex */
	int done;		/* futex */
	int cpu;		/* -1: any */
	struct log log;
};

struct run {
	const struct scenario *sc;
	u64 when[MAX_ACTS];	/* by the time stamp counter, from "start" on */
	u64 start;		/* 0 before that is known */
	int go;			/* futex */
	int awake, parties;	/* see begin() */
	int ask, told;		/* see wait_for_parent() */
	int acted[MAX_ACTS];
	long result[MAX_ACTS];
	struct party tracee, thread, tracer[2], actor;
	int tracee_go;		/* futex */
	int tracee_ready;	/* futex */
	u64 beat;		/* the tracee runs */
	int notify_fd;
	int rest;		/* the tracee need not run any more */
	int calm;		/* the tracer answers with PTRACE_CONT from now on */
	bool parent_waits;	/* and does not look at SIGCHLD */
	bool streams;		/* there are many stops */
	bool by_actor;		/* acts of anybody, else by the tracer */
	struct log parent;	/* what it was told */
	struct log tracee_log;
	unsigned int token;	/* tokens of the tracee, as a set of bits */
};

extern struct run run;
extern bool amplified;
extern bool observed;
extern u64 ticks_per_us;

enum { STACK_TRACEE, STACK_THREAD, STACK_CHILD, STACK_TRACER, STACK_TRACER_2,
       STACK_ACTOR, NR_STACKS };

void log_token(struct log *log, int who, const char *name, long number, bool with,
	       bool stream);
long spawn(u64 flags, int exit_signal, int cgroup, int stack, void (*main)(void *),
	   void *arg);
void be_amplified(void);
void put_on_cpu(int pid, int cpu);
void wait_flag(int *flag);
void set_flag(int *flag);
void begin(void);
void wait_for_parent(void);
void wait_until(unsigned int act, bool may_sleep);
void acted(unsigned int act, long result);
int next_act(int from, int to, int after);
void answer_notifications(long value);
enum { TRACEE_ALONE, ACTOR_ALONE, TRACER_ALONE, ANYWHERE, NR_PLACEMENTS };

unsigned int choose_placement(const struct scenario *sc, unsigned int random);
void run_init(void);
void run_one(const struct scenario *sc, const u64 *delays, unsigned int placement,
	     bool parent_waits, char *text, size_t size);

/* ---- the parties ---- */

void tracee_main(void *arg);
void tracer_main(void *arg);
void actor_main(void *arg);
long actor_act(enum act act);
long start_tracee(void);

extern int cgroup_fd, freeze_fd;

#endif /* RACES_H */
