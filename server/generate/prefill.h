/* server/generate/prefill.h - a chat that ends with the assistant's words, where the operator wants it gone on with.
 *
 * OpenAI and vLLM let an answer follow an answer unless the request says continue_final_message; llama-server
 * goes on with the last one unasked. The setting prefill-assistant chooses the latter.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_PREFILL_H
#define SERVER_GENERATE_PREFILL_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/error.h"

struct conversation;
struct server_options;

/* After the fields of body were read into c: go on with the last message where o asks for it, it is the
 * assistant's, has text, and body itself says nothing of how the prompt ends. False and *err where the message
 * before it is the assistant's as well: two answers cannot both be the one that goes on. */
bool prefill_apply(struct conversation *c, const struct server_options *o, const cJSON *body,
                   struct error *err);

#endif
