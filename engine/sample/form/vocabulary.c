/* engine/sample/form/vocabulary.c - see vocabulary.h.
 *
 * Three kinds of tokens: those of the tries, whose bytes are the same whether special tokens are
 * skipped or not; special ones, few, which are tried one by one; end tokens, which are in neither.
 *
 * The tries part the tokens, each in one alone: those of each slice (slice.h) by how many characters
 * they have, and all others.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/vocabulary.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/sample/form/mask_cache.h"
#include "engine/sample/form/slice.h"
#include "engine/sample/form/trie.h"

/* The parts of a slice by the characters of their longest tokens, and one part for all tokens that
 * are of no slice. */
enum { LENGTHS = 4, OTHERS = SLICES * LENGTHS, PARTS };

static const int part_chars[LENGTHS] = {4, 8, 16, SLICE_ALL};

enum { MOST_CHARS = 17 }; /* how far a search for plain texts goes: past the last part that ends */

struct part {
    struct trie trie;
    uint64_t *tokens; /* as a mask; NULL: OTHERS has none */
};

struct form_vocabulary {
    int n_vocab, n_end, n_special;
    size_t n_words;
    form_text_fn *text;
    const void *text_arg;
    int *end_ids;
    int *
        special; /* [n_special] tokens of which at least one of the two texts is empty, or too long */
    struct part parts[PARTS];
    int depth; /* bytes of the longest token of a trie */
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

static int part_of(struct span bytes)
{
    int chars, length = 0;
    enum slice slice = slice_of(bytes, &chars);
    if (slice == SLICES) return OTHERS;
    while (chars > part_chars[length]) {
        length++;
    }
    return (int)slice * LENGTHS + length;
}

/* The part of the strings that are marked with its number. */
static bool make_part(struct form_vocabulary *v, int number, const struct trie_string *all,
                      const uint8_t *numbers, int n_all, struct trie_string *room,
                      struct error *err)
{
    struct part *p = &v->parts[number];
    int n = 0;
    if (number != OTHERS) p->tokens = mem_new(v->n_words, sizeof(*p->tokens), err);
    if (number != OTHERS && p->tokens == NULL) return false;
    for (int i = 0; i < n_all; i++) {
        if (numbers[i] != number) continue;
        room[n++] = all[i];
        if (number == OTHERS) continue;
        p->tokens[all[i].token / 64] |= (uint64_t)1 << (all[i].token % 64);
    }
    bool fine = trie_init(&p->trie, room, n, err);
    if (fine && p->trie.depth > v->depth) v->depth = p->trie.depth;
    return fine;
}

/* Sort every token into its kind and part. */
static bool sort_tokens(struct form_vocabulary *v, struct error *err)
{
    size_t n_vocab = (size_t)v->n_vocab;
    struct trie_string *strings = mem_new(2 * n_vocab, sizeof(*strings), err);
    uint8_t *numbers = mem_new(n_vocab, 1, err);
    v->special = mem_new(n_vocab, sizeof(int), err);
    int n = 0;
    bool ok = strings != NULL && numbers != NULL && v->special != NULL;
    for (int id = 0; ok && id < v->n_vocab; id++) {
        struct span skipped = text_of(v, id, true), kept = text_of(v, id, false);
        if (is_end(v, id)) continue;
        if (skipped.n == 0 || kept.n == 0 || kept.n > TRIE_DEPTH) {
            v->special[v->n_special++] = id;
        } else {
            numbers[n] = (uint8_t)part_of(kept);
            strings[n++] = (struct trie_string){kept, id};
        }
    }
    for (int part = 0; ok && part < PARTS; part++) {
        ok = make_part(v, part, strings, numbers, n, strings + n_vocab, err);
    }
    free(strings);
    free(numbers);
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
    for (int part = 0; part < PARTS; part++) {
        trie_clear(&v->parts[part].trie);
        free(v->parts[part].tokens);
    }
    mask_cache_free(v->masks);
    free(v);
}

/* Where a walk by the reader alone stands after some bytes. */
struct trie_place {
    const int *steps; /* earley_steps() */
    int state;
};

bool form_work_init(struct form_work *w, const struct form_vocabulary *v, struct error *err)
{
    size_t depth = (size_t)v->depth + 1;
    w->path = mem_new(depth, sizeof(*w->path), err);
    w->places = mem_new(depth, sizeof(*w->places), err);
    w->slices = slice_search_new(err);
    w->mask = mem_new(v->n_words, sizeof(*w->mask), err);
    return w->path != NULL && w->places != NULL && w->slices != NULL && w->mask != NULL;
}

void form_work_clear(struct form_work *w)
{
    free(w->path);
    free(w->places);
    slice_search_free(w->slices);
    free(w->mask);
    *w = (struct form_work){0};
}

/* ---- masks ---- */

static void allow(uint64_t *mask, int id)
{
    mask[id / 64] |= (uint64_t)1 << (id % 64);
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

/* w->path[d] is the cursor after d bytes on the way to the node at hand. */
static void walk_trie(const struct trie *t, const struct form_cursor *from, struct form_work *w)
{
    w->path[0] = *from;
    for (uint32_t i = 0; i < t->n_nodes;) {
        const struct trie_node *node = &t->nodes[i];
        struct form_cursor *next = &w->path[node->depth + 1];
        *next = w->path[node->depth];
        if (!form_cursor_try(next, (char)node->byte)) {
            i = node->end;
            continue;
        }
        if (node->token != TRIE_NONE) allow(w->mask, node->token);
        i++;
    }
}

/* Nodes from i to end, which stand below none but each other, by the reader alone. False: it has given
 * up. */
static bool walk_nodes(const struct trie *t, uint32_t i, uint32_t end, struct earley *reader,
                       struct form_work *w)
{
    const uint8_t *class_of = earley_class_of(reader);
    struct trie_place *places = w->places;
    uint64_t *mask = w->mask;
    while (i < end) {
        const struct trie_node node = t->nodes[i];
        const struct trie_place *at = &places[node.depth];
        int next = at->steps[class_of[node.byte]];
        if (next == EARLEY_NOT_MET) next = earley_step(reader, at->state, node.byte);
        if (next == EARLEY_DEAD) {
            i = node.end;
            continue;
        }
        if (node.token != TRIE_NONE) allow(mask, node.token);
        if (node.end > ++i) {
            places[node.depth + 1] = (struct trie_place){earley_steps(reader, next), next};
            if (places[node.depth + 1].steps == NULL) return false;
        }
    }
    return true;
}

/* As walk_trie, where the form's reader alone says how the output goes on. The first nodes lie far
 * apart, so those that are refused are not looked at. */
static void walk_reader(const struct trie *t, struct earley *reader, int from, struct form_work *w)
{
    const uint8_t *class_of = earley_class_of(reader);
    const int *steps = earley_steps(reader, from);
    w->places[0] = (struct trie_place){steps, from};
    for (int k = 0; steps != NULL && k < t->n_firsts; k++) {
        int next = steps[class_of[t->firsts[k]]];
        if (next == EARLEY_NOT_MET) next = earley_step(reader, from, t->firsts[k]);
        if (next == EARLEY_DEAD) continue;
        if (!walk_nodes(t, t->begin[k], t->begin[k + 1], reader, w)) return;
    }
}

/* All tries, by the reader alone: parts of a slice at once where any such text goes on. */
static void find_by_reader(const struct form_vocabulary *v, struct earley *reader, uint64_t uid,
                           int state, struct form_work *w)
{
    int plain = slice_reach(w->slices, SLICE_PLAIN, reader, uid, state, MOST_CHARS), words = plain;
    if (plain < part_chars[0])
        words = slice_reach(w->slices, SLICE_WORDS, reader, uid, state, MOST_CHARS);
    for (int part = 0; part < PARTS; part++) {
        const struct part *p = &v->parts[part];
        int reach = part / LENGTHS == SLICE_WORDS ? words : plain;
        if (part == OTHERS || reach < part_chars[part % LENGTHS]) {
            walk_reader(&p->trie, reader, state, w);
            continue;
        }
        for (size_t i = 0; i < v->n_words; i++) {
            w->mask[i] |= p->tokens[i];
        }
    }
}

static void find_mask(const struct form_vocabulary *v, const struct form_cursor *c,
                      bool skip_special, struct form_work *w)
{
    memset(w->mask, 0, v->n_words * sizeof(*w->mask));
    struct earley *reader;
    int state;
    if (form_cursor_reader(c, &reader, &state)) {
        find_by_reader(v, reader, form_uid(c->form), state, w);
    } else {
        for (int part = 0; part < PARTS; part++) {
            walk_trie(&v->parts[part].trie, c, w);
        }
    }
    for (int i = 0; i < v->n_special; i++) {
        struct form_cursor next = *c;
        if (accept(v, &next, v->special[i], skip_special)) allow(w->mask, v->special[i]);
    }
    for (int i = 0; i < v->n_end && form_cursor_may_end(c); i++) {
        allow(w->mask, v->end_ids[i]);
    }
}

bool form_mask(struct form_vocabulary *v, const struct form_cursor *c, bool skip_special,
               struct form_work *w)
{
    struct mask_key key;
    memset(&key, 0, sizeof(key));
    key.cursor = *c;
    key.cursor.form = NULL;
    key.uid = form_uid(c->form);
    key.skip_special = skip_special;
    if (mask_cache_get(v->masks, &key, w->mask)) return true;
    form_enter(c->form);
    find_mask(v, c, skip_special, w);
    form_leave(c->form);
    if (form_has_failed(c->form)) { /* perhaps in the middle of the walk */
        memset(w->mask, 0, v->n_words * sizeof(*w->mask));
        return false;
    }
    mask_cache_put(v->masks, &key, w->mask);
    return true;
}

bool form_accept(const struct form_vocabulary *v, struct form_cursor *c, int id, bool skip_special)
{
    form_enter(c->form);
    bool fits = accept(v, c, id, skip_special);
    form_leave(c->form);
    return fits;
}

/* ---- what is forced ---- */

enum { FORCED_BYTES = 64 };

/* The bytes of the only way on; *whole: they end the text. */
static size_t forced_bytes(struct earley *reader, int state, char *bytes, bool *whole)
{
    size_t n = 0;
    for (int byte; n < FORCED_BYTES && (byte = earley_only_byte(reader, state)) >= 0;) {
        bytes[n++] = (char)byte;
        state = earley_step(reader, state, (uint8_t)byte);
    }
    *whole = earley_must_end(reader, state);
    return n;
}

static int32_t longest_token(const struct form_vocabulary *v, struct span text, size_t *n)
{
    int32_t best = TRIE_NONE;
    *n = 0;
    for (int part = 0; part < PARTS; part++) {
        size_t bytes = 0;
        int32_t token = trie_longest(&v->parts[part].trie, text, &bytes);
        if (token == TRIE_NONE || bytes <= *n) continue;
        best = token;
        *n = bytes;
    }
    return best;
}

/* A token that reaches the end of the way may be longer than the way: it is left out. */
int form_forced(const struct form_vocabulary *v, const struct form_cursor *c, int *ids, int room)
{
    struct earley *reader;
    char bytes[FORCED_BYTES];
    int state, n_ids = 0;
    bool whole;
    if (room <= 0 || c->form == NULL || !form_cursor_reader(c, &reader, &state)) return 0;
    form_enter(c->form);
    size_t n = forced_bytes(reader, state, bytes, &whole);
    form_leave(c->form);
    for (size_t at = 0, taken; at < n && n_ids < room; at += taken) {
        int32_t token = longest_token(v, span_of(bytes + at, n - at), &taken);
        if (token == TRIE_NONE || (at + taken == n && !whole)) break;
        ids[n_ids++] = token;
    }
    return n_ids;
}

bool form_is_silent(const struct form_vocabulary *v, int id, bool skip_special)
{
    return text_of(v, id, skip_special).n == 0;
}

void form_vocabulary_counts(struct form_vocabulary *v, uint64_t *found, uint64_t *asked)
{
    mask_cache_counts(v->masks, found, asked);
}
