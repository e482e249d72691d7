/* reward/sql/database.c - see database.h.
 *
 * SQLite, in a process that can do nothing but compute (confine.c), with its own limits below that:
 *
 *   memory      a hard limit on its heap; texts, blobs, statements, depths bounded by sqlite3_limit()
 *   time        a progress handler looks at the CPU clock every thousand steps of its machine
 *   authorizer  the script may make and fill tables; a query may read them and call functions. Nobody
 *               may attach files, load extensions or make virtual tables; pragmas of the script have
 *               no effect, for the scripts of .dump begin with one
 *
 * The answer is a head and the packed cells, or the message of what failed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/sql/database.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/mem.h"

enum { STEPS_BETWEEN_LOOKS = 1000, MOST_MESSAGE = 300 };

struct answer_head {
    uint32_t end, columns;
    uint64_t rows;
};

struct session {
    const struct query_order *order;
    sqlite3 *db;
    bool reading; /* the script is done */
    double end_s; /* of the CPU time for what is under way */
    bool late;
    struct buffer *out;
};

/* ---- limits ---------------------------------------------------------------------------------- */

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int look_at_clock(void *arg)
{
    struct session *s = arg;
    s->late = s->late || cpu_s() > s->end_s;
    return s->late;
}

static bool is_refused_function(const char *name)
{
    static const char *const refused[] = {"load_extension", "fts3_tokenizer", "readfile",
                                          "writefile"};
    for (size_t i = 0; name != NULL && i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (strcasecmp(name, refused[i]) == 0) return true;
    }
    return false;
}

static int authorize(void *arg, int action, const char *one, const char *two, const char *base,
                     const char *trigger)
{
    const struct session *s = arg;
    (void)one;
    (void)base;
    (void)trigger;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        return is_refused_function(two) ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA:
        return s->reading ? SQLITE_DENY : SQLITE_IGNORE;
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_CREATE_VTABLE:
    case SQLITE_DROP_VTABLE:
        return SQLITE_DENY;
    default:
        return s->reading ? SQLITE_DENY : SQLITE_OK;
    }
}

static void set_limits(struct session *s)
{
    static const struct {
        int what, most;
    } limits[] = {
        {SQLITE_LIMIT_LENGTH, 16 << 20},
        {SQLITE_LIMIT_SQL_LENGTH, 16 << 20},
        {SQLITE_LIMIT_COLUMN, ROWS_MAX_COLUMNS},
        {SQLITE_LIMIT_EXPR_DEPTH, 200},
        {SQLITE_LIMIT_COMPOUND_SELECT, 200},
        {SQLITE_LIMIT_VDBE_OP, 1000000},
        {SQLITE_LIMIT_ATTACHED, 0},
        {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 20},
        {SQLITE_LIMIT_WORKER_THREADS, 0},
    };
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        sqlite3_limit(s->db, limits[i].what, limits[i].most);
    }
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_exec(s->db, "PRAGMA temp_store=MEMORY", NULL, NULL, NULL);
    sqlite3_progress_handler(s->db, STEPS_BETWEEN_LOOKS, look_at_clock, s);
    sqlite3_set_authorizer(s->db, authorize, s);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void write_head(struct session *s, enum query_end end, int columns, uint64_t rows)
{
    struct answer_head head = {(uint32_t)end, (uint32_t)columns, rows};
    memcpy(s->out->p, &head, sizeof(head));
}

static void fail(struct session *s, enum query_end end, const char *message)
{
    s->out->n = sizeof(struct answer_head);
    write_head(s, end, 0, 0);
    if (message != NULL) buffer_addf(s->out, "%.*s", MOST_MESSAGE, message);
}

/* Is it the machine's memory that is out, and not the query's share of it? Then what is left of the
 * share cannot be had, and that is noted. */
static void note_lack_of_memory(const struct session *s)
{
    size_t used = (size_t)sqlite3_memory_used();
    free(mem_bytes(used < s->order->memory_bytes ? s->order->memory_bytes - used : 1));
}

/* SQLite has said no: for want of time, of memory, or for a reason of its own. */
static void fail_as(struct session *s, enum query_end end)
{
    int code = sqlite3_errcode(s->db);
    if (s->late || code == SQLITE_INTERRUPT) {
        fail(s, s->reading ? QUERY_TIME : QUERY_NO_DATABASE, "out of time");
    } else if (code == SQLITE_NOMEM) {
        note_lack_of_memory(s);
        fail(s, s->reading ? QUERY_MEMORY : QUERY_NO_DATABASE, "out of memory");
    } else {
        fail(s, end, sqlite3_errmsg(s->db));
    }
}

static struct cell cell_of(sqlite3_stmt *q, int column)
{
    struct cell c = {.kind = CELL_NULL};
    switch (sqlite3_column_type(q, column)) {
    case SQLITE_INTEGER:
        c.kind = CELL_INT;
        c.i = sqlite3_column_int64(q, column);
        break;
    case SQLITE_FLOAT:
        c.kind = CELL_REAL;
        c.real = sqlite3_column_double(q, column);
        break;
    case SQLITE_TEXT:
        c.kind = CELL_TEXT;
        c.bytes = span_of(sqlite3_column_text(q, column), 0);
        c.bytes.n = (size_t)sqlite3_column_bytes(q, column);
        break;
    case SQLITE_BLOB:
        c.kind = CELL_BLOB;
        c.bytes = span_of(sqlite3_column_blob(q, column), 0);
        c.bytes.n = (size_t)sqlite3_column_bytes(q, column);
        break;
    default:
        break;
    }
    return c;
}

static void add_row(struct session *s, sqlite3_stmt *q, int columns)
{
    for (int i = 0; i < columns; i++) {
        struct cell c = cell_of(q, i);
        rows_pack(s->out, &c);
    }
}

/* ---- the query ------------------------------------------------------------------------------- */

static void collect(struct session *s, sqlite3_stmt *q)
{
    int columns = sqlite3_column_count(q), status;
    uint64_t rows = 0;
    while ((status = sqlite3_step(q)) == SQLITE_ROW) {
        add_row(s, q, columns);
        rows++;
        if (s->out->failed || s->out->n > s->order->result_bytes ||
            rows * (uint64_t)columns > ROWS_MAX_CELLS) {
            fail(s, QUERY_TOO_MANY, "the result is too large");
            return;
        }
    }
    if (status == SQLITE_DONE) {
        write_head(s, QUERY_ROWS, columns, rows);
    } else {
        fail_as(s, QUERY_FAILS);
    }
}

/* Is there another statement behind the first? */
static bool is_followed(struct session *s, const char *tail, const char *end)
{
    while (tail < end) {
        sqlite3_stmt *next = NULL;
        const char *after = NULL;
        int status = sqlite3_prepare_v2(s->db, tail, (int)(end - tail), &next, &after);
        bool another = status != SQLITE_OK || next != NULL;
        sqlite3_finalize(next);
        if (another || after <= tail) return another;
        tail = after;
    }
    return false;
}

static void ask(struct session *s)
{
    struct span text = s->order->query;
    sqlite3_stmt *q = NULL;
    const char *tail = NULL;
    s->reading = true;
    s->end_s = cpu_s() + s->order->query_s;
    if (sqlite3_prepare_v2(s->db, text.p, (int)text.n, &q, &tail) != SQLITE_OK) {
        fail_as(s, QUERY_FAILS);
    } else if (q == NULL) {
        fail(s, QUERY_FAILS, "no statement");
    } else if (!sqlite3_stmt_readonly(q) || sqlite3_column_count(q) == 0) {
        fail(s, QUERY_FAILS, "the statement does not read");
    } else if (is_followed(s, tail, text.p + text.n)) {
        fail(s, QUERY_FAILS, "more than one statement");
    } else {
        collect(s, q);
    }
    sqlite3_finalize(q);
}

static bool load(struct session *s, char *script)
{
    s->end_s = cpu_s() + s->order->script_s;
    if (sqlite3_exec(s->db, script, NULL, NULL, NULL) == SQLITE_OK) return true;
    fail_as(s, QUERY_NO_DATABASE);
    return false;
}

void database_answer(const void *arg, struct buffer *out)
{
    const struct query_order *order = arg;
    struct session s = {.order = order, .out = out};
    struct answer_head none = {0};
    size_t n = order->script.n;
    buffer_add(out, &none, sizeof(none));
    sqlite3_hard_heap_limit64((sqlite3_int64)order->memory_bytes);
    char *script = sqlite3_malloc64(n + 1);
    bool ok = !out->failed && script != NULL && sqlite3_open(":memory:", &s.db) == SQLITE_OK;
    if (ok) {
        if (n > 0) memcpy(script, order->script.p, n);
        script[n] = '\0';
        set_limits(&s);
        if (load(&s, script)) ask(&s);
    } else if (!out->failed) {
        mem_note();
    }
    sqlite3_free(script);
    sqlite3_close(s.db);
}

bool database_read_answer(struct span packed, struct arena *a, struct query_answer *out)
{
    struct answer_head head;
    if (packed.n < sizeof(head)) return false;
    memcpy(&head, packed.p, sizeof(head));
    struct span rest = span_slice(packed, sizeof(head), packed.n);
    if (head.end >= QUERY_ENDS || head.rows > ROWS_MAX_CELLS) return false;
    *out = (struct query_answer){.end = (enum query_end)head.end};
    if (out->end == QUERY_ROWS) {
        return rows_read(rest, head.columns, (size_t)head.rows, a, &out->rows);
    }
    out->message = rest;
    return true;
}
