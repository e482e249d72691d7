/* server/answers/responses.c - OpenAI's Responses: the reply, its events, and that it was forgotten.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/answers/answers.h"

#include "server/answers/rows.h"

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

/* ---- what was kept ---- */

static const struct field deleted_rows[] = {
    {"id", IS("string"), .doc = "of the response"},
    {"object", IS("string"), .doc = "response"},
    {"deleted", IS("boolean"), .doc = "it is gone"},
    {0},
};
const struct field *const answer_response_deleted[] = {deleted_rows, NULL};
