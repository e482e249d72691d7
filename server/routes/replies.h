/* server/routes/replies.h - replies of one member, which many small routes give, and the refusal of a route.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROUTES_REPLIES_H
#define SERVER_ROUTES_REPLIES_H

#include <stdbool.h>
#include <stdint.h>

struct exchange;

/* 200 and {key: value}. */
void reply_str(struct exchange *x, const char *key, const char *value);
/* The same with a whole number. */
void reply_int(struct exchange *x, const char *key, int64_t value);
/* The same with true or false. */
void reply_bool(struct exchange *x, const char *key, bool value);

/* A route of another server's that is known here and not offered: 501 that says so. */
void reply_not_offered(struct exchange *x);

#endif
