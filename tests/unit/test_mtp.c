/* tests/unit/test_mtp.c - a model whose prediction layer is right most of the time.
 *
 * Random weights predict nothing, so the golden model with a prediction layer is bent: what its
 * layers add is scaled down, and the prediction layer takes the newest token's embedding as it
 * is. Then both compute nearly the same function of that token and guesses come true, which must
 * change nothing but the number of steps.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/engine_client.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/tensor/quants.h"

#define GOLDEN "tests/golden/data/deepseek3-mtp"

enum { N_REQUESTS = 3 /* more at once do not guess */, N_TOKENS = 60, EMBD = 64 };

/* ---- the folder ---- */

static const char *const files[] = {"config.json", "generation_config.json", "tokenizer.json",
                                    "tokenizer_config.json", "model.safetensors"};
enum { N_FILES = sizeof(files) / sizeof(files[0]), CONFIG = 0, WEIGHTS = N_FILES - 1 };

static void read_golden(int i, struct buffer *to)
{
    char path[128];
    snprintf(path, sizeof(path), GOLDEN "/%s", files[i]);
    buffer_init(to, 16 << 20);
    assert_true(file_read(path, 16 << 20, to, NULL));
}

static void write_file(const char *folder, int i, const struct buffer *text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text->p, 1, text->n, f), text->n);
    fclose(f);
}

static bool ends_with(const char *name, const char *ending)
{
    return span_ends(span_str(name), span_str(ending));
}

/* Number i of a bent tensor that was x. */
static float bend(const char *name, size_t i, float x)
{
    if (ends_with(name, "o_proj.weight") || ends_with(name, "down_proj.weight")) return x / 32;
    if (ends_with(name, "enorm.weight")) return 1;
    if (ends_with(name, "norm.weight") && strstr(name, "layers.") == NULL) return 1;
    if (ends_with(name, "shared_head.norm.weight")) return 1;
    if (ends_with(name, "eh_proj.weight")) return i / (2 * EMBD) == i % (2 * EMBD) ? 1 : 0;
    return x;
}

/* Bend every BF16 tensor of a safetensors file. */
static void bend_weights(struct buffer *file)
{
    uint64_t n_header;
    memcpy(&n_header, file->p, sizeof(n_header));
    cJSON *header = cJSON_ParseWithLength(file->p + 8, n_header);
    const cJSON *tensor;
    cJSON_ArrayForEach(tensor, header)
    {
        const cJSON *dtype = cJSON_GetObjectItem(tensor, "dtype");
        const cJSON *offsets = cJSON_GetObjectItem(tensor, "data_offsets");
        if (dtype == NULL || strcmp(dtype->valuestring, "BF16") != 0) continue;
        size_t begin = (size_t)offsets->child->valuedouble;
        size_t n = ((size_t)offsets->child->next->valuedouble - begin) / 2;
        for (size_t i = 0; i < n; i++) {
            uint16_t number;
            char *at = file->p + 8 + n_header + begin + 2 * i;
            memcpy(&number, at, sizeof(number));
            number = f32_to_bf16(bend(tensor->string, i, bf16_to_f32(number)));
            memcpy(at, &number, sizeof(number));
        }
    }
    cJSON_Delete(header);
}

static void drop_prediction_layer(struct buffer *config)
{
    struct span key = span_str("\"num_nextn_predict_layers\": ");
    size_t at = span_find(buffer_span(config), key, 0);
    assert_true(at != SPAN_NONE);
    config->p[at + key.n] = '0';
}

/* The bent model, with its prediction layer or without. */
static void make_folder(char folder[32], bool predicts)
{
    strcpy(folder, "/tmp/test_mtp_XXXXXX");
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < N_FILES; i++) {
        struct buffer text;
        read_golden(i, &text);
        if (i == WEIGHTS) bend_weights(&text);
        if (i == CONFIG && !predicts) drop_prediction_layer(&text);
        write_file(folder, i, &text);
        buffer_clear(&text);
    }
}

static void remove_folder(const char *folder)
{
    char path[128];
    for (int i = 0; i < N_FILES; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
}

/* ---- the test ---- */

struct result {
    struct client *client;
    struct engine_stats stats;
};

static struct result run(const struct prompts *p, bool predicts, bool speculate)
{
    char folder[32];
    make_folder(folder, predicts);
    struct engine_options o = options_for(folder);
    o.speculate = speculate;
    struct result r = {.client = client_open(o)};
    engine_pause(r.client->engine, true); /* all are there when the first step is planned */
    for (int i = 0; i < N_REQUESTS; i++) {
        submit(r.client, &p->requests[i]);
    }
    engine_pause(r.client->engine, false);
    client_finish(r.client, N_REQUESTS);
    assert_idle(r.client);
    engine_stats(r.client->engine, &r.stats);
    remove_folder(folder);
    return r;
}

static void show(const char *how, const struct engine_stats *s)
{
    print_message("%s: %llu of %llu guesses true, %llu steps\n", how,
                  (unsigned long long)s->accepted_tokens, (unsigned long long)s->drafted_tokens,
                  (unsigned long long)s->steps);
}

/* Beside the guesses that the text itself gives. */
static void guesses_come_true_and_change_nothing(void **state)
{
    (void)state;
    struct prompts *p = make_prompts(N_TOKENS);
    struct result plain = run(p, true, false), text = run(p, false, true),
                  both = run(p, true, true);
    show("none", &plain.stats);
    show("text", &text.stats);
    show("text and model", &both.stats);
    for (int i = 0; i < N_REQUESTS; i++) {
        assert_same(&plain.client->outputs[i], &text.client->outputs[i], "text", i);
        assert_same(&plain.client->outputs[i], &both.client->outputs[i], "both", i);
    }
    assert_int_equal(plain.stats.drafted_tokens, 0);
    assert_true(both.stats.accepted_tokens * 2 > both.stats.drafted_tokens);
    assert_true(both.stats.accepted_tokens > text.stats.accepted_tokens + N_TOKENS / 2);
    client_close(plain.client);
    client_close(text.client);
    client_close(both.client);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(guesses_come_true_and_change_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
