/* engine/sample/form/rx_within.c - see rx_impl.h: parts of a list that say no more than another.
 *
 * A loop is x*y: texts of x, as many as one likes, then y. What is left of x*by after b is x*by | y,
 * and of a pattern that may stand anywhere, once it was met, x*by | x*: the second alone says as
 * much. Without such parts lists are short, and so are all their derivatives', and of several
 * patterns in one text no more is known than how far each is met. In the same way x{,9}y says all
 * that x{,5}y does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "base/mem.h"
#include "engine/sample/form/rx_impl.h"

enum {
    MAX_CHARACTER = 12, /* bytes of one that a loop reads */
    MAX_IN_LOOP = 64,   /* of them, and of heads that are compared */
    LOOP_LEVELS = 3,    /* of alternatives within a part of a list */
    MAX_LOOP_PARTS = 32 /* of a list that is looked at */
};

static bool split_loop(const struct rx_pool *p, rx a, rx *x, rx *y)
{
    const struct node *n = &p->nodes[a];
    *y = n->kind == CAT ? n->b : RX_EMPTY;
    if (n->kind == CAT) n = &p->nodes[n->a];
    *x = n->a;
    return n->kind == REPEAT && n->min == 0 && n->max == RX_UNBOUNDED && !n->special;
}

/* Does x match each byte of a set alone, as is clear from how it is written? */
static bool has_bytes(const struct rx_pool *p, rx x, const uint8_t set[32])
{
    const struct node *n = &p->nodes[x];
    bool all = n->kind == BYTES;
    for (int i = 0; i < 32 && all; i++) {
        all = (set[i] & ~p->sets[n->a][i]) == 0;
    }
    for (int i = 0; n->kind == OR && i < n->b && !all; i++) {
        const struct node *part = &p->nodes[p->parts[n->a + i]];
        all = part->kind == BYTES && has_bytes(p, p->parts[n->a + i], set);
    }
    return all;
}

/* What is left of x after any byte of a set, if it is the same; RX_NONE: it isn't. */
static rx after_any(struct rx_pool *p, rx x, const uint8_t set[32])
{
    rx left = RX_NONE;
    if (has_bytes(p, x, set)) return RX_EMPTY;
    for (int b = 0; b < 256; b++) {
        if (!(set[b / 8] >> b % 8 & 1)) continue;
        rx one = rx_derive(p, x, (uint8_t)b);
        if (one == RX_NONE || (left != RX_NONE && one != left)) return RX_NONE;
        left = one;
    }
    return left;
}

/* What is left of a after a text of x that it begins with, of bytes; RX_NONE: it isn't clear. */
static rx after_one(struct rx_pool *p, rx a, rx x)
{
    struct headed h;
    for (int i = 0; i < MAX_CHARACTER && x != RX_NONE && rx_split_head(p, a, &h); i++) {
        uint8_t set[32]; /* a copy: the array may move */
        memcpy(set, p->sets[p->nodes[h.head].a], sizeof(set));
        x = after_any(p, x, set);
        if (x == RX_EMPTY) return h.tail;
        a = h.tail;
    }
    return RX_NONE;
}

/* Is every text of a one of x, or of some of them one after another? False: it isn't clear. */
static bool is_of(struct rx_pool *p, rx a, rx x, int levels)
{
    const struct node n = p->nodes[a];
    if (a == x || a == RX_EMPTY) return true;
    if (levels == 0) return false;
    if (n.kind == REPEAT) return is_of(p, n.a, x, levels - 1);
    if (n.kind == CAT && p->nodes[n.a].kind != BYTES)
        return is_of(p, n.a, x, levels - 1) && is_of(p, n.b, x, levels - 1);
    for (int i = 0; n.kind == OR && i < n.b; i++) {
        if (!is_of(p, p->parts[n.a + i], x, levels - 1)) return false;
    }
    if (n.kind == OR) return true;
    rx left = after_one(p, a, x);
    return left != RX_NONE && is_of(p, left, x, levels - 1);
}

static bool find_in_loop(struct rx_pool *p, rx a, rx x, rx y, int levels);

/* Is every text of a one of the loop x*y, or, where y is RX_NONE, of some of x one after another? False: it
 * isn't clear. */
static bool is_within(struct rx_pool *p, rx a, rx x, rx y)
{
    if (p->withins == NULL) p->withins = mem_new(WITHINS, sizeof(*p->withins), NULL);
    if (p->withins == NULL) return rx_give_up(p), false;
    uint64_t hash = ids_mix(ids_mix((uint64_t)a, (uint64_t)x), (uint64_t)(uint32_t)y);
    struct within *kept = &p->withins[hash & (WITHINS - 1)];
    if (kept->a == a && kept->x == x && kept->y == y) return kept->is;
    bool is = y == RX_NONE ? is_of(p, a, x, CLEAR_LEVELS) : find_in_loop(p, a, x, y, LOOP_LEVELS);
    *kept = (struct within){a, x, y, is};
    return is;
}

/* As is_within(). */
static bool find_in_loop(struct rx_pool *p, rx a, rx x, rx y, int levels)
{
    for (int i = 0; i < MAX_IN_LOOP; i++) {
        const struct node n = p->nodes[a];
        rx loop_x, loop_y;
        if (a == y) return true;
        if (split_loop(p, a, &loop_x, &loop_y) && loop_x == x && loop_y == y) return true;
        bool any = n.kind == OR;
        for (int k = 0; levels > 0 && is_list(&n) && k < n.b; k++) {
            bool one = find_in_loop(p, p->parts[n.a + k], x, y, levels - 1);
            if (one != any) return one;
        }
        if (is_list(&n)) return levels > 0 && any;
        rx left = after_one(p, a, x);
        if (left == RX_NONE && n.kind == CAT && is_within(p, n.a, x, RX_NONE)) left = n.b;
        if (left == RX_NONE) return false;
        a = left;
    }
    return false;
}

/* Is every text of a one of b, since b is written as a is but for wider counts? */
static bool is_fewer(const struct rx_pool *p, rx a, rx b)
{
    for (int i = 0; i < MAX_IN_LOOP && a != b; i++) {
        const struct node *n = &p->nodes[a], *m = &p->nodes[b];
        rx head_a = n->kind == CAT ? n->a : a, tail_a = n->kind == CAT ? n->b : RX_EMPTY;
        rx head_b = m->kind == CAT ? m->a : b, tail_b = m->kind == CAT ? m->b : RX_EMPTY;
        n = &p->nodes[head_a];
        m = &p->nodes[head_b];
        bool wider = n->kind == REPEAT && m->kind == REPEAT && n->a == m->a && n->min >= m->min &&
                     (m->max == RX_UNBOUNDED || (n->max != RX_UNBOUNDED && n->max <= m->max));
        if (head_a == head_b || wider) {
            a = tail_a;
        } else if (m->kind != REPEAT || m->min > 0) {
            return false;
        }
        b = tail_b;
    }
    return a == b;
}

/* The place of a part but the i-th, `wide`, whose texts are all of that; -1: of none it is clear. */
static int find_within(struct rx_pool *p, const int32_t *list, int n, int i, rx wide)
{
    rx x, y;
    bool loops = split_loop(p, wide, &x, &y);
    for (int k = 0; k < n; k++) {
        if (k == i) continue;
        if (is_fewer(p, list[k], wide) || (loops && is_within(p, list[k], x, y))) return k;
    }
    return -1;
}

static bool begins_repeated(const struct rx_pool *p, rx a)
{
    const struct node *n = &p->nodes[a];
    return n->kind == REPEAT || (n->kind == CAT && p->nodes[n->a].kind == REPEAT);
}

int rx_drop_parts(struct rx_pool *p, enum kind kind, int32_t *list, int n)
{
    if (n > MAX_LOOP_PARTS) return n;
    for (int i = 0, k; i < n; i++) {
        bool negated = kind == AND && p->nodes[list[i]].kind == NOT;
        rx wide = negated ? p->nodes[list[i]].a : list[i];
        while (n > 1 && begins_repeated(p, wide) && (k = find_within(p, list, n, i, wide)) >= 0) {
            if (negated) return list[0] = RX_NONE, 1;
            int gone = kind == OR ? k : i;
            n--;
            memmove(list + gone, list + gone + 1, (size_t)(n - gone) * sizeof(*list));
            if (gone <= i) i--;
            if (gone != k) break;
        }
    }
    return n;
}
