/* tests/unit/test_json.c - JSON: what is refused and where, and that nothing carried is changed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_reference.h"
#include "base/json_scan.h"
#include "base/mem.h"

#define TEXT(s) \
    { \
        s, sizeof(s) - 1 \
    }

static const struct {
    struct span text;
    const char *says; /* a part of the message */
} refused[] = {
    {TEXT(""), "the body is empty"},
    {TEXT("  \n"), "ends at byte 3"},
    {TEXT("{"), "ends at byte 1"},
    {TEXT("[1,2"), "ends at byte 4"},
    {TEXT("\"abc"), "ends at byte 4"},
    {TEXT("{} x"), "byte 3: something follows"},
    {TEXT("1 2"), "byte 2: something follows"},
    {TEXT("{\"a\":}"), "byte 5"},
    {TEXT("{\"a\" 1}"), "byte 5: a colon"},
    {TEXT("{a:1}"), "byte 1: a key"},
    {TEXT("{\"a\":1,}"), "byte 7: a key"},
    {TEXT("[1,]"), "byte 3: a value"},
    {TEXT("[1 2]"), "byte 3: a comma or ]"},
    {TEXT("{\"a\":1 \"b\":2}"), "byte 7: a comma or }"},
    {TEXT("'a'"), "byte 0"},
    {TEXT("nul"), "ends at byte 3"},
    {TEXT("nulL"), "byte 3"},
    {TEXT("True"), "byte 0"},
    {TEXT("NaN"), "byte 0"},
    {TEXT("-Infinity"), "byte 1: a digit"},
    {TEXT("01"), "byte 1: a number cannot begin with 0"},
    {TEXT("-00"), "byte 2: a number cannot begin with 0"},
    {TEXT("2."), "byte 2"},
    {TEXT("[2.]"), "byte 3: a digit"},
    {TEXT("[1.e5]"), "byte 3: a digit"},
    {TEXT("-.5"), "byte 1: a digit"},
    {TEXT(".5"), "byte 0"},
    {TEXT("+1"), "byte 0"},
    {TEXT("1e"), "byte 2"},
    {TEXT("[1e+]"), "byte 4: a digit"},
    {TEXT("0x10"), "byte 1: something follows"},
    {TEXT("\"\\u12G4\""), "byte 5: \\u needs four"},
    {TEXT("\"\\u{41}\""), "byte 3: \\u needs four"},
    {TEXT("\"\\u12"), "ends at byte 5"},
    {TEXT("\"\\x41\""), "byte 2: there is no such escape"},
    {TEXT("\"\\'\""), "byte 2: there is no such escape"},
    {TEXT("\"a\nb\""), "byte 2: a control character"},
    {TEXT("\"12345678\tb\""), "byte 9: a control character"},
    {TEXT("\"a\0b\""), "byte 2: a control character"},
    {TEXT("{\0}"), "byte 1"},
    {TEXT("\"\xFF\""), "byte 1: not valid UTF-8"},
    {TEXT("\"ok \xC0\x80\""), "byte 4: not valid UTF-8"},
    {TEXT("\"\xED\xA0\x80\""), "byte 1: not valid UTF-8"},
    {TEXT("\xEF\xBB\xBF{}"), "byte 0"},
    {TEXT("\f1"), "byte 0"},
};

static void what_is_no_json_is_refused_at_the_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct error err = {0};
        cJSON *v = json_parse(refused[i].text, &err);
        if (v != NULL || err.code != ERROR_INVALID_JSON ||
            strstr(err.message, refused[i].says) == NULL) {
            fail_msg("%.*s: \"%s\" for \"%s\"", (int)refused[i].text.n, refused[i].text.p,
                     err.message, refused[i].says);
        }
    }
    struct error err = {0}; /* no bytes at all say nothing of an address */
    assert_null(json_parse(span_of(NULL, 0), &err));
    assert_string_equal(err.message, "not valid JSON: the body is empty");
}

static const struct {
    const char *text, *param, *says;
} twice[] = {
    {"{\"a\":1,\"a\":1}", "a", "byte 7"},
    {"{\"a\":1,\"\\u0061\":1}", "a", "byte 7"},
    {"{\"x\\\"\\\\\":1,\"x\\\"\\\\\" : null}", "x\"\\", "byte 11"},
    {"{\"items\":[0,{\"b\":{\"c\":1,\"d\":2,\"c\":3}}]}", "items[1].b.c", "byte 30"},
    {"{\"\":1,\"\":2}", "", "byte 6"},
    {"{\"\\u0000\":1,\"\\u0000\":2}", "\xC0\x80", "byte 12"},
    {"{\"k0\":0,\"k1\":0,\"k2\":0,\"k3\":0,\"k4\":0,\"k5\":0,\"k6\":0,\"k7\":0,\"k8\":0,\"k9\":0,"
     "\"ka\":0,\"kb\":0,\"kc\":0,\"k7\":1,\"k2\":1,\"kd\":0}",
     "k7", "byte 92"},
};

static void a_key_given_twice_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(twice) / sizeof(twice[0]); i++) {
        struct error err = {0};
        assert_null(json_parse(span_str(twice[i].text), &err));
        assert_int_equal(err.code, ERROR_INVALID_VALUE);
        assert_string_equal(err.param, twice[i].param);
        if (strstr(err.message, twice[i].says) == NULL) {
            fail_msg("%s: %s, not %s", twice[i].text, err.message, twice[i].says);
        }
    }
    struct error err = {0};
    cJSON *v = json_parse(span_str("{\"a\":{\"a\":[{\"a\":1},{\"a\":1}]},\"A\":1}"), &err);
    assert_non_null(v);
    cJSON_Delete(v);
}

/* Sixty million bytes of garbage cost a scan, not a tree. */
static void values_have_a_budget(void **state)
{
    (void)state;
    enum { N = 60 << 20 };
    char *text = malloc(N);
    assert_non_null(text);
    for (size_t i = 0; i < N; i += 2) {
        memcpy(text + i, "1,", 2);
    }
    memcpy(text, "[1", 2);
    struct error err = {0};
    assert_null(json_parse(span_of(text, N), &err));
    assert_int_equal(err.code, ERROR_TOO_LARGE);
    struct json_shape shape;
    size_t most = JSON_FREE_VALUES + N / JSON_BYTES_PER_VALUE;
    text[2 * most - 1] = ']'; /* the array and most - 1 numbers; then spaces */
    memset(text + 2 * most, ' ', N - 2 * most);
    assert_true(json_scan(span_of(text, N), &shape, &err));
    assert_true(shape.values == most && shape.text <= N);
    free(text);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    char deep[2 * JSON_MAX_DEPTH + 4];
    size_t n = JSON_MAX_DEPTH + 1;
    memset(deep, '[', n);
    memset(deep + n, ']', n);
    struct error err = {0};
    assert_null(json_parse(span_of(deep, 2 * n), &err));
    assert_non_null(strstr(err.message, "byte 64: nested deeper than 64 levels"));
    cJSON *ok = json_parse(span_of(deep + 1, 2 * n - 2), &err);
    assert_non_null(ok);
    cJSON_Delete(ok);
}

/* ---- strings ---------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    struct span bytes;
} strings[] = {
    {"\"\"", TEXT("")},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", TEXT("\"\\/\b\f\n\r\t")},
    {"\"a\\u0000b\\\\u0000\"", TEXT("a\0b\\u0000")},
    {"\"\\u0041\\u00e9\\u20AC\\ud83e\\udee0\"", TEXT("A\xC3\xA9\xE2\x82\xAC\xF0\x9F\xAB\xA0")},
    {"\"\\ud800\"", TEXT("\xEF\xBF\xBD")},
    {"\"\\udc00x\"", TEXT("\xEF\xBF\xBDx")},
    {"\"\\ud800\\u0041\"", TEXT("\xEF\xBF\xBD"
                                "A")},
    {"\"\\ud800\\ud83e\\udee0\"", TEXT("\xEF\xBF\xBD\xF0\x9F\xAB\xA0")},
    {"\"\\ud800\\n\"", TEXT("\xEF\xBF\xBD\n")},
    {"\"\x7f\xC3\xA9 plain text of more than eight bytes\"",
     TEXT("\x7f\xC3\xA9 plain text of more than eight bytes")},
};

static void strings_keep_their_bytes(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 16);
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        struct error err = {0};
        struct span text = span_str(strings[i].text);
        cJSON *v = json_parse(text, &err);
        if (v == NULL) fail_msg("%s: %s", text.p, err.message);
        struct span got = json_text(v, a);
        if (!span_eq(got, strings[i].bytes)) fail_msg("%s: %.*s", text.p, (int)got.n, got.p);
        struct buffer out;
        buffer_init(&out, 1 << 16);
        assert_true(json_print(v, &out));
        cJSON *back = json_parse(buffer_span(&out), &err);
        assert_true(span_eq(json_text(back, a), strings[i].bytes));
        buffer_clear(&out);
        json_print_text(got, &out);
        cJSON *again = json_parse(buffer_span(&out), &err);
        assert_true(span_eq(json_text(again, a), strings[i].bytes));
        buffer_clear(&out);
        cJSON_Delete(v);
        cJSON_Delete(back);
        cJSON_Delete(again);
    }
    arena_free(a);
}

/* One U+FFFD for each piece that is no character, as Unicode and Python's decoder count them. */
static void bytes_that_are_no_text_are_replaced(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *json;
    } rows[] = {
        {"a\xF0\x9F\xAB", "\"a\xEF\xBF\xBD\""},
        {"\xF0\x9F\xAB\xA0\xF0\x9F", "\"\xF0\x9F\xAB\xA0\xEF\xBF\xBD\""},
        {"\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xE2\x82x\n", "\"\xEF\xBF\xBDx\\n\""},
        {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xF4\x90\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xC3", "\"\xEF\xBF\xBD\""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buffer out;
        buffer_init(&out, 1000);
        json_print_text(span_str(rows[i].bytes), &out);
        assert_string_equal(out.p, rows[i].json);
        buffer_clear(&out);
        cJSON *v = json_string(span_str(rows[i].bytes));
        assert_true(json_print(v, &out));
        assert_string_equal(out.p, rows[i].json);
        buffer_clear(&out);
        cJSON_Delete(v);
    }
}

/* ---- numbers ---------------------------------------------------------------------------------- */

static const char *const numbers[] = {"0",
                                      "-0",
                                      "1",
                                      "-1",
                                      "1.0",
                                      "-0.0",
                                      "1e5",
                                      "1E+5",
                                      "0.1",
                                      "0.10",
                                      "1e16",
                                      "1e400",
                                      "5e-324",
                                      "9007199254740993",
                                      "-9223372036854775808",
                                      "9223372036854775807",
                                      "18446744073709551616",
                                      "123456789012345678901234567890.000",
                                      "0.1000000000000000055511151231257827",
                                      "999999999999999",
                                      "123456.789012345",
                                      "0.000000000000001",
                                      "1e-7",
                                      "12345678901234567e-17"};

static void numbers_keep_their_digits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        char text[100], scratch[JSON_NUMBER_ROOM];
        snprintf(text, sizeof(text), "{\"a\":[%s],\"b\":%s}", numbers[i], numbers[i]);
        cJSON *v = json_parse(span_str(text), NULL), *copy = cJSON_Duplicate(v, true);
        assert_true(span_is(json_number(json_get(v, "b"), scratch), numbers[i]));
        double d = json_get(v, "b")->valuedouble, want = strtod(numbers[i], NULL);
        assert_memory_equal(&d, &want, sizeof(d));
        cJSON_Delete(v);
        struct buffer out; /* a copy has them too, and outlives the document */
        buffer_init(&out, 1000);
        assert_true(json_print(copy, &out));
        assert_string_equal(out.p, text);
        buffer_clear(&out);
        cJSON_Delete(copy);
    }
}

static const struct {
    const char *text;
    bool ok, integer;
    int64_t value;
} wholes[] = {
    {"0", true, true, 0},
    {"-0", true, true, 0},
    {"3.0", true, false, 3},
    {"30e-1", true, false, 3},
    {"1e3", true, false, 1000},
    {"9007199254740993", true, true, 9007199254740993},
    {"9007199254740993.00", true, false, 9007199254740993},
    {"900719925474099.3e1", true, false, 9007199254740993},
    {"9223372036854775807", true, true, INT64_MAX},
    {"9223372036854775808", false, true, 0},
    {"-9223372036854775808", true, true, INT64_MIN},
    {"-9223372036854775809", false, true, 0},
    {"0.5", false, false, 0},
    {"1e-400", false, false, 0},
    {"1e400", false, false, 0},
    {"0e999999999999999999999", true, false, 0},
    {"1e-999999999999999999999999", false, false, 0},
    {"0.00000000000000000000000000000001e32", true, false, 1},
};

static void whole_numbers_are_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(wholes) / sizeof(wholes[0]); i++) {
        cJSON *v = json_parse(span_str(wholes[i].text), NULL);
        int64_t got = 0;
        assert_non_null(v);
        bool ok = json_int64(v, &got);
        if (ok != wholes[i].ok || (ok && got != wholes[i].value) ||
            json_is_integer(v) != wholes[i].integer) {
            fail_msg("%s: %d, %lld", wholes[i].text, ok, (long long)got);
        }
        cJSON_Delete(v);
    }
}

/* In order; equal ones side by side in one string. */
static const char *const ordered[] = {
    "-1e400",
    "-18446744073709551617",
    "-18446744073709551616",
    "-1.5 -15e-1 -1.50",
    "-1e-400",
    "0 -0 0.0 0e5 -0e-5",
    "1e-400",
    "0.09999999999999999999",
    "0.1 1e-1 0.10 10e-2",
    "0.10000000000000000001",
    "1 1.0 10e-1",
    "9007199254740992 9007199254740992.0",
    "9007199254740993",
    "9.99e400",
    "1e401 10e400 0.1e402",
};

static int compare_texts(struct span a, struct span b)
{
    cJSON *x = json_parse(a, NULL), *y = json_parse(b, NULL);
    assert_non_null(x);
    assert_non_null(y);
    int order = json_compare(x, y);
    cJSON_Delete(x);
    cJSON_Delete(y);
    return order;
}

/* The next word of *s; false at its end. */
static bool next_word(struct span *s, struct span *word)
{
    if (s->n == 0) return false;
    size_t end = span_find(*s, span_str(" "), 0);
    *word = span_slice(*s, 0, end);
    *s = span_slice(*s, end == SPAN_NONE ? s->n : end + 1, s->n);
    return true;
}

static void numbers_compare_exactly(void **state)
{
    (void)state;
    enum { N = sizeof(ordered) / sizeof(ordered[0]) };
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            struct span xs = span_str(ordered[i]), x;
            while (next_word(&xs, &x)) {
                struct span ys = span_str(ordered[j]), y;
                while (next_word(&ys, &y)) {
                    if (compare_texts(x, y) != (i > j) - (i < j)) {
                        fail_msg("%.*s against %.*s", (int)x.n, x.p, (int)y.n, y.p);
                    }
                }
            }
        }
    }
}

static void decimals_are_plain(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"1e3", "1000"},
        {"-2.5E1", "-25"},
        {"1.5e-3", "0.0015"},
        {"0e5", "0"},
        {"-0", "-0"},
        {"1.50", "1.50"},
        {"150e-2", "1.5"},
        {"100", "100"},
        {"12.5e1", "125"},
        {"1e-1", "0.1"},
        {"0.001e3", "1"},
        {"-0.0e0", "0"},
        {"123.456e1", "1234.56"},
        {"9007199254740993e0", "9007199254740993"},
    };
    struct arena *a = arena_new(1 << 16);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cJSON *v = json_parse(span_str(rows[i][0]), NULL);
        struct span got = json_decimal(v, a);
        if (!span_is(got, rows[i][1])) fail_msg("%s: %.*s", rows[i][0], (int)got.n, got.p);
        cJSON_Delete(v);
    }
    cJSON *huge = json_parse(span_str("1e1023"), NULL),
          *tiny = json_parse(span_str("1e-9999"), NULL);
    assert_null(json_decimal(huge, a).p);
    assert_null(json_decimal(tiny, a).p);
    cJSON_Delete(huge);
    cJSON_Delete(tiny);
    cJSON *made = cJSON_CreateNumber(1e21);
    assert_true(span_is(json_decimal(made, a), "1000000000000000000000"));
    cJSON_Delete(made);
    arena_free(a);
}

static void multiples_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool multiple;
    } rows[] = {{"0", "7", true},
                {"21", "7", true},
                {"22", "7", false},
                {"-21", "7", true},
                {"90071992547409930", "9007199254740993", true},
                {"90071992547409931", "9007199254740993", false},
                {"1e400", "1e399", true},
                {"1e399", "1e400", false},
                {"1e400", "3", false},
                {"6e400", "3", true},
                {"123456789012345678901234567890", "10", true},
                {"123456789012345678901234567891", "10", false},
                {"999999999999999999999999999998", "999999999999999999", false},
                {"999999999999999999000000000000000000", "999999999999999999", true}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct digits a, b;
        assert_true(digits_read(span_str(rows[i].a), &a) && digits_read(span_str(rows[i].b), &b));
        if (digits_is_multiple(&a, &b) != rows[i].multiple) {
            fail_msg("%s, %s", rows[i].a, rows[i].b);
        }
    }
}

static void printed_doubles_read_back(void **state)
{
    (void)state;
    uint64_t bits = 0x9E3779B97F4A7C15u;
    for (int i = 0; i < 200000; i++) {
        double d;
        char text[JSON_NUMBER_ROOM + 1];
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        memcpy(&d, &bits, sizeof(d));
        if (i % 3 == 1) d = (double)(int32_t)(bits >> 20) / 1000.0;
        if (i % 3 == 2) d = (double)(int32_t)(bits >> 32);
        size_t n = json_write_number(d, text);
        assert_true(n < JSON_NUMBER_ROOM);
        text[n] = '\0';
        if (!isfinite(d)) {
            assert_string_equal(text, "null");
            continue;
        }
        cJSON *v = json_parse(span_of(text, n), NULL);
        if (v == NULL || v->valuedouble != d) fail_msg("%a is written as %s", d, text);
        cJSON_Delete(v);
    }
}

/* ---- memory ----------------------------------------------------------------------------------- */

static void *no_memory(size_t n)
{
    (void)n;
    return NULL;
}

/* Out of memory is said as such, not as a fault of the text. */
static void memory_that_is_out_is_no_fault_of_the_text(void **state)
{
    (void)state;
    struct error err = {0};
    cJSON_Hooks hooks = {.malloc_fn = no_memory, .free_fn = free};
    cJSON_InitHooks(&hooks);
    assert_null(json_parse(span_str("{\"a\":[1,2]}"), &err));
    cJSON_InitHooks(NULL);
    assert_int_equal(err.code, ERROR_NO_MEMORY);
}

/* cJSON replaces also without memory for the name, and says that it did. */
static void what_is_replaced_is_found_or_it_is_said(void **state)
{
    (void)state;
    cJSON *object = cJSON_CreateObject();
    assert_true(json_replace(object, "a", cJSON_CreateString("first")));
    assert_true(json_replace(object, "a", cJSON_CreateString("second")));
    assert_string_equal(json_get(object, "a")->valuestring, "second");
    assert_int_equal(cJSON_GetArraySize(object), 1);
    assert_false(json_replace(object, "a", NULL));
    cJSON *third = cJSON_CreateString("third");
    cJSON_Hooks hooks = {.malloc_fn = no_memory, .free_fn = free};
    cJSON_InitHooks(&hooks);
    mem_forget();
    assert_false(json_replace(object, "a", third));
    cJSON_InitHooks(NULL);
    assert_true(mem_ran_out());
    mem_forget();
    cJSON_Delete(object);
}

/* The owner's value outlives what borrowed it, and a failure is remembered. */
static void what_is_borrowed_stays_its_owners(void **state)
{
    (void)state;
    cJSON *owner = json_parse(span_str("{\"list\": [1.50, \"x\"]}"), NULL);
    const cJSON *list = json_get(owner, "list");
    cJSON *object = cJSON_CreateObject(), *array = cJSON_CreateArray();
    assert_true(json_put_borrowed(object, "of", list));
    assert_true(json_put_borrowed(array, NULL, list->child->next));
    assert_ptr_equal(json_get(object, "of")->child, list->child);
    assert_string_equal(array->child->valuestring, "x");
    cJSON_Hooks hooks = {.malloc_fn = no_memory, .free_fn = free};
    cJSON_InitHooks(&hooks);
    mem_forget();
    assert_false(json_put_borrowed(array, NULL, list));
    cJSON_InitHooks(NULL);
    assert_true(mem_ran_out());
    mem_forget();
    assert_int_equal(cJSON_GetArraySize(array), 1);
    cJSON_Delete(object);
    cJSON_Delete(array);
    assert_int_equal(cJSON_GetArraySize(list), 2);
    assert_string_equal(list->child->next->valuestring, "x");
    cJSON_Delete(owner);
}

/* ---- documents -------------------------------------------------------------------------------- */

static void a_document_is_one_block(void **state)
{
    (void)state;
    const char *text = " {\"a\" : [ 1.50, \"x\\n\" , {} ], \"b\": \"\\\"\" , \"c\": true} ";
    struct span s = span_str(text);
    cJSON *v = json_parse(s, NULL);
    const cJSON *a = json_get(v, "a");
    assert_true(span_is(json_source(v, v, s),
                        "{\"a\" : [ 1.50, \"x\\n\" , {} ], \"b\": \"\\\"\" , \"c\": true}"));
    assert_true(span_is(json_source(v, a, s), "[ 1.50, \"x\\n\" , {} ]"));
    assert_true(span_is(json_source(v, a->child, s), "1.50"));
    assert_true(span_is(json_source(v, a->child->next, s), "\"x\\n\""));
    assert_true(span_is(json_source(v, a->child->prev, s), "{}"));
    assert_true(span_is(json_source(v, json_get(v, "b"), s), "\"\\\"\""));
    assert_true(span_is(json_source(v, json_get(v, "c"), s), "true"));
    cJSON *list = cJSON_CreateArray(); /* whole, it may stand under another tree */
    cJSON_AddItemToArray(list, v);
    cJSON_AddItemToArray(list, json_parse(span_str("[2]"), NULL));
    struct buffer out;
    buffer_init(&out, 1000);
    assert_true(json_print(list, &out));
    assert_string_equal(out.p, "[{\"a\":[1.50,\"x\\n\",{}],\"b\":\"\\\"\",\"c\":true},[2]]");
    buffer_clear(&out);
    cJSON_Delete(list);
}

static void a_value_is_read_from_the_front(void **state)
{
    (void)state;
    size_t end = 0;
    struct error err = {0};
    const char *text = " {\"a\":\"}</x>\"} </x>{";
    cJSON *v = json_parse_front(span_str(text), &end, &err);
    assert_non_null(v);
    assert_string_equal(text + end, " </x>{");
    cJSON_Delete(v);
    assert_null(json_parse_front(span_str("{\"a\":"), &end, &err));
    assert_int_equal(err.code, ERROR_INVALID_JSON);
}

static void readers_name_the_field(void **state)
{
    (void)state;
    struct error err = {0};
    cJSON *v =
        json_parse(span_str("{\"n\":3.5,\"big\":1e30,\"t\":\"x\",\"b\":1,\"z\":null}"), &err);
    int64_t i = 7;
    bool b = true;
    double d = 0;
    assert_false(json_get_int(v, "n", 0, 10, &i, &err));
    assert_string_equal(err.param, "n");
    assert_int_equal(err.code, ERROR_INVALID_TYPE);
    assert_false(json_get_int(v, "big", INT64_MIN, INT64_MAX, &i, &err));
    assert_int_equal(err.code, ERROR_INVALID_VALUE);
    assert_non_null(strstr(err.message, "is 1e30; it must be from -9223372036854775808 to"));
    assert_false(json_get_bool(v, "b", &b, &err));
    assert_false(json_get_double(v, "t", 0, 1, &d, &err));
    assert_true(json_get_int(v, "z", 0, 1, &i, &err));
    assert_int_equal(i, 7);
    static const char *const known[] = {"n", "big", "t", "b", NULL};
    assert_false(json_check_keys(v, known, &err));
    assert_string_equal(err.param, "z");
    cJSON_Delete(v);
}

/* Once quadratic in the escapes: four million of them took minutes. */
static void many_escapes_are_printed_in_one_pass(void **state)
{
    (void)state;
    enum { N = 4 << 20 };
    char *lines = malloc(N);
    memset(lines, '\n', N);
    lines[N / 2] = (char)0xff;
    struct buffer out;
    buffer_init(&out, (size_t)4 * N);
    json_print_text(span_of(lines, N), &out);
    assert_int_equal(out.n, 2 * (N - 1) + 3 + 2);
    assert_false(out.failed);
    buffer_clear(&out);
    free(lines);
}

/* ---- references --------------------------------------------------------------------------------- */

/* Where a $ref points in a document whose parts say with "is" which they are. */
static void references_point(void **state)
{
    enum { LONG = 300 };
    static const struct {
        const char *ref, *is; /* NULL: nowhere */
    } rows[] = {
        {"#", "root"},          {"#/a~1b", "slash"},   {"#/a~0b", "tilde"},
        {"#/a%20b", "blank"},   {"#/a%+5b", "sign"},   {"#/list/1", "second"},
        {"#/list/01", NULL},    {"#/list/1x", NULL},   {"#/list/2", NULL},
        {"#/list/-1", NULL},    {"#/list/", NULL},     {"#/list/4294967297", NULL},
        {"#/", "nameless"},     {"#/a~1b/is/x", NULL}, {"#/none", NULL},
        {"#known", "anchor"},   {"#unknown", NULL},    {"urn:x", "id"},
        {"urn:x#/in", "inner"}, {"urn:y#/in", NULL},
    };
    static const char text[] =
        "{\"is\":\"root\",\"a/b\":{\"is\":\"slash\"},\"a~b\":{\"is\":\"tilde\"},"
        "\"a b\":{\"is\":\"blank\"},\"a%%+5b\":{\"is\":\"sign\"},\"\":{\"is\":\"nameless\"},"
        "\"list\":[{\"is\":\"first\"},{\"is\":\"second\"}],"
        "\"n\":{\"is\":\"anchor\",\"$anchor\":\"known\"},"
        "\"i\":{\"is\":\"id\",\"$id\":\"urn:x\",\"in\":{\"is\":\"inner\"}},"
        "\"%0300d1\":{\"is\":\"long, 1\"},\"%0300d2\":{\"is\":\"long, 2\"}}";
    char whole[sizeof(text) + 2 * LONG], longest[LONG + 8];
    struct error err = {0};
    (void)state;
    snprintf(whole, sizeof(whole), text, 0, 0);
    cJSON *root = json_parse(span_str(whole), &err);
    assert_non_null(root);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *is = cJSON_GetStringValue(json_get(json_reference(root, rows[i].ref), "is"));
        if (rows[i].is == NULL ? is != NULL : is == NULL || strcmp(is, rows[i].is) != 0) {
            fail_msg("%s: %s, want %s", rows[i].ref, is == NULL ? "nothing" : is,
                     rows[i].is == NULL ? "nothing" : rows[i].is);
        }
    }
    snprintf(longest, sizeof(longest), "#/%0300d2", 0);
    assert_string_equal(cJSON_GetStringValue(json_get(json_reference(root, longest), "is")),
                        "long, 2");
    cJSON_Delete(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_json_is_refused_at_the_byte),
        cmocka_unit_test(a_key_given_twice_is_refused),
        cmocka_unit_test(values_have_a_budget),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(strings_keep_their_bytes),
        cmocka_unit_test(bytes_that_are_no_text_are_replaced),
        cmocka_unit_test(numbers_keep_their_digits),
        cmocka_unit_test(whole_numbers_are_exact),
        cmocka_unit_test(numbers_compare_exactly),
        cmocka_unit_test(decimals_are_plain),
        cmocka_unit_test(multiples_are_exact),
        cmocka_unit_test(printed_doubles_read_back),
        cmocka_unit_test(memory_that_is_out_is_no_fault_of_the_text),
        cmocka_unit_test(what_is_replaced_is_found_or_it_is_said),
        cmocka_unit_test(what_is_borrowed_stays_its_owners),
        cmocka_unit_test(a_document_is_one_block),
        cmocka_unit_test(a_value_is_read_from_the_front),
        cmocka_unit_test(readers_name_the_field),
        cmocka_unit_test(many_escapes_are_printed_in_one_pass),
        cmocka_unit_test(references_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
