/* base/buffer.c - see buffer.h. In the paranoid build every growth is an allocation, which can fail.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buffer.h"
#include "base/mem.h"
#include "base/paranoid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_init(struct buffer *b, size_t limit_bytes)
{
    *b = (struct buffer){.limit = limit_bytes};
}

void buffer_init_within(struct buffer *b, size_t limit_bytes, struct quota *quota)
{
    *b = (struct buffer){.limit = limit_bytes, .quota = quota};
}

void buffer_clear(struct buffer *b)
{
    free(b->p);
    quota_give(b->quota, b->room);
    *b = (struct buffer){.limit = b->limit, .quota = b->quota};
}

/* Doubled, from LARGE on by a quarter: what is not used then must not be half of it. */
static size_t grown(size_t room, size_t want)
{
    enum { LARGE = 64 << 20 };
    if (PARANOID) return want;
    if (room < 128) room = 128;
    while (room < want) {
        room += room < LARGE ? room : room / 4;
    }
    return room;
}

/* Room for n more bytes and a NUL. */
static bool reserve(struct buffer *b, size_t n)
{
    if (b->failed) return false;
    if (n > b->limit - b->n) {
        b->failed = true;
        return false;
    }
    size_t want = b->n + n + 1;
    if (want <= b->room) return true;
    size_t room = grown(b->room, want);
    bool granted = quota_grow(b->quota, b->room, room);
    char *p = granted ? mem_grow(b->p, room, 1, NULL) : NULL;
    if (p == NULL) {
        if (granted) quota_give(b->quota, room - b->room);
        buffer_no_memory(b);
        return false;
    }
    b->p = p;
    b->room = room;
    return true;
}

void buffer_add(struct buffer *b, const void *p, size_t n)
{
    if (!reserve(b, n)) return;
    if (n > 0) memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void buffer_add_span(struct buffer *b, struct span s)
{
    buffer_add(b, s.p, s.n);
}

void buffer_add_str(struct buffer *b, const char *s)
{
    buffer_add(b, s, strlen(s));
}

void buffer_add_char(struct buffer *b, char c)
{
    buffer_add(b, &c, 1);
}

void buffer_addf(struct buffer *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n >= 0 && reserve(b, (size_t)n)) {
        vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

void buffer_no_memory(struct buffer *b)
{
    b->failed = b->no_memory = true;
}

void buffer_fail_as(struct buffer *b, const struct buffer *part)
{
    b->failed = b->failed || part->failed;
    b->no_memory = b->no_memory || part->no_memory;
}

void buffer_drop(struct buffer *b, size_t n)
{
    if (n >= b->n) n = b->n;
    if (n == 0) return;
    memmove(b->p, b->p + n, b->n - n + 1);
    b->n -= n;
}

char *buffer_take(struct buffer *b)
{
    if (!reserve(b, 0)) return NULL;
    char *p = b->p;
    p[b->n] = '\0';
    quota_give(b->quota, b->room);
    *b = (struct buffer){.limit = b->limit, .quota = b->quota};
    return p;
}
