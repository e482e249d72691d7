/* reward/rules/repetition.c - repeated n-grams cost.
 *
 *   (1 - distinct / all n-grams) * max_penalty; fewer than n units: 0
 *   openr1: the units are the words of the lower-cased text; trl: token ids
 *
 * Words become numbers in an open-addressing table; n-grams are then counted in another, found by a
 * hash that rolls along and compared number by number, so the count is exact.
 *
 * Loophole, kept: a text without white space is one word, never repeated.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include <assert.h>
#include <math.h>

#include "base/hash.h"
#include "base/json.h"
#include "reward/rules/text.h"
#include "reward/rules/unicode.h"

enum { IMPL_OPENR1, IMPL_TRL };
enum { OPT_IMPL, OPT_NGRAM, OPT_PENALTY };
enum { MAX_NGRAM = 64 };

/* The units of a text as numbers: equal numbers, equal units. */
struct units {
    uint64_t *v;
    size_t n;
};

static size_t table_size(size_t n)
{
    size_t size = 16;
    while (size < 2 * n) {
        size *= 2;
    }
    return size;
}

/* ---- words -------------------------------------------------------------------------------------------- */

static size_t count_words(struct span text)
{
    size_t words = 0;
    bool inside = false;
    for (size_t at = 0, n; at < text.n; at += n) {
        bool space = unicode_is_space(unicode_next(span_slice(text, at, text.n), &n));
        words += !space && !inside;
        inside = !space;
    }
    return words;
}

/* The next word at or after *at, which moves past it. */
static struct span next_word(struct span text, size_t *at)
{
    size_t n, start;
    while (*at < text.n && unicode_is_space(unicode_next(span_slice(text, *at, text.n), &n))) {
        *at += n;
    }
    start = *at;
    while (*at < text.n && !unicode_is_space(unicode_next(span_slice(text, *at, text.n), &n))) {
        *at += n;
    }
    return span_slice(text, start, *at);
}

static uint64_t fold(uint64_t h)
{
    return h ^ h >> 29;
}

static bool number_words(struct span text, struct arena *a, struct units *out)
{
    out->n = count_words(text);
    size_t room = table_size(out->n), next = 0;
    struct span *words = arena_alloc(a, room, sizeof(*words));
    uint32_t *numbers = arena_alloc(a, room, sizeof(*numbers));
    out->v = arena_alloc(a, out->n + 1, sizeof(*out->v));
    if (words == NULL || numbers == NULL || out->v == NULL) return false;
    for (size_t i = 0, at = 0; i < out->n; i++) {
        struct span word = next_word(text, &at);
        size_t slot = (size_t)fold(hash_bytes(word)) & (room - 1);
        while (words[slot].p != NULL && !span_eq(words[slot], word)) {
            slot = (slot + 1) & (room - 1);
        }
        assert(word.n > 0); /* as many as were counted */
        if (words[slot].p == NULL) {
            words[slot] = word;
            numbers[slot] = (uint32_t)next++;
        }
        out->v[i] = numbers[slot];
    }
    return true;
}

/* ---- token ids -------------------------------------------------------------------------------------------- */

/* The sampler's own, which need no check. */
static bool take_ids(const struct reward_call *call, struct units *out, struct error *err)
{
    size_t n = call->n_token_ids;
    out->v = arena_alloc(call->arena, n + 1, sizeof(*out->v));
    if (out->v == NULL) return error_set(err, ERROR_TOO_LARGE, "ids", "%zu ids are too many", n);
    for (out->n = 0; out->n < n; out->n++) {
        out->v[out->n] = (uint64_t)call->token_ids[out->n];
    }
    return true;
}

static bool read_ids(const struct reward_call *call, struct units *out, struct error *err)
{
    const cJSON *ids = json_get(call->item, "ids"), *id;
    if (call->token_ids != NULL) return take_ids(call, out, err);
    if (!cJSON_IsArray(ids)) {
        return error_set(err, ids == NULL ? ERROR_MISSING_FIELD : ERROR_INVALID_TYPE, "ids",
                         "ids must be the list of the completion's token ids");
    }
    size_t n = (size_t)cJSON_GetArraySize(ids);
    out->v = arena_alloc(call->arena, n + 1, sizeof(*out->v));
    if (out->v == NULL) return error_set(err, ERROR_TOO_LARGE, "ids", "%zu ids are too many", n);
    cJSON_ArrayForEach(id, ids)
    {
        int64_t d;
        if (!json_int64(id, &d) || d < 0) {
            error_set(err, ERROR_INVALID_TYPE, NULL, "a token id must be a whole number");
            return error_in(err, "ids[%zu]", out->n);
        }
        out->v[out->n++] = (uint64_t)d;
    }
    return true;
}

/* ---- n-grams ------------------------------------------------------------------------------------------------ */

static const uint64_t BASE = HASH_STEP;

/* How many different n-grams there are; SIZE_MAX when a is full. */
static size_t count_distinct(const struct units *u, size_t size, struct arena *a)
{
    assert(size >= 1 && u->n >= size);
    size_t all = u->n - size + 1, room = table_size(all), distinct = 0;
    uint32_t *slots = arena_alloc(a, room, sizeof(*slots)); /* 1 + where the n-gram starts */
    if (slots == NULL || all > UINT32_MAX - 1) return SIZE_MAX;
    uint64_t hash = 0, drop = 1; /* drop: BASE to the power of size */
    for (size_t i = 0; i < size; i++) {
        drop *= BASE;
    }
    for (size_t i = 0; i < u->n; i++) {
        hash = hash * BASE + hash_mix(u->v[i] + 1);
        if (i >= size) hash -= drop * hash_mix(u->v[i - size] + 1);
        if (i + 1 < size) continue;
        size_t start = i + 1 - size, slot = (size_t)hash_mix(hash) & (room - 1);
        while (slots[slot] != 0 &&
               memcmp(u->v + slots[slot] - 1, u->v + start, size * sizeof(*u->v)) != 0) {
            slot = (slot + 1) & (room - 1);
        }
        if (slots[slot] != 0) continue;
        slots[slot] = (uint32_t)(start + 1);
        distinct++;
    }
    return distinct;
}

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    struct units u = {0};
    size_t size = (size_t)call->options[OPT_NGRAM].i;
    if (call->options[OPT_IMPL].choice == IMPL_TRL) {
        if (!read_ids(call, &u, out->err)) return SCORE_FAULT;
    } else {
        struct span lower = unicode_lower(call->completion, call->arena);
        if (lower.p == NULL || !number_words(lower, call->arena, &u)) return text_too_large(out);
    }
    out->value = 0;
    if (u.n < size) return SCORE_DONE;
    size_t all = u.n - size + 1, distinct = count_distinct(&u, size, call->arena);
    if (distinct == SIZE_MAX) return text_too_large(out);
    assert(distinct >= 1 && distinct <= all);
    detail_number(out, "ngrams", (double)all);
    detail_number(out, "distinct", (double)distinct);
    out->value = (1 - (double)distinct / (double)all) * call->options[OPT_PENALTY].real;
    return SCORE_DONE;
}

static const char *const impls[] = {"openr1", "trl", NULL};
static const char *const causes[] = {"too_large", NULL};

static const struct field options[] = {
    {.name = "impl",
     .kind = FIELD_CHOICE,
     .fallback = "\"openr1\"",
     .choices = impls,
     .doc = "openr1: words of the lower-cased text; trl: token ids"},
    {.name = "ngram_size",
     .kind = FIELD_INT64,
     .fallback = "3",
     .min = 1,
     .max = MAX_NGRAM,
     .doc = "units in an n-gram"},
    {.name = "max_penalty",
     .kind = FIELD_DOUBLE,
     .fallback = "-1.0",
     .min = -1e9,
     .max = 0,
     .doc = "the reward of nothing but repetition"},
    {0},
};

static const struct field fields[] = {
    {"ids", FIELD_VALUE, .doc = "token ids of the completion (trl)"},
    {0},
};

const struct reward repetition_reward = {
    .name = "repetition",
    .doc = "the share of repeated n-grams, as a punishment",
    .source = "arXiv 2502.03373, C.2; huggingface/open-r1:src/open_r1/rewards.py; "
              "huggingface/trl:trl/rewards",
    .options = options,
    .fields = fields,
    .causes = causes,
    .score = score,
};
