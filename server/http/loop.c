/* server/http/loop.c - libmicrohttpd inside a libuv loop, and the life of the server.
 *
 *        kernel sockets                     engine thread, judge, thread pool
 *             |                                        |
 *   libmicrohttpd's own epoll set            uv_async_send (woken)
 *             |  its descriptor                        |
 *        uv_poll (http_ready)  uv_timer (http_timer)   |
 *             \______________________|________________/
 *                              the loop thread
 *
 * libmicrohttpd has no thread. It runs whenever its epoll descriptor is readable, when its timer is
 * due, and (http_kick, just before the loop sleeps) after connections were resumed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/http/client.h"
#include "server/http/cors.h"
#include "server/http/http.h"
#include "server/http/exchange.h"
#include "server/http/state.h"
#include "server/http/tls.h"

/* ---- descriptors ---- */

/* Always false: what libuv says of a handle that it did not make. */
static bool loop_error(struct error *err, int failed)
{
    return error_set(err, ERROR_SYSTEM, NULL, "event loop: %s", uv_strerror(failed));
}

/* Descriptors for every connection and as many for files and libuv; as far as the system allows. */
static void raise_file_limit(struct server *s)
{
    enum { SPARE = 256 };
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0) return;
    r.rlim_cur = r.rlim_max;
    setrlimit(RLIMIT_NOFILE, &r);
    if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur == RLIM_INFINITY) return;
    if (r.rlim_cur < (rlim_t)s->o.max_connections + SPARE) {
        rlim_t spare = r.rlim_cur > 2 * SPARE ? SPARE : r.rlim_cur / 2;
        s->o.max_connections = (int)(r.rlim_cur - spare);
        log_line(LOG_WARN, "file_limit", LOG_I("max_connections", s->o.max_connections), LOG_END);
    }
}

static void on_nothing(uv_poll_t *p, int status, int events)
{
    (void)p;
    (void)status;
    (void)events;
}

/* libuv ends the process when it has no memory to watch a descriptor of a higher number than any
 * before. So one with the highest that we shall see is watched at the start. */
static bool reserve_watchers(struct server *s)
{
    enum { OTHERS = 1024 }; /* files, pipes to workers, libuv's own */
    int top = fcntl(s->listeners[LISTENER_MAIN].fd, F_DUPFD_CLOEXEC, s->o.max_connections + OTHERS);
    if (top < 0) top = fcntl(s->listeners[LISTENER_MAIN].fd, F_DUPFD_CLOEXEC, s->o.max_connections);
    if (top < 0) return false; /* so few descriptors that there is little to reserve */
    bool ok = uv_poll_init(&s->loop, &s->top, top) == 0;
    if (ok) {
        ok = uv_poll_start(&s->top, UV_DISCONNECT, on_nothing) == 0;
        uv_close((uv_handle_t *)&s->top, NULL);
        uv_run(&s->loop, UV_RUN_NOWAIT);
    }
    close(top);
    return ok;
}

/* ---- running libmicrohttpd ---- */

/* Not at once: libuv would call a timer that is due again before anything else has its turn. */
static void on_http_timer(uv_timer_t *t)
{
    server_kick(((struct listener *)t->data)->server);
}

/* While a TLS handshake waits for bytes, libmicrohttpd 0.9.75 asks to be run again at once, over
 * and over. When they come its descriptor is readable, so after some runs without a deed it may be
 * asked less and less often; whoever stands still in his handshake then costs nothing until the
 * sweep shuts him. */
static uint64_t wait_ms(struct listener *l, bool worked, uint64_t asked_ms)
{
    enum { FREE_RUNS = 16, MOST_DOUBLINGS = 8 };
    if (!l->tls || worked || asked_ms > 0) {
        l->idle_runs = 0;
        return asked_ms;
    }
    if (l->idle_runs < FREE_RUNS + MOST_DOUBLINGS) l->idle_runs++;
    return l->idle_runs <= FREE_RUNS ? 0 : (uint64_t)1 << (l->idle_runs - FREE_RUNS);
}

static void run_listener(struct listener *l)
{
    MHD_UNSIGNED_LONG_LONG in_ms;
    uint64_t deeds = l->server->deeds;
    if (l->daemon == NULL) return;
    mem_forget();
    MHD_run(l->daemon);
    if (MHD_get_timeout(l->daemon, &in_ms) == MHD_YES) {
        uint64_t wait = wait_ms(l, l->server->deeds != deeds, in_ms);
        uv_timer_start(&l->timer, on_http_timer, wait, 0);
    } else {
        uv_timer_stop(&l->timer);
    }
}

static void run_http(struct server *s)
{
    s->kicked = false;
    for (int i = 0; i < LISTENERS; i++) {
        run_listener(&s->listeners[i]);
    }
}

static void on_http_ready(uv_poll_t *p, int status, int events)
{
    struct listener *l = p->data;
    (void)status;
    (void)events;
    l->idle_runs = 0;
    run_listener(l);
}

static void on_prepare(uv_prepare_t *p)
{
    struct server *s = p->data;
    if (s->kicked) run_http(s);
}

/* ---- what wakes the loop ---- */

/* On a terminal, what a person does next. Written only where it does not make the loop wait. */
static void greet(const char *url, const char *model)
{
    struct pollfd terminal = {.fd = STDERR_FILENO, .events = POLLOUT};
    char text[1024];
    if (!isatty(STDERR_FILENO) || poll(&terminal, 1, 0) != 1) return;
    int n = snprintf(
        text, sizeof(text),
        "\n  %.200s is served on %s\n\n"
        "  curl %s/v1/chat/completions -H 'Content-Type: application/json' \\\n"
        "    -d '{\"messages\": [{\"role\": \"user\", \"content\": \"What is 3 * 4?\"}]}'\n\n",
        model, url, url);
    ssize_t ignored = write(STDERR_FILENO, text, n > 0 && n < (int)sizeof(text) ? (size_t)n : 0);
    (void)ignored;
}

/* What is served from now on, and on what: one line for whoever starts the program. */
static void log_ready(const struct server *s)
{
    const struct engine_info *info = engine_info(s->engine);
    char url[300];
    snprintf(url, sizeof(url), "http%s://%s:%d", s->o.tls_cert != NULL ? "s" : "", s->o.host,
             s->port);
    log_line(LOG_INFO, "ready", LOG_S("url", url), LOG_S("model", info->name),
             LOG_S("architecture", info->architecture), LOG_S("quantisation", info->quantisation),
             LOG_I("weight_bytes", info->packed_bytes), LOG_I("context", info->context),
             LOG_S("isa", info->isa), LOG_I("threads", info->threads),
             LOG_I("max_sequences", info->max_sequences),
             LOG_I("kv_tokens", (int64_t)info->kv_blocks * info->kv_block_tokens),
             LOG_I("kv_bytes_per_token", info->kv_bytes_per_token),
             LOG_F("load_s", info->load_seconds), LOG_END);
    greet(url, info->name);
}

/* Loading has ended, one way or the other. Without its model the server has nothing to serve:
 * whoever watches it should see it end. */
static void note_engine_state(struct server *s)
{
    enum engine_state now = engine_state(s->engine, &s->failure);
    if (now == ENGINE_FAILED) drain_begin(s, "model");
    if (now != ENGINE_READY || s->ready || s->failure.code != ERROR_NONE) return;
    if (s->parts.ready != NULL && !s->parts.ready(s->adapters, &s->failure)) {
        drain_begin(s, "adapter");
        return;
    }
    s->ready = true;
    log_ready(s);
}

static void on_woken(uv_async_t *a)
{
    struct server *s = a->data;
    inbox_deliver(&s->inbox);
    if (s->engine == NULL) return;
    note_engine_state(s);
    s->parts.workload->turn(s->generations);
}

void server_wake(void *server)
{
    uv_async_send(&((struct server *)server)->woken);
}

void server_post(struct server *s, struct message *m)
{
    inbox_post(&s->inbox, m);
    uv_async_send(&s->woken);
}

static void on_sweep(uv_timer_t *t)
{
    struct server *s = t->data;
    uint64_t now = clock_ns();
    run_http(s); /* for it listens again only then, after connections at their limit have gone */
    client_sweep(s, now);
    http_sweep(s, now);
    drain_sweep(s, now);
}

/* ---- life ---- */

/* More than processors: a chat's template must not queue behind four long batches of verdicts. */
static const char POOL_THREADS[] = "16";

/* Before any other thread exists: the engine may wake us as soon as it is opened. */
static bool open_loop(struct server *s, struct error *err)
{
    int failed = uv_loop_init(&s->loop);
    if (failed != 0) return loop_error(err, failed);
    s->loop_open = true;
    pool_init(&s->pool, &s->loop);
    if ((failed = uv_async_init(&s->loop, &s->woken, on_woken)) != 0 ||
        (failed = uv_timer_init(&s->loop, &s->sweep)) != 0 ||
        (failed = uv_prepare_init(&s->loop, &s->http_kick)) != 0 ||
        (failed = drain_open_signals(s)) != 0) {
        return loop_error(err, failed);
    }
    s->woken.data = s->sweep.data = s->http_kick.data = s;
    return true;
}

static bool open_keys(struct server *s, struct error *err)
{
    if (!keys_open(&s->keys, &s->o.api_keys, s->o.api_key_file, err)) return false;
    return cors_check_list(&s->o.cors_origins, keys_are_set(&s->keys), err);
}

static bool open_tls(struct server *s, struct error *err)
{
    const char *certificate = s->o.tls_cert, *key = s->o.tls_key;
    if (certificate == NULL && key == NULL) return true;
    if (certificate == NULL || key == NULL) {
        return error_set(err, ERROR_INVALID_VALUE, "tls-key",
                         "tls-cert and tls-key go together: one of them is missing");
    }
    return tls_load(certificate, key, err);
}

static void log_reloaded(const char *what, bool fine, const struct error *err)
{
    log_line(fine ? LOG_INFO : LOG_WARN, "reloaded", LOG_S("what", what),
             LOG_S("error", fine ? NULL : err->message), LOG_END);
}

bool server_can_reload(const struct server *s)
{
    return s->o.api_key_file != NULL || s->o.tls_cert != NULL;
}

void server_reload(struct server *s)
{
    struct error err = {0};
    if (s->o.api_key_file != NULL) {
        bool fine = keys_reload(&s->keys, &err);
        log_reloaded("api-key-file", fine, &err);
    }
    if (s->o.tls_cert != NULL) {
        bool fine = open_tls(s, &err);
        log_reloaded("tls-cert", fine, &err);
    }
}

static bool check_folder(const char *path, const char *setting, struct error *err)
{
    return file_is_folder(path) ||
           error_set(err, ERROR_INVALID_VALUE, setting, "%s: no folder can be opened at %.200s: %s",
                     setting, path, strerror(errno));
}

/* The operator's folders are there: one that is named wrongly would be found out by the first push. */
static bool check_folders(const struct server *s, struct error *err)
{
    for (int i = 0; i < s->o.path_roots.n; i++) {
        if (!check_folder(s->o.path_roots.items[i], "path-root", err)) return false;
    }
    return (s->o.adapter_dir == NULL || check_folder(s->o.adapter_dir, "adapter-dir", err)) &&
           upload_check_folder(s, err);
}

struct server *server_new(const struct server_options *o, struct error *err)
{
    struct server *s = mem_new(1, sizeof(*s), err);
    if (s == NULL) return NULL;
    setenv("UV_THREADPOOL_SIZE", POOL_THREADS, 0); /* libuv reads it at the first job */
    s->o = *o;
    s->started_ns = clock_ns();
    s->started_unix_s = clock_unix_s();
    inbox_init(&s->inbox);
    quota_init(&s->memory, (size_t)o->request_memory_bytes);
    raise_file_limit(s);
    if (check_folders(s, err) && open_keys(s, err) && open_tls(s, err) && open_loop(s, err) &&
        listen_open(s, err)) {
        reserve_watchers(s);
        return s;
    }
    server_free(s);
    return NULL;
}

int server_port(const struct server *s)
{
    return s->port;
}

static bool start_listener(struct listener *l, struct error *err)
{
    struct server *s = l->server;
    if (l->fd < 0) return true;
    if (!http_start(l, err)) return false;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int failed = uv_timer_init(&s->loop, &l->timer);
    if (failed == 0) failed = uv_poll_init(&s->loop, &l->ready, info->epoll_fd);
    if (failed != 0) return loop_error(err, failed);
    l->ready.data = l->timer.data = l;
    uv_poll_start(&l->ready, UV_READABLE, on_http_ready);
    return true;
}

static bool start(struct server *s, struct error *err)
{
    for (int i = 0; i < LISTENERS; i++) {
        if (!start_listener(&s->listeners[i], err)) return false;
    }
    uv_prepare_start(&s->http_kick, on_prepare);
    uv_timer_start(&s->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    drain_watch_signals(s);
    return true;
}

struct quota *server_memory(struct server *s)
{
    return &s->memory;
}

bool server_run(struct server *s, const struct server_parts *parts, struct error *err)
{
    s->parts = *parts;
    s->engine = parts->engine;
    s->judge = parts->judge;
    s->generations = parts->generations;
    s->adapters = parts->adapters;
    signal(SIGPIPE, SIG_IGN);
    bool started = router_can_close(s->parts.routes, &s->o.closed_routes, err) && start(s, err);
    if (started) {
        listen_log(s);
        uv_run(&s->loop, UV_RUN_DEFAULT); /* until drain.c stops it */
    }
    for (int i = 0; started && i < LISTENERS; i++) {
        if (s->listeners[i].daemon != NULL) uv_poll_stop(&s->listeners[i].ready);
    }
    http_stop(s);
    s->engine = NULL;
    if (!started) return false;
    log_line(LOG_INFO, "stopped", LOG_I("cut_off", s->cut_off), LOG_END);
    if (s->failure.code != ERROR_NONE) {
        if (err != NULL) *err = s->failure;
        return false;
    }
    if (s->cut_off == 0) return true;
    return error_set(err, ERROR_SYSTEM, NULL, "stopped with %zu requests unanswered", s->cut_off);
}

static void close_handle(uv_handle_t *h, void *arg)
{
    (void)arg;
    if (!uv_is_closing(h)) uv_close(h, NULL);
}

void server_free(struct server *s)
{
    if (s == NULL) return;
    listen_close(s);
    tls_clear();
    if (s->loop_open) {
        uv_walk(&s->loop, close_handle, NULL);
        uv_run(&s->loop, UV_RUN_DEFAULT);
        uv_loop_close(&s->loop);
    }
    uploads_free(s);
    metrics_clear(&s->metrics);
    keys_clear(&s->keys);
    inbox_clear(&s->inbox);
    free(s);
}
