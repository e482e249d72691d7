/* server/weights/push.c - see push.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/weights/push.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "server/generate/generation.h"
#include "server/http/exchange.h"
#include "server/http/state.h"

/* Nobody waits for the server any more: what is staged is given up. */
static void stop(struct exchange *x)
{
    if (x->server->phase == CUTTING) engine_end_pushes(x->server->engine);
}

static void close_paths(struct push *p)
{
    client_path_close(&p->source);
    client_path_close(&p->paths.source);
    client_path_close(&p->paths.last);
    client_path_close(&p->paths.base);
    if (p->paths.folder >= 0) close(p->paths.folder);
    p->paths.folder = -1;
}

static void clear(struct exchange *x)
{
    struct push *p = x->state;
    close_paths(p);
    version_label_free(p->label);
    p->label = NULL;
}

static const struct exchange_kind kind = {.stop = stop, .free = clear};

struct push *push_new(struct exchange *x)
{
    struct push *p = exchange_state(x, sizeof(*p), &kind);
    if (p == NULL) return NULL;
    p->source.root = p->paths.source.root = p->paths.last.root = p->paths.base.root = -1;
    p->paths.folder = -1;
    p->order.root = p->order.fd = -1;
    p->order.wait = PUSH_WAITS;
    return p;
}

bool push_read_wait(const struct exchange *x, struct push *p, struct error *err)
{
    bool waits = true;
    if (!exchange_flag(x, "wait", &waits, err)) return false;
    if (exchange_argument(x, "wait") != NULL) {
        p->order.wait = waits ? PUSH_WAITS_IN_PAUSE : PUSH_WAITS_NOT;
    }
    return true;
}

/* The push of x, which push_new() has made. */
static struct push *push_of(struct exchange *x)
{
    assert(x->kind == &kind);
    return x->state;
}

bool push_set_version(struct exchange *x, struct span name, const char *field, struct error *err)
{
    struct push *p = push_of(x);
    p->version_field = field;
    if (name.p == NULL) return true;
    if (memchr(name.p, '\0', name.n) != NULL) {
        return error_set(err, ERROR_INVALID_VALUE, field, "%s is a text without a NUL", field);
    }
    p->order.version = arena_str(x->arena, name);
    return p->order.version != NULL || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
}

/* The engine knows its own names of what was asked; of a file that leads out it knows the file. */
static void rename_fields(struct push *p)
{
    if (p->error.code == ERROR_PATH_NOT_ALLOWED && p->error.param[0] == '\0') {
        error_at(&p->error, "path");
    }
    const struct {
        const char *is, *to;
    } names[] = {{"path", p->path_field},
                 {"version", p->version_field},
                 {"folder", p->folder_field},
                 {"base", p->base_field}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].to == NULL || strcmp(p->error.param, names[i].is) != 0) continue;
        error_at(&p->error, "%s", names[i].to);
        return;
    }
}

/* On a thread of the engine's. */
static void on_done(void *arg, const struct push_result *result)
{
    struct exchange *x = arg;
    struct push *p = x->state;
    p->error = result->error;
    p->seconds = result->seconds;
    p->label = version_label_share(result->label);
    exchange_keep(x);
}

static void work(struct exchange *x)
{
    struct push *p = x->state;
    exchange_promise(x);
    if (!engine_push(x->server->engine, &p->order, &p->error)) exchange_keep(x);
}

static void note(const struct push *p)
{
    if (p->order.pull != NULL && p->label != NULL) {
        log_line(LOG_INFO, "weights_pulled", LOG_I("version", p->pull.version),
                 LOG_F("seconds", p->seconds), LOG_END);
    } else if (p->label == NULL) {
        log_line(LOG_WARN, "weights_refused", LOG_S("code", error_name(p->error.code)),
                 LOG_S("error", p->error.message), LOG_END);
    } else {
        log_line(LOG_INFO, "weights", LOG_S("version", p->label->name),
                 LOG_S("sha256", p->label->sha256), LOG_F("seconds", p->seconds), LOG_END);
    }
}

static void after(struct exchange *x)
{
    struct push *p = x->state;
    note(p);
    rename_fields(p);
    if (p->over != NULL) p->over(x, p);
    close_paths(p);
    if (p->label != NULL) {
        p->reply(x, p);
    } else {
        exchange_fail(x, &p->error);
    }
}

static const char *path_in(const struct client_path *p)
{
    return p->path[0] == '\0' ? NULL : p->path;
}

static void name_paths(struct push *p)
{
    struct engine_pull *to = &p->pull;
    to->folder = p->paths.folder;
    to->source = path_in(&p->paths.source);
    to->source_root = p->paths.source.root;
    to->last = path_in(&p->paths.last);
    to->last_root = p->paths.last.root;
    to->base = path_in(&p->paths.base);
    to->base_root = p->paths.base.root;
    p->order.path = path_in(&p->source);
    p->order.root = p->source.root;
}

void push_begin(struct exchange *x)
{
    struct push *p = push_of(x);
    p->at_work = generations_at_work(x->server->generations);
    name_paths(p);
    p->order.done = on_done;
    p->order.arg = x;
    exchange_offload(x, WORK_LIGHT, work, after);
}

enum push_policy push_policy_now(const struct exchange *x)
{
    return generations_are_paused(x->server->generations) ? PUSH_SWITCH : PUSH_FINISH;
}
