/* server/generate/replay.c - see replay.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/replay.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/emit.h"
#include "base/mem.h"
#include "server/generate/choice.h"
#include "server/generate/generation.h"

void replay_emit_supports(const char *key, const struct choice *choice, struct buffer *out)
{
    emit_array(out, key);
    for (size_t i = 0; i < choice->n_records; i++) {
        const struct token_record *t = &choice->records[i];
        if (t->n_support < 0) {
            emit_null(out, NULL);
            continue;
        }
        emit_array(out, NULL);
        for (int k = 0; k < t->n_support; k++) {
            emit_int(out, NULL, choice->supports[t->first_support + (size_t)k]);
        }
        emit_close(out, ']');
    }
    emit_close(out, ']');
}

/* Numbers as an array in base64; NULL: there was no memory for them. */
static void emit_numbers(const char *key, const int32_t *numbers, size_t n, struct buffer *out)
{
    if (numbers == NULL) {
        buffer_no_memory(out);
        return;
    }
    emit_base64(out, key, span_of((const char *)numbers, n * sizeof(*numbers)));
}

void replay_emit_support_arrays(const char *ids_key, const char *offsets_key,
                                const struct choice *choice, struct buffer *out)
{
    size_t n = choice->n_records, n_ids = 0;
    for (size_t i = 0; i < n; i++) {
        if (choice->records[i].n_support < 0) return;
        n_ids += (size_t)choice->records[i].n_support;
    }
    int32_t *ids = mem_new(n_ids + 1, sizeof(*ids), NULL);
    int32_t *offsets = mem_new(n + 1, sizeof(*offsets), NULL);
    size_t at = 0;
    for (size_t i = 0; i < n && ids != NULL && offsets != NULL; i++) {
        const struct token_record *t = &choice->records[i];
        for (int k = 0; k < t->n_support; k++) {
            ids[at++] = choice->supports[t->first_support + (size_t)k];
        }
        offsets[i + 1] = (int32_t)at;
    }
    emit_numbers(ids_key, ids, n_ids, out);
    emit_numbers(offsets_key, offsets, n + 1, out);
    free(ids);
    free(offsets);
}

void replay_emit_routes(const char *key, const struct choice *choice, size_t start,
                        size_t per_token, struct buffer *out)
{
    size_t all = choice->generation->ids.n + (size_t)choice->n_tokens, end = all > 0 ? all - 1 : 0;
    if (choice->routes == NULL) {
        emit_null(out, key);
        return;
    }
    assert(choice->n_routes >= 0);
    if (end > (size_t)choice->n_routes) end = (size_t)choice->n_routes;
    if (start > end) start = end;
    size_t n = (end - start) * per_token;
    int32_t *wide = mem_new(n + 1, sizeof(*wide), NULL);
    for (size_t i = 0; i < n && wide != NULL; i++) {
        wide[i] = choice->routes[start * per_token + i];
    }
    emit_numbers(key, wide, n, out);
    free(wide);
}
