/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A uprobe in the text of a task that runs the program of the test.
 */
#ifndef SELFTESTS_UTRACE_PROBE_H
#define SELFTESTS_UTRACE_PROBE_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PROBES_FILE	"/sys/bus/event_source/devices/uprobe/type"
#define NO_PROBES	"no " PROBES_FILE ": needs CONFIG_UPROBE_EVENTS"

static inline bool have_probes(void)
{
	return !access(PROBES_FILE, R_OK);
}

/* Where @address is in the file of this program; 0: nowhere. */
static inline unsigned long offset_in_file(unsigned long address)
{
	unsigned long start, end, offset, found = 0;
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512], mode[8];

	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %7s %lx", &start, &end, mode,
			   &offset) == 4 && address >= start && address < end)
			found = address - start + offset;
	}
	if (maps)
		fclose(maps);
	return found;
}

/* Probe the instruction at @address: a perf event that counts its runs, or -1. */
static inline int probe(pid_t pid, void *address)
{
	struct perf_event_attr attr = { .size = sizeof(attr) };
	FILE *type = fopen(PROBES_FILE, "r");
	char path[256];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (!type || fscanf(type, "%u", &attr.type) != 1 || length < 0)
		return -1;
	fclose(type);
	path[length] = 0;
	attr.config1 = (uintptr_t)path;
	attr.config2 = offset_in_file((uintptr_t)address);
	return syscall(SYS_perf_event_open, &attr, pid, -1, -1, 0);
}

#endif
