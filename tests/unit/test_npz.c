/* tests/unit/test_npz.c - an archive of arrays, byte by byte; numpy reads them in tests/http/test_rollouts.py.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdint.h>
#include <string.h>

#include "base/npz.h"

static uint32_t number(const char *p, size_t bytes)
{
    uint32_t n = 0;
    memcpy(&n, p, bytes);
    return n;
}

/* CRC-32 by its definition, bit by bit. */
static uint32_t crc(const char *p, size_t n)
{
    uint32_t c = 0xffffffff;
    for (size_t i = 0; i < n * 8; i++) {
        uint32_t bit = (c ^ (uint32_t)((uint8_t)p[i / 8] >> i % 8)) & 1;
        c = c >> 1 ^ (bit ? 0xedb88320 : 0);
    }
    return ~c;
}

static void write(struct buffer *out)
{
    static const int64_t big[] = {1, -2, INT64_MAX};
    static const uint8_t small[] = {1, 2, 3, 4, 5};
    struct npz z;
    npz_begin(&z, out);
    npz_open(&z, "big", NPZ_INT64, 3);
    npz_put(&z, big, 8);
    npz_put(&z, big + 1, 16);
    npz_close(&z);
    npz_open(&z, "small", NPZ_UINT8, 5);
    npz_put(&z, small, 5);
    npz_close(&z);
    npz_open(&z, "none", NPZ_FLOAT32, 0);
    npz_close(&z);
    npz_end(&z);
}

static void test_every_entry_says_where_and_what_it_is(void **state)
{
    (void)state;
    static const char *const names[] = {"big.npy", "small.npy", "none.npy"};
    static const size_t bytes[] = {24, 5, 0};
    struct buffer out;
    buffer_init(&out, 1 << 20);
    write(&out);
    assert_false(out.failed);
    const char *end = out.p + out.n - 22, *entry = out.p + number(end + 16, 4);
    assert_int_equal(number(end, 4), 0x06054b50);
    assert_int_equal(number(end + 10, 2), 3);
    assert_int_equal(number(end + 12, 4), end - entry);
    for (int i = 0; i < 3; i++) {
        size_t name = strlen(names[i]);
        const char *local = out.p + number(entry + 42, 4), *data = local + 30 + name;
        uint32_t size = number(entry + 24, 4);
        assert_int_equal(number(entry, 4), 0x02014b50);
        assert_memory_equal(entry + 46, names[i], name);
        assert_memory_equal(local + 30, names[i], name);
        assert_memory_equal(local + 14, entry + 16, 12); /* the checksum and both sizes */
        assert_int_equal(number(entry + 16, 4), crc(data, size));
        assert_memory_equal(data, "\x93NUMPY\x01\x00", 8);
        size_t head = 10 + number(data + 8, 2);
        assert_int_equal(head % 64, 0);
        assert_int_equal(data[head - 1], '\n');
        assert_int_equal(size, head + bytes[i]);
        entry += 46 + name;
    }
    assert_ptr_equal(entry, end);
    buffer_clear(&out);
}

/* Whatever does not fit leaves a failed buffer, and nothing is written outside of it. */
static void test_a_buffer_that_is_full(void **state)
{
    (void)state;
    struct buffer whole;
    buffer_init(&whole, 1 << 20);
    write(&whole);
    for (size_t limit = 0; limit < whole.n; limit++) {
        struct buffer out;
        buffer_init(&out, limit);
        write(&out);
        assert_true(out.failed);
        buffer_clear(&out);
    }
    buffer_clear(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_entry_says_where_and_what_it_is),
        cmocka_unit_test(test_a_buffer_that_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
