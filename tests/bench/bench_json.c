/* tests/bench/bench_json.c - what JSON costs: bytes of tree a byte of text, ns a byte and a value, and
 * how soon garbage is refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/json_scan.h"

enum { SIZE = 16 << 20, ROUNDS = 5 };

/* SIZE bytes: open, then piece again and again, a comma between, then close. */
static struct span repeat(char *to, const char *open, const char *piece, const char *close)
{
    size_t n = strlen(open), k = strlen(piece);
    memcpy(to, open, n);
    for (; n + k + 8 < SIZE; n += k) {
        if (to[n - 1] != *open) to[n++] = ',';
        memcpy(to + n, piece, k);
    }
    memcpy(to + n, close, strlen(close));
    return span_of(to, n + strlen(close));
}

static void measure(const char *name, struct span text)
{
    struct json_shape shape = {0};
    struct error err = {0};
    double scan = 1e300, parse = 1e300;
    bool ok = true;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t a = clock_ns();
        ok = json_scan(text, &shape, &err);
        uint64_t b = clock_ns();
        cJSON *v = ok ? json_parse(text, &err) : NULL;
        cJSON_Delete(v);
        uint64_t c = clock_ns();
        if ((double)(b - a) < scan) scan = (double)(b - a);
        if ((double)(c - b) < parse) parse = (double)(c - b);
    }
    if (!ok) {
        printf("%-22s refused after %.1f ms: %s\n", name, scan / 1e6, err.message);
        return;
    }
    double n = (double)text.n, values = (double)shape.values;
    double bytes = values * (double)(sizeof(cJSON) + 8) + (double)shape.text;
    printf("%-22s %8.1f MB/s  %6.1f ns a value  %5.1f bytes a byte  (scan alone %.1f MB/s)\n", name,
           n / parse * 1e3, parse / values, bytes / n, n / scan * 1e3);
}

int main(void)
{
    char *text = malloc(SIZE + 64);
    if (text == NULL) return EXIT_FAILURE;
    measure("one text",
            repeat(text, "[", "\"what a model writes, without an escape in it ....\"", "]"));
    measure("items of /verify",
            repeat(text, "[",
                   "{\"id\":17,\"prompt\":\"What is 1 + 1?\",\"completion\":\"<think>\\nEasy."
                   "</think>\\nIt is \\\\boxed{2}.\",\"answer\":\"2\"}",
                   "]"));
    measure("ids of five digits", repeat(text, "[", "31415", "]"));
    measure("log-probabilities", repeat(text, "[", "-0.1234567", "]"));
    measure("small objects", repeat(text, "[", "{\"a\":1,\"b\":[true,null]}", "]"));
    measure("ones", repeat(text, "[", "1", "]"));
    free(text);
    return EXIT_SUCCESS;
}
