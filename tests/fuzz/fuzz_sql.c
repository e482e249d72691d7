/* tests/fuzz/fuzz_sql.c - a database and a query, a NUL between them; and any bytes as an answer.
 *
 * Properties: a query on a database gives an answer that can be read, and the same one twice gives
 * rows that are the same by every comparison; what cannot be read is refused; a query that is found
 * lies in its text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdint.h>

#include "reward/sql/database.h"
#include "reward/sql/query_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const struct rows *x, const struct rows *y, struct arena *a)
{
    for (int bits = 0; bits < 8; bits++) {
        struct rows_comparison how = {
            .ordered = bits & 1, .distinct = bits & 2, .any_columns = bits & 4};
        assert(rows_same(x, y, &how, a) || arena_failed(a));
    }
}

static void ask(struct span script, struct span query, struct arena *a)
{
    struct query_order order = {.script = script,
                                .query = query,
                                .script_s = 0.05,
                                .query_s = 0.05,
                                .memory_bytes = 8 << 20,
                                .result_bytes = 1 << 16};
    struct query_answer answer, again;
    struct buffer packed;
    buffer_init(&packed, 8 << 20);
    database_answer(&order, &packed);
    if (!packed.failed) {
        bool read = database_read_answer(buffer_span(&packed), a, &answer);
        assert(read || arena_failed(a));
        if (read && answer.end == QUERY_ROWS) {
            assert(database_read_answer(buffer_span(&packed), a, &again) || arena_failed(a));
            if (!arena_failed(a)) compare(&answer.rows, &again.rows, a);
        }
    }
    buffer_clear(&packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span all = span_of(data, size);
    struct arena *a = arena_new(64 << 20);
    struct query_answer answer;
    if (a == NULL || size > 4096) {
        arena_free(a);
        return 0;
    }
    size_t nul = span_find(all, span_of("", 1), 0);
    struct span script = span_slice(all, 0, nul == SPAN_NONE ? 0 : nul),
                query = span_slice(all, nul == SPAN_NONE ? 0 : nul + 1, size);
    ask(script, query, a);
    struct span found = query_find(all);
    assert(found.p == NULL || (found.p >= all.p && found.p + found.n <= all.p + all.n));
    (void)query_is_ordered(all);
    if (database_read_answer(all, a, &answer) && answer.end == QUERY_ROWS) {
        compare(&answer.rows, &answer.rows, a);
    }
    arena_free(a);
    return 0;
}
