/* server/http/exchange.c - see exchange.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/exchange.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <netinet/in.h>
#include <sys/random.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/http/client.h"
#include "server/http/cors.h"
#include "server/http/query.h"
#include "server/http/state.h"

enum {
    WORK_INLINE_BYTES = 64 << 10, /* a larger body is worked on by the thread pool, */
    WORK_LARGE_BYTES = 1 << 20,   /* and one larger than that in its lane for such */
    LOG_PATH_BYTES = 128,
    READ_BYTES = 64 << 10 /* who takes so much within reply-timeout reads */
};

/* ---- birth ---- */

/* What we echo into headers and logs must be short and plain. */
static bool is_sane_id(const char *id)
{
    size_t n = id == NULL ? 0 : strlen(id);
    return n > 0 && n < EXCHANGE_ID_BYTES && ascii_is_plain(id, n, "-_.:");
}

static void choose_id(struct exchange *x)
{
    const char *sent = exchange_header(x, "x-request-id");
    unsigned char random[12] = {0};
    if (is_sane_id(sent)) {
        snprintf(x->id, sizeof(x->id), "%s", sent);
        return;
    }
    ssize_t ignored = getrandom(random, sizeof(random), 0);
    (void)ignored;
    for (size_t i = 0; i < sizeof(random); i++) {
        snprintf(x->id + 2 * i, 3, "%02x", random[i]);
    }
}

struct exchange *exchange_new(struct server *s, struct client *c, struct MHD_Connection *connection,
                              const char *method, const char *path)
{
    struct exchange *x = mem_new(1, sizeof(*x), NULL);
    if (x == NULL) return NULL;
    x->arena = arena_new_within(EXCHANGE_ARENA_BYTES, &s->memory);
    if (x->arena == NULL) {
        free(x);
        return NULL;
    }
    x->server = s;
    x->client = c;
    x->connection = connection;
    x->started_ns = clock_ns();
    snprintf(x->method, sizeof(x->method), "%s", method);
    snprintf(x->path, sizeof(x->path), "%s", path);
    buffer_init_within(&x->body, 0, &s->memory);
    buffer_init_within(&x->out, EXCHANGE_STREAM_BYTES, &s->memory);
    buffer_init_within(&x->reply, EXCHANGE_REPLY_BYTES, &s->memory);
    choose_id(x);
    const char *page = cors_find(&s->o.cors_origins, exchange_header(x, "Origin"));
    if (page != NULL) x->cors = arena_str(x->arena, span_str(page));
    c->exchange = x;
    x->next = s->exchanges;
    x->link = &s->exchanges;
    if (x->next != NULL) x->next->link = &x->next;
    s->exchanges = x;
    s->n_exchanges++;
    return x;
}

const char *exchange_header(const struct exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

const char *exchange_argument(const struct exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->connection, MHD_GET_ARGUMENT_KIND, name);
}

struct unknown_argument {
    const char *const *names;
    const char *found; /* NULL: none so far */
};

static enum MHD_Result look_at_argument(void *cls, enum MHD_ValueKind kind, const char *name,
                                        const char *value)
{
    struct unknown_argument *u = cls;
    (void)kind;
    if (query_is_nothing(name, value)) return MHD_YES;
    for (int i = 0; u->names[i] != NULL; i++) {
        if (strcmp(u->names[i], name) == 0) return MHD_YES;
    }
    u->found = name;
    return MHD_NO;
}

bool exchange_arguments_are(struct exchange *x, const char *const names[], struct error *err)
{
    struct unknown_argument u = {.names = names};
    MHD_get_connection_values(x->connection, MHD_GET_ARGUMENT_KIND, look_at_argument, &u);
    return u.found == NULL ||
           error_set(err, ERROR_INVALID_VALUE, u.found,
                     "the query's argument \"%.60s\" is not known here", u.found);
}

bool exchange_flag(const struct exchange *x, const char *name, bool *out, struct error *err)
{
    const char *word = exchange_argument(x, name);
    if (word == NULL) return true;
    bool yes = strcasecmp(word, "true") == 0 || strcmp(word, "1") == 0;
    bool no = strcasecmp(word, "false") == 0 || strcmp(word, "0") == 0;
    if (!yes && !no) {
        return error_set(err, ERROR_INVALID_VALUE, name, "%s is \"%.30s\"; true or false", name,
                         word);
    }
    *out = yes;
    return true;
}

/* Never 0, which is nobody. */
static uint64_t client_named(struct span name)
{
    return hash_mix(hash_bytes(name)) | 1;
}

uint64_t exchange_client(const struct exchange *x)
{
    if (x->key != NULL) return client_named(span_of(x->key->digest, sizeof(x->key->digest)));
    const char *key = exchange_header(x, "Authorization");
    if (key == NULL) key = exchange_header(x, "x-api-key");
    if (key != NULL) return client_named(span_str(key));
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info == NULL || info->client_addr == NULL) return 0;
    const struct sockaddr *a = info->client_addr;
    if (a->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)a;
        return client_named(span_of(&v4->sin_addr, sizeof(v4->sin_addr)));
    }
    if (a->sa_family != AF_INET6) return 0;
    const struct sockaddr_in6 *v6 = (const void *)a;
    return client_named(span_of(&v6->sin6_addr, 8)); /* a host has a whole /64 */
}

/* ---- end ---- */

void exchange_print_ignored(const struct exchange *x, char out[EXCHANGE_IGNORED_BYTES])
{
    struct buffer names;
    buffer_init(&names, EXCHANGE_IGNORED_BYTES - 1);
    unknown_print(&x->unknown, &names);
    snprintf(out, EXCHANGE_IGNORED_BYTES, "%.*s", (int)names.n, names.n == 0 ? "" : names.p);
    buffer_clear(&names);
}

/* A line a request, with what its kind of work has to tell. Those that ask how we are ask often:
 * their lines are for debugging. */
static void log_access(const struct exchange *x)
{
    const struct exchange_facts *f = &x->facts;
    double ms = (double)(clock_ns() - x->started_ns) / 1e6;
    double first_ms =
        f->first_token_ns == 0 ? -1.0 : (double)(f->first_token_ns - x->started_ns) / 1e6;
    bool probe = x->route != NULL && (x->route->flags & ROUTE_PROBE) != 0 && x->status < 400;
    char path[LOG_PATH_BYTES]; /* a line has no room for more */
    snprintf(path, sizeof(path), "%s", x->path);
    struct log_field common[] = {LOG_S("id", x->id),
                                 LOG_S("client", x->client->address),
                                 LOG_S("method", x->method),
                                 LOG_S("path", path),
                                 LOG_I("status", x->status),
                                 LOG_F("ms", ms),
                                 LOG_I("bytes_in", x->received),
                                 LOG_I("bytes_out", x->sent),
                                 LOG_S("left", x->gone ? "yes" : "no"),
                                 LOG_END, /* or the key */
                                 LOG_END, /* or ignored fields */
                                 LOG_END};
    size_t n = sizeof(common) / sizeof(common[0]) - 3;
    if (x->key != NULL) common[n++] = LOG_S("key", x->key->name);
    struct log_field generation[] = {LOG_I("prompt_tokens", f->prompt_tokens),
                                     LOG_I("completion_tokens", f->completion_tokens),
                                     LOG_I("cached_tokens", f->cached_tokens),
                                     LOG_F("first_token_ms", first_ms),
                                     LOG_S("finish", f->finish),
                                     LOG_END};
    struct log_field judging[] = {LOG_I("items", f->items), LOG_END};
    char names[EXCHANGE_IGNORED_BYTES];
    if (x->unknown.n > 0) {
        exchange_print_ignored(x, names);
        common[n] = LOG_S("ignored", names);
    }
    log_fields(probe ? LOG_DEBUG : LOG_INFO, "request", common,
               f->prompt_tokens > 0 ? generation
               : f->items > 0       ? judging
                                    : NULL);
}

static struct exchange *exchange_of(struct pool_job *j)
{
    return (struct exchange *)(void *)((char *)j - offsetof(struct exchange, job));
}

/* What only x knows of. */
static void dispose(struct pool_job *j)
{
    struct exchange *x = exchange_of(j);
    if (x->kind != NULL && x->kind->dispose != NULL) x->kind->dispose(x);
    buffer_clear(&x->body);
    buffer_clear(&x->out);
    buffer_clear(&x->reply);
    arena_free(x->arena);
    quota_give(&x->server->memory, x->tree_bytes);
}

static void disposed(struct pool_job *j)
{
    free(exchange_of(j));
}

static void exchange_free(struct exchange *x)
{
    assert(x->busy == 0 && !x->working && !x->pooled); /* (2) */
    if (x->kind != NULL && x->kind->free != NULL) x->kind->free(x);
    upload_over(x);
    if (x->key != NULL) key_end(x->key); /* it counts work, which may outlast its client */
    x->key = NULL;
    *x->link = x->next;
    if (x->next != NULL) x->next->link = x->link;
    x->server->n_exchanges--;
    x->server->buffered_bytes -= x->body.room;
    if (x->response != x->server->no_memory) MHD_destroy_response(x->response);
    x->job = (struct pool_job){.run = dispose, .done = disposed};
    if (x->body.room > WORK_INLINE_BYTES && pool_submit(&x->server->pool, &x->job)) return;
    dispose(&x->job);
    disposed(&x->job);
}

void exchange_stop(struct exchange *x)
{
    if (x->kind != NULL && x->kind->stop != NULL) x->kind->stop(x);
}

void exchange_over(struct exchange *x)
{
    assert(!x->over && x->client != NULL && x->client->exchange == x);
    struct server *s = x->server;
    bool whole = x->status != 0 && (!x->streaming || (x->ended && x->out.n == x->taken));
    if (x->dispatched && !whole && !x->gone) { /* libmicrohttpd noticed first */
        x->gone = true;
        exchange_stop(x);
    }
    const struct route_table *routes = s->parts.routes;
    metrics_request(&s->metrics, routes, x->route, x->status,
                    (double)(clock_ns() - x->started_ns) / 1e9);
    if (x->unknown.n > 0) metrics_ignored(&s->metrics, routes, x->route, x->unknown.n);
    log_access(x);
    x->client->exchange = NULL;
    x->client->requests++;
    client_set_phase(x->client, CLIENT_HEAD);
    x->client = NULL;
    x->connection = NULL;
    x->over = true;
    if (x->busy == 0) exchange_free(x);
}

/* ---- waiting ---- */

void exchange_resume(struct exchange *x)
{
    if (!x->suspended || x->over) return;
    x->suspended = false;
    MHD_resume_connection(x->connection);
    server_kick(x->server);
}

void exchange_suspend(struct exchange *x)
{
    assert(!x->gone && !x->suspended);                                                  /* (3) */
    assert(x->response == NULL || (x->streaming && x->out.n == x->taken && !x->ended)); /* (4) */
    x->suspended = true;
    MHD_suspend_connection(x->connection);
    client_watch(x->client);
}

void exchange_client_left(struct exchange *x)
{
    if (x->gone) return;
    x->gone = true;
    exchange_stop(x);
    exchange_resume(x); /* exchange_progress() or on_read() then closes it */
}

void exchange_hold(struct exchange *x)
{
    x->busy++;
}

bool exchange_release(struct exchange *x)
{
    assert(x->busy > 0); /* (2) */
    x->busy--;
    if (!x->over) return !x->gone;
    if (x->busy == 0) exchange_free(x);
    return false;
}

/* ---- what its client has not read ---- */

bool exchange_is_unread(struct exchange *x, uint64_t now_ns)
{
    size_t waiting = x->out.n - x->taken;
    if (x->over || x->status == 0) return false;
    if (x->out.failed) return true; /* libmicrohttpd would wait until it reads on */
    if (waiting == 0) {
        x->offered_ns = 0;
    } else if (x->offered_ns == 0 || x->sent >= x->offered) {
        x->offered_ns = now_ns;
        x->offered = x->sent + (waiting < READ_BYTES ? waiting : READ_BYTES);
    }
    return waiting > 0 && now_ns >= x->offered_ns + clock_ms_to_ns(x->server->o.reply_timeout_ms);
}

/* ---- what is asked ---- */

cJSON *exchange_parse(struct exchange *x, struct error *err)
{
    assert(x->tree_bytes == 0); /* once */
    return json_parse_within(buffer_span(&x->body), &x->server->memory, &x->tree_bytes, err);
}

struct unknown_fields *exchange_unknown(struct exchange *x)
{
    bool refused =
        (x->route->flags & ROUTE_OWN) != 0 || x->server->o.unknown_fields == UNKNOWN_REFUSED;
    return refused ? NULL : &x->unknown;
}

bool exchange_read_object(struct exchange *x, const cJSON *object, struct field_table table,
                          struct error *err)
{
    struct field_context context = {.arena = x->arena, .unknown = exchange_unknown(x)};
    return fields_read(object, &table, 1, &context, err);
}

bool exchange_read(struct exchange *x, struct field_table table, cJSON **document,
                   struct error *err)
{
    assert(fields_are_listed(x->route->fields, table.rows));
    *document = exchange_parse(x, err);
    return *document != NULL && exchange_read_object(x, *document, table, err);
}

bool exchange_read_if_any(struct exchange *x, struct field_table table, cJSON **document,
                          struct error *err)
{
    *document = NULL;
    return x->body.n == 0 || exchange_read(x, table, document, err);
}

/* ---- work on other threads ---- */

void *exchange_state(struct exchange *x, size_t size, const struct exchange_kind *kind)
{
    assert(x->kind == NULL && x->state == NULL); /* an exchange has one route */
    x->state = arena_alloc(x->arena, 1, size);
    if (x->state != NULL) {
        x->kind = kind;
        return x->state;
    }
    error_set(&x->error, ERROR_NO_MEMORY, NULL, "no memory for the request");
    exchange_fail(x, &x->error);
    return NULL;
}

static void end_work(struct exchange *x)
{
    if (x->promised && !x->kept) return; /* kept() calls again */
    x->working = false;
    x->after(x);
    exchange_release(x);
}

static void do_work(struct exchange *x)
{
    mem_forget();
    x->work(x);
    x->ran_out = mem_ran_out();
}

static void on_work(struct pool_job *j)
{
    do_work(exchange_of(j));
}

static void on_work_done(struct pool_job *j)
{
    struct exchange *x = exchange_of(j);
    mem_forget();
    x->pooled = false;
    end_work(x);
}

static void on_kept(struct message *m)
{
    struct exchange *x = (struct exchange *)(void *)((char *)m - offsetof(struct exchange, keep));
    assert(x->promised && !x->kept && x->working); /* (5) */
    x->kept = true;
    if (!x->pooled) end_work(x); /* else work() has not returned yet */
}

void exchange_offload(struct exchange *x, enum exchange_weight weight,
                      void (*work)(struct exchange *x), void (*after)(struct exchange *x))
{
    assert(!x->working); /* (5) */
    x->work = work;
    x->after = after;
    x->working = true;
    x->promised = x->kept = false;
    x->keep.deliver = on_kept;
    exchange_hold(x);
    if (weight == WORK_HEAVY || x->body.n > WORK_INLINE_BYTES) {
        x->job = (struct pool_job){
            .run = on_work, .done = on_work_done, .large = x->body.n > WORK_LARGE_BYTES};
        x->pooled = pool_submit(&x->server->pool, &x->job);
        if (x->pooled) return;
    }
    do_work(x);
    end_work(x);
}

void exchange_promise(struct exchange *x)
{
    assert(x->working && !x->promised); /* (5) */
    x->promised = true;
}

void exchange_keep(struct exchange *x)
{
    server_post(x->server, &x->keep);
}
