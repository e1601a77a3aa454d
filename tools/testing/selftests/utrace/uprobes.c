// SPDX-License-Identifier: GPL-2.0
/*
 * An engine and a uprobe. The probed instruction runs out of line: in a slot of
 * the area that /proc/PID/maps calls [uprobes]. No task is stopped there.
 */
#include "task.h"
#include "probe.h"

#include <pthread.h>
#include <stdatomic.h>

/* An instruction that is stepped and not emulated, in a function of its own. */
#if defined(__x86_64__)
#define INSTRUCTION	"xor %eax, %eax"
#elif defined(__aarch64__)
#define INSTRUCTION	"mov x0, #0"
#endif

#ifdef INSTRUCTION

void probed(void);

asm(".pushsection .text\n"
	".globl probed\n"
	"probed:\n"
	"	" INSTRUCTION "\n"
	"	ret\n"
	".popsection\n");

static void run_probed(int in, int out)
{
	be_told(in);
	for (;;)
		probed();
}

/* Where the slots of a task are. */
struct slots {
	unsigned long begin;
	unsigned long end;
};

static bool find_slots(pid_t pid, struct slots *slots)
{
	char path[32], line[512];
	bool found = false;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "r");
	while (maps && !found && fgets(line, sizeof(line), maps)) {
		found = strstr(line, "[uprobes]") &&
			sscanf(line, "%lx-%lx", &slots->begin,
			       &slots->end) == 2;
	}
	if (maps)
		fclose(maps);
	return found;
}

/* Let the task come to the probe, again and again. */
static void start_probed(struct __test_metadata *_metadata,
			 FIXTURE_DATA(task) * const self, struct slots *slots)
{
	START(run_probed);
	ASSERT_LE(0, probe(self->pid, probed));
	tell(self);
	ASSERT_TRUE(wait_until(find_slots(self->pid, slots)));
}

#define LOOKS	100

TEST_F(task, it_is_not_stopped_in_a_slot)
{
	struct slots slots;
	unsigned long ip;

	if (!have_probes())
		SKIP(return, NO_PROBES);
	start_probed(_metadata, self, &slots);
	for (int i = 0; i < LOOKS; i++) {
		ASSERT_EQ(0, stop_and_wait(self->engine));
		/* It may have been about to leave the stop before. */
		ASSERT_EQ(0, wait_stopped(self->pid));
		ip = ip_of(self->pid);
		EXPECT_NE(0, ip);
		EXPECT_TRUE(ip < slots.begin || ip >= slots.end);
		ASSERT_EQ(0, command(self->engine, "resume"));
		/* At another instruction next time. */
		usleep(i * 50 % 1000);
	}
}

TEST_F(task, what_is_asked_for_in_a_step_is_done_after_it)
{
	struct slots slots;

	if (!have_probes())
		SKIP(return, NO_PROBES);
	start_probed(_metadata, self, &slots);
	ASSERT_EQ(0, command(self->engine, "events quiesce"));
	for (int i = 0; i < LOOKS; i++) {
		ASSERT_EQ(0, command(self->engine, i % 2 ? "interrupt" :
							   "report"));
		ASSERT_EQ(0, wait_for_count(self->engine, "quiesce", i + 1));
	}
}

/* Twice as many as there are slots on x86; some architectures have more. */
#define NR_THREADS	64

static struct shared {
	atomic_int tid[NR_THREADS];
	atomic_ulong runs;	/* of the thread without an engine */
} *shared;

static void *thread(void *tid)
{
	*(atomic_int *)tid = syscall(SYS_gettid);
	for (;;)
		probed();
	return NULL;
}

static void run_threads(int in, int out)
{
	pthread_t threads[NR_THREADS];

	be_told(in);
	for (int i = 0; i < NR_THREADS; i++) {
		if (pthread_create(&threads[i], NULL, thread, &shared->tid[i]))
			_exit(1);
	}
	for (;;) {
		probed();
		shared->runs++;
	}
}

/* Each of them has to get its turn on a CPU. */
TEST_F_TIMEOUT(task, stopped_threads_leave_the_slots_to_others, 120)
{
	int engine[NR_THREADS];
	unsigned long runs;

	if (!have_probes())
		SKIP(return, NO_PROBES);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, shared);
	START(run_threads);
	ASSERT_LE(0, probe(self->pid, probed));
	tell(self);
	for (int i = 0; i < NR_THREADS; i++) {
		ASSERT_TRUE(wait_until(shared->tid[i]));
		engine[i] = open_engine();
		ASSERT_LE(0, engine[i]);
		ASSERT_EQ(0, attach_to(engine[i], shared->tid[i]));
		ASSERT_EQ(0, stop_and_wait(engine[i]));
	}
	runs = shared->runs;
	EXPECT_TRUE(wait_until(shared->runs > runs + 10));
}

#else

TEST(no_instruction)
{
	SKIP(return, "no instruction known here that is stepped out of line");
}

#endif

TEST_HARNESS_MAIN
