/* tests/unit/test_emit.c - JSON written into a buffer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/emit.h"
#include "server/http/error_reply.h"

static void test_commas(void **state)
{
    struct buffer b;
    (void)state;
    buffer_init(&b, 1000);
    buffer_add_str(&b, "data: ");
    emit_object(&b, NULL);
    emit_str(&b, "a", "x{[");
    emit_array(&b, "b");
    emit_int(&b, NULL, -1);
    emit_null(&b, NULL);
    emit_object(&b, NULL);
    emit_close(&b, '}');
    emit_array(&b, NULL);
    emit_close(&b, ']');
    emit_bool(&b, NULL, true);
    emit_close(&b, ']');
    emit_str(&b, "c", NULL);
    emit_float(&b, "d", 0.5f);
    emit_close(&b, '}');
    assert_string_equal(b.p,
                        "data: {\"a\":\"x{[\",\"b\":[-1,null,{},[],true],\"c\":null,\"d\":0.5}");
    buffer_clear(&b);
}

static void test_texts_read_back(void **state)
{
    static const char text[] = "\"\\\n\t\x01 é 日 \xF0\x9F\x8E\x89 \0 end";
    struct buffer b;
    struct error err = {0};
    struct arena *a = arena_new(1000);
    (void)state;
    buffer_init(&b, 1000);
    emit_text(&b, NULL, span_of(text, sizeof(text) - 1));
    cJSON *back = json_parse(buffer_span(&b), &err);
    assert_non_null(back);
    assert_true(span_eq(json_text(back, a), span_of(text, sizeof(text) - 1)));
    cJSON_Delete(back);
    buffer_clear(&b);
    emit_text(&b, NULL, span_str("a\xFFz"));
    assert_string_equal(b.p, "\"a\xEF\xBF\xBDz\"");
    buffer_clear(&b);
    arena_free(a);
}

/* The bits of a log-probability survive the wire. */
static void test_floats_read_back(void **state)
{
    static const float values[] = {0.0f,    -0.0f,   1.0f,         0.1f,        -1e-30f,
                                   FLT_MIN, FLT_MAX, FLT_TRUE_MIN, 1.0f / 3.0f, 16777217.0f};
    struct buffer b;
    uint32_t bits = 12345;
    (void)state;
    buffer_init(&b, 100);
    for (size_t i = 0; i < 20000; i++) {
        float f;
        bits = bits * 1664525u + 1013904223u;
        memcpy(&f, &bits, sizeof(f));
        if (i < sizeof(values) / sizeof(values[0])) f = values[i];
        if (!isfinite(f)) continue;
        emit_float(&b, NULL, f);
        float back = strtof(b.p, NULL);
        assert_memory_equal(&back, &f, sizeof(f));
        buffer_clear(&b);
    }
    emit_float(&b, NULL, -INFINITY);
    assert_string_equal(b.p, "-9999");
    buffer_clear(&b);
    emit_float(&b, NULL, NAN);
    assert_string_equal(b.p, "-9999");
    buffer_clear(&b);
}

static void test_times_and_bytes(void **state)
{
    struct buffer b;
    (void)state;
    buffer_init(&b, 1000);
    emit_array(&b, NULL);
    emit_fixed(&b, NULL, 1.25, 6);
    emit_fixed(&b, NULL, 1e21, 0);
    emit_fixed(&b, NULL, NAN, 3);
    emit_base64(&b, NULL, span_of("a\0b", 3));
    emit_base64(&b, NULL, span_of(NULL, 0));
    emit_close(&b, ']');
    assert_string_equal(b.p, "[1.250000,1000000000000000000000,null,\"YQBi\",\"\"]");
    buffer_clear(&b);
}

static void test_error(void **state)
{
    struct error err = {0};
    struct buffer b;
    (void)state;
    buffer_init(&b, 1000);
    error_set(&err, ERROR_INVALID_VALUE, "n", "n is \"x\"");
    error_reply(&b, &err, ERRORS_OPENAI);
    assert_string_equal(
        b.p, "{\"error\":{\"message\":\"n is \\\"x\\\"\",\"type\":\"invalid_request_error\","
             "\"param\":\"n\",\"code\":\"invalid_value\"}}");
    buffer_clear(&b);
}

static void test_a_full_buffer_says_so(void **state)
{
    struct buffer b;
    (void)state;
    buffer_init(&b, 5);
    emit_object(&b, NULL);
    emit_str(&b, "key", "value");
    emit_close(&b, '}');
    assert_true(b.failed);
    buffer_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commas),
        cmocka_unit_test(test_texts_read_back),
        cmocka_unit_test(test_floats_read_back),
        cmocka_unit_test(test_times_and_bytes),
        cmocka_unit_test(test_error),
        cmocka_unit_test(test_a_full_buffer_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
