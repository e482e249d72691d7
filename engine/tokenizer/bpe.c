/* engine/tokenizer/bpe.c - merging, see bpe.h. The tables are built in
 * bpe_tables.c.
 *
 * (1) rank[i] is the rank of the pair that symbol i forms with its successor now, RANK_NONE if
 *     they may not merge or if i is gone or last. merged[i] is what they would form.
 * (2) A heap entry (rank, i) is stale unless rank == rank[i]. So an entry needs no more than that,
 *     and one that is not stale always names the pair to merge, whenever it was pushed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/tokenizer/bpe.h"

#include <assert.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "base/paranoid.h"
#include "base/utf8.h"

#define RANK_NONE UINT32_MAX
#define SYMBOL_UNKNOWN (UINT32_MAX - 1) /* a character without a symbol */

enum {
    SCAN_MAX = 40, /* symbols up to which scanning beats the heap */
    CACHE_SLOTS = 1 << 13,
    CACHE_KEY = 30,
    CACHE_IDS = 8,
    KEEP_SYMBOLS = 1 << 16, /* larger scratch is given back after the word */
};

/* One cache line holds a word and its ids. */
struct cached {
    uint8_t n_key; /* 0: empty */
    uint8_t n_ids;
    char key[CACHE_KEY];
    int ids[CACHE_IDS];
};
_Static_assert(sizeof(struct cached) == 64, "a cached word is one cache line");

struct symbol {
    uint32_t id;
    uint32_t rank, merged; /* of the pair with the next symbol */
    uint32_t prev, next;   /* the heap's linked list; END at both ends */
    uint32_t at;           /* its first byte in the word */
};

#define END UINT32_MAX

struct bpe_work {
    struct symbol *s;
    uint64_t *heap; /* rank << 32 | symbol */
    size_t n, n_heap, room;
    struct cached *cache;
    struct buffer kept; /* what leave_out() leaves of a word */
};

struct bpe_work *bpe_work_new(struct error *err)
{
    struct bpe_work *w = mem_new(1, sizeof(*w), err);
    if (w == NULL) return NULL;
    w->cache = mem_new_aligned(CACHE_SLOTS, sizeof(*w->cache), err);
    if (w->cache == NULL) {
        free(w);
        return NULL;
    }
    buffer_init(&w->kept, UINT32_MAX);
    return w;
}

static void drop_scratch(struct bpe_work *w)
{
    free(w->s);
    free(w->heap);
    w->s = NULL;
    w->heap = NULL;
    w->room = 0;
}

void bpe_work_free(struct bpe_work *w)
{
    if (w == NULL) return;
    drop_scratch(w);
    buffer_clear(&w->kept);
    free(w->cache);
    free(w);
}

/* Room for n symbols, and for a heap of them: each merge takes one entry out and puts at most two
 * in, and there are fewer merges than symbols. */
static bool reserve(struct bpe_work *w, size_t n, struct error *err)
{
    if (n <= w->room) return true;
    size_t room = n < 1024 ? 1024 : n + n / 4;
    drop_scratch(w);
    w->s = mem_new(room, sizeof(*w->s), err);
    w->heap = mem_new(room * 2, sizeof(*w->heap), err);
    if (w->s == NULL || w->heap == NULL) {
        drop_scratch(w);
        return false;
    }
    w->room = room;
    return true;
}

/* ---- symbols ---- */

static void add_symbol(struct bpe_work *w, uint32_t id, size_t at)
{
    assert(w->n < w->room);
    w->s[w->n++] = (struct symbol){.id = id, .at = (uint32_t)at};
}

static void split_bytes(const struct bpe *b, struct bpe_work *w, struct span word)
{
    for (size_t i = 0; i < word.n; i++) {
        int id = b->bytes[(unsigned char)word.p[i]];
        if (id < 0) id = b->unk;
        if (id >= 0) add_symbol(w, (uint32_t)id, i);
    }
}

/* A byte that is no UTF-8 is a character of its own. */
static size_t char_length(struct span word, size_t at)
{
    uint32_t c;
    size_t n = utf8_decode(span_slice(word, at, word.n), &c);
    return n == 0 ? 1 : n;
}

static void split_chars(const struct bpe *b, struct bpe_work *w, struct span word)
{
    for (size_t at = 0, n; at < word.n; at += n) {
        n = char_length(word, at);
        int id = text_map_get(&b->words, span_slice(word, at, at + n));
        add_symbol(w, id < 0 ? SYMBOL_UNKNOWN : (uint32_t)id, at);
    }
}

/* ---- merging ---- */

/* Set what symbol i and its successor j form (1). */
static void pair_up(const struct bpe *b, struct symbol *s, size_t i, size_t j)
{
    const struct pair_slot *m = pair_map_get(&b->merges, s[i].id, s[j].id);
    s[i].rank = m == NULL ? RANK_NONE : m->x;
    s[i].merged = m == NULL ? 0 : m->y;
}

/* Few symbols: find the best pair by looking at all, and close the gap that merging leaves. */
static void merge_scanning(const struct bpe *b, struct bpe_work *w)
{
    struct symbol *s = w->s;
    for (size_t i = 0; i + 1 < w->n; i++) {
        pair_up(b, s, i, i + 1);
    }
    while (w->n > 1) {
        size_t best = 0;
        for (size_t i = 1; i + 1 < w->n; i++) {
            if (s[i].rank < s[best].rank) best = i;
        }
        if (s[best].rank == RANK_NONE) return;
        s[best].id = s[best].merged;
        w->n--;
        memmove(s + best + 1, s + best + 2, (w->n - best - 1) * sizeof(*s));
        if (best + 1 < w->n) pair_up(b, s, best, best + 1);
        if (best > 0) pair_up(b, s, best - 1, best);
    }
}

/* Four children a node: half as deep as two, and the four lie in one or two cache lines. */
static void heap_push(struct bpe_work *w, uint64_t entry)
{
    size_t at = w->n_heap++;
    assert(at < 2 * w->room);
    for (size_t parent; at > 0 && w->heap[parent = (at - 1) / 4] > entry; at = parent) {
        w->heap[at] = w->heap[parent];
    }
    w->heap[at] = entry;
}

static void heap_sink(struct bpe_work *w, size_t at)
{
    uint64_t entry = w->heap[at];
    for (size_t child; (child = 4 * at + 1) < w->n_heap; at = child) {
        size_t end = child + 4 < w->n_heap ? child + 4 : w->n_heap;
        for (size_t other = child + 1; other < end; other++) {
            if (w->heap[other] < w->heap[child]) child = other;
        }
        if (w->heap[child] >= entry) break;
        w->heap[at] = w->heap[child];
    }
    w->heap[at] = entry;
}

static uint64_t heap_pop(struct bpe_work *w)
{
    uint64_t top = w->heap[0];
    assert(w->n_heap > 0);
    w->heap[0] = w->heap[--w->n_heap];
    if (w->n_heap > 0) heap_sink(w, 0);
    return top;
}

static void heap_build(const struct bpe *b, struct bpe_work *w)
{
    w->n_heap = 0;
    for (size_t i = 0; i < w->n; i++) {
        w->s[i].prev = i == 0 ? END : (uint32_t)(i - 1);
        w->s[i].next = i + 1 == w->n ? END : (uint32_t)(i + 1);
        w->s[i].rank = RANK_NONE;
        if (i + 1 < w->n) pair_up(b, w->s, i, i + 1);
        if (w->s[i].rank != RANK_NONE) w->heap[w->n_heap++] = (uint64_t)w->s[i].rank << 32 | i;
    }
    for (size_t i = (w->n_heap + 2) / 4; i-- > 0;) {
        heap_sink(w, i);
    }
}

/* Symbol i has a new successor, or is new itself. */
static void renew_pair(const struct bpe *b, struct bpe_work *w, uint32_t i)
{
    struct symbol *s = w->s;
    s[i].rank = RANK_NONE;
    if (s[i].next == END) return;
    pair_up(b, s, i, s[i].next);
    if (s[i].rank != RANK_NONE) heap_push(w, (uint64_t)s[i].rank << 32 | i);
}

/* (1): every symbol that is left has the rank of its pair, and none of them may be merged. */
static bool all_merged(const struct bpe *b, const struct bpe_work *w)
{
    for (uint32_t i = w->n > 0 ? 0 : END; i != END; i = w->s[i].next) {
        uint32_t next = w->s[i].next;
        if (w->s[i].rank != RANK_NONE) return false;
        if (next != END && pair_map_get(&b->merges, w->s[i].id, w->s[next].id) != NULL) return false;
    }
    return true;
}

static void merge_with_heap(const struct bpe *b, struct bpe_work *w)
{
    struct symbol *s = w->s;
    heap_build(b, w);
    while (w->n_heap > 0) {
        uint64_t top = heap_pop(w);
        uint32_t i = (uint32_t)top;
        if (s[i].rank != top >> 32) continue; /* stale (2) */
        uint32_t gone = s[i].next;
        assert(gone != END && s[gone].prev == i); /* (2) */
        s[i].id = s[i].merged;
        s[i].next = s[gone].next;
        s[gone].rank = RANK_NONE;
        if (s[i].next != END) s[s[i].next].prev = i;
        renew_pair(b, w, i);
        if (s[i].prev != END) renew_pair(b, w, s[i].prev);
    }
    assert(!PARANOID || all_merged(b, w)); /* (1) */
    size_t n = 0; /* the survivors move together */
    for (uint32_t i = w->n > 0 ? 0 : END; i != END; i = s[i].next) {
        s[n].id = s[i].id;
        s[n++].at = s[i].at;
    }
    w->n = n;
}

/* ---- ids ---- */

static bool tokens_reserve(struct tokens *t, size_t more, struct error *err)
{
    if (more <= t->room - t->n) return true;
    size_t room = t->room * 2 > t->n + more ? t->room * 2 : t->n + more;
    int *ids = mem_grow(t->ids, room, sizeof(*ids), err);
    if (ids == NULL) return false;
    t->ids = ids;
    t->room = room;
    return true;
}

static void put(struct tokens *t, int id)
{
    t->ids[t->n++] = id;
}

/* May these bytes be written as a token each? */
static bool has_bytes(const struct bpe *b, struct span bytes)
{
    bool all = b->fallback;
    for (size_t i = 0; all && i < bytes.n; i++) {
        all = b->bytes[(unsigned char)bytes.p[i]] >= 0;
    }
    return all;
}

/* A symbol that is no token: its bytes' tokens if all have one, else the unknown token. */
static void spell(const struct bpe *b, struct span bytes, struct tokens *out)
{
    bool all = has_bytes(b, bytes);
    for (size_t i = 0; all && i < bytes.n; i++) {
        put(out, b->bytes[(unsigned char)bytes.p[i]]);
    }
    if (!all && b->unk >= 0) put(out, b->unk);
}

static void put_symbols(const struct bpe *b, const struct bpe_work *w, struct span word,
                        struct tokens *out)
{
    for (size_t i = 0; i < w->n; i++) {
        const struct symbol *s = &w->s[i];
        if (s->id < (uint32_t)b->n_tokens) {
            put(out, (int)s->id);
        } else {
            size_t end = i + 1 < w->n ? w->s[i + 1].at : word.n;
            spell(b, span_slice(word, s->at, end), out);
        }
    }
}

/* One `unk` for each run of them from out->ids[from] on. */
static void fuse_unknown(const struct bpe *b, struct tokens *out, size_t from)
{
    size_t n = from;
    for (size_t i = from; i < out->n; i++) {
        if (out->ids[i] == b->unk && n > from && out->ids[n - 1] == b->unk) continue;
        out->ids[n++] = out->ids[i];
    }
    out->n = n;
}

/* A word, or a piece of one, of which out has room for as many ids as it has bytes. */
static bool encode_piece(const struct bpe *b, struct bpe_work *w, struct span word,
                         struct tokens *out, struct error *err)
{
    if (!reserve(w, word.n, err)) return false;
    w->n = 0;
    if (b->model == VOCAB_BYTE_BPE) {
        split_bytes(b, w, word);
    } else {
        split_chars(b, w, word);
    }
    if (w->n <= SCAN_MAX) {
        merge_scanning(b, w);
    } else {
        merge_with_heap(b, w);
    }
    put_symbols(b, w, word, out);
    if (w->room > KEEP_SYMBOLS) drop_scratch(w);
    return true;
}

/* ---- cache ---- */

static bool encode_cached(const struct bpe *b, struct bpe_work *w, struct span word,
                          struct tokens *out, struct error *err)
{
    if (word.n > CACHE_KEY) return encode_piece(b, w, word, out, err);
    struct cached *c = &w->cache[text_hash(word) % CACHE_SLOTS];
    if (c->n_key == word.n && memcmp(c->key, word.p, word.n) == 0) {
        for (size_t i = 0; i < c->n_ids; i++) {
            put(out, c->ids[i]);
        }
        return true;
    }
    size_t before = out->n;
    if (!encode_piece(b, w, word, out, err)) return false;
    size_t n = out->n - before;
    if (n > CACHE_IDS) return true;
    c->n_key = (uint8_t)word.n;
    c->n_ids = (uint8_t)n;
    memcpy(c->key, word.p, word.n);
    if (n > 0) memcpy(c->ids, out->ids + before, n * sizeof(int));
    return true;
}

/* ---- leaving out ---- */

/* The length of the character at `at`, or of the byte where symbols are bytes; *nothing: it has no
 * symbol, and nothing stands for it. */
static size_t next_unit(const struct bpe *b, struct span word, size_t at, bool *nothing)
{
    if (b->model == VOCAB_BYTE_BPE) {
        *nothing = b->bytes[(unsigned char)word.p[at]] < 0;
        return 1;
    }
    size_t n = char_length(word, at);
    struct span c = span_slice(word, at, at + n);
    *nothing = text_map_get(&b->words, c) < 0 && !has_bytes(b, c);
    return n;
}

/* Take out of a word what is nothing in this vocabulary. It goes before anything merges, so that
 * its neighbours meet: the reference does so. */
static bool leave_out(const struct bpe *b, struct bpe_work *w, struct span *word, struct error *err)
{
    size_t done = 0;
    if (!b->drops) return true;
    w->kept.n = 0;
    for (size_t at = 0, n; at < word->n; at += n) {
        bool nothing;
        n = next_unit(b, *word, at, &nothing);
        if (!nothing) continue;
        buffer_add(&w->kept, word->p + done, at - done);
        done = at + n;
    }
    if (done == 0) return true;
    buffer_add(&w->kept, word->p + done, word->n - done);
    if (w->kept.failed) return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for a word");
    *word = buffer_span(&w->kept);
    return true;
}

/* ---- cutting ---- */

/* The end of the piece that begins at `at`: the next place no merge could cross. */
static size_t piece_end(const struct bpe *b, struct span word, size_t at)
{
    bool bytes = b->model == VOCAB_BYTE_BPE;
    uint32_t left = 0, right = 0;
    for (size_t n = 0;; left = right, at += n) {
        if (at == word.n) return at;
        size_t here = bytes ? 0 : utf8_decode(span_slice(word, at, word.n), &right);
        if (here == 0) right = (unsigned char)word.p[at] | (bytes ? 0 : 1u << 31);
        if (n > 0 && pair_map_get(&b->crossed, left, right) == NULL) return at;
        n = here == 0 ? 1 : here;
    }
}

bool bpe_encode(const struct bpe *b, struct bpe_work *w, struct span word, struct tokens *out,
                struct error *err)
{
    if (word.n == 0) return true;
    if (!tokens_reserve(out, word.n, err)) return false;
    if (b->ignore_merges) {
        int id = text_map_get(&b->words, word);
        if (id >= 0 && id < b->n_tokens) {
            put(out, id);
            return true;
        }
    }
    if (!leave_out(b, w, &word, err)) return false;
    size_t before = out->n;
    bool whole = word.n <= CACHE_KEY && b->model == VOCAB_BYTE_BPE;
    for (size_t at = 0, end; at < word.n; at = end) {
        end = whole ? word.n : piece_end(b, word, at);
        if (!encode_cached(b, w, span_slice(word, at, end), out, err)) return false;
    }
    if (b->fuse_unk) fuse_unknown(b, out, before);
    return true;
}
