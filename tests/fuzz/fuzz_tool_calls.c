/* tests/fuzz/fuzz_tool_calls.c - where the text is cut, and whether calls are shown early, changes
 * neither the text nor the calls, but for a last call that breaks off: shown early, it is no text too.
 * Arguments are always an object.
 *
 * The first byte chooses the family and the pieces.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "base/tools/calls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(struct tool_calls *t, const struct tool_calls_wanted *wanted, struct buffer *text,
                 struct span all, size_t piece)
{
    tool_calls_init(t, wanted);
    buffer_init(text, SIZE_MAX);
    for (size_t at = 0; at < all.n; at += piece) {
        tool_calls_feed(t, span_slice(all, at, at + piece), text);
    }
    tool_calls_end(t, text);
    assert(!t->failed);
}

static void check_object(const char *arguments)
{
    struct error err = {0};
    cJSON *object = json_parse(span_str(arguments), &err);
    assert(cJSON_IsObject(object));
    cJSON_Delete(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tool tools[] = {{"f", NULL}, {"get_weather", NULL}};
    struct tool_calls_wanted wanted = {0};
    struct tool_calls whole, cut;
    struct buffer text, cut_text;
    size_t n = 0, k = 0;
    if (size == 0) return 0;
    while (tool_format_at((int)n) != NULL) {
        n++;
    }
    wanted.format = tool_format_at((int)(data[0] % n));
    if (data[0] / n % 2 == 0) {
        wanted.tools = tools;
        wanted.n_tools = 2;
    }
    struct span all = span_of(data + 1, size - 1);
    feed(&whole, &wanted, &text, all, size);
    wanted.early = true;
    feed(&cut, &wanted, &cut_text, all, (size_t)1 + data[0] % 7);
    bool breaks_off = cut.n > 0 && !cut.items[cut.n - 1].whole;
    assert(span_starts(buffer_span(&text), buffer_span(&cut_text)) && text.n <= all.n);
    assert(breaks_off || cut_text.n == text.n);
    assert(whole.n == whole.n_whole && whole.n == cut.n_whole);
    for (size_t i = 0; i < cut.n; i++) {
        if (!cut.items[i].whole) continue;
        assert(strcmp(whole.items[k].name, cut.items[i].name) == 0);
        assert(strcmp(whole.items[k].arguments, cut.items[i].arguments) == 0);
        check_object(cut.items[i].arguments);
        k++;
    }
    assert(k == whole.n);
    tool_calls_clear(&whole);
    tool_calls_clear(&cut);
    buffer_clear(&text);
    buffer_clear(&cut_text);
    return 0;
}
