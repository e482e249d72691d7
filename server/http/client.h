/* server/http/client.h - a connection: how long it may take, and whether somebody is still there.
 *
 * libmicrohttpd ends connections on which nothing moves, but not those that move a byte now and
 * then; and a suspended connection (one that waits for a token or a verdict) it does not look at
 * at all. So we keep our own deadline for headers and body, and a poll handle of our own asks the
 * kernel whether the other end has gone.
 *
 * A client that closes its sending side while its request is at work counts as gone, for from here
 * that looks as one that has left; should it still listen, it is told so.
 *
 * Loop thread only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_CLIENT_H
#define SERVER_HTTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct MHD_Connection;
struct error;
struct exchange;
struct listener;
struct server;

enum client_phase {
    CLIENT_HEAD, /* no request, or its headers are coming in */
    CLIENT_BODY, /* headers are here */
    CLIENT_BUSY  /* the request is whole: its time is ours */
};

struct client {
    struct server *server;
    const struct listener *listener; /* at which it has connected */
    struct MHD_Connection *connection;
    int fd; /* libmicrohttpd's; valid until client_free() */
    char address[48];
    enum client_phase phase;
    uint64_t since_ns;         /* when the phase began */
    unsigned requests;         /* completed on this connection */
    bool targeted;             /* the target of its request has come, and not yet the whole head */
    bool refused;              /* libmicrohttpd refuses it, and it has been told (refused.h) */
    struct exchange *exchange; /* the current one, or NULL */
    uv_poll_t watch;
    bool watch_open;
    struct client *next, **link;
    uint64_t heard_ns; /* when something of a body came last, or the phase began */
};

/* A connection has opened at l. NULL when out of memory. */
struct client *client_new(struct listener *l, struct MHD_Connection *connection);
/* It is about to be closed. */
void client_free(struct client *c);

/* A phase begins now. */
void client_set_phase(struct client *c, enum client_phase phase);

/* Something of its body has come. */
void client_heard(struct client *c);

/* From the first time a request of this connection waits: exchange_client_left(c->exchange) is
 * called, once, when the other end leaves. The watch stays until the connection ends, since to
 * take it off and put it on again for every token would cost more than sending the token. False
 * when the system has no means to watch it (then it is noticed at the next write). */
bool client_watch(struct client *c);

/* Write an error's reply to the socket and close our side of it: for a client that is still
 * sending. libmicrohttpd must not have answered, and must not afterwards. */
void client_tell(struct client *c, const struct error *err);

/* End the connection as soon as libmicrohttpd looks at it, whatever it is doing. */
void client_shut(struct client *c);

/* Shut every connection whose headers or body are overdue: 408; and, while the server drains, whose body
 * has stopped coming: 503, since the end does not wait for what may never be a request. */
void client_sweep(struct server *s, uint64_t now_ns);

#endif
