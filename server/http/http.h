/* server/http/http.h - libmicrohttpd's callbacks: heads checked, bodies collected, requests handed over.
 *
 * What is wrong with a request is decided at its head where it can be (route, key, length, type)
 * but said only once the body is in, so that the client, still sending, hears it and may keep its
 * connection. A body that is declared too large is refused at once instead, and the connection
 * closed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_HTTP_H
#define SERVER_HTTP_HTTP_H

#include <stdint.h>

struct server;

/* Requests whose deadline has passed get 504 and stop. http_start() and http_stop() are in state.h. */
void http_sweep(struct server *s, uint64_t now_ns);

#endif
