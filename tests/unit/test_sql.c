/* tests/unit/test_sql.c - the reward sql through a judge: what is the same, what may not be done, and
 * what the walls hold.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/judging.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reward/sql/confine.h"
#include "reward/sql/query_text.h"
#include "reward/sql/tables.h"

struct example {
    const char *name, *query, *options, *item, *holds;
};

#define SCRIPT \
    "\"database\":\"CREATE TABLE t(id INTEGER, name TEXT, x REAL);" \
    "INSERT INTO t VALUES(1,'a',0.5),(2,'b',NULL),(3,'a',0.30000000001);\""
#define GOLD(query) SCRIPT ",\"answer\":\"" query "\""
#define RIGHT "\"cause\":\"same_rows\""
#define WRONG "\"cause\":\"other_rows\""
#define FAILS "\"cause\":\"query_fails\""
#define TABLES \
    "\"database\":{\"pets\":{\"columns\":[\"name\",\"the age\"],\"rows\":[[\"Tom's\",3],[null," \
    "2.5]]},\"owners\":[{\"id\":1,\"ok\":true},{\"id\":2}]}"
/* 6,000 rows of eleven columns, of which the last may be another's. */
#define ELEVEN(last) \
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n<6000) " \
    "SELECT n,n,n,n,n,n,n,n,n,n," last " FROM c"
#define ENDLESS "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c) "

/* clang-format off */
static const struct example examples[] = {
    {"the same", "select t.name from t", "", GOLD("SELECT name FROM t"), RIGHT},
    {"another order", "select name from t order by id desc", "", GOLD("SELECT name FROM t"), RIGHT},
    {"an order that counts", "select id from t order by id desc", "", GOLD("SELECT id FROM t ORDER BY id"), WRONG},
    {"an order inside brackets does not", "select id from t order by id desc", "", GOLD("SELECT id FROM (SELECT id FROM t ORDER BY id)"), RIGHT},
    {"nor one in a text", "select id, 'ORDER BY' from t order by id desc", "", GOLD("SELECT id, 'ORDER BY' FROM t /* ORDER BY */ -- ORDER BY"), RIGHT},
    {"an order always", "select id from t order by id desc", ",\"compare\":\"ordered\"", GOLD("SELECT id FROM t"), WRONG},
    {"rows as often", "select distinct name from t", "", GOLD("SELECT name FROM t"), WRONG},
    {"as a set", "select distinct name from t", ",\"compare\":\"bird\"", GOLD("SELECT name FROM t ORDER BY id"), RIGHT},
    {"as a set, one row missing", "select distinct name from t where id > 1 and name != 'a'", ",\"compare\":\"bird\"", GOLD("SELECT name FROM t"), WRONG},
    {"columns", "select name, id from t", "", GOLD("SELECT id, name FROM t"), WRONG},
    {"columns in any order", "select name, x, id from t", ",\"compare\":\"spider\"", GOLD("SELECT id, x, name FROM t"), RIGHT},
    {"columns in any order, rows torn", "select name, 4 - id from t", ",\"compare\":\"spider\"", GOLD("SELECT id, name FROM t WHERE id < 3 UNION ALL SELECT 3, 'b'"), WRONG},
    {"ten columns alike and one that is wrong", "SELECT 1,1,1,1,1,1,1,1,1,1,3", ",\"compare\":\"spider\"", GOLD("SELECT 1,1,1,1,1,1,1,1,1,1,2"), WRONG},
    {"columns alike, one too many of a kind", "SELECT 1,1,1,1,1,1,1,1,1,1,2,2", ",\"compare\":\"spider\"", GOLD("SELECT 1,1,1,1,1,1,1,1,1,1,1,2"), WRONG},
    {"eleven columns alike, rows torn", ELEVEN("CASE n WHEN 1 THEN 2 WHEN 2 THEN 1 ELSE n END"), ",\"compare\":\"spider\"", GOLD(ELEVEN("n")), WRONG},
    {"a column too many", "select name, id, 1 from t", ",\"compare\":\"spider\"", GOLD("SELECT id, name FROM t"), WRONG},
    {"NULL is itself", "select x, id from t where x is null", "", GOLD("SELECT NULL, 2"), RIGHT},
    {"NULL is not 0", "select coalesce(x, 0) from t", "", GOLD("SELECT x FROM t"), WRONG},
    {"a text is no number", "select '1'", "", GOLD("SELECT 1"), WRONG},
    {"1 is 1.0", "select 1.0", "", GOLD("SELECT 1"), RIGHT},
    {"fractions are near", "select x from t where id = 3", ",\"rel_tol\":1e-6", GOLD("SELECT 0.3"), RIGHT},
    {"and not nearer than asked", "select x from t where id = 3", ",\"rel_tol\":0,\"abs_tol\":0", GOLD("SELECT 0.3"), WRONG},
    {"long whole numbers are exact", "select 9007199254740993", "", GOLD("SELECT 9007199254740992"), WRONG},
    {"any of the golds", "select 2", "", SCRIPT ",\"answer\":[\"SELECT 1\",\"SELECT 2\"]", RIGHT},
    {"Spider's row", "select count(*) from t", "", SCRIPT ",\"query\":\"SELECT count(*) FROM t\"", RIGHT},
    {"BIRD's row", "select count(*) from t", "", SCRIPT ",\"SQL\":\"SELECT count(*) FROM t\"", RIGHT},
    {"tables as JSON", "select name, `the age` from pets where name = 'Tom''s' union all select id, ok from owners", "", TABLES ",\"answer\":\"SELECT 'Tom''s', 3 UNION ALL SELECT 1, 1 UNION ALL SELECT 2, NULL\"", RIGHT},
    {".dump begins with a pragma", "select 1", "", "\"database\":\"PRAGMA foreign_keys=OFF;BEGIN TRANSACTION;CREATE TABLE t(a);COMMIT;\",\"answer\":\"SELECT 1\"", RIGHT},
    {"several scripts", "select a from t", "", "\"database\":[\"CREATE TABLE t(a)\",\"INSERT INTO t VALUES(7)\"],\"answer\":\"SELECT 7\"", RIGHT},
    {"no query", "", "", GOLD("SELECT 1"), "\"cause\":\"no_query\""},
    {"no such column", "select nope from t", "", GOLD("SELECT 1"), FAILS},
    {"a gold that fails", "select 1", "", GOLD("SELECT nope FROM t"), "\"reward\":null"},
    {"a gold that fails beside an answer that does", "select nope", "", GOLD("SELECT nope FROM t"), "\"cause\":\"gold_fails\""},
    {"a database that fails", "select 1", "", "\"database\":\"CREATE TABLE\",\"answer\":\"SELECT 1\"", "\"cause\":\"database_fails\""},
    {"a database without end", "select 1", ",\"script_s\":0.2", "\"database\":\"CREATE TABLE t(a);INSERT INTO t " ENDLESS "SELECT n FROM c\",\"answer\":\"SELECT 1\"", "\"cause\":\"database_fails\""},
    {"no database", "select 1", "", "\"answer\":\"SELECT 1\"", "\"param\":\"items[0].database\""},
    {"a table of another shape", "select 1", "", "\"database\":{\"t\":[1]},\"answer\":\"SELECT 1\"", "\"param\":\"items[0].database.t\""},
    {"a row of another length", "select 1", "", "\"database\":{\"t\":{\"columns\":[\"a\"],\"rows\":[[1],[1,2]]}},\"answer\":\"SELECT 1\"", "\"param\":\"items[0].database.t.rows[1]\""},
    {"a NUL in a script", "select 1", "", "\"database\":\"CREATE TABLE t(a);\\u0000INSERT INTO t VALUES(1)\",\"answer\":\"SELECT 1\"", "\"param\":\"items[0].database\""},
    {"a NUL in one of several", "select 1", "", "\"database\":[\"CREATE TABLE t(a)\",\"INSERT INTO t VALUES('\\u0000')\"],\"answer\":\"SELECT 1\"", "\"param\":\"items[0].database[1]\""},
    {"a script that is none", "select 1", "", "\"database\":[\"CREATE TABLE t(a)\",1],\"answer\":\"SELECT 1\"", "\"param\":\"items[0].database[1]\""},
    {"a NUL in a cell", "select 1", "", "\"database\":{\"t\":{\"columns\":[\"a\"],\"rows\":[[\"x\"],[\"x\\u0000y\"]]}},\"answer\":\"SELECT 1\"", "\"param\":\"items[0].database.t.rows[1]\""},
    {"a NUL in an object's cell", "select 1", "", "\"database\":{\"t\":[{\"a\":1},{\"a\":\"x\\u0000y\"}]},\"answer\":\"SELECT 1\"", "\"param\":\"items[0].database.t[1]\""},
    {"a NUL in a column's name", "select 1", "", "\"database\":{\"t\":{\"columns\":[\"a\\u0000\"],\"rows\":[]}},\"answer\":\"SELECT 1\"", "\"param\":\"items[0].database.t.columns\""},
    {"a NUL in an object's column", "select 1", "", "\"database\":{\"t\":[{\"a\\u0000\":1}]},\"answer\":\"SELECT 1\"", "\"param\":\"items[0].database.t[0]\""},
    {"a NUL in a table's name", "select 1", "", "\"database\":{\"t\\u0000\":{\"columns\":[\"a\"],\"rows\":[]}},\"answer\":\"SELECT 1\"", "a table's name must not hold U+0000"},
    {"a NUL in the gold", "select 1", "", "\"database\":\"\",\"answer\":[\"SELECT 1\",\"SELECT 1\\u0000, 2\"]", "\"param\":\"items[0].answer\""},
    {"objects whose members stand in another order", "select b, a from t", "", "\"database\":{\"t\":[{\"a\":1,\"b\":2},{\"b\":3,\"c\":9},{\"b\":5,\"a\":null}]},\"answer\":\"SELECT 2, 1 UNION ALL SELECT 3, NULL UNION ALL SELECT 5, NULL\"", RIGHT},
    /* hostile */
    {"a query without end", ENDLESS "SELECT count(*) FROM c", ",\"timeout_s\":0.2", GOLD("SELECT 1"), "\"cause\":\"query_time\""},
    {"a result without end", ENDLESS "SELECT n FROM c", "", GOLD("SELECT 1"), "\"cause\":\"result_too_large\""},
    {"texts that double", "WITH RECURSIVE c(s) AS (SELECT 'aaaaaaaa' UNION ALL SELECT s||s FROM c) SELECT s FROM c", "", GOLD("SELECT 1"), "\"reward\":0,"},
    {"a large blob", "SELECT length(zeroblob(1000000000))", "", GOLD("SELECT 1"), FAILS},
    {"a large text", "SELECT length(printf('%.*c', 1000000000, 'x'))", "", GOLD("SELECT 1000000000"), "\"reward\":0,"},
    {"memory", ENDLESS "SELECT count(*) FROM (SELECT n, randomblob(100) AS b FROM c ORDER BY b)", ",\"memory_mb\":8,\"timeout_s\":20", GOLD("SELECT 1"), "\"cause\":\"query_memory\""},
    {"attaching a file", "ATTACH '/etc/passwd' AS y", "", GOLD("SELECT 1"), "not authorized"},
    {"writing a file", "VACUUM INTO '/tmp/x'", "", GOLD("SELECT 1"), FAILS},
    {"an extension", "SELECT load_extension('x')", "", GOLD("SELECT 1"), "not authorized"},
    {"a pragma", "PRAGMA journal_mode", "", GOLD("SELECT 1"), "not authorized"},
    {"a pragma as a table", "SELECT * FROM pragma_database_list", "", GOLD("SELECT 1"), FAILS},
    {"a virtual table", "select 1", "", "\"database\":\"CREATE VIRTUAL TABLE v USING fts4(a)\",\"answer\":\"SELECT 1\"", "\"cause\":\"database_fails\""},
    {"changing the rows", "DELETE FROM t", "", GOLD("SELECT 1"), FAILS},
    {"two statements", "SELECT 1; DROP TABLE t", "", GOLD("SELECT 1"), FAILS},
    {"a stop and a comment at the end", "SELECT 1; -- done\n;", "", GOLD("SELECT 1"), RIGHT},
};
/* clang-format on */

static void test_examples(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        const struct example *e = &examples[i];
        char text[1024];
        int n = snprintf(text, sizeof(text), "<think>```sql\nSELECT 9\n```</think>So:\n");
        if (e->query[0] != '\0') {
            snprintf(text + n, sizeof(text) - (size_t)n, "```sql\n%s\n```", e->query);
        }
        char *reply = ask_about("sql", e->name, text, e->options, e->item);
        if (strstr(reply, e->holds) == NULL) {
            print_message("%s:\n  %s\nwants %s\n", e->name, reply, e->holds);
            failed++;
        }
        free(reply);
    }
    assert_int_equal(failed, 0);
}

/* Objects of 40,000 members each: time by the square of that would be seconds. */
static void test_wide_objects(void **state)
{
    (void)state;
    struct buffer text;
    struct error err = {0};
    struct span script;
    struct arena *a = arena_new(64 << 20);
    buffer_init(&text, 1 << 24);
    buffer_add_str(&text, "{\"t\":[{\"x\":0");
    for (int row = 0; row < 2; row++) {
        for (int i = 0; i < 40000; i++) {
            buffer_addf(&text, ",\"c%d\":%d", i, row);
        }
        buffer_add_str(&text, row == 0 ? "},{\"x\":2" : "}]}");
    }
    cJSON *database = json_parse(buffer_span(&text), &err);
    assert_non_null(database);
    assert_true(tables_script(database, a, &script, &err));
    assert_true(span_ends(script, span_str(",1,1,1);\n")));
    cJSON_Delete(database);
    buffer_clear(&text);
    arena_free(a);
}

/* ---- where the query stands ------------------------------------------------------------------ */

static void test_finding(void **state)
{
    (void)state;
    static const struct {
        const char *text, *query;
    } cases[] = {
        {"```sql\nSELECT 1\n```\nthen\n```sqlite\nSELECT 2;\n```", "SELECT 2;"},
        {"```\nSELECT 1\n```", "SELECT 1"},
        {"```python\nx\n```", NULL},
        {"```sql\nSELECT 1\n```\n```\nrows\n```", "SELECT 1"},
        {"<answer>```sql\nSELECT 1\n```</answer> ```sql\nSELECT 2\n```", "SELECT 1"},
        {"<answer> SELECT 3 </answer>", "SELECT 3"},
        {"<solution>SELECT 4</solution>", "SELECT 4"},
        {"  with c as (select 1) select * from c ", "with c as (select 1) select * from c"},
        {"I would select 1.", NULL},
        {"```sql\nSELECT 1", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct span q = query_find(span_str(cases[i].text));
        if (cases[i].query == NULL) {
            assert_null(q.p);
        } else {
            assert_true(span_is(q, cases[i].query));
        }
    }
}

/* ---- the walls ------------------------------------------------------------------------------- */

/* A letter for each thing that could be done. */
static void try_everything(const void *arg, struct buffer *out)
{
    (void)arg;
    if (open("/dev/null", O_RDONLY) >= 0) buffer_add_char(out, 'o');
    if (socket(AF_UNIX, SOCK_STREAM, 0) >= 0) buffer_add_char(out, 's');
    if (fork() >= 0) buffer_add_char(out, 'f');
    if (kill(getppid(), 0) == 0) buffer_add_char(out, 'k');
    if (dup(3) >= 0) buffer_add_char(out, 'd');
    if (write(2, "x", 1) > 0) buffer_add_char(out, 'w');
    if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED) {
        buffer_add_char(out, 'x');
    }
    static char page[8192];
    void *aligned = (void *)(((uintptr_t)page + 4095) & ~(uintptr_t)4095);
    if (mprotect(aligned, 4096, PROT_READ | PROT_EXEC) == 0) buffer_add_char(out, 'p');
    if (execl("/bin/true", "true", (char *)NULL) == 0 || errno != EPERM) buffer_add_char(out, 'e');
    buffer_add_char(out, '.');
}

static void work_forever(const void *arg, struct buffer *out)
{
    (void)arg;
    for (volatile bool on = true; on;) {
        out->n = 0;
    }
}

static void crash(const void *arg, struct buffer *out)
{
    (void)arg;
    (void)out;
    raise(SIGABRT); /* refused: */
    __builtin_trap();
}

static void write_much(const void *arg, struct buffer *out)
{
    for (int i = 0; i < 1000; i++) {
        buffer_add(out, arg, 1000);
    }
}

static void test_walls(void **state)
{
    (void)state;
    static const char bytes[1000];
    struct buffer out;
    buffer_init(&out, 1 << 20);
    assert_int_equal(confine_run(try_everything, NULL, 5, &out), CONFINE_DONE);
    assert_true(span_is(buffer_span(&out), "."));
    buffer_clear(&out);
    assert_int_equal(confine_run(write_much, bytes, 5, &out), CONFINE_DONE);
    assert_int_equal(out.n, 1000000);
    buffer_clear(&out);
    assert_int_equal(confine_run(work_forever, NULL, 1, &out), CONFINE_TIME);
    assert_int_equal(confine_run(crash, NULL, 5, &out), CONFINE_DIED);
    buffer_clear(&out);
    buffer_init(&out, 1000);
    assert_int_equal(confine_run(write_much, bytes, 5, &out), CONFINE_DIED);
    buffer_clear(&out);
}

static int open_judge(void **state)
{
    (void)state;
    return judging_open_with("[{\"name\":\"sql\"}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_wide_objects),
        cmocka_unit_test(test_finding),
        cmocka_unit_test(test_walls),
    };
    return cmocka_run_group_tests(tests, open_judge, close_judge);
}
