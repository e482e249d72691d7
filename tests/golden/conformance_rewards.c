/* tests/golden/conformance_rewards.c CORPORA - the corpora of format, rewards and plans in a
 * folder: a line a file with its score, and every disagreement. Exit status 0 when all agree.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/golden/corpus_cases.h"

int main(int argc, char **argv)
{
    struct judge_options o;
    judge_options_init(&o);
    o.default_rewards = "[{\"name\":\"format\"}]";
    struct error err = {0};
    struct judge *judge = argc == 2 ? judge_open(&o, &err) : NULL;
    int wrong = 0;
    if (judge == NULL) {
        fprintf(stderr, "%s\n", argc == 2 ? err.message : "usage: conformance_rewards CORPORA");
        return 2;
    }
    for (int i = 0; i < N_RUNNERS; i++) {
        struct corpus_score s = corpus_run(judge, argv[1], i);
        if (s.missing) {
            printf("%-28s not there\n", runners[i].file);
        } else {
            printf("%-28s %4d of %4d\n", runners[i].file, s.right, s.cases);
        }
        wrong += s.cases - s.right;
    }
    judge_close(judge);
    return wrong == 0 ? 0 : 1;
}
