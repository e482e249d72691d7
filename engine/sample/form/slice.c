/* engine/sample/form/slice.c - see slice.h.
 *
 * Plain texts are those of a small automaton over bytes (RFC 3629, section 4): its places are the
 * beginning of a character and what may follow a first byte. The search goes over pairs of a
 * reader's state and a place, a character at a time: a dead state ends it, and when a character
 * leads to no new pair, none ever will.
 *
 * Bytes that a reader doesn't tell apart and that lead to one place are one edge.
 *
 * (1) In `next`, the level to come, stand beginnings of characters alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/slice.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/sample/form/ids.h"

/* What is expected: a character, or what is left of one. */
enum place {
    FIRST, /* places of plain texts */
    ONE,   /* byte of any kind more, and the character is whole */
    TWO,
    THREE,
    AFTER_C2,
    AFTER_E0,
    AFTER_E2,
    AFTER_E280,
    AFTER_ED,
    AFTER_F0,
    AFTER_F4,
    WORD, /* the one place of words */
    PLACES
};

static const uint8_t begin_of[SLICES] = {[SLICE_WORDS] = WORD, [SLICE_PLAIN] = FIRST};

/* clang-format off */
static const struct range {
    uint8_t place, low, high, next;
} ranges[] = {
    {FIRST, ' ', '!', FIRST}, {FIRST, '#', '[', FIRST}, {FIRST, ']', '~', FIRST},
    {FIRST, 0xc2, 0xc2, AFTER_C2}, {FIRST, 0xc3, 0xdf, ONE},
    {FIRST, 0xe0, 0xe0, AFTER_E0}, {FIRST, 0xe1, 0xe1, TWO}, {FIRST, 0xe2, 0xe2, AFTER_E2},
    {FIRST, 0xe3, 0xec, TWO}, {FIRST, 0xed, 0xed, AFTER_ED}, {FIRST, 0xee, 0xef, TWO},
    {FIRST, 0xf0, 0xf0, AFTER_F0}, {FIRST, 0xf1, 0xf3, THREE}, {FIRST, 0xf4, 0xf4, AFTER_F4},
    {ONE, 0x80, 0xbf, FIRST}, {TWO, 0x80, 0xbf, ONE}, {THREE, 0x80, 0xbf, TWO},
    {AFTER_C2, 0xa0, 0xbf, FIRST},      /* no controls */
    {AFTER_E0, 0xa0, 0xbf, ONE},
    {AFTER_E2, 0x80, 0x80, AFTER_E280}, {AFTER_E2, 0x81, 0xbf, ONE},
    {AFTER_E280, 0x80, 0xa7, FIRST}, {AFTER_E280, 0xaa, 0xbf, FIRST}, /* no U+2028, U+2029 */
    {AFTER_ED, 0x80, 0x9f, ONE},
    {AFTER_F0, 0x90, 0xbf, TWO}, {AFTER_F4, 0x80, 0x8f, TWO},
    {WORD, '0', '9', WORD}, {WORD, 'A', 'Z', WORD}, {WORD, 'a', 'z', WORD},
};
/* clang-format on */

enum { RANGES = sizeof(ranges) / sizeof(ranges[0]), MAX_EDGES = 1024, HASH = 1024 };

struct edge {
    uint8_t byte, class, next;
};

struct pair {
    int state;
    uint8_t place;
};

struct list {
    struct pair pairs[SLICE_STATES + 1];
    int n;
};

struct slice_search {
    uint64_t uid; /* of the form whose edges these are; 0: of none */
    struct edge edges[MAX_EDGES];
    int first[PLACES + 1]; /* of a place's edges */
    rx loop;               /* the last one that was looked at; RX_NONE: none yet */
    bool loop_takes;       /* is every plain character a text of it? */
    struct list level, next;
    struct pair seen[HASH];
    uint64_t stamps[HASH], stamp; /* seen[i] is of this search where stamps[i] == stamp */
    int n_seen;
};

static const struct range *range_of(int place, uint8_t byte)
{
    for (int i = 0; i < RANGES; i++) {
        const struct range *r = &ranges[i];
        if (r->place == place && byte >= r->low && byte <= r->high) return r;
    }
    return NULL;
}

enum slice slice_of(struct span text, int *chars)
{
    for (int slice = 0; slice < SLICES; slice++) {
        int place = begin_of[slice];
        const struct range *r = NULL;
        *chars = 0;
        for (size_t i = 0; i < text.n; i++) {
            r = range_of(place, (uint8_t)text.p[i]);
            if (r == NULL) break;
            place = r->next;
            *chars += place == begin_of[slice];
        }
        if (r != NULL && place == begin_of[slice]) return (enum slice)slice;
    }
    return SLICES;
}

struct slice_search *slice_search_new(struct error *err)
{
    return mem_new(1, sizeof(struct slice_search), err);
}

void slice_search_free(struct slice_search *s)
{
    free(s);
}

/* ---- edges ----------------------------------------------------------------------------------- */

static bool has_edge(const struct slice_search *s, int from, int to, int class, int next)
{
    for (int i = from; i < to; i++) {
        if (s->edges[i].class == class && s->edges[i].next == next) return true;
    }
    return false;
}

static void make_edges(struct slice_search *s, const uint8_t *class_of)
{
    int n = 0;
    for (int place = 0; place < PLACES; place++) {
        s->first[place] = n;
        for (int i = 0; i < RANGES; i++) {
            const struct range *r = &ranges[i];
            for (int b = r->low; r->place == place && b <= r->high; b++) {
                if (has_edge(s, s->first[place], n, class_of[b], r->next)) continue;
                assert(n < MAX_EDGES); /* a place has an edge a byte at most */
                s->edges[n++] = (struct edge){(uint8_t)b, class_of[b], r->next};
            }
        }
    }
    s->first[PLACES] = n;
}

/* ---- what is clear --------------------------------------------------------------------------- */

struct taking {
    struct slice_search *search;
    struct rx_pool *pool;
    int times; /* any so many plain characters are taken */
};

/* Is every plain character behind a place a text of a? */
static bool takes_from(struct taking *t, rx a, int place)
{
    const struct slice_search *s = t->search;
    for (int i = s->first[place]; i < s->first[place + 1]; i++) {
        const struct edge *edge = &s->edges[i];
        rx left = rx_derive(t->pool, a, edge->byte);
        if (edge->next == FIRST ? !rx_nullable(t->pool, left) : !takes_from(t, left, edge->next))
            return false;
    }
    return true;
}

/* Does a terminal go on by any plain text, whatever came before? How many characters are clear is
 * kept in any case. */
static bool takes_all(void *arg, rx left)
{
    struct taking *t = arg;
    struct slice_search *s = t->search;
    int times;
    rx loop = rx_loop(t->pool, left, &times);
    if (loop == RX_NONE) return false;
    if (loop != s->loop) {
        s->loop = loop;
        s->loop_takes = takes_from(t, loop, FIRST);
    }
    if (s->loop_takes && times > t->times) t->times = times;
    return s->loop_takes && times == RX_UNBOUNDED;
}

/* ---- the search ------------------------------------------------------------------------------ */

/* Was the pair seen in this search? If not, it is now. */
static bool see(struct slice_search *s, struct pair p)
{
    uint64_t at = ids_mix((uint64_t)p.state, p.place);
    for (;; at++) {
        int i = (int)(at % HASH);
        if (s->stamps[i] != s->stamp) {
            s->stamps[i] = s->stamp;
            s->seen[i] = p;
            s->n_seen++;
            return false;
        }
        if (s->seen[i].state == p.state && s->seen[i].place == p.place) return true;
    }
}

/* Take all edges of a pair. False: one of them is dead, or there are too many pairs. */
static bool expand(struct slice_search *s, struct earley *e, struct pair p, int begin)
{
    const int *steps = earley_steps(e, p.state);
    for (int i = s->first[p.place]; steps != NULL && i < s->first[p.place + 1]; i++) {
        const struct edge *edge = &s->edges[i];
        int state = steps[edge->class];
        if (state == EARLEY_NOT_MET) state = earley_step(e, p.state, edge->byte);
        if (state == EARLEY_DEAD) return false;
        struct pair to = {state, edge->next};
        if (see(s, to)) continue;
        if (s->n_seen > SLICE_STATES) return false;
        struct list *list = to.place == begin ? &s->next : &s->level;
        list->pairs[list->n++] = to;
    }
    return steps != NULL;
}

int slice_reach(struct slice_search *s, enum slice slice, struct earley *e, uint64_t uid, int state,
                int most)
{
    const uint8_t begin = begin_of[slice];
    struct taking taking = {s, earley_pool(e), 0};
    if (s->uid != uid) {
        make_edges(s, earley_class_of(e));
        s->loop = RX_NONE;
    }
    s->uid = uid;
    if (slice == SLICE_PLAIN && earley_any_left(e, state, takes_all, &taking)) return SLICE_ALL;
    if (taking.times > 0) return taking.times < most ? taking.times : most;
    s->stamp++;
    s->n_seen = 0;
    s->level.n = 1;
    s->level.pairs[0] = (struct pair){state, begin};
    see(s, s->level.pairs[0]);
    for (int k = 0; k < most; k++) {
        s->next.n = 0;
        for (int i = 0; i < s->level.n; i++) {
            if (!expand(s, e, s->level.pairs[i], begin)) return k;
        }
        if (s->next.n == 0) return SLICE_ALL;
        assert(s->next.pairs[s->next.n - 1].place == begin); /* (1) */
        s->level = s->next;
    }
    return most;
}
