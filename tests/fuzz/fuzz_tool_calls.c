/* tests/fuzz/fuzz_tool_calls.c - where the text is cut changes neither the text nor the calls.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "server/generate/tool_calls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(struct tool_calls *t, struct buffer *text, struct span all, size_t piece)
{
    tool_calls_init(t);
    buffer_init(text, SIZE_MAX);
    for (size_t at = 0; at < all.n; at += piece) {
        tool_calls_feed(t, span_slice(all, at, at + piece), text);
    }
    tool_calls_end(t, text);
    assert(!t->failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tool_calls whole, cut;
    struct buffer text, cut_text;
    if (size == 0) return 0;
    struct span all = span_of(data + 1, size - 1);
    feed(&whole, &text, all, size);
    feed(&cut, &cut_text, all, (size_t)1 + data[0] % 16);
    assert(span_eq(buffer_span(&text), buffer_span(&cut_text)));
    assert(whole.n == cut.n && text.n <= all.n);
    for (size_t i = 0; i < whole.n; i++) {
        assert(strcmp(whole.items[i].name, cut.items[i].name) == 0);
        assert(strcmp(whole.items[i].arguments, cut.items[i].arguments) == 0);
    }
    tool_calls_clear(&whole);
    tool_calls_clear(&cut);
    buffer_clear(&text);
    buffer_clear(&cut_text);
    return 0;
}
