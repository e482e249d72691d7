/* server/answers/openai.c - OpenAI's: completions, chats, models, embeddings.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/answers/answers.h"

#include "server/answers/rows.h"

/* ---- what both routes have ---- */

static const struct field head_rows[] = {
    {"id", IS("string"), .doc = "of the request; /abort_requests takes it"},
    {"object", IS("string"), .doc = "what this is"},
    {"created", IS("integer"), .doc = "unix seconds"},
    {"model", IS("string"), .doc = "the served model, or the adapter that was named"},
    {"system_fingerprint", IS("string"),
     .doc = "the version, and a hash of all that numbers depend on"},
    {0},
};

static const struct field usage_row[] = {
    {"usage", IS("object"), .members = answer_usage, .doc = "tokens"},
    {0},
};
static const struct field chunk_usage_row[] = {
    {"usage", MAY("object|null"), .members = answer_usage,
     .doc = "tokens so far, as stream_options ask"},
    {0},
};

static const struct field extra_rows[] = {
    {"timings", MAY("object"), .members = answer_timings, .doc = "where timings_per_token asks"},
    {"__verbose", MAY("object"), .doc = "llama-server's reply, where verbose asks"},
    {0},
};

static const struct field tail_rows[] = {
    {"service_tier", IS("null"), .doc = "none here"},
    {"kv_transfer_params", IS("null"), .doc = "none here"},
    {0},
};

static const struct field end_rows[] = {
    {"index", IS("integer"), .doc = "of the choice"},
    {"finish_reason", IS("string|null"),
     .doc = "stop, length, tool_calls, abort; null: it goes on"},
    {"stop_reason", IS("string|integer|null"), .doc = "the stop text or token that was named"},
    {0},
};
static const struct field matched_row[] = {
    {"matched_stop", IS("string|integer|null"), .doc = "what ended it, the model's own end too"},
    {0},
};
static const struct field matched_in_chunk_row[] = {
    {"matched_stop", MAY("string|integer|null"), .doc = "with the last chunk: what ended it"},
    {0},
};
static const struct field ids_rows[] = {
    {"token_ids", IS("integer[]|null"), .doc = "the sample's ids, where return_token_ids asks"},
    {0},
};
static const struct field chunk_ids_rows[] = {
    {"token_ids", MAY("integer[]|null"), .doc = "this chunk's ids, where return_token_ids asks"},
    {0},
};

/* ---- completions ---- */

static const struct field lists_rows[] = {
    {"tokens", IS("string[]"), .doc = "each token's text"},
    {"token_logprobs", IS("array"),
     .doc = "its log-probability; null: minus infinity, or a text's first"},
    {"top_logprobs", IS("array|null"),
     .doc = "an object of the best ones for each, text to log-probability"},
    {"text_offset", IS("integer[]"), .doc = "where each begins, in characters"},
    {0},
};
static const struct field *const lists[] = {lists_rows, NULL};

static const struct field text_rows[] = {
    {"text", IS("string"), .doc = "the sample, behind the prompt where echo asks"},
    {"logprobs", IS("object|null"), .members = lists, .doc = "where logprobs asks"},
    {0},
};
static const struct field text_prompt_rows[] = {
    {"prompt_logprobs", IS("array|null"),
     .doc = "for each prompt token null or an object by id, its own first"},
    {"prompt_token_ids", IS("integer[]|null"),
     .doc = "the prompt's ids, where return_token_ids asks"},
    {0},
};
static const struct field text_prompt_chunk_rows[] = {
    {"prompt_token_ids", MAY("integer[]|null"), .doc = "the prompt's ids, with the first chunk"},
    {0},
};
static const struct field *const text_choice[] = {
    end_rows, text_rows, text_prompt_rows, matched_row, ids_rows, answer_version_rows, NULL};
static const struct field *const text_chunk[] = {end_rows,
                                                 text_rows,
                                                 text_prompt_chunk_rows,
                                                 matched_in_chunk_row,
                                                 chunk_ids_rows,
                                                 answer_version_rows,
                                                 NULL};

static const struct field text_choices[] = {
    {"choices", IS("object[]"), .members = text_choice, .doc = "n of each prompt, in order"},
    {0},
};
static const struct field text_chunks[] = {
    {"choices", IS("object[]"), .members = text_chunk,
     .doc = "one that has something new, or none"},
    {0},
};
const struct field *const answer_completion[] = {
    head_rows, text_choices, tail_rows, extra_rows, usage_row, answer_version_rows, NULL};
const struct field *const answer_completion_chunk[] = {
    head_rows, text_chunks, extra_rows, chunk_usage_row, answer_version_rows, NULL};

/* ---- chats ---- */

static const struct field function_rows[] = {
    {"name", IS("string"), .doc = "the tool's"},
    {"arguments", IS("string"), .doc = "a JSON text"},
    {0},
};
static const struct field *const function[] = {function_rows, NULL};
static const struct field call_rows[] = {
    {"id", IS("string"), .doc = "of the call"},
    {"type", IS("string"), .doc = "function"},
    {"function", IS("object"), .members = function, .doc = "what is called"},
    {0},
};
static const struct field *const call[] = {call_rows, NULL};

static const struct field function_delta_rows[] = {
    {"name", MAY("string"), .doc = "the tool's, with a call's first chunk"},
    {"arguments", MAY("string"), .doc = "more of the JSON text"},
    {0},
};
static const struct field *const function_delta[] = {function_delta_rows, NULL};
static const struct field call_delta_rows[] = {
    {"index", IS("integer"), .doc = "of the call"},
    {"id", MAY("string"), .doc = "of the call, with its first chunk"},
    {"type", MAY("string"), .doc = "function, with its first chunk"},
    {"function", IS("object"), .members = function_delta, .doc = "what is called"},
    {0},
};
static const struct field *const call_delta[] = {call_delta_rows, NULL};

static const struct field thought_rows[] = {
    {"reasoning_content", MAY("string"), .doc = "the thoughts, where there are any"},
    {"reasoning", MAY("string"), .doc = "the same text"},
    {0},
};
static const struct field message_rows[] = {
    {"role", IS("string"), .doc = "assistant"},
    {"content", IS("string|null"), .doc = "the answer; null beside calls"},
    {"tool_calls", MAY("object[]"), .members = call, .doc = "calls of tools"},
    {"refusal", IS("null"), .doc = "none here"},
    {0},
};
static const struct field *const message[] = {message_rows, thought_rows, NULL};
static const struct field delta_rows[] = {
    {"role", MAY("string"), .doc = "assistant, with the first chunk"},
    {"content", MAY("string|null"), .doc = "more of the answer"},
    {"tool_calls", MAY("object[]"), .members = call_delta, .doc = "more of the calls"},
    {0},
};
static const struct field *const delta[] = {delta_rows, thought_rows, NULL};

static const struct field chat_logprobs_row[] = {
    {"logprobs", IS("object|null"), .members = answer_chat_logprobs, .doc = "where logprobs asks"},
    {0},
};
static const struct field message_row[] = {
    {"message", IS("object"), .members = message, .doc = "the sample"},
    {0},
};
static const struct field delta_row[] = {
    {"delta", IS("object"), .members = delta, .doc = "what is new of it"},
    {0},
};
static const struct field *const chat_choice[] = {
    end_rows, message_row, chat_logprobs_row, matched_row, ids_rows, answer_version_rows, NULL};
static const struct field *const chat_chunk[] = {end_rows,
                                                 delta_row,
                                                 chat_logprobs_row,
                                                 matched_in_chunk_row,
                                                 chunk_ids_rows,
                                                 answer_version_rows,
                                                 NULL};

static const struct field vote_rows[] = {
    {"answer", IS("string"), .doc = "as most of its samples wrote it"},
    {"count", IS("integer"), .doc = "of samples that gave it"},
    {0},
};
static const struct field *const vote[] = {vote_rows, NULL};

static const struct field chat_rows[] = {
    {"choices", IS("object[]"), .members = chat_choice,
     .doc = "n of them, or the one that best_of_rule chose"},
    {"votes", MAY("object[]"), .members = vote, .doc = "where best_of_rule chose"},
    {"verified", MAY("boolean|null"),
     .doc = "where best_of_rule is verified: the one chosen is right; null: none could be judged"},
    {"prompt_logprobs", IS("array|null"),
     .doc = "for each prompt token null or an object by id, its own first"},
    {"prompt_token_ids", IS("integer[]|null"),
     .doc = "the prompt's ids, where return_token_ids asks"},
    {0},
};
static const struct field chat_chunk_rows[] = {
    {"choices", IS("object[]"), .members = chat_chunk,
     .doc = "one that has something new, or none"},
    {"prompt_token_ids", MAY("integer[]"), .doc = "the prompt's ids, with the first chunk"},
    {0},
};
const struct field *const answer_chat[] = {head_rows, chat_rows,           tail_rows, extra_rows,
                                           usage_row, answer_version_rows, NULL};
const struct field *const answer_chat_chunk[] = {head_rows,       chat_chunk_rows,     extra_rows,
                                                 chunk_usage_row, answer_version_rows, NULL};

/* ---- renders and counts ---- */

static const struct field render_rows[] = {
    {"request_id", IS("string"), .doc = "of the request to come"},
    {"token_ids", IS("integer[]"), .doc = "the prompt"},
    {"features", IS("null"), .doc = "none here"},
    {"sampling_params", IS("object"), .doc = "vLLM's"},
    {"model", IS("string"), .doc = "as the request names it"},
    {"stream", IS("boolean"), .doc = "as the request says"},
    {"priority", IS("integer"), .doc = "as the request says"},
    {"kv_transfer_params", IS("null"), .doc = "none here"},
    {"prompt", IS("string|null"), .doc = "the prompt's text"},
    {0},
};
const struct field *const answer_render[] = {render_rows, NULL};

static const struct field input_tokens_rows[] = {
    {"input_tokens", IS("integer"), .doc = "of the prompt"},
    {0},
};
const struct field *const answer_input_tokens[] = {input_tokens_rows, NULL};

/* ---- models ---- */

static const struct field meta_rows[] = {
    {"architecture", MAY("string"), .doc = "llama, qwen2"},
    {"quantisation", MAY("string"), .doc = "the commonest type of its tensors"},
    {"n_vocab", MAY("integer"), .doc = "ids"},
    {"n_params", MAY("integer"), .doc = "parameters"},
    {"rank", MAY("integer"), .doc = "an adapter's, the largest"},
    {"size", IS("integer"), .doc = "bytes of its tensors"},
    {0},
};
static const struct field *const meta[] = {meta_rows, NULL};
static const struct field model_rows[] = {
    {"id", IS("string"), .doc = "what requests name"},
    {"object", IS("string"), .doc = "model"},
    {"created", IS("integer"), .doc = "unix seconds of its file"},
    {"owned_by", IS("string"), .doc = "touchstone"},
    {"root", IS("string"), .doc = "its path; an adapter's folder"},
    {"parent", IS("string|null"), .doc = "an adapter's model"},
    {"max_model_len", IS("integer"), .doc = "tokens of the context"},
    {"weight_version", MAY("string"), .doc = "what the weights are called"},
    {"sha256", IS("string"), .doc = "of its content"},
    {"meta", IS("object"), .members = meta, .doc = "what it is"},
    {"sampling_defaults", MAY("object"), .doc = "for requests that do not say"},
    {0},
};
const struct field *const answer_model[] = {model_rows, NULL};
static const struct field models_rows[] = {
    {"object", IS("string"), .doc = "list"},
    {"data", IS("object[]"), .members = answer_model, .doc = "the model, its aliases, adapters"},
    {0},
};
const struct field *const answer_models[] = {models_rows, NULL};

/* ---- embeddings ---- */

static const struct field embedding_rows[] = {
    {"object", IS("string"), .doc = "embedding"},
    {"index", IS("integer"), .doc = "of the input"},
    {"embedding", IS("number[]|string"), .doc = "numbers, or base64 of little-endian float32"},
    {0},
};
static const struct field *const embedding[] = {embedding_rows, NULL};
static const struct field count_rows[] = {
    {"prompt_tokens", IS("integer"), .doc = "of all inputs"},
    {"total_tokens", IS("integer"), .doc = "the same"},
    {0},
};
static const struct field *const count[] = {count_rows, NULL};
static const struct field embeddings_rows[] = {
    {"id", IS("string"), .doc = "of the request"},
    {"object", IS("string"), .doc = "list"},
    {"created", IS("integer"), .doc = "unix seconds"},
    {"model", IS("string"), .doc = "the served model"},
    {"data", IS("object[]"), .members = embedding, .doc = "one for each input"},
    {"usage", IS("object"), .members = count, .doc = "tokens"},
    {0},
};
const struct field *const answer_embeddings[] = {embeddings_rows, NULL};
