/* engine/tokenizer/unicode_form.c - see unicode_form.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/tokenizer/unicode_form.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "base/mem.h"
#include "base/utf8.h"

enum { CLASSES = 256, EXPANSION_MAX = 64, INSERTION_MAX = 16 };

/* Code points in their order; owned. */
struct points {
    utf8proc_int32_t *p;
    size_t n, room;
};

static bool points_reserve(struct points *s, size_t more)
{
    if (s->n + more <= s->room) return true;
    size_t room = (s->n + more) * 2;
    utf8proc_int32_t *p = mem_grow(s->p, room, sizeof(*p), NULL);
    if (p == NULL) return false;
    s->p = p;
    s->room = room;
    return true;
}

static bool decompose(struct span text, bool compat, struct points *out)
{
    utf8proc_option_t options =
        UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | (compat ? UTF8PROC_COMPAT : 0);
    for (size_t at = 0; at < text.n;) {
        uint32_t c;
        size_t n = utf8_decode(span_slice(text, at, text.n), &c);
        if (n == 0 || !points_reserve(out, EXPANSION_MAX)) return false;
        int boundary = 0;
        utf8proc_ssize_t made = utf8proc_decompose_char((utf8proc_int32_t)c, out->p + out->n,
                                                        EXPANSION_MAX, options, &boundary);
        if (made < 0 || made > EXPANSION_MAX) return false;
        out->n += (size_t)made;
        at += n;
    }
    return true;
}

static unsigned class_of(utf8proc_int32_t c)
{
    return (unsigned)utf8proc_get_property(c)->combining_class % CLASSES;
}

static void sort_short(utf8proc_int32_t *p, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        utf8proc_int32_t moving = p[i];
        size_t to = i;
        for (; to > 0 && class_of(p[to - 1]) > class_of(moving); to--) {
            p[to] = p[to - 1];
        }
        p[to] = moving;
    }
}

static bool sort_long(utf8proc_int32_t *p, size_t n)
{
    size_t next[CLASSES + 1] = {0};
    utf8proc_int32_t *sorted = mem_new(n, sizeof(*sorted), NULL);
    if (sorted == NULL) return false;
    for (size_t i = 0; i < n; i++) {
        next[class_of(p[i]) + 1]++;
    }
    for (size_t c = 1; c <= CLASSES; c++) {
        next[c] += next[c - 1];
    }
    for (size_t i = 0; i < n; i++) {
        sorted[next[class_of(p[i])]++] = p[i];
    }
    memcpy(p, sorted, n * sizeof(*p));
    free(sorted);
    return true;
}

/* Stable, by combining class, between starters. */
static bool order_marks(struct points *s)
{
    for (size_t at = 0; at < s->n;) {
        size_t end = at;
        while (end < s->n && class_of(s->p[end]) != 0) {
            end++;
        }
        if (end - at > INSERTION_MAX) {
            if (!sort_long(s->p + at, end - at)) return false;
        } else {
            sort_short(s->p + at, end - at);
        }
        at = end + 1;
    }
    return true;
}

static bool compose_all(struct points *s)
{
    utf8proc_ssize_t n =
        utf8proc_normalize_utf32(s->p, (utf8proc_ssize_t)s->n, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (n < 0) return false;
    s->n = (size_t)n;
    return true;
}

bool unicode_form_add(struct span text, bool compose, bool compat, struct buffer *out)
{
    struct points s = {0};
    bool ok = decompose(text, compat, &s) && order_marks(&s) && (!compose || compose_all(&s));
    for (size_t i = 0; ok && i < s.n; i++) {
        char bytes[4];
        buffer_add(out, bytes, utf8_encode((uint32_t)s.p[i], bytes));
    }
    free(s.p);
    return ok;
}
