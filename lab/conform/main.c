// SPDX-License-Identifier: GPL-2.0
/*
 * The command line of the comparer.  It compares nothing itself: it writes a
 * line for each sequence, and what two kernels wrote is compared outside.
 */
#include "conform.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
"conform [OPTION...] run FILE       all sequences of a plan: number, hash, stops\n"
"conform [OPTION...] list IN FILE   the sequences in IN, one a line, likewise\n"
"conform [OPTION...] show SEQUENCE  the transcript of one\n"
"conform [OPTION...] name           numbers from standard input, as \"WIDTH FLAG SEQUENCE\"\n"
"conform [OPTION...] size           how many sequences the plan has\n"
"conform [OPTION...] kept FILE N    the transcript of number N from what -k wrote\n"
"conform shorter SEQUENCE           what is left of it with something left out\n"
"conform cost                       of system calls before and after tracing\n"
"The plan:  -l N  all sequences of up to N requests     -r N  N random ones\n"
"           -s N  where the random ones begin           -b    fewer ways to do it\n"
"           -p N/M  the Nth part of M, mixed\n"
"Also seen: -w    tracepoints                           -a    the audit log\n"
"           -o W  under another engine, attached before the tracer (W is b), after\n"
"                 it (a), or half so, half so (h); not on a kernel without engines\n"
"           -k FILE    keep all transcripts\n"
"           -e FILE,N  compare with FILE, end with status 3 after N differences\n";

static struct plan plan = { .length = 3 };
static unsigned int part, parts = 1;
static bool watched, audited;
static unsigned long stop_after;	/* differences; 0 if nothing is expected */
static struct record *rec;
static const char *keep_name;
static FILE *keep;
static char observed;
static u64 nr_sequences, nr_stops, nr_observed, nr_differences;

static void __attribute__((format(printf, 1, 2))) __noreturn fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("conform: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

/* ---- what to do with one sequence ---- */

/* The log is not to tell of a tracer, so none may be a process of its own. */
static void get_sequence(u64 number, struct sequence *seq)
{
	plan_sequence(&plan, number, seq);
	if (audited && seq->end >= END_EXIT)
		seq->end = END_CONT;
}

/*
 * What was written for another kernel, in memory before anything is traced:
 * an open file would show in the tracees' descriptors.
 */
static struct expected {
	u64 number, hash;
} *expected;
static size_t nr_expected;

static void load_expected(const char *name)
{
	unsigned long long number, hash;
	FILE *from = fopen(name, "r");
	size_t room = 0;

	if (!from)
		fail("%s: %s", name, strerror(errno));
	while (fscanf(from, "%llu %llx %*u", &number, &hash) == 2) {
		if (nr_expected == room) {
			room = room ? 2 * room : 4096;
			expected = realloc(expected, room * sizeof(*expected));
			if (!expected)
				fail("no memory for %s", name);
		}
		expected[nr_expected].number = number;
		expected[nr_expected++].hash = hash;
	}
	fclose(from);
}

static u64 expected_hash(u64 number)
{
	static size_t at;

	while (at < nr_expected && expected[at].number < number)
		at++;
	if (at == nr_expected || expected[at].number != number)
		fail("nothing is expected of sequence %llu", (unsigned long long)number);
	return expected[at].hash;
}

/* In half of the sequences of a plan the observer comes before the tracer. */
static bool comes_before(u64 number)
{
	return observed == 'b' || (observed == 'h' && number & 1);
}

static void run_observed(u64 number, const struct sequence *seq)
{
	if (observed)
		observer = comes_before(number) ? OBSERVER_BEFORE : OBSERVER_AFTER;
	tracer_run(seq, rec);
	nr_observed += observer != OBSERVER_NONE;
}

/* False if enough differences have been seen. */
static bool run_one(u64 number, const struct sequence *seq, FILE *to)
{
	char text[1024];
	u64 hash;

	run_observed(number, seq);
	hash = record_hash(rec);
	nr_sequences++;
	nr_stops += rec->nr_stops;
	if (nr_sequences % 2000 == 0) {
		printf("so far %llu\n", (unsigned long long)nr_sequences);
		fflush(stdout);
	}
	fprintf(to, "%llu %016llx %u\n", (unsigned long long)number,
		(unsigned long long)hash, rec->nr_stops);
	if (keep)
		record_keep(rec, number, keep);
	if (!stop_after)
		return true;
	if (hash != expected_hash(number) && !nr_differences++) {
		sequence_format(seq, text, sizeof(text));
		printf("first difference: %s\n", text);
		fflush(stdout);
	}
	return nr_differences < stop_after;
}

/* Not every Mth, which would meet the same turn of each smaller cycle. */
static bool in_part(u64 number)
{
	number *= 0x9e3779b97f4a7c15ULL;
	return (number >> 32) % parts == part;
}

static void run_plan(FILE *to)
{
	u64 size = plan_size(&plan), i;
	struct sequence seq;

	for (i = 0; i < size; i++) {
		if (!in_part(i))
			continue;
		get_sequence(i, &seq);
		if (!run_one(i, &seq, to))
			break;
	}
}

static void parse(struct sequence *seq, const char *text)
{
	const char *bad;

	if (sequence_parse(seq, text, &bad))
		return;
	if (bad)
		fail("\"%s\" in \"%s\" is no word for a sequence", bad, text);
	fail("\"%s\" does not end with then-...", text);
}

static void run_list(const char *name, FILE *to)
{
	FILE *from = fopen(name, "r");
	struct sequence seq;
	char line[1024];
	u64 i = 0;

	if (!from)
		fail("%s: %s", name, strerror(errno));
	while (fgets(line, sizeof(line), from)) {
		line[strcspn(line, "\n")] = 0;
		parse(&seq, line);
		if (!run_one(i++, &seq, to))
			break;
	}
	fclose(from);
}

static void print_sequence(const struct sequence *seq)
{
	char text[1024];

	sequence_format(seq, text, sizeof(text));
	puts(text);
}

static void show(const char *text)
{
	struct sequence seq;

	parse(&seq, text);
	run_observed(0, &seq);
	print_sequence(&seq);
	record_print(rec, stdout);
}

static void print_name(u64 number)
{
	char flag[8] = "-", *to = flag + 1;
	struct sequence seq;

	if (number >= plan_size(&plan))
		fail("the plan has only %llu sequences", (unsigned long long)plan_size(&plan));
	if (watched)
		*to++ = 'w';
	if (audited)
		*to++ = 'a';
	if (observed) {
		*to++ = 'o';
		*to++ = comes_before(number) ? 'b' : 'a';
	}
	printf("%zu %s ", 8 * sizeof(long), flag);
	get_sequence(number, &seq);
	print_sequence(&seq);
}

static void name_all(void)
{
	unsigned long long number;

	while (scanf("%llu", &number) == 1)
		print_name(number);
}

static void show_kept(const char *name, u64 want)
{
	FILE *from = fopen(name, "r");
	u64 number;

	if (!from)
		fail("%s: %s", name, strerror(errno));
	do {
		if (!record_kept(rec, &number, from))
			fail("%s has no transcript of %llu", name, (unsigned long long)want);
	} while (number != want);
	print_name(number);
	record_print(rec, stdout);
	fclose(from);
}

/* ---- where it is done ---- */

static void write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fail("%s: %s", name, strerror(errno));
	close(fd);
}

/*
 * The C library guards its stack frames with a random word, which shows in the
 * registers of a tracee that is stepped through it.
 */
static void fix_guard(void)
{
#ifdef __x86_64__
	asm volatile("movq %0, %%fs:0x28" : : "r"(0UL) : "memory");
#else
	asm volatile("movl %0, %%gs:0x14" : : "r"(0UL) : "memory");
#endif
}

/* Everything repeats only if no address is chosen by chance. */
static void fix_addresses(char **argv)
{
	static char *const none[] = { NULL };

	if (personality(0xffffffff) & ADDR_NO_RANDOMIZE)
		return;
	personality(ADDR_NO_RANDOMIZE);
	execve("/proc/self/exe", argv, none);
	fail("cannot execute itself: %s", strerror(errno));
}

/* No pause for SCHED_FIFO tasks, of which the tracer is one: see let_run(). */
static void keep_order(void)
{
	static const struct sched_param param = { .sched_priority = 1 };

	write_file("/proc/sys/kernel/sched_rt_runtime_us", "-1");
	if (sched_setscheduler(0, SCHED_FIFO, &param))
		fail("sched_setscheduler: %s", strerror(errno));
}

/*
 * A tracee that seccomp kills is logged, and when kauditd, which comes after all
 * of ours, is slow to print that, the next one waits for it.  When we are the
 * audit daemon there is room.
 */
static void keep_quiet(void)
{
	write_file("/proc/sys/kernel/seccomp/actions_logged", "\n");
}

/* Audit logs the command line, and that of a comparison is another. */
static void hide_arguments(int argc, char **argv, char **all)
{
	char *from = all[1], *to = argv[argc - 1] + strlen(argv[argc - 1]);
	int i;

	for (i = 0; i < argc; i++) {
		argv[i] = strdup(argv[i]);
		if (!argv[i])
			fail("no memory");
	}
	memset(from, 0, to - from);
}

static void share_memory(void)
{
	rec = mmap(RECORD_AT, sizeof(*rec), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (rec == MAP_FAILED)
		fail("mmap: %s", strerror(errno));
}

/* For writing, where tracees do not see it: they get the least number that is free. */
static FILE *open_at(int fd, const char *name)
{
	int some = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	FILE *to = some < 0 || dup3(some, fd, O_CLOEXEC) < 0 ? NULL : fdopen(fd, "w");

	if (!to)
		fail("%s: %s", name, strerror(errno));
	close(some);
	return to;
}

static int work(int argc, char **argv)
{
	const char *why, *job = argv[0];
	FILE *to = NULL;

	tracer_init();
	if (watched && !watch_start(&why))
		fail("tracepoint %s: %s", why, strerror(errno));
	/* what turning them on has brought */
	watch_collect(rec);
	audit_collect(rec);
	if (!strcmp(job, "show") && argc == 2) {
		show(argv[1]);
		return 0;
	}
	if (!strcmp(job, "cost") && argc == 1)
		return cost_run(rec, stdout);
	to = open_at(FD_OUT, argv[argc - 1]);
	if (keep_name)
		keep = open_at(FD_KEEP, keep_name);
	if (!strcmp(job, "run"))
		run_plan(to);
	else
		run_list(argv[1], to);
	if (fclose(to))
		fail("%s: %s", argv[argc - 1], strerror(errno));
	if (keep && fclose(keep))
		fail("%s: %s", keep_name, strerror(errno));
	printf("sequences %llu stops %llu observed %llu\n", (unsigned long long)nr_sequences,
	       (unsigned long long)nr_stops, (unsigned long long)nr_observed);
	return nr_differences >= stop_after && stop_after ? 3 : 0;
}

/* The first process of the pid namespace: its end would be that of all. */
static void be_init(void)
{
	for (;;)
		pause();
}

/*
 * In a pid namespace where nobody else takes a pid.  The tracer is the second
 * process there, not the first: signals treat that one differently.
 */
static int work_apart(int argc, char **argv)
{
	int go[2], status;
	pid_t init, worker;
	char c;

	if (audited && !audit_open())
		fail("audit socket: %s", strerror(errno));
	if (pipe(go) || unshare(CLONE_NEWPID | CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		fail("no namespace: %s", strerror(errno));
	fflush(stdout);
	/* none of ours is to be seen by the tracepoints: see watch.c */
	prctl(PR_SET_NAME, "tracer");
	init = fork();
	if (!init) {
		close(go[1]);
		be_init();
	}
	worker = fork();
	if (!worker) {
		close(go[1]);
		if (read(go[0], &c, 1) < 0 || mount("proc", "/proc", "proc", 0, NULL))
			fail("/proc: %s", strerror(errno));
		close(go[0]);
		status = work(argc, argv);
		fflush(stdout);
		_exit(status);
	}
	close(go[0]);
	if (audited && !audit_start(worker)) {
		status = errno;
		kill(init, SIGKILL);
		fail("audit: %s", strerror(status));
	}
	close(go[1]);
	while (waitpid(worker, &status, 0) < 0 && errno == EINTR)
		;
	kill(init, SIGKILL);
	if (audited)
		audit_stop(worker);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 97;
}

/* A tracee that was executed, because it is of the other width. */
static int be_tracee(const char *name)
{
	int program = program_find(name);

	if (program < 0)
		return 127;
	notes = mmap(NOTES_AT, sizeof(*notes), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED_NOREPLACE, FD_NOTES, 0);
	if (notes == MAP_FAILED)
		return 126;
	tracee_run(program, true);
}

int main(int argc, char **argv)
{
	char **all = argv, *name, *comma, *expect = NULL;
	struct sequence seq;
	int option;

	fix_guard();
	if (argc == 3 && !strcmp(argv[1], "tracee"))
		return be_tracee(argv[2]);
	while ((option = getopt(argc, argv, "+l:r:s:bp:wao:k:e:")) != -1) {
		switch (option) {
		case 'l':
			plan.length = strtoul(optarg, NULL, 10);
			break;
		case 'r':
			plan.random = strtoull(optarg, NULL, 10);
			break;
		case 's':
			plan.seed = strtoull(optarg, NULL, 10);
			break;
		case 'b':
			plan.brief = true;
			break;
		case 'p':
			if (sscanf(optarg, "%u/%u", &part, &parts) != 2 || part >= parts)
				fail("-p %s: it is N/M, with N below M", optarg);
			break;
		case 'w':
			watched = true;
			break;
		case 'a':
			audited = true;
			break;
		case 'o':
			observed = *optarg;
			if (strlen(optarg) != 1 || !strchr("bah", observed))
				fail("-o %s: it is b, a or h", optarg);
			break;
		case 'k':
			keep_name = strdup(optarg);
			if (!keep_name)
				fail("no memory");
			break;
		case 'e':
			/* a copy: all arguments may have to be given again */
			name = strdup(optarg);
			comma = name ? strrchr(name, ',') : NULL;
			if (!comma)
				fail("-e %s: it is FILE,N", optarg);
			*comma = 0;
			stop_after = strtoul(comma + 1, NULL, 10);
			expect = name;
			break;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	argc -= optind;
	argv += optind;
	if (argc == 1 && !strcmp(argv[0], "name")) {
		name_all();
		return 0;
	}
	if (argc == 1 && !strcmp(argv[0], "size")) {
		printf("%llu\n", (unsigned long long)plan_size(&plan));
		return 0;
	}
	if (argc == 3 && !strcmp(argv[0], "kept")) {
		share_memory();
		show_kept(argv[1], strtoull(argv[2], NULL, 10));
		return 0;
	}
	if (argc == 2 && !strcmp(argv[0], "shorter")) {
		parse(&seq, argv[1]);
		sequence_shorter(&seq, print_sequence);
		return 0;
	}
	if (!((argc == 2 && !strcmp(argv[0], "run")) ||
	      (argc == 3 && !strcmp(argv[0], "list")) ||
	      (argc == 2 && !strcmp(argv[0], "show")) ||
	      (argc == 1 && !strcmp(argv[0], "cost")))) {
		fputs(usage, stderr);
		return 2;
	}
	fix_addresses(all);
	if (expect)
		load_expected(expect);
	keep_order();
	if (!audited)
		keep_quiet();
	hide_arguments(argc, argv, all);
	share_memory();
	return work_apart(argc, argv);
}
