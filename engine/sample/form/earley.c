/* engine/sample/form/earley.c - see earley.h.
 *
 * A state is a set of pairs (row, lexer state): the row where some terminals began, and what is
 * left of them; and whether the text may end.
 *
 * States with equal pairs and may_end are one state.
 *
 * Most states are met by looking what could come, and no output ever stands there. When they have
 * become many, all but those that an output stood in (kept) are forgotten, and with them the rows
 * that only they knew and every table of steps, which is made again as it is needed. A number that
 * has become free is given to another state.
 *
 * (1) A state's rows and lexer states are never dead.
 * (2) What leads to a state that is forgotten is forgotten too.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/earley.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/sample/form/ids.h"
#include "engine/sample/form/lexer.h"
#include "engine/sample/form/rows.h"

struct pair {
    int row, lexer;
};

struct state {
    struct pair *pairs; /* owned */
    int n;
    bool may_end;
    bool used; /* false: its number is free */
    bool kept;
    int *next; /* by class of bytes, as earley_steps(). Owned; NULL: no byte was met */
};

struct earley {
    struct grammar *grammar;
    struct lexer *lexer;
    struct rows *rows;
    struct state *states;
    int n_states, states_room;
    int first_free; /* no number below is free */
    struct ids ids;
    struct pair *pairs; /* of the state being made */
    int n_pairs, pairs_room;
    size_t bytes;
    size_t forget_at; /* earley_bytes() past which states are forgotten */
    bool failed;
};

static int intern(struct earley *e, bool may_end);
static bool add_row(struct earley *e, int row);

struct earley *earley_new(struct grammar *g, struct error *err)
{
    struct earley *e = mem_new(1, sizeof(*e), err);
    if (e == NULL) {
        grammar_free(g);
        return NULL;
    }
    e->grammar = g;
    e->forget_at = EARLEY_FORGET_BYTES;
    e->lexer = lexer_new(g);
    e->rows = rows_new(g);
    if (e->lexer != NULL && e->rows != NULL && add_row(e, ROWS_FIRST) &&
        intern(e, rows_is_whole(e->rows, ROWS_FIRST)) == EARLEY_START) {
        e->states[EARLEY_START].kept = true;
        return e;
    }
    error_set(err, ERROR_NO_MEMORY, "", "out of memory for a form");
    earley_free(e);
    return NULL;
}

static void clear_state(struct state *s)
{
    free(s->pairs);
    free(s->next);
    *s = (struct state){0};
}

void earley_free(struct earley *e)
{
    if (e == NULL) return;
    for (int i = 0; i < e->n_states; i++) {
        clear_state(&e->states[i]);
    }
    rows_free(e->rows);
    lexer_free(e->lexer);
    grammar_free(e->grammar);
    free(e->states);
    free(e->pairs);
    ids_clear(&e->ids);
    free(e);
}

/* ---- making states --------------------------------------------------------------------------- */

static int by_pair(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->row != y->row) return x->row < y->row ? -1 : 1;
    return (x->lexer > y->lexer) - (x->lexer < y->lexer);
}

static uint64_t hash_pairs(const struct pair *p, int n, bool may_end)
{
    uint64_t h = may_end;
    for (int i = 0; i < n; i++) {
        h = ids_mix(h, (uint64_t)(uint32_t)p[i].row << 32 | (uint32_t)p[i].lexer);
    }
    return h;
}

static int new_number(struct earley *e)
{
    while (e->first_free < e->n_states && e->states[e->first_free].used) {
        e->first_free++;
    }
    if (e->first_free < e->n_states) return e->first_free;
    if (!mem_reserve(&e->states, e->n_states + 1, &e->states_room, sizeof(*e->states)))
        return EARLEY_DEAD;
    e->states[e->n_states] = (struct state){0};
    return e->n_states++;
}

static size_t state_bytes(int n_pairs)
{
    return (size_t)n_pairs * sizeof(struct pair) + sizeof(struct state);
}

/* The state of e->pairs. EARLEY_DEAD when there are none and the text may not end, or on
 * failure. */
static int intern(struct earley *e, bool may_end)
{
    int n = e->n_pairs;
    if (e->failed || (n == 0 && !may_end)) return EARLEY_DEAD;
    if (n > 1) qsort(e->pairs, (size_t)n, sizeof(*e->pairs), by_pair);
    uint64_t hash = hash_pairs(e->pairs, n, may_end);
    for (int at = -1, id; (id = ids_next(&e->ids, hash, &at)) >= 0;) {
        const struct state *s = &e->states[id];
        if (s->n != n || s->may_end != may_end) continue;
        if (n == 0 || memcmp(s->pairs, e->pairs, (size_t)n * sizeof(*e->pairs)) == 0) return id;
    }
    struct pair *pairs = mem_new((size_t)n, sizeof(*pairs), NULL);
    int number = pairs == NULL ? EARLEY_DEAD : new_number(e);
    if (number == EARLEY_DEAD || !ids_put(&e->ids, hash, number)) {
        free(pairs);
        e->failed = true;
        return EARLEY_DEAD;
    }
    if (n > 0) memcpy(pairs, e->pairs, (size_t)n * sizeof(*pairs));
    e->states[number] = (struct state){.pairs = pairs, .n = n, .may_end = may_end, .used = true};
    e->bytes += state_bytes(n);
    return number;
}

static bool add_pair(struct earley *e, int row, int lexer)
{
    assert(row != ROWS_NONE && lexer != LEXER_DEAD); /* (1) */
    if (!mem_reserve(&e->pairs, e->n_pairs + 1, &e->pairs_room, sizeof(*e->pairs))) return false;
    e->pairs[e->n_pairs++] = (struct pair){row, lexer};
    return true;
}

/* A row that begins here: its terminals, if it waits for any. */
static bool add_row(struct earley *e, int row)
{
    int n;
    const int *terminals = rows_terminals(e->rows, row, &n);
    if (n == 0) return true;
    int start = lexer_start(e->lexer, terminals, n);
    return start != LEXER_DEAD && add_pair(e, row, start);
}

/* Every terminal goes on by the byte; those that end make a row. */
static int make_step(struct earley *e, int state, uint8_t byte)
{
    e->n_pairs = 0;
    rows_begin(e->rows);
    bool ended = false, may_end = false;
    for (int i = 0; i < e->states[state].n; i++) {
        struct pair at = e->states[state].pairs[i];
        int n, lexer = lexer_step(e->lexer, at.lexer, byte);
        const int *ends = lexer_ended(e->lexer, lexer, &n);
        e->failed = e->failed || !rows_pass(e->rows, at.row, ends, n);
        ended = ended || n > 0;
        if (lexer_goes_on(e->lexer, lexer)) e->failed = e->failed || !add_pair(e, at.row, lexer);
    }
    if (ended && !e->failed) {
        int row = rows_make(e->rows);
        e->failed = row == ROWS_NONE || !add_row(e, row);
        may_end = !e->failed && rows_is_whole(e->rows, row);
    }
    e->failed = e->failed || lexer_failed(e->lexer) || earley_bytes(e) > EARLEY_MAX_BYTES;
    return intern(e, may_end);
}

/* The table of a state's steps, made when it is first asked for. NULL without memory. */
static int *steps_of(struct earley *e, int state)
{
    if (e->failed) return NULL;
    int *next = e->states[state].next;
    if (next != NULL) return next;
    int n = lexer_classes(e->lexer);
    next = mem_new((size_t)n, sizeof(*next), NULL);
    e->failed = next == NULL;
    for (int i = 0; i < n && next != NULL; i++) {
        next[i] = EARLEY_NOT_MET;
    }
    e->states[state].next = next;
    e->bytes += (size_t)n * sizeof(*next);
    return next;
}

/* ---- forgetting them ------------------------------------------------------------------------- */

/* No step is known any more; of the first state's, those that were taken away stay so
 * (earley_not_first). */
static void forget_steps(struct earley *e)
{
    int n = lexer_classes(e->lexer), *first = e->states[EARLEY_START].next;
    for (int c = 0; first != NULL && c < n; c++) {
        if (first[c] != EARLEY_DEAD) first[c] = EARLEY_NOT_MET;
    }
    for (int i = EARLEY_START + 1; i < e->n_states; i++) {
        if (e->states[i].next == NULL) continue;
        free(e->states[i].next);
        e->states[i].next = NULL;
        e->bytes -= (size_t)n * sizeof(int);
    }
    lexer_forget_steps(e->lexer);
}

static void forget_states(struct earley *e)
{
    for (int i = 0; i < e->n_states; i++) {
        struct state *s = &e->states[i];
        if (!s->used || s->kept) continue;
        e->bytes -= state_bytes(s->n);
        clear_state(s);
    }
    e->first_free = 0;
    ids_clear(&e->ids);
    for (int i = 0; i < e->n_states; i++) {
        const struct state *s = &e->states[i];
        if (s->used && !ids_put(&e->ids, hash_pairs(s->pairs, s->n, s->may_end), i))
            e->failed = true;
    }
}

/* The rows of the states that are left stay. */
static void forget_rows(struct earley *e)
{
    for (int i = 0; i < e->n_states; i++) {
        for (int k = 0; k < e->states[i].n; k++) {
            rows_mark(e->rows, e->states[i].pairs[k].row);
        }
    }
    if (!rows_sweep(e->rows)) e->failed = true;
}

void earley_keep(struct earley *e, int state)
{
    assert(state >= 0 && state < e->n_states && e->states[state].used);
    e->states[state].kept = true;
    if (!e->failed && earley_bytes(e) > e->forget_at) earley_forget(e);
}

void earley_forget(struct earley *e)
{
    if (e->failed) return;
    forget_steps(e); /* (2) */
    forget_states(e);
    forget_rows(e);
    e->forget_at = 2 * earley_bytes(e);
    if (e->forget_at < EARLEY_FORGET_BYTES) e->forget_at = EARLEY_FORGET_BYTES;
}

/* ---- steps ----------------------------------------------------------------------------------- */

enum { SHARED_PAIRS = 4 };

/* A step by a class was made: classes that lead every pair to the same lexer states lead there
 * too. */
static void share_step(struct earley *e, int state, int class, int next)
{
    const struct state *s = &e->states[state];
    const int *by_class[SHARED_PAIRS];
    int n = 0;
    for (int i = 0; i < s->n; i++) {
        const int *steps = lexer_steps(e->lexer, s->pairs[i].lexer);
        if (steps == NULL) continue; /* it doesn't go on by any byte */
        if (n == SHARED_PAIRS) return;
        by_class[n++] = steps;
    }
    for (int c = 0, n_classes = lexer_classes(e->lexer); c < n_classes; c++) {
        bool same = s->next[c] == EARLEY_NOT_MET;
        for (int i = 0; i < n && same; i++) {
            same = by_class[i][c] == by_class[i][class];
        }
        if (same) s->next[c] = next;
    }
}

int earley_step(struct earley *e, int state, uint8_t byte)
{
    assert(state >= 0 && state < e->n_states && e->states[state].used);
    int *steps = steps_of(e, state), class = lexer_class_of(e->lexer)[byte];
    if (steps == NULL) return EARLEY_DEAD;
    if (steps[class] == EARLEY_NOT_MET) {
        int next = make_step(e, state, byte);
        if (!e->failed) steps[class] = next;
        if (!e->failed) share_step(e, state, class, next);
        return next;
    }
    assert(steps[class] == EARLEY_DEAD || e->states[steps[class]].used); /* (2) */
    return steps[class];
}

const int *earley_steps(struct earley *e, int state)
{
    assert(state >= 0 && state < e->n_states);
    return steps_of(e, state);
}

bool earley_any_left(const struct earley *e, int state, bool (*fn)(void *arg, rx left), void *arg)
{
    const struct state *s = &e->states[state];
    for (int i = 0; i < s->n; i++) {
        rx left;
        for (int k = 0; (left = lexer_left(e->lexer, s->pairs[i].lexer, k)) != RX_NONE; k++) {
            if (fn(arg, left)) return true;
        }
    }
    return false;
}

struct rx_pool *earley_pool(const struct earley *e)
{
    return grammar_pool(e->grammar);
}

const uint8_t *earley_class_of(const struct earley *e)
{
    return lexer_class_of(e->lexer);
}

void earley_not_first(struct earley *e, const char *bytes)
{
    int *steps = steps_of(e, EARLEY_START);
    for (; steps != NULL && *bytes != '\0'; bytes++) {
        steps[lexer_class_of(e->lexer)[(uint8_t)*bytes]] = EARLEY_DEAD;
    }
}

bool earley_may_end(const struct earley *e, int state)
{
    return e->states[state].may_end;
}

bool earley_must_end(const struct earley *e, int state)
{
    return e->states[state].n == 0;
}

int earley_only_byte(struct earley *e, int state)
{
    int only = -1;
    if (earley_may_end(e, state)) return -1;
    for (int b = 0; b < 256; b++) {
        if (earley_step(e, state, (uint8_t)b) == EARLEY_DEAD) continue;
        if (only >= 0) return -1;
        only = b;
    }
    return only;
}

bool earley_failed(const struct earley *e)
{
    return e->failed;
}

size_t earley_bytes(const struct earley *e)
{
    return e->bytes + rows_bytes(e->rows) + lexer_bytes(e->lexer);
}
