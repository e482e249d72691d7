/* tests/unit/test_response_store.c - kept replies: whose they are, when they go.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/responses/store.h"

enum { MS = 1000000 };

static bool put(struct response_store *s, const char *id, uint64_t owner, const char *reply,
                uint64_t now_ns)
{
    const struct response_kept what = {span_str(reply), span_str("[]")};
    return response_store_put(s, id, owner, &what, now_ns);
}

static enum response_found get(struct response_store *s, const char *id, uint64_t owner,
                               uint64_t now_ns, const char *want)
{
    struct arena *a = arena_new(1 << 20);
    struct response_kept kept = {0};
    enum response_found found = response_store_get(s, span_str(id), owner, now_ns, a, &kept);
    if (found == RESPONSE_FOUND) {
        assert_true(span_is(kept.reply, want));
        assert_true(span_is(kept.messages, "[]"));
    }
    arena_free(a);
    return found;
}

static void a_reply_is_its_owners(void **state)
{
    struct response_store *s = response_store_new(10, 1 << 20, 1000);
    (void)state;
    assert_true(put(s, "a", 1, "A", 0));
    assert_int_equal(get(s, "a", 1, 0, "A"), RESPONSE_FOUND);
    assert_int_equal(get(s, "a", 2, 0, "A"), RESPONSE_UNKNOWN);
    assert_int_equal(get(s, "b", 1, 0, "A"), RESPONSE_UNKNOWN);
    assert_false(response_store_drop(s, span_str("a"), 2, 0));
    assert_true(response_store_drop(s, span_str("a"), 1, 0));
    assert_int_equal(get(s, "a", 1, 0, "A"), RESPONSE_UNKNOWN);
    assert_false(response_store_drop(s, span_str("a"), 1, 0));
    response_store_free(s);
}

static void the_oldest_go_first(void **state)
{
    struct response_store *s = response_store_new(3, 1 << 20, 1000);
    char id[8];
    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof(id), "%d", i);
        assert_true(put(s, id, 1, id, 0));
    }
    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof(id), "%d", i);
        assert_int_equal(get(s, id, 1, 0, id), i < 97 ? RESPONSE_UNKNOWN : RESPONSE_FOUND);
    }
    response_store_free(s);
}

static void bytes_are_bounded(void **state)
{
    static char large[3000], too_large[9000];
    struct response_store *s = response_store_new(100, 8000, 1000);
    size_t n, bytes;
    (void)state;
    memset(large, 'x', sizeof(large) - 1);
    memset(too_large, 'x', sizeof(too_large) - 1);
    for (int i = 0; i < 5; i++) {
        char id[8];
        snprintf(id, sizeof(id), "%d", i);
        assert_true(put(s, id, 1, large, 0));
    }
    response_store_count(s, &n, &bytes);
    assert_int_equal(n, 2);
    assert_in_range(bytes, 6000, 8000);
    assert_false(put(s, "t", 1, too_large, 0)); /* and nothing went for it */
    assert_int_equal(get(s, "4", 1, 0, large), RESPONSE_FOUND);
    assert_int_equal(get(s, "3", 1, 0, large), RESPONSE_FOUND);
    response_store_free(s);
}

static void time_passes(void **state)
{
    struct response_store *s = response_store_new(10, 1 << 20, 100);
    size_t n, bytes;
    (void)state;
    assert_true(put(s, "a", 1, "A", 0));
    assert_true(put(s, "b", 1, "B", 50 * MS));
    assert_int_equal(get(s, "a", 1, 100 * MS, "A"), RESPONSE_FOUND);
    assert_int_equal(get(s, "a", 1, 101 * MS, "A"), RESPONSE_UNKNOWN);
    assert_int_equal(get(s, "b", 1, 101 * MS, "B"), RESPONSE_FOUND);
    assert_true(put(s, "c", 1, "C", 120 * MS));
    response_store_count(s, &n, &bytes);
    assert_int_equal(n, 2);
    response_store_free(s);
}

static void nothing_may_be_kept(void **state)
{
    struct response_store *s = response_store_new(0, 1 << 20, 100);
    (void)state;
    assert_false(put(s, "a", 1, "A", 0));
    response_store_free(s);
    response_store_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_is_its_owners), cmocka_unit_test(the_oldest_go_first),
        cmocka_unit_test(bytes_are_bounded),     cmocka_unit_test(time_passes),
        cmocka_unit_test(nothing_may_be_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
