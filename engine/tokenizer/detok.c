/* engine/tokenizer/detok.c - from ids to text.
 *
 * Each token has its bytes ready (tokenizer.c), so decoding is copying. The one
 * thing that depends on the place is SentencePiece's first space, which encoding
 * put there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/tokenizer/tokenizer_impl.h"

#include <assert.h>

struct span tokenizer_piece(const struct tokenizer *t, int id, bool skip_special)
{
    if (id < 0 || id >= t->n_tokens || (skip_special && tokenizer_is_special(t, id))) {
        return span_of("", 0);
    }
    assert(t->piece[id].n == 0 || t->piece[id].p != NULL);
    return t->piece[id];
}

void detok_init(struct detok *d, const struct tokenizer *t, bool skip_special, bool at_start)
{
    *d = (struct detok){.t = t, .skip_special = skip_special, .at_start = at_start};
}

struct span detok_push(struct detok *d, int id)
{
    struct span piece = tokenizer_piece(d->t, id, d->skip_special);
    if (!d->at_start || piece.n == 0) return piece;
    d->at_start = false;
    bool strip = d->t->strip_space && piece.p[0] == ' ';
    return strip ? span_slice(piece, 1, piece.n) : piece;
}

bool tokenizer_decode(const struct tokenizer *t, const int *ids, size_t n, bool skip_special,
                      struct buffer *out, struct error *err)
{
    struct detok d;
    detok_init(&d, t, skip_special, true);
    for (size_t i = 0; i < n; i++) {
        if (ids[i] < 0) {
            error_set(err, ERROR_INVALID_VALUE, NULL, "token %d; ids are not negative", ids[i]);
            return error_in(err, "tokens[%zu]", i);
        }
        buffer_add_span(out, detok_push(&d, ids[i]));
    }
    return !out->failed ||
           error_set(err, ERROR_TOO_LARGE, NULL, "the text of %zu tokens is too long", n);
}
