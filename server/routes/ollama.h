/* server/routes/ollama.h - what the files of Ollama's routes share.
 *
 * Source: ollama/ollama:docs/api.md, api/types.go.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROUTES_OLLAMA_H
#define SERVER_ROUTES_OLLAMA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/span.h"
#include "engine/engine.h"

struct server;

/* "2026-11-29T12:34:56.789Z" */
void ollama_emit_time(struct buffer *out, const char *key, int64_t unix_ns);

/* name without ":latest": for Ollama a model without a tag has that one. */
struct span ollama_model_name(struct span name);

#endif
