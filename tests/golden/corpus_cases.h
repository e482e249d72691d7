/* tests/golden/corpus_cases.h - the corpora of format, rewards and plans, run through the judge.
 *
 * Each line of a corpus becomes a request (or the body of a tool route), and its reply is
 * compared with what the line expects. Shared by the test over the copies in tests/data and by
 * conformance_rewards.c over a whole corpora folder; a header, so that each is one file to link.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_GOLDEN_CORPUS_CASES_H
#define TESTS_GOLDEN_CORPUS_CASES_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "reward/reward.h"

static cJSON *plan_domains; /* plans/domains.json of the folder being run */

struct corpus_score {
    int cases, right;
    bool missing; /* no such file */
};

/* ---- asking ----------------------------------------------------------------------------------------- */

static void on_done(void *arg, struct judge_job *job)
{
    (void)job;
    *(bool *)arg = true;
}

/* The reply to a request, which is taken; NULL when it is refused or must wait. */
static cJSON *corpus_ask(struct judge *judge, cJSON *request)
{
    struct error err = {0};
    struct buffer out;
    bool done = false;
    struct judge_job *job = judge_job_new(judge, JUDGE_NATIVE, request, &err);
    if (job == NULL) {
        printf("  refused: %s: %s\n", err.param, err.message);
        return NULL;
    }
    judge_job_start(job, on_done, &done);
    buffer_init(&out, 1 << 26);
    cJSON *reply = done && judge_job_reply(job, &out) ? json_parse(buffer_span(&out), &err) : NULL;
    buffer_clear(&out);
    if (done) judge_job_free(job);
    return reply;
}

static cJSON *tool(bool (*compute)(const cJSON *body, struct buffer *out, struct error *err),
                   const cJSON *body)
{
    struct error err = {0};
    struct buffer out;
    buffer_init(&out, 1 << 26);
    cJSON *reply = compute(body, &out, &err) ? json_parse(buffer_span(&out), &err) : NULL;
    if (reply == NULL) printf("  refused: %s: %s\n", err.param, err.message);
    buffer_clear(&out);
    return reply;
}

/* ---- making requests ---------------------------------------------------------------------------------- */

static void move(cJSON *from, const char *name, cJSON *to, const char *as)
{
    cJSON *v = cJSON_DetachItemFromObjectCaseSensitive(from, name);
    if (v != NULL && cJSON_IsNull(v)) {
        cJSON_Delete(v);
    } else if (v != NULL) {
        cJSON_AddItemToObject(to, as, v);
    }
}

/* {items: [item], rewards: [spec]}; what the line still holds is left to it. */
static cJSON *request_of(cJSON *item, cJSON *spec)
{
    cJSON *request = cJSON_CreateObject();
    cJSON_AddItemToArray(cJSON_AddArrayToObject(request, "items"), item);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(request, "rewards"), spec);
    return request;
}

static cJSON *spec_new(const char *name)
{
    cJSON *spec = cJSON_CreateObject();
    cJSON_AddStringToObject(spec, "name", name);
    return spec;
}

static cJSON *item_new(cJSON *line)
{
    cJSON *item = cJSON_CreateObject();
    move(line, "text", item, "completion");
    if (cJSON_GetObjectItem(item, "completion") == NULL) {
        cJSON_AddStringToObject(item, "completion", "");
    }
    return item;
}

static cJSON *format_request(cJSON *line)
{
    const char *rule = cJSON_GetObjectItem(line, "rule")->valuestring;
    bool steps = strcmp(rule, "openr1.reasoning_steps") == 0;
    cJSON *spec = spec_new(steps ? "reasoning_steps" : "format");
    if (!steps) cJSON_AddStringToObject(spec, "style", rule);
    move(line, "prefill", spec, "prefill");
    move(line, "lang", spec, "lang");
    return request_of(item_new(line), spec);
}

static cJSON *cosine_request(cJSON *line)
{
    cJSON *spec = cJSON_DetachItemFromObject(line, "params"), *item = item_new(line);
    cJSON_AddStringToObject(spec, "name", "cosine");
    move(line, "impl", spec, "impl");
    move(line, "unit", spec, "unit");
    move(line, "correct", item, "correct");
    move(line, "length", item, "length");
    return request_of(item, spec);
}

/* Item fields and options of the other rewards, by name. */
static cJSON *plain_request(cJSON *line, const char *reward)
{
    static const char *const item_fields[] = {"ids",      "length", "target", "numbers",
                                              "solution", "answer", NULL};
    static const char *const options[] = {"impl",  "unit",   "ngram_size", "max_penalty", "max_len",
                                          "cache", "factor", "method",     "scope",       NULL};
    cJSON *spec = spec_new(reward), *item = item_new(line);
    for (int i = 0; item_fields[i] != NULL; i++) {
        move(line, item_fields[i], item, item_fields[i]);
    }
    for (int i = 0; options[i] != NULL; i++) {
        move(line, options[i], spec, options[i]);
    }
    move(line, "answers", item, "answer");
    move(line, "lang", spec, "language");
    return request_of(item, spec);
}

/* One item a length; the answers come back as a list. */
static cJSON *length_request(cJSON *line)
{
    cJSON *request = cJSON_CreateObject(), *items = cJSON_AddArrayToObject(request, "items");
    cJSON *spec = spec_new("length"), *lengths = cJSON_GetObjectItem(line, "lengths");
    for (int i = 0; i < cJSON_GetArraySize(lengths); i++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "completion", "");
        cJSON_AddNumberToObject(item, "length", cJSON_GetArrayItem(lengths, i)->valuedouble);
        cJSON_AddBoolToObject(
            item, "correct",
            cJSON_IsTrue(cJSON_GetArrayItem(cJSON_GetObjectItem(line, "correct"), i)));
        cJSON_AddItemToArray(items, item);
    }
    move(line, "impl", spec, "impl");
    move(line, "unit", spec, "unit");
    cJSON_AddItemToArray(cJSON_AddArrayToObject(request, "rewards"), spec);
    return request;
}

/* ---- comparing ---------------------------------------------------------------------------------------------- */

static bool close_enough(const cJSON *got, const cJSON *want)
{
    if (cJSON_IsNull(want)) return got == NULL || cJSON_IsNull(got);
    if (!cJSON_IsNumber(got) || !cJSON_IsNumber(want)) return false;
    double a = got->valuedouble, b = want->valuedouble;
    double relative = fabs(b) >= 1e5 ? 1e-5 : 1e-6;
    return fabs(a - b) <= 1e-6 + relative * fabs(b);
}

static bool lists_close(const cJSON *got, const cJSON *want)
{
    if (!cJSON_IsArray(got) || cJSON_GetArraySize(got) != cJSON_GetArraySize(want)) return false;
    for (int i = 0; i < cJSON_GetArraySize(want); i++) {
        if (!close_enough(cJSON_GetArrayItem(got, i), cJSON_GetArrayItem(want, i))) return false;
    }
    return true;
}

static const cJSON *first_result(const cJSON *reply)
{
    return cJSON_GetArrayItem(cJSON_GetObjectItem(reply, "results"), 0);
}

static bool reward_is(struct judge *judge, cJSON *request, const cJSON *want)
{
    cJSON *reply = corpus_ask(judge, request);
    bool ok =
        reply != NULL && close_enough(cJSON_GetObjectItem(first_result(reply), "reward"), want);
    if (!ok && reply != NULL) {
        char *text = cJSON_PrintUnformatted(first_result(reply));
        printf("  got %s\n", text);
        free(text);
    }
    cJSON_Delete(reply);
    return ok;
}

/* ---- one line of each file --------------------------------------------------------------------------------------- */

static bool run_format(struct judge *judge, cJSON *line, const cJSON *want, const char *name)
{
    (void)name;
    return reward_is(judge, format_request(line), want);
}

static bool run_cosine(struct judge *judge, cJSON *line, const cJSON *want, const char *name)
{
    (void)name;
    return reward_is(judge, cosine_request(line), want);
}

static bool run_plain(struct judge *judge, cJSON *line, const cJSON *want, const char *name)
{
    return reward_is(judge, plain_request(line, name), want);
}

static bool run_language(struct judge *judge, cJSON *line, const cJSON *want, const char *name)
{
    cJSON *reply = corpus_ask(judge, plain_request(line, name));
    const cJSON *result = first_result(reply);
    const cJSON *details = cJSON_GetObjectItem(cJSON_GetObjectItem(result, "details"), "language");
    bool ok = reply != NULL && close_enough(cJSON_GetObjectItem(result, "reward"), want);
    static const char *const counts[] = {"units", "target_units"};
    for (int i = 0; i < 2; i++) {
        ok = ok && close_enough(cJSON_GetObjectItem(details, counts[i]),
                                cJSON_GetObjectItem(line, counts[i]));
    }
    cJSON_Delete(reply);
    return ok;
}

/* The domain's texts come from domains.json beside the cases: loaded by the first case. */
static cJSON *read_domains(const char *folder)
{
    char path[512], *text = NULL;
    size_t room = 0;
    snprintf(path, sizeof(path), "%s/plans/domains.json", folder);
    FILE *f = fopen(path, "r");
    ssize_t n = f == NULL ? -1 : getdelim(&text, &room, '\0', f);
    cJSON *domains = n > 0 ? json_parse(span_of(text, (size_t)n), NULL) : NULL;
    if (f != NULL) fclose(f);
    free(text);
    return domains;
}

static bool plan_is(const cJSON *details, const cJSON *want)
{
    const cJSON *v;
    cJSON_ArrayForEach(v, want)
    {
        if (!cJSON_Compare(cJSON_GetObjectItem(details, v->string), v, true)) return false;
    }
    return want->child != NULL;
}

static bool ask_plan(struct judge *judge, const cJSON *line, const char *domain, const cJSON *nl,
                     bool lenient, const cJSON *want)
{
    cJSON *item = cJSON_CreateObject(), *spec = spec_new("plan");
    cJSON_AddStringToObject(item, "completion", cJSON_GetObjectItem(line, "plan")->valuestring);
    cJSON_AddStringToObject(item, "problem", cJSON_GetObjectItem(line, "problem")->valuestring);
    if (domain != NULL) cJSON_AddStringToObject(item, "domain", domain);
    if (nl != NULL) cJSON_AddItemToObject(item, "nl", cJSON_Duplicate(nl, true));
    cJSON_AddStringToObject(spec, "format", cJSON_GetObjectItem(line, "plan_format")->valuestring);
    cJSON_AddBoolToObject(spec, "lenient", lenient);
    cJSON *reply = corpus_ask(judge, request_of(item, spec));
    const cJSON *result = first_result(reply);
    const cJSON *details = cJSON_GetObjectItem(cJSON_GetObjectItem(result, "details"), "plan");
    bool ok = plan_is(details, want);
    if (!ok) {
        char *text = cJSON_PrintUnformatted(result);
        printf("  got %s\n", text);
        free(text);
    }
    cJSON_Delete(reply);
    return ok;
}

/* With the corpus's own texts of the domain, then with the built-in domain where there is one. */
static bool run_plan(struct judge *judge, cJSON *line, const cJSON *want, const char *name)
{
    static const char *const built_in[] = {"blocksworld", "mystery", "logistics", "depots",
                                           "sokoban"};
    const char *key = cJSON_GetObjectItem(line, "domain")->valuestring;
    const cJSON *domain = cJSON_GetObjectItem(plan_domains, key);
    const cJSON *nl = json_get(domain, "nl"), *loose = json_get(line, "expected_lenient");
    const char *pddl = cJSON_GetObjectItem(domain, "pddl")->valuestring;
    bool ok = ask_plan(judge, line, pddl, nl, false, want);
    if (loose != NULL) ok &= ask_plan(judge, line, pddl, nl, true, loose);
    (void)name;
    for (int i = 0; i < 5; i++) {
        if (strcmp(key, built_in[i]) != 0) continue;
        ok &= ask_plan(judge, line, key, NULL, false, want);
        if (loose != NULL) ok &= ask_plan(judge, line, NULL, NULL, true, loose);
    }
    return ok;
}

static bool run_length(struct judge *judge, cJSON *line, const cJSON *want, const char *name)
{
    cJSON *reply = corpus_ask(judge, length_request(line)), *got = cJSON_CreateArray(), *result;
    (void)name;
    cJSON_ArrayForEach(result, cJSON_GetObjectItem(reply, "results"))
    {
        cJSON_AddItemToArray(got, cJSON_Duplicate(cJSON_GetObjectItem(result, "reward"), true));
    }
    bool ok = lists_close(got, want);
    cJSON_Delete(got);
    cJSON_Delete(reply);
    return ok;
}

static bool run_advantages(struct judge *judge, cJSON *line, const cJSON *want, const char *name)
{
    (void)judge, (void)name;
    cJSON *reply = tool(reward_advantages_json, line);
    bool ok = lists_close(cJSON_GetObjectItem(reply, "advantages"), want);
    cJSON_Delete(reply);
    return ok;
}

static bool run_passk(struct judge *judge, cJSON *line, const cJSON *want, const char *name)
{
    (void)judge, (void)name;
    cJSON *reply = tool(reward_pass_at_k_json, line);
    bool ok = close_enough(cJSON_GetObjectItem(reply, "pass_at_k"), want);
    cJSON_Delete(reply);
    return ok;
}

static const struct {
    const char *file, *reward;
    bool (*run)(struct judge *judge, cJSON *line, const cJSON *want, const char *name);
} runners[] = {
    {"format/cases.jsonl", "format", run_format},
    {"rewards/cosine.jsonl", "cosine", run_cosine},
    {"rewards/length.jsonl", "length", run_length},
    {"rewards/repetition.jsonl", "repetition", run_plain},
    {"rewards/overlong.jsonl", "overlong", run_plain},
    {"rewards/countdown.jsonl", "countdown", run_plain},
    {"rewards/knights.jsonl", "knights", run_plain},
    {"rewards/extract.jsonl", "extract", run_plain},
    {"rewards/language.jsonl", "language", run_language},
    {"rewards/advantages.jsonl", NULL, run_advantages},
    {"rewards/composite.jsonl", NULL, run_advantages},
    {"rewards/passk.jsonl", NULL, run_passk},
    {"plans/cases.jsonl", "plan", run_plan},
};

enum { N_RUNNERS = sizeof(runners) / sizeof(runners[0]) };

/* Run FOLDER/rewards/cosine.jsonl and so on, by number. Disagreements go to stdout, a line each. */
static struct corpus_score corpus_run(struct judge *judge, const char *folder, int runner)
{
    struct corpus_score score = {0};
    char path[512], *text = NULL;
    size_t room = 0;
    ssize_t n;
    snprintf(path, sizeof(path), "%s/%s", folder, runners[runner].file);
    FILE *f = fopen(path, "r");
    plan_domains = read_domains(folder);
    score.missing = f == NULL;
    while (f != NULL && (n = getline(&text, &room, f)) > 0) {
        cJSON *read = json_parse(span_of(text, (size_t)n), NULL);
        cJSON *line = cJSON_Duplicate(read, true); /* whose parts may be taken away */
        cJSON_Delete(read);
        cJSON *id = cJSON_DetachItemFromObject(line, "id");
        cJSON *want = cJSON_DetachItemFromObject(line, "expected");
        bool ok = runners[runner].run(judge, line, want, runners[runner].reward);
        if (!ok) printf("  %s: expected %.200s", id->valuestring, text);
        score.cases++;
        score.right += ok;
        cJSON_Delete(id);
        cJSON_Delete(want);
        cJSON_Delete(line);
    }
    if (f != NULL) fclose(f);
    free(text);
    cJSON_Delete(plan_domains);
    return score;
}

#endif
