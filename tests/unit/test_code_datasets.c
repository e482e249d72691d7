/* tests/unit/test_code_datasets.c - rows of the data sets that code is trained on, field by field
 * as they have them, each with a right and a wrong program.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/judging.h"

struct row {
    const char *name, *lang,
        *item;                 /* item: the fields of the request's item, without the completion */
    const char *right, *wrong; /* programs */
    const char *holds;         /* in the reply to the right one, beside "reward":1 */
};

#define SUM "import sys\nfor line in sys.stdin:\n    print(sum(map(int, line.split())))\n"
#define TWO_SUM \
    "class Solution:\n    def twoSum(self, nums: List[int], target: int) -> List[int]:\n" \
    "        seen = {}\n        for i, x in enumerate(nums):\n            if target - x in seen: " \
    "return [seen[target - x], i]\n            seen[x] = i\n"
#define TYPING "from typing import List\n"

/* IOI-like: the grader reads, calls the submission, prints; the checker gives half for the second best. */
#define IOI_FILES \
    "[[\"graders/grader.cpp\",\"#include \\\"nile.h\\\"\\n#include <cstdio>\\nint main(){int n;" \
    "if(scanf(\\\"%d\\\",&n)!=1)return 1;printf(\\\"%lld\\\\n\\\",best(n));}\\n\"]," \
    "[\"graders/nile.h\",\"long long best(int n);\\n\"]," \
    "[\"graders/nile.cpp\",\"#include \\\"nile.h\\\"\\nlong long best(int n){return 0;}\\n\"]," \
    "[\"graders/grader_config.json\",\"{\\\"task_type\\\": \\\"Batch\\\", \\\"code\\\": " \
    "\\\"nile\\\"}\"]," \
    "[\"checker/checker.cpp\",\"#include <fstream>\\n#include <iostream>\\nint main(int,char**v){" \
    "std::ifstream a(v[2]),b(v[3]);long long " \
    "x=0,y=-1;a>>x;b>>y;std::cout<<(x==y?\\\"1.0\\\":y==x-1?" \
    "\\\"0.5\\\":\\\"0.0\\\")<<std::endl;std::cerr<<(x==y?\\\"Output is correct\\\":\\\"Output " \
    "isn't " \
    "correct\\\")<<std::endl;}\\n\"]]"
#define IOI(score, type) \
    "\"tests\":{\"year\":2024,\"name\":\"Nile\",\"id\":\"Nile\",\"day\":\"1\",\"subtask\":\"01-" \
    "one\"," \
    "\"statement\":\"...\",\"score\":" score ",\"time_limit\":2.0,\"memory_limit\":2147483648," \
    "\"score_precision\":2,\"task_type\":\"" type "\",\"test_names\":[\"a\",\"b\"]," \
    "\"starting_code\":\"\",\"grader_files\":" IOI_FILES \
    ",\"test_cases\":{\"b\":[\"7\\n\",\"49\\n\"],\"a\":[\"3\\n\",\"9\\n\"]}}"

/* clang-format off */
static const struct row rows[] = {
    {"APPS, standard input", "python",
     "\"tests\":{\"problem_id\":4,\"question\":\"Add.\",\"solutions\":\"[]\",\"input_output\":\"{\\\"inputs\\\": [\\\"1 2\\\\n3 4\\\\n\\\", \\\"5 5\\\\n\\\"], \\\"outputs\\\": [\\\"3\\\\n7\\\\n\\\", \\\"10\\\\n\\\"]}\",\"difficulty\":\"interview\",\"url\":\"https://x\",\"starter_code\":\"\"}",
     SUM, "print(3)\n", "\"total\":2"},
    {"APPS, lines as lists", "python",
     "\"tests\":{\"input_output\":\"{\\\"inputs\\\": [[\\\"1 2\\\", \\\"3 4\\\"]], \\\"outputs\\\": [[\\\"3\\\", \\\"7\\\"]]}\"}",
     SUM, "print(3)\n", "\"total\":1"},
    {"APPS, function whose results are wrapped", "python",
     "\"tests\":{\"input_output\":\"{\\\"fn_name\\\": \\\"twoSum\\\", \\\"inputs\\\": [[[2, 7, 11, 15], 9], [[3, 3], 6]], \\\"outputs\\\": [[[0, 1]], [[0, 1]]]}\",\"starter_code\":\"class Solution:\\n\"}",
     TYPING TWO_SUM, "def twoSum(a, b):\n    return [1, 0]\n", "\"total\":2"},
    {"TACO", "python",
     "\"tests\":{\"question\":\"...\",\"solutions\":\"[]\",\"starter_code\":\"\",\"input_output\":\"{\\\"inputs\\\": [\\\"2 2\\\\n\\\"], \\\"outputs\\\": [\\\"4\\\\n\\\"], \\\"remote\\\": true}\",\"difficulty\":\"EASY\",\"raw_tags\":\"[]\",\"name\":null,\"source\":\"codechef\",\"tags\":\"[]\",\"time_limit\":\"1 seconds\",\"memory_limit\":\"50000 bytes\"}",
     SUM, "print(5)\n", "\"total\":1"},
    {"LiveCodeBench, standard input", "python",
     "\"tests\":{\"question_title\":\"A\",\"question_content\":\"...\",\"platform\":\"atcoder\",\"question_id\":\"abc300_a\",\"contest_id\":\"abc300\",\"contest_date\":\"2023-04-29T00:00:00\",\"starter_code\":\"\",\"difficulty\":\"easy\",\"public_test_cases\":\"[{\\\"input\\\": \\\"3 125\\\\n\\\", \\\"output\\\": \\\"128\\\\n\\\", \\\"testtype\\\": \\\"stdin\\\"}]\",\"metadata\":\"{}\"}",
     SUM, "print(127)\n", "\"total\":1"},
    {"LiveCodeBench, function", "python",
     "\"tests\":{\"question_id\":\"2847\",\"platform\":\"leetcode\",\"starter_code\":\"class Solution:\\n\",\"public_test_cases\":\"[{\\\"input\\\": \\\"[2, 7, 11, 15]\\\\n9\\\", \\\"output\\\": \\\"[0, 1]\\\", \\\"testtype\\\": \\\"functional\\\"}]\",\"metadata\":\"{\\\"func_name\\\": \\\"twoSum\\\"}\"}",
     TYPING TWO_SUM, "class Solution:\n    def twoSum(self, a, b):\n        return (1, 0)\n", "\"total\":1"},
    {"PrimeIntellect's verifiable coding problems", "python",
     "\"verification_info\":\"{\\\"language\\\": \\\"python\\\", \\\"test_cases\\\": [{\\\"type\\\": \\\"stdin_stdout\\\", \\\"input\\\": \\\"4 4\\\\n\\\", \\\"output\\\": \\\"8\\\\n\\\"}, {\\\"type\\\": \\\"stdin_stdout\\\", \\\"input\\\": \\\"1 1\\\\n\\\", \\\"output\\\": \\\"2\\\\n\\\"}]}\"",
     SUM, "print(8)\n", "\"total\":2"},
    {"PrimeIntellect, function calls", "python",
     "\"verification_info\":{\"language\":\"python\",\"test_cases\":[{\"type\":\"function_call\",\"fn_name\":\"add\",\"input\":[1,2],\"output\":[3]}]}",
     "def add(a, b):\n    return a + b\n", "def add(a, b):\n    return a\n", "\"total\":1"},
    {"open-r1's verifiable coding problems", "python",
     "\"verification_info\":{\"language\":\"python\",\"test_cases\":[{\"input\":\"1 2\\n\",\"output\":\"3\\n\",\"type\":\"stdin_stdout\",\"fn_name\":null}]}",
     SUM, "print('3\\n4')\n", "\"total\":1"},
    {"HumanEval", "python",
     "\"tests\":{\"task_id\":\"HumanEval/0\",\"prompt\":\"from typing import List\\n\\n\\ndef has_close_elements(numbers: List[float], threshold: float) -> bool:\\n    \\\"\\\"\\\" Are any two numbers closer than threshold?\\n    >>> has_close_elements([1.0, 2.0], 0.5)\\n    False\\n    \\\"\\\"\\\"\\n\",\"canonical_solution\":\"    return False\\n\",\"test\":\"\\n\\nMETADATA = {\\n    'author': 'jt',\\n    'dataset': 'test'\\n}\\n\\n\\ndef check(candidate):\\n    assert candidate([1.0, 2.0, 3.9, 4.0], 0.3) == True\\n    assert candidate([1.0, 2.0, 3.9, 4.5], 0.05) == False\\n\",\"entry_point\":\"has_close_elements\"}",
     "    return any(abs(a - b) < threshold for i, a in enumerate(numbers) for b in numbers[:i])\n", "    return True\n", "\"total\":2"},
    {"HumanEval, the whole function", "python",
     "\"entry_point\":\"add\",\"test\":\"def check(candidate):\\n    assert candidate(2, 3) == 5\\n\"",
     "def add(x, y):\n    return x + y\n", "def add(x, y):\n    return 6\n", "\"total\":1"},
    {"EvalPlus", "python",
     "\"tests\":{\"task_id\":\"Mbpp/9\",\"entry_point\":\"mean\",\"inputs\":[[[1.0, 2.0]],[[3]]],\"expected\":[1.5,3.0]}",
     "def mean(x):\n    return sum(x) / len(x)\n", "def mean(x):\n    return 1.5\n", "\"total\":2"},
    {"MBPP", "python",
     "\"tests\":{\"task_id\":11,\"text\":\"Remove first and last occurrence.\",\"code\":\"...\",\"test_list\":[\"assert remove_Occ(\\\"hello\\\",\\\"l\\\") == \\\"heo\\\"\",\"assert remove_Occ(\\\"abcda\\\",\\\"a\\\") == \\\"bcd\\\"\"],\"test_setup_code\":\"\",\"challenge_test_list\":[]}",
     "def remove_Occ(s, c):\n    i, j = s.find(c), s.rfind(c)\n    return s[:i] + s[i + 1:j] + s[j + 1:]\n", "def remove_Occ(s, c):\n    return s.replace(c, '')[:3] + '!'\n", "\"total\":2"},
    {"MBPP, sanitized, with imports", "python",
     "\"tests\":{\"task_id\":4,\"prompt\":\"...\",\"test_imports\":[\"import math\"],\"test_list\":[\"assert math.isclose(area(2), 12.566370614359172, rel_tol=0.001)\"]}",
     "def area(r):\n    return math.pi * r * r\n", "def area(r):\n    return r\n", "\"total\":1"},
    {"Codeforces", "cpp",
     "\"tests\":{\"id\":\"852/A\",\"aliases\":null,\"contest_id\":\"852\",\"contest_name\":\"x\",\"index\":\"A\",\"time_limit\":2.0,\"memory_limit\":256.0,\"title\":\"x\",\"description\":\"x\",\"input_format\":\"x\",\"output_format\":\"x\",\"interaction_format\":null,\"note\":null,\"examples\":[],\"editorial\":null,\"rating\":800,\"tags\":[],\"testset_size\":2,\"official_tests\":[{\"input\":\"1 2\",\"output\":\"3\"},{\"input\":\"4 4\",\"output\":\"8\"}],\"official_tests_complete\":true,\"input_mode\":\"stdio\",\"generated_checker\":null,\"executable\":true,\"generated_tests\":0,\"language\":\"cpp\"}",
     "#include <iostream>\nint main(){long long a,b;std::cin>>a>>b;std::cout<<a+b;}\n", "#include <iostream>\nint main(){std::cout<<3;}\n", "\"lang\":\"cpp\""},
    {"Codeforces, a generated checker", "python",
     "\"tests\":{\"time_limit\":1.0,\"memory_limit\":256.0,\"official_tests\":[{\"input\":\"10\\n\",\"output\":\"3 7\\n\"},{\"input\":\"4\\n\",\"output\":\"1 3\\n\"}],\"input_mode\":\"stdio\",\"generated_checker\":\"import sys\\n\\ndef main(input_path, output_path, submission_path):\\n    n = int(open(input_path).read())\\n    try:\\n        a, b = map(int, open(submission_path).read().split())\\n    except ValueError:\\n        print(0)\\n        return\\n    print(1 if a + b == n and a > 0 and b > 0 else 0)\\n\\nif __name__ == '__main__':\\n    main(sys.argv[1], sys.argv[2], sys.argv[3])\\n\"}",
     "n = int(input())\nprint(n - 1, 1)\n", "n = int(input())\nprint(n, 0)\n", "\"total\":2"},
    {"Codeforces, files", "python",
     "\"official_tests\":[{\"input\":\"1 2\\n\",\"output\":\"3\\n\"}],\"input_mode\":\"file\",\"time_limit\":1.0,\"memory_limit\":64.0",
     "open('output.txt', 'w').write(str(sum(map(int, open('input.txt').read().split()))))\n", "print(3)\n", "\"total\":1"},
    {"LiveCodeBench, private tests, packed", "python",
     "\"public_test_cases\":\"[]\",\"private_test_cases\":\"eJxrYJkaxAABPX7R1UqZeQWlJUpWCkrRRjoK5joKhoZAbBobk2eppKOglF9aApM2AIrHgsRKUotLSioLUkGiaaV5ySWZ+XmJOUq1sVP0AEFRGcE=\",\"metadata\":\"{\\\"func_name\\\": \\\"twoSum\\\"}\"",
     TYPING TWO_SUM, "class Solution:\n    def twoSum(self, a, b):\n        return (1, 0)\n", "\"total\":1"},
    {"CodeContests", "python",
     "\"public_tests\":{\"input\":[\"1 2\\n\"],\"output\":[\"3\\n\"]},\"private_tests\":{\"input\":[],\"output\":[]},\"generated_tests\":{\"input\":[\"5 5\\n\",\"1 1\\n\"],\"output\":[\"10\\n\",\"2\\n\"]},\"time_limit\":{\"seconds\":2,\"nanos\":500000000},\"memory_limit_bytes\":256000000",
     SUM, "print(3)\n", "\"total\":3"},
    {"AceCode", "python",
     "\"test_cases\":[\"assert sq(2) == 4\",\"assert sq(3) == 9\"]",
     "def sq(x):\n    return x * x\n", "def sq(x):\n    return 4\n", "\"total\":2"},
    {"KodCode", "python",
     "\"test\":\"from solution import sq\\n\\ndef test_two():\\n    assert sq(2) == 4\\n\\ndef test_three():\\n    x = 3\\n    assert sq(x) == 9\\n\"",
     "def sq(x):\n    return x * x\n", "def sq(x):\n    return 4\n", "\"total\":2"},
    {"KodCode, a test that does not come apart", "python",
     "\"test\":\"from solution import sq\\n\\ndef test_all():\\n    seen = []\\n    for i in range(3):\\n        seen.append(sq(i))\\n    assert seen == [0, 1, 4]\\n\"",
     "def sq(x):\n    return x * x\n", "def sq(x):\n    return 4\n", "\"weak\":true"},
    {"KodCode, the function by another name", "python",
     "\"test\":\"from solution import sq as square\\n\\ndef test_all():\\n    assert square(2) == 4\\n\\ndef test_more( ):\\n    assert square(3) == 9\\n\"",
     "def sq(x):\n    return x * x\n", "def sq(x):\n    return 4\n", "\"weak\":true"},
    {"PRIME, the tests in the answer", "python",
     "\"answer\":\"{\\\"inputs\\\": [\\\"1 2\\\", \\\"4 4\\\"], \\\"outputs\\\": [\\\"3\\\", \\\"8\\\"]}\"",
     SUM, "print(3)\n", "\"total\":2"},
    {"IOI", "cpp", IOI("40", "Batch"), "#include \"nile.h\"\nlong long best(int n){return 1LL*n*n;}\n",
     "#include \"nile.h\"\nlong long best(int n){return n;}\n", "\"points\":40"},
    {"IOI, tests as a list, outputs compared", "cpp",
     "\"tests\":{\"id\":\"sum\",\"subtask\":\"1\",\"score\":10,\"time_limit\":1.0,\"memory_limit\":268435456,\"grader_files\":[[\"graders/grader.cpp\",\"#include <iostream>\\nint f(int);int main(){int x;std::cin>>x;std::cout<<f(x);}\"]],\"test_cases\":[[\"2\",\"3\\n\"],[\"5\",\"6\\n\"]]}",
     "int f(int x){return x+1;}\n", "int f(int){return 3;}\n", "\"points\":10"},
};
/* clang-format on */

static char *judge_row(const struct row *r, const char *lang, const char *program)
{
    struct buffer text;
    buffer_init(&text, 1 << 20);
    buffer_addf(&text, "<think>hm</think>\n```%s\n%s```\n", lang, program);
    char *completion = buffer_take(&text), *reply;
    reply = ask_about_code(r->name, completion, ",\"timeout_s\":60", r->item);
    free(completion);
    return reply;
}

static int check(const struct row *r, const char *program, const char *reward, const char *holds)
{
    char *reply = judge_row(r, r->lang, program);
    bool good = strstr(reply, reward) != NULL && strstr(reply, holds) != NULL;
    if (!good) print_message("%s:\n  %s\nwants %s and %s\n", r->name, reply, reward, holds);
    free(reply);
    return !good;
}

static void test_rows(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        failed += check(&rows[i], rows[i].right, "\"reward\":1,", rows[i].holds);
        char *reply = judge_row(&rows[i], rows[i].lang, rows[i].wrong);
        if (strstr(reply, "\"reward\":1,") != NULL || strstr(reply, "\"reward\":null") != NULL) {
            print_message("%s: a wrong program:\n  %s\n", rows[i].name, reply);
            failed++;
        }
        free(reply);
    }
    assert_int_equal(failed, 0);
}

static void ioi_scores(void **state)
{
    (void)state;
    static const struct row half = {
        "IOI, half of a subtask", "cpp", IOI("40", "Batch"), NULL, NULL, NULL};
    static const struct row talk = {
        "IOI, a task of another type", "cpp", IOI("40", "Communication"), NULL, NULL, NULL};
    static const struct row python = {
        "IOI in Python", "python", IOI("40", "Batch"), NULL, NULL, NULL};
    const char *program = "#include \"nile.h\"\nlong long best(int n){return n==3?9:48;}\n";
    int failed = check(&half, program, "\"reward\":0.5,", "\"points\":20");
    failed += check(&half, "int best;\n", "\"reward\":0,", "\"status\":\"compile_error\"");
    failed += check(&talk, program, "\"reward\":null", "only Batch tasks");
    failed += check(&python, "print(1)\n", "\"reward\":0,", "\"cause\":\"no_code\"");
    assert_int_equal(failed, 0);
}

/* A pickle is a program; none is run. */
static void hostile_packs(void **state)
{
    (void)state;
    static const struct row calls = {
        "a pickle that calls os.system", "python",
        "\"private_test_cases\":\"eJxrYEnOL+YqriwuSc3l0ghWz0xR5yoJ0gMAWu0HFw==\"", NULL, NULL, NULL};
    static const struct row torn = {
        "a pack that ends early", "python", "\"private_test_cases\":\"eJxrYJkaxAABPX7R1UqZeQWlJUpWCkrRRjoK5joK\"", NULL, NULL, NULL};
    int failed = check(&calls, SUM, "\"reward\":null", "more than a text");
    failed += check(&torn, SUM, "\"reward\":null", "no whole zlib stream");
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(ioi_scores),
        cmocka_unit_test(hostile_packs),
    };
    return cmocka_run_group_tests(tests, open_code_judge, close_judge);
}
