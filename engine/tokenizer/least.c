/* engine/tokenizer/least.c - how many tokens a text has at least, told from its length alone.
 *
 * A token spells at most so many bytes of what the normalizers made of a text, and they make a text
 * at most so many times shorter. Where something may be left out or swallowed (a byte that has no
 * token, a run of unknown characters that is one, a delimiter that is removed) nothing can be told.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/tokenizer/tokenizer_impl.h"

enum {
    FORM_SHRINKS = 8, /* Unicode's normal forms: four bytes become one, nine three; with room */
    CHARACTER = 4     /* bytes that one unknown token may stand for */
};

/* What one step may make of a text: so many times shorter; 0: nothing may be left. */
static size_t shrinks(const struct vocab_normalizer *step)
{
    if (step->kind == NORMALIZE_PREPEND) return 1;
    if (step->kind != NORMALIZE_REPLACE) return FORM_SHRINKS;
    if (step->to.n == 0) return step->from.n == 0 ? 1 : 0;
    return step->from.n <= step->to.n ? 1 : (step->from.n + step->to.n - 1) / step->to.n;
}

/* Does every character come out as a token or more? */
static bool spells_all(const struct bpe *b)
{
    bool bytes = b->model == VOCAB_BYTE_BPE || b->fallback;
    for (int i = 0; bytes && i < 256; i++) {
        bytes = b->bytes[i] >= 0;
    }
    return bytes || (b->unk >= 0 && !b->fuse_unk);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static bool strips(const struct added_set *s)
{
    bool any = false;
    for (size_t i = 0; i < s->n_tokens; i++) {
        any |= (s->tokens[i].match & (MATCH_LSTRIP | MATCH_RSTRIP)) != 0;
    }
    return any;
}

static size_t longest(const struct tokenizer *t)
{
    size_t most = CHARACTER;
    for (int i = 0; i < t->n_tokens; i++) {
        if (t->kind[i] != 0) most = larger(most, larger(t->text[i].n, t->piece[i].n));
    }
    for (size_t i = 0; i < t->added_normalized.n_tokens; i++) {
        most = larger(most, t->added_normalized.tokens[i].text.n);
    }
    return most;
}

void least_init(struct least *l, const struct tokenizer *t)
{
    size_t most = longest(t);
    bool ok = spells_all(&t->bpe);
    for (int i = 0; i < t->n_normalizers; i++) {
        size_t times = shrinks(&t->normalizers[i]);
        ok = ok && times > 0 && most <= SIZE_MAX / 2 / (times + 1);
        if (ok) most *= times;
    }
    for (int i = 0; i < t->n_splits; i++) {
        ok = ok && t->splits[i].behavior != SPLIT_REMOVED;
    }
    l->bytes = ok ? most : 0;
    l->strips = strips(&t->added) || strips(&t->added_normalized);
}

/* Bytes that a token cannot take as the white space beside it: all but those of the characters that
 * begin as some white space does. */
static size_t count_solid(struct span text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool space = c <= ' ' || c == 0xC2 || (c >= 0xE1 && c <= 0xE3);
        if (space && c > ' ') i += c == 0xC2 ? 1 : 2;
        n += !space;
    }
    return n;
}

size_t tokenizer_least(const struct tokenizer *t, struct span text)
{
    if (t->least.bytes == 0) return 0;
    return (t->least.strips ? count_solid(text) : text.n) / t->least.bytes;
}
