/* tests/unit/test_gguf_model.c - what a GGUF file's metadata may say: a golden model with single fields
 * changed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/file.h"
#include "engine/model/arch.h"
#include "engine/model/gguf.h"
#include "engine/model/gguf_model.h"

enum { MAX_FILE = 1 << 20 };

static struct buffer file; /* as read, before each test */

static int read_golden(void **state)
{
    (void)state;
    struct error err = {0};
    buffer_init(&file, MAX_FILE);
    return file_read("tests/golden/data/llama-coded.gguf", MAX_FILE, &file, &err) ? 0 : -1;
}

static int forget(void **state)
{
    (void)state;
    buffer_clear(&file);
    return 0;
}

/* The byte that lies `after` behind the first place where `name` stands, as a length and text. */
static char *behind(const char *name, size_t after)
{
    struct span all = buffer_span(&file);
    size_t at = span_find(all, span_str(name), 0);
    assert_true(at != SPAN_NONE && at + strlen(name) + after < all.n);
    return file.p + at + strlen(name) + after;
}

/* Read the model. False with the error, else its config. */
static bool read_model(struct model_config *c, struct error *err)
{
    const struct arch *arch;
    struct model_tensors t = {.layers = NULL};
    struct gguf *g = gguf_open_memory(buffer_span(&file), "changed.gguf", err);
    assert_non_null(g);
    bool ok = gguf_model_read(g, &arch, c, &t, err);
    free(t.layers);
    gguf_close(g);
    return ok;
}

static void refused(enum error_code code, const char *const *words)
{
    struct model_config c;
    struct error err = {0};
    assert_false(read_model(&c, &err));
    assert_int_equal(err.code, code);
    for (; *words != NULL; words++) {
        if (strstr(err.message, *words) == NULL) fail_msg("no \"%s\" in: %s", *words, err.message);
    }
}

static void test_heads_of_each_layer(void **state)
{
    (void)state;
    struct model_config c;
    struct error err = {0};
    assert_true(read_model(&c, &err));
    assert_int_equal(c.n_kv_heads, 2);
    assert_int_equal(c.n_heads, 4);
}

/* An array is its type, its elements' type (4 bytes each), their number (8), then they. */
static void test_layers_that_differ(void **state)
{
    (void)state;
    *behind("llama.attention.head_count_kv", 16 + 4) = 1;
    refused(ERROR_UNSUPPORTED,
            (const char *[]){"llama.attention.head_count_kv", "2 and 1", "alike", NULL});
}

static void test_heads_that_are_no_numbers(void **state)
{
    (void)state;
    *behind("llama.attention.head_count_kv", 4) = 6; /* floats */
    refused(ERROR_BAD_FILE, (const char *[]){"llama.attention.head_count_kv", "integers", NULL});
}

/* A tensor is its number of dimensions (4 bytes), two of them (8 each), its type. */
static void test_a_type_that_is_not_read(void **state)
{
    (void)state;
    *behind("blk.1.ffn_up.weight", 4 + 16) = 19;
    refused(ERROR_UNSUPPORTED, (const char *[]){"blk.1.ffn_up.weight", "IQ1_S (19)", "F32", "Q4_K",
                                                "IQ2_XXS", "IQ3_S", NULL});
}

static void test_an_architecture_that_is_not_read(void **state)
{
    (void)state;
    memcpy(behind("general.architecture", 4 + 8), "mamba", 5);
    refused(ERROR_UNSUPPORTED, (const char *[]){"mamba", "llama", "qwen2", "deepseek2", NULL});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_heads_of_each_layer, read_golden, forget),
        cmocka_unit_test_setup_teardown(test_layers_that_differ, read_golden, forget),
        cmocka_unit_test_setup_teardown(test_heads_that_are_no_numbers, read_golden, forget),
        cmocka_unit_test_setup_teardown(test_a_type_that_is_not_read, read_golden, forget),
        cmocka_unit_test_setup_teardown(test_an_architecture_that_is_not_read, read_golden, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
