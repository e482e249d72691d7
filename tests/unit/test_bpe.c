/* tests/unit/test_bpe.c - merging, against the definition of it.
 *
 * The definition, "while a pair may merge, merge the one of lowest rank, leftmost
 * first", is written down here in its slowest form, and random vocabularies over
 * few letters make every kind of overlap. Words are short (an array is scanned),
 * long (the heap), and cut where nothing can merge.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/tokenizer/bpe.h"

static uint64_t seed = 1;

static uint32_t below(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % n;
}

enum { TOKENS_MAX = 400, TEXT_MAX = 64 };

/* A vocabulary that grows by joining two tokens it has. */
struct vocabulary {
    struct vocab_source s;
    struct vocab_token tokens[TOKENS_MAX];
    struct vocab_merge merges[TOKENS_MAX];
    struct span text[TOKENS_MAX];
    char bytes[TOKENS_MAX][TEXT_MAX];
};

static int find(const struct vocabulary *v, struct span text)
{
    for (size_t i = 0; i < v->s.n_tokens; i++) {
        if (span_eq(v->text[i], text)) return (int)i;
    }
    return -1;
}

static void add_token(struct vocabulary *v, struct span text, float score)
{
    size_t i = v->s.n_tokens++;
    memcpy(v->bytes[i], text.p, text.n);
    v->text[i] = span_of(v->bytes[i], text.n);
    v->tokens[i] = (struct vocab_token){
        .text = v->text[i], .score = score, .kind = TOKEN_NORMAL, .in_model = true};
}

static void grow(struct vocabulary *v, enum vocab_model model, int letters, int tokens)
{
    memset(v, 0, sizeof(*v));
    vocab_source_init(&v->s);
    v->s.model = model;
    v->s.tokens = v->tokens;
    v->s.merges = v->merges;
    for (int i = 0; i < letters; i++) {
        char c = (char)('a' + i);
        add_token(v, span_of(&c, 1), 0);
    }
    for (int tries = 0; (int)v->s.n_tokens < tokens && tries < 10 * tokens; tries++) {
        struct span l = v->text[below((uint32_t)v->s.n_tokens)],
                    r = v->text[below((uint32_t)v->s.n_tokens)];
        char joined[TEXT_MAX];
        if (l.n + r.n > TEXT_MAX) continue;
        memcpy(joined, l.p, l.n);
        memcpy(joined + l.n, r.p, r.n);
        if (find(v, span_of(joined, l.n + r.n)) >= 0) continue;
        v->merges[v->s.n_merges++] = (struct vocab_merge){l, r};
        add_token(v, span_of(joined, l.n + r.n), -(float)below(20)); /* scores often tie */
    }
}

/* ---- the definition ---- */

struct rule {
    float order; /* lower first */
    int made;    /* -1: may not merge */
};

static struct rule rule_of(const struct vocabulary *v, int left, int right)
{
    struct span l = v->text[left], r = v->text[right];
    char joined[2 * TEXT_MAX];
    memcpy(joined, l.p, l.n);
    memcpy(joined + l.n, r.p, r.n);
    int made = find(v, span_of(joined, l.n + r.n));
    if (v->s.model == VOCAB_SPM) return (struct rule){made < 0 ? 0 : -v->tokens[made].score, made};
    for (size_t i = 0; i < v->s.n_merges; i++) {
        if (span_eq(v->merges[i].left, l) && span_eq(v->merges[i].right, r)) {
            return (struct rule){(float)i, made};
        }
    }
    return (struct rule){0, -1};
}

static size_t merge_by_definition(const struct vocabulary *v, struct span word, int *ids)
{
    size_t n = 0;
    for (size_t i = 0; i < word.n; i++) {
        ids[n++] = find(v, span_slice(word, i, i + 1));
    }
    for (;;) {
        size_t best = n;
        struct rule rule = {0, -1};
        for (size_t i = 0; i + 1 < n; i++) {
            struct rule r = rule_of(v, ids[i], ids[i + 1]);
            if (r.made < 0 || (best < n && r.order >= rule.order)) continue;
            best = i;
            rule = r;
        }
        if (best == n) return n;
        ids[best] = rule.made;
        memmove(ids + best + 1, ids + best + 2, (n - best - 2) * sizeof(*ids));
        n--;
    }
}

static void check_word(const struct vocabulary *v, const struct bpe *b, struct bpe_work *w,
                       struct span word)
{
    static int want[1000];
    size_t n = merge_by_definition(v, word, want);
    struct tokens got = {0};
    assert_true(bpe_encode(b, w, word, &got, NULL));
    bool same = got.n == n && memcmp(got.ids, want, n * sizeof(*want)) == 0;
    if (!same) {
        fail_msg("\"%.*s\": %zu tokens, by the definition %zu", (int)word.n, word.p, got.n, n);
    }
    tokens_clear(&got);
}

static void random_vocabularies(enum vocab_model model)
{
    static struct vocabulary v;
    for (int round = 0; round < 20; round++) {
        struct bpe b;
        struct error err = {0};
        int letters = 1 + (int)below(6);
        grow(&v, model, letters, letters + (int)below(60));
        if (!bpe_init(&b, &v.s, v.text, &err)) fail_msg("%s", err.message);
        struct bpe_work *w = bpe_work_new(&err);
        for (int i = 0; i < 30; i++) {
            char word[400];
            size_t n = 1 + below(i % 3 == 0 ? 400 : 30);
            uint32_t used = 1 + below((uint32_t)letters); /* runs of few letters have more ties */
            for (size_t k = 0; k < n; k++) {
                word[k] = (char)('a' + (int)below(used));
            }
            check_word(&v, &b, w, span_of(word, n));
            check_word(&v, &b, w, span_of(word, n)); /* again, from the cache */
        }
        bpe_work_free(w);
        bpe_clear(&b);
    }
}

static void by_rules(void **state)
{
    (void)state;
    random_vocabularies(VOCAB_BYTE_BPE);
    random_vocabularies(VOCAB_CHAR_BPE);
}

static void by_scores(void **state)
{
    (void)state;
    random_vocabularies(VOCAB_SPM);
}

static void refused_vocabularies(void **state)
{
    static const struct {
        const char *name, *left, *right, *why;
    } cases[] = {
        {"side is no token", "a", "x", "merge 0 (\"a\" \"x\"): a side is no token"},
        {"product is no token", "a", "a", "what it makes is no token"},
        {"empty side", "", "a", "a side is empty"},
    };
    static struct vocabulary v;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bpe b;
        struct error err = {0};
        grow(&v, VOCAB_CHAR_BPE, 2, 2);
        v.s.n_merges = 1;
        v.merges[0] = (struct vocab_merge){span_str(cases[i].left), span_str(cases[i].right)};
        bool ok = !bpe_init(&b, &v.s, v.text, &err) && err.code == ERROR_BAD_FILE &&
                  strstr(err.message, cases[i].why) != NULL;
        bpe_clear(&b);
        if (!ok) fail_msg("%s: %s", cases[i].name, err.message);
    }
}

static void refused_tokens(void **state)
{
    static struct vocabulary v;
    struct bpe b;
    struct error err = {0};
    (void)state;
    grow(&v, VOCAB_SPM, 2, 2);
    v.tokens[1].score = strtof("nan", NULL);
    assert_false(bpe_init(&b, &v.s, v.text, &err));
    assert_string_equal(err.message, ": the score of token 1 is not finite");
    bpe_clear(&b);
    grow(&v, VOCAB_BYTE_BPE, 2, 2);
    v.text[1] = v.text[0];
    assert_false(bpe_init(&b, &v.s, v.text, &err));
    assert_non_null(strstr(err.message, "tokens 0 and 1"));
    bpe_clear(&b);
}

/* All 256 bytes have different characters, and those map back. */
static void alphabet(void **state)
{
    (void)state;
    bool seen[256] = {false};
    for (uint32_t c = 0; c < 0x200; c++) {
        char text[2] = {(char)(c < 0x80 ? c : 0xC0 | c >> 6), (char)(0x80 | (c & 0x3F))}, out[2];
        size_t n = bpe_alphabet_decode(span_of(text, c < 0x80 ? 1 : 2), out);
        if (n == SPAN_NONE) continue;
        assert_int_equal(n, 1);
        assert_false(seen[(unsigned char)out[0]]);
        seen[(unsigned char)out[0]] = true;
    }
    for (int i = 0; i < 256; i++) {
        assert_true(seen[i]);
    }
    char out[8];
    assert_int_equal(bpe_alphabet_decode(span_str("\xC4\xA0"
                                                  "a\xC4\x8A"),
                                         out),
                     3); /* "Ġa\u010A" */
    assert_memory_equal(out, " a\n", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_rules),
        cmocka_unit_test(by_scores),
        cmocka_unit_test(refused_vocabularies),
        cmocka_unit_test(refused_tokens),
        cmocka_unit_test(alphabet),
    };
    return cmocka_run_group_tests_name("bpe", tests, NULL, NULL);
}
