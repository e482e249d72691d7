/* server/cli/key.c - touchstone key new: a random key, and its line for the file of keys.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <float.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "server/cli/cli.h"
#include "server/http/keys.h"

enum { RANDOM_BYTES = 32, KEY_ROOM = 3 + 2 * RANDOM_BYTES + 1 };

/* "ts-" and 256 random bits. */
static bool make_key(char out[KEY_ROOM], struct error *err)
{
    unsigned char random[RANDOM_BYTES];
    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
        return error_set(err, ERROR_SYSTEM, NULL, "the system gives no random bytes");
    }
    int n = snprintf(out, KEY_ROOM, "ts-");
    for (size_t i = 0; i < sizeof(random); i++) {
        n += snprintf(out + n, (size_t)(KEY_ROOM - n), "%02x", random[i]);
    }
    return true;
}

struct wish {
    const char *name, *scopes;
    double rate;
    int64_t concurrency;
};

/* No number that a limit may be. */
static const double no_rate = -DBL_MAX;
enum { NO_CONCURRENCY = INT_MIN };

/* What is not said is 0, no limit; who says 0 may have meant that nothing gets through. */
static void read_limits(struct wish *w)
{
    if (w->rate == 0) fputs("touchstone: --rate 0 is no limit\n", stderr);
    if (w->concurrency == 0) fputs("touchstone: --concurrency 0 is no limit\n", stderr);
    if (w->rate == no_rate) w->rate = 0;
    if (w->concurrency == NO_CONCURRENCY) w->concurrency = 0;
}

/* The line is read again as the server will: what it would refuse is refused here. */
static bool make_line(const struct wish *w, const char *text, struct buffer *line,
                      struct error *err)
{
    struct key key = {.rate = w->rate}, same;
    if (!key_read_name(span_str(w->name), &key, err)) return error_in(err, "NAME");
    if (!key_read_scopes(span_str(w->scopes), &key.scopes, err)) return error_in(err, "--scope");
    if (!(w->rate >= 0 && w->rate <= KEY_MOST_RATE) || w->concurrency < 0 ||
        w->concurrency > KEY_MOST_CONCURRENCY) {
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "--rate is from 0 to %d, --concurrency from 0 to %d", KEY_MOST_RATE,
                         KEY_MOST_CONCURRENCY);
    }
    key.concurrency = (int)w->concurrency;
    key_digest(span_str(text), key.digest);
    key_print_line(&key, line);
    return key_read_line(buffer_span(line), &same, err);
}

static bool print_key(const struct wish *w, struct error *err)
{
    char text[KEY_ROOM];
    struct buffer line;
    buffer_init(&line, 1024);
    bool fine = make_key(text, err) && make_line(w, text, &line, err);
    if (fine) printf("%s\n%.*s\n", text, (int)line.n, line.p);
    buffer_clear(&line);
    return fine;
}

int cli_key(int n, char **args)
{
    struct wish w = {.scopes = "infer", .rate = no_rate, .concurrency = NO_CONCURRENCY};
    const struct cli_flag flags[] = {{"--scope", .text = &w.scopes},
                                     {"--rate", .number = &w.rate},
                                     {"--concurrency", .integer = &w.concurrency},
                                     {.name = NULL}};
    static const struct cli_usage usage = {
        .text =
            "key new NAME [options]\n\nPrint a new API key, which is kept nowhere, and on the next "
            "line "
            "what stands for\nit in the file that serve's --api-key-file names.\n",
        .flag_help =
            "  --scope LIST                 what it is for: infer, verify, control, metrics, "
            "admin, "
            "with "
            "commas (infer)\n"
            "  --rate N                     requests that it may begin a second; 0: no limit (0)\n"
            "  --concurrency N              requests at work at a time; 0: no limit (0)\n",
        .operands = 2,
        .one_more = "one NAME expected"};
    struct cli_settings s;
    struct error err = {0};
    if (!cli_read(&usage, flags, &n, args, &s)) return CLI_USAGE;
    bool asked = n == 2 && strcmp(args[0], "new") == 0;
    if (asked) w.name = args[1];
    if (asked) read_limits(&w);
    bool fine = asked && print_key(&w, &err);
    cli_settings_clear(&s);
    if (fine) return cli_end_output();
    if (asked) return cli_fail(&err);
    fprintf(stderr, "touchstone: \"key new NAME\" expected (see touchstone key --help)\n");
    return CLI_USAGE;
}
