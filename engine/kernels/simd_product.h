/* engine/kernels/simd_product.h - what products with quantised and with float weights share; a
 * part of simd.h.
 *
 * A product is cut into parts that fit the registers (simd_i8.h, simd_f32.h). While a part computes,
 * memory would be idle; so each has its turn at fetching what comes soon, a few lines at each of
 * its steps. Few and often: a processor drops prefetches when too many are under way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_KERNELS_SIMD_PRODUCT_H
#define ENGINE_KERNELS_SIMD_PRODUCT_H

#include "engine/kernels/kernels.h"

#ifdef __clang__ /* early: before it decides what lives in memory */
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* What product() was told; at is the first panel. */
struct multiply {
    float *y;
    int ld;
    const struct panels *w;
    const uint8_t *at;
    int n_panels;
    struct fetch *soon;
    const struct act *x;
    int tile, n_tiles;
    const uint8_t *tile_data; /* of the first tile */
    int tile_rows, larger;    /* rows of a tile; those before `larger` have one more */
    void *scratch;
};

/* What a part of a product fetches: from `at` on, step bytes at each of its steps; past `end` the pieces
 * that follow, and then nothing. */
struct tile_run {
    const uint8_t *at, *end;
    size_t step;
    const struct stretch *pieces;
    int n_pieces;
};

/* What is left of f will be divided between so many turns, alike: the first sets the step of all. */
static void divide_fetch(struct fetch *f, int turns)
{
    f->turns = turns;
    f->step = 0;
}

static void next_piece(struct fetch *f)
{
    f->n_pieces--;
    f->at = f->pieces->at;
    f->end = f->at + f->pieces++->bytes;
}

/* Take off what so many steps of f->step bytes bring: fetch_step() begins a piece with a step of its own. */
static void take_steps(struct fetch *f, size_t steps)
{
    for (;;) {
        size_t bytes = steps * f->step, piece = (size_t)(f->end - f->at);
        if (bytes > piece) bytes = piece;
        f->at += bytes;
        f->left -= bytes;
        steps -= (bytes + f->step - 1) / f->step;
        if (steps == 0 || f->n_pieces == 0) return;
        next_piece(f);
    }
}

/* The run of one turn, of `steps` steps. */
static struct tile_run next_run(struct fetch *f, int steps)
{
    if (f->left == 0) return (struct tile_run){0};
    if (f->at == f->end) next_piece(f);
    if (f->step == 0) {
        size_t times = (size_t)steps * (size_t)f->turns;
        f->step = ((f->left + 63) / 64 + times - 1) / times * 64;
    }
    struct tile_run run = {f->at, f->end, f->step, f->pieces, f->n_pieces};
    take_steps(f, (size_t)steps);
    return run;
}

INLINE void fetch_step(struct tile_run *run)
{
    for (size_t i = 0; i < run->step; i += 64) {
        _mm_prefetch((const char *)run->at + i, _MM_HINT_T1);
    }
    run->at += run->step;
    if (run->at < run->end) return;
    if (run->n_pieces == 0) {
        run->step = 0;
        return;
    }
    run->n_pieces--;
    run->at = run->pieces->at;
    run->end = run->at + run->pieces++->bytes;
}

#endif
