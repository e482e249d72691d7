/* server/http/head.h - what can be told of a request before its body: is it well framed, whose is
 * it, may it be.
 *
 * libmicrohttpd 0.9.75 takes heads that RFC 9112 forbids; where a proxy stands in front, what each
 * of the two makes of such a head may be another request (smuggling). So framing is judged here:
 * Host, lengths and codings once each, names without blanks, values without control bytes, no %00
 * in the target. Such a request is answered at once and its connection closed.
 *
 * Where no API key is set anybody who can connect is served, a page in somebody's browser too.
 * Browsers say who asks: a request with Origin or Sec-Fetch-Site must come from a page of our own
 * or of the list (cors.h), and its Host must be an address, localhost or a name in allowed-hosts,
 * for a name may be made to point here. What a page GETs has no Origin, and Sec-Fetch-Site only
 * where the browser trusts the address (https, localhost, 127.0.0.1): without both it is served as
 * a program's is. So no GET changes more than the cache of prefixes, and its answer stays unread by
 * pages of other sites, but for one whose name was made to point here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_HEAD_H
#define SERVER_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct exchange;
struct MHD_Connection;

/* Is the head of that connection's request, of HTTP version `version`, as RFC 9112 wants it? False with 400 or 501. */
bool head_is_framed(struct MHD_Connection *connection, const char *version, struct error *err);

/* Route, page, key, control, drain, query, media type and declared length, in this order. Sets x->route,
 * x->body.limit and x->ndjson. *declared: Content-Length, 0 without one. False with the error
 * that the client shall hear. */
bool head_check(struct exchange *x, size_t *declared, struct error *err);

/* "... is larger than": for a body that went past x->body.limit. Always false. */
bool head_too_large(const struct exchange *x, struct error *err);

/* The path of a request target: without scheme and authority, where it has them. */
const char *head_path(const char *target);

/* Has a target's query so few arguments that there is memory for them? False with 400. */
bool head_target_is_short(const char *target, struct error *err);

/* May a target be taken? Not with %00, at which a path would end unseen. */
bool head_target_is_whole(const char *target);

#endif
