/* tests/unit/test_sha256.c - the standard's examples, and bytes that come in pieces of every size.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/sha256.h"

static void hash(const char *bytes, size_t n, size_t piece, char hex[SHA256_HEX])
{
    struct sha256 s;
    uint8_t digest[SHA256_BYTES];
    sha256_init(&s);
    for (size_t at = 0; at < n; at += piece) {
        sha256_add(&s, bytes + at, n - at < piece ? n - at : piece);
    }
    sha256_end(&s, digest);
    sha256_hex(digest, hex);
}

/* FIPS 180-4's examples, and what Python's hashlib says of a's. */
static void test_known(void **state)
{
    (void)state;
    static char many[1000000];
    memset(many, 'a', sizeof(many));
    const struct {
        const char *bytes;
        size_t n;
        const char *hex;
    } cases[] = {
        {"", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {many, sizeof(many), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char hex[SHA256_HEX];
        hash(cases[i].bytes, cases[i].n, 1000, hex);
        assert_string_equal(hex, cases[i].hex);
    }
}

static void test_pieces(void **state)
{
    (void)state;
    char bytes[200], whole[SHA256_HEX], parts[SHA256_HEX];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)(i * 37);
    }
    for (size_t n = 0; n <= sizeof(bytes); n++) {
        hash(bytes, n, sizeof(bytes), whole);
        for (size_t piece = 1; piece < 130; piece += 9) {
            hash(bytes, n, piece, parts);
            assert_string_equal(parts, whole);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known), cmocka_unit_test(test_pieces)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
