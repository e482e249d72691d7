/* base/span.c - searching and trimming borrowed bytes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/span.h"

size_t span_find(struct span a, struct span what, size_t from)
{
    if (from > a.n || a.n - from < what.n) return SPAN_NONE;
    if (what.n == 0) return from;
    const char *hit = memmem(a.p + from, a.n - from, what.p, what.n); /* two-way: linear */
    return hit == NULL ? SPAN_NONE : (size_t)(hit - a.p);
}

size_t span_find_last(struct span a, struct span what)
{
    if (a.n < what.n) return SPAN_NONE;
    if (what.n == 0) return a.n;
    size_t last = SPAN_NONE;
    for (size_t at = span_find(a, what, 0); at != SPAN_NONE; at = span_find(a, what, at + 1)) {
        last = at;
    }
    return last;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct span span_trim(struct span a)
{
    while (a.n > 0 && is_space(a.p[0])) {
        a.p++;
        a.n--;
    }
    while (a.n > 0 && is_space(a.p[a.n - 1])) {
        a.n--;
    }
    return a;
}
