/* engine/tokenizer/tokenizer.c - building a tokenizer and asking about its vocabulary.
 *
 * Encoding is in encode.c, decoding in detok.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/tokenizer/tokenizer.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "engine/tokenizer/normalizer.h"
#include "engine/tokenizer/tokenizer_impl.h"

#define ARENA_BYTES ((size_t)1 << 30)

/* Names of tokens that end a turn or a text in the model families served here. A
 * file's metadata often lists only one of them. */
static const char *const eog_names[] = {
    "<|im_end|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|end_of_text|>",
    "<end_of_turn>",
    ("<\xEF\xBD\x9C"
     "end\xE2\x96\x81of\xE2\x96\x81sentence\xEF\xBD\x9C>"),
};

struct building {
    struct tokenizer *t;
    const struct vocab_source *s;
    struct error *err;
};

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for a tokenizer");
}

/* A copy of s in the tokenizer's arena; *ok becomes false when there is no room. */
static struct span keep(struct tokenizer *t, struct span s, bool *ok)
{
    if (s.n == 0) return span_of("", 0);
    char *p = arena_alloc(t->arena, s.n, 1);
    if (p == NULL) {
        *ok = false;
        return span_of(NULL, 0);
    }
    memcpy(p, s.p, s.n);
    return span_of(p, s.n);
}

/* ---- texts ---- */

static bool is_added(const struct vocab_token *t)
{
    return t->kind == TOKEN_CONTROL || t->kind == TOKEN_USER || t->kind == TOKEN_UNKNOWN;
}

static struct span unescape(struct tokenizer *t, struct span text, bool *ok)
{
    struct span mark = span_str(SPACE_MARK);
    if (span_find(text, mark, 0) == SPAN_NONE) return text;
    char *p = arena_alloc(t->arena, text.n, 1);
    size_t n = 0;
    if (p == NULL) {
        *ok = false;
        return text;
    }
    for (size_t at = 0; at < text.n;) {
        bool space = span_starts(span_slice(text, at, text.n), mark);
        p[n++] = space ? ' ' : text.p[at];
        at += space ? mark.n : 1;
    }
    return span_of(p, n);
}

/* The two texts of token id: t->text[id], t->piece[id]. */
static bool set_texts(struct building *g, size_t id)
{
    struct tokenizer *t = g->t;
    const struct vocab_token *v = &g->s->tokens[id];
    bool ok = true;
    struct span text = keep(t, v->text, &ok);
    if (!ok) return no_memory(g->err);
    t->text[id] = t->piece[id] = text;
    if (v->kind == TOKEN_BYTE && g->s->decode_bytes && bpe_byte_of_name(text) >= 0) {
        char byte = (char)bpe_byte_of_name(text);
        t->piece[id] = keep(t, span_of(&byte, 1), &ok);
    } else if (g->s->model == VOCAB_BYTE_BPE && !is_added(v)) {
        char raw[VOCAB_MAX_TOKEN_BYTES];
        size_t n = bpe_alphabet_decode(text, raw);
        if (n != SPAN_NONE) t->text[id] = t->piece[id] = keep(t, span_of(raw, n), &ok);
    } else if (g->s->escape_spaces) {
        t->piece[id] = unescape(t, text, &ok);
    }
    return ok || no_memory(g->err);
}

static bool copy_tokens(struct building *g)
{
    struct tokenizer *t = g->t;
    size_t n = g->s->n_tokens;
    if (n == 0 || n > VOCAB_MAX_TOKENS) {
        return error_set(g->err, ERROR_BAD_FILE, NULL, "%s: %zu tokens; from 1 to %d", g->s->origin,
                         n, VOCAB_MAX_TOKENS);
    }
    t->n_tokens = (int)n;
    t->text = mem_new(n, sizeof(*t->text), g->err);
    t->piece = mem_new(n, sizeof(*t->piece), g->err);
    t->kind = mem_new(n, 1, g->err);
    if (t->text == NULL || t->piece == NULL || t->kind == NULL) return false;
    for (size_t i = 0; i < n; i++) {
        const struct vocab_token *v = &g->s->tokens[i];
        if (v->text.n > VOCAB_MAX_TOKEN_BYTES) {
            return error_set(g->err, ERROR_BAD_FILE, NULL,
                             "%s: token %zu has %zu bytes; at most %d", g->s->origin, i, v->text.n,
                             VOCAB_MAX_TOKEN_BYTES);
        }
        t->kind[i] = v->kind;
        if (v->kind != 0 && !set_texts(g, i)) return false;
    }
    return true;
}

/* ---- added tokens ---- */

/* The text that a token is looked for by in normalized text: itself, normalized. The reference
 * shows it so, too, when it decodes. */
static bool normalize_name(struct building *g, struct added_token *a)
{
    struct buffer scratch[2];
    buffer_init(&scratch[0], VOCAB_MAX_TOKEN_BYTES);
    buffer_init(&scratch[1], VOCAB_MAX_TOKEN_BYTES);
    struct span form;
    bool ok =
        normalizer_apply(g->t->normalizers, g->t->n_normalizers, a->text, scratch, &form, g->err);
    bool kept = true;
    if (ok) a->text = keep(g->t, form, &kept);
    if (ok) g->t->piece[a->id] = g->s->escape_spaces ? unescape(g->t, a->text, &kept) : a->text;
    buffer_clear(&scratch[0]);
    buffer_clear(&scratch[1]);
    return ok && (kept || no_memory(g->err));
}

/* A token that is empty or no UTF-8 could not be found at a character's start: it
 * has only an id. */
static bool can_match(struct span text)
{
    return text.n > 0 && utf8_is_valid(text);
}

/* Collect into raw[] and normalized[]; both have room for all. */
static bool collect_added(struct building *g, struct added_token *raw, size_t *n_raw,
                          struct added_token *normalized, size_t *n_normalized)
{
    for (size_t i = 0; i < g->s->n_tokens; i++) {
        const struct vocab_token *v = &g->s->tokens[i];
        if (!is_added(v) || !can_match(g->t->text[i])) continue;
        struct added_token a = {.text = g->t->text[i],
                                .id = (int)i,
                                .match = v->match,
                                .special = v->kind != TOKEN_USER};
        text_map_put(&g->t->added_names, a.text, a.id);
        if (!(v->match & MATCH_NORMALIZED)) {
            raw[(*n_raw)++] = a;
            continue;
        }
        if (!normalize_name(g, &a)) return false;
        if (can_match(a.text)) normalized[(*n_normalized)++] = a;
    }
    return true;
}

static bool build_added(struct building *g)
{
    size_t most = 0, n_raw = 0, n_normalized = 0;
    for (size_t i = 0; i < g->s->n_tokens; i++) {
        most += is_added(&g->s->tokens[i]);
    }
    if (!text_map_init(&g->t->added_names, most, g->err)) return false;
    struct added_token *raw = mem_new(most + 1, sizeof(*raw), g->err);
    struct added_token *normalized = mem_new(most + 1, sizeof(*normalized), g->err);
    bool ok = raw != NULL && normalized != NULL &&
              collect_added(g, raw, &n_raw, normalized, &n_normalized) &&
              added_set_init(&g->t->added, raw, n_raw, g->err) &&
              added_set_init(&g->t->added_normalized, normalized, n_normalized, g->err);
    free(raw);
    free(normalized);
    return ok;
}

/* ---- the steps ---- */

static bool copy_normalizers(struct building *g)
{
    struct tokenizer *t = g->t;
    bool ok = true;
    for (int i = 0; i < g->s->n_normalizers; i++) {
        struct vocab_normalizer step = g->s->normalizers[i];
        step.from = keep(t, step.from, &ok);
        step.to = keep(t, step.to, &ok);
        t->normalizers[t->n_normalizers++] = step;
    }
    return ok || no_memory(g->err);
}

static bool compile_splits(struct building *g)
{
    struct tokenizer *t = g->t;
    for (int i = 0; i < g->s->n_splits; i++) {
        const struct vocab_split *split = &g->s->splits[i];
        struct regex *r = regex_new(split->pattern, g->err);
        if (r == NULL) return false;
        t->splits[t->n_splits++] = (struct split_step){r, split->behavior, split->invert};
    }
    return true;
}

/* ---- special ids ---- */

static bool check_id(struct building *g, int id, const char *what)
{
    if (id >= -1 && id < g->t->n_tokens) return true;
    return error_set(g->err, ERROR_BAD_FILE, NULL, "%s: %s is %d; there are %d tokens",
                     g->s->origin, what, id, g->t->n_tokens);
}

/* Make id a token that ends an answer. ERROR_INVALID_VALUE when it is no token, ERROR_TOO_LARGE
 * when there are too many. */
static bool add_eog(struct tokenizer *t, int id, struct error *err)
{
    if (id < 0 || id >= t->n_tokens) {
        return error_set(err, ERROR_INVALID_VALUE, NULL, "end token %d; there are %d tokens", id,
                         t->n_tokens);
    }
    if (tokenizer_is_eog(t, id)) return true;
    if (t->n_eog == VOCAB_MAX_EOG) {
        return error_set(err, ERROR_TOO_LARGE, NULL, "more than %d end tokens", VOCAB_MAX_EOG);
    }
    t->eog[t->n_eog++] = id;
    return true;
}

static bool copy_ids(struct building *g)
{
    struct tokenizer *t = g->t;
    const struct vocab_source *s = g->s;
    if (!check_id(g, s->bos, "the BOS token") || !check_id(g, s->eos, "the EOS token") ||
        !check_id(g, s->unk, "the unknown token") || !check_id(g, s->pad, "the padding token") ||
        !check_id(g, s->model_unk, "the model's unknown token")) {
        return false;
    }
    t->bos = s->bos;
    t->eos = s->eos;
    t->add_bos = s->add_bos && s->bos >= 0;
    t->add_eos = s->add_eos && s->eos >= 0;
    if (s->eos >= 0 && !add_eog(t, s->eos, g->err)) return false;
    for (int i = 0; i < s->n_eog; i++) {
        if (!add_eog(t, s->eog[i], g->err)) return false;
    }
    for (size_t i = 0; i < sizeof(eog_names) / sizeof(eog_names[0]); i++) {
        int id = text_map_get(&t->added_names, span_str(eog_names[i]));
        if (id >= 0 && !add_eog(t, id, g->err)) return false;
    }
    return true;
}

/* ---- life ---- */

void vocab_source_init(struct vocab_source *s)
{
    *s = (struct vocab_source){
        .origin = "", .model_unk = -1, .bos = -1, .eos = -1, .unk = -1, .pad = -1};
}

static bool build(struct building *g)
{
    struct tokenizer *t = g->t;
    t->prefix = g->s->prefix;
    t->escape_spaces = g->s->escape_spaces;
    t->strip_space = g->s->strip_space;
    bool ok = true;
    t->chat_template = keep(t, g->s->chat_template, &ok);
    if (!ok) return no_memory(g->err);
    ok = copy_tokens(g) && copy_normalizers(g) && build_added(g) && copy_ids(g) &&
         bpe_init(&t->bpe, g->s, t->text, g->err) && compile_splits(g);
    if (ok) least_init(&t->least, t);
    return ok;
}

struct tokenizer *tokenizer_new(const struct vocab_source *s, struct error *err)
{
    struct tokenizer *t = mem_new(1, sizeof(*t), err);
    if (t == NULL) return NULL;
    t->arena = arena_new(ARENA_BYTES);
    t->pool = mem_new(1, sizeof(*t->pool), NULL);
    struct building g = {t, s, err};
    if (t->pool != NULL) pthread_mutex_init(&t->pool->lock, NULL);
    bool ok = (t->arena != NULL && t->pool != NULL) || no_memory(err);
    if (ok && build(&g)) return t;
    tokenizer_free(t);
    return NULL;
}

static void pool_free(struct scratch_pool *pool, int n_splits)
{
    if (pool == NULL) return;
    for (struct scratch *s = pool->idle, *next; s != NULL; s = next) {
        next = s->next;
        scratch_free(s, n_splits);
    }
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

void tokenizer_free(struct tokenizer *t)
{
    if (t == NULL) return;
    pool_free(t->pool, t->n_splits);
    for (int i = 0; i < t->n_splits; i++) {
        regex_free(t->splits[i].regex);
    }
    bpe_clear(&t->bpe);
    added_set_clear(&t->added);
    added_set_clear(&t->added_normalized);
    text_map_clear(&t->added_names);
    free(t->text);
    free(t->piece);
    free(t->kind);
    arena_free(t->arena);
    free(t);
}

/* ---- questions ---- */

int tokenizer_n_vocab(const struct tokenizer *t)
{
    return t->n_tokens;
}

int tokenizer_bos(const struct tokenizer *t)
{
    return t->bos;
}

int tokenizer_eos(const struct tokenizer *t)
{
    return t->eos;
}

bool tokenizer_add_bos(const struct tokenizer *t)
{
    return t->add_bos;
}

bool tokenizer_is_eog(const struct tokenizer *t, int id)
{
    for (int i = 0; i < t->n_eog; i++) {
        if (t->eog[i] == id) return true;
    }
    return false;
}

bool tokenizer_is_special(const struct tokenizer *t, int id)
{
    return id >= 0 && id < t->n_tokens &&
           (t->kind[id] == TOKEN_CONTROL || t->kind[id] == TOKEN_UNKNOWN);
}

int tokenizer_find(const struct tokenizer *t, struct span name)
{
    int id = text_map_get(&t->added_names, name);
    if (id >= 0) return id;
    id = text_map_get(&t->bpe.words, name);
    return id < t->n_tokens ? id : -1;
}

struct span tokenizer_chat_template(const struct tokenizer *t)
{
    return t->chat_template;
}
