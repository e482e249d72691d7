/* tests/unit/test_form_schema.c - JSON Schemas as grammars: what they derive, and what is refused.
 *
 * tests/data/forms.jsonl: {"schema", "valid": [texts], "invalid": [texts]} or {"schema", "refused":
 * part of the message}. A valid text must be read to its end, an invalid one must not.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/json.h"
#include "engine/sample/form/earley.h"
#include "engine/sample/form/schema.h"
#include "reward/rules/json_schema.h"

static bool reads(struct earley *e, const char *text)
{
    int state = EARLEY_START;
    for (; *text != '\0' && state != EARLEY_DEAD; text++) {
        state = earley_step(e, state, (uint8_t)*text);
    }
    return state != EARLEY_DEAD && earley_may_end(e, state);
}

static void check_texts(struct earley *e, const cJSON *entry, const char *name, bool valid)
{
    const cJSON *text;
    cJSON_ArrayForEach(text, cJSON_GetObjectItem(entry, name))
    {
        if (reads(e, text->valuestring) == valid) continue;
        char *schema = cJSON_PrintUnformatted(cJSON_GetObjectItem(entry, "schema"));
        fail_msg("%s: %s is taken for %s", schema, text->valuestring, valid ? "invalid" : "valid");
    }
}

static void check_entry(const cJSON *entry)
{
    struct error err = {0};
    struct schema_options o = {.strict = cJSON_IsTrue(cJSON_GetObjectItem(entry, "strict"))};
    const cJSON *refused = cJSON_GetObjectItem(entry, "refused");
    struct earley *e = schema_compile(cJSON_GetObjectItem(entry, "schema"), &o, &err);
    if (refused != NULL) {
        assert_null(e);
        if (strstr(err.message, refused->valuestring) == NULL)
            fail_msg("%s: %s", refused->valuestring, err.message);
        return;
    }
    if (e == NULL) fail_msg("%s", err.message);
    check_texts(e, entry, "valid", true);
    check_texts(e, entry, "invalid", false);
    assert_false(earley_failed(e));
    earley_free(e);
}

static void test_table(void **state)
{
    (void)state;
    int n = 0;
    struct file_mapping file;
    assert_true(file_map("tests/data/forms.jsonl", &file, NULL));
    struct span rest = file_mapping_span(file);
    while (rest.n > 0) {
        size_t line = span_find(rest, span_str("\n"), 0), end = line == SPAN_NONE ? rest.n : line;
        cJSON *entry = json_parse(span_slice(rest, 0, end), NULL);
        assert_non_null(entry);
        check_entry(entry);
        cJSON_Delete(entry);
        rest = span_slice(rest, end + 1, rest.n);
        n++;
    }
    file_unmap(file);
    assert_true(n > 40);
}

/* \uXXXX in patterns: what an output may be, and what the judge takes. */
static const struct {
    const char *pattern, *text;
    bool matches;
} escapes[] = {
    {"^\\u0041$", "A", true},
    {"^\\u0041$", "B", false},
    {"^[\\u00e0-\\u00FF]+$", "é", true},
    {"^[\\u00e0-\\u00FF]+$", "e", false},
    {"^\\ud83d\\ude00$", "😀", true},
    {"^\\ud83d\\ude00$", "😁", false},
    {"^[^\\u{1F600}]$", "😁", true},
    {"^[^\\u{1F600}]$", "😀", false},
    {"^\\\\u0041$", "\\u0041", true},
    {"^\\\\u0041$", "A", false},
    {"^\\u00412$", "A2", true},
};

static bool judged(const cJSON *schema, const cJSON *value)
{
    struct json_schema_fault fault;
    struct error err = {0};
    if (!json_schema_check(schema, &err)) fail_msg("%s", err.message);
    struct arena *a = arena_new(1 << 16);
    bool valid = json_schema_validate(schema, value, a, &fault) == JSON_SCHEMA_VALID;
    arena_free(a);
    return valid;
}

static void test_unicode_escapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
        const struct schema_options o = {.strict = false};
        cJSON *schema = cJSON_CreateObject(), *value = cJSON_CreateString(escapes[i].text);
        cJSON_AddStringToObject(schema, "type", "string");
        cJSON_AddStringToObject(schema, "pattern", escapes[i].pattern);
        char *text = cJSON_PrintUnformatted(value);
        struct earley *e = schema_compile(schema, &o, NULL);
        assert_non_null(e);
        if (reads(e, text) != escapes[i].matches || judged(schema, value) != escapes[i].matches)
            fail_msg("%s: %s", escapes[i].pattern, escapes[i].text);
        earley_free(e);
        cJSON_free(text);
        cJSON_Delete(value);
        cJSON_Delete(schema);
    }
}

/* A fault behind escapes is told where it stands. */
static void test_wrong_escape(void **state)
{
    (void)state;
    struct error err = {0};
    cJSON *schema = json_parse(span_str("{\"pattern\": \"\\\\u0041\\\\u{1F600}[z-a]\"}"), &err);
    assert_non_null(schema);
    assert_false(json_schema_check(schema, &err));
    if (strstr(err.message, "at byte 18") == NULL) fail_msg("%s", err.message);
    cJSON_Delete(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table),
                                       cmocka_unit_test(test_unicode_escapes),
                                       cmocka_unit_test(test_wrong_escape)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
