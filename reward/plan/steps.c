/* reward/plan/steps.c - see steps.h: PDDL plans.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/plan/steps.h"

#include "base/ascii.h"

#include <stdlib.h>

#include "reward/plan/sexpr.h"

static size_t skip_blank(struct span s, size_t at)
{
    while (at < s.n) {
        if (s.p[at] == ';') {
            size_t end = span_find(s, span_str("\n"), at);
            at = end == SPAN_NONE ? s.n : end;
        } else if (ascii_is_space(s.p[at])) {
            at++;
        } else {
            break;
        }
    }
    return at;
}

/* "12:" or "0.5:" at *at, which moves past it. False: it is none, or lower than the last one. */
static bool take_stamp(struct span s, size_t *at, double *last)
{
    char text[32];
    size_t n = 0, points = 0;
    while (*at + n < s.n && n + 1 < sizeof(text)) {
        char c = s.p[*at + n];
        if (c == '.' && n > 0 && points == 0) {
            points++;
        } else if (c < '0' || c > '9') {
            break;
        }
        text[n++] = c;
    }
    text[n] = '\0';
    if (n == 0 || text[n - 1] == '.') return false;
    size_t colon = skip_blank(s, *at + n);
    if (colon >= s.n || s.p[colon] != ':') return false;
    double stamp = strtod(text, NULL);
    if (stamp < *last) return false;
    *last = stamp;
    *at = colon + 1;
    return true;
}

/* The names of one group, *at just past its '('. */
static bool read_group(struct span s, size_t *at, struct arena *a, struct step *out)
{
    struct span names[STEP_MAX_NAMES];
    int n = 0;
    for (*at = skip_blank(s, *at); *at < s.n && s.p[*at] != ')'; *at = skip_blank(s, *at)) {
        size_t length = sexpr_name_length(span_slice(s, *at, s.n));
        if (length == 0 || n == STEP_MAX_NAMES) return false; /* '(' inside */
        names[n] = sexpr_lower(span_slice(s, *at, *at + length), a);
        if (names[n++].p == NULL) return false;
        *at += length;
    }
    if (*at == s.n || n == 0) return false;
    ++*at;
    out->n = n;
    out->names = arena_alloc(a, (size_t)n, sizeof(*names));
    if (out->names != NULL) memcpy(out->names, names, (size_t)n * sizeof(*names));
    return out->names != NULL;
}

/* Groups at most: one a parenthesis. */
static bool make_room(struct span s, char mark, struct arena *a, struct steps *out)
{
    size_t n = 1;
    for (size_t i = 0; i < s.n && n < STEPS_MAX; i++) {
        n += s.p[i] == mark;
    }
    *out = (struct steps){.list = arena_alloc(a, n, sizeof(*out->list))};
    return out->list != NULL;
}

bool steps_read_pddl(struct span s, struct arena *a, struct steps *out)
{
    double stamp = 0;
    if (!make_room(s, '(', a, out)) return false;
    for (size_t at = skip_blank(s, 0); at < s.n; at = skip_blank(s, at)) {
        if (out->n == STEPS_MAX) {
            out->too_many = true;
            return true;
        }
        if (s.p[at] != '(') {
            if (!take_stamp(s, &at, &stamp)) return false;
            at = skip_blank(s, at);
            if (at == s.n || s.p[at] != '(') return false;
        }
        at++;
        if (!read_group(s, &at, a, &out->list[out->n++])) return false;
    }
    return true;
}
