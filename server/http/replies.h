/* server/http/replies.h - short replies that many routes give: of one member, that something was done, and the
 * refusal of a route.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_REPLIES_H
#define SERVER_HTTP_REPLIES_H

#include <stdbool.h>
#include <stdint.h>

struct buffer;
struct exchange;

/* 200 and {key: value}. */
void reply_str(struct exchange *x, const char *key, const char *value);
/* The same with a whole number. */
void reply_int(struct exchange *x, const char *key, int64_t value);
/* The same with true or false. */
void reply_bool(struct exchange *x, const char *key, bool value);

/* "success": true, "status": "ok" and the message, which clients of SGLang and vLLM look at: into an
 * object that has more. */
void reply_emit_success(struct buffer *out, const char *message);
/* 200 and these alone. */
void reply_success(struct exchange *x, const char *message);

/* A route of another server's that is known here and not offered: 501 that says so. */
void reply_not_offered(struct exchange *x);

#endif
