/* server/http/headers.h - headers that decide what a control route does: which version comes, over
 * which, how, and of which bytes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_HEADERS_H
#define SERVER_HTTP_HEADERS_H

#include <stdbool.h>

struct error;
struct exchange;

/* Is every such header of x UTF-8, and no two of one name say different things? False and
 * ERROR_INVALID_VALUE naming it. */
bool headers_check(const struct exchange *x, struct error *err);

#endif
