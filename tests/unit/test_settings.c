/* tests/unit/test_settings.c - four sources, one table, and every mistake named.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/settings.h"

enum { MAX_WORDS = 8 };

/* Read a line of words as the flags. */
static bool read_words(const char *line, struct settings *s, int *n_rest, struct error *err)
{
    static char copy[512];
    char *words[MAX_WORDS];
    int n = 0;
    snprintf(copy, sizeof(copy), "%s", line);
    for (char *w = strtok(copy, " "); w != NULL && n < MAX_WORDS; w = strtok(NULL, " ")) {
        words[n++] = w;
    }
    return settings_read(s, n, words, n_rest, err);
}

static void defaults_hold(void **state)
{
    (void)state;
    struct settings s;
    struct error err = {0};
    int rest = -1;
    assert_true(read_words("", &s, &rest, &err));
    assert_int_equal(rest, 0);
    assert_int_equal(s.port, 8080);
    assert_string_equal(s.host, "127.0.0.1");
    assert_null(s.model);
    assert_true(s.prefix_cache);
    assert_int_equal(s.max_body, 64 << 20);
    assert_int_equal(s.api_key.n, 0);
    settings_clear(&s);
}

static void later_sources_win(void **state)
{
    (void)state;
    char path[] = "/tmp/touchstone-settings-XXXXXX", line[128];
    int fd = mkstemp(path);
    static const char text[] =
        "# comment\nport = 1\nmax-queue=2\n\nhost = \"::1\"\napi-key = a, b\napi_key = c\n";
    assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    close(fd);
    setenv("TOUCHSTONE_MAX_QUEUE", "3", 1);
    setenv("TOUCHSTONE_PORT", "4", 1);
    struct settings s;
    struct error err = {0};
    int rest = 0;
    snprintf(line, sizeof(line), "--config %s --port=5 hello", path);
    assert_true(read_words(line, &s, &rest, &err));
    assert_int_equal(rest, 1);
    assert_int_equal(s.port, 5);
    assert_int_equal(s.max_queue, 3);
    assert_string_equal(s.host, "::1");
    assert_int_equal(s.api_key.n, 3);
    assert_string_equal(s.api_key.items[2], "c");
    settings_clear(&s);
    snprintf(line, sizeof(line), "--config=%s --api-key x --api-key y", path);
    assert_true(read_words(line, &s, &rest, &err));
    assert_int_equal(s.api_key.n, 2);
    settings_clear(&s);
    unsetenv("TOUCHSTONE_MAX_QUEUE");
    unsetenv("TOUCHSTONE_PORT");
    unlink(path);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *line, *in_message;
    } cases[] = {
        {"--nonsense 1", "--nonsense"},
        {"--port", "--port"},
        {"--port x", "port: \"x\""},
        {"--port 65536", "port: 65536"},
        {"--port 99999999999999999999", "port: 99999999999999999999"},
        {"--port 1.5", "port"},
        {"--max-body 1T", "max-body"},
        {"--max-body 9999999999G", "max-body"},
        {"--kv f64", "f16|f32|q8_0"},
        {"--prefix-cache=maybe", "prefix-cache"},
        {"--no-port", "--no-port"},
        {"--drain-timeout nan", "drain-timeout"},
        {"--config /nonexistent/file", "/nonexistent/file"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct settings s;
        struct error err = {0};
        int rest;
        bool ok = read_words(cases[i].line, &s, &rest, &err);
        if (ok || strstr(err.message, cases[i].in_message) == NULL) {
            fail_msg("%s: %s", cases[i].line, ok ? "accepted" : err.message);
        }
        settings_clear(&s);
    }
    setenv("TOUCHSTONE_NONSENSE", "1", 1);
    struct settings s;
    struct error err = {0};
    int rest;
    assert_false(read_words("", &s, &rest, &err));
    assert_non_null(strstr(err.message, "TOUCHSTONE_NONSENSE"));
    settings_clear(&s);
    unsetenv("TOUCHSTONE_NONSENSE");
}

static void booleans_and_sizes(void **state)
{
    (void)state;
    struct settings s;
    struct error err = {0};
    int rest;
    assert_true(read_words("--no-prefix-cache --pin-threads --kv-memory 3g --read-timeout 2.5", &s,
                           &rest, &err));
    assert_false(s.prefix_cache);
    assert_true(s.pin_threads);
    assert_int_equal(s.kv_memory, 3ll << 30);
    assert_true(s.read_timeout == 2.5);
    settings_clear(&s);
}

/* The default file, uncommented, is accepted and changes nothing. */
static void the_default_file_is_true(void **state)
{
    (void)state;
    char path[] = "/tmp/touchstone-settings-XXXXXX", line[128], text[256];
    int fd = mkstemp(path);
    FILE *all = tmpfile(), *out = fdopen(fd, "w");
    settings_print_file(all);
    rewind(all);
    while (fgets(text, sizeof(text), all) != NULL) {
        fputs(text[0] == '#' && text[1] != ' ' ? text + 1 : "\n", out);
    }
    fclose(all);
    fclose(out);
    struct settings a, b;
    struct error err = {0};
    int rest;
    snprintf(line, sizeof(line), "--config %s", path);
    if (!read_words(line, &a, &rest, &err)) fail_msg("%s", err.message);
    assert_true(read_words("", &b, &rest, &err));
    assert_int_equal(a.max_body, b.max_body);
    assert_int_equal(a.port, b.port);
    assert_string_equal(a.kv, b.kv);
    settings_clear(&a);
    settings_clear(&b);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_hold),
        cmocka_unit_test(later_sources_win),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(booleans_and_sizes),
        cmocka_unit_test(the_default_file_is_true),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
