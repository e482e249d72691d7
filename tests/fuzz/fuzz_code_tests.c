/* tests/fuzz/fuzz_code_tests.c - an item's tests of any shape.
 *
 * Properties: what cannot be read says which field and why; what can has tests, each whole; and
 * reading fewer gives the same ones.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdint.h>

#include "base/json.h"
#include "reward/code/cases.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct code_tests *t)
{
    assert(t->n > 0 && t->n <= CODE_MAX_TESTS);
    for (size_t i = 0; i < t->n; i++) {
        const struct code_case *c = &t->cases[i];
        assert(c->kind != CASE_CALL || (c->body.p != NULL && c->expected.p != NULL));
        assert(c->kind != CASE_VALUE); /* the converter's, later */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    cJSON *item = json_parse(span_of(data, size), &err);
    struct arena *a = arena_new(64 << 20);
    struct code_tests all, one;
    err = (struct error){0};
    if (item != NULL && code_tests_read(item, 0, a, &all, &err)) {
        check(&all);
        assert(code_tests_read(item, 1, a, &one, &err) && one.n == 1);
        assert(one.cases[0].kind == all.cases[0].kind);
        assert(span_eq(one.cases[0].expected, all.cases[0].expected));
    } else if (item != NULL) {
        assert(err.code != ERROR_NONE && err.message[0] != '\0');
    }
    cJSON_Delete(item);
    arena_free(a);
    return 0;
}
