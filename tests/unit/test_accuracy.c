/* tests/unit/test_accuracy.c - the accuracy row: options, references, causes, through whole
 * requests.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/judging.h"

/* clang-format off */
static const struct ask_case cases[] = {
    {"equal", "{\"completion\":\"so \\\\boxed{0.5}\",\"answer\":\"\\\\frac12\"}",
     "\"reward\":1,\"rewards\":{\"accuracy\":1},\"details\":{\"accuracy\":{\"verdict\":\"correct\",\"cause\":\"equal_value\",\"extracted\":\"0.5\",\"from\":\"boxed\",\"gold\":\"\\\\frac12\"}}"},
    {"not equal", "{\"completion\":\"\\\\boxed{3}\",\"answer\":\"4\"}", "\"verdict\":\"incorrect\",\"cause\":\"not_equal\""},
    {"a number as reference", "{\"completion\":\"\\\\boxed{0.1}\",\"answer\":0.1}", "\"reward\":1,"},
    {"any of several", "{\"completion\":\"\\\\boxed{7}\",\"answer\":[\"5\",7]}", "\"reward\":1,"},
    {"nothing found", "{\"completion\":\"\",\"answer\":\"4\"}", "\"cause\":\"no_answer_found\",\"extracted\":null"},
    {"no reference", "{\"completion\":\"\\\\boxed{4}\"}", "\"code\":\"missing_field\""},
    {"a wrong reference", "{\"completion\":\"\\\\boxed{4}\",\"answer\":{}}", "\"code\":\"invalid_type\""},
    {"an empty reference", "{\"completion\":\"\\\\boxed{4}\",\"answer\":\"\"}", "\"reward\":null"},
    {"reasoning in the prompt", "{\"completion\":\"It is \\\\boxed{4}\",\"answer\":\"4\",\"prefill\":\"<think>\\n\"}", "\"cause\":\"only_in_reasoning\""},
    {"bare", "{\"items\":[{\"completion\":\"2x\",\"answer\":\"x+x\"}],\"rewards\":[{\"name\":\"accuracy\",\"form\":\"bare\"}]}", "\"reward\":1,"},
    {"choices", "{\"items\":[{\"completion\":\"It must be B.\",\"answer\":\"B\"}],\"rewards\":[{\"name\":\"accuracy\",\"choices\":[\"A\",\"B\"]}]}", "\"cause\":\"equal_choice\""},
    {"a preset", "{\"items\":[{\"completion\":\"It is 4.\",\"answer\":\"4\"}],\"rewards\":[{\"name\":\"accuracy\",\"preset\":\"hendrycks\"}]}", "\"reward\":0,"},
    {"an option beats its preset", "{\"items\":[{\"completion\":\"It is 4.\",\"answer\":\"4\"}],\"rewards\":[{\"name\":\"accuracy\",\"preset\":\"hendrycks\",\"require_boxed\":false}]}", "\"reward\":1,"},
    {"extract is checked", "{\"items\":[],\"rewards\":[{\"name\":\"accuracy\",\"extract\":[\"pdf\"]}]}", "invalid_value rewards[0].extract"},
    {"choices are checked", "{\"items\":[],\"rewards\":[{\"name\":\"accuracy\",\"choices\":\"AB\"}]}", "invalid_type rewards[0].choices"},
    {"each of the choices is", "{\"items\":[],\"rewards\":[{\"name\":\"accuracy\",\"choices\":[\"A\",5]}]}", "invalid_value rewards[0].choices[1]"},
    {"and each letter's", "{\"items\":[],\"rewards\":[{\"name\":\"accuracy\",\"choices\":{\"A\":\"x\",\"B\":\"\"}}]}", "invalid_value rewards[0].choices.B"},
    {"mode is checked", "{\"items\":[],\"rewards\":[{\"name\":\"accuracy\",\"mode\":\"guess\"}]}", "invalid_value rewards[0].mode"},
    {"votes by value", "{\"items\":[{\"completion\":\"\\\\boxed{1/2}\",\"answer\":\"0.5\",\"group\":\"q\"},{\"completion\":\"\\\\boxed{0.5}\",\"answer\":\"0.5\",\"group\":\"q\"},{\"completion\":\"\\\\boxed{3}\",\"answer\":\"0.5\",\"group\":\"q\"}]}",
     "\"votes\":2"},
};
/* clang-format on */

static void test_requests(void **state)
{
    (void)state;
    ask_all(cases, sizeof(cases) / sizeof(cases[0]));
}

static int open_judge(void **state)
{
    (void)state;
    return judging_open_with("[{\"name\":\"accuracy\"}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
    };
    return cmocka_run_group_tests(tests, open_judge, close_judge);
}
