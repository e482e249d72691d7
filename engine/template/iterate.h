/* engine/template/iterate.h - walking through anything that Python can iterate.
 *
 * The filters that are generators in Jinja (map, select, batch, ...) are lazy here too: an
 * iterator's next function makes one item from its source. What shows is when an error happens and
 * that an iterator is empty once it has been walked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_ITERATE_H
#define ENGINE_TEMPLATE_ITERATE_H

#include "engine/template/value.h"

enum iterator_result { ITERATOR_ITEM, ITERATOR_END, ITERATOR_FAILED };

typedef enum iterator_result iterator_function(struct render *r, struct iterator *it,
                                               struct value *out);

struct iterator {
    iterator_function *next;
    struct value over;     /* what the items come from */
    size_t at;             /* next position in it */
    struct iterator *from; /* the source of a lazy filter */
    void *state;           /* a lazy filter's own */
};

/* A fresh iterator over v (v itself when it is one). A TypeError for what cannot be iterated. */
bool iterate(struct render *r, struct value v, struct iterator **out);
/* The next item into *out. */
enum iterator_result iterator_next(struct render *r, struct iterator *it, struct value *out);

/* Python's reversed(v) for strings, sequences, ranges and dicts. */
bool iterate_reversed(struct render *r, struct value v, struct iterator **out);

/* An iterator with a next function of its own, over the items of v. */
bool iterator_new(struct render *r, struct value v, iterator_function *next, void *state,
                  struct value *out);

/* Can iterate() walk through it? */
bool value_is_iterable(struct value v);

/* Python's list(v): the items in one array. */
bool value_items(struct render *r, struct value v, struct values *out);

/* Items that are collected one by one. Zero-initialise. */
struct item_list {
    struct value *p;
    size_t n, room;
};
/* Append v. */
bool item_list_add(struct render *r, struct item_list *l, struct value v);

#endif
