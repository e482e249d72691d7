/* server/http/query.h - the arguments behind a path's question mark, held against what its route knows.
 *
 * They are fields of a request as a body's are, and the same rule holds for those that nobody knows:
 * noted by name on other servers' routes, refused on our own and where the operator wants it so
 * (exchange_unknown()).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_QUERY_H
#define SERVER_HTTP_QUERY_H

#include <stdbool.h>

struct error;
struct exchange;

/* Has the query of x, whose route is known, only arguments that are UTF-8 and that the route takes, each
 * once and with a value? False with ERROR_UNKNOWN_FIELD or ERROR_INVALID_VALUE naming one. */
bool query_check(struct exchange *x, struct error *err);

/* Is it what stands between two "&", or before the first, where nothing stands? value: NULL without "=". */
bool query_is_nothing(const char *name, const char *value);

#endif
