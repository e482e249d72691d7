/* server/http/exchange.h - one HTTP request, from its head to the last byte of its answer.
 *
 * A request is born when its headers are in, collects its body, is handed to its route, and is
 * freed when libmicrohttpd says that the exchange is over. In between a route either answers at
 * once, or lets it wait (the connection is then suspended) and answers later from the loop
 * thread:
 *
 *   route->handle() -- exchange_reply() ----------------------------------------> answered
 *                  \-- exchange_offload(), engine, judge ... exchange_reply() --> answered
 *                                                   \... exchange_stream(), exchange_push()*, exchange_end()
 *
 * exchange_offload() is the one way to work off the loop thread. Its work may leave a part to yet
 * another thread, the judge's:
 *
 *   loop                    thread pool             judge's thread
 *   exchange_offload() ---> work()
 *                           exchange_promise() ---> ...
 *   after() <---------------------------------- exchange_keep()
 *
 * after() comes once both are through, in whatever order they end.
 *
 * Invariants
 * (1) A request answers once: a reply, an error, or a stream. What comes after the first is
 *     dropped.
 * (2) While `busy` > 0 another thread uses it. It is not freed then, whatever its client does; when
 *     the last hold is given back it goes.
 * (3) Once `gone`, nobody reads the answer: kind->stop was called and shall stop the work.
 * (4) A connection is suspended exactly while its request has nothing to send; from the first
 *     time on it is watched.
 * (5) One piece of work is offloaded at a time, with at most one promise.
 *
 * Loop thread only, but for what a work function may touch: body, arena, state, reply, error; and
 * exchange_promise(), which it calls, and exchange_keep(), which any thread may.
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
#include "base/fields.h"
#include "base/json.h"
#include "base/span.h"
#include "base/unknown.h"
#include "server/http/inbox.h"
#include "server/http/pool.h"
#include "server/http/router.h"
#include "server/http/unpack.h"

struct MHD_Connection;
struct MHD_Response;
struct client;
struct exchange;
struct key;
struct server;
struct upload;

enum {
    EXCHANGE_ID_BYTES = 72,
    /* a route's path and the longest name that may end it, with its NUL */
    EXCHANGE_PATH_BYTES = 512,
    EXCHANGE_ARENA_BYTES = 512 << 20, /* ceiling of what reading one request may take */
    EXCHANGE_STREAM_BYTES = 64 << 20, /* produced but not yet taken by the client */
    EXCHANGE_REPLY_BYTES = 1 << 30,   /* ceiling of one reply */
    EXCHANGE_IGNORED_BYTES = 8 << 10  /* of the names in x-ignored-fields */
};

/* What the access log says about the work, beside the exchange itself. */
struct exchange_facts {
    int64_t prompt_tokens, completion_tokens, cached_tokens;
    uint64_t first_token_ns; /* 0: none */
    const char *finish;      /* of the last choice; static */
    size_t items;            /* judged */
};

/* What a route does with its exchanges beside handling them. Any may be NULL. The table's address
 * tells exchanges of one kind from others. */
struct exchange_kind {
    void (*stop)(struct exchange *x);  /* nobody waits any more: the client left, or the deadline
                                            passed; stop the work. May come more than once */
    void (*taken)(struct exchange *x); /* all of out has been taken */
    /* the deadline passed in a stream: say so; else it is cut */
    void (*timeout)(struct exchange *x);
    void (*free)(struct exchange *x);    /* let go of what others know of */
    void (*dispose)(struct exchange *x); /* free what nobody else knows of; after a large body on
                                            the thread pool, since that takes long */
};

struct exchange {
    struct server *server;
    struct client *client;             /* NULL once the exchange is over */
    struct MHD_Connection *connection; /* likewise */
    const struct route *route;         /* NULL: there is none for this path */
    struct key *key;                   /* that it counts for; NULL: none */
    const char *cors; /* what a page of another site that may ask is told so by; else NULL */
    char id[EXCHANGE_ID_BYTES];
    char method[8], path[EXCHANGE_PATH_BYTES]; /* cut: no longer one is a route's */
    bool ndjson;                               /* the body is application/x-ndjson */
    enum packing packing;                      /* of the body, until it is unpacked */
    struct buffer body;
    struct unknown_fields unknown; /* that its body has and no table names: passed over */
    struct arena *arena;
    uint64_t started_ns, deadline_ns; /* deadline 0: none */
    struct exchange_facts facts;

    struct error error; /* found wrong at its head, answered once the body is in; then the work's */
    struct upload *upload; /* the body goes to a file (upload.h); NULL: it does not */
    size_t received;       /* bytes of the body as it was sent */
    size_t discarded;      /* of these: a refused request's, and what no route wants */
    bool told;             /* the refusal was written past libmicrohttpd: nothing else is said */
    bool closes;           /* the connection ends with the answer */
    bool dispatched;       /* the route has it */

    struct MHD_Response *response;
    int status; /* 0 until answered */
    bool streaming, ended;
    /* what the stream says when it has long said nothing; static; NULL: nothing */
    const char *ping;
    uint64_t said_ns;    /* when it last said something */
    struct buffer out;   /* of a stream or a large reply: not yet taken */
    size_t taken;        /* bytes of out already taken */
    size_t sent;         /* bytes of the answer */
    uint64_t offered_ns; /* since when a client may read what it has not; 0: nothing waits for it */
    size_t offered;      /* once these bytes of the answer are taken, it reads */

    bool suspended, gone, over;
    int busy;
    bool ran_out;        /* memory did, while work() was at it */
    bool working;        /* offloaded, and after() has not been called */
    bool promised, kept; /* work() left a part to another thread; which is through */
    struct pool_job job;
    bool pooled;         /* job is the pool's */
    struct message keep; /* of exchange_keep() */
    void (*work)(struct exchange *x);
    void (*after)(struct exchange *x);
    struct buffer reply; /* for work functions: what exchange_finish() sends */
    size_t tree_bytes;   /* that its JSON takes of the server's memory */

    const struct exchange_kind *kind; /* NULL until the route says so */
    void *state;                      /* the route's */

    struct exchange *next, **link;
};

/* ---- for routes ---- */

/* The body as JSON, which counts as memory of the request until x ends. NULL with json_parse()'s
 * errors. Free with cJSON_Delete(). What a work function may call. */
cJSON *exchange_parse(struct exchange *x, struct error *err);

/* Where readers of x's body note the fields that no table names, for the reply, the log and the
 * metrics to tell; NULL where they are refused: on our own routes, and where the operator wants it so
 * (unknown-fields). For struct field_context. What a work function may call. */
struct unknown_fields *exchange_unknown(struct exchange *x);

/* Read the body, an object, by one table, which x's route lists. *document is what the fields borrow from:
 * delete it with cJSON_Delete(), also after a failure. False with the errors of exchange_parse() and
 * fields_read(). What a work function may call, as the two below. */
bool exchange_read(struct exchange *x, struct field_table table, cJSON **document,
                   struct error *err);
/* The same where no body asks for nothing: *document is NULL then, and the table's target as it was. */
bool exchange_read_if_any(struct exchange *x, struct field_table table, cJSON **document,
                          struct error *err);
/* An object of the body, by one table: one within it, or all of it where exchange_parse() was looked at
 * first. False with fields_read()'s errors. */
bool exchange_read_object(struct exchange *x, const cJSON *object, struct field_table table,
                          struct error *err);

/* Answer with body, which is taken (and empty afterwards). A failed buffer becomes a 500. */
void exchange_reply(struct exchange *x, int status, const char *media_type, struct buffer *body);
/* 200, application/json. */
void exchange_reply_json(struct exchange *x, struct buffer *body);
/* Answer with bytes that live as long as the program, and with headers up to one without a name. */
struct exchange_header {
    const char *name, *value;
};
void exchange_reply_fixed(struct exchange *x, int status, const struct exchange_header *headers,
                          struct span body);
/* The error in the shape of x's dialect, Retry-After where clients shall come again. On a stream it is
 * the caller's to send an event; here nothing happens then. */
void exchange_fail(struct exchange *x, const struct error *err);

/* Whose request it is: a hash of its API key, or of its address where it has none. For turns among
 * clients, not for secrets. Loop thread, while the client is there. */
uint64_t exchange_client(const struct exchange *x);

/* One header more of a reply that was just given, not of a stream. */
void exchange_add_header(struct exchange *x, const char *name, const char *value);

/* How this exchange's dialect tells an error. */
enum error_shape exchange_errors(const struct exchange *x);

/* Begin a stream: 200 and its headers. Then append to x->out and exchange_push(). */
void exchange_stream(struct exchange *x, const char *media_type);
/* x->out has grown: let it be sent. */
void exchange_push(struct exchange *x);
/* Nothing will be added. */
void exchange_end(struct exchange *x);
/* Break the connection off: the stream cannot be finished. */
void exchange_cut(struct exchange *x);

/* The route's own state, zeroed, in x's arena, and what is to be done with it. NULL when there is
 * no memory: x has then been answered. */
void *exchange_state(struct exchange *x, size_t size, const struct exchange_kind *kind);

enum exchange_weight {
    WORK_LIGHT, /* done at once on the loop thread when the body is small, else on the pool */
    WORK_HEAVY  /* always on the thread pool */
};

/* Run work(x) off the loop thread and then, on it, after(x): once, and also when the client has
 * left meanwhile (x->gone; there is nobody to answer then, but answering does no harm). x lives
 * until then. after() may offload again. */
void exchange_offload(struct exchange *x, enum exchange_weight weight,
                      void (*work)(struct exchange *x), void (*after)(struct exchange *x));

/* For work(): after() shall wait for exchange_keep(x), which comes exactly once, from any thread,
 * even before work() returns. */
void exchange_promise(struct exchange *x);
/* Any thread: the promise is kept. */
void exchange_keep(struct exchange *x);

/* An after() that says what work() found: x->error, else x->reply as JSON. */
void exchange_finish(struct exchange *x);

/* Another thread begins to use x. Loop thread, as is exchange_release(). */
void exchange_hold(struct exchange *x);
/* It ends to. False when nobody waits for the answer any more: x may be freed, and must not be touched. */
bool exchange_release(struct exchange *x);

/* A header of the request, or NULL. It lives as long as the client is there: what shall last longer, as
 * long as x, is copied to x's arena. */
const char *exchange_header(const struct exchange *x, const char *name);
/* An argument of its query string, or NULL, for as long. */
const char *exchange_argument(const struct exchange *x, const char *name);
/* The query has no arguments but these, up to NULL. False and ERROR_INVALID_VALUE naming one that it has. */
bool exchange_arguments_are(struct exchange *x, const char *const names[], struct error *err);
/* One that is true or false (in any case of letters), 1 or 0, into *out, which stays as it is without
 * it. False and ERROR_INVALID_VALUE naming it: it is something else. */
bool exchange_flag(const struct exchange *x, const char *name, bool *out, struct error *err);

/* ---- for http.c, client.c and answer.c ---- */

struct exchange *exchange_new(struct server *s, struct client *c, struct MHD_Connection *connection,
                              const char *method, const char *path);
/* The exchange is over: free, now or when no thread is busy with it. */
void exchange_over(struct exchange *x);
/* Its client has left. */
void exchange_client_left(struct exchange *x);
/* Nobody waits for the answer any more: tell the route. */
void exchange_stop(struct exchange *x);

/* Wait until there is something to send (4). */
void exchange_suspend(struct exchange *x);
/* Go on, where it waits: there is something to send, or nobody to send it to. */
void exchange_resume(struct exchange *x);

/* The names of fields that were passed over: once for the client, once for the log. */
void exchange_print_ignored(const struct exchange *x, char out[EXCHANGE_IGNORED_BYTES]);

/* Whether a client has had its time (server_options.reply_timeout_ms) to read what waits for it, or
 * reads a stream that has broken off. To be asked now and then, as it notes how far the client has
 * come. */
bool exchange_is_unread(struct exchange *x, uint64_t now_ns);

/* Give the answer to libmicrohttpd, or suspend until there is one. False: close the connection.
 * Only inside libmicrohttpd's access handler. */
bool exchange_progress(struct exchange *x);

#endif
