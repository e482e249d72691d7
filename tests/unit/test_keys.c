/* tests/unit/test_keys.c - API keys: whose, for what, how often; their file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/http/keys.h"
#include "server/http/router.h"

static const char *const texts[] = {"alpha", "b", "", "key with spaces", "b"};

static const struct {
    const char *name, *authorization, *api_key;
    int n_keys;
    bool right;
} rows[] = {
    {"no header", NULL, NULL, 4, false},
    {"first key", "Bearer alpha", NULL, 4, true},
    {"second key", "Bearer b", NULL, 5, true},
    {"spaces in a key", "Bearer key with spaces", NULL, 4, true},
    {"scheme in any case", "bEaReR alpha", NULL, 4, true},
    {"longer", "Bearer alphaa", NULL, 4, false},
    {"the key twice", "Bearer alphaalpha", NULL, 4, false},
    {"shorter", "Bearer alph", NULL, 4, false},
    {"other case", "Bearer Alpha", NULL, 4, false},
    {"an empty key is no key", "Bearer ", NULL, 4, false},
    {"empty header", "", NULL, 4, false},
    {"no scheme", "alpha", NULL, 4, false},
    {"other scheme", "Basic alpha", NULL, 4, false},
    {"two spaces", "Bearer  alpha", NULL, 4, false},
    {"key of another server", "Bearer b", NULL, 1, false},
    {"white space behind", "Bearer alpha \t", NULL, 4, true},
    {"x-api-key", NULL, "alpha", 4, true},
    {"white space behind, there", NULL, "alpha ", 4, true},
    {"wrong", NULL, "alph", 4, false},
    {"no bearer there", NULL, "Bearer alpha", 4, false},
    {"empty", NULL, "", 4, false},
    {"Authorization counts", "Bearer wrong", "alpha", 4, false},
};

static void test_finding(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err = {0};
        struct keys keys;
        const struct string_list own = {texts, rows[i].n_keys};
        assert_true(keys_open(&keys, &own, NULL, &err));
        assert_true(keys_are_set(&keys));
        const struct key *key = keys_find(&keys, rows[i].authorization, rows[i].api_key, &err);
        if ((key != NULL) != rows[i].right) fail_msg("%s", rows[i].name);
        assert_int_equal(err.code, rows[i].right ? ERROR_NONE : ERROR_NO_KEY);
        if (key != NULL) assert_true(key_may(key, SCOPES_ALL, &err));
        keys_clear(&keys);
    }
}

#define DIGEST "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" /* of "abc" */

/* FIPS 180-4's example. */
static void test_digest(void **state)
{
    (void)state;
    struct key key;
    unsigned char digest[KEY_DIGEST_BYTES];
    assert_true(key_read_line(span_str("n sha256:" DIGEST " infer"), &key, NULL));
    key_digest(span_str("abc"), digest);
    assert_memory_equal(key.digest, digest, sizeof(digest));
}

static const struct {
    const char *line;
    int scopes; /* 0: it is refused */
    double rate;
    int concurrency;
} lines[] = {
    {"a sha256:" DIGEST " infer", SCOPE_INFER, 0, 0},
    {"  a.b_c-D \t sha256:" DIGEST "\tverify,infer ", SCOPE_INFER | SCOPE_VERIFY, 0, 0},
    {"a sha256:" DIGEST " infer,verify,control,metrics,admin rate=0.5 concurrency=3", SCOPES_ALL,
     0.5, 3},
    {"a sha256:" DIGEST " admin concurrency=3", SCOPE_ADMIN, 0, 3},
    {"a sha256:" DIGEST " ", 0, 0, 0},
    {"a sha256:" DIGEST " infer,", 0, 0, 0},
    {"a sha256:" DIGEST " everything", 0, 0, 0},
    {"a sha256:" DIGEST "0 infer", 0, 0, 0},
    {"a sha256:" DIGEST " infer rate=0", 0, 0, 0},
    {"a sha256:" DIGEST " infer rate=-1", 0, 0, 0},
    {"a sha256:" DIGEST " infer rate=1e3", 0, 0, 0},
    {"a sha256:" DIGEST " infer rate=", 0, 0, 0},
    {"a sha256:" DIGEST " infer concurrency=1.5", 0, 0, 0},
    {"a sha256:" DIGEST " infer concurrency=99999999999", 0, 0, 0},
    {"a sha256:" DIGEST " infer speed=1", 0, 0, 0},
    {"a md5:" DIGEST " infer", 0, 0, 0},
    {"a sha256:xa7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad infer", 0, 0, 0},
    {"a/b sha256:" DIGEST " infer", 0, 0, 0},
    {"sha256:" DIGEST " infer", 0, 0, 0},
    {"a", 0, 0, 0},
    {"", 0, 0, 0},
};

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct error err = {0};
        struct key key, again;
        bool fine = key_read_line(span_str(lines[i].line), &key, &err);
        if (fine != (lines[i].scopes != 0)) fail_msg("\"%s\": %s", lines[i].line, err.message);
        if (!fine) {
            assert_int_equal(err.code, ERROR_INVALID_VALUE);
            assert_true(strlen(err.message) > 10);
            continue;
        }
        assert_int_equal(key.scopes, lines[i].scopes);
        assert_true(key.rate == lines[i].rate && key.concurrency == lines[i].concurrency);
        struct buffer text;
        buffer_init(&text, 1024);
        key_print_line(&key, &text);
        assert_true(key_read_line(buffer_span(&text), &again, &err));
        assert_string_equal(again.name, key.name);
        assert_memory_equal(again.digest, key.digest, sizeof(key.digest));
        assert_int_equal(again.scopes, key.scopes);
        assert_true(again.rate == key.rate && again.concurrency == key.concurrency);
        buffer_clear(&text);
    }
}

static void test_scopes(void **state)
{
    (void)state;
    struct key key = {.name = "n", .scopes = SCOPE_INFER | SCOPE_METRICS};
    for (int wanted = 0; wanted <= SCOPES_ALL; wanted++) {
        struct error err = {0};
        bool may = key_may(&key, wanted, &err);
        assert_int_equal(may, (wanted & (SCOPE_VERIFY | SCOPE_CONTROL | SCOPE_ADMIN)) == 0);
        assert_int_equal(err.code, may ? ERROR_NONE : ERROR_SCOPE);
        if ((wanted & SCOPE_VERIFY) != 0) assert_non_null(strstr(err.message, "verify"));
    }
}

static void test_rate(void **state)
{
    (void)state;
    const uint64_t second = 1000000000;
    struct error err = {0};
    struct key key = {.name = "n", .rate = 2, .users = 1};
    for (int i = 0; i < 2; i++) {
        assert_true(key_begin(&key, second, &err));
        key_end(&key);
    }
    assert_false(key_begin(&key, second, &err));
    assert_int_equal(err.code, ERROR_RATE);
    assert_int_equal(err.retry_s, 1);
    assert_false(key_begin(&key, second + second / 4, &err));
    assert_true(key_begin(&key, second + second / 2, &err));
    key_end(&key);
    for (int i = 0; i < 2; i++) { /* a long rest saves up no more than a second */
        assert_true(key_begin(&key, 1000 * second, &err));
        key_end(&key);
    }
    assert_false(key_begin(&key, 1000 * second, &err));

    struct key slow = {.name = "s", .rate = 0.1, .users = 1};
    assert_true(key_begin(&slow, second, &err));
    assert_false(key_begin(&slow, second, &err));
    assert_int_equal(err.retry_s, 10);
    assert_false(key_begin(&slow, 10 * second, &err));
    assert_true(key_begin(&slow, 11 * second, &err));

    struct key never = {.name = "r", .rate = 1e-300, .users = 1};
    assert_true(key_begin(&never, second, &err));
    assert_false(key_begin(&never, second, &err));
    assert_int_equal(err.retry_s, 86400);
}

static void test_concurrency(void **state)
{
    (void)state;
    struct error err = {0};
    struct key key = {.name = "n", .concurrency = 2, .users = 1};
    assert_true(key_begin(&key, 1, &err));
    assert_true(key_begin(&key, 1, &err));
    assert_false(key_begin(&key, 1, &err));
    assert_int_equal(err.code, ERROR_RATE);
    key_end(&key);
    assert_true(key_begin(&key, 1, &err));
}

/* ---- the file ---- */

static char path[] = "/tmp/touchstone-keys-XXXXXX";

static void write_file(const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static bool opens(const struct keys *k, const char *text)
{
    return keys_find(k, NULL, text, NULL) != NULL;
}

static void test_reload(void **state)
{
    (void)state;
    struct keys keys;
    struct error err = {0};
    const struct string_list own = {texts, 1};
    write_file("# who\n\n  \nn sha256:" DIGEST " infer concurrency=1\r\n");
    assert_true(keys_open(&keys, &own, path, &err));
    struct key *held = keys_find(&keys, NULL, "abc", &err);
    assert_true(held != NULL && opens(&keys, "alpha"));
    assert_true(key_begin(held, 1, &err));

    write_file("m sha256:" DIGEST " verify"); /* the same key, another name and scope */
    assert_true(keys_reload(&keys, &err));
    assert_ptr_equal(keys_find(&keys, NULL, "abc", &err), held);
    assert_string_equal(held->name, "m");
    assert_int_equal(held->scopes, SCOPE_VERIFY);
    assert_int_equal(held->at_work, 1);

    write_file("m sha256:" DIGEST " verify\nx y z\n");
    assert_false(keys_reload(&keys, &err)); /* all stays */
    assert_string_equal(err.param, "api-key-file");
    assert_non_null(strstr(err.message, "line 2"));
    assert_true(opens(&keys, "abc") && opens(&keys, "alpha"));
    write_file("m sha256:" DIGEST " verify\nn sha256:" DIGEST " infer\n");
    assert_false(keys_reload(&keys, &err)); /* one key, two meanings */

    write_file("");
    assert_true(keys_reload(&keys, &err));
    assert_false(opens(&keys, "abc"));
    assert_true(opens(&keys, "alpha"));
    assert_string_equal(held->name, "m"); /* its request still holds it */
    key_end(held);
    keys_clear(&keys);
}

static void test_an_empty_file_lets_nobody_in(void **state)
{
    (void)state;
    struct keys keys;
    struct error err = {0};
    const struct string_list none = {0};
    write_file("");
    assert_true(keys_open(&keys, &none, path, &err));
    assert_true(keys_are_set(&keys));
    assert_false(opens(&keys, "abc"));
    keys_clear(&keys);
    assert_false(keys_open(&keys, &none, "/no/such/file", &err));
    assert_string_equal(err.param, "api-key-file");
    assert_true(keys_open(&keys, &none, NULL, &err));
    assert_false(keys_are_set(&keys));
    keys_clear(&keys);
}

static int make_path(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finding), cmocka_unit_test(test_digest),
        cmocka_unit_test(test_lines),   cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_rate),    cmocka_unit_test(test_concurrency),
        cmocka_unit_test(test_reload),  cmocka_unit_test(test_an_empty_file_lets_nobody_in),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
