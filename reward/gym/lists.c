/* reward/gym/lists.c - lists of words or numbers as JSON: groups, parts, sorted numbers (rules.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/gym/rules.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "reward/gym/parts.h"

static int by_text(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* Words without control characters, which stand between words and lines below. */
static bool is_word(const cJSON *v)
{
    if (!cJSON_IsString(v)) return false;
    for (const char *p = v->valuestring; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20) return false;
    }
    return true;
}

/* A list of lists of words as sorted lines, each sorted where `inner`; p NULL: it is none. */
static struct span canonical(const struct gym_entry *e, const cJSON *lists, bool inner)
{
    const cJSON *list, *v;
    size_t n = 0, rows = 0, room = (size_t)cJSON_GetArraySize(lists);
    const char **lines = arena_alloc(e->arena, room + 1, sizeof(*lines));
    struct buffer b;
    buffer_init(&b, 1 << 22);
    bool ok = cJSON_IsArray(lists) && lines != NULL;
    cJSON_ArrayForEach(list, lists)
    {
        const char **words =
            arena_alloc(e->arena, (size_t)cJSON_GetArraySize(list) + 1, sizeof(*words));
        ok = ok && cJSON_IsArray(list) && words != NULL;
        if (!ok) break;
        n = 0;
        cJSON_ArrayForEach(v, list)
        {
            ok = ok && is_word(v);
            if (ok) words[n++] = v->valuestring;
        }
        if (inner) qsort(words, n, sizeof(*words), by_text);
        b.n = 0;
        for (size_t i = 0; i < n; i++) {
            buffer_addf(&b, "%s\x1f", words[i]);
        }
        lines[rows] = b.failed ? NULL : arena_str(e->arena, buffer_span(&b));
        ok = ok && lines[rows++] != NULL;
    }
    if (ok) qsort(lines, rows, sizeof(*lines), by_text);
    b.n = 0;
    for (size_t i = 0; ok && i < rows; i++) {
        bool again = !inner && i > 0 && strcmp(lines[i], lines[i - 1]) == 0; /* a set */
        if (!again) buffer_addf(&b, "%s\n", lines[i]);
    }
    char *copy = ok && !b.failed ? arena_str(e->arena, buffer_span(&b)) : NULL;
    struct span text = span_of(copy, b.n);
    buffer_clear(&b);
    return text;
}

static double same_lists(const struct gym_entry *e, bool inner, double parsed)
{
    const cJSON *solution = json_get(e->metadata, "solution");
    if (!cJSON_IsArray(solution)) return GYM_LACKS;
    cJSON *given = gym_json(e, false);
    struct span x = canonical(e, given, inner), y = canonical(e, solution, inner);
    bool none = cJSON_IsObject(given) && given->child == NULL;
    cJSON_Delete(given);
    if (y.p == NULL) return GYM_LACKS;
    if (x.p == NULL) return none ? parsed : 0;
    return span_eq(x, y) ? 1 : parsed;
}

double gym_groups(const struct gym_entry *e)
{
    return same_lists(e, true, 0.01);
}

double gym_parts(const struct gym_entry *e)
{
    return same_lists(e, false, 0);
}

static bool number_of(const cJSON *v, double *out)
{
    char *end;
    if (cJSON_IsNumber(v)) {
        *out = v->valuedouble;
        return true;
    }
    if (!cJSON_IsString(v) || v->valuestring[0] == '\0') return false;
    *out = strtod(v->valuestring, &end);
    return *end == '\0';
}

double gym_numbers(const struct gym_entry *e)
{
    const cJSON *direction = json_get(e->metadata, "direction");
    const cJSON *wanted = json_get(e->metadata, "sorted_numbers"), *x, *y;
    if (!cJSON_IsString(direction) || !cJSON_IsArray(wanted)) return GYM_LACKS;
    bool up = strcmp(direction->valuestring, "ascending") == 0;
    cJSON *given = gym_json(e, true);
    bool ok = cJSON_IsArray(given) && cJSON_GetArraySize(given) == cJSON_GetArraySize(wanted);
    double before = 0, a, b;
    y = wanted->child;
    for (x = ok ? given->child : NULL; ok && x != NULL; x = x->next, y = y->next) {
        ok = number_of(x, &a) && number_of(y, &b) && a - b <= 1 && b - a <= 1;
        if (ok && x != given->child) ok = up ? a >= before : a <= before;
        before = a;
    }
    cJSON_Delete(given);
    return ok;
}
