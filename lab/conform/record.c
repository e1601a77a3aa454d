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
