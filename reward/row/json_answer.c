/* reward/row/json_answer.c - see json_answer.h.
 *
 * An object may begin at any brace. Each is tried from the left, and what parsed is passed over as
 * a whole; of those that do not parse only so many are tried, so a text of braces costs a few
 * passes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/json_answer.h"

#include "base/json.h"

enum { MOST_TRIES = 32 };

/* A copy of the member's text in a; p NULL: it is none of the kinds. */
static struct span text_of(const cJSON *v, struct arena *a)
{
    char scratch[JSON_NUMBER_ROOM];
    struct span text = span_of(NULL, 0);
    if (cJSON_IsString(v)) text = json_text(v, a);
    if (cJSON_IsNumber(v)) text = json_number(v, scratch);
    if (cJSON_IsBool(v)) text = span_str(cJSON_IsTrue(v) ? "true" : "false");
    char *copy = text.p == NULL ? NULL : arena_str(a, text);
    return copy == NULL ? span_of(NULL, 0) : span_of(copy, text.n);
}

struct span json_answer(struct span text, const char *member, struct arena *a)
{
    struct span found = span_of(NULL, 0);
    int tries = 0;
    for (size_t at = 0; tries < MOST_TRIES; tries++) {
        at = span_find(text, span_str("{"), at);
        if (at == SPAN_NONE) break;
        size_t end = 0;
        struct error why = {0};
        cJSON *object = json_parse_front(span_slice(text, at, text.n), &end, &why);
        struct span one = object == NULL ? span_of(NULL, 0) : text_of(json_get(object, member), a);
        if (one.p != NULL) found = one;
        if (object != NULL) tries--; /* what parsed is no try: it was passed over */
        at += object == NULL ? 1 : end;
        cJSON_Delete(object);
    }
    return found;
}
