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

void buffer_clear(struct buffer *b)
{
    free(b->p);
    *b = (struct buffer){.limit = b->limit};
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
    size_t room = b->room < 128 ? 128 : b->room;
    while (room < want) {
        room *= 2;
    }
    if (PARANOID) room = want;
    char *p = mem_grow(b->p, room, 1, NULL);
    if (p == NULL) {
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
    *b = (struct buffer){.limit = b->limit};
    return p;
}
