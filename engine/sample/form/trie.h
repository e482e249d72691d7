/* engine/sample/form/trie.h - byte strings of tokens as a tree, laid out for one walk from left to right.
 *
 * Nodes stand in the order of a walk: a node, then all that is below it, then its next sibling. So
 * leaving out a subtree is one jump.
 *
 *   "a" "ab" "b":   [a ->3] [b ->2] | [b ->3]        -> n: where its siblings go on
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_TRIE_H
#define ENGINE_SAMPLE_FORM_TRIE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"

enum { TRIE_NONE = -1 };

struct trie_node {
    uint32_t end;  /* the node after all that is below this one */
    int32_t token; /* whose bytes end here, or TRIE_NONE; more of the same bytes: trie.same */
    uint8_t byte;
};

struct trie {
    struct trie_node *nodes; /* [n_nodes] */
    uint32_t n_nodes;
    int32_t *same; /* [n_tokens] the next token with the same bytes, or TRIE_NONE */
    int depth;     /* bytes of the longest string */
};

/* A string with its token. */
struct trie_string {
    struct span bytes;
    int32_t token;
};

/* Of n strings, none empty, which are sorted here; tokens are below n_tokens. False and
 * ERROR_NO_MEMORY on failure. End with trie_clear() either way. */
bool trie_init(struct trie *t, struct trie_string *strings, int n, int n_tokens, struct error *err);
/* Frees its nodes. */
void trie_clear(struct trie *t);

#endif
