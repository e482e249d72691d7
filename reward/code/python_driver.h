/* reward/code/python_driver.h - the few lines of Python that start a Python program.
 *
 * They are ours and run before the program; what they print afterwards is judged in the server,
 * never here. Python is started without its site module (-S), and the module os, which wraps
 * posix, is left to programs that want it: together half of its start.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_PYTHON_DRIVER_H
#define REWARD_CODE_PYTHON_DRIVER_H

/* clang-format off */

/* What site does that programs rely on: exit, quit, installed packages. */
#define PYTHON_DRIVER_SITE \
    "import sys, builtins\n" \
    "from _sitebuiltins import Quitter\n" \
    "builtins.exit = Quitter('exit', 'Ctrl-D')\n" \
    "builtins.quit = Quitter('quit', 'Ctrl-D')\n" \
    "v = '%d.%d' % sys.version_info[:2]\n" \
    "sys.path += ['/usr/local/lib/python%s/dist-packages' % v, '/usr/lib/python3/dist-packages',\n" \
    "             '%s/lib/python%s/site-packages' % (sys.prefix, v)]\n" \
    "source = open('main.py', 'rb').read()\n"

/* A program with stdin and stdout: main.py as __main__. */
#define PYTHON_DRIVER_RUN \
    PYTHON_DRIVER_SITE \
    "sys.argv[0] = 'main.py'\n" \
    "import posix\n" \
    "posix.close(3)\n" \
    "del v, builtins, Quitter, posix, sys\n" \
    "__file__ = 'main.py'\n" \
    "source = compile(source, 'main.py', 'exec')\n" \
    "exec(globals().pop('source'))\n"

/* A program as a notebook's cell: when its last statement is an expression, the value's text goes
 * to descriptor
 * 3. */
#define PYTHON_DRIVER_CELL \
    PYTHON_DRIVER_SITE \
    "sys.argv[0] = 'main.py'\n" \
    "def drive(source, sys=sys):\n" \
    "    import ast, posix\n" \
    "    tree = ast.parse(source, 'main.py')\n" \
    "    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None\n" \
    "    space = sys.modules['__main__'].__dict__\n" \
    "    exec(compile(tree, 'main.py', 'exec'), space)\n" \
    "    if last is None: return\n" \
    "    value = eval(compile(ast.Expression(last.value), 'main.py', 'eval'), space)\n" \
    "    if value is None: return\n" \
    "    data = repr(value).encode('utf-8', 'replace')\n" \
    "    while data: data = data[posix.write(3, data):]\n" \
    "__file__ = 'main.py'\n" \
    "drive(source)\n"

/* The next two take this as their first argument: it defines canon(value, strict): a value as
 * text, equal texts for equal values. strict: as Python's == sees it (1 == True == 1.0, tuples
 * are no lists); else as JSON (tuples and sets become lists, keys become strings, true is not 1).
 * What has no such form raises TypeError. */
#define PYTHON_DRIVER_CANON \
    "def make_canon(isinstance=isinstance, repr=repr, sorted=sorted, str=str, int=int, type=type, len=len,\n" \
    "        ord=ord, float=float, bool=bool, list=list, tuple=tuple, dict=dict, set=set,\n" \
    "        frozenset=frozenset, TypeError=TypeError, hasattr=hasattr):\n" \
    "    def text(s):\n" \
    "        out = ['\"']\n" \
    "        for c in str.__str__(s):\n" \
    "            n = ord(c)\n" \
    "            if c == '\"' or c == '\\\\': out.append('\\\\' + c)\n" \
    "            elif n < 32 or 126 < n < 160 or 0xd800 <= n < 0xe000: out.append('\\\\u%04x' % n)\n" \
    "            else: out.append(c)\n" \
    "        out.append('\"')\n" \
    "        return ''.join(out)\n" \
    "    def canon(v, strict, depth=0):\n" \
    "        t = type(v)\n" \
    "        if depth > 60: raise TypeError('nested too deep')\n" \
    "        if v is None: return 'null'\n" \
    "        if t is bool: return ('1' if v else '0') if strict else ('true' if v else 'false')\n" \
    "        if t is int or t is not bool and isinstance(v, int): return int.__repr__(v)\n" \
    "        if isinstance(v, float):\n" \
    "            f = float.__float__(v)\n" \
    "            if strict and f - f == 0 and f == int(f): return int.__repr__(int(f))\n" \
    "            return float.__repr__(f)\n" \
    "        if isinstance(v, str): return text(v)\n" \
    "        if isinstance(v, (list, tuple)):\n" \
    "            a, b = ('(', ')') if strict and isinstance(v, tuple) else ('[', ']')\n" \
    "            it = tuple.__iter__(v) if isinstance(v, tuple) else list.__iter__(v)\n" \
    "            return a + ','.join([canon(x, strict, depth + 1) for x in it]) + b\n" \
    "        if isinstance(v, (set, frozenset)):\n" \
    "            items = sorted([canon(x, strict, depth + 1) for x in v])\n" \
    "            if strict: return '{' + ','.join(items) + '}' if items else 'set()'\n" \
    "            try: return '[' + ','.join([canon(x, strict, depth + 1) for x in sorted(v)]) + ']'\n" \
    "            except TypeError: return '[' + ','.join(items) + ']'\n" \
    "        if isinstance(v, dict):\n" \
    "            pairs = []\n" \
    "            for k, x in dict.items(v):\n" \
    "                key = canon(k, strict, depth + 1)\n" \
    "                if not strict and key[:1] != '\"': key = text(key)\n" \
    "                pairs.append(key + ':' + canon(x, strict, depth + 1))\n" \
    "            return '{' + ','.join(sorted(pairs)) + ('}' if pairs or not strict else ':}')\n" \
    "        if t.__module__.split('.')[0] == 'numpy' and hasattr(v, 'tolist'):\n" \
    "            return canon(v.tolist(), strict, depth + 1)\n" \
    "        if t.__module__ in ('collections', '_collections') and t.__name__ == 'deque' and not strict:\n" \
    "            return canon(list(v), strict, depth + 1)\n" \
    "        raise TypeError('a %s cannot be compared' % t.__name__)\n" \
    "    return canon\n"

/* The file "call" says what to evaluate once the program is loaded; its value goes to descriptor 3.
 *   call NAME \n [arguments]    NAME of the module, or of Solution()
 *   eval \n expression
 *   exec TOKEN \n statements    the token is written when they all ran
 * The program is loaded as a module, so its `if __name__ == '__main__'` does not run. */
#define PYTHON_DRIVER_CALL \
    "import sys\n" \
    "exec(sys.argv[1])\n" \
    PYTHON_DRIVER_SITE \
    "sys.argv[:] = ['main.py']\n" \
    "def drive(source):\n" \
    "    import posix\n" \
    "    write, flush, canon, leave = posix.write, sys.stdout.flush, make_canon(), posix._exit\n" \
    "    sys.set_int_max_str_digits(0)\n" \
    "    with open('call', encoding='utf-8', errors='surrogatepass', newline='\\n') as f: what, body = f.read().split('\\n', 1)\n" \
    "    posix.unlink('call')\n" \
    "    how, _, name = what.partition(' ')\n" \
    "    names = {'true': True, 'false': False, 'null': None, 'NaN': float('nan'), 'Infinity': float('inf')}\n" \
    "    module = type(sys)('solution')\n" \
    "    module.__file__ = 'main.py'\n" \
    "    sys.modules['solution'] = module\n" \
    "    space = module.__dict__\n" \
    "    code = compile(body, 'test', 'exec' if how == 'exec' else 'eval')\n" \
    "    exec(compile(source, 'main.py', 'exec'), space)\n" \
    "    if how == 'exec':\n" \
    "        exec(code, space)\n" \
    "        result = name\n" \
    "    elif how == 'call':\n" \
    "        f = space.get(name)\n" \
    "        if f is None and 'Solution' in space: f = getattr(space['Solution'](), name)\n" \
    "        if f is None: raise NameError('the program has no ' + name)\n" \
    "        result = canon(f(*eval(code, names)), False)\n" \
    "    else:\n" \
    "        result = canon(eval(code, space), True)\n" \
    "    data = (result + '\\n').encode('utf-8', 'surrogatepass')\n" \
    "    flush()\n" \
    "    while data: data = data[write(3, data):]\n" \
    "    leave(0)\n" \
    "drive(source)\n"

/* Assertions to calls: reads a JSON list of {"source", "entry"} from stdin and writes a JSON list
 * of lists of {"expr", "want", "weak"} to descriptor 3; null where the source is no list of plain
 * assertions. It runs without the program, so that what is expected never comes near it. */
#define PYTHON_DRIVER_ASSERTS \
    "import ast, json, os, sys\n" \
    "exec(sys.argv[1])\n" \
    "canon = make_canon()\n" \
    "class Rename(ast.NodeTransformer):\n" \
    "    def __init__(self, entry): self.entry = entry\n" \
    "    def visit_Name(self, n):\n" \
    "        return ast.copy_location(ast.Name(self.entry, n.ctx), n) if n.id == 'candidate' else n\n" \
    "def known(node):\n" \
    "    try: return canon(eval(compile(ast.fix_missing_locations(ast.Expression(node)), 't', 'eval'), {}), True)\n" \
    "    except Exception: return None\n" \
    "def one(test):\n" \
    "    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], (ast.Eq, ast.Is)):\n" \
    "        left, right = test.left, test.comparators[0]\n" \
    "        want, expr = known(right), left\n" \
    "        if want is None: want, expr = known(left), right\n" \
    "        if want is not None: return {'expr': ast.unparse(expr), 'want': want, 'weak': False}\n" \
    "    expr, sign, weak = test, 'not not ', True\n" \
    "    if isinstance(expr, ast.UnaryOp) and isinstance(expr.op, ast.Not): expr, sign = expr.operand, 'not '\n" \
    "    if isinstance(expr, ast.Call) and isinstance(expr.func, ast.Name): weak = False\n" \
    "    return {'expr': sign + '(' + ast.unparse(expr) + ')', 'want': '1', 'weak': weak}\n" \
    "def plain(body):\n" \
    "    out = []\n" \
    "    for s in body:\n" \
    "        if isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant): continue\n" \
    "        if isinstance(s, ast.Pass): continue\n" \
    "        if isinstance(s, ast.Assert) and known(s.test) is not None: continue\n" \
    "        if not isinstance(s, ast.Assert): return None\n" \
    "        out.append(one(s.test))\n" \
    "    return out\n" \
    "def convert(source, entry):\n" \
    "    try: tree = ast.parse(source)\n" \
    "    except Exception: return None\n" \
    "    if not entry: return plain(tree.body)\n" \
    "    checks = [s for s in tree.body if isinstance(s, ast.FunctionDef) and s.name == 'check']\n" \
    "    others = [s for s in tree.body if s not in checks and not isinstance(s, (ast.Assign, ast.Expr))]\n" \
    "    if len(checks) != 1 or others: return None\n" \
    "    return plain(Rename(entry).visit(checks[0]).body)\n" \
    "out = [convert(x['source'], x['entry']) for x in json.load(sys.stdin)]\n" \
    "data = json.dumps(out).encode()\n" \
    "while data: data = data[os.write(3, data):]\n"

/* clang-format on */

#endif
