/* reward/math/read/parse_function.c - names, functions and their arguments, fractions, roots,
 * binomials, derivatives.
 *
 * f, g and h are functions where a bracket follows; other letters multiply it. A function without
 * brackets takes the factors that follow, up to the next function or sign: \sin 2x is sin(2x),
 * \sin x \cos x a product. A power between a function and its argument is the value's, but for
 * -1, which is the inverse (its row says which). \operatorname{...} of a name without a row is
 * applied like a function and stays unknown.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/parser.h"

#include "base/buffer.h"
#include "reward/math/read/units.h"
#include "reward/math/tree/functions.h"

/* The arguments in parentheses as the arguments of e. */
static const struct expr *arguments(struct parser *p, struct expr *e)
{
    p->t++;
    int close;
    bool trailing;
    const struct expr *list = operand_bracketed(p, T_RP, T_RB, &close, &trailing);
    if (list == NULL) return NULL;
    const struct expr *as = operand_regroup(p, list, E_TUPLE, B_ROUND);
    if (as == NULL) return NULL;
    e->n = as->n;
    e->arg = as->arg;
    return e;
}

/* C(5, 2), {}_5 P_2, A_5^2: combinations and permutations as schools write them. */
static bool choosing_letter(const struct token *t)
{
    return t->text.n == 1 && strchr("CPA", t->text.p[0]) != NULL;
}

static int counting_function(const struct token *letter)
{
    return letter->text.p[0] == 'C' ? F_BINOM : F_PERM;
}

/* C_5^2 and C^2_5 alike: the larger number is what is chosen from. name holds the lower number. */
static const struct expr *chosen(struct parser *p, const struct token *letter,
                                 const struct expr *name)
{
    struct span low = span_slice(name->text, 2, name->text.n);
    int64_t below = 0, above;
    bool digits = low.n > 0 && low.n < 10;
    for (size_t i = 0; digits && i < low.n; i++) {
        digits = low.p[i] >= '0' && low.p[i] <= '9';
        below = below * 10 + (low.p[i] - '0');
    }
    if (!digits) return name;
    p->t++;
    const struct expr *up = operand_number(p);
    if (up == NULL || !expr_small_int(up, &above)) return parse_fail(p, "no number of choices");
    if (letter->text.p[0] == 'P' && below <= above) { /* P_2^2 is a pressure's square */
        return operand_node(p, expr_2(p->arena, E_POW, 0, name, up));
    }
    int64_t n = below > above ? below : above, k = below > above ? above : below;
    return operand_node(p, expr_2(p->arena, E_FUNC, counting_function(letter),
                                  expr_int(p->arena, n), expr_int(p->arena, k)));
}

static bool is_inverse_sign(const struct token *t)
{
    return t[0].kind == T_POW && t[1].kind == T_LBRACE && t[2].kind == T_MINUS &&
           t[3].kind == T_NUM && span_is(t[3].text, "1") && t[4].kind == T_RBRACE &&
           t[5].kind == T_LP;
}

static const struct expr *operand_subscripted_with(struct parser *p, struct span name,
                                                   const char *tail)
{
    struct buffer b;
    buffer_init(&b, 256);
    buffer_addf(&b, "%.*s_%s", (int)name.n, name.p, tail);
    char *copy = b.failed ? NULL : arena_str(p->arena, buffer_span(&b));
    struct span s = span_of(copy, copy == NULL ? 0 : b.n);
    buffer_clear(&b);
    return operand_node(p, copy == NULL ? NULL : expr_sym(p->arena, s));
}

static const struct expr *operator_applied(struct parser *p);

const struct expr *operand_name(struct parser *p)
{
    if (p->t->op == NAME_OPERATOR) return operator_applied(p);
    const struct token *t = p->t++;
    struct span text = t->text;
    while (p->t->kind == T_PRIME) { /* f' is another name */
        p->t++;
        char *copy = arena_alloc(p->arena, text.n + 1, 1);
        if (copy == NULL) return operand_node(p, NULL);
        memcpy(copy, text.p, text.n);
        copy[text.n] = '\'';
        text = span_of(copy, text.n + 1);
    }
    const struct expr *e = parser_take(p, T_SUB) ? operand_subscripted(p, text)
                                                 : operand_node(p, expr_sym(p->arena, text));
    if (e == NULL) return NULL;
    bool callable = t->text.n == 1 && strchr("fgh", t->text.p[0]) != NULL;
    if (callable && is_inverse_sign(p->t)) { /* f^{-1}(x) */
        p->t += 5;
        e = operand_subscripted_with(p, text, "inverse");
        if (e == NULL) return NULL;
    }
    if (choosing_letter(t) && p->t->kind == T_POW && p->t[1].kind == T_NUM) return chosen(p, t, e);
    bool braced = p->t->kind == T_LBRACE && p->t[1].kind == T_LP; /* f{(x)} */
    bool counting = choosing_letter(t) && p->t->kind == T_LP && p->t[1].kind == T_NUM &&
                    p->t[2].kind == T_COMMA && p->t[3].kind == T_NUM && p->t[4].kind == T_RP;
    if (!(callable && (p->t->kind == T_LP || braced)) && !counting) return e;
    struct expr *f = counting ? expr_new(p->arena, E_FUNC, counting_function(t), 0)
                              : expr_new(p->arena, E_APPLY, 0, braced);
    if (f == NULL) return operand_node(p, NULL);
    f->text = e->text;
    f->pos = t->pos;
    if (!braced) return arguments(p, f);
    f->arg[0] = operand_tex_group(p);
    return f->arg[0] == NULL ? NULL : f;
}

const struct expr *operand_prescript(struct parser *p)
{
    if (p->t->kind == T_LBRACE) p->t += 2; /* {}_5 C_2 */
    p->t++;
    const struct expr *n = operand_tex_argument(p);
    const struct token *letter = p->t;
    if (n == NULL) return NULL;
    if (letter->kind != T_NAME || !choosing_letter(letter) || letter[1].kind != T_SUB) {
        return parse_fail(p, "a script before no letter");
    }
    p->t += 2;
    const struct expr *k = operand_tex_argument(p);
    return k == NULL ? NULL
                     : operand_node(p, expr_2(p->arena, E_FUNC, counting_function(letter), n, k));
}

static bool is_angle(const struct expr *e)
{
    return expr_has(e, E_CONST, C_PI) || expr_has(e, E_DEGREE, -1);
}

/* \sin 2x, \cos \frac{\pi}{3}, \ln \sin x: what a function without parentheses takes. */
static const struct expr *implicit_argument(struct parser *p)
{
    if (operand_too_deep(p)) return NULL;
    p->depth++;
    bool minus = parser_take(p, T_MINUS);
    if (!parser_starts_argument(p, true)) {
        p->depth--;
        return parse_fail(p, "a function without an argument");
    }
    bool nested = p->t->kind == T_FUNC || p->t->kind == T_LG;
    const struct expr *e = parser_power(p);
    while (e != NULL && !nested && parser_starts_argument(p, false)) {
        e = expr_2(p->arena, E_MUL, 0, e, parser_power(p));
    }
    if (e != NULL && !nested && p->t->kind == T_DIV && p->t[1].kind == T_NUM && is_angle(e)) {
        p->t++;
        e = expr_2(p->arena, E_DIV, 0, e, parser_power(p));
    }
    p->depth--;
    return minus ? expr_1(p->arena, E_NEG, 0, e) : e;
}

static const struct expr *cis(struct parser *p, const struct expr *x)
{
    const struct expr *i = expr_new(p->arena, E_CONST, C_I, 0);
    const struct expr *sine = operand_function_of(p, F_SIN, x);
    return operand_node(p, expr_2(p->arena, E_ADD, 0, operand_function_of(p, F_COS, x),
                                  expr_2(p->arena, E_MUL, 0, i, sine)));
}

/* The arguments of function op, the next tokens. */
static const struct expr *apply(struct parser *p, int op)
{
    enum token_kind k = parser_next(p);
    const struct expr *x = NULL;
    if (k == T_LP || k == T_LB) {
        int close;
        bool trailing;
        p->t++;
        x = operand_bracketed(p, T_RP, T_RB, &close, &trailing);
    } else if (k == T_LBRACE || k == T_LSET) {
        x = k == T_LSET ? operand_set(p) : operand_tex_group(p);
    } else {
        x = implicit_argument(p);
    }
    if (x == NULL) return NULL;
    if (x->kind == E_SET && x->n == 1) x = x->arg[0]; /* \sin\{x\} */
    if (op == F_CIS) return cis(p, x);
    if (x->kind != E_LIST && x->kind != E_SET) return operand_function_of(p, op, x);
    if (op == F_LOG && x->n == 2) op = F_LOGB; /* \log(8, 2) */
    if (x->n < FUNCTIONS[op].least) return parse_fail(p, "a function of too little");
    if (x->n > FUNCTIONS[op].most) return parse_fail(p, "too many arguments");
    struct expr *f = expr_new(p->arena, E_FUNC, op, x->n);
    if (f == NULL) return operand_node(p, NULL);
    memcpy(f->arg, x->arg, x->n * sizeof(*f->arg));
    return f;
}

static bool is_extreme(int op)
{
    return op == F_MIN || op == F_MAX;
}

/* \min_x f(x), from the subscript on: an operator of what follows, whose value is not known. */
static const struct expr *extreme_over(struct parser *p, int op)
{
    p->t++;
    if (parser_exponent(p) == NULL) return NULL;
    struct expr *e = expr_new(p->arena, E_APPLY, NAME_OPERATOR, 1);
    if (e == NULL) return operand_node(p, NULL);
    e->text = span_str(FUNCTIONS[op].names[0]);
    return (e->arg[0] = implicit_argument(p)) == NULL ? NULL : e;
}

const struct expr *operand_function(struct parser *p)
{
    int op = p->t->kind == T_LG ? F_LOGB : p->t->op;
    const struct expr *base = NULL, *power = NULL;
    if (p->t->kind == T_LG) base = expr_int(p->arena, p->t->op == 0 ? 10 : 2);
    p->t++;
    for (;;) {
        if (op == F_LOG && parser_take(p, T_SUB)) {
            base = p->t->kind == T_NUM ? operand_first_digit(p) : parser_exponent(p);
            /* \log_10 means base ten, whatever TeX would do */
            if (base != NULL && base->kind == E_NUM && p->t->kind == T_NUM && !p->t->space &&
                expr_same(base, expr_int(p->arena, 1)) && span_is(p->t->text, "0")) {
                base = expr_int(p->arena, 10);
                p->t++;
            }
            if (base == NULL) return NULL;
        } else if (is_extreme(op) && p->t->kind == T_SUB) {
            return extreme_over(p, op);
        } else if (power == NULL && parser_take(p, T_POW)) {
            if ((power = parser_exponent(p)) == NULL) return NULL;
        } else {
            break;
        }
    }
    if (is_extreme(op) && p->t->kind == T_REL) { /* \max = 5 */
        return operand_node(p, expr_sym(p->arena, span_str(FUNCTIONS[op].names[0])));
    }
    int64_t n;
    int inverse = FUNCTIONS[op].inverse;
    if (power != NULL && expr_small_int(power, &n) && n == -1 && inverse != F_NONE) {
        op = inverse;
        power = NULL;
    }
    const struct expr *e = apply(p, op);
    if (e != NULL && base != NULL) {
        e = operand_node(p, expr_2(p->arena, E_FUNC, F_LOGB, e->arg[0], base));
    }
    return e == NULL || power == NULL ? e : operand_node(p, expr_2(p->arena, E_POW, 0, e, power));
}

/* \operatorname{Li}_2(x), \operatorname{tr}^2 A: a function that has a meaning, but no row in the
 * table of functions; without an argument its name. */
static const struct expr *operator_applied(struct parser *p)
{
    struct span text = p->t->text;
    uint32_t pos = p->t++->pos;
    const struct expr *power = NULL;
    const struct expr *name = parser_take(p, T_SUB) ? operand_subscripted(p, text)
                                                    : operand_node(p, expr_sym(p->arena, text));
    if (name == NULL) return NULL;
    if (parser_take(p, T_POW) && (power = parser_exponent(p)) == NULL) return NULL;
    const struct expr *e = name;
    if (p->t->kind == T_LP || parser_starts_argument(p, true)) {
        struct expr *f = expr_new(p->arena, E_APPLY, NAME_OPERATOR, 1);
        if (f == NULL) return operand_node(p, NULL);
        f->text = name->text;
        f->pos = pos;
        if (p->t->kind == T_LP) {
            e = arguments(p, f);
        } else {
            e = (f->arg[0] = implicit_argument(p)) == NULL ? NULL : f;
        }
    }
    return e == NULL || power == NULL ? e : operand_node(p, expr_2(p->arena, E_POW, 0, e, power));
}

bool operand_is_letter_d(const struct token *t)
{
    return t->kind == T_NAME && span_is(t->text, "d");
}

/* \frac{d}{dx} body */
static const struct expr *derivative(struct parser *p)
{
    struct span variable = p->t[5].text;
    p->t += 7;
    const struct expr *body = parser_term(p);
    struct expr *e = body == NULL ? NULL : expr_new(p->arena, E_DERIVATIVE, 0, 1);
    if (e == NULL) return operand_node(p, NULL);
    e->arg[0] = body;
    e->text = variable;
    return e;
}

/* \frac{dy}{dx} is one name, not a quotient. */
static const struct expr *leibniz(struct parser *p)
{
    const struct token *t = p->t;
    struct buffer name;
    buffer_init(&name, 256);
    buffer_addf(&name, "d%.*s/d%.*s", (int)t[2].text.n, t[2].text.p, (int)t[6].text.n, t[6].text.p);
    char *copy = name.failed ? NULL : arena_str(p->arena, buffer_span(&name));
    const struct expr *e = copy == NULL ? NULL : expr_sym(p->arena, span_of(copy, name.n));
    buffer_clear(&name);
    p->t += 8;
    return operand_node(p, e);
}

/* \frac{d^2}{dx^2} body: the order, 0 when this is none. *length is that of both groups. */
static int derivative_order(const struct token *t, int *length)
{
    int i = 2, order = 0;
    for (int group = 0; group < 2; group++) {
        bool brace = t[i + 1].kind == T_LBRACE;
        const struct token *n = t + i + 1 + brace;
        if (t[i].kind != T_POW || n->kind != T_NUM || n->text.n != 1 ||
            (brace && n[1].kind != T_RBRACE)) {
            return 0;
        }
        if (group == 1 && n->text.p[0] - '0' != order) return 0;
        order = n->text.p[0] - '0';
        i += 3 + 2 * brace - 1;
        if (t[i].kind != T_RBRACE) return 0;
        if (group == 1) break;
        if (t[i + 1].kind != T_LBRACE || !operand_is_letter_d(t + i + 2) ||
            t[i + 3].kind != T_NAME) {
            return 0;
        }
        i += 4;
    }
    *length = i + 1;
    return order;
}

static const struct expr *repeated_derivative(struct parser *p, int order, int length)
{
    const struct token *t = p->t;
    struct span variable = {NULL, 0};
    for (int i = 3; i < length; i++) {
        if (operand_is_letter_d(t + i)) variable = t[i + 1].text;
    }
    p->t += length;
    const struct expr *body = parser_term(p);
    for (int i = 0; i < order && body != NULL; i++) {
        struct expr *e = expr_1(p->arena, E_DERIVATIVE, 0, body);
        if (e == NULL) return operand_node(p, NULL);
        e->text = variable;
        body = e;
    }
    return body;
}

const struct expr *operand_fraction(struct parser *p)
{
    int op = p->t->op, length;
    p->t++;
    const struct token *t = p->t;
    if (op == 1) { /* Rational(1, 2) */
        struct expr *f = p->t->kind == T_LP ? expr_new(p->arena, E_DIV, 0, 0) : NULL;
        const struct expr *e = f == NULL ? parse_fail(p, "Rational of two") : arguments(p, f);
        return e != NULL && e->n != 2 ? parse_fail(p, "Rational of two") : e;
    }
    if (t[0].kind == T_LBRACE && operand_is_letter_d(t + 1) && derivative_order(t, &length) > 0) {
        return repeated_derivative(p, derivative_order(t, &length), length);
    }
    if (t[0].kind == T_LBRACE && operand_is_letter_d(t + 1) && t[2].kind == T_NAME &&
        t[3].kind == T_RBRACE && t[4].kind == T_LBRACE && operand_is_letter_d(t + 5) &&
        t[6].kind == T_NAME && t[7].kind == T_RBRACE) {
        return leibniz(p);
    }
    if (t[0].kind == T_LBRACE && operand_is_letter_d(t + 1) && t[2].kind == T_RBRACE &&
        t[3].kind == T_LBRACE && operand_is_letter_d(t + 4) && t[5].kind == T_NAME &&
        t[6].kind == T_RBRACE) {
        return derivative(p);
    }
    const struct expr *num = operand_tex_argument(p);
    const struct expr *den = num == NULL ? NULL : operand_tex_argument(p);
    if (den == NULL) return NULL;
    struct expr *e = expr_2(p->arena, E_DIV, 1, num, den);
    return operand_node(p, e);
}

const struct expr *operand_root(struct parser *p)
{
    int op = p->t->op;
    p->t++;
    const struct expr *degree = op == 3 ? expr_int(p->arena, 3) : NULL;
    if (op == 0 && p->t->kind == T_LB) {
        int close;
        bool trailing;
        p->t++;
        degree = operand_bracketed(p, T_RB, T_RB, &close, &trailing);
        if (degree == NULL) return NULL;
    }
    const struct expr *x = NULL;
    if (parser_next(p) == T_NUM || p->t->kind == T_NAME) {
        x = p->t->kind == T_NUM ? operand_number(p) : operand_name(p);
    } else {
        x = operand_tex_argument(p);
    }
    if (x == NULL) return NULL;
    return degree == NULL ? operand_function_of(p, F_SQRT, x)
                          : operand_node(p, expr_2(p->arena, E_FUNC, F_ROOT, x, degree));
}

const struct expr *operand_binomial(struct parser *p)
{
    p->t++;
    if (parser_next(p) == T_LP) {
        struct expr *f = expr_new(p->arena, E_FUNC, F_BINOM, 0);
        const struct expr *e = f == NULL ? operand_node(p, NULL) : arguments(p, f);
        return e != NULL && e->n != 2 ? parse_fail(p, "a binomial of two") : e;
    }
    const struct expr *n = operand_tex_argument(p);
    const struct expr *k = n == NULL ? NULL : operand_tex_argument(p);
    return k == NULL ? NULL : operand_node(p, expr_2(p->arena, E_FUNC, F_BINOM, n, k));
}
