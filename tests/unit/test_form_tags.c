/* tests/unit/test_form_tags.c - structural tags: the texts that they take, and what is refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/sample/form/earley.h"
#include "engine/sample/form/form.h"
#include "engine/sample/form/tags.h"

#define NUMBER \
    "{\"type\": \"json_schema\", \"json_schema\": {\"type\": \"integer\", \"maximum\": 9, " \
    "\"minimum\": 0}}"
#define TAG(begin, content, end) \
    "{\"begin\": \"" begin "\", \"content\": " content ", \"end\": \"" end "\"}"
#define TAGS \
    "\"tags\": [" TAG("<a>", NUMBER, "</a>") ", " TAG("<b>", "{\"type\": \"any_text\"}", "</b>") "]"
#define TRIGGERED(more) \
    "{\"type\": \"triggered_tags\", \"triggers\": [\"<a\", \"<b>\"], " TAGS more "}"
#define SEPARATED(more) "{\"type\": \"tags_with_separator\", \"separator\": \";\", " TAGS more "}"
#define XML(schema) "{\"type\": \"qwen_xml_parameter\", \"json_schema\": " schema "}"
#define P(name, value) "<parameter=" name ">\n" value "\n</parameter>\n"

enum { MOST = 8 };

static const struct row {
    const char *format;
    const char *yes[MOST], *no[MOST]; /* up to NULL */
} rows[] = {
    {"{\"type\": \"const_string\", \"value\": \"a\\\"b\"}", {"a\"b"}, {"", "a", "a\"bc"}},
    {"{\"type\": \"any_text\"}", {"", "x\n\xc3\xa9"}, {NULL}},
    {"{\"type\": \"any_text\", \"excludes\": [\"ab\", \"c\"]}",
     {"", "ba", "a", "aa"},
     {"ab", "xc", "aab"}},
    {"{\"type\": \"regex\", \"pattern\": \"a+b?\"}", {"a", "aab"}, {"", "b", "abb"}},
    {"{\"type\": \"grammar\", \"grammar\": \"root ::= \\\"x\\\" root \\\"y\\\" | \\\"z\\\"\"}",
     {"z", "xzy", "xxzyy"},
     {"xz", "xzyy"}},
    {NUMBER, {"0", "9"}, {"10", "-1", "a"}},
    {"{\"type\": \"sequence\", \"elements\": [{\"type\": \"const_string\", \"value\": "
     "\"n=\"}, " NUMBER "]}",
     {"n=3"},
     {"3", "n=", "n=33"}},
    {"{\"type\": \"or\", \"elements\": [{\"type\": \"const_string\", \"value\": \"no\"}, " NUMBER
     "]}",
     {"no", "7"},
     {"", "no7"}},
    {"{\"type\": \"plus\", \"content\": " NUMBER "}", {"7", "712"}, {"", "7a"}},
    {"{\"type\": \"sequence\", \"elements\": [{\"type\": \"optional\", \"content\": " NUMBER "}, "
     "{\"type\": \"star\", \"content\": {\"type\": \"const_string\", \"value\": \"x\"}}]}",
     {"", "7", "x", "7xx"},
     {"77", "x7"}},
    {"{\"type\": \"tag\", \"begin\": \"<t>\", \"content\": {\"type\": \"any_text\"}, \"end\": "
     "\"</t>\"}",
     {"<t></t>", "<t>a </ b</t>", "<t></</t>"},
     {"<t>", "<t></t>x", "<t></t></t>", "x<t></t>"}},
    {TRIGGERED(""),
     {"", "free < text", "<a>3</a>", "x<a>3</a>y<b>z<a></b>", "<a>3</a><a>4</a>", "a<b></b>"},
     {"<a", "<a>x</a>", "<a>3", "<a>3</a><b>", "<b>", "x <a>12</a>", "<ab"}},
    {TRIGGERED(", \"at_least_one\": true"),
     {"<a>3</a>", "<b></b> and <a>4</a> so"},
     {"", "x", "x<a>3</a>", "<a>3</a><a"}},
    {TRIGGERED(", \"stop_after_first\": true"),
     {"", "x", "x<a>3</a>", "<b>y</b>"},
     {"<a>3</a>x", "<a>3</a><a>3</a>", "x<a"}},
    {TRIGGERED(", \"at_least_one\": true, \"stop_after_first\": true"),
     {"<a>3</a>", "<b></b>"},
     {"", "x", "<a>3</a>x", "x<b></b>"}},
    {SEPARATED(""), {"", "<a>3</a>", "<a>3</a>;<b>;</b>"}, {"<a>3</a>;", "<a>3</a><b></b>", "x"}},
    {SEPARATED(", \"at_least_one\": true"), {"<a>3</a>", "<b></b>;<b></b>"}, {"", ";"}},
    {SEPARATED(", \"at_least_one\": true, \"stop_after_first\": true"),
     {"<a>3</a>"},
     {"", "<a>3</a>;<a>3</a>"}},
    {"{\"type\": \"structural_tag\", \"format\": " NUMBER "}", {"5"}, {"", "55"}},
    {"{\"type\": \"structural_tag\", \"triggers\": [\"<f\"], \"structures\": [{\"begin\": "
     "\"<f=x>\", "
     "\"schema\": {\"enum\": [1]}, \"end\": \"</f>\"}]}",
     {"", "hello", "so <f=x>1</f> or <f=x>1</f>"},
     {"<f", "<f=y>1</f>", "<f=x>2</f>"}},
    {XML("{\"type\": \"object\", \"properties\": {\"s\": {\"type\": \"string\"}, \"n\": {\"type\": "
         "\"integer\", \"minimum\": 3}}, \"required\": [\"s\"]}"),
     {P("s", "any \"text\"\n<b>"), P("s", "") P("n", "3"), P("s", "x") P("n", "44")},
     {"", P("n", "3"), P("s", "a") P("n", "2"), P("n", "3") P("s", "a"), P("s", "a") P("s", "a"),
      P("s", "a") P("t", "a"), P("s", "</parameter>")}},
    {XML("{\"properties\": {\"e\": {\"enum\": [\"a b\", 3, null]}, \"u\": {\"anyOf\": [{\"type\": "
         "\"string\", \"maxLength\": 2}, {\"type\": \"null\"}, {\"$ref\": \"#/$defs/l\"}]}}, "
         "\"$defs\": "
         "{\"l\": {\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/i\"}}, \"i\": {\"const\": "
         "1}}}"),
     {"", P("e", "a b"), P("e", "3"), P("e", "null") P("u", "xy"), P("u", "null"), P("u", "[1,1]")},
     {P("e", "a"), P("e", "\"a b\""), P("u", "xyz"), P("u", "[2]")}},
    {XML("true"), {""}, {P("a", "1")}},
};

static struct earley *reader_of(const char *format, struct error *err)
{
    int symbol;
    struct grammar *g = grammar_new();
    assert_non_null(g);
    if (!tags_rule(g, span_str(format), SCHEMA_SPACE_COMPACT, &symbol, err) ||
        !grammar_finish(g, symbol, err)) {
        grammar_free(g);
        return NULL;
    }
    return earley_new(g, err);
}

static bool reads(struct earley *e, const char *text)
{
    int state = EARLEY_START;
    for (; *text != '\0' && state != EARLEY_DEAD; text++) {
        state = earley_step(e, state, (uint8_t)*text);
    }
    return state != EARLEY_DEAD && earley_may_end(e, state);
}

static void test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err = {0};
        struct earley *e = reader_of(rows[i].format, &err);
        if (e == NULL) fail_msg("%s: %s %s", rows[i].format, err.param, err.message);
        for (int k = 0; k < MOST && rows[i].yes[k] != NULL; k++) {
            if (!reads(e, rows[i].yes[k]))
                fail_msg("%s: %s is refused", rows[i].format, rows[i].yes[k]);
        }
        for (int k = 0; k < MOST && rows[i].no[k] != NULL; k++) {
            if (reads(e, rows[i].no[k])) fail_msg("%s: %s is taken", rows[i].format, rows[i].no[k]);
        }
        assert_false(earley_failed(e));
        earley_free(e);
    }
}

static const struct {
    const char *format, *param;
    enum error_code code;
} refused[] = {
    {"5", "", ERROR_INVALID_TYPE},
    {"{\"type\": \"nope\"}", "type", ERROR_UNSUPPORTED},
    {"{\"type\": \"any_text\", \"until\": \"x\"}", "until", ERROR_UNKNOWN_FIELD},
    {"{\"type\": \"const_string\"}", "value", ERROR_MISSING_FIELD},
    {"{\"type\": \"structural_tag\", \"format\": {\"type\": \"sequence\", \"elements\": [" NUMBER
     ", 5]}}",
     "format.elements[1]", ERROR_INVALID_TYPE},
    {"{\"type\": \"structural_tag\", \"format\": " NUMBER ", \"triggers\": []}", "triggers",
     ERROR_UNKNOWN_FIELD},
    {"{\"type\": \"structural_tag\", \"structures\": [{\"begin\": \"<x\", \"schema\": {}, \"end\": "
     "\"\"}], "
     "\"triggers\": [\"<y\"]}",
     "structures[0].begin", ERROR_INVALID_VALUE},
    {"{\"type\": \"triggered_tags\", \"triggers\": [], " TAGS "}", "triggers", ERROR_INVALID_VALUE},
    {"{\"type\": \"triggered_tags\", \"triggers\": [\"\"], " TAGS "}", "triggers[0]",
     ERROR_INVALID_TYPE},
    {"{\"type\": \"tag\", \"begin\": \"a\", \"content\": {\"type\": \"json_schema\", "
     "\"json_schema\": "
     "{\"pattern\": \"(?<=a)b\"}}, \"end\": \"\"}",
     "content.json_schema", ERROR_UNSUPPORTED},
    {"{\"type\": \"tag\", \"begin\": \"a\", \"content\": {\"type\": \"json_schema\", \"field\": "
     "\"tools[3].x\", "
     "\"json_schema\": {\"pattern\": \"(?<=a)b\"}}, \"end\": \"\"}",
     "tools[3].x", ERROR_UNSUPPORTED},
    {XML("{\"minProperties\": 3}"), "json_schema", ERROR_UNSUPPORTED},
    {XML("{\"properties\": {\"a\": {\"allOf\": []}}}"), "json_schema.properties.a",
     ERROR_UNSUPPORTED},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct error err = {0};
        struct earley *e = reader_of(refused[i].format, &err);
        if (e != NULL) fail_msg("%s is taken", refused[i].format);
        if (err.code != refused[i].code || strcmp(err.param, refused[i].param) != 0) {
            fail_msg("%s: %s at \"%s\": %s", refused[i].format, error_name(err.code), err.param,
                     err.message);
        }
    }
}

/* Tags of thoughts whose first byte comes again in them. */
static void test_thoughts_of_harmony(void **state)
{
    const struct form_source source = {.type = FORM_TAGS,
                                       .text = span_str(NUMBER),
                                       .thoughts = FORM_MAY_THINK,
                                       .think_open = "<|channel|>analysis<|message|>",
                                       .think_close = "<|channel|>final<|message|>"};
    struct error err = {0};
    struct form_cursor c;
    struct form *f = form_new(&source, &err);
    (void)state;
    assert_non_null(f);
    form_cursor_begin(&c, f);
    assert_true(form_cursor_feed(
        &c, span_str("<|channel|>analysis<|message|>So <|channel|>fi<|<|channel|>final")));
    assert_false(form_cursor_may_end(&c));
    assert_true(form_cursor_is_free(&c));
    assert_true(form_cursor_feed(&c, span_str("<|message|>7")));
    assert_true(form_cursor_may_end(&c));
    assert_false(form_cursor_feed(&c, span_str("x")));
    form_cursor_begin(&c, f);
    assert_true(form_cursor_feed(&c, span_str("7")));
    assert_true(form_cursor_may_end(&c));
    form_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_thoughts_of_harmony),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
