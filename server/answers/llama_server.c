/* server/answers/llama_server.c - llama-server's: completions, and what it tells of itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/answers/answers.h"

#include "server/answers/rows.h"

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

/* ---- what it tells of itself ---- */

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
