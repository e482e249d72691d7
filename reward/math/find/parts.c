/* reward/math/find/parts.c - the answers of a response in labelled parts.
 *
 *     (a) The height is \boxed{5}.         a label begins a line (or a clause after ;)
 *     (b) The width is \boxed{8}.          its part goes on to the next label
 *
 * A question of several parts is answered part by part, and the last answer is not all of it. Each
 * part is read as a response of its own: its box, its announced answer, its last mathematics.
 *
 * (1) Parts follow each other in the text, their labels in the order of one series.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/parts.h"

#include <assert.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "reward/math/find/aside.h"
#include "reward/math/find/closing.h"
#include "reward/math/find/boxes.h"
#include "reward/math/find/phrase.h"
#include "reward/math/find/prose.h"
#include "reward/math/read/words.h"

enum { MAX_PARTS = 8, MAX_TUPLE = 4096 };

static const struct span NOTHING = {NULL, 0};

enum series { LETTERS, NUMBERS, ROMAN, CIRCLED, SERIES };

static const char *const labels[SERIES][MAX_PARTS] = {
    {"a", "b", "c", "d", "e", "f", "g", "h"},
    {"1", "2", "3", "4", "5", "6", "7", "8"},
    {"i", "ii", "iii", "iv", "v", "vi", "vii", "viii"},
    {"\xe2\x91\xa0", "\xe2\x91\xa1", "\xe2\x91\xa2", "\xe2\x91\xa3", "\xe2\x91\xa4", "\xe2\x91\xa5",
     "\xe2\x91\xa6", "\xe2\x91\xa7"}};

/* The offset after the first of n signs that stands at s.p[i], i itself when none does. */
static size_t after_one(struct span s, size_t i, const char *const *signs, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        if (words_begin(span_slice(s, i, s.n), signs[k])) return i + strlen(signs[k]);
    }
    return i;
}
#define AFTER_ONE(s, i, signs) after_one(s, i, signs, sizeof(signs) / sizeof((signs)[0]))

/* The offset after label k of a series where it stands at s.p[i] with what sets it off: "(b)",
 * "b)", "2.", "Part B:", "**(b)**". SPAN_NONE elsewhere. */
static size_t label_end(struct span s, size_t i, enum series series, int k)
{
    static const char *const names[] = {"part ", "question ", "problem "};
    static const char *const open[] = {"(", "\xef\xbc\x88"};
    static const char *const close[] = {")", "\xef\xbc\x89", ".",
                                        ":", "\xe3\x80\x81", "\xef\xbc\x9a"};
    while (i < s.n && memchr(" \t*#>-_", s.p[i], 7) != NULL) {
        i++;
    }
    size_t named = AFTER_ONE(s, i, names), opened = AFTER_ONE(s, named, open);
    if (!words_begin(span_slice(s, opened, s.n), labels[series][k])) return SPAN_NONE;
    size_t end = opened + strlen(labels[series][k]), closed = AFTER_ONE(s, end, close);
    bool bracket = closed > end && (s.p[end] == ')' || (unsigned char)s.p[end] == 0xef);
    bool dressed = end < s.n && memchr("* \n", s.p[end], 3) != NULL;
    if (series == CIRCLED || (named > i && (closed > end || dressed))) return closed;
    if (opened > named ? bracket : closed > end) return closed;
    return SPAN_NONE;
}

/* The next place at or after `from` where a label may stand: the text's beginning, a line's, or
 * what follows a semicolon. */
static size_t next_place(struct span s, size_t from)
{
    for (size_t i = from; i < s.n; i++) {
        bool wide = i >= 3 && memcmp(s.p + i - 3, "\xef\xbc\x9b", 3) == 0;
        bool after = i >= 2 && s.p[i - 1] == ' ' && (s.p[i - 2] == '.' || s.p[i - 2] == ',');
        bool bracket = after && (s.p[i] == '(' || (i + 1 < s.n && s.p[i + 1] == ')'));
        if (i == 0 || s.p[i - 1] == '\n' || s.p[i - 1] == ';' || wide || bracket) return i;
    }
    return s.n;
}

/* Where label k of a series stands at or after `from`, *end the offset after it; s.n when nowhere. */
static size_t find_label(struct span s, size_t from, enum series series, int k, size_t *end)
{
    for (size_t i = next_place(s, from); i < s.n; i = next_place(s, i + 1)) {
        if ((*end = label_end(s, i, series, k)) != SPAN_NONE) return i;
    }
    return s.n;
}

/* What one part answers; {NULL, 0} when it has no answer. */
static struct span part_answer(struct arena *a, struct span s, const struct math_options *o)
{
    int boxes;
    struct stated st;
    enum math_source source;
    struct math_options quiet = *o;
    quiet.trace = NULL;
    struct span box = boxes_answer(a, s, false, &boxes);
    if (box.p != NULL) return words_unwrap(box);
    if (phrase_answer(a, s, &quiet, &st)) return st.text;
    s = aside_removed(closing_removed(s));
    return prose_last(a, s, o->extract, &st, &source) ? st.text : NOTHING;
}

/* The parts of one series from its first label on, which stands at `at` and ends at `end`, as a tuple. */
static struct span tuple_from(struct arena *a, struct span s, enum series series, size_t at,
                              size_t end, const struct math_options *o)
{
    struct buffer out;
    int n = 0;
    buffer_init(&out, MAX_TUPLE);
    for (; at < s.n && n < MAX_PARTS; n++) {
        size_t after = end,
               next = n + 1 < MAX_PARTS ? find_label(s, after, series, n + 1, &end) : s.n;
        assert(at < after && after <= next); /* (1) */
        struct span answer = part_answer(a, span_slice(s, after, next), o);
        if (answer.n == 0) break;
        buffer_add_str(&out, n == 0 ? "(" : ", ");
        buffer_add_span(&out, answer);
        at = next;
    }
    buffer_add_char(&out, ')');
    bool whole = n >= 2 && at == s.n && !out.failed;
    char *copy = whole ? arena_str(a, buffer_span(&out)) : NULL;
    struct span tuple = span_of(copy, copy == NULL ? 0 : out.n);
    buffer_clear(&out);
    return tuple;
}

/* The parts of one series as a tuple: where it is begun again, "So: (a) 5 (b) 8", the last time. */
static struct span tuple_of(struct arena *a, struct span s, enum series series,
                            const struct math_options *o)
{
    struct span last = NOTHING;
    size_t end, at = find_label(s, 0, series, 0, &end);
    for (int rounds = 0; at < s.n && rounds < MAX_PARTS; rounds++) {
        size_t next_end = end, next = find_label(s, end, series, 0, &next_end);
        struct span tuple = tuple_from(a, span_slice(s, 0, next), series, at, end, o);
        if (tuple.n > 0) last = tuple;
        at = next;
        end = next_end;
    }
    return last;
}

struct span parts_answer(struct arena *a, struct span s, const struct math_options *o)
{
    for (enum series k = LETTERS; k < SERIES; k++) {
        struct span tuple = tuple_of(a, s, k, o);
        if (tuple.n > 0) return tuple;
    }
    return NOTHING;
}
