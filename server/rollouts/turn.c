/* server/rollouts/turn.c - see turn.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/rollouts/turn.h"

#include <string.h>

#include "base/json.h"

enum { TEXT_BYTES = 256 << 20 };

/* Stands in for what the model wrote: printable, no white space at its ends, no mark of anything. */
static const char stand_in[] = "qX7jvZk2turnW9";

static bool add_message(cJSON *list, const char *role, const char *content)
{
    cJSON *m = cJSON_CreateObject();
    bool ok = m != NULL && cJSON_AddStringToObject(m, "role", role) != NULL &&
              cJSON_AddStringToObject(m, "content", content) != NULL;
    if (ok && cJSON_AddItemToArray(list, m)) return true;
    cJSON_Delete(m);
    return false;
}

/* user, the model's turn, then messages. NULL: no memory. */
static cJSON *with_turn(const cJSON *messages)
{
    cJSON *list = cJSON_CreateArray();
    bool ok =
        list != NULL && add_message(list, "user", "-") && add_message(list, "assistant", stand_in);
    const cJSON *m;
    cJSON_ArrayForEach(m, messages)
    {
        cJSON *copy = ok ? cJSON_Duplicate(m, true) : NULL;
        ok = copy != NULL && cJSON_AddItemToArray(list, copy);
        if (!ok && copy != NULL) cJSON_Delete(copy);
        if (!ok) break;
    }
    if (ok) return list;
    cJSON_Delete(list);
    return NULL;
}

/* What text has behind the stand-in. p NULL: it is not there once. */
static struct span behind(struct span text)
{
    const char *at = memmem(text.p, text.n, stand_in, strlen(stand_in));
    if (at == NULL) return span_of(NULL, 0);
    size_t from = (size_t)(at - text.p) + strlen(stand_in);
    struct span rest = span_slice(text, from, text.n);
    bool again = memmem(rest.p, rest.n, stand_in, strlen(stand_in)) != NULL;
    return again ? span_of(NULL, 0) : rest;
}

static struct span without_end(struct span text, const struct engine *e)
{
    int eos = engine_info(e)->eos_token;
    struct span end = eos >= 0 ? engine_token_bytes(e, eos) : span_of(NULL, 0);
    bool has = end.n > 0 && text.n >= end.n && memcmp(text.p, end.p, end.n) == 0;
    return has ? span_slice(text, end.n, text.n) : text;
}

bool turn_render(struct conversation *c, const struct engine *e, bool ended, struct arena *a,
                 struct buffer *out, struct error *err)
{
    struct buffer text;
    struct conversation whole = *c;
    cJSON *list = with_turn(c->messages);
    if (list == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the messages");
    whole.messages = list;
    buffer_init(&text, TEXT_BYTES);
    bool ok = conversation_render(&whole, e, a, &text, err);
    struct span rest = ok ? behind(buffer_span(&text)) : span_of(NULL, 0);
    if (ok && rest.p == NULL) {
        ok = error_set(err, ERROR_TEMPLATE, NULL,
                       "the chat template does not show a turn of the model's as it is, so nothing "
                       "can be put behind one");
    }
    if (ok) buffer_add_span(out, ended ? without_end(rest, e) : rest);
    buffer_clear(&text);
    cJSON_Delete(list);
    return ok;
}
