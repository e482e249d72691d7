/* server/rollouts/ask.c - see ask.h. The body, but for the entries of its prompts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/rollouts/ask.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "server/generate/completion.h"
#include "server/generate/output_form.h"
#include "server/http/state.h"
#include "server/rollouts/revise.h"

enum { MAX_ATTEMPTS = 65536, MOST_DEADLINE_MS = 24 * 3600 * 1000 };

/* ---- readers ---------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    unsigned bit; /* 0: it cannot be had here */
} returned[] = {
    {"text", RETURN_TEXT},
    {"token_ids", RETURN_IDS},
    {"logprobs", RETURN_LOGPROBS},
    {"processed_logprobs", RETURN_PROCESSED},
    {"top_logprobs", RETURN_TOPS},
    {"prompt_token_ids", RETURN_PROMPT_IDS},
    {"sampling_mask", RETURN_SUPPORT},
    {"routed_experts", RETURN_ROUTES},
    {"features", 0},
    {"certificate", 0},
};

/* One name of "return" -> its bit. */
static bool read_return(const cJSON *v, unsigned *bits, struct error *err)
{
    if (!cJSON_IsString(v)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "must be a string, not %s",
                         json_type_name(v));
    }
    for (size_t i = 0; i < sizeof(returned) / sizeof(returned[0]); i++) {
        if (strcmp(v->valuestring, returned[i].name) != 0) continue;
        *bits |= returned[i].bit;
        return returned[i].bit != 0 || error_set(err, ERROR_UNSUPPORTED, NULL,
                                                 "%s cannot be returned yet", returned[i].name);
    }
    return error_set(err, ERROR_INVALID_VALUE, NULL, "a sample has no \"%.40s\"", v->valuestring);
}

static bool read_returns(const struct field_context *context, const cJSON *value, void *out,
                         struct error *err)
{
    unsigned bits = 0;
    int i = 0;
    const cJSON *v;
    (void)context;
    if (!cJSON_IsArray(value)) return field_wrong_type(value, "an array of names", err);
    cJSON_ArrayForEach(v, value)
    {
        if (!read_return(v, &bits, err)) return error_in(err, "[%d]", i);
        i++;
    }
    *(unsigned *)out = bits;
    return true;
}

#define AT(field) .offset = offsetof(struct ask, field)

static const char *const stop_words[] = {"never", "majority", "first_correct", NULL};
static const char *const encodings[] = {"json", "ndjson", "npz", NULL};

static const struct field keep_rows[] = {
    {"overlong", FIELD_BOOL, AT(overlong), .fallback = "true",
     .doc = "samples that max_tokens ended count"},
    {0},
};
static const struct field until_rows[] = {
    {"groups", FIELD_INT64, .offset = 0, .min = 1, .max = MAX_ATTEMPTS, .required = true,
     .doc = "informative groups wanted"},
    {"max_attempts", FIELD_INT64, .offset = sizeof(int64_t), .min = 1, .max = MAX_ATTEMPTS,
     .required = true, .doc = "groups begun at most"},
    {0},
};
static const struct field revise_rows[] = {
    {"rounds", FIELD_INT, AT(rounds), .min = 0, .max = ASK_MOST_ROUNDS, .required = true,
     .doc = "revisions at most"},
    {"template", FIELD_TEXT, AT(template), .doc = "the message; {feedback} in it is what is wrong"},
    {0},
};
static const struct field count_rows[] = {
    {"logprobs", FIELD_INT, .offset = offsetof(struct sampling_params, logprobs), .min = 0,
     .max = LOGPROBS_MAX, .doc = "alternatives a token, for top_logprobs"},
    {0},
};
/* clang-format off */
/* Of completions, but said elsewhere in this body, or of a reply of another kind. */
static const struct field elsewhere_rows[] = {
    {"model", FIELD_REFUSED, .doc = "stands beside sampling"},
    {"lora_path", FIELD_REFUSED, .doc = "model beside sampling names an adapter"},
    {"n", FIELD_REFUSED, .doc = "stands beside sampling, or in a prompt"},
    {"best_of", FIELD_REFUSED, .doc = "n beside sampling; all samples come back"},
    {"seed", FIELD_REFUSED, .doc = "stands beside sampling"},
    {"request_id", FIELD_REFUSED, .doc = "the header x-request-id names the call"},
    {"stream", FIELD_REFUSED, .doc = "encoding ndjson beside sampling"},
    {"stream_options", FIELD_REFUSED, .doc = "there is no stream of tokens"},
    {"echo", FIELD_REFUSED, .doc = "return has prompt_token_ids"},
    {"prompt_logprobs", FIELD_REFUSED, .doc = "prompts are not scored here"},
    {"return_token_ids", FIELD_REFUSED, .doc = "return beside sampling has token_ids"},
    {"return_tokens_as_token_ids", FIELD_REFUSED, .doc = "return beside sampling has token_ids"},
    {"return_weight_versions", FIELD_REFUSED, .doc = "samples have their versions always"},
    {"truncate_prompt_tokens", FIELD_REFUSED, .doc = "prompts are taken whole"},
    {"truncation_side", FIELD_REFUSED, .doc = "prompts are taken whole"},
    {"timings_per_token", FIELD_REFUSED, .doc = "there are no times here"},
    {"verbose", FIELD_REFUSED, .doc = "there is no such reply here"},
    {"return_progress", FIELD_REFUSED, .doc = "there is no stream of tokens"},
    {0},
};
/* Of completions alone: what counts thoughts begins with what is sampled, too. */
static const struct field unkept_rows[] = {
    {"thinking_token_budget", FIELD_REFUSED, .neutral = "-1", .doc = "not kept in rollouts"},
    {"max_thinking_tokens", FIELD_REFUSED, .neutral = "-1", .doc = "not kept in rollouts"},
    {"thinking_budget", FIELD_REFUSED, .neutral = "-1", .doc = "not kept in rollouts"},
    {"thinking_budget_tokens", FIELD_REFUSED, .neutral = "-1", .doc = "not kept in rollouts"},
    {"reasoning_budget", FIELD_REFUSED, .neutral = "-1", .doc = "not kept in rollouts"},
    {"bad_words", FIELD_REFUSED, .neutral = "[]", .doc = "not kept in rollouts"},
    {"logprob_token_ids", FIELD_REFUSED, .neutral = "[]", .doc = "not kept in rollouts"},
    {"prompt_logprob_token_ids", FIELD_REFUSED, .neutral = "[]", .doc = "not kept in rollouts"},
    {0},
};
/* clang-format on */
static const struct field *const keep_members[] = {keep_rows, NULL};
static const struct field *const until_members[] = {until_rows, NULL};
static const struct field *const revise_members[] = {revise_rows, NULL};
static const struct field *const sampling_members[] = {elsewhere_rows, unkept_rows, count_rows,
                                                       sampling_params_rows, NULL};

/* clang-format off */
static const struct field rows[] = {
    {"prompts", FIELD_ARRAY, AT(prompt_list), .required = true, .members = ask_prompt_members,
     .doc = "what to sample from: objects with text, messages, token_ids, or prefix_token_ids and messages, and beside "
            "them the fields of a /verify item"},
    {"model", FIELD_TEXT, AT(model), .doc = "the served model's name, or an adapter's"},
    {"n", FIELD_INT, AT(n), .min = 1, .max = INT_MAX, .fallback = "1", .doc = "samples of each prompt"},
    {"sampling", FIELD_OBJECT, AT(sampling), .members = sampling_members, .doc = "how tokens are drawn: the fields of /v1/completions"},
    {"seed", FIELD_READ, .offset = offsetof(struct ask, params), .read = sampling_params_read_seed,
     .shape = "integer", .doc = "with it the same request gives the same samples; each sample draws from (seed, prompt, sample)"},
    {"rewards", FIELD_ARRAY, AT(reward_list), .shape = "object[]", .doc = "as of /verify; absent: the server's default"},
    {"advantage", FIELD_VALUE, AT(advantage_value),
     .shape = "string|object", .doc = "a method's name, or an object with method and what /verify/advantages takes; absent: grpo"},
    {"keep", FIELD_OBJECT, AT(keep), .members = keep_members, .doc = "{\"overlong\": false} masks samples that max_tokens ended"},
    {"until", FIELD_OBJECT, AT(until),
     .members = until_members, .doc = "{\"groups\", \"max_attempts\"}: begin groups until so many have unequal rewards"},
    {"over_sample", FIELD_DOUBLE, AT(over_sample), .min = 1, .max = 16, .fallback = "1",
     .doc = "n times this many samples begin, and the first n to end stay"},
    {"stop_when", FIELD_CHOICE, AT(stop_when), .choices = stop_words,
     .doc = "end a group when an answer has the majority of n, or a sample is correct"},
    {"revise", FIELD_OBJECT, AT(revise),
     .members = revise_members, .doc = "{\"rounds\", \"template\"}: what is not right is told what is wrong, and goes on"},
    {"deadline_ms", FIELD_INT64, AT(deadline_ms), .min = 1, .max = MOST_DEADLINE_MS,
     .doc = "milliseconds after which what is not done is ended and masked"},
    {"return", FIELD_READ, AT(returns), .read = read_returns,
     .shape = "string[]", .doc = "what a sample's entry holds; absent: text, token_ids, logprobs"},
    {"encoding", FIELD_CHOICE, AT(encoding), .choices = encodings,
     .doc = "json: one reply; ndjson: a line a group as it completes; npz: numpy arrays"},
    {0},
};
/* clang-format on */
const struct field *const rollouts_fields[] = {rows, NULL};

/* ---- what lies inside ------------------------------------------------------------------------- */

static bool read_keep(struct ask *ask, struct error *err)
{
    struct field_context context = {0};
    struct field_table table = FIELD_TABLE(keep_rows, ask);
    if (ask->keep == NULL) return fields_default(&table, err);
    return fields_read(ask->keep, &table, 1, &context, err) || error_in(err, "keep");
}

static bool read_until(struct ask *ask, struct error *err)
{
    int64_t n[2] = {0, MAX_ATTEMPTS};
    struct field_context context = {0};
    struct field_table table = FIELD_TABLE(until_rows, n);
    ask->attempts = ask->n_prompts;
    if (ask->until == NULL) return true;
    if (!fields_read(ask->until, &table, 1, &context, err)) return error_in(err, "until");
    ask->groups = (size_t)n[0];
    ask->attempts = (size_t)n[1];
    return n[0] <= n[1] ||
           error_set(err, ERROR_INVALID_VALUE, "until.groups",
                     "%lld groups cannot come of %lld attempts", (long long)n[0], (long long)n[1]);
}

/* Rules that say which samples of a prompt count do not hold for a fork, whose places have k each. */
static bool check_forks(const struct ask *ask, struct error *err)
{
    bool forks = false;
    const char *rule = ask->over_sample > 1           ? "over_sample"
                       : ask->stop_when != STOP_NEVER ? "stop_when"
                                                      : NULL;
    for (size_t i = 0; i < ask->n_prompts; i++) {
        forks |= ask->prompts[i].forks;
    }
    return !forks || rule == NULL ||
           error_set(err, ERROR_INVALID_VALUE, rule,
                     "%s does not go with fork, all of whose samples count", rule);
}

/* A sample that is revised is one row of several turns: rules that compare rows as they end, and rows
 * that begin in the midst of a turn, do not go with it. */
static bool check_revise(const struct ask *ask, struct error *err)
{
    bool apart = ask->over_sample > 1 || ask->stop_when != STOP_NEVER;
    for (size_t i = 0; i < ask->n_prompts && !apart; i++) {
        apart = ask->prompts[i].forks || ask->prompts[i].n_strands != 1 ||
                ask->prompts[i].strands[0].n > 0;
    }
    return !apart || error_set(err, ERROR_INVALID_VALUE, "revise",
                               "revise does not go with over_sample, stop_when, partial or fork");
}

static bool read_revise(struct ask *ask, struct exchange *x, struct error *err)
{
    struct field_context context = {.arena = x->arena};
    struct field_table table = FIELD_TABLE(revise_rows, ask);
    if (ask->revise == NULL) return true;
    if (!fields_read(ask->revise, &table, 1, &context, err)) return error_in(err, "revise");
    if (ask->template.n > ASK_TEMPLATE_BYTES) {
        return error_set(err, ERROR_TOO_LARGE, "revise.template",
                         "the template has %zu bytes; at most %d", ask->template.n,
                         ASK_TEMPLATE_BYTES);
    }
    if (ask->rounds == 0) return true;
    return check_revise(ask, err) && revise_check(ask, x, err);
}

/* A field of sampling that stands elsewhere in this body, that only completions know, or that has another name
 * here. */
static bool check_sampling(const cJSON *sampling, struct error *err)
{
    static const struct {
        const char *name, *here;
    } renamed[] = {{"max_completion_tokens", "max_tokens"}, {"max_new_tokens", "max_tokens"}};
    const struct field_context context = {0};
    struct error refused = {0};
    for (const struct field *f = elsewhere_rows; f->name != NULL; f++) {
        if (json_get(sampling, f->name) == NULL) continue;
        return error_set(err, ERROR_INVALID_VALUE, f->name, "%s does not stand in sampling",
                         f->name);
    }
    for (const struct field *f = unkept_rows; f->name != NULL; f++) {
        const cJSON *v = json_get(sampling, f->name);
        if (v == NULL || field_read(f, v, NULL, &context, &refused)) continue;
        return error_set(err, ERROR_UNSUPPORTED, f->name, "%s is not kept in rollouts", f->name);
    }
    for (size_t i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++) {
        if (json_get(sampling, renamed[i].name) == NULL) continue;
        return error_set(err, ERROR_UNKNOWN_FIELD, renamed[i].name,
                         "unknown field \"%s\"; did you mean %s?", renamed[i].name,
                         renamed[i].here);
    }
    return true;
}

/* The sampling of all, with what is to be returned. */
static bool read_sampling(struct ask *ask, struct exchange *x, struct error *err)
{
    struct sampling_params *p = &ask->params;
    int n_vocab = engine_info(x->server->engine)->n_vocab;
    struct field_context context = {.arena = x->arena, .n_vocab = n_vocab};
    struct field_table tables[] = {FIELD_TABLE(elsewhere_rows, p), FIELD_TABLE(unkept_rows, p),
                                   FIELD_TABLE(count_rows, p), sampling_params_table(p)};
    if (ask->sampling != NULL && (!check_sampling(ask->sampling, err) ||
                                  !fields_read(ask->sampling, tables, 4, &context, err))) {
        return error_in(err, "sampling");
    }
    if (p->engine.max_tokens == 0) {
        return error_set(err, ERROR_INVALID_VALUE, "sampling.max_tokens",
                         "max_tokens must be at least 1");
    }
    if (p->logprobs == TOP_ABSENT) p->logprobs = 0;
    if (!sampling_params_finish(p, 1, n_vocab, err)) return error_in(err, "sampling");
    p->engine.routes = (ask->returns & RETURN_ROUTES) != 0;
    if (p->engine.routes && engine_info(x->server->engine)->n_used == 0) {
        return error_set(err, ERROR_UNSUPPORTED, "return",
                         "routed_experts: this model has no experts");
    }
    p->engine.support = (ask->returns & RETURN_SUPPORT) != 0;
    p->engine.both = (ask->returns & RETURN_PROCESSED) != 0;
    return true;
}

/* What a sample goes on from has no place in its form: that begins with what is sampled. */
static bool check_form(const struct ask *ask, const struct ask_prompt *p, struct error *err)
{
    for (int i = 0; i < p->n_strands; i++) {
        if (p->strands[i].n == 0) continue;
        error_set(err, ERROR_UNSUPPORTED, ask->params.form_field,
                  "a form does not go with partial or fork");
        return error_in(err, "sampling");
    }
    return true;
}

/* The form that is asked for, once for each place where a prompt lets it begin to hold. */
static bool compile_forms(struct ask *ask, struct exchange *x, struct error *err)
{
    const struct engine_info *info = engine_info(x->server->engine);
    struct sampling_params one = ask->params;
    if (one.form.type == FORM_NONE) return true;
    one.form.think_open = info->think_open;
    one.form.think_close = info->think_close;
    for (size_t i = 0; i < ask->n_prompts; i++) {
        const struct ask_prompt *p = &ask->prompts[i];
        if (!check_form(ask, p, err)) return false;
        if (ask->forms[p->thoughts] != NULL) continue;
        one.form.thoughts = p->thoughts;
        if (!output_form_compile(x->server->engine, &one, err)) return error_in(err, "sampling");
        ask->forms[p->thoughts] = one.engine.form;
    }
    return true;
}

/* What else the engine would refuse when a prompt's turn comes: of a prompt all has been checked but how it
 * is to be sampled. */
static bool check_engine(const struct ask *ask, struct exchange *x, struct error *err)
{
    for (size_t i = 0; i < ask->n_prompts; i++) {
        const struct ask_prompt *p = &ask->prompts[i];
        struct engine_request one = {
            .ids = p->ids.ids, .n_ids = p->ids.n, .n = 1, .sampling = ask->params.engine};
        one.sampling.form = ask->forms[p->thoughts];
        if (engine_check(x->server->engine, &one, err)) continue;
        return err->param[0] != '\0' ? error_in(err, "sampling") : false;
    }
    return true;
}

/* "grpo", or {"method": "grpo", ...}. */
static bool read_advantage(struct ask *ask, struct arena *a, struct error *err)
{
    enum advantage_method method = ADVANTAGE_NONE;
    if (ask->advantage_value != NULL) {
        return advantage_params_read(ask->advantage_value, a, &ask->advantage, err) ||
               error_in(err, "advantage");
    }
    bool known = advantage_method_find(span_str("grpo"), &method);
    assert(known);
    ask->advantage = advantage_defaults(method);
    return known;
}

/* All samples of one round. */
static bool check_samples(const struct ask *ask, struct error *err)
{
    int64_t all = 0;
    for (size_t i = 0; i < ask->n_prompts; i++) {
        all += ask_samples(ask, &ask->prompts[i]);
    }
    return all <= COMPLETION_MAX_CHOICES ||
           error_set(err, ERROR_TOO_LARGE, "n", "%lld samples; at most %d in one request",
                     (long long)all, COMPLETION_MAX_CHOICES);
}

/* May the advantage be asked of p's group? How many of it will count is not known yet. */
static bool check_group(const struct ask *ask, const struct ask_prompt *p, struct error *err)
{
    if (advantage_check_group(ask->advantage.method, (size_t)p->n, err)) return true;
    error_at(err, "%s", p->forks ? "fork.k" : "n");
    bool own = p->forks || json_get(p->own, "n") != NULL;
    return own ? error_in(err, "prompts[%zu]", (size_t)(p - ask->prompts)) : false;
}

static bool read_prompts(struct ask *ask, struct exchange *x, struct error *err)
{
    size_t n = (size_t)cJSON_GetArraySize(ask->prompt_list), i = 0;
    if (n == 0) return error_set(err, ERROR_INVALID_VALUE, "prompts", "there are no prompts");
    if (n > (size_t)x->server->o.max_prompts) {
        return error_set(err, ERROR_TOO_LARGE, "prompts", "more than %d prompts in one request",
                         x->server->o.max_prompts);
    }
    ask->prompts = arena_alloc(x->arena, n, sizeof(*ask->prompts));
    if (ask->prompts == NULL) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for %zu prompts", n);
    }
    ask->n_prompts = n;
    const cJSON *entry;
    cJSON_ArrayForEach(entry, ask->prompt_list)
    {
        if (!ask_prompt_read(ask, x, i, entry, err)) return error_in(err, "prompts[%zu]", i);
        if (!check_group(ask, &ask->prompts[i], err)) return false;
        i++;
    }
    return check_samples(ask, err) && check_forks(ask, err);
}

bool ask_read(struct ask *ask, struct exchange *x, struct error *err)
{
    int n_vocab = engine_info(x->server->engine)->n_vocab;
    struct field_context context = {.arena = x->arena, .n_vocab = n_vocab};
    struct field_table table = FIELD_TABLE(rows, ask);
    sampling_params_init(&ask->params);
    ask->returns = RETURN_TEXT | RETURN_IDS | RETURN_LOGPROBS;
    ask->document = json_parse(buffer_span(&x->body), err);
    if (ask->document == NULL || !fields_read(ask->document, &table, 1, &context, err)) {
        return false;
    }
    if (ask->n > x->server->o.max_choices) {
        return error_set(err, ERROR_INVALID_VALUE, "n", "n is %d; this server allows %d", ask->n,
                         x->server->o.max_choices);
    }
    ask->rewards = judge_rewards_new(x->server->judge, ask->reward_list, err);
    if (ask->rewards == NULL) return error_in(err, "rewards");
    return completion_find_model(x->server, ask->model, span_of(NULL, 0), &ask->params.adapter,
                                 err) &&
           read_keep(ask, err) && read_sampling(ask, x, err) &&
           read_advantage(ask, x->arena, err) && read_prompts(ask, x, err) &&
           compile_forms(ask, x, err) && check_engine(ask, x, err) && read_until(ask, err) &&
           read_revise(ask, x, err);
}

void ask_clear(struct ask *ask)
{
    engine_adapter_release(ask->params.adapter);
    ask->params.adapter = NULL;
    for (size_t i = 0; i < ask->n_prompts; i++) {
        ask_prompt_clear(&ask->prompts[i]);
    }
    ask->n_prompts = 0;
    judge_rewards_free(ask->rewards);
    for (int i = FORM_HOLDS; i <= FORM_THINKS; i++) {
        form_free(ask->forms[i]);
    }
    cJSON_Delete(ask->document);
}

int ask_samples(const struct ask *ask, const struct ask_prompt *p)
{
    return p->forks ? p->n : (int)ceil(p->n * ask->over_sample);
}
