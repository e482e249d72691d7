/* engine/stage.h - from files to packed weights: opening, checking, hashing, packing; and what
 * parts and changes apply to.
 *
 * The keeper's alone (push.h), but for what says otherwise. Files are visited (base/file.h): one
 * that changes while it is read is an error.
 *
 * (1) What comes out has a hash, and was whole when it was packed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_STAGE_H
#define ENGINE_STAGE_H

#include <stdbool.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "engine/model/content.h"

struct engine;
struct engine_push;
struct model;
struct pool;
struct resident;
struct version_label;

/* The tensors that serve, as they were before quantising: in a file of our own, or where they were
 * read. Neither: where the engine was started from. */
struct base {
    int fd;                  /* of a safetensors file that nobody else has; -1 */
    char *path;              /* owned; NULL */
    int root;                /* it lies beneath; owned; -1 */
    char sha256[DIGEST_HEX]; /* of path's tensors, which others may change */
};

/* Close and free. Accepts an empty one. */
void base_clear(struct base *b);

/* What is at work on a push. */
struct staging {
    struct engine *e;
    const struct engine_push *push;
    struct pool *pool;
    struct version_label *label; /* gets hash and number of tensors */
    struct base next;            /* what will be the base when this has come to serve */

    struct file_visit visit;
    struct model *model;
    struct content content;
    int merged; /* a file of our own; -1: none */
};

/* Does it bring any, or only a name? */
bool stage_has_weights(const struct engine_push *push);

/* The model that the engine was started from, a folder, whose files still are what they were. The
 * visit is begun. NULL and ERROR_BASE_UNAVAILABLE. Close with model_close(). */
struct model *stage_open_start(struct staging *s, struct error *err);

/* Are the bytes of a stream's file those that its sender meant? Any thread. sha256 NULL: yes. False and
 * ERROR_INVALID_VALUE naming "Content-Digest", ERROR_ABORTED where the engine ends meanwhile, or the file's error. */
bool stage_check_digest(const struct engine *e, int fd, const char *sha256, struct error *err);

/* Does this version serve? Any thread. NULL: yes. False and ERROR_BASE_VERSION naming "X-Base-Version". */
bool stage_check_base(struct engine *e, const char *version, struct error *err);

/* Stage s->push. NULL and its error, which names the client's field "path" where the files are at fault. */
struct resident *stage_weights(struct staging *s, struct error *err);

#endif
