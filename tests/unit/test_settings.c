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

#include "server/cli/cli.h"

enum { MAX_WORDS = 8 };

/* Read a line of words as the flags. */
static bool read_words(const char *line, struct cli_settings *s, int *n_rest, struct error *err)
{
    static char copy[512];
    char *words[MAX_WORDS];
    int n = 0;
    snprintf(copy, sizeof(copy), "%s", line);
    for (char *w = strtok(copy, " "); w != NULL && n < MAX_WORDS; w = strtok(NULL, " ")) {
        words[n++] = w;
    }
    *n_rest = n;
    return cli_settings_read(s, true, n_rest, words, err);
}

static void defaults_hold(void **state)
{
    (void)state;
    struct cli_settings s;
    struct error err = {0};
    int rest = -1;
    assert_true(read_words("", &s, &rest, &err));
    assert_int_equal(rest, 0);
    assert_int_equal(s.server.port, 8080);
    assert_string_equal(s.server.host, "127.0.0.1");
    assert_null(s.engine.model_path);
    assert_true(s.engine.prefix_cache);
    assert_int_equal(s.server.max_body_bytes, 64 << 20);
    assert_int_equal(s.server.api_keys.n, 0);
    cli_settings_clear(&s);
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
    struct cli_settings s;
    struct error err = {0};
    int rest = 0;
    snprintf(line, sizeof(line), "--config %s --port=5 hello", path);
    assert_true(read_words(line, &s, &rest, &err));
    assert_int_equal(rest, 1);
    assert_int_equal(s.server.port, 5);
    assert_int_equal(s.engine.max_queue, 3);
    assert_string_equal(s.server.host, "::1");
    assert_int_equal(s.server.api_keys.n, 3);
    assert_string_equal(s.server.api_keys.items[2], "c");
    cli_settings_clear(&s);
    snprintf(line, sizeof(line), "--config=%s --api-key x --api-key y", path);
    assert_true(read_words(line, &s, &rest, &err));
    assert_int_equal(s.server.api_keys.n, 2);
    cli_settings_clear(&s);
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
        {"--api-key=", "api-key is empty"},
        {"--api-key a --api-key ,", "api-key is empty"},
        {"--drain-timeout nan", "drain-timeout"},
        {"--config /nonexistent/file", "/nonexistent/file"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct cli_settings s;
        struct error err = {0};
        int rest;
        bool ok = read_words(cases[i].line, &s, &rest, &err);
        if (ok || strstr(err.message, cases[i].in_message) == NULL) {
            fail_msg("%s: %s", cases[i].line, ok ? "accepted" : err.message);
        }
        cli_settings_clear(&s);
    }
    setenv("TOUCHSTONE_NONSENSE", "1", 1);
    struct cli_settings s;
    struct error err = {0};
    int rest;
    assert_false(read_words("", &s, &rest, &err));
    assert_non_null(strstr(err.message, "TOUCHSTONE_NONSENSE"));
    cli_settings_clear(&s);
    unsetenv("TOUCHSTONE_NONSENSE");
    setenv("TOUCHSTONE_API_KEY", "", 1);
    assert_false(read_words("", &s, &rest, &err));
    assert_string_equal(err.param, "api-key");
    cli_settings_clear(&s);
    unsetenv("TOUCHSTONE_API_KEY");
}

static void booleans_and_sizes(void **state)
{
    (void)state;
    struct cli_settings s;
    struct error err = {0};
    int rest;
    assert_true(read_words("--no-prefix-cache --pin-threads --kv-memory 3g --read-timeout 2.5", &s,
                           &rest, &err));
    assert_false(s.engine.prefix_cache);
    assert_true(s.engine.pin_threads);
    assert_int_equal(s.engine.kv_bytes, 3ll << 30);
    assert_true(s.server.read_timeout_ms == 2500);
    cli_settings_clear(&s);
}

/* Kubernetes tells every pod of a namespace where its services are: one may be called touchstone. */
static void a_service_of_our_name_changes_nothing(void **state)
{
    static const char *const names[] = {
        "TOUCHSTONE_SERVICE_HOST", "TOUCHSTONE_SERVICE_PORT",  "TOUCHSTONE_SERVICE_PORT_HTTP",
        "TOUCHSTONE_PORT",         "TOUCHSTONE_PORT_8080_TCP", "TOUCHSTONE_PORT_8080_TCP_ADDR"};
    enum { N = sizeof(names) / sizeof(names[0]) };
    (void)state;
    struct cli_settings s;
    struct error err = {0};
    int rest;
    for (int i = 0; i < N; i++) {
        setenv(names[i], i == 3 ? "tcp://10.0.0.7:8080" : "10.0.0.7", 1);
    }
    bool ok = read_words("--log-level off", &s, &rest, &err);
    if (!ok) fail_msg("%s", err.message);
    assert_int_equal(s.server.port, 8080);
    cli_settings_clear(&s);
    for (int i = 0; i < N; i++) {
        unsetenv(names[i]);
    }
    setenv("TOUCHSTONE_PORTS", "1", 1); /* no service's, but a slip */
    assert_false(read_words("", &s, &rest, &err));
    cli_settings_clear(&s);
    unsetenv("TOUCHSTONE_PORTS");
}

/* The default file, uncommented, is accepted and changes nothing. */
static void the_default_file_is_true(void **state)
{
    (void)state;
    char path[] = "/tmp/touchstone-settings-XXXXXX", line[128], text[256];
    int fd = mkstemp(path);
    FILE *all = tmpfile(), *out = fdopen(fd, "w");
    cli_settings_print_file(all);
    rewind(all);
    while (fgets(text, sizeof(text), all) != NULL) {
        fputs(text[0] == '#' && text[1] != ' ' ? text + 1 : "\n", out);
    }
    fclose(all);
    fclose(out);
    struct cli_settings a, b;
    struct error err = {0};
    int rest;
    snprintf(line, sizeof(line), "--config %s", path);
    if (!read_words(line, &a, &rest, &err)) fail_msg("%s", err.message);
    assert_true(read_words("", &b, &rest, &err));
    assert_int_equal(a.server.max_body_bytes, b.server.max_body_bytes);
    assert_int_equal(a.server.port, b.server.port);
    assert_int_equal(a.engine.kv, b.engine.kv);
    cli_settings_clear(&a);
    cli_settings_clear(&b);
    unlink(path);
}

/* Whoever runs this may have some in the environment. */
static void forget_own_settings(void)
{
    char name[128];
    for (char **e = environ; *e != NULL;) {
        if (strncmp(*e, "TOUCHSTONE_", strlen("TOUCHSTONE_")) == 0) {
            snprintf(name, sizeof(name), "%.*s", (int)strcspn(*e, "="), *e);
            unsetenv(name);
            e = environ;
        } else {
            e++;
        }
    }
}

int main(void)
{
    forget_own_settings();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_hold),
        cmocka_unit_test(later_sources_win),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(booleans_and_sizes),
        cmocka_unit_test(a_service_of_our_name_changes_nothing),
        cmocka_unit_test(the_default_file_is_true),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
