/* engine/tokenizer/bpe.h - from one word to token ids by merging pairs.
 *
 * Byte pair encoding and SentencePiece's BPE are one algorithm over different
 * symbols: a word starts as symbols (bytes, or characters), and as long as some
 * neighbours may merge, the pair of lowest rank does, the leftmost first. With
 * merge rules the rank is the rule's line; with SentencePiece's scores it is the
 * place of the formed token's score, highest first, so one table (left, right) ->
 * (rank, merged) serves all.
 *
 * Speed and bounds:
 *   - words that came before are found in a cache (a struct bpe_work is one thread's);
 *   - short words keep ranks in an array and scan it; long ones use a heap:
 *     O(n log n);
 *   - a long word is first cut wherever no rule could merge across (no rule's left
 *     side ends, while its right side begins, with these characters). Pieces cannot
 *     influence each other, so this changes nothing; it turns SentencePiece's whole
 *     text, which has no words, into words.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TOKENIZER_BPE_H
#define ENGINE_TOKENIZER_BPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"
#include "engine/tokenizer/tokens.h"
#include "engine/tokenizer/maps.h"
#include "engine/tokenizer/vocab_source.h"

struct bpe {
    enum vocab_model model;
    bool ignore_merges, fuse_unk;
    int unk;                 /* -1: what cannot be spelled is left out */
    int n_tokens;            /* symbols from here on are characters that are no token */
    struct text_map words;   /* text -> symbol */
    struct pair_map merges;  /* (left, right) -> (rank, merged) */
    struct pair_map crossed; /* (last character of left, first of right) of every merge */
    int bytes[256]; /* BYTE: the symbol of each byte; else its TOKEN_BYTE for fallback; -1: none */
    bool fallback;  /* bytes[] is to be used for unknown characters */
    bool drops;     /* some character or byte may be nothing at all: see bpe.c, leave_out() */
};

/* Build the tables. text[id] are the tokens' texts as the model writes them (BYTE:
 * raw bytes; else with U+2581 for spaces); they must outlive b. False and
 * ERROR_BAD_FILE naming the token or merge, or ERROR_NO_MEMORY; b may be cleared in
 * any case. */
bool bpe_init(struct bpe *b, const struct vocab_source *s, const struct span *text,
              struct error *err);
/* Frees the tables. */
void bpe_clear(struct bpe *b);

struct bpe_work;

/* Scratch memory and word cache of one thread. NULL and ERROR_NO_MEMORY. */
struct bpe_work *bpe_work_new(struct error *err);
/* Accepts NULL. */
void bpe_work_free(struct bpe_work *w);

/* Append the ids of a word, any bytes of less than 2^31. False and ERROR_NO_MEMORY. */
bool bpe_encode(const struct bpe *b, struct bpe_work *w, struct span word, struct tokens *out,
                struct error *err);

/* The raw bytes of a text in GPT-2's alphabet, where every byte has a printable
 * character. Writes at most text.n bytes to out; SPAN_NONE when a character is not
 * of the alphabet. */
size_t bpe_alphabet_decode(struct span text, char *out);

/* The byte that a token stands for by its name: "<0x0A>" -> 10; -1 for any other. */
int bpe_byte_of_name(struct span name);

#endif
