/* server/http/uploaded.h - uploads in ranges whose push went well: a client that lost the answer
 * asks for it once more.
 *
 * (1) At most UPLOADED_MOST are remembered, each for UPLOADED_S seconds, by id and owner; the
 *     oldest goes first.
 *
 * Loop thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_UPLOADED_H
#define SERVER_HTTP_UPLOADED_H

#include "base/span.h"
#include "server/http/upload.h"

enum { UPLOADED_MOST = 16, UPLOADED_S = 600, UPLOADED_REPLY_BYTES = 2048 };

struct uploaded {
    char id[UPLOAD_ID_BYTES]; /* "": none */
    uint64_t owner, total;    /* as in struct upload */
    uint64_t at_ns;           /* when it was answered */
    size_t reply_bytes;
    char reply[UPLOADED_REPLY_BYTES]; /* the JSON of that answer, without a NUL */
};

struct uploaded_list {
    struct uploaded items[UPLOADED_MOST];
    unsigned next; /* the oldest one's place */
};

/* u was answered with reply. One of a longer answer, or without an id, is not remembered. */
void uploaded_note(struct uploaded_list *l, const struct upload *u, struct span reply,
                   uint64_t now_ns);
/* NULL: none of that id and owner is remembered. Valid until the list is changed. */
const struct uploaded *uploaded_find(const struct uploaded_list *l, const char *id, uint64_t owner,
                                     uint64_t now_ns);
/* The id stands for a new upload from now on. */
void uploaded_forget(struct uploaded_list *l, const char *id, uint64_t owner);

#endif
