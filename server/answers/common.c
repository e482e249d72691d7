/* server/answers/common.c - see answers.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/answers/answers.h"

#include "server/answers/rows.h"

/* ---- tokens ---- */

static const struct field cached_rows[] = {
    {"cached_tokens", IS("integer"), .doc = "prompt tokens that were not computed again"},
    {0},
};
static const struct field *const cached[] = {cached_rows, NULL};

static const struct field thought_rows[] = {
    {"reasoning_tokens", IS("integer"), .doc = "tokens of the thoughts"},
    {0},
};
static const struct field *const thought[] = {thought_rows, NULL};

static const struct field usage_rows[] = {
    {"prompt_tokens", IS("integer"), .doc = "tokens of all prompts"},
    {"completion_tokens", IS("integer"), .doc = "tokens of all samples"},
    {"total_tokens", IS("integer"), .doc = "both"},
    {"prompt_tokens_details", IS("object"), .members = cached, .doc = "of the prompts"},
    {"completion_tokens_details", IS("object"), .members = thought, .doc = "of the samples"},
    {0},
};
const struct field *const answer_usage[] = {usage_rows, NULL};

static const struct field timings_rows[] = {
    {"cache_n", IS("integer"), .doc = "prompt tokens from the cache"},
    {"prompt_n", IS("integer"), .doc = "prompt tokens that were computed"},
    {"prompt_ms", IS("number"), .doc = "from the engine taking the prompt to the first token"},
    {"prompt_per_token_ms", IS("number|null"), .doc = "the same, a token"},
    {"prompt_per_second", IS("number|null"), .doc = "prompt tokens a second"},
    {"predicted_n", IS("integer"), .doc = "tokens of the sample"},
    {"predicted_ms", IS("number"), .doc = "from its first token to its last"},
    {"predicted_per_token_ms", IS("number|null"), .doc = "the same, a token"},
    {"predicted_per_second", IS("number|null"), .doc = "tokens a second"},
    {0},
};
const struct field *const answer_timings[] = {timings_rows, NULL};

/* ---- weights ---- */

static const struct field span_rows[] = {
    {"version", IS("string"), .doc = "what the weights are called"},
    {"start", IS("integer"), .doc = "the first token that they computed"},
    {"end", IS("integer"), .doc = "one past their last"},
    {0},
};
static const struct field *const span[] = {span_rows, NULL};

const struct field answer_version_rows[] = {
    {"weight_version", MAY("string|null"), .doc = "the weights that computed it; null: none did"},
    {"weight_versions", MAY("object[]"), .members = span,
     .doc = "in its place where several did, or where they were asked for"},
    {0},
};

/* ---- log-probabilities ---- */

static const struct field top_rows[] = {
    {"token", IS("string"), .doc = "its text"},
    {"logprob", IS("number|null"), .doc = "its log-probability; null: minus infinity"},
    {"bytes", IS("integer[]|null"), .doc = "its bytes"},
    {0},
};
static const struct field *const top[] = {top_rows, NULL};

static const struct field alternatives_rows[] = {
    {"top_logprobs", IS("object[]"), .members = top, .doc = "the best ones in its place"},
    {0},
};
const struct field *const answer_token_logprob[] = {top_rows, alternatives_rows, NULL};

static const struct field content_rows[] = {
    {"content", IS("object[]|null"), .members = answer_token_logprob, .doc = "each token"},
    {0},
};
const struct field *const answer_chat_logprobs[] = {content_rows, NULL};

/* ---- small ones ---- */

static const struct field status_rows[] = {
    {"status", IS("string"), .doc = "what is so now"},
    {0},
};
const struct field *const answer_status[] = {status_rows, NULL};

static const struct field success_rows[] = {
    {"success", IS("boolean"), .doc = "it is done"},
    {0},
};
const struct field *const answer_success[] = {success_rows, NULL};
