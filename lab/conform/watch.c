// SPDX-License-Identifier: GPL-2.0
/*
 * What no tracer is told, but the system is: the tracepoints of system-call
 * entry and exit, which say what calls have happened and in what order, and
 * writes to the register that makes a single step go from branch to branch
 * (QEMU's TCG does not carry such steps out, so only this shows that the
 * kernel asked for them).
 */
#include "conform.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EVENTS		"/sys/kernel/tracing/events/"
#define RING_PAGES	16
#define RING_SIZE	(RING_PAGES * 4096UL)

enum { ENTER, EXIT, WRITE_MSR, NR_WATCHES };

static const struct {
	const char *name, *filter;
} watches[NR_WATCHES] = {
	[ENTER] = { "raw_syscalls/sys_enter", "COMM != \"tracer\"" },
	[EXIT] = { "raw_syscalls/sys_exit", "COMM != \"tracer\"" },
	/* MSR_IA32_DEBUGCTLMSR */
	[WRITE_MSR] = { "msr/write_msr", "msr == 0x1d9" },
};

static int fds[NR_WATCHES] = { -1, -1, -1 };
static int types[NR_WATCHES];
static struct perf_event_mmap_page *ring;

static int event_type(const char *name)
{
	char path[128], number[16] = "";
	int fd;

	snprintf(path, sizeof(path), EVENTS "%s/id", name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	if (read(fd, number, sizeof(number) - 1) < 0)
		number[0] = 0;
	close(fd);
	return number[0] ? (int)strtol(number, NULL, 10) : -1;
}

static bool watch_open(unsigned int which)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_RAW,
	};

	types[which] = event_type(watches[which].name);
	if (types[which] < 0)
		return false;
	attr.config = types[which];
	fds[which] = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fds[which] < 0)
		return false;
	if (ioctl(fds[which], PERF_EVENT_IOC_SET_FILTER, watches[which].filter))
		return false;
	if (which)
		return !ioctl(fds[which], PERF_EVENT_IOC_SET_OUTPUT, fds[0]);
	ring = mmap(NULL, RING_SIZE + 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
	return ring != MAP_FAILED;
}

/* On failure *why is the name of the tracepoint. */
bool watch_start(const char **why)
{
	unsigned int i;

	for (i = 0; i < NR_WATCHES; i++) {
		if (!watch_open(i)) {
			*why = watches[i].name;
			return false;
		}
	}
	return true;
}

/* In another process, which has not got the ring, what it holds is left. */
void watch_leave(void)
{
	ring = NULL;
}

/* A sample: its size, then the tracepoint's own words, after 8 common bytes. */
static void tell_sample(struct record *rec, const u8 *sample)
{
	u64 words[7];
	uint16_t type;

	memcpy(&type, sample + 4, sizeof(type));
	if (type == types[ENTER]) {
		memcpy(words, sample + 12, 7 * sizeof(u64));
		record_words(rec, "tracepoint sys_enter", 7, words);
	} else if (type == types[EXIT]) {
		memcpy(words, sample + 12, 2 * sizeof(u64));
		record_words(rec, "tracepoint sys_exit", 2, words);
	} else {
		memcpy(words, sample + 12, 2 * sizeof(u64));
		record(rec, "steps by branches", words[1] >> 1 & 1);
	}
}

void watch_collect(struct record *rec)
{
	const u8 *data = (const u8 *)ring + 4096;
	static u8 copy[1024];
	u64 head, tail;

	if (!ring)
		return;
	/* pairs with the kernel's barrier between the data and data_head */
	head = __atomic_load_n(&ring->data_head, __ATOMIC_ACQUIRE);
	tail = ring->data_tail;
	while (tail < head) {
		struct perf_event_header header;
		unsigned int i;

		for (i = 0; i < sizeof(header); i++)
			((u8 *)&header)[i] = data[(tail + i) % RING_SIZE];
		if (header.type == PERF_RECORD_SAMPLE && header.size <= sizeof(copy)) {
			for (i = 0; i < header.size; i++)
				copy[i] = data[(tail + i) % RING_SIZE];
			tell_sample(rec, copy + sizeof(header));
		} else {
			record(rec, "no sample but", header.type);
		}
		tail += header.size;
	}
	/* after the data has been read */
	__atomic_store_n(&ring->data_tail, tail, __ATOMIC_RELEASE);
}
