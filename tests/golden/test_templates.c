/* tests/golden/test_templates.c - the language of chat templates, case by case, against Jinja2.
 *
 * data/templates.json holds templates, contexts and what transformers made of them
 * (render_templates.py): the text, or that it was an error.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/file.h"
#include "tests/golden/template_cases.h"

static void cases(void **state)
{
    (void)state;
    struct buffer text;
    struct arena *arena = arena_new(RENDERING_LIMIT);
    buffer_init(&text, RENDERING_LIMIT);
    assert_true(file_read("tests/golden/data/templates.json", RENDERING_LIMIT, &text, NULL));
    cJSON *root = json_parse(buffer_span(&text), NULL);
    assert_non_null(root);
    int64_t now = 0;
    assert_true(json_get_int(root, "now", 0, INT64_MAX, &now, NULL));
    int n = 0, bad = 0;
    const cJSON *row;
    cJSON_ArrayForEach(row, json_get(root, "cases"))
    {
        const cJSON *source = json_get(row, "template");
        const cJSON *context =
            json_get(json_get(root, "contexts"), json_get(row, "context")->valuestring);
        bad += !renders_as(source->valuestring, json_text(source, arena), context, now,
                           json_get(row, "rendered"));
        n++;
    }
    assert_true(n > 400);
    assert_int_equal(bad, 0);
    cJSON_Delete(root);
    buffer_clear(&text);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cases)};
    return cmocka_run_group_tests_name("templates", tests, NULL, NULL);
}
