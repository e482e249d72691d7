/* reward/code/python_driver.h - the Python in which Python programs start.
 *
 * It is read once by the interpreter that a cell keeps warm (warm.h): everything up to
 * posix.fork(), which returns in each run's own process only, behind its walls. What a program prints
 * or writes to the result channel is judged in the server, never here. Python is started without its
 * site module (-S).
 *
 * A run's words are the way it goes and its arguments:
 *   run [ARGUMENT...]    main.py as __main__, with stdin and stdout
 *   lent [ARGUMENT...]   the same with names lent to it
 *   cell [ARGUMENT...]   main.py as a notebook's cell: when its last statement is an expression, the
 *                        value's text goes to the result channel
 *   call, call_lent      what the file "call" says, once main.py is loaded as a module
 *   asserts              assertions taken apart; no program is near
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_PYTHON_DRIVER_H
#define REWARD_CODE_PYTHON_DRIVER_H

/* clang-format off */

/* The interpreter's argument of -c; the parts stand behind it, those of the assertions first. (A string of C
 * must not be longer than 4095 bytes.) */
#define PYTHON_DRIVER_BOOT \
    "import sys\n" \
    "asserts = [compile(part, 'asserts', 'exec') for part in sys.argv[1:4]]\n" \
    "for part in sys.argv[4:]: exec(part)\n" \
    "posix.fork()\n" \
    "finish(go(hear()))\n"

/* What site does that programs rely on: exit, quit, installed packages; and what most of them import,
 * found in the system's folders only. */
#define PYTHON_DRIVER_SITE \
    "import posix\n" \
    "if b'LD_PRELOAD' in posix.environ: posix._exit(1)\n" \
    "import builtins, _sitebuiltins\n" \
    "builtins.exit = _sitebuiltins.Quitter('exit', 'Ctrl-D')\n" \
    "builtins.quit = _sitebuiltins.Quitter('quit', 'Ctrl-D')\n" \
    "version = '%d.%d' % sys.version_info[:2]\n" \
    "sys.path += ['/usr/local/lib/python%s/dist-packages' % version, '/usr/lib/python3/dist-packages',\n" \
    "             '%s/lib/python%s/site-packages' % (sys.prefix, version)]\n" \
    "getattr(sys, 'set_int_max_str_digits', int)(0)\n" \
    "bare = set(sys.modules)\n" \
    "here = sys.path.pop(0)\n" \
    "import atexit, gc\n" \
    "from opcode import opmap\n" \
    "import bisect, collections, copy, datetime, functools, heapq, io, itertools, json, math, operator, os, random\n" \
    "import re, statistics, string, time, typing\n" \
    "sys.path.insert(0, here)\n"

/* What a program of LiveCodeBench's or LeetCode's kind may use without importing it: their graders
 * (lcb_runner/evaluation/testing_util.py; verl's prime_code) put seventeen star imports and as many
 * plain ones in front of it, and raise the limit of recursion. Here only the names that its global
 * loads ask for are lent: lend(code, space). A plain import wins over a star's name, built-in names
 * over both, as there. */
#define PYTHON_DRIVER_LEND \
    "def lend(code, space):\n" \
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

/* canon(value, strict) of make_canon(): a value as text, equal texts for equal values. strict: as Python's ==
 * sees it (1 == True == 1.0, tuples are no lists); else as JSON (tuples and sets become lists, keys become
 * strings, true is not 1). What has no such form raises TypeError. */
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

/* The next three are one program. Assertions to calls: reads a JSON list of {"source", "entry"}
 * from stdin and writes a JSON list of lists to descriptor 3; null where the source is no list of
 * plain assertions. Each assertion is
 *   {"expr", "want", "weak", "clean", "near"}
 * want is what expr must be; clean: built-in names in expr are Python's own, not the program's;
 * near: [kind, absolute, relative] when numbers need only be close (checker.h), else null.
 * It runs without the program, so that what is expected never comes near it. Loops over known
 * values are unrolled, and names of known values replaced, where nothing can have changed them.
 *
 * Which side of a comparison is known, and how close numbers must be: */
#define PYTHON_DRIVER_NEAR \
    "import ast, builtins, json, os, sys\n" \
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

/* An assertion as a row of what is wanted: */
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

/* All of them: */
#define PYTHON_DRIVER_ASSERTS \
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

/* The program is a __main__ of its own; its module goes when it ends, as any does, and what it holds with it.
 *
 * The file "call" says what to evaluate once the program is loaded; its value goes to descriptor 3.
 *   call NAME \n [arguments]    NAME of the module, or of Solution()
 *   eval \n expression
 *   clean NAME \n expression   the same with Python's own built-in names, whatever the program has
 *                              made of them; NAME is the program's all the same
 *   exec TOKEN \n statements    the token is written when they all ran
 * There the program is loaded as a module, so its `if __name__ == '__main__'` does not run. */
#define PYTHON_DRIVER_WAYS \
    "def read_program(args):\n" \
    "    sys.argv[:], sys.path[0] = ['main.py', *args], posix.getcwd()\n" \
    "    with open('main.py', 'rb') as f: return f.read()\n" \
    "def its_file(): return sys.path[0] + '/main.py'\n" \
    "def new_main(loader=sys.modules['__main__'].__loader__):\n" \
    "    main = type(sys)('__main__')\n" \
    "    main.__loader__ = loader\n" \
    "    if '__annotations__' in globals(): main.__annotations__ = {}\n" \
    "    main.__builtins__, main.__file__ = builtins, its_file()\n" \
    "    sys.modules['__main__'] = main\n" \
    "    return main.__dict__\n" \
    "def tell(data):\n" \
    "    while data: data = data[posix.write(3, data):]\n" \
    "def way_run(args, lent=False):\n" \
    "    source, space = read_program(args), new_main()\n" \
    "    posix.close(3)\n" \
    "    code = compile(source, 'main.py', 'exec')\n" \
    "    if lent: lend(code, space)\n" \
    "    return code, space\n" \
    "def way_lent(args): return way_run(args, True)\n" \
    "def way_cell(args):\n" \
    "    import ast\n" \
    "    tree, space = ast.parse(read_program(args), 'main.py'), new_main()\n" \
    "    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None\n" \
    "    exec(compile(tree, 'main.py', 'exec'), space)\n" \
    "    if last is None: return\n" \
    "    value = eval(compile(ast.Expression(last.value), 'main.py', 'eval'), space)\n" \
    "    if value is not None: tell(repr(value).encode('utf-8', 'replace'))\n" \
    "def way_call(args, lent=False):\n" \
    "    source = read_program(args)\n" \
    "    new_main()\n" \
    "    real = dict(builtins.__dict__)\n" \
    "    write, flush, canon, leave = posix.write, sys.stdout.flush, make_canon(), posix._exit\n" \
    "    with open('call', encoding='utf-8', errors='surrogatepass', newline='\\n') as f: what, body = f.read().split('\\n', 1)\n" \
    "    posix.unlink('call')\n" \
    "    how, _, name = what.partition(' ')\n" \
    "    names = {'true': True, 'false': False, 'null': None, 'NaN': float('nan'), 'Infinity': float('inf')}\n" \
    "    module = type(sys)('solution')\n" \
    "    module.__file__ = its_file()\n" \
    "    sys.modules['solution'] = module\n" \
    "    space = module.__dict__\n" \
    "    code = compile(body, 'test', 'exec' if how == 'exec' else 'eval')\n" \
    "    program = compile(source, 'main.py', 'exec')\n" \
    "    if lent: lend(program, space)\n" \
    "    exec(program, space)\n" \
    "    if lent: lend(code, space)\n" \
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
    "def way_call_lent(args): way_call(args, True)\n" \
    "def way_asserts(args):\n" \
    "    space = {'canon': make_canon()}\n" \
    "    for part in asserts: exec(part, space)\n"

/* What comes first in a run: its words. A file of its own that has the name of a module is what it gets by
 * importing that name, or what another module gets. */
#define PYTHON_DRIVER_START \
    "def hear():\n" \
    "    data = b''\n" \
    "    while more := posix.read(4, 65536): data += more\n" \
    "    posix.close(4)\n" \
    "    words = [os.fsdecode(w) for w in data.split(b'\\0')[:-1]]\n" \
    "    sys.orig_argv[:] = ['python3', '-S', 'main.py', *words[1:]]\n" \
    "    if not warm.isdisjoint(f.partition('.')[0] for f in posix.listdir('.')):\n" \
    "        for name in warm - bare: del sys.modules[name]\n" \
    "    return words\n" \
    "def say(value):\n" \
    "    trace = value.__traceback__\n" \
    "    while trace is not None and trace.tb_frame.f_globals is globals(): trace = trace.tb_next\n" \
    "    value = value.with_traceback(trace)\n" \
    "    sys.last_type, sys.last_value, sys.last_traceback = type(value), value, trace\n" \
    "    if sys.version_info >= (3, 12): sys.last_exc = value\n" \
    "    sys.excepthook(type(value), value, trace)\n" \
    "def go(words):\n" \
    "    try:\n" \
    "        program = globals()['way_' + words[0]](words[1:])\n" \
    "        if program: exec(*program)\n" \
    "        return 0\n" \
    "    except SystemExit as e:\n" \
    "        if e.code is None: return 0\n" \
    "        if not isinstance(e.code, int) or not -1 << 31 <= e.code < 1 << 31: raise\n" \
    "        return e.code & 255\n" \
    "    except KeyboardInterrupt: raise\n" \
    "    except BaseException as e:\n" \
    "        say(e)\n" \
    "        return 1\n"

/* How a run ends: as Python itself ends, but that what it shares with the warm interpreter is not taken
 * apart piece by piece, which would copy all of its memory first. What is not plain is left to
 * Python: an exit with a message, an interrupt, libraries with ends of their own in C. */
#define PYTHON_DRIVER_END \
    "def flush(*files):\n" \
    "    for f in files:\n" \
    "        if f is not None and not getattr(f, 'closed', False): f.flush()\n" \
    "def let_go(collect):\n" \
    "    sys.last_type = sys.last_value = sys.last_traceback = sys.last_exc = None\n" \
    "    for name in [n for n in sys.modules if n not in warm or n == '__main__']: del sys.modules[name]\n" \
    "    collect()\n" \
    "def end(status, leave, collect):\n" \
    "    if '_ctypes' in sys.modules: return\n" \
    "    if 'threading' in sys.modules: sys.modules['threading']._shutdown()\n" \
    "    atexit._run_exitfuncs()\n" \
    "    flush(sys.stdout, sys.stderr)\n" \
    "    let_go(collect)\n" \
    "    flush(sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)\n" \
    "    leave(status)\n" \
    "def finish(status, leave=posix._exit, collect=gc.collect):\n" \
    "    try: end(status, leave, collect)\n" \
    "    except Exception: pass\n" \
    "    raise SystemExit(status)\n" \
    "warm = set(sys.modules)\n" \
    "gc.collect()\n" \
    "gc.freeze()\n"

/* argv of the interpreter that is kept warm. */
#define PYTHON_DRIVER_ARGV \
    {"python3", "-S", "-c", PYTHON_DRIVER_BOOT, PYTHON_DRIVER_NEAR, PYTHON_DRIVER_ROWS, PYTHON_DRIVER_ASSERTS, \
     PYTHON_DRIVER_SITE, PYTHON_DRIVER_LEND, PYTHON_DRIVER_CANON, PYTHON_DRIVER_WAYS, \
     PYTHON_DRIVER_START, PYTHON_DRIVER_END, NULL}

/* clang-format on */

#endif
