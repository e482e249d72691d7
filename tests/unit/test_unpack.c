/* tests/unit/test_unpack.c - packed bodies: what they stand for, where they are broken, how large they may get.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "server/http/unpack.h"

enum { ROOM = 1 << 20 };

static size_t pack(enum packing packing, const char *text, size_t n, char *to)
{
    if (packing == PACKED_ZSTD) {
        size_t size = ZSTD_compress(to, ROOM, text, n, 3);
        assert_false(ZSTD_isError(size));
        return size;
    }
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)text;
    z.avail_in = (uInt)n;
    z.next_out = (Bytef *)to;
    z.avail_out = ROOM;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t size = z.total_out;
    deflateEnd(&z);
    return size;
}

static enum error_code code_of(enum packing packing, struct span packed, size_t limit,
                               struct buffer *out)
{
    struct error err = {0};
    buffer_init(out, limit);
    bool fine = unpack(packing, packed, out, &err);
    assert_int_equal(fine, err.code == ERROR_NONE);
    assert_true(out->n <= limit);
    return err.code;
}

static void test_names(void **state)
{
    (void)state;
    assert_int_equal(unpack_find(NULL), PACKED_NOT);
    assert_int_equal(unpack_find("identity"), PACKED_NOT);
    assert_int_equal(unpack_find("GZip"), PACKED_GZIP);
    assert_int_equal(unpack_find("x-gzip"), PACKED_GZIP);
    assert_int_equal(unpack_find("zstd"), PACKED_ZSTD);
    const char *others[] = {"", "br", "deflate", "gzip, zstd", "gzip ", "gzipp"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(unpack_find(others[i]), PACKED_OTHERWISE);
    }
}

/* Texts of several sizes, to their last byte; twice over is both texts. */
static void test_there_and_back(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 100, 32 << 10, (32 << 10) + 1, 200000};
    char *text = malloc(ROOM), *packed = malloc(2 * ROOM);
    struct buffer out;
    for (enum packing p = PACKED_GZIP; p <= PACKED_ZSTD; p++) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            size_t n = sizes[i];
            for (size_t k = 0; k < n; k++) {
                text[k] = (char)(k * k >> 3 ^ k);
            }
            size_t size = pack(p, text, n, packed);
            assert_int_equal(code_of(p, span_of(packed, size), n, &out), ERROR_NONE);
            assert_int_equal(out.n, n);
            if (n > 0) assert_memory_equal(out.p, text, n);
            buffer_clear(&out);
            memcpy(packed + size, packed, size);
            assert_int_equal(code_of(p, span_of(packed, 2 * size), 2 * n, &out), ERROR_NONE);
            assert_int_equal(out.n, 2 * n);
            buffer_clear(&out);
            if (n == 0) continue;
            assert_int_equal(code_of(p, span_of(packed, size), n - 1, &out), ERROR_BODY_TOO_LARGE);
            buffer_clear(&out);
        }
    }
    free(text);
    free(packed);
}

/* Cut at every byte, and with a byte too many. */
static void test_broken(void **state)
{
    (void)state;
    static const char text[] =
        "{\"prompt\": \"one two three four five six seven\", \"max_tokens\": 1}";
    char *packed = malloc(ROOM);
    struct buffer out;
    for (enum packing p = PACKED_GZIP; p <= PACKED_ZSTD; p++) {
        size_t size = pack(p, text, sizeof(text) - 1, packed);
        for (size_t n = 0; n < size; n++) {
            assert_int_equal(code_of(p, span_of(packed, n), ROOM, &out), ERROR_BAD_REQUEST);
            buffer_clear(&out);
        }
        packed[size] = 'x';
        assert_int_equal(code_of(p, span_of(packed, size + 1), ROOM, &out), ERROR_BAD_REQUEST);
        buffer_clear(&out);
        assert_int_equal(code_of(p, span_str(text), ROOM, &out), ERROR_BAD_REQUEST);
        buffer_clear(&out);
    }
    free(packed);
}

/* A thousand times its size: what comes out stays within the limit, and so does what was taken. */
static void test_bombs(void **state)
{
    (void)state;
    enum { MUCH = 64 << 20, LIMIT = 1 << 20 };
    char *zeros = calloc(1, MUCH), *packed = malloc(ROOM);
    struct buffer out;
    for (enum packing p = PACKED_GZIP; p <= PACKED_ZSTD; p++) {
        size_t size = pack(p, zeros, MUCH, packed);
        assert_true(size < MUCH / 900);
        assert_int_equal(code_of(p, span_of(packed, size), LIMIT, &out), ERROR_BODY_TOO_LARGE);
        assert_true(out.room <= 2 * LIMIT); /* it grows by doubling */
        buffer_clear(&out);
    }
    free(zeros);
    free(packed);
}

/* A frame that wants a window of 128 MiB. */
static void test_windows(void **state)
{
    (void)state;
    static const char frame[] = "\x28\xB5\x2F\xFD\x00\x88\x01\x00\x00";
    struct buffer out;
    assert_int_equal(code_of(PACKED_ZSTD, span_of(frame, 9), ROOM, &out), ERROR_BAD_REQUEST);
    buffer_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names),
                                       cmocka_unit_test(test_there_and_back),
                                       cmocka_unit_test(test_broken), cmocka_unit_test(test_bombs),
                                       cmocka_unit_test(test_windows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
