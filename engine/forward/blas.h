/* engine/forward/blas.h - the reference's products: OpenBLAS, one caller at a time, in one shape.
 *
 * Debian has three builds of OpenBLAS behind one name, and the machine's alternatives choose among
 * them when the program starts: one without threads, which may not be called from two threads at
 * once (its work memory is shared: products come out wrong), one with threads of its own, one with
 * OpenMP's. What is right with each of them:
 *
 *   (1) At most one thread of the process is inside OpenBLAS.
 *   (2) It computes on the thread that called it.
 *   (3) Every call has exactly BLAS_ROWS rows. OpenBLAS picks its kernel by a product's shape, so
 *       the last bits of a row would depend on how many rows are computed beside it.
 *
 * With (3) and columns that are cut in the same places always (linear.c), a row of a product has
 * the same bits alone or in any batch, on any number of threads, cached or not. They do depend on
 * the CPU and on the version of OpenBLAS, which picks its kernels by both.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_FORWARD_BLAS_H
#define ENGINE_FORWARD_BLAS_H

/* Rows of a call: as few as a step of one sequence can bear, as many as pay for packing weights. In
 * blocks of 4 no kernel of OpenBLAS treats a row by its place; of 6 and 16 some do. */
enum { BLAS_ROWS = 4 };

/* rows, and those that a last call reads and writes beside them. */
static inline int blas_rows(int rows)
{
    return (rows + BLAS_ROWS - 1) / BLAS_ROWS * BLAS_ROWS;
}

/* y = x times w transposed, for any thread; waits while another one multiplies.
 *   x  [blas_rows(rows), k] of which the rows past `rows` are read and mean nothing
 *   w  [columns, k]
 *   y  [blas_rows(rows), ld] of which the rows past `rows` are overwritten; ld >= columns */
void blas_multiply(const float *x, int rows, int k, const float *w, int columns, float *y, int ld);

/* OpenBLAS's version, build and kernels for this CPU, in its own words: what the last bits depend
 * on. Constant. */
const char *blas_name(void);

#endif
