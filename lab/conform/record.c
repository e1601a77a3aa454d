// SPDX-License-Identifier: GPL-2.0
/*
 * The transcript of one sequence: words with a tag.  Mostly only its hash is
 * wanted, so text is made when somebody wants to read it.
 *
 * An entry is the tag's address, the number of words (or of bytes, with
 * TEXT), and these.
 */
#include "conform.h"

#include <inttypes.h>
#include <string.h>

#define TEXT	(1ULL << 32)

void record_reset(struct record *rec)
{
	rec->nr_words = 0;
	rec->nr_stops = 0;
	rec->full = false;
}

static u64 *record_room(struct record *rec, const char *tag, u64 kind, unsigned int words)
{
	u64 *at = rec->words + rec->nr_words;

	if (rec->full || rec->nr_words + words + 2 > MAX_WORDS) {
		rec->full = true;
		return NULL;
	}
	at[0] = (uintptr_t)tag;
	at[1] = kind;
	rec->nr_words += words + 2;
	return at + 2;
}

void record_words(struct record *rec, const char *tag, unsigned int nr, const u64 *words)
{
	u64 *at = record_room(rec, tag, nr, nr);

	if (at)
		memcpy(at, words, nr * sizeof(*words));
}

void record_text(struct record *rec, const char *tag, const char *text)
{
	size_t len = strlen(text);
	unsigned int words = (len + sizeof(u64)) / sizeof(u64);
	u64 *at = record_room(rec, tag, len | TEXT, words);

	if (!at)
		return;
	at[words - 1] = 0;
	memcpy(at, text, len);
}

static u64 mix(u64 hash, u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
	return hash ^ (hash >> 29);
}

/*
 * All transcripts are kept, since what differs once may not differ again.  One
 * sequence is much like another, so the word that comes next is mostly the one
 * that came last time after the same twenty or so: then one bit stands for it.
 *
 * What is kept is the number, how many words there are and whether that is all;
 * and for each 64 words a mask of those that were not predicted, and these.
 */
static u64 came_next[1 << 13];

static u64 *prediction(u64 context)
{
	return &came_next[context >> 51];
}

static u64 advance(u64 context, u64 word)
{
	*prediction(context) = word;
	return context << 3 ^ word * 0x9e3779b97f4a7c15ULL;
}

void record_keep(const struct record *rec, u64 number, FILE *to)
{
	u64 head[] = { number, rec->nr_words, rec->full };
	u64 out[65], context = 0;
	u32 i, nr = 0;

	fwrite(head, sizeof(head), 1, to);
	for (i = 0; i < rec->nr_words; i++) {
		u64 word = rec->words[i];

		if (!(i % 64)) {
			fwrite(out, sizeof(*out), nr, to);
			out[0] = 0;
			nr = 1;
		}
		if (word != *prediction(context)) {
			out[0] |= 1ULL << i % 64;
			out[nr++] = word;
		}
		context = advance(context, word);
	}
	fwrite(out, sizeof(*out), nr, to);
}

/* Read the next that was kept.  False at the end of the file. */
bool record_kept(struct record *rec, u64 *number, FILE *from)
{
	u64 head[3], mask = 0, word, context = 0;
	u32 i;

	if (fread(head, sizeof(head), 1, from) != 1 || head[1] > MAX_WORDS)
		return false;
	*number = head[0];
	rec->nr_words = head[1];
	rec->full = head[2];
	for (i = 0; i < rec->nr_words; i++) {
		if (!(i % 64) && fread(&mask, sizeof(mask), 1, from) != 1)
			return false;
		word = *prediction(context);
		if (mask >> i % 64 & 1 && fread(&word, sizeof(word), 1, from) != 1)
			return false;
		rec->words[i] = word;
		context = advance(context, word);
	}
	return true;
}

u64 record_hash(const struct record *rec)
{
	u64 hash = 0x243f6a8885a308d3ULL;
	u32 i;

	for (i = 0; i < rec->nr_words; i++)
		hash = mix(hash, rec->words[i]);
	return mix(hash, rec->full);
}

void record_print(const struct record *rec, FILE *to)
{
	u32 i = 0;

	while (i < rec->nr_words) {
		const char *tag = (const char *)(uintptr_t)rec->words[i];
		u64 nr = rec->words[i + 1];
		u32 words, j;

		i += 2;
		fputs(tag, to);
		if (nr & TEXT) {
			nr &= ~TEXT;
			words = (nr + sizeof(u64)) / sizeof(u64);
			fprintf(to, " %s", (const char *)&rec->words[i]);
		} else {
			words = nr;
			for (j = 0; j < words; j++) {
				int64_t word = rec->words[i + j];

				if (word > -4096 && word < 65536)
					fprintf(to, " %" PRId64, word);
				else
					fprintf(to, " %#" PRIx64, word);
			}
		}
		fputc('\n', to);
		i += words;
	}
	if (rec->full)
		fputs("(no room for more)\n", to);
}
