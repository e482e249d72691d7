/* tests/unit/test_lines.c - NDJSON: streams cut anywhere, settings lines, groups, files; and the
 * dialects.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/judging.h"

#include <time.h>

#define GOOD "<think>a</think><answer>b</answer>"

/* ---- streams ---- */

struct sink {
    struct buffer out;
    int ended;
};

static void on_write(void *arg, struct span lines)
{
    struct sink *s = arg;
    assert_int_equal(s->ended, 0);
    assert_true(lines.n > 0 && lines.p[lines.n - 1] == '\n'); /* whole lines */
    buffer_add_span(&s->out, lines);
}

static void on_end(void *arg)
{
    __atomic_add_fetch(&((struct sink *)arg)->ended, 1,
                       __ATOMIC_RELEASE); /* perhaps the judge's thread */
}

/* Feed text in pieces of `piece` bytes. What came out, new; the error's param when the stream broke. */
static char *stream(const char *text, size_t piece)
{
    struct error err = {0};
    struct sink sink = {.ended = 0};
    struct span rest = span_str(text);
    bool ok = true;
    buffer_init(&sink.out, 1 << 24);
    struct judge_stream *s = judge_stream_new(judge, on_write, &sink, &err);
    assert_non_null(s);
    while (ok && rest.n > 0) {
        ok = judge_stream_feed(s, span_slice(rest, 0, piece), &err);
        rest = span_slice(rest, piece, rest.n);
    }
    judge_stream_end(s, on_end);
    assert_int_equal(sink.ended, 1); /* nothing here is deferred */
    assert_int_equal(judge_stream_backlog(s), 0);
    judge_stream_free(s);
    if (!ok) buffer_addf(&sink.out, "broken: %s", err.param);
    char *out = buffer_take(&sink.out);
    return out;
}

/* clang-format off */
static const struct {
    const char *name, *in, *out;
} streams[] = {
    {"two lines, in order", "{\"id\":\"1\",\"completion\":\"" GOOD "\"}\n{\"id\":\"2\",\"completion\":\"x\"}\n",
     "{\"id\":\"1\",\"reward\":1,\"rewards\":{\"format\":1},\"details\":{\"format\":{\"style\":\"r1\",\"missing\":[]}},\"error\":null}\n"
     "{\"id\":\"2\",\"reward\":0,\"rewards\":{\"format\":0},\"details\":{\"format\":{\"cause\":\"missing_tag\",\"style\":\"r1\",\"missing\":[\"<think>\",\"</think>\",\"<answer>\",\"</answer>\"]}},\"error\":null}\n"},
    {"no LF at the end, blank lines, CR LF", "\r\n\n{\"id\":\"1\",\"completion\":\"" GOOD "\",\"rewards\":[{\"name\":\"contains\",\"texts\":\"b\"}]}\r\n  ",
     "{\"id\":\"1\",\"reward\":1,\"rewards\":{\"contains\":1},\"details\":{\"contains\":{\"found\":1,\"of\":1}},\"error\":null}\n"},
    {"a line that is no JSON costs itself", "{\"completion\n{\"id\":\"2\"}\n",
     "{\"id\":null,\"reward\":null,\"rewards\":{},\"details\":{},\"error\":{\"code\":\"invalid_json\",\"message\":\"not valid JSON: the text ends at byte 12, where a string is not closed\",\"param\":null}}\n"
     "{\"id\":\"2\",\"reward\":null,\"rewards\":{},\"details\":{},\"error\":{\"code\":\"missing_field\",\"message\":\"completion is missing\",\"param\":\"completion\"}}\n"},
    {"settings hold from there on", "{\"id\":\"1\",\"completion\":\"b\",\"rewards\":[{\"name\":\"contains\",\"texts\":\"b\"}]}\n{\"rewards\":[{\"name\":\"regex\",\"pattern\":\"c\",\"weight\":2}]}\n{\"id\":\"2\",\"completion\":\"c\"}\n",
     "{\"id\":\"1\",\"reward\":1,\"rewards\":{\"contains\":1},\"details\":{\"contains\":{\"found\":1,\"of\":1}},\"error\":null}\n"
     "{\"id\":\"2\",\"reward\":2,\"rewards\":{\"regex\":1},\"details\":{\"regex\":{\"cause\":\"match\",\"match\":\"c\"}},\"error\":null}\n"},
    {"settings that call a reward completion", "{\"rewards\":[{\"name\":\"regex\",\"pattern\":\"c\",\"as\":\"completion\"}]}\n{\"id\":\"2\",\"completion\":\"c\"}\n",
     "{\"id\":\"2\",\"reward\":1,\"rewards\":{\"completion\":1},\"details\":{\"completion\":{\"cause\":\"match\",\"match\":\"c\"}},\"error\":null}\n"},
    {"wrong settings break the stream", "{\"rewards\":[{\"name\":\"nope\"}]}\n", "broken: rewards[0].name"},
    {"wrong method breaks the stream", "{\"advantage\":\"nope\"}\n", "broken: advantage"},
    {"groups of one for the best's lead over the second break the stream", "{\"group_size\":1,\"advantage\":\"verl_grpo_passk\"}\n", "broken: group_size"},
    {"but a file may end in one", "{\"group_size\":2,\"advantage\":\"verl_grpo_passk\",\"rewards\":[{\"name\":\"regex\",\"pattern\":\"c\"}]}\n{\"completion\":\"c\"}\n",
     "{\"id\":null,\"reward\":1,\"rewards\":{\"regex\":1},\"details\":{\"regex\":{\"cause\":\"match\",\"match\":\"c\"}},\"advantage\":0,\"keep\":false,\"error\":null}\n"},
    {"groups of two, the last one short", "{\"group_size\":2,\"advantage\":\"dr_grpo\",\"rewards\":[{\"name\":\"regex\",\"pattern\":\"c\"}]}\n{\"completion\":\"c\"}\n{\"completion\":\"d\"}\n{\"completion\":\"c\"}\n",
     "{\"id\":null,\"reward\":1,\"rewards\":{\"regex\":1},\"details\":{\"regex\":{\"cause\":\"match\",\"match\":\"c\"}},\"advantage\":0.5,\"keep\":true,\"error\":null}\n"
     "{\"id\":null,\"reward\":0,\"rewards\":{\"regex\":0},\"details\":{\"regex\":{\"cause\":\"no_match\"}},\"advantage\":-0.5,\"keep\":true,\"error\":null}\n"
     "{\"id\":null,\"reward\":1,\"rewards\":{\"regex\":1},\"details\":{\"regex\":{\"cause\":\"match\",\"match\":\"c\"}},\"advantage\":1,\"keep\":false,\"error\":null}\n"},
    {"groups by key", "{\"advantage\":\"dr_grpo\",\"rewards\":[{\"name\":\"regex\",\"pattern\":\"c\"}]}\n{\"completion\":\"c\",\"group\":\"x\"}\n{\"completion\":\"d\",\"group\":\"x\"}\n{\"completion\":\"c\",\"group\":\"y\"}\n{\"completion\":\"c\"}\n",
     "{\"id\":null,\"reward\":1,\"rewards\":{\"regex\":1},\"details\":{\"regex\":{\"cause\":\"match\",\"match\":\"c\"}},\"advantage\":0.5,\"keep\":true,\"error\":null}\n"
     "{\"id\":null,\"reward\":0,\"rewards\":{\"regex\":0},\"details\":{\"regex\":{\"cause\":\"no_match\"}},\"advantage\":-0.5,\"keep\":true,\"error\":null}\n"
     "{\"id\":null,\"reward\":1,\"rewards\":{\"regex\":1},\"details\":{\"regex\":{\"cause\":\"match\",\"match\":\"c\"}},\"advantage\":1,\"keep\":false,\"error\":null}\n"
     "{\"id\":null,\"reward\":1,\"rewards\":{\"regex\":1},\"details\":{\"regex\":{\"cause\":\"match\",\"match\":\"c\"}},\"error\":null}\n"},
};
/* clang-format on */

static void test_streams(void **state)
{
    static const size_t pieces[] = {1, 2, 3, 7, 64, 1 << 20};
    (void)state;
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
        for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
            char *out = stream(streams[i].in, pieces[p]);
            const char *got = out == NULL ? "" : out;
            if (strcmp(got, streams[i].out) != 0) {
                print_message("%s, pieces of %zu\n", streams[i].name, pieces[p]);
            }
            assert_string_equal(got, streams[i].out);
            free(out);
        }
    }
}

/* Deferred lines do not change the order: every third waits for a worker. */
static void test_stream_order(void **state)
{
    struct error err = {0};
    struct sink sink = {.ended = 0};
    (void)state;
    buffer_init(&sink.out, 1 << 24);
    struct judge_stream *s = judge_stream_new(judge, on_write, &sink, &err);
    for (int i = 0; i < 300; i++) {
        char line[256];
        snprintf(line, sizeof(line),
                 "{\"id\":%d,\"completion\":\"aaaaaaaaaaaaaaaa\",\"rewards\":[{\"name\":\"regex\","
                 "\"pattern\":\"%s\"}]}\n",
                 i, i % 3 == 0 ? "^(a|a)*[bc]$" : "a");
        assert_true(judge_stream_feed(s, span_str(line), &err));
    }
    judge_stream_end(s, on_end);
    while (__atomic_load_n(&sink.ended, __ATOMIC_ACQUIRE) == 0) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    assert_int_equal(sink.ended, 1);
    const char *at = sink.out.p;
    for (int i = 0; i < 300; i++) {
        char head[64];
        snprintf(head, sizeof(head), "{\"id\":%d,\"reward\":%d,", i, i % 3 != 0);
        assert_int_equal(strncmp(at, head, strlen(head)), 0);
        at = strchr(at, '\n') + 1;
    }
    judge_stream_free(s);
    buffer_clear(&sink.out);
}

/* ---- files ---- */

static void count_progress(void *arg, uint64_t lines)
{
    *(uint64_t *)arg = lines;
}

static void test_file(void **state)
{
    enum { LINES = 5000 };
    struct error err = {0};
    struct judge_summary sum;
    uint64_t progress = 0;
    char line[256];
    FILE *in = tmpfile(), *out = tmpfile();
    (void)state;
    for (int i = 0; i < LINES; i++) {
        fprintf(in, i % 10 == 9 ? "no json\n" : "{\"id\":%d,\"completion\":\"%s\"}\n", i,
                i % 2 == 0 ? GOOD : "x");
    }
    rewind(in);
    const struct judge_file file = {
        .in = in, .out = out, .threads = 4, .progress = count_progress, .arg = &progress};
    assert_true(judge_lines(judge, &file, &sum, &err));
    assert_int_equal(progress, LINES);
    assert_int_equal(sum.items, LINES);
    assert_int_equal(sum.errors, LINES / 10);
    assert_int_equal(sum.rewarded, LINES - LINES / 10);
    assert_true(sum.reward_sum == LINES / 2);
    rewind(out);
    for (int i = 0; i < LINES; i++) {
        char head[64];
        assert_non_null(fgets(line, sizeof(line), out));
        snprintf(head, sizeof(head),
                 i % 10 == 9 ? "{\"id\":null,\"reward\":null" : "{\"id\":%d,\"reward\":%d", i,
                 i % 2 == 0);
        assert_int_equal(strncmp(line, head, strlen(head)), 0);
    }
    assert_null(fgets(line, sizeof(line), out));
    fclose(in);
    fclose(out);
}

static void test_file_breaks(void **state)
{
    struct error err = {0};
    struct judge_summary sum;
    FILE *in = tmpfile(), *out = tmpfile();
    (void)state;
    fprintf(
        in,
        "{\"completion\":\"x\"}\n{\"rewards\":[{\"name\":\"nope\"}]}\n{\"completion\":\"x\"}\n");
    rewind(in);
    const struct judge_file file = {.in = in, .out = out, .threads = 2};
    assert_false(judge_lines(judge, &file, &sum, &err));
    assert_string_equal(err.param, "rewards[0].name");
    assert_int_equal(strncmp(err.message, "line 2: ", 8), 0);
    assert_int_equal(sum.items, 1); /* what stood before it was judged */
    fclose(in);
    fclose(out);
}

/* ---- dialects ---- */

/* clang-format off */
static const struct {
    const char *name;
    enum judge_dialect dialect;
    const char *body, *reply;
} dialects[] = {
    {"OpenRLHF", JUDGE_OPENRLHF, "{\"query\":[\"Q: b?" GOOD "\",\"Q: c?x\"],\"prompts\":[\"Q: b?\",\"Q: c?\"],\"labels\":[\"b\",\"c\"]}",
     "{\"rewards\":[1,0],\"scores\":[1,0],\"extra_logs\":{\"format\":[1,0]}}"},
    {"OpenRLHF, end tokens", JUDGE_OPENRLHF, "{\"query\":[\"Q" GOOD "<|im_end|>\",\"Q" GOOD "</s>\",\"Q" GOOD "<x|>\",\"Q" GOOD "</s\"],\"prompts\":[\"Q\",\"Q\",\"Q\",\"Q\"]}",
     "{\"rewards\":[1,1,0,0],\"scores\":[1,1,0,0],\"extra_logs\":{\"format\":[1,1,0,0]}}"},
    {"OpenRLHF, empty lists", JUDGE_OPENRLHF, "{\"query\":[],\"prompts\":[],\"labels\":[]}", "{\"rewards\":[],\"scores\":[],\"extra_logs\":{\"format\":[]}}"},
    {"OpenRLHF, no lists", JUDGE_OPENRLHF, "{\"query\":\"" GOOD "\",\"prompts\":\"\",\"labels\":\"b\"}", "{\"rewards\":[1],\"scores\":[1],\"extra_logs\":{\"format\":[1]}}"},
    {"OpenRLHF, a query that is no text", JUDGE_OPENRLHF, "{\"query\":[1]}", "query[0]"},
    {"OpenRLHF, a NUL", JUDGE_OPENRLHF, "{\"query\":[\"p\\u0000" GOOD "\"],\"prompts\":[\"p\\u0000\"]}", "{\"rewards\":[1],\"scores\":[1],\"extra_logs\":{\"format\":[1]}}"},
    {"slime", JUDGE_SLIME, "{\"prompt\":\"b?\",\"response\":\"" GOOD "\",\"label\":\"b\"}", "1"},
    {"slime, no response", JUDGE_SLIME, "{\"prompt\":\"b?\"}", "response"},
    {"NeMo-Gym", JUDGE_NEMO_GYM, "{\"question\":\"b?\",\"expected_answer\":\"b\",\"response\":{\"output\":[{\"type\":\"reasoning\",\"content\":[{\"text\":\"no\"}]},{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"" GOOD "\"}]}]}}",
     "{\"question\":\"b?\",\"expected_answer\":\"b\",\"response\":{\"output\":[{\"type\":\"reasoning\",\"content\":[{\"text\":\"no\"}]},{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"" GOOD "\"}]}]},\"reward\":1,\"reward_components\":{\"format\":1}}"},
    {"NeMo-Gym, no output", JUDGE_NEMO_GYM, "{\"response\":{}}", "response.output"},
};
/* clang-format on */

static void test_dialects(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
        struct error err = {0};
        struct buffer out;
        int done = 0;
        buffer_init(&out, 1 << 20);
        cJSON *body = json_parse(span_str(dialects[i].body), &err);
        struct judge_job *job = judge_job_new(judge, dialects[i].dialect, body, &err);
        if (job != NULL) {
            judge_job_start(job, count_done, &done);
            assert_true(done == 1 && judge_job_reply(job, &out));
            judge_job_free(job);
        } else {
            buffer_add_str(&out, err.param);
        }
        if (strcmp(out.p, dialects[i].reply) != 0) print_message("%s\n", dialects[i].name);
        assert_string_equal(out.p, dialects[i].reply);
        buffer_clear(&out);
    }
}

static int open_judge(void **state)
{
    (void)state;
    return judging_open_with("[{\"name\":\"format\"}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams),  cmocka_unit_test(test_stream_order),
        cmocka_unit_test(test_file),     cmocka_unit_test(test_file_breaks),
        cmocka_unit_test(test_dialects),
    };
    return cmocka_run_group_tests(tests, open_judge, close_judge);
}
