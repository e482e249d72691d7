/* server/routes/vllm_generate.c - POST /inference/v1/generate: vLLM's route from tokens to
 * tokens, which SkyRL and prime-rl call; and POST /skyrl/v1/generate, the same with the experts that each token
 * went to, which SkyRL calls instead where it replays them (enable_return_routed_experts).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include <limits.h>

#include "server/generate/completion.h"
#include "base/emit.h"
#include "server/generate/logprobs.h"
#include "server/generate/replay.h"
#include "server/http/state.h"

struct vllm_generate {
    const cJSON *token_ids, *sampling;
    bool versions;
    bool routes; /* SkyRL's: the experts are part of the answer */
};

#define AT(field) .offset = offsetof(struct vllm_generate, field)

/* Of sampling_params: how the client wants the answer packed, which is given here. */
static const struct field packing_rows[] = {
    {"detokenize", .kind = FIELD_IGNORED, .doc = "without effect: token ids are what is asked for"},
    {"output_kind", .kind = FIELD_IGNORED, .doc = "without effect"},
    {"routed_experts_prompt_start", .kind = FIELD_IGNORED,
     .doc = "without effect: /v1/rollouts and /skyrl/v1/generate return experts, of all tokens"},
    {"trace_decode_token_ids", .kind = FIELD_REFUSED,
     .doc = "tokens to be replayed; refused: prompt_logprobs gives the same numbers"},
    {0},
};

static const struct field count_rows[] = {
    {"logprobs", FIELD_INT, .offset = offsetof(struct sampling_params, logprobs), .min = -1,
     .max = INT_MAX, .doc = "log-probabilities with so many alternatives for each token"},
    {"return_sampling_mask", FIELD_BOOL, .offset = offsetof(struct sampling_params, engine.support),
     .doc = "sampling_mask: of each token the ids that it was drawn from"},
    {0},
};

static const struct field *const sampling_members[] = {sampling_params_rows, count_rows,
                                                       packing_rows, NULL};
static const struct field rows[] = {
    {"token_ids", FIELD_ARRAY, AT(token_ids), .shape = "integer[]", .doc = "the prompt"},
    {"sampling_params", FIELD_OBJECT, AT(sampling), .members = sampling_members,
     .doc = "vLLM's, as in /v1/completions"},
    {"return_weight_versions", FIELD_BOOL, AT(versions),
     .doc = "weight_versions of each sample, also where one version computed all of it"},
    {"features", .kind = FIELD_REFUSED, .doc = "images and sound; refused"},
    {"kv_transfer_params", .kind = FIELD_REFUSED, .doc = "keys and values from elsewhere; refused"},
    {"output_mode", FIELD_REFUSED, .neutral = "\"tokens\"",
     .doc = "another output than token ids; refused"},
    {0},
};
const struct field *const vllm_generate_fields[] = {rows, sampling_params_rows, NULL};

static bool read_body(struct completion *c, struct error *err)
{
    struct vllm_generate *own = c->own;
    struct field_table outer = FIELD_TABLE(rows, own);
    struct field_table inner[] = {sampling_params_table(&c->params),
                                  FIELD_TABLE(count_rows, &c->params),
                                  FIELD_TABLE(packing_rows, own)};
    if (!completion_parse(c, err) || !completion_fields(c, &outer, 1, err)) return false;
    for (size_t i = 0; i < 3; i++) {
        inner[i].prefix = "sampling_params";
    }
    return (own->sampling == NULL || completion_read(c, own->sampling, inner, 3, err)) &&
           completion_check(c, err);
}

static bool prepare(struct completion *c)
{
    const struct vllm_generate *own = c->own;
    struct error *err = &c->error;
    c->params.engine.max_tokens = -1; /* as the context allows */
    c->want_tokens = true;
    if (!read_body(c, err)) return false;
    if (own->token_ids == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "token_ids", "token_ids are needed");
    }
    c->prompt_field = "token_ids";
    if (own->versions) c->params.versions = true;
    c->params.engine.routes = own->routes && engine_info(c->engine)->n_used > 0;
    return completion_prompt_ids(c, own->token_ids, err) || error_in(err, "token_ids");
}

/* null where the model has no experts, as in SkyRL's own server. */
static void emit_routes(const struct completion *c, const struct choice *choice, struct buffer *out)
{
    const struct engine_info *info = engine_info(c->engine);
    replay_emit_packed_routes("routed_experts", choice, (size_t)info->n_layers,
                              (size_t)info->n_used, out);
}

static void emit_choice(const struct completion *c, const struct choice *choice, bool first,
                        struct buffer *out)
{
    const struct vllm_generate *own = c->own;
    (void)first;
    if (completion_has_logprobs(c, choice)) {
        logprobs_emit_chat_ids(c->engine, choice, out);
    } else {
        emit_null(out, "logprobs");
    }
    emit_str(out, "finish_reason", choice_finish_name(choice));
    completion_emit_stop_reason(c, choice, out);
    logprobs_emit_token_ids(choice, out);
    if (c->params.engine.support) replay_emit_supports("sampling_mask", choice, out);
    if (own->routes && choice->done) emit_routes(c, choice, out);
}

static void emit_head(const struct completion *c, const struct choice *one, struct buffer *out)
{
    (void)one;
    emit_str(out, "request_id", c->id);
    emit_str(out, "model", completion_model(c));
    emit_int(out, "created", c->created);
    emit_str(out, "output_mode", "tokens");
}

static void emit_tail(const struct completion *c, struct buffer *out)
{
    if (c->params.prompt_logprobs != TOP_ABSENT) {
        logprobs_emit_prompt(c->engine, c->prompts[0], out);
    } else {
        emit_null(out, "prompt_logprobs");
    }
    emit_null(out, "kv_transfer_params");
}

static const struct choices_reply reply = {
    .head = emit_head, .choice = emit_choice, .tail = emit_tail};
static const struct dialect dialect = {.whole = choices_reply_whole,
                                       .chunk = choices_reply_chunk,
                                       .end = choices_reply_end,
                                       .tells_progress = true,
                                       .reply = &reply};

void vllm_generate_handle(struct exchange *x)
{
    struct completion *c = completion_new(x, &dialect, "", sizeof(struct vllm_generate));
    if (c != NULL) completion_run(c, WORK_LIGHT, prepare);
}

void skyrl_generate_handle(struct exchange *x)
{
    struct completion *c = completion_new(x, &dialect, "", sizeof(struct vllm_generate));
    if (c == NULL) return;
    ((struct vllm_generate *)c->own)->routes = true;
    completion_run(c, WORK_LIGHT, prepare);
}
