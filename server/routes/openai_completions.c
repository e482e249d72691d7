/* server/routes/openai_completions.c - POST /v1/completions: OpenAI's, as vLLM extends it
 * (vllm/entrypoints/openai/completion/protocol.py), and its /render, which stops after tokenising.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/llama.h"
#include "server/routes/openai.h"
#include "server/routes/routes.h"

#include <limits.h>

#include "server/generate/completion.h"
#include "base/emit.h"
#include "server/generate/logprobs.h"
#include "server/generate/timings.h"
#include "server/http/state.h"

enum { DEFAULT_MAX_TOKENS = 16 };

struct completions {
    const cJSON *prompt;
    bool echo, add_special_tokens;
};

#define AT(field) .offset = offsetof(struct completions, field)

const struct field openai_completions_rows[] = {
    {"prompt", FIELD_VALUE, AT(prompt), .shape = "string|string[]|integer[]|integer[][]",
     .doc = "a text, token ids, or a list of either"},
    {"echo", FIELD_BOOL, AT(echo), .doc = "the prompt before the output"},
    {"add_special_tokens", FIELD_BOOL, AT(add_special_tokens),
     .doc = "with the tokens that the model puts around a text"},
    {"suffix", FIELD_REFUSED, .neutral = "\"\"", .doc = "text after the completion; refused"},
    {0},
};

/* A number, or as the chat has it, true or false. */
static bool read_logprobs(const struct field_context *context, const cJSON *value, void *out,
                          struct error *err)
{
    static const struct field number = {"logprobs", FIELD_INT, .min = -1, .max = INT_MAX,
                                        .doc = "alternatives for each token"};
    if (cJSON_IsBool(value)) {
        *(int *)out = cJSON_IsTrue(value) ? 1 : TOP_ABSENT;
        return true;
    }
    if (field_read(&number, value, out, context, err)) return true;
    err->param[0] = '\0'; /* its row has the name */
    return false;
}

/* Fields of this route whose values stand among the shared ones. */
const struct field openai_completions_shared_rows[] = {
    {"logprobs", FIELD_READ, .offset = offsetof(struct sampling_params, logprobs),
     .read = read_logprobs, .shape = "integer|boolean",
     .doc = "log-probabilities with so many alternatives for each token; true: 1, false: none"},
    {"best_of", FIELD_INT, .offset = offsetof(struct sampling_params, best_of), .min = 1,
     .max = INT_MAX, .doc = "so many outputs, of which the n most probable are sent"},
    {"require_reasoning", FIELD_BOOL, .offset = offsetof(struct sampling_params, may_think),
     .doc = "the model may think first: a form holds behind its thoughts"},
    {0},
};
const struct field *const openai_completions_fields[] = {
    openai_completions_rows, openai_completions_shared_rows, sampling_params_rows, NULL};

/* ---- asking ---- */

/* What echo and best_of need of the engine beyond what the client sees. */
static void ask_engine(struct completion *c)
{
    struct engine_sampling *s = &c->params.engine;
    bool scored = c->echo && s->logprobs != LOGPROBS_NONE;
    if (scored && s->prompt_logprobs < s->logprobs) s->prompt_logprobs = s->logprobs;
    if (c->params.best_of > c->params.n && s->logprobs == LOGPROBS_NONE) s->logprobs = 0;
    c->want_tokens = c->params.logprobs != TOP_ABSENT || c->params.return_token_ids;
}

static bool read_body(struct completion *c, struct error *err)
{
    struct completions *own = c->own;
    struct field_table tables[] = {FIELD_TABLE(openai_completions_rows, own),
                                   FIELD_TABLE(openai_completions_shared_rows, &c->params)};
    own->add_special_tokens = true;
    c->params.engine.max_tokens = DEFAULT_MAX_TOKENS;
    if (!completion_parse(c, err) || !completion_fields(c, tables, 2, err)) return false;
    if (!completion_check(c, err)) return false;
    c->echo = own->echo;
    if (c->params.engine.max_tokens == 0 && !own->echo && c->params.prompt_logprobs == TOP_ABSENT) {
        return error_set(err, ERROR_INVALID_VALUE, "max_tokens",
                         "max_tokens 0 needs echo or prompt_logprobs: there is nothing to answer");
    }
    ask_engine(c);
    return true;
}

static bool prepare(struct completion *c)
{
    const struct completions *own = c->own;
    return read_body(c, &c->error) &&
           completion_prompts(c, own->prompt, "prompt", own->add_special_tokens, &c->error);
}

/* ---- answering ---- */

/* The prompt goes before the choice's first text: always in a whole reply, in a stream once. */
static const struct generation *echoed(const struct completion *c, const struct choice *choice,
                                       bool first)
{
    return c->echo && first ? choice->generation : NULL;
}

/* What must be asked for. In a whole reply it is null where it was not, as in vLLM's: the objects that
 * clients make of it then have these members. */
static void emit_asked(const struct completion *c, const struct choice *choice, bool first,
                       struct buffer *out)
{
    const struct generation *g = choice->generation;
    bool whole = !c->params.stream;
    if (c->params.prompt_logprobs != TOP_ABSENT) {
        logprobs_emit_prompt(c->engine, g, out);
    } else if (whole) {
        emit_null(out, "prompt_logprobs");
    }
    if (c->params.return_token_ids) {
        logprobs_emit_token_ids(choice, out);
        if (first) logprobs_emit_ids("prompt_token_ids", g->ids.ids, g->ids.n, out);
    } else if (whole) {
        emit_null(out, "token_ids");
        emit_null(out, "prompt_token_ids");
    }
}

/* text, logprobs, finish_reason, stop_reason and what else was asked for. */
static void emit_choice(const struct completion *c, const struct choice *choice, bool first,
                        struct buffer *out)
{
    const struct generation *prompt = echoed(c, choice, first);
    emit_key(out, "text");
    struct buffer text;
    buffer_init(&text, EXCHANGE_REPLY_BYTES);
    if (prompt != NULL) buffer_add_span(&text, prompt->text);
    buffer_add_span(&text, buffer_span(&choice->text));
    emit_text(out, NULL, buffer_span(&text));
    if (text.failed) out->failed = true;
    buffer_clear(&text);
    if (c->params.logprobs != TOP_ABSENT &&
        (prompt != NULL || completion_has_logprobs(c, choice))) {
        logprobs_emit_completion(c->engine, choice, prompt, c->params.tokens_as_ids, out);
    } else {
        emit_null(out, "logprobs");
    }
    emit_str(out, "finish_reason", choice_finish_name(choice));
    completion_emit_stop_reason(c, choice, out);
    emit_asked(c, choice, first, out);
}

static void emit_head(const struct completion *c, const struct choice *one, struct buffer *out)
{
    emit_str(out, "id", c->id);
    emit_str(out, "object", "text_completion");
    emit_int(out, "created", c->created);
    emit_str(out, "model", completion_model(c));
    completion_emit_fingerprint(c, one, out);
}

static void emit_tail(const struct completion *c, struct buffer *out)
{
    const struct choice *choice = completion_choice(c, 0);
    emit_null(out, "service_tier");
    emit_null(out, "kv_transfer_params");
    if (c->params.timings) timings_emit(choice, out);
    if (c->params.verbose) llama_emit_verbose(c, choice, out);
}

static const struct choices_reply reply = {
    .head = emit_head, .choice = emit_choice, .tail = emit_tail};
static const struct dialect dialect = {.whole = choices_reply_whole,
                                       .chunk = choices_reply_chunk,
                                       .end = choices_reply_end,
                                       .tells_progress = true,
                                       .takes_defaults = true,
                                       .reply = &reply};

static struct completion *new_completion(struct exchange *x)
{
    return completion_new(x, &dialect, "cmpl-", sizeof(struct completions));
}

bool openai_completions_take(struct completion *c)
{
    return completion_become(c, &dialect, "cmpl-", sizeof(struct completions)) && prepare(c);
}

void openai_completions_handle(struct exchange *x)
{
    struct completion *c = new_completion(x);
    if (c != NULL) completion_run(c, WORK_LIGHT, prepare);
}

void openai_completions_render_handle(struct exchange *x)
{
    struct completion *c = new_completion(x);
    if (c != NULL) completion_render(c, WORK_LIGHT, prepare);
}
