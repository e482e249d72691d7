/* tests/unit/test_tool_calls.c - text and calls in every family's form, however the text is cut.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/tools/calls.h"
#include "server/http/server.h"

#define CALL "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call>"
#define BAR "\xef\xbd\x9c"
#define GAP "\xe2\x96\x81"
#define CALLS_BEGIN "<" BAR "tool" GAP "calls" GAP "begin" BAR ">"
#define CALLS_END "<" BAR "tool" GAP "calls" GAP "end" BAR ">"
#define CALL_BEGIN "<" BAR "tool" GAP "call" GAP "begin" BAR ">"
#define CALL_END "<" BAR "tool" GAP "call" GAP "end" BAR ">"
#define SEP "<" BAR "tool" GAP "sep" BAR ">"
#define V3(name, args) CALL_BEGIN "function" SEP name "\n```json\n" args "\n```" CALL_END

/* calls: name(arguments) of each, one after another */
struct row {
    const char *format, *name, *text, *rest, *calls;
};
static const struct row rows[] = {
    {"hermes", "no call", "Hello <b>there</b> ", "Hello <b>there</b> ", ""},
    {"hermes", "nothing", "", "", ""},
    {"hermes", "arguments as the model wrote them",
     "<tool_call>{\"name\": \"f\", \"arguments\": {\"id\": 1234567890123456789, \"x\":1.0}}"
     "</tool_call>",
     "", "f({\"id\": 1234567890123456789, \"x\":1.0})"},
    {"hermes", "parameters",
     "<tool_call>{\"name\":\"f\",\"parameters\":{\"city\":\"Paris\"}}</tool_call>", "",
     "f({\"city\":\"Paris\"})"},
    {"hermes", "arguments and parameters",
     "<tool_call>{\"name\":\"f\",\"parameters\":{},\"arguments\":{}}</tool_call>",
     "<tool_call>{\"name\":\"f\",\"parameters\":{},\"arguments\":{}}</tool_call>", ""},
    {"hermes", "arguments first",
     "<tool_call>{\"arguments\":{\"a\":[{}]},\"name\":\"f\"}</tool_call>", "", "f({\"a\":[{}]})"},
    {"hermes", "more members", "<tool_call>{\"id\":1,\"name\":\"f\",\"arguments\":{},\"x\":null}",
     "", "f({})"},
    {"hermes", "a closing tag in a string",
     "<tool_call>{\"name\":\"f\",\"arguments\":{\"x\":\"\\\"</tool_call>\"}}</tool_call> end",
     " end", "f({\"x\":\"\\\"</tool_call>\"})"},
    {"hermes", "a string that never ends, then a call",
     "<tool_call>{\"name\":\"f}</tool_call>" CALL, "<tool_call>{\"name\":\"f}</tool_call>",
     "f({\"x\": 1})"},
    {"hermes", "a quote outside an object", "<tool_call>\"</tool_call>" CALL,
     "<tool_call>\"</tool_call>", "f({\"x\": 1})"},
    {"hermes", "a name twice", "<tool_call>{\"name\":\"f\",\"name\":\"g\"}</tool_call>",
     "<tool_call>{\"name\":\"f\",\"name\":\"g\"}</tool_call>", ""},
    {"hermes", "one call", CALL, "", "f({\"x\": 1})"},
    {"hermes", "white space around it", "\n" CALL "\n", "", "f({\"x\": 1})"},
    {"hermes", "words before", "I look it up.\n\n" CALL, "I look it up.", "f({\"x\": 1})"},
    {"hermes", "words after", CALL "\ndone", "\ndone", "f({\"x\": 1})"},
    {"hermes", "two calls", CALL "\n" CALL, "", "f({\"x\": 1})f({\"x\": 1})"},
    {"hermes", "no arguments", "<tool_call>{\"name\": \"g\"}</tool_call>", "", "g({})"},
    {"hermes", "null arguments", "<tool_call>{\"name\": \"g\", \"arguments\": null}</tool_call>",
     "", "g({})"},
    {"hermes", "arguments as text",
     "<tool_call>{\"name\":\"g\",\"arguments\":\"{\\\"a\\\":2}\"}</tool_call>", "", "g({\"a\":2})"},
    {"hermes", "arguments as text that is no JSON",
     "<tool_call>{\"name\":\"g\",\"arguments\":\"a\"}</tool_call>",
     "<tool_call>{\"name\":\"g\",\"arguments\":\"a\"}</tool_call>", ""},
    {"hermes", "never closed", "<tool_call>{\"name\": \"g\", \"arguments\": {}}", "", "g({})"},
    {"hermes", "never closed and cut off", "a <tool_call>{\"name\": \"g",
     "a <tool_call>{\"name\": \"g", ""},
    {"hermes", "a tool that is not offered", "<tool_call>{\"name\": \"h\"}</tool_call>" CALL,
     "<tool_call>{\"name\": \"h\"}</tool_call>", "f({\"x\": 1})"},
    {"hermes", "not JSON", "<tool_call>f(1)</tool_call>", "<tool_call>f(1)</tool_call>", ""},
    {"hermes", "words behind the object", "<tool_call>{\"name\":\"f\"} x</tool_call>",
     "<tool_call>{\"name\":\"f\"} x</tool_call>", ""},
    {"hermes", "no name", "<tool_call>{\"arguments\": {}}</tool_call>",
     "<tool_call>{\"arguments\": {}}</tool_call>", ""},
    {"hermes", "wrong arguments", "<tool_call>{\"name\": \"f\", \"arguments\": 3}</tool_call>",
     "<tool_call>{\"name\": \"f\", \"arguments\": 3}</tool_call>", ""},
    {"hermes", "numbers of all kinds",
     "<tool_call>{\"name\":\"f\",\"arguments\":{\"a\":[-0,1.5e+3,0E-1,true,null,\"\\u00e9\"]}}"
     "</tool_call>",
     "", "f({\"a\":[-0,1.5e+3,0E-1,true,null,\"\\u00e9\"]})"},
    {"hermes", "a number that is none",
     "<tool_call>{\"name\":\"f\",\"arguments\":{\"a\":01}}</tool_call>",
     "<tool_call>{\"name\":\"f\",\"arguments\":{\"a\":01}}</tool_call>", ""},
    {"hermes", "a wrong one, then a right one", "<tool_call>f</tool_call>" CALL,
     "<tool_call>f</tool_call>", "f({\"x\": 1})"},
    {"hermes", "almost a tag", "a <tool_cal", "a <tool_cal", ""},
    {"hermes", "almost a tag, then text", "a <tool_callx>", "a <tool_callx>", ""},
    {"hermes", "part of a tag, then a call", "a <tool_" CALL, "a <tool_", "f({\"x\": 1})"},
    {"hermes", "many bytes a character", "naïve 日本" CALL, "naïve 日本", "f({\"x\": 1})"},
    {"hermes", "only white space", " \n ", " \n ", ""},

    {"llama3", "bare", "{\"name\": \"f\", \"parameters\": {\"x\": 1}}", "", "f({\"x\": 1})"},
    {"llama3", "bare, behind white space", "\n {\"name\": \"f\", \"parameters\": {}} ", "",
     "f({})"},
    {"llama3", "python tag", "<|python_tag|>{\"name\": \"f\", \"parameters\": {}}", "", "f({})"},
    {"llama3", "two", "{\"name\":\"f\",\"parameters\":{}}; {\"name\":\"g\",\"parameters\":{}}", "",
     "f({})g({})"},
    {"llama3", "words first", "So: {\"name\": \"f\", \"parameters\": {}}",
     "So: {\"name\": \"f\", \"parameters\": {}}", ""},
    {"llama3", "an object of the answer", "{\"name\": \"f\", \"age\": 3}",
     "{\"name\": \"f\", \"age\": 3}", ""},
    {"llama3", "another name", "{\"name\": \"Bob\", \"parameters\": {}}",
     "{\"name\": \"Bob\", \"parameters\": {}}", ""},
    {"llama3", "Python", "<|python_tag|>print(1)", "<|python_tag|>print(1)", ""},

    {"deepseek_v3", "one", CALLS_BEGIN V3("f", "{\"x\": 1}") CALLS_END, "", "f({\"x\": 1})"},
    {"deepseek_v3", "two, words before",
     "Well.\n" CALLS_BEGIN V3("f", "{\"x\": 1}") "\n" V3("g", "{}") CALLS_END, "Well.",
     "f({\"x\": 1})g({})"},
    {"deepseek_v3", "a fence in a string",
     CALLS_BEGIN V3("f", "{\"x\": \"```" CALL_END "\"}") CALLS_END, "",
     "f({\"x\": \"```" CALL_END "\"})"},
    {"deepseek_v3", "not JSON", CALLS_BEGIN V3("f", "{x}") CALLS_END,
     CALLS_BEGIN V3("f", "{x}") CALLS_END, ""},
    {"deepseek_v3", "the second is broken", CALLS_BEGIN V3("f", "{}") V3("g", "{x}") CALLS_END,
     V3("g", "{x}") CALLS_END, "f({})"},
    {"deepseek_v3", "no function", CALLS_BEGIN CALL_BEGIN "x", CALLS_BEGIN CALL_BEGIN "x", ""},
    {"deepseek_v31", "two",
     CALLS_BEGIN CALL_BEGIN "f" SEP "{\"x\": 1}" CALL_END CALL_BEGIN "g" SEP
                            "{}" CALL_END CALLS_END,
     "", "f({\"x\": 1})g({})"},
    {"deepseek_v31", "not offered", CALLS_BEGIN CALL_BEGIN "h" SEP "{}" CALL_END CALLS_END,
     CALLS_BEGIN CALL_BEGIN "h" SEP "{}" CALL_END CALLS_END, ""},

    {"qwen3_coder", "types by the schema",
     "<tool_call>\n<function=x>\n<parameter=s>\n12\n</parameter>\n<parameter=n>\n12\n</parameter>\n"
     "<parameter=o>\n{\"a\": [1.0]}\n</parameter>\n<parameter=u>\nnull\n</parameter>\n"
     "<parameter=other>\ntrue\n</parameter>\n</function>\n</tool_call>",
     "", "x({\"s\": \"12\", \"n\": 12, \"o\": {\"a\": [1.0]}, \"u\": null, \"other\": true})"},
    {"qwen3_coder", "lines, quotes and tags in a text",
     "<tool_call>\n<function=x>\n<parameter=s>\na\n\n\"b\" <b>\n\n</parameter>\n</function>\n"
     "</tool_call>",
     "", "x({\"s\": \"a\\n\\n\\\"b\\\" <b>\\n\"})"},
    {"qwen3_coder", "without the outer tags, words around", "Yes. <function=f></function> so",
     "Yes. so", "f({})"},
    {"qwen3_coder", "two in a section",
     "<tool_call><function=f></function>\n<function=g>\n</function></tool_call>\n", "",
     "f({})g({})"},
    {"qwen3_coder", "a parameter twice",
     "<function=x><parameter=s>a</parameter><parameter=s>b</parameter></function>",
     "<function=x><parameter=s>a</parameter><parameter=s>b</parameter></function>", ""},
    {"qwen3_coder", "JSON", "<tool_call>{\"name\":\"f\"}</tool_call>",
     "<tool_call>{\"name\":\"f\"}</tool_call>", ""},
    {"qwen3_coder", "words between", "<function=x>so<parameter=s>a</parameter></function>",
     "<function=x>so<parameter=s>a</parameter></function>", ""},

    {"mistral", "two",
     "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {\"x\": 1}}, {\"name\": \"g\", \"arguments\": "
     "{}}]",
     "", "f({\"x\": 1})g({})"},
    {"mistral", "words before", "Ok [TOOL_CALLS] [{\"name\": \"f\", \"arguments\": {}}]", "Ok",
     "f({})"},
    {"mistral", "no list", "[TOOL_CALLS]{\"name\": \"f\"}", "[TOOL_CALLS]{\"name\": \"f\"}", ""},
    {"mistral_args", "two", "[TOOL_CALLS]f[ARGS]{\"x\": 1}[TOOL_CALLS]g[ARGS]{}", "",
     "f({\"x\": 1})g({})"},
    {"mistral_args", "an id", "[TOOL_CALLS]f[CALL_ID]abcdefghi[ARGS]{}", "", "f({})"},
    {"mistral_args", "no arguments", "[TOOL_CALLS]f", "[TOOL_CALLS]f", ""},

    {"harmony", "a call",
     "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{\"x\": 1}<|call|>", "",
     "f({\"x\": 1})"},
    {"harmony", "a preamble, then a call",
     "<|channel|>commentary<|message|>Wait.<|end|><|start|>assistant<|channel|>commentary "
     "to=functions.g json<|message|>{}",
     "Wait.", "g({})"},
    {"harmony", "the tool named with the role",
     "<|start|>assistant to=functions.f<|channel|>commentary json<|message|>{\"x\": 1}<|call|>", "",
     "f({\"x\": 1})"},
    {"harmony", "the same without the role",
     " to=functions.f<|channel|>commentary <|constrain|>json<|message|>{}", "", "f({})"},
    {"harmony", "an answer", "<|start|>assistant<|channel|>final<|message|>Hello", "Hello", ""},
    {"harmony", "not offered", "<|channel|>commentary to=functions.h<|message|>{}",
     "<|channel|>commentary to=functions.h<|message|>{}", ""},
};

/* Where arguments are wanted early, nothing comes as text: they say it. */
static const struct row cut_rows[] = {
    {"hermes", "cut off within its arguments",
     "<tool_call>{\"name\": \"g\", \"arguments\": {\"a\": [1, ",
     "<tool_call>{\"name\": \"g\", \"arguments\": {\"a\": [1, ", ""},
    {"llama3", "cut off", "{\"name\": \"f\", \"parameters\": {\"a",
     "{\"name\": \"f\", \"parameters\": {\"a", ""},
    {"qwen3_coder", "cut off", "<tool_call>\n<function=x>\n<parameter=s>\nabc",
     "<tool_call>\n<function=x>\n<parameter=s>\nabc", ""},
};

static const char parameters[] =
    "{\"properties\": {\"s\": {\"type\": \"string\"}, \"n\": {\"type\": \"integer\"}, \"o\": "
    "{\"type\": \"object\"}, \"u\": {\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"null\"}]}}}";

static void print_calls(const struct tool_calls *t, char *out, size_t room)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < t->n; i++) {
        if (!t->items[i].whole) continue;
        n += (size_t)snprintf(out + n, room - n, "%s(%s)", t->items[i].name, t->items[i].arguments);
    }
}

static void check(const struct row *row, const struct tool_calls_wanted *wanted, size_t cut,
                  const char *left)
{
    struct span text = span_str(row->text);
    struct tool_calls t;
    struct buffer rest;
    char calls[512];
    tool_calls_init(&t, wanted);
    buffer_init(&rest, 1 << 20);
    for (size_t at = 0; at < text.n; at += cut) {
        tool_calls_feed(&t, span_slice(text, at, at + cut), &rest);
    }
    tool_calls_end(&t, &rest);
    print_calls(&t, calls, sizeof(calls));
    bool right = span_is(buffer_span(&rest), left) && strcmp(calls, row->calls) == 0;
    if (!right) {
        print_error("%s: %s, pieces of %zu: text \"%.*s\", calls \"%s\"\n", row->format, row->name,
                    cut, (int)rest.n, rest.p == NULL ? "" : rest.p, calls);
    }
    assert_true(right && !t.failed);
    assert_true(wanted->early || t.n == t.n_whole);
    tool_calls_clear(&t);
    buffer_clear(&rest);
}

static void check_cuts(const struct row *row, const struct tool *tools, size_t n_tools,
                       const char *left_early)
{
    struct tool_calls_wanted wanted = {.tools = tools, .n_tools = n_tools};
    wanted.format = tool_format_named(span_str(row->format));
    assert_non_null(wanted.format);
    for (size_t cut = 1; cut <= strlen(row->text) + 1; cut++) {
        wanted.early = false;
        check(row, &wanted, cut, row->rest);
        wanted.early = true;
        check(row, &wanted, cut, left_early);
    }
}

static void test_every_cut(void **state)
{
    struct error err = {0};
    cJSON *schema = json_parse(span_str(parameters), &err);
    const struct tool tools[] = {{"f", NULL}, {"g", NULL}, {"x", schema}};
    (void)state;
    assert_non_null(schema);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_cuts(&rows[i], tools, 3, rows[i].rest);
    }
    for (size_t i = 0; i < sizeof(cut_rows) / sizeof(cut_rows[0]); i++) {
        check_cuts(&cut_rows[i], tools, 3, "");
    }
    cJSON_Delete(schema);
}

/* What stands of the arguments after each byte is the beginning of what comes at last. */
static void check_early(const char *format, const char *text, const char *arguments)
{
    struct tool_calls_wanted wanted = {.format = tool_format_named(span_str(format)),
                                       .early = true};
    struct tool_calls t;
    struct buffer rest;
    size_t steps = 0, before = 0;
    tool_calls_init(&t, &wanted);
    buffer_init(&rest, 1 << 20);
    for (size_t i = 0; text[i] != '\0'; i++) {
        tool_calls_feed(&t, span_of(text + i, 1), &rest);
        if (t.n == 0) continue;
        assert_true(span_starts(span_str(arguments), span_str(t.items[0].arguments)));
        steps += t.items[0].n_arguments > before;
        before = t.items[0].n_arguments;
    }
    tool_calls_end(&t, &rest);
    assert_int_equal(t.n, 1);
    assert_true(t.items[0].whole);
    assert_string_equal(t.items[0].arguments, arguments);
    assert_true(steps >= 3);
    tool_calls_clear(&t);
    buffer_clear(&rest);
}

static void test_early(void **state)
{
    (void)state;
    check_early("hermes",
                "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": [1, \"}\"]} , \"z\": 1}",
                "{\"a\": [1, \"}\"]}");
    check_early("mistral_args", "[TOOL_CALLS]f[ARGS]{\"a\": {\"b\": 1.50}}",
                "{\"a\": {\"b\": 1.50}}");
    check_early("qwen3_coder",
                "<function=f><parameter=a>1</parameter><parameter=b>c</parameter></function>",
                "{\"a\": 1, \"b\": \"c\"}");
}

/* A call that was shown and is never whole; text: what comes as text. */
static void check_broken_early(const char *format, const char *text, const char *arguments,
                               const char *as_text)
{
    struct tool_calls_wanted wanted = {.format = tool_format_named(span_str(format)),
                                       .early = true};
    struct tool_calls t;
    struct buffer rest;
    tool_calls_init(&t, &wanted);
    buffer_init(&rest, 1 << 20);
    for (size_t i = 0; text[i] != '\0'; i++) {
        tool_calls_feed(&t, span_of(text + i, 1), &rest);
    }
    tool_calls_end(&t, &rest);
    assert_int_equal(t.n, 1);
    assert_int_equal(t.n_whole, 0);
    assert_false(t.items[0].whole);
    assert_string_equal(t.items[0].arguments, arguments);
    assert_true(span_is(buffer_span(&rest), as_text));
    tool_calls_clear(&t);
    buffer_clear(&rest);
}

/* What the end cuts is told once; what is no call in the midst of the text is text, too. */
static void test_broken_early(void **state)
{
    const char *bad = "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": 1, b";
    (void)state;
    check_broken_early("hermes", bad, "{\"a\": 1, ", bad);
    check_broken_early("hermes", "x <tool_call>{\"name\": \"f\", \"arguments\": {\"a\": [1, 2",
                       "{\"a\": [1, 2", "x");
    check_broken_early("mistral_args", "[TOOL_CALLS]f[ARGS]{\"a\": {\"b\": \"[TOOL_CALLS]",
                       "{\"a\": {\"b\": \"[TOOL_CALLS]", "");
    check_broken_early("qwen3_coder",
                       "<tool_call><function=f><parameter=a>1</parameter><parameter=b>c",
                       "{\"a\": 1", "");
}

static void test_one_at_most(void **state)
{
    struct tool_calls_wanted wanted = {.format = tool_format_named(span_str("hermes")), .most = 1};
    (void)state;
    for (int early = 0; early < 2; early++) {
        struct tool_calls t;
        struct buffer rest;
        wanted.early = early != 0;
        tool_calls_init(&t, &wanted);
        buffer_init(&rest, 1 << 20);
        tool_calls_feed(&t, span_str(CALL "\n" CALL), &rest);
        tool_calls_end(&t, &rest);
        assert_int_equal(t.n, 1);
        assert_int_equal(t.n_whole, 1);
        assert_int_equal(rest.n, 0);
        tool_calls_clear(&t);
        buffer_clear(&rest);
    }
}

/* A call that never ends, and white space without end: text after a while, with nothing lost. */
static void test_bounded(void **state)
{
    static const char *const openings[][2] = {{"hermes", "<tool_call>"},
                                              {"hermes", "<tool_call>{\"name\":\"f"},
                                              {"qwen3_coder", "<function=f><parameter=a>"},
                                              {"mistral_args", "[TOOL_CALLS]"}};
    static char piece[1 << 16];
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        struct tool_calls_wanted wanted = {.format =
                                               tool_format_named(span_str(openings[i / 2][0]))};
        struct tool_calls t;
        struct buffer rest;
        struct span opening = span_str(openings[i / 2][1]);
        size_t fed = opening.n;
        memset(piece, i % 2 ? ' ' : 'x', sizeof(piece));
        tool_calls_init(&t, &wanted);
        buffer_init(&rest, 1 << 30);
        tool_calls_feed(&t, opening, &rest);
        for (int k = 0; k < 100; k++, fed += sizeof(piece)) {
            tool_calls_feed(&t, span_of(piece, sizeof(piece)), &rest);
            assert_true(t.held.n <= (size_t)2 << 20);
        }
        tool_calls_end(&t, &rest);
        assert_int_equal(rest.n, fed);
        assert_false(t.failed);
        tool_calls_clear(&t);
        buffer_clear(&rest);
    }
}

/* What a family writes when it must is what its row reads. */
static void test_written_is_read(void **state)
{
    const struct tool_format *f;
    (void)state;
    for (int i = 0; (f = tool_format_at(i)) != NULL; i++) {
        struct tool_calls_wanted wanted = {.format = f};
        struct tool_calls t;
        struct buffer rest, text;
        const char *arguments =
            f->kind == TOOL_XML ? "<parameter=a>\n1\n</parameter>\n" : "{\"a\": 1}";
        buffer_init(&text, 1 << 20);
        buffer_init(&rest, 1 << 20);
        buffer_addf(&text, "%s%sf%s%s%s", f->begin, f->before_name, f->after_name, arguments,
                    f->after_arguments);
        if (f->between != NULL) {
            buffer_addf(&text, "%s%sg%s%s%s", f->between, f->before_name, f->after_name, arguments,
                        f->after_arguments);
        }
        buffer_add_str(&text, f->end);
        tool_calls_init(&t, &wanted);
        tool_calls_feed(&t, buffer_span(&text), &rest);
        tool_calls_end(&t, &rest);
        assert_int_equal(t.n_whole, f->between == NULL ? 1 : 2);
        assert_int_equal(rest.n, 0);
        assert_string_equal(t.items[0].arguments, "{\"a\": 1}");
        assert_true(f->between == NULL || strcmp(t.items[1].name, "g") == 0);
        assert_true(tool_format_named(span_str(f->name)) == f);
        tool_calls_clear(&t);
        buffer_clear(&text);
        buffer_clear(&rest);
    }
}

static void test_detect(void **state)
{
    static const char *const templates[][2] = {
        {"{{ messages }}", "hermes"},
        {"<tool_call></tool_call> {\"name\": <function-name>, \"arguments\": <args>}", "hermes"},
        {"<tool_call>\n<function=example>\n<parameter=p>", "qwen3_coder"},
        {"'" CALLS_BEGIN "' + '```json'", "deepseek_v3"},
        {"'" CALLS_BEGIN "'", "deepseek_v31"},
        {"[TOOL_CALLS] [ARGS]", "mistral_args"},
        {"[TOOL_CALLS] [", "mistral"},
        {"<|channel|>commentary json", "harmony"},
        {"Environment: ipython {\"name\": function name, \"parameters\": ...}", "llama3"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
        assert_string_equal(tool_format_detect(span_str(templates[i][0]))->name, templates[i][1]);
    }
}

/* --tool-format takes the name of every row. */
static void test_setting(void **state)
{
    const struct tool_format *f;
    struct buffer words;
    const char *set = NULL;
    (void)state;
    for (size_t i = 0; i < server_settings.n; i++) {
        if (strcmp(server_settings.rows[i].name, "tool-format") == 0) {
            set = server_settings.rows[i].words;
        }
    }
    assert_non_null(set);
    buffer_init(&words, 1 << 12);
    buffer_add_str(&words, set);
    buffer_add_char(&words, '|');
    for (int i = 0; (f = tool_format_at(i)) != NULL; i++) {
        struct buffer word;
        buffer_init(&word, 1 << 8);
        buffer_addf(&word, "|%s|", f->name);
        assert_true(span_find(buffer_span(&words), buffer_span(&word), 0) != SPAN_NONE);
        buffer_clear(&word);
    }
    buffer_clear(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cut),    cmocka_unit_test(test_early),
        cmocka_unit_test(test_broken_early), cmocka_unit_test(test_one_at_most),
        cmocka_unit_test(test_bounded),      cmocka_unit_test(test_written_is_read),
        cmocka_unit_test(test_detect),       cmocka_unit_test(test_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
