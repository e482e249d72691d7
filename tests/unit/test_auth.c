/* tests/unit/test_auth.c - API keys.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/http/auth.h"

static const char *const keys[] = {"alpha", "b", "", "key with spaces"};

static const struct {
    const char *name, *header;
    int n_keys;
    bool right;
} rows[] = {
    {"open server", NULL, 0, true},
    {"open server, any key", "Bearer x", 0, true},
    {"no header", NULL, 4, false},
    {"first key", "Bearer alpha", 4, true},
    {"second key", "Bearer b", 4, true},
    {"spaces in a key", "Bearer key with spaces", 4, true},
    {"scheme in any case", "bEaReR alpha", 4, true},
    {"longer", "Bearer alphaa", 4, false},
    {"the key twice", "Bearer alphaalpha", 4, false},
    {"shorter", "Bearer alph", 4, false},
    {"other case", "Bearer Alpha", 4, false},
    {"an empty key is no key", "Bearer ", 4, false},
    {"empty header", "", 4, false},
    {"no scheme", "alpha", 4, false},
    {"other scheme", "Basic alpha", 4, false},
    {"two spaces", "Bearer  alpha", 4, false},
    {"key of another server", "Bearer b", 1, false},
    {"white space behind", "Bearer alpha \t", 4, true},
};

/* Where there is no Authorization header. */
static const struct {
    const char *name, *authorization, *api_key;
    bool right;
} other_rows[] = {
    {"x-api-key", NULL, "alpha", true},
    {"white space behind", NULL, "alpha ", true},
    {"wrong", NULL, "alph", false},
    {"no bearer here", NULL, "Bearer alpha", false},
    {"empty", NULL, "", false},
    {"Authorization counts", "Bearer wrong", "alpha", false},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err = {0};
        bool right = auth_check(rows[i].header, NULL, keys, rows[i].n_keys, &err);
        if (right != rows[i].right) print_error("%s\n", rows[i].name);
        assert_int_equal(right, rows[i].right);
        assert_int_equal(err.code, right ? ERROR_NONE : ERROR_NO_KEY);
    }
}

static void test_other_header(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(other_rows) / sizeof(other_rows[0]); i++) {
        struct error err = {0};
        bool right = auth_check(other_rows[i].authorization, other_rows[i].api_key, keys, 4, &err);
        if (right != other_rows[i].right) fail_msg("%s", other_rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
                                       cmocka_unit_test(test_other_header)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
