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

/* Tokens whose experts are known: prompt and sample, but for the last token, which was not computed. */
static size_t routed_tokens(const struct choice *choice)
{
    size_t all = choice->generation->ids.n + (size_t)choice->n_tokens, end = all > 0 ? all - 1 : 0;
    assert(choice->n_routes >= 0);
    return end > (size_t)choice->n_routes ? (size_t)choice->n_routes : end;
}

void replay_emit_routes(const char *key, const struct choice *choice, size_t start,
                        size_t per_token, struct buffer *out)
{
    if (choice->routes == NULL) {
        emit_null(out, key);
        return;
    }
    size_t end = routed_tokens(choice);
    if (start > end) start = end;
    size_t n = (end - start) * per_token;
    int32_t *wide = mem_new(n + 1, sizeof(*wide), NULL);
    for (size_t i = 0; i < n && wide != NULL; i++) {
        wide[i] = choice->routes[start * per_token + i];
    }
    emit_numbers(key, wide, n, out);
    free(wide);
}

/* Of n numbers, in room of 2n bytes: as bytes where all fit, else as they are. Returns the type's name. */
static const char *pack_routes(const int16_t *routes, size_t n, unsigned char *room, size_t *bytes)
{
    int16_t *wide = (int16_t *)(void *)room;
    int most = 0;
    for (size_t i = 0; i < n; i++) {
        if (routes[i] > most) most = routes[i];
    }
    bool narrow = most <= UINT8_MAX;
    for (size_t i = 0; i < n; i++) {
        int16_t one = routes[i] < 0 ? 0 : routes[i];
        if (narrow) {
            room[i] = (unsigned char)one;
        } else {
            wide[i] = one;
        }
    }
    *bytes = narrow ? n : n * sizeof(*wide);
    return narrow ? "uint8" : "int16";
}

void replay_emit_packed_routes(const char *key, const struct choice *choice, size_t n_layers,
                               size_t n_used, struct buffer *out)
{
    if (choice->routes == NULL) {
        emit_null(out, key);
        return;
    }
    size_t tokens = routed_tokens(choice), n = tokens * n_layers * n_used, bytes = 0;
    int16_t *room = mem_new(n + 1, sizeof(*room), NULL);
    if (room == NULL) {
        buffer_no_memory(out);
        return;
    }
    const char *type = pack_routes(choice->routes, n, (unsigned char *)room, &bytes);
    emit_object(out, key);
    emit_str(out, "dtype", type);
    emit_array(out, "shape");
    emit_int(out, NULL, (int64_t)tokens);
    emit_int(out, NULL, (int64_t)n_layers);
    emit_int(out, NULL, (int64_t)n_used);
    emit_close(out, ']');
    emit_base64(out, "data", span_of((const char *)room, bytes));
    emit_close(out, '}');
    free(room);
}
