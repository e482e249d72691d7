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

/* The arguments as clients want them, the text of an object: as the model wrote it, to the digit.
 * SGLang's detector takes `parameters` for the same. */
static const cJSON *arguments_of(const cJSON *call)
{
    const cJSON *arguments = json_get(call, "arguments");
    return arguments != NULL ? arguments : json_get(call, "parameters");
}

static char *arguments_text(const cJSON *call, struct span source)
{
    const cJSON *arguments = arguments_of(call);
    if (arguments == NULL) return mem_text(span_str("{}"), NULL);
    if (cJSON_IsString(arguments)) return mem_text(span_str(arguments->valuestring), NULL);
    struct span text = json_source(call, arguments, source);
    return mem_text(text, NULL);
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

static void add(struct tool_calls *t, const cJSON *call, struct span source)
{
    struct tool_call made = {mem_text(span_str(json_get(call, "name")->valuestring), NULL),
                             arguments_text(call, source)};
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
    struct error why = {0};
    struct span source = span_trim(inside);
    cJSON *call = t->n < MAX_CALLS ? json_parse(source, &why) : NULL;
    const cJSON *arguments = arguments_of(call);
    bool is_call = cJSON_IsString(json_get(call, "name")) &&
                   (arguments == NULL || cJSON_IsObject(arguments) || cJSON_IsString(arguments));
    if (is_call) add(t, call, source);
    if (why.code == ERROR_NO_MEMORY) t->failed = true;
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

/* Drop the first n bytes of what is held; what comes next is looked at anew. */
static void drop(struct tool_calls *t, size_t n)
{
    buffer_drop(&t->held, n);
    t->looked = 0;
    t->in_string = t->escaped = false;
}

static void give(struct tool_calls *t, size_t n, struct buffer *text)
{
    buffer_add(text, t->held.p, n);
    drop(t, n);
}

/* Does an object begin after the white space of s? */
static bool begins_object(struct span s)
{
    size_t i = 0;
    while (i < s.n && is_space(s.p[i])) {
        i++;
    }
    return i < s.n && s.p[i] == '{';
}

/* One byte of the object within the tags: do we stand in a string after it? */
static void step_string(struct tool_calls *t, char c)
{
    if (t->escaped) {
        t->escaped = false;
    } else if (c == '\\') {
        t->escaped = t->in_string;
    } else if (c == '"') {
        t->in_string = !t->in_string;
    }
}

/* Where the closing tag stands that ends the tags' inside, which begins at from: outside the
 * strings of an object, for a call may speak of tags. SPAN_NONE: not yet. Looks at each byte
 * once. */
static size_t find_close(struct tool_calls *t, size_t from)
{
    struct span held = buffer_span(&t->held), close = span_str(CLOSE);
    bool object = begins_object(span_slice(held, from, held.n));
    if (t->looked < from) t->looked = from;
    for (; t->looked < held.n; t->looked++) {
        struct span rest = span_slice(held, t->looked, held.n);
        if (!t->in_string && rest.p[0] == CLOSE[0]) {
            if (span_starts(rest, close)) return t->looked;
            if (span_starts(close, rest)) break; /* perhaps its beginning */
        }
        if (object) step_string(t, rest.p[0]);
    }
    return SPAN_NONE;
}

/* The tags at `at`, which close at `close`: taken as a call, or given back as text. */
static void take_tags(struct tool_calls *t, size_t at, size_t close, struct buffer *text)
{
    struct span held = buffer_span(&t->held);
    size_t after = close + sizeof(CLOSE) - 1;
    if (take_call(t, span_slice(held, at + sizeof(OPEN) - 1, close))) {
        size_t before = trimmed(span_slice(held, 0, at));
        give(t, before, text);
        drop(t, after - before);
    } else {
        give(t, after, text);
    }
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
        size_t close = find_close(t, at + sizeof(OPEN) - 1);
        if (close == SPAN_NONE) break;
        take_tags(t, at, close, text);
    }
    if (t->held.n > MAX_CALL_BYTES) give(t, t->held.n, text);
}

void tool_calls_end(struct tool_calls *t, struct buffer *text)
{
    for (;;) { /* a string that never ended hid closing tags: now they count */
        struct span held = buffer_span(&t->held);
        size_t at = span_find(held, span_str(OPEN), 0);
        size_t close = at == SPAN_NONE ? SPAN_NONE : span_find(held, span_str(CLOSE), at);
        if (close == SPAN_NONE) break;
        take_tags(t, at, close, text);
    }
    struct span held = buffer_span(&t->held);
    size_t at = span_find(held, span_str(OPEN), 0);
    bool called = at != SPAN_NONE && take_call(t, span_slice(held, at + sizeof(OPEN) - 1, held.n));
    bool after_call = t->n > 0 && span_trim(held).n == 0;
    if (called) {
        give(t, trimmed(span_slice(held, 0, at)), text);
    } else if (!after_call) {
        give(t, t->held.n, text);
    }
    drop(t, t->held.n);
}
