/* server/rollouts/ask_prompt.c - one entry of a call's prompts.
 *
 * An entry holds three kinds of fields: what the model is given (text, messages and what goes with
 * them, ids), what the samples go on from (partial, fork), and all that a /verify item may have. The
 * last are the judge's, which refuses what it does not know.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "server/generate/completion.h"
#include "server/generate/conversation.h"
#include "server/generate/reasoning.h"
#include "server/generate/thoughts.h"
#include "server/http/state.h"
#include "server/rollouts/ask.h"
#include "server/rollouts/turn.h"

enum { MAX_FORKS = 4096, MOST_SAMPLES = 1 << 16 };

/* An entry's own fields. */
struct entry {
    struct span begun; /* of the thoughts, by the chat template; p NULL: nothing */
    const cJSON *text, *token_ids, *prefix_ids, *partial, *fork;
    int n;
    struct conversation talk;
};

struct fork {
    struct id_list ids;
    const cJSON *logprobs, *at;
    int k, token;
    struct sampling_params seed; /* seed and has_seed of it */
    float temperature;
    const float *given; /* [ids.n]: logprobs, read */
};

struct part {
    struct id_list ids;
    const cJSON *logprobs, *versions;
};

/* clang-format off */
#define AT(field) .offset = offsetof(struct fork, field)
static const struct field fork_rows[] = {
    {"token_ids", FIELD_READ, AT(ids), .read = field_read_ids, .required = true, .shape = "integer[]", .doc = "the sample's ids"},
    {"logprobs", FIELD_ARRAY, AT(logprobs), .shape = "number[]", .doc = "its log-probabilities, to be given back"},
    {"at", FIELD_VALUE, AT(at), .required = true, .shape = "integer|integer[]", .doc = "how many of its ids to keep; a list: for each"},
    {"k", FIELD_INT, AT(k), .min = 1, .max = MOST_SAMPLES, .fallback = "1", .doc = "samples from each place"},
    {"seed", FIELD_READ, AT(seed), .read = sampling_params_read_seed, .shape = "integer", .doc = "in place of the call's"},
    {"temperature", FIELD_FLOAT, AT(temperature), .min = 0, .max = 100, .doc = "in place of the call's"},
    {"token", FIELD_INT, AT(token), .min = 0, .max = INT_MAX, .doc = "an id to go on with"},
    {"adapter", .kind = FIELD_REFUSED, .doc = "refused: an adapter is the call's"},
    {"steering", .kind = FIELD_REFUSED, .doc = "there is no steering yet"},
    {0},
};
#undef AT
#define AT(field) .offset = offsetof(struct part, field)
static const struct field part_rows[] = {
    {"token_ids", FIELD_READ, AT(ids), .read = field_read_ids, .required = true, .shape = "integer[]", .doc = "ids so far"},
    {"logprobs", FIELD_ARRAY, AT(logprobs), .shape = "number[]", .doc = "theirs, to be given back"},
    {"weight_versions", FIELD_ARRAY, AT(versions), .shape = "object[]", .doc = "theirs, {\"version\", \"start\", \"end\"} over all ids, to be given back"},
    {0},
};
#undef AT
static const struct field *const fork_members[] = {fork_rows, NULL};
static const struct field *const part_members[] = {part_rows, NULL};
#define AT(field) .offset = offsetof(struct entry, field)
static const struct field rows[] = {
    {"text", FIELD_VALUE, AT(text), .shape = "string", .doc = "the prompt as text"},
    {"token_ids", FIELD_ARRAY, AT(token_ids), .shape = "integer[]", .doc = "the prompt as ids"},
    {"prefix_token_ids", FIELD_ARRAY, AT(prefix_ids),
     .shape = "integer[]", .doc = "ids of a conversation so far, behind which messages are put as the chat template has them"},
    {"n", FIELD_INT, AT(n), .min = 1, .max = INT_MAX, .doc = "samples of this prompt; absent: the call's"},
    {"partial", FIELD_ARRAY, AT(partial), .members = part_members, .doc = "samples begun earlier, to go on with: {\"token_ids\", \"logprobs\", "
     "\"weight_versions\"}"},
    {"fork", FIELD_OBJECT, AT(fork), .members = fork_members, .doc = "a sample to be begun again from some of its tokens"},
    {0},
};
static const struct field judged_row[] = {
    {"...", FIELD_OTHERS, .doc = "what judges it: the fields of a /verify item"},
    {0},
};
const struct field *const ask_prompt_members[] = {rows, conversation_rows, judged_row, NULL};
#undef AT
/* clang-format on */

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the prompts");
}

/* ---- the prompt's ids ------------------------------------------------------------------------- */

static bool copy_ids(const struct id_list *list, struct tokens *out, struct error *err)
{
    out->ids = mem_new((size_t)list->n + 1, sizeof(int), err);
    if (out->ids == NULL) return false;
    if (list->n > 0) memcpy(out->ids, list->ids, (size_t)list->n * sizeof(int));
    out->n = (size_t)list->n;
    out->room = (size_t)list->n + 1;
    return true;
}

static bool read_ids(const struct field_context *context, const cJSON *v, const char *name,
                     struct tokens *out, struct error *err)
{
    struct id_list list = {0};
    return (field_read_ids(context, v, &list, err) && copy_ids(&list, out, err)) ||
           error_in(err, "%s", name);
}

static bool add_text(const struct engine *e, struct buffer *text, bool special, struct tokens *out,
                     struct error *err)
{
    bool ok = !text->failed || no_memory(err);
    ok = ok && engine_tokenize(e, buffer_span(text), special, true, out, err);
    buffer_clear(text);
    return ok;
}

/* The thoughts that a rendered prompt has begun for the model: what it writes goes on from there. */
static struct span begun_thoughts(struct span turn, const struct engine_info *info, struct arena *a)
{
    struct span from = turn;
    if (reasoning_start(turn, info->think_open, info->think_close) == REASONING_CLOSED) {
        return span_of(NULL, 0);
    }
    size_t n = strlen(info->think_open);
    for (const char *at; (at = memmem(from.p, from.n, info->think_open, n)) != NULL;) {
        turn = span_slice(turn, (size_t)(at - turn.p), turn.n);
        from = span_slice(turn, n, turn.n);
    }
    return span_of(arena_str(a, turn), turn.n);
}

/* Messages by themselves, or behind given ids. */
static bool read_messages(struct exchange *x, struct entry *in, struct ask_prompt *p,
                          struct error *err)
{
    const struct engine *e = x->server->engine;
    int eos = engine_info(e)->eos_token;
    bool ended = p->ids.n > 0 && p->ids.ids[p->ids.n - 1] == eos;
    struct buffer text;
    buffer_init(&text, (size_t)x->server->o.max_body_bytes * 2);
    bool ok = in->prefix_ids != NULL ? turn_render(&in->talk, e, ended, x->arena, &text, err)
                                     : conversation_render(&in->talk, e, x->arena, &text, err);
    if (!ok) {
        buffer_clear(&text);
        return err->param[0] != '\0' ? false : error_in(err, "messages");
    }
    bool special = in->talk.add_special_tokens && in->prefix_ids == NULL;
    size_t from = in->prefix_ids == NULL ? in->talk.turn_from : 0;
    struct thoughts_of t = {.turn = span_slice(buffer_span(&text), from, text.n),
                            .answering = in->talk.continue_final && in->talk.last_content != NULL &&
                                         in->talk.last_content[0] != '\0'};
    in->begun = begun_thoughts(t.turn, engine_info(e), x->arena);
    p->thoughts = thoughts_gate(engine_info(e), engine_info(e)->think_close, &t);
    return add_text(e, &text, special, &p->ids, err) || error_in(err, "messages");
}

static bool read_text(struct exchange *x, const cJSON *v, struct ask_prompt *p, struct error *err)
{
    if (!cJSON_IsString(v)) return field_wrong_type(v, "a string", err) || error_in(err, "text");
    struct span text = json_text(v, x->arena);
    if (text.p == NULL) return no_memory(err);
    return engine_tokenize(x->server->engine, text, true, true, &p->ids, err) ||
           error_in(err, "text");
}

/* Exactly one way of saying it. */
static bool check_one_way(const struct entry *in, struct error *err)
{
    int ways = (in->text != NULL) + (in->token_ids != NULL) + (in->talk.messages != NULL);
    if (ways == 0 && in->prefix_ids != NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "messages",
                         "prefix_token_ids needs messages, which are put behind these ids");
    }
    if (ways == 0) {
        return error_set(err, ERROR_MISSING_FIELD, NULL,
                         "a prompt needs text, messages or token_ids");
    }
    if (ways > 1 || (in->prefix_ids != NULL && in->talk.messages == NULL)) {
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "a prompt is text, or messages, or token_ids, or prefix_token_ids with "
                         "messages");
    }
    return true;
}

static bool read_prompt(struct exchange *x, struct entry *in, struct ask_prompt *p,
                        const struct field_context *context, struct error *err)
{
    if (!check_one_way(in, err)) return false;
    if (in->text != NULL) return read_text(x, in->text, p, err);
    if (in->token_ids != NULL) return read_ids(context, in->token_ids, "token_ids", &p->ids, err);
    if (in->prefix_ids != NULL &&
        !read_ids(context, in->prefix_ids, "prefix_token_ids", &p->ids, err)) {
        return false;
    }
    return read_messages(x, in, p, err);
}

/* ---- what samples go on from ------------------------------------------------------------------ */

/* The caller's log-probabilities of the first n ids; null is NaN. */
static bool read_logprobs(const cJSON *list, int n, struct arena *a, const float **out,
                          struct error *err)
{
    int i = 0;
    const cJSON *v;
    if (list == NULL) return true;
    float *all = arena_alloc(a, (size_t)n + 1, sizeof(*all));
    if (all == NULL) return no_memory(err);
    cJSON_ArrayForEach(v, list)
    {
        if (i == n) break;
        if (!cJSON_IsNumber(v) && !cJSON_IsNull(v)) {
            field_wrong_type(v, "a number or null", err);
            return error_in(err, "logprobs[%d]", i);
        }
        all[i++] = cJSON_IsNumber(v) ? (float)v->valuedouble : NAN;
    }
    *out = all;
    return i == n || error_set(err, ERROR_INVALID_VALUE, "logprobs",
                               "there are %d log-probabilities and %d ids", i, n);
}

/* An entry of the caller's spans, behind `from` ids: {"version", "start", "end"}. */
static bool check_span(const cJSON *v, int64_t from, int64_t *end, struct error *err)
{
    int64_t start = 0;
    if (!cJSON_IsObject(v)) return field_wrong_type(v, "an object", err);
    if (!cJSON_IsString(json_get(v, "version"))) {
        return error_set(err, ERROR_INVALID_VALUE, "version", "a span has a version, a string");
    }
    if (!json_int64(json_get(v, "start"), &start) || start != from) {
        return error_set(err, ERROR_INVALID_VALUE, "start",
                         "spans follow each other from 0 on: this one starts at %lld",
                         (long long)from);
    }
    return (json_int64(json_get(v, "end"), end) && *end > start) ||
           error_set(err, ERROR_INVALID_VALUE, "end", "a span ends behind its start");
}

/* The caller's spans are of the n ids, all of them. */
static bool check_versions(const cJSON *list, int n, struct error *err)
{
    int64_t at = 0;
    int i = 0;
    const cJSON *v;
    cJSON_ArrayForEach(v, list)
    {
        if (!check_span(v, at, &at, err)) return error_in(err, "weight_versions[%d]", i);
        i++;
    }
    return list == NULL || at == n ||
           error_set(err, ERROR_INVALID_VALUE, "weight_versions",
                     "the spans end at %lld, and there are %d ids", (long long)at, n);
}

/* A strand for each partial, one more for the samples that begin anew. */
static bool read_partials(struct ask_prompt *p, const cJSON *list, int samples,
                          const struct field_context *context, struct error *err)
{
    int n = cJSON_GetArraySize(list), i = 0;
    const cJSON *one;
    if (n > samples) {
        return error_set(err, ERROR_INVALID_VALUE, "partial", "%d partials for %d samples", n,
                         samples);
    }
    p->strands = arena_alloc(context->arena, (size_t)n + 1, sizeof(*p->strands));
    if (p->strands == NULL) return no_memory(err);
    cJSON_ArrayForEach(one, list)
    {
        struct part part = {0};
        struct strand *s = &p->strands[i];
        struct field_table table = FIELD_TABLE(part_rows, &part);
        bool ok = cJSON_IsObject(one) || field_wrong_type(one, "an object", err);
        ok = ok && fields_read(one, &table, 1, context, err) &&
             read_logprobs(part.logprobs, part.ids.n, context->arena, &s->logprobs, err) &&
             check_versions(part.versions, part.ids.n, err);
        if (!ok) return error_in(err, "partial[%d]", i);
        s->ids = part.ids.ids;
        s->n = part.ids.n;
        s->versions = part.versions;
        s->samples = 1;
        s->first = i++;
        s->temperature = -1;
    }
    if (n < samples) {
        p->strands[n] = (struct strand){.samples = samples - n, .first = n, .temperature = -1};
    }
    p->n_strands = n + (n < samples);
    return true;
}

/* The ids up to one place of a fork, and the forced one. */
static bool read_place(struct ask_prompt *p, const struct fork *f, const cJSON *at,
                       const struct field_context *context, struct error *err)
{
    int64_t t = 0;
    struct strand *s = &p->strands[p->n_strands];
    if (!json_int64(at, &t) || t < 0 || t > f->ids.n) {
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "a place is a whole number from 0 to %d, the ids of the sample", f->ids.n);
    }
    int *ids = arena_alloc(context->arena, (size_t)t + 1, sizeof(*ids));
    if (ids == NULL) return no_memory(err);
    if (t > 0) memcpy(ids, f->ids.ids, (size_t)t * sizeof(*ids));
    *s = (struct strand){.ids = ids,
                         .n = (int)t,
                         .samples = f->k,
                         .first = p->n,
                         .at = (int)t,
                         .seed = (uint64_t)f->seed.seed,
                         .has_seed = f->seed.has_seed,
                         .temperature = f->temperature,
                         .logprobs = f->given};
    if (f->token >= 0) {
        ids[s->n++] = f->token;
        s->forced = true;
    }
    p->n_strands++;
    p->n += f->k;
    return true;
}

static bool read_places(struct ask_prompt *p, const struct fork *f,
                        const struct field_context *context, struct error *err)
{
    bool listed = cJSON_IsArray(f->at);
    int n = listed ? cJSON_GetArraySize(f->at) : 1, i = 0;
    if (n == 0) {
        return error_set(err, ERROR_INVALID_VALUE, "at",
                         "at is how many of the sample's ids to keep, or a list of such numbers; "
                         "this one is empty");
    }
    if (n > MAX_FORKS || (int64_t)n * f->k > MOST_SAMPLES) {
        return error_set(err, ERROR_TOO_LARGE, "at",
                         "%d places times %d samples; at most %d in all", n, f->k, MOST_SAMPLES);
    }
    p->strands = arena_alloc(context->arena, (size_t)n, sizeof(*p->strands));
    if (p->strands == NULL) return no_memory(err);
    p->n = 0;
    if (!listed) return read_place(p, f, f->at, context, err) || error_in(err, "at");
    const cJSON *at;
    cJSON_ArrayForEach(at, f->at)
    {
        if (!read_place(p, f, at, context, err)) return error_in(err, "at[%d]", i);
        i++;
    }
    return true;
}

static bool read_fork(struct ask_prompt *p, const cJSON *object,
                      const struct field_context *context, struct error *err)
{
    struct fork f = {.token = -1, .temperature = -1};
    struct field_table table = FIELD_TABLE(fork_rows, &f);
    p->forks = true;
    bool ok = fields_read(object, &table, 1, context, err);
    if (ok && f.token >= context->n_vocab) {
        ok = error_set(err, ERROR_INVALID_VALUE, "token", "%d is no id; there are %d", f.token,
                       context->n_vocab);
    }
    ok = ok && read_logprobs(f.logprobs, f.ids.n, context->arena, &f.given, err);
    return (ok && read_places(p, &f, context, err)) || error_in(err, "fork");
}

/* Does its last id end a sample, as it would if it were drawn? */
static bool is_ended(const struct ask *ask, const struct engine *e, const struct strand *s)
{
    const struct engine_sampling *how = &ask->params.engine;
    if (s->n == 0) return false;
    for (int i = 0; i < how->n_stop_ids; i++) {
        if (how->stop_ids[i] == s->ids[s->n - 1]) return true;
    }
    return !how->ignore_eos && engine_is_end(e, s->ids[s->n - 1]);
}

static enum strand_end end_of(const struct ask *ask, const struct engine *e, const struct strand *s)
{
    int most = ask->params.engine.max_tokens;
    if (is_ended(ask, e, s)) return STRAND_STOPPED;
    return most >= 0 && s->n > 0 && s->n >= most ? STRAND_FULL : STRAND_GOES_ON;
}

static bool read_strands(const struct ask *ask, struct ask_prompt *p, const struct entry *in,
                         const struct field_context *context, struct error *err)
{
    if (in->fork != NULL && in->partial != NULL) {
        return error_set(err, ERROR_INVALID_VALUE, "fork",
                         "a prompt has partial or fork, not both");
    }
    if (in->fork != NULL && json_get(p->own, "n") != NULL) {
        return error_set(err, ERROR_INVALID_VALUE, "n",
                         "n does not go with fork, whose k says how many samples each place has");
    }
    if (in->fork != NULL) return read_fork(p, in->fork, context, err);
    p->n = in->n;
    return read_partials(p, in->partial, ask_samples(ask, p), context, err);
}

static void mark_ended(const struct ask *ask, const struct engine *e, struct ask_prompt *p)
{
    for (int i = 0; i < p->n_strands; i++) {
        p->strands[i].end = end_of(ask, e, &p->strands[i]);
    }
}

/* The samples of a strand go to the engine together: more than may run and wait never would. */
static bool check_room(const struct ask_prompt *p, const struct engine_info *info,
                       struct error *err)
{
    int most = info->max_sequences + info->max_queue;
    for (int i = 0; i < p->n_strands; i++) {
        int n = p->strands[i].samples;
        if (n <= most) continue;
        error_set(err, ERROR_INVALID_VALUE, p->forks ? "k" : "n",
                  "%d samples from one place; at most %d can run and wait here", n, most);
        return p->forks ? error_in(err, "fork") : false;
    }
    return true;
}

/* Every strand that goes on leaves room for a token in the context. */
static bool check_lengths(const struct ask_prompt *p, int context, struct error *err)
{
    if (p->ids.n == 0) {
        return error_set(err, ERROR_INVALID_VALUE, NULL, "the prompt has no tokens");
    }
    for (int i = 0; i < p->n_strands; i++) {
        size_t n = p->ids.n + (size_t)p->strands[i].n;
        if (n + (p->strands[i].end == STRAND_GOES_ON) <= (size_t)context) continue;
        return error_set(
            err, ERROR_TOO_LONG, NULL,
            "This model's maximum context length is %d tokens. However, the prompt and "
            "what is given of a sample have %zu tokens (context_length_exceeded)",
            context, n);
    }
    return true;
}

/* ---- the judge's part ------------------------------------------------------------------------- */

/* The entry without the model's part, which tables read; tools are for both. */
static cJSON *judged_fields(const cJSON *entry, const struct field_table *tables, size_t n)
{
    cJSON *fields = cJSON_Duplicate(entry, true);
    for (size_t t = 0; fields != NULL && t < n; t++) {
        for (const struct field *f = tables[t].rows; f->name != NULL; f++) {
            if (strcmp(f->name, "tools") == 0) continue;
            cJSON_DeleteItemFromObjectCaseSensitive(fields, f->name);
        }
    }
    return fields;
}

/* Rewards that look at the prompt find it under "prompt", as text or messages. */
static bool add_prompt(cJSON *fields, const struct entry *in)
{
    const cJSON *prompt = in->text != NULL ? in->text : in->talk.messages;
    if (prompt == NULL || json_get(fields, "prompt") != NULL) return true;
    cJSON *copy = cJSON_Duplicate(prompt, true);
    cJSON_DeleteItemFromObjectCaseSensitive(fields, "prompt"); /* a null */
    if (copy != NULL && cJSON_AddItemToObject(fields, "prompt", copy)) return true;
    cJSON_Delete(copy);
    return false;
}

/* What the template has begun is a prefill of every completion. */
static bool add_prefill(cJSON *fields, struct span begun)
{
    if (begun.p == NULL || json_get(fields, "prefill") != NULL) return true;
    cJSON *text = json_string(begun);
    cJSON_DeleteItemFromObjectCaseSensitive(fields, "prefill"); /* a null */
    if (text != NULL && cJSON_AddItemToObject(fields, "prefill", text)) return true;
    cJSON_Delete(text);
    return false;
}

static bool read_item(struct judge *judge, struct ask_prompt *p, const cJSON *entry,
                      const struct entry *in, const struct field_table *tables, size_t n,
                      struct error *err)
{
    p->fields = judged_fields(entry, tables, n);
    if (p->fields == NULL || !add_prompt(p->fields, in) || !add_prefill(p->fields, in->begun)) {
        return no_memory(err);
    }
    p->item = judge_item_new(judge, p->fields, err);
    return p->item != NULL;
}

/* ---- all of it -------------------------------------------------------------------------------- */

/* What of entry is not the judge's, to be read by tables. NULL: no memory. */
static cJSON *own_fields(const cJSON *entry, const struct field_table *tables, size_t n)
{
    cJSON *own = cJSON_CreateObject();
    for (size_t t = 0; own != NULL && t < n; t++) {
        for (const struct field *f = tables[t].rows; f->name != NULL; f++) {
            const cJSON *v = cJSON_GetObjectItemCaseSensitive(entry, f->name);
            cJSON *copy = v != NULL ? cJSON_Duplicate(v, true) : NULL;
            if (v == NULL || (copy != NULL && cJSON_AddItemToObject(own, f->name, copy))) continue;
            cJSON_Delete(copy);
            cJSON_Delete(own);
            return NULL;
        }
    }
    return own;
}

static bool check_n(const struct exchange *x, int n, struct error *err)
{
    if (n <= x->server->o.max_choices) return true;
    return error_set(err, ERROR_INVALID_VALUE, "n", "n is %d; this server allows %d", n,
                     x->server->o.max_choices);
}

bool ask_prompt_read(struct ask *ask, struct exchange *x, size_t i, const cJSON *entry,
                     struct error *err)
{
    const struct engine_info *info = engine_info(x->server->engine);
    struct ask_prompt *p = &ask->prompts[i];
    struct entry in = {.n = ask->n, .talk.add_generation_prompt = true};
    struct field_table tables[] = {FIELD_TABLE(rows, &in), conversation_table(&in.talk)};
    struct field_context context = {.arena = x->arena, .n_vocab = info->n_vocab};
    if (!cJSON_IsObject(entry)) return field_wrong_type(entry, "an object", err);
    p->own = own_fields(entry, tables, 2);
    p->id = json_get(entry, "id");
    if (p->own == NULL) return no_memory(err);
    bool ok = fields_read(p->own, tables, 2, &context, err);
    p->talk = in.talk;
    ok = ok && check_n(x, in.n, err) && read_prompt(x, &in, p, &context, err) &&
         read_strands(ask, p, &in, &context, err);
    if (ok) mark_ended(ask, x->server->engine, p);
    return ok && check_room(p, info, err) && check_lengths(p, info->context, err) &&
           read_item(x->server->judge, p, entry, &in, tables, 2, err);
}

void ask_prompt_clear(struct ask_prompt *p)
{
    judge_item_free(p->item);
    cJSON_Delete(p->fields);
    cJSON_Delete(p->own);
    tokens_clear(&p->ids);
}
