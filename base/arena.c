/* base/arena.c - a list of chunks, each twice the last, carved from the front.
 *
 * In the paranoid build every piece is a chunk of its own: each can fail by itself, and AddressSanitizer
 * sees where one ends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/arena.h"
#include "base/mem.h"
#include "base/paranoid.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CHUNK = 4096, MAX_CHUNK = 1 << 20 };

struct chunk {
    struct chunk *next; /* older */
    size_t size, used;  /* of data */
    alignas(max_align_t) char data[];
};

struct arena {
    struct chunk *top; /* the one being carved; never NULL */
    size_t limit, used;
    size_t held; /* bytes of all chunks */
    struct quota *quota;
    bool failed;
};

/* A new top. */
static bool push_chunk(struct arena *a, size_t size)
{
    struct chunk *c;
    size_t bytes = sizeof(*c) + size;
    if (!quota_grow(a->quota, a->held, a->held + bytes)) return false;
    c = mem_bytes(bytes);
    if (c == NULL) {
        quota_give(a->quota, bytes);
        return false;
    }
    *c = (struct chunk){.next = a->top, .size = size};
    a->held += bytes;
    a->top = c;
    return true;
}

static void drop_chunk(struct arena *a, struct chunk *c)
{
    size_t bytes = sizeof(*c) + c->size;
    a->held -= bytes;
    quota_give(a->quota, bytes);
    free(c);
}

struct arena *arena_new_within(size_t limit_bytes, struct quota *quota)
{
    struct arena *a = mem_bytes(sizeof(*a));
    if (a == NULL) return NULL;
    *a = (struct arena){.limit = limit_bytes, .quota = quota};
    if (!push_chunk(a, FIRST_CHUNK)) {
        free(a);
        return NULL;
    }
    return a;
}

struct arena *arena_new(size_t limit_bytes)
{
    return arena_new_within(limit_bytes, NULL);
}

/* The newest chunk is the largest, so the next use needs no other; one made for a single huge
 * piece is not worth keeping. */
void arena_reset(struct arena *a)
{
    while (a->top->next != NULL) {
        struct chunk *older = a->top->next;
        struct chunk *gone = a->top->size > MAX_CHUNK ? a->top : older;
        if (gone == older) {
            a->top->next = older->next;
        } else {
            a->top = older;
        }
        drop_chunk(a, gone);
    }
    a->top->used = 0;
    a->used = 0;
    a->failed = false;
}

void arena_free(struct arena *a)
{
    if (a == NULL) return;
    arena_reset(a);
    drop_chunk(a, a->top);
    free(a);
}

/* Room for `want` bytes, rounded up to whole alignments, in the top chunk. */
static bool make_room(struct arena *a, size_t want, size_t rounded)
{
    if (want > a->limit - a->used || rounded < want) return false;
    if (PARANOID || a->top->size - a->top->used < rounded) {
        size_t grown = a->top->size * 2 < MAX_CHUNK ? a->top->size * 2 : MAX_CHUNK;
        if (PARANOID) grown = rounded;
        if (!push_chunk(a, rounded > grown ? rounded : grown)) return false;
    }
    return true;
}

void *arena_alloc(struct arena *a, size_t n, size_t size)
{
    size_t want;
    bool fits = !__builtin_mul_overflow(n, size, &want);
    size_t rounded = (want + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (!fits || !make_room(a, want, rounded)) {
        a->failed = true;
        return NULL;
    }
    void *p = a->top->data + a->top->used;
    a->top->used += rounded;
    a->used += want;
    return memset(p, 0, want);
}

bool arena_failed(const struct arena *a)
{
    return a->failed;
}

char *arena_str(struct arena *a, struct span s)
{
    if (s.n == SIZE_MAX) return NULL;
    char *p = arena_alloc(a, s.n + 1, 1);
    if (p != NULL && s.n > 0) memcpy(p, s.p, s.n);
    return p;
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}
