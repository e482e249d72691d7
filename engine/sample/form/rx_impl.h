/* engine/sample/form/rx_impl.h - what the files of the expressions share.
 *
 *     rx.c         the pool, expressions and their derivatives
 *     rx_within.c  parts of a list that say no more than another
 *     rx_life.c    does an expression match any text?
 *
 * What holds of nodes is said where it is seen to: rx.c, rx_life.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_RX_IMPL_H
#define ENGINE_SAMPLE_FORM_RX_IMPL_H

#include "engine/sample/form/ids.h"
#include "engine/sample/form/rx.h"

enum kind { NONE, EMPTY, BYTES, CAT, OR, AND, NOT, REPEAT, MULTIPLE };

struct node {
    uint8_t kind;
    uint8_t life;                   /* enum rx_life; RX_TOO_HARD: not known */
    bool nullable, special, finite; /* finite: it matches finitely many texts, for sure */
    int32_t searched;               /* derivatives of a search for its life that was too long */
    int32_t shortest;               /* no text of it has fewer bytes */
    int32_t a, b;     /* CAT: head, tail. NOT, REPEAT: the part. BYTES: the set. OR, AND: place and
                         number of the parts. MULTIPLE: divisor, remainder of the digits so far */
    int32_t min, max; /* REPEAT */
};

struct derived {
    rx node, left;
    int byte;
};

/* Whether it was clear that a node's texts are in the loop x*y; y is RX_NONE: that they are of x. */
struct within {
    rx a, x, y;
    bool is;
};

/* Bytes that led from a node to a nullable one. */
struct witness {
    uint8_t bytes[16];
    int n;
};

enum {
    WITNESSES = 4,
    WITHINS = 1 << 10,
    MAX_DEPTH = 2000, /* of a derivative's recursion */
    CLEAR_LEVELS = 20 /* of parts within parts */
};

struct rx_pool {
    struct node *nodes;
    int n_nodes, room, max_nodes;
    int32_t *parts; /* of OR and AND, one after another */
    int n_parts, parts_room;
    uint8_t (*sets)[32];
    int n_sets, sets_room;
    rx single[256]; /* by byte: the node of that one alone; RX_NONE: not made yet */
    rx kept[RX_KEPT];
    struct ids ids, set_ids;
    struct derived *memo;
    struct within *withins; /* by place; NULL: none yet */
    int depth, factoring;
    struct witness witnesses[WITNESSES]; /* of the latest searches: a ring */
    int n_witnesses;
    uint8_t class_of[256]; /* of the first n_classed sets */
    uint64_t signs[256];   /* of bytes: equal for those that these sets do not tell apart */
    int n_classes, n_classed;
    long budget; /* of derivatives; below 0: any number */
    bool failed;
};

static inline bool is_list(const struct node *n)
{
    return n->kind == OR || n->kind == AND;
}

/* An alternative that begins with one byte of a set: that set's node, and what follows. */
struct headed {
    rx head, tail;
};

/* Does a begin so, as it is written? */
bool rx_split_head(const struct rx_pool *p, rx a, struct headed *out);

/* Of alternatives (OR) one that is within another goes; of what must all hold (AND) the wider one,
 * and nothing is within one and not in it: list is RX_NONE then. Only what is clear from how parts
 * are written. Returns how many are left, in their order. */
int rx_drop_parts(struct rx_pool *p, enum kind kind, int32_t *list, int n);

#endif
