/* server/answers/anthropic.c - Anthropic's Messages: the reply, its events, and counts of tokens.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/answers/answers.h"

#include "server/answers/rows.h"

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
