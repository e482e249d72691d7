/* engine/template/loop.h - the special variable loop of a for block.
 *
 * Looks ahead only when it is asked (loop.last, loop.nextitem, loop.length), as Jinja does, so that
 * a lazy source is walked no sooner than there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_LOOP_H
#define ENGINE_TEMPLATE_LOOP_H

#include "engine/template/call.h"
#include "engine/template/iterate.h"

struct loop {
    struct iterator *from;
    int64_t index0;
    int64_t length; /* -1: not known yet */
    int64_t depth0;
    struct value after; /* looked ahead at; VALUE_ABSENT: not yet */
    bool at_end;        /* looked ahead and found nothing */
    struct value current, before;
    struct value changed;    /* what loop.changed was last asked with */
    const struct node *node; /* the for block */
    struct scope *scope;     /* where it stands */
};

/* Over the items of v, lazily when it is an iterator. */
bool loop_new(struct render *r, struct value v, struct loop **out);
/* Go on to the next item, into *out. */
enum iterator_result loop_next(struct render *r, struct loop *l, struct value *out);
/* How many items there are in all: walks a lazy source to its end. */
bool loop_length(struct render *r, struct loop *l, int64_t *n);

/* loop.name; VALUE_ABSENT when there is no such attribute. */
bool loop_attribute(struct render *r, struct loop *l, struct span name, struct value *out);

/* loop(items) in a recursive for block: its output for these. */
bool loop_call(struct render *r, struct loop *l, const struct arguments *args, struct value *out);

#endif
