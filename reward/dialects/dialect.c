/* reward/dialects/dialect.c - other trainers' reward servers, spoken from one table.
 *
 * Each dialect is a body turned into a native request, and the outcome turned into the reply its
 * client expects. The rewards are the judge's defaults, which the operator sets.
 *
 *   OpenRLHF   openrlhf/utils/agent.py, openrlhf/cli/serve_rm.py
 *   slime      slime/rollout/rm_hub
 *   NeMo-Gym   nemo_gym/base_resources_server.py, resources_servers/math_with_judge and code_gen
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/dialects/dialect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
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

/* completion: as cJSON holds it, U+0000 still in its stand-in. */
static bool add_item(cJSON *items, const cJSON *prompt, const char *completion, const cJSON *answer)
{
    cJSON *item = cJSON_CreateObject();
    if (item == NULL || !cJSON_AddItemToArray(items, item)) {
        cJSON_Delete(item);
        return false;
    }
    return put(item, "completion", cJSON_CreateString(completion)) &&
           add_copy(item, "prompt", prompt) && add_copy(item, "answer", answer);
}

/* A reward as these clients read it: a number; what has none is 0, for none of them knows null. */
static double plain_reward(const struct job_item *it)
{
    return it->scored.has_reward && it->scored.error == NULL ? it->scored.reward : 0;
}

/* ---- OpenRLHF: {query: [...], prompts: [...], labels: [...]} --------------------------------------------- */

/* The first of a list, or the one value that stands for a list of one. */
static const cJSON *first_of(const cJSON *v)
{
    return cJSON_IsArray(v) ? v->child : v;
}

/* The next of the list that v is in; one value has none. */
static const cJSON *after(const cJSON *v)
{
    return v == NULL || v->string != NULL ? NULL : v->next;
}

/* The response is what the query has beyond its prompt. */
static const char *response_of(const char *query, const char *prompt)
{
    size_t n = strlen(prompt);
    return strncmp(query, prompt, n) == 0 ? query + n : query;
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

/* query's response without its end tokens, as new text: free with free(). NULL: out of memory. */
static char *spoken_response(const char *query, const char *prompt)
{
    struct span text = span_str(response_of(query, prompt));
    for (size_t n; (n = before_end_mark(text)) < text.n;) {
        text.n = n;
    }
    return mem_text(text, NULL);
}

/* Beside a list of queries the others are lists too. */
static bool check_list(const cJSON *queries, const cJSON *v, const char *name, struct error *err)
{
    if (v == NULL || cJSON_IsArray(v) || !cJSON_IsArray(queries)) return true;
    return error_set(err, ERROR_INVALID_TYPE, name, "%s must be a list as query is, not %s", name,
                     json_type_name(v));
}

/* One query with its prompt and label, which may be NULL. */
static bool add_query(cJSON *items, const cJSON *query, const cJSON *prompt, const cJSON *label,
                      struct error *err)
{
    if (!cJSON_IsString(query) || (prompt != NULL && !cJSON_IsString(prompt))) {
        return error_set(err, ERROR_INVALID_TYPE, cJSON_IsString(query) ? "prompts" : "query",
                         "query and prompts must be lists of strings");
    }
    char *response = spoken_response(query->valuestring, prompt == NULL ? "" : prompt->valuestring);
    bool added = response != NULL && add_item(items, prompt, response, label);
    free(response);
    return added || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the request");
}

static cJSON *openrlhf_request(const cJSON *body, struct error *err)
{
    const cJSON *queries = json_get(body, "query"), *prompts = json_get(body, "prompts");
    const cJSON *labels = json_get(body, "labels");
    if (queries == NULL) {
        error_set(err, ERROR_MISSING_FIELD, "query", "query is missing");
        return NULL;
    }
    if (!check_list(queries, prompts, "prompts", err) ||
        !check_list(queries, labels, "labels", err)) {
        return NULL;
    }
    cJSON *items, *request = new_request(&items);
    if (items == NULL) return no_memory(request, err);
    const cJSON *prompt = first_of(prompts), *label = first_of(labels), *query;
    for (query = first_of(queries); query != NULL; query = after(query)) {
        if (!add_query(items, query, prompt, label, err)) {
            cJSON_Delete(request);
            return NULL;
        }
        prompt = after(prompt);
        label = after(label);
    }
    return request;
}

static void add_rewards(const struct judge_job *job, bool unit, struct buffer *out)
{
    buffer_add_char(out, '[');
    for (size_t i = 0; i < job->n; i++) {
        double r = plain_reward(&job->items[i]);
        if (i > 0) buffer_add_char(out, ',');
        json_print_number(unit ? fmin(fmax(r, 0), 1) : r, out);
    }
    buffer_add_char(out, ']');
}

/* scores feed dynamic filtering, which thinks of [0, 1]: the telling part's verdict where there is
 * one, else the reward held to that range. */
static void add_scores(const struct judge_job *job, struct buffer *out)
{
    buffer_add_char(out, '[');
    for (size_t i = 0; i < job->n; i++) {
        const struct job_item *it = &job->items[i];
        double score = fmin(fmax(plain_reward(it), 0), 1);
        if (it->scored.error == NULL && it->scored.specs->teller >= 0) {
            const struct part *p = &it->scored.parts[it->scored.specs->teller];
            if (p->state == PART_VALUE) score = fmin(fmax(p->value, 0), 1);
        }
        if (i > 0) buffer_add_char(out, ',');
        json_print_number(score, out);
    }
    buffer_add_char(out, ']');
}

/* One list a reward, of its values. */
static void add_logs(const struct judge_job *job, struct buffer *out)
{
    buffer_add_char(out, '{');
    for (int s = 0; s < job->specs.n; s++) {
        if (job->specs.specs[s].hidden) continue;
        if (out->n > 0 && out->p[out->n - 1] != '{') buffer_add_char(out, ',');
        json_print_text(job->specs.specs[s].label, out);
        buffer_add_str(out, ":[");
        for (size_t i = 0; i < job->n; i++) {
            const struct job_item *it = &job->items[i];
            bool has = it->scored.error == NULL && it->scored.parts[s].state == PART_VALUE;
            if (i > 0) buffer_add_char(out, ',');
            json_print_number(has ? it->scored.parts[s].value : 0, out);
        }
        buffer_add_char(out, ']');
    }
    buffer_add_char(out, '}');
}

static void openrlhf_reply(const struct judge_job *job, struct buffer *out)
{
    buffer_add_str(out, "{\"rewards\":");
    add_rewards(job, false, out);
    buffer_add_str(out, ",\"scores\":");
    add_scores(job, out);
    buffer_add_str(out, ",\"extra_logs\":");
    add_logs(job, out);
    buffer_add_char(out, '}');
}

/* ---- slime: {prompt, response, label} ---------------------------------------------------------------------- */

static cJSON *slime_request(const cJSON *body, struct error *err)
{
    const cJSON *response = json_get(body, "response");
    if (!cJSON_IsString(response)) {
        error_set(err, response == NULL ? ERROR_MISSING_FIELD : ERROR_INVALID_TYPE, "response",
                  "response must be a string, not %s", json_type_name(response));
        return NULL;
    }
    cJSON *items, *request = new_request(&items);
    if (items == NULL || !add_item(items, json_get(body, "prompt"), response->valuestring,
                                   json_get(body, "label"))) {
        return no_memory(request, err);
    }
    return request;
}

static void slime_reply(const struct judge_job *job, struct buffer *out)
{
    json_print_number(plain_reward(&job->items[0]), out);
}

/* ---- NeMo-Gym: a task's fields and the model's OpenAI Responses object -------------------------------------- */

/* output[].content[].text of the assistant's messages, one after the other. */
static bool response_text(const cJSON *response, struct buffer *out, struct error *err)
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
        if (cJSON_IsString(content)) buffer_add_str(out, content->valuestring);
        if (!cJSON_IsArray(content)) continue;
        cJSON_ArrayForEach(part, content)
        {
            const cJSON *text = json_get(part, "text");
            if (cJSON_IsString(text)) buffer_add_str(out, text->valuestring);
        }
    }
    return !out->failed || error_set(err, ERROR_TOO_LARGE, "response", "the response is too large");
}

/* code_gen's tests: {"inputs", "outputs", "fn_name"}. NULL: the task is none of code. */
static const cJSON *unit_tests(const cJSON *body)
{
    return json_get(json_get(body, "verifier_metadata"), "unit_tests");
}

/* The task's tests into the request's one item, and the reward that runs them: all or nothing, on
 * the last block of code, as code_gen has it. */
static bool add_code_task(cJSON *request, cJSON *items, const cJSON *tests)
{
    cJSON *rewards = cJSON_AddArrayToObject(request, "rewards"), *code = cJSON_CreateObject();
    if (rewards == NULL || !cJSON_AddItemToArray(rewards, code)) {
        cJSON_Delete(code);
        return false;
    }
    return cJSON_AddStringToObject(code, "name", "code") != NULL &&
           cJSON_AddStringToObject(code, "fence", "any") != NULL &&
           cJSON_AddFalseToObject(code, "partial") != NULL &&
           add_copy(items->child, "tests", tests);
}

static bool check_unit_tests(const cJSON *tests, struct error *err)
{
    if (tests == NULL || (cJSON_IsObject(tests) && json_get(tests, "packed") == NULL)) return true;
    return error_set(err, ERROR_UNSUPPORTED, "verifier_metadata.unit_tests",
                     "unit_tests must be an object of inputs and outputs, not packed");
}

static cJSON *nemo_gym_request(const cJSON *body, struct error *err)
{
    const cJSON *tests = unit_tests(body);
    if (!check_unit_tests(tests, err)) return NULL;
    struct buffer text;
    buffer_init(&text, REWARD_JOB_BYTES);
    if (!response_text(json_get(body, "response"), &text, err)) {
        buffer_clear(&text);
        return NULL;
    }
    const cJSON *answer = json_get(body, "expected_answer");
    if (answer == NULL) answer = json_get(body, "answer");
    cJSON *items, *request = new_request(&items);
    bool ok = items != NULL &&
              add_item(items, json_get(body, "question"), text.n == 0 ? "" : text.p, answer);
    buffer_clear(&text);
    ok = ok && (tests == NULL || add_code_task(request, items, tests));
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

static void nemo_gym_reply(const struct judge_job *job, struct buffer *out)
{
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
    } else if (it->scored.error == NULL && it->scored.specs->teller >= 0) {
        add_math_fields(job, it, reply);
    }
    json_print(reply, out);
    cJSON_Delete(reply);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct dialect {
    cJSON *(*request)(const cJSON *body, struct error *err); /* NULL: the body is one */
    struct job_form form;
} dialects[JUDGE_DIALECTS] = {
    [JUDGE_OPENRLHF] = {openrlhf_request, {openrlhf_reply}},
    [JUDGE_SLIME] = {slime_request, {slime_reply}},
    [JUDGE_NEMO_GYM] = {nemo_gym_request, {nemo_gym_reply}},
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
    if (!cJSON_IsObject(body)) {
        error_set(err, ERROR_INVALID_TYPE, NULL, "the body must be an object, not %s",
                  json_type_name(body));
    } else {
        o.request = dialects[d].request(body, err);
    }
    if (o.request != NULL) return job_new(judge, &o, err);
    cJSON_Delete(body);
    return NULL;
}
