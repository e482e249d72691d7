/* engine/model/other_name.c - see other_name.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/other_name.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "engine/model/arch.h"
#include "engine/model/rotated.h"

/* The layer that "blk.3.attn_q.weight" is of, 3, and *rest, "attn_q.weight"; of other names -1 and
 * the whole. */
static int split(struct span name, bool hugging_face, struct span *rest)
{
    enum { MOST_DIGITS = 6 };
    struct span before = span_str(hugging_face ? "model.layers." : "blk.");
    int layer = 0;
    size_t at = before.n;
    *rest = name;
    if (!span_starts(name, before)) return -1;
    for (; at < name.n && at < before.n + MOST_DIGITS; at++) {
        if (name.p[at] < '0' || name.p[at] > '9') break;
        layer = 10 * layer + (name.p[at] - '0');
    }
    if (at == before.n || at == name.n || name.p[at] != '.') return -1;
    *rest = span_slice(name, at + 1, name.n);
    return layer;
}

static const struct role *role_of(struct span rest, int layer, bool hugging_face)
{
    for (const struct role *r = layer < 0 ? model_roles : layer_roles; r->gguf != NULL; r++) {
        const char *own = hugging_face ? r->hf : r->gguf;
        if (own != NULL && r->hf != NULL && span_is(rest, own)) return r;
    }
    return NULL;
}

static bool is_rotated(const struct role *r)
{
    static const size_t all[] = {
        offsetof(struct layer_tensors, q), offsetof(struct layer_tensors, k),
        offsetof(struct layer_tensors, q_bias), offsetof(struct layer_tensors, k_bias)};
    bool is = false;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        is = is || r->at == all[i];
    }
    return is;
}

static bool orders_differ(const struct model *m)
{
    const struct arch *a = arch_of_gguf(span_str(model_architecture(m)));
    assert(a != NULL); /* it was opened */
    return a->gguf_interleaved != a->hf_interleaved;
}

bool other_name_of(const struct model *m, bool hugging_face, struct span name,
                   struct other_name *out)
{
    struct span rest;
    char canonical[ROLE_NAME_BYTES];
    int layer = split(name, hugging_face, &rest);
    const struct role *r = role_of(rest, layer, hugging_face);
    if (r == NULL || strstr(r->hf, "%d") != NULL) return false;
    /* "blk.03." is no layer's */
    if (!role_name(r, hugging_face, layer, 0, canonical) || !span_is(name, canonical)) return false;
    out->rows_differ = layer >= 0 && is_rotated(r) && orders_differ(m);
    return role_name(r, !hugging_face, layer, 0, out->text);
}

void other_rows(const struct model *m, bool hugging_face, struct span from, int64_t rows,
                uint8_t *to)
{
    struct model_config c = *model_config(m);
    size_t n = rows == 0 ? 0 : from.n / (size_t)rows;
    assert(orders_differ(m) && n * (size_t)rows == from.n && rows % c.head_dim == 0);
    /* as in GGUF files, of which each row becomes one of the other kind */
    c.rope.interleaved = true;
    for (int i = 0; i < rows; i++) {
        int pair = rotated_source(&c, ROTATED_HEADS, i);
        int source = hugging_face ? pair : i, target = hugging_face ? i : pair;
        memcpy(to + (size_t)target * n, from.p + (size_t)source * n, n);
    }
}
