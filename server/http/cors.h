/* server/http/cors.h - which pages of other sites may ask (Cross-Origin Resource Sharing, Fetch standard
 * section 3.2): none, unless the operator lists their origins.
 *
 * A browser sends the page's Origin, shows the answer to the page only where we name that origin, and asks
 * by a preflight (OPTIONS) before what is not simple. This server reads no cookies: a page needs a key, where
 * there are keys, as any client does. A proxy in front may: a page that is listed may send them (fetch's
 * credentials: "include"), one that only "*" lets in may not.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_CORS_H
#define SERVER_HTTP_CORS_H

#include <stdbool.h>

#include "base/error.h"
#include "config/settings.h"

struct MHD_Response;
struct exchange;

/* Is each of the list an origin ("https://name" or "http://name:port"), or "localhost", pages of this machine
 * on any port, or "*", any page, which needs that keys are set? False with err->param the setting. */
bool cors_check_list(const struct string_list *origins, bool keys_are_set, struct error *err);

/* What a page of this origin, which the list has in whatever case and with or without its scheme's own port, is
 * told that may ask: "*", or origin itself. NULL: it is not listed, or there is no origin. */
const char *cors_find(const struct string_list *origins, const char *origin);

/* The headers that let the page of x, which is listed (x->cors), see its answer. */
void cors_add(const struct exchange *x, struct MHD_Response *response);

/* Answer x, which has been given an empty answer, as the preflight that it is. allowed: methods. */
void cors_add_preflight(struct exchange *x, const char *allowed);

/* Is x a preflight of a page that is listed? */
bool cors_is_preflight(const struct exchange *x);

#endif
