/* server/page/page.h - the page at /: one static bundle inside the program.
 *
 *   www/           what is written here: a document, a style sheet, a module for each view
 *   assets.S       the files' bytes, and their gzip, as the build has put them into one folder
 *   assets.c       the table: path, media type, bytes
 *   page.c         answering: ETag, gzip, the headers that keep a hostile text from doing anything
 *
 * KaTeX, marked and DOMPurify come from the distribution's packages when the program is built; nothing is
 * fetched from another host. The page is a client like any other: it asks the same routes with the same key.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_PAGE_PAGE_H
#define SERVER_PAGE_PAGE_H

#include <stddef.h>

#include "base/span.h"

struct exchange;

/* GET /, GET /page/{file} */
void page_handle(struct exchange *x);

/* One file of the bundle. */
struct page_asset {
    const char *path; /* "/", "/page/app.js" */
    const char *media_type;
    const char *bytes, *end; /* as it is */
    const char *gzip, *gzip_end;
};

/* All of them, page_n_assets. */
extern const struct page_asset page_assets[];
extern const size_t page_n_assets;

#endif
