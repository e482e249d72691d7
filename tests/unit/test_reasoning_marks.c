/* tests/unit/test_reasoning_marks.c - every family's marks end thoughts, and cut-off thoughts hold no
 * answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/verdicts.h"

#include "base/reasoning_marks.h"

static void test_every_family(void **state)
{
    (void)state;
    const struct reasoning_mark *m;
    char text[400];
    int rows = 0;
    for (; (m = reasoning_mark_at(rows)) != NULL; rows++) {
        bool open;
        snprintf(text, sizeof(text), "%sit is \\boxed{6}%sSo \\boxed{5}", m->open, m->close);
        struct span rest = reasoning_after(span_str(text), &open);
        assert_true(span_is(rest, "So \\boxed{5}") && !open);
        assert_int_equal(check_verdict(m->family, "5", text, MATH_FORM_TEXT, MATH_CORRECT), 0);
        snprintf(text, sizeof(text), "it is \\boxed{6}%sSo \\boxed{5}", m->close);
        assert_true(span_is(reasoning_after(span_str(text), &open), "So \\boxed{5}") && !open);
        snprintf(text, sizeof(text), "%sit is \\boxed{5}. Let me check", m->open);
        reasoning_after(span_str(text), &open);
        assert_true(open);
        assert_int_equal(check_verdict(m->family, "5", text, MATH_FORM_TEXT, MATH_INCORRECT), 0);
    }
    assert_true(rows >= 10);
    assert_null(reasoning_mark_at(-1));
}

static void test_several(void **state)
{
    (void)state;
    bool open;
    struct span last = reasoning_after(span_str("<think>a</think>b[THINK]c[/THINK]d"), &open);
    assert_true(span_is(last, "d") && !open);
    last = reasoning_after(span_str("<think>a</think>b<think>c"), &open);
    assert_true(span_is(last, "b<think>c") && open);
    last = reasoning_after(span_str("[a] < b \xe2\x89\xa4 c"), &open);
    assert_true(last.n == 13 && !open);
    const char *harmony = "<|channel|>analysis<|message|>\\boxed{6}<|end|><|start|>assistant"
                          "<|channel|>final<|message|>So \\boxed{5}<|return|>";
    assert_int_equal(check_verdict("harmony", "5", harmony, MATH_FORM_TEXT, MATH_CORRECT), 0);
    last = reasoning_after(span_of(NULL, 0), &open);
    assert_true(last.n == 0 && !open);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_family),
                                       cmocka_unit_test(test_several)};
    return cmocka_run_group_tests_name("reasoning_marks", tests, NULL, NULL);
}
