/* tests/fuzz/fuzz_tool_rewards.c - golds in JSON, descriptions of tools in JSON, and a response,
 * line breaks between them.
 *
 * Properties: golds are read or say why not; what is equal matches by every rule that asks less; a
 * call equals itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdint.h>

#include "base/json.h"
#include "reward/tools/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The text up to the next line break; *rest is what follows. */
static struct span take(struct span *rest)
{
    size_t end = span_find(*rest, span_str("\n"), 0);
    struct span part = span_slice(*rest, 0, end);
    *rest = span_slice(*rest, end == SPAN_NONE ? rest->n : end + 1, rest->n);
    return part;
}

static void compare(const struct calls *made, const struct calls *wanted, const cJSON *tools)
{
    for (size_t m = 0; m < made->n; m++) {
        assert(match_equal(&made->at[m], &made->at[m], tools));
        for (size_t w = 0; w < wanted->n; w++) {
            bool equal = match_equal(&made->at[m], &wanted->at[w], tools);
            assert(!equal || match_subset(&made->at[m], &wanted->at[w], tools));
            assert(equal == match_equal(&wanted->at[w], &made->at[m], tools));
        }
    }
}

static void run(const cJSON *gold, const cJSON *tools, struct span text, bool possible)
{
    static struct calls made, wanted;
    struct error err = {0};
    bool read = calls_read(gold, "gold", possible, &wanted, &err);
    assert(read == (err.code == ERROR_NONE));
    for (int i = 0; read && tool_format_at(i) != NULL; i++) {
        struct tool_calls_wanted look = {.format = tool_format_at(i)};
        if (calls_find(text, &look, &made)) compare(&made, &wanted, tools);
        for (size_t k = 0; possible && k < made.n * wanted.n; k++) {
            match_possible(&made.at[k % made.n], &wanted.at[k / made.n], tools);
        }
        calls_clear(&made);
    }
    calls_clear(&wanted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size);
    struct error err = {0};
    cJSON *gold = json_parse(take(&text), &err), *tools = json_parse(take(&text), &err);
    if (gold != NULL) {
        run(gold, tools, text, false);
        run(gold, tools, text, true);
    }
    cJSON_Delete(gold);
    cJSON_Delete(tools);
    return 0;
}
