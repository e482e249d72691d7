/* server/routes/control.c - see control.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/control.h"

#include "server/generate/completion.h"
#include "server/http/exchange.h"
#include "server/http/state.h"
#include "server/rollouts/rollouts.h"

bool control_find_mode(const struct control_mode *modes, struct span word, enum pause_mode *mode,
                       struct error *err)
{
    *mode = modes->mode;
    if (word.p == NULL) return true;
    for (const struct control_mode *m = modes; m->name != NULL; m++) {
        *mode = m->mode;
        if (span_is(word, m->name)) return true;
    }
    return error_set(err, ERROR_INVALID_VALUE, "mode", "mode is %s, %s or %s", modes[0].name,
                     modes[1].name, modes[2].name);
}

void control_pause(struct exchange *x, enum pause_mode mode, void (*done)(struct exchange *x))
{
    struct error err = {0};
    if (x->server->phase != SERVING) { /* its body came when the drain had begun, which lets all go on */
        error_set(&err, ERROR_DRAINING, NULL, "the server is shutting down");
        exchange_fail(x, &err);
        return;
    }
    if (mode == PAUSE_ABORT) rollouts_abort_begun(x->server); /* their groups to come, too */
    pause_begin(x, mode, done);
}

/* Does x go by that name? By the name that its body gives it only once that is read. */
static bool has_id(struct exchange *x, struct span name)
{
    const struct completion *c = x->working ? NULL : completion_of(x);
    return c != NULL ? completion_has_id(c, name) : span_is(name, x->id);
}

/* Without names all are meant. */
static bool is_named(struct exchange *x, const struct text_list *names)
{
    if (names->texts == NULL) return true;
    for (size_t i = 0; i < names->n; i++) {
        if (has_id(x, names->texts[i])) return true;
    }
    return false;
}

/* False: it is nothing that samples. */
static bool abort_one(struct exchange *x)
{
    struct completion *c = completion_of(x);
    if (c == NULL) return rollouts_abort(x);
    completion_abort(c);
    return true;
}

int control_abort(struct server *s, struct text_list names)
{
    int n = 0;
    for (struct exchange *x = s->exchanges, *next; x != NULL; x = next) {
        next = x->next;
        n += is_named(x, &names) && abort_one(x);
    }
    return n;
}
