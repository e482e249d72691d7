/* reward/gym/parts.c - see parts.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/gym/parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/json.h"

bool gym_next_line(struct span s, size_t *at, struct span *line)
{
    if (*at > s.n) return false;
    size_t end = span_find(s, span_str("\n"), *at);
    if (end == SPAN_NONE) end = s.n;
    *line = span_slice(s, *at, end);
    *at = end + 1;
    return true;
}

bool gym_next_word(struct span s, size_t *at, struct span *word)
{
    while (*at < s.n && ascii_is_space((unsigned char)s.p[*at])) {
        ++*at;
    }
    size_t from = *at;
    while (*at < s.n && !ascii_is_space((unsigned char)s.p[*at])) {
        ++*at;
    }
    *word = span_slice(s, from, *at);
    return word->n > 0;
}

bool gym_whole(struct span s, long *out)
{
    char text[16], *end;
    if (s.n == 0 || s.n >= sizeof(text)) return false;
    snprintf(text, sizeof(text), "%.*s", (int)s.n, s.p);
    *out = strtol(text, &end, 10);
    return *end == '\0';
}

cJSON *gym_json(const struct gym_entry *e, bool quotes)
{
    struct span s = span_trim(e->given);
    char *text = arena_str(e->arena, s);
    for (size_t i = 0; quotes && text != NULL && i < s.n; i++) {
        if (text[i] == '\'') text[i] = '"';
    }
    return text == NULL ? NULL : json_parse(span_of(text, s.n), NULL);
}

bool gym_is_plain(const cJSON *v)
{
    return v != NULL && !cJSON_IsArray(v) && !cJSON_IsObject(v);
}

bool gym_same_value(const cJSON *x, const cJSON *y)
{
    return gym_is_plain(x) && gym_is_plain(y) && cJSON_Compare(x, y, true);
}

const cJSON *gym_first(const cJSON *list)
{
    return cJSON_IsArray(list) ? list->child : NULL;
}
