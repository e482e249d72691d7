/* engine/template/iterate.c - see iterate.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/iterate.h"

#include <assert.h>

#include "engine/template/render.h"

/* The pair (key, value) as a tuple. */
static bool value_pair(struct render *r, struct value key, struct value v, struct value *out)
{
    struct value *p = render_alloc(r, 2, sizeof(*p));
    if (p == NULL) return false;
    p[0] = key;
    p[1] = v;
    *out = value_tuple(p, 2);
    return true;
}

static enum iterator_result next_char(struct render *r, struct iterator *it, struct value *out)
{
    (void)r;
    size_t from = it->at;
    if (from >= it->over.text.n) return ITERATOR_END;
    text_next(it->over.text, &it->at);
    *out = value_text(span_slice(it->over.text, from, it->at));
    return ITERATOR_ITEM;
}

static enum iterator_result next_item(struct render *r, struct iterator *it, struct value *out)
{
    (void)r;
    if (it->at >= it->over.seq.n) return ITERATOR_END;
    *out = it->over.seq.p[it->at++];
    return ITERATOR_ITEM;
}

/* Keys for a dict, what it is a view of for a view. */
static enum iterator_result entry_item(struct render *r, const struct iterator *it, size_t i,
                                       struct value *out)
{
    assert(i < it->over.dict->n);
    const struct entry *e = &it->over.dict->entries[i];
    if (it->over.sub == SUB_ITEMS) {
        return value_pair(r, e->key, e->value, out) ? ITERATOR_ITEM : ITERATOR_FAILED;
    }
    *out = it->over.sub == SUB_VALUES ? e->value : e->key;
    return ITERATOR_ITEM;
}

static enum iterator_result next_entry(struct render *r, struct iterator *it, struct value *out)
{
    if (it->at >= it->over.dict->n) return ITERATOR_END;
    return entry_item(r, it, it->at++, out);
}

static enum iterator_result next_number(struct render *r, struct iterator *it, struct value *out)
{
    (void)r;
    if (it->at >= it->over.range->n) return ITERATOR_END;
    *out = range_item(it->over.range, it->at++);
    return ITERATOR_ITEM;
}

static enum iterator_result next_nothing(struct render *r, struct iterator *it, struct value *out)
{
    (void)r, (void)it, (void)out;
    return ITERATOR_END;
}

static enum iterator_result previous_char(struct render *r, struct iterator *it, struct value *out)
{
    (void)r;
    size_t end = it->at;
    if (end == 0) return ITERATOR_END;
    text_previous(it->over.text, &it->at);
    *out = value_text(span_slice(it->over.text, it->at, end));
    return ITERATOR_ITEM;
}

static enum iterator_result previous_item(struct render *r, struct iterator *it, struct value *out)
{
    if (it->at == 0) return ITERATOR_END;
    size_t i = --it->at;
    assert(!value_is_seq(it->over) || i < it->over.seq.n);
    if (it->over.kind == VALUE_RANGE) {
        *out = range_item(it->over.range, i);
    } else if (value_is_seq(it->over)) {
        *out = it->over.seq.p[i];
    } else {
        return entry_item(r, it, i, out);
    }
    return ITERATOR_ITEM;
}

static iterator_function *const walks[VALUE_KINDS] = {
    [VALUE_UNDEFINED] = next_nothing, [VALUE_STRING] = next_char, [VALUE_LIST] = next_item,
    [VALUE_TUPLE] = next_item,        [VALUE_DICT] = next_entry,  [VALUE_VIEW] = next_entry,
    [VALUE_RANGE] = next_number,
};

bool value_is_iterable(struct value v)
{
    return v.kind == VALUE_ITERATOR || walks[v.kind] != NULL;
}

static struct iterator *make(struct render *r, struct value v, iterator_function *next)
{
    struct iterator *it = render_alloc(r, 1, sizeof(*it));
    if (it == NULL) return NULL;
    it->next = next;
    it->over = v;
    return it;
}

bool iterate(struct render *r, struct value v, struct iterator **out)
{
    if (v.kind == VALUE_ITERATOR) {
        *out = v.iter;
        return true;
    }
    if (walks[v.kind] == NULL) {
        return render_fail(r, "'%s' object is not iterable", value_type(v));
    }
    *out = make(r, v, walks[v.kind]);
    return *out != NULL;
}

bool iterate_reversed(struct render *r, struct value v, struct iterator **out)
{
    int64_t n = 0;
    switch ((enum value_kind)v.kind) {
    case VALUE_STRING:
        *out = make(r, v, previous_char);
        n = (int64_t)v.text.n;
        break;
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_DICT:
    case VALUE_VIEW:
    case VALUE_RANGE:
        *out = make(r, v, previous_item);
        if (!value_length(r, v, &n)) return false;
        break;
    default:
        return render_fail(r, "'%s' object is not reversible", value_type(v));
    }
    if (*out != NULL) (*out)->at = (size_t)n;
    return *out != NULL;
}

bool iterator_new(struct render *r, struct value v, iterator_function *next, void *state,
                  struct value *out)
{
    struct iterator *it = make(r, value_none(), next);
    if (it == NULL || !iterate(r, v, &it->from)) return false;
    it->state = state;
    *out = (struct value){.kind = VALUE_ITERATOR, .iter = it};
    return true;
}

enum iterator_result iterator_next(struct render *r, struct iterator *it, struct value *out)
{
    if (!render_charge(r, 1) || !render_enter(r)) return ITERATOR_FAILED;
    enum iterator_result result = it->next(r, it, out);
    render_leave(r);
    return result;
}

bool item_list_add(struct render *r, struct item_list *l, struct value v)
{
    if (l->n == l->room) {
        size_t room = l->room == 0 ? 8 : l->room * 2;
        struct value *p = render_alloc(r, room, sizeof(*p));
        if (p == NULL) return false;
        if (l->n > 0) memcpy(p, l->p, l->n * sizeof(*p));
        l->p = p;
        l->room = room;
    }
    l->p[l->n++] = v;
    return true;
}

bool value_items(struct render *r, struct value v, struct values *out)
{
    struct iterator *it = NULL;
    struct item_list list = {0};
    struct value item;
    if (value_is_seq(v)) {
        *out = v.seq;
        return render_charge(r, v.seq.n);
    }
    if (!iterate(r, v, &it)) return false;
    for (;;) {
        switch (iterator_next(r, it, &item)) {
        case ITERATOR_ITEM:
            if (!item_list_add(r, &list, item)) return false;
            break;
        case ITERATOR_END:
            *out = (struct values){list.p, list.n};
            return true;
        case ITERATOR_FAILED:
            return false;
        }
    }
}
