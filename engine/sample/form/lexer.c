/* engine/sample/form/lexer.c - see lexer.h.
 *
 * (1) A state's entries rise by terminal; none is RX_NONE or known to match nothing.
 *
 * Two states differ in an entry.
 *
 * What a byte leads to depends on few sets of bytes, those that the expressions begin with. Classes
 * that these do not tell apart are one group of the state, and a step is made once a group.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/lexer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/sample/form/ids.h"

struct entry {
    int terminal;
    rx left;
};

struct state {
    int first, n;       /* of entries */
    int ended, n_ended; /* of ends */
    bool goes_on;
    int *next;      /* by class; -1: not met yet. NULL: no byte was met. Owned. */
    uint8_t *group; /* by class: the first class of its group. Behind next */
};

enum { LIFE_NODES = 20000, MAX_STATES = 1 << 18 };

struct lexer {
    struct grammar *grammar;
    struct rx_pool *pool;
    struct state *states;
    int n_states, states_room;
    struct entry *entries;
    int n_entries, entries_room;
    int *ends;
    int n_ends, ends_room;
    struct ids ids;
    struct entry *fresh;                 /* room for as many as there are terminals */
    uint8_t class_of[256], byte_of[256]; /* a byte's class; a byte of a class */
    int n_classes;
    size_t bytes;
    bool failed;
};

static int intern(struct lexer *l, int n);

struct lexer *lexer_new(struct grammar *g)
{
    struct lexer *l = mem_new(1, sizeof(*l), NULL);
    if (l == NULL) return NULL;
    l->grammar = g;
    l->pool = grammar_pool(g);
    l->n_classes = rx_classes(l->pool, l->class_of);
    for (int b = 255; b >= 0; b--) {
        l->byte_of[l->class_of[b]] = (uint8_t)b;
    }
    l->fresh = mem_new((size_t)grammar_terminals(g) + 1, sizeof(*l->fresh), NULL);
    if (l->fresh == NULL || intern(l, 0) != LEXER_DEAD || l->failed) {
        lexer_free(l);
        return NULL;
    }
    return l;
}

void lexer_free(struct lexer *l)
{
    if (l == NULL) return;
    for (int i = 0; i < l->n_states; i++) {
        free(l->states[i].next);
    }
    free(l->states);
    free(l->entries);
    free(l->ends);
    ids_clear(&l->ids);
    free(l->fresh);
    free(l);
}

static bool reserve(struct lexer *l, void *array, int n, int *room, size_t size)
{
    l->failed = l->failed || !mem_reserve(array, n, room, size);
    return !l->failed;
}

static uint64_t hash_entries(const struct entry *e, int n)
{
    uint64_t h = (uint64_t)n;
    for (int i = 0; i < n; i++) {
        h = ids_mix(h, (uint64_t)(uint32_t)e[i].terminal << 32 | (uint32_t)e[i].left);
    }
    return h;
}

/* The entries, which terminals end with them, and whether any goes on. */
static bool fill_state(struct lexer *l, struct state *s, int n)
{
    *s = (struct state){.first = l->n_entries, .n = n, .ended = l->n_ends};
    if (!reserve(l, &l->entries, l->n_entries + n, &l->entries_room, sizeof(*l->entries)))
        return false;
    if (!reserve(l, &l->ends, l->n_ends + n, &l->ends_room, sizeof(*l->ends))) return false;
    for (int i = 0; i < n; i++) {
        assert(l->fresh[i].left != RX_NONE &&
               (i == 0 || l->fresh[i - 1].terminal < l->fresh[i].terminal)); /* (1) */
        l->entries[l->n_entries++] = l->fresh[i];
        if (rx_nullable(l->pool, l->fresh[i].left)) l->ends[l->n_ends++] = l->fresh[i].terminal;
        s->goes_on = s->goes_on || l->fresh[i].left != RX_EMPTY;
    }
    s->n_ended = l->n_ends - s->ended;
    l->bytes += sizeof(*s) + (size_t)n * sizeof(*l->entries);
    return true;
}

/* The state of fresh's first n entries. LEXER_DEAD on failure. */
static int intern(struct lexer *l, int n)
{
    if (l->failed) return LEXER_DEAD;
    uint64_t hash = hash_entries(l->fresh, n);
    for (int at = -1, id; (id = ids_next(&l->ids, hash, &at)) >= 0;) {
        const struct state *s = &l->states[id];
        if (s->n != n) continue;
        if (n == 0 || memcmp(l->entries + s->first, l->fresh, (size_t)n * sizeof(*l->fresh)) == 0)
            return id;
    }
    l->failed = l->n_states >= MAX_STATES;
    if (!reserve(l, &l->states, l->n_states + 1, &l->states_room, sizeof(*l->states)))
        return LEXER_DEAD;
    if (!fill_state(l, &l->states[l->n_states], n)) return LEXER_DEAD;
    l->failed = !ids_put(&l->ids, hash, l->n_states);
    return l->failed ? LEXER_DEAD : l->n_states++;
}

int lexer_start(struct lexer *l, const int *terminals, int n)
{
    for (int i = 0; i < n; i++) {
        l->fresh[i] = (struct entry){terminals[i], grammar_terminal_rx(l->grammar, terminals[i])};
    }
    return intern(l, n);
}

static int make_step(struct lexer *l, int state, uint8_t byte)
{
    const struct state s = l->states[state];
    int n = 0;
    for (int i = 0; i < s.n; i++) {
        const struct entry *e = &l->entries[s.first + i];
        rx left = rx_derive(l->pool, e->left, byte);
        if (left == RX_NONE || rx_life(l->pool, left, LIFE_NODES) == RX_DEAD) continue;
        l->fresh[n++] = (struct entry){e->terminal, left};
    }
    l->failed = l->failed || rx_failed(l->pool);
    return intern(l, n);
}

/* Classes with the same signs are a group; with more heads than signs hold each is its own. */
static void find_groups(const struct lexer *l, const struct state *s)
{
    struct rx_heads heads = {.n = 0};
    uint64_t signs[256]; /* of the groups */
    uint8_t firsts[256];
    int n = 0;
    bool fits = true;
    for (int i = 0; i < s->n && fits; i++) {
        fits = rx_add_heads(l->pool, l->entries[s->first + i].left, &heads);
    }
    for (int c = 0; c < l->n_classes; c++) {
        uint64_t sign = fits ? rx_heads_of(l->pool, &heads, l->byte_of[c]) : (uint64_t)c;
        int k = fits ? 0 : n;
        while (k < n && signs[k] != sign) {
            k++;
        }
        if (k == n) {
            signs[n] = sign;
            firsts[n++] = (uint8_t)c;
        }
        s->group[c] = firsts[k];
    }
}

/* Of next and group, in whole ints. */
static size_t steps_size(const struct lexer *l)
{
    size_t n = (size_t)l->n_classes;
    return n + (n + sizeof(int) - 1) / sizeof(int);
}

static bool begin_steps(struct lexer *l, int state)
{
    size_t n = (size_t)l->n_classes;
    int *next = mem_new(steps_size(l), sizeof(*next), NULL);
    l->failed = next == NULL;
    if (next == NULL) return false;
    l->bytes += steps_size(l) * sizeof(*next);
    memset(next, -1, n * sizeof(*next));
    l->states[state].next = next;
    l->states[state].group = (uint8_t *)(next + n);
    find_groups(l, &l->states[state]);
    return true;
}

int lexer_step(struct lexer *l, int state, uint8_t byte)
{
    if (!l->states[state].goes_on || l->failed) return LEXER_DEAD;
    if (l->states[state].next == NULL && !begin_steps(l, state)) return LEXER_DEAD;
    int class = l->class_of[byte], next = l->states[state].next[class];
    if (next >= 0) return next;
    next = make_step(l, state, byte);
    const struct state *s = &l->states[state];
    for (int c = 0; c < l->n_classes && !l->failed; c++) {
        if (s->group[c] == s->group[class]) s->next[c] = next;
    }
    return next;
}

void lexer_forget_steps(struct lexer *l)
{
    for (int i = 0; i < l->n_states; i++) {
        if (l->states[i].next == NULL) continue;
        free(l->states[i].next);
        l->states[i].next = NULL;
        l->bytes -= steps_size(l) * sizeof(int);
    }
}

size_t lexer_bytes(const struct lexer *l)
{
    return l->bytes;
}

const int *lexer_steps(const struct lexer *l, int state)
{
    return l->states[state].next;
}

rx lexer_left(const struct lexer *l, int state, int i)
{
    const struct state *s = &l->states[state];
    return i < s->n ? l->entries[s->first + i].left : RX_NONE;
}

const int *lexer_ended(const struct lexer *l, int state, int *n)
{
    *n = l->states[state].n_ended;
    return l->ends + l->states[state].ended;
}

bool lexer_goes_on(const struct lexer *l, int state)
{
    return l->states[state].goes_on;
}

bool lexer_failed(const struct lexer *l)
{
    return l->failed;
}

const uint8_t *lexer_class_of(const struct lexer *l)
{
    return l->class_of;
}

int lexer_classes(const struct lexer *l)
{
    return l->n_classes;
}
