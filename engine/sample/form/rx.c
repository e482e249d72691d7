/* engine/sample/form/rx.c - see rx.h and rx_impl.h: the pool, expressions and their derivatives.
 *
 * (1) A node's parts are older than the node: ids fall from a node to its parts.
 * (2) A node of OR or AND has two parts or more, in rising order, none of its own kind.
 * (3) The head of a CAT is no CAT: texts are lists to the right.
 *
 * Two nodes of one pool differ in kind, numbers or parts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/rx_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/sample/form/ids.h"

enum {
    MEMO = 1 << 12,     /* derivatives kept, by place */
    MAX_FACTORED = 500, /* bytes that alternatives share at their beginning, taken out at once */
    MAX_PARTS = 1 << 16,
    MAX_SHORTEST = 1 << 20
};

/* ---- the pool -------------------------------------------------------------------------------- */

static rx fail(struct rx_pool *p)
{
    p->failed = true;
    return RX_NONE;
}

static uint64_t hash_node(const struct node *n, const int32_t *parts)
{
    uint64_t h = ids_mix(n->kind, (uint64_t)(uint32_t)n->b);
    h = ids_mix(ids_mix(h, (uint64_t)(uint32_t)n->min), (uint64_t)(uint32_t)n->max);
    if (!is_list(n)) return ids_mix(h, (uint64_t)(uint32_t)n->a);
    for (int i = 0; i < n->b; i++) {
        h = ids_mix(h, (uint64_t)(uint32_t)parts[i]);
    }
    return h;
}

static bool same_node(const struct rx_pool *p, const struct node *x, const struct node *n,
                      const int32_t *parts)
{
    if (x->kind != n->kind || x->b != n->b || x->min != n->min || x->max != n->max) return false;
    if (!is_list(n)) return x->a == n->a;
    return memcmp(p->parts + x->a, parts, (size_t)n->b * sizeof(*parts)) == 0;
}

static bool add_parts(struct rx_pool *p, const int32_t *parts, int n)
{
    if (!mem_reserve(&p->parts, p->n_parts + n, &p->parts_room, sizeof(*p->parts))) return false;
    memcpy(p->parts + p->n_parts, parts, (size_t)n * sizeof(*parts));
    p->n_parts += n;
    return true;
}

/* A number of bytes that no text of a node is below, by its parts'. */
static int32_t least_bytes(const struct rx_pool *p, const struct node *n, const int32_t *parts)
{
    const struct node *nodes = p->nodes;
    int64_t least = n->kind != EMPTY;
    if (n->nullable) return 0;
    if (n->kind == CAT) least = (int64_t)nodes[n->a].shortest + nodes[n->b].shortest;
    if (n->kind == REPEAT) least = (int64_t)n->min * nodes[n->a].shortest;
    for (int i = 0; is_list(n) && i < n->b; i++) {
        int32_t one = nodes[parts[i]].shortest;
        if (i == 0 || (n->kind == OR ? one < least : one > least)) least = one;
    }
    return least < MAX_SHORTEST ? (int32_t)least : MAX_SHORTEST;
}

/* What follows from a node's parts. */
static void set_facts(const struct rx_pool *p, struct node *n, const int32_t *parts)
{
    const struct node *nodes = p->nodes;
    n->special = n->kind == AND || n->kind == NOT;
    n->finite = n->kind != NOT && n->kind != MULTIPLE && n->kind != AND;
    switch ((enum kind)n->kind) {
    case NONE:
    case BYTES:
        break;
    case EMPTY:
        n->nullable = true;
        break;
    case MULTIPLE:
        n->nullable = n->b == 0;
        break;
    case CAT:
        n->nullable = nodes[n->a].nullable && nodes[n->b].nullable;
        n->special = nodes[n->a].special || nodes[n->b].special;
        n->finite = nodes[n->a].finite && nodes[n->b].finite;
        break;
    case NOT:
        n->nullable = !nodes[n->a].nullable;
        break;
    case REPEAT:
        n->nullable = n->min == 0;
        n->special = nodes[n->a].special;
        n->finite = nodes[n->a].finite && n->max != RX_UNBOUNDED;
        break;
    case OR:
    case AND:
        n->nullable = n->kind == AND;
        for (int i = 0; i < n->b; i++) {
            bool nullable = nodes[parts[i]].nullable;
            n->nullable = n->kind == AND ? n->nullable && nullable : n->nullable || nullable;
            n->special = n->special || nodes[parts[i]].special;
            bool finite = nodes[parts[i]].finite;
            n->finite = n->kind == AND ? n->finite || finite : n->finite && finite;
        }
        break;
    }
    n->shortest = least_bytes(p, n, parts);
    n->life = n->nullable || !n->special ? RX_ALIVE : RX_TOO_HARD;
    if (n->kind == NONE) n->life = RX_DEAD;
}

/* The node that equals n, made if there is none. parts: of OR and AND. */
static rx intern(struct rx_pool *p, struct node n, const int32_t *parts)
{
    if (p->failed) return RX_NONE;
    uint64_t hash = hash_node(&n, parts);
    for (int at = -1, old; (old = ids_next(&p->ids, hash, &at)) >= 0;) {
        if (same_node(p, &p->nodes[old], &n, parts)) return old;
    }
    if (p->n_nodes >= p->max_nodes) return fail(p);
    if (!mem_reserve(&p->nodes, p->n_nodes + 1, &p->room, sizeof(n))) return fail(p);
    set_facts(p, &n, parts);
    if (is_list(&n)) {
        int place = p->n_parts;
        if (!add_parts(p, parts, n.b)) return fail(p);
        n.a = place;
        assert(n.b >= 2 && parts[n.b - 1] < p->n_nodes); /* (1) (2) */
    }
    assert(n.kind != CAT || p->nodes[n.a].kind != CAT); /* (3) */
    if (!ids_put(&p->ids, hash, p->n_nodes)) return fail(p);
    p->nodes[p->n_nodes] = n;
    return p->n_nodes++;
}

struct rx_pool *rx_pool_new(int max_nodes)
{
    struct rx_pool *p = mem_new(1, sizeof(*p), NULL);
    if (p == NULL) return NULL;
    p->max_nodes = max_nodes;
    p->budget = -1;
    p->memo = mem_new(MEMO, sizeof(*p->memo), NULL);
    if (p->memo == NULL) return rx_pool_free(p), NULL;
    rx none = intern(p, (struct node){.kind = NONE}, NULL);
    rx empty = intern(p, (struct node){.kind = EMPTY}, NULL);
    rx all = intern(p, (struct node){.kind = NOT, .a = none}, NULL);
    if (p->failed) return rx_pool_free(p), NULL;
    assert(none == RX_NONE && empty == RX_EMPTY && all == RX_ALL);
    return p;
}

void rx_pool_free(struct rx_pool *p)
{
    if (p == NULL) return;
    free(p->nodes);
    free(p->parts);
    free(p->sets);
    ids_clear(&p->ids);
    ids_clear(&p->set_ids);
    free(p->memo);
    free(p->withins);
    free(p);
}

bool rx_failed(const struct rx_pool *p)
{
    return p->failed;
}

void rx_give_up(struct rx_pool *p)
{
    p->failed = true;
}

void rx_set_budget(struct rx_pool *p, long derivatives)
{
    p->budget = derivatives;
}

int rx_nodes(const struct rx_pool *p)
{
    return p->n_nodes;
}

void rx_keep(struct rx_pool *p, int place, rx a)
{
    assert(place >= 0 && place < RX_KEPT);
    p->kept[place] = a;
}

rx rx_kept(const struct rx_pool *p, int place)
{
    return p->kept[place];
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* The number of a set, which is remembered. -1: no memory. */
static int set_number(struct rx_pool *p, const uint8_t set[32])
{
    uint64_t words[4], hash = 1;
    memcpy(words, set, sizeof(words));
    for (int i = 0; i < 4; i++) {
        hash = ids_mix(hash, words[i]);
    }
    for (int at = -1, old; (old = ids_next(&p->set_ids, hash, &at)) >= 0;) {
        if (memcmp(p->sets[old], set, 32) == 0) return old;
    }
    if (!mem_reserve(&p->sets, p->n_sets + 1, &p->sets_room, sizeof(*p->sets)) ||
        !ids_put(&p->set_ids, hash, p->n_sets))
        return -1;
    memcpy(p->sets[p->n_sets], set, 32);
    return p->n_sets++;
}

rx rx_bytes(struct rx_pool *p, const uint8_t set[32])
{
    static const uint8_t nothing[32];
    if (memcmp(set, nothing, 32) == 0) return RX_NONE;
    int number = set_number(p, set);
    if (number < 0) return fail(p);
    return intern(p, (struct node){.kind = BYTES, .a = number}, NULL);
}

rx rx_byte(struct rx_pool *p, uint8_t byte)
{
    uint8_t set[32] = {0};
    if (p->single[byte] != RX_NONE) return p->single[byte];
    set[byte / 8] = (uint8_t)(1 << byte % 8);
    return p->single[byte] = rx_bytes(p, set);
}

rx rx_byte_range(struct rx_pool *p, int low, int high)
{
    uint8_t set[32] = {0};
    if (low == high) return rx_byte(p, (uint8_t)low);
    for (int b = low; b <= high; b++) {
        set[b / 8] |= (uint8_t)(1 << b % 8);
    }
    return rx_bytes(p, set);
}

rx rx_text(struct rx_pool *p, struct span text)
{
    rx all = RX_EMPTY;
    for (size_t i = text.n; i-- > 0;) {
        all = rx_cat(p, rx_byte(p, (uint8_t)text.p[i]), all);
    }
    return all;
}

static void find_classes(struct rx_pool *p)
{
    uint64_t *sign = p->signs, seen[256];
    int n = 0;
    for (int i = p->n_classed; i < p->n_sets; i++) {
        for (int b = 0; b < 256; b++) {
            sign[b] = ids_mix(sign[b], (uint64_t)(p->sets[i][b / 8] >> b % 8 & 1) + 1);
        }
    }
    for (int b = 0; b < 256; b++) {
        int c = 0;
        while (c < n && seen[c] != sign[b]) {
            c++;
        }
        if (c == n) seen[n++] = sign[b];
        p->class_of[b] = (uint8_t)c;
    }
    p->n_classes = n;
    p->n_classed = p->n_sets;
}

int rx_classes(struct rx_pool *p, uint8_t class_of[256])
{
    if (p->n_classed != p->n_sets || p->n_classes == 0) find_classes(p);
    memcpy(class_of, p->class_of, sizeof(p->class_of));
    return p->n_classes;
}

/* ---- making expressions ---------------------------------------------------------------------- */

rx rx_cat(struct rx_pool *p, rx a, rx b)
{
    if (a == RX_NONE || b == RX_NONE) return RX_NONE;
    if (a == RX_EMPTY) return b;
    if (b == RX_EMPTY) return a;
    if (a == RX_ALL && b == RX_ALL) return RX_ALL;
    if (p->nodes[a].kind != CAT) return intern(p, (struct node){.kind = CAT, .a = a, .b = b}, NULL);
    rx heads[64], rest = a; /* (3): to the right, a piece at a time */
    int n = 0;
    while (n < 64 && p->nodes[rest].kind == CAT) {
        heads[n++] = p->nodes[rest].a;
        rest = p->nodes[rest].b;
    }
    b = rx_cat(p, rest, b);
    while (n > 0) {
        b = intern(p, (struct node){.kind = CAT, .a = heads[--n], .b = b}, NULL);
    }
    return b;
}

rx rx_repeat(struct rx_pool *p, rx a, int min, int max)
{
    if (max == 0 || a == RX_EMPTY) return RX_EMPTY;
    if (a == RX_NONE) return min == 0 ? RX_EMPTY : RX_NONE;
    if (min == 1 && max == 1) return a;
    if (a == RX_ALL) return RX_ALL;
    if (p->nodes[a].nullable) min = 0;
    if (p->nodes[a].kind == REPEAT && p->nodes[a].min == 0 && p->nodes[a].max == RX_UNBOUNDED)
        return a;
    return intern(p, (struct node){.kind = REPEAT, .a = a, .min = min, .max = max}, NULL);
}

rx rx_multiple(struct rx_pool *p, int m)
{
    for (int d = '0'; d <= '9'; d++) {
        rx_byte_range(p, d, d); /* digits are classes of their own (rx_classes) */
    }
    rx_byte_range(p, '.', '.');
    return intern(p, (struct node){.kind = MULTIPLE, .a = m}, NULL);
}

rx rx_not(struct rx_pool *p, rx a)
{
    if (p->nodes[a].kind == NOT) return p->nodes[a].a;
    return intern(p, (struct node){.kind = NOT, .a = a}, NULL);
}

static int by_id(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Most lists are short, and nearly sorted. */
static void sort_ids(int32_t *list, int n)
{
    if (n > 32) {
        qsort(list, (size_t)n, sizeof(*list), by_id);
        return;
    }
    for (int i = 1; i < n; i++) {
        int32_t one = list[i];
        int k = i;
        for (; k > 0 && list[k - 1] > one; k--) {
            list[k] = list[k - 1];
        }
        list[k] = one;
    }
}

static int sort_unique(int32_t *list, int n)
{
    int kept = 0;
    sort_ids(list, n);
    for (int i = 0; i < n; i++) {
        if (kept == 0 || list[kept - 1] != list[i]) list[kept++] = list[i];
    }
    return kept;
}

bool rx_split_head(const struct rx_pool *p, rx a, struct headed *out)
{
    const struct node *n = &p->nodes[a];
    if (n->kind == BYTES) {
        *out = (struct headed){a, RX_EMPTY};
        return true;
    }
    if (n->kind != CAT || p->nodes[n->a].kind != BYTES) return false;
    *out = (struct headed){n->a, n->b};
    return true;
}

static int by_tail(const void *a, const void *b)
{
    rx x = ((const struct headed *)a)->tail, y = ((const struct headed *)b)->tail;
    return (x > y) - (x < y);
}

static int by_head(const void *a, const void *b)
{
    rx x = ((const struct headed *)a)->head, y = ((const struct headed *)b)->head;
    return (x > y) - (x < y);
}

/* [ab]x | [cd]x = [abcd]x: alternatives with one tail become one. Returns how many are left. */
static int join_heads(struct rx_pool *p, struct headed *h, int n)
{
    int kept = 0;
    qsort(h, (size_t)n, sizeof(*h), by_tail);
    for (int i = 0, end; i < n; i = end) {
        uint8_t set[32] = {0};
        for (end = i; end < n && h[end].tail == h[i].tail; end++) {
            const uint8_t *one = p->sets[p->nodes[h[end].head].a];
            for (int k = 0; k < 32; k++) {
                set[k] |= one[k];
            }
        }
        struct headed joined = {end == i + 1 ? h[i].head : rx_bytes(p, set), h[i].tail};
        h[kept++] = joined;
    }
    return kept;
}

/* ax | ay = a(x|y): what alternatives share at their beginning is read once, so that many texts are
 * a tree. */
static int join_tails(struct rx_pool *p, struct headed *h, int n)
{
    int kept = 0;
    if (p->factoring >= MAX_FACTORED) return n;
    p->factoring++;
    qsort(h, (size_t)n, sizeof(*h), by_head);
    for (int i = 0, end; i < n; i = end) {
        rx tail = h[i].tail;
        for (end = i + 1; end < n && h[end].head == h[i].head; end++) {
            tail = rx_or(p, tail, h[end].tail);
        }
        h[kept++] = (struct headed){h[i].head, tail};
    }
    p->factoring--;
    return kept;
}

/* Put together the alternatives of a flat list that begin with a byte. Returns how many are
 * left. */
static int join_headed(struct rx_pool *p, int32_t *list, int n)
{
    struct headed small[64], *h = small;
    if (n > 64) h = mem_new((size_t)n, sizeof(*h), NULL);
    if (h == NULL) return fail(p), 0;
    int kept = 0, n_headed = 0;
    for (int i = 0; i < n; i++) {
        if (rx_split_head(p, list[i], &h[n_headed])) {
            n_headed++;
        } else {
            list[kept++] = list[i];
        }
    }
    if (n_headed > 1) n_headed = join_tails(p, h, join_heads(p, h, n_headed));
    for (int i = 0; i < n_headed; i++) {
        list[kept++] = rx_cat(p, h[i].head, h[i].tail);
    }
    if (h != small) free(h);
    return kept;
}

/* The laws of | and & over a flat list, which is the caller's to change. */
static rx make_list(struct rx_pool *p, enum kind kind, int32_t *list, int n)
{
    rx zero = kind == OR ? RX_ALL : RX_NONE, one = kind == OR ? RX_NONE : RX_ALL;
    if (kind == OR) n = join_headed(p, list, n);
    n = rx_drop_parts(p, kind, list, sort_unique(list, n));
    bool all_nullable = true, other_nullable = false, has_empty = false;
    int kept = 0;
    for (int i = 0; i < n; i++) {
        if (list[i] == zero) return zero;
        all_nullable = all_nullable && p->nodes[list[i]].nullable;
        has_empty = has_empty || list[i] == RX_EMPTY;
        other_nullable = other_nullable || (list[i] != RX_EMPTY && p->nodes[list[i]].nullable);
        if (list[i] != one) list[kept++] = list[i];
    }
    if (kind == AND && has_empty) return all_nullable ? RX_EMPTY : RX_NONE;
    if (kind == OR && has_empty && other_nullable) {
        assert(list[0] == RX_EMPTY); /* (2): the lowest but RX_NONE, which is gone */
        memmove(list, list + 1, (size_t)--kept * sizeof(*list));
    }
    for (int i = 0; i < kept; i++) { /* a | not a, a & not a */
        rx other = p->nodes[list[i]].kind == NOT ? p->nodes[list[i]].a : RX_NONE;
        if (other != RX_NONE && bsearch(&other, list, (size_t)kept, sizeof(*list), by_id) != NULL) {
            return zero;
        }
    }
    if (kept == 0) return one;
    if (kept == 1) return list[0];
    return intern(p, (struct node){.kind = (uint8_t)kind, .b = kept}, list);
}

/* The parts of all of list that are of this kind themselves, and the others: a new list. */
static rx flatten(struct rx_pool *p, enum kind kind, const rx *list, int n)
{
    if (p->failed) return RX_NONE;
    int total = 0;
    for (int i = 0; i < n; i++) {
        total += p->nodes[list[i]].kind == kind ? p->nodes[list[i]].b : 1;
    }
    if (total > MAX_PARTS) return fail(p);
    int32_t small[64], *flat = total <= 64 ? small : mem_new((size_t)total, sizeof(*flat), NULL);
    if (flat == NULL) return fail(p);
    int at = 0;
    for (int i = 0; i < n; i++) {
        const struct node *x = &p->nodes[list[i]];
        if (x->kind == kind) {
            memcpy(flat + at, p->parts + x->a, (size_t)x->b * sizeof(*flat));
            at += x->b;
        } else {
            flat[at++] = list[i];
        }
    }
    rx made = make_list(p, kind, flat, total);
    if (flat != small) free(flat);
    return made;
}

rx rx_or(struct rx_pool *p, rx a, rx b)
{
    if (a == b || b == RX_NONE) return a;
    if (a == RX_NONE) return b;
    return flatten(p, OR, (rx[]){a, b}, 2);
}

rx rx_and(struct rx_pool *p, rx a, rx b)
{
    if (a == b || b == RX_ALL) return a;
    if (a == RX_ALL) return b;
    return flatten(p, AND, (rx[]){a, b}, 2);
}

rx rx_any_of(struct rx_pool *p, const rx *list, int n)
{
    return n == 0 ? RX_NONE : flatten(p, OR, list, n);
}

bool rx_nullable(const struct rx_pool *p, rx a)
{
    return p->nodes[a].nullable;
}

/* ---- derivatives ----------------------------------------------------------------------------- */

static rx derive_list(struct rx_pool *p, const struct node *n, uint8_t byte)
{
    int32_t small[64] = {0};
    int32_t *list = n->b <= 64 ? small : mem_new((size_t)n->b, sizeof(*list), NULL);
    if (list == NULL) return fail(p);
    rx zero = n->kind == OR ? RX_ALL : RX_NONE, one = n->kind == OR ? RX_NONE : RX_ALL, left = one;
    int kept = 0;
    for (int i = 0; i < n->b && left != zero; i++) {
        left = rx_derive(p, p->parts[n->a + i], byte);
        if (left != one) list[kept++] = left;
    }
    rx made = left == zero ? zero
              : kept == 1  ? list[0]
                           : flatten(p, (enum kind)n->kind, list, kept);
    if (list != small) free(list);
    return made;
}

/* d(a{min,max}) = d(a) a{min-1,max-1}, also where a is nullable, since min is 0 then. */
static rx derive_repeat(struct rx_pool *p, const struct node *n, uint8_t byte)
{
    int min = n->min > 0 ? n->min - 1 : 0;
    int max = n->max == RX_UNBOUNDED ? RX_UNBOUNDED : n->max - 1;
    rx head = rx_derive(p, n->a, byte);
    return head == RX_NONE ? RX_NONE : rx_cat(p, head, rx_repeat(p, n->a, min, max));
}

static rx derive_cat(struct rx_pool *p, const struct node *n, uint8_t byte)
{
    rx first = rx_cat(p, rx_derive(p, n->a, byte), n->b);
    return p->nodes[n->a].nullable ? rx_or(p, first, rx_derive(p, n->b, byte)) : first;
}

static rx derive_multiple(struct rx_pool *p, const struct node *n, uint8_t byte)
{
    if (byte == '.') return intern(p, *n, NULL);
    if (byte < '0' || byte > '9') return RX_NONE;
    int left = (int)((10 * (int64_t)n->b + byte - '0') % n->a);
    return intern(p, (struct node){.kind = MULTIPLE, .a = n->a, .b = left}, NULL);
}

static rx derive(struct rx_pool *p, rx a, uint8_t byte)
{
    const struct node n = p->nodes[a]; /* a copy: the array may move */
    switch ((enum kind)n.kind) {
    case NONE:
    case EMPTY:
        break;
    case BYTES:
        return p->sets[n.a][byte / 8] >> byte % 8 & 1 ? RX_EMPTY : RX_NONE;
    case CAT:
        return derive_cat(p, &n, byte);
    case NOT:
        return rx_not(p, rx_derive(p, n.a, byte));
    case REPEAT:
        return derive_repeat(p, &n, byte);
    case MULTIPLE:
        return derive_multiple(p, &n, byte);
    case OR:
    case AND:
        return derive_list(p, &n, byte);
    }
    return RX_NONE;
}

rx rx_derive(struct rx_pool *p, rx a, uint8_t byte)
{
    if (a <= RX_EMPTY || p->failed) return RX_NONE;
    if (a == RX_ALL) return RX_ALL;
    struct derived *kept = &p->memo[ids_mix((uint64_t)a, byte) & (MEMO - 1)];
    if (kept->node == a && kept->byte == byte) return kept->left;
    if (p->depth >= MAX_DEPTH || p->budget == 0) return fail(p);
    p->budget -= p->budget > 0;
    p->depth++;
    rx left = derive(p, a, byte);
    p->depth--;
    *kept = (struct derived){.node = a, .left = left, .byte = byte};
    return left;
}

bool rx_matches(struct rx_pool *p, rx a, rx text)
{
    while (text > RX_EMPTY && a != RX_NONE) {
        const struct node *n = &p->nodes[text];
        rx head = n->kind == CAT ? n->a : text;
        text = n->kind == CAT ? n->b : RX_EMPTY;
        assert(p->nodes[head].kind == BYTES);
        const uint8_t *set = p->sets[p->nodes[head].a];
        int byte = 0;
        while (!(set[byte / 8] >> byte % 8 & 1)) {
            byte++;
        }
        a = rx_derive(p, a, (uint8_t)byte);
    }
    return text == RX_EMPTY && p->nodes[a].nullable;
}

/* ---- heads ----------------------------------------------------------------------------------- */

static bool add_head(struct rx_heads *h, int set)
{
    for (int i = 0; i < h->n; i++) {
        if (h->sets[i] == set) return true;
    }
    if (h->n == (int)(sizeof(h->sets) / sizeof(h->sets[0]))) return false;
    h->sets[h->n++] = set;
    return true;
}

static bool add_heads(const struct rx_pool *p, rx a, struct rx_heads *h, int levels)
{
    const struct node *n = &p->nodes[a];
    if (levels == 0) return false;
    switch ((enum kind)n->kind) {
    case NONE:
    case EMPTY:
        return true;
    case BYTES:
        return add_head(h, n->a);
    case CAT:
        if (!add_heads(p, n->a, h, levels - 1)) return false;
        return !p->nodes[n->a].nullable || add_heads(p, n->b, h, levels - 1);
    case NOT:
    case REPEAT:
        return add_heads(p, n->a, h, levels - 1);
    case OR:
    case AND:
        for (int i = 0; i < n->b; i++) {
            if (!add_heads(p, p->parts[n->a + i], h, levels - 1)) return false;
        }
        return true;
    case MULTIPLE: /* each digit for itself */
        return false;
    }
    return false;
}

bool rx_add_heads(const struct rx_pool *p, rx a, struct rx_heads *h)
{
    return add_heads(p, a, h, CLEAR_LEVELS);
}

uint64_t rx_heads_of(const struct rx_pool *p, const struct rx_heads *h, uint8_t byte)
{
    uint64_t in = 0;
    for (int i = 0; i < h->n; i++) {
        in |= (uint64_t)(p->sets[h->sets[i]][byte / 8] >> byte % 8 & 1) << i;
    }
    return in;
}
