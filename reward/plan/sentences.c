/* reward/plan/sentences.c - PlanBench's sentences (steps.h).
 *
 * A line is cleaned as people and models decorate it (a number or bullet before it, emphasis, a
 * full stop), then it must be one template from end to end, with a phrase of some object at each
 * {}. Phrases are tried longest first, so "dark red block" is not read as "red block"; how often
 * is bounded.
 *
 * Source: karthikv792/LLMs-Planning:plan-bench/utils/text_to_pddl.py, made strict.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/plan/steps.h"

#include "base/ascii.h"

#include <stdlib.h>

#include "base/json.h"
#include "reward/plan/sexpr.h"

enum { MAX_WORDS = 4096, MAX_TRIES = 20000, MAX_HOLES = 8 };

/* ---- the wording ---------------------------------------------------------------------------------------- */

static int longer_first(const void *a, const void *b)
{
    size_t x = ((const struct phrase *)a)->text.n, y = ((const struct phrase *)b)->text.n;
    return (x < y) - (x > y);
}

/* object[name] must be an object of strings. */
static const cJSON *table_of(const cJSON *nl, const char *name, struct error *err)
{
    const cJSON *table = json_get(nl, name), *v;
    if (!cJSON_IsObject(table) || cJSON_GetArraySize(table) > MAX_WORDS) {
        error_set(err, ERROR_INVALID_TYPE, name, "%s must be an object of at most %d strings", name,
                  MAX_WORDS);
        return NULL;
    }
    cJSON_ArrayForEach(v, table)
    {
        if (cJSON_IsString(v) && v->valuestring[0] != '\0') continue;
        error_set(err, ERROR_INVALID_TYPE, name, "%s must hold texts only", name);
        return NULL;
    }
    return table;
}

const struct wording *wording_read(const cJSON *nl, struct arena *a, struct error *err)
{
    const cJSON *actions = table_of(nl, "actions", err), *v;
    const cJSON *objects = actions == NULL ? NULL : table_of(nl, "objects", err);
    if (objects == NULL) return NULL;
    struct wording *w = arena_alloc(a, 1, sizeof(*w));
    size_t n = (size_t)cJSON_GetArraySize(actions), m = (size_t)cJSON_GetArraySize(objects);
    struct template *templates = arena_alloc(a, n + 1, sizeof(*templates));
    struct phrase *phrases = arena_alloc(a, m + 1, sizeof(*phrases));
    if (w == NULL || templates == NULL || phrases == NULL) {
        error_set(err, ERROR_TOO_LARGE, NULL, "the wording is too large");
        return NULL;
    }
    *w = (struct wording){.templates = templates, .phrases = phrases};
    cJSON_ArrayForEach(v, actions)
    {
        templates[w->n_templates++] = (struct template){sexpr_lower(span_str(v->string), a),
                                                        sexpr_lower(span_str(v->valuestring), a)};
    }
    cJSON_ArrayForEach(v, objects)
    {
        phrases[w->n_phrases++] = (struct phrase){sexpr_lower(span_str(v->string), a),
                                                  sexpr_lower(span_str(v->valuestring), a)};
    }
    qsort(phrases, m, sizeof(*phrases), longer_first);
    return w;
}

/* ---- a line ------------------------------------------------------------------------------------------------ */

/* Past "12." or "12)" or "-" or "*" at the front, and white space after it. */
static struct span strip_marker(struct span s)
{
    size_t n = 0;
    while (n < s.n && ascii_is_digit(s.p[n])) {
        n++;
    }
    bool number = n > 0 && n < s.n && (s.p[n] == '.' || s.p[n] == ')');
    bool bullet = n == 0 && s.n > 1 && (s.p[0] == '-' || s.p[0] == '*') && s.p[1] == ' ';
    if (!number && !bullet) return s;
    return span_trim(span_slice(s, n + 1, s.n));
}

/* The line as it is compared, new in a. */
static struct span clean_line(struct span line, struct arena *a)
{
    struct span s = strip_marker(span_trim(line));
    char *p = arena_alloc(a, s.n + 1, 1);
    size_t n = 0;
    if (p == NULL) return span_of(NULL, 0);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '*' || c == '_' || c == '`') continue;
        p[n++] = (char)ascii_lower(c);
    }
    s = span_trim(span_of(p, n));
    if (s.n > 0 && s.p[s.n - 1] == '.') s = span_trim(span_slice(s, 0, s.n - 1));
    return s;
}

struct matcher {
    const struct wording *w;
    struct span found[MAX_HOLES]; /* objects in the holes so far */
    int tries;                    /* left */
};

/* Does text match the template whole? Fills found; returns how many holes, -1: no. */
static int match(struct matcher *m, struct span text, struct span template, int holes)
{
    static const char hole[] = "{}";
    size_t at = span_find(template, span_str(hole), 0);
    if (at == SPAN_NONE) return span_eq(text, template) ? holes : -1;
    if (holes == MAX_HOLES || !span_starts(text, span_slice(template, 0, at))) return -1;
    struct span rest = span_slice(text, at, text.n);
    struct span after = span_slice(template, at + 2, template.n);
    for (int i = 0; i < m->w->n_phrases && m->tries-- > 0; i++) {
        const struct phrase *p = &m->w->phrases[i];
        if (!span_starts(rest, p->text)) continue;
        int n = match(m, span_slice(rest, p->text.n, rest.n), after, holes + 1);
        if (n < 0) continue;
        m->found[holes] = p->object;
        return n;
    }
    return -1;
}

/* The step that a line words; false: none, or a is full. */
static bool read_line(struct span line, const struct wording *w, struct arena *a, struct step *out)
{
    struct matcher m = {.w = w, .tries = MAX_TRIES};
    for (int i = 0; i < w->n_templates; i++) {
        int n = match(&m, line, w->templates[i].text, 0);
        if (n < 0) continue;
        out->names = arena_alloc(a, (size_t)n + 1, sizeof(*out->names));
        if (out->names == NULL) return false;
        out->n = n + 1;
        out->names[0] = w->templates[i].action;
        memcpy(out->names + 1, m.found, (size_t)n * sizeof(*m.found));
        return true;
    }
    return false;
}

/* ---- the text ------------------------------------------------------------------------------------------------- */

static struct span between_tags(struct span text)
{
    static const char start[] = "[PLAN]", end[] = "[PLAN END]";
    size_t from = span_find(text, span_str(start), 0);
    if (from != SPAN_NONE) text = span_slice(text, from + strlen(start), text.n);
    return span_slice(text, 0, span_find(text, span_str(end), 0));
}

bool steps_read_sentences(struct span text, const struct wording *w, bool lenient, struct arena *a,
                          struct steps *out)
{
    text = between_tags(text);
    size_t lines = 1;
    for (size_t i = 0; i < text.n; i++) {
        lines += text.p[i] == '\n';
    }
    if (lines > STEPS_MAX) lines = STEPS_MAX;
    *out = (struct steps){.list = arena_alloc(a, lines, sizeof(*out->list))};
    if (out->list == NULL) return false;
    while (text.n > 0) {
        size_t end = span_find(text, span_str("\n"), 0);
        struct span line = clean_line(span_slice(text, 0, end), a);
        text = span_slice(text, end == SPAN_NONE ? text.n : end + 1, text.n);
        if (line.p == NULL) return false;
        if (line.n == 0) continue;
        if (out->n == STEPS_MAX) {
            out->too_many = true;
            return true;
        }
        if (read_line(line, w, a, &out->list[out->n])) {
            out->n++;
        } else if (!lenient) {
            return false;
        }
    }
    return true;
}
