/* server/generate/embedding.h - a vector that stands for a text: what is made of the pooled hidden
 * state, and how it is written.
 *
 * An embedding may be cut to its first numbers (models that are trained for it, Matryoshka
 * representation learning, arXiv 2205.13147) and is then scaled to length 1, in that order. A
 * vector of zeros stays one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_EMBEDDING_H
#define SERVER_GENERATE_EMBEDDING_H

#include <stdbool.h>

#include "base/buffer.h"

struct embedding_form {
    int dimensions; /* the first so many numbers; 0: all */
    bool raw;       /* not scaled */
    bool base64;    /* float32, least byte first, as base64; else numbers */
};

/* Cut and scale v[n] in place; how many are left. */
int embedding_finish(float *v, int n, const struct embedding_form *form);

/* "key": the vector v[n], as form says. */
void embedding_emit(const char *key, const float *v, int n, const struct embedding_form *form,
                    struct buffer *out);

#endif
