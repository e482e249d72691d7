/* tests/unit/test_unknown.c - fields that nobody knows: noted, named by their path, told with a guess.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/fields.h"
#include "base/json.h"

static const struct {
    const char *name, *known;
    int distance;
} pairs[] = {
    {"max_tokens", "max_tokens", 0},
    {"max_token", "max_tokens", 1},
    {"max_tokenss", "max_tokens", 1},
    {"max_tokns", "max_tokens", 1},
    {"mxa_tokens", "max_tokens", 1},
    {"Max_Tokens", "max_tokens", 2},
    {"maximum", "max_tokens", -1},
    {"tempreature", "temperature", 1},
    {"stp", "stop", 1},
    {"sp", "stop", -1},
    {"n", "m", -1},
    {"", "", 0},
    {"", "n", -1},
    {"seeds", "seed", 1},
    {"sedes", "seed", -1},
    {"topp", "top_p", 1},
};

static void test_distance(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        print_message("  %s: %s\n", pairs[i].name, pairs[i].known);
        assert_int_equal(unknown_distance(pairs[i].name, pairs[i].known), pairs[i].distance);
        assert_int_equal(unknown_distance(pairs[i].known, pairs[i].name), pairs[i].distance);
    }
}

static void test_long_names(void **state)
{
    (void)state;
    char a[200], b[200];
    memset(a, 'a', sizeof(a));
    memset(b, 'a', sizeof(b));
    a[64] = b[64] = '\0';
    assert_int_equal(unknown_distance(a, b), 0);
    b[64] = 'a';
    b[65] = '\0';
    assert_int_equal(unknown_distance(a, b), -1); /* longer than names that are kept */
    a[64] = 'a';
    a[199] = b[199] = '\0';
    assert_int_equal(unknown_distance(a, b), -1);
}

static void expect(const struct unknown_fields *u, const char *text)
{
    struct buffer out;
    buffer_init(&out, 16384);
    unknown_print(u, &out);
    buffer_add_char(&out, '\0');
    assert_false(out.failed);
    assert_string_equal(out.p, text);
    buffer_clear(&out);
}

static void test_names(void **state)
{
    (void)state;
    struct unknown_fields u = {0};
    unknown_note(&u, "a", NULL);
    unknown_note(&u, "max_token", "max_tokens");
    expect(&u, "a, max_token (did you mean max_tokens?)");
    unknown_note(&u, "b c\r\n\xC3\xA9%", NULL);
    unknown_within(&u, 2, "[%d]", 3);
    unknown_within(&u, 2, "%s", "files");
    expect(&u, "a, max_token (did you mean max_tokens?), files[3].b%20c%0D%0A%C3%A9%25");
}

static void test_bounds(void **state)
{
    (void)state;
    struct unknown_fields u = {0};
    char name[300];
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    for (int i = 0; i < 1000; i++) {
        unknown_note(&u, i == 0 ? name : "y", NULL);
    }
    unknown_within(&u, 0, "%s", name); /* the prefix alone fills the room */
    unknown_within(&u, 999, "late");
    assert_int_equal(u.n, 1000);
    for (int i = 0; i < UNKNOWN_MOST; i++) {
        assert_int_equal(strlen(u.kept[i].name), UNKNOWN_BYTES);
    }
    struct buffer out;
    buffer_init(&out, 16384);
    unknown_print(&u, &out);
    assert_memory_equal(out.p + out.n - 6, ", +984", 6);
    buffer_clear(&out);
}

/* ---- through tables ---- */

struct inner {
    int depth;
};
struct outer {
    int whole;
    struct inner inner;
};

static const struct field inner_rows[] = {
    {"depth", FIELD_INT, .offset = offsetof(struct inner, depth), .max = 9}, {0}};

static bool read_inner(const struct field_context *context, const cJSON *value, void *out,
                       struct error *err)
{
    struct field_table table = FIELD_TABLE(inner_rows, out);
    return fields_read(value, &table, 1, context, err);
}

static const struct field outer_rows[] = {
    {"whole", FIELD_INT, .offset = offsetof(struct outer, whole), .max = 9},
    {"inner", FIELD_READ, .offset = offsetof(struct outer, inner), .read = read_inner},
    {0},
};

static bool read_text(const char *text, struct unknown_fields *u, struct error *err)
{
    struct outer to = {0};
    struct field_table table = FIELD_TABLE(outer_rows, &to);
    struct arena *a = arena_new(1 << 20);
    struct field_context context = {.arena = a, .unknown = u};
    cJSON *body = json_parse(span_str(text), NULL);
    assert_non_null(body);
    bool fine = fields_read(body, &table, 1, &context, err);
    if (fine) assert_int_equal(to.whole, 3);
    cJSON_Delete(body);
    arena_free(a);
    return fine;
}

static void test_reading(void **state)
{
    (void)state;
    static const char text[] =
        "{\"wohle\":1,\"inner\":{\"depht\":1,\"x\":{}},\"whole\":3,\"y\":null}";
    struct unknown_fields u = {0};
    struct error err = {0};
    assert_true(read_text(text, &u, &err));
    expect(&u, "wohle (did you mean whole?), inner.depht (did you mean depth?), inner.x");
    assert_false(read_text(text, NULL, &err));
    assert_int_equal(err.code, ERROR_UNKNOWN_FIELD);
    assert_string_equal(err.param, "wohle");
    assert_non_null(strstr(err.message, "did you mean whole?"));
    assert_false(read_text("{\"inner\":{\"depht\":1}}", NULL, &err));
    assert_string_equal(err.param, "inner.depht");
    assert_false(read_text("{\"z\":0,\"whole\":10}", &u, &err)); /* what is known is checked */
    assert_int_equal(err.code, ERROR_INVALID_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distance), cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_names),    cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
