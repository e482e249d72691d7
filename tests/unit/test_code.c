/* tests/unit/test_code.c - the code reward through a judge: languages, tests of every shape,
 * verdicts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/judging.h"

struct example {
    const char *name;
    const char *lang;    /* of the fence */
    const char *program; /* inside the fence; NULL: no fence at all */
    const char *options; /* members of the reward entry, or "" */
    const char *item;    /* members of the item: the tests */
    const char *holds;   /* what the reply must hold */
};

#define ADD "def add(a, b):\n    return a + b\n"
#define SUM "print(sum(map(int, input().split())))\n"
/* A compiler has three times as long on the wall, and a busy machine may take it for that. */
#define PATIENT ",\"timeout_s\":60"
#define ONE_TWO \
    "\"tests\":[{\"stdin\":\"1 2\\n\",\"stdout\":\"3\\n\"},{\"stdin\":\"5 6\",\"stdout\":\"11\"}]"

/* clang-format off */
static const struct example examples[] = {
    {"python passes", "python", SUM, "", ONE_TWO, "\"reward\":1,"},
    {"alias of the fence", "py", SUM, "", ONE_TWO, "\"reward\":1,"},
    {"half", "python", "a,b=map(int,input().split())\nprint(3)\n", "", ONE_TWO, "\"reward\":0.5,"},
    {"half, all or nothing", "python", "print(3)\n", ",\"partial\":false", ONE_TWO, "\"reward\":0,"},
    {"statuses", "python", "a,b=map(int,input().split())\nprint(3)\n", "", ONE_TWO, "\"tests\":[\"accepted\",\"wrong_answer\"]"},
    {"runtime error", "python", "1/0\n", "", ONE_TWO, "\"status\":\"runtime_error\""},
    {"runtime error's message", "python", "1/0\n", "", ONE_TWO, "ZeroDivisionError"},
    {"no code", "python", NULL, "", ONE_TWO, "\"cause\":\"no_code\""},
    {"another language's fence", "ruby", SUM, "", ONE_TWO, "\"cause\":\"no_code\""},
    {"time limit", "python", "while True: pass\n", ",\"timeout_s\":0.3", ONE_TWO, "\"status\":\"time_limit\""},
    {"sleeper", "python", "import time\ntime.sleep(100)\n", ",\"timeout_s\":0.1", ONE_TWO, "\"status\":\"time_limit\""},
    {"memory limit", "python", "x = bytearray(10**9)\n", ",\"memory_mb\":128", ONE_TWO, "\"status\":\"memory_limit\""},
    {"output limit", "python", "while True: print('y' * 1000)\n", ",\"output_kb\":64", ONE_TWO, "\"status\":\"output_limit\""},
    {"process limit", "python", "import threading,time\nfor i in range(100): threading.Thread(target=time.sleep,args=(100,),daemon=True).start()\n", "", ONE_TWO, "\"status\":\"process_limit\""},
    {"early exit is no pass", "python", "import sys\nsys.exit(0)\n", "", "\"tests\":[{\"call\":\"add\",\"args\":[1,2],\"result\":3}]", "\"status\":\"runtime_error\""},
    {"exit() is there", "python", "print(3)\nexit()\n", "", "\"tests\":[{\"stdin\":\"\",\"stdout\":\"3\"}]", "\"reward\":1,"},
    {"main block runs", "python", "if __name__ == '__main__':\n    print(3)\n", "", "\"tests\":[{\"stdin\":\"\",\"stdout\":\"3\"}]", "\"reward\":1,"},
    {"dataclasses in main", "python", "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nimport pickle\nprint(pickle.loads(pickle.dumps(P(3))).x)\n", "", "\"tests\":[{\"stdin\":\"\",\"stdout\":\"3\"}]", "\"reward\":1,"},
    {"call", "python", ADD, "", "\"tests\":[{\"call\":\"add\",\"args\":[1,2],\"result\":3},{\"call\":\"add\",\"args\":[\"a\",\"b\"],\"result\":\"ab\"}]", "\"reward\":1,"},
    {"call of Solution", "python", "class Solution:\n    def add(self, a, b):\n        return a + b\n", "", "\"tests\":[{\"call\":\"add\",\"args\":[[1],[2]],\"result\":[1,2]}]", "\"reward\":1,"},
    {"tuple is a list to JSON", "python", "def f():\n    return 1, 2.0, None\n", "", "\"tests\":[{\"call\":\"f\",\"args\":[],\"result\":[1,2,null]}]", "\"reward\":1,"},
    {"true is not 1", "python", "def f():\n    return True\n", "", "\"tests\":[{\"call\":\"f\",\"args\":[],\"result\":1}]", "\"status\":\"wrong_answer\""},
    {"overloaded ==", "python", "class E:\n    def __eq__(s, o): return True\n    def __hash__(s): return 0\ndef f():\n    return E()\n", "", "\"tests\":[{\"call\":\"f\",\"args\":[],\"result\":1}]", "\"status\":\"runtime_error\""},
    {"subclass with ==", "python", "class E(int):\n    def __eq__(s, o): return True\n    def __repr__(s): return '7'\ndef f():\n    return E(3)\n", "", "\"tests\":[{\"call\":\"f\",\"args\":[],\"result\":7}]", "\"status\":\"wrong_answer\""},
    {"assertions come apart", "python", ADD, "", "\"tests\":[{\"assert\":\"assert add(1, 2) == 3\"},\"assert add((1,), (2,)) == (1, 2)\"]", "\"tests\":[\"accepted\",\"accepted\"]}"},
    {"assertion fails", "python", ADD, "", "\"tests\":[\"assert add(1, 2) == 4\"]", "\"status\":\"wrong_answer\""},
    {"assertion and ==", "python", "class E:\n    def __eq__(s, o): return True\ndef add(a, b):\n    return E()\n", "", "\"tests\":[\"assert add(1, 2) == 4\"]", "\"reward\":0,"},
    {"assertion of sets", "python", "def f():\n    return {1, 2}\n", "", "\"tests\":[\"assert set(f()) == set((2, 1))\"]", "\"reward\":1,"},
    {"weak assertion is marked", "python", "def f():\n    return 0.1 + 0.2\n", "", "\"tests\":[\"t = f()\\nassert t\"]", "\"weak\":true"},
    {"weak assertion is refused where that is asked", "python", "def f():\n    return 1\n", ",\"weak_tests\":\"refuse\"", "\"tests\":[\"t = f()\\nassert t\"]", "\"cause\":\"weak_tests\""},
    {"one that comes apart is not", "python", "def f():\n    return 0.1 + 0.2\n", ",\"weak_tests\":\"refuse\"", "\"tests\":[\"assert abs(f() - 0.3) < 1e-9\"]", "\"reward\":1,"},
    {"close enough", "python", "import math\ndef f():\n    return 0.1 + 0.2\n", "", "\"tests\":[\"assert math.isclose(f(), 0.3)\", \"assert 1e-9 > abs(0.3 - f())\", \"assert abs(f() - 0.3) / 0.3 <= 1e-9\"]", "\"tests\":[\"accepted\",\"accepted\",\"accepted\"]}"},
    {"not close enough", "python", "import math\ndef f():\n    return 0.31\n", "", "\"tests\":[\"assert math.isclose(f(), 0.3)\", \"assert abs(f() - 0.3) < 1e-3\"]", "\"passed\":0,"},
    {"forged abs", "python", "def abs(x):\n    return 0\ndef f():\n    return 9.0\n", "", "\"tests\":[\"assert abs(f() - 0.3) < 1e-3\"]", "\"reward\":0,"},
    {"forged isclose", "python", "import math\nmath.isclose = lambda *a, **k: True\ndef f():\n    return 9.0\n", "", "\"tests\":[\"assert math.isclose(f(), 0.3)\"]", "\"reward\":0,"},
    {"forged arithmetic", "python", "class F(float):\n    def __sub__(s, o): return 0.0\n    __rsub__ = __sub__\n    def __lt__(s, o): return True\ndef f():\n    return F(9)\n", "", "\"tests\":[\"assert abs(f() - 0.3) < 1e-3\"]", "\"reward\":0,"},
    {"forged round", "python", "def round(*a):\n    return 0.3\ndef f():\n    return 9.0\n", "", "\"tests\":[\"assert round(f(), 2) == 0.3\"]", "\"reward\":0,"},
    {"a function that is called as a built-in one", "python", "def sum(a, b):\n    return 6\n", "", "\"tests\":[\"assert sum(10, 15) == 6\"]", "\"reward\":1,"},
    {"loops come apart", "python", ADD, ",\"weak_tests\":\"refuse\"", "\"tests\":[\"for a, b in [(1, 2), (3, 4)]:\\n    assert add(a, b) == a + b\"]", "\"passed\":2,"},
    {"names that graders import", "python", "class Solution:\n    def f(self, a: List[int]) -> Optional[int]:\n        q = deque(a)\n        h = defaultdict(int)\n        heappush(a, 1)\n        return math.floor(sqrt(16)) + gcd(4, 6) + len(q)\n", "", "\"tests\":[{\"call\":\"f\",\"args\":[[1,2]],\"result\":8}]", "\"reward\":1,"},
    {"names that graders import, stdin", "python", "print(sum(accumulate([1, 2, 3])), bisect.bisect([1, 2], 1), Counter('aa')['a'])\n", "", "\"tests\":[{\"stdin\":\"\",\"stdout\":\"10 1 2\"}]", "\"reward\":1,"},
    {"they are not lent where that is turned off", "python", "print(sqrt(4))\n", ",\"prelude\":false", "\"tests\":[{\"stdin\":\"\",\"stdout\":\"2.0\"}]", "NameError"},
    {"own names win", "python", "def gcd(a, b):\n    return 'own'\nprint(gcd(1, 2), pow(2, 3))\n", "", "\"tests\":[{\"stdin\":\"\",\"stdout\":\"own 8\"}]", "\"reward\":1,"},
    {"a linked list", "python", "def f():\n    n = ListNode(1, ListNode(2))\n    t = TreeNode(3, right=TreeNode())\n    return [n.val, n.next.val, n.next.next, t.left, t.right.val]\n", "", "\"tests\":[{\"call\":\"f\",\"args\":[],\"result\":[1,2,null,null,0]}]", "\"reward\":1,"},
    {"deep recursion", "python", "def f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\nprint(f(20000))\n", "", "\"tests\":[{\"stdin\":\"\",\"stdout\":\"20000\"}]", "\"reward\":1,"},
    {"long numbers", "python", "print(10 ** 5000 % 10 ** 4990)\nprint(len(str(10 ** 5000)))\n", "", "\"tests\":[{\"stdin\":\"\",\"stdout\":\"0 5001\"}]", "\"reward\":1,"},
    {"script", "python", ADD, "", "\"tests\":[\"for i in range(3):\\n    assert add(i, i) == 2 * i\"]", "\"reward\":1,"},
    {"script and early exit", "python", ADD "import os\nos._exit(0)\n", "", "\"tests\":[\"for i in range(3):\\n    assert add(i, i) == 2 * i\"]", "\"reward\":0,"},
    {"HumanEval", "python", "    return a + b\n", "", "\"tests\":{\"prompt\":\"def add(a, b):\\n\",\"entry_point\":\"add\",\"test\":\"METADATA = {}\\ndef check(candidate):\\n    assert candidate(1, 2) == 3\\n    assert candidate(2, 2) == 4\\n\"}", "\"tests\":[\"accepted\",\"accepted\"]}"},
    {"HumanEval, any name of the parameter", "python", ADD, "", "\"tests\":{\"entry_point\":\"add\",\"test\":\"def check(c):\\n    assert c(1, 2) == 3\\n    assert abs(c(1, 1) - 2) < 1e-6\\n\"}", "\"reward\":1,"},
    {"HumanEval, any name, wrong", "python", "def add(a, b):\n    return 7\n", "", "\"tests\":{\"entry_point\":\"add\",\"test\":\"def check(c):\\n    assert c(1, 2) == 3\\n\"}", "\"reward\":0,"},
    {"HumanEval, a check of another shape", "python", ADD, "", "\"tests\":{\"entry_point\":\"add\",\"test\":\"def check(*fs):\\n    assert fs[0](1, 2) == 3\\n\"}", "\"weak\":true"},
    {"MBPP", "python", ADD, "", "\"test_setup_code\":\"import math\",\"test_list\":[\"assert add(1, 2) == 3\"]", "\"reward\":1,"},
    {"APPS, stdin", "python", SUM, "", "\"input_output\":\"{\\\"inputs\\\": [\\\"1 2\\\"], \\\"outputs\\\": [\\\"3\\\"]}\"", "\"reward\":1,"},
    {"APPS, function", "python", ADD, "", "\"tests\":{\"fn_name\":\"add\",\"inputs\":[[1,2]],\"outputs\":[[3]]}", "\"reward\":1,"},
    {"LiveCodeBench, function", "python", ADD, "", "\"tests\":[{\"input\":\"12345678901234567890\\n1\",\"output\":\"12345678901234567891\",\"testtype\":\"functional\",\"metadata\":{\"func_name\":\"add\"}}]", "\"reward\":1,"},
    {"LiveCodeBench, large integers are exact", "python", ADD, "", "\"tests\":[{\"input\":\"12345678901234567890\\n1\",\"output\":\"12345678901234567890\",\"testtype\":\"functional\",\"metadata\":{\"func_name\":\"add\"}}]", "\"reward\":0,"},
    {"open-r1", "python", SUM, "", "\"verification_info\":{\"language\":\"python\",\"test_cases\":[{\"input\":\"1 2\",\"output\":\"3\",\"type\":\"stdin_stdout\"}]}", "\"reward\":1,"},
    {"Codeforces' checker", "python", "print(4)\n", "", "\"official_tests\":[{\"input\":\"1\",\"output\":\"2\"}],\"time_limit\":2.0,\"memory_limit\":256.0,\"generated_checker\":\"import sys\\nprint(1 if int(open(sys.argv[3]).read()) % 2 == 0 else 0)\"", "\"reward\":1,"},
    {"Codeforces' files", "python", "open('output.txt','w').write(open('input.txt').read()*2)\n", "", "\"official_tests\":[{\"input\":\"ab\",\"output\":\"abab\"}],\"input_mode\":\"file\"", "\"reward\":1,"},
    {"files of a test", "python", "print(open('data/x').read())\n", "", "\"tests\":[{\"files\":{\"data/x\":\"hi\"},\"stdin\":\"\",\"stdout\":\"hi\"}]", "\"reward\":1,"},
    {"C", "c", "#include <stdio.h>\nint main(void){int a,b;scanf(\"%d%d\",&a,&b);printf(\"%d\\n\",a+b);}\n", ",\"lang\":\"c\"" PATIENT, ONE_TWO, "\"reward\":1,"},
    {"C++", "c++", "#include <iostream>\nint main(){int a,b;std::cin>>a>>b;std::cout<<a+b;}\n", ",\"lang\":\"cpp\"" PATIENT, ONE_TWO, "\"reward\":1,"},
    {"compile error", "c", "int main(void){return x;}\n", ",\"lang\":\"c\"" PATIENT, ONE_TWO, "\"status\":\"compile_error\",\"compile\":\"compile_error\""},
    {"signal", "c", "#include <stdlib.h>\nint main(void){abort();}\n", ",\"lang\":\"c\"" PATIENT, ONE_TWO, "\"status\":\"runtime_error\""},
    {"not installed", "lua", "print(3)\n", ",\"lang\":\"lua\"", ONE_TWO, "\"cause\":\"language_not_available\""},
    {"not installed is no verdict", "lua", "print(3)\n", ",\"lang\":\"lua\"", ONE_TWO, "\"reward\":null"},
    {"bash", "sh", "read a b; echo $((a+b))\n", ",\"lang\":\"bash\"", ONE_TWO, "\"reward\":1,"},
    {"a block without a language", "", SUM, "", ONE_TWO, "\"reward\":1,"},
    {"fractions of a call are near", "python", "def f():\n    return [0.1 + 0.2, 1]\n", "", "\"tests\":[{\"call\":\"f\",\"args\":[],\"result\":[0.3,1]}]", "\"reward\":1,"},
    {"and exact where that is asked", "python", "def f():\n    return 0.1 + 0.2\n", ",\"checker\":\"exact\"", "\"tests\":[{\"call\":\"f\",\"args\":[],\"result\":0.3}]", "\"reward\":0,"},
    {"a module that nobody has is the program's fault", "python", "import no_such_module\n", "", ONE_TWO, "\"reward\":0,"},
    {"exact", "python", "print(3)\n", ",\"checker\":\"exact\"", "\"tests\":[{\"stdin\":\"\",\"stdout\":\"3\"}]", "\"reward\":0,"},
    {"floats", "python", "print(0.1+0.2, 'x')\n", ",\"checker\":\"floats\"", "\"tests\":[{\"stdin\":\"\",\"stdout\":\"0.3 x\"}]", "\"reward\":1,"},
    {"a prefix is not enough", "python", "print(3)\n", "", "\"tests\":[{\"stdin\":\"\",\"stdout\":\"3\\n5\\n\"}]", "\"reward\":0,"},
    {"tests missing", "python", SUM, "", "\"answer\":1", "\"code\":\"missing_field\""},
    {"tests malformed", "python", SUM, "", "\"tests\":[3]", "\"param\":\"items[0].tests[0]\""},
    {"tests empty", "python", SUM, "", "\"tests\":[]", "tests are empty"},
    {"calls of C", "c", "int main(void){}\n", ",\"lang\":\"c\"" PATIENT, "\"tests\":[{\"call\":\"add\",\"args\":[],\"result\":1}]", "Python only"},
};
/* clang-format on */

static char *reply_to(const struct example *e)
{
    struct buffer text;
    buffer_init(&text, 1 << 20);
    buffer_addf(&text, "<think>```%s\nnot this\n```</think>Here:\n", e->lang);
    if (e->program != NULL) buffer_addf(&text, "```%s\n%s```\nDone.", e->lang, e->program);
    char *completion = buffer_take(&text), *reply;
    reply = ask_about_code(e->name, completion, e->options, e->item);
    free(completion);
    return reply;
}

static void test_examples(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        const struct example *e = &examples[i];
        char *reply = reply_to(e);
        if (strstr(reply, e->holds) == NULL) {
            print_message("%s:\n  %s\nwants %s\n", e->name, reply, e->holds);
            failed++;
        }
        free(reply);
    }
    assert_int_equal(failed, 0);
}

/* Languages and libraries that a machine may lack: right, or no verdict; a wrong program is never right. */
static const struct {
    const char *lang, *right, *wrong, *cause;
} guests[] = {
    {"java",
     "import java.util.*;\npublic class Solve {\n  static int add(int a, int b) { return a + b; }\n"
     "  public static void main(String[] args) {\n    Scanner s = new Scanner(System.in);\n"
     "    System.out.println(add(s.nextInt(), s.nextInt()));\n  }\n}\n",
     "public class Main { public static void main(String[] a) { System.out.println(4); } }\n",
     "language_not_available"},
    {"go",
     "package main\nimport \"fmt\"\nfunc main() {\n\tvar a, b int\n\tfmt.Scan(&a, &b)\n"
     "\tfmt.Println(a + b)\n}\n",
     "package main\nimport \"fmt\"\nfunc main() { fmt.Println(4) }\n", "language_not_available"},
    {"rust",
     "use std::io::*;\nfn main() {\n    let mut s = String::new();\n"
     "    stdin().read_to_string(&mut s).unwrap();\n    let n: i64 = "
     "s.split_whitespace().map(|x| x.parse::<i64>().unwrap()).sum();\n    println!(\"{}\", n);\n}\n",
     "fn main() { println!(\"4\"); }\n", "language_not_available"},
    {"javascript",
     "const [a, b] = require('fs').readFileSync(0, 'utf8').split(' ').map(Number);\n"
     "console.log(a + b);\n",
     "console.log(4);\n", "language_not_available"},
    {"python",
     "import numpy as np\nprint(int(np.sum(np.array(list(map(int, input().split()))))))\n",
     "import numpy as np\nprint(int(np.sum([2, 2])))\n", "library_not_available"},
};

static char *guest_reply(size_t i, const char *program)
{
    struct example e = {guests[i].lang, guests[i].lang, program, NULL, ONE_TWO, NULL};
    char options[64];
    snprintf(options, sizeof(options), ",\"lang\":\"%s\"" PATIENT, guests[i].lang);
    e.options = options;
    return reply_to(&e);
}

static void test_guests(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < sizeof(guests) / sizeof(guests[0]); i++) {
        char *right = guest_reply(i, guests[i].right), *wrong = guest_reply(i, guests[i].wrong);
        bool lacks = strstr(right, guests[i].cause) != NULL;
        bool good = lacks ? strstr(right, "\"reward\":null") != NULL
                          : strstr(right, "\"reward\":1,") != NULL;
        good = good && strstr(wrong, lacks ? "\"reward\":null" : "\"reward\":0,") != NULL;
        if (!good) print_message("%s:\n  %s\n  %s\n", guests[i].lang, right, wrong);
        failed += !good;
        free(right);
        free(wrong);
    }
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_guests),
    };
    return cmocka_run_group_tests(tests, open_code_judge, close_judge);
}
