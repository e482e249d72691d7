/* server/http/exchange.h - one HTTP request, from its head to the last byte of its answer.
 *
 * A request is born when its headers are in, collects its body, is handed to its route, and is
 * freed when libmicrohttpd says that the exchange is over. In between a route either answers at
 * once, or lets it wait (the connection is then suspended) and answers later from the loop
 * thread:
 *
 *   route->handle() -- exchange_reply() ----------------------------------------> answered
 *                  \-- exchange_work(), engine, judge ... exchange_reply() -----> answered
 *                                                   \... exchange_stream(), exchange_push()*, exchange_end()
 *
 * Invariants
 * (1) A request answers once: a reply, an error, or a stream. What comes after the first is
 *     dropped.
 * (2) While `busy` > 0 another thread uses it. It is not freed then, whatever its client does; when
 *     the last hold is given back it goes.
 * (3) Once `gone`, nobody reads the answer: on_gone was called and shall stop the work.
 * (4) A connection is suspended exactly while its request has nothing to send; from the first
 *     time on it is watched.
 *
 * Loop thread only, but for what the work function of exchange_work() may touch: body, arena,
 * state.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_EXCHANGE_H
#define SERVER_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"

struct MHD_Connection;
struct MHD_Response;
struct client;
struct route;
struct server;

enum {
    EXCHANGE_ID_BYTES = 72,
    EXCHANGE_ARENA_BYTES = 512 << 20, /* ceiling of what reading one request may take */
    EXCHANGE_STREAM_BYTES = 64 << 20, /* produced but not yet taken by the client */
    EXCHANGE_REPLY_BYTES = 1 << 30    /* ceiling of one reply */
};

/* What the access log says about the work, beside the exchange itself. */
struct exchange_facts {
    int64_t prompt_tokens, completion_tokens, cached_tokens;
    uint64_t first_token_ns; /* 0: none */
    const char *finish;      /* of the last choice; static */
    size_t items;            /* judged */
};

struct exchange {
    struct server *server;
    struct client *client;             /* NULL once the exchange is over */
    struct MHD_Connection *connection; /* likewise */
    const struct route *route;         /* NULL: there is none for this path */
    char id[EXCHANGE_ID_BYTES];
    char method[8], path[128]; /* for the log; cut */
    bool ndjson;               /* the body is application/x-ndjson */
    struct buffer body;
    struct arena *arena;
    uint64_t started_ns, deadline_ns; /* deadline 0: none */
    struct exchange_facts facts;

    struct error refused; /* found wrong at its head; answered once the body is in */
    size_t discarded;     /* bytes of a refused request's body */
    bool dispatched;      /* the route has it */

    struct MHD_Response *response;
    int status; /* 0 until answered */
    bool streaming, ended;
    struct buffer out; /* of a stream: not yet taken */
    size_t taken;      /* bytes of out already taken */
    size_t sent;       /* bytes of the answer */

    bool suspended, gone, over;
    int busy;
    bool working; /* job is on the thread pool */
    uv_work_t job;
    void (*work)(struct exchange *x);
    void (*after)(struct exchange *x);

    void *state;                            /* the route's */
    void (*on_gone)(struct exchange *x);    /* stop the work; may be NULL */
    void (*on_taken)(struct exchange *x);   /* all of out has been taken; may be NULL */
    void (*on_timeout)(struct exchange *x); /* the deadline passed; NULL: 504 */
    void (*free_state)(struct exchange *x); /* may be NULL */

    struct exchange *next, **link;
};

/* ---- for routes ---- */

/* Answer with body, which is taken (and empty afterwards). A failed buffer becomes a 500. */
void exchange_reply(struct exchange *x, int status, const char *media_type, struct buffer *body);
void exchange_reply_json(struct exchange *x, struct buffer *body); /* 200, application/json */
/* The error in OpenAI's shape, Retry-After where clients shall come again. On a stream it is the
 * caller's to send an event; here nothing happens then. */
void exchange_fail(struct exchange *x, const struct error *err);

/* Begin a stream: 200 and its headers. Then append to x->out and exchange_push(). */
void exchange_stream(struct exchange *x, const char *media_type);
void exchange_push(struct exchange *x); /* x->out has grown: let it be sent */
void exchange_end(struct exchange *x);  /* nothing will be added */
void exchange_cut(struct exchange *x); /* break the connection off: the stream cannot be finished */

/* Run work(x) and then, on the loop thread, after(x): also when the client has left meanwhile
 * (x->gone). With `heavy`, or a body past a limit, work runs on the thread pool; else both at
 * once. One at a time. */
void exchange_work(struct exchange *x, bool heavy, void (*work)(struct exchange *x),
                   void (*after)(struct exchange *x));

/* Another thread begins, ends to use x. exchange_release() is false when nobody waits for the
 * answer any more: x may then be freed, and must not be touched. Loop thread, both. */
void exchange_hold(struct exchange *x);
bool exchange_release(struct exchange *x);

/* A header of the request, or NULL; an argument of its query string, or NULL. */
const char *exchange_header(const struct exchange *x, const char *name);
const char *exchange_argument(const struct exchange *x, const char *name);

/* ---- for http.c and client.c ---- */

struct exchange *exchange_new(struct server *s, struct client *c, struct MHD_Connection *connection,
                              const char *method, const char *path);
/* The exchange is over: free, now or when no thread is busy with it. */
void exchange_over(struct exchange *x);
void exchange_client_left(struct exchange *x);

/* Give the answer to libmicrohttpd, or suspend until there is one. False: close the connection.
 * Only inside libmicrohttpd's access handler. */
bool exchange_progress(struct exchange *x);

#endif
