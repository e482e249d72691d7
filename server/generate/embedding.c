/* server/generate/embedding.c - see embedding.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/embedding.h"

#include <assert.h>
#include <math.h>

#include "base/emit.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "floats are written as they lie");

int embedding_finish(float *v, int n, const struct embedding_form *form)
{
    double sum = 0;
    assert(form->dimensions >= 0 && form->dimensions <= n);
    if (form->dimensions > 0) n = form->dimensions;
    if (form->raw) return n;
    for (int i = 0; i < n; i++) {
        sum += (double)v[i] * (double)v[i];
    }
    double scale = sum > 0 ? 1 / sqrt(sum) : 0;
    for (int i = 0; i < n; i++) {
        v[i] = (float)((double)v[i] * scale);
    }
    return n;
}

void embedding_emit(const char *key, const float *v, int n, const struct embedding_form *form,
                    struct buffer *out)
{
    if (form->base64) {
        emit_base64(out, key, span_of((const char *)v, (size_t)n * sizeof(*v)));
        return;
    }
    emit_array(out, key);
    for (int i = 0; i < n; i++) {
        emit_float(out, NULL, v[i]);
    }
    emit_close(out, ']');
}
