/* server/generate/logprobs.h - log-probabilities as clients read them: OpenAI's completion and chat forms,
 * vLLM's prompt_logprobs.
 *
 * A token is shown by its text. One whose bytes are not whole characters is shown as OpenAI shows
 * it, "bytes:\xe2\x80", so that two such tokens stay apart; with `as_ids` every token is
 * "token_id:N".
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_LOGPROBS_H
#define SERVER_GENERATE_LOGPROBS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "engine/engine.h"

struct choice;
struct generation;

/* Characters that a token begins: its bytes that are no continuation bytes. */
size_t logprobs_token_chars(const struct engine *e, int id);

/* "logprobs": {tokens, token_logprobs, top_logprobs, text_offset} of the choice's pending
 * records. With a prompt (NULL: none) its tokens come first; g->probs may be missing, then they
 * have no probabilities. */
void logprobs_emit_completion(const struct engine *e, const struct choice *choice,
                              const struct generation *prompt, bool as_ids, struct buffer *out);

/* "logprobs": {content: [{token, logprob, bytes, top_logprobs}]}, chat's form. */
void logprobs_emit_chat(const struct engine *e, const struct choice *choice, bool as_ids,
                        struct buffer *out);
/* The same of a route of ids: tokens are "token_id:N", with token_id and rank beside; a token without
 * alternatives is its own. */
void logprobs_emit_chat_ids(const struct engine *e, const struct choice *choice,
                            struct buffer *out);

/* "logprobs": [{token, logprob, bytes, top_logprobs}] of the tokens behind the thoughts, of which none
 * was dropped: the form of OpenAI's Responses. */
void logprobs_emit_answer(const struct engine *e, const struct choice *choice, struct buffer *out);

/* "prompt_logprobs": [null, {"id": {logprob, rank, decoded_token}, ...}, ...], or null when there
 * are none; "refused_at": the position from which on a form refuses the prompt, if it does. */
void logprobs_emit_prompt(const struct engine *e, const struct generation *g, struct buffer *out);

/* key: [ids] */
void logprobs_emit_ids(const char *key, const int *ids, size_t n, struct buffer *out);
/* "token_ids": of the pending records */
void logprobs_emit_token_ids(const struct choice *choice, struct buffer *out);

#endif
