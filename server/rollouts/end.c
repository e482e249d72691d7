/* server/rollouts/end.c - DELETE /v1/rollouts/{id}[/groups/{g}]: end it and answer with what exists.
 *
 * Another's call is as little there as none: 404. The call itself answers too, with the same samples.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/emit.h"
#include "server/http/state.h"
#include "server/rollouts/rollout.h"
#include "server/rollouts/rollouts.h"

struct ending {
    struct end_wait wait; /* first: ended() gets it back */
    struct exchange *exchange;
};

static void on_ended(struct end_wait *w, struct rollout *r)
{
    struct ending *e = (struct ending *)w;
    struct buffer *out = &e->exchange->reply;
    emit_object(out, NULL);
    emit_str(out, "id", r->id);
    emit_key(out, "groups");
    buffer_add_char(out, '[');
    buffer_add_span(out, buffer_span(&w->groups));
    buffer_add_char(out, ']');
    if (w->group == SIZE_MAX) print_totals(r, out);
    emit_close(out, '}');
    buffer_fail_as(out, &w->groups);
    exchange_reply_json(e->exchange, out);
}

static void stop(struct exchange *x)
{
    struct ending *e = x->state;
    rollout_wait_stop(&e->wait);
}

static void free_state(struct exchange *x)
{
    struct ending *e = x->state;
    rollout_wait_stop(&e->wait);
    buffer_clear(&e->wait.groups);
}

/* "{id}" or "{id}/groups/{g}" of the path. */
static bool read_path(const char *path, size_t *id_bytes, size_t *group)
{
    static const char middle[] = "/groups/";
    const char *slash = strchr(path, '/');
    *group = SIZE_MAX;
    *id_bytes = slash != NULL ? (size_t)(slash - path) : strlen(path);
    if (slash == NULL) return true;
    if (strncmp(slash, middle, strlen(middle)) != 0) return false;
    const char *digits = slash + strlen(middle);
    size_t n = strspn(digits, "0123456789");
    if (n == 0 || n > 9 || digits[n] != '\0') return false;
    *group = strtoul(digits, NULL, 10);
    return true;
}

static void fail_not_found(struct exchange *x)
{
    error_set(&x->error, ERROR_NOT_FOUND, NULL, "no such rollout is at work");
    exchange_fail(x, &x->error);
}

void rollouts_end_handle(struct exchange *x)
{
    static const struct exchange_kind kind = {.stop = stop, .free = free_state};
    static const char prefix[] = "/v1/rollouts/";
    size_t n, group;
    const char *rest = x->path + strlen(prefix);
    bool ok = read_path(rest, &n, &group);
    struct rollout *r = ok ? rollout_find(x->server, rest, n, exchange_client(x)) : NULL;
    if (r == NULL || (group != SIZE_MAX && !rollout_has_group(r, group))) {
        fail_not_found(x);
        return;
    }
    struct ending *e = exchange_state(x, sizeof(*e), &kind);
    if (e == NULL) return;
    e->exchange = x;
    e->wait.ended = on_ended;
    e->wait.group = group;
    buffer_init(&e->wait.groups, EXCHANGE_REPLY_BYTES);
    rollout_hold(r);
    rollout_wait(r, &e->wait);
    if (group == SIZE_MAX) {
        rollout_end(r, "abort");
    } else if (rollout_group_is_over(r, group)) {
        rollout_wait_stop(&e->wait);
        on_ended(&e->wait, r);
    } else if (!rollout_end_group(r, group, &x->error)) {
        rollout_wait_stop(&e->wait);
        exchange_fail(x, &x->error);
    }
    rollout_release(r);
}
