/* reward/code/checker.c - see checker.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/checker.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

const char *const checker_names[] = {"tokens",          "exact", "trim", "floats",
                                     "lines_unordered", "json",  NULL};

enum { MAX_NUMBER = 64 };

/* ---- words -------------------------------------------------------------------------------------------- */

static bool next_word(struct span text, size_t *at, struct span *word)
{
    while (*at < text.n && isspace((unsigned char)text.p[*at])) {
        (*at)++;
    }
    size_t from = *at;
    while (*at < text.n && !isspace((unsigned char)text.p[*at])) {
        (*at)++;
    }
    *word = span_slice(text, from, *at);
    return word->n > 0;
}

/* A whole decimal number; "nan" and "inf" are words. */
static bool to_number(struct span word, double *out)
{
    char text[MAX_NUMBER];
    if (word.n == 0 || word.n >= sizeof(text)) return false;
    for (size_t i = 0; i < word.n; i++) {
        if (strchr("0123456789+-.eE", word.p[i]) == NULL) return false;
    }
    memcpy(text, word.p, word.n);
    text[word.n] = '\0';
    char *end;
    *out = strtod(text, &end);
    return end == text + word.n && isfinite(*out);
}

static bool is_close(double expected, double actual, const struct tolerance *t)
{
    double gap = fabs(expected - actual);
    return gap <= t->absolute || gap <= t->relative * fabs(expected);
}

static bool same_word(struct span x, struct span y, const struct tolerance *t)
{
    double a, b;
    if (span_eq(x, y)) return true;
    return t != NULL && to_number(x, &a) && to_number(y, &b) && is_close(a, b, t);
}

static bool same_words(struct span expected, struct span actual, const struct tolerance *t)
{
    size_t i = 0, j = 0;
    struct span x, y;
    for (;;) {
        bool more = next_word(expected, &i, &x), also = next_word(actual, &j, &y);
        if (more != also) return false;
        if (!more) return true;
        if (!same_word(x, y, t)) return false;
    }
}

/* ---- lines -------------------------------------------------------------------------------------------- */

static struct span trim_end(struct span s)
{
    while (s.n > 0 && isspace((unsigned char)s.p[s.n - 1])) {
        s.n--;
    }
    return s;
}

static struct span next_line(struct span text, size_t *at)
{
    size_t end = span_find(text, span_str("\n"), *at);
    struct span line = span_slice(text, *at, end == SPAN_NONE ? text.n : end);
    *at = end == SPAN_NONE ? text.n : end + 1;
    return trim_end(line);
}

static bool same_lines(struct span expected, struct span actual)
{
    expected = trim_end(expected);
    actual = trim_end(actual);
    size_t i = 0, j = 0;
    while (i < expected.n && j < actual.n) {
        if (!span_eq(next_line(expected, &i), next_line(actual, &j))) return false;
    }
    return i >= expected.n && j >= actual.n;
}

static size_t sorted_lines(struct span text, struct arena *a, struct span **lines)
{
    text = trim_end(text);
    size_t n = 0, room = 1;
    for (size_t i = 0; i < text.n; i++) {
        room += text.p[i] == '\n';
    }
    *lines = arena_alloc(a, room, sizeof(**lines));
    for (size_t at = 0; *lines != NULL && at < text.n;) {
        (*lines)[n++] = next_line(text, &at);
    }
    assert(n <= room);
    if (*lines != NULL) qsort(*lines, n, sizeof(**lines), span_compare);
    return n;
}

static bool same_lines_unordered(struct span expected, struct span actual, struct arena *a)
{
    struct span *x, *y;
    size_t n = sorted_lines(expected, a, &x), m = sorted_lines(actual, a, &y);
    if (x == NULL || y == NULL || n != m) return false;
    for (size_t i = 0; i < n; i++) {
        if (!span_eq(x[i], y[i])) return false;
    }
    return true;
}

bool checker_accepts(enum checker c, struct span expected, struct span actual,
                     const struct tolerance *t, struct arena *a)
{
    switch (c) {
    case CHECKER_EXACT:
        return span_eq(expected, actual);
    case CHECKER_TRIM:
        return same_lines(expected, actual);
    case CHECKER_TOKENS:
        return same_words(expected, actual, NULL);
    case CHECKER_FLOATS:
        return same_words(expected, actual, t);
    case CHECKER_LINES_UNORDERED:
        return same_lines_unordered(expected, actual, a);
    case CHECKER_JSON:
        return json_same(expected, actual, NULL, a);
    default:
        return false;
    }
}
