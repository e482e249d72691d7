/* tests/unit/test_judge.c - whole requests through the judge: verdicts, errors, groups.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/judging.h"

/* clang-format off */
static const struct ask_case cases[] = {
    {"a good answer", "{\"completion\":\"<think>a</think><answer>4</answer>\",\"id\":\"x\"}",
     "{\"id\":\"x\",\"reward\":1,\"rewards\":{\"format\":1},\"details\":{\"format\":{\"style\":\"r1\",\"missing\":[]}},\"error\":null}"},
    {"what is missing is said", "{\"completion\":\"<think>a<answer>4</answer>\"}",
     "\"details\":{\"format\":{\"cause\":\"missing_tag\",\"style\":\"r1\",\"missing\":[\"</think>\"]}}"},
    {"weights and labels", "{\"items\":[{\"completion\":\"<think>a</think><answer>4</answer>\"}],\"rewards\":[{\"name\":\"format\",\"weight\":0.5},{\"name\":\"format\",\"as\":\"trl\",\"style\":\"trl.think_format\",\"weight\":2}]}",
     "\"reward\":2.5,\"rewards\":{\"format\":1,\"trl\":1}"},
    {"a wrong item costs itself", "{\"items\":[{\"completion\":5},{\"completion\":\"<think>a</think><answer>b</answer>\"}]}",
     "{\"id\":null,\"reward\":null,\"rewards\":{},\"details\":{},\"error\":{\"code\":\"invalid_type\",\"message\":\"completion must be a string or one assistant message, not a number\",\"param\":\"items[0].completion\"}},{\"id\":null,\"reward\":1,"},
    {"an item that is no object", "{\"items\":[7]}", "\"code\":\"invalid_type\",\"message\":\"an item must be an object, not a number\",\"param\":\"items[0]\""},
    {"an unknown field of an item", "{\"items\":[{\"completion\":\"\",\"colour\":1}]}", "\"code\":\"unknown_field\",\"message\":\"unknown field \\\"colour\\\"\",\"param\":\"items[0].colour\""},
    {"a field twice", "{\"items\":[{\"completion\":\"\",\"completion\":\"\"}]}", "invalid_value items[0].completion"},
    {"an item's own list, wrong", "{\"items\":[{\"completion\":\"\",\"rewards\":[{\"name\":\"format\"},{\"name\":\"nope\"}]}]}", "\"code\":\"invalid_value\",\"message\":\"there is no reward \\\"nope\\\"\",\"param\":\"items[0].rewards[1].name\""},
    {"a message", "{\"completion\":{\"role\":\"assistant\",\"reasoning_content\":\"a\",\"content\":\"<answer>4</answer>\"}}", "\"reward\":1,"},
    {"a list of one message", "{\"completion\":[{\"role\":\"assistant\",\"content\":\"<think>q</think><answer>4</answer>\"}]}", "\"reward\":1,"},
    {"the messages of an episode", "{\"completion\":[{\"role\":\"assistant\",\"content\":\"no\",\"tool_calls\":[]},{\"role\":\"tool\",\"content\":\"4\"},{\"role\":\"assistant\",\"content\":\"<think>q</think><answer>4</answer>\"}]}", "\"reward\":1,"},
    {"an episode that ends with a tool's result", "{\"completion\":[{\"role\":\"assistant\",\"content\":\"<think>q</think><answer>4</answer>\"},{\"role\":\"tool\",\"content\":\"4\"}]}", "\"reward\":0,"},
    {"a message without a role", "{\"completion\":[{\"role\":\"assistant\",\"content\":\"\"},{\"content\":\"\"}]}", "\"param\":\"completion[1]\""},
    {"request: a judge model that is not there", "{\"items\":[],\"rewards\":[{\"name\":\"accuracy\",\"equivalence\":true}]}", "not_available rewards[0].equivalence"},
    {"groups of two", "{\"items\":[{\"completion\":\"<think>a</think><answer>4</answer>\"},{\"completion\":\"4\"}],\"group_size\":2,\"advantage\":\"dr_grpo\"}",
     "\"advantage\":0.5,\"keep\":true,"},
    {"group statistics", "{\"items\":[{\"completion\":\"<think>a</think><answer>4</answer>\",\"group\":\"q\"},{\"completion\":\"4\",\"group\":\"q\"}]}",
     "\"groups\":[{\"group\":\"q\",\"size\":2,\"scored\":2,\"mean\":0.5,\"std\":0.7071067811865476,\"keep\":true,\"majority\":null,\"pass_at\":null}]"},
    {"equal rewards are not kept", "{\"items\":[{\"completion\":\"4\",\"group\":\"q\"},{\"completion\":\"4\",\"group\":\"q\"}]}", "\"advantage\":0,\"keep\":false,"},
    {"no items at all", "{\"items\":[]}", "{\"results\":[],\"rules\""},
    {"request: items missing", "{\"rewards\":[{\"name\":\"format\"}]}", "missing_field items"},
    {"request: unknown field", "{\"items\":[],\"colour\":1}", "unknown_field colour"},
    {"request: unknown reward", "{\"items\":[],\"rewards\":[{\"name\":\"nope\"}]}", "invalid_value rewards[0].name"},
    {"request: unknown option", "{\"items\":[],\"rewards\":[{\"name\":\"format\",\"stile\":\"r1\"}]}", "unknown_field rewards[0].stile"},
    {"request: option out of its choices", "{\"items\":[],\"rewards\":[{\"name\":\"format\",\"style\":\"r2\"}]}", "invalid_value rewards[0].style"},
    {"request: option of a wrong type", "{\"items\":[],\"rewards\":[{\"name\":\"format\",\"style\":3}]}", "invalid_type rewards[0].style"},
    {"request: two of one name", "{\"items\":[],\"rewards\":[{\"name\":\"format\"},{\"name\":\"format\"}]}", "invalid_value rewards[1].as"},
    {"request: groups do not divide", "{\"items\":[{\"completion\":\"\"}],\"group_size\":2}", "invalid_value group_size"},
    {"request: advantage without groups", "{\"items\":[{\"completion\":\"\"}],\"advantage\":\"grpo\"}", "missing_field group_size"},
    {"request: unknown method", "{\"items\":[{\"completion\":\"\"}],\"group_size\":1,\"advantage\":\"ppo\"}", "invalid_value advantage"},
    {"request: a group of one for the best's lead over the second", "{\"items\":[{\"completion\":\"\"}],\"group_size\":1,\"advantage\":\"verl_grpo_passk\"}", "invalid_value group_size"},
    {"request: the same by names", "{\"items\":[{\"completion\":\"\",\"group\":\"a\"},{\"completion\":\"\",\"group\":\"b\"},{\"completion\":\"\",\"group\":\"a\"}],\"advantage\":\"verl_grpo_passk\"}", "invalid_value items[1].group"},
    {"request: the same of an item in no group", "{\"items\":[{\"completion\":\"\",\"group\":\"a\"},{\"completion\":\"\",\"group\":\"a\"},{\"completion\":\"\"}],\"advantage\":\"verl_grpo_passk\"}", "invalid_value items[2].group"},
    {"one that is left of a group leads nobody", "{\"items\":[{\"completion\":\"<think>a</think><answer>4</answer>\",\"group\":1},{\"completion\":5,\"group\":1},{\"colour\":1}],\"advantage\":\"verl_grpo_passk\"}", "\"reward\":1,\"rewards\":{\"format\":1},\"details\":{\"format\":{\"style\":\"r1\",\"missing\":[]}},\"advantage\":0,"},
    {"request: weight no number", "{\"items\":[],\"rewards\":[{\"name\":\"format\",\"weight\":\"1\"}]}", "invalid_type rewards[0].weight"},
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
    return judging_open_with("[{\"name\":\"format\"}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
    };
    return cmocka_run_group_tests(tests, open_judge, close_judge);
}
