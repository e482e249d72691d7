/* engine/forward/blas.c - see blas.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/forward/blas.h"

#include <assert.h>
#include <cblas.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

static pthread_mutex_t inside = PTHREAD_MUTEX_INITIALIZER; /* held by the one caller of (1) */
static bool busy;                                          /* somebody is inside */

void blas_multiply(const float *x, int rows, int k, const float *w, int columns, float *y, int ld)
{
    assert(rows > 0 && columns <= ld);
    pthread_mutex_lock(&inside);
    assert(!busy); /* (1) */
    busy = true;
    openblas_set_num_threads(1); /* (2): here, for OpenMP's build counts for each calling thread */
    assert(openblas_get_num_threads() == 1); /* (2) */
    for (int r = 0; r < rows; r += BLAS_ROWS) {
        assert(r + BLAS_ROWS <= blas_rows(rows)); /* (3) */
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, BLAS_ROWS, columns, k, 1.0f,
                    x + (size_t)r * (size_t)k, k, w, k, 0.0f, y + (size_t)r * (size_t)ld, ld);
    }
    busy = false;
    pthread_mutex_unlock(&inside);
}

const char *blas_name(void)
{
    return openblas_get_config();
}
