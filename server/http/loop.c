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
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/http/client.h"
#include "server/http/cors.h"
#include "server/http/http.h"
#include "server/http/exchange.h"
#include "server/http/state.h"

/* ---- the socket ---- */

static bool system_error(struct error *err, const char *param, const char *what, const char *why)
{
    return error_set(err, ERROR_SYSTEM, param, "%s: %s", what, why);
}

static int bound_port(int fd)
{
    struct sockaddr_storage a;
    socklen_t n = sizeof(a);
    char port[8] = "0";
    if (getsockname(fd, (struct sockaddr *)&a, &n) != 0) return 0;
    getnameinfo((struct sockaddr *)&a, n, NULL, 0, port, sizeof(port), NI_NUMERICSERV);
    return atoi(port);
}

static int listen_on(const struct addrinfo *a)
{
    int on = 1;
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0) return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static bool open_socket(struct server *s, struct error *err)
{
    char port[8];
    struct addrinfo *found = NULL,
                    hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    snprintf(port, sizeof(port), "%d", s->o.port);
    int failed = getaddrinfo(s->o.host, port, &hints, &found);
    if (failed != 0) return system_error(err, "host", s->o.host, gai_strerror(failed));
    s->listen_fd = listen_on(found);
    int why = errno;
    freeaddrinfo(found);
    if (s->listen_fd < 0) {
        return error_set(err, ERROR_SYSTEM, "port", "cannot listen on %s port %d: %s", s->o.host,
                         s->o.port, strerror(why));
    }
    s->port = bound_port(s->listen_fd);
    return true;
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
    int top = fcntl(s->listen_fd, F_DUPFD_CLOEXEC, s->o.max_connections + OTHERS);
    if (top < 0) top = fcntl(s->listen_fd, F_DUPFD_CLOEXEC, s->o.max_connections);
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

static void run_http(struct server *s);

static void on_http_timer(uv_timer_t *t)
{
    run_http(t->data);
}

static void run_http(struct server *s)
{
    MHD_UNSIGNED_LONG_LONG in_ms;
    if (s->daemon == NULL) return;
    s->kicked = false;
    mem_forget();
    MHD_run(s->daemon);
    if (MHD_get_timeout(s->daemon, &in_ms) == MHD_YES) {
        uv_timer_start(&s->http_timer, on_http_timer, in_ms, 0);
    } else {
        uv_timer_stop(&s->http_timer);
    }
}

static void on_http_ready(uv_poll_t *p, int status, int events)
{
    (void)status;
    (void)events;
    run_http(p->data);
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
    snprintf(url, sizeof(url), "http://%s:%d", s->o.host, s->port);
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
    run_http(
        s); /* it listens again, after connections at their limit have gone, at its next run only */
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
    if (failed != 0) return system_error(err, NULL, "event loop", uv_strerror(failed));
    s->loop_open = true;
    pool_init(&s->pool, &s->loop);
    if ((failed = uv_async_init(&s->loop, &s->woken, on_woken)) != 0 ||
        (failed = uv_timer_init(&s->loop, &s->http_timer)) != 0 ||
        (failed = uv_timer_init(&s->loop, &s->sweep)) != 0 ||
        (failed = uv_prepare_init(&s->loop, &s->http_kick)) != 0 ||
        (failed = drain_open_signals(s)) != 0) {
        return system_error(err, NULL, "event loop", uv_strerror(failed));
    }
    s->woken.data = s->http_timer.data = s->sweep.data = s->http_kick.data = s;
    return true;
}

/* Names and addresses at which no other machine can connect. */
static bool is_local(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
           strncmp(host, "127.", 4) == 0;
}

static bool open_keys(struct server *s, struct error *err)
{
    if (!keys_open(&s->keys, &s->o.api_keys, s->o.api_key_file, err)) return false;
    s->is_open = !is_local(s->o.host) && !keys_are_set(&s->keys);
    return cors_check_list(&s->o.cors_origins, keys_are_set(&s->keys), err);
}

bool server_reload(struct server *s)
{
    struct error err = {0};
    if (s->o.api_key_file == NULL) return false;
    bool fine = keys_reload(&s->keys, &err);
    log_line(fine ? LOG_INFO : LOG_WARN, "reloaded", LOG_S("what", "api-key-file"),
             LOG_S("error", fine ? NULL : err.message), LOG_END);
    return true;
}

struct server *server_new(const struct server_options *o, struct error *err)
{
    struct server *s = mem_new(1, sizeof(*s), err);
    if (s == NULL) return NULL;
    setenv("UV_THREADPOOL_SIZE", POOL_THREADS, 0); /* libuv reads it at the first job */
    s->o = *o;
    s->listen_fd = -1;
    s->started_ns = clock_ns();
    s->started_unix_s = clock_unix_s();
    inbox_init(&s->inbox);
    quota_init(&s->memory, (size_t)o->request_memory_bytes);
    raise_file_limit(s);
    if (open_keys(s, err) && open_loop(s, err) && open_socket(s, err)) {
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

static bool start(struct server *s, struct error *err)
{
    if (!http_start(s, err)) return false;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int failed = uv_poll_init(&s->loop, &s->http_ready, info->epoll_fd);
    if (failed != 0) return system_error(err, NULL, "event loop", uv_strerror(failed));
    s->http_ready.data = s;
    uv_poll_start(&s->http_ready, UV_READABLE, on_http_ready);
    uv_prepare_start(&s->http_kick, on_prepare);
    uv_timer_start(&s->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    drain_watch_signals(s);
    return true;
}

/* Whoever can connect may run code, pause and abort: better said than found out. */
static void warn_if_open(const struct server *s)
{
    if (!s->is_open) return;
    log_line(LOG_WARN, "open",
             LOG_S("message",
                   "no API key is set, and others than this machine may connect: they may "
                   "not pause, abort or change weights"),
             LOG_S("set", "--api-key"), LOG_END);
}

bool server_run(struct server *s, const struct server_parts *parts, struct error *err)
{
    s->parts = *parts;
    s->engine = parts->engine;
    s->judge = parts->judge;
    s->generations = parts->generations;
    s->adapters = parts->adapters;
    signal(SIGPIPE, SIG_IGN);
    bool started = start(s, err);
    if (started) {
        log_line(LOG_INFO, "listening", LOG_S("host", s->o.host), LOG_I("port", s->port), LOG_END);
        warn_if_open(s);
        uv_run(&s->loop, UV_RUN_DEFAULT); /* until drain.c stops it */
    }
    if (started) uv_poll_stop(&s->http_ready);
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
    if (s->daemon == NULL && s->listen_fd >= 0) close(s->listen_fd);
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
