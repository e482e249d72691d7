/* base/unknown.c - see unknown.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/unknown.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"

static size_t n_kept(const struct unknown_fields *u)
{
    return u->n < UNKNOWN_MOST ? u->n : UNKNOWN_MOST;
}

void unknown_note(struct unknown_fields *u, const char *name, const char *meant)
{
    if (u->n < UNKNOWN_MOST) {
        snprintf(u->kept[u->n].name, sizeof(u->kept[0].name), "%s", name);
        u->kept[u->n].meant = meant;
    }
    u->n++;
}

void unknown_within(struct unknown_fields *u, size_t from, const char *fmt, ...)
{
    char prefix[UNKNOWN_BYTES + 1], name[2 * UNKNOWN_BYTES + 4];
    va_list ap;
    assert(from <= u->n);
    if (from >= n_kept(u)) return;
    va_start(ap, fmt);
    vsnprintf(prefix, sizeof(prefix), fmt, ap);
    va_end(ap);
    for (size_t i = from; i < n_kept(u); i++) {
        const char *own = u->kept[i].name;
        assert(memchr(own, '\0', sizeof(u->kept[i].name)) != NULL); /* (1) */
        snprintf(name, sizeof(name), "%s%s%s", prefix, own[0] == '[' ? "" : ".", own);
        memcpy(u->kept[i].name, name, UNKNOWN_BYTES);
        u->kept[i].name[UNKNOWN_BYTES] = '\0';
    }
}

static void print_name(const char *name, struct buffer *out)
{
    for (; *name != '\0'; name++) {
        if (ascii_is_plain(name, 1, "_.[]-")) {
            buffer_add_char(out, *name);
        } else {
            buffer_addf(out, "%%%02X", (unsigned char)*name);
        }
    }
}

void unknown_print(const struct unknown_fields *u, struct buffer *out)
{
    for (size_t i = 0; i < n_kept(u); i++) {
        if (i > 0) buffer_add_str(out, ", ");
        print_name(u->kept[i].name, out);
        if (u->kept[i].meant != NULL) buffer_addf(out, " (did you mean %s?)", u->kept[i].meant);
    }
    if (u->n > UNKNOWN_MOST) buffer_addf(out, ", +%zu", u->n - UNKNOWN_MOST);
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: rows of the table of distances between what the names begin with. */
int unknown_distance(const char *name, const char *known)
{
    int n = (int)strnlen(name, UNKNOWN_BYTES + 1), m = (int)strnlen(known, UNKNOWN_BYTES + 1);
    int most = least(n, m) < 3 ? 0 : least(n, m) < 6 ? 1 : 2;
    int rows[3][UNKNOWN_BYTES + 2];
    if (n > UNKNOWN_BYTES || m > UNKNOWN_BYTES || n - m > most || m - n > most) return -1;
    for (int j = 0; j <= m; j++) {
        rows[0][j] = j;
    }
    for (int i = 1; i <= n; i++) {
        int *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= m; j++) {
            now[j] =
                least(least(now[j - 1], last[j]) + 1, last[j - 1] + (name[i - 1] != known[j - 1]));
            bool swapped =
                i > 1 && j > 1 && name[i - 1] == known[j - 2] && name[i - 2] == known[j - 1];
            if (swapped) now[j] = least(now[j], before[j - 2] + 1);
        }
    }
    return rows[n % 3][m] <= most ? rows[n % 3][m] : -1;
}
