/* engine/sample/form/rows.c - see rows.h.
 *
 * A set is a list of items. Rows and groups are sets: in both, items stand sorted by the symbol
 * behind the dot, so that those which wait for one lie together, and an item that began in the set
 * itself has SELF for its group.
 *
 * The group of (set, rule) are the items of the set that wait for the rule and, where one of these
 * began in the set itself, those that wait for *its* rule, and so on: all that the rule's end can
 * lead to.
 *
 * Groups with equal items are one group; rows with equal kernels are one row.
 *
 * (1) Items of a set are sorted by symbol, dot, group, and differ.
 * (2) A kernel's items have groups, never SELF, but for the first row's.
 *
 * Empty alternatives are passed where they are predicted (Aycock and Horspool, section 3), so a
 * rule that began in the row being made never ends in it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/sample/form/ids.h"

enum { SELF = -1, MANY = 256 };

struct item {
    int dot, group;
};

struct set {
    struct item *items; /* owned. NULL: the number is free */
    int n;
    bool marked; /* of a row's own set, and of groups: a sweep spares it */
};

struct row {
    struct set set, kernel;
    int *terminals; /* owned */
    int n_terminals;
    bool whole;
};

/* The group of a rule in a set, found before. */
struct known {
    int set; /* of a row: its number; of a group: -1 - its number */
    int rule, group;
};

struct list {
    struct item *items;
    int n, room;
};

/* What waits for a rule in a set, from this item on. */
struct waiting {
    int rule, first;
};

struct rows {
    const struct grammar *grammar;
    const int *symbols; /* behind its dots */
    struct row *rows;
    int n_rows, rows_room;
    struct set *groups;
    int n_groups, groups_room;
    int free_row, free_group; /* no number below is free */
    struct known *known;
    int n_known, known_room;
    struct ids row_ids, group_ids, known_ids;
    struct list kernel, closure, picked; /* of the set being made */
    int *seen;                           /* places + 1 in the closure, by hash; 0: free */
    int seen_size;
    uint64_t stamp;
    uint64_t *rule_stamps; /* by rule: the last group that it was picked for */
    struct waiting *rules; /* that a group is being picked for; room for all */
    size_t bytes;
    bool failed;
};

/* ---- sets ------------------------------------------------------------------------------------ */

static int compare_items(const struct rows *r, const struct item *a, const struct item *b)
{
    int s = r->symbols[a->dot], t = r->symbols[b->dot];
    if (s != t) return s < t ? -1 : 1;
    if (a->dot != b->dot) return a->dot < b->dot ? -1 : 1;
    return (a->group > b->group) - (a->group < b->group);
}

static int by_symbol(const void *a, const void *b, void *rows)
{
    return compare_items(rows, a, b);
}

static void sort_items(struct rows *r, struct item *items, int n)
{
    if (n > 1) qsort_r(items, (size_t)n, sizeof(*items), by_symbol, r);
}

/* The first item whose symbol is at least this. */
static int first_waiting(const struct rows *r, const struct set *s, int symbol)
{
    int low = 0, high = s->n;
    while (low < high) {
        int middle = (low + high) / 2;
        if (r->symbols[s->items[middle].dot] < symbol) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_waiting(const struct rows *r, const struct set *s, int i, int symbol)
{
    return i < s->n && r->symbols[s->items[i].dot] == symbol;
}

static uint64_t hash_items(const struct item *items, int n)
{
    uint64_t h = (uint64_t)n;
    for (int i = 0; i < n; i++) {
        h = ids_mix(h, (uint64_t)(uint32_t)items[i].dot << 32 | (uint32_t)items[i].group);
    }
    return h;
}

static bool same_items(const struct set *s, const struct item *items, int n)
{
    return s->n == n && (n == 0 || memcmp(s->items, items, (size_t)n * sizeof(*items)) == 0);
}

static size_t set_bytes(const struct set *s)
{
    return (size_t)s->n * sizeof(struct item) + sizeof(*s);
}

static bool copy_items(struct rows *r, struct set *to, const struct item *items, int n)
{
    to->items = mem_new((size_t)n, sizeof(*items), NULL);
    if (to->items == NULL) return false;
    if (n > 0) memcpy(to->items, items, (size_t)n * sizeof(*items));
    for (int i = 1; i < n; i++) {
        assert(compare_items(r, &items[i - 1], &items[i]) < 0); /* (1) */
    }
    to->n = n;
    r->bytes += set_bytes(to);
    return true;
}

static void list_add(struct rows *r, struct list *l, int dot, int group)
{
    r->failed = r->failed || !mem_reserve(&l->items, l->n + 1, &l->room, sizeof(*l->items));
    if (!r->failed) l->items[l->n++] = (struct item){dot, group};
}

/* ---- groups ---------------------------------------------------------------------------------- */

/* The group of these sorted items. */
static int intern_group(struct rows *r, const struct list *l)
{
    uint64_t hash = hash_items(l->items, l->n);
    for (int at = -1, id; (id = ids_next(&r->group_ids, hash, &at)) >= 0;) {
        if (same_items(&r->groups[id], l->items, l->n)) return id;
    }
    struct set group = {0};
    while (r->free_group < r->n_groups && r->groups[r->free_group].items != NULL) {
        r->free_group++;
    }
    if (!mem_reserve(&r->groups, r->n_groups + 1, &r->groups_room, sizeof(*r->groups)) ||
        !copy_items(r, &group, l->items, l->n)) {
        r->failed = true;
        return 0;
    }
    int number = r->free_group;
    r->n_groups += number == r->n_groups;
    r->groups[number] = group;
    r->failed = r->failed || !ids_put(&r->group_ids, hash, number);
    return number;
}

static int by_rule(const void *a, const void *b)
{
    int x = ((const struct waiting *)a)->rule, y = ((const struct waiting *)b)->rule;
    return (x > y) - (x < y);
}

/* What waits in a set for a rule, and for the rules of what does and began in the set too. */
static int pick_group(struct rows *r, const struct set *s, int rule)
{
    int n = 0;
    r->picked.n = 0;
    r->stamp++;
    r->rules[n++].rule = rule;
    r->rule_stamps[rule] = r->stamp;
    for (int k = 0; k < n; k++) {
        int i = first_waiting(r, s, r->rules[k].rule);
        for (r->rules[k].first = i; is_waiting(r, s, i, r->rules[k].rule); i++) {
            int outer = grammar_rule_of(r->grammar, s->items[i].dot);
            if (s->items[i].group != SELF || r->rule_stamps[outer] == r->stamp) continue;
            r->rule_stamps[outer] = r->stamp;
            r->rules[n++].rule = outer;
        }
    }
    if (n > 1) qsort(r->rules, (size_t)n, sizeof(*r->rules), by_rule); /* sorts the items: (1) */
    for (int k = 0; k < n; k++) {
        for (int i = r->rules[k].first; is_waiting(r, s, i, r->rules[k].rule); i++) {
            list_add(r, &r->picked, s->items[i].dot, s->items[i].group);
        }
    }
    return r->failed ? 0 : intern_group(r, &r->picked);
}

/* set_number: see struct known. */
static int group_of(struct rows *r, int set_number, const struct set *s, int rule)
{
    uint64_t hash = ids_mix(ids_mix(7, (uint64_t)(uint32_t)set_number), (uint64_t)rule);
    for (int at = -1, id; (id = ids_next(&r->known_ids, hash, &at)) >= 0;) {
        if (r->known[id].set == set_number && r->known[id].rule == rule) return r->known[id].group;
    }
    int group = pick_group(r, s, rule);
    if (r->failed || !mem_reserve(&r->known, r->n_known + 1, &r->known_room, sizeof(*r->known)) ||
        !ids_put(&r->known_ids, hash, r->n_known)) {
        r->failed = true;
        return 0;
    }
    r->known[r->n_known++] = (struct known){set_number, rule, group};
    r->bytes += sizeof(*r->known);
    return group;
}

/* ---- closure --------------------------------------------------------------------------------- */

static bool grow_seen(struct rows *r)
{
    int size = r->seen_size == 0 ? 256 : 2 * r->seen_size;
    int *seen = mem_new((size_t)size, sizeof(*seen), NULL);
    if (seen == NULL) return false;
    for (int i = 0; i < r->closure.n; i++) { /* the items so far */
        uint64_t at = ids_mix((uint64_t)r->closure.items[i].dot,
                              (uint64_t)(uint32_t)r->closure.items[i].group);
        while (seen[at & (uint64_t)(size - 1)] != 0) {
            at++;
        }
        seen[at & (uint64_t)(size - 1)] = i + 1;
    }
    free(r->seen);
    r->seen = seen;
    r->seen_size = size;
    return true;
}

static void add_item(struct rows *r, int dot, int group)
{
    if (2 * (r->closure.n + 1) > r->seen_size && !grow_seen(r)) r->failed = true;
    if (r->failed) return;
    uint64_t at = ids_mix((uint64_t)dot, (uint64_t)(uint32_t)group),
             mask = (uint64_t)(r->seen_size - 1);
    for (; r->seen[at & mask] != 0; at++) {
        const struct item *old = &r->closure.items[r->seen[at & mask] - 1];
        if (old->dot == dot && old->group == group) return;
    }
    r->seen[at & mask] = r->closure.n + 1;
    list_add(r, &r->closure, dot, group);
}

/* A rule has ended: whoever waits for it goes on. */
static void complete(struct rows *r, int rule, int group)
{
    if (group == SELF) return; /* empty: passed when it was predicted */
    for (int i = first_waiting(r, &r->groups[group], rule);
         is_waiting(r, &r->groups[group], i, rule); i++) {
        struct item item = r->groups[group].items[i];
        int outer = item.group;
        if (outer == SELF)
            outer =
                group_of(r, -1 - group, &r->groups[group], grammar_rule_of(r->grammar, item.dot));
        if (r->failed) return;
        add_item(r, item.dot + 1, outer);
    }
}

static void predict(struct rows *r, struct item item, int rule)
{
    int n;
    const int *dots = grammar_alternatives(r->grammar, rule, &n);
    for (int i = 0; i < n; i++) {
        add_item(r, dots[i], SELF);
    }
    if (grammar_is_nullable(r->grammar, rule)) add_item(r, item.dot + 1, item.group);
}

/* The closure's first items: the kernel's, each once. */
static void begin_closure(struct rows *r)
{
    r->closure.n = 0;
    if (r->seen_size > 0) memset(r->seen, 0, (size_t)r->seen_size * sizeof(*r->seen));
    for (int i = 0; i < r->kernel.n; i++) {
        add_item(r, r->kernel.items[i].dot, r->kernel.items[i].group);
    }
}

static void close_kernel(struct rows *r)
{
    begin_closure(r);
    for (int i = 0; i < r->closure.n && !r->failed; i++) {
        struct item item = r->closure.items[i];
        int symbol = r->symbols[item.dot];
        if (symbol == GRAMMAR_NO_SYMBOL) {
            complete(r, grammar_rule_of(r->grammar, item.dot), item.group);
        } else if (symbol >= 0) {
            predict(r, item, symbol);
        }
    }
    sort_items(r, r->closure.items, r->closure.n);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool list_terminals(struct rows *r, struct row *row)
{
    int n = 0, last = 0; /* no terminal is 0 */
    row->terminals = mem_new((size_t)row->set.n + 1, sizeof(*row->terminals), NULL);
    if (row->terminals == NULL) return false;
    for (int i = 0; i < row->set.n; i++) {
        int symbol = r->symbols[row->set.items[i].dot];
        if (symbol == GRAMMAR_NO_SYMBOL || symbol >= 0 || symbol == last) continue;
        row->terminals[n++] = last = symbol;
    }
    row->n_terminals = n;
    r->bytes += (size_t)n * sizeof(*row->terminals);
    return true;
}

/* Does the start rule end among the closure's items? */
static bool find_whole(const struct rows *r)
{
    int top = grammar_rule_of(r->grammar, grammar_start_dot(r->grammar));
    for (int i = 0; i < r->closure.n; i++) {
        int dot = r->closure.items[i].dot;
        if (r->symbols[dot] == GRAMMAR_NO_SYMBOL && grammar_rule_of(r->grammar, dot) == top)
            return true;
    }
    return false;
}

static void clear_row(struct row *row)
{
    free(row->set.items);
    free(row->kernel.items);
    free(row->terminals);
    *row = (struct row){0};
}

static int new_row(struct rows *r, uint64_t hash)
{
    struct row row = {0};
    close_kernel(r);
    row.whole = find_whole(r);
    while (r->free_row < r->n_rows && r->rows[r->free_row].set.items != NULL) {
        r->free_row++;
    }
    int number = r->free_row;
    bool fine = !r->failed &&
                mem_reserve(&r->rows, r->n_rows + 1, &r->rows_room, sizeof(*r->rows)) &&
                copy_items(r, &row.set, r->closure.items, r->closure.n) &&
                copy_items(r, &row.kernel, r->kernel.items, r->kernel.n) &&
                list_terminals(r, &row) && ids_put(&r->row_ids, hash, number);
    if (!fine) {
        clear_row(&row);
        r->failed = true;
        return ROWS_NONE;
    }
    r->n_rows += number == r->n_rows;
    r->rows[number] = row;
    return number;
}

int rows_make(struct rows *r)
{
    struct list *k = &r->kernel;
    int kept = 0;
    if (k->n > MANY) { /* of many rows, whose items are often the same */
        begin_closure(r);
        struct list once = r->closure;
        r->closure = *k;
        *k = once;
        if (r->failed) return ROWS_NONE;
    }
    sort_items(r, k->items, k->n);
    for (int i = 0; i < k->n; i++) {
        if (kept == 0 || compare_items(r, &k->items[kept - 1], &k->items[i]) != 0) {
            k->items[kept++] = k->items[i];
        }
    }
    k->n = kept;
    uint64_t hash = hash_items(k->items, kept);
    for (int at = -1, id; (id = ids_next(&r->row_ids, hash, &at)) >= 0;) {
        if (same_items(&r->rows[id].kernel, k->items, kept)) return id;
    }
    return r->failed ? ROWS_NONE : new_row(r, hash);
}

void rows_begin(struct rows *r)
{
    r->kernel.n = 0;
}

bool rows_pass(struct rows *r, int row, const int *ended, int n)
{
    for (int k = 0; k < n; k++) {
        for (int i = first_waiting(r, &r->rows[row].set, ended[k]);
             is_waiting(r, &r->rows[row].set, i, ended[k]); i++) {
            struct item item = r->rows[row].set.items[i];
            int group = item.group;
            if (group == SELF)
                group = group_of(r, row, &r->rows[row].set, grammar_rule_of(r->grammar, item.dot));
            assert(group >= 0); /* (2) */
            list_add(r, &r->kernel, item.dot + 1, group);
        }
    }
    return !r->failed;
}

/* ---- forgetting them ------------------------------------------------------------------------- */

void rows_mark(struct rows *r, int row)
{
    assert(row >= 0 && row < r->n_rows && r->rows[row].set.items != NULL);
    r->rows[row].set.marked = true;
}

/* The groups of a set that are not marked yet: they are, and wait for their own to be. */
static int mark_groups(struct rows *r, const struct set *s, int *waiting, int n)
{
    for (int i = 0; i < s->n; i++) {
        int group = s->items[i].group;
        if (group == SELF || r->groups[group].marked) continue;
        r->groups[group].marked = true;
        waiting[n++] = group;
    }
    return n;
}

/* All groups that marked rows know, or groups that they know. False: no memory. */
static bool mark_known(struct rows *r)
{
    int *waiting = mem_new((size_t)r->n_groups + 1, sizeof(*waiting), NULL), n = 0;
    for (int i = 0; waiting != NULL && i < r->n_rows; i++) {
        if (!r->rows[i].set.marked) continue;
        n = mark_groups(r, &r->rows[i].set, waiting, n);
        n = mark_groups(r, &r->rows[i].kernel, waiting, n);
        while (n > 0) {
            int group = waiting[--n];
            n = mark_groups(r, &r->groups[group], waiting, n);
        }
    }
    free(waiting);
    return waiting != NULL;
}

static void sweep_rows(struct rows *r)
{
    ids_clear(&r->row_ids);
    r->free_row = 0;
    for (int i = 0; i < r->n_rows; i++) {
        struct row *row = &r->rows[i];
        if (row->set.items == NULL) continue;
        if (row->set.marked) {
            uint64_t hash = hash_items(row->kernel.items, row->kernel.n);
            r->failed = r->failed || !ids_put(&r->row_ids, hash, i);
            row->set.marked = false;
            continue;
        }
        r->bytes -= set_bytes(&row->set) + set_bytes(&row->kernel) +
                    (size_t)row->n_terminals * sizeof(*row->terminals);
        clear_row(row);
    }
}

static void sweep_groups(struct rows *r)
{
    ids_clear(&r->group_ids);
    r->free_group = 0;
    for (int i = 0; i < r->n_groups; i++) {
        struct set *group = &r->groups[i];
        if (group->items == NULL) continue;
        if (group->marked) {
            uint64_t hash = hash_items(group->items, group->n);
            r->failed = r->failed || !ids_put(&r->group_ids, hash, i);
            group->marked = false;
            continue;
        }
        r->bytes -= set_bytes(group);
        free(group->items);
        *group = (struct set){0};
    }
}

bool rows_sweep(struct rows *r)
{
    rows_mark(r, ROWS_FIRST);
    if (!mark_known(r)) return false;
    sweep_rows(r);
    sweep_groups(r);
    ids_clear(&r->known_ids);
    r->bytes -= (size_t)r->n_known * sizeof(*r->known);
    r->n_known = 0;
    return !r->failed;
}

struct rows *rows_new(const struct grammar *g)
{
    struct rows *r = mem_new(1, sizeof(*r), NULL);
    if (r == NULL) return NULL;
    r->grammar = g;
    r->symbols = grammar_symbols(g);
    r->rule_stamps = mem_new((size_t)grammar_rules(g), sizeof(*r->rule_stamps), NULL);
    r->rules = mem_new((size_t)grammar_rules(g), sizeof(*r->rules), NULL);
    if (r->rule_stamps != NULL && r->rules != NULL) {
        list_add(r, &r->kernel, grammar_start_dot(g), SELF);
        if (!r->failed && rows_make(r) == ROWS_FIRST) return r;
    }
    rows_free(r);
    return NULL;
}

void rows_free(struct rows *r)
{
    if (r == NULL) return;
    for (int i = 0; i < r->n_rows; i++) {
        clear_row(&r->rows[i]);
    }
    for (int i = 0; i < r->n_groups; i++) {
        free(r->groups[i].items);
    }
    free(r->rows);
    free(r->groups);
    free(r->known);
    ids_clear(&r->row_ids);
    ids_clear(&r->group_ids);
    ids_clear(&r->known_ids);
    free(r->kernel.items);
    free(r->closure.items);
    free(r->picked.items);
    free(r->seen);
    free(r->rule_stamps);
    free(r->rules);
    free(r);
}

const int *rows_terminals(const struct rows *r, int row, int *n)
{
    *n = r->rows[row].n_terminals;
    return r->rows[row].terminals;
}

bool rows_is_whole(const struct rows *r, int row)
{
    return r->rows[row].whole;
}

size_t rows_bytes(const struct rows *r)
{
    return r->bytes;
}
