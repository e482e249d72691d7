/* engine/tokenizer/tokens.h - lists of token ids.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TOKENIZER_TOKENS_H
#define ENGINE_TOKENIZER_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* A growing list; all zeros is the empty one. */
struct tokens {
    int *ids; /* owned, free with tokens_clear() */
    size_t n, room;
};

/* Frees the ids; t is then empty. */
void tokens_clear(struct tokens *t);

/* Append id. False and ERROR_NO_MEMORY otherwise. */
bool tokens_push(struct tokens *t, int id, struct error *err);

#endif
