# SPDX-License-Identifier: Apache-2.0
"""Worked arithmetic: the reasoning that the built-in model is taught to write.

A model of a few million weights cannot know that 347 * 26 is 9022, but it can
learn what a child learns: the tables up to 12, and a way of writing on paper
that makes every next symbol follow from a few symbols close by. So this file
is a calculator that shows its work. Each function returns (text, value), and
three rules keep the text easy to predict:

 (1) One column at a time, ones first, with the carry or borrow written down.
 (2) After each column the digits found so far are written out again ("-> 82"),
     so the answer grows on the page and is never assembled from memory.
 (3) One shape for every size: 7 + 5 is a one-column sum, not a special case.

    347 * 6: 7*6=42 → 2; 4*6+4=24+4=28 → 82; 3*6+2=18+2=20 → 2082
    432 - 85: 12-5=7 borrow → 7; 13-1-8=4 borrow → 47; 4-1-0=3 → 347

An expression is an int or a tuple (operator, left, right). The model sees only
the text, so whatever is decided here (which operation comes first, which number
is tried last) must be visible in the text that precedes it.
"""
import ast
from fractions import Fraction
from math import gcd

TABLE_LIMIT = 12  # multiples of numbers up to this are known by heart


# ---- the four operations ---------------------------------------------------

def digits(n, width=0):
    """Digits of n, ones first, padded with zeros to width."""
    d = [int(c) for c in reversed(str(n))]
    return d + [0] * (width - len(d))


def tidy(written):
    """'→ 007' is followed by '= 7': leading zeros are dropped in the open."""
    value = int(written)
    return (f" = {value}" if str(value) != written else ""), value


def add(a, b):
    width = max(len(str(a)), len(str(b)))
    columns, written, carry = [], "", 0
    for i, (x, y) in enumerate(zip(digits(a, width), digits(b, width))):
        total = x + y + carry
        terms = f"{x}+{y}" + ("+1" if carry else "")
        carry = total // 10
        written = (str(total) if i == width - 1 else str(total % 10)) + written
        columns.append(f"{terms}={total} → {written}")
    return f"{a} + {b}: " + "; ".join(columns), int(written)


def subtract(a, b):
    """a - b for a, b >= 0. A borrow that is left at the end says that a < b."""
    width = max(len(str(a)), len(str(b)))
    columns, written, borrow = [], "", 0
    for x, y in zip(digits(a, width), digits(b, width)):
        top = f"{x}" + ("-1" if borrow else "")
        short = x - borrow < y
        result = x + 10 * short - borrow - y
        written = f"{result}" + written
        columns.append(f"{'1' if short else ''}{top}-{y}={result}{' borrow' if short else ''} → {written}")
        borrow = int(short)
    text = f"{a} - {b}: " + "; ".join(columns)
    if not borrow:
        note, value = tidy(written)
        return text + note, value
    turned, value = subtract(b, a)
    return f"{text}. A borrow is left, so the result is negative.\n{turned}, so {-value}", -value


def times_digit(a, d):
    columns, written, carry = [], "", 0
    for i, x in enumerate(digits(a)):
        total = x * d + carry
        steps = f"{x}*{d}+{carry}={x * d}+{carry}={total}" if carry else f"{x}*{d}={total}"
        carry = total // 10
        written = (str(total) if i == len(str(a)) - 1 else str(total % 10)) + written
        columns.append(f"{steps} → {written}")
    note, value = tidy(written)
    return f"{a} * {d}: " + "; ".join(columns) + note, value


def times_tens(a, b):
    """a * b for b = 10, 20, .. 90."""
    if b == 10:
        return f"{a} * 10 = {a * 10}", a * 10
    text, value = times_digit(a, b // 10)
    return f"{text}, so {a} * {b} = {value * 10}", value * 10


def multiply(a, b):
    """At most two digits in the shorter factor."""
    if len(str(a)) < len(str(b)):
        text, value = multiply(b, a)
        return f"{a} * {b} is {b} * {a}.\n{text}", value
    if b < 10:
        return times_digit(a, b)
    tens, ones = b // 10 * 10, b % 10
    if ones == 0:
        return times_tens(a, b)
    first, p = times_digit(a, ones)
    second, q = times_tens(a, tens)
    third, value = add(q, p)
    return (f"{a} * {b} is {a} * {ones} and {a} * {tens}.\n{first}.\n{second}.\n{third}", value)


def divide(a, b):
    """Long division; the value is an int, or a Fraction when a remainder is left."""
    text = f"{a} / {b}: "
    if b > TABLE_LIMIT:
        text = f"the multiples of {b}: " + ", ".join(f"{k}*{b}={k * b}" for k in range(1, 10)) + f".\n{text}"
    s, steps, quotient = str(a), [], ""
    part = int(s[:len(str(b))])
    for i in range(len(str(b)), len(s) + 1):
        k = part // b
        rest = part - k * b
        quotient += str(k)
        steps.append(f"{part}: {k}*{b}={k * b}, {part}-{k * b}={rest} → {quotient}")
        part = int(f"{rest}{s[i:i + 1]}")
    note, value = tidy(quotient)
    text += "; ".join(steps) + note
    if rest == 0:
        return text, value
    return f"{text} remainder {rest}, so the exact value is {a}/{b}", Fraction(a, b)


# ---- signs -----------------------------------------------------------------

def apply(op, a, b):
    """One operation on integers of any sign that our expressions can meet:
    only the left operand can be negative (a result that came out below zero)."""
    if a >= 0:
        return {"+": add, "-": subtract, "*": multiply, "/": divide}[op](a, b)
    if op == "+":
        text, value = subtract(b, -a)
        return f"{a} + {b} is {b} - {-a}.\n{text}", value
    inner = {"-": "+", "*": "*", "/": "/"}[op]
    text, value = apply(inner, -a, b)
    return f"{a} {op} {b} is -({-a} {inner} {b}).\n{text}, so {-value}", -value


# ---- expressions -----------------------------------------------------------

PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}


def bracketed(op, child, right_side):
    """Whether child, an operand of op, is written in parentheses."""
    if not isinstance(child, tuple):
        return False
    outer, inner = PRECEDENCE[op], PRECEDENCE[child[0]]
    return inner < outer or (right_side and inner == outer and op != "+")


def show(e):
    """The expression with as few parentheses as it needs."""
    if not isinstance(e, tuple):
        return str(e)
    op, left, right = e
    l = f"({show(left)})" if bracketed(op, left, False) else show(left)
    r = f"({show(right)})" if bracketed(op, right, True) else show(right)
    return f"{l} {op} {r}"


def parse(text, values={}):
    """'a * 3 + b' with values for the names, as a tree."""
    ops = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}

    def tree(node):
        if isinstance(node, ast.BinOp):
            return ops[type(node.op)], tree(node.left), tree(node.right)
        return values[node.id] if isinstance(node, ast.Name) else node.value
    return tree(ast.parse(text, mode="eval").body)


def redexes(e, path=(), depth=0):
    """(depth of parentheses, precedence, path) of every operation on two numbers."""
    op, left, right = e
    if not isinstance(left, tuple) and not isinstance(right, tuple):
        return [(depth, PRECEDENCE[op], path)]
    found = []
    for side, child in ((1, left), (2, right)):
        if isinstance(child, tuple):
            found += redexes(child, path + (side,), depth + bracketed(op, child, side == 2))
    return found


def put(e, path, value):
    if not path:
        return value
    parts = list(e)
    parts[path[0]] = put(e[path[0]], path[1:], value)
    return tuple(parts)


def get(e, path):
    return e if not path else get(e[path[0]], path[1:])


def evaluate(e):
    """Value of the tree, or None when a step leaves what apply() can do."""
    if not isinstance(e, tuple):
        return e
    op, a, b = e[0], evaluate(e[1]), evaluate(e[2])
    if a is None or b is None or b < 0:
        return None
    if op == "+":
        value = a + b
    elif op == "-":
        value = a - b
    elif op == "*":
        if min(len(str(abs(a))), len(str(b))) > 2 or len(str(abs(a))) + len(str(b)) > 5:
            return None
        value = a * b
    else:
        if b == 0 or a % b or b > 99 or abs(a) < b:
            return None
        value = a // b
    return value if abs(value) < 100000 else None


def reduce(e):
    """Innermost parentheses first, then * and /, then + and -, from left to right;
    after every step the expression that is left is written out again."""
    whole, lines = show(e), []
    while isinstance(e, tuple):
        path = max(redexes(e), key=lambda r: r[:2])[2]  # max() keeps the leftmost of equals
        op, a, b = get(e, path)
        text, value = apply(op, a, b)
        e = put(e, path, value)
        lead = "First, " if not lines else "Next, "
        lines.append(lead + text + (f". That leaves {show(e)}." if isinstance(e, tuple) else "."))
    if isinstance(e, Fraction):
        return "\n".join(lines) + "\n", e
    return "\n".join(lines) + f"\nFinally, {whole} = {e}.", e


# ---- comparing -------------------------------------------------------------

def compare(x, y):
    """x and y are decimal strings such as '47' or '3.65'. Value: -1, 0, 1."""
    (xi, _, xf), (yi, _, yf) = x.partition("."), y.partition(".")
    if len(xi) != len(yi):
        what = "whole part" if xf or yf else "number"
        more = 1 if len(xi) > len(yi) else -1
        text = f"{x} has {len(xi)} and {y} has {len(yi)} digits in the {what}"
        return f"{text}, so {x if more > 0 else y} is larger", more
    text = ""
    places = max(len(xf), len(yf))
    p, q = xi + xf.ljust(places, "0"), yi + yf.ljust(places, "0")
    if len(xf) != len(yf):
        dot = len(xi)
        text = f"with {places} decimals they are {p[:dot]}.{p[dot:]} and {q[:dot]}.{q[dot:]}; "
    marks = []
    for a, b in zip(p, q):
        sign = "=" if a == b else ">" if a > b else "<"
        marks.append(f"{a}{sign}{b}")
        if sign != "=":
            more = 1 if sign == ">" else -1
            return f"{text}digit by digit: " + ", ".join(marks) + f", so {x if more > 0 else y} is larger", more
    return f"{text}digit by digit: " + ", ".join(marks) + ", so they are equal", 0


def compare_fractions(x, y):
    """x and y are (numerator, denominator)."""
    (a, b), (c, d) = x, y
    left, right = a * d, c * b
    sign = "=" if left == right else ">" if left > right else "<"
    end = {"=": "they are equal", ">": f"{a}/{b} is larger", "<": f"{c}/{d} is larger"}[sign]
    text = f"multiply across: {a}*{d}={left} and {c}*{b}={right}. {left} {sign} {right}, so {end}"
    return text, (left > right) - (left < right)


# ---- countdown -------------------------------------------------------------

def pair_results(x, y):
    """(text, expression, value) for what two numbers can make. Products only where
    one factor is a digit: longer ones are not done in the head."""
    big, small = max(x, y), min(x, y)
    yield f"{x}+{y}", ("+", x, y), x + y
    yield f"{big}-{small}", ("-", big, small), big - small
    if small < 10:
        yield f"{big}*{small}", ("*", big, small), big * small
    if small > 1 and big % small == 0:
        yield f"{big}/{small}", ("/", big, small), big // small


def needs(target, z):
    """(text, what the other two must make, how z is then joined to them)."""
    if target > z:
        yield f"{target}-{z}", target - z, lambda e: ("+", e, z)
    if z > target:
        yield f"{z}-{target}", z - target, lambda e: ("-", z, e)
    yield f"{target}+{z}", target + z, lambda e: ("-", e, z)
    if 1 < z < 10:
        yield f"{target}*{z}", target * z, lambda e: ("/", e, z)
    if z > 1 and target % z == 0:
        yield f"{target}/{z}", target // z, lambda e: ("*", e, z)


def with_brackets(e):
    """Countdown answers bracket the inner pair always: (3 * 7) + 25."""
    op, left, right = e
    text = lambda s: f"({show(s)})" if isinstance(s, tuple) else str(s)
    return f"{text(left)} {op} {text(right)}"


def compared(value, wanted):
    """("7=4 no 7=9 no", whether one of wanted is value). Each comparison stands on its own: a small
    model sees at once whether two neighbours are equal, but not whether a number is in a list."""
    tried = []
    for v in wanted:
        tried.append(f"{value}={v} {'yes' if v == value else 'no'}")
        if v == value:
            return " ".join(tried), True
    return " ".join(tried), False


def countdown3(numbers, target):
    """Keep one number for last; then the other two must make what is missing."""
    lines = []
    for i, z in enumerate(numbers):
        x, y = numbers[:i] + numbers[i + 1:]
        wanted = list(needs(target, z))
        line = f"Keep {z} for last: " + ", ".join(f"{t}={v}" for t, v, _ in wanted) + f". With {x} and {y}: "
        tried = []
        for text, e, value in pair_results(x, y):
            verdict, found = compared(value, [v for _, v, _ in wanted])
            tried.append(f"{text}={value}, {verdict}")
            if found:
                join = next(join for _, v, join in wanted if v == value)
                answer = with_brackets(join(e))
                lines.append(line + "; ".join(tried) + ".")
                return "\n".join(lines) + f"\nFinally, {answer} = {target}.", answer
        lines.append(line + "; ".join(tried) + ".")
    return "\n".join(lines) + "\nFinally, I found no way to do it.", None


def countdown4(numbers, target):
    """Four numbers, joined by + and - only: taking a number away instead of adding
    it changes the sum by twice that number."""
    total, sums = numbers[0], []
    for n in numbers[1:]:
        sums.append(f"{total}+{n}={total + n}")
        total += n
    text = "First, add all: " + ", ".join(sums) + ". "
    fail = "\nFinally, I found no way to do it.", None
    if total == target:
        answer = " + ".join(map(str, numbers))
        return text + f"That is the target.\nFinally, {answer} = {target}.", answer
    if total < target:
        return text + f"That is less than {target}." + fail[0], None
    over = total - target
    text += f"Over by {total}-{target}={over}. "
    if over % 2:
        return text + "That is odd." + fail[0], None
    half = over // 2
    text += f"Half is {half}, so I take away numbers that add to {half}.\nNext, one number: "
    tried = []
    for i, n in enumerate(numbers):
        tried.append(compared(n, [half])[0])
        if n == half:
            kept = numbers[:i] + numbers[i + 1:]
            answer = " + ".join(map(str, kept)) + f" - {n}"
            return text + ", ".join(tried) + f".\nFinally, {answer} = {target}.", answer
    text += ", ".join(tried) + ".\nNext, two numbers: "
    tried = []
    for i in range(4):
        for j in range(i + 1, 4):
            m, n = numbers[i], numbers[j]
            tried.append(f"{m}+{n}={m + n}, {compared(m + n, [half])[0]}")
            if m + n == half:
                kept = [numbers[k] for k in range(4) if k not in (i, j)]
                answer = " + ".join(map(str, kept)) + f" - {m} - {n}"
                return text + "; ".join(tried) + f".\nFinally, {answer} = {target}.", answer
    return text + "; ".join(tried) + "." + fail[0], None
