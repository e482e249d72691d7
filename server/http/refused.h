/* server/http/refused.h - our own words for a head that libmicrohttpd refuses by itself.
 *
 * It answers such a request with a page of HTML, and 0.9.75 sends the head of that page twice where Host is
 * missing or Content-Length is no number. Before it sends anything it says so to its log, though not of which
 * connection. Of these two it can be told: it is the one whose head is whole and of which we have not been
 * asked. So the error goes to the client here, past libmicrohttpd, whose page then finds the socket closed.
 * All else keeps that page.
 *
 * Loop thread only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_REFUSED_H
#define SERVER_HTTP_REFUSED_H

struct listener;

/* libmicrohttpd says this in its log, at l. */
void refused_note(struct listener *l, const char *message);

#endif
