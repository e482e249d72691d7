/* tests/unit/test_rewards.c - each reward's own rules, one row a case: a reward list entry, an
 * item, and what the result must hold. The peers' rules have their corpora
 * (tests/golden/test_corpora.c); these are ours.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/judging.h"

#include "base/clock.h"

/* clang-format off */
#define BLOCKS "\"problem\":\"(define (problem p) (:domain blocksworld-4ops) (:objects a b) (:init (handempty) (clear a) (clear b) (ontable a) (ontable b)) (:goal (on a b)))\""
#define ROOMS "\"domain\":\"(define (domain rooms) (:requirements :strips :typing :negative-preconditions :equality) (:types robot room - object den - room) (:constants home - den) (:predicates (at ?r - robot ?x - room) (dirty ?x - room)) (:action go :parameters (?r - robot ?x ?y - room) :precondition (and (at ?r ?x) (not (= ?x ?y))) :effect (and (not (at ?r ?x)) (at ?r ?y))) (:action clean :parameters (?r - robot ?x - den) :precondition (and (at ?r ?x) (dirty ?x)) :effect (not (dirty ?x))))\"," \
              "\"problem\":\"(define (problem p) (:domain rooms) (:objects rob - robot hall - room) (:init (at rob hall) (dirty home)) (:goal (and (at rob home) (not (dirty home)))))\""

static const struct {
    const char *name, *reward, *item, *holds;
} cases[] = {
    /* format r1 */
    {"r1: white space around", "\"name\":\"format\"", "\"completion\":\" <think>a</think>\\n\\n<answer>b</answer>\\n\"", "\"reward\":1"},
    {"r1: a chat marker after it", "\"name\":\"format\"", "\"completion\":\"<think>a</think><answer>b</answer><|im_end|>\"", "\"reward\":1"},
    {"r1: text after", "\"name\":\"format\"", "\"completion\":\"<think>a</think><answer>b</answer> so\"", "\"cause\":\"text_outside\""},
    {"r1: text between", "\"name\":\"format\"", "\"completion\":\"<think>a</think>so<answer>b</answer>\"", "\"cause\":\"text_outside\""},
    {"r1: second think", "\"name\":\"format\"", "\"completion\":\"<think>a<think></think><answer>b</answer>\"", "\"cause\":\"repeated_tag\""},
    {"r1: wrong order", "\"name\":\"format\"", "\"completion\":\"<answer>b</answer><think>a</think>\"", "\"cause\":\"wrong_order\""},
    {"r1: empty thinking", "\"name\":\"format\"", "\"completion\":\"<think> </think><answer>b</answer>\"", "\"cause\":\"empty_think\""},
    {"r1: empty thinking allowed", "\"name\":\"format\",\"allow_empty\":true", "\"completion\":\"<think> </think><answer>b</answer>\"", "\"reward\":1"},
    {"r1: the item's prefill", "\"name\":\"format\"", "\"completion\":\"a</think><answer>b</answer>\",\"prefill\":\"<think>\"", "\"reward\":1"},
    {"r1: the option's prefill", "\"name\":\"format\",\"prefill\":\"<think>\\n\"", "\"completion\":\"a</think><answer>b</answer>\"", "\"reward\":1"},
    {"r1: NUL inside", "\"name\":\"format\"", "\"completion\":\"<think>a\\u0000</think><answer>b</answer>\\u0000\"", "\"cause\":\"text_outside\""},
    {"boxed: balanced", "\"name\":\"format\",\"style\":\"boxed\"", "\"completion\":\"<think>x</think> \\\\boxed{\\\\frac{1}{2}}\"", "\"reward\":1"},
    {"boxed: only while thinking", "\"name\":\"format\",\"style\":\"boxed\"", "\"completion\":\"<think>\\\\boxed{1}</think> 1\"", "\"cause\":\"no_box\""},
    {"boxed: empty", "\"name\":\"format\",\"style\":\"boxed\"", "\"completion\":\"\\\\boxed{ }\"", "\"cause\":\"empty_box\""},
    {"boxed: not closed", "\"name\":\"format\",\"style\":\"boxed\"", "\"completion\":\"\\\\boxed{1\"", "\"cause\":\"no_box\""},
    {"code_format: language with a plus", "\"name\":\"format\",\"style\":\"openr1.code_format\",\"lang\":\"c++\"", "\"completion\":\"<think>\\na\\n</think>\\n<answer>\\n```c++\\nx\\n```\\n</answer>\"", "\"reward\":1"},
    /* language */
    {"language: the item's field", "\"name\":\"language\"", "\"completion\":\"\xD0\xBF\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82\",\"language\":\"ru\"", "\"reward\":1"},
    {"language: unknown", "\"name\":\"language\",\"language\":\"tlh\"", "\"completion\":\"a\"", "invalid_value rewards[0].language"},
    {"language: a dollar without its partner stays", "\"name\":\"language\"", "\"completion\":\"five $ is \xE5\xA4\x9A\"", "\"target_units\":2,\"units\":3"},
    /* countdown r1 */
    {"countdown: right", "\"name\":\"countdown\"", "\"completion\":\"<think>x</think><answer>(2+4)*4</answer>\",\"target\":24,\"numbers\":[2,4,4]", "\"cause\":\"equal_value\""},
    {"countdown: thirds are exact", "\"name\":\"countdown\"", "\"completion\":\"<answer>8/(3-8/3)</answer>\",\"target\":24,\"numbers\":[8,3,8,3]", "\"reward\":1"},
    {"countdown: LaTeX", "\"name\":\"countdown\"", "\"completion\":\"\\\\boxed{\\\\frac{8}{2} \\\\times (3+3) = 24}\",\"target\":24,\"numbers\":[8,2,3,3]", "\"reward\":1"},
    {"countdown: a number too often", "\"name\":\"countdown\"", "\"completion\":\"<answer>2*2*6</answer>\",\"target\":24,\"numbers\":[2,6]", "\"cause\":\"wrong_numbers\""},
    {"countdown: not all", "\"name\":\"countdown\",\"use_all\":true", "\"completion\":\"<answer>4*6</answer>\",\"target\":24,\"numbers\":[4,6,1]", "\"cause\":\"wrong_numbers\""},
    {"countdown: not all, allowed", "\"name\":\"countdown\"", "\"completion\":\"<answer>4*6</answer>\",\"target\":24,\"numbers\":[4,6,1]", "\"reward\":1"},
    {"countdown: digits joined", "\"name\":\"countdown\"", "\"completion\":\"<answer>24</answer>\",\"target\":24,\"numbers\":[2,4]", "\"cause\":\"wrong_numbers\""},
    {"countdown: a power", "\"name\":\"countdown\"", "\"completion\":\"<answer>2**3</answer>\",\"target\":8,\"numbers\":[2,3]", "\"cause\":\"not_allowed\""},
    {"countdown: a false equation", "\"name\":\"countdown\"", "\"completion\":\"<answer>2+3 = 8</answer>\",\"target\":8,\"numbers\":[2,3]", "\"cause\":\"false_equation\""},
    {"countdown: by zero", "\"name\":\"countdown\"", "\"completion\":\"<answer>2/(3-3)</answer>\",\"target\":8,\"numbers\":[2,3,3]", "\"cause\":\"division_by_zero\""},
    {"countdown: only while thinking", "\"name\":\"countdown\"", "\"completion\":\"<think><answer>4*6</answer></think>\",\"target\":24,\"numbers\":[4,6]", "\"cause\":\"no_answer_found\""},
    {"countdown: a decimal is what it prints", "\"name\":\"countdown\"", "\"completion\":\"<answer>0.1+0.2</answer>\",\"target\":0.3,\"numbers\":[0.1,0.2]", "\"reward\":1"},
    {"countdown: target missing", "\"name\":\"countdown\"", "\"completion\":\"<answer>4*6</answer>\",\"numbers\":[4,6]", "\"param\":\"target\""},
    {"countdown: not a number among numbers", "\"name\":\"countdown\"", "\"completion\":\"\",\"target\":1,\"numbers\":[4,\"6\"]", "\"param\":\"numbers[1]\""},
    {"tinyzero: no hang on a power tower", "\"name\":\"countdown\",\"impl\":\"tinyzero\"", "\"completion\":\"Assistant: <answer>9**9**9</answer>\",\"target\":1,\"numbers\":[9,9,9]", "\"reward\":0.1"},
    {"tinyzero: floor division", "\"name\":\"countdown\",\"impl\":\"tinyzero\"", "\"completion\":\"Assistant: <answer>-7//2</answer>\",\"target\":-4,\"numbers\":[7,2]", "\"reward\":1"},
    {"tinyzero: a sign binds less than a power", "\"name\":\"countdown\",\"impl\":\"tinyzero\"", "\"completion\":\"Assistant: <answer>-2**2</answer>\",\"target\":-4,\"numbers\":[2,2]", "\"reward\":1"},
    {"tinyzero: a power of a negative", "\"name\":\"countdown\",\"impl\":\"tinyzero\"", "\"completion\":\"Assistant: <answer>2**-1</answer>\",\"target\":0.5,\"numbers\":[2,1]", "\"reward\":1"},
    /* shaping */
    {"cosine: max_len is needed by trl", "\"name\":\"cosine\",\"impl\":\"trl\"", "\"completion\":\"a\",\"correct\":true", "missing_field rewards[0].max_len"},
    {"cosine: length in code points", "\"name\":\"cosine\"", "\"completion\":\"\xC3\xA4\xC3\xB6\",\"correct\":true", "\"unit\":\"chars\",\"length\":2"},
    {"cosine: tokens without a tokenizer", "\"name\":\"cosine\",\"unit\":\"tokens\"", "\"completion\":\"a\",\"correct\":true", "\"param\":\"token_count\""},
    {"cosine: tokens by ids", "\"name\":\"cosine\",\"unit\":\"tokens\"", "\"completion\":\"a\",\"correct\":true,\"ids\":[5,6,7]", "\"length\":3"},
    {"overlong: cache of 0 is a step", "\"name\":\"overlong\",\"max_len\":10,\"cache\":0", "\"completion\":\"\",\"length\":11", "\"reward\":-1"},
    {"overlong: verl divides by cache", "\"name\":\"overlong\",\"impl\":\"verl_dapo\",\"cache\":0", "\"completion\":\"\"", "invalid_value rewards[0].cache"},
    {"repetition: a reward is no punishment", "\"name\":\"repetition\",\"max_penalty\":1", "\"completion\":\"\"", "invalid_value rewards[0].max_penalty"},
    /* plans */
    {"plan: valid", "\"name\":\"plan\"", "\"completion\":\"<think>(stack a b)</think>\\n<answer>(pick-up a)\\n(stack a b)</answer>\"," BLOCKS, "\"valid\":true,\"reason\":\"valid\",\"steps\":2"},
    {"plan: a precondition", "\"name\":\"plan\"", "\"completion\":\"(stack a b)\"," BLOCKS, "\"reason\":\"precondition\",\"steps\":1,\"step\":1,\"action\":\"(stack a b)\",\"unmet\":[\"(holding a)\"]"},
    {"plan: the goal", "\"name\":\"plan\"", "\"completion\":\"(pick-up a)(put-down a)\"," BLOCKS, "\"reason\":\"goal\",\"steps\":2,\"unmet\":[\"(on a b)\"]"},
    {"plan: a fence is not a plan", "\"name\":\"plan\"", "\"completion\":\"```\\n(pick-up a)\\n(stack a b)\\n```\"," BLOCKS, "\"reason\":\"malformed\""},
    {"plan: unless asked", "\"name\":\"plan\",\"extract\":\"fence\"", "\"completion\":\"Here:\\n```pddl\\n(pick-up a)\\n(stack a b)\\n```\"," BLOCKS, "\"reward\":1"},
    {"plan: time stamps", "\"name\":\"plan\"", "\"completion\":\"0: (pick-up a)\\n1: (stack a b) ; done\"," BLOCKS, "\"reward\":1"},
    {"plan: time goes back", "\"name\":\"plan\"", "\"completion\":\"1: (pick-up a)\\n0: (stack a b)\"," BLOCKS, "\"reason\":\"malformed\""},
    {"plan: sentences", "\"name\":\"plan\",\"format\":\"planbench-nl\"", "\"completion\":\"1. Pick up the red block.\\n2. **Stack the red block on top of the blue block**\\n[PLAN END] and so on\"," BLOCKS, "\"reward\":1"},
    {"plan: a line that is no action", "\"name\":\"plan\",\"format\":\"planbench-nl\"", "\"completion\":\"pick up the red block\\nwait\\nstack the red block on top of the blue block\"," BLOCKS, "\"reason\":\"malformed\""},
    {"plan: passed over when lenient", "\"name\":\"plan\",\"format\":\"planbench-nl\",\"lenient\":true", "\"completion\":\"pick up the red block\\nwait\\nstack the red block on top of the blue block\"," BLOCKS, "\"reward\":1"},
    {"plan: longest phrase first", "\"name\":\"plan\",\"format\":\"planbench-nl\",\"nl\":{\"actions\":{\"pick-up\":\"take {}\",\"stack\":\"put {} on {}\"},\"objects\":{\"b\":\"red\",\"a\":\"red one\"}}", "\"completion\":\"take red one\\nput red one on red\"," BLOCKS, "\"reward\":1"},
    {"plan: types, constants, negation, equality", "\"name\":\"plan\"", "\"completion\":\"(go rob hall home)(clean rob home)\"," ROOMS, "\"reward\":1"},
    {"plan: equality", "\"name\":\"plan\"", "\"completion\":\"(go rob hall hall)\"," ROOMS, "\"unmet\":[\"(not (= hall hall))\"]"},
    {"plan: a supertype will not do", "\"name\":\"plan\"", "\"completion\":\"(clean rob hall)\"," ROOMS, "\"reason\":\"bad_type\""},
    {"plan: arity before objects", "\"name\":\"plan\"", "\"completion\":\"(go rob nowhere)\"," ROOMS, "\"reason\":\"bad_arity\""},
    {"plan: unknown domain", "\"name\":\"plan\"", "\"completion\":\"\",\"problem\":\"(define (problem p) (:domain mars) (:init) (:goal (and)))\"", "\"code\":\"invalid_value\""},
    {"plan: a disjunction is refused", "\"name\":\"plan\",\"domain\":\"(define (domain d) (:predicates (p)) (:action a :parameters () :precondition (or (p) (p)) :effect (p)))\"", "\"completion\":\"\"", "unsupported rewards[0].domain"},
    {"plan: predicates stand in one section", "\"name\":\"plan\",\"domain\":\"(define (domain d) (:predicates (p)) (:predicates (q) (r)) (:action a :parameters () :precondition (p) :effect (p)))\"", "\"completion\":\"\"", "unparsable rewards[0].domain"},
    {"plan: a parenthesis is missing", "\"name\":\"plan\"", "\"completion\":\"\",\"domain\":\"blocksworld\",\"problem\":\"(define (problem p)\"", "\"code\":\"unparsable\""},
    /* schema */
    {"schema: valid", "\"name\":\"schema\",\"schema\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\",\"minimum\":1}},\"required\":[\"a\"],\"additionalProperties\":false}", "\"completion\":\"<think>{}</think>{\\\"a\\\": 3}\"", "\"cause\":\"valid\""},
    {"schema: a fence", "\"name\":\"schema\",\"schema\":{\"type\":\"array\"}", "\"completion\":\"```json\\n[1]\\n```\"", "\"reward\":1"},
    {"schema: a fence among sentences", "\"name\":\"schema\",\"schema\":{\"type\":\"array\"}", "\"completion\":\"Here it is:\\n```json\\n[1]\\n```\\nDone.\"", "\"reward\":1"},
    {"schema: the last fence", "\"name\":\"schema\",\"schema\":{\"type\":\"array\"}", "\"completion\":\"```json\\n[1]\\n```\\nrather:\\n```json\\n{}\\n```\"", "\"cause\":\"violates\""},
    {"schema: where it fails", "\"name\":\"schema\",\"schema\":{\"items\":{\"type\":\"string\"}}", "\"completion\":\"[\\\"a\\\", 2]\"", "\"path\":\"/1\",\"keyword\":\"type\""},
    {"schema: no JSON", "\"name\":\"schema\",\"schema\":true", "\"completion\":\"{a:1}\"", "\"cause\":\"not_json\""},
    {"schema: one of", "\"name\":\"schema\",\"schema\":{\"oneOf\":[{\"type\":\"number\"},{\"minimum\":3}]}", "\"completion\":\"5\"", "\"keyword\":\"oneOf\""},
    {"schema: a reference", "\"name\":\"schema\",\"schema\":{\"$defs\":{\"n\":{\"properties\":{\"next\":{\"$ref\":\"#/$defs/n\"},\"v\":{\"type\":\"string\"}}}},\"$ref\":\"#/$defs/n\"}", "\"completion\":\"{\\\"next\\\":{\\\"next\\\":{\\\"v\\\":1}}}\"", "\"path\":\"/next/next/v\""},
    {"schema: references in a circle end", "\"name\":\"schema\",\"schema\":{\"$ref\":\"#\"}", "\"completion\":\"1\"", "\"cause\":\"too_large\""},
    {"schema: an unknown keyword is refused", "\"name\":\"schema\",\"schema\":{\"minimun\":3}", "\"completion\":\"1\"", "unsupported rewards[0].schema"},
    {"schema: unique", "\"name\":\"schema\",\"schema\":{\"uniqueItems\":true}", "\"completion\":\"[{\\\"a\\\":1,\\\"b\\\":2},{\\\"b\\\":2,\\\"a\\\":1}]\"", "\"keyword\":\"uniqueItems\""},
    {"schema: items by place", "\"name\":\"schema\",\"schema\":{\"items\":[{\"type\":\"string\"}],\"additionalItems\":false}", "\"completion\":\"[\\\"a\\\"]\"", "\"cause\":\"valid\""},
    {"schema: items by place, not met", "\"name\":\"schema\",\"schema\":{\"items\":[{\"type\":\"string\"}],\"additionalItems\":false}", "\"completion\":\"[\\\"a\\\",1]\"", "\"keyword\":\"false\""},
    {"schema: maxContains", "\"name\":\"schema\",\"schema\":{\"contains\":{\"type\":\"null\"},\"minContains\":0,\"maxContains\":1}", "\"completion\":\"[1]\"", "\"cause\":\"valid\""},
    {"schema: maxContains, not met", "\"name\":\"schema\",\"schema\":{\"contains\":{\"type\":\"null\"},\"minContains\":0,\"maxContains\":1}", "\"completion\":\"[null,null]\"", "\"keyword\":\"contains\""},
    {"schema: a schema that depends", "\"name\":\"schema\",\"schema\":{\"dependentSchemas\":{\"a\":{\"required\":[\"b\"]}}}", "\"completion\":\"{\\\"c\\\":1}\"", "\"cause\":\"valid\""},
    {"schema: a schema that depends, not met", "\"name\":\"schema\",\"schema\":{\"dependentSchemas\":{\"a\":{\"required\":[\"b\"]}}}", "\"completion\":\"{\\\"a\\\":1}\"", "\"keyword\":\"required\""},
    {"schema: dependencies", "\"name\":\"schema\",\"schema\":{\"dependencies\":{\"a\":[\"b\"]}}", "\"completion\":\"{\\\"a\\\":1,\\\"b\\\":2}\"", "\"cause\":\"valid\""},
    {"schema: dependencies, not met", "\"name\":\"schema\",\"schema\":{\"dependencies\":{\"a\":[\"b\"]}}", "\"completion\":\"{\\\"a\\\":1}\"", "\"keyword\":\"dependencies\""},
    {"schema: nothing else is evaluated", "\"name\":\"schema\",\"schema\":{\"properties\":{\"a\":{}},\"unevaluatedProperties\":false}", "\"completion\":\"{\\\"a\\\":1}\"", "\"cause\":\"valid\""},
    {"schema: nothing else is evaluated, not met", "\"name\":\"schema\",\"schema\":{\"properties\":{\"a\":{}},\"unevaluatedProperties\":false}", "\"completion\":\"{\\\"b\\\":1}\"", "\"keyword\":\"false\""},
    {"schema: an anchor", "\"name\":\"schema\",\"schema\":{\"$defs\":{\"n\":{\"$anchor\":\"n\",\"type\":\"null\"}},\"$ref\":\"#n\"}", "\"completion\":\"null\"", "\"cause\":\"valid\""},
    {"schema: an anchor, not met", "\"name\":\"schema\",\"schema\":{\"$defs\":{\"n\":{\"$anchor\":\"n\",\"type\":\"null\"}},\"$ref\":\"#n\"}", "\"completion\":\"1\"", "\"keyword\":\"type\""},
    {"schema: draft 4", "\"name\":\"schema\",\"schema\":{\"$schema\":\"http://json-schema.org/draft-04/schema#\",\"minimum\":3,\"exclusiveMinimum\":true}", "\"completion\":\"4\"", "\"cause\":\"valid\""},
    {"schema: draft 4, not met", "\"name\":\"schema\",\"schema\":{\"$schema\":\"http://json-schema.org/draft-04/schema#\",\"minimum\":3,\"exclusiveMinimum\":true}", "\"completion\":\"3\"", "\"keyword\":\"minimum\""},
    {"schema: beside a reference of draft 7 nothing counts", "\"name\":\"schema\",\"schema\":{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"definitions\":{\"n\":true},\"$ref\":\"#/definitions/n\",\"type\":\"string\"}", "\"completion\":\"1\"", "\"cause\":\"valid\""},
    {"schema: null where it may be", "\"name\":\"schema\",\"schema\":{\"type\":\"string\",\"nullable\":true}", "\"completion\":\"null\"", "\"cause\":\"valid\""},
    {"schema: a refused keyword has its pointer", "\"name\":\"schema\"", "\"completion\":\"1\",\"schema\":{\"properties\":{\"a\":{\"unevaluatedItems\":false}}}", "unevaluatedItems at #/properties/a: "},
    {"schema: what is evaluated is unclear", "\"name\":\"schema\",\"schema\":{\"allOf\":[true],\"unevaluatedProperties\":false}", "\"completion\":\"1\"", "unsupported rewards[0].schema"},
    /* regex, contains */
    {"regex: in the answer only", "\"name\":\"regex\",\"pattern\":\"cat\"", "\"completion\":\"<think>cat</think>dog\"", "\"cause\":\"no_match\""},
    {"regex: whole", "\"name\":\"regex\",\"pattern\":\"\\\\d+\",\"whole\":true", "\"completion\":\"<think>x</think> 12 \"", "\"match\":\"12\""},
    {"regex: wrong", "\"name\":\"regex\",\"pattern\":\"(\"", "\"completion\":\"\"", "unparsable rewards[0].pattern"},
    {"regex: the item's own", "\"name\":\"regex\"", "\"completion\":\"b\",\"pattern\":\"^[ab]$\"", "\"reward\":1"},
    {"regex: the item's own, wrong", "\"name\":\"regex\"", "\"completion\":\"b\",\"pattern\":\"[\"", "\"param\":\"pattern\""},
    {"contains: share", "\"name\":\"contains\",\"texts\":[\"a\",\"z\"],\"mode\":\"share\"", "\"completion\":\"abc\"", "\"reward\":0.5"},
    {"contains: without case", "\"name\":\"contains\",\"texts\":\"\xC3\x84\",\"ignore_case\":true", "\"completion\":\"\xC3\xA4\"", "\"reward\":1"},
    {"contains: none", "\"name\":\"contains\",\"texts\":\"x\",\"mode\":\"none\"", "\"completion\":\"abc\"", "\"reward\":1"},
    {"contains: nothing to look for", "\"name\":\"contains\",\"texts\":[]", "\"completion\":\"abc\"", "invalid_type rewards[0].texts"},
    /* extract */
    {"extract: a number as gold", "\"name\":\"extract\"", "\"completion\":\"#### 42\",\"answer\":42", "\"cause\":\"equal_text\""},
    {"extract: no gold", "\"name\":\"extract\"", "\"completion\":\"#### 42\"", "\"param\":\"answer\""},
};
/* clang-format on */

static void test_rewards(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer request;
        buffer_init(&request, 1 << 20);
        buffer_addf(&request, "{%s,\"rewards\":[{%s}]}", cases[i].item, cases[i].reward);
        check_holds(cases[i].name, &request, cases[i].holds);
    }
}

/* Long hostile texts: every rule stays linear. 2 MiB of one pattern, judged by all that look at text. */
static void test_linear_time(void **state)
{
    static const char *const units[] = {"<think>", "</think>", "<answer>",    "\\\\boxed{", "a ",
                                        "`",       "$",        "$$",          "```",        "(",
                                        "\\n- ",   "Answer: ", "#### 1,",     "http://",    "\\\\[",
                                        "aA",      "{",        "\xE4\xB8\xAD"};
    static const char rewards[] =
        "[{\"name\":\"format\"},{\"name\":\"format\",\"as\":\"b\",\"style\":\"boxed\"},"
        "{\"name\":\"format\",\"as\":\"c\",\"style\":\"openr1.code_format\"},"
        "{\"name\":\"format\",\"as\":\"d\",\"style\":\"logic_rl.structure\"},"
        "{\"name\":\"language\",\"scope\":\"all\"},{\"name\":\"repetition\",\"ngram_size\":20},{"
        "\"name\":\"reasoning_steps\"},"
        "{\"name\":\"countdown\"},{\"name\":\"extract\",\"impl\":\"verl_math_dapo\"},{\"name\":"
        "\"extract\",\"as\":\"e\","
        "\"impl\":\"verl_search_r1_em\"},{\"name\":\"knights\"},{\"name\":\"plan\"}]";
    (void)state;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        struct buffer request;
        buffer_init(&request, 1 << 26);
        buffer_add_str(&request, "{\"completion\":\"");
        while (request.n < 2 << 20) {
            buffer_add_str(&request, units[i]);
        }
        buffer_addf(&request,
                    "\",\"target\":1,\"numbers\":[1],\"answer\":\"1\",\"solution\":\"A is a "
                    "knight\"," BLOCKS ",\"rewards\":%s}",
                    rewards);
        uint64_t start = clock_cpu_ns();
        free(ask(request.p));
        uint64_t ms = (clock_cpu_ns() - start) / 1000000;
        if (ms > 4000) print_message("\"%s\" took %d ms\n", units[i], (int)ms);
        assert_true(ms < 4000); /* about 200 as released; sanitizers are slow */
        buffer_clear(&request);
    }
}

static void test_list(void **state)
{
    struct buffer out;
    (void)state;
    buffer_init(&out, 1 << 20);
    assert_true(reward_list_json(&out));
    cJSON *list = json_parse(buffer_span(&out), NULL);
    assert_non_null(list);
    assert_true(cJSON_GetArraySize(cJSON_GetObjectItem(list, "rewards")) >= 14);
    cJSON_Delete(list);
    buffer_clear(&out);
}

/* clang-format off */
static const struct {
    const char *name, *body, *holds;
    bool pass;
} tools[] = {
    {"grpo by its short name", "{\"method\":\"grpo\",\"scale\":\"none\",\"rewards\":[1,0]}", "{\"advantages\":[0.5,-0.5]}", false},
    {"equal rewards give exactly 0", "{\"method\":\"verl_grpo\",\"eps\":0.000000001,\"rewards\":[0.1,0.1,0.1]}", "{\"advantages\":[0,0,0]}", false},
    {"null is left out", "{\"method\":\"rloo\",\"rewards\":[1,null,0]}", "{\"advantages\":[1,0,-1]}", false},
    {"unknown method", "{\"method\":\"ppo\",\"rewards\":[1]}", "method", false},
    {"unknown field", "{\"method\":\"grpo\",\"rewards\":[1],\"sale\":1}", "sale", false},
    {"ragged rows", "{\"method\":\"grpo\",\"rewards\":[[1,2],[1]]}", "rewards[1]", false},
    {"groups do not divide", "{\"method\":\"grpo\",\"rewards\":[1,2,3],\"group_size\":2}", "group_size", false},
    {"lengths are needed", "{\"method\":\"verl_opo\",\"rewards\":[1,2]}", "lengths", false},
    {"a text among rewards", "{\"method\":\"grpo\",\"rewards\":[1,\"2\"]}", "rewards[1]", false},
    {"gamma", "{\"method\":\"verl_reinforce_pp\",\"rewards\":[1,2],\"lengths\":[1,1],\"gamma\":0.9}", "gamma", false},
    {"pass@k needs two", "{\"method\":\"verl_grpo_passk\",\"rewards\":[1,2],\"group_size\":1}", "group_size", false},
    {"pass@k", "{\"n\":10,\"c\":5,\"k\":1}", "{\"pass_at_k\":0.5}", true},
    {"pass@k, lists", "{\"n\":[4,4],\"c\":[0,4],\"k\":2}", "{\"pass_at_k\":[0,1]}", true},
    {"pass@k, c above n", "{\"n\":4,\"c\":5,\"k\":1}", "c", true},
    {"pass@k, the fourth k", "{\"n\":[4,4,4,4],\"c\":1,\"k\":[1,2,3,5]}", "k[3]", true},
    {"pass@k, the second n", "{\"n\":[4,\"4\"],\"c\":1,\"k\":1}", "n[1]", true},
};
/* clang-format on */

static void test_tools(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
        struct error err = {0};
        struct buffer out;
        buffer_init(&out, 4096);
        cJSON *body = json_parse(span_str(tools[i].body), &err);
        bool ok = tools[i].pass ? reward_pass_at_k_json(body, &out, &err)
                                : reward_advantages_json(body, &out, &err);
        const char *got = ok ? out.p : err.param;
        if (strcmp(got, tools[i].holds) != 0) print_message("%s: %s\n", tools[i].name, got);
        assert_string_equal(got, tools[i].holds);
        cJSON_Delete(body);
        buffer_clear(&out);
    }
}

static int open_judge(void **state)
{
    (void)state;
    return judging_open_with("[{\"name\":\"format\"}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rewards),
        cmocka_unit_test(test_linear_time),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_tools),
    };
    return cmocka_run_group_tests(tests, open_judge, close_judge);
}
