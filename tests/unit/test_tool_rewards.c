/* tests/unit/test_tool_rewards.c - calls of tools against the values of the peers' functions
 * (tests/data/tool_calls.jsonl, written by tests/bench/tool_calls_agreement.py), and our own rules: the
 * shapes of golds, families' forms, order, partial credit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/judging.h"

#include <math.h>
#include <stdio.h>

#include "reward/tools/match.h"

static int open_judge(void **state)
{
    (void)state;
    return judging_open_with("[{\"name\":\"tool_calls\"}]");
}

/* ---- recorded values ------------------------------------------------------------------------------- */

static void add_member(struct buffer *b, const char *name, const cJSON *v)
{
    buffer_addf(b, "\"%s\":", name);
    json_print(v, b);
    buffer_add_char(b, ',');
}

/* The reward of a row's response; NAN: none. */
static double value_of(const cJSON *row)
{
    struct buffer request;
    const cJSON *tools = json_get(row, "tools"), *option = json_get(row, "options")->child;
    buffer_init(&request, 1 << 20);
    buffer_add_char(&request, '{');
    add_member(&request, "completion", json_get(row, "response"));
    add_member(&request, "tool_calls", json_get(row, "wanted"));
    if (tools != NULL) add_member(&request, "tools", tools);
    buffer_addf(&request, "\"rewards\":[{\"name\":\"tool_calls\",\"%s\":\"%s\"}]}", option->string,
                option->valuestring);
    double value = take_reward(ask(request.p));
    buffer_clear(&request);
    return value;
}

static bool as_recorded(const cJSON *row)
{
    return is_recorded_value(row, value_of(row), 1e-12);
}

static void test_recorded(void **state)
{
    (void)state;
    check_recorded("tests/data/tool_calls.jsonl", 150, as_recorded);
}

/* ---- our own rules ---------------------------------------------------------------------------------- */

#define HERMES(name, arguments) \
    "<tool_call>{\\\"name\\\":\\\"" name "\\\",\\\"arguments\\\":" arguments "}</tool_call>"
#define F1 HERMES("f", "{\\\"x\\\":1}")
#define G1 HERMES("g", "{}")
#define GOLD_F "\"tool_calls\":[{\"name\":\"f\",\"arguments\":{\"x\":1}}]"
#define GOLD_FG \
    "\"tool_calls\":[{\"name\":\"f\",\"arguments\":{\"x\":1}},{\"name\":\"g\",\"arguments\":{}}]"

/* clang-format off */
static const struct {
    const char *name, *options, *item, *holds;
} cases[] = {
    {"the call", "", "\"completion\":\"Let me see. " F1 "\"," GOLD_F, "\"reward\":1,"},
    {"after the thoughts", "", "\"completion\":\"<think>" G1 "</think>" F1 "\"," GOLD_F, "\"reward\":1,"},
    {"a call in the thoughts alone", "", "\"completion\":\"<think>" F1 "</think>No.\"," GOLD_F, "\"cause\":\"no_call\""},
    {"one call too many", "", "\"completion\":\"" F1 G1 "\"," GOLD_F, "\"reward\":0,"},
    {"the same call twice", "", "\"completion\":\"" F1 F1 "\"," GOLD_F, "\"reward\":0,"},
    {"any order", "", "\"completion\":\"" G1 F1 "\"," GOLD_FG, "\"reward\":1,"},
    {"a fixed order", ",\"order\":\"fixed\"", "\"completion\":\"" G1 F1 "\"," GOLD_FG, "\"reward\":0,"},
    {"a fixed order, kept", ",\"order\":\"fixed\"", "\"completion\":\"" F1 G1 "\"," GOLD_FG, "\"reward\":1,"},
    {"the share", ",\"score\":\"share\"", "\"completion\":\"" F1 "\"," GOLD_FG, "\"reward\":0.5,"},
    {"the share of too many", ",\"score\":\"share\"", "\"completion\":\"" F1 G1 F1 F1 "\"," GOLD_FG, "\"reward\":0.5,"},
    {"no call is wanted, none is made", "", "\"completion\":\"I cannot.\",\"tool_calls\":[]", "\"reward\":1,"},
    {"no call is wanted, one is made", "", "\"completion\":\"" F1 "\",\"tool_calls\":[]", "\"reward\":0,"},
    {"1.0 is 1", "", "\"completion\":\"" HERMES("f", "{\\\"x\\\":1.0}") "\"," GOLD_F, "\"reward\":1,"},
    {"true is not 1", "", "\"completion\":\"" HERMES("f", "{\\\"x\\\":true}") "\"," GOLD_F, "\"reward\":0,"},
    {"2^53 + 1 is not 2^53", "", "\"completion\":\"" HERMES("f", "{\\\"x\\\":9007199254740993}") "\",\"tool_calls\":[{\"name\":\"f\",\"arguments\":{\"x\":9007199254740992}}]", "\"reward\":0,"},
    {"members in any order, deep", "", "\"completion\":\"" HERMES("f", "{\\\"a\\\":{\\\"b\\\":[1],\\\"c\\\":null}}") "\",\"tool_calls\":[{\"name\":\"f\",\"arguments\":{\"a\":{\"c\":null,\"b\":[1]}}}]", "\"reward\":1,"},
    {"a further argument", "", "\"completion\":\"" HERMES("f", "{\\\"x\\\":1,\\\"y\\\":2}") "\"," GOLD_F, "\"reward\":0,"},
    {"a further argument passes a subset", ",\"match\":\"subset\"", "\"completion\":\"" HERMES("f", "{\\\"x\\\":1,\\\"y\\\":2}") "\"," GOLD_F, "\"reward\":1,"},
    {"BFCL without schemas", ",\"match\":\"bfcl\"", "\"completion\":\"" HERMES("f", "{\\\"c\\\":\\\"new york ny\\\"}") "\",\"tool_calls\":[{\"f\":{\"c\":[\"New York, NY\"],\"u\":[\"C\",\"\"]}}]", "\"reward\":1,"},
    {"BFCL: no possible value", ",\"match\":\"bfcl\"", "\"completion\":\"" HERMES("f", "{\\\"c\\\":\\\"Rome\\\"}") "\",\"tool_calls\":[{\"f\":{\"c\":[\"New York, NY\"]}}]", "\"reward\":0,"},
    {"ToolRL: the name alone", ",\"score\":\"toolrl\"", "\"completion\":\"" HERMES("f", "{\\\"y\\\":2}") "\"," GOLD_F, "\"reward\":0.3333333333333333,"},
    /* golds as data sets have them */
    {"OpenAI's", "", "\"completion\":\"" F1 "\",\"tool_calls\":[{\"id\":\"1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\": 1}\"}}]", "\"reward\":1,"},
    {"ToolRL's parameters", "", "\"completion\":\"" F1 "\",\"tool_calls\":[{\"name\":\"f\",\"parameters\":{\"x\":1}}]", "\"reward\":1,"},
    {"xLAM's text as answer", "", "\"completion\":\"" F1 "\",\"answer\":\"[{\\\"name\\\": \\\"f\\\", \\\"arguments\\\": {\\\"x\\\": 1}}]\"", "\"reward\":1,"},
    {"one call alone", "", "\"completion\":\"" F1 "\",\"tool_calls\":{\"name\":\"f\",\"arguments\":{\"x\":1}}", "\"reward\":1,"},
    {"a message's calls", "", "\"completion\":{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"}}]}," GOLD_F, "\"reward\":1,"},
    {"no gold", "", "\"completion\":\"a\"", "\"param\":\"tool_calls\""},
    {"a gold without a name", "", "\"completion\":\"a\",\"tool_calls\":[{\"name\":\"f\",\"arguments\":{}},{\"arguments\":{}}]", "\"param\":\"tool_calls[1].name\""},
    {"a gold's arguments are no object", "", "\"completion\":\"a\",\"tool_calls\":[{\"name\":\"f\",\"arguments\":\"x=1\"}]", "\"param\":\"tool_calls[0].arguments\""},
    {"a gold that is no JSON", "", "\"completion\":\"a\",\"answer\":\"f(x=1)\"", "\"param\":\"answer\""},
    {"tools that are no list", "", "\"completion\":\"a\",\"tools\":{}," GOLD_F, "\"param\":\"tools\""},
    /* forms */
    {"Mistral's, found by itself", "", "\"completion\":\"[TOOL_CALLS][{\\\"name\\\":\\\"f\\\",\\\"arguments\\\":{\\\"x\\\":1}}]\"," GOLD_F, "\"reward\":1,"},
    {"Qwen3-Coder's, by the tools' types", "", "\"completion\":\"<tool_call>\\n<function=f>\\n<parameter=x>\\n1\\n</parameter>\\n</function>\\n</tool_call>\",\"tools\":[{\"name\":\"f\",\"parameters\":{\"type\":\"object\",\"properties\":{\"x\":{\"type\":\"integer\"}}}}]," GOLD_F, "\"reward\":1,"},
    {"another family's", ",\"format\":\"mistral\"", "\"completion\":\"" F1 "\"," GOLD_F, "\"cause\":\"no_call\""},
    {"no family's", ",\"format\":\"nope\"", "\"completion\":\"\"," GOLD_F, "invalid_value rewards[0].format"},
    {"toolrl by other rules", ",\"score\":\"toolrl\",\"match\":\"bfcl\"", "\"completion\":\"\"," GOLD_F, "invalid_value rewards[0].score"},
    {"a call that is not JSON", "", "\"completion\":\"<tool_call>{\\\"name\\\":\\\"f\\\",\\\"arguments\\\":{x:1}}</tool_call>\"," GOLD_F, "\"cause\":\"no_call\""},
};
/* clang-format on */

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer request;
        buffer_init(&request, 1 << 20);
        buffer_addf(&request, "{%s,\"rewards\":[{\"name\":\"tool_calls\"%s}]}", cases[i].item,
                    cases[i].options);
        check_holds(cases[i].name, &request, cases[i].holds);
    }
}

/* More calls than may be are as none: no text of calls costs the square of its length. */
static void test_many_calls(void **state)
{
    struct buffer request;
    (void)state;
    buffer_init(&request, 1 << 24);
    buffer_add_str(&request, "{\"completion\":\"");
    for (int i = 0; i < 20 * CALLS_MOST; i++) {
        buffer_add_str(&request, F1);
    }
    buffer_add_str(&request, "\"," GOLD_F ",\"rewards\":[{\"name\":\"tool_calls\"}]}");
    char *reply = ask(request.p);
    assert_non_null(strstr(reply, "\"reward\":0,"));
    free(reply);
    buffer_clear(&request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_many_calls),
    };
    return cmocka_run_group_tests(tests, open_judge, close_judge);
}
