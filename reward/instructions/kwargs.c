/* reward/instructions/kwargs.c - see kwargs.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/instructions/kwargs.h"

#include <assert.h>

#include "base/json.h"
#include "reward/rules/unicode.h"

enum { NUMBER_MOST = 1000000000 };

static const cJSON *needed(const struct check_call *call, const char *name)
{
    const cJSON *v = json_get(call->kwargs, name);
    if (v == NULL) error_set(call->err, ERROR_MISSING_FIELD, name, "%s is missing", name);
    return v;
}

static bool wrong(const struct check_call *call, const char *name, const char *wanted,
                  const cJSON *v)
{
    return error_set(call->err, ERROR_INVALID_TYPE, name, "%s must be %s, not %s", name, wanted,
                     json_type_name(v));
}

bool kwarg_number(const struct check_call *call, const char *name, int64_t least, int64_t *out)
{
    const cJSON *v = needed(call, name);
    if (v == NULL) return false;
    if (!json_int64(v, out)) return wrong(call, name, "a whole number", v);
    if (*out >= least && *out <= NUMBER_MOST) return true;
    return error_set(call->err, ERROR_INVALID_VALUE, name, "%s is %lld; it must be %lld to %d",
                     name, (long long)*out, (long long)least, NUMBER_MOST);
}

/* The text of v, which err calls `name`. */
static bool text_of(const struct check_call *call, const char *name, const cJSON *v,
                    struct span *out)
{
    if (!cJSON_IsString(v)) return wrong(call, name, "a text", v);
    *out = json_text(v, call->arena);
    if (out->n >= 1 && out->n <= KWARG_MOST_BYTES) return true;
    return error_set(call->err, ERROR_INVALID_VALUE, name,
                     "%s has %zu bytes; a text of 1 to %d is needed", name, out->n,
                     KWARG_MOST_BYTES);
}

bool kwarg_text(const struct check_call *call, const char *name, struct span *out)
{
    const cJSON *v = needed(call, name);
    return v != NULL && text_of(call, name, v, out);
}

/* What is left of a text without white space around it must be something. */
static bool trim(const struct check_call *call, const char *name, struct span *text)
{
    *text = unicode_trim(*text);
    return text->n > 0 ||
           error_set(call->err, ERROR_INVALID_VALUE, name, "%s is white space alone", name);
}

bool kwarg_trimmed(const struct check_call *call, const char *name, struct span *out)
{
    return kwarg_text(call, name, out) && trim(call, name, out);
}

bool kwarg_first(const struct check_call *call, const char *name, struct span *out)
{
    const cJSON *v = needed(call, name);
    if (v == NULL) return false;
    if (cJSON_IsArray(v) && v->child != NULL) v = v->child;
    return text_of(call, name, v, out) && trim(call, name, out);
}

bool kwarg_texts(const struct check_call *call, const char *name, struct texts *out)
{
    const cJSON *v = needed(call, name), *one;
    if (v == NULL) return false;
    if (!cJSON_IsArray(v)) return wrong(call, name, "a list of texts", v);
    int n = cJSON_GetArraySize(v);
    if (n < 1 || n > KWARG_MOST_TEXTS) {
        return error_set(call->err, ERROR_INVALID_VALUE, name,
                         "%s has %d texts; it must have 1 to %d", name, n, KWARG_MOST_TEXTS);
    }
    *out = (struct texts){.at = arena_alloc(call->arena, (size_t)n, sizeof(struct span))};
    if (out->at == NULL) return error_set(call->err, ERROR_NO_MEMORY, name, "out of memory");
    cJSON_ArrayForEach(one, v)
    {
        if (!text_of(call, name, one, &out->at[out->n])) return false;
        out->n++;
    }
    assert(out->n == (size_t)n);
    return true;
}

bool kwarg_bound(const struct check_call *call, const char *number, const char *relation,
                 struct bound *out)
{
    struct span which = {0};
    if (!kwarg_number(call, number, 0, &out->number) || !kwarg_text(call, relation, &which)) {
        return false;
    }
    out->at_least = span_is(which, "at least");
    if (out->at_least || span_is(which, "less than")) return true;
    return error_set(call->err, ERROR_INVALID_VALUE, relation,
                     "%s is \"%.*s\"; it must be \"less than\" or \"at least\"", relation,
                     (int)(which.n < 40 ? which.n : 40), which.p);
}
