/* server/http/client.c - see client.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/client.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/buffer.h"
#include "base/mem.h"
#include "server/http/error_reply.h"
#include "server/http/exchange.h"
#include "server/http/state.h"
#include "server/http/tls.h"

enum { DRAIN_SILENCE_MS = 2000 }; /* of a body, while the server drains */

static void print_address(const struct sockaddr *a, char *out, size_t room)
{
    out[0] = '\0';
    if (a == NULL) return;
    if (a->sa_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)a)->sin_addr, out,
                  (socklen_t)room);
    } else if (a->sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, out,
                  (socklen_t)room);
    }
}

struct client *client_new(struct listener *l, struct MHD_Connection *connection)
{
    struct server *s = l->server;
    struct client *c = mem_new(1, sizeof(*c), NULL);
    if (c == NULL) return NULL;
    c->server = s;
    c->listener = l;
    c->connection = connection;
    c->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    if (l->kind == LISTENER_UNIX) {
        memcpy(c->address, "unix", sizeof("unix"));
    } else {
        print_address(
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr,
            c->address, sizeof(c->address));
    }
    c->next = s->clients;
    c->link = &s->clients;
    if (c->next != NULL) c->next->link = &c->next;
    s->clients = c;
    client_set_phase(c, CLIENT_HEAD);
    return c;
}

static void on_watch_closed(uv_handle_t *h)
{
    free(h->data);
}

void client_free(struct client *c)
{
    *c->link = c->next;
    if (c->next != NULL) c->next->link = c->link;
    if (!c->watch_open) {
        free(c);
        return;
    }
    uv_poll_stop(&c->watch); /* now: the descriptor is closed next and may be another's */
    c->watch.data = c;
    uv_close((uv_handle_t *)&c->watch, on_watch_closed);
}

void client_set_phase(struct client *c, enum client_phase phase)
{
    c->phase = phase;
    c->since_ns = c->heard_ns = clock_ns();
}

void client_heard(struct client *c)
{
    c->heard_ns = clock_ns();
}

/* Whoever has closed its sending side alone would wait for an answer. Nobody else hears this. */
static void tell_half_closed(struct client *c)
{
    struct error err = {0};
    error_set(&err, ERROR_BAD_REQUEST, NULL,
              "the connection was closed before the answer: keep both of its sides open");
    client_tell(c, &err);
}

static void on_disconnect(uv_poll_t *p, int status, int events)
{
    struct client *c = p->data;
    (void)status; /* an error of the socket: gone as well */
    (void)events;
    uv_poll_stop(p);
    if (c->exchange == NULL) return;
    if (c->exchange->status == 0) tell_half_closed(c);
    exchange_client_left(c->exchange);
}

bool client_watch(struct client *c)
{
    if (c->watch_open) return true;
    if (uv_poll_init(&c->server->loop, &c->watch, c->fd) != 0) return false;
    c->watch.data = c;
    c->watch_open = true;
    return uv_poll_start(&c->watch, UV_DISCONNECT, on_disconnect) == 0;
}

void client_shut(struct client *c)
{
    shutdown(c->fd, SHUT_RDWR);
}

/* Past libmicrohttpd. */
static void send_last(const struct client *c, struct span bytes)
{
    if (!c->listener->tls) {
        ssize_t ignored = send(c->fd, bytes.p, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)ignored;
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info != NULL && info->tls_session != NULL) tls_send_last(info->tls_session, bytes);
}

void client_tell(struct client *c, const struct error *err)
{
    enum error_shape shape = c->exchange == NULL ? ERRORS_OPENAI : exchange_errors(c->exchange);
    struct buffer body, reply;
    buffer_init(&body, 4096);
    buffer_init(&reply, 8192);
    error_reply(&body, err, shape);
    buffer_addf(&reply,
                "HTTP/1.1 %d Refused\r\nContent-Type: application/json\r\nConnection: close\r\n"
                "Content-Length: %zu\r\n\r\n",
                error_status(err->code), body.n);
    buffer_add_span(&reply, buffer_span(&body));
    if (!body.failed && !reply.failed) send_last(c, buffer_span(&reply));
    shutdown(c->fd, SHUT_WR);
    buffer_clear(&body);
    buffer_clear(&reply);
}

/* libmicrohttpd cannot answer before a request is whole, and has sent nothing in this phase, so the
 * socket is ours for these bytes. */
static void answer_late(struct client *c, bool draining)
{
    struct error err = {0};
    if (draining) {
        error_set(&err, ERROR_DRAINING, NULL,
                  "the server is shutting down, and the request has not arrived as a whole");
    } else {
        error_set(&err, ERROR_REQUEST_TIMEOUT, NULL,
                  "the request took too long to arrive; send it again");
    }
    client_tell(c, &err);
}

/* Does the end of the server wait for a body of which nothing comes? */
static bool holds_up_the_end(const struct client *c, uint64_t now_ns)
{
    const struct server *s = c->server;
    if (s->phase != DRAINING || c->phase != CLIENT_BODY) return false;
    uint64_t since_ns = c->heard_ns > s->drain_began_ns ? c->heard_ns : s->drain_began_ns;
    return now_ns >= since_ns + clock_ms_to_ns(DRAIN_SILENCE_MS);
}

/* Milliseconds that the phase may last; 0: without limit. */
static int phase_limit_ms(const struct client *c)
{
    const struct server_options *o = &c->server->o;
    if (c->phase == CLIENT_BODY) return o->read_timeout_ms;
    if (c->phase == CLIENT_BUSY) return 0;
    return c->requests == 0 ? o->read_timeout_ms : o->idle_timeout_ms + o->read_timeout_ms;
}

void client_sweep(struct server *s, uint64_t now_ns)
{
    for (struct client *c = s->clients; c != NULL; c = c->next) {
        int limit_ms = phase_limit_ms(c);
        bool held_up = holds_up_the_end(c, now_ns);
        bool late = limit_ms > 0 && now_ns >= c->since_ns + clock_ms_to_ns(limit_ms);
        if (!late && !held_up) continue;
        bool idle = c->phase == CLIENT_HEAD && c->requests > 0;
        if (!idle) answer_late(c, held_up);
        client_shut(c);
        client_set_phase(c, CLIENT_BUSY); /* once */
    }
}
