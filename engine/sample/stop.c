/* engine/sample/stop.c - one Knuth-Morris-Pratt automaton a stop string, advanced byte by byte.
 *
 * matched[i] is the length of the longest prefix of string i that the text ends with, so the
 * largest of them is exactly how much must be held back. fail[j] of a string is the length of the
 * longest proper prefix of it that its first j + 1 bytes end with (Knuth, Morris, Pratt, SIAM J.
 * Comput. 6(2), 1977).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/stop.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"

enum { HELD_LIMIT = 1 << 20 }; /* far above a stop string and a token */

struct stop_string {
    char *bytes; /* NUL-terminated */
    unsigned short *fail;
    size_t n;
};

struct stop_set {
    int n;
    struct stop_string strings[];
};

static void fill_fail(struct stop_string *s)
{
    size_t k = 0;
    for (size_t i = 1; i < s->n; i++) {
        while (k > 0 && s->bytes[i] != s->bytes[k]) {
            k = s->fail[k - 1];
        }
        if (s->bytes[i] == s->bytes[k]) k++;
        s->fail[i] = (unsigned short)k;
    }
}

static bool string_init(struct stop_string *s, const char *text, struct error *err)
{
    s->n = strlen(text);
    s->bytes = mem_new(s->n + 1, 1, err);
    s->fail = mem_new(s->n, sizeof(*s->fail), err);
    if (s->bytes == NULL || s->fail == NULL) return false;
    memcpy(s->bytes, text, s->n);
    fill_fail(s);
    return true;
}

bool stop_set_check(const char *const *strings, int n, struct error *err)
{
    size_t total = 0;
    if (n > STOP_MAX_STRINGS) {
        return error_set(err, ERROR_INVALID_VALUE, "stop", "%d stop strings; at most %d", n,
                         STOP_MAX_STRINGS);
    }
    for (int i = 0; i < n; i++) {
        size_t len = strlen(strings[i]);
        if (len == 0) return error_set(err, ERROR_INVALID_VALUE, "stop", "stop string is empty");
        total += len;
    }
    if (total > STOP_MAX_BYTES) {
        return error_set(err, ERROR_INVALID_VALUE, "stop", "stop strings of %zu bytes; at most %d",
                         total, STOP_MAX_BYTES);
    }
    return true;
}

struct stop_set *stop_set_new(const char *const *strings, int n, struct error *err)
{
    if (!stop_set_check(strings, n, err)) return NULL;
    struct stop_set *set = mem_new(1, sizeof(*set) + (size_t)n * sizeof(struct stop_string), err);
    if (set == NULL) return NULL;
    for (; set->n < n; set->n++) {
        if (!string_init(&set->strings[set->n], strings[set->n], err)) {
            set->n++;
            stop_set_free(set);
            return NULL;
        }
    }
    return set;
}

void stop_set_free(struct stop_set *set)
{
    if (set == NULL) return;
    for (int i = 0; i < set->n; i++) {
        free(set->strings[i].bytes);
        free(set->strings[i].fail);
    }
    free(set);
}

struct span stop_set_string(const struct stop_set *set, int i)
{
    return span_of(set->strings[i].bytes, set->strings[i].n);
}

size_t stop_set_longest(const struct stop_set *set)
{
    size_t longest = 0;
    for (int i = 0; i < set->n; i++) {
        if (set->strings[i].n > longest) longest = set->strings[i].n;
    }
    return longest;
}

bool stop_text_init(struct stop_text *t, const struct stop_set *set, bool include_stop,
                    struct error *err)
{
    *t = (struct stop_text){.set = set, .include_stop = include_stop};
    buffer_init(&t->held, HELD_LIMIT);
    t->matched = mem_new((size_t)set->n, sizeof(*t->matched), err);
    return t->matched != NULL;
}

void stop_text_clear(struct stop_text *t)
{
    buffer_clear(&t->held);
    free(t->matched);
    t->matched = NULL;
}

static size_t advance(const struct stop_string *s, size_t matched, char c)
{
    while (matched > 0 && s->bytes[matched] != c) {
        matched = s->fail[matched - 1];
    }
    return s->bytes[matched] == c ? matched + 1 : 0;
}

/* Advance every string by one byte; the number of the longest that is now complete, or -1. */
static int advance_all(struct stop_text *t, char c)
{
    int found = -1;
    for (int i = 0; i < t->set->n; i++) {
        const struct stop_string *s = &t->set->strings[i];
        size_t m = advance(s, t->matched[i], c);
        t->matched[i] = (unsigned short)m;
        if (m == s->n && (found < 0 || s->n > t->set->strings[found].n)) found = i;
    }
    return found;
}

void stop_text_sleep(struct stop_text *t, struct span open, struct span close, bool opened)
{
    assert(t->held.n == 0 && t->state == STOP_WATCHES);
    if (open.n == 0 || close.n == 0) return;
    t->open = open;
    t->close = close;
    t->state = opened ? STOP_SLEEPS : STOP_LOOKS;
}

/* The last n bytes of held are answer. A string that ends in them ends the text there. */
static int watch_again(struct stop_text *t, size_t n, bool watch)
{
    size_t from = t->held.n - n;
    t->state = STOP_WATCHES;
    for (size_t i = 0; watch && i < n; i++) {
        int found = advance_all(t, t->held.p[from + i]);
        if (found < 0) continue;
        t->held.n = from + i + 1;
        if (!t->include_stop) t->held.n -= t->set->strings[found].n;
        return found;
    }
    return -1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A byte while the strings do not watch. */
static int feed_asleep(struct stop_text *t, char c, bool watch)
{
    buffer_add_char(&t->held, c);
    if (t->held.failed || (t->state == STOP_TRAILS && c == '\n')) return -1;
    if (t->state == STOP_TRAILS) return watch_again(t, 1, watch);
    struct span tag = t->state == STOP_LOOKS ? t->open : t->close;
    if (c == tag.p[t->in_tag]) {
        t->in_tag++;
        t->looked_at++;
    } else if (t->state == STOP_SLEEPS) {
        t->in_tag = c == tag.p[0]; /* no tag begins again inside itself */
    } else if (t->in_tag == 0 && is_blank(c)) {
        t->looked_at++;
    } else {
        size_t n = t->looked_at + 1;
        t->looked_at = t->in_tag = 0;
        return watch_again(t, n, watch);
    }
    if (t->in_tag < tag.n) return -1;
    t->in_tag = t->looked_at = 0;
    t->state = t->state == STOP_LOOKS ? STOP_SLEEPS : STOP_TRAILS;
    return -1;
}

int stop_text_feed(struct stop_text *t, struct span bytes, bool watch)
{
    size_t from = 0;
    while (from < bytes.n && t->state != STOP_WATCHES) {
        int found = feed_asleep(t, bytes.p[from++], watch);
        if (found >= 0) return found;
    }
    bytes = span_slice(bytes, from, bytes.n);
    for (size_t i = 0; watch && i < bytes.n; i++) {
        int found = advance_all(t, bytes.p[i]);
        if (found < 0) continue;
        buffer_add(&t->held, bytes.p, i + 1);
        assert(t->held.failed || t->held.n >= t->set->strings[found].n);
        if (!t->include_stop && !t->held.failed) t->held.n -= t->set->strings[found].n;
        return found;
    }
    buffer_add_span(&t->held, bytes);
    return -1;
}

size_t stop_text_ready(const struct stop_text *t, bool last)
{
    size_t hold = t->state == STOP_LOOKS ? t->looked_at : 0;
    if (last) return t->held.n;
    for (int i = 0; i < t->set->n; i++) {
        if (t->matched[i] > hold) hold = t->matched[i];
    }
    /* the end that is left may be cut inside a character */
    struct span rest = span_of(t->held.p, t->held.n - hold);
    return rest.n - utf8_incomplete_tail(rest);
}
