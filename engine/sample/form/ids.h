/* engine/sample/form/ids.h - finding the number of a thing that was made before, by its hash.
 *
 * Expressions, lexer states, rows and reader states are hash-consed: equal ones are made once and
 * known by number. This table holds hashes and numbers alone; its user compares.
 *
 *     for (int at = -1, id; (id = ids_next(t, hash, &at)) >= 0;)
 *         if (... id equals ...) return id;
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_IDS_H
#define ENGINE_SAMPLE_FORM_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"

struct ids {
    struct ids_slot *slots; /* owned; open addressing */
    int size, n;            /* a power of two, at least twice n */
};

/* Frees; may be used again. */
void ids_clear(struct ids *t);

/* The next number that was put with this hash; begin with *at = -1. -1: no more. */
int ids_next(const struct ids *t, uint64_t hash, int *at);

/* Remember a number by a hash. False without memory. */
bool ids_put(struct ids *t, uint64_t hash, int id);

/* Mix a number into a hash. Not hash_add(): where a derivative is kept (rx_derive()) decides how many
 * are found anew, and so which grammars exceed GRAMMAR_MAX_DERIVATIVES. */
static inline uint64_t ids_mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * HASH_STEP;
    return h ^ (h >> 29);
}

#endif
