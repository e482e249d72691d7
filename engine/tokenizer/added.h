/* engine/tokenizer/added.h - finding added tokens ("<think>", "<|im_end|>") in a
 * text.
 *
 * A trie over the tokens' texts; at each place the longest token wins, and places
 * are tried from left to right, as Hugging Face's tokenizers do. The cost is
 * bounded by bytes times the longest token.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TOKENIZER_ADDED_H
#define ENGINE_TOKENIZER_ADDED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"
#include "engine/tokenizer/maps.h"
#include "engine/tokenizer/vocab_source.h"

struct added_token {
    struct span text; /* borrowed while the set lives; valid UTF-8, not empty */
    int id;
    uint8_t match; /* MATCH_* */
    bool special;  /* only found when special tokens are parsed */
};

struct added_set {
    struct pair_map edges;      /* (node, byte) -> next node */
    int *ends;                  /* per node: the token that ends there, or -1 */
    struct added_token *tokens; /* owned array */
    size_t n_tokens;
    bool starts[256]; /* bytes that begin a token */
};

/* Index tokens[0..n), which are copied. Of two with one text the first stays. */
bool added_set_init(struct added_set *s, const struct added_token *tokens, size_t n,
                    struct error *err);
/* Frees its memory. */
void added_set_clear(struct added_set *s);

struct added_match {
    size_t begin, end; /* bytes of the text, white space taken by LSTRIP and RSTRIP included */
    int id;
};

/* The first match at `from` or later. False: none. */
bool added_set_next(const struct added_set *s, struct span text, size_t from, bool parse_special,
                    struct added_match *out);

#endif
