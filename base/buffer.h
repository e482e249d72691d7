/* base/buffer.h - bytes that grow, up to a ceiling.
 *
 * A buffer remembers its first failure (past the limit, or out of memory) and ignores
 * every later append, so a writer appends freely and asks once at the end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/quota.h"
#include "base/span.h"

struct buffer {
    char *p;             /* owned; NUL-terminated whenever n > 0 */
    size_t n;            /* bytes in use */
    size_t room;         /* bytes allocated */
    size_t limit;        /* n never exceeds this */
    struct quota *quota; /* of what it shares its room with others; NULL: with none */
    bool failed;         /* an append did not fit or had no memory: the content is incomplete */
    bool no_memory;      /* failed, and it was memory */
};

/* An empty buffer that will hold at most limit_bytes. Nothing is allocated yet. */
void buffer_init(struct buffer *b, size_t limit_bytes);
/* The same, whose room counts against a quota, which must live longer. */
void buffer_init_within(struct buffer *b, size_t limit_bytes, struct quota *quota);
/* Frees; the buffer may be used again with its old limit. */
void buffer_clear(struct buffer *b);

/* Append n bytes. As all appends: past the limit or without memory the buffer has failed. */
void buffer_add(struct buffer *b, const void *p, size_t n);
/* Append the bytes of s. */
void buffer_add_span(struct buffer *b, struct span s);
/* Append a C string without its NUL. */
void buffer_add_str(struct buffer *b, const char *s);
/* Append one byte. */
void buffer_add_char(struct buffer *b, char c);
/* Append as printf prints. */
void buffer_addf(struct buffer *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Say that a part is missing for want of memory: the buffer has failed. */
void buffer_no_memory(struct buffer *b);

/* b was to hold what part holds: where that has failed, b has, for the same reason. */
void buffer_fail_as(struct buffer *b, const struct buffer *part);

/* Drop the first n bytes (at most all). */
void buffer_drop(struct buffer *b, size_t n);

/* Take the bytes away as a malloc'd, NUL-terminated string (free with free()); the buffer
 * is empty again. NULL when failed or out of memory. Of its quota nothing is held then: whoever
 * keeps the bytes within it says so. */
char *buffer_take(struct buffer *b);

static inline struct span buffer_span(const struct buffer *b)
{
    return span_of(b->p, b->n);
}

#endif
