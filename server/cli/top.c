/* server/cli/top.c - touchstone top: a server's figures as they move, from its /metrics.
 *
 * On a terminal a page that is drawn again and again, until q or Ctrl-C; elsewhere a line each time, for
 * files and other programs.
 *
 * A figure is a row of the table: a level, a share, or how fast a counter grows from one look to the next.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/cli.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/cli/fetch.h"
#include "server/cli/keyboard.h"
#include "server/cli/progress.h"
#include "server/cli/stream.h"

enum { PAGE_BYTES = 16 << 20, KEPT = 40 };
enum { FIGURE_COLUMNS = 35, OTHER_ROWS = 4 }; /* of a page: before the bars; beside the figures' */

enum figure_kind { LEVEL, RATE, SHARE };

static const struct {
    const char *title, *unit;
    const char *brief; /* of its column, where there is no terminal */
    enum figure_kind kind;
    const char *key, *of; /* names of metrics; of: of a share, what it is a part of */
} figures[] = {
    {"Tokens sampled", "/s", "sampled/s", RATE, "generated_tokens_total", NULL},
    {"Prompt tokens", "/s", "prompt/s", RATE, "prompt_tokens_total", NULL},
    {"Batch", "samples", "batch", LEVEL, "sequences_running", NULL},
    {"Queue", "samples", "queue", LEVEL, "sequences_waiting", NULL},
    {"KV cache", "%", "kv%", SHARE, "kv_blocks_used", "kv_blocks"},
    {"Prefix cache", "% found", "cache%", SHARE, "cached_tokens_total", "prompt_tokens_total"},
    {"Items judged", "/s", "judged/s", RATE, "verify_items_total", NULL},
    {"Not judged", "in all", "unjudged", LEVEL, "verify_cannot_judge_total", NULL},
    {"Verifiers", "busy", "verifiers", LEVEL, "verify_workers_busy", NULL},
    {"Verdicts", "waiting", "waiting", LEVEL, "verify_waiting", NULL},
    {"Refused", "in all", "refused", LEVEL, "generations_refused_total", NULL},
};
enum { FIGURES = sizeof(figures) / sizeof(figures[0]) };

struct top {
    struct fetch_place place;
    const char *key;
    double interval;
    int64_t count; /* looks; 0: without end */
    bool drawn;    /* on a terminal */

    double now[FIGURES], before[FIGURES]; /* metrics of this look and the last; NaN: not told */
    double parts[FIGURES];                /* what shares are parts of */
    double values[FIGURES][KEPT];         /* the last ones shown, a ring */
    int64_t looks;
    double uptime;
    uint64_t looked_ns, before_ns;
};

/* ---- figures ---------------------------------------------------------------------------------- */

/* The value of touchstone_`name` in a page of metrics; NaN: it is not there. */
static double metric(const char *page, const char *name)
{
    char line[80];
    int n = snprintf(line, sizeof(line), "\ntouchstone_%s ", name);
    assert(n > 0 && (size_t)n < sizeof(line));
    const char *at = strstr(page, line);
    return at == NULL ? (double)NAN : strtod(at + n, NULL);
}

static double value_of(const struct top *t, int i)
{
    double seconds = (double)(t->looked_ns - t->before_ns) * 1e-9;
    switch (figures[i].kind) {
    case RATE:
        return t->looks > 0 ? (t->now[i] - t->before[i]) / seconds : (double)NAN;
    case SHARE:
        return t->parts[i] > 0 ? 100 * t->now[i] / t->parts[i] : (double)NAN;
    case LEVEL:
        break;
    }
    return t->now[i];
}

static bool look(struct top *t, struct error *err)
{
    struct buffer page;
    buffer_init(&page, PAGE_BYTES);
    bool ok = fetch_get(&t->place, "/metrics", t->key, &page, err);
    t->before_ns = t->looked_ns;
    t->looked_ns = clock_ns();
    t->uptime = ok ? metric(page.p, "uptime_seconds") : 0;
    for (int i = 0; ok && i < FIGURES; i++) {
        t->before[i] = t->now[i];
        t->now[i] = metric(page.p, figures[i].key);
        t->parts[i] = figures[i].of != NULL ? metric(page.p, figures[i].of) : 0;
        t->values[i][t->looks % KEPT] = value_of(t, i);
    }
    t->looks += ok;
    buffer_clear(&page);
    return ok;
}

static const char *number(double x, char out[16])
{
    if (isnan(x)) return "-";
    snprintf(out, 16, x >= 100 || x == floor(x) ? "%.0f" : "%.1f", x);
    return out;
}

/* ---- a line each time ------------------------------------------------------------------------- */

static void print_line(const struct top *t)
{
    char text[16], when[16];
    time_t now = time(NULL);
    struct tm local;
    if (t->looks == 1) printf("%-8s", "time");
    for (int i = 0; t->looks == 1 && i < FIGURES; i++) {
        printf(" %9s", figures[i].brief);
    }
    if (t->looks == 1) putchar('\n');
    strftime(when, sizeof(when), "%H:%M:%S", localtime_r(&now, &local));
    printf("%s", when);
    for (int i = 0; i < FIGURES; i++) {
        printf(" %9s", number(t->values[i][(t->looks - 1) % KEPT], text));
    }
    putchar('\n');
}

/* ---- a page ----------------------------------------------------------------------------------- */

/* The terminal's size; a usual one where it does not tell. */
static struct winsize size_of_page(void)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
        size = (struct winsize){.ws_row = 24, .ws_col = 80};
    }
    return size;
}

/* The last values, at most so many, as a row of bars, the largest of them a full one. */
static void draw_bars(const struct top *t, int i, int room)
{
    static const char *const bars[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    int64_t kept = room < KEPT ? room : KEPT, first = t->looks > kept ? t->looks - kept : 0;
    double most = figures[i].kind == SHARE ? 100 : 1e-9;
    for (int64_t k = first; k < t->looks; k++) {
        most = fmax(most, t->values[i][k % KEPT]);
    }
    for (int64_t k = first; k < t->looks; k++) {
        double x = t->values[i][k % KEPT];
        int height = isnan(x) || x <= 0 ? 0 : 1 + (int)(x / most * 7);
        fputs(bars[height > 8 ? 8 : height], stdout);
    }
}

/* No line is longer than the page is wide, nor the page higher than the terminal. */
static void draw(const struct top *t)
{
    char text[16], up[PROGRESS_TIME_BYTES];
    struct winsize size = size_of_page();
    int room = size.ws_col > FIGURE_COLUMNS ? size.ws_col - FIGURE_COLUMNS : 0;
    printf("\033[H%s:%s, up %s\033[K\n\033[K\n", t->place.host, t->place.port,
           progress_time(t->uptime, up));
    for (int i = 0; i < FIGURES && i + OTHER_ROWS < size.ws_row; i++) {
        printf("%-15s %9s %-8s ", figures[i].title,
               number(t->values[i][(t->looks - 1) % KEPT], text), figures[i].unit);
        draw_bars(t, i, room);
        printf("\033[K\n");
    }
    printf("\033[K\nq ends\033[K\033[J");
}

static void show(const struct top *t)
{
    if (t->drawn) {
        draw(t);
    } else {
        print_line(t);
    }
    fflush(stdout);
}

/* ---- the terminal ----------------------------------------------------------------------------- */

static struct termios usual;

/* Keys come one by one and unseen, on a page of its own, whose lines are cut at its edge. */
static void open_page(void *top)
{
    const struct top *t = top;
    if (!t->drawn) return;
    tcgetattr(STDIN_FILENO, &usual);
    struct termios keys = usual;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &keys);
    fputs("\033[?1049h\033[?25l\033[?7l", stdout);
}

static void close_page(void *top)
{
    const struct top *t = top;
    if (!t->drawn) return;
    fputs("\033[?7h\033[?25h\033[?1049l", stdout);
    fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSANOW, &usual);
}

/* Until it is time to look again; drawn again at once after Ctrl-Z. False: q, or a signal that ends it. */
static bool wait_for_next(struct top *t)
{
    const struct keyboard keyboard = {t->drawn ? STDIN_FILENO : -1, close_page, open_page, t};
    uint64_t until = t->looked_ns + (uint64_t)(t->interval * 1e9);
    enum keyboard_news news = KEYBOARD_SIGNAL;
    while (!stream_interrupted() && news != KEYBOARD_TIME) {
        char key = 0;
        news = keyboard_wait(&keyboard, until);
        if (news == KEYBOARD_SIGNAL && t->drawn && !stream_interrupted()) show(t);
        if (news == KEYBOARD_KEY && (read(STDIN_FILENO, &key, 1) <= 0 || key == 'q')) return false;
    }
    return !stream_interrupted();
}

static bool run(struct top *t, struct error *err)
{
    bool ok = look(t, err); /* who cannot be reached is told of on the usual page */
    if (!ok) return false;
    keyboard_begin();
    open_page(t);
    do {
        show(t);
        if (t->looks == t->count) break;
    } while (wait_for_next(t) && (ok = look(t, err)));
    close_page(t);
    keyboard_end();
    return ok;
}

/* The server that the settings tell of; one that listens everywhere is asked here. */
static void default_place(const struct server_options *o, struct fetch_place *out)
{
    bool any = strcmp(o->host, "0.0.0.0") == 0 || strcmp(o->host, "::") == 0;
    snprintf(out->host, sizeof(out->host), "%s", any ? "127.0.0.1" : o->host);
    snprintf(out->port, sizeof(out->port), "%d", o->port);
}

static bool set_up(struct top *t, const struct cli_settings *s, int n, char **args,
                   struct error *err)
{
    default_place(&s->server, &t->place);
    if (t->key == NULL && s->server.api_keys.n > 0) t->key = s->server.api_keys.items[0];
    t->drawn = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    if (!(t->interval >= 0.1 && t->interval <= 3600) || t->count < 0) {
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "--interval is from 0.1 to 3600, --count from 0");
    }
    return n == 0 || fetch_place_read(args[0], &t->place, err);
}

static const struct cli_usage usage = {
    .text = "top [http://HOST:PORT]\n\n"
            "A server's figures as they move; in a pipe a line each time. A port alone is one of "
            "this machine;\nwithout an address: where the settings host and port say.\n",
    .flag_help = "  --key KEY                    the server's key [the first of api-key]\n"
                 "  --interval X                 seconds between two looks [1]\n"
                 "  --count N                    looks; 0: until q or Ctrl-C [0]\n",
    .operands = 1,
    .one_more = "one server at a time"};

int cli_top(int n, char **args)
{
    struct top t = {.interval = 1};
    const struct cli_flag flags[] = {{"--key", .text = &t.key},
                                     {"--interval", .number = &t.interval},
                                     {"--count", .integer = &t.count},
                                     {.name = NULL}};
    struct cli_settings s;
    struct error err = {0};
    if (!cli_read(&usage, flags, &n, args, &s)) return CLI_USAGE;
    bool fits = set_up(&t, &s, n, args, &err);
    stream_init();
    stream_catch_interrupts();
    bool ok = fits && (run(&t, &err) || stream_interrupted()); /* it may have ended a look */
    int status = ok ? stream_status(cli_end_output()) : cli_fail(&err);
    cli_settings_clear(&s);
    return fits ? status : CLI_USAGE;
}
