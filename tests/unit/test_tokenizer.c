/* tests/unit/test_tokenizer.c - the tokenizer as a whole: small vocabularies of its
 * own, every option, bad files, any bytes there and back, many threads.
 *
 * Ids against Hugging Face's on whole models are in tests/golden/test_tokenizers.c.
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

#include "engine/tokenizer/tokenizer.h"
#include "engine/tokenizer/vocab_source.h"

#define MARK "\xE2\x96\x81"

/* ---- documents written with ' for " ---- */

static char *quotes(const char *s)
{
    char *copy = s == NULL ? NULL : strdup(s);
    for (char *p = copy; p != NULL && *p != '\0'; p++) {
        if (*p == '\'') *p = '"';
    }
    return copy;
}

static struct tokenizer *from_json(const char *tokenizer, const char *config,
                                   const char *generation, struct error *err)
{
    char *t = quotes(tokenizer), *c = quotes(config), *g = quotes(generation);
    struct hf_documents d = {.folder = "dir",
                             .tokenizer = span_str(t),
                             .config = span_str(c),
                             .generation = span_str(g)};
    struct tokenizer *made = tokenizer_from_documents(&d, err);
    free(t);
    free(c);
    free(g);
    return made;
}

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

static const struct encode_flags parse = {false, true}, plain = {false, false}, full = {true, true};

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
            pieces(t, span_str(rows[i].text), (struct encode_flags){false, rows[i].parse_special});
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("%s: %s, want %s", rows[i].name, got, rows[i].want);
    }
    assert_string_equal(pieces(t, span_str("a"), full), "<s>|a");
    assert_int_equal(tokenizer_bos(t), 10);
    assert_int_equal(tokenizer_eos(t), 17);
    assert_int_equal(tokenizer_unk(t), -1);
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
    s.byte_fallback = s.escape_spaces = s.strip_space = s.add_bos = true;
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
        if (!same)
            fail_msg("%s: %zu tokens: %s", rows[i].name, got.n,
                     pieces(t, span_str(rows[i].text), plain));
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
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("%s: %s, want %s", rows[i].name, got, rows[i].want);
        tokenizer_free(t);
    }
}

/* ---- documents that are wrong ---- */

#define MODEL "'model':{'vocab':{'a':0,'b':1},'merges':[]}"

static void refused_documents(void **state)
{
    static const struct {
        const char *name, *tokenizer, *config, *generation, *message;
    } rows[] = {
        {"no JSON", "{", NULL, NULL, "dir/tokenizer.json: not valid JSON"},
        {"no object", "[]", NULL, NULL, "dir/tokenizer.json: must hold a JSON object"},
        {"no model", "{}", NULL, NULL, "dir/tokenizer.json: model: must be an object"},
        {"no vocab", "{'model':{'merges':[]}}", NULL, NULL, "model.vocab: must be an object"},
        {"no merges", "{'model':{'vocab':{'a':0}}}", NULL, NULL, "model.merges: must be an array"},
        {"empty vocab", "{'model':{'vocab':{},'merges':[]}}", NULL, NULL, "0 tokens"},
        {"other model", "{'model':{'type':'Unigram','vocab':[]}}", NULL, NULL,
         "model.type: only BPE"},
        {"dropout", "{'model':{'dropout':0.1,'vocab':{'a':0},'merges':[]}}", NULL, NULL,
         "model.dropout"},
        {"affix", "{'model':{'end_of_word_suffix':'</w>','vocab':{'a':0},'merges':[]}}", NULL, NULL,
         "end_of_word_suffix"},
        {"flag is a string", "{'model':{'byte_fallback':'yes'}}", NULL, NULL,
         "model.byte_fallback"},
        {"negative id", "{'model':{'vocab':{'a':-1},'merges':[]}}", NULL, NULL,
         "an id is no integer in range"},
        {"huge id", "{'model':{'vocab':{'a':4000000000},'merges':[]}}", NULL, NULL,
         "an id is no integer in range"},
        {"half an id", "{'model':{'vocab':{'a':0.5},'merges':[]}}", NULL, NULL,
         "an id is no integer in range"},
        {"one id twice", "{'model':{'vocab':{'a':0,'b':0},'merges':[]}}", NULL, NULL,
         "two tokens have the id 0"},
        {"one text twice", "{'added_tokens':[{'id':2,'content':'a'}]," MODEL "}", NULL, NULL,
         "tokens 0 and 2 have the same text"},
        {"merge of one", "{'model':{'vocab':{'a':0},'merges':['a']}}", NULL, NULL,
         "model.merges[0]: a merge must be two tokens"},
        {"merge of three", "{'model':{'vocab':{'a':0},'merges':[['a','a','a']]}}", NULL, NULL,
         "model.merges[0]"},
        {"merge of strangers", "{'model':{'vocab':{'a':0},'merges':['a x']}}", NULL, NULL,
         "a side is no token"},
        {"added token elsewhere", "{'added_tokens':[{'id':0,'content':'x'}]," MODEL "}", NULL, NULL,
         "added_tokens[0].id"},
        {"added token unnamed", "{'added_tokens':[{'id':9}]," MODEL "}", NULL, NULL,
         "added_tokens[0].content"},
        {"unknown normalizer", "{'normalizer':{'type':'BertNormalizer'}," MODEL "}", NULL, NULL,
         "normalizer.type: \"BertNormalizer\" is not supported"},
        {"unknown step",
         "{'pre_tokenizer':{'type':'Sequence','pretokenizers':[{'type':'Digits'},{'type':'Magic'}]}"
         "," MODEL "}",
         NULL, NULL, "pre_tokenizer.pretokenizers[1].type"},
        {"step after ByteLevel",
         "{'pre_tokenizer':{'type':'Sequence','pretokenizers':[{'type':'ByteLevel'},{'type':'"
         "Digits'}]}," MODEL "}",
         NULL, NULL, "pre_tokenizer.pretokenizers[1]"},
        {"bad pattern", "{'pre_tokenizer':{'type':'Split','pattern':{'Regex':'(('}}," MODEL "}",
         NULL, NULL, "pattern \"((\""},
        {"deep sequence",
         "{'normalizer':{'type':'Sequence','normalizers':[{'type':'Sequence','normalizers':[{'type'"
         ":'Sequence','normalizers':[{'type':'Sequence',"
         "'normalizers':[{'type':'Sequence','normalizers':[]}]}]}]}]}," MODEL "}",
         NULL, NULL, "nested too deeply"},
        {"two tokens before the text",
         "{'post_processor':{'type':'TemplateProcessing','single':[{'SpecialToken':{'id':'a'}},{'"
         "SpecialToken':{'id':'a'}}],"
         "'special_tokens':{'a':{'ids':[0]}}}," MODEL "}",
         NULL, NULL, "post_processor.single"},
        {"template without ids",
         "{'post_processor':{'type':'TemplateProcessing','single':[{'SpecialToken':{'id':'q'}}]}"
         "," MODEL "}",
         NULL, NULL, "post_processor.special_tokens"},
        {"template's id too high",
         "{'post_processor':{'type':'TemplateProcessing','single':[{'SpecialToken':{'id':'a'}}],'"
         "special_tokens':{'a':{'ids':[99]}}}," MODEL "}",
         NULL, NULL, "the BOS token is 99; there are 2 tokens"},
        {"config is a list", "{" MODEL "}", "[]", NULL,
         "dir/tokenizer_config.json: must hold a JSON object"},
        {"flag of config", "{" MODEL "}", "{'add_bos_token':1}", NULL,
         "dir/tokenizer_config.json: add_bos_token"},
        {"token of config", "{" MODEL "}", "{'eos_token':3}", NULL,
         "dir/tokenizer_config.json: eos_token"},
        {"template of config", "{" MODEL "}", "{'chat_template':3}", NULL,
         "dir/tokenizer_config.json: chat_template"},
        {"end token too high", "{" MODEL "}", NULL, "{'eos_token_id':[0,7]}",
         "dir/generation_config.json: eos_token_id: is no token"},
        {"end token is a name", "{" MODEL "}", NULL, "{'eos_token_id':'a'}",
         "dir/generation_config.json: eos_token_id"},
    };
    (void)state;
    int bad = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err = {0};
        struct tokenizer *t =
            from_json(rows[i].tokenizer, rows[i].config, rows[i].generation, &err);
        bool known = err.code == ERROR_BAD_FILE || err.code == ERROR_UNSUPPORTED;
        if (t == NULL && known && strstr(err.message, rows[i].message) != NULL) continue;
        printf("%s: code %d, \"%s\", want \"%s\"\n", rows[i].name, (int)err.code, err.message,
               rows[i].message);
        tokenizer_free(t);
        bad++;
    }
    assert_int_equal(bad, 0);
}

/* The model's own configuration names the end tokens where generation_config.json does not. */
static void ends_of_the_model(void **state)
{
    static const struct {
        const char *generation, *model;
        bool first, second;
    } rows[] = {
        {NULL, "{\"eos_token_id\":[0,1]}", true, true},
        {NULL, "{\"eos_token_id\":1}", false, true},
        {NULL, "{\"eos_token_id\":null}", false, false},
        {"{}", "{\"eos_token_id\":1}", false, true},
        {"{\"eos_token_id\":0}", "{\"eos_token_id\":1}", true, false},
    };
    (void)state;
    char *text = quotes("{" MODEL "}");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hf_documents d = {.folder = "dir",
                                 .tokenizer = span_str(text),
                                 .generation = span_str(rows[i].generation),
                                 .model = span_str(rows[i].model)};
        struct tokenizer *t = tokenizer_from_documents(&d, NULL);
        assert_non_null(t);
        if (tokenizer_is_eog(t, 0) != rows[i].first || tokenizer_is_eog(t, 1) != rows[i].second) {
            fail_msg("row %zu: %d %d", i, tokenizer_is_eog(t, 0), tokenizer_is_eog(t, 1));
        }
        tokenizer_free(t);
    }
    free(text);
}

static void missing_folder(void **state)
{
    (void)state;
    struct error err = {0};
    assert_null(tokenizer_from_hf("no/such/folder", &err));
    assert_int_equal(err.code, ERROR_BAD_FILE);
    assert_non_null(strstr(err.message, "no/such/folder/tokenizer.json"));
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
            if (!there_and_back(t, span_of(text, n), i % 2 == 0 ? parse : plain))
                fail_msg("%s, text %d", folders[f], i);
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
        cmocka_unit_test(added_tokens),      cmocka_unit_test(sentencepiece),
        cmocka_unit_test(first_space),       cmocka_unit_test(metaspace),
        cmocka_unit_test(refused_documents), cmocka_unit_test(ends_of_the_model),
        cmocka_unit_test(missing_folder),    cmocka_unit_test(any_bytes),
        cmocka_unit_test(long_runs),         cmocka_unit_test(many_threads),
    };
    return cmocka_run_group_tests_name("tokenizer", tests, NULL, NULL);
}
