/* tests/unit/test_template.c - what the interpreter promises beyond the language itself: errors
 * with their line, ceilings, the context of a chat, many threads. The language is tested in
 * tests/golden/test_templates.c.
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

#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"
#include "engine/template/limits.h"
#include "engine/template/template.h"

static const struct template_options options = {.now = 1773500966}; /* 2026-03-14 15:09:26 */

/* source with context (JSON text): the rendering in *out, or *err set. */
static bool render(struct span source, const char *json, struct buffer *out, struct error *err)
{
    buffer_init(out, TEMPLATE_MAX_OUTPUT);
    cJSON *context = json_parse(span_str(json), NULL);
    struct template *t = template_new(source, err);
    if (context == NULL) fail_msg("no context: %s", json);
    bool ok = t != NULL && template_render(t, context, &options, out, err);
    template_free(t);
    cJSON_Delete(context);
    return ok;
}

static bool has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* ---- renderings ------------------------------------------------------------------------------ */

static const struct {
    const char *name, *source, *context, *want;
} renderings[] = {
    {"text alone", "Hello\n", "{}", "Hello"},
    {"empty", "", "{}", ""},
    {"null is None", "{{ x is none }}{{ x }}", "{\"x\": null}", "TrueNone"},
    {"absent is undefined", "{{ x is defined }}[{{ x }}]", "{}", "False[]"},
    {"a variable hides a function", "{{ range }}", "{\"range\": 5}", "5"},
    {"whole numbers are integers", "{{ x }} {{ y }}", "{\"x\": 3, \"y\": 3.5}", "3 3.5"},
    {"numbers are what json.loads makes of them",
     "{{ x }} {{ x|tojson }} {{ x[1] is integer }} {{ x[7] is number }} {{ x[7] is float }}",
     "{\"x\": [1, 1.0, 1e16, 1e5, -0.0, 1234567890123456789, 1e400, 123456789012345678901, -0]}",
     "[1, 1.0, 1e+16, 100000.0, -0.0, 1234567890123456789, inf, 123456789012345678901, 0] "
     "[1, 1.0, 1e+16, 100000.0, -0.0, 1234567890123456789, Infinity, 123456789012345678901, 0] "
     "False True False"},
    {"an int beyond 64 bits compares exactly",
     "{{ a == b }} {{ a < b }} {{ a > 5 }} {{ a == a }} {{ a|int }} {{ a in [a] }} {{ b|abs }}",
     "{\"a\": 123456789012345678901, \"b\": -123456789012345678902}",
     "False False True True 123456789012345678901 True 123456789012345678902"},
    {"NUL within a string", "{{ x|length }}", "{\"x\": \"a\\u0000b\"}", "3"},
    {"many keys", "{{ m.k19 }}{{ m.k3 }}{{ m.none }}",
     "{\"m\": {\"k0\":0,\"k1\":1,\"k2\":2,\"k3\":3,\"k4\":4,\"k5\":5,\"k6\":6,\"k7\":7,\"k8\":8,"
     "\"k9\":9,\"k10\":10,\"k11\":11,\"k12\":12,\"k13\":13,\"k14\":14,\"k15\":15,\"k16\":16,"
     "\"k17\":17,\"k18\":18,\"k19\":19}}",
     "193"},
    {"the clock is the caller's", "{{ strftime_now('%Y-%m-%d %H:%M:%S') }}", "{}",
     "2026-03-14 15:09:26"},
    {"a sum built step by step",
     "{% set ns = namespace(s='') %}{% for i in range(5) %}"
     "{% set old = ns.s %}{% set ns.s = ns.s + i|string %}{{ old + '!' }}{% endfor %}{{ ns.s }}",
     "{}", "!0!01!012!0123!01234"},
    {"a chat put together with ~, message by message",
     "{% set ns = namespace(s='') %}{% for i in range(20000) %}"
     "{% set ns.s = ns.s ~ 'a message of many words' ~ i %}{% endfor %}{{ ns.s|length }}",
     "{}", "548890"},
};

static void renders(void **state)
{
    (void)state;
    int bad = 0;
    for (size_t i = 0; i < sizeof(renderings) / sizeof(*renderings); i++) {
        struct buffer out;
        struct error err = {0};
        bool ok = render(span_str(renderings[i].source), renderings[i].context, &out, &err);
        if (!ok || !span_is(buffer_span(&out), renderings[i].want)) {
            printf("%s: %.*s%s\n", renderings[i].name, (int)out.n, out.n > 0 ? out.p : "",
                   err.message);
            bad++;
        }
        buffer_clear(&out);
    }
    assert_int_equal(bad, 0);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static const struct {
    const char *name, *source, *message;
} errors[] = {
    {"a tag that is not closed", "a\nb {% if x", "line 2: unexpected end of template inside a tag"},
    {"a block that is not closed", "{% if x %}\n", "the template ends without"},
    {"an unknown tag", "\n\n{% foo %}", "line 3: unknown tag 'foo'"},
    {"an unknown filter", "\n{{ x|foo }}", "line 2: no filter named 'foo'"},
    {"random is refused", "{{ [1, 2]|random }}", "the filter random is not supported"},
    {"lipsum is refused", "{{ lipsum(5) }}", "lipsum is not supported"},
    {"an unknown test", "{{ x is foo }}", "no test named 'foo'"},
    {"the wrong bracket", "{{ (1] }}", "expected ')'"},
    {"include is refused", "{% include 'a' %}", "{% include %} is not supported"},
    {"extends is refused", "{% extends 'a' %}", "{% extends %} is not supported"},
    {"undefined has no attributes", "\n{{ a.b.c }}", "line 2: 'a' is undefined"},
    {"nor has what is not there", "{{ x.b.c }}", "'dict object' has no attribute 'b'"},
    {"None is no string", "{{ 'a' + none }}", "can only concatenate str (not \"NoneType\") to str"},
    {"raise_exception speaks for itself", "{{ raise_exception('Wrong roles: \xc3\xa9') }}",
     "Wrong roles: \xc3\xa9"},
    {"lists do not change", "{% set _ = x.update({}) %}", "unsafe"},
    {"break needs a loop", "{% break %}", "outside of a loop"},
    {"break does not leave a macro",
     "{% for i in [1] %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}", "outside of a loop"},
};

static void says_what_is_wrong(void **state)
{
    (void)state;
    int bad = 0;
    for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
        struct buffer out;
        struct error err = {0};
        bool ok = render(span_str(errors[i].source), "{\"x\": {}}", &out, &err);
        if (ok || err.code != ERROR_TEMPLATE || out.n > 0 || !has(err.message, errors[i].message)) {
            printf("%s: %s\n", errors[i].name, err.message);
            bad++;
        }
        buffer_clear(&out);
    }
    assert_int_equal(bad, 0);
}

/* ---- ceilings -------------------------------------------------------------------------------- */

static const struct {
    const char *name, *source, *message;
} ceilings[] = {
    {"steps", "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
     "steps"},
    {"steps of fills", "{% for i in range(99999) %}{% set x = '%65000d' % 1 %}{% endfor %}",
     "steps"},
    {"steps of comparisons",
     "{% set a = 'x' * 1000000 %}{% set b = 'x' * 999999 ~ 'y' %}{% set l = [a] * 90000 %}{{ b in "
     "l }}",
     "steps of work"},
    {"steps of one character, often", "{{ s[0] * 2 ** 23, 0 }}", "steps of work"},
    {"steps of identity",
     "{% set a = 'x' * 9999999 %}{% for i in range(99999) %}{{ a is sameas a }}{% endfor %}",
     "steps of work"},
    {"steps of hashing",
     "{% set ns = namespace(t=(1,)) %}{% for i in range(14) %}"
     "{% set ns.t = (ns.t, ns.t, ns.t, ns.t) %}{% endfor %}{{ {ns.t: 1} }}",
     "steps of work"},
    {"steps of long keys",
     "{% set k = 'x' * 999999 %}{% set d = {1:1,2:1,3:1,4:1,5:1,6:1,7:1,8:1,9:1,k:1} %}"
     "{% for i in range(99999) %}{{ d[k] }}{% endfor %}",
     "steps of work"},
    {"steps of a sum",
     "{% set l = [0] * 500000 %}{% for i in range(99999) %}{{ l|sum }}{% endfor %}",
     "steps of work"},
    {"steps of unpacking",
     "{% set l = (1, 2) %}{% for i in range(99999) %}{% for j in range(99999) %}"
     "{% set a, a = l %}{% endfor %}{% endfor %}",
     "steps of work"},
    {"steps of a format's flags",
     "{% set f = '%' ~ '-' * 999999 ~ 'd' %}{% for i in range(99999) %}{{ f % 1 }}{% endfor %}",
     "steps of work"},
    {"steps of a search from the right",
     "{% set a = 'x' * 999999 %}{% for i in range(99999) %}{{ a.rfind(a[1:]) }}{% endfor %}",
     "steps of work"},
    {"steps of replacing",
     "{% for i in range(99999) %}{% set a = ('x' * 99999)|replace('', 'yz') %}{% endfor %}",
     "steps of work"},
    {"steps of digits",
     "{% for i in range(99999) %}{{ 1e300|round(300) }}{{ '%.300f' % 1e300 }}{% endfor %}",
     "steps of work"},
    {"steps of nothing",
     "{% for i in range(99999) %}{% for j in range(99999) %}{% if '' or '' or '' or '' %}{% endif "
     "%}"
     "{% endfor %}{% endfor %}",
     "steps of work"},
    {"steps of indents",
     "{% set s = 'a\n' * 9999 %}{% for i in range(99999) %}{% set x = s|indent(9) %}{% endfor %}",
     "steps of work"},
    {"output", "{% set x = 'x' * 9999999 %}{{ x }}{{ x }}", "a text of more than 16 MiB"},
    {"a repeated string", "{{ 'ab' * 100000000 }}", "MiB"},
    {"a repeated list", "{{ [1, 2] * 100000000 }}", "MiB"},
    {"memory",
     "{% set ns = namespace(l=[]) %}{% for i in range(60) %}{% set ns.l = ns.l + "
     "[range(90000)|list]"
     " + range(90000)|list %}{% endfor %}",
     "memory"},
    {"recursion", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "recursion"},
    {"recursion through filters",
     "{% set ns = namespace(x=[1]) %}{% for i in range(5000) %}{% set ns.x = ns.x|map('string') %}"
     "{% endfor %}{{ ns.x|list }}",
     "recursion"},
    {"recursion in a value",
     "{% set ns = namespace(x=[1]) %}{% for i in range(5000) %}{% set ns.x = [ns.x] %}{% endfor %}"
     "{{ ns.x }}",
     "recursion"},
    {"recursion in a value as JSON",
     "{% set ns = namespace(x=[1]) %}{% for i in range(5000) %}{% set ns.x = [ns.x] %}{% endfor %}"
     "{{ ns.x|tojson }}",
     "recursion"},
    {"recursion in a key",
     "{% set ns = namespace(x=(1,)) %}{% for i in range(5000) %}{% set ns.x = (ns.x,) %}{% endfor "
     "%}"
     "{{ {ns.x: 1} }}",
     "unhashable"},
    {"a namespace in itself", "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}", "recursion"},
    {"a range", "{{ range(100001) }}", "Range too big"},
    {"a width", "{{ '%99999999d' % 1 }}", "width"},
    {"an indent", "{{ [1]|tojson(indent=99999999) }}", "indent"},
    {"an integer", "{{ 2 ** 64 }}", "64 bits"},
    {"the smallest integer", "{{ (-9223372036854775807 - 1) // -1 }}", "64 bits"},
};

/* Even the dearest of them ends in a fraction of this, sanitizers and a busy machine allowed for. */
enum { MOST_MS = 20000 };

static void keeps_its_ceilings(void **state)
{
    (void)state;
    int bad = 0;
    for (size_t i = 0; i < sizeof(ceilings) / sizeof(*ceilings); i++) {
        struct buffer out;
        struct error err = {0};
        uint64_t start = clock_cpu_ns();
        bool ok = render(span_str(ceilings[i].source), "{\"s\": \"abc\"}", &out, &err);
        uint64_t ms = (clock_cpu_ns() - start) / 1000000;
        bool named = err.code == ERROR_TEMPLATE && has(err.message, ceilings[i].message);
        if (ok || !named || ms > MOST_MS) {
            printf("%s: %s (%d ms)\n", ceilings[i].name, err.message, (int)ms);
            bad++;
        }
        buffer_clear(&out);
    }
    assert_int_equal(bad, 0);
}

/* head, n times part, tail */
static void parse_repeated(const char *head, const char *part, int n, const char *tail,
                           struct error *err)
{
    struct buffer source;
    buffer_init(&source, 4 << 20);
    buffer_add_str(&source, head);
    for (int i = 0; i < n; i++) {
        buffer_add_str(&source, part);
    }
    buffer_add_str(&source, tail);
    struct template *t = template_new(buffer_span(&source), err);
    assert_true((t == NULL) == (err->code == ERROR_TEMPLATE));
    template_free(t);
    buffer_clear(&source);
}

static void bounds_the_source(void **state)
{
    (void)state;
    static const struct {
        const char *head, *part;
        int n;
        const char *tail, *message;
    } rows[] = {
        {"{{ ", "(", 5000, "", "nested"},
        {"{{ ", "[", 5000, "", "nested"},
        {"{{ ", "not ", 50000, "x }}", "nested"},
        {"{{ ", "-", 50000, "x }}", "nested"},
        {"{{ x", "+1", 50000, " }}", "levels"},
        {"{{ x", ".a", 50000, " }}", "levels"},
        {"{{ x", "|e", 50000, " }}", "levels"},
        {"", "{% if x %}", 5000, "", "nested"},
        {"{{ x", " if x else y", 5000, " }}", "nested"},
        {"{{ x", "y", 5000, " }}", "a name of more than 1000 bytes"},
        {"", "padding ", 50000, "", "at most"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct error err = {0};
        parse_repeated(rows[i].head, rows[i].part, rows[i].n, rows[i].tail, &err);
        if (!has(err.message, rows[i].message)) fail_msg("row %zu: %s", i, err.message);
    }
    struct error err = {0};
    parse_repeated("{% if x %}a", "{% elif y %}b", 5000, "{% endif %}", &err); /* a chain is flat */
    assert_int_equal(err.code, ERROR_NONE);
    parse_repeated("{{ x", " ~ y", 20000, " }}", &err);
    assert_int_equal(err.code, ERROR_NONE);
    assert_null(template_new(span_str("{{ '\xff' }}"), &err));
    assert_int_equal(err.code, ERROR_TEMPLATE);
}

/* A prefix of a template parses or fails with an error, and so does its rendering. */
static void survives_being_cut(void **state)
{
    (void)state;
    static const char source[] =
        "{%- macro m(a, b='x') -%}{{ a ~ b }}{%- endmacro -%}{# c #}{% raw %}{{{% endraw %}"
        "{% for k, v in {'a': [1, 2.5e3], 'b': (none,)}.items() if k is not none recursive %}"
        "{{ loop.index }}{{ m(k, b=v[::-1]|tojson(indent=1)) }}{% else %}{% endfor %}"
        "{% set ns = namespace(x=1) %}{% set ns.x = ns.x + 1 if not false else -1 %}"
        "{% call(z) m(1) %}{{ '%s' % z }}{% endcall %}{% filter upper %}q{% endfilter %}";
    for (size_t n = 0; n <= sizeof(source) - 1; n++) {
        struct buffer out;
        struct error err = {0};
        char *exact = malloc(n + 1); /* so that ASan sees a read past the end */
        assert_non_null(exact);
        memcpy(exact, source, n);
        bool ok = render(span_of(exact, n), "{}", &out, &err);
        assert_true(ok == (err.code == ERROR_NONE));
        assert_true(utf8_is_valid(span_str(err.message)));
        free(exact);
        buffer_clear(&out);
    }
}

/* ---- the context of a chat ------------------------------------------------------------------- */

static void shows_reasoning_under_both_names(void **state)
{
    (void)state;
    static const struct {
        const char *message, *want;
    } rows[] = {
        {"{\"role\": \"a\"}", "{'role': 'a'}"},
        {"{\"role\": \"a\", \"reasoning_content\": \"r\"}",
         "{'thinking': 'r', 'role': 'a', 'reasoning_content': 'r'}"},
        {"{\"thinking\": \"t\"}", "{'thinking': 't', 'reasoning_content': 't'}"},
        {"{\"reasoning\": \"r\"}", "{'thinking': 'r', 'reasoning': 'r', 'reasoning_content': 'r'}"},
        {"{\"reasoning_content\": null, \"thinking\": null, \"reasoning\": \"r\"}",
         "{'reasoning_content': 'r', 'thinking': None, 'reasoning': 'r'}"},
        {"{\"reasoning_content\": \"r\", \"thinking\": \"t\"}",
         "{'reasoning_content': 'r', 'thinking': 't'}"},
    };
    struct template *t = template_new(span_str("{{ messages[0] }}"), NULL);
    assert_non_null(t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct buffer out;
        buffer_init(&out, 1 << 16);
        cJSON *messages = cJSON_CreateArray();
        cJSON_AddItemToArray(messages, json_parse(span_str(rows[i].message), NULL));
        cJSON *context = template_context_new(messages, NULL, true, NULL, NULL, NULL, NULL);
        assert_non_null(context);
        assert_true(template_render(t, context, &options, &out, NULL));
        assert_string_equal(out.p, rows[i].want);
        cJSON_Delete(context);
        cJSON_Delete(messages);
        buffer_clear(&out);
    }
    template_free(t);
}

static void builds_the_context(void **state)
{
    (void)state;
    struct buffer out;
    struct error err = {0};
    cJSON *messages = cJSON_CreateArray();
    cJSON *kwargs = json_parse(
        span_str("{\"a\": 1, \"messages\": 2, \"bos_token\": \"B\", \"documents\": []}"), NULL);
    cJSON *context = template_context_new(messages, NULL, false, "b", NULL, kwargs, &err);
    assert_non_null(context);
    struct template *t =
        template_new(span_str("{{ a }}{{ messages }}{{ bos_token }}{{ eos_token is defined }}"
                              "{{ tools }}{{ documents }}{{ add_generation_prompt }}"),
                     &err);
    buffer_init(&out, 1 << 16);
    assert_true(template_render(t, context, &options, &out, &err));
    assert_string_equal(out.p, "1[]BFalseNone[]False");
    assert_null(template_context_new(kwargs, NULL, false, NULL, NULL, NULL, &err));
    assert_string_equal(err.param, "messages");
    assert_null(template_context_new(messages, kwargs, false, NULL, NULL, NULL, &err));
    assert_string_equal(err.param, "tools");
    assert_null(template_context_new(messages, NULL, false, NULL, NULL, messages, &err));
    assert_string_equal(err.param, "chat_template_kwargs");
    cJSON_AddItemToArray(messages, cJSON_CreateNumber(1));
    assert_null(template_context_new(messages, NULL, false, NULL, NULL, NULL, &err));
    assert_string_equal(err.param, "messages[0]");
    template_free(t);
    cJSON_Delete(context);
    cJSON_Delete(messages);
    cJSON_Delete(kwargs);
    buffer_clear(&out);
}

/* ---- one template, many threads -------------------------------------------------------------- */

static const char counting[] =
    "{% macro m(x) %}{{ x }}{% endmacro %}{% set ns = namespace(n=0) %}{% for i in range(n) %}"
    "{% set ns.n = ns.n + i %}{{ m(i) }},{% endfor %}={{ ns.n }}";

static void *render_in_thread(void *arg)
{
    const struct template *t = arg;
    for (int n = 0; n < 200; n++) {
        struct buffer out;
        char tail[32];
        cJSON *context = cJSON_CreateObject();
        cJSON_AddNumberToObject(context, "n", n);
        buffer_init(&out, 1 << 20);
        bool ok = template_render(t, context, &options, &out, NULL);
        snprintf(tail, sizeof(tail), "=%d", n * (n - 1) / 2);
        ok = ok && span_ends(buffer_span(&out), span_str(tail));
        buffer_clear(&out);
        cJSON_Delete(context);
        if (!ok) return arg;
    }
    return NULL;
}

static void renders_in_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    struct template *t = template_new(span_str(counting), NULL);
    assert_non_null(t);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, render_in_thread, t), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    template_free(t);
}

/* What does not fit the caller's buffer is an error, and the buffer is told. */
static void minds_the_buffers_limit(void **state)
{
    (void)state;
    struct buffer out;
    struct error err = {0};
    cJSON *context = cJSON_CreateObject();
    struct template *t = template_new(span_str("{{ 'x' * 100 }}"), NULL);
    buffer_init(&out, 99);
    assert_false(template_render(t, context, &options, &out, &err));
    assert_int_equal(err.code, ERROR_TOO_LARGE);
    buffer_clear(&out);
    template_free(t);
    cJSON_Delete(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renders),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(keeps_its_ceilings),
        cmocka_unit_test(bounds_the_source),
        cmocka_unit_test(survives_being_cut),
        cmocka_unit_test(shows_reasoning_under_both_names),
        cmocka_unit_test(builds_the_context),
        cmocka_unit_test(renders_in_threads),
        cmocka_unit_test(minds_the_buffers_limit),
    };
    return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
