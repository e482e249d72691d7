/* tests/unit/test_fields.c - reading objects by tables.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/json.h"
#include "base/fields.h"

struct target {
    int whole;
    int64_t wide;
    float real;
    bool flag;
    struct span text;
    const cJSON *object, *array, *value;
    struct id_list ids;
    struct text_list texts, one_or_more;
    struct number_list numbers;
};

struct second {
    int other;
};

#define AT(field) .offset = offsetof(struct target, field)

static const struct field rows[] = {
    {"whole", FIELD_INT, AT(whole), .min = -5, .max = 5},
    {"wide", FIELD_INT64, AT(wide), .min = 0, .max = 1e15},
    {"real", FIELD_FLOAT, AT(real), .min = 0, .max = 1},
    {"flag", FIELD_BOOL, AT(flag)},
    {"text", FIELD_TEXT, AT(text)},
    {"object", FIELD_OBJECT, AT(object)},
    {"array", FIELD_ARRAY, AT(array)},
    {"value", FIELD_VALUE, AT(value)},
    {"ids", FIELD_READ, AT(ids), .read = field_read_ids},
    {"texts", FIELD_TEXTS, AT(texts), .min = 1, .max = 2},
    {"one_or_more", FIELD_TEXT_OR_TEXTS, AT(one_or_more), .max = 2},
    {"numbers", FIELD_NUMBERS, AT(numbers), .min = -1, .max = 1},
    {"ignored", .kind = FIELD_IGNORED},
    {"refused", .kind = FIELD_REFUSED},
    {"neutral", FIELD_REFUSED, .neutral = "[1, {\"a\": false}]"},
    {0},
};

static const struct field second_rows[] = {
    {"other", FIELD_INT, .offset = offsetof(struct second, other), .min = 0, .max = 9},
    {0},
};

static const struct {
    const char *name, *json;
    enum error_code code;
    const char *param;
} cases[] = {
    {"nothing", "{}", ERROR_NONE, ""},
    {"every field",
     "{\"whole\":-5,\"wide\":1e15,\"real\":1,\"flag\":true,\"text\":\"\",\"object\":{},"
     "\"array\":[],\"value\":7,\"ids\":[0,99],\"ignored\":[],\"other\":9}",
     ERROR_NONE, ""},
    {"null is absent", "{\"whole\":null,\"text\":null,\"refused\":null,\"ids\":null}", ERROR_NONE,
     ""},
    {"neutral value", "{\"neutral\":[1,{\"a\":false}]}", ERROR_NONE, ""},
    {"not an object", "[]", ERROR_INVALID_TYPE, ""},
    {"unknown", "{\"wholes\":1}", ERROR_UNKNOWN_FIELD, "wholes"},
    {"other case", "{\"Whole\":1}", ERROR_UNKNOWN_FIELD, "Whole"},
    {"empty name", "{\"\":1}", ERROR_UNKNOWN_FIELD, ""},
    {"below", "{\"whole\":-6}", ERROR_INVALID_VALUE, "whole"},
    {"above", "{\"whole\":6}", ERROR_INVALID_VALUE, "whole"},
    {"a fraction", "{\"whole\":0.5}", ERROR_INVALID_TYPE, "whole"},
    {"enormous", "{\"whole\":1e999}", ERROR_INVALID_VALUE, "whole"},
    {"text for a number", "{\"real\":\"1\"}", ERROR_INVALID_TYPE, "real"},
    {"number for a flag", "{\"flag\":1}", ERROR_INVALID_TYPE, "flag"},
    {"number for a text", "{\"text\":1}", ERROR_INVALID_TYPE, "text"},
    {"array for an object", "{\"object\":[]}", ERROR_INVALID_TYPE, "object"},
    {"object for an array", "{\"array\":{}}", ERROR_INVALID_TYPE, "array"},
    {"refused", "{\"refused\":false}", ERROR_UNSUPPORTED, "refused"},
    {"not neutral", "{\"neutral\":[1,{\"a\":true}]}", ERROR_UNSUPPORTED, "neutral"},
    {"ids", "{\"ids\":5}", ERROR_INVALID_TYPE, "ids"},
    {"an id too large", "{\"ids\":[0,100]}", ERROR_INVALID_VALUE, "ids[1]"},
    {"a negative id", "{\"ids\":[-1]}", ERROR_INVALID_VALUE, "ids[0]"},
    {"half an id", "{\"ids\":[0,1,1.5]}", ERROR_INVALID_TYPE, "ids[2]"},
    {"an enormous id", "{\"ids\":[1e300]}", ERROR_INVALID_VALUE, "ids[0]"},
    {"a text for texts", "{\"texts\":\"a\"}", ERROR_INVALID_TYPE, "texts"},
    {"too few texts", "{\"texts\":[]}", ERROR_INVALID_VALUE, "texts"},
    {"too many texts", "{\"texts\":[\"\",\"\",\"\"]}", ERROR_INVALID_VALUE, "texts"},
    {"a number among texts", "{\"texts\":[\"a\",1]}", ERROR_INVALID_TYPE, "texts[1]"},
    {"null among texts", "{\"one_or_more\":[null]}", ERROR_INVALID_TYPE, "one_or_more[0]"},
    {"neither one nor more", "{\"one_or_more\":{}}", ERROR_INVALID_TYPE, "one_or_more"},
    {"one", "{\"one_or_more\":\"a\",\"numbers\":[]}", ERROR_NONE, ""},
    {"a number for numbers", "{\"numbers\":1}", ERROR_INVALID_TYPE, "numbers"},
    {"a text among numbers", "{\"numbers\":[0,\"1\"]}", ERROR_INVALID_TYPE, "numbers[1]"},
    {"a number too large", "{\"numbers\":[0,0,1e999]}", ERROR_INVALID_VALUE, "numbers[2]"},
    {"second table", "{\"other\":10}", ERROR_INVALID_VALUE, "other"},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct target t = {0};
        struct second s = {0};
        struct error err = {0};
        struct field_table tables[] = {FIELD_TABLE(rows, &t), FIELD_TABLE(second_rows, &s)};
        struct field_context context = {.arena = arena_new(1 << 16), .n_vocab = 100};
        cJSON *object = json_parse(span_str(cases[i].json), &err);
        assert_non_null(object);
        bool ok = fields_read(object, tables, 2, &context, &err);
        if (err.code != cases[i].code || strcmp(err.param, cases[i].param) != 0) {
            print_error("%s: %s at \"%s\"\n", cases[i].name, error_name(err.code), err.param);
        }
        assert_int_equal(err.code, cases[i].code);
        assert_string_equal(err.param, cases[i].param);
        assert_int_equal(ok, cases[i].code == ERROR_NONE);
        cJSON_Delete(object);
        arena_free(context.arena);
    }
}

static void test_values_arrive(void **state)
{
    struct target t = {.whole = 3, .real = 0.25f};
    struct error err = {0};
    struct field_table table = FIELD_TABLE(rows, &t);
    struct field_context context = {.arena = arena_new(1 << 16), .n_vocab = 100};
    cJSON *object = json_parse(span_str("{\"wide\":123456789012,\"text\":\"a\\u0000b\",\"ids\":[7,"
                                        "8],\"flag\":true,\"whole\":null}"),
                               &err);
    (void)state;
    assert_true(fields_read(object, &table, 1, &context, &err));
    assert_int_equal(t.whole, 3);
    assert_true(t.real == 0.25f && t.flag);
    assert_int_equal(t.wide, 123456789012);
    assert_true(span_eq(t.text, span_of("a\0b", 3)));
    assert_int_equal(t.ids.n, 2);
    assert_int_equal(t.ids.ids[1], 8);
    cJSON_Delete(object);
    arena_free(context.arena);
}

static void test_lists_arrive(void **state)
{
    struct target t = {0};
    struct error err = {0};
    struct field_table table = FIELD_TABLE(rows, &t);
    struct field_context context = {.arena = arena_new(1 << 16), .n_vocab = 100};
    cJSON *object = json_parse(span_str("{\"texts\":[\"\",\"a\\u0000b\"],\"one_or_more\":\"x\","
                                        "\"numbers\":[-1,0.5]}"),
                               &err);
    (void)state;
    assert_true(fields_read(object, &table, 1, &context, &err));
    assert_int_equal(t.texts.n, 2);
    assert_false(t.texts.single);
    assert_true(t.texts.texts[0].n == 0 && span_eq(t.texts.texts[1], span_of("a\0b", 3)));
    assert_true(t.one_or_more.single && t.one_or_more.n == 1);
    assert_true(span_is(t.one_or_more.texts[0], "x"));
    assert_true(t.numbers.n == 2 && t.numbers.values[0] == -1 && t.numbers.values[1] == 0.5);
    cJSON_Delete(object);
    arena_free(context.arena);
}

/* A row for others takes what no row of any table names, in whatever order the tables stand. */
static void test_others(void **state)
{
    static const struct field open_rows[] = {
        {"known", FIELD_INT, AT(whole), .max = 9}, {"...", .kind = FIELD_OTHERS}, {0}};
    struct target t = {0};
    struct second s = {0};
    struct error err = {0};
    struct field_table tables[] = {FIELD_TABLE(open_rows, &t), FIELD_TABLE(second_rows, &s)};
    struct field_context context = {.arena = NULL};
    cJSON *object = json_parse(span_str("{\"what\":[{}],\"other\":7,\"known\":3}"), &err);
    (void)state;
    assert_true(fields_read(object, tables, 2, &context, &err));
    assert_true(t.whole == 3 && s.other == 7);
    cJSON_Delete(object);
    object = json_parse(span_str("{\"known\":10}"), &err);
    assert_false(fields_read(object, tables, 2, &context, &err));
    assert_string_equal(err.param, "known");
    cJSON_Delete(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_values_arrive),
        cmocka_unit_test(test_lists_arrive),
        cmocka_unit_test(test_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
