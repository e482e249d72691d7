/* engine/tokenizer/bpe_tables.c - building the tables of bpe.h from a vocabulary.
 *
 * A merge may be written as a rule (left, right) or follow from scores: then every
 * way to cut a token into two symbols is a rule, and all rules of one token share
 * its rank. In SentencePiece's vocabularies a character can occur in tokens without
 * being one; it gets a symbol beyond the tokens, so that merges can begin from it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/tokenizer/bpe.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"

struct building {
    struct bpe *b;
    const struct vocab_source *s;
    const struct span *text;
    int next_symbol;
    struct error *err;
};

/* ---- GPT-2's alphabet ---- */

/* The byte that a character stands for, -1: none. Printable Latin-1 stands for itself; the other 68
 * bytes, in order, are U+0100 to U+0143 (openai/gpt-2, bytes_to_unicode). */
static int alphabet_byte(uint32_t c)
{
    if ((c >= '!' && c <= '~') || (c >= 0xA1 && c <= 0xAC) || (c >= 0xAE && c <= 0xFF)) {
        return (int)c;
    }
    if (c < 0x100 || c > 0x143) return -1;
    c -= 0x100;
    if (c <= 32) return (int)c;              /* U+0100.. : 0 to 32 */
    if (c <= 66) return (int)(c - 33 + 127); /* then 127 to 160 */
    return 0xAD;
}

size_t bpe_alphabet_decode(struct span text, char *out)
{
    size_t n = 0;
    for (size_t at = 0, len; at < text.n; at += len) {
        uint32_t c;
        len = utf8_decode(span_slice(text, at, text.n), &c);
        int byte = len == 0 ? -1 : alphabet_byte(c);
        if (byte < 0) return SPAN_NONE;
        out[n++] = (char)byte;
    }
    return n;
}

/* ---- words ---- */

int bpe_byte_of_name(struct span s)
{
    static const char digits[] = "0123456789ABCDEF";
    if (s.n != 6 || memcmp(s.p, "<0x", 3) != 0 || s.p[5] != '>') return -1;
    const char *high = memchr(digits, s.p[3], 16), *low = memchr(digits, s.p[4], 16);
    return high == NULL || low == NULL ? -1 : (int)((high - digits) * 16 + (low - digits));
}

static bool in_words(const struct vocab_token *t)
{
    return t->kind != 0 && t->in_model && t->text.n > 0;
}

/* Normal tokens first: an added token with the same text must not hide one. */
static bool fill_words(struct building *g)
{
    const struct vocab_source *s = g->s;
    size_t characters = 0;
    for (size_t i = 0; s->model == VOCAB_SPM && i < s->n_tokens; i++) {
        characters += g->text[i].n;
    }
    if (!text_map_init(&g->b->words, s->n_tokens + characters, g->err)) return false;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < s->n_tokens; i++) {
            bool normal = s->tokens[i].kind == TOKEN_NORMAL;
            if (normal != (pass == 0) || !in_words(&s->tokens[i])) continue;
            int id = text_map_put(&g->b->words, g->text[i], (int)i);
            if (id == (int)i || !normal) continue;
            return error_set(g->err, ERROR_BAD_FILE, NULL,
                             "%s: tokens %d and %zu are both \"%.*s\"", s->origin, id, i,
                             (int)(s->tokens[i].text.n > 60 ? 60 : s->tokens[i].text.n),
                             s->tokens[i].text.p);
        }
    }
    return true;
}

static void fill_bytes(struct building *g)
{
    struct bpe *b = g->b;
    for (int byte = 0; byte < 256; byte++) {
        char c = (char)byte;
        b->bytes[byte] = -1;
        if (b->model == VOCAB_BYTE_BPE) b->bytes[byte] = text_map_get(&b->words, span_of(&c, 1));
    }
    if (b->model == VOCAB_BYTE_BPE || !b->fallback) return;
    for (size_t i = 0; i < g->s->n_tokens; i++) {
        int byte = bpe_byte_of_name(g->s->tokens[i].text);
        if (byte >= 0 && b->bytes[byte] < 0) b->bytes[byte] = (int)i;
    }
}

/* ---- merges ---- */

/* What piece_end() in bpe.c compares: the last symbol of left, the first of right. */
static void note_crossing(struct bpe *b, struct span left, struct span right)
{
    uint32_t last = (unsigned char)left.p[left.n - 1], first = (unsigned char)right.p[0];
    if (b->model != VOCAB_BYTE_BPE) {
        size_t back = 1;
        while (back < left.n && back < 4 && ((unsigned char)left.p[left.n - back] & 0xC0) == 0x80) {
            back++;
        }
        utf8_decode(span_slice(left, left.n - back, left.n), &last);
        utf8_decode(right, &first);
    }
    pair_map_put(&b->crossed, last, first, 0, 0);
}

static bool bad_merge(struct building *g, size_t i, const char *what)
{
    struct span l = g->s->merges[i].left, r = g->s->merges[i].right;
    return error_set(g->err, ERROR_BAD_FILE, NULL, "%s: merge %zu (\"%.*s\" \"%.*s\"): %s",
                     g->s->origin, i, (int)(l.n > 40 ? 40 : l.n), l.p, (int)(r.n > 40 ? 40 : r.n),
                     r.p, what);
}

/* The text of a merge's side as words holds it. */
static struct span merge_side(const struct bpe *b, struct span side, char *room)
{
    if (b->model != VOCAB_BYTE_BPE) return side;
    size_t n = bpe_alphabet_decode(side, room);
    return n == SPAN_NONE ? side : span_of(room, n);
}

static bool add_rule(struct building *g, size_t i)
{
    char joined[2 * VOCAB_MAX_TOKEN_BYTES], room[VOCAB_MAX_TOKEN_BYTES];
    struct bpe *b = g->b;
    struct span left = g->s->merges[i].left, right = g->s->merges[i].right;
    if (left.n == 0 || right.n == 0) return bad_merge(g, i, "a side is empty");
    if (left.n > VOCAB_MAX_TOKEN_BYTES || right.n > VOCAB_MAX_TOKEN_BYTES) {
        return bad_merge(g, i, "a side is too long");
    }
    left = merge_side(b, left, joined);
    if (left.p != joined) memcpy(joined, left.p, left.n);
    left.p = joined;
    right = merge_side(b, right, room);
    memcpy(joined + left.n, right.p, right.n);
    int l = text_map_get(&b->words, left), r = text_map_get(&b->words, right);
    int made = text_map_get(&b->words, span_of(joined, left.n + right.n));
    if (l < 0 || r < 0) return bad_merge(g, i, "a side is no token");
    if (made < 0) return bad_merge(g, i, "what it makes is no token");
    pair_map_put(&b->merges, (uint32_t)l, (uint32_t)r, (uint32_t)i, (uint32_t)made);
    note_crossing(b, left, right);
    return true;
}

static bool add_rules(struct building *g)
{
    const struct vocab_source *s = g->s;
    if (!pair_map_init(&g->b->merges, s->n_merges, g->err)) return false;
    if (!pair_map_init(&g->b->crossed, s->n_merges, g->err)) return false;
    for (size_t i = 0; i < s->n_merges; i++) {
        if (!add_rule(g, i)) return false;
    }
    return true;
}

/* ---- scores ---- */

static size_t char_at(struct span text, size_t at)
{
    uint32_t c;
    size_t n = utf8_decode(span_slice(text, at, text.n), &c);
    return n == 0 ? 1 : n;
}

static void name_characters(struct building *g, struct span text)
{
    for (size_t at = 0, n; at < text.n; at += n) {
        n = char_at(text, at);
        int id = text_map_put(&g->b->words, span_slice(text, at, at + n), g->next_symbol);
        if (id == g->next_symbol) g->next_symbol++;
    }
}

static void add_cuts(struct building *g, size_t id, uint32_t rank)
{
    struct bpe *b = g->b;
    struct span text = g->text[id];
    for (size_t at = char_at(text, 0); at < text.n; at += char_at(text, at)) {
        struct span left = span_slice(text, 0, at), right = span_slice(text, at, text.n);
        int l = text_map_get(&b->words, left), r = text_map_get(&b->words, right);
        if (l < 0 || r < 0) continue;
        pair_map_put(&b->merges, (uint32_t)l, (uint32_t)r, rank, (uint32_t)id);
        note_crossing(b, left, right);
    }
}

struct scored {
    float score;
    uint32_t id;
};

static int by_score(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static bool check_scored(struct building *g, size_t id)
{
    const struct vocab_token *t = &g->s->tokens[id];
    if (!isfinite(t->score)) {
        return error_set(g->err, ERROR_BAD_FILE, NULL, "%s: the score of token %zu is not finite",
                         g->s->origin, id);
    }
    if (t->text.n <= VOCAB_MAX_SPM_BYTES && utf8_is_valid(t->text)) return true;
    return error_set(g->err, ERROR_BAD_FILE, NULL, "%s: token %zu is not UTF-8 of at most %d bytes",
                     g->s->origin, id, VOCAB_MAX_SPM_BYTES);
}

/* The tokens that merges can form, best score first. */
static struct scored *sort_scores(struct building *g, size_t *n)
{
    struct scored *list = mem_new(g->s->n_tokens, sizeof(*list), g->err);
    *n = 0;
    for (size_t i = 0; list != NULL && i < g->s->n_tokens; i++) {
        if (!in_words(&g->s->tokens[i])) continue;
        if (!check_scored(g, i)) {
            free(list);
            return NULL;
        }
        list[(*n)++] = (struct scored){g->s->tokens[i].score, (uint32_t)i};
    }
    if (list != NULL) qsort(list, *n, sizeof(*list), by_score);
    return list;
}

static bool add_scores(struct building *g)
{
    size_t n, cuts = 0;
    struct scored *list = sort_scores(g, &n);
    if (list == NULL) return false;
    for (size_t i = 0; i < n; i++) {
        name_characters(g, g->text[list[i].id]);
        cuts += g->text[list[i].id].n;
    }
    bool ok =
        pair_map_init(&g->b->merges, cuts, g->err) && pair_map_init(&g->b->crossed, cuts, g->err);
    uint32_t rank = 0;
    for (size_t i = 0; ok && i < n; i++) {
        if (i > 0 && list[i].score != list[i - 1].score) rank++;
        add_cuts(g, list[i].id, rank);
    }
    free(list);
    return ok;
}

/* Is there what has neither a symbol nor an unknown token to stand for it? */
static bool may_drop(const struct bpe *b)
{
    bool bytes = b->model == VOCAB_BYTE_BPE || (b->model == VOCAB_CHAR_BPE && b->fallback);
    for (int i = 0; bytes && i < 256; i++) {
        bytes = b->bytes[i] >= 0;
    }
    return b->unk < 0 && b->model != VOCAB_SPM && !bytes;
}

bool bpe_init(struct bpe *b, const struct vocab_source *s, const struct span *text,
              struct error *err)
{
    *b = (struct bpe){.model = s->model,
                      .ignore_merges = s->ignore_merges,
                      .fuse_unk = s->fuse_unk,
                      .unk = s->model_unk,
                      .n_tokens = (int)s->n_tokens,
                      .fallback = s->byte_fallback};
    struct building g = {.b = b, .s = s, .text = text, .next_symbol = (int)s->n_tokens, .err = err};
    if (!fill_words(&g)) return false;
    fill_bytes(&g);
    b->drops = may_drop(b);
    return s->model == VOCAB_SPM ? add_scores(&g) : add_rules(&g);
}

void bpe_clear(struct bpe *b)
{
    text_map_clear(&b->words);
    pair_map_clear(&b->merges);
    pair_map_clear(&b->crossed);
}
