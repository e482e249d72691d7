/* tests/unit/test_reasoning.c - thought and answer, however the text is cut.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/generate/reasoning.h"

static const struct row {
    const char *name;
    bool opened; /* the prompt ends with the opening tag */
    const char *text, *thought, *answer;
} rows[] = {
    {"plain answer", false, "Hello", "", "Hello"},
    {"nothing", false, "", "", ""},
    {"nothing, opened", true, "", "", ""},
    {"one block", false, "<think>why</think>because", "why", "because"},
    {"new lines around the tags", false, "<think>\n\nwhy\n</think>\n\n42\n", "why", "42\n"},
    {"new lines inside stay", false, "<think>a\n\nb</think>c\n\nd", "a\n\nb", "c\n\nd"},
    {"other white space stays", false, "<think> a </think> b ", " a ", " b "},
    {"white space before the tag", false, " \n\t<think>a</think>b", "a", "b"},
    {"opened by the prompt", true, "\nwhy\n</think>\n\n42", "why", "42"},
    {"opened, never closed", true, "\nwhy so", "why so", ""},
    {"opened, ends in a partial tag", true, "why</thin", "why</thin", ""},
    {"never closed, new line at the end", false, "<think>why\n", "why\n", ""},
    {"empty thoughts", false, "<think>\n\n</think>\n\n42", "", "42"},
    {"opened and closed at once", true, "</think>42", "", "42"},
    {"almost a tag", false, "<thin", "", "<thin"},
    {"almost a tag, then text", false, "<thinking>x", "", "<thinking>x"},
    {"tag after text is text", false, "so <think>x</think>", "", "so <think>x</think>"},
    {"second block is text", false, "<think>a</think>b<think>c</think>", "a", "b<think>c</think>"},
    {"closing tag in the answer", false, "<think>a</think>b</think>c", "a", "b</think>c"},
    {"closing tag without opening", false, "a</think>b", "", "a</think>b"},
    {"false starts of the closing tag", false, "<think>a</</thi</think>b", "a</</thi", "b"},
    {"opening tag inside", true, "a<think>b</think>c", "a<think>b", "c"},
    {"only white space", false, " \n ", "", " \n "},
    {"many bytes a character", false, "<think>naïve 日本</think>答え🎉", "naïve 日本", "答え🎉"},
};

/* Feed the text in pieces of n bytes, or in two pieces cut at n. */
static void check(const struct row *row, size_t n, bool once)
{
    struct span text = span_str(row->text);
    struct reasoning r;
    struct buffer thought, answer;
    buffer_init(&thought, 1 << 20);
    buffer_init(&answer, 1 << 20);
    reasoning_init(&r, "<think>", "</think>", row->opened ? REASONING_OPENED : REASONING_CLOSED);
    for (size_t at = 0; at < text.n;) {
        size_t to = once && at > 0 ? text.n : at + n;
        struct span piece = span_slice(text, at, to);
        reasoning_feed(&r, piece, &thought, &answer);
        at += piece.n;
    }
    reasoning_end(&r, &thought, &answer);
    bool right = span_eq(buffer_span(&thought), span_str(row->thought)) &&
                 span_eq(buffer_span(&answer), span_str(row->answer));
    if (!right) {
        print_error("%s, cut at %zu: thought \"%.*s\", answer \"%.*s\"\n", row->name, n,
                    (int)thought.n, thought.p == NULL ? "" : thought.p, (int)answer.n,
                    answer.p == NULL ? "" : answer.p);
    }
    assert_true(right);
    reasoning_clear(&r);
    buffer_clear(&thought);
    buffer_clear(&answer);
}

static void test_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n = strlen(rows[i].text);
        for (size_t cut = 1; cut <= n + 1; cut++) {
            check(&rows[i], cut, false);
            check(&rows[i], cut, true);
        }
    }
}

static void test_no_tags(void **state)
{
    struct reasoning r;
    struct buffer thought, answer;
    (void)state;
    buffer_init(&thought, 100);
    buffer_init(&answer, 100);
    reasoning_init(&r, NULL, NULL, REASONING_CLOSED);
    reasoning_feed(&r, span_str("<think>a</think>"), &thought, &answer);
    reasoning_end(&r, &thought, &answer);
    assert_int_equal(thought.n, 0);
    assert_string_equal(answer.p, "<think>a</think>");
    reasoning_clear(&r);
    buffer_clear(&answer);
}

/* A model that writes white space for ever makes nothing grow for ever, and none of it is lost. */
static void test_endless_white_space(void **state)
{
    static char blank[1 << 16];
    struct reasoning r;
    struct buffer thought, answer;
    size_t fed = 0;
    (void)state;
    memset(blank, ' ', sizeof(blank));
    buffer_init(&thought, 1 << 24);
    buffer_init(&answer, 1 << 24);
    reasoning_init(&r, "<think>", "</think>", REASONING_CLOSED);
    for (int i = 0; i < 40; i++, fed += sizeof(blank)) {
        reasoning_feed(&r, span_of(blank, sizeof(blank)), &thought, &answer);
    }
    assert_true(r.held.n <= 1 << 20);
    reasoning_end(&r, &thought, &answer);
    assert_int_equal(answer.n, fed);
    reasoning_clear(&r);
    buffer_clear(&answer);
}

static void test_is_opened(void **state)
{
    (void)state;
    static const struct {
        const char *turn;
        enum reasoning_start start;
    } turns[] = {
        {"x<think>\n", REASONING_OPENED},
        {"<think>", REASONING_OPENED},
        {"<think>\n\n</think>\n\n", REASONING_CLOSED},
        {"<think", REASONING_CLOSED},
        {"", REASONING_CLOSED},
        {"<think>\nI need", REASONING_BEGUN},
        {"<think>a</think>b<think>c", REASONING_BEGUN},
        {"<think>a</think", REASONING_BEGUN},
        {"</think><think>", REASONING_OPENED},
    };
    for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
        assert_int_equal(reasoning_start(span_str(turns[i].turn), "<think>", "</think>"),
                         turns[i].start);
    }
    assert_int_equal(reasoning_start(span_str("<think>"), NULL, NULL), REASONING_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_no_tags),
        cmocka_unit_test(test_endless_white_space),
        cmocka_unit_test(test_is_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
