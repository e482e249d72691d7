/* reward/dialects/dialect.c - other trainers' reward servers, spoken from one table.
 *
 * Each dialect is a body turned into a native request, and the outcome turned into the reply its
 * client expects. The rewards are the judge's defaults, which the operator sets.
 *
 *   OpenRLHF   openrlhf/utils/agent.py, openrlhf/cli/serve_rm.py
 *   slime      slime/rollout/rm_hub
 *   NeMo-Gym   nemo_gym/base_resources_server.py, resources_servers/math_with_judge, code_gen and
 *              instruction_following
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/dialects/dialect.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/emit.h"
#include "base/fields.h"
#include "base/json.h"
#include "reward/code/languages.h"
#include "reward/judge/job.h"
#include "reward/row/limits.h"
#include "reward/rules/text.h"

/* ---- shared ------------------------------------------------------------------------------------------- */

static cJSON *no_memory(cJSON *request, struct error *err)
{
    cJSON_Delete(request);
    error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the request");
    return NULL;
}

/* A new member of object, which takes v; NULL adds nothing. False: no memory. */
static bool put(cJSON *object, const char *name, cJSON *v)
{
    return json_put(object, name, v);
}

/* body by rows, whose offsets count from out. */
static bool read_body(const cJSON *body, const struct field *rows, void *out, struct arena *a,
                      struct error *err)
{
    struct field_table table = FIELD_TABLE(rows, out);
    struct field_context context = {.arena = a};
    return fields_read(body, &table, 1, &context, err);
}

/* A new member of object that is a copy of v; absent v adds nothing. */
static bool add_copy(cJSON *object, const char *name, const cJSON *v)
{
    return v == NULL || put(object, name, cJSON_Duplicate(v, true));
}

/* {"items": []} and its list. */
static cJSON *new_request(cJSON **items)
{
    cJSON *request = cJSON_CreateObject();
    *items = request == NULL ? NULL : cJSON_AddArrayToObject(request, "items");
    return request;
}

/* A new member of object that is a text; p NULL adds nothing. */
static bool add_text(cJSON *object, const char *name, struct span text)
{
    return text.p == NULL || put(object, name, json_string(text));
}

/* A new object in items, with a completion. NULL: no memory. */
static cJSON *add_item(cJSON *items, struct span completion)
{
    cJSON *item = cJSON_CreateObject();
    if (item == NULL || !cJSON_AddItemToArray(items, item)) {
        cJSON_Delete(item);
        return NULL;
    }
    return add_text(item, "completion", completion) ? item : NULL;
}

/* A reward as these clients read it: a number; what has none is 0, for none of them knows null. */
static double plain_reward(const struct job_item *it)
{
    return it->scored.has_reward && it->scored.error == NULL ? it->scored.reward : 0;
}

/* ---- OpenRLHF: {query: [...], prompts: [...], labels: [...]} --------------------------------------------- */

struct openrlhf_body {
    struct text_list queries, prompts;
    const cJSON *labels;
};

#define AT(field) .offset = offsetof(struct openrlhf_body, field)
static const struct field openrlhf_rows[] = {
    {"query", FIELD_TEXT_OR_TEXTS, AT(queries), .required = true, .max = REWARD_MAX_ITEMS,
     .doc = "prompts and their responses, decoded with special tokens kept"},
    {"prompts", FIELD_TEXT_OR_TEXTS, AT(prompts), .max = REWARD_MAX_ITEMS,
     .doc = "what each query begins with; as many, or none"},
    {"labels", FIELD_VALUE, AT(labels), .shape = "array|string",
     .doc = "the reference answer of each; as many, or none"},
    {"...", FIELD_OTHERS, .doc = "what an agent adds for its own rewards"},
    {0},
};
const struct field *const dialect_openrlhf_fields[] = {openrlhf_rows, NULL};
#undef AT

/* The response is what the query has beyond its prompt. */
static struct span response_of(struct span query, struct span prompt)
{
    return span_starts(query, prompt) ? span_slice(query, prompt.n, query.n) : query;
}

/* OpenRLHF decodes with special tokens kept, so a finished response ends in the model's end tokens. */
static const struct {
    const char *open,
        *close; /* a name without white space stands between; nothing when close is "" */
} end_marks[] = {{"<|", "|>"}, {"<\xEF\xBD\x9C", "\xEF\xBD\x9C>"}, {"</s>", ""}, {"<eos>", ""}};

/* The length of text before an end token that ends it; text.n when none does. */
static size_t before_end_mark(struct span text)
{
    for (size_t i = 0; i < sizeof(end_marks) / sizeof(end_marks[0]); i++) {
        struct span open = span_str(end_marks[i].open), close = span_str(end_marks[i].close);
        if (!span_ends(text, close)) continue;
        size_t at = span_find_last(text, open);
        if (at == SPAN_NONE || at + open.n + close.n > text.n) continue;
        struct span name = span_slice(text, at + open.n, text.n - close.n);
        bool is_name = close.n > 0 ? name.n > 0 && name.n < 64 : name.n == 0;
        for (size_t j = 0; is_name && j < name.n; j++) {
            is_name = (unsigned char)name.p[j] > ' ' && name.p[j] != '<';
        }
        if (is_name) return at;
    }
    return text.n;
}

/* query's response without its end tokens. */
static struct span spoken_response(struct span query, struct span prompt)
{
    struct span text = response_of(query, prompt);
    for (size_t n; (n = before_end_mark(text)) < text.n;) {
        text.n = n;
    }
    return text;
}

/* Beside a list of queries the others are lists of as many, or empty. */
static bool check_list(const struct openrlhf_body *b, bool is_list, size_t n, const char *name,
                       struct error *err)
{
    if (!is_list && !b->queries.single) {
        return error_set(err, ERROR_INVALID_TYPE, name, "%s must be a list as query is", name);
    }
    return n == 0 || n == b->queries.n ||
           error_set(err, ERROR_INVALID_VALUE, name, "%s has %zu elements, query %zu", name, n,
                     b->queries.n);
}

/* One that could be no answer would be the item's error, and in these dialects a reward of 0. */
static bool check_label(const cJSON *label, const char *name, struct error *err)
{
    return cJSON_IsNull(label) || item_check_answer(label, name, err);
}

static bool check_labels(const cJSON *labels, struct error *err)
{
    const cJSON *label;
    size_t i = 0;
    if (!cJSON_IsArray(labels)) return check_label(labels, "labels", err);
    cJSON_ArrayForEach(label, labels)
    {
        char name[32];
        snprintf(name, sizeof(name), "labels[%zu]", i++);
        if (!check_label(label, name, err)) return false;
    }
    return true;
}

/* One item a query. False: no memory. */
static bool add_queries(cJSON *items, const struct openrlhf_body *b)
{
    const cJSON *label = cJSON_IsArray(b->labels) ? b->labels->child : b->labels;
    for (size_t i = 0; i < b->queries.n; i++) {
        bool has_prompt = i < b->prompts.n;
        struct span prompt = has_prompt ? b->prompts.texts[i] : span_of(NULL, 0);
        cJSON *item = add_item(items, spoken_response(b->queries.texts[i], prompt));
        if (item == NULL || !add_text(item, "prompt", prompt) || !add_copy(item, "answer", label)) {
            return false;
        }
        label = label == NULL ? NULL : label->next;
    }
    return true;
}

static cJSON *openrlhf_request(const cJSON *body, struct arena *a, struct error *err)
{
    struct openrlhf_body b = {0};
    if (!read_body(body, openrlhf_rows, &b, a, err)) return NULL;
    bool many_prompts = b.prompts.texts == NULL || !b.prompts.single;
    bool many_labels = b.labels == NULL || cJSON_IsArray(b.labels);
    size_t n_labels = cJSON_IsArray(b.labels) ? (size_t)cJSON_GetArraySize(b.labels) : 0;
    if (!check_list(&b, many_prompts, b.prompts.n, "prompts", err) ||
        !check_list(&b, many_labels, n_labels, "labels", err) || !check_labels(b.labels, err)) {
        return NULL;
    }
    cJSON *items, *request = new_request(&items);
    return items != NULL && add_queries(items, &b) ? request : no_memory(request, err);
}

static void add_rewards(const struct judge_job *job, struct buffer *out)
{
    emit_array(out, "rewards");
    for (size_t i = 0; i < job->n; i++) {
        emit_double(out, NULL, plain_reward(&job->items[i]));
    }
    emit_close(out, ']');
}

/* scores feed dynamic filtering, which thinks of [0, 1]: the telling part's verdict where there is
 * one, else the reward held to that range. */
static double score_of(const struct job_item *it)
{
    double score = plain_reward(it);
    if (it->scored.error == NULL && it->scored.specs->teller >= 0) {
        const struct part *p = &it->scored.parts[it->scored.specs->teller];
        if (p->state == PART_VALUE) score = p->value;
    }
    return fmin(fmax(score, 0), 1);
}

static void add_scores(const struct judge_job *job, struct buffer *out)
{
    emit_array(out, "scores");
    for (size_t i = 0; i < job->n; i++) {
        emit_double(out, NULL, score_of(&job->items[i]));
    }
    emit_close(out, ']');
}

/* One list a reward, of its values. */
static void add_logs(const struct judge_job *job, struct buffer *out)
{
    emit_object(out, "extra_logs");
    for (int s = 0; s < job->specs.n; s++) {
        if (job->specs.specs[s].hidden) continue;
        emit_name(out, job->specs.specs[s].label);
        emit_array(out, NULL);
        for (size_t i = 0; i < job->n; i++) {
            const struct job_item *it = &job->items[i];
            bool has = it->scored.error == NULL && it->scored.parts[s].state == PART_VALUE;
            emit_double(out, NULL, has ? it->scored.parts[s].value : 0);
        }
        emit_close(out, ']');
    }
    emit_close(out, '}');
}

static void openrlhf_reply(const struct judge_job *job, struct buffer *out)
{
    emit_object(out, NULL);
    add_rewards(job, out);
    add_scores(job, out);
    add_logs(job, out);
    emit_close(out, '}');
}

/* ---- slime: {prompt, response, label} ---------------------------------------------------------------------- */

struct slime_body {
    struct span response;
    const cJSON *prompt, *label;
};

#define AT(field) .offset = offsetof(struct slime_body, field)
static const struct field slime_rows[] = {
    {"prompt", FIELD_VALUE, AT(prompt), .doc = "a text or messages"},
    {"response", FIELD_TEXT, AT(response), .required = true, .doc = "what the model wrote"},
    {"label", FIELD_VALUE, AT(label), .doc = "the reference answer"},
    {"...", FIELD_OTHERS, .doc = "what a rollout adds for its own rewards"},
    {0},
};
const struct field *const dialect_slime_fields[] = {slime_rows, NULL};
#undef AT

static cJSON *slime_request(const cJSON *body, struct arena *a, struct error *err)
{
    struct slime_body b = {0};
    if (!read_body(body, slime_rows, &b, a, err) || !check_label(b.label, "label", err)) {
        return NULL;
    }
    cJSON *items, *request = new_request(&items);
    cJSON *item = items == NULL ? NULL : add_item(items, b.response);
    bool ok = item != NULL && add_copy(item, "prompt", b.prompt) &&
              add_copy(item, "answer", b.label);
    return ok ? request : no_memory(request, err);
}

static void slime_reply(const struct judge_job *job, struct buffer *out)
{
    assert(job->n == 1);
    json_print_number(plain_reward(&job->items[0]), out);
}

/* ---- NeMo-Gym: a task's fields and the model's OpenAI Responses object -------------------------------------- */

struct nemo_gym_body {
    const cJSON *response, *expected_answer, *answer, *question, *metadata;
    const cJSON *instructions, *kwargs;
};

#define AT(field) .offset = offsetof(struct nemo_gym_body, field)
static const struct field nemo_gym_rows[] = {
    {"response", FIELD_OBJECT, AT(response), .required = true, .doc = "OpenAI's Responses object"},
    {"expected_answer", FIELD_VALUE, AT(expected_answer), .doc = "the reference answer"},
    {"answer", FIELD_VALUE, AT(answer), .doc = "the same, where there is no expected_answer"},
    {"question", FIELD_VALUE, AT(question), .doc = "the prompt: a text or messages"},
    {"verifier_metadata", FIELD_VALUE, AT(metadata), .doc = "code_gen's \"unit_tests\""},
    {"instruction_id_list", FIELD_ARRAY, AT(instructions), .shape = "string[]", .doc = "instruction_following's ids"},
    {"kwargs", FIELD_VALUE, AT(kwargs), .shape = "array|object", .doc = "and their arguments"},
    {"...", FIELD_OTHERS, .doc = "the task's own, sent back as they are"},
    {0},
};
const struct field *const dialect_verify_fields[] = {request_settings_rows, request_items_rows,
                                                     nemo_gym_rows, NULL};
#undef AT

/* output[].content[].text of the assistant's messages, one after the other. The object is OpenAI's:
 * what else is in it is not ours to check. */
static bool response_text(const cJSON *response, struct arena *a, struct buffer *out,
                          struct error *err)
{
    const cJSON *output = json_get(response, "output"), *message, *part;
    if (!cJSON_IsArray(output)) {
        return error_set(err, ERROR_INVALID_TYPE, "response.output",
                         "response.output must be a list, not %s", json_type_name(output));
    }
    cJSON_ArrayForEach(message, output)
    {
        const cJSON *type = json_get(message, "type"), *content = json_get(message, "content");
        if (cJSON_IsString(type) && strcmp(type->valuestring, "message") != 0) continue;
        buffer_add_span(out, json_text(content, a));
        if (!cJSON_IsArray(content)) continue;
        cJSON_ArrayForEach(part, content)
        {
            buffer_add_span(out, json_text(json_get(part, "text"), a));
        }
    }
    return !out->failed || error_set(err, ERROR_TOO_LARGE, "response", "the response is too large");
}

/* code_gen's tests: {"inputs", "outputs", "fn_name"}. NULL: the task is none of code. */
static const cJSON *unit_tests(const cJSON *body)
{
    return json_get(json_get(body, "verifier_metadata"), "unit_tests");
}

/* The one entry of the request's list of rewards; NULL: no memory. */
static cJSON *add_reward(cJSON *request, const char *name)
{
    cJSON *rewards = cJSON_AddArrayToObject(request, "rewards"), *entry = cJSON_CreateObject();
    if (rewards == NULL || !cJSON_AddItemToArray(rewards, entry)) {
        cJSON_Delete(entry);
        return NULL;
    }
    return cJSON_AddStringToObject(entry, "name", name) != NULL ? entry : NULL;
}

/* The task's tests into the request's one item, and the reward that runs them: all or nothing, on
 * the last block of code, as code_gen has it. */
static bool add_code_task(cJSON *request, cJSON *item, const cJSON *tests)
{
    cJSON *code = add_reward(request, "code");
    return code != NULL && cJSON_AddStringToObject(code, "fence", "any") != NULL &&
           cJSON_AddFalseToObject(code, "partial") != NULL && add_copy(item, "tests", tests);
}

/* The task's instructions, all or nothing, as instruction_following has it. */
static bool add_instructions_task(cJSON *request, cJSON *item, const struct nemo_gym_body *b)
{
    cJSON *entry = add_reward(request, "instructions");
    return entry != NULL && cJSON_AddStringToObject(entry, "aggregate", "all") != NULL &&
           add_copy(item, "instruction_id_list", b->instructions) &&
           add_copy(item, "kwargs", b->kwargs);
}

static bool check_unit_tests(const cJSON *tests, struct error *err)
{
    if (tests == NULL || (cJSON_IsObject(tests) && json_get(tests, "packed") == NULL)) return true;
    return error_set(err, ERROR_UNSUPPORTED, "verifier_metadata.unit_tests",
                     "unit_tests must be an object of inputs and outputs, not packed");
}

/* A task of another resources server has nothing that we could judge by: to say 0 would teach its
 * model that every answer is wrong. */
static bool check_gold(const struct nemo_gym_body *b, const cJSON *tests, struct error *err)
{
    bool any = b->expected_answer != NULL || b->answer != NULL || b->instructions != NULL;
    if (any || tests != NULL) return true;
    return error_set(err, ERROR_MISSING_FIELD, "expected_answer",
                     "there is no expected_answer, answer, instruction_id_list or "
                     "verifier_metadata.unit_tests to judge the response by");
}

static cJSON *nemo_gym_request(const cJSON *body, struct arena *a, struct error *err)
{
    struct nemo_gym_body b = {0};
    const cJSON *tests = unit_tests(body);
    struct buffer text;
    if (!read_body(body, nemo_gym_rows, &b, a, err) || !check_unit_tests(tests, err)) return NULL;
    buffer_init(&text, REWARD_JOB_BYTES);
    if (!response_text(b.response, a, &text, err) || !check_gold(&b, tests, err)) {
        buffer_clear(&text);
        return NULL;
    }
    cJSON *items, *request = new_request(&items);
    cJSON *item =
        items == NULL ? NULL : add_item(items, text.n == 0 ? span_str("") : buffer_span(&text));
    buffer_clear(&text);
    bool ok = item != NULL && add_copy(item, "prompt", b.question) &&
              add_copy(item, "answer", b.expected_answer != NULL ? b.expected_answer : b.answer) &&
              (tests == NULL || add_code_task(request, item, tests)) &&
              (tests != NULL || b.instructions == NULL || add_instructions_task(request, item, &b));
    return ok ? request : no_memory(request, err);
}

/* A member that is text where p is not NULL, else null, in place of what there was. */
static void set_text(cJSON *object, const char *name, struct span text)
{
    cJSON_DeleteItemFromObjectCaseSensitive(object, name);
    put(object, name, text.p != NULL ? json_string(text) : cJSON_CreateNull());
}

/* What math_with_judge adds. */
static void add_math_fields(const struct judge_job *job, const struct job_item *it, cJSON *reply)
{
    const struct part *p = &it->scored.parts[it->scored.specs->teller];
    struct span vote = job_text(job, p->vote);
    set_text(reply, "extracted_answer", vote);
    cJSON_DeleteItemFromObjectCaseSensitive(reply, "library_reward");
    cJSON_AddNumberToObject(reply, "library_reward", p->state == PART_VALUE ? p->value : 0);
}

/* What code_gen adds. */
static void add_code_fields(const struct judge_job *job, const struct job_item *it, cJSON *reply)
{
    const struct language *which;
    struct span text = json_text(json_get(it->json, "completion"), job->arena);
    set_text(reply, "extracted_model_output", text);
    set_text(reply, "extracted_model_code",
             language_last_fence(text_after_think(text), NULL, &which));
}

/* v in place of what there was; NULL: no memory, and nothing is put. */
static void set_value(cJSON *object, const char *name, cJSON *v)
{
    cJSON_DeleteItemFromObjectCaseSensitive(object, name);
    put(object, name, v);
}

/* A part's details as an object; NULL: it has none. Free with cJSON_Delete(). */
static cJSON *details_of(const struct judge_job *job, const struct part *p)
{
    struct buffer text;
    struct error ignored = {0};
    buffer_init(&text, REWARD_MAX_DETAILS + 2);
    buffer_add_char(&text, '{');
    buffer_add_span(&text, job_text(job, p->details));
    buffer_add_char(&text, '}');
    cJSON *details = text.failed ? NULL : json_parse(buffer_span(&text), &ignored);
    buffer_clear(&text);
    return details;
}

/* What instruction_following adds: each instruction's verdict, and all of them. */
static void add_instruction_fields(const struct judge_job *job, const struct part *p, cJSON *reply)
{
    cJSON *details = details_of(job, p), *list = cJSON_CreateArray();
    const cJSON *one;
    cJSON_ArrayForEach(one, json_get(details, "instructions"))
    {
        cJSON_AddItemToArray(list, cJSON_CreateBool(cJSON_IsTrue(json_get(one, "followed"))));
    }
    cJSON_Delete(details);
    set_value(reply, "follow_instruction_list", list);
    set_value(reply, "follow_all_instructions",
              cJSON_CreateBool(p->state == PART_VALUE && p->value >= 1));
}

/* Why there is no reward: the item's error, or the first part that could not be judged. */
static void add_reason(const struct judge_job *job, const struct scored *s, struct buffer *out)
{
    if (s->error != NULL) { /* the client's body is the one item */
        struct span param = span_str(s->error->param), item = span_str("items[0].");
        buffer_add_span(out, span_slice(param, span_starts(param, item) ? item.n : 0, param.n));
        buffer_addf(out, ": %s", s->error->message);
        return;
    }
    for (int i = 0; i < s->specs->n; i++) {
        const struct part *p = &s->parts[i];
        if (p->state != PART_NONE) continue;
        struct span label = s->specs->specs[i].label, details = job_text(job, p->details);
        buffer_add_span(out, label.n > 0 ? label : span_str(s->specs->specs[i].reward->name));
        buffer_addf(out, ": %s", p->cause == NULL ? "cannot_judge" : p->cause);
        if (details.n == 0) return;
        buffer_add_str(out, " {");
        buffer_add_span(out, details);
        buffer_add_char(out, '}');
        return;
    }
}

/* A reward of 0 that says nothing is to be left out of training, and why (nemo_gym/failure_kinds.py):
 * once and again such zeros have been learnt from. */
static void add_failure(const struct judge_job *job, const struct scored *s, cJSON *reply)
{
    struct buffer reason;
    bool failed = s->error != NULL || !s->has_reward;
    cJSON_DeleteItemFromObjectCaseSensitive(reply, "mask_sample");
    cJSON_DeleteItemFromObjectCaseSensitive(reply, "failure_kind");
    cJSON_DeleteItemFromObjectCaseSensitive(reply, "failure_reason");
    if (!failed) return;
    buffer_init(&reason, REWARD_MAX_DETAILS + 1024);
    add_reason(job, s, &reason);
    put(reply, "mask_sample", cJSON_CreateTrue());
    put(reply, "failure_kind", cJSON_CreateString("verifier_error"));
    put(reply, "failure_reason", json_string(buffer_span(&reason)));
    buffer_clear(&reason);
}

static void nemo_gym_reply(const struct judge_job *job, struct buffer *out)
{
    assert(job->n == 1);
    const struct job_item *it = &job->items[0];
    cJSON *reply = cJSON_Duplicate(job->body, true);
    cJSON *parts = cJSON_CreateObject();
    for (int i = 0; parts != NULL && it->scored.error == NULL && i < it->scored.specs->n; i++) {
        const struct spec *s = &it->scored.specs->specs[i];
        char label[REWARD_MAX_LABEL + 1] = {0};
        memcpy(label, s->label.p == NULL ? "" : s->label.p, s->label.n);
        if (!s->hidden && it->scored.parts[i].state == PART_VALUE) {
            cJSON_AddNumberToObject(parts, label, it->scored.parts[i].value);
        }
    }
    cJSON_DeleteItemFromObjectCaseSensitive(reply, "reward");
    cJSON_DeleteItemFromObjectCaseSensitive(reply, "reward_components");
    cJSON_AddNumberToObject(reply, "reward", plain_reward(it));
    put(reply, "reward_components", parts);
    if (it->scored.error == NULL && unit_tests(job->body) != NULL) {
        add_code_fields(job, it, reply);
    } else if (it->scored.error == NULL && json_get(job->body, "instruction_id_list") != NULL) {
        add_instruction_fields(job, &it->scored.parts[0], reply);
    } else if (it->scored.error == NULL && it->scored.specs->teller >= 0) {
        add_math_fields(job, it, reply);
    }
    add_failure(job, &it->scored, reply);
    json_print(reply, out);
    cJSON_Delete(reply);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct dialect {
    cJSON *(*request)(const cJSON *body, struct arena *a, struct error *err); /* NULL: err */
    struct job_form form;
} dialects[JUDGE_DIALECTS] = {
    [JUDGE_OPENRLHF] = {openrlhf_request, {openrlhf_reply, .list = "query"}},
    [JUDGE_SLIME] = {slime_request, {slime_reply, .list = "response"}},
    [JUDGE_NEMO_GYM] = {nemo_gym_request, {nemo_gym_reply, .list = "response"}},
};

enum judge_dialect judge_dialect_of(const cJSON *body)
{
    bool gym = cJSON_IsObject(body) && cJSON_IsObject(json_get(body, "response"));
    return gym ? JUDGE_NEMO_GYM : JUDGE_NATIVE;
}

struct judge_job *judge_job_new(struct judge *judge, enum judge_dialect d, cJSON *body,
                                struct error *err)
{
    struct job_order o = {.body = body, .form = &job_native};
    if (d == JUDGE_NATIVE) return job_new(judge, &o, err);
    o.form = &dialects[d].form;
    struct arena *a = arena_new(REWARD_JOB_BYTES); /* what is read of the body, until it is copied */
    if (a == NULL) {
        error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the request");
    } else {
        o.request = dialects[d].request(body, a, err);
    }
    arena_free(a);
    if (o.request != NULL) return job_new(judge, &o, err);
    cJSON_Delete(body);
    return NULL;
}
