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

/* What a part of a product fetches: from `at` on, step bytes at each of its steps. */
struct tile_run {
    const uint8_t *at;
    size_t step;
};

/* What is left of f will be divided between so many turns. */
static void divide_fetch(struct fetch *f, int turns)
{
    f->turns = turns;
    f->step = 0;
}

static void next_piece(struct fetch *f)
{
    f->at = f->base + (size_t)*f->blocks++ * f->block_bytes;
    f->end = f->at + f->block_bytes;
    f->at += f->skip;
    f->skip = 0;
}

/* The run of one turn, of `steps` steps. It does not cross the end of a piece; the turns to come make up for that. */
static struct tile_run next_run(struct fetch *f, int steps)
{
    if (f->left == 0) return (struct tile_run){0};
    if (f->at == f->end) next_piece(f);
    size_t piece = (size_t)(f->end - f->at);
    if (f->step == 0) {
        size_t times = (size_t)steps * (size_t)f->turns;
        f->step = (f->left / 64 + times - 1) / times * 64;
    }
    struct tile_run run = {f->at, f->step};
    size_t bytes = f->step * (size_t)steps;
    if (bytes > piece) {
        bytes = piece;
        f->step = 0; /* to be divided anew */
    }
    if (bytes > f->left) bytes = f->left;
    if (f->turns > 1) f->turns--;
    f->at += bytes;
    f->left -= bytes;
    return run;
}

INLINE void fetch_step(struct tile_run *run)
{
    for (size_t i = 0; i < run->step; i += 64) {
        _mm_prefetch((const char *)run->at + i, _MM_HINT_T1);
    }
    run->at += run->step;
}

#endif
