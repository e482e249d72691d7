/* tests/unit/test_tokenizer.c - the tokenizer as a whole: small vocabularies of its
 * own, every option, any bytes there and back, many threads.
 *
 * Bad files are in test_tokenizer_files.c; ids against Hugging Face's on whole models are in tests/golden/test_tokenizers.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/tokenizer/vocab_source.h"
#include "tests/unit/tokenizer_documents.h"

#define MARK "\xE2\x96\x81"

/* The pieces of a text, with "|" between them. */
static const char *pieces(const struct tokenizer *t, struct span text, struct encode_flags flags)
{
    static char out[4096];
    struct tokens ids = {0};
    size_t n = 0;
    assert_true(tokenizer_encode(t, text, flags, &ids, NULL));
    for (size_t i = 0; i < ids.n; i++) {
        struct span p = tokenizer_piece(t, ids.ids[i], false);
        n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%.*s", i == 0 ? "" : "|", (int)p.n, p.p);
    }
    out[n] = '\0';
    tokens_clear(&ids);
    return out;
}

static const struct encode_flags parse = {false, true, 0}, plain = {false, false, 0}, full = {true, true, 0};

/* ---- added tokens ---- */

static const char ADDED[] = "{'added_tokens':["
                            "{'id':10,'content':'<s>','special':true},"
                            "{'id':11,'content':'[L]','lstrip':true},"
                            "{'id':12,'content':'[R]','rstrip':true},"
                            "{'id':13,'content':'ab','single_word':true},"
                            "{'id':14,'content':'<tool>'},"
                            "{'id':15,'content':'<tool>x'},"
                            "{'id':16,'content':'\\u00e9','normalized':true},"
                            "{'id':17,'content':'<s>!','special':true}],"
                            "'normalizer':{'type':'NFC'},"
                            "'pre_tokenizer':{'type':'ByteLevel','use_regex':false},"
                            "'post_processor':{'type':'TemplateProcessing','single':[{'"
                            "SpecialToken':{'id':'<s>'}},{'Sequence':{'id':'A'}}],"
                            "'special_tokens':{'<s>':{'ids':[10]}}},"
                            "'model':{'vocab':{'a':0,'b':1,'\\u0120':2,'!':3,'x':4,'1':5,'<':6,'s':"
                            "7,'>':8,'\\u00c3':9,'\\u00a9':18},'merges':[]}}";

static void added_tokens(void **state)
{
    static const struct {
        const char *name, *text, *want;
        bool parse_special;
    } rows[] = {
        {"special is found", "a<s>b", "a|<s>|b", true},
        {"special is text when not parsed", "a<s>b", "a|<|s|>|b", false},
        {"others are found in any case", "a<tool>b", "a|<tool>|b", false},
        {"the longest wins", "<tool>x", "<tool>x", true},
        {"the longest that may be found wins", "<s>!", "<|s|>|!", false},
        {"the longest special", "<s>!<s>", "<s>!|<s>", true},
        {"space before goes", "a  [L] b", "a|[L]| |b", true},
        {"space after goes", "a [R]  b", "a| |[R]|b", true},
        {"space between two goes once", "[R] [L]", "[R]|[L]", true},
        {"alone is a word", "ab a", "ab| |a", true},
        {"inside a word it is not", "xab", "x|a|b", true},
        {"before a digit it is not", "ab1", "a|b|1", true},
        {"beside a sign it is", "!ab!", "!|ab|!", true},
        {"found once normalized", "e\xCC\x81", "\xC3\xA9", true},
        {"nothing", "", "", true},
    };
    (void)state;
    struct error err = {0};
    struct tokenizer *t = from_json(ADDED, "{'bos_token':'<s>','eos_token':{'content':'<s>!'}}",
                                    "{'eos_token_id':[17,14]}", &err);
    if (t == NULL) fail_msg("%s", err.message);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *got =
            pieces(t, span_str(rows[i].text), (struct encode_flags){false, rows[i].parse_special, 0});
        if (strcmp(got, rows[i].want) != 0) {
            fail_msg("%s: %s, want %s", rows[i].name, got, rows[i].want);
        }
    }
    assert_string_equal(pieces(t, span_str("a"), full), "<s>|a");
    assert_int_equal(tokenizer_bos(t), 10);
    assert_int_equal(tokenizer_eos(t), 17);
    assert_true(tokenizer_add_bos(t));
    assert_true(tokenizer_is_eog(t, 17) && tokenizer_is_eog(t, 14) && !tokenizer_is_eog(t, 10));
    assert_true(tokenizer_is_special(t, 10) && !tokenizer_is_special(t, 14) &&
                !tokenizer_is_special(t, -1));
    assert_int_equal(tokenizer_find(t, span_str("<tool>")), 14);
    assert_int_equal(tokenizer_find(t, span_str(" ")), 2);
    assert_int_equal(tokenizer_find(t, span_str("nowhere")), -1);
    assert_int_equal(tokenizer_piece(t, 10, true).n, 0);
    assert_int_equal(tokenizer_piece(t, 1000, false).n, 0);
    tokenizer_free(t);
}

/* ---- SentencePiece ---- */

static struct tokenizer *small_spm(void)
{
    static const struct {
        const char *text;
        float score;
        uint8_t kind;
    } rows[] = {
        {"<unk>", 0, TOKEN_UNKNOWN}, {"<s>", 0, TOKEN_CONTROL},    {"</s>", 0, TOKEN_CONTROL},
        {"<0x00>", 0, TOKEN_BYTE},   {"<0xC3>", 0, TOKEN_BYTE},    {"<0xA9>", 0, TOKEN_BYTE},
        {"<0xFF>", 0, TOKEN_BYTE},   {MARK, -9, TOKEN_NORMAL},     {"h", -8, TOKEN_NORMAL},
        {"i", -8, TOKEN_NORMAL},     {MARK "h", -2, TOKEN_NORMAL}, {MARK "hi", -1, TOKEN_NORMAL},
        {"hi", -3, TOKEN_NORMAL},    {"ii", -3, TOKEN_NORMAL},     {MARK MARK, -4, TOKEN_NORMAL},
        {"xi", -1, TOKEN_NORMAL},    {"<think>", 0, TOKEN_USER},
    };
    enum { N = sizeof(rows) / sizeof(rows[0]) };
    struct vocab_token tokens[N];
    for (size_t i = 0; i < N; i++) {
        tokens[i] = (struct vocab_token){span_str(rows[i].text), rows[i].score, rows[i].kind, 0,
                                         rows[i].kind == TOKEN_NORMAL};
    }
    struct vocab_source s;
    struct error err = {0};
    vocab_source_init(&s);
    s.model = VOCAB_SPM;
    s.tokens = tokens;
    s.n_tokens = N;
    s.byte_fallback = s.decode_bytes = s.escape_spaces = s.strip_space = s.add_bos = true;
    s.prefix = PREFIX_SPACE;
    s.bos = 1;
    s.eos = 2;
    s.unk = s.model_unk = 0;
    struct tokenizer *t = tokenizer_new(&s, &err);
    if (t == NULL) fail_msg("%s", err.message);
    return t;
}

static void sentencepiece(void **state)
{
    static const struct {
        const char *name, *text;
        int want[12]; /* up to -1 */
    } rows[] = {
        {"a prefix, best score first", "hi", {11, -1}},
        {"its own space besides", " hi", {7, 11, -1}},
        {"equal scores: the left one", "iii", {7, 13, 9, -1}},
        {"runs of spaces", "   hi", {14, 7, 11, -1}},
        {"a character no token has", "\xC3\xA9", {7, 4, 5, -1}},
        {"a character only inside tokens", "xi", {7, 15, -1}},
        {"alone it cannot be spelled", "x", {7, 0, -1}},
        {"a byte that is no UTF-8", "\xFF", {7, 6, -1}},
        {"a prefix after an added token, too", "hi<think>hi", {11, 16, 11, -1}},
        {"nothing", "", {-1}},
    };
    (void)state;
    struct tokenizer *t = small_spm();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tokens got = {0};
        size_t n = 0;
        while (rows[i].want[n] >= 0) {
            n++;
        }
        assert_true(tokenizer_encode(t, span_str(rows[i].text), plain, &got, NULL));
        bool same = got.n == n && (n == 0 || memcmp(got.ids, rows[i].want, n * sizeof(int)) == 0);
        if (!same) {
            fail_msg("%s: %zu tokens: %s", rows[i].name, got.n,
                     pieces(t, span_str(rows[i].text), plain));
        }
        tokens_clear(&got);
    }
    tokenizer_free(t);
}

/* The first space goes at the start of a text, but not where a stream goes on. */
static void first_space(void **state)
{
    (void)state;
    struct tokenizer *t = small_spm();
    struct detok d;
    struct buffer out;
    const int ids[] = {1, 11, 11};
    buffer_init(&out, 100);
    assert_true(tokenizer_decode(t, ids, 3, true, &out, NULL));
    assert_true(span_is(buffer_span(&out), "hi hi"));
    out.n = 0;
    assert_true(tokenizer_decode(t, ids, 3, false, &out, NULL));
    assert_true(span_is(buffer_span(&out), "<s> hi hi"));
    detok_init(&d, t, true, false);
    assert_true(span_is(detok_push(&d, 11), " hi"));
    detok_init(&d, t, true, true);
    assert_true(span_is(detok_push(&d, 1), ""));
    assert_true(span_is(detok_push(&d, 11), "hi"));
    assert_true(span_is(detok_push(&d, 11), " hi"));
    struct error err = {0};
    assert_false(tokenizer_decode(t, (const int[]){1, -5}, 2, true, &out, &err));
    assert_string_equal(err.param, "tokens[1]");
    buffer_clear(&out);
    tokenizer_free(t);
}

/* ---- Metaspace, unknown tokens ---- */

#define CHARS(pre, more) \
    "{'added_tokens':[{'id':6,'content':'<a>'}],'pre_tokenizer':" pre \
    ",'decoder':{'type':'Metaspace'},'model':{'unk_token':'?'," more \
    "'vocab':{'?':0,'a':1,'b':2,'\\u2581':3,'ab':4,'\\u2581a':5},'merges':['a b','\\u2581 a']}}"

static void metaspace(void **state)
{
    static const struct {
        const char *name, *json, *text, *want;
    } rows[] = {
        {"always, unless there", CHARS("{'type':'Metaspace'}", ""), " ab<a>ab a",
         " |ab|<a>| |ab| a"},
        {"first only", CHARS("{'type':'Metaspace','prepend_scheme':'first'}", ""), "a<a>a",
         " a|<a>|a"},
        {"never", CHARS("{'type':'Metaspace','prepend_scheme':'never'}", ""), "ab a", "ab| a"},
        {"unknown, one each", CHARS("{'type':'Metaspace','prepend_scheme':'never'}", ""), "axyb",
         "a|?|?|b"},
        {"unknown, fused",
         CHARS("{'type':'Metaspace','prepend_scheme':'never'}", "'fuse_unk':true,"), "axyb",
         "a|?|b"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err = {0};
        struct tokenizer *t = from_json(rows[i].json, NULL, NULL, &err);
        if (t == NULL) fail_msg("%s: %s", rows[i].name, err.message);
        const char *got = pieces(t, span_str(rows[i].text), parse);
        if (strcmp(got, rows[i].want) != 0) {
            fail_msg("%s: %s, want %s", rows[i].name, got, rows[i].want);
        }
        tokenizer_free(t);
    }
}

/* ---- characters that are nothing ---- */

/* Without an unknown token what has no symbol goes before the merges, so its neighbours meet: in
 * short words, in long ones, and in those that are cut. */
static void left_out(void **state)
{
    static const char *const vocabularies[] = {
        "{'pre_tokenizer':{'type':'ByteLevel','use_regex':false},"
        "'model':{'vocab':{'a':0,'b':1,'ab':2},'merges':['a b']}}",
        "{'model':{'vocab':{'a':0,'b':1,'ab':2},'merges':['a b']}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(vocabularies) / sizeof(*vocabularies); i++) {
        struct error err = {0};
        struct tokenizer *t = from_json(vocabularies[i], NULL, NULL, &err);
        if (t == NULL) fail_msg("%s", err.message);
        assert_string_equal(pieces(t,
                                   span_str("a\x1d"
                                            "b"),
                                   plain),
                            "ab");
        assert_string_equal(pieces(t, span_str("xaxxbx"), plain), "ab");
        assert_string_equal(pieces(t, span_str("xx"), plain), "");
        char text[600] = {0};
        for (size_t n = 0; n < sizeof(text) - 6; n += 6) {
            memcpy(text + n,
                   "\xC3\xA9"
                   "axxb",
                   6);
        }
        struct tokens ids = {0};
        assert_true(tokenizer_encode(t, span_str(text), plain, &ids, NULL));
        assert_int_equal(ids.n, strlen(text) / 6);
        assert_int_equal(ids.ids[ids.n - 1], 2);
        tokens_clear(&ids);
        tokenizer_free(t);
    }
}

/* ---- decoders ---- */

#define SMALL(more) \
    "{" more ",'added_tokens':[{'id':4,'content':'[\\u00e9]','normalized':true}," \
    "{'id':5,'content':'\\u2581<P>','special':true}],'model':{'byte_fallback':true," \
    "'vocab':{'a':0,'\\u2581a':1,'<0x41>':2,'<0xC3>':3},'merges':[]}}"

static void decoders(void **state)
{
    static const struct {
        const char *name, *json, *want; /* of the ids 1 2 4 5 */
    } rows[] = {
        {"bytes by their fallback",
         SMALL("'decoder':{'type':'Sequence','decoders':[{'type':'Replace','pattern':{'String':"
               "'\\u2581'},'content':' '},{'type':'ByteFallback'},{'type':'Fuse'}]}"),
         " aA[\xC3\xA9] <P>"},
        {"Metaspace leaves names of bytes", SMALL("'decoder':{'type':'Metaspace'}"),
         "a<0x41>[\xC3\xA9] <P>"},
        {"an added token is shown normalized",
         SMALL("'normalizer':{'type':'NFD'},'decoder':{'type':'Metaspace'}"),
         "a<0x41>[e\xCC\x81] <P>"},
        {"and so in a sequence of forms",
         SMALL("'normalizer':{'type':'Sequence','normalizers':[{'type':'NFKD'},{'type':'Replace',"
               "'pattern':{'String':'e'},'content':'o'}]},'decoder':{'type':'ByteFallback'}"),
         MARK "aA[o\xCC\x81]" MARK "<P>"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err = {0};
        struct buffer out;
        struct tokenizer *t = from_json(rows[i].json, NULL, NULL, &err);
        if (t == NULL) fail_msg("%s: %s", rows[i].name, err.message);
        buffer_init(&out, 1000);
        assert_true(tokenizer_decode(t, (const int[]){1, 2, 4, 5}, 4, false, &out, NULL));
        if (!span_is(buffer_span(&out), rows[i].want)) {
            fail_msg("%s: %.*s", rows[i].name, (int)out.n, out.p);
        }
        buffer_clear(&out);
        tokenizer_free(t);
    }
}

/* ---- any bytes ---- */

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

static void random_bytes(char *p, size_t n, uint64_t *seed)
{
    static const char *const words[] = {
        "the ",  " \xE4\xBD\xA0\xE5\xA5\xBD", "\r\n", "  ", "<think>", "<|im_end|>",
        "12345", "\xF0\x9F\x98\x80",          "'ll"};
    for (size_t i = 0; i < n;) {
        uint64_t r = next_random(seed);
        const char *w = words[r % (sizeof(words) / sizeof(words[0]))];
        if (r & 256 && strlen(w) <= n - i) {
            memcpy(p + i, w, strlen(w));
            i += strlen(w);
        } else {
            p[i++] = (char)(r >> 9);
        }
    }
}

static bool there_and_back(const struct tokenizer *t, struct span text, struct encode_flags flags)
{
    struct tokens ids = {0};
    struct buffer out;
    buffer_init(&out, text.n + 100);
    bool ok = tokenizer_encode(t, text, flags, &ids, NULL) && ids.n <= text.n &&
              tokenizer_decode(t, ids.ids, ids.n, false, &out, NULL) &&
              span_eq(buffer_span(&out), text);
    buffer_clear(&out);
    tokens_clear(&ids);
    return ok;
}

static void any_bytes(void **state)
{
    static const char *const folders[] = {"tests/golden/data/tokenizers/llama-rope3",
                                          "tests/golden/data/tokenizers/llama-k256",
                                          "tests/golden/data/tokenizers/deepseek3-mtp"};
    static char text[5000];
    (void)state;
    uint64_t seed = 3;
    for (size_t f = 0; f < sizeof(folders) / sizeof(folders[0]); f++) {
        struct error err = {0};
        struct tokenizer *t = tokenizer_from_hf(folders[f], &err);
        if (t == NULL) fail_msg("%s", err.message);
        for (int i = 0; i < 300; i++) {
            size_t n = next_random(&seed) % (i % 20 == 0 ? 5000 : 60);
            random_bytes(text, n, &seed);
            if (!there_and_back(t, span_of(text, n), i % 2 == 0 ? parse : plain)) {
                fail_msg("%s, text %d", folders[f], i);
            }
        }
        tokenizer_free(t);
    }
}

/* A text of one kind of character, a megabyte long, takes time in proportion.
 * (Quadratic work would take hours.) */
static void long_runs(void **state)
{
    static const char *const units[] = {"a",    " ",         "\n",    "<", "'", "7", "\xE4\xBD\xA0",
                                        "\xFF", "e\xCC\x81", "<|im_", "aA"};
    (void)state;
    enum { N = 1 << 20 };
    char *text = malloc(N);
    struct tokenizer *t = tokenizer_from_hf("tests/golden/data/tokenizers/llama-rope3", NULL);
    assert_non_null(t);
    for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
        size_t len = strlen(units[u]), n = N / len * len;
        for (size_t i = 0; i < n; i += len) {
            memcpy(text + i, units[u], len);
        }
        if (!there_and_back(t, span_of(text, n), parse)) fail_msg("a run of \"%s\"", units[u]);
    }
    tokenizer_free(t);
    free(text);
}

/* ---- threads ---- */

struct worker {
    const struct tokenizer *t;
    struct span text;
    const struct tokens *want;
    bool same;
};

static void *encode_often(void *arg)
{
    struct worker *w = arg;
    w->same = true;
    for (int i = 0; i < 50; i++) {
        struct tokens got = {0};
        w->same = w->same && tokenizer_encode(w->t, w->text, parse, &got, NULL) &&
                  got.n == w->want->n && memcmp(got.ids, w->want->ids, got.n * sizeof(int)) == 0;
        tokens_clear(&got);
    }
    return NULL;
}

static void many_threads(void **state)
{
    enum { THREADS = 12 }; /* more than the pool keeps */
    static char text[3000];
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    struct tokens want = {0};
    uint64_t seed = 11;
    (void)state;
    struct tokenizer *t = tokenizer_from_hf("tests/golden/data/tokenizers/qwen2-bias", NULL);
    assert_non_null(t);
    random_bytes(text, sizeof(text), &seed);
    assert_true(tokenizer_encode(t, span_of(text, sizeof(text)), parse, &want, NULL));
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){t, span_of(text, sizeof(text)), &want, false};
        assert_int_equal(pthread_create(&threads[i], NULL, encode_often, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(workers[i].same);
    }
    tokens_clear(&want);
    tokenizer_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(added_tokens), cmocka_unit_test(sentencepiece),
        cmocka_unit_test(first_space),  cmocka_unit_test(metaspace),
        cmocka_unit_test(left_out),     cmocka_unit_test(decoders),
        cmocka_unit_test(any_bytes),    cmocka_unit_test(long_runs),
        cmocka_unit_test(many_threads),
    };
    return cmocka_run_group_tests_name("tokenizer", tests, NULL, NULL);
}
