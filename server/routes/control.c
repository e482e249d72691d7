/* server/routes/control.c - see control.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/control.h"

#include <assert.h>

#include "base/json.h"
#include "server/generate/completion.h"
#include "server/http/exchange.h"
#include "server/http/state.h"

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

bool control_read_body(struct exchange *x, struct field_table table, cJSON **body,
                       struct error *err)
{
    struct field_context context = {.arena = x->arena, .unknown = exchange_unknown(x)};
    assert(fields_are_listed(x->route->fields, table.rows));
    *body = NULL;
    if (x->body.n == 0) return true;
    *body = exchange_parse(x, err);
    return *body != NULL && fields_read(*body, &table, 1, &context, err);
}

/* By a string, or by one of an array. */
static bool is_named(const struct completion *c, const cJSON *names)
{
    const cJSON *name;
    if (cJSON_IsString(names)) return completion_has_id(c, span_str(names->valuestring));
    cJSON_ArrayForEach(name, names)
    {
        if (cJSON_IsString(name) && completion_has_id(c, span_str(name->valuestring))) return true;
    }
    return false;
}

int control_abort(struct server *s, const cJSON *names)
{
    int n = 0;
    for (struct exchange *x = s->exchanges, *next; x != NULL; x = next) {
        next = x->next;
        struct completion *c = completion_of(x);
        if (c == NULL || (names != NULL && !is_named(c, names))) continue;
        completion_abort(c);
        n++;
    }
    return n;
}
