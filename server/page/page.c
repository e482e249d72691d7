/* server/page/page.c - see page.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/page/page.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "server/http/exchange.h"

/* Scripts, styles and fonts of ours alone; no frame around it, no form to anywhere. KaTeX sets styles by
 * properties, which style-src does not forbid. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static const struct page_asset *find(const char *path)
{
    for (size_t i = 0; i < page_n_assets; i++) {
        if (strcmp(page_assets[i].path, path) == 0) return &page_assets[i];
    }
    return NULL;
}

/* "gzip" among what the client takes, and not with q=0. */
static bool takes_gzip(const struct exchange *x)
{
    const char *accepts = exchange_header(x, "Accept-Encoding");
    const char *at = accepts != NULL ? strstr(accepts, "gzip") : NULL;
    if (at == NULL) return false;
    at += strlen("gzip");
    return strncmp(at, ";q=0", 4) != 0 || strspn(at + 4, ".0") < strcspn(at + 4, ", ");
}

void page_handle(struct exchange *x)
{
    char tag[24];
    const struct page_asset *a = find(x->path);
    if (a == NULL) {
        error_set(&x->error, ERROR_NOT_FOUND, NULL, "the page has no %.100s", x->path);
        exchange_fail(x, &x->error);
        return;
    }
    assert(a->bytes < a->end && a->gzip < a->gzip_end);
    struct span whole = span_of(a->bytes, (size_t)(a->end - a->bytes));
    struct span packed = span_of(a->gzip, (size_t)(a->gzip_end - a->gzip));
    bool gzip = takes_gzip(x);
    snprintf(tag, sizeof(tag), "\"%016llx%s\"", (unsigned long long)hash_bytes(whole),
             gzip ? "z" : "");
    const char *known = exchange_header(x, "If-None-Match");
    bool same = known != NULL && strstr(known, tag) != NULL;
    const struct exchange_header headers[] = {
        {"Content-Type", a->media_type},
        {"ETag", tag},
        {"Cache-Control", "no-cache"},
        {"Vary", "Accept-Encoding"},
        {"Content-Security-Policy", policy},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {gzip && !same ? "Content-Encoding" : NULL, "gzip"},
        {NULL, NULL},
    };
    exchange_reply_fixed(x, same ? 304 : 200, headers, same ? span_str("") : gzip ? packed : whole);
}
