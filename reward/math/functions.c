/* reward/math/functions.c - the table of functions; functions.h says what its columns mean.
 *
 * Adding a function is adding a row, and its op to enum func_op. What the row does not say nobody
 * assumes. With names alone (and arguments) it is read, and equal to itself; each further column
 * lets one more evaluator decide, and test_math_functions.c holds it to the others.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/tree/functions.h"

#include <math.h>

#include "reward/math/field/image.h"
#include "reward/math/real/interval_rules.h"
#include "reward/math/value/ball_functions.h"
#include "reward/math/value/exact.h"

#define EVERYWHERE \
    { \
        -INFINITY, INFINITY, false \
    }
#define MANY FUNCTION_MANY

/* clang-format off */
const struct function FUNCTIONS[F_COUNT] = {
    [F_SQRT] = {{NULL}, 1, 1, .domain = {0, INFINITY, false}, .derivative = "\\frac{1}{2\\sqrt{x}}",
        .image = image_sqrt, .interval = interval_sqrt, .ball = ball_sqrt, .exact = exact_sqrt},
    [F_ROOT] = {{NULL}, 2, 2, .domain = EVERYWHERE, .derivative = "\\frac{\\sqrt[y]{x}}{yx}",
        .image = image_nth_root, .interval = interval_root, .ball = ball_root,
        .exact = exact_root},

    [F_SIN] = {{"sin"}, 1, 1, .inverse = F_ASIN, .parity = PARITY_ODD, .domain = EVERYWHERE,
        .over = PART_SINE, .measures = true, .derivative = "\\cos(x)",
        .image = image_circular, .interval = interval_circular, .ball = ball_sin,
        .exact = exact_circular},
    [F_COS] = {{"cos"}, 1, 1, .inverse = F_ACOS, .parity = PARITY_EVEN, .domain = EVERYWHERE,
        .over = PART_COSINE, .measures = true, .derivative = "-\\sin(x)",
        .image = image_circular, .interval = interval_circular, .ball = ball_cos,
        .exact = exact_circular},
    [F_TAN] = {{"tan", "tg"}, 1, 1, .inverse = F_ATAN, .parity = PARITY_ODD, .domain = EVERYWHERE,
        .over = PART_SINE, .under = PART_COSINE, .measures = true, .derivative = "(\\sec(x))^2",
        .image = image_circular, .interval = interval_circular, .ball = ball_tan,
        .exact = exact_circular},
    [F_COT] = {{"cot", "cotg", "ctg"}, 1, 1, .inverse = F_ACOT, .parity = PARITY_ODD,
        .domain = EVERYWHERE, .over = PART_COSINE, .under = PART_SINE, .measures = true,
        .derivative = "-(\\csc(x))^2",
        .image = image_circular, .interval = interval_circular, .ball = ball_cot,
        .exact = exact_circular},
    [F_SEC] = {{"sec"}, 1, 1, .inverse = F_ASEC, .parity = PARITY_EVEN, .domain = EVERYWHERE,
        .over = PART_ONE, .under = PART_COSINE, .measures = true, .derivative = "\\sec(x)\\tan(x)",
        .image = image_circular, .interval = interval_circular, .ball = ball_sec,
        .exact = exact_circular},
    [F_CSC] = {{"csc", "cosec"}, 1, 1, .inverse = F_ACSC, .parity = PARITY_ODD,
        .domain = EVERYWHERE, .over = PART_ONE, .under = PART_SINE, .measures = true,
        .derivative = "-\\csc(x)\\cot(x)",
        .image = image_circular, .interval = interval_circular, .ball = ball_csc,
        .exact = exact_circular},

    [F_ASIN] = {{"arcsin", "asin"}, 1, 1, .inverse = F_SIN, .parity = PARITY_ODD,
        .domain = {-1, 1, false}, .derivative = "\\frac{1}{\\sqrt{1-x^2}}",
        .image = image_arc, .interval = interval_asin, .ball = ball_asin, .exact = exact_asin},
    [F_ACOS] = {{"arccos", "acos"}, 1, 1, .inverse = F_COS, .domain = {-1, 1, false},
        .derivative = "-\\frac{1}{\\sqrt{1-x^2}}",
        .image = image_arc, .interval = interval_acos, .ball = ball_acos, .exact = exact_acos},
    [F_ATAN] = {{"arctan", "atan", "arctg"}, 1, 1, .inverse = F_TAN, .parity = PARITY_ODD,
        .domain = EVERYWHERE, .derivative = "\\frac{1}{1+x^2}",
        .image = image_arc, .interval = interval_atan, .ball = ball_atan, .exact = exact_atan},
    [F_ACOT] = {{"arccot", "acot", "arcctg"}, 1, 1, .inverse = F_COT, .parity = PARITY_ODD,
        .of_inverse = F_ATAN, .domain = EVERYWHERE},
    [F_ASEC] = {{"arcsec", "asec"}, 1, 1, .inverse = F_SEC, .of_inverse = F_ACOS,
        .domain = {-1, 1, true}},
    [F_ACSC] = {{"arccsc", "acsc"}, 1, 1, .inverse = F_CSC, .parity = PARITY_ODD,
        .of_inverse = F_ASIN, .domain = {-1, 1, true}},

    [F_SINH] = {{"sinh", "sh"}, 1, 1, .inverse = F_ASINH, .parity = PARITY_ODD,
        .domain = EVERYWHERE, .over = PART_SINE, .derivative = "\\cosh(x)",
        .image = image_hyperbolic, .interval = interval_hyperbolic, .ball = ball_sinh},
    [F_COSH] = {{"cosh", "ch"}, 1, 1, .inverse = F_ACOSH, .parity = PARITY_EVEN,
        .domain = EVERYWHERE, .over = PART_COSINE, .derivative = "\\sinh(x)",
        .image = image_hyperbolic, .interval = interval_hyperbolic, .ball = ball_cosh},
    [F_TANH] = {{"tanh", "th"}, 1, 1, .inverse = F_ATANH, .parity = PARITY_ODD,
        .domain = EVERYWHERE, .over = PART_SINE, .under = PART_COSINE,
        .derivative = "(\\sech(x))^2",
        .image = image_hyperbolic, .interval = interval_hyperbolic, .ball = ball_tanh},
    [F_COTH] = {{"coth", "cth"}, 1, 1, .inverse = F_ACOTH, .parity = PARITY_ODD,
        .domain = EVERYWHERE, .over = PART_COSINE, .under = PART_SINE,
        .derivative = "-(\\csch(x))^2",
        .image = image_hyperbolic, .interval = interval_hyperbolic, .ball = ball_coth},
    [F_SECH] = {{"sech"}, 1, 1, .inverse = F_ASECH, .parity = PARITY_EVEN, .domain = EVERYWHERE,
        .over = PART_ONE, .under = PART_COSINE, .derivative = "-\\sech(x)\\tanh(x)",
        .image = image_hyperbolic, .interval = interval_hyperbolic, .ball = ball_sech},
    [F_CSCH] = {{"csch", "cosech"}, 1, 1, .inverse = F_ACSCH, .parity = PARITY_ODD,
        .domain = EVERYWHERE, .over = PART_ONE, .under = PART_SINE,
        .derivative = "-\\csch(x)\\coth(x)",
        .image = image_hyperbolic, .interval = interval_hyperbolic, .ball = ball_csch},

    [F_ASINH] = {{"arsinh", "arcsinh", "asinh", "argsinh"}, 1, 1, .inverse = F_SINH,
        .parity = PARITY_ODD, .domain = EVERYWHERE, .derivative = "\\frac{1}{\\sqrt{1+x^2}}",
        .interval = interval_asinh, .ball = ball_asinh},
    [F_ACOSH] = {{"arcosh", "arccosh", "acosh", "argcosh"}, 1, 1, .inverse = F_COSH,
        .domain = {1, INFINITY, false}, .derivative = "\\frac{1}{\\sqrt{x-1}\\sqrt{x+1}}",
        .interval = interval_acosh, .ball = ball_acosh},
    [F_ATANH] = {{"artanh", "arctanh", "atanh", "argtanh"}, 1, 1, .inverse = F_TANH,
        .parity = PARITY_ODD, .domain = {-1, 1, false}, .derivative = "\\frac{1}{1-x^2}",
        .interval = interval_atanh, .ball = ball_atanh},
    [F_ACOTH] = {{"arcoth", "arccoth", "acoth", "argcoth", "arcctanh"}, 1, 1, .inverse = F_COTH,
        .parity = PARITY_ODD, .of_inverse = F_ATANH, .domain = {-1, 1, true}},
    [F_ASECH] = {{"arsech", "arcsech", "asech"}, 1, 1, .inverse = F_SECH, .of_inverse = F_ACOSH,
        .domain = {0, 1, false}},
    [F_ACSCH] = {{"arcsch", "arccsch", "acsch", "arcosech"}, 1, 1, .inverse = F_CSCH,
        .parity = PARITY_ODD, .of_inverse = F_ASINH, .domain = EVERYWHERE},

    [F_EXP] = {{"exp"}, 1, 1, .domain = EVERYWHERE, .derivative = "\\exp(x)",
        .image = image_exp, .interval = interval_exp, .ball = ball_exp, .exact = exact_exp},
    [F_LN] = {{"ln"}, 1, 1, .domain = {0, INFINITY, false}, .derivative = "\\frac{1}{x}",
        .image = image_natural_log, .interval = interval_ln, .ball = ball_ln, .exact = exact_ln},
    [F_LOG] = {{"log"}, 1, 1, .domain = {0, INFINITY, false},
        .image = image_plain_log, .ball = ball_log, .exact = exact_log},
    [F_LOGB] = {{NULL}, 2, 2, .domain = {0, INFINITY, false}, .derivative = "\\frac{1}{x\\ln(y)}",
        .image = image_based_log, .interval = interval_log_base, .ball = ball_log_base,
        .exact = exact_log_base},
    [F_ERF] = {{"erf"}, 1, 1, .parity = PARITY_ODD, .domain = EVERYWHERE,
        .derivative = "\\frac{2}{\\sqrt{\\pi}}\\exp(-x^2)",
        .interval = interval_erf, .ball = ball_erf},

    [F_ABS] = {{"abs", "Abs"}, 1, 1, .parity = PARITY_EVEN, .domain = EVERYWHERE, .measures = true,
        .derivative = "\\frac{x}{\\abs(x)}",
        .image = image_absolute, .interval = interval_abs, .ball = ball_abs, .exact = exact_abs},
    [F_SGN] = {{"sgn", "sign"}, 1, 1, .parity = PARITY_ODD, .domain = EVERYWHERE,
        .ball = ball_sgn},
    [F_FLOOR] = {{"floor"}, 1, 1, .domain = EVERYWHERE,
        .image = image_floor_or_ceil, .interval = interval_floor, .ball = ball_floor},
    [F_CEIL] = {{"ceil", "ceiling"}, 1, 1, .domain = EVERYWHERE,
        .image = image_floor_or_ceil, .interval = interval_ceil, .ball = ball_ceil},
    [F_RE] = {{"Re"}, 1, 1, .parity = PARITY_ODD, .domain = EVERYWHERE, .measures = true,
        .ball = ball_re},
    [F_IM] = {{"Im"}, 1, 1, .parity = PARITY_ODD, .domain = EVERYWHERE, .measures = true,
        .ball = ball_im},
    [F_CONJ] = {{"conj"}, 1, 1, .parity = PARITY_ODD, .domain = EVERYWHERE,
        .ball = ball_conj},
    [F_ARG] = {{"arg", "Arg"}, 1, 1, .domain = EVERYWHERE, .measures = true,
        .ball = ball_arg},

    [F_FACT] = {{"factorial"}, 1, 1, .domain = {0, INFINITY, false},
        .image = image_factorial, .interval = interval_factorial, .ball = ball_factorial},
    [F_FACT2] = {{NULL}, 1, 1, .domain = {0, INFINITY, false},
        .image = image_factorial},
    [F_GAMMA] = {{"Gamma"}, 1, 1, .domain = EVERYWHERE,
        .ball = ball_gamma},
    [F_ZETA] = {{"zeta"}, 1, 1, .domain = EVERYWHERE,
        .ball = ball_zeta},
    [F_BINOM] = {{NULL}, 2, 2, .domain = EVERYWHERE,
        .image = image_binomial, .interval = interval_binomial, .ball = ball_binomial},
    [F_PERM] = {{NULL}, 2, 2, .domain = EVERYWHERE,
        .image = image_permutations},
    [F_GCD] = {{"gcd", "GCD", "hcf"}, 1, MANY, .domain = EVERYWHERE,
        .image = image_fold_many},
    [F_LCM] = {{"lcm", "LCM"}, 1, MANY, .domain = EVERYWHERE,
        .image = image_fold_many},
    [F_MIN] = {{"min", "Min"}, 1, MANY, .domain = EVERYWHERE, .measures = true,
        .image = image_fold_many, .interval = interval_min, .ball = ball_min},
    [F_MAX] = {{"max", "Max"}, 1, MANY, .domain = EVERYWHERE, .measures = true,
        .image = image_fold_many, .interval = interval_max, .ball = ball_max},
    [F_MOD] = {{"Mod"}, 1, 2, .domain = EVERYWHERE,
        .image = image_modulo, .ball = ball_modulo},
    [F_PMOD] = {{NULL}, 2, 2,
        .image = image_residue_class},
    [F_DET] = {{"det"}, 1, 1, .measures = true},
    [F_CIS] = {{"cis"}, 1, 1},
};
/* clang-format on */
