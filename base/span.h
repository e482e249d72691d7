/* base/span.h - bytes that somebody else owns.
 *
 * Everything that comes from outside (a request body, a file, a tensor name) is a
 * pointer and a length and may hold any byte, NUL included. A span borrows: it is
 * good for as long as what it points into.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
    const char *p; /* may be NULL when n is 0 */
    size_t n;      /* bytes */
};

static inline struct span span_of(const void *p, size_t n)
{
    return (struct span){(const char *)p, n};
}

/* The bytes of a NUL-terminated string, without the NUL. NULL gives the empty span. */
static inline struct span span_str(const char *s)
{
    return (struct span){s, s == NULL ? 0 : strlen(s)};
}

static inline bool span_eq(struct span a, struct span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool span_is(struct span a, const char *s)
{
    if (s == NULL || a.n == 0) return a.n == 0 && (s == NULL || s[0] == 0);
    return a.p[0] == s[0] && span_eq(a, span_str(s)); /* most differ at once */
}

static inline bool span_starts(struct span a, struct span head)
{
    if (head.n == 0 || a.n < head.n) return head.n == 0;
    return a.p[0] == head.p[0] && memcmp(a.p, head.p, head.n) == 0; /* most differ at once */
}

static inline bool span_ends(struct span a, struct span tail)
{
    if (tail.n == 0 || a.n < tail.n) return tail.n == 0;
    return a.p[a.n - 1] == tail.p[tail.n - 1] && memcmp(a.p + a.n - tail.n, tail.p, tail.n) == 0;
}

/* The bytes [from, to) of a, both clamped to its length. */
static inline struct span span_slice(struct span a, size_t from, size_t to)
{
    if (to > a.n) to = a.n;
    if (from > to) from = to;
    return (struct span){a.p == NULL ? NULL : a.p + from, to - from};
}

/* One of the bytes of a is c. */
static inline bool span_has(struct span a, char c)
{
    return a.n > 0 && memchr(a.p, c, a.n) != NULL;
}

#define SPAN_NONE ((size_t)-1)

/* The first offset at or after `from` where `what` begins in a, or SPAN_NONE. Linear time. */
size_t span_find(struct span a, struct span what, size_t from);

/* The last offset where `what` begins in a, or SPAN_NONE. Linear time. */
size_t span_find_last(struct span a, struct span what);

/* Of two spans, for qsort(): by their bytes, and what another goes on from comes before that one. */
int span_compare(const void *a, const void *b);

/* a without ASCII white space (space, \t, \n, \v, \f, \r) at both ends. */
struct span span_trim(struct span a);

#endif
