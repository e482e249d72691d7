/* server/generate/tool_calls.c - see tool_calls.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/tool_calls.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

enum { MAX_CALL_BYTES = 1 << 20, MAX_CALLS = 1024 }; /* what is longer is text */
static const char OPEN[] = "<tool_call>", CLOSE[] = "</tool_call>";

void tool_calls_init(struct tool_calls *t)
{
    *t = (struct tool_calls){0};
    buffer_init(&t->held, SIZE_MAX);
}

void tool_calls_clear(struct tool_calls *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free(t->items[i].name);
        free(t->items[i].arguments);
    }
    free(t->items);
    buffer_clear(&t->held);
}

/* ---- one call ---- */

/* The arguments as clients want them: the text of an object. */
static char *arguments_text(const cJSON *call)
{
    const cJSON *arguments = json_get(call, "arguments");
    struct buffer text;
    if (cJSON_IsString(arguments)) return mem_text(span_str(arguments->valuestring), NULL);
    buffer_init(&text, 2 * (size_t)MAX_CALL_BYTES);
    if (arguments == NULL) buffer_add_str(&text, "{}");
    if (arguments != NULL) json_print(arguments, &text);
    char *taken = text.failed ? NULL : buffer_take(&text);
    buffer_clear(&text);
    return taken;
}

static bool grow(struct tool_calls *t)
{
    if (t->n < t->room) return true;
    size_t room = t->room == 0 ? 4 : t->room * 2;
    struct tool_call *grown = mem_grow(t->items, room, sizeof(*grown), NULL);
    if (grown == NULL) return false;
    t->items = grown;
    t->room = room;
    return true;
}

static void add(struct tool_calls *t, const cJSON *call)
{
    struct tool_call made = {mem_text(span_str(json_get(call, "name")->valuestring), NULL), arguments_text(call)};
    if (made.name != NULL && made.arguments != NULL && grow(t)) {
        t->items[t->n++] = made;
        return;
    }
    free(made.name);
    free(made.arguments);
    t->failed = true;
}

/* Is this a call? Then it is taken. */
static bool take_call(struct tool_calls *t, struct span inside)
{
    struct error ignored = {0};
    cJSON *call = t->n < MAX_CALLS ? json_parse(span_trim(inside), &ignored) : NULL;
    const cJSON *arguments = json_get(call, "arguments");
    bool is_call = cJSON_IsString(json_get(call, "name")) &&
                   (arguments == NULL || cJSON_IsObject(arguments) || cJSON_IsString(arguments));
    if (is_call) add(t, call);
    cJSON_Delete(call);
    return is_call;
}

/* ---- the text ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The length of s without the white space at its end. */
static size_t trimmed(struct span s)
{
    size_t n = s.n;
    while (n > 0 && is_space(s.p[n - 1])) {
        n--;
    }
    return n;
}

/* Bytes at the front of s that are text whatever follows: not the beginning of a tag at its end,
 * nor the white space before that. */
static size_t certain(struct span s)
{
    for (size_t k = sizeof(OPEN) - 2; k > 0; k--) {
        if (span_ends(s, span_of(OPEN, k))) return trimmed(span_slice(s, 0, s.n - k));
    }
    return trimmed(s);
}

static void give(struct tool_calls *t, size_t n, struct buffer *text)
{
    buffer_add(text, t->held.p, n);
    buffer_drop(&t->held, n);
}

/* The tags that begin at `at`: taken, given back as text, or (false) not complete. */
static bool take_tags(struct tool_calls *t, size_t at, struct buffer *text)
{
    struct span held = buffer_span(&t->held);
    size_t from = at + sizeof(OPEN) - 1, end = span_find(held, span_str(CLOSE), from);
    if (end == SPAN_NONE) return false;
    size_t after = end + sizeof(CLOSE) - 1;
    if (take_call(t, span_slice(held, from, end))) {
        give(t, trimmed(span_slice(held, 0, at)), text);
        buffer_drop(&t->held, after - (held.n - t->held.n));
    } else {
        give(t, after, text);
    }
    return true;
}

void tool_calls_feed(struct tool_calls *t, struct span piece, struct buffer *text)
{
    buffer_add_span(&t->held, piece);
    if (t->held.failed) t->failed = true;
    for (;;) {
        struct span held = buffer_span(&t->held);
        size_t at = span_find(held, span_str(OPEN), 0);
        if (at == SPAN_NONE) {
            give(t, certain(held), text);
            break;
        }
        if (!take_tags(t, at, text)) break;
    }
    if (t->held.n > MAX_CALL_BYTES) give(t, t->held.n, text);
}

void tool_calls_end(struct tool_calls *t, struct buffer *text)
{
    struct span held = buffer_span(&t->held);
    size_t at = span_find(held, span_str(OPEN), 0);
    bool called = at != SPAN_NONE && take_call(t, span_slice(held, at + sizeof(OPEN) - 1, held.n));
    bool after_call = t->n > 0 && span_trim(held).n == 0;
    if (called) {
        give(t, trimmed(span_slice(held, 0, at)), text);
    } else if (!after_call) {
        give(t, t->held.n, text);
    }
    buffer_drop(&t->held, t->held.n);
}
