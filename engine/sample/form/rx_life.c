/* engine/sample/form/rx_life.c - see rx.h: does an expression match any text?
 *
 * (1) Only nodes with an AND or NOT in them (special) may match nothing, but for RX_NONE.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/sample/form/rx_impl.h"

/* A search for a nullable derivative: by turns from the node that was found first, and from the one
 * whose texts may be the shortest. The first way finds what is near, the second what is far but
 * straight on (a pattern with a length). Nodes on the way carry their finder. */
struct step {
    rx found;
    int from; /* it is the derivative of this step's by byte */
    uint8_t byte;
    bool done;
};

struct search {
    struct step *steps;
    int n, room;
    int first; /* steps before are done */
    int *heap; /* steps, those with the shortest texts, then the latest, first */
    int n_heap, heap_room;
    bool turn;
    uint8_t *seen; /* a bit a node */
    int seen_room;
};

static bool comes_before(const struct rx_pool *p, const struct search *s, int x, int y)
{
    int32_t a = p->nodes[s->steps[x].found].shortest, b = p->nodes[s->steps[y].found].shortest;
    return a != b ? a < b : x > y;
}

static bool heap_add(const struct rx_pool *p, struct search *s, int step)
{
    if (!mem_reserve(&s->heap, s->n_heap + 1, &s->heap_room, sizeof(*s->heap))) return false;
    int at = s->n_heap++;
    for (; at > 0 && comes_before(p, s, step, s->heap[(at - 1) / 2]); at = (at - 1) / 2) {
        s->heap[at] = s->heap[(at - 1) / 2];
    }
    s->heap[at] = step;
    return true;
}

static int heap_take(const struct rx_pool *p, struct search *s)
{
    int taken = s->heap[0], last = s->heap[--s->n_heap], at = 0;
    for (int child; (child = 2 * at + 1) < s->n_heap; at = child) {
        if (child + 1 < s->n_heap && comes_before(p, s, s->heap[child + 1], s->heap[child]))
            child++;
        if (!comes_before(p, s, s->heap[child], last)) break;
        s->heap[at] = s->heap[child];
    }
    s->heap[at] = last;
    return taken;
}

/* The step to go on from, which is done then; -1: all are. */
static int next_step(const struct rx_pool *p, struct search *s)
{
    s->turn = !s->turn;
    while (s->first < s->n && s->steps[s->first].done) {
        s->first++;
    }
    if (s->first == s->n) return -1;
    int step = s->first;
    if (s->turn) {
        do {
            step = heap_take(p, s); /* what is not done is in the heap */
        } while (s->steps[step].done);
    }
    s->steps[step].done = true;
    return step;
}

static bool search_add(struct rx_pool *p, struct search *s, rx a, int from, uint8_t byte)
{
    if (a >= 8 * s->seen_room) {
        int room = p->n_nodes / 8 + 1024;
        uint8_t *seen = mem_grow(s->seen, (size_t)room, 1, NULL);
        if (seen == NULL) return false;
        memset(seen + s->seen_room, 0, (size_t)(room - s->seen_room));
        s->seen = seen;
        s->seen_room = room;
    }
    if (s->seen[a / 8] >> a % 8 & 1) return true;
    if (!mem_reserve(&s->steps, s->n + 1, &s->room, sizeof(*s->steps))) return false;
    s->seen[a / 8] |= (uint8_t)(1 << a % 8);
    s->steps[s->n] = (struct step){.found = a, .from = from, .byte = byte};
    return heap_add(p, s, s->n++);
}

/* What is clear without a search, `levels` deep: a text of ab is one of a and one of b, and so on. */
static enum rx_life clear_life(const struct rx_pool *p, rx a, int levels)
{
    const struct node *n = &p->nodes[a];
    if (levels == 0) return (enum rx_life)n->life;
    while (n->life == RX_TOO_HARD && (n->kind == CAT || n->kind == REPEAT)) {
        enum rx_life head = n->kind == REPEAT ? RX_ALIVE : clear_life(p, n->a, levels - 1);
        if (head != RX_ALIVE) return head;
        n = &p->nodes[n->kind == REPEAT ? n->a : n->b];
    }
    if (n->life != RX_TOO_HARD || n->kind != OR) return (enum rx_life)n->life;
    for (int i = 0; i < n->b; i++) {
        if (clear_life(p, p->parts[n->a + i], levels - 1) == RX_ALIVE) return RX_ALIVE;
    }
    return RX_TOO_HARD;
}

/* The way to step i, and by byte from there to `left`, is alive. */
static enum rx_life mark_alive(struct rx_pool *p, const struct search *s, int i, uint8_t byte,
                               rx left)
{
    struct witness w = {.n = 0};
    int n = 1;
    for (int k = i; k >= 0; k = s->steps[k].from) {
        p->nodes[s->steps[k].found].life = RX_ALIVE;
        n += s->steps[k].from >= 0;
    }
    if (!p->nodes[left].nullable || n > (int)sizeof(w.bytes)) return RX_ALIVE;
    w.n = n;
    w.bytes[--n] = byte;
    for (int k = i; n > 0; k = s->steps[k].from) {
        w.bytes[--n] = s->steps[k].byte;
    }
    p->witnesses[p->n_witnesses++ % WITNESSES] = w;
    return RX_ALIVE;
}

/* The loop of an intersection: of one of its parts, when the others take finitely many texts away
 * from it. */
static rx loop_of_all(const struct rx_pool *p, const struct node *n)
{
    rx loop = RX_NONE;
    for (int i = 0; i < n->b; i++) {
        const struct node *part = &p->nodes[p->parts[n->a + i]];
        if (part->kind == NOT && p->nodes[part->a].finite) continue;
        if (loop != RX_NONE || part->kind != REPEAT || part->max != RX_UNBOUNDED || part->special)
            return RX_NONE;
        loop = part->a;
    }
    return loop;
}

rx rx_loop(const struct rx_pool *p, rx a, int *times)
{
    const struct node *n = &p->nodes[a];
    *times = RX_UNBOUNDED;
    if (n->kind == CAT && clear_life(p, n->b, CLEAR_LEVELS) == RX_ALIVE) n = &p->nodes[n->a];
    if (n->kind == REPEAT && !n->special) {
        *times = n->max;
        return n->a;
    }
    return n->kind == AND ? loop_of_all(p, n) : RX_NONE;
}

/* Is a number not in a list yet? It is then. */
static bool is_new(uint64_t *list, int *n, uint64_t number)
{
    for (int i = 0; i < *n; i++) {
        if (list[i] == number) return false;
    }
    list[(*n)++] = number;
    return true;
}

/* All derivatives of step i, unless one of them is alive; RX_DEAD: none is known to be. */
static enum rx_life search_from(struct rx_pool *p, struct search *s, int i, const uint8_t *byte_of,
                                int n_classes)
{
    struct rx_heads heads = {.n = 0};
    uint64_t signs[256]; /* of those that a derivative was taken by */
    int n_signs = 0;
    bool fits = rx_add_heads(p, s->steps[i].found, &heads);
    for (int c = 0; c < n_classes; c++) {
        if (fits && !is_new(signs, &n_signs, rx_heads_of(p, &heads, byte_of[c]))) continue;
        rx left = rx_derive(p, s->steps[i].found, byte_of[c]);
        if (left == RX_NONE) continue;
        if (clear_life(p, left, CLEAR_LEVELS) == RX_ALIVE)
            return mark_alive(p, s, i, byte_of[c], left);
        if (!search_add(p, s, left, i, byte_of[c])) return RX_TOO_HARD;
    }
    return p->failed ? RX_TOO_HARD : RX_DEAD;
}

static enum rx_life search_life(struct rx_pool *p, struct search *s, rx a, int max_nodes)
{
    uint8_t class_of[256], byte_of[256];
    int n_classes = rx_classes(p, class_of);
    for (int b = 255; b >= 0; b--) {
        byte_of[class_of[b]] = (uint8_t)b;
    }
    if (!search_add(p, s, a, -1, 0)) return RX_TOO_HARD;
    for (int i; (i = next_step(p, s)) >= 0;) {
        if (p->nodes[s->steps[i].found].life == RX_DEAD) continue;
        if (s->n > max_nodes) return RX_TOO_HARD;
        enum rx_life life = search_from(p, s, i, byte_of, n_classes);
        if (life != RX_DEAD) return life;
    }
    for (int i = 0; i < s->n; i++) {
        p->nodes[s->steps[i].found].life = RX_DEAD;
    }
    return RX_DEAD;
}

/* Do these bytes lead from a to a node that is alive? Then those on the way are. */
static bool witness_holds(struct rx_pool *p, rx a, const uint8_t *bytes, int n)
{
    rx way[sizeof(((struct witness *)0)->bytes)];
    for (int i = 0; i < n; i++) {
        way[i] = a;
        a = rx_derive(p, a, bytes[i]);
        if (a == RX_NONE) return false;
        if (clear_life(p, a, CLEAR_LEVELS) != RX_ALIVE) continue;
        for (int k = 0; k <= i; k++) {
            p->nodes[way[k]].life = RX_ALIVE;
        }
        return true;
    }
    return false;
}

/* Nodes that differ in a count alone have the same witnesses, nodes on a witness's way its rest. */
static bool try_witnesses(struct rx_pool *p, rx a)
{
    for (int i = 0; i < WITNESSES; i++) {
        const struct witness w = p->witnesses[i];
        for (int from = 0; from < w.n; from++) {
            if (witness_holds(p, a, w.bytes + from, w.n - from)) return true;
        }
    }
    return false;
}

static enum rx_life find_life(struct rx_pool *p, rx a, int max_nodes)
{
    struct search s = {0};
    if (try_witnesses(p, a)) return RX_ALIVE;
    enum rx_life life = search_life(p, &s, a, max_nodes);
    free(s.steps);
    free(s.heap);
    free(s.seen);
    return life;
}

/* As rx_life(), of a node whose life isn't known. */
static enum rx_life part_life(struct rx_pool *p, rx a, int max_nodes)
{
    const struct node n = p->nodes[a]; /* a copy: the array may move */
    enum rx_life life = RX_DEAD;
    assert(n.special); /* (1) */
    switch ((enum kind)n.kind) {
    case CAT:
        life = rx_life(p, n.a, max_nodes);
        return life == RX_ALIVE ? rx_life(p, n.b, max_nodes) : life;
    case REPEAT:
        return rx_life(p, n.a, max_nodes);
    case OR:
        for (int i = 0; i < n.b && life != RX_ALIVE; i++) {
            enum rx_life one = rx_life(p, p->parts[n.a + i], max_nodes);
            if (one != RX_DEAD) life = one;
        }
        return life;
    default:
        return find_life(p, a, max_nodes);
    }
}

enum rx_life rx_life(struct rx_pool *p, rx a, int max_nodes)
{
    enum rx_life life = clear_life(p, a, CLEAR_LEVELS);
    if (life == RX_TOO_HARD && p->nodes[a].searched < max_nodes) {
        if (p->depth >= MAX_DEPTH) return RX_TOO_HARD;
        p->depth++;
        life = part_life(p, a, max_nodes);
        p->depth--;
        if (life == RX_TOO_HARD) p->nodes[a].searched = max_nodes;
    }
    p->nodes[a].life = (uint8_t)life;
    return life;
}
