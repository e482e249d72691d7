/* engine/sample/form/trie.c - see trie.h.
 *
 * Sorted strings come in the order of the walk. Each adds nodes for its bytes past those that it
 * has in common with the one before; what the one before had deeper than that ends there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/trie.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static int by_bytes(const void *a, const void *b)
{
    const struct trie_string *s = a, *t = b;
    size_t n = s->bytes.n < t->bytes.n ? s->bytes.n : t->bytes.n;
    int order = memcmp(s->bytes.p, t->bytes.p, n);
    if (order != 0) return order;
    if (s->bytes.n != t->bytes.n) return s->bytes.n < t->bytes.n ? -1 : 1;
    return s->token < t->token ? -1 : s->token > t->token;
}

/* Bytes whose nodes two strings, one after the other, share: never the second one's last, so that
 * twins have a node each. */
static size_t in_common(struct span a, struct span b)
{
    size_t n = 0;
    while (n < a.n && n + 1 < b.n && a.p[n] == b.p[n]) {
        n++;
    }
    return n;
}

/* Nodes that the sorted strings need. */
static size_t count_nodes(const struct trie_string *strings, int n)
{
    size_t sum = 0;
    for (int i = 0; i < n; i++) {
        size_t shared = i == 0 ? 0 : in_common(strings[i - 1].bytes, strings[i].bytes);
        sum += strings[i].bytes.n - shared;
    }
    return sum;
}

/* open[d]: the node of byte d of the string added last. */
static void add(struct trie *t, uint32_t *open, size_t *n_open, const struct trie_string *s,
                size_t shared)
{
    while (*n_open > shared) {
        t->nodes[open[--*n_open]].end = t->n_nodes;
    }
    while (*n_open < s->bytes.n) {
        open[*n_open] = t->n_nodes;
        t->nodes[t->n_nodes++] = (struct trie_node){
            .token = TRIE_NONE, .depth = (uint16_t)*n_open, .byte = (uint8_t)s->bytes.p[*n_open]};
        ++*n_open;
    }
    t->nodes[open[*n_open - 1]].token = s->token;
}

static void find_firsts(struct trie *t)
{
    for (uint32_t i = 0; i < t->n_nodes; i = t->nodes[i].end) {
        uint8_t byte = t->nodes[i].byte;
        if (t->n_firsts > 0 && t->firsts[t->n_firsts - 1] == byte) continue; /* twins */
        t->begin[t->n_firsts] = i;
        t->firsts[t->n_firsts++] = byte;
    }
    t->begin[t->n_firsts] = t->n_nodes;
}

bool trie_init(struct trie *t, struct trie_string *strings, int n, struct error *err)
{
    *t = (struct trie){0};
    if (n > 0) qsort(strings, (size_t)n, sizeof(*strings), by_bytes);
    for (int i = 0; i < n; i++) {
        assert(strings[i].bytes.n > 0 && strings[i].bytes.n <= TRIE_DEPTH);
        if ((int)strings[i].bytes.n > t->depth) t->depth = (int)strings[i].bytes.n;
    }
    size_t n_nodes = count_nodes(strings, n), n_open = 0;
    uint32_t *open = mem_new((size_t)t->depth + 1, sizeof(*open), err);
    t->nodes = mem_new(n_nodes, sizeof(*t->nodes), err);
    bool ok = open != NULL && t->nodes != NULL;
    for (int i = 0; ok && i < n; i++) {
        size_t shared = i == 0 ? 0 : in_common(strings[i - 1].bytes, strings[i].bytes);
        add(t, open, &n_open, &strings[i], shared);
    }
    while (ok && n_open > 0) {
        t->nodes[open[--n_open]].end = t->n_nodes;
    }
    assert(!ok || t->n_nodes == n_nodes);
    if (ok) find_firsts(t);
    free(open);
    return ok;
}

int32_t trie_longest(const struct trie *t, struct span text, size_t *n)
{
    int32_t token = TRIE_NONE;
    uint32_t i = 0, end = t->n_nodes; /* siblings are from i to end */
    for (size_t depth = 0; depth < text.n; depth++) {
        uint32_t inner = end;
        for (; i < end; i = t->nodes[i].end) {
            if (t->nodes[i].byte != (uint8_t)text.p[depth]) continue;
            if (t->nodes[i].token != TRIE_NONE) {
                token = t->nodes[i].token;
                *n = depth + 1;
            }
            inner = i; /* of twins the last one has what is below */
        }
        if (inner == end) break;
        i = inner + 1;
        end = t->nodes[inner].end;
    }
    return token;
}

void trie_clear(struct trie *t)
{
    free(t->nodes);
    *t = (struct trie){0};
}
