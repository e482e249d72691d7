/* engine/tokenizer/added.c - see added.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/tokenizer/added.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "base/mem.h"
#include "base/utf8.h"

static void insert(struct added_set *s, size_t token, int *n_nodes)
{
    struct span text = s->tokens[token].text;
    uint32_t node = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint32_t byte = (unsigned char)text.p[i];
        const struct pair_slot *edge = pair_map_get(&s->edges, node, byte);
        if (edge == NULL) {
            pair_map_put(&s->edges, node, byte, (uint32_t)*n_nodes, 0);
            node = (uint32_t)(*n_nodes)++;
        } else {
            node = edge->x;
        }
    }
    if (s->ends[node] < 0) s->ends[node] = (int)token;
    s->starts[(unsigned char)text.p[0]] = true;
}

bool added_set_init(struct added_set *s, const struct added_token *tokens, size_t n,
                    struct error *err)
{
    *s = (struct added_set){0};
    if (n == 0) return true;
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        bytes += tokens[i].text.n;
    }
    s->tokens = mem_new(n, sizeof(*s->tokens), err);
    s->ends = mem_new(bytes + 1, sizeof(*s->ends), err);
    if (s->tokens == NULL || s->ends == NULL || !pair_map_init(&s->edges, bytes, err)) {
        added_set_clear(s);
        return false;
    }
    memcpy(s->tokens, tokens, n * sizeof(*tokens));
    s->n_tokens = n;
    memset(s->ends, 0xFF, (bytes + 1) * sizeof(*s->ends));
    int n_nodes = 1;
    for (size_t i = 0; i < n; i++) {
        insert(s, i, &n_nodes);
    }
    return true;
}

void added_set_clear(struct added_set *s)
{
    pair_map_clear(&s->edges);
    free(s->ends);
    free(s->tokens);
    *s = (struct added_set){0};
}

/* The longest token that stands at text[at], or NULL. */
static const struct added_token *longest_at(const struct added_set *s, struct span text, size_t at,
                                            bool parse_special)
{
    const struct added_token *best = NULL;
    uint32_t node = 0;
    for (; at < text.n; at++) {
        const struct pair_slot *edge = pair_map_get(&s->edges, node, (unsigned char)text.p[at]);
        if (edge == NULL) break;
        node = edge->x;
        if (s->ends[node] < 0) continue;
        const struct added_token *t = &s->tokens[s->ends[node]];
        if (parse_special || !t->special) best = t;
    }
    return best;
}

/* White_Space and \w of Unicode (UTS #18, annex C). */
static bool is_space(uint32_t c)
{
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return (c >= '\t' && c <= '\r') || c == 0x85 || k == UTF8PROC_CATEGORY_ZS ||
           k == UTF8PROC_CATEGORY_ZL || k == UTF8PROC_CATEGORY_ZP;
}

static bool is_word(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } circled[] = {{0x24B6, 0x24E9}, {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189}};
    for (size_t i = 0; i < sizeof(circled) / sizeof(circled[0]); i++) {
        if (c >= circled[i].first && c <= circled[i].last) return true; /* Other_Alphabetic */
    }
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return (k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_NL) || k == UTF8PROC_CATEGORY_PC ||
           c == 0x200C || c == 0x200D;
}

/* The character that ends before text[at]: its length, 0 when there is none. */
static size_t char_before(struct span text, size_t at, uint32_t *c)
{
    for (size_t n = 1; n <= 4 && n <= at; n++) {
        if (utf8_decode(span_slice(text, at - n, at), c) == n) return n;
    }
    return 0;
}

static bool stands_alone(struct span text, size_t begin, size_t end)
{
    uint32_t c;
    if (char_before(text, begin, &c) > 0 && is_word(c)) return false;
    return utf8_decode(span_slice(text, end, text.n), &c) == 0 || !is_word(c);
}

static size_t strip_left(struct span text, size_t at, size_t floor)
{
    uint32_t c;
    for (size_t n; at > floor && (n = char_before(text, at, &c)) > 0 && is_space(c);) {
        at -= n;
    }
    return at;
}

static size_t strip_right(struct span text, size_t at)
{
    uint32_t c;
    for (size_t n; (n = utf8_decode(span_slice(text, at, text.n), &c)) > 0 && is_space(c);) {
        at += n;
    }
    return at;
}

bool added_set_next(const struct added_set *s, struct span text, size_t from, bool parse_special,
                    struct added_match *out)
{
    if (s->n_tokens == 0) return false;
    for (size_t at = from; at < text.n; at++) {
        if (!s->starts[(unsigned char)text.p[at]]) continue;
        const struct added_token *t = longest_at(s, text, at, parse_special);
        if (t == NULL) continue;
        size_t end = at + t->text.n;
        if ((t->match & MATCH_SINGLE_WORD) && !stands_alone(text, at, end)) {
            at = end - 1;
            continue;
        }
        *out = (struct added_match){at, end, t->id};
        if (t->match & MATCH_LSTRIP) out->begin = strip_left(text, at, from);
        if (t->match & MATCH_RSTRIP) out->end = strip_right(text, end);
        return true;
    }
    return false;
}
