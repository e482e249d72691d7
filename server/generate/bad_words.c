/* server/generate/bad_words.c - see bad_words.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/bad_words.h"

#include <string.h>

#include "server/generate/completion.h"

/* The list that is being made: ids one after the other, and how many each way to write a word has. */
struct listing {
    struct tokens ids;
    int *lengths; /* [2 * words], the arena's */
    int n;
};

static bool add(struct completion *c, struct listing *l, struct span text, struct error *err)
{
    size_t from = l->ids.n;
    if (!engine_tokenize(c->engine, text, false, false, &l->ids, err)) return false;
    if (l->ids.n > from) l->lengths[l->n++] = (int)(l->ids.n - from);
    return true;
}

/* Are the last two ways to write a word the same ids? */
static bool is_double(const struct listing *l, int before)
{
    if (l->n - before != 2 || l->lengths[before] != l->lengths[before + 1]) return false;
    const int *second = l->ids.ids + l->ids.n - l->lengths[before + 1];
    return memcmp(second - l->lengths[before], second,
                  (size_t)l->lengths[before] * sizeof(*second)) == 0;
}

static bool add_word(struct completion *c, struct listing *l, struct span word, struct error *err)
{
    char blank[BAD_WORD_BYTES + 2];
    int before = l->n;
    while (word.n > 0 && word.p[0] == ' ') {
        word = span_slice(word, 1, word.n);
    }
    if (word.n == 0 || word.n > BAD_WORD_BYTES) {
        return error_set(err, ERROR_INVALID_VALUE, NULL, "a word has from 1 to %d bytes",
                         BAD_WORD_BYTES);
    }
    blank[0] = ' ';
    memcpy(blank + 1, word.p, word.n);
    if (!add(c, l, word, err) || !add(c, l, span_of(blank, word.n + 1), err)) return false;
    if (is_double(l, before)) l->ids.n -= (size_t)l->lengths[--l->n];
    return true;
}

static bool add_words(struct completion *c, struct listing *l, struct error *err)
{
    const struct text_list *words = &c->params.bad_words;
    for (size_t i = 0; i < words->n; i++) {
        if (add_word(c, l, words->texts[i], err)) continue;
        error_in(err, "[%zu]", i);
        return error_in(err, "bad_words");
    }
    return true;
}

bool bad_words_set(struct completion *c, struct error *err)
{
    struct engine_sampling *s = &c->params.engine;
    size_t words = c->params.bad_words.n;
    struct listing l = {0};
    if (words == 0) return true;
    l.lengths = arena_alloc(c->exchange->arena, words * 2, sizeof(*l.lengths));
    bool ok = l.lengths != NULL && add_words(c, &l, err);
    int *ids = ok ? arena_alloc(c->exchange->arena, l.ids.n + 1, sizeof(*ids)) : NULL;
    if (ids != NULL && l.ids.n > 0) memcpy(ids, l.ids.ids, l.ids.n * sizeof(*ids));
    s->bad_ids = ids;
    s->bad_lengths = l.lengths;
    s->n_bad = ids == NULL ? 0 : l.n;
    s->n_bad_ids = ids == NULL ? 0 : (int)l.ids.n;
    tokens_clear(&l.ids);
    if (ids != NULL) return true;
    bool found = err->code != ERROR_NONE;
    return found ? completion_rename(c, err)
                 : error_set(err, ERROR_NO_MEMORY, NULL, "no memory for bad words");
}
