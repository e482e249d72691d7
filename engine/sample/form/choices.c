/* engine/sample/form/choices.c - see choices.h.
 *
 * Strings with a common beginning share it: otherwise each byte that is read would look at all of
 * them. Sorted, they make a tree from left to right: open[d] are the continuations found so far
 * behind the first d bytes of the string at hand, and are closed where the next string differs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/choices.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool check(const char *const *strings, int n, struct error *err)
{
    size_t bytes = 0;
    if (n <= 0)
        return error_set(err, ERROR_INVALID_TYPE, NULL, "must be an array of strings, not empty");
    if (n > CHOICES_MAX_STRINGS) {
        return error_set(err, ERROR_TOO_LARGE, NULL, "%d choices; at most %d", n,
                         CHOICES_MAX_STRINGS);
    }
    for (int i = 0; i < n; i++) {
        bytes += strlen(strings[i]);
        if (*strings[i] != '\0') continue;
        error_set(err, ERROR_INVALID_TYPE, NULL, "must be a string, not empty");
        return error_in(err, "[%d]", i);
    }
    return bytes <= CHOICES_MAX_BYTES ||
           error_set(err, ERROR_TOO_LARGE, NULL, "the choices have more than %d bytes in all",
                     CHOICES_MAX_BYTES);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t in_common(const char *a, const char *b)
{
    size_t n = 0;
    while (a[n] != '\0' && a[n] == b[n]) {
        n++;
    }
    return n;
}

/* Close what is open behind more than `to` bytes of string. */
static void close_to(struct rx_pool *p, rx *open, const char *string, size_t to)
{
    for (size_t d = strlen(string); d > to; d--) {
        uint8_t byte = (uint8_t)string[d - 1];
        rx longer = rx_cat(p, rx_byte_range(p, byte, byte), open[d]);
        open[d - 1] = rx_or(p, open[d - 1], longer);
        open[d] = RX_NONE;
    }
}

bool choices_rx(struct rx_pool *p, const char *const *strings, int n, rx *out, struct error *err)
{
    size_t longest = 0;
    if (!check(strings, n, err)) return false;
    const char **sorted = mem_new((size_t)n, sizeof(*sorted), err);
    for (int i = 0; sorted != NULL && i < n; i++) {
        sorted[i] = strings[i];
        if (strlen(strings[i]) > longest) longest = strlen(strings[i]);
    }
    rx *open = mem_new(longest + 1, sizeof(*open), err); /* RX_NONE all */
    bool fine = sorted != NULL && open != NULL;
    if (fine) qsort(sorted, (size_t)n, sizeof(*sorted), by_bytes);
    for (int i = 0; fine && i < n; i++) {
        if (i > 0) close_to(p, open, sorted[i - 1], in_common(sorted[i - 1], sorted[i]));
        open[strlen(sorted[i])] = RX_EMPTY; /* nothing is open behind it: the shorter sorts first */
    }
    if (fine) {
        close_to(p, open, sorted[n - 1], 0);
        *out = open[0];
    }
    free(sorted);
    free(open);
    return fine;
}
