/* reward/math/find/range.c - see range.h.
 *
 * "from 0 to 5" alone is a journey, and its answer may be either end or the way between; what it means is known only
 * where the word before it tells.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/range.h"

#include <stdio.h>

#include "reward/math/find/prose.h"
#include "reward/math/read/words.h"

enum { MOST_SENTENCE = 400, MOST_END = 40 };

static const struct span NOTHING = {NULL, 0};

static bool ends_with_one(struct span s, const char *const *list)
{
    for (size_t i = 0; list[i] != NULL; i++) {
        if (span_ends(s, span_str(list[i]))) return true;
    }
    return false;
}

struct span range_said(struct arena *a, struct span s)
{
    static const char *const intervals[] = {" the interval", " the open interval", NULL};
    static const char *const becomes[] = {" simplifies", " reduces", " simplified", " reduced",
                                          NULL};
    s = span_trim(s);
    struct span last = span_slice(s, prose_last_sentence(s), s.n), to = span_str(" to ");
    struct span from = span_str(" from ");
    size_t at = last.n > MOST_SENTENCE ? SPAN_NONE : span_find_last(last, from);
    size_t mid = at == SPAN_NONE ? at : span_find(last, to, at + from.n);
    if (mid == SPAN_NONE) return NOTHING;
    if (span_ends(last, span_str("."))) last.n--;
    struct span low = words_unwrap(span_slice(last, at + from.n, mid));
    struct span high = words_unwrap(span_slice(last, mid + to.n, last.n));
    if (low.n == 0 || high.n == 0 || low.n > MOST_END || high.n > MOST_END) return NOTHING;
    struct span before = span_slice(last, 0, at);
    if (ends_with_one(before, becomes)) return high;
    if (!ends_with_one(before, intervals)) return NOTHING;
    char text[2 * MOST_END + 8];
    int n = snprintf(text, sizeof(text), "(%.*s, %.*s)", (int)low.n, low.p, (int)high.n, high.p);
    char *copy = arena_str(a, span_of(text, (size_t)n));
    return span_of(copy, copy == NULL ? 0 : (size_t)n);
}
