/* engine/sample/form/trie.h - byte strings of tokens as a tree, laid out for one walk from left to right.
 *
 * Nodes stand in the order of a walk: a node, then all that is below it, then its next sibling. So
 * leaving out a subtree is one jump, and a node's depth says which of the states on the way to it
 * it goes on from.
 *
 *   "a" "ab" "b":   [a ->2, 0] [b ->2, 1] | [b ->3, 0]      -> n: where its siblings go on; depth
 *
 * Tokens with the same bytes are twins: siblings with the same byte.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_TRIE_H
#define ENGINE_SAMPLE_FORM_TRIE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"

enum { TRIE_NONE = -1, TRIE_DEPTH = UINT16_MAX };

struct trie_node {
    uint32_t end;   /* the node after all that is below this one */
    int32_t token;  /* whose bytes end here, or TRIE_NONE */
    uint16_t depth; /* bytes before its own */
    uint8_t byte;
};

struct trie {
    struct trie_node *nodes; /* [n_nodes] */
    uint32_t n_nodes;
    /* The bytes that strings begin with, rising: those with firsts[k] are nodes begin[k] to begin[k + 1]. */
    uint8_t firsts[256];
    int n_firsts;
    uint32_t begin[257];
    int depth; /* bytes of the longest string */
};

/* A string with its token. */
struct trie_string {
    struct span bytes;
    int32_t token;
};

/* Of n strings of 1 to TRIE_DEPTH bytes, which are sorted here. False and ERROR_NO_MEMORY on failure.
 * End with trie_clear() either way. */
bool trie_init(struct trie *t, struct trie_string *strings, int n, struct error *err);
/* The token of the longest string that text begins with, and its bytes in *n. TRIE_NONE: there is
 * none. */
int32_t trie_longest(const struct trie *t, struct span text, size_t *n);
/* Frees its nodes. */
void trie_clear(struct trie *t);

#endif
