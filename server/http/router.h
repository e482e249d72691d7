/* server/http/router.h - which route of a table answers a path.
 *
 * The table itself is server/routes/table.c's: a new route is a file there with its handler, a
 * line in server/routes/routes.h and a row.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_ROUTER_H
#define SERVER_HTTP_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "config/settings.h"

struct exchange;
struct field;

/* What a key may be for. A route asks for all of its scopes; one that asks for none needs no key. */
enum scope {
    SCOPE_NONE = 0,
    SCOPE_INFER = 1,   /* generation and scoring, and what tells of the model */
    SCOPE_VERIFY = 2,  /* judging, which may run code */
    SCOPE_CONTROL = 4, /* pause, abort, caches, weights: touches what others do; an operator may
                        * forbid it (allow-control) */
    SCOPE_METRICS = 8, /* how much is done */
    SCOPE_ADMIN = 16,  /* the settings in /server_info, beside its own scope */
    SCOPES_ALL = 31
};

enum route_flags {
    /* what its body is, and how much of it may come: max_body_bytes unless a row here says else */
    ROUTE_SMALL = 1,  /* few fields, read on the loop thread: SMALL_BODY_BYTES */
    ROUTE_VERIFY = 2, /* max_verify_bytes */
    ROUTE_UPLOAD = 4, /* goes to a file, in one request or in ranges (upload.h): max_weight_bytes */
    ROUTE_NDJSON = 8, /* may be application/x-ndjson instead of JSON */
    ROUTE_EITHER = 16, /* of one of the tables of fields, not of all */
    ROUTE_OWN = 32,    /* a contract of our own: fields that it does not name are refused */
    /* when, and to whom, it answers */
    ROUTE_MODEL = 64,   /* needs the model: 503 while it loads */
    ROUTE_ALWAYS = 128, /* answers while the server drains */
    ROUTE_PUBLIC = 256, /* the same for whoever asks: pages of other sites may link to it */
    ROUTE_PROBE = 512   /* asked often, how the server is: its lines of the log are for debugging */
};

/* How a dialect tells an error. Each has OpenAI's {"error": {"message", "type", "param", "code"}},
 * which says most; beside it stands what the dialect's own clients look at. */
enum error_shape {
    ERRORS_OPENAI, /* nothing more: OpenAI, vLLM, Touchstone's own */
    ERRORS_LLAMA,  /* llama-server: error.code is the HTTP status, our code is error.name */
    ERRORS_SGLANG, /* "success": false, "message" */
    ERRORS_DETAIL, /* "detail": what FastAPI's servers answer: TRL, SandboxFusion, open-r1's router */
    ERRORS_PISTON,   /* "message" */
    ERRORS_OLLAMA,   /* Ollama: error is the message alone */
    ERRORS_ANTHROPIC /* Anthropic: "type": "error", and its own types of errors */
};

struct route {
    const char *method; /* "GET" (answers HEAD too) or "POST" */
    const char *path;   /* exact; a slash more at a request's end is passed over, unless a row has
                           it; "/a/" and a star: all below /a */
    void (*handle)(struct exchange *x);
    int scopes;
    int flags;
    enum error_shape errors;
    /* The tables of fields that read its body, up to NULL: for who describes routes, and the reader
     * may use no other at the body's top. NULL where the method has no body. */
    const struct field *const *fields;
};

/* What a handler answers when all is right: for who describes routes. */
struct route_answer {
    void (*handle)(struct exchange *x);
    bool refuses;                           /* never: each request is refused */
    const char *media;                      /* what it sends is no JSON, but this; NULL: JSON */
    const char *alone;                      /* JSON types of a value without described members */
    const struct field *const *whole;       /* the tables of its JSON object, up to NULL */
    const struct field *const *other;       /* of another that it may be; NULL: there is none */
    bool list;                              /* a list of such objects */
    bool or_list;                           /* or a list of such objects */
    const struct field *const *chunk;       /* of what a stream sends */
    const struct field *const *other_chunk; /* or this; NULL: nothing else */
    const char *stream;                     /* the stream's media type; NULL: it does not stream */
};

/* What the query of a handler's routes may have. Rows name and describe; the handler reads the values. */
struct route_query {
    void (*handle)(struct exchange *x);
    const struct field *rows;
};

struct route_table {
    const struct route *rows;
    size_t n;
    const struct route_answer *answers; /* of the handlers whose answers are described */
    size_t n_answers;
    const struct route_query *queries; /* of the handlers that look at the query */
    size_t n_queries;
};

/* The route of a method and path. NULL: none; *path_known then says whether another method would
 * do. */
const struct route *router_find(const struct route_table *table, const char *method,
                                const char *path, bool *path_known);

/* Does one of paths name the route, by its row's path or by how that begins, with a star behind? */
bool router_is_named(const struct route *r, const struct string_list *paths);

/* Does each of paths, the setting closed-routes, name a route of the table? One that does not is a mistake, which
 * would leave another open. False and *err, which names the setting. */
bool router_can_close(const struct route_table *table, const struct string_list *paths,
                      struct error *err);

/* What a route answers, or NULL: it is not described. */
const struct route_answer *router_answer(const struct route_table *table, const struct route *r);

/* The rows of what a route's query may have; NULL: nothing. */
const struct field *router_query(const struct route_table *table, const struct route *r);

/* "GET, HEAD, OPTIONS": what path allows; "" when it is unknown. */
void router_allowed(const struct route_table *table, const char *path, char *out, size_t room);

#endif
