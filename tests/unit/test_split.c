/* tests/unit/test_split.c - the words that each named pre-tokenizer cuts texts
 * into.
 *
 * The expected words are what Hugging Face's tokenizers 0.23 makes with the same
 * model's tokenizer.json patterns (Split, Digits); "|" stands between words. The
 * texts hold what the patterns disagree about: contractions in both cases (and the
 * long s, which equals s there), digits and fractions, white space of Unicode and
 * what only PCRE2 takes for it (U+180E), combining marks, scripts, changes of case,
 * emoji.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/buffer.h"
#include "engine/tokenizer/split.h"

/* clang-format off */
static const struct {
    const char *pre, *words;
} rows[] = {
    {"gpt-2", "I|'ll| say| it|'s| DON|'|T\305\277o"},
    {"gpt-2", "price| 12345|.|67| and| 3\302\275"},
    {"gpt-2", " | two| | spaces|\012\012|\011|x| =| y|;|  "},
    {"gpt-2", "caf\303\251| e|\314\201|t\303\251| \340\244\226|\340\245\213|\340\244\234"},
    {"gpt-2", "\344\275\240\345\245\275\344\270\226\347\225\214|123|\343\201\202\343\202\242\355\225\234\352\265\255"},
    {"gpt-2", "a|\341\240\216|b|\302\240|c|\343\200\200|d|\342\200\250|e"},
    {"gpt-2", "<|tag|>!\077|\015\012\015|\012|}"},
    {"gpt-2", "CamelCase| HTTPServer"},
    {"gpt-2", "\360\237\230\200\360\237\230\200| ok|..."},
    {"llama-bpe", "I|'ll| say| it|'s| DON|'T|\305\277o"},
    {"llama-bpe", "price| |123|45|.|67| and| |3\302\275"},
    {"llama-bpe", " | two| | spaces|\012\012|\011x| =| y|;|  "},
    {"llama-bpe", "caf\303\251| e|\314\201t\303\251| \340\244\226|\340\245\213\340\244\234"},
    {"llama-bpe", "\344\275\240\345\245\275\344\270\226\347\225\214|123|\343\201\202\343\202\242\355\225\234\352\265\255"},
    {"llama-bpe", "a|\341\240\216b|\302\240c|\343\200\200d|\342\200\250e"},
    {"llama-bpe", "<tag|>!\077\015\012\015\012|}"},
    {"llama-bpe", "CamelCase| HTTPServer"},
    {"llama-bpe", "\360\237\230\200\360\237\230\200| ok|..."},
    {"qwen2", "I|'ll| say| it|'s| DON|'T|\305\277o"},
    {"qwen2", "price| |1|2|3|4|5|.|6|7| and| |3|\302\275"},
    {"qwen2", " | two| | spaces|\012\012|\011x| =| y|;|  "},
    {"qwen2", "caf\303\251| e|\314\201t\303\251| \340\244\226|\340\245\213\340\244\234"},
    {"qwen2", "\344\275\240\345\245\275\344\270\226\347\225\214|1|2|3|\343\201\202\343\202\242\355\225\234\352\265\255"},
    {"qwen2", "a|\341\240\216b|\302\240c|\343\200\200d|\342\200\250e"},
    {"qwen2", "<tag|>!\077\015\012\015\012|}"},
    {"qwen2", "CamelCase| HTTPServer"},
    {"qwen2", "\360\237\230\200\360\237\230\200| ok|..."},
    {"smollm", "I|'ll| say| it|'s| DON|'|T\305\277o"},
    {"smollm", "price| |1|2|3|4|5|.|6|7| and| |3|\302\275"},
    {"smollm", " | two| | spaces|\012\012|\011|x| =| y|;|  "},
    {"smollm", "caf\303\251| e|\314\201|t\303\251| \340\244\226|\340\245\213|\340\244\234"},
    {"smollm", "\344\275\240\345\245\275\344\270\226\347\225\214|1|2|3|\343\201\202\343\202\242\355\225\234\352\265\255"},
    {"smollm", "a|\341\240\216|b|\302\240|c|\343\200\200|d|\342\200\250|e"},
    {"smollm", "<|tag|>!\077|\015\012\015|\012|}"},
    {"smollm", "CamelCase| HTTPServer"},
    {"smollm", "\360\237\230\200\360\237\230\200| ok|..."},
    {"deepseek-v3", "I|'ll| say| it|'s| DON|'T|\305\277o"},
    {"deepseek-v3", "price| |123|45|.|67| and| |3\302\275"},
    {"deepseek-v3", " | two| | spaces|\012\012|\011x| =| y|;|  "},
    {"deepseek-v3", "caf\303\251| e\314\201t\303\251| \340\244\226\340\245\213\340\244\234"},
    {"deepseek-v3", "\344\275\240\345\245\275\344\270\226\347\225\214|123|\343\201\202\343\202\242|\355\225\234\352\265\255"},
    {"deepseek-v3", "a|\341\240\216b|\302\240c|\343\200\200d|\342\200\250e"},
    {"deepseek-v3", "<tag|>!\077\015\012\015\012|}"},
    {"deepseek-v3", "CamelCase| HTTPServer"},
    {"deepseek-v3", "\360\237\230\200\360\237\230\200| ok|..."},
    {"deepseek-llm", "I|'|ll| say| it|'|s| DON|'|T|\305\277|o"},
    {"deepseek-llm", "price| |1|2|3|4|5|.|6|7| and| |3|\302\275"},
    {"deepseek-llm", " | two| | spaces|\012|\012|\011x| =| y|;|  "},
    {"deepseek-llm", "caf|\303\251| e|\314\201|t|\303\251| |\340\244\226\340\245\213\340\244\234"},
    {"deepseek-llm", "\344\275\240\345\245\275\344\270\226\347\225\214|1|2|3|\343\201\202\343\202\242\355\225\234\352\265\255"},
    {"deepseek-llm", "a|\341\240\216|b|\302\240c|\343\200\200|d|\342\200\250|e"},
    {"deepseek-llm", "<|tag|>!\077|\015|\012|\015|\012|}"},
    {"deepseek-llm", "CamelCase| HTTPServer"},
    {"deepseek-llm", "\360\237\230\200\360\237\230\200| ok|..."},
    {"deepseek-coder", "I|'|ll| say| it|'|s| DON|'|T\305\277o"},
    {"deepseek-coder", "price| |1|2|3|4|5|.|6|7| and| |3|\302\275"},
    {"deepseek-coder", " | two| | spaces|\012|\012|\011x| =| y|;|  "},
    {"deepseek-coder", "caf\303\251| e|\314\201|t\303\251| |\340\244\226|\340\245\213|\340\244\234"},
    {"deepseek-coder", "\344\275\240\345\245\275\344\270\226\347\225\214|1|2|3|\343\201\202\343\202\242\355\225\234\352\265\255"},
    {"deepseek-coder", "a|\341\240\216|b|\302\240c|\343\200\200|d|\342\200\250|e"},
    {"deepseek-coder", "<|tag|>|!\077|\015|\012|\015|\012|}"},
    {"deepseek-coder", "CamelCase| HTTPServer"},
    {"deepseek-coder", "\360\237\230\200\360\237\230\200| ok|..."},
    {"gpt-4o", "I'll| say| it's| DON'T|\305\277o"},
    {"gpt-4o", "price| |123|45|.|67| and| |3\302\275"},
    {"gpt-4o", " | two| | spaces|\012\012|\011x| =| y|;|  "},
    {"gpt-4o", "caf\303\251| e\314\201t\303\251| \340\244\226\340\245\213\340\244\234"},
    {"gpt-4o", "\344\275\240\345\245\275\344\270\226\347\225\214|123|\343\201\202\343\202\242\355\225\234\352\265\255"},
    {"gpt-4o", "a|\341\240\216b|\302\240c|\343\200\200d|\342\200\250e"},
    {"gpt-4o", "<tag|>!\077\015\012\015\012|}"},
    {"gpt-4o", "Camel|Case| HTTPServer"},
    {"gpt-4o", "\360\237\230\200\360\237\230\200| ok|..."},
    {"tekken", "I|'ll| say| it|'s| DON|'T\305\277o"},
    {"tekken", "price| |1|2|3|4|5|.|6|7| and| |3|\302\275"},
    {"tekken", " | two| | spaces|\012\012|\011x| =| y|;|  "},
    {"tekken", "caf\303\251| e\314\201t\303\251| \340\244\226\340\245\213\340\244\234"},
    {"tekken", "\344\275\240\345\245\275\344\270\226\347\225\214|1|2|3|\343\201\202\343\202\242\355\225\234\352\265\255"},
    {"tekken", "a|\341\240\216b|\302\240c|\343\200\200d|\342\200\250e"},
    {"tekken", "<tag|>!\077\015\012\015\012|}"},
    {"tekken", "Camel|Case| HTTPServer"},
    {"tekken", "\360\237\230\200\360\237\230\200| ok|..."},
};
/* clang-format on */

struct joined {
    struct buffer out;
    bool any;
};

static bool join(void *arg, struct span word)
{
    struct joined *j = arg;
    if (j->any) buffer_add_char(&j->out, '|');
    buffer_add_span(&j->out, word);
    j->any = true;
    return true;
}

struct splitter {
    struct split_step steps[VOCAB_MAX_STEPS];
    struct regex_match *matches[VOCAB_MAX_STEPS];
    int n;
};

static void splitter_init(struct splitter *s, const struct vocab_split *splits, int n)
{
    struct error err = {0};
    *s = (struct splitter){.n = n};
    for (int i = 0; i < n; i++) {
        s->steps[i] = (struct split_step){regex_new(splits[i].pattern, &err), splits[i].behavior,
                                          splits[i].invert};
        if (s->steps[i].regex == NULL) fail_msg("%s", err.message);
        s->matches[i] = regex_match_new(s->steps[i].regex, &err);
        assert_non_null(s->matches[i]);
    }
}

static void splitter_clear(struct splitter *s)
{
    for (int i = 0; i < s->n; i++) {
        regex_match_free(s->matches[i]);
        regex_free(s->steps[i].regex);
    }
}

/* Is text cut into these words? */
static bool splits_as(const struct splitter *s, const char *name, struct span text,
                      const char *want)
{
    struct joined j = {0};
    struct error err = {0};
    buffer_init(&j.out, 1 << 20);
    bool ok = split_text(s->steps, s->matches, s->n, text, join, &j, &err) &&
              span_is(buffer_span(&j.out), want);
    if (!ok) {
        printf("%s: got  %.*s %s\n%s: want %s\n", name, (int)j.out.n, j.out.p, err.message, name,
               want);
    }
    buffer_clear(&j.out);
    return ok;
}

static void named_pre_tokenizers(void **state)
{
    (void)state;
    int bad = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct vocab_source source;
        struct splitter s;
        struct buffer text;
        vocab_source_init(&source);
        assert_true(vocab_source_use_pre(&source, span_str(rows[i].pre), NULL));
        splitter_init(&s, source.splits, source.n_splits);
        buffer_init(&text, 1000);
        for (const char *p = rows[i].words; *p != '\0'; p++) {
            if (*p != '|') buffer_add_char(&text, *p);
        }
        bad += !splits_as(&s, rows[i].pre, buffer_span(&text), rows[i].words);
        buffer_clear(&text);
        splitter_clear(&s);
    }
    assert_int_equal(bad, 0);
}

static void unknown_name(void **state)
{
    (void)state;
    struct vocab_source source;
    struct error err = {0};
    vocab_source_init(&source);
    assert_false(vocab_source_use_pre(&source, span_str("qwen-9000"), &err));
    assert_int_equal(err.code, ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "qwen-9000"));
}

/* Hugging Face's delimiter behaviors (tokenizers, normalizer.rs: the examples of `split`). */
static void behaviors(void **state)
{
    static const struct {
        const char *name, *pattern, *text, *words;
        enum split_behavior behavior;
        bool invert;
    } cases[] = {
        {"removed", "-", "the-final--countdown", "the|final|countdown", SPLIT_REMOVED, false},
        {"isolated", "-", "the-final--countdown", "the|-|final|-|-|countdown", SPLIT_ISOLATED,
         false},
        {"with previous", "-", "the-final--countdown", "the-|final-|-|countdown",
         SPLIT_MERGED_WITH_PREVIOUS, false},
        {"with next", "-", "the-final--countdown", "the|-final|-|-countdown",
         SPLIT_MERGED_WITH_NEXT, false},
        {"contiguous", "-", "the-final--countdown", "the|-|final|--|countdown", SPLIT_CONTIGUOUS,
         false},
        {"inverted, removed", "\\w+", "the-final--countdown", "the|final|countdown", SPLIT_REMOVED,
         true},
        {"delimiters at both ends", "-", "-a-", "-|a-", SPLIT_MERGED_WITH_PREVIOUS, false},
        {"delimiters at both ends, next", "-", "-a-", "-a|-", SPLIT_MERGED_WITH_NEXT, false},
        {"end of every line", "a$", "ba\na", "b|a|\n|a", SPLIT_ISOLATED, false},
        {"hexadecimal digits", "\\h+", "xyz12AFg", "xyz|12AF|g", SPLIT_ISOLATED, false},
        {"code point", "\\u00e9", "caf\303\251s", "caf|\303\251|s", SPLIT_ISOLATED, false},
        {"Latin-1 numerals are words, others not", "\\w+", "\302\275\342\221\240", "\302\275",
         SPLIT_REMOVED, true},
    };
    (void)state;
    int bad = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct splitter s;
        struct vocab_split split = {span_str(cases[i].pattern), cases[i].behavior, cases[i].invert};
        splitter_init(&s, &split, 1);
        bad += !splits_as(&s, cases[i].name, span_str(cases[i].text), cases[i].words);
        splitter_clear(&s);
    }
    assert_int_equal(bad, 0);
}

/* Bytes that are no UTF-8 are words of their own, and the text around them is cut as usual. */
static void invalid_bytes(void **state)
{
    (void)state;
    struct splitter s;
    struct vocab_split split = {span_str(VOCAB_GPT2_PATTERN), SPLIT_ISOLATED, false};
    splitter_init(&s, &split, 1);
    assert_true(splits_as(&s, "in the middle", span_str("ab\xFF\xFE cd\xE2\x82 ef"),
                          "ab|\xFF\xFE| cd|\xE2\x82| ef"));
    assert_true(
        splits_as(&s, "cut short at the end", span_str("a \xF0\x9F\x98"), "a| |\xF0\x9F\x98"));
    assert_true(splits_as(&s, "nothing else", span_str("\x80"), "\x80"));
    splitter_clear(&s);
}

static void refused_patterns(void **state)
{
    static const struct {
        const char *name, *pattern, *why;
    } cases[] = {
        {"intersection", "[a-z&&[^b]]", "intersection"},
        {"nested class", "[a[bc]]", "inside a class"},
        {"open bracket", "[abc", "at byte"},
        {"lone backslash", "abc\\", "backslash"},
        {"unknown property", "\\p{Nonsense}", "at byte"},
        {"empty", "", "bytes"},
        {"negated inside", "[\\S]", "negated"},
        {"group", "(a", "at byte"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = {0};
        struct regex *r = regex_new(span_str(cases[i].pattern), &err);
        bool ok =
            r == NULL && err.code == ERROR_UNSUPPORTED && strstr(err.message, cases[i].why) != NULL;
        if (!ok) fail_msg("%s: %s", cases[i].name, err.message);
    }
}

/* A pattern that would take exponential time ends in an error; long runs of one class do not. */
static void bounded(void **state)
{
    (void)state;
    enum { N = 1 << 20 };
    static char text[N];
    size_t begin, end;
    struct error err = {0};
    struct regex *hostile = regex_new(span_str("(a|aa)+c?$"), &err),
                 *plain = regex_new(span_str("\\s+$"), &err);
    struct regex *grouped = regex_new(span_str("(?:\\p{L}\\p{M}*)+x"), &err);
    assert_true(hostile != NULL && plain != NULL && grouped != NULL);
    struct regex_match *m = regex_match_new(grouped, &err), *h = regex_match_new(hostile, &err),
                       *p = regex_match_new(plain, &err);
    memset(text, 'a', N);
    text[199] = 'b'; /* what makes every way of reading the a's fail */
    assert_int_equal(regex_next(hostile, h, span_of(text, 200), 0, &begin, &end, &err),
                     REGEX_FAILED);
    assert_true(err.message[0] != '\0');
    text[199] = 'a';
    text[N - 1] = 'x';
    assert_int_equal(regex_next(grouped, m, span_of(text, N), 0, &begin, &end, &err), REGEX_FOUND);
    assert_int_equal(end - begin, N);
    memset(text, ' ', N);
    text[N - 1] = 'x';
    assert_int_equal(regex_next(plain, p, span_of(text, N), 0, &begin, &end, &err), REGEX_NONE);
    regex_match_free(m);
    regex_match_free(h);
    regex_match_free(p);
    regex_free(hostile);
    regex_free(plain);
    regex_free(grouped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(named_pre_tokenizers),
        cmocka_unit_test(unknown_name),
        cmocka_unit_test(behaviors),
        cmocka_unit_test(invalid_bytes),
        cmocka_unit_test(refused_patterns),
        cmocka_unit_test(bounded),
    };
    return cmocka_run_group_tests_name("split", tests, NULL, NULL);
}
