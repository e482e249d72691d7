/* server/answers/trainers.c - vLLM's, SGLang's and TRL's own routes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/answers/answers.h"

#include "server/answers/rows.h"

/* ---- vLLM: from tokens to tokens ---- */

static const struct field id_rows[] = {
    {"token", IS("string"), .doc = "token_id:N"},
    {"token_id", IS("integer"), .doc = "N"},
    {"logprob", IS("number|null"), .doc = "its log-probability; null: minus infinity"},
    {"rank", IS("integer"), .doc = "1: the most probable"},
    {"bytes", IS("integer[]"), .doc = "its bytes"},
    {0},
};
static const struct field *const alternative[] = {id_rows, NULL};
static const struct field alternatives_row[] = {
    {"top_logprobs", IS("object[]"), .members = alternative, .doc = "the best ones in its place"},
    {0},
};
static const struct field *const token[] = {id_rows, alternatives_row, NULL};
static const struct field content_row[] = {
    {"content", IS("object[]"), .members = token, .doc = "each token"},
    {0},
};
static const struct field *const logprobs[] = {content_row, NULL};
static const struct field choice_rows[] = {
    {"index", IS("integer"), .doc = "of the choice"},
    {"logprobs", IS("object|null"), .members = logprobs, .doc = "where logprobs asks"},
    {"finish_reason", IS("string|null"), .doc = "stop, length, abort; null: it goes on"},
    {"stop_reason", IS("string|integer|null"), .doc = "the stop text or token that was named"},
    {"matched_stop", MAY("string|integer|null"), .doc = "what ended it, the model's own end too"},
    {"token_ids", IS("integer[]"), .doc = "the sample, or what is new of it"},
    {"sampling_mask", MAY("array"),
     .doc = "of each token the ids that it was drawn from, or null: it is not told"},
    {"routed_experts", MAY("object|null"), .members = answer_experts,
     .doc = "of /skyrl/v1/generate; null: the model has none"},
    {0},
};
static const struct field *const choice[] = {choice_rows, answer_version_rows, NULL};
static const struct field generate_rows[] = {
    {"request_id", IS("string"), .doc = "of the request"},
    {"model", IS("string"), .doc = "the served model, or the adapter that was named"},
    {"created", IS("integer"), .doc = "unix seconds"},
    {"output_mode", IS("string"), .doc = "tokens"},
    {"choices", IS("object[]"), .members = choice, .doc = "n of them"},
    {0},
};
static const struct field generate_tail_rows[] = {
    {"prompt_logprobs", IS("array|null"),
     .doc = "for each prompt token null or an object by id, its own first"},
    {"kv_transfer_params", IS("null"), .doc = "none here"},
    {"usage", IS("object"), .members = answer_usage, .doc = "tokens"},
    {0},
};
static const struct field generate_chunk_rows[] = {
    {"usage", MAY("object|null"), .members = answer_usage,
     .doc = "tokens so far, as stream_options ask"},
    {0},
};
const struct field *const answer_vllm_generate[] = {generate_rows, generate_tail_rows,
                                                    answer_version_rows, NULL};
const struct field *const answer_vllm_chunk[] = {generate_rows, generate_chunk_rows,
                                                 answer_version_rows, NULL};

/* ---- vLLM: tokens and texts, control ---- */

static const struct field tokenize_rows[] = {
    {"tokens", IS("array"), .doc = "ids; with llama-server's with_pieces objects of id and piece"},
    {"count", MAY("integer"), .doc = "so many"},
    {"max_model_len", MAY("integer"), .doc = "tokens of the context"},
    {"token_strs", MAY("string[]|null"), .doc = "each one's text, where return_token_strs asks"},
    {0},
};
const struct field *const answer_tokenize[] = {tokenize_rows, NULL};

static const struct field detokenize_rows[] = {
    {"prompt", IS("string"), .doc = "the text"},
    {"content", IS("string"), .doc = "the same, as llama-server calls it"},
    {0},
};
const struct field *const answer_detokenize[] = {detokenize_rows, NULL};

static const struct field aborted_rows[] = {
    {"status", IS("string"), .doc = "what is so now"},
    {"aborted", IS("integer"), .doc = "so many requests"},
    {0},
};
const struct field *const answer_aborted[] = {aborted_rows, NULL};

static const struct field asleep_rows[] = {
    {"status", IS("string"), .doc = "sleeping"},
    {"level", IS("integer"), .doc = "as asked"},
    {0},
};
const struct field *const answer_asleep[] = {asleep_rows, NULL};

static const struct field is_paused_rows[] = {
    {"is_paused", IS("boolean"), .doc = "generation stands still"},
    {0},
};
const struct field *const answer_is_paused[] = {is_paused_rows, NULL};

static const struct field is_sleeping_rows[] = {
    {"is_sleeping", IS("boolean"), .doc = "by /sleep"},
    {0},
};
const struct field *const answer_is_sleeping[] = {is_sleeping_rows, NULL};

/* ---- SGLang ---- */

static const struct field finish_rows[] = {
    {"type", IS("string"), .doc = "stop, length, abort"},
    {"length", MAY("integer"), .doc = "the bound that was reached"},
    {"matched", MAY("string|integer"), .doc = "the stop text or token"},
    {"message", MAY("string"), .doc = "why it was aborted"},
    {0},
};
static const struct field *const finish[] = {finish_rows, NULL};
static const struct field meta_rows[] = {
    {"id", IS("string"), .doc = "of the request"},
    {"finish_reason", IS("object|null"), .members = finish, .doc = "null: it goes on"},
    {"prompt_tokens", IS("integer"), .doc = "of the prompt"},
    {"completion_tokens", IS("integer"), .doc = "of the sample, so far"},
    {"cached_tokens", IS("integer"), .doc = "prompt tokens that were not computed again"},
    {"reasoning_tokens", IS("integer"), .doc = "tokens of the thoughts, so far"},
    {"num_retractions", IS("integer"), .doc = "0"},
    {"e2e_latency", IS("number"), .doc = "seconds since the request came"},
    {"output_token_logprobs", MAY("array[]"),
     .doc = "[log-probability, id, text or null] of each token"},
    {"output_top_logprobs", MAY("array[]"), .doc = "of each token a list of such"},
    {"input_token_logprobs", MAY("array[]"), .doc = "of the prompt, from logprob_start_len on"},
    {"input_top_logprobs", MAY("array[]"), .doc = "of each of these a list of such"},
    {"output_token_sampling_mask", MAY("array"),
     .doc = "of each token the ids that it was drawn from, or null: it is not told"},
    {"top_p_token_ids", MAY("string"),
     .doc = "the same as slime has it: base64 of int32, all together"},
    {"top_p_token_offsets", MAY("string"), .doc = "base64 of int32: where each token's begin"},
    {"routed_experts", MAY("string|null"), .doc = "base64 of int32 [tokens, layers, experts]"},
    {"routed_experts_start_len", MAY("integer"), .doc = "the token that these begin with"},
    {"output_token_sampling_logprobs", MAY("array"), .doc = "of each token, among these"},
    {0},
};
static const struct field *const meta[] = {meta_rows, answer_version_rows, NULL};
static const struct field sglang_rows[] = {
    {"text", IS("string"), .doc = "the sample, in a stream all of it so far"},
    {"output_ids", IS("integer[]"), .doc = "its ids"},
    {"meta_info", IS("object"), .members = meta, .doc = "what there is to say of it"},
    {"prompt_token_ids", MAY("integer[]"), .doc = "where return_prompt_token_ids asks"},
    {0},
};
static const struct field index_row[] = {
    {"index", MAY("integer"), .doc = "of the sample, where there are several"},
    {0},
};
const struct field *const answer_sglang_generate[] = {sglang_rows, NULL};
const struct field *const answer_sglang_chunk[] = {sglang_rows, index_row, NULL};

static const struct field model_info_rows[] = {
    {"model_path", IS("string"), .doc = "of its file or folder"},
    {"tokenizer_path", IS("string"), .doc = "the same"},
    {"is_generation", IS("boolean"), .doc = "true"},
    {"model_type", IS("string"), .doc = "its architecture"},
    {"weight_version", IS("string"), .doc = "what the weights are called"},
    {"max_model_len", IS("integer"), .doc = "tokens of the context"},
    {0},
};
const struct field *const answer_model_info[] = {model_info_rows, NULL};

static const struct field state_rows[] = {
    {"running", IS("integer"), .doc = "samples that are decoded"},
    {"waiting", IS("integer"), .doc = "samples that wait"},
    {"paused", IS("boolean"), .doc = "generation stands still"},
    {0},
};
static const struct field *const state[] = {state_rows, NULL};
static const struct field server_rows[] = {
    {"model_path", IS("string"), .doc = "of its file or folder"},
    {"tokenizer_path", IS("string"), .doc = "the same"},
    {"served_model_name", IS("string"), .doc = "what requests name"},
    {"host", IS("string|null"), .doc = "the address"},
    {"port", IS("integer"), .doc = "the port"},
    {"tp_size", IS("integer"), .doc = "1"},
    {"dp_size", IS("integer"), .doc = "1"},
    {"pp_size", IS("integer"), .doc = "1"},
    {"num_gpus", IS("integer"), .doc = "0"},
    {"disaggregation_mode", IS("string"), .doc = "the word null"},
    {"encoder_only", IS("boolean"), .doc = "false"},
    {"enable_memory_saver", IS("boolean"), .doc = "false"},
    {"enable_return_routed_experts", IS("boolean"), .doc = "the model has experts"},
    {"dtype", IS("string"), .doc = "the commonest type of its tensors"},
    {"context_length", IS("integer"), .doc = "tokens of the context"},
    {"max_total_num_tokens", IS("integer"), .doc = "room in the cache"},
    {"weight_version", IS("string"), .doc = "what the weights are called"},
    {"version", IS("string"), .doc = "the program's"},
    {"internal_states", IS("object[]"), .members = state, .doc = "the one process"},
    {0},
};
const struct field *const answer_server_info[] = {server_rows, NULL};

static const struct field engine_rows[] = {
    {"architecture", IS("string"), .doc = "the model's"},
    {"kernels", IS("string"), .doc = "the instruction set that computes"},
    {"threads", IS("integer"), .doc = "that compute"},
    {"parameters", IS("integer"), .doc = "the model's"},
    {"weight_bytes", IS("integer"), .doc = "of its tensors"},
    {"kv_cache_bytes", IS("integer"), .doc = "of the cache of keys and values"},
    {"max_sequences", IS("integer"), .doc = "samples at work at once"},
    {"load_seconds", IS("number"), .doc = "that the load took"},
    {0},
};
static const struct field *const engine[] = {engine_rows, NULL};
static const struct field config_row[] = {
    {"vllm_config", IS("object"),
     .doc = "model_config, lora_config, weight_transfer_config, parallel_config"},
    {"engine", IS("object"), .members = engine,
     .doc = "what computes here, and in how much memory"},
    {"settings", MAY("object[]"), .doc = "name, value and source of each; to keys of scope admin"},
    {0},
};
const struct field *const answer_vllm_info[] = {config_row, server_rows, NULL};

static const struct field load_rows[] = {
    {"dp_rank", IS("integer"), .doc = "0"},
    {"num_running_reqs", IS("integer"), .doc = "samples that are decoded"},
    {"num_waiting_reqs", IS("integer"), .doc = "samples that wait"},
    {"num_total_reqs", IS("integer"), .doc = "both"},
    {"num_used_tokens", IS("integer"), .doc = "room in the cache that they have taken"},
    {"max_total_num_tokens", IS("integer"), .doc = "room in the cache"},
    {"token_usage", IS("number"), .doc = "its taken share"},
    {"max_running_requests", IS("integer"), .doc = "samples decoded in one batch"},
    {0},
};
static const struct field *const load[] = {load_rows, NULL};
static const struct field together_rows[] = {
    {"total_running_reqs", IS("integer"), .doc = "samples that are decoded"},
    {"total_waiting_reqs", IS("integer"), .doc = "samples that wait"},
    {"total_reqs", IS("integer"), .doc = "both"},
    {"total_used_tokens", IS("integer"), .doc = "room in the cache that they have taken"},
    {"avg_token_usage", IS("number"), .doc = "its taken share"},
    {0},
};
static const struct field *const together[] = {together_rows, NULL};
static const struct field loads_rows[] = {
    {"timestamp", IS("integer"), .doc = "unix seconds"},
    {"version", IS("string"), .doc = "the program's"},
    {"dp_rank_count", IS("integer"), .doc = "1"},
    {"loads", IS("object[]"), .members = load, .doc = "the one process"},
    {"aggregate", IS("object"), .members = together, .doc = "the same"},
    {0},
};
const struct field *const answer_loads[] = {loads_rows, NULL};

/* ---- TRL ---- */

static const struct field trl_rows[] = {
    {"prompt_ids", IS("array[]"), .doc = "of each prompt its ids"},
    {"completion_ids", IS("array[]"), .doc = "of each sample its ids"},
    {"logprobs", IS("array[]|null"), .doc = "of each token the log-probabilities, its own first"},
    {"logprob_token_ids", IS("array[]|null"), .doc = "the ids that these are of"},
    {0},
};
const struct field *const answer_trl_generate[] = {trl_rows, answer_version_rows, NULL};

static const struct field trl_logprobs_rows[] = {
    {"logprobs", MAY("array[]"), .doc = "of each token after the prompt those of the best"},
    {"logprob_token_ids", MAY("array[]"), .doc = "the ids that these are of"},
    {"logprobs_b64", MAY("string"), .doc = "binary: the same as base64 of float32"},
    {"token_ids_b64", MAY("string"), .doc = "binary: base64 of int32"},
    {"actual_logprobs_b64", MAY("string"), .doc = "binary: those of the tokens themselves"},
    {"actual_token_ids_b64", MAY("string"), .doc = "binary: the tokens themselves"},
    {"shape", MAY("integer[]"), .doc = "binary: sequences, longest completion, alternatives"},
    {"completion_lengths", MAY("integer[]"), .doc = "binary: tokens after each prompt"},
    {0},
};
const struct field *const answer_trl_logprobs[] = {trl_logprobs_rows, NULL};

/* ---- what trainers read of the server ---- */

static const struct field world_rows[] = {
    {"world_size", IS("integer"), .doc = "1"},
    {0},
};
const struct field *const answer_world_size[] = {world_rows, NULL};

static const struct field tokenizer_rows[] = {
    {"tokenizer_class", IS("string"), .doc = "as transformers would call it"},
    {"name_or_path", IS("string"), .doc = "the served model"},
    {"vocab_size", IS("integer"), .doc = "ids that it knows"},
    {"model_max_length", IS("integer"), .doc = "tokens of the context"},
    {"bos_token", IS("string|null"), .doc = "the text of the token at the beginning"},
    {"eos_token", IS("string|null"), .doc = "the text of the token at the end"},
    {"pad_token", IS("string|null"), .doc = "the same"},
    {"chat_template", IS("string|null"), .doc = "in Jinja"},
    {0},
};
const struct field *const answer_tokenizer_info[] = {tokenizer_rows, NULL};

static const struct field server_load_rows[] = {
    {"server_load", IS("integer"), .doc = "requests at work"},
    {0},
};
const struct field *const answer_load[] = {server_load_rows, NULL};

static const struct field old_load_rows[] = {
    {"dp_rank", IS("integer"), .doc = "0"},
    {"num_reqs", IS("integer"), .doc = "samples that are decoded or wait"},
    {"num_waiting_reqs", IS("integer"), .doc = "those that wait"},
    {"num_tokens", IS("integer"), .doc = "room in the cache that they have taken"},
    {0},
};
const struct field *const answer_old_load[] = {old_load_rows, NULL};
