/* SPDX-License-Identifier: GPL-2.0 */
/* What the tracee itself can find out. */
#ifndef TOKENS_H
#define TOKENS_H

enum token {
	HANDLED, HANDLED_AGAIN, HANDLED_OTHER,
	INTERRUPTED, NO_SUCH_CALL, RETURNED, RETURNED_ERROR,
	CHILD_RAN, ACT_FAILED,
	NR_TOKENS,
};

#define TOKEN_NAMES {							\
	"handled", "handled-again", "handled-other",			\
	"EINTR", "ENOSYS", "returned", "error",				\
	"child-ran", "act-failed",					\
}

#endif /* TOKENS_H */
