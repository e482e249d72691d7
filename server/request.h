/* server/request.h - one HTTP request, from its head to the last byte of its answer.
 *
 * A request is born when its headers are in, collects its body, is handed to its route, and is freed
 * when libmicrohttpd says that the exchange is over. In between a route either answers at once, or lets
 * it wait (the connection is then suspended) and answers later from the loop thread:
 *
 *   route->handle() -- request_reply() ----------------------------------------> answered
 *                  \-- request_work(), engine, judge ... request_reply() -----> answered
 *                                                   \... request_stream(), request_push()*, request_end()
 *
 * Invariants
 * (1) A request answers once: a reply, an error, or a stream. What comes after the first is dropped.
 * (2) While `busy` > 0 another thread uses it. It is not freed then, whatever its client does; when
 *     the last hold is given back it goes.
 * (3) Once `gone`, nobody reads the answer: on_gone was called and shall stop the work.
 * (4) A connection is suspended exactly while its request has nothing to send, and watched meanwhile.
 *
 * Loop thread only, but for what the work function of request_work() may touch: body, arena, state.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

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
    REQUEST_ID_BYTES = 72,
    REQUEST_ARENA_BYTES = 512 << 20, /* ceiling of what reading one request may take */
    REQUEST_STREAM_BYTES = 64 << 20, /* produced but not yet taken by the client */
    REQUEST_REPLY_BYTES = 1 << 30    /* ceiling of one reply */
};

/* What the access log says about the work, beside the exchange itself. */
struct request_facts {
    int64_t prompt_tokens, completion_tokens, cached_tokens;
    uint64_t first_token_ns; /* 0: none */
    const char *finish;      /* of the last choice; static */
    size_t items;            /* judged */
};

struct request {
    struct server *server;
    struct client *client;             /* NULL once the exchange is over */
    struct MHD_Connection *connection; /* likewise */
    const struct route *route;         /* NULL: there is none for this path */
    char id[REQUEST_ID_BYTES];
    char method[8], path[128]; /* for the log; cut */
    bool ndjson;               /* the body is application/x-ndjson */
    struct buffer body;
    struct arena *arena;
    uint64_t started_ns, deadline_ns; /* deadline 0: none */
    struct request_facts facts;

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
    uv_work_t job;
    void (*work)(struct request *r);
    void (*after)(struct request *r);

    void *state; /* the route's */
    void (*on_gone)(struct request *r);     /* stop the work; may be NULL */
    void (*on_timeout)(struct request *r);  /* the deadline passed; NULL: 504 */
    void (*free_state)(struct request *r);  /* may be NULL */

    struct request *next, **link;
};

/* ---- for routes ---- */

/* Answer with body, which is taken (and empty afterwards). A failed buffer becomes a 500. */
void request_reply(struct request *r, int status, const char *media_type, struct buffer *body);
void request_reply_json(struct request *r, struct buffer *body); /* 200, application/json */
/* The error in OpenAI's shape, Retry-After where clients shall come again. On a stream it is the caller's
 * to send an event; here nothing happens then. */
void request_fail(struct request *r, const struct error *err);

/* Begin a stream: 200 and its headers. Then append to r->out and request_push(). */
void request_stream(struct request *r, const char *media_type);
void request_push(struct request *r); /* r->out has grown: let it be sent */
void request_end(struct request *r);  /* nothing will be added */
void request_cut(struct request *r);  /* break the connection off: the stream cannot be finished */

/* Run work(r) and then, on the loop thread, after(r), which is not called when the client has left. With
 * `heavy`, or a body past a limit, work runs on the thread pool; else at once. */
void request_work(struct request *r, bool heavy, void (*work)(struct request *r),
                  void (*after)(struct request *r));

/* Another thread begins, ends to use r. request_release() is false when nobody waits for the answer
 * any more: r may then be freed, and must not be touched. */
void request_hold(struct request *r);
bool request_release(struct request *r);

/* A header of the request, or NULL; an argument of its query string, or NULL. */
const char *request_header(const struct request *r, const char *name);
const char *request_argument(const struct request *r, const char *name);

/* ---- for http.c and client.c ---- */

struct request *request_new(struct server *s, struct client *c, struct MHD_Connection *connection,
                            const char *method, const char *path);
/* The exchange is over: free, now or when no thread is busy with it. */
void request_over(struct request *r);
void request_client_left(struct request *r);

/* Give the answer to libmicrohttpd, or suspend until there is one. False: close the connection. Only inside
 * libmicrohttpd's access handler. */
bool request_progress(struct request *r);

#endif
