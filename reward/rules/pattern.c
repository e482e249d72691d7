/* reward/rules/pattern.c - see pattern.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/rules/pattern.h"

#include <assert.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"
#include "reward/rules/unicode_escapes.h"

enum { HEAP_KIB = 16384, DEPTH = 10000 };
enum { REWRITTEN_BYTES = 2 * PATTERN_MAX_BYTES }; /* at most 8 for each 6 */

struct pattern {
    pcre2_code *code;
};

static uint32_t pcre_options(unsigned flags)
{
    uint32_t o = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C;
    if (flags & PATTERN_IGNORE_CASE) o |= PCRE2_CASELESS;
    if (flags & PATTERN_MULTILINE) o |= PCRE2_MULTILINE;
    if (flags & PATTERN_DOTALL) o |= PCRE2_DOTALL;
    if (flags & PATTERN_WHOLE) o |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
    return o;
}

/* The code of a text, or NULL with PCRE2's reason and place. */
static pcre2_code *compile(struct span text, unsigned flags, int *reason, PCRE2_SIZE *at)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    pcre2_code *code = NULL;
    *reason = PCRE2_ERROR_HEAP_FAILED;
    if (context != NULL) {
        pcre2_set_newline(context, PCRE2_NEWLINE_LF);
        code = pcre2_compile((PCRE2_SPTR)(text.n == 0 ? "" : text.p), text.n, pcre_options(flags),
                             reason, at, context);
    }
    pcre2_compile_context_free(context);
    return code;
}

/* The byte of source that `at` in its rewritten text comes from. */
static size_t source_place(struct span source, size_t at)
{
    struct buffer text;
    buffer_init(&text, REWRITTEN_BYTES);
    size_t place = unicode_escapes(source, at, &text);
    buffer_clear(&text);
    return place;
}

static void tell_fault(struct span source, int reason, size_t at, struct error *err)
{
    if (reason == PCRE2_ERROR_HEAP_FAILED) {
        mem_note();
        error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for a pattern");
        return;
    }
    PCRE2_UCHAR what[128] = "";
    pcre2_get_error_message(reason, what, sizeof(what));
    error_set(err, ERROR_UNPARSABLE, NULL, "the pattern is wrong at byte %zu: %s",
              source_place(source, at), (const char *)what);
}

struct pattern *pattern_new(struct span source, unsigned flags, struct error *err)
{
    int reason = PCRE2_ERROR_HEAP_FAILED;
    PCRE2_SIZE at = 0;
    struct buffer text;
    if (source.n > PATTERN_MAX_BYTES) {
        error_set(err, ERROR_TOO_LARGE, NULL, "the pattern has %zu bytes; at most %d", source.n,
                  PATTERN_MAX_BYTES);
        return NULL;
    }
    struct pattern *p = mem_new(1, sizeof(*p), err);
    if (p == NULL) return NULL;
    buffer_init(&text, REWRITTEN_BYTES);
    unicode_escapes(source, SIZE_MAX, &text);
    if (!text.failed) p->code = compile(buffer_span(&text), flags, &reason, &at);
    buffer_clear(&text);
    if (p->code != NULL) return p;
    tell_fault(source, reason, at, err);
    free(p);
    return NULL;
}

void pattern_free(struct pattern *p)
{
    if (p == NULL) return;
    pcre2_code_free(p->code);
    free(p);
}

/* What one search needs beside the pattern. */
struct search {
    pcre2_match_context *context;
    pcre2_match_data *data;
};

/* False: no memory. search_close() in any case. */
static bool search_open(struct search *s, const struct pattern *p, uint32_t steps)
{
    s->context = pcre2_match_context_create(NULL);
    s->data = pcre2_match_data_create_from_pattern(p->code, NULL);
    if (s->context == NULL || s->data == NULL) {
        mem_note();
        return false;
    }
    pcre2_set_match_limit(s->context, steps);
    pcre2_set_depth_limit(s->context, DEPTH);
    pcre2_set_heap_limit(s->context, HEAP_KIB);
    return true;
}

static void search_close(struct search *s)
{
    pcre2_match_data_free(s->data);
    pcre2_match_context_free(s->context);
}

/* The first match from `from` on: *at and *end. */
static enum pattern_result search_next(struct search *s, const struct pattern *p, struct span text,
                                       size_t from, size_t *at, size_t *end)
{
    int rc = pcre2_match(p->code, (PCRE2_SPTR)(text.n == 0 ? "" : text.p), text.n, from,
                         from > 0 ? PCRE2_NO_UTF_CHECK : 0, s->data, s->context);
    if (rc == PCRE2_ERROR_NOMEMORY) mem_note();
    if (rc == PCRE2_ERROR_NOMATCH) return PATTERN_NO;
    if (rc <= 0) return PATTERN_TOO_HARD;
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(s->data);
    assert(ends[0] <= text.n && ends[1] <= text.n);
    *at = ends[0];
    *end = ends[1] > ends[0] ? ends[1] : ends[0];
    return PATTERN_YES;
}

enum pattern_result pattern_find(const struct pattern *p, struct span text, uint32_t steps,
                                 size_t *at, size_t *n)
{
    struct search s;
    size_t start = 0, end = 0;
    enum pattern_result result = PATTERN_TOO_HARD;
    if (search_open(&s, p, steps)) result = search_next(&s, p, text, 0, &start, &end);
    search_close(&s);
    if (result == PATTERN_YES && at != NULL) *at = start;
    if (result == PATTERN_YES && n != NULL) *n = end - start;
    return result;
}

enum pattern_result pattern_count(const struct pattern *p, struct span text, uint32_t steps,
                                  size_t most, size_t *count)
{
    struct search s;
    size_t found = 0, from = 0, at = 0, end = 0;
    enum pattern_result result = search_open(&s, p, steps) ? PATTERN_YES : PATTERN_TOO_HARD;
    while (result == PATTERN_YES && found < most && from <= text.n) {
        result = search_next(&s, p, text, from, &at, &end);
        if (result != PATTERN_YES) break;
        found++;
        from = end;
        if (end > at) continue;
        from++; /* an empty match: on by a character */
        while (from < text.n && ((unsigned char)text.p[from] & 0xC0) == 0x80) {
            from++;
        }
    }
    search_close(&s);
    if (result == PATTERN_TOO_HARD) return result;
    *count = found;
    return found > 0 ? PATTERN_YES : PATTERN_NO;
}
