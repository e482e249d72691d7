/* server/http/server.h - the HTTP server: `touchstone serve`.
 *
 * One thread, the loop thread, owns the listening socket, every connection and every request. It
 * calls the engine and the judge and is woken by them; it never waits for either.
 *
 * Order of life, so that the port answers while the model still loads and nobody is woken after
 * its end:
 *
 *   judge_open() -> server_new() -> engine_open(.wake = server_wake, .wake_arg = server)
 *   -> generations_new() -> server_run() -> generations_free() -> engine_close() -> server_free()
 *   -> judge_close()
 *
 * The folder server/http/ carries requests and replies and knows nothing of what they are about:
 * the table of routes and the generations at work are given to server_run().
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_SERVER_H
#define SERVER_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/settings.h"

struct adapters;
struct engine;
struct generations;
struct judge;
struct quota;
struct response_store;
struct route_table;
struct server;
struct weights_chain;

/* What may be set; the rows are in server/http/settings.c. Times are in milliseconds. Texts are
 * borrowed for as long as the server lives. */
struct server_options {
    const char *host;                 /* a name or an address; only its first address is bound */
    int port;                         /* 0: any free one; the log's "listening" line tells which */
    const char *unix_path;            /* of a Unix socket to listen on as well; NULL: none */
    const char *also_listen;          /* ADDR:PORT of a second address; NULL: none */
    const char *control_listen;       /* ADDR:PORT at which alone control is; NULL: with all else */
    const char *tls_cert, *tls_key;   /* PEM files; NULL: no TLS */
    struct string_list api_keys;      /* none: open to all who can connect */
    const char *api_key_file;         /* of further keys, a line each; NULL: none */
    struct string_list cors_origins;  /* pages of other sites that may ask; none: none may */
    struct string_list closed_routes; /* paths that answer 501; none: all are open */
    struct string_list allowed_hosts; /* names by which pages may ask us without a key */
    struct string_list path_roots;    /* folders beneath which bodies may name files */
    struct string_list adapters;      /* NAME=PATH of those that are there from the start */
    bool merge;                       /* the one of them into the weights */
    const char *adapter_dir;          /* whose folders are adapters, by their names; NULL: none */
    int max_adapters;                 /* in memory at once */
    struct string_list model_names;   /* clients may use; the first is the engine's name for it */
    bool any_model_name;              /* requests may name any model: the one served answers */

    int64_t max_body_bytes;       /* of a generation request */
    int64_t max_verify_bytes;     /* of a /verify request */
    int64_t max_weight_bytes;     /* of weights that are sent */
    const char *staging_dir;      /* for these; NULL: /var/tmp */
    int64_t request_memory_bytes; /* of all bodies, JSON trees, log-probabilities, replies unread together */
    int max_connections;
    int max_client_connections; /* of one address; 0: as many as there are */
    int max_choices;            /* samples a prompt */
    int max_prompts;            /* prompts a request */
    const char *tool_format;    /* a name of base/tools/format.h; NULL: as the template tells */

    int read_timeout_ms;    /* from connecting to the headers' end, and from there to the body's */
    int idle_timeout_ms;    /* a connection without a request; a reader that takes nothing */
    int reply_timeout_ms;   /* in which what waits is taken, or 64 KiB of it */
    int request_timeout_ms; /* from a whole request to its last byte; 0: none */
    int ping_interval_ms; /* a stream that says nothing for so long says that it lives; 0: never */
    int drain_timeout_ms; /* running requests may take this long after SIGTERM */

    int max_responses;          /* kept replies of /v1/responses, */
    int64_t max_response_bytes; /* what they may take together, */
    int responses_ttl_ms;       /* and how long each */

    int unknown_fields; /* enum unknown_choice */
    bool allow_control; /* clients may pause, resume and abort */
    bool verbose_replies;   /* llama-server's __verbose, unless a request says no */
    bool prefill_assistant; /* a chat that ends with the assistant's words is gone on with */
    int chat_chunks;        /* enum chunk_choice */
};

/* How a chat streams: the role with the first text and the finish reason with the last, or each alone. */
enum chunk_choice { CHUNKS_JOINED, CHUNKS_APART };

/* What becomes of fields that nobody here knows, on routes whose contract is another's. */
enum unknown_choice { UNKNOWN_IGNORED, UNKNOWN_REFUSED };

extern const struct settings_table server_settings;

/* Every setting at its default; then set what differs. */
void server_options_init(struct server_options *o);

/* Bind and listen. NULL and ERROR_SYSTEM naming what failed ("host", "port"). Free with
 * server_free(). */
struct server *server_new(const struct server_options *o, struct error *err);

/* The port that is bound. */
int server_port(const struct server *s);

/* What all requests take together, and may. As long as s. */
struct quota *server_memory(struct server *s);

/* What the server does about its generations when the loop turns. Loop thread, all. */
struct workload {
    void (*turn)(struct generations *all); /* the engine has events, or a wake was asked for */
    size_t (*count)(const struct generations *all); /* not ended: draining waits for them */
    void (*resume)(struct generations *all); /* draining begins: what was held has been accepted */
    void (*abort)(struct generations *all);  /* the time for draining is over */
};

/* What is served. All borrowed, and alive until server_run() has returned. */
struct server_parts {
    struct engine *engine;
    struct judge *judge;
    struct generations *generations;
    struct adapters *adapters;
    /* Called once when the model is there, before anything is served. False and *err: nothing will be. */
    bool (*ready)(struct adapters *adapters, struct error *err);
    struct weights_chain *chain;      /* that weights come by (server/weights) */
    struct response_store *responses; /* kept replies, which later requests go on from */
    const struct workload *workload;
    const struct route_table *routes;
    struct span settings; /* all of them, as settings_emit() tells it */
};

/* Serve until SIGTERM or SIGINT, then drain: refuse new work with 503, let running requests
 * finish for up to drain_timeout_ms, and return. True when every accepted request got its answer.
 * False and an error when serving could not begin, or when requests were cut off (the limit passed,
 * or a second signal came). */
bool server_run(struct server *s, const struct server_parts *parts, struct error *err);

/* Any thread: the engine has events. For struct engine_options.wake. */
void server_wake(void *server);

/* After engine_close(). Accepts NULL. */
void server_free(struct server *s);

#endif
