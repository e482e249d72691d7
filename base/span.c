/* base/span.c - searching and trimming borrowed bytes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/ascii.h"
#include "base/span.h"

size_t span_find(struct span a, struct span what, size_t from)
{
    if (from > a.n || a.n - from < what.n) return SPAN_NONE;
    if (what.n == 0) return from;
    const char *hit = memmem(a.p + from, a.n - from, what.p, what.n); /* two-way: linear */
    return hit == NULL ? SPAN_NONE : (size_t)(hit - a.p);
}

/* ---- the last occurrence ---------------------------------------------------------------------
 *
 * The C library has no memmem from the right, and asking it again behind every hit is quadratic
 * where hits overlap. So this is the two-way algorithm read backwards: Crochemore and Perrin,
 * "Two-way string-matching", JACM 38(3), 1991. Byte 0 below is the last one. */

static unsigned char from_end(struct span s, size_t i)
{
    return (unsigned char)s.p[s.n - 1 - i];
}

/* Where the maximal suffix of x begins, in the order of bytes or its inverse, and its period. */
static size_t maximal_suffix(struct span x, bool inverse, size_t *period)
{
    size_t start = 0, j = 1, k = 0; /* the suffix at start against the one at j, k bytes in */
    *period = 1;
    while (j + k < x.n) {
        unsigned char a = from_end(x, j + k), b = from_end(x, start + k);
        if (a == b) {
            bool whole = k + 1 == *period;
            j += whole ? *period : 0;
            k = whole ? 0 : k + 1;
        } else if ((a < b) != inverse) {
            j += k + 1;
            k = 0;
            *period = j - start;
        } else {
            start = j++;
            k = 0;
            *period = 1;
        }
    }
    return start;
}

/* Where to cut x: the longer half's own period is then that of x, if x has one so short. */
static size_t critical_cut(struct span x, size_t *period)
{
    size_t p, q, i = maximal_suffix(x, false, &p), j = maximal_suffix(x, true, &q);
    *period = i > j ? p : q;
    return i > j ? i : j;
}

size_t span_find_last(struct span a, struct span what)
{
    if (a.n < what.n) return SPAN_NONE;
    if (what.n == 0) return a.n;
    size_t period, cut = critical_cut(what, &period), known = 0;
    bool repeats = cut + period <= what.n && memcmp(what.p + what.n - cut, /* bytes [0, cut) */
                                                    what.p + what.n - cut - period, cut) == 0;
    if (!repeats) period = (cut > what.n - cut ? cut : what.n - cut) + 1;
    for (size_t at = 0; at + what.n <= a.n;) {
        size_t i = cut > known ? cut : known; /* [0, known) matched at the place before */
        while (i < what.n && from_end(what, i) == from_end(a, at + i)) {
            i++;
        }
        if (i < what.n) {
            at += i - cut + 1;
            known = 0;
            continue;
        }
        i = cut;
        while (i > known && from_end(what, i - 1) == from_end(a, at + i - 1)) {
            i--;
        }
        if (i <= known) return a.n - at - what.n;
        at += period;
        known = repeats ? what.n - period : 0;
    }
    return SPAN_NONE;
}

struct span span_trim(struct span a)
{
    while (a.n > 0 && ascii_is_space(a.p[0])) {
        a.p++;
        a.n--;
    }
    while (a.n > 0 && ascii_is_space(a.p[a.n - 1])) {
        a.n--;
    }
    return a;
}

int span_compare(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    size_t n = x->n < y->n ? x->n : y->n;
    int order = n == 0 ? 0 : memcmp(x->p, y->p, n);
    return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}
