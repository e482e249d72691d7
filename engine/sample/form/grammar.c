/* engine/sample/form/grammar.c - see grammar.h.
 *
 * Alternatives are kept one after another in `symbols`, each closed by GRAMMAR_NO_SYMBOL; rule_at
 * tells whose alternative a place belongs to.
 *
 * (1) No terminal matches the empty text: one that did is a rule with an empty alternative.
 * (2) After grammar_finish() every symbol of every alternative derives some text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/grammar.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct rule {
    int *dots; /* of its alternatives; owned */
    int n, room;
    bool nullable, lives;
};

struct grammar {
    struct rx_pool *pool;
    struct rule *rules;
    int n_rules, rules_room;
    int *symbols, *rule_at;
    int n_symbols, symbols_room;
    rx *terminals;
    int n_terminals, terminals_room;
    int *symbol_of; /* by expression: its terminal, or 0 */
    int symbol_of_room;
    int start_dot;
    bool failed, finished;
};

enum { LIFE_NODES = 50000 };

struct grammar *grammar_new(void)
{
    struct grammar *g = mem_new(1, sizeof(*g), NULL);
    if (g == NULL) return NULL;
    g->pool = rx_pool_new(GRAMMAR_MAX_NODES);
    if (g->pool != NULL) {
        rx_set_budget(g->pool, GRAMMAR_MAX_DERIVATIVES);
        return g;
    }
    free(g);
    return NULL;
}

void grammar_free(struct grammar *g)
{
    if (g == NULL) return;
    for (int i = 0; i < g->n_rules; i++) {
        free(g->rules[i].dots);
    }
    rx_pool_free(g->pool);
    free(g->rules);
    free(g->symbols);
    free(g->rule_at);
    free(g->terminals);
    free(g->symbol_of);
    free(g);
}

struct rx_pool *grammar_pool(struct grammar *g)
{
    return g->pool;
}

/* Room for n elements, unless something failed before. */
static bool reserve(struct grammar *g, void *array, int n, int *room, size_t size)
{
    g->failed = g->failed || !mem_reserve(array, n, room, size);
    return !g->failed;
}

static bool know_expression(struct grammar *g, rx a)
{
    if (a < g->symbol_of_room) return true;
    int from = g->symbol_of_room, room = from == 0 ? 256 : from;
    while (room <= a) {
        room *= 2;
    }
    int *grown = mem_grow(g->symbol_of, (size_t)room, sizeof(*grown), NULL);
    g->failed = g->failed || grown == NULL;
    if (grown == NULL) return false;
    memset(grown + from, 0, (size_t)(room - from) * sizeof(*grown));
    g->symbol_of = grown;
    g->symbol_of_room = room;
    return true;
}

static int plain_terminal(struct grammar *g, rx a)
{
    if (!know_expression(g, a)) return -1;
    if (g->symbol_of[a] != 0) return g->symbol_of[a];
    if (g->n_terminals >= GRAMMAR_MAX_TERMINALS) g->failed = true;
    if (!reserve(g, &g->terminals, g->n_terminals + 1, &g->terminals_room, sizeof(*g->terminals)))
        return -1;
    g->terminals[g->n_terminals++] = a;
    g->symbol_of[a] = -g->n_terminals;
    return -g->n_terminals;
}

int grammar_terminal(struct grammar *g, rx a)
{
    if (!rx_nullable(g->pool, a)) return plain_terminal(g, a);
    int rule = grammar_rule(g);
    int some = plain_terminal(g, rx_and(g->pool, a, rx_not(g->pool, RX_EMPTY))); /* (1) */
    grammar_add(g, rule, NULL, 0);
    grammar_add(g, rule, &some, 1);
    return rule;
}

int grammar_rule(struct grammar *g)
{
    if (!reserve(g, &g->rules, g->n_rules + 1, &g->rules_room, sizeof(*g->rules))) return 0;
    g->rules[g->n_rules] = (struct rule){0};
    return g->n_rules++;
}

static bool add_symbol(struct grammar *g, int rule, int symbol)
{
    if (g->n_symbols >= GRAMMAR_MAX_SYMBOLS) g->failed = true;
    int room = g->symbols_room;
    if (!reserve(g, &g->rule_at, g->n_symbols + 1, &room, sizeof(*g->rule_at))) return false;
    if (!reserve(g, &g->symbols, g->n_symbols + 1, &g->symbols_room, sizeof(*g->symbols)))
        return false;
    g->rule_at[g->n_symbols] = rule;
    g->symbols[g->n_symbols++] = symbol;
    return true;
}

void grammar_add(struct grammar *g, int rule, const int *symbols, int n)
{
    assert(!g->finished);
    if (g->failed) return;
    struct rule *r = &g->rules[rule];
    if (!reserve(g, &r->dots, r->n + 1, &r->room, sizeof(*r->dots))) return;
    int dot = g->n_symbols;
    for (int i = 0; i < n; i++) {
        if (!add_symbol(g, rule, symbols[i])) return;
    }
    if (add_symbol(g, rule, GRAMMAR_NO_SYMBOL)) r->dots[r->n++] = dot;
}

int grammar_optional(struct grammar *g, int a)
{
    int rule = grammar_rule(g);
    grammar_add(g, rule, NULL, 0);
    grammar_add(g, rule, &a, 1);
    return rule;
}

/* rule -> so_far [sep] a, or a alone where so_far is GRAMMAR_NO_SYMBOL. */
static void add_more(struct grammar *g, int rule, int so_far, int sep, int a)
{
    if (so_far == GRAMMAR_NO_SYMBOL) {
        grammar_add(g, rule, &a, 1);
    } else if (sep == GRAMMAR_NO_SYMBOL) {
        grammar_add(g, rule, (int[]){so_far, a}, 2);
    } else {
        grammar_add(g, rule, (int[]){so_far, sep, a}, 3);
    }
}

/* Recursion to the left: the items of a long list then all begin at one place. */
int grammar_repeat(struct grammar *g, int a, int sep, int min, int max)
{
    int rule = grammar_rule(g), so_far = GRAMMAR_NO_SYMBOL,
        exact = max == RX_UNBOUNDED ? (min == 0 ? 1 : min) : max;
    if (min == 0) grammar_add(g, rule, NULL, 0);
    for (int i = 1; i <= exact && !g->failed; i++) {
        int more = grammar_rule(g);
        add_more(g, more, so_far, sep, a);
        so_far = more;
        if (i >= min) grammar_add(g, rule, &so_far, 1);
    }
    if (max == RX_UNBOUNDED) add_more(g, so_far, so_far, sep, a);
    return rule;
}

/* ---- finishing ------------------------------------------------------------------------------- */

static bool symbol_lives(const struct grammar *g, int symbol, const uint8_t *terminal_lives)
{
    return symbol < 0 ? terminal_lives[-1 - symbol] : g->rules[symbol].lives;
}

static bool alternative_lives(const struct grammar *g, int dot, const uint8_t *terminal_lives)
{
    for (; g->symbols[dot] != GRAMMAR_NO_SYMBOL; dot++) {
        if (!symbol_lives(g, g->symbols[dot], terminal_lives)) return false;
    }
    return true;
}

static bool alternative_nullable(const struct grammar *g, int dot)
{
    for (; g->symbols[dot] != GRAMMAR_NO_SYMBOL; dot++) {
        if (g->symbols[dot] < 0 || !g->rules[g->symbols[dot]].nullable) return false;
    }
    return true;
}

/* Until nothing changes: which rules derive a text, and which the empty one. Rules mostly use
 * rules that were made before them or just after, so a few rounds in both directions do. */
static void find_lives(struct grammar *g, const uint8_t *terminal_lives)
{
    bool changed = true, forth = false;
    while (changed) {
        changed = false;
        forth = !forth;
        for (int k = 0; k < g->n_rules; k++) {
            struct rule *r = &g->rules[forth ? k : g->n_rules - 1 - k];
            for (int i = 0; i < r->n && !(r->lives && r->nullable); i++) {
                bool lives = r->lives || alternative_lives(g, r->dots[i], terminal_lives);
                bool nullable = r->nullable || alternative_nullable(g, r->dots[i]);
                changed = changed || lives != r->lives || nullable != r->nullable;
                r->lives = lives;
                r->nullable = nullable;
            }
        }
    }
}

static void drop_dead_alternatives(struct grammar *g, const uint8_t *terminal_lives)
{
    for (int k = 0; k < g->n_rules; k++) {
        struct rule *r = &g->rules[k];
        int kept = 0;
        for (int i = 0; i < r->n; i++) {
            if (alternative_lives(g, r->dots[i], terminal_lives)) r->dots[kept++] = r->dots[i];
        }
        r->n = kept;
        assert(r->lives == (kept > 0)); /* (2) */
    }
}

static bool too_large(const struct grammar *g)
{
    return g->failed || rx_failed(g->pool);
}

bool grammar_finish(struct grammar *g, int start, struct error *err)
{
    int top = grammar_rule(g);
    grammar_add(g, top, &start, 1);
    uint8_t *lives = mem_new((size_t)g->n_terminals + 1, 1, err);
    if (lives == NULL) return false;
    for (int i = 0; i < g->n_terminals; i++) {
        lives[i] = rx_life(g->pool, g->terminals[i], LIFE_NODES) != RX_DEAD;
        assert(too_large(g) || !rx_nullable(g->pool, g->terminals[i])); /* (1) */
    }
    if (too_large(g)) {
        free(lives);
        return error_set(err, ERROR_TOO_COMPLEX, "", "the form is too complex");
    }
    find_lives(g, lives);
    drop_dead_alternatives(g, lives);
    free(lives);
    if (!g->rules[top].lives)
        return error_set(err, ERROR_INVALID_VALUE, "", "no text has this form");
    g->start_dot = g->rules[top].dots[0];
    g->finished = true;
    rx_set_budget(g->pool, -1); /* reading is bounded by the nodes */
    return true;
}

int grammar_start_dot(const struct grammar *g)
{
    return g->start_dot;
}

const int *grammar_symbols(const struct grammar *g)
{
    return g->symbols;
}

int grammar_rule_of(const struct grammar *g, int dot)
{
    return g->rule_at[dot];
}

const int *grammar_alternatives(const struct grammar *g, int rule, int *n)
{
    *n = g->rules[rule].n;
    return g->rules[rule].dots;
}

bool grammar_is_nullable(const struct grammar *g, int rule)
{
    return g->rules[rule].nullable;
}

int grammar_rules(const struct grammar *g)
{
    return g->n_rules;
}

int grammar_terminals(const struct grammar *g)
{
    return g->n_terminals;
}

rx grammar_terminal_rx(const struct grammar *g, int symbol)
{
    return g->terminals[-1 - symbol];
}
