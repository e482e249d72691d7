/* reward/rules/choice_list.c - the choices of a question, as options and items give them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/rules/choice_list.h"

#include <assert.h>

#include "base/ascii.h"
#include "base/json.h"

static bool copy(struct arena *a, struct span s, struct span *out, struct error *err)
{
    if (s.n == 0) {
        return error_set(err, ERROR_INVALID_VALUE, NULL, "must be a text that is not empty");
    }
    char *text = arena_str(a, s);
    *out = span_of(text, text == NULL ? 0 : s.n);
    return text != NULL || error_set(err, ERROR_NO_MEMORY, NULL, "no memory for choices");
}

static bool is_letter(struct span s)
{
    return s.n == 1 && ascii_is_letter(s.p[0]);
}

/* A member of {"A": "Paris"} or an element of ["Paris"]. */
static bool add(struct choice_list *list, const cJSON *v, bool named, struct arena *a,
                struct error *err)
{
    struct span text = cJSON_IsString(v) ? json_text(v, a) : span_of(NULL, 0);
    struct span name = named ? json_key(v, a) : text;
    assert(list->n < (named ? CHOICE_LIST_LETTERS : CHOICE_LIST_MAX));
    if (named && !is_letter(name)) {
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "the keys of choices must be single letters");
    }
    if (!copy(a, name, &list->names[list->n], err)) return false;
    if (named && !copy(a, text, &list->contents[list->n], err)) return false;
    list->n++;
    return true;
}

bool choice_list_read(struct choice_list *list, const cJSON *value, struct arena *a,
                      struct error *err)
{
    const cJSON *v;
    bool named = cJSON_IsObject(value);
    int most = named ? CHOICE_LIST_LETTERS : CHOICE_LIST_MAX;
    *list = (struct choice_list){.told = named};
    if (!(named || cJSON_IsArray(value)) || cJSON_GetArraySize(value) > most) {
        return error_set(err, ERROR_INVALID_TYPE, "choices",
                         "choices must be a list of at most %d texts, or an object from at most %d "
                         "letters to texts",
                         CHOICE_LIST_MAX, CHOICE_LIST_LETTERS);
    }
    cJSON_ArrayForEach(v, value)
    {
        if (add(list, v, named, a, err)) continue;
        if (named) return error_in(err, "choices.%s", v->string);
        return error_in(err, "choices[%d]", list->n);
    }
    return true;
}
