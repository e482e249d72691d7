/* server/weights/push.c - see push.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/weights/push.h"

#include <assert.h>
#include <string.h>

#include "base/log.h"
#include "server/generate/generation.h"
#include "server/http/exchange.h"
#include "server/http/state.h"

/* Nobody waits for the server any more: what is staged is given up. */
static void stop(struct exchange *x)
{
    if (x->server->phase == CUTTING) engine_end_pushes(x->server->engine);
}

static void clear(struct exchange *x)
{
    struct push *p = x->state;
    client_path_close(&p->source);
    version_label_free(p->label);
    p->label = NULL;
}

static const struct exchange_kind kind = {.stop = stop, .free = clear};

struct push *push_new(struct exchange *x)
{
    struct push *p = exchange_state(x, sizeof(*p), &kind);
    if (p == NULL) return NULL;
    p->source.root = -1;
    p->order.root = p->order.fd = -1;
    p->order.wait = true;
    return p;
}

struct push *push_of(struct exchange *x)
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

/* The engine knows its own names of what was asked. */
static void rename_fields(struct push *p)
{
    const char *is = p->error.param;
    const char *to = strcmp(is, "path") == 0      ? p->path_field
                     : strcmp(is, "version") == 0 ? p->version_field
                                                  : NULL;
    if (to != NULL) error_at(&p->error, "%s", to);
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
    if (p->label == NULL) {
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
    client_path_close(&p->source);
    if (p->label != NULL) {
        p->reply(x, p);
    } else {
        exchange_fail(x, &p->error);
    }
}

void push_begin(struct exchange *x)
{
    struct push *p = push_of(x);
    p->at_work = generations_at_work(x->server->generations);
    p->order.path = p->source.path[0] == '\0' ? NULL : p->source.path;
    p->order.root = p->source.root;
    p->order.done = on_done;
    p->order.arg = x;
    exchange_offload(x, WORK_LIGHT, work, after);
}

enum push_policy push_policy_now(const struct exchange *x)
{
    return generations_are_paused(x->server->generations) ? PUSH_SWITCH : PUSH_FINISH;
}
