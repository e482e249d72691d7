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
    "getattr(sys, 'set_int_max_str_digits', int)(0)\n" \
    "source = open('main.py', 'rb').read()\n"

/* What a program of LiveCodeBench's or LeetCode's kind may use without importing it: their graders
 * (lcb_runner/evaluation/testing_util.py; verl's prime_code) put seventeen star imports and as many
 * plain ones in front of it, and raise the limit of recursion. Here only the names that its global
 * loads ask for are lent: lend(code, space). A plain import wins over a star's name, built-in names
 * over both, as there. */
#define PYTHON_DRIVER_LEND \
    "def lend(code, space):\n" \
    "    import sys, builtins\n" \
    "    from opcode import opmap\n" \
    "    stars = {\n" \
    "     'string': 'ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits printable punctuation whitespace Template Formatter',\n" \
    "     're': 'findall finditer fullmatch match search split escape subn error I IGNORECASE M MULTILINE S DOTALL X VERBOSE A ASCII',\n" \
    "     'datetime': 'date time timedelta timezone tzinfo MINYEAR MAXYEAR',\n" \
    "     'collections': 'deque defaultdict namedtuple UserDict UserList UserString Counter OrderedDict ChainMap',\n" \
    "     'heapq': 'heappush heappop heapify heapreplace merge nlargest nsmallest heappushpop',\n" \
    "     'bisect': 'bisect_left bisect_right insort insort_left insort_right', 'copy': 'deepcopy Error',\n" \
    "     'math': 'acos acosh asin asinh atan atan2 atanh ceil comb copysign cos cosh degrees dist e erf erfc exp expm1 fabs factorial floor fmod frexp fsum gamma gcd hypot inf isclose isfinite isinf isnan isqrt lcm ldexp lgamma log log10 log1p log2 modf nan nextafter perm pi prod radians remainder sin sinh sqrt tan tanh tau trunc ulp',\n" \
    "     'random': 'Random seed uniform randint choice sample randrange shuffle normalvariate expovariate gauss triangular choices getrandbits',\n" \
    "     'statistics': 'mean median mode stdev variance pstdev pvariance fmean median_low median_high harmonic_mean geometric_mean multimode quantiles',\n" \
    "     'itertools': 'accumulate chain combinations combinations_with_replacement compress count cycle dropwhile filterfalse groupby islice pairwise permutations product repeat starmap takewhile tee zip_longest',\n" \
    "     'functools': 'cache cached_property cmp_to_key lru_cache partial partialmethod reduce singledispatch total_ordering update_wrapper wraps',\n" \
    "     'operator': 'add and_ attrgetter concat contains countOf eq floordiv ge getitem gt iadd indexOf inv itemgetter le lshift lt methodcaller mod mul ne neg not_ or_ pos rshift sub truediv truth xor',\n" \
    "     'io': 'BytesIO StringIO IOBase TextIOWrapper BufferedReader', 'sys': 'argv getrecursionlimit maxsize setrecursionlimit stderr stdin stdout getsizeof',\n" \
    "     'json': 'dump dumps load loads JSONDecoder JSONEncoder',\n" \
    "     'typing': 'Any Callable ClassVar Dict DefaultDict Deque Final FrozenSet Generator Generic Hashable Iterable Iterator List Literal Mapping MutableMapping NamedTuple NoReturn Optional Protocol Sequence Set Sized Text Tuple Type TypeVar TypedDict Union cast overload'}\n" \
    "    owners = {n: m for m, names in stars.items() for n in names.split()}\n" \
    "    owners |= {m: m for m in stars}\n" \
    "    late, names = sys.version_info >= (3, 11), set()\n" \
    "    def loads(c):\n" \
    "        more = 0\n" \
    "        for op, arg in zip(c.co_code[::2], c.co_code[1::2]):\n" \
    "            arg |= more\n" \
    "            more = arg << 8 if op == opmap['EXTENDED_ARG'] else 0\n" \
    "            if op == opmap['LOAD_GLOBAL']: names.add(c.co_names[arg >> late])\n" \
    "            elif op == opmap['LOAD_NAME']: names.add(c.co_names[arg])\n" \
    "        for k in c.co_consts:\n" \
    "            if type(k) is type(c): loads(k)\n" \
    "    loads(code)\n" \
    "    for n in names & owners.keys():\n" \
    "        if n in space or hasattr(builtins, n): continue\n" \
    "        module = __import__(owners[n])\n" \
    "        v = module if n == owners[n] else getattr(module, n, None)\n" \
    "        if v is not None: space[n] = v\n" \
    "    for n, fields in ('ListNode', ('val', 'next')), ('TreeNode', ('val', 'left', 'right')):\n" \
    "        def start(self, val=0, *rest, fields=fields, **named):\n" \
    "            self.__dict__ |= dict.fromkeys(fields) | dict(zip(fields, (val, *rest))) | named\n" \
    "        if n in names and n not in space: space[n] = type(n, (), {'__init__': start})\n" \
    "    sys.setrecursionlimit(50000)\n"

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

/* The same with names lent to it; the lender is its first argument. */
#define PYTHON_DRIVER_RUN_LENT \
    "import sys\n" \
    "exec(sys.argv.pop(1))\n" \
    PYTHON_DRIVER_SITE \
    "sys.argv[0] = 'main.py'\n" \
    "import posix\n" \
    "posix.close(3)\n" \
    "del v, builtins, Quitter, posix, sys\n" \
    "__file__ = 'main.py'\n" \
    "source = compile(source, 'main.py', 'exec')\n" \
    "globals().pop('lend')(source, globals())\n" \
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
 *   clean NAME \n expression   the same with Python's own built-in names, whatever the program has
 *                              made of them; NAME is the program's all the same
 *   exec TOKEN \n statements    the token is written when they all ran
 * A second argument lends names to both (PYTHON_DRIVER_LEND).
 * The program is loaded as a module, so its `if __name__ == '__main__'` does not run. */
#define PYTHON_DRIVER_CALL \
    "import sys\n" \
    "exec(sys.argv[1])\n" \
    "lend = None\n" \
    "if len(sys.argv) > 2: exec(sys.argv[2])\n" \
    PYTHON_DRIVER_SITE \
    "sys.argv[:] = ['main.py']\n" \
    "def drive(source):\n" \
    "    import posix, builtins\n" \
    "    real = dict(builtins.__dict__)\n" \
    "    write, flush, canon, leave = posix.write, sys.stdout.flush, make_canon(), posix._exit\n" \
    "    with open('call', encoding='utf-8', errors='surrogatepass', newline='\\n') as f: what, body = f.read().split('\\n', 1)\n" \
    "    posix.unlink('call')\n" \
    "    how, _, name = what.partition(' ')\n" \
    "    names = {'true': True, 'false': False, 'null': None, 'NaN': float('nan'), 'Infinity': float('inf')}\n" \
    "    module = type(sys)('solution')\n" \
    "    module.__file__ = 'main.py'\n" \
    "    sys.modules['solution'] = module\n" \
    "    space = module.__dict__\n" \
    "    code = compile(body, 'test', 'exec' if how == 'exec' else 'eval')\n" \
    "    program = compile(source, 'main.py', 'exec')\n" \
    "    if lend: lend(program, space)\n" \
    "    exec(program, space)\n" \
    "    if lend: lend(code, space)\n" \
    "    if how == 'exec':\n" \
    "        exec(code, space)\n" \
    "        result = name\n" \
    "    elif how == 'call':\n" \
    "        f = space.get(name)\n" \
    "        if f is None and 'Solution' in space: f = getattr(space['Solution'](), name)\n" \
    "        if f is None: raise NameError('the program has no ' + name)\n" \
    "        result = canon(f(*eval(code, names)), False)\n" \
    "    else:\n" \
    "        if how == 'clean': space = {k: v for k, v in space.items() if k == name or k not in real} | {'__builtins__': real}\n" \
    "        result = canon(eval(code, space), True)\n" \
    "    data = (result + '\\n').encode('utf-8', 'surrogatepass')\n" \
    "    flush()\n" \
    "    while data: data = data[write(3, data):]\n" \
    "    leave(0)\n" \
    "drive(source)\n"

/* What the next takes as its second argument: which side of a comparison is known, and how close
 * numbers must be. */
#define PYTHON_DRIVER_NEAR \
    "def value(node): return eval(compile(ast.fix_missing_locations(ast.Expression(node)), 't', 'eval'), {})\n" \
    "def known(node):\n" \
    "    try: return canon(value(node), True)\n" \
    "    except Exception: return None\n" \
    "def number(node):\n" \
    "    try: v = value(node); return float(v) if type(v) in (int, float) else None\n" \
    "    except Exception: return None\n" \
    "def sides(a, b, read):\n" \
    "    want = read(b)\n" \
    "    return (a, want) if want is not None else (b, read(a))\n" \
    "def called(node, *names):\n" \
    "    if not isinstance(node, ast.Call): return None\n" \
    "    f = node.func\n" \
    "    name = f.attr if isinstance(f, ast.Attribute) and isinstance(f.value, ast.Name) else f.id if isinstance(f, ast.Name) else ''\n" \
    "    return (f.value.id if isinstance(f, ast.Attribute) else name) if name in names else None\n" \
    "def distance(test):\n" \
    "    a, op, b = test.left, test.ops[0], test.comparators[0]\n" \
    "    if isinstance(op, (ast.Gt, ast.GtE)): a, b = b, a\n" \
    "    elif not isinstance(op, (ast.Lt, ast.LtE)): return None\n" \
    "    most, scale = number(b), 1.0\n" \
    "    if isinstance(a, ast.BinOp) and isinstance(a.op, ast.Div): a, scale = a.left, number(a.right)\n" \
    "    if most is None or scale is None or not scale > 0 or not called(a, 'abs', 'fabs') or len(a.args) != 1: return None\n" \
    "    d = a.args[0]\n" \
    "    if not isinstance(d, ast.BinOp) or not isinstance(d.op, ast.Sub): return None\n" \
    "    expr, want = sides(d.left, d.right, number)\n" \
    "    kind = 'under' if isinstance(op, (ast.Lt, ast.Gt)) else 'within'\n" \
    "    return None if want is None else (expr, want, [kind, most * scale, 0.0])\n" \
    "def closeness(test):\n" \
    "    whose = called(test, 'isclose')\n" \
    "    if whose is None or len(test.args) != 2: return None\n" \
    "    numpy = whose in ('np', 'numpy')\n" \
    "    given = {'rtol': 1e-05, 'atol': 1e-08} if numpy else {'rel_tol': 1e-09, 'abs_tol': 0.0}\n" \
    "    for k in test.keywords:\n" \
    "        v = number(k.value)\n" \
    "        if k.arg not in given or v is None: return None\n" \
    "        given[k.arg] = v\n" \
    "    expr, want = sides(test.args[0], test.args[1], number)\n" \
    "    if want is None or numpy and expr is not test.args[0]: return None\n" \
    "    rel, least = given.values()\n" \
    "    return expr, want, ['numpy' if numpy else 'close', least, rel]\n"

/* And as its third: an assertion as a row of what is wanted. */
#define PYTHON_DRIVER_ROWS \
    "class Put(ast.NodeTransformer):\n" \
    "    def __init__(self, nodes): self.nodes = nodes\n" \
    "    def visit_Name(self, n):\n" \
    "        return ast.copy_location(self.nodes[n.id], n) if n.id in self.nodes else n\n" \
    "def put(nodes, tree): return Put(nodes).visit(ast.parse(ast.unparse(tree)).body[0])\n" \
    "def row(expr, want, weak, near, keep):\n" \
    "    own = any(isinstance(n, ast.Name) and (n.id == keep or not hasattr(builtins, n.id)) for n in ast.walk(expr))\n" \
    "    return {'expr': ast.unparse(expr), 'want': want, 'weak': weak, 'clean': own, 'near': near, 'keep': keep}\n" \
    "def one(test, keep):\n" \
    "    near = distance(test) if isinstance(test, ast.Compare) and len(test.ops) == 1 else closeness(test)\n" \
    "    if near is not None: return row(near[0], repr(near[1]), False, near[2], keep)\n" \
    "    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], (ast.Eq, ast.Is)):\n" \
    "        expr, want = sides(test.left, test.comparators[0], known)\n" \
    "        if want is not None: return row(expr, want, False, None, keep)\n" \
    "    expr, sign, weak = test, 2, True\n" \
    "    if isinstance(expr, ast.UnaryOp) and isinstance(expr.op, ast.Not): expr, sign = expr.operand, 1\n" \
    "    if isinstance(expr, ast.Call) and isinstance(expr.func, ast.Name): weak = False\n" \
    "    for _ in range(sign): expr = ast.UnaryOp(ast.Not(), expr)\n" \
    "    return row(expr, '1', weak, None, keep)\n"

/* Assertions to calls: reads a JSON list of {"source", "entry"} from stdin and writes a JSON list
 * of lists to descriptor 3; null where the source is no list of plain assertions. Each assertion is
 *   {"expr", "want", "weak", "clean", "near"}
 * want is what expr must be; clean: built-in names in expr are Python's own, not the program's;
 * near: [kind, absolute, relative] when numbers need only be close (checker.h), else null.
 * It runs without the program, so that what is expected never comes near it. Loops over known
 * values are unrolled, and names of known values replaced, where nothing can have changed them. */
#define PYTHON_DRIVER_ASSERTS \
    "import ast, builtins, json, os, sys\n" \
    "exec(sys.argv[1])\n" \
    "canon = make_canon()\n" \
    "exec(sys.argv[2])\n" \
    "exec(sys.argv[3])\n" \
    "def firm(v): return v is None or type(v) in (bool, int, float, str) or type(v) is tuple and all(map(firm, v))\n" \
    "def as_node(v): return ast.parse(repr(v), mode='eval').body\n" \
    "def bind(target, v, nodes):\n" \
    "    if isinstance(target, ast.Name): nodes[target.id] = as_node(v)\n" \
    "    elif isinstance(target, (ast.Tuple, ast.List)) and len(target.elts) == len(v):\n" \
    "        for t, x in zip(target.elts, v): bind(t, x, nodes)\n" \
    "    else: raise ValueError\n" \
    "def unroll(loop, keep, out):\n" \
    "    alone = len(loop.body) == 1 and isinstance(loop.body[0], ast.Assert)\n" \
    "    for i, v in enumerate(value(loop.iter)):\n" \
    "        nodes = {}\n" \
    "        if i >= 200 or loop.orelse or not (alone or firm(v)): raise ValueError\n" \
    "        bind(loop.target, v, nodes)\n" \
    "        plain([put(nodes, s) for s in loop.body], keep, out)\n" \
    "def plain(body, keep, out):\n" \
    "    nodes = {}\n" \
    "    for s in body:\n" \
    "        if nodes: s = put(nodes, s)\n" \
    "        if isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant): continue\n" \
    "        if isinstance(s, (ast.Pass, ast.Import, ast.ImportFrom)): continue\n" \
    "        if isinstance(s, ast.Assign) and len(s.targets) == 1 and isinstance(s.targets[0], ast.Name):\n" \
    "            v = value(s.value)\n" \
    "            if not firm(v): raise ValueError\n" \
    "            nodes[s.targets[0].id] = as_node(v)\n" \
    "        elif isinstance(s, ast.For): unroll(s, keep, out)\n" \
    "        elif not isinstance(s, ast.Assert): raise ValueError\n" \
    "        elif known(s.test) is None: out.append(one(s.test, keep))\n" \
    "def script(tree, entry):\n" \
    "    checks = [s for s in tree.body if isinstance(s, ast.FunctionDef) and s.name == 'check']\n" \
    "    others = [s for s in tree.body if s not in checks and not isinstance(s, (ast.Assign, ast.Expr, ast.Import, ast.ImportFrom))]\n" \
    "    a = checks[0].args if len(checks) == 1 else None\n" \
    "    if others or a is None or len(a.args) != 1 or a.posonlyargs or a.vararg or a.kwonlyargs: raise ValueError\n" \
    "    names = {a.args[0].arg: ast.Name(entry, ast.Load())}\n" \
    "    return [put(names, s) for s in checks[0].body]\n" \
    "def tests_of(tree):\n" \
    "    body = []\n" \
    "    for s in tree.body:\n" \
    "        if isinstance(s, (ast.Import, ast.ImportFrom)): continue\n" \
    "        if not isinstance(s, ast.FunctionDef) or s.args.args or s.decorator_list: raise ValueError\n" \
    "        body += s.body\n" \
    "    return body\n" \
    "def imports(tree): return [s for s in ast.walk(tree) if isinstance(s, (ast.Import, ast.ImportFrom))]\n" \
    "def convert(source, entry, pytest):\n" \
    "    out = []\n" \
    "    try:\n" \
    "        tree = ast.parse(source)\n" \
    "        plain(script(tree, entry) if entry else tests_of(tree) if pytest else tree.body, entry, out)\n" \
    "        known_names = {n.asname or n.name for s in imports(tree) for n in s.names if not pytest or getattr(s, 'module', '') != 'solution' or n.asname}\n" \
    "        used = {n.id for r in out for n in ast.walk(ast.parse(r['expr'])) if isinstance(n, ast.Name)}\n" \
    "        return None if used & known_names else out\n" \
    "    except Exception: return None\n" \
    "out = [convert(x['source'], x['entry'], x['pytest']) for x in json.load(sys.stdin)]\n" \
    "data = json.dumps(out).encode()\n" \
    "while data: data = data[os.write(3, data):]\n"

/* clang-format on */

#endif
