/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory as weak as the kernel's memory model lets it be, as far as these models
 * need it; the kernel's own tool for that, herd7, is not packaged by Debian.
 *
 * Each CPU has its own view of each variable. What a CPU writes is in its own
 * view at once and comes to each other CPU at any later moment, in any order:
 * the process "fabric" does that. A full barrier waits until all that its CPU has
 * written or seen is in all views. A variable only grows, so newer is greater.
 *
 * Reads are done in the order in which they are written down. Where nothing in
 * the kernel orders them, the model chooses.
 */
typedef view { byte has[3] }
view cpu[3];

#define READ(me, var)		cpu[me].has[var]
#define WRITE(me, var, value)	cpu[me].has[var] = value

#define HAS_SEEN(to, from, var)	(cpu[to].has[var] >= cpu[from].has[var])
#define HAS_SEEN_ALL(to, from)						\
	(HAS_SEEN(to, from, 0) && HAS_SEEN(to, from, 1) && HAS_SEEN(to, from, 2))
#define BARRIER(me)							\
	(HAS_SEEN_ALL(0, me) && HAS_SEEN_ALL(1, me) && HAS_SEEN_ALL(2, me))

#define CARRY(from, to, var)						\
	:: atomic { !HAS_SEEN(to, from, var) ->				\
		    cpu[to].has[var] = cpu[from].has[var] }
#define CARRY_ALL(from, to)						\
	CARRY(from, to, 0) CARRY(from, to, 1) CARRY(from, to, 2)

active proctype fabric()
{
end:	do
	CARRY_ALL(0, 1) CARRY_ALL(0, 2)
	CARRY_ALL(1, 0) CARRY_ALL(1, 2)
	CARRY_ALL(2, 0) CARRY_ALL(2, 1)
	od
}

/* A spinlock. What it guards is in variables of Promela, which all see at once. */
bool locked;
#define LOCK		atomic { !locked -> locked = true }
#define UNLOCK		locked = false
