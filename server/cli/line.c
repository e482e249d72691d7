/* server/cli/line.c - see line.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/line.h"

#include <errno.h>
#include <histedit.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "base/mem.h"
#include "server/cli/keyboard.h"
#include "server/cli/stream.h"

enum { HISTORY_LINES = 1000 };

struct line {
    EditLine *edit;
    History *history;
    const char *prompt;
};

static volatile sig_atomic_t resized;

static void on_resize(int signal_number)
{
    (void)signal_number;
    resized = 1;
    keyboard_wake();
}

static void leave(void *edit)
{
    el_set(edit, EL_PREP_TERM, 0);
}

static void enter(void *edit)
{
    el_set(edit, EL_PREP_TERM, 1);
    el_set(edit, EL_REFRESH);
}

/* The next byte typed, as read() has it; signals but those that end us are heeded meanwhile. */
static ssize_t read_byte(EditLine *edit, char *out)
{
    const struct keyboard keyboard = {STDIN_FILENO, leave, enter, edit};
    enum keyboard_news news = KEYBOARD_SIGNAL;
    while (news != KEYBOARD_KEY && !stream_interrupted()) {
        bool fits = !resized;
        resized = 0; /* before: one that comes meanwhile is heeded next */
        if (!fits) el_resize(edit);
        news = keyboard_wait(&keyboard, 0);
    }
    return stream_interrupted() ? -1 : read(STDIN_FILENO, out, 1);
}

/* Is there a whole character in the *n bytes? What is no UTF-8 is passed over; the byte that shows
 * it may begin the next character. */
static bool decode(char *bytes, size_t *n, wchar_t *out)
{
    mbstate_t state = {0};
    size_t used = mbrtowc(out, bytes, *n, &state);
    if (used != (size_t)-1 && used != (size_t)-2) return true;
    if (used == (size_t)-2 && *n < MB_LEN_MAX) return false;
    bytes[0] = bytes[*n - 1];
    *n = *n > 1;
    return *n == 1 && decode(bytes, n, out);
}

/* One character for libedit, whose own reader reads on when a signal has come. 1; 0 at the end; -1:
 * interrupted. */
static int read_char(EditLine *edit, wchar_t *out)
{
    char bytes[MB_LEN_MAX];
    for (size_t n = 0;;) {
        ssize_t got = read_byte(edit, bytes + n);
        if (got < 0 && errno == EINTR && !stream_interrupted()) continue;
        if (got <= 0) return (int)got;
        n++;
        if (decode(bytes, &n, out)) return 1;
    }
}

static char *prompt_of(EditLine *edit)
{
    struct line *l = NULL;
    static char text[64];
    el_get(edit, EL_CLIENTDATA, &l);
    snprintf(text, sizeof(text), "%s", l->prompt);
    return text;
}

/* Characters are UTF-8 as everywhere here, whatever the environment forgot to say. */
static void use_utf8(void)
{
    setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0) setlocale(LC_CTYPE, "C.UTF-8");
}

struct line *line_open(const char *prompt, struct error *err)
{
    HistEvent ev;
    struct line *l = mem_new(1, sizeof(*l), err);
    if (l == NULL) return NULL;
    use_utf8();
    sigaction(SIGWINCH, &(struct sigaction){.sa_handler = on_resize}, NULL);
    l->prompt = prompt;
    l->history = history_init();
    l->edit = el_init("touchstone", stdin, stdout, stderr);
    if (l->edit == NULL || l->history == NULL) {
        line_close(l);
        error_set(err, ERROR_SYSTEM, NULL, "the terminal cannot be read");
        return NULL;
    }
    history(l->history, &ev, H_SETSIZE, HISTORY_LINES);
    history(l->history, &ev, H_SETUNIQUE, 1);
    el_set(l->edit, EL_CLIENTDATA, l);
    el_set(l->edit, EL_PROMPT, prompt_of);
    el_set(l->edit, EL_EDITOR, "emacs");
    el_set(l->edit, EL_GETCFN, read_char);
    el_set(l->edit, EL_HIST, history, l->history);
    el_set(l->edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_source(l->edit, NULL); /* ~/.editrc */
    return l;
}

void line_close(struct line *l)
{
    if (l == NULL) return;
    if (l->edit != NULL) el_end(l->edit);
    if (l->history != NULL) history_end(l->history);
    free(l);
}

/* Was something typed when the read ended? It goes. */
static bool drop_begun(struct line *l)
{
    const LineInfo *info = el_line(l->edit);
    bool begun = info->lastchar > info->buffer;
    el_reset(l->edit);
    putchar('\n');
    return begun;
}

static enum line_end read_line(struct line *l, struct span *out)
{
    for (;;) {
        int n = 0;
        HistEvent ev;
        const char *text = el_gets(l->edit, &n);
        if (text != NULL && n > 0) {
            *out = span_trim(span_of(text, (size_t)n));
            if (out->n > 0) history(l->history, &ev, H_ENTER, text);
            return LINE_READ;
        }
        if (!stream_interrupted()) return LINE_EOF;
        if (!drop_begun(l)) return LINE_INTERRUPTED;
        stream_resume();
    }
}

enum line_end line_read(struct line *l, struct span *out)
{
    keyboard_begin();
    enum line_end end = read_line(l, out);
    keyboard_end();
    return end;
}
