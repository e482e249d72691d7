/* reward/judge/item.c - see item.h.
 *
 * Field names are looked up in a small hash table, made once from the base fields and the registry,
 * so that checking an item costs a few nanoseconds a key.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/item.h"

#include <assert.h>
#include <math.h>

#include "base/emit.h"
#include "base/hash.h"
#include "base/json.h"
#include "reward/judge/registry.h"
#include "reward/row/limits.h"

/* What they may be is read when the call is made (item_call), not when the names are looked up. */
static const struct field base_fields[ITEM_FIELDS] = {
    [ITEM_ID] = {"id", FIELD_VALUE, .doc = "a string or a number, sent back as it came"},
    [ITEM_PROMPT] = {"prompt", FIELD_VALUE, .doc = "a text, or messages"},
    [ITEM_COMPLETION] = {"completion", FIELD_VALUE,
                         .doc = "a text, an assistant message, which may have its reasoning, or a "
                                "list of messages: the last is judged"},
    [ITEM_ANSWER] = {"answer", FIELD_VALUE,
                     .doc = "the reference: a string, a number, or a list of those that are right"},
    [ITEM_GROUP] = {"group", FIELD_VALUE, .doc = "its prompt's name: a string or a number"},
    [ITEM_REWARDS] = {"rewards", FIELD_VALUE, .doc = "a list of its own"},
    [ITEM_PREFILL] = {"prefill", FIELD_TEXT,
                      .doc = "what the prompt had already written of the completion"},
    [ITEM_METADATA] =
        {"metadata", FIELD_VALUE,
         .doc = "read by reasoning_gym and code (LiveCodeBench's); else the caller's own"},
    [ITEM_ON_CANNOT_JUDGE] = {"on_cannot_judge", FIELD_DOUBLE, .min = -ITEM_MOST_UNJUDGED,
                              .max = ITEM_MOST_UNJUDGED, .doc = "as in the request"},
};

/* ---- known names ---------------------------------------------------------------------------------- */

enum { SLOTS = 256, MAX_FIELDS = 96 };

static struct {
    const char *name[SLOTS]; /* NULL: free */
    uint8_t index[SLOTS];    /* into the order of adding; base fields first */
    int n;
} known;

static pthread_once_t known_once = PTHREAD_ONCE_INIT;

static size_t slot_of(const char *name)
{
    size_t slot = hash_bytes(span_str(name)) % SLOTS;
    while (known.name[slot] != NULL && strcmp(known.name[slot], name) != 0) {
        slot = (slot + 1) % SLOTS;
    }
    return slot;
}

static void add_known(const char *name)
{
    size_t slot = slot_of(name);
    if (known.name[slot] != NULL) return;
    assert(known.n < MAX_FIELDS); /* more rewards need more room here */
    known.name[slot] = name;
    known.index[slot] = (uint8_t)known.n++;
}

static void fill_known(void)
{
    for (int i = 0; i < ITEM_FIELDS; i++) {
        add_known(base_fields[i].name);
    }
    const struct reward *r;
    for (int i = 0; (r = reward_at(i)) != NULL; i++) {
        for (int f = 0; r->fields != NULL && r->fields[f].name != NULL; f++) {
            add_known(r->fields[f].name);
        }
    }
}

/* Look up every key of json. */
static bool look_up(const cJSON *json, struct item *out, struct error *err)
{
    const cJSON *field;
    cJSON_ArrayForEach(field, json)
    {
        size_t slot = slot_of(field->string);
        if (known.name[slot] == NULL) {
            return error_set(err, ERROR_UNKNOWN_FIELD, field->string, "unknown field \"%.100s\"",
                             field->string);
        }
        int index = known.index[slot];
        assert(index < known.n);
        if (index < ITEM_FIELDS && !cJSON_IsNull(field)) out->fields[index] = field;
    }
    return true;
}

/* ---- texts and messages ------------------------------------------------------------------------- */

/* OpenAI's content: a string, null, or a list of {"type": "text", "text"} parts. */
static bool content_text(const cJSON *content, struct arena *a, struct span *out, struct error *err)
{
    *out = span_of(NULL, 0);
    if (content == NULL || cJSON_IsNull(content)) return true;
    if (cJSON_IsString(content)) {
        *out = json_text(content, a);
        return true;
    }
    if (!cJSON_IsArray(content)) {
        return error_set(err, ERROR_INVALID_TYPE, "content",
                         "content must be a string or a list of text parts, not %s",
                         json_type_name(content));
    }
    size_t total = 0;
    const cJSON *part;
    cJSON_ArrayForEach(part, content)
    {
        const cJSON *text = json_get(part, "text");
        if (!cJSON_IsObject(part) || !cJSON_IsString(text)) {
            return error_set(err, ERROR_INVALID_TYPE, "content",
                             "a part of content must be an object with a string \"text\"");
        }
        total += json_text(text, a).n;
    }
    char *all = arena_alloc(a, total + 1, 1);
    if (all == NULL) return error_set(err, ERROR_TOO_LARGE, "content", "content is too large");
    *out = span_of(all, 0);
    cJSON_ArrayForEach(part, content)
    {
        struct span text = json_text(json_get(part, "text"), a);
        if (text.n > 0 && out->n + text.n <= total) {
            memcpy(all + out->n, text.p, text.n);
            out->n += text.n;
        }
    }
    return true;
}

/* <think> reasoning </think> content: what the model wrote before the server split it. */
static struct span join_message(struct span reasoning, struct span content, struct arena *a)
{
    static const char open[] = "<think>", close[] = "</think>";
    size_t n = strlen(open) + reasoning.n + strlen(close) + content.n;
    char *all = arena_alloc(a, n, 1), *p = all;
    if (all == NULL) return span_of(NULL, 0);
    p = mempcpy(p, open, strlen(open));
    if (reasoning.n > 0) p = mempcpy(p, reasoning.p, reasoning.n);
    p = mempcpy(p, close, strlen(close));
    assert(p + content.n == all + n);
    if (content.n > 0) memcpy(p, content.p, content.n);
    return span_of(all, n);
}

static bool message_completion(const cJSON *message, struct arena *a, struct reward_call *call,
                               struct error *err)
{
    if (!content_text(json_get(message, "content"), a, &call->content, err)) return false;
    const cJSON *reasoning = json_get(message, "reasoning_content");
    if (reasoning == NULL) reasoning = json_get(message, "reasoning");
    call->completion = call->content;
    if (reasoning == NULL) return true;
    if (!cJSON_IsString(reasoning)) {
        return error_set(err, ERROR_INVALID_TYPE, "reasoning_content",
                         "reasoning_content must be a string, not %s", json_type_name(reasoning));
    }
    call->has_reasoning = true;
    call->reasoning = json_text(reasoning, a);
    call->completion = join_message(call->reasoning, call->content, a);
    return call->completion.p != NULL ||
           error_set(err, ERROR_TOO_LARGE, NULL, "the message is too large");
}

/* A message's role, if it says one: whether it is the assistant's. False: err. */
static bool read_role(const cJSON *message, bool *assistant, struct error *err)
{
    static const char *const roles[] = {"assistant", "tool",   "function",
                                        "user",      "system", "developer"};
    const cJSON *role = json_get(message, "role");
    *assistant = role == NULL;
    for (size_t k = 0; role != NULL && k < sizeof(roles) / sizeof(roles[0]); k++) {
        if (!cJSON_IsString(role) || strcmp(role->valuestring, roles[k]) != 0) continue;
        *assistant = k == 0;
        return true;
    }
    return role == NULL || error_set(err, ERROR_INVALID_VALUE, "role",
                                     "a role is assistant, tool, user, system or developer");
}

/* What a message says is judged, if the assistant's: one that ends with a tool's result, or the
 * user's turn, has come to no answer. False: err. */
static bool judged_message(const cJSON *message, struct arena *a, struct reward_call *call,
                           struct error *err)
{
    bool assistant;
    call->completion = call->content = span_str("");
    return read_role(message, &assistant, err) &&
           (!assistant || message_completion(message, a, call, err));
}

/* Of the messages of a whole episode the last is judged. False: err. */
static bool last_message(const cJSON *list, struct arena *a, struct reward_call *call,
                         struct error *err)
{
    const cJSON *m;
    bool assistant;
    int i = 0;
    cJSON_ArrayForEach(m, list)
    {
        if (json_get(m, "role") == NULL || i >= REWARD_MAX_MESSAGES) {
            error_set(
                err, ERROR_INVALID_VALUE, NULL,
                "must be one of at most %d messages with a role: assistant, tool, user, system",
                REWARD_MAX_MESSAGES);
            return error_in(err, "[%d]", i);
        }
        if (!read_role(m, &assistant, err)) return error_in(err, "[%d]", i);
        i++;
    }
    return judged_message(list->child->prev, a, call, err) || error_in(err, "[%d]", i - 1);
}

/* A string, an assistant message, or a list of them (as TRL's conversational completions are). */
static bool read_completion(const cJSON *v, struct arena *a, struct reward_call *call,
                            struct error *err)
{
    if (v == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "completion", "completion is missing");
    }
    if (cJSON_IsArray(v) && cJSON_GetArraySize(v) == 1) v = v->child;
    if (cJSON_IsArray(v) && v->child != NULL) {
        return last_message(v, a, call, err) || error_in(err, "completion");
    }
    if (cJSON_IsString(v)) {
        call->completion = call->content = json_text(v, a);
        return call->completion.p != NULL ||
               error_set(err, ERROR_TOO_LARGE, "completion", "completion is too large");
    }
    if (!cJSON_IsObject(v)) {
        return error_set(err, ERROR_INVALID_TYPE, "completion",
                         "completion must be a string or one assistant message, not %s",
                         json_type_name(v));
    }
    return judged_message(v, a, call, err) || error_in(err, "completion");
}

/* The contents of all messages, a line break between them. */
static bool join_prompt(const cJSON *messages, struct arena *a, struct span *out, struct error *err)
{
    int n = cJSON_GetArraySize(messages), i = 0;
    if (n > REWARD_MAX_MESSAGES) {
        return error_set(err, ERROR_INVALID_VALUE, NULL, "%d messages; at most %d", n,
                         REWARD_MAX_MESSAGES);
    }
    struct span *texts = arena_alloc(a, (size_t)n + 1, sizeof(*texts));
    if (texts == NULL) return error_set(err, ERROR_TOO_LARGE, NULL, "the prompt is too large");
    size_t total = 1;
    const cJSON *message;
    cJSON_ArrayForEach(message, messages)
    {
        if (!cJSON_IsObject(message)) {
            error_set(err, ERROR_INVALID_TYPE, NULL, "a message must be an object, not %s",
                      json_type_name(message));
            return error_in(err, "[%d]", i);
        }
        if (!content_text(json_get(message, "content"), a, &texts[i], err)) {
            return error_in(err, "[%d]", i);
        }
        total += texts[i++].n + 1;
    }
    char *all = arena_alloc(a, total, 1), *p = all;
    if (all == NULL) return error_set(err, ERROR_TOO_LARGE, NULL, "the prompt is too large");
    for (int m = 0; m < i; m++) {
        if (m > 0) *p++ = '\n';
        if (texts[m].n > 0) p = mempcpy(p, texts[m].p, texts[m].n);
    }
    assert((size_t)(p - all) < total);
    *out = span_of(all, (size_t)(p - all));
    return true;
}

static bool read_prompt(const cJSON *v, struct arena *a, struct span *out, struct error *err)
{
    if (v == NULL) return true;
    if (cJSON_IsString(v)) {
        *out = json_text(v, a);
        return true;
    }
    if (cJSON_IsArray(v)) return join_prompt(v, a, out, err) || error_in(err, "prompt");
    return error_set(err, ERROR_INVALID_TYPE, "prompt",
                     "prompt must be a string or a list of messages, not %s", json_type_name(v));
}

static bool is_answer(const cJSON *v)
{
    return cJSON_IsString(v) || cJSON_IsNumber(v);
}

bool item_check_answer(const cJSON *v, const char *name, struct error *err)
{
    if (v == NULL || is_answer(v)) return true;
    const char *const wanted = "%s must be a string, a number or a list of them, not %s";
    if (!cJSON_IsArray(v)) {
        error_set(err, ERROR_INVALID_TYPE, NULL, wanted, name, json_type_name(v));
        return error_in(err, "%s", name);
    }
    int i = 0;
    const cJSON *one;
    cJSON_ArrayForEach(one, v)
    {
        if (!is_answer(one)) {
            error_set(err, ERROR_INVALID_TYPE, NULL, wanted, name, json_type_name(one));
            return error_in(err, "%s[%d]", name, i);
        }
        i++;
    }
    return true;
}

static bool check_types(const struct item *item, struct error *err)
{
    const cJSON *prefill = item->fields[ITEM_PREFILL], *id = item->fields[ITEM_ID];
    if (id != NULL && !cJSON_IsString(id) && !cJSON_IsNumber(id)) {
        return error_set(err, ERROR_INVALID_TYPE, "id", "id must be a string or a number, not %s",
                         json_type_name(id));
    }
    if (prefill != NULL && !cJSON_IsString(prefill)) {
        return error_set(err, ERROR_INVALID_TYPE, "prefill", "prefill must be a string, not %s",
                         json_type_name(prefill));
    }
    return true;
}

/* What is an item's own where completions are sampled for it. */
static bool check_sampled(const struct item *item, struct error *err)
{
    if (item->fields[ITEM_COMPLETION] != NULL) {
        return error_set(err, ERROR_INVALID_VALUE, "completion",
                         "the completion is the sample's, not the item's");
    }
    return item->fields[ITEM_GROUP] == NULL ||
           error_set(err, ERROR_INVALID_VALUE, "group",
                     "the samples of an item are a group of their own");
}

bool item_read(const cJSON *json, bool whole, struct item *out, struct error *err)
{
    pthread_once(&known_once, fill_known);
    *out = (struct item){.json = json};
    if (!cJSON_IsObject(json)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "an item must be an object, not %s",
                         json_type_name(json));
    }
    if (!look_up(json, out, err) || !check_types(out, err)) return false;
    return whole || check_sampled(out, err);
}

struct unjudged unjudged_of(double value)
{
    return (struct unjudged){.counts = !isnan(value), .value = isnan(value) ? 0 : value};
}

bool item_unjudged(const struct item *item, struct unjudged *out, struct error *err)
{
    const struct field_context context = {0};
    const cJSON *v = item->fields[ITEM_ON_CANNOT_JUDGE];
    double value = 0;
    if (v == NULL) return true;
    if (!field_read(&base_fields[ITEM_ON_CANNOT_JUDGE], v, &value, &context, err)) return false;
    *out = unjudged_of(value);
    return true;
}

bool item_call(const struct item *item, const struct spoken *spoken, struct arena *a,
               struct reward_call *call, struct error *err)
{
    *call = (struct reward_call){.item = item->json,
                                 .arena = a,
                                 .answer = item->fields[ITEM_ANSWER],
                                 .correct = CORRECT_UNKNOWN};
    call->prefill = json_text(item->fields[ITEM_PREFILL], a);
    if (spoken == NULL) {
        if (!read_completion(item->fields[ITEM_COMPLETION], a, call, err)) return false;
    } else {
        call->completion = spoken->completion;
        call->has_reasoning = spoken->has_reasoning;
        call->reasoning = spoken->reasoning;
        call->content = spoken->has_reasoning ? spoken->content : spoken->completion;
    }
    return item_check_answer(call->answer, "answer", err) &&
           read_prompt(item->fields[ITEM_PROMPT], a, &call->prompt, err);
}

/* Fields that no reward reads in a worker: the completion travels beside the item. (LiveCodeBench's
 * metadata say which function its tests call.) */
static bool stays_here(const struct item *item, const cJSON *field)
{
    static const enum item_field own[] = {ITEM_ID, ITEM_COMPLETION, ITEM_GROUP, ITEM_REWARDS,
                                          ITEM_ON_CANNOT_JUDGE};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (field == item->fields[own[i]]) return true;
    }
    return false;
}

void item_print(const struct item *item, struct buffer *out)
{
    const cJSON *field;
    emit_object(out, NULL);
    cJSON_ArrayForEach(field, item->json)
    {
        if (cJSON_IsNull(field) || stays_here(item, field)) continue;
        emit_name(out, span_str(field->string));
        emit_value(out, NULL, field);
    }
    emit_close(out, '}');
}

void item_text_init(struct item_text *t, size_t limit_bytes)
{
    pthread_mutex_init(&t->lock, NULL);
    buffer_init(&t->text, limit_bytes);
    t->made = false;
}

void item_text_clear(struct item_text *t)
{
    buffer_clear(&t->text);
    pthread_mutex_destroy(&t->lock);
}

struct span item_text_get(struct item_text *t, const struct item *item)
{
    pthread_mutex_lock(&t->lock);
    if (!t->made) item_print(item, &t->text);
    t->made = true;
    struct span text = t->text.failed ? span_of(NULL, 0) : buffer_span(&t->text);
    pthread_mutex_unlock(&t->lock);
    return text;
}
