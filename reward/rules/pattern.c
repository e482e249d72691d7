/* reward/rules/pattern.c - see pattern.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/rules/pattern.h"

#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"

enum { HEAP_KIB = 16384, DEPTH = 10000 };

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

struct pattern *pattern_new(struct span source, unsigned flags, struct error *err)
{
    int code = 0;
    PCRE2_SIZE at = 0;
    if (source.n > PATTERN_MAX_BYTES) {
        error_set(err, ERROR_TOO_LARGE, NULL, "the pattern has %zu bytes; at most %d", source.n,
                  PATTERN_MAX_BYTES);
        return NULL;
    }
    struct pattern *p = mem_new(1, sizeof(*p), err);
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (p != NULL && context != NULL) {
        pcre2_set_newline(context, PCRE2_NEWLINE_LF);
        p->code = pcre2_compile((PCRE2_SPTR)(source.n == 0 ? "" : source.p), source.n,
                                pcre_options(flags), &code, &at, context);
    }
    pcre2_compile_context_free(context);
    if (p != NULL && p->code != NULL) return p;
    if (p == NULL || context == NULL || code == PCRE2_ERROR_HEAP_FAILED) {
        mem_note();
        error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for a pattern");
    } else {
        PCRE2_UCHAR what[128] = "";
        pcre2_get_error_message(code, what, sizeof(what));
        error_set(err, ERROR_UNPARSABLE, NULL, "the pattern is wrong at byte %zu: %s", (size_t)at,
                  (const char *)what);
    }
    free(p);
    return NULL;
}

void pattern_free(struct pattern *p)
{
    if (p == NULL) return;
    pcre2_code_free(p->code);
    free(p);
}

enum pattern_result pattern_find(const struct pattern *p, struct span text, uint32_t steps,
                                 size_t *at, size_t *n)
{
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(p->code, NULL);
    int rc = PCRE2_ERROR_NOMEMORY;
    if (context != NULL && data != NULL) {
        pcre2_set_match_limit(context, steps);
        pcre2_set_depth_limit(context, DEPTH);
        pcre2_set_heap_limit(context, HEAP_KIB);
        rc = pcre2_match(p->code, (PCRE2_SPTR)(text.n == 0 ? "" : text.p), text.n, 0, 0, data,
                         context);
    }
    if (rc > 0) {
        const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(data);
        if (at != NULL) *at = ends[0];
        if (n != NULL) *n = ends[1] > ends[0] ? ends[1] - ends[0] : 0;
    }
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    if (rc == PCRE2_ERROR_NOMEMORY) mem_note();
    if (rc > 0) return PATTERN_YES;
    return rc == PCRE2_ERROR_NOMATCH ? PATTERN_NO : PATTERN_TOO_HARD;
}

/* Where the text goes on after a match of [at, end): behind it, and by a character where it was
 * empty. */
static size_t behind_match(struct span text, size_t at, size_t end)
{
    if (end > at) return end;
    for (end++; end < text.n && ((unsigned char)text.p[end] & 0xC0) == 0x80; end++) {
    }
    return end;
}

enum pattern_result pattern_count(const struct pattern *p, struct span text, uint32_t steps,
                                  size_t most, size_t *count)
{
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(p->code, NULL);
    int rc = context != NULL && data != NULL ? 1 : PCRE2_ERROR_NOMEMORY;
    if (rc > 0) {
        pcre2_set_match_limit(context, steps);
        pcre2_set_depth_limit(context, DEPTH);
        pcre2_set_heap_limit(context, HEAP_KIB);
    }
    size_t found = 0, from = 0;
    while (rc > 0 && found < most && from <= text.n) {
        rc = pcre2_match(p->code, (PCRE2_SPTR)(text.n == 0 ? "" : text.p), text.n, from,
                         from > 0 ? PCRE2_NO_UTF_CHECK : 0, data, context);
        if (rc <= 0) break;
        const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(data);
        from = behind_match(text, ends[0], ends[1]);
        found++;
    }
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    if (rc == PCRE2_ERROR_NOMEMORY) mem_note();
    if (rc <= 0 && rc != PCRE2_ERROR_NOMATCH) return PATTERN_TOO_HARD;
    *count = found;
    return found > 0 ? PATTERN_YES : PATTERN_NO;
}
