/* engine/tokenizer/encode.c - from text to ids, see tokenizer.h for the stages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "base/mem.h"
#include "engine/tokenizer/normalizer.h"
#include "engine/tokenizer/tokenizer_impl.h"

enum {
    KEEP_BYTES = 1 << 20,                          /* larger buffers are not kept in the pool */
    WORK_BYTES_MAX = 4 * (TOKENIZER_TEXT_MAX - 1), /* normalizing may lengthen a text, up to here */
};

/* ---- scratch ---- */

void scratch_free(struct scratch *s, int n_splits)
{
    if (s == NULL) return;
    bpe_work_free(s->bpe);
    for (int i = 0; i < n_splits; i++) {
        regex_match_free(s->matches[i]);
    }
    buffer_clear(&s->normalized[0]);
    buffer_clear(&s->normalized[1]);
    buffer_clear(&s->prefixed);
    free(s);
}

static struct scratch *scratch_new(const struct tokenizer *t, struct error *err)
{
    struct scratch *s = mem_new(1, sizeof(*s), err);
    if (s == NULL) return NULL;
    size_t limit = WORK_BYTES_MAX;
    buffer_init(&s->normalized[0], limit);
    buffer_init(&s->normalized[1], limit);
    buffer_init(&s->prefixed, limit);
    bool ok = (s->bpe = bpe_work_new(err)) != NULL;
    for (int i = 0; ok && i < t->n_splits; i++) {
        ok = (s->matches[i] = regex_match_new(t->splits[i].regex, err)) != NULL;
    }
    if (ok) return s;
    scratch_free(s, t->n_splits);
    return NULL;
}

static struct scratch *scratch_take(const struct tokenizer *t, struct error *err)
{
    struct scratch_pool *pool = t->pool;
    pthread_mutex_lock(&pool->lock);
    struct scratch *s = pool->idle;
    if (s != NULL) {
        pool->idle = s->next;
        pool->n--;
    }
    pthread_mutex_unlock(&pool->lock);
    return s != NULL ? s : scratch_new(t, err);
}

static void trim(struct buffer *b)
{
    if (b->room > KEEP_BYTES) buffer_clear(b);
}

static void scratch_give(const struct tokenizer *t, struct scratch *s)
{
    struct scratch_pool *pool = t->pool;
    trim(&s->normalized[0]);
    trim(&s->normalized[1]);
    trim(&s->prefixed);
    pthread_mutex_lock(&pool->lock);
    bool kept = pool->n < POOL_MAX;
    if (kept) {
        s->next = pool->idle;
        pool->idle = s;
        pool->n++;
    }
    pthread_mutex_unlock(&pool->lock);
    if (!kept) scratch_free(s, t->n_splits);
}

/* ---- stretches of text between added tokens ---- */

struct encoding {
    const struct tokenizer *t;
    struct scratch *scratch;
    bool parse_special;
    size_t most; /* of out->n */
    struct tokens *out;
    struct error *err;
};

/* Is there a point in going on? */
static bool is_short(const struct encoding *e)
{
    if (e->out->n <= e->most) return true;
    return error_set(e->err, ERROR_TOO_LONG, NULL, "the text has more tokens than are of use");
}

static bool merge_word(void *arg, struct span word)
{
    struct encoding *e = arg;
    return bpe_encode(&e->t->bpe, e->scratch->bpe, word, e->out, e->err) && is_short(e);
}

static bool wants_prefix(const struct tokenizer *t, struct span stretch, bool at_start)
{
    if (t->prefix == PREFIX_NONE || t->prefix == PREFIX_SPACE) return t->prefix == PREFIX_SPACE;
    if (t->prefix == PREFIX_FIRST_IF_NONE && !at_start) return false;
    return stretch.p[0] != ' ' && !(t->escape_spaces && span_starts(stretch, span_str(SPACE_MARK)));
}

/* The stretch with its prefix, and spaces written as the vocabulary writes them. */
static struct span prefixed(const struct tokenizer *t, struct span stretch, bool at_start,
                            struct buffer *out)
{
    bool prefix = wants_prefix(t, stretch, at_start);
    if (!prefix && !(t->escape_spaces && memchr(stretch.p, ' ', stretch.n) != NULL)) return stretch;
    struct span space = span_str(t->escape_spaces ? SPACE_MARK : " ");
    out->n = 0;
    out->failed = false;
    if (prefix) buffer_add_span(out, space);
    while (t->escape_spaces && stretch.n > 0) {
        const char *hit = memchr(stretch.p, ' ', stretch.n);
        if (hit == NULL) break;
        size_t n = (size_t)(hit - stretch.p);
        buffer_add(out, stretch.p, n);
        buffer_add_span(out, space);
        stretch = span_slice(stretch, n + 1, stretch.n);
    }
    buffer_add_span(out, stretch);
    return buffer_span(out);
}

static bool encode_words(struct encoding *e, struct span stretch, bool at_start)
{
    const struct tokenizer *t = e->t;
    if (stretch.n == 0) return true;
    struct buffer *room = &e->scratch->prefixed;
    struct span text = prefixed(t, stretch, at_start, room);
    if (text.p == room->p && room->failed) {
        return error_set(e->err, ERROR_TOO_LARGE, NULL, "a text of %zu bytes is too long",
                         stretch.n);
    }
    return split_text(t->splits, e->scratch->matches, t->n_splits, text, merge_word, e, e->err);
}

/* ---- added tokens ---- */

typedef bool stretch_encoder(struct encoding *e, struct span stretch, bool at_start);

/* Emit the tokens of set that stand in text, and give what lies between them to `between`. */
static bool encode_around(struct encoding *e, const struct added_set *set, struct span text,
                          bool at_start, stretch_encoder *between)
{
    size_t at = 0;
    for (struct added_match m; added_set_next(set, text, at, e->parse_special, &m); at = m.end) {
        if (!between(e, span_slice(text, at, m.begin), at_start && at == 0)) return false;
        if (!tokens_push(e->out, m.id, e->err) || !is_short(e)) return false;
    }
    return between(e, span_slice(text, at, text.n), at_start && at == 0);
}

static bool encode_stretch(struct encoding *e, struct span stretch, bool at_start)
{
    const struct tokenizer *t = e->t;
    if (stretch.n == 0) return true;
    struct span text;
    if (!normalizer_apply(t->normalizers, t->n_normalizers, stretch, e->scratch->normalized, &text,
                          e->err)) {
        return false;
    }
    return encode_around(e, &t->added_normalized, text, at_start, encode_words);
}

static bool encode_all(struct encoding *e, struct span text, bool add_special)
{
    const struct tokenizer *t = e->t;
    if (add_special && t->add_bos && !tokens_push(e->out, t->bos, e->err)) return false;
    if (!encode_around(e, &t->added, text, true, encode_stretch)) return false;
    return !(add_special && t->add_eos) || tokens_push(e->out, t->eos, e->err);
}

bool tokenizer_encode(const struct tokenizer *t, struct span text, struct encode_flags flags,
                      struct tokens *out, struct error *err)
{
    if (text.n > TOKENIZER_TEXT_MAX) {
        return error_set(err, ERROR_TOO_LARGE, NULL, "a text of %zu bytes; at most %d", text.n,
                         TOKENIZER_TEXT_MAX);
    }
    struct scratch *s = scratch_take(t, err);
    if (s == NULL) return false;
    size_t before = out->n;
    struct encoding e = {.t = t,
                         .scratch = s,
                         .parse_special = flags.parse_special,
                         .most = flags.most == 0 ? SIZE_MAX : before + flags.most,
                         .out = out,
                         .err = err};
    bool ok = encode_all(&e, text, flags.add_special);
    if (!ok) out->n = before;
    scratch_give(t, s);
    return ok;
}
