/* reward/judge/parcel.c - see parcel.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/parcel.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "base/json.h"
#include "reward/judge/score.h"
#include "reward/row/limits.h"
#include "reward/workers/pack.h"

enum { KEPT_BYTES = 4 << 20 }; /* of an entry or item; larger ones are parsed each time */

/* ---- orders ------------------------------------------------------------------------------------ */

static void pack_spoken(struct buffer *out, const struct spoken *s)
{
    pack_span(out, s->completion);
    pack_u32(out, s->has_reasoning);
    pack_span(out, s->reasoning);
    pack_span(out, s->content);
}

static struct spoken unpack_spoken(struct unpack *u)
{
    struct spoken s = {.completion = unpack_span(u)};
    s.has_reasoning = unpack_u32(u) != 0;
    s.reasoning = unpack_span(u);
    s.content = unpack_span(u);
    return s;
}

/* A span whose length is known once its text has been printed behind it. */
static void pack_json(struct buffer *out, const cJSON *json)
{
    size_t at = out->n;
    pack_u32(out, 0);
    json_print(json, out);
    assert(out->failed || out->n >= at + sizeof(uint32_t));
    uint32_t n = (uint32_t)(out->n - at - sizeof(n));
    if (!out->failed) memcpy(out->p + at, &n, sizeof(n));
}

void parcel_write(struct buffer *out, const struct spec *s, struct span item,
                  const struct spoken *spoken)
{
    if (s->json == NULL) {
        pack_span(out, span_of(NULL, 0));
    } else {
        pack_json(out, s->json);
    }
    pack_span(out, item);
    pack_spoken(out, spoken);
}

/* ---- answers ----------------------------------------------------------------------------------- */

static void pack_answer(struct buffer *out, enum score_status status, const struct reward_out *r)
{
    pack_u32(out, (uint32_t)status);
    pack_u32(out, (uint32_t)r->verdict);
    pack_f64(out, r->value);
    pack_span(out, span_str(r->cause));
    pack_span(out, buffer_span(r->details));
    pack_span(out, r->vote);
    pack_u32(out, (uint32_t)r->err->code);
    pack_str(out, r->err->param);
    pack_str(out, r->err->message);
}

bool parcel_read(struct span answer, const struct reward *r, struct parcel_answer *a)
{
    struct unpack u = {.rest = answer};
    uint32_t status = unpack_u32(&u), verdict = unpack_u32(&u);
    a->out = (struct reward_out){.value = unpack_f64(&u), .err = &a->error};
    a->out.cause = score_cause(r, unpack_span(&u));
    a->details = unpack_span(&u);
    a->out.vote = unpack_span(&u);
    if (a->out.vote.n == 0) a->out.vote.p = NULL;
    uint32_t code = unpack_u32(&u);
    const char *param = unpack_str(&u), *message = unpack_str(&u);
    if (!unpack_is_whole(&u) || status > SCORE_FAULT || status == SCORE_DEFER ||
        verdict > VERDICT_CANNOT || code >= ERROR_CODES || !isfinite(a->out.value)) {
        return false;
    }
    a->status = (enum score_status)status;
    a->out.verdict = (enum verdict)verdict;
    a->error = (struct error){.code = (enum error_code)code};
    snprintf(a->error.param, sizeof(a->error.param), "%s", param);
    snprintf(a->error.message, sizeof(a->error.message), "%s", message);
    return true;
}

/* ---- in the worker ------------------------------------------------------------------------------- */

/* A text and what was made of it, as long as the same text comes again. */
struct kept {
    struct buffer text;
    cJSON *json;
    bool whole; /* text is all of it: small enough to keep */
};

/* Of this process: a worker has one thread and serves one order at a time. */
static struct {
    struct kept entry, item;
    struct arena *specs_arena, *scratch;
    struct spec_list specs; /* of the entry, in a list of one */
    struct item parsed;     /* of the item */
    bool ready;
} bench;

static bool bench_open(void)
{
    if (bench.ready) return true;
    bench.specs_arena = arena_new(REWARD_SCRATCH_BYTES);
    bench.scratch = arena_new(REWARD_SCRATCH_BYTES);
    buffer_init(&bench.entry.text, KEPT_BYTES);
    buffer_init(&bench.item.text, KEPT_BYTES);
    bench.ready = bench.specs_arena != NULL && bench.scratch != NULL;
    return bench.ready;
}

/* Is it the text that k was made of? */
static bool is_kept(const struct kept *k, struct span text)
{
    return k->whole && span_eq(buffer_span(&k->text), text);
}

/* json is k's from now on. */
static void keep(struct kept *k, struct span text, cJSON *json)
{
    cJSON_Delete(k->json);
    k->json = json;
    buffer_clear(&k->text);
    buffer_add_span(&k->text, text);
    k->whole = json != NULL && !k->text.failed;
}

/* {"name": "accuracy"} in a list, or the entry in one. */
static cJSON *list_of(struct span entry, struct error *err)
{
    static const char hidden[] = "{\"name\":\"accuracy\"}";
    cJSON *list = cJSON_CreateArray();
    cJSON *one = json_parse(entry.p == NULL ? span_str(hidden) : entry, err);
    if (list != NULL && one != NULL && cJSON_AddItemToArray(list, one)) return list;
    cJSON_Delete(list);
    cJSON_Delete(one);
    return NULL;
}

static bool read_entry(struct span entry, struct error *err)
{
    if (is_kept(&bench.entry, entry)) return true;
    spec_list_clear(&bench.specs);
    arena_reset(bench.specs_arena);
    keep(&bench.entry, span_of(NULL, 0), NULL);
    cJSON *list = list_of(entry, err);
    if (list == NULL || !spec_list_parse(list, bench.specs_arena, &bench.specs, err)) {
        cJSON_Delete(list);
        return false;
    }
    keep(&bench.entry, entry, list);
    return true;
}

static bool read_item(struct span item, struct error *err)
{
    if (is_kept(&bench.item, item)) return true;
    keep(&bench.item, span_of(NULL, 0), NULL);
    cJSON *json = json_parse(item, err);
    if (json == NULL || !item_read(json, false, &bench.parsed, err)) {
        cJSON_Delete(json);
        return false;
    }
    keep(&bench.item, item, json);
    return true;
}

/* The server checked entry and item before: what does not parse here lacked memory. */
static enum score_status lacks_memory(struct reward_out *out)
{
    *out = (struct reward_out){.verdict = VERDICT_CANNOT,
                               .cause = SCORE_NO_MEMORY,
                               .details = out->details,
                               .err = out->err};
    *out->err = (struct error){0};
    return SCORE_CANNOT;
}

static enum score_status judge_order(struct unpack *u, const struct service_grant *g,
                                     struct reward_out *out)
{
    struct reward_call call;
    struct span entry = unpack_span(u), item = unpack_span(u);
    struct spoken spoken = unpack_spoken(u);
    arena_reset(bench.scratch);
    if (!unpack_is_whole(u) || !read_entry(entry, out->err) || !read_item(item, out->err) ||
        !item_call(&bench.parsed, &spoken, bench.scratch, &call, out->err)) {
        return lacks_memory(out);
    }
    assert(bench.specs.n >= 1 && !bench.specs.specs[0].hidden);
    call.in_worker = true;
    call.budget_ms = g->budget_ms;
    call.runs = g->runs;
    return score_part(&bench.specs.specs[0], &call, out);
}

bool parcel_serve(const struct service_grant *g, struct span order, struct buffer *answer)
{
    struct unpack u = {.rest = order};
    struct error err = {0};
    struct buffer details;
    if (!bench_open()) return false;
    buffer_init(&details, REWARD_MAX_DETAILS);
    struct reward_out out = {.details = &details, .err = &err};
    enum score_status status = judge_order(&u, g, &out);
    if (details.failed) buffer_clear(&details);
    pack_answer(answer, status, &out);
    buffer_clear(&details);
    return !answer->failed;
}
