/* tests/fuzz/tokenizer_property.h - what must hold of any tokenizer that was
 * accepted, whatever its file held.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_FUZZ_TOKENIZER_PROPERTY_H
#define TESTS_FUZZ_TOKENIZER_PROPERTY_H

#include <assert.h>

#include "engine/tokenizer/tokenizer.h"

/* Ids lie in the vocabulary; decoding at once and by pieces agree; a second encode
 * gives the same ids (now from the word cache); only a limit of a pattern may
 * refuse a text; there are as many as the text's length tells, and they end where told to. */
static inline void check_tokenizer(const struct tokenizer *t, struct span text)
{
    struct error err = {0};
    struct tokens ids = {0}, again = {0};
    struct buffer whole, pieces;
    struct detok d;
    buffer_init(&whole, 1 << 24);
    buffer_init(&pieces, 1 << 24);
    struct encode_flags flags = {true, text.n % 2 == 0, 0};
    bool ok = tokenizer_encode(t, text, flags, &ids, &err);
    assert(ok || (err.code != ERROR_NONE && ids.n == 0));
    for (size_t i = 0; i < ids.n; i++) {
        assert(ids.ids[i] >= 0 && ids.ids[i] < tokenizer_n_vocab(t));
    }
    assert(tokenizer_encode(t, text, flags, &again, &err) == ok && again.n == ids.n);
    assert(ids.n == 0 || memcmp(ids.ids, again.ids, ids.n * sizeof(int)) == 0);
    assert(!ok || ids.n >= tokenizer_least(t, text));
    for (size_t most = 1; ok && most <= ids.n + 1; most += 1 + ids.n / 3) {
        struct encode_flags some = flags;
        some.most = most;
        again.n = 0;
        bool fits = tokenizer_encode(t, text, some, &again, &err);
        assert(fits ? again.n == ids.n : again.n == 0 && err.code == ERROR_TOO_LONG);
        assert(fits || ids.n > most);
    }
    detok_init(&d, t, false, true);
    for (size_t i = 0; i < ids.n; i++) {
        buffer_add_span(&pieces, detok_push(&d, ids.ids[i]));
    }
    if (tokenizer_decode(t, ids.ids, ids.n, false, &whole, &err)) {
        assert(span_eq(buffer_span(&whole), buffer_span(&pieces)));
    }
    buffer_clear(&whole);
    buffer_clear(&pieces);
    tokens_clear(&ids);
    tokens_clear(&again);
}

#endif
