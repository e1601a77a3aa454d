/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The amplifier: included before all else when lab/lib/races.sh compiles the files
 * of the kernel in which races are looked for. Where these take or drop siglock,
 * tasklist_lock or the lock of struct utrace, they wait at random: before taking
 * it, while holding it, and after dropping it. So windows of nanoseconds become up
 * to as many microseconds as /sys/module/kernel/parameters/amplify says; 0, which
 * it is at first, waits nowhere.
 *
 * Only tasks wait that have asked for it, by a bit of personality(2) that nothing
 * else here uses. The others get on, whoever looks at them included.
 *
 * Nothing sleeps, so what may be done under a lock does not change. A wait is likely
 * to be shorter than the longest: each halving has its share.
 */
#ifndef _LAB_AMPLIFY_H
#define _LAB_AMPLIFY_H

/* objtool has a signal.c, too */
#if defined(__KERNEL__) && !defined(__ASSEMBLY__)

#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/delay.h>
#include <linux/moduleparam.h>
#include <linux/personality.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/timex.h>

extern unsigned int amplify_us;

#ifdef AMPLIFY_HOME
unsigned int amplify_us;
core_param(amplify, amplify_us, uint, 0644);
#endif

static inline void amplify_wait(void)
{
	unsigned int most = READ_ONCE(amplify_us);
	u32 random;

	if (likely(!most) || in_hardirq() ||
	    !(current->personality & WHOLE_SECONDS))
		return;
	/* The low bits of the time, well mixed, are random enough. */
	random = (u32)get_cycles() * 2654435769u;
	random ^= random >> 15;
	random *= 2246822519u;
	random ^= random >> 13;
	/* Three of four places are passed without a wait. */
	if (random & 3)
		return;
	most >>= (random >> 2) % 5;
	if (most)
		udelay(1 + (random >> 8) % most);
}

/*
 * Known when this is compiled: what is not meant costs nothing. In de_thread() "lock"
 * is siglock.
 */
#define amplify_at(lock)						\
	do {								\
		if (__builtin_strstr(#lock, "siglock") ||		\
		    !__builtin_strcmp(#lock, "lock") ||			\
		    __builtin_strstr(#lock, "tasklist_lock") ||		\
		    __builtin_strstr(#lock, "utrace"))			\
			amplify_wait();					\
	} while (0)

#define amplify_around(lock, what)					\
	do {								\
		amplify_at(lock);					\
		what;							\
		amplify_at(lock);					\
	} while (0)

/* What these are without us, under other names. */
static __always_inline void amplify_spin_unlock(spinlock_t *lock)
	__releases(lock)
{
	spin_unlock(lock);
}

static __always_inline void amplify_spin_lock(spinlock_t *lock)
	__acquires(lock)
{
	spin_lock(lock);
}

static __always_inline void amplify_spin_unlock_irq(spinlock_t *lock)
	__releases(lock)
{
	spin_unlock_irq(lock);
}

static __always_inline void amplify_spin_lock_irq(spinlock_t *lock)
	__acquires(lock)
{
	spin_lock_irq(lock);
}

static __always_inline void amplify_spin_unlock_irqrestore(spinlock_t *lock,
							   unsigned long flags)
	__releases(lock)
{
	spin_unlock_irqrestore(lock, flags);
}

static __always_inline unsigned long amplify_spin_lock_irqsave(spinlock_t *lock)
	__acquires(lock)
{
	unsigned long flags;

	spin_lock_irqsave(lock, flags);
	return flags;
}

static __always_inline void amplify_read_lock(rwlock_t *lock)
	__acquires(lock)
{
	read_lock(lock);
}

static __always_inline void amplify_read_unlock(rwlock_t *lock)
	__releases(lock)
{
	read_unlock(lock);
}

static __always_inline void amplify_write_lock_irq(rwlock_t *lock)
	__acquires(lock)
{
	write_lock_irq(lock);
}

static __always_inline void amplify_write_unlock_irq(rwlock_t *lock)
	__releases(lock)
{
	write_unlock_irq(lock);
}

#undef spin_lock_irqsave
#undef read_lock
#undef read_unlock
#undef write_lock_irq
#undef write_unlock_irq
#define spin_lock(l)		amplify_around(l, amplify_spin_lock(l))
#define spin_unlock(l)		amplify_around(l, amplify_spin_unlock(l))
#define spin_lock_irq(l)	amplify_around(l, amplify_spin_lock_irq(l))
#define spin_unlock_irq(l)	amplify_around(l, amplify_spin_unlock_irq(l))
#define spin_lock_irqsave(l, f)	amplify_around(l, (f) = amplify_spin_lock_irqsave(l))
#define spin_unlock_irqrestore(l, f)	\
	amplify_around(l, amplify_spin_unlock_irqrestore(l, f))
#define read_lock(l)		amplify_around(l, amplify_read_lock(l))
#define read_unlock(l)		amplify_around(l, amplify_read_unlock(l))
#define write_unlock_irq(l)	amplify_around(l, amplify_write_unlock_irq(l))

/* guard(spinlock_irq)() and scoped_guard(): other classes in their place. */
DEFINE_LOCK_GUARD_1(amplified_write_irq, rwlock_t,
		    amplify_wait(); amplify_write_lock_irq(_T->lock); amplify_wait(),
		    amplify_wait(); amplify_write_unlock_irq(_T->lock); amplify_wait())
DEFINE_LOCK_GUARD_1(amplified, spinlock_t,
		    amplify_wait(); amplify_spin_lock(_T->lock); amplify_wait(),
		    amplify_wait(); amplify_spin_unlock(_T->lock); amplify_wait())
DEFINE_LOCK_GUARD_1(amplified_irq, spinlock_t,
		    amplify_wait(); amplify_spin_lock_irq(_T->lock); amplify_wait(),
		    amplify_wait(); amplify_spin_unlock_irq(_T->lock); amplify_wait())
DEFINE_LOCK_GUARD_1(amplified_irqsave, spinlock_t,
		    amplify_wait();
		    _T->flags = amplify_spin_lock_irqsave(_T->lock);
		    amplify_wait(),
		    amplify_wait();
		    amplify_spin_unlock_irqrestore(_T->lock, _T->flags);
		    amplify_wait(),
		    unsigned long flags)
#define spinlock		amplified
#define spinlock_irq		amplified_irq
#define spinlock_irqsave	amplified_irqsave
/* which is a function as well as a class */
#define amplified_write_irq(l)	amplify_around(l, amplify_write_lock_irq(l))
#define write_lock_irq		amplified_write_irq

#endif /* __KERNEL__ && !__ASSEMBLY__ */
#endif /* _LAB_AMPLIFY_H */
