/* server/routes/queries.h - which handlers look at their query, and what it may have.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROUTES_QUERIES_H
#define SERVER_ROUTES_QUERIES_H

#include "server/http/router.h"

enum { ROUTE_QUERIES = 11 };
extern const struct route_query route_queries[ROUTE_QUERIES];

#endif
