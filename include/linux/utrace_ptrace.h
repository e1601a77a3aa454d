/* SPDX-License-Identifier: GPL-2.0 */
/*
 * utrace: ptrace's engine
 *
 * ptrace must be able to attach wherever it always could, under tasklist_lock
 * and without failing. So its engine is part of struct utrace, which is
 * allocated beforehand: utrace_alloc() and utrace_publish() do that, for the
 * core as well. The functions after these are for ptrace alone.
 */
#ifndef _LINUX_UTRACE_PTRACE_H
#define _LINUX_UTRACE_PTRACE_H

#include <linux/types.h>

struct task_struct;
struct utrace;
struct utrace_engine_ops;

struct utrace *utrace_alloc(struct task_struct *task, gfp_t gfp);
struct utrace *utrace_publish(struct utrace *utrace);
int utrace_prepare_ptrace(struct task_struct *task);
void utrace_attach_ptrace(struct task_struct *task,
			  const struct utrace_engine_ops *ops);
void utrace_detach_ptrace(struct task_struct *task);
void utrace_set_ptrace_events(struct task_struct *task, unsigned long events);
unsigned long utrace_ptrace_events(const struct task_struct *task);

#endif /* _LINUX_UTRACE_PTRACE_H */
