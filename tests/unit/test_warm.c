/* tests/unit/test_warm.c - Python programs in forks of an interpreter that is kept warm: they end as they would
 * in one of their own, and neither runs nor the interpreter know of another run; with namespaces and
 * without.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reward/code/sandbox.h"
#include "tests/unit/boxes.h"
#include "tests/unit/processes.h"

/* main.py with that source; false: the cell was lost. */
static bool run_python(struct sandbox *box, const char *source, const char *argument,
                       struct sandbox_result *r)
{
    const char *const argv[] = {"python3", "run", argument, NULL};
    const struct sandbox_file file = {"main.py", span_str(source), false};
    const struct sandbox_run run = {.argv = argv,
                                    .warm = true,
                                    .input = span_str("12\nline\n"),
                                    .files = &file,
                                    .n_files = 1,
                                    .limits = standard};
    struct error err = {0};
    sandbox_result_init(r);
    return sandbox_run(box, &run, r, &err);
}

/* ---- ends ------------------------------------------------------------------------------------------- */

struct program {
    const char *name, *source;
    enum sandbox_end end;
    int code;
    const char *out; /* NULL: any */
    const char *err; /* a part of it; NULL: it is empty */
};

/* clang-format off */
static const struct program programs[] = {
    {"prints", "print('hi')", SANDBOX_EXITED, 0, "hi\n", NULL},
    {"reads", "print(int(input())+1, input())\ntry: input()\nexcept EOFError: print('end')", SANDBOX_EXITED, 0, "13 line\nend\n", NULL},
    {"is __main__", "import __main__\nx=3\nprint(__name__,__file__==__import__('os').path.abspath('main.py'),__main__.x,sorted(k for k in globals() if k[0]!='_'))", SANDBOX_EXITED, 0, "__main__ True 3 ['x']\n", NULL},
    {"has its arguments", "import sys\nprint(sys.argv)", SANDBOX_EXITED, 0, "['main.py', '\xc3\xa4 b']\n", NULL},
    {"exit", "import sys\nprint('x')\nsys.exit()", SANDBOX_EXITED, 0, "x\n", NULL},
    {"exit with a number", "exit(3)", SANDBOX_EXITED, 3, "", NULL},
    {"exit with a large number", "exit(259)", SANDBOX_EXITED, 3, "", NULL},
    {"exit with a text", "exit('why')", SANDBOX_EXITED, 1, "", "why\n"},
    {"at once", "import os\nprint('lost')\nos._exit(5)", SANDBOX_EXITED, 5, "", NULL},
    {"an error", "print('a')\ndef f(): return 1//0\nf()", SANDBOX_EXITED, 1, "a\n", "Traceback (most recent call last):\n  File \"main.py\", line 3, in <module>\n"},
    {"no Python", "def f(:\n", SANDBOX_EXITED, 1, "", "SyntaxError"},
    {"an interrupt", "raise KeyboardInterrupt", SANDBOX_SIGNALED, SIGINT, "", "KeyboardInterrupt"},
    {"a hook for errors", "import sys\nsys.excepthook=lambda t,v,b: print(t.__name__)\n1/0", SANDBOX_EXITED, 1, "ZeroDivisionError\n", NULL},
    {"a signal", "import os\nos.kill(os.getpid(),15)", SANDBOX_SIGNALED, SIGTERM, "", NULL},
    {"an interrupt that is caught", "import signal\ntry: signal.raise_signal(2)\nexcept KeyboardInterrupt: print('caught')", SANDBOX_EXITED, 0, "caught\n", NULL},
    {"a process that is ended", "import subprocess\np=subprocess.Popen(['sleep','100'])\np.terminate()\nprint(p.wait())", SANDBOX_EXITED, 0, "-15\n", NULL},
    {"abort", "import os\nos.abort()", SANDBOX_SIGNALED, SIGABRT, "", NULL},
    {"atexit", "import atexit\natexit.register(print,'bye')\nprint('hi')", SANDBOX_EXITED, 0, "hi\nbye\n", NULL},
    {"atexit after an error", "import atexit,sys\natexit.register(lambda: print(sys.last_type.__name__))\n1/0", SANDBOX_EXITED, 1, "ZeroDivisionError\n", "ZeroDivisionError"},
    {"destructors", "class A:\n  def __del__(s): print('del',b)\nb=3\na=A()\nc=[A()]\nc.append(c)", SANDBOX_EXITED, 0, "del 3\ndel 3\n", NULL},
    {"a generator's end", "def g():\n  try: yield\n  finally: print('finally')\nx=g()\nnext(x)", SANDBOX_EXITED, 0, "finally\n", NULL},
    {"a file left open", "f=open(1,'w',closefd=False)\nf.write('late')", SANDBOX_EXITED, 0, "late", NULL},
    {"another stdout", "import sys,io\nsys.stdout=io.TextIOWrapper(open(1,'wb',closefd=False))\nprint('other')", SANDBOX_EXITED, 0, "other\n", NULL},
    {"stdout without flush", "import sys\nclass F:\n  def write(s,x): sys.__stdout__.write(x)\nsys.stdout=F()\nprint('x')", SANDBOX_EXITED, 120, "x\n", "flush"},
    {"a closed stdout", "import os\nprint('x')\nos.close(1)", SANDBOX_EXITED, 120, "", "Bad file descriptor"},
    {"threads at the end", "import threading,time\nthreading.Thread(target=lambda: time.sleep(.05) or print('late')).start()\nprint('main')", SANDBOX_EXITED, 0, "main\nlate\n", NULL},
    {"fork", "import os\npid=os.fork()\nif pid: os.waitpid(pid,0)\nprint('parent' if pid else 'child')", SANDBOX_EXITED, 0, "child\nparent\n", NULL},
    {"a process", "import subprocess as s,sys\nprint(s.run([sys.executable,'-S','-c','print(3)'],capture_output=True).stdout)", SANDBOX_EXITED, 0, "b'3\\n'\n", NULL},
    {"many digits", "print(len(str(10**100000)))", SANDBOX_EXITED, 0, "100001\n", NULL},
    {"deep recursion", "import sys\nsys.setrecursionlimit(10**6)\ndef f(n): return 0 if n==0 else 1+f(n-1)\nprint(f(50000))", SANDBOX_EXITED, 0, "50000\n", NULL},
    {"too deep a recursion", "def f(): f()\nf()", SANDBOX_EXITED, 1, "", "RecursionError"},
    {"too much memory", "x=bytearray(300<<20)", SANDBOX_MEMORY, 1, "", "MemoryError"},
    {"memory that is not had", "try: bytearray(300<<20)\nexcept MemoryError: print('no')", SANDBOX_EXITED, 0, "no\n", NULL},
    {"time", "while True: pass", SANDBOX_TIME, SIGKILL, "", NULL},
    {"output", "while True: print('x'*1000)", SANDBOX_OUTPUT, SIGKILL, NULL, NULL},
    {"streams", "import sys\nfor f in (sys.stdin,sys.stdout,sys.stderr): print(f.encoding,f.errors,f.line_buffering,f.isatty(),f.seekable())", SANDBOX_EXITED, 0, "utf-8 surrogateescape False False False\nutf-8 surrogateescape False False False\nutf-8 backslashreplace True False False\n", NULL},
    {"descriptors", "import os\ndef there(f):\n  try: return os.fstat(f)\n  except OSError: pass\nprint([f for f in range(1024) if there(f)])", SANDBOX_EXITED, 0, "[0, 1, 2]\n", NULL},
    {"environment", "import os\nprint(sorted(os.environ))\nos.system('env | grep -c LD_')", SANDBOX_EXITED, 0, NULL, NULL},
    {"its own group and session", "import os\nprint(os.getpid()==os.getpgid(0)==os.getsid(0))", SANDBOX_EXITED, 0, "True\n", NULL},
    {"its limits", "import resource as r\nprint(r.getrlimit(r.RLIMIT_AS)[0]>>20,r.getrlimit(r.RLIMIT_NOFILE),r.getrlimit(r.RLIMIT_CORE),r.getrlimit(r.RLIMIT_STACK))", SANDBOX_EXITED, 0, "256 (64, 64) (0, 0) (-1, -1)\n", NULL},
    {"where modules are found", "import sys\nprint(sys.path[0]==__import__('os').getcwd(), any('dist-packages' in p for p in sys.path))", SANDBOX_EXITED, 0, "True True\n", NULL},
    {"a module beside it, from elsewhere", "import os\nopen('besides.py','w').write('X=4')\nos.mkdir('d')\nos.chdir('d')\nimport besides\nprint(besides.X)", SANDBOX_EXITED, 0, "4\n", NULL},
    {"broken modules", "import sys,gc,os\nos._exit=gc.collect=sys.exit=None\nprint('x')", SANDBOX_EXITED, 0, "x\n", NULL},
    {"no modules", "import sys\nsys.modules.clear()\nprint('x')", SANDBOX_EXITED, 0, "x\n", NULL},
};
/* clang-format on */

static bool is_as_expected(const struct program *p, const struct sandbox_result *r)
{
    bool out = p->out == NULL || span_is(buffer_span(&r->out), p->out);
    bool err = p->err == NULL ? p->out == NULL || r->err.n == 0
                              : span_find(buffer_span(&r->err), span_str(p->err), 0) != SPAN_NONE;
    return r->end == p->end && r->code == p->code && out && err;
}

static void ends_as_python_ends(void **state)
{
    struct sandbox *box = boxes[*(int *)*state];
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        struct sandbox_result r;
        assert_true(run_python(box, programs[i].source, "\xc3\xa4 b", &r));
        if (!is_as_expected(&programs[i], &r)) {
            fail_msg("%s: end %d code %d out '%.*s' err '%.*s' %s", programs[i].name, (int)r.end,
                     r.code, (int)r.out.n, r.out.p ? r.out.p : "", (int)r.err.n,
                     r.err.p ? r.err.p : "", r.error);
        }
        sandbox_result_clear(&r);
    }
}

/* ---- between runs ------------------------------------------------------------------------------------ */

static void expect(struct sandbox *box, const char *source, const char *out)
{
    struct sandbox_result r;
    assert_true(run_python(box, source, NULL, &r));
    if (!span_is(buffer_span(&r.out), out)) {
        fail_msg("out '%.*s' err '%.*s' %s", (int)r.out.n, r.out.p ? r.out.p : "", (int)r.err.n,
                 r.err.p ? r.err.p : "", r.error);
    }
    sandbox_result_clear(&r);
}

static void nothing_stays(void **state)
{
    struct sandbox *box = boxes[*(int *)*state];
    static const char leave[] =
        "import builtins,sys,os,random\nbuiltins.secret=sys.secret=random.secret=1\nos.environ['S']"
        "='1'\nos.umask(0)\nopen('secret','w').close()\nsys.modules['secret']=sys\nprint('left')\n";
    static const char look[] = "import builtins,sys,os,random\nprint([hasattr(m,'secret') for m in "
                               "(builtins,sys,random)],'S' in os.environ,os.umask(0),os."
                               "listdir('.'),'secret' in sys.modules)\n";
    expect(box, leave, "left\n");
    expect(box, look, "[False, False, False] False 18 ['main.py'] False\n");
}

/* What random gives is drawn anew for each run. */
static void chance_is_each_runs_own(void **state)
{
    struct sandbox *box = boxes[*(int *)*state];
    static const char draw[] = "import random\nprint(random.getrandbits(128))\n";
    struct sandbox_result a, b;
    assert_true(run_python(box, draw, NULL, &a) && run_python(box, draw, NULL, &b));
    assert_true(a.out.n > 10 && !span_eq(buffer_span(&a.out), buffer_span(&b.out)));
    sandbox_result_clear(&a);
    sandbox_result_clear(&b);
}

/* A file that has the name of a module that waits in memory is the module all the same. */
static void a_runs_files_come_first(void **state)
{
    struct sandbox *box = boxes[*(int *)*state];
    static const char *const argv[] = {"python3", "run", NULL};
    const struct sandbox_file files[] = {
        {"main.py", span_str("import heapq, statistics\nprint(heapq.mine, statistics.mean([1,3]))"),
         false},
        {"heapq.py", span_str("mine = 7\n"), false}};
    const struct sandbox_run run = {
        .argv = argv, .warm = true, .files = files, .n_files = 2, .limits = standard};
    struct sandbox_result r;
    struct error err = {0};
    sandbox_result_init(&r);
    assert_true(sandbox_run(box, &run, &r, &err));
    assert_true(span_is(buffer_span(&r.out), "7 2\n"));
    sandbox_result_clear(&r);
}

static void arguments_are_bounded(void **state)
{
    struct sandbox *box = boxes[*(int *)*state];
    static char argument[200 << 10];
    struct sandbox_result r;
    memset(argument, 'a', sizeof(argument) - 1);
    assert_true(run_python(box, "print(1)", argument, &r));
    assert_int_equal(r.end, SANDBOX_FAULT);
    assert_non_null(strstr(r.error, strerror(E2BIG)));
    sandbox_result_clear(&r);
    argument[100 << 10] = '\0';
    assert_true(run_python(box, "import sys\nprint(len(sys.argv[1]))", argument, &r));
    assert_true(span_is(buffer_span(&r.out), "102400\n"));
    sandbox_result_clear(&r);
}

/* ---- the interpreter ----------------------------------------------------------------------------------- */

/* Without namespaces its number is the same everywhere. */
static pid_t interpreter_of(struct sandbox *box)
{
    struct sandbox_result r;
    assert_true(run_python(box, "import os\nprint(os.getppid())", NULL, &r));
    pid_t pid = r.out.n > 0 ? (pid_t)strtol(r.out.p, NULL, 10) : 0;
    sandbox_result_clear(&r);
    assert_true(pid > 1);
    return pid;
}

static void a_dead_one_is_replaced(void **state)
{
    struct sandbox *box = boxes[1];
    (void)state;
    pid_t first = interpreter_of(box);
    assert_int_equal(interpreter_of(box), first);
    assert_int_equal(kill(first, SIGKILL), 0);
    assert_int_not_equal(interpreter_of(box), first);
}

/* Has it forked a run, and is it asleep since, having said so? */
static bool is_at_a_run(pid_t interpreter)
{
    bool found = false;
    struct process_stat is;
    DIR *proc = opendir("/proc");
    assert_non_null(proc);
    for (struct dirent *e; !found && (e = readdir(proc)) != NULL;) {
        int pid = (int)strtol(e->d_name, NULL, 10);
        found = pid > 0 && read_stat(pid, &is) && is.parent == interpreter;
    }
    closedir(proc);
    return found && read_stat(interpreter, &is) && is.state == 'S';
}

/* Its run is repeated by the sandbox's owner, in another cell. */
static void one_that_dies_in_a_run_takes_the_cell(void **state)
{
    struct sandbox *box = boxes[1];
    static const char *const argv[] = {"python3", "run", NULL};
    const struct sandbox_file file = {"main.py", span_str("import time\ntime.sleep(1000)"), false};
    const struct sandbox_run run = {
        .argv = argv, .warm = true, .files = &file, .n_files = 1, .limits = standard};
    struct sandbox_result r;
    struct error err = {0};
    (void)state;
    pid_t pid = interpreter_of(box);
    sandbox_result_init(&r);
    assert_true(sandbox_start(box, &run, &err));
    while (!is_at_a_run(pid)) {
        usleep(1000);
    }
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_false(sandbox_finish(box, &r, &err));
    sandbox_result_clear(&r);
    assert_int_not_equal(interpreter_of(box), pid);
}

/* A program that is executed finds no interpreter beside it, and the next one is another. */
static void none_is_beside_a_program_that_is_executed(void **state)
{
    struct sandbox *box = boxes[1];
    static const char *const argv[] = {"bash", "-c", "echo $PPID", NULL};
    const struct sandbox_run run = {.argv = argv, .limits = standard};
    struct sandbox_result r;
    struct error err = {0};
    (void)state;
    pid_t pid = interpreter_of(box);
    sandbox_result_init(&r);
    assert_true(sandbox_run(box, &run, &r, &err));
    assert_int_equal(r.end, SANDBOX_EXITED);
    assert_int_equal(kill(pid, 0), -1);
    sandbox_result_clear(&r);
    assert_int_not_equal(interpreter_of(box), pid);
}

/* Does the text stand anywhere in a process's memory? It is put together here, where nobody copies it. */
static bool remembers(pid_t pid, const char *head, const char *tail)
{
    char path[64], line[512], text[64];
    static char bytes[1 << 20];
    bool found = false;
    snprintf(text, sizeof(text), "%s%s", head, tail);
    snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "r");
    snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
    int mem = open(path, O_RDONLY);
    if (maps == NULL || mem < 0) skip(); /* whose memory is may be a question of rights */
    while (!found && fgets(line, sizeof(line), maps) != NULL) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx rw", &from, &to) != 2) continue;
        for (size_t step = sizeof(bytes) - sizeof(text); !found && from < to; from += step) {
            size_t n = to - from < sizeof(bytes) ? to - from : sizeof(bytes);
            ssize_t got = pread(mem, bytes, n, (off_t)from);
            found = got > 0 && memmem(bytes, (size_t)got, text, strlen(text)) != NULL;
        }
    }
    fclose(maps);
    close(mem);
    return found;
}

static void it_has_seen_no_request(void **state)
{
    struct sandbox *box = boxes[1];
    struct sandbox_result r;
    (void)state;
    assert_true(run_python(box, "import os\ns='corn'+'flower'\nprint(os.getppid(),'cornflower')",
                           "cornflower", &r));
    pid_t pid = (pid_t)strtol(r.out.p, NULL, 10);
    sandbox_result_clear(&r);
    assert_int_equal(interpreter_of(box), pid);
    assert_true(remembers(pid, "way_call", "_lent")); /* what it has been told it remembers */
    assert_false(remembers(pid, "corn", "flower"));
}

int main(void)
{
    static int with = 0, without = 1;
    const struct CMUnitTest tests[] = {
        {"namespaces: ends as Python ends", ends_as_python_ends, NULL, NULL, &with},
        {"landlock: ends as Python ends", ends_as_python_ends, NULL, NULL, &without},
        {"namespaces: nothing stays", nothing_stays, NULL, NULL, &with},
        {"landlock: nothing stays", nothing_stays, NULL, NULL, &without},
        {"namespaces: chance is each run's own", chance_is_each_runs_own, NULL, NULL, &with},
        {"landlock: chance is each run's own", chance_is_each_runs_own, NULL, NULL, &without},
        {"namespaces: a run's files come first", a_runs_files_come_first, NULL, NULL, &with},
        {"landlock: a run's files come first", a_runs_files_come_first, NULL, NULL, &without},
        {"namespaces: arguments are bounded", arguments_are_bounded, NULL, NULL, &with},
        {"landlock: arguments are bounded", arguments_are_bounded, NULL, NULL, &without},
        cmocka_unit_test(a_dead_one_is_replaced),
        cmocka_unit_test(one_that_dies_in_a_run_takes_the_cell),
        cmocka_unit_test(none_is_beside_a_program_that_is_executed),
        cmocka_unit_test(it_has_seen_no_request),
    };
    return cmocka_run_group_tests(tests, open_boxes, close_boxes);
}
