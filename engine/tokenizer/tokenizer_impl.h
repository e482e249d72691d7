/* engine/tokenizer/tokenizer_impl.h - the struct behind tokenizer.h, for the files
 * that implement it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TOKENIZER_TOKENIZER_IMPL_H
#define ENGINE_TOKENIZER_TOKENIZER_IMPL_H

#include <pthread.h>

#include "base/arena.h"
#include "engine/tokenizer/added.h"
#include "engine/tokenizer/bpe.h"
#include "engine/tokenizer/split.h"
#include "engine/tokenizer/tokenizer.h"
#include "engine/tokenizer/vocab_source.h"

enum { POOL_MAX = 8 }; /* idle scratch sets that are kept */

#define SPACE_MARK "\xE2\x96\x81" /* U+2581, how SentencePiece writes a space in tokens */

/* What one encode writes to. */
struct scratch {
    struct scratch *next; /* of the idle ones */
    struct bpe_work *bpe;
    struct regex_match *matches[VOCAB_MAX_STEPS];
    struct buffer normalized[2];
    struct buffer prefixed;
};

/* What changes while a tokenizer is used, and the only thing that does. */
struct scratch_pool {
    pthread_mutex_t lock;
    struct scratch *idle;
    int n;
};

/* For tokenizer_least(). */
struct least {
    size_t bytes; /* of a text that a token stands for, at most; 0: it may be any number */
    bool strips;  /* some tokens take the white space beside them, too */
};

struct tokenizer {
    struct arena *arena; /* all texts below */
    int n_tokens;
    struct span *text;  /* by id: as merging sees it */
    struct span *piece; /* by id: as decoding gives it */
    uint8_t *kind;      /* by id: enum token_kind, 0 for no token */

    struct bpe bpe;
    struct added_set added;            /* looked for in the text as it came */
    struct added_set added_normalized; /* looked for in what the normalizers made of it */
    struct text_map added_names;

    struct vocab_normalizer normalizers[VOCAB_MAX_STEPS];
    int n_normalizers;
    enum vocab_prefix prefix;
    bool escape_spaces;
    struct split_step splits[VOCAB_MAX_STEPS];
    int n_splits;
    bool strip_space;

    int bos, eos;
    bool add_bos, add_eos;
    int eog[VOCAB_MAX_EOG];
    int n_eog;
    struct span chat_template;

    struct least least;

    struct scratch_pool *pool;
};

/* What t can tell from a text's length, when the rest of it is set up. */
void least_init(struct least *l, const struct tokenizer *t);

/* With its n_splits matches. Accepts NULL. */
void scratch_free(struct scratch *s, int n_splits);

#endif
