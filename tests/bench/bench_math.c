/* tests/bench/bench_math.c - items a second on one core.
 *
 *   bench_math [CASES.jsonl]
 *
 * Plain answers (integers, decimals, the same text), boxed responses of about 1 kB, and, given a
 * file of cases, their latencies: median and 99th percentile.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "reward/math/math.h"
#include "tests/bench/median.h"

enum { MAX_CASES = 100000 };

static const struct plain {
    const char *gold, *answer;
} plain[] = {{"42", "42"},
             {"1234", "1234"},
             {"17", "18"},
             {"0.5", "0.5"},
             {"-7", "-7"},
             {"100000", "99999"},
             {"\\frac{3}{4}", "\\frac{3}{4}"},
             {"8", "8.0"}};

static double rate(struct arena *a, const struct math_options *o, const struct span *answers,
                   const struct span *golds, int n, int rounds)
{
    struct math_result r;
    uint64_t begin = clock_cpu_ns();
    for (int k = 0; k < rounds; k++) {
        for (int i = 0; i < n; i++) {
            math_judge(a, answers[i], &golds[i], 1, o, MATH_CHEAP, &r);
            arena_reset(a);
        }
    }
    return (double)rounds * n / ((double)(clock_cpu_ns() - begin) / 1e9);
}

static void plain_answers(struct arena *a)
{
    enum { N = sizeof(plain) / sizeof(plain[0]) };
    struct span golds[N], answers[N];
    struct math_options o = MATH_DEFAULTS;
    o.form = MATH_FORM_BARE;
    for (int i = 0; i < N; i++) {
        golds[i] = span_str(plain[i].gold);
        answers[i] = span_str(plain[i].answer);
    }
    printf("plain answers        %10.0f a second\n", rate(a, &o, answers, golds, N, 100000));
}

static void boxed_responses(struct arena *a)
{
    static const char line[] =
        "Let $x$ be the number of apples; then $2x + 3 = 11$, so we subtract 3 and halve. ";
    static const char *const ends[] = {"\\boxed{4}", "\\boxed{\\frac{1}{2}}", "\\boxed{2\\sqrt{3}}",
                                       "\\boxed{(1,2)}"};
    static const char *const golds[] = {"4", "0.5", "\\sqrt{12}", "(1,2)"};
    enum { N = 4 };
    static char text[N][1200];
    struct span answers[N], references[N];
    for (int i = 0; i < N; i++) {
        size_t n = 0;
        while (n + sizeof(line) < 1000) {
            memcpy(text[i] + n, line, sizeof(line) - 1);
            n += sizeof(line) - 1;
        }
        int tail = snprintf(text[i] + n, sizeof(text[i]) - n, "The answer is $%s$.", ends[i]);
        answers[i] = span_of(text[i], n + (size_t)tail);
        references[i] = span_str(golds[i]);
        struct span one = references[i];
        double per = rate(a, &MATH_DEFAULTS, &answers[i], &one, 1, 50000);
        printf("1 kB response, %-20s %10.0f a second\n", ends[i], per);
    }
    printf("1 kB boxed responses %10.0f a second\n",
           rate(a, &MATH_DEFAULTS, answers, references, N, 20000));
}

static void cases(const char *path)
{
    FILE *f = fopen(path, "rb");
    static double us[MAX_CASES];
    char *line = NULL;
    size_t room = 0;
    int n = 0;
    double total = 0;
    if (f == NULL) return;
    struct arena *a = arena_new((size_t)64 << 20);
    for (ssize_t got; n < MAX_CASES && (got = getline(&line, &room, f)) > 0; n++) {
        cJSON *item = json_parse(span_trim(span_of(line, (size_t)got)), NULL);
        struct arena *texts = arena_new((size_t)8 << 20);
        struct span gold = json_text(json_get(item, "gold"), texts),
                    answer = json_text(json_get(item, "answer"), texts);
        struct math_options o = MATH_DEFAULTS;
        if (span_is(json_text(json_get(item, "form"), texts), "bare")) o.form = MATH_FORM_BARE;
        struct math_result r;
        uint64_t begin = clock_cpu_ns();
        math_judge(a, answer, &gold, 1, &o, MATH_CHEAP, &r);
        if (r.verdict == MATH_DEFER) {
            math_judge(a, answer, &gold, 1, &o, MATH_FULL, &r);
        }
        us[n] = (double)(clock_cpu_ns() - begin) / 1e3;
        total += us[n];
        arena_reset(a);
        arena_free(texts);
        cJSON_Delete(item);
    }
    free(line);
    fclose(f);
    arena_free(a);
    qsort(us, (size_t)n, sizeof(us[0]), by_value);
    printf("%d cases: %.0f a second, median %.1f us, 99th percentile %.1f us, worst %.1f us\n", n,
           n / (total / 1e6), us[n / 2], us[n * 99 / 100], us[n - 1]);
}

int main(int argc, char **argv)
{
    struct arena *a = arena_new((size_t)64 << 20);
    plain_answers(a);
    boxed_responses(a);
    arena_free(a);
    if (argc > 1) cases(argv[1]);
    return 0;
}
