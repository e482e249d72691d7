/* server/answers/agents.c - Responses, Anthropic's, Ollama's and llama-server's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/answers/answers.h"

#include "server/answers/rows.h"

/* ---- OpenAI's Responses ---- */

static const struct field part_rows[] = {
    {"type", IS("string"), .doc = "output_text or reasoning_text"},
    {"text", IS("string"), .doc = "the text"},
    {"annotations", MAY("array"), .doc = "none here"},
    {"logprobs", MAY("object[]"), .members = answer_token_logprob, .doc = "where include asks"},
    {0},
};
static const struct field *const part[] = {part_rows, NULL};
static const struct field item_rows[] = {
    {"id", IS("string"), .doc = "of the item"},
    {"type", IS("string"), .doc = "message, reasoning or function_call"},
    {"status", IS("string"), .doc = "completed or incomplete"},
    {"role", MAY("string"), .doc = "a message's: assistant"},
    {"content", MAY("object[]"), .members = part, .doc = "a message's and the thoughts'"},
    {"summary", MAY("array"), .doc = "of thoughts: none here"},
    {"call_id", MAY("string"), .doc = "of a call"},
    {"name", MAY("string"), .doc = "the tool's"},
    {"arguments", MAY("string"), .doc = "a JSON text"},
    {0},
};
static const struct field *const item[] = {item_rows, NULL};
static const struct field details_in_rows[] = {
    {"cached_tokens", IS("integer"), .doc = "that were not computed again"},
    {"cache_write_tokens", IS("integer"), .doc = "0"},
    {0},
};
static const struct field *const details_in[] = {details_in_rows, NULL};
static const struct field details_out_rows[] = {
    {"reasoning_tokens", IS("integer"), .doc = "of the thoughts"},
    {0},
};
static const struct field *const details_out[] = {details_out_rows, NULL};
static const struct field usage_rows[] = {
    {"input_tokens", IS("integer"), .doc = "of the prompt"},
    {"input_tokens_details", IS("object"), .members = details_in, .doc = "of the prompt"},
    {"output_tokens", IS("integer"), .doc = "of the reply"},
    {"output_tokens_details", IS("object"), .members = details_out, .doc = "of the reply"},
    {"total_tokens", IS("integer"), .doc = "both"},
    {0},
};
static const struct field *const usage[] = {usage_rows, NULL};
static const struct field response_rows[] = {
    {"id", IS("string"), .doc = "previous_response_id takes it"},
    {"object", IS("string"), .doc = "response"},
    {"created_at", IS("integer"), .doc = "unix seconds"},
    {"model", IS("string"), .doc = "the served model, or the adapter that was named"},
    {"status", IS("string"), .doc = "completed or incomplete"},
    {"error", IS("null"), .doc = "none"},
    {"incomplete_details", IS("object|null"), .doc = "the reason"},
    {"output", IS("object[]"), .members = item, .doc = "what the model said"},
    {"usage", IS("object|null"), .members = usage, .doc = "tokens"},
    {0},
};
static const struct field echoed_rows[] = {
    {"background", IS("boolean"), .doc = "false"},
    {"instructions", IS("string|null"), .doc = "the request's"},
    {"max_output_tokens", IS("integer|null"), .doc = "the request's"},
    {"max_tool_calls", IS("null"), .doc = "none here"},
    {"parallel_tool_calls", IS("boolean"), .doc = "the request's"},
    {"previous_response_id", IS("string|null"), .doc = "the request's"},
    {"reasoning", IS("object"), .doc = "the request's"},
    {"service_tier", IS("string"), .doc = "default"},
    {"store", IS("boolean"), .doc = "it is kept"},
    {"temperature", IS("number"), .doc = "that was used"},
    {"text", IS("object"), .doc = "the request's"},
    {"tool_choice", IS("string|object"), .doc = "the request's"},
    {"tools", IS("object[]"), .doc = "the request's"},
    {"top_logprobs", IS("integer"), .doc = "the request's"},
    {"top_p", IS("number"), .doc = "that was used"},
    {"truncation", IS("string"), .doc = "auto or disabled"},
    {"user", IS("string|null"), .doc = "the request's"},
    {"metadata", IS("object"), .doc = "the request's"},
    {0},
};
const struct field *const answer_response[] = {response_rows, echoed_rows, answer_version_rows,
                                               NULL};

static const struct field response_event_rows[] = {
    {"type", IS("string"), .doc = "response.output_text.delta and the others"},
    {"sequence_number", IS("integer"), .doc = "of the event"},
    {"response", MAY("object"), .members = answer_response,
     .doc = "at the beginning and the end: the reply so far"},
    {"output_index", MAY("integer"), .doc = "of the item in output"},
    {"item", MAY("object"), .members = item, .doc = "that begins or is done"},
    {"item_id", MAY("string"), .doc = "of the item"},
    {"content_index", MAY("integer"), .doc = "0"},
    {"part", MAY("object"), .members = part, .doc = "that begins or is done"},
    {"delta", MAY("string"), .doc = "what is new of the text or of the arguments"},
    {"text", MAY("string"), .doc = "the whole text, when it is done"},
    {"name", MAY("string"), .doc = "the tool's, when its call is done"},
    {"arguments", MAY("string"), .doc = "all of them, when the call is done"},
    {"logprobs", MAY("object[]"), .members = answer_token_logprob,
     .doc = "where include asks, when the text is done"},
    {0},
};
const struct field *const answer_response_event[] = {response_event_rows, NULL};

/* ---- Anthropic's Messages ---- */

static const struct field block_rows[] = {
    {"type", IS("string"), .doc = "text, thinking or tool_use"},
    {"text", MAY("string"), .doc = "the answer"},
    {"citations", MAY("null"), .doc = "none here"},
    {"thinking", MAY("string"), .doc = "the thoughts"},
    {"signature", MAY("string"), .doc = "a checksum that nobody checks"},
    {"id", MAY("string"), .doc = "of a call"},
    {"name", MAY("string"), .doc = "the tool's"},
    {"input", MAY("object"), .doc = "its arguments"},
    {0},
};
static const struct field *const block[] = {block_rows, NULL};
static const struct field thinking_rows[] = {
    {"thinking_tokens", IS("integer"), .doc = "of the thoughts"},
    {0},
};
static const struct field *const thinking[] = {thinking_rows, NULL};
static const struct field message_usage_rows[] = {
    {"input_tokens", IS("integer"), .doc = "prompt tokens that were computed"},
    {"cache_creation_input_tokens", IS("integer"), .doc = "0"},
    {"cache_read_input_tokens", IS("integer"), .doc = "prompt tokens from the cache"},
    {"output_tokens", IS("integer"), .doc = "of the reply"},
    {"output_tokens_details", IS("object"), .members = thinking, .doc = "of the reply"},
    {"service_tier", IS("string"), .doc = "standard"},
    {0},
};
static const struct field *const message_usage[] = {message_usage_rows, NULL};
static const struct field message_rows[] = {
    {"id", IS("string"), .doc = "of the message"},
    {"type", IS("string"), .doc = "message"},
    {"role", IS("string"), .doc = "assistant"},
    {"model", IS("string"), .doc = "the served model, or the adapter that was named"},
    {"content", IS("object[]"), .members = block, .doc = "what the model said"},
    {"stop_reason", IS("string|null"), .doc = "end_turn, max_tokens, stop_sequence, tool_use"},
    {"stop_sequence", IS("string|null"), .doc = "the one that came"},
    {"stop_details", IS("null"), .doc = "none here"},
    {"usage", IS("object"), .members = message_usage, .doc = "tokens"},
    {0},
};
static const struct field container_row[] = {
    {"container", IS("null"), .doc = "none here"},
    {0},
};
const struct field *const answer_message[] = {message_rows, container_row, answer_version_rows,
                                              NULL};

static const struct field *const begun[] = {message_rows, NULL};
static const struct field change_rows[] = {
    {"type", MAY("string"), .doc = "text_delta, thinking_delta, signature_delta, input_json_delta"},
    {"text", MAY("string"), .doc = "more of the answer"},
    {"thinking", MAY("string"), .doc = "more of the thoughts"},
    {"signature", MAY("string"), .doc = "theirs"},
    {"partial_json", MAY("string"), .doc = "more of a call's arguments"},
    {"stop_reason", MAY("string|null"), .doc = "the message's"},
    {"stop_sequence", MAY("string|null"), .doc = "the message's"},
    {"stop_details", MAY("null"), .doc = "none here"},
    {0},
};
static const struct field *const change[] = {change_rows, NULL};
static const struct field message_event_rows[] = {
    {"type", IS("string"), .doc = "message_start, content_block_delta and the others"},
    {"message", MAY("object"), .members = begun, .doc = "at the beginning, without content"},
    {"index", MAY("integer"), .doc = "of the block"},
    {"content_block", MAY("object"), .members = block, .doc = "that begins"},
    {"delta", MAY("object"), .members = change,
     .doc = "what is new of the block, or of the message"},
    {"usage", MAY("object"), .members = message_usage, .doc = "tokens, at the end"},
    {0},
};
const struct field *const answer_message_event[] = {message_event_rows, answer_version_rows, NULL};

static const struct field count_rows[] = {
    {"input_tokens", IS("integer"), .doc = "of the prompt"},
    {0},
};
const struct field *const answer_count_tokens[] = {count_rows, NULL};

/* ---- Ollama ---- */

static const struct field ollama_head_rows[] = {
    {"model", IS("string"), .doc = "the served model, or the adapter that was named"},
    {"created_at", IS("string"), .doc = "RFC 3339"},
    {"done", IS("boolean"), .doc = "this is the last line"},
    {0},
};
static const struct field ollama_end_rows[] = {
    {"done_reason", MAY("string"), .doc = "stop or length"},
    {"total_duration", MAY("integer"), .doc = "nanoseconds"},
    {"load_duration", MAY("integer"), .doc = "0: it is loaded"},
    {"prompt_eval_count", MAY("integer"), .doc = "tokens of the prompt"},
    {"prompt_eval_duration", MAY("integer"), .doc = "nanoseconds"},
    {"eval_count", MAY("integer"), .doc = "tokens of the reply"},
    {"eval_duration", MAY("integer"), .doc = "nanoseconds"},
    {0},
};
static const struct field said_rows[] = {
    {"role", IS("string"), .doc = "assistant"},
    {"content", IS("string"), .doc = "what is new of the answer"},
    {"thinking", MAY("string"), .doc = "what is new of the thoughts"},
    {"tool_calls", MAY("object[]"), .doc = "calls of tools"},
    {0},
};
static const struct field *const said[] = {said_rows, NULL};
static const struct field chat_row[] = {
    {"message", IS("object"), .members = said, .doc = "what is new"},
    {0},
};
static const struct field generate_rows[] = {
    {"response", IS("string"), .doc = "what is new of the answer"},
    {"thinking", MAY("string"), .doc = "what is new of the thoughts"},
    {0},
};
const struct field *const answer_ollama_chat[] = {ollama_head_rows, chat_row, ollama_end_rows,
                                                  answer_version_rows, NULL};
const struct field *const answer_ollama_generate[] = {ollama_head_rows, generate_rows,
                                                      ollama_end_rows, answer_version_rows, NULL};

static const struct field facts_rows[] = {
    {"parent_model", IS("string"), .doc = "none here"},
    {"format", IS("string"), .doc = "gguf"},
    {"family", IS("string"), .doc = "its architecture"},
    {"families", IS("string[]"), .doc = "the same"},
    {"parameter_size", IS("string"), .doc = "8.0B"},
    {"quantization_level", IS("string"), .doc = "the commonest type of its tensors"},
    {0},
};
static const struct field *const facts[] = {facts_rows, NULL};
static const struct field tag_rows[] = {
    {"name", IS("string"), .doc = "with its tag"},
    {"model", IS("string"), .doc = "the same"},
    {"size", IS("integer"), .doc = "bytes of its tensors"},
    {"digest", IS("string"), .doc = "of what it is"},
    {"details", IS("object"), .members = facts, .doc = "what it is"},
    {"modified_at", MAY("string"), .doc = "RFC 3339, of its file"},
    {"expires_at", MAY("string"), .doc = "never"},
    {"size_vram", MAY("integer"), .doc = "0"},
    {"context_length", MAY("integer"), .doc = "tokens of the context"},
    {0},
};
static const struct field *const tag[] = {tag_rows, NULL};
static const struct field tags_rows[] = {
    {"models", IS("object[]"), .members = tag, .doc = "the served one"},
    {0},
};
const struct field *const answer_ollama_tags[] = {tags_rows, NULL};

static const struct field embed_rows[] = {
    {"model", IS("string"), .doc = "the served model"},
    {"embeddings", IS("array[]"), .doc = "one for each input"},
    {"total_duration", IS("integer"), .doc = "nanoseconds"},
    {"load_duration", IS("integer"), .doc = "0: it is loaded"},
    {"prompt_eval_count", IS("integer"), .doc = "tokens of all inputs"},
    {0},
};
const struct field *const answer_ollama_embed[] = {embed_rows, NULL};

static const struct field embedding_rows[] = {
    {"embedding", IS("number[]"), .doc = "of the prompt"},
    {0},
};
const struct field *const answer_ollama_embedding[] = {embedding_rows, NULL};

static const struct field version_rows[] = {
    {"version", IS("string"), .doc = "the program's"},
    {0},
};
const struct field *const answer_program[] = {version_rows, NULL};

/* ---- llama-server ---- */

static const struct field llama_rows[] = {
    {"index", IS("integer"), .doc = "of the sample"},
    {"content", IS("string"), .doc = "the sample, or what is new of it"},
    {"tokens", IS("integer[]"), .doc = "its ids, in a stream or where return_tokens asks"},
    {"stop", IS("boolean"), .doc = "this is all"},
    {"completion_probabilities", MAY("object[]"), .doc = "of each token, where n_probs asks"},
    {0},
};
static const struct field llama_end_rows[] = {
    {"id_slot", IS("integer"), .doc = "0"},
    {"model", IS("string"), .doc = "the served model"},
    {"tokens_predicted", IS("integer"), .doc = "of the sample"},
    {"tokens_evaluated", IS("integer"), .doc = "of the prompt"},
    {"tokens_cached", IS("integer"), .doc = "of both, in the cache"},
    {"generation_settings", IS("object"), .doc = "as they were used"},
    {"prompt", IS("string"), .doc = "as the model had it"},
    {"has_new_line", IS("boolean"), .doc = "the sample has one"},
    {"truncated", IS("boolean"), .doc = "the prompt was cut"},
    {"stop_type", IS("string"), .doc = "eos, limit, word, none"},
    {"stopping_word", IS("string"), .doc = "the stop text"},
    {"timings", IS("object"), .members = answer_timings, .doc = "how long it took"},
    {0},
};
static const struct field llama_last_rows[] = {
    {"id_slot", MAY("integer"), .doc = "0"},
    {"model", MAY("string"), .doc = "the served model"},
    {"tokens_predicted", MAY("integer"), .doc = "of the sample"},
    {"tokens_evaluated", MAY("integer"), .doc = "of the prompt"},
    {"tokens_cached", MAY("integer"), .doc = "of both, in the cache"},
    {"generation_settings", MAY("object"), .doc = "as they were used"},
    {"prompt", MAY("string"), .doc = "as the model had it"},
    {"has_new_line", MAY("boolean"), .doc = "the sample has one"},
    {"truncated", MAY("boolean"), .doc = "the prompt was cut"},
    {"stop_type", MAY("string"), .doc = "eos, limit, word, none"},
    {"stopping_word", MAY("string"), .doc = "the stop text"},
    {"timings", MAY("object"), .members = answer_timings, .doc = "how long it took"},
    {0},
};
const struct field *const answer_llama[] = {llama_rows, llama_end_rows, answer_version_rows, NULL};
const struct field *const answer_llama_chunk[] = {llama_rows, llama_last_rows, answer_version_rows,
                                                  NULL};

static const struct field template_rows[] = {
    {"prompt", IS("string"), .doc = "the messages as the template writes them"},
    {0},
};
const struct field *const answer_template[] = {template_rows, NULL};

/* ---- llama-server: what it tells of itself ---- */

static const struct field defaults_rows[] = {
    {"n_ctx", IS("integer"), .doc = "tokens of the context"},
    {"params", IS("object"), .doc = "of a request that says nothing"},
    {0},
};
static const struct field *const defaults[] = {defaults_rows, NULL};
static const struct field modalities_rows[] = {
    {"vision", IS("boolean"), .doc = "false"},
    {"audio", IS("boolean"), .doc = "false"},
    {0},
};
static const struct field *const modalities[] = {modalities_rows, NULL};
static const struct field props_rows[] = {
    {"default_generation_settings", IS("object"), .members = defaults, .doc = "of a request"},
    {"sampling_defaults", IS("object"), .doc = "the model's own and the settings', by name"},
    {"total_slots", IS("integer"), .doc = "samples at work at once"},
    {"model_alias", IS("string"), .doc = "the served model"},
    {"model_path", IS("string"), .doc = "where it was read"},
    {"modalities", IS("object"), .members = modalities, .doc = "beside text"},
    {"build_info", IS("string"), .doc = "the program and its version"},
    {"chat_template", MAY("string"), .doc = "in Jinja"},
    {"bos_token", IS("string"), .doc = "the text of the token at the beginning"},
    {"eos_token", IS("string"), .doc = "the text of the token at the end"},
    {"is_sleeping", IS("boolean"), .doc = "generation stands still"},
    {0},
};
const struct field *const answer_props[] = {props_rows, NULL};

static const struct field slot_rows[] = {
    {"id", IS("integer"), .doc = "of the place"},
    {"n_ctx", IS("integer"), .doc = "tokens of the context"},
    {"speculative", IS("boolean"), .doc = "false"},
    {"is_processing", IS("boolean"), .doc = "a sample is decoded"},
    {0},
};
const struct field *const answer_slot[] = {slot_rows, NULL};

/* ---- Responses and Ollama: what was kept, and the model ---- */

static const struct field deleted_rows[] = {
    {"id", IS("string"), .doc = "of the response"},
    {"object", IS("string"), .doc = "response"},
    {"deleted", IS("boolean"), .doc = "it is gone"},
    {0},
};
const struct field *const answer_response_deleted[] = {deleted_rows, NULL};

static const struct field show_rows[] = {
    {"modelfile", IS("string"), .doc = "empty"},
    {"parameters", IS("string"), .doc = "empty"},
    {"template", IS("string"), .doc = "in Jinja"},
    {"details", IS("object"), .members = facts, .doc = "of the model"},
    {"model_info", IS("object"), .doc = "architecture, parameters, context"},
    {"capabilities", IS("string[]"), .doc = "completion, tools, thinking"},
    {"modified_at", IS("string"), .doc = "when the file was written"},
    {0},
};
const struct field *const answer_ollama_show[] = {show_rows, NULL};
