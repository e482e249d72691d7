/* server/cli/talk.c - see talk.h.
 *
 * A line is a question, or with a slash a command (the table below). Thoughts are shown dim and
 * apart from the answer. Of several samples the first that has not ended is shown as it comes; what
 * the others say meanwhile waits for its turn. The conversation goes on from the first.
 *
 * (1) `messages` are turns of user and assistant by turns: a question that got no answer is taken
 *     back.
 * (2) Of a sample no byte is shown twice: shown_thought and shown_answer only grow.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/talk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/emit.h"
#include "base/json.h"
#include "base/mem.h"
#include "server/cli/cli.h"
#include "server/cli/explain.h"
#include "server/cli/line.h"
#include "server/cli/stream.h"
#include "server/generate/reasoning.h"

enum { MOST_SAMPLES = 64, SAMPLE_BYTES = 64 << 20, RENDERED_BYTES = 256 << 20 };

struct said {
    struct reasoning reasoning;
    struct buffer whole;           /* as the model wrote it, thoughts and tags */
    struct buffer thought, answer; /* told apart */
    size_t shown_thought, shown_answer;
    bool ended;
};

struct talk {
    struct engine *engine;
    struct judge *judge;
    const struct talk_options *o;
    struct engine_sampling sampling;
    cJSON *messages;
    char *system; /* owned; NULL: none */
    struct said said[MOST_SAMPLES];
    int n, n_said; /* samples of the next answer; of the last one */
    int shown;     /* the sample on the terminal */
    bool colours, dim, over;
    uint64_t number; /* of the answer */
};

/* ---- showing ---------------------------------------------------------------------------------- */

static void set_dim(struct talk *t, bool dim)
{
    if (t->dim == dim) return;
    t->dim = dim;
    if (t->colours) fputs(dim ? "\033[2m" : "\033[0m", stdout);
}

/* What s has said and nobody has seen (2). */
static void show(struct talk *t, struct said *s)
{
    assert(s->shown_thought <= s->thought.n && s->shown_answer <= s->answer.n); /* (2) */
    if (s->shown_thought < s->thought.n) {
        set_dim(t, true);
        cli_put(span_slice(buffer_span(&s->thought), s->shown_thought, s->thought.n), stdout);
        s->shown_thought = s->thought.n;
    }
    if (s->shown_answer < s->answer.n) {
        set_dim(t, false);
        if (s->shown_answer == 0 && s->shown_thought > 0) fputs("\n\n", stdout);
        cli_put(span_slice(buffer_span(&s->answer), s->shown_answer, s->answer.n), stdout);
        s->shown_answer = s->answer.n;
    }
}

static void begin_shown(struct talk *t)
{
    if (t->n_said > 1) printf("%s%d of %d:\n", t->shown > 0 ? "\n\n" : "", t->shown + 1, t->n_said);
}

static void on_text(void *arg, int sample, struct span text)
{
    struct talk *t = arg;
    struct said *s = &t->said[sample];
    buffer_add_span(&s->whole, text);
    reasoning_feed(&s->reasoning, text, &s->thought, &s->answer);
    if (sample == t->shown) show(t, s);
}

static void on_end(void *arg, int sample)
{
    struct talk *t = arg;
    struct said *s = &t->said[sample];
    reasoning_end(&s->reasoning, &s->thought, &s->answer);
    s->ended = true;
    while (t->shown < t->n_said && t->said[t->shown].ended) {
        show(t, &t->said[t->shown]);
        set_dim(t, false);
        t->shown++;
        if (t->shown == t->n_said) return;
        begin_shown(t);
        show(t, &t->said[t->shown]);
    }
}

/* ---- a question ------------------------------------------------------------------------------- */

static void clear_said(struct talk *t)
{
    for (int i = 0; i < t->n_said; i++) {
        reasoning_clear(&t->said[i].reasoning);
        buffer_clear(&t->said[i].whole);
        buffer_clear(&t->said[i].thought);
        buffer_clear(&t->said[i].answer);
    }
    t->n_said = 0;
}

static void begin_said(struct talk *t, bool opened)
{
    const struct engine_info *info = engine_info(t->engine);
    enum reasoning_start start = opened ? REASONING_OPENED : REASONING_CLOSED;
    clear_said(t);
    for (int i = 0; i < t->n; i++) {
        struct said *s = &t->said[i];
        *s = (struct said){0};
        buffer_init(&s->whole, SAMPLE_BYTES);
        buffer_init(&s->thought, SAMPLE_BYTES);
        buffer_init(&s->answer, SAMPLE_BYTES);
        reasoning_init(&s->reasoning, info->think_open, info->think_close, start);
        if (opened) buffer_addf(&s->whole, "%s\n", info->think_open);
    }
    t->n_said = t->n;
    t->shown = 0;
}

static void add_message(cJSON *messages, const char *role, struct span content, struct span thought)
{
    cJSON *m = cJSON_CreateObject();
    cJSON_AddStringToObject(m, "role", role);
    json_put(m, "content", json_string(content));
    if (thought.n > 0) json_put(m, "reasoning_content", json_string(thought));
    json_put(messages, NULL, m);
}

/* The ids of the conversation so far; whether the template has opened the thoughts. */
static bool make_prompt(struct talk *t, struct tokens *ids, bool *opened, struct error *err)
{
    const char *open = engine_info(t->engine)->think_open;
    struct buffer text;
    const cJSON *m;
    mem_forget();
    cJSON *all = cJSON_CreateArray();
    if (t->system != NULL) add_message(all, "system", span_str(t->system), span_of(NULL, 0));
    cJSON_ArrayForEach(m, t->messages)
    {
        json_put(all, NULL, cJSON_Duplicate(m, true));
    }
    buffer_init(&text, RENDERED_BYTES);
    bool ok = !mem_ran_out() || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    ok = ok && engine_render_chat(t->engine, NULL, all, NULL, NULL, true, &text, err) &&
         engine_tokenize(t->engine, buffer_span(&text), false, true, ids, err);
    *opened = ok && open != NULL && span_ends(span_trim(buffer_span(&text)), span_str(open));
    buffer_clear(&text);
    cJSON_Delete(all);
    return ok;
}

static void take_seed(struct talk *t)
{
    t->sampling.seed = t->o->sampling->seed + t->number++;
    if (!t->o->random) return;
    if (getrandom(&t->sampling.seed, sizeof(uint64_t), 0) < 0) t->sampling.seed = clock_ns();
}

static bool generate(struct talk *t, struct error *err)
{
    struct tokens ids = {0};
    const struct stream_ears ears = {on_text, on_end, t};
    bool opened = false;
    int n_tokens = 0;
    uint64_t started = clock_ns();
    bool ok = make_prompt(t, &ids, &opened, err);
    if (ok) begin_said(t, opened);
    take_seed(t);
    struct engine_request r = {
        .id = t->number, .ids = ids.ids, .n_ids = ids.n, .n = t->n, .sampling = t->sampling};
    if (ok) begin_shown(t);
    ok = ok && stream_run(t->engine, &r, &ears, &n_tokens, err);
    set_dim(t, false);
    double seconds = (double)(clock_ns() - started) * 1e-9;
    if (n_tokens > 0) putchar('\n');
    if (ok && t->o->verbose) {
        fprintf(stderr, "%zu prompt tokens, %d generated in %.2f s (%.1f tokens/s)\n", ids.n,
                n_tokens, seconds, (double)n_tokens / seconds);
    }
    tokens_clear(&ids);
    return ok;
}

static void take_back(struct talk *t)
{
    cJSON_DeleteItemFromArray(t->messages, cJSON_GetArraySize(t->messages) - 1);
}

static void ask(struct talk *t, struct span question)
{
    struct error err = {0};
    assert(cJSON_GetArraySize(t->messages) % 2 == 0); /* (1) */
    add_message(t->messages, "user", question, span_of(NULL, 0));
    bool ok = generate(t, &err);
    bool lost = ok && (t->said[0].thought.failed || t->said[0].answer.failed || mem_ran_out());
    if (lost) error_set(&err, ERROR_NO_MEMORY, NULL, "out of memory for the answer");
    if (err.code != ERROR_NONE) {
        printf("%s\n", err.message);
        take_back(t);
    } else {
        add_message(t->messages, "assistant", buffer_span(&t->said[0].answer),
                    buffer_span(&t->said[0].thought));
    }
    stream_resume(); /* Ctrl-C has ended the answer, not the conversation */
}

/* ---- commands --------------------------------------------------------------------------------- */

static void do_system(struct talk *t, struct span text)
{
    free(t->system);
    t->system = text.n > 0 ? mem_text(text, NULL) : NULL;
    puts(t->system != NULL ? "from now on with this system message" : "no system message");
}

static void do_reset(struct talk *t, struct span text)
{
    (void)text;
    cJSON_Delete(t->messages);
    t->messages = cJSON_CreateArray();
    clear_said(t);
    puts("a new conversation");
}

static void do_number(struct talk *t, struct span text)
{
    char *end = NULL;
    long n = strtol(text.p, &end, 10);
    if (text.n == 0 || end != text.p + text.n || n < 1 || n > MOST_SAMPLES) {
        printf("samples of an answer: 1 to %d\n", MOST_SAMPLES);
        return;
    }
    t->n = (int)n;
    printf("%d %s of each answer\n", t->n, t->n == 1 ? "sample" : "samples");
    bool alike = t->n > 1 && t->sampling.temperature == 0.0f;
    if (alike) puts("at temperature 0 they are all alike: /temperature 1");
}

static void do_temperature(struct talk *t, struct span text)
{
    char *end = NULL;
    float x = strtof(text.p, &end);
    if (text.n == 0 || end != text.p + text.n || !(x >= 0 && x <= 100)) {
        puts("a temperature: 0 to 100");
        return;
    }
    t->sampling.temperature = x;
    printf("temperature %g\n", (double)x);
}

/* The samples as lines of items, all with this answer. */
static void write_items(const struct talk *t, struct span gold, struct buffer *out)
{
    for (int i = 0; i < t->n_said; i++) {
        emit_object(out, NULL);
        emit_int(out, "id", i + 1);
        emit_text(out, "completion", buffer_span(&t->said[i].whole));
        emit_text(out, "answer", gold);
        emit_array(out, "rewards");
        emit_json(out, NULL, span_str("{\"name\":\"accuracy\",\"explain\":true}"));
        emit_close(out, ']');
        emit_close(out, '}');
        buffer_add_char(out, '\n');
    }
}

/* One line of several: "3: correct, 42". */
static void show_verdict(struct span line)
{
    struct error err = {0};
    cJSON *result = json_parse(line, &err);
    const cJSON *part = json_get(json_get(result, "details"), "accuracy");
    const cJSON *verdict = json_get(part, "verdict"), *read = json_get(part, "extracted");
    printf("%3.0f: %s, ", json_get(result, "id") != NULL ? json_get(result, "id")->valuedouble : 0,
           cJSON_IsString(verdict) ? verdict->valuestring : "not judged");
    cli_put(span_str(cJSON_IsString(read) ? read->valuestring : "no answer was read"), stdout);
    putchar('\n');
    cJSON_Delete(result);
}

static void show_results(const struct talk *t, struct span results, const struct judge_summary *sum)
{
    while (results.n > 0) {
        size_t end = span_find(results, span_str("\n"), 0);
        size_t n = end == SPAN_NONE ? results.n : end;
        struct span line = span_slice(results, 0, n);
        if (t->n_said == 1) {
            explain_result(line, stdout);
        } else {
            show_verdict(line);
        }
        results = span_slice(results, n < results.n ? n + 1 : n, results.n);
    }
    if (t->n_said > 1) printf("%llu of %d correct\n", (unsigned long long)sum->correct, t->n_said);
}

static void judge(const struct talk *t, const struct buffer *items)
{
    struct error err = {0};
    struct judge_summary sum = {0};
    char *results = NULL;
    size_t n = 0;
    FILE *in = fmemopen(items->p, items->n, "r"), *out = open_memstream(&results, &n);
    const struct judge_file file = {.in = in, .out = out, .threads = 1};
    bool ok = in != NULL && out != NULL && judge_lines(t->judge, &file, &sum, &err);
    if (in != NULL) fclose(in);
    if (out != NULL) fclose(out);
    if (ok) show_results(t, span_of(results, n), &sum);
    if (!ok) printf("%s\n", err.code == ERROR_NONE ? "out of memory" : err.message);
    free(results);
}

static void do_verify(struct talk *t, struct span gold)
{
    struct buffer items;
    if (t->n_said == 0 || gold.n == 0) {
        puts(gold.n == 0 ? "the right answer: /verify 42" : "there is no answer to judge yet");
        return;
    }
    buffer_init(&items, (size_t)MOST_SAMPLES * SAMPLE_BYTES);
    write_items(t, gold, &items);
    if (items.failed) {
        puts("out of memory");
    } else {
        judge(t, &items);
    }
    buffer_clear(&items);
}

static void do_quit(struct talk *t, struct span text)
{
    (void)text;
    t->over = true;
}

static void do_help(struct talk *t, struct span text);

static const struct {
    const char *name;
    void (*run)(struct talk *t, struct span text);
    const char *takes, *help;
} commands[] = {
    {"system", do_system, "TEXT", "what the model is told first; without TEXT nothing"},
    {"n", do_number, "N", "samples of each answer; the conversation goes on from the first"},
    {"temperature", do_temperature, "X", "0: the most probable token each time"},
    {"verify", do_verify, "ANSWER", "is the last answer right? what was read, tried and decided"},
    {"reset", do_reset, "", "forget the conversation"},
    {"help", do_help, "", "this"},
    {"quit", do_quit, "", "as Ctrl-D"},
};
enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void do_help(struct talk *t, struct span text)
{
    (void)t;
    (void)text;
    for (int i = 0; i < N_COMMANDS; i++) {
        printf("  /%-12s%-8s%s\n", commands[i].name, commands[i].takes, commands[i].help);
    }
    puts("Ctrl-C ends an answer, and where nothing is typed the conversation.");
}

static void command(struct talk *t, struct span line)
{
    size_t n = 1;
    while (n < line.n && line.p[n] != ' ' && line.p[n] != '\t') {
        n++;
    }
    struct span name = span_slice(line, 1, n), rest = span_trim(span_slice(line, n, line.n));
    for (int i = 0; i < N_COMMANDS; i++) {
        if (!span_is(name, commands[i].name)) continue;
        commands[i].run(t, rest);
        return;
    }
    printf("there is no /%.*s; /help lists what there is\n", (int)name.n, name.p);
}

/* ---- the conversation ------------------------------------------------------------------------- */

static void converse(struct talk *t, struct line *lines)
{
    struct span line;
    enum line_end end = LINE_READ;
    while (!t->over && (end = line_read(lines, &line)) == LINE_READ) {
        if (line.n == 0) continue;
        if (line.p[0] == '/') {
            command(t, line);
        } else {
            ask(t, line);
        }
        fflush(stdout);
    }
    if (end == LINE_EOF) putchar('\n');
}

/* Are escapes welcome on this terminal? Source: no-color.org. */
static bool takes_colours(void)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    bool dumb = term == NULL || strcmp(term, "dumb") == 0;
    return isatty(STDOUT_FILENO) && !dumb && (no == NULL || *no == '\0');
}

bool talk(struct engine *e, struct judge *judge, const struct talk_options *o, struct error *err)
{
    const struct engine_info *info = engine_info(e);
    if (!info->has_chat_template) {
        return error_set(err, ERROR_MISSING_FIELD, NULL,
                         "this model has no chat template to converse by: give it a prompt");
    }
    struct talk *t = mem_new(1, sizeof(*t), err);
    struct line *lines = t != NULL ? line_open("> ", err) : NULL;
    if (lines != NULL) {
        t->engine = e;
        t->judge = judge;
        t->o = o;
        t->sampling = *o->sampling;
        t->messages = cJSON_CreateArray();
        t->system = o->system != NULL ? mem_text(span_str(o->system), NULL) : NULL;
        t->n = 1;
        t->colours = takes_colours();
        printf("%s. /help lists what there is beside questions; Ctrl-D ends.\n", info->name);
        converse(t, lines);
        clear_said(t);
        cJSON_Delete(t->messages);
        free(t->system);
    }
    bool ok = lines != NULL;
    line_close(lines);
    free(t);
    return ok;
}
