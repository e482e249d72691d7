/* server/rollouts/arrays.c - a call's groups as numpy arrays.
 *
 * When a group is settled its columns are written, each into a buffer of its own; when the call ends,
 * each array is the groups' columns one behind the other. Tokens of samples and of prompts are laid end to
 * end: offsets say where each begins, and where the last one ends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/npz.h"
#include "server/http/state.h"
#include "server/rollouts/row.h"

enum column { IDS, LOSS, LOGPROBS, GROUP, INDEX, LENGTHS, REWARDS, ADVANTAGES, MASK, END, COLUMNS };

/* Those that stand in the archive as they are. */
static const struct {
    const char *name; /* NULL: it does not */
    enum npz_type type;
    size_t bytes; /* of a number */
} columns[COLUMNS] = {
    [IDS] = {"token_ids", NPZ_INT32, 4},       [LOSS] = {"loss_mask", NPZ_UINT8, 1},
    [LOGPROBS] = {"logprobs", NPZ_FLOAT32, 4}, [GROUP] = {"group", NPZ_INT32, 4},
    [INDEX] = {"index", NPZ_INT32, 4},         [LENGTHS] = {NULL, NPZ_INT64, 8},
    [REWARDS] = {"rewards", NPZ_FLOAT32, 4},   [ADVANTAGES] = {"advantages", NPZ_FLOAT32, 4},
    [MASK] = {"mask", NPZ_UINT8, 1},           [END] = {"finish_reason", NPZ_UINT8, 1},
};

/* ---- a group: on the pool --------------------------------------------------------------------- */

static void put_int(struct buffer *b, int value)
{
    const int32_t number = value;
    buffer_add(b, &number, sizeof(number));
}

static void put_float(struct buffer *b, double value)
{
    const float number = (float)value;
    buffer_add(b, &number, sizeof(number));
}

static void add_sample(struct buffer *c, const struct sample *s)
{
    struct row row = row_of(s);
    struct row_worth worth = row_worth(s);
    const int64_t length = (int64_t)row.n;
    if (row.cells == NULL) buffer_no_memory(&c[IDS]);
    for (size_t i = 0; i < row.n; i++) {
        put_int(&c[IDS], row.cells[i].id);
        buffer_add_char(&c[LOSS], (char)row.cells[i].loss);
        put_float(&c[LOGPROBS], (double)row.cells[i].logprob);
    }
    put_int(&c[GROUP], (int)s->group->attempt);
    put_int(&c[INDEX], s->index);
    buffer_add(&c[LENGTHS], &length, sizeof(length));
    put_float(&c[REWARDS], worth.reward);
    put_float(&c[ADVANTAGES], worth.advantage);
    buffer_add_char(&c[MASK], (char)(s->mask_cause != NULL));
    buffer_add_char(&c[END], (char)row_end(s));
}

void arrays_group(struct group *g)
{
    g->columns = mem_new(COLUMNS, sizeof(*g->columns), NULL);
    if (g->columns == NULL) return;
    for (int i = 0; i < COLUMNS; i++) {
        buffer_init(&g->columns[i], EXCHANGE_REPLY_BYTES);
    }
    for (int i = 0; i < g->n; i++) {
        add_sample(g->columns, &g->samples[i]);
    }
}

void arrays_clear(struct group *g)
{
    for (int i = 0; g->columns != NULL && i < COLUMNS; i++) {
        buffer_clear(&g->columns[i]);
    }
    free(g->columns);
    g->columns = NULL;
}

/* ---- all groups: on the pool ------------------------------------------------------------------ */

static void put_column(struct npz *z, const struct rollout *r, enum column which)
{
    size_t n = 0;
    for (size_t i = 0; i < r->begun; i++) {
        n += r->groups[i].columns[which].n;
    }
    npz_open(z, columns[which].name, columns[which].type, n / columns[which].bytes);
    for (size_t i = 0; i < r->begun; i++) {
        const struct buffer *c = &r->groups[i].columns[which];
        npz_put(z, c->p, c->n);
        buffer_fail_as(z->out, c);
    }
    npz_close(z);
}

/* Where each sample's tokens begin; and the end. */
static void put_offsets(struct npz *z, const struct rollout *r)
{
    size_t n = 1;
    int64_t at = 0;
    for (size_t i = 0; i < r->begun; i++) {
        n += r->groups[i].columns[LENGTHS].n / sizeof(at);
    }
    npz_open(z, "offsets", NPZ_INT64, n);
    npz_put(z, &at, sizeof(at));
    for (size_t i = 0; i < r->begun; i++) {
        const struct buffer *c = &r->groups[i].columns[LENGTHS];
        for (size_t k = 0; k < c->n; k += sizeof(at)) {
            int64_t length;
            memcpy(&length, c->p + k, sizeof(length));
            at += length;
            npz_put(z, &at, sizeof(at));
        }
    }
    npz_close(z);
}

/* Each group's prompt, and where they begin. */
static void put_prompts(struct npz *z, const struct rollout *r)
{
    int64_t at = 0;
    npz_open(z, "prompt_offsets", NPZ_INT64, r->begun + 1);
    npz_put(z, &at, sizeof(at));
    for (size_t i = 0; i < r->begun; i++) {
        at += (int64_t)r->groups[i].prompt->ids.n;
        npz_put(z, &at, sizeof(at));
    }
    npz_close(z);
    npz_open(z, "prompt_token_ids", NPZ_INT32, (size_t)at);
    for (size_t i = 0; i < r->begun; i++) {
        const struct tokens *ids = &r->groups[i].prompt->ids;
        npz_put(z, ids->ids, ids->n * sizeof(int32_t));
    }
    npz_close(z);
}

void arrays_write(const struct rollout *r, struct buffer *out)
{
    struct npz z;
    for (size_t i = 0; i < r->begun; i++) {
        if (r->groups[i].columns != NULL) continue;
        buffer_no_memory(out);
        return;
    }
    npz_begin(&z, out);
    for (int i = 0; i < COLUMNS; i++) {
        if (columns[i].name != NULL) put_column(&z, r, (enum column)i);
    }
    put_offsets(&z, r);
    put_prompts(&z, r);
    npz_end(&z);
}
