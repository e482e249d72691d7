/* reward/workers/pack.c - see pack.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/workers/pack.h"

static const uint32_t NO_SPAN = UINT32_MAX;

void pack_u32(struct buffer *out, uint32_t v)
{
    buffer_add(out, &v, sizeof(v));
}

void pack_f64(struct buffer *out, double v)
{
    buffer_add(out, &v, sizeof(v));
}

void pack_span(struct buffer *out, struct span s)
{
    if (s.n >= NO_SPAN) out->failed = true;
    pack_u32(out, s.p == NULL ? NO_SPAN : (uint32_t)s.n);
    if (s.n > 0) buffer_add_span(out, s);
}

void pack_str(struct buffer *out, const char *s)
{
    pack_span(out, span_of(s, strlen(s) + 1));
}

static const char *take(struct unpack *u, size_t n)
{
    if (u->failed || n > u->rest.n) {
        u->failed = true;
        return NULL;
    }
    const char *p = u->rest.p;
    u->rest = span_slice(u->rest, n, u->rest.n);
    return p;
}

uint32_t unpack_u32(struct unpack *u)
{
    uint32_t v = 0;
    const char *p = take(u, sizeof(v));
    if (p != NULL) memcpy(&v, p, sizeof(v));
    return v;
}

double unpack_f64(struct unpack *u)
{
    double v = 0;
    const char *p = take(u, sizeof(v));
    if (p != NULL) memcpy(&v, p, sizeof(v));
    return v;
}

struct span unpack_span(struct unpack *u)
{
    uint32_t n = unpack_u32(u);
    if (u->failed || n == NO_SPAN) return span_of(NULL, 0);
    const char *p = take(u, n);
    return span_of(p, p == NULL ? 0 : n);
}

const char *unpack_str(struct unpack *u)
{
    struct span s = unpack_span(u);
    if (s.n > 0 && s.p[s.n - 1] == '\0') return s.p;
    u->failed = true;
    return "";
}

bool unpack_is_whole(const struct unpack *u)
{
    return !u->failed && u->rest.n == 0;
}
