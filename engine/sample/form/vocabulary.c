/* engine/sample/form/vocabulary.c - see vocabulary.h.
 *
 * Three kinds of tokens: those of the trie, whose bytes are the same whether special tokens are
 * skipped or not; special ones, few, which are tried one by one; end tokens, which are in neither.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/vocabulary.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/sample/form/mask_cache.h"
#include "engine/sample/form/trie.h"

struct form_vocabulary {
    int n_vocab, n_end, n_special;
    size_t n_words;
    form_text_fn *text;
    const void *text_arg;
    int *end_ids;
    int *special; /* [n_special] tokens of which at least one of the two texts is empty */
    struct trie trie;
    struct mask_cache *masks;
};

static bool is_end(const struct form_vocabulary *v, int id)
{
    for (int i = 0; i < v->n_end; i++) {
        if (v->end_ids[i] == id) return true;
    }
    return false;
}

static struct span text_of(const struct form_vocabulary *v, int id, bool skip_special)
{
    return v->text(v->text_arg, id, skip_special);
}

/* Sort every token into its kind. */
static bool sort_tokens(struct form_vocabulary *v, struct error *err)
{
    struct trie_string *strings = mem_new((size_t)v->n_vocab, sizeof(*strings), err);
    v->special = mem_new((size_t)v->n_vocab, sizeof(int), err);
    int n = 0;
    bool ok = strings != NULL && v->special != NULL;
    for (int id = 0; ok && id < v->n_vocab; id++) {
        struct span skipped = text_of(v, id, true), kept = text_of(v, id, false);
        if (is_end(v, id)) continue;
        if (skipped.n == 0 || kept.n == 0) {
            v->special[v->n_special++] = id;
        } else {
            strings[n++] = (struct trie_string){kept, id};
        }
    }
    ok = ok && trie_init(&v->trie, strings, n, v->n_vocab, err);
    free(strings);
    return ok;
}

struct form_vocabulary *form_vocabulary_new(int n_vocab, const int *end_ids, int n_end,
                                            form_text_fn *text, const void *arg, struct error *err)
{
    struct form_vocabulary *v = mem_new(1, sizeof(*v), err);
    if (v == NULL) return NULL;
    *v = (struct form_vocabulary){.n_vocab = n_vocab,
                                  .n_end = n_end,
                                  .n_words = ((size_t)n_vocab + 63) / 64,
                                  .text = text,
                                  .text_arg = arg};
    v->end_ids = mem_new((size_t)n_end, sizeof(int), err);
    v->masks = mask_cache_new(v->n_words, err);
    if (v->end_ids != NULL && n_end > 0) memcpy(v->end_ids, end_ids, (size_t)n_end * sizeof(int));
    if (v->end_ids != NULL && v->masks != NULL && sort_tokens(v, err)) return v;
    form_vocabulary_free(v);
    return NULL;
}

void form_vocabulary_free(struct form_vocabulary *v)
{
    if (v == NULL) return;
    free(v->end_ids);
    free(v->special);
    trie_clear(&v->trie);
    mask_cache_free(v->masks);
    free(v);
}

bool form_work_init(struct form_work *w, const struct form_vocabulary *v, struct error *err)
{
    size_t depth = (size_t)v->trie.depth + 1;
    w->path = mem_new(depth, sizeof(*w->path), err);
    w->states = mem_new(depth, sizeof(*w->states), err);
    w->ends = mem_new(depth, sizeof(*w->ends), err);
    w->mask = mem_new(v->n_words, sizeof(*w->mask), err);
    return w->path != NULL && w->states != NULL && w->ends != NULL && w->mask != NULL;
}

void form_work_clear(struct form_work *w)
{
    free(w->path);
    free(w->states);
    free(w->ends);
    free(w->mask);
    *w = (struct form_work){0};
}

/* ---- masks ---- */

static void allow(struct form_work *w, int id)
{
    w->mask[id / 64] |= (uint64_t)1 << (id % 64);
}

/* form_accept() within the form. */
static bool accept(const struct form_vocabulary *v, struct form_cursor *c, int id,
                   bool skip_special)
{
    assert(id >= 0 && id < v->n_vocab);
    if (c->form == NULL) return true;
    if (is_end(v, id)) return form_cursor_may_end(c);
    struct span text = text_of(v, id, skip_special);
    return text.n == 0 ? form_cursor_is_free(c) : form_cursor_feed(c, text);
}

/* path[d] is the cursor after d bytes on the way to the node at hand, ends[d] the node at which
 * the siblings below them are over. */
static void walk_trie(const struct trie *t, const struct form_cursor *from, struct form_work *w)
{
    int depth = 0;
    w->path[0] = *from;
    w->ends[0] = t->n_nodes;
    for (uint32_t i = 0; i < t->n_nodes;) {
        const struct trie_node *node = &t->nodes[i];
        while (i >= w->ends[depth]) {
            depth--;
        }
        struct form_cursor *next = &w->path[depth + 1];
        const char byte = (char)node->byte;
        *next = w->path[depth];
        if (!form_cursor_feed(next, span_of(&byte, 1))) {
            i = node->end;
            continue;
        }
        for (int32_t id = node->token; id != TRIE_NONE; id = t->same[id]) {
            allow(w, id);
        }
        if (node->end > ++i) w->ends[++depth] = node->end;
    }
}

/* As walk_trie, where the form's reader alone says how the output goes on: w->states[d] is its
 * state after d bytes. */
static void walk_reader(const struct trie *t, struct earley *reader, int from, struct form_work *w)
{
    int depth = 0;
    w->states[0] = from;
    w->ends[0] = t->n_nodes;
    for (uint32_t i = 0; i < t->n_nodes;) {
        const struct trie_node *node = &t->nodes[i];
        while (i >= w->ends[depth]) {
            depth--;
        }
        int next = earley_step(reader, w->states[depth], node->byte);
        if (next == EARLEY_DEAD) {
            i = node->end;
            continue;
        }
        for (int32_t id = node->token; id != TRIE_NONE; id = t->same[id]) {
            allow(w, id);
        }
        w->states[depth + 1] = next;
        if (node->end > ++i) w->ends[++depth] = node->end;
    }
}

static void find_mask(const struct form_vocabulary *v, const struct form_cursor *c,
                      bool skip_special, struct form_work *w)
{
    memset(w->mask, 0, v->n_words * sizeof(*w->mask));
    struct earley *reader;
    int state;
    if (form_cursor_reader(c, &reader, &state)) {
        walk_reader(&v->trie, reader, state, w);
    } else {
        walk_trie(&v->trie, c, w);
    }
    for (int i = 0; i < v->n_special; i++) {
        struct form_cursor next = *c;
        if (accept(v, &next, v->special[i], skip_special)) allow(w, v->special[i]);
    }
    for (int i = 0; i < v->n_end && form_cursor_may_end(c); i++) {
        allow(w, v->end_ids[i]);
    }
}

void form_mask(struct form_vocabulary *v, const struct form_cursor *c, bool skip_special,
               struct form_work *w)
{
    struct mask_key key;
    memset(&key, 0, sizeof(key));
    key.cursor = *c;
    key.cursor.form = NULL;
    key.uid = form_uid(c->form);
    key.skip_special = skip_special;
    if (mask_cache_get(v->masks, &key, w->mask)) return;
    form_enter(c->form);
    find_mask(v, c, skip_special, w);
    form_leave(c->form);
    mask_cache_put(v->masks, &key, w->mask);
}

bool form_accept(const struct form_vocabulary *v, struct form_cursor *c, int id, bool skip_special)
{
    form_enter(c->form);
    bool fits = accept(v, c, id, skip_special);
    form_leave(c->form);
    return fits;
}

void form_vocabulary_counts(struct form_vocabulary *v, uint64_t *found, uint64_t *asked)
{
    mask_cache_counts(v->masks, found, asked);
}
